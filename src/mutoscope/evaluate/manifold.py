"""Neighbours among features: precision and recall of a set of samples, and whether samples are copies of training pictures.

Precision and recall are those of Kynkäänniemi et al. (2019, eq. 1 and 2): a set is taken as the union of balls, one around
each of its rows, that reach to its third nearest neighbour. Memorised is a sample that lies nearer to a training picture than
all but one in a hundred pictures of the same world do that were never trained on.

Legend: features (n, D).
"""

import numpy as np

NEIGHBOURS = 3
BATCH_ROWS = 1024  # compared at once
COPY_PERCENTILE = 1.0  # of the distances of held-out pictures; what lies nearer is a copy


def squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the squared Euclidean distances (n, m) of all rows, float64."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return ((a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T).clip(min=0)


def radii(features: np.ndarray, neighbours: int = NEIGHBOURS) -> np.ndarray:
    """Return the squared distance (n,) of each row to its k-th nearest neighbour in the set."""
    found = []
    for first in range(0, len(features), BATCH_ROWS):
        away = squared_distances(features[first : first + BATCH_ROWS], features)
        place = min(neighbours, len(features) - 1)  # the nearest of all is the row itself
        found.append(np.partition(away, place, axis=1)[:, place])
    return np.concatenate(found)


def is_covered(rows: np.ndarray, by: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Return which rows (n,) lie in a ball around a row of `by`, given the squared radii (m,)."""
    parts = [
        (squared_distances(rows[first : first + BATCH_ROWS], by) <= radius).any(1)
        for first in range(0, len(rows), BATCH_ROWS)
    ]
    return np.concatenate(parts)


def precision_recall(samples: np.ndarray, reals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (which samples lie among the reals, which reals lie among the samples); their means are precision and recall."""
    return is_covered(samples, reals, radii(reals)), is_covered(reals, samples, radii(samples))


def find_nearest(rows: np.ndarray, among: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distance (n,) of each row to its nearest neighbour in `among`, and that neighbour's place."""
    distances, places = [], []
    for first in range(0, len(rows), BATCH_ROWS):
        away = squared_distances(rows[first : first + BATCH_ROWS], among)
        places.append(away.argmin(1))
        distances.append(np.sqrt(away.min(1)))
    return np.concatenate(distances), np.concatenate(places)


def is_memorised(samples: np.ndarray, held_out: np.ndarray, training: np.ndarray) -> tuple[np.ndarray, float]:
    """Return which samples (n,) are nearer to a training picture than the 1st percentile of held-out ones, and that limit."""
    limit = float(np.percentile(find_nearest(held_out, training)[0], COPY_PERCENTILE))
    return find_nearest(samples, training)[0] < limit, limit
