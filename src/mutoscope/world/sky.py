"""The sky: colours from the horizon up, sun or moon with its glow, stars, and clouds that drift.

image    B 3 T H W   display colours in [0, 1]
field    B 1 T H W   one number a pixel; any axis may be 1 and broadcasts
"""

from functools import reduce

import torch
from torch import Tensor

from mutoscope.world.noise import cell_random, edge, over, sample, smooth
from mutoscope.world.view import View, on_rows

DRIFT = 0.10  # cells a second that clouds move


def sky(view: View) -> Tensor:
    """Return the whole sky (B 3 T H W); below the horizon it is the horizon's colour."""
    light = view.light
    up = ((view.horizon - view.y) / view.horizon).clamp(0, 1)  # 0 at the horizon, 1 at the top
    image = over(light["low"], light["middle"], smooth(0.0, 0.55, up))
    image = over(image, light["zenith"], smooth(0.30, 1.15, up))
    image = image + _glow(view)
    image = _stars(view, image, up)
    image = _disc(view, image)
    image = _cirrus(view, image, up)
    image = _cumulus(view, image, up)
    image = _deck(view, image, up)
    image = _rainbow(view, image)
    image = _lightning(view, image)
    return _settle(view, image, up)


def _distance(view: View) -> Tensor:
    return torch.sqrt((view.x - view.sun_x) ** 2 + (view.y - view.sun_y) ** 2)


def _glow(view: View) -> Tensor:
    light, away = view.light, _distance(view)
    flat = torch.sqrt(((view.x - view.sun_x) * 0.45) ** 2 + (view.y - view.sun_y) ** 2)
    shape = torch.exp(-flat / (0.30 * light["reach"] + 0.02)) * 0.9 + 0.9 * torch.exp(-away / 0.07)
    return light["glow"] * shape * (0.45 + 0.55 * light["shine"])


def _disc(view: View, image: Tensor) -> Tensor:
    light, away = view.light, _distance(view)
    rng = view.rng("disc")
    seas = sample("fbm", (view.x - view.sun_x) * 26 + rng(0, 16), (view.y - view.sun_y) * 26 + rng(0, 16), 1)
    moon = view.each("light", {"moonlight": 1.0})
    color = light["disc"] * (1.3 - 0.3 * moon) * (1 - moon * 0.22 * smooth(0.5, 0.7, seas))
    rim = light["radius"] * rng(0.9, 1.2) - away
    dazzle = (1 - moon) * (light["elevation"] > 0.3)  # a high sun has no sharp edge, so that it is no moon
    soft = view.px * 1.5 + 0.9 * light["radius"] * dazzle
    return over(image, color, edge(rim, soft) * light["shine"] * (light["radius"] > 0))


def _stars(view: View, image: Tensor, up: Tensor) -> Tensor:
    rows = view.rows("light", "night", "moonlight", "blue hour")
    return on_rows(view, image, rows, lambda some, part: _starlit(some, part, up[rows]))


def _starlit(view: View, image: Tensor, up: Tensor) -> Tensor:
    rng, size = view.rng("stars"), 0.047
    u, v = view.x / size + 40, view.y / size
    column, row = u.floor(), v.floor()
    place_x, place_y, bright, phase = cell_random(column, row, rng.seed())
    away = torch.sqrt((u - column - 0.12 - 0.76 * place_x) ** 2 + (v - row - 0.12 - 0.76 * place_y) ** 2) * size
    radius = 0.0035 + 0.0045 * bright**6
    twinkle = 0.85 + 0.15 * torch.sin(view.t * 3 + phase * 40)
    dots = smooth(radius + view.px * 0.6, radius - view.px * 0.6, away) * (0.35 + 0.65 * bright**2) * twinkle
    thick = view.each("light", {"night": 0.8, "moonlight": 0.35, "blue hour": 0.15})
    stars = dots * (phase < thick) * smooth(0.0, 0.35, up) * (1 - view.light["deck"])
    return image + stars * view.rgb(0.95, 0.96, 1.0) + _milky_way(view) * smooth(0.0, 0.4, up)


