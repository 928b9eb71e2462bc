"""What a pipeline of diffusers takes: from the signature of its class, the configs in its folder, and families.toml.

A class that the table has never heard of is run by its signature; what cannot be known before is checked on what it draws.
"""

import inspect
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from mutoscope.capabilities import FrameRule

TABLE = Path(__file__).with_name("families.toml")
USUAL_FACTOR = 8
FRAME_ARGUMENTS = ("num_frames", "video_length", "frames")
RATE_ARGUMENTS = ("frame_rate", "fps")
USUAL_CLIP_FPS = 8  # of a family that nothing says a rate of
FEW_STEPS = 4
ANY_FRAMES = FrameRule()
SUPPORTED_GUIDANCE = ("usual", "one_less", "input", "true", "guider", "none")


@dataclass(frozen=True)
class Family:
    """The facts of one pipeline class with one set of configs."""

    pipeline: str  # name of the class
    is_clip: bool
    guidance: str  # one of SUPPORTED_GUIDANCE
    multiple: int  # pixels
    size: tuple[int, int]  # width, height in pixels
    steps: int
    scale: float | None  # None: it knows no guidance
    min_steps: int = 1
    frames: FrameRule = ANY_FRAMES
    length: int | None = None  # frames
    fps: int = USUAL_CLIP_FPS
    frame_argument: str = ""
    rate_argument: str = ""
    takes_negative: bool = False
    needs_image: bool = False  # words alone are not enough
    arguments: Mapping[str, Any] = field(default_factory=dict)  # always passed
    parameters: frozenset[str] = frozenset()  # every argument that the class takes


@cache
def table() -> dict[str, dict[str, Any]]:
    """Return the rows of families.toml by class name."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def read_family(pipeline: type, configs: Mapping[str, Mapping[str, Any]], settings: Mapping[str, Any]) -> Family:
    """Return the facts of a pipeline class; `configs` are those of its components, `settings` the rest of model_index.json."""
    row = table().get(pipeline.__name__, {})
    defaults = {
        name: None if one.default is inspect.Parameter.empty else one.default
        for name, one in inspect.signature(pipeline.__call__).parameters.items()
    }
    frame_argument = next((name for name in FRAME_ARGUMENTS if name in defaults), "")
    factor = find_factor(configs.get("vae") or configs.get("vqvae") or {}) or row.get("factor", USUAL_FACTOR)
    variant = find_variant(configs, settings)
    guidance = variant.get("guidance") or row.get("guidance") or guess_guidance(defaults)
    multiple, first = row.get("frames", (1, 0))
    scale = defaults.get("true_cfg_scale" if guidance == "true" else "guidance_scale")
    scale = variant.get("scale", row.get("scale", scale))
    scale = float(scale) if isinstance(scale, int | float) else 1.0
    return Family(
        pipeline=pipeline.__name__,
        is_clip=row["kind"] == "clip" if "kind" in row else bool(frame_argument),
        guidance=guidance,
        multiple=factor * row.get("patch", 1 if row else guess_patch(configs)),
        size=find_size(row, defaults, configs, factor),
        steps=variant.get("steps", row.get("steps") or defaults.get("num_inference_steps") or 50),
        scale=None if guidance == "none" else scale + 1.0 if guidance == "one_less" else scale,
        min_steps=row.get("min_steps", 1),
        frames=FrameRule(multiple, first),
        length=row.get("length") or defaults.get(frame_argument),
        fps=row.get("fps") or find_rate(defaults),
        frame_argument=frame_argument,
        rate_argument=next((name for name in RATE_ARGUMENTS if name in defaults), ""),
        needs_image=is_required(pipeline, "image"),
        takes_negative="negative_prompt" in defaults and guidance not in ("input", "none"),
        arguments={**row.get("arguments", {}), **variant.get("arguments", {})},
        parameters=frozenset(defaults) - {"self", "args", "kwargs"},
    )


def is_required(pipeline: type, name: str) -> bool:
    """Say whether a pipeline cannot be called without an argument."""
    parameter = inspect.signature(pipeline.__call__).parameters.get(name)
    return parameter is not None and parameter.default is inspect.Parameter.empty


def find_rate(defaults: Mapping[str, Any]) -> int:
    """Return the frames a second that a signature names."""
    rates = [defaults.get(name) for name in RATE_ARGUMENTS]
    return next((int(rate) for rate in rates if isinstance(rate, int | float) and rate), USUAL_CLIP_FPS)


def guess_guidance(defaults: Mapping[str, Any]) -> str:
    """Return what guidance means to a class that the table does not have."""
    if "true_cfg_scale" in defaults and not isinstance(defaults.get("guidance_scale"), int | float):
        return "true"
    return "usual" if "guidance_scale" in defaults else "none"


def find_variant(configs: Mapping[str, Mapping[str, Any]], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what differs from the family for distilled models, by what their configs say."""
    scheduler, unet = configs.get("scheduler", {}), configs.get("unet", {})
    transformer = configs.get("transformer", {})
    if unet.get("time_cond_proj_dim") and scheduler.get("_class_name") == "LCMScheduler":
        return {"guidance": "input", "scale": 8.0, "steps": FEW_STEPS}
    if unet and scheduler.get("timestep_spacing") == "trailing" and "Euler" in scheduler.get("_class_name", ""):
        return {"scale": 1.0, "steps": FEW_STEPS}  # Turbo, Lightning
    if transformer.get("guidance_embeds") is False and transformer.get("_class_name") == "FluxTransformer2DModel":
        return {"guidance": "none", "steps": FEW_STEPS, "arguments": {"max_sequence_length": 256}}  # schnell
    if settings.get("is_distilled"):
        return {"guidance": "none", "steps": FEW_STEPS}
    return {}


