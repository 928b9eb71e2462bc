"""One run of the evaluation: draw what was asked, read it, hold it against renders, write tables, a page and contact sheets.

    OUT/report.json          every number, every prompt with what was asked and read
    OUT/report.md            the tables a person reads
    OUT/page.png             plots with their intervals, and samples
    OUT/pictures-1.png ...   the pictures, wrong ones framed; free-1.png likewise, things-1.png; clips-1.png beside renders

What cannot be measured (no clips, no training pictures given, no encoder in the checkpoint) is listed as such.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mutoscope import __version__
from mutoscope.errors import MissingExtraError, SettingError
from mutoscope.evaluate import things
from mutoscope.evaluate.fidelity import against, alignment, memorisation, planted
from mutoscope.evaluate.intervals import mean_of
from mutoscope.evaluate.judge import Judge, load_judge
from mutoscope.evaluate.motion import FPS, FRAMES, camera_of, compare, render_clip
from mutoscope.evaluate.page import page_of
from mutoscope.evaluate.painter import Painter
from mutoscope.evaluate.preference import preference_of, read_votes
from mutoscope.evaluate.prompts import (
    REFERENCE_SEED,
    SEED,
    SKY,
    WATER,
    Question,
    camera_questions,
    free_questions,
    held_out_questions,
    known_scenes,
    moving_questions,
)
from mutoscope.evaluate.renders import PICTURE, render_pictures, soften
from mutoscope.evaluate.report import bars, markdown
from mutoscope.evaluate.restoration import psnr, ssim
from mutoscope.evaluate.sheets import clip_sheet, marked_sheets
from mutoscope.evaluate.standard import Standard
from mutoscope.evaluate.tally import examine, floor, mixups, share
from mutoscope.evaluate.thing_reader import ThingReader, load_thing_reader
from mutoscope.events import Event, Phase
from mutoscope.media import Provenance, atomic_write, write_picture
from mutoscope.media.storage import make_folder
from mutoscope.world.spec import SceneSpec
from mutoscope.world.sprites import SpriteLibrary


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    count: int  # pictures of held-out combinations
    clips: int  # clips; 0 leaves them out
    reference: int  # renders that sets of pictures are held against
    training: int  # pictures of the training set that copies are looked for in, at most
    seconds: float = 2.0  # of a clip
    free: bool = True  # ask the free-worded prompts too
    things: int = 0  # pictures with things that are asked for by kind, number and side
    cameras: int = 0  # clips whose camera goes where it is told to

    def __post_init__(self):
        for name, least in (
            ("count", 2),
            ("clips", 0),
            ("reference", 2),
            ("training", 2),
            ("things", 0),
            ("cameras", 0),
        ):
            if getattr(self, name) < least:
                raise SettingError(f"{name} must be {least} or more, got {getattr(self, name)}")

    @property
    def frames(self) -> int:
        """Frames of a clip; never fewer than are compared with renders."""
        return max(FRAMES, round(self.seconds * FPS) + 1)


SUITES = {
    #              pictures  clips  reference  training  seconds  free  things  cameras
    "quick": Plan(    200,      8,       600,     2000,     2.0,  True,     60,      12),
    "full":  Plan(   2000,     32,      5000,    20000,    10.0,  True,    400,      48),
}  # fmt: skip


@dataclass
class _Found:
    """What a run gathers before it is written."""

    judge: Judge
    plan: Plan
    standard: Standard | None = None
    sprites: SpriteLibrary | None = None
    sheets: dict[str, list[np.ndarray]] = field(default_factory=dict)
    numbers: dict[str, Any] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)  # what was not measured -> why


def run(
    painter: Painter,
    out: Path,  # the folder to fill
    *,
    plan: Plan = SUITES["quick"],
    judge: Path | None = None,  # its folder; None = the one of this package
    training: Path | None = None,  # the captioned folder the model learned from, to look for copies
    standard: Standard | None = None,  # networks with public weights, see standard.py
    sprites: SpriteLibrary | None = None,  # to render the scenes with things beside what is drawn of them
    votes: Path | None = None,  # of people who saw blind pairs, see preference.py
) -> Iterator[Event]:
    """Judge a painter; the last event carries the path of report.md. Everything that can be refused is, before any work."""
    found = _Found(load_judge(judge), plan, standard, sprites)
    check_seeds(found.judge)
    learned = training_pictures(training, plan.training) if training else None
    questions = held_out_questions(plan.count, painter.known)
    liked = preference_of(read_votes(votes), painter.model_hash) if votes else None
    make_folder(Path(out))
    start = time.monotonic()
    drawn = yield from _pictures(painter, found, questions)
    reference = yield from _reference(painter, found, drawn)
    _copies(painter, found, drawn["generated"], reference, learned)
    if plan.free:
        yield from _free(painter, found, free_questions(painter.known))
    yield from _things(painter, found)
    moving = moving_questions(plan.clips, painter.known) if painter.move else []
    if moving:
        yield from _clips(painter, found, moving)
    else:
        found.missing["clips"] = "none were asked for" if painter.move else "this model draws pictures only"
    yield from _cameras(painter, found)
    _codec(painter, found, drawn["renders"])
    if painter.time is None:
        found.missing["speed"] = "this model tells no stages apart"
    else:
        found.numbers["speed"] = painter.time()
    if liked:
        found.numbers["preference"] = liked
    else:
        found.missing["preference"] = "no votes: mutoscope compare A B --blind PAGE.html makes a page that gathers them"
    report = {
        "software": f"Mutoscope {__version__}",
        "model": {"name": painter.name, "hash": painter.model_hash},
        "plan": asdict(plan),
        "judge": found.judge.papers(),
        **found.numbers,
        "not_measured": found.missing,
        "bars": bars(found.numbers),
        "seconds": round(time.monotonic() - start, 1),
    }
    samples = [drawn[name][: 2 * 8] for name in ("generated", "renders")]
    yield Event("done", 1, 1, result=_write(Path(out), report, found.sheets, samples))


def check_seeds(judge: Judge | ThingReader) -> None:
    """Refuse a judge that has learned from the pictures it is to be tested with; raises SettingError."""
    if both := judge.seeds & {SEED, REFERENCE_SEED, things.SEED}:
        raise SettingError(
            f"the judge was trained on world {min(both)}, which the evaluation asks for; train it on another seed"
        )


def training_pictures(folder: Path, most: int) -> list[np.ndarray]:
    """Return pictures of the captioned folders in `folder`, every k-th, at most `most`; OutputError when there are none."""
    from mutoscope.data.cache import open_folders

    folders = [each for each in open_folders(Path(folder)) if not each.is_clips]
    if not folders:
        raise SettingError(f"{folder} holds clips only; copies are looked for among pictures")
    every = max(1, -(-sum(map(len, folders)) // most))
    return [each.pixels[row, 0] for each in folders for row in range(0, len(each), every)]


# ----------------------------------------------------------------------------------------------------------------- parts


def _pictures(painter: Painter, found: _Found, questions: list[Question]) -> Iterator[Event]:
    """Pictures of held-out combinations; beside them renders of exactly the same scenes, sharp and softened. Returns them."""
    pictures = yield from _drawn(painter.draw, questions, "draw")
    renders = yield from _rendered([q.spec for q in questions if q.spec], "render")
    soft = [soften(picture) for picture in renders]
    asked, styles, judge = [q.asked for q in questions], [q.style for q in questions], found.judge
    read = judge.read(pictures)
    found.numbers["pictures"] = {
        "n": len(questions),
        "combinations": len({(q.spec.scene, q.spec.light, q.style) for q in questions if q.spec}),
        "world_seed": SEED,
        "generated": examine(asked, read, styles),
        "renders": examine(asked, judge.read(renders), styles),
        "soft_renders": examine(asked, judge.read(soft), styles),
        "floor": floor(asked, read),
        "mixups": mixups(asked, read),
        "answers": _answers(questions, read),
    }
    drawn = {"generated": pictures, "renders": renders, "softened renders": soft}
    texts = judge.embed([q.prompt for q in questions])
    found.numbers["text"] = alignment({name: judge.see(rows) for name, rows in drawn.items()}, texts)
    found.sheets["pictures"] = marked_sheets(pictures, asked, read)
    if found.standard and found.standard.clip:
        found.numbers.setdefault("standard", {})["CLIPScore"] = {
            name: found.standard.clip_score(rows, [q.prompt for q in questions]) for name, rows in drawn.items()
        }
    return drawn


def _reference(painter: Painter, found: _Found, drawn: dict[str, list[np.ndarray]]) -> Iterator[Event]:
    """Sets of pictures against renders of other scenes; returns those renders."""
    scenes = known_scenes(painter.known, REFERENCE_SEED)
    reference = yield from _rendered([next(scenes) for _ in range(found.plan.reference)], "render reference")
    features = {name: found.judge.features(rows) for name, rows in drawn.items()}
    found.numbers["fidelity"] = {
        "n": found.plan.count,
        "reference": len(reference),
        "world_seed": REFERENCE_SEED,
        **against(features, found.judge.features(reference)),
    }
    if found.standard and found.standard.inception:
        rows = {name: found.standard.distances(pictures, reference) for name, pictures in drawn.items()}
        for name in ("FID", "KID"):
            found.numbers.setdefault("standard", {})[name] = {row: part[name] for row, part in rows.items()}
    return reference


def _copies(
    painter: Painter,
    found: _Found,
    pictures: list[np.ndarray],
    reference: list[np.ndarray],
    learned: list[np.ndarray] | None,
) -> None:
    """Look for copies among the pictures; all others go through the model's codec, as a copy out of its memory would."""
    if learned is None:
        found.missing["memorisation"] = "give the pictures it learned from: --training DIR"
        return
    others = [_restored(painter, rows) for rows in (reference, learned, planted(learned))]
    found.numbers["memorisation"] = memorisation(*(found.judge.features(rows) for rows in (pictures, *others)))


