"""What was asked: the request that decides every pixel, and the wording the model does not know.

A `Request` is frozen, checks itself, goes to JSON and back exactly, and is written into every file, so that every file can be
made again from itself.
"""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from mutoscope.errors import PromptError, SettingError, SizeError, StyleError, did_you_mean
from mutoscope.prompt.styles import Mix, Style, known_styles, read_mix, split_strength, write_mix
from mutoscope.prompt.weighting import Pieces, is_weighted, pieces
from mutoscope.prompt.wildcards import draw_words
from mutoscope.shapes import LARGEST, LARGEST_REFINED, LatentGrid, check_size, draft_size, parse_size

LONGEST_PROMPT = 20_000  # characters
MOST_FRAMES = 60 * 60  # five minutes at 12 frames a second
MOST_STEPS = 200
SAMPLER_NAMES = ("dpm2m", "euler", "heun", "meanflow")
MOST_ADAPTERS, LARGEST_SCALE = 8, 4.0
# Left out of the JSON where they say nothing, as before there were any.
LATER = (
    "adapters", "style_words", "template", "weighted", "draft", "refine_strength", "variation", "variation_seed", "image_hash",
    "mask_hash", "strength", "things", "own_things", "plainly",
)  # fmt: skip
PICTURE_SIDE = 256  # pixels of the shorter side of a picture of which no more is said
STRONG = 0.5  # strength of a style from which it leads the picture: its last touch, its neighbour kept away
LOUDER = 1.3  # weight of scene, light, weather and season beside a style that leads, so that they keep their part (dev/log.md)
REFINE_STRENGTH = 0.45  # more draws the scene again inside of itself, less leaves it soft (dev/log.md)


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
        if not _is_number(self.scale) or not abs(self.scale) <= LARGEST_SCALE:
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
    style: str | None = None  # names of styles with their strengths, as styles.write_mix spells them
    width: int = 128  # pixels
    height: int = 128  # pixels
    num_frames: int = 1  # 1 = a picture
    fps: int = 12  # frames a second of a clip
    num_inference_steps: int = 12  # for a picture, or for each latent frame of a clip
    guidance_scale: float = 3.0  # 1 = none
    seed: int = 0  # 0 to 2**32 - 1
    index: int = 0  # which of several; the noise is rng.stream(seed, index)
    sampler: str = "dpm2m"  # "meanflow" for few-step models, which know no other
    sampler_version: int = 4
    model: str = ""  # name of the checkpoint
    model_hash: str = ""  # SHA-256 of its weights, first 16 digits
    adapters: tuple[UsedAdapter, ...] = ()  # in the order in which they are added to the weights
    style_words: tuple[tuple[str, str], ...] = ()  # name and words of the user's own styles among them
    template: str = ""  # the prompt with its wildcards, before they were drawn
    weighted: bool = False  # brackets in the prompts are weights, see wording.py
    draft: tuple[int, int] | None = None  # width and height at which it is drawn first, to be refined; None: at once
    refine_strength: float = 0.0  # noise of the first pass of refining, below 1
    variation: float = 0.0  # how far the noise lies towards that of another seed: 0 is its own, 1 is the other's
    variation_seed: int = 0  # the other seed, 0 to 2**32 - 1; its noise is rng.stream(variation_seed, index)
    image_hash: str = ""  # of the picture it starts from, init_image.InitImage.hash; empty: from noise alone
    mask_hash: str = ""  # of the mask that says where it is drawn anew
    strength: float = 1.0  # noise level that the picture is drawn from; 0 keeps it, as the first frame of a clip does
    things: str = ""  # digest of the memory that its things are looked up in; empty: the network draws all
    own_things: tuple[tuple[str, str], ...] = ()  # name and hash of the user's own things among them
    plainly: str = ""  # names of what the prompt says in other words, read after it; see phrases.py

    def __post_init__(self):
        object.__setattr__(self, "prompt", check_text("prompt", self.prompt, may_be_empty=False))
        object.__setattr__(self, "negative_prompt", check_text("negative prompt", self.negative_prompt, True))
        object.__setattr__(self, "style_words", _check_style_words(self.style_words))
        object.__setattr__(self, "style", None if self.style is None else write_mix(self.mix))
        object.__setattr__(self, "template", check_text("template", self.template, may_be_empty=True))
        object.__setattr__(self, "plainly", check_text("plainly", self.plainly, may_be_empty=True))
        if not isinstance(self.weighted, bool):
            raise SettingError(f"weighted must be true or false, got {self.weighted!r}")
        self._check_size()
        _check_whole("num_frames", self.num_frames, 1, MOST_FRAMES, SizeError)
        _check_whole("fps", self.fps, 1, 60, SizeError)
        _check_whole("num_inference_steps", self.num_inference_steps, 1, MOST_STEPS, SettingError)
        _check_whole("seed", self.seed, 0, 2**32 - 1, SettingError)
        _check_whole("index", self.index, 0, 9999, SettingError)
        object.__setattr__(self, "guidance_scale", _check_scale(self.guidance_scale))
        _check_whole("sampler_version", self.sampler_version, 1, 9999, SettingError)
        for name in ("model", "model_hash", "image_hash", "mask_hash", "things"):
            if not isinstance(getattr(self, name), str):
                raise SettingError(f"{name} must be text, got {getattr(self, name)!r}")
        object.__setattr__(self, "adapters", _check_adapters(self.adapters))
        object.__setattr__(self, "own_things", _check_own_things(self.own_things))
        _check_whole("variation_seed", self.variation_seed, 0, 2**32 - 1, SettingError)
        for name in ("variation", "strength"):
            object.__setattr__(self, name, _check_share(name, getattr(self, name)))
        self._check_init_image()
        if self.sampler not in SAMPLER_NAMES:
            hint = did_you_mean(self.sampler, SAMPLER_NAMES)
            raise SettingError(f"unknown sampler {self.sampler!r}{hint}; known: {', '.join(SAMPLER_NAMES)}")

    def _check_size(self) -> None:
        """Refuse sizes, and drafts of them, that cannot be made; a draft read from JSON becomes a tuple."""
        if self.draft is None:
            LatentGrid(self.width, self.height, 1)
            return
        if not isinstance(self.draft, list | tuple) or len(self.draft) != 2:
            raise SizeError(f"draft must be a width and a height, got {self.draft!r}"[:200])
        object.__setattr__(self, "draft", tuple(self.draft))
        LatentGrid(*self.draft, 1)
        check_size(self.width, self.height, LARGEST_REFINED)
        if self.num_frames != 1:
            raise SizeError(f"clips are drawn up to {LARGEST} pixels a side, got {self.width}x{self.height}")
        if not _is_number(self.refine_strength) or not 0 < self.refine_strength < 1:
            raise SettingError(f"refine_strength must be above 0 and below 1, got {self.refine_strength!r}")

    @property
    def mix(self) -> Mix:
        """The styles by name with their strengths; StyleError for an unknown one."""
        if self.style is None:
            return []
        own = {name: Style(name, words) for name, words in self.style_words}
        return read_mix(str(self.style), {**known_styles(), **own})

    @property
    def finish(self) -> str:
        """The last touch (finish.py) of the style that was asked for; "" for none."""
        return next((style.finish for style in self._asked_styles() if style.finish), "")

    @property
    def against(self) -> str:
        """What a style asked for is kept away from, if the user says nothing else of it: its neighbour; "" for none."""
        asked = self._asked_styles()
        named = {style.name for style in asked} | {name for name, _ in self.mix}
        return next((style.against for style in asked if style.against and style.against not in named), "")

    def _asked_styles(self) -> list[Style]:
        """Return the package's styles that lead the picture: the strongest, and those that the prompt says in plain words."""
        name, strength = max(self.mix, key=lambda one: one[1], default=("", 0.0))
        asked = [name] if strength >= STRONG and name not in dict(self.style_words) else []
        return [known_styles()[word] for word in asked + self.plainly.split(", ") if word in known_styles()]

    def style_says(self, name: str) -> str:
        """Return the words that a style of this request adds to the prompt."""
        own = dict(self.style_words)
        return own[name] if name in own else known_styles()[name].words

    def _check_init_image(self) -> None:
        if not self.image_hash and (self.mask_hash or self.strength != 1.0):
            raise SettingError("strength and mask are for a picture to start from; give one, with --image or image=")
        if self.mask_hash and self.draft:
            raise SizeError(
                f"a mask is for pictures that are drawn at once, {self.width}x{self.height} is refined; ask for less"
            )
        if self.mask_hash and self.num_frames > 1:
            raise SettingError("a mask is for pictures; a clip takes a whole picture as its first frame")

    @property
    def words(self) -> str:
        """The prompt with the words of the styles, as one text that others can read."""
        said = [self.style_says(name) if strength == 1 else f"({self.style_says(name)}:{strength:g})"
                for name, strength in self.mix if strength > 0]  # fmt: skip
        return ", ".join([self.prompt, *said])

    def readings(self) -> list[tuple[float, Pieces]]:
        """Return the texts whose velocities, each times its share, are the prompt's (composable diffusion, Liu et al. 2022).

        A style at strength 1 is one reading. Others pull from the bare prompt towards, or away from, the prompt with their words.
        The shares sum to 1.
        """
        base = self._with_plain_names(self._pieces(self.prompt))
        found = [(strength, [*base, (f", {self.style_says(name)}", 1.0)]) for name, strength in self.mix if strength]
        rest = round(1.0 - sum(strength for strength, _ in found), 4)
        return [(rest, base), *found] if rest or not found else found

    def _with_plain_names(self, prompt: Pieces) -> Pieces:
        """Return the prompt with the names of what it says behind it; a style leads too, and the others are said louder then."""
        if not self.plainly:
            return prompt
        names = self.plainly.split(", ")
        styles = [known_styles()[name].words for name in names if name in known_styles()]
        if not styles:
            return [*prompt, (f", {self.plainly}", 1.0)]
        facts = [name for name in names if name not in known_styles()]
        louder = [(f", {', '.join(facts)}", LOUDER)] if facts else []
        style = ", ".join(styles)
        return [(f"{style}, ", 1.0), *prompt, *louder, (f", {style}", 1.0)]

    def negative_pieces(self) -> Pieces:
        """Return the negative prompt in pieces with their weights; where there is none, what the style is kept away from."""
        return self._pieces(self.negative_prompt or self.against)

    def _pieces(self, text: str) -> Pieces:
        return pieces(text) if self.weighted else [(text, 1.0)]

    def numbered(self, index: int) -> "Request":
        """Return the request of picture `index` of several: its wildcards drawn, its weights seen."""
        prompt = draw_words(self.prompt, self.seed, index)
        return replace(
            self, index=index, prompt=prompt, template=self.prompt if prompt != self.prompt else "",
            weighted=is_weighted(prompt) or is_weighted(self.negative_prompt),
        )  # fmt: skip

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
        if any(strength != 1 for _, strength in self.mix):
            facts["Styles"] = f'"{self.style}"'
        if self.draft:
            facts["Draft"] = f"{self.draft[0]}x{self.draft[1]}"
            facts["Refine strength"] = f"{self.refine_strength:g}"
        if self.image_hash:
            facts["Denoising strength"] = f"{self.strength:g}"
        if self.things:
            facts["Things"] = self.things
        if self.plainly:
            facts["Read as"] = f'"{self.plainly}"'
        if self.variation:
            facts |= {"Variation seed": self.variation_seed, "Variation seed strength": f"{self.variation:g}"}
        if self.adapters:
            facts["Adapters"] = '"' + ", ".join(f"{used.name}:{used.scale:g}" for used in self.adapters) + '"'
        return "\n".join([*lines, ", ".join(f"{key}: {value}" for key, value in facts.items())])


