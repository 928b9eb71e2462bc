"""`mutoscope info` of what other programs made: models in diffusers layout, LoRA files, files that are neither."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from mutoscope.cli import main


def tell(capsys: pytest.CaptureFixture[str], path: Path) -> dict:
    assert main(["info", "--json", str(path)]) == 0
    return json.loads(capsys.readouterr().out)


def write_lora(path: Path, rank: int = 4) -> Path:
    names = ("lora_unet_mid_block_proj_in", "lora_te_text_model_layers_0_q_proj")
    tensors = {f"{name}.lora_down.weight": np.zeros((rank, 8), np.float16) for name in names}
    tensors |= {f"{name}.lora_up.weight": np.zeros((8, rank), np.float16) for name in names}
    tensors |= {f"{name}.alpha": np.ones((), np.float16) for name in names}
    save_file(
        tensors, path, {"ss_base_model_version": "sd_v1", "ss_network_dim": str(rank), "ss_tag_frequency": "x" * 9000}
    )
    return path


def test_a_lora_of_another_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    facts = tell(capsys, write_lora(tmp_path / "style.safetensors", 4))
    assert facts["format"] == "LoRA made elsewhere"
    assert (facts["networks"], facts["layers"], facts["ranks"]) == (["network", "text_encoder"], 2, [4])
    assert facts["precision"] == ["float16"] and facts["noted"]["ss_base_model_version"] == "sd_v1"
    assert len(facts["noted"]["ss_tag_frequency"]) == 200, "notes may be very long"
    assert main(["info", str(tmp_path / "style.safetensors")]) == 0
    assert "LoRA made elsewhere" in capsys.readouterr().out


def test_a_model_in_diffusers_layout(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    model = tmp_path / "model"
    (model / "unet").mkdir(parents=True)
    (model / "model_index.json").write_text(
        json.dumps({"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"]})
    )
    (model / "unet" / "config.json").write_text("{}")
    save_file({"a": np.zeros((10, 10), np.float32)}, model / "unet" / "diffusion_pytorch_model.safetensors")
    facts = tell(capsys, model)
    assert facts["class"] == "StableDiffusionPipeline" and facts["components"] == {"unet": "400 bytes float32"}


def test_what_is_neither(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "cut.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{}")
    (tmp_path / "empty").mkdir()
    for name in ("cut.safetensors", "empty"):
        assert main(["info", str(tmp_path / name)]) != 0
        said = capsys.readouterr().err
        assert name in said and said.count("\n") == 1


@pytest.mark.parametrize("name", ["./nothing.safetensors", "/nowhere/x.safetensors"])
def test_a_file_that_is_not_there_is_said_so(
    name: str, tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    assert main(["image", "a lake", "--model", name]) != 0
    assert f"there is no file {name.removeprefix('./')}" in capsys.readouterr().err.replace("./", "")
