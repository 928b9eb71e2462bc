"""How words of the command line become values: strict numbers, sizes, lengths of time; and the options that commands share.

Ranges are not checked here but where the value is used (`prompt.Request`, `media.check_output`), so that Python and the
command line refuse the same things with the same words.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from mutoscope.config import ASPECTS
from mutoscope.errors import OutputError, SettingError, SizeError

SECONDS_PER = {"s": 1, "m": 60, "h": 3600, "d": 86400}
MAX_SEED = 2**32


def text(value: str) -> str:
    """Take words as they are, broken characters included; the request says what is wrong with them."""
    return value


def whole(option: str, example: int) -> Callable[[Any], int]:
    """Return a parser of whole numbers that names its option when it refuses."""

    def parse(value: Any) -> int:
        if isinstance(value, int):
            return value
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", value):
            raise typer.BadParameter(f"{option} must be a whole number, for example {example}, got {value!r}")
        return int(value)

    return parse


def decimal(option: str, example: float) -> Callable[[Any], float]:
    """Return a parser of finite numbers that names its option when it refuses."""

    def parse(value: Any) -> float:
        if isinstance(value, float):
            return value
        number = r"[+-]?([0-9]{1,18}(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?"
        if not re.fullmatch(number, value):
            raise typer.BadParameter(f"{option} must be a finite number, for example {example:g}, got {value!r}")
        return float(value)

    return parse


def ask_size(size: str | None, width: int | None, height: int | None) -> dict[str, Any]:
    """Return what was asked of the size as a model takes it, size or width and height; SizeError for both at once."""
    if size is not None and (width is not None or height is not None):
        raise SizeError("got --size together with --width or --height; give one or the other")
    if size is not None and re.fullmatch("[0-9]{1,6}", size):
        size = f"{size}x{size}"
    return {name: value for name, value in (("size", size), ("width", width), ("height", height)) if value is not None}


def read_size(size: str) -> dict[str, int]:
    """Return width and height in pixels of what is to be rendered or trained; SizeError for other words."""
    from mutoscope.shapes import parse_size

    width, height = parse_size(**ask_size(size, None, None))
    return {"width": width, "height": height}


def read_seed(words: str | None, base: int | None = None, option: str = "--seed") -> int:
    """Return the seed: a number, a new random one for None or -1, and with a `base` +1 for the one after it."""
    import secrets

    if words is None or words == "-1":
        return secrets.randbelow(MAX_SEED)
    if base is not None and re.fullmatch(r"\+[0-9]{1,10}", words):
        return (base + int(words)) % MAX_SEED
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", words):
        after = ", or +1 for the seed after the one in the file" if base is not None else ""
        raise SettingError(f"{option} must be a whole number from 0 to {MAX_SEED - 1}{after}, got {words!r}")
    return int(words)


def read_variation(share: float | None, words: str | None, before: float = 0.0, towards: int = 0) -> dict[str, Any]:
    """Return how far the noise is varied and towards which seed; what was not given is as `before`, a new seed is drawn."""
    if share is None and words is None:
        return {}
    share = before if share is None else share
    if share == 0.0 and words is not None:
        raise SettingError("--vary-seed says in which direction --vary goes; give that too, for example --vary 0.2")
    if share == 0.0:
        return {"variation": 0.0, "variation_seed": 0}
    seed = towards if before and words is None else read_seed(words, towards if before else None, "--vary-seed")
    return {"variation": share, "variation_seed": seed}


def read_length(seconds: float | None, frames: int | None) -> dict[str, Any]:
    """Return the length of a clip as a model takes it; SizeError for seconds together with frames."""
    if seconds is not None and frames is not None:
        raise SizeError("got --seconds together with --frames; give one or the other")
    return {"duration_seconds": seconds, "num_frames": frames}


def read_budget(words: str) -> float:
    """Return seconds from 90s, 60m, 1h30m or 2d; raises SettingError for anything else."""
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)([smhd])", words)
    if not parts or "".join(number + unit for number, unit in parts) != words:
        raise SettingError(f"--budget must be a length of time such as 90s, 60m or 1h30m, got {words!r}")
    seconds = sum(float(number) * SECONDS_PER[unit] for number, unit in parts)
    if not 0 < seconds < 366 * 86400:
        raise SettingError(f"--budget must be more than 0 and less than a year, got {words!r}")
    return seconds


def read_settings(pairs: list[str]) -> dict[str, Any]:
    """Return {key: value} from key=value words; a value that is JSON is taken as such, any other is text."""
    import json

    settings: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]*", key):
            raise SettingError(f"--set takes key=value, for example --set rate=0.001, got {pair!r}")
        try:
            settings[key] = json.loads(value, parse_constant=_refuse_constant)
        except json.JSONDecodeError:
            settings[key] = value
    return settings


def _refuse_constant(name: str) -> float:
    raise SettingError(f"--set takes finite numbers, got {name}")


def _option(*names: str, help: str, metavar: str, parser: Callable[[Any], Any] = text, **more: Any) -> Any:
    return typer.Option(*names, help=help, metavar=metavar, parser=parser, **more)


Prompt = Annotated[str, typer.Argument(metavar="PROMPT", parser=text, help="What to draw, in quotes.")]
Output = Annotated[
    str | None,
    _option("-o", "--output", metavar="FILE", help="Where to write it; the ending chooses the format. An existing file "
            "is replaced. Without it a new name in outputs/ is taken."),
]  # fmt: skip
Number = Annotated[
    int,
    _option("-n", "--number", metavar="N", parser=whole("--number", 4), help="How many to make: NAME-0, NAME-1, ..."),
]
Style = Annotated[
    str | None,
    _option("--style", metavar="STYLE", help="Styles by name, with strengths: watercolor, anime:0.5, watercolor:0.7,pixel art:0.3; "
            "mutoscope styles lists them."),
]  # fmt: skip
Size = Annotated[
    str | None,
    _option(
        "--size",
        metavar="SIZE",
        help=f"{', '.join(ASPECTS)}; an aspect, as 16:9; or WIDTHxHEIGHT in pixels, as 192x128.",
    ),
]
Width = Annotated[
    int | None,
    _option(
        "--width",
        metavar="PIXELS",
        parser=whole("--width", 128),
        help="Width in pixels; clips up to 512, pictures up to 2048.",
    ),
]
Height = Annotated[
    int | None,
    _option(
        "--height",
        metavar="PIXELS",
        parser=whole("--height", 128),
        help="Height in pixels; clips up to 512, pictures up to 2048.",
    ),
]
NegativePrompt = Annotated[
    str | None, _option("--negative-prompt", "--not", metavar="WORDS", help="What should not be seen.")
]
Steps = Annotated[
    int | None,
    _option("--steps", metavar="N", parser=whole("--steps", 12), help="Steps of drawing: more is slower and finer."),
]
Guidance = Annotated[
    float | None,
    _option("--guidance", metavar="SCALE", parser=decimal("--guidance", 3.0), help="How closely to follow the prompt."),
]
Seed = Annotated[
    str | None, _option("--seed", metavar="N", help="The same seed gives the same result; -1 or none draws a new one.")
]
Sprites = Annotated[
    str,
    _option("--sprites", metavar="SETS", help="Sets of sprites for things, parted by commas: folders, .tar files, fonts; "
            "system = the emoji font."),
]  # fmt: skip
Image = Annotated[
    str | None,
    _option(
        "--image", metavar="FILE", help="A picture to start from; it gives the size too, unless another is asked for."
    ),
]
FirstFrame = Annotated[
    str | None,
    _option("--image", metavar="FILE", help="A picture that becomes the first frame; it gives the size too, unless another "
            "is asked for."),
]  # fmt: skip
Strength = Annotated[
    float | None,
    _option("--strength", metavar="S", parser=decimal("--strength", 0.6), help="How much of --image is drawn anew: 0 keeps "
            "it, 1 starts from noise; 0.6, with --mask 1."),
]  # fmt: skip
Mask = Annotated[
    str | None,
    _option(
        "--mask", metavar="FILE", help="A picture of the size of --image: what is white is drawn anew, the rest stays."
    ),
]
Vary = Annotated[
    float | None,
    _option("--vary", metavar="SHARE", parser=decimal("--vary", 0.2), help="The same picture, a little different: 0 is the "
            "same, 1 another seed's."),
]  # fmt: skip
VarySeed = Annotated[
    str | None, _option("--vary-seed", metavar="N", help="In which direction --vary goes; -1 or none draws one.")
]
SameImage = Annotated[
    str | None, _option("--image", metavar="FILE", help="The picture that the file was made from, where it was.")
]
SameMask = Annotated[str | None, _option("--mask", metavar="FILE", help="The mask it was made with.")]
Votes = Annotated[
    str | None,
    _option("--votes", metavar="FILE", help="Votes of people, from the pages of mutoscope compare --blind."),
]
Adapter = Annotated[
    str | None,
    _option("--adapter", metavar="NAME:SCALE", help="What mutoscope adapt taught: mystyle, mystyle:0.8, a file, or several "
            "as one:0.5,other:0.5."),
]  # fmt: skip
Model = Annotated[
    str | None, _option("--model", metavar="DIR", help="A checkpoint folder instead of the embedded model.")
]
Runtime = Annotated[str, _option("--runtime", metavar="NAME", help="auto, onnx or torch.")]
Threads = Annotated[
    int | None, _option("--threads", metavar="N", parser=whole("--threads", 2), help="How many CPU threads to use.")
]
NoObjects = Annotated[
    bool,
    typer.Option(
        "--no-objects", "--no-things", help="Let the network draw objects by itself, without the library of drawings."
    ),
]
Postprocess = Annotated[
    str | None,
    _option("--postprocess", metavar="STEP", help="Step after decoding: none, pixelate, triangulate, posterize; without it the "
            "style's own."),
]  # fmt: skip
NoMetadata = Annotated[
    bool,
    typer.Option("--no-metadata", help="Leave the request out of the file; it can then not be made again from it."),
]
NoMarking = Annotated[
    bool, typer.Option("--no-marking", help="Leave out the mark that says a model made this. Laws may ask for it.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the files, no progress and no warnings.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line instead of text.")]


def read_prompts(path: Path) -> list[str]:
    """Return the lines of a file that say something; OutputError or PromptError otherwise."""
    if not path.is_file():
        raise OutputError(f"{str(path)!r} is not a file; --prompts takes a text file with one prompt a line")
    from mutoscope.prompt.wildcards import read_lines

    return list(read_lines(path))
