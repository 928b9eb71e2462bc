"""Previews: rows of pictures as one."""

import numpy as np
from torch import Tensor

from mutoscope.media.pixels import to_levels
from mutoscope.train.timelapse import pad

GAP = 2  # white pixels between pictures


def to_pictures(values: Tensor) -> np.ndarray:
    """Values (B, 3, H, W) in [-1, 1] -> levels uint8 (B, H, W, 3)."""
    return to_levels(values.float()).permute(0, 2, 3, 1).cpu().numpy()


def make_grid(rows: list[np.ndarray]) -> np.ndarray:
    """Rows of pictures, each uint8 (B, H, W, 3) -> one picture uint8 (H', W', 3), shorter rows padded to the widest."""
    bands = [np.concatenate([pad(picture, len(picture) + GAP, picture.shape[1] + GAP) for picture in row], axis=1)
             for row in rows]  # fmt: skip
    widest = max(band.shape[1] for band in bands)
    return np.concatenate([pad(band, band.shape[0], widest) for band in bands])
