"""Two hundred listeners and a thousand jobs that wait: nothing is lost, and others are still answered at once."""

import time
from pathlib import Path
from typing import Any

from reliability.asking import Asker
from reliability.measured import Bar, Measured, percentile
from reliability.observing import Listeners, cpu_of, memory_of, metric, open_streams
from serving import Served, served

NAME, WHAT = "many_streams", "Many listeners, many jobs"
FULL: dict[str, Any] = {"streams": 200, "jobs": 1000}
SHORT: dict[str, Any] = {"streams": 20, "jobs": 30}
BLOCKERS = 6  # jobs of a minute each, behind which the others wait; cancelled when those are there
MOST_SECONDS = 0.1  # for 99 of 100 answers
NOTES_OF_A_JOB = 4  # queued, running, result, done


def measure(folder: Path, streams: int, jobs: int, model: str = "fake:0") -> Measured:
    """Let jobs wait behind one that is slow, then be drawn, while streams are read and /healthz is asked."""
    with served(
        folder / "data", "--max-queue", str(jobs + BLOCKERS), "--threads", "1", "--model", "fake:0", model=model
    ) as server:
        blockers = [server.make("slow", n=64, model="fake") for _ in range(BLOCKERS)]
        server.wait(blockers[0], states=("running",))
        sockets = open_streams(server, streams)
        listeners, asker = Listeners(sockets), Asker(server.port)
        listeners.start()
        began, before = time.monotonic(), cpu_of(server.process.pid)
        names = [server.make(seed=number) for number in range(jobs)]
        waited, peak = metric(server, 'mutoscope_jobs{state="queued"}'), memory_of(server.process.pid)
        freed = time.monotonic()
        cpu = [cpu_of(server.process.pid)]
        for blocker in blockers:
            server.http.post(f"/api/jobs/{blocker}/cancel")
        wait_for_all(server)
        ended, cpu = time.monotonic(), [*cpu, cpu_of(server.process.pid)]
        last = wait_for_notes(listeners)
        taken = asker.stop()
        listeners.stop()
        states = {name: server.job(name)["state"] for name in names}
        for one in sockets:
            one.close()
    lost = [name for name, state in states.items() if state != "done"]
    wrong = [place for place, numbers in enumerate(listeners.numbers) if not is_whole(numbers, jobs)]
    phases = {
        "taking": [s for at, s in taken if began <= at < freed],
        "drawing": [s for at, s in taken if freed <= at < last],
    }
    slow = percentile([seconds for times in phases.values() for seconds in times], 0.99)
    bars = [
        Bar("jobs lost", f"{len(lost)} of {jobs:,}", "0", not lost),
        Bar("listeners that missed an event or got one twice", f"{len(wrong)} of {streams}", "0", not wrong),
        Bar("`/healthz`, 99 of 100 answers", f"{slow * 1000:.0f} ms", f"< {MOST_SECONDS * 1000:.0f} ms", slow < MOST_SECONDS),
    ]  # fmt: skip
    figures = {
        "jobs_that_waited": waited,
        "answers": len(taken),
        "milliseconds": {name: quartiles(times) for name, times in phases.items() if times},
        "seconds_taking": round(freed - began, 1),
        "seconds_drawing": round(ended - freed, 1),
        "seconds_until_every_listener_knew": round(last - ended, 2),
        "server_cpu_seconds": {"taking": round(cpu[0] - before, 2), "drawing": round(cpu[1] - cpu[0], 2)},
        "megabytes_sent": round(listeners.bytes / 1e6),
        "server_mb": round(peak, 1),
    }
    done = (
        f"{streams} open streams of all events; {waited:,.0f} jobs were taken in {freed - began:.0f} s and waited behind a slow one, then "
        f"were drawn in {ended - freed:.0f} s; {len(taken)} questions to `/healthz`, each on a new connection, by a process of its own. "
        "Listeners, questions, server and worker share the cores."
    )
    return Measured(done, bars, figures)


def quartiles(times: list[float]) -> dict[str, float]:
    """Return how long answers took, milliseconds."""
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
    return {name: round(percentile(times, share) * 1000, 1) for name, share in shares.items()} | {
        "max": round(max(times) * 1000, 1)
    }


def wait_for_all(server: Served, seconds: float = 1200) -> None:
    """Wait until no job waits or runs."""
    end = time.monotonic() + seconds
    while any(metric(server, f'mutoscope_jobs{{state="{state}"}}') for state in ("queued", "running")):
        if time.monotonic() > end:
            raise RuntimeError("the jobs are not drawn in time")
        time.sleep(0.5)


def wait_for_notes(listeners: Listeners, seconds: float = 30) -> float:
    """Wait until all listeners have heard of the last change or nothing more comes; return when."""
    end = time.monotonic() + seconds
    while len({numbers[-1] for numbers in listeners.numbers if numbers}) > 1 and time.monotonic() < end:
        time.sleep(0.05)
    return time.monotonic()


def is_whole(numbers: list[int], jobs: int) -> bool:
    """Whether a listener got every state and result of so many jobs, each once, in their order."""
    return numbers == sorted(set(numbers)) and len(numbers) >= NOTES_OF_A_JOB * jobs
