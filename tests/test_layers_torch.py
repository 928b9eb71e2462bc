"""Layers against their definitions in plain numpy loops, complex numbers and finite differences.

Named so that it does not clash with test_layers.py, the table of imports.
"""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mutoscope.layers import (
    Norm,
    SwiGLU,
    attention,
    join_heads,
    linear_parts,
    plain_attention,
    rotate,
    split_heads,
    split_linear,
)
from mutoscope.shapes import rotary_table

B, A, S, K = 2, 3, 7, 8


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def q_k_v(requires_grad: bool = False) -> list[torch.Tensor]:
    return [draw(B, A, S, K, seed=seed).requires_grad_(requires_grad) for seed in range(3)]


def masks() -> dict[str, torch.Tensor | None]:
    padded = torch.tensor([[True] * 5 + [False] * 2, [True] * 7])[:, None, None]
    causal = torch.ones(S, S).tril().bool()
    return {"none": None, "padded": padded, "causal": causal, "both": padded & causal}


def attention_by_hand(q, k, v, mask) -> np.ndarray:
    """One query after the other, in float64, with nothing but exp."""
    seen = np.ones((B, A, S, S), bool) if mask is None else mask.expand(B, A, S, S).numpy()
    q, k, v = (x.detach().numpy() for x in (q, k, v))
    out = np.zeros_like(q)
    for place in np.ndindex(B, A, S):
        keys, values = k[place[:2]][seen[place]], v[place[:2]][seen[place]]
        weights = np.exp(keys @ q[place] / np.sqrt(K))
        out[place] = weights @ values / weights.sum()
    return out


@pytest.mark.parametrize("name", masks())
@pytest.mark.parametrize("trained", [False, True], ids=["fused", "training"])
def test_the_door_to_attention_gives_the_definition(name: str, trained: bool):
    mask, (q, k, v) = masks()[name], q_k_v(trained)
    by_hand = attention_by_hand(q, k, v, mask)
    np.testing.assert_allclose(attention(q, k, v, mask).detach().numpy(), by_hand, atol=1e-12)
    np.testing.assert_allclose(plain_attention(q, k, v, mask).detach().numpy(), by_hand, atol=1e-12)


@pytest.mark.parametrize("name", masks())
def test_both_paths_have_the_same_gradient_and_it_is_the_slope(name: str):
    mask, weight = masks()[name], draw(B, A, S, K, seed=9)
    ours, fused = q_k_v(True), q_k_v(True)
    q, k, v = ours
    (attention(q, k, v, mask) * weight).sum().backward()
    (F.scaled_dot_product_attention(*fused, attn_mask=mask) * weight).sum().backward()
    for one, other in zip(ours, fused, strict=True):
        torch.testing.assert_close(one.grad, other.grad, atol=1e-12, rtol=0)
    small = [x[:, :1, :, :2].detach().requires_grad_() for x in ours]
    assert torch.autograd.gradcheck(lambda q, k, v: attention(q, k, v, mask), small)


def test_what_the_mask_hides_has_no_weight():
    q, k, v = q_k_v()
    hidden = masks()["padded"]
    assert hidden is not None
    before = attention(q, k, v, hidden)
    k[0, :, 5:], v[0, :, 5:] = 1e3, -1e3
    torch.testing.assert_close(attention(q, k, v, hidden), before)


def test_rotation_is_multiplication_by_unit_complex_numbers():
    table = torch.from_numpy(rotary_table(np.arange(2), 2, 3, K)).double()
    x = draw(B, A, 12, K)
    turned = rotate(x, table).numpy()
    pairs = x[..., : K // 2].numpy() + 1j * x[..., K // 2 :].numpy()
    expected = pairs * (table[0].numpy() + 1j * table[1].numpy())
    np.testing.assert_allclose(turned, np.concatenate([expected.real, expected.imag], -1), atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(turned, axis=-1), x.norm(dim=-1).numpy(), rtol=1e-6)


def test_rotated_scores_do_not_change_when_all_places_move():
    q, k = draw(1, 1, 1, 32, seed=1).expand(1, 1, 24, 32), draw(1, 1, 1, 32, seed=2).expand(1, 1, 24, 32)
    scores = []
    for start in (0, 3):
        table = torch.from_numpy(rotary_table(np.arange(start, start + 4), 2, 3, 32)).double()
        scores.append(rotate(q, table) @ rotate(k, table).transpose(-1, -2))
    torch.testing.assert_close(scores[0], scores[1], atol=1e-5, rtol=0)
    assert scores[0].std() > 0.1, "and they do depend on the place"


def test_heads_are_slices_of_the_width_and_come_back():
    x = draw(B, S, A * K)
    heads = split_heads(x, A)
    for head in range(A):
        torch.testing.assert_close(heads[:, head], x[..., head * K : (head + 1) * K], atol=0, rtol=0)
    torch.testing.assert_close(join_heads(heads), x, atol=0, rtol=0)


def test_norm_is_its_definition():
    norm = Norm(16).double()
    norm.weight.data = draw(16, seed=3)
    x = 5 + 3 * draw(4, 16)
    expected = (x - x.mean(-1, keepdim=True)) / x.std(-1, keepdim=True, unbiased=False) * norm.weight
    torch.testing.assert_close(norm(x), expected, atol=1e-5, rtol=0)
    assert [name for name, _ in norm.named_parameters()] == ["weight"]


def test_a_cut_linear_layer_gives_the_pieces_of_the_whole():
    whole = torch.nn.Linear(6, 12, bias=False).double()
    x = draw(2, 5, 6)
    for pieces in (1, 2, 3):
        cut = linear_parts(split_linear(whole, pieces), x, pieces)
        for a, b in zip(cut, linear_parts(whole, x, pieces), strict=True):
            torch.testing.assert_close(a, b, atol=1e-12, rtol=0)


def test_swiglu_is_its_definition():
    mlp = SwiGLU(6, 10).double()
    x = draw(5, 6)
    up, down = (layer.weight.detach().numpy() for layer in (mlp.up, mlp.down))
    gate, value = x.numpy() @ up[:10].T, x.numpy() @ up[10:].T
    np.testing.assert_allclose(mlp(x).detach().numpy(), (gate / (1 + np.exp(-gate)) * value) @ down.T, atol=1e-12)
