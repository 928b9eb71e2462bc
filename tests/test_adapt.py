"""Adapters: a style of a dozen pictures is learned; both runtimes draw it alike; without it nothing changes; what is refused."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import save_file

from conftest import Shared
from mutoscope import TextToImageModel, TextToVideoModel
from mutoscope.adapter import Facts, adapters_folder, find_adapter, known_adapters, merge, open_adapter, save_adapter
from mutoscope.checkpoint import open_checkpoint
from mutoscope.cli import main
from mutoscope.data.folder import Scenery, render_folder
from mutoscope.data.sources import Found
from mutoscope.errors import Cancelled, CheckpointError, DataError, MutoscopeError, SettingError
from mutoscope.events import drain
from mutoscope.media import read_info, read_pixels
from mutoscope.options import parse_adapters
from mutoscope.prompt.request import Request, UsedAdapter
from mutoscope.runtime import open_runtime
from mutoscope.train.adapt import Example, Lesson, LowRank, adapt, learnable, read_example, with_word

DARK, LIGHT = np.array([70.0, 0.0, 90.0]), np.array([255.0, 225.0, 60.0])  # the two inks of the style
PROMPTS = ("a lake at sunset", "a pine forest in the fog", "a city skyline at night", "waves on a beach")
SAMPLES = 800  # of the adapters that the tests share
SMALL = {"size": "48x32", "num_inference_steps": 3, "seed": 7}


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(autouse=True)
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's adapters, none at first."""
    monkeypatch.setenv("MUTOSCOPE_ADAPTERS", str(tmp_path / "library"))
    return tmp_path / "library"


@pytest.fixture(scope="module")
def inks(shared: Shared) -> Path:
    """Twelve photographs of the world in two inks, captions beside them: a style that no training held."""

    def make(folder: Path) -> None:
        drain(render_folder(folder / "photos", Scenery(64, 64, seed=5, style="photo"), 12))
        (folder / "style").mkdir()
        for line in (folder / "photos" / "captions.jsonl").read_text().splitlines():
            row = json.loads(line)
            grey = np.asarray(Image.open(folder / "photos" / row["file"]).convert("L"), float)[..., None] / 255
            Image.fromarray((DARK + (LIGHT - DARK) * grey).round().astype(np.uint8)).save(
                folder / "style" / row["file"]
            )
            (folder / "style" / row["file"]).with_suffix(".txt").write_text(row["captions"][0])

    return shared("inks", make) / "style"


@pytest.fixture(scope="module")
def taught(inks: Path, tiny_checkpoint: Path, shared: Shared) -> dict[str, Path]:
    """Adapters of the tiny checkpoint for the two inks: low rank, and whole."""

    def make(folder: Path) -> None:
        torch.set_num_threads(1)
        for name in ("inks", "whole-inks"):
            lesson = Lesson(name, full=name == "whole-inks", samples=SAMPLES)
            drain(adapt(inks, lesson, tiny_checkpoint, folder / f"{name}.safetensors"))

    folder = shared("taught", make)
    return {name: folder / f"{name}.safetensors" for name in ("inks", "whole-inks")}


@pytest.fixture
def painter(tiny_checkpoint: Path) -> TextToImageModel:
    return TextToImageModel(tiny_checkpoint, threads=1)


def off_line(pixels: np.ndarray) -> float:
    """Return how far the pixels lie, in the mean, from the line of colours between the two inks, in levels."""
    along = (LIGHT - DARK) / np.linalg.norm(LIGHT - DARK)
    away = pixels.reshape(-1, 3) - DARK
    return float(np.linalg.norm(away - (away @ along)[:, None] * along, axis=1).mean())


def facts(checkpoint: Path, **changes) -> Facts:
    base = open_checkpoint(checkpoint, verify=False)
    return replace(Facts("one", base.name, base.hash, 2, "one", 5, 80, 0, "CC0-1.0", ("lake",)), **changes)


def random_adapter(path: Path, checkpoint: Path, name: str = "one", seed: int = 0, **changes) -> Path:
    """Write an adapter of random factors for every weight that one may change."""
    random = np.random.default_rng(seed)
    weights = open_checkpoint(checkpoint, verify=False).weights()
    tensors = {}
    for key in sorted(learnable(open_checkpoint(checkpoint, verify=False))):
        shape = weights[f"transformer.{key}"].shape
        if len(shape) == 2:
            tensors[f"transformer.{key}::up"] = random.standard_normal((shape[0], 2)) * 0.2
            tensors[f"transformer.{key}::down"] = random.standard_normal((2, shape[1])) * 0.2
    path.parent.mkdir(exist_ok=True)
    return save_adapter(path, facts(checkpoint, name=name, **changes), tensors)


