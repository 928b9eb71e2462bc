"""Engines: what draws behind one call. Nothing outside of this package knows which one runs.

base.py        Engine, the protocol: capabilities, and draw(request) -> events; EngineSettings
checkpoint.py  a checkpoint of this package, the embedded one by default
world.py       the renderer that the checkpoints were taught by
diffusers/     models made elsewhere: any pipeline of diffusers, on PyTorch
onnx_folder/   folders of ONNX files in diffusers layout, without PyTorch
openai/        a server that speaks the OpenAI images and videos API
plugins.py     engines of other packages, by the entry point mutoscope.engines

A name leads to an engine:

    None, "embedded"             the checkpoint in this package
    "world"                      the renderer
    "PREFIX:REST"                the plugin that is called PREFIX; "openai:URL#MODEL" is built in
    a folder with config.json    a checkpoint of this package
    a folder with model_index.json, a .safetensors file, OWNER/NAME, a short name of `mutoscope models`
                                 a model made elsewhere
"""

import os
from pathlib import Path

from mutoscope.engines.base import Drawn, Engine, EngineSettings
from mutoscope.errors import MissingModelError, SettingError
from mutoscope.prompt.request import Request

__all__ = ["EMBEDDED", "WORLD", "Drawn", "Engine", "EngineSettings", "find_maker", "is_own", "open_engine"]

EMBEDDED, WORLD, OPENAI = "embedded", "world", "openai:"
ELSEWHERE = ("diffusers", "onnx")  # engines of models made elsewhere that lie on this disk
INDEXES = ("model_index.json", "modular_model_index.json")  # of folders in diffusers layout


def open_engine(model: str | Path | None = None, settings: EngineSettings = EngineSettings()) -> Engine:
    """Return the engine of a model; loads no weights.

    Raises MissingModelError for one that is not there, CheckpointError for one that is damaged, SettingError for settings that it
    cannot have, MissingExtraError.
    """
    if model is None or model == EMBEDDED:
        return _open_own(None, settings)
    if model == WORLD:
        from mutoscope.engines.world import WorldEngine

        _refuse_device(WORLD, settings)
        return WorldEngine(settings.runtime, settings.precision)
    if isinstance(model, str) and model.startswith(OPENAI):
        from mutoscope.engines.openai import OpenAIEngine

        return OpenAIEngine(model.removeprefix(OPENAI), settings)
    path = Path(os.path.expanduser(model))
    if path.is_dir() and not any((path / name).is_file() for name in INDEXES):
        return _open_own(path, settings)
    if isinstance(model, str) and not path.exists():
        from mutoscope.engines.plugins import find_opener, refuse_unknown_prefix

        prefix, _, rest = model.partition(":")
        opener = find_opener(prefix) if rest else None
        if opener is not None:
            return opener(rest, settings)
        if rest and len(prefix) > 1 and prefix.isidentifier():  # one letter is a drive of Windows
            refuse_unknown_prefix(prefix)
    return _open_foreign(model, settings)


def is_own(model: str | Path | None) -> bool:
    """Say whether a name means a checkpoint of this package: the embedded one, or a folder that is no other model's."""
    if model is None or model == EMBEDDED:
        return True
    path = Path(model)
    return path.is_dir() and not any((path / name).is_file() for name in INDEXES)


def _open_own(folder: Path | None, settings: EngineSettings) -> Engine:
    from mutoscope.engines.checkpoint import CheckpointEngine

    _refuse_device("the embedded model" if folder is None else str(folder), settings)
    return CheckpointEngine(folder, settings.runtime, settings.threads, settings.precision)


def _open_foreign(model: str | Path, settings: EngineSettings) -> Engine:
    from mutoscope.hub.names import find_place, looks_like_path

    if not os.path.exists(os.path.expanduser(model)) and (isinstance(model, Path) or looks_like_path(model)):
        if Path(model).suffix == ".safetensors":
            raise MissingModelError(f"there is no file {model}; give a folder, a .safetensors file or OWNER/NAME")
        return _open_own(Path(model), settings)  # says that it is not there
    place = find_place(str(model))
    if (place.path / "unet" / "model.onnx").is_file():
        from mutoscope.engines.onnx_folder import OnnxFolderEngine

        return OnnxFolderEngine(place, settings)
    from mutoscope.engines.diffusers import DiffusersEngine

    return DiffusersEngine(place, settings)


def _refuse_device(name: str, settings: EngineSettings) -> None:
    """Refuse settings that only engines on PyTorch for large models have; SettingError."""
    for option, value in (("device", settings.device), ("offload", settings.offload)):
        if value != "auto":
            raise SettingError(
                f"{name} takes no {option}, got {value[:40]!r}; leave it out. It is for models made elsewhere: mutoscope models"
            )


def find_maker(request: Request) -> str | None:
    """Return the name under which `open_engine` finds the maker of a request, None for a checkpoint: that is the user's to name.

    SettingError where a file would decide whom this machine speaks with, or which plugin runs.
    """
    if request.engine == "openai":
        return check_local_server(request.model)
    if request.engine in ELSEWHERE:
        return f"{request.model}@{request.revision}" if request.revision else request.model
    if request.engine:
        raise SettingError(f"the file was drawn by the engine {request.engine[:40]!r}; give its model with --model")
    return WORLD if request.model == WORLD else None


def check_local_server(model: str) -> str:
    """Return the name of a model on a server of this machine; SettingError for a server elsewhere.

    Whoever made a file must not decide with whom this machine speaks, nor which server gets the user's key.
    """
    from mutoscope.engines.openai.address import read_address

    if not read_address(model.removeprefix(OPENAI)).is_local:
        raise SettingError(f"the file was drawn by a server elsewhere; if you trust it, give it: --model {model}")
    return model
