"""How things move in the places where they are, and which of them are drawn as heads, which do not."""

from mutoscope.vocabulary import nouns
from mutoscope.world.spec import Thing

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
    """Return the kind of movement that fits: what this noun does in this place."""
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
