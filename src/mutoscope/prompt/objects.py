"""Which objects a prompt names: how many, of what colour, on which side; and the prompt without them.

    finder.find("two red cars on a road at dusk, a dog on the left")

The longest name wins, and a name inside the wording of a scene is no object (`island with palm trees` keeps its island). What cannot be
told apart stays in the prompt. Four rules of the language say which names are no objects of the picture:

    a bare noun behind a preposition of purpose or place     to church, by train, at school
    where somebody looks from                                photographed from a balloon
    what is said to be absent, or out of view                no cars, without a bus, a horse outside the frame
    a fruit's name that is a colour                          violet and peach, pale lemon, an orange roof

Knows no picture.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

from mutoscope.prompt.facts import find_facts
from mutoscope.prompt.request import NamedObject
from mutoscope.vocabulary import COLOR_SYNONYMS, COLORS, COUNTS, FACTS, Matcher, caption_wordings, match, names_of
from mutoscope.vocabulary.matching import Hit
from mutoscope.vocabulary.objects import masses, pairs

PLAIN = "plain ground"  # the scene without a scene
COUNT_OF_PLURAL = 3  # where no number is said
MAX_OBJECTS = 6  # in a picture, all kinds together
WORD_BEFORE = re.compile(r"([\w'-]+(?: of)?)(?: the)? +$")  # as the counts are written
SIDES = {
    "left": r"(?:on|to|at|in) the (?:far )?left(?:-hand)?(?: side| half| corner)?(?! of\b)",
    "right": r"(?:on|to|at|in) the (?:far )?right(?:-hand)?(?: side| half| corner)?(?! of\b)",
    "centre": r"(?:right )?(?:in|at) the (?:middle|cent(?:re|er))(?! of\b)",
}  # fmt: skip
OPPOSITE_SIDE = {"left": "right", "right": "left"}
BESIDE = {"left": r"(?:to the |on the )?left of", "right": r"(?:to the |on the )?right of"}
ALOFT = re.compile(
    r"\s*(?:[\w'-]+ ){0,2}?(?:flying|in flight|(?:up )?in the (?:sky|air)|overhead|soaring|above|over)\b"
)
# Where a named is, said in words that speak of nothing else.
WHERE = (
    r"(?:high )?(?:up )?(?:in|on) the (?:sky|air|water|waves|ground|foreground|distance)|overhead|afloat|nearby|under ?water|"
    r"in flight"
)
NATURAL = {("fox", "red"), ("pepper", "red")}  # colours that are part of a name
AS_COLOR = frozenset(
    {"orange", "rose", "violet", "peach", "lemon", "cherry", "plum", "lime", "chestnut", "olive", "coral"}
)
BARE_NOUN_BEFORE = re.compile(r"(?:^|\s)(?:to|at|by|for|out of) +$")
VIEWPOINT_BEFORE = re.compile(
    r"(?:seen|views?|shot|taken|photographed|filmed|watched|looking(?: out| down)?) from (?:an? |the |my )$"
)
ABSENT_BEFORE = re.compile(r"(?:^|\s)(?:no|not|without(?: any)?) +$")
ABSENT_BEHIND = re.compile(r"(?: [\w'-]+){0,2}? (?:out of|outside) (?:the )?(?:frame|sight|view|shot|picture)\b")
_COLOR_NAMES = "|".join([*COLORS, *COLOR_SYNONYMS])
COLOR_BEFORE = re.compile(rf"(?:(?:{_COLOR_NAMES}) (?:and|to|or)|deep|pale|dark|light|bright|in) +$")
# What may stand between a number and a noun without being one of its facts.
ADJECTIVES = frozenset(
    "large big huge giant small little tiny cute happy sad old young new vintage beautiful pretty majestic wild friendly "
    "adorable fluffy lovely elegant colorful colourful bright shiny sleepy baby proud brave tall short fat lazy playful "
    "curious mighty fast slow wooden modern classic antique rusty sleeping running sitting standing walking flying jumping "
    "swimming playing smiling dancing grazing snowy ripe fresh juicy toy light dark".split()
)
# Words that hang loose when the named they speak of is taken out.
LOOSE_WORDS = (
    r"sitting|standing|walking|running|flying|swimming|floating|sailing|driving|riding|parked|resting|lying|sleeping|playing|"
    r"grazing|jumping|drifting|gliding|soaring|waiting|moored|anchored|hovering|strolling|wandering|looking|watching|crossing|"
    r"passing|hopping|crawling|dancing|perched|growing|peacefully|slowly|quietly|happily|past|by|along|around|through|is|are"
)
LINKS = r"and|with|of|on|in|at|over|under|above|below|near|beside|by|from|across|against|behind|next to|in front of|to|into|as|for"
# A ground without a scene, and its colour: `on a white background`, `isolated on black`, `a sticker of`.
_OF_GROUND = "|".join(
    ("plain", "solid", "clean", "simple", "seamless", "studio", "flat", "empty", *COLORS, *COLOR_SYNONYMS)
)
_ALONE = r"icon|sticker|emoji|clip ?art|product (?:shot|photo)|studio(?: shot| photo)?"
GROUND = re.compile(
    rf"\b(?:(?:{_OF_GROUND})\s+)+(?:background|backdrop)\b|\bisolated on (?:an? )?(?:{_OF_GROUND})\b|"
    rf"\b(?:{_ALONE}) of\b"
)
ASKING = r"(?:a |an |the )?(?:picture|photo|photograph|image|drawing|painting|illustration|portrait|scene|view|shot|close-up)s? of"


# Words that are read, and not drawn by the network, where objects are named.
OBJECT_PHRASE_WORDS = frozenset(
    word.lower()
    for row in (*COLORS, *COLOR_SYNONYMS, *COUNTS, *ADJECTIVES, *re.findall(r"[a-z]+", f"{LOOSE_WORDS}|{LINKS}|{WHERE}|left|right|side"))
    for word in row.split()
)  # fmt: skip


@dataclass(frozen=True)
class FoundObjects:
    """The objects that a prompt names, and the prompt without them."""

    scene: str  # "" when nothing else was said
    objects: tuple[NamedObject, ...] = ()
    place: str = ""  # the scene that is named, "" for none
    ground: str = ""  # the colour of a plain background, a key of COLORS; "" = not said


class ObjectFinder:
    """The names of objects, ready to be looked for: those of the vocabulary, and a user's own, which go before."""

    def __init__(self, known: Collection[str], own: Collection[str] = ()):
        self._names, self._plurals = names_of(known)
        self._known = frozenset({*self._names, *self._plurals})  # a wording that holds one of these says something else
        self._names |= {name: name for name in own}
        self._plurals |= {f"{name}s": name for name in own}
        self._single = (pairs() | masses()) - frozenset(own)
        self._scenes = {word: scene for scene, words in caption_wordings("scene").items() for word in words}

    @property
    def names(self) -> frozenset[str]:
        """All words that name an object, plurals too."""
        return frozenset({*self._names, *self._plurals})

    @cached_property
    def _objects(self) -> Matcher[None]:
        return Matcher(dict.fromkeys([*self._names, *self._plurals]))

    @cached_property
    def _wordings(self) -> Matcher[str]:
        others = (words for fact in FACTS if fact != "scene" for words in caption_wordings(fact).values())
        return Matcher(dict.fromkeys(chain.from_iterable(others), "") | self._scenes)

    def _places(self, text: str) -> list[Hit[str]]:
        """Return the wordings of scenes, and those of other facts in which the name of an object is none."""
        inner = [hit for hit in self._objects.hits(text) if hit.wording in self._known]
        return self._wordings.first(text, lambda hit: bool(hit.value) or any(hit.covers(name) for name in inner))

    def find(self, prompt: str) -> FoundObjects:
        """Read a prompt."""
        text = prompt.lower().replace("’", "'")
        if len(text) != len(prompt):  # letters that have no lower case of one character
            text = prompt
        names = [hit.in_text(text) for hit in self._objects.first(text)]
        taken = [((hit.start, hit.end), hit.value) for hit in self._places(text)]
        taken += self._worded(text, names)
        place = next((scene for _, scene in sorted(taken) if scene), "")
        ground = None if place else GROUND.search(text)
        named = [hit for hit in names if not self._is_no_object(text, hit, [span for span, _ in taken])]
        if not place and not ground:
            place = self._classify_place(text, named)
        objects, spans = self._listed(text, named)
        left = _without(prompt, spans) if spans else prompt
        if ground and spans:
            left = re.sub(rf"(?i)\b(?:an? )?(?:{_ALONE})\b(?! background| backdrop)", "plain background", left)
        return FoundObjects(
            left, tuple(objects), PLAIN if ground else place, _color_in(ground.group()) if ground else ""
        )

    def _listed(self, text: str, named: list[re.Match[str]]) -> tuple[list[NamedObject], list[tuple[int, int]]]:
        """Return the objects of these names, no more than there is room for, and where the words stand that speak of them."""
        spans: list[tuple[int, int]] = []
        objects: list[NamedObject] = []
        for hit in named:
            start, count, color = self._before(text, hit.start(), hit.group())
            if sum(each.count for each in objects) + count > MAX_OBJECTS:
                continue
            end, side = _after(text, hit.end())
            noun = self._noun(hit.group())
            if all(each.noun != noun for each in objects):
                objects.append(
                    NamedObject(noun, count, color, side, bool(ALOFT.match(text[hit.end() :].partition(",")[0])))
                )
            spans.append((start, end))
        return _beside(text, objects, spans), spans

    def _worded(self, text: str, names: list[re.Match[str]]) -> list[tuple[tuple[int, int], str]]:
        """Return the wordings of scenes that hold the name of an object, and their scenes: a `wheat field`, loose `icebergs`.

        Two icebergs are objects, and so are three fishing boats.
        """
        found = []
        for start, end, fact, scene in match(text):
            held = [hit for hit in names if start <= hit.start() and hit.end() <= end]
            if fact != "scene" or not held:
                continue
            alone = any(hit.span() == (start, end) and not self._is_loose(text, hit) for hit in held)
            before = WORD_BEFORE.search(text[:start])
            counted = before is not None and COUNTS.get(before.group(1), 1) > 1
            if not alone and not counted:
                found.append(((start, end), scene if scene in self._scenes.values() else ""))
        return found

    def scene_of(self, words: str) -> str:
        """Return the scene of the index that these words name, "" for none."""
        return self._scenes.get(words, "")

    def _classify_place(self, text: str, named: list[re.Match[str]]) -> str:
        """Return the scene that the words around the objects suggest where none is named, "" for none that objects can stand in."""
        for hit in named:
            text = text[: hit.start()] + " " * len(hit.group()) + text[hit.end() :]
        scene = find_facts(text).get("scene", "")
        return scene if scene in self._scenes.values() else ""

    def _is_loose(self, text: str, hit: re.Match[str]) -> bool:
        """Say whether a name stands for any number of its objects: a plural that nothing counts or colours."""
        start, _, _ = self._before(text, hit.start(), hit.group())
        before = text[start : hit.start()].split()
        counted = any(word in COUNTS or COLOR_SYNONYMS.get(word, word) in COLORS for word in before)
        return hit.group().endswith("s") and not counted

    def _is_no_object(self, text: str, hit: re.Match[str], taken: list[tuple[int, int]]) -> bool:
        """Say whether a name is part of a scene's wording (`taken`), or no object by one of the rules above."""
        if any(start < hit.end() and hit.start() < end for start, end in taken) or _is_color(text, hit):
            return True
        before = text[: hit.start()]
        start, _, _ = self._before(text, hit.start(), hit.group())
        bare = start == hit.start() and hit.group() in self._names  # one, and no article
        if bare and (BARE_NOUN_BEFORE.search(before) or (hit.group() in AS_COLOR and COLOR_BEFORE.search(before))):
            return True
        absent = ABSENT_BEFORE.search(text[:start]) or ABSENT_BEHIND.match(text[hit.end() :])
        return bool(absent or VIEWPOINT_BEFORE.search(before))

    def _noun(self, said: str) -> str:
        return self._names.get(said) or self._plurals[said]

    def _before(self, text: str, end: int, said: str) -> tuple[int, int, str]:
        """Return (where the phrase starts, count, colour) by the words in front of a name."""
        start, count, color = end, 0, ""
        noun = self._noun(said)
        plural = said not in self._names
        while True:
            word = WORD_BEFORE.search(text[:start])
            if word is None:
                break
            one = word.group(1)
            shade = COLOR_SYNONYMS.get(one, one)
            if shade in COLORS and not color:
                color = shade
            elif one in COUNTS and (not count or one in ("a", "an", "the")):
                count = count or COUNTS[one]
            elif one not in ADJECTIVES:
                break
            start = word.start()
        color = "" if (noun, color) in NATURAL else color
        if noun in self._single:
            return start, 1, color
        return start, max(count or 1, COUNT_OF_PLURAL if plural and count < 2 else 1) if plural or count else 1, color


