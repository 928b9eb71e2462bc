"""The caption grammar: the wordings it must reach, what it must never say, and that it is a pure function."""

import json
import re
from dataclasses import replace

import pytest

from mutoscope.errors import SettingError
from mutoscope.evaluate.prompt_sets import FREE_PROMPTS
from mutoscope.vocabulary import COLORS, LIGHTS, SCENES, SEASONS, STYLES, WEATHERS, plural
from mutoscope.vocabulary.loading import data
from mutoscope.vocabulary.matching import FACTS
from mutoscope.vocabulary.wordings import fact_wordings, row, rows
from mutoscope.world.captions import LENGTHS, caption, caption_facts
from mutoscope.world.draw_spec import draw_spec
from mutoscope.world.grammar import held_out_in, held_out_wordings, vocabulary
from mutoscope.world.object_phrases import thing_names
from mutoscope.world.read import read
from mutoscope.world.spec import Facts, Thing


def wordings(table: str, *names: str) -> set[str]:
    """Return the wordings of these rows of a table, of all without names, in lower case."""
    return {one.words.lower() for name in names or rows(table) for one in row(table, name)}


def says(text: str, words: str) -> bool:
    return re.search(rf"(?<![\w'-]){re.escape(words)}(?![\w'-])", text.lower()) is not None


SEEN_AT_SUNSET = set().union(*(wordings(f"light {what}", "sunset") for what in ("seen", "sight", "verb")))


@pytest.fixture(scope="module")
def pairs():
    specs = [draw_spec(3, index, held_out=None) for index in range(600)]
    return [(spec, caption(spec, index % 5)) for index, spec in enumerate(specs)]


def test_a_caption_is_a_pure_function_of_its_arguments():
    spec = draw_spec(1, 2)
    assert caption(spec, 3) == caption(draw_spec(1, 2), 3)
    assert len({caption(spec, variant) for variant in range(50)}) > 40


@pytest.mark.parametrize(
    ("sentence", "length", "facts"),
    [
        (
            "A serene lake surrounded by pine trees at sunset",
            "medium",
            {"scene": "lake", "light": "sunset", "plant": "pine", "season": "summer"},
        ),
        ("Waves crashing on a beach", "short", {"scene": "beach"}),
        ("mountain sunset", "short", {"scene": "mountains", "light": "sunset"}),
    ],
)
def test_the_sentences_of_the_readme_are_ordinary_members_of_the_language(sentence, length, facts):
    spec = draw_spec(0, 0, held_out=None, style="photo", weather="clear", **facts)
    assert any(caption(spec, variant, length) == sentence for variant in range(80_000))


@pytest.mark.parametrize(
    ("table", "fewest"),
    [("noun", 40), ("scene seen", 10), ("light", 30), ("weather", 30), ("prefix", 30), ("light seen", 20), ("weather clause", 20)],
)  # fmt: skip
def test_every_row_has_many_wordings(table: str, fewest: int):
    assert {name: len(wordings(table, name)) for name in rows(table) if len(wordings(table, name)) < fewest} == {}


@pytest.mark.parametrize("fact", sorted(filter(None, FACTS)))
def test_no_wording_names_two_values_of_one_fact(fact: str):
    named: dict[str, set[str]] = {}
    for value in data(FACTS[fact][0]):
        for form in (form for one in fact_wordings(fact, value) for form in one.forms):
            named.setdefault(form.lower().removeprefix("the "), set()).add(value)
    assert not {words: values for words, values in named.items() if len(values) > 1}


@pytest.mark.parametrize("table", ["verb", "light verb", "opening"])
def test_words_with_two_forms_have_both_in_every_cell(table: str):
    assert [words for words in wordings(table) if words.count("|") != 1] == []


@pytest.mark.parametrize("table", ["relation", "motion", "view"])
def test_phrases_around_a_noun_say_where_it_goes(table: str):
    assert [words for words in wordings(table) if words.count("{}") != 1] == []


@pytest.mark.parametrize(
    ("table", "names"),
    [("noun", SCENES), ("adjective", SCENES), ("relation", SCENES), ("light", LIGHTS), ("weather", WEATHERS), ("season", SEASONS),
     ("prefix", STYLES), ("suffix", STYLES)],
)  # fmt: skip
def test_tables_cover_every_word_of_the_spec(table: str, names: tuple[str, ...]):
    assert set(rows(table)) == set(names)


def test_captions_never_contradict_the_facts(pairs):
    """Every wording that a reader finds, the longest first, is one of the scene's own."""
    plants = {"pine": "cactus cacti palm birch", "palm": "cacti birch cherry", "none": "palms birches cacti cherry"}
    for spec, text in pairs:
        read_back = read(text).facts
        assert {name: getattr(spec, name) for name in read_back} == read_back, (spec, text)
        for style in set(STYLES) - {spec.style, "photo", "vintage film"}:
            assert not says(text, style), (spec, text)
        assert not [words for words in plants.get(spec.plant, "").split() if says(text, words)], (spec, text)
        for season in set(SEASONS) - {spec.season}:
            assert not says(text, f"in {season}") and not says(text, f"it is {season}"), (spec, text)


