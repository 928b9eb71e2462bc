"""Batches of a render, items of a check and shards of a pack over the machines of a Ray cluster, with the functions that
one machine uses.

`ray_spread` is a `data.workers.Spread`. Every machine must see the same folders under the same paths (a network disk).
Ray runs a task again when its worker or its machine is lost; a picture and a shard are there whole or not at all, so
nothing is lost and nothing is done twice but what was under way. The dashboard, which would run anybody's code, stays off
in clusters started here.
"""

import contextlib
import os
import pickle
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any

from mutoscope.errors import MissingExtraError, MutoscopeError
from mutoscope.telemetry import disable_telemetry

WINDOW = 4096  # items given to Ray Data at once, so that this process stays small
RETRIES = 3  # times a task is begun anew when its worker dies


def ray_spread(
    function: Callable[[Any], Any],
    items: Iterable[Any],
    crashed: Callable[[Any], Any],  # not asked here: what kills its worker RETRIES times stops the run
    chunk: int,
) -> Iterator[Any]:
    """Yield `function(item)` for each item, in order; MissingExtraError without Ray."""
    ray = _started()
    items, place = iter(items), os.getcwd()
    while window := list(islice(items, WINDOW)):
        parts = [window[first : first + chunk] for first in range(0, len(window), chunk)]
        rows = [{"part": number, "items": pickle.dumps(part)} for number, part in enumerate(parts)]
        data = ray.data.from_items(rows, override_num_blocks=len(rows))
        done = data.map(partial(_run, pickle.dumps(function), place), max_retries=RETRIES)
        yield from _in_order(done.iter_rows())


def _in_order(rows: Iterable[dict[str, Any]]) -> Iterator[Any]:
    """Yield the results of parts that come in any order, each as soon as those before it are there; raise their errors."""
    waiting: dict[int, bytes] = {}
    following = 0
    for row in rows:
        waiting[row["part"]] = row["results"]
        while following in waiting:
            results = pickle.loads(waiting.pop(following))
            if isinstance(results, MutoscopeError):
                raise results
            yield from results
            following += 1


def _run(function: bytes, place: str, row: dict[str, Any]) -> dict[str, Any]:
    """Run the function over a few items on a worker; everything travels as bytes that this program made itself.

    An error of ours is a result: Ray would wrap it into one of its own, which the command line does not know.
    """
    with contextlib.suppress(OSError):  # relative paths mean what they mean where the command was given
        os.chdir(place)
    run = pickle.loads(function)
    results: list[Any] | MutoscopeError
    try:
        results = [run(item) for item in pickle.loads(row["items"])]
    except MutoscopeError as error:
        results = error
    return {"part": row["part"], "results": pickle.dumps(results)}


def _started() -> Any:
    """Return Ray, connected to the cluster of RAY_ADDRESS or started on this machine."""
    disable_telemetry()
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise MissingExtraError("Ray", "cluster") from error
    if not ray.is_initialized():
        local = {} if os.environ.get("RAY_ADDRESS") else {"include_dashboard": False}
        ray.init(log_to_driver=False, **local)
    ray.data.DataContext.get_current().enable_progress_bars = False
    return ray
