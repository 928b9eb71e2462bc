"""The tiny pipelines that other tests draw with: each opens from its folder, draws, and draws the same again."""

import functools
import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from safetensors import safe_open

from tiny_pipelines import (
    FAMILIES,
    Form,
    diffusers,
    draw_tiny,
    load_tiny,
    save_tiny,
    single_file_sd,
    tiny_folder,
    write_lora,
)

pytestmark = pytest.mark.usefixtures("one_thread")

# What the scheduler's step sees of a picture of 64x64 or of the smallest clip: (channels, height, width), packed as
# (places, channels) or with time in the order of the family.
LATENTS = {
    "sd": (4, 8, 8), "sd_turbo": (4, 8, 8), "lcm": (4, 8, 8), "sdxl": (4, 8, 8), "sdxl_turbo": (4, 8, 8),
    "sd3": (16, 8, 8), "flux": (16, 64), "flux_schnell": (16, 64), "chroma": (16, 64), "pixart": (4, 8, 8),
    "sana": (32, 2, 2), "qwen_image": (16, 64), "z_image": (16, 8, 8), "lumina2": (16, 8, 8), "aura_flow": (4, 8, 8),
    "cogview4": (16, 8, 8), "animatediff": (4, 4, 8, 8), "cogvideox": (3, 16, 8, 8), "cogvideox_i2v": (3, 16, 8, 8),
    "ltx": (8, 128), "wan": (16, 2, 8, 8), "wan_i2v": (16, 2, 8, 8), "hunyuan_video": (16, 2, 8, 8),
    "mochi": (12, 2, 8, 8), "latte": (4, 16, 8, 8),
}  # fmt: skip
FRAMES = {
    "animatediff": 4, "cogvideox": 9, "cogvideox_i2v": 9, "ltx": 9, "wan": 5, "wan_i2v": 5, "hunyuan_video": 5,
    "mochi": 7, "latte": 16,
}  # fmt: skip


def _watch_latents(pipe: Any) -> list[tuple[int, ...]]:
    """The shapes that come out of each step, filled while `pipe` draws."""
    shapes: list[tuple[int, ...]] = []
    step = pipe.scheduler.step

    # Pipelines read the signature of step to know whether it takes a generator; a hook that hides it makes those that
    # add noise (LCM, ancestral) draw from the global state.
    @functools.wraps(step)
    def watched(*words: Any, **more: Any) -> Any:
        result = step(*words, **more)
        shapes.append(tuple(result[0].shape))
        return result

    pipe.scheduler.step = watched
    return shapes


def _hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_opens_and_draws_the_same_again(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "wan_i2v":  # this pipeline calls ftfy whether it is installed or not
        from diffusers.pipelines.wan import pipeline_wan_i2v

        monkeypatch.setattr(pipeline_wan_i2v, "ftfy", SimpleNamespace(fix_text=str), raising=False)
    pipe = load_tiny(tiny_folder(name))
    shapes = _watch_latents(pipe)
    first = draw_tiny(pipe, name)
    assert set(shapes) == {(1, *LATENTS[name])}
    assert first.shape == (1, *([FRAMES[name]] if name in FRAMES else []), 64, 64, 3)
    assert 0 <= first.min() < first.max() <= 1
    assert draw_tiny(pipe, name).tobytes() == first.tobytes()
    assert draw_tiny(pipe, name, prompt="two blue cats").tobytes() != first.tobytes()


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_is_built_the_same_every_time(name: str, tmp_path: Path) -> None:
    assert _hashes(save_tiny(name, tmp_path / "again")) == _hashes(tiny_folder(name))


def test_one_file_has_the_weights_of_the_folder(tmp_path: Path) -> None:
    folder = tiny_folder("sd")
    file = single_file_sd(folder, tmp_path / "sd.safetensors")
    pipe = diffusers.StableDiffusionPipeline.from_single_file(str(file), config=str(folder), local_files_only=True)
    pipe.set_progress_bar_config(disable=True)
    same = load_tiny(folder)
    for part in ("unet", "vae", "text_encoder"):
        ours, theirs = getattr(pipe, part).state_dict(), getattr(same, part).state_dict()
        assert ours.keys() == theirs.keys()
        assert all(bool((ours[name] == theirs[name]).all()) for name in ours)
    # Not the same bytes: the sums also depend on how the weights lie in memory, and that comes from the file.
    assert abs(draw_tiny(pipe, "sd") - draw_tiny(same, "sd")).max() < 1e-4


# Layers in the file and layers of the model that carry it then. Where nothing is carried diffusers says nothing.
@pytest.mark.parametrize(
    ("name", "form", "written", "carried"),
    [
        ("sd", "peft", 64, 64), ("sd", "diffusers", 64, 64), ("sd", "kohya", 64, 64), ("sd", "comfy", 64, 0),
        ("flux", "peft", 8, 8), ("flux", "kohya", 2, 6), ("flux", "comfy", 2, 6),
        ("flux", "comfy_own", 8, 0), ("wan", "peft", 8, 8), ("wan", "comfy", 8, 8), ("wan", "kohya", 20, 20),
        ("z_image", "comfy", 8, 8),
    ],
)  # fmt: skip
def test_a_lora_is_carried(name: str, form: Form, written: int, carried: int, tmp_path: Path) -> None:
    file = write_lora(tiny_folder(name), tmp_path / "lora.safetensors", form)
    with safe_open(file, "np") as weights:
        keys = list(weights.keys())
    assert sum(key.endswith(("lora_A.weight", "down.weight")) for key in keys) == written
    pipe = load_tiny(tiny_folder(name))
    plain = draw_tiny(pipe, name)
    pipe.load_lora_weights(str(tmp_path), weight_name=file.name, adapter_name="worn")
    model = pipe.unet if hasattr(pipe, "unet") else pipe.transformer
    assert sum("worn" in getattr(module, "lora_A", ()) for module in model.modules()) == carried
    assert (draw_tiny(pipe, name).tobytes() != plain.tobytes()) == bool(carried)
