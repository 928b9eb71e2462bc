"""Solid ground: mountain ranges, rolling hills, plains, dunes, each laid over the image behind it.

image    B 3 T H W   display colours in [0, 1]
field    B 1 T H W   one number a pixel; any axis may be 1 and broadcasts
number   B 1 1 1 1   one number a scene;  color  B 3 1 1 1
"""

import torch
from torch import Tensor

from mutoscope.world.noise import cell_random, edge, over, sample, smooth
from mutoscope.world.view import SceneRng, View

GRASS = {
    "spring": (0.46, 0.72, 0.24), "summer": (0.27, 0.54, 0.17),
    "autumn": (0.74, 0.55, 0.22), "winter": (0.90, 0.94, 1.0),
}  # fmt: skip
FOREST = {
    "spring": (0.28, 0.50, 0.22), "summer": (0.12, 0.33, 0.16),
    "autumn": (0.66, 0.36, 0.13), "winter": (0.58, 0.66, 0.72),
}  # fmt: skip
SNOW = (0.95, 0.97, 1.02)


def grass(view: View, rng: SceneRng) -> Tensor:
    """Return the colour of grass in each scene's season, a little varied: a color."""
    snowing = view.each("weather", {"snow": 0.75})
    color = view.each("season", GRASS) * rng(0.88, 1.1)
    return torch.lerp(color, view.rgb(*SNOW), snowing)


def snowiness(view: View) -> Tensor:
    """Return how much snow lies in each scene: a number in [0, 1]."""
    lying = view.each("season", {"winter": 1.0})
    return torch.maximum(lying, view.each("weather", {"snow": 0.8}))


def mountain_range(
    view: View, image: Tensor, rng: SceneRng, base, height, pace: float, far: float, snow: Tensor | float = 0.0
) -> Tensor:
    """Lay a range of sharp peaks over `image`: two or three summits with facets that turn to the sun or away from it.

    Against a low sun the range stands dark before the bright sky. `snow` is the share of the height that is white.
    """
    shift, lane = rng(0, 16), rng(0, 16)

    def profile(x: Tensor) -> Tensor:
        u = x * pace + shift
        wave = (u - u.floor() - 0.5).abs() * 2  # 0 on a summit, 1 in a saddle
        summit = 0.45 + 0.55 * cell_random(u.floor(), 0.0, lane.floor())[0]
        rough = sample("ridged", u * 2.3, lane, 3) - 0.5
        return base - height * ((1 - wave) * summit + 0.16 * rough + 0.12)

    top = profile(view.x)
    below = (view.y - top).clamp(min=0)
    u, v = view.x * pace + shift, below / height
    ribs = sample("ridged", u * 2.2 + 0.35 * (sample("fbm", u * 2, v * 1.6 + lane, 2) - 0.5), v * 0.7 + lane, 3)
    step = 0.05 * view.sun_side
    turn = sample("ridged", u * 2.2 + step, v * 0.7 + lane, 2) - sample("ridged", u * 2.2 - step, v * 0.7 + lane, 2)
    tilt = (profile(view.x - 0.03) - profile(view.x + 0.03)) / 0.06 * view.sun_side
    shade = smooth(-0.10, 0.14, 0.10 * tilt.clamp(-1, 1) + turn)
    backlit = view.each("light", {"dawn": 0.45, "golden hour": 0.35, "sunset": 0.80}) * view.light["shine"]
    rock = torch.lerp(view.rgb(0.40, 0.42, 0.48), view.rgb(0.44, 0.38, 0.36), rng())
    color = view.lit(rock * (0.72 + 0.28 * shade), shade * (1 - 0.8 * backlit))
    white = view.lit(view.rgb(0.98, 1.0, 1.04), shade * (1 - 0.5 * backlit))
    line = snow * (0.75 + 0.9 * (ribs - 0.5))
    color = over(color, white, smooth(0.03, -0.03, v - line) * (snow > 0) * (1 - 0.35 * backlit))
    color = color * (1 - 0.45 * backlit)
    return over(image, view.hazed(color, far * (0.7 + 0.6 * v.clamp(0, 1))), edge(view.y - top, view.px))


