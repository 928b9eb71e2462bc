"""Latents of captioned folders, encoded once and kept under `RUN/cache`: the transformer learns from them, and a decoder alone.

Encoding goes on where a killed call left it. Legend: latents M c t h w float16; M is N for clips and 2 N for pictures, whose second
half is mirrored.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from mutoscope.codec import Codec
from mutoscope.config import SPACE_FACTOR, TIME_FACTOR
from mutoscope.data.cache import Folder
from mutoscope.data.filling import bytes_to_fill, fill, tell
from mutoscope.device import autocast
from mutoscope.events import Event, drain
from mutoscope.media.pixels import to_values

FRAMES_AT_ONCE = 32  # encoded in one batch


def cached_latents(folder: Folder, codec: Codec, run: Path) -> np.ndarray:
    """Return the latents of a folder, mapped from `run/cache`, encoding it on the first call; `codec` says how."""
    drain(fill_latents(folder, codec, run))
    return np.load(latent_path(folder, codec, run), mmap_mode="r")


def fill_latents(folder: Folder, codec: Codec, run: Path) -> Iterator[Event]:
    """Encode what `run/cache` does not hold yet; yields nothing where all is there."""
    path, shape = latent_path(folder, codec, run), latent_shape(folder, codec)

    def put(array: np.ndarray, start: int, stop: int) -> None:
        _encode(array, folder, codec, start, stop)

    filled = fill(path, shape, np.float16, put, rows=len(folder), step=_step(folder))
    yield from tell("latents", len(folder), filled)


def latent_path(folder: Folder, codec: Codec, run: Path) -> Path:
    """Return where the latents of a folder are kept."""
    return run / "cache" / f"latents-{folder.path.name}-{folder.digest}-{encoder_digest(codec)}.npy"


def latent_shape(folder: Folder, codec: Codec) -> tuple[int, ...]:
    """Return (M, c, t, h, w)."""
    N, T, H, W, _ = folder.pixels.shape
    frames = 1 + (T - 1) // TIME_FACTOR
    return (N if folder.is_clips else 2 * N, len(codec.mean.flatten()), frames, H // SPACE_FACTOR, W // SPACE_FACTOR)


def latent_bytes(folder: Folder, codec: Codec, run: Path) -> int:
    """Return the bytes that `fill_latents` will take from the disk."""
    return bytes_to_fill(latent_path(folder, codec, run), latent_shape(folder, codec), np.float16)


def encoder_digest(codec: Codec) -> str:
    """Return a short hash of all that decides latents; a better decoder does not change them."""
    parts = hashlib.sha256()
    for name, tensor in sorted(codec.state_dict().items()):
        if not name.startswith("decoder."):
            parts.update(tensor.cpu().contiguous().numpy().tobytes())
    return parts.hexdigest()[:12]


def encode_pixels(folder: Folder, codec: Codec) -> np.ndarray:
    """Return the latents of a folder, in memory."""
    array = np.zeros(latent_shape(folder, codec), np.float16)
    for start in range(0, len(folder), _step(folder)):
        _encode(array, folder, codec, start, min(start + _step(folder), len(folder)))
    return array


def _step(folder: Folder) -> int:
    """Return how many items are encoded at once."""
    return max(1, FRAMES_AT_ONCE // folder.pixels.shape[1])


@torch.no_grad()
def _encode(array: np.ndarray, folder: Folder, codec: Codec, start: int, stop: int) -> None:
    """Encode the items from `start` to `stop`, pictures mirrored too."""
    device = codec.mean.device
    pixels = to_unit(folder.pixels[start:stop]).to(device)
    for mirrored in (False,) if folder.is_clips else (False, True):
        with autocast(device.type):
            latents = codec.encode(pixels.flip(-1) if mirrored else pixels)
        first = len(folder) if mirrored else 0
        array[first + start : first + stop] = latents.float().cpu().numpy()


def to_unit(frames: np.ndarray) -> torch.Tensor:
    """uint8 (B, T, H, W, 3) -> pixels (B, 3, T, H, W) in [-1, 1]."""
    return to_values(torch.from_numpy(np.array(frames)).permute(0, 4, 1, 2, 3))
