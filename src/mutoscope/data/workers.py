"""One function over many items in several processes; results come in the order of the items.

Memory is flat: only a few chunks are on their way. A process that dies (a decoder crashed, memory ran out) costs the item it
died of, which gets what `crashed(item)` returns, and nothing else. Processes end with their parent, even if that is killed.
Knows no picture; `mutoscope.cluster` has the same function over many machines.
"""

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context
from typing import Any, Protocol

from mutoscope.device import usable_cpus
from mutoscope.errors import SettingError

MOST = 256  # processes on one machine
AHEAD = 3  # chunks on their way for each process


class Spread(Protocol):
    """What runs a function over items: `spread` below on this machine, `cluster.data.ray_spread` on many."""

    def __call__(
        self, function: Callable[[Any], Any], items: Iterable[Any], crashed: Callable[[Any], Any], chunk: int
    ) -> Iterator[Any]: ...


def count_workers(asked: int | None) -> int:
    """Return how many processes to use: as asked, or one a core; SettingError for what cannot be."""
    if asked is None:
        return len(usable_cpus())
    if not 1 <= asked <= MOST:
        raise SettingError(f"--workers must be from 1 to {MOST}, got {asked}")
    return asked


def on_this_machine(workers: int) -> Spread:
    """Return the `Spread` of `workers` processes; one is this process itself."""

    def run(function: Any, items: Any, crashed: Any, chunk: int) -> Iterator[Any]:
        return map(function, items) if workers == 1 else spread(function, items, crashed, chunk, workers)

    return run


def spread(
    function: Callable[[Any], Any],  # can be pickled, as can items and results
    items: Iterable[Any],
    crashed: Callable[[Any], Any],  # item -> what stands for its result when a process died of it
    chunk: int,  # items handed over at once
    workers: int,
) -> Iterator[Any]:
    """Yield `function(item)` for each item, in order; what `function` raises is raised here."""
    items, pool = iter(items), _pool(workers)
    waiting: deque[tuple[list[Any], Future[list[Any]] | None]] = deque()
    try:
        while True:
            while len(waiting) < AHEAD * workers and (part := list(islice(items, chunk))):
                waiting.append((part, _submit(pool, function, part)))
            if not waiting:
                return
            part, future = waiting.popleft()
            done = _result(future)
            if done is None:
                pool.shutdown(wait=True, cancel_futures=True)
                done = [_alone(function, item, crashed) for item in part]
                pool = _pool(workers)
                waiting = deque(
                    (other, f if _result_ready(f) else _submit(pool, function, other)) for other, f in waiting
                )
            yield from done
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _pool(workers: int) -> ProcessPoolExecutor:
    threads = max(1, len(usable_cpus()) // workers)
    return ProcessPoolExecutor(workers, get_context("spawn"), _begin, (os.getpid(), threads))


def _begin(parent: int, threads: int) -> None:
    """Leave Ctrl-C to the parent, end when the parent is gone, and let libraries take this process's share of the cores."""
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))  # read when PyTorch comes in, which is later
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.2)
        os._exit(1)

    if os.name == "posix":
        threading.Thread(target=watch, daemon=True).start()


def _run(function: Callable[[Any], Any], part: list[Any]) -> list[Any]:
    return [function(item) for item in part]


def _submit(pool: ProcessPoolExecutor, function: Callable[[Any], Any], part: list[Any]) -> Future[list[Any]] | None:
    try:
        return pool.submit(_run, function, part)
    except BrokenProcessPool:
        return None


def _result(future: Future[list[Any]] | None) -> list[Any] | None:
    """Return the results of a chunk, None when its process died."""
    try:
        return future.result() if future else None
    except BrokenProcessPool:
        return None


def _result_ready(future: Future[list[Any]] | None) -> bool:
    return future is not None and future.done() and not future.cancelled() and future.exception() is None


def _alone(function: Callable[[Any], Any], item: Any, crashed: Callable[[Any], Any]) -> Any:
    """Run one item in a process of its own; `crashed(item)` when it dies again."""
    with _pool(1) as pool:
        done = _result(_submit(pool, function, [item]))
    return crashed(item) if done is None else done[0]
