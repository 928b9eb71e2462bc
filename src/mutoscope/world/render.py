"""Draw scenes: `render(specs, width, height, times)` gives pictures (one time) or clips (the same scene at many times).

A scene's pixels depend on its spec, the size and the time alone, not on what else is in the batch.

    pixels   B 3 T H W   float in [0, 1]
"""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

import torch
import torch.nn.functional as F
from torch import Tensor

from mutoscope.errors import SettingError
from mutoscope.world.placing import place
from mutoscope.world.scenes import SCENE_TABLE
from mutoscope.world.scenes.water import river_lane
from mutoscope.world.spec import SceneSpec
from mutoscope.world.sprites import SpriteLibrary
from mutoscope.world.view import View, make_view
from mutoscope.world.weather import weather


@torch.no_grad()
def render(
    specs: Sequence[SceneSpec],
    width: int,
    height: int,
    times: Sequence[float] = (0.0,),  # seconds
    device: str = "cpu",
    supersample: int = 1,
    styled: bool = True,
    library: SpriteLibrary | None = None,  # where the pictures of `spec.things` are
) -> Tensor:
    """Return the pixels (B, 3, T, H, W) of `specs`, float32 in [0, 1]; raises SettingError for things without a library."""
    if library is None and any(spec.things for spec in specs):
        raise SettingError("these scenes have things in them; give render() the sprite library they were drawn from")
    pixels = torch.empty(len(specs), 3, len(times), height, width, device=device)
    for name, scene in SCENE_TABLE.items():
        rows = [i for i, spec in enumerate(specs) if spec.scene == name]
        if rows:
            group = [specs[i] for i in rows]
            view = make_view(
                group, width * supersample, height * supersample, times, device, scene.horizons, scene.lift
            )
            image = scene.draw(view)
            if library is not None:
                image = place(view, image, library, river_lane)
            image = _finish(view, weather(view, image))
            pixels[rows] = _shrink(image.expand(-1, 3, len(times), -1, -1), supersample)
    return _styled(pixels, specs) if styled else pixels


def _finish(view: View, image: Tensor) -> Tensor:
    """Darken the corners a little, roll the brightest off softly, keep to [0, 1]."""
    corner = (view.x / view.aspect) ** 2 + (view.y - 0.5) ** 2
    image = image * (1.03 - 0.22 * corner)
    high = (image - 0.85).clamp(min=0)
    return (image.clamp(max=0.85) + high / (1 + 3.0 * high)).clamp(0, 1)


def _shrink(image: Tensor, factor: int) -> Tensor:
    return image if factor == 1 else F.avg_pool3d(image, (1, factor, factor))


def _styled(pixels: Tensor, specs: Sequence[SceneSpec]) -> Tensor:
    if find_spec("mutoscope.world.styles") is None:
        return pixels
    styles = import_module("mutoscope.world.styles")
    return styles.apply(pixels, [spec.style for spec in specs], [spec.seed * 1_000_003 + spec.index for spec in specs])
