"""A real server in a process of its own, and a client, for the tests of `mutoscope serve`."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

import serve_engine

START_SECONDS = 60.0


class Served:
    """A server process, its address, and how to speak to it."""

    def __init__(self, folder: Path, *words: str, model: str = "fake:0", port: int = 0):
        self.folder = folder
        plugin = folder.parent / "plugin"
        if not plugin.exists():
            serve_engine.install(plugin)
        paths = [str(plugin), str(Path(__file__).parent.parent / "src")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "MUTOSCOPE_FAKE_FOLDER": str(folder.parent)}
        command = [
            sys.executable,
            "-m",
            "mutoscope",
            "serve",
            "--port",
            str(port),
            "--folder",
            str(folder),
            "--model",
            model,
        ]
        with open(folder.parent / "server.err", "a") as complaints:
            self.process = subprocess.Popen(
                [*command, *words], stdout=subprocess.PIPE, stderr=complaints, text=True, env=environment
            )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        assert self.address, (folder.parent / "server.err").read_text()
        base, _, fragment = self.address.partition("#token=")
        headers = {"Authorization": f"Bearer {fragment}"} if fragment else {}
        self.base = base.rstrip("/")
        self.port = int(self.base.rpartition(":")[2])
        self.http = httpx.Client(base_url=self.base, timeout=30.0, headers=headers, trust_env=False)
        self.wait_until_up()

    def wait_until_up(self) -> None:
        """Wait until it answers."""
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                return self.http.get("/healthz").raise_for_status() and None
            except httpx.HTTPError:
                assert time.monotonic() < end, "the server does not answer"
                time.sleep(0.05)

    @property
    def complaints(self) -> str:
        """What it wrote to stderr."""
        return (self.folder.parent / "server.err").read_text()

    def make(self, prompt: str = "a lake", **fields: Any) -> str:
        """Order a picture of 32 pixels; return the id of its job."""
        body = {"prompt": prompt, "seed": 1, "width": 32, "height": 32, **fields}
        answer = self.http.post("/api/jobs", json=body)
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]

    def job(self, job_id: str) -> dict[str, Any]:
        """Return a job."""
        return self.http.get(f"/api/jobs/{job_id}").raise_for_status().json()

    def wait(
        self, job_id: str, seconds: float = 30.0, states: tuple[str, ...] = ("done", "failed", "cancelled")
    ) -> dict[str, Any]:
        """Return a job when it is in one of `states`."""
        end = time.monotonic() + seconds
        while (job := self.job(job_id))["state"] not in states:
            assert time.monotonic() < end, job
            time.sleep(0.03)
        return job

    def worker_pids(self) -> list[int]:
        """Return the process ids of its workers."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                words = path.read_bytes().split(b"\0")
                if b"mutoscope.serve.worker" in words and str(self.process.pid).encode() in words:
                    found.append(int(path.parent.name))
        return found

    def end(self, number: int = signal.SIGTERM, seconds: float = 10.0) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def close(self) -> None:
        """End it in any case."""
        self.http.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextlib.contextmanager
def served(folder: Path, *words: str, **settings: Any) -> Iterator[Served]:
    """A server while a test runs."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    server = Served(folder, *words, **settings)
    try:
        yield server
    finally:
        server.close()


def read_events(lines: Iterator[str]) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Yield name, id (0 for none) and data of every event of a stream."""
    name, number = "", 0
    for line in lines:
        key, _, value = line.partition(": ")
        if key == "event":
            name = value
        elif key == "id":
            number = int(value)
        elif key == "data":
            yield name, number, json.loads(value)
        elif not line:
            name, number = "", 0
