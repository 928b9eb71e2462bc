"""The scenes and what can be in them: plants, lights, weathers, objects and the room for these. Facts of scenes.toml."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from mutoscope.vocabulary.loading import cells, data

Interval = tuple[float, float]


@dataclass(frozen=True)
class Scene:
    """One scene; the head of scenes.toml says what each field means."""

    name: str
    plants: tuple[str, ...]
    lights: tuple[str, ...]
    weathers: tuple[str, ...]
    seasons: tuple[str, ...]
    horizon: Interval  # range of its height, y from the top
    rooms: Mapping[str, Interval]  # place: where objects stand, relative to the horizon
    prepositions: Mapping[str, str]  # place: how an object stands to the scene
    objects: tuple[str, ...]  # at home here
    snow: str  # "", "winter" or "any season"
    lift: float  # raises a low sun over land
    lightless: bool  # neither hour nor weather can be seen
    dry: bool
    water: bool  # open water shows
    fresh_water: bool
    under_water: bool
    surf: bool  # waves that people ride on
    sides: bool  # it has a left and a right
    unbuilt: bool  # no houses
    only_these_objects: bool
    shows_winter: bool  # its one season is said

    def heights(self) -> dict[str, Interval]:
        """Return where objects stand in its picture: place -> (top, bottom), y from the top, for the horizon's mean height."""
        horizon = sum(self.horizon) / 2
        found = {}
        for place, (low, high) in self.rooms.items():
            if place == "air":
                found[place] = (round(horizon * low, 3), round(horizon * high, 3))
            elif place == "plain" or self.under_water:
                found[place] = (low, high)
            else:
                ground = 1 - horizon
                found[place] = (round(horizon + ground * low, 3), round(horizon + ground * high, 3))
        return found


@cache
def scenes() -> dict[str, Scene]:
    """Return every scene by name, in the order of the file."""
    lights, weathers = tuple(data("lights")), tuple(data("weathers"))
    return {
        name: Scene(
            name,
            plants=tuple(row["plants"]),
            lights=tuple(row.get("lights", lights)),
            weathers=tuple(row.get("weathers", weathers)),
            seasons=tuple(row.get("seasons", ("summer",))),
            horizon=_interval(row["horizon"]),
            rooms={place: _interval(room) for place, room in row["rooms"].items()},
            prepositions=row.get("prepositions", {}),
            objects=cells(row.get("objects", "")),
            snow=row.get("snow", ""),
            lift=row.get("lift", 0.0),
            sides=row.get("sides", True),
            **{flag: row.get(flag, False) for flag in _FLAGS},
        )
        for name, row in data("scenes").items()
    }


_FLAGS = (
    "lightless",
    "dry",
    "water",
    "fresh_water",
    "under_water",
    "surf",
    "unbuilt",
    "only_these_objects",
    "shows_winter",
)


def _interval(pair: list[float]) -> Interval:
    low, high = pair
    return float(low), float(high)
