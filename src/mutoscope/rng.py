"""Random streams that are the same on every machine and in every runtime.

`stream(*key)` hashes its key (integers and strings) to a Philox4x32-10 counter generator (Salmon et al. 2011, "Parallel
random numbers: as easy as 1, 2, 3", SC11). Numbers depend on the key and on their position alone, so sample 7 of a request is the
same whether it is drawn alone or in a batch of eight, with numpy, torch or in a browser.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = 0x9E3779B9, 0xBB67AE85
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
FEW_BLOCKS = 8  # as many are quicker in plain integers than what numpy takes to begin


def philox(counters: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    """Return Philox4x32-10 of `counters` (n, 4) under a 2 x 32 bit `key`, as uint32 (n, 4)."""
    a, b, c, d = (counters[:, i].astype(np.uint64) for i in range(4))
    k0, k1 = key
    for _ in range(10):
        p0, p1 = a * _M0, c * _M1
        a, b, c, d = (p1 >> _SHIFT) ^ b ^ np.uint64(k0), p1 & _LOW, (p0 >> _SHIFT) ^ d ^ np.uint64(k1), p0 & _LOW
        k0, k1 = (k0 + _W0) & 0xFFFFFFFF, (k1 + _W1) & 0xFFFFFFFF
    return np.stack([a, b, c, d], axis=1).astype(np.uint32)


def philox_block(block: int, key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return Philox4x32-10 of the counter `block` alone, in plain integers: the numbers of `philox`."""
    a, b, c, d = block & 0xFFFFFFFF, block >> 32, 0, 0
    k0, k1 = key
    for _ in range(10):
        p0, p1 = a * 0xD2511F53, c * 0xCD9E8D57
        a, b, c, d = (p1 >> 32) ^ b ^ k0, p1 & 0xFFFFFFFF, (p0 >> 32) ^ d ^ k1, p0 & 0xFFFFFFFF
        k0, k1 = (k0 + _W0) & 0xFFFFFFFF, (k1 + _W1) & 0xFFFFFFFF
    return a, b, c, d


class Stream:
    """A stream of random numbers that belongs to one key; each call goes on where the last one stopped."""

    def __init__(self, *key: int | str):
        text = json.dumps(list(key), separators=(",", ":"), ensure_ascii=True)
        digest = hashlib.sha256(text.encode()).digest()
        self._key = (int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:8], "little"))
        self._block = 0

    def bits(self, count: int) -> np.ndarray:
        """Return `count` random uint32; whole blocks of four are consumed."""
        blocks = -(-count // 4)
        first, self._block = self._block, self._block + blocks
        if blocks <= FEW_BLOCKS:
            few = [number for block in range(first, first + blocks) for number in philox_block(block, self._key)]
            return np.array(few[:count], np.uint32)
        index = np.arange(first, first + blocks, dtype=np.uint64)
        counters = np.zeros((blocks, 4), np.uint64)
        counters[:, 0], counters[:, 1] = index & _LOW, index >> _SHIFT
        return philox(counters, self._key).reshape(-1)[:count]

    def uniform(self, low: float = 0.0, high: float = 1.0, shape: tuple[int, ...] = ()) -> Any:
        """Return float64 in (low, high) of `shape`; a float for shape ()."""
        unit = (self.bits(int(np.prod(shape, dtype=int))).astype(np.float64) + 0.5) / 2.0**32
        values = low + (high - low) * unit.reshape(shape)
        return values if shape else float(values)

    def normal(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return standard normal float32 of `shape` (Box-Muller in float64, rounded once)."""
        count = int(np.prod(shape, dtype=int))
        unit = (self.bits(2 * -(-count // 2)).astype(np.float64) + 0.5) / 2.0**32
        radius, angle = np.sqrt(-2.0 * np.log(unit[0::2])), 2.0 * np.pi * unit[1::2]
        pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
        return pairs.reshape(-1)[:count].reshape(shape).astype(np.float32)

    def integers(self, low: int, high: int, shape: tuple[int, ...] = ()) -> Any:
        """Return integers in [low, high) of `shape`; an int for shape ()."""
        values = np.floor(self.uniform(low, high, shape or (1,))).astype(np.int64).clip(low, high - 1)
        return values if shape else int(values[0])

    def choice(self, options: Sequence[Any], weights: Sequence[float] | None = None) -> Any:
        """Return one of `options`, drawn evenly or by `weights`."""
        if weights is None:
            return options[self.integers(0, len(options))]
        edges = np.cumsum(np.asarray(weights, np.float64))
        return options[int(np.searchsorted(edges, self.uniform(0.0, float(edges[-1])), side="right"))]

    def permutation(self, count: int) -> np.ndarray:
        """Return a random order of range(count)."""
        return np.argsort(self.bits(count), kind="stable")


def between(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    """Return normal noise on the arc from `one` (share 0) to `other` (share 1), two independent draws of it.

    Shares cos and sin of the angle, so that the noise between is standard normal too (spherical interpolation, Shoemake 1985).
    """
    angle = share * np.pi / 2
    if share == 1.0:
        return other  # the cosine of a right angle is not quite zero
    mixed = np.cos(angle) * one.astype(np.float64) + np.sin(angle) * other.astype(np.float64)
    return mixed.astype(np.float32)


def stream(*key: int | str) -> Stream:
    """Return the random stream of this key, for example `stream(seed, index)`."""
    return Stream(*key)
