"""What an engine takes, and its defaults: all that `build_request` needs to know of the model behind a call.

Reading it loads no weights, so wrong options are refused before anything heavy happens.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mutoscope.errors import SettingError, did_you_mean

USUAL_PRECISION = "fp32"  # a request says when it has another one

FPS = 12  # frames a second of a clip of this package's own models


def find_no_typo(word: str) -> bool:
    """Take every word as it is written."""
    return False


def refuse_adapters(names: tuple[tuple[str, float], ...]) -> tuple[Any, ...]:
    """Refuse adapters, for engines that take none; SettingError."""
    if names:
        raise SettingError(f"this model takes no adapters, got {names[0][0]!r}; leave the adapter out")
    return ()


def find_no_words(adapters: tuple[Any, ...]) -> frozenset[str]:
    """Return the words of adapters whose captions are not known: none."""
    return frozenset()


@dataclass(frozen=True)
class FrameRule:
    """Which numbers of frames a model can draw: `first`, and `multiple` more as often as one likes, up to `most`.

    >>> FrameRule(multiple=4, first=1).nearest(60), FrameRule(multiple=4, first=1).around(60)
    (61, (57, 61))
    """

    multiple: int = 1
    first: int = 0
    most: int = 60 * 60

    def fits(self, number: int) -> bool:
        """Whether a clip can have so many frames."""
        return self.first <= number <= self.most and (number - self.first) % self.multiple == 0

    def around(self, number: int) -> tuple[int, ...]:
        """Return the one or two numbers of frames next to `number` that a clip can have."""
        below = self.first + max(0, number - self.first) // self.multiple * self.multiple
        next_two = (below, below + self.multiple) if number > self.first else (below,)
        most = self.first + (self.most - self.first) // self.multiple * self.multiple
        return tuple(dict.fromkeys(min(one, most) for one in next_two if one > 1)) or (self.first + self.multiple,)

    def nearest(self, number: int) -> int:
        """Return the nearest number of frames that a clip can have; the larger of two."""
        return number if self.fits(number) else min(self.around(number), key=lambda one: (abs(one - number), -one))

    def __str__(self) -> str:
        return f"{self.multiple}k+{self.first} frames" if self.first else f"multiples of {self.multiple} frames"


@dataclass(frozen=True)
class Capabilities:
    """What one model takes. None as a default means that it knows no such setting, and refuses it."""

    name: str  # of the model
    hash: str  # first 16 digits of the SHA-256 of its weights, or of what else decides its pixels
    engine: str = ""  # that runs it: "" is this package's own; "diffusers", "onnx", "openai" or a plugin's name
    revision: str = ""  # commit of the repository that the model came from
    made_with: str = ""  # libraries with their versions, and the device: what bytes can depend on besides the request
    pictures: bool = True
    clips: bool = True
    default_size: tuple[int, int] | None = None  # width, height; None: by the native side, see `sizing.choose_size`
    clip_size: tuple[int, int] | None = None  # the same of a clip; None: as pictures
    native_side: int = 128  # pixels: side of the square pictures it was trained on
    side_multiple: int = 16  # pixels
    min_side: int = 32  # pixels
    max_side: int = 512  # pixels, drawn at once
    max_refined_side: int = 2048  # pixels, of pictures that are drawn small and refined
    refines: bool = True  # larger pictures start from a draft of the native size
    image_steps: int | None = 12
    clip_steps: int | None = 8  # of each latent frame
    min_steps: int = 1
    server_defaults: bool = False  # 0 steps, guidance 0 and strength 1 leave the choice to whoever runs it
    frames: FrameRule = FrameRule()
    default_frames: int | None = None  # of a clip; None: five seconds
    fps: int = FPS  # frames a second, the rate that it was trained at
    guidance_scale: float | None = 3.0
    guidance_range: tuple[float, float] = (0.0, 30.0)
    sampler: str = "dpm2m"
    negative_prompt: bool = True
    negative_needs_guidance: bool = False  # a negative prompt says nothing at guidance 1, and is refused there
    init_image: bool = True  # a picture to start from, a mask, the first frame of a clip
    mask: bool = True
    first_frame: bool = True  # of a clip
    needs_image: bool = False  # it draws from words and a picture, never from words alone
    variation: bool = True  # noise between two seeds
    objects: bool = True  # looked up in the object library
    own_words: frozenset[str] = frozenset()  # of what the model draws by itself, though the library has such an object
    reads_facts: bool = True  # scene, light, weather of a prompt, which this package's own models were taught by name
    style_templates: bool = False  # styles are words around the prompt, for models that know no names of ours
    bracket_weights: bool = True
    style_postprocess: bool = True  # styles bring their post-processing step along; False: only where it is asked for
    known_words: frozenset[str] | None = None  # of its training captions; None: it was trained on all
    trained_styles: frozenset[str] | None = (
        None  # names of the package's styles it was shown; None: its known words tell
    )
    may_be_typo: Callable[[str], bool] = find_no_typo  # whether a word that nobody taught it looks misspelt
    find_adapters: Callable[..., tuple[Any, ...]] = refuse_adapters  # names with scales -> UsedAdapters
    find_adapter_words: Callable[[tuple[Any, ...]], frozenset[str]] = (
        find_no_words  # of their captions, by UsedAdapters
    )
    precision: str = USUAL_PRECISION  # of what is asked for without one
    # Those it knows, each with the sentence that says why it cannot be had here, "" where it can.
    precisions: Mapping[str, str] = field(default_factory=lambda: {USUAL_PRECISION: ""})
    postprocess_precision: str | None = None  # what is post-processed is drawn in this one; None: in any

    def check_precision(self, name: Any) -> str:
        """Return a precision that can be had here; SettingError says what can."""
        if not isinstance(name, str) or name not in self.precisions:
            known = " or ".join(self.precisions)
            raise SettingError(
                f"precision of {self.name} must be {known}, got {name!r}{did_you_mean(str(name), self.precisions)}"
            )
        if self.precisions[name]:
            raise SettingError(self.precisions[name])
        return name

    def knows(self, words: str) -> bool:
        """Whether each of the words was in the training."""
        return self.known_words is None or set(words.split()) <= self.known_words

    def knows_style(self, name: str, words: str, of_package: bool) -> bool:
        """Whether a style was in the training: by its name where it is the package's, else by its words."""
        if of_package and self.trained_styles is not None:
            return name in self.trained_styles
        return self.knows(words)
