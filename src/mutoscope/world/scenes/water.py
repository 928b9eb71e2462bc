"""Inland water: lake, river, waterfall, and the coral reef under it.

image    B 3 T H W   display colours in [0, 1]
field    B 1 T H W   one number a pixel; any axis may be 1 and broadcasts
number   B 1 1 1 1   one number a scene;  color  B 3 1 1 1
"""

from collections.abc import Callable

import torch
from torch import Tensor

from mutoscope.world.land import FOREST, grass, hills, mountain_range, plain, snowiness, treeline
from mutoscope.world.noise import drifting, edge, over, sample, smooth
from mutoscope.world.plants import reeds, stand
from mutoscope.world.registry import draws_scene
from mutoscope.world.sky import sky
from mutoscope.world.view import SceneRng, View, on_rows, wanting
from mutoscope.world.water import mirror


@draws_scene("lake")
def lake(view: View) -> Tensor:
    image, rng = sky(view), view.rng("lake")
    peaks = rng(0.16, 0.34)
    snow = 0.30 * (rng() > 0.3) + 0.5 * snowiness(view)
    image = mountain_range(view, image, view.rng("range 1"), view.horizon, peaks, 1.3, 0.85, snow)
    image = mountain_range(view, image, view.rng("range 2"), view.horizon, peaks * 0.55, 2.2, 0.45, snow * 0.4)
    image = treeline(view, image, view.rng("wood"), view.horizon, 0.04, 0.35)
    line = view.horizon + 0.012
    bank = view.lit(grass(view, rng), 0.6)
    image = over(image, view.hazed(bank, 0.25), edge(view.y - view.horizon + 0.008, view.px))
    size = rng(0.85, 1.2)
    image = stand(view, image, "trees 1", line - 0.004, 0.13 * size, 0.085, 0.22, 0.72)
    image = stand(view, image, "trees 2", line + 0.004, 0.20 * size, 0.13, 0.10, 0.55)
    side = smooth(0.10, 0.34, view.x.abs() / view.aspect)
    image = stand(view, image, "trees 3", line + 0.012, 0.34 * size, 0.21, 0.03, 0.75 * side)
    image = mirror(view, image, "water", line + 0.010, calm=1.0)
    rows = view.rows("plant", "reeds")
    return on_rows(view, image, rows, lambda v, i: reeds(v, i, "reeds", 1.03, 0.34))


@draws_scene("river")
def river(view: View) -> Tensor:
    image, rng = sky(view), view.rng("river")
    image = mountain_range(
        view, image, view.rng("range 1"), view.horizon, rng(0.16, 0.30), 1.4, 0.95, 0.3 + 0.4 * snowiness(view)
    )
    image, _ = hills(view, image, view.rng("hill"), view.horizon, 0.07, 1.6, 0.6, view.each("season", FOREST))
    image = treeline(view, image, view.rng("wood"), view.horizon + 0.012, 0.05, 0.5)
    ground = plain(view, image, view.rng("ground"), grass(view, rng))
    axis, half = _course(view, rng)
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
    rng = view.rng("course")
    return rng(-0.14, 0.14) * view.aspect, rng.side() * rng(0.12, 0.24), rng(0, 6.28), rng(0.7, 1.1)


def _course_at(course: tuple[Tensor, ...], depth) -> Tensor:
    middle, swing, phase, _wide = course
    near = torch.as_tensor(depth).clamp(0, 1)
    return middle + swing * (0.25 + near) * torch.sin(phase + 5.5 * (near + 0.02).sqrt())


def river_lane(view: View) -> Callable[[float], tuple[float, float]]:
    """Return the river of one scene: its (middle, half width) at a depth from 0 (horizon) to 1."""
    course = _course_dice(view)
    return lambda depth: (float(_course_at(course, depth)), float(course[3]) * (0.014 + 0.30 * depth**1.15))


def _course(view: View, rng: SceneRng) -> tuple[Tensor, Tensor]:
    course, depth = _course_dice(view), view.depth.clamp(0, 1)
    return _course_at(course, depth), course[3] * (0.014 + 0.30 * depth**1.15)


