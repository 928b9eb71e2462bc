"""Importing is cheap: neither PyTorch nor ONNX Runtime comes in before a model is made."""

import json
import subprocess
import sys

import pytest

import mutoscope

HEAVY = ("torch", "onnxruntime", "onnx", "tokenizers", "transformers")
MODULES = (
    "mutoscope",
    "mutoscope.models",
    "mutoscope.cli",
    "mutoscope.pipeline",
    "mutoscope.media",
    "mutoscope.world.spec",
)


def loaded_by(statement: str) -> set[str]:
    """Return the top-level modules that a fresh Python holds after `statement`."""
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("module", MODULES)
def test_importing_loads_no_heavy_library(module: str):
    assert loaded_by(f"import {module}").isdisjoint(HEAVY)


def test_the_names_of_the_first_readme():
    statement = "from model import TextToImageModel, TextToVideoModel\nimport mutoscope\n"
    statement += "assert mutoscope.TextToImageModel is TextToImageModel\n"
    statement += "assert mutoscope.TextToVideoModel is TextToVideoModel"
    assert loaded_by(statement).isdisjoint(HEAVY)


def test_an_unknown_name_is_refused():
    with pytest.raises(AttributeError, match="no attribute 'TextToSmellModel'"):
        _ = mutoscope.TextToSmellModel


def test_help_loads_no_heavy_library():
    code = "from mutoscope.cli import main\nassert not main(['--help'])"
    assert loaded_by(code).isdisjoint((*HEAVY, "av", "PIL"))


def test_generating_does_not_import_torch():
    """The whole way from words to pixels, in a Python where torch cannot be imported."""
    code = "import sys; sys.modules['torch'] = None\nfrom mutoscope import TextToImageModel\n"
    code += "p = TextToImageModel().generate('mountain sunset', seed=1, num_inference_steps=2)\n"
    code += "assert p.pixels.shape == (256, 256, 3)\ndel sys.modules['torch']"
    assert "torch" not in loaded_by(code)
