"""Walks the blocks of a file without decoding a pixel: timing, notes, and whether the file is whole.

Works on bytes already in memory. Every function raises ValueError with a reason when the file ends too early or makes
no sense.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from mutoscope.media.limits import MAX_FRAMES
from mutoscope.media.marks import MAX_TEXT

CUT_SHORT = "the file ends too early"
_PNG_CRITICAL = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"\x1aE\xdf\xa3", "WebM"),
)
_FOREIGN = (
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\0\0\x01\0", "ICO"),
    (b"8BPS", "PSD"),
    (b"%PDF", "PDF"),
    (b"<svg", "SVG"),
)
_FOREIGN_FILMS = ((b"FLV", "FLV"), (b"\0\0\x01\xba", "MPEG"), (b"0&\xb2u", "WMV"))
_AVIF_BRANDS = (b"avif", b"avis")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_JPEG_END, _JPEG_SCAN = b"\xff\xd9", b"\xff\xda"


@dataclass(frozen=True)
class Notes:
    """What lies around the frames of a file."""

    delays: tuple[int, ...] = ()  # milliseconds each stored frame is shown; empty for a still picture
    comment: str | None = None
    xmp: bytes | None = None


def kind_of(data: bytes) -> str | None:
    """Return "PNG", "JPEG", "WebP", "GIF", "AVIF", "MP4" or "WebM" by the first bytes, or None."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[4:8] == b"ftyp":
        major, brands = data[8:12], _brands(data)
        if major not in _AVIF_BRANDS + _HEIF_BRANDS:
            return "MP4"
        return "AVIF" if any(brand in brands for brand in _AVIF_BRANDS) else None
    return next((kind for magic, kind in _MAGIC if data.startswith(magic)), None)


def foreign_kind_of(data: bytes) -> tuple[str, str] | None:
    """Return a kind that people have and that is not read, and what to convert it to; None for any other file."""
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        return "HEIC", ".png or .jpg"
    if data[:4] == b"RIFF" and data[8:12] == b"AVI ":
        return "AVI", ".mp4"
    pictures = ((kind, ".png or .jpg") for magic, kind in _FOREIGN if data.startswith(magic))
    films = ((kind, ".mp4") for magic, kind in _FOREIGN_FILMS if data.startswith(magic))
    return next(pictures, None) or next(films, None)


def _brands(data: bytes) -> list[bytes]:
    """Return the major brand of an ISO media file, and those it is compatible with."""
    end = min(int.from_bytes(data[:4], "big"), len(data), 1 << 10)
    return [data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))]


def notes_of(data: bytes, kind: str) -> Notes:
    """Return the notes of a file of `kind`, checked to be whole; those of PNG, JPEG and WebM their libraries tell."""
    walk = {
        "PNG": _png_notes,
        "JPEG": _jpeg_notes,
        "GIF": _gif_notes,
        "WebP": _webp_notes,
        "AVIF": _avif_notes,
        "MP4": _mp4_notes,
        "WebM": _webm_notes,
    }[kind]
    try:
        notes = walk(data)
    except (IndexError, struct.error) as error:
        raise ValueError(CUT_SHORT) from error
    if len(notes.delays) > MAX_FRAMES:
        raise ValueError(f"it has {len(notes.delays)} frames; at most {MAX_FRAMES} are read")
    return notes


def _png_notes(data: bytes) -> Notes:
    at, name = 8, b""
    while name != b"IEND" and not (name == b"IDAT" and len(data) - at < 12):  # a missing end chunk is forgiven
        size, name = struct.unpack_from(">I4s", data, at)
        at += 12 + size
        if at > len(data):
            raise ValueError(CUT_SHORT)
        if (
            name in _PNG_CRITICAL
            and zlib.crc32(data[at - 8 - size : at - 4]) != struct.unpack_from(">I", data, at - 4)[0]
        ):
            raise ValueError("it is damaged")  # browsers refuse it too; Pillow would show what is left
    return Notes()


