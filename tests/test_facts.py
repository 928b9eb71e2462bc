"""The facts that prompts state, in the words of captions and in others; what single words tell."""

from functools import partial

import pytest

from mutoscope import TextToImageModel
from mutoscope.objects import load_library
from mutoscope.prompt.facts import CLASSIFIED_FACTS, classify, correct_spelling, find_facts, match_facts, stems
from mutoscope.vocabulary import synonyms
from mutoscope.world.captions import caption
from mutoscope.world.draw_spec import draw_spec
from mutoscope.world.read import read as read_by_the_world


@pytest.mark.parametrize(
    ("prompt", "facts"),
    [
        ("At the onset of night, a tarn ringed by firs", {"scene": "lake", "light": "blue hour", "plant": "pine"}),
        ("a lake at sunset", {"scene": "lake", "light": "sunset"}),
        ("A serene lake surrounded by pine trees at sunset", {"scene": "lake", "plant": "pine", "light": "sunset"}),
        ("Waves crashing on a beach", {"scene": "beach"}),
        ("mountain sunset", {"scene": "mountains", "light": "sunset"}),
        ("a coral reef, comic", {"scene": "coral reef", "style": "comic"}),
        ("wheat field, 8 am", {"scene": "farm field", "light": "morning"}),
        ("niagara falls after dark", {"scene": "waterfall", "light": "night"}),
        ("deep in the conifers", {"scene": "pine forest", "plant": "pine"}),
        ("a teapot", {}),
        ("", {}),
        ("’’ -- 漢字 '", {}),
    ],
)
def test_facts(prompt: str, facts: dict[str, str]):
    assert find_facts(prompt) == facts


def test_the_longest_wording_wins_and_the_first_scene():
    assert match_facts("a forest lake")["scene"] == "lake"
    assert match_facts("a beach, a desert")["scene"] == "beach"


def test_captions_are_read_as_the_world_reads_them():
    for index in range(60):
        text = caption(draw_spec(5, index), index % 8)
        assert match_facts(text) == dict(read_by_the_world(text).facts), text


@pytest.mark.parametrize("fact", CLASSIFIED_FACTS)
def test_the_stems_of_a_wording_are_classified_as_what_it_says_or_left_open(fact: str):
    """Naive Bayes agrees with its own table: told is what the wording says, nearly always, and often something is told."""
    right = wrong = open_ = 0
    for name, wordings in synonyms(fact).items():
        for wording in wordings:
            told = classify(fact, stems(wording))
            right, wrong, open_ = right + (told == name), wrong + (told not in ("", name)), open_ + (not told)
    assert right > 20 * wrong and right > open_ / 2, (right, wrong, open_)


def test_a_word_that_every_scene_has_tells_nothing():
    assert classify("scene", []) == "" and classify("scene", ["view"]) == ""
    assert classify("scene", stems("hedges and roses")) == "garden"


def test_objects_tell_no_scene():
    """An ice cream is no arctic: what is looked up is not read for the scene."""
    for thing in ("an ice cream", "a red fire engine", "a cup of coffee"):
        found = load_library().find(f"portrait of {thing} on a white background")
        assert found.objects and find_facts(found.scene) == {"scene": "plain ground"}, found


def test_what_is_misspelt_is_read_as_the_nearest_word():
    assert correct_spelling("Sunst over the desret", ["sunst", "desret"]) == "sunset over the desert"
    assert correct_spelling("sunst over the desret", []) == "sunst over the desret"  # only words that nobody knows
    assert correct_spelling("zzzzzz at sunst", ["zzzzzz", "sunst"]) == "zzzzzz at sunset"
    assert correct_spelling("a lke", ["lke"]) == "a lke"  # too short to be sure


def test_a_model_draws_the_facts_and_makes_the_same_again():
    draw = partial(TextToImageModel().generate, seed=1, num_inference_steps=1, width=64, height=64)
    picture = draw("lighthose at sunst")
    assert {fact.kind: fact.name for fact in picture.request.facts} == {"scene": "lighthouse", "light": "sunset"}
    assert (TextToImageModel().redo(picture.request).pixels == picture.pixels).all()
