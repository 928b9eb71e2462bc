"""What programs for AUTOMATIC1111's server send, as orders. They send all fields there are, most of them with their defaults.

A field that means nothing here, and a value that the model cannot have, is no error: the picture is drawn without it, and `said`
tells. What cannot be meant at all (a text for a number, no picture where one is needed) is refused.
"""

import re
import secrets
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from mutoscope.capabilities import Capabilities
from mutoscope.errors import CheckpointError, RequestError, SettingError
from mutoscope.options import MAX_COUNT, parse_adapters
from mutoscope.prompt.checks import MAX_PROMPT_CHARACTERS, MAX_SEED
from mutoscope.prompt.styles import known_styles
from mutoscope.serve.a1111_pictures import Making, make_ready
from mutoscope.serve.bodies import MAX_PICTURE, MAX_WORD, read_base64
from mutoscope.serve.catalog import Catalog, Entry
from mutoscope.serve.jobs import Order

ORIGIN = "sdapi"
MAX_SAID = 24  # fields that are named
NO_VALUES: tuple[Any, ...] = (None, "", [], {}, False, 0, -1)
USUAL = {  # values of fields that we lack which its clients send without meaning anything
    "s_noise": 1.0, "eta": 1.0, "inpaint_full_res": True, "inpaint_full_res_padding": 32,
    "initial_noise_multiplier": 1, "refiner_switch_at": 0.8, "override_settings_restore_afterwards": True,
    "hr_scale": 2, "hr_upscaler": "Latent", "image_cfg_scale": 1.5, "include_init_images": False, "save_images": True,
}  # fmt: skip
LARGER = "hr_"  # fields of a second, larger drawing; they mean something with enable_hr alone
EXTRA_NETWORK = re.compile(r"<(\w+):([^:<>]+)(?::([^<>]*))?>")
Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
Number = Annotated[float, Field(ge=-1e9, le=1e9)]
Word = Annotated[str, Field(max_length=MAX_WORD)]
Words = Annotated[str, Field(max_length=MAX_PROMPT_CHARACTERS)]
Picture = Annotated[str, Field(max_length=MAX_PICTURE)]


class LooseBody(BaseModel):
    """A body of a client that sends more than we know."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)


class OptionsBody(LooseBody):
    """Settings of the server; only the model can be set."""

    sd_model_checkpoint: Word | None = None


class InfoBody(LooseBody):
    """A picture whose making is asked for."""

    image: Picture


class DrawBody(LooseBody):
    """Body of txt2img and img2img; null is as good as not given."""

    prompt: Words | None = ""
    negative_prompt: Words | None = ""
    styles: Annotated[list[Word], Field(max_length=32)] | None = None
    seed: Whole | None = -1
    subseed: Whole | None = -1
    subseed_strength: Number | None = 0
    steps: Whole | None = None
    cfg_scale: Number | None = None
    width: Whole | None = None
    height: Whole | None = None
    batch_size: Whole | None = 1
    n_iter: Whole | None = 1
    sampler_name: Word | None = None
    sampler_index: Word | None = None
    scheduler: Word | None = None
    denoising_strength: Number | None = None
    send_images: bool | None = True
    override_settings: dict[str, Any] | None = None
    init_images: Annotated[list[Picture], Field(max_length=32)] | None = None
    mask: Picture | None = None
    inpainting_mask_invert: Whole | None = 0
    inpainting_fill: Whole | None = 0
    mask_blur: Whole | None = 4
    resize_mode: Whole | None = 0

    @property
    def echo(self) -> dict[str, Any]:
        """The fields that we know, as they were understood, without pictures and settings: these can be large."""
        large = {"init_images", "mask", "override_settings", *(self.model_extra or ())}
        return {**self.model_dump(exclude=large), "override_settings": {}}


@dataclass(frozen=True)
class Wanted:
    """Orders of one call, a picture each, and what of the body they do not follow."""

    orders: tuple[Order, ...]
    entry: Entry
    said: tuple[str, ...]


def title_of(entry: Entry) -> str:
    """Return a model's name as its clients show it and send it back."""
    return f"{entry.id} [{entry.capabilities.hash[:10]}]"


