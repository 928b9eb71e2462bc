"""Noise, random cells and soft edges: the few pure functions that every part of the rendered world is made of.

Fractal noise is baked once per device into periodic textures and read with one bilinear look-up, whatever its octaves.
It knows nothing of scenes.

    image    B 3 T H W   display colours in [0, 1]
    field    B 1 T H W   one number a pixel; any axis may be 1 and broadcasts
"""

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from mutoscope.rng import stream

CELLS = 16  # noise cells in one period of a texture
TEXELS = 512  # texels in one period
OCTAVES = 4
TABLE = 4096  # rows of random numbers for cells
_KINDS = ("fbm", "ridged", "cloud")
_STEADY, _REST = 3.0, 1.0  # seconds
GLIDE = _STEADY + _REST  # what `glide` comes to


def smooth(low, high, value: Tensor) -> Tensor:
    """Return the smooth step of `value`: 0 below `low`, 1 above `high` (or the reverse where low > high)."""
    unit = ((value - low) / (high - low)).clamp(0, 1)
    return unit * unit * (3 - 2 * unit)


def edge(distance: Tensor, width) -> Tensor:
    """Return how much of a pixel is inside, given the signed `distance` to the edge (> 0 inside) and its `width`."""
    return (distance / width + 0.5).clamp(0, 1)


def over(image: Tensor, color: Tensor, mask: Tensor) -> Tensor:
    """Lay `color` over `image` where `mask` is 1."""
    return torch.lerp(image, color, mask)


def glide(time: Tensor) -> Tensor:
    """Return how long something went at full speed by `time` (seconds): all of three seconds, then it comes to rest."""
    return time.clamp(max=_STEADY) + _REST * (1 - torch.exp(-(time - _STEADY).clamp(min=0) / _REST))


def sample(kind: str, u: Tensor, v: Tensor, octaves: int = 3) -> Tensor:
    """Return noise in [0, 1], mean 0.5, spread about 0.2, at (u, v) in cells; u and v are fields that broadcast.

    `kind`: fbm (plain), ridged (sharp crests), cloud (round puffs).
    """
    texture = _textures(str(u.device))[_KINDS.index(kind) * OCTAVES + octaves - 1]
    b, _, t, h, w = torch.broadcast_shapes(u.shape, v.shape)
    grid = torch.empty(b, t, h, w, 2, device=u.device)
    for axis, coordinate in enumerate((u, v)):
        turn = coordinate * (1 / CELLS)
        grid[..., axis] = (turn - turn.floor()).squeeze(1) * 2 - 1
    plane = texture.expand(b * t, 1, TEXELS + 1, TEXELS + 1)
    values = F.grid_sample(plane, grid.view(b * t, h, w, 2), mode="bilinear", align_corners=True)
    return values.view(b, 1, t, h, w)


def drifting(kind: str, u: Tensor, v: Tensor, shift: Tensor, octaves: int = 2) -> Tensor:
    """Return noise that changes its shape as `shift` (cells) grows: two sheets that slide over each other."""
    one = sample(kind, u + shift, v + 0.4 * shift, octaves)
    two = sample(kind, u * 0.83 - shift * 0.9 + 5.3, v * 1.13 + 0.5 * shift + 2.7, octaves)
    return (one + two - 1) * 0.72 + 0.5


def cell_random(column: Tensor, row: Tensor | float, seed: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return four even random numbers in [0, 1) for each cell (whole numbers `column`, `row`); `seed` B 1 1 1 1."""
    key = (column * 131 + row * 977 + seed).long() & (TABLE - 1)
    one, two, three, four = _table(str(column.device))[key].unbind(-1)
    return one, two, three, four


@lru_cache(maxsize=4)
def _table(device: str) -> Tensor:
    numbers = stream("world", "cells").uniform(shape=(TABLE, 4))
    return torch.from_numpy(numbers).float().to(device)


@lru_cache(maxsize=4)
def _textures(device: str) -> list[Tensor]:
    """Return the baked textures (1, 1, TEXELS + 1, TEXELS + 1): for each kind, 1 to OCTAVES octaves."""
    layers = [_perlin(CELLS << k, k) for k in range(OCTAVES)]
    baked = []
    for kind in _KINDS:
        total = torch.zeros(TEXELS, TEXELS)
        for k, layer in enumerate(layers):
            total = total + 0.5**k * _fold(kind, layer, k)
            unit = (0.5 + 0.2 * standard(total)).clamp(0, 1)
            baked.append(F.pad(unit[None, None], (0, 1, 0, 1), mode="circular").to(device))
    return baked


def standard(field: Tensor) -> Tensor:
    """Return `field` with mean 0 and deviation 1; summed in float64, so that it is the same on any number of threads."""
    fine = field.double()
    return ((fine - fine.mean()) / fine.std()).to(field.dtype)


def _fold(kind: str, layer: Tensor, octave: int) -> Tensor:
    if kind == "ridged":
        return -layer.abs() * 1.6
    if kind == "cloud" and octave:
        return layer.abs() * 2.2
    return layer


def _perlin(cells: int, octave: int) -> Tensor:
    """Return one octave of periodic gradient noise (Perlin 2002), TEXELS x TEXELS, `cells` cells a side."""
    angle = torch.from_numpy(stream("world", "noise", octave).uniform(0, 2 * torch.pi, (cells, cells))).float()
    place = torch.arange(TEXELS) * (cells / TEXELS)
    corner, part = place.floor().long(), place - place.floor()
    fade = part**3 * (part * (part * 6 - 15) + 10)

    def slope(down: int, right: int) -> Tensor:
        turn = angle[(corner[:, None] + down) % cells, (corner[None] + right) % cells]
        return turn.cos() * (part[None] - right) + turn.sin() * (part[:, None] - down)

    top = torch.lerp(slope(0, 0), slope(0, 1), fade[None])
    bottom = torch.lerp(slope(1, 0), slope(1, 1), fade[None])
    return torch.lerp(top, bottom, fade[:, None])
