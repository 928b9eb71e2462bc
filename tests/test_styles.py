"""Styles by name, their strengths and mixtures, the user's own file, and what a strength is made of."""

from pathlib import Path
from typing import Any

import pytest

from mutoscope import TextToImageModel
from mutoscope.errors import StyleError
from mutoscope.prompt.request import Request, unknown_words
from mutoscope.prompt.styles import ask_styles, known_styles, own_styles, read_mix, styles, write_mix
from mutoscope.vocabulary import STYLES
from mutoscope.vocabulary.wordings import row


def test_every_style_of_the_world_has_its_name_and_words_of_its_captions():
    assert tuple(known_styles()) == STYLES and len(STYLES) >= 16
    for name, style in known_styles().items():
        wordings = {wording.words for wording in row("suffix", name)}
        assert style.words in wordings, name
        assert style.about and style.negative and style.aliases


@pytest.mark.parametrize("name", STYLES)
def test_a_style_is_found_however_it_is_written(name: str):
    for written in (name, name.upper(), name.title(), f"  {name} ", name.replace(" ", "_"), name.replace(" ", "-"),
                    name.replace(" ", ""), name.replace("-", " "), name.replace(" ", "  "), *known_styles()[name].aliases):  # fmt: skip
        assert read_mix(written) == [(name, 1.0)], written
    request = Request("a lake", style=name.upper())
    assert request.style == name and request.words == f"a lake, {styles()[name]}"


def test_no_two_styles_share_a_name():
    names = [alias for name, style in known_styles().items() for alias in (name, *style.aliases)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("asked", "mix", "spelled"),
    [
        ("watercolor", {"watercolor": 1}, "watercolor"),
        ("watercolour:1", {"watercolor": 1}, "watercolor"),
        ("watercolor:0.5", {"watercolor": 0.5}, "watercolor:0.5"),
        ("Watercolor : 1.3", {"watercolor": 1.3}, "watercolor:1.3"),
        ("watercolor:0.7, pixel art:0.3", {"watercolor": 0.7, "pixel art": 0.3}, "watercolor:0.7, pixel art:0.3"),
        ("watercolor, anime", {"watercolor": 0.5, "anime": 0.5}, "watercolor:0.5, anime:0.5"),
        ("anime,-photo", {"anime": 1, "photo": -1}, "anime:1, photo:-1"),
        ("-photo:0.5", {"photo": -0.5}, "photo:-0.5"),
        ("photo:-0.5", {"photo": -0.5}, "photo:-0.5"),
        ("anime:0", {"anime": 0}, "anime:0"),
    ],
)
def test_strengths_and_mixtures(asked: str, mix: dict[str, float], spelled: str):
    assert dict(read_mix(asked)) == pytest.approx(mix)
    assert write_mix(read_mix(asked)) == spelled == Request("a lake", style=asked).style
    assert write_mix(read_mix(spelled)) == spelled


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("watercolr", "unknown style 'watercolr' (did you mean 'watercolor'?); known: photo, watercolor"),
        ("anime, watercolr:0.3", "unknown style 'watercolr' in 'anime, watercolr:0.3' (did you mean"),
        ("anime,", "unknown style ''"),
        ("anime:0.5, anime", "'anime' twice"),
        ("anime:4", "from -3 to 3, got 4"),
        ("-anime:4", "from -3 to 3, got -4"),
        ("anime:x", "unknown style 'anime:x'"),
        ("anime:nan", "unknown style 'anime:nan'"),
        (", ".join(STYLES[:9]), "at most 8"),
    ],
)
def test_what_is_no_style_is_refused(asked: str, said: str):
    with pytest.raises(StyleError) as caught:
        Request("a lake", style=asked)
    assert said in str(caught.value)


def test_readings_are_what_composes():
    """One reading for a plain style; else the bare prompt and the prompt with each style, in shares that sum to one."""

    def shares(style: str | None) -> dict[str, float]:
        return {"".join(text for text, _ in words): share for share, words in Request("a lake", style=style).readings()}

    assert shares(None) == {"a lake": 1} and shares("anime") == {"a lake, anime": 1}
    assert shares("anime:0.3") == pytest.approx({"a lake": 0.7, "a lake, anime": 0.3})
    assert shares("anime:1.3") == pytest.approx({"a lake": -0.3, "a lake, anime": 1.3})
    assert shares("-anime") == pytest.approx({"a lake": 2, "a lake, anime": -1})
    assert shares("anime:0") == {"a lake": 1}
    assert shares("anime, photo, watercolor") == pytest.approx(
        {"a lake, anime": 1 / 3, "a lake, photo": 1 / 3, "a lake, watercolor": 1 / 3}, abs=1e-6
    ), "no fourth row for what rounding leaves"


def test_others_can_read_strengths():
    request = Request("a lake", style="watercolor:0.7, -photo")
    words, facts = request.parameters().split("\n")
    assert words == "a lake, (watercolor:0.7)" and facts.endswith(', Styles: "watercolor:0.7, photo:-1"')


