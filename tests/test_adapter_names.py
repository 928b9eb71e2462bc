"""Adapters are named by what their files are called: with commas, colons and endings in capitals."""

from pathlib import Path

import numpy as np
import pytest

from mutoscope import TextToImageModel
from mutoscope.adapter import DOWN, UP, Facts, find_adapter, save_adapter
from mutoscope.checkpoint import open_checkpoint
from mutoscope.errors import SettingError
from mutoscope.options import parse_adapters, split_adapters


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("files", "words", "expected"),
    [
        ([], "one, two:0.5", (("one", 1.0), ("two", 0.5))),
        ([], "./my, style.safetensors", (("./my", 1.0), ("style.safetensors", 1.0))),
        (["my, style.safetensors"], "./my, style.safetensors", (("./my, style.safetensors", 1.0),)),
        (
            ["my, style.safetensors"],
            "./my, style.safetensors:0.5, two",
            (("./my, style.safetensors", 0.5), ("two", 1.0)),
        ),
        (["a,b,c.safetensors"], "one,./a,b,c.safetensors", (("one", 1.0), ("./a,b,c.safetensors", 1.0))),
        (["a", "a,b"], "a,b", (("a,b", 1.0),)),
        (["a"], "a,b", (("a", 1.0), ("b", 1.0))),
        (["x:0.5"], "x:0.5", (("x", 0.5),)),
        ([], "none", ()),
    ],
)
def test_a_comma_in_the_name_of_a_file_parts_nothing(here: Path, files: list[str], words: str, expected: tuple):
    for name in files:
        (here / name).touch()
    assert parse_adapters(words) == expected


@pytest.mark.parametrize("words", ["", "one,", ",", "one,one", "one:1, one:2"])
def test_what_names_no_adapter_is_refused(here: Path, words: str):
    with pytest.raises(SettingError, match=r"an adapter without a name|the adapter 'one' twice"):
        parse_adapters(words)


def test_names_that_no_file_can_have_are_only_words(here: Path):
    assert split_adapters("a\0b," + "c" * 5000) == ["a\0b", "c" * 5000]


def test_such_files_are_drawn_with(here: Path, tiny_checkpoint: Path):
    checkpoint = open_checkpoint(tiny_checkpoint)
    name = "transformer.blocks.0.qkv.weight"
    rows, columns = checkpoint.weights()[name].shape
    random = np.random.default_rng(0)
    tensors = {
        name + UP: random.standard_normal((rows, 2)) * 0.3,
        name + DOWN: random.standard_normal((2, columns)) * 0.3,
    }
    facts = Facts(name="mine", base=checkpoint.name, base_hash=checkpoint.hash, rank=2, word="mine", pictures=1, samples=1,
                  seed=0, licence="")  # fmt: skip
    for file in ("my, style.safetensors", "UP.SAFETENSORS"):
        save_adapter(here / file, facts, {key: array.astype(np.float16) for key, array in tensors.items()})
    assert find_adapter("UP.SAFETENSORS").facts == find_adapter("./my, style.safetensors").facts == facts
    model = TextToImageModel(tiny_checkpoint, threads=1)
    usual = {"seed": 1, "size": "64x64", "num_inference_steps": 2}
    plain, comma, capitals = (
        model.generate("a lake", adapter=adapter, **usual).pixels
        for adapter in (None, "./my, style.safetensors", "UP.SAFETENSORS:1")
    )
    assert np.array_equal(comma, capitals) and not np.array_equal(plain, comma)
