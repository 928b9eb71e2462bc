"""The request as the text that other programs read out of pictures."""

import pytest

from mutoscope.prompt.parameters import spell_prompt, write_parameters
from mutoscope.prompt.request import Fact, NamedObject, ObjectPlan, Request, UsedAdapter
from mutoscope.prompt.styles import UsedStyle

ANIME = UsedStyle("anime", 1.0, "anime")


def test_parameters_are_three_lines_others_can_read():
    request = Request("a lake", negative_prompt="people", styles=(ANIME,), seed=7, guidance_scale=4.5, width=192,
                      model="m", model_hash="0123456789abcdef", index=2)  # fmt: skip
    words, negative, facts = write_parameters(request).split("\n")
    assert (words, negative) == ("a lake, anime", "Negative prompt: people")
    found = dict(fact.split(": ") for fact in facts.split(", "))
    assert found == {"Steps": "12", "Sampler": "dpm2m", "CFG scale": "4.5", "Seed": "7", "Size": "192x128", "Model": "m",
                     "Model hash": "0123456789", "Version": "mutoscope sampler 6", "Image index": "2"}  # fmt: skip
    assert len(write_parameters(Request("a lake")).split("\n")) == 2


@pytest.mark.parametrize(
    ("styles", "words"),
    [
        ((), "a lake"), ((ANIME,), "a lake, anime"), ((UsedStyle("anime", 0.5, "anime"),), "a lake, (anime:0.5)"),
        ((UsedStyle("anime", -1.0, "anime"),), "a lake"), ((UsedStyle("anime", 0.0, "anime"),), "a lake"),
        ((UsedStyle("anime", 1.0, "anime", True),), "a lake"),
        ((ANIME, UsedStyle("clay", 0.3, "clay model")), "a lake, anime, (clay model:0.3)"),
    ],
)  # fmt: skip
def test_words_of_styles_stand_in_the_prompt(styles: tuple[UsedStyle, ...], words: str):
    assert spell_prompt(Request("a lake", styles=styles)) == words


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (Request("a", facts=(Fact("scene", "lake"), Fact("light", "sunset"))), 'Facts: "lake, sunset"'),
        (Request("a", postprocess="pixelate"), "Postprocess: pixelate"),
        (Request("a", precision="int8"), "Precision: int8"),
        (Request("a", objects=ObjectPlan((NamedObject("car", 2), NamedObject("dog")), ())), 'Objects: "2 car, 1 dog"'),
        (Request("a", variation=0.25, variation_seed=9), "Variation seed: 9, Variation seed strength: 0.25"),
        (Request("a", image_hash="0", strength=0.6), "Denoising strength: 0.6"),
        (
            Request("a", width=512, height=512, draft=(128, 128), refine_strength=0.45),
            "Draft: 128x128, Refine strength: 0.45",
        ),
        (Request("a", adapters=(UsedAdapter("one", 0.5), UsedAdapter("two"))), 'Adapters: "one:0.5, two:1"'),
        (Request("a", styles=(UsedStyle("anime", 0.5, "anime"),)), 'Styles: "anime:0.5"'),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_only_some_pictures_have(request_: Request, said: str):
    assert said in write_parameters(request_) and said.split(":")[0] not in write_parameters(Request("a"))
