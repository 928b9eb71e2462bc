"""The page of a report: every share and distance as a dot with its interval, controls beside it, and samples above renders."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PAGE_WIDTH, MARGIN_PIXELS, ROW_HEIGHT = 1240, 24, 18  # pixels
LABEL_WIDTH, PLOT_WIDTH = 250, 300  # width of a row's name and of its axis
SAMPLE_SIDE = 72  # pixels of a sample
SAMPLE_STEP = SAMPLE_SIDE + 4  # pixels from one sample to the next
SERIES_COLORS = {"generated": (200, 60, 40), "renders": (40, 110, 180), "softened renders": (130, 130, 130), "A": (40, 110, 180),
        "B": (200, 60, 40)}  # fmt: skip
GREY, BLACK = (190, 190, 190), (30, 30, 30)
Number = dict[str, Any]  # {"value", "low", "high"}; a share has "share" instead of "value"
Plot = dict[str, dict[str, Number]]  # {row: {series: number}}


def make_report_page(report: dict[str, Any], samples: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Return the page (H, PAGE_WIDTH, 3) uint8 of a report; `samples` are rows of pictures of one size."""
    title = f"{report['model']['name']} {report['model']['hash']}"
    return draw_page(title, collect_plots(report), samples)


def collect_plots(report: dict[str, Any]) -> dict[str, Plot]:
    """Return {title: plot} of what a report holds."""
    plots = {
        "read right, share of what was asked": {
            **_plot_pictures(report["pictures"]),
            **_plot_styles(report.get("styles")),
            **_plot_part("things", report.get("things")),
            **_plot_part("free wording, blind", report.get("blind")),
            **_plot_part("camera", report.get("camera")),
        },
        "against other renders": _plot_sets(report["fidelity"]),
        "TextSim-own": {
            name: {name if name in SERIES_COLORS else "generated": number} for name, number in report["text"].items()
        },
        "nearer to a training picture than the 1st percentile": _plot_copies(report.get("memorisation", {})),
        "clips: change and flicker over the renders' own": _plot_clips(report.get("clips")),
    }
    return {title: plot for title, plot in plots.items() if plot}


def _plot_pictures(pictures: dict[str, Any]) -> Plot:
    sides = {"generated": "generated", "renders": "renders", "softened renders": "soft_renders"}
    return {
        f"{name} ({part['n']})": {side: pictures[key]["all"][name] for side, key in sides.items()}
        for name, part in pictures["generated"]["all"].items()
    }


def _plot_styles(styles: dict[str, Any] | None) -> Plot:
    """The style both ways; the renders are the same for both."""
    if styles is None:
        return {}
    return {
        f"{title} ({styles['n']})": {
            "generated": styles[way]["all"]["style"],
            "renders": styles["renders"]["all"]["style"],
        }
        for way, title in (("prompt", "style in the prompt"), ("argument", "style="))
    }


def _plot_part(title: str, part: dict[str, Any] | None) -> Plot:
    """Shares of things, of free wording or of cameras, with those of renders where there are any."""
    plot = {}
    for name, number in (part or {}).get("generated", {}).items():
        renders = (part or {}).get("renders", {})
        row = {"generated": number} | ({"renders": renders[name]} if name in renders else {})
        plot[f"{title}: {name} ({number['n']})"] = row
    return plot


def _plot_sets(fidelity: dict[str, Any]) -> Plot:
    sides = {side: part for side, part in fidelity.items() if isinstance(part, dict)}
    return {
        metric: {side: part[metric] for side, part in sides.items()}
        for metric in ("FD-own", "KID-own", "precision", "recall")
    }


def _plot_copies(memorisation: dict[str, Any]) -> Plot:
    parts = {name: part for name, part in memorisation.items() if isinstance(part, dict)}
    return {name: {"generated" if name == "generated" else "renders": part} for name, part in parts.items()}


def _plot_clips(clips: dict[str, Any] | None) -> Plot:
    plot = {}
    for name, part in ({"all": clips["all"], **clips["groups"]} if clips else {}).items():
        plot[f"change, {name} ({part['n']})"] = {"generated": {**part, "value": part["ratio"]}}
        plot[f"flicker, {name} ({part['n']})"] = {"generated": part["flicker"]}
    return plot


