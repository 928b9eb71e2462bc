"""Trees and flowers. A row of trees is one evaluation: x is cut into cells; a cell's random numbers make its tree.

image    B 3 T H W   display colours in [0, 1]
field    B 1 T H W   one number a pixel; any axis may be 1 and broadcasts
number   B 1 1 1 1   one number a scene;  color  B 3 1 1 1
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mutoscope.world.land import SNOW, snowiness
from mutoscope.world.noise import cell_random, edge, over, sample, smooth
from mutoscope.world.view import View, on_rows

LEAVES = {  # by plant and season
    "round tree": {
        "spring": (.44, .68, .22), "summer": (.18, .44, .14),
        "autumn": (.88, .40, .10), "winter": (.72, .76, .82),
    },
    "birch": {
        "spring": (.60, .78, .30), "summer": (.40, .62, .20),
        "autumn": (.98, .76, .16), "winter": (.80, .83, .88),
    },
    "cherry": {
        "spring": (1.0, .62, .74), "summer": (1.0, .64, .76),
        "autumn": (.86, .34, .22), "winter": (.92, .84, .90),
    },
}  # fmt: skip
# Crown's half width and half height, height of its middle (shares of the tree's height), trunk's half width.
CROWNS = {
    "round tree": (0.33, 0.34, 0.64, 0.040),
    "birch": (0.20, 0.37, 0.64, 0.026),
    "cherry": (0.46, 0.30, 0.64, 0.042),
}
LEAFY = tuple(CROWNS)
# Width of a plant in shares of its height: no cell is narrower, so that no crown is cut.
SPREADS = {"pine": 0.62, "round tree": 1.05, "birch": 0.72, "cherry": 1.30, "palm": 1.25, "cactus": 0.80}


@dataclass(frozen=True)
class Row:
    """One row of trees in its own coordinates, all fields."""

    dx: Tensor  # from the trunk's axis, to the right, in units of the picture's height
    up: Tensor  # 0 at the foot, 1 at the top
    height: Tensor  # of this cell's tree
    keep: Tensor  # 1 where the cell holds a tree
    one: Tensor  # the cell's random numbers in [0, 1)
    two: Tensor


def stand(
    view: View,
    image: Tensor,
    part: str,
    base,
    height,
    cell,
    far,
    keep: Tensor | float = 1.0,
    plant: str | None = None,
    at=None,
) -> Tensor:
    """Draw one row of each scene's own plant (or of `plant`): feet at `base`, `height` tall, one in each `cell` of x.

    base, height, cell, far and keep are floats or numbers; base and keep may be fields of x; `far` is air between.
    A row may by chance be empty: a plant that the caption names also needs a `stand_one` or a long row.
    """
    spread = view.each("plant", {} if plant else SPREADS, SPREADS.get(plant or "", 0.7))
    for kinds, draw in ((("pine",), pines), (LEAFY, leafy), (("palm",), palms), (("cactus",), cacti)):
        rows = list(range(len(view.specs))) if plant in kinds else view.rows("plant", *kinds) if plant is None else []
        wide = torch.maximum(height * spread, torch.as_tensor(cell, device=view.device))
        dense = (keep * wide / cell).clamp(max=1.0) if at is None else 2.0
        settings = [_take(value, rows) for value in (base, height, wide, far, dense, at)]
        image = on_rows(view, image, rows, lambda v, i, d=draw, s=settings: _row(v, i, part, d, *s))
    return image


def stand_one(view: View, image: Tensor, part: str, base, height, far, at: Tensor) -> Tensor:
    """Draw one of each scene's own plant at x = `at` (a number), certain to be seen."""
    return stand(view, image, part, base, height, 9.0, far, keep=2.0, at=at)


def _take(value, rows: list[int]):
    return value[rows] if isinstance(value, Tensor) and value.shape[0] > 1 else value


