"""Wild land: mountains, pine forest, desert, canyon, volcano, jungle.

image    B 3 T H W   display colours in [0, 1]
field    B 1 T H W   one number a pixel; any axis may be 1 and broadcasts
number   B 1 1 1 1   one number a scene;  color  B 3 1 1 1
"""

import torch
from torch import Tensor

from mutoscope.world.land import FOREST, SNOW, dune, grass, hills, mountain_range, plain, snowiness, treeline
from mutoscope.world.noise import edge, over, sample, smooth
from mutoscope.world.plants import flowers, leaves, stand, stand_one
from mutoscope.world.registry import draws_scene
from mutoscope.world.sky import sky
from mutoscope.world.view import SceneRng, View, on_rows


@draws_scene("mountains")
def mountains(view: View) -> Tensor:
    image, rng = sky(view), view.rng("mountains")
    white = 0.34 + 0.30 * snowiness(view)
    tall = rng(0.36, 0.48)
    image = mountain_range(view, image, view.rng("range 1"), view.horizon + 0.06, tall, 1.5, 0.75, white)
    image = mountain_range(view, image, view.rng("range 2"), view.horizon + 0.14, tall * 0.66, 2.1, 0.30, white * 0.6)
    image = mountain_range(
        view, image, view.rng("range 3"), view.horizon + 0.22, tall * 0.36, 2.9, 0.12, 0.25 * snowiness(view)
    )
    wood = torch.lerp(view.each("season", FOREST), view.rgb(*SNOW), 0.35 * snowiness(view))
    image, _ = hills(view, image, view.rng("hill 1"), view.horizon + 0.22, 0.10, 1.5, 0.18, wood)
    image, top = hills(view, image, view.rng("hill 2"), view.horizon + 0.32, 0.08, 1.2, 0.04, grass(view, rng) * 0.9)
    image = stand(view, image, "trees 1", top + 0.02, 0.13, 0.09, 0.12, 0.7)
    image = stand(view, image, "trees 2", top + 0.10, 0.22, 0.16, 0.03, 0.55)
    rows = view.rows("plant", "flowers")
    return on_rows(view, image, rows, lambda v, i: flowers(v, i, "flowers", top[rows] + 0.05))


@draws_scene("pine forest")
def pine_forest(view: View) -> Tensor:
    image, rng = sky(view), view.rng("forest")
    image = mountain_range(view, image, view.rng("range"), view.horizon, 0.20, 1.4, 1.0, 0.3 * snowiness(view))
    image = treeline(view, image, view.rng("wood"), view.horizon + 0.01, 0.14, 1.0)
    floor = torch.lerp(grass(view, rng), view.rgb(0.34, 0.26, 0.16), 0.45 * (1 - snowiness(view)))
    image = plain(view, image, view.rng("floor"), floor)
    middle, bend = rng(-0.10, 0.10) * view.aspect, rng(-0.25, 0.25)
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
    grain = sample("fbm", view.x * 4 / (depth + 0.25) + 3, 9 / (depth + 0.25), 3) - 0.5
    half = 0.012 + 0.20 * depth**1.2 + 0.07 * grain * depth.sqrt()
    rut = torch.exp(-((((view.x - axis).abs() / half - 0.5) / 0.16) ** 2))
    color = color * (1 + 0.5 * grain) * (1 - 0.16 * rut)
    return over(image, color, smooth(0.02 + 0.03 * depth, 0.0, (view.x - axis).abs() - half) * (view.y > view.horizon))


@draws_scene("desert")
def desert(view: View) -> Tensor:
    image, rng = sky(view), view.rng("desert")
    sand = torch.lerp(view.rgb(0.96, 0.76, 0.46), view.rgb(0.90, 0.56, 0.32), rng())
    mesas = view.rng("mesas")
    image, _ = hills(view, image, mesas, view.horizon, 0.05, 1.6, 1.3, sand * 0.75)
    for k, (drop, tall, pace, far) in enumerate(
        ((0.03, 0.06, 1.5, 0.8), (0.12, 0.11, 1.15, 0.42), (0.25, 0.15, 0.85, 0.16))
    ):
        image = dune(view, image, view.rng(f"dune {k}"), view.horizon + drop, tall, pace, far, sand)
    image = stand(view, image, "cactus 1", view.horizon + 0.24, 0.16, 0.20, 0.25, 0.5)
    image = dune(view, image, view.rng("dune 9"), view.horizon + 0.40, 0.13, 0.7, 0.0, sand)
    spot = rng.side() * rng(0.08, 0.36) * view.aspect
    return stand_one(view, image, "cactus 2", 0.93, rng(0.38, 0.52), 0.0, spot)


