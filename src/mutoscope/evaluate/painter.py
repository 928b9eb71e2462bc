"""The model under test, as the evaluation sees it: functions from a prompt and a seed to pixels. All that draws can be judged."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mutoscope.checkpoint import Checkpoint, open_checkpoint, read_weights
from mutoscope.evaluate.motion import FPS
from mutoscope.evaluate.prompts import EVERYTHING, Known
from mutoscope.media.pixels import to_levels, to_values
from mutoscope.objects import OBJECT_PHRASE_WORDS
from mutoscope.objects import load as load_memory


@dataclass(frozen=True)
class Painter:
    """A model under test; what is None is not measured."""

    draw: Callable[[str, int], np.ndarray]  # (prompt, seed) -> uint8 (H, W, 3), as a user gets it who asks for no size
    move: Callable[[str, int, int], np.ndarray] | None = None  # (prompt, seed, frames) -> uint8 (T, H, W, 3) at FPS
    restore: Callable[[np.ndarray], np.ndarray] | None = None  # uint8 (n, H, W, 3) through the codec and back
    time: Callable[[], dict[str, Any]] | None = None  # seconds of each stage, see speed.py
    known: Known = EVERYTHING
    name: str = "unnamed"
    model_hash: str = ""


def load_painter(model: str | Path | None = None, clips: bool = True) -> Painter:
    """Return the `Painter` of a checkpoint folder, of the embedded model when None; raises what its loader raises."""
    from mutoscope.evaluate.speed import measure
    from mutoscope.models import TextToImageModel, TextToVideoModel

    checkpoint = open_checkpoint(model)
    still = TextToImageModel(model)
    moving = TextToVideoModel(model) if clips else None

    def draw(prompt: str, seed: int) -> np.ndarray:
        return still.generate(prompt, seed=seed).pixels

    def move(prompt: str, seed: int, frames: int) -> np.ndarray:
        assert moving is not None
        return moving.generate(prompt, seed=seed, num_frames=frames, fps=FPS).frames

    return Painter(
        draw, move if clips else None, codec_of(checkpoint), lambda: measure(checkpoint), known_to(checkpoint),
        checkpoint.name, checkpoint.hash,
    )  # fmt: skip


def known_to(checkpoint: Checkpoint) -> Known:
    """Return what a checkpoint's own card says it was shown, and the things that are looked up for every checkpoint.

    One without facts is asked by its words alone.
    """
    facts = checkpoint.card.get("known_facts") or {}
    memory = load_memory()
    words = checkpoint.known_words | {word for name in memory.names for word in name.split()} | OBJECT_PHRASE_WORDS
    return Known(words, {**facts, "thing": sorted({*memory.nouns, *facts.get("thing", ())})} if facts else {})


def codec_of(checkpoint: Checkpoint) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return pixels -> latents -> pixels of a checkpoint's codec, uint8 (n, H, W, 3); None when it has no encoder."""
    path = checkpoint.folder / "encoder.safetensors"
    if not path.is_file():
        return None
    import torch

    from mutoscope.codec import Codec

    weights = {**checkpoint.weights(), **read_weights(path)}
    codec = Codec(checkpoint.config.codec)
    own = {
        name.removeprefix("codec."): torch.from_numpy(array)
        for name, array in weights.items()
        if name.startswith("codec.")
    }
    codec.load_state_dict(own)
    codec.requires_grad_(False).eval()

    def restore(pictures: np.ndarray) -> np.ndarray:
        parts = []
        for first in range(0, len(pictures), 16):
            pixels = to_values(torch.from_numpy(pictures[first : first + 16]).permute(0, 3, 1, 2)[:, :, None])
            with torch.no_grad():
                back = codec.decode(codec.encode(pixels))[:, :, 0]
            parts.append(to_levels(back).permute(0, 2, 3, 1).numpy())
        return np.concatenate(parts)

    return restore
