"""Tended land: meadow, flower field, farm field, road, garden.

image    B 3 T H W   display colours in [0, 1]
field    B 1 T H W   one number a pixel; any axis may be 1 and broadcasts
number   B 1 1 1 1   one number a scene;  color  B 3 1 1 1
"""

import torch
from torch import Tensor

from mutoscope.world.buildings import barn
from mutoscope.world.land import FOREST, grass, hills, mountain_range, plain, snowiness, treeline
from mutoscope.world.noise import cell_random, edge, over, sample, smooth
from mutoscope.world.plants import PETALS, flowers, stand, stand_one
from mutoscope.world.registry import draws_scene
from mutoscope.world.sky import sky
from mutoscope.world.view import SceneRng, View, on_rows


@draws_scene("meadow")
def meadow(view: View) -> Tensor:
    image, rng = sky(view), view.rng("meadow")
    green = grass(view, rng)
    image = mountain_range(view, image, view.rng("range"), view.horizon, 0.16, 1.2, 1.15, 0.35 * (rng() > 0.5))
    image, _ = hills(view, image, view.rng("hill 1"), view.horizon + 0.01, 0.09, 1.3, 0.75, green * 0.85)
    image, top = hills(view, image, view.rng("hill 2"), view.horizon + 0.09, 0.10, 1.1, 0.36, green * 0.95)
    image = stand(view, image, "trees 1", top + 0.012, 0.12, 0.10, 0.30, 0.55)
    image, top = hills(view, image, view.rng("hill 3"), view.horizon + 0.20, 0.09, 0.9, 0.10, green * 1.02)
    tall, spot = rng(0.32, 0.44), rng.side() * rng(0.08, 0.34) * view.aspect
    image = stand(view, image, "trees 2", top + 0.02, tall * 0.6, 0.30, 0.12, 0.4)
    image = stand_one(view, image, "trees 3", top + 0.03, tall, 0.05, spot)
    image, top = hills(view, image, view.rng("hill 4"), view.horizon + 0.33, 0.07, 0.8, 0.0, green * 1.04)
    rows = view.rows("plant", "flowers")
    return on_rows(view, image, rows, lambda v, i: flowers(v, i, "flowers", v.horizon + 0.16))


@draws_scene("flower field")
def flower_field(view: View) -> Tensor:
    image, rng = sky(view), view.rng("field")
    image, _ = hills(view, image, view.rng("hill"), view.horizon, 0.09, 1.3, 0.8, view.each("season", FOREST) * 1.1)
    image = treeline(view, image, view.rng("wood"), view.horizon + 0.006, 0.05, 0.5)
    depth = view.depth.clamp(0, 1)
    near = 1 / (depth + 0.10)
    across = (view.x - rng(-0.3, 0.3) * view.aspect) * near * rng(0.55, 0.85) + 50.5
    along = torch.log(depth + 0.10) * rng(2.2, 3.2) + rng(50, 60)
    lane = torch.where(rng() > 0.4, across, along)
    strip = lane.floor()
    color, gap = _strip_color(view, rng, strip), smooth(0.36, 0.46, (lane - strip - 0.5).abs())
    heads, nuance = _heads(view, rng, depth)
    green = view.lit(view.rgb(0.22, 0.46, 0.15), 0.5)
    bloom = view.lit(color, 0.80, pure=0.3) * (0.60 + 0.42 * heads.clamp(min=0)) * (0.82 + 0.32 * nuance)
    ground = over(over(green, bloom, smooth(-0.05, 0.25, heads)), green * 0.8, gap * smooth(0.0, 0.2, depth))
    ground = view.hazed(ground * (1.05 - 0.2 * depth), 0.7 * torch.exp(-depth / 0.12))
    return over(image, ground, edge(view.y - view.horizon, view.px))


