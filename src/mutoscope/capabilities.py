"""What an engine takes, and its defaults: all that `build_request` needs to know of the model behind a call.

Reading it loads no weights, so wrong options are refused before anything heavy happens.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mutoscope.errors import SettingError


def find_no_typo(word: str) -> bool:
    """Take every word as it is written."""
    return False


def refuse_adapters(names: tuple[tuple[str, float], ...]) -> tuple[Any, ...]:
    """Refuse adapters, for engines that take none; SettingError."""
    if names:
        raise SettingError(f"this model takes no adapters, got {names[0][0]!r}; leave the adapter out")
    return ()


@dataclass(frozen=True)
class Capabilities:
    """What one model takes. None as a default means that it knows no such setting, and refuses it."""

    name: str  # of the model
    hash: str  # first 16 digits of the SHA-256 of its weights, or of what else decides its pixels
    native_side: int = 128  # pixels: side of the square pictures it was trained on
    side_multiple: int = 16  # pixels
    min_side: int = 32  # pixels
    max_side: int = 512  # pixels, drawn at once
    max_refined_side: int = 2048  # pixels, of pictures that are drawn small and refined
    refines: bool = True  # larger pictures start from a draft of the native size
    image_steps: int | None = 12
    clip_steps: int | None = 8  # of each latent frame
    guidance_scale: float | None = 3.0
    guidance_range: tuple[float, float] = (0.0, 30.0)
    sampler: str = "dpm2m"
    negative_prompt: bool = True
    init_image: bool = True  # a picture to start from, a mask, the first frame of a clip
    variation: bool = True  # noise between two seeds
    objects: bool = True  # looked up in the object library
    style_postprocess: bool = True  # styles bring their post-processing step along; False: only where it is asked for
    known_words: frozenset[str] | None = None  # of its training captions; None: it was trained on all
    trained_styles: frozenset[str] | None = (
        None  # names of the package's styles it was shown; None: its known words tell
    )
    may_be_typo: Callable[[str], bool] = find_no_typo  # whether a word that nobody taught it looks misspelt
    find_adapters: Callable[..., tuple[Any, ...]] = refuse_adapters  # names with scales -> UsedAdapters

    def knows(self, words: str) -> bool:
        """Whether each of the words was in the training."""
        return self.known_words is None or set(words.split()) <= self.known_words

    def knows_style(self, name: str, words: str, of_package: bool) -> bool:
        """Whether a style was in the training: by its name where it is the package's, else by its words."""
        if of_package and self.trained_styles is not None:
            return name in self.trained_styles
        return self.knows(words)
