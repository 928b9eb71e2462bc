"""One run of the evaluation: draw what was asked, read it, compare it with renders, write tables, a page and contact sheets.

    OUT/report.json          every number, every prompt with what was asked and read
    OUT/report.md            the tables a person reads
    OUT/page.png             plots with their intervals, and samples
    OUT/pictures-1.png ...   the pictures, wrong ones framed; likewise styles-1.png, free-1.png, things-1.png; clips-1.png

What cannot be measured (no clips, no training pictures given, no encoder in the checkpoint) is listed as such.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mutoscope import __version__
from mutoscope.errors import DataError, SettingError
from mutoscope.evaluate import things
from mutoscope.evaluate.evaluation import Evaluation, Pictures
from mutoscope.evaluate.judge import Judge, load_judge
from mutoscope.evaluate.measure_clips import measure_cameras, measure_clips
from mutoscope.evaluate.measure_pictures import (
    measure_blind_set,
    measure_codec,
    measure_copies,
    measure_free_prompts,
    measure_pictures,
    measure_sets,
    measure_styles,
    measure_things,
)
from mutoscope.evaluate.model_under_test import ModelUnderTest
from mutoscope.evaluate.page import make_report_page
from mutoscope.evaluate.plan import SUITES, Plan
from mutoscope.evaluate.preference import find_preference, read_votes
from mutoscope.evaluate.prompt_sets import BlindSet, read_blind_set
from mutoscope.evaluate.prompts import REFERENCE_SEED, SEED, Known, Question, ask_free_prompts, ask_held_out
from mutoscope.evaluate.report import check_thresholds, markdown
from mutoscope.evaluate.standard import Standard
from mutoscope.evaluate.thing_reader import ThingReader
from mutoscope.events import Event
from mutoscope.media import Provenance, atomic_write, write_picture
from mutoscope.media.storage import make_folder
from mutoscope.world.sprites import SpriteLibrary

SAMPLE_PICTURES = 16  # on the page


def run(
    model: ModelUnderTest,
    out: Path,  # the folder to fill
    *,
    plan: Plan = SUITES["quick"],
    judge: Path | None = None,  # its folder; None = the one of this package
    training: Path | None = None,  # the captioned folder the model learned from, to look for copies
    standard: Standard | None = None,  # networks with public weights, see standard.py
    sprites: SpriteLibrary | None = None,  # to render the scenes with things beside what is drawn of them
    votes: Path | None = None,  # of people who saw blind pairs, see preference.py
    blind: Path | None = None,  # prompts that are not in the repository, see prompt_sets.py
) -> Iterator[Event]:
    """Evaluate a model; the last event carries the path of report.md. Everything that can be refused is, before any work."""
    found = Evaluation(model, load_judge(judge), plan, standard, sprites)
    check_seeds(found.judge)
    learned = read_training_pictures(training, plan.training) if training else None
    questions = ask_held_out(plan.count, model.known)
    preference = find_preference(read_votes(votes), model.model_hash) if votes else None
    blind_set = read_blind_set(blind) if blind else None
    blind_questions = _ask_blind_set(blind_set, model.known) if blind_set else []
    make_folder(Path(out))
    start = time.monotonic()
    sets = yield from measure_pictures(found, questions)
    if plan.styles:
        yield from measure_styles(found, questions, sets)
    reference = yield from measure_sets(found, sets)
    measure_copies(found, sets["generated"], reference, learned)
    yield from measure_free_prompts(found)
    yield from measure_blind_set(found, blind_set, blind_questions)
    yield from measure_things(found)
    yield from measure_clips(found)
    yield from measure_cameras(found)
    measure_codec(found, sets["renders"])
    _measure_speed(found)
    _add_preference(found, preference)
    samples = [sets[name][:SAMPLE_PICTURES] for name in ("generated", "renders")]
    yield Event("done", 1, 1, result=_write(Path(out), _make_report(found, start), found.sheets, samples))


def check_seeds(judge: Judge | ThingReader) -> None:
    """Refuse a judge that has learned from the pictures it is to be tested with; raises SettingError."""
    if both := judge.seeds & {SEED, REFERENCE_SEED, things.SEED}:
        raise SettingError(
            f"the judge was trained on world {min(both)}, which the evaluation asks for; train it on another seed"
        )


def read_training_pictures(folder: Path, limit: int) -> Pictures:
    """Return pictures of the captioned folders in `folder`, every k-th, at most `limit`; OutputError when there are none."""
    from mutoscope.data.cache import open_folders

    folders = [each for each in open_folders(Path(folder)) if not each.is_clips]
    if not folders:
        raise SettingError(f"{folder} holds clips only; copies are looked for among pictures")
    every = max(1, -(-sum(map(len, folders)) // limit))
    return [each.pixels[row, 0] for each in folders for row in range(0, len(each), every)]


def _ask_blind_set(blind: BlindSet, known: Known) -> list[Question]:
    questions = ask_free_prompts(known, blind.prompts)
    if not questions:
        raise DataError(
            f"none of the {len(blind.prompts)} prompts of the blind set is about a scene that this model knows"
        )
    return questions


def _measure_speed(found: Evaluation) -> None:
    if found.model.measure_speed is None:
        found.missing["speed"] = "this model tells no stages apart"
    else:
        found.numbers["speed"] = found.model.measure_speed()


def _add_preference(found: Evaluation, preference: dict[str, Any] | None) -> None:
    if preference:
        found.numbers["preference"] = preference
    else:
        found.missing["preference"] = "no votes: mutoscope compare A B --blind PAGE.html makes a page that gathers them"


def _make_report(found: Evaluation, start: float) -> dict[str, Any]:
    return {
        "software": f"Mutoscope {__version__}",
        "model": {"name": found.model.name, "hash": found.model.model_hash},
        "plan": asdict(found.plan),
        "judge": found.judge.provenance(),
        **found.numbers,
        "not_measured": found.missing,
        "thresholds": check_thresholds(found.numbers),
        "seconds": round(time.monotonic() - start, 1),
    }


def _write(out: Path, report: dict[str, Any], sheets: dict[str, Pictures], samples: list[Pictures]) -> Path:
    provenance = Provenance(request_json=None, parameters=None, software=report["software"], marking=True)
    for name, pages in sheets.items():
        for number, page in enumerate(pages, 1):
            write_picture(page, out / f"{name}-{number}.png", provenance)
    write_picture(make_report_page(report, samples), out / "page.png", provenance)
    text, page = json.dumps(report, indent=1, ensure_ascii=False).encode(), markdown(report).encode()
    atomic_write(out / "report.json", lambda file: file.write(text))
    return atomic_write(out / "report.md", lambda file: file.write(page))
