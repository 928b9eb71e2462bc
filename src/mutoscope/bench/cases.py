"""What is measured: each call of a model alone, whole pictures and clips, and processes from their start to their end.

A case prepares its inputs when it is asked to, so that a process that runs one case loads what that one needs. Inputs of single
calls are random: the time of a call does not depend on what is in them.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mutoscope.bench import flops
from mutoscope.bench.results import Row
from mutoscope.capabilities import FPS, USUAL_PRECISION
from mutoscope.config import PATCH, SPACE_FACTOR, ModelConfig
from mutoscope.engines.checkpoint import CheckpointEngine
from mutoscope.errors import MutoscopeError
from mutoscope.models import TextToImageModel, TextToVideoModel
from mutoscope.runtime import Context, KeysValues, Runtime, extend_context
from mutoscope.shapes import rotary_table

PROMPT = "A serene lake surrounded by pine trees at sunset"
OBJECT_PROMPT = "A sailboat on a lake at sunset"
CLIP_PROMPT = "Waves crashing on a beach"
SEED = 7
SMALL_PIXELS, LARGE_PIXELS = 128, 256  # sides
FINISHED_FRAMES = 4
CLIP_SECONDS, QUICK_CLIP_SECONDS = 5, 1
PICTURES = 4  # of one call
TIME = 0.5  # at which a single velocity is asked for
BYTES_PER_MAXRSS = 1 if sys.platform == "darwin" else 1024
ONE_CALL, SEVERAL_CALLS = (
    f"{PICTURES} pictures of 128 px in one call",
    f"{PICTURES} pictures of 128 px in {PICTURES} calls",
)
HELP, COLD = "mutoscope --help", "mutoscope image, 256 px, cold"
# Places on the axes of growth: for a whole run, and for a quick one.
GROWTH: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "pixels": ((64, 96, 128, 160, 192), (64, 128)),  # sides of pictures that are drawn at once, not refined
    "frames": ((5, 13, 25, 61), (5, 13)),
    "steps": ((1, 2, 4, 8), (1, 4)),
    "pictures": ((1, 2, 4), (1, 2)),
}
Run = Callable[[], dict[str, float] | None]  # what it finds besides its time, as fields of Row


@dataclass(frozen=True)
class Case:
    """One thing to measure, as a `Row` names it."""

    name: str
    group: str
    threads: int
    prepare: Callable[[], Run]
    counted: list[int] | None = None  # FLOPs of the calls made, in the order they came
    axis: str = ""
    value: float = 0.0


class CountedRuntime:
    """A runtime that notes what each call multiplies."""

    def __init__(self, inner: Runtime, config: ModelConfig, counted: list[int] | None = None):
        self.inner, self.config = inner, config
        self.counted = list[int]() if counted is None else counted  # a list takes entries of several threads
        self.name, self.checkpoint = inner.name, inner.checkpoint

    def prepare(self, is_clip: bool, encodes: bool) -> None:
        """See `runtime.Runtime`."""
        self.inner.prepare(is_clip, encodes)

    def finish_drawing(self) -> None:
        """See `runtime.Runtime`."""
        self.inner.finish_drawing()

    def encode_text(self, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """See `runtime.Runtime`."""
        self.counted.append(flops.count_text(self.config, ids.shape[1]))
        return self.inner.encode_text(ids, mask)

    def read_text(self, text: np.ndarray) -> Context:
        """See `runtime.Runtime`."""
        self.counted.append(flops.count_read_text(self.config, text.shape[1]))
        return self.inner.read_text(text)

    def velocity(self, latents: np.ndarray, time: float, context: Context, *rest: Any, **named: Any) -> np.ndarray:
        """See `runtime.Runtime`."""
        self._count_step(latents, context)
        return self.inner.velocity(latents, time, context, *rest, **named)

    def remember(self, latents: np.ndarray, context: Context, frame: float) -> KeysValues:
        """See `runtime.Runtime`."""
        self._count_step(latents, context)
        return self.inner.remember(latents, context, frame)

    def decode(self, latents: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        """See `runtime.Runtime`."""
        self.counted.append(flops.count_decode(self.config, *latents.shape[-2:], first=state is None))
        return self.inner.decode(latents, state)

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        """See `runtime.Runtime`."""
        rows, columns = (side // SPACE_FACTOR for side in pixels.shape[-2:])
        self.counted.append(flops.count_encode(self.config, rows, columns))
        return self.inner.encode(pixels)

    def run_parallel(self, calls: Sequence[Callable[[], Any]]) -> list[Any]:
        """See `runtime.Runtime`."""
        return self.inner.run_parallel(calls)

    def _count_step(self, latents: np.ndarray, context: Context) -> None:
        tokens = latents.shape[-2] * latents.shape[-1] // PATCH**2
        self.counted.append(flops.count_velocity(self.config, tokens, context.keys.shape[3]))


class Bench:
    """The cases of one checkpoint on a number of threads; they share its sessions."""

    def __init__(self, model: str | None, threads: int, quick: bool = False):
        self.model, self.threads, self.quick = model, threads, quick
        self.engine = CheckpointEngine(model, "onnx", threads)
        self.config = self.engine.checkpoint.config
        self.runtime = CountedRuntime(self.engine.runtime, self.config)
        self.engine.runtime = self.runtime
        self.images, self.clips = TextToImageModel(model, threads=threads), TextToVideoModel(model, threads=threads)
        self.images.engine = self.clips.engine = self.engine  # else each would hold weights of its own
        self._random = np.random.default_rng(SEED)

    def cases(self) -> list[Case]:
        """Return stages, whole drawings and processes."""
        return [*self.stages(), *self.wholes(), *self.processes()]

    def stages(self) -> list[Case]:
        """Return each call of the runtime."""
        small, large = SMALL_PIXELS, LARGE_PIXELS
        makers: dict[str, Callable[[], Run]] = {
            "text": self._text,
            "read_text": self._read_text,
            f"velocity, {small} px": partial(self._velocity, small),
            f"velocity, {large} px": partial(self._velocity, large),
            **{
                f"velocity, {large} px, {name}": partial(self._velocity, large, precision=name)
                for name in self._others()
            },
            f"velocity, {small} px, {FINISHED_FRAMES} finished frames": partial(self._velocity, small, FINISHED_FRAMES),
            f"decode the first frame, {large} px": partial(self._decode, first=True),
            f"decode the next 4 frames, {large} px": partial(self._decode, first=False),
            f"encode, {large} px": self._encode,
        }
        return [self._case(name, "stage", make) for name, make in makers.items()]

    def wholes(self) -> list[Case]:
        """Return whole pictures and clips, from a prompt to pixels."""
        small = f"{SMALL_PIXELS}x{SMALL_PIXELS}"
        large = f"{LARGE_PIXELS}x{LARGE_PIXELS}"
        seconds = QUICK_CLIP_SECONDS if self.quick else CLIP_SECONDS
        makers = {
            "picture, 128 px": self._picture(size=small),
            "picture, 256 px": self._picture(size=large),
            "picture with an object, 256 px": self._picture(OBJECT_PROMPT, size=large),
            f"clip of {seconds} s, 128 px": self._clip(duration_seconds=seconds),
            ONE_CALL: self._picture(size=small, num_images_per_prompt=PICTURES),
            SEVERAL_CALLS: self._several_calls(size=small),
        }
        return [self._case(name, "whole", lambda run=run: run) for name, run in makers.items()]

    def processes(self) -> list[Case]:
        """Return processes from their start to their end."""
        model = [] if self.model is None else ["--model", str(Path(self.model).resolve())]
        size = f"{LARGE_PIXELS}x{LARGE_PIXELS}"
        image = ["image", PROMPT, "--seed", str(SEED), "--size", size, "-o", "bench.png", *model]
        makers = {HELP: ["--help"], COLD: image}
        runs = {name: partial(run_command, words, self.threads) for name, words in makers.items()}
        return [Case(name, "process", self.threads, lambda run=run: run) for name, run in runs.items()]

    def growth(self) -> list[Case]:
        """Return pictures and clips that differ in one number each."""
        cases = []
        for axis, places in GROWTH.items():
            for place in places[self.quick]:
                run, value = self._grown(axis, place), place**2 if axis == "pixels" else place
                cases.append(
                    self._case(f"{axis} {value}", "growth", lambda run=run: run, axis=axis, value=float(value))
                )
        return cases

    def _grown(self, axis: str, place: int) -> Run:
        """Return the run of one place on an axis."""
        if axis == "frames":
            return self._clip(num_frames=place, fps=FPS)
        if axis == "pixels":
            return self._picture(size=f"{place}x{place}")
        size = f"{SMALL_PIXELS}x{SMALL_PIXELS}"
        if axis == "steps":
            return self._picture(size=size, num_inference_steps=place)
        return self._picture(size=size, num_images_per_prompt=place)

    def _case(self, name: str, group: str, prepare: Callable[[], Run], **more: Any) -> Case:
        return Case(name, group, self.threads, prepare, self.runtime.counted, **more)

    def _text(self) -> Run:
        ids = np.asarray(self.engine.tokenizer.windows(PROMPT, self.config.text.window)[:1], np.int64)
        return quietly(partial(self.runtime.encode_text, ids, np.ones(ids.shape, bool)))

    def _read_text(self) -> Run:
        return quietly(
            partial(self.runtime.read_text, self._normal(1, self._text_tokens(), self.config.transformer.width))
        )

    def _others(self) -> list[str]:
        """Return the precisions that the checkpoint can be run in besides the usual one."""
        known = self.engine.capabilities.precisions
        return [name for name, obstacle in known.items() if name != USUAL_PRECISION and not obstacle]

    def _velocity(self, side: int, finished: int = 0, precision: str = USUAL_PRECISION) -> Run:
        runtime: Runtime = self.runtime
        if precision != USUAL_PRECISION:
            other = self.engine.runtime_with((), precision)
            runtime = CountedRuntime(other, self.config, self.runtime.counted)
        context, sizes = self.context(), self.config.transformer
        rows = side // SPACE_FACTOR // PATCH
        if finished:
            head = sizes.width // sizes.heads
            keys = self._normal(sizes.depth, 1, sizes.heads, rows * rows, head)
            table = rotary_table([float(frame) for frame in range(finished)], rows, rows, head)
            context = extend_context(context, [(keys, keys)] * finished, table)
        return quietly(partial(runtime.velocity, self.latents(side), TIME, context, float(finished)))

    def _decode(self, first: bool) -> Run:
        latents, state = self.latents(LARGE_PIXELS), None
        if not first:
            _, state = self.runtime.decode(latents, None)
        return quietly(partial(self.runtime.decode, latents, state))

    def _encode(self) -> Run:
        pixels = self._random.uniform(-1, 1, (1, 3, 1, LARGE_PIXELS, LARGE_PIXELS)).astype(np.float32)
        return quietly(partial(self.runtime.encode, pixels))

    def context(self) -> Context:
        """Return a context of the length of PROMPT."""
        sizes = self.config.transformer
        shape = (sizes.depth, 1, sizes.heads, self._text_tokens(), sizes.width // sizes.heads)
        return Context(self._normal(1, sizes.width), self._normal(*shape), self._normal(*shape))

    def _text_tokens(self) -> int:
        return len(self.engine.tokenizer.windows(PROMPT, self.config.text.window)[0])

    def latents(self, side: int) -> np.ndarray:
        """Return noise (1, c, 1, h, w) of a picture of `side` pixels."""
        cells = side // SPACE_FACTOR
        return self._normal(1, self.config.codec.latent_channels, 1, cells, cells)

    def _normal(self, *shape: int) -> np.ndarray:
        return self._random.standard_normal(shape, np.float32)

    def _picture(self, prompt: str = PROMPT, **options: Any) -> Run:
        return quietly(partial(self.images.generate, prompt, seed=SEED, **options))

    def _several_calls(self, **options: Any) -> Run:
        def run() -> None:
            for number in range(PICTURES):
                self.images.generate(PROMPT, seed=SEED + number, **options)

        return run

    def _clip(self, **options: Any) -> Run:
        """Return the run of a clip, which also finds when its first frame was there.

        No event says so: the first one of the second latent frame comes when the first frame is decoded, one step later.
        """
        options = {"size": f"{SMALL_PIXELS}x{SMALL_PIXELS}", "seed": SEED, "preview": False, **options}
        (request,) = self.clips.requests(self.clips.options(CLIP_PROMPT, **options))

        def run() -> dict[str, float]:
            start, first = time.perf_counter(), 0.0
            for event in self.clips.stream(CLIP_PROMPT, **options):
                if event.phase == "draw" and event.step > request.num_inference_steps and not first:
                    first = time.perf_counter() - start
            return {"first_frame_seconds": first or time.perf_counter() - start}

        return run


def quietly(call: Callable[[], Any]) -> Run:
    """Return a call without its result."""

    def run() -> None:
        call()

    return run


def child_environment(threads: int) -> dict[str, str]:
    """Return the environment of a process that computes with so many threads and imports this very package."""
    home = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH", "")]))
    names = ("MUTOSCOPE_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return os.environ | dict.fromkeys(names, str(threads)) | {"PYTHONPATH": path}


def run_command(words: list[str], threads: int) -> dict[str, float]:
    """Run `mutoscope WORDS...` in a process of its own; return its processor seconds and peak memory."""
    command = [sys.executable, "-m", "mutoscope", *words]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as said:
        child = subprocess.Popen(command, stdout=said, stderr=said, cwd=folder, env=child_environment(threads))
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        last = (said.read().strip().splitlines() or ["no message"])[-1]
    if child.returncode:
        raise MutoscopeError(f"mutoscope {words[0]} ended with {child.returncode}: {last[:200]}")
    memory = usage.ru_maxrss * BYTES_PER_MAXRSS / 1e6
    return {"processor_seconds": usage.ru_utime + usage.ru_stime, "peak_memory_mb": memory}


def to_row(case: Case, seconds: list[float], found: dict[str, float], gflop: float | None) -> Row:
    """Return what was measured of a case."""
    median = float(np.median(seconds))
    return Row(
        case.name, case.group, case.threads, median, min(seconds), gflop, axis=case.axis, value=case.value, **found
    )
