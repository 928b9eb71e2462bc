"""Which scene, light, weather, season and style a prompt states: `nightfall over rooftops under snow` -> snowy village, blue hour.

A small network that has read a wording a dozen times follows it less well than the name of what is find_facts, which it has read thousands
of times. So it reads the names of the facts besides the prompt. The wordings are those of `vocabulary`; of two scenes the first is
taken.

Where no wording says scene or light, single words may tell it: `hedges and roses` holds words that wordings of gardens have and few
others (naive Bayes over the wordings). Misspelt words are read as the nearest that wordings have. What is left open is left to
the network, as before.

    find_facts("At the onset of night, a tarn ringed by firs")   # {"scene": "lake", "light": "blue hour", "plant": "pine"}

The request keeps the facts, so a file is made again the same whatever a later version reads.
"""

import difflib
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable
from functools import cache

from mutoscope.vocabulary import match, plain, synonyms

CLASSIFIED_FACTS = ("scene", "light")  # that single words tell where no wording says them
PINE_FOREST = "pine forest"  # the scene of pines and firs that stand in none
MIN_LIKELIHOOD_RATIO = 4.0  # of the likeliest name to the second; below it nothing is told
MIN_SPELLING_RATIO = 0.83  # of letters that a misspelt word and the right one have in common
MIN_SPELLING_LETTERS = 5  # of a word that is corrected
# Words that tell no scene and no light: colours are those of objects, the rest is everywhere.
STOP_WORDS = frozenset(
    "red orange yellow green blue purple pink brown black white grey gray golden violet crimson scarlet a an the of in on at to with "
    "and or is are as by from for into over under up down out all it its that this i my me we you no not one two so be like very just "
    "while when where there they some any light against".split()
)
ENDINGS = ("ing", "ed", "es", "s")
MIN_STEM_LETTERS = 4
_WORD = re.compile(r"[\w'-]+")


def match_facts(prompt: str) -> dict[str, str]:
    """Return the facts that a prompt says, by name; what it does not say is left out."""
    facts: dict[str, str] = {}
    for found in match(prompt):
        if found.fact:
            facts.setdefault(found.fact, found.name)
    return facts


def find_facts(prompt: str) -> dict[str, str]:
    """Return what `match_facts` finds, and the scene and light that single words tell where no wording says them."""
    said = match_facts(prompt)
    told = {fact: classify(fact, stems(prompt)) for fact in CLASSIFIED_FACTS if fact not in said}
    implied = {"scene": PINE_FOREST} if said.get("plant") == "pine" else {}
    return implied | said | {fact: name for fact, name in told.items() if name}


def classify(fact: str, words: Iterable[str]) -> str:
    """Return the name of a fact whose wordings are by far the likeliest to hold these words without endings; "" where none is.

    Bernoulli naive Bayes with Laplace's rule, over the words that the prompt does hold.
    """
    counts, wordings = _stem_counts(fact), synonyms(fact)
    known = [stem for stem in dict.fromkeys(words) if any(stem in row for row in counts.values())]
    scores = {
        name: sum(math.log((counts[name][stem] + 1) / (len(wordings[name]) + 2)) for stem in known)
        for name in sorted(counts)
    }
    best, second = sorted(scores, key=lambda name: -scores[name])[:2]
    return best if scores[best] - scores[second] >= math.log(MIN_LIKELIHOOD_RATIO) else ""


@cache
def _stem_counts(fact: str) -> dict[str, Counter[str]]:
    """Return {name: in how many of its wordings each stem is}."""
    return {
        name: Counter(stem for wording in wordings for stem in set(stems(wording)))
        for name, wordings in synonyms(fact).items()
    }


def stems(text: str) -> list[str]:
    """Return the words that may tell something, without their endings."""
    return [_stem(word) for word in _words(text) if word not in STOP_WORDS]


def _stem(word: str) -> str:
    ending = next((end for end in ENDINGS if word.endswith(end) and len(word) - len(end) >= MIN_STEM_LETTERS), "")
    return word.removesuffix(ending)


def correct_spelling(prompt: str, unknown: Collection[str]) -> str:
    """Return the words of a prompt, each unknown one as the word of a wording that is spelled most like it, if one is."""

    def corrected(word: str) -> str:
        if word not in unknown or len(word) < MIN_SPELLING_LETTERS:
            return word
        return next(iter(difflib.get_close_matches(word, _spellings(), 1, MIN_SPELLING_RATIO)), word)

    return " ".join(corrected(word) for word in _words(prompt))


@cache
def _spellings() -> list[str]:
    """Return the words of the wordings of scenes and lights, in order."""
    rows = (wording for fact in CLASSIFIED_FACTS for wordings in synonyms(fact).values() for wording in wordings)
    return sorted({word for wording in rows for word in wording.split() if len(word) >= MIN_SPELLING_LETTERS})


def _words(text: str) -> list[str]:
    return _WORD.findall(plain(text))
