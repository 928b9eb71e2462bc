"""Captions of the rendered world: many wordings for the same facts, and never a word that the facts do not bear out.

A caption is drawn from a grammar: noun phrases, plants, light, weather, season, motion and style each have a table of
wordings (`wordings.py`), and a handful of sentence plans put them in free order. About one wording in ten is held out: it
never occurs in training captions, so that the evaluation can ask for a fact in words the model has not read. The module
knows no picture and no tensor.

    from mutoscope.world.spec import draw_spec
    caption(draw_spec(0, 7))          # 'A serene lake surrounded by pine trees at sunset'
"""

import re
from collections.abc import Sequence
from functools import cache, lru_cache

from mutoscope.errors import SettingError
from mutoscope.rng import stream
from mutoscope.world.nouns import (
    COLORS,
    THING_TABLES,
    doing_phrase,
    look_phrase,
    nouns,
    plural,
    side_phrase,
    thing_phrase,
)
from mutoscope.world.spec import LIGHTLESS, SEASONAL, SceneSpec, Thing
from mutoscope.world.things import GROUNDS, studio_ground
from mutoscope.world.wordings import DAYPARTS, FRAMES, FREE_PROMPTS, HOLDABLE, KEPT, TABLES

__all__ = [
    "FREE_PROMPTS", "LENGTHS", "caption", "caption_facts", "held_out_in", "held_out_wordings", "vocabulary",
]  # fmt: skip

LENGTHS = {"long": 0.50, "medium": 0.25, "short": 0.25}
_WORDS = {"long": (13, 36), "medium": (7, 16), "short": (2, 6)}  # fewest and most words of each length

_CLAUSES = ("as ", "while ", "where ", "its ", "mirroring ")  # phrases that want a comma before them
_GLUE = frozenset("a an the of and in on at by with to its it is as from over under into through".split())


def caption(spec: SceneSpec, variant: int = 0, length: str | None = None, held_out: bool | None = False) -> str:
    """Return caption number `variant` of a scene; a pure function of its arguments.

    `length` is "long" (13 to 36 words), "medium" (7 to 16) or "short" (2 to 6); None draws 50/25/25. `held_out` False
    leaves out all held-out wordings, True uses at least one, None draws from both. Raises SettingError for another length.
    """
    if length is not None and length not in LENGTHS:
        raise SettingError(f"unknown caption length {length!r}; known: {', '.join(LENGTHS)}")
    key = ("caption", *map(str, spec.facts().values()), variant)
    length = length or stream(*key).choice(tuple(LENGTHS), tuple(LENGTHS.values()))
    fewest, most = _WORDS[length]
    fewest, most = (2, most + 20 * len(spec.things)) if spec.things else (fewest, most)
    for attempt in range(500):
        draws = _Draws((*key, length, attempt), _tags(spec), held_out)
        text = _tidy((_THING_PLANS if spec.things else _PLANS)[length](draws, spec))
        if fewest <= len(text.split()) <= most and _reads_well(text, bool(spec.things)) and _allowed(text, held_out):
            return _letters(draws, _moving(draws, spec, text))
    raise AssertionError(f"the grammar found no {length} caption for {spec}")


def caption_facts(spec: SceneSpec) -> dict:
    """Return the facts of a scene as a JSON-ready dict; `visible` lists those that a picture of it shows."""
    visible = ["scene", "style"] if spec.scene in LIGHTLESS else ["scene", "light", "weather", "style"]
    if _season_shows(spec):
        visible.append("season")
    if spec.plant != "none":
        visible.append("plant")
    if spec.things:
        visible.append("things")
    return {**spec.facts(), "visible": visible}


@cache
def vocabulary() -> frozenset[str]:
    """Return every word, in lower case, that the grammar can say, held-out wordings included."""
    texts = [words for _, _, words in _all_wordings()] + [FRAMES, *DAYPARTS.values()]
    texts += [words for name in nouns() for words in (name, plural(name))]
    texts += [row for table in THING_TABLES.values() for row in table.values()]
    texts += [SETTING_WORDS, *COLORS, *GROUNDS]
    return frozenset(word for text in texts for word in re.findall(r"[\w'-]+", text.lower().replace("{}", " ")))


