"""Pipelines of diffusers behind the package's own call: every family in one table, each with tiny random weights."""

import functools
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("diffusers")

from mutoscope import TextToImageModel, TextToVideoModel
from mutoscope.cli.files import read_request
from mutoscope.engines.diffusers import families
from mutoscope.errors import SettingError, SizeError
from mutoscope.media.pixels import unit_to_levels
from tiny_pipelines import CALLS, FAMILIES, NEEDS_IMAGE, draw_tiny, load_tiny, tiny_folder

pytestmark = pytest.mark.usefixtures("one_thread")

CLIPS = ("animatediff", "cogvideox", "cogvideox_i2v", "ltx", "wan", "wan_i2v", "hunyuan_video", "mochi", "latte")
UNKNOWN = ("aura_flow", "cogview4", "latte")  # no row in families.toml: run by their signatures
# Guidance 3 of ours as each family wants it.
GUIDANCE: dict[str, dict[str, Any]] = {
    "qwen_image": {"true_cfg_scale": 3.0, "negative_prompt": " "}, "z_image": {"guidance_scale": 2.0},
    "flux_schnell": {"max_sequence_length": 256},
}  # fmt: skip
WITHOUT_GUIDANCE = ("flux_schnell",)
WITHOUT_NEGATIVE = ("lcm", "flux", "flux_schnell", "hunyuan_video")
IMAGE_TO_IMAGE = ("sd", "sdxl", "sd3", "flux", "qwen_image", "z_image", "lcm")
PROMPT, SEED = "a red ball", 1
PICTURE = np.linspace(0, 255, 64 * 64 * 3).reshape(64, 64, 3).astype(np.uint8)


@functools.cache
def model_of(name: str) -> Any:
    cls = TextToVideoModel if name in CLIPS else TextToImageModel
    return cls(tiny_folder(name), threads=1)


def asked(name: str, **more: Any) -> dict[str, Any]:
    """The options of the smallest picture or clip of a family."""
    found: dict[str, Any] = {"width": 64, "height": 64, "num_inference_steps": 2, "seed": SEED}
    if name in CLIPS:
        found["num_frames"] = CALLS[name].get("num_frames") or CALLS[name]["video_length"]
    if name in NEEDS_IMAGE:
        found["image"] = PICTURE
    return found | more


def pixels_of(result: Any) -> np.ndarray:
    return result.frames if hasattr(result, "frames") else result.pixels[None]


@functools.cache
def drawn(name: str) -> Any:
    return model_of(name).generate(
        PROMPT, **asked(name, **({} if name in WITHOUT_GUIDANCE else {"guidance_scale": 3.0}))
    )


