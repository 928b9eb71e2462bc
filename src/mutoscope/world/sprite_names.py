"""What sets of sprites call their pictures: names become objects and colours, styles of drawing become looks.

read_name("red apple 2")       # ("apple", "red")
read_name("alarmclock")        # ("alarm clock", "")
"""

import re
from functools import cache

from mutoscope.vocabulary import COLORS, nouns
from mutoscope.vocabulary.loading import cells, data

# The styles that sets are drawn in, as the words of their `style` field; captions.toml says them.
STYLE_LOOKS = {
    "glossy 3d emoji": "3d", "flat vector emoji": "flat", "simple flat emoji": "flat", "flat cartoon emoji": "flat",
    "flat colour icon": "flat", "shaded cartoon emoji": "cartoon", "flat cartoon animal": "blob", "emoji": "cartoon",
    "blob cartoon emoji": "blob", "outlined cartoon emoji": "outline", "outlined colour icon": "outline",
    "blue line icon": "line", "hand drawn sketch icon": "sketch", "sticker icon": "sticker",
    "flat icon in a coloured circle": "badge", "black and white icon": "glyph", "black glyph icon": "glyph",
    "pixel art": "pixel art", "outlined weather icon": "outline", "filled weather icon": "flat",
}  # fmt: skip
# Styles whose pictures are no objects.
OUT_OF_PLACE = (
    "background", "top view", "isometric", "character", "emote", "tile", "space sprite", "sports sprite", "game icon", "flat planet",
)  # fmt: skip
SCENE_LOOKS = ("3d", "cartoon", "flat", "outline", "pixel art", "")  # the others stand on a plain ground only
PAINTED_LOOKS = {"glyph": "silhouette", "line": "line art"}  # what a black or blue look is called in another colour


@cache
def other_names() -> dict[str, str]:
    """Return the object that each other name stands for; names without blanks (`alarmclock`) are among them."""
    found = {name: noun for noun, names in data("sprite_names").items() for name in cells(names)}
    for name in [*nouns(), *found]:
        squashed = re.sub(r"[^a-z]", "", name)
        if squashed not in nouns():
            found.setdefault(squashed, found.get(name, name))
    return found


_DULL = re.compile(
    r"\b(hand|hands|fist|fingers?|thirty|index|oncoming|facing|flags?|circle|square|triangle|gibbous|no|sign|zodiac|"
    r"button|symbol|arrows?|keycap|family|couple|room|tuxedo|turban|skullcap|headscarf|blond|bald|beard|hair|kneeling|"
    r"gesturing|shrugging|bowing|frowning|facepalming|massage|haircut|cartwheeling|handball|polo|steamy|skin|tone|"
    r"headband|bandage|vomiting|st|nd|rd|probing|raised|pointing|cart with|playing handball|alt|adult|chart|wrestling)\b"
)
_KEEP = ("adhesive bandage", "bandage adhesive", "disability wheelchair")


def plain_name(name: str) -> str:
    """Return a name of a set in plain words, "" where it names nothing that people ask for.

    Left out: numbers, signs, flags, clock faces, skin tones, hair, gestures, and names of more than four words.
    """
    words = re.sub(r"[^a-zñ' -]+", " ", name.lower().replace("_", " ")).split()
    while (
        len(words) > 1
        and (len(words[-1]) == 1 or words[-1] in ("alt", "fill", "duo", "half"))
        and words[-2:] != ["t", "x"]
    ):
        words.pop()
    text = " ".join(words).strip("-' ")
    dull = _DULL.search(text) and text not in _KEEP
    return text if len(text) > 1 and len(words) <= 4 and not dull else ""


def read_name(name: str) -> tuple[str, str]:
    """Return (object, colour) of a name of a set: `red apple` is an apple and red; ("", "") where no object is called so."""
    text = plain_name(name)
    first, _, rest = text.partition(" ")
    color = {"gray": "grey"}.get(first, first)
    for whole in (text, rest if color in COLORS else "", re.sub(r"[^a-z]", "", text)):
        noun = whole if whole in nouns() else other_names().get(whole, "")
        if noun:
            return noun, color if color in COLORS and not noun.startswith(first) else ""
    return "", ""
