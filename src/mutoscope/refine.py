"""The second pass of large pictures: a small picture is enlarged, gets some noise, and is drawn clear again tile by tile.

    picture ─ enlarge x2 ─ encode ─ + noise ─ sampler ⟲ velocity of overlapping tiles, averaged ─ decode ─┐
       └──────────────────────── again, with less noise each time, until the size is reached ─────────────┘

A tile has the size of the pictures of training. Where tiles overlap their velocities are averaged at every step, with weights
that fall to zero towards the edges, so tiles agree before there is a picture in which a seam could be seen (MultiDiffusion,
Bar-Tal et al. 2023). From noise of a modest strength the large forms stay (SDEdit, Meng et al. 2022), and doubling with a pass
after each time keeps every pass within what that strength can change (DemoFusion, Du et al. 2024). Each tile hears the whole
prompt: with more noise, or told that it stands in the middle, it would draw the whole scene small. So strength falls from pass to
pass, there is no guidance, and a tile's rotary positions are those of its place in the first, small picture.

Objects of the library are laid into the picture before the first pass, which paints over them: inside they keep their forms while
there is much noise (OBJECT_HOLD_TIME). A picture of the size that is drawn at once gets one pass of that size for it.

The networks come in as functions and see a tile at a time, or one on each core: their memory does not grow with the picture.
Legend: see shapes.py.
"""

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from mutoscope.config import PATCH, SPACE_FACTOR
from mutoscope.errors import NonFiniteError
from mutoscope.events import Event, Phase
from mutoscope.flow import mix, shift_for, shift_time
from mutoscope.guidance import inpaint
from mutoscope.media.pixels import to_levels, to_values
from mutoscope.rng import stream
from mutoscope.shapes import MULTIPLE

# How an enlarged picture gets its edges back before the networks see it (dev/log.md).
# From a soft picture they draw a soft one: without this the finest octave of the latents holds half of what renders have.
SHARPEN_RADIUS_PIXELS, SHARPEN_SHARE = 2, 1.0
REFINE_STRENGTH = (
    0.45  # noise level of the first pass: more draws the scene again inside of itself, less leaves it soft
)
STRENGTH_FADE = 0.75  # strength of a pass over that of the pass before
STEP_DENSITY = 0.75  # steps of a pass over those the draft took through as much noise: less is left to find
OBJECT_HOLD_TIME = 0.2  # noise level down to which the inside of objects is kept (dev/log.md)
TILE_OVERLAP = 0.375  # of a tile that at least belongs to the next one too (dev/log.md)
CODEC_TILE, CODEC_MARGIN = 32, 12  # latent rows that the codec fills at once, and those around that it looks at as well

Window = tuple[slice, slice]
# A picture (H, W, 3) uint8 -> the same with objects in it, and the latent cells inside of them, (1, 1, 1, h, w).
Lay = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
RunParallel = Callable[[Sequence[Callable[[], np.ndarray]]], list[np.ndarray]]  # calls -> their results


def in_turn(calls: Sequence[Callable[[], np.ndarray]]) -> list[np.ndarray]:
    """Return the results of calls, made one after the other."""
    return [call() for call in calls]


@dataclass(frozen=True)
class TileNetworks:
    """What refining needs of a model, for one prompt and one tile at a time."""

    velocity: Callable[..., np.ndarray]  # latents (1, c, 1, h, w), t, [r,] centre=(row, column) in tokens
    encode: Callable[[np.ndarray], np.ndarray]  # pixels (1, 3, 1, H, W) -> latents (1, c, 1, h, w)
    decode: Callable[[np.ndarray], np.ndarray]  # and back
    side: int  # of a tile, pixels
    run_parallel: RunParallel = in_turn  # how the tiles of a step are asked for


@dataclass(frozen=True)
class Pass:
    """One enlargement: to what size, with how much noise (a time in (0, 1)), cleared in how many steps."""

    width: int
    height: int
    strength: float
    steps: int


