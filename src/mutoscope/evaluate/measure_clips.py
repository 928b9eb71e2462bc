"""The measures of clips: change and flicker beside renders of the same scenes, facts that stay, and where the camera goes."""

from collections.abc import Generator, Sequence
from typing import Any

import numpy as np

from mutoscope.evaluate.evaluation import Evaluation, summarise
from mutoscope.evaluate.motion import FPS, FRAMES, compare_clips, find_camera, render_clip
from mutoscope.evaluate.prompts import SKY, WATER, Question, ask_cameras, ask_moving_scenes
from mutoscope.evaluate.sheets import draw_clip_sheet
from mutoscope.evaluate.tally import count_mixups, share
from mutoscope.events import Event, Phase

Events = Generator[Event, None, None]
Clips = list[np.ndarray]  # uint8 (T, H, W, 3)
GROUPS = {"water": WATER, "sky": SKY}


def measure_clips(run: Evaluation) -> Events:
    """Clips against the renders of the same scenes, as large; they are compared over the first FRAMES frames."""
    questions = ask_moving_scenes(run.plan.clips, run.model.known) if run.model.draw_clip else []
    if not questions:
        run.missing["clips"] = "none were asked for" if run.model.draw_clip else "this model draws pictures only"
        return
    generated, rendered = yield from _draw_clips(run, questions, run.plan.frames, "draw clips")
    scenes = [q.spec.scene for q in questions if q.spec]
    short = [clip[:FRAMES] for clip in generated]
    run.numbers["clips"] = {
        "frames": len(short[0]),
        "fps": FPS,
        **_compare_by_scene(scenes, short, rendered),
        "drift": _measure_drift(run, questions, generated),
        "prompts": [q.prompt for q in questions],
    }
    run.sheets["clips"] = [draw_clip_sheet(generated, rendered, scenes)]
    if run.standard and run.standard.i3d:
        run.add_standard("FVD", {"generated": run.standard.video_distance(short, rendered)})


def _draw_clips(
    run: Evaluation, questions: Sequence[Question], frames: int, name: str
) -> Generator[Event, None, tuple[Clips, Clips]]:
    """Return the clips of questions, and renders of their scenes of the same size with FRAMES frames at most."""
    phase = Phase(name, len(questions))
    generated, rendered = [], []
    yield phase.start()
    for q in questions:
        assert q.spec is not None and run.model.draw_clip is not None
        clip = run.model.draw_clip(q.prompt, q.seed, frames)
        generated.append(clip)
        rendered.append(render_clip(q.spec, min(FRAMES, len(clip)), clip.shape[2], clip.shape[1]))
        yield phase.advance(preview=clip[-1])
    return generated, rendered


def _compare_by_scene(scenes: list[str], generated: Clips, rendered: Clips) -> dict[str, Any]:
    """Compare all clips, those of every group of scenes, and those of every scene."""

    def compare(names: Sequence[str]) -> dict[str, Any]:
        rows = [row for row, scene in enumerate(scenes) if scene in names]
        return compare_clips([generated[row] for row in rows], [rendered[row] for row in rows])

    return {
        "all": compare(scenes),
        "groups": {name: compare(names) for name, names in GROUPS.items() if set(names) & set(scenes)},
        "scenes": {scene: compare([scene]) for scene in dict.fromkeys(scenes)},
    }


def _measure_drift(run: Evaluation, questions: Sequence[Question], clips: Clips) -> dict[str, Any]:
    """Return {time: shares} of frames read on their own: does a clip go on showing what was asked?"""
    short, whole = min(FRAMES, len(clips[0])) - 1, len(clips[0]) - 1
    places = {"first frame": 0, f"{short / FPS:g} s": short, f"{whole / FPS:g} s": whole}
    asked = [q.asked for q in questions]
    return {when: share(asked, run.judge.classify([clip[at] for clip in clips])) for when, at in places.items()}


def measure_cameras(run: Evaluation) -> Events:
    """Clips whose caption says where the camera goes, and the renders of the same scenes."""
    if run.model.draw_clip is None or not run.plan.cameras:
        return
    questions = ask_cameras(run.plan.cameras, run.model.known)
    if not questions:
        run.missing["camera"] = "this model's training had no camera that moves"
        return
    generated, rendered = yield from _draw_clips(run, questions, FRAMES, "draw camera clips")
    read, truth = ([{"camera": find_camera(clip)} for clip in clips] for clips in (generated, rendered))
    asked = [q.asked for q in questions]
    run.numbers["camera"] = {
        **summarise(questions, read),
        "renders": share(asked, truth),
        "mixups": count_mixups(asked, read),
    }
