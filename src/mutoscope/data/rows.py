"""captions.jsonl: one JSON object a line, read one at a time in the order of the file names.

    {"file": "a/lake.png", "captions": ["a lake"], "facts": {...}, "source": "...", "licence": "CC0-1.0"}

The order of the lines in the file means nothing: `Rows` sorts by name, and its digest is the same for every order. Only
the places of the lines are kept in memory. Knows nothing of pictures.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from errno import ENOSPC
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np

from mutoscope.errors import DataError, OutputError, StorageFullError

NAME = "captions.jsonl"
MAX_LINE = 1 << 20  # bytes of a row
BOM = b"\xef\xbb\xbf"

Row = dict[str, Any]


class Rows:
    """The rows of a captioned folder, by file name; `broken` tells of lines that are no row."""

    def __init__(self, folder: Path):
        self.folder, self.path = folder, folder / NAME
        self.broken: list[tuple[int, str]] = []  # line number, what is wrong
        self._stream: Any = None
        self.digest, self._places = self._index()

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> Row:
        if self._stream is None:
            self._stream = open(self.path, "rb")  # noqa: SIM115, stays open for the next row
        self._stream.seek(self._places[index])
        return read_line(self._stream.readline(MAX_LINE + 1))

    def __iter__(self) -> Iterator[Row]:
        return (self[index] for index in range(len(self)))

    def close(self) -> None:
        """Close the file; it opens again when a row is asked for."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def __del__(self):
        self.close()

    def _index(self) -> tuple[str, np.ndarray]:
        """Return the digest and the place of every row, sorted by file name, then by content."""
        total, places = 0, []
        try:
            stream = open(self.path, "rb")  # noqa: SIM115, closed below
        except OSError as error:
            raise OutputError(
                f"{self.folder}: no {NAME} can be read here ({error.strerror}); make one with: mutoscope data collect"
            ) from error
        with stream:
            place, number = 0, 0
            while line := stream.readline(MAX_LINE + 1):
                number += 1
                mark = hashlib.sha256(line.strip()).digest()
                if line.strip():
                    total += int.from_bytes(mark, "big")
                    try:
                        places.append((read_line(line)["file"], mark[:8], place))
                    except DataError as error:
                        self.broken.append((number, str(error)))
                        while line and not line.endswith(b"\n"):
                            line = stream.readline(MAX_LINE)
                place = stream.tell()
        digest = hashlib.sha256((total % 2**256).to_bytes(32, "big")).hexdigest()[:16]
        places.sort()
        return digest, np.array([place for _, _, place in places], np.int64)


def read_line(line: bytes) -> Row:
    """Return the row in a line; DataError says what is wrong with it."""
    if len(line) > MAX_LINE:
        raise DataError(f"a line of more than {MAX_LINE:,} bytes")
    try:
        row = json.loads(line.removeprefix(BOM).decode("utf-8"))
    except UnicodeDecodeError as error:
        raise DataError(f"not UTF-8 (byte {line[error.start]:#04x} at {error.start})") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"not JSON ({error})") from error
    if not isinstance(row, dict) or not isinstance(row.get("file"), str):
        raise DataError('no "file" in it')
    return row


def place_of(folder: Path, file: str) -> Path:
    """Return where the file of a row lies; DataError for a name that leads out of the folder."""
    windows, posix = PureWindowsPath(file), PurePosixPath(file)
    if not file or "\0" in file or posix.is_absolute() or windows.drive or ".." in (*posix.parts, *windows.parts):
        raise DataError("its name leads out of the folder")
    return folder / file


def to_line(row: Row) -> bytes:
    """Return the line of a row; the same row gives the same bytes."""
    return (json.dumps(row, ensure_ascii=True, sort_keys=True) + "\n").encode()


def append(file: Path, rows: Iterable[Row]) -> None:
    """Add rows to a file and wait until they are on the disk; StorageFullError when it is full."""
    try:
        with file.open("ab") as stream:
            stream.writelines(to_line(row) for row in rows)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        if error.errno == ENOSPC:
            raise StorageFullError(
                f"the disk is full, {file} could not grow; make room and run the same command"
            ) from error
        raise
