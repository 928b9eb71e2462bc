"""The model under test, as the evaluation sees it: functions from a prompt and a seed to pixels. All that draws can be judged.

A model is opened through the public Python API alone, so whatever `TextToImageModel(NAME)` opens can be evaluated and compared.
A checkpoint folder adds what only a checkpoint has: the words it was trained on, its codec, and seconds by stage.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from mutoscope.checkpoint import Checkpoint, read_weights
from mutoscope.errors import SettingError
from mutoscope.evaluate.motion import FPS
from mutoscope.evaluate.prompts import EVERYTHING, Known
from mutoscope.media.pixels import to_levels, to_values
from mutoscope.objects import OBJECT_PHRASE_WORDS, load_library

CODEC_BATCH = 16  # pictures


class DrawPicture(Protocol):
    """(prompt, seed, style) -> uint8 (H, W, 3), as a user gets it who asks for no size; a style of None asks for none."""

    def __call__(self, prompt: str, seed: int, style: str | None = None, /) -> np.ndarray: ...


@dataclass(frozen=True)
class ModelUnderTest:
    """A model under test; what is None is not measured."""

    draw_picture: DrawPicture
    draw_clip: Callable[[str, int, int], np.ndarray] | None = (
        None  # (prompt, seed, frames) -> uint8 (T, H, W, 3) at FPS
    )
    reconstruct: Callable[[np.ndarray], np.ndarray] | None = None  # uint8 (n, H, W, 3) through the codec and back
    measure_speed: Callable[[], dict[str, Any]] | None = None  # seconds of each stage, see speed.py
    known: Known = EVERYTHING
    name: str = "unnamed"
    model_hash: str = ""


def load_model(model: str | Path | None = None, clips: bool = True) -> ModelUnderTest:
    """Return a model as `TextToImageModel(model)` opens it: a checkpoint folder, "embedded" (as None), "world", a model made elsewhere.

    Raises what its loader raises, and SettingError for a model that draws no pictures.
    """
    from mutoscope.engines.checkpoint import CheckpointEngine
    from mutoscope.models import TextToImageModel, TextToVideoModel

    pictures = TextToImageModel(model)
    able = pictures.engine.capabilities
    if not able.pictures:
        raise SettingError(f"the model {able.name} draws clips only; what is measured starts from pictures")
    draw_picture = picture_drawer(pictures)
    draw_clip = clip_drawer(TextToVideoModel(model)) if clips and able.clips else None
    if isinstance(pictures.engine, CheckpointEngine):
        return _describe_checkpoint(pictures.engine.checkpoint, draw_picture, draw_clip)
    known = EVERYTHING if able.known_words is None else Known(able.known_words)
    return ModelUnderTest(draw_picture, draw_clip, known=known, name=able.name, model_hash=able.hash)


def _describe_checkpoint(
    checkpoint: Checkpoint, draw_picture: DrawPicture, draw_clip: Callable[[str, int, int], np.ndarray] | None
) -> ModelUnderTest:
    from mutoscope.evaluate.speed import measure

    return ModelUnderTest(
        draw_picture,
        draw_clip,
        load_codec(checkpoint),
        lambda: measure(checkpoint),
        read_known(checkpoint),
        checkpoint.name,
        checkpoint.hash,
    )


def picture_drawer(model: Any) -> DrawPicture:
    """Return the function that draws one picture with a `TextToImageModel`."""

    def draw_picture(prompt: str, seed: int, style: str | None = None, /) -> np.ndarray:
        return model.generate(prompt, seed=seed, style=style).pixels

    return draw_picture


def clip_drawer(model: Any) -> Callable[[str, int, int], np.ndarray]:
    """Return the function that draws one clip with a `TextToVideoModel`, with the nearest number of frames that it can have."""
    rule = model.engine.capabilities.frames

    def draw_clip(prompt: str, seed: int, frames: int) -> np.ndarray:
        return model.generate(prompt, seed=seed, num_frames=rule.nearest(frames), fps=FPS).frames

    return draw_clip


def read_known(checkpoint: Checkpoint) -> Known:
    """Return what a checkpoint's own card says it was shown, and the things that are looked up for every checkpoint.

    One without facts is asked by its words alone.
    """
    facts = checkpoint.card.get("known_facts") or {}
    if not checkpoint.learned_world:
        return Known(checkpoint.known_words)
    objects = load_library()
    words = checkpoint.known_words | {word for name in objects.names for word in name.split()} | OBJECT_PHRASE_WORDS
    return Known(words, {**facts, "thing": sorted({*objects.nouns, *facts.get("thing", ())})} if facts else {})


def load_codec(checkpoint: Checkpoint) -> Callable[[np.ndarray], np.ndarray] | None:
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
    return lambda pictures: np.concatenate(
        [_pass_through(codec, pictures[first : first + CODEC_BATCH]) for first in range(0, len(pictures), CODEC_BATCH)]
    )


def _pass_through(codec: Any, pictures: np.ndarray) -> np.ndarray:
    """Encode and decode pictures uint8 (n, H, W, 3)."""
    import torch

    pixels = to_values(torch.from_numpy(pictures).permute(0, 3, 1, 2))[:, :, None]
    with torch.no_grad():
        decoded = codec.decode(codec.encode(pixels))[:, :, 0]
    return to_levels(decoded).permute(0, 2, 3, 1).numpy()
