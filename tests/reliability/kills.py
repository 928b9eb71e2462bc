"""SIGKILL of the server or its worker at random moments, while orders are made, followed and asked for."""

import os
import random
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

import httpx

from reliability.measured import Bar, Measured
from serving import Served, read_events

NAME, WHAT = "kills", "SIGKILL at random moments"
FULL: dict[str, Any] = {"times": 100}
SHORT: dict[str, Any] = {"times": 3}
MODEL = "fake:0.02"
PICTURES = 2  # of each job
ORDER_SECONDS = 0.2  # between two orders
BLAMED = ("worker_died", "server_killed")  # codes of a job of which too many died
ENDED = ("done", "failed", "cancelled")


def free_port() -> int:
    """Return a port that nobody uses now; the server takes the same one after each kill."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Customer(threading.Thread):
    """Makes orders with keys, as long as there is a server, and repeats each until it is answered."""

    def __init__(self, base: str):
        super().__init__(daemon=True)
        self._base, self._wanted = base, threading.Event()
        self.accepted: dict[str, str] = {}  # key -> id
        self.sent = 0
        self.lies: list[str] = []

    def run(self) -> None:
        """Order until `stop`."""
        while not self._wanted.wait(ORDER_SECONDS):
            key = f"order-{self.sent}"
            body = {"prompt": "a lake", "seed": self.sent, "width": 32, "height": 32, "n": PICTURES}
            answer = self._insist(
                lambda one, key=key, body=body: one.post("/api/jobs", json=body, headers={"Idempotency-Key": key})
            )
            if answer.status_code == 202:
                self.accepted[key] = answer.json()["id"]
                self.sent += 1
            elif answer.status_code != 429:
                self.lies.append(f"an order was answered with {answer.status_code}: {answer.text[:200]}")

    def _insist(self, ask: Any) -> httpx.Response:
        while True:
            try:
                with httpx.Client(base_url=self._base, timeout=10, trust_env=False) as one:
                    return ask(one)
            except httpx.TransportError:
                time.sleep(0.05)

    def stop(self) -> None:
        """End after the order that is on its way."""
        self._wanted.set()
        self.join()


class Follower(threading.Thread):
    """Listens to all jobs and comes again with the last number that it read, as a browser does."""

    def __init__(self, base: str):
        super().__init__(daemon=True)
        self._base, self._wanted = base, threading.Event()
        self._states: dict[str, str] = {}
        self.endings: dict[str, int] = {}  # by job: how often it was told that it ended
        self.last = 0
        self.lies: list[str] = []

    def run(self) -> None:
        """Listen until `stop`."""
        while not self._wanted.is_set():
            headers = {"Last-Event-ID": str(self.last)}
            try:
                with (
                    httpx.Client(base_url=self._base, timeout=2, trust_env=False) as one,
                    one.stream("GET", "/api/events", headers=headers) as answer,
                ):
                    for name, number, data in read_events(answer.iter_lines()):
                        self._hear(name, number, data)
                        if self._wanted.is_set():
                            return
            except httpx.TransportError:
                time.sleep(0.05)

    def _hear(self, name: str, number: int, data: dict[str, Any]) -> None:
        if not number:
            return
        if number <= self.last:
            self.lies.append(f"event {number} came after {self.last}")
        self.last = max(self.last, number)
        if name != "state":
            return
        job, state = data["job"], data["state"]
        if self._states.get(job) in ENDED:
            self.lies.append(f"{job} was {self._states[job]}, then {state}")
        self._states[job] = state
        if state in ENDED:
            self.endings[job] = self.endings.get(job, 0) + 1

    def stop(self) -> None:
        """End with the next event."""
        self._wanted.set()
        self.join(10)


class Witness:
    """Asks for jobs and remembers: what has ended stays as it ended, a picture that was shown stays."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, dict[str, int]]] = {}
        self.lies: list[str] = []

    def look(self, server: Served, names: list[str]) -> None:
        """Compare what a server says of jobs with what was said before."""
        for name in names:
            try:
                job = server.job(name)
            except httpx.HTTPStatusError as error:
                self.lies.append(f"{name} was accepted and is answered with {error.response.status_code}")
                continue
            results = {result["id"]: result["bytes"] for result in job["results"]}
            state, known = self._seen.get(name, ("queued", {}))
            if state in ENDED and job["state"] != state:
                self.lies.append(f"{name} was {state} and is {job['state']}")
            if not known.items() <= results.items():
                self.lies.append(f"{name} lost a picture")
            if job["state"] == "done" and [result["place"] for result in job["results"]] != list(range(PICTURES)):
                self.lies.append(f"{name} is done without all of its pictures")
            self._seen[name] = (job["state"], results)


