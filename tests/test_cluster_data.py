"""`--ray`: the same results as on one machine, on a local Ray with two workers, also when one of them is killed."""

import hashlib
import json
import os
import signal
import sys
from functools import partial
from pathlib import Path

import pytest

from hostile import data, scene
from mutoscope.cli import main
from mutoscope.data import buckets
from mutoscope.data.check import check
from mutoscope.data.pack import Packing, pack
from mutoscope.events import drain

SMALL = Packing(tuple(buckets.around(64)), shard=3)


@pytest.fixture
def folder(tmp_path) -> Path:
    out = tmp_path / "set"
    out.mkdir()
    rows = [{"file": f"{i:02d}.png", "captions": ["discs and lines"]} for i in range(14)]
    for i, row in enumerate(rows):
        (out / row["file"]).write_bytes(data(scene(i if i != 9 else 3, 80, 80), "PNG"))
    (out / "captions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return out


def content(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_without_ray_the_extra_is_named(folder, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(["data", "check", str(folder), "--ray"]) == 1
    assert "mutoscope[cluster]" in capsys.readouterr().err


@pytest.fixture(scope="module")
def two_workers():
    """A Ray on this machine with two workers, without a dashboard."""
    ray = pytest.importorskip("ray", reason="needs mutoscope[cluster]")
    source = str(Path(__file__).resolve().parent.parent / "src")
    paths = os.pathsep.join([source, str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, runtime_env={"env_vars": {"PYTHONPATH": paths}})
    yield ray
    ray.shutdown()


def fragile(marker: str, number: int) -> int:
    """Kill the worker the first time number 5 comes by."""
    if number == 5 and not os.path.exists(marker):
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore")  # of other people's libraries
class TestRay:
    def test_check_and_pack_are_those_of_one_machine(self, two_workers, folder, tmp_path):
        from mutoscope.cluster.data import ray_spread

        drain(check(folder))
        alone = content(folder / "check")
        drain(check(folder, spread=ray_spread))
        assert content(folder / "check") == alone
        drain(pack(folder, tmp_path / "alone", SMALL))
        drain(pack(folder, tmp_path / "ray", SMALL, ray_spread))
        assert content(tmp_path / "ray") == content(tmp_path / "alone")

    def test_a_killed_worker_loses_nothing(self, two_workers, tmp_path):
        from mutoscope.cluster.data import ray_spread

        function = partial(fragile, str(tmp_path / "killed"))
        assert list(ray_spread(function, range(12), str, 2)) == [i * i for i in range(12)]
        assert (tmp_path / "killed").exists()
