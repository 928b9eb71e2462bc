"""The styles by name, from the vocabulary and the user's own file, and how strengths and mixtures of them are written.

    "watercolor"   "watercolor:0.5"   "watercolor:0.7, pixel art:0.3"   "anime, -photo"

A style is words added to the prompt; conditioning.py says what a strength does to a picture. docs/styles.md is for users.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from mutoscope.errors import StyleError, did_you_mean
from mutoscope.paths import settings_folder
from mutoscope.prompt.checks import as_float, check_bool, check_word
from mutoscope.text_files import read_toml
from mutoscope.vocabulary.loading import data

MAX_FILE_BYTES = 1 << 20  # bytes
PACKAGE_KEYS = ("postprocess", "default_negative")  # only styles of the package have them: they suit its own checkpoint
MAX_STRENGTH, MAX_STYLES = 3.0, 8
LEADING_STRENGTH = 0.5  # from which a style decides about post-processing and the default negative prompt
Mix = list[tuple[str, float]]  # names of styles, each with its strength


@dataclass(frozen=True)
class Style:
    """One style; checks itself, ValueError says what is wrong."""

    name: str
    words: str  # added to the prompt
    aliases: tuple[str, ...] = ()
    about: str = ""  # one line for a list
    template: str = ""  # prompt for models made elsewhere, {prompt} in it
    negative: str = ""  # negative prompt for them
    postprocess: str = ""  # step after decoding, a name in postprocess.py
    default_negative: str = ""  # negative prompt where the user gives none: the style it is mistaken for most often

    def __post_init__(self):
        if not _plain(self.name) or re.search(r"[,:]|^-", self.name):
            raise ValueError(f"{self.name[:40]!r} cannot be the name of a style; use letters, digits, spaces, dashes")
        for key in ("words", "about", "template", "negative"):
            text = getattr(self, key)
            if not isinstance(text, str) or "\0" in text or len(text) > 1000:
                raise ValueError(f"{key} of {self.name!r} must be text of at most 1000 characters, got {text!r}"[:200])
        if not self.words.strip():
            raise ValueError(f"{self.name!r} needs words, which are added to the prompt")
        if self.template and "{prompt}" not in self.template:
            raise ValueError(f"the template of {self.name!r} must hold {{prompt}}")
        if not isinstance(self.aliases, list | tuple) or not all(isinstance(alias, str) for alias in self.aliases):
            raise ValueError(f"aliases of {self.name!r} must be a list of texts")
        object.__setattr__(self, "aliases", tuple(self.aliases))

    def foreign(self, prompt: str) -> tuple[str, str]:
        """Return prompt and negative prompt for a model that was not trained on these names."""
        return (self.template or "{prompt}, " + self.words).replace("{prompt}", prompt), self.negative


@cache
def known_styles() -> Mapping[str, Style]:
    """Return the styles of the package by name."""
    keys = [item.name for item in fields(Style) if item.name != "name"]
    return {name: Style(name, **{key: row[key] for key in keys if key in row}) for name, row in data("styles").items()}


def own_file() -> Path:
    """Return where the user's own styles are written; the file need not be there."""
    return settings_folder() / "styles.toml"


def own_styles() -> dict[str, Style]:
    """Return the user's own styles by name; StyleError when the file is broken."""
    return read_styles(own_file()) if own_file().exists() else {}


def styles() -> dict[str, str]:
    """Return name -> words that a style adds to the prompt, the user's own styles too."""
    return {name: style.words for name, style in {**known_styles(), **own_styles()}.items()}


def read_styles(path: Path) -> dict[str, Style]:
    """Read a style file; StyleError says in one line what is wrong with it."""
    known = [item.name for item in fields(Style) if item.name not in ("name", *PACKAGE_KEYS)]
    try:
        found = {}
        for name, table in read_toml(path, MAX_FILE_BYTES).items():
            if not isinstance(table, dict):
                raise ValueError(f"{name} stands outside of a table; begin a style with [its name]")
            for key in table:
                if key not in known:
                    raise ValueError(
                        f"unknown key {key!r} in {name!r}{did_you_mean(key, known)}; known: {', '.join(known)}"
                    )
            style = Style(_plain(name), **{"words": "", **table})
            found[style.name] = style
    except (OSError, ValueError) as error:  # TOML and unicode errors are ValueErrors
        raise StyleError(f"{path}: not a style file ({error})") from error
    return found


def parse_mix(asked: str, among: Mapping[str, Style] | None = None) -> Mix:
    """Return names and strengths of "watercolor:0.7, pixel art:0.3, -photo"; StyleError for what is none.

    A dash turns a style round. Styles without a strength share 1 evenly: "watercolor, anime" is half and half.
    """
    among = known_styles() if among is None else among
    parts = [_strength(part) for part in asked.split(",")]
    if len(parts) > MAX_STYLES:
        raise StyleError(f"at most {MAX_STYLES} styles can be mixed, got {len(parts)}")
    even = 1.0 / max(1, sum(strength is None or strength > 0 for _, strength in parts))
    found: dict[str, float] = {}
    for written, strength in parts:
        name = _find(written, among, asked)
        if name in found:
            raise StyleError(f"style {name!r} twice in {asked[:80]!r}; give it one strength")
        found[name] = round(even if strength is None else strength, 6) + 0.0  # no minus zero
        if not abs(found[name]) <= MAX_STRENGTH:
            raise StyleError(
                f"the strength of style {name!r} must be from -{MAX_STRENGTH:g} to {MAX_STRENGTH:g}, "
                f"got {strength:g}; 1 is the style as it was trained"
            )
    return list(found.items())


def _strength(part: str) -> tuple[str, float | None]:
    """Return a style as it is written and its strength, None where none is given."""
    name, number = split_strength(part)
    if name.startswith("-"):
        return name[1:].strip(), -(1.0 if number is None else number)
    return name.strip(), number


