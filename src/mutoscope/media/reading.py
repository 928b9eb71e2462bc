"""Any picture or clip file becomes pixels, or tells about itself; everything that is wrong with it is one MediaError.

A file is known by its first bytes, not by its name. It is read into memory once, so PyAV gets no path and no address to
open; its containers, decoders and protocols are on allow-lists, and Pillow gets five formats. Limits are checked before
pixels are made.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mutoscope.errors import MediaError, MissingMediaError
from mutoscope.media.colors import to_rgb
from mutoscope.media.containers import CUT_SHORT, Notes, foreign_kind_of, kind_of, notes_of
from mutoscope.media.films import DEMUXERS, film_frames, film_info
from mutoscope.media.limits import Header, Limits, check_size
from mutoscope.media.marks import MAX_TEXT, as_request, is_ai
from mutoscope.media.stills import still_frames, still_info, turned_upright

if TYPE_CHECKING:
    from PIL import Image


def read_info(path: Path) -> dict[str, Any]:
    """Return what a file says about itself, after checking that it is whole.

    Keys: format, width, height, frames, fps and duration_seconds (None for pictures), request_json, parameters and
    software (None where the file does not say), ai_marking (bool). Raises MediaError naming the file.
    """
    with _one_error(path):
        data, kind, notes = _load(path)
        shape, marks = (film_info if kind in DEMUXERS else still_info)(data, kind, notes)
        marks = {name: text for name, text in marks.items() if text and len(text) <= MAX_TEXT}
        return {
            "format": kind,
            **shape,
            "request_json": as_request(marks.get("request")),
            "parameters": marks.get("parameters"),
            "software": marks.get("software"),
            "ai_marking": is_ai(marks.get("source")),
        }


def read_pixels(path: Path) -> np.ndarray:
    """Return a picture as (H, W, 3) or a clip as (T, H, W, 3), uint8; MediaError naming the file if it cannot be read.

    As viewers show it: in sRGB by the embedded color profile, turned by EXIF orientation or track matrix, square pixels,
    transparency over white. Frames that a WebP animation joined come apart again.
    """
    header, frames = open_frames(path)
    pixels = list(frames)
    return np.stack(pixels) if header.is_clip else pixels[0]


def upright(image: "Image.Image", name: str, limits: Limits | None = None, *, as_mask: bool = False) -> np.ndarray:
    """Return a PIL.Image as (H, W, 3) uint8, as `open_frames` returns that of a file; MediaError calls it `name`."""
    with _one_error(name):
        check_size(*image.size, limits=limits)
        return to_rgb(turned_upright(image), as_mask=as_mask)


def open_frames(
    source: Path | bytes,  # the bytes of a file, or where it lies
    limits: Limits | None = None,
    name: str = "",  # what errors call it
    *,
    as_mask: bool = False,  # levels as they are stored, transparency black: see colors.py
) -> tuple[Header, Iterator[np.ndarray]]:
    """Return what a file holds and its frames (H, W, 3) uint8, decoded one at a time as they are asked for.

    Raises MediaError here or at any frame; the caller's own errors pass. Nothing but the file's bytes and one frame is in
    memory, so a clip may be longer than it would fit.
    """
    steps = _steps(source, limits or Limits(), name or str(source), as_mask)
    header = next(steps)
    assert isinstance(header, Header)
    return header, (frame for frame in steps if isinstance(frame, np.ndarray))


def _steps(source: Path | bytes, limits: Limits, name: str, as_mask: bool) -> Iterator[Header | np.ndarray]:
    """Yield the header, then the frames."""
    with _one_error(name):
        data, kind, notes = _load(source, limits)
        yield from (film_frames if kind in DEMUXERS else still_frames)(data, kind, notes, limits, as_mask)


@contextlib.contextmanager
def _one_error(path: Path | str) -> Iterator[None]:
    """Turn whatever goes wrong into one MediaError of one line."""
    name = str(path) if str(path).isprintable() else repr(str(path))
    try:
        yield
    except FileNotFoundError as error:
        raise MissingMediaError(f"there is no file {name}") from error
    except Exception as error:  # decoders fail in every way there is
        raise MediaError(f"{name} cannot be read: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "there is not enough memory for it"
    text = getattr(error, "strerror", None) or str(error)
    if text.startswith("image file is truncated"):  # Pillow's words
        return CUT_SHORT
    if not text or " object at 0x" in text or isinstance(error, (KeyError, IndexError, TypeError)):
        text = "it is damaged"
    return text.splitlines()[0][:200]


def _load(source: Path | bytes, limits: Limits | None = None) -> tuple[bytes, str, Notes]:
    """Return the bytes of a file, its kind, and its notes."""
    data = source if isinstance(source, bytes) else _read(Path(source), limits or Limits())
    kind = kind_of(data)
    if kind is None:
        raise ValueError(_unknown(data))
    return data, kind, notes_of(data, kind)


def _unknown(data: bytes) -> str:
    """Return what is said of a file of a kind that is not read."""
    if not data:
        return "it is empty"
    if foreign := foreign_kind_of(data):
        return f"it is {foreign[0]}, which is not read; convert it to {foreign[1]}"
    return "it is no PNG, JPEG, WebP, GIF, AVIF, MP4 or WebM file"


def _read(path: Path, limits: Limits) -> bytes:
    size = path.stat().st_size
    if not path.is_file():
        raise ValueError("it is not a file")
    if size > limits.file_bytes:
        raise ValueError(f"it has {size:,} bytes; at most {limits.file_bytes:,} are read")
    return path.read_bytes()
