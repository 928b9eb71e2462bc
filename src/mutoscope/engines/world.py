"""The engine "world": the renderer that the checkpoints were taught by draws what the prompt was read as; no network takes part.

It is the ceiling that `evaluate` and `compare` put beside a checkpoint, and a look at what the checkpoints could become.
The facts of the request are pinned, the seed draws the rest. Needs PyTorch (the extra "torch").
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from mutoscope.capabilities import Capabilities
from mutoscope.device import need_torch
from mutoscope.engines.base import Drawn
from mutoscope.errors import SettingError
from mutoscope.events import Event, Phase
from mutoscope.init_image import InitImage
from mutoscope.media.pixels import unit_to_levels
from mutoscope.objects import open_library
from mutoscope.postprocess import find_postprocess
from mutoscope.prompt.request import Request
from mutoscope.rng import stream

NAME = "world"
RENDERER_VERSION = 1  # rises whenever the same request would give other pixels
FRAMES_AT_ONCE = 8  # of a clip, so that memory does not grow with its length
SUPERSAMPLE = 2  # pixels each way that are rendered for one of the picture
USUAL_STYLE = "photo"  # where the prompt names none


CAPABILITIES = Capabilities(
    name=NAME,
    hash=hashlib.sha256(f"{NAME} {RENDERER_VERSION}".encode()).hexdigest()[:16],
    side_multiple=2,
    max_side=2048,
    refines=False,
    image_steps=None,
    clip_steps=None,
    guidance_scale=None,
    sampler="",
    negative_prompt=False,
    init_image=False,
    variation=False,
    style_postprocess=False,
)


class WorldEngine:
    """The rendered world behind the same call as any model."""

    def __init__(self, runtime: str = "auto", precision: str | None = None):
        if runtime not in ("auto", "torch"):
            raise SettingError(f"the model {NAME} runs on PyTorch; got runtime {runtime!r}, expected auto or torch")
        if precision is not None:
            CAPABILITIES.check_precision(precision)
        need_torch()
        self.capabilities = CAPABILITIES

    def draw(self, request: Request, init_image: InitImage | None = None, preview: bool = False) -> Iterator[Event]:
        """Render a request; see base.Engine."""
        spec, warnings = pin_facts(request)
        rendering = Phase("render", request.num_frames)
        yield rendering.start()
        parts = []
        for first in range(0, request.num_frames, FRAMES_AT_ONCE):
            times = [number / request.fps for number in range(first, min(first + FRAMES_AT_ONCE, request.num_frames))]
            scene = lay_objects(render_frames(spec, request, times), request, spec.camera)
            parts.append(apply_style(scene, spec))
            yield rendering.advance(len(times), preview=parts[-1][-1] if preview else None)
        frames = np.concatenate(parts)
        step = find_postprocess(request.postprocess)
        if step is not None:
            frames = step.run(frames, (request.seed, request.index))
        yield Event("done", 1, 1, 0.0, result=Drawn(frames, (*warnings, *warn_of_motion(request, spec.camera))))


def pin_facts(request: Request) -> tuple[Any, tuple[str, ...]]:
    """Return the scene that a request describes, drawn by its seed where the prompt says nothing, and what could not be had."""
    from mutoscope.world.draw_spec import draw_spec
    from mutoscope.world.spec import Facts, find_impossible_facts

    facts = {fact.kind: fact.name for fact in request.facts}
    style, warnings = choose_style(request)
    impossible = find_impossible_facts(facts)
    warnings += [
        f"the world draws no {facts[kind]} in the scene {facts.get('scene')!r}; it is left out" for kind in impossible
    ]
    if "scene" not in facts:
        warnings.append("the prompt names no scene of the world; the seed drew one")
    fixed = Facts(**{kind: name for kind, name in facts.items() if kind not in impossible} | {"style": style})
    spec = draw_spec(request.seed, request.index, held_out=None, moving=request.is_clip, **fixed)
    return spec, tuple(warnings)


def choose_style(request: Request) -> tuple[str, list[str]]:
    """Return the one style that is drawn, the strongest, and warnings about the others."""
    from mutoscope.vocabulary import STYLES

    asked = sorted((style for style in request.styles if style.strength > 0), key=lambda style: -style.strength)
    known = [style.name for style in asked if style.name in STYLES]
    chosen = known[0] if known else USUAL_STYLE
    left_out = [style.name for style in request.styles if style.name != chosen]
    if not left_out:
        return chosen, []
    return chosen, [f"the world draws one style at a time, here {chosen!r}; left out: {', '.join(left_out)}"]


def render_frames(spec: Any, request: Request, times: list[float]) -> np.ndarray:
    """Return the frames of a scene at some times in seconds, before its style, uint8 (T, H, W, 3)."""
    from mutoscope.world.render import render

    unit = render([spec], request.width, request.height, times, supersample=SUPERSAMPLE, styled=False)[0]
    return unit_to_levels(unit).permute(1, 2, 3, 0).cpu().numpy()


def apply_style(frames: np.ndarray, spec: Any) -> np.ndarray:
    """Return frames (T, H, W, 3) uint8 in the style of their scene, objects included."""
    import torch

    from mutoscope.world import styles

    unit = torch.from_numpy(frames).permute(3, 0, 1, 2)[None].float() / 255
    styled = styles.apply(unit, [spec.style], [spec.seed * 1_000_003 + spec.index])[0]
    return unit_to_levels(styled).permute(1, 2, 3, 0).cpu().numpy()


def lay_objects(frames: np.ndarray, request: Request, camera: str) -> np.ndarray:
    """Return frames with the objects of the request in them, at rest; a moving camera would leave them behind."""
    if request.objects is None or camera != "still":
        return frames
    library = open_library(request.objects)
    laid = [
        library.lay_into(frame, request.objects, stream(request.seed, request.index, "things"))[0] for frame in frames
    ]
    return np.stack(laid)


def warn_of_motion(request: Request, camera: str) -> list[str]:
    """Return a warning where a moving camera leaves the objects out."""
    if request.objects is None or camera == "still":
        return []
    names = ", ".join(item.noun for item in request.objects.objects)
    return [f"objects of the library do not move with the camera ({camera}); left out: {names}"]
