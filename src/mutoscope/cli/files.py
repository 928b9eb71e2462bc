"""The commands `info`, how a file was made, and `redo`, make it again."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from mutoscope.cli import arguments as ask
from mutoscope.cli import loading, naming
from mutoscope.cli.console import complain, explain, note, say, table
from mutoscope.cli.generate import RunOptions, draw
from mutoscope.errors import MediaError, MutoscopeError

File = Annotated[str, typer.Argument(metavar="FILE", parser=ask.text, help="A picture or clip made by Mutoscope.")]
Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...", parser=ask.text, help="Pictures, clips, adapters, LoRA files, models: files or folders."
    ),
]
NOTE_LETTERS = 200  # of what another program wrote into a file
MAX_NAMED_WORDS = 60  # of the captions of a model of own pictures


def info(files: Files, as_json: ask.Json = False) -> int:
    """Show what a file, adapter or model is and how it was made.

    Files that cannot be read are reported and do not stop the others; the exit code is 1 then.
    """
    codes = []
    for position, name in enumerate(files):
        try:
            facts: dict[str, Any] = {"file": name, **describe(Path(name))}
        except (MutoscopeError, OSError) as error:
            reason, code = explain(error)
            codes.append(code)
            complain(reason)
            if as_json:
                say(json.dumps({"file": name, "error": reason}, ensure_ascii=True))
            continue
        if as_json:
            say(json.dumps(facts, ensure_ascii=True))
        else:
            say() if position else None
            table(_rows(facts))
    return 0 if not codes else codes[0] if len(files) == 1 else 1


def describe(path: Path) -> dict[str, Any]:
    """Return everything known about a file or a model's folder; raises MediaError or CheckpointError."""
    if path.is_dir():
        from mutoscope.engines import is_own

        return describe_checkpoint(path) if is_own(path) else describe_model(path)
    if path.suffix.lower() == ".safetensors" and path.is_file():
        return describe_weights(path)
    from mutoscope.media import read_info

    facts = dict(read_info(path))
    text = facts.pop("request_json", None)
    facts["request"] = read_json(text, path) if text else None
    return facts


def describe_checkpoint(folder: Path) -> dict[str, Any]:
    """Return name, preset, hash, known words and licence of a checkpoint folder, and of own pictures the words themselves; CheckpointError.

    The files' own hashes are not checked; `mutoscope doctor --model` does that.
    """
    from mutoscope.checkpoint import open_checkpoint

    checkpoint = open_checkpoint(folder, verify=False)
    words = sorted(checkpoint.own_words)
    more = f" and {len(words) - MAX_NAMED_WORDS:,} more" if len(words) > MAX_NAMED_WORDS else ""
    return {
        "format": "checkpoint",
        "name": checkpoint.name,
        "preset": checkpoint.config.preset,
        "hash": checkpoint.hash,
        "known_words": len(checkpoint.taught_words),
        **({"words_of_its_captions": ", ".join(words[:MAX_NAMED_WORDS]) + more} if words else {}),
        "object_library": "used" if checkpoint.learned_world else "not used: it draws what it learned",
        "licence": checkpoint.card["licence"],
        "samples": {stage: facts["samples"] for stage, facts in checkpoint.card.get("stages", {}).items()},
        "bytes": sum(part.stat().st_size for part in folder.rglob("*") if part.is_file()),
    }


def describe_model(path: Path) -> dict[str, Any]:
    """Return class, components and precision of a model made elsewhere; raises CheckpointError."""
    from mutoscope.cli.models import describe
    from mutoscope.hub.headers import spell_bytes

    facts = describe(str(path.absolute()))
    parts = {
        part: ", ".join(f"{spell_bytes(count)} {dtype}" for dtype, count in counts.items())
        for part, counts in facts["components"].items()
    }
    about = {key: facts[key] for key in ("class", "precision") if key in facts}
    return {"format": "model made elsewhere", **about, "components": parts}


def describe_weights(path: Path) -> dict[str, Any]:
    """Return what a .safetensors file holds: an adapter of ours, a LoRA of another program, or a whole model; raises CheckpointError."""
    from mutoscope.adapter import holds_foreign_lora, is_adapter

    if is_adapter(path):
        return describe_adapter(path)
    return describe_lora(path) if holds_foreign_lora(path) else describe_model(path)


