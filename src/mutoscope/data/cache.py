"""A captioned folder as arrays: pixels in one memory-mapped file, captions and facts beside them.

A data folder holds `captions.jsonl` and its files, all of one size (what `mutoscope data render` writes, or a bucket of what
`mutoscope data pack` writes), or is a folder of such folders. Nothing is ever written there. Reading 20,000 PNGs takes a minute;
a training does it once (`fill_pixels`) and keeps the arrays under `RUN/cache`.

Legend: pixels here are uint8 (N, T, H, W, 3).
"""

import hashlib
import json
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mutoscope.data.augment import may_flip
from mutoscope.data.filling import bytes_to_fill, fill, tell
from mutoscope.data.items import open_item
from mutoscope.errors import OutputError
from mutoscope.events import Event, drain
from mutoscope.media import Limits

UNFINISHED = ".plan"  # is in a pack until its last file is written
FILES_AT_ONCE = 32  # decoded between two events


@dataclass(frozen=True)
class Folder:
    """One captioned folder: `pixels` (N, T, H, W, 3) uint8, and per item the captions and the facts."""

    path: Path
    pixels: np.ndarray
    captions: list[list[str]]
    facts: list[dict[str, Any]]
    digest: str

    @property
    def is_clips(self) -> bool:
        """Whether the items have more than one frame."""
        return self.pixels.shape[1] > 1

    @cached_property
    def may_flip(self) -> np.ndarray:
        """Which items (N,) bool stay true to all their captions when they are mirrored."""
        known = {text: may_flip(text) for text in {text for texts in self.captions for text in texts}}
        return np.array([all(known[text] for text in texts) for texts in self.captions], bool)

    @cached_property
    def order(self) -> np.ndarray | None:
        """Every item as often as its facts say that it counts; None where all count once."""
        counts = [facts.get("repeats", 1) for facts in self.facts]
        counts = [count if type(count) is int and 1 <= count < 10_000 else 1 for count in counts]
        return np.repeat(np.arange(len(counts)), counts) if any(count > 1 for count in counts) else None

    def __len__(self) -> int:
        return len(self.captions)


def open_folders(data: Path, cache: Path | None = None) -> list[Folder]:
    """Open `data`, or every captioned folder in it; OutputError, before a pixel is read, when `survey` finds a fault.

    Pixels are kept in the folder `cache`; None = in a file without a name, which is gone with the process.
    """
    survey(data)
    if cache is not None:
        drain(fill_pixels(data, cache))
    return [_open_folder(path, cache) for path in find_folders(data)]


def fill_pixels(data: Path, cache: Path) -> Iterator[Event]:
    """Decode what `cache` does not hold yet; goes on where an earlier call was killed, and yields nothing where all is there."""
    for path in find_folders(data):
        rows, text = read_rows(path)
        target = _kept(path, cache, digest_of(text))
        if not target.exists():
            yield from _fill(path, rows, target)


def pixel_bytes(data: Path, cache: Path) -> int:
    """Return the bytes that `fill_pixels` will take from the disk."""
    total = 0
    for path in find_folders(data):
        rows, text = read_rows(path)
        total += bytes_to_fill(_kept(path, cache, digest_of(text)), _shape(path, rows), np.uint8)
    return total


def survey(data: Path) -> dict[Path, int]:
    """Return how many items each captioned folder of `data` holds, by its captions alone.

    OutputError when there is no folder, no item, a line that is not JSON, or an item without a caption.
    """
    return {path: len(read_rows(path)[0]) for path in find_folders(data)}


def find_folders(data: Path) -> list[Path]:
    """Return `data`, or every captioned folder in it."""
    data = Path(data)
    if (data / UNFINISHED).exists():
        raise OutputError(f"{data}: the pack is not finished; run mutoscope data pack again")
    found = [data] if (data / "captions.jsonl").is_file() else sorted(p.parent for p in data.glob("*/captions.jsonl"))
    if not found:
        raise OutputError(
            f"{data}: no captions.jsonl here or one folder below; make data with: mutoscope data render, or, of pictures of "
            "your own, mutoscope data collect, check and pack"
        )
    return found


