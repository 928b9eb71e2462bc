"""What is asked of a model under test: captions of held-out scenes with the facts they say, and free-worded prompts.

A fact counts as asked when the caption says it and the picture shows it. A photo goes without saying, as in training.
"""

import itertools
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from mutoscope.errors import SettingError
from mutoscope.evaluate.attributes import ATTRIBUTES, visible
from mutoscope.evaluate.free_prompts import FREE_PROMPTS
from mutoscope.world.captions import caption
from mutoscope.world.spec import LIGHTLESS, LIGHTS, SceneSpec, draw_spec
from mutoscope.world.words import FACT_TABLES, TABLES
from mutoscope.world.words.light import DAYPARTS

SEED = 9100  # world of the scenes that are asked for; training has other seeds
WATER = ("beach", "open sea", "lake", "river", "island")
SKY = ("mountains", "meadow", "desert")  # nothing moves here but clouds and plants
MOST_VARIANTS = 2000
_ASKED = ("scene", "light", "weather", "season", "style")  # facts that a caption may say


@dataclass(frozen=True)
class Question:
    """One prompt with the facts that a picture of it must show."""

    prompt: str
    seed: int  # of the noise
    asked: dict[str, str]
    style: str  # of the scene, said or not
    spec: SceneSpec | None = None  # None for a free-worded prompt


def held_out_questions(count: int, seed: int = SEED) -> list[Question]:
    """Return `count` questions about held-out combinations; captions say scene and light, in training wordings."""
    drawn = (draw_spec(seed, index, held_out=True) for index in itertools.count())
    specs = itertools.islice((spec for spec in drawn if spec.scene not in LIGHTLESS), count)
    return [question(spec, {"scene", "light"}) for spec in specs]


def moving_questions(count: int, seed: int = SEED) -> list[Question]:
    """Return `count` questions for clips: photos with clouds, scenes and lights in turn, five of eight by water."""
    scenes = WATER + SKY
    facts = [
        {"scene": scenes[index % len(scenes)], "light": LIGHTS[(3 * index + index // len(scenes)) % len(LIGHTS)]}
        for index in range(count)
    ]
    specs = [
        draw_spec(seed, index, held_out=None, weather="cloudy", style="photo", **pair)
        for index, pair in enumerate(facts)
    ]
    return [question(spec, {"scene", "light", "weather"}) for spec in specs]


def free_questions() -> list[Question]:
    """Return the free-worded prompts, asked for scene and light, and for weather and season where they say so."""
    found = []
    for index, (prompt, facts) in enumerate(FREE_PROMPTS):
        asked = {name: facts[name] for name in ATTRIBUTES if name in facts and name != "style"}
        found.append(Question(prompt, index, asked, facts["style"]))
    return found


def question(spec: SceneSpec, needed: Collection[str]) -> Question:
    """Ask for a scene with its first caption that says all facts of `needed`; SettingError when none of many does."""
    for variant in range(MOST_VARIANTS):
        text = caption(spec, variant)
        said = says(spec, text)
        if said >= set(needed):
            asked = {
                name: word for name, word in visible(spec).items() if name in said or word == "photo"
            }  # fmt: skip
            return Question(text, spec.index, asked, spec.style, spec)
    raise SettingError(f"no caption of {spec} says {', '.join(sorted(needed))}")


def says(spec: SceneSpec, text: str) -> frozenset[str]:
    """Return which facts of the scene a caption says: those with one of their wordings in it, word for word."""
    lower = text.lower()
    rest = _pattern("scene", spec.scene).sub(" ; ", lower)  # "snowy village" says nothing about the weather
    return frozenset(
        name for name in _ASKED if _pattern(name, getattr(spec, name)).search(lower if name == "scene" else rest)
    )


@cache
def _pattern(name: str, word: str) -> re.Pattern[str]:
    cells = [cell for table in FACT_TABLES[name] for cell in TABLES[table].get(word, "").split(" / ")]
    cells += [DAYPARTS[word]] if name == "light" and word in DAYPARTS else []
    plain = {cell.split(" @")[0].strip().lstrip("+=").removeprefix("the ").lower() for cell in cells} - {""}
    longest_first = sorted(plain, key=lambda words: (-len(words), words))
    return re.compile(rf"(?<![\w'-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w'-])")
