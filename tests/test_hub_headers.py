"""What a model needs, by the headers of its files alone."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from hub_folders import make_folder, write_json, write_weights
from mutoscope.errors import CheckpointError
from mutoscope.hub.headers import (
    Tensor,
    component_bytes,
    read_header,
    spell_bytes,
    stored_precision,
    variant_of,
    weight_files,
)


def test_a_header(tmp_path: Path):
    file = write_weights(tmp_path / "a.safetensors")
    assert read_header(file) == {"a.weight": Tensor("float16", (64,), 128), "a.bias": Tensor("float32", (4,), 16)}


def test_bytes_of_a_folder(tmp_path: Path):
    folder = make_folder(tmp_path)
    write_weights(folder / "unet" / "diffusion_pytorch_model.fp16.safetensors", 8)
    write_weights(folder / "unet" / "diffusion_pytorch_model.non_ema.safetensors", 8)
    write_weights(folder / "elsewhere" / "model.safetensors")  # model_index.json does not name it
    expected = {"float16": 128, "float32": 16}
    assert component_bytes(folder) == {"text_encoder": expected, "unet": expected, "vae": expected}
    assert component_bytes(folder, "fp16")["unet"] == {"float16": 16, "float32": 16}
    assert stored_precision(folder) == "float16"


def test_bytes_of_shards(tmp_path: Path):
    folder = make_folder(tmp_path)
    part = folder / "unet"
    (part / "diffusion_pytorch_model.safetensors").unlink()
    for number in (1, 2):
        write_weights(part / f"diffusion_pytorch_model-{number:05}-of-00002.safetensors", dtype=np.float32)
    assert component_bytes(folder)["unet"] == {"float32": 2 * (256 + 16)}
    assert stored_precision(folder) == "float32"


def test_bytes_of_a_file(tmp_path: Path):
    names = ("model.diffusion_model.a", "first_stage_model.a", "cond_stage_model.a", "vae.b")
    save_file({name: np.ones(8, np.float16) for name in names}, tmp_path / "a.safetensors")
    assert component_bytes(tmp_path / "a.safetensors") == {
        "network": {"float16": 16}, "vae": {"float16": 32}, "text_encoder": {"float16": 16},
    }  # fmt: skip


def test_bfloat16_and_float8(tmp_path: Path):
    rows = {
        "a": {"dtype": "BF16", "shape": [4], "data_offsets": [0, 8]},
        "b": {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [8, 10]},
    }
    header = json.dumps({"__metadata__": {"format": "pt"}, **rows}).encode()
    (tmp_path / "a.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(10))
    assert component_bytes(tmp_path / "a.safetensors") == {"network": {"bfloat16": 8, "float8_e4m3fn": 2}}


def test_a_folder_without_weights(tmp_path: Path):
    with pytest.raises(CheckpointError, match=r"holds no weights in \.safetensors files"):
        stored_precision(tmp_path)


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("model.safetensors", ""),
        ("diffusion_pytorch_model.fp16.safetensors", "fp16"),
        ("model.fp16-00001-of-00002.safetensors", "fp16"),
        ("diffusion_pytorch_model-00001-of-00002.bf16.safetensors", "bf16"),
        ("diffusion_pytorch_model-00001-of-00002.safetensors", ""),
        ("diffusion_pytorch_model.non_ema.safetensors", "non_ema"),
        ("model.bin", ""),
    ],
)
def test_variants(name: str, variant: str):
    assert variant_of(name) == variant


def test_which_files_are_read(tmp_path: Path):
    for name in ("model.safetensors", "model-00001-of-00001.safetensors", "lora.safetensors"):
        write_weights(tmp_path / name)
    assert [path.name for path in weight_files(tmp_path)] == ["model.safetensors"]
    assert [path.name for path in weight_files(tmp_path, "fp16")] == ["model.safetensors"], "where it has none"


def test_numbers_of_bytes():
    assert [spell_bytes(count) for count in (0, 999, 1_500_000, 6.94e9)] == ["0 bytes", "999 bytes", "1.5 MB", "6.9 GB"]


def test_the_bytes_are_those_that_are_loaded(tmp_path: Path):
    """Of a small network in two types, within 1 %."""
    torch = pytest.importorskip("torch", reason="needs mutoscope[hub]")
    from safetensors.torch import load_file, save_file

    nn = torch.nn
    unet = nn.Sequential(nn.Conv2d(4, 64, 3), nn.GroupNorm(8, 64), nn.Conv2d(64, 4, 3)).to(torch.bfloat16)
    for name, module in (("unet", unet), ("vae", nn.Sequential(nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16)))):
        write_json(tmp_path / name / "config.json", {})
        save_file(module.state_dict(), tmp_path / name / "diffusion_pytorch_model.safetensors")
        loaded = load_file(tmp_path / name / "diffusion_pytorch_model.safetensors")
        held = sum(value.numel() * value.element_size() for value in loaded.values())
        assert sum(component_bytes(tmp_path)[name].values()) == pytest.approx(held, rel=0.01)
    assert list(component_bytes(tmp_path)["unet"]) == ["bfloat16"] and stored_precision(tmp_path) == "bfloat16"
