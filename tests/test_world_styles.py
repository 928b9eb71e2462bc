"""Painting styles: what each must keep (shape, range, stillness, independence, the light), and that they differ."""

from itertools import combinations

import pytest
import torch

from mutoscope.errors import SettingError
from mutoscope.prompt.styles import known_styles
from mutoscope.vocabulary import STYLES
from mutoscope.world.styles import STYLE_DRAWINGS, apply

GRAINED = (
    "watercolor", "oil painting", "pencil sketch", "ink wash", "ukiyo-e", "vintage film", "stained glass",
    "low poly", "crayon", "clay",
)  # fmt: skip
# A small thing moves over a still scene: what may change far from it (levels of 255; measured below 0.001), how far
# away that is (shares of the height; measured 0.14), and the whole change as a multiple of the scene's own (0.5 to 2.3).
FAR_CHANGE, FAR, GAIN = 0.1, 0.25, 3.0
DIMMING_GAIN = 2.5  # the same while all of the scene grows darker by a hundredth a frame


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
    assert set(STYLE_DRAWINGS) == set(STYLES) == set(known_styles())  # every style can be asked for by name
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


def walked(frames: int = 4, size: int = 128):
    """Return a clip of a still scene in which a small red ball moves a little, and where that is far from the ball."""
    still = scenery(height=size, width=size)
    y, x = torch.meshgrid(torch.arange(size) / size, torch.arange(size) / size, indexing="ij")
    balls = [((x - 0.42 - 0.01 * k).square() + (y - 0.48).square() < 0.035**2).float() for k in range(frames)]
    red = torch.tensor([0.9, 0.15, 0.1])[:, None, None]
    clip = torch.stack([still[0, :, 0] * (1 - ball) + red * ball for ball in balls], 1)[None]
    return clip, (x - 0.44).square() + (y - 0.48).square() > FAR**2


@pytest.mark.parametrize("style", STYLES)
def test_a_clip_does_not_boil(style):
    clip, far = walked()
    change = apply(clip, [style], [7]).diff(dim=2).abs()
    assert change[..., far].max() * 255 < FAR_CHANGE
    assert change.mean() < GAIN * clip.diff(dim=2).abs().mean()


@pytest.mark.parametrize("style", STYLES)
def test_a_slowly_darkening_clip_does_not_flicker(style):
    clip = scenery(frames=6) * (1 - 0.01 * torch.arange(6)).view(1, 1, 6, 1, 1)
    painted = apply(clip, [style], [7])
    steps, whole = painted.diff(dim=2).abs().mean((0, 1, 3, 4)), (clip[:, :, 0] - clip[:, :, 5]).abs().mean()
    assert steps.sum() < DIMMING_GAIN * whole
    assert painted[:, :, 5].mean() < painted[:, :, 0].mean()


@pytest.mark.parametrize("style", STYLES)
def test_a_clip_does_not_depend_depend_on_its_batch(style):
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


def test_a_facet_of_low_poly_is_flat():
    pixels = scenery(height=256, width=256)
    before, after = (
        image[0, :, 0, :110].diff(dim=-2).abs().amax(0) for image in (pixels, apply(pixels, ["low poly"], [0]))
    )
    assert (before > 1e-6).float().mean() > 0.9  # every row of the upper sky has a colour of its own
    assert (after < 1e-6).float().mean() > 0.4  # the rest are edges


def test_a_comic_has_black_ink_and_dots():
    ramp = torch.linspace(0.2, 0.8, 128)[None, None, None, None].expand(1, 3, 1, 128, 128)
    comic = apply(ramp, ["comic"], [0])[0, 0, 0]
    assert (comic.std(0).max() > 0.05) and (comic.std(0) < 0.02).float().mean() > 0.2  # dots, and flat tones between
    ink = apply(scenery(height=128, width=128), ["comic"], [0])[0, :, 0].amax(0)
    assert 0.002 < (ink < 0.1).float().mean() < 0.3


def test_mistakes_are_named():
    with pytest.raises(SettingError, match="watercolor"):
        apply(scenery(), ["watercolour"], [0])
    with pytest.raises(SettingError, match="1 clips"):
        apply(scenery(), ["photo", "photo"], [0, 1])
