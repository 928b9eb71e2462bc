"""Houses and towers: cells along x as in plants.py, each with its own building.

image    B 3 T H W   display colours in [0, 1]
field    B 1 T H W   one number a pixel; any axis may be 1 and broadcasts
number   B 1 1 1 1   one number a scene;  color  B 3 1 1 1
"""

from dataclasses import replace

import torch
from torch import Tensor

from mutoscope.world.land import SNOW
from mutoscope.world.noise import cell_random, edge, over, sample, smooth
from mutoscope.world.view import View

WARM = (1.0, 0.80, 0.36)  # light of a window


def towers(view: View, image: Tensor, part: str, base, height, cell: float, far: float, floor: float) -> Tensor:
    """Draw a row of towers up to `height`, one in each `cell`, with windows `floor` high."""
    dice = view.dice(part)
    u = view.x / cell + dice(100, 200)
    column, seed = u.floor(), dice.seed()
    one, two, three, four = cell_random(column, 0.0, seed)
    middle = torch.exp(-(((view.x - dice(-0.2, 0.2)) / (0.45 * view.aspect)) ** 2))
    tall = height * (0.30 + 0.70 * one * (0.45 + 0.55 * middle))
    x = (u - column - 0.5) * cell
    half = cell * (0.34 + 0.16 * two)
    up = base - view.y
    step = torch.where(three > 0.55, 0.62, 1.0)
    crown = edge(half * step - x.abs(), view.px) * edge(tall - up, view.px)
    body = edge(half - x.abs(), view.px) * edge(tall * (0.72 + 0.28 * (step > 0.9)) - up, view.px)
    spire = edge(0.006 - x.abs(), view.px) * edge(tall * 1.22 - up, view.px) * (four > 0.72)
    mask = torch.maximum(torch.maximum(crown, body), spire)
    face = over(view.rgb(0.46, 0.50, 0.58), view.rgb(0.66, 0.56, 0.50), four) * (0.75 + 0.5 * three)
    side = smooth(-0.004, 0.004, x * view.sun_side - half * 0.35)
    color = view.lit(face, 0.25 + 0.65 * side) * (0.72 + 0.28 * (up / height).clamp(0, 1))
    color = view.hazed(color, far)
    color = _windows(view, color, x, up, floor, (column, seed, four), far)
    return over(image, color, mask)


def _windows(view: View, color: Tensor, x: Tensor, up: Tensor, floor: float, tower: tuple, far: float) -> Tensor:
    column, seed, _tone = tower
    u, v = x / (floor * 0.72) + 50.5, up / floor + 50
    i, j = u.floor(), v.floor()
    chance, glow, _, _ = cell_random(i + column * 17, j, seed + 5)
    soft = view.px / floor
    pane = edge(0.30 - (u - i - 0.5).abs(), soft * 1.4) * edge(0.27 - (v - j - 0.5).abs(), soft)
    lamps = view.light["lamps"]
    shining = (chance < 0.12 + 0.50 * lamps) * lamps.sqrt()
    lamp = over(view.rgb(*WARM), view.rgb(0.92, 0.95, 1.0), (glow > 0.8).float()) * (0.72 + 0.28 * glow)
    glass = torch.lerp(color * 0.62, view.light["middle"] * 0.9, 0.30)
    shown = over(glass, torch.lerp(lamp, color, 0.25 * min(far, 1.0)), shining)
    return over(color, shown, pane * (up > floor * 0.6))


def houses(view: View, image: Tensor, part: str, base, size, cell: float, far: float, keep: float = 0.85) -> Tensor:
    """Draw a row of snowed-in cottages with lit windows, smoke over their chimneys."""
    size = torch.as_tensor(size, dtype=torch.float32, device=view.device)
    base = torch.as_tensor(base, dtype=torch.float32, device=view.device)
    band = view.band(float((base - size * 2.9).min()), float((base + size * 0.2).max()))
    near = replace(view, y=view.y[..., band, :])
    shown = _house_row(near, image[..., band, :], part, base, size, cell, far, keep)
    image = image.expand(shown.shape[0], 3, shown.shape[2], *image.shape[3:])
    return torch.cat([image[..., : band.start, :], shown, image[..., band.stop :, :]], dim=3)


