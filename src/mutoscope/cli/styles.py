"""The command `styles`: what styles there are, and a sheet that shows them all for one prompt."""

import json
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from mutoscope.cli import arguments as ask
from mutoscope.cli import naming
from mutoscope.cli.console import note, say, table, watch
from mutoscope.cli.generate import RunOptions
from mutoscope.errors import SettingError
from mutoscope.events import Event, Phase

SHEET_PROMPT, SHEET_SEED = "A mountain lake with pine trees at sunset", 3
COLUMNS = 4


def styles(
    prompt: Annotated[
        str | None,
        typer.Argument(metavar="[PROMPT]", parser=ask.text, help=f"With --sheet: what to draw; {SHEET_PROMPT!r}."),
    ] = None,
    sheet: Annotated[
        bool, typer.Option("--sheet", help="Draw one prompt in every style, with one seed, into one file.")
    ] = False,
    output: ask.Output = None,
    size: ask.Size = None,
    steps: ask.Steps = None,
    seed: Annotated[
        str | None,
        typer.Option("--seed", metavar="N", parser=ask.text, help=f"Seed of all pictures. Default: {SHEET_SEED}."),
    ] = None,
    model: ask.Model = None,
    runtime: ask.Runtime = "auto",
    threads: ask.Threads = None,
    precision: ask.Precision = None,
    device: ask.Device = "auto",
    offload: ask.Offload = "auto",
    quiet: ask.Quiet = False,
    as_json: ask.Json = False,
) -> None:
    """List the styles, or draw a sheet of them all."""
    from mutoscope.prompt.styles import known_styles, own_styles

    if sheet:
        run = RunOptions(model, runtime, threads, precision, device, offload, quiet=quiet, as_json=as_json)
        draw_sheet(SHEET_PROMPT if prompt is None else prompt, output, size, steps, seed, run)
        return
    if prompt is not None:
        raise SettingError(f"styles takes a prompt with --sheet alone: mutoscope styles --sheet {prompt[:40]!r}")
    found = {**known_styles(), **own_styles()}
    if as_json:
        say(json.dumps({name: _facts(style) for name, style in found.items()}, ensure_ascii=True))
    else:
        table([(name, style.about or style.words) for name, style in found.items()])


def _facts(style: Any) -> dict[str, Any]:
    return {"words": style.words, "about": style.about, "aliases": list(style.aliases),
            "template": style.template, "negative": style.negative}  # fmt: skip


def draw_sheet(
    prompt: str, output: str | None, size: str | None, steps: int | None, seed: str | None, run: RunOptions
) -> None:
    """Draw a prompt in every style into one picture file, each over its name."""
    from mutoscope.media import Provenance, write_picture
    from mutoscope.models import SOFTWARE
    from mutoscope.prompt.styles import styles as words_of_styles

    settings: dict[str, Any] = {"seed": ask.read_seed(str(SHEET_SEED) if seed is None else seed)}
    settings |= ask.ask_size(size, None, None) | ({} if steps is None else {"num_inference_steps": steps})
    model = run.open_image_model()
    model.requests(model.options(prompt, **settings))  # wrong options are refused before a file is named
    (target,) = naming.plan(output, f"{naming.slug(prompt)}-styles", 1, moves=False)
    words = words_of_styles()
    unknown = find_unknown(words, model)
    if unknown and not run.quiet:
        note(f"mutoscope: warning: the model was never shown {', '.join(unknown)}")
    labels = {name: f"{name} (not known)" if name in unknown else name for name in words}
    pixels = watch(_every_style(model, prompt, labels, settings), quiet=run.quiet)
    provenance = Provenance(None, None, SOFTWARE, run.marking)
    file = target.write(lambda path, exclusive: write_picture(pixels, path, provenance, exclusive=exclusive))
    facts = {"file": str(file), "prompt": prompt, "styles": list(labels), "not_known": unknown, **settings}
    say(json.dumps(facts, ensure_ascii=True) if run.as_json else file)


def find_unknown(words: dict[str, str], model: Any) -> list[str]:
    """Return the names of the styles, {name: words}, that a model was never shown."""
    from mutoscope.prompt.styles import known_styles

    package, capabilities = known_styles(), model.engine.capabilities
    return [
        name
        for name, said in words.items()
        if not capabilities.knows_style(name, said, name in package and package[name].words == said)
    ]


def _every_style(model: Any, prompt: str, labels: dict[str, str], settings: dict[str, Any]) -> Iterator[Event]:
    """Yield an event a style, the last with the sheet, uint8 (H, W, 3)."""
    from mutoscope.series.layout import sheet_of

    drawing = Phase("styles", len(labels))
    yield drawing.start()
    cells = []
    for name, label in labels.items():
        cells.append((model.generate(prompt, style=name, **settings).pixels, label))
        yield drawing.advance()
    yield Event("done", 1, 1, 0.0, result=sheet_of(prompt, cells, COLUMNS))


COMMANDS = {
    "styles": (
        styles,
        """
mutoscope styles
mutoscope styles --sheet
mutoscope styles --sheet "A harbour at dusk" --seed 7 -o styles.png
mutoscope styles --json""",
    ),
}
