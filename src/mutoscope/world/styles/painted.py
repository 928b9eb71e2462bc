"""Styles of brush, pencil, wax and ink: watercolor, oil painting, pencil sketch, ink wash, ukiyo-e, crayon.

pixels   N C H W   frames of all clips, colour, rows, columns      float in [0, 1]
"""

import torch
from torch import Tensor

from mutoscope.world.registry import draws_style
from mutoscope.world.styles.field import Field
from mutoscope.world.styles.operations import (
    blur,
    colour,
    edges,
    kuwahara,
    luma,
    saturate,
    slopes,
    spare,
    steps,
    tone_steps,
    wobble,
)


@draws_style("watercolor")
def watercolor(image: Tensor, field: Field) -> Tensor:
    """Soft pale washes that pool and darken at their edges on rough paper; after Bousseau et al. 2006 (density)."""
    hand = wobble(image, field, 0.7)
    wash = spare(kuwahara(hand, field.radius(2)), hand, 0.75)
    wash = 0.8 * wash + 0.2 * blur(wash, field.radius(2))
    wash = wash + (1 - wash) * (0.20 * colour(image, 0.55, 0.65, 1.0) + 0.20 * luma(wash)).clamp(
        max=0.20
    )  # night stays blue
    wash = saturate(wash, 1.45).clamp(0.02, 1)
    rim = blur(edges(wash), field.radius(1))
    density = 3.4 * rim - 0.10 + 0.11 * field.noise("cloud") + 0.09 * field.noise("paper")
    return (wash - (wash - wash.square()) * density) * colour(wash, 1.0, 0.99, 0.965)


@draws_style("oil painting")
def oil_painting(image: Tensor, field: Field) -> Tensor:
    """Thick strokes along the shapes, strong colour, paint that catches the light."""
    hand = wobble(image, field, 0.8)
    paint = spare(kuwahara(kuwahara(hand, field.radius(3), 6), field.radius(2), 6), hand, 0.65)
    right, down = slopes(luma(blur(blur(image, field.radius(4)), field.radius(3))))
    slope = right.square() + down.square() + 4e-5
    along = (
        torch.cat([down.square(), (down - right).square() / 2, right.square(), (down + right).square() / 2], 1) / slope
    )
    along = (along + 0.10 * torch.cat([field.noise("cloud").roll(29 * k, -1) for k in range(4)], 1)).mul(5).softmax(1)
    strokes = (along * torch.cat([field.noise(f"brush{k}") for k in range(4)], 1)).sum(1, keepdim=True)
    paint = ((saturate(paint, 1.4) - 0.5) * 1.12 + 0.5).clamp(0, 1)
    lit = strokes - strokes.roll((1, 1), (-2, -1))
    return paint * (1 + 0.075 * strokes) + 0.020 * lit * (0.3 + paint)


@draws_style("pencil sketch")
def pencil_sketch(image: Tensor, field: Field) -> Tensor:
    """Graphite lines and hatching on white paper under a thin colour wash."""
    grey = luma(image)
    soft = blur(blur(grey, field.radius(2)), field.radius(1))
    lines = ((grey + 0.12) / (soft + 0.12)).clamp(0, 1).pow(2.6)
    lines = lines * (1 - 1.6 * (edges(blur(image, 1)) - 0.02).clamp(0, 0.4) * (2 * soft).clamp(0, 1))
    x, y = field.place()
    shiver = 0.8 * field.noise("cloud")
    rising = torch.cos((x + y) * (128 / 4.4) * 2 * torch.pi / 1.414 + shiver)
    falling = torch.cos((x - y) * (128 / 4.4) * 2 * torch.pi / 1.414 + shiver)
    tone = blur(image.amax(1, keepdim=True) * 0.4 + grey * 0.6, field.radius(1))
    hatch = (0.70 - tone).clamp(0, 0.40) * (0.62 + 0.42 * rising) + (0.30 - tone).clamp(0, 0.30) * (0.8 + 0.5 * falling)
    graphite = (lines - hatch * (0.85 + 0.30 * field.noise("grain")).clamp(0.2, 1.6)).clamp(0.06, 1)
    wash = blur(image, field.radius(1))
    tint = 1.05 * (wash - luma(wash)) + 0.36 * (tone - 0.85) - (0.20 - tone).clamp(0) * colour(image, 1.6, 1.4, 0.9)
    return (0.98 + tint) * (0.12 + 0.88 * graphite) + 0.012 * field.noise("paper")


