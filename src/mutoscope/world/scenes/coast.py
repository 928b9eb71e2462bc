"""The sea and its shores: beach, open sea, island, lighthouse, harbour, arctic.

image    B 3 T H W   display colours in [0, 1]
field    B 1 T H W   one number a pixel; any axis may be 1 and broadcasts
number   B 1 1 1 1   one number a scene;  color  B 3 1 1 1
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from mutoscope.world.buildings import boats, gables
from mutoscope.world.noise import drifting, edge, over, sample, smooth
from mutoscope.world.plants import stand, stand_one
from mutoscope.world.registry import draws_scene
from mutoscope.world.sky import sky
from mutoscope.world.view import SceneRng, View, on_rows, wanting
from mutoscope.world.water import mirror, sea, surf


@draws_scene("beach")
def beach(view: View) -> Tensor:
    image, rng = sky(view), view.rng("beach")
    cape = rng.side() * rng(0.2, 0.5) * view.aspect
    hill = 0.07 * torch.exp(-(((view.x - cape) / 0.22) ** 2)) * (rng() > 0.5)
    far = view.hazed(view.lit(view.rgb(0.22, 0.36, 0.24), 0.5), 0.7)
    image = over(image, far, edge(view.y - view.horizon + hill, view.px) * (hill > 0.004))
    shore, slope = rng(0.74, 0.82), rng.side() * rng(0.03, 0.22) / view.aspect
    image = _sand(view, image, rng, shore + slope * view.x)
    image = surf(view, image, "surf", shore, slope)
    rows = view.rows("plant", "palm")
    return on_rows(view, image, rows, _beach_palms)


def _sand(view: View, image: Tensor, rng: SceneRng, line: Tensor) -> Tensor:
    grain = sample("fbm", view.x * 5 + rng(0, 16), view.y * 11 + rng(0, 16), 3)
    sand = torch.lerp(view.rgb(0.95, 0.84, 0.62), view.rgb(0.86, 0.70, 0.50), rng())
    color = view.lit(sand * (0.90 + 0.2 * grain), 0.85) * (1.05 - 0.25 * view.depth.clamp(0, 1))
    wet = smooth(0.11, 0.02, view.y - line)
    color = over(color, color * 0.52 + 0.30 * view.light["low"], wet * 0.85)
    return over(image, color, edge(view.y - view.horizon, view.px))


def _beach_palms(view: View, image: Tensor) -> Tensor:
    rng = view.rng("palms")
    side = rng.side()
    near = smooth(0.02, 0.25, view.x * side / view.aspect)
    spot = side * rng(0.24, 0.36) * view.aspect
    image = stand(view, image, "palm 2", 0.90, 0.50, 0.52, 0.06, 0.85 * near)
    return stand_one(view, image, "palm 1", 1.02, rng(0.74, 0.88), 0.0, spot)


@draws_scene("open sea")
def open_sea(view: View) -> Tensor:
    rng = view.rng("open sea")
    tint = torch.lerp(view.rgb(0.03, 0.30, 0.50), view.rgb(0.05, 0.42, 0.48), rng())
    return sea(view, sky(view), "sea", tint, rough=rng(0.3, 1.0))


@draws_scene("island")
def island(view: View) -> Tensor:
    image, rng = sky(view), view.rng("island")
    tint = torch.lerp(view.rgb(0.04, 0.42, 0.56), view.rgb(0.08, 0.56, 0.58), rng())
    image = sea(view, image, "sea", tint, rough=0.4)
    middle, half = -view.sun_side * rng(0.02, 0.2) * view.aspect, rng(0.26, 0.36) * min(1.0, view.aspect)
    foot = view.horizon + rng(0.05, 0.08)
    off = (view.x - middle) / half
    beach_top = foot - 0.035 * (1 - off**2)
    sand = view.hazed(view.lit(view.rgb(0.96, 0.86, 0.64), 0.9), 0.12)
    rim = edge(view.y - beach_top, view.px) * edge(foot + 0.012 * (1 - off**2) - view.y, view.px) * (off.abs() < 1)
    shallow = (
        torch.exp(-(((view.y - foot - 0.01) / 0.035) ** 2)) * smooth(1.25, 0.9, off.abs()) * (view.y > view.horizon)
    )
    image = over(image, view.lit(view.rgb(0.40, 0.86, 0.80), 0.7), shallow * 0.6)
    image = _mound(view, image, rng, off, foot, half)
    image = over(image, sand, rim)
    on_land = smooth(0.85, 0.6, off.abs())
    image = stand(view, image, "trees 1", foot - 0.025, 0.19, 0.21, 0.14, 0.9 * on_land)
    image = stand(view, image, "trees 2", foot - 0.015, 0.24, 0.28, 0.10, 0.9 * on_land)
    return stand_one(view, image, "trees 3", foot - 0.002, rng(0.28, 0.38), 0.05, middle + half * rng(-0.5, 0.5))


def _mound(view: View, image: Tensor, rng: SceneRng, off: Tensor, foot: Tensor, half: Tensor) -> Tensor:
    """The island's green hill."""
    bumps = sample("fbm", view.x * 4 + rng(0, 16), rng(0, 16), 2) - 0.5
    rise = rng(0.10, 0.20)
    top = (
        foot
        - 0.02
        - (rise * torch.cos((off * 1.2 + rng(-0.2, 0.2)).clamp(-1.57, 1.57)) ** 1.5 * (1 + 0.8 * bumps))
        * smooth(1, 0.75, off.abs())
    )
    lumps = sample("cloud", view.x * 12 + rng(0, 16), view.y * 12 + rng(0, 16), 3)
    shade = smooth(-0.9, 0.9, off * view.sun_side + (lumps - 0.5) * 2.4)
    green = view.lit(view.rgb(0.20, 0.46, 0.18) * (0.75 + 0.5 * lumps), shade)
    inside = edge(view.y - top, view.px) * edge(foot - 0.01 - view.y, view.px) * (off.abs() < 0.97)
    return over(image, view.hazed(green, 0.22), inside)


