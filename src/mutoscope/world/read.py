"""Reads a sentence with the grammar's own tables: which facts it names, and which of its words the world does not know.

The opposite direction of `captions.py`: every caption of the grammar reads back as facts that its scene has. The longest
wording wins, so `forest lake` is a lake and no forest; of two scenes the first is taken.

    read("three sailboats on a calm lake at dawn, watercolor").facts   # {"scene": "lake", "light": "dawn", ...}
"""

import re
from dataclasses import dataclass
from functools import cache

from mutoscope.rng import stream
from mutoscope.world.grammar import vocabulary
from mutoscope.world.nouns import COLORS, LOOKS, SCENE_LOOKS, SIDE_WORDS, SYNONYMS, cells, nouns, plural
from mutoscope.world.spec import SCENE_PLANTS, SceneSpec, Thing
from mutoscope.world.sprites import SpriteLibrary
from mutoscope.world.things import MOST, ROOM, belongs
from mutoscope.world.words import FACT_TABLES, TABLES

PASSED_OVER = ("motion", "detail", "verb", "view")  # of no fact, but `waves crashing on` is not the scene called waves
_SPACED = re.compile(r"[^\w'-]+")


@dataclass(frozen=True)
class Reading:
    """What a sentence says: `facts` for `draw_spec`, words the world does not know, and wordings that lost to others."""

    facts: dict[str, str]
    unknown: tuple[str, ...]
    unused: tuple[str, ...]  # a second scene, a second light: one picture shows one of each


def read(text: str) -> Reading:
    """Read a sentence; a fact that it does not name is left out."""
    words = _plain(text)
    facts: dict[str, str] = {}
    unused: list[str] = []
    for start, end, fact, name in sorted(_apart(_found(words))):
        if fact and facts.setdefault(fact, name) != name:
            unused.append(words[start:end])
    return Reading(_agreed(facts), tuple(_unknown(words)), tuple(unused))


def _plain(text: str) -> str:
    """Return the words in lower case, one blank between them."""
    return " ".join(_SPACED.sub(" ", text.lower()).split())


def _bare(words: str) -> str:
    """Return a wording without its article: people type `burning sky` for `a burning sky`."""
    return re.sub(r"^(?:an? |the (?=.* ))", "", words)


def _overlap(one: tuple, other: tuple) -> bool:
    """Say whether two stretches of text, (start, end, ...), share a letter."""
    return one[0] < other[1] and other[0] < one[1]


def _apart(found: list[tuple[int, int, str, str]]) -> list[tuple[int, int, str, str]]:
    """Keep the longest of wordings that overlap."""
    kept: list[tuple[int, int, str, str]] = []
    for hit in sorted(found, key=lambda hit: (-(hit[1] - hit[0]), hit[0])):
        if not any(_overlap(hit, other) for other in kept):
            kept.append(hit)
    return kept


def _found(words: str) -> list[tuple[int, int, str, str]]:
    """Return every wording that occurs: (start, end, fact, its value)."""
    return [(*hit.span(1), fact, value) for fact, value, pattern in _patterns() for hit in pattern.finditer(words)]


def wordings() -> dict[str, dict[str, list[str]]]:
    """Return {fact: {value: its wordings, in order}}; under "" those that say no fact and only look as if."""
    found: dict[str, dict[str, list[str]]] = {}
    for fact, tables in {**FACT_TABLES, "": PASSED_OVER}.items():
        for value in sorted({name for table in tables for name in TABLES[table]}):
            said = [cell for table in tables for cell in cells(TABLES[table].get(value, ""))]
            plain = {_bare(_plain(form)) for cell in said for form in cell.split(" @")[0].split("|")}
            found.setdefault(fact, {})[value] = sorted(plain - {""})
    return found


@cache
def _patterns() -> list[tuple[str, str, re.Pattern[str]]]:
    """Return (fact, value, pattern); a pattern looks ahead, so that wordings that overlap are all found."""
    patterns = []
    for fact, values in wordings().items():
        for value, said in values.items():
            if said:
                joined = "|".join(map(re.escape, sorted(said, key=len, reverse=True)))
                patterns.append((fact, value, re.compile(rf"(?<![\w'-])(?=({joined})(?![\w'-]))")))
    return patterns


