"""Adapters: small files that change a checkpoint's weights, found by name among the user's own, merged when a model is loaded.

    FOLDER/mystyle.safetensors   FOLDER is MUTOSCOPE_ADAPTERS, or mutoscope/adapters in the user's configuration folder
        NAME::up (rows, rank), NAME::down (rank, columns)   low rank (LoRA, Hu et al. 2021): weight + scale * up @ down
        NAME::change (as NAME)                              the whole difference: weight + scale * change
        header                                              `Facts` as JSON: the base it was trained on, rank, word, licence

Numpy only, so that both runtimes draw with the same sums. How one is trained, train/adapt.py knows.
"""

import hashlib
import json
import os
import re
from collections import ChainMap
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from mutoscope.checkpoint import GRAPHS, Checkpoint
from mutoscope.errors import CheckpointError, OutputError, SettingError, did_you_mean
from mutoscope.media.storage import write_bytes
from mutoscope.paths import settings_folder

ENDING = ".safetensors"
UP, DOWN, CHANGE = "::up", "::down", "::change"
FORMAT = 1
KEY = "mutoscope_adapter"  # of the facts in the file's header
LARGEST_FILE = 4 << 30  # bytes
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Facts:
    """What an adapter says of itself."""

    name: str
    base: str  # name of the checkpoint it was trained on
    base_hash: str  # and the hash, which alone decides whether it fits
    rank: int  # 0: the whole difference, not a low-rank one
    word: str  # that brings it out in a prompt
    pictures: int  # it was trained on
    samples: int  # seen in training
    seed: int
    licence: str  # of the pictures, as the user stated it
    words: tuple[str, ...] = ()  # of the captions

    def __post_init__(self):
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name == "words":
                fits = isinstance(value, list | tuple) and all(isinstance(word, str) for word in value)
            else:
                fits = type(value) is item.type
            if not fits:
                raise TypeError(f"{item.name} is {value!r}"[:80])
        if not NAME.fullmatch(self.name):
            raise ValueError(f"its name is {self.name[:80]!r}")
        object.__setattr__(self, "words", tuple(self.words))


@dataclass(frozen=True)
class Adapter:
    """An adapter in memory."""

    path: Path
    hash: str  # first 16 digits of the SHA-256 of its file
    facts: Facts
    tensors: dict[str, np.ndarray]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the name and shape of every weight it changes."""
        found = {}
        for name, array in self.tensors.items():
            if name.endswith(CHANGE):
                found[name.removesuffix(CHANGE)] = array.shape
            elif name.endswith(UP):
                base = name.removesuffix(UP)
                found[base] = (array.shape[0], self.tensors[base + DOWN].shape[1])
        return found

    def changes(self) -> Iterator[tuple[str, np.ndarray]]:
        """Yield the name of every weight it changes and the change at scale 1, float32."""
        for name, array in self.tensors.items():
            if name.endswith(CHANGE):
                yield name.removesuffix(CHANGE), array.astype(np.float32)
            elif name.endswith(UP):
                base = name.removesuffix(UP)
                yield base, array.astype(np.float32) @ self.tensors[base + DOWN].astype(np.float32)


def adapters_folder() -> Path:
    """Return where the user's adapters lie; the folder need not be there."""
    if asked := os.environ.get("MUTOSCOPE_ADAPTERS"):
        return Path(asked)
    return settings_folder() / "adapters"


def known_adapters() -> list[str]:
    """Return the names of the user's adapters."""
    return sorted(path.stem for path in adapters_folder().glob("*" + ENDING))


def check_name(name: str) -> None:
    """Refuse what no adapter can be called; raises SettingError."""
    if not NAME.fullmatch(name) or name == "none" or name.endswith(ENDING):
        near = re.sub(r"[^a-z0-9]+", "-", name.lower().removesuffix(ENDING)).strip("-")[:64] or "mystyle"
        near = "mystyle" if near == "none" else near
        raise SettingError(f"--name takes small letters, digits and dashes, for example {near}, got {name[:80]!r}")


def check_word(name: str, known: Container[str]) -> None:
    """Refuse a name that is a word the model knows already: what it means now would be mixed with what is taught; SettingError."""
    if name in known:
        own = f"my{name}" if f"my{name}" not in known else f"{name}-2"
        raise SettingError(
            f"{name!r} is a word that the model knows already; an adapter needs one of its own, for example --name {own}"
        )


def check_free(path: Path, force: bool) -> None:
    """Refuse to replace a file; OutputError says what it holds."""
    if force or not path.exists():
        return
    try:
        facts = open_adapter(path).facts
        held = f"an adapter of {facts.pictures} pictures for {facts.base}"
    except CheckpointError:
        held = "a file"
    raise OutputError(f"{path} is {held}; --force replaces it, another --name keeps it")


