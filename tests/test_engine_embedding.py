"""Weights in brackets and long prompts of models made elsewhere, against the bare pipeline and against transformers by hand."""

import functools
from typing import Any

import numpy as np
import pytest

pytest.importorskip("diffusers")

import torch

from mutoscope import TextToImageModel, TextToVideoModel
from mutoscope.engines.diffusers import embedding, unread
from mutoscope.engines.diffusers.arguments import build_arguments
from mutoscope.engines.diffusers.embedding import Reader, embed_texts, find_readers
from mutoscope.engines.diffusers.families import read_family
from mutoscope.media.pixels import unit_to_levels
from mutoscope.options import Options
from mutoscope.prompt.parts import in_templates, plain_words, prompt_segments
from mutoscope.prompt.styles import find_used_styles, use_templates, wrap_in_templates
from mutoscope.prompt.weighting import MAX_WEIGHT, leave_out_unread, mean_factor, parse_weights
from tiny_pipelines import draw_tiny, load_tiny, tiny_folder

pytestmark = pytest.mark.usefixtures("one_thread")

PROMPT, SEED = "a red ball", 1
CLIP = ("sd", "sdxl", "lcm")
STARTS = {
    "image": {},
    "inpaint": {"mask_image": np.pad(np.full((24, 24, 3), 255, np.uint8), ((0, 40), (0, 40), (0, 0)))},
}
PICTURE = np.linspace(0, 255, 64 * 64 * 3).reshape(64, 64, 3).astype(np.uint8)
# A letter is a token of the tiny tokenizers, so these are 200 tokens, in windows of 15, 15 and 10 words.
LONG = " ".join(["lakes"] * 40)


@functools.cache
def model_of(name: str) -> Any:
    cls = TextToVideoModel if name in ("wan", "animatediff") else TextToImageModel
    return cls(tiny_folder(name), threads=1)


@functools.cache
def bare(name: str) -> Any:
    return load_tiny(tiny_folder(name))


@pytest.fixture(autouse=True)
def own_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes and previews are kept in the user's folder."""
    monkeypatch.setenv("MUTOSCOPE_CONFIG", str(tmp_path_factory.getbasetemp() / "settings"))


def options_of(name: str, prompt: str, **more: Any) -> dict[str, Any]:
    words: dict[str, Any] = {"width": 64, "height": 64, "num_inference_steps": 2, "seed": SEED, "guidance_scale": 3.0}
    return {"prompt": prompt} | words | more


def draw(name: str, prompt: str = PROMPT, **more: Any) -> np.ndarray:
    return model_of(name).generate(**options_of(name, prompt, **more)).pixels


def request_of(name: str, prompt: str, **more: Any) -> Any:
    return model_of(name).requests(Options(is_clip=False, **options_of(name, prompt, **more)))[0]


def embedded(name: str, prompt: str, **more: Any) -> tuple[dict[str, Any], list[str]]:
    """What is passed to the bare pipeline."""
    request = request_of(name, prompt, **more)
    family = read_family(type(bare(name)), {}, {})
    return embed_texts(bare(name), request, family, build_arguments(request, family))


def same(left: Any, right: Any) -> bool:
    return np.array_equal(left, right)


# ------------------------------------------------------------------------------------------------ plain prompts, weights


@pytest.mark.parametrize("name", CLIP)
@pytest.mark.parametrize("prompt", [PROMPT, "a (red:1.0) ball", "(a red ball:1)"])
def test_weight_one_is_the_bare_pipeline(name: str, prompt: str):
    by_hand = unit_to_levels(draw_tiny(bare(name), name, PROMPT, SEED, guidance_scale=3.0))[0]
    assert same(draw(name, prompt), by_hand)
    assert embedded(name, prompt)[0]["prompt"] == PROMPT


@pytest.mark.parametrize("name", CLIP)
def test_a_weight_changes_the_picture_and_zero_leaves_the_word_out(name: str):
    pictures = [draw(name, f"a (red:{weight}) ball") for weight in (0, 0.5, 1, 1.5)]
    assert all(not same(one, other) for at, one in enumerate(pictures) for other in pictures[:at])
    assert same(pictures[0], draw(name, "a ball"))
    assert same(pictures[3], draw(name, "a (red:1.5) ball"))


@pytest.mark.parametrize("name", ["sd", "sdxl"])
def test_weights_of_the_negative_prompt(name: str):
    plain, heavy = (draw(name, negative_prompt=words) for words in ("blue fog", "blue (fog:2)"))
    assert not same(plain, heavy)
    assert same(plain, unit_to_levels(
        draw_tiny(bare(name), name, PROMPT, SEED, guidance_scale=3.0, negative_prompt="blue fog"))[0])  # fmt: skip


