"""Phrases of a caption: a scene by its noun, its plants, its light and weather, what moves, and the style, each in many words."""

from collections.abc import Sequence

from mutoscope.vocabulary import LIGHTLESS, article
from mutoscope.world.grammar import Draws, dayparts, season_shows
from mutoscope.world.spec import SceneSpec

_CLAUSES = (
    "as ",
    "while ",
    "where ",
    "when ",
    "once ",
    "its ",
    "mirroring ",
    "like ",
)  # phrases that want a comma before them


def bare(words: str) -> str:
    """Return words without their definite article."""
    return words.removeprefix("the ")


def noun_phrase(
    draws: Draws, spec: SceneSpec, *, described: float = 0.5, twice: float = 0.0, determined: bool = True
) -> tuple[str, bool]:
    """Return (noun phrase, whether it is plural): `a serene lake`, `the open sea`, `rolling dunes`."""
    noun, _, number = draws.wording("noun", spec.scene)
    plural, mass, definite = number == "plural", number == "mass", noun.startswith("the ") and not number
    adjective = draws.word("adjective", spec.scene) + " " if draws.chance(described) and not definite else ""
    if adjective and draws.chance(twice):
        adjective = f"{draws.word('adjective', spec.scene)}{draws.pick((',', ' and'))} {adjective}"
    words = adjective + bare(noun)
    if not determined or plural or mass:
        return (f"the {words}" if determined and not mass and draws.chance(0.1) else words), plural
    return (f"the {words}" if definite or draws.chance(0.08) else article(words)), plural


def plant_phrase(draws: Draws, spec: SceneSpec) -> str:
    if spec.plant == "none":
        return ""
    return draws.word("relation", spec.scene).format(draws.word("plant", spec.plant))


def _daypart(draws: Draws, spec: SceneSpec) -> str:
    """Return light and weather or season in one: `on a rainy night`; empty where English has no such words."""
    part = dayparts().get(spec.light)
    if part is None:
        return ""
    if season_shows(spec) and draws.chance(0.4):
        return f"on {article(spec.season)} {part}"
    return f"on {article(draws.word('weather adjective', spec.weather))} {part}"


def _light(draws: Draws, spec: SceneSpec) -> str:
    """Return the light by its name, `at sunset`, or by what one sees of it, `under a burning sky`."""
    if draws.chance(0.8):
        return draws.word("light", spec.light)
    if draws.chance(0.5):
        return f"{draws.pick(('while', 'as'))} {draws.word('light seen', spec.light)}"
    return f"{draws.pick(('with', 'under', 'beneath'))} {draws.word('light sight', spec.light)}"


def light_and_weather(draws: Draws, spec: SceneSpec, light: float, weather: float, season: float) -> list[str]:
    """Return phrases for light, weather and season, each said with its probability; clear skies are often taken for granted."""
    if spec.scene in LIGHTLESS:
        return []
    if draws.chance(0.12 * light) and (merged := _daypart(draws, spec)):
        return [merged]
    phrases = []
    if draws.chance(light):
        phrases.append(_light(draws, spec))
    if draws.chance(weather * (0.4 if spec.weather == "clear" else 1.0)):
        phrases.append(draws.word("weather", spec.weather))
    if season_shows(spec) and draws.chance(season * (0.6 if spec.season == "summer" else 1.0)):
        phrases.append(draws.word("season", spec.season))
    return draws.shuffle(phrases)


def join(draws: Draws, head: str, phrases: Sequence[str]) -> str:
    """Hang phrases on a head, with a comma where the sentence would stumble without."""
    text, plain = head, 0
    for phrase in phrases:
        if not phrase:
            continue
        comma = plain > 1 or phrase.startswith(_CLAUSES) or draws.chance(0.55 if plain else 0.12)
        text, plain = f"{text}{',' if comma else ''} {phrase}", 0 if comma else plain + 1
    return text


def moving(draws: Draws, spec: SceneSpec, text: str) -> str:
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


def style(draws: Draws, spec: SceneSpec, text: str) -> str:
    """Say the style before or after the text; a photo mostly goes without saying, any other style never does."""
    if spec.style == "photo" and not draws.chance(0.15):
        return text
    if draws.chance(0.5) and not text.startswith(("it is", "there ")):
        return f"{draws.word('prefix', spec.style)} {text}"
    return f"{text}, {draws.word('suffix', spec.style)}"


def style_after(draws: Draws, spec: SceneSpec, text: str) -> str:
    said = spec.style != "photo" or draws.chance(0.15)
    return f"{text}, {draws.word('suffix', spec.style)}" if said else text
