"""The command `recipe`: many steps from one TOML file. A recipe of training makes a model, a recipe of pictures makes a series.

    training:  [model]           preset, name; from: a checkpoint to begin with, "embedded" is the shipped one
               [[data]]          out, folder: pictures of one's own, or a pack of them; size, licence, source, min_side, enlarge, kind
               [[render]]        out, count, and what `mutoscope data render` takes: size, clips, frames, fps, seed, style
               [[train]]         stage, samples, and any other setting of the trainer
               [tune]            read by `mutoscope tune` alone
    pictures:  see series/__init__.py; those of the package go by name

Every part of a training goes on where it stopped, so the same command finishes what a lost machine left.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from mutoscope.cli import arguments as ask
from mutoscope.cli import series
from mutoscope.cli.arguments import argument, float_option, text_option
from mutoscope.cli.console import LINE_SECONDS, note, say, watch
from mutoscope.cli.generate import RunOptions
from mutoscope.errors import SettingError, did_you_mean
from mutoscope.events import Event

PARTS = ("model", "data", "render", "train", "tune")
DATA_KEYS = ("out", "folder", "size", "licence", "source", "min_side", "enlarge", "kind", "frames", "fps")
RENDER_KEYS = ("out", "count", "size", "clips", "frames", "fps", "seed", "style", "sprites", "mix")


def recipe(
    name: Annotated[
        str | None, argument("[NAME|FILE]", "Name from the list of `mutoscope recipe`, or a TOML file.")
    ] = None,
    out: Annotated[
        str | None, text_option("--out -o", "DIR", "Output folder. Default for pictures: outputs/NAME.")
    ] = None,
    motif: Annotated[str | None, text_option("--motif", "TEXT", "Motif of the pictures.")] = None,
    headline: Annotated[str | None, text_option("--headline", "TEXT", "Text to set on the pictures.")] = None,
    prompts: Annotated[
        str | None, text_option("--prompts", "FILE", "Draw the prompts of this file instead, one per line.")
    ] = None,
    style: ask.Style = None,
    size: ask.Size = None,
    steps: ask.Steps = None,
    seed: ask.Seed = None,
    scale: Annotated[
        float | None,
        float_option("--scale", 0.001, "Training recipes: run this share of it, to try it out. Default: 1."),
    ] = None,
    model: ask.Model = None,
    runtime: ask.Runtime = "auto",
    threads: ask.Threads = None,
    precision: ask.Precision = None,
    device: ask.Device = "auto",
    offload: ask.Offload = "auto",
    no_metadata: ask.NoMetadata = False,
    no_marking: ask.NoMarking = False,
    quiet: ask.Quiet = False,
    as_json: ask.Json = False,
) -> None:
    """Run a recipe: draw a series of pictures, or train a model from scratch. Without a name, list the recipes."""
    from mutoscope.series import load_plan

    if name is None:
        series.show_list(as_json)
        return
    path = Path(name)
    plan = load_plan(path) if path.suffix == ".toml" or path.is_file() else None
    if plan is None or "picture" in plan:
        if scale is not None:
            raise SettingError("--scale is for training recipes; a series draws the pictures that its file lists")
        run = RunOptions(
            model, runtime, threads, precision, device, offload, not no_metadata, not no_marking, quiet, as_json
        )
        asked = series.SeriesOptions(name, plan, motif, headline, prompts, style, size, steps, seed)
        series.draw(asked, out, run)
        return
    given = {
        "--motif": motif, "--headline": headline, "--prompts": prompts, "--style": style, "--size": size, "--steps": steps,
        "--seed": seed, "--model": model, "--threads": threads,
        "--precision": precision,
    }  # fmt: skip
    for option, value in given.items():
        if value is not None:
            raise SettingError(f"{option} is for recipes of pictures; {path} is a training recipe")
    if out is None:
        raise SettingError(f"a training recipe needs an output folder: mutoscope recipe {path} --out runs/{path.stem}")
    train(check_recipe(plan, path), Path(out), 1.0 if scale is None else scale, quiet)


def train(plan: dict[str, Any], run: Path, scale: float, quiet: bool) -> None:
    """Render, train and export as a plan says, `scale` times as much of everything."""
    if not 0 < scale <= 1:
        raise SettingError(f"--scale must be above 0 and at most 1, got {scale}")
    prepare_data(run, plan, scale, quiet)
    for part in plan["train"]:
        note(f"train {part['stage']}")
        watch(train_part(run, plan["model"], part, scale), quiet=quiet, lines_every=LINE_SECONDS)
    from mutoscope.export.run import export_run

    say(export_run(run, run / "checkpoint", plan["model"]["name"]))


def read_recipe(path: Path) -> dict[str, Any]:
    """Read and check a recipe of training; OutputError or SettingError say what is wrong with it."""
    from mutoscope.series import load_plan

    return check_recipe(load_plan(path), path)


def check_recipe(plan: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return a plan of training with all its parts; SettingError says what is wrong with it."""
    for key in plan:
        if key not in PARTS:
            raise SettingError(f"{path}: unknown table {key!r}{did_you_mean(key, PARTS)}; known: {', '.join(PARTS)}")
    if {"preset", "name"} - set(plan.get("model", {})):
        raise SettingError(f"{path}: [model] needs preset and name")
    for name, keys, needed in (("data", DATA_KEYS, {"out", "folder"}), ("render", RENDER_KEYS, {"out", "count"})):
        for part in plan.setdefault(name, []):
            for key in part:
                if key not in keys:
                    raise SettingError(f"{path}: unknown key {key!r} in [[{name}]]{did_you_mean(key, keys)}")
            if needed - set(part):
                raise SettingError(f"{path}: every [[{name}]] needs {' and '.join(sorted(needed))}")
    for part in plan["data"]:
        if not Path(part["folder"]).exists() and not str(part["folder"]).startswith("hf:"):
            raise SettingError(
                f"{path}: there is no folder {part['folder']!r}; paths start where the command is called"
            )
    for part in plan.setdefault("train", []):
        if {"stage", "samples"} - set(part):
            raise SettingError(f"{path}: every [[train]] needs stage and samples")
    return plan


