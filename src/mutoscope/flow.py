"""The noise path: a straight line from data (time 0) to noise (time 1), as in rectified flow (Liu et al. 2022).

    noisy = (1 - time) data + time noise,      velocity = noise - data

The lines are the same for numpy arrays and torch tensors.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Path:
    """One point of the path: `noisy` at `time`, and the `velocity` there."""

    noisy: Any
    velocity: Any


def mix(data: Any, noise: Any, time: Any) -> Path:
    """Return the point at `time` between `data` and `noise`; `time` must broadcast against them."""
    return Path(noisy=(1 - time) * data + time * noise, velocity=noise - data)


def data_of(noisy: Any, velocity: Any, time: Any) -> Any:
    """Return the data that `noisy` at `time` with this velocity comes from."""
    return noisy - time * velocity


def shift_time(time: Any, shift: float) -> Any:
    """Move times towards noise: larger pictures need more of it (Esser et al. 2024, eq. 23)."""
    return shift * time / (shift * time + (1 - time))  # in this order 1 stays exactly 1


def shift_for(values: int) -> float:
    """Return the time shift for a latent frame of `values` numbers; 2 at 128 x 128 pixels, growing with the side."""
    return 2.0 * (values / 4096) ** 0.5


def grid(steps: int, shift: float) -> np.ndarray:
    """Return steps + 1 times from 1 down to 0, float64."""
    return shift_time(np.linspace(1.0, 0.0, steps + 1), shift)


def start_at(times: np.ndarray, strength: float) -> np.ndarray:
    """Return the rest of a grid from noise level `strength` on, which takes the place of the nearest time above 0.

    Strength 1 is the whole grid, strength 0 no step at all.
    """
    if strength == 0.0:
        return times[-1:]
    nearest = int(np.abs(times[:-1] - strength).argmin())
    return np.concatenate([[strength], times[nearest + 1 :]])
