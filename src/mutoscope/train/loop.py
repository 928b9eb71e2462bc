"""The one training loop: an objective, a counter of samples, and events.

Everything random is a function of (seed, samples seen), so the same command goes on where it stopped, bit for bit on a CPU. A run
ends after `samples` samples or `budget` seconds. The loop knows neither pages nor evaluation; previews are a function passed in.
"""

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from mutoscope.errors import CheckpointError, NonFiniteError, SettingError
from mutoscope.events import Event
from mutoscope.rng import stream
from mutoscope.train.optim import PowerAverage, make_optimisers, rate_factor
from mutoscope.train.state import flatten_optimiser, load_state, restore_optimiser, save_state


@dataclass(frozen=True)
class Settings:
    """How a run is trained."""

    batch: int = 64  # samples a step
    rate: float = 1e-3  # full learning rate
    adam_share: float = 1.0  # AdamW's rate, in shares of `rate`
    seed: int = 0
    samples: int = 0  # stop after so many samples in all; 0 = the budget alone decides
    budget: float = 0.0  # seconds this call may take; 0 = the samples alone decide
    muon: bool = True  # Muon for block matrices
    decay: float = 0.25  # share of the run in which the rate falls to zero; 0 when another stage follows
    clip: float = 1.0  # largest norm of the gradient
    ema: float = 6.94  # exponent of the weight average
    save_every: float = 300.0  # seconds between states
    preview_every: float = 300.0  # seconds between preview sheets
    log_every: int = 20  # steps between lines of the log
    max_shard: int = 1 << 30  # bytes of one file of a state
    bfloat16: bool = True  # matrix products in bfloat16; weights stay float32

    def __post_init__(self):
        for name, low in (("batch", 1), ("samples", 0), ("budget", 0), ("log_every", 1), ("max_shard", 1), ("seed", 0),
                          ("save_every", 0), ("preview_every", 0), ("ema", 0), ("adam_share", 0)):  # fmt: skip
            if not low <= getattr(self, name) < math.inf:
                raise SettingError(f"setting {name} must be {low} or more, got {getattr(self, name)}")
        for name in ("rate", "clip"):
            if not 0 < getattr(self, name) < math.inf:
                raise SettingError(f"setting {name} must be above 0, got {getattr(self, name)}")


class Objective(Protocol):
    """What a stage trains."""

    model: nn.Module

    def loss(self, generator: torch.Generator, batch: int, fraction: float) -> tuple[Tensor, dict[str, float]]:
        """Draw a batch with `generator` and return the loss and numbers worth logging; `fraction` of the run is done."""
        ...

    def preview(self, model: nn.Module) -> Any:
        """Return a uint8 (H, W, 3) sheet made with `model`, or None."""
        ...


def train(objective: Objective, run: Path, settings: Settings, show: Callable[[int, Any], None]) -> Iterator[Event]:
    """Train until samples or budget are used up; yields events and ends with "done" carrying the log's last line.

    `show(samples, sheet)` receives preview sheets.
    """
    # --- what is trained
    run.mkdir(parents=True, exist_ok=True)
    model = objective.model
    optimisers = make_optimisers(model, settings.rate, settings.adam_share, settings.muon)
    average = PowerAverage(model, settings.ema)
    clock = _Clock(settings)

    # --- where it stopped
    state = load_state(run)
    if state is not None:
        _restore(run, state, clock, model, optimisers, average)

    # --- steps
    while not clock.finished():
        generator = torch.Generator().manual_seed(stream(settings.seed, "batch", clock.samples).integers(0, 2**31))
        factor = rate_factor(clock.fraction(), decay=settings.decay)
        for optimiser, share in zip(optimisers, (settings.adam_share, 1.0), strict=False):
            for group in optimiser.param_groups:
                group["lr"] = settings.rate * share * factor
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=settings.bfloat16):
            loss, numbers = objective.loss(generator, settings.batch, clock.fraction())
        if not bool(torch.isfinite(loss)):
            raise NonFiniteError(
                f"the loss is {loss.item()} after {clock.samples} samples; lower the rate and run again"
            )
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        clock.count(settings.batch, float(loss.detach()), numbers)
        average.update(model, clock.steps)

        # --- previews, states, log (last, so that who stops at an event loses nothing that was saved)
        if clock.due("preview", settings.preview_every):
            show(clock.samples, _with_average(objective, average))
        if clock.due("save", settings.save_every):
            save_state(run, clock.samples, _tensors(model, optimisers, average), clock.counters(), settings.max_shard)
        if clock.steps % settings.log_every == 0:
            line = clock.line(float(norm), factor)
            _append(run / "log.jsonl", line)
            yield Event("train", clock.samples, settings.samples, clock.left(), None, message=clock.message(line))

    # --- the last report runs through the same code
    line = clock.line(0.0, 0.0)
    _append(run / "log.jsonl", line)
    show(clock.samples, _with_average(objective, average))
    save_state(run, clock.samples, _tensors(model, optimisers, average), clock.counters(), settings.max_shard)
    average.copy_to(model)
    yield Event("done", clock.samples, clock.samples, 0.0, result=line, message=clock.message(line))


