"""Requests go to JSON and back exactly, refuse with the right error and a message that helps, and unknown words are found."""

import dataclasses
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutoscope.errors import PromptError, SettingError, SizeError, StyleError
from mutoscope.prompt.request import LATER, LONGEST_PROMPT, Request, UsedAdapter, check_text, sized, unknown_words
from mutoscope.prompt.styles import known_styles, write_mix

STYLES = list(known_styles())

PROMPTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")).filter(str.strip)
SIDES = st.integers(2, 32).map(lambda n: 16 * n)
STRENGTHS = st.integers(-300, 300).map(lambda n: n / 100)
MIXES = st.dictionaries(st.sampled_from(STYLES), STRENGTHS, min_size=1, max_size=4).map(lambda mix: list(mix.items()))
REQUESTS = st.builds(
    Request,
    prompt=PROMPTS,
    negative_prompt=st.just("") | PROMPTS,
    style=st.none() | MIXES.map(write_mix),
    style_words=st.lists(st.tuples(st.text("abc", min_size=1), st.text("xyz", min_size=1)), max_size=2).map(tuple),
    template=st.just("") | PROMPTS,
    weighted=st.booleans(),
    width=SIDES,
    height=SIDES,
    num_frames=st.integers(1, 3600),
    fps=st.integers(1, 60),
    num_inference_steps=st.integers(1, 200),
    guidance_scale=st.floats(0, 30) | st.integers(0, 30),
    seed=st.integers(0, 2**32 - 1),
    index=st.integers(0, 9999),
    sampler=st.sampled_from(["dpm2m", "euler", "heun", "meanflow"]),
    model=st.text(st.characters(exclude_categories=("Cs",))),
    model_hash=st.text("0123456789abcdef", min_size=16, max_size=16),
    adapters=st.lists(
        st.builds(UsedAdapter, st.text("abc", min_size=1), st.floats(-4, 4), st.text("0123")), max_size=3
    ).map(tuple),
    variation=st.just(0.0) | st.floats(0, 1),
    variation_seed=st.just(0) | st.integers(0, 2**32 - 1),
    image_hash=st.just("0123456789abcdef"),
    strength=st.just(1.0) | st.floats(0, 1),
)

DRAFTED = st.builds(
    Request,
    prompt=PROMPTS,
    width=st.integers(2, 128).map(lambda n: 16 * n),
    height=st.integers(2, 128).map(lambda n: 16 * n),
    draft=st.tuples(SIDES, SIDES),
    refine_strength=st.floats(0.01, 0.99),
)


@given(REQUESTS | DRAFTED)
def test_json_and_back_is_exact(request: Request):
    text = request.to_json()
    back = Request.from_json(text)
    assert back == request
    assert back.to_json() == text
    assert [type(value) for value in dataclasses.astuple(back)] == [type(v) for v in dataclasses.astuple(request)]


@given(REQUESTS | DRAFTED)
def test_json_is_compact_sorted_and_whole(request: Request):
    values = json.loads(request.to_json())
    names = {item.name for item in dataclasses.fields(Request)}
    usual = {item.name: item.default for item in dataclasses.fields(Request)}
    assert list(values) == sorted(name for name in names if name not in LATER or getattr(request, name) != usual[name])
    assert request.to_json() == json.dumps(values, separators=(",", ":"), ensure_ascii=False)
    given = {**dataclasses.asdict(request), "adapters": [dataclasses.asdict(used) for used in request.adapters]}
    given["style_words"] = [list(pair) for pair in request.style_words]
    given["draft"] = request.draft and list(request.draft)
    assert json.loads(request.to_json().encode("utf-8").decode("utf-8")) == {name: given[name] for name in values}


def test_whole_and_broken_scales_are_one_request():
    assert Request("a lake", guidance_scale=3).to_json() == Request("a lake", guidance_scale=3.0).to_json()