class TestLearning:
    @pytest.mark.parametrize("name", ["inks", "whole-inks"])
    def test_a_style_is_learned(self, taught: dict[str, Path], painter: TextToImageModel, name: str):
        """Of four prompts, every picture with the adapter is nearer to the inks than every one without."""
        pairs = [
            (painter.generate(prompt, seed=1), painter.generate(prompt, seed=1, adapter=str(taught[name])))
            for prompt in PROMPTS
        ]
        without, with_it = zip(*([off_line(one.pixels) for one in pair] for pair in pairs), strict=True)
        assert max(with_it) < 0.8 * min(without), (with_it, without)

    @pytest.mark.slow
    @pytest.mark.timeout(600)
    @pytest.mark.parametrize("captioned", [True, False], ids=["captions", "none"])
    def test_the_embedded_model_learns_it(self, inks: Path, tmp_path: Path, captioned: bool):
        folder = tmp_path / "pictures"
        folder.mkdir()
        for file in inks.iterdir():
            if captioned or file.suffix == ".png":
                (folder / file.name).write_bytes(file.read_bytes())
        model = TextToImageModel(threads=1)
        before = [model.generate(prompt, seed=1).pixels for prompt in PROMPTS]
        drain(adapt(folder, Lesson("inks")))
        with_it = [model.generate(f"{prompt}, inks", seed=1, adapter="inks").pixels for prompt in PROMPTS]
        after = [TextToImageModel(threads=1).generate(prompt, seed=1).pixels for prompt in PROMPTS]
        assert all(map(np.array_equal, before, after))
        assert max(map(off_line, with_it)) < 0.8 * min(map(off_line, before)), (
            list(map(off_line, with_it)),
            list(map(off_line, before)),
        )
        half = [model.generate(f"{prompt}, inks", seed=1, adapter="inks:0.5").pixels for prompt in PROMPTS]
        between = [np.mean([off_line(p) for p in some]) for some in (with_it, half, before)]
        assert between == sorted(between)

    def test_the_same_lesson_gives_the_same_file(self, inks: Path, tiny_checkpoint: Path, tmp_path: Path):
        lesson = Lesson("inks", samples=64)
        one, other = (drain(adapt(inks, lesson, tiny_checkpoint, tmp_path / f"{n}.safetensors")) for n in "ab")
        assert one.path.read_bytes() == other.path.read_bytes()
        another = drain(adapt(inks, replace(lesson, seed=1), tiny_checkpoint, tmp_path / "c.safetensors"))
        assert one.path.read_bytes() != another.path.read_bytes()
        assert (one.facts.pictures, one.facts.samples, one.facts.rank) == (12, 64, 8) and "inks" in one.facts.words

    def test_a_budget_ends_it(self, inks: Path, tiny_checkpoint: Path):
        learned = drain(adapt(inks, Lesson("quick-inks", samples=0, budget=0.2), tiny_checkpoint))
        assert learned.path == adapters_folder() / "quick-inks.safetensors" and known_adapters() == ["quick-inks"]
        assert learned.facts.samples > 0

    def test_stopped_it_leaves_nothing_and_says_so(self, inks: Path, tiny_checkpoint: Path, tmp_path: Path):
        job = adapt(inks, Lesson("inks", samples=4096), tiny_checkpoint, tmp_path / "a.safetensors")
        assert any(event.phase == "train" for event in job)
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Cancelled, match="stopped, and nothing is kept"):
            drain(job)
        assert not list(tmp_path.iterdir())

    def test_low_rank_starts_where_the_base_is_and_can_reach_its_rank(self):
        """The closed form: x W^T + x (up down)^T."""
        layer = torch.nn.Linear(6, 5)
        low, x = LowRank(layer, 2, "a", 0), torch.randn(3, 6)
        assert torch.equal(low(x), layer(x)) and low.weight is layer.weight
        low.up.data.normal_()
        change = low.up @ low.down
        assert torch.allclose(low(x), x @ (layer.weight + change).T + layer.bias, atol=1e-6)
        assert torch.linalg.matrix_rank(change) == 2


