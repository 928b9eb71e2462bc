"""A model as a folder: one weights file for both runtimes, graphs without weights, hashes of every file.

    config.json            sizes, counters, known words, licence, SHA-256 of every other file and of itself
    tokenizer.json
    weights.safetensors    text tower (int8 a row), transformer and decoder (float16)
    encoder.safetensors    codec encoder, for pictures that come in, and image tower, for training only; may be left out
    graphs/*.onnx          text, context, velocity, first_frame, next_frames; velocity_int8 and encoder, which may be left out

Nothing is pickled, nothing in a folder is run; a changed byte is refused with the file's name.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mutoscope.config import ModelConfig
from mutoscope.errors import CheckpointError, MissingModelError, MutoscopeError
from mutoscope.shapes import LARGEST, NATIVE_SIDE, check_size

FORMAT = 2
OLDER_FORMATS = (1,)  # the velocity graph read the text anew at every step
LARGEST_CONFIG = 1 << 20  # bytes
GRAPHS = ("text", "context", "velocity", "first_frame", "next_frames")  # what drawing from words takes
ENCODER = "encoder"  # the graph for pictures that come in
VELOCITY = {"fp32": "velocity", "int8": "velocity_int8"}  # the graph of each precision
EXTRA_GRAPHS = (VELOCITY["int8"], ENCODER)  # may be left out
EMBEDDED = Path(__file__).parent / "weights" / "mutoscope-nano"
STORED_TYPES = {"F32": "<f4", "F16": "<f2", "I8": "i1"}  # of safetensors: of numpy
WORDS = "text.words.weight"  # the table of word embeddings, in no graph
SCALE = "::scale"  # ending of the name that holds the row scales of an int8 tensor


class StoredWeights(Mapping[str, np.ndarray]):
    """The tensors of a safetensors file whose names start with `prefix`, each read when it is asked for, as float32.

    int8 tensors are scaled by row. CheckpointError for what is no such file, or lacks a tensor's scales. The library checks the
    file; tensors are then read one by one, because the pages that it maps would count as memory for as long as it is open.
    """

    def __init__(self, path: Path, prefix: str = ""):
        from safetensors import SafetensorError, safe_open

        self.path = path
        try:
            with safe_open(path, "np") as file:
                file.keys()
            with open(path, "rb") as file:
                length = int.from_bytes(file.read(8), "little")
                header = json.loads(file.read(length))
        except (OSError, SafetensorError, ValueError) as error:
            raise CheckpointError(f"{path}: not a safetensors file that can be read ({error})") from error
        header.pop("__metadata__", None)
        self._places = header
        self._begin = 8 + length
        names = (name for name in header if name.startswith(prefix) and not name.endswith(SCALE))
        self._names = dict.fromkeys(names)  # in the order of the file

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self:
            raise KeyError(name)
        array = self._read(name)
        if array.dtype != np.int8:
            return array.astype(np.float32, copy=False)
        return np.multiply(array, self._scales(name)[:, None], dtype=np.float32)

    def _scales(self, name: str) -> np.ndarray:
        scales = self._read(name + SCALE) if name + SCALE in self._places else np.empty(0, np.float16)
        if scales.shape != (self._places[name]["shape"][0],):
            raise CheckpointError(f"{self.path}: no row scales for {name}; fetch the model again")
        return scales.astype(np.float32)

    def rows(self, name: str, indices: np.ndarray) -> np.ndarray:
        """Return rows of a matrix (..., columns) float32: of a large table, the few that are asked for are read."""
        if name not in self:
            raise KeyError(name)
        array = self._read(name, as_map=True)[indices]
        if array.dtype != np.int8:
            return array.astype(np.float32, copy=False)
        return np.multiply(array, self._scales(name)[indices][..., None], dtype=np.float32)

    def _read(self, name: str, as_map: bool = False) -> np.ndarray:
        place = self._places[name]
        if place["dtype"] not in STORED_TYPES:
            raise CheckpointError(f"{self.path}: {name} is of type {place['dtype']}; known: {', '.join(STORED_TYPES)}")
        first, end = place["data_offsets"]
        kind = np.dtype(STORED_TYPES[place["dtype"]])
        try:
            if as_map:
                return np.memmap(self.path, kind, "r", self._begin + first, tuple(place["shape"]))
            array = np.fromfile(self.path, kind, (end - first) // kind.itemsize, offset=self._begin + first)
            return array.reshape(place["shape"])
        except (OSError, ValueError) as error:
            raise CheckpointError(f"{self.path}: {name} cannot be read ({error}); fetch the model again") from error


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

    @property
    def learned_world(self) -> bool:
        """Whether the rendered world was in its training: its facts are read, and objects looked up, for such models alone."""
        return bool(self.card.get("world", True))

    @cached_property
    def own_words(self) -> frozenset[str]:
        """Words of the captions of pictures that were not rendered: what they name, the network draws."""
        return frozenset(self.card.get("own_words", ()))

    @property
    def taught_words(self) -> frozenset[str]:
        """The words that it was taught, to be counted and named: without those that every model is taken to know."""
        return self.known_words if self.learned_world else self.own_words or self.known_words

    @property
    def native_side(self) -> int:
        """Rows and columns of the square pictures that the training ended with, pixels."""
        return int(self.card.get("native_side", NATIVE_SIDE))

    @property
    def tile_side(self) -> int:
        """Rows and columns of the tiles in which it refines large pictures."""
        return int(self.card.get("tile_side", self.native_side))

    def weights(self) -> StoredWeights:
        """Return weights.safetensors as float32 arrays by name, each read when it is asked for."""
        return StoredWeights(self.folder / "weights.safetensors")

    def encoder_weights(self) -> StoredWeights:
        """Return the weights of the codec's encoder in the same way; CheckpointError when it was left out."""
        return StoredWeights(self._of_encoder("encoder.safetensors"), "codec.encoder.")

    def graph(self, name: str) -> bytes:
        """Read one of GRAPHS, or ENCODER; CheckpointError when that was left out."""
        file = f"graphs/{name}.onnx"
        return (self._of_encoder(file) if name == ENCODER else self.folder / file).read_bytes()

    def has_graph(self, name: str) -> bool:
        """Whether it came with a graph that may be left out."""
        file = f"graphs/{name}.onnx"
        return name in self.card["constants"] and file in self.card["sha256"] and (self.folder / file).is_file()

    def _of_encoder(self, file: str) -> Path:
        path = self.folder / file
        if not path.is_file() or file not in self.card["sha256"]:
            raise CheckpointError(
                f"{path} is missing, and without its encoder a model draws from words alone; fetch the model again, or make "
                "it again with mutoscope export"
            )
        return path

    @property
    def tokenizer_path(self) -> Path:
        """Where tokenizer.json lies."""
        return self.folder / "tokenizer.json"


