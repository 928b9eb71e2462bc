"""Two runtimes, one model: ONNX Runtime and PyTorch compute the same numbers from the same folder."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mutoscope import TextToImageModel, TextToVideoModel
from mutoscope.checkpoint import VELOCITY, open_checkpoint
from mutoscope.config import PATCH
from mutoscope.errors import CheckpointError, MissingExtraError, SettingError
from mutoscope.runtime import PRECISIONS, Runtime, extend_context, open_runtime
from mutoscope.runtime.onnx import quantise_columns
from mutoscope.shapes import rotary_table

PROMPT = "A serene lake surrounded by pine trees at sunset"
BOUND = 1e-4  # largest difference of one call, float32 in both


@pytest.fixture(scope="module")
def runtimes(tiny_checkpoint: Path) -> tuple[Runtime, Runtime]:
    checkpoint = open_checkpoint(tiny_checkpoint)
    return open_runtime(checkpoint, "onnx", threads=1), open_runtime(checkpoint, "torch", threads=1)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Peak signal-to-noise ratio of uint8 arrays in dB."""
    return float(10 * np.log10(255**2 / max(1e-9, np.mean((a.astype(float) - b.astype(float)) ** 2))))


def differ(a: np.ndarray, b: np.ndarray) -> float:
    assert a.shape == b.shape and a.dtype == b.dtype == np.float32
    return float(np.abs(a - b).max())


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("length", [2, 5, 48])
def test_encode_text(runtimes: tuple[Runtime, Runtime], length: int):
    ids = np.random.default_rng(1).integers(4, 500, (2, length))
    mask = np.arange(length)[None] < np.array([[length], [max(1, length // 2)]])
    onnx, torch = (runtime.encode_text(ids, mask) for runtime in runtimes)
    assert differ(onnx * mask[..., None], torch * mask[..., None]) < BOUND


@pytest.mark.parametrize(("rows", "columns"), [(4, 4), (8, 12), (12, 8)])
def test_velocity_with_and_without_finished_frames(runtimes: tuple[Runtime, Runtime], rows: int, columns: int):
    config = runtimes[0].checkpoint.config.transformer
    text, latents = normal(1, 7, config.width), normal(1, config.latent_channels, 1, rows, columns)
    contexts = [runtime.read_text(text) for runtime in runtimes]
    for name in ("pooled", "keys", "values"):
        assert differ(*(getattr(context, name) for context in contexts)) < BOUND
    first = [runtime.velocity(latents, 0.7, context, 0.0) for runtime, context in zip(runtimes, contexts, strict=True)]
    assert differ(*first) < BOUND and first[0].shape == latents.shape
    frames = [runtime.remember(latents, context, 0.0) for runtime, context in zip(runtimes, contexts, strict=True)]
    for a, b in zip(*frames, strict=True):
        assert differ(a, b) < BOUND
    rotary = rotary_table([0, 2], rows // PATCH, columns // PATCH, config.width // config.heads)
    seen = [extend_context(context, [own, own], rotary) for context, own in zip(contexts, frames, strict=True)]
    later = [runtime.velocity(latents, 0.3, context, 3.0) for runtime, context in zip(runtimes, seen, strict=True)]
    assert differ(*later) < BOUND
    alone = runtimes[0].velocity(latents, 0.3, contexts[0], 3.0)
    assert differ(alone, later[0]) > BOUND, "the frames are seen"


@pytest.mark.parametrize("precision", PRECISIONS)
def test_calls_run_parallel_give_the_bytes_of_calls_in_turn(tiny_checkpoint: Path, precision: str):
    checkpoint = open_checkpoint(tiny_checkpoint)
    two, one = (open_runtime(checkpoint, threads=threads, precision=precision) for threads in (2, 1))
    config = one.checkpoint.config.transformer
    contexts = [one.read_text(normal(1, length, config.width)) for length in (3, 7, 12)]
    latents = normal(1, config.latent_channels, 1, 8, 12)
    expected = [one.velocity(latents, 0.5, context, 0.0) for context in contexts]
    for _ in range(3):
        calls = [partial(two.velocity, latents, 0.5, context, 0.0) for context in contexts]
        for a, b in zip(two.run_parallel(calls), expected, strict=True):
            assert np.array_equal(a, b)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("door", [TextToImageModel, TextToVideoModel])
def test_the_number_of_threads_changes_no_byte(tiny_checkpoint: Path, door: Any, precision: str):
    """Nor does it matter whether a drawing is the first, which opens the graphs, or a later one, whose calls run side by side."""
    asked: dict[str, Any] = {"seed": 3, "size": "64x96", "num_inference_steps": 3}
    asked |= {"num_frames": 9} if door is TextToVideoModel else {}
    one, two = (door(tiny_checkpoint, threads=threads, precision=precision) for threads in (1, 2))
    expected = one.generate(PROMPT, **asked)
    drawn = [two.generate(PROMPT, **asked) for _ in range(3)]
    for again in (one.generate(PROMPT, **asked), *drawn):
        pixels = [result.frames if door is TextToVideoModel else result.pixels for result in (expected, again)]
        assert np.array_equal(*pixels)


def test_int8_is_near_fp32_and_another(tiny_checkpoint: Path):
    checkpoint = open_checkpoint(tiny_checkpoint)
    exact, coarse = (open_runtime(checkpoint, threads=1, precision=precision) for precision in ("fp32", "int8"))
    config = checkpoint.config.transformer
    context, latents = exact.read_text(normal(1, 7, config.width)), normal(1, config.latent_channels, 1, 8, 12)
    velocities = [runtime.velocity(latents, 0.7, context, 0.0) for runtime in (exact, coarse)]
    assert 0 < differ(*velocities) < 0.05 * velocities[0].std()
    frames = [runtime.remember(latents, context, 0.0) for runtime in (exact, coarse)]
    for a, b in zip(*frames, strict=True):
        assert 0 < differ(a, b) < 0.1 * a.std()


def test_columns_are_quantised_to_seven_bits():
    weight = normal(64, 5) * np.array([1, 1e-3, 1e3, 0, 1], np.float32)
    values, scale = quantise_columns(weight)
    assert values.dtype == np.int8 and scale.dtype == np.float32 and scale.shape == (5,)
    assert np.abs(values).max(axis=0).tolist() == [63, 63, 63, 0, 63]
    assert (np.abs(values * scale - weight) <= 0.501 * scale).all()


def test_what_cannot_be_drawn_in_int8_says_so(copied_checkpoint: Path):
    with pytest.raises(SettingError, match="is of the runtime onnx, got runtime 'torch'"):
        open_runtime(open_checkpoint(copied_checkpoint), "torch", precision="int8")
    (copied_checkpoint / "graphs" / f"{VELOCITY['int8']}.onnx").unlink()
    checkpoint = open_checkpoint(copied_checkpoint)
    with pytest.raises(SettingError, match=f"make it with: mutoscope export {copied_checkpoint} --out DIR"):
        open_runtime(checkpoint, precision="int8")
    assert open_runtime(checkpoint).name == "onnx"


def test_decode_one_latent_frame_after_the_other(runtimes: tuple[Runtime, Runtime]):
    states = [None, None]
    for number in range(3):
        latents = np.roll(normal(1, 16, 1, 8, 6), number, axis=1)
        pixels = []
        for i, runtime in enumerate(runtimes):
            frames, states[i] = runtime.decode(latents, states[i])
            pixels.append(frames)
        assert differ(*pixels) < BOUND and pixels[0].shape == (1, 3, 4 if number else 1, 64, 48)
        for a, b in zip(*states, strict=True):
            assert differ(a, b) < BOUND


@pytest.mark.parametrize("size", [(32, 48), (64, 64)])
def test_encode(runtimes: tuple[Runtime, Runtime], size: tuple[int, int]):
    pixels = np.tanh(normal(1, 3, 1, *size))
    latents = [runtime.encode(pixels) for runtime in runtimes]
    assert differ(*latents) < BOUND and latents[0].shape == (1, 16, 1, size[0] // 8, size[1] // 8)
    assert latents[0].std() > 0.1


def test_the_shipped_encoder_undoes_the_shipped_decoder():
    """The graph that ships is the encoder of the weights that ship: both runtimes agree, and a picture comes back."""
    picture = TextToImageModel(threads=1).generate(PROMPT, seed=7, size="64x64", num_inference_steps=4)
    pixels = (picture.pixels.transpose(2, 0, 1)[None, :, None] / 127.5 - 1).astype(np.float32)
    runtimes = [open_runtime(open_checkpoint(), name, threads=1) for name in ("onnx", "torch")]
    latents = [runtime.encode(pixels) for runtime in runtimes]
    assert differ(*latents) < BOUND
    back = runtimes[0].decode(latents[0], None)[0]
    assert 10 * np.log10(4 / np.mean((back - pixels) ** 2)) > 30  # dB; 38 measured


@pytest.mark.parametrize("file", ["encoder.safetensors", "graphs/encoder.onnx"])
@pytest.mark.parametrize("name", ["onnx", "torch"])
def test_words_need_no_encoder(copied_checkpoint: Path, name: str, file: str):
    (copied_checkpoint / file).unlink()
    model = TextToImageModel(copied_checkpoint, runtime=name, threads=1)
    assert model.generate(PROMPT, size="32x32", num_inference_steps=1).pixels.shape == (32, 32, 3)
    if (name, file) != ("torch", "graphs/encoder.onnx"):  # the modules need no graph
        with pytest.raises(CheckpointError, match=f"{file} is missing.*mutoscope export"):
            open_runtime(open_checkpoint(copied_checkpoint), name, 1).encode(np.zeros((1, 3, 1, 32, 32), np.float32))


def test_the_same_request_gives_the_same_picture(tiny_checkpoint: Path):
    onnx, torch = (
        TextToImageModel(tiny_checkpoint, runtime=name, threads=1).generate(
            PROMPT, seed=3, style="watercolor", size="3:2"
        )
        for name in ("onnx", "torch")
    )
    assert onnx.request == torch.request and onnx.pixels.std() > 1
    assert psnr(onnx.pixels, torch.pixels) > 40


def test_the_same_request_gives_the_same_clip(tiny_checkpoint: Path):
    onnx, torch = (
        TextToVideoModel(tiny_checkpoint, runtime=name, threads=1).generate(
            PROMPT, seed=3, num_frames=25, size="64x64", num_inference_steps=3
        )
        for name in ("onnx", "torch")
    )
    assert onnx.frames.shape == (25, 64, 64, 3) and psnr(onnx.frames, torch.frames) > 40


def test_names(tiny_checkpoint: Path, runtimes: tuple[Runtime, Runtime], monkeypatch: pytest.MonkeyPatch):
    checkpoint = open_checkpoint(tiny_checkpoint)
    assert [runtime.name for runtime in runtimes] == ["onnx", "torch"]
    assert open_runtime(checkpoint).name == "onnx"
    with pytest.raises(SettingError, match="did you mean 'onnx'"):
        open_runtime(checkpoint, "onx")
    for threads in (0, -1, 2.0, True, 10**6):
        wrong: Any = threads
        with pytest.raises(SettingError, match="threads"):
            open_runtime(checkpoint, "onnx", wrong)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"mutoscope\[torch\]"):
        open_runtime(checkpoint, "torch")
