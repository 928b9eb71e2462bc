"""A LoRA for a model made elsewhere: a few pictures teach it a word or a style, kept as a file that other programs read too.

The latents of the pictures and the embeddings of their captions are reckoned once; then the attention of the network that removes
noise learns a change of low rank, and nothing else changes. Stable Diffusion's files are spelled as kohya's trainer spells them,
which A1111, ComfyUI and diffusers read; those of transformers as peft does, with alpha equal to the rank, for not every program
reads another.
"""

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mutoscope.adapter import adapters_folder, check_free, check_name
from mutoscope.capabilities import Capabilities
from mutoscope.data.augment import may_flip
from mutoscope.data.sources import Found
from mutoscope.engines import EngineSettings, open_engine
from mutoscope.engines.diffusers import DiffusersEngine
from mutoscope.errors import NonFiniteError, SettingError
from mutoscope.events import Event, Phase
from mutoscope.media.storage import make_folder, write_bytes
from mutoscope.train.adapt import MAX_RANK, open_picture, read_all, with_word
from mutoscope.train.lora_file import describe, spell_file
from mutoscope.train.lora_networks import Teacher, Words, find_kind

STEPS, RATE = 1000, 1e-4  # of AdamW
LARGEST_GRADIENT = 1.0
LEARNING = ("to_q", "to_k", "to_v", "to_out.0")  # layers of attention
EVENT_SECONDS = 0.5
KEPT_LOSSES = 50  # steps that a shown loss is the mean of
MEASURED = 16  # times and noises at which the loss is measured before and after
SMALLEST_SIDE, LARGEST_SIDE = 64, 2048  # pixels
SHAPES = ((1, 1), (3, 2), (2, 3))


@dataclass(frozen=True)
class LoraLesson:
    """How a LoRA is trained."""

    name: str  # of the file, and the word that brings it out
    rank: int = 8
    steps: int = STEPS  # 0 = the budget alone decides
    budget: float = 0.0  # seconds; 0 = the steps alone decide
    seed: int = 0
    licence: str = ""  # of the pictures
    rate: float = RATE
    side: int = 0  # pixels: pictures have the area of a square of this side; 0 = what the model was made for

    def __post_init__(self):
        check_name(self.name)
        if not 1 <= self.rank <= MAX_RANK:
            raise SettingError(f"--rank must be from 1 to {MAX_RANK}, got {self.rank}")
        if self.side and not SMALLEST_SIDE <= self.side <= LARGEST_SIDE:
            raise SettingError(f"--side must be from {SMALLEST_SIDE} to {LARGEST_SIDE} pixels, got {self.side}")
        if not self.steps and not self.budget:
            raise SettingError("a LoRA needs an end: a budget, or steps")


@dataclass(frozen=True)
class LearnedLora:
    """The LoRA that was trained, and the files that were left out."""

    path: Path
    facts: dict[str, Any]
    passed: tuple[str, ...]  # files that were not taken, each with the reason
    before: float  # loss at fixed times and noises
    after: float

    @property
    def pictures(self) -> int:
        """How many pictures it was trained on."""
        return self.facts["pictures"]


@dataclass(frozen=True)
class Encoded:
    """One picture as the network sees it, and its captions."""

    latents: tuple[Tensor, ...]  # as it is, and mirrored where its captions stay true
    words: tuple[Words, ...]


