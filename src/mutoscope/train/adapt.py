"""Fine-tuning: a few pictures teach a checkpoint a new word or style, kept as a small file beside it (see adapter.py).

Low-rank changes of every linear layer of the transformer (LoRA, Hu et al. 2021), or with `full` the whole difference; text tower
and codec stay as they are. Pictures are found, read and cropped by the same functions as a data set, and learned by the same loop
as the image stage. Nothing depends on the clock unless a budget is given.

Legend: pixels here are uint8 (N, T, H, W, 3), T = 1.
"""

import re
import tempfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mutoscope.adapter import (
    CHANGE,
    DOWN,
    UP,
    Facts,
    adapters_folder,
    check_free,
    check_name,
    check_word,
    free_weights,
    save_adapter,
)
from mutoscope.checkpoint import Checkpoint, open_checkpoint
from mutoscope.data.augment import may_flip
from mutoscope.data.buckets import Bucket, around, centred, nearest
from mutoscope.data.cache import Folder
from mutoscope.data.captions import usable
from mutoscope.data.converting import as_read
from mutoscope.data.items import LIMITS
from mutoscope.data.pack import fitted
from mutoscope.data.rows import NAME
from mutoscope.data.sources import Found, Passed, find, holds_table
from mutoscope.errors import Cancelled, DataError, SettingError
from mutoscope.events import Event, Phase
from mutoscope.media import open_frames
from mutoscope.media.storage import make_folder
from mutoscope.objects import load_library
from mutoscope.rng import stream
from mutoscope.runtime.torch import TorchRuntime
from mutoscope.tokenizer import Tokenizer
from mutoscope.train.diffusion import DiffusionObjective, Latents
from mutoscope.train.latents import encode_pixels
from mutoscope.train.loop import Settings, train
from mutoscope.train.machine import words_of
from mutoscope.train.settings import ImageOptions
from mutoscope.train.texts import Reader, encode_texts

SIDE = 128  # pixels of the shorter side, as in the training of the base
MIN_PICTURES, MAX_PICTURES = 5, 500
MAX_RANK = 128
SAMPLES, BATCH = 3072, 16
LOW_RANK_RATE, FULL_RATE = 2e-3, 3e-4  # of AdamW; factors bear more than weights
NEVER_SECONDS = 1e9


@dataclass(frozen=True)
class Lesson:
    """How an adapter is trained."""

    name: str  # of the adapter, and the word that brings it out
    rank: int = 8
    full: bool = False  # the whole difference instead of a low rank
    samples: int = SAMPLES  # seen in all; 0 = the budget alone decides
    budget: float = 0.0  # seconds; 0 = the samples alone decide
    seed: int = 0
    licence: str = ""  # of the pictures

    def __post_init__(self):
        check_name(self.name)
        if not 1 <= self.rank <= MAX_RANK:
            raise SettingError(f"--rank must be from 1 to {MAX_RANK}, got {self.rank}")
        if not self.samples and not self.budget:
            raise SettingError("an adapter needs an end: a budget, or samples")
        self.settings()  # refuses what the loop would

    def settings(self) -> Settings:
        """Return the settings of the training loop."""
        return Settings(
            batch=BATCH, rate=FULL_RATE if self.full else LOW_RANK_RATE, muon=False, samples=self.samples, budget=self.budget,
            seed=self.seed, save_every=NEVER_SECONDS, preview_every=NEVER_SECONDS, log_every=4,
        )  # fmt: skip


@dataclass(frozen=True)
class Learned:
    """The adapter that was trained, and the files that were left out."""

    path: Path
    facts: Facts
    passed: tuple[str, ...]  # files that were not taken, each with the reason
    enlarged: tuple[float, ...] = ()  # how many times, of pictures that were too small

    @property
    def pictures(self) -> int:
        """How many pictures it was trained on."""
        return self.facts.pictures


@dataclass(frozen=True)
class Example:
    """One picture, cropped to its bucket."""

    pixels: np.ndarray  # (H, W, 3) uint8
    captions: list[str]
    bucket: Bucket
    may_flip: bool
    licence: str
    enlarged: float = 1.0  # how many times; below 1 it was made smaller


