"""Painting styles as image operations: a picture of the rendered world becomes a watercolor, a woodblock, pixel art.

pixels   B C T H W   batch, colour, frames, rows, columns      here float in [0, 1], as the renderer gives them

Each style keeps the colour of the light (a sunset stays a sunset) and stands still over time: paper, brush field and
glass belong to the clip, so a clip does not boil. Lengths are given in pixels of a picture 128 rows high and scale with
it. Only torch on tensors, so the same code runs on any device; the module knows nothing of scenes.

    painted = apply(pixels, ["watercolor", "photo"], seeds=[1, 2])
"""

from collections.abc import Callable, Sequence
from functools import cache, lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

from mutoscope.errors import SettingError, did_you_mean
from mutoscope.rng import stream

_TILE = 256  # rows and columns of the noise tiles; a picture of 128 rows is cut out at a place chosen by the seed


def apply(pixels: Tensor, names: Sequence[str], seeds: Sequence[int]) -> Tensor:
    """Paint each clip of pixels (B, 3, T, H, W) in [0, 1] in its style; `seeds` choose its paper and brush field.

    Raises SettingError for an unknown style or a wrong number of names or seeds.
    """
    if not len(pixels) == len(names) == len(seeds):
        raise SettingError(
            f"got {len(names)} styles and {len(seeds)} seeds for {len(pixels)} clips; each clip needs one of both"
        )
    for name in set(names) - set(PAINTERS):
        raise SettingError(f"unknown style {name!r}{did_you_mean(name, tuple(PAINTERS))}; known: {', '.join(PAINTERS)}")
    painted = pixels.clone()
    for name in sorted(set(names) - {"photo"}):
        rows = [row for row, other in enumerate(names) if other == name]
        frames = pixels.shape[2]
        flat = pixels[rows].transpose(1, 2).flatten(0, 1)  # (B T) C H W
        field = _Field([seeds[row] for row in rows], frames, flat)
        result = PAINTERS[name](flat, field).clamp(0, 1)
        painted[rows] = result.unflatten(0, (len(rows), frames)).transpose(1, 2)
    return painted


class _Field:
    """The things that stay in place while a clip moves: paper, grain, brush strokes, the pattern of the glass."""

    def __init__(self, seeds: Sequence[int], frames: int, like: Tensor):
        self.seeds, self.frames = list(seeds), frames
        self.height, self.width = like.shape[-2:]
        self._like = like

    @property
    def unit(self) -> float:
        """How many pixels stand for one pixel of a picture 128 rows high."""
        return self.height / 128

    def radius(self, length: float) -> int:
        return max(1, round(length * self.unit))

    def noise(self, kind: str) -> Tensor:
        """Return static noise (B T, 1, H, W), mean 0, deviation 1; kinds: grain paper cloud wood brush0 ... brush3."""
        tile, rows, columns = _tile(kind), 128, max(1, round(128 * self.width / self.height))
        cuts = []
        for seed in self.seeds:
            down, right = stream("style", kind, seed).integers(0, _TILE, (2,)).tolist()
            index_rows, index_columns = (torch.arange(rows) + down) % _TILE, (torch.arange(columns) + right) % _TILE
            cuts.append(tile[index_rows][:, index_columns])
        field = torch.stack(cuts)[:, None].to(self._like)
        if field.shape[-2:] != (self.height, self.width):
            field = F.interpolate(field, (self.height, self.width), mode="bilinear", align_corners=False)
        return self.over_time(field)

    def over_time(self, field: Tensor) -> Tensor:
        """Repeat a field (B, ...) for every frame of its clip: (B T, ...)."""
        return field.repeat_interleave(self.frames, 0)

    def place(self) -> tuple[Tensor, Tensor]:
        """Return x (1, 1, 1, W) and y (1, 1, H, 1) in units of the height: 0 at the left and top, y 1 at the bottom."""
        like = self._like
        y = (torch.arange(self.height, device=like.device, dtype=like.dtype) + 0.5) / self.height
        x = (torch.arange(self.width, device=like.device, dtype=like.dtype) + 0.5) / self.height
        return x[None, None, None, :], y[None, None, :, None]


