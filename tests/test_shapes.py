"""Sizes against counting by hand, refusals that name what works, and rotary positions that know distances only."""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutoscope.config import ASPECTS
from mutoscope.data.buckets import around
from mutoscope.errors import SizeError
from mutoscope.shapes import DIRECT_AREA, LARGEST, SMALLEST, LatentGrid, draft_size, parse_size, rotary_table, size_like

WORKING = [side for side in range(1, 2000) if side % 16 == 0 and 32 <= side <= 512]


@pytest.mark.parametrize("name", ["width", "height"])
def test_every_side_is_taken_or_refused_with_the_nearest_two(name: str):
    sides = {"width": 64, "height": 64}
    for side in range(-40, 700):
        if side in WORKING:
            assert getattr(LatentGrid(**sides | {name: side}), name) == side
            continue
        with pytest.raises(SizeError, match=name) as caught:
            LatentGrid(**sides | {name: side})
        message = str(caught.value)
        assert str(side) in message
        if 32 < side < 512:
            named = {int(number) for number in re.findall(r"\d+", message.split("use")[1])}
            assert named == {max(s for s in WORKING if s < side), min(s for s in WORKING if s > side)}
        else:
            assert "32" in message and "512" in message


@pytest.mark.parametrize("value", [128.0, "128", None, True, np.int64(128), float("nan")])
def test_a_side_is_a_whole_number(value: Any):
    for name in ("width", "height"):
        with pytest.raises(SizeError, match=name):
            LatentGrid(**{"width": 64, "height": 64, name: value})


@pytest.mark.parametrize("frames", [0, -1, 1.0, "5", None, True])
def test_frames_are_a_whole_number_from_one(frames: Any):
    with pytest.raises(SizeError, match=f"frames.*{frames!r}"):
        LatentGrid(64, 64, frames)


def test_latent_frames_are_the_fewest_that_hold_the_frames():
    holds = {latent: len([0] + [0] * 4 * (latent - 1)) for latent in range(1, 60)}  # one frame, then four each
    for frames in range(1, 200):
        fewest = min(latent for latent, count in holds.items() if count >= frames)
        assert LatentGrid(64, 64, frames).latent_frames == fewest


