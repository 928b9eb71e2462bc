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
"""

from dataclasses import dataclass

import numpy as np

from mutoscope.config import PATCH, SPACE_FACTOR, TIME_FACTOR
from mutoscope.errors import SizeError

MULTIPLE = SPACE_FACTOR * PATCH
SMALLEST, LARGEST = 32, 512
ASPECTS = {"square": (128, 128), "1:1": (128, 128), "3:2": (192, 128), "2:3": (128, 192)}


@dataclass(frozen=True)
class LatentGrid:
    """Pixel, latent and token sizes of one picture or clip; refuses sizes that cannot be made."""

    width: int
    height: int
    frames: int = 1

    def __post_init__(self):
        for name in ("width", "height"):
            _check_side(name, getattr(self, name))
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

    @property
    def tokens_per_frame(self) -> int:
        """Visual tokens of one latent frame."""
        return (self.latent_height // PATCH) * (self.latent_width // PATCH)


def _check_side(name: str, value: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise SizeError(f"{name} must be a whole number of pixels, got {value!r}")
    if not SMALLEST <= value <= LARGEST:
        raise SizeError(f"{name} {value} is outside {SMALLEST} to {LARGEST} pixels; 128 is what the model knows best")
    if value % MULTIPLE:
        below = value // MULTIPLE * MULTIPLE
        raise SizeError(f"{name} {value} is not a multiple of {MULTIPLE}; use {below} or {below + MULTIPLE}")


def parse_size(size: str) -> tuple[int, int]:
    """Return (width, height) of a name in ASPECTS or of "192x128"; SizeError otherwise."""
    text = str(size).strip().lower().replace("*", "x")
    if text in ASPECTS:
        return ASPECTS[text]
    parts = text.split("x")
    if (
        len(parts) == 2
        and all(part.strip().isascii() and part.strip().isdigit() for part in parts)
        and max(map(len, parts)) < 7
    ):
        return int(parts[0]), int(parts[1])
    raise SizeError(f"size {str(size)[:40]!r} is not known; use {', '.join(ASPECTS)} or WIDTHxHEIGHT such as 192x128")


def size_like(columns: int, rows: int, width: int | None = None, height: int | None = None) -> tuple[int, int]:
    """Return the (width, height) that can be made nearest to a picture of that many `columns` and `rows`.

    With one side given, the other follows from the picture's aspect.
    """
    for name, side in (("width", width), ("height", height)):
        if side is not None:
            _check_side(name, side)
    scale = max(min(1.0, LARGEST / max(columns, rows)), SMALLEST / min(columns, rows))
    if width is not None:
        scale = width / columns
    elif height is not None:
        scale = height / rows
    return width or _nearest_side(columns * scale), height or _nearest_side(rows * scale)


def _nearest_side(pixels: float) -> int:
    return min(LARGEST, max(SMALLEST, round(pixels / MULTIPLE) * MULTIPLE))


def rotary_table(frames: np.ndarray, rows: int, columns: int, head_width: int) -> np.ndarray:
    """Return cosines and sines (2, t * rows * columns, head_width / 2) of the rotary positions of a token grid.

    `frames` holds the numbers of the latent frames. A quarter of the pairs turns with the frame, the rest half with the row and
    half with the column, both counted from the centre of the picture, so that a larger picture extends a smaller one.
    """
    pairs = head_width // 2
    of_time = pairs // 4
    of_row = (pairs - of_time) // 2
    of_column = pairs - of_time - of_row
    frame, row, column = np.meshgrid(
        np.asarray(frames, np.float64),
        np.arange(rows) - (rows - 1) / 2,
        np.arange(columns) - (columns - 1) / 2,
        indexing="ij",
    )
    angles = [
        position.reshape(-1, 1) * (1.6 * 50.0 ** -(np.arange(count) / count))[None]
        for position, count in ((frame, of_time), (row, of_row), (column, of_column))
    ]
    angle = np.concatenate(angles, axis=1)
    return np.stack([np.cos(angle), np.sin(angle)]).astype(np.float32)
