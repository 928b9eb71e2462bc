"""Optimised graphs in the user's cache folder: the same pictures with them, without them, and with whatever else lies there."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from mutoscope import TextToImageModel
from mutoscope.checkpoint import GRAPHS, open_checkpoint
from mutoscope.paths import cache_folder
from mutoscope.runtime import stored
from mutoscope.runtime.onnx import OnnxRuntime

ASKED: dict[str, Any] = {"seed": 3, "size": "64x96", "num_inference_steps": 2}
POSIX = pytest.mark.skipif(os.name != "posix", reason="modes of folders")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder, not made yet."""
    monkeypatch.setenv("MUTOSCOPE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def expected(tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """The picture of a process without a cache folder."""
    with monkeypatch.context() as patch:
        patch.setenv("MUTOSCOPE_CACHE", os.devnull)
        return draw(tiny_checkpoint)


def draw(checkpoint: Path) -> np.ndarray:
    """Draw a picture by a new model, and wait for what it stores."""
    model = TextToImageModel(checkpoint, threads=1)
    pixels = model.generate("a lake at sunset", **ASKED).pixels
    runtime: Any = model.engine.runtime  # type: ignore[attr-defined]  # of a checkpoint
    runtime._openers.shutdown(wait=True)
    return pixels


def found(checkpoint: Path) -> list[bytes | None]:
    """Return what is stored of each graph that is."""
    opened = open_checkpoint(checkpoint)
    return [stored.find_graph(opened.graph(name), opened.card["constants"][name]) for name in stored.STORED]


def files(cache: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in (cache / "graphs").iterdir()}


def test_graphs_are_stored_once_and_draw_the_same(
    cache: Path, expected: np.ndarray, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
):
    assert found(tiny_checkpoint) == [None] * 3
    assert np.array_equal(draw(tiny_checkpoint), expected)
    assert all(found(tiny_checkpoint)) and len(files(cache)) == 3
    monkeypatch.setattr("mutoscope.runtime.onnx.store_graph", lambda *_: pytest.fail("all are stored"))
    opened: list[bytes] = []
    make = onnxruntime.InferenceSession
    monkeypatch.setattr(
        onnxruntime, "InferenceSession", lambda data, *rest, **more: opened.append(data) or make(data, *rest, **more)
    )
    assert np.array_equal(draw(tiny_checkpoint), expected)
    assert set(found(tiny_checkpoint)) <= set(opened) and len(opened) == 4, "and the decoder"


def test_the_embedded_model_draws_the_same(cache: Path):
    model = TextToImageModel(threads=1)
    first = model.generate("a fox in a forest", seed=1, size="64x64", num_inference_steps=2)
    model.engine.runtime._openers.shutdown(wait=True)  # type: ignore[attr-defined]
    assert all(found(model.engine.checkpoint.folder)), "no graph of the package is one that cannot be stored"  # type: ignore[attr-defined]
    again = TextToImageModel(threads=1).generate("a fox in a forest", seed=1, size="64x64", num_inference_steps=2)
    assert np.array_equal(first.pixels, again.pixels)


def test_no_weight_is_stored(cache: Path, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch):
    """Nor anything made of one: with other weights, the stored graph gives what the package's graph gives."""
    draw(tiny_checkpoint)
    checkpoint = open_checkpoint(tiny_checkpoint)
    content, package = b"".join(files(cache).values()), b"".join(checkpoint.graph(name) for name in stored.STORED)
    for name, array in checkpoint.weights().items():  # small ones are in the package's graphs as well
        assert np.ptp(array) == 0 or array.tobytes() not in content or array.tobytes() in package, name
    text = np.random.default_rng(0).standard_normal((1, 7, checkpoint.config.transformer.width)).astype(np.float32)
    contexts = []
    for folder in (cache, Path(os.devnull)):
        monkeypatch.setenv("MUTOSCOPE_CACHE", str(folder))
        runtime = OnnxRuntime(checkpoint, 1)
        runtime._weights = {name: array * 1.5 for name, array in runtime._weights.items()}
        contexts.append(runtime.read_text(text))
    assert np.array_equal(contexts[0].keys, contexts[1].keys)
    assert np.array_equal(contexts[0].pooled, contexts[1].pooled)


def test_a_graph_that_depends_on_its_weights_is_marked(
    cache: Path, expected: np.ndarray, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stored, "_optimise", lambda data, shapes, fill: data + str(fill).encode())
    assert np.array_equal(draw(tiny_checkpoint), expected)
    assert found(tiny_checkpoint) == [b""] * 3
    monkeypatch.setattr("mutoscope.runtime.onnx.store_graph", lambda *_: pytest.fail("it is known to be of no use"))
    assert np.array_equal(draw(tiny_checkpoint), expected)


def test_another_version_or_cpu_stores_its_own(cache: Path, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch):
    draw(tiny_checkpoint)
    with monkeypatch.context() as patch:
        patch.setattr(onnxruntime, "__version__", "1.0.0")
        assert found(tiny_checkpoint) == [None] * 3
    with monkeypatch.context() as patch:
        patch.setattr(stored, "cpu_features", lambda: ["ABACUS"])
        assert found(tiny_checkpoint) == [None] * 3
    assert all(found(tiny_checkpoint)) and stored.cpu_features()


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "no graph", "another graph"])
def test_a_damaged_file_is_written_again(damage: str, cache: Path, expected: np.ndarray, tiny_checkpoint: Path):
    draw(tiny_checkpoint)
    whole = files(cache)
    other = open_checkpoint(tiny_checkpoint).graph(GRAPHS[-1])
    for path, content in whole.items():
        wrong = {
            "cut": content[:-100],
            "changed": content[:-100] + bytes([content[-100] ^ 1]) + content[-99:],
            "empty": b"",
            "no graph": hashlib.sha256(b"no graph").digest() + b"no graph",
            "another graph": hashlib.sha256(other).digest() + other,
        }
        path.write_bytes(wrong[damage])
    assert np.array_equal(draw(tiny_checkpoint), expected)
    assert files(cache) == whole


