"""SIGTERM while streams are open and a job is drawn."""

import signal
import socket
import time
from pathlib import Path
from typing import Any

from reliability.measured import Bar, Measured
from reliability.observing import open_streams
from serving import served

NAME, WHAT = "signals", "SIGTERM with streams open"
FULL: dict[str, Any] = {"times": 50, "streams": 50}
SHORT: dict[str, Any] = {"times": 1, "streams": 10}
MOST_SECONDS = 5.0
LAST_CHUNK = b"0\r\n\r\n"  # the end of an answer that has ended as it should


def measure(folder: Path, times: int, streams: int) -> Measured:
    """End a server so often."""
    taken, codes, unclean, orphans, blamed = [], [], 0, 0, []
    for _ in range(times):
        with served(folder / "data", "--threads", "1") as server:
            sockets = open_streams(server, streams)
            job = server.make("slow", n=50)
            server.wait(job, states=("running",))
            workers = server.worker_pids()
            start = time.monotonic()
            codes.append(server.end(signal.SIGTERM, 30))
            taken.append(time.monotonic() - start)
            unclean += sum(not ended_well(one) for one in sockets)
            orphans += sum(Path(f"/proc/{pid}").exists() for pid in workers)
        blamed += check_next(folder, job)
    bars = [
        Bar("slowest exit", f"{max(taken):.2f} s", f"<= {MOST_SECONDS:g} s", max(taken) <= MOST_SECONDS),
        Bar("exit codes other than 0", f"{sum(code != 0 for code in codes)} of {times}", "0", not any(codes)),
        Bar("streams that were cut off", f"{unclean} of {times * streams:,}", "0", unclean == 0),
        Bar("workers that outlived their server", f"{orphans}", "0", orphans == 0),
        Bar("running jobs that the next server did not draw on", f"{len(blamed)} of {times}", "0", not blamed),
    ]
    done = f"{times} servers got SIGTERM with {streams} streams open and a job half drawn; the next server of the folder was asked for it."
    return Measured(done, bars, {"seconds": [round(seconds, 2) for seconds in taken], "blamed": blamed})


def ended_well(one: socket.socket) -> bool:
    """Whether a stream has been told to its end."""
    tail = b""
    try:
        while data := one.recv(1 << 20):
            tail = (tail + data)[-len(LAST_CHUNK) :]
    except OSError:
        return False
    finally:
        one.close()
    return tail == LAST_CHUNK


def check_next(folder: Path, job: str) -> list[str]:
    """Return what is wrong with a job in the next server, and let that one cancel it."""
    with served(folder / "data", "--threads", "1") as server:
        state = server.wait(job, 30, ("running", "failed", "cancelled"))["state"]
        server.http.delete(f"/api/jobs/{job}")
        server.end(signal.SIGTERM, 30)
    return [] if state == "running" else [f"{job} is {state}"]
