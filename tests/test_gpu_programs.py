"""The programs for minutes of a GPU (scripts/gpu), on the CPU with the tiny preset: pack, train a few steps, join, draw."""

import importlib
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from mutoscope import TextToImageModel

SET = "emoji_noto"


@pytest.fixture
def pack(root: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module scripts/gpu/pack.py; those beside it can be imported too."""
    monkeypatch.syspath_prepend(root / "scripts" / "gpu")
    return importlib.import_module("pack")


def write_set(path: Path) -> None:
    """Write a set of one sprite, 200 pixels wide, as a tar."""
    buffer = io.BytesIO()
    Image.new("RGBA", (200, 100), (220, 30, 20, 255)).save(buffer, "WEBP", lossless=True)
    row = {
        "file": "apple.webp",
        "name": "red apple",
        "captions": ["red apple"],
        "keywords": [],
        "style": "flat vector emoji",
    }
    row |= {"source": "made by the test", "licence": "CC0-1.0", "alpha": True}
    files = {f"./{SET}/captions.jsonl": json.dumps(row).encode() + b"\n", f"./{SET}/apple.webp": buffer.getvalue()}
    with tarfile.open(path, "w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def run(*words: object, **environment: str) -> str:
    command = [sys.executable, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, env={**os.environ, **environment})
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the renderers are forks")
def test_pack_train_join(
    tiny_checkpoint: Path, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch, pack: ModuleType
):
    monkeypatch.setattr(pack, "SETS", (SET,))
    write_set(tmp_path / f"{SET}.tar")
    kit, shards, run_folder = tmp_path / "kit", tmp_path / "shards", tmp_path / "run"
    pack.pack(kit, tiny_checkpoint, tmp_path)
    with tarfile.open(kit / "sprites.tgz") as archive:
        archive.extractall(tmp_path, filter="data")
    with Image.open(tmp_path / "sprites" / SET / "apple.webp") as sprite:
        assert sprite.size == (pack.SPRITE_SIDE, pack.SPRITE_SIDE // 2)

    missing = tmp_path / "missing"
    missing.mkdir()
    for name in ("av", "onnxruntime", "typer"):  # what the default install brings and a GPU machine need not have
        (missing / f"{name}.py").write_text(f"raise ImportError('{name} is not here')")
    said = run(
        kit / "train.py", "--device", "cpu", "--preset", "tiny", "--scale", 0.25, "--workers", 2, "--clip-workers", 1,
        "--steps", 4, "--tokens", 256, "--seconds", 90, "--student-seconds", 30, "--reserve", 1, "--smoke",
        "--sprites", tmp_path / "sprites", "--out", shards, "--keep", shards,
        PYTHONPATH=str(missing),  # the packed code, not this repository's
    )  # fmt: skip
    assert "teacher done 4" in said and "student done 4" in said
    log = json.loads((shards / "log.json").read_text())
    assert log["steps"] == 4 and sum(log["seen"].values()) >= 16

    joined = root / "scripts" / "gpu" / "join.py"
    run(joined, shards, run_folder, tmp_path / "out", "--preset", "tiny", "--begin", tiny_checkpoint)
    trained = load_file(run_folder / "parts" / "transformer.safetensors")
    for shard in shards.glob("teacher-*.safetensors"):
        for key, half in load_file(shard).items():
            assert np.array_equal(trained[key], half.astype(np.float32)), key
            assert np.isfinite(half).all()
    for name, steps in (("mini", 12), ("quick", 4)):
        picture = TextToImageModel(tmp_path / "out" / name, threads=1).generate("a lake", size="32x32", seed=1)
        assert picture.request.num_inference_steps == steps and picture.pixels.std() > 0


def test_captions_are_completed_as_prompts_are(pack: ModuleType):
    complete = importlib.import_module("renderers").complete
    assert complete("a tarn at nightfall") == "a tarn at nightfall, lake, blue hour"
    assert complete("a beach, watercolor").startswith("watercolor, a beach, watercolor, beach")


def test_what_is_hidden_comes_back(pack: ModuleType, tmp_path: Path):
    repository, hidden = tmp_path / "repository", tmp_path / "hidden"
    contents = {"small.txt": b"x", "deep/large.bin": b"y" * (pack.LARGE_BYTES + 1)}
    subprocess.run(["git", "init", "-q", repository], check=True)
    for name, data in {**contents, "untracked.bin": b"z" * (pack.LARGE_BYTES + 1)}.items():
        (repository / name).parent.mkdir(exist_ok=True)
        (repository / name).write_bytes(data)
    subprocess.run(["git", "add", *contents], cwd=repository, check=True)
    assert pack.hide_large_files(repository, hidden) == 1
    assert not (repository / "deep" / "large.bin").exists() and (repository / "untracked.bin").exists()
    with pytest.raises(SystemExit, match="--restore first"):
        pack.hide_large_files(repository, hidden)
    assert pack.restore(repository, hidden) == 1 and not hidden.exists()
    assert {name: (repository / name).read_bytes() for name in contents} == contents


def test_orthogonalised_matrices_are_nearly_orthogonal(pack: ModuleType):
    import torch

    learner = importlib.import_module("learner")

    torch.manual_seed(0)
    for shape in ((3, 16, 48), (2, 48, 16)):
        matrices = torch.randn(shape)
        singular = torch.linalg.svdvals(learner.orthogonalise(matrices))
        assert 0.6 < singular.min() and singular.max() < 1.3  # the quintic leaves them near 1
        U, _, V = torch.linalg.svd(matrices, full_matrices=False)
        assert (
            torch.nn.functional.cosine_similarity(learner.orthogonalise(matrices).flatten(1), (U @ V).flatten(1)).min()
            > 0.97
        )


def test_the_average_follows_the_weights(pack: ModuleType):
    """With a power average of weights that stand still, the average is the weights; a step moves them against the gradient."""
    import torch

    from mutoscope.config import preset

    programs = importlib.import_module("learner")

    torch.manual_seed(0)
    model = programs.FastTransformer(preset("tiny").transformer)
    learner = programs.Learner(model, torch.float32)
    before = [master.clone() for master in learner.masters]
    bias = model.head.bias
    (bias.sum() * 3).backward()
    learner.step(0.01)
    index = learner.names.index("head.bias")
    assert (learner.masters[index] < before[index]).all(), "against the gradient"
    assert torch.equal(learner.average[index], learner.masters[index]), "the first step is the whole average"
    assert torch.equal(bias.detach(), learner.masters[index]) and bias.grad is None
