"""Graphs as ONNX Runtime has optimised them, kept in the user's cache folder: half of the time that opening one takes.

    FOLDER/graphs/KEY.onnx    SHA-256 (32 bytes) of the rest, and the graph; nothing after it: this one cannot be kept

The key is made of the package's graph, the names of its weights, the version of ONNX Runtime and what the CPU can do, so a file
is never read for something else. A file that is cut, changed or of no use is written again; one that cannot be written is not
missed. No weight is in a file: they are handed over as for the package's graph, and the same file serves every set of them.

The hash finds damage, not malice: whoever may write into the folder can put in a graph that draws something else, and as much
as that may write the user's other files. So a folder of another user's, or one that everybody may write into, is not read.
"""

import contextlib
import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from mutoscope.media.storage import write_bytes
from mutoscope.paths import cache_folder
from mutoscope.telemetry import import_onnxruntime

STORED = (
    "text",
    "context",
    "velocity",
)  # convolutions are laid out for the CPU, with their weights: the codec is not stored
VERSION = 1  # of what is written here
MOST_FILES = 60  # the oldest are deleted
HASH_BYTES = 32
Shapes = Mapping[str, Sequence[int]]  # of float32 weights, by name


def find_graph(data: bytes, names: Sequence[str]) -> bytes | None:
    """Return the stored graph of a package's graph, empty when it cannot be stored, None when it has not been."""
    with contextlib.suppress(OSError):
        path = _path(data, names)
        if _is_ours(path.parent):
            content = path.read_bytes()
            graph = content[HASH_BYTES:]
            if hashlib.sha256(graph).digest() == content[:HASH_BYTES]:
                return graph
    return None


def store_graph(data: bytes, shapes: Shapes) -> None:
    """Let ONNX Runtime optimise a graph, and store it where no weight shows in the result; quiet where that fails.

    It is optimised with two sets of made-up weights. What is the same with both depends on no weight.
    """
    # Memory, a full disk, a folder that may not be written, whatever ONNX Runtime raises: the next process does as this one did.
    with contextlib.suppress(Exception):
        path = _path(data, list(shapes))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_ours(path.parent) or not os.access(path.parent, os.W_OK):
            return  # before the work, which every process would do again
        first, second = (_optimise(data, shapes, fill) for fill in (0.5, -3.25))
        graph = first if first == second and _can_be_opened(first, shapes) else b""
        write_bytes(path, hashlib.sha256(graph).digest() + graph)
        for old in sorted(path.parent.glob("*.onnx"), key=lambda one: one.stat().st_mtime)[:-MOST_FILES]:
            old.unlink(missing_ok=True)


def _optimise(data: bytes, shapes: Shapes, fill: float) -> bytes:
    """Return an optimised graph, whose weights are said to lie in a file that is deleted here; its constants are in it."""
    with tempfile.TemporaryDirectory(prefix="mutoscope-") as folder:
        path = Path(folder) / "graph.onnx"
        options, values = _made_up(shapes, fill)
        options.optimized_model_filepath = str(path)
        options.add_session_config_entry("session.optimized_model_external_initializers_file_name", "weights")
        options.add_session_config_entry("session.optimized_model_external_initializers_min_size_in_bytes", "0")
        import_onnxruntime().InferenceSession(data, options, providers=["CPUExecutionProvider"])
        del values  # the options hold no reference of their own
        with open(path.parent / "weights", "rb") as weights:
            return _take_in_constants(path.read_bytes(), set(shapes), weights)


# Numbers of the fields of ONNX's protobuf messages that are looked at (onnx.proto).
MODEL_GRAPH, GRAPH_INITIALIZER, TENSOR_NAME, TENSOR_RAW, TENSOR_PLACE, TENSOR_IS_OUTSIDE = 7, 5, 8, 9, 13, 14


