"""Sizes and settings of every part, as frozen dataclasses, and PRESETS, the one table of sizes.

One dial: a preset names the width and depth of the transformer; heads and rates follow from them. Settings are overridden by
strict `replace`: an unknown key is refused with the nearest known one.
"""

import dataclasses
import math
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeVar

from mutoscope.errors import SettingError, did_you_mean

T = TypeVar("T")

SPACE_FACTOR = 8  # pixels per latent row or column
TIME_FACTOR = 4  # frames per latent frame after the first, which holds one frame
PATCH = 2  # latent rows and columns per token
GUIDANCE_TAUGHT = (1.0, 6.0)  # scales that a few-step transformer learns to take as an input

ASPECTS: dict[str, tuple[int, int]] = {
    # name      across, down
    "square":    (1, 1),
    "portrait":  (2, 3),
    "landscape": (3, 2),
    "wide":      (16, 9),
    "story":     (9, 16),
    "banner":    (3, 1),
}  # fmt: skip


@dataclass(frozen=True)
class CodecConfig:
    """Sizes of the codec; widths are channels at 1/8, 1/4 and 1/2 of the resolution, blocks those at 1/8."""

    latent_channels: int = 16
    widths: tuple[int, int, int] = (192, 96, 32)
    blocks: int = 3
    decoder_widths: tuple[int, int, int] = (0, 0, 0)  # zeros: those of the encoder

    def __post_init__(self):
        object.__setattr__(self, "widths", tuple(self.widths))
        object.__setattr__(self, "decoder_widths", tuple(self.decoder_widths))

    @property
    def decoding(self) -> tuple[int, int, int]:
        """Widths of the decoder, which is run for every frame that is drawn, the encoder hardly ever."""
        return self.decoder_widths if any(self.decoder_widths) else self.widths


@dataclass(frozen=True)
class TextConfig:
    """Sizes of the text tower (the shape of MiniLM-L6: BERT with 6 layers of width 384)."""

    vocabulary: int = 16384
    width: int = 384
    depth: int = 6
    heads: int = 12
    hidden: int = 1536
    window: int = 48  # tokens read at once; longer prompts are cut into windows and joined


@dataclass(frozen=True)
class ImageTowerConfig:
    """Sizes of the CLIP image tower, a convolution stem and a small pre-norm transformer."""

    width: int = 192
    depth: int = 4
    heads: int = 6
    embedding: int = 384