@pytest.mark.parametrize(
    ("changes", "error", "parts"),
    [
        ({"prompt": ""}, PromptError, ("prompt is empty", "for example")),
        ({"prompt": " \n\t\u3000"}, PromptError, ("prompt is empty",)),
        ({"prompt": None}, PromptError, ("must be text", "NoneType")),
        ({"prompt": b"a lake"}, PromptError, ("must be text", "bytes")),
        ({"prompt": ["a lake"]}, PromptError, ("must be text", "list")),
        ({"prompt": "a lake\0"}, PromptError, ("NUL", "position 6")),
        ({"prompt": "a \ud83c lake"}, PromptError, ("lone surrogate",)),
        ({"prompt": "x" * 100_000}, PromptError, ("100000 characters", str(LONGEST_PROMPT), "shorten")),
        ({"negative_prompt": "\0"}, PromptError, ("negative prompt", "position 0")),
        ({"negative_prompt": None}, PromptError, ("negative prompt", "NoneType")),
        ({"negative_prompt": "x" * 100_000}, PromptError, ("negative prompt", "100000")),
        ({"width": 0}, SizeError, ("width 0", "32 to 512")),
        ({"width": -8}, SizeError, ("width -8", "32 to 512")),
        ({"height": 129}, SizeError, ("height 129", "128 or 144")),
        ({"height": 100_000}, SizeError, ("height 100000", "32 to 512")),
        ({"width": True}, SizeError, ("width", "whole number", "True")),
        ({"width": 128.0}, SizeError, ("width", "whole number", "128.0")),
        ({"height": "128"}, SizeError, ("height", "'128'")),
        ({"num_frames": 0}, SizeError, ("num_frames", "from 1", "got 0")),
        ({"num_frames": 3601}, SizeError, ("num_frames", "3600", "3601")),
        ({"num_frames": True}, SizeError, ("num_frames", "whole number", "True")),
        ({"fps": 0}, SizeError, ("fps", "from 1 to 60", "got 0")),
        ({"fps": 61}, SizeError, ("fps", "61")),
        ({"num_inference_steps": 0}, SettingError, ("num_inference_steps", "from 1", "got 0")),
        ({"num_inference_steps": 201}, SettingError, ("num_inference_steps", "200", "201")),
        ({"num_inference_steps": True}, SettingError, ("num_inference_steps", "whole number", "True")),
        ({"num_inference_steps": 8.0}, SettingError, ("num_inference_steps", "8.0")),
        ({"guidance_scale": math.nan}, SettingError, ("guidance_scale", "nan", "1 means none")),
        ({"guidance_scale": math.inf}, SettingError, ("guidance_scale", "inf")),
        ({"guidance_scale": -0.5}, SettingError, ("guidance_scale", "0 to 30", "-0.5")),
        ({"guidance_scale": 31}, SettingError, ("guidance_scale", "0 to 30", "31")),
        ({"guidance_scale": 10**400}, SettingError, ("guidance_scale", "0 to 30")),
        ({"guidance_scale": True}, SettingError, ("guidance_scale", "True")),
        ({"guidance_scale": "3"}, SettingError, ("guidance_scale", "'3'")),
        ({"seed": -1}, SettingError, ("seed", "from 0 to 4294967295", "-1")),
        ({"seed": 2**32}, SettingError, ("seed", "4294967296")),
        ({"seed": False}, SettingError, ("seed", "whole number", "False")),
        ({"index": -1}, SettingError, ("index", "-1")),
        ({"variation": 1.5}, SettingError, ("variation", "from 0 to 1", "1.5")),
        ({"variation": math.nan}, SettingError, ("variation", "nan")),
        ({"variation": "0.2"}, SettingError, ("variation", "'0.2'")),
        ({"variation_seed": -1}, SettingError, ("variation_seed", "-1")),
        ({"strength": 0.5}, SettingError, ("a picture to start from", "--image")),
        ({"strength": True, "image_hash": "0"}, SettingError, ("strength", "True")),
        ({"mask_hash": "0"}, SettingError, ("a picture to start from",)),
        ({"mask_hash": "0", "image_hash": "0", "num_frames": 5}, SettingError, ("mask", "clip")),
        ({"image_hash": None}, SettingError, ("image_hash", "None")),
        ({"sampler": "eular"}, SettingError, ("'eular'", "did you mean 'euler'?", "dpm2m, euler, heun, meanflow")),
        ({"sampler": None}, SettingError, ("sampler", "None")),
        ({"style": "watercolr"}, StyleError, ("'watercolr'", "did you mean 'watercolor'?")),
        ({"style": "oil paint"}, StyleError, ("did you mean 'oil painting'?",)),
        ({"style": ""}, StyleError, ("unknown style ''", "photo, watercolor")),
        ({"style": 7}, StyleError, ("'7'", "known:")),
    ],
)
def test_what_cannot_be_made_is_refused(changes: dict[str, Any], error: type[Exception], parts: tuple[str, ...]):
    with pytest.raises(error) as caught:
        Request(**{"prompt": "a lake"} | changes)
    assert type(caught.value) is error
    message = str(caught.value)
    assert all(part in message for part in parts), message
    message.encode("utf-8")  # can be printed, whatever was asked


def test_the_longest_prompt_is_taken():
    assert len(Request("x" * LONGEST_PROMPT).prompt) == LONGEST_PROMPT


@given(PROMPTS)
def test_a_prompt_is_kept_to_the_letter(text: str):
    assert Request(text).prompt == text == check_text("prompt", text, may_be_empty=False)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ("not JSON",)),
        ("{", ("not JSON",)),
        ("[" * 100_000, ("not JSON",)),
        ("[]", ("no prompt",)),
        ("null", ("no prompt",)),
        ('"prompt"', ("no prompt",)),
        ("{}", ("no prompt",)),
        ('{"prompt":"a lake","guidance":3}', ("unknown key 'guidance'", "did you mean 'guidance_scale'?")),
        ('{"prompt":"a lake","widht":128}', ("unknown key 'widht'", "did you mean 'width'?")),
        ('{"prompt":"a lake","qqq":128}', ("unknown key 'qqq'",)),
        ('{"prompt":"a lake","guidance_scale":NaN}', ("guidance_scale",)),
    ],
)
def test_damaged_json_is_refused(text: str, parts: tuple[str, ...]):
    with pytest.raises(SettingError) as caught:
        Request.from_json(text)
    assert all(part in str(caught.value) for part in parts), caught.value