def find_adapter(name: str) -> Adapter:
    """Open an adapter by the name of a file in `adapters_folder()`, or by its path; SettingError, CheckpointError."""
    if name.lower().endswith(ENDING) or "/" in name or "\\" in name:
        path = Path(name)
        if not path.is_file():
            raise SettingError(f"there is no adapter file {name!r}")
        return open_adapter(path)
    path, folder = adapters_folder() / (name + ENDING), adapters_folder()
    if not NAME.fullmatch(name) or not path.is_file():
        known = known_adapters()
        there = f"; known: {', '.join(known[:20])}" if known else "; there is none yet: mutoscope adapt -h"
        raise SettingError(f"no adapter {name[:80]!r} in {folder}{did_you_mean(name, known)}{there}")
    return open_adapter(path)


def open_adapter(path: Path) -> Adapter:
    """Read an adapter file; CheckpointError when it is damaged or something else."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ValueError("too large")
        data = path.read_bytes()
        tensors = load(data)
        facts = _read_facts(data)
        _check_tensors(tensors)
    except (OSError, SafetensorError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        if holds_foreign_lora(path):
            raise CheckpointError(
                f"{path} is a LoRA for another kind of model; give that model with --model, or make one for this: mutoscope adapt"
            ) from error
        reason = f"{type(error).__name__}: {str(error)[:160]}"
        raise CheckpointError(f"{path} is no adapter that can be read ({reason}); make one: mutoscope adapt") from error
    return Adapter(path, hashlib.sha256(data).hexdigest()[:16], facts, tensors)


def is_adapter(path: Path) -> bool:
    """Say whether a file is called one of ours by its own header; it may still be damaged."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            return KEY in (file.metadata() or {})
    except (OSError, SafetensorError):
        return True  # opening it as one says what is wrong


def holds_foreign_lora(path: Path) -> bool:
    """Say whether a file is a LoRA as other programs write them, by the names in its header."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            return any("lora" in key.lower() for key in file.keys())  # noqa: SIM118  # it is no dictionary
    except (OSError, SafetensorError):
        return False


def save_adapter(path: Path, facts: Facts, tensors: dict[str, np.ndarray]) -> Path:
    """Write an adapter file, whole or not at all; the same arguments give the same bytes. Returns the path."""
    from safetensors.numpy import save

    header = json.dumps({"format": FORMAT, **asdict(facts)}, sort_keys=True, ensure_ascii=False)
    halves = {name: np.ascontiguousarray(array, dtype=np.float16) for name, array in sorted(tensors.items())}
    _check_tensors(halves)
    return write_bytes(path, save(halves, metadata={KEY: header}))


def merge(
    stored: Mapping[str, np.ndarray], checkpoint: Checkpoint, adapters: Iterable[tuple[Adapter, float]]
) -> Mapping[str, np.ndarray]:
    """Return the stored weights of a checkpoint with each adapter added `scale` times; CheckpointError when one does not fit."""
    changed: dict[str, np.ndarray] = {}
    outside = free_weights(checkpoint)
    for adapter, scale in adapters:
        check_base(adapter, checkpoint)
        for name, shape in adapter.shapes().items():
            if name not in outside or stored[name].shape != shape:
                raise CheckpointError(f"{adapter.path} changes {name[:80]!r} {shape}, which {checkpoint.name} lacks")
        for name, change in adapter.changes():
            changed[name] = changed.get(name, stored[name]) + np.float32(scale) * change
    return ChainMap(changed, stored)  # type: ignore[arg-type]  # nobody writes to the second


def check_base(adapter: Adapter, checkpoint: Checkpoint) -> None:
    """Raise CheckpointError when an adapter was trained on other weights than the checkpoint's."""
    if adapter.facts.base_hash != checkpoint.hash:
        raise CheckpointError(
            f"adapter {adapter.facts.name!r} was trained on {adapter.facts.base} {adapter.facts.base_hash}, this model is "
            f"{checkpoint.name} {checkpoint.hash}; give that model with --model, or train the adapter again on this one"
        )


def free_weights(checkpoint: Checkpoint) -> set[str]:
    """Return the names of the weights that graphs take from outside; small ones stand inside the graphs and stay as they are."""
    return {name.partition("@")[0] for graph in GRAPHS for name in checkpoint.card["constants"][graph]}


def _read_facts(data: bytes) -> Facts:
    length = int.from_bytes(data[:8], "little")
    values = json.loads(json.loads(data[8 : 8 + length])["__metadata__"][KEY])
    if values.pop("format") != FORMAT:
        raise ValueError("made by another version of mutoscope")
    return Facts(**values)


def _check_tensors(tensors: dict[str, np.ndarray]) -> None:
    """Raise ValueError for tensors that are no adapter's."""
    if not tensors:
        raise ValueError("it changes nothing")
    for name, array in tensors.items():
        base, _, kind = name.rpartition("::")
        if not base or "::" + kind not in (UP, DOWN, CHANGE) or array.dtype != np.float16:
            raise ValueError(f"{name} is no part of an adapter")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} holds NaN or infinity")
        up, down = tensors.get(base + UP), tensors.get(base + DOWN)
        if kind != "change" and (up is None or down is None or not _fit(up, down)):
            raise ValueError(f"{base} has no pair of factors")


def _fit(up: np.ndarray, down: np.ndarray) -> bool:
    return up.ndim == down.ndim == 2 and up.shape[1] == down.shape[0]
