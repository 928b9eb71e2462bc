"""Captions of the rendered world: many wordings for the same facts, and never a word that the facts do not bear out.

A caption is drawn from a grammar: noun phrases, plants, light, weather, season, motion and style each have a table of
wordings (`vocabulary/`), and a handful of sentence plans put them in free order; `free.py` has those that people type. About one
wording in ten is held out: it never occurs in training captions, so that the evaluation can ask for a fact in words the
model has not read. The module knows no picture and no tensor.

    from mutoscope.world.draw_spec import draw_spec
    caption(draw_spec(0, 7))          # 'A serene lake surrounded by pine trees at sunset'
"""

import re
from dataclasses import replace

from mutoscope.errors import SettingError
from mutoscope.rng import stream
from mutoscope.vocabulary import LIGHTLESS, article, scenes
from mutoscope.world.free import brief_scene, free_plan
from mutoscope.world.grammar import FRAMES, Draws, allowed, reads_well, season_shows, tags_of
from mutoscope.world.object_phrases import doing_phrase, look_phrase, side_phrase, thing_phrase
from mutoscope.world.phrases import (
    bare,
    join,
    light_and_weather,
    moving,
    noun_phrase,
    plant_phrase,
    style,
    style_after,
)
from mutoscope.world.spec import SceneSpec, Thing
from mutoscope.world.things import studio_ground

MAX_ATTEMPTS = 500
FREE = 1 / 3  # of long and medium captions follow a free plan
LENGTHS = {"long": 0.50, "medium": 0.25, "short": 0.25}
_WORDS = {"long": (13, 36), "medium": (7, 16), "short": (2, 6)}  # fewest and most words of each length
_THING_WORDS = {"long": (8, 44), "medium": (4, 24), "short": (1, 9)}  # the same of a scene with one kind of things


def caption(spec: SceneSpec, variant: int = 0, length: str | None = None, held_out: bool | None = False) -> str:
    """Return caption number `variant` of a scene; a pure function of its arguments.

    `length` is "long" (13 to 36 words), "medium" (7 to 16) or "short" (2 to 6); None draws 50/25/25. `held_out` False
    leaves out all held-out wordings, True uses at least one, None draws from both. Raises SettingError for another length.
    """
    if length is not None and length not in LENGTHS:
        raise SettingError(f"unknown caption length {length!r}; known: {', '.join(LENGTHS)}")
    key = ("caption", *map(str, spec.facts().values()), variant)
    drawn: str = length or stream(*key).choice(tuple(LENGTHS), tuple(LENGTHS.values()))
    fewest, most = _room(drawn, len(spec.things))
    for attempt in range(MAX_ATTEMPTS):
        draws = Draws((*key, drawn, attempt), tags_of(spec), held_out)
        text = _tidy((_THING_PLANS if spec.things else _PLANS)[drawn](draws, spec))
        if fewest <= len(text.split()) <= most and reads_well(text, bool(spec.things)) and allowed(text, held_out):
            return _letters(draws, moving(draws, spec, text))
    raise AssertionError(f"the grammar found no {drawn} caption for {spec}")


def _room(length: str, kinds: int) -> tuple[int, int]:
    """Return the fewest and most words of a caption; every kind of things takes room of its own."""
    if not kinds:
        return _WORDS[length]
    fewest, most = _THING_WORDS[length]
    return fewest, most + (kinds - 1) * (4 if length == "short" else 10)


def caption_facts(spec: SceneSpec) -> dict:
    """Return the facts of a scene as a JSON-ready dict; `visible` lists those that a picture of it shows."""
    visible = ["scene", "style"] if spec.scene in LIGHTLESS else ["scene", "light", "weather", "style"]
    if season_shows(spec):
        visible.append("season")
    if spec.plant != "none":
        visible.append("plant")
    if spec.things:
        visible.append("things")
    return {**spec.facts(), "visible": visible}


# ----------------------------------------------------------------------------------------------------------------- plans


def _long(draws: Draws, spec: SceneSpec) -> str:
    if draws.chance(FREE):
        return free_plan(draws, spec, 1.0)
    plan = draws.pick(
        (_described, _described, _described, _described, _fronted, _fronted, _sentences, _sentences, _told, _long_tags)
    )
    return (_pictured if spec.scene in LIGHTLESS else plan)(draws, spec)


