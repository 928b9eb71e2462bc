"""The scenes: each is one function that lays sky, far land, middle and foreground over one another.

To add one: write its function in the file of its kind, name it here and in `spec.py`, give it words in `words/`
(docs/world.md).
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from mutoscope.world.scenes import coast, country, elsewhere, town, water, wild
from mutoscope.world.view import View


@dataclass(frozen=True)
class Scene:
    draw: Callable[[View], Tensor]
    horizons: tuple[float, float]  # range of the horizon's height, y
    lift: float = 0.0  # raises a low sun over land


SCENE_TABLE = {
    "lake": Scene(water.lake, (0.46, 0.60), lift=0.22),
    "beach": Scene(coast.beach, (0.38, 0.50)),
    "mountains": Scene(wild.mountains, (0.48, 0.58), lift=0.40),
    "pine forest": Scene(wild.pine_forest, (0.52, 0.62), lift=0.28),
    "meadow": Scene(country.meadow, (0.46, 0.58), lift=0.16),
    "desert": Scene(wild.desert, (0.42, 0.55), lift=0.08),
    "open sea": Scene(coast.open_sea, (0.40, 0.62)),
    "island": Scene(coast.island, (0.48, 0.60), lift=0.04),
    "snowy village": Scene(town.snowy_village, (0.42, 0.52), lift=0.25),
    "city skyline": Scene(town.city_skyline, (0.58, 0.68), lift=0.10),
    "river": Scene(water.river, (0.44, 0.55), lift=0.20),
    "flower field": Scene(country.flower_field, (0.40, 0.54), lift=0.10),
    "canyon": Scene(wild.canyon, (0.50, 0.62), lift=0.20),
    "volcano": Scene(wild.volcano, (0.60, 0.70), lift=0.30),
    "jungle": Scene(wild.jungle, (0.58, 0.68), lift=0.45),
    "farm field": Scene(country.farm_field, (0.40, 0.52), lift=0.08),
    "road": Scene(country.road, (0.44, 0.54), lift=0.14),
    "garden": Scene(country.garden, (0.42, 0.50), lift=0.20),
    "waterfall": Scene(water.waterfall, (0.66, 0.76), lift=0.55),
    "coral reef": Scene(water.coral_reef, (0.0, 0.05)),
    "lighthouse": Scene(coast.lighthouse, (0.52, 0.64), lift=0.04),
    "harbour": Scene(coast.harbour, (0.44, 0.54), lift=0.18),
    "arctic": Scene(coast.arctic, (0.46, 0.58), lift=0.10),
    "neon street": Scene(town.neon_street, (0.46, 0.54)),
    "space": Scene(elsewhere.space, (0.78, 0.95)),
    "plain ground": Scene(elsewhere.plain_ground, (0.5, 0.5)),
}
