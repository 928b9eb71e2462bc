"""The one door to the models: everything heavy is imported here, after the words have been checked."""

from typing import Any

from mutoscope.errors import SettingError, did_you_mean

RUNTIMES = ("auto", "onnx", "torch")


def check_request(**given: Any) -> None:
    """Refuse what no model could do, before a model is loaded; raises RequestError."""
    from mutoscope.prompt.request import Request, sized
    from mutoscope.prompt.styles import ask_styles
    from mutoscope.shapes import NATIVE_SIDE

    asked = [given.pop(name, None) for name in ("size", "width", "height")]
    if given.get("image_hash") and not any(asked):  # the picture gives the size, one that can be drawn at once
        asked = [None, NATIVE_SIDE, NATIVE_SIDE]
    given |= sized(*asked, side=NATIVE_SIDE, moves="num_frames" in given)
    given |= ask_styles(given.get("style"))
    Request(model="unknown", model_hash="unknown", **given).numbered(0)


def check_adapter(words: str) -> None:
    """Refuse adapters that are not there or cannot be read, before a model is loaded; SettingError, CheckpointError."""
    from mutoscope.adapter import find_adapter
    from mutoscope.prompt.request import read_adapters

    for name, _ in read_adapters(words):
        find_adapter(name)


def read_init_image(image: str | None, mask: str | None = None) -> Any:
    """Return the opened picture to start from with its mask, None without either; MediaError, RequestError."""
    if image is None and mask is None:
        return None
    from mutoscope.init_image import open_init_image

    return open_init_image(image, mask)


def check_runtime(runtime: str, threads: int | None) -> None:
    """Refuse an unknown runtime or a number of threads below one."""
    if runtime not in RUNTIMES:
        hint = did_you_mean(runtime, RUNTIMES)
        raise SettingError(f"unknown runtime {runtime!r}{hint}; known: {', '.join(RUNTIMES)}")
    if threads is not None and not 1 <= threads <= 1024:
        raise SettingError(f"--threads must be from 1 to 1024, got {threads}")


def load_image_model(checkpoint: str | None = None, runtime: str = "auto", threads: int | None = None) -> Any:
    """Return a `TextToImageModel`; the embedded one when `checkpoint` is None."""
    from mutoscope.models import TextToImageModel

    return TextToImageModel(checkpoint, runtime=runtime, threads=threads)


def load_video_model(checkpoint: str | None = None, runtime: str = "auto", threads: int | None = None) -> Any:
    """Return a `TextToVideoModel`; the embedded one when `checkpoint` is None."""
    from mutoscope.models import TextToVideoModel

    return TextToVideoModel(checkpoint, runtime=runtime, threads=threads)