def adapt(
    source: Path, lesson: Lesson, model: str | Path | None = None, target: Path | None = None, force: bool = False
) -> Iterator[Event]:
    """Learn the pictures of `source` and write the adapter; the last event carries a `Learned`.

    `model` is a checkpoint folder, None the embedded one; `target` a file, None the user's adapters folder; `force` replaces a file
    that is there. Raises DataError, SettingError for a name that is a word of the model, OutputError for a file that is there,
    CheckpointError when the checkpoint has no encoder, StorageError.
    """
    target = target or adapters_folder() / f"{lesson.name}.safetensors"
    check_free(target, force)
    checkpoint = open_checkpoint(model)
    check_word(
        lesson.name, checkpoint.known_words | (load_library().names if checkpoint.learned_world else frozenset())
    )
    encoder = {name.removeprefix("codec."): array for name, array in checkpoint.encoder_weights().items()}
    make_folder(target.parent)
    examples, passed = yield from read_all(Path(source), lesson.name, read_example)

    objective = AdaptObjective(checkpoint, encoder, examples, lesson)
    samples = yield from _learn(objective, lesson)
    stated = sorted({example.licence for example in examples if example.licence})
    facts = Facts(
        name=lesson.name, base=checkpoint.name, base_hash=checkpoint.hash, rank=0 if lesson.full else lesson.rank,
        word=lesson.name, pictures=len(examples), samples=samples, seed=lesson.seed,
        licence=lesson.licence or " AND ".join(stated) or "not stated", words=tuple(sorted(words_of(objective.folders))),
    )  # fmt: skip
    save_adapter(target, facts, objective.tensors())
    enlarged = tuple(example.enlarged for example in examples if example.enlarged > 1)
    yield Event("done", len(examples), len(examples), result=Learned(target, facts, tuple(passed), enlarged))


def _learn(objective: "AdaptObjective", lesson: Lesson) -> Generator[Event, None, int]:
    """Train, and return how many samples were seen; Cancelled when it is stopped, of which nothing is kept."""
    with tempfile.TemporaryDirectory(prefix="mutoscope-") as work:
        samples = 0
        try:
            for event in train(objective, Path(work), lesson.settings(), lambda *shown: None):
                if event.phase == "done":
                    samples = event.step
                else:
                    yield event
        except Cancelled as stopped:
            raise Cancelled(
                "stopped, and nothing is kept: an adapter is written at the end; --budget 1m ends it sooner"
            ) from stopped
        return samples


# The pictures ----------------------------------------------------------------------------------------------------


def read_all(source: Path, word: str, read: Callable[[Found, str], Any]) -> Generator[Event, None, Any]:
    """Return what `read` makes of each picture, and what was passed over: where it returns a reason instead; raises DataError."""
    findings = list(find(str(source), "" if _has_table(source) else "sidecar")[1])
    found = [item for item in findings if isinstance(item, Found)]
    passed = [f"{item.origin}: {item.reason}" for item in findings if isinstance(item, Passed)]
    if not MIN_PICTURES <= len(found) <= MAX_PICTURES:
        more = "; for more there is mutoscope train" if len(found) > MAX_PICTURES else ""
        raise DataError(
            f"{source}: {len(found)} pictures; an adapter is trained on {MIN_PICTURES} to {MAX_PICTURES}{more}"
        )
    phase, examples = Phase("read", len(found)), []
    yield phase.start()
    for item in found:
        example = read(item, word)
        if isinstance(example, str):
            passed.append(f"{item.origin}: {example}")
        else:
            examples.append(example)
        yield phase.advance()
    if len(examples) < MIN_PICTURES:
        raise DataError(f"{source}: {len(examples)} pictures, at least {MIN_PICTURES} are needed; left out {passed[0]}")
    return examples, passed


def _has_table(source: Path) -> bool:
    return not source.is_dir() or (source / NAME).is_file() or holds_table(source) or any(source.glob("*.tar"))


def read_example(found: Found, word: str) -> Example | str:
    """Return a picture in the bucket nearest to its shape, or the reason why it is not taken; MediaError, DataError.

    Each caption is kept, and said once more with the word after it; without captions the word is the caption. Only pictures
    with captions that stay true are mirrored: of the others nobody knows what they show.
    """
    opened = open_picture(found)
    if isinstance(opened, str):
        return opened
    header, frame, captions = opened
    bucket = nearest(header.width, header.height, around(SIDE))
    box = centred((0, 0, header.width, header.height), bucket)
    pixels = fitted(frame, header, box, bucket)
    flips = bool(captions) and all(map(may_flip, captions))
    enlarged = max(bucket.width / header.width, bucket.height / header.height)
    return Example(pixels, with_word(captions, word), bucket, flips, found.licence, enlarged)


def open_picture(found: Found) -> tuple[Any, np.ndarray, list[str]] | str:
    """Return header, pixels and captions of a picture, or the reason why it is not taken; MediaError, DataError."""
    if found.problem:
        raise DataError(f"{found.origin}: its caption cannot be used: {found.problem}")
    header, frames = open_frames(as_read(found.content, LIMITS), LIMITS, found.origin)
    if header.is_clip:
        return "it is a clip; adapters learn from pictures"
    captions, flaws = usable(found.captions, [found.origin], 1)
    if flaws and not captions:
        raise DataError(f"{found.origin}: its caption cannot be used: {flaws[0][1]}")
    return header, next(iter(frames)), captions


def with_word(captions: list[str], word: str) -> list[str]:
    """Return captions, those that lack the word also with it.

    >>> with_word(["a lake", "mystyle, a hut"], "mystyle"), with_word([], "mystyle")
    (['a lake', 'a lake, mystyle', 'mystyle, a hut'], ['mystyle'])
    """
    texts = [
        text for caption in captions for text in (caption, f"{caption}, {word}")[: 1 if _says(caption, word) else 2]
    ]
    return texts or [word]


