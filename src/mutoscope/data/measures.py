"""Numbers that tell blank, blurred, letterboxed pictures and still or cut clips; each is a pure function of pixels.

Pictures come as uint8 (H, W, 3) in sRGB; luma is float32 (H, W), 0 to 255. What the numbers mean is decided in `check`.
There is no number for watermarks: one picture alone does not show one, and what calls itself so is a guess.
"""

from dataclasses import dataclass

import numpy as np

LOOK_SIDE = 256  # pixels: the short side at which blur and blankness are judged, twice what the models draw
CLIP_SIDE = 32  # pixels: the size at which frames are compared
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_BLUR_WINDOW = 9  # pixels of the strong low-pass (Crete et al. 2007, section 3)
_BAR_LEVELS = 8  # a bar is this even
_STEP_LEVELS = 16  # and what it ends at differs from it by more than this
_SHORTEST_BAR = 0.03  # of the side; thinner ones are an edge of the picture


def shrink(pixels: np.ndarray, side: int) -> np.ndarray:
    """Return a picture shrunk to a short side of `side`, area by area; a smaller one as it is."""
    height, width = pixels.shape[:2]
    scale = side / min(height, width)
    return pixels if scale >= 1 else resize(pixels, max(1, round(width * scale)), max(1, round(height * scale)))


def resize(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return a picture at another size, every pixel the mean of the area it stands for."""
    from PIL import Image

    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize((width, height), Image.Resampling.BOX))


def luma(pixels: np.ndarray) -> np.ndarray:
    """Return the brightness of a picture, (H, W) float32 from 0 to 255."""
    return pixels.astype(np.float32) @ _LUMA


def evenness(pixels: np.ndarray, levels: int = 4) -> float:
    """Return the share of pixels that are the commonest colour, give or take `levels` in each channel."""
    middle = np.median(pixels.reshape(-1, 3), axis=0)
    return float((np.abs(pixels.astype(np.int16) - middle.astype(np.int16)).max(axis=2) <= levels).mean())


def blur(brightness: np.ndarray) -> float:
    """Return how blurred a picture is, 0 sharp to 1 without any detail, whatever it shows.

    A sharp picture loses most of its differences between neighbours when it is blurred, a blurred one hardly any
    (Crete, Dolmiere, Ladret, Nicolas 2007, "The blur effect: perception and estimation with a new no-reference perceptual
    blur metric", equations 1 to 7). A picture of one colour has no differences and counts as sharp: see `evenness`.
    """
    return max(_blur_along(brightness), _blur_along(brightness.T))


def _blur_along(brightness: np.ndarray) -> float:
    if brightness.shape[0] <= _BLUR_WINDOW:
        return 0.0
    padded = np.pad(brightness, ((_BLUR_WINDOW // 2, _BLUR_WINDOW // 2), (0, 0)), mode="edge")
    sums = np.cumsum(np.concatenate([np.zeros_like(padded[:1]), padded]), axis=0, dtype=np.float64)
    smooth = ((sums[_BLUR_WINDOW:] - sums[:-_BLUR_WINDOW]) / _BLUR_WINDOW).astype(np.float32)
    steps, smooth_steps = np.abs(np.diff(brightness, axis=0)), np.abs(np.diff(smooth, axis=0))
    total = float(steps.sum())
    return 1 - float(np.maximum(0, steps - smooth_steps).sum()) / total if total > 0.05 * steps.size else 0.0


def bars(pixels: np.ndarray) -> tuple[int, int, int, int]:
    """Return how many rows and columns at top, bottom, left and right are even bars around a picture; mostly zeros.

    Bars come in pairs of one colour, and what they frame begins along the whole line: a thing on a plain ground has none.
    """
    image = pixels.astype(np.int16)
    top, bottom = _bar_pair(image)
    left, right = _bar_pair(image[top : image.shape[0] - bottom].transpose(1, 0, 2))
    if (left or right) and not (top or bottom):
        top, bottom = _bar_pair(image[:, left : image.shape[1] - right])
    return top, bottom, left, right


def _bar_pair(image: np.ndarray) -> tuple[int, int]:
    """Return the rows of the bars above and below; (0, 0) unless there are both."""
    colour = np.median(image[0], axis=0)
    first, last = _bar(image, colour), _bar(image[::-1], colour)
    least = max(2, round(_SHORTEST_BAR * len(image)))
    return (first, last) if first >= least and last >= least and first + last < 0.8 * len(image) else (0, 0)


def _bar(image: np.ndarray, colour: np.ndarray) -> int:
    """Return how many first rows are of `colour`, if they end at once along most of the row."""
    away = np.abs(image - colour).max(axis=2)
    filled = (away <= _BAR_LEVELS).mean(axis=1) >= 0.98
    rows = len(filled) if filled.all() else int(np.argmin(filled))
    edge = away[rows : rows + max(2, len(image) // 50)]
    return rows if len(edge) and (edge > _STEP_LEVELS).max(axis=0).mean() >= 0.5 else 0


@dataclass
class Motion:
    """How the frames of a clip differ, counted one frame at a time."""

    frames: int = 0
    changes: list[float] | None = None  # mean change of a pixel from frame to frame, in levels
    skips: list[float] | None = None  # and from a frame to the one after the next
    _last: np.ndarray | None = None
    _before: np.ndarray | None = None

    def add(self, pixels: np.ndarray) -> None:
        """Count one frame (H, W, 3)."""
        small = resize(pixels, CLIP_SIDE, CLIP_SIDE).astype(np.float32)
        self.changes, self.skips = self.changes or [], self.skips or []
        if self._last is not None:
            self.changes.append(float(np.abs(small - self._last).mean()))
        if self._before is not None:
            self.skips.append(float(np.abs(small - self._before).mean()))
        self._before, self._last, self.frames = self._last, small, self.frames + 1

    @property
    def most(self) -> float:
        """The largest change between neighbouring frames."""
        return max(self.changes or [0.0])

    def cuts(self, least: float, times: float) -> list[int]:
        """Return the frames another take begins at: a change of `least` levels and `times` the usual one that stays.

        A flash (lightning) goes back to what was there before it, so it is none.
        """
        changes, skips = self.changes or [], self.skips or []
        usual = float(np.median(changes)) if changes else 0.0

        def goes_back(index: int, change: float) -> bool:
            return 0 <= index < len(skips) and skips[index] < change / 2

        return [
            i + 1
            for i, change in enumerate(changes)
            if change >= max(least, times * usual) and not goes_back(i, change) and not goes_back(i - 1, change)
        ]
