"""The CLIP text tower: token ids -> states that the transformer attends to, and one embedding of the whole text.

The shape is BERT's (Devlin et al. 2018) as in MiniLM-L6 (Wang et al. 2020): post-norm blocks, learned positions, GELU. Our
weights start from all-MiniLM-L6-v2 (Apache-2.0; see NOTICE), so words that no caption held still stand beside their neighbours.

Legend: text B L D, heads B A S K with S = L.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mutoscope.config import TextConfig
from mutoscope.layers import attention, join_heads, split_heads


class TextBlock(nn.Module):
    """Post-norm BERT block."""

    def __init__(self, config: TextConfig):
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm_attention = nn.LayerNorm(width, eps=1e-12)
        self.up = nn.Linear(width, config.hidden)
        self.down = nn.Linear(config.hidden, width)
        self.norm_mlp = nn.LayerNorm(width, eps=1e-12)

    def forward(self, text: Tensor, mask: Tensor) -> Tensor:
        """(B, L, D), (B, 1, 1, L) bool -> (B, L, D)."""
        q, k, v = (split_heads(x, self.heads) for x in self.qkv(text).chunk(3, -1))
        text = self.norm_attention(text + self.out(join_heads(attention(q, k, v, mask))))
        return self.norm_mlp(text + self.down(F.gelu(self.up(text))))


class TextTower(nn.Module):
    """Token ids -> states and embedding."""

    def __init__(self, config: TextConfig):
        super().__init__()
        self.config = config
        self.words = nn.Embedding(config.vocabulary, config.width)
        self.positions = nn.Parameter(torch.zeros(config.window, config.width))
        self.norm = nn.LayerNorm(config.width, eps=1e-12)
        self.blocks = nn.ModuleList(TextBlock(config) for _ in range(config.depth))
        self.init_weights()

    def init_weights(self) -> None:
        """Embeddings, positions and linear weights: normal 0.02; biases zero; norms one."""
        nn.init.normal_(self.positions, std=0.02)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=0.02)
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Ids (B, L) and mask (B, L), True where a token stands -> states (B, L, D)."""
        return self.encode(self.words(ids), mask)

    def encode(self, words: Tensor, mask: Tensor) -> Tensor:
        """Word embeddings (B, L, D) and mask (B, L) -> states (B, L, D)."""
        text = self.norm(words + self.positions[: words.shape[1]])
        for block in self.blocks:
            text = block(text, mask[:, None, None, :])
        return text


def embed(states: Tensor, mask: Tensor) -> Tensor:
    """States (B, L, D) -> unit-length embedding (B, D), the mean over tokens (as sentence-transformers does)."""
    weight = mask.to(states.dtype)[..., None]
    return F.normalize((states * weight).sum(1) / weight.sum(1).clamp(min=1.0), dim=-1)