def _house_row(
    view: View, image: Tensor, part: str, base: Tensor, size: Tensor, cell: float, far: float, keep: float
) -> Tensor:
    dice = view.dice(part)
    u = view.x / cell + dice(100, 200)
    column = u.floor()
    one, two, three, four = cell_random(column, 0.0, dice.seed())
    here = (four < keep).float()
    x = (u - column - 0.5 - 0.10 * (two - 0.5)) * cell
    up = base + 0.25 * size * (one - 0.5) - view.y
    half, wall, roof = size * (0.66 + 0.2 * one), size * (0.62 + 0.12 * three), size * (0.72 + 0.2 * two)
    front = (three > 0.45).float()  # the gable faces us, else the long roof does
    slant = torch.lerp(torch.full_like(front, 0.28), torch.ones_like(front), front)
    ramp = ((half * 1.18 - x.abs()) / (half * 1.18 * slant)).clamp(0, 1)
    top = wall + roof * torch.lerp(ramp.clamp(0, 1) * 0.9, ramp, front) - 0.02 * size
    soft = view.px
    body = (
        edge(half - x.abs(), soft)
        * edge(torch.minimum(top, wall + roof * front) - up, soft)
        * edge(up + 0.05 * size, soft)
    )
    cover = edge(half * 1.18 - x.abs(), soft) * edge(top - up, soft)
    under = torch.lerp(wall - 0.02 * size, top - 0.26 * size, front)
    cover = cover * edge(up - under, soft)
    image = _chimney(view, image, x, up, (size, wall + roof, one, here), far)
    wood = over(view.rgb(0.50, 0.30, 0.20), view.rgb(0.74, 0.56, 0.38), one)
    wood = over(wood, view.rgb(0.62, 0.20, 0.16), (two > 0.72).float())
    walls = view.hazed(view.lit(wood, 0.25 + 0.5 * smooth(-half, half, x * view.sun_side)), far)
    walls = _panes(view, walls, x, up, size, half, far)
    image = over(image, walls, body * here)
    snow = view.lit(view.rgb(*SNOW), 0.45 + 0.5 * smooth(-half, half, x * view.sun_side))
    image = over(image, view.hazed(snow, far), cover * here)
    halo = torch.exp(-((x / (size * 0.9)) ** 2) - ((up - 0.2 * size) / (size * 0.55)) ** 2) * view.light["lamps"] * here
    return image + halo * view.rgb(0.26, 0.15, 0.04) * (1 - 0.4 * view.light["fog"])


def _panes(view: View, walls: Tensor, x: Tensor, up: Tensor, size: Tensor, half: Tensor, far: float) -> Tensor:
    across = (x.abs() - 0.36 * half).abs()
    pane = edge(0.145 * size - across, view.px) * edge(0.15 * size - (up - 0.36 * size).abs(), view.px)
    attic = edge(0.10 * size - x.abs(), view.px) * edge(0.10 * size - (up - 0.86 * size).abs(), view.px)
    pane = torch.maximum(pane, attic)
    lamps = (view.light["lamps"] * 1.15).clamp(0, 1)
    dark = view.lit(view.rgb(0.16, 0.18, 0.24), 0.4)
    return over(walls, torch.lerp(dark, view.rgb(*WARM), lamps), pane)


def _chimney(view: View, image: Tensor, x: Tensor, up: Tensor, house: tuple, far: float) -> Tensor:
    size, ridge, one, here = house
    at = (one - 0.5) * 0.9 * size
    stack = (
        edge(0.11 * size - (x - at).abs(), view.px) * edge(ridge * 1.02 - up, view.px) * edge(up - ridge * 0.5, view.px)
    )
    image = over(image, view.hazed(view.lit(view.rgb(0.42, 0.30, 0.28), 0.5), far), stack * here)
    rise = ((up - ridge) / size).clamp(min=0)
    puff = sample("cloud", x / size * 1.6 + one * 16, rise * 1.7 - view.t * 0.45 + one * 9, 2)
    path = x - at - 0.22 * size * rise * torch.sin(rise * 2.2 - view.t * 0.9 + one * 6)
    smoke = smooth(0.34, 0.0, path.abs() / (size * (0.55 + 0.45 * rise))) * smooth(0.32, 0.6, puff)
    smoke = smoke * smooth(1.35, 0.2, rise) * (up > ridge)
    return over(image, torch.lerp(view.light["low"], view.light["ambient"], 0.35), smoke * 0.6 * here)
