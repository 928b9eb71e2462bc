"""Pictures and masks that programs for AUTOMATIC1111's server send, made ready as that server does: `resize_mode`, `mask_blur`,
`inpainting_fill`. What no engine here can do is said.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mutoscope.init_image import FEATHER_PIXELS, MASK_THRESHOLD
from mutoscope.serve.planning import READ_FORMATS, read_picture

STRETCH, CROP, PAD, LATENT = range(4)  # resize_mode
FILL, ORIGINAL, NOISE, NOTHING = range(4)  # inpainting_fill
MAX_BLUR = 64  # pixels


@dataclass(frozen=True)
class Making:
    """How a picture and its mask are made ready; that server's defaults."""

    size: tuple[int, int] | None = None  # width and height to be drawn; None: the model's choice
    resize_mode: int = STRETCH
    blur: int = FEATHER_PIXELS  # pixels
    fill: int = FILL
    invert: bool = False
    strength: float | None = None  # None: the usual one


def make_ready(picture: bytes, mask: bytes | None, how: Making, said: list[str]) -> tuple[bytes, bytes | None]:
    """Return the files of a picture and its mask, white where to paint; `said` gets what is not followed. MediaError."""
    pixels = read_picture(picture, "init_images")
    before, white = pixels, None if mask is None else read_mask(mask, pixels.shape[:2], invert=how.invert)
    if how.size is not None:
        pixels = resize(pixels, how.size, how.resize_mode)
        white = None if white is None else resize(white, how.size, how.resize_mode)
    if how.resize_mode not in (STRETCH, CROP, PAD):
        said.append(f"resize_mode: {how.resize_mode} is drawn as 0")
    if white is not None:
        hole = blur_edge(white, how.blur) >= MASK_THRESHOLD
        pixels = begin(pixels, hole, hole | (white >= MASK_THRESHOLD), how, said)
        white = hole.astype(np.uint8) * 255
        if how.blur not in (0, FEATHER_PIXELS):
            said.append(f"mask_blur: it shapes the area; the seam is soft over {FEATHER_PIXELS} pixels")
    return picture if pixels is before else write_png(pixels), None if white is None else write_png(white)


def read_mask(mask: bytes, shape: Sequence[int], *, invert: bool) -> np.ndarray:
    """Return a mask at the size of its picture (H, W), (H, W) uint8, white where it is to be painted; MediaError.

    A mask that is transparent in parts says by that where to paint, whatever its colours: canvases of pages send such.
    """
    from PIL import Image

    levels = read_picture(mask, "mask", as_mask=True)  # refuses what is too large, and what is no picture
    grey = Image.fromarray(levels).convert("L")
    with Image.open(io.BytesIO(mask), formats=[name.upper() for name in READ_FORMATS]) as opened:
        if "A" in opened.getbands() and opened.getchannel("A").getextrema() != (255, 255):
            grey = opened.getchannel("A")
    height, width = shape
    if grey.size != (width, height):
        grey = grey.resize((width, height))
    white = (np.asarray(grey) >= MASK_THRESHOLD) != invert
    return white.astype(np.uint8) * 255


def resize(levels: np.ndarray, size: tuple[int, int], mode: int) -> np.ndarray:
    """Return a picture (H, W, 3) or mask (H, W) at a size: squeezed, or cut, or whole with its edges continued.

    One of the same shape is left to the engine, and so is a cut, which engines make themselves.
    """
    from PIL import Image

    height, width = levels.shape[:2]
    if mode == CROP or width * size[1] == height * size[0]:
        return levels
    share = min(size[0] / width, size[1] / height)
    inner = (max(1, round(width * share)), max(1, round(height * share))) if mode == PAD else size
    small = np.asarray(Image.fromarray(levels).resize(inner, Image.Resampling.LANCZOS))
    spare = [(size[1] - inner[1]), (size[0] - inner[0])]
    around = [(one // 2, one - one // 2) for one in spare] + [(0, 0)] * (levels.ndim - 2)
    return np.pad(small, around, mode="edge")


def blur_edge(white: np.ndarray, pixels: int) -> np.ndarray:
    """Return a mask with a soft edge, so that a threshold rounds it; one that would vanish stays as it is."""
    from PIL import Image, ImageFilter

    blurred = np.asarray(Image.fromarray(white).filter(ImageFilter.GaussianBlur(min(max(0, pixels), MAX_BLUR))))
    return blurred if (blurred >= MASK_THRESHOLD).any() else white


def begin(pixels: np.ndarray, hole: np.ndarray, meant: np.ndarray, how: Making, said: list[str]) -> np.ndarray:
    """Return a picture whose area to paint begins as `inpainting_fill` says, as far as an engine that begins with pixels can."""
    if how.fill == FILL:
        return fill_hole(pixels, hole, meant)
    if how.fill != ORIGINAL and how.strength != 1.0:  # with all of the noise, nothing of it is left
        said.append(
            f"inpainting_fill: {how.fill} is drawn as 1, from the picture itself; with denoising_strength 1 both are one"
        )
    return pixels


def fill_hole(pixels: np.ndarray, hole: np.ndarray, unknown: np.ndarray) -> np.ndarray:
    """Return a picture (H, W, 3) uint8 whose hole (H, W) bool has the colours around what is unknown, far ones where that is wide."""
    known = (~unknown)[..., None].astype(np.float32)
    if not known.any():
        return pixels
    colours = spread(pixels * known, known)
    return np.where(hole[..., None], np.clip(np.rint(colours), 0, 255), pixels).astype(np.uint8)


def spread(sums: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return colours (H, W, 3) where weights (H, W, 1) are above 0, elsewhere those of the same picture at half its size."""
    if weights.all() or weights.shape[:2] == (1, 1):
        return sums / np.maximum(weights, 1e-6)
    height, width = weights.shape[:2]
    odd = ((0, height % 2), (0, width % 2), (0, 0))
    parts = [np.pad(one, odd) for one in (sums, weights)]
    halves = [one[::2, ::2] + one[1::2, ::2] + one[::2, 1::2] + one[1::2, 1::2] for one in parts]
    coarse = spread(halves[0], halves[1])
    for axis in (0, 1):
        coarse = double(coarse, axis)
    return np.where(weights > 0, sums / np.maximum(weights, 1e-6), coarse[:height, :width])


def double(levels: np.ndarray, axis: int) -> np.ndarray:
    """Return twice as many rows or columns, each three parts of its own old one and one part of the next."""
    last = levels.shape[axis] - 1
    before = np.take(levels, np.maximum(np.arange(last + 1) - 1, 0), axis)
    after = np.take(levels, np.minimum(np.arange(last + 1) + 1, last), axis)
    pairs = np.stack([0.75 * levels + 0.25 * before, 0.75 * levels + 0.25 * after], axis + 1)
    shape = list(levels.shape)
    shape[axis] *= 2
    return pairs.reshape(shape)


def write_png(levels: np.ndarray) -> bytes:
    """Return pixels or a mask as a PNG file."""
    from PIL import Image

    target = io.BytesIO()
    Image.fromarray(levels).save(target, "PNG", compress_level=1)
    return target.getvalue()