def split_strength(part: str) -> tuple[str, float | None]:
    """Return name and number of "name:0.7"; the number is None where there is none, and a name may hold a colon too."""
    name, _, number = part.strip().rpartition(":")
    if not re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)", number.strip()):
        return part.strip(), None
    return name, float(number)


def write_mix(mix: Mix) -> str:
    """Return the one spelling of a mixture, which `parse_mix` reads back; a single style at strength 1 is its name."""
    if len(mix) == 1 and mix[0][1] == 1:
        return mix[0][0]
    return ", ".join(f"{name}:{strength:g}" for name, strength in mix)


@dataclass(frozen=True)
class UsedStyle:
    """A style of a request, with everything that it does."""

    name: str
    strength: float = 1.0
    words: str = ""  # added to the prompt; a template with {prompt} in it for models that were not taught our names
    typed: bool = False  # the prompt itself names it, so its words stand there already

    def __post_init__(self):
        for key in ("name", "words"):
            check_word(f"the {key} of a style", getattr(self, key))
        strength = as_float(f"the strength of style {self.name[:40]!r}", self.strength)
        if abs(strength) > MAX_STRENGTH:
            raise StyleError(f"the strength of style {self.name[:40]!r} must be from -{MAX_STRENGTH:g} to {MAX_STRENGTH:g}, "
                             f"got {strength:g}; 1 is the style as it was trained")  # fmt: skip
        object.__setattr__(self, "strength", strength)
        object.__setattr__(self, "typed", check_bool("typed", self.typed))


def find_used_styles(asked: str | Sequence[tuple[str, float]] | None, typed: str = "") -> tuple[UsedStyle, ...]:
    """Return the styles asked for, "watercolor:0.7, anime:0.3", "none" or None, and the one the prompt names; StyleError."""
    known = known_styles()
    named = [UsedStyle(typed, 1.0, known[typed].words, True)] if typed else []
    if asked is None or (isinstance(asked, str) and asked.strip().lower() == "none"):
        return tuple(named)
    every = {**known, **own_styles()}
    mix = parse_mix(asked, every) if isinstance(asked, str) else check_mix(asked, every)
    again = {(style.name, style.strength) for style in named}  # asked for and typed: one and the same
    asked_for = [
        UsedStyle(name, strength, every[name].words) for name, strength in mix if (name, strength) not in again
    ]
    return (*asked_for, *named)


def check_mix(asked: Any, among: Mapping[str, Style]) -> Mix:
    """Return names of styles with their strengths as they are; StyleError for anything else."""
    if not isinstance(asked, list | tuple) or not all(
        isinstance(item, list | tuple) and len(item) == 2 for item in asked
    ):
        raise StyleError(f'style must be text such as "watercolor:0.7, anime:0.3", got {asked!r}'[:200])
    return [(_find(str(name), among, str(name)), strength) for name, strength in asked]


def find_postprocess(styles: Iterable[UsedStyle]) -> str:
    """Return the post-processing step of the style that leads a picture, "" for none."""
    return next((style.postprocess for style in _leading(styles) if style.postprocess), "")


def find_default_negative(styles: Iterable[UsedStyle]) -> str:
    """Return the negative prompt for a picture of these styles where the user gives none, "" for none."""
    styles = tuple(styles)
    named = {style.name for style in styles}
    found = (style.default_negative for style in _leading(styles))
    return next((words for words in found if words and words not in named), "")


def use_templates(styles: Iterable[UsedStyle]) -> tuple[UsedStyle, ...]:
    """Return styles with the templates that models made elsewhere understand in the place of their words."""
    every = {**known_styles(), **own_styles()}
    return tuple(replace(style, words=every[style.name].foreign("{prompt}")[0]) for style in styles)


def find_template_negative(styles: Iterable[UsedStyle]) -> str:
    """Return what the styles of a picture steer away from in models made elsewhere; a style turned round is itself left out."""
    every = {**known_styles(), **own_styles()}
    words = (every[style.name].negative if style.strength > 0 else every[style.name].words for style in styles)
    return ", ".join(dict.fromkeys(part for part in words if part))


def wrap_in_templates(prompt: str, styles: Iterable[UsedStyle]) -> str:
    """Return a prompt inside of the templates of its styles, the last one outermost; those turned round are left out."""
    for style in styles:
        if style.strength > 0:
            prompt = style.words.replace("{prompt}", prompt)
    return prompt


def _leading(styles: Iterable[UsedStyle]) -> list[Style]:
    """Return the package's styles that lead a picture: the strongest of those asked for, and the one the prompt names."""
    styles = tuple(styles)
    known = known_styles()
    strongest = max((style for style in styles if not style.typed), key=lambda style: style.strength, default=None)
    leading = [strongest] if strongest and strongest.strength >= LEADING_STRENGTH else []
    leading += [style for style in styles if style.typed]
    return [known[style.name] for style in leading if style.name in known and known[style.name].words == style.words]


def _plain(name: str) -> str:
    return re.sub(r"[\s_]+", " ", name).strip().lower()


def _find(asked: str, among: Mapping[str, Style], whole: str) -> str:
    """Return the name of a style however it is written; StyleError names the nearest."""
    name = _plain(asked)
    squeezed = re.sub(r"[\s-]+", "", name)
    for known, style in among.items():
        if name == known or (squeezed and squeezed == re.sub(r"[\s-]+", "", known)):
            return known
        if name in style.aliases:
            return known
    inside = f" in {whole[:80]!r}" if asked.strip() != whole.strip() else ""
    raise StyleError(f"unknown style {asked[:40]!r}{inside}{did_you_mean(name, among)}; known: {', '.join(among)}")