def hills(
    view: View, image: Tensor, rng: SceneRng, base, height, pace: float, far: float, color: Tensor
) -> tuple[Tensor, Tensor]:
    """Lay a smooth line of hills over `image`; return the image and the hills' top (B 1 1 1 W)."""
    u, lane = view.x * pace + rng(0, 16), rng(0, 16)
    top = base - height * (sample("fbm", u, lane, 1) - 0.5) * 1.8
    below = (view.y - top).clamp(min=0)
    slope = (sample("fbm", u + 0.06, lane, 1) - sample("fbm", u - 0.06, lane, 1)) * view.sun_side
    patch = sample("fbm", u * 3 + below * 3, below * pace * 9 + lane, 2)
    shade = (0.62 - 2.6 * slope - 1.2 * below).clamp(0.12, 1.0)
    tone = color * (0.84 + 0.32 * patch)
    shown = view.hazed(view.lit(tone, shade), far)
    return over(image, shown, edge(view.y - top, view.px)), top


def treeline(view: View, image: Tensor, rng: SceneRng, base, height, far: float) -> Tensor:
    """Lay a far wood over `image`: a dark toothed band above `base`."""
    u = view.x * 26 + rng(0, 16)
    crowns = sample("fbm", u, rng(0, 16), 2) + 0.8 * sample("fbm", view.x * 3 + rng(0, 16), rng(0, 16), 1)
    top = base - height * (0.35 + 0.7 * crowns)
    inside = edge(view.y - top, view.px) * edge(base - view.y + 0.004, view.px)
    tone = view.each("season", FOREST) * (0.7 + 0.5 * smooth(height, 0.0, view.y - top))
    return over(image, view.hazed(view.lit(tone, 0.45), far), inside)


def plain(view: View, image: Tensor, rng: SceneRng, color: Tensor, top=None, rough: float = 0.30) -> Tensor:
    """Lay a flat field from the horizon (or `top`) to the bottom edge, with streaks in perspective, darker near."""
    depth = view.depth.clamp(0, 1)
    near = 1 / (depth + 0.18)
    streaks = sample("fbm", view.x * near * 1.4 + rng(0, 16), near * 4.5 + rng(0, 16), 3)
    tone = color * (1 + rough * (streaks - 0.5) * 2) * (1.06 - 0.34 * depth)
    shown = view.hazed(view.lit(tone, 0.72), 0.9 * (1 - depth) ** 3)
    return over(image, shown, edge(view.y - (view.horizon if top is None else top), view.px))


def dune(view: View, image: Tensor, rng: SceneRng, base, height, pace: float, far: float, color: Tensor) -> Tensor:
    """Lay one line of dunes over `image`: a crest, a bright windward side, a shaded slip face, fine ripples."""
    shift, lane = rng(0, 16), rng(0, 16)

    def profile(x: Tensor) -> Tensor:
        u = x * pace + shift
        return 0.62 * sample("fbm", u, lane, 1) + 0.38 * sample("ridged", u * 0.8 + 4, lane + 3, 1)

    line = profile(view.x)
    top = base - height * (line - 0.5) * 2.2
    below = (view.y - top).clamp(min=0)
    bend = below * view.sun_side * 0.9 + 0.10 * (sample("fbm", below * 9 + shift, lane + 2, 1) - 0.5)
    left, here, right = (profile(view.x + bend + step) for step in (-0.03, 0.0, 0.03))
    tilt = (right - left) * view.sun_side
    soft = 0.004 + 0.9 * (left + right - 2 * here + 0.004).clamp(0, 0.05)  # sharp on crests, soft in hollows
    shade = smooth(soft, -soft, tilt)
    ripple = sample("fbm", view.x * 5 + below * 7 + shift, below * 60 + view.x * 9, 2)
    low = view.each("light", {"dawn": 1.0, "golden hour": 1.0, "sunset": 1.0}, 0.45)
    lit_part = torch.lerp(torch.ones_like(shade), shade, 0.62 + 0.3 * low)
    tone = color * (0.94 + 0.14 * (ripple - 0.5)) * (1.04 - 0.45 * below)
    shown = view.hazed(view.lit(tone, lit_part) * (0.72 + 0.28 * lit_part), far)
    return over(image, shown, edge(view.y - top, view.px))
