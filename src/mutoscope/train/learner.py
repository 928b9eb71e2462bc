"""One step of training, and the tensors a run goes on from: the model, its optimisers and the averages of its weights."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mutoscope.device import autocast
from mutoscope.errors import MissingModelError
from mutoscope.rng import stream
from mutoscope.train import ema
from mutoscope.train.objective import Objective
from mutoscope.train.optim import PowerAverage, make_optimisers, rate_factor
from mutoscope.train.ranks import Ranks, Spread, like, whole
from mutoscope.train.settings import Settings
from mutoscope.train.state import flatten_optimiser, restore_optimiser


@dataclass(frozen=True)
class StepResult:
    """What one step gave, the mean over all ranks."""

    loss: float
    norm: float  # of the gradient, before it was clipped
    rate_factor: float  # share of the full learning rate
    numbers: dict[str, float]  # of the objective, worth logging
    skipped: bool  # loss or gradient was not finite, so nothing was learned


class Learner:
    """Takes steps. All ranks call every method, for sharded tensors are gathered."""

    def __init__(self, objective: Objective[Any], settings: Settings, ranks: Ranks):
        self.objective, self.settings, self.ranks = objective, settings, ranks
        self.part_size = settings.part_size(ranks.size)
        objective.model.to(ranks.device)
        self.spread = Spread(
            objective, ranks, shard=settings.shard, checkpointing=settings.checkpointing, compile=settings.compile
        )
        self.model = self.spread.model
        self.optimisers = make_optimisers(self.model, settings.rate, settings.adam_share, settings.muon)
        exponents = ema.exponents(settings.ema)
        self.averages = {exponent: PowerAverage(self.model, exponent) for exponent in exponents}

    def step(self, samples: int, steps: int, fraction: float) -> StepResult:
        """Take one step after `samples` samples and `steps` steps; `fraction` of the run is done.

        A step whose loss or gradient is not finite on any rank is skipped by all.
        """
        factor = self._set_rates(fraction)
        loss, numbers = self._backward(samples, fraction)
        norm = float(whole(nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)))
        (loss,) = self.ranks.mean(loss)
        (skipped,) = self.ranks.most(float(not math.isfinite(loss) or not math.isfinite(norm)))
        for optimiser in self.optimisers:
            if not skipped:
                optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        for average in self.averages.values():
            average.update(self.model, steps + 1)
        return StepResult(loss, norm, factor, numbers, bool(skipped))

    def _set_rates(self, fraction: float) -> float:
        factor = rate_factor(fraction, decay=self.settings.decay)
        for optimiser, share in zip(self.optimisers, (self.settings.adam_share, 1.0), strict=False):
            for group in optimiser.param_groups:
                group["lr"] = self.settings.rate * share * factor
        return factor

    def _backward(self, samples: int, fraction: float) -> tuple[float, dict[str, float]]:
        """Add up the gradients of this rank's parts of a batch; return their mean loss and the last part's numbers.

        Each part is drawn by the number of its first sample, so it is the same whichever rank draws it.
        """
        parts, loss, numbers = self.settings.accumulate, 0.0, {}
        for i in range(parts):
            first = samples + (i * self.ranks.size + self.ranks.rank) * self.part_size
            generator = torch.Generator().manual_seed(stream(self.settings.seed, "batch", first).integers(0, 2**31))
            with self.spread.syncing(i == parts - 1):
                with autocast(self.ranks.device.type, self.settings.bfloat16):
                    part_loss, numbers = self.spread.loss(generator, self.part_size, fraction)
                (part_loss / parts).backward()
            loss += float(part_loss.detach()) / parts
        return loss, numbers

    # --- the tensors of a state

    def tensors(self) -> dict[str, Tensor]:
        """Return everything a run goes on from, whole. The first average has the name it had when it was the only one."""
        found = {f"model.{name}": whole(p.detach()) for name, p in trainable(self.model).items()}
        for i, average in enumerate(self.averages.values()):
            found |= {f"average{i or ''}.{name}": whole(value) for name, value in average.weights.items()}
        for i, optimiser in enumerate(self.optimisers):
            found |= flatten_optimiser(optimiser, f"optimiser{i}")
        return found

    def restore(self, tensors: dict[str, Tensor], run: Path) -> None:
        """Put back what `tensors` gave; MissingModelError when it is of another model or other optimisers.

        A second average that an older state lacks is given up, not made up.
        """
        for exponent in list(self.averages)[1:]:
            if not any(name.startswith("average1.") for name in tensors):
                del self.averages[exponent]
        try:
            for name, p in trainable(self.model).items():
                p.data.copy_(like(tensors[f"model.{name}"], p.data))
                for i, average in enumerate(self.averages.values()):
                    average.weights[name].copy_(like(tensors[f"average{i or ''}.{name}"], p.data))
            for i, optimiser in enumerate(self.optimisers):
                restore_optimiser(optimiser, f"optimiser{i}", tensors)
        except (KeyError, RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise MissingModelError(
                f"{run}: its state was made with other settings ({reason}); choose another --out"
            ) from error

    def state_bytes(self) -> int:
        """Return the bytes of one state."""
        numbers = (1 + len(self.averages)) * self.trained_numbers()
        for optimiser in self.optimisers:
            per_weight = 1 if isinstance(optimiser, torch.optim.Muon) else 2
            numbers += per_weight * sum(p.numel() for group in optimiser.param_groups for p in group["params"])
        return 4 * numbers

    def trained_numbers(self) -> int:
        """Return how many numbers are trained; shared parameters count once."""
        return sum(p.numel() for p in self.model.parameters() if p.requires_grad)

    # --- the average, which is what a stage leaves

    def main_average(self) -> dict[str, Tensor]:
        """Return the weights of the average that the stage leaves, whole."""
        return {name: whole(value) for name, value in self.averages[self.settings.ema].weights.items()}

    @contextmanager
    def averaged(self, weights: dict[str, Tensor]) -> Iterator[nn.Module]:
        """Give the plain model with `weights` in it; its own come back afterwards."""
        model = self.spread.plain
        own = {name: p.detach().clone() for name, p in model.named_parameters() if name in weights}
        put_weights(model, weights)
        try:
            yield model
        finally:
            put_weights(model, own)


def trainable(model: nn.Module) -> dict[str, nn.Parameter]:
    """Return the parameters that are trained, by name."""
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def put_weights(model: nn.Module, weights: dict[str, Tensor]) -> None:
    """Copy `weights` into the parameters of the same names."""
    for name, p in model.named_parameters():
        if name in weights:
            p.data.copy_(weights[name])
