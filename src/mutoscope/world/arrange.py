"""Where the things of a scene are in its picture, and how they move: plain numbers, drawn from the scene's own rng.

Nothing leaves the frame for SECONDS, whatever the camera does; nothing hides another, sides are true; a thing's size tells
its kind and its distance.
Lengths are in heights of the frame, x from the middle, y from the top. It knows no tensor.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import cos, pi, sin

import numpy as np

from mutoscope.rng import stream
from mutoscope.vocabulary import SIZES, Noun, find_noun, scenes
from mutoscope.world.movement import moves_as
from mutoscope.world.spec import SceneSpec, Thing
from mutoscope.world.sprites import SpriteLibrary
from mutoscope.world.things import is_bust

SECONDS = 2.1  # a thing stays in the frame this long
NEARNESS = {"tiny": (0.8, 1.0), "small": (0.65, 1.0), "person": (0.45, 1.0), "large": (0.35, 0.8), "huge": (0.15, 0.5)}
CLOSER = (1.4, 2.2)  # a thing that stands alone in its picture is what the picture is about: so many times as large
CLOSE_NEARNESS = (0.7, 1.0)  # where on the ground it stands then, in shares of its room
WIDEST, WIDEST_ALONE = 0.58, 0.66  # of the frame's height, in a landscape
MOST_BUST = 1.2  # a head over the lower edge grows no further: it is near already
SUNK = {"sail": 0.22, "bob": 0.16, "swim": 0.36}  # share of the height below the waterline, by motion
COARSE = ("stained glass", "pixel art", "low poly")  # styles with so large pieces that small things are lost in them


@dataclass(frozen=True)
class Item:
    """One thing in its picture: lengths in heights of the frame, x from the middle, y from the top."""

    thing: Thing
    noun: Noun
    motion: str
    pixels: np.ndarray  # h w 4, premultiplied
    width: float
    height: float
    x: float  # middle, at one second
    y: float  # feet on the ground, waterline, or middle in the air
    depth: float  # 0 far, 1 near
    way: int  # -1 to the left, 1 to the right
    phase: float  # 0 to 1, so that two of a kind do not move in step
    speed: float  # heights of the frame a second
    bust: bool = False  # looks over the lower edge of the frame

    @property
    def anchor(self) -> float:
        """Return which part of its height lies above y."""
        if self.thing.place == "water" and self.motion != "glide":
            return 1 - (self.noun.sunk or SUNK.get(self.motion, 0.05))
        return 0.5 if self.thing.place in ("air", "water") else 1.0


# The frame at a time in seconds, in the lengths of an Item: (left, top, right, bottom); moves where the camera does.
Frame = Callable[[float], tuple[float, ...]]


@dataclass(frozen=True)
class _Kind:
    """What all things of one kind in a scene have in common."""

    thing: Thing
    noun: Noun
    motion: str
    pixels: np.ndarray
    bust: bool


class _Units:
    """Even random numbers of one attempt, drawn at once."""

    def __init__(self, *key: int | str):
        self._units = iter(stream(*key).uniform(shape=(128,)).tolist())

    def __call__(self, low: float = 0.0, high: float = 1.0) -> float:
        return low + (high - low) * next(self._units)


def arrange(
    spec: SceneSpec,
    horizon: float,
    aspect: float,
    library: SpriteLibrary,
    lane: Callable | None = None,
    frame: Frame | None = None,
) -> list[Item]:
    """Return the things of a scene, each in its place: all in the frame for SECONDS, none hidden, far ones first.

    `lane` gives (middle, half width) of a river at a depth; without `frame` all that is drawn is seen. Raises SettingError for
    a sprite that the library has not.
    """
    kinds = [_kind(thing, spec.scene, library) for thing in spec.things]
    total = sum(thing.count for thing in spec.things)
    frame = frame or (lambda seconds: (-aspect / 2, 0.0, aspect / 2, 1.0))
    frames = [(seconds, frame(seconds)) for seconds in (0.0, 0.5, 1.0, 1.5, SECONDS)]
    plain = all(thing.place == "plain" for thing in spec.things)
    items: list[Item] = []
    for attempt in range(80):
        units = _Units(spec.seed, spec.index, "things", attempt)
        scale = (1.0 if plain else _scale(units, total, spec.style in COARSE)) * 0.982**attempt
        items = _scatter(units, kinds, spec.scene, horizon, aspect, scale, lane)
        if all(_inside(item, frames) for item in items) and not _crowded(items, 0.0 if attempt < 60 else 0.12):
            break
    else:
        items = _in_a_row(items, [edges for _, edges in frames])
    return sorted(items, key=lambda item: item.depth)


def _scale(units: _Units, total: int, coarse: bool) -> float:
    """Return how many times as large as by its kind alone each of `total` things in a landscape is drawn."""
    closer = units(*CLOSER) if total == 1 else 1.0
    return max(closer, 1.3 if coarse else 1.0) * (1.0, 0.92, 0.84, 0.76, 0.70)[min(total, 5) - 1]


def _kind(thing: Thing, scene: str, library: SpriteLibrary) -> _Kind:
    picture, noun = library.picture(thing.sprite).dyed(thing.color), find_noun(thing.noun)
    bust = is_bust(thing, noun, library.sprites[thing.sprite], picture.frontal)
    motion = "glide" if scenes()[scene].under_water else "nod" if bust else moves_as(thing)
    return _Kind(thing, noun, motion, picture.pixels, bust)


def _scatter(
    units: _Units, kinds: list[_Kind], scene: str, horizon: float, aspect: float, scale: float, lane: Callable | None
) -> list[Item]:
    """Return all things somewhere in their room; whether they fit there is for the caller to see."""
    items: list[Item] = []
    total = sum(kind.thing.count for kind in kinds)
    slots = sorted(range(total), key=lambda _: units())
    for kind in kinds:
        way, pace = (1 if units() < 0.5 else -1), units(0.8, 1.2)
        for nth in range(kind.thing.count):
            item = _one(units, kind, nth, slots[len(items)], total, scene, horizon, aspect, scale)
            if kind.thing.place == "water" and lane:
                item = _afloat(item, lane, aspect)
            slow = (0.45 if kind.thing.side or lane else 1.0) * (0.4 + 0.6 * item.depth)
            items.append(replace(item, way=way, speed=_SPEEDS.get(kind.motion, 0.0) * pace * slow))
    return items


def _one(
    units: _Units,
    kind: _Kind,
    nth: int,
    slot: int,
    total: int,
    scene: str,
    horizon: float,
    aspect: float,
    scale: float,
) -> Item:
    """Return the `nth` thing of its kind, standing still."""
    thing, noun = kind.thing, kind.noun
    y, depth = _stand(units, scene, thing.place, noun, horizon, total == 1)
    width, height = _size(kind.pixels, thing, noun, depth, scale, units(0.92, 1.08), aspect, total)
    x = _across(units, thing, nth, slot, total, aspect, width)
    if kind.bust:
        near = units(0.36, 0.46) * min(scale, MOST_BUST) / max(width, height)
        width, height, depth = width * near, height * near, 1.0
        y = 1.0 + (0.0 if noun.kind == "person" else 0.10) * height
    if thing.place == "plain":
        y += height / 2 + _row_of(slot, total, thing, nth)
    return Item(thing, noun, kind.motion, kind.pixels, width, height, x, y, depth, 1, units(), 0.0, kind.bust)


def _afloat(item: Item, lane: Callable, aspect: float) -> Item:
    """Return the thing on its river: between the banks, and no wider than they are apart."""
    middle, half = lane(item.depth)
    small = min(1.0, 1.5 * half / item.width)
    return replace(item, x=middle + item.x / aspect * half, width=item.width * small, height=item.height * small)


_SPEEDS = {"fly": 0.085, "drive": 0.10, "sail": 0.035, "bob": 0.012, "walk": 0.035, "swim": 0.05, "glide": 0.05, "hop": 0.04,
           "spin": 0.06, "drift": 0.015, "rise": 0.03}  # fmt: skip


def _stand(units: _Units, scene: str, place: str, noun: Noun, horizon: float, alone: bool) -> tuple[float, float]:
    """Return (y of feet, waterline or middle, depth 0 far to 1 near)."""
    top, bottom = scenes()[scene].rooms.get(place) or _DEFAULT_ROOM[place]
    if place == "plain":
        return 0.5 + units(-0.04, 0.04), 1.0
    if place == "air":
        return horizon * units(top, bottom), units(0.35, 1.0)
    if scenes()[scene].under_water:
        return units(top, bottom), units(0.3, 1.0)
    near = alone and place == "ground" and noun.size != "huge"
    low, high = CLOSE_NEARNESS if near else NEARNESS[noun.size]
    depth = top + (bottom - top) * units(low, high)
    return horizon + depth * (1 - horizon), depth


_DEFAULT_ROOM = {"ground": (0.75, 0.97), "water": (0.3, 0.8), "air": (0.12, 0.7), "plain": (0.0, 1.0)}


def _size(pixels, thing: Thing, noun: Noun, depth: float, scale: float, vary: float, aspect: float, total: int):
    """Return (width, height) in heights of the frame: by its kind and its distance, so that it can be made out."""
    tall, wide = pixels.shape[:2]
    if thing.place == "plain":
        room = (0.70, 0.45, 0.32, 0.36, 0.31)[min(total, 5) - 1]
        if thing.side:
            room = min((0.42, 0.34, 0.29, 0.24, 0.20)[thing.count - 1], 0.44)
        longest = min(1.0, aspect) * room * scale * vary
    else:
        near = 0.42 + 0.58 * depth if thing.place != "air" else 0.62 + 0.28 * depth
        longest = max(SIZES[noun.size] * near, 0.17) * scale * vary * min(1.0, 0.55 + 0.45 * aspect)
        longest *= min(1.45, max(1.0, wide / tall))  # a bus is as high as a car and longer
        longest = min(longest, WIDEST_ALONE if total == 1 else WIDEST)
    return longest * wide / max(tall, wide), longest * tall / max(tall, wide)


def _across(units: _Units, thing: Thing, nth: int, slot: int, total: int, aspect: float, width: float) -> float:
    """Return x of the middle: in its third when a side is said, else in its own slot of the frame."""
    if thing.side:
        if thing.place == "plain" or thing.count == 1:
            low, high = {"left": (-0.33, -0.24), "centre": (-0.05, 0.05), "right": (0.24, 0.33)}[thing.side]
            return units(low, high) * aspect
        low, high = {"left": (-0.47, -0.05), "centre": (-0.24, 0.24), "right": (0.05, 0.47)}[thing.side]
        return (low + (high - low) * (nth + units(0.4, 0.6)) / thing.count) * aspect
    if thing.place == "plain":
        if total == 1:
            return units(-0.05, 0.05) * aspect
        upper = _upper_row(total)
        column, columns = (slot, upper) if slot < upper else (slot - upper, total - upper)
        return ((column + units(0.45, 0.55)) / columns - 0.5) * (0.92 if columns > 1 else 0.1) * min(aspect, 1.25)
    usable = max(aspect - width - 0.10, 0.05)
    jitter = 0.5 if total == 1 else units(0.35, 0.65)
    return (units(-0.5, 0.5) if total == 1 else (slot + jitter) / total - 0.5) * usable


def _upper_row(total: int) -> int:
    """Return how many of `total` things on a plain ground stand in the upper row: 3, 2 + 2, 3 + 2."""
    return total if total <= 3 else -(-total // 2)


def _row_of(slot: int, total: int, thing: Thing, nth: int) -> float:
    """Return how far a thing on a plain ground is moved down: for its row, or in the column on its side."""
    if thing.side:
        return (nth - (thing.count - 1) / 2) * (0.36 if thing.count == 2 else 0.31)
    return 0.0 if total <= 3 else (-0.21 if slot < _upper_row(total) else 0.21)


def box(item: Item, seconds: float) -> tuple[float, float, float, float]:
    """Return (left, top, right, bottom) at a time."""
    dx, dy, angle, stretch = moved(item, seconds)
    tilt = min(abs(sin(angle)), 1.0)
    wide, tall = item.width + (item.height - item.width) * tilt, item.height + (item.width - item.height) * tilt
    wide, tall = max(wide, item.width * abs(cos(angle))), max(tall, item.height) * stretch
    x, top = item.x + dx, item.y + dy - item.anchor * tall
    return x - wide / 2, top, x + wide / 2, top + tall


def _inside(item: Item, frames: list[tuple[float, tuple[float, ...]]]) -> bool:
    margin = 0.02
    for seconds, (start, above, end, below) in frames:
        left, top, right, bottom = box(item, seconds)
        if item.thing.place == "water" or item.bust:
            bottom = min(bottom, item.y, below - 0.02)
        if item.bust and top > below - item.height / 2:  # too little of it looks over the edge
            return False
        if left < start + margin or right > end - margin or top < above + margin or bottom > below - margin / 2:
            return False
    return True


def _crowded(items: list[Item], share: float) -> bool:
    """Say whether one thing hides more than a share of another at some time, or nearly touches it where that is 0."""
    gap = 0.008 if share == 0 else 0.0
    for seconds in (0.0, 1.0, 2.0):
        boxes = [box(item, seconds) for item in items]
        for i, one in enumerate(boxes):
            for two in boxes[:i]:
                wide = min(one[2], two[2]) - max(one[0], two[0]) + gap
                tall = min(one[3], two[3]) - max(one[1], two[1]) + gap
                smaller = min((b[2] - b[0]) * (b[3] - b[1]) for b in (one, two))
                if wide > 0 and tall > 0 and wide * tall > share * smaller:
                    return True
    return False


def _in_a_row(items: list[Item], frames: list[tuple[float, ...]]) -> list[Item]:
    """Stand things side by side, small, where chance found no room for them: sides said are kept."""
    left, top, right, bottom = (
        pick(edges) for pick, edges in zip((max, max, min, min), zip(*frames, strict=True), strict=True)
    )
    middle, aspect = (left + right) / 2, right - left
    order = sorted(range(len(items)), key=lambda k: ({"left": -1, "right": 1}.get(items[k].thing.side, 0), items[k].x))
    zones = {"left": (-0.46, -0.10), "centre": (-0.20, 0.20), "right": (0.10, 0.46)}
    placed = list(items)
    for rank, k in enumerate(order):
        item = items[k]
        low, high = zones.get(item.thing.side, (-0.46, 0.46))
        same = [j for j in order if items[j].thing.side == item.thing.side]
        share = (high - low) * aspect / (len(same) if item.thing.side else len(order))
        at = same.index(k) if item.thing.side else rank
        small = min(1.0, share * 0.86 / item.width, 0.3 / item.height)
        y = 1.0 if item.bust else min(max(item.y, top + item.anchor * item.height * small + 0.05), bottom - 0.05)
        x = middle + low * aspect + share * (at + 0.5)
        placed[k] = replace(
            item, width=item.width * small, height=item.height * small, x=x, y=y, speed=min(item.speed, 0.004)
        )
    return placed


# ------------------------------------------------------------------------------------------------------------------ move


def moved(item: Item, seconds: float) -> tuple[float, float, float, float]:
    """Return (dx, dy, angle in radians, stretch of the height) at a time; x is where the thing is after one second."""
    turn, along = 2 * pi * item.phase, item.way * item.speed * (seconds - 1.0)
    wave = lambda rate, shift=0.0: sin(2 * pi * rate * seconds + turn + shift)  # noqa: E731
    size, motion = item.height, item.motion
    if motion == "fly":
        light = item.noun.size in ("tiny", "small")
        flap = 1 + 0.06 * wave(2.6) if light and item.noun.kind == "animal" else 1.0
        return along, (0.020 if light else 0.006) * wave(0.55 if light else 0.3), 0.05 * wave(0.4, 1.0), flap
    if motion == "drive":
        return along, 0.010 * size * abs(wave(2.0)) * -1, 0.0, 1.0
    if motion == "sail":
        return along, 0.018 * size * wave(0.45), 0.045 * wave(0.35, 0.7), 1.0
    if motion == "bob":
        return along, 0.040 * size * wave(0.55), 0.07 * wave(0.45, 0.7), 1.0
    if motion == "walk":
        return along, -0.035 * size * abs(wave(0.9)), 0.045 * wave(0.9), 1.0
    if motion == "nod":
        return 0.0, 0.015 * size * wave(0.5), 0.02 * wave(0.35), 1.0
    if motion == "swim":
        return along, 0.06 * size * wave(0.4), 0.08 * wave(0.4, 1.2), 1.0
    if motion == "glide":
        return along, 0.015 * wave(0.3), 0.06 * wave(0.6), 1.0
    if motion == "hop":
        leap = abs(wave(0.6))
        return along, -0.28 * size * leap, 0.0, 0.94 + 0.10 * leap
    if motion == "spin":
        rolling = item.thing.place == "ground"
        angle = along / max(size / 2, 1e-3) if rolling else item.way * 1.3 * seconds
        return (along if rolling else 0.0), 0.0, angle, 1.0
    if motion == "rise":
        return 0.008 * wave(0.3), -item.speed * (seconds - 1.0), 0.04 * wave(0.35), 1.0
    if motion == "flicker":
        return 0.0, 0.0, 0.015 * wave(1.7), 1 + 0.05 * wave(2.3) + 0.03 * wave(3.7)
    if motion == "drift":
        return along, 0.006 * wave(0.25), 0.0, 1.0
    return 0.0, 0.0, 0.0, 1.0