def _jpeg_notes(data: bytes) -> Notes:
    return Notes()  # whether all pixels are there, the decoder knows


def has_jpeg_end(data: bytes) -> bool:
    """Return whether the end mark follows the last scan; cameras and phones leave things behind it."""
    return data.rfind(_JPEG_END) > data.rfind(_JPEG_SCAN)


def _gif_notes(data: bytes) -> Notes:
    delays, delay, comment, xmp = [], 0, b"", None
    at = 13 + _table_size(data[10])
    while not (at == len(data) and delays) and data[at] != 0x3B:  # a missing trailer is forgiven
        block, label = data[at], data[at + 1]
        if block == 0x2C:  # a frame: descriptor, its own colours, code size, data
            at = _skip(data, at + 11 + _table_size(data[at + 9]))
            delays.append(delay)
            delay = 0
            continue
        if block != 0x21:
            raise ValueError(f"unknown GIF block {block:#04x}")
        end = _skip(data, at + 2)
        if label == 0xF9:
            delay = 10 * struct.unpack_from("<H", data, at + 4)[0]
        elif label == 0xFE and len(comment) <= MAX_TEXT:
            comment += b"".join(_parts(data, at + 2))
        elif data[at + 3 : at + 14] == b"XMP DataXMP":
            xmp = data[at + 14 : end - 258]
        at = end
    return Notes(tuple(delays), comment.decode("utf-8", "replace") or None, xmp)


def _table_size(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _skip(data: bytes, at: int) -> int:
    """Return the position after a chain of sub-blocks; the last one is empty."""
    while size := data[at]:
        at += 1 + size
    return at + 1


def _parts(data: bytes, at: int) -> Iterator[bytes]:
    while size := data[at]:
        yield data[at + 1 : at + 1 + size]
        at += 1 + size


def _webp_notes(data: bytes) -> Notes:
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    if end > len(data):
        raise ValueError(CUT_SHORT)
    delays, xmp, at = [], None, 12
    while at + 8 <= end:
        name, size = struct.unpack_from("<4sI", data, at)
        body = at + 8
        if body + size > end:
            raise ValueError(CUT_SHORT)
        if name == b"ANMF":
            delays.append(struct.unpack_from("<I", data, body + 12)[0] & 0xFFFFFF)
        elif name == b"XMP ":
            xmp = data[body : body + size]
        at = body + size + size % 2
    return Notes(tuple(delays), xmp=xmp)


def mp4_boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and end (of the body, in bytes) of the outermost boxes of an MP4 file."""
    at = 0
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        body = at + 8
        if size == 1:
            size, body = struct.unpack_from(">Q", data, body)[0], body + 8
        end = at + size if size else len(data)
        if not body <= end <= len(data):
            raise ValueError(CUT_SHORT)
        yield name, body, end
        at = end


def _avif_notes(data: bytes) -> Notes:
    for _ in mp4_boxes(data):
        pass  # raises where a box ends after the file does
    return Notes()


def _mp4_notes(data: bytes) -> Notes:
    from mutoscope.media.clip import XMP_BOX

    packets = [
        data[body + 16 : end]
        for name, body, end in mp4_boxes(data)
        if name == b"uuid" and data[body : body + 16] == XMP_BOX
    ]
    return Notes(xmp=packets[0] if packets else None)


def _webm_notes(data: bytes) -> Notes:
    size, at = _vint(data, 4)
    at += size
    if data[at : at + 4] == b"\x18\x53\x80\x67":
        size, at = _vint(data, at + 4)
        if at + size > len(data):
            raise ValueError(CUT_SHORT)
    return Notes()


def _vint(data: bytes, at: int) -> tuple[int, int]:
    """Return an EBML size and the position after it; a size that is not known yet, as in live streams, is 0."""
    width = 9 - data[at].bit_length()
    ones = (1 << 7 * width) - 1
    value = int.from_bytes(data[at : at + width], "big") & ones
    return (0 if value == ones else value), at + width