def _restored(painter: Painter, pictures: list[np.ndarray]) -> list[np.ndarray]:
    """Return pictures through the model's codec and back, as they are where it has none."""
    if painter.restore is None:
        return pictures
    restored: list[Any] = [None] * len(pictures)
    for size in {picture.shape for picture in pictures}:
        rows = [row for row, picture in enumerate(pictures) if picture.shape == size]
        for row, picture in zip(rows, painter.restore(np.stack([pictures[row] for row in rows])), strict=True):
            restored[row] = picture
    return restored


def _free(painter: Painter, found: _Found, questions: list[Question]) -> Iterator[Event]:
    """Free-worded prompts: no caption of the grammar."""
    pictures = yield from _drawn(painter.draw, questions, "draw free")
    asked, read = [q.asked for q in questions], found.judge.read(pictures)
    found.numbers["free"] = {
        **_told(questions, read),
    }
    found.sheets["free"] = marked_sheets(pictures, asked, read)


def _things(painter: Painter, found: _Found) -> Iterator[Event]:
    """Pictures of scenes with things, read for kind, number and side; beside them renders of the scenes that have a sprite."""
    try:
        reader = load_thing_reader()
    except MissingExtraError as error:
        found.missing["things"] = str(error)
        return
    questions = things.thing_questions(found.plan.things, painter.known, reader.card["labels"]["object"])
    if not questions:
        found.missing["things"] = "this model's training had no things" if found.plan.things else "none were asked for"
        return
    pictures = yield from _drawn(painter.draw, questions, "draw things")
    asked, read = [q.asked for q in questions], reader.read(pictures)
    found.numbers["things"] = {
        **_told(questions, read),
        "reader": reader.papers(),
        "world_seed": things.SEED,
        "mixups": mixups(asked, read),
    }
    found.sheets["things"] = marked_sheets(pictures, asked, read)
    if found.sprites is None:
        found.missing["things, renders of the same scenes"] = "give the pictures of things: --sprites SETS"
        return
    specs = things.furnished(questions, found.sprites)
    renders = yield from _rendered([spec for spec in specs if spec], "render things", found.sprites)
    theirs = [facts for facts, spec in zip(asked, specs, strict=True) if spec]
    found.numbers["things"]["renders"] = share(theirs, reader.read(renders))


