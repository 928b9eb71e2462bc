"""Latents as few bytes: whole steps of 1/16, differences where those are smaller, Huffman's code.

    codes     latents / STEP, rounded: an error of 0.018 where latents have unit scale (dev/log.md: 53 dB of decoded pixels)
    mirror    the codes of a mirrored picture are nearly those of the picture, mirrored, some channels with the other sign: the
              difference is kept
    layers    every (h, w) is kept as it is, as differences along a row, or as differences of those down a column

Each record is read by itself. Legend: latents and codes c t h w, many of them B c t h w.
"""

import zlib
from collections.abc import Sequence

import numpy as np

from mutoscope.codec import PIXELS, Codec
from mutoscope.config import SPACE_FACTOR

STEP = 1 / 16  # of latents with unit scale
LARGEST = 2**12  # code, 256 times the scale: far beyond any latent, so that no difference of differences leaves 16 bits


def to_codes(latents: np.ndarray) -> np.ndarray:
    """Latents of any shape -> int16 codes."""
    return np.clip(np.round(latents.astype(np.float32) / STEP), -LARGEST, LARGEST).astype(np.int16)


def to_latents(codes: np.ndarray) -> np.ndarray:
    """Codes -> float32 latents."""
    return codes.astype(np.float32) * np.float32(STEP)


def mirror_signs(codec: Codec) -> list[int]:
    """Return +1 or -1 for each channel: what becomes of it when a picture is mirrored, by the codec's linear path."""
    kernels = codec.encoder.linear.weight.detach()[:, -PIXELS:, 0, 0].unflatten(1, (3, SPACE_FACTOR, SPACE_FACTOR))
    alike = (kernels.flip(-1) * kernels).flatten(1).sum(1)
    return [1 if value >= 0 else -1 for value in alike.tolist()]


def mirror(codes: np.ndarray, signs: Sequence[int]) -> np.ndarray:
    """Codes (..., c, t, h, w) of pictures -> about those of the mirrored pictures."""
    return codes[..., ::-1] * np.array(signs, np.int16)[:, None, None, None]


def pack(codes: np.ndarray) -> bytes:
    """Codes (c, t, h, w) -> a record: how each layer is kept, the low bytes of all numbers, the high ones where there are any."""
    rows = np.diff(codes, axis=-1, prepend=np.int16(0))
    ways = np.stack([codes, rows, np.diff(rows, axis=-2, prepend=np.int16(0))])
    best = np.abs(ways.astype(np.int32)).sum((-2, -1)).argmin(0)  # c t
    kept = np.take_along_axis(ways, best[None, :, :, None, None], 0)[0]
    folded = _fold(kept)
    low, high = (folded & 255).astype(np.uint8), (folded >> 8).astype(np.uint8)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_RLE)
    plain = best.astype(np.uint8).tobytes() + low.tobytes() + (high.tobytes() if high.any() else b"")
    return packer.compress(plain) + packer.flush()


def unpack(records: Sequence[bytes], shape: tuple[int, ...]) -> np.ndarray:
    """Records -> codes (B, c, t, h, w), given (c, t, h, w)."""
    c, t, h, w = shape
    layers, end = c * t, c * t * (1 + h * w)
    plain = [zlib.decompress(record, -15) for record in records]
    ways = np.frombuffer(b"".join([each[:layers] for each in plain]), np.uint8).reshape(-1, c, t)
    low = np.frombuffer(b"".join([each[layers:end] for each in plain]), np.uint8).reshape(-1, c, t, h, w)
    codes = UNFOLDED[low]
    for number, each in enumerate(plain):
        if len(each) > end:
            high = np.frombuffer(each[end:], np.uint8).reshape(shape).astype(np.uint16)
            codes[number] = _unfold(low[number] | (high << 8))
    for axis, summed in ((-2, ways == 2), (-1, ways >= 1)):
        codes[summed] = codes[summed].cumsum(axis, dtype=np.int16)
    return codes


def _fold(numbers: np.ndarray) -> np.ndarray:
    """0, -1, 1, -2, ... int16 -> 0, 1, 2, 3, ... uint16."""
    return ((numbers << 1) ^ (numbers >> 15)).view(np.uint16)


def _unfold(folded: np.ndarray) -> np.ndarray:
    """What `_fold` made, back again."""
    return ((folded >> 1) ^ -(folded & 1)).view(np.int16)


UNFOLDED = _unfold(np.arange(256, dtype=np.uint16))  # of what fits a byte
