"""torch.compile in training: kernels that fuse what eager mode writes to memory and reads again.

A nano transformer trains 1.6 times as fast on a CPU with matrix units (dev/log.md). Shapes are compiled one by one, half a minute
each at first and seconds later, from PyTorch's own cache; so batches should come in few shapes.
"""

import contextlib
import shutil
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from mutoscope.errors import SettingError

COMPILERS = ("g++", "clang++", "c++")
MOST_SHAPES = 64  # of one module


def compile_modules(modules: Iterable[nn.Module], device: torch.device) -> None:
    """Compile the forward of each module in place; SettingError where a CPU's kernels cannot be built."""
    if device.type == "cpu":
        if not any(map(shutil.which, COMPILERS)):
            raise SettingError(f"compile=true needs a C++ compiler ({', '.join(COMPILERS)}) for a CPU; leave it out")
        _mend_stores()
    torch._dynamo.config.recompile_limit = MOST_SHAPES
    for module in modules:
        module.compile(dynamic=False)


def eager() -> contextlib.AbstractContextManager[Any]:
    """Compiled modules run as written inside of this: for a few calls in shapes of their own."""
    return torch.compiler.set_stance("force_eager")


def _mend_stores() -> None:
    """Let inductor store one bfloat16 sum twice: it declares the rounded value once a store, in one scope (torch 2.13)."""
    from torch._inductor.codegen.cpp import CppVecKernel

    if not hasattr(CppVecKernel.store_reduction, "mended"):
        CppVecKernel.store_reduction = _in_a_scope(CppVecKernel.store_reduction)


def _in_a_scope(store: Callable[..., None]) -> Callable[..., None]:
    def store_reduction(kernel: Any, *args: Any) -> None:
        kernel.reduction_suffix.writeline("{")
        store(kernel, *args)
        kernel.reduction_suffix.writeline("}")

    store_reduction.mended = True  # type: ignore[attr-defined]
    return store_reduction
