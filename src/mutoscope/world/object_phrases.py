"""What captions say of things: how many of what, of which colour, on which side, and what they do.

    thing_phrase(stream(1), Thing("fox", "", "ground", 5))        # 'five foxes'

`random` is a stream, or the draws of a caption, which know what is held out. Knows no picture.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from mutoscope.vocabulary import article, nouns, plural
from mutoscope.vocabulary.loading import data
from mutoscope.vocabulary.objects import masses, pairs
from mutoscope.vocabulary.wordings import row, rows
from mutoscope.world.movement import verb_of
from mutoscope.world.spec import Thing


def _word(random: Any, table: str, name: str) -> str:
    if hasattr(random, "word"):
        return random.word(table, name)
    return random.choice([wording.words for wording in row(table, name)])


def thing_phrase(random: Any, thing: Thing) -> str:
    """Return `two red sailboats`, `an owl`, `a pair of glasses`, `bread`."""
    noun = (
        _word(random, "object noun", thing.noun)
        if nouns().get(thing.noun) and nouns()[thing.noun].synonyms
        else thing.noun
    )
    color = f"{thing.color} " if thing.color else ""
    if thing.count > 1:
        return f"{_word(random, 'object count', str(thing.count))} {color}{plural(noun)}"
    proper = data("objects")["proper"]
    if thing.noun in proper:
        return f"{proper[thing.noun]}{color}{noun}"
    return color + noun if thing.noun in pairs() | masses() else article(color + noun)


def side_phrase(random: Any, thing: Thing) -> str:
    """Return `on the left`, or "" where nothing is said about the side."""
    return _word(random, "object side", thing.side) if thing.side else ""


def look_phrase(random: Any, thing: Thing) -> str:
    """Return `3D icon`, or "" where the look is not worth a word."""
    return _word(random, "object look", thing.look) if thing.look in rows("object look") else ""


def doing_phrase(random: Any, thing: Thing) -> str:
    """Return `sailing by`, or "" for what keeps still; true of every frame of a clip."""
    verb = verb_of(thing)
    return _word(random, "object doing", verb) if verb else ""


def reads(things: Sequence[Thing]) -> list[str]:
    """Return the plain phrase of each thing, for reports: `two foxes on the left`."""
    first = _First()
    return [" ".join(filter(None, (thing_phrase(first, thing), side_phrase(first, thing)))) for thing in things]


@cache
def thing_names() -> tuple[str, ...]:
    """Return every name that a caption can give to a thing, synonyms and plurals included, in lower case."""
    said = [words for name, noun in nouns().items() for words in (name, *noun.synonyms)]
    return tuple(sorted({form.lower() for words in said for form in (words, plural(words))}))


class _First:
    """Always the plain wording."""

    def choice(self, options: Sequence[str]) -> str:
        return options[0]