def _strip_color(view: View, rng: SceneRng, strip: Tensor) -> Tensor:
    """Return each strip's own colour; neighbours differ."""
    table = torch.tensor(PETALS, device=view.device)
    index = (strip + rng.seed()).long() * torch.where(rng() > 0.5, 3, 5) % len(PETALS)
    return table[index.squeeze(1)].permute(0, 4, 1, 2, 3)


def _heads(view: View, rng: SceneRng, depth: Tensor) -> tuple[Tensor, Tensor]:
    """Return round flower heads in perspective, and a random number of each head.

    They are 1 where a head is lit, 0 at its lower rim, below 0 between heads; far ones melt to 0.7.
    """
    near = depth + 0.16
    total, nuance = torch.full_like(depth, -1.0), torch.full_like(depth, 0.5)
    for pace in (13.0, 11.5, 10.0):
        u = view.x / near * pace + rng(100, 200) + 0.08 * torch.sin(view.t * 1.6 + depth * 12 + view.x * 4)
        v = torch.log(near) * pace * 1.25 + 100
        column, row = u.floor(), v.floor()
        one, two, three, four = cell_random(column, row, rng.seed())
        right, down = u - column - 0.30 - 0.40 * one, v - row - 0.30 - 0.40 * two
        size = 0.10 + 0.08 * three
        inside = 1 - (right**2 + down**2) / size
        lit = (0.75 * inside.clamp(min=0).sqrt() - 0.55 * down / size.sqrt() + 0.20).clamp(0.02, 1)
        here = inside > 0  # nearer heads lie over those behind them
        total, nuance = (
            torch.where(here, lit, torch.maximum(total, inside.clamp(-1, 0))),
            torch.where(here, four, nuance),
        )
    melted = smooth(0.22, 0.48, view.px * 11 / near)
    return torch.lerp(total, torch.full_like(total, 0.7), melted), torch.lerp(
        nuance, torch.full_like(total, 0.5), melted
    )


CROPS = {
    "spring": (0.42, 0.66, 0.24), "summer": (0.93, 0.74, 0.30), "autumn": (0.62, 0.44, 0.26), "winter": (0.90, 0.94, 1.0),
}  # fmt: skip


@draws_scene("farm field")
def farm_field(view: View) -> Tensor:
    """Rows of crop that run to the horizon, a barn with a silo, round bales after the harvest."""
    image, rng = sky(view), view.rng("farm")
    image, _ = hills(view, image, view.rng("hill 1"), view.horizon + 0.005, 0.07, 1.3, 0.75, grass(view, rng) * 0.9)
    image = treeline(view, image, view.rng("wood"), view.horizon + 0.008, 0.045, 0.5)
    depth = view.depth.clamp(0, 1)
    lane = (view.x - rng(-0.35, 0.35) * view.aspect) / (depth + 0.07) * rng(1.5, 2.3) + 50.5
    part = lane - lane.floor()
    ridge = 0.5 + 0.5 * torch.cos((part - 0.5) * 2 * torch.pi)
    fuzz = sample("fbm", lane * 2.3, torch.log(depth + 0.07) * 9 + rng(0, 16), 3)
    crop = torch.lerp(view.each("season", CROPS), view.rgb(0.95, 0.97, 1.02), 0.8 * snowiness(view))
    earth = torch.lerp(view.rgb(0.42, 0.30, 0.20), view.rgb(0.74, 0.77, 0.84), 0.8 * snowiness(view))
    clear = smooth(0.0, 0.16, depth)  # far rows melt into one colour
    tone = over(earth, crop * (0.74 + 0.5 * fuzz), (smooth(0.18, 0.62, ridge) * 0.9 * clear + (1 - clear) * 0.8))
    ground = view.hazed(view.lit(tone * (1.06 - 0.25 * depth), 0.8), 0.8 * torch.exp(-depth / 0.12))
    image = over(image, ground, edge(view.y - view.horizon, view.px))
    spot = rng.side() * rng(0.10, 0.32) * view.aspect
    image = barn(view, image, "barn", spot, view.horizon + 0.045, rng(0.12, 0.17), 0.16)
    image = stand_one(view, image, "tree", view.horizon + 0.05, rng(0.17, 0.24), 0.16, spot - spot.sign() * 0.26)
    rows = [i for i, spec in enumerate(view.specs) if spec.season in ("summer", "autumn")]
    return on_rows(view, image, rows, _bales)


