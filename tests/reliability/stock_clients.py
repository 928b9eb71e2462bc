"""Clients that others wrote, against real server processes: their tests are run, and every one must pass."""

import os
import subprocess
import sys
import xml.etree.ElementTree as Tree
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

from reliability.measured import ROOT, Bar, Measured

NAME, WHAT = "stock_clients", "Clients that others wrote"
CLIENTS = {  # file of tests: who asks, by the name of its distribution
    "test_serve_openai": "openai",
    "test_serve_a1111": "webuiapi",
    "test_mcp": "mcp",
}
FULL: dict[str, Any] = {"files": tuple(CLIENTS)}
SHORT: dict[str, Any] = {"files": ("test_mcp",)}


def measure(folder: Path, files: tuple[str, ...]) -> Measured:
    """Run the tests of clients."""
    record = folder / "tests.xml"
    words = [
        "-q",
        "-p",
        "no:cacheprovider",
        "-m",
        "not slow",
        f"--junitxml={record}",
        *(f"tests/{name}.py" for name in files),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *words], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    if not record.exists():
        raise RuntimeError(f"the tests did not run:\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    passed, failed = Counter[str](), []
    for case in Tree.parse(record).iter("testcase"):
        file = case.get("classname", "").split(".")[1]
        if [part.tag for part in case if part.tag in ("failure", "error", "skipped")]:
            failed.append(f"{file}: {case.get('name')}")
        else:
            passed[file] += 1
    bars = [
        Bar(
            f"`{CLIENTS[name]}` {version(CLIENTS[name])}: tests that passed",
            f"{passed[name]}",
            "all",
            is_whole(name, passed, failed),
        )
        for name in files
    ]
    done = (
        "The stock client of each protocol against server processes of its own: pictures, edits with masks, streams with partial pictures, "
        "clips from order to removal, models; the A1111 routes; the tools of MCP. Our own engine `openai:` draws through the server too."
    )
    return Measured(done, bars, {"failed": failed})


def is_whole(file: str, passed: Counter[str], failed: list[str]) -> bool:
    """Whether every test of a file has passed."""
    return passed[file] > 0 and not any(name.startswith(f"{file}:") for name in failed)