def _row(view: View, image: Tensor, part: str, draw: Callable, base, height, cell, far, keep, at=None) -> Tensor:
    """Set up the row's coordinates within the band of pixel rows that it can touch, and draw it there."""
    base, height, cell = (torch.as_tensor(v, dtype=torch.float32, device=view.device) for v in (base, height, cell))
    band = view.band(float((base - height * 1.5).min()), float(base.max()) + 0.01)
    part_view = replace(view, y=view.y[..., band, :])
    rng = view.rng(part)
    u = (view.x / cell if at is None else at * 0) + rng(100, 200)
    column = u.floor()
    one, two, three, four = cell_random(column, 0.0, rng.seed())
    axis = view.x - (u - column - 0.5 - (two - 0.5) * 0.26) * cell if at is None else at
    base, keep = _at(view, base, axis), _at(view, keep, axis)
    tall = height * (0.62 + 0.38 * one)
    up = (base - part_view.y) / tall
    sway = 0.018 * tall * up.clamp(0, 1) ** 2 * torch.sin(view.t * 1.7 + three * 6.28 + view.x * 3)
    dx = view.x - axis - sway
    row = Row(dx, up, tall, (four < keep).float(), one, three)
    shown = draw(part_view, image[..., band, :], row, far)
    return torch.cat(
        [_grown(image[..., : band.start, :], shown), shown, _grown(image[..., band.stop :, :], shown)], dim=3
    )


def _at(view: View, value, axis: Tensor):
    """Return a field of x as it is at each tree's axis, so that a tree stands on one spot."""
    if not isinstance(value, Tensor) or value.shape[-1:] in ((), (1,)):
        return value
    place = ((axis + view.aspect / 2) / view.px).long().clamp(0, view.x.shape[4] - 1)
    rows = max(value.shape[0], place.shape[0])
    return value.expand(rows, *value.shape[1:]).gather(4, place.expand(rows, *place.shape[1:]))


def _grown(image: Tensor, like: Tensor) -> Tensor:
    return image.expand(*image.shape[:2], like.shape[2], image.shape[3], like.shape[4])


def pines(view: View, image: Tensor, row: Row, far) -> Tensor:
    """Layered, saw-toothed, darker inside; frosted in winter."""
    side = row.dx.abs()
    layers = 5 + (row.two * 3).floor()
    q = (row.up + 0.30 * side / row.height) * layers
    part = q - q.floor()
    skirt = torch.minimum(1 - 0.52 * part, 0.48 + 5 * (1 - part) * 0.52)
    width = (0.255 + 0.06 * row.two) * row.height * (1.03 - row.up).clamp(min=0) ** 0.85 * skirt
    soft = view.px * 1.2
    inside = (
        edge(width - side, soft) * edge((0.98 - row.up) * row.height, soft) * edge((row.up - 0.07) * row.height, soft)
    )
    trunk = edge(0.022 * row.height - side, soft) * edge(row.up * row.height, soft) * (row.up < 0.3)
    turn = smooth(-1.0, 1.0, row.dx * view.sun_side / (width + 1e-3))
    shade = (0.15 + 0.85 * turn) * (1.0 - 0.6 * part)
    needles = view.rgb(0.11, 0.27, 0.17) * (0.75 + 0.5 * row.one)
    frost = snowiness(view) * smooth(0.75, 0.35, part + 0.25 * (1 - turn))
    color = view.lit(over(needles, view.rgb(*SNOW), frost * 0.85), shade)
    image = over(image, view.hazed(view.lit(view.rgb(0.20, 0.13, 0.09), 0.3), far), trunk * row.keep)
    return over(image, view.hazed(color, far), inside * row.keep)


