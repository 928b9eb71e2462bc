"""Pixels to files and back: PNG, JPEG, WebP, GIF, MP4 and WebM, with the request and the AI marking inside.

    storage      a file is there whole or not at all; what may be written where
    marks        provenance as XMP, EXIF and text: packing and unpacking
    picture      uint8 (H, W, 3) -> PNG, JPEG, WebP
    pixels       levels 0 to 255 <-> the numbers networks work with; luma
    clip         uint8 (T, H, W, 3) -> MP4, GIF, WebP, WebM
    containers   walks the blocks of GIF, WebP and MP4 files without decoding them
    limits       what is too large to be read
    colors       any mode and color profile -> sRGB
    stills       PNG, JPEG, WebP, GIF, AVIF -> frames
    films        MP4, WebM -> frames, upright and with square pixels
    reading      any of these files -> pixels, or what the file says about itself

Where the provenance lies (the mark is IPTC's "made by a trained model"):

    ending       request JSON             A1111 parameters        mark and software
    .png         iTXt mutoscope           tEXt/iTXt parameters    iTXt XML:com.adobe.xmp
    .jpg .webp   XMP mutoscope:request    EXIF UserComment        XMP
    .gif         comment block            XMP                     XMP
    .mp4         key comment              key parameters          XMP box, keys digital_source_type and software
    .webm        tag COMMENT              tag PARAMETERS          tags DIGITAL_SOURCE_TYPE and SOFTWARE

Knows no Request, no model: it takes arrays and strings. Pillow and PyAV come in only when a file is encoded or read, and `reading`
only when something of it is asked for.
"""

from typing import TYPE_CHECKING, Any

from mutoscope.media.clip import CLIP_ENDINGS, encode_clip, write_clip
from mutoscope.media.limits import Header, Limits
from mutoscope.media.marks import AI_SOURCE, Provenance
from mutoscope.media.picture import PICTURE_ENDINGS, encode_picture, write_picture
from mutoscope.media.storage import atomic_write, check_output

if TYPE_CHECKING:
    from mutoscope.media.reading import open_frames, read_info, read_pixels, upright

__all__ = [
    "AI_SOURCE",
    "CLIP_ENDINGS",
    "PICTURE_ENDINGS",
    "Header",
    "Limits",
    "Provenance",
    "atomic_write",
    "check_output",
    "encode_clip",
    "encode_picture",
    "open_frames",
    "read_info",
    "read_pixels",
    "upright",
    "write_clip",
    "write_picture",
]


def __getattr__(name: str) -> Any:
    if name in ("open_frames", "read_info", "read_pixels", "upright"):
        from mutoscope.media import reading

        return getattr(reading, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
