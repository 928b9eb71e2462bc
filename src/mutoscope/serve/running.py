"""The socket, the signals and the end. The port is taken before the queue is opened, and the end of all streams is the first thing
that a signal brings: a server that waits for them waits for ever.
"""

import asyncio
import contextlib
import errno
import socket
from types import FrameType
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from mutoscope.errors import SettingError
from mutoscope.serve.desk import Desk

END_SECONDS = 3  # for answers that are on their way when the server ends
IDLE_SECONDS = 5  # of a connection between two requests
HEAD_BYTES = 64 << 10
BACKLOG = 1024


def take_port(host: str, port: int) -> socket.socket:
    """Return a socket that listens; SettingError where the port is taken or the address is not this machine's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named: else asyncio sets no TCP_NODELAY
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, port))
        taken.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        taken.close()
        number = getattr(error, "errno", None)
        if number == errno.EADDRINUSE:
            raise SettingError(
                f"port {port} is taken on {host}; end what uses it, or give another one: --port {port + 1}"
            ) from error
        raise SettingError(f"cannot listen on {host} port {port}: {error}; give another --host or --port") from error
    return taken


class Server(uvicorn.Server):
    """A server whose streams end with the first signal, and whose process ends as one that has done its work."""

    def __init__(self, config: uvicorn.Config, desk: Desk):
        super().__init__(config)
        self._desk = desk
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._desk.end_streams)
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._desk.end_streams()
        await super().shutdown(sockets)
        self._captured_signals.clear()  # else the signal is raised again, and nothing behind `run` runs


class TimedProtocol(H11Protocol):
    """HTTP/1.1 that leaves a connection on which no head arrives in time, the first one or a later one, and one whose client takes
    nothing of its answer: what waits for it would be kept for as long as it likes.
    """

    head_seconds, stall_seconds = 10.0, 30.0
    _timer: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wind()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._unwind()
        elif self._timer is None:
            self._wind()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwind()
        self._forget_stall()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall = self.loop.call_later(
            self.stall_seconds, self.transport.abort
        )  # close() would wait for the client

    def resume_writing(self) -> None:
        self._forget_stall()
        super().resume_writing()

    def _forget_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _wind(self) -> None:
        self._timer = self.loop.call_later(self.head_seconds, self._leave)

    def _unwind(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _leave(self) -> None:
        self._timer = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()


def timed(head_seconds: float, stall_seconds: float) -> type[TimedProtocol]:
    """Return the protocol with limits of its own."""
    return type("Timed", (TimedProtocol,), {"head_seconds": head_seconds, "stall_seconds": stall_seconds})


def run(app: Any, desk: Desk, listening: socket.socket) -> None:
    """Serve until a signal comes; returns when all has ended."""
    config = uvicorn.Config(
        app,
        http=timed(
            desk.settings.head_seconds, desk.settings.stall_seconds
        ),  # httptools, which may be installed, has no limit of a head
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=HEAD_BYTES,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=END_SECONDS,
    )
    with contextlib.closing(listening):
        Server(config, desk).run(sockets=[listening])
