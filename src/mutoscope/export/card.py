"""What is known about a model: `build_card` gathers it from a training run, `model_card` tells it as a page.

Every number comes from what the run itself wrote down, `RUN/STAGE/log.jsonl` and `RUN/STAGE/machine.json`, or from the report
that `mutoscope evaluate --keep` put beside the weights. What neither holds is "not recorded" or "not measured".
"""

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from mutoscope.checkpoint import Checkpoint
from mutoscope.config import GUIDANCE_TAUGHT, ModelConfig
from mutoscope.errors import CheckpointError
from mutoscope.objects import load as load_memory
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
    facts = _facts_shown(stages)
    words = sorted({*_words(stages), *FUNCTION_WORDS})
    earlier, notes = read_begun(run)
    stages = {**earlier, **stages}
    return {
        "name": name,
        "licence": "Apache-2.0",
        "known_words": words,
        "known_facts": facts,
        "native_side": native_side(stages),
        "tile_side": tile_side(stages),
        "stages": stages,
        "sources": sources(stages, config),
        "notes": "\n\n".join(filter(None, (notes, _page(run / "notes.md")))),
        "evaluation": _page(run / "evaluation" / "report.md"),
    }


def read_begun(run: Path) -> tuple[dict[str, dict[str, Any]], str]:
    """Return the stages of the checkpoint that a run began with, named after it, and its notes; empty for a run from nothing."""
    path = run / BEGUN
    if not path.is_file():
        return {}, ""
    try:
        held = json.loads(path.read_text("utf-8"))
        stages = {f"{name} of {held['hash'][:8]}" if " of " not in name else name: stage
                  for name, stage in (held["stages"] or {}).items()}  # fmt: skip
        return stages, str(held.get("notes") or "")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path} is damaged ({type(error).__name__}); it says what the run began with") from error


def native_side(stages: dict[str, dict[str, Any]]) -> int:
    """Return the shorter side, in pixels, of most pictures that the last stage of the transformer saw."""
    sides = _sides(stages)
    return max(sides, key=lambda side: (sides[side], side), default=NATIVE_SIDE)


def tile_side(stages: dict[str, dict[str, Any]]) -> int:
    """Return the side of the tiles that large pictures are refined in: the largest that a twentieth of the pictures had."""
    sides = _sides(stages)
    return max((side for side, seen in sides.items() if 20 * seen >= sides.total()), default=NATIVE_SIDE)


def _sides(stages: dict[str, dict[str, Any]]) -> Counter[int]:
    """Return how many pictures of each shorter side the last stage of the transformer saw."""
    sides: Counter[int] = Counter()
    for stage in ("video", "image"):
        for folder in stages.get(stage, {}).get("data", ()):
            if folder.get("frames") == 1:
                sides[min(folder["width"], folder["height"])] += folder["items"]
        if sides:
            break
    return sides


def _words(stages: dict[str, dict[str, Any]]) -> set[str]:
    """Return the words of the captions that the transformer saw; those of the grammar where no stage wrote them down."""
    words = {name: stage.pop("words") for name, stage in stages.items()}
    return {*words.get("image", ()), *words.get("video", ())} or set(vocabulary())


def _facts_shown(stages: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """Return the facts of the scenes that the transformer saw; empty where no stage wrote them down."""
    found: dict[str, set[str]] = {}
    for name, stage in stages.items():
        facts = stage.pop("facts")
        for fact, words in facts.items() if name in ("image", "video") else ():
            found.setdefault(fact, set()).update(words)
    return {fact: sorted(words) for fact, words in found.items()}


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
                "devices": list(known.get("devices", [])), "settings": list(known.get("settings", [])),
                "words": list(known.get("words", [])), "facts": dict(known.get("facts", {}))}  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{folder}: its log or machine.json is damaged ({type(error).__name__}: {error})"
        ) from error


def sources(stages: dict[str, dict[str, Any]], config: ModelConfig) -> list[dict[str, str]]:
    """Return name, licence and use of everything the weights were made of."""
    folders = [folder for stage in stages.values() for folder in stage["data"]]
    foreign = {(folder["name"], licence) for folder in folders for licence in folder["licences"]
               if not _credited(folder, licence)}  # fmt: skip
    found = [dict(WORLD)]
    for one in sorted((one for folder in folders for one in folder.get("credits", ())), key=lambda one: one["source"]):
        by = f" (credit: {one['credit']})" if one.get("credit") else ""
        use = one.get("use", "things in the rendered scenes")
        found.append({"name": one["source"] + by, "licence": one["licence"], "use": use})
    found = [one for number, one in enumerate(found) if one not in found[:number]]
    found += [{"name": name, "licence": licence, "use": "training data"} for name, licence in sorted(foreign)]
    return found + ([dict(MINILM), dict(WORDNET)] if config.text.width == 384 else [])


