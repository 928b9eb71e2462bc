"""OpenAI's CLIP text tower (Radford et al. 2021): a network of our own shape's interface that loads the weights of the Hub.

The package's own `text_encoder.TextTower` is BERT's: post-norm, every token sees all others. CLIP's is GPT's: pre-norm, causal,
a norm at the end, and one vector of the text where it ends. So it is a module of its own, called in the same way: larger presets
can be trained on top of towers that have seen hundreds of millions of captions. Equal to transformers' CLIPTextModel.

Legend: text B L D, heads B A S K with S = L.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mutoscope.errors import CheckpointError
from mutoscope.layers import attention, join_heads, split_heads

OLD_END = 2  # configs written before 2023 name this as the end of a text; it is the largest id there
FILES = ("model.safetensors", "model.fp16.safetensors")
LAYER = "encoder.layers.{}."
# Their names: ours.
OUTSIDE = {
    "embeddings.token_embedding.weight": "words.weight", "embeddings.position_embedding.weight": "positions",
    "final_layer_norm.weight": "norm.weight", "final_layer_norm.bias": "norm.bias", "text_projection.weight": "projection.weight",
}  # fmt: skip
INSIDE = {
    "layer_norm1": "norm_attention", "layer_norm2": "norm_mlp", "self_attn.out_proj": "out", "mlp.fc1": "up", "mlp.fc2": "down",
}  # fmt: skip


def quick_gelu(x: Tensor) -> Tensor:
    """Return x sigmoid(1.702 x), which the first CLIP took for GELU."""
    return x * torch.sigmoid(1.702 * x)


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"quick_gelu": quick_gelu, "gelu": F.gelu}


@dataclass(frozen=True)
class ClipConfig:
    """Sizes of a CLIP text tower; the defaults are those of ViT-L/14, which Stable Diffusion 1 reads with."""

    vocabulary: int = 49408
    width: int = 768
    depth: int = 12
    heads: int = 12
    hidden: int = 3072
    window: int = 77  # tokens
    activation: str = "quick_gelu"  # one of ACTIVATIONS
    epsilon: float = 1e-5
    end: int = 49407  # id of the token that ends a text
    projection: int | None = None  # width of the vector of a text; None: the width


class ClipBlock(nn.Module):
    """Pre-norm block that looks back."""

    def __init__(self, config: ClipConfig):
        super().__init__()
        width = config.width
        self.heads, self.activation = config.heads, ACTIVATIONS[config.activation]
        self.norm_attention = nn.LayerNorm(width, eps=config.epsilon)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm_mlp = nn.LayerNorm(width, eps=config.epsilon)
        self.up = nn.Linear(width, config.hidden)
        self.down = nn.Linear(config.hidden, width)

    def forward(self, text: Tensor, mask: Tensor) -> Tensor:
        """(B, L, D), (B, 1, L, L) bool -> (B, L, D)."""
        q, k, v = (split_heads(x, self.heads) for x in self.qkv(self.norm_attention(text)).chunk(3, -1))
        text = text + self.out(join_heads(attention(q, k, v, mask)))
        return text + self.down(self.activation(self.up(self.norm_mlp(text))))


class ClipTextTower(nn.Module):
    """Token ids -> states and one vector."""

    def __init__(self, config: ClipConfig):
        super().__init__()
        self.config = config
        self.words = nn.Embedding(config.vocabulary, config.width)
        self.positions = nn.Parameter(torch.zeros(config.window, config.width))
        self.blocks = nn.ModuleList(ClipBlock(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width, eps=config.epsilon)
        self.projection = None if config.projection is None else nn.Linear(config.width, config.projection, bias=False)
        nn.init.normal_(self.words.weight, std=0.02)
        nn.init.normal_(self.positions, std=0.01)

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        """Ids (B, L) and mask (B, L), True where a token stands, None for everywhere -> states (B, L, D)."""
        return self.encode(self.words(ids), mask)

    def encode(self, words: Tensor, mask: Tensor | None = None) -> Tensor:
        """Word embeddings (B, L, D) and mask (B, L) -> states (B, L, D)."""
        length = words.shape[1]
        seen = torch.ones(length, length, dtype=torch.bool, device=words.device).tril()[None, None]
        if mask is not None:
            seen = seen & mask[:, None, None, :]
        text = words + self.positions[:length]
        for block in self.blocks:
            text = block(text, seen)
        return self.norm(text)

    def embed(self, states: Tensor, ids: Tensor) -> Tensor:
        """States (B, L, D) and ids (B, L) -> the state where each text ends (B, D), projected where the tower projects."""
        ends = ids.argmax(-1) if self.config.end == OLD_END else (ids == self.config.end).int().argmax(-1)
        found = states[torch.arange(len(states), device=states.device), ends]
        return found if self.projection is None else self.projection(found)


def load_clip_tower(folder: Path) -> ClipTextTower:
    """Return the tower of a folder with config.json and safetensors: a CLIPTextModel, with projection, or a whole CLIP.

    CheckpointError says what is missing or does not fit.
    """
    from safetensors.torch import load_file

    folder = Path(folder)
    file = next((folder / name for name in FILES if (folder / name).is_file()), None)
    if file is None:
        raise CheckpointError(f"{folder} holds no {' or '.join(FILES)}; give the folder of a CLIP text encoder")
    try:
        settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        settings = {**settings, **settings.get("text_config", {})}  # a whole CLIP has two
        weights = rename_weights(load_file(file))
        tower = ClipTextTower(read_sizes(weights, settings))
        tower.load_state_dict(weights)
    except CheckpointError as error:
        raise CheckpointError(f"{file}: {error}") from error
    except (OSError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise CheckpointError(f"{file} and its config.json are no CLIP text tower: {reason}") from error
    except Exception as error:  # safetensors has an error of its own
        raise CheckpointError(f"{file} cannot be read ({error}); fetch the model again") from error
    return tower.eval()


def read_sizes(weights: dict[str, Tensor], settings: dict[str, Any]) -> ClipConfig:
    """Return the sizes that renamed weights have; what no weight shows comes from the settings, by CLIP's own defaults."""
    activation = settings.get("hidden_act", "quick_gelu")
    if activation not in ACTIVATIONS:
        raise CheckpointError(f"hidden_act is {activation!r}, expected {' or '.join(ACTIVATIONS)}")
    vocabulary, width = weights["words.weight"].shape
    heads = int(settings.get("num_attention_heads", 8))
    if width % heads:
        raise CheckpointError(f"{heads} attention heads do not divide the width {width}")
    projection = weights.get("projection.weight")
    return ClipConfig(
        vocabulary=vocabulary,
        width=width,
        depth=1 + max((int(name.split(".")[1]) for name in weights if name.startswith("blocks.")), default=-1),
        heads=heads,
        hidden=weights["blocks.0.up.weight"].shape[0],
        window=weights["positions"].shape[0],
        activation=activation,
        epsilon=float(settings.get("layer_norm_eps", 1e-5)),
        end=int(settings.get("eos_token_id", 49407)),
        projection=None if projection is None else projection.shape[0],
    )