class TestDrawing:
    def test_without_it_nothing_changes(self, tiny_checkpoint: Path, library: Path, painter: TextToImageModel):
        before = painter.generate(PROMPTS[0], **SMALL)
        random_adapter(library / "one.safetensors", tiny_checkpoint)
        changed = painter.generate(PROMPTS[0], adapter="one", **SMALL)
        assert not np.array_equal(before.pixels, changed.pixels)
        for model in (painter, TextToImageModel(tiny_checkpoint, threads=1)):
            after = model.generate(PROMPTS[0], **SMALL)
            assert np.array_equal(before.pixels, after.pixels) and after.request == before.request
        assert np.array_equal(before.pixels, painter.generate(PROMPTS[0], adapter="one:0", **SMALL).pixels)

    def test_both_runtimes_agree(self, tiny_checkpoint: Path, taught: dict[str, Path]):
        checkpoint = open_checkpoint(tiny_checkpoint)
        for path in taught.values():
            worn = ((open_adapter(path), 0.8),)
            onnx, torch_, plain = (
                open_runtime(checkpoint, name, 1, adapters) for name, adapters in (("onnx", worn), ("torch", worn), ("onnx", ()))
            )  # fmt: skip
            ids, mask = np.arange(4, 11)[None], np.ones((1, 7), bool)
            texts = [runtime.encode_text(ids, mask) for runtime in (onnx, torch_, plain)]
            assert np.abs(texts[0] - texts[1]).max() < 1e-4 < np.abs(texts[0] - texts[2]).max()
            latents = np.random.default_rng(0).standard_normal((1, 16, 1, 4, 6)).astype(np.float32)
            drawn = [
                runtime.velocity(latents, 0.7, runtime.read_text(texts[0]), 0.0) for runtime in (onnx, torch_, plain)
            ]
            assert np.abs(drawn[0] - drawn[1]).max() < 1e-4 < np.abs(drawn[0] - drawn[2]).max()

    def test_it_is_merged_before_weights_are_quantised(self, tiny_checkpoint: Path, tmp_path: Path):
        checkpoint = open_checkpoint(tiny_checkpoint)
        worn = ((open_adapter(random_adapter(tmp_path / "one.safetensors", tiny_checkpoint)), 0.8),)
        exact, coarse, plain = (
            open_runtime(checkpoint, "onnx", 1, adapters, precision)
            for adapters, precision in ((worn, "fp32"), (worn, "int8"), ((), "int8"))
        )
        context = exact.read_text(np.random.default_rng(1).standard_normal((1, 7, 64), np.float32))
        latents = np.random.default_rng(0).standard_normal((1, 16, 1, 4, 6), np.float32)
        drawn = [runtime.velocity(latents, 0.7, context, 0.0) for runtime in (exact, coarse, plain)]
        assert np.abs(drawn[1] - drawn[0]).mean() < 0.2 * np.abs(drawn[1] - drawn[2]).mean()

    def test_the_sum_is_the_formula(self, tiny_checkpoint: Path, tmp_path: Path):
        checkpoint = open_checkpoint(tiny_checkpoint)
        adapters = [
            open_adapter(random_adapter(tmp_path / f"{i}.safetensors", tiny_checkpoint, seed=i)) for i in (1, 2)
        ]
        weights, name = (
            merge(checkpoint.weights(), checkpoint, zip(adapters, (0.5, -1.0), strict=True)),
            "transformer.blocks.0.qkv.weight",
        )
        wanted = checkpoint.weights()[name].astype(np.float64)
        for adapter, scale in zip(adapters, (0.5, -1.0), strict=True):
            wanted += scale * adapter.tensors[name + "::up"].astype(np.float64) @ adapter.tensors[name + "::down"]
        assert np.abs(weights[name] - wanted).max() < 1e-6

    def test_a_request_with_adapters_is_exact(self, tiny_checkpoint: Path, library: Path, painter, tmp_path: Path):
        for name, seed in (("one", 1), ("two", 2)):
            random_adapter(library / f"{name}.safetensors", tiny_checkpoint, name=name, seed=seed)
        picture = painter.generate("a lake, one", adapter="one:0.5, two:-0.25", **SMALL)
        path = picture.save(tmp_path / "a.png")
        assert 'Adapters: "one:0.5, two:-0.25"' in read_info(path)["parameters"]
        request = Request.from_json(read_info(path)["request_json"])
        assert request == picture.request and [used.scale for used in request.adapters] == [0.5, -0.25]
        again = TextToImageModel(tiny_checkpoint, threads=1).redo(request)
        assert again.request == request and np.array_equal(again.pixels, picture.pixels)
        assert picture.warnings == ()  # the word of an adapter is known

    def test_clips_too(self, tiny_checkpoint: Path, library: Path):
        random_adapter(library / "one.safetensors", tiny_checkpoint)
        model = TextToVideoModel(tiny_checkpoint, threads=1)
        plain, clip = (model.generate("a lake", num_frames=5, adapter=adapter, **SMALL) for adapter in (None, "one"))
        assert not np.array_equal(plain.frames, clip.frames)
        assert np.array_equal(model.redo(clip.request).frames, clip.frames)
        assert np.array_equal(model.redo(clip.request, adapter="none").frames, plain.frames)

    def test_a_path_leaves_no_path_in_the_file(self, tiny_checkpoint: Path, painter: TextToImageModel, tmp_path: Path):
        path = random_adapter(tmp_path / "elsewhere" / "one.safetensors", tiny_checkpoint)
        picture = painter.generate("a lake", adapter=f"{path}:0.5", **SMALL)
        assert "elsewhere" not in picture.request.to_json()
        assert np.array_equal(painter.redo(picture.request).pixels, picture.pixels)  # this model has seen the file
        other = TextToImageModel(tiny_checkpoint, threads=1)
        with pytest.raises(SettingError, match="no adapter 'one'"):
            other.redo(picture.request)
        assert np.array_equal(other.redo(picture.request, adapter=f"{path}:0.5").pixels, picture.pixels)

    def test_without_torch(self, tiny_checkpoint: Path, library: Path, painter: TextToImageModel, tmp_path: Path):
        random_adapter(library / "one.safetensors", tiny_checkpoint)
        code = "import sys; sys.modules['torch'] = None\nfrom mutoscope import TextToImageModel\n"
        code += f"TextToImageModel({str(tiny_checkpoint)!r}, threads=1).generate('a lake', adapter='one', **{SMALL}).save('a.png')"
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=60, env=os.environ)
        assert np.array_equal(
            read_pixels(tmp_path / "a.png"), painter.generate("a lake", adapter="one", **SMALL).pixels
        )