def _banks(view: View, image: Tensor, axis: Tensor, half: Tensor) -> Tensor:
    depth = view.depth.clamp(0, 1)
    earth = torch.lerp(view.rgb(0.58, 0.46, 0.32), view.rgb(0.78, 0.82, 0.90), 0.7 * snowiness(view))
    rim = smooth(0.012 + 0.05 * depth, 0.0, (view.x - axis).abs() - half) * (view.y > view.horizon)
    return over(image, view.hazed(view.lit(earth, 0.6), 0.6 * (1 - depth) ** 3), rim * 0.85)


@draws_scene("waterfall")
def waterfall(view: View) -> Tensor:
    """A cliff with woods on top, white water that falls into a pool, spray above it."""
    image, rng = sky(view), view.rng("waterfall")
    image = mountain_range(view, image, view.rng("range"), view.horizon * 0.5, 0.16, 1.3, 1.1, 0.3 * snowiness(view))
    brink = rng(0.24, 0.32)
    rough = sample("fbm", view.x * 2.2 + rng(0, 16), rng(0, 16), 3) - 0.5
    top = brink + 0.10 * rough
    middle, half = rng(-0.14, 0.14) * view.aspect, rng(0.07, 0.14)
    notch = 0.05 * torch.exp(-(((view.x - middle) / (half * 1.2)) ** 2))
    top = top + notch
    moss = torch.lerp(view.each("season", FOREST), grass(view, rng), 0.5)
    image = treeline(view, image, view.rng("wood"), top + 0.01, 0.10, 0.35)
    image = stand(
        view, image, "trees 1", top + 0.02, 0.20, 0.13, 0.18, 0.8 * smooth(half, half + 0.08, (view.x - middle).abs())
    )
    image = _cliff(view, image, rng, top, moss)
    image = _fall(view, image, rng, middle, half, top)
    pool = view.horizon + 0.02
    image = mirror(view, image, "pool", pool, calm=0.7, tint=(0.05, 0.24, 0.26))
    image = _spray(view, image, rng, middle, half, pool)
    image = _rocks(view, image, rng, pool, moss)
    standing = wanting(view, "ground")
    image = on_rows(view, image, standing, lambda v, i: _bank(v, i, moss[standing]))
    side = smooth(0.26, 0.40, view.x.abs() / view.aspect)
    return stand(view, image, "trees 2", 1.0, 0.46, 0.30, 0.02, 0.75 * side)


def _bank(view: View, image: Tensor, moss: Tensor) -> Tensor:
    """Lay a near shore along the lower edge, for what stands there."""
    rng = view.rng("bank")
    line = view.horizon + (1 - view.horizon) * (0.60 + 0.22 * (sample("fbm", view.x * 2 + rng(0, 16), rng(0, 16), 3)))
    below = view.y - line
    tufts = sample("fbm", view.x * 9 + rng(0, 16), view.y * 22 + rng(0, 16), 3)
    earth = torch.lerp(view.rgb(0.44, 0.36, 0.26), view.rgb(0.80, 0.84, 0.90), 0.8 * snowiness(view))
    tone = over(earth, moss, smooth(0.005, 0.045, below)) * (0.72 + 0.5 * tufts)
    image = over(image, image * 0.55, smooth(-0.03, 0.0, below))
    return over(image, view.lit(tone, 0.75), edge(below, view.px))


def _cliff(view: View, image: Tensor, rng: SceneRng, top: Tensor, moss: Tensor) -> Tensor:
    """Lay the rock face below `top`: upright ribs, ledges grown with moss."""
    u, lane = view.x * 4 + rng(0, 16), rng(0, 16)
    ribs = sample("ridged", u + 0.4 * sample("fbm", view.y * 4, lane, 2), view.y * 1.3 + lane, 3)
    next_ = sample("ridged", u + 0.10 * view.sun_side, view.y * 1.3 + lane, 2)
    shade = smooth(-0.3, 0.35, ribs - next_ + 0.25 * (ribs - 0.5))
    rock = torch.lerp(view.rgb(0.40, 0.38, 0.38), view.rgb(0.46, 0.38, 0.30), rng())
    tone = view.lit(rock * (0.55 + 0.6 * ribs), 0.15 + 0.8 * shade)
    ledges = smooth(0.60, 0.72, sample("fbm", view.x * 5 + rng(0, 16), view.y * 9 + lane, 3))
    rim = torch.exp(-(view.y - top).clamp(min=0) / 0.03)
    tone = over(tone, view.lit(moss * (0.8 + 0.4 * ribs), 0.35 + 0.5 * shade), torch.maximum(ledges, rim) * 0.85)
    return over(image, view.hazed(tone, 0.18), edge(view.y - top, view.px))