def sized(size: Any, width: Any, height: Any, side: int, moves: bool = False) -> dict[str, Any]:
    """Return what a request says of its size, from `size` or width and height, for a checkpoint of this native side.

    Names and aspects of pictures, and no size at all, mean twice the native side, up to PICTURE_SIDE; a picture larger than the
    checkpoint can draw at once gets a draft. A clip that `moves` has to be drawn at once: its names are reckoned from the native side.

    >>> sized("1024x1024", None, None, 128)
    {'width': 1024, 'height': 1024, 'draft': (128, 128), 'refine_strength': 0.45}
    """
    if size is not None and (width is not None or height is not None):
        raise SizeError("give size, or width and height, not both")
    if size is not None or (width is None and height is None):
        width, height = parse_size(size or "square", side if moves else max(side, min(2 * side, PICTURE_SIDE)))
    width, height = (side if length is None else length for length in (width, height))
    check_size(width, height, LARGEST_REFINED)
    if moves and max(width, height) > LARGEST:
        raise SizeError(
            f"clips are drawn up to {LARGEST} pixels a side, got {width}x{height}; pictures go up to {LARGEST_REFINED}"
        )
    draft = None if moves else draft_size(width, height, side)
    return {"width": width, "height": height} | ({"draft": draft, "refine_strength": REFINE_STRENGTH} if draft else {})


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
        name, scale = split_strength(part)
        if not name or name in found:
            raise SettingError(
                f"{'the adapter ' + repr(name[:40]) + ' twice' if name else 'an adapter without a name'} in "
                f'{words[:80]!r}; expected names and scales such as "mystyle:0.8, other:0.5"'
            )
        found[name] = UsedAdapter(name, 1.0 if scale is None else scale).scale
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