@draws_scene("canyon")
def canyon(view: View) -> Tensor:
    """Layered red rock: far tables, nearer walls, a river or dry ground between two cliffs."""
    image, rng = sky(view), view.rng("canyon")
    rock = torch.lerp(view.rgb(0.80, 0.38, 0.22), view.rgb(0.86, 0.56, 0.34), rng())
    for k, (drop, tall, pace, far) in enumerate(((0.02, 0.16, 1.5, 0.95), (0.07, 0.24, 1.1, 0.50))):
        image = _mesas(view, image, view.rng(f"mesa {k}"), view.horizon + drop, tall, pace, far, rock)
    image = plain(view, image, view.rng("floor"), rock * view.rgb(0.98, 1.0, 0.96), top=view.horizon + 0.07)
    image = stand(view, image, "cactus 1", view.horizon + 0.14, 0.12, 0.17, 0.15, 0.6)
    for k, (near, foot) in enumerate(((0.34, 0.16), (0.46, 0.34))):
        image = _walls(view, image, view.rng(f"wall {k}"), near, foot, 0.20 - 0.16 * k, rock * (0.95 - 0.12 * k))
    spot = rng.side() * rng(0.06, 0.2) * view.aspect
    return stand_one(view, image, "cactus 2", 0.95, 0.40, 0.0, spot)


def _strata(view: View, rng: SceneRng, x: Tensor, y: Tensor, color: Tensor) -> Tensor:
    """Return the colour of layered rock: bands that bend a little, some pale, some dark."""
    bend = 0.05 * (sample("fbm", x * 1.2 + rng(0, 16), rng(0, 16), 2) - 0.5)
    band = sample("fbm", rng(0, 16), (y + bend) * 11 + rng(0, 16), 3)
    pale = smooth(0.56, 0.66, band)
    dark = smooth(0.42, 0.34, band)
    return over(over(color, color * 0.35 + view.rgb(0.55, 0.46, 0.36), pale * 0.7), color * 0.66, dark * 0.8)


def _mesas(view: View, image: Tensor, rng: SceneRng, base, height, pace: float, far: float, rock: Tensor) -> Tensor:
    """Lay flat-topped tables of rock on slopes of rubble over `image`."""
    u, lane = view.x * pace + rng(0, 16), rng(0, 16)
    bulk, side = sample("fbm", u, lane, 2), 0.02
    right = sample("fbm", u + side, lane, 2)
    rise = 0.30 * smooth(0.30, 0.56, bulk) + 0.70 * smooth(0.52, 0.565, bulk) * (0.75 + 0.5 * (lane % 1.0))
    top = base - height * rise - 0.004
    cracks = sample("ridged", u * 7, (view.y - base) * 2 + lane, 2)
    shade = smooth(-0.5, 0.5, (bulk - right) * 14 * view.sun_side + (cracks - 0.5) * 1.3)
    tone = _strata(view, rng, view.x, view.y - base, rock) * (0.78 + 0.30 * cracks)
    shown = view.hazed(view.lit(tone, 0.25 + 0.75 * shade), far)
    return over(image, shown, edge(view.y - top, view.px) * edge(base + 0.02 - view.y, view.px))


def _walls(view: View, image: Tensor, rng: SceneRng, near: float, foot: float, far: float, rock: Tensor) -> Tensor:
    """Lay two cliffs over `image` that stand `near` the middle and reach `foot` below the horizon."""
    x = view.x / view.aspect
    side = (x > 0).float() * 2 - 1
    rough = sample("ridged", view.y * 2.2 + side * 3 + rng(0, 16), rng(0, 16), 3) - 0.5
    steps = (view.y * 7 + rng(0, 7) + side).floor()
    ledge = 0.05 * (sample("fbm", steps * 1.7, rng(0, 16) + side, 1) - 0.5)
    line = near - 0.10 * (view.y - view.horizon) + 0.07 * rough + ledge - 0.05 * rng() * side
    inside = x.abs() - line
    top = view.horizon - rng(0.30, 0.46) - 0.9 * inside + 0.05 * rough
    base = view.horizon + foot + 0.5 * inside
    cracks = sample("ridged", view.x * 6 + rng(0, 16), view.y * 1.6 + side * 5, 3)
    facing = (side != view.sun_side).float()
    shade = (0.18 + 0.60 * facing) * (0.55 + 0.75 * cracks)
    tone = _strata(view, rng, view.x, view.y, rock) * (0.74 + 0.36 * cracks)
    shown = view.hazed(view.lit(tone, shade.clamp(0, 1)), far)
    mask = edge(inside / 1.0, view.px) * edge(view.y - top, view.px) * edge(base - view.y, view.px)
    return over(image, shown, mask)


