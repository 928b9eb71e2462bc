"""How frames of a clip join: small twitches between latent frames are spread, motion is left alone."""

import numpy as np
import pytest

from mutoscope.pipeline import LARGE_STEP, ease_in

SHAPE = (1, 3, 4, 6, 5)


@pytest.fixture
def shown() -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.9, 0.9, (1, 3, 1, 6, 5)).astype(np.float32)


def steps(group: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """The mean change from frame to frame, the step from the shown frame first."""
    return np.abs(np.diff(np.concatenate([shown, group], 2), axis=2)).mean((0, 1, 3, 4))


def test_a_still_clip_stays_as_it_is(shown):
    group = np.broadcast_to(shown, SHAPE)
    assert ease_in(group, shown) == pytest.approx(group)


def test_a_twitch_is_spread_evenly_and_never_grows(shown):
    group = np.broadcast_to(shown + 0.02, SHAPE).astype(np.float32)
    assert steps(group, shown) == pytest.approx([0.02, 0, 0, 0], abs=1e-6)
    eased = ease_in(group, shown)
    assert steps(eased, shown) == pytest.approx([0.004] * 4, abs=5e-4)
    assert np.abs(eased - group).max() < 0.02 and eased.dtype == np.float32


def test_steady_motion_is_kept(shown):
    drift = 0.01 * np.arange(1, 5, dtype=np.float32)[:, None, None]
    group = shown + drift
    assert ease_in(group, shown) == pytest.approx(group, abs=1e-6)


def test_large_steps_are_motion_and_stay(shown):
    group = np.broadcast_to(shown + 5 * LARGE_STEP, SHAPE)
    assert ease_in(group, shown) == pytest.approx(group, abs=1e-6)