def _milky_way(view: View) -> Tensor:
    rng = view.rng("milky way")
    slope, middle = rng.side() * rng(0.5, 1.4), rng(0.2, 0.4)
    along = (view.y - middle) + slope * view.x
    across = along / torch.sqrt(1 + slope * slope)
    cloud = sample("fbm", view.x * 5 + rng(0, 16), view.y * 5 + rng(0, 16), 3)
    band = torch.exp(-((across / 0.13) ** 2)) * smooth(0.25, 0.75, cloud)
    core = torch.exp(-((across / 0.045) ** 2)) * smooth(0.35, 0.7, cloud)
    night = view.each("light", {"night": 1.0}) * (1 - view.light["deck"])
    return (band * view.rgb(0.13, 0.13, 0.22) + core * view.rgb(0.16, 0.13, 0.17)) * night


def _cirrus(view: View, image: Tensor, up: Tensor) -> Tensor:
    """Thin high streaks."""
    rng = view.rng("cirrus")
    near = 1 / (up + 0.25)
    tilt = rng(-0.8, 0.8)
    u = view.x * near * 0.9 + rng(0, 16) + view.t * DRIFT * 0.4
    streaks = sample("fbm", u, near * 3.2 + u * tilt + rng(0, 16), 3)
    mask = smooth(0.50, 0.85, streaks) * smooth(0.02, 0.25, up) * view.light["cirrus"] * rng(0.3, 1.2)
    return over(image, view.light["cloud_lit"], mask.clamp(0, 0.85))


def _cumulus(view: View, image: Tensor, up: Tensor) -> Tensor:
    """Heaps of cloud, bright towards the sun and shaded below."""
    rows = view.rows("weather", "cloudy", "rainbow")
    return on_rows(view, image, rows, lambda some, part: _heaps(some, part, up[rows]))


def _heaps(view: View, image: Tensor, up: Tensor) -> Tensor:
    light, rng = view.light, view.rng("clouds")
    near = 1 / (up * 0.9 + 0.30)
    scale = rng(0.75, 1.15)
    u = view.x * near * 1.7 * scale + rng(0, 16) + view.t * DRIFT
    v = near * 1.15 * scale + rng(0, 16)
    bulk = sample("cloud", u, v, 4)
    behind = sample("cloud", u + 0.16 * (view.sun_x - view.x).clamp(-1, 1), v - 0.16, 2)
    level = 0.80 - 0.42 * light["cover"]
    mask = smooth(level, level + 0.10, bulk) * smooth(0.03, 0.16, up)
    sunny = smooth(-0.16, 0.14, bulk - behind) * 0.85 + 0.15
    warm = torch.exp(-_distance(view) / 0.22) * light["shine"]
    color = over(light["cloud_dark"], light["cloud_lit"], sunny) + light["glow"] * warm
    color = over(color, light["haze"], 0.55 * smooth(0.35, 0.0, up))
    return over(image, color, mask * 0.96)


def _deck(view: View, image: Tensor, up: Tensor) -> Tensor:
    """A closed grey ceiling for overcast, rain and snow."""
    rows = view.rows("weather", "overcast", "rain", "snow", "fog", "storm")
    return on_rows(view, image, rows, lambda some, part: _ceiling(some, part, up[rows]))


def _ceiling(view: View, image: Tensor, up: Tensor) -> Tensor:
    rng, near = view.rng("deck"), 1 / (up + 0.28)
    u = view.x * near * 0.9 + rng(0, 16) + view.t * DRIFT
    folds = sample("cloud", u, near * 2.0 + rng(0, 16), 3)
    base = torch.lerp(view.light["middle"], view.light["low"], 0.45)
    bright = torch.exp(-_distance(view) / 0.30) * view.light["glow"] * 0.7  # the veiled sun
    grey = base * (0.70 + 0.46 * smooth(0.15, 0.85, folds) + 0.10 * (1 - up)) + bright
    return over(image, grey, view.light["deck"] * smooth(0.0, 0.26, up) * 0.92)


BOW = ((.80, .30, .85), (.32, .30, .95), (.25, .85, .55), (.98, .92, .30), (.98, .55, .20), (.95, .22, .20))  # fmt: skip


