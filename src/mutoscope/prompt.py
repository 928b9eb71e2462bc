"""What was asked: the request that decides every pixel, the styles by name, and the wording the model does not know.

A `Request` is frozen, checks itself, goes to JSON and back exactly, and is written into every file, so that every file can be
made again from itself.
"""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

from mutoscope.errors import PromptError, SettingError, SizeError, StyleError, did_you_mean
from mutoscope.shapes import LatentGrid

LONGEST_PROMPT = 20_000  # characters
MOST_FRAMES = 60 * 60  # five minutes at 12 frames a second
MOST_STEPS = 200
SAMPLER_NAMES = ("dpm2m", "euler", "heun", "meanflow")
LATER = (
    "adapters",
    "variation",
    "variation_seed",
    "image_hash",
    "mask_hash",
    "strength",
)  # keys that the first files lack
MOST_ADAPTERS, LARGEST_SCALE = 8, 4.0

STYLES: dict[str, str] = {
    # name            words added to the prompt
    "photo":          "photo",
    "watercolor":     "watercolor",
    "oil painting":   "oil painting",
    "pencil sketch":  "pencil sketch",
    "ink wash":       "ink wash painting",
    "ukiyo-e":        "ukiyo-e",
    "pixel art":      "pixel art",
    "flat vector":    "flat vector art",
    "anime":          "anime",
    "neon synthwave": "neon synthwave",
    "vintage film":   "vintage film photo",
    "stained glass":  "stained glass",
}  # fmt: skip


def styles() -> dict[str, str]:
    """Return the styles: name -> words that the style adds to the prompt."""
    return dict(STYLES)


@dataclass(frozen=True)
class UsedAdapter:
    """An adapter that changes the weights, and how much; refuses a scale that is none."""

    name: str
    scale: float = 1.0  # 0 changes nothing, 1 is what was trained
    hash: str = ""  # SHA-256 of its file, first 16 digits

    def __post_init__(self):
        for key in ("name", "hash"):
            if not isinstance(getattr(self, key), str):
                raise SettingError(f"the {key} of an adapter must be text, got {getattr(self, key)!r}")
        number = isinstance(self.scale, int | float) and not isinstance(self.scale, bool)
        if not number or not abs(self.scale) <= LARGEST_SCALE:
            raise SettingError(
                f"the scale of adapter {self.name[:40]!r} must be from -{LARGEST_SCALE:g} to {LARGEST_SCALE:g}, "
                f"got {self.scale!r}; 1 is what was trained"
            )
        object.__setattr__(self, "scale", float(self.scale))


