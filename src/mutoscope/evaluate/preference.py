"""Which model people like better: votes over blind pairs -> strengths (Bradley and Terry 1952) with bootstrap intervals.

A votes file has one JSON object a line: {"left": model hash, "right": model hash, "winner": "left", "right" or "tie"} and
whatever else was kept with the vote. A tie is half a win for both. No votes, no number.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mutoscope.errors import DataError
from mutoscope.rng import stream

RESAMPLES, MAX_ROUNDS = 500, 500
Vote = tuple[str, str, float]  # left, right, wins of the left one: 1, 0.5 or 0
_WINS_OF_LEFT = {"left": 1.0, "right": 0.0, "tie": 0.5}


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
            left, right, wins = str(row["left"]), str(row["right"]), _WINS_OF_LEFT[row["winner"]]
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
    low, high = np.percentile(
        [estimate_strengths(pairs[row], wins[row], len(names)) for row in rows], (2.5, 97.5), axis=0
    )
    return {"votes": len(votes), "models": {
        name: {"value": float(value[place]), "low": float(low[place]), "high": float(high[place]),
               "n": int((pairs == place).sum())}
        for place, name in enumerate(names)
    }}  # fmt: skip


def estimate_strengths(pairs: np.ndarray, wins: np.ndarray, count: int) -> np.ndarray:
    """Return the strength (count,) of every model in percent, by the minorise-maximise steps of Hunter (2004, eq. 3).

    Half a win and half a loss against a model of average strength are added to each, so that who won every vote stays finite.
    """
    won = np.full(count, 0.5)
    np.add.at(won, pairs[:, 0], wins)
    np.add.at(won, pairs[:, 1], 1 - wins)
    met = np.zeros((count, count))
    np.add.at(met, (pairs[:, 0], pairs[:, 1]), 1.0)
    met += met.T
    skill = np.ones(count)
    for _ in range(MAX_ROUNDS):
        new = won / ((met / (skill[:, None] + skill)).sum(1) + 1 / (skill + 1))
        new /= np.exp(np.log(new).mean())
        if np.abs(np.log(new / skill)).max() < 1e-10:
            break
        skill = new
    return 100 * skill / (skill + 1)
