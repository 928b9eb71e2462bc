"""TextToImageModel and TextToVideoModel: the two classes that users hold, and the Picture and Clip they give.

image = TextToImageModel().generate("A serene lake surrounded by pine trees at sunset", seed=7)
image.save("lake_sunset.png")
clip = TextToVideoModel().generate("Waves crashing on a beach", duration_seconds=5)
clip.save("beach_waves.mp4")
"""

import base64
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mutoscope import __version__
from mutoscope.adapter import Adapter, check_base, find_adapter
from mutoscope.advice import advice, misspelt
from mutoscope.checkpoint import open_checkpoint
from mutoscope.config import GUIDANCE_TAUGHT
from mutoscope.errors import CheckpointError, SettingError, SizeError
from mutoscope.events import Event, Phase, drain
from mutoscope.init_image import InitImage, check_init_image, open_init_image
from mutoscope.media import Provenance, encode_clip, encode_picture, write_clip, write_picture
from mutoscope.objects import load as load_memory
from mutoscope.objects import own_things
from mutoscope.phrases import plain_words
from mutoscope.pipeline import draw, look_up
from mutoscope.prompt.request import Request, UsedAdapter, read_adapters, sized
from mutoscope.prompt.styles import ask_styles
from mutoscope.runtime import Runtime, open_runtime
from mutoscope.sampler import VERSION as SAMPLER_VERSION
from mutoscope.shapes import size_like
from mutoscope.tokenizer import Tokenizer

PICTURE_STEPS, CLIP_STEPS = 12, 8
STRENGTH, MASKED_STRENGTH = 0.6, 1.0
MASKED = 1.25  # native sides: under a mask larger pictures can be drawn at once, for what is around it is given
FEW_PICTURE_STEPS, FEW_CLIP_STEPS = 4, 2  # of a few-step model
FPS = 12
DURATION_SECONDS = 5.0
MOST_AT_ONCE = 64
SOFTWARE = f"Mutoscope {__version__}"
Callback = Callable[[Event], None]


@dataclass(frozen=True)
class Picture:
    """A picture with the request that made it. `pixels` (H, W, 3) uint8."""

    pixels: np.ndarray
    request: Request
    warnings: tuple[str, ...] = ()

    @property
    def pil(self) -> Any:
        """The picture as a PIL.Image."""
        from PIL import Image

        return Image.fromarray(self.pixels)

    def save(self, path: str | Path, metadata: bool = True, marking: bool = True, exclusive: bool = False) -> Path:
        """Write .png, .jpg or .webp; `metadata` puts the request inside, `marking` the AI mark. Returns the path.

        An existing file is replaced; with `exclusive` FileExistsError is raised instead.
        """
        provenance = _provenance(self.request, metadata, marking)
        return write_picture(self.pixels, Path(path), provenance, exclusive=exclusive)

    def _repr_png_(self) -> bytes:
        return encode_picture(self.pixels, ".png", _provenance(self.request, True, True))


@dataclass(frozen=True)
class Clip:
    """A clip with the request that made it. `frames` (T, H, W, 3) uint8."""

    frames: np.ndarray
    request: Request
    warnings: tuple[str, ...] = ()

    @property
    def fps(self) -> int:
        """Frames a second."""
        return self.request.fps

    @property
    def duration_seconds(self) -> float:
        """Length in seconds."""
        return len(self.frames) / self.fps

    def save(self, path: str | Path, metadata: bool = True, marking: bool = True, exclusive: bool = False) -> Path:
        """Write .mp4, .gif, .webp or .webm; `metadata` puts the request inside, `marking` the AI mark. Returns the path.

        An existing file is replaced; with `exclusive` FileExistsError is raised instead.
        """
        provenance = _provenance(self.request, metadata, marking)
        return write_clip(self.frames, self.fps, Path(path), provenance, exclusive=exclusive)

    def _repr_html_(self) -> str:
        data = encode_clip(self.frames, self.fps, ".mp4", _provenance(self.request, True, True))
        source = "data:video/mp4;base64," + base64.b64encode(data).decode()
        return (
            f'<video src="{source}" width="{2 * self.request.width}" controls loop autoplay muted playsinline></video>'
        )


