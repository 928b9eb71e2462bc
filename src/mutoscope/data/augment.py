"""Flips, crops and wordings that leave the caption true: what may be done to an item is read off its words.

    may_flip       mirrored, does the caption still hold?
    mirrored       the caption of the mirrored picture: left and right swapped; None where no swap makes it true
    may_crop       does the caption speak of places at the edge, or count?
    vary_tags      a caption of tags with its tags in another order, some left out
    draw           one flip, crop and wording of an item, from a random stream of its own

The rules doubt in favour of the caption: a word that might mean a side forbids the flip. What no word gives away (a clock, a
flag, a left-hand glove) no rule can know. Knows no pixels. Training uses
`may_flip` and `vary_tags`; the rest is for loops of one's own.
"""

import re
from dataclasses import dataclass

from mutoscope.data.captions import count_words
from mutoscope.rng import Stream, stream

SHORT, LONG = 6, 13  # words: up to a short one, from a long one (world/captions.py says the same)
LEAST_AREA = 0.7  # of the picture a drawn crop keeps

_SWAPS = {"left": "right", "leftmost": "rightmost", "leftward": "rightward", "leftwards": "rightwards",
          "lefthand": "righthand", "west": "east", "western": "eastern", "clockwise": "counterclockwise",
          "anticlockwise": "clockwise"}  # fmt: skip
_SWAPS |= {there: here for here, there in _SWAPS.items() if there not in _SWAPS}
_SIDES = re.compile(r"\b(left|right)(most|wards?|[- ]?hand(ed)?|[- ]side)?\b")
# "right" that is no side: "right behind", "just right"; the word then stays and does not forbid.
_NO_SIDE = re.compile(
    r"\b(right (in|at|behind|beside|above|below|under|over|before|after|on top|next|now|here|there|away|angles?)"
    r"|all right|just right|bright|left (over|behind|alone|unfinished|untouched|out|open|empty|standing))\b"
)
_TURNING = re.compile(r"\b(counter|anti)?-?clockwise\b")
_COMPASS = re.compile(r"\b(east|west)(ern|wards?|bound|erly)?\b")
# Letters, figures and things that are known by which way round they are.
_LETTERING = re.compile(
    r"\b(text|letter(s|ing|ed)?|words?|writ(es?|ing|ten)|reads|says|saying|spell(s|ed|ing)?|inscri(bed|ption)|caption(ed)?"
    r"|sign(s|post|board|age)?|logos?|label(s|led|ed)?|title(d|s)?|font|typograph\w*|calligraph\w*|alphabet|numbers?|digits?"
    r"|numerals?|dates?(?! palm)|banner|poster|billboard|newspaper|book cover|license plates?|number plates?|screenshots?"
    r"|keyboard|clocks?|watch(es)?|dials?|maps?|flags?|sheet music|musical notes?|barcodes?|qr codes?|keycap|button)\b"
)
_QUOTED = re.compile(r"[\"“”«»]|(?<!\w)'[^']+'(?!\w)")
# ABC, 1984, B2 are very likely seen in the picture; 16-bit, 1980s and these names of looks are not.
_ALPHANUMERIC = re.compile(r"(?<![\w-])([A-Z]{2,4}|\d{2,}|[A-Z]\d+)(?![\w-])")
_LOOKS = frozenset("3D 2D 4K 8K HD UHD HDR CGI VHS DSLR SLR RGB NES SNES CRT LED UFO".split())
_EDGES = re.compile(
    r"\b(edges?|corners?|borders?|frames?d?|margins?|sides?|far (left|right)|background|foreground|top|bottom|upper|lower"
    r"|surrounded|whole|entire|full|panoram\w*|wide|between|row of|line of|rows of)\b"
)
_COUNTS = re.compile(
    r"\b(a (pair|couple|dozen|trio)|both|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\d+) ?\b"
)


@dataclass(frozen=True)
class Crop:
    """What a crop keeps, as shares of the picture."""

    left: float = 0.0
    top: float = 0.0
    right: float = 1.0
    bottom: float = 1.0


@dataclass(frozen=True)
class Variant:
    """One way to show an item: mirror it or not, keep what the crop keeps, and say this."""

    caption: str
    flip: bool
    crop: Crop


def may_flip(caption: str) -> bool:
    """Say whether the caption stays true, word for word, when its picture is mirrored.

    >>> may_flip("a lake at sunset"), may_flip("a pine on the left"), may_flip("the camera pans right")
    (True, False, False)
    """
    return not (_has_sides(caption) or _has_letters(caption))


