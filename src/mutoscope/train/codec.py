"""The codec's stage: pixels -> latents -> pixels, pictures and clips in turn, without any pretrained network.

Losses: Charbonnier, a Laplacian pyramid (so that edges and fine texture weigh as much as areas), differences in time for clips.
Latents get noise on half the samples (l-DeTok), which makes the decoder forgive what the diffusion gets slightly wrong.

Legend: pixels B C T H W in [-1, 1], latents B c t h w.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mutoscope.autoencoder import Autoencoder
from mutoscope.config import TIME_FACTOR, ModelConfig
from mutoscope.data.cache import Folder
from mutoscope.train.latents import cached_latents, to_unit
from mutoscope.train.sheets import sheet, to_bytes

CLIP_FRAMES = 9  # two groups of four after the first frame: the step from group to group must be seen in training
LATENT_NOISE = 0.06
CLIP_NOISE = 0.12  # own for each latent frame: the decoder learns to hold still what the diffusion draws anew
TIME_WEIGHT = 3.0  # of the error of the changes from frame to frame, which the eye sees before any other


class CodecObjective:
    """Trains an Autoencoder on the pixels of captioned folders."""

    def __init__(self, config: ModelConfig, folders: list[Folder], run: Path | None = None, decoder_only: bool = False):
        self.decoder_only = decoder_only
        self.model = Autoencoder(config.codec).to(memory_format=torch.channels_last)
        if decoder_only:  # latents stay as they are, so what was trained on them still fits
            self.model.encoder.requires_grad_(False)
        self.run = run
        self._latents: dict[Path, np.ndarray] = {}
        self.pictures = [folder for folder in folders if not folder.is_clips]
        self.clips = [folder for folder in folders if folder.is_clips]

    def loss(self, generator: torch.Generator, batch: int, fraction: float) -> tuple[Tensor, dict[str, float]]:
        """Reconstruction loss of one batch of pictures or of clips."""
        of_clips = bool(self.clips) and (not self.pictures or torch.rand((), generator=generator) < 0.4)
        if self.decoder_only and self.run is not None:
            pixels, latents = self._encoded(generator, max(1, batch // 4) if of_clips else batch, of_clips)
        else:
            pixels = self._clips(generator, max(1, batch // 4)) if of_clips else self._pictures(generator, batch)
            latents = self.model.encode_raw(pixels)
        noisy = torch.rand((latents.shape[0], 1, 1, 1, 1), generator=generator) < 0.5
        noise = torch.randn(latents.shape, generator=generator) * (CLIP_NOISE if of_clips else LATENT_NOISE)
        strength = torch.rand(noisy.shape, generator=generator) * noisy
        decoded_from = latents + (noise * strength).to(latents.device)
        decoded = self.model.decoder(decoded_from).float()
        error = charbonnier(decoded - pixels)
        pyramid = laplacian_loss(decoded, pixels)
        total = error + pyramid + 1e-3 * latents.float().square().mean()
        if of_clips:
            total = total + TIME_WEIGHT * charbonnier(decoded.diff(dim=2) - pixels.diff(dim=2))
        psnr = -10 * torch.log10((decoded.detach() - pixels).square().mean() / 4)
        return total, {"psnr_clips" if of_clips else "psnr_pictures": float(psnr)}

    def compiled(self) -> list[nn.Module]:
        """Return what is worth compiling."""
        return [self.model.encoder, self.model.decoder]

    def preview(self, model: Autoencoder) -> np.ndarray:
        """Originals above their reconstructions; below, the frames of one clip."""
        generator = torch.Generator().manual_seed(1)
        pixels = self._pictures(generator, 8) if self.pictures else self._clips(generator, 8)[:, :, :1]
        rows = [pixels[:, :, 0], model.decode(model.encode(pixels))[:, :, 0]]
        if self.clips and self.pictures:
            clips = self._clips(generator, 8)
            rows += [clips[:, :, -1], model.decode(model.encode(clips))[:, :, -1]]
        return sheet([to_bytes(row) for row in rows])

    def finish(self, run: Path) -> None:
        """Measure the latents that the trained encoder gives."""
        if not self.decoder_only:
            self.measure(self.model)

    @torch.no_grad()
    def measure(self, model: Autoencoder, batches: int = 24) -> None:
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

    def _encoded(self, generator: torch.Generator, batch: int, of_clips: bool) -> tuple[Tensor, Tensor]:
        """Draw pixels and their raw latents, which a frozen encoder gives once for all; clips whole or their beginning."""
        folder, index = self._some(self.clips if of_clips else self.pictures, generator, batch)
        if folder.path not in self._latents:  # only now the objective holds the encoder of the run
            self._latents[folder.path] = cached_latents(folder, self.model, self.run)
        kept = self._latents[folder.path]
        frames = min(CLIP_FRAMES, folder.pixels.shape[1])
        pixels = to_unit(folder.pixels[index, :frames])
        latents = torch.from_numpy(kept[index, :, : 1 + frames // TIME_FACTOR].astype(np.float32))
        if not of_clips:  # the second half is mirrored
            mirrored = torch.rand((batch, 1, 1, 1, 1), generator=generator) < 0.5
            other = torch.from_numpy(kept[index + len(folder)].astype(np.float32))
            pixels = torch.where(mirrored, pixels.flip(-1), pixels)
            latents = torch.where(mirrored, other, latents)
        device = self.model.mean.device
        return pixels.to(device), self.model.unscale(latents.to(device))

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
