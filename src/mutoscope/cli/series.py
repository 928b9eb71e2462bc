"""Series of pictures on the command line: what recipes there are, and one of them drawn into a folder."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutoscope.cli import arguments as ask
from mutoscope.cli import naming
from mutoscope.cli.console import say, table, watch
from mutoscope.cli.generate import RunOptions, save


@dataclass(frozen=True)
class SeriesOptions:
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
        found = found.revise(
            self.motif, self.headline, **{key: one for key, one in settings.items() if one is not None}
        )
        if self.prompts is not None:
            found = found.with_prompts(ask.read_prompts(Path(self.prompts)))
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


def draw(asked: SeriesOptions, out: str | None, run: RunOptions) -> None:
    """Draw a series into a folder: each picture as soon as it is finished, those with words set on them, and the sheet."""
    from mutoscope.media import Provenance, write_picture
    from mutoscope.models import SOFTWARE
    from mutoscope.series import check_series, draw_series, lay_out

    series = asked.series()
    model = run.open_image_model()
    check_series(series, model)
    folder = naming.folder(out, naming.slug(Path(asked.name).stem))
    start = time.perf_counter()
    drawn = []
    for panel in series.panels:
        one = watch(draw_series(series, model, (panel,)), quiet=run.quiet)[0]
        drawn.append(one)
        save(one.picture, naming.Target(folder / f"{panel.name}.png"), run, time.perf_counter() - start)
    plain = Provenance(None, None, SOFTWARE, run.marking)
    pages = [write_picture(page, folder / f"{name}.png", plain) for name, page in lay_out(series, drawn).items()]
    if run.as_json:
        facts = {"recipe": asked.name, "title": series.title, "seconds": round(time.perf_counter() - start, 3),
                 "files": [str(folder / f"{one.panel.name}.png") for one in drawn] + [str(page) for page in pages]}  # fmt: skip
        say(json.dumps(facts, ensure_ascii=True))
    else:
        for page in pages:
            say(page)
