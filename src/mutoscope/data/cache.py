"""A captioned folder as arrays: pixels in one memory-mapped file, captions and facts beside them.

A data folder holds `captions.jsonl` and its files, all of one size (what `mutoscope data render` writes, or a bucket of what
`mutoscope data pack` writes), or is a folder of such folders. Reading 20,000 PNGs takes a minute; the arrays are made once
under `.cache/` and mapped from then on.

Legend: pixels here are uint8 (N, T, H, W, 3).
"""

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mutoscope.data.augment import may_flip
from mutoscope.data.items import open_item
from mutoscope.errors import OutputError
from mutoscope.media import Limits

UNFINISHED = ".plan"  # is in a pack until its last file is written


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

    def __len__(self) -> int:
        return len(self.captions)


def open_folders(data: Path) -> list[Folder]:
    """Open `data`, or every captioned folder in it; OutputError, before a pixel is read, when `survey` finds a fault."""
    survey(data)
    return [open_folder(path) for path in find_folders(data)]


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
                rows.append((json.loads(line)["file"], json.loads(line)))
            except (ValueError, KeyError, TypeError) as error:
                raise OutputError(f"{file}, line {number}: not a row of captions ({error})") from error
    if not rows:
        raise OutputError(f"{file} is empty; make data with: mutoscope data render, or mutoscope data pack")
    empty = [name for name, row in rows if not row.get("captions")]
    if empty:
        raise OutputError(f"{path}: {len(empty)} items have no caption, first {empty[:1]}; training needs one for each")
    return [row for _, row in sorted(rows, key=lambda pair: pair[0])], text


def frames_of(path: Path) -> int:
    """Return how many frames an item of a captioned folder has, by the first one alone where nothing is packed yet."""
    rows, text = read_rows(path)
    packed = _packed(path, _digest(text))
    return np.load(packed, mmap_mode="r").shape[1] if packed.exists() else len(_frames(path, rows[0]))


def open_folder(path: Path) -> Folder:
    """Open one captioned folder, packing its pixels on the first call."""
    rows, text = read_rows(path)
    digest = _digest(text)
    pixels = _pack(path, rows, digest)
    return Folder(path, pixels, [row["captions"] for row in rows], [row.get("facts", {}) for row in rows], digest)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _packed(path: Path, digest: str) -> Path:
    return path / ".cache" / f"pixels-{digest}.npy"


def _pack(path: Path, rows: list[dict[str, Any]], digest: str) -> np.ndarray:
    target = _packed(path, digest)
    if target.exists():
        return np.load(target, mmap_mode="r")
    target.parent.mkdir(exist_ok=True)
    first = _frames(path, rows[0])
    temporary = target.with_suffix(".tmp.npy")
    out = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=(len(rows), *first.shape))

    def fill(index: int) -> None:
        frames = _frames(path, rows[index])
        if frames.shape != first.shape:
            raise OutputError(
                f"{path / rows[index]['file']}: {frames.shape} where {first.shape} is expected; one size a folder "
                "(mutoscope data pack makes it so)"
            )
        out[index] = frames

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(fill, range(len(rows))))
    out.flush()
    os.replace(temporary, target)
    return np.load(target, mmap_mode="r")


def _frames(path: Path, row: dict[str, Any]) -> np.ndarray:
    return np.stack(list(open_item(path, row, Limits())[1]))