def describe_lora(path: Path) -> dict[str, Any]:
    """Return networks, layers and ranks of a LoRA of another program, and what its trainer wrote down; raises CheckpointError."""
    from safetensors import safe_open

    from mutoscope.engines.diffusers.lora_keys import DOWN, HEADS, count_layers, split_key
    from mutoscope.hub.headers import read_header

    header = read_header(path)
    with safe_open(path, "np") as file:
        notes = file.metadata() or {}
    splits = {key: split_key(key) for key in header}
    ranks = {header[key].shape[0] for key, split in splits.items() if split and split[1] == DOWN}
    networks = {HEADS[head] for key in header for head in HEADS if key.startswith(head)}
    return {
        "format": "LoRA made elsewhere",
        "networks": sorted(networks),
        "layers": count_layers(header),
        "ranks": sorted(ranks),
        "precision": sorted({tensor.dtype for tensor in header.values()}),
        "bytes": path.stat().st_size,
        "noted": {key: value[:NOTE_LETTERS] for key, value in notes.items()},
    }


def describe_adapter(path: Path) -> dict[str, Any]:
    """Return what an adapter file says of itself; raises CheckpointError."""
    from mutoscope.adapter import open_adapter

    adapter = open_adapter(path)
    facts = {key: value for key, value in dataclasses.asdict(adapter.facts).items() if key != "words"}
    return {"format": "adapter", **facts, "hash": adapter.hash, "bytes": path.stat().st_size}


