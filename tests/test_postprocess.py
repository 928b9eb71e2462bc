"""Post-processing: squares are square and few in colour, facets cover the picture, follow its edges and hold still in a clip,
areas are even and few in colour, with borders that lie where the picture's do."""

import tracemalloc
from typing import Any

import numpy as np
import pytest

from mutoscope import TextToImageModel, TextToVideoModel
from mutoscope.errors import SettingError
from mutoscope.media.pixels import luma
from mutoscope.options import choose_postprocess
from mutoscope.postprocess import INKS, POSTPROCESSES, TONES, find_postprocess, pixelate, posterize, triangulate
from mutoscope.prompt.request import NamedObject, ObjectPlan
from mutoscope.prompt.styles import find_used_styles, known_styles

SIZES = ((128, 128), (256, 256), (144, 256), (400, 272), (64, 512))  # height, width


def scene(height: int, width: int, frames: int = 1) -> np.ndarray:
    """Return a hill before a sky that grows brighter from frame to frame, with grain."""
    y, x = np.mgrid[:height, :width] / min(height, width)
    hill = y > 0.6 - 0.25 * np.sin(3 * x)
    grain = np.random.default_rng(0).normal(0, 4, (height, width, 1))
    seen = [np.where(hill[..., None], (40, 90, 30), (120 + 4 * t, 160, 220)) + grain for t in range(frames)]
    return np.stack(seen).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", POSTPROCESSES)
def test_a_step_keeps_size_and_colors_and_is_the_same_again(name: str, size: tuple[int, int]):
    frames = scene(*size, frames=2)
    finished = POSTPROCESSES[name].run(frames, (3, 1))
    assert finished.shape == frames.shape and finished.dtype == np.uint8
    assert np.array_equal(finished, POSTPROCESSES[name].run(frames, (3, 1)))
    assert np.abs(finished.mean((0, 1, 2)) - frames.mean((0, 1, 2))).max() < 16  # a tint may round by half a step


@pytest.mark.parametrize(
    ("size", "cell"), [((128, 128), 2), ((256, 256), 4), ((256, 384), 4), ((400, 272), 4), ((64, 64), 2)]
)
def test_squares_lie_on_one_grid(size: tuple[int, int], cell: int):
    (picture,) = pixelate(scene(*size), (0, 0))
    assert np.array_equal(picture, picture[::cell, ::cell].repeat(cell, 0).repeat(cell, 1)[: size[0], : size[1]])


def test_squares_have_few_tones_dithered_in_order():
    ramp = np.repeat(np.linspace(0, 255, 256).astype(np.uint8)[None, None, :, None], 3, 3).repeat(256, 1)
    (picture,) = pixelate(ramp, (0, 0))
    tones = np.unique(picture[..., 0])
    assert len(tones) == TONES + 1
    column = picture[:, 96:112, 0]  # between two tones both stand there
    assert len(np.unique(column)) == 2
    assert (
        np.abs(
            picture[:, 32:224].mean((0, 2)).reshape(-1, 16).mean(1) - ramp[0, 0, 32:224, 0].reshape(-1, 16).mean(1)
        ).max()
        < 14
    )


def test_facets_are_flat_and_follow_edges():
    frames = scene(256, 256)
    (picture,) = triangulate(frames, (1, 0))
    steps = np.abs(np.diff(picture.astype(int), axis=1)).max(2)
    assert (steps == 0).mean() > 0.75  # one colour inside of each
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 60  # and many of them
    hill, found = luma(frames[0]) < 110, luma(picture) < 110
    assert (hill == found).mean() > 0.97


def test_facets_split_where_there_is_much_to_see():
    busy = scene(256, 256)
    busy[:, 128:, 128:] = (
        np.random.default_rng(1).integers(0, 2, (1, 16, 16, 1)).repeat(8, 1).repeat(8, 2).repeat(3, 3) * 255
    )
    (picture,) = triangulate(busy, (1, 0))
    steps = np.abs(np.diff(picture.astype(int), axis=1)).max(2) > 0
    assert steps[128:, 128:].mean() > 3 * steps[:64, :128].mean()


def test_a_clip_has_one_mesh():
    finished = triangulate(scene(128, 128, frames=3), (5, 0)).astype(int)
    edges = [np.abs(np.diff(frame, axis=1)).max(2) > 6 for frame in finished]
    assert (edges[0] == edges[2]).mean() > 0.97
    assert finished[2, :20].mean() > finished[0, :20].mean()  # its colours go with the frames


def test_another_seed_is_another_mesh():
    frames = scene(128, 128)
    assert not np.array_equal(triangulate(frames, (1, 0)), triangulate(frames, (2, 0)))
    assert not np.array_equal(triangulate(frames, (1, 0)), triangulate(frames, (1, 1)))


@pytest.mark.parametrize("size", SIZES)
def test_areas_are_even_few_in_colour_and_follow_edges(size: tuple[int, int]):
    frames = scene(*size)
    (picture,) = posterize(frames, (0, 0))
    across, down = (np.abs(np.diff(picture.astype(int), axis=axis)).max(2) for axis in (1, 0))
    for steps in (across, down):  # one colour inside of each, or two that look the same
        assert (steps < 6).mean() > 0.95
    colors, counts = np.unique(picture.reshape(-1, 3), axis=0, return_counts=True)
    assert np.sort(counts)[::-1][:INKS].sum() > 0.95 * counts.sum() and len(colors) > 1  # the rest are borders
    hill, found = luma(frames[0]) < 110, luma(picture) < 110
    assert (hill == found).mean() > 0.97


