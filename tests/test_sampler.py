"""Samplers against a flow with a closed form: Gaussian data, whose velocity and whose exact end are known.

Data N(m, s^2) on the path x = (1 - t) data + t noise has variance V(t) = (1 - t)^2 s^2 + t^2, so
    velocity(x, t) = -m + (t - (1 - t) s^2) / V(t) (x - (1 - t) m),      the flow carries noise x to m + s x.
Along it (x - (1 - t) m) / sqrt(V(t)) stays as it is, which gives the average velocity that `meanflow` asks for.
"""

import inspect
from typing import Any

import numpy as np
import pytest
import torch

from mutoscope.flow import grid
from mutoscope.prompt.request import SAMPLER_VERSION, Request
from mutoscope.prompt.request import SAMPLERS as SAMPLER_NAMES
from mutoscope.rng import stream
from mutoscope.sampler import SAMPLERS

MEAN, DEVIATION = 0.8, 0.35
NOISE = stream("sampler").normal((64,)).astype(np.float64)
EXACT = MEAN + DEVIATION * NOISE
ORDER = {"euler": 1, "heun": 2, "dpm2m": 2}
CALLS = {"euler": 8, "heun": 15, "dpm2m": 8, "meanflow": 8}  # of the velocity, in eight steps
GOLDEN = {  # after 7 steps from noise -1, 0, 2; SAMPLER_VERSION must change when these do
    "euler": [0.5503119546572863, 0.8, 1.2993760906854275],
    "heun": [0.507338692795092, 0.8, 1.3853226144098159],
    "dpm2m": [0.5257487134955778, 0.8, 1.3485025730088445],
    "meanflow": [0.45, 0.8, 1.5],  # the exact end
}


def velocity(x, time, until=None):
    """The velocity at `time`, or the average of it on the way to `until`."""
    variance = (1 - time) ** 2 * DEVIATION**2 + time**2
    if until is not None:
        ratio = (((1 - until) ** 2 * DEVIATION**2 + until**2) / variance) ** 0.5
        return (x - (1 - until) * MEAN - ratio * (x - (1 - time) * MEAN)) / (time - until)
    return -MEAN + (time - (1 - time) * DEVIATION**2) / variance * (x - (1 - time) * MEAN)


def flowed(time):
    """Where the noise is at `time`: its mean there, and its deviations from it scaled by sqrt(V)."""
    return (1 - time) * MEAN + np.sqrt((1 - time) ** 2 * DEVIATION**2 + time**2) * NOISE


def final(name: str, steps: int, noise: Any = NOISE, shift: float = 1.5) -> Any:
    return list(SAMPLERS[name](velocity, noise, grid(steps, shift)))[-1].latents


def error(name: str, steps: int) -> float:
    return float(np.abs(final(name, steps) - EXACT).max())


def test_the_closed_form_flows_along_its_own_velocity():
    """The truth of this file, checked by finite differences."""
    for time in (0.1, 0.5, 0.9):
        slope = (flowed(time + 1e-5) - flowed(time - 1e-5)) / 2e-5
        np.testing.assert_allclose(velocity(flowed(time), time), slope, atol=1e-8)


