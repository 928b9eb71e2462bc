"""The one training loop: an objective, a counter of samples, and events.

Everything random is a function of (seed, rank, samples seen), so the same command goes on where it stopped, bit for bit on a CPU:
the parts of a step's batch are numbered, and each is drawn by its number, whichever process draws it. A run ends after `samples`
samples, `budget` seconds or a signal, each time with a state. No state ever holds a number that is not finite. The loop knows
neither pages nor evaluation; previews are a function passed in.
"""

import math
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from mutoscope.device import lean
from mutoscope.errors import (
    Cancelled,
    MissingModelError,
    NonFiniteError,
    SettingError,
    StorageFullError,
    did_you_mean,
)
from mutoscope.events import Event
from mutoscope.rng import stream
from mutoscope.train import ema
from mutoscope.train.compiling import eager
from mutoscope.train.optim import PowerAverage, all_finite, make_optimisers, rate_factor
from mutoscope.train.ranks import DEVICES, Ranks, Spread, like, pick_device, whole
from mutoscope.train.state import flatten_optimiser, load_state, restore_optimiser, save_state
from mutoscope.train.stopping import Stopping
from mutoscope.train.tracking import Log

FORMAT = 2  # of a state; 1 had one average and no count of skipped steps, and loads


@dataclass(frozen=True)
class Settings:
    """How a run is trained."""

    batch: int = 64  # samples a step, over all processes
    accumulate: int = 1  # parts of a process's share of the batch, one after the other: less memory, the same step
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
    bfloat16: bool = True  # matrix products in bfloat16 where that is faster; weights stay float32
    device: str = "auto"  # cpu, cuda, or auto: a GPU where there is one
    compile: bool = False  # torch.compile; pays in runs of many minutes
    checkpointing: bool = (
        False  # keep only the inputs of each block and compute it again: less memory, a third more time
    )
    shard: bool = (
        False  # under torchrun: split weights and optimiser over the processes (FSDP2) instead of copying them
    )
    curriculum: float = (
        0.0  # share of the run over which the sizes of the data come in, smallest first; 0 = all at once
    )
    clip_share: float = 0.35  # of the steps of the video stage that learn from clips; the others learn from pictures
    fine: float = 1.0  # highest noise level of pictures of over three times the smallest's area: they are refined, not drawn at once
    shift: float = 1.0  # times as far as its size asks a picture's noise levels are pushed towards noise (image, video)
    snapshots: int = 8  # of the weight averages over the run, for `mutoscope train ema`; 0 keeps none
    skip_limit: int = 10  # steps in a row without a finite loss and gradient that end the run

    def __post_init__(self):
        for name, low in (("batch", 1), ("samples", 0), ("budget", 0), ("log_every", 1), ("max_shard", 1), ("seed", 0),
                          ("save_every", 0), ("preview_every", 0), ("ema", 0), ("adam_share", 0), ("accumulate", 1),
                          ("snapshots", 0), ("skip_limit", 1), ("curriculum", 0)):  # fmt: skip
            if not low <= getattr(self, name) < math.inf:
                raise SettingError(f"setting {name} must be {low} or more, got {getattr(self, name)}")
        for name in ("rate", "clip", "shift", "fine"):
            if not 0 < getattr(self, name) < math.inf:
                raise SettingError(f"setting {name} must be above 0, got {getattr(self, name)}")
        for name in ("decay", "curriculum", "clip_share", "fine"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingError(f"setting {name} is a share, 0 to 1, got {getattr(self, name)}")
        if self.device not in DEVICES:
            raise SettingError(
                f"setting device must be one of {', '.join(DEVICES)}{did_you_mean(self.device, DEVICES)}"
            )

    def part(self, ranks: Ranks) -> int:
        """Return how many samples a process takes at once; SettingError when the settings do not go together here."""
        parts = self.accumulate * ranks.size
        if self.batch % parts:
            raise SettingError(
                f"batch {self.batch} cannot be cut into {parts} equal parts ({ranks.size} processes, accumulate "
                f"{self.accumulate}); take batch={parts * math.ceil(self.batch / parts)}"
            )
        if self.shard and ranks.size == 1:
            raise SettingError(
                "shard=true needs more than one process; start: torchrun --nproc-per-node N -m mutoscope"
            )
        return self.batch // parts


class Objective(Protocol):
    """What a stage trains."""

    model: nn.Module

    def loss(self, generator: torch.Generator, batch: int, fraction: float) -> tuple[Tensor, dict[str, float]]:
        """Draw a batch with `generator` and return the loss and numbers worth logging; `fraction` of the run is done."""
        ...

    def preview(self, model: nn.Module) -> Any:
        """Return a uint8 (H, W, 3) sheet made with `model`, or None."""
        ...


def train(
    objective: Objective,
    run: Path,
    settings: Settings,
    show: Callable[[int, Any], None],
    ranks: Ranks | None = None,  # None = this process alone, where the model lies
) -> Iterator[Event]:
    """Train until samples or budget are used up; yields events and ends with "done" carrying the log's last line.

    `show(samples, sheet)` receives preview sheets. SIGTERM or Ctrl-C: a state is saved and Cancelled raised. Steps without a finite
    loss and gradient are skipped, by all ranks together; NonFiniteError after `skip_limit` in a row.
    """
    # --- what is trained
    if ranks is None:
        lies = next(objective.model.parameters()).device
        ranks = Ranks(device=lies if settings.device == "auto" else pick_device(settings.device))
    part = settings.part(ranks)
    objective.model.to(ranks.device)
    spread = Spread(
        objective, ranks, shard=settings.shard, checkpointing=settings.checkpointing, compile=settings.compile
    )
    model = spread.model
    optimisers = make_optimisers(model, settings.rate, settings.adam_share, settings.muon)
    averages = {exponent: PowerAverage(model, exponent) for exponent in ema.exponents(settings.ema)}
    clock = _Clock(settings)

    # --- where it stopped
    state = load_state(run)
    if state is not None:
        _restore(run, state, clock, model, optimisers, averages)
    ranks.agree(clock.samples, run)
    keeper = _Keeper(objective, run, settings, spread, optimisers, averages, clock, show)

    # --- steps
    with keeper, Stopping() as stopping:
        orders = clock.orders(ranks, stopping)
        while not (orders.finished or orders.stop):
            factor = rate_factor(orders.fraction, decay=settings.decay)
            for optimiser, share in zip(optimisers, (settings.adam_share, 1.0), strict=False):
                for group in optimiser.param_groups:
                    group["lr"] = settings.rate * share * factor
            loss, numbers = 0.0, {}
            for i in range(settings.accumulate):
                first = clock.samples + (i * ranks.size + ranks.rank) * part
                generator = torch.Generator().manual_seed(stream(settings.seed, "batch", first).integers(0, 2**31))
                with spread.syncing(i == settings.accumulate - 1):
                    with lean(ranks.device.type, settings.bfloat16):
                        some, numbers = spread.loss(generator, part, orders.fraction)
                    (some / settings.accumulate).backward()
                loss += float(some.detach()) / settings.accumulate
            norm = float(whole(nn.utils.clip_grad_norm_(model.parameters(), settings.clip)))
            (loss,) = ranks.mean(loss)
            (broken,) = ranks.most(float(not math.isfinite(loss) or not math.isfinite(norm)))
            for optimiser in optimisers:
                if not broken:
                    optimiser.step()
                optimiser.zero_grad(set_to_none=True)
            clock.count(settings.batch, loss, numbers, skipped=bool(broken))
            for average in averages.values():
                average.update(model, clock.steps)

            # --- log, previews, state, event (last, so that who stops at it loses nothing; a line without its state is made again)
            before, orders = orders, clock.orders(ranks, stopping)
            line = keeper.log(norm, factor) if clock.steps % settings.log_every == 0 else None
            if int(orders.fraction * settings.snapshots) > int(before.fraction * settings.snapshots):
                keeper.snapshot()
            if orders.preview:
                keeper.preview()
            if orders.save:
                keeper.save()
            if line is not None:
                yield Event("train", clock.samples, settings.samples, clock.left(), None, message=clock.message(line))

        # --- the last report runs through the same code
        if orders.stop:
            keeper.save()
            raise Cancelled(f"stopped after {clock.samples} samples, which are saved; the same command goes on")
        line = keeper.log(0.0, 0.0)
        keeper.preview()
        keeper.save()
        keeper.leave_average()
        yield Event("done", clock.samples, clock.samples, 0.0, result=line, message=clock.message(line))


class _Orders(NamedTuple):
    """What all ranks do next."""

    fraction: float  # of the run that is done
    finished: bool
    stop: bool  # a signal came, to whichever rank
    preview: bool
    save: bool


class _Clock:
    """Counts samples and seconds and knows how far the run is."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.samples = self.steps = self.skipped = 0
        self._in_a_row = 0  # skipped steps
        self.seconds = 0.0  # of earlier calls
        self._start = self._tick = time.monotonic()
        self._first = 0  # samples at the start of this call
        self._taken = 0  # steps since the last line
        self._losses: list[float] = []
        self._numbers: dict[str, list[float]] = {}
        self._last = {"preview": self._start, "save": self._start}

    def restore(self, counters: dict[str, Any]) -> None:
        self.samples, self.steps = counters["samples"], counters["steps"]
        self.seconds, self._first = counters["seconds"], counters["samples"]
        self.skipped = counters.get("skipped", 0)

    def counters(self) -> dict[str, Any]:
        counted = {"samples": self.samples, "steps": self.steps, "skipped": self.skipped, "format": FORMAT}
        return {**counted, "seconds": self.seconds + self._spent()}

    def orders(self, ranks: Ranks, stopping: Stopping) -> _Orders:
        """Return what the first rank's clock says, and whether any rank was asked to stop."""
        said = [0.0] * 4
        if ranks.is_first:
            said = [self.fraction(), self.finished(), self.due("preview"), self.due("save")]
        fraction, finished, preview, save, stop = ranks.most(*map(float, said), float(stopping.asked))
        return _Orders(fraction, bool(finished), bool(stop), bool(preview), bool(save))

    def count(self, batch: int, loss: float, numbers: dict[str, float], skipped: bool = False) -> None:
        """Count a step; NonFiniteError when too many in a row were skipped."""
        self.samples += batch
        self.steps += 1
        self._taken += 1
        self._in_a_row = self._in_a_row + 1 if skipped else 0
        if skipped:
            self.skipped += 1
            if self._in_a_row >= self.settings.skip_limit:
                raise NonFiniteError(
                    f"loss or gradient of {self._in_a_row} steps in a row were not finite, the last one's loss {loss}, after "
                    f"{self.samples} samples; the last state is kept: lower the rate and run again"
                )
            return
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

    def due(self, what: str) -> bool:
        now = time.monotonic()
        if not self._taken or now - self._last[what] < getattr(self.settings, f"{what}_every"):
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
            "samples_per_second": round(self._taken * self.settings.batch / max(1e-9, now - self._tick), 2),
            "norm": round(norm, 4),
            "rate_factor": round(factor, 4),
            **({"skipped": self.skipped} if self.skipped else {}),
            **{key: round(sum(values) / len(values), 5) for key, values in self._numbers.items()},
        }
        self._tick, self._taken, self._losses, self._numbers = now, 0, [], {}
        return line

    def message(self, line: dict[str, Any]) -> str:
        left = self.left()
        ends = f", {left:.0f} s left" if left is not None else ""
        return f"{line['samples']} samples, {line['samples_per_second']:.1f}/s, loss {line['loss']:.4f}{ends}"

    def _spent(self) -> float:
        return time.monotonic() - self._start


