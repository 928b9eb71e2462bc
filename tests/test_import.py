"""Importing is cheap: neither PyTorch nor ONNX Runtime comes in before a model is made, and a PNG loads what it needs alone."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mutoscope

HEAVY = (
    "torch",
    "onnxruntime",
    "onnx",
    "tokenizers",
    "transformers",
    "diffusers",
    "accelerate",
    "peft",
    "huggingface_hub",
)
MODULES = (
    "mutoscope",
    "mutoscope.models",
    "mutoscope.cli",
    "mutoscope.pipeline",
    "mutoscope.media",
    "mutoscope.world.spec",
    "mutoscope.hub.checks",
    "mutoscope.hub.fetch",
    "mutoscope.hub.kept",
)
# What `mutoscope image "a lake at sunset"` has no use for: each of these lengthens every start.
REFUSED = (
    "torch", "onnx", "tokenizers", "transformers",  # of training and export; seconds each
    "av",  # of clips
    "socket", "ssl", "http", "urllib.request", "email", "asyncio",  # nothing here speaks to a network
    "concurrent.futures.process", "multiprocessing",  # of data and training; threads open the graphs
    "fastapi", "uvicorn", "sqlite3", "mutoscope.serve",  # of the server
    "pydantic", "rich",  # come with Typer: the first reads words, which our own parsers do; the second draws bars on a terminal
    "importlib.metadata",  # looks through everything that is installed; for doctor alone
    "tomllib",  # the vocabulary is compiled; a user's own files are read with it
    "html", "csv",  # were used for a few characters
    "PIL.GifImagePlugin", "PIL.JpegImagePlugin", "PIL.WebPImagePlugin",  # other formats than the one that is written
    "mutoscope.media.reading",  # of pictures to start from
    "mutoscope.cli.train", "mutoscope.cli.data", "mutoscope.cli.evaluate", "mutoscope.cli.doctor",  # other commands
    "mutoscope.world", "mutoscope.train", "mutoscope.evaluate", "mutoscope.data", "mutoscope.bench",  # what stands beside drawing
)  # fmt: skip


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


def test_a_png_loads_what_it_needs_alone(tmp_path: Path):
    """The whole process, as `python -X importtime` lists its modules."""
    words = ["image", "a lake at sunset", "--size", "128x128", "--steps", "1", "--seed", "1", "-o", "a.png"]
    command = [sys.executable, "-X", "importtime", "-m", "mutoscope", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.returncode == 0 and (tmp_path / "a.png").is_file(), done.stderr
    loaded = set(re.findall(r"^import time:.*\| +(\S+)$", done.stderr, re.MULTILINE))
    assert {"onnxruntime", "PIL.PngImagePlugin", "mutoscope.vocabulary.matching"} <= loaded
    assert (
        sorted(name for name in loaded if name in REFUSED or name.startswith(tuple(f"{one}." for one in REFUSED))) == []
    )
