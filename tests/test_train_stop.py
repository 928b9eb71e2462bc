"""How a run ends before its time: a signal, a kill, a full disk, numbers that are not finite; and what it then leaves."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from mutoscope.cli import main
from mutoscope.errors import Cancelled, NonFiniteError, StorageFullError
from mutoscope.train.loop import Objective, Settings, train
from mutoscope.train.state import load_state, save_state

SCRIPT = Path(__file__).parent / "train_kills.py"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight captioned pictures of 32 px."""
    folder = tmp_path_factory.mktemp("pictures")
    values = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), np.uint8)
    for i, picture in enumerate(values):
        Image.fromarray(picture).save(folder / f"{i}.png")
    rows = [json.dumps({"file": f"{i}.png", "captions": ["a lake"]}) for i in range(8)]
    (folder / "captions.jsonl").write_text("\n".join(rows))
    return folder


class Toy(Objective[torch.nn.Sequential]):
    """A small regression; `event(samples)` is called before each loss."""

    def __init__(self, event: Any = lambda call, loss: loss):
        torch.manual_seed(0)
        self.model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 1))
        self.event, self.calls = event, 0

    def loss(self, generator: torch.Generator, batch: int, fraction: float):
        x = torch.randn(batch, 4, generator=generator)
        self.calls += 1
        return self.event(self.calls, (self.model(x).float() - x.sum(1, keepdim=True)).square().mean()), {}


def fit(toy: Toy, run: Path, **settings: Any) -> list:
    """Train to 80 samples in steps of 8."""
    told = {"batch": 8, "samples": 80, "save_every": 1e9, "log_every": 1, "bfloat16": False, **settings}
    return list(train(toy, run, Settings(**told), lambda samples, sheet: None))


def log(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def state_of(run: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Return the tensors and counters of a run's newest state, which must be there."""
    held = load_state(run)
    assert held is not None, f"{run} holds no state"
    return held


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_the_run_goes_on(tmp_path: Path, number: int):
    whole, run = Toy(), tmp_path / "run"
    fit(whole, tmp_path / "whole")
    before = signal.getsignal(number)

    def stop(call: int, loss: torch.Tensor) -> torch.Tensor:
        if call == 4:
            os.kill(os.getpid(), number)
        return loss

    with pytest.raises(Cancelled, match="stopped after 32 samples, which are saved"):
        fit(Toy(stop), run)
    assert signal.getsignal(number) is before
    assert state_of(run)[1]["samples"] == 32
    resumed = Toy()
    fit(resumed, run)
    assert all(torch.equal(a, b) for a, b in zip(whole.model.parameters(), resumed.model.parameters(), strict=True))
    assert [line["loss"] for line in log(run)] == [line["loss"] for line in log(tmp_path / "whole")]


def test_the_command_says_that_it_stopped(pictures: Path, tmp_path: Path, capsys, monkeypatch):
    def stop(name: str, sheet: Any) -> None:
        if name == "codec-000000008":
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("mutoscope.cli.train.preview_writer", lambda out: stop)
    words = f"train codec --preset tiny --data {pictures} --out {tmp_path} --batch 8 --set preview_every=0 --quiet"
    assert main([*words.split(), "--set", "samples=800"]) == 130
    assert capsys.readouterr().err == "mutoscope: stopped after 16 samples, which are saved; the same command goes on\n"
    assert state_of(tmp_path / "codec")[1]["samples"] == 16


def test_what_a_killed_run_logged_after_its_state_is_dropped(tmp_path: Path):
    fit(Toy(), tmp_path, samples=40)
    with open(tmp_path / "log.jsonl", "a") as file:
        file.write('{"samples": 48, "loss": 1.0}\n{"samples": 5')
    fit(Toy(), tmp_path)
    assert [line["samples"] for line in log(tmp_path)] == [8, 16, 24, 32, 40, 48, 56, 64, 72, 80]


class TestNotFinite:
    @pytest.mark.parametrize("bad", [float("nan"), float("inf")])
    def test_a_step_is_skipped_and_counted(self, tmp_path: Path, bad: float):
        fit(Toy(lambda call, loss: loss * bad if call in (3, 5) else loss), tmp_path)
        assert [line.get("skipped", 0) for line in log(tmp_path)] == [0, 0, 1, 1, 2, 2, 2, 2, 2, 2]
        tensors, counters = state_of(tmp_path)
        assert counters["skipped"] == 2 and counters["steps"] == 10
        assert all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values())

    def test_a_gradient_that_is_none(self, tmp_path: Path):
        """The loss is finite, its gradient is not."""
        fit(Toy(lambda call, loss: loss + (0.0 * loss).sqrt() if call == 2 else loss), tmp_path)
        assert log(tmp_path)[-1]["skipped"] == 1

    def test_many_in_a_row_end_the_run(self, tmp_path: Path):
        broken = Toy(lambda call, loss: loss * float("nan") if call > 4 else loss)
        with pytest.raises(NonFiniteError, match="3 steps in a row"):
            fit(broken, tmp_path, skip_limit=3, save_every=0.0)
        assert state_of(tmp_path)[1]["samples"] == 48

    def test_weights_that_are_not_finite_are_never_saved(self, tmp_path: Path):
        toy = Toy()

        def spoil(call: int, loss: torch.Tensor) -> torch.Tensor:
            if call == 5:  # behind the back of loss and gradient
                next(toy.model.parameters()).data[0, 0] = float("nan")
            return loss

        toy.event = spoil
        with pytest.raises(NonFiniteError, match="not finite after 40 samples; the last state is kept"):
            fit(toy, tmp_path, save_every=0.0)
        assert state_of(tmp_path)[1]["samples"] == 32


def test_a_disk_without_room_is_refused_before_the_first_step(tmp_path: Path, monkeypatch):
    toy = Toy()
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage(10**9, 10**9, 400))
    with pytest.raises(StorageFullError, match="two states"):
        fit(toy, tmp_path)
    assert toy.calls == 0


