"""How it is measured: cases in turn, so that a slow minute slows all of them; peaks and memory in processes of their own."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from typing import Any

import numpy as np

from mutoscope.bench.cases import BYTES_PER_MAXRSS, Bench, Case, child_environment, to_row
from mutoscope.bench.results import Row
from mutoscope.errors import MutoscopeError
from mutoscope.events import Event, Phase

PEAK_SIDE = 1024  # rows and columns of square fp32 matrices
PEAK_SECONDS, FEWEST_PRODUCTS = 0.4, 5
GFLOP = 1e9


def time_in_turn(cases: Sequence[Case], runs: int, phase: str) -> Generator[Event, None, list[Row]]:
    """Run each case once to count and to warm up, then all of them in turn `runs` times; returns their rows without memory."""
    progress = Phase(phase, (runs + 1) * len(cases))
    yield progress.start()
    prepared, gflops = [], []
    for case in cases:
        run = case.prepare()
        gflops.append(_count(case, run))
        prepared.append(run)
        yield progress.advance(message=case.name)
    seconds: list[list[float]] = [[] for _ in cases]
    found: list[list[dict[str, float]]] = [[] for _ in cases]
    for _ in range(runs):
        for place, run in enumerate(prepared):
            start = time.perf_counter()
            more = run()
            seconds[place].append(time.perf_counter() - start)
            found[place].append(more or {})
            yield progress.advance(message=cases[place].name)
    return [to_row(*one) for one in zip(cases, seconds, map(_medians, found), gflops, strict=True)]


def _count(case: Case, run: Any) -> float | None:
    """Run a case; return the FLOPs of the calls that it made, in 10^9. Processes were run when memory was measured."""
    if case.counted is None:
        return None
    case.counted.clear()
    run()
    return sum(case.counted) / GFLOP


def _medians(found: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of each number; memory of processes is measured earlier (`measure_memory`)."""
    names = [name for name in found[0] if name != "peak_memory_mb"]
    return {name: statistics.median(one[name] for one in found) for name in names}


def measure_peak(threads: int) -> float:
    """Return the fastest fp32 product of a process that computes with so many threads, in GFLOP/s."""
    return _ask_child(threads, "peak")


def measure_memory(case: Case, model: str | None, quick: bool) -> float:
    """Return the peak memory of a process that runs one case, in MB.

    To be called before this process grows: on Linux a child's ru_maxrss begins with what its parent held when it started it.
    """
    if case.group == "process":
        more = case.prepare()()
        return (more or {})["peak_memory_mb"]
    words = [case.name, str(case.threads), "quick" if quick else "full", *([] if model is None else [model])]
    return _ask_child(case.threads, "memory", *words)


def _ask_child(threads: int, *words: str) -> float:
    command = [sys.executable, "-m", "mutoscope.bench.measure", *words]
    done = subprocess.run(command, capture_output=True, text=True, env=child_environment(threads))
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise MutoscopeError(f"the process that measures {words[0]} ended with {done.returncode}: {last[:200]}")
    return float(json.loads(done.stdout.splitlines()[-1]))


def find_peak() -> float:
    """Return the rate of the fastest of some products of this process, in GFLOP/s."""
    random = np.random.default_rng(0)
    a, b = (random.standard_normal((PEAK_SIDE, PEAK_SIDE), np.float32) for _ in range(2))
    out, seconds = np.empty_like(a), []
    while len(seconds) < FEWEST_PRODUCTS or sum(seconds) < PEAK_SECONDS:
        start = time.perf_counter()
        np.matmul(a, b, out=out)
        seconds.append(time.perf_counter() - start)
    return 2 * PEAK_SIDE**3 / min(seconds) / GFLOP


def find_memory(name: str, threads: str, extent: str, model: str | None = None) -> float:
    """Run the case of that name twice; return the peak memory of this process, in MB."""
    import resource

    bench = Bench(model, int(threads), extent == "quick")
    run = next(case for case in [*bench.cases(), *bench.growth()] if case.name == name).prepare()
    for _ in range(2):
        run()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES_PER_MAXRSS / 1e6


if __name__ == "__main__":
    print(json.dumps({"peak": find_peak, "memory": find_memory}[sys.argv[1]](*sys.argv[2:])))
