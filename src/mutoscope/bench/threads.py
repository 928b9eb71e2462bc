"""How many threads help on this machine: measured in about a second when a user asks, and kept for later drawings.

Never measured unasked: other numbers of threads change the last bits of a picture, so the number must not change by itself.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from mutoscope.bench.cases import LARGE_PIXELS, TIME
from mutoscope.config import SPACE_FACTOR
from mutoscope.device import THREADS_FILE, cpu_name, free_cores
from mutoscope.engines.checkpoint import CheckpointEngine
from mutoscope.media.storage import make_folder, write_bytes
from mutoscope.paths import settings_folder
from mutoscope.runtime import open_runtime

LEAST_GAIN = 1.05  # times as quick: a step to more threads that gains less is not taken
CALLS = 5  # of each number of threads; the quickest counts, for other work can only slow one
Run = Callable[[], object]


@dataclass(frozen=True)
class Calibration:
    """What was found: seconds of one call by number of threads, and the number that is worth its threads."""

    seconds: dict[int, float]
    threads: int


def calibrate(model: str | None = None, cores: int | None = None) -> Calibration:
    """Time the network's call of a 256 px picture with 1, 2, 4, ... threads until more do not help. CheckpointError, SettingError."""
    checkpoint = CheckpointEngine(model).checkpoint
    side = LARGE_PIXELS // SPACE_FACTOR
    latents = np.zeros((1, checkpoint.config.transformer.latent_channels, 1, side, side), np.float32)

    def prepare(threads: int) -> Run:
        runtime = open_runtime(checkpoint, "onnx", threads)
        ids, mask = np.ones((1, 1), np.int64), np.ones((1, 1), bool)
        context = runtime.read_text(runtime.encode_text(ids, mask))
        return partial(runtime.velocity, latents, TIME, context, 0.0)

    return find_threads(prepare, free_cores() if cores is None else cores)


def find_threads(prepare: Callable[[int], Run], cores: int) -> Calibration:
    """Time what `prepare` returns for each number of threads, up to the first that gains too little."""
    seconds: dict[int, float] = {}
    best = 1
    for threads in numbers_to_try(cores):
        seconds[threads] = _quickest(prepare(threads))
        if seconds[threads] * LEAST_GAIN > seconds[best] and threads > 1:
            break
        best = threads
    return Calibration(seconds, best)


def numbers_to_try(cores: int) -> list[int]:
    """Return 1, 2, 4, ... and the number of cores.

    >>> numbers_to_try(12), numbers_to_try(1)
    ([1, 2, 4, 8, 12], [1])
    """
    return sorted({cores, *(2**power for power in range(cores.bit_length()) if 2**power <= cores)})


def _quickest(run: Run) -> float:
    run()  # makes its session and its memory
    found = []
    for _ in range(CALLS):
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return min(found)


def keep(threads: int) -> Path:
    """Keep a number of threads as this processor's, for `device.thread_count`; returns the file. StorageError."""
    content = json.dumps({"processor": cpu_name(), "threads": threads}) + "\n"
    make_folder(settings_folder())
    return write_bytes(settings_folder() / THREADS_FILE, content.encode())
