"""Public checkpoints as ONNX files: exported from tiny random pipelines, then drawn without PyTorch."""

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

from mutoscope import TextToImageModel
from mutoscope.engines import find_maker, open_engine
from mutoscope.engines.base import EngineSettings
from mutoscope.engines.onnx_folder import OnnxFolderEngine
from mutoscope.engines.onnx_folder.previews import Previews, fit, with_one
from mutoscope.errors import CheckpointError, OutputError, SettingError, SizeError
from mutoscope.hub.names import Place
from mutoscope.rng import between, stream
from tiny_pipelines import diffusers, load_tiny, tiny_folder, torch

PROMPT = "a red ball by the lake"
SIZE: Any = {"width": 64, "height": 72}  # the second is no multiple of 64: no level of the network halves it evenly
SHAPE = (1, 4, 9, 8)
RINGS = np.add.outer(np.arange(72) ** 2, np.arange(64) ** 2)[..., None] // (40, 60, 90) % 256


@functools.cache
def saved(name: str) -> Path:
    """Return the folder of a tiny pipeline; "sdxs" is SD-Turbo with a network of three levels, as SDXS has it, quick to trace."""
    if name != "sdxs":
        return tiny_folder(name)
    folder = tiny_folder("sd_turbo").with_name(name)
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            save_sdxs(folder)
    return folder


def save_sdxs(folder: Path) -> None:

    pipe = load_tiny(tiny_folder("sd_turbo"))
    down, up = (
        ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        ("CrossAttnUpBlock2D",) * 2 + ("UpBlock2D",),
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        pipe.unet = diffusers.UNet2DConditionModel(
            block_out_channels=(8, 16, 16), layers_per_block=1, down_block_types=down, up_block_types=up,
            norm_num_groups=4, cross_attention_dim=32, sample_size=8, attention_head_dim=2,
        )  # fmt: skip
        pipe.vae = diffusers.AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=(8,) * 4, norm_num_groups=4, layers_per_block=1, latent_channels=4, sample_size=64,
        )  # fmt: skip
    pipe.save_pretrained(folder.with_suffix(".part"))
    folder.with_suffix(".part").rename(folder)


def exported(name: str) -> Path:
    """Return the ONNX files of a tiny pipeline, written once for all processes. Nobody may change what is in them."""
    from mutoscope.export.diffusers_onnx import export_folder

    source = saved(name)
    folder = source.with_name(f"{name}-onnx")
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            for event in export_folder(source, folder):
                assert event.phase == "write" or max(event.result.values()) < 1e-4
    return folder


@functools.cache
def model(name: str) -> TextToImageModel:
    return TextToImageModel(exported(name), threads=1)


@functools.cache
def pipeline(name: str) -> Any:
    return load_tiny(saved(name))


def copy_of(folder: Path, to: Path, **parts: dict[str, Any]) -> Path:
    """Return a copy of a folder with values of some configurations changed: scheduler={"steps_offset": 0}."""
    shutil.copytree(folder, to)
    for part, values in parts.items():
        path = to / part / ("scheduler_config.json" if part == "scheduler" else "config.json")
        path.write_text(json.dumps(json.loads(path.read_text()) | values))
    return to


def by_hand(
    pipe: Any, monkeypatch: pytest.MonkeyPatch, seed: int = 1, prompt: str = PROMPT, **words: Any
) -> np.ndarray:
    """Return what the pipeline of diffusers draws from our noise, (H, W, 3) in [0, 1]."""

    source = stream(seed, 0)
    start = torch.from_numpy(source.normal(SHAPE))
    for scheduler in ("euler_ancestral_discrete", "lcm"):
        path = f"diffusers.schedulers.scheduling_{scheduler}.randn_tensor"
        monkeypatch.setattr(path, lambda *_, **__: torch.from_numpy(source.normal(SHAPE)))
    return pipe(prompt=prompt, latents=start, output_type="np", **SIZE, **words).images[0]


def check_equal(pixels: np.ndarray, expected: np.ndarray) -> None:
    assert pixels.std() > 5, "a flat picture says nothing"
    assert np.abs(pixels / 255 - expected).max() < 0.5 / 255 + 1e-3


