"""Requests of 0.1.0 (sampler versions 1 to 4): their JSON opens, `info` shows it, and `redo` draws it anew and says so."""

from collections.abc import Mapping
from typing import Any

from mutoscope.errors import SettingError, StyleError
from mutoscope.prompt.styles import Style, known_styles, parse_mix

LAST_LEGACY_VERSION = 4
LEGACY_KEYS = ("style", "style_words", "weighted", "plainly", "things", "own_things")


def upgrade(values: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a request as this version names them; those of this version's requests stay as they are."""
    version = values.get("sampler_version", LAST_LEGACY_VERSION)
    if not isinstance(version, int) or version > LAST_LEGACY_VERSION:
        return values
    kept = {key: value for key, value in values.items() if key not in LEGACY_KEYS} | {"sampler_version": version}
    if "style" in values:  # not in one that was read and written again: that has `styles`
        kept["styles"] = _upgrade_styles(values["style"], values.get("style_words") or ())
    if values.get("things"):  # what the prompt names was looked up, and is read anew when it is drawn again
        kept["objects"] = {
            "objects": [],
            "scene": [],
            "library": values["things"],
            "own": values.get("own_things") or [],
        }
    return kept


def _upgrade_styles(mix: Any, own_words: Any) -> list[dict[str, Any]]:
    """Return the styles of "watercolor:0.7, mine:0.3" with their words; StyleError for an unknown one."""
    if mix is None:
        return []
    try:
        own: Mapping[str, Style] = {name: Style(name, words) for name, words in own_words}
    except (TypeError, ValueError) as error:
        raise StyleError(f"style_words must be pairs of a name and its words, got {own_words!r}"[:200]) from error
    if not isinstance(mix, str):
        raise SettingError(f"style must be text, got {mix!r}"[:200])
    known = {**known_styles(), **own}
    return [
        {"name": name, "strength": strength, "words": known[name].words} for name, strength in parse_mix(mix, known)
    ]