class TestRequests:
    def test_without_adapters_the_text_is_as_before(self):
        text = Request("a lake").to_json()
        assert "adapters" not in json.loads(text) and Request("a lake", adapters=()).to_json() == text
        assert "adapters" in json.loads(Request("a lake", adapters=(UsedAdapter("one"),)).to_json())

    def test_round_trip(self):
        request = Request("a lake", adapters=(UsedAdapter("one", 0.5, "12"), UsedAdapter("two")))
        assert Request.from_json(request.to_json()) == request

    @pytest.mark.parametrize(
        "held",
        [5, "one", [5], [{"scale": 1}], [{"name": "a", "colour": 1}], [{"name": 1}], [{"name": "a", "scale": "1"}],
         [{"name": "a", "scale": 5}], [{"name": "a", "scale": float("nan")}], [{"name": "a"}] * 9],
        ids=str,
    )  # fmt: skip
    def test_edited_ones_are_refused(self, held):
        with pytest.raises(SettingError, match="adapter"):
            Request("a lake", adapters=held)

    @pytest.mark.parametrize(
        ("words", "found"),
        [
            ("mystyle", [("mystyle", 1.0)]), ("a:0.5,b:.5", [("a", 0.5), ("b", 0.5)]), (" a : -1 ", [("a ", -1.0)]),
            ("none", []), ("C:\\a.safetensors:0.8", [("C:\\a.safetensors", 0.8)]), ("C:\\a", [("C:\\a", 1.0)]),
        ],
    )  # fmt: skip
    def test_words(self, words: str, found: list):
        assert [(name.strip(), scale) for name, scale in parse_adapters(words)] == [(n.strip(), s) for n, s in found]

    @pytest.mark.parametrize("words", ["", "a,", ",", ":0.5", "a,a", "a:9", "a:-5", 5, None, ["a"]], ids=str)
    def test_refused_words(self, words):
        with pytest.raises(SettingError, match="adapter"):
            parse_adapters(words)


