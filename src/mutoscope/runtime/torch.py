"""The PyTorch runtime: the same calls on the modules themselves, on a GPU where there is one."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TypeVar

import numpy as np
import torch

from mutoscope.adapter import merge
from mutoscope.checkpoint import Checkpoint
from mutoscope.codec import Codec
from mutoscope.config import PATCH
from mutoscope.device import thread_count
from mutoscope.errors import CheckpointError
from mutoscope.runtime import Adapters, Context, KeysValues, Result
from mutoscope.shapes import rotary_table
from mutoscope.text_encoder import TextTower
from mutoscope.transformer import Transformer, patchify, unpatchify

Module = TypeVar("Module", bound=torch.nn.Module)


class TorchRuntime:
    """Runs a checkpoint's modules in float32."""

    name = "torch"

    def __init__(
        self, checkpoint: Checkpoint, threads: int | None = None, device: str | None = None, adapters: Adapters = ()
    ):
        self.checkpoint = checkpoint
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        if threads or self.device.type == "cpu":
            torch.set_num_threads(threads or thread_count())
        weights = merge(checkpoint.weights(), checkpoint, adapters)
        config = checkpoint.config
        self.tower = self._fill(TextTower(config.text), "text", weights)
        self.transformer = self._fill(Transformer(config.transformer), "transformer", weights)
        self.codec = self._fill(Codec(config.codec), "codec", weights)
        self._head_width = config.transformer.width // config.transformer.heads

    def prepare(self, is_clip: bool, encodes: bool) -> None:
        """See `runtime.Runtime`; all but the encoder is loaded by now."""

    def finish_drawing(self) -> None:
        """See `runtime.Runtime`; there is nothing to do."""

    @torch.no_grad()
    def encode_text(self, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Token ids (B, L) and mask (B, L) -> text (B, L, D)."""
        seen = self._to(mask)
        states = self.tower(self._to(ids), seen) * seen[..., None]
        return self.transformer.adapt(states, seen).cpu().numpy()

    @torch.no_grad()
    def read_text(self, text: np.ndarray) -> Context:
        """See `runtime.Runtime`."""
        pooled, keys, values = self.transformer.read_text(self._to(text))
        return Context(pooled.cpu().numpy(), keys.cpu().numpy(), values.cpu().numpy())

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
        """See `runtime.Runtime`."""
        rows, columns = latents.shape[-2] // PATCH, latents.shape[-1] // PATCH
        patches, _, _ = self._step(latents, time, context, frame, delta, guidance, centre)
        return unpatchify(patches, 1, rows, columns).cpu().numpy()

    def remember(self, latents: np.ndarray, context: Context, frame: float) -> KeysValues:
        """See `runtime.Runtime`."""
        _, keys, values = self._step(latents, 0.0, context, frame, 0.0, 1.0, (0.0, 0.0))
        return keys.cpu().numpy(), values.cpu().numpy()

    def run_parallel(self, calls: Sequence[Callable[[], Result]]) -> list[Result]:
        """See `runtime.Runtime`; one after the other, each on all threads."""
        return [call() for call in calls]

    @torch.no_grad()
    def _step(
        self,
        latents: np.ndarray,
        time: float,
        context: Context,
        frame: float,
        delta: float,
        guidance: float,
        centre: tuple[float, float],
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        rows, columns = latents.shape[-2] // PATCH, latents.shape[-1] // PATCH
        rotary = self._to(rotary_table([frame], rows, columns, self._head_width, centre))
        times, deltas, scales = (
            torch.full((1, 1), float(value), device=self.device) for value in (time, delta, guidance)
        )
        pooled, keys, values = (self._to(array) for array in (context.pooled, context.keys, context.values))
        return self.transformer.step(
            patchify(self._to(latents.astype(np.float32, copy=False))),
            times,
            pooled,
            keys,
            values,
            rotary,
            deltas,
            scales,
        )

    @torch.no_grad()
    def decode(
        self, latents: np.ndarray, state: tuple[np.ndarray, ...] | None
    ) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        """See `runtime.Runtime`."""
        before = None
        if state is not None:
            first, second, third = (self._to(array) for array in state)
            before = (first, second, third)
        pixels, after = self.codec.decode_step(self._to(latents), before)
        return pixels.cpu().numpy(), tuple(array.cpu().numpy() for array in after)

    @torch.no_grad()
    def encode(self, pixels: np.ndarray) -> np.ndarray:
        """See `runtime.Runtime`."""
        return self._encoding.encode(self._to(pixels)).cpu().numpy()

    @cached_property
    def _encoding(self) -> Codec:
        """The codec with its encoder, which drawing from words does without."""
        weights = {
            name.removeprefix("codec."): torch.from_numpy(array)
            for name, array in self.checkpoint.encoder_weights().items()
        }
        self.codec.load_state_dict(weights, strict=False)
        return self.codec.to(self.device)

    def _fill(self, module: Module, prefix: str, weights: Mapping[str, np.ndarray]) -> Module:
        """Give `module` its weights; CheckpointError when they are not of its sizes."""
        own = {name.removeprefix(prefix + "."): torch.from_numpy(array) for name, array in weights.items()
               if name.startswith(prefix + ".")}  # fmt: skip
        missing, extra = module.load_state_dict(own, strict=False)
        lacking = [name for name in missing if not name.startswith("encoder.")]
        if lacking or extra:
            differ = ", ".join([*lacking, *extra][:5])
            raise CheckpointError(
                f"{self.checkpoint.folder}: the weights do not fit the sizes in config.json ({differ}); fetch the model again"
            )
        return module.requires_grad_(False).eval().to(self.device)

    def _to(self, array: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(np.ascontiguousarray(array)).to(self.device)
