"""Jobs, and what workers say of them, as bytes: for workers on other machines. One line of JSON, then the bytes that it counts.

Nothing is pickled: who can speak to a worker can make it draw, and nothing else.
"""

import io
import json
from pathlib import Path
from typing import Any, Protocol

from mutoscope.errors import SettingError
from mutoscope.serve.worker import Work

MAX_LINE = 4 << 20  # bytes; requests are a line
MAX_BYTES = 4 << 30  # of a clip
BEGUN, ALIVE, GONE = (
    "begun",
    "alive",
    "gone",
)  # besides what workers say: a replica took the job, still draws, lost its worker
KINDS = (BEGUN, ALIVE, GONE, "progress", "preview", "result", "end")
CUT = "the connection was cut"


class Stream(Protocol):
    """What messages are read from."""

    def readline(self, limit: int = -1, /) -> bytes: ...
    def read(self, amount: int = -1, /) -> bytes: ...


def write_work(work: Work) -> bytes:
    """Return what a worker needs of a job, the picture that it starts from inside."""
    image = b"" if work.image is None else work.image.read_bytes()
    facts = {**work.__dict__, "image": work.image is not None}
    return pack(facts, image)


def read_work(data: bytes, image: Path) -> Work:
    """Return what `write_work` was given; its picture is written to the file `image`. SettingError."""
    facts, picture = unpack(io.BytesIO(data))
    try:
        if facts["image"]:
            image.write_bytes(picture)
        facts |= {
            "image": image if facts["image"] else None,
            "requests": tuple((int(place), str(text)) for place, text in facts["requests"]),
        }
        return Work(**facts)
    except (KeyError, TypeError, ValueError):
        raise SettingError("this is no job of mutoscope serve; both ends must have the same version") from None


def write_message(message: tuple[Any, ...]) -> bytes:
    """Return what a worker said; at most one of its parts is bytes."""
    data = next((part for part in message if isinstance(part, bytes)), b"")
    parts = [None if isinstance(part, bytes) else part for part in message]
    return pack({"message": parts, "at": next((i for i, part in enumerate(message) if part is data), None)}, data)


def read_message(stream: Stream) -> tuple[Any, ...]:
    """Return the next message; EOFError at the end, and where it is none of ours."""
    try:
        facts, data = unpack(stream)
        parts = list(facts["message"])
        if facts["at"] is not None:
            parts[facts["at"]] = data
        if parts[0] not in KINDS or not isinstance(parts[1], int):
            raise EOFError(CUT)
    except (SettingError, KeyError, IndexError, TypeError, ValueError) as error:
        raise EOFError(str(error)) from None
    if parts[0] == "result":
        parts[-1] = tuple(parts[-1])  # warnings
    return tuple(parts)


def pack(facts: dict[str, Any], data: bytes) -> bytes:
    """Return a line of JSON with the bytes that it counts."""
    return json.dumps({**facts, "bytes": len(data)}).encode() + b"\n" + data


def unpack(stream: Stream) -> tuple[dict[str, Any], bytes]:
    """Return what `pack` was given; EOFError at the end, SettingError where this is something else."""
    line = stream.readline(MAX_LINE)
    if not line.endswith(b"\n"):
        raise EOFError(CUT)
    try:
        facts = json.loads(line)
        size = facts.pop("bytes")
        if not 0 <= size <= MAX_BYTES:
            raise ValueError(size)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SettingError("this is no message of mutoscope serve") from None
    data = stream.read(size) if size else b""
    if len(data) != size:
        raise EOFError(CUT)
    return facts, data
