"""Words in pictures, in any script: under thumbnails and previews.

Pillow's own font, which is always there, has the letters of English. Others come from the fonts of this system; none is shipped
or fetched. What no font has is written another way: café as cafe, an emoji as its name, anything else as its code, such as
\\u6e56.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby
from typing import Any

# File names without endings, as Linux, Windows and macOS have them: alphabets first, then single scripts, then signs.
FONTS = (
    "DejaVuSans", "NotoSans-Regular", "LiberationSans-Regular", "FreeSans", "segoeui", "arial", "Arial Unicode", "Arial",
    "NotoSansCJK-Regular", "NotoSansCJKjp-Regular", "SourceHanSans-Regular", "wqy-microhei", "wqy-zenhei", "DroidSansFallbackFull",
    "DroidSansFallback", "msyh", "YuGothR", "msgothic", "malgun", "Hiragino Sans GB", "PingFang", "AppleSDGothicNeo",
    "NotoSansArabic-Regular", "NotoSansHebrew-Regular", "NotoSansDevanagari-Regular", "NotoSansThai-Regular", "NotoSansBengali-Regular",
    "NotoSansTamil-Regular", "Nirmala", "leelawui", "Lohit-Devanagari", "Loma", "GeezaPro", "Kohinoor", "Thonburi",
    "NotoEmoji-Regular", "Symbola", "seguisym", "seguiemj", "Apple Symbols",
)  # fmt: skip
NO_CHARACTER = "\U0010fffd"  # a private one, which fonts draw as a box
MAX_MARKS = 3  # on a letter: heaps of them would stand in the pictures above
MAX_LETTERS = 400  # of a text that are looked at: more has no room under a picture


def draw_line(pen: Any, left: float, top: float, text: str, fill: Any, points: int) -> None:
    """Draw one line of text with its left upper corner there; `pen` is Pillow's."""
    for name, run in _runs(spelled(text)):
        font = _font(name, points)
        pen.text((left, top), run, fill=fill, font=font)
        left += font.getlength(run)


def line_width(text: str, points: int) -> float:
    """Return how wide a line is, in pixels."""
    return sum(_font(name, points).getlength(run) for name, run in _runs(spelled(text)))


def wrap_lines(text: str, width: float, most: int, points: int) -> list[str]:
    """Return a text as up to `most` lines that fit into `width` pixels, the last one cut with dots where there is more.

    Lines break at blanks, and within words that are longer than a line, as scripts without blanks need it.
    """
    lines: list[str] = []
    for word in spelled(text[:MAX_LETTERS]).split():
        if lines and line_width(f"{lines[-1]} {word}", points) <= width:
            lines[-1] += f" {word}"
        elif len(lines) <= most:
            lines += _broken(word, width, points)
    return lines if len(lines) <= most else [*lines[: most - 1], _with_dots(lines[most - 1], width, points)]


def spelled(text: str) -> str:
    """Return a text with nothing in it that no font here can draw; control and direction characters are blanks."""
    return "".join(part if _font_of(part) is not None else _substitute(part) for part in _clusters(text))


def without_font(texts: Iterable[str]) -> str:
    """Return the letters of texts that no font here has and that are shown by their codes, each once."""
    letters = dict.fromkeys(letter for text in texts for letter in text[:MAX_LETTERS])
    return "".join(letter for letter in letters if _is_code(letter))


def _broken(word: str, width: float, points: int) -> list[str]:
    """Return a word in parts that fit into a line; no code and no letter with its marks is broken."""
    parts = [""]
    for piece in re.split(r"(\\u[0-9a-f]{4}|\\U[0-9a-f]{8})", word):
        for unit in [piece] if piece.startswith("\\") else _clusters(piece):
            if parts[-1] and line_width(parts[-1] + unit, points) > width:
                parts.append("")
            parts[-1] += unit
    return parts


def _with_dots(line: str, width: float, points: int) -> str:
    while line and line_width(f"{line} …", points) > width:
        line = line.rpartition(" ")[0] if " " in line else line[:-1]
    return f"{line} …".strip()


