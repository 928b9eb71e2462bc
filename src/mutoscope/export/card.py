"""What is known about a model: `build_card` gathers it from a training run, `model_card` tells it as a page.

Every number comes from what the run itself wrote down: `RUN/STAGE/log.jsonl` and `RUN/STAGE/machine.json`.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from mutoscope.checkpoint import Checkpoint
from mutoscope.config import GUIDANCE_TAUGHT, ModelConfig
from mutoscope.errors import CheckpointError
from mutoscope.world.grammar import vocabulary

STAGES = ("codec", "decoder", "clip", "image", "video")  # `distil` is told of students only
NOT_MEASURES = ("samples", "seconds", "loss", "samples_per_second", "norm", "rate_factor")  # keys every log line has
FUNCTION_WORDS = tuple(
    "a about above across after against all along among an and another any are around as at be before behind below "
    "beneath beside between beyond both but by can do down during each every few for from has have her here his how in "
    "inside into is it its just like many more most much my near no not of off on one only onto or other our out outside "
    "over past please several she he show some that the their them then there these they this those through to toward "
    "towards two three four under until up upon us very view was we were what when where which while who with within "
    "without you your picture image video clip scene draw make".split()
)  # words that say how things stand together; asking with them is no reason for a warning

WORLD = {
    "name": "rendered world of this project",
    "licence": "CC0-1.0",
    "use": "every picture and clip, and their captions",
}
MINILM = {
    "name": "all-MiniLM-L6-v2",
    "licence": "Apache-2.0",
    "use": "first weights and word pieces of the text tower, before training",
}
WORDNET = {
    "name": "WordNet 3.0 glosses",
    "licence": "WordNet licence",
    "use": "free English that keeps the text tower near MiniLM while it learns the captions",
}

FEW_STEP = (
    "Draws in 1 to 4 steps: a student of the transformer that the stages before `distil` made. It takes guidance from "
    f"{GUIDANCE_TAUGHT[0]:g} to {GUIDANCE_TAUGHT[1]:g} as an input, and no negative prompt."
)


def build_card(run: Path, config: ModelConfig, name: str) -> dict[str, Any]:
    """Return what `config.json` of a checkpoint says beside sizes and hashes; CheckpointError for a damaged log."""
    told = (*STAGES, "distil") if config.transformer.few_step else STAGES
    stages = {stage: read_stage(run / stage) for stage in told if (run / stage / "log.jsonl").is_file()}
    return {
        "name": name,
        "licence": "Apache-2.0",
        "known_words": sorted({*_words(stages), *FUNCTION_WORDS}),
        "stages": stages,
        "sources": sources(stages, config),
        "notes": _page(run / "notes.md"),
        "evaluation": _page(run / "evaluation" / "report.md"),
    }


def _words(stages: dict[str, dict[str, Any]]) -> set[str]:
    """Return the words of the captions that the transformer saw; those of the grammar where no stage wrote them down."""
    words = {name: stage.pop("words") for name, stage in stages.items()}
    return {*words.get("image", ()), *words.get("video", ())} or set(vocabulary())


def _page(path: Path) -> str:
    """Text of a page that people or the judge left in the run's folder; empty when there is none."""
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""


def read_stage(folder: Path) -> dict[str, Any]:
    """Return samples, seconds, last measures, hardware and data of one stage."""
    log, machine = folder / "log.jsonl", folder / "machine.json"
    try:
        last: dict[str, Any] = {}
        for text in log.read_text(encoding="utf-8").splitlines():
            last |= json.loads(text)
        known = json.loads(machine.read_text(encoding="utf-8")) if machine.is_file() else {}
        measures = {key: value for key, value in last.items() if key not in NOT_MEASURES}
        return {"samples": int(last["samples"]), "seconds": float(last["seconds"]), "measures": measures,
                "hardware": list(known.get("hardware", [])), "data": list(known.get("data", [])),
                "words": list(known.get("words", []))}  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{folder}: its log or machine.json is damaged ({type(error).__name__}: {error})"
        ) from error


def sources(stages: dict[str, dict[str, Any]], config: ModelConfig) -> list[dict[str, str]]:
    """Return name, licence and use of everything the weights were made of."""
    folders = [folder for stage in stages.values() for folder in stage["data"]]
    foreign = {(folder["name"], licence) for folder in folders for licence in folder["licences"]
               if not _credited(folder, licence)}  # fmt: skip
    credited = {(one["source"], one["licence"]) for folder in folders for one in folder.get("credits", ())}
    found = [dict(WORLD)]
    found += [
        {"name": name, "licence": licence, "use": "things in the rendered scenes"} for name, licence in sorted(credited)
    ]
    found += [{"name": name, "licence": licence, "use": "training data"} for name, licence in sorted(foreign)]
    return found + ([dict(MINILM), dict(WORDNET)] if config.text.width == 384 else [])


def _credited(folder: dict[str, Any], licence: str) -> bool:
    """Say whether the world and the folder's credits account for a licence such as `CC0-1.0 AND OFL-1.1`."""
    told = {WORLD["licence"], *(one["licence"] for one in folder.get("credits", ()))}
    return licence == WORLD["licence"] or (
        WORLD["licence"] in licence.split(" AND ") and {*licence.split(" AND ")} <= told
    )


