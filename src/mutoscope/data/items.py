"""One item of a captioned folder opened, in whatever way it lies: a file, a sheet of frames, a member of a shard.

    file    row["file"] is a picture or a clip beside captions.jsonl
    sheet   the same, and its facts hold frames, frame_px, cols and frame_ms: frames tiled in one picture, row by row
    shard   row["shard"] names a tar; row["offset"] and row["bytes"] say where in it the file lies

Knows neither captions nor what is wrong with pixels.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from mutoscope.data.rows import Row, place_of
from mutoscope.data.shards import mark_of
from mutoscope.errors import DataError, MediaError
from mutoscope.media import Header, Limits, open_frames

LIMITS = Limits(file_bytes=256 << 20, pixels=120_000_000, clip_pixels=20_000_000_000, least_side=256)
MOST_TILES = 4096


def open_item(folder: Path, row: Row, limits: Limits = LIMITS) -> tuple[Header, Iterator[np.ndarray]]:
    """Return what an item is, and its frames (H, W, 3) uint8 one at a time; MediaError at any moment.

    A clip of one frame is a picture. JPEGs may come smaller than the header says (`Limits.least_side`).
    """
    source: Path | bytes = _shard_bytes(folder, row) if "shard" in row else _path(folder, row["file"])
    tiles = _tiles(row)
    header, frames = open_frames(source, replace(limits, least_side=0) if tiles else limits, row["file"])
    return _cut(header, frames, *tiles, row["file"]) if tiles else (header, frames)


def reason_of(error: MediaError) -> str:
    """Return why a file cannot be read, without its name."""
    before, said, after = str(error).rpartition(" cannot be read: ")
    return after if said else before or after


def _path(folder: Path, file: str) -> Path:
    try:
        return place_of(folder, file)
    except DataError as error:
        raise MediaError(f"{file!r} cannot be read: {error}") from error


def _shard_bytes(folder: Path, row: Row) -> bytes:
    try:
        with open(place_of(folder, row["shard"]), "rb") as stream:
            stream.seek(row["offset"])
            data = stream.read(row["bytes"])
    except (OSError, DataError, KeyError, TypeError, ValueError) as error:
        raise MediaError(f"{row['file']} cannot be read: {error}") from error
    if len(data) != row["bytes"]:
        raise MediaError(f"{row['file']} cannot be read: {row['shard']} ends too early; pack again")
    if "mark" in row and mark_of(data) != row["mark"]:
        raise MediaError(f"{row['file']} cannot be read: {row['shard']} was changed; pack again")
    return data


def _tiles(row: Row) -> tuple[int, int, int, float | None] | None:
    """Return (frames, side, columns, frames a second) of a sheet, None where the row describes none."""
    facts = row.get("facts")
    if not isinstance(facts, dict) or "frame_px" not in facts or "frames" not in facts:
        return None
    count, side, columns = facts["frames"], facts["frame_px"], facts.get("cols", facts["frames"])
    numbers = [value for value in (count, side, columns) if isinstance(value, int) and 1 <= value <= MOST_TILES]
    if len(numbers) < 3:
        return None
    pause = facts.get("frame_ms")
    return count, side, columns, 1000 / pause if isinstance(pause, int | float) and pause > 0 else None


def _cut(
    header: Header, frames: Iterator[np.ndarray], count: int, side: int, columns: int, fps: float | None, name: str
) -> tuple[Header, Iterator[np.ndarray]]:
    """Return the frames of a sheet as a clip; MediaError when the sheet is too small for them."""
    if header.width < min(columns, count) * side or header.height < -(-count // columns) * side:
        raise MediaError(
            f"{name} cannot be read: {header.width} x {header.height} pixels hold no {count} frames of {side} in {columns} columns"
        )

    def tiles() -> Iterator[np.ndarray]:
        sheet = next(frames)
        for index in range(count):
            top, left = index // columns * side, index % columns * side
            yield sheet[top : top + side, left : left + side]

    return replace(header, width=side, height=side, fps=fps, is_clip=count > 1), tiles()
