"""From a conditioning to pixels: what weights and strengths do to the calls of the networks, and how frames of a clip join."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mutoscope import TextToImageModel, TextToVideoModel
from mutoscope.capabilities import Capabilities
from mutoscope.checkpoint import open_checkpoint
from mutoscope.config import TransformerConfig
from mutoscope.errors import NonFiniteError
from mutoscope.options import Options, build_request
from mutoscope.pipeline import (
    LARGE_PIXEL_STEP,
    LAST_TRAINED_FRAME,
    History,
    Networks,
    TextContexts,
    check_finite,
    ease_in,
    encode_conditions,
    noise_source,
    to_frames,
    token_weights,
)
from mutoscope.prompt.conditioning import understand
from mutoscope.prompt.request import Request
from mutoscope.rng import stream
from mutoscope.runtime import Context, extend_context
from mutoscope.runtime.onnx import OnnxRuntime
from mutoscope.shapes import LatentGrid, rotary_table
from mutoscope.tokenizer import Tokenizer

SMALL: Any = {"size": "48x32", "num_inference_steps": 2, "seed": 1}
WINDOW = 48
SHAPE = (1, 3, 4, 6, 5)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.load(open_checkpoint(verify=False).tokenizer_path)


@pytest.fixture(scope="module")
def embedded() -> TextToImageModel:
    return TextToImageModel(threads=1)


class Echo:
    """A text tower whose state of a token is its number; a context holds the states as they came."""

    def encode_text(self, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        return np.asarray(ids, np.float32)[..., None]

    def read_text(self, text: np.ndarray) -> Context:
        return context(text)


def context(text: np.ndarray) -> Context:
    return Context(text, np.empty(0), np.empty(0))


@pytest.fixture
def states(tokenizer: Tokenizer) -> Callable[..., list[np.ndarray]]:
    """Return a function from a prompt and options to the states of its conditions and its negative prompt, (L,) each."""
    config = open_checkpoint(verify=False).config

    def read(prompt: str, **asked: Any) -> list[np.ndarray]:
        request = build_request(Options(prompt, objects=False, **asked), Capabilities("test", "0"))
        conditioning = understand(request)
        networks = Networks(Echo(), tokenizer, config, 128)  # type: ignore[arg-type]  # of the runtime only this is asked
        text = encode_conditions(conditioning.prompt, conditioning.negative, networks)
        return [one.pooled[0, :, 0] for one in (*text.prompt, text.negative)]

    return read


class TestText:
    def test_a_plain_prompt_is_one_text_with_the_names_of_its_facts(self, states, tokenizer: Tokenizer):
        rows = states("a lake at nightfall")
        (ids,) = tokenizer.windows("a lake at nightfall, lake, blue hour", WINDOW)
        assert rows[0].tolist() == ids and len(rows) == 2

    def test_weights_scale_the_states_of_their_words_and_of_their_fact(self, states, tokenizer: Tokenizer):
        plain, weighted = states("gravel in fog, twigs"), states("gravel in (fog:1.5), [twigs]")
        (ids,) = tokenizer.windows("gravel in fog, twigs, fog", WINDOW)
        assert plain[0].tolist() == ids
        twigs = [1 / 1.1] * len(tokenizer.ids("twigs"))
        assert weighted[0] / plain[0] == pytest.approx([1, 1, 1, 1.5, 1, *twigs, 1.5, 1.5, 1]), (
            "the name of the weather too"
        )

    def test_weight_one_is_no_weight_and_zero_leaves_the_words_out(self, states):
        assert np.array_equal(states("a lake in (fog:1)")[0], states("a lake in fog")[0])
        assert np.array_equal(states("a lake (in fog:0)")[0], states("a lake ")[0])
        assert [len(row) for row in states("(fog:0)")] == [2, 2], "nothing but the marks of both ends"

    def test_weights_of_the_negative_prompt(self, states):
        plain, weighted = (states("a lake", negative_prompt=words)[1] for words in ("fog", "(fog:2)"))
        assert (weighted[:3] / plain[:3]).tolist() == [1, 2, 1]

    def test_weights_hold_across_windows(self, tokenizer: Tokenizer):
        words = (("lake " * 60, 1.0), ("fog " * 60, 1.5), ("pine", 1.0))
        windows = tokenizer.windows(" ".join(text for text, _ in words), WINDOW)
        weights = token_weights(words, tokenizer, windows)
        ids = np.asarray([index for row in windows for index in row])
        assert len(windows) == 3 and np.array_equal(weights == 1.5, ids == tokenizer.ids("fog")[0])

    def test_each_condition_is_read_at_its_own_length(self, tokenizer: Tokenizer):
        request = build_request(Options("a lake", style="anime:0.5"), Capabilities("test", "0"))
        conditioning = understand(request)
        networks = Networks(Echo(), tokenizer, open_checkpoint(verify=False).config, 128)  # type: ignore[arg-type]  # as above
        text = encode_conditions(conditioning.prompt, (("fog " * 30, 1.0),), networks)
        lengths = [one.pooled.shape[1] for one in (*text.prompt, text.negative)]
        assert len(lengths) == 3 and lengths[0] < lengths[1] < lengths[2]
        assert text.shares == (0.5, 0.5)


class TestBlending:
    def test_velocities_are_averaged_by_their_shares(self):
        text = TextContexts((context(np.empty(0)),) * 2, context(np.empty(0)), (0.25, 0.75))
        velocities = [np.full((1, 2, 1, 3, 3), value, np.float32) for value in (4.0, 8.0)]
        assert np.array_equal(text.blend(velocities), np.full((1, 2, 1, 3, 3), 7.0))

    def test_one_condition_is_left_alone(self):
        velocity = np.ones((1, 2), np.float32)
        assert TextContexts((context(np.empty(0)),), context(np.empty(0))).blend([velocity]) is velocity


class Counting(OnnxRuntime):
    """Remembers how many calls were asked for at once."""

    calls: list[int]

    def run_parallel(self, calls):
        self.calls.append(len(calls))
        return super().run_parallel(calls)


def counted(model: Any, prompt: str, **asked: Any) -> list[int]:
    """Return how many calls of the velocity network each step of a request takes."""
    runtime = Counting(model.engine.checkpoint, 1)
    runtime.calls = []
    model.engine.__dict__["runtime"] = runtime
    model.generate(prompt, **SMALL, **asked)
    return runtime.calls


class TestCalls:
    def test_plain_pictures_cost_what_they_did(self, tiny_checkpoint: Path):
        model = TextToImageModel(tiny_checkpoint, threads=1)
        plain = counted(model, "a lake")
        assert plain == [2, 2] == counted(model, "a lake", style="anime") == counted(model, "(a lake:1.4), fog")
        assert counted(model, "a lake", style="anime:0.5") == [3, 3] == counted(model, "a lake", style="anime, clay")

    def test_without_guidance_the_prompt_is_alone(self, tiny_checkpoint: Path):
        model = TextToImageModel(tiny_checkpoint, threads=1)
        assert counted(model, "a lake", guidance_scale=1.0) == [1, 1]
        assert counted(model, "a lake", guidance_scale=1.0, style="anime:0.5") == [2, 2]

    def test_clips_carry_every_condition_from_frame_to_frame(self, tiny_checkpoint: Path):
        model = TextToVideoModel(tiny_checkpoint, threads=1)
        assert counted(model, "a lake", num_frames=5, style="anime") == [2, 2, 1, 1, 1]
        assert counted(model, "a lake", num_frames=5, style="anime, clay") == [3, 3, 2, 2, 2]

    @pytest.mark.parametrize("door", [TextToImageModel, TextToVideoModel])
    @pytest.mark.parametrize("few_step", [False, True])
    def test_a_strength_runs_from_nothing_to_the_style(self, door, few_step, tiny_checkpoint, few_step_checkpoint):
        """The ends are the plain pictures; between them every pixel of a step of Euler's would be between."""
        model = door(few_step_checkpoint if few_step else tiny_checkpoint, threads=1)
        more = {} if door is TextToImageModel else {"num_frames": 5}

        def draw(style: str | None) -> np.ndarray:
            made = model.generate("a lake", style=style, **SMALL, **more)
            return (made.pixels if door is TextToImageModel else made.frames).astype(np.float32)

        bare, half, full = draw(None), draw("anime:0.5"), draw("anime")
        assert np.array_equal(draw("anime:0"), bare) and np.array_equal(draw("anime:1"), full)
        assert not np.array_equal(bare, full)
        away = [
            float(np.abs(draw(style) - bare).mean()) for style in ("anime:0.25", "anime:0.5", "anime:0.75", "anime")
        ]
        assert away == sorted(away) and 0 < away[0]
        assert np.abs(half - (bare + full) / 2).mean() < 0.5 * np.abs(full - bare).mean()


