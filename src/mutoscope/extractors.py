"""Three small networks that look at pictures for the evaluation, and the two files they are kept in.

    scene     pixels -> logits of every attribute: which scene, light, weather, style ... a picture shows
    encoder   pixels -> 256 features, learned without labels: distances between sets of pictures
    match     pixels and words -> two embeddings that agree when the words fit the picture (CLIP's idea, Radford et al. 2021)

    FOLDER/judge.safetensors   weights, float16
    FOLDER/judge.json          sizes, words, how they were trained, SHA-256 of the weights, and a digest of itself

`mutoscope train judge` makes the files, `evaluate/` reads them; the generator never sees them. No layer keeps statistics of
the batch, so a picture's numbers do not depend on the pictures beside it. Knows no world: the words come from the caller.

Legend: pixels B 3 H W in [-1, 1], H = W = side; text B L D.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from torch import Tensor, nn

from mutoscope.errors import CheckpointError, MissingModelError
from mutoscope.layers import EncoderBlock, Norm, use_channels_last
from mutoscope.media.storage import write_bytes

WEIGHTS, PROVENANCE = "judge.safetensors", "judge.json"
PARTS = ("scene", "encoder", "match")
GROUP = 8  # channels that are normed together


@dataclass(frozen=True)
class Sizes:
    """Sizes of the three networks; the last three widths add up to the encoder's features."""

    side: int = 128  # rows and columns that are looked at
    widths: tuple[int, ...] = (24, 32, 64, 160)  # of the stages; each halves the grid
    embedding: int = 128  # of the match
    text_width: int = 96
    text_depth: int = 2
    window: int = 40  # words that are read

    def __post_init__(self):
        object.__setattr__(self, "widths", tuple(self.widths))

    @property
    def features(self) -> int:
        """Numbers the encoder gives for a picture: 256."""
        return sum(self.widths[-3:])


TINY = Sizes(side=32, widths=(8, 8, 16, 16), embedding=16, text_width=16, text_depth=1)


# ------------------------------------------------------------------------------------------------------------- networks


