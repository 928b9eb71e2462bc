"""Tar files in the manner of webdataset, each with an index that finds any item without reading what is before it.

    00003.tar    00000042.png, 00000042.json (the row), 00000042.txt (its first caption); 00000043.png, ...
    00003.json   {"rows": [row with shard, offset, bytes, mark], "left_out": [...], "bytes", "sha256"}

The same rows give the same bytes. The index is written after its shard: while there is none, the shard is not finished.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from mutoscope.data.rows import Row
from mutoscope.media.storage import atomic_write, write_bytes

MARK = 12  # letters of a content's hash that stand in its row
_BLOCK = 512  # bytes of a tar header


def shard_name(number: int) -> str:
    """Return the name of a shard without its ending."""
    return f"{number:05d}"


def mark_of(data: bytes) -> str:
    """Return the mark of a content."""
    return hashlib.sha256(data).hexdigest()[:MARK]


def write_shard(folder: Path, number: int, items: Iterable[tuple[Row, str, bytes] | dict[str, str]]) -> dict[str, Any]:
    """Write one shard and then its index, each whole or not at all; return the index.

    `items` are (row, ending, content of the file); or, for what is left out, a dict that says so. Item i of a shard of n
    has the key number * n + i only if the caller's rows say so: keys are the rows' own "key".
    """
    rows: list[Row] = []
    left_out: list[dict[str, str]] = []
    name = shard_name(number)
    digest, size = hashlib.sha256(), 0

    def write(stream: BinaryIO) -> None:
        nonlocal size
        with tarfile.open(fileobj=_Hashing(stream, digest), mode="w", format=tarfile.USTAR_FORMAT) as tar:  # type: ignore[arg-type]
            for item in items:
                if isinstance(item, dict):
                    left_out.append(item)
                else:
                    rows.append(_add(tar, f"{name}.tar", *item))
        size = stream.tell()

    atomic_write(folder / f"{name}.tar", write)
    index = {"rows": rows, "left_out": left_out, "bytes": size, "sha256": digest.hexdigest()}
    write_bytes(folder / f"{name}.json", json.dumps(index, ensure_ascii=True, sort_keys=True).encode())
    return index


def read_index(folder: Path, number: int) -> dict[str, Any] | None:
    """Return the index of a finished shard, None when it is not finished or its tar has another size."""
    name = shard_name(number)
    try:
        index = json.loads((folder / f"{name}.json").read_text("utf-8"))
        return index if (folder / f"{name}.tar").stat().st_size == index["bytes"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _add(tar: tarfile.TarFile, shard: str, row: Row, ending: str, data: bytes) -> Row:
    """Add an item and return its row with the place of its file."""
    key = row["key"]
    offset = tar.offset + _BLOCK
    _put(tar, f"{key}{ending}", data)
    placed = {name: value for name, value in row.items() if name != "key"}
    placed["file"] = str(PurePosixPath(shard) / f"{key}{ending}")
    _put(tar, f"{key}.json", json.dumps(placed, ensure_ascii=True, sort_keys=True).encode())
    _put(tar, f"{key}.txt", (row["captions"][0] + "\n").encode())
    return placed | {"shard": shard, "offset": offset, "bytes": len(data), "mark": mark_of(data)}


def _put(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)  # no time, no owner: the same rows give the same bytes
    member.size, member.mode = len(data), 0o644
    tar.addfile(member, io.BytesIO(data))


class _Hashing:
    """A file that is written to and hashed on the way."""

    def __init__(self, stream: BinaryIO, digest: Any):
        self._stream, self._digest = stream, digest

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        return self._stream.write(data)

    def tell(self) -> int:
        return self._stream.tell()
