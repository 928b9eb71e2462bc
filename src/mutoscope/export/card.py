"""What is known about a model: `build_card` gathers it from a training run, `model_card` tells it as a page.

Every number comes from what the run itself wrote down, `RUN/STAGE/log.jsonl` and `RUN/STAGE/machine.json`, or from the report
that `mutoscope evaluate --keep` put beside the weights. What neither holds is "not recorded" or "not measured".
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from mutoscope.checkpoint import Checkpoint
from mutoscope.config import GUIDANCE_TAUGHT, ModelConfig
from mutoscope.errors import CheckpointError
from mutoscope.export.figures import part_sizes, training_table
from mutoscope.export.pages import bullet_list, table
from mutoscope.objects import load_library
from mutoscope.run_folder import BEGUN
from mutoscope.shapes import NATIVE_SIDE
from mutoscope.world.grammar import vocabulary

STAGES = ("codec", "decoder", "clip", "image", "video")  # `distil` is told of students only
REPORT = "report.json"  # beside the weights; made by mutoscope evaluate --keep
NOT_MEASURES = ("samples", "seconds", "loss", "samples_per_second", "norm", "rate_factor")  # keys every log line has
FUNCTION_WORDS = tuple(
    "a about above across after against all along among an and another any are around as at be before behind below "
    "beneath beside between beyond both but by can do down during each every few for from has have her here his how in "
    "inside into is it its just like many more most much my near no not of off on one only onto or other our out outside "
    "over past please several she he show some that the their them then there these they this those through to toward "
    "towards two three four under until up upon us very view was we were what when where which while who with within "
    "without you your picture image video clip scene draw make".split()
)  # words that say how things stand together; asking with them is no reason for a warning

LICENCE = "Apache-2.0"  # of this project's own models
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

MINILM_WIDTH = 384  # of a text tower that begins with its weights

FEW_STEP = (
    "Draws in 1 to 4 steps: a student of the transformer that the stages before `distil` made. It takes guidance from "
    f"{GUIDANCE_TAUGHT[0]:g} to {GUIDANCE_TAUGHT[1]:g} as an input, and no negative prompt."
)


def build_card(run: Path, config: ModelConfig, name: str, licence: str = "") -> dict[str, Any]:
    """Return what `config.json` of a checkpoint says beside sizes and hashes; CheckpointError for a damaged log.

    `licence` is the model's; "" = that of its data, and "unknown" where one of these is.
    """
    names = (*STAGES, "distil") if config.transformer.few_step else STAGES
    stages = {stage: read_stage(run / stage) for stage in names if (run / stage / "log.jsonl").is_file()}
    begun = read_begun(run)
    earlier = _earlier_stages(begun)
    own_words = _collect_own_words(stages, begun)
    facts, words = _collect_facts(stages, begun), _collect_words(stages, begun)
    stages = {**earlier, **stages}
    return {
        "name": name,
        "licence": licence or find_licence(stages, begun),
        "world": learned_world(stages) or bool(begun.get("world")),
        "known_words": sorted({*words, *FUNCTION_WORDS}),
        "known_facts": facts,
        "own_words": own_words,
        "native_side": native_side(stages),
        "tile_side": tile_side(stages),
        "stages": stages,
        "sources": list_sources(stages, config),
        "notes": "\n\n".join(filter(None, (str(begun.get("notes") or ""), _read_page(run / "notes.md")))),
        "evaluation": _read_page(run / "evaluation" / "report.md"),
    }


def read_begun(run: Path) -> dict[str, Any]:
    """Return what a run wrote down of the checkpoint it began with; empty for a run from nothing."""
    path = run / BEGUN
    if not path.is_file():
        return {}
    try:
        held = json.loads(path.read_text("utf-8"))
        _earlier_stages(held)
        return dict(held)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path} is damaged ({type(error).__name__}); it says what the run began with") from error


def _earlier_stages(begun: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the stages of the checkpoint that a run began with, named after it."""
    return {f"{name} of {begun['hash'][:8]}" if " of " not in name else name: stage
            for name, stage in (begun.get("stages") or {}).items()}  # fmt: skip


def learned_world(stages: dict[str, dict[str, Any]]) -> bool:
    """Say whether the transformer saw the rendered world; where no stage wrote its data down it is taken to have."""
    drawing = {name: stage for name, stage in stages.items() if name.partition(" ")[0] in ("image", "video")}
    folders = _all_folders(drawing)
    return not folders or any(map(_is_rendered, folders))


def find_licence(stages: dict[str, dict[str, Any]], begun: dict[str, Any]) -> str:
    """Return the licence of weights that were made of this data: this project's for its own world, else that of all parts together."""
    own = {licence for folder in _all_folders(stages) if not _is_rendered(folder) for licence in folder["licences"]}
    if "unknown" in own:
        return "unknown"
    of_base = begun.get("licence") or (LICENCE if learned_world(stages) else "")
    return " AND ".join(dict.fromkeys(filter(None, (of_base, *sorted(own)))))


