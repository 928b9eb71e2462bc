"""Styles of things made by hand or machine: synthwave neon, old film, stained glass, low poly, clay.

pixels   N C H W   frames of all clips, colour, rows, columns      float in [0, 1]
"""

from functools import lru_cache

import torch
from torch import Tensor

from mutoscope.rng import stream
from mutoscope.world.registry import draws_style
from mutoscope.world.styles.field import Field
from mutoscope.world.styles.operations import (
    blur,
    colour,
    edges,
    kuwahara,
    luma,
    ramp,
    saturate,
    slopes,
    spare,
    tone_steps,
    wobble,
)

_WARM = (
    (0.05, 0.01, 0.13),
    (0.30, 0.03, 0.38),
    (0.78, 0.06, 0.55),
    (1.0, 0.36, 0.50),
    (1.0, 0.74, 0.40),
    (1.0, 0.95, 0.75),
)
_COOL = (
    (0.02, 0.01, 0.12),
    (0.12, 0.05, 0.36),
    (0.25, 0.18, 0.70),
    (0.20, 0.50, 0.92),
    (0.25, 0.85, 0.98),
    (0.82, 0.99, 1.0),
)


@draws_style("neon synthwave")
def neon_synthwave(image: Tensor, field: Field) -> Tensor:
    """Warm colours become magenta and orange, cool ones violet and cyan; edges glow, and a grid lies on the ground."""
    calm = kuwahara(image, field.radius(2))
    grey = luma(calm)
    warmth = ((calm[:, :1] - calm[:, 2:]) * 2.5 / (grey + 0.25) + 0.35).clamp(0, 1)
    tone = (grey * 1.05 - 0.04).clamp(0, 1)
    neon = ramp(tone, _COOL) + warmth * (ramp(tone, _WARM) - ramp(tone, _COOL))
    edge = ((edges(calm) - 0.03) * 6).clamp(0, 1)
    x, y = field.place()
    hue = 0.5 + 0.5 * torch.sin(3 * x + 4 * y)
    tube = colour(image, 1.0, 0.10, 0.75) * hue + colour(image, 0.10, 0.90, 1.0) * (1 - hue)
    halo = blur(blur(edge, field.radius(2)), field.radius(2))
    depth = (y - 0.62).clamp_min(1e-3)
    width = field.width / field.height
    rows = torch.cos(torch.pi * 2 * 0.55 / depth.clamp_min(0.04)).clamp(0, 1).pow(14)
    columns = torch.cos(torch.pi * (x - width / 2) / depth * 0.9).abs().pow(30)
    grid = torch.maximum(rows, columns) * ((y - 0.66) * 8).clamp(0, 1) * 0.34
    return neon * (1 - 0.5 * edge) + tube * (0.55 * edge + 0.55 * halo) + colour(image, 0.95, 0.15, 0.85) * grid


@draws_style("vintage film")
def vintage_film(image: Tensor, field: Field) -> Tensor:
    """Faded warm colours, lifted blacks, grain, a vignette and a light leak at one side."""
    soft = 0.6 * image + 0.4 * blur(image, field.radius(1))
    faded = saturate(soft, 0.72) * colour(image, 0.82, 0.76, 0.65) + colour(image, 0.17, 0.145, 0.125)
    x, y = field.place()
    width = field.width / field.height
    far = ((x / width - 0.5).square() + (y - 0.5).square()) * 2
    sides = [1.0 if stream("style", "leak", seed).uniform() < 0.5 else -1.0 for seed in field.seeds]
    side = field.over_time(image.new_tensor(sides)[:, None, None, None])
    leak = ((side * (x / width - 0.5) - 0.30) / 0.20).clamp(0, 1).square() * (1 - (y - 0.35).abs()).clamp(0, 1)
    faded = faded * (1.08 - 0.50 * far.square() - 0.22 * far) + leak * colour(image, 0.22, 0.09, 0.02)
    return faded + 0.022 * field.noise("grain")


@draws_style("stained glass")
def stained_glass(image: Tensor, field: Field) -> Tensor:
    """Pieces of saturated glass between dark lead, cut on a jittered grid and along the strongest shapes."""
    panes = [_pane(seed % 32, field.height, field.width) for seed in field.seeds]
    piece, lead, rim = (field.over_time(torch.stack(part).to(image.device)) for part in zip(*panes, strict=True))
    count = (_PIECES + 2) * (int(_PIECES * field.width / field.height) + 4)  # numbers of pieces lie below this
    index = piece.flatten(1)[:, None].expand(-1, 4, -1)
    calm = spare(kuwahara(image, field.radius(2), 8), image, 0.7)
    values = torch.cat([calm, torch.ones_like(calm[:, :1])], 1).flatten(2)
    sums = values.new_zeros(len(image), 4, count).scatter_add(2, index, values)
    means = (sums[:, :3] / sums[:, 3:].clamp_min(1)).gather(2, index[:, :3]).view_as(image)
    glass = (0.4 * means + 0.6 * calm).clamp(1e-4, 1).pow(0.85)
    glass = ((saturate(glass, 1.75) - 0.45) * 1.15 + 0.50).clamp(0.02, 1)
    glass = glass * (0.80 + 0.32 * rim) * (1 + 0.05 * field.noise("cloud"))
    grey = luma(calm)
    darker = ((blur(grey, field.radius(2)) - grey + 0.03) * 12).clamp(0, 1)  # lead frames what is lit
    shape = ((edges(blur(calm, 1)) - 0.06) * 13).clamp(0, 0.9) * darker
    return glass * (1 - torch.maximum(lead, shape) * 0.95)


