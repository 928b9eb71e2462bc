"""Previews without a decoder: a linear map from latents to colours, learned from the pictures that the model has drawn.

The decoder of a large model takes seconds to minutes, a map some milliseconds. No table of factors is needed, and no family has to be
known: at the end of every drawing the last latents and the picture that came of them give the least squares, which are kept by the
model's hash. So a model's first drawing has no previews, all others have. Latents of every layout are taken:

    B C h w      images            B N D      packed tokens, row after row
    B C t h w    clips             B t C h w  CogVideoX
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from mutoscope.media.pixels import unit_to_levels
from mutoscope.paths import cache_folder

PREVIEW_EVERY_STEPS = 2
MAX_SIDE_CELLS = 256  # of a preview
RIDGE = 1e-3  # of the mean of the diagonal: keeps the map small where a picture says little
FADE = 0.5  # of the older drawings' weight with every new one


class Previewer:
    """Turns the latents of one model into small pictures, once it has seen what becomes of them."""

    def __init__(self, model_hash: str):
        self._file = _folder() / f"{model_hash}.npz"
        self._sums = _read(self._file)  # of the features' products with themselves, and with the colours
        self._map = None if self._sums is None else _solve(*self._sums)

    def look(self, rows: int, columns: int, every: int = PREVIEW_EVERY_STEPS) -> Callable[[Any, Any, Any], Any]:
        """Return what a watcher calls after a step, for a picture of so many pixels: a preview, or None."""
        count = 0

        def look(scheduler: Any, arguments: Any, outcome: Any) -> np.ndarray | None:
            nonlocal count
            count += 1
            if self._map is None or count % every:
                return None
            return self.picture(estimate_data(scheduler, arguments, outcome), rows, columns)

        return look

    def picture(self, latents: Any, rows: int, columns: int) -> np.ndarray | None:
        """Return latents as colours, uint8 (h, w, 3) with a pixel a cell; None where they are of a layout not seen before."""
        cells = lay_out(latents, rows, columns)
        if cells is None or self._map is None or cells.shape[-1] + 1 != self._map.shape[0]:
            return None
        return unit_to_levels(_with_one(cells) @ self._map)

    def learn(self, latents: Any, picture: np.ndarray) -> None:
        """Learn from the last latents and the picture (H, W, 3) uint8 that came of them."""
        cells = lay_out(latents, *picture.shape[:2])
        if cells is None:
            return
        features = _with_one(cells).reshape(-1, cells.shape[-1] + 1).astype(np.float64)
        colours = _shrink(picture, *cells.shape[:2]).reshape(-1, 3).astype(np.float64) / 255.0
        products, targets = features.T @ features, features.T @ colours
        if self._sums is not None and self._sums[0].shape == products.shape:
            products, targets = products + FADE * self._sums[0], targets + FADE * self._sums[1]
        self._sums, self._map = (products, targets), _solve(products, targets)
        with suppress(OSError):  # a folder that cannot be written to costs previews in the next process, no more
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part = self._file.with_suffix(".part.npz")
            np.savez(part, products=products, targets=targets)
            part.replace(self._file)


def estimate_data(scheduler: Any, arguments: Any, outcome: Any) -> Any:
    """Return what the latents of a step are going to be: x - sigma v of flow models, what the scheduler says itself, or its step."""
    named = getattr(outcome, "pred_original_sample", None)
    if named is not None:
        return named
    latents = outcome[0] if isinstance(outcome, tuple) else outcome.prev_sample
    positional, keywords = arguments
    if (
        not type(scheduler).__name__.startswith("FlowMatchEuler")
        or len(positional) < 3
        or keywords.get("per_token_timesteps") is not None
    ):
        return latents
    index = scheduler.step_index
    if index is None or not 0 < index < len(scheduler.sigmas):
        return latents
    velocity, _, sample = positional[:3]
    return sample.float() - scheduler.sigmas[index - 1].item() * velocity.float()


def lay_out(latents: Any, rows: int, columns: int) -> np.ndarray | None:
    """Return latents of a picture of rows x columns pixels as cells (h, w, features), float32; None for an unknown layout.

    Of a clip the middle frame is taken.
    """
    array = latents.detach().float().cpu().numpy() if hasattr(latents, "detach") else np.asarray(latents, np.float32)
    array = array[0]
    if array.ndim == 2:  # N D
        return _lay_out_tokens(array, rows, columns)
    if array.ndim == 4:
        time_first = array.shape[0] < array.shape[1] and not _fits(array.shape[2:], rows, columns)
        array = array[array.shape[0] // 2] if time_first else array[:, array.shape[1] // 2]
    if array.ndim != 3:
        return None
    return np.ascontiguousarray(array.transpose(1, 2, 0)[:MAX_SIDE_CELLS, :MAX_SIDE_CELLS])


def _fits(sides: tuple[int, ...], rows: int, columns: int) -> bool:
    return rows % sides[0] == 0 and columns % sides[1] == 0


def _lay_out_tokens(array: np.ndarray, rows: int, columns: int) -> np.ndarray | None:
    """Return packed tokens (N, D) as cells: of several frames, those of the middle one."""
    for side in (16, 32, 8, 64):  # pixels of a token's side
        down, across = rows // side, columns // side
        if rows % side == 0 and columns % side == 0 and down * across and len(array) % (down * across) == 0:
            frames = array.reshape(-1, down, across, array.shape[1])
            return frames[len(frames) // 2]
    return None


def _with_one(cells: np.ndarray) -> np.ndarray:
    return np.concatenate([cells, np.ones((*cells.shape[:-1], 1), cells.dtype)], axis=-1)


def _shrink(picture: np.ndarray, rows: int, columns: int) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.fromarray(picture).resize((columns, rows), Image.Resampling.BOX))


def _solve(products: np.ndarray, targets: np.ndarray) -> np.ndarray:
    damp = RIDGE * float(np.trace(products)) / len(products) + 1e-12
    return np.linalg.solve(products + damp * np.eye(len(products)), targets).astype(np.float32)


def _folder() -> Path:
    return cache_folder() / "previews"


def _read(path: Path) -> tuple[np.ndarray, np.ndarray] | None:
    try:
        with np.load(path, allow_pickle=False) as found:
            return found["products"], found["targets"]
    except (OSError, ValueError, KeyError, EOFError):
        return None