def _all_folders(stages: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [folder for stage in stages.values() for folder in stage.get("data", ())]


def _is_rendered(folder: dict[str, Any]) -> bool:
    """Say whether a folder holds the rendered world, which is all there was before runs wrote it down."""
    return bool(folder.get("rendered", True))


def native_side(stages: dict[str, dict[str, Any]]) -> int:
    """Return the shorter side, in pixels, of most pictures that the last stage of the transformer saw."""
    sides = _count_sides(stages)
    return max(sides, key=lambda side: (sides[side], side), default=NATIVE_SIDE)


def tile_side(stages: dict[str, dict[str, Any]]) -> int:
    """Return the side of the tiles that large pictures are refined in: the largest that a twentieth of the pictures had."""
    sides = _count_sides(stages)
    return max((side for side, seen in sides.items() if 20 * seen >= sides.total()), default=NATIVE_SIDE)


def _count_sides(stages: dict[str, dict[str, Any]]) -> Counter[int]:
    """Return how many pictures of each shorter side the last stage of the transformer saw."""
    sides: Counter[int] = Counter()
    for stage in ("video", "image"):
        for folder in stages.get(stage, {}).get("data", ()):
            if folder.get("frames") == 1:
                sides[min(folder["width"], folder["height"])] += folder["items"]
        if sides:
            break
    return sides


def _collect_words(stages: dict[str, dict[str, Any]], begun: dict[str, Any]) -> set[str]:
    """Return the words of the captions that the transformer saw; those of the grammar where no stage wrote them down."""
    words = {name: stage.pop("words") for name, stage in stages.items()}
    seen = {*words.get("image", ()), *words.get("video", ())}
    return {*seen, *begun.get("known_words", ())} if seen else set(begun.get("known_words") or vocabulary())


def _collect_own_words(stages: dict[str, dict[str, Any]], begun: dict[str, Any]) -> list[str]:
    """Return the words of the captions of what was not rendered, of those that the transformer saw."""
    words = {name: stage.pop("own_words") for name, stage in stages.items()}
    return sorted({*begun.get("own_words", ()), *words.get("image", ()), *words.get("video", ())})


def _collect_facts(stages: dict[str, dict[str, Any]], begun: dict[str, Any]) -> dict[str, list[str]]:
    """Return the facts of the scenes that the transformer saw; empty where no stage wrote them down."""
    found: dict[str, set[str]] = {name: set(words) for name, words in (begun.get("known_facts") or {}).items()}
    for name, stage in stages.items():
        facts = stage.pop("facts")
        for fact, words in facts.items() if name in ("image", "video") else ():
            found.setdefault(fact, set()).update(words)
    return {fact: sorted(words) for fact, words in found.items()}


def _read_page(path: Path) -> str:
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
                "devices": list(known.get("devices", [])), "settings": list(known.get("settings", [])),
                "words": list(known.get("words", [])), "own_words": list(known.get("own_words", [])),
                "facts": dict(known.get("facts", {}))}  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{folder}: its log or machine.json is damaged ({type(error).__name__}: {error})"
        ) from error


def list_sources(stages: dict[str, dict[str, Any]], config: ModelConfig) -> list[dict[str, str]]:
    """Return name, licence and use of everything the weights were made of."""
    folders = _all_folders(stages)
    world = [dict(WORLD)] if not folders or any(map(_is_rendered, folders)) else []
    found = [*world, *_list_credits(folders), *_list_uncredited(folders)]
    return found + ([dict(MINILM), dict(WORDNET)] if config.text.width == MINILM_WIDTH else [])


