"""Weights read as other tools read them, wrong brackets as text; wildcards drawn by seed and index alone."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutoscope.errors import PromptError
from mutoscope.prompt.request import Request
from mutoscope.prompt.weighting import LARGEST_WEIGHT, STEP, is_weighted, pieces
from mutoscope.prompt.wildcards import draw_words, list_names, read_list

MARKED = st.text(st.sampled_from("ab :.15()[]\\{}|_,"), max_size=40)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a lake", [("a lake", 1.0)]),
        ("", [("", 1.0)]),
        ("a (fog) b", [("a ", 1.0), ("fog", STEP), (" b", 1.0)]),
        ("((fog))", [("fog", STEP**2)]),
        ("(fog:1.4)", [("fog", 1.4)]),
        ("(fog : 1.4 )", [("fog ", 1.4)]),
        ("(fog:.5)", [("fog", 0.5)]),
        ("(fog:0)", [("fog", 0.0)]),
        ("[boats]", [("boats", 1 / STEP)]),
        ("[(boats)]", [("boats", 1.0)]),
        ("(a (b:2) c:0.5)", [("a ", 0.5), ("b", 1.0), (" c", 0.5)]),
        ("(a, b:c)", [("a, b:c", STEP)]),
        ("(fog:99)", [("fog", LARGEST_WEIGHT)]),
        (r"a \(round\) \[one\]", [("a (round) [one]", 1.0)]),
        (r"(a \) b:1.2)", [("a ) b", 1.2)]),
        ("(a", [("(a", 1.0)]),
        ("a)", [("a)", 1.0)]),
        ("((a)", [("(", 1.0), ("a", STEP)]),
        ("(a]", [("(a]", 1.0)]),
        ("()", [("()", 1.0)]),
        ("(:1.3)", [("(:1.3)", 1.0)]),
        ("(fog:-1)", [("fog", 0.0)]),
        ("(fog:+1.5)", [("fog", 1.5)]),
        ("(fog: -.5)", [("fog", 0.0)]),
        ("((fog:-1):-1)", [("fog", 0.0)]),
        ("(fog:1,5)", [("fog:1,5", STEP)]),
        ("(fog:1.4.2)", [("fog:1.4.2", STEP)]),
        ("(fog:+-1)", [("fog:+-1", STEP)]),
        ("[fog:rain:0.5]", [("[fog:rain:0.5]", 1.0)]),
        ("smile :)", [("smile :)", 1.0)]),
        ("back\\slash", [("back\\slash", 1.0)]),
    ],
)  # fmt: skip
def test_weights(text: str, expected: list[tuple[str, float]]):
    found = pieces(text)
    assert [words for words, _ in found] == [words for words, _ in expected]
    assert [weight for _, weight in found] == pytest.approx([weight for _, weight in expected])
    assert is_weighted(text) == (expected != [(text, 1.0)])


@given(MARKED)
def test_no_brackets_are_an_error_and_no_word_is_lost(text: str):
    found = pieces(text)
    kept = "".join(words for words, _ in found)
    marks = "()[]\\:.15 "
    assert [char for char in kept if char not in marks] == [char for char in text if char not in marks]
    assert all(0 <= weight <= LARGEST_WEIGHT for _, weight in found)


@pytest.mark.parametrize(
    "text", ["(" * 20_000, "(" * 10_000 + "a" + ")" * 10_000, "([" * 5_000 + ")]" * 5_000, "a:1 " * 5_000]
)
@pytest.mark.timeout(10)
def test_long_nests_are_read_in_time(text: str):
    assert "".join(words for words, _ in pieces(text))
    assert draw_words(text.replace("(", "{").replace(")", "}"), 1, 0)


def test_a_prompt_of_another_tool():
    text = "masterpiece, (best quality:1.4), ((sunset)), mountain lake \\(alps\\), [people], :d"
    weight = {words.strip(", "): weight for words, weight in pieces(text) if words.strip(", ")}
    assert weight == {"masterpiece": 1, "best quality": 1.4, "sunset": pytest.approx(1.21), "mountain lake (alps)": 1,
                      "people": pytest.approx(0.909, abs=1e-3), ":d": 1}  # fmt: skip


@pytest.mark.parametrize(
    "text", ["a lake", "{pine} trees", "a | b", "{a", "}", "2 __ 3", "snake__case__name", "__", "\\(a\\)"]
)
def test_what_is_no_wildcard_stays(text: str):
    assert draw_words(text, 1, 0) == text
    assert Request(text, seed=1).numbered(3).template == ""


def test_choices_and_lists_are_drawn_by_seed_and_index():
    template = "{pine|palm} trees, a __colors__ sky, {quiet|{dark|bright}} water"
    drawn = [draw_words(template, 7, index) for index in range(8)]
    assert drawn == [draw_words(template, 7, index) for index in range(8)], "the same draws again"
    assert len(set(drawn)) >= 6 and drawn[3] != draw_words(template, 8, 3)
    assert all(not set(text) & set("{|}_") for text in drawn)
    assert all(any(f"a {color} sky" in text for color in read_list("colors")) for text in drawn)
    many = Counter(draw_words("{a|b|c}", seed, index) for seed in range(40) for index in range(20))
    assert sorted(many) == ["a", "b", "c"] and min(many.values()) > 220, "evenly"


def test_escapes_and_weights_around_wildcards():
    assert draw_words(r"\{a|b\} \__colors__", 1, 0) == "{a|b} __colors__"
    request = Request("({pine|palm}:1.4) trees", seed=2).numbered(1)
    assert request.prompt in ("(pine:1.4) trees", "(palm:1.4) trees") and request.weighted
    assert request.template == "({pine|palm}:1.4) trees" and Request.from_json(request.to_json()) == request


def test_a_request_says_nothing_of_what_it_does_not_use():
    plain = Request("a lake", seed=2).numbered(0)
    assert plain == Request("a lake", seed=2) and not {"template", "weighted"} & set(plain.to_json().split('"'))
    assert Request("a (lake)").readings() == [(1.0, [("a (lake)", 1.0)])], "as it was before there were weights"
    assert Request("a (lake)").numbered(0).readings() == [(1.0, [("a ", 1.0), ("lake", STEP)])]


@pytest.fixture
def lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's own lists, empty."""
    monkeypatch.setenv("MUTOSCOPE_CONFIG", str(tmp_path))
    (tmp_path / "wildcards").mkdir()
    return tmp_path / "wildcards"


