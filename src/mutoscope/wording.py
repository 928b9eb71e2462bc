"""How prompts are worded: weights in brackets as in AUTOMATIC1111, and wildcards that are drawn by the seed.

    (fog) 1.1    (fog:1.4) 1.4    [boats] 1/1.1    ((fog)) 1.21    \\( a bracket
    {pine|palm} trees, __colors__ flowers

Brackets that do not fit are read as plain text. What a weight does to a picture, pipeline.py knows.
"""

import re
from functools import cache
from pathlib import Path

from mutoscope.errors import PromptError, did_you_mean
from mutoscope.folders import settings_folder
from mutoscope.rng import Stream, stream

Pieces = list[tuple[str, float]]  # of a text, each with its weight

STEP = 1.1  # of one pair of brackets
LARGEST_WEIGHT = 3.0  # what is above is cut to it
LARGEST_LIST = 1 << 20  # bytes
DEEPEST = 8  # wildcards inside of wildcards
LONGEST_DRAWN = 100_000  # characters of a prompt while wildcards are drawn
LISTS = Path(__file__).parent / "wildcards"
_OPENING = {")": "(", "]": "["}
_MARKS = re.compile(r"\\[()\[\]]|[()\[\]]")
_NUMBER = re.compile(r":\s*([0-9]+\.?[0-9]*|\.[0-9]+)\s*$")
_NAMED = re.compile(r"(?<![\w\\])__([A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*)__(?!\w)")
_BRACES = re.compile(r"\\[{}|]|[{}|]")
_ESCAPED = re.compile(r"\\([{}|_])")


def is_weighted(text: str) -> bool:
    """Say whether a text holds weights or escaped brackets: whether `pieces` reads it otherwise than as it stands."""
    return pieces(text) != [(text, 1.0)]


def pieces(text: str) -> Pieces:
    """Return the pieces of a text with their weights; all but the marks of weights is in them, to the letter.

    >>> pieces("a lake, (fog:1.5), boats")
    [('a lake, ', 1.0), ('fog', 1.5), (', boats', 1.0)]
    >>> pieces("smile :) \\\\(or not\\\\)")
    [('smile :) (or not)', 1.0)]
    """
    marks = list(_MARKS.finditer(text))
    opened, closed = _pairs(text, [(mark.group(), mark.start()) for mark in marks])
    found: Pieces = []
    weights = [1.0]
    at = 0
    for mark in marks:
        start, end = mark.span()
        if start in opened:
            _add(found, text[at:start], weights[-1])
            weights.append(weights[-1] * opened[start])
        elif start in closed:
            _add(found, text[at : closed[start]], weights.pop())
        else:
            _add(found, text[at:start] + mark.group()[-1], weights[-1])  # a plain bracket, or an escaped one
        at = end
    _add(found, text[at:], weights[-1])
    return found or [(text, 1.0)]


def _add(found: Pieces, words: str, weight: float) -> None:
    weight = min(weight, LARGEST_WEIGHT)
    if words and found and found[-1][1] == weight:
        found[-1] = (found[-1][0] + words, weight)
    elif words:
        found.append((words, weight))


def _pairs(text: str, marks: list[tuple[str, int]]) -> tuple[dict[int, float], dict[int, int]]:
    """Return {where a pair opens: its factor} and {where it closes: where its words end}; what fits no other is left out."""
    opened: dict[int, float] = {}
    closed: dict[int, int] = {}
    waiting: list[tuple[str, int]] = []
    after = 0  # the last mark: a number stands between it and the closing bracket
    for mark, at in marks:
        if mark in ("(", "["):
            waiting.append((mark, at))
        elif waiting and waiting[-1][0] == _OPENING.get(mark):
            start = waiting.pop()[1]
            number = _NUMBER.search(text[after:at])
            words_end = after + number.start() if number else at
            empty = not text[start + 1 : words_end].strip()
            if not empty and not (number and mark == "]"):  # [fog:rain:0.5] is no weight
                opened[start] = 1 / STEP if mark == "]" else float(number[1]) if number else STEP
                closed[at] = words_end
        after = at + len(mark)
    return opened, closed


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