def draw_page(title: str, plots: dict[str, Plot], samples: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Draw plots in two columns, then the samples; each row of a plot has an axis of its own unless all lie in 0..1."""
    top = MARGIN_PIXELS + 3 * ROW_HEIGHT
    places, bottom = _place_plots(plots, top)
    height = bottom + len(samples) * SAMPLE_STEP + 2 * MARGIN_PIXELS
    page = Image.new("RGB", (PAGE_WIDTH, height), (255, 255, 255))
    pen = ImageDraw.Draw(page)
    _draw_head(pen, title, dict.fromkeys(series for plot in plots.values() for row in plot.values() for series in row))
    for (name, plot), (x, y) in zip(plots.items(), places, strict=True):
        _draw_plot(pen, name, plot, x, y)
    for number, row in enumerate(samples):
        for step, picture in enumerate(row[: (PAGE_WIDTH - 2 * MARGIN_PIXELS) // SAMPLE_STEP]):
            small = Image.fromarray(np.asarray(picture)).resize((SAMPLE_SIDE, SAMPLE_SIDE), Image.Resampling.LANCZOS)
            page.paste(small, (MARGIN_PIXELS + step * SAMPLE_STEP, bottom + MARGIN_PIXELS + number * SAMPLE_STEP))
    return np.asarray(page)


def _place_plots(plots: dict[str, Plot], top: int) -> tuple[list[tuple[int, int]], int]:
    """Return the upper left corners of plots in two columns, each in the shorter one, and where the longer one ends."""
    column, bottoms, places = (PAGE_WIDTH - 3 * MARGIN_PIXELS) // 2, [top, top], []
    for rows in plots.values():
        side = int(bottoms[1] < bottoms[0])
        places.append((MARGIN_PIXELS + side * (column + MARGIN_PIXELS), bottoms[side]))
        bottoms[side] += ROW_HEIGHT * (len(rows) + 2)
    return places, max(bottoms)


def _draw_head(pen: ImageDraw.ImageDraw, title: str, names: Iterable[str]) -> None:
    """Draw the title and a legend of the series."""
    pen.text((MARGIN_PIXELS, MARGIN_PIXELS), title, fill=BLACK, font=ImageFont.load_default(18))
    left = MARGIN_PIXELS
    for series in names:
        pen.ellipse((left, MARGIN_PIXELS + 30, left + 8, MARGIN_PIXELS + 38), fill=SERIES_COLORS.get(series, BLACK))
        pen.text((left + 13, MARGIN_PIXELS + 26), series, fill=BLACK, font=ImageFont.load_default(13))
        left += 40 + 8 * len(series)


def _draw_plot(pen: ImageDraw.ImageDraw, name: str, plot: Plot, x: int, y: int) -> None:
    pen.text((x, y), name, fill=BLACK, font=ImageFont.load_default(14))
    ends, font = _ends(plot.values()), ImageFont.load_default(13)
    is_share = 0 <= ends[0] and ends[1] <= 1
    for number, (label, row) in enumerate(plot.items(), 1):
        _draw_row(pen, font, x, y + ROW_HEIGHT * number + 4, label, row, (0.0, 1.0) if is_share else _ends([row]))


def _draw_row(
    pen: Any, font: Any, x: int, y: int, label: str, row: dict[str, Number], ends: tuple[float, float]
) -> None:
    pen.text((x, y), label, fill=BLACK, font=font)
    start, middle = x + LABEL_WIDTH, y + 8
    pen.line((start, middle, start + PLOT_WIDTH, middle), fill=GREY)

    def at(value: float) -> float:
        return start + PLOT_WIDTH * (min(max(value, ends[0]), ends[1]) - ends[0]) / max(1e-12, ends[1] - ends[0])

    for place, (series, number) in enumerate(row.items()):
        ink, height = SERIES_COLORS.get(series, BLACK), middle + 3 * (place - (len(row) - 1) / 2)
        pen.line((at(number["low"]), height, at(number["high"]), height), fill=ink, width=2)
        centre = at(_value(number))
        pen.ellipse((centre - 3, height - 3, centre + 3, height + 3), fill=ink)
    first = _value(next(iter(row.values())))
    pen.text((start + PLOT_WIDTH + 8, y), f"{first:.3g}", fill=BLACK, font=font)


def _value(number: Number) -> float:
    return float(number["value"] if "value" in number else number["share"])


def _ends(rows: Iterable[dict[str, Number]]) -> tuple[float, float]:
    """Return the ends of an axis that holds every number: from 0, or from below it."""
    values = [float(number[key]) for row in rows for number in row.values() for key in ("low", "high")]
    low, high = min([0.0, *values]), max([*values, 1e-9])
    return low, high
