"""From a folder or a file to a pipeline in memory: component by component, each checked for what is missing.

The libraries load a folder that lacks a tensor or a tokenizer without an error, and draw from noise. So each network is loaded
alone, with the list of what was missing, and the pipeline is put together from them.
"""

from collections.abc import Generator
from pathlib import Path
from typing import Any

from mutoscope.engines.diffusers.libraries import import_diffusers
from mutoscope.engines.diffusers.placing import KEPT_EXACT, Placement
from mutoscope.engines.diffusers.quantising import quantise
from mutoscope.errors import CheckpointError, did_you_mean
from mutoscope.events import Event, Phase
from mutoscope.hub.checks import Layout

MAX_NAMED_TENSORS = 3


def find_class(name: str, folder: Path) -> type:
    """Return the class of a pipeline by its name; CheckpointError for one that this version of diffusers does not have."""
    diffusers = import_diffusers()
    found = getattr(diffusers, name, None)
    if not isinstance(found, type) or not issubclass(found, diffusers.DiffusionPipeline):
        known = [one for one in dir(diffusers) if one.endswith("Pipeline")]
        raise CheckpointError(
            f"{folder}/model_index.json names the class {name!r}, which diffusers {diffusers.__version__} does not have"
            f"{did_you_mean(name, known)}; a newer diffusers may: pip install -U diffusers"
        )
    return found


def load_pipeline(folder: Path, layout: Layout, placement: Placement) -> Generator[Event, None, Any]:
    """Load a pipeline from a folder that was checked, on the CPU; yields an event a component, returns the pipeline.

    Quantised networks are so before the next one is loaded, so that the whole never lies in memory at once.
    """
    networks = {name: pair for name, pair in layout.components.items() if is_network(folder, name)}
    loading = Phase("load", len(networks) + 1)
    yield loading.start()
    parts = {}
    for name, (library, class_name) in networks.items():
        parts[name] = load_network(folder, name, find_component(library, class_name), layout.variant, placement.dtype)
        if placement.quantised and name not in KEPT_EXACT:
            quantise(parts[name])
        yield loading.advance(message=name)
    pipeline = find_class(layout.class_name, folder).from_pretrained(
        str(folder), local_files_only=True, use_safetensors=True, **parts
    )
    pipeline.set_progress_bar_config(disable=True)
    yield loading.advance()
    return pipeline


def is_network(folder: Path, name: str) -> bool:
    """Say whether a component has weights."""
    return any((folder / name).glob("*.safetensors"))


def find_component(library: str, class_name: str) -> Any:
    """Return the class of a component: of diffusers, of transformers, or of a family's own part of diffusers."""
    import importlib

    diffusers = import_diffusers()
    if library not in ("diffusers", "transformers"):
        return getattr(getattr(diffusers.pipelines, library), class_name)
    return getattr(importlib.import_module(library), class_name)


def load_network(folder: Path, name: str, cls: Any, variant: str | None, dtype: Any) -> Any:
    """Load one network; CheckpointError where tensors are missing or of another shape, or the file is damaged."""
    try:
        network, info = cls.from_pretrained(
            str(folder), subfolder=name, dtype=dtype, variant=variant, use_safetensors=True, local_files_only=True,
            output_loading_info=True,
        )  # fmt: skip
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise CheckpointError(f"{folder}/{name} cannot be loaded ({reason[:300]}); fetch the model again") from error
    missing = [str(key) for key in [*info.get("missing_keys", ()), *info.get("mismatched_keys", ())]]
    if missing:
        more = f" and {len(missing) - MAX_NAMED_TENSORS} more" if len(missing) > MAX_NAMED_TENSORS else ""
        raise CheckpointError(
            f"{folder}/{name} lacks {', '.join(sorted(missing)[:MAX_NAMED_TENSORS])}{more}, or has them in another shape, "
            f"which {cls.__name__} needs; fetch the model again"
        )
    return network.eval()
