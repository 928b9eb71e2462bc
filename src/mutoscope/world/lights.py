"""The eight lights and six weathers as tables of colours: what makes a dawn a dawn in every scene.

number   B 1 1 1 1   one number a scene;  color  B 3 1 1 1; while the sun rises or sets, B 3 T 1 1
"""

from collections.abc import Sequence
from functools import reduce

import torch
from torch import Tensor

from mutoscope.world.noise import GLIDE, glide
from mutoscope.world.spec import SceneSpec

# Sky from the top down (zenith, middle, low), the disc of sun or moon, its glow, direct light, ambient light, clouds.
COLORS = ("zenith", "middle", "low", "disc", "glow", "key", "ambient", "cloud_lit", "cloud_dark")
LIGHT_COLORS = {
    "dawn": (
        (.47, .50, .80), (.80, .66, .86), (1.0, .78, .76), (1.0, .96, .86), (.20, .12, .04),
        (.66, .46, .50), (.46, .40, .58), (1.0, .80, .82), (.66, .56, .78),
    ),
    "morning": (
        (.40, .67, .93), (.68, .86, .97), (1.0, .95, .80), (1.0, 1.0, .93), (.24, .20, .06),
        (.78, .72, .52), (.42, .50, .56), (1.0, .99, .94), (.70, .80, .90),
    ),
    "noon": (
        (.05, .28, .78), (.18, .52, .94), (.62, .86, .98), (1.0, 1.0, 1.0), (.34, .32, .24),
        (.90, .87, .80), (.36, .42, .50), (1.0, 1.0, 1.0), (.66, .74, .86),
    ),
    "golden hour": (
        (.62, .58, .52), (.96, .74, .38), (1.0, .86, .44), (1.0, .98, .80), (.30, .20, .02),
        (1.02, .66, .22), (.42, .31, .20), (1.0, .88, .55), (.74, .54, .36),
    ),
    "sunset": (
        (.20, .11, .38), (.66, .20, .38), (1.0, .46, .12), (1.0, .80, .40), (.42, .16, .00),
        (.72, .28, .12), (.20, .11, .20), (1.0, .46, .26), (.36, .15, .34),
    ),
    "blue hour": (
        (.02, .07, .30), (.07, .19, .54), (.44, .44, .66), (.80, .60, .50), (.16, .08, .02),
        (.12, .17, .36), (.13, .19, .42), (.24, .32, .62), (.06, .12, .36),
    ),
    "night": (
        (.008, .012, .045), (.024, .034, .105), (.150, .190, .345), (0., 0., 0.), (0., 0., 0.),
        (.105, .120, .165), (.285, .335, .520), (.085, .098, .160), (.026, .032, .068),
    ),
    "moonlight": (
        (.012, .042, .130), (.040, .110, .250), (.145, .260, .410), (.97, .97, .90), (.20, .26, .34),
        (.36, .44, .54), (.120, .175, .300), (.42, .50, .62), (.050, .090, .180),
    ),
}  # fmt: skip
# The disc's height in shares of the sky, its radius, stars, lamps in windows, reach of the glow, width of glitter.
NUMBERS = ("elevation", "radius", "stars", "lamps", "reach", "glitter")
LIGHT_NUMBERS = {
    "dawn":        (0.10, 0.036, 0.0, 0.45, 0.55, 0.75),
    "morning":     (0.34, 0.036, 0.0, 0.00, 0.60, 0.55),
    "noon":        (0.80, 0.038, 0.0, 0.00, 0.40, 0.35),
    "golden hour": (0.22, 0.044, 0.0, 0.10, 0.90, 1.00),
    "sunset":      (0.04, 0.056, 0.0, 0.60, 0.90, 1.00),
    "blue hour":   (0.00, 0.000, 0.1, 0.90, 0.60, 0.00),
    "night":       (0.00, 0.000, 1.0, 1.00, 0.00, 0.00),
    "moonlight":   (0.62, 0.058, 0.3, 0.85, 0.60, 0.90),
}  # fmt: skip
# Cumulus cover, high thin cloud, grey deck, fog, density of air, share of direct light, share of all light.
AIR = ("cover", "cirrus", "deck", "fog", "air", "sun", "dim")
WEATHER_NUMBERS = {
    "clear":    (0.00, 0.35, 0.0, 0.0, 0.75, 1.00, 1.00),
    "cloudy":   (0.62, 0.30, 0.0, 0.0, 0.85, 0.85, 0.97),
    "overcast": (0.00, 0.00, 1.0, 0.0, 1.20, 0.22, 0.88),
    "fog":      (0.00, 0.00, 0.5, 1.0, 2.70, 0.15, 0.96),
    "rain":     (0.00, 0.00, 1.0, 0.2, 1.90, 0.12, 0.70),
    "snow":     (0.00, 0.00, 0.9, 0.3, 2.00, 0.18, 0.95),
    "storm":    (0.00, 0.00, 1.0, 0.1, 1.50, 0.08, 0.52),
    "rainbow":  (0.30, 0.30, 0.45, 0.0, 1.00, 0.90, 0.95),
}  # fmt: skip
# What all colours are multiplied by at the end of the sun's way, and how the sun starts and moves (y, y a second).
EVENT_COLORS = {"none": (1.0, 1.0, 1.0), "sun rising": (1.24, 1.10, 0.96), "sun setting": (0.72, 0.48, 0.54)}
EVENT_PATHS = {"none": (0.0, 0.0), "sun rising": (0.0, -0.05), "sun setting": (-0.12, 0.05)}
_LUMA = (0.3, 0.59, 0.11)


