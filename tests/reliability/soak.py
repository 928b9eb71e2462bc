"""An hour of everything that clients do, while memory and descriptors of the server and its worker are looked at."""

import contextlib
import random
import socket
import statistics
import time
from pathlib import Path
from typing import Any

import httpx

from reliability.measured import Bar, Measured
from reliability.observing import Every, descriptors_of, memory_of, open_stream, slope
from serving import Served, served

NAME, WHAT = "soak", "An hour of work"
FULL: dict[str, Any] = {"seconds": 3600, "jobs": 1200}
SHORT: dict[str, Any] = {"seconds": 6, "jobs": 24, "model": "fake:0"}
WARM_SHARE = 0.25  # of the time, after which memory must not grow: models are opened, caches are full
SAMPLES = 240
MOST_GROWTH = 3.0  # per cent of its memory an hour
KINDS = ("picture",) * 5 + ("pictures", "clip", "cancelled", "removed", "draw")


class Work:
    """What clients do: every kind of job in turn, what belongs to it, and requests that are refused."""

    def __init__(self, server: Served, rng: random.Random):
        self._server, self._rng = server, rng
        self.ended: dict[str, int] = {}
        self.lost: list[str] = []

    def do(self, kind: str) -> None:
        """Order one job and see it to its end."""
        size = {"width": 64, "height": 64, "seed": self._rng.getrandbits(31), "num_inference_steps": 2}
        try:
            state = getattr(self, f"_{kind}")(size)
        except (httpx.TransportError, httpx.HTTPStatusError) as error:
            self.lost.append(f"{kind}: {error!r}; exit code of the server {self._server.process.poll()}")
            state = "cut off"
        self.ended[state] = self.ended.get(state, 0) + 1
        self._server.http.get("/api/jobs", params={"limit": 20, "words": "lake"}).raise_for_status()
        refused = self._server.http.post("/api/jobs", content=b'{"prompt": "a", "seed": NaN}')
        if refused.status_code // 100 != 4:
            self.lost.append(f"a wrong body was answered with {refused.status_code}")

    def _picture(self, size: dict[str, int], **more: Any) -> str:
        job = self._server.wait(self._server.make("a lake at dawn", **size, **more), 120)
        for result in job["results"]:
            data = self._server.http.get(result["url"]).raise_for_status().content
            if len(data) != result["bytes"]:
                self.lost.append(result["id"])
            self._server.http.get(f"{result['url']}/thumbnail").raise_for_status()
        if job["state"] != "done" or len(job["results"]) != more.get("n", 1):
            self.lost.append(job["id"])
        return job["state"]

    def _pictures(self, size: dict[str, int]) -> str:
        return self._picture(size, n=3, format="webp")

    def _clip(self, size: dict[str, int]) -> str:
        return self._picture(size, kind="video", num_frames=4, format="gif")

    def _draw(self, size: dict[str, int]) -> str:
        self._server.http.post("/api/draw", json={"prompt": "a hill", **size}).raise_for_status()
        return "done"

    def _cancelled(self, size: dict[str, int]) -> str:
        name = self._server.make("a sea", n=8, **size)
        self._server.http.post(f"/api/jobs/{name}/cancel")
        return self._server.wait(name)["state"]

    def _removed(self, size: dict[str, int]) -> str:
        name = self._server.make("a wood", **size)
        self._server.wait(name, 120)
        self._server.http.delete(f"/api/jobs/{name}").raise_for_status()
        if self._server.http.get(f"/api/jobs/{name}").status_code != 404:
            self.lost.append(name)
        return "removed"


class Visitors:
    """Listeners as browsers are: one stays, one comes and goes, one reads nothing."""

    def __init__(self, server: Served):
        self._server = server
        self._faithful, self._silent = open_stream(server.port), open_stream(server.port, buffer=4096)
        self._guest = open_stream(server.port)

    def look(self) -> None:
        """Read what there is; let the guest leave and come again."""
        self._faithful.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while self._faithful.recv(1 << 20):
                pass
        self._guest.close()
        self._guest = open_stream(self._server.port)

    def leave(self) -> None:
        """Close all."""
        for one in (self._faithful, self._silent, self._guest):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


