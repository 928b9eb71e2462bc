"""A prompt -> what the network reads of it: windows of 77 tokens one after the other, bracket weights on their states.

Weights work as in AUTOMATIC1111: the states of a token times its weight, then all of a window times one number, so that
their mean is what it was. A prompt of more than 75 tokens is read in windows whose states are joined.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mutoscope.engines.onnx_folder.clip_tokenizer import WINDOW, ClipTokenizer
from mutoscope.engines.onnx_folder.graphs import Graph
from mutoscope.errors import CheckpointError
from mutoscope.prompt.weighting import Segments, mean_factor


@dataclass(frozen=True)
class Words:
    """What the network reads: states (1, L, D), and for SDXL the whole text as one vector (1, P)."""

    states: np.ndarray
    pooled: np.ndarray | None = None

    def blank(self) -> "Words":
        """Return the same of no words at all: zeros, as SDXL was trained without a prompt."""
        return Words(np.zeros_like(self.states), None if self.pooled is None else np.zeros_like(self.pooled))


@dataclass(frozen=True)
class Reader:
    """A tokenizer with its text encoder; `late` takes the last states, else those before the last layer, and the pooled ones."""

    tokenizer: ClipTokenizer
    graph: Graph
    late: bool

    def count_windows(self, segments: Segments) -> int:
        """Return how many windows a text takes."""
        return len(self.tokenizer.windows(self._weighted(segments)[0]))

    def read(self, segments: Segments, windows: int) -> Words:
        """Return the states of so many windows of a text; those after its end are empty."""
        ids, weights = self._weighted(segments)
        empty = self.tokenizer.windows([])
        parts = (self.tokenizer.windows(ids) + empty * windows)[:windows]
        room = WINDOW - 2
        read = [self._read_window(part, weights[at * room : (at + 1) * room]) for at, part in enumerate(parts)]
        return Words(np.concatenate([states for states, _ in read], axis=1), read[0][1])

    def _weighted(self, segments: Segments) -> tuple[list[int], list[float]]:
        """Return the ids of all parts of a text, and the weight of each."""
        found = [(number, weight) for words, weight in segments for number in self.tokenizer.ids(words)]
        return [number for number, _ in found], [weight for _, weight in found]

    def _read_window(self, ids: list[int], weights: list[float]) -> tuple[np.ndarray, np.ndarray | None]:
        name = next(iter(self.graph.inputs)) if len(self.graph.inputs) == 1 else "input_ids"
        given = {name: np.array([ids])}
        if "attention_mask" in self.graph.inputs:
            given["attention_mask"] = np.ones((1, len(ids)))
        outputs = self.graph.run(given)
        states = self._states(outputs)
        if any(weight != 1.0 for weight in weights):
            scale = np.ones((1, len(ids), 1), np.float32)
            scale[0, 1 : 1 + len(weights), 0] = weights
            states = keep_mean(states, states * scale)
        return states, self._pooled(outputs)

    def _states(self, outputs: dict[str, np.ndarray]) -> np.ndarray:
        if self.late:
            return outputs.get("last_hidden_state", next(iter(outputs.values())))
        layers = sorted((int(name.rpartition(".")[2]), name) for name in outputs if name.startswith("hidden_states."))
        if len(layers) < 2:
            raise CheckpointError(
                f"{self.graph.path} gives no hidden_states; write the folder with mutoscope models export"
            )
        return outputs[layers[-2][1]]

    def _pooled(self, outputs: dict[str, np.ndarray]) -> np.ndarray | None:
        return None if self.late else outputs.get("text_embeds")


def keep_mean(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return `after` times one number, so that its mean is that of `before`."""
    return after * np.float32(mean_factor(float(before.mean()), float(after.mean())))


def read_words(readers: Sequence[Reader], segments: Segments, most: int | None = None) -> Words:
    """Return what all text encoders read, side by side, in at most so many windows."""
    windows = max(reader.count_windows(segments) for reader in readers)
    windows = windows if most is None else min(windows, most)
    read = [reader.read(segments, windows) for reader in readers]
    return Words(np.concatenate([words.states for words in read], axis=2), read[-1].pooled)


def warn_of_length(readers: Sequence[Reader], segments: Segments, most: int | None) -> tuple[str, ...]:
    """Return a warning where a graph reads at most so many windows and the text has more."""
    if most is None or max(reader.count_windows(segments) for reader in readers) <= most:
        return ()
    return (
        f"this graph reads {most * (WINDOW - 2)} tokens of a text, and this one has more: its end is not read; graphs of "
        "mutoscope models export read all",
    )
