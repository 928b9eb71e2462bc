"""Device, threads, PyTorch: what this machine offers."""

import contextlib
import importlib.util
import json
import math
import os
import platform
from functools import cache
from pathlib import Path
from typing import Any

from mutoscope.errors import MissingExtraError
from mutoscope.paths import settings_folder

MAX_DEFAULT_THREADS = 8  # the products of one picture are too small for more, where nobody has measured it
THREADS_FILE = "threads.json"  # among the user's settings: what was measured here
CGROUPS = Path("/sys/fs/cgroup")
CPUS = Path("/sys/devices/system/cpu")
CPU_FEATURES = (
    "avx", "avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimd", "asimddp", "sve",
)  # fmt: skip


def thread_count() -> int:
    """Return how many threads to compute with: MUTOSCOPE_THREADS, else as many free cores as help.

    Free are the physical cores that this process may run on, as far as its container's quota goes. How many of them help is
    measured by `mutoscope bench --calibrate`; where it has not been, MAX_DEFAULT_THREADS.
    """
    return asked_threads() or min(free_cores(), measured_threads() or MAX_DEFAULT_THREADS)


def asked_threads() -> int | None:
    """Return MUTOSCOPE_THREADS; None where it is no whole number above 0."""
    asked = os.environ.get("MUTOSCOPE_THREADS", "")
    return int(asked) or None if asked.isascii() and asked.isdigit() else None


def free_cores() -> int:
    """Return how many cores there are to compute with, at least 1."""
    return max(1, math.ceil(min(physical_cores(), cpu_quota())))


def measured_threads() -> int | None:
    """Return how many threads were found to help on this processor; None where that was not measured, or on another one."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        found = json.loads((settings_folder() / THREADS_FILE).read_text("utf-8"))
        threads = found.get("threads")
        if found.get("processor") == cpu_name() and type(threads) is int and threads > 0:
            return threads
    return None


def usable_cpus() -> set[int]:
    """Return the numbers of the hardware threads that this process may run on."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))


def physical_cores() -> int:
    """Return how many cores this process may run on; two hardware threads of a core count once, for they share its units."""
    cores = set()
    for cpu in usable_cpus():
        try:
            cores.add((CPUS / f"cpu{cpu}/topology/thread_siblings_list").read_text().strip())
        except OSError:  # not told here: a core of its own
            cores.add(str(cpu))
    return len(cores)


def cpu_quota() -> float:
    """Return how many CPUs' time the container of this process may use; infinity without a limit. Linux, cgroups 1 and 2."""
    try:
        quota, period = (CGROUPS / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota, period = (
                (CGROUPS / "cpu" / f"cpu.cfs_{name}_us").read_text().strip() for name in ("quota", "period")
            )
        except OSError:
            return math.inf
    if not (quota.isdigit() and period.isdigit() and int(quota) and int(period)):  # "max", or -1
        return math.inf
    return int(quota) / int(period)


def cpu_name() -> str:
    """Return the processor's name as the system tells it."""
    return _cpu_facts().get("model name") or platform.processor() or platform.machine() or "unknown processor"


def cpu_features() -> list[str]:
    """Return those instruction sets of this processor that make drawing quicker; [] where the system does not tell."""
    facts = _cpu_facts()
    flags = set((facts.get("flags") or facts.get("features") or "").split())
    return [name for name in CPU_FEATURES if name in flags]


def _cpu_facts() -> dict[str, str]:
    """Return what Linux says of the last core; {} elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    return {key.strip().lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)}


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


def need_export(extra: str = "export") -> None:
    """Raise MissingExtraError, which names `extra`, where what the export of a checkpoint needs is not installed; imports nothing."""
    need_torch(extra)
    for library in ("onnx", "onnxscript"):
        if importlib.util.find_spec(library) is None:
            raise MissingExtraError(library, extra)


def cuda_devices() -> tuple[str, ...]:
    """Return the names of the GPUs that PyTorch knows, () without PyTorch."""
    if importlib.util.find_spec("torch") is None:
        return ()
    import torch

    return tuple(f"cuda:{number}" for number in range(torch.cuda.device_count()))
