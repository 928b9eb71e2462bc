"""Houses and towers: cells along x as in plants.py, each with its own building.

image    B 3 T H W   display colours in [0, 1]
field    B 1 T H W   one number a pixel; any axis may be 1 and broadcasts
number   B 1 1 1 1   one number a scene;  color  B 3 1 1 1
"""

from dataclasses import replace

import torch
from torch import Tensor

from mutoscope.world.land import SNOW, snowiness
from mutoscope.world.noise import cell_random, edge, over, sample, smooth
from mutoscope.world.view import View

WARM = (1.0, 0.80, 0.36)  # light of a window


def towers(view: View, image: Tensor, part: str, base, height, cell: float, far: float, floor: float) -> Tensor:
    """Draw a row of towers up to `height`, one in each `cell`, with windows `floor` high."""
    rng = view.rng(part)
    u = view.x / cell + rng(100, 200)
    column, seed = u.floor(), rng.seed()
    one, two, three, four = cell_random(column, 0.0, seed)
    middle = torch.exp(-(((view.x - rng(-0.2, 0.2)) / (0.45 * view.aspect)) ** 2))
    tall = height * (0.30 + 0.70 * one * (0.45 + 0.55 * middle))
    x = (u - column - 0.5) * cell
    half = cell * (0.34 + 0.16 * two)
    up = base - view.y
    kind = (three * 997 % 1.0 * 5).floor()  # of roof: flat, flat, stepped, pointed, slanted
    off = x / half
    fall = torch.where(kind == 3, 1.6 * half * off.abs(), 0.9 * half * (off + 1) * (kind == 4))
    fall = torch.where(kind == 2, 0.16 * tall * ((off.abs() > 0.36).float() + (off.abs() > 0.68).float()), fall)
    spire = edge(0.006 - x.abs(), view.px) * edge(tall * 1.22 - up, view.px) * ((four > 0.72) * (kind != 4))
    mask = torch.maximum(edge(half - x.abs(), view.px) * edge(tall - fall - up, view.px), spire)
    face = over(view.rgb(0.46, 0.50, 0.58), view.rgb(0.66, 0.56, 0.50), four) * (0.75 + 0.5 * three)
    side = smooth(-0.004, 0.004, x * view.sun_side - half * 0.35)
    color = view.lit(face, 0.25 + 0.65 * side) * (0.72 + 0.28 * (up / height).clamp(0, 1))
    lamps = view.light["lamps"]
    color = color + lamps * view.rgb(0.085, 0.060, 0.050) * (0.5 + face) * torch.exp(-up.clamp(min=0) / 0.16)  # streets
    color = view.hazed(color, far)
    color = _windows(view, color, x, up, floor, (column, seed, one), far)
    return over(image, color, mask)


def _windows(view: View, color: Tensor, x: Tensor, up: Tensor, floor: float, tower: tuple, far: float) -> Tensor:
    """Each tower has panes, long bands of glass or upright strips, and is lit more or less, floor by floor."""
    column, seed, tone = tower
    u, v = x / (floor * 0.72) + 50.5, up / floor + 50
    i, j = u.floor(), v.floor()
    kind = tone * 613 % 1.0
    band, strip = (kind > 0.55).float(), (kind < 0.22).float()
    chance, glow, _, _ = cell_random(i * (1 - band) + column * 17, j * (1 - strip), seed + 5)
    soft = view.px / floor
    across = torch.maximum(edge(0.30 - (u - i - 0.5).abs(), soft * 1.4), band * 0.9)
    pane = across * torch.maximum(edge(0.27 - (v - j - 0.5).abs(), soft), strip * 0.9)
    lamps = view.light["lamps"]
    shining = (chance < 0.06 + (0.25 + 0.50 * (tone * 331 % 1.0)) * lamps) * lamps.sqrt()
    shining = shining * (1 - 0.25 * band)
    lamp = over(view.rgb(*WARM), view.rgb(0.80, 0.90, 1.0), (glow > 0.78).float()) * (0.62 + 0.38 * glow)
    glass = torch.lerp(color * 0.62, view.light["middle"] * 0.9, 0.30)
    shown = over(glass, torch.lerp(lamp, color, 0.25 * min(far, 1.0)), shining)
    return over(color, shown, pane * (up > floor * 0.6))


