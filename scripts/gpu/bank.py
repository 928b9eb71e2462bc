"""What is trained on: latents and text states of everything rendered so far, on the device, and batches drawn from them."""

import queue
import random
import threading
from dataclasses import dataclass
from multiprocessing.queues import Queue
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from renderers import CAPTION_TOKENS, CAPTIONS, Bucket, Rendered
from torch import Tensor, nn

TOKENS_PER_BATCH = 32_768
SAMPLES_IN_STEPS_OF = 8
EXTRA_TOKENS = 8  # that a picture costs besides its own: text, time
EMPTY_PROMPT_CHANCE = 0.1  # of a sample, for guidance
LATENT_TYPE = torch.float16
GPU_CAPACITY = {"square": 48_000, "clip": 9_000}  # samples, about 60 GB in all
OTHER_GPU_CAPACITY, CPU_CAPACITY = 12_000, 300


@dataclass
class Frozen:
    """The parts that are not trained, and what the empty prompt reads as."""

    codec: nn.Module
    tower: nn.Module
    device: torch.device
    empty: Tensor  # (CAPTION_TOKENS, text width)
    empty_length: int  # tokens

    @classmethod
    def load(cls, parts: Path, tokenizer: Path, config, device: torch.device) -> "Frozen":
        """Read codec and text tower from what `pack.py` wrote."""
        from mutoscope.codec import Codec
        from mutoscope.text_encoder import TextTower
        from mutoscope.tokenizer import Tokenizer

        codec = load_part(parts, "codec", Codec(config.codec)).to(device)
        tower = load_part(parts, "text", TextTower(config.text)).to(device)
        tokens = Tokenizer.load(tokenizer).windows("", 48)[0]
        ids = torch.zeros(1, CAPTION_TOKENS, dtype=torch.long, device=device)
        ids[0, : len(tokens)] = torch.tensor(tokens)
        frozen = cls(codec, tower, device, torch.empty(0), len(tokens))
        frozen.empty = frozen.read(ids, torch.tensor([len(tokens)], device=device))[0]
        return frozen

    @torch.no_grad()
    def read(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Token ids (n, CAPTION_TOKENS) -> text states (n, CAPTION_TOKENS, text width), zero where there is no token."""
        mask = token_mask(lengths)
        return self.tower(ids.long(), mask).float() * mask[..., None]

    @torch.no_grad()
    def encode(self, pixels: Tensor) -> Tensor:
        """Pixels B C T H W -> latents B c t h w."""
        return self.codec.encode(pixels).to(LATENT_TYPE)


def load_part(path: Path, name: str, model: nn.Module) -> nn.Module:
    """Fill a network with its tensors of the packed file, and freeze it."""
    from mutoscope.checkpoint import read_weights

    weights = read_weights(path)
    state = {}
    for key, value in model.state_dict().items():
        array = np.array(weights[f"{name}.{key}"])  # a copy: the file is mapped read-only
        state[key] = torch.from_numpy(array).reshape(value.shape)
    model.load_state_dict(state)
    return model.eval().requires_grad_(False)


def token_mask(lengths: Tensor) -> Tensor:
    """Lengths (n,) -> (n, CAPTION_TOKENS) bool, True where there is a token."""
    return torch.arange(CAPTION_TOKENS, device=lengths.device)[None] < lengths[:, None]


class Batch(NamedTuple):
    """Samples of one size: latents B c t h w, text states B L D and their mask B L."""

    latents: Tensor
    states: Tensor
    mask: Tensor


class Bank:
    """Latents and text states of one bucket. Pictures are kept at full and at half size, and mirrored too."""

    def __init__(self, bucket: Bucket, capacity: int, config, device: torch.device):
        self.clip, self.capacity, self.count = bucket.frames > 1, capacity, 0
        channels, mirrored = config.codec.latent_channels, 1 if self.clip else 2
        frames = 1 + (bucket.frames - 1) // 4

        def room(factor: int) -> Tensor:
            shape = (capacity, mirrored, channels, frames, bucket.height // factor, bucket.width // factor)
            return torch.empty(shape, dtype=LATENT_TYPE, device=device)

        self.full, self.half = room(8), None if self.clip else room(16)
        self.states = torch.empty(
            capacity, CAPTIONS, CAPTION_TOKENS, config.text.width, dtype=LATENT_TYPE, device=device
        )
        self.lengths = torch.empty(capacity, CAPTIONS, dtype=torch.int16, device=device)
        self.may_flip = torch.zeros(capacity, dtype=torch.bool, device=device)

    @torch.no_grad()
    def insert(self, rendered: Rendered, frozen: Frozen) -> None:
        """Encode what was rendered and keep it, as far as there is room."""
        new = min(len(rendered.pixels), self.capacity - self.count)
        if new <= 0:
            return
        rows, device = slice(self.count, self.count + new), frozen.device
        pixels = torch.from_numpy(rendered.pixels[:new]).to(device).permute(0, 4, 1, 2, 3).float() / 127.5 - 1
        self.full[rows, 0] = frozen.encode(pixels)
        if self.half is not None:
            small = nn.functional.avg_pool3d(pixels, (1, 2, 2))
            self.full[rows, 1] = frozen.encode(pixels.flip(-1))
            self.half[rows, 0], self.half[rows, 1] = frozen.encode(small), frozen.encode(small.flip(-1))
        ids = torch.from_numpy(rendered.ids[:new].astype(np.int32)).to(device)
        lengths = torch.from_numpy(rendered.lengths[:new].astype(np.int16)).to(device)
        states = frozen.read(ids.flatten(0, 1), lengths.flatten())
        self.states[rows] = states.unflatten(0, (new, CAPTIONS)).to(LATENT_TYPE)
        self.lengths[rows], self.may_flip[rows] = lengths, torch.from_numpy(rendered.may_flip[:new]).to(device)
        self.count += new

    def draw(self, latents: Tensor, count: int, frozen: Frozen) -> Batch:
        """Draw samples of `latents`, which are `full` or `half`, each with one of its captions or the empty prompt."""
        device = frozen.device
        rows = torch.randint(self.count, (count,), device=device)
        flipped = (torch.rand(count, device=device) < 0.5) & self.may_flip[rows]
        data = latents[rows, torch.zeros_like(rows) if self.clip else flipped.long()].float()
        caption = torch.randint(CAPTIONS, (count,), device=device)
        states, lengths = self.states[rows, caption].float(), self.lengths[rows, caption].long()
        dropped = torch.rand(count, device=device) < EMPTY_PROMPT_CHANCE
        states = torch.where(dropped[:, None, None], frozen.empty[None], states)
        return Batch(data, states, token_mask(torch.where(dropped, frozen.empty_length, lengths)))


class Banks:
    """All buckets, filled from the renderers' queue while they are trained on."""

    def __init__(self, buckets: dict[str, Bucket], config, frozen: Frozen, results: "Queue[Rendered]", tokens: int):
        on_gpu = frozen.device.type == "cuda"

        def capacity(name: str) -> int:
            return GPU_CAPACITY.get(name, OTHER_GPU_CAPACITY) if on_gpu else CPU_CAPACITY

        self.frozen, self.tokens = frozen, tokens
        self.banks = {name: Bank(bucket, capacity(name), config, frozen.device) for name, bucket in buckets.items()}
        self._inbox: queue.Queue[Rendered] = queue.Queue(maxsize=64)
        threading.Thread(target=self._receive, args=(results,), daemon=True).start()

    def _receive(self, results: "Queue[Rendered]") -> None:
        while True:
            self._inbox.put(results.get())

    @property
    def counts(self) -> dict[str, int]:
        """Samples in each bucket."""
        return {name: bank.count for name, bank in self.banks.items()}

    @property
    def has_clips(self) -> bool:
        """Say whether a clip is there."""
        return bool(self.banks["clip"].count)

    def fill(self, most: int = 1000) -> None:
        """Take in what the renderers have ready, at most so many of their batches."""
        for _ in range(most):
            try:
                rendered = self._inbox.get_nowait()
            except queue.Empty:
                return
            self.banks[rendered.bucket].insert(rendered, self.frozen)

    def draw(self, kind: str, share: float = 1.0) -> Batch:
        """Draw a batch of about equal cost: "small" or "large" pictures of one bucket, or "clip"."""
        if kind == "clip":
            bank = self.banks["clip"]
        else:
            pictures = [bank for bank in self.banks.values() if not bank.clip and bank.count]
            bank = random.choices(pictures, [one.count for one in pictures])[0]
        latents = bank.half if kind == "small" and bank.half is not None else bank.full
        tokens = latents[0, 0, 0].numel() // 4 + (0 if bank.clip else EXTRA_TOKENS)
        count = int(share * self.tokens / tokens) // SAMPLES_IN_STEPS_OF * SAMPLES_IN_STEPS_OF
        return bank.draw(latents, max(4, count), self.frozen)
