"""The facts of the world: all of them occur, none too rarely, and a scene is the same wherever it is drawn."""

import hashlib
import subprocess
import sys
from collections import Counter

import pytest
import torch

from mutoscope.errors import SettingError
from mutoscope.vocabulary import CAMERAS, EVENTS, LIGHTS, PLANTS, SCENES, SEASONS, STYLES, WEATHERS, scenes
from mutoscope.world.draw_spec import draw_spec
from mutoscope.world.registry import SCENE_DRAWINGS, STYLE_DRAWINGS
from mutoscope.world.render import render
from mutoscope.world.spec import SceneSpec

DRAWS = 6_000
OPEN_SCENES = tuple(scene for scene in SCENES if scene != "plain ground")  # which wants things to stand on it
SEED = 31


@pytest.fixture(scope="module")
def specs() -> list[SceneSpec]:
    return [draw_spec(SEED, index, moving=True) for index in range(DRAWS)]


def test_the_world_is_as_wide_as_it_claims():
    assert len(SCENES) >= 24 and len(LIGHTS) == 8 and len(WEATHERS) == 8 and len(SEASONS) == 4
    assert len(set(PLANTS) - {"none"}) >= 8 and len(STYLES) >= 16
    assert set(scenes()) == set(SCENES) == set(SCENE_DRAWINGS) and set(STYLES) == set(STYLE_DRAWINGS)


@pytest.mark.parametrize(
    ("fact", "values"),
    [
        ("scene", OPEN_SCENES), ("light", LIGHTS), ("weather", WEATHERS), ("season", SEASONS),
        ("plant", PLANTS), ("style", STYLES), ("camera", CAMERAS), ("event", EVENTS),
    ],
)  # fmt: skip
def test_every_value_is_at_least_one_draw_in_two_hundred(specs, fact, values):
    counts = Counter(getattr(spec, fact) for spec in specs)
    assert set(counts) <= set(values)
    assert {value: counts[value] for value in values if counts[value] < DRAWS / 200} == {}


def test_every_scene_comes_in_every_style(specs):
    pairs = Counter((spec.scene, spec.style) for spec in specs)
    missing = [(scene, style) for scene in OPEN_SCENES for style in STYLES if not pairs[scene, style]]
    # a pair may be held out in every light that its scene knows
    few = {scene for scene in SCENES if len(scenes()[scene].lights) <= 3}
    assert not [pair for pair in missing if pair[0] not in few], missing


def test_scenes_keep_to_the_lights_and_weathers_they_know(specs):
    for spec in specs:
        assert spec.light in scenes()[spec.scene].lights
        assert spec.weather in scenes()[spec.scene].weathers
        assert spec.plant in scenes()[spec.scene].plants
        assert spec.event == "none" or spec.camera == "still"


def test_facts_go_to_json_and_back(specs):
    assert all(SceneSpec.from_facts(spec.facts()) == spec for spec in specs[:200])
    assert SceneSpec.from_facts({**specs[0].facts(), "visible": ["scene"]}) == specs[0]


def test_pictures_know_no_camera_and_fixed_facts_are_kept():
    assert {draw_spec(SEED, index).camera for index in range(200)} == {"still"}
    assert draw_spec(SEED, 5, moving=True, camera="zoom in", scene="volcano").camera == "zoom in"
    with pytest.raises(SettingError, match="camera"):
        draw_spec(SEED, 5, camera="spin")


PRINT = """
import hashlib, sys
import torch
torch.set_num_threads(1)
from mutoscope.world.render import render
from mutoscope.world.draw_spec import draw_spec
pixels = (render([draw_spec(31, int(sys.argv[1]))], 64, 64) * 255).round().byte()
print(hashlib.sha256(pixels.numpy().tobytes()).hexdigest())
"""


def test_a_scene_is_the_same_alone_in_a_batch_of_32_and_in_another_process():
    specs = [draw_spec(SEED, index) for index in range(32)]
    together = (render(specs, 64, 64) * 255).round().byte()
    for index in range(0, 32, 4):
        alone = (render([specs[index]], 64, 64) * 255).round().byte()[0]
        assert torch.equal(alone, together[index]), specs[index]
    done = subprocess.run([sys.executable, "-c", PRINT, "3"], capture_output=True, text=True, check=True)
    here = (render([specs[3]], 64, 64) * 255).round().byte()
    assert done.stdout.strip() == hashlib.sha256(here.numpy().tobytes()).hexdigest()