def test_a_third_of_the_captions_are_free_and_the_light_is_often_told_through_what_one_sees():
    texts = [caption(draw_spec(8, index, scene="lake", light="sunset", weather="clear"), index) for index in range(300)]
    seen = sum(any(says(text, words.removeprefix("a ")) for words in SEEN_AT_SUNSET) for text in texts)
    assert 0.15 < seen / len(texts) < 0.5
    asked = sum(any(text.lower().startswith(words) for words in wordings("request")) for text in texts)
    assert 0.02 < asked / len(texts) < 0.15


def test_training_captions_use_no_held_out_wording_and_the_others_at_least_one(pairs):
    assert len(held_out_wordings()) >= 60
    assert not [text for _, text in pairs if held_out_in(text)]
    for spec, _ in pairs[:200]:
        assert held_out_in(caption(spec, held_out=True))


@pytest.mark.parametrize("plain", ["lake", "beach", "at sunset", "mountains", "watercolor", "pine trees", "at night"])
def test_plain_words_are_never_held_out(plain):
    assert plain not in held_out_wordings()


def test_lengths(pairs):
    counts = {length: [len(caption(spec, 0, length).split()) for spec, _ in pairs[:300]] for length in LENGTHS}
    mean = {length: sum(words) / len(words) for length, words in counts.items()}
    assert 3 <= mean["short"] <= 6 and 9 <= mean["medium"] <= 13 and 16 <= mean["long"] <= 23
    assert max(counts["long"]) <= 36 and min(counts["short"]) >= 2
    with pytest.raises(SettingError, match="length"):
        caption(pairs[0][0], 0, "endless")


def test_letters_periods_and_silence_about_the_light_vary(pairs):
    texts = [text for _, text in pairs]
    assert 0.1 < sum(text[0].islower() for text in texts) / len(texts) < 0.6
    assert 0.1 < sum(text.endswith(".") for text in texts) / len(texts) < 0.7
    assert all(text == text.strip() and "  " not in text and " ," not in text for text in texts)
    short = {caption(draw_spec(0, 0, scene="lake", style="photo"), variant, "short") for variant in range(200)}
    named = set().union(*map(wordings, ("light", "light name", "light adjective")))
    assert any(not any(says(text, words) for words in named) for text in short)


def test_vocabulary_holds_every_word_that_is_said(pairs):
    known = vocabulary()
    said = {word for spec, text in pairs for word in re.findall(r"[\w'-]+", text.lower())}
    assert said <= known, sorted(said - known)
    assert {"tarn", "lake", "sunset", "watercolor"} <= known and "parliament" not in known


def test_facts_are_json_and_say_what_shows():
    facts = caption_facts(draw_spec(0, 1, scene="open sea"))
    assert json.loads(json.dumps(facts)) == facts
    assert "season" not in facts["visible"] and "plant" not in facts["visible"] and "light" in facts["visible"]
    assert "season" in caption_facts(draw_spec(0, 1, scene="lake"))["visible"]


def test_free_prompts_name_true_facts_and_do_not_come_from_the_grammar(pairs):
    texts = {text.lower().rstrip(".") for _, text in pairs}
    assert len(FREE_PROMPTS) == len({prompt.lower() for prompt, _ in FREE_PROMPTS}) == 300
    for prompt, facts in FREE_PROMPTS:
        spec = draw_spec(0, 0, held_out=None, **Facts(**facts))
        assert spec.scene == facts["scene"] and prompt.lower() not in texts


@pytest.mark.parametrize("length", LENGTHS)
def test_several_things_with_sides_and_colours_always_find_a_caption(length):
    things = (Thing("girl", "", "ground", side="left"), Thing("oil drum", "", "ground", side="right", color="red"))
    for index in range(40):
        spec = replace(draw_spec(41, index, scene="flower field", style="flat vector", held_out=None), things=things)
        text = caption(spec, index, length).lower()
        assert "red" in text and ("drum" in text or "barrel" in text)


class TestThingsAndHeldOutWordings:
    """What is said of a thing is never held out, or a scene with it would have no caption of training."""

    def test_no_thing_in_any_color_is_a_held_out_wording(self):
        said = " / ".join(f"{color} {name}" for name in thing_names() for color in COLORS)
        assert len(thing_names()) > 2000 and held_out_in(said) == []

    @pytest.mark.parametrize("length", LENGTHS)
    @pytest.mark.parametrize(
        ("scene", "things"),
        [
            ("jungle", (Thing("cactus", "x", "ground", 4, color="green"),)),
            ("plain ground", (Thing("desert island", "x", "plain", look="flat"), Thing("dwarf", "x", "plain", 2))),
            (
                "plain ground",
                (
                    Thing("pan flute", "x", "plain", side="right", look="outline"),
                    Thing("playground slide", "x", "plain", side="left", look="flat"),
                ),
            ),
        ],
    )
    def test_things_with_long_or_unlucky_names_have_captions(self, scene, things, length):
        spec = replace(draw_spec(1, 1, held_out=None, scene=scene, style="vintage film"), things=things)
        for variant in range(20):
            assert plural(things[0].noun) in (text := caption(spec, variant, length).lower()) or things[0].noun in text

    def test_short_captions_of_things_are_short(self):
        spec = replace(draw_spec(1, 1, scene="meadow"), things=(Thing("fox", "x", "ground", 2, "left", "red"),))
        words = [len(caption(spec, variant, "short").split()) for variant in range(200)]
        assert max(words) <= 9 and sum(words) / len(words) < 7.5