def leafy(view: View, image: Tensor, row: Row, far) -> Tensor:
    """Round trees, birches and cherries: a trunk and a lumpy crown in the season's colour."""
    shape = view.each("plant", CROWNS, CROWNS["round tree"])
    wide, high, middle, thick = (shape[:, i : i + 1] for i in range(4))
    wide, high = wide * row.height, high * row.height
    x, y = row.dx, (row.up - middle) * row.height
    lumps = sample("cloud", x / row.height * 4.2 + row.one * 16, y / row.height * 4.2 + row.two * 16, 3)
    inside = 1 - torch.sqrt((x / wide) ** 2 + (y / high) ** 2 + 1e-6) + (lumps - 0.5) * 0.75
    image = _trunk(view, image, row, thick, far)
    glow = 0.55 * x / wide * view.sun_side + 0.55 * y / high + (lumps - 0.5) * 2.2
    leaf, sunny = _leaf_color(view, row) * (0.8 + 0.4 * row.one), smooth(-1.0, 0.9, glow)
    cherry = view.each("plant", {"cherry": 1.0})
    color = torch.lerp(view.lit(leaf, sunny), view.lit(leaf, sunny, pure=0.5), cherry)
    color = color * (0.72 + 0.28 * smooth(-0.8, 0.4, glow))
    bare = view.each("season", {"winter": 1.0}) * smooth(0.50, 0.40, lumps) * 0.75
    mask = edge(inside * torch.minimum(wide, high), view.px * 1.5) * (1 - bare) * row.keep
    return over(image, view.hazed(color, far), mask)


def _leaf_color(view: View, row: Row) -> Tensor:
    rows = [LEAVES.get(s.plant, LEAVES["round tree"])[s.season] for s in view.specs]
    color = torch.tensor(rows, device=view.device).view(-1, 3, 1, 1, 1)
    red = view.each("season", {"autumn": 0.7}) * row.two * view.each("plant", {"birch": 0.3}, 1.0)
    return over(color, view.rgb(0.74, 0.16, 0.08), red)


def _trunk(view: View, image: Tensor, row: Row, thick: Tensor, far) -> Tensor:
    birch = view.each("plant", {"birch": 1.0})
    width = thick * row.height * (1.25 - row.up)
    marks = smooth(0.60, 0.66, sample("fbm", row.dx / row.height * 14 + row.one * 16, row.up * 20 + row.two * 16, 1))
    bark = torch.lerp(view.rgb(0.28, 0.19, 0.14), view.rgb(0.96, 0.95, 0.90), birch) * (1 - 0.75 * marks * birch)
    mask = edge(width - row.dx.abs(), view.px * 1.2) * edge(row.up * row.height, view.px) * (row.up < 0.78)
    shade = smooth(-1, 1, row.dx * view.sun_side / width) * 0.8 + 0.1
    return over(image, view.hazed(view.lit(bark, shade), far), mask * row.keep)


def palms(view: View, image: Tensor, row: Row, far) -> Tensor:
    """A bent trunk and a crown of hanging fronds."""
    lean = (row.one - 0.5) * 0.55 * row.height
    x = row.dx - lean * row.up.clamp(0, 1.5) ** 2 + lean * 0.4
    soft = view.px * 1.2
    width = row.height * (0.030 - 0.010 * row.up)
    trunk = edge(width - x.abs(), soft) * edge((1 - row.up) * row.height, soft) * edge(row.up * row.height, soft)
    rings = 0.85 + 0.15 * torch.sin(row.up * row.height * 260)
    bark = view.lit(view.rgb(0.46, 0.33, 0.22) * rings, smooth(-1, 1, x / width * view.sun_side))
    image = over(image, view.hazed(bark, far), trunk * row.keep)
    x, y = row.dx - lean * 0.6, (row.up - 1) * row.height
    for k, (reach, rise, fall) in enumerate(FRONDS):
        image = _frond(view, image, row, x, y, far, (k, reach, rise, fall))
    return image


FRONDS = (  # reach to the side, rise, fall; shares of a frond's length
    (-0.95, 0.10, 0.75), (0.95, 0.05, 0.80), (-0.62, -0.35, 0.85), (0.60, -0.30, 0.90),
    (-0.92, 0.62, 0.70), (0.90, 0.66, 0.72),
    (-0.45, 1.00, 0.75), (0.50, 0.98, 0.70),
)  # fmt: skip


