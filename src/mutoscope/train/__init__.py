"""Training: `run(stage, ...)` trains one stage and leaves its parts in the run's folder.

    codec   pixels <-> latents                     parts/codec.safetensors
    decoder latents -> pixels, latents as they are parts/codec.safetensors
    clip    text and image tower                   parts/text.safetensors, image_tower.safetensors, tokenizer.json
    image   the transformer on pictures            parts/transformer.safetensors
    video   the transformer on pictures and clips  parts/transformer.safetensors
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
from mutoscope.errors import MissingExtraError, OutputError, SettingError
from mutoscope.events import Event
from mutoscope.train.stages import STAGES, Stage, stage_named

__all__ = ["STAGES", "run", "setting_names"]


def run(
    stage: str,
    *,
    preset_name: str,  # a name of config.PRESETS
    data: Path,  # a captioned folder or a folder of them
    out: Path,  # the run's folder
    budget_seconds: float = 0.0,  # 0 = until `samples` are seen
    overrides: dict[str, Any] | None = None,  # fields of loop.Settings
    preview: Callable[[str, Any], None] = lambda name, sheet: None,  # receives sheets, uint8 (H, W, 3)
) -> Iterator[Event]:
    """Train one stage; yields events, the last one "done". Errors name what to do."""
    row = stage_named(stage)
    config = preset(preset_name)
    try:
        from mutoscope.train.loop import Settings, train
    except ImportError as error:
        raise MissingExtraError("PyTorch", "torch") from error
    from mutoscope.data.cache import open_folders
    from mutoscope.parts import save_config
    from mutoscope.train.machine import record_machine

    settings = replace(Settings(), **{**row.settings, **(overrides or {}), "budget": float(budget_seconds)})
    if not settings.budget and not settings.samples:
        raise SettingError("a run needs an end: --budget 60m, or --set samples=500000")
    folders = open_folders(Path(data))
    _check_folders(stage, row, folders)
    save_config(Path(out), config)
    objective = _objective(row, config, folders, Path(out))
    record_machine(Path(out) / stage, folders, {"batch": settings.batch, "rate": settings.rate})
    for event in train(objective, Path(out) / stage, settings, lambda n, s: _show(preview, stage, n, s)):
        if event.phase == "done":
            _finish(row, objective, Path(out))
        yield event


def setting_names() -> tuple[str, ...]:
    """Return what `overrides` may hold."""
    from mutoscope.train.loop import Settings

    return tuple(field.name for field in fields(Settings))


def _check_folders(stage: str, row: Stage, folders: list[Any]) -> None:
    """Refuse data that the stage cannot learn from; raises OutputError."""
    for folder in folders:
        frames = folder.pixels.shape[1]
        if folder.is_clips and (frames < 5 or frames % TIME_FACTOR != 1):
            raise OutputError(f"{folder.path}: clips of {frames} frames; training takes 5, 9, 13, ... frames")
    if row.data == "pictures" and all(folder.is_clips for folder in folders):
        raise OutputError(f"the {stage} stage needs pictures and --data holds clips only; use the video stage for them")
    if row.data == "clips" and not any(folder.is_clips for folder in folders):
        raise OutputError(
            f"the {stage} stage needs clips and --data holds none; make some: mutoscope data render --clips"
        )


def _objective(row: Stage, config: ModelConfig, folders: list[Any], out: Path) -> Any:
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