def _color_in(words: str) -> str:
    """Return the first colour that is said, a key of COLORS, "" for none."""
    said = (COLOR_SYNONYMS.get(word, word) for word in words.split())
    return next((word for word in said if word in COLORS), "")


def _is_color(text: str, hit: re.Match[str]) -> bool:
    """Say whether a name that is a colour too is one here: `an orange sky`, and not `an orange on a table`."""
    following = re.match(rf"\s+(?!(?:{LINKS}|{LOOSE_WORDS})\b)[\w'-]+", text[hit.end() :])
    return hit.group() in AS_COLOR and following is not None


def _after(text: str, start: int) -> tuple[int, str]:
    """Return (where the phrase ends, side) by the words behind a name: where it is, and what it does there."""
    where = re.match(rf"(?:\s+(?:{LOOSE_WORDS}))*\s*,?\s*(?:{WHERE})\b", text[start:])
    end = start + where.end() if where else start
    for side, words in SIDES.items():
        said = re.match(rf"(?:\s+(?:{LOOSE_WORDS}))*\s*,?\s*{words}", text[end:])
        if said:
            return end + said.end(), side
    return end, ""


def _beside(text: str, objects: list[NamedObject], spans: list[tuple[int, int]]) -> list[NamedObject]:
    """Give sides to two objects of which one is said to be left or right of the other."""
    if len(objects) != 2 or len(spans) != 2:
        return objects
    between = text[spans[0][1] : spans[1][0]]
    for side, words in BESIDE.items():
        if re.search(words, between):
            other = OPPOSITE_SIDE[side]
            spans[0] = (spans[0][0], spans[1][0])
            return [replace(objects[0], side=side), replace(objects[1], side=other)]
    if objects[0].side in ("left", "right") and not objects[1].side:
        return [objects[0], replace(objects[1], side=OPPOSITE_SIDE[objects[0].side])]
    return objects


