"""docs/data.md says what is so: its commands run in order, its table is the check's."""

import json
import re
import shlex
from pathlib import Path

import pytest

from hostile import clip, data, pan, scene
from mutoscope.cli import main
from mutoscope.data.check import REASONS
from mutoscope.data.rows import Rows

PAGE = Path(__file__).resolve().parent.parent / "docs" / "data.md"


def commands() -> list[str]:
    """The commands of the page that need neither a network nor a cluster, nor hours."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    lines = [line.strip() for name, block in blocks if not name for line in block.splitlines()]
    assert all(line.startswith("mutoscope ") for line in lines)
    return [line for line in lines if line.startswith("mutoscope data") and "hf:" not in line and "--ray" not in line]


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """What the page supposes: photos with captions beside them, a table, and folders of pets."""
    monkeypatch.chdir(tmp_path)
    for folder in ("photos", "pets/golden_retriever", "pets/tabby"):
        Path(folder).mkdir(parents=True)
    table = ["file,caption"]
    for i in range(9):
        Path("photos", f"{i}.jpg").write_bytes(data(scene(i, 300, (300, 200, 140)[i % 3]), "JPEG", quality=95))
        Path("photos", f"{i}.txt").write_text("many discs and lines")
        table.append(f"{i}.jpg,discs number {i}")
    Path("photos/moving.mp4").write_bytes(clip(pan(9, 13, 128)))
    Path("photos/moving.txt").write_text("discs that move left")
    Path("photos.csv").write_text("\n".join(table))
    for i, folder in enumerate(("golden_retriever", "tabby")):
        Path("pets", folder, "a.png").write_bytes(data(scene(40 + i), "PNG"))
    return tmp_path


@pytest.mark.timeout(300)
def test_the_commands_run_in_order(here, capsys):
    assert len(commands()) >= 9
    for line in commands():
        words = shlex.split(line)[1:]
        more = ["--workers", "1"] if words[1] in ("check", "pack") else []
        assert main([*words, *more]) == 0, f"{line}: {capsys.readouterr().err}"
    assert {path.name for path in Path("packed").iterdir() if path.is_dir()} == {"128x128", "192x128", "128x128x9"}
    assert Path("sheet.png").exists() and Path("more.png").exists() and Path("mine/check/report.html").exists()
    assert {tuple(row["captions"]) for row in Rows(Path("pets_mine"))} == {("golden retriever",), ("tabby",)}
    assert {row["captions"][0] for row in Rows(Path("named")) if row["captions"]} == {
        f"discs number {i}" for i in range(9)
    }
    assert all(row["licence"] == "CC0-1.0" for row in Rows(Path("packed/128x128")))


def test_the_table_is_the_checks():
    rows = re.findall(r"^\| `([\w-]+)` \| (dropped|kept) \| (.+) \|$", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    assert rows == [(name, "dropped" if drops else "kept", words) for name, (drops, _, words) in REASONS.items()]


def test_the_row_on_the_page_is_a_row():
    (line,) = re.findall(r"^```json\n(.*)\n```$", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    assert set(json.loads(line)) == {"file", "captions", "facts", "source", "licence"}


def test_the_python_on_the_page_runs(capsys):
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    exec(compile(code, str(PAGE), "exec"), {})
    told = capsys.readouterr().out.splitlines()
    comments = re.findall(r"# (.+)$", code, flags=re.MULTILINE)
    assert told[: len(comments)] == comments
