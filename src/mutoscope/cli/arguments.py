"""How text of the command line becomes values: strict numbers, sizes, lengths of time; and the options that commands share.

Ranges are not checked here but where the value is used (`prompt.Request`, `media.check_output`), so that Python and the
command line refuse the same things with the same words.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.models import ArgumentInfo, OptionInfo

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
    if words is None or words == "-1":
        import secrets  # who gives a seed need not wait for it

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
        raise SettingError("--vary-seed needs --vary; give both, for example --vary 0.2 --vary-seed 3")
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


def argument(metavar: str, about: str) -> ArgumentInfo:
    """Declare a positional argument such as FILE."""
    return typer.Argument(metavar=metavar, parser=text, help=about)


def text_option(names: str, metavar: str, about: str) -> OptionInfo:
    """Declare an option that takes text as it is; `names` are separated by spaces."""
    return typer.Option(*names.split(), metavar=metavar, parser=text, help=about)


def int_option(names: str, example: int, about: str, metavar: str = "N") -> OptionInfo:
    """Declare an option that takes a whole number; the message that refuses others shows the last name and the example."""
    return typer.Option(*names.split(), metavar=metavar, parser=whole(names.split()[-1], example), help=about)


def float_option(name: str, example: float, about: str, metavar: str = "X") -> OptionInfo:
    """Declare an option that takes a finite number."""
    return typer.Option(name, metavar=metavar, parser=decimal(name, example), help=about)


def flag(names: str, about: str) -> Any:
    """Declare a switch."""
    return typer.Option(*names.split(), help=about)


# Options of the commands that draw.
Prompt = Annotated[str, argument("PROMPT", "What to draw, in quotes.")]
Output = Annotated[
    str | None,
    text_option(
        "-o --output",
        "FILE",
        "Output file; its ending selects the format. An existing file is replaced. Default: a new name in outputs/.",
    ),
]
Number = Annotated[int, int_option("-n --number", 4, "Number of results: NAME-0, NAME-1, ...")]
Style = Annotated[
    str | None,
    text_option(
        "--style",
        "STYLE",
        "Style names, with strengths: watercolor, anime:0.5, watercolor:0.7,pixel art:0.3; mutoscope styles lists them.",
    ),
]
Size = Annotated[
    str | None,
    text_option(
        "--size",
        "SIZE",
        f"{', '.join(ASPECTS)}; an aspect ratio such as 16:9; or WIDTHxHEIGHT in pixels, such as 192x128.",
    ),
]
Width = Annotated[
    int | None, int_option("--width", 128, "Width in pixels; clips up to 512, pictures up to 2048.", "PIXELS")
]
Height = Annotated[
    int | None, int_option("--height", 128, "Height in pixels; clips up to 512, pictures up to 2048.", "PIXELS")
]
NegativePrompt = Annotated[str | None, text_option("--negative-prompt --not", "WORDS", "What should not be seen.")]
Steps = Annotated[int | None, int_option("--steps", 12, "Sampling steps: more is slower and finer.")]
Guidance = Annotated[float | None, float_option("--guidance", 3.0, "How closely to follow the prompt.", "SCALE")]
Seed = Annotated[
    str | None,
    text_option("--seed", "N", "Random seed: the same seed gives the same result. -1 or none draws a new one."),
]
Sprites = Annotated[
    str,
    text_option(
        "--sprites",
        "SETS",
        "Sprite sets for objects, separated by commas: folders, .tar files, fonts; system = the emoji font.",
    ),
]
Image = Annotated[
    str | None, text_option("--image", "FILE", "Picture to start from; it sets the size too, unless another is given.")
]
FirstFrame = Annotated[
    str | None,
    text_option("--image", "FILE", "Picture to use as the first frame; it sets the size too, unless another is given."),
]
Strength = Annotated[
    float | None,
    float_option(
        "--strength",
        0.6,
        "How much of --image is redrawn: 0 keeps it, 1 starts from noise. Default: 0.6, with --mask 1.",
        "S",
    ),
]
Mask = Annotated[
    str | None,
    text_option("--mask", "FILE", "Mask of the size of --image: white is redrawn, black is kept."),
]
Vary = Annotated[
    float | None,
    float_option("--vary", 0.2, "Vary the picture: 0 is the same picture, 1 that of another seed.", "SHARE"),
]
VarySeed = Annotated[
    str | None, text_option("--vary-seed", "N", "Seed that --vary moves towards; -1 or none draws one.")
]
SameImage = Annotated[str | None, text_option("--image", "FILE", "The picture that the file was made from, if it was.")]
SameMask = Annotated[str | None, text_option("--mask", "FILE", "The mask that the file was made with.")]
Votes = Annotated[str | None, text_option("--votes", "FILE", "Votes from the pages of mutoscope compare --blind.")]
Adapter = Annotated[
    str | None,
    text_option(
        "--adapter",
        "NAME:SCALE",
        "Adapters or LoRA files: mystyle, mystyle:0.8, a file, or several such as one:0.5,other:0.5.",
    ),
]
NoObjects = Annotated[
    bool, flag("--no-objects --no-things", "Let the network draw objects by itself, without the object library.")
]
Postprocess = Annotated[
    str | None,
    text_option(
        "--postprocess",
        "STEP",
        "Step after decoding: none, pixelate, triangulate or posterize. Default: the style's own.",
    ),
]

# Options of every command that runs a model.
Model = Annotated[
    str | None,
    text_option(
        "--model",
        "MODEL",
        "Checkpoint folder, OWNER/NAME or a name of mutoscope models, openai:URL, world. Default: the embedded model.",
    ),
]
Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="NAME",
        parser=text,
        help="A model, as for mutoscope image; once for each. Default: the own.",
    ),
]
Runtime = Annotated[str, text_option("--runtime", "NAME", "auto, onnx or torch.")]
Threads = Annotated[int | None, int_option("--threads", 2, "Number of CPU threads.")]
Precision = Annotated[
    str | None,
    text_option(
        "--precision",
        "NAME",
        "fp32, or int8: faster on some CPUs; fp32, bf16, fp16 of models made elsewhere.",
    ),
]
Device = Annotated[str, text_option("--device", "NAME", "For models made elsewhere: auto, cpu, cuda, cuda:1 or mps.")]
Offload = Annotated[
    str,
    text_option(
        "--offload",
        "HOW",
        "What of such a model stays in the CPU's memory until a GPU needs it: auto, none, model or group.",
    ),
]
SamePrecision = Annotated[
    str | None, text_option("--precision", "NAME", "Another precision, fp32 or int8. Default: the file's own.")
]
NoMetadata = Annotated[
    bool, flag("--no-metadata", "Leave the request out of the file; redo cannot make it again then.")
]
NoMarking = Annotated[
    bool, flag("--no-marking", "Leave out the mark that says a model made this. The law may require it.")
]
Quiet = Annotated[bool, flag("--quiet -q", "Print only the files, no progress and no warnings.")]
Json = Annotated[bool, flag("--json", "Print one JSON object per line instead of text.")]

# Options of the commands for data and training.
FillFolder = Annotated[str, text_option("--out", "DIR", "Folder to fill; run the same command again to continue.")]
Preset = Annotated[str, text_option("--preset", "NAME", "tiny, nano, mini, base or large.")]
ModelCardFile = Annotated[str | None, text_option("--out", "FILE", "Write the model card there, as Markdown.")]
WorldSeed = Annotated[int, int_option("--seed", 0, "Seed of the scenes.")]
TrainingSeed = Annotated[int, int_option("--seed", 0, "Seed of the training.")]
ClipFrames = Annotated[int | None, int_option("--frames", 25, "Frames per clip. Default: 25.")]
ClipFps = Annotated[int | None, int_option("--fps", 12, "Frames per second. Default: 12.")]
Workers = Annotated[int | None, int_option("--workers", 2, "Worker processes. Default: one per core.")]
OnRay = Annotated[bool, flag("--ray", "Run on the Ray cluster that RAY_ADDRESS names, or on a local one.")]


def read_prompts(path: Path) -> list[str]:
    """Return the lines of a file that say something; OutputError or PromptError otherwise."""
    if not path.is_file():
        raise OutputError(f"{str(path)!r} is not a file; --prompts takes a text file with one prompt per line")
    from mutoscope.prompt.wildcards import read_lines

    return list(read_lines(path))
