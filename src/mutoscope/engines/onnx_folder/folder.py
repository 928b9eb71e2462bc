"""What a folder of ONNX files holds, by its configurations alone: parts, sizes, defaults, a hash.

The layout is the one that diffusers' own exporter and optimum write: unet/model.onnx, text_encoder/model.onnx,
vae_decoder/model.onnx, with vae_encoder/ to start from pictures and text_encoder_2/ for SDXL.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mutoscope.capabilities import Capabilities
from mutoscope.engines.onnx_folder.schedulers import KNOWN, choose_scheduler
from mutoscope.errors import CheckpointError, MissingModelError
from mutoscope.hub.hashing import hash_model
from mutoscope.hub.names import Place

ENGINE = "onnx"
GRAPH = "model.onnx"
INDEX = "model_index.json"
MAX_JSON_BYTES = 1_000_000
SD_SCALE, SDXL_SCALE = 0.18215, 0.13025  # of latents, where an old folder does not say it
MAX_SIDE = 2048
FEW_STEP_NAMES = ("turbo", "lightning", "hyper", "sdxs", "lcm", "schnell")
FEW_STEPS, MANY_STEPS = {"turbo": 1, "sdxs": 1}, 25  # others of FEW_STEP_NAMES: FOUR
FOUR = 4
OPTIONAL = ("vae_encoder",)


@dataclass(frozen=True)
class Folder:
    """A folder of ONNX files; reading it opens none of them."""

    path: Path
    scheduler: dict[str, Any]
    unet: dict[str, Any]
    index: dict[str, Any] = field(default_factory=dict)

    @property
    def is_xl(self) -> bool:
        """Whether two text encoders read the prompt."""
        return self.has("text_encoder_2")

    @property
    def text_parts(self) -> tuple[str, ...]:
        """The folders of the text encoders."""
        return ("text_encoder", "text_encoder_2") if self.is_xl else ("text_encoder",)

    @property
    def latent_channels(self) -> int:
        """Channels of the latents."""
        return int(self.unet.get("in_channels", 4))

    @property
    def guidance_width(self) -> int | None:
        """Numbers by which a distilled network is told its guidance; None for one that is guided by two calls."""
        width = self.unet.get("time_cond_proj_dim")
        return None if width is None else int(width)

    @property
    def is_few_step(self) -> bool:
        """Whether it is meant for one to four steps without guidance."""
        return find_few_steps(self) is not None

    def has(self, part: str) -> bool:
        """Whether the folder brings a part."""
        return (self.path / part / GRAPH).is_file()

    def latent_scale(self, part: str) -> tuple[float, float]:
        """Return factor and shift between latents of the network and of the decoder or encoder."""
        config = read_json(self.path / part / "config.json", optional=True)
        if "scaling_factor" not in config:
            config = {**read_json(self.path / "vae" / "config.json", optional=True), **config}
        usual = SDXL_SCALE if self.is_xl else SD_SCALE
        return float(config.get("scaling_factor") or usual), float(config.get("shift_factor") or 0.0)


def is_onnx_folder(path: Path) -> bool:
    """Whether a folder is one for this engine."""
    return (path / INDEX).is_file() and (path / "unet" / GRAPH).is_file()


def read_folder(path: Path) -> Folder:
    """Read what a folder holds; CheckpointError says which part is missing or is not known here."""
    if not path.is_dir():
        raise MissingModelError(f"there is no folder {path}; give one that mutoscope models export has written")
    index = read_json(path / INDEX)
    folder = Folder(path, read_json(path / "scheduler" / "scheduler_config.json"),
                    read_json(path / "unet" / "config.json", optional=True), index)  # fmt: skip
    for part in ("unet", *folder.text_parts, "vae_decoder"):
        if not folder.has(part):
            raise CheckpointError(f"{path} has no {part}/{GRAPH}; write the folder with mutoscope models export")
    for part in folder.text_parts:
        tokens = path / part.replace("text_encoder", "tokenizer")
        if not tokens.is_dir():
            raise CheckpointError(f"{path} has no {tokens.name}/; write the folder with mutoscope models export")
    if folder.latent_channels != 4:
        raise CheckpointError(
            f"{path}/unet reads {folder.latent_channels} channels; this engine draws with networks of 4 (no inpainting or "
            "editing networks)"
        )
    choose_scheduler(folder.scheduler)
    return folder


def find_few_steps(folder: Folder) -> int | None:
    """Return the steps that a few-step model is meant for; None for others.

    The folder has no word for it: LCM by its scheduler or network, Turbo by Euler steps at trailing times, others by their name.
    """
    said = f"{folder.path.name} {folder.index.get('_name_or_path', '')}".lower()
    kind = folder.scheduler.get("_class_name")
    if kind in ("LCMScheduler", "TCDScheduler") or folder.guidance_width is not None:
        return FOUR
    named = next((name for name in FEW_STEP_NAMES if name in said), None)
    if named is not None:
        return FEW_STEPS.get(named, FOUR)
    trailing = folder.scheduler.get("timestep_spacing") == "trailing"
    zero_snr = folder.scheduler.get("rescale_betas_zero_snr", False)
    return 1 if trailing and not zero_snr and str(kind).startswith("Euler") else None


def describe(folder: Folder, place: Place, made_with: str) -> Capabilities:
    """Return what a folder takes, and its defaults."""
    side = int(folder.unet.get("sample_size") or (128 if folder.is_xl else 64)) * 8
    few = find_few_steps(folder)
    told = folder.guidance_width is not None
    return Capabilities(
        name=place.name,
        hash=hash_model(folder.path),
        engine=ENGINE,
        revision=place.revision,
        made_with=made_with,
        clips=False,
        default_size=(side, side),
        native_side=side,
        side_multiple=8,
        min_side=64,
        max_side=MAX_SIDE,
        refines=False,
        image_steps=few or MANY_STEPS,
        clip_steps=None,
        guidance_scale=8.5 if told else 1.0 if few else 5.0 if folder.is_xl else 7.5,
        sampler=choose_scheduler(folder.scheduler),
        negative_prompt=not told,
        negative_needs_guidance=True,
        init_image=folder.has("vae_encoder"),
        mask=folder.has("vae_encoder"),
        first_frame=False,
        objects=False,
        reads_facts=False,
        style_templates=True,
        style_postprocess=False,
    )


def warn_of_scheduler(folder: Folder) -> tuple[str, ...]:
    """Return a warning where the folder's scheduler is not known here and another one draws."""
    asked, used = str(folder.scheduler.get("_class_name")), choose_scheduler(folder.scheduler)
    if asked == used:
        return ()
    return (f"{asked} is not known to this engine, {used} draws instead; known: {', '.join(KNOWN)}",)


def read_json(path: Path, optional: bool = False) -> dict[str, Any]:
    """Return a JSON object from a file, {} for a missing one that is optional; CheckpointError."""
    if optional and not path.is_file():
        return {}
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise ValueError(f"more than {MAX_JSON_BYTES} bytes")
        values = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            raise ValueError("no JSON object")
        return values
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: {error}; write the folder with mutoscope models export") from error
