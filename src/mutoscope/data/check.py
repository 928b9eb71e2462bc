"""Every item of a captioned folder looked at, kept or dropped, and never without a line that says why.

    DIR/check/items.jsonl   {"file", "kept", "reasons": [[reason, words]], "captions", sizes and numbers} a line, by name
    DIR/check/report.json   what was asked, counts by reason, examples
    DIR/check/report.html   the same as one page with thumbnails
    DIR/captions.jsonl      stays as it is; `data pack` reads items.jsonl beside it

`look` is all there is to one item, a pure function of its file, its row and the demands: it runs in this process, in many
(`workers`) or on many machines (`mutoscope.cluster`). Memory is flat but for about half a kilobyte an item, where its
name stands and what it looks like (measured: scripts/bench_data). Nothing is changed or deleted.
"""

import json
import math
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from mutoscope.data import captions, hashes, measures
from mutoscope.data.claim import alone, sweep
from mutoscope.data.items import open_item, reason_of
from mutoscope.data.rows import NAME, Row, Rows, to_line
from mutoscope.data.workers import Spread, on_this_machine
from mutoscope.errors import DataError, MediaError, OutputError, SettingError, did_you_mean
from mutoscope.events import Event, Phase
from mutoscope.media.storage import atomic_write, make_folder, write_bytes

FOLDER = "check"
ITEMS, REPORT, PAGE = "items.jsonl", "report.json", "report.html"
CHUNK = 8  # items a process takes at once
EVERY = 8  # of the frames of a clip one in so many is looked at closely
EXAMPLES = 20  # files named in the report for each reason

REASONS = {
    # reason              drops  unreadable  what is wrong
    "row-damaged":       (True,  True,  "a line of captions.jsonl is no row"),
    "unreadable":        (True,  True,  "the file cannot be read"),
    "truncated":         (True,  True,  "the file ends too early"),
    "too-large":         (True,  True,  "it asks for more memory than any picture needs"),
    "listed-twice":      (True,  False, "an earlier row has the same file"),
    "caption-missing":   (True,  False, "no caption"),
    "caption-encoding":  (True,  False, "the caption file is not UTF-8 text"),
    "caption-damaged":   (True,  False, "the caption holds characters that are no text"),
    "caption-file-name": (True,  False, "the caption is the name of a file"),
    "caption-short":     (True,  False, "the caption is too short"),
    "caption-long":      (True,  False, "the caption is too long"),
    "caption-cut":       (False, False, "training reads the beginning of the caption alone"),
    "caption-part":      (False, False, "some of its captions are left out, others are good"),
    "tiny":              (True,  False, "too small"),
    "blank":             (True,  False, "nothing to see but one colour"),
    "blurred":           (True,  False, "blurred"),
    "letterboxed":       (False, False, "black bars around it; the pack cuts them off"),
    "still":             (True,  False, "a clip in which nothing moves"),
    "cuts":              (True,  False, "a clip of several takes"),
    "duplicate":         (True,  False, "it looks like another item that is kept"),
    "duplicate-other-caption": (True, False, "it looks like another item that is kept, and has other captions"),
}  # fmt: skip


@dataclass(frozen=True)
class Demands:
    """What an item must be to be kept; the numbers are those of `measures`, their choice is told in docs/data.md."""

    min_side: int = 64  # pixels of the shorter side
    min_words: int = 1  # of a caption
    most_even: float = 0.997  # share of one colour from which on a picture is blank
    most_blur: float = 0.75  # measures.blur from which on it is blurred
    least_motion: float = 4.5  # levels: measures.Motion.most under which a clip is still
    cut: float = 24.0  # levels: a change that may be a cut
    cut_times: float = 3.0  # and how many times the usual change it must be
    cut_share: float = 0.6  # and in how much of the picture
    keep: tuple[str, ...] = ()  # reasons that drop nothing this time
    max_unreadable: float = 0.01  # share of items

    def __post_init__(self):
        for reason in self.keep:
            if reason not in REASONS or REASONS[reason][1]:
                known = [name for name, (drops, unreadable, _) in REASONS.items() if drops and not unreadable]
                raise SettingError(f"cannot keep {reason!r}{did_you_mean(reason, known)}; known: {', '.join(known)}")
        if not 0 <= self.max_unreadable <= 1:
            raise SettingError(f"--max-unreadable is a share from 0 to 1, got {self.max_unreadable:g}")
        if self.min_side < 1 or self.min_words < 1:
            raise SettingError(f"--min-side and --min-words are 1 or more, got {self.min_side} and {self.min_words}")

    def drops(self, reason: str) -> bool:
        """Say whether this reason drops an item."""
        return REASONS[reason][0] and reason not in self.keep