class TestNoise:
    def test_each_seed_and_index_has_its_own(self):
        first, again, other, next_one = (
            noise_source(Request("a lake", seed=seed, index=index))((2, 3))
            for seed, index in ((5, 0), (5, 0), (6, 0), (5, 1))
        )
        assert np.array_equal(first, again) and np.array_equal(first, stream(5, 0).normal((2, 3)))
        assert not np.array_equal(first, other) and not np.array_equal(first, next_one)

    def test_a_variation_of_one_is_the_other_seed_and_its_length_is_kept(self):
        whole = noise_source(Request("a lake", seed=5, variation=1.0, variation_seed=6))((64, 64))
        assert whole == pytest.approx(stream(6, 0).normal((64, 64)), abs=1e-6)
        half = noise_source(Request("a lake", seed=5, variation=0.5, variation_seed=6))((64, 64))
        assert half.std() == pytest.approx(1.0, abs=0.03), "unit variance, unlike the mean of two noises"


class TestHistory:
    def test_the_first_frame_and_the_last_few_are_kept(self):
        class Remembering:
            """A runtime whose keys and values say which frame they are of."""

            def remember(self, latents, context, frame):
                return np.full((1, 1, 1, 4, 2), frame), np.full((1, 1, 1, 4, 2), -frame)

            def run_parallel(self, calls):
                return [call() for call in calls]

        config = replace(open_checkpoint(verify=False).config, transformer=TransformerConfig(width=2, window=3))
        networks = Networks(Remembering(), None, config, 128)  # type: ignore[arg-type]  # a runtime in this alone
        history = History(networks, LatentGrid(32, 32, 29))
        none = np.empty((1, 1, 1, 0, 2))
        text = TextContexts((Context(np.empty(0), none, none),), context(np.empty(0)))
        for number in range(8):
            history.remember(number, np.zeros((1, 1, 1, 1, 1), np.float32), text)
        assert list(history.frames) == [0, 6, 7]
        seen = history.add_to(text, 8).prompt[0]
        assert seen.values[0, 0, 0, ::4, 0].tolist() == [0, -6, -6], "told as the last frame that was trained"
        places = rotary_table([0, LAST_TRAINED_FRAME - 2, LAST_TRAINED_FRAME - 1], 2, 2, 2)
        expected = extend_context(text.prompt[0], [history.frames[old][0] for old in (0, 6, 7)], places)
        assert np.array_equal(seen.keys, expected.keys), "places inside what was trained"


