"""Wildcards in prompts, drawn by the seed: `{pine|palm} trees, __colors__ flowers`.

Word lists are text files, one word or phrase a line: ours in word_lists/, the user's own in the settings folder.
"""

import re
from functools import cache
from pathlib import Path

from mutoscope.errors import PromptError, did_you_mean
from mutoscope.folders import settings_folder
from mutoscope.rng import Stream, stream

LARGEST_LIST = 1 << 20  # bytes
DEEPEST = 8  # wildcards inside of wildcards
LONGEST_DRAWN = 100_000  # characters of a prompt while wildcards are drawn
LISTS = Path(__file__).parent / "word_lists"
_NAMED = re.compile(r"(?<![\w\\])__([A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*)__(?!\w)")
_BRACES = re.compile(r"\\[{}|]|[{}|]")
_ESCAPED = re.compile(r"\\([{}|_])")


def draw_words(template: str, seed: int, index: int) -> str:
    """Return a prompt with its wildcards drawn by (seed, index); PromptError for an unknown list.

    >>> draw_words("a lake with {2 pines}", 1, 0)
    'a lake with {2 pines}'
    """
    if not any(mark in template for mark in ("{", "__", "\\")):
        return template
    return _ESCAPED.sub(r"\1", _drawn(template, stream("wildcards", seed, index), DEEPEST))


def _drawn(text: str, draws: Stream, depth: int) -> str:
    text = _choose(_NAMED.sub(lambda found: _from_list(found[1], draws, depth), text), draws)
    if len(text) > LONGEST_DRAWN:
        raise PromptError(f"the prompt grew past {LONGEST_DRAWN} characters while its wildcards were drawn")
    return text


def _choose(text: str, draws: Stream) -> str:
    """Draw one of {a|b} wherever it stands, the inner ones first; braces without a bar stay."""
    levels = [[""]]  # the options of every open brace
    at = 0
    for found in _BRACES.finditer(text):
        mark = found.group()
        levels[-1][-1] += text[at : found.start()]
        if mark == "{":
            levels.append([""])
        elif mark == "|" and len(levels) > 1:
            levels[-1].append("")
        elif mark == "}" and len(levels) > 1:
            options = levels.pop()
            levels[-1][-1] += draws.choice(options).strip() if len(options) > 1 else "{" + options[0] + "}"
        else:
            levels[-1][-1] += mark
        at = found.end()
    levels[-1][-1] += text[at:]
    return "{".join("|".join(options) for options in levels)  # braces never closed are plain text


def _from_list(name: str, draws: Stream, depth: int) -> str:
    words = draws.choice(read_list(name))
    if depth == 0 and _NAMED.search(words):
        raise PromptError(f"wildcards name each other without end, __{name}__ is one of them; look into the lists")
    return _drawn(words, draws, depth - 1) if depth else words


def own_lists() -> Path:
    """Return the folder of the user's own lists, NAME.txt."""
    return settings_folder() / "wildcards"


def list_names() -> list[str]:
    """Return the names of all word lists, the user's own among them."""
    return sorted({path.stem for folder in (LISTS, own_lists()) for path in folder.glob("*.txt")})


def read_list(name: str) -> tuple[str, ...]:
    """Return the words of a list, one a line, the user's own before ours; PromptError when there is none."""
    for folder in (own_lists(), LISTS):
        path = folder / f"{name.lower()}.txt"
        if path.is_file():
            return _lines(path, path.stat().st_mtime_ns)
    known = list_names()
    raise PromptError(f"unknown wildcard __{name[:40]}__{did_you_mean(name, known)}; known: {', '.join(known)}")


def read_lines(path: Path) -> tuple[str, ...]:
    """Return what the lines of a text file say, without those that begin with #; PromptError for a file that is none."""
    try:
        if path.stat().st_size > LARGEST_LIST:
            raise ValueError("larger than 1 MB")
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, ValueError) as error:
        raise PromptError(f"{path}: not a list of words ({error})") from error
    return tuple(line for line in lines if line and not line.startswith("#"))


@cache
def _lines(path: Path, changed: int) -> tuple[str, ...]:
    words = read_lines(path)
    if not words:
        raise PromptError(f"{path}: the list is empty; write one word or phrase a line")
    return words