def _fall(view: View, image: Tensor, rng: SceneRng, middle: Tensor, half: Tensor, top: Tensor) -> Tensor:
    """Lay the falling water: streaks that run down faster the deeper they are."""
    down = (view.y - top).clamp(min=0)
    sway = 0.02 * (sample("fbm", view.y * 3 - view.t * 0.6, rng(0, 16), 2) - 0.5)
    off = view.x - middle - sway
    wide = half * (0.75 + 0.55 * down)
    fast = (down + 0.03).sqrt() * 3.2 - view.t * 1.5
    streak = sample("fbm", off / wide * 4.5 + rng(0, 16), fast + rng(0, 16), 3)
    fine = sample("fbm", off / wide * 13 + rng(0, 16), fast * 2.1, 2)
    body = smooth(1.08, 0.80, off.abs() / wide + 0.35 * (0.5 - streak))
    white = view.lit(view.rgb(0.97, 0.99, 1.0), 0.8) + 0.10 * view.light["low"]
    white = torch.maximum(white, 0.70 * view.light["low"] + 0.15)  # it shines in the dimmest weather
    water = torch.lerp(white * view.rgb(0.62, 0.74, 0.80), white, smooth(0.30, 0.68, 0.65 * streak + 0.35 * fine))
    return over(image, water, body * edge(view.y - top, view.px) * 0.96)


def _spray(view: View, image: Tensor, rng: SceneRng, middle: Tensor, half: Tensor, pool: Tensor) -> Tensor:
    """Lay foam where the water lands and a drifting veil above it."""
    off, dy = (view.x - middle) / (half * 1.9), view.y - pool
    puffs = drifting("cloud", view.x * 6 + rng(0, 16), view.y * 7 + rng(0, 16), view.t * 0.9, 3)
    foam = torch.exp(-(off**2) - ((dy - 0.012) / 0.03) ** 2) * smooth(0.30, 0.62, puffs)
    veil = torch.exp(-(off**2) - ((dy + 0.03) / 0.09) ** 2) * smooth(0.25, 0.75, puffs)
    white = view.lit(view.rgb(0.97, 0.99, 1.0), 0.85)
    image = over(image, white, (foam * 1.2).clamp(0, 0.95))
    return over(image, torch.lerp(white, view.light["haze"], 0.4), veil * 0.75)


def _rocks(view: View, image: Tensor, rng: SceneRng, pool: Tensor, moss: Tensor) -> Tensor:
    """Strew boulders along the near edge of the pool and in it."""
    for k in range(7):
        size = 0.03 + 0.075 * rng() * (0.4 + 0.1 * k)
        spot = rng(-0.5, 0.5) * view.aspect
        spot = torch.where(spot.abs() < 0.10, spot + 0.14 * spot.sign(), spot)
        foot = pool + 0.03 + (1.02 - pool) * (k + 0.5) / 7
        dx, up = (view.x - spot) / size, (foot - view.y) / size
        lumps = sample("cloud", dx * 1.4 + k * 3, up * 1.4 + rng(0, 16), 3)
        inside = (1.0 - dx.abs() ** 2.2 - (up.clamp(min=0) / 0.75) ** 2 + 0.5 * (lumps - 0.5)) * size * 0.5
        shade = smooth(-0.9, 0.9, dx * view.sun_side + 0.8 * up - 0.2 + (lumps - 0.5))
        stone = over(view.rgb(0.40, 0.39, 0.38) * (0.7 + 0.5 * lumps), moss, smooth(0.35, 0.7, up + lumps - 0.5) * 0.6)
        image = over(image, image * 0.5, (torch.exp(-(dx**2) * 0.8 - (up / 0.22) ** 2) * 0.6).clamp(0, 1))
        image = over(image, view.lit(stone, 0.15 + 0.8 * shade), edge(inside, view.px) * edge(up * size, view.px))
    return image


