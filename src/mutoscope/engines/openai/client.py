"""HTTP with one server: the key goes to it alone, answers are bounded in size and time, and refusals become one sentence.

Imported with the first call only: nothing else of the package speaks to a network.
"""

import contextlib
import email.utils
import json
import os
import ssl
import time
from collections.abc import Generator
from dataclasses import dataclass
from email.message import Message
from functools import cached_property
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from mutoscope.engines.openai.address import Address
from mutoscope.errors import RemoteError, SettingError
from mutoscope.events import Event, Phase
from mutoscope.media.limits import MAX_FILE_BYTES

KEY_NAMES = ("MUTOSCOPE_API_KEY", "OPENAI_API_KEY")  # environment variables, the first that is set
DRAW_SECONDS = 1800.0  # without a byte: a large picture behind a queue
SHORT_SECONDS = 30.0  # of what takes no drawing
TRIES = 4  # while a server says that it is busy, or a job is asked for and the connection breaks
MAX_WAIT_SECONDS = 120.0  # that a busy server may ask for
MAX_JSON_BYTES = MAX_FILE_BYTES * 4 // 3 + (1 << 20)  # a file in base64, and what stands around it
MAX_ERROR_BYTES, MAX_ERROR_LETTERS = 1 << 16, 300


class AnswerError(RemoteError):
    """An answer that is a refusal or a failure, or none at all."""

    status = 0  # of HTTP; 0: the connection failed
    wait: float | None = None  # seconds after which the server asks to be asked again


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    headers: Message
    body: bytes


class Client:
    """Calls of one server."""

    def __init__(self, address: Address):
        self.address = address

    @cached_property
    def _opener(self) -> OpenerDirector:
        # A proxy of the environment cannot reach this machine's own servers.
        return build_opener(_Redirects(), ProxyHandler({}) if self.address.is_local else ProxyHandler())

    @property
    def shows_key(self) -> bool:
        """Whether a key leaves this machine unencrypted."""
        return bool(read_key()) and self.address.url.startswith("http:") and not self.address.is_local

    def ask(
        self, phase: Phase, method: str, path: str, body: bytes = b"", kind: str = "", *, seconds: float = SHORT_SECONDS,
        most_bytes: int = MAX_JSON_BYTES, patient: bool = False,
    ) -> Generator[Event, None, Answer]:  # fmt: skip
        """Call the server, again while it is busy, with events that say so; `patient` also where the connection breaks."""
        for tried in range(1, TRIES + 1):
            try:
                return self.send(method, path, body, kind, seconds=seconds, most_bytes=most_bytes)
            except AnswerError as error:
                busy = error.status in (429, 503) or (patient and error.status == 0)
                wait = float(2**tried) if error.wait is None else error.wait
                if not busy or tried == TRIES or wait > MAX_WAIT_SECONDS:
                    raise
                reason = f"is busy ({error.status})" if error.status else "broke the connection"
            message = f"{self.address.host} {reason}; asked again in {wait:.0f} s"
            yield from pause(Event(phase.name, phase.step, phase.total, message=message), wait)
        raise AssertionError("the last try returns or raises")

    def send(
        self, method: str, path: str, body: bytes = b"", kind: str = "", *, seconds: float = SHORT_SECONDS,
        most_bytes: int = MAX_JSON_BYTES,
    ) -> Answer:  # fmt: skip
        """Call the server once, at a path below its address or at an address on the same host; RemoteError."""
        url = path if "://" in path else self.address.url + path
        if origin(url) != origin(self.address.url):
            raise RemoteError(
                f"{self.address.host} names a file on another host, {urlsplit(url).netloc[:100]}, which is not asked; start the "
                "server so that it answers with b64_json"
            )
        call = Request(url, data=body or None, method=method, headers={"Accept": "*/*", "User-Agent": "Mutoscope"})
        if kind:
            call.add_header("Content-Type", kind)
        key = read_key()
        if key:
            call.add_unredirected_header("Authorization", f"Bearer {key}")
        try:
            with self._opener.open(call, timeout=seconds) as reply:
                return Answer(reply.headers, self._read(reply, most_bytes))
        except HTTPError as error:
            with error:
                raise self._refusal(error, urlsplit(url).path, key) from None
        except (HTTPException, OSError) as error:
            raise AnswerError(self._explain_silence(error, seconds)) from None

    def _read(self, reply: HTTPResponse, most_bytes: int) -> bytes:
        """Return the body of an answer; RemoteError where it is too long or cut short."""
        announced = reply.headers.get("Content-Length")
        try:
            body = reply.read(most_bytes + 1)
        except IncompleteRead as error:
            body, announced = error.partial, str(len(error.partial) + 1)
        if len(body) > most_bytes:
            raise RemoteError(f"the answer of {self.address.host} has more than {most_bytes:,} bytes; it is not read")
        if announced and announced.isdecimal() and len(body) < int(announced):
            raise AnswerError(f"the answer of {self.address.host} ends too early, after {len(body):,} bytes; try again")
        return body

    def _refusal(self, error: HTTPError, path: str, key: str) -> AnswerError:
        """Return the error of an answer other than 200, with what the server says of it."""
        try:
            said = read_message(error.read(MAX_ERROR_BYTES), key)
        except (HTTPException, OSError):
            said = ""
        status, host = error.code, self.address.host
        said = f"({status}{': ' + said if said else ''})"
        if status in (401, 403) and not key:
            text = f"{host} asks for a key {said}; put it into the environment variable {' or '.join(KEY_NAMES)}"
        elif status in (401, 403):
            text = f"{host} refuses the key {said}; is {key_name()} the right one?"
        elif status == 404:
            text = f"{host} has no {path} or no model {self.address.model!r} {said}; see {self.address.url}/models"
        elif status in (429, 503):
            text = f"{host} is busy {said}; ask again later"
        elif status < 500:
            text = f"{host} refuses the request {said}"
        else:
            text = f"{host} failed {said}; its own log says more"
        refusal = AnswerError(text)
        refusal.status, refusal.wait = status, read_wait(error.headers)
        return refusal

    def _explain_silence(self, error: Exception, seconds: float) -> str:
        """Return why there is no answer."""
        reason = error.reason if isinstance(error, URLError) else error
        if isinstance(reason, ConnectionRefusedError):
            return f"nothing answers at {self.address.url}; is the server running?"
        if isinstance(reason, TimeoutError):
            return (
                f"{self.address.host} did not answer within {seconds:g} s; is it still loading its model, or drawing?"
            )
        if isinstance(reason, ssl.SSLError):
            return (
                f"no safe connection to {self.address.host} ({getattr(reason, 'verify_message', '') or reason.reason})"
            )
        words = getattr(reason, "strerror", None) or type(reason).__name__
        return f"the connection to {self.address.host} failed ({words}); is the address right?"


