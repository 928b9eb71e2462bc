"""The processes of one training run: alone, or many under torchrun (DDP, or FSDP2 with `shard`).

    torchrun --nproc-per-node 8 -m mutoscope train image ...

The first rank writes, logs and draws; all agree on every decision through `most` and `mean`. A state holds whole tensors, so a
run saved by any number of processes goes on with any other.
"""

import contextlib
import copy
import datetime
import functools
import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mutoscope.data.records import Share
from mutoscope.errors import CheckpointError, SettingError
from mutoscope.train.compiling import compile_modules
from mutoscope.train.objective import Objective
from mutoscope.train.settings import process_count

if TYPE_CHECKING:
    from torch.distributed.tensor import DTensor
    from typing_extensions import TypeIs

PROCESS_TIMEOUT = datetime.timedelta(hours=12)  # the first rank decodes a data set while the others wait


@dataclass(frozen=True)
class Ranks:
    """Which of how many processes this one is, and the device it computes on."""

    rank: int = 0
    size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def is_first(self) -> bool:
        """Whether this process writes, logs and draws."""
        return self.rank == 0

    def most(self, *values: float) -> list[float]:
        """Return, value by value, the largest that any rank holds: how all take one decision."""
        return self._reduce(values, dist.ReduceOp.MAX) if self.size > 1 else list(values)

    def mean(self, *values: float) -> list[float]:
        """Return, value by value, the mean over the ranks."""
        return [v / self.size for v in self._reduce(values, dist.ReduceOp.SUM)] if self.size > 1 else list(values)

    @property
    def share(self) -> Share:
        """Return this process's share of what is made before the first step."""
        return Share(self.rank, self.size, self.wait)

    def wait(self) -> None:
        """Wait until every rank is here."""
        if self.size > 1:
            dist.barrier()

    def agree(self, samples: int, run: Path) -> None:
        """Refuse ranks that go on from different states; raises CheckpointError."""
        low, high = self.most(-samples, samples)
        if -low != high:
            raise CheckpointError(
                f"{run}: this process found {samples} samples there, another {-low:.0f} to {high:.0f}; the folder of the run "
                "must be the same for all processes"
            )

    @contextlib.contextmanager
    def first_goes_ahead(self) -> Iterator[None]:
        """Let the first rank do the block, then all others: they find its caches made."""
        if not self.is_first:
            self.wait()
        yield
        if self.is_first:
            self.wait()

    def _reduce(self, values: tuple[float, ...], how: Any) -> list[float]:
        tensor = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(tensor, how)
        return tensor.tolist()


def pick_device(name: str) -> torch.device:
    """Return the device of a setting: auto takes a GPU where there is one; SettingError without it."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise SettingError("device='cuda', and PyTorch finds no GPU here; set device=cpu")
    return torch.device(name, int(os.environ.get("LOCAL_RANK", "0"))) if name == "cuda" else torch.device(name)


@contextlib.contextmanager
def joined(device: str) -> Iterator[Ranks]:
    """Join the processes that torchrun started (its environment variables say how many), or go alone."""
    where = pick_device(device)
    size = process_count()
    if size == 1:
        yield Ranks(device=where)
        return
    if where.type == "cuda":
        torch.cuda.set_device(where)
    ours = not dist.is_initialized()
    if ours:
        dist.init_process_group("nccl" if where.type == "cuda" else "gloo", timeout=PROCESS_TIMEOUT)
    try:
        yield Ranks(dist.get_rank(), size, where)
    finally:
        if ours:
            dist.destroy_process_group()


class Loss(nn.Module):
    """An objective as a module: what it returns is a forward pass, so that DDP and FSDP see every use of a weight."""

    def __init__(self, objective: Objective[Any]):
        super().__init__()
        self.model = objective.model
        self._objective = (objective,)  # in a tuple: not to be taken for a part

    def forward(self, generator: torch.Generator, batch: int, fraction: float) -> tuple[Tensor, dict[str, float]]:
        """Return the objective's loss and numbers."""
        return self._objective[0].loss(generator, batch, fraction)


class Spread:
    """A model spread over the ranks: `loss` to call, `whole` to take a tensor together again.

    `plain` is a copy of the model that was not sharded; only the first rank has it.
    """

    def __init__(self, objective: Objective[Any], ranks: Ranks, *, shard: bool, checkpointing: bool, compile: bool):
        self.ranks, self.shard, self.model = ranks, shard, objective.model
        self.plain = copy.deepcopy(self.model) if shard and ranks.is_first else self.model
        if checkpointing:
            recompute_blocks(self.model)
        if compile:
            compile_modules(objective.compiled_modules(), ranks.device)
        module: nn.Module = Loss(objective)
        self._set_sync: Callable[[bool], None] | None = None  # of FSDP2
        if shard:
            self._set_sync = _shard(module, self.model, ranks)
        elif ranks.size > 1:
            warnings.filterwarnings("ignore", message="Grad strides do not match bucket view")  # 1 x 1 kernels
            module = nn.parallel.DistributedDataParallel(module, broadcast_buffers=False)
        self.loss = module

    def syncing(self, wanted: bool) -> contextlib.AbstractContextManager:
        """Gradients of the block are exchanged, or only added up until a block where they are."""
        if self._set_sync is not None:
            self._set_sync(wanted)
        elif isinstance(self.loss, nn.parallel.DistributedDataParallel) and not wanted:
            return self.loss.no_sync()
        return contextlib.nullcontext()


def is_sharded(tensor: Tensor) -> "TypeIs[DTensor]":
    """Say whether several processes hold parts of a tensor, without the module of DTensor, which takes a second to come."""
    return hasattr(tensor, "full_tensor")


def whole(tensor: Tensor) -> Tensor:
    """Return a sharded tensor gathered (all ranks must ask), any other as it is."""
    return tensor.full_tensor() if is_sharded(tensor) else tensor


def like(tensor: Tensor, model: Tensor) -> Tensor:
    """Return a whole `tensor` on the device of `model`, sharded as that one is."""
    tensor = tensor.to(model.device)
    if is_sharded(model) and tensor.ndim:
        from torch.distributed.tensor import distribute_tensor

        return distribute_tensor(tensor, model.device_mesh, model.placements)
    return tensor


def blocks_of(model: nn.Module) -> list[nn.Module]:
    """Return the modules that repeat: the members of every ModuleList."""
    return [block for part in model.modules() if isinstance(part, nn.ModuleList) for block in part]


def recompute_blocks(model: nn.Module) -> None:
    """Keep only the inputs of every block; the backward pass computes the rest again (Chen et al. 2016)."""
    for block in blocks_of(model):
        block.forward = functools.partial(checkpoint, block.forward, use_reentrant=False, preserve_rng_state=False)


def _shard(loss: nn.Module, model: nn.Module, ranks: Ranks) -> Callable[[bool], None]:
    """Shard the loss, block by block of its model; return what switches the exchange of gradients on and off."""
    from torch.distributed.device_mesh import init_device_mesh  # seconds to import
    from torch.distributed.fsdp import fully_shard

    if not dist.is_initialized():
        raise SettingError("shard=true needs more than one process; start them with torchrun --nproc-per-node N")
    mesh = init_device_mesh(ranks.device.type, (ranks.size,))
    for block in blocks_of(model):
        fully_shard(block, mesh=mesh)
    return fully_shard(loss, mesh=mesh).set_requires_gradient_sync
