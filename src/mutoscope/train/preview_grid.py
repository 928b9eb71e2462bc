"""Previews: rows of pictures as one, with words under them."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw
from torch import Tensor

from mutoscope.media.lettering import draw_line, wrap_lines
from mutoscope.media.pixels import to_levels
from mutoscope.train.timelapse import pad

GAP = 2  # white pixels between pictures
POINTS, LINE_PIXELS, MAX_LINES = 9, 11, 5  # of the words under them


def to_pictures(values: Tensor) -> np.ndarray:
    """Values (B, 3, H, W) in [-1, 1] -> levels uint8 (B, H, W, 3)."""
    return to_levels(values.float()).permute(0, 2, 3, 1).cpu().numpy()


def make_grid(rows: list[np.ndarray], labels: Sequence[str] = ()) -> np.ndarray:
    """Rows of pictures, each uint8 (B, H, W, 3) -> one picture uint8 (H', W', 3), shorter rows padded to the widest.

    `labels` stand under the columns.
    """
    bands = [np.concatenate([pad(picture, len(picture) + GAP, picture.shape[1] + GAP) for picture in row], axis=1)
             for row in rows]  # fmt: skip
    if labels:
        width = rows[0].shape[2]
        cells = [write_label(label, width) for label in labels]
        bands.append(np.concatenate([pad(cell, cell.shape[0], width + GAP) for cell in cells], axis=1))
    widest = max(band.shape[1] for band in bands)
    return np.concatenate([pad(band, band.shape[0], widest) for band in bands])


def write_label(text: str, width: int) -> np.ndarray:
    """Return words as black on white, uint8 (H, `width`, 3), wrapped, what does not fit cut with dots."""
    page = Image.new("RGB", (width, LINE_PIXELS * MAX_LINES + GAP), "white")
    pen = ImageDraw.Draw(page)
    for number, line in enumerate(wrap_lines(text, width, MAX_LINES, POINTS)):
        draw_line(pen, 0, LINE_PIXELS * number, line, "black", POINTS)
    return np.asarray(page)
