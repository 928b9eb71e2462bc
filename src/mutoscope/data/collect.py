"""Any source of pictures and clips becomes a captioned folder, which everything else reads.

    DIR/collect.json     what was asked; a second go must ask for the same, and goes on where the first one stopped
    DIR/captions.jsonl   {"file", "captions", "facts", "source", "licence"} a line; facts.origin is its name in the source
    DIR/passed.jsonl     {"origin", "reason"} a line for what was not taken
    DIR/lake-1f0c2b3a.png   the files, their bytes unchanged (BMP and TIFF as PNG), named by their old name and their content

Captions that are missing or unreadable are kept as such: the check tells of them. Nothing is decoded here.
"""

import hashlib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from mutoscope.data.claim import alone, claim, sweep
from mutoscope.data.converting import ENDINGS as CONVERTED
from mutoscope.data.converting import readable
from mutoscope.data.held import Held
from mutoscope.data.items import LIMITS, reason_of
from mutoscope.data.rows import NAME, Row, append
from mutoscope.data.sources import Found, Passed, find
from mutoscope.errors import DataError, MediaError, OutputError
from mutoscope.events import Event, Phase
from mutoscope.media.storage import make_folder, write_bytes

PASSED = "passed.jsonl"
BATCH = 64  # rows written at once
MAX_BYTES = 256 << 20  # of a file
KIND_ENDINGS = {
    "PNG": ".png",
    "JPEG": ".jpg",
    "WebP": ".webp",
    "GIF": ".gif",
    "AVIF": ".avif",
    "MP4": ".mp4",
    "WebM": ".webm",
}


@dataclass(frozen=True)
class Collected:
    """What a run of `collect` did."""

    folder: Path
    kind: str  # of the source, one of sources.KINDS
    items: int  # in the folder now
    added: int  # by this run
    without_caption: int  # of the added
    without_licence: int  # of the added
    changed: int  # whose captions or content are others now; taken over with `refresh`
    gone: int  # that the source has no more; taken out with `refresh`
    refreshed: bool  # whether that was done
    repeated: int  # of the added, that count more than once in training
    passed: dict[str, int]  # reason -> how many were not taken


def collect(
    source: str,  # a folder, a .tar, or hf:OWNER/NAME
    folder: Path,  # to fill
    *,
    kind: str = "",  # one of sources.KINDS; "" finds out
    table: str = "",  # a CSV, TSV or JSONL of captions
    split: str = "train",  # of a hub data set
    credit: str = "",  # the source of items that do not say theirs
    licence: str = "",  # of items that do not say theirs
    link: bool = False,  # hard links instead of copies, where the disk allows it
    refresh: bool = False,  # take over edited captions and replaced files, and take out what the source has no more
) -> Iterator[Event]:
    """Fill `folder` from `source`; the last event carries a `Collected`. Errors say what was got and what to do."""
    folder = Path(folder)
    kind, findings = find(source, kind, table, split)
    _check_apart(source, folder)
    wanted = {"source": source, "kind": kind, "table": table, "split": split, "credit": credit, "licence": licence}
    make_folder(folder)
    with alone(folder, "collect"):
        claim(folder, "collect.json", wanted, "collection")
        sweep(folder)
        held = Held(folder)
        credit = credit or (PurePosixPath(source).name if kind != "hub" else source)
        yield from _take(findings, folder, kind, held, (credit, licence), link, refresh)


