"""Any picture or clip file becomes pixels, or tells about itself; everything that is wrong with it is one MediaError.

A file is known by its first bytes, not by its name. It is read into memory once, so PyAV gets no path and no address to
open; its containers, decoders and protocols are on allow-lists, and Pillow gets four formats. Limits are checked before
pixels are made.
"""

import contextlib
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from mutoscope.errors import MediaError, MissingMediaError
from mutoscope.media.containers import CUT_SHORT, MAX_FRAMES, Notes, kind_of, notes_of
from mutoscope.media.marks import MAX_TEXT, as_request, exif_parameters, is_ai, xmp_values

MAX_FILE_BYTES = 64 << 20
MAX_PIXELS = 16_000_000  # of one picture or frame
MAX_CLIP_PIXELS = 256_000_000  # of all frames together, 768 MB of colours

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_DEMUXERS = {"MP4": "mp4", "WebM": "matroska"}
_DECODERS = "h264,hevc,vp8,vp9,libvpx,libvpx-vp9,av1,libdav1d,mpeg4"
_ORIENTATION = 0x0112
_TURNED = (5, 6, 7, 8)  # orientations that lie on their side


@dataclass(frozen=True)
class Limits:
    """How large a file may be before it is refused, checked before pixels are made."""

    file_bytes: int = field(default_factory=lambda: MAX_FILE_BYTES)
    pixels: int = field(default_factory=lambda: MAX_PIXELS)  # of one picture or frame
    clip_pixels: int = field(default_factory=lambda: MAX_CLIP_PIXELS)  # of all frames together
    least_side: int = 0  # above 0, a JPEG may be decoded at 1/2, 1/4 or 1/8 of its size, no side under this


@dataclass(frozen=True)
class Header:
    """What a file holds: the true size, upright, whatever the size its frames are decoded at."""

    kind: str  # "PNG", "JPEG", "WebP", "GIF", "MP4" or "WebM"
    width: int
    height: int
    fps: float | None  # None for pictures, and where the file does not tell
    is_clip: bool


