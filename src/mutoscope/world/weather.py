"""What the air does in front of everything: rain, snow, veils of fog.

image    B 3 T H W   display colours in [0, 1]
field    B 1 T H W   one number a pixel; any axis may be 1 and broadcasts
"""

import torch
from torch import Tensor

from mutoscope.world.noise import cell_random, edge, over, sample, smooth
from mutoscope.world.view import View, on_rows


def weather(view: View, image: Tensor) -> Tensor:
    """Lay each scene's weather over its finished picture."""
    for name, draw in (("rain", _rain), ("storm", _rain), ("snow", _snow), ("fog", _fog)):
        image = on_rows(view, image, view.rows("weather", name), draw)
    return image


def _rain(view: View, image: Tensor) -> Tensor:
    rng = view.rng("rain")
    image = image * 0.90
    bright = view.light["low"] * 0.55 + view.rgb(0.12, 0.13, 0.15) + 0.25 * view.light["ambient"]
    slant = rng.side() * rng(0.08, 0.22)
    for pitch, speed, length, strength in ((0.045, 1.5, 0.22, 0.34), (0.075, 2.2, 0.36, 0.42)):
        u = (view.x + slant * view.y) / pitch + rng(100, 200)
        column = u.floor()
        one, two, _, _ = cell_random(column, 0.0, rng.seed())
        v = (view.y - view.t * speed * (0.85 + 0.3 * one)) / (length * 2.4) + two * 9 + 50
        row = v.floor()
        chance, place, _, _ = cell_random(column, row, rng.seed())
        part = (v - row) * 2.4
        streak = smooth(0.0, 0.7, part) * smooth(1.0, 0.9, part)
        thin = edge(max(0.0030, view.px * 0.55) - (u - column - 0.25 - 0.5 * place).abs() * pitch, view.px)
        image = over(image, bright, streak * thin * (chance < 0.75) * strength)
    return image


def _snow(view: View, image: Tensor) -> Tensor:
    rng = view.rng("snow")
    white = (view.light["low"] * 0.5 + view.light["ambient"] * 0.6 + 0.30).clamp(0, 1)
    for size, speed, radius, strength in (
        (0.050, 0.085, 0.0036, 0.60),
        (0.085, 0.14, 0.0058, 0.8),
        (0.15, 0.22, 0.0085, 0.9),
    ):
        drift = 0.02 * torch.sin(view.t * 0.9 + rng(0, 6)) + view.t * 0.02
        u, v = (view.x + drift) / size + rng(100, 200), (view.y - view.t * speed) / size + 100
        column, row = u.floor(), v.floor()
        one, two, three, four = cell_random(column, row, rng.seed())
        sway = 0.10 * torch.sin(view.t * (1 + one) + three * 6.3)
        away = torch.sqrt((u - column - 0.25 - 0.5 * one - sway) ** 2 + (v - row - 0.25 - 0.5 * two) ** 2) * size
        wide = radius * (0.7 + 0.5 * three)
        flake = smooth(wide + view.px * 0.8, wide - view.px * 0.8, away) * (four < 0.7)
        image = over(image, white, flake * strength)
    return image


def _fog(view: View, image: Tensor) -> Tensor:
    rng = view.rng("fog")
    near = view.depth.clamp(-1, 1)
    banks = sample("fbm", view.x * 1.3 + rng(0, 16) + view.t * 0.10, near * 3.5 + rng(0, 16), 2)
    veil = 0.66 * torch.exp(-((near / 0.42) ** 2)) * smooth(0.30, 0.72, banks) + 0.12
    return over(image, view.light["haze"], veil)
