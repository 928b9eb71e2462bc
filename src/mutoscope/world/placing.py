"""Draws things over a scene, under its light and in its air, with shadow or reflection; and the plain grounds.

A picture is a pure function of its spec, the library, the size and the time; scenes of a batch do not meet.

    image    B 3 T H W   display colours in [0, 1]
    canvas   3 T h w     the window of one thing in one picture, drawn on in place
    patch    T 4 h w     premultiplied colour and alpha of one thing in its window
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from mutoscope.media.pixels import BT601
from mutoscope.vocabulary import scenes
from mutoscope.world.arrange import Frame, Item, arrange, box, moved
from mutoscope.world.noise import over, sample, smooth
from mutoscope.world.sprites import SpriteLibrary
from mutoscope.world.things import GROUNDS, studio_ground
from mutoscope.world.view import View

GLOWING = frozenset(
    {"campfire", "fire", "candle", "lantern", "jack-o'-lantern", "light bulb", "fireworks", "sparkler", "phoenix"}
)
# Which way the sprites look that do not look to the left, as most emoji do.
RIGHTWARD = frozenset({"airplane", "rocket"})
RIGHTWARD_SETS: dict[str, bool] = {}


def place(
    view: View,
    image: Tensor,
    library: SpriteLibrary,
    lane: Callable | None = None,
    seen: list[Frame] | None = None,
) -> Tensor:
    """Lay the things of every scene over its picture: (B, 3, T, H, W), T grown to the view's times where they move.

    `lane(view)` gives, for scenes with a river, a function of depth: (middle, half width). `seen` says what the
    cameras of the scenes see when; without, they see everything.
    """
    if not any(spec.things for spec in view.specs):
        return image
    frames = view.t.shape[2]
    shape = len(view.specs), 3, frames, view.y.shape[3], view.x.shape[4]
    image = image.expand(shape).clone()
    for row, spec in enumerate(view.specs):
        if spec.things:
            one = view.pick([row]) if len(view.specs) > 1 else view
            course = lane(one) if lane and spec.scene == "river" else None
            frame = seen[row] if seen else None
            for item in arrange(spec, float(view.horizon[row]), view.aspect, library, course, frame):
                _draw(one, image[row], item)
    return image


def _draw(view: View, image: Tensor, item: Item) -> None:
    """Draw one thing into a picture 3 T H W, with its shadow or its reflection."""
    times = view.t.flatten().tolist()
    moves = torch.tensor([moved(item, seconds) for seconds in times], device=view.device)  # T 4
    texture = _texture(item, view)
    window = _window(view, item, [box(item, seconds) for seconds in times])
    canvas = image[:, :, window[0], window[1]]
    x, y = view.x[0, 0, :, :, window[1]], view.y[0, 0, :, window[0], :]  # 1 1 w, 1 h 1
    alpha = None
    if item.thing.place in ("ground", "plain") and not item.bust:
        _shadow(view, canvas, item, texture, moves, x, y)
    if item.thing.place == "water" and item.motion != "glide":
        line = item.y + 0.0025 * torch.sin(x * 60 + view.t[0, 0] * 3.0 + 6 * item.phase) * (0.3 + item.depth)
        _reflect(view, canvas, item, texture, moves, x, y, line)
        alpha = ((line - y) / (1.6 * view.px) + 0.5).clamp(0, 1)  # T h w
    patch = _sampled(texture, item, moves, x, y)
    _lay(canvas, _stand_out(patch if alpha is None else patch * alpha[:, None], canvas))


def _lay(canvas: Tensor, patch: Tensor) -> None:
    """Lay premultiplied `patch` (T 4 h w) over `canvas` (3 T h w) in place."""
    colour, alpha = patch[:, :3].transpose(0, 1), patch[:, 3:].transpose(0, 1)
    canvas.copy_(colour + canvas * (1 - alpha))


def _stand_out(patch: Tensor, canvas: Tensor) -> Tensor:
    """Lighten or darken a thing (T 4 h w) that is as bright as what lies behind it (3 T h w), at all times alike.

    An eagle in a canyon at dusk has the canyon's brightness; without this nobody could say that it is there.
    """
    alpha = patch[:, 3:].double()
    covered = float(alpha.sum())
    if covered < 1.0:
        return patch
    weights = alpha.new_tensor(BT601).view(1, 3, 1, 1)
    behind = float((canvas.transpose(0, 1).double() * alpha * weights).sum()) / covered
    bright = float((patch[:, :3].double() * weights).sum()) / covered
    lighter = behind < _DARK or (bright > behind and behind < 1 - CONTRAST)
    target = behind + CONTRAST if lighter else behind - CONTRAST
    colour = patch[:, :3]
    if lighter and bright < target:
        colour = torch.lerp(colour, patch[:, 3:].expand_as(colour), (target - bright) / (1 - bright))
    elif not lighter and bright > target:
        colour = colour * (target / bright)
    return torch.cat([colour, patch[:, 3:]], 1)


CONTRAST = 0.26  # least difference in brightness between a thing and what lies behind it
_DARK = 0.4  # what lies behind is darker than this: a thing is made lighter, as nobody finds a dark one there


def _window(view: View, item: Item, boxes: list[tuple[float, ...]]) -> tuple[slice, slice]:
    """Return the rows and columns that the thing, its shadow and its reflection can touch."""
    below = {"water": item.height * 0.9, "ground": item.height * 0.7, "plain": item.height * 0.2}.get(
        item.thing.place, 0.0
    )
    side = item.height * 0.6 if item.thing.place == "ground" else 0.02 + 0.15 * item.width
    left, right = min(box[0] for box in boxes) - side, max(box[2] for box in boxes) + side
    top, bottom = min(box[1] for box in boxes) - 0.02, max(max(box[3] for box in boxes), item.y + below) + 0.02
    return _span(top, bottom, view.y[0, 0, :, :, 0]), _span(left, right, view.x[0, 0, :, 0])


def _span(low: float, high: float, line: Tensor) -> slice:
    """Return the pixels of `line` (T N, where each pixel is at each time) that lie between `low` and `high` at some time."""
    touched = ((line >= low) & (line <= high)).any(0).nonzero().flatten()
    return slice(int(touched[0]), int(touched[-1]) + 1) if len(touched) else slice(0, 1)


def _texture(item: Item, view: View) -> Tensor:
    """Return the sprite 1 4 h w as this light shows it, made small without aliasing, with an empty border."""
    pixels = torch.from_numpy(item.pixels).to(view.device).permute(2, 0, 1)
    tall = min(max(round(item.height / view.px * 1.25), 2), pixels.shape[1])
    wide = min(max(round(item.width / view.px * 1.25), 2), pixels.shape[2])
    if (tall, wide) != pixels.shape[1:]:
        pixels = F.interpolate(pixels[None], (tall, wide), mode="bilinear", antialias=True, align_corners=False)[
            0
        ].clamp(0, 1)
    if _flipped(item):
        pixels = pixels.flip(-1)
    colour, alpha = _lit(view, item, pixels[:3], pixels[3:]), pixels[3:]
    return F.pad(torch.cat([colour, alpha])[None], (1, 1, 1, 1))


def _flipped(item: Item) -> bool:
    """Say whether the sprite must be turned to look where it goes; what stands still is never turned."""
    if item.motion in ("none", "nod", "spin", "rise", "flicker", "drift"):
        return False
    rightward = item.noun.name in RIGHTWARD or RIGHTWARD_SETS.get(item.thing.sprite.partition("/")[0], False)
    return (item.way > 0) != rightward


def _lit(view: View, item: Item, colour: Tensor, alpha: Tensor) -> Tensor:
    """Return premultiplied colour 3 h w under the scene's light and behind its air; dark at night, but readable."""
    if item.thing.place == "plain":
        return colour
    light = {name: view.light[name][0, :, 0] for name in ("ambient", "key", "haze", "air")}  # 3 1 1
    shine = light["ambient"] + 0.72 * light["key"]
    grey = shine.mean(0, keepdim=True)
    shine = torch.lerp(shine, grey.expand_as(shine), 0.5)
    scene = view.specs[0].scene
    shine = shine * (_BRIGHT.get(scene, 0.55) / grey).clamp(min=1.0) / grey.clamp(min=1.0)
    if item.noun.name in GLOWING:
        shine = shine.clamp(min=1.0)
    if scenes()[scene].under_water:
        light["haze"] = colour.new_tensor(_WATER).view(3, 1, 1)
    far = (0.60 if scenes()[scene].under_water else 0.22) * (1 - item.depth) ** 1.5 + 0.03
    thick = 1 - torch.exp(-light["air"] * far)
    return torch.lerp((colour * shine).clamp(max=1.0), light["haze"] * alpha, thick)


