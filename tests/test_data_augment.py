"""Augmentation leaves captions true: each rule against captions whose truth is known, and against the rendered world."""

import numpy as np
import pytest

from mutoscope.data import augment
from mutoscope.data.augment import Crop, draw, may_crop, may_flip, mirrored
from mutoscope.rng import stream

FREE = [
    "A serene lake surrounded by pine trees at sunset", "Waves crashing on a beach", "a bright, just right evening",
    "a boat right behind the island", "all right, a meadow", "the house was left empty", "a rightful king",
    "a leaf, cleft in two", "the camera zooms in slowly",
]  # fmt: skip
SIDED = {
    "a pine on the left": "a pine on the right", "Left: a boat": "Right: a boat", "RIGHT OF THE HOUSE": "LEFT OF THE HOUSE",
    "the camera pans slowly to the right": "the camera pans slowly to the left",
    "a red ball left of a blue one": "a red ball right of a blue one",
    "a cat at the lower left, a dog at the upper right": "a cat at the lower right, a dog at the upper left",
    "a boat right behind an island on the right": "a boat right behind an island on the left",
    "wind from the west": "wind from the east", "a wheel turning clockwise": "a wheel turning counterclockwise",
    "the leftmost of three boats": "the rightmost of three boats", "a right-handed potter": "a left-handed potter",
    "drifting rightwards": "drifting leftwards",
}  # fmt: skip
LETTERED = [
    'a sign that says "stop"', "a poster in a window", "the number seven on a door", "a USA stamp", "a clock tower", "1984 in neon",
    "a world map", "a flag on a tower", "keycap B2", "a shop called 'Anna'", "a page of calligraphy",
]  # fmt: skip


@pytest.mark.parametrize("caption", FREE)
def test_captions_without_sides_stay_as_they_are(caption):
    assert may_flip(caption) and mirrored(caption) == caption


@pytest.mark.parametrize(("caption", "other"), SIDED.items())
def test_sides_are_swapped(caption, other):
    assert not may_flip(caption) and mirrored(caption) == other


@pytest.mark.parametrize("caption", [*FREE, *SIDED, *SIDED.values()])
def test_mirroring_twice_changes_nothing(caption):
    once = mirrored(caption)
    assert once is not None and mirrored(once) == caption


@pytest.mark.parametrize("caption", LETTERED)
def test_lettering_is_never_mirrored(caption):
    assert not may_flip(caption) and mirrored(caption) is None and not may_crop(caption)


@pytest.mark.parametrize(
    "caption", ["a house in the corner", "two boats", "a tree on the left", "a lake surrounded by pines", "a row of houses",
                "12 birds", "the whole village"],
)  # fmt: skip
def test_what_a_crop_could_make_untrue(caption):
    assert not may_crop(caption)


def dots(flip: bool, crop: Crop) -> np.ndarray:
    """A red dot on the left and a blue one on the right, shown as a variant shows it; (H, W, 3)."""
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[28:36, 12:20, 0] = pixels[28:36, 44:52, 2] = 255
    rows = slice(round(crop.top * 64), round(crop.bottom * 64))
    shown = pixels[rows, round(crop.left * 64) : round(crop.right * 64)]
    return shown[:, ::-1] if flip else shown


def test_what_is_drawn_is_true_of_the_pixels():
    """A caption that places two dots is read against every variant: the red one is where the caption says."""
    captions = ["a red dot on the left and a blue dot on the right", "on the right a blue dot, on the left a red dot",
                "a red dot and a blue dot"]  # fmt: skip
    seen = set()
    for turn in range(200):
        variant = draw(captions, stream(0, "augment", 7, turn), crops=0.7)
        pixels = dots(variant.flip, variant.crop)
        red, blue = (np.flatnonzero(pixels[..., channel].any(axis=0)).mean() for channel in (0, 2))
        if "left" in variant.caption:
            red_left = "red dot on the left" in variant.caption or "on the left a red" in variant.caption
            assert red_left == (red < blue) and variant.crop == Crop()
        assert pixels[..., 0].any() and pixels[..., 2].any()  # least_area keeps both
        seen.add((variant.flip, variant.crop == Crop(), "left" in variant.caption))
    assert len(seen) >= 5


def test_lettered_items_are_never_flipped():
    assert not any(draw(['a sign: "open"'], stream(1, turn), flips=1.0, crops=1.0).flip for turn in range(20))


def test_the_same_stream_draws_the_same():
    first = [draw(FREE, stream(3, index), crops=0.5) for index in range(20)]
    assert first == [draw(FREE, stream(3, index), crops=0.5) for index in range(20)] and len(set(first)) > 10


def test_crops_keep_their_share():
    for turn in range(200):
        crop = augment.draw_crop(stream(5, turn), 0.6)
        width, height = crop.right - crop.left, crop.bottom - crop.top
        assert width == pytest.approx(height) and 0.6 <= width * height <= 1 and 0 <= crop.left and crop.right <= 1


def test_lengths():
    captions = ["a lake", "a lake between pines at sunset, seen from the shore", " ".join(["word"] * 20)]
    assert [augment.length_of(text) for text in captions] == ["short", "medium", "long"]
    for length, text in zip(("short", "medium", "long"), captions, strict=True):
        assert {augment.choose_caption(captions, stream(turn), length) for turn in range(9)} == {text}
    assert {augment.choose_caption(captions, stream("any", turn)) for turn in range(40)} == set(captions)
    assert augment.choose_caption(["a lake"], stream(0), "long") == "a lake"


def test_the_world_may_be_flipped():
    """The rendered world says nothing of sides, so training on it mirrors all but the signs of a neon street and posters."""
    from mutoscope.world.captions import caption
    from mutoscope.world.draw_spec import draw_spec

    specs = [spec for spec in (draw_spec(0, index) for index in range(160)) if spec.scene != "neon street"]
    texts = [caption(spec, variant) for spec in specs for variant in range(2)]
    assert [text for text in texts if not may_flip(text) and "poster" not in text] == []
