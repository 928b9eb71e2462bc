"""Counts answers to requests that nobody should send: none may be a failure of the server, slow or long."""

import http.client
import time
from dataclasses import dataclass, field
from typing import Any

MOST_SECONDS, MOST_BYTES = 2.0, 4096  # of an answer that refuses
KEPT = 10  # examples of what was wrong


@dataclass
class Tally:
    """What answered a number of requests."""

    sent: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    slowest: float = 0.0  # of those that were refused, seconds
    longest: int = 0  # bytes
    wrong: list[str] = field(default_factory=list)  # examples
    failures: int = 0

    def count(self, what: str, status: int, seconds: float, size: int) -> None:
        """Take one answer; status 0 where none came."""
        self.sent += 1
        self.statuses[str(status)] = self.statuses.get(str(status), 0) + 1
        is_refused = status >= 400
        if is_refused:
            self.slowest, self.longest = max(self.slowest, seconds), max(self.longest, size)
        failed = status >= 500 or status == 0
        self.failures += failed
        if (failed or (is_refused and (seconds > MOST_SECONDS or size > MOST_BYTES))) and len(self.wrong) < KEPT:
            self.wrong.append(f"{what[:300]}: {status}, {seconds:.2f} s, {size} bytes")

    def figures(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "sent": self.sent,
            "statuses": dict(sorted(self.statuses.items())),
            "slowest_seconds": round(self.slowest, 3),
            "longest_bytes": self.longest,
            "wrong": self.wrong,
        }


class Sender:
    """Sends requests to a server on one connection, whatever they look like."""

    def __init__(self, port: int, tally: Tally, seconds: float = 30.0):
        self._port, self.tally = port, tally
        self._seconds = seconds
        self._line = self._connect()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=self._seconds)

    def send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Send one and count the answer; return its status (0: none came) and body."""
        start, status, said = time.perf_counter(), 0, b""
        try:
            self._line.request(method, path, body, headers)
            answer = self._line.getresponse()
            status, said = answer.status, answer.read()
            if answer.will_close:
                self.close()
        except (OSError, http.client.HTTPException):
            self.close()
        self.tally.count(f"{method} {path} {body[:200]!r}", status, time.perf_counter() - start, len(said))
        return status, said

    def close(self) -> None:
        """Close the connection; the next request makes a new one."""
        self._line.close()
        self._line = self._connect()
