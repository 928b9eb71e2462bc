"""The two classes, on a tiny model with random weights: same request, same bytes; events; refusals before any work."""

import inspect
import json
import subprocess
import sys
from collections.abc import Generator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mutoscope import TextToImageModel, TextToVideoModel
from mutoscope.checkpoint import card_digest, file_hash
from mutoscope.engines.checkpoint import CheckpointEngine
from mutoscope.errors import (
    CheckpointError,
    MutoscopeError,
    NonFiniteError,
    PromptError,
    SettingError,
    SizeError,
    StyleError,
)
from mutoscope.events import Event
from mutoscope.media import read_info, read_pixels
from mutoscope.models import Clip, Picture
from mutoscope.options import MAX_COUNT
from mutoscope.prompt.request import Request
from mutoscope.sizing import count_frames

PROMPT = "a lake at sunset"
SMALL = {"size": "48x32", "num_inference_steps": 3}


def shown(made: Picture | Clip) -> np.ndarray:
    return made.pixels if isinstance(made, Picture) else made.frames


class TestPictures:
    def test_the_same_request_gives_the_same_bytes(self, painter: TextToImageModel, tiny_checkpoint: Path):
        one = painter.generate(PROMPT, seed=7)
        other = TextToImageModel(tiny_checkpoint, threads=1).generate(PROMPT, seed=7)
        assert one.pixels.shape == (256, 256, 3) and one.pixels.dtype == np.uint8 and one.request == other.request
        assert one.pixels.tobytes() == other.pixels.tobytes()
        assert not np.array_equal(one.pixels, painter.generate(PROMPT, seed=8).pixels)

    @pytest.mark.parametrize(
        "change",
        [
            {"negative_prompt": "a desert"}, {"style": "anime"}, {"guidance_scale": 1.0}, {"num_inference_steps": 4},
            {"size": "32x48"}, {"seed": 2},
        ],
        ids=lambda change: next(iter(change)),
    )  # fmt: skip
    def test_every_argument_matters(self, painter: TextToImageModel, change: dict):
        base = {**SMALL, "seed": 1, "guidance_scale": 5.0}
        one, other = painter.generate(PROMPT, **base), painter.generate(PROMPT, **{**base, **change})
        assert one.request != other.request
        assert one.pixels.shape != other.pixels.shape or not np.array_equal(one.pixels, other.pixels)

    def test_each_of_four_can_be_made_again_alone(self, painter: TextToImageModel):
        pictures = painter.generate(PROMPT, seed=5, num_images_per_prompt=4, **SMALL)
        assert [picture.request.index for picture in pictures] == [0, 1, 2, 3]
        for picture in pictures:
            assert np.array_equal(painter.redo(picture.request).pixels, picture.pixels)
        assert len({picture.pixels.tobytes() for picture in pictures}) == 4
        assert np.array_equal(pictures[0].pixels, painter.generate(PROMPT, seed=5, **SMALL).pixels)

    def test_a_seed_is_drawn_and_written_down(self, painter: TextToImageModel):
        one, other = painter.generate(PROMPT, **SMALL), painter.generate(PROMPT, **SMALL)
        assert one.request.seed != other.request.seed
        assert np.array_equal(painter.redo(one.request).pixels, one.pixels)

    @pytest.mark.parametrize(
        ("asked", "shape"),
        [
            ({}, (256, 256)), ({"size": "square"}, (256, 256)), ({"size": "3:2"}, (256, 384)), ({"size": "192x128"}, (128, 192)),
            ({"width": 64}, (128, 64)), ({"width": 64, "height": 32}, (32, 64)),
        ],
    )  # fmt: skip
    def test_sizes(self, painter: TextToImageModel, asked: dict, shape: tuple[int, int]):
        assert painter.generate(PROMPT, num_inference_steps=1, **asked).pixels.shape == (*shape, 3)

    def test_a_picture_of_the_usual_size_can_be_drawn_anew_in_part(self, painter: TextToImageModel):
        whole = painter.generate(PROMPT, seed=1, num_inference_steps=1)
        mask = np.zeros((256, 256), np.uint8)
        mask[120:200, 120:200] = 255
        mended = painter.generate("a red sky", image=whole, mask_image=mask, seed=2, num_inference_steps=1)
        assert mended.request.draft is None and mended.pixels.shape == whole.pixels.shape
        assert np.array_equal(mended.pixels[:90], whole.pixels[:90])

    def test_unknown_words_are_named_and_drawn_all_the_same(self, painter: TextToImageModel):
        picture = painter.generate("A lake with zyxgloop and Kwyjibos, 7 km wide", **SMALL)
        (warning,) = picture.warnings
        assert "'zyxgloop'" in warning and "'kwyjibos'" in warning and "'lake'" not in warning
        assert painter.generate("a serene lake", **SMALL).warnings == ()
        (many,) = painter.generate(" ".join(f"q{letter}q" for letter in "abcdefghijkl"), **SMALL).warnings
        assert "and 4 more" in many

    @pytest.mark.parametrize("prompt", ["湖の夕焼け", "🙂", "a " * 5000, "\u202elake", "x" * 20_000, "1234"])
    def test_odd_prompts_are_drawn(self, painter: TextToImageModel, prompt: str):
        assert painter.generate(prompt, size="32x32", num_inference_steps=1).pixels.shape == (32, 32, 3)

    def test_a_notebook_shows_it(self, painter: TextToImageModel):
        picture = painter.generate(PROMPT, **SMALL)
        assert picture._repr_png_().startswith(b"\x89PNG") and picture.pil.size == (48, 32)


