"""A checked folder becomes shards in buckets: cropped, never distorted, ready to train on.

    OUT/pack.json              what was asked; a second go must ask for the same
    OUT/192x128/00000.tar      shards with their index (`shards`); captions travel inside
    OUT/192x128/captions.jsonl written when all is done: the index of the bucket, which `cache.open_folders` reads
    OUT/left_out.jsonl         {"file", "reason"} a line for what the check kept and no bucket took

The plan decides alone which item goes where, so neither the number of workers nor a kill changes a byte. A shard that is
finished is never touched again: the same command goes on with the first one that is not. Memory is flat: the plan lies on
the disk, and a worker holds one item.
"""

import contextlib
import io
import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from mutoscope.data import buckets
from mutoscope.data import check as checking
from mutoscope.data.buckets import Bucket
from mutoscope.data.cache import UNFINISHED
from mutoscope.data.claim import alone, claim, sweep
from mutoscope.data.items import LIMITS, open_item, reason_of
from mutoscope.data.rows import NAME, Row, Rows, to_line
from mutoscope.data.shards import read_index, shard_name, write_shard
from mutoscope.data.workers import Spread, on_this_machine
from mutoscope.errors import DataError, MediaError, SettingError, did_you_mean
from mutoscope.events import Event, Phase
from mutoscope.media.storage import atomic_write, make_folder, write_bytes
from mutoscope.shapes import MULTIPLE

CLAIM = "pack.json"
LEFT_OUT = "left_out.jsonl"
SMALL = "smaller than its bucket"
PLAN = UNFINISHED  # its presence says so
FORMATS = {"png": {}, "webp": {"lossless": True, "quality": 50, "method": 3}, "jpg": {"quality": 95, "subsampling": 0}}
_PILLOW = {"png": "PNG", "webp": "WEBP", "jpg": "JPEG"}


@dataclass(frozen=True)
class Packing:
    """What decides the bytes of a pack."""

    buckets: tuple[Bucket, ...] = field(default_factory=lambda: tuple(buckets.around(128)))  # of one frame each
    frames: int = 25  # most frames of a clip
    fps: float = 12.0  # clips that are faster are thinned towards it
    shard: int = 500  # items
    format: str = "png"  # of pictures; png and webp lose nothing
    enlarge: bool = False  # take items that are smaller than their bucket too

    def __post_init__(self):
        if self.format not in FORMATS:
            raise SettingError(
                f"unknown format {self.format!r}{did_you_mean(self.format, FORMATS)}; known: {', '.join(FORMATS)}"
            )
        if not 1 <= self.shard <= 100_000:
            raise SettingError(f"--shard must be from 1 to 100000 items, got {self.shard}")
        if self.frames < buckets.CLIP_FRAMES[0] or not 0 < self.fps <= 240:
            raise SettingError(
                f"clips need --frames of at least {buckets.CLIP_FRAMES[0]} and --fps up to 240, "
                f"got {self.frames} and {self.fps:g}"
            )


@dataclass(frozen=True)
class Packed:
    """What a pack holds."""

    folder: Path
    buckets: dict[str, int]  # name -> items
    shards: int
    done_before: int  # shards that an earlier run had finished
    left_out: dict[str, int]  # reason -> items
    dropped: int = 0  # items that the check had dropped
    advice: str = ""  # what takes the items, where most were left out


@dataclass(frozen=True)
class Task:
    """One shard: `count` items of a bucket, from a place in its plan."""

    bucket: Bucket
    number: int
    place: int  # bytes into the plan
    first: int  # key of the first item
    count: int


def pack(folder: Path, out: Path, packing: Packing | None = None, spread: Spread | None = None) -> Iterator[Event]:
    """Pack the items of `folder` that its check kept into `out`; the last event carries a `Packed`.

    Raises DataError when `folder` has not been checked since it changed or nothing is left to pack, OutputError when `out`
    holds another pack.
    """
    folder, out, packing = Path(folder), Path(out), packing or Packing()
    rows = Rows(folder)
    marks = _marks(folder, rows)
    make_folder(out)
    with alone(out, "pack"):
        is_new = not (out / CLAIM).exists()
        claim(out, CLAIM, json.loads(json.dumps({**asdict(packing), **marks})), "pack")
        _sweep(out)
        phase = Phase("plan", len(rows))
        yield phase.start()
        tasks, left_out = yield from _plan(rows, folder, out, packing, phase)
        advice = _advise(out / PLAN / LEFT_OUT, phase.step)
        if not tasks:
            _give_up(out, is_new)
            raise DataError(
                f"{folder}: nothing to pack: {_said(left_out) or 'the check kept nothing'}"
                + f"; {advice}" * bool(advice)
            )
        before = yield from _shards(folder, out, packing, tasks, spread or on_this_machine(1))
        packed = replace(_finish(out, tasks, left_out, before), dropped=len(rows) - phase.step, advice=advice)
        yield Event("done", len(rows), len(rows), result=packed)


