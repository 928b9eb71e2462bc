"""Requests of 0.1.0: they open, and are drawn anew by this version with a line that says so."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mutoscope import TextToImageModel
from mutoscope.cli import main
from mutoscope.errors import MutoscopeError, StyleError
from mutoscope.media import Provenance, write_picture
from mutoscope.prompt.legacy import LAST_LEGACY_VERSION, upgrade
from mutoscope.prompt.request import SAMPLER_VERSION, Request
from mutoscope.prompt.styles import UsedStyle

OLD: dict[str, Any] = {
    "fps": 12, "guidance_scale": 3.0, "height": 48, "index": 0, "model": "old", "model_hash": "0" * 16, "negative_prompt": "",
    "num_frames": 1, "num_inference_steps": 2, "prompt": "two dogs on a beach at sunset", "sampler": "dpm2m", "sampler_version": 4,
    "seed": 5, "style": None, "width": 64,
}  # fmt: skip


def load(**changes: Any) -> Request:
    return Request.from_json(json.dumps({**OLD, **changes}))


def test_what_both_versions_know_is_kept():
    request = load(template="two {dogs|cats} on a beach at sunset", variation=0.2, variation_seed=3)
    assert (request.prompt, request.width, request.height, request.seed, request.sampler_version) == (
        OLD["prompt"],
        64,
        48,
        5,
        4,
    )
    assert request.template and request.variation == 0.2 and request.styles == () and request.objects is None
    assert Request.from_json(request.to_json()) == request


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"style": "watercolor"}, (UsedStyle("watercolor", 1.0, "watercolor"),)),
        (
            {"style": "crayon:0.5, photo:-1"},
            (UsedStyle("crayon", 0.5, "crayon drawing"), UsedStyle("photo", -1.0, "photo")),
        ),
        ({"style": "mine:0.5", "style_words": [["mine", "my words"]]}, (UsedStyle("mine", 0.5, "my words"),)),
        ({"style": "anime", "style_words": [["anime", "my anime"]]}, (UsedStyle("anime", 1.0, "my anime"),)),
    ],
    ids=str,
)
def test_styles_become_data(said: dict[str, Any], found: tuple[UsedStyle, ...]):
    request = load(**said)
    assert request.styles == found and request.style == said["style"]


@pytest.mark.parametrize("said", [{"style": "gone"}, {"style": 7}, {"style": "mine", "style_words": [["mine"]]},
                                  {"style": "mine", "style_words": 5}], ids=str)  # fmt: skip
def test_styles_that_are_none_are_refused(said: dict[str, Any]):
    with pytest.raises(MutoscopeError) as caught:
        load(**said)
    assert "\n" not in str(caught.value)


def test_the_library_of_objects_is_named():
    request = load(things="0123456789abcdef", own_things=[["my ball", "ab"]])
    assert request.objects is not None and (request.objects.library, request.objects.own) == (
        "0123456789abcdef",
        (("my ball", "ab"),),
    )


def test_keys_that_say_how_it_was_read_are_read_anew():
    assert load(weighted=True, plainly="beach, sunset") == load()


def test_a_key_of_no_version_is_refused():
    with pytest.raises(MutoscopeError, match="unknown key 'colour'"):
        load(colour="red")


def test_requests_of_this_version_are_left_alone():
    for version in (LAST_LEGACY_VERSION + 1, SAMPLER_VERSION, "x"):
        values = {"prompt": "a", "sampler_version": version, "style": "anime"}
        assert upgrade(values) is values
    assert upgrade({"prompt": "a"})["sampler_version"] == LAST_LEGACY_VERSION, "0.1.0 wrote none at first"


def test_they_are_drawn_anew(painter: TextToImageModel):
    request = load(style="crayon", things="0123456789abcdef")
    again = painter.revise(request)
    assert (again.sampler_version, again.model_hash) == (SAMPLER_VERSION, painter.engine.capabilities.hash)
    (fresh,) = painter.requests(
        painter.options(OLD["prompt"], seed=5, width=64, height=48, num_inference_steps=2, style="crayon")
    )
    assert again == fresh and again.negative_prompt == "comic" and again.objects is not None
    assert np.array_equal(painter.redo(request).pixels, painter.redo(fresh).pixels)


def test_without_things_they_stay_without(painter: TextToImageModel):
    assert painter.revise(load()).objects is None


def test_redo_says_in_one_line_which_version_made_it(
    tiny_checkpoint: Path, painter: TextToImageModel, tmp_path: Path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    text = json.dumps({**OLD, "model_hash": painter.engine.capabilities.hash})
    write_picture(np.zeros((48, 64, 3), np.uint8), Path("old.png"), Provenance(text, None, "Mutoscope 0.1.0", True))
    assert main(["info", "old.png"]) == 0
    assert OLD["prompt"] in capsys.readouterr().out
    assert main(["redo", "old.png", "-o", "new.png", "--model", str(tiny_checkpoint), "--threads", "1"]) == 0
    shown = capsys.readouterr()
    assert shown.out == "new.png\n" and shown.err.count("\n") == 1
    assert "sampler version 4" in shown.err and f"version {SAMPLER_VERSION}" in shown.err


def test_an_unknown_style_names_the_nearest():
    with pytest.raises(StyleError, match="did you mean 'watercolor'"):
        load(style="watercolr")
