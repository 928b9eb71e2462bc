"""Requests go to JSON and back exactly, and refuse with the right error and a message that helps."""

import dataclasses
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutoscope.errors import MutoscopeError, PromptError, SettingError, SizeError, StyleError
from mutoscope.prompt.checks import (
    MAX_PROMPT_CHARACTERS,
    as_float,
    as_int,
    check_bool,
    check_float,
    check_int,
    check_text,
)
from mutoscope.prompt.request import (
    ALWAYS_WRITTEN,
    SAMPLER_VERSION,
    SAMPLERS,
    Fact,
    NamedObject,
    ObjectPlan,
    Request,
    UsedAdapter,
)
from mutoscope.prompt.styles import UsedStyle

PROMPTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")).filter(str.strip)
WORDS = st.text("abcdef ", max_size=8)
SIDES = st.integers(2, 32).map(lambda n: 16 * n)
SEEDS = st.integers(0, 2**32 - 1)
SEGMENTS = st.lists(st.tuples(PROMPTS, st.floats(0, 3)), max_size=3).map(tuple)
FACTS = st.builds(Fact, st.sampled_from(["scene", "light", "plant"]), WORDS, st.floats(0, 10))
STYLES = st.builds(UsedStyle, WORDS, st.floats(-3, 3), WORDS, st.booleans())
OBJECTS = st.builds(NamedObject, WORDS, st.integers(1, 99), WORDS, st.sampled_from(["", "left"]), st.booleans())
PLANS = st.builds(
    ObjectPlan, st.lists(OBJECTS, max_size=3).map(tuple), SEGMENTS, WORDS, WORDS, WORDS,
    st.lists(st.tuples(WORDS, WORDS), max_size=2).map(tuple),
)  # fmt: skip
ADAPTERS = st.builds(UsedAdapter, st.text("abc", min_size=1), st.floats(-4, 4), st.text("0123"))
REQUESTS = st.builds(
    Request,
    prompt=PROMPTS,
    negative_prompt=st.just("") | PROMPTS,
    styles=st.lists(STYLES, max_size=3).map(tuple),
    template=st.just("") | PROMPTS,
    width=SIDES,
    height=SIDES,
    num_frames=st.integers(1, 3600),
    fps=st.integers(1, 60),
    num_inference_steps=st.integers(0, 200),
    guidance_scale=st.floats(0, 30) | st.integers(0, 30),
    seed=SEEDS,
    index=st.integers(0, 9999),
    sampler=st.sampled_from(["", *SAMPLERS]),
    model=WORDS,
    model_hash=st.text("0123456789abcdef", min_size=16, max_size=16),
    adapters=st.lists(ADAPTERS, max_size=3).map(tuple),
    variation=st.just(0.0) | st.floats(0, 1),
    variation_seed=st.just(0) | SEEDS,
    image_hash=st.just("0123456789abcdef"),
    strength=st.just(1.0) | st.floats(0, 1),
    precision=st.sampled_from(["fp32", "int8"]),
    postprocess=st.sampled_from(["", "pixelate"]),
    facts=st.lists(FACTS, max_size=3).map(tuple),
    objects=st.none() | PLANS,
    segments=SEGMENTS,
    negative_segments=SEGMENTS,
)
DRAFTED = st.builds(
    Request,
    prompt=PROMPTS,
    width=SIDES,
    height=SIDES,
    draft=st.tuples(SIDES, SIDES),
    refine_strength=st.floats(0.01, 0.99),
)


