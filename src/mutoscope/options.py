"""From what a user asks for to a request: the one way, for Python, the command line, recipes and the evaluation.

    Options   what was asked, None = not given        capabilities   what the engine takes, and its defaults
                                    build_request(options, capabilities) -> Request

Every default and every rule about options stands here and, of sizes and lengths, in sizing.py.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypedDict

from mutoscope.capabilities import Capabilities
from mutoscope.errors import SettingError, did_you_mean
from mutoscope.init_image import InitImage, open_init_image
from mutoscope.objects import find_library
from mutoscope.postprocess import find_postprocess as check_postprocess
from mutoscope.prompt.checks import MAX_SEED, as_int, check_int, check_text
from mutoscope.prompt.legacy import LAST_LEGACY_VERSION
from mutoscope.prompt.reading import PromptReading, read_prompt
from mutoscope.prompt.request import ObjectPlan, Request, UsedAdapter
from mutoscope.prompt.styles import (
    UsedStyle,
    find_default_negative,
    find_postprocess,
    find_template_negative,
    find_used_styles,
    split_strength,
    use_templates,
)
from mutoscope.prompt.weighting import EMPTY, Segments, leave_out_unread, parse_weights
from mutoscope.prompt.wildcards import draw_words
from mutoscope.sizing import check_shape, choose_length, choose_size

MAX_COUNT = 64  # pictures or clips of one call
IMAGE_STRENGTH, MASK_STRENGTH = 0.6, 1.0


class SharedOptions(TypedDict, total=False):
    """Keyword arguments that pictures and clips have in common; none of them has to be given."""

    negative_prompt: str | None  # what to steer away from; "" for nothing, not even a style's default
    style: str | None  # of `mutoscope styles`: "watercolor", "watercolor:0.5", "anime:0.7, pixel art:0.3"
    size: str | None  # "square", "wide", "3:2" or "192x128", see docs/sizes.md
    width: int | None  # pixels, a multiple of 16
    height: int | None
    num_inference_steps: int | None  # 12 for a picture; 8 for each latent frame of a clip, which is four frames
    guidance_scale: float | None  # 3.0; 1 = none
    seed: int | None  # None draws one; it stands in the request
    variation: float | None  # noise so far towards another: 0.1 to 0.4 vary a picture, 1 is the other seed's
    variation_seed: int | None  # None draws one
    image: Any  # a picture to start from, the first frame of a clip: path, PIL.Image, uint8 array or Picture
    adapter: str | None  # "mystyle:0.8" or "one:0.5, other:0.5": names of `mutoscope adapt`, or paths
    objects: bool | None  # look objects up in the library of drawings; False: the network draws all
    things: bool | None  # the former name of `objects`
    postprocess: str | None  # "none", "pixelate", "triangulate", "posterize"; None: the style's own
    preview: bool  # let some events carry the picture so far


class ImageOptions(SharedOptions, total=False):
    """Keyword arguments of `TextToImageModel.generate` and `.stream`."""

    num_images_per_prompt: int
    mask_image: Any  # a picture of the size of `image`: only what is white there is drawn
    strength: float | None  # 0 keeps the picture, 1 starts from noise; 0.6, with a mask 1


class VideoOptions(SharedOptions, total=False):
    """Keyword arguments of `TextToVideoModel.generate` and `.stream`."""

    num_videos_per_prompt: int
    duration_seconds: float | None  # 5
    num_frames: int | None  # instead of duration_seconds
    fps: int | None  # 12


@dataclass(frozen=True)
class Options:
    """What was asked for; None = not given."""

    prompt: str
    is_clip: bool = False
    negative_prompt: str | None = None
    style: str | Sequence[tuple[str, float]] | None = None  # as it is written, or names with strengths
    size: str | None = None
    width: int | None = None
    height: int | None = None
    num_inference_steps: int | None = None
    guidance_scale: float | None = None
    seed: int | None = None
    variation: float | None = None
    variation_seed: int | None = None
    init_image: InitImage | None = None
    strength: float | None = None
    adapter: str | None = None
    objects: bool | None = None
    postprocess: str | None = None
    precision: str | None = None
    duration_seconds: float | None = None
    num_frames: int | None = None
    fps: int | None = None
    count: int = 1  # pictures or clips, each with its own noise
    wildcards: bool = True  # draw {a|b} and __lists__; False: the prompt is meant to the letter


def image_options(prompt: str, given: ImageOptions) -> Options:
    """Return the options of a picture from keyword arguments; TypeError for unknown ones, RequestError for wrong ones."""
    values = _take(given, ImageOptions)
    init_image = open_init_image(values.pop("image", None), values.pop("mask_image", None))
    return Options(prompt, init_image=init_image, count=values.pop("num_images_per_prompt", 1), **values)


def video_options(prompt: str, given: VideoOptions) -> Options:
    """Return the options of a clip from keyword arguments; TypeError for unknown ones, RequestError for wrong ones."""
    values = _take(given, VideoOptions)
    init_image = open_init_image(values.pop("image", None))
    return Options(prompt, True, init_image=init_image, count=values.pop("num_videos_per_prompt", 1), **values)


def _take(given: Any, known: type) -> dict[str, Any]:
    """Return keyword arguments under the names of `Options`; TypeError names the nearest known one."""
    for name in given:
        if name not in known.__annotations__:
            raise TypeError(f"unexpected argument {name!r}{did_you_mean(name, known.__annotations__)}")
    values = {name: value for name, value in given.items() if value is not None and name != "preview"}
    if "things" in values:
        values.setdefault("objects", values.pop("things"))
    return values


def build_requests(options: Options, capabilities: Capabilities, first_index: int = 0) -> list[Request]:
    """Return the requests of all pictures or clips asked for: each its own noise, or one noise varied towards several seeds."""
    name = "num_videos_per_prompt" if options.is_clip else "num_images_per_prompt"
    count = check_int(name, options.count, 1, MAX_COUNT)
    first = draw_seeds(options)
    if not first.variation:
        return [build_request(first, capabilities, first_index + number) for number in range(count)]
    towards = as_int("variation_seed", first.variation_seed)
    every = [
        replace(first, variation_seed=(towards + number) % (MAX_SEED + 1) if number else towards)
        for number in range(count)
    ]
    return [build_request(one, capabilities, first_index) for one in every]


def build_request(options: Options, capabilities: Capabilities, index: int = 0) -> Request:
    """Return the checked request of picture or clip `index`; RequestError says what was got and what is expected."""
    refuse_unsupported(options, capabilities)
    options = draw_seeds(options)
    prompt = check_text("prompt", options.prompt, may_be_empty=False)
    drawn = draw_words(prompt, as_int("seed", options.seed), index) if options.wildcards else prompt
    adapters = () if options.adapter is None else capabilities.find_adapters(parse_adapters(options.adapter))
    library = (
        find_library(drawn, capabilities.own_words | capabilities.find_adapter_words(adapters))
        if options.objects is not False and options.init_image is None and capabilities.objects
        else None
    )
    reading = read_prompt(drawn, library, capabilities.may_be_typo)
    named = reading.style if capabilities.reads_facts and capabilities.knows(reading.style) else ""
    styles = find_used_styles(options.style, named)
    steps = choose_steps(options, capabilities)
    negative, negative_segments = choose_negative(options, styles, capabilities, steps["guidance_scale"])
    plan = None if library is None else plan_objects(reading, library)
    step = choose_postprocess(options.postprocess, styles if capabilities.style_postprocess else (), plan)
    request = Request(
        prompt=drawn,
        template=prompt if prompt != drawn else "",
        segments=() if reading.segments == ((drawn, 1.0),) else reading.segments,
        negative_prompt=negative,
        negative_segments=negative_segments,
        styles=use_templates(styles) if capabilities.style_templates else styles,
        facts=tuple(fact for fact in reading.facts if capabilities.reads_facts and capabilities.knows(fact.name)),
        objects=plan,
        postprocess=step,
        precision=choose_precision(options.precision, step, capabilities),
        seed=as_int("seed", options.seed),
        index=index,
        adapters=adapters,
        sampler=capabilities.sampler,
        model=capabilities.name,
        model_hash=capabilities.hash,
        engine=capabilities.engine,
        revision=capabilities.revision,
        made_with=capabilities.made_with,
        **choose_size(options, capabilities),
        **choose_length(options, capabilities),
        **steps,
        **choose_variation(options),
        **choose_init_image(options, capabilities),
    )
    check_request(request, capabilities)
    return request


def refuse_unsupported(options: Options, capabilities: Capabilities) -> None:
    """Refuse what was given and the engine does not take; SettingError."""
    refuse_kind(options, capabilities)
    image = options.init_image if capabilities.init_image else None
    taken = {
        "num_inference_steps": capabilities.image_steps is not None,
        "guidance_scale": capabilities.guidance_scale is not None,
        "negative_prompt": capabilities.negative_prompt,
        "init_image": capabilities.init_image,
        "variation": capabilities.variation,
    }
    for name, takes in taken.items():
        if not takes and getattr(options, name) not in (None, "", 0.0):
            raise SettingError(f"the model {capabilities.name} takes no {OPTION_NAMES.get(name, name)}; leave it out")
    if image is None and capabilities.needs_image:
        raise SettingError(f"the model {capabilities.name} starts from a picture; give one, with --image or image=")
    if image is not None and options.is_clip and not capabilities.first_frame:
        raise SettingError(f"the model {capabilities.name} takes no first frame (image); leave it out")
    if image is not None and image.mask is not None and not capabilities.mask:
        raise SettingError(f"the model {capabilities.name} takes no mask (mask_image); leave it out")


def refuse_kind(options: Options, capabilities: Capabilities) -> None:
    """Refuse a clip of an engine that draws pictures alone, and a picture of one that films alone; SettingError."""
    if options.is_clip and not capabilities.clips:
        raise SettingError(
            f"the model {capabilities.name} draws pictures, not clips; use mutoscope image (TextToImageModel), or another model"
        )
    if not options.is_clip and not capabilities.pictures:
        raise SettingError(
            f"the model {capabilities.name} draws clips, not pictures; use mutoscope video (TextToVideoModel), or another model"
        )


OPTION_NAMES = {"num_inference_steps": "steps (num_inference_steps)", "guidance_scale": "guidance (guidance_scale)",
                "negative_prompt": "negative prompt", "init_image": "picture to start from (image)",
                "variation": "variation of its noise"}  # fmt: skip


def check_request(request: Request, capabilities: Capabilities) -> None:
    """Refuse a request, perhaps one from a file, that this engine cannot draw; RequestError."""
    low, high = capabilities.guidance_range
    if capabilities.guidance_scale is not None and not low <= request.guidance_scale <= high:
        raise SettingError(
            f"guidance_scale of {capabilities.name} must be from {low:g} to {high:g}, got {request.guidance_scale:g}"
        )
    steps = capabilities.clip_steps if request.is_clip else capabilities.image_steps
    if steps is not None and request.num_inference_steps < capabilities.min_steps:
        raise SettingError(
            f"num_inference_steps must be from {capabilities.min_steps} to 200, got {request.num_inference_steps}"
        )
    if request.negative_prompt and not capabilities.negative_prompt:
        raise SettingError(f"{capabilities.name} takes no negative prompt; leave it out, or use another model")
    if request.negative_prompt and capabilities.negative_needs_guidance and request.guidance_scale <= 1.0:
        raise SettingError(
            f"a negative prompt says nothing to {capabilities.name} at guidance_scale {request.guidance_scale:g}; ask for more "
            "than 1, or leave it out"
        )
    if request.image_hash and not capabilities.init_image:
        raise SettingError(f"the model {capabilities.name} takes no picture to start from; leave it out")
    capabilities.check_precision(request.precision)
    check_shape(request, capabilities)


def draw_seeds(options: Options) -> Options:
    """Return options whose seeds are given: those that were not are drawn."""
    import secrets  # who gives a seed need not wait for it

    drawn = {name: secrets.randbelow(MAX_SEED + 1) for name in ("seed", "variation_seed")
             if getattr(options, name) is None and (name == "seed" or options.variation)}  # fmt: skip
    return replace(options, **drawn) if drawn else options


def choose_steps(options: Options, capabilities: Capabilities) -> dict[str, Any]:
    """Return the number of steps and the guidance scale; 0 for an engine that knows none."""
    steps = capabilities.clip_steps if options.is_clip else capabilities.image_steps
    if options.num_inference_steps is not None:
        steps = check_int("num_inference_steps", options.num_inference_steps, 1, 200)
    scale = capabilities.guidance_scale if options.guidance_scale is None else options.guidance_scale
    return {"num_inference_steps": steps or 0, "guidance_scale": 0.0 if scale is None else scale}


def choose_variation(options: Options) -> dict[str, Any]:
    """Return how far the noise lies towards another seed's."""
    if not options.variation:
        return {}
    return {"variation": options.variation, "variation_seed": options.variation_seed}


