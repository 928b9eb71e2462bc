"""A model as a folder: one weights file for both runtimes, graphs without weights, hashes of every file.

    config.json            sizes, counters, known words, licence, SHA-256 of every other file
    tokenizer.json
    weights.safetensors    text tower (int8 a row), transformer and decoder (float16)
    encoder.safetensors    codec encoder and image tower, for training only
    graphs/*.onnx          text, velocity, first_frame, next_frames

Nothing is pickled, nothing in a folder is run; a changed byte is refused with the file's name.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mutoscope.config import ModelConfig
from mutoscope.errors import CheckpointError, MutoscopeError

FORMAT = 1
GRAPHS = ("text", "velocity", "first_frame", "next_frames")
EMBEDDED = Path(__file__).parent / "weights" / "mutoscope-nano"
SCALE = "::scale"  # ending of the name that holds the row scales of an int8 tensor


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint folder whose files have been checked."""

    folder: Path
    config: ModelConfig
    card: dict[str, Any]  # the whole config.json

    @property
    def name(self) -> str:
        """Name of the model."""
        return str(self.card["name"])

    @property
    def hash(self) -> str:
        """First 16 digits of the SHA-256 of the weights."""
        return str(self.card["sha256"]["weights.safetensors"])[:16]

    @cached_property
    def known_words(self) -> frozenset[str]:
        """Words that the captions of the training could hold."""
        return frozenset(self.card["known_words"])

    def weights(self) -> dict[str, np.ndarray]:
        """Read weights.safetensors as float32 arrays by name."""
        return read_weights(self.folder / "weights.safetensors")

    def graph(self, name: str) -> bytes:
        """Read one of GRAPHS."""
        return (self.folder / "graphs" / f"{name}.onnx").read_bytes()

    @property
    def tokenizer_path(self) -> Path:
        """Where tokenizer.json lies."""
        return self.folder / "tokenizer.json"


def open_checkpoint(folder: Path | str | None = None, verify: bool = True) -> Checkpoint:
    """Open and check a checkpoint folder, the embedded one for None; CheckpointError names the file that is wrong."""
    folder = EMBEDDED if folder is None else Path(folder)
    path = folder / "config.json"
    if not folder.is_dir():
        raise CheckpointError(f"{folder} is not a folder; give a checkpoint folder, or leave it out for the embedded model")
    try:
        if path.stat().st_size > 1 << 20:
            raise CheckpointError(f"{path} is larger than 1 MB; it is not a Mutoscope checkpoint")
        card = json.loads(path.read_text(encoding="utf-8"))
        if card["format"] != FORMAT:
            raise CheckpointError(f"{path}: format {card['format']!r}, this version reads {FORMAT}; update mutoscope")
        config = ModelConfig.from_dict(card["model"])
        str(card["name"]), card["sha256"]["weights.safetensors"], card["known_words"], card["constants"]["velocity"]
    except CheckpointError:
        raise
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} is missing; {folder} is not a Mutoscope checkpoint") from error
    except (OSError, ValueError, KeyError, TypeError, RecursionError, MutoscopeError) as error:
        raise CheckpointError(f"{path}: damaged or of another kind ({type(error).__name__}: {error})") from error
    if verify:
        verify_files(folder, card["sha256"])
    return Checkpoint(folder, config, card)


def verify_files(folder: Path, hashes: dict[str, str]) -> None:
    """Compare every file with its SHA-256; CheckpointError names the first that is missing or changed."""
    needed = {"tokenizer.json", "weights.safetensors", *(f"graphs/{name}.onnx" for name in GRAPHS)}
    lacking = sorted(needed - set(hashes))
    if lacking:
        raise CheckpointError(f"{folder / 'config.json'}: no hash for {', '.join(lacking)}; fetch the model again")
    for name, expected in hashes.items():
        path = folder / name
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise CheckpointError(f"{folder / 'config.json'}: {name!r} lies outside of the folder; do not trust this model")
        if not path.is_file():
            if name in needed:
                raise CheckpointError(f"{path} is missing; fetch the model again")
            continue
        if file_hash(path) != expected:
            raise CheckpointError(f"{path}: the file was changed or cut (its SHA-256 differs); fetch the model again")


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """Read a safetensors file as float32 arrays; int8 tensors are scaled by row."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        stored = load_file(path)
    except (OSError, SafetensorError, ValueError) as error:
        raise CheckpointError(f"{path}: not a safetensors file that can be read ({error})") from error
    out = {}
    for name, array in stored.items():
        if name.endswith(SCALE):
            continue
        wide = array.astype(np.float32)
        if array.dtype == np.int8:
            wide *= stored[name + SCALE].astype(np.float32)[:, None]
        out[name] = wide
    return out


def quantise_rows(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(rows, columns) float -> int8 of the same shape and float16 scales (rows,)."""
    scale = np.maximum(np.abs(array).max(axis=1) / 127.0, 1e-6).astype(np.float16)
    return np.clip(np.rint(array / scale.astype(np.float32)[:, None]), -127, 127).astype(np.int8), scale
