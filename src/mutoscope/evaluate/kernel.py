"""Kernel distance between two sets of features: the unbiased squared MMD with the cubic kernel (Binkowski et al. 2018).

    k(x, y) = (x.y / D + 1)^3

Unlike Fréchet's it has no bias from few pictures: equal worlds give 0 on average, and may give a little less. Called KID-own in
reports: KID is this number on Inception's features and no others.
"""

import numpy as np


class KernelDistance:
    """Distances to one reference (m, D); what concerns the reference alone is worked out once."""

    def __init__(self, reference: np.ndarray):
        self.reference = np.asarray(reference, np.float64)
        self._within = _mean_of_pairs(_cubic(self.reference, self.reference))

    def of(self, features: np.ndarray) -> float:
        """Return the unbiased MMD^2 of features (n, D), two rows or more, against the reference."""
        rows = np.asarray(features, np.float64)
        within = _mean_of_pairs(_cubic(rows, rows))
        return float(within + self._within - 2 * _cubic(rows, self.reference).mean())


def kernel_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return the unbiased MMD^2 of features (n, D) and (m, D), in float64."""
    return KernelDistance(b).of(a)


def _cubic(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    inner = a @ b.T / a.shape[1] + 1
    return inner * inner * inner


def _mean_of_pairs(kernel: np.ndarray) -> float:
    """Mean over all pairs of different rows."""
    n = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (n * (n - 1)))