class TestRefused:
    def test_an_unknown_name_names_the_nearest(self, tiny_checkpoint: Path, library: Path, painter: TextToImageModel):
        with pytest.raises(SettingError, match="none yet: mutoscope adapt"):
            painter.stream("a lake", adapter="mystlye")
        random_adapter(library / "mystyle.safetensors", tiny_checkpoint)
        with pytest.raises(SettingError, match="did you mean 'mystyle'"):
            painter.stream("a lake", adapter="mystlye")
        with pytest.raises(SettingError, match="no adapter file"):
            painter.stream("a lake", adapter="./nowhere.safetensors")
        assert "runtime" not in vars(painter.engine)

    def test_another_base(self, tiny_checkpoint: Path, library: Path, painter: TextToImageModel):
        random_adapter(library / "one.safetensors", tiny_checkpoint, base_hash="0" * 16)
        with pytest.raises(
            CheckpointError,
            match=f"trained on mutoscope-tiny 0{{16}}, this model is .* {open_checkpoint(tiny_checkpoint).hash}",
        ):
            painter.stream("a lake", adapter="one")

    def test_another_file_of_the_name(self, tiny_checkpoint: Path, library: Path, painter: TextToImageModel):
        random_adapter(library / "one.safetensors", tiny_checkpoint)
        request = painter.generate("a lake", adapter="one", **SMALL).request
        random_adapter(library / "one.safetensors", tiny_checkpoint, seed=9)
        with pytest.raises(CheckpointError, match="was made with adapter 'one'"):
            TextToImageModel(tiny_checkpoint).redo(request)

    @pytest.mark.parametrize("damage", ["empty", "cut", "text", "weights", "nan", "unpaired", "facts", "shape"])
    def test_wrong_files(self, tiny_checkpoint: Path, library: Path, painter: TextToImageModel, damage: str):
        from safetensors.numpy import save_file

        path = random_adapter(library / "one.safetensors", tiny_checkpoint)
        adapter = open_adapter(path)
        tensors, name = dict(adapter.tensors), "transformer.embed.weight"
        header = {"mutoscope_adapter": json.dumps({"format": 1, **vars(adapter.facts)})}
        if damage in ("empty", "cut", "text"):
            path.write_bytes({"empty": b"", "cut": path.read_bytes()[:-9], "text": b"a lake at sunset" * 99}[damage])
        elif damage == "weights":
            path.write_bytes((tiny_checkpoint / "weights.safetensors").read_bytes())
        else:
            if damage == "nan":
                tensors[name + "::up"] = np.full_like(tensors[name + "::up"], np.nan)
            elif damage == "unpaired":
                del tensors[name + "::up"]
            elif damage == "shape":
                tensors[name + "::up"] = np.repeat(tensors[name + "::up"], 2, 0)
            else:
                header = {"mutoscope_adapter": json.dumps({"format": 1, **vars(adapter.facts), "rank": "two"})}
            save_file(tensors, path, header)
        with pytest.raises(CheckpointError, match=r"one\.safetensors") as caught:
            painter.generate("a lake", adapter="one", **SMALL)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        "wanted",
        [{"name": "My Style"}, {"name": ""}, {"name": "none"}, {"name": "a:b"}, {"name": "../a"}, {"name": "x" * 65},
         {"rank": 0}, {"rank": 1000}, {"samples": 0}],
        ids=str,
    )  # fmt: skip
    def test_lessons(self, wanted: dict):
        with pytest.raises(SettingError):
            Lesson(**{"name": "mystyle", **wanted})

    def test_pictures(self, inks: Path, tiny_checkpoint: Path, tmp_path: Path):
        def learn(folder: Path) -> None:
            drain(adapt(folder, Lesson("mystyle", samples=16), tiny_checkpoint))

        for count, files in ((4, sorted(inks.glob("*.png"))[:4]), (0, [])):
            folder = tmp_path / f"few{count}"
            folder.mkdir()
            for file in files:
                (folder / file.name).write_bytes(file.read_bytes())
            with pytest.raises(DataError, match=f"{count} pictures; an adapter is trained on 5 to 500"):
                learn(folder)
        damaged = tmp_path / "damaged"
        damaged.mkdir()
        for file in inks.iterdir():
            (damaged / file.name).write_bytes(file.read_bytes())
        first = sorted(damaged.glob("*.png"))[0]
        first.with_suffix(".txt").write_bytes(b"a caf\xe9")
        with pytest.raises(DataError, match="not UTF-8"):
            learn(damaged)
        first.with_suffix(".txt").write_text("a lake")
        first.write_bytes(first.read_bytes()[:200])
        with pytest.raises(MutoscopeError, match=first.name):
            learn(damaged)

    def test_a_checkpoint_without_its_encoder(self, inks: Path, copied_checkpoint: Path):
        (copied_checkpoint / "encoder.safetensors").unlink()
        with pytest.raises(CheckpointError, match="encoder"):
            drain(adapt(inks, Lesson("mystyle"), copied_checkpoint))


