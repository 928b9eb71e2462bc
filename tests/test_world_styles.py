"""Painting styles: what each must keep (shape, range, stillness, independence, the light), and that they differ."""

from itertools import combinations

import pytest
import torch

from mutoscope.errors import SettingError
from mutoscope.world.spec import STYLES
from mutoscope.world.styles import PAINTERS, apply

GRAINED = ("watercolor", "oil painting", "pencil sketch", "ink wash", "ukiyo-e", "vintage film", "stained glass")


def scenery(sky: tuple[float, float, float] = (0.3, 0.5, 0.9), height: int = 64, width: int = 64, frames: int = 1):
    """Return pixels (1, 3, T, H, W): a sky that pales downwards, a round sun, hills and water."""
    y, x = torch.meshgrid(torch.linspace(0, 1, height), torch.linspace(0, 1, width), indexing="ij")
    color = torch.tensor(sky)[:, None, None]
    image = color + (1 - color) * 0.6 * y
    hills = (y > 0.55 + 0.1 * torch.sin(9 * x)).float()
    image = image * (1 - hills) + color * torch.tensor([0.3, 0.5, 0.3])[:, None, None] * hills
    sun = ((x - 0.6).square() + (y - 0.25).square() < 0.006).float()
    image = image * (1 - sun) + torch.tensor([1.0, 0.95, 0.8])[:, None, None] * sun * color.max()
    return image.clamp(0, 1)[None, :, None].repeat(1, 1, frames, 1, 1)


@pytest.fixture(scope="module")
def painted():
    return apply(scenery().repeat(len(STYLES), 1, 1, 1, 1), STYLES, [5] * len(STYLES))


def test_every_style_of_the_spec_has_a_painter(painted):
    assert tuple(PAINTERS) == STYLES
    assert painted.shape == (len(STYLES), 3, 1, 64, 64)
    assert painted.min() >= 0 and painted.max() <= 1 and painted.isfinite().all()


def test_a_photo_stays_as_it_is(painted):
    assert torch.equal(painted[STYLES.index("photo")], scenery()[0])


@pytest.mark.parametrize(("height", "width"), [(64, 96), (96, 64), (32, 32), (128, 320), (80, 48)])
def test_every_size_works(height, width):
    pixels = scenery(height=height, width=width).repeat(len(STYLES), 1, 1, 1, 1)
    assert apply(pixels, STYLES, [1] * len(STYLES)).shape == pixels.shape


@pytest.mark.parametrize("style", STYLES)
def test_a_still_clip_stays_still(style):
    result = apply(scenery(frames=3), [style], [7])
    assert torch.allclose(result[:, :, :1], result[:, :, 1:], atol=1e-5)
    assert torch.allclose(result[:, :, 0], apply(scenery(), [style], [7])[:, :, 0], atol=1e-5)


@pytest.mark.parametrize("style", STYLES)
def test_a_clip_does_not_depend_on_its_batch(style):
    day, evening = scenery(), scenery((0.9, 0.4, 0.2))
    both = apply(torch.cat([day, evening, day]), [style, style, "anime"], [1, 2, 3])
    assert torch.allclose(both[1:2], apply(evening, [style], [2]), atol=1e-5)


@pytest.mark.parametrize("style", STYLES)
def test_the_seed_changes_the_grain_and_nothing_else(style):
    first, second, again = (apply(scenery(), [style], [seed]) for seed in (1, 2, 1))
    assert torch.equal(first, again)
    assert torch.equal(first, second) == (style not in GRAINED)
    assert (first.mean((-1, -2)) - second.mean((-1, -2))).abs().max() < 0.05


@pytest.mark.parametrize("style", STYLES)
def test_the_light_stays_readable(style):
    lights = [(0.3, 0.55, 0.95), (0.95, 0.45, 0.2), (0.05, 0.07, 0.16)]  # noon, sunset, night
    noon, sunset, night = apply(torch.cat([scenery(sky) for sky in lights]), [style] * 3, [1] * 3).mean((2, 3, 4))
    assert noon.mean() > 1.3 * night.mean() and sunset.mean() > 1.2 * night.mean()
    assert sunset[0] - sunset[2] > noon[0] - noon[2] + 0.05  # a sunset is redder than a noon


def test_styles_differ_from_each_other(painted):
    for a, b in combinations(range(len(STYLES)), 2):
        assert (painted[a] - painted[b]).abs().mean() > 0.015, (STYLES[a], STYLES[b])


def test_pixel_art_is_made_of_blocks():
    result = apply(scenery(height=128, width=128), ["pixel art"], [0])[0, :, 0]
    blocks = result.unfold(1, 4, 4).unfold(2, 4, 4)
    assert torch.equal(blocks, blocks[..., :1, :1].expand_as(blocks))


def test_mistakes_are_named():
    with pytest.raises(SettingError, match="watercolor"):
        apply(scenery(), ["watercolour"], [0])
    with pytest.raises(SettingError, match="1 clips"):
        apply(scenery(), ["photo", "photo"], [0, 1])