class _Model:
    """What both classes share: the checkpoint, the runtime and the way from arguments to requests."""

    def __init__(self, checkpoint: str | Path | None = None, *, runtime: str = "auto", threads: int | None = None):
        self._checkpoint = open_checkpoint(checkpoint)
        self._runtime_name, self._threads = runtime, threads
        self._adapters: dict[str, Adapter] = {}  # by hash
        self._adapted: tuple[tuple[UsedAdapter, ...], Runtime] | None = (
            None  # the last mix; each holds weights of its own
        )
        if runtime != "auto":
            _ = self._runtime  # a wrong name or a missing extra is said at once

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._checkpoint.name}, {self._checkpoint.hash})"

    @cached_property
    def _runtime(self) -> Runtime:
        return open_runtime(self._checkpoint, self._runtime_name, self._threads)

    def _runtime_with(self, used: tuple[UsedAdapter, ...]) -> Runtime:
        if not used:
            return self._runtime
        if self._adapted is None or self._adapted[0] != used:
            self._adapted = None  # before the next one is made: they are large
            worn = tuple((self._adapter(one), one.scale) for one in used)
            self._adapted = used, open_runtime(self._checkpoint, self._runtime_name, self._threads, worn)
        return self._adapted[1]

    def _use(self, words: str) -> tuple[UsedAdapter, ...]:
        """Return what a request says of the adapters in `words`, "mystyle:0.8, other"."""
        used = []
        for name, scale in read_adapters(words):
            adapter = find_adapter(name)
            check_base(adapter, self._checkpoint)
            self._adapters[adapter.hash] = adapter
            used.append(UsedAdapter(adapter.facts.name, scale, adapter.hash))
        return tuple(used)

    def _adapter(self, used: UsedAdapter) -> Adapter:
        """Return the adapter of a request; CheckpointError when the user's adapter of this name is another one."""
        if used.hash not in self._adapters:
            adapter = find_adapter(used.name)
            if adapter.hash != used.hash:
                raise CheckpointError(
                    f"the request was made with adapter {used.name!r} {used.hash}, {adapter.path} is {adapter.hash}; "
                    "give the right file with --adapter"
                )
            check_base(adapter, self._checkpoint)
            self._adapters[adapter.hash] = adapter
        return self._adapters[used.hash]

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return Tokenizer.load(self._checkpoint.tokenizer_path)

    def _request(self, prompt: str, **given: Any) -> Request:
        size, width, height = (given.pop(name) for name in ("size", "width", "height"))
        init_image = given.pop("init_image")
        if init_image is not None:
            given |= init_image.hashes
            if size is None:
                rows, columns = init_image.pixels.shape[:2]
                side = (
                    self._checkpoint.native_side
                    if init_image.mask is None
                    else round(MASKED * self._checkpoint.native_side)
                )
                width, height = size_like(columns, rows, width, height, side=side)
        given |= sized(size, width, height, side=self._checkpoint.native_side, moves="num_frames" in given)
        if init_image is not None and init_image.mask is not None and size is None:
            given = {key: value for key, value in given.items() if key not in ("draft", "refine_strength")}
        words = given.pop("adapter")
        given["adapters"] = None if words is None else self._use(words)
        for name in ("seed", "variation_seed") if given["variation"] else ("seed",):
            if given[name] is None:
                given[name] = secrets.randbelow(2**32)
        given |= ask_styles(given["style"])
        given |= _memory_for(prompt) if given.pop("things") and init_image is None else {}
        given = {key: value for key, value in given.items() if value is not None}
        return self._ours(Request(prompt, **given))

    def _several(self, first: Request, count: int) -> list[Request]:
        """Return requests for several at once: each its own noise, or the same noise varied towards one seed after the other."""
        if first.variation:
            one = self._said_plainly(first.numbered(0))
            return [replace(one, variation_seed=(one.variation_seed + number) % 2**32) for number in range(count)]
        return [self._said_plainly(first.numbered(index)) for index in range(count)]

    def _said_plainly(self, request: Request) -> Request:
        """Add the names of what the prompt says in other words, if this model has read them; weights are the user's own words."""
        if request.weighted:
            return request
        things = look_up(request)
        scene = request.prompt if things is None else things.found.scene
        words = plain_words(scene, misspelt(request, self._checkpoint, self._tokenizer))
        known = set(words.replace(",", "").split()) <= self._checkpoint.known_words
        return replace(request, plainly=words) if words and known else request

    @property
    def _few_step(self) -> bool:
        return self._checkpoint.config.transformer.few_step

    def _draw(self, request: Request, preview: bool, init_image: InitImage | None) -> Iterator[Event]:
        loading = Phase("load", 1)
        yield loading.start()
        runtime, tokenizer = self._runtime_with(request.adapters), self._tokenizer
        yield loading.advance()
        fitted = None if init_image is None else init_image.fit(*(request.draft or (request.width, request.height)))
        yield from draw(request, runtime, tokenizer, self._checkpoint.config, preview, fitted)

    def _warnings(self, request: Request) -> tuple[str, ...]:
        taught = (self._adapter(used).facts for used in request.adapters)
        words = (word for facts in taught for word in (facts.word, *facts.words))
        return advice(request, self._checkpoint, self._tokenizer, words)

    def _stream(self, requests: list[Request], preview: bool, init_image: InitImage | None) -> Iterator[Event]:
        results = []
        for request in requests:
            for event in self._draw(request, preview, init_image):
                if event.phase == "done":
                    results.append(self._result(event.result, request))
                else:
                    yield event
        yield Event("done", len(results), len(results), 0.0, result=results if len(results) > 1 else results[0])

    def _result(self, frames: np.ndarray, request: Request) -> Any:
        raise NotImplementedError

    def _ours(self, request: Request, adapter: str | None = None) -> Request:
        """Return the request as this model takes it; `adapter` replaces its adapters. Raises SettingError, CheckpointError."""
        sampler = request.sampler
        if self._few_step:
            self._check_few_step(request)
        if (sampler == "meanflow") != self._few_step:  # made by the other kind of model
            sampler = "meanflow" if self._few_step else "dpm2m"
        used = request.adapters if adapter is None else self._use(adapter)
        for one in used:
            self._adapter(one)  # a missing one is said before anything is loaded
        return replace(
            request, model=self._checkpoint.name, model_hash=self._checkpoint.hash, sampler=sampler,
            sampler_version=SAMPLER_VERSION, adapters=used,
        )  # fmt: skip

    def _check_few_step(self, request: Request) -> None:
        """Refuse what a few-step model was not taught."""
        low, high = GUIDANCE_TAUGHT
        if request.negative_prompt:
            raise SettingError(
                f"{self._checkpoint.name} draws in a few steps and takes no negative prompt; leave it out, or use "
                "the model it was made from"
            )
        if not low <= request.guidance_scale <= high:
            raise SettingError(
                f"guidance_scale of the few-step model {self._checkpoint.name} must be from {low:g} to {high:g}, "
                f"got {request.guidance_scale:g}"
            )