CORALS = ((.96, .36, .40), (.98, .62, .30), (.86, .40, .76), (.98, .84, .36), (.54, .36, .80), (.98, .58, .66))  # fmt: skip


@draws_scene("coral reef")
def coral_reef(view: View) -> Tensor:
    """Under water: light that falls from above, corals and fans on a sandy bottom, shoals of small fish."""
    rng = view.rng("reef")
    light = view.light["key"] * 0.5 + 0.55
    deep = torch.lerp(view.rgb(0.02, 0.22, 0.46), view.rgb(0.02, 0.32, 0.46), rng())
    clear = torch.lerp(view.rgb(0.22, 0.72, 0.88), view.rgb(0.30, 0.78, 0.80), rng())
    image = torch.lerp(clear, deep, (view.y * 1.25).clamp(0, 1)) * light
    image = _sunbeams(view, image, rng)
    floor = 0.80 + 0.06 * (sample("fbm", view.x * 1.6 + rng(0, 16), rng(0, 16), 2) - 0.5)
    image = _reef_rock(view, image, rng, 0.58, 0.30, deep, 0.65)
    image = _fish(view, image, rng, 0.30, 0.016, 9, deep, 0.45)
    image = _reef_rock(view, image, rng, 0.72, 0.34, deep, 0.25)
    near = ((view.y - floor) / (1 - floor)).clamp(0, 1)
    caustic = drifting("ridged", view.x / (0.3 + near) * 3, view.y * 9, view.t * 0.5, 2)
    sand = view.rgb(0.78, 0.76, 0.58) * (0.62 + 0.3 * near + 0.45 * smooth(0.55, 0.8, caustic)) * light
    image = over(image, torch.lerp(sand, deep * light, 0.35 * (1 - near)), edge(view.y - floor, view.px * 3))
    image = _corals(view, image, rng, 0.86, 0.15, 5, 0.18, deep)
    image = _fish(view, image, rng, 0.46, 0.032, 7, deep, 0.1)
    return _corals(view, image, rng, 1.0, 0.26, 4, 0.0, deep)


def _sunbeams(view: View, image: Tensor, rng: SceneRng) -> Tensor:
    fan = (view.x - rng(-0.3, 0.3) * view.aspect) / (view.y + 0.35)
    beams = drifting("fbm", fan * 4 + rng(0, 16), rng(0, 16) + view.y * 0.2, view.t * 0.25, 2)
    surface = drifting("ridged", view.x * 3, view.y * 14, view.t * 0.6, 2)
    glow = smooth(0.50, 0.78, beams) * torch.exp(-view.y / 0.45) * 0.35 + 0.5 * smooth(0.55, 0.75, surface) * torch.exp(
        -view.y / 0.06
    )
    return image + glow * (view.light["key"] * 0.6 + 0.3)


def _reef_rock(
    view: View, image: Tensor, rng: SceneRng, base: float, height: float, deep: Tensor, far: float
) -> Tensor:
    """Lay a bank of rock grown with soft corals, bluer the farther it is."""
    crown = sample("cloud", view.x * 1.7 + rng(0, 16), rng(0, 16), 3)
    top = base + 0.10 - height * (crown - 0.2)
    lumps = sample("cloud", view.x * 9 + rng(0, 16), view.y * 9 + rng(0, 16), 3)
    patch = sample("fbm", view.x * 3 + rng(0, 16), view.y * 3 + rng(0, 16), 2)
    table = [view.rgb(*color) for color in (CORALS[0], CORALS[2], CORALS[3])]
    tone = over(view.rgb(0.34, 0.30, 0.34).expand_as(table[0]), table[0], smooth(0.56, 0.64, patch))
    tone = over(over(tone, table[1], smooth(0.44, 0.36, patch)), table[2], smooth(0.70, 0.76, patch))
    shade = (0.35 + 0.9 * lumps) * (0.6 + 0.5 * torch.exp(-(view.y - top).clamp(min=0) / 0.10))
    shown = torch.lerp(tone * shade, deep * 1.25, far)
    return over(image, shown, edge(view.y - top + 0.02 * (lumps - 0.5), view.px * 1.5))


