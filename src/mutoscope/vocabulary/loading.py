"""Reads the data files of this folder, each once.

Wordings are long literal strings, parted by ";", and no lists: tomllib reads them eight times as fast. Every picture waits for
them all the same, so `compiled.json` holds what the files say as JSON, which is read ten times as fast again: their tables, and
the wordings of every fact (matching.py). A file that has been edited since is read itself. Comments at the head of each file say
what its keys mean.

    python -m mutoscope.vocabulary.compiling     # writes compiled.json after an edit; a test compares
"""

import json
import re
import zlib
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
COMPILED = FOLDER / "compiled.json"
_ENDS = re.compile(r"\s*;\s*")


@cache
def data(name: str) -> dict[str, Any]:
    """Return what stands in `name`.toml, by section."""
    return compiled("data", name) or read(name)


def read(name: str) -> dict[str, Any]:
    """Return what stands in `name`.toml, from the file itself."""
    import tomllib  # only for what is not compiled

    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def compiled(part: str, name: str) -> Any:
    """Return a part of the compiled data that was made of `name`.toml; None where there is none of the file as it is."""
    content = _content()
    fresh = name in content and content[name]["sum"] == checksum(name)
    return content[name].get(part) if fresh else None


@cache
def _content() -> dict[str, Any]:
    return json.loads(COMPILED.read_text(encoding="utf-8")) if COMPILED.is_file() else {}


@cache
def checksum(name: str) -> int:
    """Return the CRC-32 of `name`.toml."""
    return zlib.crc32((FOLDER / f"{name}.toml").read_bytes())


def cells(text: str) -> tuple[str, ...]:
    """Return the wordings of a text, in order."""
    return tuple(_ENDS.split(" ".join(text.split()))) if text else ()
