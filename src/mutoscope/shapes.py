"""The legend of letters, and the one place where sizes are reckoned.

    pixels   B C T H W   batch, colour, frames, rows, columns      float in [-1, 1]; a picture has T = 1
    latents  B c t h w   the same axes after the codec             lower case = latent
    tokens   B N D       N = visual tokens, D width
    text     B L D       L text tokens
    heads    B A S K     A attention heads, S = L + N, K width of one head   (H is always rows)
    time     (B,) or (B, t)   in [0, 1]: 0 = data, 1 = noise; spelled out, so that t stays a frame axis
    velocity = noise - data; the ends are called `data` and `noise`

The codec keeps one latent row and column for 8 pixels, one latent frame for the first frame and one for every 4 after it.
A token is 2 x 2 latent rows and columns.

Sizes by name and by aspect are reckoned from the side of the pictures that a checkpoint was trained on, its native side.
"""

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from mutoscope.config import ASPECTS, PATCH, SPACE_FACTOR, TIME_FACTOR
from mutoscope.errors import SizeError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

MULTIPLE = SPACE_FACTOR * PATCH
SMALLEST, LARGEST = 32, 512  # pixels of a side that the network draws at once
LARGEST_REFINED = 2048  # pixels of a side of a picture that is drawn small and refined
LONGEST_REFINED = 8  # times as wide as high, or as high as wide
NATIVE_SIDE = 128  # of a checkpoint that does not say
DIRECT_AREA = 3.0  # native squares: a larger picture falls apart, with everything small and far (dev/log.md)
NAMED_AREA = 2.0  # native squares that the long aspects keep to


