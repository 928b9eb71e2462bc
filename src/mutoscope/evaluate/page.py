"""The page of a report: every share and distance as a dot with its interval, controls beside it, and samples above renders."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

WIDTH, MARGIN, ROW = 1240, 24, 18  # pixels
LABEL, PLOT = 250, 300  # width of a row's name and of its axis
SMALL = 72  # pixels of a sample
INKS = {"generated": (200, 60, 40), "renders": (40, 110, 180), "softened renders": (130, 130, 130), "A": (40, 110, 180),
        "B": (200, 60, 40)}  # fmt: skip
GREY, BLACK = (190, 190, 190), (30, 30, 30)
Number = dict[str, Any]  # {"value", "low", "high"}; a share has "share" instead of "value"


def page_of(report: dict[str, Any], samples: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Return the page (H, WIDTH, 3) uint8 of a report; `samples` are rows of pictures of one size."""
    title = f"{report['model']['name']} {report['model']['hash']}"
    return draw_page(title, plots_of(report), samples)


def plots_of(report: dict[str, Any]) -> dict[str, dict[str, dict[str, Number]]]:
    """Return {plot: {row: {series: number}}} of what a report holds."""
    pictures = report["pictures"]
    sides = {
        "generated": pictures["generated"],
        "renders": pictures["renders"],
        "softened renders": pictures["soft_renders"],
    }
    plots = {
        "read right, share of what was asked": {
            f"{name} ({part['n']})": {side: rows["all"][name] for side, rows in sides.items()}
            for name, part in pictures["generated"]["all"].items()
        }
    }
    for title, part in (("things", report.get("things")), ("camera", report.get("camera"))):
        part = part or {}
        for name, number in part.get("generated", {}).items():
            row = {"generated": number}
            row |= {"renders": part["renders"][name]} if name in part.get("renders", {}) else {}
            plots["read right, share of what was asked"][f"{title}: {name} ({number['n']})"] = row
    for metric in ("FD-own", "KID-own", "precision", "recall"):
        rows = {side: part for side, part in report["fidelity"].items() if isinstance(part, dict)}
        plots.setdefault("against other renders", {})[metric] = {side: part[metric] for side, part in rows.items()}
    plots["TextSim-own"] = {
        name: {name if name in INKS else "generated": number} for name, number in report["text"].items()
    }
    if "memorisation" in report:
        parts = {name: part for name, part in report["memorisation"].items() if isinstance(part, dict)}
        plots["nearer to a training picture than the 1st percentile"] = {
            name: {"generated" if name == "generated" else "renders": part} for name, part in parts.items()
        }
    if "clips" in report:
        parts = {"all": report["clips"]["all"], **report["clips"]["groups"]}
        plots["clips: change and flicker over the renders' own"] = {
            f"{what}, {name} ({part['n']})": {
                "generated": {**part, "value": part["ratio"]} if what == "change" else part["flicker"]
            }
            for name, part in parts.items()
            for what in ("change", "flicker")
        }
    return plots


def draw_page(
    title: str, plots: dict[str, dict[str, dict[str, Number]]], samples: Sequence[Sequence[np.ndarray]]
) -> np.ndarray:
    """Draw plots in two columns, then the samples; each row of a plot has an axis of its own unless all lie in 0..1."""
    column, heights = (WIDTH - 3 * MARGIN) // 2, [0, 0]
    placed = []
    for name, rows in plots.items():
        side = int(heights[1] < heights[0])
        placed.append((name, rows, MARGIN + side * (column + MARGIN), heights[side]))
        heights[side] += ROW * (len(rows) + 2)
    top = MARGIN + 3 * ROW
    grid = len(samples) * (SMALL + 4) if samples else 0
    page = Image.new("RGB", (WIDTH, top + max(heights) + grid + 2 * MARGIN), (255, 255, 255))
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    pen.text((MARGIN, MARGIN), title, fill=BLACK, font=ImageFont.load_default(18))
    left = MARGIN
    for series in dict.fromkeys(s for rows in plots.values() for row in rows.values() for s in row):
        pen.ellipse((left, MARGIN + 30, left + 8, MARGIN + 38), fill=INKS.get(series, BLACK))
        pen.text((left + 13, MARGIN + 26), series, fill=BLACK, font=font)
        left += 40 + 8 * len(series)
    for name, rows, x, y in placed:
        pen.text((x, top + y), name, fill=BLACK, font=ImageFont.load_default(14))
        ends = _ends(row for row in rows.values())
        for place, (label, row) in enumerate(rows.items(), 1):
            unit = 0 <= ends[0] and ends[1] <= 1
            _row(pen, font, x, top + y + ROW * place + 4, label, row, (0.0, 1.0) if unit else _ends([row]))
    for place, row in enumerate(samples):
        for step, picture in enumerate(row[: (WIDTH - 2 * MARGIN) // (SMALL + 4)]):
            small = Image.fromarray(np.asarray(picture)).resize((SMALL, SMALL), Image.Resampling.LANCZOS)
            page.paste(small, (MARGIN + step * (SMALL + 4), top + max(heights) + MARGIN + place * (SMALL + 4)))
    return np.asarray(page)


def _row(pen: Any, font: Any, x: int, y: int, label: str, row: dict[str, Number], ends: tuple[float, float]) -> None:
    pen.text((x, y), label, fill=BLACK, font=font)
    start, middle = x + LABEL, y + 8
    pen.line((start, middle, start + PLOT, middle), fill=GREY)

    def at(value: float) -> float:
        return start + PLOT * (min(max(value, ends[0]), ends[1]) - ends[0]) / max(1e-12, ends[1] - ends[0])

    for place, (series, number) in enumerate(row.items()):
        ink, height = INKS.get(series, BLACK), middle + 3 * (place - (len(row) - 1) / 2)
        pen.line((at(number["low"]), height, at(number["high"]), height), fill=ink, width=2)
        centre = at(_value(number))
        pen.ellipse((centre - 3, height - 3, centre + 3, height + 3), fill=ink)
    first = _value(next(iter(row.values())))
    pen.text((start + PLOT + 8, y), f"{first:.3g}", fill=BLACK, font=font)


def _value(number: Number) -> float:
    return float(number["value"] if "value" in number else number["share"])


def _ends(rows: Any) -> tuple[float, float]:
    """Return the ends of an axis that holds every number: from 0, or from below it."""
    values = [float(number[key]) for row in rows for number in row.values() for key in ("low", "high")]
    low, high = min([0.0, *values]), max([*values, 1e-9])
    return low, high