def _advise(left_out: Path, items: int) -> str:
    """Return what takes the items that are too small, "" where fewer than half of all are."""
    sides: Counter[int] = Counter()
    with open(left_out, "rb") as lines:
        for line in lines:
            row = json.loads(line)
            sides.update([min(row["size"])] if "size" in row else [])
    if 2 * sides.total() <= items or not sides:
        return ""
    side = sides.most_common(1)[0][0]
    fits = side // MULTIPLE * MULTIPLE
    return (
        f"most of them are {side} pixels: "
        + f"--size {fits} takes them as they are, " * (fits > 0)
        + "--enlarge enlarges them"
    )


def _give_up(out: Path, is_new: bool) -> None:
    """Leave the list of what no bucket took, and nothing that binds the folder to this pack."""
    write_bytes(out / LEFT_OUT, (out / PLAN / LEFT_OUT).read_bytes())
    _remove_plan(out)
    if is_new:
        (out / CLAIM).unlink()


def _remove_plan(out: Path) -> None:
    for file in (out / PLAN).iterdir():
        file.unlink()
    (out / PLAN).rmdir()


def _marks(folder: Path, rows: Rows) -> dict[str, str]:
    """Return what ties the pack to its data; DataError when there is no check of these rows."""
    again = f"run: mutoscope data check {folder}"
    try:
        report = json.loads((folder / checking.FOLDER / checking.REPORT).read_text("utf-8"))
        digest, demands = report["digest"], json.dumps(report["demands"], sort_keys=True)
    except OSError as error:
        raise DataError(f"{folder} has not been checked; {again}") from error
    except (ValueError, KeyError) as error:
        raise DataError(f"{folder}: the check's report is damaged; {again}") from error
    if digest != rows.digest:
        raise DataError(f"{folder}: {NAME} has changed since the check; {again}")
    share, allowed = report["unreadable"] / report["items"], report["demands"]["max_unreadable"]
    if share > allowed:
        raise DataError(f"{folder}: {share:.1%} of the items cannot be read; mend them and {again}")
    return {"data": digest, "demands": demands}


def _sweep(out: Path) -> None:
    for place in (out, *(path for path in out.iterdir() if path.is_dir())):
        sweep(place)


# The plan --------------------------------------------------------------------------------------------------------


def _plan(rows: Rows, folder: Path, out: Path, packing: Packing, phase: Phase) -> Any:
    """Write one plan a bucket under OUT/.plan; return the tasks and how many are left out, by reason."""
    make_folder(out / PLAN)
    for old in (out / PLAN).iterdir():
        old.unlink()
    left_out: Counter[str] = Counter()
    streams: dict[Bucket, BinaryIO] = {}
    places: dict[Bucket, list[int]] = {}
    with contextlib.ExitStack() as opened:
        rest = opened.enter_context(open(out / PLAN / LEFT_OUT, "wb"))
        for row, record in _kept(rows, folder):
            placed = place(row, record, packing)
            if isinstance(placed, str):
                left_out[placed.partition(":")[0]] += 1
                size = {"size": [record["width"], record["height"]]} if placed.startswith(SMALL) else {}
                rest.write(to_line({"file": row["file"], "reason": placed, **size}))
            else:
                bucket, job = placed
                if bucket not in streams:
                    streams[bucket] = opened.enter_context(open(out / PLAN / bucket.name, "wb"))
                places.setdefault(bucket, []).append(streams[bucket].tell())
                streams[bucket].write(to_line(job))
            yield phase.advance()
    return [task for bucket in sorted(places) for task in _tasks(bucket, places[bucket], packing.shard)], left_out


