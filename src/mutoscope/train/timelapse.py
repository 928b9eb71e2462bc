"""The previews of a stage as a clip: the same prompts and seeds, drawn again and again as the model learns. Torch-free."""

from pathlib import Path

import numpy as np

from mutoscope.errors import OutputError
from mutoscope.media import Provenance, read_pixels, write_clip

ENDINGS = (".mp4", ".webm", ".gif", ".webp")
WHITE = 255


def write_timelapse(folder: Path, output: Path, fps: int = 4, last_frames: int = 8) -> Path:
    """Write the previews RUN/previews/STAGE-SAMPLES.png of `folder` RUN/STAGE as a clip; the last stays for `last_frames`.

    Smaller previews are padded. OutputError when there are none.
    """
    from mutoscope import __version__

    stage = folder.resolve().name
    previews = find_previews(folder.resolve().parent / "previews", stage)
    if not previews:
        raise OutputError(f"{folder}: no previews of the stage {stage} beside it (RUN/previews/{stage}-SAMPLES.png)")
    pictures = [read_pixels(path) for path in previews]
    height, width = (max(picture.shape[axis] for picture in pictures) for axis in (0, 1))
    frames = [pad(picture, height, width) for picture in pictures]
    frames += frames[-1:] * (last_frames - 1)
    provenance = Provenance(request_json=None, parameters=None, software=f"Mutoscope {__version__}", marking=True)
    return write_clip(np.stack(frames), fps, output, provenance)


def find_previews(folder: Path, stage: str) -> list[Path]:
    """Return the previews of a stage in the order in which they were drawn."""
    found = {path.stem.rpartition("-")[2]: path for path in folder.glob(f"{stage}-*.png")}
    return [found[samples] for samples in sorted(filter(str.isdigit, found), key=int)]


def pad(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return a picture uint8 (H, W, 3) with white below and to the right, up to `height` and `width`."""
    below, right = height - picture.shape[0], width - picture.shape[1]
    return np.pad(picture, ((0, below), (0, right), (0, 0)), constant_values=WHITE)
