"""The average chosen afterwards: profiles in closed form, a reconstruction against the average kept directly, and the command."""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from mutoscope.cli import main
from mutoscope.errors import CheckpointError, SettingError
from mutoscope.train import ema, run
from mutoscope.train.loop import Objective, Settings, train
from mutoscope.train.optim import PowerAverage


def width_of(exponent: float) -> float:
    """The relative width of a power-function profile (EDM2, eq. 2)."""
    return math.sqrt((exponent + 1) / ((exponent + 2) ** 2 * (exponent + 3)))


def test_widths_and_exponents():
    """EDM2's two: 6.94 is a width of 0.10, 16.97 one of 0.05."""
    assert ema.exponent_of(0.10) == pytest.approx(6.94, abs=0.005)
    assert ema.exponent_of(0.05) == pytest.approx(16.97, abs=0.005)
    for width in (0.02, 0.07, 0.2):
        exponent = ema.exponent_of(width)
        assert width_of(exponent) == pytest.approx(width)
        s = (np.arange(200_000) + 0.5) / 200_000  # the same by integration: the deviation of s with density (e + 1) s^e
        density = (exponent + 1) * s**exponent
        assert width == pytest.approx(np.sqrt((density * s**2).mean() - (density * s).mean() ** 2), rel=1e-3)
    with pytest.raises(SettingError, match="width"):
        ema.exponent_of(0.5)


@pytest.mark.parametrize(
    ("a", "b"), [((1.0, 6.94), (1.0, 16.97)), ((0.4, 16.97), (1.0, 3.0)), ((0.9, 2.0), (0.3, 6.94))]
)
def test_product_is_the_integral(a: tuple[float, float], b: tuple[float, float]):
    s = (np.arange(200_000) + 0.5) / 200_000

    def profile(t: float, e: float) -> np.ndarray:
        return np.where(s <= t, (e + 1) * s**e / t ** (e + 1), 0.0)

    assert ema.product(*a, *b) == pytest.approx(float((profile(*a) * profile(*b)).mean()), rel=1e-4)


def test_a_kept_profile_is_found_exactly():
    known = [(float(step), e) for step in (25, 50, 75, 100) for e in ema.EXPONENTS]
    weights, error = ema.solve(known, (100, ema.EXPONENTS[1]))
    assert weights == pytest.approx([0] * 7 + [1], abs=1e-6) and error < 1e-6


class Walk(Objective[torch.nn.Linear]):
    """A model whose weights drift and shake: what an average is for."""

    def __init__(self) -> None:
        self.model = torch.nn.Linear(16, 16, bias=False)
        torch.nn.init.zeros_(self.model.weight)
        self.others = {width: PowerAverage(self.model, ema.exponent_of(width)) for width in (0.04, 0.07, 0.12)}
        self.steps = 0

    def loss(self, generator: torch.Generator, batch: int, fraction: float):
        if self.steps:
            for average in self.others.values():
                average.update(self.model, self.steps)
        self.steps += 1
        target = torch.randn(16, 16, generator=generator) + 3 * math.sin(3 * fraction)
        return (self.model.weight - target).square().mean(), {}


def test_the_average_of_any_width_is_reconstructed(tmp_path: Path):
    """From eight snapshots of two widths, to 2 % of what the choice of the width changes."""
    walk = Walk()
    settings = Settings(batch=1, samples=800, rate=0.02, muon=False, bfloat16=False, save_every=1e9, device="cpu")
    list(train(walk, tmp_path, settings, lambda samples, sheet: None))
    last = load_file(max((tmp_path / "state-000000000800").glob("tensors-*")))["model.weight"]
    snapshots = ema.find_snapshots(tmp_path)
    assert len(snapshots) == 16 and {s.samples for s in snapshots} == set(range(100, 801, 100))
    for width, average in walk.others.items():
        walk.model.weight.data.copy_(last)
        average.update(walk.model, 800)
        found, error = ema.reconstruct(snapshots, width)
        kept = average.weights["weight"]
        changes = (kept - walk.others[0.12 if width < 0.1 else 0.04].weights["weight"]).norm()
        assert error < 0.05
        assert (found["weight"] - kept).norm() < 0.02 * changes + 1e-3 * kept.norm(), width


@pytest.fixture(scope="module")
def trained(tiny_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "tiny"
    torch.set_num_threads(1)
    for stage in ("codec", "clip", "image"):
        overrides = {"batch": 8, "samples": 64, "rate": 3e-3, "snapshots": 4, "save_every": 1e9}
        list(run(stage, preset_name="tiny", data=tiny_world, out=out, overrides=overrides))
    return out


def test_the_main_width_is_what_the_run_left(trained: Path, tmp_path: Path):
    out = Path(shutil.copytree(trained, tmp_path / "run"))
    part = out / "parts" / "transformer.safetensors"
    left = load_file(part)
    list(ema.choose(out / "image", width=width_of(6.94)))
    chosen = load_file(part)
    assert left.keys() == chosen.keys()
    assert all(torch.allclose(left[name], chosen[name], atol=2e-3, rtol=2e-3) for name in left)  # float16
    list(ema.choose(out / "image", width=0.2))
    wide = load_file(part)
    assert not all(torch.allclose(chosen[name], wide[name], atol=2e-3, rtol=2e-3) for name in left)


def test_pick_takes_the_lowest_loss(
    trained: Path, tiny_world: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ema, "TRIED_WIDTHS", ema.TRIED_WIDTHS[::2])
    out = Path(shutil.copytree(trained, tmp_path / "run"))
    words = ["train", "ema", str(out / "image"), "--pick", "--data", str(tiny_world / "pictures"), "--quiet"]
    assert main(words) == 0
    told = json.loads((out / "image" / "ema.json").read_text())
    losses = {float(width): entry["loss"] for width, entry in told["losses"].items()}
    assert sorted(losses) == sorted(ema.TRIED_WIDTHS) and told["width"] == min(losses, key=lambda width: losses[width])
    assert len(set(losses.values())) > 3 and capsys.readouterr().out.count("held-out loss") == len(ema.TRIED_WIDTHS)


def test_refused(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    with pytest.raises(SettingError, match="image was trained on it"):
        list(ema.choose(trained / "codec", width=0.07))
    (tmp_path / "image").mkdir()
    with pytest.raises(CheckpointError, match="no stored averages"):
        list(ema.choose(tmp_path / "image", width=0.07))
    for words in (
        ["--pick"],
        [],
        ["--width", "0.07", "--pick"],
        ["--width", "0.9"],
        ["--width", "0.07", "--data", "."],
    ):
        assert main(["train", "ema", str(trained / "image"), *words]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_later_snapshots_are_forgotten(tmp_path: Path):
    for samples in (10, 20, 30):
        ema.save_snapshot(tmp_path, {"w": torch.ones(2)}, samples, samples, 6.94)
    ema.forget_after(tmp_path, 20)
    assert [s.samples for s in ema.find_snapshots(tmp_path)] == [10, 20]