def read_info(path: Path) -> dict[str, Any]:
    """Return what a file says about itself, after checking that it is whole.

    Keys: format, width, height, frames, fps and duration_seconds (None for pictures), request_json, parameters and
    software (None where the file does not say), ai_marking (bool). Raises MediaError naming the file.
    """
    with _one_error(path):
        data, kind, notes = _load(path)
        shape, marks = (_film_info if kind in _DEMUXERS else _still_info)(data, kind, notes)
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

    Turned by its EXIF orientation, transparency over white. Frames that a WebP animation joined come apart again.
    """
    header, frames = open_frames(path)
    pixels = list(frames)
    return np.stack(pixels) if header.is_clip else pixels[0]


def upright(image: Any, name: str) -> np.ndarray:
    """Return a PIL.Image as (H, W, 3) uint8, turned by its EXIF orientation, transparency over white; MediaError calls it `name`."""
    with _one_error(name):
        _check_size(*image.size)
        return _rgb(image)


def open_frames(
    source: Path | bytes, limits: Limits | None = None, name: str = ""
) -> tuple[Header, Iterator[np.ndarray]]:
    """Return what a file holds and its frames (H, W, 3) uint8, decoded one at a time as they are asked for.

    `source` is a path, or the bytes of a file that errors call `name`. Raises MediaError here or at any frame; the caller's
    own errors pass. Nothing but the file's bytes and one frame is in memory, so a clip may be longer than it would fit.
    """
    steps = _steps(source, limits or Limits(), name or str(source))
    header = next(steps)
    assert isinstance(header, Header)
    return header, steps  # type: ignore[return-value]


def _steps(source: Path | bytes, limits: Limits, name: str) -> Iterator[Header | np.ndarray]:
    """Yield the header, then the frames."""
    with _one_error(name):
        data, kind, notes = _load(source, limits)
        yield from (_film_steps if kind in _DEMUXERS else _still_steps)(data, kind, notes, limits)


def _still_steps(data: bytes, kind: str, notes: Notes, limits: Limits) -> Iterator[Header | np.ndarray]:
    with _opened(data, limits) as image:
        width, height = image.size
        if _exif(image).get(_ORIENTATION, 1) in _TURNED:
            width, height = height, width
        if not _is_clip(kind, notes):
            yield Header(kind, width, height, None, False)
            if limits.least_side and kind == "JPEG":
                image.draft(None, (limits.least_side, limits.least_side))
            yield _rgb(image)
            return
        repeats, fps = _timing(notes)
        _check_size(*image.size, sum(repeats), limits)
        yield Header(kind, width, height, fps, True)
        for index, repeat in enumerate(repeats):
            frame = _frame(image, index) if repeat else None
            yield from (frame for _ in range(repeat))  # type: ignore[misc]


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
    if not text or " object at 0x" in text or isinstance(error, (KeyError, IndexError, TypeError)):
        text = "it is damaged"
    return text.splitlines()[0][:200]


def _load(source: Path | bytes, limits: Limits | None = None) -> tuple[bytes, str, Notes]:
    """Return the bytes of a file, its kind, and its notes."""
    data = source if isinstance(source, bytes) else _read(Path(source), limits or Limits())
    kind = kind_of(data)
    if kind is None:
        raise ValueError("it is empty" if not data else "it is no PNG, JPEG, WebP, GIF, MP4 or WebM file")
    return data, kind, notes_of(data, kind)


def _read(path: Path, limits: Limits) -> bytes:
    size = path.stat().st_size
    if not path.is_file():
        raise ValueError("it is not a file")
    if size > limits.file_bytes:
        raise ValueError(f"it has {size:,} bytes; at most {limits.file_bytes:,} are read")
    return path.read_bytes()


def _check_size(width: int, height: int, frames: int = 1, limits: Limits | None = None) -> None:
    limits = limits or Limits()
    if not 1 <= width * height <= limits.pixels:  # FFmpeg tells 0 x 0 for a size above the limit it was given
        raise ValueError(f"{width} x {height} pixels; 1 to {limits.pixels:,} are read")
    if frames > MAX_FRAMES or width * height * frames > limits.clip_pixels:
        raise ValueError(
            f"{frames} frames of {width} x {height}; "
            f"at most {MAX_FRAMES} frames and {limits.clip_pixels:,} pixels are read"
        )


# Pillow: PNG, JPEG, WebP, GIF ------------------------------------------------------------------------------------


@contextlib.contextmanager
def _opened(data: bytes, limits: Limits | None = None) -> Iterator[Any]:
    """Open a picture with Pillow, size checked from its header."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of large pictures; our own limit is an error, and lower
        try:
            image = Image.open(io.BytesIO(data), formats=_FORMATS)
        except Image.DecompressionBombError as error:
            most = (limits or Limits()).pixels
            raise ValueError(f"it claims more pixels than a picture has; at most {most:,} are read") from error
    with image:
        _check_size(*image.size, limits=limits)
        yield image


def _still_info(data: bytes, kind: str, notes: Notes) -> tuple[dict, dict]:
    with _opened(data) as image:
        height, width = _rgb(image).shape[:2]
        marks = xmp_values(notes.xmp or image.info.get("xmp"))
        marks |= _text_marks(image, kind, notes)
        if not _is_clip(kind, notes):
            return _shape(width, height, 1, None, None), marks
        repeats, fps = _timing(notes)
        seconds = sum(notes.delays) / 1000 or (sum(repeats) / fps if fps else 0.0)
        return _shape(width, height, sum(repeats), fps, seconds), marks


def _text_marks(image, kind: str, notes: Notes) -> dict[str, str]:
    """Return marks outside XMP: PNG text, EXIF, GIF comment."""
    texts = {
        "request": image.info.get("mutoscope"),
        "parameters": image.info.get("parameters"),
        "software": image.info.get("Software"),
    }
    if kind == "GIF":
        texts = {"request": as_request(notes.comment)}
    elif kind != "PNG":
        texts = {"parameters": exif_parameters(_exif(image))}
    return {name: str(text) for name, text in texts.items() if text}


def _shape(width: int, height: int, frames: int, fps: float | None, seconds: float | None) -> dict[str, Any]:
    return {"width": width, "height": height, "frames": frames, "fps": fps, "duration_seconds": seconds}


def _is_clip(kind: str, notes: Notes) -> bool:
    return kind == "GIF" or len(notes.delays) > 1 or "fps" in xmp_values(notes.xmp)


