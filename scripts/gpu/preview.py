"""A sheet of pictures that a finished teacher draws, to look at before any figure."""

from pathlib import Path

import numpy as np
import torch
from bank import Frozen, token_mask
from learner import FastTransformer
from renderers import CAPTION_TOKENS, cut
from torch import Tensor

from mutoscope.flow import grid, shift_for
from mutoscope.guidance import guided
from mutoscope.sampler import dpm2m

STEPS, GUIDANCE, SIDES = 16, 3.0, (16, 32)  # latent rows: 128 and 256 pixels
PROMPTS = (
    "A serene lake surrounded by pine trees at sunset",
    "Waves crashing on a beach",
    "mountain sunset",
    "a city skyline at night",
    "a lighthouse on a cliff above the sea in a storm",
    "a snowy village at blue hour, watercolor",
    "an island with palm trees under the moon",
    "a neon street in the rain at night",
    "pixel art of a meadow in autumn",
    "flower field at golden hour, oil painting",
    "a harbour in the morning, comic book art",
    "a jungle path at noon",
)


@torch.no_grad()
def draw_preview(model: FastTransformer, frozen: Frozen, tokenizer: Path, path: Path) -> None:
    """Draw PROMPTS at each of SIDES and write them as one picture, a row for each side."""
    from PIL import Image

    states, mask = read_prompts(frozen, tokenizer)
    text = model.adapt(states, mask)
    rows = []
    for side in SIDES:
        pixels = frozen.codec.decode(draw_latents(model, text, mask, side))[:, :, 0].clamp(-1, 1)
        pixels = torch.nn.functional.interpolate(pixels, scale_factor=SIDES[-1] // side)
        frames = ((pixels + 1) * 127.5).byte().permute(0, 2, 3, 1).cpu().numpy()
        rows.append(np.concatenate(list(frames), 1))
    Image.fromarray(np.concatenate(rows)).save(path)


def read_prompts(frozen: Frozen, tokenizer: Path) -> tuple[Tensor, Tensor]:
    """Return states and mask of PROMPTS, and as many rows of the empty prompt below them."""
    from mutoscope.tokenizer import Tokenizer

    reader, device = Tokenizer.load(tokenizer), frozen.device
    ids = torch.zeros(len(PROMPTS), CAPTION_TOKENS, dtype=torch.long, device=device)
    lengths = torch.zeros(len(PROMPTS), dtype=torch.long, device=device)
    for row, prompt in enumerate(PROMPTS):
        tokens = cut(reader.windows(prompt, 48)[0])
        ids[row, : len(tokens)] = torch.tensor(tokens)
        lengths[row] = len(tokens)
    states = torch.cat([frozen.read(ids, lengths), frozen.empty[None].expand(len(PROMPTS), -1, -1)])
    return states, token_mask(torch.cat([lengths, torch.full_like(lengths, frozen.empty_length)]))


def draw_latents(model: FastTransformer, text: Tensor, mask: Tensor, side: int) -> Tensor:
    """Return latents (n, c, 1, side, side) of all prompts, drawn with guidance."""
    count, channels = len(PROMPTS), model.config.latent_channels
    torch.manual_seed(1)
    latents = torch.randn(count, channels, 1, side, side, device=text.device)

    def alone(x: Tensor, time: float) -> Tensor:
        return model(x, torch.full((count, 1), time, device=x.device), text[:count], mask[:count]).float()

    def pair(x: Tensor, time: float) -> tuple[Tensor, ...]:
        times = torch.full((2 * count, 1), time, device=x.device)
        return model(torch.cat([x, x]), times, text, mask).float().chunk(2)

    for step in dpm2m(guided(pair, alone, GUIDANCE), latents, grid(STEPS, shift_for(latents[0].numel()))):
        latents = step.latents
    return latents.float()