@pytest.mark.parametrize("name", ORDER)
def test_the_error_falls_with_the_order_inside_of_the_path(name: str):
    """From time 0.95 to 0.05, where DPM-Solver++ is defined; long and short steps in log((1 - t) / t) by turns."""
    errors = []
    for steps in (32, 64, 128, 256):
        places = np.concatenate([[0.0], np.cumsum(np.tile([1.0, 2.5], steps // 2))])
        times = 1 / (1 + np.exp((2 * places / places[-1] - 1) * np.log(19)))
        last = list(SAMPLERS[name](velocity, flowed(times[0]), times))[-1]
        errors.append(np.abs(last.latents - flowed(times[-1])).max())
    ratios = [a / b for a, b in zip(errors, errors[1:], strict=False)]
    assert ratios == pytest.approx([2.0 ** ORDER[name]] * 3, rel=0.15), (errors, ratios)


@pytest.mark.parametrize("name", ORDER)
def test_the_error_falls_with_the_order_from_noise_to_data(name: str):
    """At both ends of the path steps are long in the log-ratio however many there are, which costs dpm2m a logarithm."""
    fall = (error(name, 64) / error(name, 1024)) ** 0.25  # with each doubling
    low, high = {"euler": (1.9, 2.1), "heun": (3.8, 4.2), "dpm2m": (2.7, 4.2)}[name]
    assert low < fall < high


def test_second_order_is_worth_its_name_at_the_default_steps():
    steps = Request("a lake").num_inference_steps
    assert error("dpm2m", steps) < error("euler", steps) / 2
    assert error("heun", steps) < error("euler", steps) / 2


@pytest.mark.parametrize("steps", [1, 2, 4, 9])
def test_an_exact_average_velocity_is_exact_in_any_number_of_steps(steps: int):
    assert error("meanflow", steps) < 1e-12 < error("heun", steps)


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_single_datum_is_hit_exactly(name: str):
    """All paths lead to one point: the velocity is (x - point) / time, and no step can miss."""
    steps = list(SAMPLERS[name](lambda x, time, *until: (x - 0.3) / time, NOISE, grid(5, 2.0)))
    for step in steps:
        np.testing.assert_allclose(step.data, 0.3, atol=1e-12)
    np.testing.assert_allclose(steps[-1].latents, 0.3, atol=1e-12)


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_constant_velocity_is_followed_exactly_in_one_step_or_many(name: str):
    for count in (1, 2, 7):
        last = list(SAMPLERS[name](lambda x, time, *until: np.full_like(x, 0.25), NOISE, grid(count, 1.5)))[-1]
        np.testing.assert_allclose(last.latents, NOISE - 0.25, atol=1e-12)


@pytest.mark.parametrize("name", SAMPLERS)
def test_numpy_and_torch_agree(name: str):
    ours = final(name, 9)
    theirs = final(name, 9, torch.from_numpy(NOISE))
    np.testing.assert_allclose(theirs.numpy(), ours, rtol=0, atol=1e-14)
    single = final(name, 9, NOISE.astype(np.float32))
    assert single.dtype == np.float32, "the sampler must not widen the latents"
    np.testing.assert_allclose(single, ours, atol=1e-5)


@pytest.mark.parametrize("name", SAMPLERS)
def test_each_number_goes_its_own_way(name: str):
    np.testing.assert_allclose(final(name, 6, NOISE[10:11]), final(name, 6)[10:11], atol=1e-15)


@pytest.mark.parametrize("name", SAMPLERS)
def test_steps_are_counted_made_one_by_one_and_end_in_data(name: str):
    asked: list[float] = []

    def counted(x, time, *until):
        asked.append(time)
        return velocity(x, time, *until)

    times = grid(8, 1.5)
    steps = SAMPLERS[name](counted, NOISE, times)
    assert inspect.isgenerator(steps) and not asked
    first = next(steps)
    assert first.index == 0 and len(asked) <= 2, "a caller who stops has paid for what was seen only"
    rest = list(steps)
    assert [step.index for step in rest] == list(range(1, 8))
    assert len(asked) == CALLS[name] and set(asked) == set(times[:-1]), "the velocity is never asked at time 0"
    np.testing.assert_allclose(rest[-1].latents, rest[-1].data, atol=1e-12)


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_noise_is_left_as_it_was(name: str):
    noise = NOISE.copy()
    final(name, 3, noise)
    np.testing.assert_array_equal(noise, NOISE)


@pytest.mark.parametrize("name", SAMPLERS)
def test_golden_numbers_of_this_version(name: str):
    assert SAMPLER_VERSION == 6, "new numbers, new GOLDEN"
    got = final(name, 7, np.array([-1.0, 0.0, 2.0]))
    np.testing.assert_allclose(got, GOLDEN[name], atol=1e-12)


def test_a_request_knows_the_samplers_and_their_version():
    assert set(SAMPLER_NAMES) == set(SAMPLERS)
    assert Request("a lake").sampler in SAMPLERS and Request("a lake").sampler_version == SAMPLER_VERSION
