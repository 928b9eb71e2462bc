"""Things: which sprites a scene holds, of what colour, how many, and on which side.

The facts only: `arrange.py` says where in the picture they are and `placing.py` draws them. It knows no tensor.
"""

from dataclasses import replace
from functools import lru_cache

from mutoscope.rng import Stream, stream
from mutoscope.vocabulary import COLORS, Noun, belongs, find_noun, scenes
from mutoscope.vocabulary.objects import common, core
from mutoscope.world.mix import BEST_SETS, WORLD, Mix
from mutoscope.world.movement import HEADS, may_be_bust
from mutoscope.world.spec import SceneSpec, Thing
from mutoscope.world.sprite_names import PAINTED_LOOKS, SCENE_LOOKS
from mutoscope.world.sprites import Sprite, SpriteLibrary

MAX_THINGS = 5  # in a scene, all kinds together
MAX_TRIES = 12  # to find something that fits

# Seen from the front and whole all the same.
WHOLE_FRONTAL = frozenset(
    "penguin crab lobster spider beetle scorpion cockroach peacock chick turkey octopus owl ladybug fly mosquito bat bee "
    "butterfly squid turtle dodo bug jellyfish orangutan sloth".split()
) | {"hatching chick"}
HEAD_FILES = frozenset({"icons_fxemoji/rhinoceros.webp"})
# Kinds of a set that are not drawn alone: heads of animals in any view, buildings with their own sky.
NOT_ALONE = frozenset({("emoji_emojitwo", "animal"), ("icons_streamline-emojis", "building")})
TOUCHED = frozenset(
    {"vehicle", "vessel", "toy", "clothing", "object", "building", "furniture", "tool", "instrument"}
)  # people paint these

PAINTED_PEOPLE = frozenset({"ghost", "robot", "alien", "heart", "alien monster"})

# ---------------------------------------------------------------------------------------------------------------- choose


def is_held_out_color(noun: str, color: str) -> bool:
    """Say whether this noun in this colour never enters training (about one pair in twelve)."""
    return bool(color) and stream("held out", noun, color).uniform() < 1 / 12


def draw_things(
    random: Stream, scene: str, library: SpriteLibrary, held_out: bool | None = False, mix: Mix = WORLD
) -> tuple[Thing, ...]:
    """Draw what stands in a scene: up to three kinds, five things at most; in the world's own mix nothing in half of the scenes.

    `held_out` False keeps to colours of training, True and None know all.
    """
    alone = scene == "plain ground"
    if not (alone or random.uniform() < mix.share):
        return ()
    kinds = random.choice((1, 2, 3), mix.kinds)
    things: list[Thing] = []
    for _ in range(kinds):
        taken = sum(thing.count for thing in things)
        thing = _draw_thing(random, scene, library, MAX_THINGS - taken - (kinds - 1 - len(things)), mix)
        if thing and held_out is False and is_held_out_color(thing.noun, thing.color):
            thing = replace(thing, color="", look=library.sprites[thing.sprite].look if thing.look else "")
        if thing and thing.noun not in {other.noun for other in things}:
            things.append(thing)
    return _with_sides(random, things) if scenes()[scene].sides else tuple(things)


def _draw_thing(random: Stream, scene: str, library: SpriteLibrary, most: int, mix: Mix) -> Thing | None:
    """Draw one kind; None when nothing fits after a few tries (a library of two pictures, all of them broken)."""
    for _ in range(MAX_TRIES):
        places = tuple(scenes()[scene].rooms)
        place = random.choice(places, [2.0] + [1.0] * (len(places) - 1))
        one = _draw_noun(random, scene, place, library, mix)
        if one is None:
            continue
        looks = None if place == "plain" else SCENE_LOOKS
        sprites = [sprite for sprite in library.nouns()[one.name] if looks is None or sprite.look in looks]
        if not sprites:
            continue
        if one.name in core() and mix.best and random.uniform() < mix.best:
            sprites = _best(sprites, one, place, library)
        sprite = random.choice(sprites)
        count = random.choice((1, 2, 3, 4, 5), mix.counts) if one.countable else 1
        wish, paint = random.uniform(), random.choice(tuple(COLORS))
        if not library.fits(sprite.id) or (place != "plain" and not stands_whole(one, sprite, library)):
            continue
        color = _draw_color(one, sprite, library, wish, paint, mix.painted)
        look = sprite.look if place == "plain" else ""
        if color not in ("", "black" if look == "glyph" else "blue"):
            look = PAINTED_LOOKS.get(look, look)
        big = one.size == "huge" or (place == "ground" and may_be_bust(one.name))
        return Thing(one.name, sprite.id, place, min(count, most, 3 if big else 5), "", color, look)
    return None


