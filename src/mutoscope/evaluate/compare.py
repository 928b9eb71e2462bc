"""Two models on the same prompts and seeds: every number of both, and the paired difference with its interval.

    OUT/compare.json     every number, every prompt with what both were read as
    OUT/compare.md       the table
    OUT/compare.png      plots, and pictures of A above those of B
    OUT/pictures-1.png   every pair, A left of B, the wrong ones framed

Pairs are drawn together in the bootstrap, so what both models find hard does not blur the difference. A difference is B - A; it
is called sure when its interval leaves out 0.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mutoscope import __version__
from mutoscope.evaluate.frechet import frechet_distance
from mutoscope.evaluate.intervals import bootstrap, mean_of, shift_of
from mutoscope.evaluate.judge import Judge, load_judge
from mutoscope.evaluate.kernel import KernelDistance
from mutoscope.evaluate.manifold import covered, radii
from mutoscope.evaluate.motion import changes, flicker, render_clip
from mutoscope.evaluate.page import draw_page
from mutoscope.evaluate.painter import Painter
from mutoscope.evaluate.prompts import REFERENCE_SEED, Question, held_out_questions, known_scenes, moving_questions
from mutoscope.evaluate.renders import render_pictures
from mutoscope.evaluate.report import table
from mutoscope.evaluate.sheets import marked_sheets
from mutoscope.evaluate.suite import SUITES, Plan, check_seeds
from mutoscope.evaluate.tally import names_of
from mutoscope.evaluate.thing_reader import thing_reader_if_any
from mutoscope.evaluate.things import thing_questions
from mutoscope.events import Event, Phase
from mutoscope.media import Provenance, atomic_write, write_picture
from mutoscope.media.storage import make_folder

Draw = Callable[[str, int], np.ndarray]
Row = dict[str, Any]  # {"n", "A", "B", "difference"}, each a number with its interval
TINY = 1e-6  # levels


def run(
    a: Painter, b: Painter, out: Path, *, plan: Plan = SUITES["quick"], judge: Path | None = None
) -> Iterator[Event]:
    """Compare two painters; the last event carries the path of compare.md. What can be refused is, before any work."""
    reader = load_judge(judge)
    check_seeds(reader)
    known = replace(a.known, other=b.known)
    questions = held_out_questions(plan.count, known)
    things = thing_reader_if_any()
    furnished = thing_questions(plan.things, known, things.card["labels"]["object"]) if things else []
    make_folder(Path(out))
    pictures = yield from _drawn((a.draw, b.draw), questions)
    with_things = (yield from _drawn((a.draw, b.draw), furnished)) if furnished else ([], [])
    scenes = known_scenes(known, REFERENCE_SEED)
    phase, reference = Phase("render reference", plan.reference), []
    for picture in render_pictures([next(scenes) for _ in range(plan.reference)]):
        reference.append(picture)
        yield phase.advance()
    reads = [reader.read(side) for side in pictures]
    of_things = _reading(furnished, [things.read(side) for side in with_things] if things else [])
    rows = {**_reading(questions, reads), **of_things, **_sets(reader, questions, pictures, reference)}
    if a.move and b.move and (moving := moving_questions(plan.clips, known)):
        rows |= yield from _clips((a, b), moving, plan.frames)
    report = {
        "software": f"Mutoscope {__version__}",
        "models": {name: {"name": each.name, "hash": each.model_hash} for name, each in (("A", a), ("B", b))},
        "judge": reader.papers(),
        "reference": plan.reference,
        "rows": rows,
        "answers": [
            {"prompt": q.prompt, "seed": q.seed, "asked": q.asked, "A": one, "B": other}
            for q, one, other in zip(questions, *reads, strict=True)
        ],
    }
    yield Event("done", 1, 1, result=_write(Path(out), report, questions, pictures, reads))


def _drawn(ways: tuple[Draw, Draw], questions: list[Question]) -> Iterator[Event]:
    phase, found = Phase("draw", 2 * len(questions)), ([], [])
    yield phase.start()
    for q in questions:
        for draw, pictures in zip(ways, found, strict=True):
            pictures.append(draw(q.prompt, q.seed))
            yield phase.advance(preview=pictures[-1])
    return found


def _reading(questions: list[Question], reads: list[list[dict[str, str]]]) -> dict[str, Row]:
    """Shares of what was asked; only prompts that ask for an attribute count for it."""
    asked, found = [q.asked for q in questions], {}
    for name in names_of(asked):
        parts = name.split(" and ")
        rows = [row for row, facts in enumerate(asked) if all(part in facts for part in parts)]
        hits = [
            np.array([all(read[row][part] == asked[row][part] for part in parts) for row in rows]) for read in reads
        ]
        found[f"{name} as asked"] = paired_means(*hits)
    return found


def _sets(judge: Judge, questions: list[Question], pictures: Any, reference: list[np.ndarray]) -> dict[str, Row]:
    """Distances to the reference, fit of words; see fidelity.py."""
    features, theirs = [judge.features(side) for side in pictures], judge.features(reference)
    kernel, reach = KernelDistance(theirs), radii(theirs)
    texts = judge.embed([q.prompt for q in questions])
    fits = [100 * (judge.see(side) * texts).sum(1) for side in pictures]
    return {
        "FD-own": paired(lambda rows, side: frechet_distance(features[side][rows], theirs), len(questions)),
        "KID-own": paired(lambda rows, side: kernel.of(features[side][rows]), len(questions)),
        "precision": paired_means(*(covered(side, theirs, reach) for side in features)),
        "recall": paired_means(*(covered(theirs, side, radii(side)) for side in features)),
        "TextSim-own": paired_means(*fits),
    }


def _clips(painters: tuple[Painter, Painter], questions: list[Question], frames: int) -> Iterator[Event]:
    """Change and flicker of clips over those of the renders of the same scenes."""
    phase, found = Phase("draw clips", 2 * len(questions)), ([], [])
    yield phase.start()
    for q in questions:
        truth = None
        for painter, numbers in zip(painters, found, strict=True):
            assert painter.move is not None and q.spec is not None
            clip = painter.move(q.prompt, q.seed, frames)
            if truth is None:
                truth = render_clip(q.spec, len(clip), clip.shape[2], clip.shape[1])
            pairs = ((changes(clip).mean(), changes(truth).mean()), (flicker(clip), flicker(truth)))
            numbers.append([ours / max(TINY, theirs) for ours, theirs in pairs])
            yield phase.advance(preview=clip[-1])
    a, b = (np.array(numbers) for numbers in found)
    return {
        f"clips: {name} over the renders'": paired_means(a[:, row], b[:, row])
        for row, name in enumerate(("change", "flicker"))
    }


def paired_means(a: np.ndarray, b: np.ndarray) -> Row:
    """Return the means of two arrays (n,) of the same prompts, and their difference, with bootstrap intervals."""
    return {"n": len(a), "A": mean_of(a), "B": mean_of(b), "difference": shift_of(a, b)}


def paired(number: Callable[[np.ndarray, int], float], n: int) -> Row:
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


def _write(out: Path, report: dict[str, Any], questions: list[Question], pictures: Any, reads: Any) -> Path:
    provenance = Provenance(request_json=None, parameters=None, software=report["software"], marking=True)
    plots: dict[str, Any] = {"A and B": {}, "B - A": {}}
    for name, row in report["rows"].items():
        plots["A and B"][name] = {"A": row["A"], "B": row["B"]}
        plots["B - A"][name] = {"B": row["difference"]}
    title = " against ".join(f"{name}: {each['name']} {each['hash']}" for name, each in report["models"].items())
    write_picture(draw_page(title, plots, [side[:16] for side in pictures]), out / "compare.png", provenance)
    beside = [[value for pair in zip(*sides, strict=True) for value in pair] for sides in (pictures, reads)]
    asked = [q.asked for q in questions for _ in range(2)]
    for number, sheet in enumerate(marked_sheets(beside[0], asked, beside[1]), 1):
        write_picture(sheet, out / f"pictures-{number}.png", provenance)
    text, page = json.dumps(report, indent=1, ensure_ascii=False).encode(), markdown(report).encode()
    atomic_write(out / "compare.json", lambda file: file.write(text))
    return atomic_write(out / "compare.md", lambda file: file.write(page))
