"""`RUN/STAGE/machine.json`: on what, from what data, in which words and with what settings a stage was trained.

The model card and the evaluation read it: the facts of the scenes say what a model can be asked for.
"""

import json
from pathlib import Path
from typing import Any

import torch

from mutoscope.data.cache import Folder
from mutoscope.device import cpu_name
from mutoscope.media.storage import write_bytes
from mutoscope.prompt import unknown_words

FACTS = ("scene", "light", "weather", "season", "plant", "style", "camera", "event")


def record_machine(stage: Path, folders: list[Folder], settings: dict[str, Any] | None = None) -> Path:
    """Add this machine, these folders and settings to `stage/machine.json`; each is kept once, in the order they came."""
    path = stage / "machine.json"
    stage.mkdir(parents=True, exist_ok=True)
    known = _read(path)
    lists = {
        "hardware": [hardware()],
        "devices": ["cuda" if torch.cuda.is_available() else "cpu"],
        "data": [describe(folder) for folder in folders],
        "settings": [settings] if settings else [],
    }
    for key, items in lists.items():
        kept = known.setdefault(key, [])
        kept += [item for item in items if item not in kept]
    known["words"] = sorted({*known.get("words", ()), *words_of(folders)})
    facts = known.setdefault("facts", {})
    for name, words in facts_of(folders).items():
        facts[name] = sorted({*facts.get(name, ()), *words})
    return write_bytes(path, json.dumps(known, indent=1, sort_keys=True).encode())


def hardware() -> str:
    """Return processor, threads and library in one line."""
    return f"{cpu_name()}, {torch.get_num_threads()} threads, PyTorch {torch.__version__}"


def describe(folder: Folder) -> dict[str, Any]:
    """Return name, sizes, licences and, where its rows have some, credits of a captioned folder."""
    rows = [
        json.loads(line) for line in (folder.path / "captions.jsonl").read_text("utf-8").splitlines() if line.strip()
    ]
    _, frames, height, width, _ = folder.pixels.shape
    credits_ = credits_of(rows)
    return {
        "name": folder.path.resolve().name, "items": len(folder), "frames": frames, "width": width, "height": height,
        "seeds": sorted({facts["seed"] for facts in folder.facts if isinstance(facts.get("seed"), int)}),
        "licences": sorted({str(row.get("licence") or "unknown") for row in rows}),
        **({"credits": credits_} if credits_ else {}),
    }  # fmt: skip


def credits_of(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Return source and licence of what was drawn into the items, each once; packs keep a row's credits in its facts."""
    found = set()
    for row in rows:
        facts = row.get("facts")
        held = row.get("credits") or (facts.get("credits") if isinstance(facts, dict) else None)
        for credit in held if isinstance(held, list) else ():
            if isinstance(credit, dict) and credit.get("source"):
                found.add((str(credit["source"]), str(credit.get("licence") or "unknown")))
    return [{"source": source, "licence": licence} for source, licence in sorted(found)]


def words_of(folders: list[Folder]) -> set[str]:
    """Return every word of the captions, in lower case: what a prompt can say without a warning."""
    texts = (text for folder in folders for captions in folder.captions for text in captions)
    return {word for text in texts for word in unknown_words(text, ())}


def facts_of(folders: list[Folder]) -> dict[str, set[str]]:
    """Return {fact: its words} of the scenes in folders that were rendered; an empty dict for pictures of other kinds."""
    found: dict[str, set[str]] = {}
    for facts in (facts for folder in folders for facts in folder.facts):
        for name in FACTS:
            if isinstance(facts.get(name), str):
                found.setdefault(name, set()).add(facts[name])
        for thing in facts.get("things", ()):
            found.setdefault("thing", set()).add(thing["noun"])
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not there yet, or cut: it is written anew
        return {}
    return known if isinstance(known, dict) else {}
