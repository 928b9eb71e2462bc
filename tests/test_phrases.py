"""Plain words for what prompts say in others: the book, how it is read, and where the words go."""

import json
from pathlib import Path
from runpy import run_path

import pytest

from mutoscope import TextToImageModel
from mutoscope.evaluate.free_prompts import FREE_PROMPTS, read_prompts
from mutoscope.objects import load
from mutoscope.phrases import ADDED, BOOK, LIGHTLESS, TOLD, meant, plain_words, read, tells
from mutoscope.prompt.request import LOUDER, Request
from mutoscope.world.captions import caption
from mutoscope.world.read import read as read_by_the_world
from mutoscope.world.read import wordings
from mutoscope.world.spec import LIGHTLESS as LIGHTLESS_IN_THE_WORLD
from mutoscope.world.spec import draw_spec

MAKER = Path(__file__).parent.parent / "scripts" / "make_phrases"


def test_the_book_is_that_of_the_world_and_more():
    book = json.loads(BOOK.read_text(encoding="utf-8"))
    assert book == run_path(str(MAKER))["book"](), "run scripts/make_phrases"
    for fact, names in wordings().items():
        for name, listed in names.items():
            assert set(listed) <= set(book[fact][name])


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


def test_the_scenes_without_light_are_those_of_the_world():
    assert LIGHTLESS == LIGHTLESS_IN_THE_WORLD


def test_the_longest_wording_wins_and_the_first_scene():
    assert read("a forest lake")["scene"] == "lake"
    assert read("a beach, a desert")["scene"] == "beach"


def test_captions_are_read_as_the_world_reads_them():
    for index in range(60):
        text = caption(draw_spec(5, index), index % 8)
        ours, theirs = read(text), read_by_the_world(text).facts
        assert {fact: ours.get(fact) for fact in ADDED} == {fact: theirs.get(fact) for fact in ADDED}, text


@pytest.mark.parametrize("fact", TOLD)
def test_single_words_tell_what_no_wording_says(fact: str):
    """Prompts that nobody wrote with the book in hand: what is told is right, nearly always."""
    open_ones = [(prompt, facts[fact]) for prompt, facts in FREE_PROMPTS if fact not in read(prompt)]
    told = [(meant(prompt)[fact], name) for prompt, name in open_ones if fact in meant(prompt)]
    assert len(told) >= len(open_ones) / 3
    assert sum(said == name for said, name in told) >= 0.95 * len(told)


def test_prompts_that_nobody_looked_at_are_read():
    """tests/prompts_second.txt: 95 and 88 % when it was written (dev/log.md, 2026-11-27)."""
    prompts = read_prompts(Path(__file__).with_name("prompts_second.txt"))
    said = [(meant(prompt), facts) for prompt, facts in prompts]
    scenes, lights = (sum(found.get(fact) == facts[fact] for found, facts in said) for fact in TOLD)
    assert len(said) == 200 and scenes >= 184 and lights >= 170


def test_things_tell_no_scene():
    """An ice cream is no arctic: what is looked up is not read for the scene."""
    for thing in ("an ice cream", "a red fire engine", "a cup of coffee"):
        found = load().find(f"portrait of {thing} on a white background")
        assert found.things and plain_words(found.scene) == "plain ground", found


def test_a_word_tells_the_scene_whose_wordings_hold_it():
    assert tells("houses", "snowy village") and tells("dunes", "desert") and not tells("car", "meadow")


def test_what_is_misspelt_is_read_as_the_nearest_word():
    assert plain_words("sunst over the desret", ["sunst", "desret"]) == "desert, sunset"
    assert plain_words("sunst over the desret") == ""  # nothing is mended that the model can read
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
    model, size = TextToImageModel(), {"width": 64, "height": 64}
    picture = model.generate("a tarn at nightfall", seed=1, num_inference_steps=2, **size)
    assert picture.request.plainly == "lake, blue hour"
    assert (model.redo(picture.request).pixels == picture.pixels).all()
    weighted = model.generate("a tarn at (nightfall:0.5)", seed=1, num_inference_steps=2, **size)
    assert weighted.request.plainly == ""  # weights are the user's own words
    several = model.generate("a {tarn|dune sea} at nightfall", num_images_per_prompt=4, num_inference_steps=1, **size)
    assert {one.request.plainly for one in several} <= {"lake, blue hour", "desert, blue hour"}
