"""The codec: pixels <-> unit-scale latents, 8x in space and 4x in time, causal, so that a clip is decoded as it forms.

The first frame is one latent frame; every four frames after it are one more. All heavy work is done once per latent frame at
1/8 and 1/4 of the resolution; the decoder parts the four frames late and shuffles channels to pixels. A picture uses the last of
the four time slices alone, so it costs a quarter of the top. Time enters through `TimeMix`: each latent frame sees the features
of the one before it, which is all the state that streaming needs.

A fixed linear path from pixels to latents and back runs beside the networks: the lowest coefficients of an 8 x 8 cosine transform.
So an untrained codec is already a coarse JPEG and training only adds to it (dev/adr/0003).

Legend: pixels B C T H W in [-1, 1], latents B c t h w. Inside, frames are folded into the batch: (B t, channels, rows, columns).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mutoscope.config import SPACE_FACTOR, TIME_FACTOR, CodecConfig

DecoderState = tuple[Tensor, Tensor, Tensor]  # features of the last latent frame at the three places where time mixes
PIXELS = 3 * SPACE_FACTOR**2  # numbers of one frame under one latent row and column


class ResBlock(nn.Module):
    """x + two 3x3 convolutions after ReLU; starts as the identity."""

    def __init__(self, width: int):
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, h, w) -> the same."""
        return x + self.second(F.relu(self.first(F.relu(x))))


class TimeMix(nn.Module):
    """x_k + f(x_k, x_{k-1}) over latent frames: a causal convolution of length two in time; nothing before the first."""

    def __init__(self, width: int):
        super().__init__()
        self.both = nn.Conv2d(2 * width, width, 1)
        self.out = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor, before: Tensor) -> Tensor:
        """x (B t, width, h, w) and the features one latent frame earlier, of the same shape -> x mixed."""
        return x + self.out(F.relu(self.both(torch.cat([x, before], 1))))


def shift_time(x: Tensor, frames: int, state: Tensor | None) -> Tensor:
    """Features (B t, ...) of the frame before each: `state` (B, ...) or zeros stands before the first."""
    y = x.unflatten(0, (-1, frames))
    first = y[:, :1] * 0.0 if state is None else state[:, None]  # zeros of a shape that a graph can follow
    return torch.cat([first, y[:, :-1]], 1).flatten(0, 1)


def join_time(x: Tensor, layer: nn.Conv2d) -> Tensor:
    """(B, T, m, ...) -> (B t, out, ...): `layer` makes one of four frames; the first frame takes its last time slice alone."""
    width = x.shape[2]
    first = F.conv2d(x[:, 0], layer.weight[:, -width:], layer.bias)[:, None]
    if x.shape[1] == 1:
        return first.flatten(0, 1)
    groups = x[:, 1:].unflatten(1, (-1, TIME_FACTOR)).flatten(2, 3)  # B, k, 4m, ...
    rest = layer(groups.flatten(0, 1)).unflatten(0, groups.shape[:2])
    return torch.cat([first, rest], 1).flatten(0, 1)


def unshuffle(x: Tensor, factor: int) -> Tensor:
    """(B, m, h factor, w factor) -> (B, m factor^2, h, w): `F.pixel_unshuffle` in steps that a graph can follow at any size."""
    x = x.unflatten(3, (-1, factor)).unflatten(2, (-1, factor))  # B, m, h, factor, w, factor
    return x.permute(0, 1, 3, 5, 2, 4).flatten(1, 3)


def cosine_basis(channels: int) -> tuple[Tensor, Tensor]:
    """Return (rows (channels, 3 * 64), gains (channels,)): the lowest cosine patterns of brightness and of two colour axes.

    Rows have unit length and the channel order of `pixel_unshuffle`; gains lift fine patterns to about the scale of coarse ones.
    """
    place = (torch.arange(SPACE_FACTOR) + 0.5) * math.pi / SPACE_FACTOR
    waves = torch.stack([torch.cos(place * k) for k in range(SPACE_FACTOR)])
    waves = waves / waves.norm(dim=1, keepdim=True)
    axes = F.normalize(torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [1.0, -2.0, 1.0]]), dim=1)
    order = sorted(
        (u + v + (3.0 if axis else 0.0), axis, u, v)
        for axis in range(3)
        for u in range(SPACE_FACTOR)
        for v in range(SPACE_FACTOR)
    )[:channels]
    rows = [(axes[axis][:, None, None] * waves[u][:, None] * waves[v][None]).reshape(-1) for _, axis, u, v in order]
    return torch.stack(rows), torch.tensor(
        [0.12 * (1 + 2.0 * (u + v) + (1.0 if axis else 0.0)) for _, axis, u, v in order]
    )


