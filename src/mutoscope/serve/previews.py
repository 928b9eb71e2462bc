"""What is seen of a picture or clip while it is drawn: the picture so far as a JPEG, and of a clip a moving WebP of its finished frames."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

SIDE_PIXELS, QUALITY = 512, 70  # of a still, at most
LOOP_SIDE_PIXELS, LOOP_QUALITY, LOOP_FRAMES = (
    256,
    60,
    96,
)  # of what moves, at most: the first frames, eight seconds of our own models


def encode_preview(pixels: np.ndarray) -> bytes:
    """Return a picture so far, (H, W, 3) uint8, as a small JPEG."""
    target = io.BytesIO()
    shrink(pixels, SIDE_PIXELS).save(target, "JPEG", quality=QUALITY)
    return target.getvalue()


def shrink(pixels: np.ndarray, side: int) -> Any:
    """Return a frame (H, W, 3) uint8 as a Pillow image with no side above `side`."""
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(pixels))
    picture.thumbnail((side, side))
    return picture


class Loop:
    """The finished frames of a clip, small, to be played again and again until there are more."""

    def __init__(self, fps: int):
        self._fps = fps
        self._frames: list[Any] = []

    def add(self, frames: Sequence[np.ndarray] | np.ndarray) -> None:
        """Take the next frames, (T, H, W, 3) uint8; those past the most are left out."""
        room = LOOP_FRAMES - len(self._frames)
        self._frames += [shrink(frame, LOOP_SIDE_PIXELS) for frame in frames[:room]]

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return round(len(self._frames) / self._fps, 3)

    @property
    def moves(self) -> bool:
        """Whether there is something to play."""
        return len(self._frames) > 1

    def encode(self) -> bytes:
        """Return the frames as a moving WebP without end."""
        first, *rest = self._frames
        target = io.BytesIO()
        milliseconds = round(1000 / self._fps)
        first.save(
            target, "WEBP", save_all=True, append_images=rest, duration=milliseconds, loop=0, quality=LOOP_QUALITY, method=0
        )  # fmt: skip
        return target.getvalue()
