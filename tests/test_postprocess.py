"""The last touch: squares are square and few in colour, facets cover the picture, follow its edges and hold still in a clip,
areas are even and few in colour, with borders that lie where the picture's do."""

import tracemalloc

import numpy as np
import pytest

from mutoscope import TextToImageModel, TextToVideoModel
from mutoscope.pipeline import Things, finished
from mutoscope.postprocess import FINISHES, GREY, INKS, TONES, areas, facets, squares
from mutoscope.prompt.request import Request
from mutoscope.prompt.styles import known_styles

SIZES = ((128, 128), (256, 256), (144, 256), (400, 272), (64, 512))  # height, width


def scene(height: int, width: int, frames: int = 1) -> np.ndarray:
    """Return a hill before a sky that grows brighter from frame to frame, with grain."""
    y, x = np.mgrid[:height, :width] / min(height, width)
    hill = y > 0.6 - 0.25 * np.sin(3 * x)
    grain = np.random.default_rng(0).normal(0, 4, (height, width, 1))
    seen = [np.where(hill[..., None], (40, 90, 30), (120 + 4 * t, 160, 220)) + grain for t in range(frames)]
    return np.stack(seen).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", FINISHES)
def test_a_finish_keeps_size_and_colors_and_is_the_same_again(name: str, size: tuple[int, int]):
    frames = scene(*size, frames=2)
    finished = FINISHES[name](frames, (3, 1))
    assert finished.shape == frames.shape and finished.dtype == np.uint8
    assert np.array_equal(finished, FINISHES[name](frames, (3, 1)))
    assert np.abs(finished.mean((0, 1, 2)) - frames.mean((0, 1, 2))).max() < 16  # a tint may round by half a step


@pytest.mark.parametrize(
    ("size", "cell"), [((128, 128), 2), ((256, 256), 4), ((256, 384), 4), ((400, 272), 4), ((64, 64), 2)]
)
def test_squares_lie_on_one_grid(size: tuple[int, int], cell: int):
    (picture,) = squares(scene(*size), (0, 0))
    assert np.array_equal(picture, picture[::cell, ::cell].repeat(cell, 0).repeat(cell, 1)[: size[0], : size[1]])


def test_squares_have_few_tones_dithered_in_order():
    ramp = np.repeat(np.linspace(0, 255, 256).astype(np.uint8)[None, None, :, None], 3, 3).repeat(256, 1)
    (picture,) = squares(ramp, (0, 0))
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
    (picture,) = facets(frames, (1, 0))
    steps = np.abs(np.diff(picture.astype(int), axis=1)).max(2)
    assert (steps == 0).mean() > 0.75  # one colour inside of each
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 60  # and many of them
    hill, found = frames[0] @ GREY < 110, picture @ GREY < 110
    assert (hill == found).mean() > 0.97


def test_facets_split_where_there_is_much_to_see():
    busy = scene(256, 256)
    busy[:, 128:, 128:] = (
        np.random.default_rng(1).integers(0, 2, (1, 16, 16, 1)).repeat(8, 1).repeat(8, 2).repeat(3, 3) * 255
    )
    (picture,) = facets(busy, (1, 0))
    steps = np.abs(np.diff(picture.astype(int), axis=1)).max(2) > 0
    assert steps[128:, 128:].mean() > 3 * steps[:64, :128].mean()


def test_a_clip_has_one_mesh():
    finished = facets(scene(128, 128, frames=3), (5, 0)).astype(int)
    edges = [np.abs(np.diff(frame, axis=1)).max(2) > 6 for frame in finished]
    assert (edges[0] == edges[2]).mean() > 0.97
    assert finished[2, :20].mean() > finished[0, :20].mean()  # its colours go with the frames


def test_another_seed_is_another_mesh():
    frames = scene(128, 128)
    assert not np.array_equal(facets(frames, (1, 0)), facets(frames, (2, 0)))
    assert not np.array_equal(facets(frames, (1, 0)), facets(frames, (1, 1)))


@pytest.mark.parametrize("size", SIZES)
def test_areas_are_even_few_in_colour_and_follow_edges(size: tuple[int, int]):
    frames = scene(*size)
    (picture,) = areas(frames, (0, 0))
    across, down = (np.abs(np.diff(picture.astype(int), axis=axis)).max(2) for axis in (1, 0))
    for steps in (across, down):  # one colour inside of each, or two that look the same
        assert (steps < 6).mean() > 0.95
    colors, counts = np.unique(picture.reshape(-1, 3), axis=0, return_counts=True)
    assert np.sort(counts)[::-1][:INKS].sum() > 0.95 * counts.sum() and len(colors) > 1  # the rest are borders
    hill, found = frames[0] @ GREY < 110, picture @ GREY < 110
    assert (hill == found).mean() > 0.97


