"""Width, height and length: from what was asked for to what a model can draw. Part of the way in options.py."""

import math
from typing import TYPE_CHECKING, Any

from mutoscope.capabilities import Capabilities
from mutoscope.errors import SizeError
from mutoscope.init_image import InitImage
from mutoscope.prompt.checks import as_float, as_int, check_int
from mutoscope.prompt.request import Request
from mutoscope.refine import REFINE_STRENGTH
from mutoscope.shapes import LatentGrid, check_size, draft_size, parse_size, size_like, size_of_area

if TYPE_CHECKING:
    from mutoscope.options import Options

DURATION_SECONDS, MAX_DURATION_SECONDS = 5.0, 300
MIN_CLIP_FRAMES = 2
MASK_SIDE_FACTOR = (
    1.25  # native sides: under a mask larger pictures can be drawn at once, for what is around it is given
)
PICTURE_SIDE_PIXELS = 256  # shorter side of a picture of which no more is said


def choose_size(options: "Options", capabilities: Capabilities) -> dict[str, Any]:
    """Return width and height in pixels, and the draft of a picture that is too large to be drawn at once; SizeError."""
    size, width, height = options.size, *(
        None if side is None else as_int(name, side, SizeError) for name, side in (("width", options.width), ("height", options.height))
    )  # fmt: skip
    if size is not None and (width is not None or height is not None):
        raise SizeError("give size, or width and height, not both")
    usual = capabilities.clip_size if options.is_clip and capabilities.clip_size else capabilities.default_size
    if usual is not None:
        return choose_size_of_area(size, width, height, options.init_image, usual, capabilities.side_multiple)
    native, image = capabilities.native_side, options.init_image
    masked = image is not None and image.mask is not None
    if image is not None and size is None:
        rows, columns = image.pixels.shape[:2]
        width, height = size_like(
            columns, rows, width, height, side=round(MASK_SIDE_FACTOR * native) if masked else native
        )
    elif size is not None or (width is None and height is None):
        side = native if options.is_clip else max(native, min(2 * native, PICTURE_SIDE_PIXELS))
        width, height = parse_size(str(size or "square"), side)
    width, height = (native if side is None else side for side in (width, height))
    check_size(width, height, capabilities.max_refined_side, capabilities.side_multiple)
    if options.is_clip and max(width, height) > capabilities.max_side:
        raise SizeError(
            f"clips are drawn up to {capabilities.max_side} pixels a side, got {width}x{height}; pictures go up to "
            f"{capabilities.max_refined_side}"
        )
    whole = options.is_clip or not capabilities.refines or (masked and size is None)
    draft = None if whole else draft_size(width, height, native)
    return {"width": width, "height": height} | ({"draft": draft, "refine_strength": REFINE_STRENGTH} if draft else {})


def choose_size_of_area(
    size: str | None,
    width: int | None,
    height: int | None,
    image: InitImage | None,
    usual: tuple[int, int],
    multiple: int,
) -> dict[str, Any]:
    """Return width and height for a model that says what it draws by default: names and aspects keep to that many pixels."""

    area = usual[0] * usual[1]

    def of_aspect(across: int, down: int, _: int = 0) -> tuple[int, int]:
        return size_of_area(across, down, area, multiple)

    if size is not None:
        width, height = parse_size(str(size), of_aspect=of_aspect)
    elif width is None and height is None:
        width, height = usual
        if image is not None:  # its own size, or a smaller one of its aspect
            rows, columns = image.pixels.shape[:2]
            width, height = size_of_area(columns, rows, min(area, columns * rows), multiple)
    else:
        width, height = (usual[0] if width is None else width), (usual[1] if height is None else height)
    return {"width": width, "height": height}


def choose_length(options: "Options", capabilities: Capabilities) -> dict[str, int]:
    """Return frames and frames a second; SizeError for what cannot be."""
    if not options.is_clip:
        return {}
    fps = capabilities.fps if options.fps is None else check_int("fps", options.fps, 1, 60, SizeError)
    if options.num_frames is None and options.duration_seconds is None and capabilities.default_frames is not None:
        return {"fps": fps, "num_frames": capabilities.default_frames}
    number = count_frames(options.duration_seconds, options.num_frames, fps)
    return {"fps": fps, "num_frames": capabilities.frames.nearest(number) if options.num_frames is None else number}


def count_frames(duration_seconds: Any, num_frames: Any, fps: int) -> int:
    """Return the frames of a clip from its length in seconds, to the nearest frame, or from their number; SizeError."""
    if num_frames is not None:
        if duration_seconds is not None:
            raise SizeError("give duration_seconds or num_frames, not both")
        number = as_int("num_frames", num_frames, SizeError)
        if number < MIN_CLIP_FRAMES:
            raise SizeError(
                f"num_frames must be a whole number from {MIN_CLIP_FRAMES}, got {number}; for one frame draw a picture"
            )
        return number
    seconds = (
        DURATION_SECONDS if duration_seconds is None else as_float("duration_seconds", duration_seconds, SizeError)
    )
    if not 0 < seconds <= MAX_DURATION_SECONDS:
        raise SizeError(f"duration_seconds must be above 0 and at most {MAX_DURATION_SECONDS}, got {seconds:g}")
    number = math.floor(seconds * fps + 0.5)
    if number < MIN_CLIP_FRAMES:
        raise SizeError(
            f"duration_seconds={seconds:g} at {fps} frames a second is {number or 'no'} frame, a clip has at least "
            f"{MIN_CLIP_FRAMES}; ask for {MIN_CLIP_FRAMES / fps:.3g} seconds or more, or draw a picture"
        )
    return number


def check_shape(request: Request, capabilities: Capabilities) -> None:
    """Refuse a size or a length that the engine cannot draw; SizeError names the nearest that it can."""
    if capabilities.refines:
        LatentGrid(*(request.draft or (request.width, request.height)), request.num_frames)
        largest = capabilities.max_refined_side if request.draft else capabilities.max_side
        check_size(request.width, request.height, largest)
        return
    multiple, smallest = capabilities.side_multiple, capabilities.min_side
    check_size(request.width, request.height, capabilities.max_side, multiple, smallest)
    if request.is_clip and not capabilities.frames.fits(request.num_frames):
        near = " or ".join(map(str, capabilities.frames.around(request.num_frames)))
        raise SizeError(
            f"{capabilities.name} draws clips of {capabilities.frames}, at most {capabilities.frames.most}; got "
            f"{request.num_frames}, use {near}"
        )
