"""Training: `run(stage, ...)` trains one stage and leaves its parts in the run's folder.

    codec   pixels <-> latents                     parts/codec.safetensors
    decoder latents -> pixels, latents as they are parts/codec.safetensors
    clip    text and image tower                   parts/text.safetensors, image_tower.safetensors, tokenizer.json
    image   the transformer on pictures            parts/transformer.safetensors
    video   the transformer on pictures and clips  parts/transformer.safetensors
    distil  a student of it that draws in 1-4 steps parts/student.safetensors
    judge   the networks of the evaluation, alone  judge.safetensors, judge.json

The same command goes on where it stopped. A stage that begins takes the parts the run already has as its start. The table of
stages is in `stages.py`.
"""

from collections.abc import Callable, Iterator
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from typing import Any

from mutoscope.config import TIME_FACTOR, ModelConfig, preset, replace
from mutoscope.errors import DataError, MissingExtraError, OutputError, SettingError
from mutoscope.events import Event
from mutoscope.train.stages import STAGES, Stage, stage_named

__all__ = ["STAGES", "make_objective", "run", "setting_names"]


def run(
    stage: str,
    *,
    preset_name: str,  # a name of config.PRESETS
    data: Path,  # a captioned folder or a folder of them
    out: Path,  # the run's folder
    budget_seconds: float = 0.0,  # 0 = until `samples` are seen
    overrides: dict[str, Any] | None = None,  # fields of loop.Settings
    preview: Callable[[str, Any], None] = lambda name, sheet: None,  # receives sheets, uint8 (H, W, 3)
    begin: Path | str | None = None,  # a checkpoint, or "embedded", whose parts a run without any begins with
) -> Iterator[Event]:
    """Train one stage; yields events, the last one "done". Errors name what to do, and come before any pixel is read.

    Under torchrun every process calls this; the first one writes.
    """
    row = stage_named(stage)
    config = preset(preset_name)
    try:
        from mutoscope.train.loop import Settings, train
    except ImportError as error:
        raise MissingExtraError("PyTorch", "torch") from error
    from mutoscope.checkpoint import open_checkpoint
    from mutoscope.data.cache import frames_of, open_folders, survey
    from mutoscope.parts import begin_from, save_config
    from mutoscope.train.machine import record_machine
    from mutoscope.train.ranks import joined

    settings = replace(Settings(), **{**row.settings, **(overrides or {}), "budget": float(budget_seconds)})
    if not settings.budget and not settings.samples:
        raise SettingError("a run needs an end: --budget 60m, or --set samples=500000")
    data, out = Path(data), Path(out)
    with joined(settings.device) as ranks:
        settings.part(ranks)
        if begin is not None and ranks.is_first:
            begin_from(out, open_checkpoint(None if begin == "embedded" else begin), config)
        ranks.wait()
        _check_run(stage, row, config, out)
        counts = survey(data)
        _check_count(sum(counts.values()), settings.batch)
        _check_folders(stage, row, {path: (count, frames_of(path)) for path, count in counts.items()}, settings.batch)
        _check_shares(stage, row, settings)
        with ranks.first_goes_ahead():
            folders = open_folders(data)
            if ranks.is_first:
                save_config(out, config)
            objective = make_objective(row, config, folders, out)
            for name in _OF_OBJECTIVES:
                if hasattr(objective, name):
                    setattr(objective, name, getattr(settings, name))
            if ranks.is_first:
                record_machine(out / stage, folders, {"batch": settings.batch, "rate": settings.rate})
        for event in train(objective, out / stage, settings, lambda n, s: _show(preview, stage, n, s), ranks):
            if event.phase == "done" and ranks.is_first:
                _finish(row, objective, out)
            yield event


def setting_names() -> tuple[str, ...]:
    """Return what `overrides` may hold."""
    from mutoscope.train.loop import Settings

    return tuple(field.name for field in fields(Settings))


def _check_run(stage: str, row: Stage, config: ModelConfig, out: Path) -> None:
    """Refuse a run of another preset, or one that lacks a part; raises CheckpointError."""
    from mutoscope.parts import check_config, check_part

    check_config(out, config)
    for name in row.needs:
        check_part(out, name)


def _check_count(items: int, batch: int) -> None:
    if items < batch:
        raise DataError(f"the data holds {items} items and a step takes {batch}; give --batch {items} or more data")


def _check_shares(stage: str, row: Stage, settings: Any) -> None:
    if settings.curriculum and not hasattr(row.load(), "curriculum"):
        raise SettingError(f"the {stage} stage draws all sizes at once; leave curriculum out")
    for name in ("shift", "fine"):
        if getattr(settings, name) != getattr(type(settings), name) and not hasattr(row.load(), name):
            raise SettingError(f"the {stage} stage has no noise levels; leave {name} out")
    if settings.clip_share != type(settings).clip_share and stage != "video":
        raise SettingError(f"clip_share is of the video stage; leave clip_share out of {stage}")


_OF_OBJECTIVES = ("curriculum", "clip_share", "shift", "fine")  # settings that an objective needs, where it has them


def _check_folders(stage: str, row: Stage, folders: dict[Path, tuple[int, int]], batch: int) -> None:
    """Refuse data, folders of (items, frames of one), that the stage cannot learn from; raises OutputError or DataError."""
    for path, (_, frames) in folders.items():
        if frames > 1 and (frames < 5 or frames % TIME_FACTOR != 1):
            raise OutputError(f"{path}: clips of {frames} frames; training takes 5, 9, 13, ... frames")
    if row.data == "pictures" and all(frames > 1 for _, frames in folders.values()):
        raise OutputError(f"the {stage} stage needs pictures and --data holds clips only; use the video stage for them")
    if row.data == "clips" and all(frames == 1 for _, frames in folders.values()):
        raise OutputError(
            f"the {stage} stage needs clips and --data holds none; make some: mutoscope data render --clips"
        )
    if row.data == "pictures":
        _check_count(sum(count for count, frames in folders.values() if frames == 1), batch)


def make_objective(row: Stage, config: ModelConfig, folders: list[Any], out: Path) -> Any:
    """Return the objective of a stage, started from the parts that the run has."""
    import torch

    from mutoscope.parts import has_part, load_part

    torch.manual_seed(0)  # initial weights; everything after is drawn from the counter of samples
    objective = row.load()(config, folders, out, **row.options)
    for name, where in row.starts.items():
        if has_part(out, name) or name in row.needs:
            load_part(out, name, attrgetter(where)(objective))
    return objective


def _finish(row: Stage, objective: Any, out: Path) -> None:
    from mutoscope.parts import save_part

    if hasattr(objective, "finish"):
        objective.finish(out)
    for name, where in row.leaves.items():
        save_part(out, name, attrgetter(where)(objective))


def _show(preview: Callable[[str, Any], None], stage: str, samples: int, sheet: Any) -> None:
    if sheet is not None:
        preview(f"{stage}-{samples:09d}", sheet)
