"""Post-processing after decoding, for three styles whose marks are exact: pixel art, low poly, flat vector.

A codec of 8 x 8 pixels rounds off what must be sharp: a network's square pixels leave their grid, its triangles and its even colours
melt into strokes. So the decoded picture is the drawing, and the marks are made from it, each in the colour of what it covers.
A clip has one mesh, and one set of inks, for all of its frames.

    pixelate      cells of one size ─ mean colour ─ few tones, dithered in order (Bayer 1973) ─ few tints
    triangulate   a coarse mesh, split where colours differ, corners drawn to edges ─ mean colour, each tilted to the light a little
    posterize     a few inks that suit the picture ─ the nearest ink, specks taken in by what is round them ─ borders cut smooth

Legend: frames (T, H, W, 3) uint8.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mutoscope.errors import SettingError, did_you_mean
from mutoscope.media.pixels import luma
from mutoscope.rng import Stream, stream

if TYPE_CHECKING:
    from PIL.Image import Image

ROWS, LEAST = 64, 2  # cells along the shorter side; pixels that a cell has at least
TONES, TINTS, DITHER = 7, 10, (0.1, 0.6)  # dither of dark and of bright tones, in tones
BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32)

SEEN = 256  # pixels of the shorter side of the copy that a mesh is made from
CALM = 5  # pixels of that copy in which strokes are taken for noise
CELLS, SPLITS = 8, 6  # cells of two triangles along the shorter side; how often a triangle may be halved
SPREAD = 0.06  # of brightness, from which a triangle is halved
JITTER, REACH = 0.22, 0.35  # of a triangle's size: how far a corner strays, and how far away it still finds an edge
EDGE = 0.06  # brightness from pixel to pixel that is an edge
TILT = 0.08  # change of brightness from facet to facet where the picture has none
SMOOTH = 2  # pixels each way that are drawn for one of the picture

INKS, SETTLED = 32, 4  # colours of a flat picture; rounds in which they move to the middle of what they colour
STROKE, SPECK, ROUND = 0.02, 0.03, 0.008  # of the shorter side: smoothed, taken in, rounded

Corner = tuple[float, float]  # row and column, in shares of the shorter side
Triangle = tuple[Corner, Corner, Corner]  # the second corner lies opposite the longest side


def pixelate(frames: np.ndarray, seed: tuple[int, int]) -> np.ndarray:
    """Return frames of square pixels in few colours; the seed is not needed."""
    height, width = frames.shape[1:3]
    cell = max(LEAST, round(min(height, width) / ROWS))
    rows, columns = -(-height // cell), -(-width // cell)
    filled = ((0, 0), (0, rows * cell - height), (0, columns * cell - width), (0, 0))
    cells = np.pad(frames, filled, "edge").reshape(len(frames), rows, cell, columns, cell, 3)
    few = _few_colors(cells.mean((2, 4), dtype=np.float32) / 255)
    large = np.rint(255 * few.clip(0, 1)).astype(np.uint8).repeat(cell, 1).repeat(cell, 2)
    return np.ascontiguousarray(large[:, :height, :width])


def _few_colors(cells: np.ndarray) -> np.ndarray:
    """Cells (T, h, w, 3) in [0, 1] -> the same in few tones, dithered, and few tints, not dithered: no stray hue appears."""
    rows, columns = cells.shape[1:3]
    pattern = np.tile((BAYER + 0.5) / 16 - 0.5, (-(-rows // 4), -(-columns // 4)))[:rows, :columns, None]
    grey = luma(cells)[..., None]
    tones = np.round(grey * TONES + (1.5 * grey).clip(*DITHER) * pattern) / TONES
    return tones + np.round((cells - grey) * TINTS) / TINTS


def triangulate(frames: np.ndarray, seed: tuple[int, int]) -> np.ndarray:
    """Return frames of triangles of one colour each, many where the first frame has much to show; `seed` places the corners."""
    random = stream(*seed, "facets")
    mesh = _mesh(_small(frames[0]), random)
    tilts = [random.uniform(-TILT, TILT, (len(level.triangles), 1)).astype(np.float32) for level in mesh]
    return np.stack([_filled(frame, mesh, tilts) for frame in frames])


@dataclass(frozen=True)
class _Level:
    """Triangles of one size, and which of them covers a pixel of the copy: its number from 1, 0 where none does."""

    triangles: list[Triangle]
    names: np.ndarray  # (h, w)

    def means(self, values: np.ndarray) -> np.ndarray:
        """Values (h, w, n) -> their means in every triangle, (triangles, n); the middle one's where it covers no pixel."""
        names, count = self.names.ravel(), len(self.triangles) + 1
        covered = np.bincount(names, minlength=count)[1:, None]
        sums = [np.bincount(names, part.ravel(), count)[1:] for part in np.moveaxis(values, -1, 0)]
        means = np.stack(sums, 1) / covered.clip(1)
        return np.where(covered, means, np.median(means, 0)).astype(np.float32)


