"""The camera: pans, tilts and zooms as a window that moves over a canvas larger than the picture.

A scene is drawn once on its canvas, whose size depends on the word alone, and each frame is a window of it, resampled
with a cubic filter that widens where the window shrinks. A frame depends on the spec, the size and its own time, so it
is the same alone and in a clip. The camera goes at one speed, each scene's own, and comes to rest after about four
seconds (`noise.glide`): a clip may be longer than the canvas is wide, and its caption stays true.

"pan left" turns the camera to the left, so what is seen moves to the right. There is no parallax: near and far move
together, as in a turn on the spot. The canvas of a still scene is its picture; such a scene never comes here.

    image    B 3 T H W   display colours in [0, 1] and a little above
    window   B T         in pixels of the canvas
"""

import torch
from torch import Tensor

from mutoscope.world.noise import GLIDE, glide
from mutoscope.world.view import SceneRng

# Share of the width (pan) or the height (tilt) travelled in a second; for a zoom the logarithm of the scale.
SPEEDS = {"pan": (0.050, 0.085), "tilt": (0.045, 0.070), "zoom": (0.050, 0.080)}
FINER = 1.2  # pixels of a zoom's canvas for each of its widest frame, so that its narrowest frame is not blurred
TOWARDS = {"left": -1, "right": 1, "up": -1, "down": 1, "in": -1, "out": 1}


def kind(camera: str) -> str:
    """Return "still", "pan", "tilt" or "zoom"."""
    return camera.split()[0]


def canvas(camera: str, width: int, height: int) -> tuple[int, int]:
    """Return the width and height of the canvas of a picture, in pixels."""
    reach = 1 + GLIDE * SPEEDS[kind(camera)][1]
    return {
        "pan": (round(width * reach), height),
        "tilt": (width, round(height * reach)),
        "zoom": (round(width * FINER), round(height * FINER)),
    }[kind(camera)]


def follow(image: Tensor, cameras: list[str], rng: SceneRng, time: Tensor, width: int, height: int) -> Tensor:
    """Return the frames (B 3 T H W) that cameras of one kind see of `image` on its canvas at `time` (T,) seconds."""
    left, top, wide, high = _windows(cameras, rng, time, width, height)
    columns = _filters(left, wide, width, image.shape[4])  # B T W W'
    rows = _filters(top, high, height, image.shape[3])  # B T H H'
    return (rows[:, None] @ image @ columns[:, None].mT).clamp(min=0)


def windows(cameras: list[str], rng: SceneRng, time: Tensor, width: int, height: int) -> Tensor:
    """Return what the frames at `time` (T,) show of the canvas: (B, T, 4) left, top, right and bottom.

    In heights of the canvas, x from its middle, y from its top: the lengths in which things have their places.
    """
    wide, high = canvas(cameras[0], width, height)
    left, top, across, down = _windows(cameras, rng, time, width, height)
    edges = torch.stack(torch.broadcast_tensors(left - wide / 2, top, left + across - wide / 2, top + down), -1)
    return edges / high


def _windows(cameras: list[str], rng: SceneRng, time: Tensor, width: int, height: int) -> tuple[Tensor, ...]:
    """Return the windows' left and top edges, widths and heights."""
    wide, high = canvas(cameras[0], width, height)
    speed = rng(*SPEEDS[kind(cameras[0])]).view(-1, 1)
    side = torch.tensor([TOWARDS[camera.split()[1]] for camera in cameras], device=time.device).view(-1, 1)
    moved, whole = speed * glide(time), speed * GLIDE
    along = side * (moved - whole / 2)  # the middle of the way is the middle of the canvas
    still = torch.zeros_like(along)
    if kind(cameras[0]) == "pan":
        return (wide - width) / 2 + width * along, still, still + width, still + height
    if kind(cameras[0]) == "tilt":
        return still, (high - height) / 2 + height * along, still + width, still + height
    scale = torch.exp(torch.where(side < 0, -moved, moved - whole))  # share of the canvas that is seen
    return (1 - scale) * wide / 2, (1 - scale) * high / 2, scale * wide, scale * high


def _filters(start: Tensor, span: Tensor, count: int, length: int) -> Tensor:
    """Return the matrices (B T count length) that resample the stretch from `start` over `span` of `length` pixels."""
    step = span / count
    middle = start[..., None] + (torch.arange(count, device=start.device) + 0.5) * step[..., None] - 0.5
    far = (middle[..., None] - torch.arange(length, device=start.device)).abs() / step.clamp(min=1)[..., None, None]
    near, outer = 1 + far * far * (1.5 * far - 2.5), 2 + far * (-4 + far * (2.5 - 0.5 * far))
    weight = torch.where(far < 1, near, torch.where(far < 2, outer, torch.zeros_like(far)))  # Catmull and Rom 1974
    return weight / weight.sum(-1, keepdim=True)