def _medium(draws: Draws, spec: SceneSpec) -> str:
    if draws.chance(FREE):
        return free_plan(draws, spec, 0.5)
    if draws.chance(0.12):
        return _tags_plan(draws, spec, 0.7)
    subject = _subject(draws, spec, 0.3)
    said = light_and_weather(draws, spec, 0.88, 0.4, 0.3)
    plant = plant_phrase(draws, spec) if draws.chance(0.5) else ""
    if said and draws.chance(0.12):
        return f"{said[0]}, " + style_after(draws, spec, join(draws, subject, [plant, *said[1:]]))
    return style(draws, spec, join(draws, subject, [plant, *said]))


def _short(draws: Draws, spec: SceneSpec) -> str:
    """Return a telegraphic caption: `mountain sunset`, `lake, dawn, fog`, `beach at night`."""
    plan = draws.pick(
        ("name", "name", "tags", "tags", "at", "at", "at", "adjective", "weather", "plant", "season", "plain", "motion")
        + ("free", "free", "free")
    )
    plan = draws.pick(("plain", "motion", "tags", "free")) if spec.scene in LIGHTLESS else plan
    named = noun_phrase(draws, spec, described=0.15, determined=draws.chance(0.3))[0]
    naked = bare(draws.word("noun", spec.scene))
    if plan == "name":
        text = f"{draws.word('attribute', spec.scene)} {draws.word('light name', spec.light)}"
    elif plan == "tags":
        return _tags_plan(draws, spec, 0.4)
    elif plan == "at":
        text = f"{named} {draws.word('light', spec.light)}"
    elif plan == "adjective":
        text = f"{draws.word('light adjective', spec.light)} {naked}"
    elif plan == "weather":
        text = f"{draws.word('weather adjective', spec.weather)} {naked}"
        text = f"{text} {draws.word('light', spec.light)}" if draws.chance(0.5) else text
    elif plan == "free":
        text = brief_scene(draws, spec)
    elif plan == "plant":
        text = f"{named} {plant_phrase(draws, spec)}"
    elif plan == "season" and season_shows(spec):
        text = f"{draws.word('season adjective', spec.season)} {naked}"
        text = f"{text} {draws.word('light', spec.light)}" if draws.chance(0.4) else text
    elif plan == "motion":
        text = draws.word("motion", spec.scene).format(noun_phrase(draws, spec, described=0.1)[0])
    else:
        text = noun_phrase(draws, spec, described=0.8)[0]
    return style(draws, spec, text)


def _subject(draws: Draws, spec: SceneSpec, motion: float) -> str:
    """Return the noun phrase, now and then with what moves on it."""
    said = draws.chance(motion)
    words, _ = noun_phrase(draws, spec, described=0.2 if said else 0.6, twice=0.15)
    return draws.word("motion", spec.scene).format(words) if said else words


def _described(draws: Draws, spec: SceneSpec) -> str:
    """`A watercolor of a serene lake surrounded by pine trees, mirroring the sky, at sunset in autumn`"""
    subject = _subject(draws, spec, 0.25)
    phrases = light_and_weather(draws, spec, 0.97, 0.9, 0.8)
    if draws.chance(0.75):
        phrases = [draws.word("detail", spec.scene), *phrases]
        phrases = draws.shuffle(phrases) if draws.chance(0.4) else phrases
    plant = plant_phrase(draws, spec) if draws.chance(0.9) else ""
    return style(draws, spec, join(draws, subject, [plant, *phrases]))


def _pictured(draws: Draws, spec: SceneSpec) -> str:
    """`A lively coral reef with small fish swimming past, teeming with life`: of scenes that know no hour."""
    details = list(dict.fromkeys(draws.word("detail", spec.scene) for _ in range(3)))
    words, many = noun_phrase(draws, spec, described=0.9, twice=0.5)
    if draws.chance(0.4):
        verb = draws.word("verb", spec.scene).split("|")[many]
        return style(draws, spec, join(draws, f"{words} {verb}", details))
    return style(draws, spec, join(draws, _subject(draws, spec, 0.3) if draws.chance(0.5) else words, details))