def houses(view: View, image: Tensor, part: str, base, size, cell: float, far: float, keep: float = 0.85) -> Tensor:
    """Draw a row of snowed-in cottages with lit windows, smoke over their chimneys."""
    size = torch.as_tensor(size, dtype=torch.float32, device=view.device)
    base = torch.as_tensor(base, dtype=torch.float32, device=view.device)
    band = view.band(float((base - size * 2.9).min()), float((base + size * 1.6).max()))
    near = replace(view, y=view.y[..., band, :])
    shown = _house_row(near, image[..., band, :], part, base, size, cell, far, keep)
    image = image.expand(shown.shape[0], 3, shown.shape[2], *image.shape[3:])
    return torch.cat([image[..., : band.start, :], shown, image[..., band.stop :, :]], dim=3)


def _house_row(
    view: View, image: Tensor, part: str, base: Tensor, size: Tensor, cell: float, far: float, keep: float
) -> Tensor:
    rng = view.rng(part)
    u = view.x / cell + rng(100, 200)
    column = u.floor()
    one, two, three, four = cell_random(column, 0.0, rng.seed())
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


def barn(view: View, image: Tensor, part: str, at: Tensor, base, size, far: float) -> Tensor:
    """Draw one red barn with a white door and a silo beside it."""
    rng = view.rng(part)
    dx, up = view.x - at, base - view.y
    half, wall = size * 0.62, size * 0.55
    gable = wall + size * 0.42 * (1 - (dx.abs() / half)).clamp(min=0) ** 0.7
    red = over(view.rgb(0.66, 0.16, 0.12), view.rgb(0.50, 0.34, 0.24), (rng() > 0.75).float())
    boards = 0.92 + 0.08 * torch.cos(dx / size * 60)
    front = view.lit(red * boards, 0.35 + 0.5 * smooth(-half, half, dx * view.sun_side))
    silo_x = dx + view.sun_side * half * 1.45
    silo = edge(size * 0.20 - silo_x.abs(), view.px) * edge(size * 1.15 - up, view.px) * edge(up, view.px)
    cap = edge(size * 0.20 - torch.sqrt(silo_x**2 + ((up - size * 1.15) * 1.2) ** 2), view.px) * (up > size * 1.1)
    steel = view.lit(view.rgb(0.74, 0.76, 0.78), 0.25 + 0.7 * smooth(-1, 1, silo_x * view.sun_side / (0.2 * size)))
    image = over(image, view.hazed(steel, far), torch.maximum(silo, cap))
    image = over(
        image, view.hazed(front, far), edge(half - dx.abs(), view.px) * edge(gable - up, view.px) * edge(up, view.px)
    )
    snow = torch.lerp(view.rgb(0.36, 0.34, 0.36), view.rgb(*SNOW), snowiness(view))
    rim = edge(half * 1.1 - dx.abs(), view.px) * edge(0.055 * size - (up - gable).abs(), view.px) * (up > wall * 0.9)
    image = over(image, view.hazed(view.lit(snow, 0.6), far), rim)
    white = view.lit(view.rgb(0.94, 0.92, 0.88), 0.6)
    door = edge(size * 0.20 - dx.abs(), view.px) * edge(size * 0.36 - up, view.px) * edge(up, view.px)
    frame = door * (1 - edge(size * 0.16 - dx.abs(), view.px) * edge(size * 0.32 - up, view.px))
    attic = edge(size * 0.08 - dx.abs(), view.px) * edge(size * 0.08 - (up - size * 0.66).abs(), view.px)
    image = over(image, view.hazed(white, far), torch.maximum(frame, attic))
    lamp = torch.lerp(view.lit(view.rgb(0.20, 0.12, 0.10), 0.4), view.rgb(*WARM), view.light["lamps"])
    return over(image, lamp, torch.maximum(door * (1 - frame), attic * 0.7) * (0.35 + 0.65 * view.light["lamps"]))


PLASTER = ((.86, .42, .32), (.94, .78, .48), (.55, .70, .78), (.93, .90, .84), (.78, .56, .40), (.60, .72, .54))  # fmt: skip