@dataclass(frozen=True)
class TransformerConfig:
    """Sizes of the diffusion transformer; `window` is how many latent frames a token looks back, its own included."""

    width: int = 256
    depth: int = 8
    latent_channels: int = 16
    text_width: int = 384
    adapter_depth: int = 2
    questions: int = (
        0  # learned queries of the attention pooling; 0 = no pooling, as in checkpoints before there was one
    )
    window: int = 4
    few_step: bool = False  # takes delta and guidance and answers average velocities (train/distil.py)

    @property
    def heads(self) -> int:
        """Attention heads, 64 wide each."""
        return max(1, self.width // 64)

    @property
    def hidden(self) -> int:
        """Width inside the SwiGLU, 8/3 of the width rounded up to a multiple of 32."""
        return 32 * math.ceil(self.width * 8 / 3 / 32)


@dataclass(frozen=True)
class ModelConfig:
    """One model: text tower, transformer, codec; the image tower is used in training only."""

    preset: str = "nano"
    transformer: TransformerConfig = field(default_factory=TransformerConfig)
    codec: CodecConfig = field(default_factory=CodecConfig)
    text: TextConfig = field(default_factory=TextConfig)
    image_tower: ImageTowerConfig = field(default_factory=ImageTowerConfig)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict; `ModelConfig.from_dict` reads it back exactly."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ModelConfig":
        """Build from `to_dict`'s dict; unknown keys are refused."""
        parts = {
            "transformer": TransformerConfig, "codec": CodecConfig, "text": TextConfig, "image_tower": ImageTowerConfig,
        }  # fmt: skip
        for name, part in (("model", values), *((key, values[key]) for key in parts if key in values)):
            if not isinstance(part, dict):
                raise SettingError(f"{name} must hold settings by name, got {part!r}")
        config = replace(cls(), **{key: value for key, value in values.items() if key not in parts})
        return replace(config, **{key: replace(kind(), **values[key]) for key, kind in parts.items() if key in values})


LIGHT_DECODER = (96, 32, 16)  # a frame of 256 px in under 20 ms on one core (dev/log.md)


def _preset(name: str, width: int, depth: int, codec: tuple[int, int, int], text: int, text_depth: int) -> ModelConfig:
    small, embedded = text < 384, name in ("nano", "mini")
    return ModelConfig(
        preset=name,
        transformer=TransformerConfig(
            width=width, depth=depth, text_width=text, adapter_depth=1 if small else 2, questions=8
        ),
        codec=CodecConfig(
            widths=codec, blocks=1 if small else 3, decoder_widths=LIGHT_DECODER if embedded else (0, 0, 0)
        ),
        text=TextConfig(
            vocabulary=2048 if small else 16384, width=text, depth=text_depth, heads=text // 32, hidden=4 * text
        ),
        image_tower=ImageTowerConfig(32, 1, 1, text) if small else ImageTowerConfig(embedding=text),
    )


PRESETS: dict[str, ModelConfig] = {
    #               transformer  codec channels at       text tower
    #               width depth  1/8  1/4  1/2           width depth
    "tiny": _preset("tiny", 64, 2, (24, 16, 8), 32, 1),  # a token is 64 numbers: a narrower one cannot tell noise
    "nano": _preset("nano", 256, 8, (192, 96, 32), 384, 6),
    "mini": _preset("mini", 384, 12, (192, 96, 32), 384, 6),
    "base": _preset("base", 768, 16, (256, 128, 48), 384, 6),
    "large": _preset("large", 1152, 28, (256, 128, 48), 384, 6),
}


def as_student(config: ModelConfig) -> ModelConfig:
    """Return the model whose transformer draws in a few steps: the same sizes, with delta and guidance as inputs."""
    return replace(config, transformer=replace(config.transformer, few_step=True))


def preset(name: str) -> ModelConfig:
    """Return the preset of this name; SettingError names the nearest known one."""
    if name not in PRESETS:
        raise SettingError(f"unknown preset {name!r}{did_you_mean(name, PRESETS)}; known: {', '.join(PRESETS)}")
    return PRESETS[name]


def replace(config: T, **changes: Any) -> T:
    """Return `config` with `changes`; SettingError for an unknown key or a value of another type."""
    known = {item.name: item for item in fields(config)}  # type: ignore[arg-type]  # every config is a dataclass
    for key, value in changes.items():
        if key not in known:
            raise SettingError(f"unknown setting {key!r}{did_you_mean(key, known)}; known: {', '.join(known)}")
        _check_type(key, getattr(config, key), value)
    return dataclasses.replace(config, **changes)  # type: ignore[type-var]  # every config is a dataclass


def _check_type(key: str, old: Any, new: Any) -> None:
    number = isinstance(old, int | float) and not isinstance(old, bool)
    fits = isinstance(new, int | float) and not isinstance(new, bool) if number else True
    if isinstance(old, int) and not isinstance(old, bool):
        fits = isinstance(new, int) and not isinstance(new, bool)
    if isinstance(old, bool | str):
        fits = isinstance(new, type(old))
    if isinstance(old, tuple):
        fits = isinstance(new, list | tuple) and [type(item) for item in new] == [type(item) for item in old]
    if dataclasses.is_dataclass(old):
        fits = isinstance(new, type(old))
    if not fits:
        raise SettingError(f"setting {key} must be {type(old).__name__} like {old!r}, got {new!r}")
