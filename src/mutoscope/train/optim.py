"""Parameter groups, optimisers, learning-rate schedule and weight averages.

Block matrices go to Muon with RMS-matched rates (Jordan 2024; torch.optim.Muon), everything else to AdamW. Every parameter is in
exactly one group.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

WARM_UP, DECAY = 0.02, 0.25


def split_parameters(model: nn.Module) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return (matrices of blocks, the rest) of the trainable parameters, by name."""
    named = {name: p for name, p in model.named_parameters() if p.requires_grad}
    matrices = {name: p for name, p in named.items() if p.ndim == 2 and "blocks." in name and "table" not in name}
    rest = {name: p for name, p in named.items() if name not in matrices}
    assert len(matrices) + len(rest) == len(named)
    return matrices, rest


def make_optimisers(model: nn.Module, rate: float, muon: bool) -> list[torch.optim.Optimizer]:
    """Return the optimisers of a model: AdamW, and Muon for block matrices when asked."""
    matrices, rest = split_parameters(model)
    if not muon:
        rest, matrices = {**matrices, **rest}, {}
    decayed = [p for p in rest.values() if p.ndim >= 2]
    plain = [p for p in rest.values() if p.ndim < 2]
    groups = [{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}]
    optimisers: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.99), eps=1e-8)]
    if matrices:
        optimisers.append(
            torch.optim.Muon(list(matrices.values()), lr=rate, weight_decay=0.01, adjust_lr_fn="match_rms_adamw")
        )
    return optimisers


def rate_factor(fraction: float, warm_up: float = WARM_UP, decay: float = DECAY) -> float:
    """Share of the full rate at `fraction` of the run: warm-up, flat, then linear to zero."""
    rising = min(1.0, fraction / warm_up) if warm_up else 1.0
    falling = min(1.0, max(0.0, (1.0 - fraction) / decay)) if decay else 1.0
    return max(1e-3, min(rising, falling))


class PowerAverage:
    """Average of the weights with a power-function profile (Karras et al. 2024, EDM2, eq. 1), kept in float32.

    `exponent` 6.94 is a relative width of 0.10, 16.97 of 0.05.
    """

    def __init__(self, model: nn.Module, exponent: float):
        self.exponent = exponent
        self.weights = {name: p.detach().clone().float() for name, p in model.named_parameters() if p.requires_grad}

    def update(self, model: nn.Module, step: int) -> None:
        """Take in the weights after optimiser step `step`, counted from 1."""
        share = 1.0 - (1.0 - 1.0 / step) ** (self.exponent + 1.0)
        new = [p.detach() for p in model.parameters() if p.requires_grad]
        torch._foreach_lerp_(list(self.weights.values()), new, share)

    def copy_to(self, model: nn.Module) -> None:
        """Put the average into `model`."""
        for name, p in model.named_parameters():
            if name in self.weights:
                p.data.copy_(self.weights[name])


def all_finite(tensors: Iterable[Tensor]) -> bool:
    """Say whether every number is finite."""
    return all(bool(torch.isfinite(t).all()) for t in tensors)
