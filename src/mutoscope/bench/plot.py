"""The picture of a page: how the time of a drawing grows with pixels, frames, steps and pictures, and the floor under it.

Plain SVG, so that a page needs no library; its colours read on light and on dark ground.
"""

from collections.abc import Sequence
from html import escape

from mutoscope.bench.results import Result, Row

PANEL_WIDTH, PANEL_HEIGHT = 210, 150  # pixels
LEFT, ABOVE, BELOW = 52, 30, 26  # what is around a panel
MEASURED, FLOOR, INK = "#3b7dd8", "#d8743b", "#7a7a7a"
TITLES = {
    "pixels": "one picture by its pixels",
    "frames": "a clip by its frames, 128 px",
    "steps": "one picture by its steps, 128 px",
    "pictures": "pictures in one call, 128 px",
}


def draw_growth(result: Result) -> str:
    """Return the SVG: a panel for each axis, seconds upwards; without the floor where the peak moved."""
    panels = []
    across, down = PANEL_WIDTH + LEFT, PANEL_HEIGHT + ABOVE + BELOW
    for axis in TITLES:
        rows = sorted((row for row in result.rows if row.axis == axis), key=lambda row: row.value)
        if rows:
            x, y = len(panels) % 2 * across + LEFT, len(panels) // 2 * down + ABOVE
            panels.append(f'<g transform="translate({x},{y})">{_panel(axis, rows, result)}</g>')
    width, height = 2 * across + 20, -(-len(panels) // 2) * down
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">'
    return "\n".join([head, *panels, "</svg>"]) + "\n"


def _panel(axis: str, rows: Sequence[Row], result: Result) -> str:
    """Return one panel: two lines over the axis, the largest numbers at the ends of the axes."""
    peak = result.peak(rows[0].threads)
    measured = [row.median_seconds for row in rows]
    floors = [row.floor_seconds(peak) or 0.0 for row in rows]
    most, far = max(measured + floors), rows[-1].value
    parts = [
        _text(0, -12, TITLES[axis]),
        f'<path d="M0 0V{PANEL_HEIGHT}H{PANEL_WIDTH}" fill="none" stroke="{INK}"/>',
        _text(-4, 8, f"{most:.2f} s", "end"),
        _text(-4, PANEL_HEIGHT, "0", "end"),
        *(_text(_across(row, far), PANEL_HEIGHT + 14, f"{row.value:.0f}", "middle") for row in _thinned(rows)),
        _line(rows, measured, far, most, MEASURED),
        _text(8, 20, "measured", colour=MEASURED),
    ]
    if not peak.complaint:
        parts += [_line(rows, floors, far, most, FLOOR), _text(8, 34, "floor: FLOPs / peak", colour=FLOOR)]
    return "".join(parts)


def _thinned(rows: Sequence[Row]) -> list[Row]:
    """Return the rows whose numbers fit under the axis: the last one, and those far enough before the next."""
    kept = [rows[-1]]
    for row in reversed(rows[:-1]):
        if _across(kept[-1], rows[-1].value) - _across(row, rows[-1].value) > 34:
            kept.append(row)
    return kept


def _across(row: Row, far: float) -> float:
    return row.value / far * PANEL_WIDTH


def _line(rows: Sequence[Row], heights: Sequence[float], far: float, most: float, colour: str) -> str:
    places = [
        (_across(row, far), PANEL_HEIGHT * (1 - height / most)) for row, height in zip(rows, heights, strict=True)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in places)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>{dots}'


def _text(x: float, y: float, words: str, anchor: str = "start", colour: str = INK) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'