def _take(
    findings: Iterator[Found | Passed],
    folder: Path,
    kind: str,
    held: Held,
    given: tuple[str, str],
    link: bool,
    refresh: bool,
) -> Iterator[Event]:
    phase, passed, rows = Phase("collect", 0), [], []
    before, renewed, changed = len(held), dict[str, Row](), 0
    without, repeated = Counter(captions=0, licence=0), 0
    yield phase.start()
    for found in findings:
        if isinstance(found, Passed):
            passed.append({"origin": found.origin, "reason": found.reason})
            continue
        known = found.origin in held.known
        held.seen.add(found.origin)
        if known and (found.origin in renewed or not _differs(held, found)):
            continue
        changed += known
        if known and not refresh:
            continue
        taken = _put(found, folder, given, link)
        if isinstance(taken, str):
            passed.append({"origin": found.origin, "reason": taken})
        elif known:
            renewed[found.origin] = taken
        else:
            rows.append(taken)
            held.add(taken)
            without.update(key for key in without if not taken[key])
            repeated += "repeats" in taken["facts"]
        if len(rows) == BATCH:
            append(folder / NAME, rows)
            yield phase.advance(len(rows), message=found.origin)
            rows = []
    if rows:
        append(folder / NAME, rows)
        yield phase.advance(len(rows))
    added, gone = len(held) - before, held.gone()
    if refresh and (renewed or gone):
        held.rewrite(renewed, gone)
    write_bytes(folder / PASSED, b"")
    append(folder / PASSED, passed)
    if not held:
        raise DataError(f"nothing to take: {len(passed)} passed over, see {folder / PASSED}")
    reasons = dict(Counter(row["reason"] for row in passed))
    done = Collected(
        folder,
        kind,
        len(held),
        added,
        without["captions"],
        without["licence"],
        changed,
        len(gone),
        refresh,
        repeated,
        reasons,
    )
    yield Event("done", len(held), len(held), result=done)


def _differs(held: Held, found: Found) -> bool:
    return held.differs(found, lambda data: _file_name(found.origin, data))


def _check_apart(source: str, folder: Path) -> None:
    """Refuse to write into the source or around it."""
    inside = Path(source).resolve()
    if inside.is_dir() and (inside == folder.resolve() or inside in folder.resolve().parents):
        raise OutputError(f"--out {str(folder)!r} lies in the source; choose a folder beside it")


def _put(found: Found, folder: Path, given: tuple[str, str], link: bool) -> Row | str:
    """Put the file of an item into the folder and return its row, or the reason why it cannot be taken."""
    try:
        data = _read(found.content)
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    if data is None:
        return f"more than {MAX_BYTES:,} bytes"
    name = _file_name(found.origin, data)
    target = folder / name
    try:
        taken = (
            readable(data, LIMITS, found.origin)
            if target.suffix != PurePosixPath(found.origin).suffix.lower()
            else data
        )
    except MediaError as error:
        return f"cannot be read: {reason_of(error)}"
    original = found.content if link and taken is data else None
    if not target.exists() and not (isinstance(original, Path) and _linked(original, target)):
        write_bytes(target, taken)
    row: dict[str, Any] = {
        "file": name,
        "captions": found.captions,
        "facts": {**found.facts, "origin": found.origin},
        "source": found.source or given[0],
        "licence": found.licence or given[1],
    }
    return row | ({"caption_problem": found.problem} if found.problem else {})


def _read(content: Path | bytes) -> bytes | None:
    if isinstance(content, bytes):
        return content if len(content) <= MAX_BYTES else None
    return content.read_bytes() if content.stat().st_size <= MAX_BYTES else None


def _linked(path: Path, target: Path) -> bool:
    try:
        os.link(path.resolve(), target)
    except OSError:  # another disk, or one that knows no links
        return False
    return True


def _file_name(origin: str, data: bytes) -> str:
    """Return a name made of the old one and the content: readable, the same in every run, and never taken twice."""
    path = PurePosixPath(origin)
    plain = unicodedata.normalize("NFKD", path.stem).encode("ascii", "ignore").decode().lower()
    stem = "-".join(re.findall("[a-z0-9]+", plain))[:48].strip("-") or "item"
    mark = hashlib.sha256(origin.encode("utf-8", "surrogatepass") + b"\0" + data).hexdigest()[:10]
    ending = path.suffix.lower() or _ending_of(data)
    return f"{stem}-{mark}{'.png' if ending in CONVERTED else ending}"


def _ending_of(data: bytes) -> str:
    from mutoscope.media.containers import kind_of

    return KIND_ENDINGS.get(kind_of(data) or "", ".bin")
