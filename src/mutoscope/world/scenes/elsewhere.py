"""Scenes that are no landscape: space, and the plain ground on which a thing stands alone.

image    B 3 T H W   display colours in [0, 1]
field    B 1 T H W   one number a pixel; any axis may be 1 and broadcasts
number   B 1 1 1 1   one number a scene;  color  B 3 1 1 1
"""

import torch
from torch import Tensor

from mutoscope.world.noise import cell_random, drifting, edge, over, sample, smooth
from mutoscope.world.placing import studio
from mutoscope.world.registry import draws_scene
from mutoscope.world.view import SceneRng, View

NEBULAS = ((.62, .16, .46), (.14, .34, .66), (.10, .48, .46), (.58, .30, .12))  # fmt: skip
PLANETS = ((.80, .50, .30), (.36, .58, .84), (.88, .76, .52), (.52, .68, .50), (.70, .40, .52))  # fmt: skip


@draws_scene("space")
def space(view: View) -> Tensor:
    """Stars, a nebula, planets with a lit side, one of them ringed, and now and then the ground of a moon."""
    rng = view.rng("space")
    image = view.rgb(0.010, 0.012, 0.030).expand(len(view.specs), 3, 1, 1, 1)
    image = image + _nebula(view, rng)
    for size, share in ((0.030, 0.35), (0.065, 0.40), (0.19, 0.5)):
        image = image + _star_field(view, rng, size, share)
    image = _planet(view, image, rng, rng(0.05, 0.09), -1.0, ringed=False)
    image = _planet(view, image, rng, rng(0.15, 0.25), 1.0, ringed=True)
    return _moon_ground(view, image, rng)


def _nebula(view: View, rng: SceneRng) -> Tensor:
    u, v = view.x * 1.5 + rng(0, 16), view.y * 1.5 + rng(0, 16)
    fold, lean = sample("fbm", u * 0.9, v * 0.9, 3) - 0.5, rng.side() * rng(0.3, 1.2)
    one = drifting("fbm", u + fold * 1.6, v + fold * 0.7, view.t * 0.02, 3)
    two = sample("fbm", u * 0.8 + 5, v * 0.8 - fold, 3)
    across = (view.y - 0.45 + lean * (view.x - rng(-0.2, 0.2))) / (1 + lean * lean) ** 0.5
    band = torch.exp(-(((across + 0.5 * fold) / 0.30) ** 2))  # the clouds keep to a band; the rest is deep and dark
    first, second = rng.color(*NEBULAS), rng.color(*NEBULAS)
    lane = 1 - 0.75 * smooth(0.52, 0.72, sample("ridged", u * 1.6, v * 1.6 + fold, 3)) * band
    gas = first * smooth(0.22, 0.80, one) * band * 0.95 + second * smooth(0.35, 0.85, two) * (0.15 + 0.55 * band)
    return (gas + view.rgb(0.30, 0.24, 0.26) * smooth(0.55, 0.90, one) * band) * lane


def _star_field(view: View, rng: SceneRng, size: float, share: float) -> Tensor:
    u, v = view.x / size + 60 + rng(0, 60).floor() + view.t * 0.02, view.y / size
    column, row = u.floor(), v.floor()
    one, two, bright, phase = cell_random(column, row, rng.seed())
    away = torch.sqrt((u - column - 0.08 - 0.84 * one) ** 2 + (v - row - 0.08 - 0.84 * two) ** 2) * size
    radius = 0.0016 + 0.045 * size * bright**6
    dot = smooth(radius + view.px * 0.6, radius - view.px * 0.5, away) * (0.12 + 0.88 * bright**2) * (phase < share)
    cross = torch.exp(-away / (radius * 1.8)) * 0.35 * (bright > 0.85) * (phase < share)
    tint = over(view.rgb(1.0, 0.93, 0.84), view.rgb(0.80, 0.90, 1.0), (one > 0.5).float())
    return tint * (dot + cross) * (0.85 + 0.15 * torch.sin(view.t * 2 + phase * 50))


