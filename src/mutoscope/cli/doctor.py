"""The command `doctor`: what is installed, what will be used and why. Exit code 0 if this machine can draw, else 1."""

import importlib.util
import json
import os
import platform
import re
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from mutoscope.cli import arguments as ask
from mutoscope.cli.console import say, table
from mutoscope.device import cpu_features, cpu_name, measured_threads, thread_count, usable_cpus
from mutoscope.errors import MutoscopeError
from mutoscope.telemetry import import_onnxruntime

LIBRARIES = ("numpy", "onnxruntime", "safetensors", "pillow", "av", "typer", "rich", "torch")
EXTRAS = {  # extra -> modules it brings
    "torch": ("torch",),
    "export": ("torch", "onnx", "onnxscript"),
    "hub": ("torch", "diffusers", "transformers", "accelerate", "peft", "huggingface_hub", "ftfy"),
    "quantize": ("torchao",),
    "serve": ("fastapi", "starlette", "uvicorn", "h11", "python_multipart", "prometheus_client"),
    "datasets": ("datasets",),
    "tune": ("optuna", "matplotlib"),
}
TESTED = {  # library of [hub] -> from which version, and below which; as pyproject.toml has it
    "torch": ("2.10", ""),
    "diffusers": ("0.42", "0.44"),
    "transformers": ("5.17", "6"),
    "accelerate": ("1.10", ""),
    "peft": ("0.20", ""),
    "huggingface_hub": ("1.32", ""),
    "ftfy": ("6.3", ""),
}
ENOUGH_MEMORY = 500 * 2**20  # bytes a picture of the embedded model may take
ENOUGH_DISK = 100 * 2**20


@dataclass(frozen=True)
class Finding:
    """One line of the report; `needed` marks what drawing cannot do without."""

    name: str
    value: str
    good: bool = True
    needed: bool = False


def doctor(model: ask.Model = None, as_json: ask.Json = False) -> int:
    """Check this machine: what is installed, what will be used and why."""
    findings = examine(model)
    able = all(finding.good for finding in findings if finding.needed)
    if as_json:
        say(json.dumps({"able": able} | {f.name: {"value": f.value, "good": f.good} for f in findings}))
    else:
        table([(f.name, f.value if f.good else f"{f.value}  <- look here") for f in findings])
        say()
        say(
            "Everything drawing needs is here." if able else "This machine cannot draw yet; see the lines marked above."
        )
    return 0 if able else 1


def examine(model: str | Path | None = None) -> list[Finding]:
    """Return all findings, in the order they are read."""
    from mutoscope import __version__

    versions = [Finding(name, version(name) or "not installed") for name in LIBRARIES]
    return [
        Finding("mutoscope", __version__),
        Finding("python", f"{platform.python_version()} ({sys.executable})", sys.version_info >= (3, 11), needed=True),
        Finding("system", f"{platform.system()} {platform.release()} {platform.machine()}"),
        *versions,
        *(_extra(extra, modules) for extra, modules in EXTRAS.items()),
        find_plugins(),
        Finding("cpu", _cpu()),
        Finding("threads", _threads()),
        _memory(),
        _disk(),
        *_runtime(),
        *_model(model),
    ]