class TestVariations:
    def test_zero_is_the_same_and_one_is_the_other_seed(self, painter: TextToImageModel, filmer: TextToVideoModel):
        for model, more in ((painter, {}), (filmer, {"num_frames": 9})):
            asked = {**SMALL, **more}
            none, own = (model.generate(PROMPT, seed=5, **given, **asked) for given in ({"variation": 0.0}, {}))
            assert none.request == own.request and shown(none).tobytes() == shown(own).tobytes()
            whole = model.generate(PROMPT, seed=5, variation=1.0, variation_seed=6, **asked)
            assert np.array_equal(shown(whole), shown(model.generate(PROMPT, seed=6, **asked)))

    def test_the_distance_grows_with_the_share(self, painter: TextToImageModel):
        made = [
            painter.generate(PROMPT, seed=5, variation=share, variation_seed=6, **SMALL).pixels.astype(float)
            for share in (0.0, 0.1, 0.25, 0.5, 1.0)
        ]
        distances = [np.square(pixels - made[0]).mean() for pixels in made]
        assert distances == sorted(set(distances)) and distances[1] < distances[-1] / 8

    def test_several_are_variations_of_one(self, painter: TextToImageModel):
        made = painter.generate(
            PROMPT, seed=5, variation=0.3, variation_seed=2**32 - 1, num_images_per_prompt=3, **SMALL
        )
        assert [(p.request.index, p.request.variation_seed) for p in made] == [(0, 2**32 - 1), (0, 0), (0, 1)]
        assert len({picture.pixels.tobytes() for picture in made}) == 3
        for picture in made:
            assert np.array_equal(painter.redo(picture.request).pixels, picture.pixels)

    def test_a_direction_is_drawn_and_written_down(self, painter: TextToImageModel):
        one, other = (painter.generate(PROMPT, seed=5, variation=0.3, **SMALL) for _ in range(2))
        assert one.request.variation_seed != other.request.variation_seed
        assert "variation" not in painter.generate(PROMPT, seed=5, **SMALL).request.to_json()


def test_pictures_of_before_are_made_again(root: Path):
    """The pictures of the README come back to the byte on their own kind of machine, and near it on any."""
    path = root / "docs" / "pictures" / "lake_sunset.png"
    request, model = Request.from_json(read_info(path)["request_json"]), TextToImageModel(threads=1)
    assert request.model_hash == model.engine.capabilities.hash, (
        "made by another checkpoint; draw it again: scripts/pictures"
    )
    again = model.redo(request).pixels.astype(int)
    assert np.abs(again - read_pixels(path)).max() <= 3


