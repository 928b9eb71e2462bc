"""Reading is the opposite of captioning: what the grammar says about a scene, it reads back."""

import json

import pytest
from PIL import Image, ImageDraw

from mutoscope.cli import main
from mutoscope.world.captions import caption
from mutoscope.world.draw_spec import draw_spec
from mutoscope.world.read import read, read_things
from mutoscope.world.sprites import SpriteLibrary


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("A serene lake surrounded by pine trees at sunset", {"scene": "lake", "plant": "pine", "light": "sunset"}),
        ("Waves crashing on a beach", {"scene": "beach"}),
        ("mountain sunset", {"scene": "mountains", "light": "sunset"}),
        ("a forest lake at midnight, oil on canvas", {"scene": "lake", "light": "night", "style": "oil painting"}),
        ("LIGHTHOUSE in a thunderstorm", {"scene": "lighthouse", "weather": "storm"}),
        ("a beach at noon, the camera pans left", {"scene": "beach", "light": "noon", "camera": "pan left"}),
        ("burning sky over craggy peaks", {"scene": "mountains", "light": "sunset"}),
        ("show me a pond while snowflakes dance in the air", {"scene": "lake", "weather": "snow"}),
        ("something else entirely", {}),
        ("", {}),
    ],
)
def test_sentences_become_facts(text, facts):
    assert read(text).facts == facts


def test_words_outside_the_world_are_named_and_words_inside_are_not():
    reading = read("three gizmos over a calm lake at dawn, and a parliament")
    assert reading.unknown == ("gizmos", "parliament") and reading.facts == {"scene": "lake", "light": "dawn"}


def test_a_second_scene_is_named_as_not_drawn_and_the_first_one_is_taken():
    reading = read("a road through the desert")
    assert reading.facts.get("scene") == "road" and reading.unused == ("desert",)


def test_what_the_grammar_says_reads_back_as_facts_of_the_scene():
    right = wrong = 0
    for index in range(300):
        spec = draw_spec(9, index, held_out=None, moving=True)
        facts = read(caption(spec, index, "long", held_out=None)).facts
        for name, value in facts.items():
            right, wrong = right + (getattr(spec, name) == value), wrong + (getattr(spec, name) != value)
        assert read(caption(spec, index, held_out=None)).unknown == ()
    assert wrong <= 0.002 * right, (right, wrong)


def test_spaces_quotes_and_other_scripts_do_no_harm():
    assert read(' "A  lake" —  at\tdawn!! ').facts == {"scene": "lake", "light": "dawn"}
    assert read("湖 at dawn").unknown == ("湖",)


@pytest.fixture(scope="module")
def library_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shapes")
    rows = []
    for name, color in (
        ("sailboat", (250, 250, 250)),
        ("fox", (230, 120, 30)),
        ("apple", (220, 30, 30)),
        ("kite", (30, 60, 230)),
    ):
        picture = Image.new("RGBA", (64, 64))
        ImageDraw.Draw(picture).polygon([(8, 60), (20, 6), (58, 58)], fill=(*color, 255))
        if name == "kite":  # of two hues: it takes no other colour and stays itself
            ImageDraw.Draw(picture).polygon([(20, 6), (33, 59), (58, 58)], fill=(240, 200, 30, 255))
        picture.save(folder / f"{name}.png")
        rows.append({"file": f"{name}.png", "name": name, "captions": [name], "keywords": [], "alpha": True,
                     "style": "flat vector emoji", "source": "made by the test", "licence": "CC0-1.0"})  # fmt: skip
    (folder / "captions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture(scope="module")
def library(library_folder):
    return SpriteLibrary.open([library_folder])


@pytest.mark.parametrize(
    ("text", "scene", "things"),
    [
        ("three sailboats on a calm lake at dawn", "lake", [("sailboat", 3, "", "water")]),
        ("a fox on the left in a meadow", "meadow", [("fox", 1, "left", "ground")]),
        ("two foxes and an apple", "plain ground", [("fox", 2, "", "plain"), ("apple", 1, "", "plain")]),
        ("a lake with pine trees", "lake", []),
    ],
)
def test_things_are_read_with_number_place_and_side(library, text, scene, things):
    found, missing = read_things(text, draw_spec(0, 0, held_out=None, scene=scene), library)
    assert sorted((t.noun, t.count, t.side, t.place) for t in found) == sorted(things) and missing == {}


def test_a_colour_is_taken_where_the_sprite_can_be_dyed(library):
    spec = draw_spec(0, 0, held_out=None, scene="open sea")
    found, missing = read_things("a blue sailboat on the sea", spec, library)
    assert found[0].color == "blue" and missing == {}


def test_a_colour_that_no_sprite_can_take_is_named(library):
    spec = draw_spec(0, 0, held_out=None, scene="plain ground")
    found, missing = read_things("a red kite and a blue sailboat", spec, library)
    assert [(thing.noun, thing.color) for thing in found] == [("kite", ""), ("sailboat", "blue")]
    assert missing == {"red": "no sprite of a kite can be dyed"}


def test_a_colour_belongs_to_the_noun_after_it(library):
    spec = draw_spec(0, 0, held_out=None, scene="plain ground")
    found, missing = read_things("a blue sailboat, kite", spec, library)
    assert {thing.noun: thing.color for thing in found} == {"sailboat": "blue", "kite": ""} and missing == {}


def test_without_sprites_things_are_named_as_missing():
    spec = draw_spec(0, 0, held_out=None, scene="lake")
    found, missing = read_things("two sailboats on a lake", spec, SpriteLibrary.empty())
    assert found == () and missing == {"sailboats": "there are no sprites"}


def test_what_cannot_be_drawn_is_named(library):
    spec = draw_spec(0, 0, held_out=None, scene="lake")
    found, missing = read_things("a fox and a robot by a lake", spec, library)
    assert found == () and missing == dict.fromkeys(("robot", "fox"), "no sprite of it fits here")


def test_the_verb_says_what_is_not_drawn(library_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["world", "a red kite and a robot", "--size", "32", "--seed", "1", "-o", "kite.png", "--sprites"]
    assert main([*words, f"{library_folder}, "]) == 0
    said = capsys.readouterr().err
    assert "not drawn, no sprite of a kite can be dyed: red\n" in said
    assert "not drawn, no sprite of it fits here: robot\n" in said
    for sets, reason in ((" , ", "no sprite set is named"), (f"{library_folder},nowhere", "no sprites at nowhere")):
        assert main([*words, sets]) == 2
        assert reason in capsys.readouterr().err