def find_factor(vae: Mapping[str, Any]) -> int | None:
    """Return how many pixels of a side one latent of a VAE stands for, by its config; None where it does not say."""
    if isinstance(vae.get("spatial_compression_ratio"), int):
        return vae["spatial_compression_ratio"]
    if isinstance(vae.get("scale_factor_spatial"), int):
        return vae["scale_factor_spatial"]
    for key in ("encoder_block_out_channels", "block_out_channels"):
        if isinstance(vae.get(key), list) and vae.get("_class_name") in (
            "AutoencoderKL",
            "AutoencoderDC",
            "AutoencoderTiny",
        ):
            return 2 ** (len(vae[key]) - 1)
    return None


def guess_patch(configs: Mapping[str, Mapping[str, Any]]) -> int:
    """Return the latents of a side of a token that a transformer's config names; 2 for one that names none, 1 for a UNet."""
    transformer = configs.get("transformer")
    if transformer is None:
        return 1
    patch = transformer.get("patch_size", 2)
    patch = patch[-1] if isinstance(patch, list) and patch else patch
    return max(2, patch) if isinstance(patch, int) else 2


def find_size(
    row: Mapping[str, Any], defaults: Mapping[str, Any], configs: Mapping[str, Mapping[str, Any]], factor: int
) -> tuple[int, int]:
    """Return the width and height in pixels that a pipeline draws by default: of the table, the signature, or the config."""
    network = configs.get("transformer") or configs.get("unet") or configs.get("prior") or {}
    native = network.get("sample_size")
    if isinstance(native, int) and not (row.get("size") and configs.get("transformer")):
        return native * factor, native * factor
    if "size" in row:
        return tuple(row["size"])
    if isinstance(defaults.get("width"), int) and isinstance(defaults.get("height"), int):
        return defaults["width"], defaults["height"]
    return 1024, 1024


def read_configs(folder: Path, components: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the configs of a folder's components that have one."""
    found = {}
    for name in components:
        for file in ("config.json", "scheduler_config.json"):
            path = folder / name / file
            if path.is_file():
                found[name] = json.loads(path.read_text(encoding="utf-8"))
    return found
