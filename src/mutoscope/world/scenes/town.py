"""Where people live: snowy village, city skyline, neon street.

image    B 3 T H W   display colours in [0, 1]
field    B 1 T H W   one number a pixel; any axis may be 1 and broadcasts
number   B 1 1 1 1   one number a scene;  color  B 3 1 1 1
"""

import torch
from torch import Tensor

from mutoscope.world.buildings import houses, towers
from mutoscope.world.land import FOREST, SNOW, grass, hills, mountain_range, plain, snowiness
from mutoscope.world.noise import cell_random, edge, over, sample, smooth
from mutoscope.world.plants import stand
from mutoscope.world.registry import draws_scene
from mutoscope.world.sky import sky
from mutoscope.world.view import SceneRng, View, wants
from mutoscope.world.water import mirror


@draws_scene("snowy village")
def snowy_village(view: View) -> Tensor:
    image, rng = sky(view), view.rng("village")
    snow = view.rgb(*SNOW)
    image = mountain_range(view, image, view.rng("range"), view.horizon, rng(0.16, 0.30), 1.4, 0.9, 0.75)
    image, top = hills(view, image, view.rng("hill 1"), view.horizon, 0.08, 1.4, 0.5, snow * 0.9)
    image = stand(view, image, "trees 1", top + 0.01, 0.10, 0.07, 0.5, 0.8)
    image, _ = hills(view, image, view.rng("hill 2"), view.horizon + 0.08, 0.04, 1.0, 0.2, snow * 0.95)
    image = houses(view, image, "houses 1", view.horizon + 0.115, 0.060, 0.16, 0.26)
    image = stand(view, image, "trees 2", view.horizon + 0.15, 0.17, 0.19, 0.12, 0.5)
    image, _ = hills(view, image, view.rng("hill 3"), view.horizon + 0.19, 0.03, 0.9, 0.06, snow)
    image = houses(view, image, "houses 2", view.horizon + 0.245, 0.105, 0.30, 0.08)
    image, _ = hills(view, image, view.rng("hill 4"), view.horizon + 0.34, 0.05, 0.8, 0.0, snow)
    side = smooth(0.12, 0.34, view.x.abs() / view.aspect)
    return stand(view, image, "trees 3", 0.97, 0.46, 0.27, 0.0, 0.75 * side)


@draws_scene("city skyline")
def city_skyline(view: View) -> Tensor:
    image, rng = sky(view), view.rng("city")
    ground = view.horizon + 0.10
    dome = torch.exp(-(ground - view.y).clamp(min=0) / 0.22) * torch.exp(-((view.x / view.aspect) ** 2) / 0.22)
    image = image + view.rgb(0.34, 0.20, 0.10) * dome * view.light["lamps"] ** 2  # the city lights up its sky
    image = towers(view, image, "towers 1", ground, 0.42, 0.085, 1.0, 0.026)
    image = towers(view, image, "towers 2", ground, 0.52, 0.125, 0.45, 0.034)
    image = towers(view, image, "towers 3", ground, 0.34, 0.170, 0.12, 0.042)
    wet = ((rng() > 0.25) + wants(view, "water")).clamp(max=1) * (1 - wants(view, "ground"))
    bank = torch.lerp(view.each("season", FOREST), view.rgb(0.30, 0.31, 0.34), 0.5)
    image = over(image, view.lit(bank, 0.35), edge(view.y - ground + 0.012, view.px))
    image = stand(view, image, "trees", ground + 0.012, 0.11, 0.10, 0.05, 0.8)
    water = mirror(view, image, "water", ground + 0.015, calm=0.8)
    street = plain(
        view,
        image,
        view.rng("street"),
        torch.lerp(grass(view, rng), view.rgb(0.40, 0.40, 0.42), 0.45),
        top=ground + 0.015,
    )
    return torch.lerp(street, water, wet)


NEON = ((1.0, .16, .46), (.10, .85, 1.0), (1.0, .72, .10), (.30, 1.0, .45), (.72, .30, 1.0), (1.0, .32, .18))  # fmt: skip


@draws_scene("neon street")
def neon_street(view: View) -> Tensor:
    """A street at night in one-point perspective: lit windows, neon signs, their colours in the wet ground."""
    image, rng = sky(view), view.rng("street")
    vanish = rng(-0.10, 0.10) * view.aspect
    width, curb = rng(0.62, 0.86), 0.50
    image = towers(view, image, "towers", view.horizon + 0.02, 0.36, 0.10, 0.7, 0.024)
    x = view.x - vanish
    far = width / x.abs().clamp(min=1e-3)  # distance to the wall that a pixel looks at
    ground = curb / (view.y - view.horizon).clamp(min=1e-3)
    side = (x > 0).float()
    high = (view.horizon - view.y) * far + curb  # height over the ground on the wall
    house = (far * 0.62 + side * 0.37 + rng(0, 9)).floor()
    one, two, _, _ = cell_random(house, side, rng.seed())
    roof = 1.5 + 2.4 * one
    wall = (far < ground) * edge((roof - high) / far, view.px) * (far < 14)
    air = 1 - torch.exp(-far * (0.05 + 0.10 * view.light["air"]))
    dark = view.lit(over(view.rgb(0.30, 0.26, 0.30), view.rgb(0.22, 0.26, 0.34), two), 0.6) * 0.75
    face = _shop_windows(view, dark, rng, (far, high, house, side))
    face = _signs(view, face, rng, (far, high, side))
    haze = view.light["haze"] + view.rgb(0.09, 0.04, 0.11)
    image = over(image, torch.lerp(face, haze, air.clamp(0, 0.9)), wall)
    street = view.lit(torch.lerp(view.rgb(0.16, 0.16, 0.19), view.rgb(*SNOW), 0.55 * snowiness(view)), 0.5)
    grain = sample("fbm", x * ground * 3, ground * 3, 3)
    image = over(image, street * (0.75 + 0.5 * grain), edge(view.y - view.horizon, view.px) * (ground <= far))
    return _wet(view, image, x, ground, far)


