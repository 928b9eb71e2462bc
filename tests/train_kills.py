"""Trains a stage while killing it: `python train_kills.py DATA FOLDER KILLS`; used by `test_train_stop.py`.

FOLDER/whole is trained undisturbed. FOLDER/killed is killed (SIGKILL) when it has come a random bit further than the last time,
every other time while a state is being written, and trained again until it is done. Prints how many kills hit a save.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import torch

from mutoscope.train import run

BATCH, STEPS = 8, 4  # steps from kill to kill


def fit(data: Path, out: Path, kills: int) -> None:
    """Train to the end, a state at every step."""
    settings = {"batch": BATCH, "samples": BATCH * STEPS * (kills + 1), "save_every": 0.0, "log_every": 1}
    for _ in run("codec", preset_name="tiny", data=data, out=out, overrides=settings):
        pass


def reached(stage: Path) -> int:
    """Return the samples of the newest state."""
    return max((int(path.name.partition("-")[2]) for path in stage.glob("state-*")), default=0)


def kill_one(data: Path, out: Path, kills: int, samples: int, during_save: bool) -> bool:
    """Train in a child and kill it soon after it reached `samples`; return whether a state was half written."""
    child = os.fork()
    if child == 0:
        fit(data, out, kills)
        os._exit(0)
    stage, end = out / "codec", time.monotonic() + 60
    while reached(stage) < samples and time.monotonic() < end:
        time.sleep(0.002)
    time.sleep(random.uniform(0, 0.05))
    while during_save and not any(stage.glob(".state-*.tmp")) and time.monotonic() < end:
        pass
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "it ended before it could be killed"
    return any(stage.glob(".state-*.tmp"))


if __name__ == "__main__":
    data, folder, kills = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(1)
    fit(data, folder / "whole", kills)
    in_save = 0
    for i in range(kills):
        in_save += kill_one(data, folder / "killed", kills, BATCH * STEPS * i + 1, during_save=i % 2 == 0)
    fit(data, folder / "killed", kills)
    print(in_save)