def version(distribution: str) -> str | None:
    """Return the installed version of a library without importing it."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _extra(extra: str, modules: tuple[str, ...]) -> Finding:
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        return Finding(f"extra [{extra}]", f"not installed; pip install 'mutoscope[{extra}]'")
    said, good = _versions() if extra == "hub" else ("installed", True)
    return Finding(f"extra [{extra}]", said, good)


def _versions() -> tuple[str, bool]:
    """Return the versions of the libraries that models made elsewhere run on, and whether they are among those that were tested."""
    found = {name: version(name) or "unknown" for name in TESTED}
    wrong = [
        f"{name} {found[name]}, tested are >={low}{high and f',<{high}'}"
        for name, (low, high) in TESTED.items()
        if _numbers(found[name]) < _numbers(low) or (high and _numbers(found[name]) >= _numbers(high))
    ]
    if wrong:
        return f"not tested with {'; '.join(wrong)}; pip install 'mutoscope[hub]' brings others", False
    return ", ".join(f"{name} {number}" for name, number in found.items()) + ": all within what was tested", True


def _numbers(text: str) -> tuple[int, ...]:
    """Return the numbers of a version, 5.17.0rc1 as (5, 17, 0); () for what is none.

    >>> _numbers("2.13.0+cpu") >= _numbers("2.10")
    True
    """
    found = re.match(r"\d+(\.\d+)*", text)
    return tuple(map(int, found[0].split("."))) if found else ()


def find_plugins() -> Finding:
    """Return the engines of other packages, by prefix."""
    from mutoscope.engines import plugins

    found = ", ".join(f"{prefix} ({package})" for prefix, package in sorted(plugins.list_plugins().items()))
    return Finding("engines of others", found or "none; docs/plugins.md")


def _cpu() -> str:
    return f"{cpu_name()}; {' '.join(cpu_features()) or 'features unknown'}"


def _threads() -> str:
    limit = os.environ.get("OMP_NUM_THREADS")
    source = ", as measured here" if measured_threads() else ""
    return f"{len(usable_cpus())} of {os.cpu_count()} usable, {thread_count()} by default{source}" + (
        f", OMP_NUM_THREADS={limit}" if limit else ""
    )


def _memory() -> Finding:
    facts = {
        line.split(":")[0]: line.split()[1] for line in _read("/proc/meminfo").splitlines() if len(line.split()) > 1
    }
    if "MemAvailable" not in facts:
        return Finding("memory", "unknown")
    free, total = (int(facts[key]) * 1024 for key in ("MemAvailable", "MemTotal"))
    return Finding("memory", f"{_size(free)} free of {_size(total)}", free >= ENOUGH_MEMORY)


def _disk() -> Finding:
    try:
        free = shutil.disk_usage(Path.cwd()).free
    except OSError as error:
        return Finding("disk", f"unknown ({error.strerror})", good=False)
    return Finding("disk", f"{_size(free)} free here", free >= ENOUGH_DISK)


def _runtime() -> list[Finding]:
    """Return the line about ONNX Runtime's providers and the one about the runtime that `auto` means."""
    try:
        providers = import_onnxruntime().get_available_providers()
    except Exception as error:
        providers, broken = [], f"cannot be imported ({type(error).__name__}: {error}); pip install onnxruntime"
    else:
        broken = ""
    torch = importlib.util.find_spec("torch") is not None
    if providers:
        choice = "onnx: it is installed and needs no PyTorch"
    else:
        choice = "torch: ONNX Runtime is not usable" if torch else "none; pip install onnxruntime"
    return [
        Finding("providers", ", ".join(providers) or broken, bool(providers)),
        Finding("runtime", choice, bool(providers) or torch, needed=True),
    ]


def _model(name: str | Path | None) -> list[Finding]:
    """Return the lines about a model; one that is no checkpoint of this package is opened without its weights."""
    from mutoscope.checkpoint import EMBEDDED
    from mutoscope.engines import EMBEDDED as EMBEDDED_NAME
    from mutoscope.engines import INDEXES, open_engine

    if name is None or name == EMBEDDED_NAME:
        return _checkpoint(EMBEDDED)
    folder = Path(name)
    if isinstance(name, Path) or (folder.is_dir() and not any((folder / index).is_file() for index in INDEXES)):
        return _checkpoint(folder)
    try:
        able = open_engine(name).capabilities
    except MutoscopeError as error:
        return [Finding("model", str(error), good=False, needed=True)]
    kind = "clips" if not able.pictures else "pictures and clips" if able.clips else "pictures"
    facts = [able.name, f"draws {kind}", able.made_with]
    return [Finding("model", ", ".join(fact for fact in facts if fact)), Finding("model hash", able.hash)]


def _checkpoint(folder: Path) -> list[Finding]:
    try:
        facts = verify(folder)
    except MutoscopeError as error:
        return [Finding("model", str(error), good=False, needed=True)]
    return [
        Finding(
            "model",
            f"{facts['name']}, preset {facts['preset']}, {_size(facts['bytes'])}, {facts['known_words']} known words ({folder})",
        ),
        Finding("model hash", f"{facts['hash']} ({facts['checked']} files checked)", facts["checked"] > 0, needed=True),
    ]


def verify(folder: Path) -> dict[str, Any]:
    """Return the facts of a checkpoint whose files have the hashes in its config.json; raises CheckpointError."""
    from mutoscope.checkpoint import open_checkpoint
    from mutoscope.cli.files import describe_checkpoint

    checkpoint = open_checkpoint(folder)
    return {**describe_checkpoint(folder), "checked": len(checkpoint.card["sha256"])}


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _size(count: float) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"


COMMANDS = {"doctor": (doctor, "\nmutoscope doctor\nmutoscope doctor --model runs/mine")}
