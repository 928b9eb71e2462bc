"""The caption grammar: the wordings it must reach, what it must never say, and that it is a pure function."""

import json
import re
from dataclasses import replace
from itertools import combinations

import pytest

from mutoscope.errors import SettingError
from mutoscope.evaluate.free_prompts import FREE_PROMPTS
from mutoscope.world.captions import LENGTHS, caption, caption_facts
from mutoscope.world.grammar import held_out_in, held_out_wordings, vocabulary
from mutoscope.world.nouns import COLORS, plural, thing_names
from mutoscope.world.spec import LIGHTS, SCENES, SEASONS, STYLES, WEATHERS, Thing, draw_spec
from mutoscope.world.words import (
    LIGHT,
    LIGHT_ADJECTIVES,
    LIGHT_CLAUSES,
    LIGHT_NAMES,
    NOUNS,
    STYLE_PREFIXES,
    STYLE_SUFFIXES,
    WEATHER,
)


def wordings(row: str) -> set[str]:
    return {cell.split(" @")[0].strip(" +=").lower() for cell in row.split(" / ")}


def says(text: str, words: str) -> bool:
    return re.search(rf"(?<![\w'-]){re.escape(words)}(?![\w'-])", text.lower()) is not None


@pytest.fixture(scope="module")
def pairs():
    specs = [draw_spec(3, index, held_out=None) for index in range(1500)]
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


def test_every_row_has_many_wordings_and_none_serves_two_rows():
    assert all(len(wordings(row)) >= 8 for row in NOUNS.values())
    assert all(len(wordings(row)) >= 6 for row in (*LIGHT.values(), *WEATHER.values(), *STYLE_PREFIXES.values()))
    for table in (LIGHT, LIGHT_NAMES, LIGHT_ADJECTIVES, LIGHT_CLAUSES, WEATHER, STYLE_PREFIXES, STYLE_SUFFIXES, NOUNS):
        for a, b in combinations(table, 2):
            assert not wordings(table[a]) & wordings(table[b]), (a, b)


def test_tables_cover_every_word_of_the_spec():
    assert set(NOUNS) == set(SCENES) and set(LIGHT) == set(LIGHTS)
    assert set(WEATHER) == set(WEATHERS) and set(STYLE_PREFIXES) == set(STYLES) == set(STYLE_SUFFIXES)


def test_captions_never_contradict_the_facts(pairs):
    plants = {"pine": "cactus cacti palm birch", "palm": "cacti birch cherry", "none": "palms birches cacti cherry"}
    for spec, text in pairs:
        for light in set(LIGHTS) - {spec.light}:
            wrong = [words for words in wordings(LIGHT[light]) | wordings(LIGHT_CLAUSES[light]) if says(text, words)]
            own = wordings(LIGHT[spec.light]) | wordings(LIGHT_CLAUSES[spec.light]) | wordings(LIGHT_NAMES[spec.light])
            assert all(any(says(words, bad) for words in own) for bad in wrong), (spec, text, wrong)
        for weather in set(WEATHERS) - {spec.weather}:
            assert not [words for words in wordings(WEATHER[weather]) if says(text, words)], (spec, text)
        for style in set(STYLES) - {spec.style, "photo", "vintage film"}:
            assert not says(text, style), (spec, text)
        assert not [words for words in plants.get(spec.plant, "").split() if says(text, words)], (spec, text)
        for season in set(SEASONS) - {spec.season}:
            assert not says(text, f"in {season}") and not says(text, f"it is {season}"), (spec, text)


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
    named = {
        words for table in (LIGHT, LIGHT_NAMES, LIGHT_ADJECTIVES) for row in table.values() for words in wordings(row)
    }
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
    assert len(FREE_PROMPTS) == len({prompt for prompt, _ in FREE_PROMPTS}) == 60
    for prompt, facts in FREE_PROMPTS:
        spec = draw_spec(0, 0, held_out=None, **facts)
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
