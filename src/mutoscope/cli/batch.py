"""The command `batch`: many prompts from a file, here or on a cluster."""

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer

from mutoscope.cli import arguments as ask
from mutoscope.cli import naming
from mutoscope.cli.console import note, say, watch
from mutoscope.errors import MutoscopeError, SettingError

RAY_CHUNK = 8  # lines that a worker of a cluster takes at once
MAX_COMPLAINTS = 20  # lines that are named at the end; errors.jsonl has all
ERRORS = "errors.jsonl"


def batch(
    file: Annotated[
        str, ask.argument("FILE", "A .txt file with a prompt a line, or a .jsonl or .csv file with options.")
    ],
    out: Annotated[
        str | None,
        ask.text_option(
            "--out", "DIR", "Folder to fill; the same command again continues there. Default: outputs/FILE."
        ),
    ] = None,
    kind: Annotated[str, ask.text_option("--kind", "KIND", "image or video, for lines that do not say.")] = "image",
    format: Annotated[
        str | None, ask.text_option("--format", "NAME", "png, jpg or webp; of clips mp4, webm, gif or webp.")
    ] = None,
    style: ask.Style = None,
    size: ask.Size = None,
    negative_prompt: ask.NegativePrompt = None,
    steps: ask.Steps = None,
    guidance: ask.Guidance = None,
    seed: Annotated[
        int | None, ask.int_option("--seed", 7, "Seed of all lines that have none. Default: a new one for each.")
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", metavar="S", parser=ask.decimal("--seconds", 5), help="Length of clips. Default: 5."),
    ] = None,
    model: ask.Model = None,
    runtime: ask.Runtime = "auto",
    threads: ask.Threads = None,
    precision: ask.Precision = None,
    device: ask.Device = "auto",
    offload: ask.Offload = "auto",
    ray: ask.OnRay = False,
    no_metadata: ask.NoMetadata = False,
    no_marking: ask.NoMarking = False,
    quiet: ask.Quiet = False,
    as_json: ask.Json = False,
) -> None:
    """Draw the prompts of a file into a folder. What is there is not drawn again; a line that fails stops no other."""
    from mutoscope.batch.drawing import Batch
    from mutoscope.batch.lines import read_batch
    from mutoscope.engines import EngineSettings

    options = {"style": style, "negative_prompt": negative_prompt, "num_inference_steps": steps, "guidance_scale": guidance,
               "seed": seed, "duration_seconds": seconds, **ask.ask_size(size, None, None)}  # fmt: skip
    endings = choose_endings(kind, format)
    lines = read_batch(Path(file))
    if ray:
        need_ray()
    work = Batch(
        folder=naming.folder(out or str(choose_folder(file)), "batch"),
        kind=kind,
        options={name: value for name, value in options.items() if value is not None},
        endings=endings,
        model=model,
        engine=EngineSettings(runtime, threads, precision, device, offload),
        metadata=not no_metadata,
        marking=not no_marking,
    )
    run(work, lines, ray=ray, quiet=quiet, as_json=as_json)


def choose_folder(file: str) -> Path:
    """Return outputs/NAME: the same one each time, so that the same command continues."""
    naming.FOLDER.mkdir(exist_ok=True)
    return naming.FOLDER / naming.slug(Path(file).stem, "batch")


def choose_endings(kind: str, format: str | None) -> dict[str, str]:
    """Return the endings of pictures and clips; SettingError."""
    if kind not in ("image", "video"):
        raise SettingError(f"--kind must be image or video, got {kind[:40]!r}")
    known = {one: naming.endings(moves=one == "video") for one in ("image", "video")}
    chosen = {one: endings[0] for one, endings in known.items()}
    if format is not None:
        ending = f".{format.lower().removeprefix('.')}"
        if ending not in known[kind]:
            raise SettingError(f"--format of {kind} must be one of {', '.join(known[kind])}, got {format[:40]!r}")
        chosen[kind] = ending
    return chosen


def need_ray() -> None:
    """Raise MissingExtraError without Ray, before anything is opened."""
    from importlib.util import find_spec

    from mutoscope.errors import MissingExtraError

    if find_spec("ray") is None:
        raise MissingExtraError("Ray", "cluster")


def run(work: Any, lines: list[Any], *, ray: bool, quiet: bool, as_json: bool) -> None:
    """Draw what is not there; MutoscopeError at the end where lines failed."""
    from mutoscope.batch.manifest import Manifest

    manifest, failed = Manifest(work.folder), []
    done = {line.number for line in lines if work.is_done(line)}
    todo = [line for line in lines if line.number not in done]
    for line in lines:
        if line.number in done:
            for name in work.names_of(line):
                manifest.find(line.number, name)
    if done and not quiet:
        note(f"{len(done)} of {len(lines)} lines are there already")
    try:
        for outcome in on_ray(work, todo) if ray else here(work, todo, len(lines), quiet):
            for row in outcome.rows:
                manifest.add(row)
                show(work.folder, row, quiet, as_json)
            if outcome.error:
                failed.append(outcome)
    finally:
        manifest.close()
    complain_of(work.folder, failed, len(lines))


def here(work: Any, todo: list[Any], total: int, quiet: bool) -> Iterator[Any]:
    """Draw lines one after the other, with bars."""
    from mutoscope.events import Event

    for place, line in enumerate(todo, total - len(todo)):
        first = Event("batch", place, total, message=line.prompt[:60])
        yield watch(chain([first], work.stream(line)), quiet=quiet)


def on_ray(work: Any, todo: list[Any]) -> Iterator[Any]:
    """Draw lines on a cluster; every machine must see the folder under the same path."""
    from mutoscope.batch.drawing import Outcome
    from mutoscope.cluster.data import ray_spread

    return ray_spread(work.draw, todo, lambda line: Outcome(line, error="its worker died"), RAY_CHUNK)


def show(folder: Path, row: dict[str, Any], quiet: bool, as_json: bool) -> None:
    """Print a file that is finished; its warnings go to stderr."""
    if not quiet:
        for warning in row["warnings"]:
            note(f"mutoscope: line {row['line']}: warning: {warning}")
    say(json.dumps({**row, "file": str(folder / row["file"])}) if as_json else folder / row["file"])


def complain_of(folder: Path, failed: list[Any], total: int) -> None:
    """Name the lines that failed, keep all of them in errors.jsonl, and fail where there are any."""
    from mutoscope.media.storage import write_bytes

    path = folder / ERRORS
    if not failed:
        return path.unlink(missing_ok=True)
    rows = [{"line": one.line.number, "prompt": one.line.prompt, "error": one.error} for one in failed]
    write_bytes(path, "".join(json.dumps(row) + "\n" for row in rows).encode())
    for one in failed[:MAX_COMPLAINTS]:
        note(f"line {one.line.number}: {one.error}")
    raise MutoscopeError(
        f"{len(failed)} of {total} lines failed ({path} has them); the others are drawn. Mend the lines and run the command again"
    )


COMMANDS = {
    "batch": (
        batch,
        """
mutoscope batch prompts.txt
mutoscope batch prompts.csv --out campaign --style watercolor --size 3:2 --seed 7
mutoscope batch clips.jsonl --kind video --seconds 3 --format webm
mutoscope batch prompts.txt --model sdxl-turbo --device cuda
mutoscope batch prompts.txt --out /shared/campaign --ray""",
    ),
}