@dataclass(frozen=True)
class Request:
    """Everything that decides the pixels of one picture or clip; refuses what cannot be made."""

    prompt: str
    negative_prompt: str = ""
    style: str | None = None  # a name of `styles()`
    width: int = 128  # pixels
    height: int = 128  # pixels
    num_frames: int = 1  # 1 = a picture
    fps: int = 12  # frames a second of a clip
    num_inference_steps: int = 16  # for a picture, or for each latent frame of a clip
    guidance_scale: float = 3.0  # 1 = none
    seed: int = 0  # 0 to 2**32 - 1
    index: int = 0  # which of several; the noise is rng.stream(seed, index)
    sampler: str = "dpm2m"  # "meanflow" for few-step models, which know no other
    sampler_version: int = 1
    model: str = ""  # name of the checkpoint
    model_hash: str = ""  # SHA-256 of its weights, first 16 digits
    adapters: tuple[UsedAdapter, ...] = ()  # in the order in which they are added to the weights
    variation: float = (
        0.0  # how far the noise lies towards another stream's: 0 is its own, 1 is rng.stream(variation_seed, index)
    )
    variation_seed: int = 0  # 0 to 2**32 - 1
    image_hash: str = ""  # of the picture it starts from, source.Source.hash; empty: from noise alone
    mask_hash: str = ""  # of the mask that says where it is drawn anew
    strength: float = (
        1.0  # the noise level that the picture is drawn from; 0 keeps it, as the first frame of a clip does
    )

    def __post_init__(self):
        object.__setattr__(self, "prompt", check_text("prompt", self.prompt, may_be_empty=False))
        object.__setattr__(self, "negative_prompt", check_text("negative prompt", self.negative_prompt, True))
        object.__setattr__(self, "style", find_style(self.style))
        LatentGrid(self.width, self.height, 1)
        _check_whole("num_frames", self.num_frames, 1, MOST_FRAMES, SizeError)
        _check_whole("fps", self.fps, 1, 60, SizeError)
        _check_whole("num_inference_steps", self.num_inference_steps, 1, MOST_STEPS, SettingError)
        _check_whole("seed", self.seed, 0, 2**32 - 1, SettingError)
        _check_whole("index", self.index, 0, 9999, SettingError)
        object.__setattr__(self, "guidance_scale", _check_scale(self.guidance_scale))
        _check_whole("sampler_version", self.sampler_version, 1, 9999, SettingError)
        for name in ("model", "model_hash", "image_hash", "mask_hash"):
            if not isinstance(getattr(self, name), str):
                raise SettingError(f"{name} must be text, got {getattr(self, name)!r}")
        object.__setattr__(self, "adapters", _check_adapters(self.adapters))
        _check_whole("variation_seed", self.variation_seed, 0, 2**32 - 1, SettingError)
        for name in ("variation", "strength"):
            object.__setattr__(self, name, _check_share(name, getattr(self, name)))
        self._check_source()
        if self.sampler not in SAMPLER_NAMES:
            hint = did_you_mean(self.sampler, SAMPLER_NAMES)
            raise SettingError(f"unknown sampler {self.sampler!r}{hint}; known: {', '.join(SAMPLER_NAMES)}")

    def _check_source(self) -> None:
        if not self.image_hash and (self.mask_hash or self.strength != 1.0):
            raise SettingError("strength and mask are for a picture to start from; give one, with --image or image=")
        if self.mask_hash and self.num_frames > 1:
            raise SettingError("a mask is for pictures; a clip takes a whole picture as its first frame")

    @property
    def words(self) -> str:
        """The prompt with the words of the style: what the text tower reads."""
        return f"{self.prompt}, {STYLES[self.style]}" if self.style else self.prompt

    def to_json(self) -> str:
        """Return compact JSON with sorted keys; silent about LATER keys that say nothing, as before they were there."""
        usual = {item.name: item.default for item in fields(self)}
        values = {key: value for key, value in asdict(self).items() if key not in LATER or value != usual[key]}
        return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Request":
        """Read `to_json`'s text; unknown keys and values that cannot be made are refused."""
        try:
            values: Any = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise SettingError(f"the request is not JSON ({error}); was the file edited?") from error
        if not isinstance(values, dict) or "prompt" not in values:
            raise SettingError("the request holds no prompt; was the file edited?")
        known = [item.name for item in fields(cls)]
        for key in values:
            if key not in known:
                raise SettingError(f"the request holds an unknown key {key!r}{did_you_mean(key, known)}")
        return cls(**values)

    def parameters(self) -> str:
        """Return the text that AUTOMATIC1111 and its readers understand."""
        lines = [self.words]
        if self.negative_prompt:
            lines.append(f"Negative prompt: {self.negative_prompt}")
        facts = {
            "Steps": self.num_inference_steps, "Sampler": self.sampler, "CFG scale": f"{self.guidance_scale:g}",
            "Seed": self.seed, "Size": f"{self.width}x{self.height}", "Model hash": self.model_hash[:10],
            "Model": self.model, "Version": f"mutoscope sampler {self.sampler_version}",
        }  # fmt: skip
        if self.index:
            facts["Image index"] = self.index
        if self.image_hash:
            facts["Denoising strength"] = f"{self.strength:g}"
        if self.variation:
            facts |= {"Variation seed": self.variation_seed, "Variation seed strength": f"{self.variation:g}"}
        if self.adapters:
            facts["Adapters"] = '"' + ", ".join(f"{used.name}:{used.scale:g}" for used in self.adapters) + '"'
        return "\n".join([*lines, ", ".join(f"{key}: {value}" for key, value in facts.items())])


