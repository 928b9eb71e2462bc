"""Device, threads, PyTorch: what this machine offers."""

import importlib.util
import os
import platform
from functools import cache
from pathlib import Path
from typing import Any

from mutoscope.errors import MissingExtraError


def thread_count() -> int:
    """Return how many threads to compute with: MUTOSCOPE_THREADS, else the cores this process may use, at most 8."""
    asked = os.environ.get("MUTOSCOPE_THREADS", "")
    if asked.isascii() and asked.isdigit() and int(asked) > 0:
        return int(asked)
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        cores = os.cpu_count() or 1
    return max(1, min(8, cores))


def cpu_name() -> str:
    """Return the processor's name as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", errors="replace").splitlines()
    except OSError:  # not Linux
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.lower().startswith("model name")]
    return names[0] if names and names[0] else platform.processor() or platform.machine() or "unknown processor"


def autocast(device_type: str, enabled: bool = True) -> Any:
    """Return a context in which PyTorch multiplies in bfloat16 where that is faster: on GPUs, on CPUs with instructions for it.

    Elsewhere, and when not `enabled`, it changes nothing: a CPU without them takes ten times as long as in float32 (dev/log.md).
    """
    import torch

    return torch.autocast(
        device_type, dtype=torch.bfloat16, enabled=enabled and (device_type != "cpu" or has_bfloat16())
    )


@cache
def has_bfloat16() -> bool:
    """Say whether this CPU multiplies in bfloat16 (AMX, AVX-512 BF16, or Arm's BF16)."""
    import torch

    able = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return any(able.get(name) for name in ("amx_bf16", "avx512_bf16", "bf16"))


def need_torch(extra: str = "torch") -> None:
    """Raise MissingExtraError, which names `extra`, where PyTorch is not installed; imports nothing."""
    if importlib.util.find_spec("torch") is None:
        raise MissingExtraError("PyTorch", extra)