def _best(sprites: list[Sprite], noun: Noun, place: str, library: SpriteLibrary) -> list[Sprite]:
    """Return the sprites of BEST_SETS that can be in this place; all where none can."""
    best = [sprite for sprite in sprites if sprite.id.partition("/")[0] in BEST_SETS and library.fits(sprite.id)]
    whole = [sprite for sprite in best if place == "plain" or stands_whole(noun, sprite, library)]
    return whole or best or sprites


def stands_whole(noun: Noun, sprite: Sprite, library: SpriteLibrary) -> bool:
    """Say whether a sprite can be in a landscape: no head of an animal that can stand there whole, no car from the front."""
    picture = library.peek(sprite.id)
    assert picture is not None
    if (sprite.id.partition("/")[0], noun.kind) in NOT_ALONE:
        return False
    if noun.kind not in ("vehicle", "object", "furniture", "toy") and picture.pixels[..., 3].mean() > 0.96:
        return False  # a little picture with its own sky
    if noun.kind == "animal":
        head = sprite.id in HEAD_FILES or (picture.frontal and noun.name not in WHOLE_FRONTAL)
        return noun.name in HEADS or not head
    return not (noun.kind in ("vehicle", "vessel") and picture.frontal and noun.motion in ("drive", "sail"))


def _draw_noun(random: Stream, scene: str, place: str, library: SpriteLibrary, mix: Mix) -> Noun | None:
    facts = scenes()[scene]
    home = [name for name in facts.objects if name in library.nouns() and belongs(name, scene, place)]
    if home and random.uniform() < (1.0 if facts.only_these_objects else 0.45 * min(1.0, len(home) / 5)):
        first = [name for name in home if name in core()] if mix.core > mix.common else []
        return find_noun(random.choice(first or home))
    names = _fitting(library, scene, place)
    if not names or facts.only_these_objects:
        return None
    sprites = [min(len(library.nouns()[name]), 6) ** 0.5 for name in names]
    return find_noun(random.choice(names, [w * commonness(name, mix) for w, name in zip(sprites, names, strict=True)]))


def commonness(name: str, mix: Mix = WORLD) -> float:
    """Return how many times as often as a rare thing this one is drawn."""
    return mix.core if name in core() else mix.common if name in common() else 1.0


@lru_cache(maxsize=256)
def _fitting(library: SpriteLibrary, scene: str, place: str) -> tuple[str, ...]:
    """Return the nouns of the library that make sense in this place."""
    return tuple(name for name in library.nouns() if belongs(name, scene, place))


def _draw_color(noun: Noun, sprite: Sprite, library: SpriteLibrary, wish: float, paint: str, painted: float) -> str:
    """Return the colour to say and to dye in; "" leaves the sprite as it is. Only what was measured is ever said."""
    picture = library.peek(sprite.id)
    assert picture is not None
    if noun.kind in ("person", "body") and noun.name not in PAINTED_PEOPLE:
        return ""  # people and their skin are never painted, nor named by a colour
    own = sprite.color or picture.color
    if own and own == picture.color and wish > 0.55:
        return own
    if picture.dyeable and wish < painted * (0.45 if noun.kind in TOUCHED else 0.12):
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


def is_bust(thing: Thing, noun: Noun, sprite: Sprite, frontal: bool) -> bool:
    """Say whether a sprite has no feet to stand on: people of emoji sets, and heads of animals."""
    if thing.place != "ground" or sprite.look == "pixel art" or not may_be_bust(noun.name):
        return False
    return noun.kind == "person" or frontal or noun.name in ("boar", "chicken", "moose", "unicorn")


# ---------------------------------------------------------------------------------------------------------- plain grounds


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
    drawn = any(thing.look in ("glyph", "silhouette", "line", "line art", "sketch", "outline") for thing in spec.things)
    fits = [
        name
        for name in GROUNDS
        if not said & set(_HARD_ON_THE_EYE.get(name, ())) and not (drawn and name in ("dark", "blue"))
    ]
    return random.choice(fits, [5.0 if name == "white" else 1.0 for name in fits])
