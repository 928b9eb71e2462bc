"""Series of pictures that belong together, each from one TOML file: a storyboard, a campaign, a lesson.

    title, about, domain       what it is for
    motif, headline            what {motif} stands for, and the words to be set; the command line can give others
    columns                    of the sheet, 0 for no sheet
    [all]                      what every picture has
    [[picture]]                name, label, prompt, and whatever it has of its own

Besides what `TextToImageModel.generate` takes, a picture can ask for `calm`: the side on which it must be quiet enough for words.
Of `tries` seeds the quietest is taken; `headline = true` sets the words there, in a second file.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from mutoscope.errors import MutoscopeError, OutputError, SettingError, did_you_mean
from mutoscope.events import Event, Phase
from mutoscope.series.layout import SIDES, find_quiet, set_words, sheet_of
from mutoscope.text_files import read_toml

FOLDER = Path(__file__).parent / "plans"
MAX_FILE_BYTES = 1 << 20  # bytes
MAX_PICTURES, MAX_TRIES = 64, 16
SERIES_KEYS = ("title", "about", "domain", "motif", "headline", "columns", "all", "picture")
PANEL_KEYS = ("name", "label", "prompt", "calm", "tries", "headline")
PICTURE_OPTIONS = ("style", "size", "width", "height", "negative_prompt", "num_inference_steps", "guidance_scale", "seed", "adapter",
         "variation", "variation_seed", "objects", "postprocess")  # fmt: skip


@dataclass(frozen=True)
class Panel:
    """One picture of a series; `settings` are those of TextToImageModel.generate."""

    name: str
    prompt: str
    label: str = ""
    calm: str = ""  # one of SIDES, or "" for anywhere
    tries: int = 1  # seeds of which the quietest on that side is taken
    headline: bool = False  # the series' words are set on it
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Series:
    """A plan of pictures."""

    title: str
    panels: tuple[Panel, ...]
    about: str = ""
    domain: str = ""
    motif: str = ""
    headline: str = ""
    columns: int = 3

    def revise(self, motif: str | None = None, headline: str | None = None, **settings: Any) -> "Series":
        """Return the series with another motif, other words, and settings that go before those of the file."""
        panels = tuple(replace(panel, settings={**panel.settings, **settings}) for panel in self.panels)
        changed = {"motif": motif, "headline": headline}
        return replace(self, panels=panels, **{name: text for name, text in changed.items() if text is not None})

    def with_prompts(self, prompts: list[str]) -> "Series":
        """Return the series with these prompts, in the manner of its first picture."""
        if not 1 <= len(prompts) <= MAX_PICTURES:
            raise SettingError(f"a series has 1 to {MAX_PICTURES} prompts, got {len(prompts)}")
        first = self.panels[0]
        panels = tuple(
            replace(first, name=f"panel-{number}", prompt=prompt, label=f"{number}. {prompt}")
            for number, prompt in enumerate(prompts, 1)
        )
        return replace(self, panels=panels)

    def prompt_of(self, panel: Panel) -> str:
        """Return what is asked for, the motif filled in."""
        return panel.prompt.replace("{motif}", self.motif)


def names() -> list[str]:
    """Return the series of the package by name."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def find_series(name: str) -> Series:
    """Return a series of the package; SettingError names the nearest."""
    if name not in names():
        raise SettingError(f"unknown recipe {name[:40]!r}{did_you_mean(name, names())}; known: {', '.join(names())}")
    return read_series(FOLDER / f"{name}.toml")


def read_series(path: Path) -> Series:
    """Read a series from its file; OutputError or SettingError say in one line what is wrong with it."""
    return parse_series(load_plan(path), path)


