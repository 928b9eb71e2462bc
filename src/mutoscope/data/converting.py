"""BMP and TIFF as PNG: what people have and nothing else here reads. Every pixel stays as it is; of a TIFF the first page counts.

Pictures are turned as their EXIF says, and the colour profile goes along. What a PNG cannot hold, such as CMYK, Lab or levels of 32 bits,
becomes sRGB.
"""

import io
from pathlib import Path
from typing import Any

from mutoscope.errors import MediaError
from mutoscope.media.colors import to_rgb
from mutoscope.media.containers import foreign_kind_of
from mutoscope.media.limits import Limits, check_size

ENDINGS = (".bmp", ".tif", ".tiff")
KINDS = ("BMP", "TIFF")
_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16"})  # that a PNG holds as they are


def as_read(content: Path | bytes, limits: Limits) -> Path | bytes:
    """Return a picture as something that is read: BMP and TIFF as the bytes of a PNG, anything else as it is; MediaError."""
    name = content.name if isinstance(content, Path) else "the picture"
    if isinstance(content, Path):
        if content.suffix.lower() not in ENDINGS:
            return content
        content = content.read_bytes()
    return readable(content, limits, name)


def readable(data: bytes, limits: Limits, name: str) -> bytes:
    """Return BMP and TIFF as the bytes of a PNG, anything else as it is; MediaError."""
    kind = foreign_kind_of(data[:64])
    return as_png(data, limits, name) if kind and kind[0] in KINDS else data


def as_png(data: bytes, limits: Limits, name: str) -> bytes:
    """Return a BMP or TIFF as a PNG; MediaError when it is damaged or too large."""
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(data), formats=KINDS) as image:
            check_size(*image.size, limits=limits)
            profile, turned = image.info.get("icc_profile"), ImageOps.exif_transpose(image)
            plain = turned if turned.mode in _MODES else Image.fromarray(to_rgb(turned))
            target, more = io.BytesIO(), dict[str, Any]()
            if profile and image.mode == plain.mode:
                more["icc_profile"] = profile
            plain.save(target, "PNG", compress_level=3, **more)
            return target.getvalue()
    except (OSError, ValueError, SyntaxError, MemoryError, TypeError, KeyError, Image.DecompressionBombError) as error:
        reason = (
            str(error).splitlines()[0][:200] if str(error) and " object at 0x" not in str(error) else "it is damaged"
        )
        raise MediaError(f"{name} cannot be read: {reason}") from error
