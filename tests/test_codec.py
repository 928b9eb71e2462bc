"""The codec: causal in time, streamed as it is decoded whole, and before any training already a coarse cosine transform.

Causality and streaming in float64 with random weights everywhere (a fresh codec ends its branches in zeros).
"""

import numpy as np
import pytest
import torch
from torch import Tensor

from mutoscope.codec import PIXELS, Codec, DecoderState, cosine_basis
from mutoscope.config import CodecConfig
from mutoscope.shapes import LatentGrid

CONFIG = CodecConfig(latent_channels=5, widths=(12, 8, 4), blocks=2)
LATENT_FRAMES, HEIGHT, WIDTH = 4, 32, 48
FRAMES = 1 + 4 * (LATENT_FRAMES - 1)


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture(scope="module")
def codec() -> Codec:
    codec = Codec(CONFIG).double()
    for seed, parameter in enumerate(codec.parameters()):
        parameter.data += 0.3 * draw(*parameter.shape, seed=seed) / max(1, parameter[0].numel()) ** 0.5
    codec.mean.copy_(draw(5, seed=1))
    codec.deviation.copy_(draw(5, seed=2).abs() + 0.5)
    return codec.requires_grad_(False)


@pytest.fixture(scope="module")
def fresh() -> Codec:
    return Codec(CodecConfig(widths=(24, 16, 8), blocks=1)).requires_grad_(False)


def smooth_picture(height: int, width: int) -> Tensor:
    """A sky that darkens upwards over a hill, warm to the right: no edge sharper than a few pixels."""
    row, column = np.meshgrid(np.linspace(0, 1, height), np.linspace(0, 1, width), indexing="ij")
    hill = 1 / (1 + np.exp(-25 * (row - 0.65 - 0.1 * np.sin(5 * column))))
    sky = [0.2 + 0.5 * column, 0.4 + 0.2 * row, 0.9 - 0.4 * column]
    land = [0.25, 0.45 - 0.2 * column, 0.15]
    colours = [a * (1 - hill) + b * hill for a, b in zip(sky, land, strict=True)]
    return torch.tensor(np.stack(colours) * 2 - 1, dtype=torch.float32)[None, :, None]


def psnr(one: Tensor, other: Tensor) -> float:
    return float(10 * torch.log10(4.0 / (one - other).square().mean()))


@pytest.mark.parametrize("frames", [1, 5, 9])
@pytest.mark.parametrize(("width", "height"), [(32, 32), (48, 32), (32, 80), (112, 48)])
def test_shapes_are_those_of_the_latent_grid(codec: Codec, width: int, height: int, frames: int):
    grid = LatentGrid(width, height, frames)
    latents = codec.encode(draw(2, 3, frames, height, width))
    assert latents.shape == (2, 5, grid.latent_frames, grid.latent_height, grid.latent_width)
    assert codec.decode(latents).shape == (2, 3, frames, height, width)


def test_streaming_equals_decoding_at_once(codec: Codec):
    latents = draw(2, 5, LATENT_FRAMES, 4, 6)
    parts: list[Tensor] = []
    state: DecoderState | None = None
    for k in range(LATENT_FRAMES):
        pixels, state = codec.decode_step(latents[:, :, k : k + 1], state)
        assert pixels.shape == (2, 3, 4 if k else 1, HEIGHT, WIDTH)
        parts.append(pixels)
    torch.testing.assert_close(torch.cat(parts, 2), codec.decode(latents), atol=1e-12, rtol=0)


@pytest.mark.parametrize("latent_frame", range(LATENT_FRAMES))
def test_latents_hear_nothing_of_later_frames(codec: Codec, latent_frame: int):
    pixels = draw(1, 3, FRAMES, HEIGHT, WIDTH)
    whole = codec.encode(pixels)
    cut = codec.encode(pixels[:, :, : 1 + 4 * latent_frame])
    torch.testing.assert_close(cut, whole[:, :, : latent_frame + 1], atol=1e-12, rtol=0)
    pixels[:, :, 4 * latent_frame] += 0.5  # the last frame of this latent frame
    moved = (codec.encode(pixels) - whole).abs().amax((0, 1, 3, 4)) > 1e-9
    heard = [
        latent_frame <= k <= latent_frame + 1 for k in range(LATENT_FRAMES)
    ]  # itself, and the one that mixes it in
    assert moved.tolist() == heard


@pytest.mark.parametrize("latent_frame", range(LATENT_FRAMES))
def test_pixels_hear_nothing_of_later_latents(codec: Codec, latent_frame: int):
    latents = draw(1, 5, LATENT_FRAMES, 4, 6)
    whole = codec.decode(latents)
    cut = codec.decode(latents[:, :, : latent_frame + 1])
    torch.testing.assert_close(cut, whole[:, :, : 1 + 4 * latent_frame], atol=1e-12, rtol=0)
    latents[:, :, latent_frame] += 0.5
    moved = (codec.decode(latents) - whole).abs().amax((0, 1, 3, 4)) > 1e-9
    first = 0 if latent_frame == 0 else 1 + 4 * (latent_frame - 1)
    last = 1 + 4 * (latent_frame + 3)  # three places mix in the latent frame before
    assert moved.tolist() == [first <= frame < last for frame in range(FRAMES)]


