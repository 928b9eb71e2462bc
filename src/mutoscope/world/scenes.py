"""The scenes: each is one function that lays sky, far land, middle and foreground over one another.

image    B 3 T H W   display colours in [0, 1]
number   B 1 1 1 1   one number a scene;  color  B 3 1 1 1
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from mutoscope.world.buildings import houses, towers
from mutoscope.world.land import FOREST, SNOW, alps, dune, grass, hills, mountain_range, plain, snowiness, treeline
from mutoscope.world.noise import cell_random, edge, over, sample, smooth
from mutoscope.world.placing import studio
from mutoscope.world.plants import PETALS, flowers, reeds, stand, stand_one
from mutoscope.world.sky import sky
from mutoscope.world.view import Dice, View, on_rows, wants
from mutoscope.world.water import mirror, sea, surf


@dataclass(frozen=True)
class Scene:
    draw: Callable[[View], Tensor]
    horizons: tuple[float, float]  # range of the horizon's height, y
    lift: float = 0.0  # raises a low sun over land


def lake(view: View) -> Tensor:
    image, dice = sky(view), view.dice("lake")
    peaks = dice(0.16, 0.34)
    snow = 0.30 * (dice() > 0.3) + 0.5 * snowiness(view)
    image = mountain_range(view, image, view.dice("range 1"), view.horizon, peaks, 1.3, 0.85, snow)
    image = mountain_range(view, image, view.dice("range 2"), view.horizon, peaks * 0.55, 2.2, 0.45, snow * 0.4)
    image = treeline(view, image, view.dice("wood"), view.horizon, 0.04, 0.35)
    line = view.horizon + 0.012
    bank = view.lit(grass(view, dice), 0.6)
    image = over(image, view.hazed(bank, 0.25), edge(view.y - view.horizon + 0.008, view.px))
    size = dice(0.85, 1.2)
    image = stand(view, image, "trees 1", line - 0.004, 0.13 * size, 0.085, 0.22, 0.72)
    image = stand(view, image, "trees 2", line + 0.004, 0.20 * size, 0.13, 0.10, 0.55)
    side = smooth(0.10, 0.34, view.x.abs() / view.aspect)
    image = stand(view, image, "trees 3", line + 0.012, 0.34 * size, 0.21, 0.03, 0.75 * side)
    image = mirror(view, image, "water", line + 0.010, calm=1.0)
    rows = view.rows("plant", "reeds")
    return on_rows(view, image, rows, lambda v, i: reeds(v, i, "reeds", 1.03, 0.34))


def beach(view: View) -> Tensor:
    image, dice = sky(view), view.dice("beach")
    cape = dice.side() * dice(0.2, 0.5) * view.aspect
    hill = 0.07 * torch.exp(-(((view.x - cape) / 0.22) ** 2)) * (dice() > 0.5)
    far = view.hazed(view.lit(view.rgb(0.22, 0.36, 0.24), 0.5), 0.7)
    image = over(image, far, edge(view.y - view.horizon + hill, view.px) * (hill > 0.004))
    shore, slope = dice(0.74, 0.82), dice.side() * dice(0.03, 0.22) / view.aspect
    image = _sand(view, image, dice, shore + slope * view.x)
    image = surf(view, image, "surf", shore, slope)
    rows = view.rows("plant", "palm")
    return on_rows(view, image, rows, _beach_palms)


def _sand(view: View, image: Tensor, dice: Dice, line: Tensor) -> Tensor:
    grain = sample("fbm", view.x * 5 + dice(0, 16), view.y * 11 + dice(0, 16), 3)
    sand = torch.lerp(view.rgb(0.95, 0.84, 0.62), view.rgb(0.86, 0.70, 0.50), dice())
    color = view.lit(sand * (0.90 + 0.2 * grain), 0.85) * (1.05 - 0.25 * view.depth.clamp(0, 1))
    wet = smooth(0.11, 0.02, view.y - line)
    color = over(color, color * 0.52 + 0.30 * view.light["low"], wet * 0.85)
    return over(image, color, edge(view.y - view.horizon, view.px))


def _beach_palms(view: View, image: Tensor) -> Tensor:
    dice = view.dice("palms")
    side = dice.side()
    near = smooth(0.02, 0.25, view.x * side / view.aspect)
    spot = side * dice(0.24, 0.36) * view.aspect
    image = stand(view, image, "palm 2", 0.90, 0.50, 0.52, 0.06, 0.85 * near)
    return stand_one(view, image, "palm 1", 1.02, dice(0.74, 0.88), 0.0, spot)


def mountains(view: View) -> Tensor:
    image, dice = sky(view), view.dice("mountains")
    white = 0.34 + 0.30 * snowiness(view)
    tall = dice(0.36, 0.48)
    image = alps(view, image, view.dice("range 1"), view.horizon + 0.06, tall, 1.5, 0.75, white)
    image = alps(view, image, view.dice("range 2"), view.horizon + 0.14, tall * 0.66, 2.1, 0.30, white * 0.6)
    image = alps(view, image, view.dice("range 3"), view.horizon + 0.22, tall * 0.36, 2.9, 0.12, 0.25 * snowiness(view))
    wood = torch.lerp(view.each("season", FOREST), view.rgb(*SNOW), 0.35 * snowiness(view))
    image, _ = hills(view, image, view.dice("hill 1"), view.horizon + 0.22, 0.10, 1.5, 0.18, wood)
    image, top = hills(view, image, view.dice("hill 2"), view.horizon + 0.32, 0.08, 1.2, 0.04, grass(view, dice) * 0.9)
    image = stand(view, image, "trees 1", top + 0.02, 0.13, 0.09, 0.12, 0.7)
    image = stand(view, image, "trees 2", top + 0.10, 0.22, 0.16, 0.03, 0.55)
    rows = view.rows("plant", "flowers")
    return on_rows(view, image, rows, lambda v, i: flowers(v, i, "flowers", top[rows] + 0.05))


def pine_forest(view: View) -> Tensor:
    image, dice = sky(view), view.dice("forest")
    image = mountain_range(view, image, view.dice("range"), view.horizon, 0.20, 1.4, 1.0, 0.3 * snowiness(view))
    image = treeline(view, image, view.dice("wood"), view.horizon + 0.01, 0.14, 1.0)
    floor = torch.lerp(grass(view, dice), view.rgb(0.34, 0.26, 0.16), 0.45 * (1 - snowiness(view)))
    image = plain(view, image, view.dice("floor"), floor)
    middle, bend = dice(-0.10, 0.10) * view.aspect, dice(-0.25, 0.25)
    image = _path(view, image, middle, bend)
    for k, (drop, tall, cell, far, gap) in enumerate(FOREST_ROWS):
        depth = drop / (1 - 0.55)
        axis = middle + bend * depth * (1 - depth)
        open_way = smooth(gap, gap + 0.10, (view.x - axis).abs())
        image = stand(view, image, f"row {k}", view.horizon + drop, tall, cell, far, 0.95 * open_way, plant="pine")
    return image


FOREST_ROWS = (  # feet below the horizon, height, cell, air in between, half width of the clearing
    (0.015, 0.18, 0.085, 0.95, 0.00), (0.028, 0.23, 0.125, 0.72, 0.03), (0.050, 0.30, 0.170, 0.50, 0.07),
    (0.090, 0.41, 0.240, 0.30, 0.12), (0.160, 0.60, 0.350, 0.14, 0.19), (0.300, 0.95, 0.560, 0.03, 0.30),
)  # fmt: skip


def _path(view: View, image: Tensor, middle: Tensor, bend: Tensor) -> Tensor:
    depth = view.depth.clamp(0, 1)
    axis = middle + bend * depth * (1 - depth)
    earth = torch.lerp(view.rgb(0.66, 0.52, 0.36), view.rgb(0.80, 0.85, 0.92), 0.8 * snowiness(view))
    color = view.hazed(view.lit(earth, 0.8), 0.8 * (1 - depth) ** 3)
    rough = 0.03 * (sample("fbm", view.x * 4 + 3, depth.sqrt() * 9, 2) - 0.5)
    half = 0.012 + 0.20 * depth**1.2 + rough * depth.sqrt()
    return over(image, color, smooth(0.02 + 0.03 * depth, 0.0, (view.x - axis).abs() - half) * (view.y > view.horizon))


def meadow(view: View) -> Tensor:
    image, dice = sky(view), view.dice("meadow")
    green = grass(view, dice)
    image = mountain_range(view, image, view.dice("range"), view.horizon, 0.16, 1.2, 1.15, 0.35 * (dice() > 0.5))
    image, _ = hills(view, image, view.dice("hill 1"), view.horizon + 0.01, 0.09, 1.3, 0.75, green * 0.85)
    image, top = hills(view, image, view.dice("hill 2"), view.horizon + 0.09, 0.10, 1.1, 0.36, green * 0.95)
    image = stand(view, image, "trees 1", top + 0.012, 0.12, 0.10, 0.30, 0.55)
    image, top = hills(view, image, view.dice("hill 3"), view.horizon + 0.20, 0.09, 0.9, 0.10, green * 1.02)
    tall, spot = dice(0.32, 0.44), dice.side() * dice(0.08, 0.34) * view.aspect
    image = stand(view, image, "trees 2", top + 0.02, tall * 0.6, 0.30, 0.12, 0.4)
    image = stand_one(view, image, "trees 3", top + 0.03, tall, 0.05, spot)
    image, top = hills(view, image, view.dice("hill 4"), view.horizon + 0.33, 0.07, 0.8, 0.0, green * 1.04)
    rows = view.rows("plant", "flowers")
    return on_rows(view, image, rows, lambda v, i: flowers(v, i, "flowers", v.horizon + 0.16))


def desert(view: View) -> Tensor:
    image, dice = sky(view), view.dice("desert")
    sand = torch.lerp(view.rgb(0.96, 0.76, 0.46), view.rgb(0.90, 0.56, 0.32), dice())
    mesas = view.dice("mesas")
    image, _ = hills(view, image, mesas, view.horizon, 0.05, 1.6, 1.3, sand * 0.75)
    for k, (drop, tall, pace, far) in enumerate(
        ((0.03, 0.06, 1.5, 0.8), (0.12, 0.11, 1.15, 0.42), (0.25, 0.15, 0.85, 0.16))
    ):
        image = dune(view, image, view.dice(f"dune {k}"), view.horizon + drop, tall, pace, far, sand)
    image = stand(view, image, "cactus 1", view.horizon + 0.24, 0.16, 0.20, 0.25, 0.5)
    image = dune(view, image, view.dice("dune 9"), view.horizon + 0.40, 0.13, 0.7, 0.0, sand)
    spot = dice.side() * dice(0.08, 0.36) * view.aspect
    return stand_one(view, image, "cactus 2", 0.93, dice(0.38, 0.52), 0.0, spot)


def open_sea(view: View) -> Tensor:
    dice = view.dice("open sea")
    tint = torch.lerp(view.rgb(0.03, 0.30, 0.50), view.rgb(0.05, 0.42, 0.48), dice())
    return sea(view, sky(view), "sea", tint, rough=dice(0.3, 1.0))


def island(view: View) -> Tensor:
    image, dice = sky(view), view.dice("island")
    tint = torch.lerp(view.rgb(0.04, 0.42, 0.56), view.rgb(0.08, 0.56, 0.58), dice())
    image = sea(view, image, "sea", tint, rough=0.4)
    middle, half = -view.sun_side * dice(0.02, 0.2) * view.aspect, dice(0.26, 0.36) * min(1.0, view.aspect)
    foot = view.horizon + dice(0.05, 0.08)
    off = (view.x - middle) / half
    beach_top = foot - 0.035 * (1 - off**2)
    sand = view.hazed(view.lit(view.rgb(0.96, 0.86, 0.64), 0.9), 0.12)
    rim = edge(view.y - beach_top, view.px) * edge(foot + 0.012 * (1 - off**2) - view.y, view.px) * (off.abs() < 1)
    shallow = (
        torch.exp(-(((view.y - foot - 0.01) / 0.035) ** 2)) * smooth(1.25, 0.9, off.abs()) * (view.y > view.horizon)
    )
    image = over(image, view.lit(view.rgb(0.40, 0.86, 0.80), 0.7), shallow * 0.6)
    image = _mound(view, image, dice, off, foot, half)
    image = over(image, sand, rim)
    on_land = smooth(0.85, 0.6, off.abs())
    image = stand(view, image, "trees 1", foot - 0.025, 0.19, 0.21, 0.14, 0.9 * on_land)
    image = stand(view, image, "trees 2", foot - 0.015, 0.24, 0.28, 0.10, 0.9 * on_land)
    return stand_one(view, image, "trees 3", foot - 0.002, dice(0.28, 0.38), 0.05, middle + half * dice(-0.5, 0.5))


def _mound(view: View, image: Tensor, dice: Dice, off: Tensor, foot: Tensor, half: Tensor) -> Tensor:
    """The island's green hill."""
    bumps = sample("fbm", view.x * 4 + dice(0, 16), dice(0, 16), 2) - 0.5
    rise = dice(0.10, 0.20)
    top = (
        foot
        - 0.02
        - (rise * torch.cos((off * 1.2 + dice(-0.2, 0.2)).clamp(-1.57, 1.57)) ** 1.5 * (1 + 0.8 * bumps))
        * smooth(1, 0.75, off.abs())
    )
    lumps = sample("cloud", view.x * 12 + dice(0, 16), view.y * 12 + dice(0, 16), 3)
    shade = smooth(-0.9, 0.9, off * view.sun_side + (lumps - 0.5) * 2.4)
    green = view.lit(view.rgb(0.20, 0.46, 0.18) * (0.75 + 0.5 * lumps), shade)
    inside = edge(view.y - top, view.px) * edge(foot - 0.01 - view.y, view.px) * (off.abs() < 0.97)
    return over(image, view.hazed(green, 0.22), inside)