@cache
def held_out_wordings() -> frozenset[str]:
    """Return the wordings that never occur in training captions: about one in ten, at least one a row, chosen by a hash."""
    held: set[str] = set()
    kept = [_plain(words) for _, row, words in _all_wordings() if row] + [_plain(words) for words in KEPT]
    for table in HOLDABLE:
        for name in TABLES[table]:
            row = [_plain(words) for words, _ in _row(table, name)][1:]
            score = {words: stream("held-out wording", words).uniform() for words in row if not _inside(words, kept)}
            if score:
                lowest = min(score, key=lambda words: score[words])
                held |= {words for words in score if score[words] < 0.1} | {lowest}
    return frozenset(held)


def held_out_in(text: str) -> list[str]:
    """Return the held-out wordings that occur in a caption."""
    return _held_out_pattern().findall(text.lower())


# ---------------------------------------------------------------------------------------------------------------- tables


@lru_cache(maxsize=4096)
def _row(table: str, name: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the wordings of one row as (words, tags)."""
    rows = TABLES.get(table) or THING_TABLES[table]
    cells = [cell.strip() for cell in rows[name].split(" / ") if cell.strip()]
    return tuple((cell.split(" @")[0].strip(), tuple(cell.split(" @")[1:])) for cell in cells)


def _all_wordings() -> list[tuple[str, bool, str]]:
    """Return (table, is the plain wording of its row, words) of everything; verbs give both their forms."""
    found = []
    for table, rows in TABLES.items():
        for name in rows:
            for place, (words, _) in enumerate(_row(table, name)):
                found += [(table, place == 0, form.lstrip("+=")) for form in words.split("|")]
    return found


def _plain(words: str) -> str:
    return words.lstrip("+=").lower()


def _inside(words: str, others: Sequence[str]) -> bool:
    return any(re.search(rf"(?<![\w'-]){re.escape(words)}(?![\w'-])", other) for other in others)


@cache
def _held_out_pattern() -> re.Pattern[str]:
    longest_first = sorted(held_out_wordings(), key=len, reverse=True)
    return re.compile(rf"(?<![\w'-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w'-])")


def _tags(spec: SceneSpec) -> frozenset[str]:
    """Return what wordings may ask for: every fact, and `open` sky, `day` and `dark`."""
    tags = {spec.scene, spec.light, spec.weather, spec.season, spec.plant, spec.style}
    if spec.weather in ("clear", "cloudy"):
        tags.add("open")
    if spec.light in ("morning", "noon", "golden hour"):
        tags.add("day")
    if spec.light in ("blue hour", "night", "moonlight"):
        tags.add("dark")
    return frozenset(tags)


def _season_shows(spec: SceneSpec) -> bool:
    return spec.scene in SEASONAL or spec.scene == "snowy village" or spec.plant == "cherry"


class _Draws:
    """The random choices of one attempt, with the rule about held-out wordings."""

    def __init__(self, key: tuple[int | str, ...], tags: frozenset[str], held_out: bool | None):
        self._numbers = iter(stream(*key).uniform(shape=(128,)).tolist())
        self._tags = tags
        self._held_out = held_out

    def chance(self, probability: float) -> bool:
        return next(self._numbers) < probability

    def pick(self, options: Sequence[str]) -> str:
        return options[int(next(self._numbers) * len(options))]

    def word(self, table: str, name: str) -> str:
        """Return a wording of this row whose tags fit; the plain ones are a little more frequent."""
        fits = [words for words, tags in _row(table, name) if all(map(self._fits, tags))]
        held = [words for words in fits if _plain(words) in held_out_wordings()]
        if self._held_out and held and self.chance(0.5):
            return self.pick(held)
        if self._held_out is False:
            fits = [words for words in fits if words not in held]
        return fits[0] if self.chance(0.3) else self.pick(fits)

    def _fits(self, tag: str) -> bool:
        return tag[1:] not in self._tags if tag[0] == "-" else tag in self._tags

    def shuffle(self, items: list[str]) -> list[str]:
        return [item for _, item in sorted((next(self._numbers), item) for item in items)]


def _allowed(text: str, held_out: bool | None) -> bool:
    return held_out is None or bool(held_out_in(text)) == held_out


def _reads_well(text: str, things: bool) -> bool:
    """Say whether no word of weight occurs twice and no turn of phrase is overused; two things may both be red."""
    words = [word for word in re.findall(r"[a-z'-]+", text.lower()) if word not in _GLUE]
    stems = [word[:-1] if word.endswith("s") and len(word) > 3 else word for word in words]
    return (
        (things or len(stems) == len(set(stems)))
        and text.count(" sky") + text.count(" skies") <= 1
        and text.count(" with ") <= 2
    )


# --------------------------------------------------------------------------------------------------------------- phrases


def _article(words: str) -> str:
    """Return `words` with a or an."""
    return f"an {words}" if words[0].lower() in "aeio" or words.startswith(("urban", "un")) else f"a {words}"


def _bare(words: str) -> str:
    return words.lstrip("+=").removeprefix("the ")


def _noun_phrase(
    draws: _Draws, spec: SceneSpec, *, described: float = 0.5, twice: float = 0.0, article: bool = True
) -> tuple[str, bool]:
    """Return (noun phrase, whether it is plural): `a serene lake`, `the open sea`, `rolling dunes`."""
    noun = draws.word("noun", spec.scene)
    plural, mass, definite = noun[0] == "+", noun[0] == "=", noun.startswith("the ")
    adjective = draws.word("adjective", spec.scene) + " " if draws.chance(described) and not definite else ""
    if adjective and draws.chance(twice):
        adjective = f"{draws.word('adjective', spec.scene)}{draws.pick((',', ' and'))} {adjective}"
    words = adjective + _bare(noun)
    if not article or plural or mass:
        return (f"the {words}" if article and not mass and draws.chance(0.1) else words), plural
    return (f"the {words}" if definite or draws.chance(0.08) else _article(words)), plural


def _plant(draws: _Draws, spec: SceneSpec) -> str:
    if spec.plant == "none":
        return ""
    return draws.word("relation", spec.scene).format(draws.word("plant", spec.plant))


def _daypart(draws: _Draws, spec: SceneSpec) -> str:
    """Return light and weather or season in one: `on a rainy night`; empty where English has no such words."""
    part = DAYPARTS.get(spec.light)
    if part is None:
        return ""
    if _season_shows(spec) and draws.chance(0.4):
        return f"on {_article(spec.season)} {part}"
    return f"on {_article(draws.word('weather adjective', spec.weather))} {part}"


def _light_and_weather(draws: _Draws, spec: SceneSpec, light: float, weather: float, season: float) -> list[str]:
    """Return phrases for light, weather and season, each said with its probability; clear skies are often taken for granted."""
    if spec.scene in LIGHTLESS:
        return []
    if draws.chance(0.12 * light) and (merged := _daypart(draws, spec)):
        return [merged]
    phrases = []
    if draws.chance(light):
        phrases.append(draws.word("light", spec.light))
    if draws.chance(weather * (0.4 if spec.weather == "clear" else 1.0)):
        phrases.append(draws.word("weather", spec.weather))
    if _season_shows(spec) and draws.chance(season * (0.6 if spec.season == "summer" else 1.0)):
        phrases.append(draws.word("season", spec.season))
    return draws.shuffle(phrases)


def _join(draws: _Draws, head: str, phrases: Sequence[str]) -> str:
    """Hang phrases on a head, with a comma where the sentence would stumble without."""
    text, plain = head, 0
    for phrase in phrases:
        if not phrase:
            continue
        comma = plain > 1 or phrase.startswith(_CLAUSES) or draws.chance(0.55 if plain else 0.12)
        text, plain = f"{text}{',' if comma else ''} {phrase}", 0 if comma else plain + 1
    return text


def _moving(draws: _Draws, spec: SceneSpec, text: str) -> str:
    """Say what the camera and the sun do in a clip, mostly at its end."""
    said = [("camera", spec.camera)] if spec.camera != "still" else []
    said += [("event", spec.event)] if spec.event != "none" else []
    for table, name in said:
        if not draws.chance(0.9):
            continue
        words = draws.word(table, name)
        if ". " in text:
            text = f"{text}. {words[0].upper()}{words[1:]}"
        else:
            text = f"{words}, {text}" if draws.chance(0.2) else f"{text}, {words}"
    return text


def _style(draws: _Draws, spec: SceneSpec, text: str) -> str:
    """Say the style before or after the text; a photo mostly goes without saying, any other style never does."""
    if spec.style == "photo" and not draws.chance(0.15):
        return text
    if draws.chance(0.5) and not text.startswith(("it is", "there ")):
        return f"{draws.word('prefix', spec.style)} {text}"
    return f"{text}, {draws.word('suffix', spec.style)}"


# ----------------------------------------------------------------------------------------------------------------- plans


def _long(draws: _Draws, spec: SceneSpec) -> str:
    plan = draws.pick(
        (_described, _described, _described, _described, _fronted, _fronted, _sentences, _sentences, _told, _long_tags)
    )
    return (_pictured if spec.scene in LIGHTLESS else plan)(draws, spec)


def _medium(draws: _Draws, spec: SceneSpec) -> str:
    if draws.chance(0.12):
        return _tags_plan(draws, spec, 0.7)
    subject = _subject(draws, spec, 0.3)
    said = _light_and_weather(draws, spec, 0.88, 0.4, 0.3)
    plant = _plant(draws, spec) if draws.chance(0.5) else ""
    if said and draws.chance(0.12):
        return f"{said[0]}, " + _style_after(draws, spec, _join(draws, subject, [plant, *said[1:]]))
    return _style(draws, spec, _join(draws, subject, [plant, *said]))


def _short(draws: _Draws, spec: SceneSpec) -> str:
    """Return a telegraphic caption: `mountain sunset`, `lake, dawn, fog`, `beach at night`."""
    plan = draws.pick(
        ("name", "name", "tags", "tags", "at", "at", "at", "adjective", "weather", "plant", "season", "plain", "motion")
    )
    plan = draws.pick(("plain", "motion", "tags")) if spec.scene in LIGHTLESS else plan
    bare = _noun_phrase(draws, spec, described=0.15, article=draws.chance(0.3))[0]
    naked = _bare(draws.word("noun", spec.scene))
    if plan == "name":
        text = f"{draws.word('attribute', spec.scene)} {draws.word('light name', spec.light)}"
    elif plan == "tags":
        return _tags_plan(draws, spec, 0.4)
    elif plan == "at":
        text = f"{bare} {draws.word('light', spec.light)}"
    elif plan == "adjective":
        text = f"{draws.word('light adjective', spec.light)} {naked}"
    elif plan == "weather":
        text = f"{draws.word('weather adjective', spec.weather)} {naked}"
        text = f"{text} {draws.word('light', spec.light)}" if draws.chance(0.5) else text
    elif plan == "plant":
        text = f"{bare} {_plant(draws, spec)}"
    elif plan == "season" and _season_shows(spec):
        text = f"{draws.word('season adjective', spec.season)} {naked}"
        text = f"{text} {draws.word('light', spec.light)}" if draws.chance(0.4) else text
    elif plan == "motion":
        text = draws.word("motion", spec.scene).format(_noun_phrase(draws, spec, described=0.1)[0])
    else:
        text = _noun_phrase(draws, spec, described=0.8)[0]
    return _style(draws, spec, text)


def _subject(draws: _Draws, spec: SceneSpec, motion: float) -> str:
    """Return the noun phrase, now and then with what moves on it."""
    said = draws.chance(motion)
    words, _ = _noun_phrase(draws, spec, described=0.2 if said else 0.6, twice=0.15)
    return draws.word("motion", spec.scene).format(words) if said else words


def _described(draws: _Draws, spec: SceneSpec) -> str:
    """`A watercolor of a serene lake surrounded by pine trees, mirroring the sky, at sunset in autumn`"""
    subject = _subject(draws, spec, 0.25)
    phrases = _light_and_weather(draws, spec, 0.97, 0.9, 0.8)
    if draws.chance(0.75):
        phrases = [draws.word("detail", spec.scene), *phrases]
        phrases = draws.shuffle(phrases) if draws.chance(0.4) else phrases
    plant = _plant(draws, spec) if draws.chance(0.9) else ""
    return _style(draws, spec, _join(draws, subject, [plant, *phrases]))


def _pictured(draws: _Draws, spec: SceneSpec) -> str:
    """`A lively coral reef with small fish swimming past, teeming with life`: of scenes that know no hour."""
    details = list(dict.fromkeys(draws.word("detail", spec.scene) for _ in range(3)))
    words, plural = _noun_phrase(draws, spec, described=0.9, twice=0.5)
    if draws.chance(0.4):
        verb = draws.word("verb", spec.scene).split("|")[plural]
        return _style(draws, spec, _join(draws, f"{words} {verb}", details))
    return _style(draws, spec, _join(draws, _subject(draws, spec, 0.3) if draws.chance(0.5) else words, details))


def _fronted(draws: _Draws, spec: SceneSpec) -> str:
    """`At sunset, a serene lake ringed by firs lies still under a cloudy sky, oil painting`"""
    first, *rest = _light_and_weather(draws, spec, 1.0, 0.9, 0.8)
    words, plural = _noun_phrase(draws, spec, described=0.6, twice=0.25)
    plant = _plant(draws, spec) if draws.chance(0.9) else ""
    verb = draws.word("verb", spec.scene).split("|")[plural]
    subject = f"{words} {plant} {verb}" if draws.chance(0.75) else f"{words} {plant}"
    if draws.chance(0.45):
        rest = [draws.word("detail", spec.scene), *rest]
    return f"{first}, " + _style_after(draws, spec, _join(draws, subject, rest))


def _style_after(draws: _Draws, spec: SceneSpec, text: str) -> str:
    said = spec.style != "photo" or draws.chance(0.15)
    return f"{text}, {draws.word('suffix', spec.style)}" if said else text


def _sentences(draws: _Draws, spec: SceneSpec) -> str:
    """`A quiet beach lined with palms. The sun is setting. It is raining. Pixel art.`"""
    plant = _plant(draws, spec) if draws.chance(0.9) else ""
    detail = draws.word("detail", spec.scene) if draws.chance(0.65) else ""
    first = _join(draws, _subject(draws, spec, 0.3), [plant, detail])
    prefixed = draws.chance(0.5)
    parts = [_style(draws, spec, first) if prefixed else first]
    clauses = [draws.word("light clause", spec.light)]
    if draws.chance(0.4 if spec.weather == "clear" else 0.9):
        clauses.append(draws.word("weather clause", spec.weather))
    if _season_shows(spec) and draws.chance(0.6):
        clauses.append(draws.word("season clause", spec.season))
    clauses = draws.shuffle(clauses)
    if len(clauses) > 1 and draws.chance(0.5):
        clauses = [f"{clauses[0]} and {clauses[1]}", *clauses[2:]]
    parts += clauses
    if not prefixed and (spec.style != "photo" or draws.chance(0.15)):
        parts.append(draws.word("suffix", spec.style))
    return ". ".join(part[0].upper() + part[1:] for part in parts)


def _told(draws: _Draws, spec: SceneSpec) -> str:
    """`This is a snowy village at night, and snow is falling`; the style leads or follows."""
    words, plural = _noun_phrase(draws, spec, described=0.7, twice=0.3)
    opening = draws.pick(("this is", "the scene shows", "we see", "there are" if plural else "there is", "it shows"))
    if opening == "this is" and plural:
        opening = "it shows"
    plant = _plant(draws, spec) if draws.chance(0.9) else ""
    if draws.chance(0.5):
        text = _join(draws, f"{opening} {words}", [plant, draws.word("light", spec.light)])
        text += f", and {draws.word('weather clause', spec.weather)}"
    else:
        text = _join(draws, f"{opening} {words}", [plant, *_light_and_weather(draws, spec, 0.97, 0.9, 0.8)])
    return _style_after(draws, spec, text)


def _long_tags(draws: _Draws, spec: SceneSpec) -> str:
    return _tags_plan(draws, spec, 1.0)


def _tags_plan(draws: _Draws, spec: SceneSpec, fullness: float) -> str:
    """`lake, dawn, fog`, and longer lists of the same kind."""
    shows = spec.scene not in LIGHTLESS
    tags = [draws.word("light name", spec.light)] if shows and draws.chance(0.85) else []
    if shows and draws.chance(fullness * (0.4 if spec.weather == "clear" else 1.0)):
        tags.append(draws.word("weather tag", spec.weather))
    if spec.plant != "none" and draws.chance(fullness * 0.9):
        tags.append(draws.word("plant", spec.plant))
    if _season_shows(spec) and draws.chance(fullness * 0.7):
        tags.append(draws.word("season name", spec.season))
    if draws.chance(fullness * 0.6) or not shows:
        tags.append(draws.word("adjective", spec.scene))
    if draws.chance(fullness * 0.6):
        tags.append(draws.word("detail", spec.scene))
    if spec.style != "photo" or draws.chance(0.3):
        tags.append(draws.word("suffix", spec.style))
    noun = _bare(draws.word("noun", spec.scene))
    if draws.chance(0.7):
        return ", ".join([noun, *draws.shuffle(tags)])
    return ", ".join(draws.shuffle([noun, *tags]))


# ----------------------------------------------------------------------------------------------------------------- things


# How a thing stands to its scene: on the ground, on the water, in the air.
SETTINGS = {
    "lake": {"water": "on", "air": "over"}, "beach": {"ground": "on", "water": "off", "air": "over"},
    "mountains": {"ground": "in front of", "air": "over"}, "pine forest": {"ground": "in", "air": "over"},
    "meadow": {"ground": "on", "air": "over"}, "desert": {"ground": "in", "air": "over"},
    "open sea": {"water": "on", "air": "over"}, "island": {"water": "near", "air": "over"},
    "snowy village": {"ground": "near", "air": "over"}, "river": {"water": "on", "air": "over"},
    "city skyline": {"ground": "in front of", "water": "in front of", "air": "over"},
    "flower field": {"ground": "in", "air": "over"}, "canyon": {"ground": "in", "air": "over"},
    "waterfall": {"ground": "near", "air": "near"}, "lighthouse": {"air": "near"},
    "harbour": {"water": "in", "air": "over"}, "neon street": {"ground": "in"},
    "farm field": {"ground": "in", "air": "over"}, "volcano": {"ground": "near", "air": "near"},
    "arctic": {"ground": "in", "air": "over"}, "jungle": {"ground": "in", "air": "in"},
    "coral reef": {"water": "over"}, "space": {"air": "in"}, "road": {"ground": "on", "air": "over"},
    "garden": {"ground": "in", "air": "over"},
}  # fmt: skip
SETTING_WORDS = "on over off in front of near above with and a an of plain background"


def _things(draws: _Draws, things: tuple[Thing, ...]) -> str:
    """Return `two red sailboats on the left and an owl`."""
    said = [f"{thing_phrase(draws, thing)} {side_phrase(draws, thing)}".strip() for thing in things]
    return " and ".join([", ".join(said[:-1]), said[-1]]) if len(said) > 1 else said[0]


def _peopled(draws: _Draws, spec: SceneSpec, fullness: float) -> str:
    """`Two sailboats sailing by on a serene lake at sunset`, or the scene first and the things after it."""
    if spec.scene == "plain ground":
        return _alone(draws, spec, fullness)
    words, _ = _noun_phrase(draws, spec, described=0.25 + 0.4 * fullness)
    phrases = _light_and_weather(draws, spec, 0.5 + 0.45 * fullness, 0.7 * fullness, 0.6 * fullness)
    if draws.chance(fullness - 0.4):
        phrases = [draws.word("detail", spec.scene), *phrases]
    plant = _plant(draws, spec) if draws.chance(fullness) else ""
    things = _things(draws, spec.things)
    if len({thing.place for thing in spec.things}) == 1 and draws.chance(0.7):
        doing = doing_phrase(draws, spec.things[0]) if len(spec.things) == 1 and draws.chance(0.45) else ""
        link = SETTINGS[spec.scene][spec.things[0].place]
        return _style(draws, spec, _join(draws, f"{things} {doing} {link} {words}", [plant, *phrases]))
    return _style(draws, spec, _join(draws, words, [plant, f"with {things}", *phrases]))


def _alone(draws: _Draws, spec: SceneSpec, fullness: float) -> str:
    """`A red apple, 3D icon`: things on a plain ground, with their own way of being drawn."""
    text = _things(draws, spec.things)
    if draws.chance(0.3 + 0.6 * fullness):
        bare = "plain" if draws.chance(0.4) else draws.pick((draws.word("adjective", spec.scene), studio_ground(spec)))
        bare = f"{bare} background"
        text = f"{text} on {_article(bare)}"
    looks = {thing.look for thing in spec.things}
    if spec.style != "photo":
        return _style(draws, spec, text)
    look = look_phrase(draws, spec.things[0]) if len(looks) == 1 else ""
    if not look:
        return text
    return f"{_article(look)} of {text}" if draws.chance(0.3) and "with" not in look else f"{text}, {look}"


_THING_PLANS = {
    "long": lambda draws, spec: _peopled(draws, spec, 1.0),
    "medium": lambda draws, spec: _peopled(draws, spec, 0.5),
    "short": lambda draws, spec: _peopled(draws, spec, 0.0),
}


# --------------------------------------------------------------------------------------------------------------- letters


def _tidy(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace(" ,", ",").strip(" ,")


def _letters(draws: _Draws, text: str) -> str:
    """Choose capital letters and the final period: most captions are written with care, some are not."""
    sentences = ". " in text
    if sentences or draws.chance(0.65):
        text = text[0].upper() + text[1:]
    elif draws.chance(0.05):
        text = text.upper() if len(text) < 40 else text
    else:
        text = text.lower() if draws.chance(0.5) else text
    listed = text.count(",") >= 2 and not sentences
    return text + "." if draws.chance(0.85 if sentences else 0.05 if listed else 0.3) else text


_PLANS = {"long": _long, "medium": _medium, "short": _short}
