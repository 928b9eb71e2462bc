"""The state of a run on disk: named tensors in safetensors shards, counters in JSON, a manifest of SHA-256, written atomically.

A state is a folder `state-<samples>`; it is written under a temporary name, synced and renamed, so the newest complete one always
loads. Nothing is pickled.
"""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from mutoscope.errors import CheckpointError, StorageError, StorageFullError
from mutoscope.train.ranks import like, whole

MANIFEST = "manifest.json"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flatten_optimiser(optimiser: torch.optim.Optimizer, prefix: str) -> dict[str, Tensor]:
    """Return the tensors of an optimiser's state under `prefix`, whole."""
    state = optimiser.state_dict()["state"]
    return {
        f"{prefix}.{i}.{key}": whole(torch.as_tensor(value))
        for i, entry in state.items()
        for key, value in entry.items()
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, prefix: str, tensors: dict[str, Tensor]) -> None:
    """Put back what `flatten_optimiser` gave; rates are set by the loop. ValueError when it is of other parameters."""
    state: dict[int, dict[str, Tensor]] = {}
    params = [p for group in optimiser.param_groups for p in group["params"]]
    for name, tensor in tensors.items():
        if name.startswith(prefix + "."):
            index, key = name[len(prefix) + 1 :].split(".", 1)
            if int(index) >= len(params) or (tensor.ndim and tensor.shape != params[int(index)].shape):
                raise ValueError(f"{name} is {tuple(tensor.shape)}")
            state.setdefault(int(index), {})[key] = like(tensor, params[int(index)].data) if tensor.ndim else tensor
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def save_state(run: Path, samples: int, tensors: dict[str, Tensor], counters: dict[str, Any], max_shard: int) -> Path:
    """Write `run/state-<samples>` whole or not at all, and remove older states; return the folder."""
    final = run / f"state-{samples:012d}"
    temporary = run / f".{final.name}.tmp"
    for killed in run.glob(".state-*.tmp"):
        shutil.rmtree(killed, ignore_errors=True)
    if final.is_dir():  # of the same samples, so of the same numbers
        return final
    try:
        temporary.mkdir(parents=True)
        for i, shard in enumerate(_shards(tensors, max_shard)):
            save_file(shard, temporary / f"tensors-{i:04d}.safetensors")
        _write(temporary / "counters.json", json.dumps(counters, indent=1, sort_keys=True))
        hashes = {path.name: sha256(path) for path in sorted(temporary.iterdir())}
        _write(temporary / MANIFEST, json.dumps(hashes, indent=1))
        _sync(temporary)
        os.rename(temporary, final)
        _sync(run)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(temporary, ignore_errors=True)
        full = getattr(error, "errno", None) == 28 or "No space left" in str(error)
        kind = StorageFullError if full else StorageError
        raise kind(f"{final}: the state could not be written ({error}); the last complete one is kept") from error
    for old in sorted(run.glob("state-*"))[:-1]:
        shutil.rmtree(old, ignore_errors=True)
    return final


def load_state(run: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Return (tensors, counters) of the newest state of a run, or None when it has none; CheckpointError when damaged."""
    states = sorted(run.glob("state-*"))
    if not states:
        return None
    folder = states[-1]
    try:
        hashes = json.loads((folder / MANIFEST).read_text())
        tensors: dict[str, Tensor] = {}
        for name, expected in hashes.items():
            if sha256(folder / name) != expected:
                raise CheckpointError(f"{folder / name}: the file was changed or cut; delete {folder} to start afresh")
            if name.endswith(".safetensors"):
                tensors.update(load_file(folder / name))
        return tensors, json.loads((folder / "counters.json").read_text())
    except (OSError, ValueError, TypeError, AttributeError, SafetensorError) as error:
        raise CheckpointError(f"{folder}: not a complete state ({error}); delete it to start afresh") from error


def _shards(tensors: dict[str, Tensor], limit: int) -> list[dict[str, Tensor]]:
    shards: list[dict[str, Tensor]] = [{}]
    size = 0
    for name, tensor in tensors.items():
        bytes_ = tensor.numel() * tensor.element_size()
        if shards[-1] and size + bytes_ > limit:
            shards.append({})
            size = 0
        shards[-1][name] = tensor.detach().contiguous().clone()
        size += bytes_
    return shards


def _write(path: Path, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    for path in [*folder.iterdir(), folder]:
        if path.is_dir() and path != folder:
            continue
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