def test_a_picture_is_the_first_frame_of_a_clip(codec: Codec):
    pixels, latents = draw(2, 3, FRAMES, HEIGHT, WIDTH), draw(2, 5, LATENT_FRAMES, 4, 6)
    torch.testing.assert_close(codec.encode(pixels[:, :, :1]), codec.encode(pixels)[:, :, :1], atol=1e-12, rtol=0)
    torch.testing.assert_close(codec.decode(latents[:, :, :1]), codec.decode(latents)[:, :, :1], atol=1e-12, rtol=0)


def test_each_sample_of_a_batch_stands_alone(codec: Codec):
    pixels, latents = draw(3, 3, 5, HEIGHT, WIDTH), draw(3, 5, 2, 4, 6)
    for b in range(3):
        torch.testing.assert_close(codec.encode(pixels[b : b + 1]), codec.encode(pixels)[b : b + 1], atol=1e-12, rtol=0)
        torch.testing.assert_close(
            codec.decode(latents[b : b + 1]), codec.decode(latents)[b : b + 1], atol=1e-12, rtol=0
        )


def test_scale_and_shift_are_undone_and_unit_where_they_were_measured(codec: Codec):
    pixels = draw(2, 3, 5, HEIGHT, WIDTH)
    raw = codec.encode_raw(pixels)
    torch.testing.assert_close(codec.unscale(codec.encode(pixels)), raw, atol=1e-12, rtol=0)
    torch.testing.assert_close(codec.decode(codec.encode(pixels)), codec.decoder(raw), atol=1e-10, rtol=0)
    measured = Codec(CONFIG).double()
    measured.load_state_dict(codec.state_dict())
    measured.mean.copy_(raw.mean((0, 2, 3, 4)))
    measured.deviation.copy_(raw.std((0, 2, 3, 4)))
    unit = measured.encode(pixels)
    torch.testing.assert_close(unit.mean((0, 2, 3, 4)), torch.zeros(5).double(), atol=1e-6, rtol=0)
    torch.testing.assert_close(unit.std((0, 2, 3, 4)), torch.ones(5).double(), atol=1e-6, rtol=0)


def test_raw_latents_are_held_within_four(codec: Codec):
    raw = codec.encode_raw(1000 * draw(1, 3, 1, HEIGHT, WIDTH))
    assert raw.isfinite().all() and 3.9 < raw.abs().max() <= 4.0


def test_the_cosine_patterns_are_a_basis():
    """All 192 rows are orthonormal; row by row they are the textbook's DCT-II of an 8 x 8 block times a colour axis."""
    rows, gains = cosine_basis(PIXELS)
    torch.testing.assert_close(rows @ rows.T, torch.eye(PIXELS), atol=1e-5, rtol=0)
    assert (gains > 0).all()
    place = np.arange(8)
    textbook = np.array([np.cos((2 * place + 1) * k * np.pi / 16) * np.sqrt((1 + (k > 0)) / 8) for k in range(8)])
    found = set()
    for row in rows.numpy().reshape(PIXELS, 3, 8, 8):
        parts = np.abs(np.einsum("chw,uh,vw->cuv", row, textbook, textbook))
        u, v = np.unravel_index(np.argmax(parts.sum(0)), (8, 8))
        assert np.linalg.norm(parts[:, u, v]) == pytest.approx(1.0, abs=1e-5)
        found.add((u, v))
    assert len(found) == 64


def test_few_channels_are_the_first_of_many():
    few, many = cosine_basis(16), cosine_basis(PIXELS)
    assert torch.equal(few[0], many[0][:16]) and torch.equal(few[1], many[1][:16])


@pytest.mark.parametrize(("height", "width"), [(128, 128), (96, 192)])
def test_an_untrained_codec_is_a_coarse_jpeg(fresh: Codec, height: int, width: int):
    picture = smooth_picture(height, width)
    assert psnr(fresh.decode(fresh.encode(picture)), picture) > 25.0
    flat = picture.mean((2, 3, 4), keepdim=True).expand_as(picture)
    assert psnr(flat, picture) < 16.0, "the picture would be too easy"


def test_an_untrained_codec_holds_a_still_clip_still(fresh: Codec):
    clip = smooth_picture(64, 64).expand(1, 3, 9, 64, 64)
    back = fresh.decode(fresh.encode(clip))
    torch.testing.assert_close(back, back[:, :, :1].expand_as(back), atol=1e-5, rtol=0)
    assert psnr(back, clip) > 25.0


def test_every_parameter_can_learn(codec: Codec):
    learning = Codec(CONFIG).double()
    learning.load_state_dict(codec.state_dict())
    pixels = draw(1, 3, 9, HEIGHT, WIDTH)
    (learning.decode(learning.encode(pixels)) - pixels).square().mean().backward()
    still = [name for name, p in learning.named_parameters() if p.grad is None or not p.grad.any()]
    assert still == ["encoder.linear.weight", "decoder.linear.weight", "decoder.linear.bias"]  # the fixed cosine path
