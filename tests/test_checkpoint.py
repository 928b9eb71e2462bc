"""A model folder is read whole or refused, with the name of the file that is wrong; nothing in it is run."""

import json
import pickletools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mutoscope import TextToImageModel
from mutoscope.checkpoint import GRAPHS, card_digest, file_hash, open_checkpoint, quantise_rows, read_weights
from mutoscope.errors import CheckpointError

FILES = ("config.json", "tokenizer.json", "weights.safetensors", *(f"graphs/{name}.onnx" for name in GRAPHS))


def edit(folder: Path, change: Callable[[dict[str, Any]], Any], sign: bool = True) -> None:
    """Change config.json as someone would who knows how, digest included."""
    path = folder / "config.json"
    card = json.loads(path.read_text())
    change(card)
    if sign:
        card["digest"] = card_digest(card)
    path.write_text(json.dumps(card))


def test_it_opens(tiny_checkpoint: Path):
    checkpoint = open_checkpoint(tiny_checkpoint)
    assert checkpoint.name == "mutoscope-tiny" and len(checkpoint.hash) == 16
    assert checkpoint.config.preset == "tiny" and "lake" in checkpoint.known_words
    assert set(json.loads((tiny_checkpoint / "config.json").read_text())["sha256"]) == {
        *FILES[1:], "encoder.safetensors", "graphs/encoder.onnx", "graphs/velocity_int8.onnx",
    }  # fmt: skip


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_named(copied_checkpoint: Path, file: str):
    (copied_checkpoint / file).unlink()
    with pytest.raises(CheckpointError, match=file):
        open_checkpoint(copied_checkpoint)


@pytest.mark.parametrize("file", [*FILES, "encoder.safetensors", "graphs/encoder.onnx", "graphs/velocity_int8.onnx"])
@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_one_changed_bit_is_named(copied_checkpoint: Path, file: str, place: float):
    data = bytearray((copied_checkpoint / file).read_bytes())
    data[int(place * len(data))] ^= 1
    (copied_checkpoint / file).write_bytes(data)
    with pytest.raises(CheckpointError, match=file):
        open_checkpoint(copied_checkpoint)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("kept", [0, 7, 1000])
def test_a_cut_file_is_named(copied_checkpoint: Path, file: str, kept: int):
    (copied_checkpoint / file).write_bytes((copied_checkpoint / file).read_bytes()[:kept])
    with pytest.raises(CheckpointError, match=file):
        open_checkpoint(copied_checkpoint)


def test_training_weights_may_be_left_out(copied_checkpoint: Path):
    (copied_checkpoint / "encoder.safetensors").unlink()
    assert open_checkpoint(copied_checkpoint).name == "mutoscope-tiny"


def test_no_folder(tmp_path: Path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "gone", tmp_path / "file", tmp_path / "n\0l"):
        with pytest.raises(CheckpointError, match="is not a folder"):
            open_checkpoint(folder)
    with pytest.raises(CheckpointError, match=r"config\.json is missing"):
        open_checkpoint(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "null", "{}", "{", "\xff", '"format"', '{"format": NaN}', '{"format": 1}', "[" * 100_000,
        '{"format": ' + "[" * 50_000 + "]" * 50_000 + "}", '{"format": 1, "a": ' + "9" * 10_000 + "}",
    ],
    ids=range(12),
)  # fmt: skip
def test_a_config_that_is_none(copied_checkpoint: Path, text: str):
    (copied_checkpoint / "config.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(CheckpointError, match=r"config\.json") as caught:
        open_checkpoint(copied_checkpoint)
    assert len(str(caught.value)) < 1000


def test_a_config_that_is_too_large(copied_checkpoint: Path):
    edit(copied_checkpoint, lambda card: card.update(note="x" * (1 << 20)))
    with pytest.raises(CheckpointError, match=r"config\.json is larger than 1 MB"):
        open_checkpoint(copied_checkpoint)


@pytest.mark.parametrize(
    "change",
    [
        lambda card: card.update(format=1),
        lambda card: card.update(format=3),
        lambda card: card.update(format="1"),
        lambda card: card.pop("sha256"),
        lambda card: card.update(sha256=[]),
        lambda card: card["sha256"].pop("weights.safetensors"),
        lambda card: card["sha256"].update({"weights.safetensors": 7}),
        lambda card: card.pop("known_words"),
        lambda card: card.update(known_words="lake"),
        lambda card: card.update(known_words=[["lake"]]),
        lambda card: card.update(name=None),
        lambda card: card.pop("constants"),
        lambda card: card["constants"].pop("text"),
        lambda card: card["constants"].update(encoder="codec.mean"),
        lambda card: card.update(note=float("nan")),
        lambda card: card.update(model=[]),
        lambda card: card["model"].update(colour="red"),
        lambda card: card["model"]["transformer"].update(widht=32),
        lambda card: card["model"]["transformer"].update(width="32"),
        lambda card: card["model"]["transformer"].update(width=0),
        lambda card: card["model"]["transformer"].update(depth=10**9),
        lambda card: card["model"]["codec"].update(widths=[1, 2]),
        lambda card: card["model"]["codec"].update(widths=[1, 2, -3]),
        lambda card: card["model"]["transformer"].update(questions=7),
        lambda card: card["model"]["transformer"].update(questions=-1),
        lambda card: card["model"]["text"].update(window=2),
        lambda card: card["model"]["text"].update(window=float("inf")),
    ],
    ids=range(27),
)
def test_a_config_of_another_kind(copied_checkpoint: Path, change: Callable[[dict[str, Any]], Any]):
    edit(copied_checkpoint, change)
    with pytest.raises(CheckpointError, match=r"config\.json"):
        open_checkpoint(copied_checkpoint)


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "graphs/../../outside", "..\\outside", "a\0b"])
def test_a_name_outside_of_the_folder(copied_checkpoint: Path, name: str):
    (copied_checkpoint.parent / "outside").write_text("secret")
    edit(copied_checkpoint, lambda card: card["sha256"].update({name: "0"}))
    with pytest.raises(CheckpointError, match="outside of the folder"):
        open_checkpoint(copied_checkpoint)


