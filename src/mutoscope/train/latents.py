"""Latents of captioned folders, encoded once and kept under `RUN/cache`: the transformer learns from them, and a decoder alone.

Legend: latents M c t h w float16; M is N for clips and 2 N for pictures, whose second half is mirrored.
"""

import hashlib
from pathlib import Path

import numpy as np
import torch

from mutoscope.codec import Codec
from mutoscope.data.cache import Folder
from mutoscope.device import autocast
from mutoscope.media.pixels import to_values
from mutoscope.media.storage import atomic_write


def cached_latents(folder: Folder, codec: Codec, run: Path) -> np.ndarray:
    """Return the latents of a folder, mapped from `run/cache`, encoding it on the first call; `codec` says how."""
    path = run / "cache" / f"latents-{folder.path.name}-{folder.digest}-{encoder_digest(codec)}.npy"
    if not path.exists():
        save_array(path, encode_pixels(folder, codec))
    return np.load(path, mmap_mode="r")


def encoder_digest(codec: Codec) -> str:
    """Return a short hash of all that decides latents; a better decoder does not change them."""
    parts = hashlib.sha256()
    for name, tensor in sorted(codec.state_dict().items()):
        if not name.startswith("decoder."):
            parts.update(tensor.cpu().contiguous().numpy().tobytes())
    return parts.hexdigest()[:12]


@torch.no_grad()
def encode_pixels(folder: Folder, codec: Codec) -> np.ndarray:
    """Return the latents of a folder."""
    batch = max(1, 32 // folder.pixels.shape[1])
    device = codec.mean.device
    out: dict[bool, list[np.ndarray]] = {False: [], True: []}
    for start in range(0, len(folder), batch):
        pixels = to_unit(folder.pixels[start : start + batch]).to(device)
        for mirrored in (False,) if folder.is_clips else (False, True):
            with autocast(device.type):
                latents = codec.encode(pixels.flip(-1) if mirrored else pixels)
            out[mirrored].append(latents.float().cpu().numpy().astype(np.float16))
    return np.concatenate(out[False] + out[True])


def to_unit(frames: np.ndarray) -> torch.Tensor:
    """uint8 (B, T, H, W, 3) -> pixels (B, 3, T, H, W) in [-1, 1]."""
    return to_values(torch.from_numpy(np.array(frames)).permute(0, 4, 1, 2, 3))


def save_array(path: Path, array: np.ndarray) -> None:
    """Write an array, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, lambda file: np.save(file, array), size=array.nbytes)
