"""The call of a pipeline: the guidance that is a part of it, the noise of a request, also between that of two seeds."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mutoscope.engines.diffusers.arguments import seed_of
from mutoscope.engines.diffusers.families import Family
from mutoscope.prompt.request import Request
from mutoscope.rng import between


def set_guider(pipeline: Any, request: Request, family: Family) -> None:
    """Set the guidance of pipelines that have it as a part of theirs."""
    if family.guidance == "guider" and getattr(pipeline, "guider", None) is not None:
        pipeline.guider.guidance_scale = request.guidance_scale


def call_pipeline(pipeline: Any, arguments: dict[str, Any], request: Request) -> Any:
    """Call a pipeline with the noise of a request; varied noise lies between that of two seeds."""
    import torch

    def generator(seed: int) -> Any:
        return torch.Generator("cpu").manual_seed(seed)

    if not request.variation:
        return pipeline(**arguments, generator=generator(seed_of(request)))
    other = replace(request, seed=request.variation_seed)
    prepare = pipeline.prepare_latents

    def prepare_between(*args: Any, **kwargs: Any) -> Any:
        one, two = (call_with_generator(prepare, args, kwargs, generator(seed_of(each))) for each in (request, other))
        return join_noise(one, two, request.variation)

    pipeline.__dict__["prepare_latents"] = prepare_between
    try:
        return pipeline(**arguments, generator=generator(seed_of(request)))
    finally:
        del pipeline.__dict__["prepare_latents"]


def call_with_generator(prepare: Callable[..., Any], args: Any, kwargs: Any, generator: Any) -> Any:
    """Call `prepare_latents` with another generator in the place of its own, wherever it stands."""
    import torch

    def swap(value: Any) -> Any:
        return generator if isinstance(value, torch.Generator) else value

    return prepare(*map(swap, args), **{name: swap(value) for name, value in kwargs.items()})


def join_noise(one: Any, two: Any, share: float) -> Any:
    """Return the latents between two draws; of a tuple, the first of it."""
    import torch

    first, second = (value[0] if isinstance(value, tuple) else value for value in (one, two))
    mixed = torch.from_numpy(between(first.float().cpu().numpy(), second.float().cpu().numpy(), share)).to(first)
    return (mixed, *one[1:]) if isinstance(one, tuple) else mixed