def test_templates_for_models_made_elsewhere():
    for style in known_styles().values():
        prompt, negative = style.foreign("a lake {at} dusk")
        assert "a lake {at} dusk" in prompt and prompt != style.words and negative
    assert (
        known_styles()["watercolor"]
        .foreign("a lake")[0]
        .startswith("a lake, watercolor painting on cold-pressed paper")
    )


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own style file, with one style and one that replaces ours."""
    monkeypatch.setenv("MUTOSCOPE_CONFIG", str(tmp_path))
    path = tmp_path / "styles.toml"
    path.write_text('[Gouache]\nwords = "gouache on black paper"\naliases = ["gwash"]\n[anime]\nwords = "my anime"\n')
    return path


def test_styles_of_ones_own_stand_in_the_request(own: Path):
    asked = ask_styles("gwash:0.5, anime:0.2, photo:0.3")
    assert asked == {"style": "gouache:0.5, anime:0.2, photo:0.3",
                     "style_words": (("gouache", "gouache on black paper"), ("anime", "my anime"))}  # fmt: skip
    request = Request("a lake", **asked)
    readings = request.readings()
    own.unlink()
    assert Request.from_json(request.to_json()).readings() == readings, "the file is not needed any more"
    assert [words[-1][0] for _, words in readings] == [", gouache on black paper", ", my anime", ", photo"]
    assert Request("a lake", style="anime").words == "a lake, anime" and own_styles() == {}
    with pytest.raises(StyleError, match="unknown style 'gouache'"):
        ask_styles("gouache")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[bad", "Expected ']'"),
        ('words = "x"', "words stands outside of a table"),
        ("[x]", "'x' needs words"),
        ('[x]\nword = "y"', "unknown key 'word' in 'x' (did you mean 'words'?)"),
        ("[x]\nwords = 3", "words of 'x' must be text"),
        ('[x]\nwords = "y"\ntemplate = "z"', "must hold {prompt}"),
        ('[x]\nwords = "y"\naliases = "z"', "list of texts"),
        ('["a, b"]\nwords = "y"', "cannot be the name of a style"),
        ('["-a"]\nwords = "y"', "cannot be the name of a style"),
        ("\udc80", "not a style file"),
    ],
)
def test_a_broken_file_gives_one_clear_line(own: Path, text: str, said: str):
    own.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(StyleError) as caught:
        ask_styles("anime")
    assert said in str(caught.value) and str(own) in str(caught.value) and "\n" not in str(caught.value)


def test_the_words_of_a_style_are_known_where_it_was_trained():
    from mutoscope.checkpoint import open_checkpoint

    known = open_checkpoint(verify=False).known_words
    assert sum(not unknown_words(style.words, known) for style in known_styles().values()) >= 12


@pytest.mark.parametrize(
    ("said", "against"),
    [
        ({"style": "crayon"}, "comic"), ({"plainly": "lake, low poly"}, "oil painting"),
        ({"style": "watercolor:0.6, photo:0.4"}, "flat vector"),
        ({"style": "crayon", "negative_prompt": "fog"}, "fog"), ({"style": "crayon:0.5, comic:0.5"}, ""), ({"style": "watercolor:0.3"}, ""),
        ({"style": "crayon", "plainly": "lake, comic"}, ""), ({"style": "-crayon"}, ""), ({"style": "anime"}, ""), ({}, ""),
        ({"style": "crayon", "style_words": (("crayon", "my crayons"),)}, ""),
    ],
)  # fmt: skip
def test_a_style_is_kept_away_from_its_neighbour_if_nothing_else_is_said(said: dict[str, Any], against: str):
    assert Request("a lake", **said).negative_pieces() == [(against, 1.0)]


def test_neighbours_are_styles_and_change_the_picture():
    near = {name: style.against for name, style in known_styles().items() if style.against}
    assert near and all(other in known_styles() and other != name for name, other in near.items())
    model = TextToImageModel()
    size = {"width": 64, "height": 64, "num_inference_steps": 2, "seed": 1}
    crayon = model.generate("a lake", style="crayon", **size)
    assert (model.generate("a lake", style="crayon", negative_prompt="comic", **size).pixels == crayon.pixels).all()
    assert (model.generate("a lake", style="crayon", negative_prompt="fog", **size).pixels != crayon.pixels).any()
    assert (model.redo(crayon.request).pixels == crayon.pixels).all() and "Negative" not in crayon.request.parameters()


@pytest.mark.parametrize("key", ["finish", "against"])
def test_keys_of_the_package_are_refused_in_a_file_of_ones_own(own: Path, key: str):
    own.write_text(f'[mine]\nwords = "mine"\n{key} = "comic"\n')
    with pytest.raises(StyleError, match=f"unknown key '{key}'"):
        own_styles()
