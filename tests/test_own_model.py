"""A model of somebody's own pictures: it draws what it learned, and its card says what it was made of."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conftest import Shared
from mutoscope import TextToImageModel
from mutoscope.adapter import Facts, save_adapter
from mutoscope.checkpoint import open_checkpoint
from mutoscope.cli import main
from mutoscope.errors import CheckpointError
from mutoscope.events import drain
from mutoscope.export.card import build_card, find_licence, model_card
from mutoscope.export.run import export_run
from mutoscope.objects import find_library
from mutoscope.options import Options, build_request
from mutoscope.run_folder import load_config
from own_pictures import FEW, make_own_run

pytest.importorskip("torch")
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def own_run(shared: Shared) -> Path:
    """A run on 16 drawings without a licence, and its checkpoint in `model`."""
    return shared("own", make_own_run)


@pytest.fixture(scope="module")
def own_model(own_run: Path) -> TextToImageModel:
    return TextToImageModel(own_run / "model", threads=1)


class TestItDrawsWhatItLearned:
    def test_no_object_is_looked_up(self, own_model: TextToImageModel, painter: TextToImageModel):
        asked = Options(prompt="a red ship at sea", seed=3)
        assert build_request(asked, own_model.engine.capabilities).objects is None
        plan = build_request(asked, painter.engine.capabilities).objects
        assert plan is not None and [item.noun for item in plan.objects] == ["ship"]

    def test_its_picture_is_that_without_the_library(self, own_model: TextToImageModel):
        with_library = own_model.generate("a ship", size="32x32", num_inference_steps=2, seed=1)
        without = own_model.generate("a ship", size="32x32", num_inference_steps=2, seed=1, objects=False)
        assert np.array_equal(with_library.pixels, without.pixels) and not with_library.warnings

    def test_words_it_never_saw_are_named(self, own_model: TextToImageModel):
        (warning,) = own_model.generate("a red ship at sea", size="32x32", num_inference_steps=1, seed=1).warnings
        assert "'sea'" in warning and "'red'" not in warning and "captions of its training" in warning

    def test_no_scene_is_read_and_no_style_brings_a_step(self, own_model: TextToImageModel):
        request = build_request(
            Options(prompt="a green frog at sunset, pixel art", seed=3), own_model.engine.capabilities
        )
        assert not request.facts and not request.styles and not request.postprocess

    def test_a_model_that_went_on_draws_its_own_words_and_looks_up_the_rest(
        self, own_run: Path, tiny_checkpoint: Path, tmp_path: Path
    ):
        from mutoscope.train import run

        out = tmp_path / "on"
        drain(run("image", preset_name="tiny", data=own_run / "packed", out=out, overrides=FEW, begin=tiny_checkpoint))
        checkpoint = open_checkpoint(export_run(out, tmp_path / "model", "on"))
        assert (
            checkpoint.learned_world and {"ship", "frog"} <= checkpoint.own_words and "sunset" in checkpoint.known_words
        )
        capabilities = TextToImageModel(tmp_path / "model", threads=1).engine.capabilities
        plan = build_request(Options(prompt="a frog and a dog on a meadow", seed=1), capabilities).objects
        assert plan is not None and [item.noun for item in plan.objects] == ["dog"]


class TestAdaptersToo:
    def test_their_words_are_left_to_the_network(
        self, tiny_checkpoint: Path, painter: TextToImageModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("MUTOSCOPE_ADAPTERS", str(tmp_path))
        checkpoint = open_checkpoint(tiny_checkpoint)
        facts = Facts("horsey", checkpoint.name, checkpoint.hash, 1, "horsey", 5, 5, 0, "", ("a", "horse", "horsey"))
        name = "transformer.blocks.0.out.weight"
        shape = checkpoint.weights()[name].shape
        factors = {f"{name}::up": np.ones((shape[0], 1)), f"{name}::down": np.ones((1, shape[1]))}
        save_adapter(tmp_path / "horsey.safetensors", facts, factors)
        asked = Options(prompt="a horse and a dog, horsey", seed=1)
        with_it = build_request(replace(asked, adapter="horsey"), painter.engine.capabilities)
        without = build_request(asked, painter.engine.capabilities)
        assert with_it.objects is not None and [item.noun for item in with_it.objects.objects] == ["dog"]
        assert without.objects is not None and [item.noun for item in without.objects.objects] == ["horse", "dog"]


@pytest.mark.parametrize(
    ("words", "left"),
    [("horse", ["car"]), ("horses", ["car"]), ("automobile", ["horse"]), ("green", ["horse", "car"])],
)
def test_synonyms_and_plurals_name_the_same_object(words: str, left: list[str]):
    found = find_library("two horses and a car on a road", frozenset({words, "a"})).find(
        "two horses and a car on a road"
    )
    assert [item.noun for item in found.objects] == left


class TestCard:
    def test_it_names_the_data_and_not_the_world(self, own_run: Path):
        checkpoint = open_checkpoint(own_run / "model")
        assert checkpoint.card["licence"] == "unknown" and not checkpoint.learned_world
        sources = [source["name"] for source in checkpoint.card["sources"]]
        assert sources and not any("rendered world" in name for name in sources)
        page = model_card(checkpoint)
        assert "landscapes" not in page and "## Things" not in page and "CC0-1.0" not in page
        assert "| licence | unknown |" in page and "The object library is not used" in page

    def test_a_licence_can_be_stated(self, own_run: Path):
        config = load_config(own_run / "run")
        assert build_card(own_run / "run", config, "x", "CC-BY-4.0")["licence"] == "CC-BY-4.0"

    def test_info_says_what_it_is(self, own_run: Path, capsys: pytest.CaptureFixture[str]):
        assert main(["info", "--json", str(own_run / "model")]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["licence"] == "unknown" and told["object_library"].startswith("not used")

    @pytest.mark.parametrize(
        ("licences", "begun", "expected"),
        [
            (["CC0-1.0"], {}, "CC0-1.0"),
            (["CC0-1.0", "MIT"], {}, "CC0-1.0 AND MIT"),
            (["MIT", "unknown"], {}, "unknown"),
            (["MIT"], {"licence": "Apache-2.0"}, "Apache-2.0 AND MIT"),
            ([], {}, "Apache-2.0"),
        ],
    )
    def test_the_licence_is_that_of_the_data(self, licences: list[str], begun: dict[str, str], expected: str):
        folders = [{"rendered": False, "licences": licences}] if licences else [{"licences": ["CC0-1.0"]}]
        assert find_licence({"image": {"data": folders}}, begun) == expected

    def test_own_cc0_pictures_are_not_taken_for_the_world(self, own_run: Path, tmp_path: Path):
        import shutil

        copy = Path(shutil.copytree(own_run / "run", tmp_path / "run"))
        for path in copy.glob("*/machine.json"):
            machine = json.loads(path.read_text())
            machine["data"] = [{**folder, "licences": ["CC0-1.0"], "credits": []} for folder in machine["data"]]
            path.write_text(json.dumps(machine))
        card = build_card(copy, load_config(copy), "x")
        assert card["licence"] == "CC0-1.0" and [row["licence"] for row in card["sources"]] == ["CC0-1.0"]

    def test_own_words_of_a_damaged_config_are_refused(self, own_run: Path, tmp_path: Path):
        import shutil

        copy = Path(shutil.copytree(own_run / "model", tmp_path / "model"))
        card = json.loads((copy / "config.json").read_text())
        del card["digest"]
        (copy / "config.json").write_text(json.dumps({**card, "own_words": "ship"}))
        with pytest.raises(CheckpointError, match="own_words"):
            open_checkpoint(copy)
