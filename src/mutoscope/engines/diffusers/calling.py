"""The call of a pipeline: the guidance that is a part of it, the noise of a request, also between that of two seeds."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from mutoscope.engines.diffusers import variants
from mutoscope.engines.diffusers.arguments import build_arguments, describe_arguments, seed_of
from mutoscope.engines.diffusers.decoding import decode_safely, ran_out
from mutoscope.engines.diffusers.embedding import embed_texts
from mutoscope.engines.diffusers.families import Family
from mutoscope.engines.diffusers.kept_latents import KeptLatents
from mutoscope.engines.diffusers.running import Watcher, watched
from mutoscope.errors import MutoscopeError, SettingError
from mutoscope.init_image import InitImage
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


class Call:
    """One call of a pipeline, made in the thread that a watcher sees; returns its output and the latents of its last step."""

    def __init__(
        self,
        pipeline: Any,
        family: Family,
        request: Request,
        init_image: InitImage | None,
        threads: int | None,
        warnings: list[str],  # more are added
    ):
        self._pipeline, self._family, self._request = pipeline, family, request
        self._threads, self._warnings = threads, warnings
        self.kept = KeptLatents(request)
        self._arguments = build_arguments(request, family, init_image)
        if init_image is not None:
            self._arguments |= variants.image_arguments(init_image, request, family.parameters)
        if self.kept.found is not None:
            self._arguments["num_inference_steps"] = least_steps(request, family)

    def __call__(self, watcher: Watcher) -> tuple[Any, Any]:
        set_threads(self._threads)

        def see(latents: Any) -> Any:
            self.kept.keep(latents, watcher.latents)
            return self.kept.replace(latents)

        decode = decode_safely(getattr(self._pipeline, "vae", None), self._warnings.append, see)
        with watched(self._pipeline, watcher, decode), explained(self._arguments, self._family):
            words, unread = embed_texts(self._pipeline, self._request, self._family, self._arguments, watcher)
            self._warnings.extend(unread)
            return call_pipeline(self._pipeline, words, self._request), watcher.latents


def set_threads(threads: int | None) -> None:
    """Let PyTorch compute with so many threads; None leaves its own choice."""
    if threads is not None:
        import torch

        torch.set_num_threads(threads)


@contextmanager
def explained(arguments: dict[str, Any], family: Family) -> Iterator[None]:
    """Say what a pipeline was asked for when it refuses it; memory that runs out is a MemoryError."""
    try:
        yield
    except MutoscopeError:
        raise
    except (ValueError, TypeError, RuntimeError, MemoryError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        if ran_out(error):
            raise MemoryError(
                f"memory ran out ({reason}); ask for a smaller size or fewer frames, or --offload model on a GPU"
            ) from error
        raise SettingError(
            f"{family.pipeline} cannot draw this: {reason} (called with {describe_arguments(arguments)})"
        ) from error


def least_steps(request: Request, family: Family) -> int:
    """Return the fewest steps that a pipeline takes, where what comes of them is replaced."""
    return max(family.min_steps, math.ceil(1 / request.strength) if request.image_hash and request.strength else 1)
