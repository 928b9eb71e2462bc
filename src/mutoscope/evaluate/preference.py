"""Which model people like better: votes over blind pairs -> strengths (Bradley and Terry 1952) with bootstrap intervals.

A votes file has one JSON object a line: {"left": model hash, "right": model hash, "winner": "left", "right" or "tie"} and
whatever else was kept with the vote. A tie is half a win for both. No votes, no number.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mutoscope.errors import DataError
from mutoscope.rng import stream

RESAMPLES, MAX_ROUNDS = 500, 500
SMALLEST_CHANGE = 1e-10  # of the logarithm of a strength in a round
FEWEST_VOTES = 30  # about a model, before anything is said of it
Vote = tuple[str, str, float]  # left, right, wins of the left one: 1, 0.5 or 0
WINS_OF_LEFT = {"left": 1.0, "right": 0.0, "tie": 0.5}


def read_votes(path: Path) -> list[Vote]:
    """Read a votes file; DataError names the line that is none."""
    try:
        lines = Path(path).read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path}: no votes file that can be read ({getattr(error, 'strerror', None) or error})"
        ) from error
    votes: list[Vote] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            left, right, wins = str(row["left"]), str(row["right"]), WINS_OF_LEFT[row["winner"]]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f'{path}, line {number}: not a vote ({error}); expected {{"left", "right", "winner"}}'
            ) from error
        if left == right:
            raise DataError(f"{path}, line {number}: a model against itself")
        votes.append((left, right, wins))
    return votes


def find_preference(votes: Sequence[Vote], model: str) -> dict[str, Any]:
    """Return what a report says of one model: {"votes", "strength": its number, "models"}; DataError when nobody saw it."""
    found = preference(votes)
    if found is None or not model or model not in found["models"]:
        raise DataError(
            f"none of {len(votes)} votes is about the model {model or 'without a hash'}; votes name models by hash"
        )
    return {**found, "strength": found["models"][model]}


def preference(votes: Sequence[Vote]) -> dict[str, Any] | None:
    """Return {"votes", "models": {model: {"value", "low", "high", "n"}}}, None without votes.

    A strength is the chance to win against a model of average strength, in percent: 50 is no better and no worse.
    """
    if not votes:
        return None
    names = sorted({name for left, right, _ in votes for name in (left, right)})
    pairs = np.array([[names.index(left), names.index(right)] for left, right, _ in votes])
    wins = np.array([won for _, _, won in votes])
    rows = stream("preference", len(votes)).integers(0, len(votes), (RESAMPLES, len(votes)))
    value = estimate_strengths(pairs, wins, len(names))
    found = _solve(*_count(pairs[rows], wins[rows], len(names)))
    low, high = np.percentile(found, (2.5, 97.5), axis=0)
    return {"votes": len(votes), "models": {
        name: {"value": float(value[place]), "low": float(low[place]), "high": float(high[place]),
               "n": int((pairs == place).sum())}
        for place, name in enumerate(names)
    }}  # fmt: skip


def are_told_apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Say whether votes tell two strengths apart: enough votes about both, and intervals that do not meet."""
    if min(one["n"], other["n"]) < FEWEST_VOTES:
        return False
    return one["low"] > other["high"] or other["low"] > one["high"]


def estimate_strengths(pairs: np.ndarray, wins: np.ndarray, count: int) -> np.ndarray:
    """Return the strength (count,) of every model in percent, by the minorise-maximise steps of Hunter (2004, eq. 3).

    Half a win and half a loss against a model of average strength are added to each, so that who won every vote stays finite.
    """
    return _solve(*_count(pairs[None], wins[None], count))[0]


def _count(pairs: np.ndarray, wins: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Count r sets of n votes, pairs (r, n, 2) and wins (r, n).

    Return the wins (r, count) of every model, the half that is given to each among them, and its meetings (r, count, count).
    """
    sets = np.arange(len(pairs))[:, None]
    left, right = sets * count + pairs[:, :, 0], sets * count + pairs[:, :, 1]
    size = len(pairs) * count
    won = np.bincount(left.ravel(), wins.ravel(), size) + np.bincount(right.ravel(), 1 - wins.ravel(), size)
    met = np.bincount((left * count + pairs[:, :, 1]).ravel(), minlength=size * count).reshape(-1, count, count)
    return 0.5 + won.reshape(-1, count), met + met.swapaxes(1, 2)


def _solve(won: np.ndarray, met: np.ndarray) -> np.ndarray:
    """Return the strengths (r, count) in percent of r sets of votes: wins (r, count), meetings (r, count, count)."""
    skill = np.ones_like(won)
    for _ in range(MAX_ROUNDS):
        new = won / ((met / (skill[:, :, None] + skill[:, None, :])).sum(2) + 1 / (skill + 1))
        new /= np.exp(np.log(new).mean(1, keepdims=True))
        change = np.abs(np.log(new / skill)).max()
        skill = new
        if change < SMALLEST_CHANGE:
            break
    return 100 * skill / (skill + 1)