@pytest.mark.parametrize("name", ["sdxs", "sdxl", pytest.param("sd_turbo", marks=pytest.mark.slow)])
def test_draws_what_diffusers_draws(name: str, monkeypatch: pytest.MonkeyPatch):
    picture = model(name).generate(
        PROMPT, seed=1, num_inference_steps=3, guidance_scale=4.0, negative_prompt="fog", **SIZE
    )
    words = {"num_inference_steps": 3, "guidance_scale": 4.0, "negative_prompt": "fog"}
    check_equal(picture.pixels, by_hand(pipeline(name), monkeypatch, **words))


def test_turbo_draws_in_one_step_without_guidance(monkeypatch: pytest.MonkeyPatch):
    picture = model("sdxs").generate(PROMPT, seed=1, **SIZE)
    request = picture.request
    assert (request.num_inference_steps, request.guidance_scale, request.sampler) == (1, 1.0, "EulerDiscreteScheduler")
    check_equal(picture.pixels, by_hand(pipeline("sdxs"), monkeypatch, num_inference_steps=1, guidance_scale=0.0))
    with pytest.raises(SettingError, match="negative prompt says nothing"):
        model("sdxs").generate(PROMPT, negative_prompt="fog")


def test_sdxl_without_negative_prompt(monkeypatch: pytest.MonkeyPatch):
    picture = model("sdxl").generate(PROMPT, seed=1, num_inference_steps=2, **SIZE)
    assert picture.request.guidance_scale == 5.0
    check_equal(picture.pixels, by_hand(pipeline("sdxl"), monkeypatch, num_inference_steps=2, guidance_scale=5.0))


@pytest.mark.parametrize(
    ("config", "steps"),
    [({"_class_name": "PNDMScheduler", "skip_prk_steps": True, "timestep_spacing": "leading"}, 4),
     ({"_class_name": "EulerAncestralDiscreteScheduler"}, 2), ({"_class_name": "LCMScheduler"}, 3)],
    ids=["sd", "sdxl_turbo", "lcm_lora"],
)  # fmt: skip
def test_other_schedulers(config: dict[str, Any], steps: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):

    folder = copy_of(exported("sdxs"), tmp_path / "model", scheduler=config)
    pipe = load_tiny(saved("sdxs"))
    pipe.scheduler = getattr(diffusers, config["_class_name"]).from_config(dict(pipe.scheduler.config) | config)
    picture = TextToImageModel(folder, threads=1).generate(PROMPT, seed=1, num_inference_steps=steps, **SIZE)
    assert picture.request.sampler == config["_class_name"]
    scale = picture.request.guidance_scale
    check_equal(picture.pixels, by_hand(pipe, monkeypatch, num_inference_steps=steps, guidance_scale=scale))


def test_lcm_reads_its_guidance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):

    from mutoscope.export.diffusers_onnx import write_part
    from mutoscope.export.diffusers_parts import make_unet

    lcm = {"_class_name": "LCMScheduler"}
    pipe = load_tiny(saved("sdxs"))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        pipe.unet = diffusers.UNet2DConditionModel.from_config(dict(pipe.unet.config) | {"time_cond_proj_dim": 32})
    pipe.scheduler = diffusers.LCMScheduler.from_config(dict(pipe.scheduler.config) | lcm)
    pipe.unet.save_pretrained(tmp_path / "lcm" / "unet")
    folder = copy_of(exported("sdxs"), tmp_path / "model", scheduler=lcm)
    shutil.rmtree(folder / "unet")
    assert write_part(make_unet(tmp_path / "lcm"), folder / "unet", half=True) < 1e-4
    drawn = TextToImageModel(folder, threads=1)
    picture = drawn.generate(PROMPT, seed=1, **SIZE)
    assert (picture.request.num_inference_steps, picture.request.guidance_scale) == (4, 8.5)
    pipe.unet.half().float()  # stored so
    check_equal(picture.pixels, by_hand(pipe, monkeypatch, num_inference_steps=4, guidance_scale=8.5))
    with pytest.raises(SettingError, match="takes no negative prompt"):
        drawn.generate(PROMPT, negative_prompt="fog")