@dataclass(frozen=True)
class LatentGrid:
    """Pixel, latent and token sizes of one picture or clip; refuses sizes that cannot be made."""

    width: int
    height: int
    frames: int = 1

    def __post_init__(self):
        check_size(self.width, self.height, LARGEST)
        if not isinstance(self.frames, int) or isinstance(self.frames, bool) or self.frames < 1:
            raise SizeError(f"frames must be a whole number from 1, got {self.frames!r}")

    @property
    def latent_height(self) -> int:
        """Latent rows h."""
        return self.height // SPACE_FACTOR

    @property
    def latent_width(self) -> int:
        """Latent columns w."""
        return self.width // SPACE_FACTOR

    @property
    def latent_frames(self) -> int:
        """Latent frames t: one for the first frame, one for every 4 frames after it, the last one perhaps cut."""
        return 1 + -(-(self.frames - 1) // TIME_FACTOR)


def check_size(width: int, height: int, largest: int, multiple: int = MULTIPLE, smallest: int = SMALLEST) -> None:
    """Raise SizeError unless both sides are multiples of `multiple` from `smallest` to `largest` pixels."""
    for name, value in (("width", width), ("height", height)):
        _check_side(name, value, largest, multiple, smallest)


def _check_side(
    name: str, value: int, largest: int = LARGEST, multiple: int = MULTIPLE, smallest: int = SMALLEST
) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise SizeError(f"{name} must be a whole number of pixels, got {value!r}")
    if not smallest <= value <= largest:
        raise SizeError(
            f"{name} {value} is outside {smallest} to {largest} pixels; use {min(max(value, smallest), largest)}"
        )
    if value % multiple:
        below = value // multiple * multiple
        raise SizeError(f"{name} {value} is not a multiple of {multiple}; use {below} or {below + multiple}")


def parse_size(
    size: str, side: int = NATIVE_SIDE, of_aspect: "Callable[[int, int, int], tuple[int, int]] | None" = None
) -> tuple[int, int]:
    """Return (width, height) of a name in ASPECTS, of an aspect such as "16:9", or of "192x128"; SizeError otherwise.

    Names and aspects are reckoned from the native `side` of a checkpoint, by `of_aspect(across, down, side)`: `native_size`
    where none is given.

    >>> parse_size("landscape"), parse_size("wide", 256), parse_size("192x128")
    ((192, 128), (448, 256), (192, 128))
    """
    text = str(size).strip().lower().replace("*", "x")
    of_aspect = of_aspect or native_size
    if text in ASPECTS:
        return of_aspect(*ASPECTS[text], side)
    numbers = re.fullmatch(r"([0-9]{1,6})\s*([x:])\s*([0-9]{1,6})", text)
    if numbers is None:
        hint = did_you_mean(text[:40], ASPECTS)
        raise SizeError(
            f"size {str(size)[:40]!r} is not known{hint}; use {', '.join(ASPECTS)}, an aspect such as 16:9, or "
            "WIDTHxHEIGHT such as 192x128"
        )
    across, down = int(numbers[1]), int(numbers[3])
    return of_aspect(across, down, side) if numbers[2] == ":" else (across, down)


def size_of_area(across: int, down: int, area: int, multiple: int) -> tuple[int, int]:
    """Return the (width, height) of an aspect that has nearly `area` pixels, in multiples; SizeError above 8:1.

    >>> size_of_area(16, 9, 1024 * 1024, 16), size_of_area(1, 1, 512 * 512, 8)
    ((1360, 768), (512, 512))
    """
    check_aspect(across, down)
    width, height = math.sqrt(area * across / down), math.sqrt(area * down / across)
    return (max(1, round(width / multiple)) * multiple, max(1, round(height / multiple)) * multiple)


def check_aspect(across: int, down: int) -> None:
    """Raise SizeError for an aspect above 8:1."""
    if not 0 < max(across, down) <= LONGEST_REFINED * min(across, down):
        raise SizeError(
            f"aspect {across}:{down} is not from 1:{LONGEST_REFINED} to {LONGEST_REFINED}:1; use 16:9 or 3:1"
        )


@lru_cache(maxsize=256)
def native_size(across: int, down: int, side: int) -> tuple[int, int]:
    """Return the (width, height) of an aspect that a checkpoint of this native side draws best; SizeError above 8:1.

    The shorter side is the native side, as in the buckets of training; aspects above 2:1 keep to NAMED_AREA. What is not in
    multiples of 16 moves to the nearest size that is, the aspect counting four times as much as the area.
    """
    check_aspect(across, down)
    aspect = max(across, down) / min(across, down)
    wanted = side**2 * min(aspect, NAMED_AREA)

    def distance(size: tuple[int, int]) -> float:
        long, short = size
        return 4 * abs(math.log(long / short / aspect)) + abs(math.log(long * short / wanted))

    shorts = range(SMALLEST, side + 1, MULTIPLE)
    sizes = [(min(LARGEST, int(short * aspect / MULTIPLE + 0.5) * MULTIPLE), short) for short in shorts]
    long, short = min(sizes, key=distance)
    return (long, short) if across > down else (short, long)


def draft_size(width: int, height: int, side: int) -> tuple[int, int] | None:
    """Return the size at which a picture of width x height is drawn first, to be refined; None when it is drawn at once.

    >>> draft_size(512, 512, 128), draft_size(2048, 1152, 128), draft_size(240, 128, 128)
    ((128, 128), (224, 128), None)
    """
    if max(width, height) <= LARGEST and width * height <= DIRECT_AREA * side**2:
        return None
    check_size(width, height, LARGEST_REFINED)
    if max(width, height) > LONGEST_REFINED * min(width, height):
        raise SizeError(
            f"{width}x{height} is more than {LONGEST_REFINED} times as long as it is wide; use for example "
            f"{max(width, height)}x{max(width, height) // LONGEST_REFINED}"
        )
    return native_size(width, height, side)


def size_like(
    columns: int, rows: int, width: int | None = None, height: int | None = None, side: int = NATIVE_SIDE
) -> tuple[int, int]:
    """Return the (width, height) nearest to a picture of that many `columns` and `rows` that is drawn at once.

    With one side given, the other follows from the picture's aspect.

    >>> size_like(4000, 3000), size_like(200, 100), size_like(4000, 3000, width=160)
    ((256, 192), (208, 96), (160, 128))
    """
    for name, length in (("width", width), ("height", height)):
        if length is not None:
            _check_side(name, length, LARGEST_REFINED)
    if width is not None:
        scale = width / columns
    elif height is not None:
        scale = height / rows
    else:
        scale = min(1.0, LARGEST / max(columns, rows), math.sqrt(DIRECT_AREA * side**2 / (columns * rows)))
        scale = max(scale, SMALLEST / min(columns, rows))
    return width or _nearest_side(columns * scale), height or _nearest_side(rows * scale)


def _nearest_side(pixels: float) -> int:
    return min(LARGEST, max(SMALLEST, int(pixels / MULTIPLE + 0.5) * MULTIPLE))


def rotary_table(
    frames: "ArrayLike", rows: int, columns: int, head_width: int, centre: tuple[float, float] = (0.0, 0.0)
) -> np.ndarray:
    """Return cosines and sines (2, t * rows * columns, head_width / 2) of the rotary positions of a token grid.

    `frames` holds the numbers of the latent frames. A quarter of the pairs turns with the frame, the rest half with the row and
    half with the column, both counted from the centre of the picture, so that a larger picture extends a smaller one. `centre`
    is the row and column of the middle of the grid itself, other than 0 for a tile of a picture.
    """
    pairs = head_width // 2
    of_time = pairs // 4
    of_row = (pairs - of_time) // 2
    of_column = pairs - of_time - of_row
    frame, row, column = np.meshgrid(
        np.asarray(frames, np.float64),
        np.arange(rows) - (rows - 1) / 2 + centre[0],
        np.arange(columns) - (columns - 1) / 2 + centre[1],
        indexing="ij",
    )
    angles = [
        position.reshape(-1, 1) * (1.6 * 50.0 ** -(np.arange(count) / count))[None]
        for position, count in ((frame, of_time), (row, of_row), (column, of_column))
    ]
    angle = np.concatenate(angles, axis=1)
    return np.stack([np.cos(angle), np.sin(angle)]).astype(np.float32)