def _credited(folder: dict[str, Any], licence: str) -> bool:
    """Say whether the world and the folder's credits account for a licence such as `CC0-1.0 AND OFL-1.1`."""
    told = {WORLD["licence"], *(one["licence"] for one in folder.get("credits", ()))}
    itself = {one["licence"] for one in folder.get("credits", ()) if "use" in one}
    return licence in {WORLD["licence"], *itself} or (
        WORLD["licence"] in licence.split(" AND ") and {*licence.split(" AND ")} <= told
    )


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
    card, config = checkpoint.card, checkpoint.config
    stages = card.get("stages", {})
    evaluation = evaluation or card.get("evaluation", "")
    blocks = [
        f"# Model card: {checkpoint.name}",
        "<!-- Made by `mutoscope card`; every number was written down by the run or by the evaluation. -->",
        f"Draws pictures and clips of landscapes, water, weather and light from words, at {checkpoint.native_side} pixels. It knows "
        "what the data below shows and nothing else; no part of it but the text tower (see the sources) had been trained before.",
        _facts(checkpoint),
        "## Parts",
        _table(("part", "parameters", "stored as"), part_sizes(checkpoint)),
        f"Preset `{config.preset}`: transformer {config.transformer.width} wide and {config.transformer.depth} deep, text "
        f"tower {config.text.width} wide and {config.text.depth} deep, {config.codec.latent_channels} latent channels.",
        *([FEW_STEP] if config.transformer.few_step else []),
        "## Training",
        training_table(card),
        _table(("stage", "last measures"), [(name, _measures(stage)) for name, stage in stages.items()])
        if stages
        else "",
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
        "## Things",
        f"Beside the weights lies a memory of {len(load_memory().nouns)} things that prompts may name (docs/things.md). These "
        "drawings are laid into pictures and painted over. Whose they are:",
        _table(
            ("source", "licence", "drawings"),
            [(c["source"], c["licence"], str(c["sprites"])) for c in load_memory().credits],
        ),
        *(["## Judged", evaluation.strip()] if evaluation else []),
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def training_table(card: dict[str, Any]) -> str:
    """Return samples, epochs, batch size, learning rate and hours of every stage, as the run wrote them down."""
    stages = card.get("stages", {})
    if not stages:
        return "Not trained: the weights are random."
    head = ("stage", "samples seen", "epochs", "batch size", "learning rate", "CPU hours", "GPU hours")
    return (
        _table(head, [_stage_row(*item) for item in stages.items()])
        + "\n\nA sample is a picture, a clip or a pair of picture and caption, counted each time it is seen; an epoch is as many"
        + "\nsamples as there are items. The learning rate is the highest."
    )


def metrics_table(report: dict[str, Any] | None) -> str:
    """Return what a reader asks first, out of a report of `mutoscope evaluate`; "not measured" where it holds nothing."""
    report = report or {}
    right = report.get("pictures", {}).get("generated", {}).get("all", {})
    floor = report.get("pictures", {}).get("floor", {})
    truth = report.get("pictures", {}).get("renders", {}).get("all", {})
    rows = [
        (f"{name} as asked, held-out prompts", _share(right.get(name)), _share(truth.get(name)),
         f"{100 * floor[name]:.1f} % with wrong captions" if name in floor else "-")
        for name in (right or ("scene", "light"))
    ]  # fmt: skip
    rows += _part_rows(report, "things", "things", ("object", "thing", "count", "side"))
    rows += _part_rows(report, "camera", "clips", ("camera",))
    fidelity, text = report.get("fidelity", {}), report.get("text", {})
    for title, key in (("FID (own): FD-own", "FD-own"), ("KID (own): KID-own", "KID-own")):
        rows.append((title, *(_value(fidelity.get(side), key) for side in ("generated", "renders")),
                     _control(fidelity.get("softened renders"), key, "softened")))  # fmt: skip
    rows.append(("CLIP score (own): TextSim-own", _value(text, "generated"), _value(text, "renders"),
                 _control(text, "wrong captions", "with wrong captions")))  # fmt: skip
    copies = report.get("memorisation", {})
    rows.append(("copies of training pictures", _percent(copies.get("generated")), _percent(copies.get("held-out renders")),
                 f"{_percent(copies['planted copies'])} of planted copies found" if copies else "-"))  # fmt: skip
    codec = report.get("codec", {})
    rows += [(f"codec {name}", _value(codec, name), "-", "-") for name in ("PSNR", "SSIM")]
    standard = report.get("standard", {})
    rows += [
        (
            f"{name}, on the public network",
            _value(standard.get(name), "generated"),
            _value(standard.get(name), "renders"),
            "-",
        )
        for name in ("FID", "CLIPScore", "FVD")
    ]
    rows.append(("preference, blind votes", _value(report.get("preference"), "strength"), "-", "-"))
    table = _table(("measure", "this model", "renders of the same scenes", "control"), rows)
    if not report:
        return table
    return (
        f"{table}\n\n{report['pictures']['n']} held-out prompts, {fidelity.get('reference', 0)} other renders as reference, judge "
        f"`{report['judge']['sha256'][:16]}`; 95 % intervals. [docs/evaluation.md](docs/evaluation.md) says what each measure is."
    )


def _part_rows(report: dict[str, Any], part: str, what: str, names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the rows of things or cameras; "not measured" where the report holds none."""
    found = report.get(part, {})
    ours, theirs, floor = found.get("generated", {}), found.get("renders", {}), found.get("floor", {})
    return [
        (f"{name} as asked, {what}", _share(ours.get(name)), _share(theirs.get(name)),
         f"{100 * floor[name]:.1f} % with wrong captions" if name in floor else "-")
        for name in (tuple(ours) or names)
    ]  # fmt: skip


def _control(part: dict[str, Any] | None, key: str, what: str) -> str:
    return f"{_value(part, key)} {what}" if key in (part or {}) else "-"


def _share(part: dict[str, Any] | None) -> str:
    return (
        "not measured"
        if part is None
        else f"{100 * part['share']:.1f} % ({100 * part['low']:.1f} to {100 * part['high']:.1f})"
    )


def _percent(part: dict[str, Any] | None) -> str:
    return "not measured" if part is None else f"{100 * part['value']:.1f} %"


def _value(part: dict[str, Any] | None, key: str) -> str:
    number = (part or {}).get(key)
    return "not measured" if number is None else f"{number['value']:.3g} ({number['low']:.3g} to {number['high']:.3g})"


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
    names = {"text": "text tower", "codec.decoder": "decoder", "codec.encoder": "encoder (for pictures that come in)",
             "codec.mean": "decoder", "codec.deviation": "decoder",
             "image_tower": "image tower (for training only)"}  # fmt: skip
    return names.get(part, part)


def _stage_row(name: str, stage: dict[str, Any]) -> tuple[str, ...]:
    items = sum(folder["items"] for folder in stage["data"])
    settings, hours = stage.get("settings", ()), f"{stage['seconds'] / 3600:.2f}"
    known = [
        " and ".join(dict.fromkeys(f"{each[key]:g}" for each in settings)) or "not recorded"
        for key in ("batch", "rate")
    ]
    spent = {"cpu": (hours, "0"), "cuda": ("0", hours)}.get(_device(stage), ("not recorded", "not recorded"))
    return (
        name, f"{stage['samples']:,}", f"{stage['samples'] / items:.1f}" if items else "not recorded", *known, *spent
    )  # fmt: skip


def _device(stage: dict[str, Any]) -> str:
    """Return "cpu" or "cuda"; a stage that did not write it down says it by its build of PyTorch, or not at all."""
    if devices := stage.get("devices"):
        return "cuda" if "cuda" in devices else "cpu"
    return "cpu" if stage.get("hardware") and all("+cpu" in text for text in stage["hardware"]) else ""


def _measures(stage: dict[str, Any]) -> str:
    numbers = {key: value for key, value in stage["measures"].items() if isinstance(value, int | float)}
    return ", ".join(f"{key} {value:g}" for key, value in numbers.items()) or "-"


def _data_rows(stages: dict[str, dict[str, Any]]) -> list[tuple[str, ...]]:
    rows = {(folder["name"], folder["items"]): folder for stage in stages.values() for folder in stage["data"]}
    return [(name, f"{f['items']:,}", f"{f['frames']}", f"{f['width']} x {f['height']}", ", ".join(f["licences"]))
            for (name, _), f in sorted(rows.items())]  # fmt: skip


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