def test_areas_take_in_specks_and_keep_what_is_large():
    dotted = np.full((1, 256, 256, 3), (90, 140, 220), np.uint8)
    dotted[:, 60:63, 60:63] = dotted[:, 80:82, 30:34] = (250, 240, 40)
    dotted[:, 120:160, 120:160] = (200, 30, 30)
    (picture,) = areas(dotted, (0, 0))
    assert np.array_equal(picture[:100], np.full_like(picture[:100], picture[0, 0]))
    assert np.abs(picture[140, 140].astype(int) - (200, 30, 30)).max() < 12


def test_a_clip_has_one_set_of_inks():
    still = np.repeat(scene(128, 128), 3, 0)
    assert len({areas(still, (0, 0))[at].tobytes() for at in range(3)}) == 1
    finished = areas(scene(128, 128, frames=9), (0, 0))
    _, counts = np.unique(finished.reshape(-1, 3), axis=0, return_counts=True)
    assert np.sort(counts)[::-1][:INKS].sum() > 0.95 * counts.sum()
    assert finished[8, :20].mean() > finished[0, :20].mean()  # its colours go with the frames


@pytest.mark.parametrize("value", [0, 128, 255])
def test_empty_pictures_are_finished_too(value: int):
    frames = np.full((1, 64, 64, 3), value, np.uint8)
    for finish in FINISHES.values():
        assert np.abs(finish(frames, (0, 0)).astype(int) - value).max() <= 40


@pytest.mark.parametrize("finish", [facets, areas])
def test_memory_of_large_pictures(finish):
    frames = scene(1024, 1024)
    tracemalloc.start()
    finish(frames, (1, 0))
    assert tracemalloc.get_traced_memory()[1] < 120e6
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("said", "finish"),
    [
        ({"style": "pixel art"}, "squares"), ({"style": "low poly"}, "facets"), ({"style": "flat vector"}, "areas"),
        ({"style": "pixel art:0.7, watercolor:0.3"}, "squares"),
        ({"style": "pixel art:0.3, watercolor:0.7"}, ""), ({"style": "low poly:0.3"}, ""), ({"style": "-low poly"}, ""),
        ({"style": "anime, -pixel art"}, ""), ({"plainly": "lake, low poly"}, "facets"), ({"plainly": "lake, photo"}, ""), ({}, ""),
    ],
)  # fmt: skip
def test_who_says_a_style_gets_its_finish(said: dict[str, str], finish: str):
    assert Request("a lake", **said).finish == finish


def test_every_finish_of_the_styles_is_there():
    assert {style.finish for style in known_styles().values() if style.finish} == set(FINISHES)


def test_things_in_flat_vector_keep_their_details():
    request, frames = Request("a parrot", style="flat vector"), scene(128, 128)
    things = Things(found=None, memory=None)  # type: ignore[arg-type]
    assert finished(frames, request, things) is frames
    assert np.array_equal(finished(frames, request, None), areas(frames, (0, 0)))
    pixels = Request("a parrot", style="pixel art")
    assert np.array_equal(finished(frames, pixels, things), squares(frames, (0, 0)))


def test_pictures_clips_and_masked_pictures_are_finished(tmp_path):
    still, film = TextToImageModel(), TextToVideoModel()
    for prompt, given in (("a lake at sunset in pixel art", {}), ("two cats on a beach", {"style": "pixel art"})):
        picture = still.generate(prompt, seed=1, num_inference_steps=2, **given).pixels
        assert np.array_equal(picture, picture[::4, ::4].repeat(4, 0).repeat(4, 1)), prompt
    frames = film.generate("waves", style="pixel art", seed=1, num_frames=5, num_inference_steps=2).frames
    assert np.array_equal(frames, frames[:, ::2, ::2].repeat(2, 1).repeat(2, 2))
    photo = still.generate("a lake at noon", seed=1, num_inference_steps=2, width=128, height=128).pixels
    mask = np.zeros((128, 128), np.uint8)
    mask[32:64, 32:64] = 255
    changed = still.generate(
        "a lake at night", style="low poly", seed=1, num_inference_steps=2, image=photo, mask_image=mask
    ).pixels
    assert np.array_equal(changed[96:], photo[96:]) and not np.array_equal(changed[32:64, 32:64], photo[32:64, 32:64])
