"""Warnings about words and styles that a model was never shown, with the nearest that it knows.

Nearest in meaning by the text tower's own word vectors, which are read only when a prompt holds an unknown word; for words that
they do not know, nearest in spelling.
"""

import difflib
from collections.abc import Callable, Collection, Iterable
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from mutoscope.checkpoint import WORDS, Checkpoint, read_weights
from mutoscope.objects import OBJECT_PHRASE_WORDS, load_library
from mutoscope.prompt.reading import is_known, unknown_words
from mutoscope.prompt.request import Request
from mutoscope.prompt.styles import known_styles
from mutoscope.prompt.weighting import weight_warnings
from mutoscope.tokenizer import Tokenizer

MAX_NAMED_WORDS = 8  # in one warning
MIN_LETTER_RATIO = 0.83  # in common, of words that are spelled alike
MIN_COSINE = 0.3  # of word vectors: below, neighbours are chance (docs/prompts.md)
MIN_LETTERS = 3  # of a word that is worth naming


class KnownWords:
    """The words of a checkpoint's training captions."""

    def __init__(self, checkpoint: Checkpoint, tokenizer: Callable[[], Tokenizer]):
        self.checkpoint = checkpoint
        self._tokenizer = tokenizer  # loaded only for an unknown word

    def may_be_typo(self, word: str) -> bool:
        """Say whether a word may be misspelt: nobody taught it, and the tokenizer knows it in pieces only."""
        return not is_known(word, self.with_objects) and len(self._tokenizer().ids(word)) > 1

    @cached_property
    def with_objects(self) -> frozenset[str]:
        """The words of the training, and those that name objects of the library and what may be said of them."""
        return self.checkpoint.known_words | (_object_words() if self.checkpoint.learned_world else frozenset())

    def warn(self, request: Request, taught: Iterable[str] = ()) -> tuple[str, ...]:
        """Return warnings in whole sentences; `taught` are words that adapters brought."""
        taught = frozenset(taught)
        return (
            *weight_warnings(request.template or request.prompt),
            *weight_warnings(request.negative_prompt),
            *self._warn_of_styles(request, taught),
            *self._warn_of_words(request, taught),
        )

    @property
    def trained_styles(self) -> frozenset[str] | None:
        """Names of the styles whose renders were in the training; None where the checkpoint does not say."""
        facts = (self.checkpoint.card.get("known_facts") or {}).get("style")
        return None if facts is None else frozenset(facts)

    def knows_style(self, name: str, words: str, taught: Collection[str] = ()) -> bool:
        """Say whether a style was in the training: by its name where it is the package's and the checkpoint says, else by its words."""
        package = known_styles().get(name)
        if self.trained_styles is not None and package is not None and package.words == words:
            return name in self.trained_styles
        return not unknown_words(words, self.checkpoint.known_words.union(taught))

    def _warn_of_styles(self, request: Request, taught: Collection[str]) -> list[str]:
        asked = [style for style in request.styles if style.strength]
        unknown = [style.name for style in asked if not self.knows_style(style.name, style.words, taught)]
        if not unknown:
            return []
        known = [name for name, style in known_styles().items() if self.knows_style(name, style.words)]
        names = f"style{'s' * (len(unknown) > 1)} {', '.join(repr(name) for name in unknown)}"
        return [f"{self.checkpoint.name} was never shown the {names}; it knows: {', '.join(known) or 'none by name'}"]

    def _warn_of_words(self, request: Request, taught: Collection[str]) -> list[str]:
        known = known_to(request, self.checkpoint.known_words.union(taught))
        unknown = unknown_words(request.prompt, known)
        if not unknown:
            return []
        near = {word: nearest(word, known, self.checkpoint, self._tokenizer()) for word in unknown[:MAX_NAMED_WORDS]}
        words = ", ".join(f"{word!r} (nearest known: {found})" if found else repr(word) for word, found in near.items())
        more = f" and {len(unknown) - MAX_NAMED_WORDS} more" if len(unknown) > MAX_NAMED_WORDS else ""
        return [f"the model was never shown {words}{more}; it draws {self._subjects()}"]

    def _subjects(self) -> str:
        if self.checkpoint.learned_world:
            return "scenes, lights, weathers and styles: mutoscope styles"
        return f"what the captions of its training say: mutoscope info {self.checkpoint.folder}"


def known_to(request: Request, known: frozenset[str]) -> frozenset[str]:
    """Return the words of a model, and where a request takes objects from the library, those that name them."""
    if request.objects is None:
        return known
    own = (word for name, _ in request.objects.own for word in name.split())
    return known.union(_object_words(), own)


def unknown_to(request: Request, known: frozenset[str]) -> list[str]:
    """Return the words of a request's prompt that a model with these words was never shown."""
    return unknown_words(request.prompt, known_to(request, known))


def _object_words() -> frozenset[str]:
    return frozenset(word for name in load_library().names for word in name.split()) | OBJECT_PHRASE_WORDS


def nearest(word: str, known: frozenset[str], checkpoint: Checkpoint, tokenizer: Tokenizer) -> str:
    """Return the known word that means most like `word`, or is spelled most like it, or an empty string.

    A word that the tokenizer splits is a typo or a rare one: its pieces say nothing of its meaning.
    """
    pieces = tokenizer.ids(word)
    if len(word) >= MIN_LETTERS and len(pieces) == 1 and pieces[0] != tokenizer.unknown:
        table = _table(checkpoint.folder)
        names, rows = _single_pieces(known, tokenizer)
        likeness = table[rows] @ table[pieces[0]]
        if names and likeness.max() >= MIN_COSINE:
            return names[int(np.argmax(likeness))]
    return next(iter(difflib.get_close_matches(word, sorted(known), 1, MIN_LETTER_RATIO)), "")


def _single_pieces(known: frozenset[str], tokenizer: Tokenizer) -> tuple[list[str], list[int]]:
    """Return the known words that are one piece, and its number."""
    pieces = {word: tokenizer.ids(word) for word in sorted(known) if len(word) >= MIN_LETTERS and word.isalpha()}
    found = {word: ids[0] for word, ids in pieces.items() if len(ids) == 1 and ids[0] != tokenizer.unknown}
    return list(found), list(found.values())


@lru_cache(maxsize=1)
def _table(folder: Path) -> np.ndarray:
    """Return the word vectors of the text tower, unit length without what they have in common, (V, D)."""
    table = read_weights(folder / "weights.safetensors", WORDS)[WORDS]
    table -= table.mean(0)
    return table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9)