def _small(frame: np.ndarray) -> np.ndarray:
    """Return the copy, (h, w, 3) uint8."""
    from PIL import Image

    height, width = frame.shape[:2]
    scale = SEEN / min(height, width)
    return np.asarray(
        Image.fromarray(frame).resize((round(width * scale), round(height * scale)), Image.Resampling.BICUBIC)
    )


def _mesh(copy: np.ndarray, random: Stream) -> list[_Level]:
    """Return the levels of a mesh, large triangles first, each level halves of some triangles of the one before.

    Later triangles are drawn over earlier ones, so corners may stray without leaving gaps.
    """
    from PIL import Image, ImageFilter

    calm = Image.fromarray(copy).filter(ImageFilter.MedianFilter(CALM))
    grey = luma(np.asarray(calm, np.float32) / 255)
    down, right = np.gradient(grey)
    edges = np.hypot(down, right)
    corners: dict[Corner, Corner] = {}
    flat, size, levels = _coarse(*(length / SEEN for length in grey.shape)), 1 / CELLS, []
    for _ in range(SPLITS + 1):
        astray = iter((size * random.uniform(-JITTER, JITTER, (3 * len(flat), 2))).tolist())
        place = partial(_placed, size=size, edges=edges, placed=corners, astray=astray)
        triangles = [(place(first), place(tip), place(last)) for first, tip, last in flat]
        levels.append(_Level(triangles, _names(triangles, grey.shape)))
        mean, square = levels[-1].means(np.stack([grey, grey * grey], 2)).T
        uneven = np.sqrt((square - mean * mean).clip(0)) > SPREAD
        flat = [half for one, split in zip(flat, uneven, strict=True) if split for half in _halves(one)]
        if not flat:
            break
        size /= math.sqrt(2)
    return levels


def _coarse(height: float, width: float) -> list[Triangle]:
    """Return two triangles for every cell, cut the one way and the other in turn."""
    rows, columns = round(height * CELLS), round(width * CELLS)
    found: list[Triangle] = []
    for row in range(rows):
        for column in range(columns):
            top, down = row * height / rows, (row + 1) * height / rows
            left, right = column * width / columns, (column + 1) * width / columns
            a, b, c, d = (top, left), (top, right), (down, right), (down, left)
            found += [(a, b, c), (c, d, a)] if (row + column) % 2 else [(b, c, d), (d, a, b)]
    return found


def _halves(triangle: Triangle) -> tuple[Triangle, Triangle]:
    first, tip, last = triangle
    middle = ((first[0] + last[0]) / 2, (first[1] + last[1]) / 2)
    return (first, middle, tip), (tip, middle, last)


def _placed(
    corner: Corner, size: float, edges: np.ndarray, placed: dict[Corner, Corner], astray: Iterator[list[float]]
) -> Corner:
    """Return where a corner of the even mesh comes to lie: on the strongest edge within reach, else a little astray."""
    key = (round(corner[0], 6), round(corner[1], 6))
    if key not in placed:
        ends = [length / SEEN for length in edges.shape]
        fixed = [at < 1e-6 or at > end - 1e-6 for at, end in zip(corner, ends, strict=True)]  # along the frame
        strayed = [at + by for at, by in zip(corner, next(astray), strict=True)]
        reach = [slice(max(0, int((at - REACH * size) * SEEN)), int((at + REACH * size) * SEEN) + 1) for at in corner]
        near = edges[tuple(reach)]
        if not any(fixed) and near.max() > EDGE:
            row, column = np.unravel_index(int(near.argmax()), near.shape)
            strayed = [(reach[0].start + float(row) + 0.5) / SEEN, (reach[1].start + float(column) + 0.5) / SEEN]
        row, column = (at if stays else moved for at, stays, moved in zip(corner, fixed, strayed, strict=True))
        placed[key] = (row, column)
    return placed[key]


def _names(triangles: list[Triangle], shape: tuple[int, ...]) -> np.ndarray:
    from PIL import Image, ImageDraw

    image = Image.new("I", (shape[1], shape[0]))
    draw = ImageDraw.Draw(image)
    for number, triangle in enumerate(triangles, 1):
        draw.polygon(_outline(triangle, SEEN), fill=number)
    return np.asarray(image)


def _outline(triangle: Triangle, side: float) -> list[tuple[float, float]]:
    return [(column * side, row * side) for row, column in triangle]