@pytest.mark.parametrize("name", CLIP)
@pytest.mark.parametrize("start", STARTS)
def test_pictures_to_start_from_take_weights_and_long_prompts(name: str, start: str):
    if start == "inpaint" and not model_of(name).engine.capabilities.mask:
        pytest.skip("this family has no inpainting")
    words = {"image": PICTURE, "strength": 1.0, "width": None, "height": None, **STARTS[start]}
    plain, heavy, long, other = (
        draw(name, prompt, **words) for prompt in (PROMPT, "a (red:2) ball", LONG, LONG[:-5] + "ships")
    )
    assert not same(plain, heavy) and not same(long, other) and not same(plain, long)


def test_clips_take_weights_and_long_prompts():
    words = {"width": 64, "height": 64, "num_inference_steps": 1, "seed": SEED, "num_frames": 4, "guidance_scale": 3.0}
    clips = [
        model_of("animatediff").generate(prompt, **words).frames
        for prompt in (PROMPT, "a (red:2) ball", LONG, LONG[:-5] + "ships")
    ]
    assert all(not same(one, other) for at, one in enumerate(clips) for other in clips[:at])


def test_capabilities_say_who_reads_weights():
    reads = {name: model_of(name).engine.capabilities.bracket_weights for name in (*CLIP, "flux", "pixart", "wan")}
    assert reads == {"sd": True, "sdxl": True, "lcm": True, "flux": False, "pixart": False, "wan": False}


def test_redo_and_text_events():
    first = model_of("sd").generate(**options_of("sd", f"a (red:1.4) ball, {LONG}"))
    assert same(model_of("sd").redo(first.request).pixels, first.pixels)
    events = list(model_of("sd").stream(**options_of("sd", "a (red:1.4) ball")))
    assert [event.phase for event in events if event.phase != "load"][:2] == ["text", "text"]
    assert [phase for phase in dict.fromkeys(event.phase for event in events) if phase != "load"] == [
        "text", "draw", "decode", "done",
    ]  # fmt: skip


# ---------------------------------------------------------------------------------------------------------- long prompts


@pytest.mark.parametrize("name", CLIP)
def test_the_last_word_of_a_long_prompt_matters(name: str):
    other = LONG[:-5] + "ships"
    assert len(find_readers(bare(name))[0].windows(((LONG, 1.0),))) == 3
    assert same(*(draw_tiny(bare(name), name, prompt, SEED, guidance_scale=3.0) for prompt in (LONG, other)))
    assert not same(draw(name, LONG), draw(name, other))
    assert same(draw(name, LONG), draw(name, LONG))


@pytest.mark.parametrize("name", ["sd", "sdxl"])
def test_a_long_negative_prompt(name: str):
    long, other = (draw(name, negative_prompt=words) for words in (LONG, LONG[:-5] + "ships"))
    assert not same(long, other)
    found, warnings = embedded(name, PROMPT, negative_prompt=LONG)
    assert not warnings and not {"prompt", "negative_prompt"} & set(found)
    assert (
        found["prompt_embeds"].shape
        == found["negative_prompt_embeds"].shape
        == (1, 3 * 77, 32 * (1 + (name == "sdxl")))
    )
    # An empty window is what an empty prompt gives.
    empty = by_hand(name, bare(name), [""])[0]
    assert torch.equal(found["prompt_embeds"][:, 77:154], empty) and torch.equal(found["prompt_embeds"][:, 154:], empty)


@pytest.mark.parametrize("name", CLIP)
def test_without_guidance_there_is_no_negative_prompt(name: str):
    found, _ = embedded(name, "a (red:2) ball", guidance_scale=1.0)
    assert not any("negative" in argument for argument in found)
    assert draw(name, "a (red:2) ball", guidance_scale=1.0).shape == (64, 64, 3)


# --------------------------------------------------------------------------------------------------------------- by hand


def by_hand(name: str, pipeline: Any, windows: list[str]) -> tuple[Any, Any]:
    """States of windows of text, each padded and encoded by the tokenizer and the encoders themselves; and the first one's vector."""
    states, pooled = [], None
    for number, words in enumerate(windows):
        ids = pipeline.tokenizer(words, padding="max_length", max_length=77, return_tensors="pt").input_ids
        assert ids.shape == (1, 77)
        with torch.no_grad():
            if name != "sdxl":
                states.append(pipeline.text_encoder(ids).last_hidden_state)
                continue
            one, two = (
                encoder(ids, output_hidden_states=True) for encoder in (pipeline.text_encoder, pipeline.text_encoder_2)
            )
        states.append(torch.cat([one.hidden_states[-2], two.hidden_states[-2]], -1))
        pooled = two.text_embeds if number == 0 else pooled
    return torch.cat(states, 1), pooled


