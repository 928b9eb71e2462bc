"""Tuning: eight trials of the tiny preset, a kill and the same trials again, what the report says, and what is refused."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from mutoscope.cli import main
from mutoscope.cli.recipe import read_recipe
from mutoscope.cli.tune import to_toml
from mutoscope.config import preset
from mutoscope.data.cache import open_folders
from mutoscope.errors import DataError, MissingExtraError, OutputError, SettingError
from mutoscope.events import drain
from mutoscope.train import run
from mutoscope.train.search import Search, read_search
from mutoscope.train.settings import ImageOptions
from mutoscope.train.tune import Bench, cut, hold_out, tune
from mutoscope.train.tune_report import Tuned, finished

optuna = pytest.importorskip("optuna")
pytest.importorskip("matplotlib")

PARTS = [{"stage": "codec", "samples": 16, "batch": 8}, {"stage": "image", "samples": 320, "batch": 8, "clip": 2.0}]
TABLE = {
    "samples": 80, "held_out": 2, "rate": {"low": 1e-5, "high": 0.3, "log": True}, "ema": {"low": 2, "high": 12},
    "muon": {"choices": [True, False]},
}  # fmt: skip
TRIALS = 8


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def base(tiny_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with codec and towers, which is where the image stage begins."""
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("tune") / "base"
    for stage in ("codec", "clip"):
        few = {"batch": 8, "samples": 16, "preview_every": 1e9}
        drain(run(stage, preset_name="tiny", data=tiny_world, out=out, overrides=few))
    return out


def search(**changes: Any) -> Search:
    return read_search({**TABLE, **changes}, PARTS)[1]


def start(base: Path, data: Path, out: Path, trials: int = TRIALS, wanted: Search | None = None, **more: Any):
    return tune(wanted or search(), preset("tiny"), base=base, data=data, out=out, name="try", trials=trials, **more)


def trials_of(out: Path) -> list[tuple]:
    """Return what each finished trial tried and found, in order."""
    study = optuna.load_study(study_name="try", storage=f"sqlite:///{out / 'study.db'}")
    return [(t.params, t.state.name, t.value, t.intermediate_values) for t in finished(study)]


@pytest.fixture(scope="module")
def tuned(base: Path, tiny_world: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tuned, Path]:
    """A study of eight trials, never disturbed."""
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("studies") / "whole"
    return drain(start(base, tiny_world / "pictures", out)), out


