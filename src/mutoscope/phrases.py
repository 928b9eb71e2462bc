"""Plain words for what a prompt says in others: `nightfall over rooftops under snow` -> `snowy village, blue hour`.

A small network that has read a wording a dozen times hears it less clearly than the name of what is meant, which it has read
thousands of times. So the names of scene, light and weather are added to what it reads where the prompt says them in other words.
The wordings are those of the world's captions (scripts/make_phrases writes phrases.json); the longest wins, so a `forest lake` is a lake
and no forest, and of two scenes the first is taken. What no wording says is left to the network, as before.

    plain_words("At the onset of night, a tarn ringed by firs")      # "lake, blue hour"

The request keeps the words, so a file is made again the same whatever a later version reads.
"""

import json
import re
from functools import cache
from pathlib import Path

BOOK = Path(__file__).parent / "phrases.json"  # {fact: {name: [wording, ...]}}; "" holds wordings that say no fact
ADDED = ("scene", "light", "weather", "season", "style")
_SPACED = re.compile(r"[^\w'-]+")


def plain_words(prompt: str) -> str:
    """Return the names of what a prompt says and does not name, parted by commas; "" where there are none."""
    said = read(prompt)
    text = f" {' '.join(_words(prompt))} "
    return ", ".join(said[fact] for fact in ADDED if fact in said and f" {said[fact]} " not in text)


def read(prompt: str) -> dict[str, str]:
    """Return the facts that a prompt says, by name; what it does not say is left out."""
    book, most = _book()
    words = _words(prompt)
    hits = [
        (start, start + count, *book[" ".join(words[start : start + count])])
        for start in range(len(words))
        for count in range(1, min(most, len(words) - start) + 1)
        if " ".join(words[start : start + count]) in book
    ]
    kept: list[tuple[int, int, str, str]] = []
    for hit in sorted(hits, key=lambda hit: (-len(" ".join(words[hit[0] : hit[1]])), hit[0])):
        if all(hit[1] <= other[0] or other[1] <= hit[0] for other in kept):
            kept.append(hit)
    facts: dict[str, str] = {}
    for _, _, fact, name in sorted(kept):
        facts.setdefault(fact, name)
    facts.pop("", None)
    return facts


def _words(text: str) -> list[str]:
    """Return the words in lower case."""
    return _SPACED.sub(" ", text.lower().replace("’", "'")).split()


@cache
def _book() -> tuple[dict[str, tuple[str, str]], int]:
    """Return {wording: (fact, name)}, and the words of the longest wording; of two facts the first in the file is meant."""
    rows = json.loads(BOOK.read_text(encoding="utf-8"))
    found: dict[str, tuple[str, str]] = {}
    for fact, names in rows.items():
        for name, wordings in names.items():
            for wording in wordings:
                found.setdefault(wording, (fact, name))
    return found, max(len(wording.split()) for wording in found)
