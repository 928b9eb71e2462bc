"""What pictures that look the same have in common, and finding them among many without comparing all with all.

A print is 36 numbers: a difference hash of 256 bits (Krawetz 2013, "Kind of like that": is the left neighbour brighter?),
a hash of the lowest frequencies of 64 bits (Zauner 2010, pHash), and the colours of four quarters. Copies that were
re-encoded, resized or slightly graded have nearly the same print. Mirrored and strongly cropped ones have not.

`near_pairs` sorts the difference hashes 32 times, turned by a byte each time, and compares each with its next neighbours
(Charikar 2002; Manku, Jain, Das Sarma 2007): O(n log n), whatever the pictures. Two hashes meet where they agree from some
byte on for about log2(n / NEIGHBOURS) bits. Of 100,000 pictures that is 12 bits, and two hashes that differ in 30 of their 256 bits
agree so far from one byte in five, and there are 32 of them.
"""

from functools import cache

import numpy as np

from mutoscope.data.measures import resize
from mutoscope.media.pixels import luma

DHASH_BITS = 256
DHASH_NEAR, PHASH_NEAR = 30, 8  # bits two prints may differ in
COLOUR_NEAR = 14  # levels the colours of a quarter may differ in
NEIGHBOURS = 24  # compared in each order
_DEAD = 3.0  # levels: a smaller difference is none, so that even areas hash alike after every encoder (dev/log.md)

PRINT = np.dtype(
    [("dhash", ">u8", (DHASH_BITS // 64,)), ("phash", ">u8"), ("colour", np.uint8, (12,)), ("moves", np.uint8)]
)


def fingerprint(pixels: np.ndarray, moves: bool = False) -> np.ndarray:
    """Return the print of a picture (H, W, 3) uint8, or of the mean frame of a clip: one record of PRINT."""
    out = np.zeros((), PRINT)
    out["dhash"], out["phash"] = dhash(pixels), phash(pixels)
    out["colour"], out["moves"] = resize(pixels, 2, 2).reshape(-1), moves
    return out


def dhash(pixels: np.ndarray) -> np.ndarray:
    """Return 256 bits as four numbers: in a grid of 16 rows and 17 columns, is a cell darker than the one to its right?"""
    grid = luma(resize(pixels, 17, 16))
    return np.packbits(grid[:, 1:] > grid[:, :-1] + _DEAD).view(">u8")


def phash(pixels: np.ndarray) -> int:
    """Return 64 bits: which of the lowest 8 x 8 frequencies of a 32 x 32 picture lie above their median."""
    low = (_cosines() @ luma(resize(pixels, 32, 32)) @ _cosines().T).reshape(-1)
    return int(np.packbits(low > np.median(low[1:])).view(">u8")[0])


@cache
def _cosines() -> np.ndarray:
    """Return the first 8 rows of the orthogonal cosine transform (DCT-II) of 32 values."""
    rows, columns = np.mgrid[:8, :32]
    return (np.cos(np.pi * (columns + 0.5) * rows / 32) * np.where(rows == 0, 0.5**0.5, 1) / 4).astype(np.float32)


def near_pairs(prints: np.ndarray, neighbours: int = NEIGHBOURS) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs (M, 2) of indices, smaller first, whose prints (N,) are near, and their distances (M,) in bits.

    Sorted, each pair once. Memory is O(n).
    """
    full = np.ascontiguousarray(prints).view(np.uint8).reshape(len(prints), PRINT.itemsize)
    words, rest = full[:, : DHASH_BITS // 8], full[:, DHASH_BITS // 8 :]
    bits = prints["dhash"].astype(np.uint64)
    found = [np.empty((0, 2), np.int64)]
    for turn in range(DHASH_BITS // 8):
        turned = np.concatenate([np.roll(words, -turn, axis=1), rest], axis=1)  # the rest decides between equals
        order = np.argsort(turned.view(f"S{PRINT.itemsize}").reshape(-1), kind="stable")
        ordered = bits[order]
        for step in range(1, min(neighbours + 1, len(order))):
            apart = np.bitwise_count(ordered[:-step] ^ ordered[step:]).sum(axis=1)
            places = np.flatnonzero(apart <= DHASH_NEAR)
            left, right = order[places], order[places + step]
            near = is_near(prints[left], prints[right])
            found.append(np.stack([left[near], right[near]], axis=1))
    pairs = np.unique(np.sort(np.concatenate(found), axis=1), axis=0)
    return pairs, distance(prints[pairs[:, 0]], prints[pairs[:, 1]])


def distance(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return in how many bits of the difference hash prints (N,) and (N,) differ."""
    return np.bitwise_count(left["dhash"].astype(np.uint64) ^ right["dhash"].astype(np.uint64)).sum(axis=-1)


def is_near(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Say which prints (N,) look like those of (N,): both hashes and the colours agree, and both move or neither.

    A small thing on a plain ground sets few bits, so fewer may differ: two icons of one set are no copies.
    """
    bits = np.bitwise_count(left["phash"].astype(np.uint64) ^ right["phash"].astype(np.uint64))
    colour = np.abs(left["colour"].astype(np.int16) - right["colour"].astype(np.int16)).max(axis=-1)
    alike = (left["moves"] == right["moves"]) & (bits <= PHASH_NEAR) & (colour <= COLOUR_NEAR)
    union = np.bitwise_count(left["dhash"].astype(np.uint64) | right["dhash"].astype(np.uint64)).sum(axis=-1)
    return alike & (distance(left, right) <= np.minimum(DHASH_NEAR, 1 + union // 4))


def surplus(prints: np.ndarray, rank: np.ndarray) -> dict[int, tuple[int, int]]:
    """Return {index: (index of what it repeats, distance)} of the items to drop; `rank` (N,): lower ones are kept first.

    An item is dropped only for one that is kept, so a chain of look-alikes does not drop its far ends. Prints that are equal
    are settled first, then rounds of `near_pairs` until nothing falls: a crowd larger than its window melts by a factor a
    round. The result depends on prints and ranks alone, not on the order of the items.
    """
    dropped = _equal(prints, rank)
    while True:
        alive = np.array([i for i in range(len(prints)) if i not in dropped], np.int64)
        fallen = _round(prints, rank, alive)
        if not fallen:
            return dropped
        dropped |= fallen


def _equal(prints: np.ndarray, rank: np.ndarray) -> dict[int, tuple[int, int]]:
    """Drop all but the first of every set of equal prints."""
    order = np.argsort(rank, kind="stable")
    first: dict[bytes, int] = {}
    kept = {int(i): first.setdefault(prints[i].tobytes(), int(i)) for i in order}
    return {i: (other, 0) for i, other in kept.items() if i != other}


def _round(prints: np.ndarray, rank: np.ndarray, alive: np.ndarray) -> dict[int, tuple[int, int]]:
    pairs, distances = near_pairs(prints[alive])
    near: dict[int, list[tuple[int, int]]] = {}
    for (left, right), bits in zip(alive[pairs].tolist(), distances.tolist(), strict=True):
        near.setdefault(left, []).append((bits, right))
        near.setdefault(right, []).append((bits, left))
    dropped: dict[int, tuple[int, int]] = {}
    for index in sorted(near, key=lambda i: rank[i]):
        better = [(bits, rank[i], i) for bits, i in near[index] if i not in dropped and rank[i] < rank[index]]
        if better:
            bits, _, other = min(better)
            dropped[index] = (other, bits)
    return dropped