def open_checkpoint(folder: Path | str | None = None, verify: bool = True) -> Checkpoint:
    """Open and check a checkpoint folder, the embedded one for None; CheckpointError names the file that is wrong."""
    embedded, folder = folder is None, EMBEDDED if folder is None else Path(folder)
    if not folder.is_dir():
        hint = (
            "install mutoscope again, or give a checkpoint"
            if embedded
            else "give a checkpoint, or none for the embedded model"
        )
        raise MissingModelError(f"{folder} is not a folder; {hint}")
    path = folder / "config.json"
    if (folder / "parts").is_dir() and not (folder / "weights.safetensors").exists():
        raise MissingModelError(
            f"{folder} is a training run; make a checkpoint of it: mutoscope export {folder} --out DIR"
        )
    try:
        card = read_card(path)
        config = ModelConfig.from_dict(card["model"])
        _check_sizes(config)
    except CheckpointError:
        raise
    except FileNotFoundError as error:
        raise MissingModelError(f"{path} is missing; {folder} is not a Mutoscope checkpoint") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, MutoscopeError) as error:
        reason = f"{type(error).__name__}: {str(error)[:200]}"
        raise CheckpointError(f"{path}: damaged or of another kind ({reason}); fetch the model again") from error
    if verify:
        verify_files(folder, card["sha256"])
    return Checkpoint(folder, config, card)