def _says(caption: str, word: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", caption.lower()) is not None


# What is learned -------------------------------------------------------------------------------------------------


class LowRank(nn.Module):
    """A frozen linear layer and a change of low rank: x W^T + x down^T up^T (Hu et al. 2021, eq. 3); up starts at zero."""

    def __init__(self, base: nn.Linear, rank: int, name: str, seed: int):
        super().__init__()
        rows, columns = base.weight.shape
        rank = min(rank, rows, columns)
        self.base = base
        down = stream(seed, "adapter", name).normal((rank, columns)) * columns**-0.5
        self.down = nn.Parameter(torch.from_numpy(np.asarray(down, np.float32)))
        self.up = nn.Parameter(torch.zeros(rows, rank))

    @property
    def weight(self) -> Tensor:
        """The frozen weight: what asks a linear layer for its type and place asks for this."""
        return self.base.weight

    def forward(self, x: Tensor) -> Tensor:
        """(..., columns) -> (..., rows)."""
        return self.base(x) + F.linear(F.linear(x, self.down), self.up)


def add_low_rank(model: nn.Module, names: set[str], rank: int, seed: int) -> dict[str, LowRank]:
    """Put a `LowRank` around every linear layer of `model` whose weight is among `names`; return them by weight."""
    layers = {name: module for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    added = {}
    for name, layer in layers.items():
        if f"{name}.weight" in names:
            parent, _, own = name.rpartition(".")
            added[f"{name}.weight"] = LowRank(layer, rank, name, seed)
            setattr(model.get_submodule(parent), own, added[f"{name}.weight"])
    return added


class AdaptObjective(DiffusionObjective):
    """The image stage's objective on a handful of pictures held in memory."""

    def __init__(self, checkpoint: Checkpoint, encoder: dict[str, np.ndarray], examples: list[Example], lesson: Lesson):
        runtime = TorchRuntime(checkpoint, torch.get_num_threads(), device="cpu")
        self.config, self.options = checkpoint.config, ImageOptions()
        self.model, self.codec = runtime.transformer.train(), runtime.codec
        self.codec.load_state_dict({k: torch.from_numpy(v) for k, v in encoder.items()}, strict=False)
        self.reader = Reader(runtime.tower, Tokenizer.load(checkpoint.tokenizer_path), checkpoint.config)
        buckets = sorted({example.bucket for example in examples})
        self.folders = [to_folder([one for one in examples if one.bucket == bucket]) for bucket in buckets]
        self.pictures, self.clips = [self._encode(folder) for folder in self.folders], []
        self.empty, self.empty_mask = self.read([""])

        names = learnable(checkpoint)
        self.layers: dict[str, LowRank] = {}
        self.before: dict[str, Tensor] = {}
        if lesson.full:
            for name, weight in self.model.named_parameters():
                if name in names:
                    self.before[name] = weight.detach().clone()
                    weight.requires_grad_(True)
        else:
            self.layers = add_low_rank(self.model, names, lesson.rank, lesson.seed)

    def preview(self, model: nn.Module) -> None:
        """Draw nothing: training is over in minutes."""
        return None

    def tensors(self) -> dict[str, np.ndarray]:
        """Return what was learned as the tensors of an adapter file."""
        now = dict(self.model.named_parameters())
        found = {f"transformer.{name}{CHANGE}": now[name] - old for name, old in self.before.items()}
        for name, layer in self.layers.items():
            found |= {f"transformer.{name}{UP}": layer.up, f"transformer.{name}{DOWN}": layer.down}
        return {name: tensor.detach().numpy() for name, tensor in found.items()}

    def _encode(self, folder: Folder) -> Latents:
        texts = encode_texts(folder.captions, self.reader, self.options)
        return Latents(encode_pixels(folder, self.codec), texts, np.array([f["may_flip"] for f in folder.facts]))


def to_folder(examples: list[Example]) -> Folder:
    """Return examples of one bucket as a captioned folder that is on no disk."""
    pixels = np.stack([example.pixels for example in examples])[:, None]
    facts = [{"may_flip": example.may_flip} for example in examples]
    return Folder(Path(), pixels, [example.captions for example in examples], facts, "")


def learnable(checkpoint: Checkpoint) -> set[str]:
    """Return the transformer's weights that an adapter may change, without "transformer.".

    A graph names equal weights by one name, so weights that equal another one stay as they are.
    """
    weights = checkpoint.weights()
    held: dict[tuple[Any, ...], list[str]] = {}
    for name, array in weights.items():
        held.setdefault((array.shape, array.tobytes()), []).append(name)
    alone = {names[0] for names in held.values() if len(names) == 1}
    free = alone & free_weights(checkpoint)
    return {name.removeprefix("transformer.") for name in free if name.startswith("transformer.")}
