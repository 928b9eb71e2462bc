"""From what was asked to a request: every default and every rule once, the same for Python and the command line."""

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mutoscope import TextToImageModel, TextToVideoModel
from mutoscope.capabilities import FPS, Capabilities
from mutoscope.cli import main
from mutoscope.errors import RequestError, SettingError, SizeError, StyleError
from mutoscope.init_image import InitImage
from mutoscope.options import (
    MAX_COUNT,
    ImageOptions,
    Options,
    VideoOptions,
    build_request,
    build_requests,
    image_options,
    options_of,
    parse_adapters,
    video_options,
)
from mutoscope.prompt.request import SAMPLER_VERSION, Request, UsedAdapter
from mutoscope.refine import REFINE_STRENGTH
from mutoscope.sizing import DURATION_SECONDS

PLAIN = Capabilities("test", "0123")
PICTURE = InitImage(np.full((64, 96, 3), 9, np.uint8))
MASKED = InitImage(PICTURE.pixels, np.full((64, 96), 255, np.uint8))
DRAFT = {"draft": (128, 128), "refine_strength": REFINE_STRENGTH}


def build(prompt: str = "gravel", capabilities: Capabilities = PLAIN, **asked: Any) -> Request:
    return build_request(Options(prompt, **{"seed": 1, **asked}), capabilities)


class TestDefaults:
    def test_of_a_picture(self):
        assert build() == Request(
            "gravel", width=256, height=256, draft=(128, 128), refine_strength=REFINE_STRENGTH, seed=1, model="test", model_hash="0123",
        )  # fmt: skip
        assert build().sampler_version == SAMPLER_VERSION

    def test_of_a_clip(self):
        assert build(is_clip=True) == Request(
            "gravel", width=128, height=128, num_frames=round(DURATION_SECONDS * FPS), fps=FPS, num_inference_steps=8, seed=1,
            model="test", model_hash="0123",
        )  # fmt: skip

    def test_of_a_few_step_model(self):
        few = Capabilities(
            "few", "1", image_steps=4, clip_steps=2, sampler="meanflow", negative_prompt=False, native_side=64
        )
        picture, clip = build(capabilities=few), build(capabilities=few, is_clip=True)
        assert (picture.num_inference_steps, clip.num_inference_steps, picture.sampler) == (4, 2, "meanflow")
        assert (picture.width, clip.width) == (128, 64)

    def test_of_an_engine_that_knows_no_steps(self):
        bare = Capabilities(
            "bare", "2", image_steps=None, clip_steps=None, guidance_scale=None, sampler="", refines=False
        )
        assert [
            getattr(build(capabilities=bare), name)
            for name in ("num_inference_steps", "guidance_scale", "sampler", "draft")
        ] == [0, 0, "", None]

    def test_seeds_are_drawn_where_none_is_given(self):
        drawn = {build(seed=None).seed for _ in range(4)}
        assert len(drawn) == 4 and all(0 <= seed < 2**32 for seed in drawn)
        assert build(seed=0).seed == 0, "a seed of 0 is one"
        varied = {build(variation=0.2).variation_seed for _ in range(4)}
        assert len(varied) == 4 and build().variation_seed == 0