def _cameras(painter: Painter, found: _Found) -> Iterator[Event]:
    """Clips whose caption says where the camera goes, and the renders of the same scenes."""
    if painter.move is None or not found.plan.cameras:
        return
    questions = camera_questions(found.plan.cameras, painter.known)
    if not questions:
        found.missing["camera"] = "this model's training had no camera that moves"
        return
    phase, read = Phase("draw camera clips", len(questions)), ([], [])
    yield phase.start()
    for q in questions:
        assert q.spec is not None
        clip = painter.move(q.prompt, q.seed, FRAMES)
        for clips, way in zip((clip, render_clip(q.spec, len(clip), clip.shape[2], clip.shape[1])), read, strict=True):
            way.append({"camera": camera_of(clips)})
        yield phase.advance(preview=clip[-1])
    asked = [q.asked for q in questions]
    found.numbers["camera"] = {
        **_told(questions, read[0]),
        "renders": share(asked, read[1]),
        "mixups": mixups(asked, read[0]),
    }


def _clips(painter: Painter, found: _Found, questions: list[Question]) -> Iterator[Event]:
    """Clips against the renders of the same scenes, as large; they are compared over the first FRAMES frames."""
    phase = Phase("draw clips", len(questions))
    yield phase.start()
    generated, rendered = [], []
    for q in questions:
        assert q.spec is not None and painter.move is not None
        clip = painter.move(q.prompt, q.seed, found.plan.frames)
        generated.append(clip)
        rendered.append(render_clip(q.spec, min(FRAMES, len(clip)), clip.shape[2], clip.shape[1]))
        yield phase.advance(preview=clip[-1])
    scenes = [q.spec.scene for q in questions if q.spec]
    short = [clip[:FRAMES] for clip in generated]

    def part(names: Sequence[str]) -> dict[str, Any]:
        rows = [row for row, scene in enumerate(scenes) if scene in names]
        return compare([short[row] for row in rows], [rendered[row] for row in rows])

    asked = [q.asked for q in questions]
    places = {"first frame": 0, f"{(len(short[0]) - 1) / FPS:g} s": len(short[0]) - 1,
              f"{(len(generated[0]) - 1) / FPS:g} s": len(generated[0]) - 1}  # fmt: skip
    found.numbers["clips"] = {
        "frames": len(short[0]),
        "fps": FPS,
        "all": part(scenes),
        "groups": {name: part(names) for name, names in (("water", WATER), ("sky", SKY)) if set(names) & set(scenes)},
        "scenes": {scene: part([scene]) for scene in dict.fromkeys(scenes)},
        "drift": {
            when: share(asked, found.judge.read([clip[at] for clip in generated])) for when, at in places.items()
        },
        "prompts": [q.prompt for q in questions],
    }
    found.sheets["clips"] = [clip_sheet(generated, rendered, scenes)]
    if found.standard and found.standard.i3d:
        found.numbers.setdefault("standard", {})["FVD"] = {"generated": found.standard.video_distance(short, rendered)}