@draws_scene("lighthouse")
def lighthouse(view: View) -> Tensor:
    """A cliff over the sea with a lighthouse on it, whose beam turns at night."""
    image, rng = sky(view), view.rng("lighthouse")
    tint = torch.lerp(view.rgb(0.03, 0.30, 0.50), view.rgb(0.06, 0.38, 0.46), rng())
    image = sea(view, image, "sea", tint, rough=rng(0.3, 0.9))
    side, reach = rng.side(), rng(0.04, 0.20)
    x = view.x * side / view.aspect
    brow = rng(0.52, 0.60)
    rough = sample("fbm", view.x * 3 + rng(0, 16), rng(0, 16), 3) - 0.5
    top = brow + 0.04 * rough + 0.10 * smooth(reach + 0.12, reach - 0.05, x)
    inside = (
        x
        - reach
        - 0.10 * (brow + 0.1 - view.y)
        + 0.06 * (sample("ridged", view.y * 3 + rng(0, 16), rng(0, 16), 3) - 0.5)
    )
    image = _light_tower(view, image, rng, side * (reach + rng(0.12, 0.18)) * view.aspect, brow + 0.02)
    cracks = sample("ridged", view.x * 7 + rng(0, 16), view.y * 2.2 + rng(0, 16), 3)
    lit = 0.25 + 0.55 * (side != view.sun_side).float()
    rock = torch.lerp(view.rgb(0.46, 0.42, 0.40), view.rgb(0.86, 0.84, 0.78), (rng() > 0.6).float())
    stone = view.lit(rock * (0.55 + 0.6 * cracks), lit * (0.5 + 0.8 * cracks))
    turf = view.lit(view.each("season", {"winter": (0.80, 0.84, 0.88)}, (0.30, 0.50, 0.20)), 0.35 + 0.5 * (rough + 0.5))
    tone = over(stone, turf, smooth(0.045, 0.015, view.y - top + 0.02 * (cracks - 0.5)))
    image = over(image, view.hazed(tone, 0.08), edge(view.y - top, view.px) * edge(inside, view.px))
    foam = torch.exp(-(((inside + 0.015) / 0.022) ** 2)) * (view.y > view.horizon + 0.1)
    churn = drifting("cloud", view.x * 7 + rng(0, 16), view.y * 12, view.t * 0.8, 3)
    white = view.lit(view.rgb(0.95, 0.97, 0.98), 0.7)
    image = over(image, white, (foam * smooth(0.35, 0.6, churn)).clamp(0, 0.9))
    rows = view.rows("plant", "pine")
    spot = side * (reach + 0.26) * view.aspect
    return on_rows(view, image, rows, lambda v, i: stand_one(v, i, "pine", brow[rows] + 0.05, 0.22, 0.08, spot[rows]))