class TestClips:
    def test_five_seconds_are_sixty_frames(self, filmer: TextToVideoModel, tmp_path: Path):
        clip = filmer.generate(PROMPT, duration_seconds=5, size="32x32", num_inference_steps=1, seed=1)
        assert clip.frames.shape == (60, 32, 32, 3) and clip.fps == 12 and clip.duration_seconds == 5.0
        path = clip.save(tmp_path / "clip.mp4")
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            assert stream.codec_context.name == "h264" and stream.average_rate == 12 and stream.frames == 60
            assert stream.duration is not None and stream.time_base is not None
            assert stream.duration * stream.time_base == Fraction(5)
            assert container.duration == 5 * av.time_base
        facts = read_info(path)
        assert (facts["frames"], facts["fps"], facts["duration_seconds"]) == (60, 12, 5.0)

    def test_the_same_request_gives_the_same_bytes(self, filmer: TextToVideoModel):
        one, other = (filmer.generate(PROMPT, num_frames=9, seed=2, **SMALL) for _ in range(2))
        assert one.frames.tobytes() == other.frames.tobytes() and one.request == other.request
        assert not np.array_equal(one.frames[0], one.frames[-1])

    def test_a_longer_clip_begins_like_the_shorter_one(self, filmer: TextToVideoModel):
        short, long = (filmer.generate(PROMPT, num_frames=n, seed=2, **SMALL).frames for n in (7, 41))
        assert short.shape[0] == 7 and long.shape[0] == 41
        assert np.array_equal(short, long[:7])

    def test_several_at_once(self, filmer: TextToVideoModel):
        clips = filmer.generate(PROMPT, num_frames=5, num_videos_per_prompt=2, seed=3, **SMALL)
        assert [clip.request.index for clip in clips] == [0, 1]
        assert np.array_equal(filmer.redo(clips[1].request).frames, clips[1].frames)
        assert not np.array_equal(clips[0].frames, clips[1].frames)

    def test_a_notebook_shows_it(self, filmer: TextToVideoModel):
        html = filmer.generate(PROMPT, num_frames=2, **SMALL)._repr_html_()
        assert html.startswith('<video src="data:video/mp4;base64,')

    @pytest.mark.parametrize(
        ("seconds", "fps", "frames"), [(5, 12, 60), (0.167, 12, 2), (2 / 12, 12, 2), (1, 24, 24), (2.5, 8, 20)]
    )
    def test_lengths(self, seconds: float, fps: int, frames: int):
        assert count_frames(seconds, None, fps) == frames

    @pytest.mark.parametrize(
        "asked",
        [
            {"duration_seconds": -1}, {"duration_seconds": 0.01}, {"duration_seconds": 0}, {"duration_seconds": float("nan")},
            {"duration_seconds": float("inf")}, {"duration_seconds": "5"}, {"duration_seconds": True},
            {"duration_seconds": 1e300}, {"num_frames": 1}, {"num_frames": 2.5}, {"num_frames": 10**9}, {"fps": 0},
            {"fps": 12.5}, {"fps": 10**6}, {"fps": True}, {"num_frames": 9, "duration_seconds": 1},
        ],
        ids=str,
    )  # fmt: skip
    def test_refused_lengths(self, filmer: TextToVideoModel, asked: dict):
        with pytest.raises(SizeError):
            filmer.generate(PROMPT, **asked)