class Stage(nn.Module):
    """Halve the grid, then residual convolutions (pre-activation, He et al. 2016).

    Norms stand inside the branches alone, so that brightness and contrast, which a norm would take away, go through.
    """

    def __init__(self, before: int, after: int, depth: int):
        super().__init__()
        self.down = nn.Conv2d(before, after, 3, stride=2, padding=1)
        self.norms = nn.ModuleList(nn.GroupNorm(after // GROUP, after) for _ in range(depth))
        self.blocks = nn.ModuleList(nn.Conv2d(after, after, 3, padding=1, bias=False) for _ in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H/2, W/2)."""
        x = F.relu(self.down(x))
        for norm, block in zip(self.norms, self.blocks, strict=True):
            x = x + block(F.relu(norm(x)))
        return x


class Trunk(nn.Module):
    """Pixels -> the maps of every stage; the first has `first` residual convolutions, the next one more, at most two."""

    def __init__(self, widths: Sequence[int], first: int = 0):
        super().__init__()
        ends = (3, *widths)
        depths = [min(number + first, 2) for number in range(len(widths))]
        pairs = zip(ends, ends[1:], depths, strict=False)
        self.stages = nn.ModuleList(Stage(before, after, depth) for before, after, depth in pairs)

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """(B, 3, S, S) -> [(B, C, S/2, S/2), (B, C', S/4, S/4), ...]."""
        maps, x = [], pixels
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps


class SceneNet(nn.Module):
    """Pixels -> logits of every attribute.

    Rows and columns of the last grid are averaged apart: the sky is above, a side is beside. Its maxima see small things. Means and
    deviations of every stage see the style, which is texture wherever it is (Gatys et al. 2016).
    """

    def __init__(self, sizes: Sizes, words: Mapping[str, Sequence[str]]):
        super().__init__()
        self.trunk = Trunk(
            sizes.widths, first=1
        )  # fine texture, such as facets, is seen on the largest grid or not at all
        self.counts = {name: len(listed) for name, listed in words.items()}
        cells = 2 * (sizes.side >> len(sizes.widths))
        seen = sizes.widths[-1] * (cells + 1) + 2 * sum(sizes.widths)
        self.norm = nn.LayerNorm(seen)
        self.heads = nn.Linear(seen, sum(self.counts.values()))

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """(B, 3, S, S) -> {attribute: logits (B, words)}."""
        maps = [F.relu(grid) for grid in self.trunk(pixels)]
        last = maps[-1]
        seen = [last.mean(3).flatten(1), last.mean(2).flatten(1), last.amax((2, 3))]
        for grid in maps:
            variance, mean = torch.var_mean(grid.float(), (2, 3), correction=0)
            seen += [mean, (variance + 1e-6).sqrt()]
        logits = self.heads(self.norm(torch.cat(seen, 1))).split(list(self.counts.values()), 1)
        return dict(zip(self.counts, logits, strict=True))


class Encoder(nn.Module):
    """Pixels -> features: the means of the last three stages, fine texture first.

    Each feature is measured in its own deviations over the training renders, so that fine texture and layout weigh alike in a
    distance; before that is known (`measure`) they are as they come.
    """

    mean: Tensor  # (features,)
    deviation: Tensor  # (features,)

    def __init__(self, sizes: Sizes):
        super().__init__()
        self.trunk = Trunk(sizes.widths)
        self.register_buffer("mean", torch.zeros(sizes.features))
        self.register_buffer("deviation", torch.ones(sizes.features))

    def forward(self, pixels: Tensor) -> Tensor:
        """(B, 3, S, S) -> (B, 256)."""
        features = torch.cat([F.relu(grid).mean((2, 3)) for grid in self.trunk(pixels)[-3:]], 1)
        return (features - self.mean) / self.deviation

    @torch.no_grad()
    def measure(self, batches: Iterable[Tensor]) -> None:
        """Set mean and deviation from batches of pixels; a feature that never moves stays at 0."""
        features = torch.cat([self(pixels) for pixels in batches]).double()
        deviation = features.std(0)
        self.mean.copy_(features.mean(0))
        self.deviation.copy_(torch.where(deviation > 1e-4, deviation, torch.inf))


class Match(nn.Module):
    """A small CLIP over whole words: its text tower shares nothing with the generator's."""

    def __init__(self, sizes: Sizes, words: int):
        super().__init__()
        width = sizes.text_width
        self.trunk = Trunk(sizes.widths)
        self.picture = nn.Linear(sizes.features, sizes.embedding)
        self.words = nn.Embedding(words + 2, width, padding_idx=0)  # 0 = nothing, 1 = a word it does not know
        self.positions = nn.Parameter(0.02 * torch.randn(sizes.window, width))
        self.text_blocks = nn.ModuleList(
            EncoderBlock(width, max(1, width // 32), 2 * width) for _ in range(sizes.text_depth)
        )
        self.norm = Norm(width)
        self.text = nn.Linear(width, sizes.embedding)
        self.log_scale = nn.Parameter(torch.tensor(2.66))
        nn.init.normal_(self.words.weight, std=0.05)

    def see(self, pixels: Tensor) -> Tensor:
        """(B, 3, S, S) -> unit-length embedding (B, E)."""
        maps = self.trunk(pixels)[-3:]
        return F.normalize(self.picture(torch.cat([F.relu(grid).mean((2, 3)) for grid in maps], 1)).float(), dim=-1)

    def read(self, ids: Tensor) -> Tensor:
        """Word numbers (B, L), 0 where none stands -> unit-length embedding (B, E)."""
        mask = ids > 0
        text = self.words(ids) + self.positions[: ids.shape[1]]
        for block in self.text_blocks:
            text = block(text, mask[:, None, None, :])
        weight = mask.to(text.dtype)[..., None]
        mean = (self.norm(text) * weight).sum(1) / weight.sum(1).clamp(min=1.0)
        return F.normalize(self.text(mean).float(), dim=-1)


class Extractors(nn.Module):
    """The three networks with the words they know."""

    def __init__(self, sizes: Sizes, attributes: Mapping[str, Sequence[str]], words: Sequence[str]):
        super().__init__()
        self.sizes, self.attributes = sizes, {name: tuple(listed) for name, listed in attributes.items()}
        self.words = tuple(words)
        self._numbers = {word: number + 2 for number, word in enumerate(words)}
        self.scene, self.encoder = SceneNet(sizes, attributes), Encoder(sizes)
        self.match = Match(sizes, len(words))
        use_channels_last(self)

    def ids(self, texts: Sequence[str]) -> Tensor:
        """Texts -> word numbers (B, L), L at most the window; a text without a word is one unknown word."""
        rows = [
            [self._numbers.get(word, 1) for word in split_words(text)][: self.sizes.window] or [1] for text in texts
        ]
        longest = max(map(len, rows))
        return torch.tensor([row + [0] * (longest - len(row)) for row in rows])


def split_words(text: str) -> list[str]:
    """Return the words of a text in lower case, apostrophes and hyphens cut."""
    return re.findall(r"[a-z]+|[0-9]+", text.lower())


def fit(pixels: Tensor, side: int) -> Tensor:
    """Pixels (B, 3, H, W) of any size -> (B, 3, side, side), averaged over areas, channels last."""
    small = pixels if pixels.shape[-2:] == (side, side) else F.adaptive_avg_pool2d(pixels, side)
    return small.contiguous(memory_format=torch.channels_last)


# ---------------------------------------------------------------------------------------------------------------- files


def save_extractors(folder: Path, nets: Extractors, card: dict[str, Any]) -> Path:
    """Write weights and provenance, the weights first; `card` says how they were trained. Returns the folder."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().half().contiguous() for name, tensor in nets.state_dict().items()}
    assert all(tensor.isfinite().all() for name, tensor in tensors.items() if not name.endswith("deviation"))
    data = safetensors.torch.save(tensors)
    provenance = {
        **card, "sizes": asdict(nets.sizes), "attributes": {name: list(words) for name, words in nets.attributes.items()},
        "words": list(nets.words), "parameters": {name: _count(part) for name, part in nets.named_children()},
        "sha256": hashlib.sha256(data).hexdigest(),
    }  # fmt: skip
    provenance["digest"] = digest(provenance)
    write_bytes(folder / WEIGHTS, data)
    write_bytes(folder / PROVENANCE, json.dumps(provenance, indent=1).encode())
    return folder


def load_extractors(folder: Path, parts: Sequence[str] = PARTS) -> tuple[Extractors, dict[str, Any]]:
    """Return the networks, float32 and frozen, and their card; CheckpointError when a file is missing or was changed.

    Of `parts` only; the others are as new.
    """
    folder = Path(folder)
    try:
        data, card = (folder / WEIGHTS).read_bytes(), json.loads((folder / PROVENANCE).read_text("utf-8"))
        if hashlib.sha256(data).hexdigest() != card["sha256"]:
            raise CheckpointError(f"{folder / WEIGHTS}: the file was changed or cut (its SHA-256 differs)")
        if card["digest"] != digest(card):
            raise CheckpointError(f"{folder / PROVENANCE}: the file was changed (its digest differs)")
        nets = Extractors(Sizes(**card["sizes"]), card["attributes"], card["words"])
        stored = safetensors.torch.load(data)
        for part in parts:
            own = {name: tensor for name, tensor in stored.items() if name.startswith(f"{part}.")}
            getattr(nets, part).load_state_dict(
                {name.removeprefix(f"{part}."): tensor.float() for name, tensor in own.items()}
            )
    except FileNotFoundError as error:
        raise MissingModelError(
            f"{folder} holds no judge; make one: mutoscope train judge --data DIR --out DIR"
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{folder} holds no whole judge ({reason}); train it again") from error
    return nets.requires_grad_(False).eval(), card


def digest(card: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a card without its own digest."""
    rest = {key: value for key, value in card.items() if key != "digest"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _count(part: nn.Module) -> int:
    return sum(p.numel() for p in part.parameters())
