"""The protocol of an engine: what it takes, and one call that draws."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mutoscope.capabilities import Capabilities
from mutoscope.events import Event
from mutoscope.init_image import InitImage
from mutoscope.prompt.request import Request


@dataclass(frozen=True)
class Drawn:
    """What an engine made of a request. `frames` (T, H, W, 3) uint8; warnings are whole sentences."""

    frames: np.ndarray
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class EngineSettings:
    """How a model is run; nothing in here is asked of a picture. Engines refuse what they cannot do with a SettingError."""

    runtime: str = "auto"  # "onnx", "torch"
    threads: int | None = None  # of the CPU; None: as many as help
    precision: str | None = None  # "fp32", "bf16", "fp16", "int8"; None: the engine's own choice
    device: str = "auto"  # "cpu", "cuda", "cuda:1", "mps"
    offload: str = "auto"  # "none", "model", "group": what stays in the memory of the CPU until it is needed


class Engine(Protocol):
    """What draws: same request, same engine, same bytes."""

    capabilities: Capabilities  # what it takes, and its defaults; reading them loads no weights

    def draw(self, request: Request, init_image: InitImage | None = None, preview: bool = False) -> Iterator[Event]:
        """Draw a request that fits the capabilities; yields events, the last one "done" with a `Drawn`.

        With `preview` some events carry the picture so far. `init_image` is the one whose hash the request has.
        """
        ...