@draws_scene("volcano")
def volcano(view: View) -> Tensor:
    """A smoking cone with glowing lava on its flanks, dark ground before it."""
    image, rng = sky(view), view.rng("volcano")
    middle = rng(-0.16, 0.16) * view.aspect
    tall, wide = rng(0.34, 0.44), rng(0.52, 0.66)
    crater = 0.055
    image = mountain_range(view, image, view.rng("range"), view.horizon, 0.10, 1.6, 1.1, 0.0)
    image = _plume(view, image, rng, middle, view.horizon - tall)
    off = view.x - middle
    away = (off.abs() - crater).clamp(min=0) / wide
    rough = sample("ridged", view.x * 4 + rng(0, 16), rng(0, 16), 3) - 0.5
    slope = (1 - away).clamp(min=0) ** 1.6
    top = view.horizon + 0.03 - tall * slope - 0.03 * rough * slope.sqrt() * (off.abs() > crater)
    below = view.y - top
    ribs = sample("ridged", off / (0.16 + below.clamp(min=0) * 1.2) + rng(0, 16), below * 1.2 + rng(0, 16), 3)
    shade = smooth(-0.35, 0.45, off * view.sun_side * 1.2 + 1.1 * (ribs - 0.5))
    tone = view.rgb(0.30, 0.25, 0.25) * (0.7 + 0.6 * ribs)
    cone = view.hazed(view.lit(tone, shade), 0.22)
    image = over(image, cone, edge(below, view.px))
    image = _lava(view, image, rng, off, below, crater, tall)
    green = (rng() > 0.5).float()
    ash = torch.lerp(view.rgb(0.26, 0.23, 0.22), view.rgb(0.22, 0.34, 0.16), 0.8 * green)
    image = _foreland(view, image, view.rng("ground"), ash, off, 1 - green)
    spot = rng.side() * rng(0.26, 0.38) * view.aspect
    image = stand(view, image, "trees 1", view.horizon + 0.10, 0.16, 0.20, 0.15, 0.7)
    return stand_one(view, image, "trees 2", 0.99, rng(0.46, 0.6), 0.0, spot)


def _foreland(view: View, image: Tensor, rng: SceneRng, ash: Tensor, off: Tensor, barren: Tensor) -> Tensor:
    """Lay the ground before the cone, lit by the lava; where nothing grows, cracks glow in it."""
    rim = view.horizon + 0.015 + 0.05 * sample("fbm", view.x * 3 + rng(0, 16), rng(0, 16), 3)
    image = plain(view, image, rng, ash, top=rim, rough=0.45)
    depth = view.depth.clamp(0, 1)
    near = 1 / (depth + 0.22)
    blocks = sample("ridged", view.x * near * 0.9 + rng(0, 16), near * 2.0 + rng(0, 16), 3)
    below = edge(view.y - rim, view.px)
    image = image * (1 + below * barren * 0.9 * (0.5 - blocks))
    crack = smooth(0.70, 0.84, blocks) * torch.exp(-((off / 0.34) ** 2)) * barren * below
    image = over(image, view.rgb(1.0, 0.42, 0.06).expand_as(image), crack * (0.75 + 0.15 * torch.sin(view.t * 1.9)))
    glow = torch.exp(-((off / 0.30) ** 2)) * torch.exp(-depth / 0.22) * below
    return image + view.rgb(0.26, 0.085, 0.01) * glow


def _lava(view: View, image: Tensor, rng: SceneRng, off: Tensor, below: Tensor, crater: float, tall: Tensor) -> Tensor:
    """Lay the glow of the crater and three streams that wind down from it."""
    down = (below / tall).clamp(0, 1.2)
    heat = torch.zeros_like(down)
    for k in range(3):
        lane = (k - 1) * (0.10 + 0.16 * rng()) * down**0.9
        wind = 0.07 * (sample("fbm", below * 6 + rng(0, 16), rng(0, 16), 2) - 0.5) * down.sqrt()
        thin = 0.006 + 0.012 * down
        end = rng(0.6, 1.3)
        stream = smooth(thin * 2.2, thin * 0.4, (off - lane - wind).abs() + 0.6 * thin * down)
        heat = torch.maximum(heat, stream * smooth(end, end - 0.25, down))
    flow = sample("fbm", off * 20, below * 10 - view.t * 0.5, 2)
    heat = heat * (below > 0) * (0.65 + 0.7 * flow)
    glow = torch.exp(-((off / 0.10) ** 2 + (below / 0.07) ** 2))
    image = over(image, view.rgb(1.0, 0.45, 0.08).expand_as(image), (heat * 0.95).clamp(0, 1))
    image = over(image, view.rgb(1.0, 0.85, 0.40).expand_as(image), smooth(0.75, 1.15, heat))
    return image + view.rgb(0.70, 0.22, 0.02) * glow * (0.75 + 0.25 * torch.sin(view.t * 2.4))


