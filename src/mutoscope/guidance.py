"""Wrappers around a velocity: classifier-free guidance, kept to an interval of times; and a part that stays as it is.

A conditional velocity is `velocity(latents, time, conditions)` over a batch; the wrapper has the plain signature that samplers
want. Both branches run in one batch of twice the size.
"""

from collections.abc import Callable
from typing import Any

INTERVAL = (0.1, 1.0)


def guided(
    pair: Callable[[Any, float], tuple[Any, Any]],
    alone: Callable[[Any, float], Any],
    scale: float,
    interval: tuple[float, float] = INTERVAL,
) -> Callable[[Any, float], Any]:
    """Return a velocity guided by `scale` (Ho & Salimans 2022, eq. 6) inside `interval` (Kynkaanniemi et al. 2024).

    `pair` gives the velocities with and without the prompt, `alone` the one with it; scale 1 never asks for the pair.
    """
    low, high = interval

    def velocity(latents: Any, time: float) -> Any:
        if scale == 1.0 or not low <= time <= high:
            return alone(latents, time)
        with_prompt, without = pair(latents, time)
        return without + scale * (with_prompt - without)

    return velocity


def inpaint(velocity: Callable[..., Any], data: Any, mask: Any, until: float = 0.0) -> Callable[..., Any]:
    """Return `velocity` where `mask` is 1, and where it is 0 the one that leads to `data`: no step can change what is kept.

    Above 0, `until` is the time at which all becomes free: forms stand by then, and surfaces are still to come.

    On the straight path from its own noise the kept part so stands at the right noise level at every time, as in RePaint
    (Lugmayr et al. 2022, eq. 8), whatever the sampler. Takes average velocities too, whose further arguments pass through.
    """

    def inpainted(latents: Any, time: float, *more: float) -> Any:
        if time <= until:
            return velocity(latents, time, *more)
        return mask * velocity(latents, time, *more) + (1 - mask) * (latents - data) / time

    return inpainted
