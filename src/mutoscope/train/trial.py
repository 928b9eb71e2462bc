"""How fast this machine trains: single passes, by which a size is chosen, and some steps of the very stages that a plan has.

The steps are taken on noise in a folder that is gone afterwards: the same losses, optimisers and averages as in the training.
"""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mutoscope.codec import Codec
from mutoscope.config import PATCH, SPACE_FACTOR, ModelConfig
from mutoscope.data.cache import Folder
from mutoscope.events import drain
from mutoscope.train.learner import Learner
from mutoscope.train.optim import PowerAverage, make_optimisers
from mutoscope.train.plan import forward_flops
from mutoscope.train.ranks import Ranks, pick_device
from mutoscope.train.stages import read_settings, stage_named
from mutoscope.transformer import Transformer

TRIAL_SECONDS = 2.0  # of steps, a stage
NOISE_ITEMS = 8
CLIP_FRAMES = 25  # of a packed clip, at most


@dataclass(frozen=True)
class Speed:
    """What the machine does in a second, measured."""

    flops: float  # of training passes of the transformer
    step: float  # seconds of the optimiser and the average, whatever the batch
    encodings: float  # pixels through the codec's encoder


def rate_of(config: ModelConfig, speed: Speed, side: int, batch: int) -> float:
    """Return the samples a second of the transformer's stage at a size, as its arithmetic says."""
    tokens = (side // SPACE_FACTOR // PATCH) ** 2
    return batch / (3 * batch * forward_flops(config.transformer, 1, tokens) / speed.flops + speed.step)


# Steps of the stages ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trial:
    """What is tried: the parts a run begins with, and data like those of the run."""

    config: ModelConfig
    parts: tuple[str, ...]  # of the embedded model
    captions: Sequence[str]
    side: int
    pictures: bool
    clips: bool

    def folders(self) -> list[Folder]:
        """Return noise of the size of the data."""
        kinds = [("pictures", 1)] * self.pictures + [("clips", CLIP_FRAMES)] * self.clips
        return [_noise(name, frames, self.side, self.captions) for name, frames in kinds]


def measure_rates(trial: Trial, stages: Sequence[tuple[str, dict[str, Any]]]) -> dict[str, float]:
    """Return the samples a second of each (stage, settings), in the order in which they follow one another."""
    from mutoscope.checkpoint import open_checkpoint
    from mutoscope.run_folder import begin_from

    with tempfile.TemporaryDirectory() as place:
        run = Path(place)
        if trial.parts:
            begin_from(run, open_checkpoint(None), trial.config, trial.parts)
        folders = trial.folders()
        return {name: _try(name, settings, trial.config, folders, run) for name, settings in stages}


def _try(name: str, values: dict[str, Any], config: ModelConfig, folders: list[Folder], run: Path) -> float:
    """Take some steps of a stage, and leave its parts for the next one."""
    from mutoscope.run_folder import save_part
    from mutoscope.train import make_objective

    row = stage_named(name)
    settings, options = read_settings(name, {**values, "samples": 1 << 30})
    drain(row.load().prepare(config, folders, run, options))
    objective = make_objective(row, config, folders, run, options)
    learner = Learner(objective, settings, Ranks(device=pick_device(settings.device)))
    rate = settings.batch / seconds_of_step(learner)
    if name != "codec":  # whose end measures the latents of all pictures, which is no part of a step
        objective.finish(run)
    for part, where in row.leaves.items():
        save_part(run, part, attrgetter(where)(objective))
    return rate


def seconds_of_step(learner: Learner) -> float:
    """Return the seconds of a step: of the first one where that takes long, else the mean of those after it."""
    start, steps = time.perf_counter(), 0
    learner.step(0, 0, 0.5)
    first = time.perf_counter() - start
    if first > TRIAL_SECONDS:
        return first
    start = time.perf_counter()
    while (spent := time.perf_counter() - start) < TRIAL_SECONDS:
        steps += 1
        learner.step(steps * learner.settings.batch, steps, 0.5)
    return spent / steps


def _noise(name: str, frames: int, side: int, captions: Sequence[str]) -> Folder:
    pixels = np.random.default_rng(0).integers(0, 256, (NOISE_ITEMS, frames, side, side, 3), np.uint8)
    texts = [[captions[number % len(captions)]] for number in range(NOISE_ITEMS)]
    return Folder(Path(name), pixels, texts, [{} for _ in texts], "noise")


# Single passes ---------------------------------------------------------------------------------------------------


def measure_speed(config: ModelConfig, muon: bool, side: int = 64, batch: int = 8) -> Speed:
    """Return what one training pass of the transformer and one encoding take here, the second of two."""
    device = pick_device("auto")
    c = config.transformer
    model = Transformer(c).to(device)
    latents = torch.randn(batch, c.latent_channels, 1, side // SPACE_FACTOR, side // SPACE_FACTOR, device=device)
    text = torch.randn(batch, 12, c.text_width, device=device)
    mask = torch.ones(batch, 12, dtype=torch.bool, device=device)
    seconds = min(_time_pass(model, latents, text, mask) for _ in range(2))
    tokens = (side // SPACE_FACTOR // PATCH) ** 2
    flops = 3 * batch * forward_flops(c, 1, tokens) / seconds
    return Speed(flops, _time_optimiser(model, muon), _encodings(config, device))


def _time_pass(model: Transformer, latents: torch.Tensor, text: torch.Tensor, mask: torch.Tensor) -> float:
    start = time.perf_counter()
    time_ = torch.rand(len(latents), 1, device=latents.device)
    loss = model(latents, time_, model.adapt(text, mask), mask).square().mean()
    loss.backward()
    float(loss.detach())
    return time.perf_counter() - start


def _time_optimiser(model: Transformer, muon: bool) -> float:
    """Return the seconds of one step of the optimisers, the gradients being there, and of two averages of the weights."""
    optimisers = make_optimisers(model, 1e-9, 1.0, muon)
    averages = [PowerAverage(model, exponent) for exponent in (6.94, 16.97)]
    start = time.perf_counter()
    for optimiser in optimisers:
        optimiser.step()
    for average in averages:
        average.update(model, 2)
    float(next(model.parameters()).detach().flatten()[0])
    return time.perf_counter() - start


def _encodings(config: ModelConfig, device: torch.device) -> float:
    codec, pixels = Codec(config.codec).to(device), torch.rand(4, 3, 1, 64, 64, device=device)
    with torch.no_grad():
        codec.encode(pixels)
        start = time.perf_counter()
        float(codec.encode(pixels).sum())
    return 4 * 64 * 64 / (time.perf_counter() - start)
