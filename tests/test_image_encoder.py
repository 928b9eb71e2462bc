"""The image tower against its definition written out, and that neither batch nor order of tokens changes what it says."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mutoscope.config import ImageTowerConfig
from mutoscope.image_encoder import ImageTower
from mutoscope.layers import EncoderBlock

CONFIG = ImageTowerConfig(width=32, depth=2, heads=2, embedding=12)


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture(scope="module")
def tower() -> ImageTower:
    torch.manual_seed(0)
    return ImageTower(CONFIG).double().requires_grad_(False)


def test_a_block_is_attention_and_gated_mlp_after_their_norms():
    torch.manual_seed(0)
    block = EncoderBlock(8, 2, 16).double().requires_grad_(False)
    tokens = draw(1, 5, 8)[0].numpy()
    qkv, out, up, down = (layer.weight.numpy() for layer in (block.qkv, block.out, block.mlp.up, block.mlp.down))

    def norm(x):
        return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)

    q, k, v = np.split(norm(tokens) @ qkv.T, 3, axis=-1)
    seen = []
    for head in (slice(0, 4), slice(4, 8)):
        weights = np.exp(q[:, head] @ k[:, head].T / 2.0)
        seen.append(weights / weights.sum(-1, keepdims=True) @ v[:, head])
    x = tokens + np.concatenate(seen, -1) @ out.T
    gate, value = np.split(norm(x) @ up.T, 2, axis=-1)
    x = x + (gate / (1 + np.exp(-gate)) * value) @ down.T
    np.testing.assert_allclose(block(torch.from_numpy(tokens)[None])[0].numpy(), x, atol=1e-12)


def test_tokens_have_no_order(tower: ImageTower):
    tokens, order = draw(1, 9, 32), torch.randperm(9, generator=torch.Generator().manual_seed(1))
    block = tower.blocks[0]
    torch.testing.assert_close(block(tokens[:, order]), block(tokens)[:, order], atol=1e-12, rtol=0)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (64, 32), (48, 80)])
def test_one_token_stands_for_sixteen_pixels_each_way(tower: ImageTower, height: int, width: int):
    x = draw(1, 3, height, width)
    for layer in tower.stem:
        x = F.gelu(layer(x))
    assert x.shape == (1, CONFIG.width, height // 16, width // 16)
    assert tower.features(draw(1, 3, height, width)).shape == (1, CONFIG.width)


def test_embeddings_have_unit_length_and_the_direction_of_the_projection(tower: ImageTower):
    pixels = draw(4, 3, 32, 48)
    got = tower(pixels)
    torch.testing.assert_close(got.norm(dim=-1), torch.ones(4).double())
    projected = tower.features(pixels).numpy() @ tower.project.weight.numpy().T + tower.project.bias.numpy()
    np.testing.assert_allclose(got.numpy(), projected / np.linalg.norm(projected, axis=-1, keepdims=True), atol=1e-12)


def test_each_picture_of_a_batch_stands_alone(tower: ImageTower):
    pixels = draw(3, 3, 32, 32)
    for b in range(3):
        torch.testing.assert_close(tower(pixels[b : b + 1]), tower(pixels)[b : b + 1], atol=1e-12, rtol=0)


def test_a_few_steps_tell_dark_from_bright():
    """The tower can learn: two kinds of pictures are drawn to two fixed directions."""
    torch.manual_seed(0)
    tower = ImageTower(CONFIG)
    bright = torch.arange(8) % 2 == 0
    pixels = 0.2 * torch.randn(8, 3, 32, 32) + torch.where(bright, 0.6, -0.6)[:, None, None, None]
    goal = torch.eye(12)[torch.where(bright, 0, 1)]
    optimiser = torch.optim.Adam(tower.parameters(), 3e-3)
    for _ in range(30):
        optimiser.zero_grad()
        (1 - (tower(pixels) * goal).sum(-1)).mean().backward()
        optimiser.step()
    assert (tower(pixels) * goal).sum(-1).min() > 0.9
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in tower.parameters())
