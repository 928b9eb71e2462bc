"""How much work a request is, known before anything is allocated: megapixel steps.

A picture of 256 x 256 in 12 steps is 0.8 of them. Each field has its own limit elsewhere; this one holds for all of them together.
"""

import math
from collections.abc import Sequence

from mutoscope.prompt.request import Request
from mutoscope.serve.jobs import Refusal

GUESSED_STEPS = 50  # where the engine chooses


def cost_of(requests: Sequence[Request]) -> float:
    """Return the megapixel steps of requests: width x height x frames x steps of each."""
    return (
        sum(one.width * one.height * one.num_frames * (one.num_inference_steps or GUESSED_STEPS) for one in requests)
        / 1e6
    )


def check_cost(requests: Sequence[Request], most: float) -> float:
    """Return the cost of requests; Refusal when it is more than one job may have."""
    cost = cost_of(requests)
    if cost <= most:
        return cost
    first = requests[0]
    raise Refusal(
        422,
        "too_costly",
        f"{len(requests)} x {first.width}x{first.height} pixels x {first.num_frames} frames x {first.num_inference_steps} steps "
        f"is {cost:,.0f} megapixel steps, one job may have {most:,.0f}; ask for less at once",
    )


def seconds_until_room(cost: float, jobs: int, seconds_per_cost: float) -> int:
    """Return after how many seconds one of so many jobs has probably ended, from 1 to 600."""
    return min(600, max(1, math.ceil(cost / max(1, jobs) * seconds_per_cost)))
