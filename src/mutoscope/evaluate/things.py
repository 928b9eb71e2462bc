"""Questions about things in scenes of the world; a reader (thing_reader.py) takes the answers off a picture.

As in GenEval (Ghosh et al. 2023) a question is about one matter. Every second one asks what there is, of a thing that stands
alone: `object`, its kind, and `thing`, itself. The others ask how many there are, from one to five, each about as often. Both ask
for the side where the prompt says one. No sprite is needed to ask, so the questions are the same on every machine; `add_sprites`
gives the things sprites, so that the same scenes can be rendered.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cache

from mutoscope.evaluate.prompts import EVERYTHING, MAX_SKIPPED, MAX_VARIANTS, Known, Question
from mutoscope.rng import Stream, stream
from mutoscope.vocabulary import SIDES, Noun, article, belongs, nouns, plural, scenes
from mutoscope.vocabulary.wordings import row
from mutoscope.world.arrange import COARSE
from mutoscope.world.captions import caption
from mutoscope.world.draw_spec import draw_spec
from mutoscope.world.movement import may_be_bust
from mutoscope.world.shown import attributes, shown
from mutoscope.world.spec import SceneSpec, Thing
from mutoscope.world.sprite_names import SCENE_LOOKS
from mutoscope.world.sprites import SpriteLibrary
from mutoscope.world.things import MAX_THINGS, commonness, stands_whole

SEED = 9102  # world of the scenes that are asked for
KIND_FACTS, COUNT_FACTS = ("object", "thing", "side"), ("count", "side")  # that a question asks for
THING_FACTS = ("object", "thing", "count", "side")
PLAIN_SHARE = 1 / 3  # of the questions stand on a plain ground, as in the world
MAX_WITH_SIDE, MAX_HUGE = 3, 3  # the world says no side of more things and draws no more huge ones


def ask_things(
    count: int,
    known: Known = EVERYTHING,
    kinds: Collection[str] | None = None,  # of things that the judge can tell; None = all
    seed: int = SEED,
) -> list[Question]:
    """Return `count` questions about things; none for a model that knows no things."""
    kinds = attributes()["object"] if kinds is None else kinds
    names = frozenset(name for name, noun in nouns().items() if noun.kind in kinds and _is_known(name, known))
    found: list[Question] = []
    index = skipped = 0
    while names and len(found) < count and skipped < MAX_SKIPPED:
        spec = _draw(seed, index, names)
        asked = _question(spec, known) if spec and known.scene(spec) else None
        found += [asked] if asked else []
        skipped += asked is None
        index += 1
    return found if len(found) == count else []


def _is_known(name: str, known: Known) -> bool:
    """Say whether a model has seen this thing; without word of things in its facts, its captions must have said sides."""
    if "thing" not in known.facts and not known.says("left right"):
        return False
    return nouns()[name].countable and known.fact("thing", name)


def _draw(seed: int, index: int, names: Collection[str]) -> SceneSpec | None:
    """Draw a scene with one kind of things; None where none of the names belongs there."""
    random = stream(seed, index, "thing question")
    if random.uniform() < PLAIN_SHARE:
        spec = draw_spec(seed, index, held_out=None, scene="plain ground")
    else:
        spec = draw_spec(seed, index, held_out=True)
        if spec.style in COARSE:
            return None
    room = tuple(scenes()[spec.scene].rooms)
    place = random.choice(room, [2.0] + [1.0] * (len(room) - 1))
    fitting = [name for name in _belonging(spec.scene, place) if name in names]
    if not fitting:
        return None
    noun = nouns()[random.choice(fitting, [commonness(name) for name in fitting])]
    most = 1 if asks_for_kind(index) else MAX_HUGE if _is_huge(noun, place) else MAX_THINGS
    count = random.integers(1, most + 1)
    return replace(spec, things=(Thing(noun.name, "", place, count, _side(random, spec.scene, count)),))


def asks_for_kind(index: int) -> bool:
    """Say whether the question of this scene asks what there is, and not how many."""
    return index % 2 == 0


@cache
def _belonging(scene: str, place: str) -> tuple[str, ...]:
    return tuple(name for name in nouns() if belongs(name, scene, place))


def _is_huge(noun: Noun, place: str) -> bool:
    return noun.size == "huge" or (place == "ground" and may_be_bust(noun.name))


def _side(random: Stream, scene: str, count: int) -> str:
    has_side = scenes()[scene].sides and count <= MAX_WITH_SIDE
    return random.choice(SIDES) if has_side else ""


def _question(spec: SceneSpec, known: Known) -> Question | None:
    """Ask with the first caption that says kind, number and side in known words."""
    pattern = _pattern(spec.things[0])
    wanted = KIND_FACTS if asks_for_kind(spec.index) else COUNT_FACTS
    for variant in range(MAX_VARIANTS // 50):
        text = caption(spec, variant)
        if pattern.search(text.lower()) and known.says(text):
            asked = {name: word for name, word in shown(spec).items() if name in wanted}
            return Question(text, spec.index, asked, spec.style, spec)
    return None


def _pattern(thing: Thing) -> re.Pattern[str]:
    """Return what a caption says of a thing: its number, its name and, where it has one, its side."""
    names = (thing.noun, *nouns()[thing.noun].synonyms)
    if thing.count > 1:
        counts = [wording.words for wording in row("object count", str(thing.count))]
        said = [f"{many} {plural(name)}" for name in names for many in counts]
    else:
        said = [article(name) for name in names]
    sides = [wording.words for wording in row("object side", thing.side)] if thing.side else [""]
    options = sorted((f"{words} {side}".strip().lower() for words in said for side in sides), key=len, reverse=True)
    return re.compile(rf"(?<![\w'-])(?:{'|'.join(map(re.escape, options))})(?![\w'-])")


def add_sprites(questions: Sequence[Question], library: SpriteLibrary) -> list[SceneSpec | None]:
    """Return the scenes of the questions with a sprite for their things, None where the library has none that fits."""
    return [_add_sprite(q.spec, library) if q.spec else None for q in questions]


def _add_sprite(spec: SceneSpec, library: SpriteLibrary) -> SceneSpec | None:
    (thing,) = spec.things
    plain, noun = thing.place == "plain", nouns()[thing.noun]
    sprites = library.nouns().get(thing.noun, ())
    for place in stream(spec.seed, spec.index, "sprite").permutation(len(sprites)):  # to decode no more than is needed
        sprite = sprites[place]
        fits = library.fits(sprite.id)
        if fits and (plain or (sprite.look in SCENE_LOOKS and stands_whole(noun, sprite, library))):
            return replace(spec, things=(replace(thing, sprite=sprite.id, look=sprite.look if plain else ""),))
    return None
