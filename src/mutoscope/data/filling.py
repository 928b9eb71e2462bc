"""An array on disk that is filled from front to back: who was killed goes on where the last finished part ended.

    NAME.npy        the whole array; nothing writes to it again
    NAME.npy.part   the array while it is filled
    NAME.npy.done   {"rows": how many of them are filled, "of": all}, written after the rows are on the disk

Knows nothing of what it holds. One process fills at a time (`claim.alone`).
"""

import errno
import json
import os
import shutil
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from mutoscope.data.claim import alone
from mutoscope.errors import StorageError, StorageFullError
from mutoscope.events import Event
from mutoscope.media.storage import make_folder, write_bytes

MARK_SECONDS = 2.0  # between two marks of how much is filled

Put = Callable[[np.ndarray, int, int], None]  # (array, start, stop): fill the rows from start to stop


def fill(
    path: Path,
    shape: tuple[int, ...],
    dtype: type,
    put: Put,
    *,
    rows: int,  # to fill; `put` says where in the array a row lies
    step: int,  # rows at once
) -> Generator[int, None, None]:
    """Fill the array at `path` and yield how many rows are done, first what an earlier call left; nothing where it is whole.

    StorageFullError before the first row when the disk has no room for all.
    """
    if path.exists():
        return
    make_folder(path.parent)
    with alone(path.parent, "encoding"):
        part, mark = path.with_name(path.name + ".part"), path.with_name(path.name + ".done")
        array, done = _open(part, mark, shape, dtype, rows)
        yield done
        marked = time.monotonic()
        while done < rows:
            stop = min(rows, done + step)
            put(array, done, stop)
            done = stop
            if time.monotonic() - marked >= MARK_SECONDS:
                array.flush()
                write_bytes(mark, json.dumps({"rows": done, "of": rows}).encode())
                marked = time.monotonic()
            yield done
        array.flush()
        del array
        os.replace(part, path)
        mark.unlink(missing_ok=True)


def tell(name: str, rows: int, filled: Iterator[int]) -> Iterator[Event]:
    """Return the events of `fill`; none where the array was whole."""
    first = next(filled, None)
    if first is None:
        return
    start = time.monotonic()
    yield Event(name, first, rows)
    for done in filled:
        yield Event(name, done, rows, (time.monotonic() - start) / max(1, done - first) * (rows - done))


def bytes_to_fill(path: Path, shape: tuple[int, ...], dtype: type) -> int:
    """Return the bytes that filling `path` will still take from the disk."""
    part = path.with_name(path.name + ".part")
    return 0 if path.exists() or part.exists() else int(np.prod(shape)) * np.dtype(dtype).itemsize


def check_room(folder: Path, needed: int, what: str) -> None:
    """Refuse to fill what the disk of `folder` has no room for; StorageFullError."""
    free = shutil.disk_usage(next(path for path in (folder, *folder.absolute().parents) if path.is_dir())).free
    if free < needed:
        raise StorageFullError(
            f"{folder}: the disk has {free / 1e6:,.0f} MB free and {what} need {needed / 1e6:,.0f} MB; make room, or choose "
            "another --out"
        )


def _open(part: Path, mark: Path, shape: tuple[int, ...], dtype: type, rows: int) -> tuple[np.memmap, int]:
    """Return the array and how many rows of it are filled; what is no part of this array is begun anew."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        held = json.loads(mark.read_text("utf-8"))
        array = np.lib.format.open_memmap(part, mode="r+")
        if held["of"] == rows and 0 <= held["rows"] <= rows and (array.shape, array.dtype) == (shape, np.dtype(dtype)):
            return array, held["rows"]
    mark.unlink(missing_ok=True)
    array = np.lib.format.open_memmap(part, mode="w+", dtype=dtype, shape=shape)
    _take_room(part)
    return array, 0


def _take_room(part: Path) -> None:
    """Let the disk set the room aside: a mapped file that finds none while it is written ends the process."""
    size = part.stat().st_size
    try:
        with open(part, "r+b") as file:
            os.posix_fallocate(file.fileno(), 0, size)
    except AttributeError:  # Windows
        return
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.EINVAL):
            return
        part.unlink(missing_ok=True)
        kind = StorageFullError if error.errno in (errno.ENOSPC, errno.EDQUOT) else StorageError
        raise kind(f"{part}: no room for {size / 1e6:,.0f} MB ({error.strerror}); make room and run again") from error