def test_several_are_the_same_as_one_and_can_be_made_again():
    several = model("sdxs").generate(PROMPT, seed=5, num_images_per_prompt=2, num_inference_steps=2, guidance_scale=2.0)
    first, second = several
    assert not np.array_equal(first.pixels, second.pixels)
    alone = model("sdxs").generate(PROMPT, seed=5, num_inference_steps=2, guidance_scale=2.0)
    assert np.array_equal(first.pixels, alone.pixels)
    maker = find_maker(second.request)
    assert maker is not None
    again = TextToImageModel(maker, threads=1).redo(second.request)
    assert np.array_equal(again.pixels, second.pixels)
    assert again.request == second.request
    assert second.request.engine == "onnx" and second.request.made_with.startswith("onnxruntime ")


def test_variation_lies_between_two_seeds():
    near, far, other = (model("sdxs").generate(PROMPT, seed=5, **more, **SIZE).pixels.astype(float)
                        for more in ({"variation": 0.1, "variation_seed": 9}, {"variation": 1.0, "variation_seed": 9}, {}))  # fmt: skip
    assert np.abs(near - other).mean() < np.abs(far - other).mean()
    assert np.array_equal(far, model("sdxs").generate(PROMPT, seed=9, **SIZE).pixels)
    assert between(np.zeros(1), np.ones(1), 1.0) == 1


def test_events_previews_and_cancelling():
    events = list(model("sdxs").stream(PROMPT, num_inference_steps=3, seed=1, **SIZE))
    assert [event.phase for event in events if event.step == 0] == ["load", "text", "draw", "decode"]
    drawing = [event for event in events if event.phase == "draw"]
    assert [(event.step, event.total) for event in drawing] == [(0, 3), (1, 3), (2, 3), (3, 3)]
    last, pixels = drawing[-1].preview, events[-1].result.pixels
    assert last.shape == pixels.shape and last.dtype == np.uint8
    plain = list(model("sdxs").stream(PROMPT, num_inference_steps=3, seed=1, preview=False, **SIZE))
    assert all(event.preview is None for event in plain)
    stopped = model("sdxs").stream(PROMPT, num_inference_steps=3, seed=1, **SIZE)
    assert next(event for event in stopped if event.phase == "draw" and event.step == 1)
    stopped.close()  # type: ignore[attr-defined]  # a generator
    assert np.array_equal(model("sdxs").generate(PROMPT, num_inference_steps=3, seed=1, **SIZE).pixels, pixels)


def test_previews_are_the_line_that_is_nearest_to_a_decoder():
    line = np.linspace(-0.2, 0.2, 15).reshape(5, 3)

    def decode(latents: np.ndarray) -> np.ndarray:
        cells = (with_one(latents) @ line).reshape(1, 16, 16, 3).transpose(0, 3, 1, 2)
        return cells.repeat(8, axis=2).repeat(8, axis=3)

    assert np.allclose(fit(4, decode), line, atol=1e-5)
    latents = stream(2).normal(SHAPE)
    shown = Previews().show(latents, decode)
    assert shown.shape == (72, 64, 3)
    assert np.abs(shown[::8, ::8].reshape(-1, 3) / 127.5 - 1 - with_one(latents) @ line).max() < 0.01


def test_starts_from_a_picture(monkeypatch: pytest.MonkeyPatch):

    image = RINGS.astype(np.uint8)
    picture = model("sdxs").generate(PROMPT, seed=1, image=image, strength=0.5, num_inference_steps=4, **SIZE)
    assert picture.pixels.shape == (72, 64, 3)
    kind = diffusers.StableDiffusionImg2ImgPipeline
    pipe = kind(**pipeline("sdxs").components, requires_safety_checker=False)
    pipe.set_progress_bar_config(disable=True)
    start, module = stream(1, 0), "diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_img2img"
    monkeypatch.setattr(f"{module}.randn_tensor", lambda *_, **__: torch.from_numpy(start.normal(SHAPE)))
    monkeypatch.setattr(f"{module}.retrieve_latents", lambda given, **_: given.latent_dist.mode())
    values = torch.from_numpy(image.transpose(2, 0, 1)[None].astype(np.float32) / 127.5 - 1)
    expected = pipe(
        prompt=PROMPT, image=values, strength=0.5, num_inference_steps=4, guidance_scale=1.0, output_type="np"
    )
    check_equal(picture.pixels, expected.images[0])
    again = model("sdxs").redo(picture.request, image=image)
    assert np.array_equal(again.pixels, picture.pixels)