def light_numbers(specs: Sequence[SceneSpec], device, rng) -> dict[str, Tensor]:
    """Return the light of every scene: each name of COLORS, NUMBERS and AIR, and the color of far air as `haze`."""
    light = _rows([sum(LIGHT_COLORS[s.light], ()) for s in specs], COLORS, 3, device)
    light |= _rows([LIGHT_NUMBERS[s.light] for s in specs], NUMBERS, 1, device)
    light |= _rows([WEATHER_NUMBERS[s.weather] for s in specs], AIR, 1, device)
    _vary(light, rng)
    _cloud_over(light)
    light["cover"] = light["cover"] + rng(-0.09, 0.09) * (light["cover"] > 0)
    return light


def sun_events(specs: Sequence[SceneSpec], light: dict[str, Tensor], sun_y: Tensor, time: Tensor) -> Tensor:
    """Let the sun rise or set: bend the colours of `light` over time (1 1 T 1 1) and return the sun's y (B 1 T 1 1).

    A rising sun starts at its place, a setting one above it and ends below; a scene without an event keeps both.
    """
    went, device = glide(time), sun_y.device
    end = torch.tensor([EVENT_COLORS[s.event] for s in specs], device=device).view(-1, 3, 1, 1, 1)
    for name in (*COLORS, "haze"):
        light[name] = light[name] * torch.lerp(torch.ones_like(end), end, went / GLIDE)
    path = torch.tensor([EVENT_PATHS[s.event] for s in specs], device=device).view(-1, 2, 1, 1, 1)
    return (sun_y + path[:, :1] + path[:, 1:] * went).clamp(min=0.06)


def _rows(rows: list[tuple], names: tuple[str, ...], width: int, device) -> dict[str, Tensor]:
    values = torch.tensor(rows, device=device, dtype=torch.float32).view(len(rows), len(names), width, 1, 1, 1)
    return dict(zip(names, values.unbind(1), strict=True))


def _vary(light: dict[str, Tensor], rng) -> None:
    """Make no two dawns the same: a little warmer or cooler, lighter or darker."""
    warm, bright = rng(-0.05, 0.05), rng(0.94, 1.05)
    tint = torch.cat([1 + warm, torch.ones_like(warm), 1 - warm], 1) * bright
    for name in COLORS:
        light[name] = light[name] * tint
    light["zenith"] = torch.lerp(light["zenith"], light["middle"], rng(0.0, 0.25))


def _cloud_over(light: dict[str, Tensor]) -> None:
    """Bend the colours to the weather: less sun, greyer sky, but always a clear tint of the light."""
    white = light["fog"] * (light["elevation"] > 0.3) * (light["lamps"] == 0)  # fog by day; low light tints it
    deck = light["deck"].clamp(max=1) * 0.48 + 0.16 * white
    for name in COLORS:
        grey = reduce(torch.add, (k * light[name][:, i : i + 1] for i, k in enumerate(_LUMA)))
        light[name] = torch.lerp(light[name], grey * 0.96, deck)
    hidden = 1 - light["sun"]
    dim = torch.lerp(light["dim"], torch.ones_like(hidden), 0.7 * light["lamps"])  # what is dark already stays visible
    light["ambient"] = (light["ambient"] + 0.30 * hidden * light["key"]) * dim
    light["key"] = light["key"] * light["sun"]
    for name in ("zenith", "middle", "low"):
        light[name] = light[name] * torch.lerp(torch.ones_like(dim), dim, 0.85)
    light["shine"] = ((light["sun"] - 0.25) / 0.75).clamp(0, 1)  # is the disc to be seen
    haze = torch.lerp(light["low"], light["middle"], 0.45 - 0.25 * light["fog"])
    light["haze"] = torch.lerp(
        haze, haze.mean(1, keepdim=True).expand_as(haze) * 1.08, 0.20 * light["fog"] + 0.40 * white
    )
