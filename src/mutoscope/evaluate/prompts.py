"""What is asked of a model under test: captions of held-out scenes with the facts they say, and free-worded prompts.

A fact counts as asked when the caption says it and the picture shows it. A photo goes without saying, as in training. A model
is asked for what it could know: `Known` is a fact of its checkpoint, and no question holds a word that its training did not.
"""

import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from mutoscope.errors import SettingError
from mutoscope.evaluate.prompt_sets import FREE_PROMPTS, LabelledPrompt
from mutoscope.prompt.reading import unknown_words
from mutoscope.vocabulary import CAMERAS, LIGHTLESS, LIGHTS
from mutoscope.vocabulary.wordings import fact_wordings
from mutoscope.world.captions import caption
from mutoscope.world.draw_spec import draw_spec
from mutoscope.world.grammar import dayparts
from mutoscope.world.shown import attributes, shown
from mutoscope.world.spec import SceneSpec

SEED = 9100  # world of the scenes that are asked for; training has other seeds
REFERENCE_SEED = 9101  # world of the renders that sets of pictures are held against
WATER = ("beach", "open sea", "lake", "river", "island")
SKY = ("mountains", "meadow", "desert")  # nothing moves here but clouds and plants
MAX_VARIANTS = 2000  # captions looked through for one that says what is needed
MAX_SKIPPED = 2000  # scenes passed over before a model is said to know too little
_CAPTION_FACTS = ("scene", "light", "weather", "season", "style")  # facts that a caption may say
_MOVING_CAMERAS = tuple(camera for camera in CAMERAS if camera != "still")


@dataclass(frozen=True)
class Question:
    """One prompt with the facts that a picture of it must show."""

    prompt: str
    seed: int  # of the noise
    asked: dict[str, str]
    style: str  # of the scene, said or not
    spec: SceneSpec | None = None  # None for a free-worded prompt


@dataclass(frozen=True)
class Known:
    """What a model can know: the words of its training captions, and the facts of its training scenes."""

    words: frozenset[str] | None = None  # None: every word
    facts: Mapping[str, Collection[str]] = field(
        default_factory=dict
    )  # {"scene": [...], ...}; lacking: told by the words
    other: "Known | None" = None  # another model that must know it too

    def fact(self, name: str, word: str) -> bool:
        """Say whether scenes with this fact were in the training."""
        ours = word in self.facts[name] if name in self.facts else self._says(word)
        return ours and (self.other is None or self.other.fact(name, word))

    def says(self, text: str) -> bool:
        """Say whether the training captions held every word of a text."""
        return self._says(text) and (self.other is None or self.other.says(text))

    def _says(self, text: str) -> bool:
        return self.words is None or not unknown_words(text, self.words)

    def scene(self, spec: SceneSpec) -> bool:
        """Say whether every fact that a picture of this scene shows is known."""
        return all(self.fact(name, getattr(spec, name)) for name in _CAPTION_FACTS)


EVERYTHING = Known()


def ask_held_out(count: int, known: Known = EVERYTHING, seed: int = SEED) -> list[Question]:
    """Return `count` questions about held-out combinations; captions say scene and light, in training wordings.

    SettingError for a model that knows too little of the world to be asked.
    """
    found: list[Question] = []
    skipped = 0
    for spec in draw_known_scenes(known, seed):
        asked = question(spec, {"scene", "light"}, known) if spec.scene not in LIGHTLESS else None
        skipped += asked is None
        found += [asked] if asked else []
        if len(found) == count or skipped > MAX_SKIPPED:
            break
    if len(found) < count:
        raise SettingError(f"only {len(found)} of {count} questions hold nothing but words this model knows")
    return found


def draw_known_scenes(known: Known, seed: int) -> Iterator[SceneSpec]:
    """Yield held-out scenes of a world that hold nothing a model has never seen; SettingError when there are hardly any."""
    passed = 0
    for index in itertools.count():
        spec = draw_spec(seed, index, held_out=True)
        if known.scene(spec):
            passed = 0
            yield spec
        elif (passed := passed + 1) > MAX_SKIPPED:
            raise SettingError("this model knows hardly any scene of the world; it cannot be judged by it")