def _light_tower(view: View, image: Tensor, rng: SceneRng, at: Tensor, base: Tensor) -> Tensor:
    """Draw the tower: bands of paint, gallery, lantern under a cap, and its light."""
    tall = rng(0.30, 0.38)
    dx, up = view.x - at, (base - view.y) / tall
    half = (0.052 - 0.020 * up) * (tall / 0.34)
    paint = rng.color((0.84, 0.16, 0.14), (0.84, 0.16, 0.14), (0.14, 0.22, 0.42), (0.12, 0.12, 0.14))
    band = ((up * 5).floor() % 2).clamp(0, 1)
    shade = 0.25 + 0.7 * smooth(-1.0, 1.0, dx / half * view.sun_side)
    color = view.lit(torch.lerp(view.rgb(0.96, 0.95, 0.93), paint, band), shade)
    image = over(
        image, view.hazed(color, 0.10), edge(half - dx.abs(), view.px) * (up < 0.80) * edge(up * tall, view.px)
    )
    rail = edge(half * 1.45 - dx.abs(), view.px) * edge((0.022 - (up - 0.80).abs()) * tall, view.px)
    cap = torch.minimum(half * 1.15 * (1.06 - up) / 0.14 - dx.abs(), (up - 0.92) * tall)
    dark = view.lit(paint * 0.6, shade)
    image = over(image, dark, torch.maximum(rail, edge(cap, view.px)))
    lamp = view.rgb(1.0, 0.92, 0.62)
    glass = torch.lerp(view.lit(view.rgb(0.5, 0.6, 0.68), 0.6), lamp, view.light["lamps"])
    image = over(
        image, glass, edge(half * 0.85 - dx.abs(), view.px) * edge((0.055 - (up - 0.875).abs()) * tall, view.px)
    )
    away = torch.sqrt(dx**2 + ((up - 0.875) * tall) ** 2)
    image = image + lamp * torch.exp(-away / 0.035) * view.light["lamps"] * 0.9
    turn = view.t * 1.2 + rng(0, 6.28)
    slope = ((up - 0.875) * tall - 0.10 * dx * torch.cos(turn)).abs()
    way = (dx * torch.sin(turn) > 0).float() * torch.sin(turn).abs()
    beam = (
        torch.exp(-slope / (0.008 + 0.10 * dx.abs())) * torch.exp(-dx.abs() / 0.5) * way * smooth(0.01, 0.05, dx.abs())
    )
    return image + lamp * beam * 0.5 * smooth(0.5, 1.0, view.light["lamps"])


@draws_scene("harbour")
def harbour(view: View) -> Tensor:
    """A quay with a row of gabled houses, boats at their moorings, all of it in the still water."""
    image, rng = sky(view), view.rng("harbour")
    quay = view.horizon + 0.07
    hill = quay - 0.10 - 0.14 * sample("fbm", view.x * 1.4 + rng(0, 16), rng(0, 16), 2)
    green = view.hazed(view.lit(view.rgb(0.26, 0.42, 0.24), 0.5), 0.6)
    image = over(image, green, edge(view.y - hill, view.px))
    image = gables(view, image, "back", quay - 0.05, 0.26, 0.11, 0.35)
    image = gables(view, image, "front", quay, 0.26, 0.145, 0.10)
    stone = view.lit(view.rgb(0.48, 0.46, 0.44), 0.5)
    image = over(image, stone, edge(view.y - quay, view.px))
    image = boats(view, image, "boats 1", quay + 0.022, 0.075, 0.17)
    image = mirror(view, image, "water", quay + 0.018, calm=0.9, tint=(0.05, 0.18, 0.24))
    for k, (drop, size) in enumerate(((0.10, 0.11), (0.27, 0.18))):
        image = _reflected_boats(view, image, f"boats {k + 2}", quay + drop, size, size * 3.0, 0.6 - 0.1 * k)
    return image


def _reflected_boats(
    view: View, image: Tensor, part: str, base: Tensor, size: float, cell: float, keep: float
) -> Tensor:
    """Draw boats on the water, with a dark wavering image of each below it."""
    under = drifting("fbm", view.x * 8, view.y * 26, view.t * 0.6, 2) - 0.5
    shade = boats(view, torch.ones_like(image), part, base, size, cell, keep).mean(1, keepdim=True) < 0.995
    below = torch.exp(-((view.y - base) / (size * 0.35)).clamp(min=0)) * (view.y > base)
    wide = F.max_pool2d(shade.float().flatten(0, 2).amax(1, keepdim=True)[:, None], (1, 5), 1, (0, 2))
    wide = wide.view(*shade.shape[:3], 1, shade.shape[4])
    image = over(image, image * 0.5, (below * wide * (0.75 + under)).clamp(0, 0.8))
    return boats(view, image, part, base, size, cell, keep)