def _take_in_constants(model: bytes, weights: Set[str], outside: BinaryIO) -> bytes:
    """Return a model whose tensors lie in the file `outside`, but for weights, with these other tensors inside."""

    def change(number: int, value: bytes, whole: bytes, level: int = 0) -> bytes:
        if (number, level) == (MODEL_GRAPH, 0):
            return _field(number, b"".join(change(*field, 1) for field in _fields(value)))
        return _field(number, tensor(value)) if (number, level) == (GRAPH_INITIALIZER, 1) else whole

    def tensor(message: bytes) -> bytes:
        fields = list(_fields(message))
        name = next(value for number, value, _ in fields if number == TENSOR_NAME).decode()
        entries = [
            dict((key, value) for key, value, _ in _fields(v)) for number, v, _ in fields if number == TENSOR_PLACE
        ]
        place = {entry[1]: entry[2] for entry in entries}
        if name in weights or not place:
            return message
        outside.seek(int(place.get(b"offset", b"0")))
        raw = outside.read(int(place[b"length"]))
        rest = b"".join(whole for number, _, whole in fields if number not in (TENSOR_PLACE, TENSOR_IS_OUTSIDE))
        return rest + _field(TENSOR_RAW, raw)

    return b"".join(change(*field) for field in _fields(model))


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield number, value (of those with a length, else nothing) and all bytes of each field of a protobuf message."""
    at = 0
    while at < len(message):
        start = at
        tag, at = _read_number(message, at)
        value, kind = b"", tag & 7
        if kind == 0:
            _, at = _read_number(message, at)
        elif kind == 2:
            length, at = _read_number(message, at)
            value, at = message[at : at + length], at + length
        else:
            at += {1: 8, 5: 4}[kind]
        yield tag >> 3, value, message[start:at]


def _read_number(message: bytes, at: int) -> tuple[int, int]:
    """Return a number that is written in groups of seven bits, and where it ends."""
    number = shift = 0
    while message[at] & 128:
        number, shift, at = number | (message[at] & 127) << shift, shift + 7, at + 1
    return number | message[at] << shift, at + 1


def _field(number: int, value: bytes) -> bytes:
    """Return a field with a length."""
    return _write_number(number << 3 | 2) + _write_number(len(value)) + value


def _write_number(number: int) -> bytes:
    groups = bytearray()
    while number > 127:
        groups.append(number & 127 | 128)
        number >>= 7
    return bytes((*groups, number))


def _can_be_opened(graph: bytes, shapes: Shapes) -> bool:
    """Whether its weights can be handed over: not where optimising has replaced some."""
    ort = import_onnxruntime()
    options, values = _made_up(shapes, 1.0)
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception:  # ONNX Runtime has no error class of its own to catch
        return False
    del values
    return True


def _made_up(shapes: Shapes, fill: float) -> tuple[Any, list[Any]]:
    """Return options with weights of these shapes, and the weights, which must live until the session is made."""
    ort = import_onnxruntime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4  # failures are expected here
    options.add_session_config_entry("session.disable_prepacking", "1")  # nothing is run
    # No two tensors are alike: what is done to equal ones must not be done.
    arrays = (np.full(shape, fill + number, np.float32) for number, shape in enumerate(shapes.values()))
    values = [ort.OrtValue.ortvalue_from_numpy(array) for array in arrays]
    options.add_external_initializers(list(shapes), values)
    return options, values


def _path(data: bytes, names: Sequence[str]) -> Path:
    parts = (VERSION, import_onnxruntime().__version__, sys.platform, cpu_features(), list(names))
    key = hashlib.sha256(repr(parts).encode() + data).hexdigest()
    return cache_folder() / "graphs" / f"{key[:40]}.onnx"


def cpu_features() -> list[str]:
    """Return the names of the instruction sets that the CPU has, as numpy knows them; none where it does not tell."""
    core = sys.modules.get("numpy._core._multiarray_umath")
    features = getattr(core, "__cpu_features__", {})
    return sorted(name for name, there in features.items() if there)


def _is_ours(folder: Path) -> bool:
    """Whether nobody else can write into a folder; on Windows the folders of users are closed to others."""
    if os.name != "posix":
        return folder.is_dir()
    facts = folder.stat()
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid() and not facts.st_mode & stat.S_IWOTH
