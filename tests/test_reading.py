"""Reading a prompt once: its weights, the facts it states, the style and the objects it names, and words nobody taught."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutoscope.objects import load_library
from mutoscope.prompt.reading import is_known, keep_weights, read_prompt, unknown_words
from mutoscope.prompt.request import Fact, NamedObject
from mutoscope.prompt.weighting import Segments

LAKE, SUNSET = Fact("scene", "lake"), Fact("light", "sunset")


class TestFacts:
    @pytest.mark.parametrize(
        ("prompt", "facts", "style"),
        [
            ("a lake at sunset", {"scene": "lake", "light": "sunset"}, ""),
            ("a lake at sunset, watercolor", {"scene": "lake", "light": "sunset"}, "watercolor"),
            ("a tarn at nightfall", {"scene": "lake", "light": "blue hour"}, ""),
            ("a reef at noon, comic", {"scene": "coral reef"}, "comic"),  # no light under water
            ("snow falling on a lake in winter", {"scene": "lake", "weather": "snow", "season": "winter"}, ""),
            ("zyxgloop", {}, ""),
            ("🙂", {}, ""),
        ],
    )
    def test_what_a_prompt_states(self, prompt: str, facts: dict[str, str], style: str):
        reading = read_prompt(prompt)
        named = {fact.kind: fact.name for fact in reading.facts}
        assert {kind: named.get(kind) for kind in ("scene", "light", "weather", "season")} == {
            kind: facts.get(kind) for kind in ("scene", "light", "weather", "season")
        }
        assert reading.style == style and {fact.weight for fact in reading.facts} <= {1.0}

    def test_each_kind_is_stated_once(self):
        facts = read_prompt("a lake at sunset, a beach at noon").facts
        assert facts == (LAKE, SUNSET)

    @pytest.mark.parametrize(
        ("prompt", "weights"),
        [
            ("a (lake:1.2) at (sunset:0.5)", {"lake": 1.2, "sunset": 0.5}),
            ("(a lake at sunset:1.4)", {"lake": 1.4, "sunset": 1.4}),
            ("a lake (at sunset)", {"lake": 1.0, "sunset": 1.1}),
            ("a lake at [sunset]", {"lake": 1.0, "sunset": 1 / 1.1}),
            ("a lake at (sunset:9)", {"lake": 1.0, "sunset": 3.0}),  # cut to the largest weight
            ("a lake, (sunset:1.3), sunset", {"lake": 1.0, "sunset": 1.3}),  # of the words that state it first
            ("a tarn at (nightfall:2)", {"lake": 1.0, "blue hour": 2.0}),
        ],
    )
    def test_a_fact_has_the_weight_of_its_words(self, prompt: str, weights: dict[str, float]):
        assert {fact.name: fact.weight for fact in read_prompt(prompt).facts} == pytest.approx(weights)

    def test_the_weighted_word_of_a_wording_decides(self):
        """`in fog` is one wording; its first word has no weight of its own."""
        assert [fact.weight for fact in read_prompt("gravel in (fog:1.5)").facts] == [1.5]
        assert [fact.weight for fact in read_prompt("gravel in (fog:0.4)").facts] == [0.4]

    @pytest.mark.parametrize("words", ["sunset", "at sunset", "beautiful sunset", "fog"])
    @pytest.mark.parametrize("prompt", ["a lake, ({}:0)", "({}:0), a lake", "a lake, ({}:0), calm water"])
    def test_words_of_weight_zero_are_not_read(self, prompt: str, words: str):
        """As if they were not there; the comma that parted them goes too."""
        without = "a lake, calm water" if "calm" in prompt else "a lake"
        assert read_prompt(prompt.format(words)) == read_prompt(without)

    def test_a_style_of_weight_zero_is_none(self):
        assert read_prompt("a lake, (watercolor:0)").style == ""
        assert read_prompt("a lake, (watercolor:1.2)").style == "watercolor"

    def test_only_what_may_be_misspelt_is_read_as_another_word(self):
        typos = {"sunst", "desret"}
        facts = read_prompt("sunst over the desret", may_be_typo=typos.__contains__).facts
        assert {fact.name for fact in facts} == {"desert", "sunset"}
        assert read_prompt("sunst over the desret").facts == ()

    @given(st.text(max_size=60))
    def test_any_text_is_read(self, text: str):
        reading = read_prompt(text)
        assert "".join(words for words, _ in reading.segments) == "".join(words for words, _ in reading.scene)
        assert all(0 < weight <= 3 for _, weight in reading.segments) and reading.found is None


class TestObjects:
    def test_nobody_looks_without_a_library(self):
        reading = read_prompt("two dogs on a beach")
        assert reading.found is None and reading.scene == reading.segments

    def test_objects_and_the_scene_without_them(self):
        reading = read_prompt("two red cars on a lake at (sunset:1.3), watercolor", load_library())
        assert reading.found is not None and reading.found.objects == (NamedObject("car", 2, "red"),)
        assert reading.scene == (("a lake at ", 1.0), ("sunset", 1.3), (", watercolor", 1.0))
        assert reading.facts == (LAKE, Fact("light", "sunset", 1.3)) and reading.style == "watercolor"
        assert reading.segments[0] == ("two red cars on a lake at ", 1.0), "the whole prompt stays as it was"

    def test_facts_are_read_without_the_objects(self):
        """An ice cream is no arctic: what is looked up is not read for the scene."""
        facts = {
            fact.kind: fact.name for fact in read_prompt("an ice cream on a white background", load_library()).facts
        }
        assert facts.get("scene") == "plain ground"

    def test_a_prompt_that_names_none_has_none(self):
        reading = read_prompt("a serene lake", load_library())
        assert reading.found is None and reading.scene == reading.segments == (("a serene lake", 1.0),)

    def test_an_object_of_weight_zero_is_not_there(self):
        reading = read_prompt("a lake, (two dogs:0)", load_library())
        assert reading.found is None and reading.scene == (("a lake", 1.0),)


WORDS = st.sampled_from("a lake fog Two dogs on the beach, sunset's snow-covered 3".split())
TEXTS = st.lists(st.tuples(WORDS, st.sampled_from([" ", ", ", "; ", "  "])), min_size=1, max_size=8).map(
    lambda pairs: "".join(word + gap for word, gap in pairs)
)
WEIGHTED: st.SearchStrategy[Segments] = st.lists(
    st.tuples(TEXTS, st.sampled_from([0.5, 1.0, 1.5])), min_size=1, max_size=5
).map(tuple)


def weights_of(segments: Segments) -> list[tuple[str, float]]:
    """Return every letter with its weight."""
    return [(letter, weight) for words, weight in segments for letter in words]


class TestKeepWeights:
    @given(WEIGHTED)
    def test_what_is_whole_keeps_every_weight(self, segments: Segments):
        text = "".join(words for words, _ in segments)
        kept = keep_weights(text, segments)
        assert weights_of(kept) == weights_of(segments)
        assert all(one[1] != two[1] for one, two in zip(kept, kept[1:], strict=False)), "neighbours differ"

    @given(WEIGHTED, st.data())
    def test_words_that_are_left_keep_theirs(self, segments: Segments, data: st.DataObject):
        """Words taken out anywhere, as objects are; every word is its own here, so that its weight is told apart."""
        count = 0

        def number(match: re.Match[str]) -> str:
            nonlocal count
            count += 1
            return f"w{count}"

        marked = tuple((re.sub(r"[\w'-]+", number, words), weight) for words, weight in segments)
        of_word = {
            word: weight for words, weight in marked for word in words.replace(",", " ").replace(";", " ").split()
        }
        left = data.draw(
            st.lists(st.sampled_from(sorted(of_word)), unique=True).map(
                lambda some: sorted(some, key=lambda w: int(w[1:]))
            )
        )
        kept = keep_weights(" ".join(left), marked)
        assert "".join(words for words, _ in kept) == " ".join(left)
        found = [(word, weight) for words, weight in kept for word in words.split()]
        assert found == [(word, of_word[word]) for word in left]

    def test_added_words_have_none(self):
        segments: Segments = (("(fox", 1.5), (" in snow", 1.0))
        assert keep_weights("pine forest, in snow", (("fox", 1.5), (" in snow", 0.5))) == (
            ("pine forest, ", 1.0),
            ("in snow", 0.5),
        )
        assert keep_weights("", segments) == (("", 1.0),)

    def test_without_weights_it_is_one_segment(self):
        assert keep_weights("a lake", (("a fox at a lake", 1.0),)) == (("a lake", 1.0),)

    def test_long_prompts_take_no_time(self):
        kept = keep_weights("zyx qqq " * 2000, (("a " * 9000, 1.5),))
        assert kept == (("zyx qqq " * 2000, 1.0),)


KNOWN = {"a", "the", "lake", "tree", "bush", "snow", "covered", "at", "fisherman", "clouds", "ukiyo-e", "café"}


class TestUnknownWords:
    @pytest.mark.parametrize(
        ("text", "unknown"),
        [
            ("a lake at the tree", []),
            ("", []),
            ("A LAKE", []),
            ("a dragon at the lake", ["dragon"]),
            ("dragon lake dragon unicorn", ["dragon", "unicorn"]),
            ("lakes, trees; bushes. cloud!", []),
            ("the fisherman's lake", []),
            ("the fisherman’s lake", []),
            ("snow-covered trees", []),
            ("snow-dragon", ["snow-dragon"]),
            ("ukiyo-e", []),
            ("3 lakes, 2024", []),
            ("'lake' \"tree\" -- (bush)", []),
            ("Café über", ["über"]),
            ("湖 lake", ["湖"]),
            ("🌅 lake", []),
        ],
    )
    def test_each_once_in_order(self, text: str, unknown: list[str]):
        assert unknown_words(text, KNOWN) == unknown
        assert unknown_words(text, list(KNOWN)) == unknown, "any collection of words will do"

    @given(st.text())
    def test_they_come_from_the_text_each_once(self, text: str):
        found = unknown_words(text, KNOWN)
        assert len(found) == len(set(found))
        assert all(word in text.lower().replace("’", "'") for word in found)
        assert not unknown_words(text, KNOWN | set(found)), "a word that is known is not unknown"

    @pytest.mark.parametrize(("word", "known"), [("lakes", True), ("bushes", True), ("lake's", True), ("cloud", True), ("snow-tree", True),
                                                 ("snow-", True), ("laker", False), ("-", True), ("dragon-lake", False)])  # fmt: skip
    def test_singulars_plurals_and_compounds(self, word: str, known: bool):
        assert is_known(word, KNOWN) is known
