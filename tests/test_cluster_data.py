"""`--ray`: the same results as on one machine, on a local Ray with two workers, also when one of them is killed."""

import hashlib
import json
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hostile import data, scene
from mutoscope.cli import main
from mutoscope.data import buckets
from mutoscope.data.check import check
from mutoscope.data.folder import Scenery, render_folder
from mutoscope.data.pack import Packing, pack
from mutoscope.data.workers import on_this_machine
from mutoscope.errors import DataError, MissingExtraError, StorageFullError
from mutoscope.events import drain

SMALL = Packing(tuple(buckets.around(64)), shard=3)
TINY, SCENES = Scenery(32, 32, seed=3), 40  # three batches


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
    for words in (["check", str(folder)], ["render", "--count", "1", "--size", "32", "--out", str(folder / "new")]):
        assert main(["data", *words, "--ray"]) == 1
        assert "mutoscope[cluster]" in capsys.readouterr().err


def test_a_cluster_is_not_told_how_many_nor_which_device(folder, capsys):
    for words in (["--workers", "2"], ["--device", "cuda"]):
        assert main(["data", "render", "--out", str(folder / "new"), "--ray", *words]) == 2
        assert words[0] in capsys.readouterr().err and not (folder / "new").exists()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scenes as this process renders them."""
    folder = tmp_path_factory.mktemp("alone") / "set"
    drain(render_folder(folder, TINY, SCENES))
    return folder


@pytest.mark.slow
def test_processes_render_the_same_folder_also_when_one_is_killed(alone, tmp_path):
    """Slow because each process, and the one that takes the killed one's place, loads PyTorch. In the suite: a process that dies costs
    its item alone (test_data_measures), and a batch that dies twice is named and the rest kept (below)."""
    drain(render_folder(tmp_path / "two", TINY, SCENES, spread=killing(on_this_machine(2), tmp_path / "killed")))
    assert (tmp_path / "killed").exists() and content(tmp_path / "two") == content(alone)


def test_a_batch_whose_process_dies_twice_is_named_and_the_rest_is_kept(alone, tmp_path):
    def spread(function, items, crashed, chunk):
        return (crashed(item) if 16 in item else function(item) for item in items)

    with pytest.raises(DataError, match=r"scenes 16 to 31 died.*--workers"):
        drain(render_folder(tmp_path / "set", TINY, SCENES, spread=spread))
    assert len((tmp_path / "set" / "captions.jsonl").read_text().splitlines()) == 16
    drain(render_folder(tmp_path / "set", TINY, SCENES))
    assert content(tmp_path / "set") == content(alone)


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


def fail(error: type[Exception], number: int) -> None:
    raise error("PyTorch", "torch") if error is MissingExtraError else error("the disk is full")


def deadly(function, marker: Path, indices: list[int]):
    """Render a batch; that of scene 16 kills its worker the first time, before its rows are handed over."""
    rows = function(indices)
    if 16 in indices and not marker.exists():
        (function.args[0] / ".mutoscope-half.tmp").touch()  # what a writer leaves that is killed
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return rows


def killing(spread, marker: Path):
    """Return the spread with a worker that dies once."""
    return lambda function, items, crashed, chunk: spread(partial(deadly, function, marker), items, crashed, chunk)


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

    def test_render_is_that_of_one_machine_also_when_a_worker_is_killed(self, two_workers, alone, tmp_path):
        from mutoscope.cluster.data import ray_spread

        drain(render_folder(tmp_path / "ray", TINY, SCENES, spread=killing(ray_spread, tmp_path / "killed")))
        assert (tmp_path / "killed").exists() and content(tmp_path / "ray") == content(alone)

    def test_render_goes_on_where_it_was_stopped(self, two_workers, alone, tmp_path):
        from mutoscope.cluster.data import ray_spread

        events: Any = render_folder(tmp_path / "ray", TINY, SCENES, spread=ray_spread)  # a generator
        assert next(event.step for event in events if event.step) == 16
        events.close()  # as Ctrl-C does
        held = (tmp_path / "ray" / "captions.jsonl").read_bytes()
        assert held.count(b"\n") == 16
        steps = [event.step for event in render_folder(tmp_path / "ray", TINY, SCENES, spread=ray_spread)]
        assert steps == [0, 16, 24, SCENES]
        assert content(tmp_path / "ray") == content(alone)

    def test_a_folder_is_named_from_where_the_command_is_given(self, two_workers, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        words = ["data", "render", "--count", "3", "--size", "32", "--seed", "3", "--out"]
        assert main([*words, "ray", "--ray"]) == 0 and main([*words, "alone", "--workers", "2"]) == 0
        assert content(tmp_path / "ray") == content(tmp_path / "alone") and len(content(tmp_path / "ray")) == 6

    def test_what_goes_wrong_on_a_worker_is_said_here(self, two_workers, tmp_path):
        from mutoscope.cluster.data import ray_spread

        for error in (StorageFullError, MissingExtraError):
            with pytest.raises(error, match=r"full|torch"):
                list(ray_spread(partial(fail, error), range(3), str, 1))

    def test_a_killed_worker_loses_nothing(self, two_workers, tmp_path):
        from mutoscope.cluster.data import ray_spread

        function = partial(fragile, str(tmp_path / "killed"))
        assert list(ray_spread(function, range(12), str, 2)) == [i * i for i in range(12)]
        assert (tmp_path / "killed").exists()