def _plume(view: View, image: Tensor, rng: SceneRng, middle: Tensor, foot: Tensor) -> Tensor:
    """Lay a column of smoke that leans with the wind, red below."""
    rise = ((foot - view.y) / foot.clamp(min=0.05)).clamp(0, 1.3)
    lean = rng.side() * rng(0.1, 0.35) * rise**1.4
    across = (view.x - middle - lean) / (0.05 + 0.20 * rise)
    puffs = sample("cloud", across * 0.8 + rng(0, 16), rise * 2.6 - view.t * 0.35 + rng(0, 16), 4)
    mask = smooth(1.15, 0.35, across.abs() + 1.1 * (0.5 - puffs)) * (view.y < foot + 0.02) * smooth(1.3, 0.75, rise)
    shade = smooth(-0.8, 0.8, across * view.sun_side + (puffs - 0.5) * 3)
    grey = view.lit(view.rgb(0.46, 0.43, 0.43) * (0.6 + 0.7 * puffs), shade * 0.9)
    grey = grey + view.rgb(0.55, 0.16, 0.02) * torch.exp(-rise / 0.16) * puffs
    return over(image, grey, mask * 0.94)


@draws_scene("jungle")
def jungle(view: View) -> Tensor:
    """Layers of leaves behind one another, palms, a pool of light on the ground, big leaves in front."""
    image, rng = sky(view), view.rng("jungle")
    deep = torch.lerp(view.rgb(0.10, 0.36, 0.16), view.rgb(0.16, 0.44, 0.12), rng())
    for k, (drop, tall, far) in enumerate(((-0.02, 0.30, 1.0), (0.02, 0.24, 0.60), (0.07, 0.20, 0.30))):
        image = _canopy(view, image, view.rng(f"canopy {k}"), view.horizon + drop, tall, far, deep * (1.25 - 0.2 * k))
        image = stand(view, image, f"palms {k}", view.horizon + drop + 0.12, 0.46 + 0.10 * k, 0.30, far * 0.6, 0.75)
    floor = torch.lerp(view.rgb(0.20, 0.34, 0.12), view.rgb(0.36, 0.28, 0.16), 0.6 * rng())
    image = plain(view, image, view.rng("floor"), floor, top=view.horizon + 0.13)
    image = _path(view, image, rng(-0.12, 0.12) * view.aspect, rng(-0.3, 0.3))
    image = _shafts(view, image, rng)
    side = rng.side()
    image = stand_one(view, image, "palm", 0.99, rng(0.72, 0.86), 0.02, side * rng(0.22, 0.34) * view.aspect)
    return leaves(view, image, "leaves", view.rgb(0.08, 0.34, 0.12))


def _canopy(view: View, image: Tensor, rng: SceneRng, base, height, far: float, color: Tensor) -> Tensor:
    """Lay a wall of lumpy foliage over `image`, light on top of its lumps."""
    lane = rng(0, 16)
    crown = sample("cloud", view.x * 3.2 + rng(0, 16), lane, 3)
    top = base - height * (0.35 + 1.1 * crown)
    u, v = view.x * 7 + rng(0, 16), view.y * 8 + lane
    lumps = sample("cloud", u, v, 4)
    above = sample("cloud", u + 0.15 * view.sun_side, v - 0.22, 2)
    shade = smooth(-0.16, 0.20, lumps - above) * smooth(0.5, 0.0, view.y - top)
    shown = view.hazed(view.lit(color * (0.45 + 0.95 * lumps), 0.15 + 0.85 * shade), far)
    return over(image, shown, edge(view.y - top + 0.02 * (lumps - 0.5), view.px * 1.5))


def _shafts(view: View, image: Tensor, rng: SceneRng) -> Tensor:
    """Let slanting light fall through the leaves by day."""
    slant = view.x - (view.y * 0.45 * -view.sun_side)
    beams = sample("fbm", slant * 4 + rng(0, 16), rng(0, 16) + view.t * 0.04, 2)
    fall = smooth(0.56, 0.80, beams) * smooth(1.0, 0.2, view.y) * view.light["shine"]
    return image + fall * 0.22 * (view.light["key"] + 0.1)