def find_model(catalog: Catalog, words: str) -> Entry | None:
    """Return a model by title, name or hash, None where there is none."""
    for entry in catalog:
        if words in (entry.id, entry.opened_as, title_of(entry), entry.capabilities.hash[:10]):
            return entry
    return None


def translate(body: DrawBody, catalog: Catalog, chosen: Entry, from_picture: bool) -> Wanted:
    """Return what a body orders; RequestError, MediaError for what cannot be meant."""
    said: list[str] = []
    entry = choose_model(body, catalog, chosen, said)
    able = entry.capabilities
    prompt, options = read_words(body, able, said)
    options |= read_numbers(body, able, said)
    if options.get("negative_prompt") and able.negative_needs_guidance and options.get("guidance_scale", 2.0) <= 1.0:
        del options["negative_prompt"]
        said.append(f"negative_prompt: it says nothing to {able.name} at this cfg_scale")
    if from_picture:
        has_size = "width" in options and "height" in options
        options |= read_pictures(body, (options["width"], options["height"]) if has_size else None, said)
    said += name_unknown(body, able)
    orders = [Order(prompt, "image", {**options, **seeds}, entry.id, origin=ORIGIN) for seeds in read_seeds(body, able)]
    return Wanted(tuple(orders), entry, tuple(said[:MAX_SAID]))


def choose_model(body: DrawBody, catalog: Catalog, chosen: Entry, said: list[str]) -> Entry:
    """Return the model of a body, the chosen one where it names none that is here."""
    words = (body.override_settings or {}).get("sd_model_checkpoint")
    if not words or not isinstance(words, str):
        return chosen
    found = find_model(catalog, words)
    if found is None:
        said.append(f"sd_model_checkpoint: it is not here; drawn with {chosen.id}")
    return found or chosen


def read_words(body: DrawBody, able: Capabilities, said: list[str]) -> tuple[str, dict[str, Any]]:
    """Return the prompt without <lora:...>, and the options that are words."""
    options: dict[str, Any] = {}
    adapters: list[str] = []

    def take(found: re.Match[str]) -> str:
        kind, name, scale = found.groups()
        adapter = f"{name}:{scale or 1}"
        if kind == "lora" and has_adapter(adapter, able):
            adapters.append(adapter)
        else:
            said.append(f"<{kind[:20]}:{name[:40]}>: it is not here")
        return ""

    prompt = EXTRA_NETWORK.sub(take, body.prompt or "").strip()
    if adapters:
        options["adapter"] = ", ".join(adapters)
    styles = [name for name in body.styles or () if name in known_styles()]
    if styles:
        options["style"] = ", ".join(dict.fromkeys(styles))
    said += [f"styles: {name[:40]!r} is not here" for name in body.styles or () if name not in known_styles()]
    if body.negative_prompt and able.negative_prompt:
        options["negative_prompt"] = body.negative_prompt
    elif body.negative_prompt:
        said.append(f"negative_prompt: {able.name} takes none")
    return prompt, options


def has_adapter(words: str, able: Capabilities) -> bool:
    """Whether an adapter is installed, by its name; the disk is not looked through for paths."""
    if any(letter in words for letter in "/\\~,"):
        return False
    try:
        return bool(able.find_adapters(parse_adapters(words)))
    except (RequestError, CheckpointError):
        return False


def read_numbers(body: DrawBody, able: Capabilities, said: list[str]) -> dict[str, Any]:
    """Return steps, guidance and size, as near as the model can have them."""
    options: dict[str, Any] = {}
    if body.steps is not None and able.image_steps is not None:
        options["num_inference_steps"] = max(body.steps, able.min_steps) if body.steps > 0 else body.steps
    if body.cfg_scale is not None and able.guidance_scale is not None:
        least, most = able.guidance_range
        options["guidance_scale"] = min(most, max(least, body.cfg_scale))
    for name, side in (("width", body.width), ("height", body.height)):
        if side is not None:
            options[name] = nearest_side(side, able)
    taken = {
        "steps": options.get("num_inference_steps"),
        "cfg_scale": options.get("guidance_scale"),
        "width": options.get("width"),
        "height": options.get("height"),
    }
    for name, value in taken.items():
        if getattr(body, name) not in (None, value):
            said.append(f"{name}: {able.name} takes none" if value is None else f"{name}: drawn with {value:g}")
    return options


