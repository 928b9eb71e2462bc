"""Models made elsewhere that are damaged, dangerous, in one file or by name; and that nothing asks a network."""

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

pytest.importorskip("diffusers")

from safetensors.torch import load_file, save_file

from mutoscope import TextToImageModel
from mutoscope.cli import main
from mutoscope.errors import CheckpointError, MissingModelError, MutoscopeError, NonFiniteError, SettingError
from tiny_pipelines import single_file_sd, tiny_folder

pytestmark = pytest.mark.usefixtures("one_thread")

PROMPT = "a red ball"
SMALL: dict[str, Any] = {"width": 64, "height": 64, "num_inference_steps": 2, "seed": 1}
UNET = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUTOSCOPE_CACHE", str(tmp_path / "cache-of-mutoscope"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A tiny Stable Diffusion that may be changed."""
    return Path(shutil.copytree(tiny_folder("sd"), tmp_path / "model"))


def drop_tensor(folder: Path) -> None:
    weights = load_file(folder / UNET)
    del weights["conv_in.bias"]
    save_file(weights, folder / UNET)


def reshape_tensor(folder: Path) -> None:
    weights = load_file(folder / UNET)
    weights["conv_in.bias"] = weights["conv_in.bias"][:-1].clone()
    save_file(weights, folder / UNET)


def fill_with_nan(folder: Path) -> None:
    weights = load_file(folder / UNET)
    weights["conv_out.bias"] = weights["conv_out.bias"] * float("nan")
    save_file(weights, folder / UNET)