def _bales(view: View, image: Tensor) -> Tensor:
    """Lay four round bales of straw, near ones large, each with its shadow."""
    rng = view.rng("bales")
    for k, drop in enumerate((0.07, 0.13, 0.22, 0.36)):
        size, foot = 0.16 * drop + 0.012, view.horizon + drop + 0.01
        dx = view.x - (rng(-0.45, 0.45) + 0.1 * (-1) ** k) * view.aspect
        dy = view.y - foot + size
        shadow = torch.exp(
            -(((dx + view.sun_side * size) / (1.7 * size)) ** 2 + ((view.y - foot) / (0.28 * size)) ** 2)
        )
        image = over(image, image * 0.55, (shadow * 0.7).clamp(0, 1))
        away = torch.sqrt(dx**2 + dy**2)
        ring = 0.5 + 0.5 * torch.cos(away / size * 16)
        shade = smooth(-1.1, 1.0, (dx * view.sun_side - dy) / size)
        tone = view.lit(view.rgb(0.90, 0.70, 0.34) * (0.82 + 0.2 * ring), 0.25 + 0.75 * shade)
        image = over(image, view.hazed(tone, 0.5 * (0.4 - drop)), edge(size - away, view.px))
    return image


@draws_scene("road")
def road(view: View) -> Tensor:
    """A road that winds over the land to the hills, with a broken white line."""
    image, rng = sky(view), view.rng("road")
    dry = view.each("plant", {"cactus": 1.0})
    land = torch.lerp(grass(view, rng), view.rgb(0.82, 0.60, 0.38), dry)
    white = (0.30 + 0.4 * snowiness(view)) * (1 - dry)
    image = mountain_range(view, image, view.rng("range"), view.horizon, rng(0.14, 0.26), 1.3, 0.95, white)
    image, _ = hills(view, image, view.rng("hill"), view.horizon + 0.005, 0.06, 1.5, 0.5, land * 0.9)
    image = plain(view, image, view.rng("plain"), land)
    image = stand(view, image, "trees 1", view.horizon + 0.03, 0.10, 0.085, 0.45, 0.5)
    depth = view.depth.clamp(0, 1)
    swing, phase = rng.side() * rng(0.05, 0.20), rng(0, 6.28)
    axis = rng(-0.1, 0.1) * view.aspect * (1 - depth) + swing * (1 - depth) * torch.sin(phase + 6.5 * depth.sqrt())
    half = 0.006 + 0.30 * depth**1.12
    off = view.x - axis
    shoulder = view.lit(torch.lerp(view.rgb(0.62, 0.54, 0.42), view.rgb(0.80, 0.84, 0.92), snowiness(view)), 0.7)
    soft = view.px * 1.2
    on_land = edge(view.y - view.horizon, view.px)
    image = over(image, view.hazed(shoulder, 0.6 * (1 - depth) ** 3), edge(half * 1.22 - off.abs(), soft) * on_land)
    grain = sample("fbm", off / half * 3, torch.log(depth + 0.05) * 12, 2)
    asphalt = view.lit(view.rgb(0.30, 0.30, 0.32) * (0.86 + 0.26 * grain), 0.7) + 0.06 * view.light["middle"]
    image = over(image, view.hazed(asphalt, 0.7 * (1 - depth) ** 3), edge(half - off.abs(), soft) * on_land)
    along = torch.log(depth + 0.045) * rng(3.0, 3.8)
    dash = smooth(0.06, 0.16, (along - along.floor() - 0.5).abs() - 0.12)
    paint = view.lit(view.rgb(0.95, 0.93, 0.86), 0.8)
    line = edge(half * 0.045 - off.abs(), soft) * dash
    rims = edge(half * 0.03 - (off.abs() - half * 0.90).abs(), soft)
    image = over(image, paint, (torch.maximum(line, rims * 0.8) * on_land * smooth(0.005, 0.03, depth)).clamp(0, 1))
    for k, (drop, tall, clear) in enumerate(((0.10, 0.24, 0.17), (0.22, 0.44, 0.30))):
        away = smooth(clear, clear + 0.08, view.x.abs())
        image = stand(
            view, image, f"trees {k + 2}", view.horizon + drop, tall, 0.20 + 0.2 * k, 0.2 - 0.16 * k, 0.7 * away
        )
    return image


