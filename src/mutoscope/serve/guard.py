"""What every request passes before any route sees it: who asks, from which page, how large, how slowly; and headers of every answer.

A page elsewhere can make a browser send requests here, and can give this machine a name of its own (DNS rebinding). So the name in
Host must be one of ours, a page that asks must be ours (Origin, Sec-Fetch-Site), and a token is asked for where there is one. A
program sends none of these headers and is let through to the token.
"""

import asyncio
import ipaddress
import socket
from collections.abc import MutableMapping
from typing import Any

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mutoscope.serve.answers import answer
from mutoscope.serve.login import Logins
from mutoscope.serve.settings import LOOPBACK, ServeSettings

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
SECURITY_HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}
OPEN_PATHS = ("/healthz", "/login", "/")  # without a token; nothing of the queue is in them
OPEN_FOLDER = "/page/"
SLOWEST_BYTES = 100_000  # a second, of a body past its first seconds
LINGER_SECONDS, LINGER_BYTES = (
    2.0,
    64 << 20,
)  # how long, and how much, the rest of a refused body is read and thrown away


class Guard:
    """ASGI middleware around everything."""

    def __init__(self, app: ASGIApp, settings: ServeSettings, logins: Logins):
        self._app, self._settings, self._logins = app, settings, logins
        self._names = {*LOOPBACK, "[::1]", *(name.lower() for name in settings.names)}
        self._public = settings.public_url or ""
        if not settings.is_local:
            own = socket.gethostname().lower()
            self._names |= {settings.host.lower(), own, f"{own}.local"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": 1008})
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}

        body = Body(receive, self._settings.max_body, self._settings.body_seconds)
        closes = False

        async def send_with_headers(message: Message) -> None:
            nonlocal closes
            if message["type"] == "http.response.start":
                add_headers(message)
                closes = (b"connection", b"close") in message["headers"]
            elif closes and not message.get("more_body", False):
                await send({**message, "more_body": True})
                await body.throw_away()
                message = {"type": "http.response.body", "body": b""}
            await send(message)

        refused = self._refuse(scope, headers)
        await (self._app if refused is None else refused)(scope, body, send_with_headers)

    def _refuse(self, scope: Scope, headers: dict[str, str]) -> Any:
        """Return the answer to a request that goes no further, None for one that does."""
        host = headers.get("host", "").lower()
        if not self._is_ours(host):
            return answer(400, "the Host header names another server than this one; see --allow-host", "host")
        if not self._is_from_here(scope, headers, host):
            return answer(403, "a page of another site may not ask this server", "origin")
        size = headers.get("content-length", "0")
        if not size.isascii() or not size.isdigit() or int(size[:20]) > self._settings.max_body:
            limit = self._settings.max_body >> 20
            return answer(413, f"the body is larger than {limit} MB", "too_large", headers={"Connection": "close"})
        is_open = scope["path"] in OPEN_PATHS or scope["path"].startswith(OPEN_FOLDER)
        if not is_open and not self._logins.admits(headers):
            ways = {"WWW-Authenticate": "Bearer"}
            return answer(401, "this server needs its token: Authorization: Bearer TOKEN", "token", headers=ways)
        return None

    def _is_ours(self, host: str) -> bool:
        """Whether a Host header names this server: host and port; on a network every address in figures does, no foreign name."""
        name, port = split_host(host)
        if self._public and host == self._public.partition("://")[2]:
            return True
        if self._settings.is_local:
            return name in self._names and port == str(self._settings.port)
        return name in self._names or is_address(name)

    def _is_from_here(self, scope: Scope, headers: dict[str, str], host: str) -> bool:
        """Whether a request comes from our own page, or from no page."""
        site, origin = headers.get("sec-fetch-site", "").lower(), headers.get("origin")
        if site not in ("", "same-origin", "none"):  # a link to the page itself may be followed from anywhere
            top = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
            return top and scope["method"] == "GET" and scope["path"] == "/"
        return origin is None or origin.lower().partition("://")[2] == host or origin.lower() == self._public


def split_host(host: str) -> tuple[str, str]:
    """Return the name and the port of a Host header.

    >>> split_host("[::1]:8188"), split_host("localhost:80"), split_host("localhost")
    (('[::1]', '8188'), ('localhost', '80'), ('localhost', '80'))
    """
    if host.endswith("]") or ":" not in host:
        return host, "80"
    name, _, port = host.rpartition(":")
    return name, port


def is_address(name: str) -> bool:
    """Whether a name is an IP address in figures, which no other site can own."""
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def add_headers(message: MutableMapping[str, Any]) -> None:
    """Put the security headers into the start of an answer, where it has none of them."""
    there = {name.lower() for name, _ in message["headers"]}
    added = [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items() if name.encode() not in there]
    message["headers"] = [*message["headers"], *added]


class Body:
    """`receive` of a request: its body must not be larger than it may be, nor slower."""

    def __init__(self, receive: Receive, most: int, seconds: float):
        self._receive, self._most, self._seconds = receive, most, seconds
        self._start: float | None = None
        self._got, self._is_whole = 0, False

    async def __call__(self) -> Message:
        if self._is_whole:
            return await self._receive()
        now = asyncio.get_running_loop().time()
        self._start = now if self._start is None else self._start
        left = self._start + self._seconds + self._got / SLOWEST_BYTES - now
        try:
            message = await asyncio.wait_for(self._receive(), max(0.0, left))
        except TimeoutError:
            raise HTTPException(408, "the body did not arrive in time", {"Connection": "close"}) from None
        self._got += len(message.get("body", b""))
        self._is_whole = not message.get("more_body", False)
        if self._got > self._most:
            raise HTTPException(413, f"the body is larger than {self._most >> 20} MB", {"Connection": "close"})
        return message

    async def throw_away(self) -> None:
        """Read on for a moment: a connection closed on unread bytes is reset, and its client never sees the answer."""
        most = self._got + LINGER_BYTES
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                while not self._is_whole and self._got < most:
                    message = await self._receive()
                    self._got += len(message.get("body", b""))
                    self._is_whole = not message.get("more_body", False)
        except TimeoutError:
            return