class _Keeper:
    """Everything the loop leaves on disk. All ranks call every method, for tensors are gathered; the first one writes."""

    def __init__(self, objective, run: Path, settings: Settings, spread: Spread, optimisers, averages, clock, show):
        self.objective, self.run, self.settings, self.spread = objective, run, settings, spread
        self.optimisers, self.averages, self.clock, self.show = optimisers, averages, clock, show
        self.ranks = spread.ranks
        self.book: Log | None = None
        self.line: dict[str, Any] = {}  # the last one

    def __enter__(self) -> None:
        """Make the folder, check that the disk has room, and drop what lies after the state the run goes on from."""
        if not self.ranks.is_first:
            return
        self.run.mkdir(parents=True, exist_ok=True)
        self._check_disk()
        ema.forget_after(self.run, self.clock.samples)
        self.book = Log(self.run)
        self.book.rewind(self.clock.samples)

    def __exit__(self, *error: object) -> None:
        if self.book is not None:
            self.book.close()

    def log(self, norm: float, factor: float) -> dict[str, Any]:
        if self.line and self.line["samples"] == self.clock.samples:
            return self.line  # nothing new since: a line of no steps says nothing
        self.line = line = self.clock.line(norm, factor)
        if self.book is not None:
            self.book.add(line)
        return line

    def save(self) -> None:
        """Save a state; NonFiniteError, with the last one kept, when a weight or an optimiser's number is not finite."""
        tensors = _tensors(self.spread.model, self.optimisers, self.averages)
        if not all_finite(tensors.values()):
            raise NonFiniteError(
                f"a weight or the optimiser is not finite after {self.clock.samples} samples; the last state is kept: "
                "lower the rate and run again"
            )
        if self.ranks.is_first:
            save_state(self.run, self.clock.samples, tensors, self.clock.counters(), self.settings.max_shard)
        self.ranks.wait()

    def snapshot(self) -> None:
        """Keep the averages for `train ema`."""
        for exponent, average in self.averages.items():
            tensors = {name: whole(value).half() for name, value in average.weights.items()}
            if self.ranks.is_first and all_finite(tensors.values()):
                ema.save_snapshot(self.run, tensors, self.clock.samples, self.clock.steps, exponent)

    def preview(self) -> None:
        """Show a sheet drawn with the average."""
        weights = self._average()
        if self.ranks.is_first:
            with eager():
                self.show(self.clock.samples, _with_weights(self.objective, self.spread.plain, weights))

    def leave_average(self) -> None:
        """Give the objective the model with its average: what the stage leaves."""
        weights = self._average()
        if self.ranks.is_first:
            _put(weights, self.spread.plain)
            self.objective.model = self.spread.plain

    def _average(self) -> dict[str, Tensor]:
        return {name: whole(value) for name, value in self.averages[self.settings.ema].weights.items()}

    def _check_disk(self) -> None:
        """Refuse a run whose states and snapshots have no room; StorageFullError."""
        numbers = {id(p): p.numel() for p in self.spread.model.parameters() if p.requires_grad}
        state = 4 * (1 + len(self.averages)) * sum(numbers.values())
        for optimiser in self.optimisers:
            held = sum(p.numel() for group in optimiser.param_groups for p in group["params"])
            state += 4 * held * (1 if isinstance(optimiser, torch.optim.Muon) else 2)
        there = sum(1 for _ in self.run.glob("state-*"))
        ahead = self.settings.snapshots * (1.0 - self.clock.fraction())
        needed = (2 - min(1, there)) * state + 2 * sum(numbers.values()) * len(self.averages) * ahead
        free = shutil.disk_usage(self.run).free
        if free < needed:
            raise StorageFullError(
                f"{self.run}: the disk has {free / 1e6:,.0f} MB free and this stage needs {needed / 1e6:,.0f} MB (two states "
                f"of {state / 1e6:,.0f} MB and {ahead:.0f} snapshots); make room, or set snapshots=0"
            )


