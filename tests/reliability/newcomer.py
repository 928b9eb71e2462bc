"""What somebody does who meets it for the first time: install it, start it, and type the three lines of docs/serve.md."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from reliability.measured import ROOT, Bar, Measured

NAME, WHAT = "newcomer", "The first three lines"
FULL: dict[str, Any] = {"installs": True}
SHORT: dict[str, Any] = {"installs": False}
START_SECONDS = 60.0
CLEAN = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")


def install(folder: Path) -> tuple[Path, float]:
    """Install the package with its server into a new environment; return its folder of programs and the seconds that it took."""
    start = time.monotonic()
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    programs = folder / "venv" / "bin"
    words = [
        str(programs / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        f"{ROOT}[serve]",
    ]
    subprocess.run(words, check=True, cwd=folder, stdout=subprocess.DEVNULL)
    return programs, time.monotonic() - start


def lines_of_the_page() -> list[str]:
    """Return the lines under the heading of three lines."""
    text = (ROOT / "docs" / "serve.md").read_text("utf-8").partition("## Three lines")[2]
    found = re.search(r"```\n(.*?)```", text, re.DOTALL)
    return found[1].strip().splitlines() if found else []


def measure(folder: Path, installs: bool) -> Measured:
    """Do what the page says, word for word but for the port where the usual one is taken."""
    programs, took = install(folder) if installs else (Path(sys.executable).parent, 0.0)
    environment = {name: value for name, value in os.environ.items() if name not in CLEAN or not installs}
    command = [str(programs / "python"), "-m", "mutoscope", "serve"]
    start = time.monotonic()
    server = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        up = time.monotonic() - start
        said = [
            subprocess.run(shlex.split(line), cwd=folder, capture_output=True, timeout=120)
            for line in lines_of_the_page()
        ]
        taken = time.monotonic() - start
        server.send_signal(signal.SIGINT)
        code = server.wait(10)
    finally:
        server.kill()
        server.communicate()
    picture = folder / "lake.png"
    is_picture = picture.exists() and picture.read_bytes().startswith(b"\x89PNG")
    reads_back = bool(said) and b"a lake at sunset" in said[-1].stdout
    bars = [
        Bar(
            "lines that worked",
            f"{sum(not one.returncode for one in said)} of {len(said)}",
            "all three",
            len(said) == 3 and is_picture,
        ),
        Bar("the picture says how it was made", "yes" if reads_back else "no", "yes", reads_back),
        Bar("exit code after Ctrl+C", f"{code}", "0", code == 0),
    ]
    figures = {
        "address": address,
        "seconds_until_the_address": round(up, 1),
        "seconds_until_the_third_line": round(taken, 1),
    }
    into = (
        f"A new environment (`pip install '.[serve]'`, {took:.0f} s), "
        if installs
        else "The environment that was there, "
    )
    return Measured(f"{into}`mutoscope serve`, and the three lines of docs/serve.md word for word.", bars, figures)
