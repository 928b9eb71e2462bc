"""Ctrl+C in a terminal, while a browser has the page open and a job is drawn."""

import contextlib
import os
import pty
import shutil
import subprocess
import sys
import time
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


@contextlib.contextmanager
def open_page(folder: Path, port: int):
    """Open the page in a browser without a window; where there is none, a stream is opened as the page does."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
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
    taken, codes, unrecorded, texts = [], [], [], []
    for _ in range(times):
        terminal = Terminal(folder)
        try:
            with open_page(folder, terminal.port):
                wait_until(lambda terminal=terminal: "mutoscope_streams 0" not in terminal.http.get("/metrics").text)
                body = {"prompt": "slow", "width": 32, "height": 32, "n": 50}
                job = terminal.http.post("/api/jobs", json=body).raise_for_status().json()["id"]
                wait_until(
                    lambda job=job, terminal=terminal: (
                        terminal.http.get(f"/api/jobs/{job}").json()["state"] == "running"
                    )
                )
                start = time.monotonic()
                terminal.press(CTRL_C)
                codes.append(terminal.process.wait(30))
                taken.append(time.monotonic() - start)
            texts.append(terminal.read())
        finally:
            terminal.close()
        with served(folder / "data", "--threads", "1") as server:
            if server.wait(job, 30, ("running", "failed", "cancelled"))["state"] != "running":
                unrecorded.append(job)
            server.http.delete(f"/api/jobs/{job}")
    slow, loud = max(taken), sum("Traceback" in text or "Exception" in text for text in texts)
    bars = [
        Bar("slowest exit after one Ctrl+C", f"{slow:.2f} s", f"<= {MOST_SECONDS:g} s", slow <= MOST_SECONDS),
        Bar("exit codes other than 0", f"{sum(code != 0 for code in codes)} of {times}", "0", not any(codes)),
        Bar("running jobs that were not recorded", f"{len(unrecorded)} of {times}", "0", not unrecorded),
        Bar("tracebacks in the terminal", f"{loud}", "0", loud == 0),
    ]
    browser = (
        "a browser with the page open" if shutil.which("chromium") or shutil.which("google-chrome") else "a stream open"
    )
    done = (
        f"{times} servers, each in a terminal of its own with {browser} and a job half drawn, got one Ctrl+C; "
        "the next server of the folder drew on."
    )
    return Measured(done, bars, {"seconds": [round(seconds, 2) for seconds in taken]})
