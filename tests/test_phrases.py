"""Plain words for what prompts say in others: the book, how it is read, and where the words go."""

import json

import pytest

from mutoscope import TextToImageModel
from mutoscope.phrases import ADDED, BOOK, plain_words, read
from mutoscope.prompt import Request
from mutoscope.world.captions import caption
from mutoscope.world.read import read as read_by_the_world
from mutoscope.world.read import wordings
from mutoscope.world.spec import draw_spec


def test_the_book_is_that_of_the_world():
    assert json.loads(BOOK.read_text(encoding="utf-8")) == wordings(), "run scripts/make_phrases"


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("At the onset of night, a tarn ringed by firs", "lake, blue hour"),
        ("a lake at sunset", ""),
        ("A serene lake surrounded by pine trees at sunset", ""),
        ("Waves crashing on a beach", ""),
        ("mountain sunset", "mountains"),
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
        assert {fact: ours.get(fact) for fact in ADDED} == {fact: theirs.get(fact) for fact in ADDED}, text


def test_the_words_are_read_after_the_prompt_and_kept_in_the_request():
    request = Request("tarn at nightfall", plainly="lake, blue hour")
    assert request.readings() == [(1.0, [("tarn at nightfall", 1.0), (", lake, blue hour", 1.0)])]
    assert Request.from_json(request.to_json()) == request
    assert 'Read as: "lake, blue hour"' in request.parameters()
    assert "plainly" not in Request("a lake").to_json()


def test_a_model_adds_them_and_makes_the_same_again():
    model, size = TextToImageModel(), {"width": 64, "height": 64}
    picture = model.generate("a tarn at nightfall", seed=1, num_inference_steps=2, **size)
    assert picture.request.plainly == "lake, blue hour"
    assert (model.redo(picture.request).pixels == picture.pixels).all()
    weighted = model.generate("a tarn at (nightfall:0.5)", seed=1, num_inference_steps=2, **size)
    assert weighted.request.plainly == ""  # weights are the user's own words
    several = model.generate("a {tarn|dune sea} at nightfall", num_images_per_prompt=4, num_inference_steps=1, **size)
    assert {one.request.plainly for one in several} <= {"lake, blue hour", "desert, blue hour"}
