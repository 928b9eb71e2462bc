"""Styles of flat areas and lines: pixel art, flat vector, anime, comic.

pixels   N C H W   frames of all clips, colour, rows, columns      float in [0, 1]
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from mutoscope.world.registry import draws_style
from mutoscope.world.styles.field import Field
from mutoscope.world.styles.operations import blur, colour, edges, kuwahara, luma, saturate, slopes, spare, steps

_BAYER = ((0, 8, 2, 10), (12, 4, 14, 6), (3, 11, 1, 9), (15, 7, 13, 5))


@draws_style("pixel art")
def pixel_art(image: Tensor, field: Field) -> Tensor:
    """Big square pixels (32 rows), few tones with ordered dither, few tints without, so that no stray hue appears."""
    block = max(2, round(field.height / 32))
    rows, columns = max(1, round(field.height / block)), max(1, round(field.width / block))
    cells = F.adaptive_avg_pool2d(image, (rows, columns))
    sharp = cells + 0.5 * (cells - blur(cells, 1))
    bold = ((saturate(sharp, 1.35) - 0.5) * 1.1 + 0.5).clamp(0, 1)
    matrix = (bold.new_tensor(_BAYER) + 0.5) / 16 - 0.5
    dither = matrix.repeat(-(-rows // 4), -(-columns // 4))[:rows, :columns]
    grey = luma(bold)
    few = torch.round(grey * 9 + (1.5 * grey).clamp(0.1, 0.6) * dither) / 9 + torch.round((bold - grey) * 10) / 10
    return F.interpolate(few, (field.height, field.width), mode="nearest")


@draws_style("flat vector")
def flat_vector(image: Tensor, field: Field) -> Tensor:
    """Large smooth areas of one colour each, no texture and no lines."""
    calm = blur(image, field.radius(1))
    for _ in range(2):
        calm = kuwahara(calm, field.radius(3), 8)
    calm = kuwahara(blur(calm, field.radius(1)), field.radius(2), 8)
    calm = spare(calm, image, 0.8, 0.16)
    grey = luma(calm)
    tint = (calm - grey) * 1.5
    return _cut(grey, 6) * 0.92 + 0.06 + _cut(tint + 0.5, 10) - 0.5


def _cut(value: Tensor, levels: int) -> Tensor:
    """Return `value` in even steps whose borders are a pixel wide, however slowly it changes: paper cut with scissors."""
    right, down = slopes(value.flatten(0, 1)[:, None])
    steep = (right.abs() + down.abs()).view_as(value)
    scaled = value * levels
    floor = scaled.floor()
    return (floor + ((scaled - floor - 0.5) / (steep * levels).clamp(0.06, 1) + 0.5).clamp(0, 1)) / levels


@draws_style("anime")
def anime(image: Tensor, field: Field) -> Tensor:
    """Bright saturated cel shading with thin lines, blue shadows and highlights that glow."""
    calm = spare(kuwahara(image, field.radius(2), 8), image, 0.85)
    bright = calm.clamp(0, 1).pow(0.72)
    grey = luma(bright)
    cel = bright * (0.55 * steps(grey, 5, 0.2) + 0.45 * grey + 0.03) / (grey + 0.03)
    cel = saturate(cel, 1.7)
    cel = cel + (0.35 - grey).clamp(0, 1) * colour(image, -0.05, 0.0, 0.22)
    line = (blur(grey, field.radius(1)) - grey - 0.015).clamp(0, 1) * 4.5
    cel = (cel * (1 - line.clamp(0, 0.7))).clamp(0, 1)
    glow = blur(blur((cel - 0.68).clamp_min(0) * 2.0, field.radius(5)), field.radius(4))
    return 1 - (1 - cel) * (1 - glow.clamp(0, 1))


@draws_style("comic")
def comic(image: Tensor, field: Field) -> Tensor:
    """Black ink lines that swell and thin, a few flat colours, and Ben-Day dots where one tone turns into the next."""
    calm = kuwahara(kuwahara(image, field.radius(2), 8), field.radius(1), 8)
    calm = spare(calm, image, 0.8, 0.08)
    grey = luma(calm).clamp(0.004, 1).pow(0.8)
    scaled = grey * 4
    level = scaled.floor()
    part = ((scaled - level - 0.5) / 0.72 + 0.5).clamp(0, 1)  # how far to the next tone; flat at both ends
    tone = (level + dots(field, 4.2, part)) / 4
    flat = calm * (tone * 0.92 + 0.07) / (luma(calm) + 0.03)
    flat = (saturate(flat, 1.45) - 0.5) * 1.05 + 0.53
    near, far = blur(grey, field.radius(1)), blur(blur(grey, field.radius(2)), field.radius(2))
    ink = ((far - near - 0.030) * 11).clamp(0, 1)
    darker = ((far - grey + 0.02) * 18).clamp(0, 1)  # ink lies on the dark side, so that lit windows stay lit
    ink = torch.maximum(ink, ((edges(blur(calm, 1)) - 0.075) * 9).clamp(0, 1) * darker)
    return flat.clamp(0, 1) * (1 - ink * 0.95)


def dots(field: Field, pitch: float, share: Tensor) -> Tensor:
    """Return a dot screen at 45 degrees, `pitch` pixels of 128 wide, bright over `share` (N, 1, H, W) of each cell."""
    x, y = field.place()
    turn = 2 * torch.pi * 128 / pitch
    screen = 0.5 + 0.25 * (torch.cos((x + y) * turn / 2**0.5) + torch.cos((x - y) * turn / 2**0.5))
    return ((share - 1 + screen) * 5 / max(1.0, 1.6 / field.unit) + share).clamp(0, 1)
