"""Wildcards in prompts, drawn by the seed: `{pine|palm} trees, __colors__ flowers`.

    {a|b}              one of them              {3::a|b}             `a` three times as often as `b`
    {2$$a|b|c}         two of them, "a, c"      {1-2$$ and $$a|b}    one or two, joined by " and "
    __colors__         a line of a list         {2$$__colors__}      two lines of a list

The syntax is that of sd-dynamic-prompts. Word lists are text files, one word or phrase a line: ours in word_lists/, the
user's own in the settings folder, also in folders of it. A line may begin with a weight, as an option does.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from mutoscope.errors import PromptError, did_you_mean
from mutoscope.paths import settings_folder
from mutoscope.rng import Stream, stream
from mutoscope.text_files import read_text, split_lines

MAX_LIST_BYTES = 1 << 20
MAX_NESTING = 8  # lists that name lists
MAX_DRAWN_CHARACTERS = 100_000  # of a prompt while wildcards are drawn
LISTS = Path(__file__).parent / "word_lists"
ENDING = ".txt"
JOINT = ", "  # between several options
_NAME = r"__(?=[^\s_])((?:(?!__)[^{}|\\\r\n]){1,100}?)(?<=[^\s_])__(?!\w)"
_COUNT = r"([0-9]{1,3})?(-)?([0-9]{1,3})?\$\$(?:([^${}|]*)\$\$)?"
_NAMED = re.compile(rf"(?<![\w\\]){_NAME}")
_SEVERAL_NAMED = re.compile(rf"(?<!\\)\{{\s*((?=[0-9-]){_COUNT})\s*{_NAME}\s*\}}")
_COUNTED = re.compile(rf"\s*(?=[0-9-]){_COUNT}")
_WEIGHTED = re.compile(r"\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*::")
_BRACES = re.compile(r"\\[{}|]|[{}|]")
_ESCAPED = re.compile(r"\\([{}|_])")


def draw_words(template: str, seed: int, index: int) -> str:
    """Return a prompt with its wildcards drawn by (seed, index); PromptError for an unknown list.

    >>> draw_words("a lake with {2 pines}", 1, 0)
    'a lake with {2 pines}'
    """
    if not any(mark in template for mark in ("{", "__", "\\")):
        return template
    return _ESCAPED.sub(r"\1", _draw(template, stream("wildcards", seed, index), MAX_NESTING))


def _draw(text: str, draws: Stream, depth: int) -> str:
    text = _SEVERAL_NAMED.sub(lambda found: _draw_lines(found[6], found[1], draws, depth), text)
    text = _choose(_NAMED.sub(lambda found: _draw_lines(found[1], "", draws, depth), text), draws)
    if len(text) > MAX_DRAWN_CHARACTERS:
        raise PromptError(
            f"the prompt grew past {MAX_DRAWN_CHARACTERS} characters while its wildcards were drawn; use shorter lists"
        )
    return text


def _choose(text: str, draws: Stream) -> str:
    """Draw from {a|b} wherever it stands, the inner ones first; braces without a bar stay."""
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
            levels[-1][-1] += pick(options, draws) if len(options) > 1 else "{" + options[0] + "}"
        else:
            levels[-1][-1] += mark
        at = found.end()
    levels[-1][-1] += text[at:]
    return "{".join("|".join(options) for options in levels)  # braces never closed are plain text


def pick(options: Sequence[str], draws: Stream) -> str:
    """Return one of the options of a brace, or several joined where the first one begins with how many.

    Raises PromptError where all weights are 0.
    """
    counted = _COUNTED.match(options[0])
    if not counted:
        return _pick_one(options, draws)[1].strip()
    rest = [options[0][counted.end() :], *options[1:]]
    return _joint(counted).join(one.strip() for one in _pick_several(rest, counted, draws))


def _pick_one(options: Sequence[str], draws: Stream) -> tuple[int, str]:
    """Return the number of one option and its words without their weight, drawn by the weights of all."""
    marks = [_WEIGHTED.match(option) for option in options]
    if not any(marks):
        number = int(draws.integers(0, len(options)))
        return number, options[number]
    weights = [float(mark[1]) if mark else 1.0 for mark in marks]
    if not any(weights):
        raise PromptError(f"every choice of {{{'|'.join(options)[:80]}}} has the weight 0; give one of them more")
    number = int(draws.choice(range(len(options)), weights))
    mark = marks[number]
    return number, options[number][mark.end() if mark else 0 :]


def _pick_several(options: Sequence[str], counted: re.Match[str], draws: Stream) -> list[str]:
    """Return as many different options as `2`, `1-3`, `-3` or `2-` say, at most all of them."""
    low, dash, high = (counted[part] for part in (1, 2, 3))
    least = min(int(low or 1), len(options))
    most = min(int(high or len(options)), len(options)) if dash else least
    left = list(options)
    picked: list[str] = []
    for _ in range(least if most <= least else draws.integers(least, most + 1)):
        number, words = _pick_one(left, draws)
        picked.append(words)
        del left[number]
    return picked


def _joint(counted: re.Match[str]) -> str:
    return JOINT if counted[4] is None else counted[4]


def _draw_lines(name: str, count: str, draws: Stream, depth: int) -> str:
    """Return one line of a list, or as many as `count` says, with the wildcards in them drawn."""
    lines = read_list(name)
    counted = _COUNTED.match(count)
    picked = _pick_several(lines, counted, draws) if counted else [_pick_one(lines, draws)[1]]
    if depth == 0 and any(_NAMED.search(words) for words in picked):
        raise PromptError(
            f"the word lists name each other without end; __{name}__ is one of them, take it out of the others"
        )
    drawn = [_draw(words, draws, depth - 1) if depth else words for words in picked]
    return _joint(counted).join(drawn) if counted else drawn[0]


def own_lists() -> Path:
    """Return the folder of the user's own lists, NAME.txt."""
    return settings_folder() / "wildcards"