@cache
def _tile(kind: str) -> Tensor:
    """Return a noise tile (256, 256) that joins at its edges, mean 0 and deviation 1."""
    noise = torch.from_numpy(stream("style tile", kind).normal((_TILE, _TILE)))[None, None]
    if kind == "paper":  # fibres: grain at three sizes
        noise = 0.5 * noise + 1.2 * _blur_around(noise, 1, 1) + 2.5 * _blur_around(noise, 3, 3)
    elif kind == "cloud":  # where a wash pools
        noise = _blur_around(_blur_around(noise, 8, 8), 6, 6) * 20 + _blur_around(_blur_around(noise, 3, 3), 2, 2) * 3
    elif kind == "wood":  # long fibres from left to right
        noise = _blur_around(_blur_around(noise, 0, 16), 0, 12)
    elif kind.startswith("brush"):
        noise = _brush(noise, int(kind[-1]))
    return ((noise - noise.mean()) / noise.std())[0, 0]


def _blur_around(field: Tensor, down: int, right: int) -> Tensor:
    padded = F.pad(field, (right, right, down, down), mode="circular")
    return F.avg_pool2d(padded, (2 * down + 1, 2 * right + 1), 1)


def _brush(noise: Tensor, direction: int) -> Tensor:
    """Return noise smeared along one of four directions: 0 level, 1 falling, 2 upright, 3 rising."""
    step = ((0, 1), (1, 1), (1, 0), (-1, 1))[direction]
    smeared = torch.zeros_like(noise)
    for k in range(-5, 6):
        smeared = smeared + (1 - abs(k) / 6) * noise.roll((k * step[0], k * step[1]), (2, 3))
    return smeared


# --------------------------------------------------------------------------------------------------- image operations


def _blur(image: Tensor, radius: int) -> Tensor:
    """Return a box blur that averages only what lies inside the picture."""
    size = 2 * radius + 1
    across = F.avg_pool2d(image, (1, size), 1, (0, radius), count_include_pad=False)
    return F.avg_pool2d(across, (size, 1), 1, (radius, 0), count_include_pad=False)


def _luma(image: Tensor) -> Tensor:
    """Return the brightness (N, 1, H, W), ITU-R BT.601 weights."""
    red, green, blue = image.unbind(1)
    return (0.299 * red + 0.587 * green + 0.114 * blue)[:, None]


def _saturate(image: Tensor, amount: float) -> Tensor:
    grey = _luma(image)
    return grey + (image - grey) * amount


def _slopes(grey: Tensor) -> tuple[Tensor, Tensor]:
    """Return central differences to the right and down, (N, 1, H, W) each."""
    padded = F.pad(grey, (1, 1, 1, 1), mode="replicate")
    right = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    down = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    return right, down


def _edges(image: Tensor) -> Tensor:
    """Return how steep the picture is, (N, 1, H, W): the strongest of its three colours."""
    right, down = _slopes(image)
    return (right.square() + down.square()).sum(1, keepdim=True).add(1e-8).sqrt()


def _kuwahara(image: Tensor, radius: int, sharpness: float = 4.0) -> Tensor:
    """Return the Kuwahara filter, chosen softly: each point takes the colour of the calmest of its four squares."""
    size = radius + 1
    padded = F.pad(image, (radius, radius, radius, radius), mode="replicate")
    grey = _luma(padded)
    moments = F.avg_pool2d(torch.cat([padded, grey, grey * grey], 1), size, 1)  # N 5 H+radius W+radius
    spread = (moments[:, 4:5] - moments[:, 3:4].square()).clamp_min(0) + 2e-4
    weight = spread.pow(-sharpness / 2)
    weighted = torch.cat([moments[:, :3] * weight, weight], 1)
    total = (
        weighted[..., :-radius, :-radius] + weighted[..., :-radius, radius:]
        + weighted[..., radius:, :-radius] + weighted[..., radius:, radius:]
    )  # fmt: skip
    return total[:, :3] / total[:, 3:]


def _spare(calm: Tensor, image: Tensor, share: float, floor: float = 0.05) -> Tensor:
    """Return the calmed picture with a share of the fine things it lost: thin trunks, lit windows, stars."""
    lost = image - calm
    strong = ((lost.abs().amax(1, keepdim=True) - floor) * 6).clamp(0, 1)
    return calm + share * strong * lost


def _steps(value: Tensor, levels: float, softness: float = 0.15) -> Tensor:
    """Return `value` in even steps; `softness` is the share of each step over which it glides to the next."""
    scaled = value * levels
    floor = scaled.floor()
    return (floor + ((scaled - floor - 0.5) / softness + 0.5).clamp(0, 1)) / levels


def _tone_steps(image: Tensor, levels: float, softness: float = 0.15) -> Tensor:
    """Return the picture with its brightness in steps and its colours kept."""
    grey = _luma(image)
    return image * (_steps(grey, levels, softness) + 0.02) / (grey + 0.02)


