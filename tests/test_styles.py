"""Styles by name, their strengths and mixtures, the user's own file, and what a strength is made of."""

from pathlib import Path
from typing import Any

import pytest

from mutoscope import TextToImageModel
from mutoscope.capabilities import Capabilities
from mutoscope.errors import StyleError
from mutoscope.options import Options, build_request
from mutoscope.prompt.conditioning import understand
from mutoscope.prompt.parameters import spell_prompt, write_parameters
from mutoscope.prompt.reading import unknown_words
from mutoscope.prompt.request import Request
from mutoscope.prompt.styles import (
    UsedStyle,
    find_default_negative,
    find_used_styles,
    known_styles,
    own_styles,
    parse_mix,
    styles,
    write_mix,
)
from mutoscope.vocabulary import STYLES
from mutoscope.vocabulary.wordings import row


def ask(style: str | None, **more: Any) -> Request:
    """Return the request of a lake in a style, for a model that takes everything."""
    return build_request(Options("a lake", style=style, **more), Capabilities("test", "0"))


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
        assert parse_mix(written) == [(name, 1.0)], written
    request = ask(name.upper())
    assert request.style == name and spell_prompt(request) == f"a lake, {styles()[name]}"
    assert request.styles == (UsedStyle(name, 1.0, styles()[name]),)


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
    assert dict(parse_mix(asked)) == pytest.approx(mix)
    assert write_mix(parse_mix(asked)) == spelled == ask(asked).style
    assert write_mix(parse_mix(spelled)) == spelled


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
        ask(asked)
    assert said in str(caught.value)


def test_others_can_read_strengths():
    request = ask("watercolor:0.7, -photo", negative_prompt="")
    words, facts = write_parameters(request).split("\n")
    assert words == "a lake, (watercolor:0.7)" and ', Styles: "watercolor:0.7, photo:-1"' in facts


@pytest.mark.parametrize("none", [None, "none", "None", " none "])
def test_none_is_no_style(none: str | None):
    assert ask(none, seed=1) == ask(None, seed=1)
    assert ask(none).styles == () and ask(none).style is None


def test_a_style_that_the_prompt_names_is_told_from_one_that_is_asked_for():
    assert find_used_styles(None, "anime") == (UsedStyle("anime", 1.0, "anime", True),)
    asked = find_used_styles("clay:0.5", "anime")
    assert [(style.name, style.strength, style.typed) for style in asked] == [
        ("clay", 0.5, False),
        ("anime", 1.0, True),
    ]
    request = build_request(Options("a lake, anime", style="clay:0.5"), Capabilities("test", "0"))
    assert request.style == "clay:0.5", "what was asked for, not what the prompt says"


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
    request = ask("gwash:0.5, anime:0.2, photo:0.3")
    assert request.style == "gouache:0.5, anime:0.2, photo:0.3"
    assert [style.words for style in request.styles] == ["gouache on black paper", "my anime", "photo"]
    conditions = understand(request).prompt
    own.unlink()
    assert understand(Request.from_json(request.to_json())).prompt == conditions, "the file is not needed any more"
    assert [one.segments[-1][0] for one in conditions] == [", gouache on black paper", ", my anime", ", photo"]
    assert ask("anime").styles[0].words == "anime" and own_styles() == {}
    with pytest.raises(StyleError, match="unknown style 'gouache'"):
        ask("gouache")


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
        ask("anime")
    assert said in str(caught.value) and str(own) in str(caught.value) and "\n" not in str(caught.value)


def test_the_words_of_a_style_are_known_where_it_was_trained():
    from mutoscope.checkpoint import open_checkpoint

    known = open_checkpoint(verify=False).known_words
    assert sum(not unknown_words(style.words, known) for style in known_styles().values()) >= 12


@pytest.mark.parametrize(
    ("asked", "typed", "words"),
    [
        ("crayon", "", "comic"), (None, "low poly", "oil painting"), ("watercolor:0.6, photo:0.4", "", "flat vector"),
        ("crayon:0.5, comic:0.5", "", ""), ("watercolor:0.3", "", ""), ("crayon", "comic", ""), ("-crayon", "", ""), ("anime", "", ""),
        (None, "", ""), ("none", "crayon", "comic"),
    ],
)  # fmt: skip
def test_a_style_is_kept_away_from_its_neighbour_if_nothing_else_is_said(asked: str | None, typed: str, words: str):
    assert find_default_negative(find_used_styles(asked, typed)) == words
    prompt = f"a lake, {known_styles()[typed].words}" if typed else "a lake"
    capabilities = Capabilities("test", "0")
    request = build_request(Options(prompt, style=asked), capabilities)
    assert request.negative_prompt == words, "it stands in the request, where everybody sees it"
    assert build_request(Options(prompt, style=asked, negative_prompt="fog"), capabilities).negative_prompt == "fog"
    assert build_request(Options(prompt, style=asked, negative_prompt=""), capabilities).negative_prompt == ""


def test_a_style_of_ones_own_has_no_neighbour():
    """It suits other words than the package's style of its name."""
    assert find_default_negative((UsedStyle("crayon", 1.0, "my crayons"),)) == ""


def test_a_model_without_negative_prompt_gets_none():
    assert (
        build_request(
            Options("a lake", style="crayon"), Capabilities("test", "0", negative_prompt=False)
        ).negative_prompt
        == ""
    )


def test_neighbours_are_styles_and_change_the_picture(painter: TextToImageModel):
    near = {name: style.default_negative for name, style in known_styles().items() if style.default_negative}
    assert set(near) == {"watercolor", "stained glass", "low poly", "crayon"}
    assert all(other in known_styles() and other != name for name, other in near.items())
    size: Any = {"width": 64, "height": 64, "num_inference_steps": 2, "seed": 1}
    crayon = painter.generate("a lake", style="crayon", **size)
    assert (painter.generate("a lake", style="crayon", negative_prompt="comic", **size).pixels == crayon.pixels).all()
    for other in ("fog", ""):
        assert (painter.generate("a lake", style="crayon", negative_prompt=other, **size).pixels != crayon.pixels).any()
    assert (painter.redo(crayon.request).pixels == crayon.pixels).all()
    assert "Negative prompt: comic" in write_parameters(crayon.request)


@pytest.mark.parametrize("key", ["postprocess", "default_negative"])
def test_keys_of_the_package_are_refused_in_a_file_of_ones_own(own: Path, key: str):
    own.write_text(f'[mine]\nwords = "mine"\n{key} = "comic"\n')
    with pytest.raises(StyleError, match=f"unknown key '{key}'"):
        own_styles()