def _rainbow(view: View, image: Tensor) -> Tensor:
    """An arc of all colours opposite the sun, with its faint twin."""
    return on_rows(view, image, view.rows("weather", "rainbow"), _arc)


def _arc(view: View, image: Tensor) -> Tensor:
    rng = view.rng("rainbow")
    middle = -view.sun_side * rng(0.0, 0.22) * view.aspect
    radius, wide = rng(0.38, 0.50), rng(0.050, 0.070)
    away = torch.sqrt((view.x - middle) ** 2 + (view.y - view.horizon - rng(0.0, 0.12)) ** 2)
    band = (away - radius) / wide  # 0 violet inside, 1 red outside
    color = reduce(torch.add, (view.rgb(*c) * (1 - (band * 5 - k).abs()).clamp(min=0) for k, c in enumerate(BOW)))
    soft = smooth(-0.12, 0.12, band) * smooth(1.12, 0.88, band)
    inside = 0.05 * smooth(0.0, -0.3, band) * smooth(-2.5, -0.3, band)
    veil = 0.75 * soft * (view.y < view.horizon + 0.02)
    return over(image, torch.maximum(color, image * 0.75), veil * 0.75) + inside * (view.y < view.horizon)


def _lightning(view: View, image: Tensor) -> Tensor:
    """A forked bolt out of the clouds, and the flash it throws on them; it strikes again while a clip runs."""
    return on_rows(view, image, view.rows("weather", "storm"), _bolt)


def _bolt(view: View, image: Tensor) -> Tensor:
    rng = view.rng("lightning")
    beat = view.t * rng(0.9, 1.4)
    strike, part = beat.floor(), beat - beat.floor()
    spot = (cell_random(strike, 7.0, rng.seed())[0] - 0.5) * 0.8 * view.aspect
    power = torch.exp(-part / 0.16) * (0.7 + 0.3 * torch.sin(part * 60)) + 0.25 * torch.exp(-part / 0.5)
    lane, down = rng(0, 16) + strike * 3.1, (view.y / view.horizon).clamp(0, 1)
    glow = torch.zeros_like(view.x + view.y + power)
    for k, (start, lean, strength) in enumerate(((0.0, 0.0, 1.0), (0.35, 0.5, 0.6), (0.55, -0.6, 0.5))):
        fork = (down - start).clamp(min=0)
        path = spot + 0.22 * (sample("ridged", down * 3 + lane, lane + 2, 3) - 0.5) + lean * fork * 0.5
        path = path + 0.10 * (sample("ridged", fork * 5 + k * 3, lane, 3) - 0.5) * (k > 0)
        away = (view.x - path).abs()
        line = smooth(0.0045 + view.px * 0.7, 0.0, away) + 0.35 * torch.exp(-away / 0.02)
        glow = glow + strength * line * (down >= start) * (view.y < view.horizon) * (fork < 0.45 + (k == 0))
    sheet = torch.exp(-(view.x - spot).abs() / 0.35) * torch.exp(-view.y / 0.4)
    flash = view.rgb(0.80, 0.82, 1.0) * power.clamp(0, 1)
    return image + flash * (0.30 * sheet + 0.9 * glow.clamp(0, 1.2))


def _settle(view: View, image: Tensor, up: Tensor) -> Tensor:
    """Let fog lie over the low sky; the sun is a pale disc in it."""
    fog = view.light["fog"] * smooth(1.3, 0.1, up)
    image = over(image, view.light["haze"], fog.clamp(0, 1))
    return on_rows(view, image, view.rows("weather", "fog"), _veiled)


def _veiled(view: View, image: Tensor) -> Tensor:
    light, away = view.light, _distance(view)
    disc = edge(light["radius"] * 0.9 - away, view.px * 2.5) * 0.55 + 0.30 * torch.exp(-away / 0.11)
    pale = torch.lerp(light["disc"], light["haze"], 0.25)
    return over(image, pale, (disc * (light["radius"] > 0) * (view.y < view.horizon)).clamp(0, 0.8))
