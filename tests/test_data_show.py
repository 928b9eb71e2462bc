"""`data show`: the numbers are those of the rows, the sheet holds the pictures."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hostile import clip, data, pan, scene
from mutoscope.cli import main
from mutoscope.data.check import check
from mutoscope.data.show import CELL, look_over
from mutoscope.errors import DataError, OutputError
from mutoscope.events import drain
from mutoscope.media import read_pixels


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Seven pictures and one clip, with captions of known lengths."""
    out = tmp_path / "set"
    out.mkdir()
    captions = [
        "a lake",
        "a lake between tall pines at sunset",
        "one " * 20,
        "the lake of the pines",
        "a [/red] b",
        "\x1b[31m",
        "sea",
    ]
    rows = [{"file": f"{i}.png", "captions": [text], "licence": "MIT", "facts": {"style": "photo" if i < 4 else "ink wash"}}
            for i, text in enumerate(captions)]  # fmt: skip
    for i in range(7):
        (out / f"{i}.png").write_bytes(data(scene(i, 96 + 32 * (i % 2), 96), "PNG"))
    (out / "7.mp4").write_bytes(clip(pan(1)))
    rows.append({"file": "7.mp4", "captions": []})
    (out / "captions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return out


def test_statistics(folder):
    statistics, sheet = look_over(folder, 8)
    facts = statistics.to_dict()
    assert (facts["items"], facts["captions"], facts["without_caption"]) == (8, 7, 1)
    assert facts["sizes"] == {"96x96": 4, "128x96": 3, "96x96x13": 1} and facts["words"]["lake"] == 3
    assert facts["styles"] == {"photo": 4, "ink wash": 3, "not said": 1} and "the" not in facts["words"]
    assert facts["lengths"] == {"short": 5, "long": 1, "medium": 1} and facts["words_in_a_caption"][-1] == 20
    assert sheet.dtype == np.uint8 and sheet.ndim == 3


def test_sizes_of_the_check_are_taken(folder, monkeypatch):
    drain(check(folder))
    first, _ = look_over(folder, 1)
    monkeypatch.setattr("mutoscope.data.show._size", lambda *_: pytest.fail("opened again"))
    assert look_over(folder, 1)[0].sizes == first.sizes


def test_the_sheet_holds_the_pictures(folder):
    _, sheet = look_over(folder, 8)
    found = 0
    for i in range(0, 7, 2):  # 96 x 96, drawn at the size of a cell
        shown = np.asarray(Image.open(folder / f"{i}.png").convert("RGB").resize((CELL, CELL), 0))
        rows, columns = sheet.shape[0] - CELL, sheet.shape[1] - CELL
        corners = np.argwhere((sheet[:rows, :columns] == shown[0, 0]).all(axis=2))
        found += any(np.array_equal(sheet[y : y + CELL, x : x + CELL], shown) for y, x in corners)
    assert found == 4


def test_the_command(folder, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(["data", "show", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[-1] == str(Path("outputs/set-sheet.png")) and "\x1b" not in shown
    assert "lake 3" in shown and "128x96 3" in shown and read_pixels(Path("outputs/set-sheet.png")).shape[1] > 400
    assert main(["data", "show", str(folder), "--json", "--count", "2", "--out", "sheet.png"]) == 0
    assert json.loads(capsys.readouterr().out)["items"] == 8 and Path("sheet.png").exists()
    first = Path("sheet.png").read_bytes()
    assert main(["data", "show", str(folder), "-q", "--count", "2", "--out", "sheet.png"]) == 0
    assert Path("sheet.png").read_bytes() == first


def test_refused(folder, tmp_path, capsys):
    for words, expected in (("--count 0", "--count"), ("--out sheet.gif", ".png"), ("--count 9999", "400")):
        assert main(["data", "show", str(folder), *words.split()]) == 2
        assert expected in capsys.readouterr().err
    with pytest.raises(OutputError, match="data collect"):
        look_over(tmp_path / "gone", 4)
    (folder / "captions.jsonl").write_text("")
    with pytest.raises(DataError, match="no rows"):
        look_over(folder, 4)
