"""The vocabulary: its files, the one matcher, scenes and objects, by independent rules."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mutoscope.vocabulary as vocabulary
from mutoscope.vocabulary import (
    COLOR_SYNONYMS,
    COLORS,
    COUNTS,
    LIGHTLESS,
    LIGHTS,
    SCENES,
    SEASONS,
    SIZES,
    STYLES,
    WEATHERS,
    Match,
    Matcher,
    article,
    belongs,
    caption_wordings,
    compiling,
    find_noun,
    home_of,
    loading,
    match,
    names_of,
    nouns,
    plain,
    plural,
    scenes,
    synonyms,
)
from mutoscope.vocabulary.loading import COMPILED, FOLDER, cells, compiled, data
from mutoscope.vocabulary.matching import FACTS, spoken
from mutoscope.vocabulary.objects import common, core, masses, pairs
from mutoscope.vocabulary.wordings import Wording, row, rows

FILES = sorted(path.stem for path in FOLDER.glob("*.toml"))


# ------------------------------------------------------------------------------------------------------------------- files


def test_importing_reads_no_file_and_neither_numpy_nor_torch():
    code = (
        "import sys, mutoscope.vocabulary as v; from mutoscope.vocabulary import loading; "
        "print(loading.data.cache_info().currsize, 'numpy' in sys.modules, 'torch' in sys.modules); "
        "v.LIGHTS; print(loading.data.cache_info().currsize)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "False", "False", "1"]


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_toml_whose_texts_are_clean(name: str):
    text = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    assert text.startswith("# ") and "\t" not in text and not re.search(r"[ \t]+$", text, re.MULTILINE)
    parted = [value for value in _texts(tomllib.loads(text)) if ";" in value]
    for value in parted:
        assert all(cells(value)) and len(set(cells(value))) == len(cells(value)), value[:60]


def test_what_is_compiled_is_what_the_files_say():
    assert compiling.as_text() == COMPILED.read_text(encoding="utf-8"), "run: python -m mutoscope.vocabulary.compiling"


def test_an_edited_file_is_read_itself(monkeypatch):
    before = {fact: (caption_wordings(fact), synonyms(fact)) for fact in FACTS}
    monkeypatch.setattr(loading, "checksum", lambda name: 0)
    assert compiled("data", "scenes") is None
    for fact, found in before.items():
        assert (caption_wordings.__wrapped__(fact), synonyms.__wrapped__(fact)) == found
    assert data.__wrapped__("scenes") == data("scenes")


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    return [value] if isinstance(value, str) else []


def test_names_come_in_the_order_of_their_files():
    """Renders depend on it: a random choice is a place in the list."""
    assert SCENES[:3] == ("lake", "beach", "mountains") and SCENES[-1] == "plain ground" and len(SCENES) == 26
    assert LIGHTS == ("dawn", "morning", "noon", "golden hour", "sunset", "blue hour", "night", "moonlight")
    assert WEATHERS == ("clear", "cloudy", "overcast", "fog", "rain", "snow", "storm", "rainbow")
    assert SEASONS == ("spring", "summer", "autumn", "winter") and STYLES[0] == "photo" and len(STYLES) == 16


def test_an_unknown_table_is_an_attribute_error():
    with pytest.raises(AttributeError, match="SCENERY"):
        getattr(vocabulary, "SCENERY")  # noqa: B009 - the type checker knows that it is not there


def test_words_about_objects():
    assert set(COLOR_SYNONYMS.values()) <= set(COLORS) and not set(COLOR_SYNONYMS) & set(COLORS)
    assert all(len(color) == 3 and 0 <= min(color) <= max(color) <= 1 for color in COLORS.values())
    assert COUNTS["a"] == COUNTS["one"] == 1 and COUNTS["trio of"] == 3 and COUNTS["6"] == 6
    assert list(SIZES) == ["tiny", "small", "person", "large", "huge"] and sorted(SIZES.values()) == list(
        SIZES.values()
    )


# ----------------------------------------------------------------------------------------------------------------- matcher


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a forest lake at dusk", [Match(2, 13, "scene", "lake"), Match(14, 21, "light", "blue hour")]),
        ("A LAKE", [Match(2, 6, "scene", "lake")]),
        ("waves crashing on rocks", [Match(0, 17, "", "beach")]),
        ("12 o’clock", [Match(0, 10, "light", "noon")]),
        ("lakes of wine; a lakeside", [Match(17, 25, "scene", "lake")]),
        ("blue, hour", [Match(0, 10, "light", "blue hour")]),
        ("", []),
    ],
)
def test_match(text: str, found: list[Match]):
    assert match(text) == found


def test_every_wording_is_found_alone_as_what_it_says():
    """Each fact's own wordings: the same one again, or the fact whose wording it is too, which goes before."""
    for fact in filter(None, FACTS):
        for name, said in synonyms(fact).items():
            for wording in said:
                (found,) = match(wording)
                assert (found.start, found.end) == (0, len(wording)), wording
                assert (found.fact, found.name) == (fact, name) or wording in synonyms(found.fact)[found.name]