def measure(folder: Path, times: int) -> Measured:
    """Kill so often, then let everything end."""
    rng, port = random.Random(7), free_port()
    folder.mkdir(exist_ok=True)
    server = Served(folder / "data", "--threads", "1", "--max-queue", "100000", model=MODEL, port=port)
    customer, follower, witness = Customer(server.base), Follower(server.base), Witness()
    customer.start()
    follower.start()
    killed = {"server": 0, "worker": 0}
    starts: list[float] = []
    for _ in range(times):
        time.sleep(rng.uniform(0.0, 1.2))
        workers = server.worker_pids()
        if rng.random() < 0.5 and workers:
            os.kill(rng.choice(workers), signal.SIGKILL)
            killed["worker"] += 1
        else:
            server.close()
            killed["server"] += 1
            began = time.monotonic()
            server = Served(folder / "data", "--threads", "1", "--max-queue", "100000", model=MODEL, port=port)
            starts.append(time.monotonic() - began)
        names = list(customer.accepted.values())
        try:
            witness.look(server, rng.sample(names, min(len(names), 10)))
        except httpx.TransportError as error:
            witness.lies.append(f"the server that runs does not answer: {error!r}")
    customer.stop()
    found = settle(server, list(customer.accepted.values()), witness, follower)
    files = compare_files(server)
    complaints = server.complaints.count("Traceback")
    server.close()
    return report(killed, starts, customer, follower, witness, found, files, complaints)


def settle(server: Served, names: list[str], witness: Witness, follower: Follower) -> dict[str, int]:
    """Wait for the end of every job; return how many are in each state, `all` those that the server knows."""
    states: dict[str, int] = {}
    for name in names:
        job = server.wait(name, 600)
        state = "blamed" if job["state"] == "failed" and job["error"]["code"] in BLAMED else job["state"]
        states[state] = states.get(state, 0) + 1
    witness.look(server, names)
    end = time.monotonic() + 20
    while len(follower.endings) < len(names) and time.monotonic() < end:
        time.sleep(0.1)
    follower.stop()
    after, known = None, 0
    while True:
        page = server.http.get("/api/jobs", params={"limit": 200} | ({"after": after} if after else {})).json()
        known += len(page["data"])
        if not page["has_more"]:
            return {**states, "all": known}
        after = page["data"][-1]["id"]


def compare_files(server: Served) -> int:
    """Return how many files of results there are too many, too few or of another size."""
    rows: dict[str, int] = {}
    after = None
    while True:
        page = server.http.get("/api/jobs", params={"limit": 200} | ({"after": after} if after else {})).json()
        rows |= {result["id"]: result["bytes"] for job in page["data"] for result in job["results"]}
        if not page["has_more"]:
            break
        after = page["data"][-1]["id"]
    files = {path.name.partition(".")[0]: path.stat().st_size for path in (server.folder / "results").iterdir()}
    return len(rows.items() ^ files.items())


def report(
    killed: dict[str, int], starts: list[float], customer: Customer, follower: Follower, witness: Witness,
    states: dict[str, int], files: int, complaints: int,
) -> Measured:  # fmt: skip
    """Return what was found."""
    accepted, blamed = len(customer.accepted), states.get("blamed", 0)
    ended = states.get("done", 0) + blamed
    twice = sum(count != 1 for count in follower.endings.values())
    lies = [*customer.lies, *follower.lies, *witness.lies]
    bars = [
        Bar(
            "accepted jobs that were lost, or ended otherwise than they should",
            f"{accepted - ended} of {accepted:,}",
            "0",
            ended == accepted,
        ),
        Bar("jobs that nobody ordered, or twice", f"{states['all'] - accepted}", "0", states["all"] == accepted),
        Bar(
            "jobs whose end a listener was told other than once",
            f"{twice + accepted - len(follower.endings)} of {accepted:,}",
            "0",
            not twice and len(follower.endings) == accepted,
        ),
        Bar("states, numbers or pictures that contradict what was said before", f"{len(lies)}", "0", not lies),
        Bar("files without a row, rows without a file", f"{files}", "0", files == 0),
    ]
    done_words = (
        f"{killed['server']} times the server and {killed['worker']} times its worker got SIGKILL at a random moment. Meanwhile a client "
        f"made {accepted:,} orders of {PICTURES} pictures, each with an Idempotency-Key, and sent an order without an answer again; a "
        "listener came again with Last-Event-ID; and jobs were looked at after every kill. "
        f"{blamed} jobs failed by rule, since their worker was killed twice while they were drawn; all others are done."
    )
    figures = {"killed": killed, "states": states, "lies": lies, "tracebacks": complaints,
               "slowest_start_seconds": round(max(starts, default=0.0), 2)}  # fmt: skip
    return Measured(done_words, bars, figures)