def _wobble(image: Tensor, field: _Field, amount: float) -> Tensor:
    """Return the picture pushed about by a static field, `amount` pixels of 128: the edges of a hand."""
    x = torch.linspace(-1, 1, field.width, dtype=image.dtype, device=image.device)
    y = torch.linspace(-1, 1, field.height, dtype=image.dtype, device=image.device)
    base = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)[None]
    push = _blur(field.noise("paper"), field.radius(1)), _blur(field.noise("paper").flip(-1), field.radius(1))
    scale = image.new_tensor([2 * field.unit / field.width, 2 * field.unit / field.height])
    grid = base + torch.cat(push, 1).permute(0, 2, 3, 1) * amount * scale
    return F.grid_sample(image, grid, mode="bilinear", padding_mode="border", align_corners=True)


def _colour(like: Tensor, red: float, green: float, blue: float) -> Tensor:
    return like.new_tensor([red, green, blue])[None, :, None, None]


def _ramp(value: Tensor, stops: Sequence[tuple[float, float, float]]) -> Tensor:
    """Return the colour at `value` (N, 1, H, W) in [0, 1] on an even ramp of colours: (N, 3, H, W)."""
    place = value.clamp(0, 1) * (len(stops) - 1)
    shares = [(1 - (place - k).abs()).clamp_min(0) for k in range(len(stops))]
    return torch.einsum("nkhw,kc->nchw", torch.cat(shares, 1), value.new_tensor(stops))


# ------------------------------------------------------------------------------------------------------------- styles


def _watercolor(image: Tensor, field: _Field) -> Tensor:
    """Soft pale washes that pool and darken at their edges on rough paper; after Bousseau et al. 2006 (density)."""
    hand = _wobble(image, field, 0.7)
    wash = _spare(_kuwahara(hand, field.radius(2)), hand, 0.75)
    wash = 0.8 * wash + 0.2 * _blur(wash, field.radius(2))
    wash = _saturate(1 - (1 - wash) * 0.80, 1.45).clamp(0.02, 1)
    rim = _blur(_edges(wash), field.radius(1))
    density = 3.4 * rim - 0.10 + 0.11 * field.noise("cloud") + 0.09 * field.noise("paper")
    return (wash - (wash - wash.square()) * density) * _colour(wash, 1.0, 0.99, 0.965)


def _oil_painting(image: Tensor, field: _Field) -> Tensor:
    """Thick strokes along the shapes, strong colour, paint that catches the light."""
    hand = _wobble(image, field, 0.8)
    paint = _spare(_kuwahara(_kuwahara(hand, field.radius(3), 6), field.radius(2), 6), hand, 0.65)
    right, down = _slopes(_luma(_blur(_blur(image, field.radius(4)), field.radius(3))))
    slope = right.square() + down.square() + 4e-5
    along = (
        torch.cat([down.square(), (down - right).square() / 2, right.square(), (down + right).square() / 2], 1) / slope
    )
    along = (along + 0.10 * torch.cat([field.noise("cloud").roll(29 * k, -1) for k in range(4)], 1)).mul(5).softmax(1)
    strokes = (along * torch.cat([field.noise(f"brush{k}") for k in range(4)], 1)).sum(1, keepdim=True)
    paint = ((_saturate(paint, 1.4) - 0.5) * 1.12 + 0.5).clamp(0, 1)
    lit = strokes - strokes.roll((1, 1), (-2, -1))
    return paint * (1 + 0.075 * strokes) + 0.020 * lit * (0.3 + paint)


def _pencil_sketch(image: Tensor, field: _Field) -> Tensor:
    """Graphite lines and hatching on white paper under a thin colour wash."""
    grey = _luma(image)
    soft = _blur(_blur(grey, field.radius(2)), field.radius(1))
    lines = ((grey + 0.12) / (soft + 0.12)).clamp(0, 1).pow(2.6)
    lines = lines * (1 - 1.6 * (_edges(_blur(image, 1)) - 0.02).clamp(0, 0.4) * (2 * soft).clamp(0, 1))
    x, y = field.place()
    shiver = 0.8 * field.noise("cloud")
    rising = torch.cos((x + y) * (128 / 4.4) * 2 * torch.pi / 1.414 + shiver)
    falling = torch.cos((x - y) * (128 / 4.4) * 2 * torch.pi / 1.414 + shiver)
    tone = _blur(image.amax(1, keepdim=True) * 0.4 + grey * 0.6, field.radius(1))
    hatch = (0.70 - tone).clamp(0, 0.40) * (0.62 + 0.42 * rising) + (0.30 - tone).clamp(0, 0.30) * (0.8 + 0.5 * falling)
    graphite = (lines - hatch * (0.85 + 0.30 * field.noise("grain")).clamp(0.2, 1.6)).clamp(0.06, 1)
    wash = _blur(image, field.radius(1))
    tint = 1.05 * (wash - _luma(wash)) + 0.36 * (tone - 0.85) - (0.20 - tone).clamp(0) * _colour(image, 1.6, 1.4, 0.9)
    return (0.98 + tint) * (0.12 + 0.88 * graphite) + 0.012 * field.noise("paper")


