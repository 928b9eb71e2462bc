"""Water: still water that mirrors what stands behind it, open sea with swell, and waves that roll onto a beach.

image    B 3 T H W   display colours in [0, 1]
field    B 1 T H W   one number a pixel; any axis may be 1 and broadcasts
number   B 1 1 1 1   one number a scene;  color  B 3 1 1 1
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from mutoscope.world.noise import drifting, edge, over, sample, smooth
from mutoscope.world.view import SceneRng, View


def ripples(view: View, rng: SceneRng, depth: Tensor, pace: float, speed: float, octaves: int = 2) -> Tensor:
    """Return waves in perspective in [0, 1], long across and short in depth, rolling towards the viewer."""
    near = 1 / (depth + 0.12)
    u = view.x * near * pace + rng(0, 16)
    v = near * pace * 3.0 + rng(0, 16) + view.t * speed
    return drifting("fbm", u, v, view.t * speed * 0.35, octaves)


def glitter(view: View, waves: Tensor, depth: Tensor) -> Tensor:
    """Return the path of light below the sun or moon: a field to be multiplied by the disc's colour."""
    light = view.light
    width = 0.035 + (0.05 + 0.16 * light["glitter"]) * depth
    path = torch.exp(-(((view.x - view.sun_x) / width) ** 2))
    spark = smooth(0.50, 0.72, waves + 0.16 * path) * path
    return (spark * 0.85 + path * 0.16) * light["glitter"] * light["shine"]


def mirror(view: View, image: Tensor, part: str, line, calm: float = 1.0, tint=(0.05, 0.16, 0.20)) -> Tensor:
    """Lay still water below `line` (y; a number or float) that mirrors the image above it, broken by ripples."""
    rng = view.rng(part)
    line = torch.as_tensor(line, dtype=torch.float32, device=view.device)
    depth = ((view.y - line) / (1.02 - line)).clamp(0, 1)
    waves = ripples(view, rng, depth, 1.5, 0.9)
    swing = (waves - 0.5) * (0.012 + 0.085 * depth) / calm
    seen = _look(view, image, view.x + swing * 0.25, 2 * line - view.y + swing)
    deep = body(view, view.rgb(*tint), 0.6) + 0.10 * view.light["zenith"]
    water = over(seen * 0.90, deep, (0.10 + 0.42 * depth + 0.25 * (0.5 - waves)).clamp(0, 1))
    crest = smooth(0.58, 0.85, waves) * (0.25 + 0.75 * depth)
    water = over(water, view.light["low"], 0.22 * crest)
    water = water + view.light["disc"] * glitter(view, waves, depth) * 0.75
    shore = 0.35 * torch.exp(-depth / 0.025)
    return over(image, water * (1 - shore), edge(view.y - line, view.px))


