"""Engines of other packages: the example of docs/plugins.md is installed and draws; what is broken is said."""

import ast
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mutoscope.cli import doctor
from mutoscope.engines import open_engine
from mutoscope.engines.plugins import GROUP, find_opener, plugin_names
from mutoscope.errors import MissingModelError, SettingError
from test_readme import blocks

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "docs" / "examples" / "engine_plugin"
MODULE = EXAMPLE / "mutoscope_gradient.py"
DRAW = """
import json, sys
from mutoscope import TextToImageModel, TextToVideoModel

model = TextToImageModel("gradient:warm")
picture = model.generate("a fox", style="watercolor", size="3:2", seed=7)
assert (model.redo(picture.request).pixels == picture.pixels).all()
picture.save("fox.png")
first, second = model.generate("a fox", seed=7, num_images_per_prompt=2)
assert (model.redo(second.request).pixels == second.pixels).all() and (first.pixels != second.pixels).any()
coarse = model.generate("a fox", seed=7, postprocess="pixelate")
assert (coarse.pixels != first.pixels).any()
stream = TextToVideoModel("gradient:cold").stream("a fox", duration_seconds=2, seed=7)
phases = []
for event in stream:
    phases.append(event.phase)
    if event.step == 3:
        break
stream.close()
clip = TextToVideoModel("gradient:cold").generate("a fox", duration_seconds=2, seed=7)
assert len(clip.frames) == 24 and phases == ["draw"] * 4
print(json.dumps({"shape": picture.pixels.shape, "engine": picture.request.engine, "model": picture.request.model}))
"""


def install(source: Path, target: Path) -> None:
    """Install a package into a folder; by hand where pip or its build backend is not here."""
    if importlib.util.find_spec("pip") and importlib.util.find_spec("setuptools"):
        call = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
        call += ["--disable-pip-version-check", "--target", str(target), str(source)]
        done = subprocess.run(call, capture_output=True, text=True, timeout=100)
        assert done.returncode == 0, done.stderr
        return
    project = tomllib.loads((source / "pyproject.toml").read_text())
    for name in project["tool"]["setuptools"]["py-modules"]:
        shutil.copy(source / f"{name}.py", target)
    points = project["project"]["entry-points"][GROUP]
    declare(target, project["project"]["name"], points)