class TestSizes:
    @pytest.mark.parametrize(
        ("asked", "facts"),
        [
            ({}, {"width": 256, "height": 256, **DRAFT}),
            ({"width": 64}, {"width": 64, "height": 128, "draft": None}),
            ({"size": "wide"}, {"width": 448, "height": 256, "draft": (224, 128)}),
            ({"size": "192x128"}, {"width": 192, "height": 128, "draft": None}),
            ({"size": "512x512"}, {"width": 512, "height": 512, **DRAFT}),
            ({"width": 2048, "height": 2048}, {"width": 2048, "height": 2048, **DRAFT}),
            ({"width": np.int64(64), "height": np.int32(48)}, {"width": 64, "height": 48, "draft": None}),
            ({"is_clip": True, "size": "wide"}, {"width": 224, "height": 128, "draft": None}),
            ({"is_clip": True, "size": "512x512"}, {"width": 512, "height": 512, "draft": None}),
            ({"init_image": PICTURE}, {"width": 96, "height": 64, "draft": None}),  # the picture's own
        ],
        ids=lambda value: ", ".join(value),
    )
    def test_of_what_was_asked(self, asked: dict[str, Any], facts: dict[str, Any]):
        request = build(**asked)
        assert {name: getattr(request, name) for name in facts} == facts

    @pytest.mark.parametrize(
        ("asked", "words"),
        [
            ({"size": "wide", "width": 64}, "not both"), ({"size": "2048x2064"}, "height 2064.*2048"),
            ({"width": 1030}, "use 1024 or 1040"),
            ({"is_clip": True, "size": "1024x576"}, "clips are drawn up to 512.*1024x576.*2048"), ({"size": "2048x64"}, "8 times"),
            ({"height": 129}, "128 or 144"), ({"width": 0}, "width"), ({"width": 128.0}, "whole number"), ({"width": True}, "whole number"),
            ({"size": "huge"}, "huge"),
        ],
        ids=str,
    )  # fmt: skip
    def test_refused(self, asked: dict[str, Any], words: str):
        with pytest.raises(SizeError, match=words):
            build(**asked)

    def test_an_engine_that_does_not_refine_draws_at_once(self):
        request = build(capabilities=replace(PLAIN, refines=False), size="512x512")
        assert request.draft is None and (request.width, request.refine_strength) == (512, 0.0)


class TestLengths:
    @pytest.mark.parametrize(
        ("asked", "frames", "fps"),
        [({}, 60, 12), ({"duration_seconds": 2}, 24, 12), ({"duration_seconds": 2, "fps": 24}, 48, 24), ({"num_frames": 9}, 9, 12),
         ({"num_frames": np.int64(9), "fps": np.int16(8)}, 9, 8), ({"duration_seconds": np.float32(0.5)}, 6, 12)],
    )  # fmt: skip
    def test_frames(self, asked: dict[str, Any], frames: int, fps: int):
        request = build(is_clip=True, size="32x32", **asked)
        assert (request.num_frames, request.fps) == (frames, fps)

    def test_a_picture_has_one_frame_whatever_is_said(self):
        assert build(num_frames=9).num_frames == 1


class TestInitImages:
    @pytest.mark.parametrize(
        ("asked", "strength"),
        [({"init_image": PICTURE}, 0.6), ({"init_image": MASKED}, 1.0), ({"init_image": PICTURE, "is_clip": True}, 0.0),
         ({"init_image": PICTURE, "strength": 0.3}, 0.3), ({"init_image": MASKED, "strength": 0.5}, 0.5)],
    )  # fmt: skip
    def test_strengths(self, asked: dict[str, Any], strength: float):
        request = build(**asked)
        assert request.strength == strength and request.image_hash == PICTURE.hashes["image_hash"]
        assert bool(request.mask_hash) is (asked["init_image"] is MASKED)

    def test_objects_are_not_looked_up_over_a_picture(self):
        assert build("two dogs on a beach", init_image=PICTURE).objects is None
        assert build("two dogs on a beach").objects is not None
        assert build("two dogs on a beach", objects=False).objects is None

    def test_a_strength_without_one_is_refused(self):
        with pytest.raises(SettingError, match="--image"):
            build(strength=0.5)


