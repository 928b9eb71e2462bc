"""Listeners that read nothing: others are told as before, and memory does not grow with what they leave lying."""

import socket
import time
from pathlib import Path
from typing import Any

from reliability.measured import Bar, Measured
from reliability.observing import Listeners, memory_of, open_stream, open_streams, streams_of
from serving import Served, served

NAME, WHAT = "stalled_readers", "Listeners that read nothing"
FULL: dict[str, Any] = {"silent": 50, "jobs": 200}
SHORT: dict[str, Any] = {"silent": 5, "jobs": 2, "waits": False}
PICTURES = 32  # of each job; each is an event of about a kilobyte
MOST_MEGABYTES = 20.0  # that memory may grow by
LEFT_SECONDS = 90.0  # until a connection is given up


def measure(folder: Path, silent: int, jobs: int, waits: bool = True) -> Measured:
    """Draw while some read and others do not."""
    with served(folder / "data", "--threads", "1") as server:
        warm_up(server)
        readers = open_streams(server, 2)
        mute = [open_stream(server.port, buffer=4096) for _ in range(silent)]
        listeners = Listeners(readers)
        listeners.start()
        before = memory_of(server.process.pid)
        peak, delays = before, []
        for number in range(jobs):
            job = server.wait(server.make(f"a lake {number}", n=PICTURES), 120)
            delays.append(delay_until_told(listeners, job))
            peak = max(peak, memory_of(server.process.pid))
        listeners.stop()
        left = wait_until_left(server, len(readers)) if waits else 0
        close_all(mute + readers)
    slowest, growth = max(delays), peak - before
    whole = all(numbers == sorted(set(numbers)) for numbers in listeners.numbers)
    bars = [
        Bar("longest that a reader waited for an event because others do not read", f"{slowest:.2f} s", "< 2 s", slowest < 2),
        Bar("readers that missed an event", "0" if whole else "some", "0", whole),
        Bar("growth of the server's memory", f"{growth:.1f} MB", f"< {MOST_MEGABYTES:g} MB", growth < MOST_MEGABYTES),
        Bar("connections that are kept for those who read nothing", f"{left} of {silent}", "0", left == 0),
    ]  # fmt: skip
    done = f"{silent} streams of all events that nobody reads beside two that are read, through {jobs} jobs of {PICTURES} pictures."
    return Measured(
        done, bars, {"megabytes": [round(before, 1), round(peak, 1)], "megabytes_read": round(listeners.bytes / 2e6, 1)}
    )


def warm_up(server: Served) -> None:
    """Draw something, so that what is loaded once is not taken for growth."""
    for _ in range(3):
        server.wait(server.make(n=PICTURES), 120)


def delay_until_told(listeners: Listeners, job: dict[str, Any]) -> float:
    """Return how much later than asked for the readers knew of the end of a job."""
    start = time.monotonic()
    fresh = {place: numbers[-1] if numbers else 0 for place, numbers in enumerate(listeners.numbers)}
    while time.monotonic() - start < 10:
        time.sleep(0.02)
        now = {place: numbers[-1] if numbers else 0 for place, numbers in enumerate(listeners.numbers)}
        if now == fresh and min(now.values()) > 0:
            break
        fresh = now
    return time.monotonic() - start


def wait_until_left(server: Served, others: int) -> int:
    """Return how many streams are still open besides those that are read, after a while."""
    end = time.monotonic() + LEFT_SECONDS
    while (left := streams_of(server) - others) > 0 and time.monotonic() < end:
        time.sleep(1)
    return left


def close_all(streams: list[socket.socket]) -> None:
    """Close connections."""
    for one in streams:
        one.close()
