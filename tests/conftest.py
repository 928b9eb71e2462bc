"""What all tests share: few threads (tests run on two cores), repeatable hypothesis, and a folder for outputs.

Imported before numpy and torch, so the thread counts are read in time; a value set outside is kept.
"""

import os
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "2")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile("house", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("house")


@pytest.fixture
def root() -> Path:
    """The top folder of the repository."""
    return ROOT


@pytest.fixture
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is also the working folder while the test runs."""
    folder = tmp_path / "outputs"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder
