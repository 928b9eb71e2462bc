"""Things: which sprites a scene holds, where they stand, how the light falls on them, how they move.

`draw_things` chooses the facts, `place` draws them over a scene, `studio` is the plain ground that things are shown on
alone. A picture is a pure function of its spec, the library, the size and the time; scenes of a batch do not meet.

    image    B 3 T H W   display colours in [0, 1]
    patch    T 4 h w     premultiplied colour and alpha of one thing in its window
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil, cos, floor, pi, sin

import torch
import torch.nn.functional as F
from torch import Tensor

from mutoscope.rng import Stream, stream
from mutoscope.world.noise import over, sample, smooth
from mutoscope.world.nouns import COLORS, HEADS, SCENE_LOOKS, Noun, may_be_bust, moves_as, nouns
from mutoscope.world.spec import SceneSpec, Thing
from mutoscope.world.sprites import Sprite, SpriteLibrary
from mutoscope.world.view import View

SHARE = 0.4  # of the scenes of a sprite world have things
MOST = 5  # things in a scene, all kinds together
SECONDS = 2.1  # a thing stays in the frame this long

# Where things can be in each scene. Ground and water: feet or waterline from 0 (horizon) to 1 (bottom edge); air: middle,
# in shares of the sky. The first place is drawn most often.
ROOM: dict[str, dict[str, tuple[float, float]]] = {
    "lake": {"water": (0.16, 0.85), "air": (0.12, 0.70)},
    "beach": {"ground": (0.82, 0.97), "water": (0.10, 0.30), "air": (0.12, 0.75)},
    "mountains": {"ground": (0.82, 0.98), "air": (0.12, 0.60)},
    "pine forest": {"ground": (0.55, 0.96), "air": (0.10, 0.50)},
    "meadow": {"ground": (0.66, 0.97), "air": (0.12, 0.75)},
    "desert": {"ground": (0.55, 0.97), "air": (0.12, 0.75)},
    "open sea": {"water": (0.08, 0.75), "air": (0.12, 0.75)},
    "island": {"water": (0.30, 0.85), "air": (0.12, 0.70)},
    "snowy village": {"ground": (0.78, 0.97), "air": (0.12, 0.60)},
    "city skyline": {"ground": (0.45, 0.95), "water": (0.45, 0.85), "air": (0.10, 0.50)},
    "river": {"water": (0.30, 0.90), "air": (0.12, 0.65)},
    "flower field": {"ground": (0.45, 0.95), "air": (0.12, 0.75)},
    "canyon": {"ground": (0.80, 0.97), "air": (0.12, 0.60)},
    "waterfall": {"ground": (0.88, 0.98), "air": (0.12, 0.50)},
    "lighthouse": {"air": (0.12, 0.70)},
    "harbour": {"water": (0.40, 0.90), "air": (0.12, 0.60)},
    "neon street": {"ground": (0.50, 0.95)},
    "farm field": {"ground": (0.50, 0.96), "air": (0.12, 0.75)},
    "volcano": {"ground": (0.80, 0.97), "air": (0.12, 0.50)},
    "arctic": {"ground": (0.70, 0.97), "air": (0.12, 0.60)},
    "jungle": {"ground": (0.80, 0.97), "air": (0.12, 0.50)},
    "coral reef": {"water": (0.15, 0.80)},
    "space": {"air": (0.12, 0.90)},
    "road": {"ground": (0.45, 0.95), "air": (0.12, 0.70)},
    "garden": {"ground": (0.70, 0.97), "air": (0.12, 0.65)},
    "plain ground": {"plain": (0.0, 1.0)},
}
UNDER_WATER = frozenset({"coral reef"})
# What is at home in a scene: drawn more often there, and alone where nothing else makes sense.
AT_HOME = {
    "beach": "crab / turtle / dog / seal / umbrella / surfer / lifebuoy / sailboat / ship / bird / kite / soccer ball / bucket",
    "pine forest": "fox / deer / bear / wolf / owl / rabbit / hedgehog / moose / squirrel / mushroom / bird / badger / boar / tent",
    "mountains": "goat / llama / sheep / eagle / bear / climber / tent / wolf / hot air balloon / airplane",
    "meadow": "cow / sheep / horse / rabbit / butterfly / bee / fox / goat / dog / tree / house / kite / deer / donkey",
    "desert": "camel / snake / scorpion / lizard / cactus / fox / tent / suv / hot air balloon",
    "snowy village": "dog / fox / wolf / penguin / reindeer / snowman / santa claus / sled / christmas tree / child / deer / owl",
    "farm field": "tractor / cow / horse / sheep / pig / goat / chicken / rooster / donkey / farmer / dog / house / truck",
    "road": "car / truck / bus / motorcycle / bicycle / taxi / police car / cyclist / suv / van / fire engine / ambulance / scooter",
    "neon street": "car / taxi / motorcycle / cat / robot / police car / bus / person / bicycle / scooter / ninja / alien / racing car",
    "city skyline": "car / bus / taxi / ship / sailboat / airplane / helicopter / balloon / tram / bicycle / motorboat / police car",
    "arctic": "penguin / polar bear / seal / fox / wolf / reindeer / snowman / sled / rabbit / owl / walrus / moose",
    "jungle": "monkey / parrot / tiger / snake / elephant / gorilla / butterfly / frog / leopard / crocodile / sloth / orangutan / lizard",
    "garden": "cat / butterfly / bee / rabbit / bird / hedgehog / snail / dog / ladybug / chair / fountain / girl / boy / chicken",
    "canyon": "horse / snake / lizard / eagle / cactus / goat / scorpion / tent / suv",
    "volcano": "dinosaur / tyrannosaurus / dragon / phoenix / helicopter / lizard / alien",
    "coral reef": "tropical fish / fish / octopus / squid / jellyfish / turtle / shark / dolphin / blowfish / whale / mermaid",
    "space": "rocket / satellite / flying saucer / astronaut / alien / robot",
    "harbour": "ship / sailboat / motorboat / speedboat / canoe / duck / seal / swan / yacht / rowboat",
}
ONLY_AT_HOME = frozenset({"coral reef", "space", "volcano", "arctic", "neon street"})
# Kinds that look odd standing about in a landscape.
WILD = frozenset({"animal", "person", "vehicle", "plant", "toy", "nature", "building", "object", "furniture"})
UNBUILT = frozenset(
    {
        "beach",
        "pine forest",
        "mountains",
        "snowy village",
        "canyon",
        "jungle",
        "waterfall",
        "city skyline",
        "flower field",
    }
)
RAILS = frozenset("train tram locomotive monorail".split()) | {
    "high-speed train",
    "subway train",
    "railway carriage",
    "trolleybus",
}
SCENIC_ONLY = frozenset({"climber", "mountain biker", "teacher", "technologist"})  # drawn with a scene of their own
# Seen from the front and whole all the same.
WHOLE_FRONTAL = frozenset(
    "penguin crab lobster spider beetle scorpion cockroach peacock chick turkey octopus owl ladybug fly mosquito bat bee "
    "butterfly squid turtle dodo bug jellyfish orangutan sloth".split()
) | {"hatching chick"}
HEAD_FILES = frozenset({"icons_fxemoji/rhinoceros.webp"})
HEADY_SETS = frozenset({"emoji_emojitwo"})  # most of its animals are heads, in any view
TOUCHED = frozenset(
    {"vehicle", "vessel", "toy", "clothing", "object", "building", "furniture", "tool", "instrument"}
)  # people paint these

PAINTED_PEOPLE = frozenset({"ghost", "robot", "alien", "heart", "alien monster"})

HEIGHTS = {"tiny": 0.15, "small": 0.21, "person": 0.31, "large": 0.40, "huge": 0.60}  # of the frame, near
NEARNESS = {"tiny": (0.6, 1.0), "small": (0.35, 1.0), "person": (0.2, 1.0), "large": (0.1, 0.8), "huge": (0.0, 0.5)}
GLOWING = frozenset(
    {"campfire", "candle", "lantern", "jack-o'-lantern", "light bulb", "fireworks", "sparkler", "phoenix"}
)
# Which way the sprites look that do not look to the left, as most emoji do.
RIGHTWARD = frozenset({"airplane", "rocket"})
RIGHTWARD_SETS: dict[str, bool] = {}


# ---------------------------------------------------------------------------------------------------------------- choose


def is_held_out_color(noun: str, color: str) -> bool:
    """Say whether this noun in this colour never enters training (about one pair in twelve)."""
    return bool(color) and stream("held out", noun, color).uniform() < 1 / 12


def draw_things(random: Stream, scene: str, library: SpriteLibrary, held_out: bool | None = False) -> tuple[Thing, ...]:
    """Draw what stands in a scene: up to three kinds, five things at most; nothing in three of five scenes.

    `held_out` False keeps to colours of training, True and None know all.
    """
    alone = scene == "plain ground"
    if scene not in ROOM or not (alone or random.uniform() < SHARE):
        return ()
    kinds = random.choice((1, 2, 3), (0.72, 0.22, 0.06))
    things: list[Thing] = []
    for _ in range(kinds):
        taken = sum(thing.count for thing in things)
        thing = _draw_thing(random, scene, library, MOST - taken - (kinds - 1 - len(things)))
        if thing and held_out is False and is_held_out_color(thing.noun, thing.color):
            thing = replace(thing, color="")
        if thing and thing.noun not in {other.noun for other in things}:
            things.append(thing)
    return tuple(things) if scene == "river" else _with_sides(random, things)  # a winding river has no sides


def _draw_thing(random: Stream, scene: str, library: SpriteLibrary, most: int) -> Thing | None:
    """Draw one kind; None when nothing fits after a few tries (a library of two pictures, all of them broken)."""
    for _ in range(12):
        place = random.choice(tuple(ROOM[scene]), [2.0] + [1.0] * (len(ROOM[scene]) - 1))
        noun = _draw_noun(random, scene, place, library)
        if noun is None:
            continue
        looks = None if place == "plain" else SCENE_LOOKS
        sprites = [sprite for sprite in library.nouns()[noun.name] if looks is None or sprite.look in looks]
        if not sprites:
            continue
        sprite = random.choice(sprites)
        count = random.choice((1, 2, 3, 4, 5), (0.64, 0.15, 0.10, 0.06, 0.05)) if noun.countable else 1
        wish, paint = random.uniform(), random.choice(tuple(COLORS))
        if not library.fits(sprite.id) or (place != "plain" and not _whole(noun, sprite, library)):
            continue
        color = _draw_color(noun, sprite, library, wish, paint)
        look = sprite.look if place == "plain" else ""
        big = noun.size == "huge" or (place == "ground" and may_be_bust(noun.name))
        return Thing(noun.name, sprite.id, place, min(count, most, 3 if big else 5), "", color, look)
    return None


def _whole(noun: Noun, sprite: Sprite, library: SpriteLibrary) -> bool:
    """Say whether a sprite can be in a landscape: no head of an animal that can stand there whole, no car from the front."""
    picture = library.peek(sprite.id)
    assert picture is not None
    if noun.kind == "animal":
        head = (
            sprite.id in HEAD_FILES
            or (picture.frontal and noun.name not in WHOLE_FRONTAL)
            or sprite.id.partition("/")[0] in HEADY_SETS
        )
        return noun.name in HEADS or not head
    return not (noun.kind in ("vehicle", "vessel") and picture.frontal and noun.motion in ("drive", "sail"))


def _is_bust(thing: Thing, noun: Noun, sprite: Sprite, frontal: bool) -> bool:
    """Say whether a sprite has no feet to stand on: people of emoji sets, and heads of animals."""
    if thing.place != "ground" or sprite.look == "pixel art" or not may_be_bust(noun.name):
        return False
    return noun.kind == "person" or frontal or noun.name in ("boar", "chicken", "moose", "unicorn")


def _draw_noun(random: Stream, scene: str, place: str, library: SpriteLibrary) -> Noun | None:
    home = [
        name for name in AT_HOME.get(scene, "").split(" / ") if name in library.nouns() and _belongs(name, scene, place)
    ]
    if home and random.uniform() < (1.0 if scene in ONLY_AT_HOME else 0.45 * min(1.0, len(home) / 5)):
        return _facts(random.choice(home))
    names = _fitting(library, scene, place)
    if not names or scene in ONLY_AT_HOME:
        return None
    return _facts(random.choice(names, [min(len(library.nouns()[name]), 6) ** 0.5 for name in names]))


def _facts(name: str) -> Noun:
    return nouns().get(name) or Noun(name, "object", ("plain",), "small", "none")


def _fitting(library: SpriteLibrary, scene: str, place: str) -> list[str]:
    """Return the nouns of the library that make sense in this place; remembered by the library."""
    memory = library.__dict__.setdefault("_fitting", {})
    if (scene, place) not in memory:
        memory[scene, place] = [name for name in library.nouns() if _belongs(name, scene, place)]
    return memory[scene, place]


def _belongs(name: str, scene: str, place: str) -> bool:
    noun = _facts(name)
    if scene == "space":
        return name in AT_HOME["space"].split(" / ")
    if scene in UNDER_WATER:
        return noun.motion == "swim" or name == "turtle"
    if place not in noun.places:
        return False
    if place == "plain":
        return True
    if name in SCENIC_ONLY or (name == "surfer" and scene not in ("beach", "open sea", "island")):
        return False
    if place == "water":  # small fish cannot be seen in the sea
        return noun.motion in ("sail", "bob") or (noun.motion == "swim" and noun.size != "small") or name == "swimmer"
    if place == "air":
        return noun.motion in ("fly", "rise") or name == "cloud"
    if noun.kind not in WILD or noun.motion == "swim":
        return False
    return scene not in UNBUILT or not (noun.size == "huge" or name in RAILS)


def _draw_color(noun: Noun, sprite: Sprite, library: SpriteLibrary, wish: float, paint: str) -> str:
    """Return the colour to say and to dye in; "" leaves the sprite as it is. Only what was measured is ever said."""
    picture = library.peek(sprite.id)
    assert picture is not None
    if noun.kind in ("person", "body") and noun.name not in PAINTED_PEOPLE:
        return ""  # people and their skin are never painted, nor named by a colour
    own = sprite.color or picture.color
    if own and own == picture.color and wish > 0.55:
        return own
    if picture.dyeable and wish < (0.45 if noun.kind in TOUCHED else 0.12):
        return paint
    return ""


def _with_sides(random: Stream, things: list[Thing]) -> tuple[Thing, ...]:
    """Say where things stand, for some: one kind anywhere, two kinds left and right of each other."""
    said = random.uniform()
    if len(things) == 1 and things[0].count <= 3 and said < 0.40:
        return (replace(things[0], side=random.choice(("left", "centre", "right"))),)
    if len(things) == 2 and said < 0.55 and sum(thing.count for thing in things) <= 4:
        sides = ("left", "right") if random.uniform() < 0.5 else ("right", "left")
        return tuple(replace(thing, side=side) for thing, side in zip(things, sides, strict=True))
    return tuple(things)


# --------------------------------------------------------------------------------------------------------------- arrange


@dataclass(frozen=True)
class Item:
    """One thing in its picture: lengths in heights of the frame, x from the middle, y from the top."""

    thing: Thing
    noun: Noun
    motion: str
    pixels: Tensor  # 4 h w, premultiplied
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
            return 1 - _SUNK.get(self.noun.name, {"sail": 0.22, "bob": 0.16, "swim": 0.36}.get(self.motion, 0.05))
        return 0.5 if self.thing.place in ("air", "water") else 1.0


_SUNK = {
    "swimmer": 0.38, "desert island": 0.12, "swan": 0.10, "duck": 0.25, "goose": 0.34, "surfer": 0.15, "rower": 0.30, "whale": 0.20,
    "canoe": 0.30, "sailboat": 0.08, "mermaid": 0.45, "seal": 0.34, "lifebuoy": 0.30, "dolphin": 0.30,
}  # fmt: skip


def arrange(
    spec: SceneSpec, horizon: float, aspect: float, library: SpriteLibrary, lane: Callable | None = None
) -> list[Item]:
    """Return the things of a scene, each in its place: all in the frame for SECONDS, none hidden, far ones first.

    `lane` gives (middle, half width) of a river at a depth. Raises SettingError for a sprite that the library has not.
    """
    total = sum(thing.count for thing in spec.things)
    plain = all(thing.place == "plain" for thing in spec.things)
    for attempt in range(80):
        random = stream(spec.seed, spec.index, "things", attempt)
        shrink = (1.0 if plain else (1.0, 0.92, 0.84, 0.76, 0.70)[min(total, 5) - 1]) * 0.982**attempt
        items = _scatter(random, spec, horizon, aspect, library, shrink, lane)
        if all(_inside(item, aspect) for item in items) and not _crowded(items, 0.0 if attempt < 60 else 0.12):
            break
    else:
        items = _in_a_row(items, aspect)
    return sorted(items, key=lambda item: item.depth)


def _scatter(
    random: Stream, spec: SceneSpec, horizon: float, aspect: float, library, shrink: float, lane
) -> list[Item]:
    items: list[Item] = []
    total = sum(thing.count for thing in spec.things)
    slots = random.permutation(total).tolist()
    for thing in spec.things:
        picture = library.picture(thing.sprite).dyed(thing.color)
        pixels = torch.from_numpy(picture.pixels).permute(2, 0, 1).contiguous()
        noun, motion = _facts(thing.noun), moves_as(thing)
        bust = _is_bust(thing, noun, library.sprites[thing.sprite], picture.frontal)
        motion = "glide" if spec.scene in UNDER_WATER else motion
        way, pace = 1 - 2 * random.integers(0, 2), random.uniform(0.8, 1.2)
        for nth in range(thing.count):
            y, depth = _stand(random, spec.scene, thing.place, noun, horizon)
            width, height = _size(pixels, thing, noun, depth, shrink, random.uniform(0.92, 1.08), aspect, total)
            rank = slots.pop(0)
            x = _across(random, thing, rank, total, aspect, width)
            if thing.place == "water" and lane:
                middle, half = lane(depth)
                x = middle + (x / aspect) * half
                width, height = width * min(1.0, 1.5 * half / width), height * min(1.0, 1.5 * half / width)
            if bust:
                near = random.uniform(0.36, 0.46) * shrink / max(width, height)
                width, height, depth, motion = width * near, height * near, 1.0, "nod"
                y = 1.0 + (0.0 if noun.kind == "person" else 0.10) * height
            if thing.place == "plain":
                y += height / 2 + _row_of(rank, total, thing, nth)
            speed = _SPEEDS.get(motion, 0.0) * pace * (0.45 if thing.side or lane else 1.0) * (0.4 + 0.6 * depth)
            items.append(
                Item(thing, noun, motion, pixels, width, height, x, y, depth, way, random.uniform(), speed, bust)
            )
    return items


_SPEEDS = {"fly": 0.085, "drive": 0.10, "sail": 0.035, "bob": 0.012, "walk": 0.035, "swim": 0.05, "glide": 0.05, "hop": 0.04,
           "spin": 0.06, "drift": 0.015, "rise": 0.03}  # fmt: skip


def _stand(random: Stream, scene: str, place: str, noun: Noun, horizon: float) -> tuple[float, float]:
    """Return (y of feet, waterline or middle, depth 0 far to 1 near)."""
    top, bottom = ROOM.get(scene, {}).get(place) or _DEFAULT_ROOM[place]
    if place == "plain":
        return 0.5 + random.uniform(-0.04, 0.04), 1.0
    if place == "air":
        return horizon * random.uniform(top, bottom), random.uniform(0.35, 1.0)
    if scene in UNDER_WATER:
        return random.uniform(top, bottom), random.uniform(0.3, 1.0)
    low, high = NEARNESS[noun.size]
    depth = top + (bottom - top) * random.uniform(low, high)
    return horizon + depth * (1 - horizon), depth


_DEFAULT_ROOM = {"ground": (0.75, 0.97), "water": (0.3, 0.8), "air": (0.12, 0.7), "plain": (0.0, 1.0)}


def _size(pixels, thing: Thing, noun: Noun, depth: float, shrink: float, vary: float, aspect: float, total: int):
    """Return (width, height) in heights of the frame: by its kind and its distance, so that it can be made out."""
    tall, wide = pixels.shape[1:]
    if thing.place == "plain":
        room = (0.58, 0.42, 0.32, 0.36, 0.31)[min(total, 5) - 1]
        if thing.side:
            room = min((0.42, 0.34, 0.29, 0.24, 0.20)[thing.count - 1], 0.44)
        longest = min(1.0, aspect) * room * shrink * vary
    else:
        near = 0.42 + 0.58 * depth if thing.place != "air" else 0.45 + 0.35 * depth
        longest = max(HEIGHTS[noun.size] * near, 0.125) * shrink * vary * min(1.0, 0.55 + 0.45 * aspect)
        longest *= min(1.45, max(1.0, wide / tall))  # a bus is as high as a car and longer
    return longest * wide / max(tall, wide), longest * tall / max(tall, wide)


def _across(random: Stream, thing: Thing, slot: int, total: int, aspect: float, width: float) -> float:
    """Return x of the middle: in its third when a side is said, else in its own slot of the frame."""
    if thing.side:
        low, high = {"left": (-0.36, -0.20), "centre": (-0.07, 0.07), "right": (0.20, 0.36)}[thing.side]
        if thing.place == "plain":
            return (
                random.uniform(*{"left": (-0.30, -0.26), "centre": (-0.03, 0.03), "right": (0.26, 0.30)}[thing.side])
                * aspect
            )
        spread = 1.0 if thing.count == 1 else (1.15 if thing.side == "centre" else 1.35)
        middle = (low + high) / 2
        return (
            middle + (random.uniform(low, high) - middle) * spread * (thing.count if thing.side == "centre" else 1)
        ) * aspect
    if thing.place == "plain":
        if total == 1:
            return random.uniform(-0.05, 0.05) * aspect
        upper = _upper_row(total)
        column, columns = (slot, upper) if slot < upper else (slot - upper, total - upper)
        return (
            ((column + random.uniform(0.45, 0.55)) / columns - 0.5) * (0.92 if columns > 1 else 0.1) * min(aspect, 1.25)
        )
    usable = max(aspect - width - 0.10, 0.05)
    jitter = 0.5 if total == 1 else random.uniform(0.35, 0.65)
    return (random.uniform(-0.5, 0.5) if total == 1 else (slot + jitter) / total - 0.5) * usable


def _upper_row(total: int) -> int:
    """Return how many of `total` things on a plain ground stand in the upper row: 3, 2 + 2, 3 + 2."""
    return total if total <= 3 else -(-total // 2)


def _row_of(slot: int, total: int, thing: Thing, nth: int) -> float:
    """Return how far a thing on a plain ground is moved down: for its row, or in the column on its side."""
    if thing.side:
        return (nth - (thing.count - 1) / 2) * (0.36 if thing.count == 2 else 0.31)
    return 0.0 if total <= 3 else (-0.21 if slot < _upper_row(total) else 0.21)


def _box(item: Item, seconds: float) -> tuple[float, float, float, float]:
    """Return (left, top, right, bottom) at a time."""
    dx, dy, angle, stretch = _moved(item, seconds)
    tilt = min(abs(sin(angle)), 1.0)
    wide, tall = item.width + (item.height - item.width) * tilt, item.height + (item.width - item.height) * tilt
    wide, tall = max(wide, item.width * abs(cos(angle))), max(tall, item.height) * stretch
    x, top = item.x + dx, item.y + dy - item.anchor * tall
    return x - wide / 2, top, x + wide / 2, top + tall


def _inside(item: Item, aspect: float) -> bool:
    margin = 0.012
    for seconds in (0.0, 0.5, 1.0, 1.5, SECONDS):
        left, top, right, bottom = _box(item, seconds)
        if item.thing.place == "water" or item.bust:
            bottom = min(bottom, item.y, 0.98)
        if left < margin - aspect / 2 or right > aspect / 2 - margin or top < margin or bottom > 1 - margin / 2:
            return False
    return True


def _crowded(items: list[Item], share: float) -> bool:
    """Say whether one thing hides more than a share of another at some time, or nearly touches it where that is 0."""
    gap = 0.008 if share == 0 else 0.0
    for seconds in (0.0, 1.0, 2.0):
        boxes = [_box(item, seconds) for item in items]
        for i, one in enumerate(boxes):
            for two in boxes[:i]:
                wide = min(one[2], two[2]) - max(one[0], two[0]) + gap
                tall = min(one[3], two[3]) - max(one[1], two[1]) + gap
                smaller = min((b[2] - b[0]) * (b[3] - b[1]) for b in (one, two))
                if wide > 0 and tall > 0 and wide * tall > share * smaller:
                    return True
    return False


def _in_a_row(items: list[Item], aspect: float) -> list[Item]:
    """Stand things side by side, small, where chance found no room for them: sides said are kept."""
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
        y = 1.0 if item.bust else min(max(item.y, item.anchor * item.height * small + 0.05), 0.95)
        x = low * aspect + share * (at + 0.5)
        placed[k] = replace(
            item, width=item.width * small, height=item.height * small, x=x, y=y, speed=min(item.speed, 0.004)
        )
    return placed


# ------------------------------------------------------------------------------------------------------------------ move


def _moved(item: Item, seconds: float) -> tuple[float, float, float, float]:
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


# ------------------------------------------------------------------------------------------------------------------ draw


def place(view: View, image: Tensor, library: SpriteLibrary, lane: Callable | None = None) -> Tensor:
    """Lay the things of every scene over its picture: (B, 3, T, H, W), T grown to the view's times where they move.

    `lane(view)` gives, for scenes with a river, a function of depth: (middle, half width).
    """
    if not any(spec.things for spec in view.specs):
        return image
    frames = view.t.shape[2]
    shape = len(view.specs), 3, frames, view.y.shape[3], view.x.shape[4]
    image = image.expand(shape).clone()
    for row, spec in enumerate(view.specs):
        if spec.things:
            one = view.pick([row]) if len(view.specs) > 1 else view
            course = lane(one) if lane and spec.scene == "river" else None
            for item in arrange(spec, float(view.horizon[row]), view.aspect, library, course):
                _draw(one, image[row], item)
    return image


def _draw(view: View, image: Tensor, item: Item) -> None:
    """Draw one thing into a picture 3 T H W, with its shadow or its reflection."""
    times = view.t.flatten().tolist()
    moves = torch.tensor([_moved(item, seconds) for seconds in times], device=view.device)  # T 4
    texture = _texture(item, view)
    window = _window(view, item, [_box(item, seconds) for seconds in times])
    canvas = image[:, :, window[0], window[1]]
    x, y = view.x[0, 0, :, :, window[1]], view.y[0, 0, :, window[0], :]  # 1 1 w, 1 h 1
    alpha = None
    if item.thing.place in ("ground", "plain") and not item.bust:
        _shadow(view, canvas, item, texture, moves, x, y)
    if item.thing.place == "water" and item.motion != "glide":
        line = item.y + 0.0025 * torch.sin(x * 60 + view.t[0, 0] * 3.0 + 6 * item.phase) * (0.3 + item.depth)
        _reflect(view, canvas, item, texture, moves, x, y, line)
        alpha = ((line - y) / (1.6 * view.px) + 0.5).clamp(0, 1)  # T h w
    patch = _sampled(texture, item, moves, x, y)
    _lay(canvas, patch if alpha is None else patch * alpha[:, None])


def _lay(canvas: Tensor, patch: Tensor) -> None:
    """Lay premultiplied `patch` (T 4 h w) over `canvas` (3 T h w) in place."""
    colour, alpha = patch[:, :3].transpose(0, 1), patch[:, 3:].transpose(0, 1)
    canvas.copy_(colour + canvas * (1 - alpha))


def _window(view: View, item: Item, boxes: list[tuple[float, ...]]) -> tuple[slice, slice]:
    """Return the rows and columns that the thing, its shadow and its reflection can touch."""
    below = {"water": item.height * 0.9, "ground": item.height * 0.7, "plain": item.height * 0.2}.get(
        item.thing.place, 0.0
    )
    side = item.height * 0.6 if item.thing.place == "ground" else 0.02 + 0.15 * item.width
    left, right = min(box[0] for box in boxes) - side, max(box[2] for box in boxes) + side
    top, bottom = min(box[1] for box in boxes) - 0.02, max(max(box[3] for box in boxes), item.y + below) + 0.02
    return _span(top, bottom, view.px, view.y.shape[3]), _span(
        left + view.aspect / 2, right + view.aspect / 2, view.px, view.x.shape[4]
    )


def _span(low: float, high: float, px: float, size: int) -> slice:
    start = min(max(floor(low / px), 0), size - 1)
    return slice(start, min(max(ceil(high / px), start + 1), size))


def _texture(item: Item, view: View) -> Tensor:
    """Return the sprite 1 4 h w as this light shows it, made small without aliasing, with an empty border."""
    pixels = item.pixels.to(view.device)
    tall = min(max(round(item.height / view.px * 1.25), 2), pixels.shape[1])
    wide = min(max(round(item.width / view.px * 1.25), 2), pixels.shape[2])
    if (tall, wide) != pixels.shape[1:]:
        pixels = F.interpolate(pixels[None], (tall, wide), mode="bilinear", antialias=True, align_corners=False)[
            0
        ].clamp(0, 1)
    if _flipped(item):
        pixels = pixels.flip(-1)
    colour, alpha = _lit(view, item, pixels[:3], pixels[3:]), pixels[3:]
    return F.pad(torch.cat([colour, alpha])[None], (1, 1, 1, 1))


def _flipped(item: Item) -> bool:
    """Say whether the sprite must be turned to look where it goes; what stands still is never turned."""
    if item.motion in ("none", "nod", "spin", "rise", "flicker", "drift"):
        return False
    rightward = item.noun.name in RIGHTWARD or RIGHTWARD_SETS.get(item.thing.sprite.partition("/")[0], False)
    return (item.way > 0) != rightward


def _lit(view: View, item: Item, colour: Tensor, alpha: Tensor) -> Tensor:
    """Return premultiplied colour 3 h w under the scene's light and behind its air; dark at night, but readable."""
    if item.thing.place == "plain":
        return colour
    light = {name: view.light[name][0, :, 0] for name in ("ambient", "key", "haze", "air")}  # 3 1 1
    shine = light["ambient"] + 0.72 * light["key"]
    grey = shine.mean(0, keepdim=True)
    shine = torch.lerp(shine, grey.expand_as(shine), 0.25)
    shine = shine * (0.40 / grey).clamp(min=1.0) / grey.clamp(min=1.0)
    if item.noun.name in GLOWING:
        shine = shine.clamp(min=1.0)
    far = 0.22 * (1 - item.depth) ** 1.5 + 0.03
    thick = 1 - torch.exp(-light["air"] * far)
    return torch.lerp((colour * shine).clamp(max=1.0), light["haze"] * alpha, thick)


