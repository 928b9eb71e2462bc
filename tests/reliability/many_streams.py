"""Two hundred listeners and a thousand jobs that wait: nothing is lost, and others are still answered at once."""

import time
from dataclasses import dataclass
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


@dataclass
class Seen:
    """What was seen of one run."""

    states: dict[str, str]  # of the jobs, at the end
    listeners: Listeners
    answers: list[tuple[float, float]]  # when each came, and the seconds that it took
    marks: dict[
        str, float
    ]  # "began", "freed": nothing is in the way of the jobs, "ended", "told": every listener knows
    cpu: dict[str, float]  # seconds of a core that the server had used, at the same marks
    waited: float  # jobs
    megabytes: float  # of the server's memory


def measure(folder: Path, streams: int, jobs: int, model: str = "fake:0") -> Measured:
    """Let jobs wait behind slow ones, then be drawn, while streams are read and /healthz is asked."""
    words = ("--max-queue", str(jobs + BLOCKERS), "--threads", "1", "--model", "fake:0")
    with served(folder / "data", *words, model=model) as server:
        seen = watch(server, streams, jobs)
    return report(seen, streams, jobs)


def watch(server: Served, streams: int, jobs: int) -> Seen:
    """Do it, and return what was seen."""
    marks, cpu = {}, {}

    def mark(name: str) -> None:
        marks[name], cpu[name] = time.monotonic(), cpu_of(server.process.pid)

    blockers = [server.make("slow", n=64, model="fake") for _ in range(BLOCKERS)]
    server.wait(blockers[0], states=("running",))
    sockets = open_streams(server, streams)
    listeners, asker = Listeners(sockets), Asker(server.port)
    listeners.start()
    mark("began")
    names = [server.make(seed=number) for number in range(jobs)]
    waited, megabytes = metric(server, 'mutoscope_jobs{state="queued"}'), memory_of(server.process.pid)
    mark("freed")
    for blocker in blockers:
        server.http.post(f"/api/jobs/{blocker}/cancel")
    wait_for_all(server)
    mark("ended")
    wait_for_notes(listeners)
    mark("told")
    answers = asker.stop()
    listeners.stop()
    states = {name: server.job(name)["state"] for name in names}
    for one in sockets:
        one.close()
    return Seen(states, listeners, answers, marks, cpu, waited, megabytes)


def report(seen: Seen, streams: int, jobs: int) -> Measured:
    """Return what was found."""
    marks, cpu = seen.marks, seen.cpu
    lost = [name for name, state in seen.states.items() if state != "done"]
    wrong = [place for place, numbers in enumerate(seen.listeners.numbers) if not is_whole(numbers, jobs)]
    phases = {
        name: [seconds for at, seconds in seen.answers if marks[first] <= at < marks[last]]
        for name, first, last in (("taking", "began", "freed"), ("drawing", "freed", "told"))
    }
    slow = percentile([seconds for times in phases.values() for seconds in times], 0.99)
    bars = [
        Bar("jobs lost", f"{len(lost)} of {jobs:,}", "0", not lost),
        Bar("listeners that missed an event or got one twice", f"{len(wrong)} of {streams}", "0", not wrong),
        Bar("`/healthz`, 99 of 100 answers", f"{slow * 1000:.0f} ms", f"< {MOST_SECONDS * 1000:.0f} ms", slow < MOST_SECONDS),
    ]  # fmt: skip
    taking, drawing = marks["freed"] - marks["began"], marks["ended"] - marks["freed"]
    figures = {
        "jobs_that_waited": seen.waited,
        "milliseconds": {name: quartiles(times) for name, times in phases.items() if times},
        "seconds_of_a_core_that_the_server_used": round(cpu["told"] - cpu["began"], 1),
        "megabytes_sent": round(seen.listeners.bytes / 1e6),
        "megabytes_of_the_server": round(seen.megabytes, 1),
    }
    done = (
        f"{streams} open streams of all events; {seen.waited:,.0f} jobs were taken in {taking:.0f} s and waited behind slow ones, then "
        f"were drawn in {drawing:.0f} s; {len(seen.answers)} questions to `/healthz`, each on a new connection, by a process of its own. "
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


def wait_for_notes(listeners: Listeners, seconds: float = 30) -> None:
    """Wait until all listeners have heard of the last change, or nothing more comes."""
    end = time.monotonic() + seconds
    while len({numbers[-1] for numbers in listeners.numbers if numbers}) > 1 and time.monotonic() < end:
        time.sleep(0.05)


def is_whole(numbers: list[int], jobs: int) -> bool:
    """Whether a listener got every state and result of so many jobs, each once, in their order."""
    return numbers == sorted(set(numbers)) and len(numbers) >= NOTES_OF_A_JOB * jobs
