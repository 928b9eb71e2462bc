"""What a run of `train auto` has done, and how long it took against what was planned: RUN/auto/done.json.

{"done": ["collect", ...], "seconds": {"collect": 2.1, ...}}    seconds of all calls together, a killed one's too
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path

from mutoscope.events import Event
from mutoscope.media.storage import write_bytes
from mutoscope.train.autoplan import AutoPlan, format_seconds

NOTE_SECONDS = 5.0  # between two notes of a step that is at work: what a kill can hide
LATE, LEAST_LATE = 1.25, 30.0  # times the planned seconds, and seconds more, from which on it is said


class AutoLog:
    """The steps of a run, as they are done."""

    def __init__(self, run: Path, plan: AutoPlan):
        self.path, self.plan = run / "auto" / "done.json", plan
        self.done: list[str] = []
        self.seconds: dict[str, float] = {}
        self._read()

    def follow(self, step: str, events: Iterator[Event]) -> Iterator[Event]:
        """Pass the events of a step on, and note its seconds; when they end the step is done."""
        earlier, start, noted = self.seconds.get(step, 0.0), time.monotonic(), 0.0
        for event in events:
            spent = time.monotonic() - start
            self.seconds[step] = round(earlier + spent, 1)
            if spent - noted >= NOTE_SECONDS:
                noted = spent
                self._write()
            yield event
        self.seconds[step] = round(earlier + time.monotonic() - start, 1)
        self.done.append(step)
        self._write()

    def tell(self, step: str) -> str:
        """Return how the run stands against its plan at the end of a step; "" of one that no time was planned for."""
        if step not in self.plan.seconds:
            return ""
        spent = sum(self.seconds.values())
        planned = sum(seconds for name, seconds in self.plan.seconds.items() if name in self.done)
        left = sum(self.plan.seconds.values()) - planned
        said = f"{format_seconds(spent)} {'so far' if left > 0 else 'in all'}, planned were {format_seconds(planned)}"
        if left > 0 and spent > max(LATE * planned, planned + LEAST_LATE):
            said += f"; slower than when it was planned: about {format_seconds(left * spent / planned)} to go"
        return said

    def _read(self) -> None:
        try:
            held = json.loads(self.path.read_text("utf-8"))
            self.done = [str(name) for name in held["done"]]
            self.seconds = {str(name): float(value) for name, value in held["seconds"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self.done, self.seconds = [], {}

    def _write(self) -> None:
        write_bytes(self.path, json.dumps({"done": self.done, "seconds": self.seconds}, indent=1).encode())