@draws_scene("arctic")
def arctic(view: View) -> Tensor:
    """Ice and dark water: bergs, floes, and the northern lights when it is dark and clear."""
    image, rng = sky(view), view.rng("arctic")
    image = _aurora(view, image, rng)
    image = _berg(view, image, rng, view.horizon + 0.012, 0.09, 2.2, 0.8)
    image = _berg(view, image, rng, view.horizon + 0.03, rng(0.16, 0.24), 1.1, 0.35)
    water = view.horizon + 0.03
    image = mirror(view, image, "water", water, calm=1.1, tint=(0.03, 0.14, 0.24))
    depth = ((view.y - water) / (1 - water)).clamp(0, 1)
    near = 1 / (depth + 0.14)
    floes = sample("cloud", view.x * near * 0.9 + rng(0, 16), near * 2.4 + rng(0, 16) - view.t * 0.01, 3)
    level = 0.62 - 0.20 * depth - 0.05 * rng()
    ice = smooth(level, level + 0.03, floes) * (view.y > water)
    rim = smooth(level - 0.05, level, floes) * (view.y > water)
    white = view.lit(view.rgb(0.92, 0.97, 1.04) * (0.88 + 0.2 * sample("fbm", view.x * near * 4, near * 9, 2)), 0.75)
    image = over(image, view.lit(view.rgb(0.45, 0.78, 0.86), 0.7), rim * 0.6)
    image = over(image, view.hazed(white, 0.5 * (1 - depth) ** 3), ice)
    return on_rows(view, image, wanting(view, "ground"), _ice_edge)


def _ice_edge(view: View, image: Tensor) -> Tensor:
    """Lay snowed-in ice along the lower edge, for what stands there."""
    rng = view.rng("ice edge")
    line = view.horizon + (1 - view.horizon) * (0.50 + 0.20 * sample("fbm", view.x * 1.6 + rng(0, 16), rng(0, 16), 3))
    below = view.y - line
    drifts = sample("fbm", view.x * 2.5 + rng(0, 16), view.y * 11 + rng(0, 16), 3)
    snow = view.lit(view.rgb(0.92, 0.97, 1.04) * (0.80 + 0.30 * drifts), 0.75 + 0.5 * (drifts - 0.5))
    image = over(image, view.lit(view.rgb(0.40, 0.72, 0.84), 0.6), edge(below + 0.016, view.px))
    return over(image, snow, edge(below, view.px))


def _berg(view: View, image: Tensor, rng: SceneRng, base: Tensor, height, pace: float, far: float) -> Tensor:
    """Lay icebergs over `image`: sharp white blocks with blue shadows."""
    u, lane = view.x * pace + rng(0, 16), rng(0, 16)
    bulk = smooth(0.46, 0.58, sample("fbm", u, lane, 1))
    teeth = sample("ridged", u * 2.6, lane, 3)
    top = base - height * bulk * (0.35 + 0.85 * teeth)
    face = sample("ridged", u * 3.4 + 0.05 * view.sun_side, view.y * 5 + lane, 2) - sample(
        "ridged", u * 3.4 - 0.05 * view.sun_side, view.y * 5 + lane, 2
    )
    shade = smooth(-0.12, 0.16, face)
    tone = torch.lerp(view.lit(view.rgb(0.50, 0.74, 0.92), 0.5), view.lit(view.rgb(0.96, 1.0, 1.04), 0.95), shade)
    return over(
        image, view.hazed(tone, far), edge(view.y - top, view.px) * edge(base - view.y, view.px) * (bulk > 0.01)
    )


def _aurora(view: View, image: Tensor, rng: SceneRng) -> Tensor:
    """Lay curtains of green and violet light over a dark clear sky."""
    dark = view.each("light", {"night": 1.0, "moonlight": 0.7, "blue hour": 0.55}) * (1 - view.light["deck"])
    glow = torch.zeros_like(image[:, :1])
    tinted = torch.zeros_like(image)
    for _ in range(3):
        wave = 0.16 * (drifting("fbm", view.x * 0.9 + rng(0, 16), rng(0, 16), view.t * 0.10, 2) - 0.5)
        foot = view.horizon * rng(0.45, 0.85) + wave + rng(-0.3, 0.3) * view.x
        up = foot - view.y
        rays = drifting("fbm", view.x * 9 + rng(0, 16), rng(0, 16) + up * 0.5, view.t * 0.30, 2)
        band = smooth(0.40, 0.62, sample("fbm", view.x * 1.0 + rng(0, 16), rng(0, 16), 1) + 0.12)
        curtain = (
            torch.exp(-up.clamp(min=0) / (0.08 + 0.16 * rays)) * smooth(-0.015, 0.015, up) * (0.4 + 0.9 * rays) * band
        )
        color = torch.lerp(view.rgb(0.20, 0.95, 0.50), view.rgb(0.60, 0.30, 0.90), smooth(0.05, 0.30, up))
        tinted, glow = tinted + color * curtain, glow + curtain
    return image + tinted * 0.62 * dark
