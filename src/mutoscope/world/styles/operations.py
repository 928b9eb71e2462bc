"""The image operations that styles are made of: blurs, edges, steps of tone, the Kuwahara filter, a shaky hand.

pixels   N C H W   frames of all clips, colour, rows, columns      float in [0, 1]
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from mutoscope.media.pixels import BT601
from mutoscope.world.styles.field import Field


def blur(image: Tensor, radius: int) -> Tensor:
    """Return a box blur that averages only what lies inside the picture."""
    size = 2 * radius + 1
    across = F.avg_pool2d(image, (1, size), 1, (0, radius), count_include_pad=False)
    return F.avg_pool2d(across, (size, 1), 1, (radius, 0), count_include_pad=False)


def luma(image: Tensor) -> Tensor:
    """Return the brightness (N, 1, H, W), ITU-R BT.601 weights."""
    red, green, blue = image.unbind(1)
    of_red, of_green, of_blue = BT601
    return (of_red * red + of_green * green + of_blue * blue)[:, None]


def saturate(image: Tensor, amount: float) -> Tensor:
    grey = luma(image)
    return grey + (image - grey) * amount


def slopes(grey: Tensor) -> tuple[Tensor, Tensor]:
    """Return central differences to the right and down, (N, 1, H, W) each."""
    padded = F.pad(grey, (1, 1, 1, 1), mode="replicate")
    right = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    down = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    return right, down


def edges(image: Tensor) -> Tensor:
    """Return how steep the picture is, (N, 1, H, W): the strongest of its three colours."""
    right, down = slopes(image)
    return (right.square() + down.square()).sum(1, keepdim=True).add(1e-8).sqrt()


def kuwahara(image: Tensor, radius: int, sharpness: float = 4.0) -> Tensor:
    """Return the Kuwahara filter, chosen softly: each point takes the colour of the calmest of its four squares."""
    size = radius + 1
    padded = F.pad(image, (radius, radius, radius, radius), mode="replicate")
    grey = luma(padded)
    moments = F.avg_pool2d(torch.cat([padded, grey, grey * grey], 1), size, 1)  # N 5 H+radius W+radius
    spread = (moments[:, 4:5] - moments[:, 3:4].square()).clamp_min(0) + 2e-4
    weight = spread.pow(-sharpness / 2)
    weighted = torch.cat([moments[:, :3] * weight, weight], 1)
    total = (
        weighted[..., :-radius, :-radius] + weighted[..., :-radius, radius:]
        + weighted[..., radius:, :-radius] + weighted[..., radius:, radius:]
    )  # fmt: skip
    return total[:, :3] / total[:, 3:]


def spare(calm: Tensor, image: Tensor, share: float, floor: float = 0.05) -> Tensor:
    """Return the calmed picture with a share of the fine things it lost: thin trunks, lit windows, stars."""
    lost = image - calm
    strong = ((lost.abs().amax(1, keepdim=True) - floor) * 6).clamp(0, 1)
    return calm + share * strong * lost


def steps(value: Tensor, levels: float, softness: float = 0.15) -> Tensor:
    """Return `value` in even steps; `softness` is the share of each step over which it glides to the next."""
    scaled = value * levels
    floor = scaled.floor()
    return (floor + ((scaled - floor - 0.5) / softness + 0.5).clamp(0, 1)) / levels


def tone_steps(image: Tensor, levels: float, softness: float = 0.15) -> Tensor:
    """Return the picture with its brightness in steps and its colours kept."""
    grey = luma(image)
    return image * (steps(grey, levels, softness) + 0.02) / (grey + 0.02)


def wobble(image: Tensor, field: Field, amount: float) -> Tensor:
    """Return the picture pushed about by a static field, `amount` pixels of 128: the edges of a hand."""
    x = torch.linspace(-1, 1, field.width, dtype=image.dtype, device=image.device)
    y = torch.linspace(-1, 1, field.height, dtype=image.dtype, device=image.device)
    base = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)[None]
    push = blur(field.noise("paper"), field.radius(1)), blur(field.noise("paper").flip(-1), field.radius(1))
    scale = image.new_tensor([2 * field.unit / field.width, 2 * field.unit / field.height])
    grid = base + torch.cat(push, 1).permute(0, 2, 3, 1) * amount * scale
    return F.grid_sample(image, grid, mode="bilinear", padding_mode="border", align_corners=True)


def colour(like: Tensor, red: float, green: float, blue: float) -> Tensor:
    return like.new_tensor([red, green, blue])[None, :, None, None]


def ramp(value: Tensor, stops: Sequence[tuple[float, float, float]]) -> Tensor:
    """Return the colour at `value` (N, 1, H, W) in [0, 1] on an even ramp of colours: (N, 3, H, W)."""
    place = value.clamp(0, 1) * (len(stops) - 1)
    shares = [(1 - (place - k).abs()).clamp_min(0) for k in range(len(stops))]
    return torch.einsum("nkhw,kc->nchw", torch.cat(shares, 1), value.new_tensor(stops))
