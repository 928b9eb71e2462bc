"""The engine "world": the facts of a prompt are drawn by the renderer, behind the same call as a checkpoint."""

from pathlib import Path

import numpy as np
import pytest

from mutoscope import TextToImageModel, TextToVideoModel
from mutoscope.cli import main
from mutoscope.engines import find_maker, open_engine
from mutoscope.engines.world import WorldEngine, pin_facts
from mutoscope.errors import SettingError, SizeError
from mutoscope.media import read_info
from mutoscope.prompt import Request
from mutoscope.world.read import read
from mutoscope.world.render import render

README_PROMPTS = ("A serene lake surrounded by pine trees at sunset", "Waves crashing on a beach")


@pytest.fixture(scope="module")
def painter() -> TextToImageModel:
    return TextToImageModel("world")


@pytest.fixture(scope="module")
def filmer() -> TextToVideoModel:
    return TextToVideoModel("world")


def chroma(pixels: np.ndarray) -> float:
    levels = pixels.astype(float)
    return float(np.abs(levels - levels.mean(-1, keepdims=True)).mean())


def colors(pixels: np.ndarray) -> np.ndarray:
    return pixels.reshape(-1, 3).mean(0)


@pytest.mark.parametrize("prompt", README_PROMPTS)
def test_the_picture_is_the_render_of_what_was_read(painter: TextToImageModel, prompt: str):
    """Facts as the world's own reader has them, pixels as the renderer draws them: halved from twice the size, then uint8."""
    picture = painter.generate(prompt, size="96x64", seed=5)
    spec, _ = pin_facts(picture.request)
    assert {kind: getattr(spec, kind) for kind in read(prompt).facts} == read(prompt).facts
    unit = render([spec], 96, 64, supersample=2)[0, :, 0].permute(1, 2, 0).numpy()
    assert np.abs(picture.pixels / 255.0 - unit).max() < 1.01 / 255


def test_same_request_same_bytes_and_another_seed_another_picture(painter: TextToImageModel):
    one, again, other = (painter.generate(README_PROMPTS[0], size="64x48", seed=seed) for seed in (7, 7, 8))
    assert np.array_equal(one.pixels, again.pixels) and not np.array_equal(one.pixels, other.pixels)
    assert np.array_equal(painter.redo(Request.from_json(one.request.to_json())).pixels, one.pixels)


@pytest.mark.parametrize("size", ["34x50", "250x130", "100x100", "512x96"])
def test_any_even_size(painter: TextToImageModel, size: str):
    picture = painter.generate("a desert at noon", size=size, seed=1)
    width, height = map(int, size.split("x"))
    assert picture.pixels.shape == (height, width, 3) and picture.request.draft is None


def test_odd_sizes_are_refused_with_the_nearest(painter: TextToImageModel):
    with pytest.raises(SizeError, match="width 33 is not a multiple of 2; use 32 or 34"):
        painter.generate("a desert", size="33x64")


def test_light_and_style_are_those_of_the_prompt(painter: TextToImageModel):
    noon, night = (
        painter.generate(f"a lake at {light}, clear sky", size="64x64", seed=2) for light in ("noon", "night")
    )
    assert colors(noon.pixels).mean() > colors(night.pixels).mean() + 40
    photo, ink = (
        painter.generate("a lake at noon", style=name, size="64x64", seed=2).pixels for name in (None, "ink wash")
    )
    assert chroma(ink) < chroma(photo) / 2
    typed = painter.generate("a lake at noon, ink wash", size="64x64", seed=2)
    assert np.array_equal(typed.pixels, ink)


def test_objects_are_laid_in_and_styled(painter: TextToImageModel):
    asked = {"size": "96x96", "seed": 3}
    without, with_one = (painter.generate(f"{words}a lake at noon", **asked) for words in ("", "a red car on "))
    assert with_one.request.objects is not None
    changed = np.abs(with_one.pixels.astype(int) - without.pixels).max(-1) > 30
    assert 0.02 < changed.mean() < 0.6
    reddest = with_one.pixels[changed].astype(int)
    assert (reddest[:, 0] > reddest[:, 1] + 60).mean() > 0.15


