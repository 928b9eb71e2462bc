"""The recipes of CONTRIBUTING.md are followed: a style and a scene are added to a copy of the package, and everything knows them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mutoscope

PACKAGE = Path(mutoscope.__file__).parent
PAGE = PACKAGE.parent.parent / "CONTRIBUTING.md"
BLOCK = re.compile(r"```(?:toml|python)\n# src/mutoscope/(\S+)\n(.*?)```", re.DOTALL)
LINKED = ("weights", "objects")  # large, and not changed


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a copy of the package with the style and the scene of the page in it."""
    copy = tmp_path_factory.mktemp("extended") / "mutoscope"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "extractors", *LINKED))
    for name in LINKED:
        (copy / name).symlink_to(PACKAGE / name, target_is_directory=True)
    blocks = BLOCK.findall(PAGE.read_text("utf-8"))
    assert len(blocks) == 6
    for file, text in blocks:
        path = copy / file
        path.write_text(f"{path.read_text('utf-8')}\n\n{text}", "utf-8")
    return copy.parent


def run(extended: Path, code: str) -> str:
    """Run code with the extended package, and return what it prints."""
    environment = {**os.environ, "PYTHONPATH": str(extended), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=extended)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_prompts_know_them(extended: Path):
    code = """
import mutoscope
from mutoscope.prompt.facts import find_facts
from mutoscope.prompt.styles import known_styles
from mutoscope.vocabulary import SCENES, STYLES
print(mutoscope.__file__)
print("swamp" in SCENES, "risograph" in STYLES, known_styles()["risograph"].words)
print(sorted(find_facts("two frogs in the Everglades at dusk, riso print").items()))
"""
    file, known, facts = run(extended, code).splitlines()
    assert Path(file).parent == extended / "mutoscope"
    assert known == "True True risograph print"
    assert facts == "[('light', 'blue hour'), ('scene', 'swamp'), ('style', 'risograph')]"


def test_objects_have_room_in_the_scene(extended: Path):
    code = """
from mutoscope.objects import load_library
from mutoscope.vocabulary import belongs
found = load_library().find("a duck in a swamp at dawn")
print(found.place, [each.noun for each in found.objects], sorted(load_library().rooms("swamp")), belongs("duck", "swamp", "water"))
"""
    assert run(extended, code) == "swamp ['duck'] ['air', 'water'] True"


def test_scenes_are_drawn_said_and_read_back(extended: Path):
    code = """
from mutoscope.world.captions import LENGTHS, caption
from mutoscope.world.draw_spec import draw_spec
from mutoscope.world.read import read
specs = [draw_spec(3, index, held_out=None, scene="swamp", style="risograph") for index in range(60)]
texts = [(spec, caption(spec, 0, length)) for spec in specs for length in LENGTHS]
said = [(spec, read(text).facts) for spec, text in texts]
print(all(facts.get(name, "risograph") == "risograph" for _, facts in said for name in ["style"]))
print(sum(facts.get("scene") == "swamp" for _, facts in said) > 0.8 * len(said))
print([text for (_, facts), (_, text) in zip(said, texts) if facts.get("scene", "swamp") != "swamp"])
print(any(draw_spec(4, index).scene == "swamp" for index in range(300)), any(draw_spec(4, i).style == "risograph" for i in range(300)))
"""
    assert run(extended, code).splitlines() == ["True", "True", "[]", "True True"]


def test_they_are_rendered(extended: Path):
    code = """
import torch
from mutoscope.world.draw_spec import draw_spec
from mutoscope.world.render import render
torch.set_num_threads(1)
plain = [draw_spec(1, 1, held_out=None, scene="swamp", style=style, light="noon", weather="clear") for style in ("photo", "risograph")]
photo, print_ = render(plain, 48, 48).numpy()
print(bool((photo >= 0).all() and (photo <= 1).all()), photo[:, 0, 36:].mean() < photo[:, 0, :16].mean())
print(abs(print_ - photo).mean() > 0.02, print_.shape)
"""
    assert run(extended, code).splitlines() == ["True True", "True (3, 1, 48, 48)"]


def test_a_style_without_a_function_is_refused_in_one_line(extended: Path):
    code = """
from mutoscope.errors import SettingError
from mutoscope.world import registry
from mutoscope.world.draw_spec import draw_spec
from mutoscope.world.render import render
import mutoscope.world.scenes, mutoscope.world.styles
del registry.STYLE_DRAWINGS["risograph"], registry.SCENE_DRAWINGS["swamp"]
for facts in ({"style": "risograph", "scene": "lake"}, {"scene": "swamp"}):
    try:
        render([draw_spec(0, 0, held_out=None, **facts)], 16, 16)
    except SettingError as error:
        print(str(error).split(";")[0])
"""
    assert run(extended, code).splitlines() == ["unknown style 'risograph'", "unknown scene 'swamp'"]