# One item --------------------------------------------------------------------------------------------------------


def look(folder: Path, demands: Demands, job: tuple[Row, bool]) -> dict[str, Any]:
    """Return the record of one item, `job` = (its row, whether an earlier row has its file); nothing is raised.

    Keys: file, captions, reasons, and what could be found out: kind, width, height, frames, fps, blur, even, motion, content
    (left, top, right, bottom inside its bars) and print (hexadecimal).
    """
    row, twice = job
    good, reasons = _look_at_captions(row, demands)
    record: dict[str, Any] = {"file": row["file"], "captions": good, "reasons": reasons}
    if twice:
        reasons.insert(0, ["listed-twice", REASONS["listed-twice"][2]])
    try:
        record |= _look_at_pixels(folder, row, demands, reasons)
    except MediaError as error:
        reasons.insert(0, _unreadable(reason_of(error)))
    except OSError as error:  # gone between two looks
        reasons.insert(0, ["unreadable", error.strerror or "it cannot be read"])
    return record


def crashed(job: tuple[Row, bool]) -> dict[str, Any]:
    """Return the record of an item whose decoder took its process down."""
    return {"file": job[0]["file"], "captions": [], "reasons": [["unreadable", "the decoder crashed on it"]]}


def _unreadable(words: str) -> list[str]:
    if "ends too early" in words or "truncated" in words:
        return ["truncated", words]
    return ["too-large" if "at most" in words or "pixels; 1 to" in words else "unreadable", words]


def _look_at_captions(row: Row, demands: Demands) -> tuple[list[str], list[list[str]]]:
    """Return the captions that can be used and the reasons against the item, if there are none."""
    held = row.get("captions")
    held = [held] if isinstance(held, str) else held if isinstance(held, list) else []
    good, flaws = captions.usable(held, _names_of(row), demands.min_words)
    kept_flaws = [flaw for flaw in flaws if flaw[0] in demands.keep]
    if kept_flaws and not good:
        good = list(dict.fromkeys(text for text in map(captions.clean, held) if text))
    if problem := row.get("caption_problem"):
        flaws.append(("caption-encoding", str(problem)[:200]))
    if not flaws:
        flaws = [] if good else [("caption-missing", REASONS["caption-missing"][2])]
    elif good and not kept_flaws:
        flaws = [("caption-part", f"{len(flaws)} left out: {flaws[0][1]}")]
    most = max(map(captions.count_words, good), default=0)
    cut = ("caption-cut", f"{most} words; training reads the first {captions.WORDS_READ} at most")
    return good, [list(flaw) for flaw in flaws[:1] + [cut] * (most > captions.WORDS_READ)]


def _names_of(row: Row) -> list[str]:
    """Return the name of the file and the one it had where it was collected."""
    facts = row.get("facts")
    origin = facts.get("origin") if isinstance(facts, dict) else None
    return [row["file"], *([origin] if isinstance(origin, str) else [])]