def test_a_clip_moves_with_its_camera(filmer: TextToVideoModel):
    clip = filmer.generate("mountains at noon, panning to the left", size="96x64", num_frames=10, fps=5, seed=4)
    assert clip.frames.shape == (10, 64, 96, 3) and clip.duration_seconds == 2
    assert [fact.name for fact in clip.request.facts if fact.kind == "camera"] == ["pan left"]
    first, last = (frame.astype(float).mean(-1) for frame in (clip.frames[0], clip.frames[-1]))
    error = {shift: np.abs(np.roll(first, shift, 1)[:, 24:-24] - last[:, 24:-24]).mean() for shift in range(-20, 21)}
    assert min(error, key=lambda shift: error[shift]) > 2  # the camera turns left: what is seen goes right


def test_frames_do_not_depend_on_how_many_are_drawn_at_once(filmer: TextToVideoModel, monkeypatch: pytest.MonkeyPatch):
    asked = {"size": "48x48", "num_frames": 6, "fps": 3, "seed": 9}
    one = filmer.generate("a waterfall in the morning", **asked).frames
    monkeypatch.setattr("mutoscope.engines.world.FRAMES_AT_ONCE", 2)
    assert np.array_equal(filmer.generate("a waterfall in the morning", **asked).frames, one)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_inference_steps": 4}, "the model world takes no steps"),
        ({"guidance_scale": 2.0}, "the model world takes no guidance"),
        ({"negative_prompt": "fog"}, "the model world takes no negative prompt"),
        ({"image": np.zeros((64, 64, 3), np.uint8)}, "the model world takes no picture to start from"),
        ({"variation": 0.2}, "the model world takes no variation"),
        ({"adapter": "mystyle"}, "this model takes no adapters, got 'mystyle'"),
    ],
)
def test_what_it_cannot_take_is_refused_in_one_line(painter: TextToImageModel, options: dict, message: str):
    with pytest.raises(SettingError, match=message) as caught:
        painter.generate("a lake", **options)
    assert "\n" not in str(caught.value)


def test_it_is_named_in_its_files_and_redo_finds_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    first, second = tmp_path / "one.png", tmp_path / "two.png"
    assert (
        main(["image", "a lake at dawn", "--model", "world", "--size", "64x48", "--seed", "3", "-o", str(first)]) == 0
    )
    assert '"model":"world"' in (read_info(first)["request_json"] or "")
    assert main(["redo", str(first), "-o", str(second)]) == 0
    assert first.read_bytes() == second.read_bytes()
    assert "warning" not in capsys.readouterr().err


def test_the_embedded_model_draws_its_request_anew_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    first, second = tmp_path / "one.png", tmp_path / "two.png"
    assert (
        main(["image", "a lake at dawn", "--model", "world", "--size", "64x48", "--seed", "3", "-o", str(first)]) == 0
    )
    assert main(["redo", str(first), "--model", "embedded", "-o", str(second)]) == 0
    assert "was made by world" in capsys.readouterr().err
    assert '"model":"mutoscope-nano"' in (read_info(second)["request_json"] or "")


def test_what_a_scene_cannot_have_is_left_out_with_a_warning(painter: TextToImageModel):
    picture = painter.generate("a coral reef in falling snow", size="48x48", seed=1)
    assert pin_facts(picture.request)[0].weather == "clear"
    assert any("no snow" in warning for warning in picture.warnings)
    unnamed = painter.generate("zyxgloop", size="48x48", seed=1)
    assert any("names no scene" in warning for warning in unnamed.warnings)
    mixed = painter.generate("a lake", style="watercolor:0.7, comic:0.3", size="48x48", seed=1)
    assert any("left out: comic" in warning for warning in mixed.warnings)


def test_it_is_never_the_default_and_needs_no_network():
    assert open_engine(None).capabilities.name != "world"
    assert find_maker(Request("a lake", model="mutoscope-nano")) is None
    assert find_maker(Request("a lake", model="world")) == "world"
    with pytest.raises(SettingError, match="runs on PyTorch; got runtime 'onnx'"):
        WorldEngine("onnx")