def _ink_wash(image: Tensor, field: _Field) -> Tensor:
    """A few soft tones of diluted ink that bleed on white paper, dark brush lines, a breath of colour."""
    hand = _wobble(image, field, 1.0)
    calm = _spare(_kuwahara(hand, field.radius(2)), hand, 0.7)
    grey = (_luma(calm) * 0.7 + calm.amax(1, keepdim=True) * 0.3).clamp(0.001, 1).pow(0.62)
    tone = 0.6 * _steps(grey + 0.02 * field.noise("cloud"), 5, 0.7) + 0.4 * _blur(grey, field.radius(4))
    tone = ((tone - 0.5) * 1.25 + 0.53).clamp(0, 1)
    line = (_blur(grey, field.radius(2)) - grey - 0.03).clamp(0, 1) * 1.6
    rim = _blur(_edges(calm), field.radius(1))
    ink = (1 - tone) + line + 0.35 * rim + (1 - tone) * tone * 0.22 * field.noise("cloud")
    soft = _blur(calm, field.radius(2))
    tint = (soft - _luma(soft)) * 0.45
    return _colour(image, 0.965, 0.95, 0.915) * (1 - 0.92 * ink.clamp(0, 1)) + tint + 0.010 * field.noise("paper")


_WOODBLOCK = (
    (0.05, 0.07, 0.16), (0.09, 0.19, 0.40), (0.20, 0.38, 0.60), (0.50, 0.67, 0.76), (0.78, 0.83, 0.78),
    (0.95, 0.90, 0.77), (0.86, 0.70, 0.42), (0.90, 0.56, 0.34), (0.80, 0.33, 0.24), (0.90, 0.66, 0.60),
    (0.45, 0.50, 0.30), (0.20, 0.30, 0.24), (0.42, 0.28, 0.20), (0.55, 0.56, 0.56), (0.32, 0.24, 0.40),
)  # fmt: skip


def _ukiyo_e(image: Tensor, field: _Field) -> Tensor:
    """Flat areas of a few woodblock colours, dark contours, a band of Prussian blue along the top, wood grain."""
    calm = _kuwahara(_kuwahara(_blur(image, field.radius(1)), field.radius(2), 6), field.radius(2), 6)
    calm = _spare(calm, image, 0.75, 0.08)
    flat = _tone_steps(_saturate(calm, 1.2), 6, 0.2)
    blocks = flat.new_tensor(_WOODBLOCK)
    weights = [-(flat - block[None, :, None, None]).square().sum(1, keepdim=True) for block in blocks]
    mixed = torch.einsum("nkhw,kc->nchw", torch.cat(weights, 1).mul(60).softmax(1), blocks)
    print_ = 0.68 * mixed + 0.32 * flat
    contour = ((_edges(calm) - 0.06) * 6).clamp(0, 1)
    print_ = print_ + (_colour(image, 0.07, 0.10, 0.20) - print_) * contour * 0.75
    _, y = field.place()
    band = ((0.20 - y) / 0.20).clamp(0, 1) * 0.75
    print_ = print_ * (1 - band) + print_ * _colour(image, 0.30, 0.42, 0.72) * band
    return (
        (0.03 + 0.97 * print_)
        * _colour(image, 1.0, 0.975, 0.91)
        * (1 + 0.028 * field.noise("wood") + 0.02 * field.noise("paper"))
    )


_BAYER = ((0, 8, 2, 10), (12, 4, 14, 6), (3, 11, 1, 9), (15, 7, 13, 5))


