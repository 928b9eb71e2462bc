"""Where the objects of a prompt stand in its picture: plain numbers, from the request's own random numbers.

Feet are on the ground of the scene, hulls on its water, wings in its sky; sides are as said, none hides another, and an object that
stands alone is what the picture is about: large and near. Lengths are in heights of the picture, x from its middle, y from its
top. Knows no picture; the world lays out its renders by the same heights (`world/arrange.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mutoscope.prompt.request import NamedObject
from mutoscope.rng import Stream
from mutoscope.vocabulary import SIZES

ALONE_SIZE_FACTORS = (1.45, 1.95)  # so many times as large when nothing else is in the picture
SIZE_FACTOR_BY_COUNT = (1.0, 1.0, 0.92, 0.82, 0.74, 0.68)  # of 1, 2, 3, ... objects
MAX_WIDTH, MAX_HEIGHT = 0.66, 0.62  # most of the picture's shorter side, and of its height
PLAIN_SIZE_BY_COUNT = (0.72, 0.46, 0.36, 0.36, 0.31, 0.30)  # size of one of 1, 2, 3, ... objects on a plain ground
BUST_SIZES = (0.44, 0.54)  # of a head over the lower edge
# Where objects stand in a scene that the library does not know: feet, waterline or middle.
DEFAULT_ROOMS = {"ground": (0.80, 0.95), "water": (0.66, 0.86), "air": (0.14, 0.38), "plain": (0.0, 1.0)}
SIDE_SPANS = {"left": (-0.45, -0.12), "centre": (-0.16, 0.16), "right": (0.12, 0.45)}
MAX_FILL_SHARE = 0.92  # of its share of the width that an object fills at most


@dataclass(frozen=True)
class Noun:
    """What is known of an object, whatever its drawing."""

    name: str
    size: str  # a key of SIZES
    places: tuple[str, ...]  # of "ground", "water", "air", "plain", the usual one first
    sunk: float = 0.0  # share of its height below the waterline, 0 = what its size says
    drawings: int = 1


@dataclass(frozen=True)
class Placed:
    """One object in its picture."""

    wanted: NamedObject
    drawing: int  # which of the noun's drawings
    place: str
    x: float  # its middle
    y: float  # feet, waterline, or middle in the air and on a plain ground
    size: float  # its longer side
    flipped: bool
    bust: bool = False

    def box(self, width: float, height: float) -> tuple[float, float, float, float]:
        """Return (left, top, right, bottom) of a drawing `width` x `height`, both in any unit."""
        wide, tall = (self.size * side / max(width, height) for side in (width, height))
        above = 1.0 if self.place in ("ground", "water") else 0.5
        return self.x - wide / 2, self.y - above * tall, self.x + wide / 2, self.y + (1 - above) * tall


def lay_out(
    objects: tuple[NamedObject, ...],
    nouns: Mapping[str, Noun],
    rooms: Mapping[str, tuple[float, float]],  # of the scene; empty: DEFAULT_ROOMS
    aspect: float,  # width over height of the picture
    rng: Stream,
    busts: Mapping[str, bool],  # which nouns are drawn as a head
    floating: bool = False,  # the scene lies under water
) -> list[Placed]:
    """Return the objects in their places, far ones first."""
    rooms = rooms or DEFAULT_ROOMS
    total = sum(wanted.count for wanted in objects)
    spans = _spans(objects, aspect)
    placed: list[Placed] = []
    for wanted, (left, right) in zip(objects, spans, strict=True):
        noun = nouns[wanted.noun]
        place = _place(noun, wanted, rooms, floating)
        bust = busts.get(wanted.noun, False) and place == "ground"
        number = int(rng.integers(0, max(1, noun.drawings)))
        facing = bool(rng.uniform() < 0.5)
        for nth in range(wanted.count):
            share = (right - left) / wanted.count
            middle = left + share * (nth + 0.5)
            room = share if total > 1 else aspect
            slack = max(0.0, share - MAX_FILL_SHARE * share) / 2
            x = middle + (float(rng.uniform()) - 0.5) * (2 * slack if total > 1 or wanted.side else 0.30 * aspect)
            depth = float(rng.uniform())
            near = 0.55 + 0.45 * depth if total == 1 else (0.35 + 0.65 * ((nth * 0.618 + depth * 0.4) % 1.0))
            top, bottom = rooms.get(place, DEFAULT_ROOMS[place])
            y = top + (bottom - top) * near
            size = _size(noun, place, total, depth, aspect) * (0.86 + 0.14 * near)
            if bust:
                y, size = (
                    1.0,
                    (BUST_SIZES[0] + (BUST_SIZES[1] - BUST_SIZES[0]) * depth)
                    * min(1.0, 1.4 * SIZE_FACTOR_BY_COUNT[total - 1]),
                )
            size = min(size, MAX_FILL_SHARE * room, MAX_WIDTH * min(1.0, aspect))
            if place == "plain":
                y = 0.5 + (0.06 * (float(rng.uniform()) - 0.5) if total == 1 else _row(nth, wanted))
            placed.append(Placed(wanted, number, place, x, y, size, facing, bust))
    return sorted((_kept_inside(item, aspect) for item in placed), key=lambda item: (item.bust, item.y))


def _place(noun: Noun, wanted: NamedObject, rooms: Mapping[str, tuple[float, float]], floating: bool) -> str:
    if "plain" in rooms:
        return "plain"
    if floating:
        return "air"  # its middle anywhere
    if wanted.aloft and "air" in rooms:
        return "air"
    fitting = [place for place in noun.places if place in rooms]
    return fitting[0] if fitting else next(place for place in ("ground", "water", "air") if place in rooms)


def _spans(objects: tuple[NamedObject, ...], aspect: float) -> list[tuple[float, float]]:
    """Return the share of the width that each kind has: the side that is said, or its part of what is left over."""
    said = {wanted.side for wanted in objects if wanted.side}
    free = [wanted for wanted in objects if not wanted.side]
    low = SIDE_SPANS["left"][1] if "left" in said and free else -0.47
    high = SIDE_SPANS["right"][0] if "right" in said and free else 0.47
    total, at, spans = sum(wanted.count for wanted in free), low, []
    for wanted in objects:
        if wanted.side:
            alike = [other for other in objects if other.side == wanted.side]
            left, right = SIDE_SPANS[wanted.side]
            part, nth = (right - left) / len(alike), alike.index(wanted)
            spans.append(((left + nth * part) * aspect, (left + (nth + 1) * part) * aspect))
        else:
            wide = (high - low) * wanted.count / total
            spans.append((at * aspect, (at + wide) * aspect))
            at += wide
    return spans


def _size(noun: Noun, place: str, total: int, depth: float, aspect: float) -> float:
    if place == "plain":
        return PLAIN_SIZE_BY_COUNT[total - 1] * min(1.0, aspect)
    alone = ALONE_SIZE_FACTORS[0] + (ALONE_SIZE_FACTORS[1] - ALONE_SIZE_FACTORS[0]) * depth if total == 1 else 1.15
    size = SIZES[noun.size] * alone * SIZE_FACTOR_BY_COUNT[total - 1] * (0.8 if place == "air" else 1.0)
    return min(size, MAX_HEIGHT)


def _row(nth: int, wanted: NamedObject) -> float:
    return 0.14 * (-1) ** nth if wanted.count > 3 else 0.0


def _kept_inside(item: Placed, aspect: float) -> Placed:
    """Move an object so that all of it is in the picture."""
    half = item.size / 2
    x = min(max(item.x, -aspect / 2 + half + 0.01), aspect / 2 - half - 0.01) if 2 * half < aspect - 0.02 else 0.0
    y = item.y
    if item.place in ("air", "plain"):
        y = min(max(y, half + 0.02), 1 - half - 0.02)
    elif not item.bust:
        y = max(min(y, 0.985), min(item.size, 0.95) + 0.02)
    return replace(item, x=x, y=y)
