"""Where the things of a prompt stand in its picture: plain numbers, from the request's own dice.

Feet are on the ground of the scene, hulls on its water, wings in its sky; sides are as said, none hides another, and a thing that
stands alone is what the picture is about: large and near. Lengths are in heights of the picture, x from its middle, y from its
top. Knows no picture; the world lays out its renders by the same heights (`world/arrange.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mutoscope.prompt.request import NamedObject as Thing
from mutoscope.rng import Stream
from mutoscope.vocabulary import SIZES

ALONE = (1.45, 1.95)  # so many times as large when nothing else is in the picture
SMALLER = (1.0, 1.0, 0.92, 0.82, 0.74, 0.68)  # of 1, 2, 3, ... things
WIDEST, HIGHEST = 0.66, 0.62  # most of the picture's shorter side, and of its height
ON_PLAIN = (0.72, 0.46, 0.36, 0.36, 0.31, 0.30)  # size of one of 1, 2, 3, ... things on a plain ground
BUST = (0.44, 0.54)  # of a head over the lower edge
# Where things stand in a scene that the memory does not know: feet, waterline or middle.
ROOMS = {"ground": (0.80, 0.95), "water": (0.66, 0.86), "air": (0.14, 0.38), "plain": (0.0, 1.0)}
THIRDS = {"left": (-0.45, -0.12), "centre": (-0.16, 0.16), "right": (0.12, 0.45)}
GAP = 0.92  # of its share of the width that a thing fills at most


@dataclass(frozen=True)
class Noun:
    """What is known of a thing, whatever its drawing."""

    name: str
    size: str  # a key of SIZES
    places: tuple[str, ...]  # of "ground", "water", "air", "plain", the usual one first
    sunk: float = 0.0  # share of its height below the waterline, 0 = what its size says
    drawings: int = 1


@dataclass(frozen=True)
class Placed:
    """One thing in its picture."""

    thing: Thing
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
    things: tuple[Thing, ...],
    nouns: Mapping[str, Noun],
    rooms: Mapping[str, tuple[float, float]],  # of the scene; empty: ROOMS
    aspect: float,  # width over height of the picture
    dice: Stream,
    busts: Mapping[str, bool],  # which nouns are drawn as a head
    floating: bool = False,  # the scene lies under water
) -> list[Placed]:
    """Return the things in their places, far ones first."""
    rooms = rooms or ROOMS
    total = sum(thing.count for thing in things)
    spans = _spans(things, aspect)
    placed: list[Placed] = []
    for thing, (left, right) in zip(things, spans, strict=True):
        noun = nouns[thing.noun]
        place = _place(noun, thing, rooms, floating)
        bust = busts.get(thing.noun, False) and place == "ground"
        number = int(dice.integers(0, max(1, noun.drawings)))
        facing = bool(dice.uniform() < 0.5)
        for nth in range(thing.count):
            share = (right - left) / thing.count
            middle = left + share * (nth + 0.5)
            room = share if total > 1 else aspect
            slack = max(0.0, share - GAP * share) / 2
            x = middle + (float(dice.uniform()) - 0.5) * (2 * slack if total > 1 or thing.side else 0.30 * aspect)
            depth = float(dice.uniform())
            near = 0.55 + 0.45 * depth if total == 1 else (0.35 + 0.65 * ((nth * 0.618 + depth * 0.4) % 1.0))
            top, bottom = rooms.get(place, ROOMS[place])
            y = top + (bottom - top) * near
            size = _size(noun, place, total, depth, aspect) * (0.86 + 0.14 * near)
            if bust:
                y, size = 1.0, (BUST[0] + (BUST[1] - BUST[0]) * depth) * min(1.0, 1.4 * SMALLER[total - 1])
            size = min(size, GAP * room, WIDEST * min(1.0, aspect))
            if place == "plain":
                y = 0.5 + (0.06 * (float(dice.uniform()) - 0.5) if total == 1 else _row(nth, thing))
            placed.append(Placed(thing, number, place, x, y, size, facing, bust))
    return sorted((_kept_inside(item, aspect) for item in placed), key=lambda item: (item.bust, item.y))


def _place(noun: Noun, thing: Thing, rooms: Mapping[str, tuple[float, float]], floating: bool) -> str:
    if "plain" in rooms:
        return "plain"
    if floating:
        return "air"  # its middle anywhere
    if thing.aloft and "air" in rooms:
        return "air"
    fitting = [place for place in noun.places if place in rooms]
    return fitting[0] if fitting else next(place for place in ("ground", "water", "air") if place in rooms)


def _spans(things: tuple[Thing, ...], aspect: float) -> list[tuple[float, float]]:
    """Return the share of the width that each kind has: the side that is said, or its part of what is left over."""
    said = {thing.side for thing in things if thing.side}
    free = [thing for thing in things if not thing.side]
    low = THIRDS["left"][1] if "left" in said and free else -0.47
    high = THIRDS["right"][0] if "right" in said and free else 0.47
    total, at, spans = sum(thing.count for thing in free), low, []
    for thing in things:
        if thing.side:
            alike = [other for other in things if other.side == thing.side]
            left, right = THIRDS[thing.side]
            part, nth = (right - left) / len(alike), alike.index(thing)
            spans.append(((left + nth * part) * aspect, (left + (nth + 1) * part) * aspect))
        else:
            wide = (high - low) * thing.count / total
            spans.append((at * aspect, (at + wide) * aspect))
            at += wide
    return spans


def _size(noun: Noun, place: str, total: int, depth: float, aspect: float) -> float:
    if place == "plain":
        return ON_PLAIN[total - 1] * min(1.0, aspect)
    alone = ALONE[0] + (ALONE[1] - ALONE[0]) * depth if total == 1 else 1.15
    size = SIZES[noun.size] * alone * SMALLER[total - 1] * (0.8 if place == "air" else 1.0)
    return min(size, HIGHEST)


def _row(nth: int, thing: Thing) -> float:
    return 0.14 * (-1) ** nth if thing.count > 3 else 0.0


def _kept_inside(item: Placed, aspect: float) -> Placed:
    """Move a thing so that all of it is in the picture."""
    half = item.size / 2
    x = min(max(item.x, -aspect / 2 + half + 0.01), aspect / 2 - half - 0.01) if 2 * half < aspect - 0.02 else 0.0
    y = item.y
    if item.place in ("air", "plain"):
        y = min(max(y, half + 0.02), 1 - half - 0.02)
    elif not item.bust:
        y = max(min(y, 0.985), min(item.size, 0.95) + 0.02)
    return replace(item, x=x, y=y)
