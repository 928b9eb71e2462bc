"""Series of pictures on the command line: what recipes there are, and one of them drawn into a folder."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutoscope.cli import arguments as ask
from mutoscope.cli import loading, naming
from mutoscope.cli.console import note, say, table, watch
from mutoscope.cli.generate import Way
from mutoscope.errors import MutoscopeError


@dataclass(frozen=True)
class SeriesWish:
    """What was asked: a recipe by name, or `plan` of a file with that path, and what goes before what it says."""

    name: str
    plan: dict[str, Any] | None = None
    motif: str | None = None
    headline: str | None = None
    prompts: str | None = None
    style: str | None = None
    size: str | None = None
    steps: int | None = None
    seed: str | None = None

    def series(self) -> Any:
        """Return the checked series; RequestError or its kin say what no model could do."""
        from mutoscope.series import find_series, parse_series

        found = find_series(self.name) if self.plan is None else parse_series(self.plan, Path(self.name))
        settings = {"style": self.style, "num_inference_steps": self.steps, **ask.ask_size(self.size, None, None)}
        settings |= {} if self.seed is None else {"seed": ask.read_seed(self.seed)}
        found = found.said(self.motif, self.headline, **{key: one for key, one in settings.items() if one is not None})
        if self.prompts is not None:
            found = found.told(ask.read_prompts(Path(self.prompts)))
        for panel in found.panels:
            try:
                asked = {key: one for key, one in panel.settings.items() if key != "adapter"}
                loading.check_request(prompt=found.prompt_of(panel), **asked)
            except MutoscopeError as error:
                raise type(error)(f"picture {panel.name!r}: {error}") from error
        return found


def show_list(as_json: bool) -> None:
    """Print the recipes of the package."""
    from mutoscope.series import find_series, names

    found = {name: find_series(name) for name in names()}
    if as_json:
        say(json.dumps({name: {"about": one.about, "domain": one.domain, "pictures": len(one.panels)}
                        for name, one in found.items()}))  # fmt: skip
        return
    table([(name, f"{one.about} ({one.domain})") for name, one in found.items()])


def draw(wish: SeriesWish, out: str | None, way: Way) -> None:
    """Draw a series into a folder: each picture, those with words set on them, and the sheet; print the files."""
    from mutoscope.media import Provenance, write_picture
    from mutoscope.models import SOFTWARE
    from mutoscope.series import draw_series, lay_out

    series = wish.series()
    folder = naming.folder(out, naming.slug(Path(wish.name).stem))
    start = time.perf_counter()
    drawn = watch(draw_series(series, way.load(loading.load_image_model)), quiet=way.quiet)
    files = [
        one.picture.save(folder / f"{one.panel.name}.png", metadata=way.metadata, marking=way.marking) for one in drawn
    ]
    plain = Provenance(None, None, SOFTWARE, way.marking)
    files += [write_picture(page, folder / f"{name}.png", plain) for name, page in lay_out(series, drawn).items()]
    warnings = dict.fromkeys(warning for one in drawn for warning in one.picture.warnings)
    if not way.quiet:
        for warning in warnings:
            note(f"mutoscope: warning: {warning}")
    if way.as_json:
        facts = {"recipe": wish.name, "title": series.title, "seconds": round(time.perf_counter() - start, 3),
                 "files": [str(file) for file in files], "warnings": list(warnings),
                 "requests": [json.loads(one.picture.request.to_json()) for one in drawn]}  # fmt: skip
        say(json.dumps(facts, ensure_ascii=True))
    else:
        for file in files:
            say(file)
