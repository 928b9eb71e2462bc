"""From a pipeline's output to frames: of the size asked for, finite, with what was around a mask, post-processed."""

from typing import Any

import numpy as np

from mutoscope.errors import NonFiniteError, SettingError, SizeError
from mutoscope.init_image import InitImage
from mutoscope.media.pixels import unit_to_levels
from mutoscope.postprocess import find_postprocess
from mutoscope.prompt.request import Request

OUTPUTS = ("images", "frames", "image", "video", "videos")  # where a pipeline's output has its pixels


def read_frames(outcome: Any, request: Request) -> np.ndarray:
    """Return the pixels of a pipeline's output, uint8 (T, H, W, 3), of the size asked for; SizeError, NonFiniteError."""
    found = next((getattr(outcome, name) for name in OUTPUTS if getattr(outcome, name, None) is not None), None)
    pixels = np.asarray(found[0] if found is not None else outcome[0], np.float32)
    pixels = pixels[None] if pixels.ndim == 3 else pixels
    if pixels.ndim != 4 or pixels.shape[-1] != 3:
        raise SettingError(
            f"the pipeline gave an array {pixels.shape}, expected pictures (T, H, W, 3); it is no text-to-image pipeline"
        )
    if not np.isfinite(pixels).all():
        raise NonFiniteError("the picture is not finite; use another precision (fp32), or lower the guidance")
    asked = (request.num_frames, request.height, request.width)
    if pixels.shape[:3] != asked:
        raise SizeError(f"the model drew {_spell(pixels.shape[:3])} where {_spell(asked)} was asked for; ask for that")
    return unit_to_levels(pixels)


def _spell(shape: tuple[int, ...]) -> str:
    frames, height, width = shape
    return f"{width}x{height}" + (f" with {frames} frames" if frames > 1 else "")


def finish(frames: np.ndarray, request: Request, init_image: InitImage | None) -> np.ndarray:
    """Return the frames with the original around a mask, post-processed where that was asked for."""
    if init_image is not None and init_image.mask is not None:
        frames = init_image.fit(request.width, request.height).composite(frames)
    step = find_postprocess(request.postprocess)
    return frames if step is None else step.run(frames, (request.seed, request.index))


def warn_of_outcome(outcome: Any) -> list[str]:
    """Return a warning where the model's own filter has painted a picture black."""
    flagged = getattr(outcome, "nsfw_content_detected", None)
    if flagged and any(flagged):
        return ["the model's own safety checker found the picture unsafe and made it black; another seed may help"]
    return []