def _kept(rows: Rows, folder: Path) -> Iterator[tuple[Row, dict[str, Any]]]:
    """Yield the rows that the check kept, each with its record; both files are in the order of the names."""
    with open(folder / checking.FOLDER / checking.ITEMS, "rb") as lines:
        for _ in rows.broken:
            next(lines)
        for row, line in zip(rows, lines, strict=True):
            record = json.loads(line)
            if record["kept"]:
                yield row, record


def place(row: Row, record: dict[str, Any], packing: Packing) -> tuple[Bucket, Row] | str:
    """Return the bucket of an item and what a worker must know to fill it, or the reason why none takes it."""
    width, height, frames = record["width"], record["height"], record["frames"]
    left, top, right, bottom = content = record.get("content") or (0, 0, width, height)
    shapes = list(packing.buckets)
    filled = [shape for shape in shapes if buckets.enlargement(buckets.centred(content, shape), shape) <= 1 + 1e-9]
    bucket = buckets.nearest(right - left, bottom - top, shapes if packing.enlarge else filled or shapes)
    box = buckets.centred(content, bucket)
    if buckets.enlargement(box, bucket) > 1 + 1e-9 and not packing.enlarge:
        return f"{SMALL}: {width} x {height} for {bucket.name}; --enlarge takes it"
    job: Row = {key: row[key] for key in ("file", "source", "licence") if row.get(key)}
    facts = row.get("facts")
    facts = facts if isinstance(facts, dict) else {}
    others = {key: value for key, value in row.items() if key not in _KNOWN}
    job |= {"captions": record["captions"], "facts": {**others, **facts}, "box": box, "size": [width, height]}
    if frames == 1:
        return bucket, job
    chosen, rate = buckets.thin(frames, record["fps"], packing.fps, packing.frames)
    if not chosen:
        return f"too few frames: {frames} at {record['fps'] or 'an unknown number'} a second"
    return Bucket(bucket.width, bucket.height, len(chosen)), job | {"frames": chosen, "fps": rate}


_KNOWN = (
    "file",
    "captions",
    "facts",
    "source",
    "licence",
    "caption_problem",
    "shard",
    "offset",
    "bytes",
    "mark",
    "crop",
)


def _tasks(bucket: Bucket, places: list[int], size: int) -> list[Task]:
    return [
        Task(bucket, number, places[first], first, min(size, len(places) - first))
        for number, first in enumerate(range(0, len(places), size))
    ]


# The shards ------------------------------------------------------------------------------------------------------


def _shards(folder: Path, out: Path, packing: Packing, tasks: list[Task], spread: Spread) -> Any:
    """Fill the shards that are not finished; return how many were."""
    for name in {task.bucket.name for task in tasks}:
        make_folder(out / name)
    missing = [task for task in tasks if read_index(out / task.bucket.name, task.number) is None]
    phase = Phase("pack", sum(task.count for task in missing))
    yield phase.start()
    for task, fault in zip(missing, spread(partial(fill, folder, out, packing), missing, died, 1), strict=True):
        if fault:
            raise DataError(fault)
        yield phase.advance(task.count, message=f"{task.bucket.name}/{shard_name(task.number)}.tar")
    return len(tasks) - len(missing)


def fill(folder: Path, out: Path, packing: Packing, task: Task) -> str:
    """Write one shard; return what is wrong, or ""."""
    write_shard(out / task.bucket.name, task.number, _filled(folder, out, packing, task))
    return ""


def died(task: Task) -> str:
    """Return what is said of a shard whose process died twice."""
    name = f"{task.bucket.name}/{shard_name(task.number)}.tar"
    return f"the process that made {name} died (a decoder crashed or memory ran out); check the data again, then pack"


def _filled(folder: Path, out: Path, packing: Packing, task: Task) -> Iterator[tuple[Row, str, bytes] | dict[str, str]]:
    with open(out / PLAN / task.bucket.name, "rb") as plan:
        plan.seek(task.place)
        for number in range(task.first, task.first + task.count):
            job = json.loads(plan.readline())
            try:
                yield fill_item(folder, job, task.bucket, packing, f"{number:08d}")
            except MediaError as error:
                yield {"file": job["file"], "reason": f"cannot be read: {reason_of(error)}"}


