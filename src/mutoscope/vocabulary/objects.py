"""The objects: what they are, how they are called in one and in many, and in which scenes they make sense. Facts of objects.toml.

nouns()["fox"]                       # Noun(name='fox', kind='animal', places=('ground', 'plain'), size='small', ...)
plural("bunch of grapes")            # 'bunches of grapes'
belongs("fox", "meadow", "ground")   # True
"""

import re
from collections.abc import Collection
from functools import cache
from typing import NamedTuple

from mutoscope.vocabulary.loading import cells, data
from mutoscope.vocabulary.scenes import scenes

PLACES = ("ground", "water", "air", "plain")  # where an object can be
SIDES = ("left", "centre", "right")
# Kinds that look odd nowhere in a landscape.
OUTDOOR_KINDS = frozenset({"animal", "person", "vehicle", "plant", "toy", "nature", "building", "object", "furniture"})
# The scene in which an object is at home that is at home in several, or in none.
FIRST_HOMES = ("garden", "pine forest", "meadow", "farm field", "road", "beach", "open sea")
USUAL_HOMES = ("meadow", "open sea", "garden")
_LINK = re.compile(r"(.*?)( of | in | with | without | and |$)(.*)")


class Noun(NamedTuple):  # a thousand of them are made for the first prompt, three times as fast as of a dataclass
    """What is true of every object of this name."""

    name: str
    kind: str  # vehicle, vessel, animal, person, plant, nature, building, food, toy, object, ...
    places: tuple[str, ...]  # of PLACES, the usual one first
    size: str  # a key of SIZES
    motion: str  # none, fly, drive, sail, bob, walk, swim, hop, spin, rise or flicker
    synonyms: tuple[str, ...] = ()
    countable: bool = True  # there can be two of it, and one is "a" or "an"
    sunk: float = 0.0  # share of its height below the waterline, 0 = what its motion says


@cache
def nouns() -> dict[str, Noun]:
    """Return every object by name, in alphabetical order."""
    rows = data("objects")
    uncountable = pairs() | masses() | set(rows["proper"])
    found = {}
    for key, names in rows["groups"].items():
        facts, _, places = key.partition(": ")
        kind, size, motion = facts.split(", ")
        for name in cells(names):
            found[name] = Noun(
                name, kind, tuple(places.split(", ")), size, motion, cells(rows["synonyms"].get(name, "")),
                name not in uncountable, rows["sunk"].get(name, 0.0),
            )  # fmt: skip
    return dict(sorted(found.items()))


def find_noun(name: str) -> Noun:
    """Return what is known of an object; a name of which nothing is known is a small thing on a plain ground."""
    return nouns().get(name) or Noun(name, "object", ("plain",), "small", "none")


@cache
def _set(name: str) -> frozenset[str]:
    return frozenset(cells(data("objects")["sets"][name]))


def pairs() -> frozenset[str]:
    """Return the objects that are always plural."""
    return _set("pairs")


def masses() -> frozenset[str]:
    """Return the objects without a number, as bread."""
    return _set("mass")


def common() -> frozenset[str]:
    """Return the objects that people ask for most."""
    return _set("common")


def core() -> frozenset[str]:
    """Return the objects that a small model learns first: asked for most, and drawn whole by the best sets."""
    return _set("core")


def names_of(known: Collection[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return {what one is called: object} and {what several are called: object} of these objects, in lower case.

    An object's own name goes before the same word as a synonym of another.
    """
    one: dict[str, str] = {}
    many: dict[str, str] = {}
    for name in sorted(known):
        for said in (name, *nouns()[name].synonyms):
            one.setdefault(said.lower(), name)
            many.setdefault(plural(said).lower(), name)
    one |= {name: name for name in known}
    for said, name in data("objects")["prompts"].items():
        if name in known and said not in known:
            one[said] = many[plural(said)] = name
    return one, many


def plural(name: str) -> str:
    """Return the plural; `bunch of grapes` becomes `bunches of grapes`."""
    odd = data("objects")["plurals"]
    if name in odd:
        return odd[name]
    if " " in name:
        found = _LINK.fullmatch(name)
        assert found is not None, name
        head, link, tail = found.groups()
        if link:
            return plural(head) + link + tail
        before, _, last = name.rpartition(" ")
        if last in odd:
            return f"{before} {odd[last]}"
    if name.endswith(("s", "x", "z", "ch", "sh")):
        return name + "es"
    if name.endswith("y") and name[-2] not in "aeiou":
        return name[:-1] + "ies"
    return name + "s"


def article(words: str) -> str:
    """Return `words` with a or an: an owl, a unicorn, an hourglass, an x-ray."""
    first = words.lower()
    an = first[0] in "aeiou" and not re.match(r"(uni(?!nh|m)|us[be]|ufo|euro|one\b|ukulele|utensil)", first)
    return f"{'an' if an or re.match(r'(hour|heir|x-ray|mp|suv|8)', first) else 'a'} {words}"


def belongs(name: str, scene_name: str, place: str) -> bool:
    """Say whether an object makes sense at a place of a scene."""
    one, scene = find_noun(name), scenes()[scene_name]
    if scene_name == "space":
        return name in scene.objects
    if scene.under_water:
        return one.motion == "swim" or name == "turtle"
    if place not in one.places:
        return False
    return place == "plain" or (_suits(one, scene_name) and _fits(one, scene_name, place))


def _suits(one: Noun, scene_name: str) -> bool:
    """Say whether nothing about a scene speaks against an object: no whale in a river, no surfer without waves."""
    scene = scenes()[scene_name]
    if one.name in _set("with_own_scene") or (one.name == "surfer" and not scene.surf):
        return False
    too_large = one.motion == "swim" or one.size == "huge"
    return not (scene.fresh_water and too_large and one.kind != "person")


def _fits(one: Noun, scene_name: str, place: str) -> bool:
    if place == "water":  # small fish cannot be seen in the sea
        return one.motion in ("sail", "bob") or (one.motion == "swim" and one.size != "small") or one.name == "swimmer"
    if place == "air":
        return one.motion in ("fly", "rise")  # no clouds: the sky has its own, and the caption counts on them
    if one.kind not in OUTDOOR_KINDS or one.motion == "swim":
        return False
    return not (scenes()[scene_name].unbuilt and (one.size == "huge" or one.name in _set("on_rails")))


def home_of(name: str) -> str:
    """Return the scene in which an object is at home, in plain words; "" for what stands on a plain ground."""
    at_home = [scene for scene, row in scenes().items() if name in row.objects]
    first = sorted(at_home, key=lambda scene: FIRST_HOMES.index(scene) if scene in FIRST_HOMES else len(FIRST_HOMES))
    fits = first or [
        scene for scene in USUAL_HOMES if any(belongs(name, scene, place) for place in scenes()[scene].rooms)
    ]
    return cells(data("scenes")[fits[0]]["nouns"])[0].split(" @")[0] if fits else ""
