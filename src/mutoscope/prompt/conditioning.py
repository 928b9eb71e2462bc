"""From a request to what the network is told: made once, before anything is drawn.

    styles  none         "a tarn at nightfall" , lake, blue hour
            watercolor   watercolor, "a tarn at nightfall, watercolor" , lake, blue hour (x 1.3) , watercolor

A small network that has met a wording a dozen times follows it less closely than the name it has met thousands of times, so the names
of the facts are added to the prompt; a style leads it, and the facts are given more weight beside one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from mutoscope.postprocess import PostProcess, find_postprocess
from mutoscope.prompt.request import Fact, ObjectPlan, Request
from mutoscope.prompt.styles import UsedStyle
from mutoscope.prompt.weighting import Segments

NAMED_FACTS = ("scene", "light", "weather", "season")  # kinds whose names are added to the prompt, in this order
FACT_WEIGHT_BESIDE_STYLE = 1.3  # so that the scene keeps its part of the attention (dev/log.md)


@dataclass(frozen=True)
class Condition:
    """One text that the network reads, and the share of its velocity in the prompt's (composable diffusion, Liu et al. 2022)."""

    segments: Segments
    share: float = 1.0


@dataclass(frozen=True)
class Conditioning:
    """What is drawn, in the form in which the pipeline takes it."""

    prompt: tuple[Condition, ...]  # their shares sum to 1
    scene: tuple[Condition, ...]  # what is drawn first: the prompt without its objects
    negative: Segments
    objects: ObjectPlan | None = None
    postprocess: PostProcess | None = None
    warnings: tuple[str, ...] = ()


def understand(request: Request, warnings: tuple[str, ...] = ()) -> Conditioning:
    """Return what a request tells the network; SettingError for a post-processing step that this version does not know."""
    whole = request.segments or ((request.prompt, 1.0),)
    prompt = mix_styles(whole, request)
    objects = request.objects
    scene = prompt if objects is None else mix_styles(objects.scene, request)
    negative = request.negative_segments or ((request.negative_prompt, 1.0),)
    return Conditioning(prompt, scene, negative, objects, find_postprocess(request.postprocess), warnings)


def mix_styles(segments: Segments, request: Request) -> tuple[Condition, ...]:
    """Return the conditions of a text under the styles of a request.

    A style at strength 1 is one condition. Other strengths pull from the text without the style towards, or away from, the text with it.
    """
    typed = [style for style in request.styles if style.typed]
    asked = [style for style in request.styles if not style.typed and style.strength]
    plain = Condition(compose(segments, request.facts, typed), round(1.0 - sum(style.strength for style in asked), 4))
    mixed = [Condition(compose(segments, request.facts, [*typed, style]), style.strength) for style in asked]
    return tuple([plain, *mixed] if plain.share or not mixed else mixed)


def compose(segments: Segments, facts: Iterable[Fact], styles: Iterable[UsedStyle]) -> Segments:
    """Return a text with the names of its facts behind it, and with its styles in front and behind."""
    styles = list(styles)
    text = [*segments, *((f", {style.words}", 1.0) for style in styles if not style.typed)]
    beside = FACT_WEIGHT_BESIDE_STYLE if styles else 1.0
    ordered = sorted(
        (fact for fact in facts if fact.kind in NAMED_FACTS), key=lambda fact: NAMED_FACTS.index(fact.kind)
    )
    names = [(f", {', '.join(fact.name for fact in alike)}", weight * beside)
             for weight, alike in groupby(ordered, key=lambda fact: fact.weight)]  # fmt: skip
    if not styles:
        return tuple([*text, *names])
    words = ", ".join(style.words for style in styles)
    return tuple([(f"{words}, ", 1.0), *text, *names, (f", {words}", 1.0)])