def weighed_by_hand(states: Any, weights: dict[int, float]) -> Any:
    """States (1, L, D) of one encoder and window, weighted as AUTOMATIC1111 does it."""
    scale = torch.ones(states.shape[1])
    for at, weight in weights.items():
        scale[at] = weight
    weighted = states * scale[None, :, None]
    return weighted * (states.mean() / weighted.mean())


@pytest.mark.parametrize("name", CLIP)
def test_embeddings_equal_those_of_transformers_by_hand(name: str):
    found, _ = embedded(name, LONG, negative_prompt=None if name == "lcm" else "blue")
    states, pooled = by_hand(name, bare(name), [" ".join(["lakes"] * count) for count in (15, 15, 10)])
    assert torch.equal(found["prompt_embeds"], states)
    if name == "lcm":
        assert "negative_prompt_embeds" not in found
        return
    away, pooled_away = by_hand(name, bare(name), ["blue", "", ""])
    assert torch.equal(found["negative_prompt_embeds"], away)
    if name == "sdxl":
        assert torch.equal(found["pooled_prompt_embeds"], pooled)
        assert torch.equal(found["negative_pooled_prompt_embeds"], pooled_away)


@pytest.mark.parametrize("name", CLIP)
def test_weighted_embeddings_equal_those_by_hand(name: str):
    found, _ = embedded(name, "a (red:1.5) [ball]")
    weights = {2: 1.5, 3: 1.5, 4: 1.5} | {at: 1 / 1.1 for at in range(5, 9)}  # BOS, a, r, e, d, b, a, l, l
    states, pooled = by_hand(name, bare(name), ["a red ball"])
    parts = [weighed_by_hand(part, weights) for part in states.split(32, -1)]
    assert torch.allclose(found["prompt_embeds"], torch.cat(parts, -1), atol=1e-6)
    if name == "sdxl":
        assert torch.equal(found["pooled_prompt_embeds"], pooled)  # weights are on the states alone


def test_one_window_read_by_us_is_what_the_pipeline_reads():
    for name in ("sd", "sdxl"):
        pipeline = bare(name)
        readers = find_readers(pipeline)
        found = embedding.read_texts(pipeline, readers, ((PROMPT, 1.0),), (("blue", 1.0),), True)
        words = {"prompt": PROMPT, "negative_prompt": "blue", "device": "cpu", "num_images_per_prompt": 1}
        with torch.no_grad():
            theirs = pipeline.encode_prompt(do_classifier_free_guidance=True, **words)
        names = ("prompt_embeds", "negative_prompt_embeds", "pooled_prompt_embeds", "negative_pooled_prompt_embeds")
        assert all(torch.equal(found[name], value) for name, value in zip(names, theirs, strict=False))


def test_sdxl_without_a_negative_prompt_gets_zeros():
    found, _ = embedded("sdxl", "a (red:2) ball")
    assert not found["negative_prompt_embeds"].any() and not found["negative_pooled_prompt_embeds"].any()
    assert found["prompt_embeds"].any()
    # and a Stable Diffusion reads an empty one
    found, _ = embedded("sd", "a (red:2) ball")
    assert torch.equal(found["negative_prompt_embeds"], by_hand("sd", bare("sd"), [""])[0])


def test_a_mean_about_zero_is_left_alone():
    assert mean_factor(0.2, 0.4) == 0.5
    assert [mean_factor(*means) for means in ((0.2, 0.0), (0.0, 0.2), (-0.2, 0.2), (1.0, 0.01), (0.01, 1.0))] == [
        1.0
    ] * 5
    assert mean_factor(1.0, 1 / MAX_WEIGHT) == pytest.approx(MAX_WEIGHT)


# ------------------------------------------------------------------------------------------------------------- templates


def test_weights_hold_inside_of_templates():
    styles = use_templates(find_used_styles("watercolor, ink"))
    parts = leave_out_unread(parse_weights("a (red:1.5) ball, (fog:0), boats"))
    found = in_templates(parts, styles)
    assert plain_words(found) == wrap_in_templates("a red ball, boats", styles)
    assert [one for one in found if one[1] != 1] == [("red", 1.5)]


