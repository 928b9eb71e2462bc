"""Reading is the opposite of captioning: what the grammar says about a scene, it reads back."""

import pytest

from mutoscope.world.captions import caption
from mutoscope.world.read import read
from mutoscope.world.spec import draw_spec


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("A serene lake surrounded by pine trees at sunset", {"scene": "lake", "plant": "pine", "light": "sunset"}),
        ("Waves crashing on a beach", {"scene": "beach"}),
        ("mountain sunset", {"scene": "mountains", "light": "sunset"}),
        ("a forest lake at midnight, oil on canvas", {"scene": "lake", "light": "night", "style": "oil painting"}),
        ("LIGHTHOUSE in a thunderstorm", {"scene": "lighthouse", "weather": "storm"}),
        ("a beach at noon, the camera pans left", {"scene": "beach", "light": "noon", "camera": "pan left"}),
        ("something else entirely", {}),
        ("", {}),
    ],
)
def test_sentences_become_facts(text, facts):
    assert read(text).facts == facts


def test_words_outside_the_world_are_named_and_words_inside_are_not():
    reading = read("three dragons over a calm lake at dawn, and a castle")
    assert reading.unknown == ("dragons", "castle") and reading.facts == {"scene": "lake", "light": "dawn"}


def test_a_second_scene_is_named_as_not_drawn_and_the_first_one_is_taken():
    reading = read("a road through the desert")
    assert reading.facts["scene"] == "road" and reading.unused == ("desert",)


def test_what_the_grammar_says_reads_back_as_facts_of_the_scene():
    right = wrong = 0
    for index in range(300):
        spec = draw_spec(9, index, held_out=None, moving=True)
        facts = read(caption(spec, index, "long", held_out=None)).facts
        for name, value in facts.items():
            right, wrong = right + (getattr(spec, name) == value), wrong + (getattr(spec, name) != value)
        assert read(caption(spec, index, held_out=None)).unknown == ()
    assert wrong <= 0.02 * right, (right, wrong)  # a snowy village on a winter evening may sound like another season


def test_spaces_quotes_and_other_scripts_do_no_harm():
    assert read(' "A  lake" —  at\tdawn!! ').facts == {"scene": "lake", "light": "dawn"}
    assert read("湖 at dawn").unknown == ("湖",)
