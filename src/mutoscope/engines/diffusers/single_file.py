"""A single file of weights, as Civitai and ComfyUI have them: its configs and tokenizers come from a folder of the same family."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

from mutoscope.engines.diffusers.opening import find_class, find_component, is_network, load_network
from mutoscope.engines.diffusers.placing import KEPT_EXACT, Placement
from mutoscope.engines.diffusers.quantising import quantise
from mutoscope.errors import CheckpointError, MissingModelError
from mutoscope.events import Event, Phase
from mutoscope.hub.checks import Layout, check_file
from mutoscope.hub.headers import component_bytes, read_header
from mutoscope.hub.names import Place, find_place, get_line

NETWORKS = ("model.diffusion_model.", "double_blocks.", "transformer_blocks.", "joint_blocks.", "blocks.", "layers.")
IN_FILE = {"network": ("unet", "transformer"), "vae": ("vae",), "text_encoder": ("text_encoder", "text_encoder_2")}


def find_base(file: Path) -> Place:
    """Return the folder with the configs of a file: the one beside it that has its name, else its family's in the cache.

    MissingModelError names the family and how its folder gets here; CheckpointError for a file that is no model.
    """
    check_file(file)
    beside = file.with_suffix("")
    if (beside / "model_index.json").is_file():
        return Place(str(beside), beside)
    repository = name_repository(file)
    try:
        return find_place(repository)
    except MissingModelError as error:
        raise MissingModelError(
            f"{file} is a single file of the family of {repository}, which has its configs and tokenizers and is not on this disk; "
            f"fetch it: {get_line(repository)}; or put a folder {beside.name}/ in diffusers layout beside the file"
        ) from error


def name_repository(file: Path) -> str:
    """Return the repository that has the configs for a file, by the names and shapes of its tensors; CheckpointError."""
    import torch
    from diffusers.loaders import single_file_utils

    header = read_header(file)
    if not any(name.startswith(NETWORKS) or ".diffusion_model." in name for name in header):
        raise CheckpointError(
            f"{file} holds no diffusion model that is known (its first tensor is {next(iter(header))!r}); a LoRA is given with "
            "--adapter, a VAE or a text encoder alone draws nothing"
        )
    shapes = {name: torch.empty(tensor.shape, device="meta") for name, tensor in header.items()}
    return single_file_utils.fetch_diffusers_config(shapes)["pretrained_model_name_or_path"]


def load_file(file: Path, base: Path, layout: Layout, placement: Placement) -> Generator[Event, None, Any]:
    """Load a pipeline with the weights of a file, and what it lacks from its base folder; yields events."""
    inside = {name for part in component_bytes(file) for name in IN_FILE.get(part, ())}
    outside = [name for name in layout.components if is_network(base, name) and name not in inside]
    loading = Phase("load", len(outside) + 1)
    yield loading.start()
    parts = {}
    for name in outside:
        parts[name] = load_network(
            base, name, find_component(*layout.components[name]), layout.variant, placement.dtype
        )
        yield loading.advance(message=name)
    cls: Any = find_class(layout.class_name, base)
    if not hasattr(cls, "from_single_file"):
        raise CheckpointError(f"{layout.class_name} opens no single files; give a folder in diffusers layout")
    try:
        pipeline = cls.from_single_file(
            str(file), config=str(base), torch_dtype=placement.dtype, local_files_only=True, **parts
        )
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise CheckpointError(f"{file} cannot be opened as {layout.class_name} ({reason[:300]})") from error
    pipeline.set_progress_bar_config(disable=True)
    for name, network in pipeline.components.items() if placement.quantised else ():
        if name not in KEPT_EXACT and hasattr(network, "parameters"):
            quantise(network)
    yield loading.advance(message=file.name)
    return pipeline
