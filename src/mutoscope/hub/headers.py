"""What a .safetensors file holds, by its header alone: 8 bytes with a length, that many bytes of JSON, then the numbers.

A header takes a millisecond to read where the weights take minutes, so what a model needs is known before it is opened.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutoscope.errors import CheckpointError
from mutoscope.hub.names import again

MAX_HEADER = 100_000_000  # bytes; the format's own limit
LFS = b"version https://git-lfs"  # how a file begins that stands for another
DTYPES = {  # the format's names -> those of PyTorch
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2", "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8", "U8": "uint8", "BOOL": "bool",
}  # fmt: skip
# diffusion_pytorch_model.fp16.safetensors, model-00001-of-00002.safetensors, model.fp16-00001-of-00002.safetensors, and the
# older model-00001-of-00002.fp16.safetensors
WEIGHTS = re.compile(
    r"(?P<stem>[\w-]+?)(\.(?P<variant>[a-zA-Z]\w*))?(-\d{5}-of-\d{5})?(\.(?P<late>[a-zA-Z]\w*))?\.safetensors"
)
PARTS_OF_FILE = {  # how the keys of a single file begin -> what they belong to; all others are the network's
    "first_stage_model.": "vae", "vae.": "vae", "cond_stage_model.": "text_encoder", "conditioner.": "text_encoder",
    "text_encoders.": "text_encoder",
}  # fmt: skip
NETWORK = "network"


@dataclass(frozen=True)
class Tensor:
    """What a header says of one tensor."""

    dtype: str  # PyTorch's name
    shape: tuple[int, ...]
    bytes: int


def read_header(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a .safetensors file by name; CheckpointError for a pointer, a cut file or one that is none."""
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            begin = file.read(len(LFS))
            if begin == LFS:
                raise CheckpointError(
                    f"{path} is a pointer of Git LFS, not the file; fetch the file itself: git lfs pull"
                )
            length = int.from_bytes(begin[:8], "little")
            if len(begin) < 8 or not 2 <= length <= MAX_HEADER:
                raise CheckpointError(f"{path} is no safetensors file: its first 8 bytes are no length of a header")
            if 8 + length > size:
                raise CheckpointError(_cut(path, size, 8 + length))
            file.seek(8)
            text = file.read(length)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}") from error
    return _check_tensors(path, _parse(path, text), size - 8 - length, 8 + length)


def component_bytes(path: Path, variant: str | None = None) -> dict[str, dict[str, int]]:
    """Return {component: {type of number: bytes}} of a model's folder or single file, as they will lie in memory, most bytes first.

    `variant` as `checks.find_variant` gives it. Of a folder only what its model_index.json names is counted.
    """
    if path.is_file():
        counts: dict[str, Counter[str]] = {}
        for name, tensor in read_header(path).items():
            part = next((part for start, part in PARTS_OF_FILE.items() if name.startswith(start)), NETWORK)
            counts.setdefault(part, Counter())[tensor.dtype] += tensor.bytes
        return {part: dict(count.most_common()) for part, count in counts.items()}
    found = {}
    for folder in component_folders(path):
        count: Counter[str] = Counter()
        for file in weight_files(folder, variant):
            for tensor in read_header(file).values():
                count[tensor.dtype] += tensor.bytes
        if count:
            found[folder.name] = dict(count.most_common())
    return found


def stored_precision(path: Path, variant: str | None = None) -> str:
    """Return the type that most bytes of a model have, by PyTorch's name; CheckpointError for a folder without weights."""
    count: Counter[str] = Counter()
    for part in component_bytes(path, variant).values():
        count.update(part)
    if not count:
        raise CheckpointError(f"{path} holds no weights in .safetensors files")
    return count.most_common(1)[0][0]


def component_folders(folder: Path) -> list[Path]:
    """Return the folders of the components that a model_index.json names, by name; all folders where there is none."""
    named = None
    try:
        index = json.loads((folder / "model_index.json").read_bytes())
        named = {key for key, value in index.items() if isinstance(value, list) and value and value[0]}
    except (OSError, ValueError, AttributeError, RecursionError):
        pass  # checks.py says what is wrong with it
    there = sorted(path for path in folder.iterdir() if path.is_dir())
    return [path for path in there if named is None or path.name in named]


def weight_files(folder: Path, variant: str | None = None) -> list[Path]:
    """Return the .safetensors files of a component that are read: those of the variant where it has some, else the plain ones."""
    by_variant: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.safetensors")):
        by_variant.setdefault(variant_of(path.name), []).append(path)
    files = by_variant.get(variant or "") or by_variant.get("", [])
    whole = [path for path in files if not re.search(r"-\d{5}-of-\d{5}", path.name)]
    usual = [path for path in whole if path.name.startswith(("model.", "diffusion_pytorch_model."))]
    return usual[:1] or whole[:1] or files  # a model in one file and in shards is read from the one file


def variant_of(name: str) -> str:
    """Return the variant in a file's name, "" for none.

    >>> variant_of("diffusion_pytorch_model.fp16.safetensors"), variant_of("model-00001-of-00002.safetensors")
    ('fp16', '')
    """
    found = WEIGHTS.fullmatch(name)
    return (found["variant"] or found["late"] or "") if found else ""


def spell_bytes(count: float) -> str:
    """Return a number of bytes as a person reads it.

    >>> spell_bytes(6_938_000_000), spell_bytes(1_400), spell_bytes(12)
    ('6.9 GB', '1.4 kB', '12 bytes')
    """
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count:.0f} bytes"


def _parse(path: Path, text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is no safetensors file: its header is not JSON") from error
    if not isinstance(header, dict):
        raise CheckpointError(f"{path} is no safetensors file: its header is no table")
    header.pop("__metadata__", None)
    return header


def _check_tensors(path: Path, header: dict[str, Any], there: int, start: int) -> dict[str, Tensor]:
    """Return the tensors of a header whose numbers fit to each other and to the bytes that follow."""
    tensors, ends = {}, [0]
    for name, row in header.items():
        try:
            begin, end = row["data_offsets"]
            tensor = Tensor(DTYPES.get(str(row["dtype"]), str(row["dtype"]).lower()), tuple(row["shape"]), end - begin)
            good = all(type(number) is int and number >= 0 for number in (begin, end, *tensor.shape)) and begin <= end
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CheckpointError(f"{path} is damaged: its header says nothing sensible of {name[:80]!r}") from error
        if not good:
            raise CheckpointError(f"{path} is damaged: its header says nothing sensible of {name[:80]!r}")
        tensors[name] = tensor
        ends.append(end)
    if max(ends) > there:
        raise CheckpointError(_cut(path, start + there, start + max(ends)))
    return tensors


def _cut(path: Path, there: int, whole: int) -> str:
    return f"{path} is cut: {spell_bytes(there)} of {spell_bytes(whole)} are there ({there:,} of {whole:,} bytes); {again(path)}"