def choose_init_image(options: Options, capabilities: Capabilities) -> dict[str, Any]:
    """Return what a request says of the picture that it starts from; SettingError for a strength without one."""
    image, strength = options.init_image, options.strength
    if image is None:
        return {} if strength is None else {"strength": strength}
    if strength is None:
        usual = 1.0 if capabilities.server_defaults else IMAGE_STRENGTH if image.mask is None else MASK_STRENGTH
        strength = 0.0 if options.is_clip else usual
    return {**image.hashes, "strength": strength}


def choose_negative(
    options: Options, styles: tuple[UsedStyle, ...], capabilities: Capabilities, guidance_scale: float
) -> tuple[str, Segments]:
    """Return the negative prompt, the style's default where none is given, and its parts where they have weights."""
    words = options.negative_prompt
    if words is None:
        steers = not capabilities.negative_needs_guidance or guidance_scale > 1
        find_default = find_template_negative if capabilities.style_templates else find_default_negative
        words = find_default(styles) if capabilities.negative_prompt and steers else ""
    words = check_text("negative prompt", words)
    segments = leave_out_unread(parse_weights(words)) if words else EMPTY
    return words, () if segments == ((words, 1.0),) else segments


def choose_postprocess(asked: str | None, styles: tuple[UsedStyle, ...], objects: ObjectPlan | None) -> str:
    """Return the post-processing step: the one asked for, or the style's own where it keeps the objects; "" for none."""
    if asked is not None:
        name = "" if asked == "none" else asked
        check_postprocess(name)
        return name
    name = find_postprocess(styles)
    step = check_postprocess(name)
    return "" if step is not None and objects is not None and not step.keeps_objects else name


