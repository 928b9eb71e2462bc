"""What runs the networks: four calls, arrays in and out.

    encode_text(ids, mask) -> text (B, L, D)
    velocity(latents, time, text, mask, frame, past, delta, guidance, centre) -> velocity (B, c, 1, h, w), keys, values
    decode(latents, state) -> pixels (B, 3, 1 or 4, H, W), state
    encode(pixels) -> latents (1, c, 1, h, w), of a picture that comes in; nothing of it is read before it is asked for

`open_runtime` picks one: ONNX Runtime, or PyTorch when asked.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from mutoscope.adapter import Adapter
from mutoscope.checkpoint import Checkpoint
from mutoscope.device import need_torch
from mutoscope.errors import SettingError, did_you_mean

RUNTIMES = ("auto", "onnx", "torch")
MAX_THREADS = 1024
Adapters = tuple[tuple[Adapter, float], ...]  # each with its scale


@dataclass(frozen=True)
class Past:
    """Keys and values of finished latent frames (layers, B, A, S, K) and the numbers of their positions in time."""

    keys: Any
    values: Any
    frames: tuple[float, ...]


class Runtime(Protocol):
    """The four calls; numpy float32 in and out."""

    name: str
    checkpoint: Checkpoint

    def encode_text(self, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Token ids (B, L) int64 and mask (B, L) bool -> text (B, L, D)."""
        ...

    def velocity(
        self,
        latents: np.ndarray,
        time: float,
        text: np.ndarray,
        mask: np.ndarray,
        frame: float,
        past: Past | None,
        delta: float = 0.0,
        guidance: float = 1.0,
        centre: tuple[float, float] = (0.0, 0.0),
    ) -> tuple[np.ndarray, Any, Any]:
        """One latent frame (B, c, 1, h, w) at `time`, number `frame` in time -> velocity, its keys, its values.

        `centre` is the row and column, in tokens, of the middle of the latents: (0, 0) but for a tile of a picture.
        `delta` and `guidance` are inputs of few-step models: the average over [time - delta, time] of the velocity guided so.
        """
        ...

    def decode(self, latents: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        """One latent frame (1, c, 1, h, w) and the state (None at first) -> pixels (1, 3, 1 or 4, H, W), next state."""
        ...

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        """One picture (1, 3, 1, H, W) in [-1, 1] -> unit-scale latents (1, c, 1, H/8, W/8).

        Raises CheckpointError for a checkpoint that came without its encoder.
        """
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


def open_runtime(
    checkpoint: Checkpoint, name: str = "auto", threads: int | None = None, adapters: Adapters = ()
) -> Runtime:
    """Return the runtime of this name for a checkpoint and adapters; "auto" is "onnx".

    Raises SettingError, MissingExtraError, CheckpointError for an adapter of another model.
    """
    check_runtime(name, threads)
    if name == "torch":
        from mutoscope.runtime.torch import TorchRuntime

        return TorchRuntime(checkpoint, threads, adapters=adapters)
    from mutoscope.runtime.onnx import OnnxRuntime

    return OnnxRuntime(checkpoint, threads, adapters)
