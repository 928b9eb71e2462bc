"""`evaluate` and `compare` on models of every engine: a pipeline of diffusers, the renderer, a checkpoint, and mixed."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("diffusers")

from mutoscope.checkpoint import EMBEDDED
from mutoscope.cli import evaluate as verb
from mutoscope.cli import main
from mutoscope.errors import SettingError
from mutoscope.evaluate import measure_pictures
from mutoscope.evaluate.model_under_test import load_model
from mutoscope.evaluate.plan import Plan
from tiny_pipelines import tiny_folder

PLAN = Plan(count=4, clips=0, reference=8, training=4, free=False, things=0, cameras=0)

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.timeout(300)]  # a judge is trained for it


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The smallest plan, and a settings folder for hashes and previews."""
    monkeypatch.setenv("MUTOSCOPE_CONFIG", str(tmp_path_factory.getbasetemp() / "settings"))
    monkeypatch.setattr(verb, "choose_plan", lambda suite, count, clips, things=None: replace(PLAN, clips=clips or 0))
    monkeypatch.setattr(measure_pictures, "find_copies", lambda *_: {})


def test_evaluate_a_pipeline_of_diffusers(tiny_judge: Path, outputs: Path, capsys: pytest.CaptureFixture[str]):
    folder = str(tiny_folder("sd"))
    assert main(["evaluate", folder, "--judge", str(tiny_judge), "--out", "found", "--clips", "1"]) == 0
    found = json.loads(Path("found/report.json").read_text())
    assert found["model"]["name"] == folder and len(found["model"]["hash"]) == 16
    assert found["pictures"]["n"] == 4 and found["not_measured"]["clips"] == "this model draws pictures only"
    assert found["not_measured"]["codec"] == "the model has no encoder"
    assert found["not_measured"]["speed"] == "this model tells no stages apart"
    assert {"fidelity", "text"} <= set(found) and Path("found/pictures-1.png").exists()
    assert "- clips: this model draws pictures only" in Path("found/report.md").read_text()


@pytest.mark.parametrize("other", ["world", "embedded"])
def test_compare_engines(other: str, tiny_judge: Path, outputs: Path):
    folder = str(tiny_folder("sd"))
    assert main(["compare", folder, other, "--judge", str(tiny_judge), "--out", "both", "--clips", "1", "--quiet"]) == 0
    found = json.loads(Path("both/compare.json").read_text())
    assert found["models"]["A"]["name"] == folder and len(found["answers"]) == 4
    assert not any(name.startswith("clips") for name in found["rows"])


def test_the_size_is_that_of_the_model():
    model = load_model(tiny_folder("sd"))
    assert model.draw_clip is None and model.draw_picture("a lake at sunset", 3).shape == (64, 64, 3)
    plain, styled = (model.draw_picture("a lake", 3, style) for style in (None, "watercolor"))
    assert not np.array_equal(plain, styled)


def test_a_model_of_clips_alone_is_refused():
    with pytest.raises(SettingError, match="draws clips only; what is measured starts from pictures"):
        load_model(tiny_folder("wan"))


def test_blind_votes_between_engines(outputs: Path, capsys: pytest.CaptureFixture[str]):
    words = ["compare", str(tiny_folder("sd")), "world", "--blind", "choose.html", "--count", "2", "--quiet"]
    assert main(words) == 0 and Path("choose.html").stat().st_size > 1000


def test_numbers_are_kept_beside_our_own_weights_only(capsys: pytest.CaptureFixture[str]):
    for name in (str(tiny_folder("sd")), "openai:http://localhost:1/v1#x"):
        assert main(["evaluate", name, "--keep"]) == 2
        assert "--keep puts numbers beside the weights of a checkpoint of Mutoscope" in capsys.readouterr().err
    assert verb.find_checkpoint_folder(str(EMBEDDED)) == EMBEDDED