def snowy_village(view: View) -> Tensor:
    image, dice = sky(view), view.dice("village")
    snow = view.rgb(*SNOW)
    image = mountain_range(view, image, view.dice("range"), view.horizon, dice(0.16, 0.30), 1.4, 0.9, 0.75)
    image, top = hills(view, image, view.dice("hill 1"), view.horizon, 0.08, 1.4, 0.5, snow * 0.9)
    image = stand(view, image, "trees 1", top + 0.01, 0.10, 0.07, 0.5, 0.8)
    image, _ = hills(view, image, view.dice("hill 2"), view.horizon + 0.08, 0.04, 1.0, 0.2, snow * 0.95)
    image = houses(view, image, "houses 1", view.horizon + 0.115, 0.060, 0.16, 0.26)
    image = stand(view, image, "trees 2", view.horizon + 0.15, 0.17, 0.19, 0.12, 0.5)
    image, _ = hills(view, image, view.dice("hill 3"), view.horizon + 0.19, 0.03, 0.9, 0.06, snow)
    image = houses(view, image, "houses 2", view.horizon + 0.245, 0.105, 0.30, 0.08)
    image, _ = hills(view, image, view.dice("hill 4"), view.horizon + 0.34, 0.05, 0.8, 0.0, snow)
    side = smooth(0.12, 0.34, view.x.abs() / view.aspect)
    return stand(view, image, "trees 3", 0.97, 0.46, 0.27, 0.0, 0.75 * side)


