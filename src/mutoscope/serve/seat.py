"""A thread beside each worker: it claims jobs, gives them to the process, keeps what comes back, and outlives the process.

One that dies loses nothing: its job goes back to the queue with the pictures that are finished. PR_SET_PDEATHSIG is about the thread
that started a process, so the thread lives as long as its worker may.
"""

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Protocol

from mutoscope.engines import EngineSettings
from mutoscope.errors import MutoscopeError
from mutoscope.serve.jobs import Job, Note, Refusal, Result
from mutoscope.serve.live import Wish
from mutoscope.serve.worker import Work

START_SECONDS = 120.0  # for a worker to open what it needs
PAUSE_SECONDS = 1.0  # before a queue is asked again that could not be read or written
WISH_SECONDS = 120.0  # of one picture while somebody types
GONE = (EOFError, OSError)
STDERR = 2  # where what a worker's libraries print goes; stdout is the server's, for its address


class Process:
    """A worker process and the pipe to it."""

    def __init__(self, settings: EngineSettings):
        ours, theirs = socket.socketpair()
        self._sending = threading.Lock()
        # No fork: locks of other threads would stay locked, and the folder's lock would live on. -P: no module of the folder here.
        command = [sys.executable, "-P", "-m", "mutoscope.serve.worker", str(theirs.fileno()), str(os.getpid())]
        with theirs:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=STDERR, pass_fds=(theirs.fileno(),)
            )
        self.pipe = Connection(ours.detach())
        self.send(settings)

    def send(self, message: Any) -> None:
        """Send a message; one that is gone hears nothing, which the next read tells."""
        with self._sending, contextlib.suppress(OSError):
            self.pipe.send(message)

    def receive(self, seconds: float) -> Any:
        """Return the next message, None where none came in time; EOFError where the process is gone."""
        return self.pipe.recv() if self.pipe.poll(max(0.0, seconds)) else None

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self.process.poll() is None

    def interrupt(self) -> None:
        """End it at once."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()

    def kill(self) -> None:
        """End it at once and wait for that."""
        self.interrupt()
        self.process.wait()
        self.pipe.close()


class Link(Protocol):
    """What a seat needs of a worker: a Process of this machine, or a Remote."""

    @property
    def is_alive(self) -> bool: ...
    def send(self, message: Any) -> None: ...
    def receive(self, seconds: float) -> Any: ...
    def interrupt(self) -> None: ...
    def kill(self) -> None: ...


class Employer(Protocol):
    """What a seat needs of the desk."""

    stopping: bool
    time_limit: float
    cancel_grace: float

    def claim(self) -> Job | Wish | None: ...
    def work_of(self, job: Job) -> Work | None: ...
    def keep(self, job: Job, place: int, data: bytes, seconds: float, warnings: tuple[str, ...]) -> Result | None: ...
    def finish(self, job: Job, error: str, code: str) -> None: ...
    def put_back(self, job: Job, *, blameless: bool) -> None: ...
    def publish(self, note: Note) -> None: ...


class Seat(threading.Thread):
    """One place where jobs are drawn."""

    def __init__(self, desk: Employer, name: str, hire: Callable[[], Link]):
        super().__init__(name=name, daemon=True)
        self._desk, self._hire = desk, hire
        self._process: Link | None = None
        self._ticket = 0  # of what the worker was given; epochs are counted for each job alone
        self._now: tuple[str, int] | None = None  # the id of the job that is drawn, and its ticket
        self._cancelled: tuple[int, float] = (0, 0.0)  # the ticket of a job that was cancelled, and when
        self._unsettled: Job | None = None  # of which the queue could not be told

    @property
    def is_up(self) -> bool:
        """Whether its worker runs."""
        process = self._process
        return process is not None and process.is_alive

    def run(self) -> None:
        """Draw until the server stops; a queue that cannot be written to for a while ends nothing."""
        while not self._desk.stopping:
            try:
                self._start()
                self._settle()
                found = self._desk.claim()
                if isinstance(found, Wish):
                    self._fulfil(found)
                elif found is not None:
                    self._perform(found)
            except (sqlite3.Error, OSError) as error:
                print(f"mutoscope: {self.name}: {error}; trying again", file=sys.stderr, flush=True)
                self._end()
                time.sleep(PAUSE_SECONDS)
        self._end()

    def cancel(self, job_id: str) -> None:
        """Let the worker drop a job that was cancelled."""
        now, process = self._now, self._process
        if now is not None and process is not None and now[0] == job_id:
            self._cancelled = now[1], time.monotonic()
            process.send(("cancel", now[1]))

    def interrupt(self) -> None:
        """End the worker, since the server ends; its job waits for the next server."""
        process = self._process
        if process is not None:
            process.interrupt()

    def _start(self) -> Link | None:
        """Return a worker that is ready, None where it does not come up or the server ends."""
        if self._process is not None and self._process.is_alive:
            return self._process
        self._end()
        if self._desk.stopping:
            return None
        self._process = self._hire()
        with contextlib.suppress(*GONE):
            if self._process.receive(START_SECONDS) == ("ready",):
                return self._process
        self._end()
        return None

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()

    def _settle(self) -> None:
        """Put a job back of which the queue could not be told when it happened."""
        if self._unsettled is not None:
            self._desk.put_back(self._unsettled, blameless=True)
            self._unsettled = None

    def _fulfil(self, wish: Wish) -> None:
        """Draw a picture that is kept nowhere; one whose worker dies is not tried again."""
        self._ticket += 1
        ticket, process = self._ticket, self._start()
        try:
            if process is not None and wish.begin(lambda: process.send(("cancel", ticket))):
                process.send(("draw", ticket, wish.work))
                self._wait_for(wish, process, ticket)
        except GONE:
            self._end()
        finally:
            wish.drop()

    def _wait_for(self, wish: Wish, process: Link, ticket: int) -> None:
        """Take what a worker says until it says the end; one that does not stop in time is replaced. EOFError where it is gone."""
        deadline = time.monotonic() + WISH_SECONDS
        while (now := time.monotonic()) < deadline:
            message = process.receive(0.5)
            if message is not None and message[1] == ticket:
                if message[0] == "result":
                    wish.settle(message[3])
                elif message[0] == "end":
                    return wish.settle(None, Refusal(500, message[3], message[2]) if message[2] else None)
            if wish.answer.done():
                deadline = min(deadline, now + self._desk.cancel_grace)
        return self._end()

    def _perform(self, job: Job) -> None:
        """Draw a job to its end, or put it back."""
        self._ticket += 1
        self._now, self._unsettled = (job.id, self._ticket), job
        try:
            self._draw(job)
        except MutoscopeError as error:  # the disk is full, for one: this job fails, the next may not
            self._end()
            self._desk.finish(job, str(error), type(error).__name__)
        except GONE:
            self._lose(job)
        finally:
            self._now = None
        self._unsettled = None

    def _draw(self, job: Job) -> None:
        process = self._start()
        if process is None:
            return self._lose(job)
        work = self._desk.work_of(job)
        if work is not None:  # else it was cancelled since; whoever cancels from here on finds the job in this seat
            process.send(("draw", self._ticket, work))
            self._follow(job, process)
        return None

    def _lose(self, job: Job) -> None:
        self._end()
        self._desk.put_back(job, blameless=self._desk.stopping)

    def _follow(self, job: Job, process: Link) -> None:
        """Take what a worker says until it says the end, or is late and is replaced; EOFError where it is gone."""
        deadline = time.monotonic() + self._desk.time_limit
        while True:
            message = process.receive(min(0.5, deadline - time.monotonic()))
            if message is not None and message[1] == self._ticket:
                if message[0] == "end":
                    return self._desk.finish(job, message[2], message[3])
                self._take(job, *message)
            if self._is_late(job, deadline):
                return self._end()

    def _is_late(self, job: Job, deadline: float) -> bool:
        """Say whether a worker must be replaced, and fail its job where its time is over."""
        now = time.monotonic()
        if now >= deadline:
            words = f"it took longer than {self._desk.time_limit:g} seconds; ask for less at once"
            self._desk.finish(job, words, "time_limit")
            return True
        ticket, since = self._cancelled
        return ticket == self._ticket and now - since > self._desk.cancel_grace

    def _take(self, job: Job, name: str, ticket: int, *rest: Any) -> None:
        if name == "result":
            self._desk.keep(job, *rest)
        elif self._cancelled[0] != ticket:
            data = rest[0] if name == "progress" else {"place": rest[0], "jpeg": rest[1], "seconds": rest[2]}
            self._desk.publish(Note(name, job.id, data))
