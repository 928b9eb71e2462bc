"""Words -> token ids: WordPiece (Wu et al. 2016) as BERT uses it, read from a `tokenizer.json` of the Hugging Face format.

The default install does without the tokenizers library (dev/adr/0001); a test checks that both give the same ids.
"""

import json
import unicodedata
from functools import lru_cache
from pathlib import Path

from mutoscope.errors import CheckpointError

PAD, UNKNOWN, START, END = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
LONGEST_WORD = 100  # characters; longer ones become [UNK], as in BERT


class Tokenizer:
    """A lower-casing WordPiece tokenizer over a vocabulary {piece: id}."""

    def __init__(self, vocabulary: dict[str, int]):
        missing = [piece for piece in (PAD, UNKNOWN, START, END) if piece not in vocabulary]
        if missing:
            raise CheckpointError(f"the vocabulary lacks {', '.join(missing)}")
        self.vocabulary = vocabulary
        self.pad, self.unknown, self.start, self.end = (vocabulary[p] for p in (PAD, UNKNOWN, START, END))
        self._pieces = lru_cache(maxsize=65_536)(self._split_word)

    @classmethod
    def load(cls, path: Path) -> "Tokenizer":
        """Read `tokenizer.json`; CheckpointError names the file when it is damaged."""
        try:
            model = json.loads(Path(path).read_text(encoding="utf-8"))["model"]
            return cls({str(piece): int(index) for piece, index in model["vocab"].items()})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CheckpointError(f"{path}: not a WordPiece tokenizer.json ({error}); fetch the model again") from error

    def to_json(self) -> str:
        """Return the `tokenizer.json` that `load` and the tokenizers library read."""
        special = [
            {"id": self.vocabulary[p], "content": p, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": True}
            for p in (PAD, UNKNOWN, START, END)
        ]  # fmt: skip
        return json.dumps(
            {
                "version": "1.0",
                "added_tokens": special,
                "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                               "strip_accents": None, "lowercase": True},
                "pre_tokenizer": {"type": "BertPreTokenizer"},
                "model": {"type": "WordPiece", "unk_token": UNKNOWN, "continuing_subword_prefix": "##",
                          "max_input_chars_per_word": LONGEST_WORD, "vocab": self.vocabulary},
            },
            ensure_ascii=False,
        )  # fmt: skip

    def words(self, text: str) -> list[str]:
        """Lower-cased words and punctuation marks of a text, accents stripped."""
        out: list[str] = []
        glued = False
        for char in unicodedata.normalize("NFD", "".join(map(str.lower, _clean(text)))):
            kind = unicodedata.category(char)
            if kind == "Mn":
                continue
            if char.isspace():
                glued = False
            elif _is_punctuation(char, kind) or _is_cjk(char):
                out.append(char)
                glued = False
            elif glued:
                out[-1] += char
            else:
                out.append(char)
                glued = True
        return out

    def ids(self, text: str) -> list[int]:
        """Token ids of a text without start and end."""
        return [index for word in self.words(text) for index in self._pieces(word)]

    def windows(self, text: str, length: int) -> list[list[int]]:
        """Ids of a text in windows of at most `length` tokens, [CLS] ... [SEP] each; words are not cut where they fit."""
        windows: list[list[int]] = [[]]
        for word in self.words(text):
            pieces = self._pieces(word)
            if len(windows[-1]) + len(pieces) > length - 2 and windows[-1]:
                windows.append([])
            for piece in pieces:
                if len(windows[-1]) == length - 2:  # a word longer than a window
                    windows.append([])
                windows[-1].append(piece)
        return [[self.start, *window, self.end] for window in windows]

    def _split_word(self, word: str) -> list[int]:
        if len(word) > LONGEST_WORD:
            return [self.unknown]
        out, at = [], 0
        while at < len(word):
            for end in range(len(word), at, -1):
                index = self.vocabulary.get(("##" if at else "") + word[at:end])
                if index is not None:
                    break
            else:
                return [self.unknown]
            out.append(index)
            at = end
        return out


def _clean(text: str) -> str:
    kept = []
    for char in text:
        if char in "\t\n\r":
            kept.append(" ")
        elif char not in ("\0", "\ufffd") and unicodedata.category(char) not in ("Cc", "Cf", "Co", "Cs"):
            kept.append(" " if unicodedata.category(char) == "Zs" else char)
    return "".join(kept)


def _is_punctuation(char: str, kind: str) -> bool:
    code = ord(char)
    ascii_mark = 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126
    return ascii_mark or kind.startswith("P")


def _is_cjk(char: str) -> bool:
    code = ord(char)
    return (
        0x4E00 <= code <= 0x9FFF or 0x3400 <= code <= 0x4DBF or 0x20000 <= code <= 0x2A6DF or 0x2A700 <= code <= 0x2B73F
        or 0x2B740 <= code <= 0x2B81F or 0x2B820 <= code <= 0x2CEAF or 0xF900 <= code <= 0xFAFF or 0x2F800 <= code <= 0x2FA1F
    )  # fmt: skip
