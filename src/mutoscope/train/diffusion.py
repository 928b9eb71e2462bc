"""The diffusion stages: `image` trains the transformer on pictures, `video` on pictures and clips together.

Latents and text states are computed once by the frozen codec and text tower and kept under `RUN/cache`. Every latent frame of a
clip has a noise level of its own (diffusion forcing, Chen et al. 2024); in half of the clips the frames before a random one are
nearly clean, which is how clips are drawn. Legend: latents B c t h w, text B L D, time B t.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mutoscope.codec import Codec
from mutoscope.config import ModelConfig
from mutoscope.data.cache import Folder
from mutoscope.device import autocast
from mutoscope.flow import grid, mix, shift_for, shift_time
from mutoscope.guidance import guided
from mutoscope.layers import use_channels_last
from mutoscope.run_folder import load_part, load_text
from mutoscope.sampler import dpm2m
from mutoscope.shapes import DIRECT_AREA
from mutoscope.text_encoder import TextTower
from mutoscope.tokenizer import Tokenizer
from mutoscope.train.latents import cached_latents, save_array
from mutoscope.train.objective import Objective
from mutoscope.train.preview_grid import make_grid, to_pictures
from mutoscope.train.settings import ImageOptions, VideoOptions
from mutoscope.train.words import to_batch
from mutoscope.transformer import Transformer

HISTORY_NOISE = 0.15  # highest noise level of frames before the one that is drawn
TEXT_LENGTH = 40  # tokens of a caption kept in training
TEXT_BATCH = 256  # captions encoded at once
CAPTIONS = 4  # of an item whose states are kept
CAPTION_DROPOUT = 0.1  # share of captions replaced by the empty one, which guidance needs
PREVIEW_PROMPTS = (
    "A serene lake surrounded by pine trees at sunset", "Waves crashing on a beach", "mountain sunset",
    "a city skyline at night", "a desert at noon", "a snowy village at dawn, watercolor",
    "an island with palm trees under the moon", "a pine forest in the fog, morning", "pixel art of a meadow in autumn",
    "flower field at golden hour, oil painting", "the open sea at blue hour", "a river in winter, ink wash",
)  # fmt: skip


@dataclass(frozen=True)
class Latents:
    """One folder, encoded: latents (M, c, t, h, w) float16 and text states for each item and wording.

    M is N for clips and 2 N for pictures, whose second half is mirrored.
    """

    latents: np.ndarray
    states: np.ndarray  # (N, CAPTIONS, TEXT_LENGTH, width) float16
    lengths: np.ndarray  # (N, CAPTIONS)
    may_flip: np.ndarray  # (N,) bool: which may be shown mirrored without making a caption untrue

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
        self.tower, self.tokenizer = load_text(run, config)
        self.codec = load_part(run, "codec", Codec(config.codec)).requires_grad_(False).eval()
        use_channels_last(self.codec)
        sets = [cache_folder(folder, self.codec, self.tower, self.tokenizer, config, run)
                for folder in folders if isinstance(options, VideoOptions) or not folder.is_clips]  # fmt: skip
        self.pictures = [item for item in sets if item.frames == 1]
        self.clips = [item for item in sets if item.frames > 1]
        self.empty, self.empty_mask = self.read([""])
        self.prompt_states, self.prompt_mask = self.read(list(PREVIEW_PROMPTS))

    def read(self, prompts: list[str]) -> tuple[Tensor, Tensor]:
        """Prompts -> states (B, L, D) and mask (B, L)."""
        return read_texts(prompts, self.tower, self.tokenizer, self.config.text.window)

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
            for start in range(0, len(chosen.states), batch):
                part = slice(start, min(start + batch, len(chosen.states)))  # of the first N: none is mirrored
                data = torch.from_numpy(chosen.latents[part].astype(np.float32))
                lengths = torch.from_numpy(chosen.lengths[part, 0].astype(np.int64))
                states = torch.from_numpy(chosen.states[part, 0, : int(lengths.max())].astype(np.float32))
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
        smallest = min((item.latents[0, 0, 0].size for item in self.pictures), default=0)
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
            noise = torch.randn((len(PREVIEW_PROMPTS), *self._common_shape()), generator=generator)
            device = next(model.parameters()).device
            given = (x.to(device) for x in (noise, self.prompt_states, self.prompt_mask))
            with autocast(device.type):
                latents = self.draw(model, *given, steps=self.preview_steps, scale=3.0).cpu()
            with autocast("cpu"):
                rows.append(to_pictures(self.codec.decode(latents)[:, :, 0]))
        return make_grid(rows)

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
        index = torch.randint(len(chosen.latents), (count,), generator=generator).sort().values.numpy()
        item = index % len(chosen.states)
        index = np.where(chosen.may_flip[item], index, item)
        caption = torch.randint(CAPTIONS, (count,), generator=generator).numpy()
        data = torch.from_numpy(chosen.latents[index].astype(np.float32))
        states = torch.from_numpy(chosen.states[item, caption].astype(np.float32))
        lengths = torch.from_numpy(chosen.lengths[item, caption].astype(np.int64))
        dropped = torch.rand((count,), generator=generator) < CAPTION_DROPOUT
        states[dropped, : self.empty.shape[1]] = self.empty
        lengths[dropped] = self.empty.shape[1]
        longest = TEXT_LENGTH if self.same_length else int(lengths.max())
        return data, states[:, :longest], torch.arange(longest)[None] < lengths[:, None]

    def _draw_set(self, generator: torch.Generator, sets: list[Latents], fraction: float) -> Latents:
        """Draw one of the sets whose size has entered, a large set more often."""
        sizes = [item.latents[0, 0].size for item in sets]
        there = entered(sizes, fraction, self.options.curriculum)
        weights = [len(item.latents) * is_in for item, is_in in zip(sets, there, strict=True)]
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


@torch.no_grad()
def read_texts(prompts: list[str], tower: TextTower, tokenizer: Tokenizer, window: int) -> tuple[Tensor, Tensor]:
    """Prompts -> text tower states (B, L, D), zero at padding, and mask (B, L)."""
    ids, mask = to_batch([tokenizer.windows(prompt, window)[0] for prompt in prompts], tokenizer.pad, TEXT_LENGTH)
    return tower(ids, mask).float() * mask[..., None], mask


def cache_folder(
    folder: Folder, codec: Codec, tower: TextTower, tokenizer: Tokenizer, config: ModelConfig, run: Path
) -> Latents:
    """Return the encoded folder from `run/cache`, encoding it on the first call."""
    text = hashlib.sha256((run / "parts" / "text.safetensors").read_bytes()).hexdigest()[:12]
    paths = [run / "cache" / f"{name}-{folder.path.name}-{folder.digest}-{text}.npy" for name in ("states", "lengths")]
    if not paths[-1].exists():
        for path, array in zip(paths, encode_captions(folder, tower, tokenizer, config), strict=True):
            save_array(path, array)
    states, lengths = (np.load(path, mmap_mode="r") for path in paths)
    return Latents(cached_latents(folder, codec, run), states, lengths, folder.may_flip)


@torch.no_grad()
def encode_captions(
    folder: Folder, tower: TextTower, tokenizer: Tokenizer, config: ModelConfig
) -> tuple[np.ndarray, np.ndarray]:
    """Return the states and lengths of a folder's captions, see `Latents`; captions of like length are read together."""
    states = np.zeros((len(folder), CAPTIONS, TEXT_LENGTH, config.text.width), np.float16)
    lengths = np.zeros((len(folder), CAPTIONS), np.uint8)
    jobs = [(i, j, texts[j % len(texts)]) for i, texts in enumerate(folder.captions) for j in range(CAPTIONS)]
    jobs.sort(key=lambda job: len(job[2]))
    for start in range(0, len(jobs), TEXT_BATCH):
        part = jobs[start : start + TEXT_BATCH]
        with autocast("cpu"):
            values, mask = read_texts([text for _, _, text in part], tower, tokenizer, config.text.window)
        for (i, j, _), value, row in zip(part, values.float().numpy(), mask, strict=True):
            states[i, j, : value.shape[0]] = value
            lengths[i, j] = int(row.sum())
    return states, lengths
