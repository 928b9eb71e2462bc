"""Several processes: the same numbers as one, states that any number of processes goes on from, decisions taken together."""

import json
import shutil
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import torch

from conftest import Shared
from mutoscope.errors import SettingError
from mutoscope.train.loop import Settings
from mutoscope.train.ranks import Ranks
from mutoscope.train.state import load_state
from own_pictures import make_own_run
from train_ranks import encode, fit

SCRIPT = Path(__file__).parent / "train_ranks.py"
PATIENCE_SECONDS = (
    600  # two processes that wait for each other on a machine with other work; half a minute on an idle one
)

pytestmark = pytest.mark.timeout(PATIENCE_SECONDS + 120)  # of one test, the fixture included


def start(jobs: list[dict]) -> None:
    """Train the toys of `train_ranks.py` in two processes, one job after the other."""
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*start, str(SCRIPT), json.dumps(jobs)], capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert done.returncode == 0, done.stderr[-3000:]


def job(run: Path, stop: int = 0, broken: tuple[int, ...] = (), **settings: Any) -> dict:
    return {"run": str(run), "stop": stop, "broken": broken, "settings": settings}


def alone(run: Path, stop: int = 0, **settings: Any) -> None:
    """Train the toy in this process, in parts of the size that two processes take."""
    fit(job(run, stop, accumulate=2, **settings), Ranks())