class TestJson:
    @given(REQUESTS | DRAFTED)
    def test_there_and_back_is_exact(self, request_: Request):
        text = request_.to_json()
        back = Request.from_json(text)
        assert back == request_ and hash(back) == hash(request_) and back.to_json() == text
        for one, other in zip(vars(back).values(), vars(request_).values(), strict=True):
            assert type(one) is type(other)

    @given(REQUESTS | DRAFTED)
    def test_it_is_compact_sorted_and_whole(self, request_: Request):
        values = json.loads(request_.to_json())
        usual = {item.name: item.default for item in dataclasses.fields(Request)}
        assert list(values) == sorted(
            name for name in usual if name in ALWAYS_WRITTEN or getattr(request_, name) != usual[name]
        )
        assert request_.to_json() == json.dumps(values, separators=(",", ":"), ensure_ascii=False)
        whole = json.loads(json.dumps(dataclasses.asdict(request_)))
        assert values == {name: whole[name] for name in values}

    def test_whole_and_broken_scales_are_one_request(self):
        assert Request("a lake", guidance_scale=3).to_json() == Request("a lake", guidance_scale=3.0).to_json()

    def test_missing_keys_take_their_defaults(self):
        assert Request.from_json(f'{{"prompt":"a lake","sampler_version":{SAMPLER_VERSION}}}') == Request("a lake")

    @pytest.mark.parametrize(
        ("text", "parts"),
        [
            ("", ("not JSON",)), ("{", ("not JSON",)), ("[" * 100_000, ("not JSON",)), ("[]", ("no prompt",)), ("null", ("no prompt",)),
            ('"prompt"', ("no prompt",)), ("{}", ("no prompt",)),
            ('{"prompt":"a lake","guidance":3}', ("unknown key 'guidance'", "did you mean 'guidance_scale'?")),
            ('{"prompt":"a lake","widht":128}', ("unknown key 'widht'", "did you mean 'width'?")),
            ('{"prompt":"a lake","qqq":128}', ("unknown key 'qqq'",)),
            ('{"prompt":"a lake","guidance_scale":NaN}', ("guidance_scale",)),
            ('{"prompt":"a lake","sampler_version":5,"style":"anime"}', ("unknown key 'style'", "did you mean 'styles'?")),
        ],
    )  # fmt: skip
    def test_what_is_damaged_is_refused(self, text: str, parts: tuple[str, ...]):
        with pytest.raises(SettingError) as caught:
            Request.from_json(text)
        assert all(part in str(caught.value) for part in parts), caught.value

    def test_it_is_checked_like_a_request(self):
        with pytest.raises(PromptError, match="surrogate"):
            Request.from_json('{"prompt":"\\ud800"}')
        with pytest.raises(SizeError, match=r"128\.0"):
            Request.from_json('{"prompt":"a lake","width":128.0}')


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
        ({"prompt": "x" * 100_000}, PromptError, ("100000 characters", str(MAX_PROMPT_CHARACTERS), "shorten")),
        ({"negative_prompt": "\0"}, PromptError, ("negative prompt", "position 0")),
        ({"negative_prompt": None}, PromptError, ("negative prompt", "NoneType")),
        ({"negative_prompt": "x" * 100_000}, PromptError, ("negative prompt", "100000")),
        ({"width": 0}, SizeError, ("width", "got 0")),
        ({"width": -8}, SizeError, ("width", "got -8")),
        ({"height": 100_000}, SizeError, ("height", "got 100000")),
        ({"width": True}, SizeError, ("width", "whole number", "True")),
        ({"width": 128.0}, SizeError, ("width", "whole number", "128.0")),
        ({"height": "128"}, SizeError, ("height", "'128'")),
        ({"num_frames": 0}, SizeError, ("num_frames", "from 1", "got 0")),
        ({"num_frames": 3601}, SizeError, ("num_frames", "3600", "3601")),
        ({"num_frames": True}, SizeError, ("num_frames", "whole number", "True")),
        ({"fps": 0}, SizeError, ("fps", "from 1 to 60", "got 0")),
        ({"fps": 61}, SizeError, ("fps", "61")),
        ({"num_inference_steps": -1}, SettingError, ("num_inference_steps", "got -1")),
        ({"num_inference_steps": 201}, SettingError, ("num_inference_steps", "200", "201")),
        ({"num_inference_steps": True}, SettingError, ("num_inference_steps", "whole number", "True")),
        ({"num_inference_steps": 8.0}, SettingError, ("num_inference_steps", "8.0")),
        ({"guidance_scale": math.nan}, SettingError, ("guidance_scale", "nan")),
        ({"guidance_scale": math.inf}, SettingError, ("guidance_scale", "inf")),
        ({"guidance_scale": -0.5}, SettingError, ("guidance_scale", "0 to 30", "-0.5")),
        ({"guidance_scale": 31}, SettingError, ("guidance_scale", "0 to 30", "31")),
        ({"guidance_scale": 10**400}, SettingError, ("guidance_scale",)),
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
        ({"styles": "anime"}, SettingError, ("styles", "list")),
        ({"styles": [{"name": "anime", "colour": 1}]}, SettingError, ("styles", "name, strength, words, typed")),
        ({"styles": [{"name": "anime", "strength": 4}]}, StyleError, ("'anime'", "from -3 to 3", "got 4")),
        ({"styles": [{"name": 7}]}, SettingError, ("name of a style",)),
        ({"styles": [{"name": "anime", "typed": 1}]}, SettingError, ("typed", "true or false")),
        ({"facts": [{"kind": "scene"}]}, SettingError, ("facts", "kind, name, weight")),
        ({"facts": [{"kind": "scene", "name": "lake", "weight": 11}]}, SettingError, ("weight of a fact", "0 to 10")),
        ({"facts": [5]}, SettingError, ("facts", "got 5")),
        ({"facts": [{"kind": "x", "name": "y"}] * 1001}, SettingError, ("facts", "at most 1000")),
        ({"objects": []}, SettingError, ("objects", "objects, scene, place")),
        (
            {"objects": {"objects": [{"noun": "car", "count": 0}], "scene": []}},
            SettingError,
            ("count of an object", "from 1 to 99"),
        ),
        ({"objects": {"objects": [], "scene": [["a"]]}}, SettingError, ("scene", "pairs")),
        ({"objects": {"objects": [], "scene": [], "own": ["x"]}}, SettingError, ("own objects", "pairs")),
        ({"objects": {"objects": []}}, SettingError, ("objects", "scene")),
        ({"segments": [["a", "b"]]}, SettingError, ("weight of segments", "'b'")),
        ({"segments": "ab"}, SettingError, ("segments", "pairs")),
        ({"negative_segments": [["a\0", 1]]}, PromptError, ("NUL",)),
        ({"adapters": [{"name": "a"}] * 9}, SettingError, ("adapters", "at most 8")),
        ({"adapters": [{"name": "a", "scale": 5}]}, SettingError, ("scale of adapter 'a'", "from -4 to 4")),
        ({"draft": 128}, SizeError, ("draft", "128")),
        ({"draft": (128,)}, SizeError, ("draft",)),
        ({"draft": "ab"}, SizeError, ("draft",)),
        ({"draft": (128, 0), "refine_strength": 0.5}, SizeError, ("draft", "got 0")),
        ({"draft": (128, 128)}, SettingError, ("refine_strength", "above 0")),
        ({"draft": (128, 128), "refine_strength": 1}, SettingError, ("refine_strength", "below 1")),
        ({"draft": (128, 128), "refine_strength": math.nan}, SettingError, ("refine_strength",)),
        ({"draft": (128, 128), "refine_strength": True}, SettingError, ("refine_strength",)),
        ({"draft": (128, 128), "refine_strength": 0.5, "num_frames": 5}, SizeError, ("clips are drawn at once",)),
        (
            {"draft": (128, 128), "refine_strength": 0.5, "image_hash": "0", "mask_hash": "0"},
            SizeError,
            ("a mask", "at once"),
        ),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, dict) else None,
)
def test_what_cannot_be_meant_is_refused(changes: dict[str, Any], error: type[Exception], parts: tuple[str, ...]):
    with pytest.raises(error) as caught:
        Request(**{"prompt": "a lake", **changes})
    assert type(caught.value) is error
    message = str(caught.value)
    assert all(part in message for part in parts), message
    assert "\n" not in message and len(message) < 600
    message.encode("utf-8")  # can be printed, whatever was asked


