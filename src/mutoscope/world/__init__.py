"""The rendered world: scenes with true captions, in any number, drawn from a seed."""

from mutoscope.world.render import render

__all__ = ["render"]