class TestEvents:
    def phases(self, events: list[Event]) -> list[str]:
        return list(dict.fromkeys(event.phase for event in events))

    @pytest.mark.parametrize("moves", [False, True])
    def test_in_order_and_monotone(self, painter, filmer, moves: bool):
        job = filmer.stream(PROMPT, num_frames=9, **SMALL) if moves else painter.stream(PROMPT, **SMALL)
        events = list(job)
        assert self.phases(events) == ["load", "text", "draw", "done"]
        names = [event.phase for event in events]
        assert names == sorted(names, key=["load", "text", "draw", "done"].index)
        for phase in ("load", "text", "draw"):
            steps = [event.step for event in events if event.phase == phase]
            totals = {event.total for event in events if event.phase == phase}
            assert steps == sorted(steps) and set(steps) == set(range(steps[-1] + 1)) and totals == {steps[-1]}
        assert [event.result is not None for event in events] == [False] * (len(events) - 1) + [True]
        assert isinstance(events[-1].result, Clip if moves else Picture)
        assert all(event.seconds_left is None or event.seconds_left >= 0 for event in events)

    def test_previews(self, painter: TextToImageModel):
        events = list(painter.stream(PROMPT, size="48x32", num_inference_steps=8))
        previews = [event.preview for event in events if event.preview is not None]
        assert previews and all(p.shape == (32, 48, 3) and p.dtype == np.uint8 for p in previews)
        plain = painter.generate(PROMPT, size="48x32", num_inference_steps=8, seed=events[-1].result.request.seed)
        assert np.array_equal(plain.pixels, events[-1].result.pixels)  # looking changes nothing

    def test_closing_stops_early(self, painter: TextToImageModel, monkeypatch: pytest.MonkeyPatch):
        calls = []
        assert isinstance(painter.engine, CheckpointEngine)
        runtime = painter.engine.runtime
        real = runtime.velocity
        monkeypatch.setattr(runtime, "velocity", lambda *given: calls.append(1) or real(*given))
        job = painter.stream(PROMPT, size="32x32", num_inference_steps=50)
        for event in job:
            if event.phase == "draw" and event.step == 2:
                break
        assert isinstance(job, Generator)
        job.close()
        assert len(calls) < 10 and list(job) == []

    def test_the_callback_hears_everything(self, painter: TextToImageModel):
        heard: list[Event] = []
        picture = painter.generate(PROMPT, callback=heard.append, **SMALL)
        assert self.phases(heard) == ["load", "text", "draw", "done"] and heard[-1].result is picture

    def test_generate_and_stream_take_the_same(self):
        for model in (TextToImageModel, TextToVideoModel):
            one, other = (set(inspect.signature(f).parameters) for f in (model.generate, model.stream))
            assert one - other == {"callback"} and not other - one

    def test_a_callback_sees_the_picture_so_far_if_asked(self, painter: TextToImageModel):
        for preview in (False, True):
            heard: list[Event] = []
            painter.generate(PROMPT, callback=heard.append, preview=preview, size="48x32", num_inference_steps=8)
            assert any(event.preview is not None for event in heard) is preview


class TestFiles:
    """save -> read_info -> Request.from_json -> redo gives the same pixels."""

    def test_picture(self, painter: TextToImageModel, tmp_path: Path):
        picture = painter.generate("a läke \U0001f642 at \u201csunset\u201d", seed=4, style="ink wash", **SMALL)
        path = picture.save(tmp_path / "a.png")
        again = painter.redo(Request.from_json(read_info(path)["request_json"]))
        assert again.request == picture.request
        assert np.array_equal(again.pixels, picture.pixels) and np.array_equal(read_pixels(path), again.pixels)
        assert "Negative prompt" not in read_info(path)["parameters"] and "Seed: 4" in read_info(path)["parameters"]

    @pytest.mark.parametrize("ending", [".mp4", ".webp", ".gif", ".webm"])
    def test_clip(self, filmer: TextToVideoModel, tmp_path: Path, ending: str):
        clip = filmer.generate(PROMPT, num_frames=6, fps=10, seed=4, negative_prompt="fog", **SMALL)
        path = clip.save(tmp_path / f"a{ending}")
        again = filmer.redo(Request.from_json(read_info(path)["request_json"]))
        assert again.request == clip.request and np.array_equal(again.frames, clip.frames)
        assert read_pixels(path).shape == clip.frames.shape

    def test_the_same_file_twice(self, painter: TextToImageModel, filmer: TextToVideoModel, tmp_path: Path):
        results = (painter.generate(PROMPT, seed=4, **SMALL), filmer.generate(PROMPT, num_frames=5, seed=4, **SMALL))
        for result, ending in zip(results, (".png", ".mp4"), strict=True):
            one, other = (result.save(tmp_path / f"{name}{ending}").read_bytes() for name in "ab")
            assert one == other

    def test_redo_of_the_other_kind(self, painter: TextToImageModel, filmer: TextToVideoModel):
        with pytest.raises(SettingError, match="TextToVideoModel"):
            painter.redo(Request("a lake", num_frames=9))
        with pytest.raises(SettingError, match="TextToImageModel"):
            filmer.redo(Request("a lake"))


