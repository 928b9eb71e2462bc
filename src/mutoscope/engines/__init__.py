"""Engines: what draws behind one call. Nothing outside of this package knows which one runs.

base.py        Engine, the protocol: capabilities, and draw(request) -> events
checkpoint.py  a checkpoint of this package, the embedded one by default
world.py       the renderer that the checkpoints were taught by
openai/        a server that speaks the OpenAI images and videos API
"""

from pathlib import Path

from mutoscope.engines.base import Drawn, Engine, EngineSettings
from mutoscope.errors import SettingError
from mutoscope.prompt.request import Request

__all__ = ["EMBEDDED", "WORLD", "Drawn", "Engine", "find_maker", "open_engine"]

EMBEDDED, WORLD, OPENAI = "embedded", "world", "openai:"


def open_engine(
    model: str | Path | None = None,
    runtime: str = "auto",
    threads: int | None = None,
    precision: str | None = None,
) -> Engine:
    """Return the engine of a model: None or "embedded", "world", a checkpoint folder, or "openai:" and a server.

    `precision` is that of requests that do not ask for one, None the engine's own. Loads no weights. Raises CheckpointError,
    SettingError for an unknown runtime or precision, MissingExtraError.
    """
    if model == WORLD:
        from mutoscope.engines.world import WorldEngine

        return WorldEngine(runtime, precision)
    if isinstance(model, str) and model.startswith(OPENAI):
        from mutoscope.engines.openai import OpenAIEngine

        return OpenAIEngine(model.removeprefix(OPENAI), EngineSettings(runtime, threads, precision))
    from mutoscope.engines.checkpoint import CheckpointEngine

    return CheckpointEngine(None if model == EMBEDDED else model, runtime, threads, precision)


def find_maker(request: Request) -> str | None:
    """Return the name under which `open_engine` finds the maker of a request, None for a checkpoint: that is the user's to name."""
    if request.engine == "openai":
        return check_local_server(request.model)
    return WORLD if request.model == WORLD else None


def check_local_server(model: str) -> str:
    """Return the name of a model on a server of this machine; SettingError for a server elsewhere.

    Whoever made a file must not decide with whom this machine speaks, nor which server gets the user's key.
    """
    from mutoscope.engines.openai.address import read_address

    if not read_address(model.removeprefix(OPENAI)).is_local:
        raise SettingError(f"the file was drawn by a server elsewhere; if you trust it, give it: --model {model}")
    return model