def _sampled(texture: Tensor, item: Item, moves: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Return the patch T 4 h w of the thing at its times: moved, turned about its middle, stretched upwards."""
    dx, dy, angle, stretch = (moves[:, k].view(-1, 1, 1) for k in range(4))
    tall = item.height * stretch
    right = x - (item.x + dx)
    down = y - (item.y + dy + tall * (0.5 - item.anchor))
    u = right * angle.cos() + down * angle.sin()
    v = down * angle.cos() - right * angle.sin()
    return _look(texture, u / item.width, v / tall)


def _look(texture: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """Return the texture at (u, v), -0.5 to 0.5 across its inner part, empty outside: T 4 h w."""
    tall, wide = texture.shape[2:]
    u, v = torch.broadcast_tensors(u * (2 * (wide - 2) / wide), v * (2 * (tall - 2) / tall))
    grid = torch.stack([u, v], -1)
    return F.grid_sample(texture.expand(len(grid), -1, -1, -1), grid, align_corners=False)


def _shadow(view: View, canvas: Tensor, item: Item, texture: Tensor, moves: Tensor, x: Tensor, y: Tensor) -> None:
    """Darken the ground: a soft patch below the feet, and a flat shape that falls away from the sun."""
    dx, dy = moves[:, 0].view(-1, 1, 1), moves[:, 1].view(-1, 1, 1)
    plain = item.thing.place == "plain"
    sun = 0.0 if plain else float(view.light["shine"] * view.light["key"].mean()) * 1.4
    side = float(view.sun_side)
    lift = (-dy / item.height).clamp(0, 1)
    right, down = x - (item.x + dx) + 0.06 * side * item.width * (not plain), y - item.y
    round_ = (right / (0.46 * item.width)) ** 2 + (
        (down + 0.01 * item.height) / (0.055 * item.height + 0.10 * item.width * 0.6)
    ) ** 2
    dark = (0.30 if plain else 0.42) * torch.exp(-1.6 * round_) * (1 - 0.6 * lift)
    if sun > 0.1 and item.noun.name not in GLOWING:
        long = 0.55 - 0.33 * float(view.light["elevation"].clamp(0, 1))
        up = down / long
        lean = right + side * up * 0.45
        cast = _look(_soft(texture), lean / item.width, 0.5 - (up + lift * item.height) / item.height)[:, 3]
        cast = cast * (down > 0) * torch.exp(-1.2 * up.clamp(min=0) / item.height)
        dark = torch.maximum(dark, 0.45 * min(sun, 0.85) * cast)
    canvas.mul_(1 - dark)


def _soft(texture: Tensor) -> Tensor:
    """Return the texture blurred, for a shadow with soft edges."""
    size = max(texture.shape[-1] // 10, 1)
    padded = F.pad(texture, (size, size, size, size))
    soft = F.avg_pool2d(padded, 2 * size + 1, 1)
    return soft


def _reflect(
    view: View, canvas: Tensor, item: Item, texture: Tensor, moves: Tensor, x: Tensor, y: Tensor, line: Tensor
) -> None:
    """Lay the wavering mirror image below the waterline, and a soft dark seam where the thing meets the water."""
    below = (y - line).clamp(min=0)
    swing = 0.010 * torch.sin(below * (190 / (0.4 + item.depth)) - view.t[0, 0] * 4.0 + 6 * item.phase)
    mirrored = _sampled(texture, item, moves, x + swing * (below / 0.04).clamp(max=1), 2 * line - y)
    fade = ((y - line) / (1.6 * view.px) + 0.5).clamp(0, 1) * torch.exp(-below / (0.55 * item.height)) * 0.50
    mirrored = torch.cat([mirrored[:, :3] * 0.80, mirrored[:, 3:]], 1)
    _lay(canvas, mirrored * fade[:, None])
    dx = moves[:, 0].view(-1, 1, 1)
    seam = torch.exp(-((below / (0.05 * item.height)) ** 2) - ((x - item.x - dx) / (0.45 * item.width)) ** 4)
    canvas.mul_(1 - 0.30 * seam * (y > line - view.px))


# ---------------------------------------------------------------------------------------------------------------- studio


GROUNDS = {  # name: (upper colour, lower colour)
    "white": ((0.99, 0.99, 0.99), (0.94, 0.94, 0.95)), "grey": ((0.80, 0.81, 0.83), (0.66, 0.67, 0.69)),
    "cream": ((0.98, 0.95, 0.87), (0.93, 0.88, 0.77)), "light blue": ((0.78, 0.89, 0.97), (0.64, 0.80, 0.93)),
    "pink": ((0.99, 0.84, 0.88), (0.96, 0.73, 0.80)), "mint green": ((0.82, 0.95, 0.86), (0.68, 0.87, 0.75)),
    "yellow": ((1.0, 0.92, 0.62), (0.98, 0.84, 0.44)), "lavender": ((0.89, 0.85, 0.97), (0.79, 0.73, 0.93)),
    "blue": ((0.30, 0.52, 0.86), (0.20, 0.39, 0.74)), "dark": ((0.23, 0.24, 0.28), (0.12, 0.13, 0.16)),
    "paper": ((0.96, 0.93, 0.86), (0.94, 0.91, 0.84)),
}  # fmt: skip
_HARD_ON_THE_EYE = {"white": ("white",), "grey": ("grey",), "pink": ("pink",), "yellow": ("yellow", "orange"), "blue": ("blue", "purple"),
                    "dark": ("black", "brown", "blue", "purple", "grey"), "cream": ("white",), "paper": ("white",)}  # fmt: skip


def studio_ground(spec: SceneSpec) -> str:
    """Return which of GROUNDS a plain-ground scene has: half of them white; never the colour of what stands on it."""
    random = stream(spec.seed, spec.index, "studio")
    said = {thing.color for thing in spec.things}
    drawn = any(thing.look in ("glyph", "line", "sketch", "outline") for thing in spec.things)
    fits = [
        name
        for name in GROUNDS
        if not said & set(_HARD_ON_THE_EYE.get(name, ())) and not (drawn and name in ("dark", "blue"))
    ]
    return random.choice(fits, [5.0 if name == "white" else 1.0 for name in fits])


def studio(view: View) -> Tensor:
    """Return plain grounds: a soft gradient, brighter in the middle; paper has its grain."""
    names = [studio_ground(spec) for spec in view.specs]
    table = torch.tensor([GROUNDS[name] for name in names], device=view.device)  # B 2 3
    top, bottom = (table[:, k].view(-1, 3, 1, 1, 1) for k in (0, 1))
    dice = view.dice("studio")
    image = torch.lerp(top, bottom, smooth(0.25, 1.0, view.y + 0.0 * view.x))
    glow = torch.exp(-(((view.x / view.aspect) ** 2 + (view.y - 0.45) ** 2) / 0.22))
    image = over(image, image * 1.05 + 0.02, glow * dice(0.2, 1.0))
    paper = torch.tensor([float(name == "paper") for name in names], device=view.device).view(-1, 1, 1, 1, 1)
    grain = sample("fbm", view.x * 30 + dice(0, 16), view.y * 30 + dice(0, 16), 3) - 0.5
    return (image + 0.05 * paper * grain).clamp(0, 1)