def read_rows(path: Path) -> tuple[list[dict[str, Any]], str]:
    """Return (rows by file name, text) of a folder's captions.jsonl; OutputError says what is wrong with it."""
    file = path / "captions.jsonl"
    text = file.read_text(encoding="utf-8", errors="replace")
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                row = json.loads(line)
                rows.append((row["file"], row))
            except (ValueError, KeyError, TypeError) as error:
                raise OutputError(f"{file}, line {number}: not a row of captions ({error})") from error
    if not rows:
        raise OutputError(f"{file} is empty; make data with: mutoscope data render, or mutoscope data pack")
    empty = [name for name, row in rows if not row.get("captions")]
    if empty:
        raise OutputError(f"{path}: {len(empty)} items have no caption, first {empty[:1]}; training needs one for each")
    return [row for _, row in sorted(rows, key=lambda pair: pair[0])], text


def frames_of(path: Path) -> int:
    """Return how many frames an item of a captioned folder has, by the first one alone."""
    return _shape(path, read_rows(path)[0])[1]


def digest_of(text: str) -> str:
    """Return a short hash of a captions.jsonl."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _open_folder(path: Path, cache: Path | None) -> Folder:
    rows, text = read_rows(path)
    digest = digest_of(text)
    if cache is None:
        pixels = _decode_all(path, rows)
    else:
        pixels = np.load(_kept(path, cache, digest), mmap_mode="r")
    return Folder(path, pixels, [row["captions"] for row in rows], [row.get("facts", {}) for row in rows], digest)


def _kept(path: Path, cache: Path, digest: str) -> Path:
    """Return where the pixels of a folder are kept."""
    return cache / f"pixels-{path.resolve().name}-{digest}.npy"


def _shape(path: Path, rows: list[dict[str, Any]]) -> tuple[int, ...]:
    """Return (N, T, H, W, 3), by the first item."""
    return (len(rows), *_frames(path, rows[0]).shape)


def _fill(path: Path, rows: list[dict[str, Any]], target: Path) -> Iterator[Event]:
    """Decode a folder's items into `target`."""
    with ThreadPoolExecutor(2) as pool:

        def put(array: np.ndarray, start: int, stop: int) -> None:
            list(pool.map(lambda index: _put(array, path, rows, index), range(start, stop)))

        filled = fill(target, _shape(path, rows), np.uint8, put, rows=len(rows), step=FILES_AT_ONCE)
        yield from tell("pixels", len(rows), filled)


def _decode_all(path: Path, rows: list[dict[str, Any]]) -> np.ndarray:
    """Return the pixels of a folder, mapped from a file without a name."""
    shape = _shape(path, rows)
    with tempfile.TemporaryFile() as file:
        array = np.memmap(file, np.uint8, "w+", shape=shape)  # pyright: ignore[reportArgumentType]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda index: _put(array, path, rows, index), range(len(rows))))
    return array


def _put(array: np.ndarray, path: Path, rows: list[dict[str, Any]], index: int) -> None:
    """Decode item `index` into its place; OutputError when it has another size than the others."""
    frames = _frames(path, rows[index])
    if frames.shape != array.shape[1:]:
        raise OutputError(
            f"{path / rows[index]['file']} is {_size(frames.shape)} and the first item is {_size(array.shape[1:])}; one size a "
            "folder: mutoscope data pack makes it so"
        )
    array[index] = frames


def _size(shape: tuple[int, ...]) -> str:
    """Return (T, H, W, 3) in words."""
    frames, height, width, _ = shape
    return f"{width}x{height}" + (f" with {frames} frames" if frames > 1 else "")


def _frames(path: Path, row: dict[str, Any]) -> np.ndarray:
    return np.stack(list(open_item(path, row, Limits())[1]))
