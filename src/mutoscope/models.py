"""TextToImageModel and TextToVideoModel: the two classes that users hold, and the Picture and Clip they give.

image = TextToImageModel().generate("A serene lake surrounded by pine trees at sunset", seed=7)
image.save("lake_sunset.png")
clip = TextToVideoModel().generate("Waves crashing on a beach", duration_seconds=5)
clip.save("beach_waves.mp4")

A call is three lines: options from its arguments, requests from the options, events from the engine.
"""

import base64
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, Unpack

import numpy as np

from mutoscope import __version__
from mutoscope.engines import EngineSettings, open_engine
from mutoscope.errors import SettingError
from mutoscope.events import Event, drain
from mutoscope.init_image import InitImage, check_init_image, open_init_image
from mutoscope.media import Provenance, encode_clip, encode_picture, write_clip, write_picture
from mutoscope.options import (
    ImageOptions,
    Options,
    VideoOptions,
    build_requests,
    check_request,
    choose_precision,
    image_options,
    options_of,
    parse_adapters,
    video_options,
)
from mutoscope.prompt.parameters import write_parameters
from mutoscope.prompt.request import SAMPLER_VERSION, Request

SOFTWARE = f"Mutoscope {__version__}"
Callback = Callable[[Event], None]
Method = TypeVar("Method", bound=Callable[..., Any])


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

    def save(self, path: str | Path, metadata: bool = True, marking: bool = True, *, exclusive: bool = False) -> Path:
        """Write .png, .jpg or .webp and return the path.

        `metadata` puts the request inside, `marking` the AI mark. `exclusive` raises FileExistsError instead of replacing a file.
        """
        provenance = provenance_of(self.request, metadata, marking)
        return write_picture(self.pixels, Path(path), provenance, exclusive=exclusive)

    def _repr_png_(self) -> bytes:
        return encode_picture(self.pixels, ".png", provenance_of(self.request))


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

    def save(self, path: str | Path, metadata: bool = True, marking: bool = True, *, exclusive: bool = False) -> Path:
        """Write .mp4, .gif, .webp or .webm and return the path.

        `metadata` puts the request inside, `marking` the AI mark. `exclusive` raises FileExistsError instead of replacing a file.
        """
        provenance = provenance_of(self.request, metadata, marking)
        return write_clip(self.frames, self.fps, Path(path), provenance, exclusive=exclusive)

    def _repr_html_(self) -> str:
        data = encode_clip(self.frames, self.fps, ".mp4", provenance_of(self.request))
        source = "data:video/mp4;base64," + base64.b64encode(data).decode()
        return (
            f'<video src="{source}" width="{2 * self.request.width}" controls loop autoplay muted playsinline></video>'
        )


def provenance_of(request: Request, metadata: bool = True, marking: bool = True) -> Provenance:
    """Return what a file says of its making."""
    return Provenance(
        request_json=request.to_json() if metadata else None,
        parameters=write_parameters(request) if metadata else None,
        software=SOFTWARE,
        marking=marking,
    )


def show_options(options: type) -> Callable[[Method], Method]:
    """Give a method that takes `**options` of a TypedDict a signature with their names, for help() and notebooks."""

    def show(method: Method) -> Method:
        signature = inspect.signature(method)
        plain = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
        named = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
                 for name, kind in options.__annotations__.items() if name not in signature.parameters]  # fmt: skip
        method.__signature__ = signature.replace(parameters=[*plain, *named])  # type: ignore[attr-defined]  # functions take it
        return method

    return show


class _Model:
    """What both classes share: an engine, and the way from options to pictures."""

    def __init__(
        self,
        checkpoint: str | Path | None = None,
        *,
        runtime: str = "auto",
        threads: int | None = None,
        precision: str | None = None,
        device: str = "auto",
        offload: str = "auto",
    ):
        self.engine = open_engine(checkpoint, EngineSettings(runtime, threads, precision, device, offload))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.engine.capabilities.name}, {self.engine.capabilities.hash})"

    def options(self, prompt: str, **given: Any) -> Options:
        """Return the options of keyword arguments; TypeError for unknown ones, RequestError for what cannot be meant."""
        raise NotImplementedError

    def result(self, frames: np.ndarray, request: Request, warnings: tuple[str, ...]) -> Any:
        """Return the Picture or Clip of frames (T, H, W, 3) uint8."""
        raise NotImplementedError

    def requests(self, options: Options) -> list[Request]:
        """Return the checked requests of options; loads no weights. Raises RequestError."""
        return build_requests(options, self.engine.capabilities)

    def draw(
        self, requests: list[Request], init_image: InitImage | None = None, preview: bool = False
    ) -> Iterator[Event]:
        """Draw requests one after the other; yields events, a "done" one with its Picture or Clip as soon as each is finished."""
        for request in requests:
            for event in self.engine.draw(request, init_image, preview):
                if event.phase == "done":
                    event = replace(event, result=self.result(event.result.frames, request, event.result.warnings))
                yield event

    def _stream(self, options: Options, preview: bool) -> Iterator[Event]:
        return collect(self.draw(self.requests(options), options.init_image, preview))

    def redo(
        self,
        request: Request,
        callback: Callback | None = None,
        adapter: str | None = None,
        image: Any = None,
        mask_image: Any = None,
    ) -> Any:
        """Make a picture or clip again from its request; the same model and version give the same pixels.

        `adapter` replaces its adapters; the precision is the request's. One that starts from a picture needs that one again, and
        its mask; SettingError when they are others. A request of an older version, or of another model, is read anew and its pixels differ.
        """
        init_image = open_init_image(image, mask_image)
        check_init_image(init_image, request.image_hash, request.mask_hash)
        again = self.revise(request, adapter=adapter, init_image=init_image)
        return drain(tell(self.draw([again], init_image), callback))

    def revise(self, request: Request, **changes: Any) -> Request:
        """Return a request with some of its options changed (fields of `Options`; None = as it is), as this model draws it.

        Only a change of what is read from prompt, style or size reads the prompt again. Raises RequestError.
        """
        changes = {name: value for name, value in changes.items() if value is not None}
        capabilities = self.engine.capabilities
        older = not request.engine and request.sampler_version != SAMPLER_VERSION
        other = older or request.engine != capabilities.engine or request.model_hash != capabilities.hash
        if other or set(changes) & REREAD_CHANGES:
            revised = options_of(request, capabilities, **changes)
            (again,) = build_requests(revised, capabilities, request.index)
            adapters = request.adapters if "adapter" not in changes and not other else again.adapters
            return again if again.adapters == adapters else replace(again, adapters=adapters)
        if "adapter" in changes:
            changes["adapters"] = capabilities.find_adapters(parse_adapters(changes.pop("adapter")))
        if "precision" in changes:
            changes["precision"] = choose_precision(changes["precision"], request.postprocess, capabilities)
        changes.pop("init_image", None)
        again = replace(request, made_with=capabilities.made_with, **changes)
        check_request(again, capabilities)
        return again


