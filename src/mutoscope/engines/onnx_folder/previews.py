"""What a picture looks like so far, without its decoder: colours are nearly linear in the latents.

The line is fitted once for each decoder, from one decoded square of random latents; no table of known models is needed.
"""

from collections.abc import Callable

import numpy as np

from mutoscope.media.pixels import to_levels
from mutoscope.rng import stream

CELLS, PATCH = 16, 4  # latent rows of the square, and of its patches of one colour
Decode = Callable[[np.ndarray], np.ndarray]


class Previews:
    """A 4 x 3 matrix and an offset, fitted when the first preview is asked for."""

    def __init__(self) -> None:
        self._line: np.ndarray | None = None

    def show(self, latents: np.ndarray, decode: Decode) -> np.ndarray:
        """Latents (1, 4, h, w) -> levels (H, W, 3) uint8 of the picture's size, one colour for each cell."""
        if self._line is None:
            self._line = fit(latents.shape[1], decode)
        values = with_one(latents) @ self._line
        cells = to_levels(values.reshape(*latents.shape[2:], 3).astype(np.float32))
        return cells.repeat(8, axis=0).repeat(8, axis=1)


def fit(channels: int, decode: Decode) -> np.ndarray:
    """Return the line from latents to colours, (channels + 1, 3), by least squares."""
    source = stream("colours of latents")
    patches = source.normal((1, channels, CELLS // PATCH, CELLS // PATCH)).repeat(PATCH, axis=2).repeat(PATCH, axis=3)
    latents = patches + 0.3 * source.normal((1, channels, CELLS, CELLS))
    pixels = decode(latents.astype(np.float32))
    side = pixels.shape[2] // CELLS
    colours = pixels.reshape(3, CELLS, side, CELLS, side).mean(axis=(2, 4)).reshape(3, -1).T
    return np.linalg.lstsq(with_one(latents), colours, rcond=None)[0]


def with_one(latents: np.ndarray) -> np.ndarray:
    """Latents (1, c, h, w) -> rows (h * w, c + 1), the last column 1."""
    rows = latents[0].reshape(latents.shape[1], -1).T
    return np.concatenate([rows, np.ones_like(rows[:, :1])], axis=1)