@pytest.fixture(autouse=True)
def own_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes and previews are kept in the cache."""
    monkeypatch.setenv("MUTOSCOPE_CACHE", str(tmp_path_factory.getbasetemp() / "cache-of-mutoscope"))


def test_the_table_names_classes_that_exist():
    import diffusers

    for name, row in families.table().items():
        cls = getattr(diffusers, name)
        taken = families.read_family(cls, {}, {})
        assert taken.guidance in families.SUPPORTED_GUIDANCE
        assert set(row.get("arguments", {})) <= taken.parameters
        assert taken.is_clip == bool(taken.frame_argument), name


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_families_have_no_row(name: str):
    assert type(load_tiny(tiny_folder(name))).__name__ not in families.table()


@pytest.mark.parametrize("name", FAMILIES)
def test_same_arrays_as_the_pipeline_by_hand(name: str):
    from PIL import Image

    words = GUIDANCE.get(name, {"guidance_scale": 3.0})
    if name in NEEDS_IMAGE:
        words = {**words, "image": Image.fromarray(PICTURE)}
    by_hand = unit_to_levels(draw_tiny(load_tiny(tiny_folder(name)), name, PROMPT, SEED, **words))
    assert np.array_equal(pixels_of(drawn(name)), by_hand.reshape(pixels_of(drawn(name)).shape))


@pytest.mark.parametrize("name", FAMILIES)
def test_events_come_in_order_and_the_result_is_the_same(name: str):
    events = list(
        model_of(name).stream(PROMPT, **asked(name, guidance_scale=None if name in WITHOUT_GUIDANCE else 3.0))
    )
    phases = [event.phase for event in events]
    kinds = [phase for i, phase in enumerate(phases) if not i or phases[i - 1] != phase]
    assert [kind for kind in dict.fromkeys(kinds) if kind != "load"] == ["text", "draw", "decode", "done"]
    steps = [(event.step, event.total) for event in events if event.phase == "draw"]
    assert steps == [(number, steps[-1][1]) for number in range(steps[-1][1] + 1)]
    assert np.array_equal(pixels_of(events[-1].result), pixels_of(drawn(name)))
    previews = [event.preview for event in events if event.preview is not None]
    assert previews and all(one.dtype == np.uint8 and one.ndim == 3 and one.shape[2] == 3 for one in previews)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_drawing_that_is_stopped_leaves_the_model_as_it_was(name: str):
    stream = model_of(name).stream(PROMPT, **asked(name, guidance_scale=None if name in WITHOUT_GUIDANCE else 3.0))
    for event in stream:
        if event.phase == "draw" and event.step == 1:
            break
    start = time.perf_counter()
    stream.close()
    assert time.perf_counter() - start < 5
    assert not [one for one in threading.enumerate() if one.name == "mutoscope-pipeline"]
    again = model_of(name).generate(PROMPT, **asked(name, guidance_scale=None if name in WITHOUT_GUIDANCE else 3.0))
    assert np.array_equal(pixels_of(again), pixels_of(drawn(name)))


@pytest.mark.parametrize("name", FAMILIES)
def test_pictures_of_a_series_are_those_drawn_alone(name: str):
    count = "num_videos_per_prompt" if name in CLIPS else "num_images_per_prompt"
    guidance = {} if name in WITHOUT_GUIDANCE else {"guidance_scale": 3.0}
    first, second = model_of(name).generate(PROMPT, **asked(name, **guidance, **{count: 2}))
    alone = model_of(name).generate(PROMPT, **asked(name, **guidance, seed=SEED + 1))
    assert np.array_equal(pixels_of(first), pixels_of(drawn(name)))
    assert np.array_equal(pixels_of(second), pixels_of(alone))
    assert not np.array_equal(pixels_of(first), pixels_of(second))


@pytest.mark.parametrize("name", FAMILIES)
def test_redo_from_the_saved_file(name: str, tmp_path: Path):
    result = drawn(name)
    path = result.save(tmp_path / ("a.mp4" if name in CLIPS else "a.png"))
    request = read_request(path)
    assert (request.engine, request.model, request.model_hash) == (
        "diffusers",
        str(tiny_folder(name)),
        result.request.model_hash,
    )
    assert "diffusers" in request.made_with and "cpu" in request.made_with
    again = model_of(name).redo(request, image=PICTURE if name in NEEDS_IMAGE else None)
    assert np.array_equal(pixels_of(again), pixels_of(result))


@pytest.mark.parametrize("name", FAMILIES)
def test_a_negative_prompt_changes_the_picture_or_is_refused(name: str):
    words = asked(name, negative_prompt="blue", **({} if name in WITHOUT_GUIDANCE else {"guidance_scale": 3.0}))
    if name in WITHOUT_NEGATIVE:
        with pytest.raises(SettingError, match="takes no negative prompt"):
            model_of(name).generate(PROMPT, **words)
        return
    assert not np.array_equal(pixels_of(model_of(name).generate(PROMPT, **words)), pixels_of(drawn(name)))
    with pytest.raises(SettingError, match="says nothing"):
        model_of(name).generate(PROMPT, **{**words, "guidance_scale": 1.0})


@pytest.mark.parametrize("name", FAMILIES)
def test_sizes_that_do_not_fit_are_refused_with_the_nearest(name: str):
    multiple = model_of(name).engine.capabilities.side_multiple
    wrong = 4 * multiple + multiple // 2
    with pytest.raises(SizeError, match=f"use {4 * multiple} or {5 * multiple}"):
        model_of(name).generate(PROMPT, **asked(name, width=wrong))


@pytest.mark.parametrize("name", [name for name in CLIPS if name not in ("animatediff", "latte")])
def test_frames_that_do_not_fit_are_refused_with_the_nearest(name: str):
    rule = model_of(name).engine.capabilities.frames
    wrong = rule.first + rule.multiple * 3 + 1
    with pytest.raises(SizeError, match=f"got {wrong}, use {wrong - 1} or {wrong - 1 + rule.multiple}"):
        model_of(name).generate(PROMPT, **asked(name, num_frames=wrong))
    options = {"width": 64, "height": 64, "duration_seconds": 2.0, "image": PICTURE if name in NEEDS_IMAGE else None}
    seconds = model_of(name).requests(model_of(name).options(PROMPT, **options))[0]
    assert rule.fits(seconds.num_frames) and abs(seconds.num_frames - 2 * seconds.fps) <= rule.multiple / 2


@pytest.mark.parametrize("name", IMAGE_TO_IMAGE)
def test_image_to_image_and_inpainting(name: str):
    model, words = model_of(name), asked(name, width=None, height=None, num_inference_steps=4)
    near, far = (model.generate(PROMPT, image=PICTURE, strength=strength, **words) for strength in (0.3, 1.0))
    assert near.pixels.shape == PICTURE.shape and not np.array_equal(near.pixels, far.pixels)
    assert near.request.image_hash
    again = model.redo(near.request, image=PICTURE)
    assert np.array_equal(again.pixels, near.pixels)
    with pytest.raises(SettingError, match="leaves none of 4 steps"):
        model.generate(PROMPT, image=PICTURE, strength=0.1, **words)
    if not model.engine.capabilities.mask:
        with pytest.raises(SettingError, match="takes no mask"):
            model.generate(PROMPT, image=PICTURE, mask_image=PICTURE, **words)
        return
    mask = np.zeros((64, 64, 3), np.uint8)
    mask[:24, :24] = 255
    inside = model.generate(PROMPT, image=PICTURE, mask_image=mask, **words)
    assert np.array_equal(inside.pixels[40:, 40:], PICTURE[40:, 40:])  # outside of the mask the picture is itself
    assert not np.array_equal(inside.pixels[:16, :16], PICTURE[:16, :16])


def test_a_clip_from_a_first_frame():
    clip = model_of("ltx").generate(PROMPT, **asked("ltx", image=PICTURE))
    assert clip.frames.shape == drawn("ltx").frames.shape and not np.array_equal(clip.frames, drawn("ltx").frames)


@pytest.mark.parametrize("name", ["sd", "flux", "wan"])
def test_noise_between_two_seeds(name: str):
    def vary(share: float) -> np.ndarray:
        words = asked(name, guidance_scale=3.0, variation=share, variation_seed=SEED + 1)
        return pixels_of(model_of(name).generate(PROMPT, **words)).astype(int)

    own, other = (
        pixels_of(drawn(name)),
        pixels_of(model_of(name).generate(PROMPT, **asked(name, guidance_scale=3.0, seed=SEED + 1))),
    )
    near = vary(0.05)
    assert 0 < np.abs(near - own).mean() < np.abs(other.astype(int) - own).mean()
    assert np.array_equal(vary(1.0), other)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [("sd", {"num_frames": 9}, "unexpected argument 'num_frames'"),
     ("flux_schnell", {"guidance_scale": 3.0}, "takes no guidance"),
     ("sd", {"precision": "int3"}, "unexpected argument 'precision'"),
     ("mochi", {"num_inference_steps": 1}, "must be from 2 to 200, got 1"),
     ("wan", {"image": PICTURE}, "takes no picture to start from"),
     ("wan_i2v", {"image": None}, "starts from a picture; give one"),
     ("sd", {"guidance_scale": 31.0}, "must be a number from 0 to 30, got 31")],
)  # fmt: skip
def test_what_a_pipeline_cannot_take_is_said(name: str, options: dict[str, Any], words: str):
    with pytest.raises((SettingError, TypeError, SizeError), match=words):
        model_of(name).generate(PROMPT, **asked(name, **options))


def test_the_other_kind_is_refused():
    with pytest.raises(SettingError, match="draws pictures, not clips; use mutoscope image"):
        TextToVideoModel(tiny_folder("sd")).generate(PROMPT)
    with pytest.raises(SettingError, match="draws clips, not pictures; use mutoscope video"):
        TextToImageModel(tiny_folder("wan")).generate(PROMPT)


def test_styles_are_words_around_the_prompt():
    model = model_of("sd")
    styled = model.generate(PROMPT, **asked("sd", style="watercolor", guidance_scale=3.0))
    assert "{prompt}" in styled.request.styles[0].words and styled.request.prompt == PROMPT
    assert styled.request.negative_prompt and not np.array_equal(styled.pixels, drawn("sd").pixels)
    mixed = model.generate(PROMPT, **asked("sd", style="watercolor:0.5"))
    assert any("at full strength" in warning for warning in mixed.warnings)
    assert np.array_equal(model.redo(styled.request).pixels, styled.pixels)


def test_settings_that_cannot_be_had():
    refused: tuple[tuple[dict[str, Any], str], ...] = (
        ({"runtime": "onnx"}, "runs on PyTorch; got runtime 'onnx'"),
        ({"device": "cuda:7"}, "there is no device 'cuda:7' here"),
        ({"precision": "int3"}, "must be fp32 or bf16 or fp16 or int8, got 'int3'"),
        ({"offload": "model"}, "there is none; leave it out"),
    )
    for settings, words in refused:
        with pytest.raises(SettingError, match=words):
            TextToImageModel(tiny_folder("sd"), **settings).generate(PROMPT, **asked("sd"))


def test_bf16_is_recorded_and_redone():
    exact, coarse = drawn("sd"), TextToImageModel(tiny_folder("sd"), precision="bf16", threads=1)
    half = coarse.generate(PROMPT, **asked("sd", guidance_scale=3.0))
    assert half.request.precision == "bf16" and not np.array_equal(half.pixels, exact.pixels)
    assert np.array_equal(model_of("sd").redo(half.request).pixels, half.pixels)


@pytest.mark.parametrize("name", ["sdxl", "flux", "wan"])
def test_quantised_weights_draw_nearly_the_same(name: str):
    pytest.importorskip("torchao")
    model: Any = type(model_of(name))(tiny_folder(name), precision="int8", threads=1)
    coarse = model.generate(PROMPT, **asked(name, guidance_scale=3.0))
    far = np.abs(pixels_of(coarse).astype(int) - pixels_of(drawn(name)))
    assert 0 < far.max() and far.mean() < 4 and coarse.request.precision == "int8"
    assert np.array_equal(pixels_of(model.generate(PROMPT, **asked(name, guidance_scale=3.0))), pixels_of(coarse))


def test_errors_of_a_pipeline_are_raised_here(monkeypatch: pytest.MonkeyPatch):
    model: Any = TextToImageModel(tiny_folder("sd"), threads=1)
    model.generate(PROMPT, **asked("sd"))
    _, pipeline = model.engine._loaded
    monkeypatch.setattr(pipeline.unet, "forward", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model.generate(PROMPT, **asked("sd"))
    monkeypatch.undo()
    assert model.generate(PROMPT, **asked("sd", guidance_scale=3.0)).pixels.tobytes() == drawn("sd").pixels.tobytes()


def test_post_processing_is_done_where_it_is_asked_for():
    from mutoscope.postprocess import find_postprocess

    plain, coarse = (model_of("sd").generate(PROMPT, **asked("sd", postprocess=name)) for name in (None, "pixelate"))
    step = find_postprocess("pixelate")
    assert step is not None and np.array_equal(coarse.pixels, step.run(plain.pixels[None], (SEED, 0))[0])
    assert plain.request.postprocess == "" and coarse.request.postprocess == "pixelate"
