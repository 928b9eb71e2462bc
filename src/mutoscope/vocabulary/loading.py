"""Reads the data files of this folder, each once.

Wordings are long literal strings, parted by ";", and no lists: tomllib reads them eight times as fast, and every picture waits
for it. Comments at the head of each file say what its keys mean.
"""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
_ENDS = re.compile(r"\s*;\s*")


@cache
def data(name: str) -> dict[str, Any]:
    """Return what stands in `name`.toml, by section."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def cells(text: str) -> tuple[str, ...]:
    """Return the wordings of a text, in order."""
    return tuple(_ENDS.split(" ".join(text.split()))) if text else ()
