"""What nouns mean and how they are said: where a thing belongs, how big it is, how it moves, its plural, its wordings.

The facts stand in `nouns.tsv` (made by dev/make_nouns.py); the tables here are in the manner of `words/`: wordings are
parted by "/", the first one is the plain one. It knows no picture and no tensor.

    from mutoscope.rng import stream
    thing_phrase(stream(1), Thing("fox", "", "ground", 5))        # 'five foxes'
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from mutoscope.prompt.objects import COLORS
from mutoscope.world.spec import Thing

SIZES = ("tiny", "small", "person", "large", "huge")  # about 0.1 m, 0.4 m, 1.5 m, 4 m, 15 m
MOTIONS = ("none", "fly", "drive", "sail", "bob", "walk", "swim", "hop", "spin", "rise", "flicker")

# The styles that sets are drawn in, as the words of their `style` field; LOOKS says them.
STYLE_LOOKS = {
    "glossy 3d emoji": "3d", "flat vector emoji": "flat", "simple flat emoji": "flat", "flat cartoon emoji": "flat",
    "flat colour icon": "flat", "shaded cartoon emoji": "cartoon", "flat cartoon animal": "blob", "emoji": "cartoon",
    "blob cartoon emoji": "blob", "outlined cartoon emoji": "outline", "outlined colour icon": "outline",
    "blue line icon": "line", "hand drawn sketch icon": "sketch", "sticker icon": "sticker",
    "flat icon in a coloured circle": "badge", "black and white icon": "glyph", "black glyph icon": "glyph",
    "pixel art": "pixel art", "outlined weather icon": "outline", "filled weather icon": "flat",
}  # fmt: skip
OUT_OF_PLACE = (
    "background",
    "top view",
    "isometric",
    "character",
    "emote",
    "tile",
    "space sprite",
    "sports sprite",
    "game icon",
    "flat planet",
)
SCENE_LOOKS = ("3d", "cartoon", "flat", "outline", "pixel art", "")  # the others stand on a plain ground only

LOOKS = {
    "3d": "3D icon / 3D render / glossy 3D icon / 3D emoji / shiny 3D render / 3D illustration / 3D model / glossy 3D emoji",
    "flat": "flat vector icon / flat icon / flat illustration / flat emoji / vector art / simple flat icon / flat design",
    "cartoon": "cartoon emoji / cartoon icon / cartoon / shaded emoji / cartoon illustration / emoji / cartoon drawing",
    "blob": "blob emoji / blobby cartoon / blob cartoon emoji / rounded blob emoji / soft blob cartoon",
    "outline": "outlined icon / cartoon with outlines / icon with dark outlines / outlined emoji / outlined cartoon",
    "line": "blue line icon / line icon in blue / blue line drawing / thin blue line icon / blue line art",
    "sketch": "hand-drawn sketch / sketchy icon / hand-drawn icon / doodle / ink doodle / freehand sketch",
    "sticker": "sticker / sticker icon / outlined sticker / cute sticker / sticker art",
    "badge": "flat badge / round badge icon / icon in a coloured circle / round flat icon / icon on a coloured disc",
    "glyph": "black and white icon / black icon / black glyph / black silhouette / monochrome icon / black and white emoji",
    "silhouette": "silhouette icon / one-colour icon / glyph / simple silhouette / flat silhouette / one-color glyph",
    "line art": "line icon / line drawing / line art / thin line icon / icon drawn in lines",
    "pixel art": "pixel art / pixel art sprite / 8-bit sprite / pixel icon / retro game sprite / pixelated sprite",
}  # fmt: skip
COUNTS = {
    "2": "two / a pair of / a couple of", "3": "three / a trio of / a group of three", "4": "four / a group of four",
    "5": "five / a group of five",
}  # fmt: skip
SIDE_WORDS = {
    "left": "on the left / on the left side / to the left / at the left / in the left half / on the left-hand side",
    "centre": "in the centre / in the middle / in the center / at the centre / right in the middle",
    "right": "on the right / on the right side / to the right / at the right / in the right half / on the right-hand side",
}  # fmt: skip
WHERE = {
    "air": "in the sky / in the air / overhead / up in the air / high up / above",
    "water": "on the water / on the waves / afloat / in the water",
    "ground": "on the ground / in the foreground / out in the open / nearby",
    "coral reef": "under water / underwater / in the water / below the surface / in the deep",
    "space": "in space / in outer space / among the stars / floating in space / out in space",
    "plain": "on a plain background / on a plain ground / against a plain background / on a simple background",
}  # fmt: skip
DOING = {
    "fly": "flying / flying past / flying by / in flight / gliding by / on the wing / soaring / flying across",
    "fly machine": "flying / flying past / flying by / in flight / crossing the sky / passing overhead",
    "drive": "driving / driving by / driving past / rolling along / passing by / on the move / driving along",
    "ride": "riding by / riding along / riding past / passing by / cycling along / pedalling along",
    "roll": "rolling along / rolling by / rolling past / rolling over the ground",
    "sail": "sailing / sailing by / sailing past / gliding over the water / under way / cruising by / sailing along",
    "paddle": "gliding by / drifting past / gliding over the water / passing by on the water",
    "bob": "bobbing / floating / bobbing up and down / rocking gently / bobbing on the water / drifting / swimming",
    "float": "floating / bobbing up and down / rocking gently / drifting / bobbing on the water",
    "walk": "walking / walking along / walking by / wandering past / strolling / strolling along / going for a walk",
    "crawl": "crawling along / crawling / creeping along / crawling by",
    "swim": "swimming / swimming by / gliding through the water / swimming along / swimming past",
    "hop": "hopping / hopping along / hopping about / jumping / leaping about / bouncing along",
    "dance": "dancing / dancing about / jumping for joy / in a dance",
    "spin": "spinning / turning / spinning round / rotating / twirling / whirling",
    "rise": "rising / floating upwards / floating up / drifting upwards / going up / rising into the air",
    "drift": "drifting / drifting by / floating by / floating past",
    "flicker": "burning / flickering / crackling / flickering softly",
}  # fmt: skip
# Other words for a noun that mean the same picture.
SYNONYMS = {
    "car": "car / automobile / motor car / motorcar",
    "airplane": "airplane / plane / aeroplane / aircraft / passenger plane",
    "sailboat": "sailboat / sailing boat / boat / sailing dinghy", "motorboat": "motorboat / boat / power boat",
    "speedboat": "speedboat / boat / fast boat", "ship": "ship / cruise ship / ocean liner / passenger ship",
    "canoe": "canoe / paddle boat / rowing canoe", "rowboat": "rowboat / rowing boat", "truck": "truck / lorry",
    "bicycle": "bicycle / bike / push-bike", "motorcycle": "motorcycle / motorbike", "bus": "bus / coach",
    "taxi": "taxi / cab / taxicab", "fire engine": "fire engine / fire truck", "train": "train / railway train",
    "locomotive": "locomotive / steam engine / steam train / train",
    "high-speed train": "high-speed train / fast train / bullet train / train", "tram": "tram / streetcar / trolley",
    "helicopter": "helicopter / chopper", "flying saucer": "flying saucer / ufo / alien spaceship",
    "rocket": "rocket / spaceship / rocket ship / space rocket", "hot air balloon": "hot air balloon / hot-air balloon",
    "dog": "dog / hound / puppy", "cat": "cat / kitty / kitten / housecat", "rabbit": "rabbit / bunny / hare",
    "chick": "chick / baby chick / baby chicken", "chicken": "chicken / hen", "rooster": "rooster / cock / cockerel",
    "pig": "pig / hog / swine", "cow": "cow / dairy cow", "horse": "horse / steed", "donkey": "donkey / ass / burro",
    "bird": "bird / songbird", "dove": "dove / pigeon", "owl": "owl / night owl", "fish": "fish / little fish",
    "seal": "seal / sea lion", "whale": "whale / big whale", "turtle": "turtle / tortoise", "snake": "snake / serpent",
    "frog": "frog / toad", "ladybug": "ladybug / ladybird / lady beetle", "bee": "bee / honeybee / bumblebee",
    "spider": "spider / little spider", "dragon": "dragon / fire-breathing dragon",
    "unicorn": "unicorn / magical unicorn", "tyrannosaurus": "tyrannosaurus / t-rex / dinosaur",
    "dinosaur": "dinosaur / sauropod / brontosaurus", "girl": "girl / little girl / young girl",
    "boy": "boy / little boy / young boy", "man": "man / guy", "child": "child / kid", "baby": "baby / infant",
    "wizard": "wizard / magician / sorcerer / mage", "ghost": "ghost / spook / phantom", "robot": "robot / droid",
    "astronaut": "astronaut / spaceman / cosmonaut", "alien": "alien / extraterrestrial",
    "police officer": "police officer / cop / policeman", "firefighter": "firefighter / fireman", "cook": "cook / chef",
    "farmer": "farmer / country farmer", "doctor": "doctor / physician / medic", "painter": "painter / artist",
    "runner": "runner / jogger", "cyclist": "cyclist / bicyclist / bike rider",
    "santa claus": "santa claus / father christmas / santa", "house": "house / home / family house",
    "hut": "hut / cabin / shack", "tent": "tent / camping tent", "castle": "castle / fortress",
    "tree": "tree / leafy tree / broad-leaved tree",
    "evergreen tree": "evergreen tree / fir tree / conifer / pine tree", "palm tree": "palm tree / palm",
    "flower": "flower / bloom / blossom", "mushroom": "mushroom / toadstool",
    "cardboard box": "cardboard box / box / parcel / package", "gift": "gift / present / gift box / wrapped gift",
    "gemstone": "gemstone / gem / jewel / diamond", "die": "die / dice cube", "soccer ball": "soccer ball / football",
    "rugby ball": "rugby ball / football", "teddy bear": "teddy bear / teddy / stuffed bear",
    "couch": "couch / sofa / settee", "television": "television / tv / television set",
    "smartphone": "smartphone / mobile phone / phone / cell phone", "telephone": "telephone / phone / handset",
    "laptop": "laptop / notebook computer / laptop computer", "camera": "camera / photo camera",
    "light bulb": "light bulb / lightbulb / bulb", "flashlight": "flashlight / torch", "book": "book / closed book",
    "umbrella": "umbrella / brolly", "suitcase": "suitcase / luggage case",
    "backpack": "backpack / rucksack / knapsack", "handbag": "handbag / purse / lady's bag",
    "dress": "dress / frock / gown", "coat": "coat / overcoat", "necktie": "necktie / tie",
    "high heel": "high heel / stiletto", "sock": "sock / stocking", "doughnut": "doughnut / donut",
    "hamburger": "hamburger / burger", "cookie": "cookie / biscuit", "fries": "fries / french fries / chips",
    "candy": "candy / sweet / bonbon", "corn": "corn / sweetcorn / maize", "eggplant": "eggplant / aubergine",
    "chili pepper": "chili pepper / hot pepper / chilli",
    "ice cream cone": "ice cream cone / ice-cream cone / ice cream cornet", "birthday cake": "birthday cake / cake",
    "cupcake": "cupcake / fairy cake / muffin", "crown": "crown / royal crown", "trophy": "trophy / winner's cup",
    "key": "key / door key", "padlock": "padlock / lock", "sword": "sword / blade", "heart": "heart / love heart",
    "moon": "moon / full moon", "bomb": "bomb / round bomb",
    "dustbin": "dustbin / trash can / rubbish bin / garbage can", "fountain": "fountain / water fountain",
    "campfire": "campfire / bonfire", "fire": "fire / burning fire / flame", "rock": "rock / boulder / stone",
    "balloon": "balloon / toy balloon / party balloon", "lifebuoy": "lifebuoy / life ring / lifebelt",
    "skull": "skull / human skull", "guitar": "guitar / acoustic guitar", "violin": "violin / fiddle",
    "drum": "drum / snare drum", "smiling face": "smiling face / smiley / happy face / smiling emoji",
    "angry face": "angry face / angry emoji / furious face", "crying face": "crying face / weeping face / crying emoji",
    "duck": "duck / wild duck", "goose": "goose / wild goose", "water buffalo": "water buffalo / buffalo",
}  # fmt: skip
THING_TABLES = {
    "thing look": LOOKS, "thing count": COUNTS, "thing side": SIDE_WORDS, "thing where": WHERE, "thing doing": DOING,
    "thing noun": SYNONYMS,
}  # fmt: skip

ODD_PLURALS = {
    "mouse": "mice", "ox": "oxen", "goose": "geese", "sheep": "sheep", "deer": "deer", "fish": "fish", "bison": "bison",
    "moose": "moose", "reindeer": "reindeer", "man": "men", "woman": "women", "child": "children", "person": "people",
    "old person": "old people", "wolf": "wolves", "leaf": "leaves", "knife": "knives", "tooth": "teeth", "foot": "feet",
    "die": "dice", "cactus": "cacti", "potato": "potatoes", "tomato": "tomatoes", "mango": "mangoes", "tornado": "tornadoes",
    "volcano": "volcanoes", "loaf": "loaves", "elf": "elves", "dwarf": "dwarves", "scarf": "scarves", "shelf": "shelves",
    "blowfish": "blowfish", "goldfish": "goldfish", "tropical fish": "tropical fish", "squid": "squid", "swine": "swine",
    "police officer": "police officers", "meditating person": "meditating people", "firewoman": "firewomen",
    "aircraft": "aircraft", "dodo": "dodos", "snowman": "snowmen", "hero": "heroes", "superhero": "superheroes",
    "thumbs-up": "thumbs-up", "piñata": "piñatas", "hooves": "hooves", "computer mouse": "computer mice", "echo": "echoes",
    "buffalo": "buffaloes", "water buffalo": "water buffaloes", "mosquito": "mosquitoes", "flamingo": "flamingos",
    "kitchen knife": "kitchen knives", "autumn leaf": "autumn leaves", "maple leaf": "maple leaves", "ox cart": "ox carts",
    "waitress": "waitresses", "radish": "radishes", "fireman": "firemen", "policeman": "policemen", "spaceman": "spacemen",
    "machine man": "machine men", "gentleman": "gentlemen", "businessman": "businessmen", "postman": "postmen",
}  # fmt: skip
PAINTED_LOOKS = {"glyph": "silhouette", "line": "line art"}  # what a black or blue look is called in another colour
# Nouns that are always plural, and nouns without a number: neither is drawn more than once.
PAIRS = frozenset(
    "glasses sunglasses goggles scissors trousers jeans shorts headphones fries binoculars briefs chopsticks skis scales "
    "tweezers pliers underwear bubbles maracas confetti houses".split()
) | {"theatre masks", "ballet shoes", "nuts and bolts", "dice", "fireworks"}
MASS = frozenset(
    "bread butter salt popcorn corn bacon sushi cheese ice bamboo sake lettuce grass snow seaweed salad garlic "
    "broccoli spaghetti fondue dango oden candy wood sugar coral mate falafel coffee tea toast honey beef cooking "
    "sleet hail rain custard soap thread yarn wool flatbread underwear machinery clothing luggage confetti granola".split()
) | {
    "canned food",
    "shaved ice",
    "fried shrimp",
    "beef jerky",
    "toilet paper",
    "ginger root",
    "table tennis",
    "soft drink fizz",
}
# Names: one of each, without an article or with "the".
PROPER = {
    "big ben": "",
    "santa claus": "",
    "mrs claus": "",
    "statue of liberty": "the ",
    "eiffel tower": "the ",
    "tokyo tower": "",
    "planet earth": "",
}


@dataclass(frozen=True)
class Noun:
    """What is true of everything that bears this name."""

    name: str
    kind: str  # vehicle, vessel, animal, person, plant, nature, building, food, toy, object, ...
    places: tuple[str, ...]  # of spec.PLACES
    size: str  # one of SIZES
    motion: str  # one of MOTIONS

    @property
    def countable(self) -> bool:
        return not (self.name in PAIRS or self.name in MASS or self.name in PROPER)


@cache
def nouns() -> dict[str, Noun]:
    """Return every known noun by its name."""
    return {row[0]: Noun(row[0], row[1], tuple(row[2].split(",")), row[3], row[4]) for row in _rows()}


@cache
def other_names() -> dict[str, str]:
    """Return the noun that each other name stands for; names without blanks (`alarmclock`) are among them."""
    found = {name: row[0] for row in _rows() if len(row) > 5 for name in row[5].split("|")}
    for name in [*nouns(), *found]:
        squashed = re.sub(r"[^a-z]", "", name)
        if squashed not in nouns():
            found.setdefault(squashed, found.get(name, name))
    return found


def _rows() -> list[list[str]]:
    lines = files("mutoscope.world").joinpath("nouns.tsv").read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if line and line[0] != "#"]


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
    """Return (noun, colour) of a name of a set: `red apple` is an apple and red; ("", "") where the table knows no such noun."""
    text = plain_name(name)
    first, _, rest = text.partition(" ")
    color = {"gray": "grey"}.get(first, first)
    for whole in (text, rest if color in COLORS else "", re.sub(r"[^a-z]", "", text)):
        noun = whole if whole in nouns() else other_names().get(whole, "")
        if noun:
            return noun, color if color in COLORS and not noun.startswith(first) else ""
    return "", ""


def plural(noun: str) -> str:
    """Return the plural; `bunch of grapes` becomes `bunches of grapes`."""
    if noun in ODD_PLURALS:
        return ODD_PLURALS[noun]
    head, link, tail = re.fullmatch(r"(.*?)( of | in | with | without | and |$)(.*)", noun).groups()
    if link:
        return plural(head) + link + tail
    if head in ODD_PLURALS:
        return ODD_PLURALS[head]
    before, _, last = head.rpartition(" ")
    if last in ODD_PLURALS:
        return f"{before} {ODD_PLURALS[last]}".strip()
    if head.endswith(("s", "x", "z", "ch", "sh")):
        return head + "es"
    if head.endswith("y") and head[-2] not in "aeiou":
        return head[:-1] + "ies"
    return head + "s"


def article(words: str) -> str:
    """Return `words` with a or an: an owl, a unicorn, an hourglass, an x-ray."""
    first = words.lower()
    an = first[0] in "aeiou" and not re.match(r"(uni(?!nh|m)|us[be]|ufo|euro|one\b|ukulele|utensil)", first)
    return f"{'an' if an or re.match(r'(hour|heir|x-ray|mp|suv|8)', first) else 'a'} {words}"


# --------------------------------------------------------------------------------------------------------------- phrases


def _word(random: Any, table: str, name: str) -> str:
    """Return a wording; `random` is a stream, or anything with its own `word(table, name)` that knows what is held out."""
    if hasattr(random, "word"):
        return random.word(table, name)
    return random.choice(cells(THING_TABLES[table][name]))


def cells(row: str) -> list[str]:
    """Return the wordings of a row."""
    return [cell.strip() for cell in row.split(" / ")]


def thing_phrase(random: Any, thing: Thing) -> str:
    """Return `two red sailboats`, `an owl`, `a pair of glasses`, `bread`."""
    noun = _word(random, "thing noun", thing.noun) if thing.noun in SYNONYMS else thing.noun
    color = f"{thing.color} " if thing.color else ""
    if thing.count > 1:
        return f"{_word(random, 'thing count', str(thing.count))} {color}{plural(noun)}"
    if thing.noun in PROPER:
        return f"{PROPER[thing.noun]}{color}{noun}"
    if thing.noun in PAIRS:
        return f"{color}{noun}"
    return color + noun if thing.noun in MASS else article(color + noun)


def side_phrase(random: Any, thing: Thing) -> str:
    """Return `on the left`, or "" where nothing is said about the side."""
    return _word(random, "thing side", thing.side) if thing.side else ""


def where_phrase(random: Any, thing: Thing, scene: str = "") -> str:
    """Return `in the sky`, `on the water`, `on a plain background`; scenes below the water and in space have their own words."""
    return _word(random, "thing where", scene if scene in WHERE else thing.place)


def look_phrase(random: Any, thing: Thing) -> str:
    """Return `3D icon`, or "" where the look is not worth a word."""
    return _word(random, "thing look", thing.look) if thing.look in LOOKS else ""


def doing_phrase(random: Any, thing: Thing) -> str:
    """Return `sailing by`, or "" for what keeps still; true of every frame of a clip."""
    verb = verb_of(thing)
    return _word(random, "thing doing", verb) if verb else ""


# People and animals that most sets draw as a head or a bust: these look over the lower edge of the frame.
WHOLE_PEOPLE = frozenset(
    "runner walker dancer golfer cyclist fencer weightlifter moai snowman surfer swimmer rower mermaid fairy ghost skeleton "
    "centaur mummy minotaur cyclops gargoyle griffon harpy sphinx manticore hydra wyvern".split()
) | {"meditating person", "person in a wheelchair", "pregnant woman", "mountain biker"}
HEADS = frozenset("fox wolf bear panda koala lion frog hamster raccoon moose boar chicken unicorn".split()) | {
    "polar bear"
}


def may_be_bust(noun: str) -> bool:
    """Say whether this noun is often drawn without its body, so that nothing is said of what it does."""
    known = nouns().get(noun)
    return noun in HEADS or (known is not None and known.kind == "person" and noun not in WHOLE_PEOPLE)


_CRAWLERS = frozenset(
    "snail worm snake ant beetle bug spider cockroach caterpillar lizard iguana crab lobster scorpion centipede turtle".split()
)
_PADDLED = frozenset("canoe rowboat rower surfer".split())


def verb_of(thing: Thing) -> str:
    """Return the row of DOING that fits: what this noun does in this place."""
    noun = nouns().get(thing.noun)
    motion = moves_as(thing)
    if noun is None or motion == "none":
        return ""
    if motion == "walk" and thing.noun in _CRAWLERS:
        return "crawl"
    if motion == "hop" and thing.noun == "dancer":
        return "dance"
    if motion == "drive" and (
        noun.kind != "vehicle" or thing.noun in ("bicycle", "kick scooter", "skateboard", "sled")
    ):
        return "ride" if noun.kind == "person" else "roll"
    if motion == "sail" and thing.noun in _PADDLED:
        return "paddle"
    if motion == "bob" and noun.kind != "animal":
        return "float"
    if motion == "fly" and noun.kind == "vehicle":
        return "fly machine"
    return "roll" if motion == "spin" and thing.place == "ground" else motion


def moves_as(thing: Thing) -> str:
    """Return how a thing moves where it is: a bird that stands on the ground does not fly, a boat on a plain ground keeps still."""
    noun = nouns().get(thing.noun)
    motion = noun.motion if noun else "none"
    if thing.place == "plain":
        return motion if motion in ("spin", "hop", "flicker", "rise") else "none"
    if thing.place == "air" and motion not in ("fly", "rise", "spin"):
        return "drift"
    if thing.place == "ground" and (
        motion not in ("drive", "walk", "hop", "spin", "flicker") or may_be_bust(thing.noun)
    ):
        return "none"
    if thing.place == "water" and motion not in ("sail", "bob", "swim"):
        return "none"
    return motion


def reads(things: Sequence[Thing]) -> list[str]:
    """Return the plain phrase of each thing, for reports: `two foxes on the left`."""
    first = _First()
    return [" ".join(filter(None, (thing_phrase(first, thing), side_phrase(first, thing)))) for thing in things]


@cache
def thing_names() -> tuple[str, ...]:
    """Return every name that a caption can give to a thing, synonyms and plurals included, in lower case."""
    said = [words for name in nouns() for words in {name, *cells(SYNONYMS.get(name, name))}]
    return tuple(sorted({form.lower() for words in said for form in (words, plural(words))}))


def thing_words(names: Iterable[str]) -> frozenset[str]:
    """Return every word, in lower case, that can be said of these nouns: for the vocabulary of a model that saw them."""
    said = [word for noun in names for word in cells(SYNONYMS.get(noun, noun))]
    rows = [row for table in (LOOKS, COUNTS, SIDE_WORDS, WHERE, DOING) for row in table.values()]
    texts = [*said, *map(plural, said), *COLORS, *rows]
    return frozenset(word for text in texts for word in re.findall(r"[\w'-]+", text.lower()))


class _First:
    """Always the plain wording."""

    def choice(self, options: Sequence[str]) -> str:
        return options[0]