def train_lora(
    source: Path,
    lesson: LoraLesson,
    model: str | Path,
    target: Path | None = None,
    settings: EngineSettings = EngineSettings(),
    force: bool = False,  # replace a file that is there
) -> Iterator[Event]:
    """Learn the pictures of `source` and write the file; the last event carries a `LearnedLora`.

    Closing the iterator leaves nothing behind. Raises DataError, SettingError for a model that cannot be trained, StorageError.
    """
    target = target or adapters_folder() / f"{lesson.name}.safetensors"
    check_free(target, force)
    engine = open_engine(model, replace(settings, offload="none"))  # what learns stays where it is
    if not isinstance(engine, DiffusersEngine):
        raise SettingError(f"{model} cannot be trained; give a model in diffusers layout, or a checkpoint of mutoscope")
    find_kind(engine.family.pipeline, engine.capabilities.name)
    make_folder(target.parent)
    shapes = training_shapes(engine.capabilities, lesson.side)
    pictures, passed = yield from read_all(
        Path(source), lesson.name, lambda found, word: read_picture(found, word, shapes)
    )
    precision = engine.capabilities.precision
    # Gradients of half-precision weights fall out of fp16's range.
    pipeline = yield from engine.load("bf16" if precision == "fp16" and settings.precision is None else precision)
    try:
        teacher = Teacher(pipeline, engine.capabilities.name)
        lessons = yield from encode(teacher, pictures)
        teacher.rest()
        factors = add_factors(teacher, lesson)
        before = measure(teacher, lessons, lesson.seed)
        steps = yield from learn(teacher, lessons, factors, lesson)
        after = measure(teacher, lessons, lesson.seed)
        if not np.isfinite(after):
            raise NonFiniteError("what was learned is not finite; nothing was written. Use --precision bf16 or fp32")
        licences = [picture.licence for picture in pictures]
        facts = {**describe(engine.capabilities, licences, lesson.licence), "name": lesson.name, "word": lesson.name,
                 "rank": lesson.rank, "pictures": len(pictures), "steps": steps, "seed": lesson.seed}  # fmt: skip
        write_bytes(target, spell_file(teacher, facts))
    finally:
        engine.close()
    result = LearnedLora(target, facts, tuple(passed), before, after)
    yield Event("done", steps, steps, 0.0, result=result, message=f"loss {before:.4f} -> {after:.4f}")


# The pictures ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Picture:
    """A picture cropped to one of the training shapes."""

    pixels: np.ndarray  # (H, W, 3) uint8
    captions: list[str]
    may_flip: bool
    licence: str


def training_shapes(capabilities: Capabilities, asked: int = 0) -> list[tuple[int, int]]:
    """Return the (width, height) that pictures are cropped to: squares, 3:2 and 2:3 of the area that the model was made for."""
    area = capabilities.default_size or (512, 512)
    side, multiple = asked or (area[0] * area[1]) ** 0.5, capabilities.side_multiple
    found = []
    for across, down in SHAPES:
        sides = (side * (across / down) ** 0.5, side * (down / across) ** 0.5)
        width, height = (max(multiple, round(one / multiple) * multiple) for one in sides)
        found.append((width, height))
    return found


def read_picture(found: Found, word: str, shapes: list[tuple[int, int]]) -> Picture | str:
    """Return a picture in the shape nearest to its own, or the reason why it is not taken; MediaError, DataError."""
    from PIL import Image, ImageOps

    opened = open_picture(found)
    if isinstance(opened, str):
        return opened
    _, pixels, captions = opened
    image = Image.fromarray(np.ascontiguousarray(pixels))
    shape = min(shapes, key=lambda shape: abs(np.log(image.width / image.height * shape[1] / shape[0])))
    fitted = np.asarray(ImageOps.fit(image, shape, Image.Resampling.LANCZOS))
    flips = bool(captions) and all(map(may_flip, captions))
    return Picture(fitted, with_word(captions, word), flips, found.licence)


def encode(teacher: Teacher, pictures: list[Picture]) -> Generator[Event, None, list[Encoded]]:
    """Return what the network sees of pictures and captions, each reckoned once."""
    phase, words, found = Phase("text", len(pictures)), dict[str, Words](), []
    yield phase.start()
    for picture in pictures:
        for caption in picture.captions:
            if caption not in words:
                words[caption] = teacher.read_words(caption)
        views = [picture.pixels, picture.pixels[:, ::-1]] if picture.may_flip else [picture.pixels]
        latents = tuple(teacher.read_picture(np.ascontiguousarray(view)) for view in views)
        found.append(Encoded(latents, tuple(words[caption] for caption in picture.captions)))
        yield phase.advance()
    return found