class Encoder(nn.Module):
    """Pixels -> raw latents."""

    def __init__(self, config: CodecConfig):
        super().__init__()
        deep, middle, shallow = config.widths
        self.stem = nn.Conv2d(12, shallow, 3, padding=1)
        self.to_quarter = nn.Conv2d(4 * shallow, middle, 3, padding=1)
        self.frame_block = ResBlock(middle)
        self.join = nn.Conv2d(TIME_FACTOR * middle, middle, 1)
        self.quarter_block = ResBlock(middle)
        self.to_eighth = nn.Conv2d(4 * middle, deep, 3, padding=1)
        self.blocks = nn.ModuleList(ResBlock(deep) for _ in range(config.blocks))
        self.mix = TimeMix(deep)
        self.out = nn.Conv2d(deep, config.latent_channels, 1)
        self.linear = nn.Conv2d(TIME_FACTOR * PIXELS, config.latent_channels, 1, bias=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """(B, 3, T, H, W), T = 1 + 4 k -> raw latents (B, c, 1 + k, H/8, W/8)."""
        B, _, T, _, _ = pixels.shape
        flat = pixels.transpose(1, 2).flatten(0, 1)  # B T, 3, H
        straight = join_time(unshuffle(flat, SPACE_FACTOR).unflatten(0, (B, T)), self.linear)
        x = unshuffle(flat, 2)  # B T, 12, H/2
        x = unshuffle(self.stem(x), 2)  # B T, 4s, H/4
        x = self.frame_block(self.to_quarter(x)).unflatten(0, (B, T))  # B, T, m, H/4
        x = join_time(x, self.join)  # B t, m, H/4
        x = self.to_eighth(unshuffle(self.quarter_block(x), 2))  # B t, d, H/8
        for block in self.blocks:
            x = block(x)
        t = x.shape[0] // B
        x = self.mix(x, shift_time(x, t, None))
        z = self.out(F.relu(x)) + straight  # B t, c, h, w
        return z.unflatten(0, (B, t)).transpose(1, 2)  # B, c, t, h, w


class Decoder(nn.Module):
    """Raw latents -> pixels, whole clips or one latent frame after the other."""

    def __init__(self, config: CodecConfig):
        super().__init__()
        deep, middle, shallow = config.decoding
        self.deep, self.middle, self.top = deep, middle, 2 * shallow
        self.stem = nn.Conv2d(config.latent_channels, deep, 3, padding=1)
        self.mix = nn.ModuleList([TimeMix(deep), TimeMix(deep)])
        self.blocks = nn.ModuleList(ResBlock(deep) for _ in range(config.blocks))
        self.to_quarter = nn.Conv2d(deep, 4 * middle, 1)
        self.quarter_mix = TimeMix(middle)
        self.quarter_blocks = nn.ModuleList(ResBlock(middle) for _ in range(2))
        self.part = nn.Conv2d(middle, TIME_FACTOR * self.top, 3, padding=1)
        self.frame_block = ResBlock(self.top)
        self.to_half = nn.Conv2d(self.top, 4 * shallow, 1)
        self.half_block = ResBlock(shallow)
        self.out = nn.Conv2d(shallow, 12, 3, padding=1)
        self.linear = nn.Conv2d(config.latent_channels, TIME_FACTOR * PIXELS, 1)

    def trunk(self, z: Tensor, frames: int, state: DecoderState | None) -> tuple[Tensor, DecoderState]:
        """(B t, c, h, w) -> features (B t, middle, 2h, 2w) and the state that the next latent frame needs."""
        s0, s1, s2 = state if state is not None else (None, None, None)
        a = self.stem(z)
        x = self.mix[0](a, shift_time(a, frames, s0))
        half = len(self.blocks) // 2
        for block in self.blocks[:half]:
            x = block(x)
        b = x
        x = self.mix[1](b, shift_time(b, frames, s1))
        for block in self.blocks[half:]:
            x = block(x)
        c = F.pixel_shuffle(self.to_quarter(x), 2)
        x = self.quarter_mix(c, shift_time(c, frames, s2))
        for block in self.quarter_blocks:
            x = block(x)
        last_a, last_b, last_c = (y.unflatten(0, (-1, frames))[:, -1] for y in (a, b, c))
        return x, (last_a, last_b, last_c)

    def frames(self, x: Tensor, z: Tensor, first: bool) -> Tensor:
        """Features (B, middle, 2h, 2w) and latents (B, c, h, w) of one latent frame -> its frames (B, 3, 1 or 4, H, W)."""
        count = 1 if first else TIME_FACTOR
        assert self.linear.bias is not None and self.part.bias is not None
        straight = F.conv2d(z, self.linear.weight[-count * PIXELS :], self.linear.bias[-count * PIXELS :])
        straight = F.pixel_shuffle(straight.unflatten(1, (count, PIXELS)).flatten(0, 1), SPACE_FACTOR)
        weight, bias = self.part.weight[-count * self.top :], self.part.bias[-count * self.top :]
        y = F.conv2d(F.relu(x), weight, bias, padding=1).unflatten(1, (count, self.top)).flatten(0, 1)
        y = F.pixel_shuffle(self.to_half(self.frame_block(y)), 2)  # B count, s, H/2
        y = F.pixel_shuffle(self.out(F.relu(self.half_block(y))), 2) + straight  # B count, 3, H
        return y.unflatten(0, (-1, count)).transpose(1, 2)

    def forward(self, latents: Tensor) -> Tensor:
        """Raw latents (B, c, t, h, w) -> pixels (B, 3, 1 + 4 (t - 1), H, W)."""
        B, _, t, _, _ = latents.shape
        z = latents.transpose(1, 2)  # B, t, c, h, w
        x, _ = self.trunk(z.flatten(0, 1), t, None)
        x = x.unflatten(0, (B, t))
        first = self.frames(x[:, 0], z[:, 0], first=True)
        if t == 1:
            return first
        rest = self.frames(x[:, 1:].flatten(0, 1), z[:, 1:].flatten(0, 1), first=False)  # B (t-1), 3, 4, H, W
        rest = rest.unflatten(0, (B, t - 1)).transpose(1, 2).flatten(2, 3)
        return torch.cat([first, rest], 2)


class Codec(nn.Module):
    """Encoder, decoder and the statistics that give latents unit scale outside of here."""

    mean: Tensor  # (c,)
    deviation: Tensor  # (c,)

    def __init__(self, config: CodecConfig):
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.register_buffer("mean", torch.zeros(config.latent_channels))
        self.register_buffer("deviation", torch.ones(config.latent_channels))
        self.init_weights()

    def init_weights(self) -> None:
        """Convolutions: normal, variance 1.4 / fan in; ends of residual branches and of both networks: zero. Biases: zero.

        The linear path: the cosine basis of the last of four frames on the way in, of all four on the way out.
        """
        for name, module in self.named_modules():
            if isinstance(module, nn.Conv2d):
                fan_in = module.weight[0].numel()
                zero = name.endswith(("second", "mix.out", "mix.0.out", "mix.1.out", "encoder.out", "decoder.out"))
                nn.init.normal_(module.weight, std=0.0 if zero else (1.4 / fan_in) ** 0.5)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        rows, gains = cosine_basis(self.config.latent_channels)
        self.encoder.linear.weight.data.zero_()[:, -PIXELS:, 0, 0] = rows * gains[:, None]
        self.decoder.linear.weight.data[:, :, 0, 0] = (rows / gains[:, None]).T.repeat(TIME_FACTOR, 1)
        self.encoder.linear.requires_grad_(False)
        self.decoder.linear.requires_grad_(False)

    def encode_raw(self, pixels: Tensor) -> Tensor:
        """Pixels -> latents before scaling, softly held within +-4 so that no run can swell them."""
        return 4.0 * torch.tanh(self.encoder(pixels) / 4.0)

    def encode(self, pixels: Tensor) -> Tensor:
        """Pixels (B, 3, 1 + 4 k, H, W) in [-1, 1] -> unit-scale latents (B, c, 1 + k, H/8, W/8)."""
        shape = (1, -1, 1, 1, 1)
        return (self.encode_raw(pixels) - self.mean.view(shape)) / self.deviation.view(shape)

    def unscale(self, latents: Tensor) -> Tensor:
        """Unit-scale latents -> raw latents."""
        shape = (1, -1, 1, 1, 1)
        return latents * self.deviation.view(shape) + self.mean.view(shape)

    def decode(self, latents: Tensor) -> Tensor:
        """Unit-scale latents (B, c, t, h, w) -> pixels (B, 3, 1 + 4 (t - 1), H, W), about [-1, 1]."""
        return self.decoder(self.unscale(latents))

    def decode_step(self, latents: Tensor, state: DecoderState | None) -> tuple[Tensor, DecoderState]:
        """One unit-scale latent frame (B, c, 1, h, w) and the state -> its frames (1 at first, then 4) and the next state."""
        z = self.unscale(latents)[:, :, 0]
        x, state_after = self.decoder.trunk(z, 1, state)
        return self.decoder.frames(x, z, first=state is None), state_after