def choose_precision(asked: str | None, postprocess: str, capabilities: Capabilities) -> str:
    """Return the precision asked for, or the model's own, but what is post-processed may need another one."""
    if postprocess and capabilities.postprocess_precision is not None:
        return capabilities.postprocess_precision
    return capabilities.precision if asked is None else asked


def plan_objects(reading: PromptReading, library: Any) -> ObjectPlan | None:
    """Return the objects of a prompt with what is drawn without them; None where it names none."""
    found = reading.found
    if found is None:
        return None
    return ObjectPlan(found.objects, reading.scene, found.place, found.ground, library.digest, library.own_hashes)


def parse_adapters(words: Any) -> tuple[tuple[str, float], ...]:
    """Return names (or paths) and scales of "mystyle:0.8, other"; a scale is 1 where none is given, "none" is no adapter.

    >>> parse_adapters("mystyle:0.8, ./wild.safetensors")
    (('mystyle', 0.8), ('./wild.safetensors', 1.0))
    """
    if not isinstance(words, str):
        raise SettingError(f'adapter must be text such as "mystyle:0.8" or "one:0.5, other:0.5", got {words!r}')
    if words.strip().lower() == "none":
        return ()
    found: dict[str, float] = {}
    for part in split_adapters(words):
        name, scale = split_strength(part)
        if not name or name in found:
            raise SettingError(
                f"{'the adapter ' + repr(name[:40]) + ' twice' if name else 'an adapter without a name'} in "
                f'{words[:80]!r}; expected names and scales such as "mystyle:0.8, other:0.5"'
            )
        found[name] = UsedAdapter(name, 1.0 if scale is None else scale).scale
    return tuple(found.items())


