"""The scenes: each is one function that lays sky, far land, middle and foreground over one another.

To add one: describe it in vocabulary/scenes.toml and write its function in the file of its kind, with `@draws_scene` (CONTRIBUTING.md).
"""

from mutoscope.world.registry import SCENE_DRAWINGS
from mutoscope.world.scenes import coast, country, elsewhere, town, water, wild

__all__ = ["SCENE_DRAWINGS", "coast", "country", "elsewhere", "town", "water", "wild"]