def mirrored(caption: str) -> str | None:
    """Return a caption that is true of the mirrored picture; None for lettering and the like, which no swap can mend.

    >>> mirrored("a pine on the left"), mirrored("a stop sign"), mirrored("Right behind it, a boat on the right")
    ('a pine on the right', None, 'Right behind it, a boat on the left')
    """
    if _has_letters(caption):
        return None
    kept = [found.span() for found in _NO_SIDE.finditer(caption.lower())]

    def swap(found: re.Match[str]) -> str:
        word = found[0]
        if any(start <= found.start() < end for start, end in kept) or word.lower() not in _SWAPS:
            return word
        return _like(word, _SWAPS[word.lower()])

    text = re.sub(r"[A-Za-z]+", swap, caption.replace("counter-clockwise", "counterclockwise"))
    text = re.sub(r"\banti-clockwise\b", "clockwise", text)
    return text if text != caption or may_flip(caption) else None


def may_crop(caption: str) -> bool:
    """Say whether a caption stays true when a part at the edge is cut off: it neither places nor counts.

    >>> may_crop("a lake at sunset"), may_crop("three boats"), may_crop("a house in the corner")
    (True, False, False)
    """
    low = caption.lower()
    return not (_has_sides(caption) or _EDGES.search(low) or _COUNTS.search(low) or _has_letters(caption))


def draw_crop(random: Stream, least_area: float = LEAST_AREA) -> Crop:
    """Draw a crop that keeps the aspect ratio and at least `least_area` of the picture."""
    side = random.uniform(least_area**0.5, 1.0)
    left, top = random.uniform(0.0, 1.0) * (1 - side), random.uniform(0.0, 1.0) * (1 - side)
    return Crop(left, top, left + side, top + side)


def choose_caption(captions: list[str], random: Stream, length: str | None = None) -> str:
    """Return one caption, each alike; with `length` "short", "medium" or "long" one of those, if the item has any."""
    fitting = [text for text in captions if length is None or length_of(text) == length]
    return random.choice(fitting or captions)


def length_of(caption: str) -> str:
    """Return "short", "medium" or "long" by the words of a caption."""
    words = count_words(caption)
    return "short" if words <= SHORT else "long" if words >= LONG else "medium"


def vary_tags(caption: str, variant: int, shuffle: bool, dropout: float = 0.0, keep: int = 0) -> str:
    """Return one of many variants of tags parted by commas; the same caption and variant give the same words.

    The first `keep` tags stay in front, and at least one tag is left. Variant 0 keeps the order.

    >>> vary_tags("lake, dawn, mist", 0, True), sorted(vary_tags("lake, dawn, mist", 2, True).split(", "))
    ('lake, dawn, mist', ['dawn', 'lake', 'mist'])
    """
    tags = [tag.strip() for tag in caption.split(",") if tag.strip()]
    if len(tags) < 2:
        return caption
    random = stream("tags", caption, variant)
    first, rest = tags[:keep], tags[keep:]
    if shuffle and variant:
        rest = [rest[int(i)] for i in random.permutation(len(rest))]
    kept = [tag for tag in rest if random.uniform() >= dropout]
    return ", ".join([*first, *kept] or rest[:1])


def draw(
    captions: list[str],
    random: Stream,  # one of its own for each item and turn: rng.stream(seed, "augment", index, turn)
    *,
    flips: float = 0.5,  # how often an item that may be flipped is
    crops: float = 0.0,  # how often one that may be cropped is
    length: str | None = None,
) -> Variant:
    """Return one variant of an item whose caption is true of it; captions must not be empty."""
    caption = choose_caption(captions, random, length)
    other = mirrored(caption)
    flip = random.uniform() < flips and other is not None
    crop = draw_crop(random) if random.uniform() < crops and may_crop(caption) else Crop()
    return Variant(other if flip and other is not None else caption, flip, crop)


def _has_sides(caption: str) -> bool:
    low = _NO_SIDE.sub(" ", caption.lower())
    return any(pattern.search(low) for pattern in (_SIDES, _TURNING, _COMPASS))


def _has_letters(caption: str) -> bool:
    shouted = caption.isupper()  # then capitals mean nothing
    seen = [
        found for found in _ALPHANUMERIC.findall(caption) if found not in _LOOKS and not (shouted and found.isalpha())
    ]
    return bool(_LETTERING.search(caption.lower()) or _QUOTED.search(caption) or seen)


def _like(word: str, other: str) -> str:
    """Return `other` in the capitals of `word`."""
    return other.upper() if word.isupper() else other.capitalize() if word[0].isupper() else other