def test_the_longest_prompt_is_taken():
    assert len(Request("x" * MAX_PROMPT_CHARACTERS).prompt) == MAX_PROMPT_CHARACTERS


@given(PROMPTS)
def test_a_prompt_is_kept_to_the_letter(text: str):
    assert Request(text).prompt == text == check_text("prompt", text, may_be_empty=False)


def test_a_request_is_frozen_and_can_be_a_key():
    request = Request("a lake")
    with pytest.raises(dataclasses.FrozenInstanceError):
        request.seed = 3  # type: ignore[misc]  # what is tested
    assert len({request, Request("a lake"), dataclasses.replace(request, seed=3)}) == 2


def test_numbers_of_numpy_become_plain_ones():
    numbers: dict[str, Any] = {
        "width": np.int64(64), "height": np.uint8(48), "seed": np.uint32(7), "guidance_scale": np.float32(2.5),
        "num_inference_steps": np.int16(3), "variation": np.float64(0.25), "variation_seed": np.int64(1),
        "draft": (np.int64(32), np.int64(32)), "refine_strength": np.float32(0.5),
    }  # fmt: skip
    request = Request("a lake", **numbers)
    assert json.loads(request.to_json())["guidance_scale"] == 2.5
    assert {
        type(getattr(request, name)) for name in ("width", "height", "seed", "num_inference_steps", "variation_seed")
    } == {int}
    assert {type(getattr(request, name)) for name in ("guidance_scale", "variation", "refine_strength")} == {float}
    assert request == Request.from_json(request.to_json())


class TestChecks:
    @pytest.mark.parametrize("value", [True, np.bool_(True), 1.0, np.float32(1), "1", None, 1j])
    def test_no_whole_numbers(self, value: Any):
        with pytest.raises(SettingError, match="n must be a whole number"):
            as_int("n", value)

    @pytest.mark.parametrize(
        "value", [True, "1", None, 1j, math.nan, -math.inf, np.float32("nan"), np.array([1.0, 2.0])]
    )
    def test_no_finite_numbers(self, value: Any):
        with pytest.raises(SettingError, match="x must be a finite number"):
            as_float("x", value)

    @given(st.integers(-5, 15))
    def test_ranges_hold_both_ends(self, number: int):
        if 0 <= number <= 10:
            assert check_int("n", number, 0, 10) == check_float("x", number, 0, 10) == number
        else:
            for check in (check_int, check_float):
                with pytest.raises(SettingError, match="from 0 to 10"):
                    check("n", number, 0, 10)

    def test_true_and_false_alone(self):
        assert check_bool("typed", True) is True
        for value in (1, 0, "true", None):
            with pytest.raises(SettingError, match="typed must be true or false"):
                check_bool("typed", value)

    def test_the_callers_error_is_raised(self):
        with pytest.raises(SizeError):
            as_int("width", "x", SizeError)
        assert issubclass(SizeError, MutoscopeError)
