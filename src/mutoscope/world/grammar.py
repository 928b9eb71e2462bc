"""The grammar behind the captions: rows of wordings, the held-out ones among them, and the random choices of one caption.

About one wording in ten is held out: it never occurs in training captions, so that the evaluation can ask for a fact in
words the model has not read. It knows no sentence; `phrases.py` and `captions.py` make those.
"""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import TypeVar
from zlib import crc32

from mutoscope.rng import stream
from mutoscope.vocabulary import COLORS, SEASONS, nouns, plural, scenes
from mutoscope.vocabulary.loading import cells, data
from mutoscope.vocabulary.wordings import HOLDABLE, OBJECT_NAMES, OBJECT_TABLES, TABLES, Wording, row, rows
from mutoscope.world.object_phrases import thing_names
from mutoscope.world.spec import SceneSpec
from mutoscope.world.things import GROUNDS

FRAMES = "frames"  # the row of sentences' beginnings
Option = TypeVar("Option")
_GLUE = frozenset("a an the of and in on at by with to its it is as from over under into through".split())


@cache
def vocabulary() -> frozenset[str]:
    """Return every word, in lower case, that the grammar can say, held-out wordings included."""
    texts = [words for _, _, words in _all_wordings()] + [data("captions")[FRAMES]["glue"], *dayparts().values()]
    texts += [words for name in nouns() for words in (name, plural(name))]
    objects = (*OBJECT_TABLES, OBJECT_NAMES)
    texts += [wording.words for table in objects for name in rows(table) for wording in row(table, name)]
    texts += [*COLORS, *GROUNDS, *(words for scene in scenes().values() for words in scene.prepositions.values())]
    return frozenset(word for text in texts for word in re.findall(r"[\w'-]+", text.lower().replace("{}", " ")))


@cache
def held_out_wordings() -> frozenset[str]:
    """Return the wordings that never occur in training captions: about one in ten, at least one a row, chosen by a hash.

    What can also be said of a thing ("green cacti", "desert island") is never held out: it would have no caption.
    """
    held: set[str] = set()
    kept = [words.lower() for _, first, words in _all_wordings() if first]
    kept += map(str.lower, cells(data("captions")[FRAMES]["never_held_out"]))
    said = " / ".join((*kept, *thing_names()))
    for table in HOLDABLE:
        for name in rows(table):
            others = [wording.words.lower() for wording in row(table, name)][1:]
            free = [words for words in others if not _inside(_uncolored(words), said)]
            score = {words: crc32(words.encode()) for words in free}
            if score:
                lowest = min(score, key=lambda words: score[words])
                held |= {words for words in score if score[words] < 0.1 * 2**32} | {lowest}
    return frozenset(held)


def held_out_in(text: str) -> list[str]:
    """Return the held-out wordings that occur in a caption."""
    return _held_out_pattern().findall(text.lower())


@cache
def dayparts() -> dict[str, str]:
    """Return the part of a day that each light is, where it is one: `evening` for a sunset."""
    return {name: texts["daypart"] for name, texts in data("lights").items() if "daypart" in texts}


def _all_wordings() -> list[tuple[str, bool, str]]:
    """Return (table, is the plain wording of its row, words) of everything; verbs give both their forms."""
    return [
        (table, place == 0, form)
        for table in TABLES
        for name in rows(table)
        for place, wording in enumerate(row(table, name))
        for form in wording.forms
    ]


def _uncolored(words: str) -> str:
    first, _, rest = words.partition(" ")
    return rest if first in COLORS and rest else words


def _inside(words: str, said: str) -> bool:
    return words in said and bool(re.search(rf"(?<![\w'-]){re.escape(words)}(?![\w'-])", said))


@cache
def _held_out_pattern() -> re.Pattern[str]:
    longest_first = sorted(held_out_wordings(), key=len, reverse=True)
    return re.compile(rf"(?<![\w'-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w'-])")


def tags_of(spec: SceneSpec) -> frozenset[str]:
    """Return what wordings may ask for: every fact, and `open` sky, `day`, `dark` and `water`."""
    tags = {spec.scene, spec.light, spec.weather, spec.season, spec.plant, spec.style}
    if spec.weather in ("clear", "cloudy"):
        tags.add("open")
    if spec.light in ("morning", "noon", "golden hour"):
        tags.add("day")
    if spec.light in ("blue hour", "night", "moonlight"):
        tags.add("dark")
    if scenes()[spec.scene].water:
        tags.add("water")
    return frozenset(tags)


def season_shows(spec: SceneSpec) -> bool:
    """Say whether a picture of this scene shows its season."""
    scene = scenes()[spec.scene]
    return scene.seasons == SEASONS or scene.shows_winter or spec.plant == "cherry"


@lru_cache(maxsize=4096)
def row_tags(table: str, name: str) -> frozenset[str]:
    """Return the tags that the wordings of one row ask for or refuse."""
    return frozenset(tag.lstrip("-") for wording in row(table, name) for tag in wording.tags)


@lru_cache(maxsize=16384)
def _fitting(table: str, name: str, shown: frozenset[str]) -> tuple[tuple[Wording, ...], tuple[Wording, ...]]:
    """Return the wordings of a row that are true where these tags hold: those of training, and those with held-out words."""
    fits = [one for one in row(table, name) if all((tag.lstrip("-") in shown) == (tag[0] != "-") for tag in one.tags)]
    held = [bool(held_out_in(one.words)) for one in fits]
    return (
        tuple(one for one, out in zip(fits, held, strict=True) if not out),
        tuple(one for one, out in zip(fits, held, strict=True) if out),
    )


class Draws:
    """The random choices of one attempt, with the rule about held-out wordings."""

    def __init__(self, key: tuple[int | str, ...], tags: frozenset[str], held_out: bool | None):
        self._numbers = iter(stream(*key).uniform(shape=(160,)).tolist())
        self._tags = tags
        self._held_out = held_out

    def chance(self, probability: float) -> bool:
        return next(self._numbers) < probability

    def pick(self, options: Sequence[Option]) -> Option:
        return options[int(next(self._numbers) * len(options))]

    def word(self, table: str, name: str) -> str:
        """Return the words of a wording; see `wording`."""
        return self.wording(table, name).words

    def wording(self, table: str, name: str) -> Wording:
        """Return a wording of this row whose tags fit; the earlier in its row, the plainer, and the more frequent."""
        common, held = _fitting(table, name, self._tags & row_tags(table, name))
        if self._held_out and held and self.chance(0.5):
            return self.pick(held)
        fits = common if self._held_out is False else common + held
        return fits[0] if self.chance(0.3) else fits[int(next(self._numbers) ** 1.4 * len(fits))]

    def shuffle(self, items: list[str]) -> list[str]:
        return [item for _, item in sorted((next(self._numbers), item) for item in items)]


def allowed(text: str, held_out: bool | None) -> bool:
    return held_out is None or bool(held_out_in(text)) == held_out


def reads_well(text: str, things: bool) -> bool:
    """Say whether no word of weight occurs twice and no turn of phrase is overused; two things may both be red."""
    words = [word for word in re.findall(r"[a-z'-]+", text.lower()) if word not in _GLUE]
    stems = [word[:-1] if word.endswith("s") and len(word) > 3 else word for word in words]
    return (
        (things or len(stems) == len(set(stems)))
        and text.count(" sky") + text.count(" skies") <= 1
        and text.count(" with ") <= 2
    )
