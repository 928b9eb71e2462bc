"""The judge: the three networks of `extractors.py` as the evaluation uses them, loaded by hash.

    judge = load_judge()                               # the one in this package; load_judge(folder) another
    judge.classify(pictures)                               # [{"scene": "lake", "light": "sunset", ...}, ...]
    judge.features(pictures)                           # (n, 256) for distances between sets of pictures
    judge.embed_pictures(pictures), judge.embed_texts(texts)            # (n, E) each; their dot products say how well words fit pictures

Legend: pictures are uint8 (H, W, 3), of any size.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mutoscope.errors import CheckpointError, MissingModelError
from mutoscope.evaluate.tally import wilson
from mutoscope.extractors import Extractors, fit, load_extractors
from mutoscope.media.pixels import to_values

SHIPPED = Path(__file__).parent / "extractors"  # judge.safetensors, judge.json, and PIN, the digest they must have
BATCH = 64


@dataclass(frozen=True)
class Judge:
    """Trained networks and the record of their training."""

    nets: Extractors
    card: dict[str, Any]  # how they were trained and what they can do

    @property
    def sha256(self) -> str:
        """Hash of the file of the weights."""
        return str(self.card["sha256"])

    @property
    def seeds(self) -> set[int]:
        """Seeds of the worlds it was trained on."""
        return {seed for folder in self.card["data"] for seed in folder["seeds"]}

    def classify(self, pictures: Sequence[np.ndarray]) -> list[dict[str, str]]:
        """Return what each picture shows; a word that no training picture had is never an answer."""
        found: list[dict[str, str]] = []
        for pixels in self._batches(pictures):
            best = {}
            for name, logits in self.nets.scene(pixels).items():
                words = self.nets.attributes[name]
                known = torch.tensor([word in self.card["labels"][name] for word in words])
                places = logits.masked_fill(~known, -torch.inf).argmax(1).tolist() if known.any() else []
                best[name] = [words[place] for place in places]
            found += [{name: best[name][row] for name in best if best[name]} for row in range(len(pixels))]
        return found

    def features(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Return the encoder's features (n, 256), float64."""
        return self._each(pictures, self.nets.encoder, self.nets.sizes.features)

    def embed_pictures(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Return unit-length embeddings (n, E) of pictures, float64."""
        return self._each(pictures, self.nets.match.see, self.nets.sizes.embedding)

    @torch.no_grad()
    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Return unit-length embeddings (n, E) of texts, float64."""
        return self.nets.match.read(self.nets.ids(texts)).double().numpy()

    def provenance(self) -> dict[str, Any]:
        """Return what a report says of the judge's training and test."""
        kept = {name: self.card[name] for name in ("sha256", "digest", "parameters", "data")}
        return {**kept, "test": {"all": count_shares(self.card["test"]["all"]),
                                 "styles": {style: count_shares(part) for style, part in self.card["test"]["styles"].items()}}}  # fmt: skip

    def _each(self, pictures: Sequence[np.ndarray], net: Callable[[Tensor], Tensor], width: int) -> np.ndarray:
        with torch.no_grad():
            parts = [net(pixels).double().numpy() for pixels in self._batches(pictures)]
        return np.concatenate([np.empty((0, width)), *parts])

    def _batches(self, pictures: Sequence[np.ndarray]):
        side = self.nets.sizes.side
        for first in range(0, len(pictures), BATCH):
            rows = [fit(to_pixels(picture), side) for picture in pictures[first : first + BATCH]]
            yield torch.cat(rows).contiguous(memory_format=torch.channels_last)


def to_pixels(picture: np.ndarray) -> Tensor:
    """uint8 (H, W, 3) -> pixels (1, 3, H, W) in [-1, 1]."""
    return to_values(torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None])


def load_judge(folder: Path | None = None) -> Judge:
    """Return the judge of a folder, of this package for None; CheckpointError when it is missing, changed or not the pinned one."""
    if folder is None and not (SHIPPED / "PIN").is_file():
        raise MissingModelError(
            "this copy of mutoscope holds no judge; train one (docs/evaluation.md) and name it: --judge DIR"
        )
    nets, card = load_extractors(folder or SHIPPED)
    if folder is None and card["digest"] != (SHIPPED / "PIN").read_text("utf-8").strip():
        raise CheckpointError(
            f"{SHIPPED}: the judge is not the one this version was released with; install mutoscope again"
        )
    return Judge(nets, card)


def count_shares(counts: dict[str, list[int]]) -> dict[str, dict[str, Any]]:
    """Return {attribute: {"n", "right", "share", "low", "high"}} of [right, of]."""
    found = {}
    for name, (right, n) in counts.items():
        low, high = wilson(right, n)
        found[name] = {"n": n, "right": right, "share": right / n, "low": low, "high": high}
    return found
