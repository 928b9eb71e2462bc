"""The CLIP stage: text tower and image tower learn to agree on (caption, picture) pairs (Radford et al. 2021).

A second term keeps the text tower's embedding of free English near what it began with (train/words.py), so that words no caption
held stay beside their neighbours. Legend: pixels B C T H W, text B L D.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mutoscope.checkpoint import open_checkpoint
from mutoscope.config import ModelConfig
from mutoscope.data.cache import Folder
from mutoscope.image_encoder import ImageTower
from mutoscope.run_folder import BEGUN, record_begin, save_tokenizer
from mutoscope.text_encoder import TextTower, embed
from mutoscope.train.codec import flip
from mutoscope.train.latents import to_unit
from mutoscope.train.objective import Objective
from mutoscope.train.words import begins_embedded, free_sentences, start_tower, to_batch

SIDE = 64  # pixels; the towers need layout and light, not texture
FREE_SENTENCES = 24  # a step
DRIFT_WEIGHT = 4.0  # of staying near MiniLM


class Towers(nn.Module):
    """Both towers and the temperature, as one thing to train."""

    def __init__(self, text: TextTower, image: ImageTower):
        super().__init__()
        self.text, self.image = text, image
        self.log_scale = nn.Parameter(torch.tensor(2.66))


class ClipObjective(Objective[Towers]):
    """Trains both towers on captioned folders."""

    def __init__(self, config: ModelConfig, folders: list[Folder], run: Path):
        words = sorted({word for folder in folders for texts in folder.captions for t in texts for word in t.split()})
        text, self.teacher, self.tokenizer = start_tower(config, words)
        self.config, self.folders = config, folders
        self.model = Towers(text, ImageTower(config.image_tower))
        self.free = free_sentences() or [t for folder in folders for texts in folder.captions for t in texts]
        text.words.requires_grad_(False)  # rare words must not drift apart from frequent ones

    def loss(self, generator: torch.Generator, batch: int, fraction: float) -> tuple[Tensor, dict[str, float]]:
        """Symmetric cross-entropy over the batch's pairs, plus the distance to MiniLM on free English.

        Equal captions are no negatives: they share their pictures.
        """
        pixels, texts = self._pairs(generator, batch)
        device = self.model.log_scale.device
        self.teacher.to(device)
        image = self.model.image(pixels.to(device)).float()
        text = self._embed(self.model.text, texts).float()
        scores = self.model.log_scale.clamp(max=4.6).exp() * image @ text.T
        alike = torch.tensor([[one == other for other in texts] for one in texts], device=device)
        target = alike / alike.sum(1, keepdim=True)  # symmetric, so it is that of both directions
        contrast = (F.cross_entropy(scores, target) + F.cross_entropy(scores.T, target)) / 2
        chosen = torch.randint(len(self.free), (FREE_SENTENCES,), generator=generator)
        free = [self.free[int(i)] for i in chosen]
        with torch.no_grad():
            wanted = self._embed(self.teacher, free).float()
        drift = (1 - (self._embed(self.model.text, free).float() * wanted).sum(-1)).mean()
        right = alike.gather(1, scores.argmax(1, keepdim=True)).float().mean()
        return contrast + DRIFT_WEIGHT * drift, {"right": float(right), "drift": float(drift.detach())}

    def finish(self, run: Path) -> None:
        """Write the tokenizer that belongs to the text tower, and what the tower began with, for the run's card."""
        save_tokenizer(run, self.tokenizer.to_json())
        if begins_embedded(self.config) and not (run / BEGUN).exists():
            record_begin(run, open_checkpoint(None), ("text",))

    def _embed(self, tower: TextTower, texts: list[str]) -> Tensor:
        windows = [self.tokenizer.windows(text, self.config.text.window)[0] for text in texts]
        ids, mask = to_batch(windows, self.tokenizer.pad, self.config.text.window)
        device = tower.positions.device
        return embed(tower(ids.to(device), mask.to(device)), mask.to(device))

    def _pairs(self, generator: torch.Generator, batch: int) -> tuple[Tensor, list[str]]:
        sizes = torch.tensor([len(folder) for folder in self.folders], dtype=torch.float)
        folder = self.folders[int(torch.multinomial(sizes, 1, generator=generator))]
        index = torch.randint(len(folder), (batch,), generator=generator).sort().values.numpy()
        frame = int(torch.randint(folder.pixels.shape[1], (), generator=generator))
        unit = to_unit(np.asarray(folder.pixels[index, frame : frame + 1]))
        pixels = flip(unit, generator, folder.may_flip[index])[:, :, 0]
        side = min(pixels.shape[-2:])
        small = F.interpolate(pixels, scale_factor=SIDE / side, mode="area")
        pick = torch.rand((batch,), generator=generator)
        texts = [folder.captions[i][int(p * len(folder.captions[i]))] for i, p in zip(index, pick, strict=True)]
        return small, texts