def test_lists_of_ones_own(lists: Path):
    (lists / "boats.txt").write_text("# mine\n\nred {dinghy|dhow}\n", encoding="utf-8")
    (lists / "colors.txt").write_text("\ufeffmauve\n", encoding="utf-8")
    assert draw_words("a __boats__ on __Colors__ water", 1, 0) in (
        "a red dinghy on mauve water",
        "a red dhow on mauve water",
    )
    assert "boats" in list_names() and "seasons" in list_names()
    (lists / "colors.txt").write_text("teal\n", encoding="utf-8")
    assert draw_words("__colors__", 1, 0) == "teal", "a list that was changed is read again"


def test_what_is_wrong_with_lists_is_said(lists: Path):
    with pytest.raises(PromptError, match=r"unknown wildcard __colours__ \(did you mean 'colors'\?\); known: .*colors"):
        draw_words("a __colours__ sky", 1, 0)
    (lists / "none.txt").write_text("# nothing\n")
    (lists / "round.txt").write_text("__round__\n")
    (lists / "wide.txt").write_text("__wide2__ __wide2__\n" * 2)
    (lists / "wide2.txt").write_text("x" * 60_000)
    (lists / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    for name, said in (("none", "is empty"), ("round", "without end"), ("wide", "grew past"), ("bytes", "not a list")):
        with pytest.raises(PromptError, match=said):
            draw_words(f"__{name}__", 1, 0)


def test_every_list_of_the_package_can_be_drawn():
    for name in list_names():
        assert len(set(read_list(name))) == len(read_list(name)) >= 4