# Options whose change means that the prompt is read again, and sizes chosen again; the others change one field of the request.
REREAD_CHANGES = frozenset(("prompt", "style", "negative_prompt", "objects", "postprocess", "size", "width", "height"))


class TextToImageModel(_Model):
    """Draws pictures from words; None is the embedded model; engines/__init__.py lists all other names."""

    @show_options(ImageOptions)
    def generate(self, prompt: str, *, callback: Callback | None = None, **options: Unpack[ImageOptions]) -> Any:
        """Return a Picture, or a list of them when `num_images_per_prompt` > 1; `callback` receives every event.

        Raises a RequestError (a ValueError) that says what is expected. Each picture of a list can be made again alone from
        its own request. The options: `help(mutoscope.options.ImageOptions)`.
        """
        return drain(tell(self._stream(self.options(prompt, **options), options.get("preview", False)), callback))

    @show_options(ImageOptions)
    def stream(self, prompt: str, **options: Unpack[ImageOptions]) -> Iterator[Event]:
        """Check the options at once and return the events; the last carries a Picture, or a list when several are asked."""
        return self._stream(self.options(prompt, **options), options.get("preview", True))

    def options(self, prompt: str, **given: Unpack[ImageOptions]) -> Options:
        """Return the options of keyword arguments; TypeError for unknown ones, RequestError for what cannot be meant."""
        return image_options(prompt, given)

    def result(self, frames: np.ndarray, request: Request, warnings: tuple[str, ...]) -> Picture:
        """Return the picture of frames (1, H, W, 3) uint8."""
        return Picture(frames[0], request, warnings)

    def redo(
        self,
        request: Request,
        callback: Callback | None = None,
        adapter: str | None = None,
        image: Any = None,
        mask_image: Any = None,
    ) -> Picture:
        """Make a picture again from its request; see `_Model.redo`. SettingError for the request of a clip."""
        if request.is_clip:
            raise SettingError("this request is a clip's; use TextToVideoModel().redo")
        return super().redo(request, callback, adapter, image, mask_image)


class TextToVideoModel(_Model):
    """Films clips from words; None is the embedded model; engines/__init__.py lists all other names."""

    @show_options(VideoOptions)
    def generate(self, prompt: str, *, callback: Callback | None = None, **options: Unpack[VideoOptions]) -> Any:
        """Return a Clip, or a list of them when `num_videos_per_prompt` > 1; `callback` receives every event.

        Raises a RequestError (a ValueError) that says what is expected. The options: `help(mutoscope.options.VideoOptions)`.
        """
        return drain(tell(self._stream(self.options(prompt, **options), options.get("preview", False)), callback))

    @show_options(VideoOptions)
    def stream(self, prompt: str, **options: Unpack[VideoOptions]) -> Iterator[Event]:
        """Check the options at once and return the events; the last carries a Clip, or a list when several are asked."""
        return self._stream(self.options(prompt, **options), options.get("preview", True))

    def options(self, prompt: str, **given: Unpack[VideoOptions]) -> Options:
        """Return the options of keyword arguments; TypeError for unknown ones, RequestError for what cannot be meant."""
        return video_options(prompt, given)

    def result(self, frames: np.ndarray, request: Request, warnings: tuple[str, ...]) -> Clip:
        """Return the clip of frames (T, H, W, 3) uint8."""
        return Clip(frames, request, warnings)

    def redo(
        self,
        request: Request,
        callback: Callback | None = None,
        adapter: str | None = None,
        image: Any = None,
        mask_image: Any = None,
    ) -> Clip:
        """Make a clip again from its request; see `_Model.redo`. SettingError for the request of a picture."""
        if not request.is_clip:
            raise SettingError("this request is a picture's; use TextToImageModel().redo")
        return super().redo(request, callback, adapter, image, mask_image)


def collect(events: Iterator[Event]) -> Iterator[Event]:
    """Yield events, with one "done" at the end: its result is the only one, or a list of all."""
    results = []
    for event in events:
        if event.phase == "done":
            results.append(event.result)
        else:
            yield event
    yield Event("done", len(results), len(results), 0.0, result=results if len(results) > 1 else results[0])


def tell(events: Iterator[Event], callback: Callback | None) -> Iterator[Event]:
    """Yield events, and give each to `callback` first."""
    for event in events:
        if callback is not None:
            callback(event)
        yield event
