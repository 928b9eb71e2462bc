"""Sixty requests with the pictures and clips they gave: what a change of the code does to pixels shows here.

    requests.toml         arguments of TextToImageModel().generate, or of TextToVideoModel().generate where there are num_frames
    pictures/NAME.png     their pixels; frames of a clip, or several pictures, one below the other
    requests-0.1.0.json   the request that version 0.1.0 wrote into each file; never written again

Kernels for different instruction sets differ in their last bits, so each PNG says which kind of CPU made it: on that kind a
picture must come back to the byte, on another one with at least `NEAR_DB`. `scripts/make_golden` writes the pictures.
"""

import json
import math
import platform
import tomllib
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from mutoscope import TextToImageModel, TextToVideoModel

FOLDER = Path(__file__).parent
PICTURES = FOLDER / "pictures"
KIND_KEY = "CPU"  # of the text inside the PNG
NEAR_DB = 50.0  # PSNR on another kind of CPU
# The instruction sets that ONNX Runtime and numpy choose their kernels by, as /proc/cpuinfo names them.
INSTRUCTION_SETS = (
    "avx", "avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_int8",
    "asimd", "asimddp", "i8mm", "bf16", "sve", "sve2",
)  # fmt: skip


@cache
def read_requests() -> dict[str, dict[str, Any]]:
    """Return {name: arguments} of all requests."""
    return tomllib.loads((FOLDER / "requests.toml").read_text(encoding="utf-8"))


@cache
def read_old_requests() -> dict[str, str]:
    """Return {name: JSON} as version 0.1.0 wrote the requests."""
    return json.loads((FOLDER / "requests-0.1.0.json").read_text(encoding="utf-8"))


def picture_path(name: str) -> Path:
    """Return where the picture of a request is stored."""
    return PICTURES / f"{name}.png"


def open_models() -> tuple[TextToImageModel, TextToVideoModel]:
    """Return the embedded model for pictures and for clips, on one thread: more threads may add up in another order."""
    return TextToImageModel(threads=1), TextToVideoModel(threads=1)


def generate(models: tuple[TextToImageModel, TextToVideoModel], name: str) -> list[Any]:
    """Return the pictures, or the clip, of one request."""
    arguments = dict(read_requests()[name])
    for key in ("image", "mask_image"):
        if key in arguments:
            arguments[key] = INIT_IMAGES[arguments[key]]()
    made = models["num_frames" in arguments].generate(**arguments)
    return made if isinstance(made, list) else [made]


def strip(made: list[Any]) -> np.ndarray:
    """Return pictures, or the frames of clips, one below the other: (n H, W, 3) uint8."""
    frames = [one.frames if hasattr(one, "frames") else one.pixels[None] for one in made]
    return np.concatenate([frame for several in frames for frame in several])


def read_golden(name: str) -> tuple[np.ndarray, str]:
    """Return the stored pixels of a request and the kind of CPU that made them."""
    with Image.open(picture_path(name)) as picture:
        return np.asarray(picture.convert("RGB")), str(picture.info.get(KIND_KEY, ""))


def write_golden(name: str, pixels: np.ndarray) -> None:
    """Store pixels as the ones that a request must give."""
    text = PngImagePlugin.PngInfo()
    text.add_text(KIND_KEY, cpu_kind())
    PICTURES.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(picture_path(name), "PNG", optimize=True, pnginfo=text)


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio of two pictures in dB: infinite for equal ones, 0 for different shapes."""
    if one.shape != other.shape:
        return 0.0
    error = np.mean((one.astype(np.float64) - other.astype(np.float64)) ** 2)
    return 10.0 * math.log10(255.0**2 / error) if error else math.inf


@cache
def cpu_kind() -> str:
    """Return what decides the last bits of a picture: system, instruction sets, versions of the libraries that calculate.

    For example "Linux x86_64 avx avx2 fma f16c, onnxruntime 1.32, numpy 2.4".
    """
    flags: set[str] = set()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        lines = (line.partition(":") for line in info.read_text(errors="replace").splitlines())
        flags = {flag for key, _, values in lines if key.strip() in ("flags", "Features") for flag in values.split()}
    machine = " ".join([platform.system(), platform.machine(), *(name for name in INSTRUCTION_SETS if name in flags)])
    libraries = [f"{name} {'.'.join(version(name).split('.')[:2])}" for name in ("onnxruntime", "numpy")]
    return ", ".join([machine, *libraries])


def _hills() -> np.ndarray:
    """Return a sky that darkens upwards over two waves of land, (64, 96, 3) uint8; integers only, so equal everywhere."""
    rows, columns = np.indices((64, 96))
    sky = np.stack([250 - 2 * (63 - rows), 200 - (63 - rows), 140 + (63 - rows)], -1)
    far = rows > 34 + abs(columns % 48 - 24) // 3
    near = rows > 46 + abs((columns + 20) % 64 - 32) // 4
    sky[far] = (70, 90, 120)
    sky[near] = (40, 80, 40)
    return sky.clip(0, 255).astype(np.uint8)


def _stripes() -> np.ndarray:
    """Return diagonal stripes of four colours, (96, 96, 3) uint8."""
    rows, columns = np.indices((96, 96))
    colors = np.array([(220, 60, 40), (240, 200, 80), (40, 120, 180), (240, 240, 230)], np.uint8)
    return colors[(rows + columns) // 12 % 4]


def _upper_half() -> np.ndarray:
    """Return a mask for `hills`, (64, 96) uint8: the upper half is drawn anew."""
    mask = np.zeros((64, 96), np.uint8)
    mask[:32] = 255
    return mask


INIT_IMAGES = {"hills": _hills, "stripes": _stripes, "upper half": _upper_half}