def _without(prompt: str, spans: list[tuple[int, int]]) -> str:
    """Return a prompt without the phrases of its objects, and without the words that hang loose then."""
    left, at = [], 0
    for start, end in sorted(spans):
        left.append(prompt[at:start])
        at = max(at, end)
    text = " \0 ".join([*left, prompt[at:]])
    text = re.sub(r"\(\s*\0\s*(?::[\d.]+)?\)", "\0", text)
    parts = [_mended(part) for part in text.split(",")]
    return ", ".join(part for part in parts if part.strip(" .!?"))


def _mended(part: str) -> str:
    """Return what is left between two commas: `a harbour with \0 at dusk` -> `a harbour at dusk`, `\0 on a lake` -> `a lake`."""
    link = rf"(?:{LINKS}|{LOOSE_WORDS})"
    part = re.sub(rf"(?i)(?:\b(?:{link}|{ASKING})\s+)+\0", "\0", part)
    part = re.sub(rf"(?i)\0(?:\s+(?:{LOOSE_WORDS})\b)+", "\0", part)
    part = re.sub(rf"(?i)^[\s\0]*(?:{link}\b[\s\0]*)+(?=.*\S)" if "\0" in part else r"^\s+", "", part)
    return " ".join(re.sub(rf"(?i)\s+{link}\s*$", "", part.replace("\0", " ")).split())
