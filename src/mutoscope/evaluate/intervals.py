"""Bootstrap intervals: how far a number would move if other pictures had been drawn (Efron 1979).

Rows are drawn with replacement, all sets of a comparison with the same rows where they are paired. A distance between sets
grows when rows repeat, so the spread of the resamples is put around the value itself and not around their own mean.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from mutoscope.rng import stream

RESAMPLES = 200


def bootstrap(number: Callable[[np.ndarray], float], n: int, resamples: int = RESAMPLES) -> dict[str, Any]:
    """Return {"value", "low", "high", "n"} of `number(rows)`, rows being places 0..n-1; the interval holds 95 %."""
    value = float(number(np.arange(n)))
    if n < 2:
        return {"value": value, "low": value, "high": value, "n": n}
    rows = stream("bootstrap", n).integers(0, n, (resamples, n))
    found = np.array([number(row) for row in rows])
    low, high = np.percentile(found - found.mean(), (2.5, 97.5))
    return {"value": value, "low": value + float(low), "high": value + float(high), "n": n}


def bootstrap_mean(values: np.ndarray, resamples: int = 2000) -> dict[str, Any]:
    """Return the mean of `values` (n,) with its bootstrap interval."""
    values = np.asarray(values, np.float64)
    return bootstrap(lambda rows: float(values[rows].mean()), len(values), resamples)


def bootstrap_difference(a: np.ndarray, b: np.ndarray, resamples: int = 2000) -> dict[str, Any]:
    """Return the mean of b - a over pairs (n,) with its bootstrap interval."""
    return bootstrap_mean(np.asarray(b, np.float64) - np.asarray(a, np.float64), resamples)
