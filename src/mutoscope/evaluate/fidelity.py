"""A set of pictures against the world's own renders: distances, precision and recall, fit of words, and copies.

Every table has the rows that say what its numbers are worth: renders of exactly the same scenes (as good as it gets with so
many pictures) and softened renders (which must come out worse). Names end in -own, because the features are our own.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mutoscope.evaluate.frechet import frechet_distance
from mutoscope.evaluate.intervals import bootstrap, bootstrap_mean
from mutoscope.evaluate.kernel import kernel_distance, kernel_within
from mutoscope.evaluate.manifold import is_memorised, precision_recall
from mutoscope.rng import stream

PLANTED_COPIES = 50  # training pictures planted among the samples, to see that they are found
COPY_NOISE_LEVELS = 4.0  # levels, the deviation of the noise that is put on them


def compare_sets(rows: dict[str, np.ndarray], reference: np.ndarray) -> dict[str, dict[str, Any]]:
    """Return {row: {"FD-own", "KID-own", "precision", "recall"}} of sets of features (n, D) against a reference (m, D)."""
    within = kernel_within(reference)
    return {name: _measure_set(features, reference, within) for name, features in rows.items()}


def _measure_set(features: np.ndarray, reference: np.ndarray, within: float) -> dict[str, Any]:
    inside, reached = precision_recall(features, reference)
    return {
        "FD-own": bootstrap(lambda rows: frechet_distance(features[rows], reference), len(features)),
        "KID-own": bootstrap(lambda rows: kernel_distance(features[rows], reference, within), len(features)),
        "precision": bootstrap_mean(inside),
        "recall": bootstrap_mean(reached),
    }


def align_texts(pictures: dict[str, np.ndarray], texts: np.ndarray) -> dict[str, Any]:
    """Return {row: TextSim-own} of embeddings of pictures (n, E) with those of their texts (n, E), unit length.

    TextSim-own is the mean cosine, times 100. "wrong captions" is the first row's with every other text instead of its own.
    """
    found: dict[str, Any] = {name: bootstrap_mean(100 * (seen * texts).sum(1)) for name, seen in pictures.items()}
    first = next(iter(pictures.values()))
    every = 100 * first @ texts.T
    if len(texts) > 1:
        found["wrong captions"] = bootstrap_mean((every.sum(1) - np.diag(every)) / (len(texts) - 1))
    return found


def find_copies(samples: np.ndarray, held_out: np.ndarray, training: np.ndarray, planted: np.ndarray) -> dict[str, Any]:
    """Return the share of samples that are copies, and of held-out renders and planted copies as controls."""
    return {
        "training_pictures": len(training),
        "limit": is_memorised(samples, held_out, training)[1],
        **{
            name: bootstrap_mean(is_memorised(rows, held_out, training)[0])
            for name, rows in (("generated", samples), ("held-out renders", held_out), ("planted copies", planted))
        },
    }


def plant_copies(training: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return some training pictures, uint8 (H, W, 3), as a model that knows them by heart would draw them: a little noisy."""
    chosen = stream("planted copies").permutation(len(training))[:PLANTED_COPIES]
    found = []
    for place in chosen:
        noise = stream("planted copies", int(place)).normal(training[place].shape) * COPY_NOISE_LEVELS
        found.append((training[place] + noise).round().clip(0, 255).astype(np.uint8))
    return found
