"""Numbers that tell blank, blurred, letterboxed pictures and still or cut clips; each is a pure function of pixels.

Pictures come as uint8 (H, W, 3) in sRGB; luma is float32 (H, W), 0 to 255. What the numbers mean is decided in `check`.
There is no number for watermarks: one picture alone does not show one, and what calls itself so is a guess.
"""

import numpy as np

from mutoscope.media.pixels import luma

LOOK_SIDE = 128  # pixels: the short side at which blur, bars and blankness are judged, that of the models' own pictures
CLIP_SIDE = 32  # pixels: the size at which frames are compared
_SEEN = 10  # levels: a smaller change of a cell is not counted as one
_BLUR_WINDOW = 9  # pixels of the strong low-pass (Crete et al. 2007, section 3)
_BAR_LEVELS = 8  # a bar is this even
_STEP_LEVELS = 24  # and what it ends at differs from it by more than this; up to it, it is the ringing of an encoder
_DARK = 32  # levels: no channel of a bar is lighter
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


def evenness(pixels: np.ndarray, levels: int = 4) -> float:
    """Return the share of pixels that are the middle colour, give or take `levels` in each channel."""
    near = np.ones(pixels.shape[:2], bool)
    for channel in range(3):
        values = pixels[..., channel]
        counts = np.bincount(values.reshape(-1), minlength=256).cumsum()
        middle = int(np.searchsorted(counts, (counts[-1] + 1) // 2))
        near &= (values >= max(0, middle - levels)) & (values <= min(255, middle + levels))
    return float(near.mean())


def blur(pixels: np.ndarray) -> float:
    """Return how blurred a picture is, 0 sharp to 1 without any detail, whatever it shows.

    A sharp picture loses most of its differences between neighbours when it is blurred, a blurred one hardly any
    (Crete, Dolmiere, Ladret, Nicolas 2007, "The blur effect: perception and estimation with a new no-reference perceptual
    blur metric", equations 1 to 7). A picture of one colour has no differences and counts as
    sharp: see `evenness`.
    """
    brightness = luma(pixels)
    return max(_blur_along(brightness), _blur_along(np.ascontiguousarray(brightness.T)))


def _blur_along(brightness: np.ndarray) -> float:
    if brightness.shape[0] <= _BLUR_WINDOW:
        return 0.0
    half = _BLUR_WINDOW // 2
    padded = np.concatenate([brightness[:1]] * (half + 1) + [brightness] + [brightness[-1:]] * half)
    sums = padded.cumsum(axis=0, dtype=np.float64)  # smooth is the difference of two of these
    smooth_steps = np.abs(np.diff((sums[_BLUR_WINDOW:] - sums[:-_BLUR_WINDOW]) / _BLUR_WINDOW, axis=0))
    steps = np.abs(np.diff(brightness, axis=0))
    total = float(steps.sum())
    return 1 - float(np.maximum(0, steps - smooth_steps).sum()) / total if total > 0.05 * steps.size else 0.0


def bars(pixels: np.ndarray) -> tuple[int, int, int, int]:
    """Return how many rows and columns at top, bottom, left and right are black bars around a picture; mostly zeros.

    Bars come in pairs, and what they frame begins along the whole line. Only dark ones count: a drawing on white paper has
    even edges too, and they belong to it.
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
    if colour.max() > _DARK:
        return 0, 0
    first, last = _bar(image, colour), _bar(image[::-1], colour)
    return (first, last) if first and last and first + last < 0.8 * len(image) else (0, 0)


def _bar(image: np.ndarray, colour: np.ndarray) -> int:
    """Return how many first rows are of `colour`, if they end at once along most of the row."""
    if (np.abs(image[: _least(image)] - colour).max(axis=2) > _BAR_LEVELS).mean() > 0.02:
        return 0
    away = np.abs(image - colour).max(axis=2)
    even = _first((away <= _BAR_LEVELS).mean(axis=1) < 0.98)
    rows = _first((away <= _STEP_LEVELS).mean(axis=1) < 0.9) if even >= _least(image) else 0
    edge = away[rows : rows + max(2, len(image) // 50)]
    return rows if len(edge) and (edge > _STEP_LEVELS).max(axis=0).mean() >= 0.5 else 0


def _first(rows: np.ndarray) -> int:
    """Return the first row of which this is true, or how many there are."""
    return int(np.argmax(rows)) if rows.any() else len(rows)


def _least(image: np.ndarray) -> int:
    return max(2, round(_SHORTEST_BAR * len(image)))


class Motion:
    """How the frames of a clip differ, counted one frame at a time; frames are compared as CLIP_SIDE x CLIP_SIDE cells."""

    def __init__(self) -> None:
        self.frames = 0
        self.most = (
            0.0  # the largest change since the first frame, in levels: the mean of the hundredth that changed most
        )
        self._changes: list[float] = []  # mean change of all cells from frame to frame, in levels
        self._shares: list[float] = []  # share of the cells that changed visibly
        self._skips: list[float] = []  # mean change from a frame to the one after the next
        self._first = self._before = self._last = np.empty(0, np.float32)

    def add(self, pixels: np.ndarray) -> None:
        """Count one frame (H, W, 3)."""
        small = resize(pixels, CLIP_SIDE, CLIP_SIDE).astype(np.float32)
        if self.frames == 0:
            self._first = small
        else:
            away = np.sort(np.abs(small - self._first).max(axis=2), axis=None)
            self.most = max(self.most, float(away[-(away.size // 100) :].mean()))
            change = np.abs(small - self._last)
            self._changes.append(float(change.mean()))
            self._shares.append(float((change.max(axis=2) > _SEEN).mean()))
        if self.frames > 1:
            self._skips.append(float(np.abs(small - self._before).mean()))
        self._before, self._last, self.frames = self._last, small, self.frames + 1

    def cuts(self, least: float, times: float, share: float) -> list[int]:
        """Return the frames another take begins at.

        There the cells change by `least` levels and by `times` what is usual in this clip, in at least a `share` of the
        picture, and it does not go back at once: a flash (lightning) is no cut.
        """
        changes, skips = self._changes, self._skips
        usual = float(np.median(changes)) if changes else 0.0

        def goes_back(index: int, change: float) -> bool:
            return 0 <= index < len(skips) and skips[index] < change / 2

        return [
            i + 1
            for i, change in enumerate(changes)
            if change >= max(least, times * usual)
            and self._shares[i] >= share
            and not goes_back(i, change)
            and not goes_back(i - 1, change)
        ]
