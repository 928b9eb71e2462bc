"""Nothing is sent, written or printed by the libraries: a new home folder stays empty, also where none can be written.

ONNX Runtime switches its reports off by itself where CI is set, so these tests take CI away.
"""

import ast
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from mutoscope.telemetry import SWITCHES, disable_telemetry

PACKAGE = Path(__file__).resolve().parent.parent / "src"
REPORTING = tuple(int(part) for part in metadata.version("onnxruntime").split(".")[:2]) >= (1, 29)
DRAW = "from mutoscope import TextToImageModel; TextToImageModel({model!r}).generate('a lake', size='64x64', num_inference_steps=1)"


def fresh(home: Path | str, **more: str) -> dict[str, str]:
    """The environment of a new user: no CI, none of the switches, no cache but the home folder's."""
    keep = {name: value for name, value in os.environ.items() if name not in ("CI", "XDG_CACHE_HOME", *SWITCHES)}
    return {**keep, "HOME": str(home), "USERPROFILE": str(home), **more}


def files_of(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def run(code: str, environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=100, env=environment, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.mark.skipif(not REPORTING, reason="this ONNX Runtime does not report yet")
def test_the_library_reports_without_the_switch(home: Path, tmp_path: Path):
    """The other tests can fail: ONNX Runtime alone does write into a new home folder."""
    run("import onnxruntime, time; time.sleep(0.5)", fresh(home), tmp_path)
    assert any("onnxruntime" in name for name in files_of(home))


@pytest.mark.parametrize("asked", [{}, {"ORT_DISABLE_TELEMETRY": "0"}], ids=["nothing set", "set to report"])
def test_drawing_leaves_a_new_home_empty_and_says_nothing(
    home: Path, tmp_path: Path, tiny_checkpoint: Path, asked: dict
):
    code = DRAW.format(model=str(tiny_checkpoint)) + "; import time; time.sleep(0.5)"
    done = run(code, fresh(home, **asked), tmp_path)
    assert files_of(home) == []
    assert (done.stdout, done.stderr) == ("", "")


def test_the_command_line_leaves_a_new_home_empty(home: Path, tmp_path: Path, tiny_checkpoint: Path):
    words = ["image", "a lake", "--size", "64x64", "--steps", "1", "-q", "-o", "t.png", "--model", str(tiny_checkpoint)]
    for argv in (words, ["doctor", "--json"]):
        code = f"from mutoscope.cli import main; raise SystemExit(main({argv!r}))"
        done = run(code, fresh(home), tmp_path)
        assert done.stderr == ""
    assert files_of(home) == [] and (tmp_path / "t.png").is_file()


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="/proc is the home folder that nobody can write")
def test_a_home_that_cannot_be_written_is_no_reason_to_speak(tmp_path: Path, tiny_checkpoint: Path):
    done = run(DRAW.format(model=str(tiny_checkpoint)), fresh("/proc"), tmp_path)
    assert (done.stdout, done.stderr) == ("", "")


def test_an_export_leaves_a_new_home_empty(home: Path, tmp_path: Path):
    """PyTorch's exporter is another way to ONNX Runtime: whatever it imports finds the switch set."""
    code = (
        "import os\nfrom mutoscope.config import preset\nfrom mutoscope.codec import Codec\n"
        "from mutoscope.export.onnx import encoder_graph\n"
        "codec = Codec(preset('tiny').codec)\n"
        "encoder_graph(codec, {f'codec.{name}': one.numpy() for name, one in codec.state_dict().items()})\n"
        "assert os.environ['ORT_DISABLE_TELEMETRY'] == '1'\nimport onnxruntime"
    )
    run(code, fresh(home), tmp_path)
    assert [name for name in files_of(home) if "onnxruntime" in name] == []


def test_switches_are_set_whatever_they_were(monkeypatch: pytest.MonkeyPatch):
    for name in SWITCHES:
        monkeypatch.setenv(name, "something else")
    disable_telemetry()
    assert {name: os.environ[name] for name in SWITCHES} == SWITCHES


def importers(library: str) -> set[str]:
    """Return the files of the package and of scripts/ that import a library, in whatever function."""
    found = set()
    scripts = [path for path in (PACKAGE.parent / "scripts").rglob("*") if path.is_file()]
    for path in [*PACKAGE.rglob("*.py"), *scripts]:
        text = path.read_text("utf-8", errors="replace")
        if path.suffix != ".py" and not (text.startswith("#!") and "python" in text.partition("\n")[0]):
            continue
        for node in ast.walk(ast.parse(text)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] == library for name in names):
                found.add(path.relative_to(PACKAGE.parent).as_posix())
    return found


def test_onnxruntime_is_imported_in_one_place():
    assert importers("onnxruntime") == {"src/mutoscope/telemetry.py"}


@pytest.mark.parametrize("library", ["ray", "datasets", "transformers"])
def test_who_imports_a_library_that_reports_switches_it_off(library: str):
    files = importers(library)
    assert files
    for file in files:
        assert "disable_telemetry()" in (PACKAGE.parent / file).read_text("utf-8"), file


def test_security_md_says_what_is_set(root: Path):
    assert "ORT_DISABLE_TELEMETRY=1" in (root / "SECURITY.md").read_text("utf-8")
