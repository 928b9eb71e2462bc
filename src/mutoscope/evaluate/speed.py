"""Where the seconds go: the three calls of a runtime timed while a picture and a clip are drawn, and all that is left over."""

import statistics
import time
from typing import Any, cast

from mutoscope.checkpoint import Checkpoint
from mutoscope.device import cpu_name
from mutoscope.evaluate.motion import FPS, FRAMES
from mutoscope.events import drain
from mutoscope.pipeline import Networks, draw
from mutoscope.prompt.conditioning import understand
from mutoscope.prompt.request import Request
from mutoscope.runtime import Runtime, open_runtime
from mutoscope.tokenizer import Tokenizer

PROMPT = "a lake at sunset"
STAGES = ("encode_text", "velocity", "decode")
CLIP_STEPS = 8


class TimedRuntime:
    """A runtime that keeps the seconds of each of its calls; it answers to every name of the runtime inside."""

    def __init__(self, runtime: Any):
        self.runtime = runtime
        self.seconds = dict.fromkeys(STAGES, 0.0)

    def __getattr__(self, name: str) -> Any:
        inner = getattr(self.runtime, name)
        if name not in STAGES:
            return inner

        def call(*args: Any) -> Any:
            start = time.perf_counter()
            try:
                return inner(*args)
            finally:
                self.seconds[name] += time.perf_counter() - start

        return call


def measure(checkpoint: Checkpoint, repeat: int = 3) -> dict[str, Any]:
    """Return {"picture", "clip": {stage: seconds, "rest", "whole"}}, medians of `repeat` warm runs, and the machine."""
    runtime = open_runtime(checkpoint, "auto", None)
    tokenizer = Tokenizer.load(checkpoint.tokenizer_path)
    kinds = {
        "picture": Request(PROMPT),
        "clip": Request(PROMPT, num_frames=FRAMES, fps=FPS, num_inference_steps=CLIP_STEPS),
    }
    found: dict[str, Any] = {}
    for kind, request in kinds.items():
        runs = [_run(request, runtime, tokenizer, checkpoint) for _ in range(repeat + 1)][1:]  # the first one warms up
        found[kind] = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    return {**found, "frames": FRAMES, "n": repeat, "machine": cpu_name(), "runtime": type(runtime).__name__}


def _run(request: Request, runtime: Any, tokenizer: Tokenizer, checkpoint: Checkpoint) -> dict[str, float]:
    timed = TimedRuntime(runtime)
    start = time.perf_counter()
    networks = Networks(cast(Runtime, timed), tokenizer, checkpoint.config, checkpoint.tile_side)
    drain(draw(request, understand(request), networks))
    whole = time.perf_counter() - start
    return {**timed.seconds, "rest": whole - sum(timed.seconds.values()), "whole": whole}