def declare(folder: Path, package: str, points: dict[str, str]) -> None:
    """Write what an installed package says of itself."""
    facts = folder / f"{package.replace('-', '_')}-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(f"[{GROUP}]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the example is installed."""
    source, target = tmp_path_factory.mktemp("source") / "plugin", tmp_path_factory.mktemp("site")
    shutil.copytree(EXAMPLE, source)  # a build leaves folders in the source
    install(source, target)
    return target


def run_with(site: Path, words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python with the example installed."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(site), str(ROOT / "src")])}
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, cwd=folder, env=env, timeout=100)


def test_the_example_is_installed_and_draws(site: Path, outputs: Path):
    done = run_with(site, ["-c", DRAW], outputs)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"shape": [210, 314, 3], "engine": "gradient", "model": "gradient:warm"}


def test_on_the_command_line(site: Path, outputs: Path):
    call = ["-m", "mutoscope"]
    done = run_with(site, [*call, "image", "a fox", "--model", "gradient:warm", "--seed", "7", "-o", "a.png"], outputs)
    assert done.returncode == 0, done.stderr
    done = run_with(site, [*call, "redo", "a.png", "--model", "gradient:warm", "-o", "b.png"], outputs)
    assert done.returncode == 0, done.stderr
    a, b = (np.asarray(Image.open(outputs / name)) for name in ("a.png", "b.png"))
    assert np.array_equal(a, b)
    done = run_with(site, [*call, "redo", "a.png"], outputs)
    assert done.returncode == 2 and "the engine 'gradient'; give its model with --model" in done.stderr
    done = run_with(site, [*call, "image", "a fox", "--model", "gradient:warm", "--steps", "4"], outputs)
    assert done.returncode == 2 and "takes no steps (--steps); leave it out" in done.stderr
    done = run_with(site, [*call, "image", "a fox", "--model", "gradient:warm", "--device", "cuda"], outputs)
    assert done.returncode == 2 and "gradient:warm takes no runtime, precision, device or offload" in done.stderr
    done = run_with(site, [*call, "image", "a fox", "--model", "gradient:worm"], outputs)
    assert done.returncode == 2 and "no gradient is called 'worm'; known: warm, cold" in done.stderr
    done = run_with(site, [*call, "image", "a fox", "--model", "gradent:warm"], outputs)
    assert done.returncode == 2 and "no engine is called 'gradent' (did you mean 'gradient'?)" in done.stderr
    done = run_with(site, [*call, "doctor", "--json"], outputs)
    assert json.loads(done.stdout)["engines of others"]["value"] == "gradient (mutoscope-gradient 1.0)"


def test_the_page_shows_the_example():
    page = ROOT / "docs" / "plugins.md"
    assert blocks(page, "toml") == [(EXAMPLE / "pyproject.toml").read_text()]
    assert blocks(page, "python") == [MODULE.read_text()]


def test_the_example_is_short():
    code = ast.parse(MODULE.read_text())
    docs = sum(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in ast.walk(code))
    imports = sum(isinstance(node, ast.Import | ast.ImportFrom) for node in code.body)
    lines = [line for line in MODULE.read_text().splitlines() if line.strip()]
    assert len(lines) - docs - imports <= 40


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for packages."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_two_packages_of_one_prefix(installed: Path):
    declare(installed, "one-package", {"mine": "one:open_it"})
    declare(installed, "other-package", {"mine": "other:open_it", "theirs": "other:open_it"})
    with pytest.raises(
        SettingError, match="several packages have an engine 'mine': one-package, other-package; uninstall all but"
    ):
        open_engine("mine:model")
    assert {"mine", "theirs"} <= set(plugin_names())


@pytest.mark.parametrize(
    ("code", "words"),
    [("import not_there_at_all", "cannot be loaded: ModuleNotFoundError: No module named 'not_there_at_all'"),
     ("1 / 0", "cannot be loaded: ZeroDivisionError"),
     ("open_it = 3", "is no function"),
     ("open_other = print", "cannot be loaded: AttributeError")],
)  # fmt: skip
def test_a_broken_plugin(installed: Path, monkeypatch: pytest.MonkeyPatch, code: str, words: str):
    (installed / "broken_engine.py").write_text(code)
    monkeypatch.delitem(sys.modules, "broken_engine", raising=False)
    declare(installed, "broken", {"broken": "broken_engine:open_it"})
    with pytest.raises(SettingError, match=rf"the engine 'broken' \(broken_engine:open_it\) {words}"):
        open_engine("broken:model")
    sys.modules.pop("broken_engine", None)


def test_an_error_of_ours_from_a_plugin_stays(installed: Path, monkeypatch: pytest.MonkeyPatch):
    (installed / "needy_engine.py").write_text(
        "from mutoscope.errors import MissingExtraError\nraise MissingExtraError('onnx', 'export')"
    )
    declare(installed, "needy", {"needy": "needy_engine:open_it"})
    with pytest.raises(ImportError, match="this needs onnx, which is not installed"):
        open_engine("needy:model")


def test_nothing_is_imported_before_it_is_asked_for(installed: Path):
    declare(installed, "broken", {"broken": "not_there_at_all:open_it"})
    assert open_engine("embedded").capabilities.name and find_opener("nobody") is None


def test_a_prefix_that_nobody_has(installed: Path):
    with pytest.raises(MissingModelError, match="no engine is called 'nobody'; installed are: openai"):
        open_engine("nobody:model")
    with pytest.raises(
        MissingModelError, match=r"servers are named openai:URL, for example openai:http://localhost:8000/v1"
    ):
        open_engine("http://localhost:8000/v1")


def test_doctor_names_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mutoscope.engines.plugins.list_plugins", lambda: {})
    assert doctor.find_plugins() == doctor.Finding("engines of others", "none; docs/plugins.md")
