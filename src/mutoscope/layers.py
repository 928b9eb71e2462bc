"""Layers that several networks are built from: norm, rotary positions, the one door to attention, SwiGLU.

Legend: see shapes.py (tokens B N D; heads B A S K).
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NORM_EPSILON = 1e-6


class Norm(nn.Module):
    """Layer norm over the last axis, without a bias: the one norm with a fused kernel on every runtime we use."""

    def __init__(self, width: int):
        super().__init__()
        self.shape = (width,)
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) -> (..., D), mean 0 and deviation 1, times the weight."""
        return F.layer_norm(x, self.shape, self.weight.to(x.dtype), None, NORM_EPSILON)


def rotate(x_BASK: Tensor, table: Tensor) -> Tensor:
    """Turn pairs (first half, second half) of the head width by the angles of `table` (2, S, K/2)."""
    cos, sin = table[0].to(x_BASK.dtype), table[1].to(x_BASK.dtype)
    if torch.onnx.is_in_onnx_export():
        return _RotaryNode.apply(x_BASK, cos[None], sin[None])
    return _rotate(x_BASK, cos, sin)


def _rotate(x_BASK: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    a, b = x_BASK.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


class _RotaryNode(torch.autograd.Function):
    """`rotate` as one node of an ONNX graph, where the exporter would write nine."""

    @staticmethod
    def forward(ctx: Any, x_BASK: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        return _rotate(x_BASK, cos, sin)

    @staticmethod
    def symbolic(g: Any, x_BASK: Any, cos: Any, sin: Any) -> Any:
        return g.op("RotaryEmbedding", x_BASK, cos, sin).setType(x_BASK.type())


class _AttentionNode(torch.autograd.Function):
    """Attention without a mask as one node of an ONNX graph, where the exporter would write eight."""

    @staticmethod
    def forward(ctx: Any, q_BASK: Tensor, k_BASK: Tensor, v_BASK: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(q_BASK, k_BASK, v_BASK)

    @staticmethod
    def symbolic(g: Any, q_BASK: Any, k_BASK: Any, v_BASK: Any) -> Any:
        return g.op("Attention", q_BASK, k_BASK, v_BASK).setType(q_BASK.type())


def attention(q_BASK: Tensor, k_BASK: Tensor, v_BASK: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return softmax(q k^T / sqrt K) v; `mask` is True where a query may look. The one door to attention.

    The fused CPU kernel's backward pass is four times slower than two matrix products at our lengths (dev/log.md), so
    training on a CPU takes the plain version.
    """
    if torch.onnx.is_in_onnx_export() and mask is None:
        return _AttentionNode.apply(q_BASK, k_BASK, v_BASK)
    if q_BASK.device.type == "cpu" and q_BASK.requires_grad:
        return plain_attention(q_BASK, k_BASK, v_BASK, mask)
    return F.scaled_dot_product_attention(q_BASK, k_BASK, v_BASK, attn_mask=mask)


def plain_attention(q_BASK: Tensor, k_BASK: Tensor, v_BASK: Tensor, mask: Tensor | None = None) -> Tensor:
    """The same as `attention` spelled out: the definition that the fast path is tested against."""
    scores = q_BASK @ k_BASK.transpose(-1, -2) / q_BASK.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    return scores.softmax(-1) @ v_BASK


def split_heads(x: Tensor, heads: int) -> Tensor:
    """(B, S, A*K) -> (B, A, S, K)."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def join_heads(x: Tensor) -> Tensor:
    """(B, A, S, K) -> (B, S, A*K)."""
    return x.transpose(1, 2).flatten(2)


def linear_parts(linear: nn.Module, x: Tensor, parts: int) -> tuple[Tensor, ...]:
    """x (..., D) through a linear layer without a bias -> its outputs in `parts` equal pieces, (..., outputs / parts) each.

    The layer may come as a list of its pieces (`split_linear`), whose outputs need no cutting.
    """
    return tuple(part(x) for part in linear) if isinstance(linear, nn.ModuleList) else linear(x).chunk(parts, -1)


def split_linear(linear: nn.Linear, parts: int) -> nn.ModuleList:
    """Return a linear layer without a bias as `parts` layers, which share its weight."""
    pieces = nn.ModuleList()
    for weight in linear.weight.chunk(parts):
        piece = nn.Linear(linear.in_features, len(weight), bias=False, device="meta")
        piece.weight = nn.Parameter(weight, requires_grad=False)
        pieces.append(piece)
    return pieces


class SwiGLU(nn.Module):
    """Gated MLP (Shazeer 2020): silu(x W) * (x V), then back to the width."""

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.up = nn.Linear(width, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) -> (..., D)."""
        gate, value = linear_parts(self.up, x, 2)
        return self.down(F.silu(gate) * value)


class EncoderBlock(nn.Module):
    """Pre-norm transformer block whose tokens all see each other."""

    def __init__(self, width: int, heads: int, hidden: int):
        super().__init__()
        self.heads = heads
        self.norm_attention = Norm(width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.norm_mlp = Norm(width)
        self.mlp = SwiGLU(width, hidden)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, S, D) -> (B, S, D); `mask` (B, 1, 1, S) is True where there is something to see."""
        q, k, v = (split_heads(part, self.heads) for part in self.qkv(self.norm_attention(x)).chunk(3, -1))
        x = x + self.out(join_heads(attention(q, k, v, mask)))
        return x + self.mlp(self.norm_mlp(x))


def use_channels_last(module: nn.Module) -> None:
    """Keep the weights of a module's convolutions with their channels last in memory, which CPUs convolve faster."""
    module.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue] - torch's stubs lack this overload
