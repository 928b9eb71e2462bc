"""What all tests share: threads that fit the cores, repeatable hypothesis, models and data that are made once for all workers.

Imported before numpy and torch, so the thread counts are read in time; a value set outside is kept.
"""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# The workers of pytest-xdist share the cores: two workers with two threads each would only wait for one another.
_WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_THREADS = str(max(1, min(2, (os.cpu_count() or 1) // _WORKERS)))
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "MUTOSCOPE_THREADS"):
    os.environ.setdefault(_name, _THREADS)
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ["MUTOSCOPE_CONFIG"] = os.devnull  # no style or word list of whoever runs the tests
os.environ["MUTOSCOPE_CACHE"] = os.devnull  # nor a stored graph

import pytest
from filelock import FileLock
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
Shared = Callable[[str, Callable[[Path], object]], Path]

settings.register_profile("house", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("house")


@pytest.fixture
def root() -> Path:
    """The top folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """Make a folder once for all workers: `shared("name", make)` calls `make(folder)` in the first that asks, returns the folder.

    Nobody may change what is in it.
    """
    base = tmp_path_factory.getbasetemp()
    together = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def once(name: str, make: Callable[[Path], object]) -> Path:
        folder, done = together / "shared" / name, together / "shared" / f"{name}.done"
        folder.parent.mkdir(exist_ok=True)
        with FileLock(folder.parent / f"{name}.lock"):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed half-way
                folder.mkdir()
                make(folder)
                done.touch()
        return folder

    return once


@contextlib.contextmanager
def _single_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """The same sums in the same order, whatever else the machine does."""
    with _single_thread():
        yield


@pytest.fixture
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is also the working folder while the test runs."""
    folder = tmp_path / "outputs"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def _make_checkpoint(folder: Path, few_step: bool = False) -> Path:
    import torch

    from mutoscope.codec import Codec
    from mutoscope.config import as_student, preset
    from mutoscope.export.onnx import export_checkpoint
    from mutoscope.image_encoder import ImageTower
    from mutoscope.text_encoder import TextTower
    from mutoscope.train.words import small_tokenizer
    from mutoscope.transformer import Transformer
    from mutoscope.world.grammar import vocabulary

    torch.manual_seed(0)
    config = as_student(preset("tiny")) if few_step else preset("tiny")
    tower, transformer, codec = TextTower(config.text), Transformer(config.transformer), Codec(config.codec)
    for module in (tower, transformer, codec):
        for weight in module.parameters():
            if not weight.any():  # zero at first in a model that is to be trained, which would hide half of it
                weight.data = torch.randn_like(weight) * 0.02
    words = sorted(vocabulary())
    card = {"name": "mutoscope-tiny", "licence": "Apache-2.0", "known_words": words}
    return export_checkpoint(
        folder, config, tower=tower, transformer=transformer, codec=codec, card=card,
        tokenizer_json=small_tokenizer(words, config.text.vocabulary).to_json(), image_tower=ImageTower(config.image_tower),
    )  # fmt: skip


@pytest.fixture(scope="session")
def tiny_checkpoint(shared: Shared) -> Path:
    """A checkpoint folder of the preset `tiny` with random weights; not to be changed (see `copied_checkpoint`)."""
    return shared("tiny", _make_checkpoint)


@pytest.fixture(scope="session")
def few_step_checkpoint(shared: Shared) -> Path:
    """The same for a model that draws in a few steps, as the stage distil makes them."""
    return shared("few-step", lambda folder: _make_checkpoint(folder, few_step=True))


@pytest.fixture(scope="module")
def painter(tiny_checkpoint: Path) -> Any:
    """The tiny model for pictures."""
    from mutoscope import TextToImageModel

    return TextToImageModel(tiny_checkpoint, threads=1)


@pytest.fixture(scope="module")
def filmer(tiny_checkpoint: Path) -> Any:
    """The tiny model for clips."""
    from mutoscope import TextToVideoModel

    return TextToVideoModel(tiny_checkpoint, threads=1)


@pytest.fixture
def copied_checkpoint(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    """A copy of `tiny_checkpoint` that a test may damage."""
    return Path(shutil.copytree(tiny_checkpoint, tmp_path / "copied"))


@pytest.fixture(scope="session")
def tiny_world(shared: Shared) -> Path:
    """A folder with `pictures` (8 of 32 px) and `clips` (4 of 9 frames, 32 px), rendered with captions."""
    from mutoscope.data.folder import Scenery, render_folder
    from mutoscope.events import drain

    def make(folder: Path) -> None:
        drain(render_folder(folder / "pictures", Scenery(32, 32), 8))
        drain(render_folder(folder / "clips", Scenery(32, 32, frames=9), 4))

    return shared("world", make)


@pytest.fixture(scope="session")
def tiny_judge(shared: Shared) -> Path:
    """A folder with a judge of 32 pixels, trained for some seconds by the stage of its own on renders of 32 pixels."""
    from mutoscope import train
    from mutoscope.data.folder import Scenery, render_folder
    from mutoscope.events import drain

    def make(folder: Path) -> None:
        drain(render_folder(folder / "data" / "seen", Scenery(32, 32, seed=9001), 96))
        drain(render_folder(folder / "data" / "held", Scenery(32, 32, seed=9002, held_out=True), 48))
        settings = {"samples": 2400, "batch": 16, "log_every": 1000}
        with _single_thread():  # networks this small only wait for each other on several threads
            out = folder / "judge"
            drain(train.run("judge", preset_name="tiny", data=folder / "data", out=out, overrides=settings))

    return shared("judge", make) / "judge"