class TestStudy:
    def test_the_best_is_the_best(self, tuned: tuple[Tuned, Path]):
        result, out = tuned
        rows = trials_of(out)
        complete = [row for row in rows if row[1] == "COMPLETE"]
        assert len(rows) == TRIALS == result.finished and len(complete) == TRIALS - result.pruned and result.failed == 0
        assert result.loss == min(value for _, _, value, _ in complete)
        assert (result.best, result.loss) in [(params, value) for params, _, value, _ in complete]
        assert all(1e-5 <= p["rate"] <= 0.3 and 2 <= p["ema"] <= 12 and p["muon"] in (True, False) for p, *_ in rows)
        assert len({row[0]["rate"] for row in rows}) == TRIALS

    def test_hopeless_trials_are_pruned_early(self, tuned: tuple[Tuned, Path]):
        """A pruned trial was at its last report worse than half of the others were at the same place."""
        rows = trials_of(tuned[1])
        pruned = [on_the_way for _, state, _, on_the_way in rows if state == "PRUNED"]
        assert pruned and all(max(reports) < 9 for reports in pruned)
        for reports in pruned:
            place = max(reports)
            others = [seen[place] for _, state, _, seen in rows if state == "COMPLETE"]
            assert reports[place] > np.median(others)

    def test_the_report(self, tuned: tuple[Tuned, Path]):
        result, out = tuned
        page = result.report.read_text()
        assert f"{result.loss:.5f}" in page and all(f"| {name} |" in page for name in ("rate", "ema", "muon"))
        assert page.count("\n| ") == 3 + 1 + TRIALS + 1 + 2  # settings and trials, heads and rules
        with Image.open(out / "report.png") as image:
            assert image.format == "PNG" and image.width > 600 and np.asarray(image.convert("L")).std() > 10
        assert not list(out.glob("trials/*/state-*")) and len(list(out.glob("trials/*/log.jsonl"))) == TRIALS

    def test_more_trials_go_on(self, tuned: tuple[Tuned, Path], base: Path, tiny_world: Path, tmp_path: Path):
        for trials in (1, 2):
            assert drain(start(base, tiny_world / "pictures", tmp_path / "more", trials)).finished == trials
        assert trials_of(tmp_path / "more") == trials_of(tuned[1])[:2]

    def test_killed_and_resumed_it_comes_to_the_same(self, tuned, base: Path, tiny_world: Path, tmp_path: Path):
        out = tmp_path / "killed"
        code = f"""
import torch; torch.set_num_threads(1)
from pathlib import Path
from test_tune import start
for event in start(Path({str(base)!r}), Path({str(tiny_world / "pictures")!r}), Path({str(out)!r})):
    print(event.message, flush=True)
"""
        paths = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": paths}
        )
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("trial 2: loss") and "(" not in line:  # on its way
                process.kill()
                break
        process.communicate(timeout=60)
        assert process.returncode == -9 and len(trials_of(out)) == 2
        result = drain(start(base, tiny_world / "pictures", out, 5))
        assert (result.finished, result.failed) == (5, 1)
        assert trials_of(out) == trials_of(tuned[1])[:5]

    def test_one_study_a_folder(self, tuned: tuple[Tuned, Path], base: Path, tiny_world: Path):
        with pytest.raises(OutputError, match="other seed"):
            drain(start(base, tiny_world / "pictures", tuned[1], seed=1))

    def test_too_high_a_rate_is_no_reason_to_stop(self, base: Path, tiny_world: Path, tmp_path: Path):
        wanted = read_search({**TABLE, "rate": {"choices": [1e30]}, "muon": {"choices": [False]}}, PARTS)[1]
        with pytest.raises(SettingError, match="lower the rates"):
            drain(start(base, tiny_world / "pictures", tmp_path, 2, wanted))

    def test_a_shared_storage(self, base: Path, tiny_world: Path, tmp_path: Path):
        """Two folders, as two machines have, and one storage: they count each other's trials."""
        url = f"sqlite:///{tmp_path / 'shared.db'}"
        first, second = (
            drain(start(base, tiny_world / "pictures", tmp_path / name, trials, storage=url)) for name, trials in (("a", 1), ("b", 2))
        )  # fmt: skip
        assert (first.finished, second.finished) == (1, 2)
        with pytest.raises(SettingError, match="cannot be used"):
            drain(start(base, tiny_world / "pictures", tmp_path / "c", storage="nosuch://host/studies"))


class TestHeldOut:
    def test_is_in_no_training(self, tiny_world: Path):
        folders = [folder for folder in open_folders(tiny_world) if not folder.is_clips]
        training, held = hold_out(folders, 2)
        assert [len(folder) for folder in (*training, *held)] == [6, 2]
        assert np.array_equal(np.concatenate([training[0].pixels, held[0].pixels]), folders[0].pixels)
        assert training[0].captions + held[0].captions == folders[0].captions
        assert len({folders[0].digest, training[0].digest, held[0].digest}) == 3
        with pytest.raises(DataError, match="too few"):
            hold_out([cut(folders[0], 0, 3)], 1)

    def test_the_loss_of_a_model_that_says_nothing(self, base: Path, tiny_world: Path):
        """Velocity 0 has the loss E (noise - data)^2 = 1 + E data^2; asked twice it is the same."""
        folders = open_folders(tiny_world / "pictures")
        objective, held = Bench(search(), preset("tiny"), base, folders).objective(ImageOptions())
        with torch.no_grad():
            for p in objective.model.head.parameters():
                p.zero_()
        data = np.concatenate([item.latents[: len(item.texts)].astype(np.float64) for item in held])
        loss = objective.held_out_loss(held)
        assert loss == objective.held_out_loss(held) != objective.held_out_loss(held, seed=1)
        assert loss == pytest.approx(1 + (data**2).mean(), rel=0.15)


