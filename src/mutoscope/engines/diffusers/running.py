"""A pipeline as a stream of events: it runs in a thread of its own, and every step waits until the last event was taken.

    text      encode_prompt             wrapped, for it can take minutes on a CPU
    draw      progress_bar, a step of the scheduler     every pipeline has them, also those without callbacks
    decode    vae.decode                wrapped

Closing the generator stops the pipeline within one step, and it can be used again afterwards.
"""

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from functools import partial, wraps
from typing import Any

from mutoscope.events import Event, Phase

STOPPED_WAIT_SECONDS = 600  # for the step that runs when a drawing is stopped
_End = object()


class Stopped(BaseException):
    """Unwinds the pipeline; no `except Exception` of a library catches it."""


class Watcher:
    """Sees a pipeline from inside of its thread, and hands events over."""

    def __init__(self, look: Callable[[Any, Any, Any], Any] | None = None):
        self._events: queue.Queue[Any] = queue.Queue(1)
        self._stop = threading.Event()
        self._look = look  # (scheduler, arguments, outcome) of a step -> preview or None
        self._preview: Any = None
        self._phase: Phase | None = None
        self.latents: Any = None  # of the last step

    def put(self, item: Any) -> None:
        """Hand an item over, waiting until the one before was taken; raises Stopped when nobody asks any more."""
        while not self._stop.is_set():
            try:
                self._events.put(item, timeout=0.2)
                return
            except queue.Full:
                continue
        raise Stopped

    def events(self) -> Iterator[Any]:
        """Yield the items until the pipeline has ended."""
        while True:
            item = self._events.get()
            if item is _End:
                return
            yield item

    def end(self) -> None:
        """Say that nothing more comes."""
        while not self._stop.is_set():
            try:
                self._events.put(_End, timeout=0.2)
                return
            except queue.Full:
                continue

    def stop(self) -> None:
        """Stop the pipeline at its next step."""
        self._stop.set()
        with suppress(queue.Empty):
            self._events.get_nowait()

    # Called by the pipeline.

    def open_bar(self, total: int) -> None:
        """Begin the steps."""
        self._phase = Phase("draw", total)
        self.put(self._phase.start())

    def count_step(self, by: int = 1) -> None:
        """Count a step, with the preview that its outcome gave."""
        preview, self._preview = self._preview, None
        if self._phase is not None:
            self.put(self._phase.advance(by, preview=preview))

    def see_step(self, scheduler: Any, arguments: Any, outcome: Any) -> None:
        """Look at the outcome of one step of the scheduler."""
        if self._stop.is_set():
            raise Stopped
        self.latents = outcome[0] if isinstance(outcome, tuple) else outcome.prev_sample
        if self._look is not None:
            self._preview = self._look(scheduler, arguments, outcome)


class Bar:
    """What a pipeline takes for its progress bar."""

    def __init__(self, watcher: Watcher, iterable: Any = None, total: int | None = None):
        self._watcher, self._iterable = watcher, iterable
        self._total = total if total is not None else len(iterable)

    def __enter__(self) -> "Bar":
        self._watcher.open_bar(self._total)
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __iter__(self) -> Iterator[Any]:
        self._watcher.open_bar(self._total)
        for item in self._iterable:
            yield item
            self._watcher.count_step()

    def update(self, by: int = 1) -> None:
        """Count steps."""
        self._watcher.count_step(by)

    def set_description(self, *_: Any, **__: Any) -> None:
        """Some pipelines name their stages; the events have no place for it."""

    set_postfix = set_postfix_str = set_description


def run(
    call: Callable[[Watcher], Any], look: Callable[[Any, Any, Any], Any] | None = None
) -> Generator[Event, None, Any]:
    """Run `call` in a thread, yield its events, and return what it returns; what it raises is raised here."""
    watcher = Watcher(look)
    outcome: list[Any] = []

    def work() -> None:
        try:
            outcome.append((True, call(watcher)))
        except Stopped:
            pass
        except BaseException as error:  # also KeyboardInterrupt: the thread that asked raises it
            outcome.append((False, error))
        finally:
            watcher.end()

    thread = threading.Thread(target=work, name="mutoscope-pipeline", daemon=True)
    thread.start()
    try:
        yield from watcher.events()
    finally:
        watcher.stop()
        thread.join(STOPPED_WAIT_SECONDS)
    done, value = outcome[0]
    if not done:
        raise value
    return value


Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]


@contextmanager
def watched(pipeline: Any, watcher: Watcher, wrap_decode: Wrap) -> Iterator[None]:
    """Let a watcher see a pipeline: its bar, its scheduler's steps, its texts and its decoder; all is put back after."""
    scheduler, vae = pipeline.scheduler, getattr(pipeline, "vae", None)
    wraps_of: list[tuple[Any, str, Wrap]] = [
        (pipeline, "progress_bar", lambda _: partial(Bar, watcher)),
        (scheduler, "step", lambda step: _seen(step, scheduler, watcher)),
        (pipeline, "encode_prompt", lambda encode: _timed(encode, "text", watcher)),
        (vae, "decode", lambda decode: _timed(wrap_decode(decode), "decode", watcher)),
    ]
    replaced: list[tuple[Any, str, Any]] = []
    try:
        for owner, name, wrap in wraps_of:
            if hasattr(owner, name):
                own = owner.__dict__.get(name)
                owner.__dict__[name] = wrap(getattr(owner, name))
                replaced.append((owner, name, own))
        yield
    finally:
        for owner, name, own in reversed(replaced):
            if own is None:
                owner.__dict__.pop(name, None)
            else:
                owner.__dict__[name] = own


def _seen(step: Callable[..., Any], scheduler: Any, watcher: Watcher) -> Callable[..., Any]:
    """Return a scheduler's step that shows its outcome to a watcher."""

    @wraps(step)  # pipelines look in the signature whether a scheduler takes a generator
    def stepped(*args: Any, **kwargs: Any) -> Any:
        outcome = step(*args, **kwargs)
        watcher.see_step(scheduler, (args, kwargs), outcome)
        return outcome

    return stepped


def _timed(call: Callable[..., Any], phase: str, watcher: Watcher) -> Callable[..., Any]:
    """Return a call that tells when it begins and ends."""

    @wraps(call)
    def called(*args: Any, **kwargs: Any) -> Any:
        with told(watcher, phase):
            return call(*args, **kwargs)

    return called


@contextmanager
def told(watcher: Watcher, name: str) -> Iterator[None]:
    """Tell of one thing that has no steps."""
    phase = Phase(name, 1)
    watcher.put(phase.start())
    start = time.perf_counter()
    yield
    watcher.put(phase.advance(message=f"{time.perf_counter() - start:.1f} s"))
