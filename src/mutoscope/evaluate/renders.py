"""Renders to hold generated pictures against: of the same scenes, of other scenes of the same kind, sharp and softened."""

from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from mutoscope.media.pixels import unit_to_levels
from mutoscope.world.render import render
from mutoscope.world.spec import SceneSpec
from mutoscope.world.sprites import SpriteLibrary

PICTURE_SIDE = 128  # rows and columns
RENDER_BATCH = 32  # scenes rendered at once


def render_pictures(
    specs: Sequence[SceneSpec],
    width: int = PICTURE_SIDE,
    height: int = PICTURE_SIDE,
    library: SpriteLibrary | None = None,  # where the things of the scenes come from
) -> Iterator[np.ndarray]:
    """Yield the render of each spec, uint8 (H, W, 3)."""
    for first in range(0, len(specs), RENDER_BATCH):
        unit = render(specs[first : first + RENDER_BATCH], width, height, library=library)[:, :, 0]  # (B, 3, H, W)
        yield from unit_to_levels(unit).permute(0, 2, 3, 1).cpu().numpy()


def soften(picture: np.ndarray, times: int = 4) -> np.ndarray:
    """Return uint8 (H, W, 3) without its detail: averaged over `times` x `times` pixels and drawn up again smoothly."""
    small = Image.fromarray(picture).reduce(times)
    return np.asarray(small.resize((picture.shape[1], picture.shape[0]), Image.Resampling.BICUBIC))