def _codec(painter: Painter, found: _Found, renders: list[np.ndarray]) -> None:
    if painter.restore is None:
        found.missing["codec"] = "the checkpoint has no encoder"
        return
    pictures = np.stack(renders[:100])
    back = painter.restore(pictures)
    found.numbers["codec"] = {
        "PSNR": mean_of(psnr(pictures, back)),
        "SSIM": mean_of(ssim(pictures, back)),
        "side": PICTURE,
    }


def _drawn(draw: Callable[[str, int], np.ndarray], questions: list[Question], name: str) -> Iterator[Event]:
    """Draw every question; returns the pictures."""
    phase, pictures = Phase(name, len(questions)), []
    yield phase.start()
    for q in questions:
        pictures.append(draw(q.prompt, q.seed))
        yield phase.advance(preview=pictures[-1])
    return pictures


def _rendered(specs: list[SceneSpec], name: str, library: SpriteLibrary | None = None) -> Iterator[Event]:
    phase, pictures = Phase(name, len(specs)), []
    yield phase.start()
    for picture in render_pictures(specs, library=library):
        pictures.append(picture)
        yield phase.advance()
    return pictures


def _told(questions: list[Question], read: list[dict[str, str]]) -> dict[str, Any]:
    """Return what a report says of any questions: how many, the share read right, the floor, and every answer."""
    asked = [q.asked for q in questions]
    return {"n": len(questions), "generated": share(asked, read), "floor": floor(asked, read),
            "answers": _answers(questions, read)}  # fmt: skip


def _answers(questions: list[Question], read: list[dict[str, str]]) -> list[dict[str, Any]]:
    return [
        {"prompt": q.prompt, "seed": q.seed, "style": q.style, "asked": q.asked, "read": facts}
        for q, facts in zip(questions, read, strict=True)
    ]


# --------------------------------------------------------------------------------------------------------------- writing


def _write(
    out: Path, report: dict[str, Any], sheets: dict[str, list[np.ndarray]], samples: list[list[np.ndarray]]
) -> Path:
    provenance = Provenance(request_json=None, parameters=None, software=report["software"], marking=True)
    for name, pages in sheets.items():
        for number, page in enumerate(pages, 1):
            write_picture(page, out / f"{name}-{number}.png", provenance)
    write_picture(page_of(report, samples), out / "page.png", provenance)
    text, page = json.dumps(report, indent=1, ensure_ascii=False).encode(), markdown(report).encode()
    atomic_write(out / "report.json", lambda file: file.write(text))
    return atomic_write(out / "report.md", lambda file: file.write(page))