def prepare_data(run: Path, plan: dict[str, Any], scale: float, quiet: bool) -> None:
    """Make all data of a plan: renders, and packs of pictures of one's own. What is there already stays."""
    for part in plan["data"]:
        for name, job in data_jobs(run, part):
            note(f"{name} {part['out']}")
            watch(job, quiet=quiet, lines_every=LINE_SECONDS)
    for part in plan["render"]:
        note(f"render {part['out']}")
        watch(render_part(run, part, scale, least_items(plan)), quiet=quiet, lines_every=LINE_SECONDS)


def data_jobs(run: Path, part: dict[str, Any]) -> Iterator[tuple[str, Iterator[Event]]]:
    """Yield the steps from a folder of pictures to buckets in RUN/world: name and events, each made when the last one is done."""
    from mutoscope.data import buckets
    from mutoscope.data.check import Demands, check
    from mutoscope.data.collect import collect
    from mutoscope.data.pack import Packing, pack
    from mutoscope.data.split import link_pack

    folder, packed = Path(part["folder"]), run / "packs" / part["out"]
    if not (folder / "pack.json").is_file():
        collected = run / "collected" / part["out"]
        for parent in (collected.parent, packed.parent):
            parent.mkdir(parents=True, exist_ok=True)
        given = {"credit": part.get("source", ""), "licence": part.get("licence", ""), "kind": part.get("kind", "")}
        yield "collect", collect(str(part["folder"]), collected, link=True, **given)
        yield "check", check(collected, Demands(min_side=part.get("min_side", Demands().min_side)))
        shapes = buckets.around(ask.read_size(str(part.get("size", "128")))["width"])
        more = {key: part[key] for key in ("frames", "fps", "enlarge") if key in part}
        yield "pack", pack(collected, packed, Packing(tuple(shapes), **more))
        folder = packed
    link_pack(folder, run / "world", part["out"])


def least_items(plan: dict[str, Any]) -> int:
    """Return how many items a folder needs at any scale: a batch of the largest stage, and those that tuning holds out."""
    from mutoscope.train.stages import read_settings

    tried = plan.get("tune", {}).get("batch", {})
    batches = [*tried.get("choices", ()), tried.get("high", 1)]
    batches += [
        read_settings(part["stage"], {k: v for k, v in part.items() if k != "stage"})[0].batch for part in plan["train"]
    ]
    return -(-4 * max(batches) // 3) + 4 if plan.get("tune") else max(batches)


def render_part(run: Path, part: dict[str, Any], scale: float, least: int = 8) -> Any:
    """Return the events of one [[render]], `scale` times as many items but `least` where it has so many, into RUN/world."""
    from mutoscope.data.folder import Scenery, render_folder

    sides = ask.read_size(str(part.get("size", "128")))
    scenery = Scenery(
        sides["width"], sides["height"], frames=part.get("frames", 25) if part.get("clips") else 1, fps=part.get("fps", 12),
        seed=part.get("seed", 0), style=part.get("style", ""), sprites=part.get("sprites", ""), mix=part.get("mix", "world"),
    )  # fmt: skip
    folder = run / "world" / part["out"]
    folder.parent.mkdir(parents=True, exist_ok=True)
    return render_folder(folder, scenery, max(8, min(part["count"], least), round(part["count"] * scale)))


def train_part(run: Path, model: dict[str, Any], part: dict[str, Any], scale: float) -> Any:
    """Return the events of one [[train]], `scale` times as many samples."""
    from mutoscope.cli.train import preview_writer, start_training

    settings = {key: value for key, value in part.items() if key != "stage"}
    settings["samples"] = max(1, round(settings["samples"] * scale))
    return start_training(
        part["stage"], preset_name=model["preset"], data=run / "world", out=run, overrides=settings,
        preview=preview_writer(run), begin=model.get("from"),
    )  # fmt: skip


COMMANDS = {
    "recipe": (
        recipe,
        """
mutoscope recipe
mutoscope recipe storyboard
mutoscope recipe campaign --motif "a sailboat on a lake" --headline "Slow down." --style watercolor
mutoscope recipe recipes/nano-cpu.toml --out runs/nano
mutoscope recipe recipes/nano-cpu.toml --out runs/try --scale 0.001""",
    ),
}
