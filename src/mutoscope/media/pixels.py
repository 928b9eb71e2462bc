"""Levels (uint8, 0 to 255) and the numbers that networks work with, and back; luma.

    levels  0 to 255, uint8        files, everything a person sees
    values  [-1, 1], float32       what codec and judges read and write
    unit    [0, 1], float          what the renderer draws

Each function takes numpy arrays and torch tensors alike, of any shape, and returns what it was given; torch is not imported.
"""

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    Array = TypeVar("Array", np.ndarray, Tensor)
else:
    Array = TypeVar("Array")

HALF_RANGE = 127.5  # levels on either side of the middle
BT601 = (0.299, 0.587, 0.114)  # red, green, blue of ITU-R BT.601: what Pillow and JPEG call luma
BT709 = (0.2126, 0.7152, 0.0722)  # of ITU-R BT.709: HD film


def to_values(levels: Array) -> Array:
    """Return levels 0 to 255 as float32 in [-1, 1]."""
    return _float32(levels) / HALF_RANGE - 1.0


def to_levels(values: Array) -> Array:
    """Return values in [-1, 1] as uint8: cut off at both ends, the nearest level, halves to the even one."""
    return _round_to_uint8((values.clip(-1.0, 1.0) + 1.0) * HALF_RANGE)


def unit_to_levels(unit: Array) -> Array:
    """Return values in [0, 1] as uint8, rounded as in `to_levels`."""
    return _round_to_uint8(unit.clip(0.0, 1.0) * 255.0)


def luma(rgb: np.ndarray, weights: tuple[float, float, float] = BT601) -> np.ndarray:
    """Return the luma (...) of colours (..., 3), float32 in the same unit."""
    return rgb.astype(np.float32, copy=False) @ np.array(weights, np.float32)


def _float32(array: Any) -> Any:
    return array.astype(np.float32) if isinstance(array, np.ndarray) else array.float()


def _round_to_uint8(array: Any) -> Any:
    return np.rint(array).astype(np.uint8) if isinstance(array, np.ndarray) else array.round().byte()
