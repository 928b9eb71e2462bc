"""What stays in place while a clip moves: paper, grain, brush strokes, the patterns of glass and facets.

pixels   N C H W   frames of all clips, colour, rows, columns      float in [0, 1]
"""

from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

from mutoscope.rng import stream
from mutoscope.world.noise import standard

TILE = 256  # rows and columns of the noise tiles; a picture of 128 rows is cut out at a place chosen by the seed


class Field:
    """The things that stay in place while a clip moves: paper, grain, brush strokes, the pattern of the glass."""

    def __init__(self, seeds: Sequence[int], frames: int, like: Tensor):
        self.seeds, self.frames = list(seeds), frames
        self.height, self.width = like.shape[-2:]
        self._like = like

    @property
    def unit(self) -> float:
        """How many pixels stand for one pixel of a picture 128 rows high."""
        return self.height / 128

    def radius(self, length: float) -> int:
        return max(1, round(length * self.unit))

    def noise(self, kind: str, size: int = 1) -> Tensor:
        """Return static noise (B T, 1, H, W), mean 0, deviation 1; kinds: grain paper cloud wood brush0 ... brush3.

        `size` makes all of it larger.
        """
        tile, rows, columns = _tile(kind), 128 // size, max(1, round(128 / size * self.width / self.height))
        cuts = []
        for seed in self.seeds:
            down, right = stream("style", kind, seed).integers(0, TILE, (2,)).tolist()
            index_rows, index_columns = (torch.arange(rows) + down) % TILE, (torch.arange(columns) + right) % TILE
            cuts.append(tile[index_rows][:, index_columns])
        field = torch.stack(cuts)[:, None].to(self._like)
        if field.shape[-2:] != (self.height, self.width):
            field = F.interpolate(field, (self.height, self.width), mode="bilinear", align_corners=False)
        return self.over_time(field)

    def over_time(self, field: Tensor) -> Tensor:
        """Repeat a field (B, ...) for every frame of its clip: (B T, ...)."""
        return field.repeat_interleave(self.frames, 0)

    def place(self) -> tuple[Tensor, Tensor]:
        """Return x (1, 1, 1, W) and y (1, 1, H, 1) in units of the height: 0 at the left and top, y 1 at the bottom."""
        like = self._like
        y = (torch.arange(self.height, device=like.device, dtype=like.dtype) + 0.5) / self.height
        x = (torch.arange(self.width, device=like.device, dtype=like.dtype) + 0.5) / self.height
        return x[None, None, None, :], y[None, None, :, None]


@cache
def _tile(kind: str) -> Tensor:
    """Return a noise tile (256, 256) that joins at its edges, mean 0 and deviation 1."""
    noise = torch.from_numpy(stream("style tile", kind).normal((TILE, TILE)))[None, None]
    if kind == "paper":  # fibres: grain at three sizes
        noise = 0.5 * noise + 1.2 * _blur_around(noise, 1, 1) + 2.5 * _blur_around(noise, 3, 3)
    elif kind == "cloud":  # where a wash pools
        noise = _blur_around(_blur_around(noise, 8, 8), 6, 6) * 20 + _blur_around(_blur_around(noise, 3, 3), 2, 2) * 3
    elif kind == "wood":  # long fibres from left to right
        noise = _blur_around(_blur_around(noise, 0, 16), 0, 12)
    elif kind.startswith("brush"):
        noise = _brush(noise, int(kind[-1]))
    return standard(noise)[0, 0]


def _blur_around(field: Tensor, down: int, right: int) -> Tensor:
    padded = F.pad(field, (right, right, down, down), mode="circular")
    return F.avg_pool2d(padded, (2 * down + 1, 2 * right + 1), 1)


def _brush(noise: Tensor, direction: int) -> Tensor:
    """Return noise smeared along one of four directions: 0 level, 1 falling, 2 upright, 3 rising."""
    step = ((0, 1), (1, 1), (1, 0), (-1, 1))[direction]
    smeared = torch.zeros_like(noise)
    for k in range(-5, 6):
        smeared = smeared + (1 - abs(k) / 6) * noise.roll((k * step[0], k * step[1]), (2, 3))
    return smeared