@draws_style("ink wash")
def ink_wash(image: Tensor, field: Field) -> Tensor:
    """A few soft tones of diluted ink that bleed on white paper, dark brush lines, a breath of colour."""
    hand = wobble(image, field, 1.0)
    calm = spare(kuwahara(hand, field.radius(2)), hand, 0.7)
    grey = (luma(calm) * 0.7 + calm.amax(1, keepdim=True) * 0.3).clamp(0.001, 1).pow(0.62)
    tone = 0.6 * steps(grey + 0.02 * field.noise("cloud"), 5, 0.7) + 0.4 * blur(grey, field.radius(4))
    tone = ((tone - 0.5) * 1.5 + 0.48).clamp(0, 1)
    line = (blur(grey, field.radius(2)) - grey - 0.03).clamp(0, 1) * 1.6
    rim = blur(edges(calm), field.radius(1))
    ink = (1 - tone) + line + 0.35 * rim + (1 - tone) * tone * 0.22 * field.noise("cloud")
    soft = blur(calm, field.radius(2))
    tint = (soft - luma(soft)) * 0.55
    return colour(image, 0.965, 0.95, 0.915) * (1 - 0.92 * ink.clamp(0, 1)) + tint + 0.010 * field.noise("paper")


_WOODBLOCK = (
    (0.05, 0.07, 0.16), (0.09, 0.19, 0.40), (0.20, 0.38, 0.60), (0.50, 0.67, 0.76), (0.78, 0.83, 0.78),
    (0.95, 0.90, 0.77), (0.86, 0.70, 0.42), (0.90, 0.56, 0.34), (0.80, 0.33, 0.24), (0.90, 0.66, 0.60),
    (0.45, 0.50, 0.30), (0.20, 0.30, 0.24), (0.42, 0.28, 0.20), (0.55, 0.56, 0.56), (0.32, 0.24, 0.40),
)  # fmt: skip


@draws_style("ukiyo-e")
def ukiyo_e(image: Tensor, field: Field) -> Tensor:
    """Flat areas of a few woodblock colours, dark contours, a band of Prussian blue along the top, wood grain."""
    calm = kuwahara(kuwahara(blur(image, field.radius(1)), field.radius(2), 6), field.radius(2), 6)
    calm = spare(calm, image, 0.75, 0.08)
    flat = tone_steps(saturate(calm, 1.2), 6, 0.2)
    blocks = flat.new_tensor(_WOODBLOCK)
    weights = [-(flat - block[None, :, None, None]).square().sum(1, keepdim=True) for block in blocks]
    mixed = torch.einsum("nkhw,kc->nchw", torch.cat(weights, 1).mul(60).softmax(1), blocks)
    print_ = 0.68 * mixed + 0.32 * flat
    grey = luma(calm)
    darker = ((blur(blur(grey, field.radius(2)), field.radius(1)) - grey + 0.03) * 12).clamp(
        0, 1
    )  # lit windows stay lit
    contour = ((edges(calm) - 0.05) * 6).clamp(0, 1) * darker
    print_ = print_ + (colour(image, 0.07, 0.10, 0.20) - print_) * contour * 0.75
    _, y = field.place()
    band = ((0.20 - y) / 0.20).clamp(0, 1) * 0.75
    print_ = print_ * (1 - band) + print_ * colour(image, 0.30, 0.42, 0.72) * band
    return (
        (0.03 + 0.97 * print_)
        * colour(image, 1.0, 0.975, 0.91)
        * (1 + 0.028 * field.noise("wood") + 0.02 * field.noise("paper"))
    )


@draws_style("crayon")
def crayon(image: Tensor, field: Field) -> Tensor:
    """Waxy strokes of a few bold colours over toothed paper that shows through, with an uneven dark outline."""
    hand = wobble(image, field, 1.3)
    calm = spare(kuwahara(kuwahara(hand, field.radius(2), 6), field.radius(2), 6), hand, 0.85)
    wax = saturate(tone_steps(calm, 7, 0.4), 1.35)
    wax = (wax + 0.06).clamp(0, 1)
    grey = luma(blur(calm, 1))
    slant = (field.noise("cloud").roll(17, -2) * 1.5).sigmoid()  # the hand turns from patch to patch
    fine = slant * field.noise("brush3") + (1 - slant) * field.noise("brush0")
    broad = slant * field.noise("brush3", 2) + (1 - slant) * field.noise("brush0", 2)
    strokes, tooth = 0.35 * fine + 0.95 * broad, field.noise("grain") * 0.25 + field.noise("paper") * 0.6
    pressed = 0.58 + 0.30 * (1 - grey) + 0.15 * (wax.amax(1, keepdim=True) - wax.amin(1, keepdim=True))
    cover = (pressed + 0.25 * strokes + 0.12 * tooth).sub(0.15).clamp(0, 1)
    cover = cover * cover * (3 - 2 * cover)
    wax = wax * (1 + 0.12 * strokes)
    outline = ((edges(blur(calm, field.radius(1))) - 0.035) * 7 * (0.8 + 0.35 * strokes + 0.2 * tooth)).clamp(0, 0.8)
    outline = outline * ((blur(grey, field.radius(2)) - grey + 0.05) * 12).clamp(0, 1)  # lit windows stay lit
    paper = colour(image, 0.99, 0.975, 0.94) * (1 + 0.012 * field.noise("paper"))
    least = 0.12 + 0.56 * (1 - grey)  # dark wax is laid on twice
    drawing = paper + (wax - paper) * (least + (0.98 - least) * cover)
    return drawing * (1 - outline) + outline * (wax * wax * 0.5)
