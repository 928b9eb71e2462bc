"""The verb train: one stage of training, resumed by the same command."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from mutoscope.cli import arguments as ask
from mutoscope.cli.console import say, watch
from mutoscope.errors import MissingExtraError, OutputError


def train(
    stage: Annotated[str, typer.Argument(metavar="STAGE", parser=ask.text, help="codec, clip, image or video.")],
    data: Annotated[
        str, typer.Option("--data", metavar="DIR", parser=ask.text, help="A folder that mutoscope data render filled.")
    ],
    out: Annotated[
        str, typer.Option("--out", metavar="RUN", parser=ask.text, help="The folder of the run; the same one goes on.")
    ],
    preset: Annotated[
        str, typer.Option("--preset", metavar="NAME", parser=ask.text, help="tiny, nano, mini, base or large.")
    ] = "nano",
    budget: Annotated[
        str, typer.Option("--budget", metavar="TIME", parser=ask.text, help="How long to train: 90s, 60m, 1h30m.")
    ] = "60m",
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", parser=ask.whole("--seed", 0), help="Seed of the run.")
    ] = None,
    batch: Annotated[
        int | None, typer.Option("--batch", metavar="N", parser=ask.whole("--batch", 16), help="Samples a step.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", parser=ask.text, help="Another setting; may be given many times."),
    ] = None,
    quiet: ask.Quiet = False,
) -> None:
    """Train one stage of a model: codec, decoder, clip, image, video."""
    from mutoscope.config import preset as known_preset
    from mutoscope.train.stages import stage_named

    stage_named(stage)
    known_preset(preset)
    seconds = ask.read_budget(budget)
    overrides = ask.read_settings(settings or [])
    overrides |= {name: value for name, value in (("seed", seed), ("batch", batch)) if value is not None}
    if not Path(data).is_dir():
        raise OutputError(f"--data {data!r} is not a folder; make one: mutoscope data render --out {data}")
    events = start_training(
        stage, preset_name=preset, data=Path(data), out=Path(out), budget_seconds=seconds, overrides=overrides,
        preview=preview_writer(Path(out)),
    )  # fmt: skip
    result = watch(events, quiet=quiet, lines_every=30.0)
    say(result if isinstance(result, str | Path) else out)


def start_training(stage: str, **settings: Any) -> Any:
    """Return the events of a training run; MissingExtraError without PyTorch."""
    import importlib.util

    if importlib.util.find_spec("torch") is None:
        raise MissingExtraError("PyTorch", "torch")
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


VERBS = {
    "train": (
        train,
        """
mutoscope train codec --preset nano --data pictures --out runs/nano --budget 60m
mutoscope train image --preset nano --data pictures --out runs/nano --budget 8h --batch 32
mutoscope train codec --preset tiny --data pictures --out runs/try --budget 90s --set rate=0.001""",
    ),
}
