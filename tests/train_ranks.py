"""One process of `test_train_ranks.py`: trains a toy again and again under torchrun, as the JSON in its first argument says, or
prepares a run.

Prints nothing; the runs' folders tell what happened.
"""

import json
import sys
from pathlib import Path

import torch
from torch import nn

from mutoscope.errors import NonFiniteError
from mutoscope.train.loop import Objective, Settings, train
from mutoscope.train.ranks import Ranks, joined


class Toy(Objective[nn.ModuleDict]):
    """Learns a fixed map of numbers drawn from the generator; NaN where `broken` says."""

    def __init__(self, rank: int, broken: tuple[int, ...] = ()):
        torch.manual_seed(0)
        blocks = nn.ModuleList(nn.Sequential(nn.Linear(8, 8), nn.Tanh()) for _ in range(2))
        self.blocks, self.head = blocks, nn.Linear(8, 4)
        self.model = nn.ModuleDict({"blocks": blocks, "head": self.head})
        self.target = torch.randn(8, 4, generator=torch.Generator().manual_seed(1))
        self.rank, self.broken, self.calls = rank, broken, 0

    def _forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(x)

    def loss(self, generator, batch, fraction):
        """Mean squared error of one batch."""
        x = torch.randn(batch, 8, generator=generator)
        self.calls += 1
        loss = (self._forward(x).float() - x @ self.target).square().mean()
        if self.rank in self.broken and self.calls == 2:
            loss = loss * float("nan")
        return loss, {"rank": float(self.rank)}


def fit(told: dict, ranks: Ranks) -> None:
    """Train one toy as told: run, settings, and if wanted stop (samples) and broken (ranks whose second step is NaN)."""
    run = Path(told["run"])
    run.mkdir(parents=True, exist_ok=True)
    settings = Settings(
        **{"batch": 16, "samples": 96, "save_every": 0.0, "log_every": 1, "bfloat16": False, **told["settings"]}
    )
    toy = Toy(ranks.rank, tuple(told.get("broken", ())))
    shown: list[int] = []
    try:
        for event in train(toy, run, settings, lambda samples, sheet: shown.append(samples), ranks):
            if told.get("stop") and event.step >= told["stop"]:
                break
    except NonFiniteError as error:
        (run / f"error-{ranks.rank}").write_text(str(error))
    (run / f"shown-{ranks.rank}").write_text(json.dumps(shown))


def encode(told: dict, ranks: Ranks) -> None:
    """Prepare the image stage of a run, two items or captions a part, and write down the items that this process encoded."""
    from mutoscope.config import preset
    from mutoscope.train import latents, texts
    from mutoscope.train.preparing import prepare
    from mutoscope.train.stages import STAGES

    latents.FRAMES_AT_ONCE, latents.BATCHES_IN_PART, texts.TEXT_BATCH = 2, 1, 2
    run, encoded, make = Path(told["run"]), [], latents._records

    def counting(folder, codec, may_flip, start, stop):
        encoded.extend(range(start, stop))
        return make(folder, codec, may_flip, start, stop)

    latents._records = counting
    for event in prepare(STAGES["image"], preset("tiny"), Path(told["encode"]), run, run / "image", None, ranks.share):
        if told.get("stop") and event.phase == "latents" and event.step >= told["stop"]:
            break
    latents._records = make
    (run / f"encoded-{ranks.rank}").write_text(json.dumps(encoded))


if __name__ == "__main__":
    torch.set_num_threads(1)
    with joined("cpu") as joined_ranks:
        for job in json.loads(sys.argv[1]):
            (encode if "encode" in job else fit)(job, joined_ranks)