class TestRefused:
    """Refused before any model work: the runtime is never made, and `stream` says so before the first event."""

    CASES = [
        ({"prompt": ""}, PromptError),
        ({"prompt": " \n"}, PromptError),
        ({"prompt": "x" * 100_000}, PromptError),
        ({"prompt": "a\0b"}, PromptError),
        ({"prompt": "\ud800"}, PromptError),
        ({"prompt": None}, PromptError),
        ({"prompt": b"lake"}, PromptError),
        ({"negative_prompt": "\udfff"}, PromptError),
        ({"style": "watercolr"}, StyleError),
        ({"style": 7}, StyleError),
        ({"width": 0}, SizeError),
        ({"height": -8}, SizeError),
        ({"width": 129}, SizeError),
        ({"width": 100_000}, SizeError),
        ({"width": 128.0}, SizeError),
        ({"width": True}, SizeError),
        ({"size": "huge"}, SizeError),
        ({"size": "9999999x16"}, SizeError),
        ({"size": 128}, SizeError),
        ({"size": "square", "width": 128}, SizeError),
        ({"num_inference_steps": 0}, SettingError),
        ({"num_inference_steps": 10**9}, SettingError),
        ({"num_inference_steps": 1.5}, SettingError),
        ({"guidance_scale": float("nan")}, SettingError),
        ({"guidance_scale": -1}, SettingError),
        ({"guidance_scale": "3"}, SettingError),
        ({"seed": -1}, SettingError),
        ({"seed": 2**32}, SettingError),
        ({"seed": 1.5}, SettingError),
    ]

    @pytest.mark.parametrize(("asked", "error"), CASES, ids=[str(asked)[:40] for asked, _ in CASES])
    @pytest.mark.parametrize("kind", [TextToImageModel, TextToVideoModel])
    def test_before_any_work(self, tiny_checkpoint: Path, kind: type, asked: dict, error: type[Exception]):
        model = kind(tiny_checkpoint)
        asked = {"prompt": PROMPT, **asked}
        with pytest.raises(error) as caught:
            model.stream(asked.pop("prompt"), **asked)
        assert isinstance(caught.value, ValueError) and "\n" not in str(caught.value) and len(str(caught.value)) < 500
        assert "runtime" not in vars(model.engine)

    def test_words_that_help(self, painter: TextToImageModel):
        with pytest.raises(StyleError, match=r"did you mean 'watercolor'"):
            painter.generate(PROMPT, style="watercolr")
        with pytest.raises(SizeError, match="use 128 or 144"):
            painter.generate(PROMPT, width=129)

    @pytest.mark.parametrize(
        ("wrong", "near"),
        [({"stepz": 3}, "did you mean"), ({"negativ_prompt": "fog"}, "did you mean 'negative_prompt'"), ({"sise": "wide"}, "'size'"),
         ({"num_videos_per_prompt": 2}, "did you mean 'num_images_per_prompt'"), ({"qqq": 1}, "unexpected argument 'qqq'")],
    )  # fmt: skip
    def test_unknown_arguments_name_the_nearest(self, painter: TextToImageModel, wrong: dict, near: str):
        for call in (painter.generate, painter.stream, painter.options):
            with pytest.raises(TypeError, match=near):
                call(PROMPT, **wrong)

    @pytest.mark.parametrize("number", [0, -1, 1.0, True, MAX_COUNT + 1])
    def test_numbers(self, painter: TextToImageModel, filmer: TextToVideoModel, number):
        with pytest.raises(SettingError, match="num_images_per_prompt"):
            painter.generate(PROMPT, num_images_per_prompt=number)
        with pytest.raises(SettingError, match="num_videos_per_prompt"):
            filmer.generate(PROMPT, num_videos_per_prompt=number)

    def test_checkpoints(self, tmp_path: Path, copied_checkpoint: Path):
        with pytest.raises(CheckpointError, match="nowhere"):
            TextToImageModel(tmp_path / "nowhere")
        (copied_checkpoint / "weights.safetensors").write_bytes(b"")
        with pytest.raises(CheckpointError, match=r"weights\.safetensors"):
            TextToVideoModel(copied_checkpoint)

    @pytest.mark.parametrize(
        "change",
        [
            {"colour": "red"}, {"seed": -1}, {"seed": 1e3}, {"width": "128"}, {"prompt": 5}, {"style": ["anime"]},
            {"model": 7}, {"model_hash": None}, {"sampler": "eulr"}, {"sampler": []}, {"sampler_version": "1"},
            {"guidance_scale": None}, {"num_frames": 10**12}, {"index": -1},
        ],
        ids=str,
    )  # fmt: skip
    def test_edited_requests(self, change: dict):
        values = {**json.loads(Request("a lake").to_json()), **change}
        with pytest.raises(ValueError, match=next(iter(change)).partition("_")[0]):
            Request.from_json(json.dumps(values))

    @pytest.mark.parametrize("text", ["", "{}", "[]", "null", "[" * 100_000, '{"prompt": NaN}', "\0"])
    def test_requests_that_are_none(self, text: str):
        with pytest.raises(MutoscopeError):
            Request.from_json(text)


