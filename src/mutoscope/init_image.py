"""The initial image of a drawing (image-to-image), and the mask of the area to draw anew (inpainting).

    open_init_image(image, mask_image) ─ InitImage ─ fit(width, height) ─┬─ encoder_input  what the encoder reads
                                             │                           ├─ latent_mask    1 where the sampler draws
                                             hashes, for the request     └─ composite      original pixels around the drawn ones

Knows no model and no request. Legend: see shapes.py.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mutoscope.config import SPACE_FACTOR
from mutoscope.errors import MediaError, SettingError, SizeError
from mutoscope.media import open_frames, upright
from mutoscope.media.pixels import to_values

FEATHER_PIXELS = 4  # what was drawn continues this far outside the mask, then fades over as many pixels again
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
    """Read the picture to start from, and where to draw anew (white), from a path, a PIL.Image or a uint8 array.

    None where neither is given; an InitImage stays as it is. Raises MediaError for a file that cannot be read,
    SettingError, SizeError.
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
    if mask_image is None:
        return InitImage(pixels)
    mask = _read("mask_image", mask_image)
    if mask.shape != pixels.shape:
        raise SizeError(f"the mask is {_size(mask)} pixels, its picture {_size(pixels)}; make them the same size")
    white = mask.mean(axis=2) >= MASK_THRESHOLD
    if not white.any():
        raise SettingError(
            "the mask is black all over, so nothing would be drawn; paint white what is to be drawn anew"
        )
    return InitImage(pixels, white)


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


def _read(name: str, given: Any) -> np.ndarray:
    """Return a picture as (H, W, 3) uint8, upright, transparency over white."""
    given = getattr(given, "pixels", given)  # a Picture
    if isinstance(given, str | Path):
        header, frames = open_frames(Path(given))
        if header.is_clip:
            raise MediaError(f"{given} is a clip; give a picture: PNG, JPEG or WebP")
        return next(iter(frames))
    if isinstance(given, np.ndarray):
        fits = given.ndim == 2 or (given.ndim == 3 and given.shape[2] in (3, 4))
        if given.dtype != np.uint8 or not fits or not given.size:
            raise SettingError(f"{name} as an array must be uint8 (H, W, 3), got {given.dtype} {given.shape}")
        from PIL import Image

        given = Image.fromarray(given)
    if not hasattr(given, "getexif"):
        raise SettingError(f"{name} must be a path, a PIL.Image or a uint8 array (H, W, 3), got {type(given).__name__}")
    return upright(given, name)


def _hash(array: np.ndarray) -> str:
    return hashlib.sha256(f"{array.shape}".encode() + array.tobytes()).hexdigest()[:16]


def _size(pixels: np.ndarray) -> str:
    return f"{pixels.shape[1]} x {pixels.shape[0]}"