class TestRefusals:
    BARE = Capabilities("bare", "2", image_steps=None, clip_steps=None, guidance_scale=None, sampler="", negative_prompt=False,
                        init_image=False, variation=False, objects=False, refines=False)  # fmt: skip

    @pytest.mark.parametrize(
        ("asked", "words"),
        [
            ({"num_inference_steps": 4}, "takes no steps"), ({"guidance_scale": 2.0}, "takes no guidance"),
            ({"negative_prompt": "fog"}, "takes no negative prompt"), ({"init_image": PICTURE}, "takes no picture to start from"),
            ({"variation": 0.2}, "takes no variation"), ({"adapter": "one"}, "takes no adapters"),
        ],
        ids=str,
    )  # fmt: skip
    def test_what_an_engine_does_not_take(self, asked: dict[str, Any], words: str):
        with pytest.raises(SettingError, match=words) as caught:
            build(capabilities=self.BARE, **asked)
        assert "bare" in str(caught.value) or "this model" in str(caught.value)

    @pytest.mark.parametrize(
        "asked", [{"negative_prompt": ""}, {"variation": 0.0}, {"adapter": "none"}, {"style": "crayon"}], ids=str
    )
    def test_what_says_nothing_is_taken(self, asked: dict[str, Any]):
        request = build("two dogs on a beach", self.BARE, **asked)
        assert request.negative_prompt == "" and request.objects is None

    def test_a_range_of_guidance(self):
        narrow = replace(PLAIN, guidance_range=(1.0, 4.0))
        assert build(capabilities=narrow, guidance_scale=4).guidance_scale == 4.0
        for scale in (0.5, 4.1):
            with pytest.raises(SettingError, match="guidance_scale of test must be from 1 to 4"):
                build(capabilities=narrow, guidance_scale=scale)

    @pytest.mark.parametrize(
        ("asked", "error"),
        [({"num_inference_steps": 0}, SettingError), ({"num_inference_steps": 1.5}, SettingError), ({"guidance_scale": "3"}, SettingError),
         ({"seed": -1}, SettingError), ({"seed": 1.5}, SettingError), ({"variation": 2.0}, SettingError),
         ({"style": "watercolr"}, StyleError),
         ({"postprocess": "blur"}, SettingError)],
        ids=str,
    )  # fmt: skip
    def test_what_cannot_be_meant(self, asked: dict[str, Any], error: type[Exception]):
        with pytest.raises(error):
            build(**asked)

    @pytest.mark.parametrize("count", [0, -1, 1.0, True, MAX_COUNT + 1, "2"])
    def test_counts(self, count: Any):
        for is_clip, name in ((False, "num_images_per_prompt"), (True, "num_videos_per_prompt")):
            with pytest.raises(SettingError, match=name):
                build_requests(Options("a lake", is_clip, count=count), PLAIN)


class TestSeveral:
    def test_each_has_its_own_noise(self):
        requests = build_requests(Options("a {red|blue|green} lake", count=3, seed=5), PLAIN)
        assert [request.index for request in requests] == [0, 1, 2] and {request.seed for request in requests} == {5}
        assert all(request.template == "a {red|blue|green} lake" and "{" not in request.prompt for request in requests)
        assert requests == [
            build_request(Options("a {red|blue|green} lake", seed=5), PLAIN, index) for index in range(3)
        ]

    def test_variations_are_of_one_noise_towards_several(self):
        requests = build_requests(Options("a lake", count=3, seed=5, variation=0.2, variation_seed=2**32 - 1), PLAIN)
        assert [(one.index, one.variation_seed) for one in requests] == [(0, 2**32 - 1), (0, 0), (0, 1)]

    def test_one_seed_is_drawn_for_all(self):
        assert len({request.seed for request in build_requests(Options("a lake", count=4), PLAIN)}) == 1


class TestPrecision:
    BOTH = Capabilities(
        "both", "3", precision="int8", precisions={"fp32": "", "int8": ""}, postprocess_precision="fp32"
    )

    def test_the_models_own_unless_another_is_asked_for(self):
        assert build().precision == "fp32" and "precision" not in build().to_json()
        assert build(capabilities=self.BOTH).precision == "int8"
        assert build(capabilities=self.BOTH, precision="fp32").precision == "fp32"

    @pytest.mark.parametrize("asked", [{"style": "low poly"}, {"postprocess": "pixelate", "precision": "int8"}])
    def test_what_is_post_processed_is_drawn_in_fp32(self, asked: dict[str, Any]):
        assert build(capabilities=self.BOTH, **asked).precision == "fp32"
        anywhere = replace(self.BOTH, postprocess_precision=None)
        assert build(capabilities=anywhere, **asked).precision == "int8"

    def test_refused(self):
        gone = replace(self.BOTH, precision="fp32", precisions={"fp32": "", "int8": "int8 needs a graph"})
        for capabilities, name, words in (
            (self.BOTH, "int3", r"precision of both must be fp32 or int8, got 'int3' \(did you mean 'int8'"),
            (PLAIN, "int8", "precision of test must be fp32, got 'int8'"),
            (gone, "int8", "^int8 needs a graph$"),
        ):
            with pytest.raises(SettingError, match=words):
                build(capabilities=capabilities, precision=name)