def test_an_older_state_loads(tmp_path: Path):
    """Of the first format: one average, no count of skipped steps."""
    fit(Toy(), tmp_path, samples=40)
    tensors, counters = state_of(tmp_path)
    old = {name: tensor for name, tensor in tensors.items() if not name.startswith("average1.")}
    assert len(old) < len(tensors)
    fields = {name: counters[name] for name in ("samples", "steps", "seconds")}
    save_state(tmp_path / "old", 40, old, fields, 1 << 30)
    mine, other = Toy(), Toy()
    fit(mine, tmp_path)
    fit(other, tmp_path / "old")
    assert all(torch.equal(a, b) for a, b in zip(mine.model.parameters(), other.model.parameters(), strict=True))


class TestSettings:
    def test_parts_of_a_batch_are_the_batch(self, tmp_path: Path):
        """Two parts of 8 make the step that their mean makes: here against the gradient worked out by hand."""
        toy, by_hand = Toy(), Toy()
        fit(toy, tmp_path, batch=16, samples=16, accumulate=2, muon=False, rate=0.01, decay=0.0, clip=1e9, ema=0.0)
        from mutoscope.rng import stream
        from mutoscope.train.optim import make_optimisers, rate_factor

        optimiser = make_optimisers(by_hand.model, 0.01 * rate_factor(0.0, decay=0.0), 1.0, False)[0]
        draws = [torch.Generator().manual_seed(stream(0, "batch", first).integers(0, 2**31)) for first in (0, 8)]
        first, second = (by_hand.loss(draw, 8, 0.0)[0] for draw in draws)
        ((first + second) / 2).backward()
        optimiser.step()
        assert all(
            torch.allclose(a, b, atol=1e-7)
            for a, b in zip(toy.model.parameters(), by_hand.model.parameters(), strict=True)
        )

    def test_checkpointing_changes_no_number(self, tmp_path: Path):
        from mutoscope.config import preset
        from mutoscope.train.ranks import recompute_blocks
        from mutoscope.transformer import Transformer

        def gradients(again: bool) -> list[torch.Tensor]:
            torch.manual_seed(0)
            model = Transformer(preset("tiny").transformer)
            torch.nn.init.normal_(model.head.weight)
            if again:
                recompute_blocks(model)
            draw = torch.Generator().manual_seed(1)
            latents, states = torch.randn(2, 16, 1, 4, 4, generator=draw), torch.randn(2, 5, 32, generator=draw)
            mask = torch.ones(2, 5, dtype=torch.bool)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                out = model(latents, torch.rand(2, 1, generator=draw), model.adapt(states, mask), mask)
            out.float().square().mean().backward()
            return [p.grad for p in model.parameters() if p.grad is not None]

        plain, again = gradients(False), gradients(True)
        assert len(plain) == len(again) and all(torch.equal(a, b) for a, b in zip(plain, again, strict=True))

    def test_sizes_come_in_smallest_first(self):
        from mutoscope.train.diffusion import entered

        sizes = [300, 100, 200, 100]
        assert entered(sizes, 0.0, 0.5) == [False, True, False, True]
        assert entered(sizes, 0.25, 0.5) == [False, True, True, True]
        assert entered(sizes, 0.5, 0.5) == entered(sizes, 0.0, 0.0) == [True] * 4


def killed(pictures: Path, folder: Path, kills: int) -> int:
    """Train whole and killed; both leave the same parts. Return how many kills hit a save."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(pictures), str(folder), str(kills)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    one, other = (
        {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (folder / name / "parts").iterdir()}
        for name in ("whole", "killed")
    )
    assert one == other and one
    lines = [log(folder / name / "codec") for name in ("whole", "killed")]
    assert [line["loss"] for line in lines[0]] == [line["loss"] for line in lines[1]]
    return int(done.stdout)


def test_two_kills(pictures: Path, tmp_path: Path):
    killed(pictures, tmp_path, 2)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_twenty_kills(pictures: Path, tmp_path: Path):
    assert killed(pictures, tmp_path, 20) >= 3
