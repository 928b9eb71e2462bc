"""What weights, strengths and long prompts do: to the calls of the networks, and to pictures of the embedded model."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from mutoscope.advice import nearest

from mutoscope import TextToImageModel, TextToVideoModel
from mutoscope.checkpoint import Checkpoint, open_checkpoint
from mutoscope.pipeline import read, token_weights
from mutoscope.prompt.request import Request
from mutoscope.prompt.styles import styles
from mutoscope.runtime.onnx import OnnxRuntime
from mutoscope.tokenizer import Tokenizer

SMALL = {"size": "48x32", "num_inference_steps": 2, "seed": 1}
WINDOW = 48


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    """The embedded one."""
    return open_checkpoint(verify=False)


@pytest.fixture(scope="module")
def tokenizer(checkpoint: Checkpoint) -> Tokenizer:
    return Tokenizer.load(checkpoint.tokenizer_path)


@pytest.fixture(scope="module")
def embedded() -> TextToImageModel:
    return TextToImageModel(threads=1)


class Echo:
    """A text tower whose state of a token is its number."""

    def encode_text(self, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        return np.asarray(ids, np.float32)[..., None]


@pytest.fixture
def states(tokenizer: Tokenizer) -> Callable[..., np.ndarray]:
    """Return a function from a request to the states of its readings and its negative prompt, (R + 1, L)."""
    return lambda *asked, **more: read(Request(*asked, **more).numbered(0), Echo(), tokenizer, WINDOW).states[..., 0]


class TestReading:
    def test_a_plain_prompt_is_read_as_one_text(self, states, tokenizer: Tokenizer):
        (ids,) = tokenizer.windows("a lake, watercolor", WINDOW)
        rows = states("a lake", style="watercolor")
        assert rows[0].tolist() == ids and rows.shape[0] == 2

    def test_weights_scale_the_states_of_their_words_alone(self, states, tokenizer: Tokenizer):
        plain, weighted = states("a lake in fog, pines"), states("a lake in (fog:1.5), [pines]")
        ratio = weighted[0] / plain[0]
        (place,) = np.flatnonzero(plain[0] == tokenizer.ids("fog")[0])
        pines = np.isin(plain[0], tokenizer.ids("pines"))
        assert ratio[place] == pytest.approx(1.5) and ratio[pines] == pytest.approx(1 / 1.1)
        rest = ~pines
        rest[place] = False
        assert np.array_equal(weighted[0][rest], plain[0][rest])

    def test_weight_one_is_no_weight_and_zero_leaves_the_words_out(self, states):
        assert np.array_equal(states("a lake in (fog:1)"), states("a lake in fog"))
        assert np.array_equal(states("a lake (in fog:0)"), states("a lake "))
        assert states("(fog:0)").shape == (2, 2), "nothing but the marks of both ends"

    def test_weights_of_the_negative_prompt(self, states):
        plain, weighted = (states("a lake", negative_prompt=words)[1] for words in ("fog", "(fog:2)"))
        assert (weighted[:3] / plain[:3]).tolist() == [1, 2, 1]

    def test_weights_hold_across_windows(self, tokenizer: Tokenizer):
        words = [("lake " * 60, 1.0), ("fog " * 60, 1.5), ("pine", 1.0)]
        windows = tokenizer.windows(" ".join(text for text, _ in words), WINDOW)
        weights = token_weights(words, tokenizer, windows)
        ids = np.asarray([index for row in windows for index in row])
        assert len(windows) == 3 and np.array_equal(weights == 1.5, ids == tokenizer.ids("fog")[0])


class Counting(OnnxRuntime):
    """Remembers how many rows each velocity was asked for."""

    rows: list[int]

    def velocity(self, latents, *given, **more):
        self.rows.append(len(latents))
        return super().velocity(latents, *given, **more)


def counted(model, prompt: str, **asked) -> list[int]:
    """Return the rows of every call that a request takes."""
    runtime = Counting(model._checkpoint, 1)
    runtime.rows = []
    model.__dict__["_runtime"] = runtime
    model.generate(prompt, **SMALL, **asked)
    return runtime.rows


class TestCalls:
    def test_plain_pictures_cost_what_they_did(self, tiny_checkpoint: Path):
        model = TextToImageModel(tiny_checkpoint, threads=1)
        plain = counted(model, "a lake")
        assert plain == [2, 2] == counted(model, "a lake", style="anime") == counted(model, "(a lake:1.4), fog")
        assert counted(model, "a lake", style="anime:0.5") == [3, 3] == counted(model, "a lake", style="anime, clay")

    def test_clips_carry_every_reading_from_frame_to_frame(self, tiny_checkpoint: Path):
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

    def test_files_made_before_weights_are_made_again_as_they_were(self, tiny_checkpoint: Path):
        """A request of then has no word about weights: its brackets are read as the text they were."""
        model = TextToImageModel(tiny_checkpoint, threads=1)
        old = Request.from_json(
            Request("a {lake|sea} in (fog:1.4)", width=48, height=32, num_inference_steps=2).to_json()
        )
        (row,) = old.readings()
        assert row[1] == [("a {lake|sea} in (fog:1.4)", 1.0)] and model.redo(old).request.prompt == old.prompt


class TestPictures:
    """The embedded model, one look each; the figures over more seeds stand in dev/log.md."""

    def test_the_weight_of_a_sunset_reddens(self, embedded: TextToImageModel):
        def redness(weight: float) -> float:
            drawn = [
                embedded.generate(f"mountains, (sunset:{weight})", seed=seed, num_inference_steps=6, size="128x128")
                for seed in (0, 1)
            ]
            pixels = np.stack([one.pixels for one in drawn]).astype(np.float32)
            return float((pixels[..., 0] - pixels[..., 2]).mean())

        found = [redness(weight) for weight in (0, 0.4, 1, 1.8)]
        assert found == sorted(found) and found[-1] > found[0] + 3, found

    def test_a_fact_in_the_second_window_acts(self, embedded: TextToImageModel):
        """Two hundred words, the hour of the day among the last: a sunset is redder than a noon."""
        filler = "a lake with pine trees, calm water, the shore is quiet, " * 17

        def redness(light: str) -> float:
            pixels = embedded.generate(filler + light, seed=2, num_inference_steps=6).pixels.astype(np.float32)
            return float((pixels[..., 0] - pixels[..., 2]).mean())

        assert len(filler.split()) > 180
        assert redness("at sunset") > redness("at noon") + 20


class TestNearest:
    @pytest.mark.parametrize(
        ("word", "expected"),
        [
            ("montains", "mountains"),
            ("castle", "tower"),
            ("crimson", "red"),
            ("bay", "coast"),
            ("zyxgloop", ""),
            ("qq", ""),
        ],
    )
    def test_by_spelling_or_by_meaning(self, checkpoint: Checkpoint, tokenizer: Tokenizer, word: str, expected: str):
        known = frozenset("lake coast tower mountains red green light trees".split())
        assert nearest(word, known, checkpoint, tokenizer) == expected

    def test_warnings_name_it(self, tiny_checkpoint: Path):
        model = TextToImageModel(tiny_checkpoint, threads=1)
        (warning,) = model.generate("a lakke and a (sunsett:1.2)", **SMALL).warnings
        assert "'lakke' (nearest known: lake)" in warning and "'sunsett' (nearest known: sunset)" in warning
        assert model.generate("a (lake:1.2) at {noon|dawn}", **SMALL).warnings == ()

    def test_styles_that_a_model_was_never_shown(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_checkpoint: Path, embedded: TextToImageModel
    ):
        model = embedded
        shown = [name for name in styles() if name not in ("clay", "comic")]
        monkeypatch.setitem(model._checkpoint.card, "known_facts", {"style": shown})
        assert model.generate("a lake", style="anime, photo:0.2", **SMALL).warnings == ()
        (warning,) = model.generate("a lake", style="anime, clay:0.2, comic:0", **SMALL).warnings
        assert (
            "never shown the style 'clay'" in warning
            and "it knows: photo, watercolor" in warning
            and "comic" not in warning
        )
        (tmp_path / "styles.toml").write_text('[mine]\nwords = "zyxgloop"\n')
        monkeypatch.setenv("MUTOSCOPE_CONFIG", str(tmp_path))
        (warning,) = TextToImageModel(tiny_checkpoint, threads=1).generate("a lake", style="mine", **SMALL).warnings
        assert "never shown the style 'mine'" in warning

    def test_what_a_checkpoint_says_it_was_shown_counts_more_than_words(self, checkpoint: Checkpoint):
        from mutoscope.advice import strange_styles

        facts = SimpleNamespace(card={"known_facts": {"style": ["anime"]}}, known_words=frozenset({"photo"}), name="m")
        assert strange_styles(Request("a lake", style="anime, photo"), facts) == ["photo"]