def check_text(name: str, text: Any, may_be_empty: bool) -> str:
    """Return `text` as it is; PromptError when it is no text, empty, too long, or holds what no file can."""
    if not isinstance(text, str):
        raise PromptError(f"the {name} must be text, got {type(text).__name__}")
    if not may_be_empty and not text.strip():
        raise PromptError(f"the {name} is empty; say what to draw, for example: a lake at sunset")
    if len(text) > LONGEST_PROMPT:
        raise PromptError(f"the {name} has {len(text)} characters, at most {LONGEST_PROMPT} are read; shorten it")
    if "\0" in text:
        raise PromptError(f"the {name} holds a NUL character at position {text.index(chr(0))}; take it out")
    if any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        raise PromptError(f"the {name} holds half a character (a lone surrogate); was it cut or decoded wrongly?")
    return text


def find_style(style: Any) -> str | None:
    """Return the known name of a style, None for None; StyleError names the nearest."""
    if style is None:
        return None
    name = re.sub(r"[\s_]+", " ", str(style)).strip().lower()
    for known in STYLES:
        if name in (known, known.replace("-", " "), known.replace(" ", "-"), known.replace(" ", "")):
            return known
    raise StyleError(f"unknown style {str(style)[:40]!r}{did_you_mean(name, STYLES)}; known: {', '.join(STYLES)}")


def read_adapters(words: Any) -> list[tuple[str, float]]:
    """Return names (or paths) and scales of "mystyle:0.8, other"; a scale is 1 where none is given, "none" is no adapter.

    >>> read_adapters("mystyle:0.8, ./wild.safetensors")
    [('mystyle', 0.8), ('./wild.safetensors', 1.0)]
    """
    if not isinstance(words, str):
        raise SettingError(f'adapter must be text such as "mystyle:0.8" or "one:0.5, other:0.5", got {words!r}')
    if words.strip().lower() == "none":
        return []
    found: dict[str, float] = {}
    for part in words.split(","):
        name, _, scale = part.strip().rpartition(":")
        if not re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)", scale.strip()):
            name, scale = part.strip(), "1"  # a path may hold a colon too
        if not name or name in found:
            raise SettingError(
                f"{'the adapter ' + repr(name[:40]) + ' twice' if name else 'an adapter without a name'} in "
                f'{words[:80]!r}; expected names and scales such as "mystyle:0.8, other:0.5"'
            )
        found[name] = UsedAdapter(name, float(scale)).scale
    return list(found.items())


def unknown_words(text: str, known: Iterable[str]) -> list[str]:
    """Return the words of `text` that are not in `known` (lower case), in order, each once; numbers are left out."""
    known = known if isinstance(known, set | frozenset) else set(known)
    words = [word.strip("'-") for word in re.findall(r"[^\W\d_](?:[\w'\-]*\w)?", text.lower().replace("’", "'"))]
    return list(dict.fromkeys(word for word in words if word and not _is_known(word, known)))


def _is_known(word: str, known: set[str] | frozenset[str]) -> bool:
    if word in known:
        return True
    if "-" in word and all(_is_known(part, known) for part in word.split("-") if part):
        return True
    stems = [word + "s", word.removesuffix("s"), word.removesuffix("es"), word.removesuffix("'s")]
    return any(stem in known for stem in stems)


def _check_whole(name: str, value: Any, low: int, high: int, error: type[Exception]) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise error(f"{name} must be a whole number, got {value!r}")
    if not low <= value <= high:
        raise error(f"{name} must be from {low} to {high}, got {value}")


def _check_adapters(value: Any) -> tuple[UsedAdapter, ...]:
    if not isinstance(value, list | tuple) or len(value) > MOST_ADAPTERS:
        raise SettingError(f"adapters must be a list of at most {MOST_ADAPTERS}, got {value!r}"[:200])
    known = [item.name for item in fields(UsedAdapter)]
    for item in value:
        if not isinstance(item, UsedAdapter) and not (isinstance(item, dict) and {"name"} <= set(item) <= set(known)):
            raise SettingError(f"each of the adapters must hold {', '.join(known)}, got {item!r}"[:200])
    return tuple(item if isinstance(item, UsedAdapter) else UsedAdapter(**item) for item in value)


def _check_share(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise SettingError(f"{name} must be a number from 0 to 1, got {value!r}")
    return float(value)


def _check_scale(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < math.inf:
        raise SettingError(f"guidance_scale must be a number, got {value!r}; 3 is the default, 1 means none")
    if not 0 <= value <= 30:
        raise SettingError(f"guidance_scale must be from 0 to 30, got {value}")
    return float(value)
