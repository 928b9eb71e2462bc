"""Engines: the protocol filled by one that only colours frames, and what the checkpoint engine says of words and styles."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mutoscope import TextToImageModel, TextToVideoModel
from mutoscope.capabilities import Capabilities, find_no_typo, refuse_adapters
from mutoscope.checkpoint import Checkpoint, open_checkpoint
from mutoscope.cli import main
from mutoscope.engines import EngineSettings, open_engine
from mutoscope.engines.base import Drawn, Engine
from mutoscope.engines.checkpoint import FEW_STEP_DEFAULTS, CheckpointEngine
from mutoscope.engines.unknown import KnownWords, nearest
from mutoscope.errors import CheckpointError, SettingError
from mutoscope.events import Event, Phase
from mutoscope.init_image import InitImage
from mutoscope.media import read_pixels
from mutoscope.prompt.request import Request
from mutoscope.prompt.styles import styles
from mutoscope.tokenizer import Tokenizer

SMALL: Any = {"size": "48x32", "num_inference_steps": 2, "seed": 1}


class Colors:
    """An engine without networks: each frame in one colour that seed and index decide. Stops when told to."""

    def __init__(self, stop_at: int = -1):
        self.capabilities = Capabilities("colors", "c0", image_steps=None, clip_steps=None, guidance_scale=None, sampler="",
                                         negative_prompt=False, init_image=False, variation=False, refines=False)  # fmt: skip
        self.stop_at = stop_at
        self.drawn: list[Request] = []

    def draw(self, request: Request, init_image: InitImage | None = None, preview: bool = False) -> Iterator[Event]:
        if len(self.drawn) == self.stop_at:
            raise KeyboardInterrupt
        self.drawn.append(request)
        phase = Phase("colour", request.num_frames)
        yield phase.start()
        frames = np.empty((request.num_frames, request.height, request.width, 3), np.uint8)
        for number in range(request.num_frames):
            frames[number] = (request.seed % 256, request.index, number)
            yield phase.advance(preview=frames[number] if preview else None)
        yield Event("done", 1, 1, 0.0, result=Drawn(frames, ("coloured",)))


@pytest.fixture
def colors(monkeypatch: pytest.MonkeyPatch) -> Colors:
    """The only engine there is."""
    engine = Colors()
    monkeypatch.setattr("mutoscope.models.open_engine", lambda *given: engine)
    return engine


class TestAnyEngine:
    def test_a_class_fills_the_protocol(self, colors: Colors):
        engine: Engine = colors
        assert set(inspect.signature(Engine.draw).parameters) - {"self"} == set(
            inspect.signature(engine.draw).parameters
        )

    def test_pictures(self, colors: Colors):
        pictures = TextToImageModel().generate("a lake", seed=300, num_images_per_prompt=3, size="64x48")
        assert [picture.pixels[0, 0].tolist() for picture in pictures] == [[44, index, 0] for index in range(3)]
        assert all(picture.pixels.shape == (48, 64, 3) and picture.warnings == ("coloured",) for picture in pictures)
        assert [picture.request for picture in pictures] == colors.drawn
        assert pictures[0].request.model == "colors" and pictures[0].request.num_inference_steps == 0

    def test_clips_and_their_events(self, colors: Colors):
        events = list(TextToVideoModel().stream("waves", num_frames=4, size="32x32", seed=1))
        assert [event.phase for event in events] == ["colour"] * 5 + ["done"]
        assert events[-1].result.frames[:, 0, 0, 2].tolist() == [0, 1, 2, 3]
        assert [event.preview is not None for event in events[1:-1]] == [True] * 4

    def test_what_it_does_not_take_is_refused_before_it_draws(self, colors: Colors):
        model = TextToImageModel()
        refused: tuple[dict[str, Any], ...] = (
            {"num_inference_steps": 4}, {"guidance_scale": 2.0}, {"negative_prompt": "fog"}, {"variation": 0.2},
            {"image": np.zeros((64, 64, 3), np.uint8)}, {"adapter": "one"},
        )  # fmt: skip
        for asked in refused:
            with pytest.raises(SettingError):
                model.stream("a lake", **asked)
        assert colors.drawn == []

    def test_files_are_made_again(self, colors: Colors, tmp_path: Path):
        model = TextToImageModel()
        picture = model.generate("a lake", seed=9, size="64x48")
        assert np.array_equal(model.redo(Request.from_json(picture.request.to_json())).pixels, picture.pixels)
        assert np.array_equal(read_pixels(picture.save(tmp_path / "a.png")), picture.pixels)


class TestInterrupted:
    """What is finished is on the disk when a later one is stopped."""

    @pytest.mark.parametrize(("verb", "ending"), [("image", "png"), ("video", "gif")])
    def test_several_at_once(self, colors: Colors, tmp_path: Path, monkeypatch, capsys, verb: str, ending: str):
        monkeypatch.chdir(tmp_path)
        colors.stop_at = 2
        more = ["--frames", "3"] if verb == "video" else []
        assert main([verb, "a lake", "-n", "3", "-o", f"a.{ending}", "--seed", "5", "--size", "32", *more]) == 130
        shown = capsys.readouterr()
        assert sorted(path.name for path in tmp_path.iterdir()) == [f"a-0.{ending}", f"a-1.{ending}"]
        assert (
            shown.out.split() == [f"a-0.{ending}", f"a-1.{ending}"]
            and shown.err.splitlines()[-1] == "mutoscope: stopped"
        )
        assert all(read_pixels(tmp_path / f"a-{index}.{ending}").size for index in range(2))

    def test_a_recipe(self, colors: Colors, tmp_path: Path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        colors.stop_at = 2
        plan = 'title = "t"\n[all]\nsize = "32x32"\nseed = 5\n'
        plan += "".join(f'[[picture]]\nname = "p{number}"\nprompt = "a lake"\n' for number in range(4))
        Path("mine.toml").write_text(plan)
        assert main(["recipe", "mine.toml", "-o", "out"]) == 130
        assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["p0.png", "p1.png"]
        assert len(capsys.readouterr().out.split()) == 2

    def test_a_failure_is_no_different(self, colors: Colors, tmp_path: Path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        real = colors.draw

        def draw(request: Request, *given: Any) -> Iterator[Event]:
            if request.index == 1:
                raise CheckpointError("broken")
            yield from real(request, *given)

        colors.draw = draw  # type: ignore[method-assign]  # what is tested
        assert main(["image", "a lake", "-n", "3", "-o", "a.png", "--size", "32"]) == 1
        assert [path.name for path in tmp_path.iterdir()] == ["a-0.png"] and "broken" in capsys.readouterr().err


class TestCapabilities:
    def test_names_of_facts_are_known_word_by_word(self):
        few = Capabilities("few", "1", known_words=frozenset({"blue", "hour"}))
        assert few.knows("blue hour") and few.knows("") and not few.knows("blue lake")
        assert Capabilities("all", "1").knows("anything at all")

    def test_styles_by_name_where_the_model_says(self):
        told = Capabilities("told", "1", trained_styles=frozenset({"anime"}), known_words=frozenset({"photo"}))
        assert told.knows_style("anime", "zyx", True) and not told.knows_style("photo", "photo", True)
        assert told.knows_style("photo", "photo", False) and not told.knows_style("anime", "anime", False)

    def test_defaults_that_refuse(self):
        assert refuse_adapters(()) == () and not find_no_typo("lakke")
        with pytest.raises(SettingError, match="'one'"):
            refuse_adapters((("one", 1.0),))

    def test_of_checkpoints(self, tiny_checkpoint: Path, few_step_checkpoint: Path):
        usual, few = (CheckpointEngine(folder).capabilities for folder in (tiny_checkpoint, few_step_checkpoint))
        checkpoint = open_checkpoint(tiny_checkpoint)
        assert (usual.name, usual.hash, usual.known_words) == (checkpoint.name, checkpoint.hash, checkpoint.known_words)
        assert {name: getattr(few, name) for name in FEW_STEP_DEFAULTS} == FEW_STEP_DEFAULTS
        assert few.image_steps == 4 and not few.negative_prompt and usual.image_steps == 12 and usual.negative_prompt

    def test_int8_draws_its_own_pixels_again_and_finished_styles_in_fp32(self, tiny_checkpoint: Path):
        exact, coarse = (TextToImageModel(tiny_checkpoint, threads=1, precision=name) for name in ("fp32", "int8"))
        one, other = (model.generate("a lake", **SMALL) for model in (exact, coarse))
        assert (one.request.precision, other.request.precision) == ("fp32", "int8") and other.warnings == ()
        assert not np.array_equal(one.pixels, other.pixels)
        for model in (exact, coarse):  # each is made again in the precision of its request
            assert np.array_equal(model.redo(other.request).pixels, other.pixels)
            assert np.array_equal(model.redo(one.request).pixels, one.pixels)
        poly = [model.generate("a lake", style="low poly", **SMALL) for model in (exact, coarse)]
        assert np.array_equal(poly[0].pixels, poly[1].pixels) and poly[0].request == poly[1].request
        said = "drawn in fp32, not int8: triangulate makes large differences of small ones"
        assert said in poly[1].warnings and said not in poly[0].warnings

    @pytest.mark.parametrize(
        ("asked", "words"),
        [({"precision": "int3"}, "must be fp32 or int8, got 'int3'"),
         ({"precision": "int8", "runtime": "torch"}, "is of the runtime onnx, got runtime 'torch'"),
         ({"precision": "int8", "model": "world"}, "precision of world must be fp32, got 'int8'")],
    )  # fmt: skip
    def test_precisions_that_are_refused(self, tiny_checkpoint: Path, asked: dict[str, Any], words: str):
        with pytest.raises(SettingError, match=words):
            model = asked.pop("model", tiny_checkpoint)
            open_engine(model, EngineSettings(**asked))

    def test_reading_them_loads_no_weights(self, tiny_checkpoint: Path):
        engine = CheckpointEngine(tiny_checkpoint)
        assert engine.capabilities.native_side == engine.checkpoint.native_side and "runtime" not in vars(engine)

    def test_embedded_is_the_default(self):
        none, named = open_engine(), open_engine("embedded")
        assert none.capabilities.hash == named.capabilities.hash == open_checkpoint().hash


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    """The embedded one."""
    return open_checkpoint(verify=False)


@pytest.fixture(scope="module")
def tokenizer(checkpoint: Checkpoint) -> Tokenizer:
    return Tokenizer.load(checkpoint.tokenizer_path)


class TestKnownWords:
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
    def test_nearest_by_spelling_or_by_meaning(
        self, checkpoint: Checkpoint, tokenizer: Tokenizer, word: str, expected: str
    ):
        known = frozenset("lake coast tower mountains red green light trees".split())
        assert nearest(word, known, checkpoint, tokenizer) == expected

    def test_warnings_name_it(self, painter: TextToImageModel):
        (warning,) = painter.generate("a lakke and a (sunsett:1.2)", **SMALL).warnings
        assert "'lakke' (nearest known: lake)" in warning and "'sunsett' (nearest known: sunset)" in warning
        assert painter.generate("a (lake:1.2) at {noon|dawn}", **SMALL).warnings == ()

    def test_a_typo_is_read_as_the_nearest_word_and_no_other_word_is(self):
        model = TextToImageModel()
        read = {prompt: {fact.name for fact in model.requests(model.options(prompt, seed=1))[0].facts}
                for prompt in ("lighthose at sunst", "lighthouse at sunset", "crimson castle")}  # fmt: skip
        assert read["lighthose at sunst"] == read["lighthouse at sunset"] == {"lighthouse", "sunset"}
        known = model.engine.capabilities
        assert known.may_be_typo("sunst") and not known.may_be_typo("sunset") and not known.may_be_typo("castle")

    def test_styles_that_a_model_was_never_shown(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_checkpoint: Path
    ):
        model = TextToImageModel(threads=1)
        shown = [name for name in styles() if name not in ("clay", "comic")]
        monkeypatch.setitem(model.engine.checkpoint.card, "known_facts", {"style": shown})  # type: ignore[attr-defined]  # of this engine
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

    def test_what_a_checkpoint_says_it_was_shown_counts_more_than_words(self):
        facts: Any = SimpleNamespace(
            card={"known_facts": {"style": ["anime"]}}, known_words=frozenset({"photo"}), name="m"
        )
        known = KnownWords(facts, lambda: pytest.fail("not needed"))
        assert known.knows_style("anime", "anime") and not known.knows_style("photo", "photo")
        assert known.knows_style("photo", "photo") is False and known.knows_style("mine", "photo") is True
        assert known.trained_styles == frozenset({"anime"})


def test_a_changed_file_of_the_embedded_model_is_told_before_anything_is_drawn(
    copied_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("mutoscope.checkpoint.EMBEDDED", copied_checkpoint)
    path = copied_checkpoint / "graphs" / "velocity.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    model = TextToImageModel(threads=1)
    for _ in range(2):
        with pytest.raises(CheckpointError, match=r"velocity\.onnx: the file was changed or cut"):
            model.generate("a lake", size="32x32")