def _look_at_pixels(folder: Path, row: Row, demands: Demands, reasons: list[list[str]]) -> dict[str, Any]:
    header, frames = open_item(folder, row)
    seen = _Seen()
    for number, pixels in enumerate(frames):
        seen.add(pixels, close=number % EVERY == 0)
    moves = seen.motion.frames > 1
    found: dict[str, Any] = {
        "kind": header.kind, "width": header.width, "height": header.height, "frames": seen.motion.frames,
        "fps": header.fps if moves else None, "bytes": _bytes_of(folder, row), "even": round(seen.even, 4), "blur": round(seen.blur, 4),
        "print": hashes.fingerprint(seen.mean(), moves).tobytes().hex(),
    }  # fmt: skip
    if min(header.width, header.height) < demands.min_side:
        words = f"{header.width} x {header.height} pixels; at least {demands.min_side} are asked for"
        reasons.append(["tiny", words])
    if seen.even >= demands.most_even:
        reasons.append(["blank", f"{seen.even:.1%} of it is one colour"])
    elif seen.blur >= demands.most_blur:
        reasons.append(["blurred", f"blur {seen.blur:.2f} of 1; under {demands.most_blur:g} is asked for"])
    if any(seen.bars):
        found["content"] = content = _content(header, seen)
        words = "bars of {:.0%} above, {:.0%} below, {:.0%} left, {:.0%} right".format(*seen.bars)
        reasons.append(
            ["letterboxed", f"{words}; the picture is {content[2] - content[0]} x {content[3] - content[1]}"]
        )
    if moves:
        found["motion"] = round(seen.motion.most, 3)
        _look_at_motion(seen.motion, demands, reasons)
    return found


def _bytes_of(folder: Path, row: Row) -> int:
    return row["bytes"] if "shard" in row else (folder / row["file"]).stat().st_size


def _look_at_motion(motion: measures.Motion, demands: Demands, reasons: list[list[str]]) -> None:
    if motion.most < demands.least_motion:
        reasons.append(["still", f"nothing changes by more than {motion.most:.1f} of 255 levels"])
    cuts = motion.cuts(demands.cut, demands.cut_times, demands.cut_share)
    if cuts:
        reasons.append(["cuts", f"another take begins at frame {', '.join(map(str, cuts[:8]))}"])


def _content(header: Any, seen: "_Seen") -> list[int]:
    """Return left, top, right, bottom of what the bars frame, in pixels of the file; half-covered rows are left out too."""
    more = 1 / measures.LOOK_SIDE if min(header.width, header.height) > measures.LOOK_SIDE else 0
    top, bottom, left, right = (share + more if share else 0.0 for share in seen.bars)
    return [
        round(left * header.width), round(top * header.height),
        round((1 - right) * header.width), round((1 - bottom) * header.height),
    ]  # fmt: skip


class _Seen:
    """What was seen of an item while its frames went by; keeps sums, not frames."""

    def __init__(self) -> None:
        self.motion = measures.Motion()
        self.even, self.blur = 1.0, 1.0  # of the best frame
        self.bars: tuple[float, ...] = (
            1.0,
            1.0,
            1.0,
            1.0,
        )  # shares of the sides: top, bottom, left, right; the least of all frames
        self._sum: Any = 0.0
        self._last: Any = None

    def add(self, pixels: np.ndarray, close: bool) -> None:
        """Look at one frame, `close` ones in all ways."""
        small = measures.shrink(pixels, measures.LOOK_SIDE)
        self.motion.add(small)
        self._sum = self._sum + measures.resize(small, 64, 64).astype(np.float32)
        self._last = small
        if close:
            self._look_closely(small)

    def _look_closely(self, small: np.ndarray) -> None:
        height, width = small.shape[:2]
        top, bottom, left, right = measures.bars(small)
        self.bars = tuple(map(min, self.bars, (top / height, bottom / height, left / width, right / width)))
        inner = small[top : height - bottom, left : width - right]
        self.even = min(self.even, measures.evenness(inner))
        self.blur = min(self.blur, measures.blur(inner))

    def mean(self) -> np.ndarray:
        """Return the picture, or the mean frame of the clip."""
        return self._last if self.motion.frames == 1 else (self._sum / self.motion.frames).round().astype(np.uint8)


# The folder ------------------------------------------------------------------------------------------------------


