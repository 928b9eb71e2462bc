"""Pictures on a page: a sheet with a title and labels, the quiet part of a picture, and words set on it.

Pixels are uint8 (H, W, 3).
"""

import math
from typing import Any

import numpy as np

from mutoscope.media.pixels import BT601

SIDES = ("top", "bottom", "left", "right")
QUIET_SHARE = 0.4  # of the height or the width that words need
PAPER, INK, LINE = (250, 249, 246), (28, 28, 30), (214, 211, 204)
MARGIN, GAP, LEAST = 28, 20, 300  # pixels: around a sheet, between its pictures, the least width of one on it


def find_quiet(pixels: np.ndarray, side: str) -> tuple[tuple[slice, slice], float]:
    """Return the quietest place on one side as (rows, columns), and how restless it is: mean difference of neighbours in levels.

    The place keeps off the edge by a twentieth of the picture.
    """
    height, width = pixels.shape[:2]
    off = round(min(height, width) / 20)
    inner = {"top": (off, round(height * QUIET_SHARE)), "bottom": (height - round(height * QUIET_SHARE), height - off)}
    across = {"left": (off, round(width * QUIET_SHARE)), "right": (width - round(width * QUIET_SHARE), width - off)}
    rows = slice(*inner.get(side, (off, height - off)))
    columns = slice(*across.get(side, (off, width - off)))
    grey = pixels[rows, columns].astype(np.float32).mean(axis=2)
    unrest = sum(float(np.abs(np.diff(grey, axis=axis)).mean()) for axis in (0, 1))
    return (rows, columns), unrest


def set_words(pixels: np.ndarray, words: str, place: tuple[slice, slice]) -> np.ndarray:
    """Set words into a place of a picture, as large as they fit, dark on light or light on dark; the picture is enlarged for them.

    Words of a small picture would be made of a few dots, so it is doubled until its shorter side has 512 pixels.
    """
    from PIL import Image, ImageDraw

    times = 2 ** max(0, math.ceil(math.log2(512 / min(pixels.shape[:2]))))
    page = Image.fromarray(pixels).resize((pixels.shape[1] * times, pixels.shape[0] * times), Image.Resampling.LANCZOS)
    rows, columns = place
    top, left = rows.start * times, columns.start * times
    height, width = (rows.stop - rows.start) * times, (columns.stop - columns.start) * times
    ground = pixels[rows, columns].reshape(-1, 3).mean(axis=0)
    ink = (20, 20, 24) if ground @ BT601 > 140 else (252, 251, 247)
    lines, font = _fit(words, width, height)
    pen = ImageDraw.Draw(page)
    size = _size(lines, font)
    where = (left + (width - size[0]) / 2, top + (height - size[1]) / 2)
    pen.multiline_text(where, "\n".join(lines), fill=ink, font=font, align="center", spacing=font.size * 0.25)
    return np.asarray(page)


def sheet_of(title: str, cells: list[tuple[np.ndarray, str]], columns: int) -> np.ndarray:
    """Put pictures over their labels on one page under a title; small ones are enlarged, all of a row stand on one line."""
    from PIL import Image, ImageDraw, ImageFont

    columns = min(columns, len(cells))
    widest = max(pixels.shape[1] for pixels, _ in cells)
    column = max(LEAST, min(widest, 512))
    pictures = [_scaled(pixels, column / max(pixels.shape[:2]) if pixels.shape[0] > pixels.shape[1] else column / pixels.shape[1])
                for pixels, _ in cells]  # fmt: skip
    head, body = ImageFont.load_default(30), ImageFont.load_default(16)
    labels = [_wrapped(label, body, column) for _, label in cells]
    rows = [range(first, min(first + columns, len(cells))) for first in range(0, len(cells), columns)]
    heights = [max(pictures[k].height for k in row) + 10 + max(_size(labels[k], body)[1] for k in row) for row in rows]
    width = 2 * MARGIN + columns * column + (columns - 1) * GAP
    titled = _wrapped(title, head, width - 2 * MARGIN)
    top = MARGIN + _size(titled, head)[1] + GAP
    page = Image.new("RGB", (width, top + sum(heights) + GAP * len(rows) + MARGIN - GAP), PAPER)
    pen = ImageDraw.Draw(page)
    pen.multiline_text((MARGIN, MARGIN - 6), "\n".join(titled), fill=INK, font=head)
    for row, height in zip(rows, heights, strict=True):
        tallest = max(pictures[k].height for k in row)
        for place, k in enumerate(row):
            left = MARGIN + place * (column + GAP)
            left += (column - pictures[k].width) // 2
            page.paste(pictures[k], (left, top + tallest - pictures[k].height))
            pen.multiline_text((left, top + tallest + 8), "\n".join(labels[k]), fill=INK, font=body, spacing=4)
        top += height + GAP
    return np.asarray(page)


def _scaled(pixels: np.ndarray, factor: float) -> Any:
    from PIL import Image

    size = (round(pixels.shape[1] * factor), round(pixels.shape[0] * factor))
    return Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)


def _fit(words: str, width: int, height: int) -> tuple[list[str], Any]:
    """Return the lines and the largest font with which words fill no more than nine tenths of a place."""
    from PIL import ImageFont

    for size in range(max(12, height // 2), 11, -2):
        font = ImageFont.load_default(size)
        lines = _wrapped(words, font, int(width * 0.9))
        if max(font.getlength(line) for line in lines) <= width * 0.9 and _size(lines, font)[1] <= height * 0.9:
            return lines, font
    return lines, font


def _wrapped(words: str, font: Any, width: int) -> list[str]:
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _size(lines: list[str], font: Any) -> tuple[float, int]:
    return max(font.getlength(line) for line in lines), math.ceil(len(lines) * font.size * 1.25)
