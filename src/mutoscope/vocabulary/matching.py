"""One matcher for all that is said: which wordings stand in a text, and which fact each of them says.

    match("a forest lake at dusk")   # [Match(2, 13, 'scene', 'lake'), Match(14, 21, 'light', 'blue hour')]

Of wordings that overlap the longest is taken, so a `forest lake` is a lake and no forest. A wording that says no fact and only
looks as if (`waves crashing on`) has the fact "", and keeps others away.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import repeat
from typing import Any, Generic, NamedTuple, TypeVar

from mutoscope.vocabulary.loading import compiled, data

# Which texts of which files say a fact, besides the synonyms that only prompts have. Of equal wordings the first in order counts.
FACTS = {
    "scene": ("scenes", ("nouns", "attributes", "seen")),
    "light": ("lights", ("phrases", "names", "adjectives", "clauses", "seen", "sights", "verbs")),
    "weather": ("weathers", ("phrases", "names", "adjectives", "clauses", "sights")),
    "season": ("seasons", ("phrases", "names", "adjectives", "clauses")),
    "style": ("styles", ("prefixes", "suffixes")),
    "plant": ("plants", ("phrases",)),
    "camera": ("cameras", ("phrases",)),
    "event": ("events", ("phrases",)),
    "": ("details", ("motions", "details", "verbs", "views")),
}
_WORD = re.compile(r"[\w'-]+")
_TAGS = re.compile(r" @[^;]*")
_BETWEEN = re.compile(r"[^\w' \n-]+ *|  +")
_ARTICLE = re.compile(r"^ ?(?:an? |the (?=.* ))|^ ", re.MULTILINE)  # "the" stays before a single word: "the alps"
_ANYTHING = re.compile(r".+", re.DOTALL)
Value = TypeVar("Value")


class Match(NamedTuple):
    """A wording in a text: where it stands, and what it says."""

    start: int
    end: int
    fact: str  # a key of FACTS
    name: str  # of the scene, the light, ...; a scene's name where the fact is ""


class Hit(NamedTuple, Generic[Value]):
    """A wording in a text, and what a table has for it."""

    start: int
    end: int
    wording: str
    value: Value

    def covers(self, other: "Hit[Any]") -> bool:
        """Say whether another one lies in this."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: "Hit[Any] | Match") -> bool:
        """Say whether another one shares a letter with this."""
        return self.start < other.end and other.start < self.end

    def in_text(self, text: str) -> re.Match[str]:
        """Return it as a match of a regular expression."""
        found = _ANYTHING.match(text, self.start, self.end)
        assert found is not None
        return found


class Matcher(Generic[Value]):
    """A table of wordings in lower case, ready to be looked for."""

    def __init__(self, table: Mapping[str, Value]):
        self.table = table
        self._most_words = max(map(str.count, table, repeat(" ")), default=-1) + 1

    def hits(self, text: str) -> Iterator[Hit[Value]]:
        """Yield every wording that occurs, whatever stands between its words; the shorter ones of one start first."""
        words = list(_WORD.finditer(plain(text)))
        for first, start in enumerate(words):
            said = ""
            for word in words[first : first + self._most_words]:
                said = f"{said} {word.group()}" if said else word.group()
                if said in self.table:
                    yield Hit(start.start(), word.end(), said, self.table[said])

    def longest(self, text: str, keep: Callable[[Hit[Value]], bool] = lambda _: True) -> list[Hit[Value]]:
        """Return the wordings that occur, in order of the text; of those that overlap the longest, then the first."""
        kept: list[Hit[Value]] = []
        for hit in sorted(filter(keep, self.hits(text)), key=lambda hit: (-len(hit.wording), hit.start)):
            if not any(hit.overlaps(other) for other in kept):
                kept.append(hit)
        return sorted(kept, key=lambda hit: hit.start)

    def first(self, text: str, keep: Callable[[Hit[Value]], bool] = lambda _: True) -> list[Hit[Value]]:
        """Return the wordings that occur with nothing but blanks in them, from left to right; of one start the longest."""
        lower = plain(text)
        exact = (hit for hit in self.hits(text) if lower[hit.start : hit.end] == hit.wording and keep(hit))
        longest = {hit.start: hit for hit in exact}
        kept: list[Hit[Value]] = []
        for start, hit in longest.items():
            if not kept or start >= kept[-1].end:
                kept.append(hit)
        return kept


def match(text: str) -> list[Match]:
    """Return the wordings of a text, in its order."""
    return [Match(hit.start, hit.end, *hit.value) for hit in _matcher().longest(text)]


def plain(text: str) -> str:
    """Return a text in lower case, with plain apostrophes, as long as before."""
    lower = text.lower().replace("’", "'")
    return lower if len(lower) == len(text) else text  # letters that have no lower case of one character


@cache
def caption_wordings(fact: str) -> dict[str, tuple[str, ...]]:
    """Return {name: wordings of a fact that captions use}, as a prompt has them: lower case, no article, no marks."""
    file = FACTS[fact][0]
    return _split(compiled("captions", file)) or captioned(fact, data(file))


@cache
def synonyms(fact: str) -> dict[str, tuple[str, ...]]:
    """Return {name: all wordings of a fact}: those of captions, and those that only prompts have."""
    file = FACTS[fact][0]
    more = _split(compiled("synonyms", file)) or prompted(data(file))
    return {name: (*said, *more[name]) for name, said in caption_wordings(fact).items()}


def captioned(fact: str, rows: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return {name: wordings of a fact that captions use} of the rows of its file."""
    keys = FACTS[fact][1]
    return {name: spoken(";".join(row.get(key, "") for key in keys)) for name, row in rows.items()}


def prompted(rows: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return {name: wordings that only prompts have} of the rows of a file."""
    return {name: spoken(row.get("synonyms", "")) for name, row in rows.items()}


def _split(joined: Mapping[str, str] | None) -> dict[str, tuple[str, ...]]:
    """Return {name: wordings} as they were compiled; {} where they were not."""
    return {name: tuple(said.split(";")) if said else () for name, said in (joined or {}).items()}


def spoken(text: str) -> tuple[str, ...]:
    """Return the wordings of a text of the data files as a prompt has them; `lies|lie` are two."""
    lines = _TAGS.sub("", text.lower()).replace("{}", "").replace("\n", " ").replace("|", "\n").replace(";", "\n")
    words = _ARTICLE.sub("", _BETWEEN.sub(" ", lines).replace(" \n", "\n"))
    return tuple(dict.fromkeys(filter(None, words.rstrip().split("\n"))))


@cache
def _matcher() -> Matcher[tuple[str, str]]:
    """Return {wording: (fact, name)}; what a caption says goes before what only prompts say."""
    found: dict[str, tuple[str, str]] = {}
    said = [(fact, name, wordings)
            for table in (caption_wordings, synonyms) for fact in FACTS for name, wordings in sorted(table(fact).items())]  # fmt: skip
    for fact, name, wordings in reversed(said):  # the first goes before the others, so it is set last
        found.update(dict.fromkeys(wordings, (fact, name)))
    return Matcher(found)
