"""Wildcards drawn by seed and index alone, in the syntax of sd-dynamic-prompts; lists by whatever name a file can have."""

import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from mutoscope.capabilities import Capabilities
from mutoscope.errors import PromptError
from mutoscope.options import Options, build_request
from mutoscope.prompt.request import Request
from mutoscope.prompt.wildcards import draw_words, list_names, read_list

USUAL = Capabilities("tiny", "0" * 16)


def drawn(template: str, count: int = 200) -> Counter[str]:
    """How often each prompt comes out of a template."""
    return Counter(draw_words(template, 5, index) for index in range(count))


@pytest.mark.parametrize(
    "text", ["a lake", "{pine} trees", "a | b", "{a", "}", "2 __ 3", "snake__case__name", "__", "\\(a\\)"]
)
def test_what_is_no_wildcard_stays(text: str):
    assert draw_words(text, 1, 0) == text
    assert build_request(Options(text, seed=1, objects=False), USUAL, 3).template == ""


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
    request = build_request(Options("({pine|palm}:1.4) trees", seed=2), USUAL, 1)
    assert request.prompt in ("(pine:1.4) trees", "(palm:1.4) trees")
    assert [weight for _, weight in request.segments] == [1.4, 1.0]
    assert request.template == "({pine|palm}:1.4) trees" and Request.from_json(request.to_json()) == request


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


def test_old_prompts_are_drawn_as_they_were():
    """Values drawn by version 0.1.0: neither weights nor counts change what is drawn without them."""
    assert [draw_words("{a|b|c} {d|{e|f}} __colors__", 7, index) for index in range(4)] == [
        "b e blue", "b e purple", "a d green", "c e blue",
    ]  # fmt: skip


@pytest.mark.timeout(10)
def test_deep_nests_are_drawn_in_time():
    for text in (
        "{" * 20_000,
        "{" * 10_000 + "a" + "}" * 10_000,
        "__a" * 5_000,
        "{2$$" * 5_000,
        "{1::" * 5_000 + "}" * 5_000,
    ):
        assert draw_words(text, 1, 0) == text


class TestWeights:
    def test_a_choice_comes_as_often_as_its_weight_says(self):
        found = drawn("{3::red|1::blue} flowers", 2000)
        assert set(found) == {"red flowers", "blue flowers"}
        assert found["red flowers"] == pytest.approx(1500, abs=80)  # 4 standard deviations

    def test_a_choice_without_a_weight_has_one(self):
        found = drawn("{2::red|blue|.5::green}", 2000)
        assert found["red"] == pytest.approx(2000 * 4 / 7, abs=90)
        assert found["green"] == pytest.approx(2000 / 7, abs=90)

    def test_weight_0_is_never_drawn(self):
        assert set(drawn("{0::red|blue|0::green}")) == {"blue"}
        with pytest.raises(PromptError, match=r"every choice of \{0::a\|0.0::b\} has the weight 0"):
            draw_words("{0::a|0.0::b}", 1, 0)

    def test_what_is_no_weight_stays(self):
        assert set(drawn("{a::b|c:: d}")) == {"a::b", "c:: d"}
        assert draw_words("3::red", 1, 0) == "3::red"
        assert draw_words("{3::red}", 1, 0) == "{3::red}", "braces without a bar are plain text"

    def test_weights_of_inner_and_outer_choices(self):
        assert set(drawn("{0::{a|b}|1::{0::c|d}}")) == {"d"}

    def test_lines_of_lists_have_weights_too(self, lists: Path):
        (lists / "boats.txt").write_text("9::dinghy\ndhow\n", encoding="utf-8")
        found = drawn("__boats__", 1000)
        assert set(found) == {"dinghy", "dhow"} and found["dinghy"] == pytest.approx(900, abs=45)


class TestSeveral:
    def test_two_different_ones_in_every_order(self):
        assert set(drawn("{2$$a|b|c}")) == {"a, b", "b, a", "a, c", "c, a", "b, c", "c, b"}

    def test_another_joint_and_blanks(self):
        assert set(drawn("{2$$ and $$ red | blue } flowers")) == {"red and blue flowers", "blue and red flowers"}
        assert set(drawn("{2$$$$a|b}")) == {"ab", "ba"}

    @pytest.mark.parametrize(
        ("count", "sizes"), [("1-2", {1, 2}), ("-2", {1, 2}), ("2-", {2, 3}), ("-", {1, 2, 3}), ("3", {3}), ("9", {3}), ("0", {0}),
                             ("0-1", {0, 1}), ("3-2", {3})]
    )  # fmt: skip
    def test_how_many(self, count: str, sizes: set[int]):
        found = drawn(f"x{{{count}$$a|b|c}}")
        assert {len(words[1:].split(", ")) if words != "x" else 0 for words in found} == sizes

    def test_weights_count_among_several(self):
        found = drawn("{1$$9::a|1::b}", 1000)
        assert found["a"] == pytest.approx(900, abs=45)
        assert set(drawn("{2$$a|b|0::c}")) == {"a, b", "b, a"}

    def test_lines_of_a_list(self, lists: Path):
        (lists / "boats.txt").write_text("dinghy\nred {dhow|dhow}\n__more__\n", encoding="utf-8")
        (lists / "more.txt").write_text("ship\n", encoding="utf-8")
        for words in drawn("{2$$__boats__}"):
            one, other = words.split(", ")
            assert one != other and {one, other} < {"dinghy", "red dhow", "ship"}
        assert set(drawn("{2$$ or $$ __Boats__ }", 4)) <= {
            f"{a} or {b}" for a in ("dinghy", "red dhow", "ship") for b in ("dinghy", "red dhow", "ship")
        }

    @pytest.mark.parametrize(
        "text", ["{2$$a}", "2$$a", "{x$$a}", "{$$a}", r"\{2$$__colors__\}".replace("__colors__", "c")]
    )
    def test_what_asks_for_nothing_stays(self, text: str):
        assert draw_words(text, 1, 0) == text.replace("\\", "")

    def test_a_dollar_price_is_no_count(self):
        assert set(drawn("{$2|3$}")) == {"$2", "3$"}