def city_skyline(view: View) -> Tensor:
    image, dice = sky(view), view.dice("city")
    ground = view.horizon + 0.10
    image = towers(view, image, "towers 1", ground, 0.42, 0.085, 1.0, 0.026)
    image = towers(view, image, "towers 2", ground, 0.52, 0.125, 0.45, 0.034)
    image = towers(view, image, "towers 3", ground, 0.34, 0.170, 0.12, 0.042)
    wet = ((dice() > 0.25) + wants(view, "water")).clamp(max=1) * (1 - wants(view, "ground"))
    bank = torch.lerp(view.each("season", FOREST), view.rgb(0.30, 0.31, 0.34), 0.5)
    image = over(image, view.lit(bank, 0.35), edge(view.y - ground + 0.012, view.px))
    image = stand(view, image, "trees", ground + 0.012, 0.11, 0.10, 0.05, 0.8)
    water = mirror(view, image, "water", ground + 0.015, calm=0.8)
    street = plain(
        view,
        image,
        view.dice("street"),
        torch.lerp(grass(view, dice), view.rgb(0.40, 0.40, 0.42), 0.45),
        top=ground + 0.015,
    )
    return torch.lerp(street, water, wet)


def river(view: View) -> Tensor:
    image, dice = sky(view), view.dice("river")
    image = mountain_range(
        view, image, view.dice("range 1"), view.horizon, dice(0.16, 0.30), 1.4, 0.95, 0.3 + 0.4 * snowiness(view)
    )
    image, _ = hills(view, image, view.dice("hill"), view.horizon, 0.07, 1.6, 0.6, view.each("season", FOREST))
    image = treeline(view, image, view.dice("wood"), view.horizon + 0.012, 0.05, 0.5)
    ground = plain(view, image, view.dice("ground"), grass(view, dice))
    axis, half = _course(view, dice)
    ground = _banks(view, ground, axis, half)
    trees = stand(view, ground, "trees 1", view.horizon + 0.03, 0.11, 0.085, 0.45, 0.85)
    water = mirror(view, trees, "water", view.horizon + 0.012, calm=1.2)
    image = over(trees, water, smooth(0.006, -0.006, (view.x - axis).abs() - half) * (view.y > view.horizon + 0.006))
    for k, (drop, tall, cell, far, clear) in enumerate(
        ((0.085, 0.20, 0.15, 0.22, 0.13), (0.20, 0.36, 0.27, 0.06, 0.24))
    ):
        spot = _course_at(_course_dice(view), drop / (1 - view.horizon))
        away = smooth(clear, clear + 0.10, (view.x - spot).abs())
        image = stand(view, image, f"trees {k + 2}", view.horizon + drop, tall, cell, far, 0.8 * away)
    return on_rows(view, image, view.rows("plant", "reeds"), lambda v, i: reeds(v, i, "reeds", 1.03, 0.30))