def test_a_mask_keeps_what_is_outside():
    image, mask = RINGS.astype(np.uint8), np.zeros((72, 64), np.uint8)
    mask[:24, :24] = 255
    picture = model("sdxs").generate(PROMPT, seed=1, image=image, mask_image=mask, num_inference_steps=3, **SIZE)
    assert np.array_equal(picture.pixels[40:, 40:], image[40:, 40:])
    assert not np.array_equal(picture.pixels[:24, :24], image[:24, :24])


def test_few_steps_from_a_picture_say_what_would_do():
    with pytest.raises(
        SettingError, match=r"1 steps at strength 0.6 draw nothing; ask for a strength from 1, or 2 steps"
    ):
        model("sdxs").generate(PROMPT, image=RINGS.astype(np.uint8))


def test_weights_in_brackets_and_long_prompts():
    def draw(prompt: str) -> np.ndarray:
        return model("sdxl").generate(prompt, seed=1, num_inference_steps=1, **SIZE).pixels

    assert np.array_equal(draw("a lake, (fog:1.0)"), draw("a lake, fog"))
    assert not np.array_equal(draw("a lake, (fog:1.5)"), draw("a lake, fog"))
    long = "a lake " * 20  # a token a letter: two windows
    assert not np.array_equal(draw(long + "sun"), draw(long + "fog"))


def test_styles_are_templates():
    styled = model("sdxs").generate("a lake", style="watercolor", seed=1, **SIZE)
    (style,) = styled.request.styles
    assert "{prompt}" in style.words and styled.request.prompt == "a lake"
    written = model("sdxs").generate(style.words.replace("{prompt}", "a lake"), seed=1, **SIZE)
    assert np.array_equal(styled.pixels, written.pixels)


def test_sizes():
    assert model("sdxs").generate(PROMPT).pixels.shape == (64, 64, 3)
    with pytest.raises(SizeError, match="multiple of 8"):
        model("sdxs").generate(PROMPT, width=100, height=64)
    with pytest.raises(SizeError, match="56"):
        model("sdxs").generate(PROMPT, width=56, height=64)


def break_scheduler(folder: Path) -> None:
    copy = folder / "scheduler" / "scheduler_config.json"
    copy.write_text(json.dumps({"_class_name": "DDIMScheduler", "thresholding": True}))


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: shutil.rmtree(folder / name)


def cut(folder: Path) -> None:
    path = folder / "unet" / "model.onnx"
    path.write_bytes(path.read_bytes()[:1000])


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (remove("vae_decoder"), "has no vae_decoder/model.onnx"),
        (remove("tokenizer"), "has no tokenizer/"),
        (remove("scheduler"), "scheduler_config.json"),
        (break_scheduler, "sets thresholding to True"),
        (cut, "ONNX Runtime refuses it"),
    ],
)
def test_damaged_folders(damage: Callable[[Path], None], says: str, tmp_path: Path):
    folder = copy_of(exported("sdxs"), tmp_path / "model")
    damage(folder)
    with pytest.raises(CheckpointError, match=says):
        TextToImageModel(folder, threads=1).generate(PROMPT, seed=1)


def test_without_its_encoder_it_takes_no_picture(tmp_path: Path):
    folder = copy_of(exported("sdxs"), tmp_path / "model")
    shutil.rmtree(folder / "vae_encoder")
    with pytest.raises(SettingError, match="takes no picture to start from"):
        TextToImageModel(folder).generate(PROMPT, image=RINGS.astype(np.uint8))


def test_an_unknown_scheduler_is_replaced_and_said(tmp_path: Path):
    folder = copy_of(exported("sdxs"), tmp_path / "model", scheduler={"_class_name": "UniPCMultistepScheduler"})
    picture = TextToImageModel(folder, threads=1).generate(PROMPT, seed=1, num_inference_steps=2, guidance_scale=1.0)
    assert picture.request.sampler == "EulerDiscreteScheduler"
    assert any("UniPCMultistepScheduler is not known" in warning for warning in picture.warnings)


