"""Writes compiled.json, the data files of this folder as JSON: `python -m mutoscope.vocabulary.compiling` after an edit."""

import json
from typing import Any

from mutoscope.vocabulary.loading import COMPILED, FOLDER, checksum, read
from mutoscope.vocabulary.matching import FACTS, captioned, prompted

FACT_OF_FILE = {file: fact for fact, (file, _) in FACTS.items()}


def compile_file(name: str) -> dict[str, Any]:
    """Return a data file with its checksum, and the wordings of the fact that it says."""
    rows = read(name)
    compiled: dict[str, Any] = {"sum": checksum(name), "data": rows}
    if name in FACT_OF_FILE:
        fact = FACT_OF_FILE[name]
        compiled |= {"captions": _joined(captioned(fact, rows)), "synonyms": _joined(prompted(rows))}
    return compiled


def _joined(wordings: dict[str, tuple[str, ...]]) -> dict[str, str]:
    return {name: ";".join(said) for name, said in wordings.items()}


def as_text() -> str:
    """Return the text of compiled.json: a line for each entry of a file, so that an edit changes few lines."""
    files = {path.stem: compile_file(path.stem) for path in sorted(FOLDER.glob("*.toml"))}
    return json.dumps(files, ensure_ascii=False, indent=0) + "\n"


if __name__ == "__main__":
    COMPILED.write_text(as_text(), encoding="utf-8")
