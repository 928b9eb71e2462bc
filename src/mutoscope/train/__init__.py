"""Training: `run(stage, ...)` trains one stage and leaves its parts in the run's folder.

    codec   pixels <-> latents                     parts/codec.safetensors
    decoder latents -> pixels, latents as they are parts/codec.safetensors
    clip    text and image tower                   parts/text.safetensors, image_tower.safetensors, tokenizer.json
    image   the transformer on pictures            parts/transformer.safetensors
    video   the transformer on pictures and clips  parts/transformer.safetensors
    distil  a student of it that draws in 1-4 steps parts/student.safetensors
    judge   the networks of the evaluation, alone  judge.safetensors, judge.json

The same command goes on where it stopped; one training at a time works in a run. What it decodes and encodes first is kept in
RUN/cache, and its seconds count in the budget (`preparing.py`). A stage that begins takes the parts the run already has as its
start. The table of stages is in `stages.py`, their settings are in `settings.py`.
"""

from collections.abc import Callable, Generator
from contextlib import nullcontext
from operator import attrgetter
from pathlib import Path
from typing import Any

from mutoscope.config import TIME_FACTOR, ModelConfig, preset, replace
from mutoscope.device import need_torch
from mutoscope.errors import DataError, OutputError, SettingError
from mutoscope.events import Event
from mutoscope.train.settings import Options, Settings, process_count
from mutoscope.train.stages import STAGES, Stage, read_settings, setting_names, stage_named

__all__ = ["STAGES", "make_objective", "run", "setting_names"]

Preview = Callable[[str, Any], object]  # (name, picture uint8 (H, W, 3))


def run(
    stage: str,
    *,
    preset_name: str,  # a name of config.PRESETS
    data: Path,  # a captioned folder or a folder of them
    out: Path,  # the run's folder
    budget_seconds: float = 0.0,  # of the stage, all calls together; 0 = until `samples` are seen
    overrides: dict[str, Any] | None = None,  # settings by name, see settings.py
    preview: Preview = lambda name, picture: None,
    begin: Path | str | None = None,  # a checkpoint, or "embedded", whose parts a run without any begins with
) -> Generator[Event, None, None]:
    """Train one stage; yields events, the last one "done". Errors name what to do, and come before any pixel is read.

    Under torchrun every process calls this; the first one writes.
    """
    row, config = stage_named(stage), preset(preset_name)
    settings, options = _read_settings(stage, {**(overrides or {}), "budget": float(budget_seconds)})
    settings.part_size(process_count())
    need_torch()
    data, out = Path(data), Path(out)
    if begin is None:
        _check_run(row, config, out)
    _check_data(stage, row, data, settings.batch)
    yield Event("load", 0, 0, message=f"{data} for the stage {stage}")  # PyTorch takes seconds to come
    from mutoscope.train.loop import train
    from mutoscope.train.preparing import alone_in, budget_left, prepare
    from mutoscope.train.ranks import joined

    with joined(settings.device) as ranks, alone_in(out) if ranks.is_first else nullcontext():
        if begin is not None and ranks.is_first:
            _begin(out, begin, config)
        ranks.wait()
        _check_run(row, config, out)
        folders = yield from prepare(row, config, data, out, out / stage, options, ranks.share)
        with ranks.first_goes_ahead():
            objective = _open(stage, config, folders, out, settings, options, writes=ranks.is_first)
        settings = replace(settings, budget=budget_left(settings.budget, out / stage))
        for event in train(objective, out / stage, settings, _named(preview, stage), ranks):
            if event.phase == "done" and ranks.is_first:
                _save_parts(row, objective, out)
            yield event


def make_objective(
    row: Stage, config: ModelConfig, folders: list[Any], out: Path, options: Options | None = None
) -> Any:
    """Return the objective of a stage, started from the parts that the run has; `options` None = the stage's own."""
    import torch

    from mutoscope.run_folder import has_part, load_part

    torch.manual_seed(0)  # initial weights; everything after is drawn from the counter of samples
    options = options or row.default_options()
    objective = row.load()(config, folders, out, *(() if options is None else (options,)))
    for name, where in row.starts.items():
        if has_part(out, name) or name in row.needs:
            load_part(out, name, attrgetter(where)(objective))
    return objective


def _read_settings(stage: str, values: dict[str, Any]) -> tuple[Settings, Options | None]:
    settings, options = read_settings(stage, values)
    if not settings.budget and not settings.samples:
        raise SettingError("a run needs an end: --budget 60m, or --set samples=500000")
    return settings, options


def _begin(out: Path, begin: Path | str, config: ModelConfig) -> None:
    """Give a run without parts those of a checkpoint."""
    from mutoscope.checkpoint import open_checkpoint
    from mutoscope.run_folder import begin_from

    begin_from(out, open_checkpoint(None if begin == "embedded" else begin), config)


def _check_run(row: Stage, config: ModelConfig, out: Path) -> None:
    """Refuse a run of another preset, or one that lacks a part; raises CheckpointError."""
    from mutoscope.run_folder import check_config, check_part

    check_config(out, config)
    for name in row.needs:
        check_part(out, name)


def _check_data(stage: str, row: Stage, data: Path, batch: int) -> None:
    """Refuse data that the stage cannot learn from; raises OutputError or DataError."""
    from mutoscope.data.cache import frames_of, survey

    items = survey(data)
    _check_count(sum(items.values()), batch)
    frames = {path: frames_of(path) for path in items}
    for path, count in frames.items():
        if count > 1 and (count < 5 or count % TIME_FACTOR != 1):
            raise OutputError(f"{path}: clips of {count} frames; training takes 5, 9, 13, ... frames")
    if row.data == "pictures" and all(count > 1 for count in frames.values()):
        raise OutputError(f"the {stage} stage needs pictures and --data holds clips only; use the video stage for them")
    if row.data == "clips" and all(count == 1 for count in frames.values()):
        raise OutputError(
            f"the {stage} stage needs clips and --data holds none; make some: mutoscope data render --clips"
        )
    if row.data == "pictures":
        _check_count(sum(items[path] for path, count in frames.items() if count == 1), batch)


def _check_count(items: int, batch: int) -> None:
    if items < batch:
        raise DataError(f"the data holds {items} items and a step takes {batch}; give --batch {items} or more data")


def _open(
    stage: str,
    config: ModelConfig,
    folders: list[Any],
    out: Path,
    settings: Settings,
    options: Options | None,
    *,
    writes: bool,
) -> Any:
    """Return the objective over the opened data; the first process writes down the config and what the stage trains on."""
    from mutoscope.run_folder import save_config
    from mutoscope.train.machine import record_machine

    if writes:
        save_config(out, config)
    objective = make_objective(STAGES[stage], config, folders, out, options)
    if writes:
        limits = {"budget": settings.budget, "samples": settings.samples}
        record_machine(out / stage, folders, {"batch": settings.batch, "rate": settings.rate, **limits})
    return objective


def _save_parts(row: Stage, objective: Any, out: Path) -> None:
    from mutoscope.run_folder import save_part

    objective.finish(out)
    for name, where in row.leaves.items():
        save_part(out, name, attrgetter(where)(objective))


def _named(preview: Preview, stage: str) -> Callable[[int, Any], None]:
    """Return `show(samples, picture)`, which names the pictures STAGE-SAMPLES and leaves out what is None."""

    def show(samples: int, picture: Any) -> None:
        if picture is not None:
            preview(f"{stage}-{samples:09d}", picture)

    return show