def _frond(view: View, image: Tensor, row: Row, x: Tensor, y: Tensor, far, shape: tuple) -> Tensor:
    k, reach, rise, fall = shape
    length = row.height * (0.46 + 0.08 * row.two)
    wave = 0.05 * torch.sin(view.t * 2.1 + k * 1.9 + row.one * 9)
    s = x / (length * reach * (0.9 + 0.2 * ((row.one * 7 + k * 0.37) % 1)))
    inside = s.clamp(0, 1)
    curve = length * inside * (rise + wave * inside - fall * inside)
    width = length * 0.125 * (inside * (1 - inside)).clamp(min=0).sqrt() * (1.3 - 0.5 * inside) + 0.001
    mask = edge(width - (y - curve + width * 0.5).abs(), view.px * 1.2) * (s > 0) * (s < 1)
    light_part = smooth(-1, 1, (y - curve) / width) * (0.6 + 0.4 * math.copysign(1.0, reach) * view.sun_side)
    color = view.lit(view.rgb(0.18, 0.42, 0.16) * (0.8 + 0.08 * (k % 4)), light_part)
    return over(image, view.hazed(color, far), mask * row.keep)


def cacti(view: View, image: Tensor, row: Row, far) -> Tensor:
    """A column with two arms."""
    x, y, tall = row.dx, row.up * row.height, row.height
    left, right = 0.34 + 0.2 * row.one, 0.30 + 0.25 * row.two
    thick = 0.085 * tall
    body = _capsule(x, y, 0.0, 0.0, 0.92 * tall) - thick
    for side, at in ((-1.0, left), (1.0, right)):
        arm = 0.23 * tall * side
        body = torch.minimum(body, _capsule(y, x, at * tall, arm.clamp(max=0), arm.clamp(min=0)) - thick * 0.72)
        body = torch.minimum(body, _capsule(x, y, arm, at * tall, (at + 0.27) * tall) - thick * 0.72)
    ribs = 0.85 + 0.15 * torch.cos(x / thick * 9)
    shade = smooth(-1.6, 1.6, x / thick * view.sun_side) * smooth(0.5, -1.0, body / thick)
    color = view.lit(view.rgb(0.24, 0.46, 0.22) * ribs, 0.15 + 0.85 * shade)
    return over(image, view.hazed(color, far), edge(-body, view.px * 1.2) * edge(y, view.px) * row.keep)


def _capsule(x: Tensor, y: Tensor, at, low, high) -> Tensor:
    """Return the distance to an upright line at `at` from `low` to `high`."""
    nearest = torch.minimum(
        torch.maximum(y, torch.as_tensor(low, device=y.device)), torch.as_tensor(high, device=y.device)
    )
    return torch.sqrt((x - at) ** 2 + (y - nearest) ** 2 + 1e-9)


def reeds(view: View, image: Tensor, part: str, base, height, far=0.0) -> Tensor:
    """Draw blades and bulrushes in clumps at both sides of the foreground."""
    for k, cell in enumerate((0.030, 0.042)):
        image = _row(view, image, f"{part} {k}", _blades, base, height, cell, far, 0.8)
    return image


def _blades(view: View, image: Tensor, row: Row, far) -> Tensor:
    clump = smooth(0.10, 0.30, view.x.abs() / view.aspect + 0.03 * torch.sin(view.x * 40))
    up = row.up / (0.35 + 0.65 * clump)
    bend = (row.two - 0.5) * 0.10 * row.height * up.clamp(0, 1) ** 2
    x = row.dx - bend - 0.02 * row.height * torch.sin(view.t * 1.9 + row.two * 6) * up.clamp(0, 1) ** 2
    blade = edge(0.0065 * (1.15 - up) - x.abs(), view.px) * (up > 0)
    head = edge(0.0095 - x.abs(), view.px) * edge((0.10 - (up - 0.88).abs()) * row.height, view.px) * (row.one > 0.5)
    green = view.lit(view.rgb(0.34, 0.44, 0.16), 0.35 + 0.5 * up.clamp(0, 1))
    brown = view.lit(view.rgb(0.38, 0.22, 0.12), 0.6)
    image = over(image, view.hazed(green, far), blade * row.keep * (clump > 0.02))
    return over(image, view.hazed(brown, far), head * row.keep * (clump > 0.3))


