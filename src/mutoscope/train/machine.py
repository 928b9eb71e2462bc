"""`RUN/STAGE/machine.json`: on what hardware, from what data and in which words a stage was trained, for the model card."""

import json
from pathlib import Path
from typing import Any

import torch

from mutoscope.data.cache import Folder
from mutoscope.device import cpu_name
from mutoscope.media.storage import write_bytes
from mutoscope.prompt import unknown_words


def record_machine(stage: Path, folders: list[Folder]) -> Path:
    """Add this machine and these folders to `stage/machine.json`; each is kept once, in the order they came."""
    path = stage / "machine.json"
    stage.mkdir(parents=True, exist_ok=True)
    known = _read(path)
    for key, items in (("hardware", [hardware()]), ("data", [describe(folder) for folder in folders])):
        kept = known.setdefault(key, [])
        kept += [item for item in items if item not in kept]
    known["words"] = sorted({*known.get("words", ()), *words_of(folders)})
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


def _read(path: Path) -> dict[str, Any]:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not there yet, or cut: it is written anew
        return {}
    return known if isinstance(known, dict) else {}
