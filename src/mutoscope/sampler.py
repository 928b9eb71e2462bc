"""Samplers: from noise to data along a velocity. Plain generator functions over a callable, one signature for all.

    for step in SAMPLERS["dpm2m"](velocity, noise, times): ...
    data = step.latents

`velocity(latents, time) -> array` takes a float time; `times` runs from 1 to 0 (flow.grid). The same lines run on numpy and torch.
`meanflow` alone asks `velocity(latents, t, r)`, the average velocity over [r, t] (Geng et al. 2025).
What raises `request.SAMPLER_VERSION`: whenever the same request would give other numbers.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mutoscope.flow import data_of

Velocity = Callable[[Any, float], Any]
Average = Callable[[Any, float, float], Any]


@dataclass(frozen=True)
class Step:
    """One finished step: the latents now, and what the data looks like from here."""

    index: int
    latents: Any
    data: Any


def euler(velocity: Velocity, noise: Any, times: Iterable[float]) -> Iterator[Step]:
    """First order: one velocity a step."""
    x = noise
    for i, (now, after) in enumerate(_spans(times)):
        v = velocity(x, now)
        data = data_of(x, v, now)
        x = x + (after - now) * v
        yield Step(i, x, data)


def heun(velocity: Velocity, noise: Any, times: Iterable[float]) -> Iterator[Step]:
    """Second order, two velocities a step (Karras et al. 2022, alg. 1), the last step Euler."""
    x = noise
    for i, (now, after) in enumerate(_spans(times)):
        v = velocity(x, now)
        data = data_of(x, v, now)
        ahead = x + (after - now) * v
        if after > 0:
            ahead = x + (after - now) * 0.5 * (v + velocity(ahead, after))
        x = ahead
        yield Step(i, x, data)


def dpm2m(velocity: Velocity, noise: Any, times: Iterable[float]) -> Iterator[Step]:
    """Second order, one velocity a step: DPM-Solver++(2M) (Lu et al. 2022, alg. 2) on the straight path.

    With signal 1 - t and noise t, the half log-ratio is log((1 - t) / t); it is infinite at both ends, where the step is Euler's.
    """
    x, previous, last_span = noise, None, None
    for i, (now, after) in enumerate(_spans(times)):
        data = data_of(x, velocity(x, now), now)
        span = _log_ratio(after) - _log_ratio(now) if 0 < after and now < 1 else None
        guess = data
        if previous is not None and span is not None and last_span is not None:
            ratio = last_span / span
            guess = (1 + 0.5 / ratio) * data - (0.5 / ratio) * previous
        x = (after / now) * x + (1 - after / now) * guess if after > 0 else data
        previous, last_span = data, span
        yield Step(i, x, data)


def meanflow(average: Average, noise: Any, times: Iterable[float]) -> Iterator[Step]:
    """Exact for an exact average velocity, however few the steps (MeanFlow, Geng et al. 2025, eq. 12): 1 to 4 are meant."""
    x = noise
    for i, (now, after) in enumerate(_spans(times)):
        v = average(x, now, after)
        data = data_of(x, v, now)
        x = x + (after - now) * v
        yield Step(i, x, data)


SAMPLERS: dict[str, Callable[[Any, Any, Iterable[float]], Iterator[Step]]] = {
    "dpm2m": dpm2m,
    "euler": euler,
    "heun": heun,
    "meanflow": meanflow,
}


def _spans(times: Iterable[float]) -> list[tuple[float, float]]:
    values = [float(time) for time in times]
    return list(zip(values, values[1:], strict=False))


def _log_ratio(time: float) -> float:
    return math.log((1 - time) / time)
