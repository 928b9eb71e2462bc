"""The settings of training: those of the loop, which every stage has, and the options of single stages. Torch-free.

`--set name=value`, a recipe's [[train]] and `run(overrides=...)` name both kinds alike; `stages.read_settings` sorts them out.
"""

import math
import os
from dataclasses import dataclass

from mutoscope.errors import SettingError, did_you_mean

DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Settings:
    """How the loop trains, whatever the stage."""

    batch: int = 64  # samples a step, over all processes
    accumulate: int = 1  # parts of a process's share of the batch, one after the other: less memory, the same step
    rate: float = 1e-3  # full learning rate
    adam_share: float = 1.0  # AdamW's rate, in shares of `rate`
    seed: int = 0
    samples: int = 0  # stop after so many samples in all; 0 = the budget alone decides
    budget: float = 0.0  # seconds the run may take, all calls together; 0 = the samples alone decide
    muon: bool = True  # Muon for block matrices
    decay: float = 0.25  # share of the run in which the rate falls to zero; 0 when another stage follows
    clip: float = 1.0  # largest norm of the gradient
    ema: float = 6.94  # exponent of the weight average
    save_every: float = 300.0  # seconds between states, less at the start: see clock.py
    preview_every: float = 300.0  # seconds between previews
    log_every: int = 20  # steps between lines of the log
    max_shard: int = 1 << 30  # bytes of one file of a state
    bfloat16: bool = True  # matrix products in bfloat16 where that is faster; weights stay float32
    device: str = "auto"  # cpu, cuda, or auto: a GPU where there is one
    compile: bool = False  # torch.compile; pays in runs of many minutes
    checkpointing: bool = False  # keep only the inputs of each block, compute it again: less memory, a third more time
    shard: bool = False  # under torchrun: split weights and optimiser over the processes (FSDP2), do not copy them
    snapshots: int = 8  # of the weight averages over the run, for `mutoscope train ema`; 0 keeps none
    skip_limit: int = 10  # steps in a row without a finite loss and gradient that end the run

    def __post_init__(self):
        for name, low in (("batch", 1), ("samples", 0), ("budget", 0), ("log_every", 1), ("max_shard", 1), ("seed", 0),
                          ("save_every", 0), ("preview_every", 0), ("ema", 0), ("adam_share", 0), ("accumulate", 1),
                          ("snapshots", 0), ("skip_limit", 1)):  # fmt: skip
            _check_at_least(self, name, low)
        _check_positive(self, "rate", "clip")
        _check_share(self, "decay")
        if self.device not in DEVICES:
            hint = did_you_mean(self.device, DEVICES)
            raise SettingError(f"setting device must be one of {', '.join(DEVICES)}{hint}")

    def part_size(self, processes: int) -> int:
        """Return how many samples one of `processes` takes at once; SettingError when the settings do not fit together."""
        parts = self.accumulate * processes
        if self.batch % parts:
            raise SettingError(
                f"batch {self.batch} cannot be cut into {parts} equal parts ({processes} processes, accumulate "
                f"{self.accumulate}); take batch={parts * math.ceil(self.batch / parts)}"
            )
        if self.shard and processes == 1:
            raise SettingError(
                "shard=true needs more than one process; start: torchrun --nproc-per-node N -m mutoscope"
            )
        return self.batch // parts


@dataclass(frozen=True)
class ImageOptions:
    """Options of the image stage."""

    curriculum: float = (
        0.0  # share of the run over which the sizes of the data come in, smallest first; 0 = all at once
    )
    fine: float = 1.0  # highest noise level of pictures over three times the smallest's area: those are refined
    shift: float = 1.0  # times as far as its size asks a picture's noise levels are pushed towards noise
    caption_dropout: float = 0.1  # share of captions replaced by the empty one, which guidance needs
    shuffle_tags: bool = False  # captions are tags parted by commas: four orders of each are learned
    tag_dropout: float = 0.0  # share of tags left out of each of the four wordings
    keep_tags: int = 0  # tags at the start that stay where they are
    mirror: bool = True  # pictures are seen mirrored too, where that keeps their captions true
    repeats: bool = True  # items of a folder 10_name count ten times, as with kohya

    def __post_init__(self):
        _check_positive(self, "shift", "fine")
        _check_share(self, "curriculum", "fine", "caption_dropout", "tag_dropout")
        _check_at_least(self, "keep_tags", 0)


@dataclass(frozen=True)
class VideoOptions(ImageOptions):
    """Options of the video stage, which learns from pictures and clips together."""

    clip_share: float = 0.35  # of the steps that learn from clips; the others learn from pictures

    def __post_init__(self):
        super().__post_init__()
        _check_share(self, "clip_share")


@dataclass(frozen=True)
class DistilOptions:
    """Options of the stage distil."""

    curriculum: float = 0.0  # as of the image stage

    def __post_init__(self):
        _check_share(self, "curriculum")


Options = ImageOptions | DistilOptions


def process_count() -> int:
    """Return how many processes torchrun started for this run; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def _check_at_least(values: object, name: str, low: float) -> None:
    if not low <= getattr(values, name) < math.inf:
        raise SettingError(f"setting {name} must be {low} or more, got {getattr(values, name)}")


def _check_positive(values: object, *names: str) -> None:
    for name in names:
        if not 0 < getattr(values, name) < math.inf:
            raise SettingError(f"setting {name} must be above 0, got {getattr(values, name)}")


def _check_share(values: object, *names: str) -> None:
    for name in names:
        if not 0 <= getattr(values, name) <= 1:
            raise SettingError(f"setting {name} is a share, 0 to 1, got {getattr(values, name)}")
