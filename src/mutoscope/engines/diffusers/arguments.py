"""From a request to the keyword arguments of a pipeline."""

from collections.abc import Mapping
from typing import Any

from mutoscope.engines.diffusers.families import Family
from mutoscope.init_image import InitImage
from mutoscope.prompt.parts import negative_segments, plain_words, prompt_segments
from mutoscope.prompt.request import Request

SEEDS = 2**32


def build_arguments(request: Request, family: Family, init_image: InitImage | None = None) -> dict[str, Any]:
    """Return the arguments of one call, without generator and picture; each is one that the class takes."""
    found: dict[str, Any] = {
        "prompt": prompt_text(request),
        "num_inference_steps": request.num_inference_steps,
        "output_type": "np",
        **family.arguments,
        **guidance_arguments(request, family),
    }
    if {"width", "height"} <= family.parameters:
        found |= {"width": request.width, "height": request.height}
    if request.is_clip:
        found |= {family.frame_argument: request.num_frames} if family.frame_argument else {}
        found |= {family.rate_argument: request.fps} if family.rate_argument else {}
    if init_image is not None and "strength" in family.parameters:
        found["strength"] = request.strength
    return {name: value for name, value in found.items() if name in family.parameters}


def guidance_arguments(request: Request, family: Family) -> dict[str, Any]:
    """Return guidance and negative prompt as the family takes them; 1 is no guidance in a request."""
    scale, negative = request.guidance_scale, negative_text(request)
    if family.guidance == "true":
        # Without a negative prompt these pipelines leave guidance out and say nothing.
        return {"true_cfg_scale": scale} | ({"negative_prompt": negative or " "} if scale > 1 else {})
    found: dict[str, Any] = {"negative_prompt": negative} if negative and family.takes_negative else {}
    if family.guidance == "one_less":
        return found | {"guidance_scale": max(0.0, scale - 1.0)}
    if family.guidance in ("usual", "input"):
        return found | {"guidance_scale": scale}
    return found


def prompt_text(request: Request) -> str:
    """Return the prompt without the marks of weights, inside of the templates of its styles."""
    return plain_words(prompt_segments(request))


def negative_text(request: Request) -> str:
    """Return the negative prompt without the marks of weights."""
    return plain_words(negative_segments(request))


def seed_of(request: Request) -> int:
    """Return the seed of the generator: picture i of a series is that of seed + i, as in other programs."""
    return (request.seed + request.index) % SEEDS


def describe_arguments(arguments: Mapping[str, Any]) -> str:
    """Return the arguments as a person reads them, for errors."""
    return ", ".join(
        f"{name}={value!r}"
        for name, value in arguments.items()
        if isinstance(value, int | float | str) and name != "prompt"
    )
