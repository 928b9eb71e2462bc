"""The network that is trained, its optimisers, and the average of its weights that is handed back."""

import os
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn

from mutoscope.config import PATCH
from mutoscope.train.optim import split_parameters
from mutoscope.transformer import Transformer, frame_mask, patchify, rotary_table, unpatchify

SHARD_BYTES = 15_000_000
ADAM_SHARE = 0.5  # of the rate of the matrices, for all other weights
WEIGHT_DECAY = 0.01
POWER = (
    17.97  # of the power average, whose width is a twentieth of the steps so far (Karras et al. 2024, sigma_rel 0.05)
)
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # Jordan et al. 2024, "Muon"


class FastTransformer(Transformer):
    """The Transformer in the type of its weights, with positions and masks kept on the device: no copy waits inside a step."""

    def __init__(self, config):
        super().__init__(config)
        self._kept: dict[tuple[int, int, int], tuple[Tensor, Tensor | None]] = {}

    def forward(self, latents, time, text, text_mask, delta=None, guidance=None):
        """The same as the Transformer's."""
        _, _, t, h, w = latents.shape
        rows, columns = h // PATCH, w // PATCH
        rotary, mask = self._places(t, rows, columns, latents.device)
        patches = patchify(latents).to(self.embed.weight.dtype)
        patches = self.predict_velocity(patches, time, text, text_mask, rotary, mask, delta, guidance)
        return unpatchify(patches, t, rows, columns)

    def adapt(self, states, mask):
        """The same as the Transformer's."""
        return super().adapt(states.to(self.embed.weight.dtype), mask)

    def _places(self, frames: int, rows: int, columns: int, device: torch.device) -> tuple[Tensor, Tensor | None]:
        key = (frames, rows, columns)
        if key not in self._kept:
            table = rotary_table(range(frames), rows, columns, self.config.width // self.config.heads)
            mask = frame_mask(frames, rows * columns, self.config.window, device) if frames > 1 else None
            self._kept[key] = torch.from_numpy(table).to(device), mask
        return self._kept[key]


class Muon:
    """Muon over stacks of matrices of one shape; its rate is matched to AdamW's (0.2 sqrt(longer side))."""

    def __init__(self, weights: Iterable[Tensor], momentum: float = 0.95):
        by_shape: dict[tuple[int, ...], list[Tensor]] = {}
        for weight in weights:
            by_shape.setdefault(tuple(weight.shape), []).append(weight)
        self.groups, self.momentum = list(by_shape.values()), momentum
        self.means = [torch.zeros(len(group), *group[0].shape, device=group[0].device) for group in self.groups]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Update all matrices from their gradients."""
        for group, mean in zip(self.groups, self.means, strict=True):
            gradient = torch.stack([weight.grad for weight in group if weight.grad is not None])
            mean.lerp_(gradient, 1 - self.momentum)
            update = orthogonalise(gradient.lerp(mean, self.momentum))
            torch._foreach_mul_(group, 1 - rate * WEIGHT_DECAY)
            scale = 0.2 * max(group[0].shape) ** 0.5
            torch._foreach_add_(group, list(update.float().unbind(0)), alpha=-rate * scale)


def orthogonalise(matrices: Tensor) -> Tensor:
    """Return the nearest orthogonal matrices of a stack (n, rows, columns), nearly: five Newton-Schulz steps."""
    x = matrices.to(torch.bfloat16 if matrices.is_cuda else torch.float32)
    tall = x.shape[1] > x.shape[2]
    x = x.mT if tall else x
    x = x / (x.float().norm(dim=(1, 2), keepdim=True) + 1e-7).to(x.dtype)
    a, b, c = NEWTON_SCHULZ
    for _ in range(5):
        square = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


class Learner:
    """A network in its computing type, fp32 masters of its weights with Muon and AdamW, and the masters' power average.

    With weights in bf16 instead of autocast a step moves half as much memory, and there is nothing to compile.
    """

    def __init__(self, model: nn.Module, dtype: torch.dtype):
        self.model = model
        matrices, rest = split_parameters(model)
        self.names, self.weights = zip(*model.named_parameters(), strict=True)
        self.masters = [weight.detach().float().clone() for weight in self.weights]
        self.gradients = [torch.zeros_like(master) for master in self.masters]
        for master, gradient in zip(self.masters, self.gradients, strict=True):
            master.grad = gradient
        master_of = {id(weight): master for weight, master in zip(self.weights, self.masters, strict=True)}
        self.muon = Muon(master_of[id(weight)] for weight in matrices.values())
        self.adam = torch.optim.AdamW(
            [master_of[id(weight)] for weight in rest.values()],
            betas=(0.9, 0.99), weight_decay=WEIGHT_DECAY, fused=self.masters[0].is_cuda,
        )  # fmt: skip
        self.average = [master.clone() for master in self.masters]
        self.steps = 0
        for weight in self.weights:  # parameters alone: the rates of the sines are a buffer and stay fp32
            weight.data = weight.data.to(dtype)

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Update masters, network and average from the network's gradients, and clear those."""
        torch._foreach_zero_(self.gradients)
        known = [
            (to, weight.grad)
            for to, weight in zip(self.gradients, self.weights, strict=True)
            if weight.grad is not None
        ]
        torch._foreach_copy_([to for to, _ in known], [gradient for _, gradient in known])
        nn.utils.clip_grad_norm_(self.masters, 1.0, foreach=True)
        for group in self.adam.param_groups:
            group["lr"] = rate * ADAM_SHARE
        self.adam.step()
        self.muon.step(rate)
        self.steps += 1
        torch._foreach_lerp_(self.average, self.masters, 1 - (1 - 1 / self.steps) ** POWER)
        self.use(self.masters)
        for weight in self.weights:
            weight.grad = None

    @torch.no_grad()
    def use(self, weights: list[Tensor]) -> None:
        """Let the network calculate with these weights."""
        torch._foreach_copy_([weight.data for weight in self.weights], weights)

    def averaged(self) -> dict[str, Tensor]:
        """Return the averaged weights by name."""
        return dict(zip(self.names, self.average, strict=True))


def write_shards(weights: dict[str, Tensor], folder: Path, name: str) -> None:
    """Write weights as float16 in files of at most SHARD_BYTES, each replaced at once."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    shards: list[dict[str, Tensor]] = [{}]
    for key, weight in weights.items():
        half = weight.detach().half().cpu().contiguous()
        if sum(tensor.nbytes for tensor in shards[-1].values()) + half.nbytes > SHARD_BYTES:
            shards.append({})
        shards[-1][key] = half
    for number, shard in enumerate(shards):
        unfinished = folder / f"{name}-{number:02d}.tmp"
        save_file(shard, unfinished)
        os.replace(unfinished, unfinished.with_suffix(".safetensors"))
