"""Everything a run leaves on disk while it trains: log, states, snapshots of the averages, previews."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mutoscope.errors import NonFiniteError, StorageFullError
from mutoscope.train import ema
from mutoscope.train.clock import Clock, Orders
from mutoscope.train.compiling import eager
from mutoscope.train.learner import Learner, StepResult, put_weights
from mutoscope.train.optim import all_finite
from mutoscope.train.ranks import whole
from mutoscope.train.state import save_state
from mutoscope.train.tracking import Log

Show = Callable[[int, np.ndarray | None], object]  # (samples, a preview or None)
LogLine = dict[str, Any]


class RunWriter:
    """Writes a stage's folder. All ranks call every method, for sharded tensors are gathered; the first one writes."""

    def __init__(self, run: Path, learner: Learner, clock: Clock, show: Show):
        self.run, self.learner, self.clock, self.show = run, learner, clock, show
        self.settings, self.is_first = learner.settings, learner.ranks.is_first
        self._log: Log | None = None
        self._last_line: LogLine = {}

    def __enter__(self) -> "RunWriter":
        """Make the folder, check that the disk has room, and drop what lies after the state the run goes on from."""
        if self.is_first:
            self.run.mkdir(parents=True, exist_ok=True)
            self._check_disk()
            ema.forget_after(self.run, self.clock.samples)
            self._log = Log(self.run)
            self._log.rewind(self.clock.samples)
        return self

    def __exit__(self, *error: object) -> None:
        if self._log is not None:
            self._log.close()

    def record(self, step: StepResult, before: Orders, now: Orders) -> LogLine | None:
        """Write what is due after a step; return the line of the log where one was.

        The state comes last, so that who stops at the line loses nothing; a line without its state is made again.
        """
        due = self.clock.steps % self.settings.log_every == 0
        line = self.log(step.norm, step.rate_factor) if due else None
        snapshots = self.settings.snapshots
        if int(now.fraction * snapshots) > int(before.fraction * snapshots):
            self.save_snapshots()
        if now.preview:
            self.preview()
        if now.save:
            self.save()
        return line

    def finish(self) -> LogLine:
        """Write the last line, preview and state, and give the objective the averaged model; return the line."""
        line = self.log(0.0, 0.0)
        self.preview()
        self.save()
        weights = self.learner.main_average()
        if self.is_first:
            put_weights(self.learner.spread.plain, weights)
            self.learner.objective.model = self.learner.spread.plain
        return line

    def log(self, norm: float, factor: float) -> LogLine:
        """Write and return a line of the log; the last one again when no step was taken since."""
        if not self.clock.line_steps and self._log is not None:
            self._last_line = self._last_line or self._log.last()
        if self._last_line and self._last_line["samples"] == self.clock.samples:
            return self._last_line
        self._last_line = self.clock.take_line(norm, factor)
        if self._log is not None:
            self._log.add(self._last_line)
        return self._last_line

    def save(self) -> None:
        """Save a state; NonFiniteError, with the last one kept, when a weight or an optimiser's number is not finite."""
        tensors = self.learner.tensors()
        if not all_finite(tensors.values()):
            raise NonFiniteError(
                f"a weight or the optimiser is not finite after {self.clock.samples} samples; the last state is kept: "
                "lower the rate and run again"
            )
        if self.is_first:
            save_state(self.run, self.clock.samples, tensors, self.clock.counters(), self.settings.max_shard)
        self.learner.ranks.wait()

    def save_snapshots(self) -> None:
        """Keep the averages for `mutoscope train ema`."""
        for exponent, average in self.learner.averages.items():
            tensors = {name: whole(value).half() for name, value in average.weights.items()}
            if self.is_first and all_finite(tensors.values()):
                ema.save_snapshot(self.run, tensors, self.clock.samples, self.clock.steps, exponent)

    def preview(self) -> None:
        """Show a preview drawn with the averaged weights."""
        weights = self.learner.main_average()
        if self.is_first:
            with eager(), self.learner.averaged(weights) as model, torch.no_grad():
                picture = self.learner.objective.preview(model)
            self.show(self.clock.samples, picture)

    def _check_disk(self) -> None:
        """Refuse a run whose states and snapshots have no room; StorageFullError."""
        state = self.learner.state_bytes()
        old_states = sum(1 for _ in self.run.glob("state-*"))
        snapshots = self.settings.snapshots * (1.0 - self.clock.fraction())
        snapshot_bytes = 2 * self.learner.trained_numbers() * len(self.learner.averages)
        needed = (2 - min(1, old_states)) * state + snapshots * snapshot_bytes
        free = shutil.disk_usage(self.run).free
        if free < needed:
            raise StorageFullError(
                f"{self.run}: the disk has {free / 1e6:,.0f} MB free and this stage needs {needed / 1e6:,.0f} MB (two states "
                f"of {state / 1e6:,.0f} MB and {snapshots:.0f} snapshots); make room, or set snapshots=0"
            )
