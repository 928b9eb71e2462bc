"""The parts of a model under construction: `RUN/parts/*.safetensors` in float32, `config.json`, `tokenizer.json`.

Each stage of `train/` reads the parts that earlier stages made and writes its own when it ends; `export/` reads them all.
"""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from mutoscope.autoencoder import Autoencoder
from mutoscope.checkpoint import Checkpoint, read_weights
from mutoscope.config import ModelConfig
from mutoscope.errors import CheckpointError, MissingModelError, MutoscopeError
from mutoscope.image_encoder import ImageTower
from mutoscope.text_encoder import TextTower
from mutoscope.tokenizer import Tokenizer
from mutoscope.transformer import Transformer

BEGUN = "begun.json"  # of a run that began with a checkpoint
STAGE_OF = {"codec": "codec", "text": "clip", "image_tower": "clip", "transformer": "image", "student": "distil"}


def save_part(run: Path, name: str, model: nn.Module) -> Path:
    """Write one part, atomically; return its path."""
    path = run / "parts" / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    save_file({key: value.detach().contiguous().clone() for key, value in model.state_dict().items()}, temporary)
    temporary.replace(path)
    return path


def save_tensors(run: Path, name: str, tensors: dict[str, Tensor]) -> Path:
    """Write one part with some of its tensors replaced, atomically; CheckpointError when they are not its own."""
    path = run / "parts" / f"{name}.safetensors"
    try:
        whole = load_file(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}); train the stage {STAGE_OF[name]} again") from error
    strange = [key for key, tensor in tensors.items() if key not in whole or whole[key].shape != tensor.shape]
    if strange:
        raise CheckpointError(f"{path} has no tensor {strange[0]} of that shape; it is of another model")
    temporary = path.with_suffix(".tmp")
    save_file({**whole, **tensors}, temporary)
    temporary.replace(path)
    return path


def has_part(run: Path, name: str) -> bool:
    """Say whether the part is there."""
    return (run / "parts" / f"{name}.safetensors").is_file()


def check_part(run: Path, name: str) -> Path:
    """Return a part's path; CheckpointError names the stage that makes it."""
    path = run / "parts" / f"{name}.safetensors"
    if not path.is_file():
        raise MissingModelError(f"{path} is missing; make it with: mutoscope train {STAGE_OF[name]} --out {run} ...")
    return path


def load_part(run: Path, name: str, model: nn.Module) -> nn.Module:
    """Fill `model` with a part; CheckpointError names the stage that makes it."""
    path = check_part(run, name)
    try:
        model.load_state_dict(load_file(path))
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}); train the stage {STAGE_OF[name]} again") from error
    except (RuntimeError, ValueError) as error:
        raise CheckpointError(f"{path} does not fit this preset: {str(error).splitlines()[-1].strip()}") from error
    return model


def load_text(run: Path, config: ModelConfig) -> tuple[TextTower, Tokenizer]:
    """Return the trained text tower, frozen, and its tokenizer."""
    tower = load_part(run, "text", TextTower(config.text))
    return tower.requires_grad_(False).eval(), Tokenizer.load(run / "tokenizer.json")


def begin_from(run: Path, checkpoint: Checkpoint, config: ModelConfig) -> dict[str, int]:
    """Give a run without parts those of a checkpoint; return {part: tensors that begin anew}.

    Weights of a shape that `config` does not have begin anew, those of another decoder or of a larger transformer, and so do parts
    that the checkpoint does not ship. A run that has begun is left as it is. CheckpointError where text tower and codec do not fit.
    """
    if (run / "parts").is_dir():
        return {}
    weights = checkpoint.weights() | read_weights(checkpoint.folder / "encoder.safetensors")
    new: dict[str, int] = {}
    for name, kind, sizes in (
        ("text", TextTower, config.text), ("transformer", Transformer, config.transformer), ("codec", Autoencoder, config.codec),
        ("image_tower", ImageTower, config.image_tower),
    ):  # fmt: skip
        torch.manual_seed(0)
        model = kind(sizes)
        own = model.state_dict()
        held = {key: weights.get(f"{name}.{key}") for key in own}
        fits = {key: torch.from_numpy(array.copy()) for key, array in held.items()
                if array is not None and array.shape == tuple(own[key].shape)}  # fmt: skip
        if name in ("text", "codec") and len(fits) < len(own) // 3:
            raise CheckpointError(
                f"{checkpoint.folder} has other sizes than the preset {config.preset}: its {name} does not fit"
            )
        model.load_state_dict({**own, **fits})
        save_part(run, name, model)
        new[name] = len(own) - len(fits)
    (run / "tokenizer.json").write_bytes(checkpoint.tokenizer_path.read_bytes())
    record_begin(run, checkpoint)
    return new


def record_begin(run: Path, checkpoint: Checkpoint) -> None:
    """Write down which checkpoint a run began with and how that one was trained, for its own card."""
    held = {key: checkpoint.card.get(key) for key in ("name", "stages", "notes")} | {"hash": checkpoint.hash}
    (run / BEGUN).write_text(json.dumps(held, indent=1), encoding="utf-8")


def check_config(run: Path, config: ModelConfig) -> bool:
    """Say whether the run has begun; CheckpointError when it began with other sizes."""
    path = run / "config.json"
    if path.is_file() and (held := load_config(run)) != config:
        began = f"{path} is of another preset, {held.preset}, and this is {config.preset}; give --preset {held.preset}"
        if held.preset == config.preset:
            began = f"{path} is of the preset {held.preset} with other sizes than this version's"
        raise MissingModelError(f"{began}, or choose another --out")
    return path.is_file()


def save_config(run: Path, config: ModelConfig) -> None:
    """Write `config.json` of the run, or check that it is the one the run began with."""
    if check_config(run, config):
        return
    path = run / "config.json"
    run.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(config.to_dict(), indent=1), encoding="utf-8")
    temporary.replace(path)


def load_config(run: Path) -> ModelConfig:
    """Read `config.json` of a run; CheckpointError when it is missing or damaged."""
    path = run / "config.json"
    if not path.is_file():
        raise MissingModelError(f"{path} is missing; {run} is not a training run")
    try:
        return ModelConfig.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, AttributeError, KeyError, RecursionError, MutoscopeError) as error:
        raise CheckpointError(f"{path} is damaged ({type(error).__name__}: {error})") from error