_BRIGHT = {"space": 0.85, "neon street": 0.70, "coral reef": 0.80}  # least light there
_WATER = (0.08, 0.40, 0.52)  # what hides things under water


def _sampled(texture: Tensor, item: Item, moves: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Return the patch T 4 h w of the thing at its times: moved, turned about its middle, stretched upwards."""
    dx, dy, angle, stretch = (moves[:, k].view(-1, 1, 1) for k in range(4))
    tall = item.height * stretch
    right = x - (item.x + dx)
    down = y - (item.y + dy + tall * (0.5 - item.anchor))
    u = right * angle.cos() + down * angle.sin()
    v = down * angle.cos() - right * angle.sin()
    return _look(texture, u / item.width, v / tall)


def _look(texture: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """Return the texture at (u, v), -0.5 to 0.5 across its inner part, empty outside: T 4 h w."""
    tall, wide = texture.shape[2:]
    u, v = torch.broadcast_tensors(u * (2 * (wide - 2) / wide), v * (2 * (tall - 2) / tall))
    grid = torch.stack([u, v], -1)
    return F.grid_sample(texture.expand(len(grid), -1, -1, -1), grid, align_corners=False)


def _shadow(view: View, canvas: Tensor, item: Item, texture: Tensor, moves: Tensor, x: Tensor, y: Tensor) -> None:
    """Darken the ground: a soft patch below the feet, and a flat shape that falls away from the sun."""
    dx, dy = moves[:, 0].view(-1, 1, 1), moves[:, 1].view(-1, 1, 1)
    plain = item.thing.place == "plain"
    sun = 0.0 if plain else float(view.light["shine"] * view.light["key"].mean()) * 1.4
    side = float(view.sun_side)
    lift = (-dy / item.height).clamp(0, 1)
    right, down = x - (item.x + dx) + 0.06 * side * item.width * (not plain), y - item.y
    round_ = (right / (0.46 * item.width)) ** 2 + (
        (down + 0.01 * item.height) / (0.055 * item.height + 0.10 * item.width * 0.6)
    ) ** 2
    dark = (0.30 if plain else 0.42) * torch.exp(-1.6 * round_) * (1 - 0.6 * lift)
    if sun > 0.1 and item.noun.name not in GLOWING:
        long = 0.55 - 0.33 * float(view.light["elevation"].clamp(0, 1))
        up = down / long
        lean = right + side * up * 0.45
        cast = _look(_soft(texture), lean / item.width, 0.5 - (up + lift * item.height) / item.height)[:, 3]
        cast = cast * (down > 0) * torch.exp(-1.2 * up.clamp(min=0) / item.height)
        dark = torch.maximum(dark, 0.45 * min(sun, 0.85) * cast)
    canvas.mul_(1 - dark)


def _soft(texture: Tensor) -> Tensor:
    """Return the texture blurred, for a shadow with soft edges."""
    size = max(texture.shape[-1] // 10, 1)
    padded = F.pad(texture, (size, size, size, size))
    soft = F.avg_pool2d(padded, 2 * size + 1, 1)
    return soft


def _reflect(
    view: View, canvas: Tensor, item: Item, texture: Tensor, moves: Tensor, x: Tensor, y: Tensor, line: Tensor
) -> None:
    """Lay the wavering mirror image below the waterline, and a soft dark seam where the thing meets the water."""
    below = (y - line).clamp(min=0)
    swing = 0.010 * torch.sin(below * (190 / (0.4 + item.depth)) - view.t[0, 0] * 4.0 + 6 * item.phase)
    mirrored = _sampled(texture, item, moves, x + swing * (below / 0.04).clamp(max=1), 2 * line - y)
    fade = ((y - line) / (1.6 * view.px) + 0.5).clamp(0, 1) * torch.exp(-below / (0.55 * item.height)) * 0.50
    mirrored = torch.cat([mirrored[:, :3] * 0.80, mirrored[:, 3:]], 1)
    _lay(canvas, mirrored * fade[:, None])
    dx = moves[:, 0].view(-1, 1, 1)
    seam = torch.exp(-((below / (0.05 * item.height)) ** 2) - ((x - item.x - dx) / (0.45 * item.width)) ** 4)
    canvas.mul_(1 - 0.30 * seam * (y > line - view.px))


# ---------------------------------------------------------------------------------------------------------- plain grounds


def studio(view: View) -> Tensor:
    """Return plain grounds: a soft gradient, brighter in the middle; paper has its grain."""
    names = [studio_ground(spec) for spec in view.specs]
    table = torch.tensor([GROUNDS[name] for name in names], device=view.device)  # B 2 3
    top, bottom = (table[:, k].view(-1, 3, 1, 1, 1) for k in (0, 1))
    rng = view.rng("studio")
    image = torch.lerp(top, bottom, smooth(0.25, 1.0, view.y + 0.0 * view.x))
    glow = torch.exp(-(((view.x / view.aspect) ** 2 + (view.y - 0.45) ** 2) / 0.22))
    image = over(image, image * 1.05 + 0.02, glow * rng(0.2, 1.0))
    paper = torch.tensor([float(name == "paper") for name in names], device=view.device).view(-1, 1, 1, 1, 1)
    grain = sample("fbm", view.x * 30 + rng(0, 16), view.y * 30 + rng(0, 16), 3) - 0.5
    return (image + 0.05 * paper * grain).clamp(0, 1)
