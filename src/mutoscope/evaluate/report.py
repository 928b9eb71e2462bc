"""One run of the judge: draw what was asked, read it, compare it with renders, write tables and contact sheets.

    OUT/report.json          every number, every prompt with what was asked and read
    OUT/report.md            the tables a person reads
    OUT/pictures-1.png ...   the pictures, wrong ones framed; free-1.png likewise; clips-1.png beside renders

The model under test is a `Painter`: two functions from a prompt and a seed to pixels. All that draws can be judged.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mutoscope import __version__
from mutoscope.errors import SettingError
from mutoscope.evaluate.attributes import Judge, Training, examine, find_judge, render_pictures
from mutoscope.evaluate.motion import FPS, FRAMES, compare, render_clip
from mutoscope.evaluate.prompts import (
    SEED,
    SKY,
    WATER,
    Question,
    free_questions,
    held_out_questions,
    moving_questions,
)
from mutoscope.evaluate.sheets import clip_sheet, marked_sheets
from mutoscope.evaluate.tally import BOTH, floor, mixups, share
from mutoscope.events import Event, Phase
from mutoscope.media import Provenance, atomic_write, write_picture
from mutoscope.media.storage import make_folder

BARS = {"scene": 0.90, "light": 0.90}  # least share on held-out combinations
FREE_BAR = 0.85  # least share of free-worded prompts with scene and light right
RATIO_BAR = (0.5, 2.0)  # change of clips over the renders' own
JUMP_BAR = 3.0  # largest step of a clip over its mean step


@dataclass(frozen=True)
class Painter:
    """A model under test."""

    draw: Callable[[str, int], np.ndarray]  # (prompt, seed) -> uint8 (H, W, 3)
    move: Callable[[str, int], np.ndarray] | None = None  # (prompt, seed) -> uint8 (T, H, W, 3), T = FRAMES at FPS
    name: str = "unnamed"
    model_hash: str = ""


@dataclass
class _Found:
    """What a run gathers before it is written."""

    judge: Judge
    sheets: dict[str, list[np.ndarray]] = field(default_factory=dict)
    numbers: dict[str, Any] = field(default_factory=dict)


def load_painter(model: str | Path | None = None, clips: bool = True) -> Painter:
    """Return the `Painter` of a checkpoint folder, of the embedded model when None; raises what its loader raises."""
    from mutoscope.models import TextToImageModel, TextToVideoModel

    still = TextToImageModel(model)
    moving = TextToVideoModel(model) if clips else None
    request = still.generate("a lake", seed=0).request

    def draw(prompt: str, seed: int) -> np.ndarray:
        return still.generate(prompt, seed=seed).pixels

    def move(prompt: str, seed: int) -> np.ndarray:
        assert moving is not None
        return moving.generate(prompt, seed=seed, num_frames=FRAMES, fps=FPS).frames

    return Painter(draw, move if clips else None, request.model, request.model_hash)


def run(
    painter: Painter,
    out: Path,  # the folder to fill
    *,
    judge: Path = Path("runs/judge"),  # its folder; a judge is trained there when it holds none
    training: Training | None = None,  # of that judge
    count: int = 200,  # pictures of held-out combinations
    clips: int = 8,  # clips; 0 leaves them out
    free: bool = True,  # ask the free-worded prompts too
) -> Iterator[Event]:
    """Judge a painter; the last event carries the path of report.md. SettingError and OutputError before any work."""
    if count < 1 or clips < 0:
        raise SettingError(f"count must be 1 or more and clips 0 or more, got {count} and {clips}")
    make_folder(Path(out))
    start, trained = time.monotonic(), None
    for event in find_judge(judge, training):
        if event.phase == "done":
            trained = event.result
        else:
            yield event
    assert trained is not None
    found = _Found(trained)
    yield from _pictures(painter, found, held_out_questions(count))
    if free:
        yield from _free(painter, found, free_questions())
    if clips and painter.move:
        yield from _clips(painter.move, found, moving_questions(clips))
    papers = {key: trained.card[key] for key in ("sha256", "parameters", "training", "test")}
    report = {
        "software": f"Mutoscope {__version__}",
        "model": {"name": painter.name, "hash": painter.model_hash},
        "judge": papers,
        **found.numbers,
        "bars": bars(found.numbers),
        "seconds": round(time.monotonic() - start, 1),
    }
    yield Event("done", 1, 1, result=_write(Path(out), report, found.sheets))


# ---------------------------------------------------------------------------------------------------------- three parts


def _pictures(painter: Painter, found: _Found, questions: list[Question]) -> Iterator[Event]:
    """Pictures of held-out combinations; beside them renders of exactly the same scenes, sharp and softened."""
    pictures = yield from _drawn(painter, questions, "draw")
    asked, styles = [q.asked for q in questions], [q.style for q in questions]
    read = found.judge.read(pictures)
    phase = Phase("render", len(questions))
    renders = []
    for picture in render_pictures([q.spec for q in questions if q.spec]):
        renders.append(picture)
        yield phase.advance()
    truth = found.judge.read(renders)
    soft = found.judge.read([soften(picture) for picture in renders])
    found.numbers["pictures"] = {
        "n": len(questions),
        "combinations": len({(q.spec.scene, q.spec.light, q.style) for q in questions if q.spec}),
        "world_seed": SEED,
        "generated": examine(asked, read, styles),
        "renders": examine(asked, truth, styles),
        "soft_renders": examine(asked, soft, styles),
        "floor": floor(asked, read),
        "mixups": mixups(asked, read),
        "answers": _answers(questions, read),
    }
    found.sheets["pictures"] = marked_sheets(pictures, asked, read)


def _free(painter: Painter, found: _Found, questions: list[Question]) -> Iterator[Event]:
    """Free-worded prompts: no caption of the grammar."""
    pictures = yield from _drawn(painter, questions, "draw free")
    asked, read = [q.asked for q in questions], found.judge.read(pictures)
    found.numbers["free"] = {
        "n": len(questions),
        "generated": share(asked, read),
        "floor": floor(asked, read),
        "answers": _answers(questions, read),
    }
    found.sheets["free"] = marked_sheets(pictures, asked, read)


def _clips(move: Callable[[str, int], np.ndarray], found: _Found, questions: list[Question]) -> Iterator[Event]:
    """Clips against the renders of the same scenes, as large and as long."""
    phase = Phase("draw clips", len(questions))
    yield phase.start()
    generated, rendered = [], []
    for q in questions:
        clip = move(q.prompt, q.seed)
        assert q.spec is not None
        generated.append(clip)
        rendered.append(render_clip(q.spec, len(clip), clip.shape[2], clip.shape[1]))
        yield phase.advance(preview=clip[-1])
    scenes = [q.spec.scene for q in questions if q.spec]

    def part(names: Sequence[str]) -> dict[str, Any]:
        rows = [row for row, scene in enumerate(scenes) if scene in names]
        return compare([generated[row] for row in rows], [rendered[row] for row in rows])

    found.numbers["clips"] = {
        "frames": len(generated[0]),
        "fps": FPS,
        "all": part(scenes),
        "groups": {name: part(names) for name, names in (("water", WATER), ("sky", SKY)) if set(names) & set(scenes)},
        "scenes": {scene: part([scene]) for scene in dict.fromkeys(scenes)},
        "prompts": [q.prompt for q in questions],
    }
    found.sheets["clips"] = [clip_sheet(generated, rendered, scenes)]


def _drawn(painter: Painter, questions: list[Question], name: str) -> Iterator[Event]:
    """Draw every question; returns the pictures."""
    phase, pictures = Phase(name, len(questions)), []
    yield phase.start()
    for q in questions:
        pictures.append(painter.draw(q.prompt, q.seed))
        yield phase.advance(preview=pictures[-1])
    return pictures


def soften(picture: np.ndarray, times: int = 4) -> np.ndarray:
    """Return uint8 (H, W, 3) without its detail: averaged over `times` x `times` pixels and drawn up again smoothly."""
    small = Image.fromarray(picture).reduce(times)
    return np.asarray(small.resize((picture.shape[1], picture.shape[0]), Image.Resampling.BICUBIC))


def _answers(questions: list[Question], read: list[dict[str, str]]) -> list[dict[str, Any]]:
    return [
        {"prompt": q.prompt, "seed": q.seed, "style": q.style, "asked": q.asked, "read": facts}
        for q, facts in zip(questions, read, strict=True)
    ]


def bars(numbers: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what must hold: {"what", "value", "bar", "met"} of every bar that was measured."""
    rows = [
        _bar(f"{name}, held-out combinations", numbers["pictures"]["generated"]["all"][name]["share"], at_least=least)
        for name, least in BARS.items()
    ]
    if "free" in numbers:
        rows.append(_bar("scene and light, free wording", numbers["free"]["generated"][BOTH]["share"], FREE_BAR))
    if "clips" in numbers:
        parts = {"all clips": numbers["clips"]["all"], **numbers["clips"]["groups"]}
        rows += [_bar(f"change against renders, {name}", part["ratio"], *RATIO_BAR) for name, part in parts.items()]
        rows.append(_bar("largest step over the mean step", numbers["clips"]["all"]["jump"], None, JUMP_BAR))
    return rows