class TestNames:
    """A list goes by the name of its file, whatever a file system and its user make of it."""

    @pytest.mark.parametrize(
        ("file", "name"),
        [
            ("Animals.txt", "Animals"),
            ("Animals.txt", "animals"),
            ("animals.txt", "ANIMALS"),
            ("bäume.txt", "bäume"),
            ("Bäume.txt", "bÄUME"),
            ("деревья.txt", "деревья"),
            ("my trees.txt", "my trees"),
            ("v1.2.txt", "v1.2"),
            ("nature/birds.txt", "nature/birds"),
            ("Nature/Far away/birds.txt", "nature/far away/birds"),
            ("UPPER.TXT", "upper"),
            ("it's.txt", "it's"),
            ("two_words-here.txt", "two_words-here"),
        ],
    )
    def test_it_is_found(self, lists: Path, file: str, name: str):
        (lists / file).parent.mkdir(parents=True, exist_ok=True)
        (lists / file).write_text("fox\n", encoding="utf-8")
        assert draw_words(f"a __{name}__ on a lake", 1, 0) == "a fox on a lake"
        assert file[:-4] in list_names()

    def test_both_spellings_of_an_umlaut_are_one_name(self, lists: Path):
        one, two = (unicodedata.normalize("NFD", "bäume"), unicodedata.normalize("NFC", "bäume"))
        assert one != two
        for file_name, name in ((one, two), (two, one)):
            file = lists / f"{file_name}.txt"
            file.write_text("birch\n", encoding="utf-8")
            assert draw_words(f"__{name}__", 1, 0) == "birch"
            file.unlink()

    def test_of_two_that_differ_in_case_the_exact_one_is_taken(self, lists: Path):
        (lists / "Cats.txt").write_text("lion\n", encoding="utf-8")
        (lists / "cats.txt").write_text("tabby\n", encoding="utf-8")
        if len(list(lists.iterdir())) == 2:  # a file system that knows case
            assert (draw_words("__Cats__", 1, 0), draw_words("__cats__", 1, 0)) == ("lion", "tabby")

    def test_every_name_that_is_listed_can_be_called(self, lists: Path):
        for file in (
            "a.txt",
            "b c.txt",
            "a__b.txt",
            " d.txt",
            "_e.txt",
            ".hidden.txt",
            "._a.txt",
            "f{g.txt",
            "h/.i/j.txt",
        ):
            (lists / file).parent.mkdir(parents=True, exist_ok=True)
            (lists / file).write_text("x\n", encoding="utf-8")
        own = set(list_names()) - {"colors", "lights", "moods", "places", "plants", "seasons", "styles", "weathers"}
        assert own == {"a", "b c"}
        assert all(draw_words(f"__{name}__", 1, 0) == "x" for name in own)

    @pytest.mark.parametrize(
        "name", ["../secret", "nature/../../secret", "/etc/secret", "nature", "no such list", "colors!"]
    )
    def test_what_looks_like_a_list_and_is_none_is_refused(self, lists: Path, name: str):
        (lists.parent / "secret.txt").write_text("x\n", encoding="utf-8")
        (lists / "nature").mkdir()
        with pytest.raises(PromptError, match="unknown wildcard __"):
            draw_words(f"a __{name}__", 1, 0)

    @pytest.mark.parametrize(
        "text", ["a __ b __ c", "snake__case__name", "__a", "a__", r"\__colors__", "__ colors__", "__a\nb__"]
    )
    def test_what_does_not_look_like_one_stays(self, text: str):
        assert draw_words(text, 1, 0) == text.replace("\\", "")


def test_lists_as_editors_save_them(lists: Path):
    for data in ("pine\r\npalm\r\n".encode("utf-8-sig"), b"pine\rpalm", "pine\npalm\n".encode("utf-16")):
        (lists / "trees.txt").write_bytes(data)
        assert read_list("trees") == ("pine", "palm")
        (lists / "trees.txt").unlink()
    (lists / "long.txt").write_text("a lake\u2028at dawn\n", encoding="utf-8")
    assert read_list("long") == ("a lake\u2028at dawn",), "cut at ends of lines alone"
