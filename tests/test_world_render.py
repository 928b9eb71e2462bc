"""The rendered world: pure in its spec, the same alone and in a batch, gently moving, each light told by its colour."""

from itertools import combinations

import pytest
import torch

from mutoscope.vocabulary import LIGHTS, SCENES, SEASONS, STYLES, WEATHERS, scenes
from mutoscope.world.draw_spec import draw_spec
from mutoscope.world.render import render


def drawn(specs, width=64, height=64, times=(0.0,), **options):
    return render(specs, width, height, times, styled=False, **options)


def test_a_scene_is_the_same_alone_and_in_a_batch():
    specs = [draw_spec(1, index) for index in range(40)]
    together = drawn(specs)
    for index in (0, 7, 21, 39):
        alone = drawn([specs[index]])[0]
        assert (alone - together[index]).abs().mean() < 1e-4  # vector and scalar code round differently in the last bit


def test_the_same_spec_gives_the_same_pixels():
    specs = [draw_spec(2, index) for index in range(6)]
    assert torch.equal(drawn(specs), drawn(specs))


def test_a_frame_of_a_clip_is_the_picture_at_that_time():
    specs = [draw_spec(3, index, weather="clear") for index in range(5)]
    clip = drawn(specs, times=(0.0, 0.5))
    assert clip.shape == (5, 3, 2, 64, 64)
    assert (clip[:, :, 1:] - drawn(specs, times=(0.5,))).abs().mean() < 1e-4


@pytest.mark.parametrize("scene", ("lake", "beach", "open sea", "island"))
def test_water_moves_gently(scene):
    specs = [draw_spec(4, index, scene=scene, light="noon", weather="clear") for index in range(3)]
    clip = drawn(specs, times=(0.0, 1 / 12, 1.0))
    step = (clip[:, :, 1] - clip[:, :, 0]).abs().mean((1, 2, 3))
    second = (clip[:, :, 2] - clip[:, :, 0]).abs().mean((1, 2, 3))
    assert (step > 2e-4).all() and (step < 0.03).all()
    assert (second > 1.5 * step).all()


@pytest.mark.parametrize("weather", ("rain", "snow"))
def test_what_falls_moves(weather):
    clip = drawn([draw_spec(5, 0, scene="pine forest", weather=weather, light="noon")], times=(0.0, 1 / 12))
    assert (clip[:, :, 1] - clip[:, :, 0]).abs().mean() > 1e-3


@pytest.mark.parametrize(("width", "height"), ((50, 34), (34, 50)))
def test_every_scene_and_light_is_finite_at_odd_sizes(width, height):
    specs = [draw_spec(6, i, scene=s, light=li, held_out=None) for i, (s, li) in enumerate(_product(SCENES, LIGHTS))]
    pixels = drawn(specs, width, height)
    assert pixels.shape == (len(specs), 3, 1, height, width)
    assert pixels.isfinite().all() and pixels.min() >= 0 and pixels.max() <= 1
    assert (pixels.flatten(1).std(1) > 0.002).all()  # no blank picture


def test_every_plant_season_and_weather_draws():
    plants = [(scene, plant) for scene in SCENES for plant in scenes()[scene].plants]
    facts = [(s, p, SEASONS[i % 4], WEATHERS[i % 6]) for i, (s, p) in enumerate(plants)]
    specs = [
        draw_spec(7, i, scene=s, plant=p, season=e, weather=w, held_out=None) for i, (s, p, e, w) in enumerate(facts)
    ]
    assert drawn(specs, 48, 32).isfinite().all()


@pytest.mark.parametrize("weather", ("clear", "overcast"))
def test_lights_differ_by_their_mean_colour(weather):
    means = []
    for light in LIGHTS:
        some = list(enumerate(SCENES))[::3]
        specs = [draw_spec(8, i, scene=s, light=light, weather=weather, held_out=None) for i, s in some]
        means.append(drawn(specs, 32, 32).mean((0, 2, 3, 4)))
    for one, two in combinations(range(len(LIGHTS)), 2):
        distance = (means[one] - means[two]).norm()
        assert distance > 0.03, f"{LIGHTS[one]} and {LIGHTS[two]} are {distance:.3f} apart"


def test_supersampling_keeps_the_picture():
    specs = [draw_spec(9, index) for index in range(4)]
    assert (drawn(specs) - drawn(specs, supersample=2)).abs().mean() < 0.03


def test_styles_are_laid_over_the_scene():
    pytest.importorskip("mutoscope.world.styles")
    specs = [draw_spec(10, i, scene="lake", light="noon", style=style, held_out=None) for i, style in enumerate(STYLES)]
    pixels = render(specs, 64, 64)
    assert pixels.shape == (len(STYLES), 3, 1, 64, 64) and pixels.isfinite().all()


def _product(first, second):
    return [(a, b) for a in first for b in second]
