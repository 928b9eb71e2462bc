"""The request: everything that decides the pixels of one picture or clip, as plain data.

`build_request` (options.py) reads the prompt once and makes it. From then on nothing is parsed or looked up again: the facts found in
the prompt, the words of its styles, the negative prompt that is really used, the objects and the post-processing step all stand here.
It is written into every file, so that every file can be made again from itself.
"""

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeVar

from mutoscope.capabilities import USUAL_PRECISION
from mutoscope.errors import SettingError, SizeError, did_you_mean
from mutoscope.prompt.checks import MAX_SEED, as_float, check_float, check_int, check_text, check_word
from mutoscope.prompt.styles import UsedStyle, write_mix
from mutoscope.prompt.weighting import Segments

# Rises whenever the same request would give other pixels. 2: refining starts from a sharpened draft. 3: pixel art and low poly are
# post-processed. 4: flat vector is; a style named in the prompt leads it. 5: one reading of the prompt for `style=` and for words
# in the prompt, bracket weights are read too, `(word:0)` leaves the word out (CHANGELOG.md, 0.2.0).
SAMPLER_VERSION = 6
SAMPLERS = ("dpm2m", "euler", "heun", "meanflow")  # "meanflow" is for few-step models, which know no other
MAX_SIDE_PIXELS = 4096
MAX_FRAMES = 60 * 60  # five minutes at 12 frames a second
MAX_STEPS = 200
MAX_ADAPTERS, MAX_ADAPTER_SCALE = 8, 4.0
MAX_GUIDANCE_SCALE = 30.0
T = TypeVar("T")


@dataclass(frozen=True)
class UsedAdapter:
    """An adapter that changes the weights, and how much."""

    name: str
    scale: float = 1.0  # 0 changes nothing, 1 is what was trained
    hash: str = ""  # SHA-256 of its file, first 16 digits

    def __post_init__(self):
        check_word("the name of an adapter", self.name)
        check_word("the hash of an adapter", self.hash)
        scale = as_float(f"the scale of adapter {self.name[:40]!r}", self.scale)
        if abs(scale) > MAX_ADAPTER_SCALE:
            raise SettingError(
                f"the scale of adapter {self.name[:40]!r} must be from -{MAX_ADAPTER_SCALE:g} to {MAX_ADAPTER_SCALE:g}, "
                f"got {self.scale!r}; 1 is what was trained"
            )
        object.__setattr__(self, "scale", scale)


@dataclass(frozen=True)
class Fact:
    """What a prompt says of its picture, by the name the model was trained on: ("light", "sunset")."""

    kind: str  # "scene", "light", "weather", "season", "plant", "camera", "event"
    name: str
    weight: float = 1.0  # of the words that say it

    def __post_init__(self):
        check_word("the kind of a fact", self.kind)
        check_word("the name of a fact", self.name)
        object.__setattr__(self, "weight", check_float("the weight of a fact", self.weight, 0.0, 10.0))


@dataclass(frozen=True)
class NamedObject:
    """One kind of object that a prompt names."""

    noun: str
    count: int = 1
    color: str = ""  # a color of the vocabulary; "" = as it is
    side: str = ""  # "left", "centre", "right"; "" = not said
    aloft: bool = False  # said to fly, or to be in the sky

    def __post_init__(self):
        for name in ("noun", "color", "side"):
            check_word(f"the {name} of an object", getattr(self, name))
        object.__setattr__(self, "count", check_int("the count of an object", self.count, 1, 99))


@dataclass(frozen=True)
class ObjectPlan:
    """The objects of a prompt, and what is drawn without them."""

    objects: tuple[NamedObject, ...]
    scene: Segments  # the prompt without its objects
    place: str = ""  # the scene they stand in, by its name; "" = unknown
    ground: str = ""  # color of a plain background; "" = not said
    library: str = ""  # digest of the object library
    own: tuple[tuple[str, str], ...] = ()  # name and hash of the user's own objects among them

    def __post_init__(self):
        object.__setattr__(self, "objects", check_list("objects", self.objects, NamedObject))
        object.__setattr__(self, "scene", check_segments("scene", self.scene))
        object.__setattr__(self, "own", check_pairs("own objects", self.own))
        for name in ("place", "ground", "library"):
            check_word(name, getattr(self, name))


