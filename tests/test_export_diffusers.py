"""Our own checkpoint as a folder that stock diffusers opens, in a process of its own, with the same pixels."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("diffusers")

from mutoscope import TextToImageModel
from mutoscope.cli import main
from mutoscope.errors import CheckpointError
from mutoscope.media import open_frames

STOCK = """
import sys, torch
from diffusers import DiffusionPipeline
pipe = DiffusionPipeline.from_pretrained(sys.argv[1], trust_remote_code=True, local_files_only=True)
steps = []
words = dict(width=64, height=64, num_inference_steps=3, callback_on_step_end=lambda pipe, step, time, kept: steps.append(step) or kept)
made = pipe("a lake at sunset", generator=torch.Generator().manual_seed(7), **words)
made.images[0].save(sys.argv[2])
assert steps == [0, 1, 2], steps
arrays = pipe("a lake at sunset", generator=torch.Generator().manual_seed(7), output_type="np", num_images_per_prompt=2, **words)
assert arrays.images.shape == (2, 64, 64, 3) and 0 <= arrays.images.min() and arrays.images.max() <= 1
"""


def test_stock_diffusers_draws_the_same(tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = tmp_path / "for-diffusers"
    for _ in range(2):  # what an export wrote may be replaced
        assert main(["export", str(tiny_checkpoint), "--diffusers", "--out", str(folder)]) == 0
    assert capsys.readouterr().out.split() == [str(folder)] * 2
    command = [sys.executable, "-c", STOCK, str(folder), str(tmp_path / "a.png")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    ours = TextToImageModel(tiny_checkpoint).generate(
        "a lake at sunset", width=64, height=64, num_inference_steps=3, seed=7
    )
    assert np.array_equal(next(open_frames(tmp_path / "a.png")[1]), ours.pixels)
    with pytest.raises(CheckpointError, match="code of its own"):  # our own door runs no code from a folder
        TextToImageModel(folder)


def test_other_folders_are_left_alone(tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("kept")
    assert main(["export", str(tiny_checkpoint), "--diffusers", "--out", str(tmp_path / "mine")]) == 2
    assert "holds something else" in capsys.readouterr().err and (tmp_path / "mine" / "notes.txt").read_text() == "kept"
