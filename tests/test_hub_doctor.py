"""What `doctor` says of the libraries that models made elsewhere run on."""

import re
import tomllib
from pathlib import Path

import pytest

from mutoscope.cli import doctor

GOOD = {"torch": "2.13.0+cpu", "diffusers": "0.42.1", "transformers": "5.24.0", "accelerate": "1.15.0", "peft": "0.21.2",
        "huggingface_hub": "2.4.0", "ftfy": "6.3.1"}  # fmt: skip


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The versions of the libraries, to be changed by a test."""
    versions = dict(GOOD)
    monkeypatch.setattr(doctor, "version", versions.get)
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: name if name in versions else None)
    return versions


def say() -> doctor.Finding:
    return doctor._extra("hub", doctor.EXTRAS["hub"])


def test_versions_that_were_tested(installed: dict[str, str]):
    found = say()
    assert found.good and found.value.startswith("torch 2.13.0+cpu, diffusers 0.42.1, transformers 5.24.0")
    assert found.value.endswith(": all within what was tested")


@pytest.mark.parametrize(
    ("library", "version", "words"),
    [
        ("diffusers", "0.37.0", "not tested with diffusers 0.37.0, tested are >=0.42,<0.44; pip install 'mutoscope[hub]'"),
        ("diffusers", "0.44.0", "not tested with diffusers 0.44.0, tested are >=0.42,<0.44"),
        ("transformers", "6.0.0rc1", "not tested with transformers 6.0.0rc1, tested are >=5.17,<6"),
        ("torch", "2.9.1", "not tested with torch 2.9.1, tested are >=2.10;"),
        ("peft", "unknown", "not tested with peft unknown, tested are >=0.20"),
    ],
)  # fmt: skip
def test_versions_that_were_not(installed: dict[str, str], library: str, version: str, words: str):
    installed[library] = version
    found = say()
    assert words in found.value and not found.good and not found.needed, (
        "drawing with the embedded model is not touched"
    )


def test_not_installed(installed: dict[str, str]):
    del installed["peft"]
    assert say() == doctor.Finding("extra [hub]", "not installed; pip install 'mutoscope[hub]'")


def test_the_windows_are_those_that_are_installed(root: Path):
    extras = tomllib.loads((root / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    asked = {re.split("[<>=]", line)[0]: line for line in extras["hub"]}
    shown = {name: f"{name}>={low}{high and f',<{high}'}" for name, (low, high) in doctor.TESTED.items()}
    assert shown == asked and tuple(asked) == doctor.EXTRAS["hub"] and extras["bench"] == ["mutoscope[hub]"]


def test_a_model_made_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    pytest.importorskip("diffusers")
    from tiny_pipelines import tiny_folder

    monkeypatch.setenv("MUTOSCOPE_CONFIG", str(tmp_path))
    folder = str(tiny_folder("sd"))
    model, model_hash = doctor.examine(folder)[-2:]
    assert (
        model.value.startswith(f"{folder}, draws pictures, diffusers ") and model.good and len(model_hash.value) == 16
    )


def test_a_model_that_is_not_here():
    (found,) = (one for one in doctor.examine("sdxl-turbo")[-1:])
    assert not found.good and found.needed and "mutoscope models get sdxl-turbo" in found.value
