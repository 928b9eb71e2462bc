"""A caption made clean, or the reason why it is none.

Reads bytes of caption files too. Knows no picture; whether a caption is true nobody can say here.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath

MAX_BYTES = 1 << 16  # of a caption file
MAX_LETTERS = 4000  # of a caption
WORDS_READ = 38  # of a caption at most: training reads 40 pieces, and a word is one or more (train/texts.py)
WIDE = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # told by their first bytes
_CAMERA = re.compile(
    r"(img|dsc[fn]?|dcim|pxl|pict?|image|picture|photo|screenshot|scan|untitled|clip|mov|vid)[\W_\d]*|[\W_\d]{5,}"
)


def decode(data: bytes) -> tuple[str, str]:
    """Return the text of a caption file and "", or "" and what is wrong with it.

    >>> decode("\\ufeffa café".encode())
    ('a café', '')
    >>> decode("a café".encode("latin-1"))
    ('', 'not UTF-8 (byte 0xe9 at 5)')
    """
    if len(data) > MAX_BYTES:
        return "", f"{len(data):,} bytes; a caption file has at most {MAX_BYTES:,}"
    encoding = next((name for mark, name in WIDE if data.startswith(mark)), "utf-8-sig")
    try:
        return data.decode(encoding), ""
    except UnicodeDecodeError as error:
        if encoding == "utf-16":
            return "", "not UTF-16, though its first bytes say so"
        at = error.start + (3 if data.startswith(codecs.BOM_UTF8) else 0)
        return "", f"not UTF-8 (byte {data[at]:#04x} at {at})"


def wordings(text: str) -> list[str]:
    """Return the captions of a caption file: each line that is not empty is one. U+2028 and form feeds end no line.

    >>> wordings("a lake\\u2028at dawn\\r\\n\\na lake")
    ['a lake\\u2028at dawn', 'a lake']
    """
    return [line.strip() for line in re.split(r"\r\n|\r|\n", text) if line.strip()]


def clean(text: object) -> str:
    """Return a caption in composed letters (NFC), blanks made single, format characters gone; "" for what is no text.

    >>> clean("  a\\tlake \\u200b")
    'a lake'
    """
    if not isinstance(text, str):
        return ""
    kept = (c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c) != "Cf" or c in "\u200c\u200d")
    return " ".join("".join(kept).split())


def flaw(text: str, files: Iterable[str], min_words: int) -> tuple[str, str] | None:
    """Return (reason, words) why a clean caption of a file by these names cannot be used, None for a good one.

    Reasons are keys of `check.REASONS`: caption-damaged, caption-file-name, caption-short, caption-long.
    """
    damaged = [c for c in text if unicodedata.category(c) in ("Cc", "Cs") or c == "\ufffd"]
    if damaged:
        return "caption-damaged", f"{text[:60]!r} holds the character U+{ord(damaged[0]):04X}"
    if len(text) > MAX_LETTERS:
        return "caption-long", f"{len(text):,} letters; at most {MAX_LETTERS:,}"
    if text.lower() in {PurePosixPath(file).name.lower() for file in files} or (
        any(map(str.isdigit, text)) and _of_a_camera(text)
    ):
        return "caption-file-name", f"{text[:60]!r} is the name of a file"
    words = count_words(text)
    if words < min_words:
        return "caption-short", f"{text[:60]!r} has {words} words; at least {min_words} are asked for"
    return None


def count_words(text: str) -> int:
    """Return how many words a caption has; a letter of a script without blanks counts as one.

    >>> count_words("a lake, 2 pines"), count_words("湖"), count_words("...")
    (4, 1, 0)
    """
    spaced = re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", text)
    return sum(1 if word[0] < "\u2e80" else len(word) for word in spaced)


def usable(captions: Iterable[object], files: Iterable[str], min_words: int) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the captions that can be used, each once, and the flaws of the others."""
    good: dict[str, None] = {}
    flaws = []
    for text in map(clean, captions):
        found = flaw(text, files, min_words) if text else ("caption-missing", "it is empty")
        if found:
            flaws.append(found)
        else:
            good[text] = None
    return list(good), flaws


def _of_a_camera(text: str) -> bool:
    stem = re.sub(r"\.(jpe?g|png|webp|gif|mp4|heic|mov)$", "", text.lower())
    return _CAMERA.fullmatch(stem) is not None