class TestRecipe:
    def test_reads_the_last_stage_with_a_flow_loss(self):
        index, found = read_search(
            TABLE, [*PARTS, {"stage": "video", "samples": 5}, {"stage": "decoder", "samples": 5}]
        )
        assert (index, found.stage) == (2, "video")
        index, found = read_search({**TABLE, "stage": "image"}, [*PARTS, {"stage": "video", "samples": 5}])
        assert (index, found.stage, found.fixed, found.samples) == (1, "image", {"batch": 8, "clip": 2.0}, 80)
        assert found.settings({"rate": 0.5})[0].rate == 0.5 and found.settings({})[0].clip == 2.0

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"rte": {"low": 1, "high": 2}}, "did you mean 'rate'"),
            ({"rate": {"low": 1, "high": 1}}, "low < high"),
            ({"rate": {"low": 0.0, "high": 1.0, "log": True}}, "above 0"),
            ({"rate": {"low": -1.0, "high": 1.0}}, "rate must be above 0"),
            ({"rate": {"low": "a", "high": "b"}}, "low < high"),
            ({"rate": {"lo": 1, "high": 2}}, "did you mean 'low'"),
            ({"rate": {"choices": []}}, "choices"),
            ({"rate": {"choices": [0.1], "low": 1}}, "choices"),
            ({"batch": {"choices": [8, "many"]}}, "batch must be int"),
            ({"batch": {"low": 0, "high": 4}}, "batch must be 1"),
            ({"samples": {"low": 8, "high": 80}}, "cannot be tuned"),
            ({"seed": {"choices": [1, 2]}}, "cannot be tuned"),
            ({"samples": 0}, "samples must be"),
            ({"held_out": "all"}, "held_out must be"),
            ({"pruner": "medium"}, "did you mean 'median'"),
            ({"stage": "codec"}, "no flow loss"),
            ({"stage": "video"}, "no [[train]] of stage"),
        ],
        ids=str,
    )  # fmt: skip
    def test_refusals(self, changes: dict, said: str):
        with pytest.raises(SettingError) as caught:
            read_search({**TABLE, **changes}, PARTS)
        assert said in str(caught.value) and "\n" not in str(caught.value)
        with pytest.raises(SettingError, match="names no range"):
            read_search({"samples": 8}, PARTS)

    def test_toml_round_trip(self, root: Path):
        plan = {
            "model": {"preset": "tiny", "name": 'a "näme"\\'},
            "render": [{"out": "a", "clips": True, "rate": 1e-5}],
            "train": PARTS,
        }
        assert tomllib.loads(to_toml(plan)) == plan
        for path in (root / "recipes").glob("*.toml"):
            plan = read_recipe(path)
            if table := plan.pop("tune", None):
                read_search(table, plan["train"])
            assert tomllib.loads(to_toml(plan)) == {key: value for key, value in plan.items() if value}, path

    def test_without_optuna(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
        import importlib.util

        real = importlib.util.find_spec
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name, *more: None if name == "optuna" else real(name, *more)
        )
        with pytest.raises(MissingExtraError, match=r"Optuna.*mutoscope\[tune\]"):
            drain(start(tmp_path, tmp_path, tmp_path))


def test_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    """tune prepares, tries and writes a recipe that recipe runs."""
    monkeypatch.chdir(tmp_path)
    few = {"samples": 16, "batch": 8}
    plan = {
        "model": {"preset": "tiny", "name": "try"},
        "render": [{"out": "pictures", "count": 8, "size": "32"}],
        "train": [{"stage": "codec", **few}, {"stage": "clip", **few}, {"stage": "image", "samples": 32}],
    }
    Path("a.toml").write_text(to_toml(plan))
    assert main(["tune", "a.toml", "--out", "study"]) == 2 and "no [tune] table" in capsys.readouterr().err
    Path("a.toml").write_text(to_toml(plan) + "\n[tune]\nsamples = 16\nbatch = {choices = [4, 8]}\n")
    for wrong in (["--trials", "0"], ["--scale", "2"]):
        assert main(["tune", "a.toml", "--out", "study", *wrong]) == 2
    capsys.readouterr()
    assert main(["tune", "a.toml", "--trials", "2", "--out", "study"]) == 0
    assert capsys.readouterr().out.split() == ["study/report.md", "study/best.toml"]
    Path("b.toml").write_text(Path("a.toml").read_text().replace("[4, 8]", "[4, 16]"))
    assert main(["tune", "b.toml", "--out", "study"]) == 2 and "another --out" in capsys.readouterr().err
    best = read_recipe(Path("study/best.toml"))
    assert best["train"][:2] == plan["train"][:2] and best["train"][2] == {
        **plan["train"][2],
        "batch": best["train"][2]["batch"],
    }
    assert main(["recipe", "study/best.toml", "--out", "run"]) == 0 and (tmp_path / "run" / "checkpoint").is_dir()