@pytest.fixture(scope="module")
def runs(shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of 96 samples, by name: by one process, by two, sharded; and halves of one kind that go on as another."""
    base = tmp_path_factory.mktemp("runs")
    own = shared("own", make_own_run)
    for name in ("encoded", "encoded-two", "encoded-one-two"):
        shutil.copytree(own / "run" / "parts", base / name / "parts")
        shutil.copy(own / "run" / "tokenizer.json", base / name)
    torch.set_num_threads(1)
    alone(base / "one")
    alone(base / "one-muon-off", muon=False)
    alone(base / "one-two", 48)
    pictures = str(own / "packed")
    encode({"run": str(base / "encoded"), "encode": pictures}, Ranks())
    encode({"run": str(base / "encoded-one-two"), "encode": pictures, "stop": 6}, Ranks())
    start([
        {"run": str(base / "encoded-two"), "encode": pictures}, {"run": str(base / "encoded-one-two"), "encode": pictures},
        job(base / "two"), job(base / "two-two", 48), job(base / "two-two"), job(base / "two-one", 48), job(base / "one-two"),
        job(base / "sharded", shard=True), job(base / "sharded-sharded", 48, shard=True),
        job(base / "sharded-sharded", shard=True), job(base / "sharded-one", 48, shard=True, checkpointing=True),
        job(base / "sharded-muon-off", shard=True, muon=False),
        job(base / "broken", broken=(1,)), job(base / "broken-sharded", broken=(1,), shard=True),
        job(base / "ended", broken=(1,), skip_limit=1),
    ])  # fmt: skip
    alone(base / "two-one")
    alone(base / "sharded-one")
    return base


def losses(run: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (run / "log.jsonl").read_text().splitlines()]


def state_of(run: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Return the tensors and counters of a run's newest state, which must be there."""
    held = load_state(run)
    assert held is not None, f"{run} holds no state"
    return held


def tensors(run: Path) -> dict[str, torch.Tensor]:
    return state_of(run)[0]


def far_apart(one: Path, other: Path) -> float:
    """The largest difference of two states' numbers; their names and shapes are the same."""
    mine, theirs = tensors(one), tensors(other)
    assert {name: t.shape for name, t in mine.items()} == {name: t.shape for name, t in theirs.items()}
    return max(float((mine[name].float() - theirs[name].float()).abs().max()) for name in mine)


def test_two_processes_are_as_one(runs: Path):
    assert len(losses(runs / "one")) == 6 and losses(runs / "one") == losses(runs / "two")
    assert far_apart(runs / "one", runs / "two") < 1e-6


def kept(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (run / "cache").glob("*.rec")}


@pytest.mark.parametrize(("name", "left"), [("encoded-two", 16), ("encoded-one-two", 10)])
def test_encoding_is_shared_and_gives_the_same_bytes(runs: Path, name: str, left: int):
    """By two processes from the start, or on from where one was stopped."""
    assert kept(runs / name) == kept(runs / "encoded") and len(kept(runs / name)) == 2
    shares = [json.loads((runs / name / f"encoded-{rank}").read_text()) for rank in (0, 1)]
    assert min(map(len, shares)) >= 4 and sorted(chain(*shares)) == list(range(16 - left, 16))
    assert (runs / name / "image" / "prepared.json").is_file() and not list((runs / name / "cache").glob("*.parts"))


def test_only_the_first_writes_and_draws(runs: Path):
    assert json.loads((runs / "two" / "shown-0").read_text()) == [96]
    assert json.loads((runs / "two" / "shown-1").read_text()) == []
    lines = [json.loads(line) for line in (runs / "two" / "log.jsonl").read_text().splitlines()]
    assert {line["rank"] for line in lines} == {0.0}


@pytest.mark.parametrize(("name", "whole"), [("two-two", "two"), ("sharded-sharded", "sharded")])
def test_resumed_by_as_many_is_bit_for_bit(runs: Path, name: str, whole: str):
    assert losses(runs / name) == losses(runs / whole) and far_apart(runs / name, runs / whole) == 0.0


@pytest.mark.parametrize(("name", "whole"), [("two-one", "one"), ("one-two", "two")])
def test_saved_by_one_number_resumed_by_another(runs: Path, name: str, whole: str):
    assert losses(runs / name) == losses(runs / whole) and far_apart(runs / name, runs / whole) < 1e-6


def test_sharded_is_as_one(runs: Path):
    """To rounding with AdamW. Muon multiplies in bfloat16, and a sharded product is summed in another order."""
    assert losses(runs / "sharded")[0] == losses(runs / "one")[0]
    assert losses(runs / "sharded-muon-off") == pytest.approx(losses(runs / "one-muon-off"), rel=1e-5)
    assert losses(runs / "sharded") == pytest.approx(losses(runs / "one"), rel=2e-3)
    assert far_apart(runs / "sharded-muon-off", runs / "one-muon-off") < 1e-5


def test_saved_sharded_resumed_by_one(runs: Path):
    assert losses(runs / "sharded-one") == pytest.approx(losses(runs / "one"), rel=2e-3)
    assert far_apart(runs / "sharded-one", runs / "one") < 0.02


@pytest.mark.parametrize("name", ["broken", "broken-sharded"])
def test_a_nan_on_one_rank_makes_all_skip(runs: Path, name: str):
    lines = [json.loads(line) for line in (runs / name / "log.jsonl").read_text().splitlines()]
    assert [line.get("skipped", 0) for line in lines] == [0, 1, 1, 1, 1, 1]
    assert all(bool(torch.isfinite(tensor).all()) for tensor in tensors(runs / name).values())
    assert state_of(runs / name)[1]["skipped"] == 1


def test_skips_in_a_row_end_the_run_on_all_ranks(runs: Path):
    assert all("1 steps in a row" in (runs / "ended" / f"error-{rank}").read_text() for rank in (0, 1))
    assert state_of(runs / "ended")[1]["samples"] == 16


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"batch": 10}, "take batch=12"), ({"batch": 16, "accumulate": 3}, "take batch=24"),
    ],
)  # fmt: skip
def test_combinations_refused(settings: dict, words: str):
    with pytest.raises(SettingError, match=words):
        Settings(**settings).part_size(4)


def test_shard_needs_processes():
    with pytest.raises(SettingError, match="torchrun"):
        Settings(shard=True).part_size(1)