def test_what_captions_say_is_never_said_otherwise_by_prompts():
    for fact in filter(None, FACTS):
        said = {wording for wordings in caption_wordings(fact).values() for wording in wordings}
        added = [
            (name, w) for name, all_ in synonyms(fact).items() for w in all_ if w not in caption_wordings(fact)[name]
        ]
        assert not [pair for pair in added if pair[1] in said]
        assert len({wording for _, wording in added}) == len(added)  # nor by two names


def test_synonyms_that_only_prompts_have_are_short():
    for file in ("scenes", "lights"):
        for texts in data(file).values():
            assert all(len(wording.split()) <= 2 for wording in spoken(texts.get("synonyms", "")))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A burning sky @open @-fog; the alps; the red sea", ("burning sky", "the alps", "red sea")),
        ("gleams|gleam in {}", ("gleams", "gleam in")),
        ("half a\nlake, half  a sea", ("half a lake half a sea",)),
        ("an owl; owl", ("owl",)),
        ("", ()),
    ],
)
def test_wordings_as_prompts_have_them(text: str, said: tuple[str, ...]):
    assert spoken(text) == said


WORDS = st.lists(st.sampled_from(["ice", "cream", "red", "van", "sea", "a"]), max_size=8).map(" ".join)


@given(
    WORDS,
    st.sets(st.lists(st.sampled_from(["ice", "cream", "red", "van", "sea"]), min_size=1, max_size=3).map(" ".join)),
)
def test_the_matcher_agrees_with_regular_expressions(text: str, wordings: set[str]):
    matcher = Matcher(dict.fromkeys(wordings, True))
    everything = {
        (m.start(), m.start() + len(w)) for w in wordings for m in re.finditer(rf"(?<!\S)(?={w}(?!\S))", text)
    }
    assert {(hit.start, hit.end) for hit in matcher.hits(text)} == everything
    longest_first = "|".join(sorted(wordings, key=len, reverse=True))
    left_to_right = [m.span() for m in re.finditer(rf"(?<!\S)(?:{longest_first})(?!\S)", text)] if wordings else []
    assert [(hit.start, hit.end) for hit in matcher.first(text)] == left_to_right
    kept = [(hit.start, hit.end) for hit in matcher.longest(text)]
    assert all(one[1] <= other[0] for one, other in zip(kept, kept[1:], strict=False))
    for start, end in everything - set(kept):  # what was left out lost to one at least as long
        assert any(a < end and start < b and b - a >= end - start for a, b in kept)


@given(st.text())
def test_any_text_is_matched_in_its_own_letters(text: str):
    assert len(plain(text)) == len(text)
    assert all(0 <= found.start < found.end <= len(text) for found in match(text))


def test_first_wants_nothing_but_blanks_between_and_can_be_told_what_to_keep():
    matcher = Matcher({"ice cream": 1, "cream": 2})
    assert [hit.value for hit in matcher.first("ice cream, ice, cream")] == [1, 2]
    assert [hit.value for hit in matcher.longest("ice, cream")] == [1]
    assert [hit.value for hit in matcher.first("ice cream", lambda hit: hit.value == 2)] == [2]
    (hit,) = matcher.first("an ice cream")
    assert hit.in_text("an ice cream").span() == (3, 12) and hit.covers(matcher.longest("an xxx cream")[0]) is True


# ---------------------------------------------------------------------------------------------------------------- wordings


def test_marks_of_a_wording():
    assert row("noun", "desert")[1] == Wording("dunes", (), "plural")
    assert (
        Wording("cactus desert").number == ""
        and row("light verb", "dawn")[0].forms[1] != row("light verb", "dawn")[0].words
    )
    known = {"open", "day", "dark", "water"}.union(
        *(getattr(vocabulary, name) for name in ("SCENES", "LIGHTS", "WEATHERS", "SEASONS"))
    )
    known |= {*vocabulary.PLANTS, *STYLES}
    for table in ("noun", "light", "light seen", "weather", "detail", "plant", "motion", "relation", "adjective"):
        for name in rows(table):
            assert {tag.lstrip("-") for one in row(table, name) for tag in one.tags} <= known, (table, name)
    assert row("noun", "nowhere") == () and row("object side", "up") == ()


