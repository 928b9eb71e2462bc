"""DiffusersEngine: a model's folder or file behind the protocol of `engines.base.Engine`."""

from collections.abc import Generator, Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

from mutoscope.capabilities import Capabilities
from mutoscope.engines.base import Drawn, EngineSettings
from mutoscope.engines.diffusers import placing, variants
from mutoscope.engines.diffusers.calling import Call, set_guider
from mutoscope.engines.diffusers.embedding import reads_weights
from mutoscope.engines.diffusers.families import Family, read_configs, read_family
from mutoscope.engines.diffusers.libraries import describe_libraries, import_diffusers
from mutoscope.engines.diffusers.opening import find_class, load_pipeline
from mutoscope.engines.diffusers.outcome import finish, read_frames, warn_of_outcome
from mutoscope.engines.diffusers.previews import Previewer
from mutoscope.engines.diffusers.running import run
from mutoscope.engines.diffusers.single_file import find_base, load_file
from mutoscope.errors import SettingError
from mutoscope.events import Event
from mutoscope.hub.checks import check_folder
from mutoscope.hub.hashing import hash_model
from mutoscope.hub.headers import component_bytes, spell_bytes, stored_precision
from mutoscope.hub.known import find_known
from mutoscope.hub.names import Place
from mutoscope.init_image import InitImage
from mutoscope.prompt.request import Request, UsedAdapter

NAME = "diffusers"
MIN_SIDE, MAX_SIDE = 32, 4096  # pixels


