"""The two names of the first README: `from model import TextToImageModel, TextToVideoModel`."""

from mutoscope.models import TextToImageModel, TextToVideoModel

__all__ = ["TextToImageModel", "TextToVideoModel"]