_PIECES = 12  # rows of pieces of glass


@lru_cache(maxsize=64)
def _pane(pattern: int, height: int, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return one pattern of glass, a Voronoi diagram of a jittered grid, as three fields (1, H, W).

    They are the number of the piece, the strength of the lead and the nearness to the middle of the piece, in [0, 1].
    """
    cell = height / _PIECES
    rows, columns = _PIECES + 2, int(width / cell) + 3
    jitter = torch.from_numpy(stream("style", "pane", pattern).uniform(0.1, 0.9, (rows, columns, 2))).float()
    y, x = torch.meshgrid(
        (torch.arange(height) + 0.5) / cell + 1, (torch.arange(width) + 0.5) / cell + 1, indexing="ij"
    )
    distances, names = [], []
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            row, column = (y.long() + down).clamp(0, rows - 1), (x.long() + right).clamp(0, columns - 1)
            middle = jitter[row, column]
            distances.append(((row + middle[..., 0] - y).square() + (column + middle[..., 1] - x).square()).sqrt())
            names.append(row * columns + column)
    near, which = torch.stack(distances).topk(2, 0, largest=False)
    piece = torch.stack(names).gather(0, which[:1])
    gap = (near[1:] - near[:1]) * cell * 128 / height
    return piece, (1.25 - gap).clamp(0, 1), (1 - near[:1]).clamp(0, 1)


@draws_style("low poly")
def low_poly(image: Tensor, field: Field) -> Tensor:
    """Triangles of one colour each on a jittered grid, large where the picture is calm, split in 4 or 16 where not."""
    meshes = [_mesh(seed % 16, field.height, field.width) for seed in field.seeds]
    names, rims, shade = (field.over_time(torch.stack(part).to(image.device)) for part in zip(*meshes, strict=True))
    strong = saturate(image + 0.5 * (image - blur(image, field.radius(3))), 1.25).clamp(0, 1)
    facet, busy = _facets(strong, names[:, :1], rims[:, :1])
    rim = rims[:, :1]
    for k in (1, 2):
        finer, next_ = _facets(strong, names[:, k : k + 1], rims[:, k : k + 1])
        split = ((busy - 0.055 * k + 0.025) * 45).clamp(0, 1)
        facet, busy, rim = (
            facet + (finer - facet) * split,
            next_ * split,
            torch.maximum(rim, rims[:, k : k + 1] * split),
        )
    edge = ((rim - 0.76) / 0.24).clamp(0, 1) * (1 - split)
    return facet * (1 + 0.07 * shade) + 0.010 * shade + edge * (0.012 + 0.06 * facet)


def _facets(image: Tensor, names: Tensor, rim: Tensor) -> tuple[Tensor, Tensor]:
    """Return each pixel's facet's colour (N, 3, H, W), its middle weighing most, and the spread of its brightness."""
    grey, weight = luma(image), 1.05 - rim
    values = (torch.cat([image, grey * grey, torch.ones_like(grey)], 1) * weight).flatten(2)
    place = names.flatten(2).expand(-1, 5, -1)
    count = 32 * (_CELLS + 4) * (int(_CELLS * image.shape[3] / image.shape[2]) + 6)  # numbers lie below this
    sums = values.new_zeros(len(image), 5, count).scatter_add(2, place, values)
    means = (sums[:, :4] / sums[:, 4:].clamp_min(1e-6)).gather(2, place[:, :4]).unflatten(2, image.shape[2:])
    spread = (means[:, 3:] - luma(means[:, :3]).square()).clamp_min(0).add(1e-8).sqrt()
    return means[:, :3], spread


_CELLS = 12  # rows of the mesh's cells, two triangles each


# The corners of a cell (down, right) that make its two triangles, for both ways to cut it.
_HALVES = ((((0, 0), (0, 1), (1, 1)), ((0, 0), (1, 1), (1, 0))), (((0, 0), (0, 1), (1, 0)), ((1, 1), (1, 0), (0, 1))))


@lru_cache(maxsize=16)
def _mesh(pattern: int, height: int, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return a mesh of triangles as fields: numbers (3, H, W), rims in [0, 1] (3, H, W) and shade in [-1, 1] (1, H, W).

    Numbers and rims are of the big triangles, and twice of the small ones, four to each, that the middles of edges make.
    """
    cell = height / _CELLS
    rows, columns = _CELLS + 4, int(width / cell) + 5
    rng = stream("style", "mesh", pattern)
    jitter = torch.from_numpy(rng.uniform(-0.32, 0.32, (rows + 1, columns + 1, 2))).float()
    cut = torch.from_numpy(rng.uniform(0, 1, (rows, columns))).float() > 0.5
    y = ((torch.arange(height) + 0.5) / cell + 2)[:, None].expand(height, width)
    x = ((torch.arange(width) + 0.5) / cell + 2)[None].expand(height, width)
    shares, names = [], []
    for k in range(18):  # the nine cells about a pixel, two triangles each
        row, column, half = y.long() + k // 6 - 1, x.long() + k // 2 % 3 - 1, k % 2
        shares.append(_shares(x, y, row, column, half, cut[row, column], jitter))
        names.append((row * columns + column) * 2 + half)
    here = torch.stack(shares).amin(1).argmax(0)[None]
    corners = torch.stack(shares).gather(0, here[:, None].expand(1, 3, height, width))[0]
    number = torch.stack(names).gather(0, here)
    shade = torch.from_numpy(rng.uniform(-1, 1, (rows * columns * 2,))).float()[number]
    numbers, depths = [number], [corners.amin(0)]
    for _ in range(2):
        largest, part = corners.max(0)
        inner, tip = 1 - 2 * corners, 2 * corners  # corner k becomes 2 c - 1 in the small triangle at k
        tip = tip - torch.nn.functional.one_hot(part, 3).movedim(-1, 0)
        corners, part = tip.where(largest > 0.5, inner), part.where(largest > 0.5, 3)
        numbers.append(numbers[-1] * 4 + part)
        depths.append(corners.amin(0))
    return torch.cat(numbers), 1 - 3 * torch.stack(depths).clamp(0, 1 / 3), shade


def _shares(x: Tensor, y: Tensor, row: Tensor, column: Tensor, half: int, cut: Tensor, jitter: Tensor) -> Tensor:
    """Return the barycentric coordinates (3, H, W) of each pixel in one half of a cell of the mesh."""
    points = []
    for one, two in zip(_HALVES[1][half], _HALVES[0][half], strict=True):
        r, c = row + torch.where(cut, one[0], two[0]), column + torch.where(cut, one[1], two[1])
        points.append((c + jitter[r, c, 0], r + jitter[r, c, 1]))
    (ax, ay), (bx, by), (cx, cy) = points
    area = (by - cy) * (ax - cx) + (cx - bx) * (ay - cy)
    first = ((by - cy) * (x - cx) + (cx - bx) * (y - cy)) / area
    second = ((cy - ay) * (x - cx) + (ax - cx) * (y - cy)) / area
    return torch.stack([first, second, 1 - first - second])


@draws_style("clay")
def clay(image: Tensor, field: Field) -> Tensor:
    """Shapes of plasticine: a few matte colours, rounded at their edges, softly lit, with the prints of fingers."""
    calm = kuwahara(kuwahara(wobble(image, field, 0.8), field.radius(3), 8), field.radius(2), 8)
    calm = spare(calm, image, 0.7, 0.10)
    dough = saturate(tone_steps(calm, 6, 0.25), 1.45) * 0.86 + 0.07
    border = ((edges(calm) - 0.03) * 10).clamp(0, 1)
    swell = 1 - blur(blur(border, field.radius(2)), field.radius(1))
    relief = swell + 0.6 * blur(blur(luma(calm), field.radius(2)), field.radius(1)) + 0.030 * _prints(field)
    right, down = slopes(relief + 0.04 * blur(field.noise("paper"), field.radius(1)))
    light = (-(right + 1.2 * down) * field.unit).mul(2.4).clamp(-0.40, 0.5)
    shadow = 0.22 * blur(border, field.radius(1)).roll((field.radius(2),) * 2, (2, 3))
    return dough * (1 + 0.8 * light) * (1 - shadow) + light.clamp_min(0) * 0.18


def _prints(field: Field) -> Tensor:
    """Return the ridges of finger tips (B T, 1, H, W): patches of bent stripes, in [-1, 1]."""
    x, y = field.place()
    cloud = field.noise("cloud")
    where = ((cloud.roll(31, -1) - 0.2) * 1.5).clamp(0, 1)
    return where * torch.sin(2 * torch.pi * 128 / 3.6 * (0.8 * x + 0.6 * y) + 2.2 * cloud)
