"""The words of the caption grammar: tables of wordings for every fact, in one file a kind of fact.

Reading the tables: wordings are parted by "/"; `@tag` after a wording says when it may be used (a fact, or `open` sky,
`day`, `dark`, `water`), `@-tag` when it may not. In tables of nouns `+` marks a plural and `=` a noun without an article,
"lies|lie" are the forms for one thing and several, and {} is the plant or the scene. The first wording of a row is the plain
one and is never held out. No wording stands in two rows of one fact, so that a reader can tell them apart.
"""

from mutoscope.world.words.details import DETAILS, MOTION, VERBS, VIEWS
from mutoscope.world.words.frames import CAMERA, EVENT, OPENINGS, REQUESTS
from mutoscope.world.words.light import (
    LIGHT,
    LIGHT_ADJECTIVES,
    LIGHT_CLAUSES,
    LIGHT_NAMES,
    LIGHT_SEEN,
    LIGHT_SIGHTS,
    LIGHT_VERBS,
)
from mutoscope.world.words.plants import PLANTS, RELATIONS
from mutoscope.world.words.scenes import ADJECTIVES, ATTRIBUTES, NOUNS, SCENE_SEEN
from mutoscope.world.words.styles import STYLE_PREFIXES, STYLE_SUFFIXES
from mutoscope.world.words.weather import (
    SEASON,
    SEASON_ADJECTIVES,
    SEASON_CLAUSES,
    SEASON_NAMES,
    WEATHER,
    WEATHER_ADJECTIVES,
    WEATHER_CLAUSES,
    WEATHER_SIGHTS,
    WEATHER_TAGS,
)

TABLES = {
    "noun": NOUNS, "attribute": ATTRIBUTES, "adjective": ADJECTIVES, "scene seen": SCENE_SEEN, "light": LIGHT,
    "light name": LIGHT_NAMES, "light adjective": LIGHT_ADJECTIVES, "light clause": LIGHT_CLAUSES, "light seen": LIGHT_SEEN,
    "light sight": LIGHT_SIGHTS, "light verb": LIGHT_VERBS, "weather": WEATHER, "weather tag": WEATHER_TAGS,
    "weather adjective": WEATHER_ADJECTIVES, "weather clause": WEATHER_CLAUSES, "weather sight": WEATHER_SIGHTS,
    "season": SEASON, "season name": SEASON_NAMES, "season adjective": SEASON_ADJECTIVES, "season clause": SEASON_CLAUSES,
    "plant": PLANTS, "relation": RELATIONS, "motion": MOTION, "detail": DETAILS, "verb": VERBS, "view": VIEWS,
    "prefix": STYLE_PREFIXES, "suffix": STYLE_SUFFIXES, "camera": CAMERA, "event": EVENT, "request": REQUESTS,
    "opening": OPENINGS,
}  # fmt: skip
# Which tables name which fact; a fact is looked for in all of its tables at once.
FACT_TABLES = {
    "scene": ("noun", "attribute", "scene seen"),
    "light": ("light", "light name", "light adjective", "light clause", "light seen", "light sight", "light verb"),
    "weather": ("weather", "weather tag", "weather adjective", "weather clause", "weather sight"),
    "season": ("season", "season name", "season adjective", "season clause"),
    "style": ("prefix", "suffix"),
    "plant": ("plant",),
    "camera": ("camera",),
    "event": ("event",),
}
# Tables that give wordings to the held-out set: those that name a fact. Verbs, adjectives and frames stay whole.
HOLDABLE = (
    "noun", "scene seen", "light", "light seen", "light sight", "weather", "weather sight", "plant", "season", "prefix", "suffix",
)  # fmt: skip
# Never held out: wordings of the first README's sentences, and plain words that others are made of.
KEPT = (
    "lake", "serene", "surrounded by {}", "pine trees", "at sunset", "waves crashing on {}", "beach", "mountain",
    "sunset", "sea", "trees", "the sea", "river", "forest", "city", "snow", "rain", "fog", "ocean", "night", "ukiyo-e",
    "in the style of ukiyo-e", "field of flowers", "photo", "watercolor", "oil painting", "pixel art", "anime",
    "stained glass", "waves",
)  # fmt: skip