def _bar(what: str, value: float, at_least: float | None, at_most: float | None = None) -> dict[str, Any]:
    limits = [f">= {at_least:g}" if at_least is not None else "", f"<= {at_most:g}" if at_most is not None else ""]
    met = (at_least is None or value >= at_least) and (at_most is None or value <= at_most)
    return {"what": what, "value": value, "bar": ", ".join(filter(None, limits)), "met": met}


# -------------------------------------------------------------------------------------------------------------- writing


def _write(out: Path, report: dict[str, Any], sheets: dict[str, list[np.ndarray]]) -> Path:
    provenance = Provenance(request_json=None, parameters=None, software=report["software"], marking=True)
    for name, pages in sheets.items():
        for number, page in enumerate(pages, 1):
            write_picture(page, out / f"{name}-{number}.png", provenance)
    text, page = json.dumps(report, indent=1).encode(), markdown(report).encode()
    atomic_write(out / "report.json", lambda file: file.write(text))
    return atomic_write(out / "report.md", lambda file: file.write(page))


def markdown(report: dict[str, Any]) -> str:
    """Return the tables of a report as one page."""
    judge, pictures = report["judge"], report["pictures"]
    lines = [
        "# Evaluation",
        "",
        f"Model {report['model']['name']} `{report['model']['hash'] or 'no hash'}`, read by the judge "
        f"`{judge['sha256'][:16]}` ({judge['parameters']:,} parameters, "
        f"trained on {judge['training']['renders']:,} renders).",
        "Intervals are 95 % (Wilson for shares, bootstrap over clips for ratios).",
        "",
        *_table("bar|value|asked|met", [
            (row["what"], f"{row['value']:.3f}", row["bar"], "yes" if row["met"] else "**no**")
            for row in report["bars"]
        ]),
        f"## {pictures['n']} pictures of {pictures['combinations']} held-out combinations",
        "",
        *_shares(
            pictures["generated"]["all"],
            {"renders": pictures["renders"]["all"], "softened renders": pictures["soft_renders"]["all"]},
            pictures["floor"],
        ),
        *_styles(pictures),
        *_mixups(pictures["mixups"]),
    ]  # fmt: skip
    if "free" in report:
        lines += [f"## {report['free']['n']} free-worded prompts", ""]
        lines += _shares(report["free"]["generated"], {}, report["free"]["floor"])
        lines += _misread(report["free"]["answers"])
    if "clips" in report:
        lines += _motion(report["clips"])
    test = judge["test"]
    lines += ["## The judge on renders it has not seen", "", *_shares(test["all"], {"photos alone": test["photo"]})]
    lines += _table("style|scene|light|n", [
        (style, _percent(part["scene"]), _percent(part["light"]) if "light" in part else "", str(part["scene"]["n"]))
        for style, part in test["styles"].items()
    ])  # fmt: skip
    return "\n".join(lines).rstrip() + "\n"


