"""Ctrl+C in a terminal, while a browser has the page open and a job is drawn."""

import contextlib
import os
import pty
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

import serve_engine
from reliability.kills import free_port
from reliability.measured import ROOT, Bar, Measured
from serving import served

NAME, WHAT = "ctrl_c", "Ctrl+C in a terminal with the page open"
FULL: dict[str, Any] = {"times": 10}
SHORT: dict[str, Any] = {"times": 1}
MOST_SECONDS = 2.0
WAIT_SECONDS = 60.0
CTRL_C = b"\x03"


class Terminal:
    """A server in a terminal of its own."""

    def __init__(self, folder: Path):
        if not (folder / "plugin").exists():
            serve_engine.install(folder / "plugin")
        paths = os.pathsep.join([str(folder / "plugin"), str(ROOT / "src")])
        self.port = free_port()
        command = [sys.executable, "-m", "mutoscope", "serve", "--port", str(self.port), "--folder", str(folder / "data"),
                   "--model", "fake:0", "--threads", "1"]  # fmt: skip
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", *command], stdin=theirs, stdout=theirs, stderr=theirs,
            env={**os.environ, "PYTHONPATH": paths, "MUTOSCOPE_FAKE_FOLDER": str(folder)},
        )  # fmt: skip
        os.close(theirs)
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=10, trust_env=False)
        wait_until(self.is_up)

    def is_up(self) -> bool:
        """Whether it answers."""
        try:
            return self.http.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def press(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._ours, keys)

    def read(self) -> str:
        """Return what stands in the terminal."""
        text = b""
        with contextlib.suppress(OSError):  # the end, on Linux
            while data := os.read(self._ours, 1 << 16):
                text += data
        return text.decode(errors="replace")

    def close(self) -> None:
        """End it in any case."""
        self.http.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._ours)


def wait_until(is_so: Any, seconds: float = WAIT_SECONDS) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise RuntimeError("it does not happen")
        time.sleep(0.05)


def find_browser() -> str | None:
    """Return a browser of this machine."""
    return shutil.which("chromium") or shutil.which("google-chrome")


@contextlib.contextmanager
def open_page(folder: Path, port: int):
    """Open the page in a browser without a window; where there is none, a stream is opened as the page does."""
    browser = find_browser()
    if browser is None:
        from reliability.observing import open_stream

        with contextlib.closing(open_stream(port)):
            yield
        return
    words = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--remote-debugging-port=0",
        f"--user-data-dir={folder / 'browser'}",
    ]
    process = subprocess.Popen(
        [browser, *words, f"http://127.0.0.1:{port}/"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def measure(folder: Path, times: int) -> Measured:
    """Press Ctrl+C so often."""
    ends, unrecorded = [], 0
    for _ in range(times):
        ends.append(end := press_once(folder))
        with served(folder / "data", "--threads", "1") as server:
            unrecorded += server.wait(end.job, 30, ("running", "failed", "cancelled"))["state"] != "running"
            server.http.delete(f"/api/jobs/{end.job}")
    slow = max(end.seconds for end in ends)
    failed, loud = (
        sum(end.code != 0 for end in ends),
        sum("Traceback" in end.text or "Exception" in end.text for end in ends),
    )
    bars = [
        Bar("slowest exit after one Ctrl+C", f"{slow:.2f} s", f"<= {MOST_SECONDS:g} s", slow <= MOST_SECONDS),
        Bar("exit codes other than 0", f"{failed} of {times}", "0", not failed),
        Bar("running jobs that were not recorded", f"{unrecorded} of {times}", "0", not unrecorded),
        Bar("tracebacks in the terminal", f"{loud}", "0", loud == 0),
    ]
    page = "a browser that has the page open" if find_browser() else "an open stream"
    done = (
        f"{times} servers, each in a terminal of its own, with {page} and a job half drawn, got one Ctrl+C; "
        "the next server of the folder drew on."
    )
    return Measured(done, bars, {"seconds": [round(end.seconds, 2) for end in ends]})


@dataclass(frozen=True)
class End:
    """How a server ended."""

    seconds: float
    code: int
    text: str  # that stood in the terminal
    job: str  # that was drawn


def press_once(folder: Path) -> End:
    """Press Ctrl+C where the page is open and a job is drawn."""
    terminal = Terminal(folder)

    def is_running(job: str) -> bool:
        return terminal.http.get(f"/api/jobs/{job}").json()["state"] == "running"

    try:
        with open_page(folder, terminal.port):
            wait_until(lambda: "mutoscope_streams 0" not in terminal.http.get("/metrics").text)
            body = {"prompt": "slow", "width": 32, "height": 32, "n": 50}
            job = terminal.http.post("/api/jobs", json=body).raise_for_status().json()["id"]
            wait_until(lambda: is_running(job))
            start = time.monotonic()
            terminal.press(CTRL_C)
            code = terminal.process.wait(30)
            return End(time.monotonic() - start, code, terminal.read(), job)
    finally:
        terminal.close()