def _planet(view: View, image: Tensor, rng: SceneRng, radius: Tensor, side: float, ringed: bool) -> Tensor:
    """Draw one planet with bands or continents, a shadow side, a thin air, and perhaps a ring."""
    at_x, at_y = side * rng.side() * rng(0.12, 0.30) * view.aspect, rng(0.20, 0.55)
    x, y = (view.x - at_x) / radius, (view.y - at_y) / radius
    away = torch.sqrt(x**2 + y**2)
    z = (1 - away**2).clamp(min=1e-4).sqrt()
    tilt = rng(-0.5, 0.5)
    along, up = x + tilt * y, y - tilt * x
    spin = torch.atan2(along, z) + view.t * 0.12
    bands = sample("fbm", spin * 0.4 + rng(0, 16), up * 3.2 + rng(0, 16), 3)
    lands = sample("fbm", spin * 1.2 + rng(0, 16), up * 1.8 + rng(0, 16), 4)
    pattern = torch.where(rng() > 0.5, bands, smooth(0.44, 0.56, lands))
    first, second = rng.color(*PLANETS), rng.color(*PLANETS)
    color = torch.lerp(first * 0.75, second + 0.08, pattern)
    sun_x, sun_y = rng.side() * rng(0.45, 0.8), rng(-0.6, 0.2)
    lit = smooth(-0.15, 0.75, x * sun_x + y * sun_y + z * 0.45)
    disc = edge((1 - away) * radius, view.px * 1.3)
    rim = torch.exp(-((away - 1).clamp(min=0)) / 0.06) * smooth(0.2, 1.0, lit) * (1 - disc)
    dust = torch.lerp(first, view.rgb(0.95, 0.90, 0.80), 0.6)
    ring = _ring(view, rng, x, y, radius) if ringed else None
    image = image if ring is None else over(image, dust * 0.9, ring[0])
    image = over(image + first * rim * 0.5, color * (0.03 + 0.97 * lit), disc)
    return image if ring is None else over(image, dust, ring[1])


def _ring(view: View, rng: SceneRng, x: Tensor, y: Tensor, radius: Tensor) -> tuple[Tensor, Tensor]:
    """Return the masks of the ring behind the planet and before it; one planet in two has one."""
    lean, flat = rng(-0.35, 0.35), rng(0.22, 0.36)
    along, across = x + lean * y, (y - lean * x) / flat
    away = torch.sqrt(along**2 + across**2)
    grooves = 0.65 + 0.35 * torch.cos(away * 34)
    body = smooth(1.25, 1.32, away) * smooth(2.05, 1.95, away) * grooves * (rng() > 0.45)
    front = (across > 0).float()
    return body * (1 - front) * 0.8, body * front * 0.9


def _moon_ground(view: View, image: Tensor, rng: SceneRng) -> Tensor:
    """Lay the grey ground of a moon with craters along the lower edge of every other scene."""
    here = (rng() > 0.5).float()
    line = view.horizon + 0.05 * (sample("fbm", view.x * 1.4 + rng(0, 16), rng(0, 16), 3) - 0.5) + 0.25 * view.x**2
    depth = (view.y - line).clamp(min=0)
    near = 1 / (depth + 0.10)
    u, v = view.x * near * 0.7 + rng(20, 40), near * 1.6 + rng(20, 40)
    i, j = u.floor(), v.floor()
    one, two, three, _ = cell_random(i, j, rng.seed())
    dx, dy = u - i - 0.3 - 0.4 * one, v - j - 0.3 - 0.4 * two
    away = torch.sqrt(dx**2 + dy**2) / (0.10 + 0.2 * three)
    bowl = smooth(1.0, 0.6, away) * smooth(-0.6, 0.6, dx * 6)
    rim = torch.exp(-(((away - 1.0) / 0.22) ** 2)) * (0.5 - 0.5 * torch.tanh(dx * 8))
    grain = sample("fbm", view.x * near * 1.2, near * 2.6, 2)
    tone = view.rgb(0.52, 0.52, 0.55) * (0.72 + 0.24 * grain - 0.38 * bowl + 0.42 * rim) * (0.75 + 1.2 * depth)
    return over(image, tone, edge(view.y - line, view.px) * here)


@draws_scene("plain ground")
def plain_ground(view: View) -> Tensor:
    """A plain background, drawn where things are: it needs their colours."""
    return studio(view)
