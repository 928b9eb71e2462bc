"""Contact sheets: rows of pictures as one uint8 array."""

import numpy as np
from torch import Tensor

from mutoscope.media.pixels import to_levels


def to_bytes(pixels: Tensor) -> np.ndarray:
    """(B, 3, H, W) in [-1, 1] -> uint8 (B, H, W, 3)."""
    return to_levels(pixels.float()).permute(0, 2, 3, 1).cpu().numpy()


def sheet(rows: list[np.ndarray], gap: int = 2) -> np.ndarray:
    """Rows of uint8 (B, H, W, 3), each padded to the widest -> one uint8 (H', W', 3)."""
    bands = []
    for row in rows:
        cells = [np.pad(cell, ((0, gap), (0, gap), (0, 0)), constant_values=255) for cell in row]
        bands.append(np.concatenate(cells, axis=1))
    widest = max(band.shape[1] for band in bands)
    return np.concatenate([np.pad(b, ((0, 0), (0, widest - b.shape[1]), (0, 0)), constant_values=255) for b in bands])
