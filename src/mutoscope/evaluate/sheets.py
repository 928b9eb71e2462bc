"""Contact sheets to be looked at: every picture over its facts, the wrong ones framed; clips beside their renders."""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw

from mutoscope.evaluate.tally import find_wrong
from mutoscope.media.lettering import draw_line

SHEET_COLUMNS, SHEET_ROWS = 10, 10  # cells of one sheet
FRAME_PIXELS, LINE_PIXELS, POINTS = 4, 11, 9  # pixels: the frame around a picture, a line of text; its size
RED, AMBER, WHITE, BLACK = (210, 30, 30), (235, 165, 20), (255, 255, 255), (20, 20, 20)


def draw_sheets(
    pictures: Sequence[np.ndarray],  # uint8 (H, W, 3), one size
    asked: Sequence[Mapping[str, str]],
    read: Sequence[Mapping[str, str]],
) -> list[np.ndarray]:
    """Return sheets uint8 (H', W', 3): framed red where scene or light is wrong, amber where another asked fact is."""
    cells = [_cell(*row) for row in zip(pictures, asked, read, strict=True)]
    pages = [
        cells[first : first + SHEET_COLUMNS * SHEET_ROWS] for first in range(0, len(cells), SHEET_COLUMNS * SHEET_ROWS)
    ]
    return [make_grid(page, SHEET_COLUMNS) for page in pages]


def draw_clip_sheet(
    generated: Sequence[np.ndarray], rendered: Sequence[np.ndarray], names: Sequence[str]
) -> np.ndarray:
    """Return one sheet: a row of frames of each clip (T, H, W, 3), left as generated, right as rendered."""
    rows = []
    for ours, theirs, name in zip(generated, rendered, names, strict=True):
        places = [np.linspace(0, len(clip) - 1, SHEET_COLUMNS // 2).round().astype(int) for clip in (ours, theirs)]
        frames = [*ours[places[0]], *theirs[places[1]]]
        labels = [f"{name} {place}" for place in places[0]] + [f"render {place}" for place in places[1]]
        rows += [add_label(frame, [label], WHITE) for frame, label in zip(frames, labels, strict=True)]
    return make_grid(rows, SHEET_COLUMNS // 2 * 2)


def _cell(picture: np.ndarray, asked: Mapping[str, str], read: Mapping[str, str]) -> np.ndarray:
    wrong = find_wrong(asked, read)
    colour = RED if {"scene", "light"} & set(wrong) else AMBER if wrong else WHITE
    first = ", ".join(asked[name] for name in ("scene", "light") if name in asked)
    second = ", ".join(word for name, word in asked.items() if name not in ("scene", "light"))
    return add_label(picture, [first, second, "-> " + ", ".join(read[name] for name in wrong) if wrong else ""], colour)


def add_label(picture: np.ndarray, lines: Sequence[str], colour: tuple[int, int, int]) -> np.ndarray:
    """Frame a picture in a colour and write lines under it."""
    height, width = picture.shape[:2]
    page = Image.new("RGB", (width + 2 * FRAME_PIXELS, height + 2 * FRAME_PIXELS + LINE_PIXELS * len(lines)), WHITE)
    pen = ImageDraw.Draw(page)
    pen.rectangle((0, 0, width + 2 * FRAME_PIXELS - 1, height + 2 * FRAME_PIXELS - 1), fill=colour)
    page.paste(Image.fromarray(picture), (FRAME_PIXELS, FRAME_PIXELS))
    for number, text in enumerate(lines):
        ink = RED if text.startswith("->") else BLACK
        draw_line(pen, FRAME_PIXELS, height + 2 * FRAME_PIXELS + LINE_PIXELS * number, text, ink, POINTS)
    return np.asarray(page)


def make_grid(cells: Sequence[np.ndarray], columns: int) -> np.ndarray:
    """Put cells (H, W, 3) of one size side by side, row by row; what is left over stays white."""
    height, width = (max(cell.shape[axis] for cell in cells) for axis in (0, 1))
    columns = min(columns, len(cells))
    sheet = np.full((-(-len(cells) // columns) * height, columns * width, 3), 255, np.uint8)
    for place, cell in enumerate(cells):
        top, left = place // columns * height, place % columns * width
        sheet[top : top + cell.shape[0], left : left + cell.shape[1]] = cell
    return sheet