def cut(folder: Path) -> None:
    data = (folder / UNET).read_bytes()
    (folder / UNET).write_bytes(data[: len(data) // 2])


def name_class(name: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        index = folder / "model_index.json"
        index.write_text(json.dumps({**json.loads(index.read_text()), "_class_name": name}))

    return change


def make_pickle(folder: Path) -> None:
    (folder / UNET).rename(folder / "unet" / "diffusion_pytorch_model.bin")


def cached(
    cache: Path, repository: str, source: Path, commit: str = "0123456789abcdef0123456789abcdef01234567"
) -> Path:
    """A folder as a snapshot in a cache of the Hugging Face libraries; returns the snapshot."""
    kept = cache / f"models--{repository.replace('/', '--')}"
    snapshot = Path(shutil.copytree(source, kept / "snapshots" / commit))
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text(commit)
    return snapshot


@pytest.mark.parametrize(
    ("damage", "error", "words"),
    [(drop_tensor, CheckpointError, "lacks conv_in.bias"),
     (reshape_tensor, CheckpointError, "cannot be loaded|lacks conv_in.bias"),
     (fill_with_nan, NonFiniteError, "not finite"),
     (cut, CheckpointError, "cut"),
     (name_class("Flux9Pipeline"), CheckpointError, "which diffusers .* does not have"),
     (name_class("AutoencoderKL"), CheckpointError, "which diffusers .* does not have"),
     (name_class(["my_pipe", "MyPipe"]), CheckpointError, "code of its own"),
     (make_pickle, CheckpointError, "pickle"),
     (lambda folder: shutil.rmtree(folder / "tokenizer"), CheckpointError, "tokenizer")],
)  # fmt: skip
def test_damage_is_said_and_nothing_is_drawn(folder: Path, damage: Any, error: type[MutoscopeError], words: str):
    damage(folder)
    with pytest.raises(error, match=words):
        TextToImageModel(folder, threads=1).generate(PROMPT, **SMALL)


def test_modular_pipelines_get_a_clear_sentence(folder: Path):
    (folder / "model_index.json").rename(folder / "modular_model_index.json")
    with pytest.raises(CheckpointError, match="modular"):
        TextToImageModel(folder)


def test_a_single_file_draws_what_its_folder_draws(tmp_path: Path, folder: Path):
    file = single_file_sd(folder, tmp_path / "model.safetensors")
    whole, single = (TextToImageModel(path, threads=1).generate(PROMPT, **SMALL) for path in (folder, file))
    # Not to the last bit: where weights lie in memory changes the order of some sums.
    assert np.abs(whole.pixels.astype(int) - single.pixels).max() <= 1
    assert single.request.model == str(file) and single.request.model_hash != whole.request.model_hash
    again = TextToImageModel(file, threads=1).redo(single.request)
    assert np.array_equal(again.pixels, single.pixels)


def test_a_single_file_without_its_folder_says_which_one_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    file = single_file_sd(tiny_folder("sd"), tmp_path / "mine.safetensors")
    with pytest.raises(MissingModelError, match=r"family of stable-diffusion-v1-5/.*; fetch it: .*beside the file"):
        TextToImageModel(file)
    save_file(
        load_file(tiny_folder("sd") / "vae" / "diffusion_pytorch_model.safetensors"), tmp_path / "vae.safetensors"
    )
    with pytest.raises(CheckpointError, match="holds no diffusion model that is known"):
        TextToImageModel(tmp_path / "vae.safetensors")


def test_a_repository_of_the_cache_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    snapshot = cached(tmp_path / "cache", "tiny/sd", tiny_folder("sd"))
    picture = TextToImageModel("tiny/sd", threads=1).generate(PROMPT, **SMALL)
    assert (picture.request.model, picture.request.revision) == ("tiny/sd", snapshot.name)
    saved = picture.save(tmp_path / "a.png")
    assert main(["redo", str(saved), "-o", str(tmp_path / "b.png"), "--quiet"]) == 0
    from mutoscope.media import open_frames

    assert np.array_equal(next(open_frames(tmp_path / "b.png")[1]), picture.pixels)
    with pytest.raises(MissingModelError, match="mutoscope models get"):
        TextToImageModel("tiny/other")


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = [
        "image",
        PROMPT,
        "--model",
        str(tiny_folder("sd")),
        "--size",
        "64",
        "--steps",
        "2",
        "--seed",
        "1",
        "--threads",
        "1",
    ]
    assert main([*words, "-o", str(tmp_path / "a.png"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["request"]["engine"] == "diffusers" and (tmp_path / "a.png").is_file()
    assert main([*words, "-o", str(tmp_path / "b.png"), "--size", "60"]) == 2
    assert "use 56 or 64" in capsys.readouterr().err
    assert main([*words, "-o", str(tmp_path / "c.png"), "--device", "cuda:3"]) == 2
    assert "there is no device 'cuda:3'" in capsys.readouterr().err


def test_memory_that_does_not_suffice_is_said_before_a_byte_is_read(monkeypatch: pytest.MonkeyPatch):
    from mutoscope.engines.diffusers import placing

    monkeypatch.setattr(placing, "free_memory", lambda device: 1000)
    model = TextToImageModel(tiny_folder("sd"), threads=1)
    with pytest.raises(SettingError, match=r"needs about .* of memory, 1000 bytes are free|needs about .* are free"):
        model.generate(PROMPT, **SMALL)


def test_a_large_picture_is_decoded_in_tiles_where_memory_is_short(monkeypatch: pytest.MonkeyPatch):
    from mutoscope.engines.diffusers import placing

    model: Any = TextToImageModel(tiny_folder("sd"), threads=1)
    whole = model.generate(PROMPT, **SMALL)
    monkeypatch.setattr(placing, "needs_tiles", lambda *_: True)
    tiled = model.generate(PROMPT, **SMALL)
    assert model.engine._loaded[1].vae.use_tiling and "64x64 is decoded in tiles" in " ".join(tiled.warnings)
    monkeypatch.undo()
    assert (
        np.array_equal(model.generate(PROMPT, **SMALL).pixels, whole.pixels)
        and not model.engine._loaded[1].vae.use_tiling
    )


def test_a_decoder_that_runs_out_of_memory_is_asked_again_in_tiles(monkeypatch: pytest.MonkeyPatch):
    model: Any = TextToImageModel(tiny_folder("sd"), threads=1)
    whole = model.generate(PROMPT, **SMALL)
    vae = model.engine._loaded[1].vae
    decode, calls = vae.decode, []

    def run_out_once(*args: Any, **kwargs: Any) -> Any:
        calls.append(vae.use_tiling)
        if len(calls) == 1:
            raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB")
        return decode(*args, **kwargs)

    monkeypatch.setitem(vae.__dict__, "decode", run_out_once)
    tiled = model.generate(PROMPT, **SMALL)
    assert calls == [False, True] and "decoded in tiles" in " ".join(tiled.warnings)
    assert np.abs(tiled.pixels.astype(int) - whole.pixels).max() <= 1  # one tile holds it all


def test_latents_of_a_long_run_outlive_a_failure_of_the_decoder(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mutoscope.engines.diffusers.kept_latents.LONG_SECONDS", 0.0)
    model: Any = TextToImageModel(tiny_folder("sd"), threads=1)
    words = {**SMALL, "num_inference_steps": 6}
    whole = model.generate(PROMPT, **words)
    pipeline = model.engine._loaded[1]
    monkeypatch.setitem(pipeline.vae.__dict__, "decode", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model.generate(PROMPT, **words)
    monkeypatch.delitem(pipeline.vae.__dict__, "decode")
    steps = [event for event in model.stream(PROMPT, **words) if event.phase in ("draw", "done")]
    assert np.array_equal(steps[-1].result.pixels, whole.pixels)
    assert [event.total for event in steps if event.phase == "draw"] == [1, 1]  # instead of six
    assert (
        len([event for event in model.stream(PROMPT, **words) if event.phase == "draw"]) == 7
    )  # nothing is kept any more


OFFLINE = """
import socket, sys
def refuse(*args, **kwargs):
    raise AssertionError(f"asked the network: {args}")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = socket.create_connection = refuse
from mutoscope import TextToImageModel
picture = TextToImageModel(sys.argv[1], threads=1).generate("a red ball", width=64, height=64, num_inference_steps=2, seed=1)
print(picture.pixels.shape)
"""


def _without_network(command: list[str]) -> list[str]:
    """Cut the network off where this system lets us; else the sockets of the script alone refuse."""
    cut_off = ["unshare", "--net", "--map-root-user"]
    try:
        able = subprocess.run([*cut_off, "true"], capture_output=True, timeout=20).returncode == 0
    except OSError:
        able = False
    return [*cut_off, *command] if able else command


def test_drawing_from_the_cache_asks_no_network(tmp_path: Path):
    cached(tmp_path / "cache", "tiny/sd", tiny_folder("sd"))
    environment = {**os.environ, "HF_HUB_CACHE": str(tmp_path / "cache"), "HF_TOKEN": "hf_secret"}
    environment.pop("HF_HUB_OFFLINE", None)
    command = _without_network([sys.executable, "-c", OFFLINE, "tiny/sd"])
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "(64, 64, 3)" and "hf_secret" not in done.stdout + done.stderr
