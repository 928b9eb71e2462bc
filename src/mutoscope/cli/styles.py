"""The verb styles: what styles there are, and a sheet that shows them all for one prompt."""

import json
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from mutoscope.cli import arguments as ask
from mutoscope.cli import loading, naming
from mutoscope.cli.console import note, say, table, watch
from mutoscope.cli.generate import Way
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
        bool, typer.Option("--sheet", help="Draw one prompt in every style, one seed, into one file.")
    ] = False,
    output: ask.Output = None,
    size: ask.Size = None,
    steps: ask.Steps = None,
    seed: Annotated[
        str | None, typer.Option("--seed", metavar="N", parser=ask.text, help=f"Of the sheet's pictures; {SHEET_SEED}.")
    ] = None,
    model: ask.Model = None,
    runtime: ask.Runtime = "auto",
    threads: ask.Threads = None,
    quiet: ask.Quiet = False,
    as_json: ask.Json = False,
) -> None:
    """List the styles, or draw a sheet of them all."""
    from mutoscope.prompt.styles import known_styles, own_styles

    if sheet:
        way = Way(model, runtime, threads, quiet=quiet, as_json=as_json)
        draw_sheet(SHEET_PROMPT if prompt is None else prompt, output, size, steps, seed, way)
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
    prompt: str, output: str | None, size: str | None, steps: int | None, seed: str | None, way: Way
) -> None:
    """Draw a prompt in every style into one picture file, each over its name."""
    from mutoscope.media import Provenance, write_picture
    from mutoscope.models import SOFTWARE
    from mutoscope.prompt.styles import styles as names

    settings: dict[str, Any] = {"seed": ask.read_seed(str(SHEET_SEED) if seed is None else seed)}
    settings |= ask.ask_size(size, None, None) | ({} if steps is None else {"num_inference_steps": steps})
    loading.check_request(prompt=prompt, **settings)
    (target,) = naming.plan(output, f"{naming.slug(prompt)}-styles", 1, moves=False)
    strange = find_strange(prompt, list(names()), way.model)
    if strange and not way.quiet:
        note(f"mutoscope: warning: the model was never shown {', '.join(strange)}")
    labels = {name: f"{name} (not known)" if name in strange else name for name in names()}
    pixels = watch(_every_style(way.load(loading.load_image_model), prompt, labels, settings), quiet=way.quiet)
    provenance = Provenance(None, None, SOFTWARE, way.marking)
    file = target.write(lambda path, exclusive: write_picture(pixels, path, provenance, exclusive=exclusive))
    facts = {"file": str(file), "prompt": prompt, "styles": list(labels), "not_known": strange, **settings}
    say(json.dumps(facts, ensure_ascii=True) if way.as_json else file)


def find_strange(prompt: str, names: list[str], model: str | None) -> list[str]:
    """Return the styles that a checkpoint was never shown."""
    from mutoscope.advice import strange_styles
    from mutoscope.checkpoint import open_checkpoint
    from mutoscope.prompt.request import Request
    from mutoscope.prompt.styles import ask_styles

    checkpoint = open_checkpoint(model, verify=False)
    return [name for name in names if strange_styles(Request(prompt, **ask_styles(name)), checkpoint)]


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


VERBS = {
    "styles": (
        styles,
        """
mutoscope styles
mutoscope styles --sheet
mutoscope styles --sheet "A harbour at dusk" --seed 7 -o styles.png
mutoscope styles --json""",
    ),
}
