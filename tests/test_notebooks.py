"""Every notebook is kept without outputs, and runs from top to bottom in an empty folder."""

import os
from pathlib import Path

import nbformat
import pytest

PATIENCE = 0.2  # of the notebook that trains, instead of 1: its training has five budgets, 55 seconds in all
NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))


def kinds(notebook: nbformat.NotebookNode) -> set[str]:
    """Return the MIME types of everything the notebook shows."""
    outputs = (output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs)
    return {kind for output in outputs for kind in output.get("data", {})}


def hasten(notebook: nbformat.NotebookNode) -> int:
    """Turn the dial that a notebook offers for the length of its training; return how many there are."""
    found = 0
    for cell in notebook.cells:
        if cell.cell_type == "code" and "patience = 1 " in cell.source:
            cell.source = cell.source.replace("patience = 1 ", f"patience = {PATIENCE} ")
            found += 1
    return found


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_valid_and_clean(path: Path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code and notebook.cells[0].cell_type == "markdown"
    assert not any(cell.outputs or cell.execution_count for cell in code), f"clear the outputs of {path.name}"


@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::RuntimeWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sockets of the kernel, closed late
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(path.parent.parent / "src"), os.environ.get("PYTHONPATH", "")])
    )
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    assert hasten(notebook) == (path.stem == "03_train_your_own")
    folder = tmp_path / "work"
    folder.mkdir()
    client = NotebookClient(notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute()
    assert {"image/png", "text/html"} <= kinds(notebook)
