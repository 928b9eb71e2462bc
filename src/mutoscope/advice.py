"""What to say of a request beside drawing it: words and styles that the model was never shown, with the nearest it knows.

Nearest in meaning by the text tower's own word vectors, which are read only when a prompt holds an unknown word; for words that
they do not know, nearest in spelling.
"""

import difflib
from collections.abc import Collection, Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np

from mutoscope.checkpoint import Checkpoint, read_weights
from mutoscope.objects import SAID_OF_THINGS
from mutoscope.objects import load as load_memory
from mutoscope.prompt.request import Request, unknown_words
from mutoscope.prompt.styles import known_styles
from mutoscope.prompt.weighting import weight_warnings
from mutoscope.tokenizer import Tokenizer

TABLE = "text.words.weight"
MOST_NAMED = 8
SPELLED_LIKE = 0.83  # least ratio of letters in common
MEANS_LIKE = 0.3  # least cosine of word vectors: below, neighbours are chance (docs/prompts.md)
SHORTEST = 3  # letters of a word that is worth naming


def advice(
    request: Request, checkpoint: Checkpoint, tokenizer: Tokenizer, taught: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return warnings in whole sentences; `taught` are words that adapters brought."""
    known = checkpoint.known_words.union(taught, things_known(request))
    weights = dict.fromkeys(w for text in (request.prompt, request.negative_prompt) for w in weight_warnings(text))
    return (*weights, *_of_styles(request, checkpoint, known), *_of_words(request, checkpoint, tokenizer, known))


def things_known(request: Request) -> frozenset[str]:
    """Return the words that name things which the request looks up, and what may be said of those."""
    if not request.things:
        return frozenset()
    memory = load_memory()
    names = (*memory.names, *(name for name, _ in request.own_things))
    return frozenset(word for name in names for word in name.split()) | SAID_OF_THINGS


def strange_styles(request: Request, checkpoint: Checkpoint, taught: Iterable[str] = ()) -> list[str]:
    """Return the styles of a request that the model was never shown."""
    own = dict(request.style_words)
    asked = {name: request.style_says(name) for name, strength in request.mix if strength}
    known = set(_shown(asked, checkpoint, taught, own))
    return [name for name in asked if name not in known]


def _shown(
    styles: dict[str, str], checkpoint: Checkpoint, taught: Iterable[str], own: Collection[str] = ()
) -> list[str]:
    """Return the names of the styles whose renders, or whose words where the checkpoint says no more, were in the training."""
    facts = (checkpoint.card.get("known_facts") or {}).get("style")
    words = checkpoint.known_words.union(taught)
    return [
        name for name, said in styles.items()
        if (name in facts if facts is not None and name not in own else not unknown_words(said, words))
    ]  # fmt: skip


def _of_styles(request: Request, checkpoint: Checkpoint, taught: Iterable[str]) -> list[str]:
    strange = strange_styles(request, checkpoint, taught) if request.style else []
    if not strange:
        return []
    ours = _shown({name: style.words for name, style in known_styles().items()}, checkpoint, ())
    names = f"style{'s' * (len(strange) > 1)} {', '.join(repr(name) for name in strange)}"
    return [f"{checkpoint.name} was never shown the {names}; it knows: {', '.join(ours) or 'none by name'}"]


def _of_words(request: Request, checkpoint: Checkpoint, tokenizer: Tokenizer, known: frozenset[str]) -> list[str]:
    unknown = unknown_words(request.prompt, known)
    if not unknown:
        return []
    near = {word: nearest(word, known, checkpoint, tokenizer) for word in unknown[:MOST_NAMED]}
    words = ", ".join(f"{word!r} (nearest known: {found})" if found else repr(word) for word, found in near.items())
    more = f" and {len(unknown) - MOST_NAMED} more" if len(unknown) > MOST_NAMED else ""
    return [f"the model was never shown {words}{more}; it draws scenes, lights, weathers and styles: mutoscope styles"]


def misspelt(request: Request, checkpoint: Checkpoint, tokenizer: Tokenizer) -> list[str]:
    """Return the words of a prompt that may be typos: nobody taught them, and the tokenizer knows them in pieces only."""
    unknown = unknown_words(request.prompt, checkpoint.known_words | things_known(request))
    return [word for word in unknown if len(tokenizer.ids(word)) > 1]


def nearest(word: str, known: frozenset[str], checkpoint: Checkpoint, tokenizer: Tokenizer) -> str:
    """Return the known word that means most like `word`, or is spelled most like it, or an empty string.

    A word that the tokenizer splits is a typo or a rare one: its pieces say nothing of its meaning.
    """
    pieces = tokenizer.ids(word)
    if len(word) >= SHORTEST and len(pieces) == 1 and pieces[0] != tokenizer.unknown:
        table = _table(checkpoint.folder)
        names, rows = _single_pieces(known, tokenizer)
        likeness = table[rows] @ table[pieces[0]]
        if names and likeness.max() >= MEANS_LIKE:
            return names[int(np.argmax(likeness))]
    return next(iter(difflib.get_close_matches(word, sorted(known), 1, SPELLED_LIKE)), "")


def _single_pieces(known: frozenset[str], tokenizer: Tokenizer) -> tuple[list[str], list[int]]:
    """Return the known words that are one piece, and its number."""
    pieces = {word: tokenizer.ids(word) for word in sorted(known) if len(word) >= SHORTEST and word.isalpha()}
    found = {word: ids[0] for word, ids in pieces.items() if len(ids) == 1 and ids[0] != tokenizer.unknown}
    return list(found), list(found.values())


@lru_cache(maxsize=1)
def _table(folder: Path) -> np.ndarray:
    """Return the word vectors of the text tower, unit length without what they have in common, (V, D)."""
    table = read_weights(folder / "weights.safetensors", TABLE)[TABLE]
    table -= table.mean(0)
    return table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9)
