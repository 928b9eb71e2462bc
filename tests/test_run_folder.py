"""A run's folder: parts go to disk and back, other sizes are refused by name, and no failed write leaves a cut file."""

import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mutoscope.checkpoint import open_checkpoint
from mutoscope.config import PRESETS, preset, replace
from mutoscope.errors import CheckpointError, StorageError, StorageFullError
from mutoscope.layers import use_channels_last
from mutoscope.run_folder import (
    BEGUN,
    begin_from,
    check_config,
    has_part,
    load_config,
    load_part,
    load_text,
    part_path,
    replace_tensors,
    save_config,
    save_part,
    save_tokenizer,
)
from mutoscope.text_encoder import TextTower
from mutoscope.transformer import Transformer

TINY = preset("tiny")


def tower(seed: int) -> TextTower:
    torch.manual_seed(seed)
    return TextTower(TINY.text)


class TestParts:
    def test_round_trip(self, tmp_path: Path):
        made = tower(0)
        assert not has_part(tmp_path, "text")
        assert save_part(tmp_path, "text", made) == part_path(tmp_path, "text") and has_part(tmp_path, "text")
        other = load_part(tmp_path, "text", tower(1))
        assert all(
            torch.equal(a, b) for a, b in zip(made.state_dict().values(), other.state_dict().values(), strict=True)
        )
        assert [path.name for path in (tmp_path / "parts").iterdir()] == ["text.safetensors"]

    def test_views_and_other_memory_formats_are_written_whole(self, tmp_path: Path):
        model = torch.nn.Conv2d(3, 4, 3)
        use_channels_last(model)
        weight = model.weight.detach().clone()
        save_part(tmp_path, "codec", model)
        assert torch.equal(load_file(part_path(tmp_path, "codec"))["weight"], weight)

    def test_some_tensors_replaced(self, tmp_path: Path):
        made = tower(0)
        save_part(tmp_path, "text", made)
        new = torch.full_like(made.positions.data, 3.0)
        replace_tensors(tmp_path, "text", {"positions": new})
        held = load_file(part_path(tmp_path, "text"))
        assert torch.equal(held.pop("positions"), new)
        assert held.keys() == made.state_dict().keys() - {"positions"}
        assert all(torch.equal(tensor, made.state_dict()[name]) for name, tensor in held.items())

    @pytest.mark.parametrize(
        "tensors", [{"position": torch.zeros(1)}, {"positions": torch.zeros(1)}], ids=["name", "shape"]
    )
    def test_tensors_of_another_model(self, tmp_path: Path, tensors: dict):
        save_part(tmp_path, "text", tower(0))
        before = part_path(tmp_path, "text").read_bytes()
        with pytest.raises(CheckpointError, match="of another model"):
            replace_tensors(tmp_path, "text", tensors)
        assert part_path(tmp_path, "text").read_bytes() == before

    def test_a_missing_part_names_its_stage(self, tmp_path: Path):
        with pytest.raises(
            CheckpointError, match=r"text\.safetensors is missing; make it with: mutoscope train clip --out"
        ):
            load_part(tmp_path, "text", tower(0))

    @pytest.mark.parametrize("damage", ["cut", "empty", "text"])
    def test_a_damaged_part(self, tmp_path: Path, damage: str):
        path = save_part(tmp_path, "text", tower(0))
        whole = path.read_bytes()
        path.write_bytes({"cut": whole[: len(whole) // 2], "empty": b"", "text": b"not safetensors"}[damage])
        for call in (lambda: load_part(tmp_path, "text", tower(0)), lambda: replace_tensors(tmp_path, "text", {})):
            with pytest.raises(CheckpointError, match=r"cannot be read .* train the stage clip again"):
                call()

    def test_a_part_of_other_sizes(self, tmp_path: Path):
        save_part(tmp_path, "transformer", Transformer(TINY.transformer))
        deeper = replace(TINY.transformer, depth=3)
        with pytest.raises(CheckpointError, match="does not fit this preset"):
            load_part(tmp_path, "transformer", Transformer(deeper))

    @pytest.mark.parametrize(("error", "kind"), [(28, StorageFullError), (5, StorageError)])
    def test_a_failed_write_leaves_the_old_part(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int, kind: type
    ):
        path = save_part(tmp_path, "text", tower(0))
        before = path.read_bytes()

        def fail(handle: int) -> None:
            raise OSError(error, os.strerror(error))

        monkeypatch.setattr("os.fsync", fail)
        with pytest.raises(kind, match=r"text\.safetensors"):
            save_part(tmp_path, "text", tower(1))
        monkeypatch.undo()
        assert path.read_bytes() == before and [file.name for file in path.parent.iterdir()] == [path.name]

    def test_tower_and_tokenizer_belong_together(self, tmp_path: Path):
        from mutoscope.train.words import small_tokenizer

        tokenizer = small_tokenizer(["lake", "sunset"], TINY.text.vocabulary)
        save_part(tmp_path, "text", tower(0))
        save_tokenizer(tmp_path, tokenizer.to_json())
        held, again = load_text(tmp_path, TINY)
        assert again.vocabulary == tokenizer.vocabulary and again.ids("lake at sunset") == tokenizer.ids(
            "lake at sunset"
        )
        assert not held.training and not any(p.requires_grad for p in held.parameters())


class TestConfig:
    @pytest.mark.parametrize("name", PRESETS)
    def test_round_trip(self, tmp_path: Path, name: str):
        assert check_config(tmp_path, preset(name)) is False
        save_config(tmp_path / "run", preset(name))
        assert load_config(tmp_path / "run") == preset(name) and check_config(tmp_path / "run", preset(name)) is True
        before = (tmp_path / "run" / "config.json").stat().st_mtime_ns
        save_config(tmp_path / "run", preset(name))
        assert (tmp_path / "run" / "config.json").stat().st_mtime_ns == before

    def test_the_sizes_of_a_preset_may_not_change_under_a_run(self, tmp_path: Path):
        save_config(tmp_path, replace(TINY, transformer=replace(TINY.transformer, depth=3)))
        with pytest.raises(CheckpointError, match="of the preset tiny with other sizes than this version's, or choose"):
            save_config(tmp_path, TINY)

    def test_no_run_at_all(self, tmp_path: Path):
        with pytest.raises(CheckpointError, match="is not a training run"):
            load_config(tmp_path)


class TestBegin:
    def test_a_run_begins_with_all_that_fits(self, tiny_checkpoint: Path, tmp_path: Path):
        checkpoint = open_checkpoint(tiny_checkpoint)
        new = begin_from(tmp_path, checkpoint, TINY)
        assert new == {"text": 0, "transformer": 0, "codec": 0, "image_tower": 0}
        weights = checkpoint.weights()
        held = load_file(part_path(tmp_path, "transformer"))
        assert held and all((weights[f"transformer.{name}"] == tensor.numpy()).all() for name, tensor in held.items())
        assert (tmp_path / "tokenizer.json").read_bytes() == checkpoint.tokenizer_path.read_bytes()
        told = json.loads((tmp_path / BEGUN).read_text())
        assert (told["name"], told["hash"]) == (checkpoint.name, checkpoint.hash)

    def test_a_run_that_has_begun_is_left_as_it_is(self, tiny_checkpoint: Path, tmp_path: Path):
        path = save_part(tmp_path, "text", tower(5))
        before = path.read_bytes()
        assert begin_from(tmp_path, open_checkpoint(tiny_checkpoint), TINY) == {}
        assert path.read_bytes() == before and [file.name for file in path.parent.iterdir()] == [path.name]

    def test_a_larger_transformer_begins_anew_where_it_is_larger(self, tiny_checkpoint: Path, tmp_path: Path):
        deeper = replace(TINY, transformer=replace(TINY.transformer, depth=3))
        new = begin_from(tmp_path, open_checkpoint(tiny_checkpoint), deeper)
        third = [name for name in Transformer(deeper.transformer).state_dict() if name.startswith("blocks.2.")]
        assert new["transformer"] == len(third) > 0 and new["text"] == new["codec"] == 0
        kept, began = (load_file(part_path(tmp_path, "transformer")), open_checkpoint(tiny_checkpoint).weights())
        assert all((began[f"transformer.{name}"] == kept[name].numpy()).all() for name in kept if name not in third)

    def test_a_text_tower_of_other_sizes(self, tiny_checkpoint: Path, tmp_path: Path):
        with pytest.raises(CheckpointError, match="other sizes than the preset nano: its text does not fit"):
            begin_from(tmp_path, open_checkpoint(tiny_checkpoint), preset("nano"))
