"""Seconds become frames, to the nearest; what would be shorter than a clip can be is refused, not made longer."""

import numpy as np
import pytest

from mutoscope.errors import SizeError
from mutoscope.sizing import MIN_CLIP_FRAMES, count_frames


@pytest.mark.parametrize(
    ("seconds", "fps", "frames"),
    [(5, 12, 60), (1, 24, 24), (2.5, 8, 20), (2.5, 1, 3), (1.5, 1, 2), (3.5, 1, 4), (0.125, 12, 2), (300, 60, 18000), (1 / 3, 12, 4)],
)  # fmt: skip
def test_the_nearest_frame(seconds: float, fps: int, frames: int):
    """Halves go up: 2.5 seconds at one frame a second are 3 frames, not the even 2."""
    assert count_frames(seconds, None, fps) == frames
    assert count_frames(np.float32(seconds), None, fps) == frames


@pytest.mark.parametrize(
    ("seconds", "fps", "said"),
    [
        (1, 1, r"duration_seconds=1 at 1 frames a second is 1 frame, .* at least 2; ask for 2 seconds"),
        (0.1, 12, r"duration_seconds=0.1 at 12 .* ask for 0.167 seconds"),
        (0.001, 12, "is no frame"),
    ],
)
def test_what_is_no_clip_is_refused(seconds: float, fps: int, said: str):
    with pytest.raises(SizeError, match=said):
        count_frames(seconds, None, fps)


def test_the_named_length_is_long_enough():
    for fps in (1, 7, 12, 24, 60):
        assert count_frames(float(f"{MIN_CLIP_FRAMES / fps:.3g}"), None, fps) == MIN_CLIP_FRAMES
