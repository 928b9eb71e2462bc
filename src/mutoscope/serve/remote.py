"""A worker on another machine: a seat speaks to it as to a process of its own, by HTTP to the application of Ray Serve.

`cluster.serving` is the other end. A job waits here until a replica takes it, however long that is: a cluster that is full, starts a
machine or cannot be reached costs no try. Once a replica has begun, silence or a connection that is cut means that it is lost.
"""

import contextlib
import queue
import socket
import sys
import threading
import time
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from mutoscope.errors import SettingError
from mutoscope.serve.wire import ALIVE, BEGUN, GONE, read_message, write_work
from mutoscope.serve.worker import Work

CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 60.0  # of a replica that draws; it says every few seconds that it lives
PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)  # seconds before a cluster is asked again, the last one for ever
BUSY = (404, 502, 503, 504)  # the application is not up yet, or all replicas have enough to do
REFUSED = (401, 422)  # asking again is of no use
MAX_TRIES = 5  # of any other answer, such as the 500 of a replica that is lost before it begins
UNKNOWN = "the cluster answered {status}; is this the address of the application? --ray-url"
CUT = (OSError, HTTPException, EOFError)


class Remote:
    """One job at a time on the replicas at an address; what `seat.Process` is for this machine."""

    def __init__(self, address: str, token: str | None = None):
        self._address, self._token = urlsplit(address), token
        self._news: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
        self._news.put(("ready",))
        self._socket: socket.socket | None = None
        self._dropped = 0  # the newest ticket of which nothing more is wanted
        self._closed = threading.Event()

    @property
    def is_alive(self) -> bool:
        """Whether it takes jobs; replicas come and go behind it."""
        return not self._closed.is_set()

    def send(self, message: Any) -> None:
        """Give a job to a replica, which takes until one has room, or drop one."""
        name, ticket, *rest = message
        if name == "draw":
            self._hand_over(ticket, rest[0])
        else:
            self._dropped = ticket
            self._hang_up()

    def receive(self, seconds: float) -> Any:
        """Return the next message, None where none came in time; EOFError where the replica or its worker is lost."""
        try:
            message = self._news.get(timeout=max(0.001, seconds))
        except queue.Empty:
            return None
        if message[0] == GONE:
            raise EOFError("the replica is lost")
        return message

    def interrupt(self) -> None:
        """Let go of what is drawn, since the server ends."""
        self._closed.set()
        self._hang_up()

    def kill(self) -> None:
        """Let go of what is drawn; the replica stops it, or replaces its worker."""
        self.interrupt()

    def _is_over(self, ticket: int) -> bool:
        return self._closed.is_set() or self._dropped >= ticket

    def _hand_over(self, ticket: int, work: Work) -> None:
        """Ask until a replica has begun, and follow it in a thread."""
        body, tries, failures = write_work(work), 0, 0
        while not self._is_over(ticket):
            answer = self._try(body)
            if isinstance(answer, HTTPResponse):
                words = ticket, answer, self._socket
                return threading.Thread(target=self._follow, args=words, daemon=True).start()
            if self._socket is not None:
                self._socket.close()
            if isinstance(answer, int):
                failures += 1
                answer = f"HTTP {answer}" if failures < MAX_TRIES else (UNKNOWN.format(status=answer), "cluster")
            if isinstance(answer, tuple):
                return self._news.put(("end", ticket, *answer))
            if tries == len(PAUSES):
                print(f"mutoscope: waiting for {self._address.netloc}: {answer}", file=sys.stderr, flush=True)
            self._closed.wait(PAUSES[min(tries, len(PAUSES) - 1)])
            tries += 1
        self._news.put(("end", ticket, "cancelled", "cancelled"))

    def _try(self, body: bytes) -> HTTPResponse | tuple[str, str] | int | str:
        """Return the answer of a replica that has begun, the error of one that refuses, an unusual status, or why to ask again."""
        try:
            response = self._ask(body)
            if response.status == 200 and read_message(response)[0] == BEGUN:
                return response
            with response:
                if response.status == 200:
                    return "a replica has lost its worker"
                if response.status in REFUSED:
                    return explain(response)
                return f"HTTP {response.status}" if response.status in BUSY else response.status
        except (*CUT, ValueError, AttributeError) as error:  # the last two: closed by another thread meanwhile
            return str(error) or type(error).__name__

    def _ask(self, body: bytes) -> HTTPResponse:
        """Send a job and return the answer, which comes when a replica has room."""
        make = HTTPSConnection if self._address.scheme == "https" else HTTPConnection
        connection = make(self._address.netloc, timeout=CONNECT_SECONDS)
        connection.connect()
        sock = self._socket = connection.sock
        keep_alive(sock)
        sock.settimeout(None)  # it may wait for a machine; keepalive notices one that is gone
        token = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        connection.request(
            "POST", self._address.path or "/", body, {"Content-Type": "application/octet-stream", **token}
        )
        response = connection.getresponse()
        sock.settimeout(SILENCE_SECONDS)
        return response

    def _follow(self, ticket: int, response: HTTPResponse, sock: socket.socket) -> None:
        """Pass on what the replica says, under the ticket that is known here."""
        try:
            while True:
                name, _, *rest = read_message(response)
                if name == GONE:
                    break
                if name != ALIVE:
                    self._news.put((name, ticket, *rest))
                if name == "end":
                    return
        except (*CUT, ValueError, AttributeError):  # the last two: closed by another thread meanwhile
            pass
        finally:
            response.close()
            sock.close()
        self._news.put(("end", ticket, "cancelled", "cancelled") if self._is_over(ticket) else (GONE, ticket))

    def _hang_up(self) -> None:
        """Cut the connection; whoever reads from it wakes, and closes it."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


def keep_alive(sock: socket.socket) -> None:
    """Let the system look every few seconds whether the other end is still there."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def explain(response: HTTPResponse) -> tuple[str, str]:
    """Return why the application took no job: words, and a word for programs."""
    if response.status == 401:
        return (
            "the cluster does not know this server's token; MUTOSCOPE_RAY_TOKEN must be the same at both ends",
            "cluster",
        )
    return response.read(1000).decode("utf-8", "replace"), "cluster"


def wait_until_up(address: str, seconds: float) -> bool:
    """Say whether the application at an address answers within so many seconds."""
    parts, end = urlsplit(address), time.monotonic() + seconds
    make = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    while True:
        with contextlib.suppress(*CUT), contextlib.closing(make(parts.netloc, timeout=CONNECT_SECONDS)) as connection:
            connection.request("GET", "/-/healthz")
            if connection.getresponse().status == 200:
                return True
        if time.monotonic() > end:
            return False
        time.sleep(0.2)


def check_address(address: str) -> str:
    """Return the address of an application; SettingError."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise SettingError(f"--ray-url must be the http address of an application of Ray Serve, got {address[:80]!r}")
    return address.rstrip("/")
