"""The diffusion stages: `image` trains the transformer on pictures, `video` on pictures and clips together.

Latents and text states are computed once by the frozen codec and text tower and kept under `RUN/cache` (`latents.py`, `texts.py`).
Every latent frame of a
clip has a noise level of its own (diffusion forcing, Chen et al. 2024); in half of the clips the frames before a random one are
nearly clean, which is how clips are drawn. Legend: latents B c t h w, text B L D, time B t.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mutoscope.codec import Codec
from mutoscope.config import ModelConfig
from mutoscope.data.cache import Folder
from mutoscope.data.filling import check_room
from mutoscope.data.records import ALONE, Share
from mutoscope.device import autocast
from mutoscope.events import Event
from mutoscope.flow import grid, mix, shift_for, shift_time
from mutoscope.guidance import guided
from mutoscope.layers import use_channels_last
from mutoscope.run_folder import load_part, load_text
from mutoscope.sampler import dpm2m
from mutoscope.shapes import DIRECT_AREA
from mutoscope.train.latents import KeptLatents, cached_latents, fill_latents, latent_bytes
from mutoscope.train.objective import Objective
from mutoscope.train.preview_grid import make_grid, to_pictures
from mutoscope.train.preview_prompts import preview_prompts
from mutoscope.train.settings import ImageOptions, VideoOptions
from mutoscope.train.texts import (
    CAPTIONS,
    TEXT_LENGTH,
    Reader,
    TextPlan,
    TextStates,
    cached_texts,
    fill_texts,
    text_bytes,
)
from mutoscope.transformer import Transformer

HISTORY_NOISE = 0.15  # highest noise level of frames before the one that is drawn


@dataclass(frozen=True)
class Latents:
    """One folder, encoded: latents (M, c, t, h, w) and the text states of each item's wordings.

    M is N for clips and 2 N for pictures, whose second half is mirrored.
    """

    latents: np.ndarray | KeptLatents
    texts: TextStates
    may_flip: np.ndarray  # (N,) bool: which may be shown mirrored without making a caption untrue
    order: np.ndarray | None = None  # items as often as they count; None = each once

    def weight(self) -> int:
        """Return how many latents there are to draw from, each as often as it counts."""
        items = len(self.texts)
        return len(self.latents) if self.order is None else len(self.order) * (len(self.latents) // items)

    def places(self, drawn: np.ndarray) -> np.ndarray:
        """Return the places of latents, given numbers under `weight`."""
        if self.order is None:
            return drawn
        return self.order[drawn % len(self.order)] + drawn // len(self.order) * len(self.texts)

    @property
    def frames(self) -> int:
        """Latent frames of an item."""
        return self.latents.shape[2]


class DiffusionObjective(Objective[Transformer]):
    """Trains the transformer on cached latents and text states; with VideoOptions on clips as well."""

    preview_steps = 16
    same_length = False  # whether captions are padded to one length, as compiled graphs want it

    def __init__(self, config: ModelConfig, folders: list[Folder], run: Path, options: ImageOptions):
        self.config, self.options = config, options
        self.model = Transformer(config.transformer)
        self.reader, self.codec = open_encoders(run, config)
        sets = [
            cache_folder(folder, self.codec, self.reader, run, options) for folder in learned_from(folders, options)
        ]
        self.pictures = [item for item in sets if item.frames == 1]
        self.clips = [item for item in sets if item.frames > 1]
        self.empty, self.empty_mask = self.read([""])
        self.prompts = preview_prompts(run, folders)
        self.prompt_states, self.prompt_mask = self.read(list(self.prompts))

    @classmethod
    def prepare(
        cls, config: ModelConfig, folders: list[Folder], run: Path, options: ImageOptions, share: Share = ALONE
    ) -> Iterator[Event]:
        """Encode captions and pixels into `run/cache`; StorageFullError first where the disk has no room for them."""
        reader, codec = open_encoders(run, config)
        kept = learned_from(folders, options)
        plans = [TextPlan(folder.captions, reader, options) for folder in kept]
        needed = sum(latent_bytes(folder, codec, run, options.mirror) for folder in kept)
        needed += sum(text_bytes(plan, run) for plan in plans)
        check_room(run, needed, "latents and text states")
        for plan in plans:
            yield from fill_texts(plan, run, share)
        for folder in kept:
            yield from fill_latents(folder, codec, run, options.mirror, share)

    def read(self, prompts: list[str]) -> tuple[Tensor, Tensor]:
        """Prompts -> states (B, L, D) and mask (B, L)."""
        return self.reader.read(self.reader.windows(prompts))

    def loss(self, generator: torch.Generator, batch: int, fraction: float) -> tuple[Tensor, dict[str, float]]:
        """Mean squared error of the velocity over one batch of pictures or clips."""
        of_clips = self._takes_clips(generator)
        data, states, mask = self._batch(generator, batch, of_clips, fraction)
        loss = self._error(data, states, mask, generator)
        return loss, {"loss_clips" if of_clips else "loss_pictures": float(loss.detach())}

    @torch.no_grad()
    def held_out_loss(self, sets: list[Latents], seed: int = 0, batch: int = 64) -> float:
        """Return the flow loss over `sets`: every item once with its first caption, noise and times drawn from `seed` alone.

        So two models that are asked meet the same draws, and few items tell them apart.
        """
        generator = torch.Generator().manual_seed(seed)
        total, items = 0.0, 0
        for chosen in sets:
            for start in range(0, len(chosen.texts), batch):
                part = slice(start, min(start + batch, len(chosen.texts)))  # of the first N: none is mirrored
                data = torch.from_numpy(chosen.latents[part].astype(np.float32))
                states, lengths = chosen.texts.take(chosen.texts.captions[part, 0])
                mask = torch.arange(states.shape[1])[None] < lengths[:, None]
                total += float(self._error(data, states, mask, generator)) * len(data)
                items += len(data)
        return total / items

    def _error(self, data: Tensor, states: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
        """Mean squared error of the velocity at random points between `data` (B, c, t, h, w) and noise."""
        noise = torch.randn(data.shape, generator=generator)
        time = self._times(generator, data.shape[0], data.shape[2], data[0, :, 0].numel())
        if self._is_refined(data):
            time = self.options.fine * time
        device = next(self.model.parameters()).device  # drawn on the CPU: the same numbers everywhere
        data, noise, time, states, mask = (x.to(device) for x in (data, noise, time, states, mask))
        point = mix(data, noise, time[:, None, :, None, None])
        velocity = self.model(point.noisy, time, self.model.adapt(states, mask), mask).float()
        return (velocity - point.velocity).square().mean()

    def _is_refined(self, data: Tensor) -> bool:
        """Say whether pictures of this size are made from smaller ones: the smallest of the data are those that are drawn at once."""
        smallest = min((math.prod(item.latents.shape[-2:]) for item in self.pictures), default=0)
        return data.shape[2] == 1 and data[0, 0, 0].numel() > DIRECT_AREA * smallest > 0

    def compiled_modules(self) -> list[nn.Module]:
        """Return the network and its adapter; captions come in one length from now on."""
        self.same_length = True
        return [self.model, self.model.adapter]

    def preview(self, model: Transformer) -> np.ndarray:
        """Two pictures of every preview prompt, with guidance."""
        generator = torch.Generator().manual_seed(0)
        rows = []
        for _ in range(2):
            noise = torch.randn((len(self.prompts), *self._common_shape()), generator=generator)
            device = next(model.parameters()).device
            given = (x.to(device) for x in (noise, self.prompt_states, self.prompt_mask))
            with autocast(device.type):
                latents = self.draw(model, *given, steps=self.preview_steps, scale=3.0).cpu()
            with autocast("cpu"):
                rows.append(to_pictures(self.codec.decode(latents)[:, :, 0]))
        return make_grid(rows, self.prompts)

    def _common_shape(self) -> tuple[int, ...]:
        """Return the shape (c, 1, h, w) that most pictures of the data have, 128 px where there are clips alone."""
        if not self.pictures:
            return self.clips[0].latents.shape[1], 1, 16, 16
        return max(self.pictures, key=lambda item: len(item.latents)).latents.shape[1:]

    def draw(self, model: Transformer, noise: Tensor, states: Tensor, mask: Tensor, steps: int, scale: float) -> Tensor:
        """Noise (B, c, 1, h, w) -> latents, for previews."""
        B = len(mask)
        both, both_mask = self._with_empty(states, mask)
        text = model.adapt(both, both_mask)

        def alone(x: Tensor, time: float) -> Tensor:
            return model(x, torch.full((B, 1), time, device=x.device), text[:B], mask).float()

        def pair(x: Tensor, time: float) -> tuple[Tensor, Tensor]:
            both = torch.full((2 * B, 1), time, device=x.device)
            return model(torch.cat([x, x]), both, text, both_mask).float().chunk(2)

        times = grid(steps, shift_for(noise[0, :, 0].numel()))
        latents = noise
        for step in dpm2m(guided(pair, alone, scale), noise, times):
            latents = step.latents
        return latents

    def _with_empty(self, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """States (B, L, D) and mask (B, L) -> (2 B, ...): the prompts, and below them as many empty ones."""
        empty, empty_mask = torch.zeros_like(states), torch.zeros_like(mask)
        empty[:, : self.empty.shape[1]] = self.empty.to(empty.device)
        empty_mask[:, : self.empty.shape[1]] = True
        return torch.cat([states, empty]), torch.cat([mask, empty_mask])

    def _takes_clips(self, generator: torch.Generator) -> bool:
        """Draw whether the batch is one of clips."""
        if not self.clips or not self.pictures:
            return bool(self.clips)
        assert isinstance(self.options, VideoOptions), "only these let clips in"
        return bool(torch.rand((), generator=generator) < self.options.clip_share)

    def _batch(
        self, generator: torch.Generator, batch: int, of_clips: bool, fraction: float = 1.0
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Draw latents (B, c, t, h, w), text states (B, L, D) and their mask (B, L), all of one folder."""
        chosen = self._draw_set(generator, self.clips if of_clips else self.pictures, fraction)
        count = max(1, batch // chosen.frames)
        index = chosen.places(torch.randint(chosen.weight(), (count,), generator=generator).sort().values.numpy())
        item = index % len(chosen.texts)
        index = np.where(chosen.may_flip[item], index, item)
        caption = torch.randint(CAPTIONS, (count,), generator=generator).numpy()
        data = torch.from_numpy(chosen.latents[index].astype(np.float32))
        states, lengths = chosen.texts.take(chosen.texts.captions[item, caption])
        dropped = torch.rand((count,), generator=generator) < self.options.caption_dropout
        return data, *self._without_some(states, lengths, dropped)

    def _without_some(self, states: Tensor, lengths: Tensor, dropped: Tensor) -> tuple[Tensor, Tensor]:
        """States (B, L, D) of these lengths (B,) -> (B, L', D) and mask (B, L'), the empty caption in place of dropped ones."""
        empty = self.empty.shape[1]
        lengths = torch.where(dropped, empty, lengths)
        longest = TEXT_LENGTH if self.same_length else int(lengths.max())
        states = F.pad(states, (0, 0, 0, max(0, max(longest, empty) - states.shape[1])))
        states[dropped, :empty] = self.empty
        return states[:, :longest], torch.arange(longest)[None] < lengths[:, None]

    def _draw_set(self, generator: torch.Generator, sets: list[Latents], fraction: float) -> Latents:
        """Draw one of the sets whose size has entered, a large set more often."""
        sizes = [math.prod(item.latents.shape[2:]) for item in sets]
        there = entered(sizes, fraction, self.options.curriculum)
        weights = [item.weight() * is_in for item, is_in in zip(sets, there, strict=True)]
        return sets[int(torch.multinomial(torch.tensor(weights, dtype=torch.float), 1, generator=generator))]

    def _times(self, generator: torch.Generator, count: int, frames: int, values: int) -> Tensor:
        """Noise levels (B, t): logit-normal, shifted by size; see the head of the file for clips."""
        drawn = torch.sigmoid(torch.randn((count, frames), generator=generator))
        if frames == 1:
            return shift_time(drawn, self.options.shift * shift_for(values))
        time = shift_time(drawn, shift_for(values))
        pivot = torch.randint(frames, (count, 1), generator=generator)
        history = torch.arange(frames)[None] < pivot
        nearly_clean = HISTORY_NOISE * torch.rand((count, frames), generator=generator)
        forced = torch.rand((count, 1), generator=generator) < 0.5
        return torch.where(history & forced, nearly_clean, time)


def entered(sizes: list[int], fraction: float, share: float) -> list[bool]:
    """Which data sets are drawn from at `fraction` of the run: the smallest size from the start, the largest after `share`."""
    steps = sorted(set(sizes))
    opens = {size: share * i / max(1, len(steps) - 1) for i, size in enumerate(steps)}
    return [fraction >= opens[size] for size in sizes]


def learned_from(folders: list[Folder], options: ImageOptions) -> list[Folder]:
    """Return the folders that a stage with these options learns from: clips are for the video stage alone."""
    return [folder for folder in folders if isinstance(options, VideoOptions) or not folder.is_clips]


def open_encoders(run: Path, config: ModelConfig) -> tuple[Reader, Codec]:
    """Return the frozen text tower and codec of a run."""
    codec = load_part(run, "codec", Codec(config.codec)).requires_grad_(False).eval()
    use_channels_last(codec)
    return Reader(*load_text(run, config), config), codec


def cache_folder(folder: Folder, codec: Codec, reader: Reader, run: Path, options: ImageOptions) -> Latents:
    """Return the encoded folder from `run/cache`, encoding it on the first call."""
    texts = cached_texts(TextPlan(folder.captions, reader, options), run)
    order = folder.order if options.repeats else None
    may_flip = folder.may_flip if options.mirror else np.zeros(len(folder), bool)
    return Latents(cached_latents(folder, codec, run, options.mirror), texts, may_flip, order)
