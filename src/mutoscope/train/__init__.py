"""Training: `run(stage, ...)` trains one stage and leaves its parts in the run's folder.

    codec   pixels <-> latents                     parts/codec.safetensors
    decoder latents -> pixels, latents as they are parts/codec.safetensors
    clip    text and image tower                   parts/text.safetensors, image_tower.safetensors, tokenizer.json
    image   the transformer on pictures            parts/transformer.safetensors
    video   the transformer on pictures and clips  parts/transformer.safetensors
    distil  a student of it that draws in 1-4 steps parts/student.safetensors

The same command goes on where it stopped. A stage that begins takes the parts the run already has as its start.
"""

from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from mutoscope.config import TIME_FACTOR, ModelConfig, preset, replace
from mutoscope.errors import MissingExtraError, OutputError, SettingError, did_you_mean
from mutoscope.events import Event

STAGES = ("codec", "decoder", "clip", "image", "video", "distil")


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
    if stage not in STAGES:
        raise SettingError(f"unknown stage {stage!r}{did_you_mean(stage, STAGES)}; known: {', '.join(STAGES)}")
    config = preset(preset_name)
    try:
        from mutoscope.train.loop import Settings, train
    except ImportError as error:
        raise MissingExtraError("PyTorch", "torch") from error
    from mutoscope.data.cache import open_folders
    from mutoscope.parts import save_config
    from mutoscope.train.machine import record_machine

    defaults: dict[str, dict[str, Any]] = {
        "codec": {"batch": 16, "rate": 1e-3, "adam_share": 0.3},
        "decoder": {"batch": 16, "rate": 5e-4, "adam_share": 0.3},
        "clip": {"batch": 128, "rate": 3e-4, "muon": False},
        "image": {"batch": 64, "rate": 1e-3},
        "video": {"batch": 64, "rate": 1e-3},
        "distil": {"batch": 64, "rate": 5e-4},
    }
    settings = replace(Settings(), **{**defaults[stage], **(overrides or {}), "budget": float(budget_seconds)})
    if not settings.budget and not settings.samples:
        raise SettingError("a run needs an end: --budget 60m, or --set samples=500000")
    folders = open_folders(Path(data))
    _check_folders(stage, folders)
    save_config(Path(out), config)
    objective = _objective(stage, config, folders, Path(out))
    record_machine(Path(out) / stage, folders)
    for event in train(objective, Path(out) / stage, settings, lambda n, s: _show(preview, stage, n, s)):
        if event.phase == "done":
            _finish(stage, objective, Path(out))
        yield event


def setting_names() -> tuple[str, ...]:
    """Return what `overrides` may hold."""
    from mutoscope.train.loop import Settings

    return tuple(field.name for field in fields(Settings))


def _check_folders(stage: str, folders: list[Any]) -> None:
    """Refuse data that the stage cannot learn from; raises OutputError."""
    for folder in folders:
        frames = folder.pixels.shape[1]
        if folder.is_clips and (frames < 5 or frames % TIME_FACTOR != 1):
            raise OutputError(f"{folder.path}: clips of {frames} frames; training takes 5, 9, 13, ... frames")
    if stage == "image" and all(folder.is_clips for folder in folders):
        raise OutputError("the image stage needs pictures and --data holds clips only; use the video stage for them")
    if stage == "video" and not any(folder.is_clips for folder in folders):
        raise OutputError("the video stage needs clips and --data holds none; make some: mutoscope data render --clips")


def _objective(stage: str, config: ModelConfig, folders: list[Any], out: Path) -> Any:
    import torch

    from mutoscope.parts import has_part, load_part

    torch.manual_seed(0)  # initial weights; everything after is drawn from the counter of samples
    if stage in ("codec", "decoder"):
        from mutoscope.train.codec import CodecObjective

        objective: Any = CodecObjective(config, folders, decoder_only=stage == "decoder")
        starts = {"codec": objective.model}
    elif stage == "clip":
        from mutoscope.train.clip import ClipObjective

        objective = ClipObjective(config, folders, out)
        starts = {}
    elif stage == "distil":
        from mutoscope.train.distil import DistilObjective

        objective = DistilObjective(config, folders, out)
        starts = {}  # the teacher's weights
    else:
        from mutoscope.train.diffusion import DiffusionObjective

        objective = DiffusionObjective(config, folders, out, video=stage == "video")
        starts = {"transformer": objective.model}
    for name, model in starts.items():
        if has_part(out, name) or stage == "decoder":
            load_part(out, name, model)
    return objective


def _finish(stage: str, objective: Any, out: Path) -> None:
    from mutoscope.parts import save_part

    if stage in ("codec", "decoder"):
        if stage == "codec":
            objective.measure(objective.model)
        save_part(out, "codec", objective.model)
    elif stage == "clip":
        (out / "tokenizer.json").write_text(objective.tokenizer.to_json(), encoding="utf-8")
        save_part(out, "text", objective.model.text)
        save_part(out, "image_tower", objective.model.image)
    else:
        save_part(out, "student" if stage == "distil" else "transformer", objective.model)


def _show(preview: Callable[[str, Any], None], stage: str, samples: int, sheet: Any) -> None:
    if sheet is not None:
        preview(f"{stage}-{samples:09d}", sheet)