def refine(
    picture: np.ndarray,
    passes: Sequence[Pass],
    size: tuple[int, int],  # width and height of the result; after the last pass its pixels are repeated up to it
    sampler: Callable[..., Iterator[Any]],
    networks: TileNetworks,
    seed: tuple[int, int],
    lay: Lay | None = None,  # puts objects into the picture before the first pass
) -> Generator[Event, None, np.ndarray]:
    """Refine a picture (H, W, 3) uint8; yields events and returns the large picture. NonFiniteError names the step."""
    first = picture.shape
    refining = Phase("refine", sum(one.steps for one in passes))
    yield refining.start()
    for number, one in enumerate(passes):
        picture, inside = enlarge(picture, one.width, one.height), None
        if lay is not None and not number:
            picture, inside = lay(picture)
        data = encode(picture, networks.encode)
        noise = stream(*seed, "refine", number).normal(data.shape)
        latents = mix(data, noise, np.float32(one.strength)).noisy
        magnified = (one.height / first[0], one.width / first[1])
        velocity = tile_velocity(networks.velocity, networks.side // SPACE_FACTOR, magnified, networks.run_parallel)
        if inside is not None:
            velocity = inpaint(velocity, data, 1.0 - inside, OBJECT_HOLD_TIME)
        for step in sampler(velocity, latents, times(one, data.shape[1] * (networks.side // SPACE_FACTOR) ** 2)):
            latents = np.asarray(step.latents, np.float32)
            if not np.isfinite(latents).all():
                raise NonFiniteError(
                    f"refining is not finite after step {step.index + 1} of pass {number + 1}; report it"
                )
            yield refining.advance()
        picture = decode(latents, networks.decode)
    return repeat_pixels(picture, *size)


def plan_passes(draft: tuple[int, int], size: tuple[int, int], steps: int, strength: float) -> list[Pass]:
    """Return the passes from a draft to a size, each about twice as large as the one before; one where they are the same.

    `steps` are those of the draft, `strength` is the noise level of the first pass, 0 for the usual one.
    """
    growth = max(size[0] / draft[0], size[1] / draft[1])
    count = max(1, round(math.log2(growth)))
    passes = []
    for number in range(count):
        width, height = (round(whole / 2 ** (count - 1 - number) / MULTIPLE) * MULTIPLE for whole in size)
        noise = (strength or REFINE_STRENGTH) * STRENGTH_FADE**number
        passes.append(Pass(width, height, noise, max(2, round(STEP_DENSITY * noise * steps))))
    return passes


def times(one: Pass, values: int) -> np.ndarray:
    """Return the times of a pass, from its strength down to 0, as dense as those of a tile of `values` numbers."""
    shift = shift_for(values)
    start = one.strength / (shift + (1 - shift) * one.strength)  # shift_time(start) is the strength
    return shift_time(np.linspace(start, 0.0, one.steps + 1), shift)


def tile_velocity(
    velocity: Callable[..., np.ndarray], side: int, magnified: tuple[float, float], run_parallel: RunParallel = in_turn
) -> Callable[..., np.ndarray]:
    """Return the velocity of a large picture: that of its tiles, averaged where they overlap (Bar-Tal et al. 2023, eq. 5).

    Tiles are `side` latent rows and columns, less where the picture ends. `magnified` says how much larger than the draft rows
    and columns are: a tile is told the place of its middle in the draft.
    """

    def whole(latents: np.ndarray, *when: float) -> np.ndarray:
        rows, columns = latents.shape[-2:]
        places = windows(rows, columns, side, math.ceil(side * TILE_OVERLAP))

        def one(window: Window) -> np.ndarray:
            centre = tuple(
                ((part.start + part.stop) / 2 - size / 2) / PATCH / times_larger
                for part, size, times_larger in zip(window, (rows, columns), magnified, strict=True)
            )
            return velocity(np.ascontiguousarray(latents[(..., *window)]), *when, centre=centre)

        total, weight = np.zeros_like(latents), np.zeros((rows, columns), np.float32)
        for window, tile in zip(places, run_parallel([partial(one, place) for place in places]), strict=True):
            share = np.outer(*(bump(part.stop - part.start) for part in window))
            total[(..., *window)] += share * tile
            weight[window] += share
        return total / weight

    return whole


def windows(rows: int, columns: int, side: int, overlap: int) -> list[Window]:
    """Return evenly spread windows of `side` that cover a grid and overlap by at least `overlap`, all in whole tokens."""
    starts = [_starts(length, side, overlap) for length in (rows, columns)]
    return [
        (slice(top, min(rows, top + side)), slice(left, min(columns, left + side))) for top, left in product(*starts)
    ]


def _starts(length: int, side: int, overlap: int) -> list[int]:
    if length <= side:
        return [0]
    count = 1 + math.ceil((length - side) / (side - overlap))
    return [round((length - side) * k / (count - 1) / PATCH) * PATCH for k in range(count)]


def bump(length: int) -> np.ndarray:
    """Return the weights across a tile, float32 (length,): sin^2, one in the middle, next to nothing at the edges."""
    return (np.sin(np.pi * (np.arange(length) + 0.5) / length) ** 2).astype(np.float32)


def enlarge(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return a picture (H, W, 3) uint8 at another size, bicubic, with sharper edges where it grows."""
    from PIL import Image, ImageFilter

    image = Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC)
    if width * height > picture.shape[0] * picture.shape[1]:
        image = image.filter(ImageFilter.UnsharpMask(SHARPEN_RADIUS_PIXELS, round(100 * SHARPEN_SHARE), 0))
    return np.asarray(image)


def repeat_pixels(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return a picture (H, W, 3) uint8 at another size, its pixels repeated."""
    rows, columns = (np.arange(new) * old // new for new, old in zip((height, width), picture.shape, strict=False))
    return np.ascontiguousarray(picture[rows][:, columns])


def encode(picture: np.ndarray, network: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Picture (H, W, 3) uint8 -> latents (1, c, 1, h, w), tile by tile."""
    height, width = (length // SPACE_FACTOR for length in picture.shape[:2])
    latents = None
    for seen, kept, target in _codec_tiles(height, width):
        pixels = to_values(picture[_scaled(seen)]).transpose(2, 0, 1)[None, :, None]
        tile = network(np.ascontiguousarray(pixels))[(..., *kept)]
        latents = np.empty((*tile.shape[:-2], height, width), np.float32) if latents is None else latents
        latents[(..., *target)] = tile
    assert latents is not None
    return latents


def decode(latents: np.ndarray, network: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Latents (1, c, 1, h, w) -> picture (H, W, 3) uint8, tile by tile."""
    rows, columns = latents.shape[-2:]
    picture = np.empty((rows * SPACE_FACTOR, columns * SPACE_FACTOR, 3), np.uint8)
    for seen, kept, target in _codec_tiles(rows, columns):
        pixels = network(np.ascontiguousarray(latents[(..., *seen)]))[0, :, 0]
        picture[_scaled(target)] = to_levels(pixels).transpose(1, 2, 0)[_scaled(kept)]
    return picture


def _codec_tiles(rows: int, columns: int) -> Iterator[tuple[Window, Window, Window]]:
    """Yield for each tile what the codec looks at, which part of that is kept, and where in the whole it goes.

    The margin is wider than what the codec's convolutions see, so the parts fit together as if made at once.
    """
    for target in windows(rows, columns, CODEC_TILE, 0):
        seen = tuple(
            slice(max(0, part.start - CODEC_MARGIN), min(length, part.stop + CODEC_MARGIN))
            for part, length in zip(target, (rows, columns), strict=True)
        )
        kept = tuple(
            slice(part.start - wide.start, part.stop - wide.start) for part, wide in zip(target, seen, strict=True)
        )
        yield seen, kept, target  # type: ignore[misc]  # each is a pair of slices


def _scaled(window: Window) -> Window:
    """Return the window in pixels of one in latent rows and columns."""
    down, across = window
    return (
        slice(down.start * SPACE_FACTOR, down.stop * SPACE_FACTOR),
        slice(across.start * SPACE_FACTOR, across.stop * SPACE_FACTOR),
    )
