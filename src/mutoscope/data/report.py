"""What the check found as one page: no script, no other file, light and dark, wide and narrow screens.

Everything that came from outside is text on it: names and captions are escaped, control and direction characters shown as
codes. Thumbnails are made here, for a few items of each reason; the page's size does not grow with the set.
"""

import base64
import io
import json
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from mutoscope.data.items import open_item
from mutoscope.data.rows import Row, Rows
from mutoscope.errors import DataError, MediaError
from mutoscope.media.storage import atomic_write

SHOWN = 24  # items of a reason with a thumbnail
LISTED = 400  # items of a reason with a line
KEPT_SHOWN = 24
THUMBNAIL = 144  # pixels of the longer side
EMPTY = np.zeros((0, 0, 3), np.uint8)

STYLE = """
:root { color-scheme: light dark; --ground: #fbfaf8; --paper: #ffffff; --ink: #22201c; --soft: #6b665e; --line: #e3dfd8;
  --good: #2f7d4f; --bad: #b3402d; --bar: #d9d3c8; }
@media (prefers-color-scheme: dark) { :root { --ground: #17161a; --paper: #212026; --ink: #ece9e4; --soft: #a39d94;
  --line: #35333b; --good: #6cc492; --bad: #ee8a74; --bar: #45424d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.6rem; margin: 0 0 .2rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 0; display: inline; }
p { margin: .2rem 0; } .soft { color: var(--soft); } code { font-size: .85em; overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .75rem; margin: 1.2rem 0; }
.tile { background: var(--paper); border: 1px solid var(--line); border-radius: .6rem; padding: .7rem .9rem; }
.tile b { display: block; font-size: 1.7rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.good { color: var(--good); } .bad { color: var(--bad); }
table { width: 100%; border-collapse: collapse; margin: 0 0 1.5rem; }
td { padding: .3rem .5rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: middle; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; width: 4rem; }
td.bar { width: 34%; } td.bar i { display: block; height: .6rem; border-radius: .3rem; background: var(--bar); }
td.bar i.drops { background: var(--bad); opacity: .75; } a { color: inherit; }
details { background: var(--paper); border: 1px solid var(--line); border-radius: .6rem; margin: .75rem 0; padding: .7rem .9rem; }
summary { cursor: pointer; } summary .soft { margin-left: .4rem; }
.items { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: 1rem .8rem; margin: 1rem 0 .5rem; }
figure { margin: 0; min-width: 0; font-size: .8rem; line-height: 1.35; }
.frame { display: flex; gap: 2px; height: 9rem; background: var(--ground); border-radius: .4rem; overflow: hidden;
  align-items: center; justify-content: center; color: var(--soft); }
.frame img { max-width: 100%; max-height: 100%; min-width: 0; } .frame img + img { max-width: 49%; }
.frame img:first-child:nth-last-child(2) { max-width: 49%; }
figcaption { margin-top: .35rem; overflow-wrap: anywhere; } figcaption b { font-weight: 600; }
ul.lines { font-size: .85rem; padding-left: 1.1rem; margin: .6rem 0 .2rem; overflow-wrap: anywhere; }
"""


def write_page(folder: Path, out: Path) -> Path:
    """Write out/report.html from out/report.json and out/items.jsonl; items are opened again for their thumbnails."""
    summary = json.loads((out / "report.json").read_text("utf-8"))
    groups, kept = _groups(out / "items.jsonl", summary)
    rows = {row["file"]: row for row in _wanted(folder, groups, kept)}

    def write(stream: Any) -> None:
        text = io.TextIOWrapper(stream, "utf-8", errors="backslashreplace", write_through=True)
        _page(text, folder, summary, groups, kept, rows)
        text.detach()

    return atomic_write(out / "report.html", write)


def _groups(items: Path, summary: dict[str, Any]) -> tuple[dict[str, list[dict[str, Any]]], list[dict[str, Any]]]:
    """Return reason -> the first records with it, and some kept records from all over the set."""
    groups: dict[str, list[dict[str, Any]]] = {reason: [] for reason in summary["reasons"]}
    kept, number = [], 0
    places = {index * summary["kept"] // KEPT_SHOWN for index in range(KEPT_SHOWN)}
    with open(items, "rb") as lines:
        for line in lines:
            record = json.loads(line)
            for reason, words in record["reasons"]:
                if len(groups[reason]) < LISTED:
                    groups[reason].append(record | {"words": words})
            if record["kept"]:
                if number in places:
                    kept.append(record)
                number += 1
    return groups, kept


def _wanted(folder: Path, groups: dict[str, list[dict[str, Any]]], kept: list[dict[str, Any]]) -> Iterator[Row]:
    """Yield the rows of the items on the page."""
    named = [record for records in groups.values() for record in records] + kept
    files = {name for record in named for name in (record["file"], record.get("twin")) if name}
    return (row for row in Rows(folder) if row["file"] in files)


def _page(
    page: TextIO,
    folder: Path,
    summary: dict[str, Any],
    groups: dict[str, list[dict[str, Any]]],
    kept: list[dict[str, Any]],
    rows: dict[str, Row],
) -> None:
    name = shown(folder.resolve().name)
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    page.write(
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}: data check</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{name}</h1>\n<p class=soft>What <code>mutoscope data check</code> found. Nothing was deleted: "
        "<code>mutoscope data pack</code> leaves out what is dropped here.</p>\n"
    )
    page.write(_tiles(summary))
    page.write(_table(summary))
    for reason, about in summary["reasons"].items():
        page.write(_section(folder, reason, about, groups[reason], rows))
    if kept:
        figures = "".join(_figure(folder, record, ", ".join(record["captions"][:1]), rows) for record in kept)
        page.write(f"<details open><summary><h2>Kept</h2><span class=soft>some of {summary['kept']:,}</span></summary>")
        page.write(f"<div class=items>{figures}</div></details>\n")
    page.write("</main>\n</body>\n</html>\n")


