"""What a collection holds already, by the names in its source, and where the source says something else now.

A file counts as replaced when its size differs, or when it is newer than its copy and its content differs. Knows no source.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from mutoscope.data.rows import NAME, Row, read_line, to_line
from mutoscope.data.sources import Found
from mutoscope.errors import DataError
from mutoscope.media.storage import atomic_write


@dataclass(frozen=True)
class Known:
    """One item as it was taken."""

    file: str
    said: bytes  # digest of its captions


class Held:
    """The items of a collection; `seen` are those that the source still has."""

    def __init__(self, folder: Path):
        self.folder, self.seen = folder, set[str]()
        self.known = _read(folder)

    def __len__(self) -> int:
        return len(self.known)

    def differs(self, found: Found, name_of: Callable[[bytes], str]) -> bool:
        """Say whether an item has other captions or other content than when it was taken; `name_of` says content by a name."""
        known = self.known[found.origin]
        if known.said != _digest(found.captions, found.problem):
            return True
        if isinstance(found.content, bytes):
            return name_of(found.content) != known.file
        try:
            now, copy = found.content.stat(), (self.folder / known.file).stat()
        except OSError:  # one of both is gone
            return found.content.is_file()
        if (now.st_dev, now.st_ino) == (copy.st_dev, copy.st_ino):
            return False
        newer = now.st_size != copy.st_size or now.st_mtime_ns > copy.st_mtime_ns
        return newer and name_of(found.content.read_bytes()) != known.file

    def add(self, row: Row) -> None:
        """Note a row that was taken."""
        origin = row["facts"]["origin"]
        self.known[origin] = _known(row)
        self.seen.add(origin)

    def gone(self) -> list[str]:
        """Return the items that the source has no more."""
        return [origin for origin in self.known if origin not in self.seen]

    def rewrite(self, renewed: dict[str, Row], gone: list[str]) -> None:
        """Put new rows in the place of old ones and take out what is gone, with the copies that no row names any more."""
        leaving = set(gone)
        before = {self.known[origin].file for origin in leaving | renewed.keys()}

        def write(stream: BinaryIO) -> None:
            with open(self.folder / NAME, "rb") as lines:
                for line in lines:
                    origin = read_line(line)["facts"]["origin"]
                    if origin not in leaving:
                        stream.write(to_line(renewed[origin]) if origin in renewed else line)

        atomic_write(self.folder / NAME, write)
        for origin in leaving:
            del self.known[origin]
        self.known |= {origin: _known(row) for origin, row in renewed.items()}
        for file in before - {known.file for known in self.known.values()}:
            (self.folder / file).unlink(missing_ok=True)


def _read(folder: Path) -> dict[str, Known]:
    """Return the items that a folder holds; a line cut off by a crash is taken out of captions.jsonl."""
    file, known, whole = folder / NAME, dict[str, Known](), 0
    if not file.exists():
        return known
    with open(file, "rb") as stream:
        for number, line in enumerate(stream, 1):
            if not line.endswith(b"\n"):
                break
            try:
                row = read_line(line)
                known[row["facts"]["origin"]] = _known(row)
            except (DataError, KeyError, TypeError) as error:
                raise DataError(f"{file} line {number} is not what collect wrote; choose another --out") from error
            whole += len(line)
    if whole < file.stat().st_size:
        os.truncate(file, whole)
    return known


def _known(row: Row) -> Known:
    return Known(row["file"], _digest(row["captions"], row.get("caption_problem", "")))


def _digest(captions: list[Any], problem: str) -> bytes:
    return hashlib.sha256(repr((captions, problem)).encode("utf-8", "surrogatepass")).digest()[:16]