def _course_dice(view: View) -> tuple[Tensor, ...]:
    dice = view.dice("course")
    return dice(-0.14, 0.14) * view.aspect, dice.side() * dice(0.12, 0.24), dice(0, 6.28), dice(0.7, 1.1)


def _course_at(course: tuple[Tensor, ...], depth) -> Tensor:
    middle, swing, phase, _wide = course
    near = torch.as_tensor(depth).clamp(0, 1)
    return middle + swing * (0.25 + near) * torch.sin(phase + 5.5 * (near + 0.02).sqrt())


def river_lane(view: View) -> Callable[[float], tuple[float, float]]:
    """Return the river of one scene: its (middle, half width) at a depth from 0 (horizon) to 1."""
    course = _course_dice(view)
    return lambda depth: (float(_course_at(course, depth)), float(course[3]) * (0.014 + 0.30 * depth**1.15))


def _course(view: View, dice: Dice) -> tuple[Tensor, Tensor]:
    course, depth = _course_dice(view), view.depth.clamp(0, 1)
    return _course_at(course, depth), course[3] * (0.014 + 0.30 * depth**1.15)


def _banks(view: View, image: Tensor, axis: Tensor, half: Tensor) -> Tensor:
    depth = view.depth.clamp(0, 1)
    earth = torch.lerp(view.rgb(0.58, 0.46, 0.32), view.rgb(0.78, 0.82, 0.90), 0.7 * snowiness(view))
    rim = smooth(0.012 + 0.05 * depth, 0.0, (view.x - axis).abs() - half) * (view.y > view.horizon)
    return over(image, view.hazed(view.lit(earth, 0.6), 0.6 * (1 - depth) ** 3), rim * 0.85)