def _tiles(summary: dict[str, Any]) -> str:
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in summary["kinds"].items()) or "nothing"
    tiles = [
        ("", summary["items"], "items looked at"), ("good", summary["kept"], f"kept: {kinds}"),
        ("bad" if summary["dropped"] else "", summary["dropped"], "dropped"),
        ("bad" if summary["unreadable"] else "", summary["unreadable"], "of them cannot be read"),
    ]  # fmt: skip
    cells = "".join(
        f'<div class=tile><b class="{kind}">{number:,}</b><span class=soft>{escape(words)}</span></div>'
        for kind, number, words in tiles
    )
    return f"<div class=tiles>{cells}</div>\n"


def _table(summary: dict[str, Any]) -> str:
    most = max((about["count"] for about in summary["reasons"].values()), default=1)
    lines = "".join(
        f'<tr><td><a href="#{reason}">{reason}</a></td><td class=bar><i class="{"drops" if about["drops"] else ""}" '
        f'style="width:{max(2, round(100 * about["count"] / most))}%"></i></td><td class=number>{about["count"]:,}</td></tr>'
        for reason, about in summary["reasons"].items()
    )
    return f"<table>{lines}</table>\n" if lines else "<p>Nothing to complain about.</p>\n"


def _section(
    folder: Path, reason: str, about: dict[str, Any], records: list[dict[str, Any]], rows: dict[str, Row]
) -> str:
    does = "dropped" if about["drops"] else "kept"
    head = f"<h2>{reason}</h2><span class=soft>{about['count']:,} {does}: {escape(about['words'])}</span>"
    seen = [record for record in records if "width" in record][:SHOWN]
    rest = [record for record in records if "width" not in record] + [r for r in records if "width" in r][SHOWN:]
    figures = "".join(_figure(folder, record, record["words"], rows) for record in seen)
    figures = f"<div class=items>{figures}</div>" if figures else ""
    lines = "".join(f"<li><b>{_name(record, rows)}</b> {shown(record['words'])}</li>" for record in rest)
    more = about["count"] - len(records)
    tail = f"<p class=soft>and {more:,} more in items.jsonl</p>" if more else ""
    return (
        f'<details id="{reason}"{" open" if about["drops"] else ""}><summary>{head}</summary>'
        f"{figures}{f'<ul class=lines>{lines}</ul>' if lines else ''}{tail}</details>\n"
    )


def _figure(folder: Path, record: dict[str, Any], words: str, rows: dict[str, Row]) -> str:
    names = [name for name in (record["file"], record.get("twin")) if name]
    images = "".join(_image(folder, rows.get(name)) for name in names) or "no picture"
    size = f"{record['width']} x {record['height']}" if record.get("width") else ""
    frames = f", {record['frames']} frames" if record.get("frames", 1) > 1 else ""
    said = f"<b>{_name(record, rows)}</b><br>{shown(words)}<br><span class=soft>{size}{frames}</span>"
    return f"<figure><div class=frame>{images}</div><figcaption>{said}</figcaption></figure>"


def _name(record: dict[str, Any], rows: dict[str, Row]) -> str:
    """Return the name an item had where it was collected, else its own."""
    facts = rows.get(record["file"], {}).get("facts")
    return shown((facts.get("origin") if isinstance(facts, dict) else None) or record["file"])


def _image(folder: Path, row: Row | None) -> str:
    pixels = EMPTY if row is None else thumbnail(folder, row, THUMBNAIL)
    if not pixels.size:
        return ""
    from PIL import Image

    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "WEBP", quality=72, method=2)
    data = base64.b64encode(target.getvalue()).decode()
    return f'<img alt="" src="data:image/webp;base64,{data}">'


def thumbnail(folder: Path, row: Row, side: int) -> np.ndarray:
    """Return the picture, or a frame from the middle of the first second of a clip, with a longer side of at most `side`.

    Small ones are enlarged to it, pixel by pixel. Empty (0, 0, 3) when it cannot be read.
    """
    from PIL import Image

    try:
        _, frames = open_item(folder, row)
        pixels = next(frame for _, frame in zip(range(7), frames, strict=False))
        image = Image.fromarray(np.ascontiguousarray(pixels))
    except (MediaError, DataError, StopIteration):
        return EMPTY
    scale = side / max(image.size)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    way = Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.NEAREST
    return np.asarray(image.resize(size, way))


def shown(text: object) -> str:
    """Return text for a page: escaped, and with control and direction characters as codes."""
    plain = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in str(text))
    return escape(plain)
