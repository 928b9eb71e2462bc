"""What a folder of pictures holds, seen in seconds and without writing anything: numbers, sizes, captions.

`data check` looks at every pixel; this looks at names, captions and the headers of some, which is what a plan needs.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mutoscope.data.converting import as_read
from mutoscope.data.items import LIMITS
from mutoscope.data.sources import Found, Passed, find
from mutoscope.errors import DataError, MediaError
from mutoscope.media import open_frames

OPENED = 200  # items that are opened, at most


@dataclass(frozen=True)
class Glance:
    """What was seen."""

    pictures: int
    clips: int
    captions: tuple[str, ...]  # different ones, in their order
    without_caption: int
    sides: tuple[int, ...]  # shorter sides of the opened ones, pixels, sorted
    unreadable: int  # of the opened ones
    opened: int
    seconds_per_item: float  # to open and decode one
    bytes: int
    samples: tuple[np.ndarray, ...]  # some pictures, or first frames where there are clips alone, (H, W, 3) uint8

    def side_of_most(self, share: float = 0.2) -> int:
        """Return a shorter side that all but `share` of the items have."""
        return self.sides[int(share * (len(self.sides) - 1))]


def glance(source: str, samples: int = 16) -> Glance:
    """Look at a source that `data collect` takes; DataError where nothing in it can be opened."""
    found = [item for item in find(source)[1] if not isinstance(item, Passed)]
    if not found:
        raise DataError(f"{source}: no pictures that can be taken; mutoscope data collect {source} --out DIR says why")
    start = time.perf_counter()
    opened = [_open(item) for item in found[:: max(1, len(found) // OPENED)][:OPENED]]
    seconds = (time.perf_counter() - start) / len(opened)
    good = [one for one in opened if one is not None]
    if not good:
        raise DataError(f"{source}: none of {len(opened)} files that were opened can be read")
    clips = round(len(found) * sum(clip for _, clip in good) / len(good))
    pictures = [pixels for pixels, clip in good if not clip] or [pixels for pixels, _ in good]
    return Glance(
        len(found) - clips, clips, tuple(dict.fromkeys(text for item in found for text in item.captions)),
        sum(not item.captions for item in found), tuple(sorted(min(pixels.shape[:2]) for pixels, _ in good)),
        len(opened) - len(good), len(opened), seconds, sum(map(_bytes, found)),
        tuple(pictures[:: max(1, len(pictures) // samples)][:samples]),
    )  # fmt: skip


def _open(item: Found) -> tuple[np.ndarray, bool] | None:
    """Return the first frame of an item and whether it is a clip; None when it cannot be read."""
    try:
        header, frames = open_frames(as_read(item.content, LIMITS), LIMITS, item.origin)
        return next(iter(frames)), header.is_clip
    except (MediaError, StopIteration):
        return None


def _bytes(item: Found) -> int:
    return item.content.stat().st_size if isinstance(item.content, Path) else len(item.content)