def _shares(ours: dict[str, Any], beside: dict[str, Any], chance: dict[str, float] | None = None) -> list[str]:
    """Return the table of shares with those of `beside` and of chance in further columns."""
    rows = []
    for name, part in ours.items():
        row = [name, str(part["n"]), _percent(part), f"{100 * part['low']:.1f}-{100 * part['high']:.1f} %"]
        row += [_percent(other[name]) if name in other else "-" for other in beside.values()]
        rows.append([*row, f"{100 * chance[name]:.1f} %"] if chance else row)
    return _table("|".join(["attribute|n|right|95 %", *beside, *(["shuffled captions"] if chance else [])]), rows)


def _styles(pictures: dict[str, Any]) -> list[str]:
    ours, theirs = pictures["generated"]["styles"], pictures["renders"]["styles"]
    rows = [
        (style, str(part["scene"]["n"]), *(_percent(side[style][name]) for name in BARS for side in (ours, theirs)))
        for style, part in ours.items()
    ]
    return _table("style|n|scene|renders|light|renders", rows)


def _mixups(found: dict[str, list[dict[str, Any]]]) -> list[str]:
    rows = [
        (name, row["asked"], row["read"], f"{row['count']} of {row['of']}")
        for name, errors in found.items()
        for row in errors[:5]
    ]
    return _table("attribute|asked|read|times", rows) if rows else []


def _misread(answers: list[dict[str, Any]]) -> list[str]:
    rows = [
        (row["prompt"], ", ".join(row["asked"][name] for name in wrong), ", ".join(row["read"][name] for name in wrong))
        for row in answers
        if (wrong := [name for name in BARS if row["read"][name] != row["asked"][name]])
    ]
    return _table("prompt|asked|read", rows) if rows else []


def _motion(clips: dict[str, Any]) -> list[str]:
    parts = {"all": clips["all"], **clips["groups"], **clips["scenes"]}
    rows = [
        (
            name, str(part["n"]), f"{part['change']:.2f}", f"{part['rendered']:.2f}", f"{part['ratio']:.2f}",
            f"{part['low']:.2f}-{part['high']:.2f}" if part["n"] > 1 else "-", f"{part['jump']:.2f}",
            f"{part['rendered_jump']:.2f}",
        )
        for name, part in parts.items()
    ]  # fmt: skip
    title = f"## Clips: {clips['all']['n']} of {clips['frames']} frames at {clips['fps']} a second"
    said = "Change is the mean absolute difference of neighbouring frames in levels; jump is the largest over the mean."
    return [title, "", said, "", *_table("clips|n|change|renders|ratio|95 %|jump|renders' jump", rows)]


def _percent(part: dict[str, Any]) -> str:
    return f"{100 * part['share']:.1f} %"


def _table(head: str, rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a Markdown table with an empty line after it."""
    names = head.split("|")
    cells = [[cell.replace("|", "/") for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in [names, ["---"] * len(names), *cells]] + [""]