def gables(view: View, image: Tensor, part: str, base, height: float, cell: float, far: float) -> Tensor:
    """Draw a closed row of narrow coloured houses with pointed roofs, as they stand on a quay."""
    rng = view.rng(part)
    u = view.x / cell + rng(100, 200)
    column = u.floor()
    one, two, three, four = cell_random(column, 0.0, rng.seed())
    x, up = (u - column - 0.5) * cell, base - view.y
    wall = height * (0.55 + 0.25 * one)
    steep = 0.7 + 0.6 * two
    roof = wall + (cell * 0.5 - x.abs()) * steep
    table = torch.tensor(PLASTER, device=view.device)
    color = table[(three * len(PLASTER)).long().squeeze(1)].permute(0, 4, 1, 2, 3)
    walls = view.lit(color, 0.30 + 0.5 * smooth(-cell, cell, x * view.sun_side))
    i, j = (x / (cell * 0.30) + 50.5), up / (height * 0.17) + 50
    chance = cell_random(i.floor() + column * 13, j.floor(), rng.seed())[0]
    pane = edge(0.28 - (i - i.floor() - 0.5).abs(), view.px / (cell * 0.30)) * edge(
        0.30 - (j - j.floor() - 0.5).abs(), view.px / (height * 0.17)
    )
    lamps = view.light["lamps"]
    glow = (chance < 0.2 + 0.5 * lamps) * lamps
    glass = torch.lerp(view.lit(view.rgb(0.22, 0.26, 0.32), 0.5), view.rgb(*WARM), glow)
    walls = over(walls, glass, pane * (up < wall * 0.92) * (up > 0.1 * height) * (x.abs() < cell * 0.42))
    tiles = torch.lerp(view.rgb(0.56, 0.24, 0.18), view.rgb(0.30, 0.32, 0.38), (four > 0.6).float())
    tiles = torch.lerp(tiles, view.rgb(*SNOW), snowiness(view))
    shown = over(walls, view.lit(tiles, 0.4 + 0.4 * (x * view.sun_side > 0)), edge(up - wall, view.px))
    shown = shown * (0.82 + 0.18 * edge(cell * 0.485 - x.abs(), view.px))
    return over(image, view.hazed(shown, far), edge(roof - up, view.px) * edge(up, view.px))


HULLS = ((.90, .92, .94), (.16, .30, .56), (.72, .18, .16), (.18, .46, .40), (.92, .74, .26))  # fmt: skip


def boats(view: View, image: Tensor, part: str, base, size: float, cell: float, keep: float = 0.8) -> Tensor:
    """Draw a row of moored boats with bare masts that bob, one in each `cell`."""
    rng = view.rng(part)
    u = view.x / cell + rng(100, 200)
    column = u.floor()
    one, two, three, four = cell_random(column, 0.0, rng.seed())
    bob = 0.05 * size * torch.sin(view.t * 1.6 + one * 6.3)
    roll = 0.03 * torch.sin(view.t * 1.1 + two * 6.3)
    x = (u - column - 0.5 - 0.2 * (two - 0.5)) * cell
    up = base - view.y + bob
    x = (x + up * roll) * torch.where(three > 0.5, 1.0, -1.0)
    long = size * (0.75 + 0.25 * one)
    deck = 0.20 * size * (1 + 0.5 * (x / long).clamp(-1, 1) ** 2 * (x > 0))
    keel = (long * 0.92 - x.abs() + 0.30 * up).clamp(max=1.0)
    hull = edge(keel, view.px) * edge(deck - up, view.px) * edge(up, view.px)
    table = torch.tensor(HULLS, device=view.device)
    color = table[(four * len(HULLS)).long().squeeze(1)].permute(0, 4, 1, 2, 3)
    paint = over(color, view.rgb(0.96, 0.95, 0.92), edge(up - deck * 0.72, view.px))
    here = (two < keep).float()
    image = over(image, view.lit(paint, 0.35 + 0.5 * (up / (0.2 * size)).clamp(0, 1)), hull * here)
    cabin = edge(0.26 * long - (x + 0.18 * long).abs(), view.px) * edge(0.36 * size - up, view.px) * (up > deck * 0.95)
    image = over(image, view.lit(view.rgb(0.94, 0.93, 0.90), 0.7), cabin * here)
    tall = size * (1.5 + 0.5 * three)
    mast = edge(max(0.004, view.px * 0.6) - (x - 0.05 * long).abs(), view.px) * edge(tall - up, view.px) * (up > deck)
    boom = edge(max(0.004, view.px * 0.5) - (up - 0.52 * size).abs(), view.px) * (x < 0.05 * long) * (x > -0.7 * long)
    return over(image, view.lit(view.rgb(0.70, 0.62, 0.52), 0.6), torch.maximum(mast, boom) * here * 0.9)
