"""Latents of captioned folders, encoded once and kept under `RUN/cache`: the transformer learns from them, and a decoder alone.

A record for every picture and one for its mirror image, where that is wanted and its captions allow it; of clips one each
(`latent_codes.py`, `data/records.py`). Encoding goes on where a killed call left it, and processes share it.

Legend: latents M c t h w; M is N for clips and 2 N for pictures, whose second half is mirrored.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from mutoscope.codec import Codec
from mutoscope.config import SPACE_FACTOR, TIME_FACTOR
from mutoscope.data.cache import Folder
from mutoscope.data.filling import tell
from mutoscope.data.records import ALONE, Head, Records, Share, are_there, fill_records, open_records
from mutoscope.device import autocast
from mutoscope.events import Event, drain
from mutoscope.media.pixels import to_values
from mutoscope.train.latent_codes import STEP, mirror, mirror_signs, pack, to_codes, to_latents, unpack
from mutoscope.train.plan import LATENT_BYTES, MIRROR_BYTES

FRAMES_AT_ONCE = 32  # encoded in one batch
BATCHES_IN_PART = 4
VERSION = 1  # of the records


@dataclass(frozen=True)
class KeptLatents:
    """The latents of a folder as an array that is read where it is asked: `kept[places]` are float32 (B, c, t, h, w)."""

    records: Records
    shape: tuple[int, ...]  # (M, c, t, h, w)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, places: np.ndarray | slice) -> np.ndarray:
        if isinstance(places, slice):
            places = np.arange(*places.indices(len(self)))
        head, shape = self.records.head, self.shape[1:]
        if not head["signs"]:  # nothing is mirrored
            return to_latents(unpack([self.records[int(place)] for place in places], shape))
        items, mirrored = places % (len(self) // 2), places >= len(self) // 2
        codes = unpack([self.records[2 * int(item)] for item in items], shape)
        if mirrored.any():
            more = unpack([self.records[2 * int(item) + 1] for item in items[mirrored]], shape)
            codes[mirrored] = mirror(codes[mirrored], head["signs"]) + more
        return to_latents(codes)


def cached_latents(folder: Folder, codec: Codec, run: Path, mirrored: bool = True) -> KeptLatents:
    """Return the latents of a folder, mapped from `run/cache`, encoding it on the first call; `codec` says how."""
    drain(fill_latents(folder, codec, run, mirrored))
    path = latent_path(folder, codec, run, mirrored)
    return KeptLatents(open_records(path, _head(folder, codec)), latent_shape(folder, codec))


def fill_latents(
    folder: Folder, codec: Codec, run: Path, mirrored: bool = True, share: Share = ALONE
) -> Iterator[Event]:
    """Encode what `run/cache` does not hold yet; yields nothing where all is there."""
    path, head, step = latent_path(folder, codec, run, mirrored), _head(folder, codec), _step(folder)
    may_flip = folder.may_flip if mirrored else np.zeros(len(folder), bool)

    def make(start: int, stop: int) -> list[bytes]:
        firsts = range(start, stop, step)
        return [
            record for first in firsts for record in _records(folder, codec, may_flip, first, min(stop, first + step))
        ]

    filled = fill_records(path, head, make, rows=len(folder), step=BATCHES_IN_PART * step, share=share)
    yield from tell("latents", len(folder), filled)
    path.with_suffix(".npy").unlink(missing_ok=True)  # as they were kept before


def latent_path(folder: Folder, codec: Codec, run: Path, mirrored: bool = True) -> Path:
    """Return where the latents of a folder are kept; those without mirror images have a file of their own."""
    name = f"latents-{folder.path.name}-{folder.digest}-{encoder_digest(codec)}"
    return run / "cache" / f"{name}{'' if mirrored or folder.is_clips else '-plain'}.rec"


def latent_shape(folder: Folder, codec: Codec) -> tuple[int, ...]:
    """Return (M, c, t, h, w)."""
    N, T, H, W, _ = folder.pixels.shape
    frames = 1 + (T - 1) // TIME_FACTOR
    return (N if folder.is_clips else 2 * N, len(codec.mean.flatten()), frames, H // SPACE_FACTOR, W // SPACE_FACTOR)


def latent_bytes(folder: Folder, codec: Codec, run: Path, mirrored: bool = True) -> int:
    """Return the bytes that `fill_latents` will take from the disk, about: for a moment the records are there twice."""
    if are_there(latent_path(folder, codec, run, mirrored), _head(folder, codec)):
        return 0
    _, *shape = latent_shape(folder, codec)
    each = LATENT_BYTES + (MIRROR_BYTES if mirrored and not folder.is_clips else 0.0)
    return int(2 * len(folder) * each * np.prod(shape))


def _head(folder: Folder, codec: Codec) -> Head:
    """Return what the records say of themselves."""
    signs = [] if folder.is_clips else mirror_signs(codec)
    return {"holds": "latents", "version": VERSION, "step": STEP, "shape": latent_shape(folder, codec), "signs": signs}


def encoder_digest(codec: Codec) -> str:
    """Return a short hash of all that decides latents; a better decoder does not change them."""
    parts = hashlib.sha256()
    for name, tensor in sorted(codec.state_dict().items()):
        if not name.startswith("decoder."):
            parts.update(tensor.cpu().contiguous().numpy().tobytes())
    return parts.hexdigest()[:12]


def encode_pixels(folder: Folder, codec: Codec) -> np.ndarray:
    """Return the latents of a folder, in memory and exact."""
    array, half = np.zeros(latent_shape(folder, codec), np.float16), len(folder)
    for start in range(0, half, _step(folder)):
        stop = min(start + _step(folder), half)
        array[start:stop] = _encode(folder, codec, start, stop)
        if not folder.is_clips:
            array[half + start : half + stop] = _encode(folder, codec, start, stop, mirrored=True)
    return array


def _step(folder: Folder) -> int:
    """Return how many items are encoded at once."""
    return max(1, FRAMES_AT_ONCE // folder.pixels.shape[1])


def _records(folder: Folder, codec: Codec, may_flip: np.ndarray, start: int, stop: int) -> list[bytes]:
    """Return the records of the items from `start` to `stop`; that of a mirror image which nobody may see is empty."""
    codes = to_codes(_encode(folder, codec, start, stop))
    if folder.is_clips:
        return [pack(each) for each in codes]
    allowed = may_flip[start:stop]
    mirrored = codes
    if allowed.any():
        mirrored = to_codes(_encode(folder, codec, start, stop, mirrored=True)) - mirror(codes, mirror_signs(codec))
    rows = zip(codes, mirrored, allowed, strict=True)
    return [record for one, other, may in rows for record in (pack(one), pack(other) if may else b"")]


@torch.no_grad()
def _encode(folder: Folder, codec: Codec, start: int, stop: int, mirrored: bool = False) -> np.ndarray:
    """Return the latents of the items from `start` to `stop`, float32."""
    device = codec.mean.device
    pixels = to_unit(folder.pixels[start:stop]).to(device)
    with autocast(device.type):
        latents = codec.encode(pixels.flip(-1) if mirrored else pixels)
    return latents.float().cpu().numpy()


def to_unit(frames: np.ndarray) -> torch.Tensor:
    """uint8 (B, T, H, W, 3) -> pixels (B, 3, T, H, W) in [-1, 1]."""
    return to_values(torch.from_numpy(np.array(frames)).permute(0, 4, 1, 2, 3))
