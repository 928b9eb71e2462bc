"""The judge's stage: the three networks of the evaluation (extractors.py) learn from renders, and from nothing else.

    scene     cross entropy of every attribute that a picture shows
    encoder   two crops of a picture have the same features, and the features stay spread (VICReg, Bardes et al. 2022); and they
              tell how much a picture was blurred and how much noise was put on it, so that distances see what eyes see
    match     pictures and captions find each other in the batch (CLIP, Radford et al. 2021)

They share no weight, so the sum of their losses trains each as if it were alone, and the stage "classifier" trains the first
on beside the other two of a judge that the run has. Every tenth picture is held back; the share
that is read right among those is written into the card. Train it on worlds of other seeds than the generator's, with the
combinations that the generator never sees: see docs/evaluation.md.

Legend: pixels B 3 H W in [-1, 1].
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mutoscope.config import ModelConfig
from mutoscope.data.cache import Folder
from mutoscope.errors import DataError
from mutoscope.extractors import TINY, Extractors, Sizes, fit, load_extractors, save_extractors, split_words
from mutoscope.train.latents import to_unit
from mutoscope.train.objective import Objective
from mutoscope.world.shown import attributes, shown
from mutoscope.world.spec import SceneSpec

MEASURED_PICTURES = 2000  # pictures of each folder that set the scale of the features
TEST_EVERY = 10  # of so many pictures one is held back for the test
UNSEEN_LABEL = -100  # of a fact that the picture does not show; the loss leaves it out
LABEL_SMOOTHING = 0.05
MIN_VIEW_AREA = 0.35  # share of the area that a view of the encoder keeps
INVARIANCE_WEIGHT, VARIANCE_WEIGHT, COVARIANCE_WEIGHT = 1.0, 1.0, 0.04  # of VICReg, in its paper's proportions
QUALITY_WEIGHT = 5.0  # weight of telling blur and noise, which are in 0..1
NOISE_DEVIATION = 0.25  # of the strongest noise
EXPANDED_WIDTH = 512  # width in which VICReg compares; thrown away after training


class JudgeNets(nn.Module):
    """What is trained: the extractors that are kept, and two heads of the encoder that are not."""

    def __init__(self, kept: Extractors):
        super().__init__()
        self.kept = kept
        width = kept.sizes.features
        self.expander = nn.Sequential(
            nn.Linear(width, EXPANDED_WIDTH), nn.ReLU(), nn.Linear(EXPANDED_WIDTH, EXPANDED_WIDTH)
        )
        self.quality = nn.Linear(width, 2)


class JudgeObjective(Objective[JudgeNets]):
    """Trains the extractors on captioned folders of renders."""

    def __init__(self, config: ModelConfig, folders: list[Folder], run: Path):
        self.folders = [folder for folder in folders if not folder.is_clips]
        self.asked = {name: words for name, words in attributes().items() if name != "thing"}  # see thing_reader.py
        self.labels = [_labels(folder, self.asked) for folder in self.folders]  # (N, attributes) each
        self.test = [np.arange(TEST_EVERY - 1, len(folder), TEST_EVERY) for folder in self.folders]
        self.train = [np.setdiff1d(np.arange(len(folder)), test)
                      for folder, test in zip(self.folders, self.test, strict=True)]  # fmt: skip
        self.rarity = self._rarity()
        self.model = JudgeNets(self._start(config, run))

    def _rarity(self) -> list[Tensor]:
        """Return the weights of every training row with which any style is drawn as often as any other."""
        column = list(self.asked).index("style")
        styles = [labels[rows, column] for labels, rows in zip(self.labels, self.train, strict=True)]
        return [1.0 / of.bincount()[of].float() for of in styles]

    def _start(self, config: ModelConfig, run: Path) -> Extractors:
        """Return the networks as training begins."""
        words = {w for folder in self.folders for texts in folder.captions for text in texts for w in split_words(text)}
        return Extractors(TINY if config.preset == "tiny" else Sizes(), self.asked, sorted(words))

    def loss(self, generator: torch.Generator, batch: int, fraction: float) -> tuple[Tensor, dict[str, float]]:
        """Sum of the losses on one batch of one folder."""
        nets = self.model.kept
        pixels, labels, texts = self._batch(generator, batch)
        seen = disturb(pixels, generator)
        reading = label_loss(nets.scene(seen), labels, LABEL_SMOOTHING)
        spread = vicreg(*[self._features(view_of(pixels, generator)) for _ in range(2)])
        worse, levels = degrade(pixels, generator)
        quality = F.mse_loss(self.model.quality(nets.encoder(worse)).float(), levels)
        scores = nets.match.log_scale.clamp(max=4.6).exp() * nets.match.see(seen) @ nets.match.read(nets.ids(texts)).T
        target = torch.arange(len(scores))
        matching = (F.cross_entropy(scores, target) + F.cross_entropy(scores.T, target)) / 2
        right = (scores.argmax(1) == target).float().mean()
        numbers = {"reading": reading, "spread": spread, "quality": quality, "matching": matching, "matched": right}
        total = reading + spread + QUALITY_WEIGHT * quality + matching
        return total, {name: float(value.detach()) for name, value in numbers.items()}

    def finish(self, run: Path) -> None:
        """Test the trained networks, rounded as they are stored, and write them with their provenance to the run's folder."""
        self._save(run, self.model.kept.half().float().eval(), measured=True)

    def _save(self, run: Path, nets: Extractors, *, measured: bool) -> None:
        if measured:
            nets.encoder.measure(self._some())
            nets.half().float()
        save_extractors(run, nets, {"data": [self._describe(number) for number in range(len(self.folders))],
                                    "labels": self._counts(), "test": self._test(nets)})  # fmt: skip

    def _some(self) -> Iterator[Tensor]:
        """Yield pixels of some training pictures of every folder, in batches."""
        for number, rows in enumerate(self.train):
            chosen = rows[:: max(1, len(rows) // MEASURED_PICTURES)]
            for first in range(0, len(chosen), 64):
                yield self._pixels(number, chosen[first : first + 64])

    def _features(self, pixels: Tensor) -> Tensor:
        return self.model.expander(self.model.kept.encoder(pixels)).float()

    def _batch(self, generator: torch.Generator, batch: int) -> tuple[Tensor, Tensor, list[str]]:
        """Draw pixels (B, 3, S, S), labels (B, attributes) and a caption each; half of those without sides are mirrored."""
        sizes = torch.tensor([len(rows) for rows in self.train], dtype=torch.float)
        number = int(torch.multinomial(sizes, 1, generator=generator))
        folder, rows = self.folders[number], self.train[number]
        index = rows[self._pick(number, batch, generator).sort().values.numpy()]
        pixels, labels = self._pixels(number, index), self.labels[number][index]
        sideless = torch.from_numpy(folder.may_flip[index]) & (
            labels[:, list(self.asked).index("side")] == UNSEEN_LABEL
        )
        mirrored = sideless & (torch.rand(batch, generator=generator) < 0.5)
        pixels = torch.where(mirrored.view(-1, 1, 1, 1), pixels.flip(3), pixels)
        pick = torch.rand(batch, generator=generator).tolist()
        texts = [folder.captions[i][int(p * len(folder.captions[i]))] for i, p in zip(index, pick, strict=True)]
        return pixels, labels, texts

    def _pick(self, number: int, batch: int, generator: torch.Generator) -> Tensor:
        """Draw places of training rows (B,): half of them whatever comes, half of any style alike, for most are photos."""
        rarity = self.rarity[number]
        uniform = torch.randint(len(rarity), (batch - batch // 2,), generator=generator)
        rare = torch.multinomial(rarity, batch // 2, True, generator=generator)
        return torch.cat([uniform, rare])

    def _pixels(self, number: int, index: np.ndarray) -> Tensor:
        return fit(to_unit(self.folders[number].pixels[index])[:, :, 0], self.model.kept.sizes.side)

    # --- provenance

    def _describe(self, number: int) -> dict[str, Any]:
        folder = self.folders[number]
        return {"name": folder.path.resolve().name, "digest": folder.digest, "items": len(folder),
                "seeds": sorted({int(facts["seed"]) for facts in folder.facts})}  # fmt: skip

    def _counts(self) -> dict[str, dict[str, int]]:
        """Return how many training pictures show each word; a word that none shows is never an answer."""
        found = {}
        for column, (name, words) in enumerate(self.asked.items()):
            parts = [labels[rows, column] for labels, rows in zip(self.labels, self.train, strict=True)]
            counts = Counter(torch.cat(parts).tolist())
            found[name] = {word: counts[place] for place, word in enumerate(words) if counts[place]}
        return found

    @torch.no_grad()
    def _test(self, nets: Extractors) -> dict[str, Any]:
        """Return {"all": {attribute: [right, of]}, "styles": {style: the same}} on the pictures held back."""
        everything: dict[str, list[int]] = {}
        styles: dict[str, dict[str, list[int]]] = {}
        for number, test in enumerate(self.test):
            for first in range(0, len(test), 64):
                rows = test[first : first + 64]
                logits = nets.scene(self._pixels(number, rows))
                found = torch.stack([values.argmax(1) for values in logits.values()], 1)
                for row, answer in zip(rows, found, strict=True):
                    wanted = self.labels[number][row]
                    parts = (everything, styles.setdefault(self.folders[number].facts[row]["style"], {}))
                    for name, place, right in zip(
                        self.asked, wanted.tolist(), (answer == wanted).tolist(), strict=True
                    ):
                        for part in parts if place != UNSEEN_LABEL else ():
                            tally = part.setdefault(name, [0, 0])
                            tally[0], tally[1] = tally[0] + right, tally[1] + 1
        return {"all": everything, "styles": styles}


class ClassifierObjective(JudgeObjective):
    """Trains the classifier alone, beside the other two networks of a judge that the run has."""

    def _start(self, config: ModelConfig, run: Path) -> Extractors:
        """Return the run's networks, of which only the classifier is trained.

        It goes on with all that fits: an old trunk sees edges and textures already, and answers of the same words are kept.
        """
        old, _ = load_extractors(run)
        nets = Extractors(old.sizes, self.asked, old.words).requires_grad_(False)
        nets.encoder, nets.match = old.encoder, old.match
        known, new = old.scene.state_dict(), nets.scene.state_dict()
        nets.scene.load_state_dict({name: known[name] if name in known and known[name].shape == tensor.shape else tensor
                                    for name, tensor in new.items()})  # fmt: skip
        nets.scene.requires_grad_(True).train()
        return nets

    def loss(self, generator: torch.Generator, batch: int, fraction: float) -> tuple[Tensor, dict[str, float]]:
        """Cross entropy of every attribute that a picture shows."""
        pixels, labels, _ = self._batch(generator, batch)
        reading = label_loss(self.model.kept.scene(disturb(pixels, generator)), labels, LABEL_SMOOTHING)
        return reading, {"reading": float(reading.detach())}

    def finish(self, run: Path) -> None:
        """Test and write the networks; the encoder's scale stays as it was measured."""
        self._save(run, self.model.kept.half().float().eval(), measured=False)


def _labels(folder: Folder, asked: Mapping[str, Sequence[str]]) -> Tensor:
    """Return the labels (N, attributes) of a folder's pictures; DataError when they are no renders."""
    return torch.tensor([to_labels(_shown(folder, facts), asked) for facts in folder.facts])


def _shown(folder: Folder, facts: dict[str, Any]) -> dict[str, str]:
    try:
        return shown(SceneSpec.from_facts(facts))
    except (TypeError, KeyError) as error:
        raise DataError(
            f"{folder.path}: a picture has no facts of a scene ({error}); the judge learns from mutoscope data render alone"
        ) from error


def to_labels(facts: Mapping[str, str], asked: Mapping[str, Sequence[str]]) -> list[int]:
    """Return the number of each attribute's word, in the order of `asked`; UNSEEN_LABEL for what is not shown."""
    return [list(words).index(facts[name]) if name in facts else UNSEEN_LABEL for name, words in asked.items()]


def label_loss(logits: dict[str, Tensor], labels: Tensor, smoothing: float) -> Tensor:
    """Return the sum of the cross entropies of all attributes; `labels` (B, attributes)."""
    total = labels.new_zeros((), dtype=torch.float32)
    for values, wanted in zip(logits.values(), labels.unbind(1), strict=True):
        if bool((wanted != UNSEEN_LABEL).any()):
            total = total + F.cross_entropy(
                values.float(), wanted, ignore_index=UNSEEN_LABEL, label_smoothing=smoothing
            )
    return total


def vicreg(a: Tensor, b: Tensor) -> Tensor:
    """Return the VICReg loss (Bardes et al. 2022, eq. 6) of two views (B, D): agree, keep a deviation of 1, correlate little."""
    agree = F.mse_loss(a, b)
    hinge = sum(F.relu(1 - (x.var(0) + 1e-4).sqrt()).mean() for x in (a, b)) / 2
    return (
        INVARIANCE_WEIGHT * agree + VARIANCE_WEIGHT * hinge + COVARIANCE_WEIGHT * (_off_diagonal(a) + _off_diagonal(b))
    )


def _off_diagonal(x: Tensor) -> Tensor:
    """Sum of the squared covariances between different columns of (B, D), over D."""
    centred = x - x.mean(0)
    covariance = centred.T @ centred / (len(x) - 1)
    return (covariance.square().sum() - covariance.diagonal().square().sum()) / x.shape[1]


def view_of(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Return one crop of each picture, mirrored at will, a little brighter or flatter, at the old size; (B, 3, S, S).

    No blur and no change of hue: what the features do not notice, no distance between them can measure.
    """
    batch = len(pixels)
    unit = torch.rand(batch, 6, generator=generator)
    side = (MIN_VIEW_AREA + (1 - MIN_VIEW_AREA) * unit[:, 0]).sqrt()
    mirror = torch.where(unit[:, 3] < 0.5, -1.0, 1.0)
    matrix = torch.zeros(batch, 2, 3)
    matrix[:, 0, 0], matrix[:, 1, 1] = side * mirror, side
    matrix[:, 0, 2], matrix[:, 1, 2] = ((2 * unit[:, row] - 1) * (1 - side) for row in (1, 2))
    where = F.affine_grid(matrix, list(pixels.shape), align_corners=False)
    crop = F.grid_sample(pixels, where, padding_mode="reflection", align_corners=False)
    contrast, light = 0.85 + 0.3 * unit[:, 4], 0.2 * unit[:, 5] - 0.1
    seen = (crop * contrast.view(-1, 1, 1, 1) + light.view(-1, 1, 1, 1)).clamp(-1, 1)
    return seen.contiguous(memory_format=torch.channels_last)


def degrade(pixels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Blur some pictures (B, 3, S, S) and put noise on some; returns them with both strengths (B, 2) in 0..1."""
    levels = torch.rand(len(pixels), 2, generator=generator)
    levels = levels * (torch.rand(levels.shape, generator=generator) < 0.6)
    blur, noise = (levels[:, row].view(-1, 1, 1, 1) for row in range(2))
    soft = F.interpolate(F.avg_pool2d(pixels, 4), scale_factor=4.0, mode="bilinear")
    worse = torch.lerp(pixels, soft, blur) + NOISE_DEVIATION * noise * torch.randn(pixels.shape, generator=generator)
    return worse.contiguous(memory_format=torch.channels_last), levels


def disturb(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Shift, soften a third, add a little noise, (B, 3, H, W): what a model draws is no exact render."""
    batch, side = len(pixels), pixels.shape[-1]

    def chosen(probability: float) -> Tensor:
        return torch.rand(batch, 1, 1, 1, generator=generator) < probability

    down, right = (int(torch.randint(0, 9, (), generator=generator)) for _ in range(2))
    pixels = F.pad(pixels, (4, 4, 4, 4), mode="replicate")[..., down : down + side, right : right + side]
    pixels = torch.where(chosen(0.33), _soften(pixels), pixels)
    strength = 0.04 * torch.rand(batch, 1, 1, 1, generator=generator) * chosen(0.5)
    noisy = pixels + strength * torch.randn(pixels.shape, generator=generator)
    return noisy.contiguous(memory_format=torch.channels_last)


def _soften(pixels: Tensor) -> Tensor:
    """Average each pixel with its neighbours, 1 2 1 both ways; the rim stays."""
    soft = pixels.clone()
    soft[..., 1:-1, :] = (pixels[..., :-2, :] + 2 * pixels[..., 1:-1, :] + pixels[..., 2:, :]) / 4
    rows = soft.clone()
    soft[..., 1:-1] = (rows[..., :-2] + 2 * rows[..., 1:-1] + rows[..., 2:]) / 4
    return soft
