"""Several processes: the same numbers as one, states that any number of processes goes on from, decisions taken together."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from mutoscope.errors import SettingError
from mutoscope.train.loop import Settings
from mutoscope.train.ranks import Ranks
from mutoscope.train.state import load_state

SCRIPT = Path(__file__).parent / "train_ranks.py"


def fit(run: Path, processes: int, *, stop: int = 0, broken: tuple[int, ...] = (), **settings: Any) -> list[dict]:
    """Train the toy of `train_ranks.py` in so many processes; return the lines of its log."""
    run.mkdir(exist_ok=True)
    told = json.dumps({"run": str(run), "stop": stop, "broken": broken, "settings": {"samples": 96, **settings}})
    start = [sys.executable]
    if processes > 1:
        start += ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    done = subprocess.run([*start, str(SCRIPT), told], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def losses(lines: list[dict]) -> list[float]:
    return [line["loss"] for line in lines[:-1]]


def tensors(run: Path) -> dict[str, torch.Tensor]:
    return load_state(run)[0]  # type: ignore[index]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One process, 96 samples in steps of two parts of 8."""
    run = tmp_path_factory.mktemp("alone") / "run"
    fit(run, 1, accumulate=2)
    return run


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same in two processes."""
    run = tmp_path_factory.mktemp("both") / "run"
    fit(run, 2)
    return run


def read(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def test_two_processes_are_as_one(alone: Path, both: Path):
    one, two = read(alone), read(both)
    assert len(one) == len(two) == 7 and losses(one) == losses(two)
    first, second = tensors(alone), tensors(both)
    assert first.keys() == second.keys()
    assert all(torch.allclose(first[name], second[name], atol=1e-6) for name in first)
    assert json.loads((both / "shown-0").read_text()) == [96]
    assert json.loads((both / "shown-1").read_text()) == []  # the first one alone draws


@pytest.mark.parametrize(("saved_by", "resumed_by"), [(2, 2), (2, 1), (1, 2)])
def test_any_number_goes_on(alone: Path, both: Path, tmp_path: Path, saved_by: int, resumed_by: int):
    run = tmp_path / "run"
    fit(run, saved_by, stop=48, accumulate=2 // saved_by)
    assert load_state(run)[1]["samples"] == 48  # type: ignore[index]
    lines = fit(run, resumed_by, accumulate=2 // resumed_by)
    whole = both if resumed_by == 2 else alone
    assert losses(lines) == losses(read(whole))
    mine, other = tensors(run), tensors(whole)
    if saved_by == resumed_by:
        assert all(torch.equal(mine[name], other[name]) for name in other)
    assert all(torch.allclose(mine[name], other[name], atol=1e-6) for name in other)


@pytest.mark.parametrize("muon", [False, True])
def test_sharded(tmp_path: Path, muon: bool):
    """FSDP2: the first losses of one process, and a state that one process goes on from."""
    reference = fit(tmp_path / "one", 1, accumulate=2, muon=muon)
    run = tmp_path / "run"
    fit(run, 2, stop=48, shard=True, muon=muon, checkpointing=True)
    one = read(tmp_path / "one")
    assert losses(one)[0] == read(run)[0]["loss"]
    close = 2e-3 if muon else 1e-4  # Muon multiplies in bfloat16, and a sharded product is summed in another order
    lines = fit(run, 1, accumulate=2, muon=muon)
    assert losses(lines) == pytest.approx(losses(reference), rel=close)
    mine, other = tensors(run), tensors(tmp_path / "one")
    assert {name: t.shape for name, t in mine.items()} == {name: t.shape for name, t in other.items()}


def test_sharded_goes_on_sharded(tmp_path: Path):
    whole, run = tmp_path / "whole", tmp_path / "run"
    fit(whole, 2, shard=True)
    fit(run, 2, shard=True, stop=48)
    fit(run, 2, shard=True)
    mine, other = tensors(run), tensors(whole)
    assert losses(read(run)) == losses(read(whole)) and all(torch.equal(mine[name], other[name]) for name in other)


@pytest.mark.parametrize("shard", [False, True])
def test_a_nan_on_one_rank_makes_all_skip(tmp_path: Path, shard: bool):
    run = tmp_path / "run"
    lines = fit(run, 2, broken=(1,), shard=shard)
    assert [line.get("skipped", 0) for line in lines] == [0, 1, 1, 1, 1, 1, 1]
    assert all(bool(torch.isfinite(tensor).all()) for tensor in tensors(run).values())
    state = load_state(run)
    assert state is not None and state[1]["skipped"] == 1 and state[1]["samples"] == 96


def test_skips_in_a_row_end_the_run_on_all_ranks(tmp_path: Path):
    run = tmp_path / "run"
    fit(run, 2, broken=(1,), skip_limit=1)
    assert "1 steps in a row" in (run / "error-0").read_text() and (run / "error-1").is_file()
    assert load_state(run)[1]["samples"] == 16  # type: ignore[index]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"batch": 10}, "take batch=12"), ({"batch": 16, "accumulate": 3}, "take batch=24"),
        ({"batch": 16, "compile": True}, "for a GPU"),
    ],
)  # fmt: skip
def test_combinations_refused(settings: dict, words: str):
    with pytest.raises(SettingError, match=words):
        Settings(**settings).part(Ranks(0, 4))


def test_shard_needs_processes():
    with pytest.raises(SettingError, match="torchrun"):
        Settings(shard=True).part(Ranks())
