"""Parameter groups, optimisers, learning-rate schedule and weight averages.

Block matrices go to Muon with RMS-matched rates (Jordan 2024; torch.optim.Muon), everything else to AdamW. Every parameter is in
exactly one group.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from mutoscope.device import has_bfloat16
from mutoscope.errors import SettingError
from mutoscope.train.ranks import is_sharded

WARM_UP, DECAY = 0.02, 0.25


class MatrixMuon(torch.optim.Muon):
    """torch.optim.Muon for convolutions too: a kernel is taken as the matrix (out, in * rows * columns) over the same memory.

    A sharded matrix (FSDP2) is gathered by PyTorch for the products; a sharded kernel has no such view and is refused.
    """

    def __init__(self, weights: list[nn.Parameter], rate: float):
        self.weights = weights
        matrices = [p if p.ndim == 2 else nn.Parameter(as_matrix(p.data)) for p in weights]
        super().__init__(matrices, lr=rate, weight_decay=0.01, adjust_lr_fn="match_rms_adamw")

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        """Step on the gradients of the kernels."""
        for weight, matrix in zip(self.weights, self.param_groups[0]["params"], strict=True):
            assert weight.grad is not None, "every weight of a block is used in every step"
            matrix.grad = as_matrix(weight.grad)
        if self.weights[0].device.type == "cpu" and not has_bfloat16():
            self._step_in_float32()
        else:
            super().step(closure)

    def _step_in_float32(self) -> None:
        """The same step without PyTorch's products in bfloat16, which take ten times as long where a CPU lacks them."""
        for group in self.param_groups:
            for matrix in group["params"]:
                buffer = self.state[matrix].setdefault("momentum_buffer", torch.zeros_like(matrix.grad))
                buffer.lerp_(matrix.grad, 1 - group["momentum"])
                update = orthogonal(torch.lerp(matrix.grad, buffer, group["momentum"]), group["ns_coefficients"])
                matrix.mul_(1 - group["lr"] * group["weight_decay"])
                matrix.add_(update, alpha=-group["lr"] * 0.2 * max(matrix.shape) ** 0.5)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of kernels and matrices."""
        for weight in self.weights:
            weight.grad = None
        super().zero_grad(set_to_none)


def orthogonal(matrix: Tensor, coefficients: tuple[float, float, float], steps: int = 5) -> Tensor:
    """(m, n) -> nearly the closest matrix with orthonormal rows or columns, by Newton-Schulz (Jordan 2024), in float32.

    Each step is x <- (a + f) x with a symmetric f = b g + c g g of g = x x', so the steps are multiplied in the smaller of both sides
    and meet x once. What is multiplied is kept as `scale` times one plus `rest`, for a sharded matrix has no diagonal to add to.
    """
    a, b, c = coefficients
    wide = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    wide = wide / wide.norm().clamp(min=1e-7)
    gram, scale, rest = wide @ wide.T, 1.0, None
    for left in reversed(range(steps)):
        factor = torch.addmm(gram, gram, gram, beta=b, alpha=c)
        rest = factor if rest is None else torch.addmm(a * rest + scale * factor, factor, rest)
        scale *= a
        if left:
            half = torch.addmm(gram, factor, gram, beta=a)
            gram = torch.addmm(half, half, factor, beta=a)
    wide = wide if rest is None else torch.addmm(wide, rest, wide, beta=scale)
    return wide.T if matrix.shape[0] > matrix.shape[1] else wide


def as_matrix(tensor: Tensor) -> Tensor:
    """(out, in) as it is; (out, in, rows, columns) -> (out, in * rows * columns), a view where the memory allows it."""
    if tensor.ndim == 2:
        return tensor
    inner = tensor.permute(0, 2, 3, 1) if tensor.is_contiguous(memory_format=torch.channels_last) else tensor
    return inner.flatten(1)


def split_parameters(model: nn.Module) -> tuple[dict[str, nn.Parameter], dict[str, nn.Parameter]]:
    """Return (matrices and kernels of blocks, the rest) of the trainable parameters, by name."""
    named = {name: p for name, p in model.named_parameters() if p.requires_grad}
    inside = {
        name: p for name, p in named.items() if any(part in name for part in ("block", "mix", "to_", "join", "part"))
    }
    matrices = {name: p for name, p in inside.items() if p.ndim in (2, 4) and "table" not in name}
    rest = {name: p for name, p in named.items() if name not in matrices}
    assert len(matrices) + len(rest) == len(named)
    return matrices, rest


def make_optimisers(model: nn.Module, rate: float, adam_share: float, muon: bool) -> list[torch.optim.Optimizer]:
    """Return the optimisers of a model: AdamW at rate * adam_share, and Muon at rate for what is inside of blocks."""
    matrices, rest = split_parameters(model)
    if not muon:
        rest, matrices = {**matrices, **rest}, {}
    if any(p.ndim == 4 and is_sharded(p) for p in matrices.values()):
        raise SettingError("Muon does not take sharded convolutions; set muon=false or shard=false")
    decayed = [p for p in rest.values() if p.ndim >= 2]
    plain = [p for p in rest.values() if p.ndim < 2]
    groups = [{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}]
    optimisers: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(groups, lr=rate * adam_share, betas=(0.9, 0.99), eps=1e-8)
    ]
    if matrices:
        optimisers.append(MatrixMuon(list(matrices.values()), rate))
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
        new = [_local(p.detach()) for p in model.parameters() if p.requires_grad]
        averages = [_local(weight) for weight in self.weights.values()]
        torch._foreach_lerp_(averages, new, share)  # pyright: ignore[reportPrivateImportUsage] - in place, one call for all


def _local(tensor: Tensor) -> Tensor:
    """Return this process's share of a sharded tensor, any other as it is."""
    return tensor.to_local() if is_sharded(tensor) else tensor


def all_finite(tensors: Iterable[Tensor]) -> bool:
    """Say whether every number is finite."""
    return all(bool(torch.isfinite(t).all()) for t in tensors)