@dataclass(frozen=True)
class Request:
    """Everything that decides the pixels of one picture or clip; refuses what cannot be meant."""

    prompt: str  # its wildcards drawn
    negative_prompt: str = ""  # what the picture is steered away from, a style's default included
    styles: tuple[UsedStyle, ...] = ()  # those asked for, and the one that the prompt names
    width: int = 128  # pixels
    height: int = 128  # pixels
    num_frames: int = 1  # 1 = a picture
    fps: int = 12  # frames a second of a clip
    num_inference_steps: int = 12  # for a picture, or for each latent frame of a clip; 0: the engine takes no steps
    guidance_scale: float = 3.0  # 1 = none
    seed: int = 0  # 0 to 2**32 - 1
    index: int = 0  # which of several; the noise is rng.stream(seed, index)
    sampler: str = "dpm2m"  # one of SAMPLERS, with another engine a name of its own; "" = it has none
    sampler_version: int = SAMPLER_VERSION
    model: str = ""  # name of the checkpoint
    model_hash: str = ""  # SHA-256 of its weights, first 16 digits
    engine: str = ""  # that ran the model: "" is this package's own
    revision: str = ""  # commit of the repository that the model came from
    made_with: str = ""  # libraries with their versions, and the device; pixels can differ on others
    adapters: tuple[UsedAdapter, ...] = ()  # in the order in which they are added to the weights
    precision: str = USUAL_PRECISION  # of the model's products, a name in its capabilities
    template: str = ""  # the prompt with its wildcards, before they were drawn
    draft: tuple[int, int] | None = None  # width and height at which it is drawn first, to be refined; None: at once
    refine_strength: float = 0.0  # noise level of the first pass of refining, below 1
    variation: float = 0.0  # how far the noise lies towards that of another seed: 0 is its own, 1 is the other's
    variation_seed: int = 0  # the other seed; its noise is rng.stream(variation_seed, index)
    image_hash: str = ""  # of the init image; empty: from noise alone
    mask_hash: str = ""  # of the mask that says where it is drawn anew
    strength: float = 1.0  # noise level the init image is drawn from; 0 keeps it, as the first frame of a clip does
    postprocess: str = ""  # step after decoding, a name in postprocess.py; "" = none
    facts: tuple[Fact, ...] = ()  # what the prompt says, in the model's own words
    objects: ObjectPlan | None = None  # looked up in the object library; None: the network draws all
    segments: Segments = ()  # the prompt in parts with their weights; empty: all of it at weight 1
    negative_segments: Segments = field(default=())  # the same of the negative prompt

    def __post_init__(self):
        for name, value in _checked(self).items():
            object.__setattr__(self, name, value)
        self._check_size()
        self._check_init_image()

    def _check_size(self) -> None:
        if self.draft is None:
            return
        if not 0 < self.refine_strength < 1:
            raise SettingError(f"refine_strength must be above 0 and below 1, got {self.refine_strength!r}")
        if self.num_frames != 1:
            raise SizeError(f"clips are drawn at once, without a draft; got {self.width}x{self.height}")

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
    def style(self) -> str | None:
        """The styles that were asked for, with their strengths, in one spelling; None without any."""
        return write_mix([(style.name, style.strength) for style in self.styles if not style.typed]) or None

    @property
    def is_clip(self) -> bool:
        """Whether it has more than one frame."""
        return self.num_frames > 1

    def to_json(self) -> str:
        """Return compact JSON with sorted keys, without fields that have their defaults and were added later than 0.1.0."""
        usual = {item.name: item.default for item in fields(self)}
        values = {key: value for key, value in asdict(self).items() if key in ALWAYS_WRITTEN or value != usual[key]}
        return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Request":
        """Read `to_json`'s text, also that of 0.1.0; unknown keys and values that cannot be meant are refused."""
        from mutoscope.prompt.legacy import upgrade

        try:
            values: Any = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise SettingError(f"the request is not JSON ({error}); was the file edited?") from error
        if not isinstance(values, dict) or "prompt" not in values:
            raise SettingError("the request holds no prompt; was the file edited?")
        values = upgrade(values)
        known = [item.name for item in fields(cls)]
        for key in values:
            if key not in known:
                raise SettingError(f"the request holds an unknown key {key!r}{did_you_mean(key, known)}")
        return cls(**values)


ALWAYS_WRITTEN = frozenset(
    ("prompt", "negative_prompt", "width", "height", "num_frames", "fps", "num_inference_steps", "guidance_scale", "seed",
     "index", "sampler", "sampler_version", "model", "model_hash")
)  # fmt: skip


