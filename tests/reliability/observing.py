"""Looking at a server from outside: memory and descriptors of its processes, and listeners that count what they are told."""

import os
import re
import selectors
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from serving import Served

IDS = re.compile(rb"(?:^|\n)id: (\d+)\n")
TAIL_BYTES = 64  # of what was read, kept for an id that is cut in two


def memory_of(pid: int) -> float:
    """Return the resident set of a process, MB; 0 for one that is gone."""
    try:
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


def descriptors_of(pid: int) -> int:
    """Return how many files and sockets a process holds open."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def cpu_of(pid: int) -> float:
    """Return the seconds of a core that a process has used; 0 for one that is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def slope(points: list[tuple[float, float]]) -> float:
    """Return how much the second value grows with one of the first, by least squares.

    >>> slope([(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)])
    2.0
    """
    mean_x, mean_y = (sum(column) / len(points) for column in zip(*points, strict=True))
    square = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / square if square else 0.0


def open_stream(port: int, last: int | None = None, path: str = "/api/events", buffer: int = 0) -> socket.socket:
    """Ask for a stream of events; the answer is not read yet."""
    one = socket.socket()
    if buffer:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    one.settimeout(10)
    one.connect(("127.0.0.1", port))
    after = "" if last is None else f"Last-Event-ID: {last}\r\n"
    one.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{after}\r\n".encode())
    return one


def open_streams(server: Served, number: int) -> list[socket.socket]:
    """Open streams of all events, and wait until the server has them."""
    made = [open_stream(server.port) for _ in range(number)]
    for one in made:
        if not one.recv(12).startswith(b"HTTP/1.1 200"):
            raise RuntimeError("a stream was refused")
    end = time.monotonic() + 30
    while streams_of(server) < number:
        if time.monotonic() > end:
            raise RuntimeError("the server does not know of all streams")
        time.sleep(0.05)
    return made


def streams_of(server: Served) -> int:
    """Return how many streams the server says are open."""
    return int(metric(server, "mutoscope_streams"))


def metric(server: Served, name: str) -> float:
    """Return a figure of /metrics; 0 where it is not there yet."""
    for line in server.http.get("/metrics").text.splitlines():
        if line.startswith(f"{name} "):
            return float(line.rpartition(" ")[2])
    return 0.0


class Listeners(threading.Thread):
    """Reads streams as they come, and keeps the numbers of their events."""

    def __init__(self, streams: list[socket.socket]):
        super().__init__(daemon=True)
        self.numbers: list[list[int]] = [[] for _ in streams]
        self.bytes = 0
        self._tails = [b""] * len(streams)
        self._wanted = threading.Event()
        self._selector = selectors.DefaultSelector()
        for place, one in enumerate(streams):
            one.setblocking(False)
            self._selector.register(one, selectors.EVENT_READ, place)

    def run(self) -> None:
        """Read until `stop` is called or every stream has ended."""
        while not self._wanted.is_set() and self._selector.get_map():
            for key, _ in self._selector.select(0.2):
                self._read(key.fileobj, key.data)  # type: ignore[arg-type]

    def _read(self, one: socket.socket, place: int) -> None:
        try:
            data = one.recv(1 << 20)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if not data:
            self._selector.unregister(one)
            return
        self.bytes += len(data)
        text = self._tails[place] + data
        found = list(IDS.finditer(text))
        self.numbers[place] += [int(one[1]) for one in found]
        self._tails[place] = text[max(found[-1].end() - 1 if found else 0, len(text) - TAIL_BYTES) :]

    def stop(self) -> None:
        """End it and wait for that."""
        self._wanted.set()
        self.join()
        self._selector.close()


class Every(threading.Thread):
    """Calls a function again and again while something else goes on; an error of it is kept."""

    def __init__(self, seconds: float, function: Callable[[], None]):
        super().__init__(daemon=True)
        self._seconds, self._function = seconds, function
        self._wanted = threading.Event()
        self.error: Exception | None = None

    def run(self) -> None:
        """Call it until `stop`."""
        while not self._wanted.wait(self._seconds):
            try:
                self._function()
            except Exception as error:  # told by stop(), in the thread that can do something about it
                self.error = error
                return

    def stop(self) -> None:
        """End it, wait for that, and raise what it ended with."""
        self._wanted.set()
        self.join()
        if self.error is not None:
            raise self.error