def nearest_side(side: int, able: Capabilities) -> int:
    """Return the nearest width or height that a model draws; SettingError for none at all."""
    if side <= 0:
        raise SettingError(f"width and height must be pixels above 0, got {side}")
    most = able.max_refined_side if able.refines else able.max_side
    multiple = able.side_multiple
    return min(most // multiple * multiple, max(able.min_side, multiple * round(side / multiple)))


def read_seeds(body: DrawBody, able: Capabilities) -> list[dict[str, int | float]]:
    """Return the seed of each picture: one more for each, or with subseed_strength the seed varied towards one more for each."""
    number = (body.batch_size or 1) * (body.n_iter or 1)
    if not 1 <= number <= MAX_COUNT or (body.batch_size or 1) < 0:
        raise SettingError(f"batch_size times n_iter must be from 1 to {MAX_COUNT}, got {number}")
    first, towards = read_seed("seed", body.seed), read_seed("subseed", body.subseed)
    share = body.subseed_strength if body.subseed_strength and able.variation else 0
    if not share:
        return [{"seed": (first + place) % (MAX_SEED + 1)} for place in range(number)]
    steps = [(towards + place) % (MAX_SEED + 1) for place in range(number)]
    return [{"seed": first, "variation": share, "variation_seed": one} for one in steps]


def read_seed(name: str, seed: int | None) -> int:
    """Return a seed, a new one for none and -1; SettingError."""
    if seed is None or seed == -1:
        return secrets.randbelow(MAX_SEED + 1)
    if not 0 <= seed <= MAX_SEED:
        raise SettingError(f"{name} must be from 0 to {MAX_SEED}, or -1 for a new one, got {seed}")
    return seed


def read_pictures(body: DrawBody, size: tuple[int, int] | None, said: list[str]) -> dict[str, Any]:
    """Return the picture to start from, its mask and the strength, for pictures of a size; SettingError, MediaError."""
    if not body.init_images:
        raise SettingError("init_images is missing: img2img needs a picture in base64; txt2img draws without one")
    if len(body.init_images) > 1:
        said.append("init_images: only the first was taken")
    picture = read_base64("init_images", squeeze(body.init_images[0]))
    mask = read_base64("mask", squeeze(body.mask)) if body.mask else None
    how = Making(
        size=size,
        resize_mode=body.resize_mode or 0,
        blur=4 if body.mask_blur is None else body.mask_blur,
        fill=body.inpainting_fill or 0,
        invert=bool(body.inpainting_mask_invert),
        strength=body.denoising_strength,
    )
    picture, mask = make_ready(picture, mask, how, said)
    found = {"image": picture, "mask_image": mask, "strength": body.denoising_strength}
    return {name: value for name, value in found.items() if value is not None}


def squeeze(text: str) -> str:
    """Return base64 without the line breaks that some programs put into it."""
    return "".join(text.split())


def name_unknown(body: DrawBody, able: Capabilities) -> list[str]:
    """Return what a body asks for that nothing here follows."""
    said = []
    sampler = body.sampler_name or body.sampler_index
    if sampler and sampler != able.sampler:
        said.append(f"sampler_name: drawn with {able.sampler or 'the own sampler of ' + able.name}")
    if body.scheduler and body.scheduler.lower() != "automatic":
        said.append("scheduler: there is one, automatic")
    if body.subseed_strength and not able.variation:
        said.append(f"subseed_strength: {able.name} draws no variations")
    extra = body.model_extra or {}
    for name, value in extra.items():
        if name.startswith(LARGER) and not extra.get("enable_hr"):
            continue
        if not any(value is one or value == one for one in NO_VALUES) and USUAL.get(name) != value:
            said.append(f"{name[:40]}: it means nothing here")
    return said
