"""An engine that draws colour gradients, to copy from: prompt and seed choose the direction, `gradient:warm` names the colours."""

import hashlib
from collections.abc import Iterator

import numpy as np

from mutoscope.capabilities import Capabilities
from mutoscope.engines.base import Drawn, EngineSettings
from mutoscope.errors import MissingModelError, SettingError
from mutoscope.events import Event, Phase
from mutoscope.init_image import InitImage
from mutoscope.postprocess import find_postprocess
from mutoscope.prompt.request import Request

PALETTES = {"warm": ((200, 40, 30), (255, 220, 120)), "cold": ((20, 30, 90), (150, 230, 240))}
VERSION = 1  # part of the hash: raise it whenever the same request would give other pixels


def open_gradient(rest: str, settings: EngineSettings) -> "GradientEngine":
    """Return the engine for `gradient:REST`; loads nothing heavy."""
    if rest not in PALETTES:
        raise MissingModelError(f"no gradient is called {rest[:40]!r}; known: {', '.join(PALETTES)}")
    if settings != EngineSettings(threads=settings.threads):
        raise SettingError(f"gradient:{rest} takes no runtime, precision, device or offload; leave it out")
    return GradientEngine(rest)


class GradientEngine:
    """Draws a gradient that turns once in ten seconds; see mutoscope.engines.base.Engine."""

    def __init__(self, palette: str):
        self.colours = np.array(PALETTES[palette], np.float32)
        self.capabilities = Capabilities(
            name=f"gradient:{palette}", hash=hashlib.sha256(f"gradient {VERSION} {palette}".encode()).hexdigest()[:16],
            engine="gradient", default_size=(256, 256), side_multiple=2, max_side=2048, refines=False,
            image_steps=None, clip_steps=None, guidance_scale=None, sampler="", negative_prompt=False, init_image=False,
            variation=False, objects=False, reads_facts=False, style_templates=True, style_postprocess=False,
        )  # fmt: skip

    def draw(self, request: Request, init_image: InitImage | None = None, preview: bool = False) -> Iterator[Event]:
        """Yield the events of a drawing; whoever closes this generator stops it at the next `yield`."""
        drawing, frames = Phase("draw", request.num_frames), []
        yield drawing.start()
        words = f"{request.prompt}|{request.style}|{request.seed}|{request.index}"
        start = int.from_bytes(hashlib.sha256(words.encode()).digest()[:4], "big") / 2**32
        down, across = np.mgrid[-1 : 1 : request.height * 1j, -1 : 1 : request.width * 1j].astype(np.float32)
        for number in range(request.num_frames):
            turn = 2 * np.pi * (start + number / request.fps / 10)
            share = (across * np.cos(turn) + down * np.sin(turn))[..., None] / 2**1.5 + 0.5
            frames.append(np.round(self.colours[0] * (1 - share) + self.colours[1] * share).astype(np.uint8))
            yield drawing.advance(preview=frames[-1] if preview else None)
        step, pixels = find_postprocess(request.postprocess), np.stack(frames)
        if step is not None:  # only where it was asked for: --postprocess pixelate
            pixels = step.run(pixels, (request.seed, request.index))
        yield Event("done", 1, 1, 0.0, result=Drawn(pixels))