def test_styles_and_weights_together():
    styled, heavy = (draw("sd", prompt, style="watercolor") for prompt in (PROMPT, "a (red:1.6) ball"))
    assert not same(styled, heavy)
    request = request_of("sd", "a (red:1.6) ball", style="watercolor")
    found, _ = embedded("sd", "a (red:1.6) ball", style="watercolor")
    segments = prompt_segments(request)
    reader = find_readers(bare("sd"))[0]
    tokens = [token for window in reader.windows(segments) for token in window]
    heavy_tokens = [token for token in tokens if token[1] != 1]
    assert heavy_tokens == [(number, 1.6) for number in reader.tokenizer("red", add_special_tokens=False).input_ids]
    assert found["prompt_embeds"].shape[1] == 77 * len(reader.windows(segments))


def test_words_are_not_cut_into_tokens_where_a_template_touches_them():
    reader = find_readers(bare("sd"))[0]
    assert isinstance(reader, Reader)
    assert reader.windows((("re", 1.0), ("d", 1.0))) == reader.windows((("red", 1.0),))
    assert reader.windows((("", 1.0),)) == [[]]


# -------------------------------------------------------------------------------------------------------- what is unread


@pytest.mark.parametrize("name", ["flux", "pixart"])
def test_weights_that_are_not_read_are_named(name: str):
    result = model_of(name).generate(**options_of(name, "a (red:1.5) ball, [boats]"))
    said = [warning for warning in result.warnings if "brackets" in warning]
    assert said == ["this model reads no weights in brackets; left out: (red:1.5), (boats:0.909)"]
    assert same(result.pixels, draw(name, "a red ball, boats"))


@pytest.mark.parametrize(("name", "limit"), [("flux", 512), ("pixart", 300)])
def test_words_that_are_cut_off_are_named(name: str, limit: int):
    # T5 writes a mark before each word, so that "lakes" has six tokens here; one is the mark at the end.
    fitting = (limit - 1) // 6
    words = " ".join(["lakes"] * fitting)
    assert not model_of(name).generate(**options_of(name, words)).warnings
    warnings = model_of(name).generate(**options_of(name, f"{words} silver ships")).warnings
    assert [one for one in warnings if "tokens" in one] == [
        f"this model reads {limit} tokens, and the prompt has more; shorten it, what is cut off is: 'silver ships'"
    ]


def test_a_long_end_is_shortened_and_a_negative_prompt_is_counted():
    warnings = (
        model_of("pixart").generate(**options_of("pixart", PROMPT, negative_prompt=" ".join(["lakes"] * 200))).warnings
    )
    (said,) = [one for one in warnings if "tokens" in one]
    assert "the negative prompt has more" in said and "and on, 151 words in all" in said and len(said) < 400


class _Pipeline:
    """A pipeline that nobody has heard of, with the tokenizers of another."""

    system_prompt = "Be so good as to draw"

    def __init__(self, **components: Any):
        self.components = components

    def __call__(self, prompt: str) -> None: ...


def test_pipelines_that_read_with_clip_alone_name_what_is_beyond_77_tokens():
    pipeline = _Pipeline(tokenizer=bare("sd").tokenizer, tokenizer_2=None)
    request = request_of("sd", "lakes")
    words = " ".join(["lakes"] * 15)
    assert not unread.warn_of_unread(pipeline, request, {"prompt": words})
    assert unread.warn_of_unread(pipeline, request, {"prompt": f"{words} ships"}) == [
        "this model reads 77 tokens, and the prompt has more; shorten it, what is cut off is: 'ships'"
    ]


def test_the_tokenizer_that_reads_farthest_counts():
    short, far = bare("sd").tokenizer, bare("flux").tokenizer_2
    prompt = {"prompt": " ".join(["lakes"] * 40)}
    request = request_of("sd", "lakes")
    assert not unread.warn_of_unread(_Pipeline(tokenizer=short, tokenizer_2=far), request, prompt)
    assert unread.warn_of_unread(_Pipeline(tokenizer=short), request, prompt)
    assert not unread.warn_of_unread(_Pipeline(tokenizer=None), request, prompt)


def test_the_sentences_in_front_of_a_prompt_count():
    pipeline = bare("lumina2")
    front = len(pipeline.tokenizer(unread.find_front(pipeline), add_special_tokens=False).input_ids)
    assert (
        0 < front
        and unread.find_cut(pipeline.tokenizer, "lakes ships", unread.find_front(pipeline), front + 7) == "ships"
    )
    assert unread.find_front(_Pipeline()) == ""


def test_encoders_of_another_kind_read_no_weights(monkeypatch: pytest.MonkeyPatch):
    pipeline = bare("sd")
    monkeypatch.setattr(embedding, "CLIP_CLASSES", ("BertModel",))
    assert find_readers(pipeline) == () and find_readers(bare("flux")) == ()
