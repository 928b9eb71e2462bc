"""States of captions by the frozen text tower: every different caption once, and of every item which captions are its own.

A file `RUN/cache/texts-*.npy` holds the states one after the other, without padding: ten captions of 3,000 pictures take the room
of ten. Legend: text B L D; tokens here are (K, D) float16, K those of all captions.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mutoscope.config import ModelConfig
from mutoscope.data.augment import vary_tags
from mutoscope.data.filling import bytes_to_fill, fill, tell
from mutoscope.device import autocast
from mutoscope.events import Event, drain
from mutoscope.text_encoder import TextTower
from mutoscope.tokenizer import Tokenizer
from mutoscope.train.settings import ImageOptions
from mutoscope.train.words import to_batch

CAPTIONS = 4  # wordings of an item that are kept
TEXT_LENGTH = 40  # tokens of a caption kept in training
TEXT_BATCH = 256  # captions encoded at once


@dataclass(frozen=True)
class TextStates:
    """What the text tower says of the captions of N items."""

    tokens: np.ndarray  # (K, D) float16, caption after caption
    starts: np.ndarray  # (captions + 1,) where each begins
    captions: np.ndarray  # (N, CAPTIONS) which caption a wording of an item is

    def __len__(self) -> int:
        return len(self.captions)

    def take(self, captions: np.ndarray) -> tuple[Tensor, Tensor]:
        """Captions (B,) -> states (B, L, D), zero behind their ends, and lengths (B,)."""
        first = self.starts[captions].astype(np.int64)
        lengths = self.starts[captions + 1].astype(np.int64) - first
        places = np.arange(int(lengths.max()))
        inside = places < lengths[:, None]
        index = np.where(inside, first[:, None] + places, 0)
        states = self.tokens[index].astype(np.float32) * inside[..., None]
        return torch.from_numpy(states), torch.from_numpy(lengths)


@dataclass(frozen=True)
class Reader:
    """What reads captions: the run's text tower and its tokenizer."""

    tower: TextTower
    tokenizer: Tokenizer
    config: ModelConfig

    def windows(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text, as many as training keeps."""
        return [self.tokenizer.windows(text, self.config.text.window)[0][:TEXT_LENGTH] for text in texts]

    @torch.no_grad()
    def read(self, windows: list[list[int]]) -> tuple[Tensor, Tensor]:
        """Token ids -> states (B, L, D), zero at padding, and mask (B, L)."""
        ids, mask = to_batch(windows, self.tokenizer.pad, TEXT_LENGTH)
        return self.tower(ids, mask).float() * mask[..., None], mask


def wordings_of(texts: list[str], options: ImageOptions) -> list[str]:
    """Return the CAPTIONS wordings that training draws from; tags are shuffled and dropped where the options say so."""
    chosen = [texts[j % len(texts)] for j in range(CAPTIONS)]
    if not options.shuffle_tags and not options.tag_dropout:
        return chosen
    return [vary_tags(text, j, options.shuffle_tags, options.tag_dropout, options.keep_tags)
            for j, text in enumerate(chosen)]  # fmt: skip


class TextPlan:
    """The different captions of items in the order in which they are encoded: those of like length together."""

    def __init__(self, items: list[list[str]], reader: Reader, options: ImageOptions):
        worded = [wordings_of(texts, options) for texts in items]
        texts = sorted({text for wordings in worded for text in wordings})
        windows = reader.windows(texts)
        order = sorted(range(len(texts)), key=lambda i: (len(windows[i]), texts[i]))
        self.reader = reader
        self.windows = [windows[i] for i in order]
        self.starts = np.concatenate([[0], np.cumsum([len(window) for window in self.windows])])
        place = {texts[i]: number for number, i in enumerate(order)}
        self.captions = np.array([[place[text] for text in wordings] for wordings in worded])
        self.shape = int(self.starts[-1]), reader.config.text.width
        self.digest = hashlib.sha256("\n".join(texts[i] for i in order).encode("utf-8", "surrogatepass")).hexdigest()[
            :16
        ]

    def put(self, array: np.ndarray, start: int, stop: int) -> None:
        """Encode the captions from `start` to `stop` into the array of all tokens."""
        with autocast("cpu"):
            states, mask = self.reader.read(self.windows[start:stop])
        array[self.starts[start] : self.starts[stop]] = states[mask].float().numpy()

    def states(self, tokens: np.ndarray) -> TextStates:
        """Return the states, given the filled array."""
        return TextStates(tokens, self.starts, self.captions)


def encode_texts(items: list[list[str]], reader: Reader, options: ImageOptions) -> TextStates:
    """Encode the captions of items into memory."""
    plan = TextPlan(items, reader, options)
    tokens = np.zeros(plan.shape, np.float16)
    for start in range(0, len(plan.windows), TEXT_BATCH):
        plan.put(tokens, start, min(start + TEXT_BATCH, len(plan.windows)))
    return plan.states(tokens)


def fill_texts(plan: TextPlan, run: Path) -> Iterator[Event]:
    """Encode what `run/cache` does not hold yet; yields nothing where all is there."""
    count = len(plan.windows)
    yield from tell(
        "captions", count, fill(text_path(plan, run), plan.shape, np.float16, plan.put, rows=count, step=TEXT_BATCH)
    )


def cached_texts(plan: TextPlan, run: Path) -> TextStates:
    """Return the states of a plan, mapped from `run/cache`, encoding on the first call."""
    drain(fill_texts(plan, run))
    mapped: Any = np.load(text_path(plan, run), mmap_mode="r")
    return plan.states(mapped)


def text_path(plan: TextPlan, run: Path) -> Path:
    """Return where the states of a plan are kept; the captions and the text tower say which they are."""
    tower = hashlib.sha256((run / "parts" / "text.safetensors").read_bytes()).hexdigest()[:12]
    return run / "cache" / f"texts-{plan.digest}-{tower}.npy"


def text_bytes(plan: TextPlan, run: Path) -> int:
    """Return the bytes that `fill_texts` will take from the disk."""
    return bytes_to_fill(text_path(plan, run), plan.shape, np.float16)