def check(folder: Path, demands: Demands | None = None, spread: Spread | None = None) -> Iterator[Event]:
    """Look at every item of a captioned folder and write the report; the last event carries the summary, a dict.

    Raises OutputError without captions.jsonl, DataError when it is empty or too much is unreadable (after the report is
    written, so that it can be seen what).
    """
    from mutoscope.data.report import write_page

    folder, demands = Path(folder), demands or Demands()
    rows = Rows(folder)
    if not len(rows) and not rows.broken:
        raise DataError(f"{folder / NAME} is empty; collect or render something first")
    out = folder / FOLDER
    try:
        make_folder(out)
    except OutputError as error:
        raise OutputError(
            f"{folder} cannot be written to, and the report goes into it; collect it to another folder first"
        ) from error
    with alone(out, "check"):
        sweep(out)
        (out / REPORT).unlink(missing_ok=True)  # while there is none, nothing is taken for checked
        first = out / f".mutoscope-{os.getpid()}.tmp"
        prints, rank = yield from _look_at_all(rows, demands, spread or on_this_machine(1), first)
        phase = Phase("sort out", 1)
        yield phase.start()
        twins = {} if "duplicate" in demands.keep else _twins(prints, rank)
        summary = _write_items(rows, demands, first, out, twins)
        first.unlink()
        yield phase.advance()
        phase = Phase("report", 1)
        yield phase.start()
        write_bytes(out / REPORT, (json.dumps(summary, indent=1, ensure_ascii=True) + "\n").encode())
        write_page(folder, out)
        yield phase.advance()
    share = summary["unreadable"] / summary["items"]
    if share > demands.max_unreadable:
        raise DataError(
            f"{summary['unreadable']:,} of {summary['items']:,} items cannot be read ({share:.1%}, at most "
            f"{demands.max_unreadable:.0%} is let pass): see {out / PAGE}; mend them, or say --max-unreadable {_above(share):g}"
        )
    yield Event("done", summary["items"], summary["items"], result=summary)


def _above(share: float) -> float:
    """Return a round share not under `share`."""
    return min(1.0, math.ceil(share * 100 + 1e-9) / 100)


def _look_at_all(rows: Rows, demands: Demands, spread: Spread, target: Path) -> Any:
    """Write the record of every item to `target`; return prints (N,) and ranks (N,), -1 for items that are dropped.

    Of look-alikes the one with most pixels is kept, then that with most bytes, then the first by name.
    """
    phase = Phase("check", len(rows))
    prints, worth = np.zeros(len(rows), hashes.PRINT), np.full((len(rows), 2), -1, np.int64)
    yield phase.start()
    with open(target, "wb") as stream:
        for index, record in enumerate(spread(partial(look, rows.folder, demands), _jobs(rows), crashed, CHUNK)):
            mark = record.pop("print", None)
            if mark and not any(demands.drops(reason) for reason, _ in record["reasons"]):
                prints[index] = np.frombuffer(bytes.fromhex(mark), hashes.PRINT)[0]
                worth[index] = record["width"] * record["height"], record["bytes"]
            stream.write(to_line(record))
            yield phase.advance(message="" if phase.step % 64 else record["file"])
    order = np.lexsort((np.arange(len(rows)), -worth[:, 1], -worth[:, 0]))
    rank = np.empty(len(rows), np.int64)
    rank[order] = np.arange(len(rows))
    return prints, np.where(worth[:, 0] < 0, -1, rank)


def _jobs(rows: Rows) -> Iterator[tuple[Row, bool]]:
    before = None
    for row in rows:
        yield row, row["file"] == before
        before = row["file"]


def _twins(prints: np.ndarray, rank: np.ndarray) -> dict[int, tuple[int, int]]:
    """Return {item: (the one it repeats, bits that differ)} among the items that are not dropped already."""
    alive = np.flatnonzero(rank >= 0)
    found = hashes.surplus(prints[alive], rank[alive])
    return {int(alive[index]): (int(alive[other]), bits) for index, (other, bits) in found.items()}


