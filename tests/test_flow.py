"""The straight path: its ends, its slope by finite differences, round trips, and the shift as a move of the log-odds."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mutoscope.flow import data_of, grid, mix, shift_for, shift_time, start_at
from mutoscope.rng import stream
from mutoscope.shapes import LARGEST, MULTIPLE, SMALLEST

DATA, NOISE = stream("data").normal((4, 3, 5)).astype(np.float64), stream("noise").normal((4, 3, 5)).astype(np.float64)
TIMES = st.floats(0.0, 1.0)
SHIFTS = st.floats(0.2, 8.0)


def test_the_path_starts_at_data_and_ends_at_noise():
    np.testing.assert_array_equal(mix(DATA, NOISE, 0.0).noisy, DATA)
    np.testing.assert_array_equal(mix(DATA, NOISE, 1.0).noisy, NOISE)


@given(TIMES)
def test_both_ends_come_back_from_any_point(time: float):
    point = mix(DATA, NOISE, time)
    np.testing.assert_allclose(data_of(point.noisy, point.velocity, time), DATA, atol=1e-14)
    np.testing.assert_allclose(point.noisy + (1 - time) * point.velocity, NOISE, atol=1e-14)


@given(st.floats(0.01, 0.99))
def test_velocity_is_the_slope_of_the_path(time: float):
    slope = (mix(DATA, NOISE, time + 1e-3).noisy - mix(DATA, NOISE, time - 1e-3).noisy) / 2e-3
    np.testing.assert_allclose(mix(DATA, NOISE, time).velocity, slope, atol=1e-11)


def test_torch_and_a_time_for_each_sample_give_the_same_numbers():
    times = np.linspace(0, 1, 4).reshape(4, 1, 1)
    ours = mix(torch.from_numpy(DATA), torch.from_numpy(NOISE), torch.from_numpy(times))
    for i, time in enumerate(times.ravel()):
        np.testing.assert_array_equal(ours.noisy[i].numpy(), mix(DATA[i], NOISE[i], float(time)).noisy)
    back = data_of(ours.noisy, ours.velocity, torch.from_numpy(times))
    torch.testing.assert_close(back, torch.from_numpy(DATA))


@given(st.floats(0.001, 0.999), SHIFTS)
def test_a_shift_moves_the_log_odds(time: float, shift: float):
    moved = shift_time(time, shift)
    assert np.log(moved / (1 - moved)) == pytest.approx(np.log(time / (1 - time)) + np.log(shift), abs=1e-9)


@given(TIMES, SHIFTS, SHIFTS)
def test_shifts_compose_and_undo_each_other(time: float, one: float, other: float):
    assert shift_time(shift_time(time, one), other) == pytest.approx(shift_time(time, one * other), abs=1e-12)
    assert shift_time(shift_time(time, one), 1 / one) == pytest.approx(time, abs=1e-12)


def test_twice_the_side_shifts_twice_as_far():
    values = 16 * 16 * 16  # 128 x 128 pixels
    assert shift_for(values) == 2.0
    assert shift_for(4 * values) == pytest.approx(2 * shift_for(values))


def test_the_grid_falls_from_exactly_one_to_exactly_zero_at_every_size():
    sides = range(SMALLEST, LARGEST + 1, MULTIPLE)
    for values in {16 * (width // 8) * (height // 8) for width in sides for height in sides}:
        times = grid(16, shift_for(values))
        assert len(times) == 17 and times.dtype == np.float64
        assert times[0] == 1.0 and times[-1] == 0.0, values
        assert (np.diff(times) < 0).all()


def test_a_grid_without_shift_is_even():
    np.testing.assert_allclose(grid(5, 1.0), [1, 0.8, 0.6, 0.4, 0.2, 0], atol=1e-15)


@given(st.floats(0.001, 1), st.integers(1, 40))
def test_a_start_in_between_takes_the_place_of_the_nearest_time(strength: float, steps: int):
    times = grid(steps, 2.0)
    rest = start_at(times, strength)
    assert rest[0] == strength and rest[-1] == 0.0 and (np.diff(rest) < 0).all()
    replaced = times[len(times) - len(rest)]
    assert abs(replaced - strength) == np.abs(times[:-1] - strength).min()
    assert np.array_equal(rest[1:], times[len(times) - len(rest) + 1 :])


def test_strength_one_is_the_whole_grid_and_zero_no_step():
    times = grid(16, 2.0)
    assert np.array_equal(start_at(times, 1.0), times) and start_at(times, 0.0).tolist() == [0.0]
