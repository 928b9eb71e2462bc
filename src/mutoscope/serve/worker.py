"""The process that draws: it holds the models, reads jobs from a pipe, and says what happens.

To it      ("draw", ticket, work)    ("cancel", ticket)
From it    ("ready",)   ("progress", ticket, facts)   ("preview", ticket, place, jpeg, seconds that it plays)
           ("result", ticket, place, data, seconds, warnings)   ("end", ticket, error, code)

It ends with its parent, however that ended: at the end of the pipe, and by the kernel's signal. Signals of the terminal are the
parent's to answer.
"""

import contextlib
import ctypes
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from mutoscope.engines import Engine, EngineSettings, open_engine
from mutoscope.errors import MutoscopeError
from mutoscope.events import Event
from mutoscope.media import encode_clip, encode_picture
from mutoscope.models import provenance_of
from mutoscope.prompt.request import Request
from mutoscope.serve.previews import Loop, encode_preview

NICENESS = 5  # the server answers while this draws
PROGRESS_SECONDS, PREVIEW_SECONDS = 0.05, 0.2  # at least, between two of them
LOOP_SECONDS = 1.0  # between two previews of a clip that move, which hold all of its frames
_PDEATHSIG = 1  # of prctl(2)


@dataclass(frozen=True)
class Work:
    """What a worker needs of a job."""

    model: str  # as it is opened
    format: str
    requests: tuple[tuple[int, str], ...]  # places with their requests as JSON; those that are not finished
    image: Path | None
    previews: bool
    quality: int | None = None  # of JPEG and WebP


class Gone(Exception):
    """The job was cancelled."""


class Worker:
    """One drawing process from the inside."""

    def __init__(self, pipe: Connection, settings: EngineSettings):
        self._pipe, self._settings = pipe, settings
        self._engines: dict[str, Engine] = {}
        self._orders: queue.SimpleQueue[tuple[int, Work]] = queue.SimpleQueue()
        self._cancelled = 0  # the newest ticket of which nothing more is wanted
        self._last = {"progress": 0.0, "preview": 0.0, "loop": 0.0}
        self._loop = Loop(1)  # of the clip that is drawn

    def run(self) -> None:
        """Draw until the parent is gone."""
        threading.Thread(target=self._listen, daemon=True).start()
        self._pipe.send(("ready",))
        while True:
            ticket, work = self._orders.get()
            error, code = self._draw(ticket, work)
            self._pipe.send(("end", ticket, error, code))

    def _listen(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                name, ticket, *rest = self._pipe.recv()
                if name == "draw":
                    self._orders.put((ticket, rest[0]))
                else:
                    self._cancelled = max(self._cancelled, ticket)  # a late word about an older one changes nothing
        os._exit(0)  # the parent is gone; nobody wants what is being drawn

    def _draw(self, ticket: int, work: Work) -> tuple[str, str]:
        """Draw what a job asks for; returns what went wrong, and a word for it."""
        try:
            self._draw_all(ticket, work)
            return "", ""
        except Gone:
            return "cancelled", "cancelled"
        except MutoscopeError as error:
            return str(error), type(error).__name__
        except MemoryError:
            return "not enough memory; ask for a smaller size, less frames or fewer pictures at once", "out_of_memory"
        except Exception as error:  # a plugin's or a library's; its words may hold paths, so they stay here
            print(f"mutoscope: a job failed: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            return f"this is a mistake in Mutoscope or in the model's engine ({type(error).__name__})", "internal"

    def _draw_all(self, ticket: int, work: Work) -> None:
        from mutoscope.serve.files import read_input

        engine = self._open(work.model)
        image = None if work.image is None else read_input(work.image)
        for place, text in work.requests:
            start = time.perf_counter()
            request = Request.from_json(text)
            self._loop = Loop(request.fps)
            events = engine.draw(request, image, work.previews)
            drawn = self._watch(ticket, place, events)
            data = encode(drawn.frames, request, work.format, work.quality)
            seconds = time.perf_counter() - start
            self._pipe.send(("result", ticket, place, data, seconds, drawn.warnings))

    def _watch(self, ticket: int, place: int, events: Iterator[Event]) -> Any:
        """Run events to their end and return what was drawn; Gone within a step after the job was cancelled."""
        result = None
        try:
            for event in events:
                if self._cancelled >= ticket:
                    raise Gone
                if event.phase == "done":
                    result = event.result
                else:
                    self._tell(ticket, place, event)
        finally:
            close = getattr(events, "close", None)
            if close:
                close()
        return result

    def _tell(self, ticket: int, place: int, event: Event) -> None:
        if event.frames is not None:
            self._loop.add(event.frames)
            if self._loop.moves and self._is_time("loop", LOOP_SECONDS):
                self._pipe.send(("preview", ticket, place, self._loop.encode(), self._loop.seconds))
        elif event.preview is not None and not self._loop.moves and self._is_time("preview", PREVIEW_SECONDS):
            self._pipe.send(("preview", ticket, place, encode_preview(event.preview), 0.0))
        if event.step == 0 or event.step == event.total or self._is_time("progress", PROGRESS_SECONDS):
            facts = {"place": place, "phase": event.phase, "step": event.step, "total": event.total}
            left = event.seconds_left
            self._pipe.send(("progress", ticket, facts | {"seconds_left": None if left is None else round(left, 2)}))

    def _is_time(self, what: str, seconds: float) -> bool:
        now = time.monotonic()
        due = now - self._last[what] >= seconds
        if due:
            self._last[what] = now
        return due

    def _open(self, model: str) -> Engine:
        if model not in self._engines:
            self._engines[model] = open_engine(model, self._settings)
        return self._engines[model]


def encode(frames: Any, request: Request, format: str, quality: int | None = None) -> bytes:
    """Return the bytes of the file of a picture or clip, its request and the mark inside."""
    ending, provenance = f".{format}", provenance_of(request)
    if request.is_clip:
        return encode_clip(frames, request.fps, ending, provenance)
    chosen = {} if quality is None else {"quality": max(1, quality)}  # Pillow takes 0 for "as usual"
    return encode_picture(frames[0], ending, provenance, **chosen)


def die_with_parent(parent: int) -> None:
    """Let the kernel end this process when its parent ends; only Linux can."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def main() -> None:
    """Be a worker: the words are the descriptor of the pipe and the parent's process id; settings come first through the pipe."""
    pipe, parent = Connection(int(sys.argv[1])), int(sys.argv[2])
    die_with_parent(parent)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    Worker(pipe, pipe.recv()).run()


if __name__ == "__main__":
    main()
