"""Weights read as other tools read them, wrong brackets as text; weights that cannot be had are cut and named."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutoscope import TextToImageModel
from mutoscope.capabilities import Capabilities
from mutoscope.options import Options, build_request
from mutoscope.prompt.request import Request
from mutoscope.prompt.weighting import (
    BRACKET_WEIGHT,
    MAX_WEIGHT,
    leave_out_unread,
    parse_weights,
    weight_warnings,
)

MARKED = st.text(st.sampled_from("ab :.15()[]\\{}|_,"), max_size=40)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a lake", [("a lake", 1.0)]),
        ("", [("", 1.0)]),
        ("a (fog) b", [("a ", 1.0), ("fog", BRACKET_WEIGHT), (" b", 1.0)]),
        ("((fog))", [("fog", BRACKET_WEIGHT**2)]),
        ("(fog:1.4)", [("fog", 1.4)]),
        ("(fog : 1.4 )", [("fog ", 1.4)]),
        ("(fog:.5)", [("fog", 0.5)]),
        ("(fog:0)", [("fog", 0.0)]),
        ("[boats]", [("boats", 1 / BRACKET_WEIGHT)]),
        ("[(boats)]", [("boats", 1.0)]),
        ("(a (b:2) c:0.5)", [("a ", 0.5), ("b", 1.0), (" c", 0.5)]),
        ("(a, b:c)", [("a, b:c", BRACKET_WEIGHT)]),
        ("(fog:99)", [("fog", MAX_WEIGHT)]),
        (r"a \(round\) \[one\]", [("a (round) [one]", 1.0)]),
        (r"(a \) b:1.2)", [("a ) b", 1.2)]),
        ("(a", [("(a", 1.0)]),
        ("a)", [("a)", 1.0)]),
        ("((a)", [("(", 1.0), ("a", BRACKET_WEIGHT)]),
        ("(a]", [("(a]", 1.0)]),
        ("()", [("()", 1.0)]),
        ("(:1.3)", [("(:1.3)", 1.0)]),
        ("(fog:-1)", [("fog", 0.0)]),
        ("(fog:+1.5)", [("fog", 1.5)]),
        ("(fog: -.5)", [("fog", 0.0)]),
        ("((fog:-1):-1)", [("fog", 0.0)]),
        ("(fog:1,5)", [("fog:1,5", BRACKET_WEIGHT)]),
        ("(fog:1.4.2)", [("fog:1.4.2", BRACKET_WEIGHT)]),
        ("(fog:+-1)", [("fog:+-1", BRACKET_WEIGHT)]),
        ("[fog:rain:0.5]", [("[fog:rain:0.5]", 1.0)]),
        ("smile :)", [("smile :)", 1.0)]),
        ("back\\slash", [("back\\slash", 1.0)]),
    ],
)  # fmt: skip
def test_weights(text: str, expected: list[tuple[str, float]]):
    found = parse_weights(text)
    assert [words for words, _ in found] == [words for words, _ in expected]
    assert [weight for _, weight in found] == pytest.approx([weight for _, weight in expected])


@given(MARKED)
def test_no_brackets_are_an_error_and_no_word_is_lost(text: str):
    found = parse_weights(text)
    kept = "".join(words for words, _ in found)
    marks = "()[]\\:.15 "
    assert [char for char in kept if char not in marks] == [char for char in text if char not in marks]
    assert all(0 <= weight <= MAX_WEIGHT for _, weight in found)


@pytest.mark.parametrize(
    "text", ["(" * 20_000, "(" * 10_000 + "a" + ")" * 10_000, "([" * 5_000 + ")]" * 5_000, "a:1 " * 5_000]
)
@pytest.mark.timeout(10)
def test_long_nests_are_read_in_time(text: str):
    assert "".join(words for words, _ in parse_weights(text))
    assert "".join(words for words, _ in leave_out_unread(parse_weights(text)))
    weight_warnings(text)


def test_a_prompt_of_another_tool():
    text = "masterpiece, (best quality:1.4), ((sunset)), mountain lake \\(alps\\), [people], :d"
    weight = {words.strip(", "): weight for words, weight in parse_weights(text) if words.strip(", ")}
    assert weight == {"masterpiece": 1, "best quality": 1.4, "sunset": pytest.approx(1.21), "mountain lake (alps)": 1,
                      "people": pytest.approx(0.909, abs=1e-3), ":d": 1}  # fmt: skip


def test_a_request_says_nothing_of_what_it_does_not_use():
    usual = Capabilities("tiny", "0" * 16)
    plain, weighted = (build_request(Options(text, seed=2), usual) for text in ("a lake", "a (lake)"))
    assert not {"template", "segments"} & set(plain.to_json().split('"'))
    assert weighted.segments == (("a ", 1.0), ("lake", BRACKET_WEIGHT))
    assert Request.from_json(weighted.to_json()) == weighted


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a lake, (fog:0)", "a lake"),
        ("(fog:0), a lake", "a lake"),
        ("a lake, (fog:0), boats", "a lake, boats"),
        ("a lake,(fog:0),(rain:0), boats", "a lake, boats"),
        ("a (foggy:0) lake", "a lake"),
        ("a lake (in fog:0), boats", "a lake, boats"),
        ("a(b:0)c", "ac"),
        ("a lake, (fog:-2)", "a lake"),
        ("a lake, (fog, (rain:2):0)", "a lake"),
        ("a lake, boats", "a lake, boats"),
    ],
)
def test_words_of_weight_0_are_read_as_if_they_were_not_there(text: str, read: str):
    assert leave_out_unread(parse_weights(text)) == ((read, 1.0),)


def test_the_other_weights_stay_where_words_are_left_out():
    assert leave_out_unread(parse_weights("a (red:2), (fog:0)")) == (
        ("a ", 1.0),
        ("red", 2.0),
    )
    assert leave_out_unread(parse_weights("(red:2) (fog:0), (sky:0.5)")) == (
        ("red", 2.0),
        (", ", 1.0),
        ("sky", 0.5),
    )
    assert (
        leave_out_unread(parse_weights("(fog:0)")) == leave_out_unread(parse_weights("(fog:0)(rain:0)")) == (("", 1.0),)
    )


@given(MARKED)
def test_leaving_out_changes_no_words_that_are_read(text: str):
    found = parse_weights(text)
    read = leave_out_unread(found)
    letters = [char for words, weight in found if weight for char in words if char not in " ,"]
    assert [char for words, _ in read for char in words if char not in " ,"] == letters
    assert all(weight > 0 for _, weight in read)
    if all(weight > 0 for _, weight in found):
        assert read == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a lake, (fog:-1)", ["'(fog:-1)': a weight below 0 is read as 0"]),
        ("(fog:9)", ["'(fog:9)': a weight above 3 is read as 3"]),
        ("(fog:1,5)", ["'1,5' is no weight, it is read as words"]),
        ("(fog:1.4.2) (fog:1.4.2)", ["'1.4.2' is no weight"]),
        ("(fog:\u22121)", ["no weight"]),
        ("(fog:-1), (rain:-.5)", ["(fog:-1)", "(rain:-.5)"]),
        ("(fog:0), (rain:3), (a:b), [from:to:0.5], smile :), (fog", []),
        ("a lake", []),
    ],
)
def test_a_weight_that_cannot_be_had_is_named_once(text: str, said: list[str]):
    warnings = weight_warnings(text)
    assert len(warnings) == len(said)
    assert all(words in warning for words, warning in zip(said, warnings, strict=True))


def test_a_picture_brings_the_warnings_along(painter: TextToImageModel):
    """`(fog:-1)` is the picture without these words, and says so; so does the negative prompt."""
    usual = {"seed": 3, "size": "64x64", "num_inference_steps": 2, "things": False}
    picture = painter.generate("(fog:-1)", negative_prompt="(rain:1,5)", **usual)
    assert any("(fog:-1)" in warning for warning in picture.warnings)
    assert any("'1,5'" in warning for warning in picture.warnings)
    cut = painter.generate("(fog:0)", negative_prompt="(rain:1,5)", **usual)
    assert np.array_equal(picture.pixels, cut.pixels)
