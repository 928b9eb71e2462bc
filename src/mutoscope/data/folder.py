"""Renders scenes of the world into a folder of pictures or clips with captions.jsonl beside them.

The folder can be filled in several goes: scenes that are there are skipped, a file appears whole or not at all, and
a line of captions.jsonl is written after its file. `render_batch` is all there is to a batch: it runs in this process,
in many (`workers`) or on many machines (`mutoscope.cluster`), and leaves its files. The lines are written by the one
process that holds the folder, in the order of the scenes, so the same scenes give the same bytes however they were spread.

    DIR/render.json       what was asked: size, seed, frames; a second go must ask for the same
    DIR/captions.jsonl    {"file", "captions", "facts", "source", "licence"} a line
    DIR/0000042.png       scene 42 (.mp4 for clips)
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from mutoscope.data.claim import alone, claim, sweep
from mutoscope.data.rows import NAME, Row, append
from mutoscope.data.workers import Spread, on_this_machine
from mutoscope.device import need_torch
from mutoscope.errors import DataError, SettingError, StyleError, did_you_mean
from mutoscope.events import Event, Phase
from mutoscope.media.pixels import unit_to_levels

LICENCE = "CC0-1.0"  # of what the renderer draws
WORDINGS = 8  # captions tried for each scene; equal ones are kept once
BATCH_PIXELS = 2**21  # pixels of all frames rendered at once


@dataclass(frozen=True)
class Scenery:
    """What decides the pixels of a rendered folder; scene i depends on `seed` and i alone."""

    width: int = 128
    height: int = 128
    frames: int = 1  # 1 = pictures
    fps: int = 12  # of clips
    seed: int = 0
    held_out: bool = False  # True: only the combinations that never enter training
    style: str = ""  # one style for all; "" = drawn like the other facts
    sprites: str = ""  # where sprites are, parted by commas (world/sprites.py); "" = a world without things
    mix: str = "world"  # how often there are things, and which (world/mix.py)

    def __post_init__(self):
        from mutoscope.shapes import LatentGrid
        from mutoscope.vocabulary import STYLES
        from mutoscope.world.mix import MIXES

        if self.style and self.style not in STYLES:
            raise StyleError(
                f"unknown style {self.style!r}{did_you_mean(self.style, STYLES)}; known: {', '.join(STYLES)}"
            )
        if self.mix not in MIXES:
            raise SettingError(f"unknown mix {self.mix!r}{did_you_mean(self.mix, MIXES)}; known: {', '.join(MIXES)}")
        if self.mix != "world" and not self.sprites:
            raise SettingError(f"the mix {self.mix!r} is of things, and things need sprites: --sprites SETS")
        LatentGrid(self.width, self.height, self.frames)
        if not 1 <= self.fps <= 60:
            raise SettingError(f"fps must be from 1 to 60, got {self.fps}")
        if not 0 <= self.seed < 2**32:
            raise SettingError(f"seed must be from 0 to {2**32 - 1}, got {self.seed}")

    @property
    def batch(self) -> int:
        """How many scenes are rendered at once."""
        return max(1, min(16, BATCH_PIXELS // (self.width * self.height * self.frames)))

    def claimed(self) -> dict[str, Any]:
        """Return what `render.json` says; silent about sprites and mix where they are as they were before there were any."""
        return {
            key: value for key, value in asdict(self).items() if (key, value) not in (("sprites", ""), ("mix", "world"))
        }

    def file(self, index: int) -> str:
        """Return the file name of scene `index`."""
        return f"{index:07d}.{'mp4' if self.frames > 1 else 'png'}"


def render_folder(
    folder: Path,
    scenery: Scenery,
    count: int,
    start: int = 0,
    device: str = "cpu",
    spread: Spread | None = None,  # what the batches are rendered on; None = this process
) -> Iterator[Event]:
    """Render scenes `start` to `start + count` that `folder` does not hold yet; the last event carries the folder.

    Everything is checked when the first event is asked for: SettingError, OutputError, MissingExtraError.
    """
    if count < 1 or start < 0:
        raise SettingError(f"count must be 1 or more and start 0 or more, got {count} and {start}")
    need_torch()
    _check_device(device)
    _library(scenery.sprites)
    folder = Path(folder)
    claim(folder, "render.json", scenery.claimed(), "render")
    with alone(folder, "render"):
        sweep(folder)
        done = _held(folder)
        missing = [index for index in range(start, start + count) if index not in done]
        batches = [missing[first : first + scenery.batch] for first in range(0, len(missing), scenery.batch)]
        phase = Phase("render", len(missing))
        yield phase.start()
        for rows in (spread or on_this_machine(1))(partial(render_batch, folder, scenery, device), batches, died, 1):
            append(folder / NAME, rows)
            yield phase.advance(len(rows))
        sweep(folder)  # what killed workers left
    yield Event("done", count, count, result=folder)


def _held(folder: Path) -> set[int]:
    """Return the scenes the folder holds whole; a line cut off by a crash is taken out of captions.jsonl."""
    from mutoscope.media import atomic_write

    file = folder / NAME
    if not file.exists():
        return set()
    lines = file.read_bytes().splitlines(keepends=True)
    present = {entry.name for entry in os.scandir(folder)}
    rows = {line: row for line in lines if (row := _read_line(line)) and row["file"] in present}
    if len(rows) != len(lines):
        whole = b"".join(rows)
        atomic_write(file, lambda stream: stream.write(whole) and None)
    return {row["facts"]["index"] for row in rows.values()}


def _read_line(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
        return row if line.endswith(b"\n") and isinstance(row["facts"]["index"], int) and row["file"] else None
    except (ValueError, KeyError, TypeError):
        return None


def _check_device(device: str) -> None:
    import torch

    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:  # torch's way to say that a device is unknown or not there
        reason = str(error).splitlines()[0]
        raise SettingError(f"device {device!r} cannot be used ({reason}); cpu always can") from error


def render_batch(folder: Path, scenery: Scenery, device: str, indices: list[int]) -> list[Row]:
    """Write the files of some scenes, each whole or not at all; return their rows."""
    specs, frames = draw(scenery, indices, device)
    for spec, pixels in zip(specs, frames, strict=True):
        _write(folder / scenery.file(spec.index), pixels, scenery)
    return [_row(spec, scenery, _library(scenery.sprites)) for spec in specs]


def died(indices: list[int]) -> list[Row]:
    """Say what is wrong when the process that rendered a batch died twice; raises DataError."""
    raise DataError(
        f"the process that rendered scenes {indices[0]} to {indices[-1]} died twice, most likely for want of memory; "
        "what is finished is kept: run the same command with fewer --workers"
    )


def draw(scenery: Scenery, indices: list[int], device: str = "cpu") -> tuple[list[Any], Any]:
    """Return the scenes and their pixels, uint8 (B, T, H, W, 3)."""
    from mutoscope.world.draw_spec import draw_spec
    from mutoscope.world.mix import MIXES
    from mutoscope.world.render import render

    fixed: dict[str, Any] = {"style": scenery.style} if scenery.style else {}
    library = _library(scenery.sprites)
    settings = {"held_out": scenery.held_out, "moving": scenery.frames > 1, "library": library,
                "mix": MIXES[scenery.mix], **fixed}  # fmt: skip
    specs = [draw_spec(scenery.seed, index, **settings) for index in indices]
    times = [frame / scenery.fps for frame in range(scenery.frames)]
    unit = render(specs, scenery.width, scenery.height, times, device=device, library=library)  # (B, 3, T, H, W)
    return specs, unit_to_levels(unit).permute(0, 2, 3, 4, 1).cpu().numpy()


def _write(path: Path, frames: Any, scenery: Scenery) -> None:
    from mutoscope import __version__
    from mutoscope.media import Provenance, write_clip, write_picture

    provenance = Provenance(request_json=None, parameters=None, software=f"Mutoscope {__version__}", marking=False)
    if scenery.frames > 1:
        write_clip(frames, scenery.fps, path, provenance)
    else:
        write_picture(frames[0], path, provenance)


@lru_cache(maxsize=2)
def _library(sets: str) -> Any:
    if not sets:
        return None
    from mutoscope.world.sprites import open_sets

    return open_sets(sets)


def _row(spec: Any, scenery: Scenery, library: Any = None) -> dict[str, Any]:
    from mutoscope.world.captions import caption

    wordings = dict.fromkeys(caption(spec, variant=variant) for variant in range(WORDINGS))
    credits_ = library.attribution({thing.sprite for thing in spec.things}) if spec.things else []
    licences = sorted({LICENCE} | {credit["licence"] for credit in credits_})
    return {
        "file": scenery.file(spec.index),
        "captions": list(wordings),
        "facts": spec.facts(),
        "source": f"mutoscope world, seed {spec.seed}, scene {spec.index}",
        "licence": " AND ".join(licences),
        **({"credits": credits_} if credits_ else {}),
    }