def test_json_is_checked_like_a_request():
    with pytest.raises(SizeError, match="128 or 144"):
        Request.from_json('{"prompt":"a lake","width":129}')
    with pytest.raises(PromptError, match="surrogate"):
        Request.from_json('{"prompt":"\\ud800"}')
    with pytest.raises(SizeError, match=r"128\.0"):
        Request.from_json('{"prompt":"a lake","width":128.0}')


def test_missing_keys_take_their_defaults():
    assert Request.from_json('{"prompt":"a lake"}') == Request("a lake")


def test_a_request_is_frozen_and_can_be_a_key():
    request = Request("a lake")
    with pytest.raises(dataclasses.FrozenInstanceError):
        request.seed = 3  # type: ignore[misc]
    assert len({request, Request("a lake"), dataclasses.replace(request, seed=3)}) == 2


def test_parameters_are_three_lines_others_can_read():
    request = Request("a lake", negative_prompt="people", style="anime", seed=7, guidance_scale=4.5, width=192,
                      model="m", model_hash="0123456789abcdef", index=2)  # fmt: skip
    words, negative, facts = request.parameters().split("\n")
    assert (words, negative) == ("a lake, anime", "Negative prompt: people")
    read = dict(fact.split(": ") for fact in facts.split(", "))
    assert read == {"Steps": "12", "Sampler": "dpm2m", "CFG scale": "4.5", "Seed": "7", "Size": "192x128", "Model": "m",
                    "Model hash": "0123456789", "Version": "mutoscope sampler 4", "Image index": "2"}  # fmt: skip
    assert len(Request("a lake").parameters().split("\n")) == 2


KNOWN = {"a", "the", "lake", "tree", "bush", "snow", "covered", "at", "fisherman", "clouds", "ukiyo-e", "café"}


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
def test_unknown_words(text: str, unknown: list[str]):
    assert unknown_words(text, KNOWN) == unknown
    assert unknown_words(text, list(KNOWN)) == unknown, "any iterable of words will do"


@given(PROMPTS)
def test_unknown_words_come_from_the_text_each_once(text: str):
    found = unknown_words(text, KNOWN)
    assert len(found) == len(set(found))
    assert all(word in text.lower().replace("’", "'") for word in found)
    assert not unknown_words(text, KNOWN | set(found)), "a word that is known is not unknown"


DRAFT = {"draft": (128, 128), "refine_strength": 0.45}


@pytest.mark.parametrize(
    ("asked", "facts"),
    [
        ((None, None, None), {"width": 256, "height": 256, **DRAFT}),
        ((None, 64, None), {"width": 64, "height": 128}),
        (("wide", None, None), {"width": 448, "height": 256, "draft": (224, 128), "refine_strength": 0.45}),
        (("192x128", None, None), {"width": 192, "height": 128}),
        (("512x512", None, None), {"width": 512, "height": 512, **DRAFT}),
        ((None, 2048, 2048), {"width": 2048, "height": 2048, **DRAFT}),
    ],
)
def test_a_size_becomes_facts_of_a_request(asked: tuple, facts: dict):
    assert sized(*asked, side=128) == facts
    assert Request("a lake", **facts).width == facts["width"]


@pytest.mark.parametrize(
    ("asked", "moves", "words"),
    [
        (("wide", 64, None), False, "not both"),
        (("2048x2064", None, None), False, "height 2064.*2048"),
        ((None, 1030, None), False, "use 1024 or 1040"),
        (("1024x576", None, None), True, "clips are drawn up to 512.*1024x576.*2048"),
        (("2048x64", None, None), False, "8 times"),
    ],
)
def test_a_size_that_cannot_be_made_is_refused(asked: tuple, moves: bool, words: str):
    with pytest.raises(SizeError, match=words):
        sized(*asked, side=128, moves=moves)


def test_clips_are_drawn_at_once():
    assert sized(None, None, None, side=128, moves=True) == {"width": 128, "height": 128}
    assert sized("wide", None, None, side=128, moves=True) == {"width": 224, "height": 128}
    assert sized("512x512", None, None, side=128, moves=True) == {"width": 512, "height": 512}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"draft": None}, SizeError), ({"draft": 128}, SizeError), ({"draft": (128,)}, SizeError), ({"draft": "ab"}, SizeError),
        ({"draft": (128, 100)}, SizeError), ({"draft": (1024, 1024)}, SizeError), ({"width": 4096}, SizeError),
        ({"num_frames": 5}, SizeError), ({"refine_strength": 0.0}, SettingError), ({"refine_strength": 1}, SettingError),
        ({"refine_strength": math.nan}, SettingError), ({"refine_strength": True}, SettingError),
    ],
    ids=str,
)  # fmt: skip
def test_a_draft_is_checked(changes: dict, error: type[Exception]):
    with pytest.raises(error):
        Request("a lake", **{"width": 1024, "height": 1024, **DRAFT, **changes})