# What is learned -------------------------------------------------------------------------------------------------


def add_factors(teacher: Teacher, lesson: LoraLesson) -> list[Any]:
    """Put factors of low rank beside the attention's weights; return those that learn, in float32."""
    from peft import LoraConfig

    network = teacher.network
    network.requires_grad_(False)
    config = LoraConfig(
        r=lesson.rank, lora_alpha=lesson.rank, init_lora_weights="gaussian", target_modules=list(LEARNING)
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(lesson.seed)
        network.add_adapter(config)
    learning = [weight for weight in network.parameters() if weight.requires_grad]
    for weight in learning:
        weight.data = weight.data.float()  # steps of a half-precision weight would be lost in its rounding
    if network.device.type == "cuda":
        network.enable_gradient_checkpointing()
    return learning


def learn(
    teacher: Teacher, lessons: list[Encoded], factors: list[Any], lesson: LoraLesson
) -> Generator[Event, None, int]:
    """Take the steps; yields the loss and the seconds left, returns how many steps there were."""
    random = torch.Generator().manual_seed(lesson.seed)
    optimizer = torch.optim.AdamW(factors, lr=lesson.rate, weight_decay=1e-2)
    start = shown = time.monotonic()
    losses: list[float] = []
    step = 0
    yield Event("train", 0, lesson.steps)
    while not (lesson.steps and step >= lesson.steps):
        spent = time.monotonic() - start
        if lesson.budget and step and spent >= lesson.budget:
            break
        one = lessons[int(torch.randint(len(lessons), (1,), generator=random))]
        loss = loss_of(teacher, one, random)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(factors, LARGEST_GRADIENT)
        optimizer.step()
        optimizer.zero_grad()
        step += 1
        losses = [*losses[1 - KEPT_LOSSES :], float(loss.detach())]
        if not np.isfinite(losses[-1]):
            raise NonFiniteError(
                f"the loss of step {step} is not finite; nothing was written. Use --precision bf16 or fp32"
            )
        now = time.monotonic()
        if now - shown >= EVENT_SECONDS or step == lesson.steps:
            shown, left = now, seconds_left(now - start, step, lesson)
            yield Event("train", step, lesson.steps, left, message=f"loss {np.mean(losses):.4f}")
    return step


def loss_of(teacher: Teacher, lesson: Encoded, random: torch.Generator) -> Tensor:
    """Return the squared error of one prediction at a time, with a noise, a wording and a side that are drawn."""

    def pick(several: tuple[Any, ...]) -> Any:
        return several[int(torch.randint(len(several), (1,), generator=random))]

    data, words = pick(lesson.latents), pick(lesson.words)
    moment = teacher.schedule.draw(random)
    noise = torch.randn(data.shape, generator=random).to(data.device)
    noisy, target = teacher.schedule.mix(data, noise, moment)
    return (teacher.predict(noisy, moment, words) - target.to(data.device)).square().mean()


@torch.no_grad()
def measure(teacher: Teacher, lessons: list[Encoded], seed: int) -> float:
    """Return the mean loss at times and noises that are the same each time."""
    random = torch.Generator().manual_seed(seed + 1)
    chosen = [lessons[number % len(lessons)] for number in range(max(MEASURED, len(lessons)))]
    return float(np.mean([float(loss_of(teacher, one, random)) for one in chosen]))


def seconds_left(spent: float, step: int, lesson: LoraLesson) -> float:
    """Return an estimate of what is left of the steps, or of the budget, whichever ends first."""
    ends = [lesson.budget - spent] if lesson.budget else []
    ends += [spent / step * (lesson.steps - step)] if lesson.steps else []
    return max(0.0, min(ends))
