"""The default runtime: ONNX Runtime on numpy arrays, weights handed over from the safetensors file."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from threading import Lock, local
from typing import Any

import numpy as np

from mutoscope.adapter import merge
from mutoscope.capabilities import USUAL_PRECISION
from mutoscope.checkpoint import ENCODER, GRAPHS, VELOCITY, WORDS, Checkpoint
from mutoscope.config import PATCH
from mutoscope.device import thread_count
from mutoscope.errors import CheckpointError
from mutoscope.runtime import Adapters, Context
from mutoscope.runtime.stored import STORED, Shapes, find_graph, store_graph
from mutoscope.shapes import rotary_table
from mutoscope.telemetry import import_onnxruntime

SEVEN_BITS = np.float32(63)  # largest of them, symmetric
PARALLEL_CALLS = 2  # each on its share of the threads: a guided step has two
_thread = local()  # whether the calls of this thread are parallel ones


def _call_in_parallel() -> None:
    _thread.in_parallel = True


class OnnxRuntime:
    """Runs a checkpoint's graphs; sessions are made when they are first needed."""

    name = "onnx"

    def __init__(
        self,
        checkpoint: Checkpoint,
        threads: int | None = None,
        adapters: Adapters = (),
        precision: str = USUAL_PRECISION,
    ):
        self.checkpoint = checkpoint
        self.threads = threads or thread_count()
        self._stored = checkpoint.weights()
        self._weights = merge(self._stored, checkpoint, adapters)
        self._sessions: dict[tuple[str, bool], Future[Any]] = {}
        self._unstored: dict[str, tuple[bytes, Shapes]] = {}  # graphs that had to be optimised here
        self._has_drawn = False
        self._asking = Lock()  # several threads may ask for a graph at once
        self._openers = ThreadPoolExecutor(self.threads)  # its threads start when there is work
        self._callers = ThreadPoolExecutor(PARALLEL_CALLS, initializer=_call_in_parallel)
        config = checkpoint.config.transformer
        self._head_width = config.width // config.heads
        self._few_step = config.few_step
        self._velocity = VELOCITY[precision]

    def encode_text(self, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Token ids (B, L) and mask (B, L) -> text (B, L, D)."""
        return self._run("text", {"words": self._stored.rows(WORDS, ids), "mask": mask})[0]

    def read_text(self, text: np.ndarray) -> Context:
        """See `runtime.Runtime`."""
        return Context(*self._run("context", {"text": text}))

    def velocity(self, latents, time, context, frame, delta=0.0, guidance=1.0, centre=(0.0, 0.0)):
        """See `runtime.Runtime`."""
        inputs = self._step(latents, time, context, frame, delta, guidance, centre)
        (patches,) = self._run(self._velocity, inputs, ["velocity"])
        return unpatchify(patches, latents.shape[-2] // PATCH, latents.shape[-1] // PATCH)

    def remember(self, latents, context, frame):
        """See `runtime.Runtime`."""
        inputs = self._step(latents, 0.0, context, frame, 0.0, 1.0, (0.0, 0.0))
        keys, values = self._run(self._velocity, inputs, ["own_keys", "own_values"])
        return keys, values

    def _step(
        self,
        latents: np.ndarray,
        time: float,
        context: Context,
        frame: float,
        delta: float,
        guidance: float,
        centre: tuple[float, float],
    ) -> dict[str, np.ndarray]:
        rows, columns = latents.shape[-2] // PATCH, latents.shape[-1] // PATCH
        few_step = {"delta": _scalar(delta), "guidance": _scalar(guidance)} if self._few_step else {}
        return {
            "patches": patchify(latents.astype(np.float32, copy=False)),
            "time": _scalar(time),
            "pooled": context.pooled,
            "keys": context.keys,
            "values": context.values,
            "rotary": _rotary_of_frame(frame, rows, columns, self._head_width, centre),
            **few_step,
        }

    def decode(self, latents, state):
        """See `runtime.Runtime`."""
        if state is None:
            pixels, *after = self._run("first_frame", {"latents": latents})
        else:
            named = {f"state{i}": array for i, array in enumerate(state)}
            pixels, *after = self._run("next_frames", {"latents": latents, **named})
        return pixels, tuple(after)

    def encode(self, pixels):
        """See `runtime.Runtime`."""
        return self._run(ENCODER, {"pixels": pixels})[0]

    def run_parallel(self, calls):
        """See `runtime.Runtime`."""
        session = self._sessions.get((self._velocity, True))
        if len(calls) == 1 or session is None or not session.done():
            return [call() for call in calls]
        return list(self._callers.map(lambda call: call(), calls))

    def prepare(self, is_clip, encodes):
        """See `runtime.Runtime`; graphs are opened by threads of their own, in the order of a drawing."""
        if self._has_drawn and self.threads > 1:
            # Not for the first drawing, which would wait longer for it than it gains.
            self._ask_for(self._velocity, in_parallel=True)
        for graph in (*GRAPHS, ENCODER):
            if (graph != "next_frames" or is_clip) and (graph != ENCODER or encodes):
                self._ask_for(self._velocity if graph == "velocity" else graph)

    def finish_drawing(self):
        """See `runtime.Runtime`; graphs that were optimised for this process are stored for the next one."""
        self._has_drawn = True
        if self._unstored:
            self._openers.submit(self._store_graphs)

    def _store_graphs(self) -> None:
        while self._unstored:  # one after the other, because each takes its weights' size in memory
            store_graph(*self._unstored.popitem()[1])

    def _run(self, graph: str, inputs: dict[str, np.ndarray], outputs: list[str] | None = None) -> list[np.ndarray]:
        session = self._ask_for(graph, getattr(_thread, "in_parallel", False)).result()
        try:
            return session.run(outputs, inputs)
        except Exception as error:  # ONNX Runtime has no error class of its own to catch
            raise self._explain(graph, error) from error

    def _ask_for(self, graph: str, in_parallel: bool = False) -> Future[Any]:
        """Return the session of a graph, which may still be opened; one for parallel calls has a share of the threads."""
        key = (graph, in_parallel)
        with self._asking:
            if key not in self._sessions:
                threads = self.threads // PARALLEL_CALLS if in_parallel else self.threads
                self._sessions[key] = self._openers.submit(self._open, graph, threads)
            return self._sessions[key]

    def _open(self, graph: str, threads: int) -> Any:
        ort = import_onnxruntime()
        data = self.checkpoint.graph(graph)
        names = self.checkpoint.card["constants"].get(graph, [])
        weights = self.checkpoint.encoder_weights() if graph == ENCODER else self._weights
        read = lru_cache(maxsize=1)(weights.__getitem__)  # pieces of one tensor stand side by side
        values = [self._view(name, read) for name in names]  # the session copies them, and they are freed
        stored = find_graph(data, names) if graph in STORED else b""
        if stored:
            with suppress(Exception):  # whatever is wrong with it, the package's own graph is as good
                options = _options(graph, threads)
                options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL  # all is done
                options.add_external_initializers(names, values)
                return ort.InferenceSession(stored, options, providers=["CPUExecutionProvider"])
        try:
            options = _options(graph, threads)
            options.add_external_initializers(names, values)
            session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise self._explain(graph, error) from error
        if stored != b"" and all(value.data_type() == "tensor(float)" for value in values):
            self._unstored[graph] = data, {name: value.shape() for name, value in zip(names, values, strict=True)}
        return session

    def _explain(self, graph: str, error: Exception) -> Exception:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        if "alloc" in reason.lower():
            return MemoryError(reason)
        path = self.checkpoint.folder / "graphs" / f"{graph}.onnx"
        return CheckpointError(f"{path}: ONNX Runtime refuses it ({reason[:300]}); fetch the model again")

    def _view(self, name: str, read: Callable[[str], np.ndarray]) -> Any:
        base, _, how = name.partition("@")
        how, _, numbers = how.partition("@")
        try:
            array = read(base)
        except KeyError:
            raise CheckpointError(
                f"{self.checkpoint.folder}: a graph asks for {base!r}, which the weights lack; fetch the model again"
            ) from None
        if how == "T":
            array = array.T
        elif how.startswith("part"):
            part, of = how[4:-1].split("of")
            array = np.split(array, int(of))[int(part)].T
        elif how.startswith("last"):
            array = array[-int(how[4:]) :]
        elif how.startswith("inputs"):
            array = array[:, -int(how[6:]) :]
        elif how == "column":
            array = array.reshape(1, -1, 1, 1, 1)
        if numbers:
            values, scale = quantise_columns(array)
            array = values if numbers == "int8" else scale
        return import_onnxruntime().OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array))


def _options(graph: str, threads: int) -> Any:
    options = import_onnxruntime().SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    if graph == "text":  # runs once a prompt: packing its weights for speed would only double them
        options.add_session_config_entry("session.disable_prepacking", "1")
    # Workers spin between the nodes of a call, which is quick, but not on after it: the pool of the next graph needs the cores.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return options


@lru_cache(maxsize=64)
def _rotary_of_frame(frame: float, rows: int, columns: int, head_width: int, centre: tuple[float, float]) -> np.ndarray:
    return rotary_table([frame], rows, columns, head_width, centre)  # the same at every step


def quantise_columns(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(inputs, outputs) float32 -> int8 of the same shape and float32 scales (outputs,).

    Seven bits: AVX2 adds two products of a uint8 and an int8 in 16 bits, which eight would overflow.
    """
    scale = np.maximum(np.abs(weight).max(axis=0) / SEVEN_BITS, np.finfo(np.float32).tiny)
    return np.rint(weight / scale).astype(np.int8), scale


def _scalar(value: float) -> np.ndarray:
    return np.full((1, 1), value, np.float32)


def patchify(latents: np.ndarray) -> np.ndarray:
    """(B, c, 1, h, w) -> (B, N, c * PATCH^2)."""
    B, c, _, h, w = latents.shape
    x = latents.reshape(B, c, h // PATCH, PATCH, w // PATCH, PATCH)
    return np.ascontiguousarray(x.transpose(0, 2, 4, 1, 3, 5).reshape(B, -1, c * PATCH * PATCH))


def unpatchify(tokens: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """(B, N, c * PATCH^2) -> (B, c, 1, h, w)."""
    B, _, width = tokens.shape
    x = tokens.reshape(B, rows, columns, width // PATCH**2, PATCH, PATCH)
    return x.transpose(0, 3, 1, 4, 2, 5).reshape(B, -1, 1, rows * PATCH, columns * PATCH)