def load_plan(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML file; OutputError or SettingError where there are none."""
    if not path.is_file():
        raise OutputError(f"{str(path)!r} is not a file")
    try:
        return read_toml(path, MAX_FILE_BYTES)
    except ValueError as error:
        raise SettingError(f"{path}: {error}") from error


def parse_series(plan: dict[str, Any], path: Path) -> Series:
    """Make a series from the tables of its file."""
    _check_keys(plan, SERIES_KEYS, path, "the file")
    shared, panels = plan.get("all", {}), plan.get("picture", [])
    if not isinstance(shared, dict) or not isinstance(panels, list) or not 1 <= len(panels) <= MAX_PICTURES:
        raise SettingError(f"{path}: a series needs 1 to {MAX_PICTURES} [[picture]], and [all] is a table")
    head = {}
    for key, kind in (
        ("title", str),
        ("about", str),
        ("domain", str),
        ("motif", str),
        ("headline", str),
        ("columns", int),
    ):
        head[key] = plan.get(key, path.stem if key == "title" else 3 if key == "columns" else "")
        if not isinstance(head[key], kind) or isinstance(head[key], bool):
            raise SettingError(
                f"{path}: {key} must be {'text' if kind is str else 'a whole number'}, got {head[key]!r}"
            )
    if not 0 <= head["columns"] <= MAX_PICTURES:
        raise SettingError(f"{path}: columns must be from 0 to {MAX_PICTURES}, got {head['columns']}")
    return Series(panels=tuple(_panel(shared, panel, number, path) for number, panel in enumerate(panels, 1)), **head)


def _panel(shared: dict[str, Any], own: Any, number: int, path: Path) -> Panel:
    where = f"[[picture]] {number}"
    if not isinstance(own, dict):
        raise SettingError(f"{path}: {where} is not a table")
    _check_keys(shared, (*PANEL_KEYS, *PICTURE_OPTIONS), path, "[all]")
    _check_keys(own, (*PANEL_KEYS, *PICTURE_OPTIONS), path, where)
    given = {"name": f"picture-{number}", **shared, **own}
    for key in ("name", "label", "prompt", "calm"):
        if not isinstance(given.get(key, ""), str):
            raise SettingError(f"{path}: {key} of {where} must be text, got {given[key]!r}")
    if not given.get("prompt", "").strip():
        raise SettingError(f"{path}: {where} has no prompt")
    if given.get("calm", "") not in ("", *SIDES):
        raise SettingError(f"{path}: calm of {where} must be one of {', '.join(SIDES)}, got {given['calm']!r}")
    tries, headline = given.get("tries", 1), given.get("headline", False)
    if not isinstance(tries, int) or isinstance(tries, bool) or not 1 <= tries <= MAX_TRIES:
        raise SettingError(f"{path}: tries of {where} must be from 1 to {MAX_TRIES}, got {tries!r}")
    if not isinstance(headline, bool):
        raise SettingError(f"{path}: headline of {where} must be true or false, got {headline!r}")
    settings = {key: value for key, value in given.items() if key in PICTURE_OPTIONS}
    return Panel(**{key: given[key] for key in PANEL_KEYS if key in given}, settings=settings)


def _check_keys(table: Mapping[str, Any], known: tuple[str, ...], path: Path, where: str) -> None:
    for key in table:
        if key not in known:
            raise SettingError(
                f"{path}: unknown key {key!r} in {where}{did_you_mean(key, known)}; known: {', '.join(known)}"
            )


@dataclass(frozen=True)
class Drawn:
    """A panel with its picture (a `mutoscope.Picture`) and where it is quiet, rows and columns as two slices."""

    panel: Panel
    picture: Any
    quiet: tuple[slice, slice] | None = None


def check_series(series: Series, model: Any) -> None:
    """Raise a RequestError that names the picture for what `model`, a TextToImageModel, cannot draw; loads no weights."""
    for panel in series.panels:
        try:
            model.requests(model.options(series.prompt_of(panel), **panel.settings))
        except MutoscopeError as error:
            raise type(error)(f"picture {panel.name!r}: {error}") from error


def draw_series(series: Series, model: Any, panels: Sequence[Panel] | None = None) -> Iterator[Event]:
    """Draw pictures of a series, all of them unless told, with a TextToImageModel.

    Yields events, the last one "done" with a list of `Drawn`.
    """
    panels = series.panels if panels is None else panels
    drawing = Phase("series", sum(panel.tries for panel in panels))
    yield drawing.start()
    drawn = []
    for panel in panels:
        tried = []
        for number in range(panel.tries):
            settings = dict(panel.settings)
            settings["seed"] = settings.get("seed", 0) + number
            picture = model.generate(series.prompt_of(panel), **settings)
            quiet, unrest = find_quiet(picture.pixels, panel.calm) if panel.calm else (None, 0.0)
            tried.append((unrest, number, Drawn(panel, picture, quiet)))
            yield drawing.advance()
        drawn.append(min(tried, key=lambda one: one[:2])[2])
    yield Event("done", 1, 1, 0.0, result=drawn)


def lay_out(series: Series, drawn: list[Drawn]) -> dict[str, np.ndarray]:
    """Return what is made of the pictures by name, uint8 (H, W, 3): those with the headline on them, and the sheet."""
    pages = {}
    for one in drawn:
        if one.panel.headline and series.headline and one.quiet is not None:
            pages[f"{one.panel.name}-headline"] = set_words(one.picture.pixels, series.headline, one.quiet)
    if series.columns:
        cells = [(pages.get(f"{one.panel.name}-headline", one.picture.pixels), one.panel.label) for one in drawn]
        pages["sheet"] = sheet_of(series.title, cells, series.columns)
    return pages
