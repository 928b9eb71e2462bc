"""Words -> token ids: the byte pairs of CLIP (Radford et al. 2021; Sennrich et al. 2016), read from vocab.json and merges.txt.

The default install does without the tokenizers library (dev/adr/0001); a test checks that transformers gives the same ids.
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from mutoscope.errors import CheckpointError

START, END = "<|startoftext|>", "<|endoftext|>"
WORD_END = "</w>"
WINDOW = 77  # tokens that the text encoder reads at once, start and end included
MAX_FILE_BYTES = 32_000_000
# White space as Unicode has it; Python's \s also takes the separators U+001C to U+001F.
BLANKS = re.compile("[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
ENDINGS = ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d")


class ClipTokenizer:
    """Byte pairs over a vocabulary {piece: id}; the earlier a pair stands in `merges`, the sooner it is joined."""

    def __init__(
        self, vocabulary: dict[str, int], merges: list[tuple[str, str]], special: dict[str, str] | None = None
    ):
        named = {"bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END} | (special or {})
        missing = [piece for piece in named.values() if piece not in vocabulary]
        if missing:
            raise CheckpointError(f"the vocabulary lacks {', '.join(dict.fromkeys(missing))}")
        self.vocabulary = vocabulary
        self._ranks = {pair: rank for rank, pair in enumerate(merges)}
        self.start, self.end = vocabulary[named["bos_token"]], vocabulary[named["eos_token"]]
        self.pad, self.unknown = vocabulary[named["pad_token"]], vocabulary[named["unk_token"]]
        # Marks are found in a text as it is written, before anything else is done with it.
        self._marks = re.compile(
            "(" + "|".join(map(re.escape, sorted(set(named.values()), key=len, reverse=True))) + ")"
        )
        self._pieces = lru_cache(maxsize=65_536)(self._join_pairs)

    @classmethod
    def load(cls, folder: Path) -> "ClipTokenizer":
        """Read a tokenizer folder; CheckpointError names the file that is missing or damaged."""
        path = folder / "vocab.json"
        try:
            if path.is_file():
                vocabulary, merges = _read(path), (folder / "merges.txt").read_text(encoding="utf-8").splitlines()
            else:
                path = folder / "tokenizer.json"
                model = _read(path)["model"]
                vocabulary, merges = model["vocab"], model["merges"]
            pairs = [
                _pair(line) for line in merges if line and not (isinstance(line, str) and line.startswith("#version"))
            ]
            return cls({str(piece): int(number) for piece, number in vocabulary.items()}, pairs, _special(folder))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CheckpointError(
                f"{path}: not the byte pairs of a CLIP tokenizer ({error}); export the model again"
            ) from error

    def ids(self, text: str) -> list[int]:
        """Token ids of a text without start and end."""
        found: list[int] = []
        for part in self._marks.split(text):
            if self._marks.fullmatch(part):
                found.append(self.vocabulary[part])
            else:
                found += [number for word in split_words(clean(part)) for number in self._pieces(word)]
        return found

    def windows(self, ids: list[int]) -> list[list[int]]:
        """Return ids in windows of 77, each with start and end and filled up; an empty text is one window."""
        room = WINDOW - 2
        parts = [ids[at : at + room] for at in range(0, max(len(ids), 1), room)]
        return [[self.start, *part, self.end, *[self.pad] * (room - len(part))] for part in parts]

    def _join_pairs(self, word: str) -> tuple[int, ...]:
        letters = [byte_letters()[byte] for byte in word.encode("utf-8")]
        letters[-1] += WORD_END
        while len(letters) > 1:
            pairs = zip(letters, letters[1:], strict=False)
            ranked = [(self._ranks.get(pair, len(self._ranks)), at) for at, pair in enumerate(pairs)]
            rank, at = min(ranked)
            if rank == len(self._ranks):
                break
            letters[at : at + 2] = [letters[at] + letters[at + 1]]
        return tuple(self.vocabulary.get(piece, self.unknown) for piece in letters)


def clean(text: str) -> str:
    """Composed letters, single blanks, lower case letter by letter: no final sigma, as the original has none."""
    return "".join(map(str.lower, BLANKS.sub(" ", unicodedata.normalize("NFC", text))))


def split_words(text: str) -> Iterator[str]:
    """Yield words, single digits, and runs of other marks."""
    at = 0
    while at < len(text):
        if text[at] == " ":
            at += 1
            continue
        mark = next((mark for mark in (START, END) if text.startswith(mark, at)), None)
        if mark is not None:  # in capitals it was no mark of its own, and is read as three words
            yield from (mark[:2], mark[2:-2], mark[-2:])
            at += len(mark)
            continue
        ending = next((ending for ending in ENDINGS if text.startswith(ending, at)), "")
        after = at + (len(ending) or 1)
        kind = _kind(text[at])
        while not ending and kind != "N" and after < len(text) and _kind(text[after]) == kind:
            after += 1
        yield text[at:after]
        at = after


@cache
def _kind(char: str) -> str:
    """Return "L" for letters, "N" for digits, " " for blanks, "" for everything else."""
    if BLANKS.fullmatch(char):
        return " "
    kind = unicodedata.category(char)[0]
    return kind if kind in "LN" else ""


@cache
def byte_letters() -> tuple[str, ...]:
    """Return the letter that each byte is written with: itself where it can be seen, else one from 256 on."""
    seen = {*range(33, 127), *range(161, 173), *range(174, 256)}
    spare = iter(range(256, 512))
    return tuple(chr(byte if byte in seen else next(spare)) for byte in range(256))


def _read(path: Path) -> Any:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ValueError(f"more than {MAX_FILE_BYTES} bytes")
    return json.loads(path.read_text(encoding="utf-8"))


def _pair(line: Any) -> tuple[str, str]:
    """Return a pair from "a b", or from ["a", "b"] as newer files have it."""
    first, second = line.split() if isinstance(line, str) else line
    return str(first), str(second)


def _special(folder: Path) -> dict[str, str]:
    """Return the marks that the folder's configurations name; SD 2 and SDXL fill up with "!"."""
    found: dict[str, str] = {}
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        values = _read(folder / name) if (folder / name).is_file() else {}
        for key in ("bos_token", "eos_token", "unk_token", "pad_token"):
            given = values.get(key)
            content = given.get("content") if isinstance(given, dict) else given
            if isinstance(content, str) and content:
                found.setdefault(key, content)
    return found