class _Redirects(HTTPRedirectHandler):
    """Follows answers that lie elsewhere: without the key on other hosts, and there through https only."""

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        same = origin(newurl) == origin(req.full_url)
        if req.get_method() != "GET" or not (same or newurl.startswith("https://")):
            fp.close()
            raise RemoteError(
                f"{req.host} sends on to {urlsplit(newurl).netloc[:100]} ({code}); name that address instead"
            )
        new = super().redirect_request(req, fp, code, msg, headers, newurl)
        key = req.unredirected_hdrs.get("Authorization")
        if new is not None and same and key:
            new.add_unredirected_header("Authorization", key)
        return new


def pause(event: Event, seconds: float) -> Generator[Event, None, None]:
    """Wait, and yield an event each second, so that a job can be cancelled meanwhile."""
    end = time.monotonic() + seconds
    while True:
        yield event
        left = end - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(1.0, left))


def origin(url: str) -> tuple[str, str]:
    """Return scheme and host with port of an address."""
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.netloc.lower()


def key_name() -> str:
    """Return the environment variable that holds the key; the first where none does."""
    return next((name for name in KEY_NAMES if os.environ.get(name, "").strip()), KEY_NAMES[0])


def read_key() -> str:
    """Return the key of the environment, "" without one; SettingError for what no header can hold, without repeating it.

    It is read for each call and kept nowhere, so that no repr, file or log can hold it.
    """
    key = os.environ.get(key_name(), "").strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise SettingError(f"the key in {key_name()} holds spaces or characters that no key has; was it copied whole?")
    return key


def read_wait(headers: Message) -> float | None:
    """Return after how many seconds a server wants to be asked again; None where it does not say."""
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return max(0.0, float(milliseconds) / 1000)
        if not (text := headers.get("retry-after", "")):
            return None
        if text.strip().replace(".", "", 1).isdecimal():
            return float(text)
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None


def read_message(body: bytes, key: str = "") -> str:
    """Return what a server says of an error, on one line, cut, the key blotted out."""
    text = body.decode("utf-8", "replace")
    with contextlib.suppress(ValueError, RecursionError):
        text = find_message(json.loads(text))  # JSON without words says nothing to a person
    return shorten(text, key)


def find_message(said: Any) -> str:
    """Return the words in {"error": {"message"}}, {"error"}, {"message"}, {"detail"} or {"detail": [{"loc", "msg"}]}; "" for none."""
    if isinstance(said, str):
        return said
    if isinstance(said, list):
        return "; ".join(filter(None, map(find_message, said[:5])))
    if not isinstance(said, dict):
        return ""
    if isinstance(said.get("msg"), str):
        return f"{'.'.join(map(str, said.get('loc') or ()))}: {said['msg']}"
    return next((text for name in ("error", "message", "detail") if (text := find_message(said.get(name)))), "")


def shorten(text: str, key: str = "") -> str:
    """Return words of a server as part of a sentence."""
    if key:
        text = text.replace(key, "***")
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return text if len(text) <= MAX_ERROR_LETTERS else text[: MAX_ERROR_LETTERS - 3] + "..."