def _write_items(
    rows: Rows, demands: Demands, first: Path, out: Path, twins: dict[int, tuple[int, int]]
) -> dict[str, Any]:
    """Write items.jsonl and return the summary."""
    counts: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    examples: dict[str, list[str]] = {}
    totals = Counter(items=0, kept=0, unreadable=0)
    small: Counter[int] = Counter()  # shorter sides of items that are too small
    words_of = _captions_of({other for other, _ in twins.values()}, first)

    def count(record: dict[str, Any], stream: BinaryIO) -> None:
        dropping = [reason for reason, _ in record["reasons"] if demands.drops(reason)]
        record["kept"] = not dropping
        totals.update(items=1, kept=record["kept"], unreadable=any(REASONS[reason][1] for reason in dropping))
        for reason, _ in record["reasons"]:
            counts[reason] += 1
            examples.setdefault(reason, []).extend([record["file"]] * (counts[reason] <= EXAMPLES))
            if reason == "tiny":
                small[min(record["width"], record["height"])] += 1
        if record["kept"]:
            kinds[record.get("kind") or "?"] += 1
        stream.write(to_line(record))

    def write(stream: BinaryIO) -> None:
        for number, words in rows.broken:
            count({"file": f"{NAME} line {number}", "captions": [], "reasons": [["row-damaged", words]]}, stream)
        with open(first, "rb") as lines:
            for index, line in enumerate(lines):
                record = json.loads(line)
                if index in twins:
                    other, bits = twins[index]
                    record["twin"] = rows[other]["file"]
                    record["reasons"].append(_repeated(record, words_of.get(other, []), bits))
                count(record, stream)

    atomic_write(out / ITEMS, write)
    table = {
        reason: {"count": counts[reason], "drops": demands.drops(reason), "words": words, "examples": examples[reason]}
        for reason, (_, _, words) in REASONS.items()
        if counts[reason]
    }
    return {
        "digest": rows.digest, "demands": json.loads(json.dumps(asdict(demands))), **totals, "dropped": totals["items"] - totals["kept"],
        "kinds": dict(sorted(kinds.items())), "reasons": table, "usual_tiny_side": small.most_common(1)[0][0] if small else None,
    }  # fmt: skip


def _captions_of(wanted: set[int], first: Path) -> dict[int, list[str]]:
    """Return the captions of some items by their numbers, read from their records."""
    if not wanted:
        return {}
    with open(first, "rb") as lines:
        return {index: json.loads(line)["captions"] for index, line in enumerate(lines) if index in wanted}


def _repeated(record: dict[str, Any], others: list[str], bits: int) -> list[str]:
    """Return the reason against an item that looks like `record["twin"]`, which has the captions `others`."""
    words = f"looks like {record['twin']} ({bits} of 256 bits differ)"
    if {text.casefold() for text in record["captions"]} & {text.casefold() for text in others}:
        return ["duplicate", words]
    said = [f"{(texts or ['nothing'])[0][:60]!r}" for texts in (record["captions"], others)]
    return ["duplicate-other-caption", f"{words}; this one says {said[0]}, that one {said[1]}"]


def need_kept(folder: Path, summary: dict[str, Any]) -> None:
    """Raise DataError, which names the limit and the option, when nothing is kept."""
    if not summary["kept"]:
        counts = (f"{about['count']:,} {reason}" for reason, about in summary["reasons"].items())
        why = advise(summary) or ", ".join(counts)
        raise DataError(f"{folder}: none of {summary['items']:,} items is kept; {why}")


def advise(summary: dict[str, Any]) -> str:
    """Return which limit dropped most of the items and which option takes them, "" where fewer than half were dropped by one."""
    found = [(about["count"], reason) for reason, about in summary["reasons"].items()
             if about["drops"] and not REASONS[reason][1]]  # fmt: skip
    count, reason = max(found, default=(0, ""))
    if 2 * count <= summary["items"]:
        return ""
    if reason == "tiny":
        side = summary["usual_tiny_side"]
        limit = summary["demands"]["min_side"]
        return f"{count:,} are smaller than {limit} pixels, most of them {side}: --min-side {side} takes those"
    if reason == "caption-short":
        return (
            f"{count:,} have fewer than {summary['demands']['min_words']} words: --min-words says how many are needed"
        )
    if reason == "caption-missing":
        return f"{count:,} have no caption: write it to NAME.txt beside NAME.png, or collect with --kind class or --captions TABLE"
    return f"{count:,} are {reason} ({REASONS[reason][2]}): --keep {reason} takes them"
