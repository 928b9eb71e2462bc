"""Fréchet distance between two sets of features, each described by its mean and covariance (Heusel et al. 2017, eq. 6).

    d = |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))

Everything is float64. Moments are gathered piece by piece (Chan et al. 1979), so that neither memory nor the number depends
on how the pictures were batched. Called FD-own in reports: FID is this number on Inception's features and no others.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mutoscope.errors import SettingError


@dataclass
class Moments:
    """Count, mean (D,) and scatter (D, D), the sum of squared deviations, of the rows seen so far."""

    count: int
    mean: np.ndarray
    scatter: np.ndarray

    @classmethod
    def empty(cls, width: int) -> "Moments":
        """Moments of no rows."""
        return cls(0, np.zeros(width), np.zeros((width, width)))

    def add(self, features: np.ndarray) -> "Moments":
        """Take in rows (n, D), n may be 0; returns itself. SettingError for NaN and infinity."""
        rows = np.asarray(features, np.float64)
        check_finite(rows)
        if len(rows):
            mean = rows.mean(0)
            centred = rows - mean
            step, total = mean - self.mean, self.count + len(rows)
            self.scatter += centred.T @ centred + np.outer(step, step) * (self.count * len(rows) / total)
            self.mean = self.mean + step * (len(rows) / total)
            self.count = total
        return self

    @property
    def covariance(self) -> np.ndarray:
        """Unbiased covariance (D, D); SettingError for fewer than two rows."""
        if self.count < 2:
            raise SettingError(
                f"a Fréchet distance needs two pictures or more in each set, got {self.count}; draw more"
            )
        return self.scatter / (self.count - 1)


def check_finite(features: np.ndarray) -> None:
    """Refuse features (n, D) with NaN or infinity in them; SettingError says in how many rows."""
    broken = int((~np.isfinite(features)).any(1).sum())
    if broken:
        raise SettingError(
            f"a distance needs finite features, got NaN or infinity in {broken} of {len(features)} rows; "
            "look at the pictures of these rows and at the network that made the features"
        )


def moments(batches: Iterable[np.ndarray], width: int) -> Moments:
    """Gather the moments of batches of features (n, `width`)."""
    found = Moments.empty(width)
    for batch in batches:
        found.add(batch)
    return found


def frechet(a: Moments, b: Moments) -> float:
    """Return the Fréchet distance of two Gaussians with these moments; 0 or more.

    The trace of (C1 C2)^(1/2) is that of (S C2 S)^(1/2) with S = C1^(1/2), which is symmetric: no complex parts, and sets
    with fewer rows than features need no offset.
    """
    values, vectors = np.linalg.eigh(a.covariance)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    middle = root @ b.covariance @ root
    cross = np.sqrt(np.linalg.eigvalsh((middle + middle.T) / 2).clip(min=0)).sum()
    step = a.mean - b.mean
    distance = step @ step + np.trace(a.covariance) + np.trace(b.covariance) - 2 * cross
    return float(max(0.0, distance))


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return the Fréchet distance of two sets of features (n, D) and (m, D)."""
    if 2 <= min(len(a), len(b)) < a.shape[1]:
        return _of_few(np.asarray(a, np.float64), np.asarray(b, np.float64))
    return frechet(Moments.empty(a.shape[1]).add(a), Moments.empty(b.shape[1]).add(b))


def _of_few(a: np.ndarray, b: np.ndarray) -> float:
    """The same number from the rows themselves, for sets with fewer rows than features.

    With C1 = A^T A and C2 = B^T B the eigenvalues of C1 C2 are the squared singular values of A B^T, an (n, m) matrix.
    """
    for rows in (a, b):
        check_finite(rows)
    step = a.mean(0) - b.mean(0)
    ours, theirs = ((rows - rows.mean(0)) / np.sqrt(len(rows) - 1) for rows in (a, b))
    cross = np.linalg.svd(ours @ theirs.T, compute_uv=False).sum()
    return float(max(0.0, step @ step + (ours**2).sum() + (theirs**2).sum() - 2 * cross))