class Samples:
    """Memory and descriptors through the time."""

    def __init__(self, server: Served):
        (worker,) = server.worker_pids()
        self._pids = {"server": server.process.pid, "worker": worker}
        self._start = time.monotonic()
        self.rows: list[dict[str, float]] = []

    def take(self) -> None:
        """Look once."""
        row: dict[str, float] = {"seconds": round(time.monotonic() - self._start, 1)}
        for name, pid in self._pids.items():
            row[f"{name}_mb"], row[f"{name}_descriptors"] = round(memory_of(pid), 2), descriptors_of(pid)
        self.rows.append(row)

    def growth(self, name: str) -> float:
        """Return by how many per cent of itself a column grows in an hour, after the first part of the time."""
        rows = self._warm()
        points = [(row["seconds"] / 3600, row[name]) for row in rows]
        return 100 * slope(points) / statistics.fmean(row[name] for row in rows)

    def rise(self, name: str) -> float:
        """Return how much higher the median of a column is in the last third than in the first, after the first part of the time."""
        values = [row[name] for row in self._warm()]
        third = max(1, len(values) // 3)
        return statistics.median(values[-third:]) - statistics.median(values[:third])

    def _warm(self) -> list[dict[str, float]]:
        end = self.rows[-1]["seconds"]
        return [row for row in self.rows if row["seconds"] >= WARM_SHARE * end]


def measure(folder: Path, seconds: float = 3600, jobs: int = 1200, model: str = "embedded") -> Measured:
    """Work for so long, and look at memory and descriptors meanwhile."""
    with served(folder / "data", "--threads", "1", model=model) as server:
        work, visitors = Work(server, random.Random(3)), Visitors(server)
        server.wait(server.make(width=64, height=64), 120)
        samples = Samples(server)
        looks = Every(seconds / SAMPLES, samples.take)
        calls = Every(min(30.0, seconds / 5), visitors.look)
        looks.start()
        calls.start()
        start = time.monotonic()
        for number in range(jobs):
            work.do(KINDS[number % len(KINDS)])
            time.sleep(max(0.0, start + (number + 1) * seconds / jobs - time.monotonic()))
        looks.stop()
        calls.stop()
        visitors.leave()
        taken = time.monotonic() - start
        complaints = [line for line in server.complaints.splitlines() if "Traceback" in line or "Error" in line]
    return report(work, samples, taken, complaints)


def report(work: Work, samples: Samples, taken: float, complaints: list[str]) -> Measured:
    """Return what was found."""
    total = sum(work.ended.values())
    bars = [Bar("jobs that did not end as they should", f"{len(work.lost)} of {total:,}", "0", not work.lost)]
    for name in ("server", "worker"):
        growth, rise = samples.growth(f"{name}_mb"), samples.rise(f"{name}_descriptors")
        bars += [
            Bar(f"growth of the {name}'s memory", f"{growth:+.2f} % an hour", f"< {MOST_GROWTH:g} %", growth < MOST_GROWTH),
            Bar(f"descriptors more than before, {name}", f"{rise:+.0f}", "0", rise <= 0),
        ]  # fmt: skip
    bars.append(Bar("tracebacks in the server's output", str(len(complaints)), "0", not complaints))
    done = (
        f"{total:,} jobs in {taken / 60:.0f} minutes: pictures, several pictures, clips, cancelled ones, removed ones, each with a "
        "list, a download, a thumbnail and a wrong body, while one listener stays, one comes and goes and one reads nothing. "
        f"Growth is the least-squares line through {len(samples.rows)} samples after the first quarter."
    )
    return Measured(done, bars, {"ended": work.ended, "lost": work.lost, "samples": samples.rows})