class TestPictures:
    def example(self, tmp_path: Path, size: tuple[int, int], captions: list[str]):
        path = tmp_path / "a.png"
        Image.new("RGB", size, (10, 200, 30)).save(path)
        example = read_example(Found("a.png", path, captions), "mystyle")
        assert isinstance(example, Example), example
        return example

    @pytest.mark.parametrize(
        ("size", "bucket"),
        [((300, 200), "192x128"), ((500, 510), "128x128"), ((200, 400), "128x192"), ((40, 40), "128x128")],
    )
    def test_go_to_the_nearest_bucket(self, tmp_path: Path, size: tuple[int, int], bucket: str):
        example = self.example(tmp_path, size, ["a lake"])
        assert example.bucket.name == bucket and example.pixels.shape == (
            example.bucket.height,
            example.bucket.width,
            3,
        )
        assert (example.pixels == (10, 200, 30)).all()

    def test_are_mirrored_only_where_the_caption_allows_it(self, tmp_path: Path):
        texts = ("a lake", "a pine on the left", "a clock", "")
        told = {text: self.example(tmp_path, (128, 128), [text] if text else []).may_flip for text in texts}
        assert told == {"a lake": True, "a pine on the left": False, "a clock": False, "": False}

    def test_captions_with_the_word(self):
        assert with_word(["a lake"], "mystyle") == ["a lake", "a lake, mystyle"]
        assert with_word(["a Mystyle lake"], "mystyle") == ["a Mystyle lake"]
        assert with_word(["mystyles"], "mystyle") == ["mystyles", "mystyles, mystyle"]
        assert with_word([], "mystyle") == ["mystyle"]


