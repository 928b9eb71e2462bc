"""One stream of events for every long job: the callback, the bars, a page and a server all read this.

A job is a generator of `Event`s; cancelling means no longer asking for the next one (`generator.close()`).
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    """One step of a long job."""

    phase: str  # "load", "text", "draw", "refine", "decode", "write", "render", "train", "done"
    step: int  # steps finished in this phase
    total: int  # steps of this phase; 0 when unknown
    seconds_left: float | None = None  # estimate for this phase
    preview: Any = None  # uint8 (H, W, 3) array, or None
    result: Any = None  # Picture, list of pictures or Clip; only on phase "done"
    message: str = ""
    frames: Any = None  # uint8 (T, H, W, 3) array: frames of a clip that are finished since the last event, or None

    @property
    def fraction(self) -> float:
        """Share of the phase that is done, in [0, 1]."""
        return min(1.0, self.step / self.total) if self.total else 0.0


class Phase:
    """Counts one phase and estimates what is left of it.

    >>> phase = Phase("draw", 4)
    >>> phase.advance().step
    1
    """

    def __init__(self, name: str, total: int):
        self.name, self.total, self.step = name, total, 0
        self._start = time.perf_counter()

    def start(self) -> Event:
        """Return the event that opens the phase."""
        return Event(self.name, 0, self.total)

    def advance(self, by: int = 1, preview: Any = None, message: str = "") -> Event:
        """Count `by` finished steps and return the event that says so."""
        self.step += by
        spent = time.perf_counter() - self._start
        left = spent / self.step * (self.total - self.step) if self.total else None
        return Event(self.name, self.step, self.total, left, preview, message=message)


def drain(events: Iterator[Event]) -> Any:
    """Run a job to its end and return the result carried by its last event."""
    result = None
    for event in events:
        if event.phase == "done":
            result = event.result
    return result
