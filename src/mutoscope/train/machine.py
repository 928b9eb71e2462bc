"""`RUN/STAGE/machine.json`: on what, from what data, in which words and with what settings a stage was trained.

The model card and the evaluation read it: the facts of the scenes say what a model can be asked for.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import torch

from mutoscope.data.cache import Folder
from mutoscope.device import cpu_name
from mutoscope.media.storage import write_bytes
from mutoscope.prompt.reading import unknown_words

SCENE_FACTS = ("scene", "light", "weather", "season", "plant", "style", "camera", "event")


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
    for key, words in (("words", words_of(folders)), ("own_words", own_words_of(folders))):
        known[key] = sorted({*known.get(key, ()), *words})
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
        json.loads(line) for line in (folder.path / "captions.jsonl").read_text("utf-8").split("\n") if line.strip()
    ]
    _, frames, height, width, _ = folder.pixels.shape
    credits_ = credits_of(rows)
    return {
        "name": folder.path.resolve().name, "items": len(folder), "frames": frames, "width": width, "height": height,
        "seeds": sorted({facts["seed"] for facts in folder.facts if isinstance(facts.get("seed"), int)}),
        "licences": sorted({str(row.get("licence") or "unknown") for row in rows}),
        "rendered": any(map(is_rendered, folder.facts)),
        **({"credits": credits_} if credits_ else {}),
    }  # fmt: skip


def credits_of(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Return source, licence and use of what was drawn into rendered items, and of items that were not rendered, each once.

    Packs keep a row's credits in its facts. People whom an item names stand, all of a source together, under "credit".
    """
    found: dict[tuple[str, ...], set[str]] = {}
    for row in rows:
        facts = row["facts"] if isinstance(row.get("facts"), dict) else {}
        held = row.get("credits") or facts.get("credits")
        for credit in held if isinstance(held, list) else ():
            if isinstance(credit, dict) and credit.get("source"):
                found.setdefault((str(credit["source"]), str(credit.get("licence") or "unknown")), set())
        if row.get("source") and not is_rendered(facts) and not held:
            key = str(row["source"]), str(row.get("licence") or "unknown"), "training data"
            found.setdefault(key, set()).update(filter(None, [str(facts.get("credit") or row.get("credit") or "")]))
    credits_ = []
    for key, people in sorted(found.items()):
        said = {"credit": "; ".join(sorted(people))} if people else {}
        credits_.append(dict(zip(("source", "licence", "use"), key, strict=False)) | said)
    return credits_


def is_rendered(facts: dict[str, Any]) -> bool:
    """Say whether facts are those of a scene of the world, and not what a collection of pictures says of its own."""
    return isinstance(facts.get("scene"), str)


def words_of(folders: list[Folder]) -> set[str]:
    """Return the words of the captions, in lower case, that a prompt can say without a warning."""
    return find_words([captions for folder in folders for captions in folder.captions])


def own_words_of(folders: list[Folder]) -> set[str]:
    """Return the words of the captions of items that were not rendered, as `words_of`."""
    return find_words([captions for folder in folders for captions, facts in zip(folder.captions, folder.facts, strict=True)
                       if not is_rendered(facts)])  # fmt: skip


def find_words(items: list[list[str]]) -> set[str]:
    """Return the words of the captions of items.

    Of many items one alone teaches no word: a word must be said of one in ITEMS_PER_WORD of them.
    """
    said = Counter(word for captions in items for word in {w for c in captions for w in unknown_words(c, ())})
    return {word for word, count in said.items() if count >= len(items) / ITEMS_PER_WORD}


ITEMS_PER_WORD = 5000


ITEMS_PER_OBJECT = 1000


def facts_of(folders: list[Folder]) -> dict[str, set[str]]:
    """Return {fact: its words} of the scenes in folders that were rendered; an empty dict for pictures of other kinds.

    What stood in fewer than one of ITEMS_PER_OBJECT pictures was seen, but not learned: it is left out.
    """
    found: dict[str, set[str]] = {}
    things: Counter[str] = Counter()
    items = 0
    for facts in (facts for folder in folders for facts in folder.facts if is_rendered(facts)):
        items += 1
        for name in SCENE_FACTS:
            if isinstance(facts.get(name), str):
                found.setdefault(name, set()).add(facts[name])
        things.update({thing["noun"] for thing in facts.get("things", ())})
    often = {noun for noun, seen in things.items() if seen >= items / ITEMS_PER_OBJECT}
    return {**found, "thing": often} if often else found


def _read(path: Path) -> dict[str, Any]:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not there yet, or cut: it is written anew
        return {}
    return known if isinstance(known, dict) else {}
