"""Reading a prompt, once: weights in brackets, the facts it states, the style and the objects it names.

read_prompt("two red cars on a lake at (sunset:1.3), watercolor", library)
# segments  "two red cars on a lake at " 1.0, "sunset" 1.3, ", watercolor" 1.0
# facts     scene lake, light sunset (weight 1.3)      style  watercolor
# objects   two red cars                               scene  the prompt without them
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from mutoscope.prompt.facts import correct_spelling, find_facts
from mutoscope.prompt.objects import FoundObjects
from mutoscope.prompt.request import Fact
from mutoscope.prompt.weighting import EMPTY, Segments, leave_out_unread, parse_weights
from mutoscope.vocabulary import LIGHTLESS, match

_WORD = re.compile(r"[\w'-]+")
_PARTS = re.compile(r"[\w'-]+|[^\w'-]+")  # words, and what stands between them


class Library(Protocol):
    """What finds objects in a text."""

    def find(self, prompt: str) -> FoundObjects: ...


@dataclass(frozen=True)
class PromptReading:
    """What a prompt says."""

    segments: Segments  # its parts with their weights, those of weight 0 left out
    facts: tuple[Fact, ...] = ()
    style: str = ""  # that it names; "" = none
    found: FoundObjects | None = None  # the objects it names; None: none, or nobody looked
    scene: Segments = ()  # the prompt without its objects


def read_prompt(
    prompt: str, library: Library | None = None, may_be_typo: Callable[[str], bool] = lambda word: False
) -> PromptReading:
    """Read a prompt; without a `library` no objects are looked for. `may_be_typo` says which words to read as the nearest known."""
    segments = leave_out_unread(parse_weights(prompt))
    text = "".join(words for words, _ in segments)
    found = library.find(text) if library is not None else None
    found = found if found is not None and found.objects else None
    scene = segments if found is None else keep_weights(found.scene, segments)
    facts, style = read_facts(scene, may_be_typo)
    return PromptReading(segments, facts, style, found, scene)


def read_facts(segments: Segments, may_be_typo: Callable[[str], bool]) -> tuple[tuple[Fact, ...], str]:
    """Return the facts that a text states, each with the weight of its words, and the style it names, "" for none."""
    text = "".join(words for words, _ in segments)
    typos = [word for word in dict.fromkeys(re.findall(r"[^\W\d_](?:[\w'\-]*\w)?", text.lower())) if may_be_typo(word)]
    stated = find_facts(correct_spelling(text, typos) if typos else text)
    if stated.get("scene") in LIGHTLESS:
        stated.pop("light", None)
    style = stated.pop("style", "")
    weights = weigh_facts(segments) if any(weight != 1 for _, weight in segments) else {}
    return tuple(Fact(kind, name, weights.get((kind, name), 1.0)) for kind, name in stated.items() if kind), style


def weigh_facts(segments: Segments) -> dict[tuple[str, str], float]:
    """Return {(kind, name): weight of the words that state the fact first}: of `at (sunset:1.3)` the one that is given."""
    text = "".join(words for words, _ in segments)
    weights = [weight for words, weight in segments for _ in words]
    found: dict[tuple[str, str], float] = {}
    for start, end, kind, name in match(text):
        found.setdefault((kind, name), max(weights[start:end], key=lambda weight: abs(weight - 1)))
    return found


def keep_weights(text: str, segments: Segments) -> Segments:
    """Return `text`, which was cut out of the segments' own text, with the weights that its words have there."""
    if all(weight == 1 for _, weight in segments):
        return ((text, 1.0),)
    weights = [weight for words, weight in segments for _ in words]
    starts: dict[str, list[int]] = {}  # where each word stands, and what stands between them
    for part in _PARTS.finditer("".join(words for words, _ in segments)):
        starts.setdefault(part.group(), []).append(part.start())
    letters: list[tuple[str, float]] = []
    at = 0
    for part in _PARTS.findall(text):
        places = starts.get(part, [])
        nearest = bisect_left(places, at)
        start = places[nearest] if nearest < len(places) else None
        if start is None or (
            start > at and not _WORD.match(part)
        ):  # added, or it stands between other words than before
            letters += ((letter, 1.0) for letter in part)
        else:
            at = start + len(part)
            letters += zip(part, weights[start:at], strict=True)
    grouped = groupby(letters, key=lambda letter: letter[1])
    return tuple(("".join(letter for letter, _ in alike), weight) for weight, alike in grouped) or EMPTY


def unknown_words(text: str, known: Collection[str]) -> list[str]:
    """Return the words of `text` that are not in `known` (lower case), in order, each once; numbers are left out."""
    known = known if isinstance(known, set | frozenset) else set(known)
    words = [word.strip("'-") for word in re.findall(r"[^\W\d_](?:[\w'\-]*\w)?", text.lower().replace("’", "'"))]
    return list(dict.fromkeys(word for word in words if word and not is_known(word, known)))


def is_known(word: str, known: set[str] | frozenset[str]) -> bool:
    """Say whether a word, its singular or plural, or every part of a compound is in `known`."""
    if word in known:
        return True
    if "-" in word and all(is_known(part, known) for part in word.split("-") if part):
        return True
    stems = [word + "s", word.removesuffix("s"), word.removesuffix("es"), word.removesuffix("'s")]
    return any(stem in known for stem in stems)