def test_areas_take_in_specks_and_keep_what_is_large():
    dotted = np.full((1, 256, 256, 3), (90, 140, 220), np.uint8)
    dotted[:, 60:63, 60:63] = dotted[:, 80:82, 30:34] = (250, 240, 40)
    dotted[:, 120:160, 120:160] = (200, 30, 30)
    (picture,) = posterize(dotted, (0, 0))
    assert np.array_equal(picture[:100], np.full_like(picture[:100], picture[0, 0]))
    assert np.abs(picture[140, 140].astype(int) - (200, 30, 30)).max() < 12


def test_a_clip_has_one_set_of_inks():
    still = np.repeat(scene(128, 128), 3, 0)
    assert len({posterize(still, (0, 0))[at].tobytes() for at in range(3)}) == 1
    finished = posterize(scene(128, 128, frames=9), (0, 0))
    _, counts = np.unique(finished.reshape(-1, 3), axis=0, return_counts=True)
    assert np.sort(counts)[::-1][:INKS].sum() > 0.95 * counts.sum()
    assert finished[8, :20].mean() > finished[0, :20].mean()  # its colours go with the frames


@pytest.mark.parametrize("value", [0, 128, 255])
def test_empty_pictures_are_processed_too(value: int):
    frames = np.full((1, 64, 64, 3), value, np.uint8)
    for step in POSTPROCESSES.values():
        assert np.abs(step.run(frames, (0, 0)).astype(int) - value).max() <= 40


@pytest.mark.parametrize("step", [triangulate, posterize])
def test_memory_of_large_pictures(step):
    frames = scene(1024, 1024)
    tracemalloc.start()
    step(frames, (1, 0))
    assert tracemalloc.get_traced_memory()[1] < 120e6
    tracemalloc.stop()


PLAN = ObjectPlan((NamedObject("parrot"),), (("a meadow", 1.0),))


@pytest.mark.parametrize(
    ("style", "typed", "name"),
    [
        ("pixel art", "", "pixelate"), ("low poly", "", "triangulate"), ("flat vector", "", "posterize"),
        ("pixel art:0.7, watercolor:0.3", "", "pixelate"), ("pixel art:0.3, watercolor:0.7", "", ""), ("low poly:0.3", "", ""),
        ("-low poly", "", ""), ("anime, -pixel art", "", ""), (None, "low poly", "triangulate"), (None, "photo", ""),
        ("watercolor", "pixel art", "pixelate"), ("none", "", ""), (None, "", ""),
    ],
)  # fmt: skip
def test_the_leading_style_brings_its_step(style: str | None, typed: str, name: str):
    assert choose_postprocess(None, find_used_styles(style, typed), None) == name


@pytest.mark.parametrize(
    ("asked", "name"), [("none", ""), ("", ""), ("posterize", "posterize"), ("pixelate", "pixelate")]
)
@pytest.mark.parametrize("plan", [None, PLAN])
def test_what_is_asked_for_goes_before_the_style(asked: str, name: str, plan: ObjectPlan | None):
    assert choose_postprocess(asked, find_used_styles("low poly"), plan) == name


def test_every_step_of_the_styles_is_there():
    assert {style.postprocess for style in known_styles().values() if style.postprocess} == set(POSTPROCESSES)


def test_objects_in_flat_vector_keep_their_details():
    """Even areas would swallow what is small in them, so the style's own step is left out; the two others keep objects."""
    found = {
        style: choose_postprocess(None, find_used_styles(style), PLAN)
        for style in ("flat vector", "pixel art", "low poly")
    }
    assert found == {"flat vector": "", "pixel art": "pixelate", "low poly": "triangulate"}


def test_a_step_by_name():
    assert find_postprocess("") is None
    assert all(find_postprocess(name) is step for name, step in POSTPROCESSES.items())
    with pytest.raises(
        SettingError, match=r"unknown post-processing 'pixelat' .did you mean 'pixelate'.*known: none, pixelate"
    ):
        find_postprocess("pixelat")


@pytest.mark.parametrize("name", POSTPROCESSES)
def test_a_picture_is_that_without_the_step_run_through_it(name: str):
    model = TextToImageModel()
    asked: dict[str, Any] = {"seed": 3, "num_inference_steps": 2, "width": 64, "height": 64}
    plain = model.generate("a lake at noon", **asked)
    processed = model.generate("a lake at noon", postprocess=name, **asked)
    (expected,) = POSTPROCESSES[name].run(plain.pixels[None], (3, 0))
    assert np.array_equal(processed.pixels, expected) and processed.request.postprocess == name


def test_pictures_clips_and_masked_pictures_are_processed():
    still, film = TextToImageModel(), TextToVideoModel()
    for prompt, style in (("a lake at sunset in pixel art", None), ("two cats on a beach", "pixel art")):
        picture = still.generate(prompt, style=style, seed=1, num_inference_steps=2, size="128x128").pixels
        assert np.array_equal(picture, picture[::2, ::2].repeat(2, 0).repeat(2, 1)), prompt
    frames = film.generate("waves", style="pixel art", seed=1, num_frames=5, num_inference_steps=2).frames
    assert np.array_equal(frames, frames[:, ::2, ::2].repeat(2, 1).repeat(2, 2))
    photo = still.generate("a lake at noon", seed=1, num_inference_steps=2, width=128, height=128).pixels
    mask = np.zeros((128, 128), np.uint8)
    mask[32:64, 32:64] = 255
    changed = still.generate(
        "a lake at night", style="low poly", seed=1, num_inference_steps=2, image=photo, mask_image=mask
    ).pixels
    assert np.array_equal(changed[96:], photo[96:]) and not np.array_equal(changed[32:64, 32:64], photo[32:64, 32:64])
