"""The one door to the models: everything heavy is imported here, after the command line has been read."""

from typing import Any


def read_init_image(image: str | None, mask: str | None = None) -> Any:
    """Return the opened picture to start from with its mask, None without either; MediaError, RequestError."""
    if image is None and mask is None:
        return None
    from mutoscope.init_image import open_init_image

    return open_init_image(image, mask)


def open_image_model(model: str | None = None, **settings: Any) -> Any:
    """Return a `TextToImageModel`, with its own keyword arguments; its weights are loaded with the first drawing."""
    from mutoscope.models import TextToImageModel

    return TextToImageModel(model, **settings)


def open_video_model(model: str | None = None, **settings: Any) -> Any:
    """Return a `TextToVideoModel`, with its own keyword arguments; its weights are loaded with the first drawing."""
    from mutoscope.models import TextToVideoModel

    return TextToVideoModel(model, **settings)


def find_maker(request: Any) -> str | None:
    """Return the --model that made a request, None where that is the embedded model or cannot be known."""
    from mutoscope.engines import find_maker as find

    return find(request)
