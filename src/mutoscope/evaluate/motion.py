"""Does it move as much as the world does, and does nothing jump? Change from frame to frame, beside the renders' own.

change  = mean absolute difference of two neighbouring frames, in levels 0..255
flicker = mean absolute difference of a frame and the mean of its two neighbours: what comes and goes again; even motion has
          little of it
camera  = where the whole picture goes: the shifts of its four quarters by phase correlation (Kuglin and Hines 1975)

Legend: frames uint8 (T, H, W, 3).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mutoscope.media.pixels import unit_to_levels
from mutoscope.rng import stream
from mutoscope.world.render import render
from mutoscope.world.spec import SceneSpec

FRAMES, FPS = 25, 12  # of the clips that are compared
RESAMPLES = 2000
EPSILON = 1e-6  # keeps a clip that stands still from dividing by zero
CAMERA_STEP_FRAMES = (
    12  # frames between two that are held against each other: a second, in which a zoom moves two pixels
)
STILL_SHIFT = 0.006  # of a side in that time: what moves less stands still
MAX_SHIFT = 0.25  # of a side: shifts beyond it are taken for chance


def changes(frames: np.ndarray) -> np.ndarray:
    """Return the change of every step from one frame to the next: (T, H, W, 3) uint8 -> (T - 1,) float."""
    levels = np.asarray(frames, np.int16)
    return np.array([np.abs(a - b).mean() for a, b in zip(levels, levels[1:], strict=False)])


def flicker(frames: np.ndarray) -> float:
    """Return the flicker of a clip, (T, H, W, 3) uint8, in levels; 0 for fewer than three frames."""
    if len(frames) < 3:
        return 0.0
    steps = [
        np.abs(b - (a + c) / 2).mean() for a, b, c in zip(*(np.float32(frames[k:]) for k in range(3)), strict=False)
    ]
    return float(np.mean(steps))


def find_camera(frames: np.ndarray) -> str:
    """Return where the camera of a clip (T, H, W, 3) uint8 goes, one of `world.spec.CAMERAS`.

    All quarters go one way in a pan or a tilt and outwards in a zoom in; the strongest of the three is the answer. A camera that
    pans left moves what it sees to the right. Clips shorter than `CAMERA_STEP_FRAMES` frames are "still".
    """
    grey = np.float32(frames).mean(-1)
    pairs = range(0, len(grey) - CAMERA_STEP_FRAMES, max(1, CAMERA_STEP_FRAMES // 4))
    if not pairs:
        return "still"
    high, wide = grey.shape[1] // 2, grey.shape[2] // 2
    cuts = [(slice(y, y + high), slice(x, x + wide)) for y in (0, high) for x in (0, wide)]
    moved = [[shift(grey[k][cut], grey[k + CAMERA_STEP_FRAMES][cut]) for cut in cuts] for k in pairs]
    quarters = np.median(moved, 0)  # (4, 2): upper left, upper right, lower left, lower right; x, y
    along, down = quarters.mean(0)
    outward = (quarters * [(-1, -1), (1, -1), (-1, 1), (1, 1)]).mean()
    ways = {"pan left": along, "tilt up": down, "zoom in": outward}
    ways |= {"pan right": -along, "tilt down": -down, "zoom out": -outward}
    best = max(ways, key=lambda way: ways[way])
    return best if ways[best] > STILL_SHIFT * max(grey.shape[1:]) else "still"


def shift(before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    """Return how far (x, y) the content of (H, W) moved from one picture to the other, in pixels, parts of a pixel included."""
    height, width = before.shape
    window = np.outer(np.hanning(height), np.hanning(width))
    ours, theirs = (np.fft.rfft2((picture - picture.mean()) * window) for picture in (before, after))
    cross = theirs * ours.conj()
    peaks = np.fft.irfft2(cross / np.maximum(np.abs(cross), EPSILON), (height, width))
    rows, columns = (np.fft.fftfreq(side, 1 / side) for side in (height, width))
    near = (np.abs(rows) <= MAX_SHIFT * height)[:, None] & (np.abs(columns) <= MAX_SHIFT * width)
    y, x = np.unravel_index(np.where(near, peaks, -np.inf).argmax(), peaks.shape)
    return columns[x] + _vertex(np.roll(peaks[y], 1 - x)[:3]), rows[y] + _vertex(np.roll(peaks[:, x], 1 - y)[:3])


def _vertex(values: np.ndarray) -> float:
    """Return where the parabola through three values has its top, from the middle one; within half a step."""
    left, middle, right = values
    bend = left - 2 * middle + right
    return float(np.clip((left - right) / (2 * bend), -0.5, 0.5)) if bend < 0 else 0.0


def render_clip(spec: SceneSpec, frames: int, width: int, height: int, fps: int = FPS) -> np.ndarray:
    """Return the scene as the world moves it, uint8 (T, H, W, 3)."""
    unit = render([spec], width, height, [frame / fps for frame in range(frames)])[0]  # (3, T, H, W)
    return unit_to_levels(unit).permute(1, 2, 3, 0).cpu().numpy()


def compare_clips(generated: Sequence[np.ndarray], rendered: Sequence[np.ndarray]) -> dict[str, Any]:
    """Compare clips with renders of the same scenes, one by one in the same order.

    Returns n; the mean change of both; their ratio with a bootstrap interval over clips; the same of their flicker; `jump`
    and `rendered_jump`, the largest step of any clip as a multiple of that clip's mean.
    """
    ours, theirs = [changes(clip) for clip in generated], [changes(clip) for clip in rendered]
    means = np.array([[a.mean(), b.mean()] for a, b in zip(ours, theirs, strict=True)])  # (n, 2)
    low, high = ratio_interval(means)
    unrest = np.array([[flicker(a), flicker(b)] for a, b in zip(generated, rendered, strict=True)])
    calm, wild = ratio_interval(unrest)
    return {
        "n": len(ours),
        "change": float(means[:, 0].mean()),
        "rendered": float(means[:, 1].mean()),
        "ratio": _ratio(means),
        "low": low,
        "high": high,
        "flicker": {"value": _ratio(unrest), "low": calm, "high": wild, "n": len(ours)},
        "jump": max(map(largest_jump, ours)),
        "rendered_jump": max(map(largest_jump, theirs)),
    }


def largest_jump(steps: np.ndarray) -> float:
    """Return the largest step of a clip as a multiple of its mean step."""
    return float(steps.max() / max(EPSILON, steps.mean()))


def ratio_interval(means: np.ndarray, resamples: int = RESAMPLES) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the ratio of means, clips drawn with replacement; `means` (n, 2)."""
    rows = stream("motion", len(means)).integers(0, len(means), (resamples, len(means)))
    ratios = [_ratio(means[row]) for row in rows]
    low, high = np.percentile(ratios, (2.5, 97.5))
    return float(low), float(high)


def _ratio(means: np.ndarray) -> float:
    ours, theirs = means.mean(0)
    return float(ours / max(EPSILON, theirs))