def _fronted(draws: Draws, spec: SceneSpec) -> str:
    """`At sunset, a serene lake ringed by firs lies still under a cloudy sky, oil painting`"""
    first, *rest = light_and_weather(draws, spec, 1.0, 0.9, 0.8)
    words, many = noun_phrase(draws, spec, described=0.6, twice=0.25)
    plant = plant_phrase(draws, spec) if draws.chance(0.9) else ""
    verb = draws.word("verb", spec.scene).split("|")[many]
    subject = f"{words} {plant} {verb}" if draws.chance(0.75) else f"{words} {plant}"
    if draws.chance(0.45):
        rest = [draws.word("detail", spec.scene), *rest]
    return f"{first}, " + style_after(draws, spec, join(draws, subject, rest))


def _sentences(draws: Draws, spec: SceneSpec) -> str:
    """`A quiet beach lined with palms. The sun is setting. It is raining. Pixel art.`"""
    plant = plant_phrase(draws, spec) if draws.chance(0.9) else ""
    detail = draws.word("detail", spec.scene) if draws.chance(0.65) else ""
    first = join(draws, _subject(draws, spec, 0.3), [plant, detail])
    prefixed = draws.chance(0.5)
    parts = [style(draws, spec, first) if prefixed else first]
    clauses = [draws.word(draws.pick(("light clause", "light seen")), spec.light)]
    if draws.chance(0.4 if spec.weather == "clear" else 0.9):
        clauses.append(draws.word("weather clause", spec.weather))
    if season_shows(spec) and draws.chance(0.6):
        clauses.append(draws.word("season clause", spec.season))
    clauses = draws.shuffle(clauses)
    if len(clauses) > 1 and draws.chance(0.5):
        clauses = [f"{clauses[0]} and {clauses[1]}", *clauses[2:]]
    parts += clauses
    if not prefixed and (spec.style != "photo" or draws.chance(0.15)):
        parts.append(draws.word("suffix", spec.style))
    return ". ".join(part[0].upper() + part[1:] for part in parts)


def _told(draws: Draws, spec: SceneSpec) -> str:
    """`This is a snowy village at night, and snow is falling`; the style leads or follows."""
    words, many = noun_phrase(draws, spec, described=0.7, twice=0.3)
    opening = draws.pick((draws.word("opening", FRAMES), "there is|there are")).split("|")[many]
    plant = plant_phrase(draws, spec) if draws.chance(0.9) else ""
    if draws.chance(0.5):
        text = join(draws, f"{opening} {words}", [plant, draws.word("light", spec.light)])
        text += f", and {draws.word('weather clause', spec.weather)}"
    else:
        text = join(draws, f"{opening} {words}", [plant, *light_and_weather(draws, spec, 0.97, 0.9, 0.8)])
    return style_after(draws, spec, text)


def _long_tags(draws: Draws, spec: SceneSpec) -> str:
    return _tags_plan(draws, spec, 1.0)


def _tags_plan(draws: Draws, spec: SceneSpec, fullness: float) -> str:
    """`lake, dawn, fog`, and longer lists of the same kind."""
    shows = spec.scene not in LIGHTLESS
    tags = [draws.word("light name", spec.light)] if shows and draws.chance(0.85) else []
    if shows and draws.chance(fullness * (0.4 if spec.weather == "clear" else 1.0)):
        tags.append(draws.word("weather tag", spec.weather))
    if spec.plant != "none" and draws.chance(fullness * 0.9):
        tags.append(draws.word("plant", spec.plant))
    if season_shows(spec) and draws.chance(fullness * 0.7):
        tags.append(draws.word("season name", spec.season))
    if draws.chance(fullness * 0.6) or not shows:
        tags.append(draws.word("adjective", spec.scene))
    if draws.chance(fullness * 0.6):
        tags.append(draws.word("detail", spec.scene))
    if spec.style != "photo" or draws.chance(0.3):
        tags.append(draws.word("suffix", spec.style))
    noun = bare(draws.word("noun", spec.scene))
    if draws.chance(0.7):
        return ", ".join([noun, *draws.shuffle(tags)])
    return ", ".join(draws.shuffle([noun, *tags]))