class TestCommandLine:
    def test_adapt_image_info_redo(
        self, inks: Path, tiny_checkpoint: Path, library: Path, tmp_path: Path, monkeypatch, capsys
    ):
        monkeypatch.chdir(tmp_path)
        model = ["--model", str(tiny_checkpoint)]
        assert main(["adapt", str(inks), "--name", "inks", "--budget", "1s", "--licence", "CC0-1.0", *model]) == 0
        shown = capsys.readouterr()
        assert shown.out.strip() == str(library / "inks.safetensors") and "--adapter inks" in shown.err
        assert "12 of 12 pictures were smaller than what is trained on and were enlarged, up to 2.0 times" in shown.err
        assert main(["info", "--json", str(library / "inks.safetensors")]) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["word"], told["rank"], told["pictures"], told["licence"]) == ("inks", 8, 12, "CC0-1.0")
        small = ["--size", "48x32", "--steps", "2", "--threads", "1", *model]
        assert main(["image", "a lake, inks", "--adapter", "inks:0.8", "--seed", "3", "-o", "a.png", *small]) == 0
        assert "warning" not in capsys.readouterr().err
        assert main(["redo", "a.png", "-o", "b.png", "--threads", "1", *model]) == 0
        assert main(["redo", "a.png", "--adapter", "none", "-o", "c.png", "--threads", "1", *model]) == 0
        assert main(["image", "a lake, inks", "--seed", "3", "-o", "d.png", *small]) == 0
        a, b, c, d = (read_pixels(tmp_path / f"{name}.png") for name in "abcd")
        assert np.array_equal(a, b) and np.array_equal(c, d) and not np.array_equal(a, c)

    @pytest.mark.parametrize(
        ("words", "code", "said"),
        [
            (["adapt", "nowhere", "--name", "a"], 2, "not a folder"),
            (["adapt", ".", "--name", "A b"], 2, "--name takes"),
            (["adapt", ".", "--name", "My Style!"], 2, "for example my-style, got"),
            (["adapt", ".", "--name", "a", "--rank", "0"], 2, "--rank"),
            (["adapt", ".", "--name", "a", "--budget", "soon"], 2, "--budget"),
            (["adapt", ".", "--name", "mystyle"], 2, "pictures"),
            (["adapt", ".", "--name", "lake"], 2, "for example --name mylake"),
            (["adapt", ".", "--name", "horses"], 2, "for example --name myhorses"),
            (["adapters", "show", "nobody"], 2, "no adapter 'nobody'"),
            (["adapters", "rm", "nobody"], 2, "no adapter 'nobody'"),
            (["adapters", "sheet", "nobody", "--strengths", "much"], 2, "--strengths takes"),
            (["adapt", ".", "--name", "a", "--model", "nowhere"], 2, "no model is called 'nowhere'"),
            (["image", "a lake", "--adapter", "nobody"], 2, "no adapter 'nobody'"),
            (["video", "a lake", "--adapter", "a:99"], 2, "scale"),
        ],
        ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else None,
    )
    def test_one_line(self, words: list[str], code: int, said: str, tmp_path: Path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        assert main(words) == code
        error = capsys.readouterr().err
        assert said in error and error.count("\n") == 1


class TestKeeping:
    """What `mutoscope adapters` does with files that are there, and what `adapt` never does with them."""

    @pytest.fixture
    def kept(self, taught: dict[str, Path], library: Path) -> Path:
        library.mkdir()
        return Path(shutil.copy(taught["inks"], library / "inks.safetensors"))

    def test_no_file_is_replaced_unless_that_is_said(self, kept: Path, inks: Path, tiny_checkpoint: Path, capsys):
        before = kept.read_bytes()
        words = ["adapt", str(inks), "--name", "inks", "--budget", "0.2s", "--model", str(tiny_checkpoint), "--quiet"]
        assert main(words) == 2 and kept.read_bytes() == before
        assert "an adapter of 12 pictures for mutoscope-tiny; --force" in capsys.readouterr().err
        assert main([*words, "--force"]) == 0 and kept.read_bytes() != before

    def test_listed_shown_and_removed(self, kept: Path, library: Path, capsys):
        save_file({"lora_unet_x.lora_down.weight": np.zeros((1, 1), np.float32)}, library / "theirs.safetensors",
                  {"ss_base_model_version": "sdxl"})  # fmt: skip
        (library / "broken.safetensors").write_bytes(b"no")
        assert main(["adapters"]) == 0
        broken, inks, theirs = capsys.readouterr().out.splitlines()
        assert "mutoscope-tiny, rank 8, 12 pictures" in inks and "sdxl" in theirs and "damaged" in broken
        assert main(["adapters", "show", "inks", "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["word"] == "inks" and told["hash"] == open_adapter(kept).hash
        assert main(["adapters", "rm", "inks"]) == 0 and not kept.exists()
        assert known_adapters() == ["broken", "theirs"]

    def test_a_sheet_of_strengths(self, kept: Path, tiny_checkpoint: Path, tmp_path: Path, painter: TextToImageModel):
        words = ["adapters", "sheet", "inks", "a lake, inks", "--strengths", "0,1", "--size", "32x32", "--steps", "2"]
        assert main([*words, "-o", str(tmp_path / "s.png"), "--model", str(tiny_checkpoint), "--threads", "1"]) == 0
        sheet = read_pixels(tmp_path / "s.png")
        plain, strong = (
            painter.generate(
                "a lake, inks", size="32x32", num_inference_steps=2, seed=0, adapter=f"inks:{scale}"
            ).pixels
            for scale in (0, 1)
        )
        half = sheet.shape[1] // 2
        assert np.array_equal(sheet[4:36, 4:36], plain) and np.array_equal(sheet[4:36, half + 4 : half + 36], strong)

    def test_small_pictures_are_spoken_of(self, inks: Path, tiny_checkpoint: Path, capsys):
        words = ["adapt", str(inks), "--name", "inks-again", "--budget", "0.2s", "--model", str(tiny_checkpoint)]
        assert main(words) == 0
        assert "12 of 12 pictures were smaller" in capsys.readouterr().err


def test_where_they_lie(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("MUTOSCOPE_ADAPTERS")
    monkeypatch.delenv("MUTOSCOPE_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    assert adapters_folder() == tmp_path / "mutoscope" / "adapters" and known_adapters() == []
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("APPDATA", str(tmp_path / "roaming"))
    assert adapters_folder() == tmp_path / "roaming" / "mutoscope" / "adapters"
    monkeypatch.setenv("MUTOSCOPE_CONFIG", str(tmp_path / "mine"))
    assert adapters_folder() == tmp_path / "mine" / "adapters"
    with pytest.raises(SettingError, match="no adapter"):
        find_adapter("mystyle")
