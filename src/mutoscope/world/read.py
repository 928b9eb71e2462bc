"""Reads a sentence with the grammar's own tables: which facts it names, and which of its words the world does not know.

The opposite direction of `captions.py`: every caption of the grammar reads back as facts that its scene has. The longest
wording wins, so `forest lake` is a lake and no forest; of two scenes the first is taken.

    read("three sailboats on a calm lake at dawn, watercolor").facts   # {"scene": "lake", "light": "dawn", ...}
"""

import re
from dataclasses import dataclass
from functools import cache

from mutoscope.rng import stream
from mutoscope.vocabulary import COLORS, SIDES, Matcher, belongs, match, names_of, nouns, scenes
from mutoscope.vocabulary.wordings import row, rows
from mutoscope.world.grammar import vocabulary
from mutoscope.world.spec import Facts, SceneSpec, Thing
from mutoscope.world.sprite_names import SCENE_LOOKS
from mutoscope.world.sprites import SpriteLibrary
from mutoscope.world.things import MAX_THINGS

_SPACED = re.compile(r"[^\w'-]+")


@dataclass(frozen=True)
class Reading:
    """What a sentence says: `facts` for `draw_spec`, words the world does not know, and wordings that lost to others."""

    facts: Facts
    unknown: tuple[str, ...]
    unused: tuple[str, ...]  # a second scene, a second light: one picture shows one of each


def read(text: str) -> Reading:
    """Read a sentence; a fact that it does not name is left out."""
    words = _plain(text)
    facts: dict[str, str] = {}
    unused: list[str] = []
    for start, end, fact, name in match(words):
        if fact and facts.setdefault(fact, name) != name:
            unused.append(words[start:end])
    return Reading(_agreed(facts), tuple(_unknown(words)), tuple(unused))


def _plain(text: str) -> str:
    """Return the words in lower case, one blank between them."""
    return " ".join(_SPACED.sub(" ", text.lower()).split())


def _agreed(facts: dict[str, str]) -> Facts:
    """Return the facts without a plant that does not grow in the scene."""
    foreign = "plant" in facts and "scene" in facts and facts["plant"] not in scenes()[facts["scene"]].plants
    return Facts(**{name: value for name, value in facts.items() if not (foreign and name == "plant")})


def _unknown(words: str) -> list[str]:
    known = vocabulary() | NUMBERS
    return [word for word in dict.fromkeys(words.split()) if word not in known and not word.isdigit()]


COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "several": 3, "some": 3}
COUNTS |= {str(number): number for number in range(1, MAX_THINGS + 1)}
NUMBERS = frozenset([*COUNTS, "many", "few", "large", "small", "big", "little"])


# ----------------------------------------------------------------------------------------------------------------- things


def read_things(text: str, spec: SceneSpec, library: SpriteLibrary) -> tuple[tuple[Thing, ...], dict[str, str]]:
    """Return the things that a sentence names, and which of its words are not drawn: {word: why}.

    Those are the names of things that the library lacks or the scene has no room for, and colours no sprite can take.
    """
    words = _plain(text)
    things: list[Thing] = []
    missing: dict[str, str] = {}
    facts = [found for found in match(words) if found.fact]  # what is a fact of the scene is no thing in it
    ends = [hit.end for hit in _names().hits(words)]
    for hit in _names().longest(words, lambda hit: not any(hit.overlaps(fact) for fact in facts)):
        last = max((end for end in ends if end <= hit.start), default=0)  # "red apple, fox" is no red fox
        before = words[last : hit.start].split()[-3:]
        color = next((word for word in before if word in COLORS), "")
        thing = _thing(*hit.value, color, before, words[hit.end :], _looks(words), spec, library)
        if thing and sum(other.count for other in things) + thing.count <= MAX_THINGS:
            things.append(thing)
            if thing.color != color:
                missing[color] = f"no sprite of a {thing.noun} can be dyed"
        else:
            missing[hit.wording] = "no sprite of it fits here" if library.sprites else "there are no sprites"
    return tuple(things), missing


@cache
def _names() -> Matcher[tuple[str, bool]]:
    """Return {what a thing is called: (its noun, is it a plural)}."""
    one, many = names_of(nouns().keys())
    return Matcher(
        {said: (noun, True) for said, noun in many.items()} | {said: (noun, False) for said, noun in one.items()}
    )


def _looks(words: str) -> frozenset[str]:
    """Return the ways of drawing that a sentence names."""
    names = rows("object look")
    return frozenset(name for name in names if any(one.words.lower() in words for one in row("object look", name)))


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
    rooms = [place for place in scenes()[scene].rooms if place in nouns()[noun].places or belongs(noun, scene, place)]
    known = [sprite for sprite in library.nouns().get(noun, ()) if library.fits(sprite.id)]
    sprites = [sprite for sprite in known if scene == "plain ground" or sprite.look in SCENE_LOOKS]
    sprites = [sprite for sprite in sprites if sprite.look in looks] or sprites
    if not rooms or not sprites:
        return None
    count = next((COUNTS[word] for word in reversed(before) if word in COUNTS), 3 if many else 1)
    side = next(
        (name for name in SIDES if any(after.strip().startswith(one.words) for one in row("object side", name))), ""
    )
    dyeable = [sprite for sprite in sprites if not color or library.picture(sprite.id).dyeable]
    sprite = stream(spec.seed, "read thing", noun).choice(dyeable or sprites)
    return Thing(noun, sprite.id, rooms[0], count, side, color if dyeable else "", sprite.look if looks else "")
