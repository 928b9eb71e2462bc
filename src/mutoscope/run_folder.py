"""A training run's folder: `RUN/parts/*.safetensors` in float32, `config.json`, `tokenizer.json`.

A part is the weights of one component of the model, such as the codec. Each stage of `train/` reads the parts that earlier stages
made and writes its own when it ends; `export/` reads them all. Every file is there whole or not at all.
"""

import json
from collections.abc import Collection
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from mutoscope.checkpoint import Checkpoint, read_weights
from mutoscope.codec import Codec
from mutoscope.config import ModelConfig
from mutoscope.errors import CheckpointError, MissingModelError, MutoscopeError
from mutoscope.image_encoder import ImageTower
from mutoscope.media.storage import write_bytes
from mutoscope.text_encoder import TextTower
from mutoscope.tokenizer import Tokenizer
from mutoscope.transformer import Transformer

BEGUN = "begun.json"  # of a run that began with a checkpoint
KEPT_FACTS = ("name", "licence", "known_words", "known_facts", "own_words", "notes")  # of its card
BEGINNING_PARTS = ("text", "transformer", "codec", "image_tower")
STAGES_OF = {
    "text": ("clip",), "image_tower": ("clip",), "codec": ("codec", "decoder"), "transformer": ("image", "video", "distil"),
}  # fmt: skip
STAGE_OF = {"codec": "codec", "text": "clip", "image_tower": "clip", "transformer": "image", "student": "distil"}

Module = TypeVar("Module", bound=nn.Module)


def part_path(run: Path, name: str) -> Path:
    """Return where a part lies."""
    return run / "parts" / f"{name}.safetensors"


def save_part(run: Path, name: str, model: nn.Module) -> Path:
    """Write one part; return its path."""
    return _write_tensors(part_path(run, name), model.state_dict())


def replace_tensors(run: Path, name: str, tensors: dict[str, Tensor]) -> Path:
    """Write one part with some of its tensors replaced; CheckpointError when they are not its own."""
    path = part_path(run, name)
    held = _read_tensors(path, name)
    for key, tensor in tensors.items():
        if key not in held or held[key].shape != tensor.shape:
            raise CheckpointError(f"{path} has no tensor {key} of that shape; it is of another model")
    return _write_tensors(path, {**held, **tensors})


def _write_tensors(path: Path, tensors: dict[str, Tensor]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_bytes(path, save({key: value.detach().contiguous().clone() for key, value in tensors.items()}))


def _read_tensors(path: Path, name: str) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}); train the stage {STAGE_OF[name]} again") from error


def has_part(run: Path, name: str) -> bool:
    """Say whether the part is there."""
    return part_path(run, name).is_file()


def check_part(run: Path, name: str) -> Path:
    """Return a part's path; CheckpointError names the stage that makes it."""
    path = part_path(run, name)
    if not path.is_file():
        raise MissingModelError(f"{path} is missing; make it with: mutoscope train {STAGE_OF[name]} --out {run} ...")
    return path


def load_part(run: Path, name: str, model: Module) -> Module:
    """Fill `model` with a part and return it; CheckpointError names the stage that makes it."""
    path = check_part(run, name)
    tensors = _read_tensors(path, name)
    try:
        model.load_state_dict(tensors)
    except (RuntimeError, ValueError) as error:
        raise CheckpointError(f"{path} does not fit this preset: {str(error).splitlines()[-1].strip()}") from error
    return model


def load_text(run: Path, config: ModelConfig) -> tuple[TextTower, Tokenizer]:
    """Return the trained text tower, frozen, and its tokenizer."""
    tower = load_part(run, "text", TextTower(config.text))
    return tower.requires_grad_(False).eval(), Tokenizer.load(tokenizer_path(run))


def tokenizer_path(run: Path) -> Path:
    """Return where the run's tokenizer lies."""
    return run / "tokenizer.json"


def save_tokenizer(run: Path, tokenizer_json: str) -> Path:
    """Write the tokenizer that belongs to the text tower."""
    return write_bytes(tokenizer_path(run), tokenizer_json.encode())