def _corals(
    view: View, image: Tensor, rng: SceneRng, base: float, size: float, count: int, far: float, deep: Tensor
) -> Tensor:
    """Stand corals on the bottom: branching ones, fans and brains in turn."""
    for k in range(count):
        spot = ((k + 0.5 + rng(-0.35, 0.35)) / count - 0.5) * view.aspect * 1.05
        tall = size * rng(0.7, 1.2)
        sway = 0.03 * torch.sin(view.t * 1.3 + k + rng(0, 6))
        up = (base - view.y) / tall
        dx = (view.x - spot) / tall - sway * up.clamp(0, 1) ** 2
        away, turn = torch.sqrt(dx**2 + up**2), torch.atan2(dx, up.clamp(min=1e-3))
        fan = edge((0.95 - away + 0.05 * torch.cos(turn * 30)) * tall, view.px * 1.5) * (turn.abs() < 0.95)
        ribs = 0.55 + 0.45 * torch.cos(turn * 26 + 4 * torch.sin(away * 9))
        arms = torch.cos(turn * 5 + 2.4 * torch.sin(away * 5 + rng(0, 6)))
        branch = smooth(0.35 + 0.5 * away, 0.75 + 0.3 * away, arms) * smooth(1.0, 0.93, away) * (up > 0)
        branch = torch.maximum(branch, smooth(0.16, 0.10, dx.abs()) * (up < 0.35) * (up > 0))
        lobes = sample("ridged", dx * 3.2 + rng(0, 16), up * 3.2, 2)
        ball = edge((0.55 - torch.sqrt(dx**2 + (up - 0.25) ** 2)) * tall, view.px * 1.5)
        kind = (rng() * 3).floor()
        mask = torch.where(kind == 0, fan, torch.where(kind == 1, branch, ball)) * (up > -0.02)
        color = rng.color(*CORALS)
        light = torch.where(kind == 0, 0.55 + 0.35 * ribs, torch.where(kind == 1, 0.7 + 0.4 * up, 0.45 + 0.7 * lobes))
        shown = torch.lerp(color * light * (0.75 + 0.35 * up.clamp(0, 1)), deep * 1.2, far)
        image = over(image, shown, mask)
    return image


def _fish(
    view: View, image: Tensor, rng: SceneRng, level: float, size: float, count: int, deep: Tensor, far: float
) -> Tensor:
    """Let a shoal of small fish swim past."""
    side, color = (
        rng.side(),
        rng.color((0.98, 0.80, 0.20), (0.98, 0.50, 0.20), (0.40, 0.70, 1.0), (0.95, 0.95, 0.98), (0.95, 0.35, 0.45)),
    )
    start, height = rng(-0.25, 0.25), rng(-0.10, 0.12)
    for k in range(count):
        spot_x = start * view.aspect + side * view.t * 0.06 + (rng() - 0.5) * size * 16
        spot_y = level + height + (rng() - 0.5) * size * 9 + 0.006 * torch.sin(view.t * 2.2 + k)
        dx, dy = (view.x - spot_x) * side / size, (view.y - spot_y) / size
        body = 1 - (dx / 1.25) ** 2 - (dy / 0.55) ** 2
        wag = 0.25 * torch.sin(view.t * 9 + k)
        tail = torch.minimum(0.75 * (-dx - 0.85) - (dy - wag * 0.4).abs(), dx + 1.9)
        mask = torch.maximum(edge(body * size * 0.5, view.px), edge(tail * size, view.px))
        shade = 1.05 - 0.35 * smooth(-0.4, 0.5, dy)
        eye = edge((0.13 - torch.sqrt((dx - 0.75) ** 2 + (dy + 0.1) ** 2)) * size, view.px)
        shown = over(torch.lerp(color * shade, deep * 1.3, far), view.rgb(0.05, 0.06, 0.10).expand_as(color), eye)
        image = over(image, shown, mask)
    return image
