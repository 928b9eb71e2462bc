"""Fetches models for the page, one at a time, each by a process of its own, and says how far it is.

Nothing is kept of it but the files in the cache. After a restart a half download is found there, and the same click fetches the rest.
"""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from mutoscope.serve.jobs import Note, Refusal
from mutoscope.serve.seat import STDERR

ASK_SECONDS = 20.0  # until the hub must have said what there is to fetch
ASKING, LOADING, STOPPING = "asking", "downloading", "stopping"


@dataclass
class Progress:
    """How far a download is."""

    model: str
    state: str = ASKING
    bytes: int = 0
    total: int = 0
    seconds_left: float | None = None


class Downloads:
    """The download of a server, and what became of those before."""

    def __init__(self, tell: Callable[[Note], None]):
        self._tell = tell
        self._lock = threading.Lock()
        self._now: Progress | None = None
        self._pipe: Connection | None = None
        self._thread: threading.Thread | None = None
        self.errors: dict[str, str] = {}  # by model: why the last try failed
        self.sizes: dict[str, int] = {}  # by model: bytes, as the hub said

    @property
    def now(self) -> Progress | None:
        """The download that runs."""
        return self._now

    def start(self, model: str, *, only_ask: bool = False) -> None:
        """Fetch a model, or only ask how large it is; a second call for it changes nothing. Refusal 409 while another one comes."""
        with self._lock:
            now = self._now
            if now is not None and now.model == model and now.state != STOPPING:
                return
            if now is not None:
                words = f"{now.model} is being fetched" if now.state != STOPPING else f"{now.model} is being stopped"
                raise Refusal(409, "one_at_a_time", f"{words}; one model is fetched at a time, try again afterwards")
            self.errors.pop(model, None)
            now = self._now = Progress(model)
            process, self._pipe = start_process(model, only_ask)
            self._thread = threading.Thread(
                target=self._follow, args=(now, process, self._pipe), name="download", daemon=True
            )
            self._thread.start()
        self._say(now)

    def cancel(self, model: str) -> None:
        """Stop the download of a model; what is whole of it stays. Refusal 409 where it is not being fetched."""
        with self._lock:
            now = self._now
            if now is None or now.model != model:
                raise Refusal(409, "not_running", f"{model[:80]} is not being fetched")
            now.state = STOPPING
            self._hang_up()
        self._say(now)

    def stop(self) -> None:
        """Let the download end with the server: its process stops by itself when nobody listens."""
        with self._lock:
            if self._now is not None:
                self._now.state = STOPPING
                self._hang_up()

    def _hang_up(self) -> None:
        try:
            if self._pipe is not None:
                self._pipe.send(("stop",))
        except OSError:  # it has ended
            pass

    def _follow(self, now: Progress, process: subprocess.Popen[bytes], pipe: Connection) -> None:
        """Take what the process says until it ends."""
        words = self._listen(now, pipe)
        if now.state == ASKING:  # nothing has been written; the rest of a question may hang for long
            process.kill()
        process.wait()
        with self._lock:
            pipe.close()
            self._now = self._pipe = None
            if words and now.state != STOPPING:
                self.errors[now.model] = words
        self._say(Progress(now.model, "failed" if now.model in self.errors else "ended"))

    def _listen(self, now: Progress, pipe: Connection) -> str:
        """Return why it failed, "" where it did not."""
        deadline = time.monotonic() + ASK_SECONDS
        try:
            while now.state != ASKING or time.monotonic() < deadline:
                if not pipe.poll(0.5):
                    continue
                name, *rest = pipe.recv()
                if name in ("done", "failed"):
                    return rest[0] if rest else ""
                self._take(now, name, rest)
            return f"the hub did not answer within {ASK_SECONDS:.0f} seconds; look at the server's connection, then try again"
        except (EOFError, OSError):
            return "the process that fetched it was ended; try again, what is whole stays"

    def _take(self, now: Progress, name: str, rest: list[Any]) -> None:
        if name == "plan":
            self.sizes[now.model] = rest[0]["bytes"]
            now.bytes, now.total = rest[0]["bytes"] - rest[0]["to_fetch"], rest[0]["bytes"]
        else:
            now.bytes, now.total, now.seconds_left = rest
        with self._lock:
            if now.state == ASKING:
                now.state = LOADING
        self._say(now)

    def _say(self, now: Progress) -> None:
        self._tell(Note("download", now.model, show_progress(now)))


def show_progress(now: Progress) -> dict[str, Any]:
    """Return a download as JSON."""
    left = now.seconds_left
    return {
        "state": now.state,
        "bytes": now.bytes,
        "total": now.total,
        "seconds_left": None if left is None else round(left, 1),
    }


def start_process(model: str, only_ask: bool) -> tuple[subprocess.Popen[bytes], Connection]:
    """Return a process that fetches a model, and the pipe to it."""
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-P", "-m", "mutoscope.serve.fetcher", str(theirs.fileno())]
    with theirs:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=STDERR, pass_fds=(theirs.fileno(),))
    pipe = Connection(ours.detach())
    pipe.send((model, only_ask))
    return process, pipe
