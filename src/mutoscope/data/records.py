"""Records of bytes in one file, of lengths of their own: made in parts by one process or by many, read in any order.

    NAME           a head, where every record begins, the records; nothing writes to it again
    NAME.parts/    while it is made: its head, and a file for every few records, each there whole or not at all

The parts are the same however many processes make them, and so is the file. Who was killed goes on with the parts that are missing.
A file with another head, of an older version say, is made anew and never misread. Knows nothing of what it holds.
"""

import json
import os
import shutil
from collections.abc import Callable, Generator
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from mutoscope.data.claim import alone
from mutoscope.errors import OutputError
from mutoscope.media.storage import atomic_write, make_folder, write_bytes

MAGIC = b"MUTOREC1"
HEAD_BYTES = 4096  # magic, length of the JSON, JSON; then the starts, then the records
PARTS_HEAD = "head.json"

Make = Callable[[int, int], list[bytes]]  # (start, stop): the records from start to stop
Head = dict[str, Any]  # says what the records are and how they are written; JSON


@dataclass(frozen=True)
class Share:
    """Which of how many processes this one is, each of which makes a share of the parts, and how they wait for each other."""

    rank: int = 0
    size: int = 1
    wait: Callable[[], None] = lambda: None

    @property
    def is_first(self) -> bool:
        """Whether this process joins the parts."""
        return self.rank == 0


ALONE = Share()


@dataclass(frozen=True)
class Records:
    """An opened file: `data` is mapped, so that only what is asked for comes into memory."""

    head: Head
    starts: np.ndarray  # (N + 1,) int64, in bytes of `data`
    data: np.ndarray  # uint8, mapped

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, index: int) -> bytes:
        return self.data[self.starts[index] : self.starts[index + 1]].tobytes()


def open_records(path: Path, head: Head) -> Records:
    """Open a file whose head is `head`; OutputError when there is none."""
    records = _read(path)
    if records is None or records.head != _plain(head):
        raise OutputError(f"{path} is missing or of another kind; run the same command again, which makes it")
    return records


def are_there(path: Path, head: Head) -> bool:
    """Say whether the file is there, whole and with this head."""
    records = _read(path)
    return records is not None and records.head == _plain(head)


def fill_records(
    path: Path,
    head: Head,
    make: Make,
    *,
    rows: int,
    step: int,  # rows of a part, which a kill costs at most; every row is as many records as `make` says
    share: Share = ALONE,
) -> Generator[int, None, None]:
    """Make the file at `path` and yield how many rows all processes have made, first what an earlier call left.

    Yields nothing where the file is there. Every process of the share calls this; all return when the file is whole.
    """
    there = are_there(path, head)
    share.wait()  # all have looked before the first one can be done
    if there:
        return
    make_folder(path.parent)
    with alone(path.parent, "encoding") if share.is_first else nullcontext():
        parts = _Parts(path.with_name(path.name + ".parts"), {**head, "rows": rows, "step": step}, rows, step)
        if share.is_first:
            parts.begin()
        share.wait()
        yield parts.rows_done()
        for number in range(share.rank, parts.count, share.size):
            if not parts.path(number).exists():
                start = number * step
                parts.write(number, make(start, min(rows, start + step)))
                yield parts.rows_done()
        share.wait()
        if share.is_first:
            _join(path, _plain(head), parts)
            yield rows
        share.wait()


@dataclass(frozen=True)
class _Parts:
    """The folder of parts: NUMBER holds how many records it has, their lengths (uint32 all) and the records."""

    folder: Path
    head: Head
    rows: int
    step: int

    @property
    def count(self) -> int:
        return -(-self.rows // self.step)

    def path(self, number: int) -> Path:
        return self.folder / f"{number:06d}"

    def begin(self) -> None:
        """Keep the parts of an earlier call, and remove those of anything else."""
        with suppress(OSError, ValueError):
            if json.loads((self.folder / PARTS_HEAD).read_text("utf-8")) == _plain(self.head):
                return
        shutil.rmtree(self.folder, ignore_errors=True)
        make_folder(self.folder)
        write_bytes(self.folder / PARTS_HEAD, json.dumps(self.head).encode())

    def rows_done(self) -> int:
        """Return how many rows are in parts, whoever made them."""
        numbers = [int(entry.name) for entry in os.scandir(self.folder) if entry.name.isdecimal()]
        last = self.count - 1
        return sum(self.rows - last * self.step if number == last else self.step for number in numbers)

    def write(self, number: int, records: list[bytes]) -> None:
        lengths = [len(records), *map(len, records)]
        write_bytes(self.path(number), np.array(lengths, np.uint32).tobytes() + b"".join(records))

    def read(self, number: int) -> tuple[np.ndarray, bytes]:
        """Return the lengths of a part's records, and the records."""
        held = self.path(number).read_bytes()
        begin = 4 * (1 + int.from_bytes(held[:4], "little"))
        return np.frombuffer(held[4:begin], np.uint32), held[begin:]


def _join(path: Path, head: Head, parts: _Parts) -> None:
    """Write the parts one after the other into the file, and remove them."""
    lengths = np.concatenate([parts.read(number)[0] for number in range(parts.count)])
    starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])

    def put_together(file: BinaryIO) -> None:
        file.write(_head_block({"head": head, "records": len(lengths)}) + starts.tobytes())
        for number in range(parts.count):
            file.write(parts.read(number)[1])

    atomic_write(path, put_together, size=HEAD_BYTES + starts.nbytes + int(starts[-1]))
    shutil.rmtree(parts.folder, ignore_errors=True)


def _head_block(told: dict[str, Any]) -> bytes:
    text = json.dumps(told, sort_keys=True).encode()
    block = MAGIC + len(text).to_bytes(4, "little") + text
    assert len(block) <= HEAD_BYTES, "a head is a few numbers"
    return block.ljust(HEAD_BYTES, b"\0")


def _read(path: Path) -> Records | None:
    """Return what a file holds; None when it is not one of these files, or not whole."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        with open(path, "rb") as file:
            block = file.read(HEAD_BYTES)
            if block[:8] != MAGIC:
                return None
            length = int.from_bytes(block[8:12], "little")
            told = json.loads(block[12 : 12 + length])
            starts = np.fromfile(file, np.int64, told["records"] + 1)
        begin = HEAD_BYTES + starts.nbytes
        if len(starts) == told["records"] + 1 and path.stat().st_size == begin + starts[-1]:
            data = np.memmap(path, np.uint8, "r", begin) if starts[-1] else np.zeros(0, np.uint8)
            return Records(told["head"], starts, data)
    return None


def _plain(head: Head) -> Head:
    """Return the head as JSON gives it back."""
    return json.loads(json.dumps(head))
