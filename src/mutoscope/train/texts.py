"""States of captions by the frozen text tower: every different caption once, and of every item which captions are its own.

A file `RUN/cache/texts-*.rec` holds the states one after the other, without padding: ten captions of 3,000 pictures take the room
of ten. A number is one byte, and every 64 of them have a scale: an error of 0.7 % (dev/log.md), about that of bfloat16.
Legend: text B L D; tokens here are (K, D + 2 G) uint8, K those of all captions, G the scales of a token.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mutoscope.config import ModelConfig
from mutoscope.data.augment import vary_tags
from mutoscope.data.filling import tell
from mutoscope.data.records import ALONE, Head, Share, are_there, fill_records, open_records
from mutoscope.device import autocast
from mutoscope.events import Event, drain
from mutoscope.text_encoder import TextTower
from mutoscope.tokenizer import Tokenizer
from mutoscope.train.settings import ImageOptions
from mutoscope.train.words import to_batch

CAPTIONS = 4  # wordings of an item that are kept
TEXT_LENGTH = 40  # tokens of a caption kept in training
TEXT_BATCH = 256  # captions encoded at once
GROUP = 64  # numbers of a token that share a scale
VERSION = 1  # of the records


@dataclass(frozen=True)
class TextStates:
    """What the text tower says of the captions of N items."""

    tokens: np.ndarray  # (K, D) float16, or (K, D + 2 G) uint8 as `pack_states` makes them; caption after caption
    starts: np.ndarray  # (captions + 1,) where each begins
    captions: np.ndarray  # (N, CAPTIONS) which caption a wording of an item is
    packed: int = 0  # D where they are packed

    def __len__(self) -> int:
        return len(self.captions)

    def take(self, captions: np.ndarray) -> tuple[Tensor, Tensor]:
        """Captions (B,) -> states (B, L, D), zero behind their ends, and lengths (B,)."""
        first = self.starts[captions].astype(np.int64)
        lengths = self.starts[captions + 1].astype(np.int64) - first
        places = np.arange(int(lengths.max()))
        inside = places < lengths[:, None]
        index = np.where(inside, first[:, None] + places, 0)
        tokens = self.tokens[index]
        states = (unpack_states(tokens, self.packed) if self.packed else tokens.astype(np.float32)) * inside[..., None]
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
        self.width = reader.config.text.width
        self.shape = int(self.starts[-1]), packed_width(self.width)  # as they are kept
        self.digest = hashlib.sha256("\n".join(texts[i] for i in order).encode("utf-8", "surrogatepass")).hexdigest()[
            :16
        ]

    def head(self) -> Head:
        """Return what the records say of themselves."""
        return {"holds": "texts", "version": VERSION, "width": self.width, "group": GROUP}

    def encode(self, start: int, stop: int) -> np.ndarray:
        """Return the tokens (k, D) of the captions from `start` to `stop`, float32."""
        with autocast("cpu"):
            states, mask = self.reader.read(self.windows[start:stop])
        return states[mask].float().numpy()

    def records(self, start: int, stop: int) -> list[bytes]:
        """Return the packed tokens of each caption from `start` to `stop`."""
        ends = self.starts[start + 1 : stop] - self.starts[start]
        return [tokens.tobytes() for tokens in np.split(pack_states(self.encode(start, stop)), ends.tolist())]

    def states(self, tokens: np.ndarray, packed: int = 0) -> TextStates:
        """Return the states, given all tokens."""
        return TextStates(tokens, self.starts, self.captions, packed)


def pack_states(states: np.ndarray) -> np.ndarray:
    """States (..., D) -> uint8 (..., D + 2 G): a byte each, and behind them a float16 scale for every GROUP."""
    groups = states.reshape(*states.shape[:-1], -1, _group(states.shape[-1])).astype(np.float32)
    scales = (np.abs(groups).max(-1) / 127).clip(min=1e-6).astype(np.float16)
    codes = np.round(groups / scales[..., None].astype(np.float32)).clip(-127, 127).astype(np.int8)
    return np.concatenate([codes.reshape(states.shape).view(np.uint8), scales.view(np.uint8)], -1)


def unpack_states(packed: np.ndarray, width: int) -> np.ndarray:
    """What `pack_states` made of D = `width` numbers -> float32 (..., D)."""
    codes = packed[..., :width].view(np.int8).reshape(*packed.shape[:-1], -1, _group(width))
    scales = np.ascontiguousarray(packed[..., width:]).view(np.float16)
    return (codes * scales[..., None].astype(np.float32)).reshape(*packed.shape[:-1], width)


def packed_width(width: int) -> int:
    """Return the bytes of a token of so many numbers."""
    return width + 2 * (width // _group(width))


def _group(width: int) -> int:
    return GROUP if width % GROUP == 0 else width


def encode_texts(items: list[list[str]], reader: Reader, options: ImageOptions) -> TextStates:
    """Encode the captions of items into memory, unpacked."""
    plan = TextPlan(items, reader, options)
    count = len(plan.windows)
    firsts = range(0, count, TEXT_BATCH)
    tokens = [plan.encode(first, min(first + TEXT_BATCH, count)).astype(np.float16) for first in firsts]
    return plan.states(np.concatenate(tokens))


def fill_texts(plan: TextPlan, run: Path, share: Share = ALONE) -> Iterator[Event]:
    """Encode what `run/cache` does not hold yet; yields nothing where all is there."""
    count, path = len(plan.windows), text_path(plan, run)
    filled = fill_records(path, plan.head(), plan.records, rows=count, step=TEXT_BATCH, share=share)
    yield from tell("captions", count, filled)
    path.with_suffix(".npy").unlink(missing_ok=True)  # as they were kept before


def cached_texts(plan: TextPlan, run: Path) -> TextStates:
    """Return the states of a plan, mapped from `run/cache`, encoding on the first call."""
    drain(fill_texts(plan, run))
    records = open_records(text_path(plan, run), plan.head())
    return plan.states(records.data.reshape(plan.shape), plan.width)


def text_path(plan: TextPlan, run: Path) -> Path:
    """Return where the states of a plan are kept; the captions and the text tower say which they are."""
    tower = hashlib.sha256((run / "parts" / "text.safetensors").read_bytes()).hexdigest()[:12]
    return run / "cache" / f"texts-{plan.digest}-{tower}.rec"


def text_bytes(plan: TextPlan, run: Path) -> int:
    """Return the bytes that `fill_texts` will take from the disk: for a moment the records are there twice."""
    return 0 if are_there(text_path(plan, run), plan.head()) else 2 * int(np.prod(plan.shape))
