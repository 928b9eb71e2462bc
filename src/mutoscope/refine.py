"""The second pass of large pictures: a small picture is enlarged, gets some noise, and is drawn clear again tile by tile.

    picture ─ enlarge x2 ─ encode ─ + noise ─ sampler ⟲ velocity of overlapping tiles, averaged ─ decode ─┐
       └──────────────────────── again, with less noise each time, until the size is reached ─────────────┘

A tile has the size of the pictures of training. Where tiles overlap their velocities are averaged at every step, with weights
that fall to zero towards the edges, so tiles agree before there is a picture in which a seam could be seen (MultiDiffusion,
Bar-Tal et al. 2023). From noise of a modest strength the large forms stay (SDEdit, Meng et al. 2022), and doubling with a pass
after each time keeps every pass within what that strength can change (DemoFusion, Du et al. 2024). Each tile hears the whole
prompt: with more noise, or told that it stands in the middle, it would draw the whole scene small. So strength falls from pass to
pass, there is no guidance, and a tile's rotary positions are those of its place in the first, small picture.

Things of the memory are laid into the picture before the first pass, which paints over them: inside they keep their forms while
there is much noise (HOLD). A picture of the size that is drawn at once gets one pass of that size for it.

A picture that will be made of square pixels (pixel art, finish.py) is enlarged by repeating its own: no pass is spent on what no
square shows. Its things are painted over at the size of the draft.

The networks come in as functions and see one tile at a time: their memory does not grow with the picture.
Legend: see shapes.py.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from mutoscope.config import PATCH, SPACE_FACTOR
from mutoscope.errors import NonFiniteError
from mutoscope.events import Event, Phase
from mutoscope.flow import mix, shift_for, shift_time
from mutoscope.guidance import keeping
from mutoscope.prompt.request import REFINE_STRENGTH, Request
from mutoscope.rng import stream
from mutoscope.sampler import SAMPLERS
from mutoscope.shapes import MULTIPLE

# How an enlarged picture gets its edges back before the networks see it: radius in pixels and share of what is added (dev/log.md).
# From a soft picture they draw a soft one: without this the finest octave of the latents holds half of what renders have.
SHARPER = (2, 1.0)
FADE = 0.75  # strength of a pass over that of the pass before
DENSITY = 0.75  # steps of a pass over those the draft took through as much noise: less is left to find
HOLD = 0.2  # noise level down to which the inside of things is kept (dev/log.md)
OVERLAP = 0.375  # of a tile that at least belongs to the next one too (dev/log.md)
CODEC_TILE, CODEC_MARGIN = 32, 12  # latent rows that the codec fills at once, and those around that it looks at as well

Window = tuple[slice, slice]
# A picture (H, W, 3) uint8 -> the same with things in it, and the latent cells inside of them, (1, 1, 1, h, w).
Lay = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Networks:
    """What refining needs of a model, for one prompt and one tile at a time."""

    velocity: Callable[..., np.ndarray]  # latents (1, c, 1, h, w), time, [until,] centre=(row, column) in tokens
    encode: Callable[[np.ndarray], np.ndarray]  # pixels (1, 3, 1, H, W) -> latents (1, c, 1, h, w)
    decode: Callable[[np.ndarray], np.ndarray]  # and back


@dataclass(frozen=True)
class Pass:
    """One enlargement: to what size, with how much noise (a time in (0, 1)), cleared in how many steps."""

    width: int
    height: int
    strength: float
    steps: int


def refine(
    picture: np.ndarray, request: Request, networks: Networks, side: int, lay: Lay | None = None
) -> Iterator[Event]:
    """Refine a picture (H, W, 3) uint8 to the request's size; yields events, the last "done" with the large picture.

    `lay` puts things into it before the first pass. `side` is that of a tile in pixels, the tile side of the checkpoint.
    NonFiniteError names the step.
    """
    first = picture.shape
    passes = [] if request.finish == "squares" and lay is None else plan(request)
    refining = Phase("refine", sum(one.steps for one in passes))
    yield refining.start()
    for number, one in enumerate(passes):
        picture, held = enlarge(picture, one.width, one.height), None
        if lay is not None and not number:
            picture, held = lay(picture)
        data = encode(picture, networks.encode)
        noise = stream(request.seed, request.index, "refine", number).normal(data.shape)
        latents = mix(data, noise, np.float32(one.strength)).noisy
        velocity = tiled(networks.velocity, side // SPACE_FACTOR, (one.height / first[0], one.width / first[1]))
        if held is not None:
            velocity = keeping(velocity, data, 1.0 - held, HOLD)
        for step in SAMPLERS[request.sampler](
            velocity, latents, times(one, data.shape[1] * (side // SPACE_FACTOR) ** 2)
        ):
            latents = np.asarray(step.latents, np.float32)
            if not np.isfinite(latents).all():
                raise NonFiniteError(
                    f"refining is not finite after step {step.index + 1} of pass {number + 1}; report it"
                )
            yield refining.advance()
        picture = decode(latents, networks.decode)
    yield Event("done", 1, 1, 0.0, result=repeated(picture, request.width, request.height))


def plan(request: Request) -> list[Pass]:
    """Return the passes from the draft to the whole size, each about twice as large as the one before; one without a draft.

    For a picture of square pixels it is one as well, of the size of the draft.
    """
    draft = request.draft or (request.width, request.height)
    size = draft if request.finish == "squares" else (request.width, request.height)
    growth = max(size[0] / draft[0], size[1] / draft[1])
    count = max(1, round(math.log2(growth)))
    passes = []
    for number in range(count):
        width, height = (round(whole / 2 ** (count - 1 - number) / MULTIPLE) * MULTIPLE for whole in size)
        strength = (request.refine_strength or REFINE_STRENGTH) * FADE**number
        passes.append(Pass(width, height, strength, max(2, round(DENSITY * strength * request.num_inference_steps))))
    return passes


def times(one: Pass, values: int) -> np.ndarray:
    """Return the times of a pass, from its strength down to 0, as dense as those of a tile of `values` numbers."""
    shift = shift_for(values)
    start = one.strength / (shift + (1 - shift) * one.strength)  # shift_time(start) is the strength
    return shift_time(np.linspace(start, 0.0, one.steps + 1), shift)


def tiled(velocity: Callable[..., np.ndarray], side: int, magnified: tuple[float, float]) -> Callable[..., np.ndarray]:
    """Return the velocity of a large picture: that of its tiles, averaged where they overlap (Bar-Tal et al. 2023, eq. 5).

    Tiles are `side` latent rows and columns, less where the picture ends. `magnified` says how much larger than the draft rows
    and columns are: a tile is told the place of its middle in the draft.
    """

    def whole(latents: np.ndarray, *when: float) -> np.ndarray:
        rows, columns = latents.shape[-2:]
        total, weight = np.zeros_like(latents), np.zeros((rows, columns), np.float32)
        for window in windows(rows, columns, side, math.ceil(side * OVERLAP)):
            tile = np.ascontiguousarray(latents[(..., *window)])
            share = np.outer(*(bump(part.stop - part.start) for part in window))
            centre = tuple(
                ((part.start + part.stop) / 2 - size / 2) / PATCH / times_larger
                for part, size, times_larger in zip(window, (rows, columns), magnified, strict=True)
            )
            total[(..., *window)] += share * velocity(tile, *when, centre=centre)
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
        radius, share = SHARPER
        image = image.filter(ImageFilter.UnsharpMask(radius, round(100 * share), 0))
    return np.asarray(image)


def repeated(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return a picture (H, W, 3) uint8 at another size, its pixels repeated."""
    rows, columns = (np.arange(new) * old // new for new, old in zip((height, width), picture.shape, strict=False))
    return np.ascontiguousarray(picture[rows][:, columns])


def encode(picture: np.ndarray, network: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Picture (H, W, 3) uint8 -> latents (1, c, 1, h, w), tile by tile."""
    height, width = (length // SPACE_FACTOR for length in picture.shape[:2])
    latents = None
    for seen, kept, target in _codec_tiles(height, width):
        pixels = picture[_scaled(seen)].astype(np.float32).transpose(2, 0, 1)[None, :, None] / 127.5 - 1.0
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
        pixels = (np.clip(pixels, -1.0, 1.0) + 1.0) * 127.5
        picture[_scaled(target)] = np.rint(pixels).astype(np.uint8).transpose(1, 2, 0)[_scaled(kept)]
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
        yield seen, kept, target  # type: ignore[misc]


def _scaled(window: Window) -> Window:
    """Return the window in pixels of one in latent rows and columns."""
    down, across = window
    return (
        slice(down.start * SPACE_FACTOR, down.stop * SPACE_FACTOR),
        slice(across.start * SPACE_FACTOR, across.stop * SPACE_FACTOR),
    )
