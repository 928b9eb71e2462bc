"""What can be said and drawn: scenes, lights, weathers, seasons, plants, styles, cameras and objects, and how people say them.

    match("a forest lake at dusk")     # [Match(2, 13, 'scene', 'lake'), Match(14, 21, 'light', 'blue hour')]
    synonyms("light")["dawn"]          # ('at dawn', 'at sunrise', ...)
    scenes()["lake"].plants            # ('pine', 'round tree', ...)
    nouns()["fox"].places              # ('ground', 'plain')

The data stand in the TOML files of this folder; prompts are read by them, captions are made of them, and the renderer draws what
they name. Knows no picture and no network, and reads a file when something of it is first asked for.
"""

from typing import Any

from mutoscope.vocabulary.loading import cells, data
from mutoscope.vocabulary.matching import FACTS, Match, Matcher, caption_wordings, match, plain, synonyms
from mutoscope.vocabulary.objects import (
    PLACES,
    SIDES,
    Noun,
    article,
    belongs,
    find_noun,
    home_of,
    names_of,
    nouns,
    plural,
)
from mutoscope.vocabulary.scenes import Scene, scenes

__all__ = [
    "CAMERAS",
    "COLORS",
    "COLOR_SYNONYMS",
    "COUNTS",
    "EVENTS",
    "FACTS",
    "LIGHTLESS",
    "LIGHTS",
    "PLACES",
    "PLANTS",
    "SCENES",
    "SEASONS",
    "SIDES",
    "SIZES",
    "STYLES",
    "WEATHERS",
    "Match",
    "Matcher",
    "Noun",
    "Scene",
    "article",
    "belongs",
    "caption_wordings",
    "find_noun",
    "home_of",
    "match",
    "names_of",
    "nouns",
    "plain",
    "plural",
    "scenes",
    "synonyms",
]  # fmt: skip

# Names in the order of their files, which renders depend on.
SCENES: tuple[str, ...]
LIGHTS: tuple[str, ...]
WEATHERS: tuple[str, ...]
SEASONS: tuple[str, ...]
PLANTS: tuple[str, ...]
STYLES: tuple[str, ...]
CAMERAS: tuple[str, ...]
EVENTS: tuple[str, ...]  # what the light does while a clip runs
LIGHTLESS: frozenset[str]  # scenes in which neither hour nor weather can be seen
COLORS: dict[str, tuple[float, float, float]]  # display values from 0 to 1
COLOR_SYNONYMS: dict[str, str]  # other word -> colour
COUNTS: dict[str, int]  # word -> how many it means
SIZES: dict[str, float]  # of objects -> height of a near one, in heights of the picture
_NAMES = {
    "SCENES": "scenes", "LIGHTS": "lights", "WEATHERS": "weathers", "SEASONS": "seasons", "PLANTS": "plants", "STYLES": "styles",
    "CAMERAS": "cameras", "EVENTS": "events",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Read a table when it is first asked for."""
    if name in _NAMES:
        value: Any = tuple(data(_NAMES[name]))
    elif name in _TABLES:
        value = _TABLES[name]()
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def _lightless() -> frozenset[str]:
    return frozenset(name for name, scene in scenes().items() if scene.lightless)


def _colors() -> dict[str, tuple[float, ...]]:
    return {name: tuple(map(float, color)) for name, color in data("attributes")["colors"].items()}


def _counts() -> dict[str, int]:
    return {word: int(count) for count, words in data("attributes")["counts"].items() for word in cells(words)}


_TABLES = {
    "LIGHTLESS": _lightless,
    "COLORS": _colors,
    "COUNTS": _counts,
    "COLOR_SYNONYMS": lambda: dict(data("attributes")["color_synonyms"]),
    "SIZES": lambda: dict(data("attributes")["sizes"]),
}
