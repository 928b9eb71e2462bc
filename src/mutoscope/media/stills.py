"""PNG, JPEG, WebP, GIF and AVIF read with Pillow: frames, size and marks of a file that is in memory."""

import contextlib
import io
import warnings
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from mutoscope.media.colors import to_rgb
from mutoscope.media.containers import CUT_SHORT, Notes, has_jpeg_end
from mutoscope.media.limits import MAX_FRAMES, Header, Limits, check_size
from mutoscope.media.marks import as_request, exif_parameters, xmp_values

if TYPE_CHECKING:
    from PIL import Image

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "AVIF")
_ORIENTATION = 0x0112
_TURNED = (5, 6, 7, 8)  # orientations that lie on their side
_JPEG_END = b"\xff\xd9"


def still_frames(
    data: bytes, kind: str, notes: Notes, limits: Limits, as_mask: bool = False
) -> Iterator[Header | np.ndarray]:
    """Yield the header of a picture or animation, then its frames (H, W, 3) uint8."""
    with _opened(data, kind, limits) as image:
        width, height = image.size
        if exif_of(image).get(_ORIENTATION, 1) in _TURNED:
            width, height = height, width
        if not _is_clip(notes):
            yield Header(kind, width, height, None, False)
            if limits.least_side and kind == "JPEG":
                image.draft("", (limits.least_side, limits.least_side))
            yield to_rgb(turned_upright(image), as_mask=as_mask)
            return
        repeats, fps = _timing(notes)
        check_size(*image.size, sum(repeats), limits)
        yield Header(kind, width, height, fps, True)
        for index, repeat in enumerate(repeats):
            if repeat:
                image.seek(index)
                frame = to_rgb(turned_upright(image), as_mask=as_mask)
                yield from (frame for _ in range(repeat))


def still_info(data: bytes, kind: str, notes: Notes) -> tuple[dict[str, Any], dict[str, str]]:
    """Return size and timing of a picture or animation, and its marks."""
    with _opened(data, kind, Limits()) as image:
        width, height = turned_upright(image).size
        marks = xmp_values(notes.xmp or image.info.get("xmp"))
        marks |= _text_marks(image, kind, notes)
        if not _is_clip(notes):
            return shape_info(width, height, 1, None, None), marks
        repeats, fps = _timing(notes)
        seconds = sum(notes.delays) / 1000 or (sum(repeats) / fps if fps else 0.0)
        return shape_info(width, height, sum(repeats), fps, seconds), marks


def shape_info(width: int, height: int, frames: int, fps: float | None, seconds: float | None) -> dict[str, Any]:
    """Return what `read_info` says of size and timing."""
    return {"width": width, "height": height, "frames": frames, "fps": fps, "duration_seconds": seconds}


def turned_upright(image: "Image.Image") -> "Image.Image":
    """Return the picture PIL stands at, decoded and turned by its EXIF orientation."""
    from PIL import ImageOps

    image.load()
    return ImageOps.exif_transpose(image) if exif_of(image).get(_ORIENTATION, 1) != 1 else image


def exif_of(image: "Image.Image") -> "Image.Exif":
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


@contextlib.contextmanager
def _opened(data: bytes, kind: str, limits: Limits) -> Iterator["Image.Image"]:
    """Open a picture with Pillow, size checked from its header."""
    data = _with_jpeg_end(data, limits) if kind == "JPEG" and not has_jpeg_end(data) else data
    with _open(data, limits) as image:
        if kind == "AVIF" and getattr(image, "n_frames", 1) > 1:
            raise ValueError("it is an animated AVIF, which is not read; convert it to .webp or .mp4")
        yield image


def _open(data: bytes, limits: Limits) -> "Image.Image":
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of large pictures; our own limit is an error, and lower
        try:
            image = Image.open(io.BytesIO(data), formats=_FORMATS)
        except Image.DecompressionBombError as error:
            raise ValueError(f"it claims more pixels than a picture has; at most {limits.pixels:,} are read") from error
    check_size(*image.size, limits=limits)
    return image


def _with_jpeg_end(data: bytes, limits: Limits) -> bytes:
    """Return a JPEG without its end mark with one, as browsers show it; ValueError where pixels are missing too.

    The decoder makes up what is missing from the bytes that follow. Where all pixels are there, nothing that follows matters.
    """
    shown, data = [], data.rstrip(b"\xff")
    for rest in (b"", b"\xa5\x5a" * 512):
        try:
            with _open(data + rest + _JPEG_END, limits) as image:
                image.load()
                shown.append(image.tobytes())
        except OSError as error:
            raise ValueError(CUT_SHORT) from error
    if shown[0] != shown[1]:
        raise ValueError(CUT_SHORT)
    return data + _JPEG_END


def _text_marks(image: "Image.Image", kind: str, notes: Notes) -> dict[str, str]:
    """Return marks outside XMP: PNG text, EXIF, GIF comment."""
    texts = {
        "request": image.info.get("mutoscope"),
        "parameters": image.info.get("parameters"),
        "software": image.info.get("Software"),
    }
    if kind == "GIF":
        texts = {"request": as_request(notes.comment)}
    elif kind != "PNG":
        texts = {"parameters": exif_parameters(exif_of(image))}
    return {name: str(text) for name, text in texts.items() if text}


def _is_clip(notes: Notes) -> bool:
    """Return whether a file moves, or was written as a clip; a GIF of one frame is a picture."""
    return len(notes.delays) > 1 or "fps" in xmp_values(notes.xmp)


def _timing(notes: Notes) -> tuple[list[int], float | None]:
    """Return how often each stored frame is shown, and the frames a second (None where nothing tells them)."""
    written = xmp_values(notes.xmp)
    fps = _whole(written.get("fps"), 1000)
    count, total = len(notes.delays), sum(notes.delays)
    check_size(1, 1, count)
    if fps is None:
        return [1] * count, plain_rate(Fraction(1000 * count, total)) if total else None
    if count < 2:  # equal frames all joined into one picture, which has no time in WebP
        return [_whole(written.get("frames"), MAX_FRAMES) or 1], fps
    ends = np.rint(np.cumsum([0, *notes.delays]) * fps / 1000).astype(int)
    return np.diff(ends).tolist(), fps


def plain_rate(rate: Fraction | None) -> float | None:
    """Return a rate as an int where it is whole, else as a float of three decimals."""
    if not rate:
        return None
    return int(rate) if rate.denominator == 1 else round(float(rate), 3)


def _whole(text: str | None, most: int) -> int | None:
    """Return a whole number from 1 to `most`, None for anything else."""
    is_number = text and len(text) < 9 and text.isascii() and text.isdigit()
    return int(text) if text and is_number and 1 <= int(text) <= most else None
