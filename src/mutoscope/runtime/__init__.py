"""What runs the networks: arrays in and out, one picture or frame at a time.

    prepare(is_clip, encodes), which begins to load what will be asked for
    finish_drawing(), after each picture or clip
    encode_text(ids, mask) -> text (B, L, D)
    read_text(text) -> Context, what the velocity network takes of a text; made once
    velocity(latents, time, context, frame, ...) -> velocity (1, c, 1, h, w)
    remember(latents, context, frame) -> keys and values of a finished frame; `extend_context` adds them to a context
    decode(latents, state) -> pixels (1, 3, 1 or 4, H, W), state
    encode(pixels) -> latents (1, c, 1, h, w), of a picture that comes in; nothing of it is read before it is asked for
    run_parallel(calls) -> their results; on several cores at once where that is faster

`open_runtime` picks one: ONNX Runtime, or PyTorch when asked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from mutoscope.adapter import Adapter
from mutoscope.capabilities import USUAL_PRECISION
from mutoscope.checkpoint import VELOCITY, Checkpoint
from mutoscope.device import need_torch
from mutoscope.errors import SettingError, did_you_mean

RUNTIMES = ("auto", "onnx", "torch")
PRECISIONS = tuple(VELOCITY)  # of the velocity; all else is fp32 always
MAX_THREADS = 1024
Adapters = tuple[tuple[Adapter, float], ...]  # each with its scale
KeysValues = tuple[np.ndarray, np.ndarray]  # of one latent frame, (layers, 1, A, N, K) each
Result = TypeVar("Result")


@dataclass(frozen=True)
class Context:
    """What the velocity network sees of a text and of finished frames."""

    pooled: np.ndarray  # (1, D)
    keys: np.ndarray  # (layers, 1, A, S, K), rotated
    values: np.ndarray  # (layers, 1, A, S, K)


def extend_context(context: Context, frames: Sequence[KeysValues], rotary: np.ndarray) -> Context:
    """Return a context that sees finished frames as well, at the places of their `rotary` table (2, frames * N, K/2)."""
    keys = np.concatenate([keys for keys, _ in frames], axis=3)
    cos, sin = rotary
    first, second = np.split(keys, 2, axis=-1)
    rotated = np.concatenate([first * cos - second * sin, first * sin + second * cos], axis=-1)
    return Context(
        context.pooled,
        np.concatenate([context.keys, rotated], axis=3),
        np.concatenate([context.values, *(values for _, values in frames)], axis=3),
    )


class Runtime(Protocol):
    """The calls above; numpy float32 in and out."""

    name: str
    checkpoint: Checkpoint

    def prepare(self, is_clip: bool, encodes: bool) -> None:
        """Begin to load what a picture or a clip takes, and with `encodes` the encoder; whoever asks for it waits for it."""
        ...

    def finish_drawing(self) -> None:
        """Take note that a picture or clip is finished: what makes later ones start sooner may be done now, in a thread."""
        ...

    def encode_text(self, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Token ids (B, L) int64 and mask (B, L) bool -> text (B, L, D)."""
        ...

    def read_text(self, text: np.ndarray) -> Context:
        """Text (1, L, D) -> its context."""
        ...

    def velocity(
        self,
        latents: np.ndarray,
        time: float,
        context: Context,
        frame: float,
        delta: float = 0.0,
        guidance: float = 1.0,
        centre: tuple[float, float] = (0.0, 0.0),
    ) -> np.ndarray:
        """One latent frame (1, c, 1, h, w) at `time`, number `frame` in time -> its velocity.

        `centre` is the row and column, in tokens, of the middle of the latents: (0, 0) but for a tile of a picture.
        `delta` and `guidance` are inputs of few-step models: the average over [time - delta, time] of the velocity guided so.
        """
        ...

    def remember(self, latents: np.ndarray, context: Context, frame: float) -> KeysValues:
        """One finished latent frame (1, c, 1, h, w) -> its keys, not rotated, and values, for the contexts of later frames."""
        ...

    def decode(self, latents: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        """One latent frame (1, c, 1, h, w) and the state (None at first) -> pixels (1, 3, 1 or 4, H, W), next state."""
        ...

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        """One picture (1, 3, 1, H, W) in [-1, 1] -> unit-scale latents (1, c, 1, H/8, W/8).

        Raises CheckpointError for a checkpoint that came without its encoder.
        """
        ...

    def run_parallel(self, calls: Sequence[Callable[[], Result]]) -> list[Result]:
        """Return the results of several calls of this runtime, in their order; the same bytes as one after the other."""
        ...


def check_runtime(name: str, threads: int | None) -> None:
    """Refuse an unknown runtime and a number of threads that cannot be; SettingError, MissingExtraError without PyTorch."""
    if name not in RUNTIMES:
        raise SettingError(f"unknown runtime {name!r}{did_you_mean(name, RUNTIMES)}; known: {', '.join(RUNTIMES)}")
    if threads is not None and (
        isinstance(threads, bool) or not isinstance(threads, int) or not 1 <= threads <= MAX_THREADS
    ):
        raise SettingError(f"threads must be a whole number from 1 to {MAX_THREADS}, got {threads!r}")
    if name == "torch":
        need_torch()


def find_obstacle(checkpoint: Checkpoint, name: str, precision: str) -> str:
    """Return in a sentence why a runtime cannot draw a checkpoint in one of PRECISIONS, "" where it can."""
    if precision == USUAL_PRECISION:
        return ""
    if name == "torch":
        return f"precision {precision} is of the runtime onnx, got runtime 'torch'; take {USUAL_PRECISION}, or another runtime"
    if not checkpoint.has_graph(VELOCITY[precision]):
        again = f"mutoscope export {checkpoint.folder} --out DIR"
        return f"{checkpoint.folder} has no graph for precision {precision}; make it with: {again}"
    return ""


def open_runtime(
    checkpoint: Checkpoint,
    name: str = "auto",
    threads: int | None = None,
    adapters: Adapters = (),
    precision: str = USUAL_PRECISION,
) -> Runtime:
    """Return the runtime of this name for a checkpoint and adapters; "auto" is "onnx", which alone has other precisions.

    Raises SettingError, MissingExtraError, CheckpointError for an adapter of another model.
    """
    check_runtime(name, threads)
    obstacle = find_obstacle(checkpoint, name, precision)
    if obstacle:
        raise SettingError(obstacle)
    if name == "torch":
        from mutoscope.runtime.torch import TorchRuntime

        return TorchRuntime(checkpoint, threads, adapters=adapters)
    from mutoscope.runtime.onnx import OnnxRuntime

    return OnnxRuntime(checkpoint, threads, adapters, precision)