class TestPictures:
    """The embedded model, one look each; the figures over more seeds stand in dev/log.md."""

    def test_the_weight_of_a_sunset_reddens(self, embedded: TextToImageModel):
        def redness(weight: float) -> float:
            drawn = [
                embedded.generate(f"mountains, (sunset:{weight})", seed=seed, num_inference_steps=6, size="128x128")
                for seed in range(4)
            ]
            pixels = np.stack([one.pixels for one in drawn]).astype(np.float32)
            return float((pixels[..., 0] - pixels[..., 2]).mean())

        found = [redness(weight) for weight in (0, 1, 1.8)]
        assert found == sorted(found) and found[-1] > found[0] + 3, found

    def test_a_fact_in_the_second_window_acts(self, embedded: TextToImageModel):
        """Two hundred words, the hour of the day among the last: a sunset is redder than a noon."""
        filler = "a lake with pine trees, calm water, the shore is quiet, " * 17

        def redness(light: str) -> float:
            drawn = embedded.generate(filler + light, seed=2, num_inference_steps=6, size="128x128")
            pixels = drawn.pixels.astype(np.float32)
            return float((pixels[..., 0] - pixels[..., 2]).mean())

        assert len(filler.split()) > 180
        assert redness("at sunset") > redness("at noon") + 20


def test_pixels_become_bytes_with_frames_in_front():
    pixels = np.zeros((1, 3, 2, 4, 5), np.float32)
    pixels[0, 0, 1], pixels[0, 1, 0], pixels[0, 2] = 1.0, -1.0, 5.0
    frames = to_frames(pixels)
    assert frames.shape == (2, 4, 5, 3) and frames.dtype == np.uint8 and frames.flags.c_contiguous
    assert frames[1, 0, 0].tolist() == [255, 128, 255] and frames[0, 0, 0].tolist() == [128, 0, 255]


def test_what_is_not_finite_is_told_with_its_step():
    check_finite(np.zeros(3), 0, 0)
    for value in (np.nan, np.inf, -np.inf):
        with pytest.raises(NonFiniteError, match="latent frame 2 is not finite after step 5"):
            check_finite(np.array([0.0, value]), 2, 4)


@pytest.fixture
def shown() -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.9, 0.9, (1, 3, 1, 6, 5)).astype(np.float32)


def steps(group: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """The mean change from frame to frame, the step from the shown frame first."""
    return np.abs(np.diff(np.concatenate([shown, group], 2), axis=2)).mean((0, 1, 3, 4))


def test_a_still_clip_stays_as_it_is(shown):
    group = np.broadcast_to(shown, SHAPE)
    assert ease_in(group, shown) == pytest.approx(group)


def test_a_twitch_is_spread_evenly_and_never_grows(shown):
    group = np.broadcast_to(shown + 0.02, SHAPE).astype(np.float32)
    assert steps(group, shown) == pytest.approx([0.02, 0, 0, 0], abs=1e-6)
    eased = ease_in(group, shown)
    assert steps(eased, shown) == pytest.approx([0.004] * 4, abs=5e-4)
    assert np.abs(eased - group).max() < 0.02 and eased.dtype == np.float32


def test_steady_motion_is_kept(shown):
    drift = 0.01 * np.arange(1, 5, dtype=np.float32)[:, None, None]
    group = shown + drift
    assert ease_in(group, shown) == pytest.approx(group, abs=1e-6)


def test_large_steps_are_motion_and_stay(shown):
    group = np.broadcast_to(shown + 5 * LARGE_PIXEL_STEP, SHAPE)
    assert ease_in(group, shown) == pytest.approx(group, abs=1e-6)