class DiffusersEngine:
    """A model that lies on this disk; it is loaded with the first drawing and stays in memory."""

    def __init__(self, place: Place, settings: EngineSettings = EngineSettings()):
        import_diffusers()
        if settings.runtime not in ("auto", "torch"):
            raise SettingError(
                f"{place.name} runs on PyTorch; got runtime {settings.runtime!r}, expected auto or torch"
            )
        self.place, self.settings = place, settings
        self._base = find_base(place.path).path if place.path.is_file() else place.path
        self.layout = check_folder(self._base)
        self._class = find_class(self.layout.class_name, self._base)
        configs = read_configs(self._base, self.layout.components)
        self.family = with_defaults_of(place, read_family(self._class, configs, self.layout.settings))
        self._scheduler = configs.get("scheduler", {}).get("_class_name", "")
        variant = None if place.path.is_file() else self.layout.variant
        self._parts = component_bytes(place.path, variant)
        self._stored = stored_precision(place.path, variant)
        self._device = placing.choose_device(settings.device)
        self._precision = settings.precision or placing.choose_precision(None, self._stored, self._device)
        self._loaded: tuple[str, Any] = ("", None)  # precision and pipeline
        self._worn: tuple[tuple[UsedAdapter, ...] | None, tuple[str, ...]] = ((), ())  # and what is to be said of them
        self.capabilities = self._read_capabilities()
        self.capabilities.check_precision(self._precision)

    def _read_capabilities(self) -> Capabilities:
        family = self.family
        image, mask, first_frame = (
            variants.find_variant_class(family.pipeline, kind) for kind in ("image", "mask", "first_frame")
        )
        needs_image = family.needs_image
        starts = first_frame is not None or needs_image if family.is_clip else image is not None
        return Capabilities(
            name=self.place.name,
            hash=hash_model(self.place.path),
            engine=NAME,
            revision=self.place.revision,
            made_with=describe_libraries(self._device),
            pictures=not family.is_clip,
            clips=family.is_clip,
            default_size=family.size,
            side_multiple=family.multiple,
            min_side=max(MIN_SIDE, family.multiple),
            max_side=MAX_SIDE,
            max_refined_side=MAX_SIDE,
            refines=False,
            image_steps=family.steps,
            clip_steps=family.steps,
            min_steps=family.min_steps,
            frames=family.frames,
            default_frames=family.length,
            fps=family.fps,
            guidance_scale=family.scale,
            sampler=self._scheduler,
            negative_prompt=family.takes_negative,
            negative_needs_guidance=True,
            init_image=starts,
            mask=mask is not None,
            first_frame=first_frame is not None or needs_image,
            needs_image=needs_image,
            objects=False,
            reads_facts=False,
            style_templates=True,
            bracket_weights=reads_weights(family.pipeline),
            style_postprocess=False,
            precision=self._precision,
            precisions=placing.find_precisions(),
            find_adapters=self.find_adapters,
        )

    def find_adapters(self, names: tuple[tuple[str, float], ...]) -> tuple[UsedAdapter, ...]:
        """Return what a request says of LoRA files, names or paths with their scales; SettingError, CheckpointError."""
        from mutoscope.engines.diffusers.adapters import find_adapters

        return find_adapters(names)

    def draw(self, request: Request, init_image: InitImage | None = None, preview: bool = False) -> Iterator[Event]:
        """Draw a request; see base.Engine."""
        if init_image is not None and not request.is_clip:
            variants.check_strength(request)
        pipeline = yield from self.load(request.precision)
        self._wear(pipeline, request.adapters)
        warnings: list[str] = [*self.warnings(request), *self._worn[1]]
        used, family = self._choose_variant(pipeline, init_image, request.is_clip)
        warnings += set_tiles(getattr(used, "vae", None), request, self._device)
        set_guider(used, request, family)
        call = Call(used, family, request, init_image, self.settings.threads, warnings)
        look = self.previewer.look(request.height, request.width) if preview else None
        try:
            outcome, latents = yield from run(call, look)
        finally:
            used.maybe_free_model_hooks()
        frames = read_frames(outcome, request)
        call.kept.forget()
        if call.kept.found is None:
            self.previewer.learn(latents, frames[len(frames) // 2])
        warnings += warn_of_outcome(outcome)
        yield Event("done", 1, 1, 0.0, result=Drawn(finish(frames, request, init_image), tuple(warnings)))

    def warnings(self, request: Request) -> tuple[str, ...]:
        """Return what the user should know of a request before it is drawn."""
        mixed = [style for style in request.styles if style.strength not in (1.0, 0.0)]
        if mixed:
            return (
                "styles are words around the prompt here, at full strength each: "
                + ", ".join(one.name for one in mixed),
            )
        return ()

    @cached_property
    def previewer(self) -> Previewer:
        """What turns latents into previews."""
        return Previewer(self.capabilities.hash)

    def close(self) -> None:
        """Give the memory back."""
        self._loaded, self._worn = ("", None), ((), ())

    def load(self, precision: str) -> Generator[Event, None, Any]:
        """Return the pipeline in a precision, loaded and placed if it is not there yet; yields events."""
        if self._loaded[0] != precision:
            self.close()  # before the next one is loaded: they are large
            placement, size = placing.choose_placement(
                self.settings.offload, self._device, precision, self._stored, self._parts
            )
            yield Event("load", 0, 0, message=f"{spell_bytes(size)} in {precision} on {self._device}")
            if self.place.path.is_file():
                pipeline = yield from load_file(self.place.path, self._base, self.layout, placement)
            else:
                pipeline = yield from load_pipeline(self.place.path, self.layout, placement)
            placing.place(pipeline, placement)
            self._loaded = precision, pipeline
        return self._loaded[1]

    def _choose_variant(self, pipeline: Any, init_image: InitImage | None, is_clip: bool) -> tuple[Any, Family]:
        """Return the pipeline that is called, and what it takes."""
        if init_image is None or "image" in self.family.parameters:
            return pipeline, self.family
        cls = variants.find_variant_class(self.family.pipeline, variants.kind_of(init_image, is_clip))
        if cls is None:
            raise SettingError(f"{self.place.name} takes no picture to start from; leave it out")
        taken = read_family(cls, {}, {}).parameters
        return variants.as_variant(pipeline, cls), replace(self.family, parameters=taken)

    def _wear(self, pipeline: Any, adapters: tuple[UsedAdapter, ...]) -> None:
        if adapters != self._worn[0]:
            from mutoscope.engines.diffusers.adapters import wear

            self._worn = None, ()  # where this fails, the next drawing puts things right
            self._worn = adapters, wear(pipeline, adapters)


def with_defaults_of(place: Place, family: Family) -> Family:
    """Return a family with the defaults that the table of known models has for this very model."""
    known = find_known(place.name)
    if known is None:
        return family
    size = (known.width, known.height) if known.width and known.height else family.size
    scale = family.scale
    if known.guidance is not None and scale is not None:  # the table has diffusers' own numbers
        scale = known.guidance + 1.0 if family.guidance == "one_less" else max(1.0, known.guidance)
    return replace(family, steps=known.steps or family.steps, scale=scale, size=size, length=known.frames or family.length,
                   fps=known.fps or family.fps)  # fmt: skip


def set_tiles(vae: Any, request: Request, device: str) -> list[str]:
    """Let a decoder work in tiles where a whole picture would not fit into the memory; returns a warning then."""
    if vae is None or not hasattr(vae, "enable_tiling"):
        return []
    if not placing.needs_tiles(request.width, request.height, vae.dtype.itemsize, device):
        vae.disable_tiling()
        return []
    vae.enable_tiling()
    return [f"{request.width}x{request.height} is decoded in tiles, for memory is short; their seams can show"]
