"""The verb recipe: a whole run from one TOML file: render the data, train every stage, export.

    [model]           preset, name
    [[render]]        out, count, and what `mutoscope data render` takes: size, clips, frames, fps, seed, style
    [[train]]         stage, samples, and any other setting of the trainer
    [tune]            read by `mutoscope tune` alone

Every part goes on where it stopped, so the same command finishes what a lost machine left.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from mutoscope.cli import arguments as ask
from mutoscope.cli.console import note, say, watch
from mutoscope.errors import OutputError, SettingError, did_you_mean

PARTS = ("model", "render", "train", "tune")
RENDER_KEYS = ("out", "count", "size", "clips", "frames", "fps", "seed", "style")


def recipe(
    file: Annotated[
        str, typer.Argument(metavar="FILE", parser=ask.text, help="A recipe, such as recipes/nano-cpu.toml.")
    ],
    out: Annotated[
        str, typer.Option("--out", metavar="RUN", parser=ask.text, help="The run's folder; data goes to RUN/world.")
    ],
    scale: Annotated[
        float, typer.Option("--scale", metavar="X", help="Do this share of everything, for a try; 1.")
    ] = 1.0,
    quiet: ask.Quiet = False,
) -> None:
    """Make a model from nothing as a recipe says: render, train, export."""
    if not 0 < scale <= 1:
        raise SettingError(f"--scale must be above 0 and at most 1, got {scale}")
    plan = read_recipe(Path(file))
    run = Path(out)
    for part in plan["render"]:
        note(f"render {part['out']}")
        watch(render_part(run, part, scale), quiet=quiet, lines_every=30.0)
    for part in plan["train"]:
        note(f"train {part['stage']}")
        watch(train_part(run, plan["model"], part, scale), quiet=quiet, lines_every=30.0)
    from mutoscope.export.run import export_run

    say(export_run(run, run / "checkpoint", plan["model"]["name"]))


def read_recipe(path: Path) -> dict[str, Any]:
    """Read and check a recipe; OutputError or SettingError say what is wrong with it."""
    if not path.is_file():
        raise OutputError(f"{str(path)!r} is not a file; the ones we stand behind lie in recipes/")
    try:
        plan = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{path}: not TOML ({error})") from error
    for key in plan:
        if key not in PARTS:
            raise SettingError(f"{path}: unknown part {key!r}{did_you_mean(key, PARTS)}")
    if {"preset", "name"} - set(plan.get("model", {})):
        raise SettingError(f"{path}: [model] needs preset and name")
    for part in plan.setdefault("render", []):
        for key in part:
            if key not in RENDER_KEYS:
                raise SettingError(f"{path}: unknown key {key!r} in [[render]]{did_you_mean(key, RENDER_KEYS)}")
    for part in plan.setdefault("train", []):
        if {"stage", "samples"} - set(part):
            raise SettingError(f"{path}: every [[train]] needs stage and samples")
    return plan


def render_part(run: Path, part: dict[str, Any], scale: float) -> Any:
    """Return the events of one [[render]], `scale` times as many items, into RUN/world."""
    from mutoscope.data.folder import Scenery, render_folder

    sides = ask.read_size(str(part.get("size", "128")))
    scenery = Scenery(
        **sides, frames=part.get("frames", 25) if part.get("clips") else 1, fps=part.get("fps", 12),
        seed=part.get("seed", 0), style=part.get("style", ""),
    )  # fmt: skip
    folder = run / "world" / part["out"]
    folder.parent.mkdir(parents=True, exist_ok=True)
    return render_folder(folder, scenery, max(8, round(part["count"] * scale)))


def train_part(run: Path, model: dict[str, Any], part: dict[str, Any], scale: float) -> Any:
    """Return the events of one [[train]], `scale` times as many samples."""
    from mutoscope.cli.train import preview_writer, start_training

    settings = {key: value for key, value in part.items() if key != "stage"}
    settings["samples"] = max(1, round(settings["samples"] * scale))
    return start_training(
        part["stage"], preset_name=model["preset"], data=run / "world", out=run, overrides=settings,
        preview=preview_writer(run),
    )  # fmt: skip


VERBS = {
    "recipe": (
        recipe,
        """
mutoscope recipe recipes/nano-cpu.toml --out runs/nano
mutoscope recipe recipes/nano-cpu.toml --out runs/try --scale 0.001""",
    ),
}
