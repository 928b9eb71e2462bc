"""From a training run to a folder that draws: small graphs, complete constants, and a card whose numbers are the run's."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from safetensors.torch import load_file

from mutoscope import TextToImageModel
from mutoscope.checkpoint import EMBEDDED, EXTRA_GRAPHS, GRAPHS, VELOCITY, card_digest, open_checkpoint, read_weights
from mutoscope.cli import main
from mutoscope.config import preset, replace
from mutoscope.errors import CheckpointError, MissingExtraError, OutputError, SettingError, StorageFullError
from mutoscope.export.card import FUNCTION_WORDS, build_card, model_card, native_side
from mutoscope.export.run import export_run
from mutoscope.prompt.reading import unknown_words
from mutoscope.run_folder import begin_from
from mutoscope.train import STAGES, run


@pytest.fixture(scope="module")
def small_run(tiny_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of all stages, one step each."""
    out = tmp_path_factory.mktemp("runs") / "tiny"
    for stage in STAGES:
        list(run(stage, preset_name="tiny", data=tiny_world, out=out, overrides={"batch": 8, "samples": 8}))
    return out


@pytest.fixture(scope="module")
def exported(small_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_run(small_run, tmp_path_factory.mktemp("models") / "mine", "my-model")


class TestGraphs:
    @pytest.mark.parametrize("name", [*GRAPHS, *EXTRA_GRAPHS])
    def test_small_and_without_weights(self, tiny_checkpoint: Path, name: str):
        path = tiny_checkpoint / "graphs" / f"{name}.onnx"
        assert path.stat().st_size < 150_000
        graph = onnx.load(str(path), load_external_data=False).graph
        inside = [c for c in graph.initializer if c.data_location != onnx.TensorProto.EXTERNAL]
        assert sum(c.ByteSize() for c in inside) < 20_000 and max((len(c.raw_data) for c in inside), default=0) <= 256
        for node in graph.node:  # nor in a Constant node
            assert all(len(a.t.raw_data) <= 1024 for a in node.attribute), node.name

    @pytest.mark.parametrize("name", [*GRAPHS, *EXTRA_GRAPHS])
    def test_every_constant_is_in_the_weights(self, tiny_checkpoint: Path, name: str):
        checkpoint = open_checkpoint(tiny_checkpoint)
        graph = onnx.load(str(tiny_checkpoint / "graphs" / f"{name}.onnx"), load_external_data=False).graph
        outside = {c.name: tuple(c.dims) for c in graph.initializer if c.data_location == onnx.TensorProto.EXTERNAL}
        assert sorted(outside) == checkpoint.card["constants"][name]
        weights = {**checkpoint.weights(), **checkpoint.encoder_weights()}
        for constant, shape in outside.items():
            base, _, how = constant.partition("@")
            assert base in weights
            if how.endswith("@scale"):
                continue  # one a column, of the int8 numbers beside it
            pieces = int(
                how.removesuffix("@int8").rstrip("T").partition("of")[2] or 1
            )  # of a product that was cut (`layers.split_linear`)
            assert np.prod(shape) * pieces == weights[base].size or how.startswith(("last", "inputs")), constant

    def test_those_of_the_embedded_model_are_small_too(self):
        """No graph of it holds a weight."""
        sizes = {path.name: path.stat().st_size for path in EMBEDDED.rglob("*.onnx")}
        assert len(sizes) == 7 and max(sizes.values()) < 150_000, sizes

    def test_products_of_later_blocks_are_int8(self):
        """All but `mlp.down` and the first block: seven products a block, of which three and then two share an input."""
        graph = onnx.load(str(EMBEDDED / "graphs" / f"{VELOCITY['int8']}.onnx"), load_external_data=False).graph
        nodes = [node.op_type for node in graph.node]
        blocks = open_checkpoint().config.transformer.depth - 1
        assert nodes.count("MatMulInteger") == 6 * blocks and nodes.count("DynamicQuantizeLinear") == 3 * blocks
        stays = [node.input[1] for node in graph.node if node.op_type == "MatMul" and ".blocks." in node.input[1]]
        assert all(".blocks.0." in name or ".mlp.down." in name for name in stays) and len(stays) == 7 + blocks

    def test_no_node_has_more_than_eight_outputs(self):
        """WebGPU takes no more."""
        for path in EMBEDDED.rglob("*.onnx"):
            assert max(len(node.output) for node in onnx.load(str(path), load_external_data=False).graph.node) <= 8

    def test_a_checkpoint_of_format_1_is_exported_again(self, tiny_checkpoint: Path, tmp_path: Path):
        old, new = tmp_path / "old", tmp_path / "new"
        shutil.copytree(tiny_checkpoint, old)
        shutil.rmtree(old / "graphs")
        card = json.loads((old / "config.json").read_text())
        card |= {"format": 1, "constants": {}, "sha256": {n: h for n, h in card["sha256"].items() if "graphs" not in n}}
        card["digest"] = card_digest(card)
        (old / "config.json").write_text(json.dumps(card))
        with pytest.raises(CheckpointError, match=f"mutoscope export {old} --out DIR"):
            open_checkpoint(old)
        assert export_run(old, new, "mutoscope-nano") == new
        drawn = [
            TextToImageModel(folder, threads=1).generate("lake", size="32x32", seed=1).pixels
            for folder in (tiny_checkpoint, new)
        ]
        assert np.array_equal(*drawn) and open_checkpoint(new).card["name"] == card["name"]
        (old / "weights.safetensors").write_bytes(b"cut off")
        with pytest.raises(CheckpointError, match=r"weights\.safetensors is missing or was changed"):
            export_run(old, tmp_path / "third", "mutoscope-nano")
        assert not (tmp_path / "third").exists()

    def test_numbers_that_float16_cannot_hold(self, tiny_checkpoint: Path, tmp_path: Path):
        from mutoscope.export.onnx import _half

        for value in (float("nan"), 1e6):
            with pytest.raises(CheckpointError, match=r"a\.weight"):
                _half("a.weight", torch.tensor([value]))


class TestRun:
    def test_it_draws(self, exported: Path):
        model = TextToImageModel(exported, threads=1)
        picture = model.generate("a lake at sunset", size="64x64", num_inference_steps=2, seed=1)
        assert picture.request.model == "my-model" and picture.warnings == ()
        assert picture.request.model_hash == open_checkpoint(exported).hash
        assert [path.name for path in exported.parent.iterdir()] == ["mine"]

    def test_the_same_run_gives_the_same_files(self, exported: Path, small_run: Path, tmp_path: Path):
        again = export_run(small_run, tmp_path / "again", "my-model")
        for path in exported.rglob("*"):
            if path.is_file():
                assert path.read_bytes() == (again / path.relative_to(exported)).read_bytes(), path

    def test_an_older_checkpoint_is_replaced(self, small_run: Path, copied_checkpoint: Path):
        (copied_checkpoint / "stale").touch()
        export_run(small_run, copied_checkpoint, "new")
        assert open_checkpoint(copied_checkpoint).name == "new" and not (copied_checkpoint / "stale").exists()

    def test_nothing_else_is_replaced(self, small_run: Path, tmp_path: Path):
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / "letter.txt").write_text("dear")
        (tmp_path / "file").touch()
        for name in ("home", "file", "nowhere/mine"):
            with pytest.raises(OutputError, match=r"--out|mkdir"):
                export_run(small_run, tmp_path / name, "mine")
        assert (tmp_path / "home" / "letter.txt").read_text() == "dear"

    @pytest.mark.parametrize("name", ["", "../x", "A model", "a/b", "x" * 65, "a\n"])
    def test_names(self, small_run: Path, tmp_path: Path, name: str):
        with pytest.raises(SettingError, match="--name"):
            export_run(small_run, tmp_path / "mine", name)

    @pytest.mark.parametrize(
        ("part", "stage"),
        [("text", "clip"), ("transformer", "image"), ("codec", "codec"), ("student", "distil")],
    )
    def test_a_missing_stage_is_named(self, small_run: Path, tmp_path: Path, capsys, part: str, stage: str):
        import shutil

        copy = Path(shutil.copytree(small_run, tmp_path / "run"))
        (copy / "parts" / f"{part}.safetensors").unlink()
        with pytest.raises(CheckpointError, match=f"mutoscope train {stage}"):
            export_run(copy, tmp_path / "mine", "mine", student=part == "student")
        assert not (tmp_path / "mine").exists()
        words = ["export", str(copy), "--out", str(tmp_path / "mine"), *(["--student"] if part == "student" else [])]
        assert main(words) == 2 and capsys.readouterr().err.count("\n") == 1

    def test_a_full_disk_leaves_nothing(
        self, small_run: Path, copied_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
    ):
        def full(*given, **more):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("mutoscope.export.onnx.save_file", full)
        before = open_checkpoint(copied_checkpoint).hash
        with pytest.raises(StorageFullError, match="the disk is full"):
            export_run(small_run, copied_checkpoint, "mine")
        assert open_checkpoint(copied_checkpoint).hash == before  # the old one is untouched
        assert [path.name for path in copied_checkpoint.parent.iterdir()] == ["copied"]

    def test_without_onnx(self, small_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(MissingExtraError, match=r"mutoscope\[export\]"):
            export_run(small_run, tmp_path / "mine", "mine")


class TestCard:
    def test_words_of_the_training_captions_never_warn(self, exported: Path, tiny_world: Path):
        known = open_checkpoint(exported).known_words
        lines = [line for file in tiny_world.glob("*/captions.jsonl") for line in file.read_text().splitlines()]
        captions = [text for line in lines for text in json.loads(line)["captions"]]
        assert [text for text in captions if unknown_words(text, known)] == []
        assert unknown_words("An image of it, and the other by this", known) == []
        assert set(FUNCTION_WORDS) <= known
        assert unknown_words("An astronaut rides an elephant", known) == ["astronaut", "rides", "elephant"]

    def test_numbers_are_the_runs_own(self, exported: Path, small_run: Path):
        stages = open_checkpoint(exported).card["stages"]
        assert [*stages, "distil", "judge", "classifier"] == list(
            STAGES
        )  # which are told of students only, and no part of the model
        for stage, facts in stages.items():
            last = json.loads((small_run / stage / "log.jsonl").read_text().splitlines()[-1])
            assert facts["samples"] == last["samples"] == 8 and facts["seconds"] == last["seconds"]
            assert facts["hardware"] == json.loads((small_run / stage / "machine.json").read_text())["hardware"]
        assert {folder["name"] for folder in stages["video"]["data"]} == {"clips", "pictures"}

    def test_a_student_tells_of_its_stage(self, small_run: Path, tmp_path: Path):
        checkpoint = open_checkpoint(export_run(small_run, tmp_path / "quick", "quick", student=True))
        assert checkpoint.config.transformer.few_step and [*checkpoint.card["stages"], "judge", "classifier"] == list(
            STAGES
        )
        assert "1 to 4 steps" in model_card(checkpoint) and "| distil | 8 |" in model_card(checkpoint)

    def test_sources(self, small_run: Path):
        def named(width: str) -> list[str]:
            return [source["name"] for source in build_card(small_run, preset(width), "x")["sources"]]

        assert named("tiny") == ["rendered world of this project"]
        assert named("nano") == ["rendered world of this project", "all-MiniLM-L6-v2", "WordNet 3.0 glosses"]

    def test_foreign_data_is_named(self, small_run: Path, tmp_path: Path):
        import shutil

        copy = Path(shutil.copytree(small_run, tmp_path / "run"))
        path = copy / "image" / "machine.json"
        machine = json.loads(path.read_text())
        machine["data"].append({**machine["data"][0], "name": "photographs", "licences": ["CC-BY-4.0"]})
        path.write_text(json.dumps(machine))
        sources = build_card(copy, preset("tiny"), "x")["sources"]
        assert {"name": "photographs", "licence": "CC-BY-4.0", "use": "training data"} in sources
        path.write_text("[")
        with pytest.raises(CheckpointError, match=r"image.*machine\.json"):
            build_card(copy, preset("tiny"), "x")

    def test_the_makers_of_things_are_credited(self, small_run: Path, tmp_path: Path):
        import shutil

        copy = Path(shutil.copytree(small_run, tmp_path / "run"))
        path = copy / "image" / "machine.json"
        machine = json.loads(path.read_text())
        machine["data"][0] |= {
            "licences": ["CC0-1.0", "CC0-1.0 AND OFL-1.1", "OFL-1.1"],
            "credits": [{"source": "an emoji font", "licence": "OFL-1.1"}],
        }
        path.write_text(json.dumps(machine))
        card = build_card(copy, preset("tiny"), "x")
        assert [tuple(source.values()) for source in card["sources"]] == [
            ("rendered world of this project", "CC0-1.0", "every picture and clip, and their captions"),
            ("an emoji font", "OFL-1.1", "things in the rendered scenes"),
            (machine["data"][0]["name"], "OFL-1.1", "training data"),  # the licence of a whole item is no sprite's
        ]

    def test_the_native_side_is_that_of_most_pictures_of_the_last_stage(self):
        def seen(*folders: tuple[int, int, int, int]) -> dict:
            return {"data": [dict(zip(("items", "frames", "width", "height"), one, strict=True)) for one in folders]}

        small = seen((9000, 1, 128, 128), (500, 25, 512, 512))
        assert native_side({"codec": seen((9, 1, 512, 512)), "image": small}) == 128
        assert (
            native_side({"image": small, "video": seen((40, 1, 384, 256), (30, 1, 256, 256), (60, 1, 128, 128))}) == 256
        )
        assert native_side({"image": small, "video": seen((40, 9, 64, 64))}) == 128
        assert native_side({}) == 128

    def test_the_page(self, exported: Path):
        checkpoint = open_checkpoint(exported)
        page = model_card(checkpoint)
        assert page.startswith("# Model card: my-model\n") and checkpoint.hash in page and page.endswith("|\n")
        for words in (
            "Apache-2.0",
            "CC0-1.0",
            "| video | 8 |",
            "transformer",
            "decoder",
            "threads",
            "| pictures | 8 | 1 |",
        ):
            assert words in page
        total = sum(int(row[1].replace(",", "")) for row in re.findall(r"\| (.+) \| ([\d,]+) \| (?:float|int)", page))
        files = [read_weights(exported / f"{name}.safetensors") for name in ("weights", "encoder")]
        assert total == sum(array.size for file in files for array in file.values())
        assert max(map(len, page.splitlines())) < 400 and page == model_card(checkpoint)

    def test_a_run_that_wrote_nothing_down(self, tiny_checkpoint: Path):
        page = model_card(open_checkpoint(tiny_checkpoint))
        assert "Not trained" in page and page.count("- not recorded") == 2


class TestBegin:
    def test_a_run_begins_with_the_weights_of_a_checkpoint(self, exported: Path, tiny_world: Path, tmp_path: Path):
        told = {"batch": 8, "samples": 8, "rate": 1e-12}
        list(run("image", preset_name="tiny", data=tiny_world, out=tmp_path / "run", overrides=told, begin=exported))
        begun = load_file(tmp_path / "run" / "parts" / "transformer.safetensors")
        shipped = open_checkpoint(exported).weights()
        assert all(np.allclose(tensor, shipped[f"transformer.{name}"], atol=1e-4) for name, tensor in begun.items())
        assert (tmp_path / "run" / "tokenizer.json").read_bytes() == (exported / "tokenizer.json").read_bytes()
        card = build_card(tmp_path / "run", preset("tiny"), "mine")
        of = open_checkpoint(exported).hash[:8]
        assert {"image", f"codec of {of}", f"image of {of}"} <= set(card["stages"]) and "codec" not in card["stages"]

    def test_a_run_that_has_begun_is_left_as_it_is(self, exported: Path, small_run: Path, tmp_path: Path):
        shutil.copytree(small_run, tmp_path / "run")
        before = (tmp_path / "run" / "parts" / "transformer.safetensors").read_bytes()
        assert begin_from(tmp_path / "run", open_checkpoint(exported), preset("tiny")) == {}
        assert (tmp_path / "run" / "parts" / "transformer.safetensors").read_bytes() == before

    def test_a_larger_transformer_begins_anew(self, exported: Path, tmp_path: Path):
        wider = replace(preset("tiny"), transformer=replace(preset("tiny").transformer, depth=3, width=128))
        new = begin_from(tmp_path / "run", open_checkpoint(exported), wider)
        assert new["text"] == 0 and new["codec"] == 0 and new["transformer"] > 0

    def test_other_sizes_are_refused(self, exported: Path, tmp_path: Path):
        with pytest.raises(CheckpointError, match="its text does not fit"):
            begin_from(tmp_path / "run", open_checkpoint(exported), preset("nano"))