@pytest.mark.parametrize("part", ["text.words.weight", "transformer.embed.weight", "codec.decoder.linear.weight"])
def test_nan_in_the_weights_is_told(copied_checkpoint: Path, part: str):
    from safetensors.numpy import load_file, save_file

    path = copied_checkpoint / "weights.safetensors"
    tensors = load_file(path)
    if part + "::scale" in tensors:
        tensors[part + "::scale"][:] = np.nan
    else:
        tensors[part][:] = np.nan
    save_file(tensors, path)
    card = json.loads((copied_checkpoint / "config.json").read_text())
    card["sha256"]["weights.safetensors"] = file_hash(path)
    card["digest"] = card_digest(card)
    (copied_checkpoint / "config.json").write_text(json.dumps(card))
    with pytest.raises(NonFiniteError, match="not finite"):
        TextToImageModel(copied_checkpoint).generate(PROMPT, **SMALL)


def test_drawing_does_without_torch(tiny_checkpoint: Path, tmp_path: Path):
    """A picture and a clip, saved, in a Python where torch cannot be imported; nothing else heavy comes in either."""
    code = f"""
import sys
sys.modules["torch"] = None
from model import TextToImageModel, TextToVideoModel
small = dict(size="32x32", num_inference_steps=2, seed=1)
TextToImageModel({str(tiny_checkpoint)!r}).generate("a lake", **small).save("a.png")
TextToVideoModel({str(tiny_checkpoint)!r}).generate("a lake", num_frames=5, **small).save("a.mp4")
del sys.modules["torch"]
print(sorted(set(sys.modules) & {{"torch", "onnx", "transformers", "tokenizers", "scipy", "pandas"}}))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout == "[]\n" and done.stderr == "", done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", "a.mp4"}


def test_the_names_of_the_first_readme():
    import model

    assert model.TextToImageModel is TextToImageModel and model.TextToVideoModel is TextToVideoModel