def _look(view: View, image: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Return the image's colours at (x, y), the nearest edge's outside."""
    b, _, t, h, w = torch.broadcast_shapes(image.shape[:1] + (1,) + image.shape[2:], x.shape, y.shape)
    grid = torch.empty(b, t, h, w, 2, device=view.device)
    grid[..., 0] = (x * (2 / view.aspect)).squeeze(1)
    grid[..., 1] = (y * 2 - 1).squeeze(1)
    frames = image.expand(b, 3, t, h, w).transpose(1, 2).reshape(b * t, 3, h, w)
    seen = F.grid_sample(frames, grid.view(b * t, h, w, 2), align_corners=False, padding_mode="border")
    return seen.view(b, t, 3, h, w).transpose(1, 2)


def sea(view: View, image: Tensor, part: str, tint: Tensor, rough: Tensor | float = 1.0) -> Tensor:
    """Lay open sea from the horizon down: rolling swell, sky light far out, deep colour near, glitter, white caps."""
    rng, light = view.rng(part), view.light
    depth = view.depth.clamp(0, 1)
    swell = ripples(view, rng, depth, 0.85, 0.8, octaves=1)
    chop = ripples(view, rng, depth, 2.4, 1.3)
    waves = 0.62 * swell + 0.38 * chop
    face = smooth(0.30, 0.72, waves)
    deep = body(view, tint, 0.75) + 0.12 * light["middle"]
    sky_part = torch.lerp(light["low"], light["middle"], depth.sqrt()) * 0.92
    color = over(
        deep * (0.72 + 0.5 * face), sky_part, (0.78 - 0.72 * depth.sqrt() + 0.30 * (face - 0.5)).clamp(0.04, 0.95)
    )
    caps = smooth(0.66, 0.80, waves) * smooth(0.06, 0.4, depth) * rough
    color = over(color, view.lit(view.rgb(0.92, 0.95, 0.96), 0.8), caps * 0.6)
    color = color + light["disc"] * glitter(view, waves, depth) * 0.85
    color = view.hazed(color, 0.8 * torch.exp(-depth / 0.10))
    return over(image, color, edge(view.y - view.horizon, view.px))


def surf(view: View, image: Tensor, part: str, shore: Tensor, slope: Tensor) -> Tensor:
    """Lay a beach's sea over `image`: breakers that roll in to the line y = shore + slope * x, with foam and wash."""
    rng, depth = view.rng(part), view.depth.clamp(0, 1)
    wobble = sample("fbm", view.x * 1.6 + rng(0, 16), rng(0, 16), 1) - 0.5
    rate, start = rng(0.18, 0.24), rng(0, 1)
    wash = 0.016 * torch.sin((view.t * rate + start) * 2 * torch.pi) + 0.010 * (
        drifting("fbm", view.x * 3, rng(0, 16), view.t * 0.25, 2) - 0.5
    )
    line = shore + slope * view.x + 0.05 * wobble + wash
    out = ((line - view.y) / (line - view.horizon)).clamp(0, 1)  # 0 at the shore, 1 at the horizon
    image = _shallows(view, image, rng, depth, out, line)
    bend = 0.9 * (sample("fbm", view.x * 1.1 + rng(0, 16), rng(0, 16), 2) - 0.5)
    count = rng(3.4, 4.4)
    phase = count * out.clamp(min=1e-4) ** 0.55 + (view.t * rate + start) + bend * (0.25 + out)
    image = _breakers(view, image, rng, phase, out)
    lace = sample("cloud", view.x * 9 + rng(0, 16), (view.y - line) * 26 + rng(0, 16), 3)
    fringe = (
        smooth(0.030, 0.0, (line - view.y - 0.006).abs())
        * smooth(0.28, 0.5, lace)
        * edge(line - view.y + 0.006, view.px)
    )
    foam = _foam(view, 0.85)
    return over(image, foam, fringe * (view.y > view.horizon))


def _foam(view: View, shade: Tensor | float) -> Tensor:
    """Return the colour of foam: white, and as bright as the low sky where the light is low."""
    white = view.lit(view.rgb(0.97, 0.98, 0.98), shade)
    return torch.maximum(white, torch.lerp(white, view.light["low"] * 0.95 + 0.05, 0.55))


def body(view: View, tint: Tensor, shade: Tensor | float) -> Tensor:
    """Return the colour of deep water: its own tint, greyed where the light is warm, so that gold makes no green."""
    light = view.light
    warm = (light["key"][:, :1] - light["key"][:, 2:]).clamp(0, 0.6) / 0.6
    own = view.lit(tint, shade)
    grey = own.mean(1, keepdim=True) * view.rgb(1.0, 0.90, 0.95)
    return torch.lerp(own, grey * 0.75 + 0.16 * light["middle"], 0.72 * warm)


def _shallows(view: View, image: Tensor, rng: SceneRng, depth: Tensor, out: Tensor, line: Tensor) -> Tensor:
    light = view.light
    waves = ripples(view, rng, depth, 1.3, 0.9)
    tint = over(view.rgb(0.20, 0.68, 0.68), view.rgb(0.03, 0.30, 0.48), smooth(0.0, 0.7, out))
    tint = over(view.rgb(0.66, 0.74, 0.62), tint, smooth(0.0, 0.16, out))
    color = body(view, tint, 0.7) * (0.82 + 0.36 * waves)
    shine = torch.lerp(light["low"], light["middle"], depth)
    color = over(color, shine, (0.15 + 0.55 * out**3 + 0.35 * (waves - 0.5)).clamp(0, 0.9))
    color = color + light["disc"] * glitter(view, waves, depth) * 0.75
    color = view.hazed(color, 0.7 * torch.exp(-depth / 0.08))
    return over(image, color, edge(view.y - view.horizon, view.px) * edge(line - view.y, view.px * 1.5))


def _breakers(view: View, image: Tensor, rng: SceneRng, phase: Tensor, out: Tensor) -> Tensor:
    """Draw the waves themselves: a dark face, a bright breaking crest, torn foam trailing behind it."""
    index = phase.floor()
    part = phase - index  # 0 at the crest's front, growing out to sea
    lane = index * 3.7
    torn = sample("cloud", view.x * 4.5 + lane, part * 2.2 + lane + view.t * 0.12, 3)
    breaking = smooth(0.75, 0.25, out) * smooth(0.0, 0.05, out)
    crest = smooth(0.0, 0.06, part) * smooth(0.20 + 0.20 * torn, 0.04, part)
    trail = smooth(0.9, 0.15, part) * smooth(0.52, 0.68, torn) * 0.65
    face = smooth(0.72, 0.97, part) * smooth(1.0, 0.965, part) * smooth(0.9, 0.5, out)
    image = over(image, image * 0.66, face * (view.y > view.horizon) * smooth(0.0, 0.05, out))
    foam = _foam(view, 0.55 + 0.4 * torn)
    gaps = smooth(0.30, 0.48, sample("fbm", view.x * 1.7 + lane * 1.3, index * 0.0 + 3.1, 1) + 0.25 * (1 - out))
    mask = torch.maximum(crest * gaps, trail) * breaking * (out > 0) * (view.y > view.horizon)
    return over(image, foam, mask.clamp(0, 0.96))
