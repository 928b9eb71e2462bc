"""The codec's stage: pixels -> latents -> pixels, pictures and clips in turn, without any pretrained network.

Losses: Charbonnier, a Laplacian pyramid (so that edges and fine texture weigh as much as areas), differences in time for clips.
Latents get noise on half the samples (l-DeTok), which makes the decoder forgive what the diffusion gets slightly wrong.

Legend: pixels B C T H W in [-1, 1], latents B c t h w.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mutoscope.codec import Codec
from mutoscope.config import TIME_FACTOR, ModelConfig
from mutoscope.data.cache import Folder
from mutoscope.data.filling import check_room
from mutoscope.data.records import ALONE, Share
from mutoscope.events import Event
from mutoscope.layers import use_channels_last
from mutoscope.run_folder import load_part
from mutoscope.train.latents import KeptLatents, cached_latents, fill_latents, latent_bytes, to_unit
from mutoscope.train.objective import Objective
from mutoscope.train.preview_grid import make_grid, to_pictures

CLIP_FRAMES = 9  # two groups of four after the first frame: the step from group to group must be seen in training
LATENT_NOISE = 0.06
CLIP_SHARE = 0.4  # of the steps that learn from clips where there are pictures too
CLIP_COST = 4  # a clip takes the place of so many pictures in a batch
LATENT_WEIGHT = 1e-3  # of the squared latents
CLIP_NOISE = 0.12  # own for each latent frame: the decoder learns to hold still what the diffusion draws anew
TIME_WEIGHT = 3.0  # of the error of the changes from frame to frame, which the eye sees before any other


class CodecObjective(Objective[Codec]):
    """Trains an Codec on the pixels of captioned folders."""

    def __init__(self, config: ModelConfig, folders: list[Folder], run: Path):
        self.model = Codec(config.codec)
        use_channels_last(self.model)
        self.run = run
        self.pictures = [folder for folder in folders if not folder.is_clips]
        self.clips = [folder for folder in folders if folder.is_clips]

    def loss(self, generator: torch.Generator, batch: int, fraction: float) -> tuple[Tensor, dict[str, float]]:
        """Reconstruction loss of one batch of pictures or of clips."""
        of_clips = self._takes_clips(generator)
        pixels, latents = self._batch(generator, max(1, batch // CLIP_COST) if of_clips else batch, of_clips)
        noise = draw_latent_noise(latents, generator, CLIP_NOISE if of_clips else LATENT_NOISE)
        decoded = self.model.decoder(latents + noise).float()
        total = charbonnier(decoded - pixels) + laplacian_loss(decoded, pixels)
        total = total + LATENT_WEIGHT * latents.float().square().mean()
        if of_clips:
            total = total + TIME_WEIGHT * charbonnier(decoded.diff(dim=2) - pixels.diff(dim=2))
        psnr = -10 * torch.log10((decoded.detach() - pixels).square().mean() / 4)
        return total, {"psnr_clips" if of_clips else "psnr_pictures": float(psnr)}

    def compiled_modules(self) -> list[nn.Module]:
        """Return encoder and decoder, which the loss calls one by one."""
        return [self.model.encoder, self.model.decoder]

    def preview(self, model: Codec) -> np.ndarray:
        """Originals above their reconstructions; below, the frames of one clip."""
        generator = torch.Generator().manual_seed(1)
        pixels = self._pictures(generator, 8) if self.pictures else self._clips(generator, 8)[:, :, :1]
        rows = [pixels[:, :, 0], model.decode(model.encode(pixels))[:, :, 0]]
        if self.clips and self.pictures:
            clips = self._clips(generator, 8)
            rows += [clips[:, :, -1], model.decode(model.encode(clips))[:, :, -1]]
        return make_grid([to_pictures(row) for row in rows])

    def finish(self, run: Path) -> None:
        """Measure the latents that the trained encoder gives."""
        self.measure(self.model)

    @torch.no_grad()
    def measure(self, model: Codec, batches: int = 24) -> None:
        """Set the latents' mean and deviation inside the codec.

        One deviation for all channels: coarse patterns keep more of the scale than fine ones, so noise hides the fine ones
        first and sampling decides the layout before the texture (dev/log.md).
        """
        generator = torch.Generator().manual_seed(2)
        model.mean.zero_()
        model.deviation.fill_(1.0)
        stills = self._pictures if self.pictures else lambda g, batch: self._clips(g, batch)[:, :, :1]
        latents = [model.encode(stills(generator, 16)).transpose(0, 1).flatten(1) for _ in range(batches)]
        model.mean.copy_(torch.cat(latents, 1).mean(1))
        model.deviation.fill_(float(torch.cat(latents, 1).std(1).square().mean().sqrt()))

    def _takes_clips(self, generator: torch.Generator) -> bool:
        """Draw whether the batch is one of clips."""
        if not self.clips or not self.pictures:
            return bool(self.clips)
        return bool(torch.rand((), generator=generator) < CLIP_SHARE)

    def _batch(self, generator: torch.Generator, batch: int, of_clips: bool) -> tuple[Tensor, Tensor]:
        """Draw pixels and encode them to raw latents."""
        pixels = self._clips(generator, batch) if of_clips else self._pictures(generator, batch)
        return pixels, self.model.encode_raw(pixels)

    @staticmethod
    def _some(folders: list[Folder], generator: torch.Generator, batch: int) -> tuple[Folder, np.ndarray]:
        """Draw a folder, a large one more often, and places of `batch` of its items."""
        sizes = torch.tensor([len(folder) for folder in folders], dtype=torch.float)
        folder = folders[int(torch.multinomial(sizes, 1, generator=generator))]
        return folder, torch.randint(len(folder), (batch,), generator=generator).sort().values.numpy()

    def _pictures(self, generator: torch.Generator, batch: int) -> Tensor:
        folder, index = self._some(self.pictures, generator, batch)
        return flip(to_unit(folder.pixels[index]), generator).to(self.model.mean.device)

    def _clips(self, generator: torch.Generator, batch: int) -> Tensor:
        folder = self.clips[int(torch.randint(len(self.clips), (), generator=generator))]
        index = torch.randint(len(folder), (batch,), generator=generator).sort().values.numpy()
        frames = min(CLIP_FRAMES, folder.pixels.shape[1])
        start = int(torch.randint(folder.pixels.shape[1] - frames + 1, (), generator=generator))
        return flip(to_unit(folder.pixels[index, start : start + frames]), generator).to(self.model.mean.device)


class DecoderObjective(CodecObjective):
    """Trains the decoder alone: latents stay as they are, so what was trained on them still fits."""

    def __init__(self, config: ModelConfig, folders: list[Folder], run: Path):
        super().__init__(config, folders, run)
        self.model.encoder.requires_grad_(False)
        self._latents: dict[Path, KeptLatents] = {}

    @classmethod
    def prepare(
        cls, config: ModelConfig, folders: list[Folder], run: Path, options: Any = None, share: Share = ALONE
    ) -> Iterator[Event]:
        """Encode the pixels into `run/cache`."""
        codec = load_part(run, "codec", Codec(config.codec))
        check_room(run, sum(latent_bytes(folder, codec, run) for folder in folders), "latents")
        for folder in folders:
            yield from fill_latents(folder, codec, run, share=share)

    def finish(self, run: Path) -> None:
        """Leave the statistics of the latents as they were measured."""

    def _batch(self, generator: torch.Generator, batch: int, of_clips: bool) -> tuple[Tensor, Tensor]:
        """Draw pixels and their raw latents, which the frozen encoder gives once for all; clips whole or their beginning."""
        folder, index = self._some(self.clips if of_clips else self.pictures, generator, batch)
        encoded = self._encoded(folder)
        frames = min(CLIP_FRAMES, folder.pixels.shape[1])
        pixels = to_unit(folder.pixels[index, :frames])
        latents = torch.from_numpy(encoded[index][:, :, : 1 + frames // TIME_FACTOR])
        if not of_clips:
            drawn = torch.rand((batch,), generator=generator).numpy() < 0.5
            flipped = np.flatnonzero(drawn & folder.may_flip[index])  # of the others no mirror image is kept
            pixels[flipped] = pixels[flipped].flip(-1)
            latents[flipped] = torch.from_numpy(encoded[index[flipped] + len(folder)])
        device = self.model.mean.device
        return pixels.to(device), self.model.unscale(latents.to(device))

    def _encoded(self, folder: Folder) -> KeptLatents:
        """Return a folder's latents; asked at the first step, for only then the objective holds the encoder of the run."""
        if folder.path not in self._latents:
            self._latents[folder.path] = cached_latents(folder, self.model, self.run)
        return self._latents[folder.path]