def _pixel_art(image: Tensor, field: _Field) -> Tensor:
    """Big square pixels (32 rows), few levels a colour, ordered dither."""
    block = max(2, round(field.height / 32))
    rows, columns = max(1, round(field.height / block)), max(1, round(field.width / block))
    cells = F.adaptive_avg_pool2d(image, (rows, columns))
    sharp = cells + 0.5 * (cells - _blur(cells, 1))
    bold = ((_saturate(sharp, 1.35) - 0.5) * 1.1 + 0.5).clamp(0, 1)
    matrix = (bold.new_tensor(_BAYER) + 0.5) / 16 - 0.5
    dither = matrix.repeat(-(-rows // 4), -(-columns // 4))[:rows, :columns]
    few = torch.round(bold * 7 + 0.5 * dither) / 7
    return F.interpolate(few, (field.height, field.width), mode="nearest")


def _flat_vector(image: Tensor, field: _Field) -> Tensor:
    """Large smooth areas of one colour each, no texture and no lines."""
    calm = _blur(image, field.radius(1))
    for _ in range(2):
        calm = _kuwahara(calm, field.radius(3), 8)
    calm = _kuwahara(_blur(calm, field.radius(1)), field.radius(2), 8)
    calm = _spare(calm, image, 0.7, 0.16)
    grey = _luma(calm)
    tint = (calm - grey) * 1.35
    return _steps(grey, 5, 0.1) * 0.84 + 0.13 + _steps(tint + 0.5, 12, 0.2) - 0.5


def _anime(image: Tensor, field: _Field) -> Tensor:
    """Bright saturated cel shading with thin lines, blue shadows and highlights that glow."""
    calm = _spare(_kuwahara(image, field.radius(2), 8), image, 0.85)
    bright = calm.clamp(0, 1).pow(0.72)
    grey = _luma(bright)
    cel = bright * (0.55 * _steps(grey, 5, 0.2) + 0.45 * grey + 0.03) / (grey + 0.03)
    cel = _saturate(cel, 1.7)
    cel = cel + (0.35 - grey).clamp(0, 1) * _colour(image, -0.05, 0.0, 0.22)
    line = (_blur(grey, field.radius(1)) - grey - 0.015).clamp(0, 1) * 4.5
    cel = (cel * (1 - line.clamp(0, 0.7))).clamp(0, 1)
    glow = _blur(_blur((cel - 0.68).clamp_min(0) * 2.0, field.radius(5)), field.radius(4))
    return 1 - (1 - cel) * (1 - glow.clamp(0, 1))


_WARM = (
    (0.05, 0.01, 0.13),
    (0.30, 0.03, 0.38),
    (0.78, 0.06, 0.55),
    (1.0, 0.36, 0.50),
    (1.0, 0.74, 0.40),
    (1.0, 0.95, 0.75),
)
_COOL = (
    (0.02, 0.01, 0.12),
    (0.12, 0.05, 0.36),
    (0.25, 0.18, 0.70),
    (0.20, 0.50, 0.92),
    (0.25, 0.85, 0.98),
    (0.82, 0.99, 1.0),
)


def _neon_synthwave(image: Tensor, field: _Field) -> Tensor:
    """Warm colours become magenta and orange, cool ones violet and cyan; edges glow, and a grid lies on the ground."""
    calm = _kuwahara(image, field.radius(2))
    grey = _luma(calm)
    warmth = ((calm[:, :1] - calm[:, 2:]) * 2.5 / (grey + 0.25) + 0.35).clamp(0, 1)
    tone = (grey * 1.05 - 0.04).clamp(0, 1)
    neon = _ramp(tone, _COOL) + warmth * (_ramp(tone, _WARM) - _ramp(tone, _COOL))
    edge = ((_edges(calm) - 0.03) * 6).clamp(0, 1)
    x, y = field.place()
    hue = 0.5 + 0.5 * torch.sin(3 * x + 4 * y)
    tube = _colour(image, 1.0, 0.10, 0.75) * hue + _colour(image, 0.10, 0.90, 1.0) * (1 - hue)
    halo = _blur(_blur(edge, field.radius(2)), field.radius(2))
    depth = (y - 0.62).clamp_min(1e-3)
    width = field.width / field.height
    rows = torch.cos(torch.pi * 2 * 0.55 / depth.clamp_min(0.04)).clamp(0, 1).pow(14)
    columns = torch.cos(torch.pi * (x - width / 2) / depth * 0.9).abs().pow(30)
    grid = torch.maximum(rows, columns) * ((y - 0.66) * 8).clamp(0, 1) * 0.34
    return neon * (1 - 0.5 * edge) + tube * (0.55 * edge + 0.55 * halo) + _colour(image, 0.95, 0.15, 0.85) * grid


def _vintage_film(image: Tensor, field: _Field) -> Tensor:
    """Faded warm colours, lifted blacks, grain, a vignette and a light leak at one side."""
    soft = 0.6 * image + 0.4 * _blur(image, field.radius(1))
    faded = _saturate(soft, 0.72) * _colour(image, 0.76, 0.70, 0.60) + _colour(image, 0.19, 0.16, 0.13)
    x, y = field.place()
    width = field.width / field.height
    far = ((x / width - 0.5).square() + (y - 0.5).square()) * 2
    sides = [1.0 if stream("style", "leak", seed).uniform() < 0.5 else -1.0 for seed in field.seeds]
    side = field.over_time(image.new_tensor(sides)[:, None, None, None])
    leak = ((side * (x / width - 0.5) - 0.30) / 0.20).clamp(0, 1).square() * (1 - (y - 0.35).abs()).clamp(0, 1)
    faded = faded * (1.08 - 0.50 * far.square() - 0.22 * far) + leak * _colour(image, 0.22, 0.09, 0.02)
    return faded + 0.022 * field.noise("grain")


def _stained_glass(image: Tensor, field: _Field) -> Tensor:
    """Pieces of saturated glass between dark lead, cut on a jittered grid and along the strongest shapes."""
    panes = [_pane(seed % 32, field.height, field.width) for seed in field.seeds]
    piece, lead, rim = (field.over_time(torch.stack(part).to(image.device)) for part in zip(*panes, strict=True))
    count = (_PIECES + 2) * (int(_PIECES * field.width / field.height) + 4)  # numbers of pieces lie below this
    index = piece.flatten(1)[:, None].expand(-1, 4, -1)
    calm = _spare(_kuwahara(image, field.radius(2), 8), image, 0.7)
    values = torch.cat([calm, torch.ones_like(calm[:, :1])], 1).flatten(2)
    sums = values.new_zeros(len(image), 4, count).scatter_add(2, index, values)
    means = (sums[:, :3] / sums[:, 3:].clamp_min(1)).gather(2, index[:, :3]).view_as(image)
    glass = 0.5 * means + 0.5 * calm
    glass = ((_saturate(glass, 1.75) - 0.45) * 1.15 + 0.50).clamp(0.02, 1)
    glass = glass * (0.80 + 0.32 * rim) * (1 + 0.05 * field.noise("cloud"))
    shape = ((_edges(_blur(calm, 1)) - 0.09) * 12).clamp(0, 0.65)
    return glass * (1 - torch.maximum(lead, shape) * 0.95)


_PIECES = 12  # rows of pieces of glass


@lru_cache(maxsize=64)
def _pane(pattern: int, height: int, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return one pattern of glass, a Voronoi diagram of a jittered grid, as three fields (1, H, W).

    They are the number of the piece, the strength of the lead and the nearness to the middle of the piece, in [0, 1].
    """
    cell = height / _PIECES
    rows, columns = _PIECES + 2, int(width / cell) + 3
    jitter = torch.from_numpy(stream("style", "pane", pattern).uniform(0.1, 0.9, (rows, columns, 2))).float()
    y, x = torch.meshgrid(
        (torch.arange(height) + 0.5) / cell + 1, (torch.arange(width) + 0.5) / cell + 1, indexing="ij"
    )
    distances, names = [], []
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            row, column = (y.long() + down).clamp(0, rows - 1), (x.long() + right).clamp(0, columns - 1)
            middle = jitter[row, column]
            distances.append(((row + middle[..., 0] - y).square() + (column + middle[..., 1] - x).square()).sqrt())
            names.append(row * columns + column)
    near, which = torch.stack(distances).topk(2, 0, largest=False)
    piece = torch.stack(names).gather(0, which[:1])
    gap = (near[1:] - near[:1]) * cell * 128 / height
    return piece, (1.5 - gap).clamp(0, 1), (1 - near[:1]).clamp(0, 1)


PAINTERS: dict[str, Callable[[Tensor, _Field], Tensor]] = {
    "photo": lambda image, _: image,
    "watercolor": _watercolor,
    "oil painting": _oil_painting,
    "pencil sketch": _pencil_sketch,
    "ink wash": _ink_wash,
    "ukiyo-e": _ukiyo_e,
    "pixel art": _pixel_art,
    "flat vector": _flat_vector,
    "anime": _anime,
    "neon synthwave": _neon_synthwave,
    "vintage film": _vintage_film,
    "stained glass": _stained_glass,
}