def test_settings_that_it_cannot_follow():
    for settings, got in (
        (EngineSettings(runtime="torch"), "runtime 'torch'"),
        (EngineSettings(device="cuda"), "device 'cuda'"),
    ):
        with pytest.raises(SettingError, match=got):
            OnnxFolderEngine(Place("sdxs", exported("sdxs")), settings)
    with pytest.raises(SettingError, match="pictures, not clips"):
        from mutoscope import TextToVideoModel

        TextToVideoModel(exported("sdxs")).generate(PROMPT)


def test_export_refuses_what_it_would_lose(tmp_path: Path):
    from mutoscope.export.diffusers_onnx import export_folder

    (tmp_path / "kept.txt").write_text("mine")
    with pytest.raises(OutputError, match="is there already"):
        list(export_folder(saved("sdxs"), tmp_path))
    with pytest.raises(CheckpointError, match="FluxPipeline; exported are StableDiffusionPipeline"):
        list(export_folder(tiny_folder("flux"), tmp_path / "flux"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept.txt"]


def test_a_tiny_decoder_takes_the_place_of_the_large_one(tmp_path: Path):

    from mutoscope.export.diffusers_onnx import write_part
    from mutoscope.export.diffusers_parts import make_decoder

    torch.manual_seed(0)
    widths = {"encoder_block_out_channels": (8,) * 4, "decoder_block_out_channels": (8,) * 4}
    tiny = diffusers.AutoencoderTiny(**widths, num_encoder_blocks=(1,) * 4, num_decoder_blocks=(1,) * 4)
    tiny.save_pretrained(tmp_path / "taesd")
    folder = copy_of(exported("sdxs"), tmp_path / "model")
    shutil.rmtree(folder / "vae_decoder")
    assert write_part(make_decoder(saved("sdxs"), tmp_path / "taesd"), folder / "vae_decoder", half=False) < 1e-4
    pixels = TextToImageModel(folder, threads=1).generate(PROMPT, seed=1, **SIZE).pixels
    pipe = load_tiny(saved("sdxs"))
    pipe.vae = tiny.eval()
    start = torch.from_numpy(stream(1, 0).normal(SHAPE))
    words = {"num_inference_steps": 1, "guidance_scale": 0.0, "output_type": "np"}
    expected = pipe(prompt=PROMPT, latents=start, **SIZE, **words).images[0]
    assert np.abs(pixels / 255 - expected).max() < 0.5 / 255 + 1e-3


def test_draws_without_pytorch(tmp_path: Path):
    code = f"""
import sys
for name in ("torch", "diffusers", "transformers", "tokenizers", "onnx"):
    sys.modules[name] = None
from mutoscope import TextToImageModel
model = TextToImageModel({str(exported("sdxs"))!r}, threads=1)
model.generate({PROMPT!r}, seed=1, width=64, height=72).save({str(tmp_path / "drawn.png")!r})
"""
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ, timeout=60)
    from PIL import Image

    drawn = np.asarray(Image.open(tmp_path / "drawn.png").convert("RGB"))
    assert np.array_equal(drawn, model("sdxs").generate(PROMPT, seed=1, **SIZE).pixels)


def test_the_door():
    assert isinstance(open_engine(exported("sdxs")), OnnxFolderEngine)


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    from mutoscope.cli import main
    from mutoscope.events import Event
    from mutoscope.export import diffusers_onnx

    asked: list[Any] = []

    def export_folder(*given: Any, **more: Any) -> Any:
        asked.append((given, more))
        yield Event("done", 1, 1, 0.0, result={"unet": 2e-6})

    monkeypatch.setattr(diffusers_onnx, "export_folder", export_folder)
    source = str(saved("sdxs"))
    assert main(["models", "export", source, "--out", str(tmp_path / "out"), "--half"]) == 0
    assert asked == [((saved("sdxs"), tmp_path / "out", None, True), {"name": source})]
    said = capsys.readouterr()
    assert said.out.strip() == str(tmp_path / "out") and "unet: at most 2.0e-06 from PyTorch" in said.err
