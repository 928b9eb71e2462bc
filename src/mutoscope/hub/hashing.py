"""The hash of a model: of all its configs and weights, without reading gigabytes twice.

The files of the Hugging Face cache are links to blobs that have their SHA-256 for a name. Others are read once; what was reckoned
is kept in the user's cache folder by path, size and time of change.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mutoscope.checkpoint import file_hash
from mutoscope.media.storage import write_bytes
from mutoscope.paths import cache_folder

SHA256 = re.compile(r"[0-9a-f]{64}")
ENDINGS = (".json", ".safetensors", ".txt", ".model", ".onnx", ".onnx_data", ".data", ".pb")
MAX_REMEMBERED = 2000
DIGITS = 16


def hash_model(path: Path) -> str:
    """Return the first 16 digits of the SHA-256 over the names and hashes of a model's files, or of its one file."""
    remembered = _remembered()
    before = dict(remembered)
    if path.is_file():
        found = _hash(path, remembered)
    else:
        lines = (f"{file.relative_to(path).as_posix()} {_hash(file, remembered)}" for file in _files(path))
        found = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    if remembered != before:
        newest = dict(list(remembered.items())[-MAX_REMEMBERED:])
        with suppress(OSError):  # a folder that cannot be written to costs time, no more
            _file().parent.mkdir(parents=True, exist_ok=True)
            write_bytes(_file(), json.dumps(newest).encode())
    return found[:DIGITS]


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in ENDINGS and path.is_file():
            yield path


def _hash(path: Path, remembered: dict[str, str]) -> str:
    blob = Path(os.path.realpath(path)).name
    if path.is_symlink() and SHA256.fullmatch(blob):
        return blob
    facts = path.stat()
    key = f"{path.resolve()} {facts.st_size} {facts.st_mtime_ns}"
    if key not in remembered:
        remembered[key] = file_hash(path)
    return remembered[key]


def _file() -> Path:
    return cache_folder() / "model_hashes.json"


def _remembered() -> dict[str, str]:
    try:
        found = json.loads(_file().read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