# Fonts -----------------------------------------------------------------------------------------------------------


def _runs(text: str) -> list[tuple[str, str]]:
    """Return a text in parts, each with the font that has it: one font for all where one has it all."""
    parts = _clusters(text)
    whole = next((name for name in ("", *FONTS) if all(_has(name, part) for part in parts)), None)
    if whole is not None:
        return [(whole, "".join(parts))]
    named, last = list[tuple[str, str]](), ""
    for part in parts:
        last = last if named and _has(last, part) else _font_of(part) or ""
        named.append((last, part))
    return [(name, "".join(part for _, part in run)) for name, run in groupby(named, key=lambda pair: pair[0])]


def _clusters(text: str) -> list[str]:
    """Return letters, each with the marks that stand on it; control and direction characters are blanks."""
    plain = "".join(letter if letter.isprintable() or letter in "\u200c\u200d" else " " for letter in text)
    found: list[str] = []
    for letter in unicodedata.normalize("NFC", plain):
        if found and (unicodedata.category(letter)[0] == "M" or letter in "\u200c\u200d"):
            found[-1] += letter if len(found[-1]) <= MAX_MARKS else ""
        else:
            found.append(letter)
    return found


@lru_cache(maxsize=4096)
def _font_of(cluster: str) -> str | None:
    """Return the first font that has a letter with its marks, "" for Pillow's own; None where none has."""
    return next((name for name in ("", *FONTS) if _has(name, cluster)), None)


@lru_cache(maxsize=8192)
def _has(name: str, cluster: str) -> bool:
    font = _font(name, 16)
    if font is None:
        return False
    if any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in cluster) and not _can_shape():
        return False  # the letters would stand in the wrong order, and apart
    return all(
        letter.isspace() or letter in "\u200c\u200d\ufe0e\ufe0f" or _drawn(font, letter) != _box(name)
        for letter in cluster
    )


@lru_cache(maxsize=64)
def _font(name: str, points: int) -> Any:
    """Return a font by its file's name, "" for Pillow's own; None where the system has none of that name."""
    from PIL import ImageFont

    if not name:
        return ImageFont.load_default(points)
    try:
        return ImageFont.truetype(name, points)
    except (OSError, ValueError):  # not there, or of bitmaps of another size
        return None


@lru_cache(maxsize=64)
def _box(name: str) -> tuple[Any, bytes]:
    """Return what a font draws in the place of letters that it lacks."""
    return _drawn(_font(name, 16), NO_CHARACTER)


def _drawn(font: Any, letter: str) -> tuple[Any, bytes]:
    mask = font.getmask(letter)
    return mask.size, bytes(mask)


@lru_cache(maxsize=1)
def _can_shape() -> bool:
    from PIL import features

    return bool(features.check("raqm"))


# What no font has ------------------------------------------------------------------------------------------------


def _substitute(cluster: str) -> str:
    """Return how a letter is written that no font here has.

    >>> [_substitute(letter) for letter in "éßłÆ🐸湖"]
    ['e', 'ss', 'l', 'AE', ':frog face:', '\\\\u6e56']
    """
    return _plain(cluster[0]) or "".join(
        letter.encode("unicode_escape").decode() for letter in cluster if letter.isprintable()
    )


def _plain(letter: str) -> str:
    name, category = unicodedata.name(letter, ""), unicodedata.category(letter)
    if latin := re.fullmatch(r"LATIN (SMALL|CAPITAL) LETTER (?:DOTLESS )?([A-Z]{1,2})( WITH .*)?", name):
        return latin[2].lower() if latin[1] == "SMALL" else latin[2]
    if letter == "ß":
        return "ss"
    return f":{name.lower()}:" if category in ("So", "Sk") and name else ""


def _is_code(letter: str) -> bool:
    return (
        letter.isprintable()
        and _font_of(letter) is None
        and not _plain(letter)
        and unicodedata.category(letter)[0] != "M"
    )
