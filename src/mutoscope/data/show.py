"""What a data set looks like: a contact sheet and statistics, as one picture and as numbers.

Works on a captioned folder, on a pack, and on a folder of either. Rows stream by; only counts and the items on the sheet
are kept. Sizes come from the check or the pack; where there is neither, some items are opened to see.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mutoscope.data.augment import length_of
from mutoscope.data.captions import count_words
from mutoscope.data.items import open_item
from mutoscope.data.report import thumbnail
from mutoscope.data.rows import NAME, Row, Rows
from mutoscope.errors import DataError, MediaError, OutputError, SettingError
from mutoscope.media.lettering import draw_line, without_font, wrap_lines
from mutoscope.rng import stream

CELL, GAP, LINES = 128, 14, 3  # pixels of a thumbnail, between them, lines of caption below
OPENED = 400  # items opened for their size where nothing tells it
DULL = frozenset("a an and as at be by for from has have in into is it its of on or over that the their this to under up "
                 "was were where which while with".split())  # fmt: skip
INK, SOFT, PAPER, GROUND, BAR = (34, 32, 28), (120, 114, 104), (255, 255, 255), (247, 245, 241), (196, 178, 150)


@dataclass
class Statistics:
    """Counts over the rows of a data set."""

    items: int = 0
    captions: int = 0
    without_caption: int = 0
    sizes: Counter[str] = field(default_factory=Counter)  # "192x128", "128x128x25"
    sizes_of: int = 0  # items whose size is known
    lengths: Counter[str] = field(default_factory=Counter)  # short, medium, long
    words_in: Counter[int] = field(default_factory=Counter)  # words of a caption -> how often
    words: Counter[str] = field(default_factory=Counter)
    styles: Counter[str] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    as_codes: str = ""  # letters of captions on the sheet that no font of this system has

    def add(self, row: Row, size: str | None) -> None:
        """Count one row."""
        facts = row.get("facts")
        facts = facts if isinstance(facts, dict) else {}
        texts = [text for text in row.get("captions") or [] if isinstance(text, str)]
        self.items += 1
        self.captions += len(texts)
        self.without_caption += not texts
        self.sizes.update([size] if size else [])
        self.sizes_of += bool(size)
        self.lengths.update(map(length_of, texts))
        self.words_in.update(map(count_words, texts))
        self.words.update(
            {word for text in texts for word in re.findall(r"[^\W\d_][\w'-]+", text.lower())} - DULL  # once an item
        )
        self.styles.update([str(facts.get("style") or row.get("style") or "not said")])
        self.licences.update([str(row.get("licence") or "not said")])
        self.sources.update([re.sub(r",? (seed|scene) \d+|[@#?].*", "", str(row.get("source") or "not said"))])

    def to_dict(self, most: int = 20) -> dict[str, Any]:
        """Return the counts as a JSON-ready dict, the `most` commonest of each."""
        spread = sorted(self.words_in.elements())
        quartiles = [spread[min(len(spread) - 1, len(spread) * part // 4)] for part in range(5)] if spread else []
        tables = {name: dict(getattr(self, name).most_common(most)) for name in
                  ("sizes", "lengths", "styles", "licences", "sources", "words")}  # fmt: skip
        return {
            "items": self.items, "captions": self.captions, "without_caption": self.without_caption,
            "words_in_a_caption": quartiles, "different_words": len(self.words), "sizes_known": self.sizes_of, **tables,
        }  # fmt: skip


def look_over(data: Path, count: int, seed: int = 0) -> tuple[Statistics, np.ndarray]:
    """Return the statistics of a data set and its contact sheet with `count` items, uint8 (H, W, 3).

    Raises OutputError where there is no data set, DataError for an empty one, SettingError for an impossible count.
    """
    if not 1 <= count <= 400:
        raise SettingError(f"--count must be from 1 to 400 items, got {count}")
    data = Path(data)
    sets = [rows for rows in map(Rows, _places(data)) if len(rows)]
    total = sum(map(len, sets))
    if not total:
        raise DataError(f"{data}: captions.jsonl holds no rows; collect or render something first")
    chosen = set(np.sort(stream(seed, "contact sheet").permutation(total)[:count]).tolist())
    opened = {index * total // min(OPENED, total) for index in range(min(OPENED, total))}
    statistics, cells = Statistics(), []
    for index, (rows, row, known) in enumerate(_all(sets)):
        size = known or (_size(rows.folder, row) if index in opened else None)
        statistics.add(row, size)
        if index in chosen:
            cells.append((thumbnail(rows.folder, row, CELL), row, size))
    statistics.as_codes = without_font(_caption(row) for _, row, _ in cells)
    return statistics, _sheet(str(data.resolve().name), statistics, cells)


def _places(data: Path) -> list[Path]:
    places = [data] if (data / NAME).is_file() else sorted(path.parent for path in data.glob(f"*/{NAME}"))
    if not places:
        raise OutputError(f"{data}: no {NAME} here or one folder below; make one with: mutoscope data collect")
    return places


def _all(sets: list[Rows]) -> Iterator[tuple[Rows, Row, str | None]]:
    """Yield every row of every set with the size its check or its pack tells."""
    for rows in sets:
        sizes = _checked(rows) if "shard" not in rows[0] else iter(())
        packed = rows.folder.name if re.fullmatch(r"\d+x\d+(x\d+)?", rows.folder.name) else None
        for row in rows:
            yield rows, row, packed if "shard" in row else next(sizes, None)


def _checked(rows: Rows) -> Iterator[str | None]:
    """Yield the sizes that the check of these very rows found."""
    place = rows.folder / "check"
    try:
        if json.loads((place / "report.json").read_text("utf-8"))["digest"] != rows.digest:
            return
        with open(place / "items.jsonl", "rb") as lines:
            for _ in rows.broken:
                next(lines)
            for line in lines:
                record = json.loads(line)
                yield _named(record["width"], record["height"], record["frames"]) if "width" in record else None
    except (OSError, ValueError, KeyError, TypeError, StopIteration):
        return


def _size(folder: Path, row: Row) -> str | None:
    try:
        header, frames = open_item(folder, row)
        return _named(header.width, header.height, sum(1 for _ in frames) if header.is_clip else 1)
    except MediaError:
        return None


def _named(width: int, height: int, frames: int) -> str:
    return f"{width}x{height}" + (f"x{frames}" if frames > 1 else "")


# The sheet -------------------------------------------------------------------------------------------------------


def _sheet(name: str, statistics: Statistics, cells: list[tuple[np.ndarray, Row, str | None]]) -> np.ndarray:
    """Draw the items with their captions, and the statistics on the left."""
    from PIL import Image, ImageDraw

    columns = max(1, min(8, round((len(cells) * 1.5) ** 0.5)))
    panel, cell_height = 330, CELL + 8 + LINES * 13
    rows = -(-len(cells) // columns)
    width = panel + GAP + columns * (CELL + GAP)
    height = max(GAP + rows * (cell_height + GAP), _panel_height(statistics))
    page = Image.new("RGB", (width, height), GROUND)
    pen = ImageDraw.Draw(page)
    _panel(pen, name, statistics, panel, height)
    for index, (pixels, row, size) in enumerate(cells):
        left = panel + GAP + index % columns * (CELL + GAP)
        top = GAP + index // columns * (cell_height + GAP)
        _cell(page, pen, left, top, pixels, row, size)
    return np.asarray(page)


def _cell(page: Any, pen: Any, left: int, top: int, pixels: np.ndarray, row: Row, size: str | None) -> None:
    from PIL import Image

    pen.rectangle((left, top, left + CELL - 1, top + CELL - 1), fill=(236, 233, 227))
    if pixels.size:
        image = Image.fromarray(pixels)
        page.paste(image, (left + (CELL - image.width) // 2, top + (CELL - image.height) // 2))
    else:
        draw_line(pen, left + 8, top + CELL // 2 - 6, "cannot be read", SOFT, 11)
    frames = (size or "").split("x")[2:]
    if frames:
        pen.rectangle((left, top + CELL - 15, left + 62, top + CELL - 1), fill=INK)
        draw_line(pen, left + 4, top + CELL - 14, f"{frames[0]} frames", PAPER, 10)
    for number, line in enumerate(wrap_lines(_caption(row), CELL, LINES, 10)):
        draw_line(pen, left, top + CELL + 5 + 13 * number, line, INK, 10)


def _caption(row: Row) -> str:
    return str((row.get("captions") or ["(no caption)"])[0])


_PANELS = (
    ("sizes", "sizes", 7),
    ("lengths", "lengths of captions", 3),
    ("styles", "styles", 8),
    ("words", "words", 14),
)


def _panel_height(statistics: Statistics) -> int:
    rows = sum(34 + 17 * min(most, len(getattr(statistics, name))) for name, _, most in _PANELS)
    return 112 + rows + GAP


def _panel(pen: Any, name: str, statistics: Statistics, width: int, height: int) -> None:
    pen.rectangle((0, 0, width - 1, height - 1), fill=PAPER)
    for line in wrap_lines(name, width - 32, 1, 20):
        draw_line(pen, 16, 12, line, INK, 20)
    facts = statistics.to_dict()
    spread = facts["words_in_a_caption"]
    lines = [
        f"{statistics.items:,} items, {statistics.captions:,} captions",
        f"{spread[0]} to {spread[-1]} words a caption, half of them {spread[1]} to {spread[3]}" if spread else "no captions",
        f"{len(statistics.words):,} different words" + (f", {statistics.without_caption:,} items without a caption"
                                                        if statistics.without_caption else ""),
    ]  # fmt: skip
    for number, line in enumerate(lines):
        draw_line(pen, 16, 44 + 17 * number, line, SOFT, 12)
    top = 112
    for field_name, title, most in _PANELS:
        top = _histogram(pen, top, width, title, getattr(statistics, field_name).most_common(most))


def _histogram(pen: Any, top: int, width: int, title: str, counts: list[tuple[str, int]]) -> int:
    """Draw counts as bars from `top`; return where the next one begins."""
    if not counts:
        return top
    draw_line(pen, 16, top, title, INK, 13)
    top += 20
    most = max(count for _, count in counts)
    for name, count in counts:
        label = wrap_lines(str(name), 136, 1, 11)
        draw_line(pen, 16, top, label[0] if label else "?", SOFT, 11)
        pen.rectangle((160, top + 3, 160 + max(1, round((width - 230) * count / most)), top + 11), fill=BAR)
        draw_line(pen, width - 62, top, f"{count:,}", SOFT, 11)
        top += 17
    return top + 14
