"""The CLIP text tower against transformers' CLIPTextModel with random weights."""

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("transformers")

import torch
import transformers
from safetensors.torch import load_file, save_file

from mutoscope.clip_tower import ClipTextTower, load_clip_tower
from mutoscope.errors import CheckpointError

pytestmark = pytest.mark.usefixtures("one_thread")

SIZES: dict[str, Any] = {
    "vocab_size": 99, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4,
    "max_position_embeddings": 20, "projection_dim": 24, "bos_token_id": 97, "eos_token_id": 98, "pad_token_id": 98,
}  # fmt: skip


def make(folder: Path, kind: str = "CLIPTextModel", **more: Any) -> Any:
    """Save a model of transformers with random weights that hide nothing."""
    torch.manual_seed(0)
    model = getattr(transformers, kind)(transformers.CLIPTextConfig(**(SIZES | more))).eval()
    for weight in model.parameters():
        weight.data = torch.randn_like(weight) * 0.3
    model.save_pretrained(folder)
    return model


def some_ids(end: int = 98) -> torch.Tensor:
    ids = torch.randint(0, 97, (3, 20), generator=torch.Generator().manual_seed(1))
    for row, at in enumerate((4, 19, 11)):
        ids[row, at:] = end
    ids[:, 0] = 97 if end > 97 else 1
    return ids


@pytest.mark.parametrize("activation", ["quick_gelu", "gelu"])
@pytest.mark.parametrize("prefix", [True, False])
def test_equal_to_transformers(tmp_path: Path, activation: str, prefix: bool):
    model = make(tmp_path, hidden_act=activation)
    weights = {name.removeprefix("text_model."): one for name, one in load_file(tmp_path / "model.safetensors").items()}
    weights = {f"text_model.{name}" if prefix else name: one for name, one in weights.items()}
    save_file(weights | {"text_model.embeddings.position_ids": torch.arange(20)[None]}, tmp_path / "model.safetensors")
    tower, ids = load_clip_tower(tmp_path), some_ids()
    mask = torch.arange(20)[None] <= torch.tensor([[4], [19], [11]])
    with torch.no_grad():
        for theirs, ours in (
            (model(ids), tower(ids)),
            (model(ids, attention_mask=mask.long()), tower(ids, mask)),
            (model(ids[:, :7]), tower(ids[:, :7])),
        ):
            assert torch.allclose(theirs.last_hidden_state, ours, atol=1e-5)
        assert torch.allclose(model(ids).pooler_output, tower.embed(tower(ids), ids), atol=1e-5)


def test_old_configs_end_texts_at_the_largest_id(tmp_path: Path):
    model, ids = make(tmp_path, eos_token_id=2), some_ids()
    tower = load_clip_tower(tmp_path)
    with torch.no_grad():
        assert torch.allclose(model(ids).pooler_output, tower.embed(tower(ids), ids), atol=1e-5)


def test_with_projection_and_of_a_whole_clip(tmp_path: Path):
    model, ids = make(tmp_path, "CLIPTextModelWithProjection"), some_ids()
    tower = load_clip_tower(tmp_path)
    with torch.no_grad():
        assert torch.allclose(model(ids).text_embeds, tower.embed(tower(ids), ids), atol=1e-5)
    weights = load_file(tmp_path / "model.safetensors")
    save_file(
        weights | {"vision_model.x": torch.ones(2), "logit_scale": torch.ones(())}, tmp_path / "model.safetensors"
    )
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "clip", "text_config": config}))
    with torch.no_grad():
        assert torch.equal(load_clip_tower(tmp_path)(ids), tower(ids))


def test_later_tokens_change_nothing_before_them_and_gradients_flow(tmp_path: Path):
    make(tmp_path)
    tower, ids = load_clip_tower(tmp_path), some_ids()
    other = ids.clone()
    other[:, 9:] = 5
    with torch.no_grad():
        assert torch.equal(tower(ids)[:, :9], tower(other)[:, :9]) and not torch.equal(tower(ids), tower(other))
    ClipTextTower(tower.config)(ids).sum().backward()
    tower(ids).square().mean().backward()
    assert all(one.grad is not None and one.grad.isfinite().all() for one in tower.parameters())


def test_halves_are_read_as_float32(tmp_path: Path):
    make(tmp_path)
    weights = {name: one.half() for name, one in load_file(tmp_path / "model.safetensors").items()}
    save_file(weights, tmp_path / "model.fp16.safetensors")
    (tmp_path / "model.safetensors").unlink()
    assert load_clip_tower(tmp_path).words.weight.dtype == torch.float32


def test_damages_are_named(tmp_path: Path):
    with pytest.raises(CheckpointError, match=r"holds no model.safetensors or model.fp16.safetensors"):
        load_clip_tower(tmp_path)
    make(tmp_path)
    file, config = tmp_path / "model.safetensors", tmp_path / "config.json"
    whole, settings = load_file(file), json.loads(config.read_text())
    name = next(name for name in whole if name.endswith("layers.1.mlp.fc2.bias"))
    refused = (
        (
            {key: one for key, one in whole.items() if key != name},
            settings,
            r"1 tensors .* encoder.layers.1.mlp.fc2.bias",
        ),
        (whole | {name: torch.ones(3)}, settings, "no CLIP text tower"),
        ({"x": torch.ones(2)}, settings, "are missing, the first is embeddings.token_embedding"),
        (whole, settings | {"hidden_act": "relu"}, "hidden_act is 'relu', expected quick_gelu or gelu"),
        (whole, settings | {"num_attention_heads": 5}, "5 attention heads do not divide the width 32"),
    )
    for weights, said, words in refused:
        save_file(weights, file)
        config.write_text(json.dumps(said))
        with pytest.raises(CheckpointError, match=words):
            load_clip_tower(tmp_path)
    file.write_bytes(b"cut")
    config.write_text(json.dumps(settings))
    with pytest.raises(CheckpointError, match="fetch the model again"):
        load_clip_tower(tmp_path)