def read_card(path: Path, with_older: bool = False) -> dict[str, Any]:
    """Read a config.json whose shape is that of a checkpoint's; CheckpointError, or what reading JSON raises.

    `with_older` takes formats whose weights are as today's and whose graphs must be made again (`export.onnx.export_again`).
    """
    if path.stat().st_size > LARGEST_CONFIG:
        raise CheckpointError(f"{path} is larger than 1 MB; it is not a Mutoscope checkpoint")
    card = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    if card["format"] != FORMAT and not (with_older and card["format"] in OLDER_FORMATS):
        if card["format"] in OLDER_FORMATS:
            again = f"its graphs must be made again: mutoscope export {path.parent} --out DIR"
            raise CheckpointError(f"{path}: format {card['format']}, this version reads {FORMAT}; {again}")
        raise CheckpointError(f"{path}: format {card['format']!r}, this version reads {FORMAT}; update mutoscope")
    if card.get("digest", card_digest(card)) != card_digest(card):
        raise CheckpointError(f"{path}: the file was changed (its digest differs); fetch the model again")
    for key in ("name", "licence"):
        if not isinstance(card[key], str):
            raise TypeError(f"{key} must be text")
    graphs = GRAPHS if card["format"] == FORMAT else ()
    constants = [card["constants"][graph] for graph in graphs]
    constants += [card["constants"].get(graph, []) for graph in EXTRA_GRAPHS]
    for names in (card["known_words"], card.get("own_words", []), *constants):
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise TypeError("known_words, own_words and constants must be lists of text")
    for name in ("native_side", "tile_side"):
        side = card.get(name, NATIVE_SIDE)
        check_size(side, side, LARGEST)
    if not all(isinstance(value, str) for value in card["sha256"].values()):
        raise TypeError("hashes must be text")
    return card


def card_digest(card: dict[str, Any]) -> str:
    """Return the SHA-256 of a card without its own digest."""
    rest = {key: value for key, value in card.items() if key != "digest"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of a checkpoint")


def _check_sizes(config: ModelConfig) -> None:
    """Refuse sizes that would make memory or time run out before the weights could disagree."""
    for name in ("transformer", "codec", "text", "image_tower"):
        for key, value in vars(getattr(config, name)).items():
            for number in value if isinstance(value, tuple) else (value,):
                if isinstance(number, bool):
                    continue  # a switch, no size
                least = 0 if key in ("decoder_widths", "questions") else 1  # zeros: as wide as the encoder; no gist
                if not isinstance(number, int) or not least <= number <= 1 << 20:
                    raise ValueError(f"{name}.{key} is {number!r}")
    if config.transformer.questions and config.transformer.width % config.transformer.questions:
        raise ValueError(f"transformer.questions is {config.transformer.questions}")
    if config.text.window < 3:
        raise ValueError(f"text.window is {config.text.window}")


def verify_files(folder: Path, hashes: dict[str, str]) -> None:
    """Compare every file with its SHA-256; CheckpointError names the first that is missing or changed."""
    needed = {"tokenizer.json", "weights.safetensors", *(f"graphs/{name}.onnx" for name in GRAPHS)}
    lacking = sorted(needed - set(hashes))
    if lacking:
        raise CheckpointError(f"{folder / 'config.json'}: no hash for {', '.join(lacking)}; fetch the model again")
    for name, expected in hashes.items():
        path = folder / name
        if Path(name).is_absolute() or ".." in Path(name).parts or "\\" in name or "\0" in name:
            raise CheckpointError(
                f"{folder / 'config.json'}: {name!r} lies outside of the folder; do not trust this model"
            )
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


def read_weights(path: Path, prefix: str = "") -> dict[str, np.ndarray]:
    """Read those of a safetensors file whose names start with `prefix` as float32 arrays; int8 tensors are scaled by row."""
    return dict(StoredWeights(path, prefix))


def quantise_rows(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(rows, columns) float -> int8 of the same shape and float16 scales (rows,)."""
    scale = np.maximum(np.abs(array).max(axis=1) / 127.0, 1e-6).astype(np.float16)
    return np.clip(np.rint(array / scale.astype(np.float32)[:, None]), -127, 127).astype(np.int8), scale