@draws_scene("garden")
def garden(view: View) -> Tensor:
    """A lawn with clipped hedges, flower beds along a gravel path, a small pavilion at its end."""
    image, rng = sky(view), view.rng("garden")
    image = treeline(view, image, view.rng("wood"), view.horizon + 0.01, 0.16, 0.55)
    image = stand(view, image, "trees 1", view.horizon + 0.02, 0.30, 0.26, 0.22, 0.7)
    hedge = torch.lerp(
        view.each("season", FOREST) * view.rgb(0.9, 1.25, 0.9), view.rgb(0.85, 0.90, 0.96), 0.5 * snowiness(view)
    )
    image = _hedge(view, image, view.rng("hedge 1"), view.horizon + 0.045, 0.085, 0.25, hedge)
    image = plain(view, image, view.rng("lawn"), grass(view, rng), top=view.horizon + 0.04, rough=0.14)
    middle, depth = rng(-0.12, 0.12) * view.aspect, view.depth.clamp(0, 1)
    image = _pavilion(view, image, middle, view.horizon + 0.05, rng(0.15, 0.19))
    axis = middle * (1 - depth)
    half = 0.02 + 0.20 * depth
    gravel = torch.lerp(view.rgb(0.86, 0.78, 0.62), view.rgb(0.88, 0.91, 0.97), snowiness(view))
    speck = sample("fbm", (view.x - axis) / (depth + 0.1) * 8, 8 / (depth + 0.1), 3)
    path = view.lit(gravel * (0.84 + 0.3 * speck), 0.75)
    on_lawn = edge(view.y - view.horizon - 0.05, view.px)
    off = (view.x - axis).abs()
    image = over(image, path, edge(half - off, view.px * 1.5) * on_lawn)
    bed = smooth(0.0, 0.012, off - half * 1.08) * smooth(0.0, 0.012, half * 2.3 - off) * on_lawn
    image = over(image, _bed(view, rng, depth, axis, hedge), bed * (1 - 0.75 * snowiness(view)))
    image = _topiary(view, image, rng, hedge, axis, middle)
    rows = view.rows("plant", "flowers")
    lawn = edge(off - half * 1.1, view.px * 1.5)[rows]  # none grow on the path
    return on_rows(view, image, rows, lambda v, i: over(i, flowers(v, i, "flowers", v.horizon + 0.24, 0.5), lawn))


def _hedge(view: View, image: Tensor, rng: SceneRng, base, height: float, far: float, color: Tensor) -> Tensor:
    lumps = sample("cloud", view.x * 14 + rng(0, 16), view.y * 16, 3)
    top = base - height + 0.006 * (lumps - 0.5)
    shade = 0.25 + 0.6 * smooth(0.4, 0.0, (view.y - top) / height) + 0.3 * (lumps - 0.5)
    shown = view.hazed(view.lit(color * (0.7 + 0.5 * lumps), shade.clamp(0, 1)), far)
    return over(image, shown, edge(view.y - top, view.px) * edge(base - view.y, view.px))


