"""The initial image of a drawing (image-to-image), and the mask of the area to draw anew (inpainting).

    open_init_image(image, mask_image) ─ InitImage ─ fit(width, height) ─┬─ encoder_input  what the encoder reads
                                             │                           ├─ latent_mask    1 where the sampler draws
                                             hashes, for the request     └─ composite      original pixels around the drawn ones

Knows no model and no request. Legend: see shapes.py.
"""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mutoscope.config import SPACE_FACTOR
from mutoscope.errors import MediaError, SettingError, SizeError
from mutoscope.media import Limits, limits
from mutoscope.media.pixels import to_values

FEATHER_PIXELS = 4  # what was drawn continues this far outside the mask, then fades over as many pixels again
MAX_PHOTO_PIXELS = 120_000_000  # of a file; 108 megapixels are the most that phones make without special modes
PHOTO_LIMITS = Limits(pixels=MAX_PHOTO_PIXELS)
MASK_THRESHOLD = 128  # mask levels from here on are drawn anew


@dataclass(frozen=True)
class InitImage:
    """Pixels (H, W, 3) uint8, and where to draw anew (H, W) bool; None without a mask."""

    pixels: np.ndarray
    mask: np.ndarray | None = None

    @property
    def hash(self) -> str:
        """First 16 digits of the SHA-256 of the pixels and their shape: the same for every file that shows the same."""
        return _hash(self.pixels)

    @property
    def mask_hash(self) -> str:
        """The same of the mask; empty without one."""
        return "" if self.mask is None else _hash(self.mask)

    @property
    def hashes(self) -> dict[str, str]:
        """What a request says of it: image_hash and mask_hash."""
        return {"image_hash": self.hash, "mask_hash": self.mask_hash}

    def fit(self, width: int, height: int) -> "InitImage":
        """Return the picture at another size, never squeezed: what sticks out is cut off on both sides alike."""
        if self.pixels.shape[:2] == (height, width):
            return self
        from PIL import Image, ImageOps

        pixels = ImageOps.fit(Image.fromarray(self.pixels), (width, height), Image.Resampling.LANCZOS)
        if self.mask is None:
            return InitImage(np.asarray(pixels))
        mask = ImageOps.fit(Image.fromarray(self.mask.astype(np.uint8) * 255), (width, height), Image.Resampling.BOX)
        return InitImage(np.asarray(pixels), np.asarray(mask) > 0)

    @property
    def encoder_input(self) -> np.ndarray:
        """Pixels (1, 3, 1, H, W) float32 in [-1, 1]."""
        return np.ascontiguousarray(to_values(self.pixels.transpose(2, 0, 1)[None, :, None]))

    @property
    def latent_mask(self) -> np.ndarray | None:
        """Where latents are drawn anew, (1, 1, 1, h, w) float32: 1 where the mask covers any pixel of theirs; None without."""
        if self.mask is None:
            return None
        rows, columns = (side // SPACE_FACTOR for side in self.mask.shape)
        cells = self.mask.reshape(rows, SPACE_FACTOR, columns, SPACE_FACTOR).max(axis=(1, 3))
        return cells.reshape(1, 1, 1, rows, columns).astype(np.float32)

    def composite(self, frames: np.ndarray) -> np.ndarray:
        """Return `frames` (T, H, W, 3) uint8 inside the mask, the original outside of it; the seam lies outside and is soft.

        From 2 FEATHER_PIXELS pixels outside of the mask on, every pixel is the original's own.
        """
        if self.mask is None:
            return frames
        from PIL import Image, ImageFilter

        grown = Image.fromarray(self.mask.astype(np.uint8) * 255).filter(ImageFilter.MaxFilter(2 * FEATHER_PIXELS + 1))
        share = np.asarray(grown.filter(ImageFilter.BoxBlur(FEATHER_PIXELS)), np.float32)[..., None] / 255.0
        return np.rint(share * frames + (1.0 - share) * self.pixels).astype(np.uint8)


def open_init_image(image: Any, mask_image: Any = None) -> InitImage | None:
    """Read the picture to start from, and where to draw anew (white), from a path, a PIL.Image or an array.

    A picture of more than MAX_PIXELS, as phones make them, is scaled down, its mask with it. None where neither is given; an
    InitImage stays as it is. Raises MediaError for a file that cannot be read, SettingError, SizeError.
    """
    if isinstance(image, InitImage) and mask_image is None:
        return image
    if image is None:
        if mask_image is not None:
            raise SettingError(
                "a mask says where a picture is drawn anew; give the picture too, with --image or image="
            )
        return None
    pixels = _read("image", image)
    return _scaled_down(InitImage(pixels, None if mask_image is None else _read_mask(mask_image, pixels)))


def _read_mask(mask_image: Any, pixels: np.ndarray) -> np.ndarray:
    """Return where a mask for `pixels` is white, (H, W) bool; SizeError, SettingError for one that does not fit or is black."""
    if isinstance(mask_image, np.ndarray) and mask_image.dtype == np.bool_:
        mask_image = mask_image.astype(np.uint8) * 255
    mask = _read("mask_image", mask_image, as_mask=True)
    if mask.shape != pixels.shape:
        raise SizeError(f"the mask is {_size(mask)} pixels, its picture {_size(pixels)}; make them the same size")
    white = mask.mean(axis=2) >= MASK_THRESHOLD
    if not white.any():
        raise SettingError(
            "the mask is black all over, so nothing would be drawn; paint white what is to be drawn anew "
            "(transparent counts as black)"
        )
    return white


def _scaled_down(init_image: InitImage) -> InitImage:
    """Return a picture of more than MAX_PIXELS at 1/2, 1/3, ... of its size; any other as it is.

    Every pixel is the mean of a square of them. The mask is white wherever one of the square was.
    """
    height, width = init_image.pixels.shape[:2]
    factor = math.ceil(math.sqrt(width * height / limits.MAX_PIXELS))
    if factor < 2:
        return init_image
    from PIL import Image

    pixels = np.asarray(Image.fromarray(init_image.pixels).reduce(factor))
    if init_image.mask is None:
        return InitImage(pixels)
    padded = np.pad(init_image.mask, ((0, -height % factor), (0, -width % factor)))
    rows, columns = (side // factor for side in padded.shape)
    return InitImage(pixels, padded.reshape(rows, factor, columns, factor).max(axis=(1, 3)))


def check_init_image(init_image: InitImage | None, image_hash: str, mask_hash: str) -> None:
    """Raise SettingError when `init_image` is not the one that a request with these hashes starts from."""
    has = (init_image.hash, init_image.mask_hash) if init_image else ("", "")
    for what, option, asked, got in zip(
        ("picture", "mask"), ("--image", "--mask"), (image_hash, mask_hash), has, strict=True
    ):
        if asked and not got:
            raise SettingError(f"this starts from a {what} ({asked}); give the same one with {option}")
        if got and not asked:
            raise SettingError(f"this was drawn without a {what}; leave {option} out")
        if asked != got:
            raise SettingError(
                f"this {what} ({got}) is not the one that it starts from ({asked}); give that one with {option}"
            )


def _read(name: str, given: Any, *, as_mask: bool = False) -> np.ndarray:
    """Return a picture as (H, W, 3) uint8, upright, transparency over white, that of a mask over black."""
    from mutoscope.media import open_frames, upright

    given = getattr(given, "pixels", given)  # a Picture
    if isinstance(given, str | Path):
        header, frames = open_frames(Path(given), PHOTO_LIMITS, as_mask=as_mask)
        if header.is_clip:
            raise MediaError(f"{given} is a clip; give a picture: PNG, JPEG or WebP")
        return next(frames)
    if isinstance(given, np.ndarray):
        given = _from_array(name, given)
    if not hasattr(given, "getexif"):
        raise SettingError(f"{name} must be a path, a PIL.Image or a uint8 array (H, W, 3), got {type(given).__name__}")
    return upright(given, name, PHOTO_LIMITS, as_mask=as_mask)


def _from_array(name: str, given: np.ndarray) -> Any:
    """Return an array as a PIL.Image; SettingError where it is no picture of 8 bits."""
    fits = given.ndim == 2 or (given.ndim == 3 and given.shape[2] in (3, 4))
    if given.dtype != np.uint8 or not fits or not given.size:
        raise SettingError(f"{name} as an array must be uint8 (H, W, 3), got {given.dtype} {given.shape}")
    from PIL import Image

    return Image.fromarray(given)


def _hash(array: np.ndarray) -> str:
    return hashlib.sha256(f"{array.shape}".encode() + array.tobytes()).hexdigest()[:16]


def _size(pixels: np.ndarray) -> str:
    return f"{pixels.shape[1]} x {pixels.shape[0]}"
