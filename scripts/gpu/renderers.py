"""Processes that render pictures and clips of the world with their captions, and put them into a queue for the trainer."""

import os
import queue
import random
from dataclasses import dataclass
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

SEED = 5150
FPS = 12
CAPTIONS = 4  # of each picture: two as the world words them, two as a prompt is completed before it is read
CAPTION_TOKENS = 40  # longer captions are cut
PICTURES_AT_ONCE, CLIPS_AT_ONCE = 16, 4
NUMBERS_PER_WORKER = 10_000_000  # scenes that one process may draw before it meets those of the next
PLAIN_GROUND_WEIGHT = 4  # objects on plain ground are drawn this many times as often as any other scene


@dataclass(frozen=True)
class Bucket:
    """Pictures or clips of one size."""

    width: int  # pixels
    height: int
    frames: int = 1
    share: float = 0.0  # of the pictures

    def scaled(self, scale: float) -> "Bucket":
        """Return the bucket at another size."""
        return Bucket(round(self.width * scale), round(self.height * scale), self.frames, self.share)

    @property
    def fits(self) -> bool:
        """Say whether half its size is still whole tokens of 16 pixels."""
        return self.width % 32 == 0 and self.height % 32 == 0


BUCKETS = {
    "square": Bucket(256, 256, share=0.56),
    "landscape": Bucket(320, 224, share=0.13),
    "portrait": Bucket(224, 320, share=0.11),
    "wide": Bucket(352, 192, share=0.11),
    "story": Bucket(192, 352, share=0.09),
    "clip": Bucket(128, 128, frames=25),
}


def scaled_buckets(scale: float) -> dict[str, Bucket]:
    """Return the buckets at another scale, without those whose sides no longer are whole tokens."""
    scaled = {name: bucket.scaled(scale) for name, bucket in BUCKETS.items()}
    return {name: bucket for name, bucket in scaled.items() if bucket.fits}


class Rendered(NamedTuple):
    """What one call of the renderer gives: n pictures or clips of one bucket."""

    bucket: str
    pixels: np.ndarray  # (n, T, H, W, 3) uint8
    ids: np.ndarray  # (n, CAPTIONS, CAPTION_TOKENS) int16
    lengths: np.ndarray  # (n, CAPTIONS) uint8, tokens of each caption
    may_flip: np.ndarray  # (n,) bool: nothing in the captions says left or right


@dataclass(frozen=True)
class Work:
    """What a renderer is asked for."""

    number: int  # of the process; decides which scenes it draws
    buckets: dict[str, Bucket]
    clips: bool  # clips instead of pictures
    sprites: Path | None  # folder with sets of sprites
    tokenizer: Path


def render_until(stop: Event, results: "Queue[Rendered]", work: Work) -> None:
    """Render until `stop` is set; a scene that fails is printed and left out."""
    os.nice(8)  # the trainer goes first
    torch.set_num_threads(1)
    renderer = Renderer(work)
    while not stop.is_set():
        try:
            rendered = renderer.render_next()
        except Exception as error:  # one bad scene must not end a run of minutes
            print(f"renderer {work.number}: {error!r}"[:300], flush=True)
            continue
        put(rendered, results, stop)


def put(rendered: Rendered, results: "Queue[Rendered]", stop: Event) -> None:
    """Put a result into the queue, waiting while it is full."""
    while not stop.is_set():
        try:
            results.put(rendered, timeout=1)
            return
        except queue.Full:
            continue


class Renderer:
    """Renders one batch after the other, each of one scene and one bucket."""

    def __init__(self, work: Work):
        from mutoscope.tokenizer import Tokenizer
        from mutoscope.world.sprites import SpriteLibrary

        self.work = work
        self.random = random.Random(work.number)
        self.tokenizer = Tokenizer.load(work.tokenizer)
        sets = sorted(work.sprites.iterdir()) if work.sprites else []
        self.library = SpriteLibrary.open(sets)
        self.next_scene = work.number * NUMBERS_PER_WORKER

    def render_next(self) -> Rendered:
        """Render the next batch."""
        from mutoscope.vocabulary import SCENES
        from mutoscope.world.draw_spec import draw_spec
        from mutoscope.world.mix import MIXES
        from mutoscope.world.render import render

        name = self.choose_bucket()
        bucket, count = self.work.buckets[name], CLIPS_AT_ONCE if self.work.clips else PICTURES_AT_ONCE
        weights = [PLAIN_GROUND_WEIGHT if scene == "plain ground" else 1 for scene in SCENES]
        scene = self.random.choices(SCENES, weights)[0]
        numbers = range(self.next_scene, self.next_scene + count)
        self.next_scene += count
        moving = bucket.frames > 1
        specs = [
            draw_spec(SEED, number, scene=scene, moving=moving, library=self.library, mix=MIXES["world"])
            for number in numbers
        ]
        times = [frame / FPS for frame in range(bucket.frames)]
        frames = render(specs, bucket.width, bucket.height, times, library=self.library)  # n 3 T H W in [0, 1]
        pixels = (frames.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 4, 1).contiguous().numpy()
        return Rendered(name, pixels, *self.write_captions(specs, moving))

    def choose_bucket(self) -> str:
        """Return the bucket of the next batch."""
        if self.work.clips:
            return "clip"
        pictures = {name: bucket.share for name, bucket in self.work.buckets.items() if bucket.share}
        return self.random.choices(list(pictures), list(pictures.values()))[0]

    def write_captions(self, specs: list, moving: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return token ids and lengths of the captions of each scene, and whether it may be mirrored."""
        from mutoscope.world.captions import caption

        ids = np.zeros((len(specs), CAPTIONS, CAPTION_TOKENS), np.int16)
        lengths = np.zeros((len(specs), CAPTIONS), np.uint8)
        may_flip = np.zeros(len(specs), bool)
        for row, spec in enumerate(specs):
            texts = [caption(spec, variant=variant) for variant in range(CAPTIONS)]
            sided = any(side in text.lower() for text in texts for side in ("left", "right"))
            may_flip[row] = not moving and not sided
            texts[2:] = [complete(text) for text in texts[2:]]
            for column, text in enumerate(texts):
                tokens = cut(self.tokenizer.windows(text, 48)[0])
                ids[row, column, : len(tokens)] = tokens
                lengths[row, column] = len(tokens)
        return ids, lengths, may_flip


def cut(tokens: list[int]) -> list[int]:
    """Return tokens that fit, the closing mark kept."""
    return tokens if len(tokens) <= CAPTION_TOKENS else tokens[: CAPTION_TOKENS - 1] + tokens[-1:]


def complete(text: str) -> str:
    """Return a caption as a prompt is completed before the model reads it: with the names of what it says."""
    from mutoscope.capabilities import Capabilities
    from mutoscope.options import Options, build_requests
    from mutoscope.prompt.conditioning import understand

    options = Options(text, objects=False, wildcards=False, seed=0)
    (request,) = build_requests(options, Capabilities("captions", ""))
    (condition,) = understand(request).prompt
    return "".join(words for words, _ in condition.segments)
