"""What a measurement found, and where: kept as one JSON file each, of which the page is made."""

import json
import os
import platform
import sqlite3
import subprocess
import time
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
LIBRARIES = ("fastapi", "starlette", "uvicorn", "h11", "pydantic", "numpy")


@dataclass(frozen=True)
class Bar:
    """One figure beside what it must be."""

    what: str
    got: str
    must_be: str
    is_met: bool


@dataclass(frozen=True)
class Measured:
    """What one measurement found."""

    done: str  # a sentence or two: what was done, how often
    bars: list[Bar]
    figures: dict[str, Any] = field(default_factory=dict)  # everything else that was counted


def cpu_name() -> str:
    """Return the name of the processor, as far as the system tells it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def commit() -> str:
    """Return the commit that was measured, with a plus where the code differs from it; nothing where this is no checkout."""
    git = ["git", "-C", str(ROOT)]
    name = subprocess.run([*git, "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True).stdout.strip()
    differs = name and subprocess.run([*git, "diff", "--quiet", "HEAD", "--", "src", "tests"]).returncode
    return f"{name}+" if differs else name


def describe_machine() -> dict[str, Any]:
    """Return what a figure depends on besides the program."""
    found = {}
    for name in ("mutoscope", *LIBRARIES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "may_use": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "versions": found,
        "commit": commit(),
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def keep(path: Path, name: str, words: dict[str, Any], is_short: bool, began: float, found: Measured) -> None:
    """Write what was found into a file."""
    told = {
        "name": name,
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(began)),
        "seconds": round(time.time() - began, 1),
        "short": is_short,
        "words": words,
        "machine": describe_machine(),
        **asdict(found),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def percentile(values: list[float], share: float) -> float:
    """Return the value below which a share of the values lies.

    >>> percentile([5.0, 1.0, 3.0, 2.0, 4.0], 0.5)
    3.0
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
