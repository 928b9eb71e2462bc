"""The CLIP image tower: pixels -> one embedding. It trains the text tower and measures how well a picture fits its words.

Legend: pixels B 3 H W in [-1, 1], tokens B N D.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from mutoscope.config import ImageTowerConfig
from mutoscope.layers import EncoderBlock, Norm


class ImageTower(nn.Module):
    """A convolution stem to 1/16, transformer blocks over the grid, mean, projection."""

    def __init__(self, config: ImageTowerConfig):
        super().__init__()
        width = config.width
        widths = (width // 8, width // 4, width // 2, width)
        ends = (3, *widths)
        self.stem = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in zip(ends, ends[1:], strict=False))
        self.blocks = nn.ModuleList(EncoderBlock(width, config.heads, 2 * width) for _ in range(config.depth))
        self.norm = Norm(width)
        self.project = nn.Linear(width, config.embedding)

    def features(self, pixels: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, D), the mean token before the projection."""
        x = pixels
        for layer in self.stem:
            x = F.gelu(layer(x))
        tokens = x.flatten(2).transpose(1, 2)
        for block in self.blocks:
            tokens = block(tokens)
        return self.norm(tokens).mean(1)

    def forward(self, pixels: Tensor) -> Tensor:
        """(B, 3, H, W) -> unit-length embedding (B, E)."""
        return F.normalize(self.project(self.features(pixels)), dim=-1)
