"""A LoRA for models made elsewhere: four pictures lower the loss, and stock diffusers draws with the file as this package does."""

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import load_file

pytest.importorskip("diffusers")
pytest.importorskip("peft")

import tiny_pipelines as tiny
from mutoscope import TextToImageModel
from mutoscope.adapter import known_adapters
from mutoscope.cli import main
from mutoscope.errors import DataError, SettingError
from mutoscope.events import drain
from mutoscope.media.pixels import unit_to_levels
from mutoscope.train.lora import LoraLesson, train_lora
from tiny_pipelines import draw_tiny, load_tiny, tiny_folder, write_lora

pytestmark = pytest.mark.usefixtures("one_thread")

NAMES = ("sd", "sdxl", "flux", "sd3")
LESSON = LoraLesson("mystyle", rank=4, steps=40, rate=1e-2, licence="CC0-1.0", side=64)


@pytest.fixture(autouse=True)
def library(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's adapters, none at first."""
    monkeypatch.setenv("MUTOSCOPE_CONFIG", str(tmp_path_factory.getbasetemp() / "settings"))
    monkeypatch.setenv("MUTOSCOPE_ADAPTERS", str(tmp_path / "library"))
    return tmp_path / "library"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five pictures of one kind, captions beside them."""
    folder = tmp_path_factory.mktemp("pictures")
    ramp = np.linspace(0, 255, 80)[None, :, None] * np.array([1.0, 0.5, 0.2])
    for number in range(5):
        pixels = np.roll(np.broadcast_to(ramp, (70, 80, 3)), number * 16, 1).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
        (folder / f"{number}.txt").write_text(f"a ramp number {number}")
    return folder


@pytest.fixture(scope="module")
def trained(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("trained")

    @functools.cache
    def train(name: str) -> Any:
        return drain(train_lora(pictures, LESSON, tiny_folder(name), folder / f"{name}.safetensors"))

    return train


@pytest.mark.parametrize("name", NAMES)
def test_the_loss_is_lower_at_the_same_times_and_noises(name: str, trained: Any):
    learned = trained(name)
    assert learned.after < learned.before, (learned.before, learned.after)
    assert learned.pictures == 5 and learned.facts["steps"] == 40 and learned.passed == ()


@pytest.mark.parametrize("name", NAMES)
def test_stock_diffusers_draws_as_this_package_does(name: str, trained: Any):
    file = trained(name).path
    model = TextToImageModel(tiny_folder(name), threads=1)
    words: dict[str, Any] = {"width": 64, "height": 64, "num_inference_steps": 2, "seed": 1, "guidance_scale": 3.0}
    ours = model.generate("a red ball", adapter=f"{file}:0.8", **words).pixels
    assert not np.array_equal(ours, model.generate("a red ball", **words).pixels)
    stock = load_tiny(tiny_folder(name))
    stock.load_lora_weights(str(file.parent), weight_name=file.name, adapter_name="mystyle", local_files_only=True)
    stock.set_adapters(["mystyle"], [0.8])
    for part in stock.components.values():  # a stock file in half precision is computed so; the numbers are the same
        if hasattr(part, "parameters"):
            part.float()
    drawn = unit_to_levels(draw_tiny(stock, name, "a red ball", 1, guidance_scale=3.0))[0]
    assert np.array_equal(drawn, ours)


@pytest.mark.parametrize("name", NAMES)
def test_keys_are_those_of_the_tools(name: str, trained: Any, tmp_path: Path):
    keys = set(load_file(trained(name).path))
    form = "kohya" if name in ("sd", "sdxl") else "peft"
    theirs = set(load_file(write_lora(tiny_folder(name), tmp_path / "theirs.safetensors", form)))
    if name == "sdxl":  # kohya's trainer calls the blocks of SDXL by the names of the first publication
        folder = tiny_folder(name) / "unet"
        layers = tiny._original_layers(tiny._config(folder), tiny._layers(folder, r"\.to_[qv]$"))
        ends = ("lora_down.weight", "lora_up.weight", "alpha")
        theirs = {f"lora_unet_{layer.replace('.', '_')}.{end}" for layer in layers for end in ends}
    assert theirs <= keys
    assert {key.split("to_")[1].split(".")[0].rstrip("_0") for key in keys} == {"q", "k", "v", "out"}


def test_the_header_says_what_it_is(trained: Any):
    for name, version, architecture in (
        ("sd", "sd_v1", "stable-diffusion-v1/lora"),
        ("sdxl", "sdxl_base_v1-0", "stable-diffusion-xl-v1-base/lora"),
        ("flux", "flux1", "flux-1-dev/lora"),
    ):
        with safe_open(trained(name).path, "np") as file:
            header = file.metadata()
        assert header["ss_base_model_version"] == version and header["modelspec.architecture"] == architecture
        facts = json.loads(header["mutoscope_lora"])
        assert facts == trained(name).facts and facts["licence"] == "CC0-1.0" and facts["word"] == "mystyle"
        assert facts["base"] == str(tiny_folder(name)) and len(facts["base_hash"]) == 16


def test_the_same_training_gives_the_same_bytes(pictures: Path, tmp_path: Path):
    lesson = LoraLesson("a", rank=2, steps=3)
    one, two = (drain(train_lora(pictures, lesson, tiny_folder("sd"), tmp_path / f"{n}.safetensors")) for n in (1, 2))
    assert one.path.read_bytes() == two.path.read_bytes()


def test_velocity_is_learned_where_the_scheduler_says_so(pictures: Path, tmp_path: Path):
    import shutil

    folder = tmp_path / "v"
    shutil.copytree(tiny_folder("sd"), folder)
    config = folder / "scheduler" / "scheduler_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"prediction_type": "v_prediction"}))
    learned = drain(train_lora(pictures, LESSON, folder, tmp_path / "v.safetensors"))
    assert learned.after < learned.before
    config.write_text(json.dumps(json.loads(config.read_text()) | {"prediction_type": "sample"}))
    with pytest.raises(SettingError, match="predicts 'sample', which is not trained"):
        drain(train_lora(pictures, LESSON, folder, tmp_path / "w.safetensors"))


def test_stopping_leaves_nothing(pictures: Path, tmp_path: Path):
    events = train_lora(pictures, LoraLesson("a", steps=0, budget=60.0), tiny_folder("sd"), tmp_path / "a.safetensors")
    seen = []
    for event in events:
        seen.append(event.phase)
        if event.phase == "train" and event.step:
            assert "loss" in event.message and event.seconds_left is not None
            break
    events.close()  # type: ignore[attr-defined]
    assert list(dict.fromkeys(seen)) == ["read", "load", "text", "train"]
    assert list(tmp_path.glob("*.safetensors*")) == []


def test_what_is_refused(pictures: Path, tmp_path: Path):
    for name, words in (("wan", "is a WanPipeline, which is not trained here"), ("lcm", "is distilled to few steps")):
        with pytest.raises(SettingError, match=words):
            drain(train_lora(pictures, LESSON, tiny_folder(name), tmp_path / "x.safetensors"))
    with pytest.raises(SettingError, match="--rank must be from 1 to 128, got 0"):
        LoraLesson("a", rank=0)
    (tmp_path / "few").mkdir()
    with pytest.raises(DataError, match="0 pictures"):
        drain(train_lora(tmp_path / "few", LESSON, tiny_folder("sd")))


def test_the_command(pictures: Path, library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    model = str(tiny_folder("sd"))
    assert main(["adapt", str(pictures), "--name", "mystyle", "--model", model, "--budget", "1s", "--rank", "2"]) == 0
    told = capsys.readouterr()
    assert told.out.strip() == str(library / "mystyle.safetensors") and known_adapters() == ["mystyle"]
    assert f"--adapter mystyle --model {model}" in told.err
    out = str(tmp_path / "a.png")
    draw = [
        "image",
        "a lake",
        "--model",
        model,
        "--size",
        "64x64",
        "--steps",
        "2",
        "--adapter",
        "mystyle:0.8",
        "-o",
        out,
    ]
    assert main(draw) == 0
    assert main(["adapt", str(pictures), "--name", "mystyle", "--model", model, "--full"]) == 2
    assert "leave it out" in capsys.readouterr().err