class TextToImageModel(_Model):
    """Draws pictures from words; None is the embedded model, else a checkpoint folder."""

    def stream(
        self,
        prompt: str,
        *,
        negative_prompt: str = "",  # what to keep away from
        style: str | None = None,  # of `mutoscope styles`: "watercolor", "watercolor:0.5", "anime:0.7, pixel art:0.3"
        size: str | None = None,  # "square", "wide", "3:2" or "192x128", see docs/sizes.md
        width: int | None = None,  # pixels, a multiple of 16, up to 2048; large pictures are refined from a small draft
        height: int | None = None,
        num_inference_steps: int | None = None,  # 12; of a few-step model 4, and 1 to 4 are meant
        guidance_scale: float | None = None,  # 3.0; 1 = none
        num_images_per_prompt: int = 1,
        seed: int | None = None,  # None draws one; it stands in the request
        variation: float = 0.0,  # noise so far towards another: 0.1 to 0.4 vary a picture, 1 is the other seed's
        variation_seed: int | None = None,  # None draws one
        image: Any = None,  # a picture to start from: path, PIL.Image, uint8 array or Picture; it gives the size too
        mask_image: Any = None,  # the same, of its size: only what is white there is drawn
        strength: float | None = None,  # 0 keeps the picture, 1 starts from noise; 0.6, with a mask 1
        adapter: str | None = None,  # "mystyle:0.8" or "one:0.5, other:0.5": names of `mutoscope adapt`, or paths
        things: bool = True,  # look the things that the prompt names up in the memory; False: the network draws all
        preview: bool = True,  # let some events carry the picture so far
    ) -> Iterator[Event]:
        """Check the arguments at once and return the events; the last carries a Picture, or a list when several are asked."""
        _check_count("num_images_per_prompt", num_images_per_prompt)
        init_image = open_init_image(image, mask_image)
        if init_image is not None and strength is None:
            strength = STRENGTH if init_image.mask is None else MASKED_STRENGTH
        steps = FEW_PICTURE_STEPS if self._few_step else PICTURE_STEPS
        first = self._request(
            prompt, negative_prompt=negative_prompt, style=style, size=size, width=width, height=height,
            num_inference_steps=steps if num_inference_steps is None else num_inference_steps,
            guidance_scale=guidance_scale, seed=seed, adapter=adapter, variation=variation,
            variation_seed=variation_seed, init_image=init_image, strength=strength, things=things,
        )  # fmt: skip
        return self._stream(self._several(first, num_images_per_prompt), preview, init_image)

    def _result(self, frames: np.ndarray, request: Request) -> Picture:
        return Picture(frames[0], request, self._warnings(request))

    def generate(
        self,
        prompt: str,
        *,
        negative_prompt: str = "",
        style: str | None = None,
        size: str | None = None,
        width: int | None = None,
        height: int | None = None,
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        num_images_per_prompt: int = 1,
        seed: int | None = None,
        variation: float = 0.0,
        variation_seed: int | None = None,
        image: Any = None,
        mask_image: Any = None,
        strength: float | None = None,
        adapter: str | None = None,
        things: bool = True,
        callback: Callback | None = None,  # receives every event
    ) -> Any:
        """Return a Picture, or a list of them when `num_images_per_prompt` > 1; arguments as for `stream`.

        Raises a RequestError (a ValueError) that says what is expected. Each picture of a list can be made again alone from
        its own request.
        """
        events = self.stream(
            prompt, negative_prompt=negative_prompt, style=style, size=size, width=width, height=height,
            num_inference_steps=num_inference_steps, guidance_scale=guidance_scale,
            num_images_per_prompt=num_images_per_prompt, seed=seed, variation=variation, variation_seed=variation_seed,
            image=image, mask_image=mask_image, strength=strength, adapter=adapter, things=things, preview=False,
        )  # fmt: skip
        return drain(_tell(events, callback))

    def redo(
        self,
        request: Request,
        callback: Callback | None = None,
        adapter: str | None = None,
        image: Any = None,
        mask_image: Any = None,
    ) -> Picture:
        """Make a picture again from its request; the same model gives the same pixels. `adapter` replaces its adapters.

        One that starts from a picture needs that one again, and its mask; SettingError when they are others.
        """
        if request.num_frames != 1:
            raise SettingError("this request is a clip's; use TextToVideoModel().redo")
        init_image = open_init_image(image, mask_image)
        check_init_image(init_image, request.image_hash, request.mask_hash)
        return drain(_tell(self._stream([self._ours(request, adapter)], False, init_image), callback))