def begin_from(
    run: Path, checkpoint: Checkpoint, config: ModelConfig, parts: Collection[str] = BEGINNING_PARTS
) -> dict[str, int]:
    """Give a run without parts those of a checkpoint, or only some of them; return {part: tensors that begin anew}.

    Weights of a shape that `config` does not have begin anew, those of another decoder or of a larger transformer, and so do parts
    that the checkpoint does not ship. A run that has begun is left as it is. CheckpointError where text tower and codec do not fit.
    """
    if (run / "parts").is_dir():
        return {}
    weights = {**checkpoint.weights()} | read_weights(checkpoint.folder / "encoder.safetensors")
    new = {}
    for name, make in (
        ("text", lambda: TextTower(config.text)),
        ("transformer", lambda: Transformer(config.transformer)),
        ("codec", lambda: Codec(config.codec)),
        ("image_tower", lambda: ImageTower(config.image_tower)),
    ):
        if name not in parts:
            continue
        torch.manual_seed(0)  # weights that begin anew do not depend on the parts before
        own = make().state_dict()
        fits = _fitting(weights, name, own)
        if name in ("text", "codec") and len(fits) < len(own) // 3:  # a few fit any sizes: norms, biases of the ends
            raise CheckpointError(
                f"{checkpoint.folder} has other sizes than the preset {config.preset}: its {name} does not fit"
            )
        _write_tensors(part_path(run, name), {**own, **fits})
        new[name] = len(own) - len(fits)
    if "text" in parts:
        save_tokenizer(run, checkpoint.tokenizer_path.read_text("utf-8"))
    record_begin(run, checkpoint, parts)
    return new


def _fitting(weights: dict[str, np.ndarray], part: str, own: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return those of a checkpoint's weights that have the name and shape of one of a part's `own` tensors."""
    found = {key: weights.get(f"{part}.{key}") for key in own}
    return {
        key: torch.from_numpy(array.copy())
        for key, array in found.items()
        if array is not None and array.shape == tuple(own[key].shape)
    }


def record_begin(run: Path, checkpoint: Checkpoint, parts: Collection[str] = BEGINNING_PARTS) -> None:
    """Write down which checkpoint a run began with and how these parts of it were trained, for the run's own card."""
    card = checkpoint.card
    facts = KEPT_FACTS if "transformer" in parts else ("name", "licence")
    stages = {stage for part in parts for stage in STAGES_OF[part]}
    held = {key: card[key] for key in facts if key in card} | {"hash": checkpoint.hash}
    held["world"] = "transformer" in parts and checkpoint.learned_world
    held["stages"] = {
        name: told for name, told in (card.get("stages") or {}).items() if name.partition(" ")[0] in stages
    }
    write_bytes(run / BEGUN, json.dumps(held, indent=1).encode())


def check_config(run: Path, config: ModelConfig) -> bool:
    """Say whether the run has begun; CheckpointError when it began with other sizes."""
    path = run / "config.json"
    if not path.is_file():
        return False
    held = load_config(run)
    if held == config:
        return True
    began = f"{path} is of another preset, {held.preset}, and this is {config.preset}; give --preset {held.preset}"
    if held.preset == config.preset:
        began = f"{path} is of the preset {held.preset} with other sizes than this version's"
    raise MissingModelError(f"{began}, or choose another --out")


def save_config(run: Path, config: ModelConfig) -> None:
    """Write `config.json` of the run, or check that it is the one the run began with."""
    if not check_config(run, config):
        run.mkdir(parents=True, exist_ok=True)
        write_bytes(run / "config.json", json.dumps(config.to_dict(), indent=1).encode())


def load_config(run: Path) -> ModelConfig:
    """Read `config.json` of a run; CheckpointError when it is missing or damaged."""
    path = run / "config.json"
    if not path.is_file():
        raise MissingModelError(f"{path} is missing; {run} is not a training run")
    try:
        return ModelConfig.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, AttributeError, KeyError, RecursionError, MutoscopeError) as error:
        raise CheckpointError(f"{path} is damaged ({type(error).__name__}: {error})") from error