def rename_weights(theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return CLIP's text weights under our names in float32, with or without `text_model.` in front; CheckpointError."""
    theirs = {name.removeprefix("text_model."): weight.float() for name, weight in theirs.items()
              if not name.startswith(("vision_model.", "visual_projection.", "logit_scale"))}  # fmt: skip
    found = {ours: theirs[name] for name, ours in OUTSIDE.items() if name in theirs}
    depth = len({name.split(".")[2] for name in theirs if name.startswith("encoder.layers.")})
    missing = [name for name in OUTSIDE if name not in theirs and not name.startswith("text_projection")]
    for number in range(depth):
        layer = LAYER.format(number)
        for kind in ("weight", "bias"):
            names = {f"{layer}{name}.{kind}": f"blocks.{number}.{ours}.{kind}" for name, ours in INSIDE.items()}
            parts = [f"{layer}self_attn.{part}_proj.{kind}" for part in "qkv"]
            missing += [name for name in (*names, *parts) if name not in theirs]
            if not missing:
                found |= {ours: theirs[name] for name, ours in names.items()}
                found[f"blocks.{number}.qkv.{kind}"] = torch.cat([theirs[name] for name in parts])
    if missing or not depth:
        raise CheckpointError(f"{len(missing) or 'all'} tensors of a CLIP text tower are missing, the first is "
                              f"{missing[0] if missing else LAYER.format(0)}; fetch the model again")  # fmt: skip
    return found
