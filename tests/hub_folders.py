"""Folders in the layout of diffusers and of the hub's cache, made by hand: a few numbers in the place of weights."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

COMMIT, OTHER_COMMIT = "a" * 40, "b" * 40
INDEX: dict[str, Any] = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.42.1",
    "feature_extractor": [None, None],
    "requires_safety_checker": False,
    "scheduler": ["diffusers", "EulerDiscreteScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}
WEIGHTS = {"unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model", "text_encoder": "model"}


def write_json(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))
    return path


def write_weights(path: Path, numbers: int = 64, dtype: Any = np.float16) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({"a.weight": np.ones(numbers, dtype), "a.bias": np.ones(4, np.float32)}, path)
    return path


def make_folder(folder: Path, variant: str = "") -> Path:
    """Return a folder that every check finds whole."""
    write_json(folder / "model_index.json", INDEX)
    write_json(folder / "scheduler" / "scheduler_config.json", {"_class_name": "EulerDiscreteScheduler"})
    write_json(folder / "tokenizer" / "vocab.json", {"a": 0, "b": 1})
    (folder / "tokenizer" / "merges.txt").write_text("#version: 0.2\n")
    write_json(folder / "tokenizer" / "tokenizer_config.json", {"model_max_length": 10**30})
    for part, stem in WEIGHTS.items():
        write_json(folder / part / "config.json", {"num_layers": 2, "sizes": [4, 8]})
        write_weights(folder / part / f"{stem}{variant and '.'}{variant}.safetensors")
    return folder


def put_in_cache(cache: Path, repository: str, commit: str = COMMIT, branch: str = "main") -> Path:
    """Return the snapshot of a repository in a cache: links into blobs, as the hub's libraries write them."""
    home = cache / f"models--{repository.replace('/', '--')}"
    plain = make_folder(cache / "plain" / commit)
    snapshot = home / "snapshots" / commit
    (home / "blobs").mkdir(parents=True, exist_ok=True)
    for path in sorted(path for path in plain.rglob("*") if path.is_file()):
        name = path.relative_to(plain)
        blob = home / "blobs" / f"{commit[:4]}-{'-'.join(name.parts)}"
        path.replace(blob)
        link = snapshot / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(blob, link.parent))
    if branch:
        (home / "refs").mkdir(exist_ok=True)
        (home / "refs" / branch).write_text(commit)
    return snapshot
