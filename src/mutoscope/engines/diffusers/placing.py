"""Where a pipeline computes and with which numbers: device, precision, offload."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mutoscope.engines.diffusers.quantising import need_torchao
from mutoscope.errors import MissingExtraError, SettingError
from mutoscope.hub.headers import spell_bytes

PRECISIONS = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}  # ours: PyTorch's
QUANTISED = (
    "int8"  # weights of linear layers, one scale a row (quantising.py); all else in the precision that would be chosen
)
NUMBER_BYTES = {
    "float64": 8,
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
}  # of the types that are loaded in another precision
KEPT_EXACT = ("vae", "safety_checker", "image_encoder")  # not quantised: small, or all convolutions
OFFLOADS = ("auto", "none", "model", "group")
ROOM = 1.2  # of the weights' own bytes, for what is computed beside them
DECODE_NUMBERS_PER_PIXEL = (
    2200  # what a decoder holds at once for each pixel of a picture, or of a clip's group of frames
)


@dataclass(frozen=True)
class Placement:
    """How a pipeline is run."""

    device: str
    precision: str
    offload: str  # "none", "model", "group"
    quantised: bool = False

    @property
    def dtype(self) -> Any:
        """The type of torch's tensors."""
        import torch

        return getattr(torch, PRECISIONS[self.precision])


def choose_device(asked: str) -> str:
    """Return the device to compute on; SettingError for one that is not there."""
    import torch

    there = [
        "cpu",
        *(f"cuda:{n}" for n in range(torch.cuda.device_count())),
        *(["mps"] if torch.backends.mps.is_available() else []),
    ]
    if asked == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    if asked in there or (asked == "cuda" and torch.cuda.is_available()):
        return asked
    raise SettingError(f"there is no device {asked[:40]!r} here; known: auto, {', '.join(there)}")


def find_precisions() -> dict[str, str]:
    """Return the precisions by name, each with the sentence that says why it cannot be had here, "" where it can."""
    try:
        need_torchao()
        obstacle = ""
    except MissingExtraError as error:
        obstacle = f"precision {QUANTISED}: {error}"
    return dict.fromkeys(PRECISIONS, "") | {QUANTISED: obstacle}


def choose_precision(asked: str | None, stored: str, device: str) -> str:
    """Return what is computed with: what was asked for, else that of the files on a GPU, and fp32 on a CPU, where halves are slow."""
    if asked is not None and asked != QUANTISED:
        return asked
    if device == "cpu":
        return "fp32"
    return next((name for name in ("bf16", "fp16") if PRECISIONS[name] == stored), "fp16")


def choose_placement(
    offload: str, device: str, precision: str, stored: str, parts: Mapping[str, Mapping[str, int]]
) -> tuple[Placement, int]:
    """Return how a model is run whose components have so many bytes by type in their files, and its bytes in memory; SettingError."""
    base, quantised = choose_precision(precision, stored, device), precision == QUANTISED
    sizes = {name: count_bytes(dtypes, base, quantised and name not in KEPT_EXACT) for name, dtypes in parts.items()}
    return Placement(device, base, choose_offload(offload, device, sizes), quantised), sum(sizes.values())


def count_bytes(dtypes: Mapping[str, int], precision: str, quantised: bool = False) -> int:
    """Return the bytes of a component in memory, from those in its files by type; of a quantised one as if all were linear."""
    wanted = 1 if quantised else NUMBER_BYTES[PRECISIONS[precision]]
    return sum(size * wanted // NUMBER_BYTES.get(name, wanted) for name, size in dtypes.items())


def choose_offload(asked: str, device: str, sizes: Mapping[str, int]) -> str:
    """Return what stays in the CPU's memory until it is needed: nothing if all fits, else by component; SettingError."""
    if asked not in OFFLOADS:
        raise SettingError(f"offload must be one of {', '.join(OFFLOADS)}, got {asked[:40]!r}")
    whole, largest = ROOM * sum(sizes.values()), ROOM * max(sizes.values(), default=0)
    free = free_memory(device)
    if not device.startswith("cuda"):
        if asked in ("model", "group"):
            raise SettingError(f"--offload {asked} moves components to a GPU and back, and there is none; leave it out")
        if free is not None and whole > free:
            raise SettingError(f"the model needs about {spell_bytes(whole)} of memory, {spell_bytes(free)} are free here; "
                               "close other programs, or use a smaller model: mutoscope models")  # fmt: skip
        return "none"
    if asked != "auto":
        return asked
    if free is None or whole <= free:
        return "none"
    return "model" if largest <= free else "group"


def needs_tiles(width: int, height: int, number_bytes: int, device: str) -> bool:
    """Say whether a picture is better decoded in tiles: the decoder would take more memory than is free."""
    free = free_memory(device)
    wanted = width * height * DECODE_NUMBERS_PER_PIXEL * number_bytes
    return free is not None and wanted > free


def free_memory(device: str) -> int | None:
    """Return the free bytes of a device's memory, None where the system does not tell."""
    if device.startswith("cuda"):
        import torch

        return torch.cuda.mem_get_info(device)[0]
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable")), None)
    except OSError:
        return None


def place(pipeline: Any, placement: Placement) -> None:
    """Bring a pipeline to its device, or arrange that its parts come when they are needed."""
    if placement.offload == "model":
        pipeline.enable_model_cpu_offload(device=placement.device)
    elif placement.offload == "group":
        pipeline.enable_group_offload(onload_device=placement.device, offload_type="leaf_level", use_stream=True)
    elif placement.device != "cpu":
        pipeline.to(placement.device)
