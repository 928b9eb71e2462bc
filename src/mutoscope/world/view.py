"""What every part of the renderer is handed: the pixel grid, the clock, the light, and each scene's own random numbers.

    image    B 3 T H W   display colours in [0, 1]
    field    B 1 T H W   one number a pixel; any axis may be 1 and broadcasts
    number   B 1 1 1 1   one number a scene;  color  B 3 1 1 1

x runs from -aspect/2 to aspect/2, y from 0 (top) to 1 (bottom), t in seconds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from mutoscope.rng import stream
from mutoscope.world.lights import light_numbers, sun_events
from mutoscope.world.spec import SceneSpec

_DRAWS = 128


class SceneRng:
    """Random numbers of one part of each scene: `stream(seed, index, part)`, drawn in order."""

    def __init__(self, specs: Sequence[SceneSpec], part: str, device):
        rows = [torch.from_numpy(stream(s.seed, s.index, part).uniform(shape=(_DRAWS,))) for s in specs]
        self._units = torch.stack(rows).float().to(device)
        self._next = 0

    def __call__(self, low: float = 0.0, high: float = 1.0) -> Tensor:
        """Return the next number of every scene, even in [low, high): B 1 1 1 1."""
        unit = self._units[:, self._next].view(-1, 1, 1, 1, 1)
        self._next += 1
        return low + (high - low) * unit

    def side(self) -> Tensor:
        """Return -1 or 1 for every scene."""
        return (self() > 0.5).float() * 2 - 1

    def color(self, *options: tuple[float, float, float]) -> Tensor:
        """Return one of `options` for every scene: B 3 1 1 1."""
        table = torch.tensor(options, device=self._units.device)
        return table[(self() * len(options)).long().flatten()].view(-1, 3, 1, 1, 1)

    def seed(self) -> Tensor:
        """Return a whole number for `cell_random`."""
        return self(0, 4096).floor()


Numbers = float | tuple[float, ...]  # of one name: a number or a colour


@dataclass(frozen=True)
class View:
    """A group of scenes of one kind on one pixel grid."""

    specs: tuple[SceneSpec, ...]
    x: Tensor  # 1 1 1 1 W
    y: Tensor  # 1 1 1 H 1
    t: Tensor  # 1 1 T 1 1, seconds
    aspect: float  # width / height
    px: float  # height of one pixel
    horizon: Tensor  # number: y of the horizon
    sun_x: Tensor  # number
    sun_y: Tensor  # number; B 1 T 1 1 while the sun rises or sets
    light: dict[str, Tensor]  # colours and numbers of lights.py, bent by the weather

    @property
    def device(self):
        return self.x.device

    @property
    def depth(self) -> Tensor:
        """Return 0 at the horizon and 1 at the bottom edge, negative in the sky: a field."""
        return (self.y - self.horizon) / (1 - self.horizon)

    @property
    def sun_side(self) -> Tensor:
        """Return -1 where the light comes from the left, 1 from the right."""
        return (self.sun_x > 0).float() * 2 - 1

    def rng(self, part: str) -> SceneRng:
        return SceneRng(self.specs, part, self.device)

    def rgb(self, red: float, green: float, blue: float) -> Tensor:
        return torch.tensor((red, green, blue), device=self.device).view(1, 3, 1, 1, 1)

    def each(self, fact: str, table: Mapping[str, Numbers], default: Numbers = 0.0) -> Tensor:
        """Look the fact of every scene up in `table` of numbers or colours: a number or a color."""
        rows = [table.get(getattr(spec, fact), default) for spec in self.specs]
        return torch.tensor(rows, device=self.device).view(len(rows), -1, 1, 1, 1)

    def rows(self, fact: str, *values: str) -> list[int]:
        """Return the places in the batch whose fact is one of `values`."""
        return [i for i, spec in enumerate(self.specs) if getattr(spec, fact) in values]

    def pick(self, rows: list[int]) -> "View":
        """Return the view of a part of the batch."""
        if len(rows) == len(self.specs):
            return self
        place = torch.tensor(rows, device=self.device)
        taken = {f.name: getattr(self, f.name)[place] for f in fields(self) if f.name in ("horizon", "sun_x", "sun_y")}
        light = {name: value[place] for name, value in self.light.items()}
        return replace(self, specs=tuple(self.specs[i] for i in rows), light=light, **taken)

    def band(self, top: float, bottom: float) -> slice:
        """Return the pixel rows from `top` to `bottom` (y)."""
        height = self.y.shape[3]
        start = min(max(int(top * height) - 2, 0), height - 1)
        return slice(start, min(max(int(bottom * height) + 3, start + 1), height))

    def lit(self, albedo: Tensor, shade: Tensor | float = 1.0, pure: float = 0.0) -> Tensor:
        """Return the colour of a surface: ambient light everywhere, the sun's where `shade` is 1.

        `pure` in [0, 1] keeps the surface's own hue under coloured light, so that pink blossom stays pink at sunset.
        """
        return albedo * (self._whiter("ambient", pure) + self._whiter("key", pure) * shade)

    def _whiter(self, name: str, share: float) -> Tensor:
        color = self.light[name]
        return torch.lerp(color, color.mean(1, keepdim=True).expand_as(color), share) if share else color

    def hazed(self, color: Tensor, far: Tensor | float) -> Tensor:
        """Return `color` seen through `far` (0 near, 1 at the horizon) of air."""
        thick = 1 - torch.exp(-self.light["air"] * far)
        return torch.lerp(color, self.light["haze"], thick)


def on_rows(view: View, image: Tensor, rows: list[int], draw: Callable[[View, Tensor], Tensor]) -> Tensor:
    """Draw on some scenes of the batch only; with no rows, nothing is drawn."""
    if not rows:
        return image
    if len(rows) == len(view.specs):
        return draw(view, image.expand(len(rows), *image.shape[1:]))
    image = image.expand(len(view.specs), *image.shape[1:])
    shown = draw(view.pick(rows), image[rows])
    whole = image.expand(*image.shape[:2], *shown.shape[2:]).clone()
    whole[rows] = shown
    return whole


def wants(view: View, place: str) -> Tensor:
    """Return 1 for the scenes that have a thing in this place: a number, for scenes that can make room for it."""
    rows = [float(any(thing.place == place for thing in spec.things)) for spec in view.specs]
    return torch.tensor(rows, device=view.device).view(-1, 1, 1, 1, 1)


def wanting(view: View, place: str) -> list[int]:
    """Return the places in the batch of the scenes that have a thing in this place."""
    return [i for i, spec in enumerate(view.specs) if any(thing.place == place for thing in spec.things)]


def axes(width: int, height: int, device) -> tuple[Tensor, Tensor]:
    """Return x (1 1 1 1 W) and y (1 1 1 H 1) of the middles of the pixels."""
    x = (torch.arange(width, device=device) + 0.5) / height - width / height / 2
    y = (torch.arange(height, device=device) + 0.5) / height
    return x.view(1, 1, 1, 1, -1), y.view(1, 1, 1, -1, 1)


def make_view(
    specs: Sequence[SceneSpec],
    width: int,
    height: int,
    times: Sequence[float],
    device: str,
    horizons: tuple[float, float],  # range of the horizon's height
    lift: float,  # raises a low sun over land that would hide it
) -> View:
    """Return the view of `specs`, with the horizon and the sun placed."""
    specs = tuple(specs)
    aspect, rng = width / height, SceneRng(specs, "view", device)
    horizon = rng(*horizons)
    light = light_numbers(specs, device, rng)
    height_of_sun = light["elevation"] * rng(0.85, 1.15) + lift * (light["elevation"] < 0.3)
    sun_y = horizon * (1 - height_of_sun).clamp(0.14, 1.0)
    t = torch.tensor(tuple(times), device=device, dtype=torch.float32).view(1, 1, -1, 1, 1)
    if any(spec.event != "none" for spec in specs):
        sun_y = sun_events(specs, light, sun_y, t)
    x, y = axes(width, height, device)
    return View(
        specs=specs,
        x=x,
        y=y,
        t=t,
        aspect=aspect,
        px=1 / height,
        horizon=horizon,
        sun_x=rng.side() * rng(0.10, 0.34) * aspect,
        sun_y=sun_y,
        light=light,
    )
