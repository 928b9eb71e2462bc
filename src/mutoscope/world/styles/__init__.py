"""Painting styles as image operations: a picture of the rendered world becomes a watercolor, a woodblock, pixel art.

pixels   B C T H W   batch, colour, frames, rows, columns      here float in [0, 1], as the renderer gives them

Each style keeps the colour of the light (a sunset stays a sunset) and stands still over time: paper, brush field and
glass belong to the clip, so a clip does not boil. Lengths are given in pixels of a picture 128 rows high and scale with
it. Only torch on tensors, so the same code runs on any device; the module knows nothing of scenes.

    painted = apply(pixels, ["watercolor", "photo"], seeds=[1, 2])
"""

from collections.abc import Sequence

from torch import Tensor

from mutoscope.errors import SettingError
from mutoscope.world.registry import STYLE_DRAWINGS, draws_style, find_drawing
from mutoscope.world.styles import drawn, made, painted
from mutoscope.world.styles.field import Field

__all__ = ["STYLE_DRAWINGS", "apply", "drawn", "made", "painted"]
PLAIN = "photo"  # the style of the render itself


@draws_style(PLAIN)
def photo(pixels: Tensor, field: Field) -> Tensor:
    """Leave the render as it is."""
    return pixels


def apply(pixels: Tensor, names: Sequence[str], seeds: Sequence[int]) -> Tensor:
    """Paint each clip of pixels (B, 3, T, H, W) in [0, 1] in its style; `seeds` choose its paper and brush field.

    Raises SettingError for an unknown style or a wrong number of names or seeds.
    """
    if not len(pixels) == len(names) == len(seeds):
        raise SettingError(
            f"got {len(names)} styles and {len(seeds)} seeds for {len(pixels)} clips; each clip needs one of both"
        )
    painters = {name: find_drawing(STYLE_DRAWINGS, "style", name) for name in sorted(set(names))}
    painted = pixels.clone()
    for name in painters.keys() - {PLAIN}:
        rows = [row for row, other in enumerate(names) if other == name]
        frames = pixels.shape[2]
        flat = pixels[rows].transpose(1, 2).flatten(0, 1)  # (B T) C H W
        field = Field([seeds[row] for row in rows], frames, flat)
        result = painters[name](flat, field).clamp(0, 1)
        painted[rows] = result.unflatten(0, (len(rows), frames)).transpose(1, 2)
    return painted
