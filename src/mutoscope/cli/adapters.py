"""The commands of `mutoscope adapters`: what there is, what one says of itself, how strong it should be, take one away."""

import json
from pathlib import Path
from typing import Annotated, Any

from mutoscope.cli import arguments as ask
from mutoscope.cli import loading, naming
from mutoscope.cli.arguments import argument, text_option
from mutoscope.cli.console import note, say, table
from mutoscope.errors import CheckpointError, SettingError

STRENGTHS = "0,0.4,0.7,1,1.3"
MOST_PICTURES = 64  # of a sheet
Name = Annotated[str, argument("NAME", "Name of one of your adapters, or a file.")]


def list_adapters(as_json: ask.Json = False) -> None:
    """List the adapters in your folder."""
    from mutoscope.adapter import adapters_folder, known_adapters

    rows = [_describe(name) for name in known_adapters()]
    if as_json:
        for row in rows:
            say(json.dumps(row, ensure_ascii=True))
        return
    if rows:
        table([(row["name"], _line(row)) for row in rows])
    else:
        note(f"no adapters in {adapters_folder()}; make one: mutoscope adapt -h")


def show(name: Name, as_json: ask.Json = False) -> None:
    """Show what an adapter says of itself: model, word, pictures, licence."""
    facts = _describe(name)
    if as_json:
        say(json.dumps(facts, ensure_ascii=True))
    else:
        table([(key, value) for key, value in facts.items() if value not in ("", None)])


def remove(name: Name) -> None:
    """Remove an adapter of your folder."""
    from mutoscope.adapter import adapters_folder, known_adapters
    from mutoscope.errors import did_you_mean

    known = known_adapters()
    if name not in known:
        raise SettingError(f"no adapter {name[:80]!r} in {adapters_folder()}{did_you_mean(name, known)}")
    path = _path(name)
    path.unlink()
    note(f"removed {path}")


def sheet(
    name: Name,
    prompt: Annotated[str | None, argument("[PROMPT]", "What to draw. Default: the adapter's word.")] = None,
    strengths: Annotated[str, text_option("--strengths", "LIST", "Strengths, separated by commas.")] = STRENGTHS,
    output: Annotated[
        str | None, text_option("-o --output", "FILE", "Output file. Default: outputs/NAME-sheet.png.")
    ] = None,
    seed: ask.Seed = None,
    size: ask.Size = None,
    steps: ask.Steps = None,
    model: ask.Model = None,
    threads: ask.Threads = None,
    quiet: ask.Quiet = False,
) -> None:
    """Draw one prompt with one seed at several strengths of an adapter, side by side."""
    from mutoscope import __version__
    from mutoscope.media import Provenance, write_picture

    scales = read_strengths(strengths)
    facts = _describe(name)
    words = str(prompt or facts["word"] or facts["name"])
    (target,) = naming.plan(output, f"{naming.slug(facts['name'])}-sheet", 1, moves=False)
    options = {
        "seed": 0 if seed is None else ask.read_seed(seed),
        "num_inference_steps": steps,
        **ask.ask_size(size, None, None),
    }
    drawer = loading.open_image_model(model, threads=threads)
    pixels = draw_strengths(drawer, words, name, scales, options, quiet)
    provenance = Provenance(None, None, f"Mutoscope {__version__}", marking=True)
    say(target.write(lambda path, exclusive: write_picture(pixels, path, provenance, exclusive=exclusive)))


def draw_strengths(
    drawer: Any, prompt: str, name: str, scales: list[float], options: dict[str, Any], quiet: bool
) -> Any:
    """Return a sheet (H, W, 3) uint8: a picture for each strength, with the strength under it."""
    from mutoscope.evaluate.sheets import WHITE, add_label, make_grid

    cells = []
    for scale in scales:
        if not quiet:
            note(f"strength {scale:g}")
        picture = drawer.generate(prompt, adapter=f"{name}:{scale:g}", **options)
        cells.append(add_label(picture.pixels, [f"{Path(name).stem}:{scale:g}"], WHITE))
    return make_grid(cells, len(cells))


def read_strengths(words: str) -> list[float]:
    """Return the numbers of a list such as "0,0.5,1"; SettingError for anything else."""
    try:
        found = [float(word) for word in words.split(",") if word.strip()]
    except ValueError:
        found = []
    if not 1 <= len(found) <= MOST_PICTURES:
        raise SettingError(f"--strengths takes 1 to {MOST_PICTURES} numbers such as {STRENGTHS}, got {words[:80]!r}")
    return found


def _describe(name: str) -> dict[str, Any]:
    """Return the facts of an adapter: its own, or for a LoRA of another program what the file's header says."""
    from dataclasses import asdict

    from mutoscope.adapter import find_adapter, holds_foreign_lora

    try:
        adapter = find_adapter(name)
    except CheckpointError as error:
        path = _path(name)
        if not holds_foreign_lora(path):
            return {
                "name": path.stem,
                "word": "",
                "file": str(path),
                "bytes": path.stat().st_size,
                "damaged": str(error),
            }
        return _describe_foreign(path)
    facts = asdict(adapter.facts)
    words = facts.pop("words")
    held = {"words": len(words), "hash": adapter.hash, "file": str(adapter.path), "bytes": adapter.path.stat().st_size}
    return {**facts, "name": adapter.path.stem, **held}


def _describe_foreign(path: Path) -> dict[str, Any]:
    from safetensors import safe_open

    with safe_open(path, "np") as file:
        header = file.metadata() or {}
    base = (
        header.get("base")
        or header.get("modelspec.architecture")
        or header.get("ss_base_model_version")
        or "not stated"
    )
    facts = {key: header[key] for key in ("rank", "pictures", "licence") if key in header}
    return {
        "name": path.stem, "base": base, "word": header.get("word", ""), **facts, "kind": "LoRA for models made elsewhere",
        "file": str(path), "bytes": path.stat().st_size,
    }  # fmt: skip


def _path(name: str) -> Path:
    from mutoscope.adapter import ENDING, adapters_folder

    return (
        Path(name)
        if name.lower().endswith(ENDING) or "/" in name or "\\" in name
        else adapters_folder() / (name + ENDING)
    )


def _line(row: dict[str, Any]) -> str:
    """Return what the list says of an adapter behind its name."""
    if "damaged" in row:
        return "damaged: " + row["damaged"]
    kind = "full" if row.get("rank") == 0 else f"rank {row.get('rank', '?')}"
    learned = f"{row['pictures']} pictures, " if "pictures" in row else ""
    return f"{row['base']}, {kind}, {learned}{row['bytes'] / 1e6:.1f} MB"


COMMANDS = {
    "list": (list_adapters, "\nmutoscope adapters\nmutoscope adapters list --json"),
    "show": (show, "\nmutoscope adapters show mystyle"),
    "sheet": (
        sheet,
        """
mutoscope adapters sheet mystyle "a lake at sunset, mystyle"
mutoscope adapters sheet mystyle "a castle, mystyle" --strengths 0.5,1,1.5 -o strengths.png""",
    ),
    "rm": (remove, "\nmutoscope adapters rm mystyle"),
}
