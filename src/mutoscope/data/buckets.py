"""Shapes that training takes, and which pixels and frames of an item fill one: pure arithmetic.

A bucket is a width, a height and a number of frames. An item goes to the bucket of the nearest aspect ratio, and what does
not fit is cut off, never squeezed: a circle stays a circle. The cut is told as a box in pixels of the item.
"""

import math
from dataclasses import dataclass

from mutoscope.errors import SizeError
from mutoscope.shapes import MULTIPLE, LatentGrid

SHAPES = ((1, 1), (3, 2), (2, 3))  # the aspects that --size names, in every verb
CLIP_FRAMES = (5, 9, 17, 25, 33, 49, 65, 97)  # the codec takes one frame and then fours

Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True, order=True)
class Bucket:
    """One shape; refuses sizes the models cannot take."""

    width: int
    height: int
    frames: int = 1

    def __post_init__(self):
        LatentGrid(self.width, self.height, self.frames)

    @property
    def name(self) -> str:
        """Return "192x128", or "192x128x25" for clips."""
        return f"{self.width}x{self.height}" + (f"x{self.frames}" if self.frames > 1 else "")


def around(size: int) -> list[Bucket]:
    """Return the buckets with a shorter side of `size`: square, 3:2 and 2:3.

    >>> [bucket.name for bucket in around(128)]
    ['128x128', '192x128', '128x192']
    """
    LatentGrid(size, size)
    long = [round(size * max(across, down) / min(across, down) / MULTIPLE) * MULTIPLE for across, down in SHAPES]
    return [
        Bucket(side if across > down else size, side if across < down else size)
        for side, (across, down) in zip(long, SHAPES, strict=True)
    ]


def nearest(width: float, height: float, buckets: list[Bucket]) -> Bucket:
    """Return the bucket whose aspect ratio is nearest, so that least is cut off; the first of equals."""
    return min(buckets, key=lambda bucket: abs(math.log(width / height * bucket.height / bucket.width)))


def centred(content: Box, bucket: Bucket) -> Box:
    """Return the largest box of the bucket's aspect in the middle of `content`.

    >>> centred((0, 0, 300, 100), Bucket(128, 128))
    (100.0, 0.0, 200.0, 100.0)
    """
    left, top, right, bottom = content
    width, height = right - left, bottom - top
    scale = min(width / bucket.width, height / bucket.height)
    across, down = (width - scale * bucket.width) / 2, (height - scale * bucket.height) / 2
    return left + across, top + down, right - across, bottom - down


def enlargement(box: Box, bucket: Bucket) -> float:
    """Return how much larger than in the item everything is in the bucket; above 1 pixels are made up."""
    return bucket.width / (box[2] - box[0])


def thin(frames: int, rate: float | None, wanted_rate: float, most: int) -> tuple[list[int], float | None]:
    """Return which frames of a clip are kept, and their rate: every k-th one, as many as a bucket holds, from the middle.

    k is the whole number that comes nearest to `wanted_rate`, so that movement stays even. No frames when it is too short.

    >>> thin(40, 24, 12, 25)
    ([2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34], 12.0)
    """
    step = max(1, math.floor(rate / wanted_rate + 0.5)) if rate else 1
    there = -(-frames // step)
    count = max((n for n in CLIP_FRAMES if n <= min(there, most)), default=0)
    first = (there - count) // 2 * step
    return [first + step * index for index in range(count)], rate / step if rate else None


def read_buckets(words: list[str]) -> list[Bucket]:
    """Return buckets from words like "192x128"; SizeError for others and for none."""
    from mutoscope.shapes import parse_size

    if not words:
        raise SizeError("no bucket is given; for example --bucket 128x128 --bucket 256x128")
    return list(dict.fromkeys(Bucket(*parse_size(word)) for word in words))
