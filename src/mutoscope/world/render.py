"""Draw scenes: `render(specs, width, height, times)` gives pictures (one time) or clips (the same scene at many times).

A scene under a moving camera is drawn on a larger canvas and seen through a window (camera.py); styles come after the
camera, so that paper, glass and the squares of pixel art stay with the screen and not with the land.
A scene's pixels depend on its spec, the size and the time alone, not on what else is in the batch.

    pixels   B 3 T H W   float in [0, 1]
"""

from collections.abc import Sequence
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from mutoscope.errors import SettingError
from mutoscope.vocabulary import scenes
from mutoscope.world import styles
from mutoscope.world.arrange import Frame
from mutoscope.world.camera import canvas, follow, kind, windows
from mutoscope.world.placing import place
from mutoscope.world.registry import find_drawing
from mutoscope.world.scenes import SCENE_DRAWINGS
from mutoscope.world.scenes.water import river_lane
from mutoscope.world.spec import SceneSpec
from mutoscope.world.sprites import SpriteLibrary
from mutoscope.world.view import View, axes, make_view
from mutoscope.world.weather import weather

_BRIGHTEST = 1.15  # of a canvas: brighter suns would ring in the camera's filter


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
    """Return the pixels (B, 3, T, H, W) of `specs`, float32 in [0, 1]; SettingError for things without a library."""
    if library is None and any(spec.things for spec in specs):
        raise SettingError("these scenes have things in them; give render() the sprite library they were drawn from")
    pixels = torch.empty(len(specs), 3, len(times), height, width, device=device)
    for rows in _groups(specs):
        pixels[rows] = _draw([specs[i] for i in rows], width, height, times, device, supersample, library)
    return _styled(pixels, specs) if styled else pixels


def _groups(specs: Sequence[SceneSpec]) -> list[list[int]]:
    """Return the places in the batch of the scenes that are drawn together, so that a still one pays for no motion."""
    groups: dict[tuple, list[int]] = {}
    for i, spec in enumerate(specs):
        groups.setdefault((spec.scene, kind(spec.camera), spec.event != "none"), []).append(i)
    return [groups[key] for key in sorted(groups)]


def _draw(
    specs: list[SceneSpec],
    width: int,
    height: int,
    times: Sequence[float],
    device: str,
    finer: int,
    library: SpriteLibrary | None,
) -> Tensor:
    """Return the pixels of scenes of one kind, under cameras of one kind."""
    scene, moving = scenes()[specs[0].scene], kind(specs[0].camera) != "still"
    wide, high = canvas(specs[0].camera, width, height) if moving else (width, height)
    view = make_view(specs, wide * finer, high * finer, times, device, scene.horizon, scene.lift)
    image = find_drawing(SCENE_DRAWINGS, "scene", scene.name)(view)
    if library is not None:
        image = place(view, image, library, river_lane, _frames(view, width, height) if moving else None)
    image = weather(view, image)
    if not moving:
        return _shrink(_finish(image, view.x, view.y, view.aspect), finer).expand(-1, 3, len(times), -1, -1)
    image = _shrink(image.clamp(0, _BRIGHTEST), finer)
    seen = follow(image, [spec.camera for spec in specs], view.rng("camera"), view.t.flatten(), width, height)
    return _finish(seen, *axes(width, height, device), width / height)


def _frames(view: View, width: int, height: int) -> list[Frame]:
    """Return, for each scene, what its moving camera sees of the canvas at a time in seconds."""
    cameras = [spec.camera for spec in view.specs]

    def frame(row: int, seconds: float) -> tuple[float, ...]:
        time = torch.tensor([seconds], device=view.device)
        return tuple(windows(cameras, view.rng("camera"), time, width, height)[row, 0].tolist())

    return [partial(frame, row) for row in range(len(cameras))]


def _finish(image: Tensor, x: Tensor, y: Tensor, aspect: float) -> Tensor:
    """Darken the corners a little, roll the brightest off softly, keep to [0, 1]."""
    corner = (x / aspect) ** 2 + (y - 0.5) ** 2
    image = image * (1.03 - 0.22 * corner)
    high = (image - 0.85).clamp(min=0)
    return (image.clamp(max=0.85) + high / (1 + 3.0 * high)).clamp(0, 1)


def _shrink(image: Tensor, factor: int) -> Tensor:
    return image if factor == 1 else F.avg_pool3d(image, (1, factor, factor))


def _styled(pixels: Tensor, specs: Sequence[SceneSpec]) -> Tensor:
    return styles.apply(pixels, [spec.style for spec in specs], [spec.seed * 1_000_003 + spec.index for spec in specs])
