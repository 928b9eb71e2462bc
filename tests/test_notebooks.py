"""Every notebook is kept without outputs, and runs from top to bottom in an empty folder.

Each cell is executed as it stands, with less to do: the embedded model is a tiny one, and what is rendered, learned and judged
is less of it. `scripts/soak` runs the first one with the model that is shipped.
"""

import os
from pathlib import Path

import nbformat
import pytest

# What a test takes less of. Training has five budgets, 55 seconds in all, of which `patience` is a factor.
LESS = {
    "03_train_your_own": {
        "patience = 1 ": "patience = 0.02 ",
        'style="photo"), 96)': 'style="photo"), 32)',
        'style="photo"), 160)': 'style="photo"), 32)',
        "held_out=True), 80)": "held_out=True), 16)",
        "Plan(count=12, clips=0, reference=36, training=96,": "Plan(count=4, clips=0, reference=12, training=32,",
    },
    "04_any_checkpoint": {
        "seed=7, num_inference_steps=8)": "seed=7, num_inference_steps=3)",
        "seed=7, num_inference_steps=4)": "seed=7, num_inference_steps=1)",
    },
}
EMBED = "import mutoscope.checkpoint, pathlib\nmutoscope.checkpoint.EMBEDDED = pathlib.Path({!r})"
NEEDS = {"04_any_checkpoint": "diffusers"}  # libraries of extras
NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))


def kinds(notebook: nbformat.NotebookNode) -> set[str]:
    """Return the MIME types of everything the notebook shows."""
    outputs = (output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs)
    return {kind for output in outputs for kind in output.get("data", {})}


def hasten(notebook: nbformat.NotebookNode, less: dict[str, str]) -> None:
    """Write smaller numbers into the cells; each place has to be there once."""
    for old, new in less.items():
        places = [cell for cell in notebook.cells if cell.cell_type == "code" and old in cell.source]
        assert len(places) == 1, f"the notebook has changed, {old!r} is there {len(places)} times"
        places[0].source = places[0].source.replace(old, new)


def execute(notebook: nbformat.NotebookNode, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run all cells in an empty folder."""
    from nbclient import NotebookClient

    if path.stem in NEEDS:
        pytest.importorskip(NEEDS[path.stem])
    source = str(path.parent.parent / "src")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("MUTOSCOPE_CONFIG", str(tmp_path / "settings"))  # hashes and previews are kept there
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([source, os.environ.get("PYTHONPATH", "")]))
    folder = tmp_path / "work"
    folder.mkdir()
    client = NotebookClient(notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute()
    assert {"image/png", "text/html"} <= kinds(notebook)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_valid_and_clean(path: Path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code and notebook.cells[0].cell_type == "markdown"
    assert not any(cell.outputs or cell.execution_count for cell in code), f"clear the outputs of {path.name}"


pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # sockets of the kernel, closed late
]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path: Path, tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    notebook = nbformat.read(path, as_version=4)
    hasten(notebook, LESS.get(path.stem, {}))
    notebook.cells.insert(0, nbformat.v4.new_code_cell(EMBED.format(str(tiny_checkpoint))))
    execute(notebook, path, tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_as_it_is(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """With the model that is shipped, and every number as a reader finds it: more than two minutes."""
    execute(nbformat.read(path, as_version=4), path, tmp_path, monkeypatch)