def _agreed(facts: dict[str, str]) -> dict[str, str]:
    """Take out a plant that does not grow in the scene."""
    foreign = "plant" in facts and "scene" in facts and facts["plant"] not in SCENE_PLANTS[facts["scene"]]
    return {name: value for name, value in facts.items() if not (foreign and name == "plant")}


def _unknown(words: str) -> list[str]:
    known = vocabulary() | NUMBERS
    return [word for word in dict.fromkeys(words.split()) if word not in known and not word.isdigit()]


COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "several": 3, "some": 3}
COUNTS |= {str(number): number for number in range(1, MOST + 1)}
NUMBERS = frozenset([*COUNTS, "many", "few", "large", "small", "big", "little"])


# ----------------------------------------------------------------------------------------------------------------- things


def read_things(text: str, spec: SceneSpec, library: SpriteLibrary) -> tuple[tuple[Thing, ...], dict[str, str]]:
    """Return the things that a sentence names, and which of its words are not drawn: {word: why}.

    Those are the names of things that the library lacks or the scene has no room for, and colours no sprite can take.
    """
    words = _plain(text)
    things: list[Thing] = []
    missing: dict[str, str] = {}
    looks = frozenset(look for look, row in LOOKS.items() if any(cell.lower() in words for cell in cells(row)))
    taken = [hit[:2] for hit in _apart(_found(words)) if hit[2]]  # what is a fact of the scene is no thing in it
    hits = [(hit.start(), hit.end(), noun, many) for noun, many, pattern in _names() for hit in pattern.finditer(words)]
    for start, end, noun, many in sorted(hits, key=lambda hit: (hit[0] - hit[1], hit[0])):
        if any(_overlap((start, end), other) for other in taken):
            continue
        last = max((end for _, end, *_ in hits if end <= start), default=0)  # "red apple, fox" is no red fox
        before = words[last:start].split()[-3:]
        color = next((word for word in before if word in COLORS), "")
        thing = _thing(noun, many, color, before, words[end:], looks, spec, library)
        taken.append((start, end))
        if thing and sum(other.count for other in things) + thing.count <= MOST:
            things.append(thing)
            if thing.color != color:
                missing[color] = f"no sprite of a {noun} can be dyed"
        else:
            missing[words[start:end]] = "no sprite of it fits here" if library.sprites else "there are no sprites"
    return tuple(things), missing


@cache
def _names() -> list[tuple[str, bool, re.Pattern[str]]]:
    """Return (noun, is it a plural, pattern) of everything that a thing is called."""
    found = []
    for noun in nouns():
        names = cells(SYNONYMS[noun]) if noun in SYNONYMS else [noun]
        for many, options in ((False, names), (True, [plural(name) for name in names])):
            joined = "|".join(re.escape(name) for name in sorted(options, key=len, reverse=True))
            found.append((noun, many, re.compile(rf"(?<![\w'-])(?:{joined})(?![\w'-])")))
    return found


def _thing(
    noun: str,
    many: bool,
    color: str,  # "" = as it is
    before: list[str],  # the words
    after: str,  # the rest of the sentence
    looks: frozenset[str],  # ways of drawing that the sentence names
    spec: SceneSpec,
    library: SpriteLibrary,
) -> Thing | None:
    """Return the thing with what is said around its noun, without a colour it cannot take; None where it cannot be drawn."""
    scene = spec.scene
    rooms = [place for place in ROOM.get(scene, {}) if place in nouns()[noun].places or belongs(noun, scene, place)]
    known = [sprite for sprite in library.nouns().get(noun, ()) if library.fits(sprite.id)]
    sprites = [sprite for sprite in known if scene == "plain ground" or sprite.look in SCENE_LOOKS]
    sprites = [sprite for sprite in sprites if sprite.look in looks] or sprites
    if not rooms or not sprites:
        return None
    count = next((COUNTS[word] for word in reversed(before) if word in COUNTS), 3 if many else 1)
    side = next((name for name, row in SIDE_WORDS.items() if any(after.strip().startswith(w) for w in cells(row))), "")
    dyeable = [sprite for sprite in sprites if not color or library.peek(sprite.id).dyeable]
    sprite = stream(spec.seed, "read thing", noun).choice(dyeable or sprites)
    return Thing(noun, sprite.id, rooms[0], count, side, color if dyeable else "", sprite.look if looks else "")
