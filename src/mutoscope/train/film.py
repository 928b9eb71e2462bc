"""The previews of a stage as a film: the same prompts and seeds, drawn again and again as the model learns. Torch-free."""

from pathlib import Path

import numpy as np

from mutoscope.errors import OutputError
from mutoscope.media import Provenance, read_pixels, write_clip

ENDINGS = (".mp4", ".webm", ".gif", ".webp")


def film(folder: Path, output: Path, fps: int = 4, hold: int = 8) -> Path:
    """Write the sheets RUN/previews/STAGE-SAMPLES.png of `folder` RUN/STAGE as a film; the last one stays for `hold` frames.

    Smaller sheets are padded. OutputError when there are none.
    """
    from mutoscope import __version__

    stage = folder.resolve().name
    found = {int(path.stem.rpartition("-")[2]): path for path in sheets(folder.resolve().parent / "previews", stage)}
    if not found:
        raise OutputError(f"{folder}: no previews of the stage {stage} beside it (RUN/previews/{stage}-SAMPLES.png)")
    pictures = [read_pixels(found[samples]) for samples in sorted(found)]
    height, width = (max(picture.shape[axis] for picture in pictures) for axis in (0, 1))
    frames = [
        np.pad(p, ((0, height - p.shape[0]), (0, width - p.shape[1]), (0, 0)), constant_values=255) for p in pictures
    ]
    frames += frames[-1:] * (hold - 1)
    provenance = Provenance(request_json=None, parameters=None, software=f"Mutoscope {__version__}", marking=True)
    return write_clip(np.stack(frames), fps, output, provenance)


def sheets(folder: Path, stage: str) -> list[Path]:
    """Return the preview sheets of a stage."""
    return [path for path in folder.glob(f"{stage}-*.png") if path.stem.rpartition("-")[2].isdigit()]
