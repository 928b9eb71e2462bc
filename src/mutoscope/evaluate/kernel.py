"""Kernel distance between two sets of features: the unbiased squared MMD with the cubic kernel (Binkowski et al. 2018).

    k(x, y) = (x.y / D + 1)^3

Unlike Fréchet's it has no bias from few pictures: equal worlds give 0 on average, and may give a little less. Called KID-own in
reports: KID is this number on Inception's features and no others.
"""

import numpy as np

from mutoscope.errors import SettingError
from mutoscope.evaluate.frechet import check_finite


def kernel_distance(a: np.ndarray, b: np.ndarray, within_b: float | None = None) -> float:
    """Return the unbiased MMD^2 of features (n, D) and (m, D), float64; SettingError for fewer than two rows, and for NaN.

    `within_b` is `kernel_within(b)`, for a reference that many sets are compared with.
    """
    rows, others = _check_rows(a), _check_rows(b)
    within_b = kernel_within(others) if within_b is None else within_b
    return kernel_within(rows) + within_b - 2 * float(_cubic(rows, others).mean())


def kernel_within(features: np.ndarray) -> float:
    """Return the mean of the kernel over all pairs of different rows of (n, D), n being 2 or more."""
    rows = _check_rows(features)
    kernel, n = _cubic(rows, rows), len(rows)
    return float((kernel.sum() - np.trace(kernel)) / (n * (n - 1)))


def _check_rows(features: np.ndarray) -> np.ndarray:
    """Return features (n, D) as float64; SettingError for fewer than two rows, or for rows that are not finite."""
    rows = np.asarray(features, np.float64)
    if len(rows) < 2:
        raise SettingError(f"a kernel distance needs two pictures or more in each set, got {len(rows)}; draw more")
    check_finite(rows)
    return rows


def _cubic(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    inner = a @ b.T / a.shape[1] + 1
    return inner * inner * inner
