"""What a stage of training trains: a model, a loss and, where there is something to see, a preview."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from mutoscope.config import ModelConfig
from mutoscope.data.cache import Folder
from mutoscope.data.records import ALONE, Share
from mutoscope.events import Event

Model = TypeVar("Model", bound=nn.Module)


class Objective(ABC, Generic[Model]):
    """What the loop needs of a stage; a new stage is a subclass of this and a line in `stages.STAGES`."""

    model: Model

    @classmethod
    def prepare(
        cls, config: ModelConfig, folders: list[Folder], run: Path, options: Any, share: Share = ALONE
    ) -> Iterator[Event]:
        """Make what the objective finds in `run/cache` when it is built; yields events and goes on where it was killed.

        Every process of the share calls this, and all return when the work is done.
        """
        yield from ()

    @abstractmethod
    def loss(self, generator: torch.Generator, batch: int, fraction: float) -> tuple[Tensor, dict[str, float]]:
        """Draw a batch with `generator` and return the loss and numbers worth logging; `fraction` of the run is done."""

    def preview(self, model: Model) -> np.ndarray | None:
        """Return a uint8 (H, W, 3) picture made with `model`; None where there is nothing to see."""
        return None

    def compiled_modules(self) -> list[nn.Module]:
        """Return the modules worth compiling; asked once, before the first step."""
        return [self.model]

    def finish(self, run: Path) -> None:
        """Write what the run needs besides the parts; called when the stage is done, before its parts are written."""
