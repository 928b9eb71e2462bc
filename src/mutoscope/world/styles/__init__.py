"""Painting styles as image operations: a picture of the rendered world becomes a watercolor, a woodblock, pixel art.

pixels   B C T H W   batch, colour, frames, rows, columns      here float in [0, 1], as the renderer gives them

Each style keeps the colour of the light (a sunset stays a sunset) and stands still over time: paper, brush field and
glass belong to the clip, so a clip does not boil. Lengths are given in pixels of a picture 128 rows high and scale with
it. Only torch on tensors, so the same code runs on any device; the module knows nothing of scenes.

    painted = apply(pixels, ["watercolor", "photo"], seeds=[1, 2])
"""

from collections.abc import Callable, Sequence

from torch import Tensor

from mutoscope.errors import SettingError, did_you_mean
from mutoscope.world.styles.drawn import anime, comic, flat_vector, pixel_art
from mutoscope.world.styles.field import Field
from mutoscope.world.styles.made import clay, low_poly, neon_synthwave, stained_glass, vintage_film
from mutoscope.world.styles.painted import crayon, ink_wash, oil_painting, pencil_sketch, ukiyo_e, watercolor

PAINTERS: dict[str, Callable[[Tensor, Field], Tensor]] = {
    "photo": lambda image, _: image,
    "watercolor": watercolor,
    "oil painting": oil_painting,
    "pencil sketch": pencil_sketch,
    "ink wash": ink_wash,
    "ukiyo-e": ukiyo_e,
    "pixel art": pixel_art,
    "flat vector": flat_vector,
    "anime": anime,
    "neon synthwave": neon_synthwave,
    "vintage film": vintage_film,
    "stained glass": stained_glass,
    "low poly": low_poly,
    "crayon": crayon,
    "clay": clay,
    "comic": comic,
}


def apply(pixels: Tensor, names: Sequence[str], seeds: Sequence[int]) -> Tensor:
    """Paint each clip of pixels (B, 3, T, H, W) in [0, 1] in its style; `seeds` choose its paper and brush field.

    Raises SettingError for an unknown style or a wrong number of names or seeds.
    """
    if not len(pixels) == len(names) == len(seeds):
        raise SettingError(
            f"got {len(names)} styles and {len(seeds)} seeds for {len(pixels)} clips; each clip needs one of both"
        )
    for name in set(names) - set(PAINTERS):
        raise SettingError(f"unknown style {name!r}{did_you_mean(name, tuple(PAINTERS))}; known: {', '.join(PAINTERS)}")
    painted = pixels.clone()
    for name in sorted(set(names) - {"photo"}):
        rows = [row for row, other in enumerate(names) if other == name]
        frames = pixels.shape[2]
        flat = pixels[rows].transpose(1, 2).flatten(0, 1)  # (B T) C H W
        field = Field([seeds[row] for row in rows], frames, flat)
        result = PAINTERS[name](flat, field).clamp(0, 1)
        painted[rows] = result.unflatten(0, (len(rows), frames)).transpose(1, 2)
    return painted
