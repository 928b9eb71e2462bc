"""The names of what prompts say in other words: which are added, and what single words tell."""

from functools import partial

import pytest

from mutoscope import TextToImageModel
from mutoscope.objects import load
from mutoscope.phrases import CLASSIFIED_FACTS, EXPANDED_FACTS, classify, plain_words, read, stems, tells
from mutoscope.prompt.request import LOUDER, Request
from mutoscope.vocabulary import synonyms
from mutoscope.world.captions import caption
from mutoscope.world.read import read as read_by_the_world
from mutoscope.world.spec import draw_spec


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("At the onset of night, a tarn ringed by firs", "lake, blue hour"),
        ("a lake at sunset", "lake, sunset"),
        ("A serene lake surrounded by pine trees at sunset", "lake, sunset"),
        ("Waves crashing on a beach", "beach"),
        ("mountain sunset", "mountains, sunset"),
        ("a coral reef at noon, comic", "coral reef, comic"),
        ("wheat field, 8 am", "farm field, morning"),
        ("niagara falls after dark", "waterfall, night"),
        ("deep in the conifers", "pine forest"),
        ("a lake ringed by conifers", "lake"),
        ("a teapot", ""),
        ("", ""),
        ("’’ -- 漢字 '", ""),
    ],
)
def test_plain_words(prompt: str, words: str):
    assert plain_words(prompt) == words


def test_the_longest_wording_wins_and_the_first_scene():
    assert read("a forest lake")["scene"] == "lake"
    assert read("a beach, a desert")["scene"] == "beach"


def test_captions_are_read_as_the_world_reads_them():
    for index in range(60):
        text = caption(draw_spec(5, index), index % 8)
        ours, theirs = read(text), read_by_the_world(text).facts
        assert {fact: ours.get(fact) for fact in EXPANDED_FACTS} == {
            fact: theirs.get(fact) for fact in EXPANDED_FACTS
        }, text


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
        found = load().find(f"portrait of {thing} on a white background")
        assert found.things and plain_words(found.scene) == "plain ground", found


def test_a_word_tells_the_scene_whose_wordings_hold_it():
    assert tells("houses", "snowy village") and tells("dunes", "desert") and not tells("car", "meadow")


def test_what_is_misspelt_is_read_as_the_nearest_word():
    assert plain_words("sunst over the desret", ["sunst", "desret"]) == "desert, sunset"
    assert plain_words("sunst over the desret") == ""  # only words that the model cannot read are corrected
    model = TextToImageModel()
    picture = model.generate("lighthose at sunst", seed=1, num_inference_steps=1, width=64, height=64)
    assert picture.request.plainly == "lighthouse, sunset"


def test_the_words_are_read_after_the_prompt_and_kept_in_the_request():
    request = Request("tarn at nightfall", plainly="lake, blue hour")
    assert request.readings() == [(1.0, [("tarn at nightfall", 1.0), (", lake, blue hour", 1.0)])]
    styled = Request("tarn at nightfall in crayon", plainly="lake, blue hour, crayon")
    assert styled.readings() == [  # a style leads too, and the rest is louder then
        (
            1.0,
            [("crayon drawing, ", 1.0), (styled.prompt, 1.0), (", lake, blue hour", LOUDER), (", crayon drawing", 1.0)],
        )
    ]
    alone = Request("draw it in crayon", plainly="crayon")
    assert alone.readings() == [(1.0, [("crayon drawing, ", 1.0), (alone.prompt, 1.0), (", crayon drawing", 1.0)])]
    assert Request.from_json(request.to_json()) == request
    assert 'Read as: "lake, blue hour"' in request.parameters()
    assert "plainly" not in Request("a lake").to_json()


def test_a_model_adds_them_and_makes_the_same_again():
    model = TextToImageModel()
    draw = partial(model.generate, width=64, height=64)
    picture = draw("a tarn at nightfall", seed=1, num_inference_steps=2)
    assert picture.request.plainly == "lake, blue hour"
    assert (model.redo(picture.request).pixels == picture.pixels).all()
    weighted = draw("a tarn at (nightfall:0.5)", seed=1, num_inference_steps=2)
    assert weighted.request.plainly == ""  # weights are the user's own words
    several = draw("a {tarn|dune sea} at nightfall", num_images_per_prompt=4, num_inference_steps=1)
    assert {one.request.plainly for one in several} <= {"lake, blue hour", "desert, blue hour"}
