"""Guidance is a straight line through two velocities, asks for the pair only where it needs it, and sharpens a Gaussian."""

import numpy as np
import pytest

from mutoscope.flow import grid, mix, start_at
from mutoscope.guidance import INTERVAL, guided, inpaint
from mutoscope.rng import stream
from mutoscope.sampler import SAMPLERS

WITH, WITHOUT = stream("with").normal((2, 3)), stream("without").normal((2, 3))
LATENTS = stream("latents").normal((2, 3))


def never(latents, time):
    raise AssertionError("must not be asked")


def pair(latents, time):
    return WITH + time * latents, WITHOUT + time * latents


def alone(latents, time):
    return pair(latents, time)[0]


def test_scale_one_is_the_velocity_alone_and_never_asks_for_the_pair():
    np.testing.assert_array_equal(guided(never, alone, 1.0)(LATENTS, 0.5), alone(LATENTS, 0.5))


def test_scale_zero_is_the_velocity_without_the_prompt():
    np.testing.assert_array_equal(guided(pair, never, 0.0)(LATENTS, 0.5), pair(LATENTS, 0.5)[1])


@pytest.mark.parametrize("scale", [0.5, 1.000001, 3.0, 7.5])
def test_the_result_is_linear_in_the_scale(scale: float):
    zero, two = (guided(pair, never, s)(LATENTS, 0.5) for s in (0.0, 2.0))
    line = zero + scale * (two - zero) / 2
    np.testing.assert_allclose(guided(pair, never, scale)(LATENTS, 0.5), line, atol=1e-5)


def test_equal_velocities_stay_as_they_are_at_any_scale():
    same = guided(lambda x, time: (WITH, WITH), never, 12.0)
    np.testing.assert_allclose(same(LATENTS, 0.5), WITH, atol=1e-6)


def test_outside_of_the_interval_the_prompt_is_alone():
    low, high = 0.25, 0.75
    inside, outside = guided(pair, never, 3.0, (low, high)), guided(never, alone, 3.0, (low, high))
    for time in (low, 0.5, high):
        np.testing.assert_allclose(inside(LATENTS, time), WITHOUT + 3 * (WITH - WITHOUT) + time * LATENTS, atol=1e-5)
    for time in (0.0, np.nextafter(low, 0), np.nextafter(high, 1), 1.0):
        np.testing.assert_array_equal(outside(LATENTS, time), alone(LATENTS, time))


def test_the_first_step_of_every_sampler_is_guided():
    low, high = INTERVAL
    assert low <= 1.0 <= high


def test_between_two_gaussians_guidance_moves_the_mean_by_the_scale():
    """Data N(m, 1) with the prompt and N(0, 1) without: the guided velocity is that of N(scale m, 1)."""

    def exact(x, time, mean):
        return -mean + (time - (1 - time)) / ((1 - time) ** 2 + time**2) * (x - (1 - time) * mean)

    velocity = guided(lambda x, time: (exact(x, time, 0.7), exact(x, time, 0.0)), never, 3.0)
    for time in (0.2, 0.5, 0.9):
        np.testing.assert_allclose(velocity(LATENTS, time), exact(LATENTS, time, 2.1), atol=1e-5)


@pytest.mark.parametrize("name", sorted(SAMPLERS))
@pytest.mark.parametrize("strength", [0.4, 1.0])
def test_what_is_kept_stands_at_its_noise_level_after_every_step(name: str, strength: float):
    data, noise = stream(1).normal((1, 2, 1, 4, 4)), stream(2).normal((1, 2, 1, 4, 4))
    free = np.zeros((1, 1, 1, 4, 4), np.float32)
    free[..., 1:3, 1:3] = 1
    kept = np.broadcast_to(free == 0, data.shape)
    times = start_at(grid(6, 2.0), strength)
    velocity = inpaint(lambda latents, time, *until: 0.5 * latents, data, free)
    for step in SAMPLERS[name](velocity, mix(data, noise, strength).noisy, times):
        level = mix(data, noise, times[step.index + 1]).noisy
        assert step.latents[kept] == pytest.approx(level[kept], abs=1e-5), step.index
        assert step.data[kept] == pytest.approx(data[kept], abs=1e-5)
    assert np.abs(step.latents - data)[~kept].max() > 0.1


def test_where_everything_is_free_nothing_is_kept():
    velocity = inpaint(alone, LATENTS + 1, np.ones((1, 3), np.float32))
    assert np.array_equal(velocity(LATENTS, 0.5), alone(LATENTS, 0.5))
