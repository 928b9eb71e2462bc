"""Plain words for what a prompt says in others: `nightfall over rooftops under snow` -> `snowy village, blue hour`.

A small network that has read a wording a dozen times hears it less clearly than the name of what is meant, which it has read
thousands of times. So the names of scene, light and weather are added to what it reads where the prompt says them in other words.
The wordings are those of the world's captions and of scripts/more_wordings.txt (scripts/make_phrases writes both to phrases.json); the
longest wins, so a `forest lake` is a lake and no forest, and of two scenes the first is taken.

Where no wording says scene or light, single words may tell it: `huge breakers rolling in` holds a word that wordings of beaches have
and no others (naive Bayes over the wordings). Misspelt words are read as the nearest of the book. What is left open is left to the
network, as before.

    plain_words("At the onset of night, a tarn ringed by firs")      # "lake, blue hour"

The request keeps the words, so a file is made again the same whatever a later version reads.
"""

import difflib
import json
import math
import re
from collections import Counter
from collections.abc import Collection
from functools import cache
from pathlib import Path

BOOK = Path(__file__).parent / "phrases.json"  # {fact: {name: [wording, ...]}}; "" holds wordings that say no fact
ADDED = ("scene", "light", "weather", "season", "style")
# Scenes that were learned without a light (world/spec.py has them too): a reef at noon would rise out of the water.
LIGHTLESS = frozenset({"coral reef", "space", "plain ground"})
TOLD = ("scene", "light")  # facts that single words tell where no wording says them
PINE_FOREST = "pine forest"  # the scene of pines and firs that stand in none
LIKELIER = 4.0  # than the second likeliest: half of what the book leaves open is told so, none of it wrongly (tests/test_phrases.py)
SPELLED_LIKE, FEWEST_LETTERS = 0.83, 5  # of a misspelt word: least ratio of letters in common, and how many it has
# Words that tell no scene and no light: colours are those of things, the rest is everywhere.
_MUTE = frozenset(
    "red orange yellow green blue purple pink brown black white grey gray golden violet crimson scarlet a an the of in on at to with "
    "and or is are as by from for into over under up down out all it its that this i my me we you no not one two so be like very just "
    "while when where there they some any light against".split()
)
_ENDINGS = ("ing", "ed", "es", "s")
_WORD = re.compile(r"[\w'-]+")


def plain_words(prompt: str, strange: Collection[str] = ()) -> str:
    """Return the names of what a prompt says, parted by commas; "" where there are none. `strange` words of it may be misspelt.

    What the prompt names itself is named once more: at the end, by itself, it is heard better (dev/log.md).
    """
    said = meant(mended(prompt, strange) if strange else prompt)
    if said.get("scene") in LIGHTLESS:
        said.pop("light", None)
    return ", ".join(said[fact] for fact in ADDED if fact in said)


def read(prompt: str) -> dict[str, str]:
    """Return the facts that a prompt says, by name; what it does not say is left out."""
    facts: dict[str, str] = {}
    for _, _, fact, name in wordings_in(prompt):
        facts.setdefault(fact, name)
    facts.pop("", None)
    return facts


def wordings_in(prompt: str) -> list[tuple[int, int, str, str]]:
    """Return the wordings of a prompt, (start, end, fact, name) in its letters, one behind the other; the longest are taken."""
    book, most = _book()
    words = list(_WORD.finditer(_plain(prompt)))
    hits = []
    for first, start in enumerate(words):
        said = ""
        for word in words[first : first + most]:
            said = f"{said} {word.group()}".lstrip()
            if said in book:
                hits.append((start.start(), word.end(), len(said), *book[said]))
    kept: list[tuple[int, int, str, str]] = []
    for start, end, _, fact, name in sorted(hits, key=lambda hit: (-hit[2], hit[0])):
        if all(end <= other[0] or other[1] <= start for other in kept):
            kept.append((start, end, fact, name))
    return sorted(kept)


def meant(prompt: str) -> dict[str, str]:
    """Return what `read` reads, and the scene and light that single words tell where no wording says them."""
    said = read(prompt)
    told = {fact: _told(fact, list(dict.fromkeys(_stems(prompt)))) for fact in TOLD if fact not in said}
    implied = {"scene": PINE_FOREST} if said.get("plant") == "pine" else {}
    return implied | said | {fact: name for fact, name in told.items() if name}


def tells(word: str, scene: str) -> bool:
    """Say whether a word is one that wordings of this scene have."""
    return any(stem in _tellers("scene")[scene] for stem in _stems(word))


def _told(fact: str, stems: Collection[str]) -> str:
    """Return the name of a fact that words tell: by far the likeliest one of whose wordings would hold them; "" for none.

    Bernoulli naive Bayes with Laplace's rule, over the words that the prompt does hold.
    """
    counts, wordings = _tellers(fact), _wordings()[fact]
    known = [stem for stem in stems if any(stem in row for row in counts.values())]
    likely = {
        name: sum(math.log((counts[name][stem] + 1) / (len(wordings[name]) + 2)) for stem in known) for name in counts
    }
    best, second = sorted(likely, key=lambda name: -likely[name])[:2]
    return best if likely[best] - likely[second] >= math.log(LIKELIER) else ""


@cache
def _tellers(fact: str) -> dict[str, Counter[str]]:
    """Return {name: in how many of its wordings each word is}."""
    return {
        name: Counter(stem for wording in wordings for stem in set(_stems(wording)))
        for name, wordings in _wordings()[fact].items()
    }


def _stems(text: str) -> list[str]:
    """Return the words that may tell something, without their endings."""
    return [_stem(word) for word in _words(text) if word not in _MUTE]


def _stem(word: str) -> str:
    ending = next((end for end in _ENDINGS if word.endswith(end) and len(word) - len(end) >= 4), "")
    return word.removesuffix(ending)


def mended(prompt: str, strange: Collection[str]) -> str:
    """Return the words of a prompt, each strange one as the word of the book that is spelled most like it, if one is."""

    def nearest(word: str) -> str:
        if word not in strange or len(word) < FEWEST_LETTERS:
            return word
        return next(iter(difflib.get_close_matches(word, _spellings(), 1, SPELLED_LIKE)), word)

    return " ".join(nearest(word) for word in _words(prompt))


@cache
def _spellings() -> list[str]:
    """Return the words of the wordings of scenes and lights, in order."""
    rows = (wording for fact in TOLD for wordings in _wordings()[fact].values() for wording in wordings)
    return sorted({word for wording in rows for word in wording.split() if len(word) >= FEWEST_LETTERS})


def _words(text: str) -> list[str]:
    return _WORD.findall(_plain(text))


def _plain(text: str) -> str:
    """Return a text in lower case."""
    return text.lower().replace("’", "'")


@cache
def _book() -> tuple[dict[str, tuple[str, str]], int]:
    """Return {wording: (fact, name)}, and the words of the longest wording; of two facts the first in the file is meant."""
    found: dict[str, tuple[str, str]] = {}
    for fact, names in _wordings().items():
        for name, wordings in names.items():
            for wording in wordings:
                found.setdefault(wording, (fact, name))
    return found, max(len(wording.split()) for wording in found)


@cache
def _wordings() -> dict[str, dict[str, list[str]]]:
    """Return the book."""
    return json.loads(BOOK.read_text(encoding="utf-8"))
