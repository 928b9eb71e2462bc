"""What a stage does before its first step: pixels decoded, captions and pictures encoded, all kept under `RUN/cache`.

    RUN/.train.lock           held by the training that works in the run
    RUN/STAGE/prepared.json   the seconds that preparing took, all calls together

A kill loses a few seconds of it. Under torchrun the first process decodes the pixels, and all share what is encoded. The seconds
count in the budget of the stage, up to half of it: the other half is always trained.
"""

import json
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mutoscope.config import ModelConfig
from mutoscope.data.cache import Folder, fill_pixels, open_folders, pixel_bytes
from mutoscope.data.claim import alone
from mutoscope.data.filling import check_room
from mutoscope.data.records import ALONE, Share
from mutoscope.events import Event
from mutoscope.media.storage import make_folder, write_bytes
from mutoscope.train.settings import Options
from mutoscope.train.stages import Stage

LOCK = ".train.lock"  # not .lock, which a recipe holds while it calls the training
PREPARED = "prepared.json"
NOTE_SECONDS = 2.0  # between two notes of the seconds that preparing took
MOST_OF_BUDGET = 0.5  # that preparing may take


@contextmanager
def alone_in(run: Path) -> Iterator[None]:
    """Hold a run for this training; OutputError when another one works in it."""
    make_folder(run)
    with alone(run, "training", LOCK):
        yield


def prepare(
    row: Stage,
    config: ModelConfig,
    data: Path,
    run: Path,
    folder: Path,
    options: Options | None,
    share: Share = ALONE,
) -> Generator[Event, None, list[Folder]]:
    """Make what a stage reads from `run/cache`, and return the opened folders; `folder` is that of the stage.

    Every process of the share calls this; all return when everything is there.
    """
    events = _fill(row, config, data, run, options, share)
    yield from _timed(events, folder) if share.is_first else events
    share.wait()
    return open_folders(data, run / "cache")


def budget_left(budget: float, folder: Path) -> float:
    """Return the seconds of a budget that preparing has left to train; 0 where there is no budget."""
    return max(MOST_OF_BUDGET * budget, budget - prepared_seconds(folder))


def prepared_seconds(folder: Path) -> float:
    """Return the seconds that preparing a stage has taken so far."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return float(json.loads((folder / PREPARED).read_text("utf-8"))["seconds"])
    return 0.0


def _fill(
    row: Stage, config: ModelConfig, data: Path, run: Path, options: Options | None, share: Share
) -> Iterator[Event]:
    """Decode the pixels, then make what the objective of the stage asks for."""
    cache = run / "cache"
    if share.is_first:
        check_room(run, pixel_bytes(data, cache), "decoded pixels")
        yield from fill_pixels(data, cache)
    share.wait()
    yield from row.load().prepare(config, open_folders(data, cache), run, options or row.default_options(), share)


def _timed(events: Iterator[Event], folder: Path) -> Iterator[Event]:
    """Pass events on, and keep the seconds they took beside the stage, where there are any."""
    earlier, start, noted, any_ = prepared_seconds(folder), time.monotonic(), 0.0, False
    for event in events:
        any_ = True
        spent = time.monotonic() - start
        if spent - noted >= NOTE_SECONDS:
            _note(folder, earlier + spent)
            noted = spent
        yield event
    if any_:
        _note(folder, earlier + time.monotonic() - start)


def _note(folder: Path, seconds: float) -> None:
    make_folder(folder)
    write_bytes(folder / PREPARED, json.dumps({"seconds": round(seconds, 1)}).encode())