def _check_style_words(value: Any) -> tuple[tuple[str, str], ...]:
    """Return the user's own styles of a request as they are checked; StyleError."""
    if not isinstance(value, list | tuple) or not all(
        isinstance(item, list | tuple) and len(item) == 2 and all(isinstance(text, str) for text in item)
        for item in value
    ):
        raise StyleError(f"style_words must be pairs of a name and its words, got {value!r}"[:200])
    try:
        return tuple((style.name, style.words) for style in (Style(*item) for item in value))
    except ValueError as error:
        raise StyleError(f"the request's own styles: {error}") from error


def _check_own_things(value: Any) -> tuple[tuple[str, str], ...]:
    """Return names and hashes of a user's own things as pairs; SettingError."""
    pairs = (
        [tuple(pair) for pair in value if isinstance(pair, list | tuple)] if isinstance(value, list | tuple) else None
    )
    if (
        pairs is None
        or len(pairs) != len(value)
        or not all(len(p) == 2 and all(isinstance(t, str) for t in p) for p in pairs)
    ):
        raise SettingError(f"own_things must be pairs of a name and a hash, got {value!r}"[:200])
    return tuple(pairs)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_share(name: str, value: Any) -> float:
    if not _is_number(value) or not 0 <= value <= 1:
        raise SettingError(f"{name} must be a number from 0 to 1, got {value!r}")
    return float(value)


def _check_scale(value: Any) -> float:
    if not _is_number(value) or not abs(value) < math.inf:
        raise SettingError(f"guidance_scale must be a number, got {value!r}; 3 is the default, 1 means none")
    if not 0 <= value <= 30:
        raise SettingError(f"guidance_scale must be from 0 to 30, got {value}")
    return float(value)
