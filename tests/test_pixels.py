"""Levels and values: the same numbers on numpy and torch, each level there and back, against Pillow and the standards."""

import importlib.util
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from mutoscope.media.pixels import BT601, BT709, luma, to_levels, to_values, unit_to_levels

LEVELS = np.arange(256, dtype=np.uint8)


def nearest(value: float, low: int, scale: Fraction) -> int:
    """The nearest level by exact arithmetic, halves to the even one."""
    exact = (min(max(Fraction(value), Fraction(low)), Fraction(1)) - low) * scale
    return round(exact)  # Python's own rounding of fractions is half to even


def test_every_level_comes_back():
    values = to_values(LEVELS)
    assert values.dtype == np.float32 and (values[0], values[-1]) == (-1.0, 1.0)
    assert np.array_equal(to_levels(values), LEVELS)
    assert np.abs(values.astype(float) - np.linspace(-1, 1, 256)).max() < 1e-7
    assert np.array_equal(unit_to_levels(LEVELS / np.float32(255)), LEVELS)


@pytest.mark.parametrize(("convert", "low"), [(to_levels, -1), (unit_to_levels, 0)])
def test_rounding_is_to_the_nearest_and_outside_is_cut(convert, low):
    # eighths are exact in binary, so the sums are too
    values = [-3.0, -1.0, -0.625, -0.25, 0.0, 0.125, 0.25, 0.375, 0.625, 0.875, 1.0, 1.5]
    wanted = [nearest(value, low, Fraction(255, 1 - low)) for value in values]
    got = convert(np.array(values, np.float32))
    assert got.dtype == np.uint8 and got.tolist() == wanted


def test_halves_go_to_the_even_level():
    assert to_levels(np.zeros(1, np.float32)).tolist() == [128]  # 127.5
    assert unit_to_levels(np.array([0.5], np.float32)).tolist() == [128]
    assert unit_to_levels(np.array([0.1, 0.3], np.float64)).tolist() == [26, 76]  # 25.5 and 76.5, as floats have them


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs PyTorch")
def test_torch_gives_the_same_bytes():
    import torch

    values = np.random.default_rng(0).normal(0, 0.8, (3, 4, 5, 3)).astype(np.float32)
    tensor = torch.from_numpy(values)
    assert np.array_equal(to_levels(tensor).numpy(), to_levels(values))
    assert np.array_equal(unit_to_levels(tensor).numpy(), unit_to_levels(values))
    levels = torch.from_numpy(LEVELS)
    assert to_values(levels).dtype == torch.float32 and to_levels(tensor).dtype == torch.uint8
    assert np.array_equal(to_values(levels).numpy(), to_values(LEVELS))


def test_luma_is_that_of_pillow_and_of_the_standards():
    rgb = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    pillow = np.asarray(Image.fromarray(rgb).convert("L")).astype(float)
    assert np.abs(luma(rgb) - pillow).max() <= 0.52 and luma(rgb).dtype == np.float32  # Pillow's is whole
    assert luma(rgb).shape == (40, 50)
    for weights, (red, blue) in (
        (BT601, (Fraction(299, 1000), Fraction(114, 1000))),
        (BT709, (Fraction(2126, 10000), Fraction(722, 10000))),
    ):
        assert weights == (float(red), float(1 - red - blue), float(blue))
        assert abs(float(luma(np.ones((1, 3)), weights)[0]) - 1) < 1e-6
