"""From a request to what the network is told: names of facts behind the prompt, styles around it, shares that sum to one."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutoscope import TextToImageModel
from mutoscope.capabilities import Capabilities
from mutoscope.errors import SettingError
from mutoscope.options import Options, build_request
from mutoscope.postprocess import POSTPROCESSES
from mutoscope.prompt.conditioning import (
    FACT_WEIGHT_BESIDE_STYLE,
    NAMED_FACTS,
    Condition,
    compose,
    mix_styles,
    understand,
)
from mutoscope.prompt.request import Fact, NamedObject, ObjectPlan, Request
from mutoscope.prompt.styles import UsedStyle, known_styles, write_mix
from mutoscope.prompt.weighting import Segments

ANIME, CRAYON = UsedStyle("anime", 1.0, "anime"), UsedStyle("crayon", 1.0, "crayon drawing")
TEXT: Segments = (("a tarn at nightfall", 1.0),)
LAKE, DUSK, SNOW = Fact("scene", "lake"), Fact("light", "blue hour"), Fact("weather", "snow")


def texts(conditions: tuple[Condition, ...]) -> dict[str, float]:
    """Return {text: share}."""
    return {"".join(words for words, _ in one.segments): one.share for one in conditions}


def conditions(prompt: str = "gravel", **asked: Any) -> dict[str, float]:
    """Return {text: share} of a request without facts."""
    return texts(understand(build_request(Options(prompt, **asked), Capabilities("test", "0"))).prompt)


class TestCompose:
    def test_names_of_facts_follow_the_text(self):
        assert compose(TEXT, (DUSK, LAKE), ()) == (*TEXT, (", lake, blue hour", 1.0))
        assert compose(TEXT, (), ()) == TEXT

    def test_they_stand_in_one_order_however_they_were_said(self):
        facts = [Fact(kind, f"some {kind}") for kind in NAMED_FACTS]
        first = compose(TEXT, facts, ())
        assert (
            first
            == compose(TEXT, facts[::-1], ())
            == (*TEXT, (", some scene, some light, some weather, some season", 1.0))
        )

    def test_other_kinds_are_left_to_the_text(self):
        assert compose(TEXT, (Fact("plant", "pine"), Fact("camera", "pan"), Fact("event", "rain")), ()) == TEXT

    def test_weights_of_facts_go_into_their_names(self):
        strong = Fact("light", "blue hour", 1.5)
        assert compose(TEXT, (LAKE, strong, SNOW), ()) == (
            *TEXT,
            (", lake", 1.0),
            (", blue hour", 1.5),
            (", snow", 1.0),
        )

    def test_a_style_leads_and_closes_and_facts_are_stronger_beside_it(self):
        assert compose(TEXT, (LAKE,), (CRAYON,)) == (
            ("crayon drawing, ", 1.0), *TEXT, (", crayon drawing", 1.0), (", lake", FACT_WEIGHT_BESIDE_STYLE), (", crayon drawing", 1.0),
        )  # fmt: skip

    def test_a_typed_style_is_written_once_by_the_user_himself(self):
        typed = UsedStyle("crayon", 1.0, "crayon drawing", True)
        said: Segments = (("a lake, crayon drawing", 1.0),)
        given_, asked = compose(said, (LAKE,), (typed,)), compose((("a lake", 1.0),), (LAKE,), (CRAYON,))
        assert "".join(text for text, _ in given_) == "".join(text for text, _ in asked)

    @given(st.sets(st.sampled_from(sorted(known_styles())), max_size=3), st.sets(st.sampled_from(NAMED_FACTS)))
    def test_the_text_stands_inside_word_for_word(self, styles: set[str], kinds: set[str]):
        used = [UsedStyle(name, 1.0, known_styles()[name].words) for name in sorted(styles)]
        facts = [Fact(kind, f"{kind} x") for kind in kinds]
        segments = compose((("one ", 1.0), ("two", 1.5)), facts, used)
        place = segments.index(("one ", 1.0))
        assert segments[place + 1] == ("two", 1.5)
        whole = "".join(text for text, _ in segments)
        assert all(whole.count(one.words) >= 3 for one in used) and all(whole.count(f"{kind} x") == 1 for kind in kinds)


class TestShares:
    @pytest.mark.parametrize(
        ("style", "shares"),
        [
            (None, [1]), ("anime", [1]), ("anime:1", [1]), ("anime:0", [1]), ("anime:0.3", [0.7, 0.3]), ("anime:1.3", [-0.3, 1.3]),
            ("-anime", [2, -1]), ("anime:0.25, clay:0.25", [0.5, 0.25, 0.25]), ("anime, -clay", [1, 1, -1]),
        ],
    )  # fmt: skip
    def test_what_a_strength_becomes(self, style: str | None, shares: list[float]):
        assert list(conditions(style=style).values()) == pytest.approx(shares)

    def test_no_fourth_condition_for_what_rounding_leaves(self):
        found = conditions(style="anime, photo, watercolor")
        assert len(found) == 3 and sum(found.values()) == pytest.approx(1, abs=1e-5) and "gravel" not in found

    @given(
        st.dictionaries(
            st.sampled_from(sorted(known_styles())), st.integers(-300, 300).map(lambda n: n / 100), max_size=4
        )
    )
    def test_they_sum_to_one(self, mix: dict[str, float]):
        request = build_request(
            Options("gravel", style=write_mix(list(mix.items())) or None, seed=1), Capabilities("test", "0")
        )
        found = mix_styles((("gravel", 1.0),), request)
        assert sum(one.share for one in found) == pytest.approx(1.0, abs=1e-3)
        assert all(one.share for one in found) or len(found) == 1
        assert len(found) <= 1 + sum(strength != 0 for strength in mix.values())

    def test_a_typed_style_stands_in_every_condition(self):
        found = conditions("gravel, watercolor", style="anime:0.5")
        assert list(found.values()) == [0.5, 0.5]
        assert all(text.startswith("watercolor") for text in found)
        assert ["anime" in text for text in found] == [False, True]


class TestUnderstand:
    PLAN = ObjectPlan((NamedObject("car"),), (("a beach at ", 1.0), ("noon", 1.2)), "beach")

    def test_a_request_without_segments_is_its_prompt(self):
        conditioning = understand(Request("a (lake:1.4)", negative_prompt="(fog:2)"))
        assert conditioning.prompt == conditioning.scene == (Condition((("a (lake:1.4)", 1.0),)),)
        assert conditioning.negative == (("(fog:2)", 1.0),), "read to the letter: whoever made the request parsed it"

    def test_segments_go_before_the_prompt(self):
        request = Request(
            "a (lake:1.4)",
            segments=(("a ", 1.0), ("lake", 1.4)),
            negative_prompt="(fog:2)",
            negative_segments=(("fog", 2.0),),
        )
        conditioning = understand(request)
        assert conditioning.prompt[0].segments == (("a ", 1.0), ("lake", 1.4)) and conditioning.negative == (
            ("fog", 2.0),
        )

    def test_the_scene_is_drawn_without_its_objects_and_in_the_same_styles(self):
        request = Request(
            "a car on a beach at (noon:1.2)", objects=self.PLAN, facts=(Fact("scene", "beach"),), styles=(ANIME,)
        )
        conditioning = understand(request)
        assert conditioning.objects is self.PLAN
        assert conditioning.scene == mix_styles(self.PLAN.scene, request) != conditioning.prompt
        scene, whole = (
            "".join(text for text, _ in one[0].segments) for one in (conditioning.scene, conditioning.prompt)
        )
        assert (
            "car" in whole and "car" not in scene and scene.startswith("anime, a beach at noon") and ", beach" in scene
        )

    def test_post_processing_is_found_by_its_name(self):
        assert understand(Request("a lake")).postprocess is None
        assert all(
            understand(Request("a lake", postprocess=name)).postprocess is step for name, step in POSTPROCESSES.items()
        )
        with pytest.raises(SettingError, match="unknown post-processing 'blur'"):
            understand(Request("a lake", postprocess="blur"))

    def test_warnings_travel_along(self):
        assert understand(Request("a lake"), ("one",)).warnings == ("one",)

    def test_nothing_is_looked_up_again(self, monkeypatch: pytest.MonkeyPatch):
        """A style the package does not know any more, words it would read as facts: the request alone decides."""
        request = Request("a lake at sunset", styles=(UsedStyle("gone", 0.5, "gone words"),))
        for name in ("read_prompt", "parse_weights"):
            monkeypatch.setattr(f"mutoscope.options.{name}", None)
        assert texts(understand(request).prompt) == {
            "a lake at sunset": 0.5, "gone words, a lake at sunset, gone words, gone words": 0.5,
        }  # fmt: skip


class TestSamePicture:
    """`style="watercolor"` and a prompt that ends in its words are one path: equal bytes."""

    SMALL: Any = {"size": "48x32", "num_inference_steps": 2, "seed": 3}

    @pytest.mark.parametrize("style", ["watercolor", "crayon", "pixel art", "photo"])
    @pytest.mark.parametrize("prompt", ["a lake at sunset", "a (lake:1.3) at [sunset]", "zyxgloop"])
    def test_a_style_given_or_typed(self, painter: TextToImageModel, style: str, prompt: str):
        given_ = painter.generate(prompt, style=style, **self.SMALL)
        typed = painter.generate(f"{prompt}, {known_styles()[style].words}", **self.SMALL)
        assert np.array_equal(given_.pixels, typed.pixels)
        assert given_.request.negative_prompt == typed.request.negative_prompt == known_styles()[style].default_negative
        assert given_.request.postprocess == typed.request.postprocess == known_styles()[style].postprocess

    @pytest.mark.parametrize("words", ["(fog:0)", "(at night:0)", "(watercolor:0)", "(two dogs:0)"])
    def test_words_of_weight_zero_and_without_them(self, painter: TextToImageModel, words: str):
        without = painter.generate("a lake at sunset", **self.SMALL).pixels
        assert np.array_equal(painter.generate(f"a lake at sunset, {words}", **self.SMALL).pixels, without)
        assert np.array_equal(painter.generate(f"{words}, a lake at sunset", **self.SMALL).pixels, without)