def ask_moving_scenes(count: int, known: Known = EVERYTHING, seed: int = SEED) -> list[Question]:
    """Return `count` questions for clips: photos with clouds, scenes and lights in turn, five of eight by water."""
    scenes = [scene for scene in WATER + SKY if known.fact("scene", scene)]
    found = []
    for index in range(count if scenes else 0):
        scene, light = scenes[index % len(scenes)], LIGHTS[(3 * index + index // len(scenes)) % len(LIGHTS)]
        spec = draw_spec(seed, index, held_out=None, weather="cloudy", style="photo", scene=scene, light=light)
        found.append(question(spec, {"scene", "light", "weather"}, known))
    return [q for q in found if q]


def ask_cameras(count: int, known: Known = EVERYTHING, seed: int = SEED) -> list[Question]:
    """Return up to `count` questions for clips whose caption says where the camera goes: photos, each way in turn.

    None for a model whose training held no camera that moves.
    """
    ways = [camera for camera in _MOVING_CAMERAS if known.fact("camera", camera)]
    found: list[Question] = []
    for index in range(MAX_SKIPPED if ways else 0):
        if len(found) == count:
            break
        camera = ways[len(found) % len(ways)]
        spec = draw_spec(seed, index, held_out=None, style="photo", weather="clear", camera=camera, event="none")
        if spec.scene not in LIGHTLESS and known.scene(spec) and (asked := question(spec, {"camera"}, known)):
            found.append(replace(asked, asked={"camera": camera}))
    return found


def ask_free_prompts(known: Known = EVERYTHING, prompts: Sequence[LabelledPrompt] = FREE_PROMPTS) -> list[Question]:
    """Return free-worded prompts, asked for scene and light, and for weather and season where they say so.

    Their words need not be known, that is what they are for; their scenes and styles must be.
    """
    found = []
    for index, (prompt, facts) in enumerate(prompts):
        if all(known.fact(name, word) for name, word in facts.items() if name in _CAPTION_FACTS):
            asked = {name: facts[name] for name in attributes() if name in facts and name != "style"}
            found.append(Question(prompt, index, asked, facts["style"]))
    return found


@dataclass(frozen=True)
class StylePair:
    """One scene asked for twice with one seed: the style in the words of the prompt, and as an argument beside it."""

    in_prompt: Question
    as_argument: Question  # its prompt says no style; draw it with `style=`


def pair_styles(questions: Sequence[Question], known: Known = EVERYTHING) -> list[StylePair]:
    """Return the questions whose prompt says a style other than photo, each beside a caption of its scene without it."""
    found = []
    for q in questions:
        if q.spec is not None and q.style != "photo" and "style" in q.asked:
            asked = {name: q.asked[name] for name in ("style", "scene", "light")}
            plain = question(replace(q.spec, style="photo"), {"scene", "light"}, known, unsaid={"style"})
            if plain is not None:
                found.append(StylePair(replace(q, asked=asked), replace(q, prompt=plain.prompt, asked=asked)))
    return found


def question(
    spec: SceneSpec,
    needed: Collection[str],
    known: Known = EVERYTHING,
    unsaid: Collection[str] = (),  # facts that the caption must not say
) -> Question | None:
    """Ask for a scene with its first caption that says all facts of `needed` in known words; None when none of many does."""
    for variant in range(MAX_VARIANTS if known is EVERYTHING else MAX_VARIANTS // 50):
        text = caption(spec, variant)
        said = find_said(spec, text)
        if said >= set(needed) and not said & set(unsaid) and known.says(text):
            asked = {name: word for name, word in shown(spec).items() if name in said or word == "photo"}
            return Question(text, spec.index, asked, spec.style, spec)
    return None


def find_said(spec: SceneSpec, text: str) -> frozenset[str]:
    """Return which facts of the scene a caption says: those with one of their wordings in it, word for word."""
    lower = text.lower()
    rest = _pattern("scene", spec.scene).sub(" ; ", lower)  # "snowy village" says nothing about the weather
    return frozenset(
        name
        for name in (*_CAPTION_FACTS, "camera")
        if _pattern(name, getattr(spec, name)).search(lower if name == "scene" else rest)
    )


@cache
def _pattern(name: str, word: str) -> re.Pattern[str]:
    said = [wording.words for wording in fact_wordings(name, word)]
    said += [dayparts()[word]] if name == "light" and word in dayparts() else []
    plain = {words.removeprefix("the ").lower() for words in said}
    longest_first = sorted(plain, key=lambda words: (-len(words), words))
    return re.compile(rf"(?<![\w'-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w'-])")