def _shop_windows(view: View, face: Tensor, rng: SceneRng, at: tuple) -> Tensor:
    far, high, house, side = at
    u, v = far * 4.2, high * 3.4
    i, j = u.floor(), v.floor()
    chance, tone, _, _ = cell_random(i + side * 57 + house * 13, j, rng.seed())
    soft = (view.px * far * 3.4).clamp(0.02, 0.5)
    pane = edge(0.32 - (u - i - 0.5).abs(), soft * 1.6) * edge(0.30 - (v - j - 0.5).abs(), soft)
    lamp = over(view.rgb(1.0, 0.78, 0.40), view.rgb(0.70, 0.86, 1.0), (tone > 0.7).float()) * (0.55 + 0.4 * tone)
    shown = over(face * 0.55, lamp, ((chance < 0.36) * (high > 0.55)).float())
    face = over(face, shown, pane * (high > 0.55))
    shop = far * 1.4 + side * 0.3
    k = shop.floor()
    warm, dim, _, _ = cell_random(k, side + 3, rng.seed())
    color = over(view.rgb(1.0, 0.70, 0.38), view.rgb(0.50, 0.82, 1.0), (warm > 0.65).float()) * (0.35 + 0.65 * dim)
    inside = (shop - k - 0.5).abs() < 0.40
    stuff = 0.80 + 0.20 * torch.sign(torch.cos(shop * 4 * torch.pi)) + 0.3 * (high - 0.26)
    front = inside * (high < 0.42) * (high > 0.10) * (dim > 0.25)
    awning = inside * (high >= 0.42) * (high < 0.49)
    face = over(face, color * stuff * (0.6 + 1.2 * (0.42 - high).clamp(0, 0.3)), front * 0.9)
    return over(face, color.flip(1) * 0.45, awning * 0.9)


def _signs(view: View, face: Tensor, rng: SceneRng, at: tuple) -> Tensor:
    """Hang glowing signs on the walls: upright boards with strokes of light, some of which flicker."""
    far, high, side = at
    table = torch.tensor(NEON, device=view.device)
    for pace, row, tall in ((1.15, 1.15, 0.42), (0.8, 0.62, 0.16), (1.5, 1.9, 0.30)):
        u = far * pace + side * 0.43 + rng(0, 9)
        i = u.floor()
        one, two, three, four = cell_random(i, side + row, rng.seed())
        color = table[(one * len(NEON)).long().squeeze(1)].permute(0, 4, 1, 2, 3)
        across, up = (u - i - 0.3 - 0.4 * two) / 0.20, (high - row - 0.3 * three) / tall
        board = (across.abs() < 1) * (up.abs() < 1)
        letters = 4.0 if tall > 0.25 else 1.0  # down the board, or one line of them
        line, place = (up + 1) * 0.5 * letters, (across + 1) * 0.5 * (1.0 if tall > 0.25 else 3.0)
        glyph = cell_random(line.floor() * 7 + i * 3, place.floor() + row, rng.seed())
        ink = torch.maximum(_stroke(line, 0.25 + 0.5 * glyph[0], 0.13), _stroke(place, 0.25 + 0.5 * glyph[1], 0.13))
        ink = ink * (((line % 1) - 0.5).abs() < 0.36) * (((place % 1) - 0.5).abs() < 0.36)
        frame = torch.maximum(smooth(0.78, 0.92, across.abs()), smooth(0.88, 0.96, up.abs()))
        blink = torch.where(
            four > 0.8, 0.65 + 0.35 * torch.sign(torch.sin(view.t * 7 + one * 40)), torch.ones_like(four)
        )
        glow = torch.exp(-((across.abs() - 1).clamp(min=0) * 1.6 + (up.abs() - 1).clamp(min=0) * 1.8))
        here = (four < 0.75) | (four > 0.8)
        face = face + color * glow * 0.42 * blink * here * (high > 0.1)
        lit_part = torch.maximum(ink, frame)
        tube = torch.lerp(color * 0.16 + 0.02, color * 0.85 + 0.30, lit_part)  # a dark board, tubes almost white
        face = over(face, tube * blink, (board * here * 0.95).float())
    return face


def _stroke(place: Tensor, at: Tensor, half: float) -> Tensor:
    """Return a stroke of a letter across one cell of `place`, `at` being its middle."""
    return smooth(half * 1.5, half * 0.5, ((place % 1) - at).abs())


def _wet(view: View, image: Tensor, x: Tensor, ground: Tensor, far: Tensor) -> Tensor:
    """Mirror the lights in the street, drawn long by the wet."""
    wet = mirror(view, image, "street", view.horizon + 0.012, calm=0.55, tint=(0.02, 0.02, 0.03))
    share = view.each("weather", {"rain": 0.75, "snow": 0.25, "fog": 0.5}, 0.5)
    below = edge(view.y - view.horizon - 0.012, view.px) * (ground <= far)
    return over(image, wet, below * share)