def _bed(view: View, rng: SceneRng, depth: Tensor, axis: Tensor, leaf: Tensor) -> Tensor:
    """Return the colours of the flower beds: round heads over dark leaves."""
    heads, nuance = _heads(view, rng, depth)
    table = torch.tensor(PETALS, device=view.device)
    near = depth + 0.16
    patch = (torch.log(near) * 3.2 + (view.x > axis).float() * 2 + rng(0, 9) + 20).floor()
    index = (patch + rng.seed()).long() * 5 % len(PETALS)
    petals = table[index.squeeze(1)].permute(0, 4, 1, 2, 3)
    bloom = view.lit(petals, 0.8, pure=0.3) * (0.60 + 0.42 * heads.clamp(min=0)) * (0.82 + 0.32 * nuance)
    return over(view.lit(leaf * 0.7, 0.4), bloom, smooth(-0.05, 0.25, heads))


def _topiary(view: View, image: Tensor, rng: SceneRng, color: Tensor, axis: Tensor, middle: Tensor) -> Tensor:
    """Stand clipped balls and cones in pairs along the path."""
    cone = (rng() > 0.5).float()
    for drop in (0.09, 0.20, 0.40):
        size = 0.035 + 0.20 * drop
        near = drop / (1 - view.horizon)
        for side in (-1.0, 1.0):
            spot = middle * (1 - near) + side * (0.02 + 0.20 * near) * 1.65
            dx, up = view.x - spot, view.horizon + drop + 0.05 - view.y
            ball = size * 0.5 - torch.sqrt(dx**2 + (up - size * 0.5) ** 2)
            slope = torch.minimum(size * 0.42 * (1 - up / (size * 1.5)) - dx.abs(), up)
            inside = torch.lerp(ball, slope, cone)
            lumps = sample("cloud", dx * 16 + 4, up * 16, 2)
            shade = smooth(-0.6, 0.6, dx * view.sun_side / size + 0.5 * (up / size - 0.5)) * 0.8 + 0.1
            tone = view.lit(color * (0.72 + 0.5 * lumps), shade)
            shadow = torch.exp(-((dx / (0.6 * size)) ** 2 + (up / (0.16 * size)) ** 2))
            image = over(image, image * 0.6, (shadow * 0.7).clamp(0, 1))
            image = over(image, tone, edge(inside, view.px))
    return image


def _pavilion(view: View, image: Tensor, at: Tensor, base: Tensor, size: Tensor) -> Tensor:
    """Draw a white garden house: a dome on columns."""
    dx, up = view.x - at, base - view.y
    half = size * 0.55
    white = view.lit(view.rgb(0.96, 0.95, 0.92), 0.35 + 0.6 * smooth(-half, half, dx * view.sun_side))
    column = ((dx / half * 2.0 + 0.5) - (dx / half * 2.0 + 0.5).floor() - 0.5).abs()
    posts = edge((0.14 - column) * half * 0.5, view.px) * edge(half - dx.abs(), view.px)
    posts = posts * edge(size * 0.62 - up, view.px) * edge(up, view.px)
    beam = edge(half * 1.12 - dx.abs(), view.px) * edge(size * 0.70 - up, view.px) * edge(up - size * 0.60, view.px)
    floor = edge(half * 1.2 - dx.abs(), view.px) * edge(size * 0.06 - up, view.px) * edge(up + 0.01, view.px)
    dome = edge(half - torch.sqrt(dx**2 + ((up - size * 0.70).clamp(min=0) * 1.25) ** 2), view.px) * (up > size * 0.69)
    tin = torch.lerp(white, view.lit(view.rgb(0.42, 0.60, 0.62), 0.7), 0.75)
    image = over(
        image,
        view.hazed(white * 0.55, 0.2),
        edge(half * 0.96 - dx.abs(), view.px) * edge(size * 0.6 - up, view.px) * edge(up, view.px) * 0.35,
    )
    image = over(image, view.hazed(white, 0.15), torch.maximum(torch.maximum(posts, beam), floor))
    return over(image, view.hazed(tin, 0.15), dome)
