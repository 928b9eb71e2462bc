"""Counts samples, steps and seconds of a run, and says what is due: a preview, a state, the end."""

import time
from typing import Any, NamedTuple

from mutoscope.errors import NonFiniteError
from mutoscope.train.learner import StepResult
from mutoscope.train.ranks import Ranks
from mutoscope.train.settings import Settings
from mutoscope.train.stopping import Stopping

FIRST_SAVE = 10.0  # seconds of training until the first state; then after twice the time, until it is `save_every`
STATE_FORMAT = 2  # of a state's counters; 1 had one average and no count of skipped steps, and loads


class Orders(NamedTuple):
    """What all ranks do next."""

    fraction: float  # of the run that is done
    finished: bool
    stop: bool  # a signal came, to whichever rank
    preview: bool
    save: bool


class Clock:
    """Counts samples and seconds and knows how far the run is."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.samples = self.steps = self.skipped = 0
        self._skipped_in_a_row = 0
        self._earlier_seconds = 0.0  # of earlier calls
        self._start = self._line_start = time.monotonic()
        self._first_sample = 0  # samples at the start of this call
        self.line_steps = 0  # steps since the last line of the log
        self._losses: list[float] = []
        self._numbers: dict[str, list[float]] = {}
        self._last = {"preview": self._start, "save": self._start}

    def restore(self, counters: dict[str, Any]) -> None:
        """Go on from the counters of a state; KeyError when one is missing."""
        self.samples, self.steps = counters["samples"], counters["steps"]
        self._earlier_seconds, self._first_sample = counters["seconds"], counters["samples"]
        self.skipped = counters.get("skipped", 0)
        line = counters.get("line") or {"steps": 0, "seconds": 0.0, "losses": [], "numbers": {}}
        self.line_steps, self._losses, self._numbers = line["steps"], list(line["losses"]), dict(line["numbers"])
        self._line_start = time.monotonic() - line["seconds"]

    def counters(self) -> dict[str, Any]:
        """Return what `restore` reads; with the line that is begun, so that a kill changes no line of the log."""
        counted = {"samples": self.samples, "steps": self.steps, "skipped": self.skipped, "format": STATE_FORMAT}
        line = {"steps": self.line_steps, "seconds": time.monotonic() - self._line_start,
                "losses": self._losses, "numbers": self._numbers}  # fmt: skip
        return {**counted, "seconds": self.seconds(), "line": line}

    def orders(self, ranks: Ranks, stopping: Stopping) -> Orders:
        """Return what the first rank's clock says, and whether any rank was asked to stop."""
        values = [0.0] * 4
        if ranks.is_first:
            values = [self.fraction(), self._is_finished(), self._is_due("preview"), self._is_due("save")]
        fraction, finished, preview, save, stop = ranks.most(*map(float, values), float(stopping.asked))
        return Orders(fraction, bool(finished), bool(stop), bool(preview), bool(save))

    def count(self, step: StepResult) -> None:
        """Count a step; NonFiniteError when too many in a row were skipped."""
        self.samples += self.settings.batch
        self.steps += 1
        self.line_steps += 1
        if step.skipped:
            self._count_skipped(step.loss)
            return
        self._skipped_in_a_row = 0
        self._losses.append(step.loss)
        for key, value in step.numbers.items():
            self._numbers.setdefault(key, []).append(value)

    def fraction(self) -> float:
        """Return the share of the run that is done: by samples when their number is set, else by its seconds."""
        if self.settings.samples:
            return min(1.0, self.samples / self.settings.samples)
        return min(1.0, self.seconds() / self.settings.budget)

    def seconds_left(self) -> float | None:
        """Return the seconds until the run ends, as far as they can be told."""
        limits = []
        if self.settings.budget:
            limits.append(self.settings.budget - self.seconds())
        if self.settings.samples and self.samples > self._first_sample:
            seconds_per_sample = self._seconds() / (self.samples - self._first_sample)
            limits.append(seconds_per_sample * (self.settings.samples - self.samples))
        return max(0.0, min(limits)) if limits else None

    def take_line(self, norm: float, factor: float) -> dict[str, Any]:
        """Return the line of the log for the steps since the last one, and begin the next."""
        now = time.monotonic()
        counted = max(1, len(self._losses))
        line = {
            "samples": self.samples,
            "seconds": round(self.seconds(), 1),
            "loss": round(sum(self._losses) / counted, 5),
            "samples_per_second": round(self.line_steps * self.settings.batch / max(1e-9, now - self._line_start), 2),
            "norm": round(norm, 4),
            "rate_factor": round(factor, 4),
            **({"skipped": self.skipped} if self.skipped else {}),
            **{key: round(sum(values) / len(values), 5) for key, values in self._numbers.items()},
        }
        self._line_start, self.line_steps, self._losses, self._numbers = now, 0, [], {}
        return line

    def begins(self) -> str:
        """Return in words where this call begins."""
        if self._is_finished():
            longer = "--budget" if self.settings.budget and self.seconds() >= self.settings.budget else "--set samples"
            return (
                f"finished after {self.samples} samples and {self.seconds():.0f} s; to train on, give a larger {longer}"
            )
        if self.samples:
            return f"goes on after {self.samples} samples and {self.seconds():.0f} s"
        return "begins"

    def message(self, line: dict[str, Any]) -> str:
        """Return a line of the log in words."""
        left = self.seconds_left()
        ends = f", {left:.0f} s left" if left is not None else ""
        return f"{line['samples']} samples, {line['samples_per_second']:.1f}/s, loss {line['loss']:.4f}{ends}"

    def _count_skipped(self, loss: float) -> None:
        self.skipped += 1
        self._skipped_in_a_row += 1
        if self._skipped_in_a_row >= self.settings.skip_limit:
            raise NonFiniteError(
                f"loss or gradient of {self._skipped_in_a_row} steps in a row were not finite, the last one's loss {loss}, "
                f"after {self.samples} samples; the last state is kept: lower the rate and run again"
            )

    def _is_finished(self) -> bool:
        over = self.settings.budget and self.seconds() >= self.settings.budget
        return bool(over) or bool(self.settings.samples and self.samples >= self.settings.samples)

    def _is_due(self, what: str) -> bool:
        now = time.monotonic()
        if not self.line_steps or now - self._last[what] < self._pause(what):
            return False
        self._last[what] = now
        return True

    def _pause(self, what: str) -> float:
        """Return the seconds from one preview or state to the next; states of a young run follow closer, so a kill costs no more
        than half of what was done."""
        longest = getattr(self.settings, f"{what}_every")
        if what == "preview":
            return longest
        trained = self._earlier_seconds + self._last[what] - self._start
        return min(longest, max(FIRST_SAVE, trained))

    def seconds(self) -> float:
        """Return the seconds that the run has trained, all calls together."""
        return self._earlier_seconds + self._seconds()

    def _seconds(self) -> float:
        """Return the seconds of this call."""
        return time.monotonic() - self._start