class TextToVideoModel(_Model):
    """Films clips from words; None is the embedded model, else a checkpoint folder."""

    def stream(
        self,
        prompt: str,
        *,
        duration_seconds: float | None = None,  # 5
        num_frames: int | None = None,  # instead of duration_seconds
        fps: int | None = None,  # 12
        negative_prompt: str = "",
        style: str | None = None,
        size: str | None = None,
        width: int | None = None,
        height: int | None = None,
        num_inference_steps: int | None = None,  # 8 (few-step: 2) for each latent frame, which is four frames
        guidance_scale: float | None = None,
        num_videos_per_prompt: int = 1,
        seed: int | None = None,
        variation: float = 0.0,
        variation_seed: int | None = None,
        image: Any = None,  # the first frame
        adapter: str | None = None,
        things: bool = True,  # as for pictures: they are laid into the first frame
        preview: bool = True,
    ) -> Iterator[Event]:
        """Check the arguments at once and return the events; the last carries a Clip, or a list when several are asked."""
        _check_count("num_videos_per_prompt", num_videos_per_prompt)
        init_image = open_init_image(image)
        fps = FPS if fps is None else fps
        steps = FEW_CLIP_STEPS if self._few_step else CLIP_STEPS
        first = self._request(
            prompt, negative_prompt=negative_prompt, style=style, size=size, width=width, height=height,
            num_inference_steps=steps if num_inference_steps is None else num_inference_steps,
            guidance_scale=guidance_scale, seed=seed, variation=variation, variation_seed=variation_seed, adapter=adapter,
            fps=fps, init_image=init_image, strength=None if init_image is None else 0.0, things=things,
            num_frames=count_frames(duration_seconds, num_frames, fps),
        )  # fmt: skip
        return self._stream(self._several(first, num_videos_per_prompt), preview, init_image)

    def _result(self, frames: np.ndarray, request: Request) -> Clip:
        return Clip(frames, request, self._warnings(request))

    def generate(
        self,
        prompt: str,
        *,
        duration_seconds: float | None = None,
        num_frames: int | None = None,
        fps: int | None = None,
        negative_prompt: str = "",
        style: str | None = None,
        size: str | None = None,
        width: int | None = None,
        height: int | None = None,
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        num_videos_per_prompt: int = 1,
        seed: int | None = None,
        variation: float = 0.0,
        variation_seed: int | None = None,
        image: Any = None,
        adapter: str | None = None,
        things: bool = True,
        callback: Callback | None = None,
    ) -> Any:
        """Return a Clip, or a list of them when `num_videos_per_prompt` > 1; arguments as for `stream`.

        Raises a RequestError (a ValueError) that says what is expected.
        """
        events = self.stream(
            prompt, duration_seconds=duration_seconds, num_frames=num_frames, fps=fps, negative_prompt=negative_prompt,
            style=style, size=size, width=width, height=height, num_inference_steps=num_inference_steps,
            guidance_scale=guidance_scale, num_videos_per_prompt=num_videos_per_prompt,
            seed=seed, variation=variation, variation_seed=variation_seed, image=image, adapter=adapter, things=things,
            preview=False,
        )  # fmt: skip
        return drain(_tell(events, callback))

    def redo(
        self, request: Request, callback: Callback | None = None, adapter: str | None = None, image: Any = None
    ) -> Clip:
        """Make a clip again from its request; the same model gives the same pixels. `adapter` replaces its adapters.

        One that starts from a picture needs that one again; SettingError when it is another.
        """
        if request.num_frames < 2:
            raise SettingError("this request is a picture's; use TextToImageModel().redo")
        init_image = open_init_image(image)
        check_init_image(init_image, request.image_hash, request.mask_hash)
        return drain(_tell(self._stream([self._ours(request, adapter)], False, init_image), callback))


