"""The golden requests (tests/golden): equal bytes on the kind of CPU that made them, near them on another."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import golden
from mutoscope import TextToImageModel, TextToVideoModel
from mutoscope.prompt import Request

LARGEST_FOLDER = 2_000_000  # bytes


@pytest.fixture(scope="module")
def models() -> tuple[TextToImageModel, TextToVideoModel]:
    return golden.open_models()


def test_there_are_sixty_small_ones():
    requests = golden.read_requests()
    assert len(requests) == 60
    assert sorted(path.stem for path in golden.PICTURES.glob("*")) == sorted(requests)
    assert sum(path.stat().st_size for path in golden.FOLDER.rglob("*.*")) <= LARGEST_FOLDER
    assert all(golden.read_golden(name)[1] for name in requests), "a picture that does not say which CPU made it"


def test_sixteen_styles_are_asked_for_both_ways():
    requests = golden.read_requests()
    styles = [arguments["style"] for name, arguments in requests.items() if name.startswith("style-")]
    assert len(set(styles)) == 16
    for style in styles:
        given, typed = (requests[f"{way}-{style.replace(' ', '-')}"] for way in ("style", "typed"))
        assert given == {**typed, "prompt": given["prompt"], "style": style}
        assert typed["prompt"] == f"{given['prompt']}, {style}"


@pytest.mark.parametrize("name", golden.read_requests())
def test_pixels(models: tuple[TextToImageModel, TextToVideoModel], name: str):
    stored, kind = golden.read_golden(name)
    pixels = golden.strip(golden.generate(models, name))
    near = golden.psnr(stored, pixels)
    if kind == golden.cpu_kind():
        assert np.array_equal(stored, pixels), (
            f"{name} changed ({near:.1f} dB); is it meant? then scripts/make_golden {name}"
        )
    assert near >= golden.NEAR_DB, f"{name}: {near:.1f} dB on {golden.cpu_kind()}, made on {kind}"


@pytest.mark.parametrize("name", golden.read_requests())
def test_requests_of_the_first_version_load(name: str):
    text, arguments = golden.read_old_requests()[name], golden.read_requests()[name]
    request = Request.from_json(text)
    old: dict[str, Any] = json.loads(text)
    for key in (
        "prompt",
        "width",
        "height",
        "seed",
        "index",
        "num_frames",
        "fps",
        "num_inference_steps",
        "guidance_scale",
    ):
        assert getattr(request, key) == old[key], key
    assert request.seed == arguments["seed"] and request.style == old["style"]
    assert Request.from_json(request.to_json()) == request


def test_psnr_and_kind_are_what_they_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    black, grey = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 51, np.uint8)
    assert golden.psnr(black, black) == float("inf") and golden.psnr(black, black[:2]) == 0
    assert golden.psnr(black, grey) == pytest.approx(20 * np.log10(5))
    monkeypatch.setattr(golden, "PICTURES", tmp_path / "made")
    golden.write_golden("one", grey)
    pixels, kind = golden.read_golden("one")
    assert np.array_equal(pixels, grey) and kind == golden.cpu_kind()
    assert "onnxruntime" in kind and "numpy" in kind
