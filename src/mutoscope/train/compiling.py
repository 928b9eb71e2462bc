"""torch.compile in training: kernels that fuse what eager mode writes to memory and reads again.

A nano transformer trains 1.6 times as fast on a CPU with matrix units (dev/log.md). Shapes are compiled one by one, half a minute
each at first and seconds later, from PyTorch's own cache; so batches should come in few shapes.

A run that is killed while it compiles leaves a cut library in that cache, and PyTorch would stumble over it for ever: such files
are taken out first. What still cannot be compiled or loaded is tried once more and then runs as it is written, with a warning.
"""

import contextlib
import logging
import shutil
import struct
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mutoscope.errors import SettingError

COMPILERS = ("g++", "clang++", "c++")
MAX_SHAPES = 64  # compiled for one module
ELF, ELF_HEADER = b"\x7fELF\x02", 64  # how a library of 64-bit Linux begins, and the bytes of its header

logger = logging.getLogger(__name__)


def compile_modules(modules: Iterable[nn.Module], device: torch.device) -> None:
    """Compile the forward of each module in place; SettingError where a CPU's kernels cannot be built."""
    if device.type == "cpu":
        if not any(map(shutil.which, COMPILERS)):
            raise SettingError(f"compile=true needs a C++ compiler ({', '.join(COMPILERS)}) for a CPU; leave it out")
        _patch_inductor()
        sweep_cache()
    torch._dynamo.config.recompile_limit = MAX_SHAPES
    for module in modules:
        module.compile(dynamic=False)
        compiled = module._compiled_call_impl
        assert compiled is not None, "set by compile"
        module._compiled_call_impl = Guarded(  # pyright: ignore[reportAttributeAccessIssue] - called as the hook is
            module, compiled
        )


class Guarded:
    """The compiled forward of a module; the plain one from the call on at which compiling failed twice."""

    def __init__(self, module: nn.Module, compiled: Callable[..., Any]):
        self._plain, self._compiled, self.works = module._call_impl, compiled, True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.works:
            for last in (False, True):
                try:
                    return self._compiled(*args, **kwargs)
                except _failures() as error:
                    if last:
                        reason = str(error).strip().splitlines()[0][:200]
                        logger.warning("torch.compile failed, this model trains uncompiled: %s", reason)
                torch._dynamo.reset()
                sweep_cache()
            self.works = False
        return self._plain(*args, **kwargs)


def _failures() -> tuple[type[Exception], ...]:
    """Return what compiling raises, and loading what was compiled."""
    from torch._dynamo.exc import BackendCompilerFailed
    from torch._inductor.exc import CppCompileError

    return (BackendCompilerFailed, CppCompileError, OSError, ImportError)


def sweep_cache(folder: Path | None = None) -> list[Path]:
    """Delete the cut libraries of inductor's cache, of `folder` when given; returns them. One that is being made is left alone."""
    from torch._inductor.runtime.cache_dir_utils import cache_dir
    from torch.utils._filelock import FileLock

    folder = Path(folder or cache_dir())
    locks, swept = folder / "locks", []
    for path in sorted(folder.glob("*/*.so")):
        if is_whole(path):
            continue
        locks.mkdir(exist_ok=True)
        # inductor holds this lock while it builds
        with contextlib.suppress(TimeoutError, OSError), FileLock(str(locks / f"{path.name.split('.')[0]}.lock"), 0):
            if not is_whole(path):
                path.unlink(missing_ok=True)
                swept.append(path)
    return swept


def is_whole(library: Path) -> bool:
    """Say whether a library has all its bytes; elsewhere than on Linux, whether it has any."""
    size = library.stat().st_size
    if sys.platform != "linux":
        return size > 0
    with library.open("rb") as file:
        head = file.read(ELF_HEADER)
    if len(head) < ELF_HEADER or not head.startswith(ELF):
        return False
    (table,) = struct.unpack_from("<Q", head, 0x28)  # the section headers, which end the file
    width, count = struct.unpack_from("<HH", head, 0x3A)
    return 0 < table <= size - width * count


def eager() -> contextlib.AbstractContextManager[Any]:
    """Compiled modules run as written inside of this: for a few calls in shapes of their own."""
    return torch.compiler.set_stance("force_eager")


def _patch_inductor() -> None:
    """Let inductor store one bfloat16 sum twice: it declares the rounded value once a store, in one scope (torch 2.13)."""
    from torch._inductor.codegen.cpp import CppVecKernel

    if not hasattr(CppVecKernel.store_reduction, "_patched"):
        CppVecKernel.store_reduction = _with_own_scope(CppVecKernel.store_reduction)


def _with_own_scope(store: Callable[..., None]) -> Callable[..., None]:
    def store_reduction(kernel: Any, *args: Any) -> None:
        kernel.reduction_suffix.writeline("{")
        store(kernel, *args)
        kernel.reduction_suffix.writeline("}")

    store_reduction._patched = True  # pyright: ignore[reportFunctionMemberAccess] - a mark, so that it is patched once
    return store_reduction