def _filled(frame: np.ndarray, mesh: list[_Level], tilts: list[np.ndarray]) -> np.ndarray:
    """Return a frame (H, W, 3) drawn with the triangles of a mesh, each in the colour of what it covers."""
    from PIL import Image, ImageDraw

    copy, (height, width) = _small(frame), frame.shape[:2]
    image = Image.new("RGB", (width * SMOOTH, height * SMOOTH))
    draw = ImageDraw.Draw(image)
    for level, tilt in zip(mesh, tilts, strict=True):
        colors = level.means(copy) / 255 * (1 + tilt) + 0.3 * tilt
        inks = np.rint(255 * colors.clip(0, 1)).astype(int).tolist()
        for triangle, ink in zip(level.triangles, inks, strict=True):
            draw.polygon(_outline(triangle, SMOOTH * min(height, width)), fill=tuple(ink))
    return np.asarray(image.resize((width, height), Image.Resampling.BOX))


def posterize(frames: np.ndarray, seed: tuple[int, int]) -> np.ndarray:
    """Return frames of even areas of a few colours with smooth borders; the seed is not needed."""
    from PIL import Image

    calm = [_calm(frame) for frame in frames]
    told = Image.fromarray(np.concatenate([np.asarray(calm[at]) for at in sorted({0, len(calm) // 2, len(calm) - 1})]))
    inks = told.quantize(INKS, Image.Quantize.MEDIANCUT, kmeans=SETTLED)
    height, width = frames.shape[1:3]
    return np.stack([_cut_out(copy.quantize(palette=inks, dither=Image.Dither.NONE), height, width) for copy in calm])


def _calm(frame: np.ndarray) -> "Image":
    """Return a copy of a frame, no larger than it need be, without its strokes."""
    from PIL import Image, ImageFilter

    height, width = frame.shape[:2]
    scale = min(1.0, SEEN / min(height, width))
    copy = Image.fromarray(frame).resize((round(width * scale), round(height * scale)), Image.Resampling.BOX)
    return copy.filter(ImageFilter.MedianFilter(_odd(STROKE * min(copy.size))))


def _cut_out(inked: "Image", height: int, width: int) -> np.ndarray:
    """Return (height, width, 3) of a picture of inks: every pixel has the ink of which most is round it."""
    from PIL import Image, ImageFilter

    side, large = min(inked.size), (SMOOTH * width, SMOOTH * height)
    numbers = Image.fromarray(np.asarray(inked))  # of the inks: Pillow filters no picture that has a palette
    named = np.asarray(numbers.filter(ImageFilter.ModeFilter(_odd(SPECK * side))))
    most = np.zeros(large[::-1], np.uint16)  # how much of an ink, and in the lower byte which
    for ink in np.unique(named):
        area = Image.fromarray(np.where(named == ink, 255, 0).astype(np.uint8))
        share = area.filter(ImageFilter.GaussianBlur(ROUND * side)).resize(large, Image.Resampling.BILINEAR)
        np.maximum(most, np.asarray(share).astype(np.uint16) << 8 | ink, out=most)
    flat = Image.fromarray((most & 255).astype(np.uint8))
    palette = inked.getpalette()
    assert palette is not None  # `inked` is quantized
    flat.putpalette(palette)
    return np.asarray(flat.convert("RGB").resize((width, height), Image.Resampling.BOX))


def _odd(pixels: float) -> int:
    """Return the odd number, 3 or more, that is nearest to a width in pixels."""
    return max(3, 2 * round((pixels - 1) / 2) + 1)


@dataclass(frozen=True)
class PostProcess:
    """A step after decoding: `run(frames (T, H, W, 3) uint8, (seed, index))` returns frames of the same shape."""

    run: Callable[[np.ndarray, tuple[int, int]], np.ndarray]
    own_pixels: bool = False  # its pixels are larger than those of a draft, so nothing is refined for it
    keeps_objects: bool = True  # objects of the library can still be told apart behind it


POSTPROCESSES: Mapping[str, PostProcess] = {
    "pixelate": PostProcess(pixelate, own_pixels=True),
    "triangulate": PostProcess(triangulate),
    "posterize": PostProcess(posterize, keeps_objects=False),  # even areas swallow what is small in them (dev/log.md)
}


def find_postprocess(name: str) -> PostProcess | None:
    """Return a step by its name, None for ""; SettingError for an unknown one."""
    if not name:
        return None
    if name not in POSTPROCESSES:
        known = ", ".join(("none", *POSTPROCESSES))
        raise SettingError(f"unknown post-processing {name[:40]!r}{did_you_mean(name, POSTPROCESSES)}; known: {known}")
    return POSTPROCESSES[name]