def list_names() -> list[str]:
    """Return the names of all word lists, the user's own among them, as they are called: `birds`, `nature/birds`."""
    return sorted({name for folder in (LISTS, own_lists()) for name in _lists_in(folder)})


def read_list(name: str) -> tuple[str, ...]:
    """Return the lines of a list, the user's own before ours; PromptError when there is none.

    Upper and lower case are the same, and so are the two ways in which Unicode writes an umlaut.
    """
    for folder in (own_lists(), LISTS):
        found = _lists_in(folder)
        same = [path for known, path in found.items() if _folded(known) == _folded(name)]
        if same:
            path = found.get(name, same[0])
            return _lines(path, path.stat().st_mtime_ns)
    known = list_names()
    raise PromptError(
        f"unknown wildcard __{name[:40]}__{did_you_mean(name, known)}; known: {', '.join(known)}; "
        f"your own lists are {own_lists() / 'NAME'}{ENDING}; write \\__ for two underscores"
    )


def _lists_in(folder: Path) -> dict[str, Path]:
    """Return the lists of a folder and the folders in it that can be named, by name, in order."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() == ENDING and path.is_file())
    names = ((path.relative_to(folder).as_posix()[: -len(ENDING)], path) for path in paths)
    return {name: path for name, path in names if _NAMED.fullmatch(f"__{name}__") and "/." not in f"/{name}"}


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def read_lines(path: Path) -> tuple[str, ...]:
    """Return what the lines of a text file say, without those that begin with #; PromptError for a file that is none."""
    try:
        lines = [line.strip() for line in split_lines(read_text(path, MAX_LIST_BYTES))]
    except (OSError, ValueError) as error:
        raise PromptError(f"{path}: not a list of words ({error})") from error
    return tuple(line for line in lines if line and not line.startswith("#"))


@cache
def _lines(path: Path, changed: int) -> tuple[str, ...]:
    words = read_lines(path)
    if not words:
        raise PromptError(f"{path}: the list is empty; write one word or phrase a line")
    return words