def _memory_for(prompt: Any) -> dict[str, Any]:
    """Return what a request says of the memory of things, and of those things of the user's own that its prompt may name."""
    text = str(prompt).lower()
    own = {name: thing for name, thing in own_things().items() if name in text}
    return {"things": load_memory().digest, "own_things": tuple((name, thing.hash) for name, thing in own.items())}


def count_frames(duration_seconds: Any, num_frames: Any, fps: Any) -> int:
    """Return the frames of a clip from its length in seconds or from their number; SizeError for what cannot be."""
    if not isinstance(fps, int) or isinstance(fps, bool) or not 1 <= fps <= 60:
        raise SizeError(f"fps must be a whole number from 1 to 60, got {fps!r}")
    if num_frames is not None:
        if duration_seconds is not None:
            raise SizeError("give duration_seconds or num_frames, not both")
        if not isinstance(num_frames, int) or isinstance(num_frames, bool) or num_frames < 2:
            raise SizeError(f"num_frames must be a whole number from 2, got {num_frames!r}")
        return num_frames
    seconds = DURATION_SECONDS if duration_seconds is None else duration_seconds
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= 300:
        raise SizeError(f"duration_seconds must be above 0 and at most 300, got {seconds!r}")
    return max(2, round(seconds * fps))


def _check_count(name: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_AT_ONCE:
        raise SettingError(f"{name} must be a whole number from 1 to {MOST_AT_ONCE}, got {value!r}")


def _tell(events: Iterator[Event], callback: Callback | None) -> Iterator[Event]:
    for event in events:
        if callback is not None:
            callback(event)
        yield event


def _provenance(request: Request, metadata: bool, marking: bool) -> Provenance:
    return Provenance(
        request_json=request.to_json() if metadata else None,
        parameters=request.parameters() if metadata else None,
        software=SOFTWARE,
        marking=marking,
    )