def test_weights_that_do_not_fit(copied_checkpoint: Path):
    """Someone who signs a changed file still gets an error that names it."""
    from safetensors.numpy import load_file, save_file

    path = copied_checkpoint / "weights.safetensors"
    tensors = load_file(path)
    tensors.pop("text.words.weight::scale")
    save_file(tensors, path)
    edit(copied_checkpoint, lambda card: card["sha256"].update({"weights.safetensors": file_hash(path)}))
    with pytest.raises(CheckpointError, match=r"weights\.safetensors.*text\.words"):
        open_checkpoint(copied_checkpoint).weights()["text.words.weight"]
    path.write_bytes(b"\x80\x04N.")  # a pickle
    with pytest.raises(CheckpointError, match=r"weights\.safetensors"):
        read_weights(path)


@given(
    arrays.arrays(np.float32, st.tuples(st.integers(1, 6), st.integers(1, 40)), elements=st.floats(-8.0, 8.0, width=32))
)
def test_rounding_to_int8_errs_by_half_a_step(array: np.ndarray):
    values, scale = quantise_rows(array)
    wide = scale.astype(np.float32)[:, None]
    top = np.abs(array).max(axis=1, keepdims=True)
    error = np.abs(values * wide - array)
    assert values.dtype == np.int8 and scale.dtype == np.float16 and values.min() >= -127
    # Half a step, and what float16 takes from the scale: a part of it, or of a tiny one half of float16's smallest number.
    assert (error <= wide / 2 + top * 2**-10 + 127 * 2**-25).all()


def test_nothing_is_pickled(tiny_checkpoint: Path):
    for path in tiny_checkpoint.rglob("*"):
        if path.is_file():
            assert path.suffix in (".json", ".safetensors", ".onnx"), path
            assert not path.read_bytes().startswith((b"\x80", b"PK")), path
            with pytest.raises((ValueError, UnicodeDecodeError)):
                list(pickletools.genops(path.read_bytes()))


def test_a_run_is_no_checkpoint(tmp_path: Path):
    (tmp_path / "parts").mkdir()
    with pytest.raises(CheckpointError, match=f"is a training run; .* mutoscope export {tmp_path}"):
        open_checkpoint(tmp_path)


@pytest.mark.parametrize(
    ("side", "words"), [(100, "multiple of 16"), (1024, "512"), ("128", "whole number"), (True, "whole")]
)
def test_a_native_side_that_cannot_be_drawn_is_refused(copied_checkpoint: Path, side, words: str):
    edit(copied_checkpoint, lambda card: card.update(native_side=side))
    with pytest.raises(CheckpointError, match=words):
        open_checkpoint(copied_checkpoint)


def test_the_native_side_decides_what_names_and_no_name_mean(copied_checkpoint: Path):
    assert open_checkpoint(copied_checkpoint).native_side == 128, "of a checkpoint that does not say"
    edit(copied_checkpoint, lambda card: card.update(native_side=64))
    model = TextToImageModel(copied_checkpoint, threads=1)
    small: dict[str, Any] = {"num_inference_steps": 1, "seed": 1}
    assert model.generate("a lake", **small).pixels.shape == (128, 128, 3)
    assert model.generate("a lake", size="landscape", **small).pixels.shape == (128, 192, 3)
    assert model.generate("a lake", size="128x128", **small).request.draft == (64, 64)