def draw_latent_noise(latents: Tensor, generator: torch.Generator, deviation: float) -> Tensor:
    """Return noise of up to this deviation for half of the samples of `latents`, zeros for the others (l-DeTok)."""
    noisy = torch.rand((latents.shape[0], 1, 1, 1, 1), generator=generator) < 0.5
    noise = torch.randn(latents.shape, generator=generator) * deviation
    strength = torch.rand(noisy.shape, generator=generator) * noisy
    return (noise * strength).to(latents.device)


def flip(pixels: Tensor, generator: torch.Generator, allowed: np.ndarray | None = None) -> Tensor:
    """Mirror a random half of the batch; with `allowed` (B,) bool only of those items."""
    mirrored = torch.rand((pixels.shape[0], 1, 1, 1, 1), generator=generator) < 0.5
    if allowed is not None:
        mirrored &= torch.from_numpy(allowed).view(-1, 1, 1, 1, 1)
    return torch.where(mirrored, pixels.flip(-1), pixels)


def charbonnier(difference: Tensor) -> Tensor:
    """Mean of sqrt(d^2 + eps^2): an absolute error that is smooth at zero."""
    return (difference.square() + 1e-4).sqrt().mean()


def laplacian_loss(decoded: Tensor, target: Tensor, levels: int = 3) -> Tensor:
    """Sum over levels of the Charbonnier error of what a level adds to the next coarser one."""
    difference = (decoded - target).flatten(0, 1).flatten(0, 1)[:, None]
    total = difference.new_zeros(())
    for _ in range(levels):
        coarse = F.avg_pool2d(difference, 2)
        total = total + charbonnier(difference - F.interpolate(coarse, scale_factor=2.0, mode="bilinear"))
        difference = coarse
    return total
