"""Lays drawings into a picture: scaled, lit as the picture is lit there, with a shadow on the ground or a mirror image in water.

It need not be perfect: the network paints over it, edges and light most of all. `interior_cells` says where an object's own forms
are, so that they can be kept longer than its edges.

Legend: picture (H, W, 3) uint8; drawings (h, w, 4) float32, premultiplied; masks (H, W) float32 in [0, 1].
"""

from collections.abc import Callable, Iterable

import numpy as np

from mutoscope.objects.layout import Placed
from mutoscope.vocabulary import COLORS

MIN_LIGHT, MAX_LIGHT = 0.42, 1.06  # how much of its own light an object keeps in the dark, and at noon
CAST_SHARE = 0.45  # how much of the picture's colour falls on it
SUNK_SHARE = 0.07  # of its height that lies below the waterline, where nothing else is known
SHADOW_SHARE = 0.38
MIN_STUDIO_LIGHT = 0.55  # least light on a plain ground, however dark it is
BACKDROP_CELLS = 3  # rows and columns of light that are left of a plain ground
BACKDROP_LIGHT = (1.04, 0.9)  # light at the upper and at the lower edge of a coloured ground


def paste(
    picture: np.ndarray, items: Iterable[Placed], draw: Callable[[Placed], tuple[np.ndarray, float]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the picture with its objects, and where they are, (H, W) float32.

    `draw` gives an object's drawing, dyed if it has a colour, and the share of it that is under water.
    """
    canvas = picture.astype(np.float32) / 255.0
    covered = np.zeros(canvas.shape[:2], np.float32)
    mean = canvas.mean((0, 1))
    for item in items:
        pixels, sunk = draw(item)
        pixels = pixels[:, ::-1] if item.flipped else pixels
        _one(canvas, covered, item, pixels, sunk, mean)
    return np.rint(canvas.clip(0, 1) * 255).astype(np.uint8), covered


def _one(
    canvas: np.ndarray, covered: np.ndarray, item: Placed, pixels: np.ndarray, sunk: float, mean: np.ndarray
) -> None:
    """Lay one object into `canvas` (H, W, 3) and `covered`, in place."""
    rows, columns = canvas.shape[:2]
    tall, wide = pixels.shape[:2]
    left, top, right, bottom = (round(edge * rows) for edge in item.box(wide, tall))
    left, right = left + columns // 2, right + columns // 2
    height, width = max(4, bottom - top), max(4, right - left)
    if item.place == "water":
        top += round((sunk or SUNK_SHARE) * height)
    light = _light_there(canvas, left, top, width, height, mean)
    scaled = lit(
        _resized(pixels, width, height), np.maximum(light, MIN_STUDIO_LIGHT) if item.place == "plain" else light
    )
    if item.place == "water":
        scaled[bottom - top :] = 0.0  # what is below the waterline
        _mirror(canvas, scaled[: bottom - top], left, bottom)
    elif (item.place == "ground" and not item.bust) or item.place == "plain":
        _shade(canvas, left, right, bottom)
    _over(canvas, covered, scaled, left, top)


def _resized(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    from PIL import Image

    planes = [Image.fromarray(pixels[..., k]).resize((width, height), Image.Resampling.LANCZOS) for k in range(4)]
    out = np.stack([np.asarray(plane) for plane in planes], -1).clip(0.0, 1.0)
    out[..., :3] = np.minimum(out[..., :3], out[..., 3:])  # premultiplied: no colour without alpha
    return out


def _light_there(canvas: np.ndarray, left: int, top: int, width: int, height: int, mean: np.ndarray) -> np.ndarray:
    """Return the colour of the light (3,): the mean of the picture around an object, and of all of it."""
    rows, columns = canvas.shape[:2]
    around = canvas[
        max(0, top - height // 2) : min(rows, top + height + height // 2),
        max(0, left - width // 2) : min(columns, left + width + width // 2),
    ]
    here = around.mean((0, 1)) if around.size else mean
    return 0.5 * here + 0.5 * mean


def lit(pixels: np.ndarray, light: np.ndarray) -> np.ndarray:
    """Return a drawing under a light of this colour: darker at night, with a cast of the sky's."""
    brightness = float(light @ np.array([0.3, 0.59, 0.11], np.float32))
    strength = np.clip(MIN_LIGHT + 1.25 * brightness, MIN_LIGHT, MAX_LIGHT)
    cast = np.clip(light / max(brightness, 0.02), 0.5, 1.8) ** CAST_SHARE
    out = pixels.copy()
    out[..., :3] = np.minimum(pixels[..., :3] * (strength * cast).astype(np.float32), pixels[..., 3:])
    return out


def _shade(canvas: np.ndarray, left: int, right: int, feet: int) -> None:
    """Darken the ground below the feet: a flat soft patch."""
    rows, columns = canvas.shape[:2]
    wide = max(2.0, (right - left) * 0.5)
    y, x = np.ogrid[:rows, :columns]
    far = ((x - (left + right) / 2) / wide) ** 2 + ((y - feet + 0.04 * wide) / (0.20 * wide + 1.0)) ** 2
    canvas *= 1.0 - SHADOW_SHARE * np.exp(-1.7 * far.astype(np.float32))[..., None]


def _mirror(canvas: np.ndarray, above: np.ndarray, left: int, waterline: int) -> None:
    """Lay the fading mirror image of what is above the water below its line."""
    height = above.shape[0]
    if height < 2:
        return
    below = above[::-1].copy()
    fade = 0.42 * np.exp(-np.arange(height, dtype=np.float32) / (0.45 * height))
    below *= fade[:, None, None]
    _over(canvas, None, below, left, waterline)


def _over(canvas: np.ndarray, covered: np.ndarray | None, pixels: np.ndarray, left: int, top: int) -> None:
    """Lay premultiplied pixels over the canvas, cut to what is inside."""
    rows, columns = canvas.shape[:2]
    height, width = pixels.shape[:2]
    y0, y1, x0, x1 = max(0, top), min(rows, top + height), max(0, left), min(columns, left + width)
    if y0 >= y1 or x0 >= x1:
        return
    part = pixels[y0 - top : y1 - top, x0 - left : x1 - left]
    canvas[y0:y1, x0:x1] = part[..., :3] + canvas[y0:y1, x0:x1] * (1 - part[..., 3:])
    if covered is not None:
        covered[y0:y1, x0:x1] = np.maximum(covered[y0:y1, x0:x1], part[..., 3])


def backdrop(picture: np.ndarray, color: str = "") -> np.ndarray:
    """Return the light of a plain ground and nothing else of it, or one of COLORS, lit from above.

    Where the network always saw an object it leaves the ghost of one.
    """
    from PIL import Image

    height, width = picture.shape[:2]
    if color:
        shade = np.linspace(*BACKDROP_LIGHT, height, dtype=np.float32)[:, None, None]
        ground = np.clip(np.array(COLORS[color], np.float32) * shade * 255, 0, 255)
        return np.broadcast_to(np.rint(ground), (height, width, 3)).astype(np.uint8)
    light = Image.fromarray(picture).resize((BACKDROP_CELLS, BACKDROP_CELLS), Image.Resampling.BOX)
    return np.asarray(light.resize((width, height), Image.Resampling.BICUBIC))


def interior_cells(covered: np.ndarray, cell: int) -> np.ndarray:
    """Return how far each latent cell lies inside of objects, (1, 1, 1, h, w) float32 in [0, 1]; `cell` is its side in pixels.

    Cells that an object covers by half or less are 0, whole ones 1: a hard border would be seen as a staircase.
    """
    rows, columns = (side // cell for side in covered.shape)
    share = covered.reshape(rows, cell, columns, cell).mean((1, 3))
    return np.clip(2.0 * share - 1.0, 0.0, 1.0).astype(np.float32).reshape(1, 1, 1, rows, columns)
