"""Training runs as they are on the disk: their logs, previews and what they ran on. Nothing is read outside the folders that the server
was given, links are not followed, and what is damaged in a log is counted and said.
"""

import hashlib
import json
import math
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Response
from fastapi import Path as InPath

from mutoscope.serve.access import get_desk
from mutoscope.serve.desk import Desk
from mutoscope.serve.jobs import Refusal
from mutoscope.serve.store import not_found
from mutoscope.serve.strict import new_router

router = new_router(prefix="/api")
LOG, MACHINE, PREVIEWS = "log.jsonl", "machine.json", "previews"
MAX_RUNS = 200
MAX_LOG_BYTES = 8 << 20  # of the end of a log
MAX_FILE_BYTES = 64 << 20  # of other files
MAX_POINTS = 400  # of a curve
TAIL_LINES = 12
LIVE_SECONDS = 180.0  # since the last line of a run that is said to be running
PREVIEW = re.compile(r"[\w-]+-(\d{1,12})\.png")
NUMBERS = ("samples", "seconds", "loss", "samples_per_second", "rate_factor")
Id = Annotated[str, InPath(max_length=64)]


@dataclass(frozen=True)
class Run:
    """A folder with a folder for each stage."""

    id: str
    name: str
    folder: Path
    stages: tuple[str, ...]  # the one with the newest line first


def find_runs(roots: Sequence[Path]) -> list[Run]:
    """Return the runs in folders, or that these folders are, the one with the newest line first."""
    found: dict[Path, Run] = {}
    for root in roots:
        for folder in (root, *_subfolders(root)):
            stages = sorted(
                (one for one in _subfolders(folder) if _is_own_file(one / LOG)), key=lambda one: -_changed(one / LOG)
            )
            if stages and len(found) < MAX_RUNS:
                ident = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
                names = tuple(one.name for one in stages)
                found.setdefault(folder.resolve(), Run(ident, folder.resolve().name, folder, names))
    return sorted(found.values(), key=lambda run: -_changed(run.folder / run.stages[0] / LOG))


def find_run(roots: Sequence[Path], run_id: str) -> Run:
    """Return a run by its id; Refusal 404."""
    for run in find_runs(roots):
        if run.id == run_id:
            return run
    raise not_found()


def show_run(run: Run) -> dict[str, Any]:
    """Return a run with its stages as JSON."""
    return {"id": run.id, "name": run.name, "stages": [show_stage(run, name) for name in run.stages]}


def show_stage(run: Run, name: str) -> dict[str, Any]:
    """Return a stage as JSON: curves, the last numbers, seconds left, previews, the end of the log, and what is damaged."""
    log, facts = run.folder / name / LOG, read_machine(run.folder / name / MACHINE)
    lines = read_end(log)
    rows, damaged = read_lines(lines)
    last = rows[-1] if rows else {}
    previews = list_previews(run, name)
    sheets = [previews[0], previews[-1]] if len(previews) > 1 else previews
    idle = time.time() - _changed(log)
    return {
        "name": name,
        "curves": {key: thin([(row["samples"], row[key]) for row in rows if key in row]) for key in NUMBERS[2:4]}
        | {
            "rate": thin([(row["samples"], row["rate_factor"] * facts["rate"]) for row in rows if "rate_factor" in row])
        },
        "last": last,
        "seconds_left": seconds_left(last, facts),
        "idle_seconds": round(idle, 1),
        "is_live": idle < LIVE_SECONDS and not is_finished(last, facts),
        "is_finished": is_finished(last, facts),
        "damaged": damaged + facts["damaged"],
        "previews": [{"samples": samples, "url": f"/api/runs/{run.id}/previews/{file}"} for samples, file in sheets],
        "hardware": facts["hardware"],
        "tail": lines[-TAIL_LINES:],
    }


