"""Two models on the same prompts and seeds: every number of both, and the paired difference with its interval.

    OUT/compare.json     every number, every prompt with what both were read as
    OUT/compare.md       the table
    OUT/compare.png      plots, and pictures of A above those of B
    OUT/pictures-1.png   every pair, A left of B, the wrong ones framed

Pairs are drawn together in the bootstrap, so what both models find hard does not blur the difference. A difference is B - A; it
is called sure when its interval leaves out 0.
"""

import json
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mutoscope import __version__
from mutoscope.evaluate.frechet import frechet_distance
from mutoscope.evaluate.intervals import bootstrap, bootstrap_difference, bootstrap_mean
from mutoscope.evaluate.judge import Judge, load_judge
from mutoscope.evaluate.kernel import kernel_distance, kernel_within
from mutoscope.evaluate.manifold import is_covered, radii
from mutoscope.evaluate.model_under_test import ModelUnderTest
from mutoscope.evaluate.motion import changes, flicker, render_clip
from mutoscope.evaluate.page import draw_page
from mutoscope.evaluate.plan import SUITES, Plan
from mutoscope.evaluate.prompts import (
    REFERENCE_SEED,
    Known,
    Question,
    ask_held_out,
    ask_moving_scenes,
    draw_known_scenes,
)
from mutoscope.evaluate.renders import render_pictures
from mutoscope.evaluate.report import table
from mutoscope.evaluate.sheets import draw_sheets
from mutoscope.evaluate.suite import check_seeds
from mutoscope.evaluate.tally import list_attributes
from mutoscope.evaluate.thing_reader import find_thing_reader
from mutoscope.evaluate.things import ask_things
from mutoscope.events import Event, Phase
from mutoscope.media import Provenance, atomic_write, write_picture
from mutoscope.media.storage import make_folder

Row = dict[str, Any]  # {"n", "A", "B", "difference"}, each a number with its interval
Pair = tuple[ModelUnderTest, ModelUnderTest]
Sides = tuple[list[np.ndarray], list[np.ndarray]]  # pictures of A and of B, uint8 (H, W, 3)
EPSILON = 1e-6  # keeps a clip that stands still from dividing by zero


def run(
    a: ModelUnderTest, b: ModelUnderTest, out: Path, *, plan: Plan = SUITES["quick"], judge: Path | None = None
) -> Iterator[Event]:
    """Compare two models; the last event carries the path of compare.md. What can be refused is, before any work."""
    reader = load_judge(judge)
    check_seeds(reader)
    known = replace(a.known, other=b.known)
    questions = ask_held_out(plan.count, known)
    make_folder(Path(out))
    pictures = yield from _draw_both((a, b), questions)
    thing_rows = yield from _compare_things((a, b), plan.things, known)
    reference = yield from _render_reference(plan.reference, known)
    reads = [reader.classify(side) for side in pictures]
    rows = {
        **_compare_shares(questions, reads),
        **thing_rows,
        **_compare_sets(reader, questions, pictures, reference),
        **(yield from _compare_clips((a, b), ask_moving_scenes(plan.clips, known), plan.frames)),
    }
    report = {
        "software": f"Mutoscope {__version__}",
        "models": {name: {"name": each.name, "hash": each.model_hash} for name, each in (("A", a), ("B", b))},
        "judge": reader.provenance(),
        "reference": plan.reference,
        "rows": rows,
        "answers": _list_answers(questions, reads),
    }
    yield Event("done", 1, 1, result=_write(Path(out), report, questions, pictures, reads))


def _draw_both(models: Pair, questions: list[Question]) -> Generator[Event, None, Sides]:
    phase, found = Phase("draw", 2 * len(questions)), ([], [])
    yield phase.start()
    for q in questions:
        for model, pictures in zip(models, found, strict=True):
            pictures.append(model.draw_picture(q.prompt, q.seed))
            yield phase.advance(preview=pictures[-1])
    return found


def _render_reference(count: int, known: Known) -> Generator[Event, None, list[np.ndarray]]:
    scenes = draw_known_scenes(known, REFERENCE_SEED)
    phase, found = Phase("render reference", count), []
    for picture in render_pictures([next(scenes) for _ in range(count)]):
        found.append(picture)
        yield phase.advance()
    return found


def _compare_things(models: Pair, count: int, known: Known) -> Generator[Event, None, dict[str, Row]]:
    """Shares of things as asked; none where the network that reads things is not installed, or a model knows no things."""
    reader = find_thing_reader()
    questions = ask_things(count, known, reader.card["labels"]["object"]) if reader else []
    if reader is None or not questions:
        return {}
    pictures = yield from _draw_both(models, questions)
    return _compare_shares(questions, [reader.classify(side) for side in pictures])


def _list_answers(questions: list[Question], reads: list[list[dict[str, str]]]) -> list[dict[str, Any]]:
    return [
        {"prompt": q.prompt, "seed": q.seed, "asked": q.asked, "A": one, "B": other}
        for q, one, other in zip(questions, *reads, strict=True)
    ]


def _compare_shares(questions: list[Question], reads: list[list[dict[str, str]]]) -> dict[str, Row]:
    """Shares of what was asked; only prompts that ask for an attribute count for it."""
    asked, found = [q.asked for q in questions], {}
    for name in list_attributes(asked):
        parts = name.split(" and ")
        rows = [row for row, facts in enumerate(asked) if all(part in facts for part in parts)]
        hits = [
            np.array([all(read[row][part] == asked[row][part] for part in parts) for row in rows]) for read in reads
        ]
        found[f"{name} as asked"] = bootstrap_pair_means(*hits)
    return found


