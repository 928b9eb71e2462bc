"""The tiny pipelines that other tests draw with: each opens from its folder, draws, and draws the same again."""

import functools
import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("diffusers")

from tiny_pipelines import FAMILIES, draw_tiny, load_tiny, save_tiny, tiny_folder

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
