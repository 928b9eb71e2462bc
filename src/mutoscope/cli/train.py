"""The commands `train STAGE`, resumed by the same words, and `train plan`, `ema` and `film`, before and after a run."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from mutoscope.cli import arguments as ask
from mutoscope.cli.arguments import Preset, argument, flag, float_option, int_option, text_option
from mutoscope.cli.console import LINE_SECONDS, say, table, watch
from mutoscope.device import need_torch
from mutoscope.errors import OutputError, SettingError

BUDGET = "60m"  # where neither it nor the samples are said
Folder = Annotated[str, argument("RUN/STAGE", "Folder of a stage, such as runs/nano/video.")]
Settings = Annotated[list[str] | None, text_option("--set", "KEY=VALUE", "Any other setting; can be repeated.")]
StartModel = Annotated[
    str | None,
    text_option("--from", "MODEL", "Start a new run from the weights of a checkpoint; embedded = the shipped one."),
]
PreviewPrompts = Annotated[
    str | None,
    text_option(
        "--prompts",
        "FILE",
        "Prompts of the preview sheets, one per line. Default: captions of the data, or of the world.",
    ),
]
FilmFile = Annotated[str, text_option("-o --output", "FILE", "Output file: .mp4, .webm, .gif or .webp.")]


def train(
    context: typer.Context,
    data: Annotated[
        str, text_option("--data", "DIR", "Folder of pictures and captions: of mutoscope data pack, or data render.")
    ],
    out: Annotated[str, text_option("--out", "RUN", "Folder of the run; an existing one is continued.")],
    preset: Preset = "nano",
    budget: Annotated[
        str | None,
        text_option(
            "--budget",
            "TIME",
            "Time of the run, all calls together: 90s, 60m, 1h30m. Default: 60m, or none with --set samples=N.",
        ),
    ] = None,
    seed: Annotated[int | None, int_option("--seed", 0, "Seed of the run.")] = None,
    batch: Annotated[int | None, int_option("--batch", 16, "Samples per step.")] = None,
    settings: Settings = None,
    begin: StartModel = None,
    prompts: PreviewPrompts = None,
    quiet: ask.Quiet = False,
) -> None:
    """Train one stage of a model: codec, decoder, clip, image, video, distil, in this order.

    The same command goes on where it stopped, until the budget of the run is used up. Ctrl-C and SIGTERM save first. Under torchrun
    (torchrun --nproc-per-node 8 -m mutoscope train ...) all processes train one model.
    """
    from mutoscope.config import preset as known_preset
    from mutoscope.train.stages import stage_named

    stage = str(context.info_name)
    stage_named(stage)
    known_preset(preset)
    overrides = ask.read_settings(settings or [])
    seconds = ask.read_budget(budget or BUDGET) if budget is not None or not overrides.get("samples") else 0.0
    overrides |= {name: value for name, value in (("seed", seed), ("batch", batch)) if value is not None}
    if not Path(data).is_dir():
        raise OutputError(f"--data {data!r} is not a folder; make one: mutoscope data render --out {data}")
    if prompts is not None:
        keep_prompts(Path(out), prompts)
    events = start_training(
        stage, preset_name=preset, data=Path(data), out=Path(out), budget_seconds=seconds, overrides=overrides,
        preview=preview_writer(Path(out)), begin=begin,
    )  # fmt: skip
    is_first = os.environ.get("RANK", "0") == "0"  # the first of many processes speaks
    watch(events, quiet=quiet or not is_first, lines_every=LINE_SECONDS)
    if is_first:
        say(out)


def plan(
    preset: Preset = "base",
    gpus: Annotated[int, int_option("--gpus", 8, "Number of GPUs.")] = 1,
    device: Annotated[str, text_option("--device", "NAME", "h100, h200, a100 or rtx4090.")] = "h100",
    batch: Annotated[int, int_option("--batch", 64, "Samples per step and GPU.")] = 64,
    size: Annotated[str, text_option("--size", "SIZE", "Size in pixels, such as 192x128.")] = "128",
    frames: Annotated[int, int_option("--frames", 25, "Frames per sample.")] = 1,
    shard: Annotated[bool, flag("--shard", "Sharded with FSDP2 (--set shard=true).")] = False,
    checkpointing: Annotated[
        bool, flag("--checkpointing", "With activation checkpointing (--set checkpointing=true).")
    ] = False,
    share: Annotated[float, float_option("--share", 0.3, "Share of the peak FLOPs that is reached.")] = 0.3,
    budget: Annotated[
        str | None, text_option("--budget", "TIME", "Length of a run: also show how many samples it sees.")
    ] = None,
) -> None:
    """Estimate what training the transformer of a preset takes: memory, FLOPs, samples per second."""
    from mutoscope.config import preset as known_preset
    from mutoscope.train.plan import Work, describe

    work = Work(gpus, device, batch, **ask.read_size(size), frames=frames, shard=shard,
                checkpointing=checkpointing, utilisation=share)  # fmt: skip
    table(describe(known_preset(preset), work, ask.read_budget(budget) if budget else 0.0))


def ema(
    folder: Folder,
    width: Annotated[float | None, float_option("--width", 0.07, "Width of the weight average.", "W")] = None,
    pick: Annotated[bool, flag("--pick", "Choose the width with the lowest loss on --data.")] = False,
    data: Annotated[str | None, text_option("--data", "DIR", "Held-out data, for --pick.")] = None,
    quiet: ask.Quiet = False,
) -> None:
    """Choose the width of the weight average (EMA) after the run, and store that average as the run's weights."""
    if pick == (width is not None):
        raise SettingError("give --width 0.07, or --pick with --data DIR")
    if pick != (data is not None):
        raise SettingError(
            "--pick needs --data: captioned items the run did not see, as mutoscope data render --held-out"
        )
    for path in filter(None, (folder, data)):
        if not Path(path).is_dir():
            raise OutputError(f"{path!r} is not a folder; give the folder of a stage, and with --data one of items")
    need_torch()
    from mutoscope.train.ema import choose

    told = watch(choose(Path(folder), width=width, held_out=Path(data) if data else None), quiet=quiet, lines_every=0.0)
    for name, entry in told.get("losses", {}).items():
        say(
            f"width {name}: held-out loss {entry['loss']:.5f} +- {entry['standard_error']:.5f} (n = {entry['batches']} batches)"
        )
    say(f"width {told['width']:g} is now in {Path(folder).parent / 'parts'} (error of the fit {told['fit_error']:.1e})")