def flowers(view: View, image: Tensor, part: str, top, share: float = 0.75, size: float = 1.0) -> Tensor:
    """Strew flowers over the ground below `top`: round heads in perspective, far ones melting into a tint."""
    rng = view.rng(part)
    palette = [rng.color(*PETALS) for _ in range(3)]
    depth = view.depth.clamp(0, 1) + 0.16
    pace = 7.5 / size
    u = view.x / depth * pace + rng(100, 200) + 0.05 * torch.sin(view.t * 1.6 + depth * 9)
    v = torch.log(depth) * pace * 1.2 + 100
    image_mask = edge(view.y - top, view.px * 4) * smooth(
        0.35, 0.60, sample("fbm", u * 0.22, v * 0.22, 2) + 0.2 * (depth > 0)
    )
    column, row = u.floor(), v.floor()
    one, two, three, four = cell_random(column, row, rng.seed())
    away = torch.sqrt((u - column - 0.3 - 0.4 * one) ** 2 + (v - row - 0.3 - 0.4 * two) ** 2)
    footprint = view.px * pace / depth
    radius = 0.24 + 0.14 * one
    head = smooth(radius + footprint * 0.6, radius - footprint * 0.6, away) * (four < share)
    color = over(over(palette[0], palette[1], (three > 0.45).float()), palette[2], (three > 0.78).float())
    heart = smooth(0.10, 0.04, away) * smooth(0.28, 0.12, footprint)
    color = over(view.lit(color, 0.55 + 0.35 * one, pure=0.45), view.lit(view.rgb(0.98, 0.80, 0.20), 0.8), heart)
    return over(image, view.hazed(color, 0.5 * (1 - depth).clamp(min=0)), head * image_mask)


PETALS = (
    (0.95, 0.16, 0.18), (0.98, 0.80, 0.14), (0.96, 0.95, 0.95), (0.98, 0.48, 0.66),
    (0.58, 0.32, 0.84), (0.98, 0.50, 0.12), (0.32, 0.42, 0.95),
)  # fmt: skip


def leaves(view: View, image: Tensor, part: str, color: Tensor, count: int = 7) -> Tensor:
    """Draw big pointed leaves that reach into the picture from its lower corners and its top."""
    rng = view.rng(part)
    for k in range(count):
        side = 1.0 if k % 2 else -1.0
        high = k >= count - 2
        foot_x = side * rng(0.40, 0.56) * view.aspect
        foot_y = rng(-0.06, 0.02) if high else rng(0.92, 1.08)
        turn = rng(0.9, 1.5) if high else rng(-1.5, -0.5)
        turn = turn + 0.04 * torch.sin(view.t * 1.1 + k)
        length, wide = rng(0.26, 0.42), rng(0.05, 0.085)
        dx, dy = (view.x - foot_x) * -side, view.y - foot_y
        along = (dx * torch.cos(turn) + dy * torch.sin(turn)) / length
        across = (dy * torch.cos(turn) - dx * torch.sin(turn)) / wide + 0.8 * (along - 0.3) ** 2
        half = (torch.sin(along.clamp(0, 1) * math.pi).clamp(min=0) ** 0.75) * (1 - 0.35 * along.clamp(0, 1))
        ribs = 0.5 + 0.5 * torch.cos((along * 3.2 + across.abs() * 0.25) * 18)
        shade = 0.35 + 0.4 * (across > 0) + 0.12 * ribs
        tone = color * (0.55 + 0.25 * rng() + 0.25 * smooth(0.0, 1.0, along))
        tone = over(view.lit(tone, shade), view.lit(color * 1.5, 0.7), smooth(0.14, 0.04, across.abs()) * 0.6)
        inside = edge((half - across.abs()) * wide, view.px) * (along > 0) * (along < 1)
        image = over(image, tone, inside)
    return image
