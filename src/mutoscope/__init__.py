"""Mutoscope: words to pictures and to motion, on the machine in front of you.

Importing this loads neither PyTorch nor ONNX Runtime; they come in when a model is made.
"""

from typing import TYPE_CHECKING

__version__ = "0.3.0"
__all__ = ["TextToImageModel", "TextToVideoModel", "__version__"]

if TYPE_CHECKING:
    from mutoscope.models import TextToImageModel, TextToVideoModel


def __getattr__(name: str):
    if name in ("TextToImageModel", "TextToVideoModel"):
        from mutoscope import models

        return getattr(models, name)
    raise AttributeError(f"module 'mutoscope' has no attribute {name!r}")