@given(st.sampled_from(WORKING), st.sampled_from(WORKING))
def test_latent_sides_and_tokens_are_counted_pixel_by_pixel(width: int, height: int):
    grid = LatentGrid(width, height)
    rows, columns = np.arange(height), np.arange(width)
    assert grid.latent_height == len(set(rows // 8)) and grid.latent_width == len(set(columns // 8))
    tokens = {(r, c) for r in set(rows // 16) for c in set(columns // 16)}
    assert rotary_table([0], grid.latent_height // 2, grid.latent_width // 2, 8).shape == (2, len(tokens), 4)


@given(st.integers(0, 99_999), st.integers(0, 99_999))
def test_a_written_size_is_read_back(width: int, height: int):
    assert parse_size(f"{width}x{height}") == parse_size(f" {width} X {height} ") == (width, height)


@pytest.mark.parametrize("side", range(64, 513, 64))
@pytest.mark.parametrize("name", [*ASPECTS, "1:1", "4:3", "21:9", "8:1", "5 : 6"])
def test_names_and_aspects_can_be_drawn_at_once_with_nearly_their_aspect(name: str, side: int):
    width, height = parse_size(name.upper(), side)
    assert (LatentGrid(width, height).width, draft_size(width, height, side)) == (width, None)
    across, down = ASPECTS.get(name) or map(int, name.split(":"))
    assert abs(np.log(width / height * down / across)) < 0.11, (
        "half a multiple of 16 off at most, the sides being small"
    )
    assert width * height <= 1.2 * 2 * side**2 and min(width, height) <= side


def test_named_sizes_of_the_sides_that_models_are_trained_at():
    found = {side: [parse_size(name, side) for name in ASPECTS] for side in (128, 256)}
    assert found[128] == [(128, 128), (128, 192), (192, 128), (224, 128), (128, 224), (336, 112)]
    assert found[256] == [(256, 256), (256, 384), (384, 256), (448, 256), (256, 448), (512, 176)]
    for side, sizes in found.items():  # the buckets that data pack makes are among them
        assert {(bucket.width, bucket.height) for bucket in around(side)} == set(sizes[:3])


def test_a_misspelt_name_is_answered_with_the_nearest():
    with pytest.raises(SizeError, match="did you mean 'banner'"):
        parse_size("baner")


@pytest.mark.parametrize("aspect", ["0:1", "9:0", "1:9", "2048:100"])
def test_an_aspect_that_no_picture_should_have_is_refused(aspect: str):
    with pytest.raises(SizeError, match=f"{aspect}.*1:8 to 8:1"):
        parse_size(aspect)


@given(st.integers(4, 128), st.integers(4, 128), st.sampled_from([64, 128, 256]))
def test_large_pictures_have_a_draft_of_their_aspect_and_small_ones_none(columns: int, rows: int, side: int):
    width, height = 16 * columns, 16 * rows
    if max(width, height) > 8 * min(width, height) and max(width * height / 3 / side**2, max(width, height) / 512) > 1:
        with pytest.raises(SizeError, match="8 times"):
            draft_size(width, height, side)
        return
    draft = draft_size(width, height, side)
    assert (draft is None) == (width * height <= 3 * side**2 and max(width, height) <= 512)
    if draft:
        assert LatentGrid(*draft) and draft[0] * draft[1] < width * height
        assert abs(np.log(draft[0] / draft[1] * height / width)) < 0.11


@pytest.mark.parametrize("size", [(2064, 1024), (1024, 16), (1030, 512), (1024.0, 512), (True, 4096)])
def test_large_sizes_are_refused_like_small_ones(size: tuple):
    width, height = size
    with pytest.raises(SizeError, match=r"width|height"):
        draft_size(width, height, 128)


@pytest.mark.parametrize(
    "size", ["", "big", "192", "192x", "x128", "1x2x3", "-1x5", "²x128", "٣x٤", "9" * 5000 + "x1", "1e3x5"]
)
def test_other_sizes_are_refused_and_the_message_stays_short(size: str):
    with pytest.raises(SizeError, match=r"square.*WIDTHxHEIGHT") as caught:
        parse_size(size)
    assert len(str(caught.value)) < 250


def test_rotary_positions_are_turns():
    cos, sin = rotary_table(np.arange(3), 4, 5, 64).astype(np.float64)
    assert cos.shape == (3 * 4 * 5, 32)
    np.testing.assert_allclose(cos**2 + sin**2, 1.0, atol=1e-6)
    turns = np.concatenate([cos, sin], 1)
    apart = np.linalg.norm(turns[:, None] - turns[None], axis=-1) + 10 * np.eye(len(turns))
    assert apart.min() > 0.1, "no two places of the grid may look alike"


def test_rotary_products_depend_on_the_distance_alone():
    """A query at p and a key at p + d meet with sum cos(angle(p + d) - angle(p)): equal for all p."""
    cos, sin = rotary_table(np.arange(5), 4, 6, 64).astype(np.float64).reshape(2, 5, 4, 6, 32)
    meet = cos[:-1, :-1, :-2] * cos[1:, 1:, 2:] + sin[:-1, :-1, :-2] * sin[1:, 1:, 2:]
    np.testing.assert_allclose(meet, np.broadcast_to(meet[0, 0, 0], meet.shape), atol=1e-5)


def test_a_larger_picture_extends_a_smaller_one():
    small = rotary_table(np.arange(2), 4, 6, 32).reshape(2, 2, 4, 6, 16)
    large = rotary_table(np.arange(2), 8, 10, 32).reshape(2, 2, 8, 10, 16)
    np.testing.assert_array_equal(large[:, :, 2:-2, 2:-2], small)


def test_a_tile_is_placed_as_in_the_whole():
    whole = rotary_table(np.arange(1), 8, 10, 32).reshape(2, 8, 10, 16)
    tile = rotary_table(np.arange(1), 2, 4, 32, (-3.0, 1.0)).reshape(2, 2, 4, 16)
    np.testing.assert_allclose(tile, whole[:, 0:2, 4:8], atol=1e-6)


def test_a_frame_is_placed_by_its_number_alone():
    whole = rotary_table(np.arange(6), 2, 3, 32).reshape(2, 6, 6, 16)
    np.testing.assert_array_equal(rotary_table(np.array([0, 3, 5]), 2, 3, 32).reshape(2, 3, 6, 16), whole[:, [0, 3, 5]])


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_a_picture_gets_the_size_nearest_to_its_own(columns: int, rows: int):
    width, height = size_like(columns, rows)
    LatentGrid(width, height)
    within = SMALLEST <= min(columns, rows) and max(columns, rows) <= LARGEST and columns * rows <= DIRECT_AREA * 128**2
    assert not within or max(abs(width - columns), abs(height - rows)) <= 8
    assert abs(width * rows / columns - height) <= 8 + 8 * rows / columns or min(width, height) == SMALLEST
    assert width * height <= 1.2 * DIRECT_AREA * 128**2, "a larger one falls apart"


def test_the_other_side_follows_from_the_aspect():
    assert size_like(640, 480, width=128) == (128, 96) and size_like(640, 480, height=96) == (128, 96)
    assert size_like(640, 480, 64, 64) == (64, 64) and size_like(640, 480) == (256, 192)
    with pytest.raises(SizeError, match="width 100"):
        size_like(640, 480, width=100)