class TestKeywords:
    @pytest.mark.parametrize(("make", "known"), [(image_options, ImageOptions), (video_options, VideoOptions)])
    def test_every_keyword_becomes_an_option(self, make: Any, known: Any):
        renamed = {"image", "mask_image", "num_images_per_prompt", "num_videos_per_prompt", "things", "preview"}
        assert set(known.__annotations__) - renamed <= {item.name for item in fields(Options)}
        assert make("a lake", {}) == Options("a lake", make is video_options)
        assert make("a lake", dict.fromkeys(known.__annotations__)) == make("a lake", {}), "None is not given"

    def test_counts_are_one_option(self):
        assert (
            image_options("a lake", {"num_images_per_prompt": 3}).count
            == video_options("a lake", {"num_videos_per_prompt": 3}).count
            == 3
        )

    def test_unknown_ones_name_the_nearest(self):
        with pytest.raises(TypeError, match=r"'negativ_prompt' \(did you mean 'negative_prompt'\?\)"):
            image_options("a lake", {"negativ_prompt": "fog"})  # type: ignore[typeddict-unknown-key]  # what is tested
        with pytest.raises(TypeError, match="'strength'"):
            video_options("a lake", {"strength": 0.5})  # type: ignore[typeddict-unknown-key]  # what is tested


@pytest.mark.parametrize(
    ("words", "found"),
    [("mystyle", (("mystyle", 1.0),)), ("a:0.5,b:.5", (("a", 0.5), ("b", 0.5))), ("none", ()), (" NONE ", ()),
     ("C:\\a.safetensors:0.8", (("C:\\a.safetensors", 0.8),)), ("C:\\a", (("C:\\a", 1.0),))],
)  # fmt: skip
def test_adapters_by_name_and_scale(words: str, found: tuple):
    assert parse_adapters(words) == found