def fill_item(folder: Path, job: Row, bucket: Bucket, packing: Packing, key: str) -> tuple[Row, str, bytes]:
    """Return the row of an item in its bucket, the ending and the bytes of its file; MediaError when it cannot be read."""
    scale = buckets.enlargement(job["box"], bucket)
    side = math.ceil(
        2 * scale * min(job["size"])
    )  # twice what is needed of the whole picture, for the sake of the filter
    header, frames = open_item(folder, job, replace(LIMITS, least_side=side))
    wanted = set(job.get("frames", [0]))
    kept = [fitted(pixels, header, job["box"], bucket) for index, pixels in enumerate(frames) if index in wanted]
    if len(kept) != len(wanted):
        raise MediaError(f"{job['file']} cannot be read: {len(kept)} of {len(wanted)} frames are there")
    row = {name: job[name] for name in ("captions", "facts", "source", "licence") if name in job}
    box = [round(edge, 3) for edge in job["box"]]
    row |= {"key": key, "origin": job["file"], "crop": {"box": box, "of": job["size"]}}
    if bucket.frames == 1:
        return row, f".{packing.format}", _encoded(kept[0], packing.format)
    row["facts"] = {name: value for name, value in row["facts"].items() if name not in _SHEET} | {"fps": job["fps"]}
    return row, ".mp4", _encoded_clip(np.stack(kept), job["fps"])


_SHEET = ("frames", "frame_px", "cols", "frame_ms")  # facts of a sheet, which a packed clip no longer is


def fitted(pixels: np.ndarray, header: Any, box: tuple[float, ...], bucket: Bucket) -> np.ndarray:
    """Return what `box` (in pixels of the file) holds at the size of the bucket; a JPEG may have been decoded smaller."""
    from PIL import Image

    down, across = pixels.shape[0] / header.height, pixels.shape[1] / header.width
    scaled = tuple(edge * (across, down)[i % 2] for i, edge in enumerate(box))
    scaled = (
        max(0.0, scaled[0]),
        max(0.0, scaled[1]),
        min(pixels.shape[1], scaled[2]),
        min(pixels.shape[0], scaled[3]),
    )
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(image.resize((bucket.width, bucket.height), Image.Resampling.LANCZOS, box=scaled))


def _encoded(pixels: np.ndarray, format: str) -> bytes:
    from PIL import Image

    target = io.BytesIO()
    Image.fromarray(pixels).save(target, _PILLOW[format], **FORMATS[format])
    return target.getvalue()


def _encoded_clip(frames: np.ndarray, rate: float | None) -> bytes:
    from mutoscope.media import Provenance, encode_clip

    nothing = Provenance(request_json=None, parameters=None, software="Mutoscope", marking=False)
    return encode_clip(frames, max(1, round(rate or 12)), ".mp4", nothing)


# The end ---------------------------------------------------------------------------------------------------------


def _finish(out: Path, tasks: list[Task], left_out: Counter[str], before: int) -> Packed:
    """Write captions.jsonl of every bucket from the indexes of its shards, and what was left out."""
    counts: Counter[str] = Counter()
    fallen: list[dict[str, str]] = []

    def write(name: str, stream: BinaryIO) -> None:
        for task in tasks:
            if task.bucket.name == name:
                index = read_index(out / name, task.number)
                assert index is not None, "every shard is finished here"
                stream.writelines(to_line(row) for row in index["rows"])
                counts[name] += len(index["rows"])
                fallen.extend(index["left_out"])

    for name in sorted({task.bucket.name for task in tasks}):
        atomic_write(out / name / NAME, partial(write, name))
    lines = (out / PLAN / LEFT_OUT).read_bytes() + b"".join(map(to_line, fallen))
    write_bytes(out / LEFT_OUT, lines)
    _remove_plan(out)
    left_out.update(row["reason"].partition(":")[0] for row in fallen)
    _check_fallen(len(fallen), sum(counts.values()))
    return Packed(out, dict(counts), len(tasks), before, dict(left_out))


def _check_fallen(fallen: int, packed: int) -> None:
    if fallen > 0.01 * (fallen + packed):
        raise DataError(
            f"{fallen:,} of {fallen + packed:,} items cannot be read any more; check the data again and pack to another --out"
        )


def _said(left_out: Counter[str]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in left_out.most_common())
