"""Which function draws which scene and which style, by the names of the vocabulary.

@draws_scene("lake")
def lake(view: View) -> Tensor: ...          # pixels B 3 T H W in [0, 1]

@draws_style("comic")
def comic(pixels: Tensor, field: Field) -> Tensor: ...
"""

from collections.abc import Callable
from typing import Any, TypeVar

from mutoscope.errors import SettingError, did_you_mean

Drawing = TypeVar("Drawing", bound=Callable[..., Any])
SCENE_DRAWINGS: dict[str, Callable[..., Any]] = {}
STYLE_DRAWINGS: dict[str, Callable[..., Any]] = {}


def draws_scene(name: str) -> Callable[[Drawing], Drawing]:
    """Register the function that draws a scene: (View) -> pixels."""
    return _register(SCENE_DRAWINGS, name)


def draws_style(name: str) -> Callable[[Drawing], Drawing]:
    """Register the function that paints a picture in a style: (pixels of single pictures, Field) -> pixels."""
    return _register(STYLE_DRAWINGS, name)


def find_drawing(table: dict[str, Callable[..., Any]], kind: str, name: str) -> Callable[..., Any]:
    """Return a function of a table; SettingError for a name that has none."""
    if name not in table:
        known = ", ".join(table)
        raise SettingError(f"unknown {kind} {name!r}{did_you_mean(name, tuple(table))}; known: {known}")
    return table[name]


def _register(table: dict[str, Callable[..., Any]], name: str) -> Callable[[Drawing], Drawing]:
    def register(drawing: Drawing) -> Drawing:
        assert name not in table, f"two functions draw {name!r}"
        table[name] = drawing
        return drawing

    return register
