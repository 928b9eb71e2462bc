"""The graphs of a folder on ONNX Runtime: each is opened when it is first asked for, and called by the names of its inputs."""

from pathlib import Path
from typing import Any

import numpy as np

from mutoscope.device import asked_threads, free_cores
from mutoscope.engines.onnx_folder.folder import GRAPH
from mutoscope.errors import CheckpointError
from mutoscope.telemetry import import_onnxruntime

NUMBERS = {
    "tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64,
    "tensor(int64)": np.int64, "tensor(int32)": np.int32,
}  # fmt: skip


class Graph:
    """One ONNX file; opening it reads its weights, those beside it by mapping their file into memory."""

    def __init__(self, path: Path, threads: int, once: bool = False):
        self.path = path
        ort = import_onnxruntime()
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.force_spinning_stop", "1")  # the next graph needs the cores
        if once:  # runs once a prompt: packing its weights for speed would only double them
            options.add_session_config_entry("session.disable_prepacking", "1")
        try:
            self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime has no error class of its own to catch
            raise explain(path, error) from error
        self.inputs = {item.name: item for item in self._session.get_inputs()}
        self.outputs = [item.name for item in self._session.get_outputs()]

    def size_of(self, name: str, axis: int) -> int | None:
        """Return the fixed size of an input along an axis, None for any."""
        shape = self.inputs[name].shape
        return shape[axis] if len(shape) > abs(axis) - (axis < 0) and isinstance(shape[axis], int) else None

    def run(self, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return all outputs by name, floats as float32; inputs that the graph does not have are left out."""
        missing = set(self.inputs) - set(values)
        if missing:
            raise CheckpointError(f"{self.path} asks for {', '.join(sorted(missing))}, which this engine cannot give")
        fed = {name: np.ascontiguousarray(self._fit(values[name], item)) for name, item in self.inputs.items()}
        try:
            results = self._session.run(None, fed)
        except Exception as error:
            raise explain(self.path, error) from error
        return {
            name: result.astype(np.float32, copy=False) if result.dtype.kind == "f" else result
            for name, result in zip(self.outputs, results, strict=True)
        }

    def _fit(self, value: np.ndarray, item: Any) -> np.ndarray:
        """Return a value as an input reads it: its kind of number, and one number as a scalar where it has no axes."""
        if item.type not in NUMBERS:
            raise CheckpointError(f"{self.path}: input {item.name} is a {item.type}; known: {', '.join(NUMBERS)}")
        value = np.asarray(value).astype(NUMBERS[item.type], copy=False)
        return value.reshape(()) if value.size == 1 and len(item.shape) == 0 else value


class Graphs:
    """The graphs of one folder."""

    def __init__(self, path: Path, threads: int | None = None):
        self.path = path
        self._threads = threads or asked_threads() or free_cores()  # large networks: every core helps
        self._open: dict[str, Graph] = {}

    def __getitem__(self, part: str) -> Graph:
        """Return a graph, opened once; CheckpointError."""
        if part not in self._open:
            once = part.startswith("text_encoder")
            self._open[part] = Graph(self.path / part / GRAPH, self._threads, once)
        return self._open[part]

    def close(self) -> None:
        """Give the memory of all graphs back."""
        self._open.clear()


def explain(path: Path, error: Exception) -> Exception:
    """Return what to raise for an error of ONNX Runtime, in one line."""
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    if "alloc" in reason.lower():
        return MemoryError(f"{path.parent.name}: {reason}")
    return CheckpointError(f"{path}: ONNX Runtime refuses it ({reason[:300]})")
