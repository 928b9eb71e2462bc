"""How well the codec gives back what it was given: PSNR and SSIM of renders that went through it and back.

SSIM is that of Wang et al. (2004): an 11 x 11 Gaussian window of deviation 1.5, K1 = 0.01, K2 = 0.03, the mean over pixels that
have a whole window, and over colours. Legend: pictures uint8 (n, H, W, 3).
"""

from functools import reduce

import numpy as np

PEAK_LEVEL = 255.0
WINDOW, DEVIATION = 11, 1.5


def psnr(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the peak signal-to-noise ratio (n,) in decibels; 100 for equal pictures."""
    error = ((a.astype(np.float64) - b) ** 2).mean((1, 2, 3))
    return np.minimum(100.0, 10 * np.log10(PEAK_LEVEL**2 / error.clip(min=1e-12)))


def ssim(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the structural similarity (n,) of pictures of 11 pixels a side or more."""
    x, y = a.astype(np.float64), b.astype(np.float64)
    mean_x, mean_y = _blur(x), _blur(y)
    var_x, var_y, both = _blur(x * x) - mean_x**2, _blur(y * y) - mean_y**2, _blur(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * PEAK_LEVEL) ** 2, (0.03 * PEAK_LEVEL) ** 2
    top = (2 * mean_x * mean_y + c1) * (2 * both + c2)
    return (top / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))).mean((1, 2, 3))


def _blur(x: np.ndarray) -> np.ndarray:
    """Gaussian means over whole windows, (n, H, W, 3) -> (n, H - 10, W - 10, 3)."""
    offsets = np.arange(WINDOW) - WINDOW // 2
    weights = np.exp(-(offsets**2) / (2 * DEVIATION**2))
    weights /= weights.sum()
    for axis in (1, 2):
        size = x.shape[axis] - WINDOW + 1
        x = reduce(np.add, (w * x.take(range(place, place + size), axis) for place, w in enumerate(weights)))
    return x