class TestOneWay:
    """The same request by the Python API, by `build_requests` and by the command line."""

    CASES: list[tuple[list[str], dict[str, Any]]] = [
        ([], {}),
        (["--style", "watercolor:0.5", "--size", "3:2"], {"style": "watercolor:0.5", "size": "3:2"}),
        (
            ["--width", "64", "--steps", "1", "--guidance", "2.5"],
            {"width": 64, "num_inference_steps": 1, "guidance_scale": 2.5},
        ),
        (["--not", "(fog:1.4)"], {"negative_prompt": "(fog:1.4)"}),
        (["--not", "", "--style", "crayon"], {"negative_prompt": "", "style": "crayon"}),
        (["--vary", "0.2", "--vary-seed", "4"], {"variation": 0.2, "variation_seed": 4}),
        (["--postprocess", "none", "--style", "pixel art"], {"postprocess": "none", "style": "pixel art"}),
        (["--postprocess", "posterize"], {"postprocess": "posterize"}),
        (["--no-objects"], {"objects": False}),
    ]

    @pytest.mark.parametrize(("words", "asked"), CASES, ids=str)
    def test_of_a_picture(
        self,
        painter,
        tiny_checkpoint: Path,
        tmp_path: Path,
        monkeypatch,
        capsys,
        words: list[str],
        asked: dict[str, Any],
    ):
        monkeypatch.chdir(tmp_path)
        quick = (
            {"num_inference_steps": 1, "size": "64x48"}
            | ({"size": None} if "size" in asked or "width" in asked else {})
            | asked
        )
        line = [] if "size" in asked or "width" in asked else ["--size", "64x48"]
        line += [] if "num_inference_steps" in asked else ["--steps", "1"]
        prompt = "two {red|blue} cars on a (beach:1.2)"
        command = [
            "image",
            prompt,
            "--seed",
            "7",
            "-n",
            "2",
            "-o",
            "a.png",
            "--json",
            "--model",
            str(tiny_checkpoint),
            "--threads",
            "1",
        ]
        assert main([*command, *line, *words]) == 0
        drawn = [json.loads(row)["request"] for row in capsys.readouterr().out.splitlines()]
        options = painter.options(prompt, seed=7, num_images_per_prompt=2, **quick)
        assert [Request.from_json(json.dumps(one)) for one in drawn] == painter.requests(options)
        assert painter.requests(options) == build_requests(options, painter.engine.capabilities)

    def test_of_a_clip(self, filmer, tiny_checkpoint: Path, tmp_path: Path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        command = [
            "video",
            "waves",
            "--seed",
            "7",
            "--seconds",
            "0.5",
            "--fps",
            "8",
            "--steps",
            "1",
            "--size",
            "32",
            "-o",
            "a.gif",
            "--json",
        ]
        assert main([*command, "--model", str(tiny_checkpoint), "--threads", "1"]) == 0
        (request,) = filmer.requests(
            filmer.options("waves", seed=7, duration_seconds=0.5, fps=8, num_inference_steps=1, size="32x32")
        )
        assert Request.from_json(json.dumps(json.loads(capsys.readouterr().out)["request"])) == request


class TestOncePerPicture:
    """A prompt is read once, a request validated once, a mixture of styles parsed once, between `generate` and the pixels."""

    @pytest.mark.parametrize(
        ("prompt", "asked", "mixes"),
        [("a lake at sunset", {}, 0), ("a lake, watercolor", {}, 0), ("a lake", {"style": "anime:0.5, clay:0.5"}, 1),
         ("two red cars on a (beach:1.3)", {"style": "crayon"}, 1), ("a {red|blue} lake", {"negative_prompt": "(fog:1.2)"}, 0)],
    )  # fmt: skip
    @pytest.mark.parametrize("is_clip", [False, True])
    def test_counts(self, painter, filmer, monkeypatch, is_clip: bool, prompt: str, asked: dict[str, Any], mixes: int):
        counted = {"read_prompt": 0, "request": 0, "parse_mix": 0, "understand": 0}

        def count(name: str, target: str) -> None:
            import importlib

            module, _, attribute = target.rpartition(".")
            owner = importlib.import_module(module) if module != "mutoscope.prompt.request.Request" else Request
            real = getattr(owner, attribute)

            def wrapped(*given: Any, **more: Any) -> Any:
                counted[name] += 1
                return real(*given, **more)

            monkeypatch.setattr(owner, attribute, wrapped)

        count("read_prompt", "mutoscope.options.read_prompt")
        count("request", "mutoscope.prompt.request.Request.__post_init__")
        count("parse_mix", "mutoscope.prompt.styles.parse_mix")
        count("understand", "mutoscope.engines.checkpoint.understand")
        model, more = (filmer, {"num_frames": 5}) if is_clip else (painter, {})
        model.generate(prompt, size="48x32", num_inference_steps=1, seed=1, **more, **asked)
        assert counted == {"read_prompt": 1, "request": 1, "parse_mix": mixes, "understand": 1}


class TestRevise:
    def requests(self, model: Any, prompt: str = "two dogs on a beach", **asked: Any) -> Request:
        (request,) = model.requests(model.options(prompt, seed=3, num_inference_steps=2, **asked))
        return request

    def test_nothing_changed_is_the_same(self, painter: TextToImageModel, filmer: TextToVideoModel):
        cases: tuple[tuple[Any, dict[str, Any]], ...] = (
            (painter, {}), (painter, {"style": "crayon:0.7, anime:0.3"}), (filmer, {"num_frames": 9}),
        )  # fmt: skip
        for model, more in cases:
            request = self.requests(model, **more)
            assert model.revise(request) == request == model.revise(request, style=None, seed=None)

    def test_options_lead_back_to_their_request(self, painter: TextToImageModel, filmer: TextToVideoModel):
        cases: tuple[tuple[Any, dict[str, Any]], ...] = (
            (painter, {}), (painter, {"style": "crayon"}), (painter, {"style": "pixel art", "postprocess": "none"}),
            (painter, {"style": "crayon", "negative_prompt": ""}), (painter, {"variation": 0.2, "variation_seed": 3}),
            (painter, {"objects": False}), (painter, {"size": "512x256"}), (filmer, {"num_frames": 9, "fps": 8}),
        )  # fmt: skip
        for model, more in cases:
            request = self.requests(model, **more)
            capabilities = model.engine.capabilities
            assert build_request(options_of(request, capabilities), capabilities, request.index) == request, more

    def test_another_style_drops_what_came_of_the_first(self, painter: TextToImageModel):
        low_poly = self.requests(painter, style="low poly")
        assert (low_poly.negative_prompt, low_poly.postprocess) == ("oil painting", "triangulate")
        crayon = painter.revise(low_poly, style="crayon")
        assert (crayon.negative_prompt, crayon.postprocess, crayon.style) == ("comic", "", "crayon")
        none = painter.revise(low_poly, style="none")
        assert (none.negative_prompt, none.postprocess, none.styles) == ("", "", ())

    def test_what_the_user_said_stays(self, painter: TextToImageModel):
        request = self.requests(painter, style="low poly", negative_prompt="fog", postprocess="posterize")
        again = painter.revise(request, style="crayon")
        assert (again.negative_prompt, again.postprocess) == ("fog", "posterize")
        off = painter.revise(self.requests(painter, style="low poly", postprocess="none"), style="pixel art")
        assert off.postprocess == ""

    def test_another_prompt_is_read_anew(self, painter: TextToImageModel):
        request = self.requests(painter, style="crayon")
        again = painter.revise(request, prompt="a lake at (sunset:1.3)")
        assert again.objects is None and [fact.name for fact in again.facts] == ["lake", "sunset"]
        assert again.segments[1] == ("sunset", 1.3) and again.style == "crayon" and again.seed == request.seed

    def test_another_size_chooses_its_draft(self, painter: TextToImageModel):
        request = self.requests(painter, size="64x64")
        assert request.draft is None
        again = painter.revise(request, size="512x512")
        assert (
            (again.width, again.height) == (512, 512) and again.draft is not None and again.objects == request.objects
        )

    def test_another_seed_keeps_the_wildcards_that_were_drawn(self, painter: TextToImageModel):
        request = self.requests(painter, "a {red|blue|green} lake")
        for seed in range(8):
            again = painter.revise(request, seed=seed)
            assert (again.prompt, again.seed) == (request.prompt, seed)

    def test_steps_and_guidance_change_one_field(self, painter: TextToImageModel):
        request = self.requests(painter)
        assert painter.revise(request, num_inference_steps=5, guidance_scale=1.5) == replace(
            request, num_inference_steps=5, guidance_scale=1.5
        )
        with pytest.raises(SettingError):
            painter.revise(request, num_inference_steps=0)
        with pytest.raises(RequestError):
            painter.revise(request, style="watercolr")

    def test_the_precision_is_the_recorded_one(self, painter: TextToImageModel, tiny_checkpoint: Path):
        coarse = TextToImageModel(tiny_checkpoint, threads=1, precision="int8")
        request = self.requests(coarse)
        assert request.precision == "int8" and self.requests(painter).precision == "fp32"
        assert painter.revise(request) == request and painter.revise(request, style="anime").precision == "int8"
        assert coarse.revise(self.requests(painter)).precision == "fp32"
        assert coarse.revise(request, precision="fp32").precision == "fp32"
        assert painter.revise(request, style="low poly").precision == "fp32"

    def test_a_request_of_another_model_is_read_by_this_one(self, painter: TextToImageModel):
        foreign = replace(self.requests(painter), model="other", model_hash="f" * 16)
        again = painter.revise(foreign)
        assert (again.model, again.model_hash) == (painter.engine.capabilities.name, painter.engine.capabilities.hash)
        assert again == self.requests(painter)


def test_adapters_go_through_the_capabilities():
    found = []

    def find(names: tuple[tuple[str, float], ...]) -> tuple[UsedAdapter, ...]:
        found.append(names)
        return tuple(UsedAdapter(name, scale, "ab") for name, scale in names)

    request = build(capabilities=replace(PLAIN, find_adapters=find), adapter="one:0.5, two")
    assert request.adapters == (UsedAdapter("one", 0.5, "ab"), UsedAdapter("two", 1.0, "ab"))
    assert found == [(("one", 0.5), ("two", 1.0))]
