"""The wordings that captions are made of, row by row: a table for every place in a sentence, a row for every name.

    row("light", "dawn")[0]     # Wording(words='at dawn', tags=(), number='')

The first wording of a row is the plain one. `lies|lie` are the forms for one thing and for several, {} is the plant or the scene.
"""

from functools import cache
from typing import NamedTuple

from mutoscope.vocabulary.loading import cells, data
from mutoscope.vocabulary.matching import FACTS
from mutoscope.vocabulary.objects import nouns

# table: the file and the key in it
TABLES = {
    "noun": ("scenes", "nouns"), "attribute": ("scenes", "attributes"), "scene seen": ("scenes", "seen"),
    "light": ("lights", "phrases"), "light name": ("lights", "names"), "light adjective": ("lights", "adjectives"),
    "light clause": ("lights", "clauses"), "light seen": ("lights", "seen"), "light sight": ("lights", "sights"),
    "light verb": ("lights", "verbs"), "weather": ("weathers", "phrases"), "weather tag": ("weathers", "names"),
    "weather adjective": ("weathers", "adjectives"), "weather clause": ("weathers", "clauses"), "weather sight": ("weathers", "sights"),
    "season": ("seasons", "phrases"), "season name": ("seasons", "names"), "season adjective": ("seasons", "adjectives"),
    "season clause": ("seasons", "clauses"), "plant": ("plants", "phrases"), "prefix": ("styles", "prefixes"),
    "suffix": ("styles", "suffixes"), "camera": ("cameras", "phrases"), "event": ("events", "phrases"),
    "motion": ("details", "motions"), "detail": ("details", "details"), "verb": ("details", "verbs"), "view": ("details", "views"),
    "adjective": ("captions", "adjectives"), "relation": ("captions", "relations"),
    "request": ("captions", "requests"), "opening": ("captions", "openings"),
}  # fmt: skip
# Sections of captions.toml that have a key for each name.
OBJECT_TABLES = {"object look": "looks", "object count": "counts", "object side": "sides", "object doing": "doing"}
OBJECT_NAMES = "object noun"  # the table of what objects are called
# Tables that give wordings to the held-out set: those that name a fact. Verbs, adjectives and frames stay whole.
HOLDABLE = (
    "noun", "scene seen", "light", "light seen", "light sight", "weather", "weather sight", "plant", "season", "prefix", "suffix",
)  # fmt: skip


class Wording(NamedTuple):
    """One way to say something."""

    words: str
    tags: tuple[str, ...] = ()  # facts that must hold; with "-" before it one that must not
    number: str = ""  # "plural", "mass": a noun without an article, or "" for one of it

    @property
    def forms(self) -> tuple[str, ...]:
        """Its forms: one, or that for one thing and that for several."""
        return tuple(self.words.split("|"))


def rows(table: str) -> tuple[str, ...]:
    """Return the names that a table has a row for, in order."""
    if table in OBJECT_TABLES:
        return tuple(data("captions")[OBJECT_TABLES[table]])
    if table == OBJECT_NAMES:
        return tuple(data("objects")["synonyms"])
    file, key = TABLES[table]
    return tuple(name for name, texts in data(file).items() if key in texts)


@cache
def row(table: str, name: str) -> tuple[Wording, ...]:
    """Return the wordings of one row; none where the table has no such row."""
    return tuple(map(_wording, cells(_text(table, name))))


def fact_wordings(fact: str, name: str) -> tuple[Wording, ...]:
    """Return every wording that captions have for a fact: those of all its tables."""
    file, keys = FACTS[fact]
    return tuple(_wording(cell) for key in keys for cell in cells(data(file).get(name, {}).get(key, "")))


def _text(table: str, name: str) -> str:
    if table == OBJECT_NAMES:
        return "; ".join((name, *nouns()[name].synonyms))
    if table in OBJECT_TABLES:
        return data("captions")[OBJECT_TABLES[table]].get(name, "")
    file, key = TABLES[table]
    return data(file).get(name, {}).get(key, "")


def _wording(cell: str) -> Wording:
    words, *marks = cell.split(" @")
    number = next((mark for mark in marks if mark in ("plural", "mass")), "")
    return Wording(words, tuple(mark for mark in marks if mark != number), number)
