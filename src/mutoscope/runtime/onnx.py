"""The default runtime: ONNX Runtime on numpy arrays, weights handed over from the safetensors file."""

from collections import ChainMap
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from threading import Lock, local
from typing import Any

import numpy as np

from mutoscope.adapter import merge
from mutoscope.checkpoint import ENCODER, GRAPHS, WORDS, Checkpoint
from mutoscope.config import PATCH
from mutoscope.device import thread_count
from mutoscope.errors import CheckpointError
from mutoscope.runtime import Adapters, Context
from mutoscope.shapes import rotary_table
from mutoscope.telemetry import import_onnxruntime

SIDES = 2  # calls that run side by side, each on its share of the threads: a guided step has two
_here = local()  # of each thread: whether its calls are on a side


class OnnxRuntime:
    """Runs a checkpoint's graphs; sessions are made when they are first needed."""

    name = "onnx"

    def __init__(self, checkpoint: Checkpoint, threads: int | None = None, adapters: Adapters = ()):
        self.checkpoint = checkpoint
        self.threads = threads or thread_count()
        self._stored = checkpoint.weights()
        self._weights = ChainMap(merge(checkpoint, adapters))  # type: ignore[arg-type]  # nobody writes to it
        self._sessions: dict[tuple[str, bool], Future[Any]] = {}
        self._asking = Lock()  # several threads may ask for a graph at once
        self._openers = ThreadPoolExecutor(self.threads)  # its threads start when there is work
        self._callers = ThreadPoolExecutor(SIDES)
        config = checkpoint.config.transformer
        self._head_width = config.width // config.heads
        self._few_step = config.few_step

    def encode_text(self, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Token ids (B, L) and mask (B, L) -> text (B, L, D)."""
        return self._run("text", {"words": self._stored.rows(WORDS, ids), "mask": mask})[0]

    def read_text(self, text: np.ndarray) -> Context:
        """See `runtime.Runtime`."""
        return Context(*self._run("context", {"text": text}))

    def velocity(self, latents, time, context, frame, delta=0.0, guidance=1.0, centre=(0.0, 0.0)):
        """See `runtime.Runtime`."""
        rows, columns = latents.shape[-2] // PATCH, latents.shape[-1] // PATCH
        inputs = self._step(latents, time, context, rotary_table([frame], rows, columns, self._head_width, centre))
        if self._few_step:
            inputs |= {"delta": _scalar(delta), "guidance": _scalar(guidance)}
        return unpatchify(self._run("velocity", inputs, ["velocity"])[0], rows, columns)

    def remember(self, latents, context, frame):
        """See `runtime.Runtime`."""
        rows, columns = latents.shape[-2] // PATCH, latents.shape[-1] // PATCH
        inputs = self._step(latents, 0.0, context, rotary_table([frame], rows, columns, self._head_width))
        if self._few_step:
            inputs |= {"delta": _scalar(0.0), "guidance": _scalar(1.0)}
        keys, values = self._run("velocity", inputs, ["own_keys", "own_values"])
        return keys, values

    @staticmethod
    def _step(latents: np.ndarray, time: float, context: Context, rotary: np.ndarray) -> dict[str, np.ndarray]:
        return {
            "patches": patchify(latents.astype(np.float32, copy=False)),
            "time": _scalar(time),
            "pooled": context.pooled,
            "keys": context.keys,
            "values": context.values,
            "rotary": rotary,
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

    def side_by_side(self, calls):
        """See `runtime.Runtime`."""
        side = self._sessions.get(("velocity", True))
        if len(calls) == 1 or side is None or not side.done():
            return [call() for call in calls]
        return list(self._callers.map(self._call_on_a_side, calls))

    def _call_on_a_side(self, call: Callable[[], Any]) -> Any:
        _here.on_a_side = True
        return call()

    def prepare(self, is_clip, encodes):
        """See `runtime.Runtime`; graphs are opened by threads of their own, in the order of a drawing."""
        if (
            self._sessions and self.threads > 1
        ):  # not for the first drawing, which would wait longer for it than it gains
            self._ask_for("velocity", on_a_side=True)
        for graph in (*GRAPHS, ENCODER):
            if (graph != "next_frames" or is_clip) and (graph != ENCODER or encodes):
                self._ask_for(graph)

    def _run(self, graph: str, inputs: dict[str, np.ndarray], outputs: list[str] | None = None) -> list[np.ndarray]:
        session = self._ask_for(graph, getattr(_here, "on_a_side", False)).result()
        try:
            return session.run(outputs, inputs)
        except Exception as error:  # ONNX Runtime has no error class of its own to catch
            raise self._explain(graph, error) from error

    def _ask_for(self, graph: str, on_a_side: bool = False) -> Future[Any]:
        """Return the session of a graph, which may still be opened; one that is run on a side has a share of the threads."""
        key = (graph, on_a_side and self.threads > 1)
        with self._asking:
            if key not in self._sessions:
                self._sessions[key] = self._openers.submit(
                    self._open, graph, self.threads // SIDES if key[1] else self.threads
                )
            return self._sessions[key]

    def _open(self, graph: str, threads: int) -> Any:
        ort = import_onnxruntime()
        data = self.checkpoint.graph(graph)
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        if graph == "text":  # runs once a prompt: packing its weights for speed would only double them
            options.add_session_config_entry("session.disable_prepacking", "1")
        # Workers spin between the nodes of a call, which is quick, but not on after it: the pool of the next graph needs the cores.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        names = self.checkpoint.card["constants"].get(graph, [])
        weights = self._weights if graph != ENCODER else self._weights.new_child(self.checkpoint.encoder_weights())  # type: ignore[arg-type]  # as above
        read = lru_cache(maxsize=1)(weights.__getitem__)  # pieces of one tensor stand side by side
        values = [self._view(name, read) for name in names]  # the session copies them, and they are freed
        try:
            options.add_external_initializers(names, values)
            return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise self._explain(graph, error) from error

    def _explain(self, graph: str, error: Exception) -> Exception:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        if "alloc" in reason.lower():
            return MemoryError(reason)
        path = self.checkpoint.folder / "graphs" / f"{graph}.onnx"
        return CheckpointError(f"{path}: ONNX Runtime refuses it ({reason[:300]}); fetch the model again")

    def _view(self, name: str, read: Callable[[str], np.ndarray]) -> Any:
        base, _, how = name.partition("@")
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
        return import_onnxruntime().OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array))


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