def flower_field(view: View) -> Tensor:
    image, dice = sky(view), view.dice("field")
    image, _ = hills(view, image, view.dice("hill"), view.horizon, 0.09, 1.3, 0.8, view.each("season", FOREST) * 1.1)
    image = treeline(view, image, view.dice("wood"), view.horizon + 0.006, 0.05, 0.5)
    depth = view.depth.clamp(0, 1)
    near = 1 / (depth + 0.10)
    across = (view.x - dice(-0.3, 0.3) * view.aspect) * near * dice(0.55, 0.85) + 50.5
    along = torch.log(depth + 0.10) * dice(2.2, 3.2) + dice(50, 60)
    lane = torch.where(dice() > 0.4, across, along)
    strip = lane.floor()
    color, gap = _strip_color(view, dice, strip), smooth(0.36, 0.46, (lane - strip - 0.5).abs())
    heads = _heads(view, dice, depth)
    green = view.lit(view.rgb(0.20, 0.42, 0.14), 0.4)
    bloom = view.lit(color, 0.80, pure=0.3) * (0.72 + 0.36 * heads)
    ground = over(over(green, bloom, smooth(-0.5, 0.35, heads)), green * 0.8, gap * smooth(0.0, 0.2, depth))
    ground = view.hazed(ground * (1.05 - 0.2 * depth), 0.7 * torch.exp(-depth / 0.12))
    return over(image, ground, edge(view.y - view.horizon, view.px))