def read_end(path: Path) -> list[str]:
    """Return the last lines of a log, a line that was cut by this or is still being written left out; Refusal 404."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - MAX_LOG_BYTES))
            data = file.read(MAX_LOG_BYTES)
    except OSError:
        raise not_found() from None
    whole = data[: data.rfind(b"\n") + 1].decode("utf-8", "replace").splitlines()
    return whole[1:] if size > MAX_LOG_BYTES else whole


def read_lines(lines: Sequence[str]) -> tuple[list[dict[str, float]], int]:
    """Return the numbers of each line, and how many lines are damaged. Samples grow; a line that goes back begins the run anew."""
    rows: list[dict[str, float]] = []
    damaged = 0
    for line in lines:
        try:
            said = json.loads(line)
            row = {key: float(said[key]) for key in NUMBERS if key in said}
            if "samples" not in row or not all(map(math.isfinite, row.values())):
                raise ValueError(line)
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            damaged += 1
            continue
        while rows and rows[-1]["samples"] >= row["samples"]:
            rows.pop()
        rows.append(row)
    return rows, damaged


def thin(points: list[tuple[float, float]]) -> list[list[float]]:
    """Return means of neighbouring points where there are more than a curve can show."""
    every = -(-len(points) // MAX_POINTS) or 1
    parts = [points[place : place + every] for place in range(0, len(points), every)]
    return [[part[-1][0], sum(value for _, value in part) / len(part)] for part in parts]


def read_machine(path: Path) -> dict[str, Any]:
    """Return the settings and the hardware of a stage; `damaged` is 1 for a file that cannot be read."""
    facts: dict[str, Any] = {"rate": 1.0, "budget": 0.0, "samples": 0.0, "hardware": [], "damaged": 0}
    if not _is_own_file(path):
        return facts
    try:
        said = json.loads(path.read_text("utf-8"))
        settings = (said.get("settings") or [{}])[-1]
        facts |= {key: float(settings.get(key) or facts[key]) for key in ("rate", "budget", "samples")}
        return facts | {"hardware": [str(one)[:200] for one in said.get("hardware", [])]}
    except (OSError, ValueError, TypeError, AttributeError, IndexError, KeyError, RecursionError):
        return facts | {"damaged": 1}


def seconds_left(last: dict[str, float], facts: dict[str, Any]) -> float | None:
    """Return the seconds until a stage ends, by its budget and its samples; None where neither was written down."""
    limits = []
    if facts["budget"] and "seconds" in last:
        limits.append(facts["budget"] - last["seconds"])
    if facts["samples"] and last.get("samples_per_second"):
        limits.append((facts["samples"] - last["samples"]) / last["samples_per_second"])
    return max(0.0, round(min(limits), 1)) if limits else None


def is_finished(last: dict[str, float], facts: dict[str, Any]) -> bool:
    """Whether a stage has seen its samples, or used its budget."""
    by_samples = facts["samples"] and last.get("samples", 0) >= facts["samples"]
    return bool(by_samples or (facts["budget"] and last.get("seconds", 0) >= facts["budget"]))


def list_previews(run: Run, stage: str) -> list[tuple[int, str]]:
    """Return samples and names of the preview sheets of a stage, in the order in which they were drawn."""
    folder = run.folder / PREVIEWS
    if folder.is_symlink() or not folder.is_dir():
        return []
    matches = [(PREVIEW.fullmatch(path.name), path) for path in folder.glob("*.png") if not path.is_symlink()]
    own = [(int(found[1]), path.name) for found, path in matches if found and path.name == f"{stage}-{found[1]}.png"]
    return sorted(own)


def read_preview(run: Run, name: str) -> bytes:
    """Return the file of a preview that this run lists; Refusal 404."""
    if name not in {file for stage in run.stages for _, file in list_previews(run, stage)}:
        raise not_found()
    path = run.folder / PREVIEWS / name
    if path.stat().st_size > MAX_FILE_BYTES:
        raise Refusal(413, "too_large", f"{name} has more than {MAX_FILE_BYTES >> 20} MB")
    return path.read_bytes()


def _subfolders(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(one for one in folder.iterdir() if one.is_dir() and not one.is_symlink())
    except OSError:
        return


def _is_own_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and path.stat().st_size <= 1 << 40


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


@router.get("/runs")
async def list_runs(desk: Desk = Depends(get_desk)) -> dict[str, Any]:
    """List the training runs, the one with the newest line first."""
    runs = await desk.look_up(find_runs, desk.settings.runs)
    return {"object": "list", "data": [{"id": run.id, "name": run.name, "stages": list(run.stages)} for run in runs]}


@router.get("/runs/{run_id}")
async def get_run(run_id: Id, desk: Desk = Depends(get_desk)) -> dict[str, Any]:
    """Return a run: curves, previews and the end of the log of every stage."""
    return await desk.look_up(lambda: show_run(find_run(desk.settings.runs, run_id)))


@router.get("/runs/{run_id}/previews/{name}")
async def get_preview(
    run_id: Id, name: Annotated[str, InPath(max_length=200)], desk: Desk = Depends(get_desk)
) -> Response:
    """Return a preview sheet."""
    data = await desk.look_up(lambda: read_preview(find_run(desk.settings.runs, run_id), name))
    return Response(data, media_type="image/png", headers={"Cache-Control": "private, max-age=60"})