# ----------------------------------------------------------------------------------------------------------------- things


def _things(draws: Draws, things: tuple[Thing, ...]) -> str:
    """Return `two red sailboats on the left and an owl`."""
    said = [f"{thing_phrase(draws, thing)} {side_phrase(draws, thing)}".strip() for thing in things]
    return " and ".join([", ".join(said[:-1]), said[-1]]) if len(said) > 1 else said[0]


def _peopled(draws: Draws, spec: SceneSpec, fullness: float) -> str:
    """`Two sailboats sailing by on a serene lake at sunset`, or the scene first and the things after it."""
    if spec.scene == "plain ground":
        return _alone(draws, spec, fullness)
    words, _ = noun_phrase(draws, spec, described=0.25 + 0.4 * fullness)
    phrases = light_and_weather(draws, spec, 0.5 + 0.45 * fullness, 0.7 * fullness, 0.6 * fullness)
    if draws.chance(fullness - 0.4):
        phrases = [draws.word("detail", spec.scene), *phrases]
    plant = plant_phrase(draws, spec) if draws.chance(fullness) else ""
    things = _things(draws, spec.things)
    if len({thing.place for thing in spec.things}) == 1 and draws.chance(0.7):
        doing = doing_phrase(draws, spec.things[0]) if len(spec.things) == 1 and draws.chance(0.45) else ""
        link = scenes()[spec.scene].prepositions[spec.things[0].place]
        return style(draws, spec, join(draws, f"{things} {doing} {link} {words}", [plant, *phrases]))
    return style(draws, spec, join(draws, words, [plant, f"with {things}", *phrases]))


def _alone(draws: Draws, spec: SceneSpec, fullness: float) -> str:
    """`A red apple, 3D icon`: things on a plain ground, with their own way of being drawn."""
    text = _things(draws, spec.things)
    if draws.chance(0.3 + 0.6 * fullness):
        ground = (
            "plain" if draws.chance(0.4) else draws.pick((draws.word("adjective", spec.scene), studio_ground(spec)))
        )
        text = f"{text} on {article(ground)} background"
    if spec.style != "photo":
        return style(draws, spec, text)
    looks = {thing.look for thing in spec.things}
    look = look_phrase(draws, spec.things[0]) if len(looks) == 1 else ""
    if not look:
        return text
    return f"{article(look)} of {text}" if draws.chance(0.3) and "with" not in look else f"{text}, {look}"


def _brief(draws: Draws, spec: SceneSpec) -> str:
    """`Fox in a forest at night`, `two boats, lake, dawn`: things and their scene in few words."""
    if draws.chance(0.7):
        spec = replace(spec, things=tuple(replace(thing, side="") for thing in spec.things))
    if spec.scene == "plain ground":
        return _alone(draws, spec, 0.0)
    things = _things(draws, spec.things)
    lit = spec.scene not in LIGHTLESS and draws.chance(0.6)
    if draws.chance(0.4) or len({thing.place for thing in spec.things}) > 1:
        named = [bare(draws.word("noun", spec.scene)), *([draws.word("light name", spec.light)] if lit else [])]
        return style(draws, spec, ", ".join([things, *named]))
    link = scenes()[spec.scene].prepositions[spec.things[0].place]
    scene = noun_phrase(draws, spec, described=0.1)[0]
    return style(draws, spec, f"{things} {link} {scene} {draws.word('light', spec.light) if lit else ''}")


def _wished(draws: Draws, text: str) -> str:
    """Ask for the picture now and then: `show me two foxes in a meadow`."""
    return f"{draws.word('request', FRAMES)} {text}" if draws.chance(0.12) else text


_THING_PLANS = {
    "long": lambda draws, spec: _wished(draws, _peopled(draws, spec, 1.0)),
    "medium": lambda draws, spec: _wished(draws, _peopled(draws, spec, 0.5)),
    "short": _brief,
}


# --------------------------------------------------------------------------------------------------------------- letters


def _tidy(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace(" ,", ",").strip(" ,")


def _letters(draws: Draws, text: str) -> str:
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