def _timing(notes: Notes) -> tuple[list[int], float | None]:
    """Return how often each stored frame is shown, and the frames a second (None where nothing tells them)."""
    written = xmp_values(notes.xmp)
    fps = _whole(written.get("fps"), 1000)
    count, total = len(notes.delays), sum(notes.delays)
    _check_size(1, 1, count)
    if fps is None:
        return [1] * count, _number(Fraction(1000 * count, total)) if total else None
    if count < 2:  # equal frames all joined into one picture, which has no time in WebP
        return [_whole(written.get("frames"), MAX_FRAMES) or 1], fps
    ends = np.rint(np.cumsum([0, *notes.delays]) * fps / 1000).astype(int)
    return np.diff(ends).tolist(), fps


def _whole(text: str | None, most: int) -> int | None:
    """Return a whole number from 1 to `most`, None for anything else."""
    return (
        int(text) if text and len(text) < 9 and text.isascii() and text.isdigit() and 1 <= int(text) <= most else None
    )


def _number(rate: Fraction | None) -> float | None:
    """Return a rate as an int where it is whole, else as a float of three decimals."""
    if not rate:
        return None
    return int(rate) if rate.denominator == 1 else round(float(rate), 3)


def _frame(image, index: int) -> np.ndarray:
    image.seek(index)
    return _rgb(image)


def _exif(image):
    """Return the EXIF of a picture; none where it is damaged, as in many a photo that is fine otherwise."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exif = image.getexif()
            exif.get_ifd(0x8769)
            return exif
        except Exception:
            return Image.Exif()


def _rgb(image) -> np.ndarray:
    """Return the picture PIL stands at as (H, W, 3) uint8, turned upright, transparency over white."""
    from PIL import Image, ImageOps

    image.load()
    if _exif(image).get(_ORIENTATION, 1) != 1:
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16 bits, which PIL would clip
        image = Image.fromarray((np.asarray(image, np.int64) // 257).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.array(image.convert("RGB"))


# PyAV: MP4, WebM -------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _film(data: bytes, kind: str, limits: Limits | None = None) -> Iterator[tuple[Any, Any]]:
    """Open a film from memory: (container, video stream), size checked from its header."""
    import av

    limits = limits or Limits()
    options = {"protocol_whitelist": "none", "codec_whitelist": _DECODERS, "max_pixels": str(limits.pixels)}
    with av.open(io.BytesIO(data), format=_DEMUXERS[kind], options=options, metadata_errors="replace") as film:
        stream = next((stream for stream in film.streams.video if stream.codec_context), None)
        if stream is None:
            raise ValueError("it holds no film of a kind that is read here")
        _check_size(stream.width, stream.height, stream.frames or 1, limits)
        yield film, stream


def _film_info(data: bytes, kind: str, notes: Notes) -> tuple[dict, dict]:
    with _film(data, kind) as (film, stream):
        keys = {name.lower(): text for name, text in film.metadata.items()}
        frames, end = 0, 0
        for packet in film.demux(stream):
            if packet.size:
                frames, end = frames + 1, max(end, (packet.pts or 0) + (packet.duration or 0))
                _check_size(1, 1, frames)
            if packet.is_corrupt:
                raise ValueError(CUT_SHORT)
        announced = stream.duration * stream.time_base if stream.duration else Fraction(film.duration or 0, 1_000_000)
        rate = stream.average_rate
        _check_whole(stream, frames, announced - end * stream.time_base, rate)
        marks = xmp_values(notes.xmp)
        names = {
            "request": "comment",
            "parameters": "parameters",
            "software": "software",
            "source": "digital_source_type",
        }
        marks |= {name: keys[key] for name, key in names.items() if key in keys}
        return _shape(stream.width, stream.height, frames, _number(rate), float(announced)), marks


def _check_whole(stream, frames: int, missing: Fraction, rate: Fraction | None) -> None:
    """Refuse a film that announces more than it has, in frames where the container counts them, else in seconds."""
    if not frames or frames < stream.frames or (not stream.frames and rate and missing * rate > 1.5):
        raise ValueError(CUT_SHORT)


def _film_steps(data: bytes, kind: str, notes: Notes, limits: Limits) -> Iterator[Header | np.ndarray]:
    from av.video.reformatter import Interpolation

    exact = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
    with _film(data, kind, limits) as (film, stream):
        yield Header(kind, stream.width, stream.height, _number(stream.average_rate), True)
        count = 0
        for picture in film.decode(stream):
            count += 1
            _check_size(picture.width, picture.height, count, limits)
            if picture.is_corrupt:
                raise ValueError("it is damaged")
            yield picture.reformat(format="rgb24", interpolation=exact).to_ndarray()
        if not count or count < stream.frames:
            raise ValueError(CUT_SHORT)