def split_adapters(words: str) -> list[str]:
    """Return the adapters of a list that commas part; a comma in the name of a file that is there parts nothing."""
    parts = words.split(",")
    found: list[str] = []
    while parts:
        ends = range(len(parts), 0, -1)  # the longest name first
        end = next((end for end in ends if end == 1 or os.path.isfile(split_strength(",".join(parts[:end]))[0])), 1)
        found.append(",".join(parts[:end]))
        parts = parts[end:]
    return found


def options_of(request: Request, capabilities: Capabilities, **changes: Any) -> Options:
    """Return the options that lead to a request, some of them changed: for a style, a prompt or a size that is new.

    What the request has from its styles alone, negative prompt and post-processing, is left to the new styles.
    """
    asked = [(style.name, style.strength) for style in request.styles if not style.typed]
    default_negative = (find_template_negative if request.engine else find_default_negative)(request.styles)
    default_step = choose_postprocess(None, request.styles, request.objects)
    guided = request.sampler if not capabilities.server_defaults else request.guidance_scale
    legacy = request.sampler_version <= LAST_LEGACY_VERSION  # its styles' defaults did not stand in the request
    look_up = request.objects is not None or "prompt" in changes
    known = Options(
        prompt=request.prompt,
        is_clip=request.is_clip,
        negative_prompt=None
        if request.negative_prompt == ("" if legacy else default_negative)
        else request.negative_prompt,
        style=asked or None,
        width=request.width,
        height=request.height,
        num_inference_steps=(request.num_inference_steps or None) if capabilities.image_steps is not None else None,
        guidance_scale=request.guidance_scale if capabilities.guidance_scale is not None and guided else None,
        seed=request.seed,
        variation=request.variation or None,
        variation_seed=request.variation_seed if request.variation else None,
        strength=request.strength if request.image_hash else None,
        objects=None if look_up else False,
        postprocess=None if legacy or request.postprocess == default_step else request.postprocess or "none",
        precision=request.precision if request.precision in capabilities.precisions else None,
        num_frames=request.num_frames if request.is_clip else None,
        fps=request.fps if request.is_clip else None,
        wildcards="prompt" in changes,
    )
    if "size" in changes or "width" in changes or "height" in changes:
        known = replace(known, width=None, height=None)
    return replace(
        known, **{name: value for name, value in changes.items() if name in {item.name for item in fields(Options)}}
    )