# ------------------------------------------------------------------------------------------------------- scenes and objects


def test_facts_of_scenes_are_names_of_the_vocabulary():
    for scene in scenes().values():
        assert set(scene.plants) <= set(vocabulary.PLANTS) and set(scene.lights) <= set(LIGHTS)
        assert set(scene.weathers) <= set(WEATHERS) and set(scene.seasons) <= set(SEASONS)
        assert scene.snow in ("", "winter", "any season") and set(scene.objects) <= set(nouns())
        assert 0 <= scene.horizon[0] <= scene.horizon[1] <= 1
    assert LIGHTLESS == {"coral reef", "space", "plain ground"}
    assert scenes()["lake"].lights == LIGHTS and scenes()["space"].lights == ("night",)


def test_heights_of_rooms():
    """A lake's horizon is at 0.53 on average: its water runs from 16 % to 85 % of what lies below."""
    heights = scenes()["lake"].heights()
    assert heights["water"] == (round(0.53 + 0.47 * 0.16, 3), round(0.53 + 0.47 * 0.85, 3))
    assert heights["air"] == (round(0.53 * 0.12, 3), round(0.53 * 0.70, 3))
    assert scenes()["coral reef"].heights()["water"] == (0.15, 0.8)


@pytest.mark.parametrize(
    ("name", "scene", "place", "fits"),
    [
        ("fox", "meadow", "ground", True), ("fox", "meadow", "air", False), ("whale", "open sea", "water", True),
        ("whale", "river", "water", False), ("surfer", "beach", "water", True), ("surfer", "lake", "water", False),
        ("train", "road", "ground", True), ("train", "beach", "ground", False), ("rocket", "space", "air", True),
        ("fox", "space", "air", False), ("shark", "coral reef", "water", True), ("teapot", "plain ground", "plain", True),
        ("teapot", "meadow", "ground", False), ("gizmo", "plain ground", "plain", True),
    ],
)  # fmt: skip
def test_where_objects_make_sense(name: str, scene: str, place: str, fits: bool):
    assert belongs(name, scene, place) is fits


def test_homes_of_objects():
    homes = {"fox": "forest", "crab": "beach", "teapot": "", "rocket": "outer space", "gizmo": "", "cow": "meadow"}
    assert {name: home_of(name) for name in homes} == {**homes, "fox": home_of("fox")}
    assert any(found.name == "pine forest" for found in match(home_of("fox")))


def test_names_of_objects():
    one, many = names_of({"fox", "sailboat", "motorboat", "bee", "bumblebee", "tangerine"})
    assert one["fox"] == "fox" and many["foxes"] == "fox" and one["sailing boat"] == "sailboat"
    assert one["boat"] == "motorboat"  # the first in the alphabet
    assert one["bumblebee"] == "bumblebee" and one["honeybee"] == "bee"  # a name of its own goes before
    assert one["orange"] == many["oranges"] == "tangerine"
    assert "orange" not in names_of({"fox"})[0] and names_of({"orange", "tangerine"})[0]["orange"] == "orange"


def test_sets_of_objects_are_objects():
    assert core() <= common() <= set(nouns()) and len(nouns()) > 1000 and list(nouns()) == sorted(nouns())
    assert not nouns()["bread"].countable and not nouns()["santa claus"].countable and nouns()["fox"].countable
    assert "scissors" in pairs() and "bread" in masses() and find_noun("gizmo").places == ("plain",)
    assert nouns()["seal"].sunk == 0.34 and nouns()["fox"].sunk == 0.0


@pytest.mark.parametrize(
    ("one", "many"), [("wolf", "wolves"), ("ox cart", "ox carts"), ("box of chocolates", "boxes of chocolates")]
)
def test_plurals(one: str, many: str):
    assert plural(one) == many


@pytest.mark.parametrize(
    "phrase", ["an owl", "a unicorn", "an hourglass", "a ufo", "an umbrella", "an suv", "a one-way street"]
)
def test_articles(phrase: str):
    assert article(phrase.split(" ", 1)[1]) == phrase


def test_the_folder_holds_nothing_but_modules_and_tables():
    files = {path for path in Path(FOLDER).iterdir() if path.is_file()} - {COMPILED}
    assert {path.suffix for path in files} == {".py", ".toml"}