def _list_credits(folders: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Return the sources that the folders credit, each once, by name."""
    found: list[dict[str, str]] = []
    for credit in sorted(
        (one for folder in folders for one in folder.get("credits", ())), key=lambda one: one["source"]
    ):
        by = f" (credit: {credit['credit']})" if credit.get("credit") else ""
        use = credit.get("use", "things in the rendered scenes")
        source = {"name": credit["source"] + by, "licence": credit["licence"], "use": use}
        found += [source] if source not in found else []
    return found


def _list_uncredited(folders: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Return the folders with a licence that neither the world nor their credits account for."""
    rows = {(folder["name"], licence) for folder in folders for licence in folder["licences"]
            if not _is_credited(folder, licence)}  # fmt: skip
    return [{"name": name, "licence": licence, "use": "training data"} for name, licence in sorted(rows)]


def _is_credited(folder: dict[str, Any], licence: str) -> bool:
    """Say whether the world and the folder's credits account for a licence such as `CC0-1.0 AND OFL-1.1`."""
    credits = folder.get("credits", ())
    world = {WORLD["licence"]} if _is_rendered(folder) else set()
    named = {*world, *(credit["licence"] for credit in credits)}
    whole = {*world, *(credit["licence"] for credit in credits if "use" in credit)}
    parts = licence.split(" AND ")
    return licence in whole or (bool(world) and WORLD["licence"] in parts and {*parts} <= named)


def read_report(checkpoint: Checkpoint) -> dict[str, Any] | None:
    """Return the report that lies beside the weights, None when there is none; CheckpointError when it is of other weights."""
    path = checkpoint.folder / REPORT
    if not path.is_file():
        return None
    try:
        report = json.loads(path.read_text("utf-8"))
        of = report["model"]["hash"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"{path} is damaged ({type(error).__name__}); run mutoscope evaluate --keep again"
        ) from error
    if of != checkpoint.hash:
        raise CheckpointError(
            f"{path} is of the model {of}, not of {checkpoint.hash}; run mutoscope evaluate --keep again"
        )
    return report


def model_card(checkpoint: Checkpoint, evaluation: str = "") -> str:
    """Return the model's page as Markdown; `evaluation` is a page that stands for the one the run left."""
    evaluation = evaluation or checkpoint.card.get("evaluation", "")
    blocks = [
        f"# Model card: {checkpoint.name}",
        "<!-- Made by `mutoscope card`; every number was written down by the run or by the evaluation. -->",
        _say_subject(checkpoint),
        _facts_table(checkpoint),
        *_parts_section(checkpoint),
        *_training_section(checkpoint.card),
        *_sources_section(checkpoint.card),
        *(_objects_section() if checkpoint.learned_world else []),
        *(["## Evaluation", evaluation.strip().removeprefix("# Evaluation").strip()] if evaluation else []),
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def _say_subject(checkpoint: Checkpoint) -> str:
    """Return what a model draws and what its limits are, by the data it was trained on."""
    subject = "pictures and clips of landscapes, water, weather and light" if checkpoint.learned_world else "pictures"
    known = "It knows what the data below shows and nothing else"
    if any(" of " in stage for stage in checkpoint.card.get("stages", {})):
        known += "; it went on from another model, whose stages are listed with its hash"
    elif checkpoint.config.text.width == MINILM_WIDTH:
        known += "; no part of it but the text tower (see the sources) had been trained before"
    limits = "" if checkpoint.learned_world else (
        " Words that its captions do not hold, and subjects that its pictures do not show, it cannot draw; of few pictures it repeats"
        " what it saw. The object library is not used."
    )  # fmt: skip
    return f"Draws {subject} from words, at {checkpoint.native_side} pixels. {known}.{limits}"


def _parts_section(checkpoint: Checkpoint) -> list[str]:
    config = checkpoint.config
    return [
        "## Parts",
        table(("part", "parameters", "stored as"), part_sizes(checkpoint)),
        f"Preset `{config.preset}`: transformer {config.transformer.width} wide and {config.transformer.depth} deep, text "
        f"tower {config.text.width} wide and {config.text.depth} deep, {config.codec.latent_channels} latent channels.",
        FEW_STEP if config.transformer.few_step else "",
    ]


def _training_section(card: dict[str, Any]) -> list[str]:
    """Training, hardware and data."""
    stages = card.get("stages", {})
    rows = _data_rows(stages)
    return [
        "## Training",
        training_table(card),
        table(("stage", "last measures"), [(name, _measures(stage)) for name, stage in stages.items()])
        if stages
        else "",
        card.get("notes", ""),
        "## Hardware",
        bullet_list(dict.fromkeys(text for stage in stages.values() for text in stage["hardware"])),
        "## Data",
        table(("folder", "items", "frames", "size", "licence"), rows) if rows else "- not recorded",
    ]


def _sources_section(card: dict[str, Any]) -> list[str]:
    rows = [(source["name"], source["licence"], source["use"]) for source in card.get("sources", ())]
    return ["## Sources and licences", table(("source", "licence", "used for"), rows)]


def _objects_section() -> list[str]:
    """The drawings that every checkpoint looks things up in."""
    objects = load_library()
    rows = [(credit["source"], credit["licence"], str(credit["sprites"])) for credit in objects.credits]
    return [
        "## Things",
        f"The package also has a library of {len(objects.nouns)} things that prompts may name (docs/objects.md). These drawings "
        "are composed into pictures and refined by the model. Their sources:",
        table(("source", "licence", "drawings"), rows),
    ]


def _facts_table(checkpoint: Checkpoint) -> str:
    size = sum(path.stat().st_size for path in checkpoint.folder.rglob("*") if path.is_file())
    encoder = checkpoint.folder / "encoder.safetensors"
    needed = size - (encoder.stat().st_size if encoder.is_file() else 0)
    rows = [
        ("licence", checkpoint.card.get("licence", "-")),
        ("hash of the weights", f"`{checkpoint.hash}`"),
        ("on disk", f"{size / 1e6:.1f} MB, {needed / 1e6:.1f} MB of it for drawing"),
        ("known words", f"{len(checkpoint.taught_words)}"),
    ]
    return table(("fact", "value"), rows)


def _measures(stage: dict[str, Any]) -> str:
    numbers = {key: value for key, value in stage["measures"].items() if isinstance(value, int | float)}
    return ", ".join(f"{key} {value:g}" for key, value in numbers.items()) or "-"


def _data_rows(stages: dict[str, dict[str, Any]]) -> list[tuple[str, ...]]:
    rows = {(folder["name"], folder["items"]): folder for stage in stages.values() for folder in stage["data"]}
    return [(name, f"{f['items']:,}", f"{f['frames']}", f"{f['width']} x {f['height']}", ", ".join(f["licences"]))
            for (name, _), f in sorted(rows.items())]  # fmt: skip