def test_a_cache_folder_that_is_a_file(
    cache: Path, expected: np.ndarray, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stored, "_optimise", lambda *_: pytest.fail("there is nowhere to store it"))
    cache.write_text("mine")
    assert np.array_equal(draw(tiny_checkpoint), expected)
    assert cache.read_text() == "mine"


@POSIX
def test_a_read_only_cache_folder(
    cache: Path, expected: np.ndarray, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
):
    (cache / "graphs").mkdir(parents=True)
    (cache / "graphs").chmod(0o500)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    monkeypatch.setattr(stored, "_optimise", lambda *_: pytest.fail("there is nowhere to store it"))
    assert np.array_equal(draw(tiny_checkpoint), expected)
    assert files(cache) == {}


def test_a_full_disk(cache: Path, expected: np.ndarray, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stored, "write_bytes", fail)
    assert np.array_equal(draw(tiny_checkpoint), expected)
    assert files(cache) == {}


@POSIX
def test_a_folder_that_others_may_write_into_is_not_read(cache: Path, expected: np.ndarray, tiny_checkpoint: Path):
    draw(tiny_checkpoint)
    assert (cache / "graphs").stat().st_mode & 0o777 == 0o700
    (cache / "graphs").chmod(0o777)
    assert found(tiny_checkpoint) == [None] * 3
    before = files(cache)
    assert np.array_equal(draw(tiny_checkpoint), expected) and files(cache) == before


def test_the_oldest_files_are_deleted(cache: Path, tiny_checkpoint: Path):
    (cache / "graphs").mkdir(parents=True)
    for number in range(stored.MOST_FILES + 5):
        path = cache / "graphs" / f"{number}.onnx"
        path.write_bytes(b"of an older version")
        os.utime(path, (number, number))
    draw(tiny_checkpoint)
    assert all(found(tiny_checkpoint)) and len(files(cache)) == stored.MOST_FILES


def test_two_processes_store_at_once(cache: Path, expected: np.ndarray, tiny_checkpoint: Path):
    code = "import sys; from mutoscope import TextToImageModel\n"
    code += f"p = TextToImageModel(sys.argv[1], threads=1).generate('a lake at sunset', **{ASKED!r}).pixels\n"
    code += "sys.stdout.buffer.write(p.tobytes())"
    command = [sys.executable, "-c", code, str(tiny_checkpoint)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    for process in both:
        out, errors = process.communicate(timeout=100)
        assert (process.returncode, errors, out) == (0, b"", expected.tobytes())
    assert all(found(tiny_checkpoint)) and len(files(cache)) == 3


def test_where_the_cache_folder_is(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("MUTOSCOPE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    if sys.platform == "linux":
        assert cache_folder() == Path("/somewhere/mutoscope")
        monkeypatch.delenv("XDG_CACHE_HOME")
        assert cache_folder() == Path.home() / ".cache" / "mutoscope"