def _tensors(model: nn.Module, optimisers: list[Any], averages: dict[float, PowerAverage]) -> dict[str, Tensor]:
    """Return everything a run goes on from, whole. The first average has the name it had when it was the only one."""
    tensors = {f"model.{name}": whole(p.detach()) for name, p in model.named_parameters() if p.requires_grad}
    for i, average in enumerate(averages.values()):
        tensors |= {f"average{i or ''}.{name}": whole(value) for name, value in average.weights.items()}
    for i, optimiser in enumerate(optimisers):
        tensors |= flatten_optimiser(optimiser, f"optimiser{i}")
    return tensors


def _restore(run: Path, state: tuple, clock: _Clock, model: nn.Module, optimisers, averages) -> None:
    """Put a state back; a second average that an older state lacks is given up, not made up."""
    tensors, counters = state
    try:
        clock.restore(counters)
        for exponent in list(averages)[1:]:
            if not any(name.startswith("average1.") for name in tensors):
                del averages[exponent]
        for name, p in model.named_parameters():
            if p.requires_grad:
                p.data.copy_(like(tensors[f"model.{name}"], p.data))
                for i, average in enumerate(averages.values()):
                    average.weights[name].copy_(like(tensors[f"average{i or ''}.{name}"], p.data))
        for i, optimiser in enumerate(optimisers):
            restore_optimiser(optimiser, f"optimiser{i}", tensors)
    except (KeyError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise MissingModelError(
            f"{run}: its state was made with other settings ({reason}); choose another --out"
        ) from error


def _put(weights: dict[str, Tensor], model: nn.Module) -> None:
    for name, p in model.named_parameters():
        if name in weights:
            p.data.copy_(weights[name])


def _with_weights(objective: Objective, model: nn.Module, weights: dict[str, Tensor]) -> Any:
    kept = {name: p.detach().clone() for name, p in model.named_parameters() if name in weights}
    _put(weights, model)
    try:
        with torch.no_grad():
            return objective.preview(model)
    finally:
        _put(kept, model)
