"""Things: which sprites a scene holds, of what colour, how many, and on which side.

The facts only: `arrange.py` says where in the picture they are and `placing.py` draws them. It knows no tensor.
"""

from dataclasses import replace
from functools import lru_cache

from mutoscope.rng import Stream, stream
from mutoscope.world.mix import BEST_SETS, CORE, WORLD, Mix
from mutoscope.world.nouns import COLORS, HEADS, PAINTED_LOOKS, SCENE_LOOKS, Noun, may_be_bust, nouns
from mutoscope.world.spec import SceneSpec, Thing
from mutoscope.world.sprites import Sprite, SpriteLibrary

MOST = 5  # things in a scene, all kinds together

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
# What people ask for most: drawn more often than other things of as many sprites (mix.py says how much).
COMMON = frozenset(
    (
        "airplane / alien / apple / astronaut / baby / balloon / banana / barn / beach ball / bear / bed / "
        "bee / bicycle / bird / birthday cake / book / bouquet / boy / bread / bridge / bus / butterfly / "
        "cactus / cake / camel / camera / campfire / candle / canoe / car / carrot / castle / cat / chair / "
        "cherry / chicken / child / christmas tree / church / clock / coffee / couch / cow / crab / crown / "
        "cup of coffee / cupcake / dancer / deer / dinosaur / dog / dolphin / donkey / door / doughnut / "
        "dragon / duck / eagle / eiffel tower / elephant / elf / farmer / ferris wheel / fire engine / fish / "
        "flamingo / flower / flying saucer / fox / frog / ghost / gift / giraffe / girl / goat / goose / "
        "guitar / hamburger / hat / heart / hedgehog / helicopter / horse / hot air balloon / house / ice "
        "cream / jellyfish / kangaroo / king / kite / knight / koala / lamp / lantern / lemon / lighthouse / "
        "lion / locomotive / man / monkey / moose / motorcycle / mouse / mushroom / octopus / old person / "
        "orange / owl / palm tree / panda / parachute / parrot / peacock / pear / penguin / person / piano / "
        "pig / pineapple / pizza / polar bear / potted plant / princess / pumpkin / queen / rabbit / raccoon "
        "/ reindeer / robot / rocket / rooster / rose / rowboat / sailboat / santa claus / satellite / seal / "
        "seashell / shark / sheep / ship / skateboard / skeleton / snail / snake / snowman / soccer ball / "
        "spider / star / strawberry / sunflower / surfer / suv / swan / taxi / teacup / teapot / teddy bear / "
        "telescope / tent / tiger / toy car / tractor / train / tram / tree / trophy / tropical fish / truck "
        "/ tulip / turtle / umbrella / unicorn / van / violin / watermelon / whale / windmill / wizard / wolf "
        "/ woman / yacht / zebra"
    ).split(" / ")
)
# What is at home in a scene: drawn more often there, and alone where nothing else makes sense.
AT_HOME = {
    "beach": "crab / turtle / dog / seal / umbrella / surfer / lifebuoy / sailboat / ship / bird / kite / soccer ball / bucket",
    "pine forest": "fox / deer / bear / wolf / owl / rabbit / hedgehog / moose / chipmunk / mushroom / bird / badger / boar / tent",
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
    if scene not in ROOM or not (alone or random.uniform() < mix.share):
        return ()
    kinds = random.choice((1, 2, 3), mix.kinds)
    things: list[Thing] = []
    for _ in range(kinds):
        taken = sum(thing.count for thing in things)
        thing = _draw_thing(random, scene, library, MOST - taken - (kinds - 1 - len(things)), mix)
        if thing and held_out is False and is_held_out_color(thing.noun, thing.color):
            thing = replace(thing, color="", look=library.sprites[thing.sprite].look if thing.look else "")
        if thing and thing.noun not in {other.noun for other in things}:
            things.append(thing)
    return tuple(things) if scene == "river" else _with_sides(random, things)  # a winding river has no sides


def _draw_thing(random: Stream, scene: str, library: SpriteLibrary, most: int, mix: Mix) -> Thing | None:
    """Draw one kind; None when nothing fits after a few tries (a library of two pictures, all of them broken)."""
    for _ in range(12):
        place = random.choice(tuple(ROOM[scene]), [2.0] + [1.0] * (len(ROOM[scene]) - 1))
        noun = _draw_noun(random, scene, place, library, mix)
        if noun is None:
            continue
        looks = None if place == "plain" else SCENE_LOOKS
        sprites = [sprite for sprite in library.nouns()[noun.name] if looks is None or sprite.look in looks]
        if not sprites:
            continue
        if noun.name in CORE and mix.best and random.uniform() < mix.best:
            sprites = _best(sprites, noun, place, library)
        sprite = random.choice(sprites)
        count = random.choice((1, 2, 3, 4, 5), mix.counts) if noun.countable else 1
        wish, paint = random.uniform(), random.choice(tuple(COLORS))
        if not library.fits(sprite.id) or (place != "plain" and not stands_whole(noun, sprite, library)):
            continue
        color = _draw_color(noun, sprite, library, wish, paint, mix.painted)
        look = sprite.look if place == "plain" else ""
        if color not in ("", "black" if look == "glyph" else "blue"):
            look = PAINTED_LOOKS.get(look, look)
        big = noun.size == "huge" or (place == "ground" and may_be_bust(noun.name))
        return Thing(noun.name, sprite.id, place, min(count, most, 3 if big else 5), "", color, look)
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
    home = [
        name for name in AT_HOME.get(scene, "").split(" / ") if name in library.nouns() and belongs(name, scene, place)
    ]
    if home and random.uniform() < (1.0 if scene in ONLY_AT_HOME else 0.45 * min(1.0, len(home) / 5)):
        core = [name for name in home if name in CORE] if mix.core > mix.common else []
        return facts_of(random.choice(core or home))
    names = _fitting(library, scene, place)
    if not names or scene in ONLY_AT_HOME:
        return None
    sprites = [min(len(library.nouns()[name]), 6) ** 0.5 for name in names]
    return facts_of(random.choice(names, [w * commonness(name, mix) for w, name in zip(sprites, names, strict=True)]))


def commonness(name: str, mix: Mix = WORLD) -> float:
    """Return how many times as often as a rare thing this one is drawn."""
    return mix.core if name in CORE else mix.common if name in COMMON else 1.0


@lru_cache(maxsize=256)
def _fitting(library: SpriteLibrary, scene: str, place: str) -> tuple[str, ...]:
    """Return the nouns of the library that make sense in this place."""
    return tuple(name for name in library.nouns() if belongs(name, scene, place))


def belongs(name: str, scene: str, place: str) -> bool:
    """Say whether a noun makes sense at a place of a scene."""
    noun = facts_of(name)
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
    if scene in ("lake", "river") and (noun.motion == "swim" or noun.size == "huge") and noun.kind != "person":
        return False  # no whale in a river
    if place == "water":  # small fish cannot be seen in the sea
        return noun.motion in ("sail", "bob") or (noun.motion == "swim" and noun.size != "small") or name == "swimmer"
    if place == "air":
        return noun.motion in ("fly", "rise")  # no clouds: the sky has its own, and the caption counts on them
    if noun.kind not in WILD or noun.motion == "swim":
        return False
    return scene not in UNBUILT or not (noun.size == "huge" or name in RAILS)


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


def facts_of(name: str) -> Noun:
    return nouns().get(name) or Noun(name, "object", ("plain",), "small", "none")


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
