"""How an option is declared in one line, and the options that several commands of training and data share.

Those of drawing are in arguments.py, with the parsers.
"""

from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.models import ArgumentInfo, OptionInfo

from mutoscope.cli.arguments import decimal, text, whole


def argument(metavar: str, about: str, parser: Callable[[str], Any] = text) -> ArgumentInfo:
    """Declare what stands without a name, such as FILE."""
    return typer.Argument(metavar=metavar, parser=parser, help=about)


def text_option(names: str, metavar: str, about: str) -> OptionInfo:
    """Declare an option that takes words as they are; `names` are parted by blanks."""
    return typer.Option(*names.split(), metavar=metavar, parser=text, help=about)


def int_option(name: str, example: int, about: str, metavar: str = "N") -> OptionInfo:
    """Declare an option that takes a whole number; the example stands in the message that refuses others."""
    return typer.Option(name, metavar=metavar, parser=whole(name, example), help=about)


def float_option(name: str, example: float, about: str, metavar: str = "X") -> OptionInfo:
    """Declare an option that takes a finite number."""
    return typer.Option(name, metavar=metavar, parser=decimal(name, example), help=about)


def flag(name: str, about: str) -> Any:
    """Declare a switch."""
    return typer.Option(name, help=about)


FillFolder = Annotated[str, text_option("--out", "DIR", "The folder to fill; run again to go on.")]
Preset = Annotated[str, text_option("--preset", "NAME", "tiny, nano, mini, base or large.")]
ModelCardFile = Annotated[str | None, text_option("--out", "FILE", "Write the model card there, as Markdown.")]
WorldSeed = Annotated[int, int_option("--seed", 0, "Which world to draw from.")]
TrainingSeed = Annotated[int, int_option("--seed", 0, "Seed of the training.")]
ClipFrames = Annotated[int | None, int_option("--frames", 25, "Frames of a clip; 25.")]
ClipFps = Annotated[int | None, int_option("--fps", 12, "Frames a second; 12.")]
Workers = Annotated[int | None, int_option("--workers", 2, "Processes; one for each core.")]
OnRay = Annotated[bool, flag("--ray", "Spread the work over the Ray cluster that RAY_ADDRESS names, or a local one.")]
