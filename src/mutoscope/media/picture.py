"""A picture becomes a PNG, JPEG or WebP file that says how it was made."""

import io
from pathlib import Path

import numpy as np

from mutoscope.errors import OutputError
from mutoscope.media.marks import Provenance, exif_block, xmp_packet
from mutoscope.media.storage import check_output, write_bytes

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
_JPEG_SEGMENT = 65_000  # bytes; a JPEG segment ends at 65,533 with its name


class _File(io.BytesIO):
    """Bytes with the name of a file: Pillow then loads what writes such files, and no other format."""

    def __init__(self, name: str):
        super().__init__()
        self.name = name


def write_picture(
    pixels: np.ndarray,  # (H, W, 3) uint8
    path: Path,  # .png .jpg .jpeg .webp
    provenance: Provenance,
    quality: int = 92,  # 1 to 100, for JPEG and WebP; PNG is lossless
    *,
    exclusive: bool = False,  # never replace a file
) -> Path:
    """Write a picture file, whole or not at all.

    Raises OutputError for a bad path, StorageError when writing fails, and with `exclusive` FileExistsError where the name
    is taken.
    """
    path = check_output(path, PICTURE_ENDINGS)
    return write_bytes(path, encode_picture(pixels, path.suffix, provenance, quality), exclusive=exclusive)


def encode_picture(pixels: np.ndarray, ending: str, provenance: Provenance, quality: int = 92) -> bytes:
    """Return the bytes of the file that `write_picture` writes; the same input gives the same bytes."""
    from PIL import Image

    assert pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3, "pixels are (H, W, 3) uint8"
    encode = {".png": _png, ".jpg": _jpeg, ".jpeg": _jpeg, ".webp": _webp}[ending.lower()]
    target = _File(f"picture{ending.lower()}")
    encode(Image.fromarray(np.ascontiguousarray(pixels)), target, provenance.writable(), quality)
    return target.getvalue()


def _png(image, target: _File, provenance: Provenance, quality: int) -> None:
    from PIL.PngImagePlugin import PngInfo

    chunks = PngInfo()
    if provenance.parameters is not None:
        chunks.add_text("parameters", provenance.parameters)  # tEXt where Latin-1 holds it, else iTXt
    if provenance.request_json is not None:
        chunks.add_itxt("mutoscope", provenance.request_json)
    chunks.add_itxt("XML:com.adobe.xmp", xmp_packet(provenance).decode())
    image.save(target, pnginfo=chunks)


def _jpeg(image, target: _File, provenance: Provenance, quality: int) -> None:
    xmp, exif = xmp_packet(provenance, request=provenance.request_json), exif_block(provenance)
    if len(xmp) > _JPEG_SEGMENT:
        raise OutputError(
            f"the request is {len(xmp):,} bytes, a JPEG holds {_JPEG_SEGMENT:,}; "
            "write .png or .webp, or leave the metadata out"
        )
    extra = {"exif": exif} if len(exif) <= _JPEG_SEGMENT else {}  # the request says it all; the A1111 text is its copy
    settings = {"quality": quality, "subsampling": 0, "xmp": xmp, **extra}
    try:
        image.save(target, optimize=True, **settings)
    except OSError:  # noise: the file is larger than the room that Pillow gives to its optimising
        target.seek(0)
        target.truncate()
        image.save(target, **settings)


def _webp(image, target: _File, provenance: Provenance, quality: int) -> None:
    xmp = xmp_packet(provenance, request=provenance.request_json)
    image.save(target, quality=quality, method=5, xmp=xmp, exif=exif_block(provenance))