def read_json(text: str, path: Path) -> dict[str, Any]:
    """Return the request of a file as a dict; MediaError when it is not JSON."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise MediaError(f"{path}: the request inside is damaged ({error})") from error


def _rows(facts: dict[str, Any]) -> list[tuple[str, object]]:
    """Return the facts as lines, those of the request and of other groups indented below their name."""
    rows: list[tuple[str, object]] = []
    for name, value in facts.items():
        if name == "parameters" and facts.get("request"):
            continue  # the request in another spelling
        if isinstance(value, dict):
            fields = _with_defaults(value) if name == "request" else value
            rows += [(name, ""), *((f"  {key}", _spell_field(key, part)) for key, part in fields.items())]
        else:
            rows.append((name, _shown(value)))
    return rows


def _with_defaults(request: dict[str, Any]) -> dict[str, Any]:
    """Return every field of a request: files leave out those that say nothing. Fields this version does not know come last."""
    from mutoscope.prompt.request import Request

    known = {item.name: item.default for item in dataclasses.fields(Request)}
    usual = {name: None if value is dataclasses.MISSING else value for name, value in known.items()}
    return {**usual, **request}


def _spell_field(name: str, value: Any) -> object:
    """Return a field of a request as a person reads it: `lake (scene), sunset (light)`, `two foxes` and so on."""
    try:
        if value and name == "facts":
            return ", ".join(f"{_weigh(fact['name'], fact.get('weight', 1))} ({fact['kind']})" for fact in value)
        if value and name == "styles":
            return ", ".join(_weigh(style["name"], style.get("strength", 1)) for style in value)
        if value and name == "objects":
            items = (
                f"{one['count']} {one.get('color', '')} {one['noun']} {one.get('side', '')}" for one in value["objects"]
            )
            place = f" in {value['place']}" if value.get("place") else ""
            return ", ".join(" ".join(item.split()) for item in items) + place
        if value and name in ("segments", "negative_segments"):
            return " | ".join(_weigh(text, weight) for text, weight in value)
    except (KeyError, TypeError, ValueError, AttributeError):
        pass  # made by another version: shown as it stands
    return _shown(value)


def _weigh(words: str, weight: float) -> str:
    return words if weight == 1 else f"({words}:{weight:g})"


def _shown(value: Any) -> object:
    """Return a value as it stands in a line: words, numbers and lists of them plainly, anything nested as JSON."""
    if value is None or value in ("", [], (), {}):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple) and not any(isinstance(part, list | tuple | dict) for part in value):
        return ", ".join(map(str, value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | tuple | dict) else value


def redo(
    file: File,
    output: ask.Output = None,
    seed: Annotated[
        str | None,
        typer.Option("--seed", metavar="N", parser=ask.text, help="Another seed; +1 is the one after the file's."),
    ] = None,
    prompt: Annotated[
        str | None, typer.Option("--prompt", metavar="PROMPT", parser=ask.text, help="Another prompt.")
    ] = None,
    style: Annotated[
        str | None, typer.Option("--style", metavar="STYLE", parser=ask.text, help="Another style, or none.")
    ] = None,
    size: ask.Size = None,
    width: ask.Width = None,
    height: ask.Height = None,
    negative_prompt: ask.NegativePrompt = None,
    steps: ask.Steps = None,
    guidance: ask.Guidance = None,
    vary: ask.Vary = None,
    vary_seed: ask.VarySeed = None,
    image: ask.SameImage = None,
    mask: ask.SameMask = None,
    adapter: ask.Adapter = None,
    postprocess: ask.Postprocess = None,
    model: ask.Model = None,
    runtime: ask.Runtime = "auto",
    threads: ask.Threads = None,
    precision: ask.SamePrecision = None,
    device: ask.Device = "auto",
    offload: ask.Offload = "auto",
    no_metadata: ask.NoMetadata = False,
    no_marking: ask.NoMarking = False,
    quiet: ask.Quiet = False,
    as_json: ask.Json = False,
) -> None:
    """Make a file again from its metadata, the same or with changes."""
    path = Path(file)
    old = read_request(path)
    model = loading.find_maker(old) if model is None else model
    run = RunOptions(
        model, runtime, threads, precision, device, offload, not no_metadata, not no_marking, quiet, as_json
    )
    from mutoscope.init_image import check_init_image

    init_image = loading.read_init_image(image, mask)
    check_init_image(init_image, old.image_hash, old.mask_hash)
    changes = {
        "prompt": prompt, "style": style, "negative_prompt": negative_prompt, "num_inference_steps": steps,
        "guidance_scale": guidance, "adapter": adapter, "postprocess": postprocess, "precision": precision,
        "init_image": init_image,
        "seed": None if seed is None else ask.read_seed(seed, old.seed), **ask.ask_size(size, width, height),
        **ask.read_variation(vary, vary_seed, old.variation, old.variation_seed),
    }  # fmt: skip
    drawer = run.open_video_model() if old.is_clip else run.open_image_model()
    new = drawer.revise(old, **changes)
    stem = f"{naming.slug(new.prompt, 'clip' if old.is_clip else 'picture')}-{new.seed}"
    targets = naming.plan(output, stem, 1, moves=old.is_clip, ending=path.suffix.lower())
    if not quiet:
        warn_of_other_maker(path, old, new)
    draw(drawer, [new], init_image, targets, run)


def warn_of_other_maker(path: Path, old: Any, new: Any) -> None:
    """Say in one line that a file was made by another model or version, so that its pixels will differ."""
    if new.model_hash != old.model_hash:
        note(f"mutoscope: warning: {path} was made by {old.model or 'a model'} {old.model_hash[:12]}, this is {new.model} "
             f"{new.model_hash[:12]}; the pixels differ")  # fmt: skip
    elif new.made_with != old.made_with:
        note(f"mutoscope: warning: {path} was made with {old.made_with or 'other libraries'}, this is {new.made_with}; the pixels "
             "can differ")  # fmt: skip
    elif new.sampler_version != old.sampler_version:
        note(f"mutoscope: warning: {path} was made by sampler version {old.sampler_version}, this is version "
             f"{new.sampler_version}; the prompt is read anew and the pixels differ")  # fmt: skip


def read_request(path: Path) -> Any:
    """Return the Request inside a file; MediaError when there is none."""
    from mutoscope.media import read_info
    from mutoscope.prompt.parameters import read_parameters, spell_command
    from mutoscope.prompt.request import Request

    facts = read_info(path)
    if facts["request_json"]:
        return Request.from_json(facts["request_json"])
    if facts["parameters"]:
        command = spell_command(read_parameters(facts["parameters"]))
        raise MediaError(
            f"{path} was made by another program, so it cannot be made again; its prompt is drawn by: {command}"
        )
    raise MediaError(f"{path} holds no request (made elsewhere, or with --no-metadata), so it cannot be made again")


COMMANDS = {
    "info": (info, "\nmutoscope info outputs/lake_sunset.png\nmutoscope info --json outputs/*.mp4"),
    "redo": (
        redo,
        """
mutoscope redo lake.png
mutoscope redo lake.png --seed +1
mutoscope redo lake.png --vary 0.2
mutoscope redo winter.png --image lake.png
mutoscope redo lake.png --style watercolor --steps 32 -o lake2.png
mutoscope redo lake.png --size 1024x1024
mutoscope redo lake.png --adapter mystyle:0.5
mutoscope redo lake.png --adapter none""",
    ),
}