def _checked(request: Request) -> dict[str, Any]:
    """Return the fields of a request as plain Python data; RequestError for what they cannot be."""
    value = request.__dict__
    return {
        "prompt": check_text("prompt", value["prompt"], may_be_empty=False),
        "negative_prompt": check_text("negative prompt", value["negative_prompt"]),
        "template": check_text("template", value["template"]),
        "num_frames": check_int("num_frames", value["num_frames"], 1, MAX_FRAMES, SizeError),
        "fps": check_int("fps", value["fps"], 1, 60, SizeError),
        "num_inference_steps": check_int("num_inference_steps", value["num_inference_steps"], 0, MAX_STEPS),
        "guidance_scale": check_float("guidance_scale", value["guidance_scale"], 0.0, MAX_GUIDANCE_SCALE),
        "index": check_int("index", value["index"], 0, 9999),
        "sampler": check_word("sampler", value["sampler"]) if value["engine"] else check_sampler(value["sampler"]),
        "sampler_version": check_int("sampler_version", value["sampler_version"], 1, 9999),
        "refine_strength": check_float("refine_strength", value["refine_strength"], 0.0, 1.0),
        "objects": as_dataclass("objects", value["objects"], ObjectPlan) if value["objects"] is not None else None,
        "styles": check_list("styles", value["styles"], UsedStyle),
        "facts": check_list("facts", value["facts"], Fact),
        "adapters": check_list("adapters", value["adapters"], UsedAdapter, MAX_ADAPTERS),
        "draft": check_draft(value["draft"]),
        **{name: check_int(name, value[name], 1, MAX_SIDE_PIXELS, SizeError) for name in ("width", "height")},
        **{name: check_int(name, value[name], 0, MAX_SEED) for name in ("seed", "variation_seed")},
        **{name: check_float(name, value[name], 0.0, 1.0) for name in ("variation", "strength")},
        **{name: check_segments(name, value[name]) for name in ("segments", "negative_segments")},
        **{
            name: check_word(name, value[name])
            for name in (
                "model",
                "model_hash",
                "engine",
                "revision",
                "made_with",
                "precision",
                "image_hash",
                "mask_hash",
                "postprocess",
            )
        },
    }


def check_sampler(name: Any) -> str:
    """Return the name of a sampler, or ""; SettingError names the nearest."""
    if name not in ("", *SAMPLERS):
        raise SettingError(f"unknown sampler {name!r}{did_you_mean(str(name), SAMPLERS)}; known: {', '.join(SAMPLERS)}")
    return name


def check_draft(value: Any) -> tuple[int, int] | None:
    """Return the size of a draft, (width, height) in pixels; SizeError for anything else."""
    if value is None:
        return None
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise SizeError(f"draft must be a width and a height, got {value!r}"[:200])
    width, height = (check_int("a side of the draft", side, 1, MAX_SIDE_PIXELS, SizeError) for side in value)
    return width, height


def check_segments(name: str, value: Any) -> Segments:
    """Return pairs of text and weight as tuples; SettingError for anything else."""
    if not isinstance(value, list | tuple) or not all(
        isinstance(item, list | tuple) and len(item) == 2 for item in value
    ):
        raise SettingError(f"{name} must be pairs of a text and its weight, got {value!r}"[:200])
    return tuple((check_text(name, text), as_float(f"a weight of {name}", weight)) for text, weight in value)


def check_pairs(name: str, value: Any) -> tuple[tuple[str, str], ...]:
    """Return pairs of texts as tuples; SettingError for anything else."""
    if not isinstance(value, list | tuple) or not all(
        isinstance(item, list | tuple) and len(item) == 2 for item in value
    ):
        raise SettingError(f"{name} must be pairs of texts, got {value!r}"[:200])
    return tuple((check_word(name, first), check_word(name, second)) for first, second in value)


def check_list(name: str, value: Any, kind: type[T], most: int = 1000) -> tuple[T, ...]:
    """Return a list of dataclasses, or of their JSON objects, as a tuple; SettingError for anything else."""
    if not isinstance(value, list | tuple) or len(value) > most:
        raise SettingError(f"{name} must be a list of at most {most}, got {value!r}"[:200])
    return tuple(as_dataclass(name, item, kind) for item in value)


def as_dataclass(name: str, value: Any, kind: type[T]) -> T:
    """Return a dataclass from itself or from its JSON object; SettingError names a key that it lacks or does not know."""
    if isinstance(value, kind):
        return value
    known = [item.name for item in fields(kind)]  # type: ignore[arg-type]  # every kind is a dataclass
    if not isinstance(value, dict) or not set(value) <= set(known):
        raise SettingError(f"each of the {name} holds {', '.join(known)}, got {value!r}"[:200])
    try:
        return kind(**value)
    except TypeError as error:  # a field without a default is missing
        raise SettingError(f"each of the {name} holds {', '.join(known)}, got {value!r}"[:200]) from error