def film(
    folder: Folder,
    output: FilmFile = "film.mp4",
    fps: Annotated[int, int_option("--fps", 4, "Sheets per second.")] = 4,
) -> None:
    """Make a film of the preview sheets of a stage: the same prompts and seeds during training."""
    from mutoscope.media import check_output
    from mutoscope.train.timelapse import ENDINGS, write_timelapse

    say(write_timelapse(Path(folder), check_output(Path(output), ENDINGS), fps))


def keep_prompts(run: Path, file: str) -> None:
    """Keep the prompts of a file as those of a run's previews; OutputError, DataError when there are none."""
    need_torch()
    from mutoscope.train.preview_prompts import keep_prompts as keep

    keep(run, ask.read_prompts(Path(file)))


def start_training(stage: str, **settings: Any) -> Any:
    """Return the events of a training run; MissingExtraError without PyTorch."""
    need_torch()
    from mutoscope.train import run

    return run(stage, **settings)


def preview_writer(out: Path) -> Callable[[str, Any], Path]:
    """Return `preview(name, pixels)`: it writes a sheet (H, W, 3) uint8 to RUN/previews/NAME.png."""

    def preview(name: str, pixels: Any) -> Path:
        from mutoscope import __version__
        from mutoscope.media import Provenance, write_picture

        folder = out / "previews"
        folder.mkdir(parents=True, exist_ok=True)
        provenance = Provenance(request_json=None, parameters=None, software=f"Mutoscope {__version__}", marking=True)
        return write_picture(pixels, folder / f"{name}.png", provenance)

    return preview


COMMANDS = {
    "STAGE": (  # what the name of every stage calls, see app.Stages
        train,
        """
mutoscope train codec --preset nano --data pictures --out runs/nano --budget 60m
mutoscope train image --preset nano --data pictures --out runs/nano --budget 8h --batch 32
mutoscope train image --preset nano --data photos --out runs/mine --budget 2h --prompts prompts.txt
mutoscope train video --preset nano --data pictures --out runs/on --from embedded --budget 2h
mutoscope train distil --preset nano --data pictures --out runs/nano --budget 30m
mutoscope train codec --preset tiny --data pictures --out runs/try --budget 90s --set rate=0.001""",
    ),
    "plan": (
        plan,
        """
mutoscope train plan --preset base --gpus 8 --budget 24h
mutoscope train plan --preset large --gpus 8 --shard --checkpointing --size 256""",
    ),
    "ema": (
        ema,
        """
mutoscope train ema runs/nano/video --width 0.07
mutoscope train ema runs/nano/video --pick --data held-out""",
    ),
    "film": (film, "mutoscope train film runs/nano/image -o film.mp4"),
}