def _compare_sets(
    judge: Judge, questions: list[Question], pictures: Sides, reference: list[np.ndarray]
) -> dict[str, Row]:
    """Distances to the reference, fit of words; see fidelity.py."""
    features, theirs = [judge.features(side) for side in pictures], judge.features(reference)
    within, reach = kernel_within(theirs), radii(theirs)
    texts = judge.embed_texts([q.prompt for q in questions])
    fits = [100 * (judge.embed_pictures(side) * texts).sum(1) for side in pictures]
    return {
        "FD-own": bootstrap_pair(lambda rows, side: frechet_distance(features[side][rows], theirs), len(questions)),
        "KID-own": bootstrap_pair(
            lambda rows, side: kernel_distance(features[side][rows], theirs, within), len(questions)
        ),
        "precision": bootstrap_pair_means(*(is_covered(side, theirs, reach) for side in features)),
        "recall": bootstrap_pair_means(*(is_covered(theirs, side, radii(side)) for side in features)),
        "TextSim-own": bootstrap_pair_means(*fits),
    }


def _compare_clips(models: Pair, questions: list[Question], frames: int) -> Generator[Event, None, dict[str, Row]]:
    """Change and flicker of clips over those of the renders of the same scenes."""
    if not questions or any(model.draw_clip is None for model in models):
        return {}
    phase, found = Phase("draw clips", 2 * len(questions)), ([], [])
    yield phase.start()
    for q in questions:
        truth = None
        for model, numbers in zip(models, found, strict=True):
            assert model.draw_clip is not None and q.spec is not None
            clip = model.draw_clip(q.prompt, q.seed, frames)
            if truth is None or truth.shape != clip.shape:  # models may differ in size
                truth = render_clip(q.spec, len(clip), clip.shape[2], clip.shape[1])
            numbers.append(_divide_motion(clip, truth))
            yield phase.advance(preview=clip[-1])
    a, b = (np.array(numbers) for numbers in found)
    return {
        f"clips: {name} over the renders'": bootstrap_pair_means(a[:, row], b[:, row])
        for row, name in enumerate(("change", "flicker"))
    }


def _divide_motion(clip: np.ndarray, truth: np.ndarray) -> list[float]:
    """Return change and flicker of a clip over those of the render of its scene."""
    pairs = ((changes(clip).mean(), changes(truth).mean()), (flicker(clip), flicker(truth)))
    return [float(ours / max(EPSILON, theirs)) for ours, theirs in pairs]


def bootstrap_pair_means(a: np.ndarray, b: np.ndarray) -> Row:
    """Return the means of two arrays (n,) of the same prompts, and their difference, with bootstrap intervals."""
    return {"n": len(a), "A": bootstrap_mean(a), "B": bootstrap_mean(b), "difference": bootstrap_difference(a, b)}


def bootstrap_pair(number: Callable[[np.ndarray, int], float], n: int) -> Row:
    """Return `number(rows, side)` of both sides and its difference; the difference draws the same rows for both."""
    return {
        "n": n,
        "A": bootstrap(lambda rows: number(rows, 0), n),
        "B": bootstrap(lambda rows: number(rows, 1), n),
        "difference": bootstrap(lambda rows: number(rows, 1) - number(rows, 0), n),
    }


def is_sure(difference: dict[str, Any]) -> bool:
    """Say whether the interval of a difference leaves out 0."""
    return difference["low"] > 0 or difference["high"] < 0


# --------------------------------------------------------------------------------------------------------------- writing


def markdown(report: dict[str, Any]) -> str:
    """Return the comparison as one page."""
    a, b = (report["models"][name] for name in "AB")
    rows = [
        (
            name,
            str(row["n"]),
            *(_cell(row[side]) for side in ("A", "B", "difference")),
            "yes" if is_sure(row["difference"]) else "no",
        )
        for name, row in report["rows"].items()
    ]
    lines = [
        "# Comparison",
        "",
        f"A is {a['name']} `{a['hash'] or 'no hash'}`, B is {b['name']} `{b['hash'] or 'no hash'}`: the same prompts and seeds,",
        f"read by the judge `{report['judge']['sha256'][:16]}`, {report['reference']} renders as reference.",
        "Intervals are 95 % (bootstrap over pairs).",
        "FD-own, KID-own: less is better. Change and flicker of clips: 1 is what the renders have.",
        "",
        *table("measure|n|A|B|B - A|sure", rows),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _cell(number: dict[str, Any]) -> str:
    return f"{number['value']:.3g} ({number['low']:.3g} to {number['high']:.3g})"


def _write(out: Path, report: dict[str, Any], questions: list[Question], pictures: Sides, reads: Any) -> Path:
    provenance = Provenance(request_json=None, parameters=None, software=report["software"], marking=True)
    plots: dict[str, Any] = {"A and B": {}, "B - A": {}}
    for name, row in report["rows"].items():
        plots["A and B"][name] = {"A": row["A"], "B": row["B"]}
        plots["B - A"][name] = {"B": row["difference"]}
    title = " against ".join(f"{name}: {each['name']} {each['hash']}" for name, each in report["models"].items())
    write_picture(draw_page(title, plots, [side[:16] for side in pictures]), out / "compare.png", provenance)
    beside = [[value for pair in zip(*sides, strict=True) for value in pair] for sides in (pictures, reads)]
    asked = [q.asked for q in questions for _ in range(2)]
    for number, sheet in enumerate(draw_sheets(beside[0], asked, beside[1]), 1):
        write_picture(sheet, out / f"pictures-{number}.png", provenance)
    text, page = json.dumps(report, indent=1, ensure_ascii=False).encode(), markdown(report).encode()
    atomic_write(out / "compare.json", lambda file: file.write(text))
    return atomic_write(out / "compare.md", lambda file: file.write(page))