def model_card(checkpoint: Checkpoint) -> str:
    """Return the model's page as Markdown."""
    card, config = checkpoint.card, checkpoint.config
    stages = card.get("stages", {})
    blocks = [
        f"# Model card: {checkpoint.name}",
        "<!-- Made by `mutoscope export RUN --out DIR --card FILE`; every number was written down by the run. -->",
        "Draws pictures and clips of landscapes, water, weather and light from words, at 128 pixels. It knows what the data "
        "below shows and nothing else; no part of it but the text tower (see the sources) had been trained before.",
        _facts(checkpoint),
        "## Parts",
        _table(("part", "parameters", "stored as"), part_sizes(checkpoint)),
        f"Preset `{config.preset}`: transformer {config.transformer.width} wide and {config.transformer.depth} deep, text "
        f"tower {config.text.width} wide and {config.text.depth} deep, {config.codec.latent_channels} latent channels.",
        *([FEW_STEP] if config.transformer.few_step else []),
        "## Training",
        _table(("stage", "samples seen", "hours", "last measures"), [_stage_row(*item) for item in stages.items()])
        if stages
        else "Not trained: the weights are random.",
        "A sample is a picture, a clip or a pair of picture and caption, counted each time it is seen.",
        *([card["notes"]] if card.get("notes") else []),
        "## Hardware",
        _list(dict.fromkeys(text for stage in stages.values() for text in stage["hardware"])),
        "## Data",
        _table(("folder", "items", "frames", "size", "licence"), _data_rows(stages))
        if _data_rows(stages)
        else "- not recorded",
        "## Sources and licences",
        _table(
            ("source", "licence", "used for"), [(s["name"], s["licence"], s["use"]) for s in card.get("sources", ())]
        ),
        *(["## Judged", card["evaluation"]] if card.get("evaluation") else []),
    ]
    return "\n\n".join(blocks) + "\n"


def _facts(checkpoint: Checkpoint) -> str:
    size = sum(path.stat().st_size for path in checkpoint.folder.rglob("*") if path.is_file())
    needed = size - _bytes(checkpoint.folder / "encoder.safetensors")
    rows = [
        ("licence", checkpoint.card.get("licence", "-")),
        ("hash of the weights", f"`{checkpoint.hash}`"),
        ("on disk", f"{size / 1e6:.1f} MB, {needed / 1e6:.1f} MB of it for drawing"),
        ("known words", f"{len(checkpoint.known_words)}"),
    ]
    return _table(("fact", "value"), rows)


def part_sizes(checkpoint: Checkpoint) -> list[tuple[str, str, str]]:
    """Return (part, parameters, number format and megabytes) of every part, read from the heads of the files."""
    from safetensors import safe_open

    found: dict[str, list[Any]] = {}
    for file in ("weights.safetensors", "encoder.safetensors"):
        if not (checkpoint.folder / file).is_file():
            continue
        with safe_open(checkpoint.folder / file, framework="numpy") as tensors:
            for name in tensors.keys():  # noqa: SIM118 (it is no dict)
                view = tensors.get_slice(name)
                count = _product(view.get_shape())
                part = ".".join(name.split(".")[: 2 if name.startswith("codec.") else 1])
                total = found.setdefault(_part_name(part), [0, 0, set()])
                total[0] += 0 if name.endswith("::scale") else count
                total[1] += count * {"I8": 1, "F16": 2, "F32": 4}.get(view.get_dtype(), 4)
                total[2].add({"I8": "int8", "F16": "float16"}.get(view.get_dtype(), view.get_dtype()))
    return [(part, f"{count:,}", f"{' and '.join(sorted(kinds))}, {size / 1e6:.2f} MB")
            for part, (count, size, kinds) in found.items()]  # fmt: skip


@cache
def _part_name(part: str) -> str:
    names = {"text": "text tower", "codec.decoder": "decoder", "codec.encoder": "encoder (for training only)",
             "codec.mean": "decoder", "codec.deviation": "decoder",
             "image_tower": "image tower (for training only)"}  # fmt: skip
    return names.get(part, part)


def _stage_row(name: str, stage: dict[str, Any]) -> tuple[str, ...]:
    measures = ", ".join(
        f"{key} {value:g}" for key, value in stage["measures"].items() if isinstance(value, int | float)
    )
    return name, f"{stage['samples']:,}", f"{stage['seconds'] / 3600:.2f}", measures or "-"


def _data_rows(stages: dict[str, dict[str, Any]]) -> list[tuple[str, ...]]:
    rows = {folder["name"]: folder for stage in stages.values() for folder in stage["data"]}
    return [(name, f"{f['items']:,}", f"{f['frames']}", f"{f['width']} x {f['height']}", ", ".join(f["licences"]))
            for name, f in sorted(rows.items())]  # fmt: skip


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def _list(items: Any) -> str:
    return "\n".join(f"- {item}" for item in items) or "- not recorded"


def _bytes(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _product(shape: list[int]) -> int:
    total = 1
    for side in shape:
        total *= side
    return total