class _Clock:
    """Counts samples and seconds and knows how far the run is."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.samples = self.steps = 0
        self.seconds = 0.0  # of earlier calls
        self._start = self._tick = time.monotonic()
        self._first = 0  # samples at the start of this call
        self._losses: list[float] = []
        self._numbers: dict[str, list[float]] = {}
        self._last = {"preview": self._start, "save": self._start}

    def restore(self, counters: dict[str, Any]) -> None:
        self.samples, self.steps = counters["samples"], counters["steps"]
        self.seconds, self._first = counters["seconds"], counters["samples"]

    def counters(self) -> dict[str, Any]:
        return {"samples": self.samples, "steps": self.steps, "seconds": self.seconds + self._spent()}

    def count(self, batch: int, loss: float, numbers: dict[str, float]) -> None:
        self.samples += batch
        self.steps += 1
        self._losses.append(loss)
        for key, value in numbers.items():
            self._numbers.setdefault(key, []).append(value)

    def fraction(self) -> float:
        """Share of the run that is done: by samples when their number is set, else by this call's budget."""
        if self.settings.samples:
            return min(1.0, self.samples / self.settings.samples)
        return min(1.0, self._spent() / self.settings.budget)

    def finished(self) -> bool:
        over = self.settings.budget and self._spent() >= self.settings.budget
        return bool(over) or bool(self.settings.samples and self.samples >= self.settings.samples)

    def left(self) -> float | None:
        limits = []
        if self.settings.budget:
            limits.append(self.settings.budget - self._spent())
        if self.settings.samples and self.samples > self._first:
            limits.append(self._spent() / (self.samples - self._first) * (self.settings.samples - self.samples))
        return max(0.0, min(limits)) if limits else None

    def due(self, what: str, every: float) -> bool:
        now = time.monotonic()
        if now - self._last[what] < every:
            return False
        self._last[what] = now
        return True

    def line(self, norm: float, factor: float) -> dict[str, Any]:
        now = time.monotonic()
        steps = max(1, len(self._losses))
        line = {
            "samples": self.samples,
            "seconds": round(self.seconds + self._spent(), 1),
            "loss": round(sum(self._losses) / steps, 5),
            "samples_per_second": round(len(self._losses) * self.settings.batch / max(1e-9, now - self._tick), 2),
            "norm": round(norm, 4),
            "rate_factor": round(factor, 4),
            **{key: round(sum(values) / len(values), 5) for key, values in self._numbers.items()},
        }
        self._tick, self._losses, self._numbers = now, [], {}
        return line

    def message(self, line: dict[str, Any]) -> str:
        left = self.left()
        ends = f", {left:.0f} s left" if left is not None else ""
        return f"{line['samples']} samples, {line['samples_per_second']:.1f}/s, loss {line['loss']:.4f}{ends}"

    def _spent(self) -> float:
        return time.monotonic() - self._start


def _tensors(model: nn.Module, optimisers: list[torch.optim.Optimizer], average: PowerAverage) -> dict[str, Tensor]:
    tensors = {f"model.{name}": p for name, p in model.named_parameters() if p.requires_grad}
    tensors |= {f"average.{name}": value for name, value in average.weights.items()}
    for i, optimiser in enumerate(optimisers):
        tensors |= flatten_optimiser(optimiser, f"optimiser{i}")
    return tensors


def _restore(run: Path, state: tuple, clock: _Clock, model: nn.Module, optimisers, average: PowerAverage) -> None:
    tensors, counters = state
    try:
        clock.restore(counters)
        for name, p in model.named_parameters():
            if p.requires_grad:
                p.data.copy_(tensors[f"model.{name}"])
                average.weights[name].copy_(tensors[f"average.{name}"])
        for i, optimiser in enumerate(optimisers):
            restore_optimiser(optimiser, f"optimiser{i}", tensors)
    except (KeyError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(
            f"{run}: its state was made with other settings ({reason}); choose another --out"
        ) from error


def _with_average(objective: Objective, average: PowerAverage) -> Any:
    model = objective.model
    kept = {name: p.detach().clone() for name, p in model.named_parameters() if name in average.weights}
    average.copy_to(model)
    try:
        with torch.no_grad():
            return objective.preview(model)
    finally:
        for name, p in model.named_parameters():
            if name in kept:
                p.data.copy_(kept[name])


def _append(path: Path, line: dict[str, Any]) -> None:
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
