"""Engines: what draws behind one call. Nothing outside of this package knows which one runs.

base.py        Engine, the protocol: capabilities, and draw(request) -> events
checkpoint.py  a checkpoint of this package, the embedded one by default
world.py       the renderer that the checkpoints were taught by
"""

from pathlib import Path

from mutoscope.engines.base import Drawn, Engine
from mutoscope.prompt.request import Request

__all__ = ["EMBEDDED", "WORLD", "Drawn", "Engine", "find_maker", "open_engine"]

EMBEDDED, WORLD = "embedded", "world"


def open_engine(
    model: str | Path | None = None,
    runtime: str = "auto",
    threads: int | None = None,
    precision: str | None = None,
) -> Engine:
    """Return the engine of a model: None or "embedded", "world", or a checkpoint folder.

    `precision` is that of requests that do not ask for one, None the engine's own. Loads no weights. Raises CheckpointError,
    SettingError for an unknown runtime or precision, MissingExtraError.
    """
    if model == WORLD:
        from mutoscope.engines.world import WorldEngine

        return WorldEngine(runtime, precision)
    from mutoscope.engines.checkpoint import CheckpointEngine

    return CheckpointEngine(None if model == EMBEDDED else model, runtime, threads, precision)


def find_maker(request: Request) -> str | None:
    """Return the name under which `open_engine` finds the maker of a request, None for a checkpoint: that is the user's to name."""
    return WORLD if request.model == WORLD else None