def _strip_color(view: View, dice: Dice, strip: Tensor) -> Tensor:
    """Return each strip's own colour; neighbours differ."""
    table = torch.tensor(PETALS, device=view.device)
    index = (strip + dice.seed()).long() * torch.where(dice() > 0.5, 3, 5) % len(PETALS)
    return table[index.squeeze(1)].permute(0, 4, 1, 2, 3)


def _heads(view: View, dice: Dice, depth: Tensor) -> Tensor:
    """Return round flower heads in perspective: 1 in a head's middle, below 0 between heads, far ones melted to 0.6."""
    near, total = depth + 0.16, torch.full_like(depth, -1.0)
    for pace in (9.0, 7.0, 6.3):
        u = view.x / near * pace + dice(100, 200) + 0.08 * torch.sin(view.t * 1.6 + depth * 12 + view.x * 4)
        v = torch.log(near) * pace * 1.25 + 100
        column, row = u.floor(), v.floor()
        one, two, three, _ = cell_random(column, row, dice.seed())
        away = (u - column - 0.28 - 0.44 * one) ** 2 + (v - row - 0.28 - 0.44 * two) ** 2
        total = torch.maximum(total, 1 - away / (0.12 + 0.08 * three))
    return torch.lerp(total.clamp(-1, 1), torch.full_like(depth, 0.6), smooth(0.18, 0.40, view.px * 9 / near))


SCENE_TABLE = {
    "lake": Scene(lake, (0.46, 0.60), lift=0.22),
    "beach": Scene(beach, (0.38, 0.50)),
    "mountains": Scene(mountains, (0.48, 0.58), lift=0.40),
    "pine forest": Scene(pine_forest, (0.52, 0.62), lift=0.28),
    "meadow": Scene(meadow, (0.46, 0.58), lift=0.16),
    "desert": Scene(desert, (0.42, 0.55), lift=0.08),
    "open sea": Scene(open_sea, (0.40, 0.62)),
    "island": Scene(island, (0.48, 0.60), lift=0.04),
    "snowy village": Scene(snowy_village, (0.42, 0.52), lift=0.25),
    "city skyline": Scene(city_skyline, (0.58, 0.68), lift=0.10),
    "river": Scene(river, (0.44, 0.55), lift=0.20),
    "flower field": Scene(flower_field, (0.40, 0.54), lift=0.10),
    "plain ground": Scene(studio, (0.5, 0.5)),
}
