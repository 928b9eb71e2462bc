"""`mutoscope batch`: the same bytes as single commands, continued where it stopped, wrong lines at the end."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from mutoscope.batch.drawing import Batch
from mutoscope.batch.lines import read_batch
from mutoscope.cli import main
from mutoscope.errors import OutputError, SettingError

SMALL = ("--size", "32x32", "--steps", "1")


def write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("0*"))}


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


def test_the_same_bytes_as_single_commands(outputs: Path, capsys: pytest.CaptureFixture[str]):
    file = write(outputs, "three.txt", "# a list\na lake at sunset\n\na beach\n")
    assert main(["batch", file, "--seed", "7", *SMALL]) == 0
    folder = outputs / "outputs" / "three"
    printed = capsys.readouterr().out.split()
    assert [Path(one).name for one in printed] == list(files(folder)) and len(printed) == 2
    assert main(["image", "a beach", "--seed", "7", *SMALL, "-o", "one.png"]) == 0
    assert (outputs / "one.png").read_bytes() == list(files(folder).values())[1]
    assert [row["line"] for row in rows(folder)] == [2, 4] and rows(folder)[0]["request"]["seed"] == 7
    clips = write(outputs, "clips.jsonl", '{"prompt": "waves", "num_frames": 3, "seed": 2}\n')
    assert main(["batch", clips, "--kind", "video", "--format", "gif", "--seconds", "9", *SMALL]) == 0
    assert main(["video", "waves", "--frames", "3", "--seed", "2", *SMALL, "-o", "one.gif"]) == 0
    assert (outputs / "one.gif").read_bytes() == next(iter(files(outputs / "outputs" / "clips").values()))


def test_it_continues_where_it_stopped(
    outputs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    file, folder = write(outputs, "p.txt", "a lake\na beach\na hill\na field"), outputs / "set"
    drawn: list[int] = []
    stream = Batch.stream

    def stop_at_third(self: Batch, line: Any):
        drawn.append(line.number)
        if len(drawn) == 3:
            raise KeyboardInterrupt
        return stream(self, line)

    monkeypatch.setattr(Batch, "stream", stop_at_third)
    words = ["batch", file, "--out", str(folder), *SMALL]
    assert main(words) == 130
    before = files(folder)
    assert len(before) == len(rows(folder)) == 2
    (folder / "manifest.jsonl").write_text((folder / "manifest.jsonl").read_text()[:-9])  # cut short by a power loss
    assert main(words) == 0
    assert drawn == [1, 2, 3, 3, 4] and "2 of 4 lines are there already" in capsys.readouterr().err
    assert before.items() <= files(folder).items() and len(files(folder)) == 4
    assert [row["line"] for row in rows(folder)] == [1, 2, 3, 4] and all(row["request"] for row in rows(folder))
    assert main(words) == 0 and len(drawn) == 5
    write(outputs, "p.txt", "a lake\na boat\na hill\na field")  # a changed line is drawn, the others are not
    assert main(words) == 0 and drawn[5:] == [2]
    assert main([*words, "--style", "watercolor"]) == 0 and len(drawn) == 10


def test_a_wrong_line_stops_no_other(outputs: Path, capsys: pytest.CaptureFixture[str]):
    wrong = [
        '{"prompt": "a beach", "sed": 3}',
        "nonsense",
        '{"prompt": "a hill", "width": 33}',
        '{"prompt": "a", "fps": 3}',
    ]
    text = "\n".join(['"a lake"', *wrong, '"a field"'])
    file, folder = write(outputs, "p.jsonl", text), outputs / "set"
    assert main(["batch", file, "--out", str(folder), *SMALL]) == 1
    said = capsys.readouterr().err
    assert "line 2: unknown key 'sed' (did you mean 'seed'?)" in said and "line 3: it is not JSON" in said
    assert "line 4: " in said and "line 5: " in said and "4 of 6 lines failed" in said
    assert len(files(folder)) == 2
    errors = [json.loads(line)["line"] for line in (folder / "errors.jsonl").read_text().splitlines()]
    assert errors == [2, 3, 4, 5]
    write(outputs, "p.jsonl", '"a lake"\n')
    assert main(["batch", file, "--out", str(folder), *SMALL]) == 0 and not (folder / "errors.jsonl").exists()


def test_a_manifest_is_a_batch(outputs: Path):
    file = write(outputs, "p.csv", 'prompt,seed,number,style\na lake,5,2,watercolor\n"a beach,\nwide",6,,\n')
    assert main(["batch", file, "--out", "first", *SMALL]) == 0
    assert [row["line"] for row in rows(outputs / "first")] == [2, 2, 3]
    assert main(["batch", "first/manifest.jsonl", "--out", "again"]) == 0
    assert list(files(outputs / "again").values()) == list(files(outputs / "first").values())


def test_lines_are_read(tmp_path: Path):
    table = write(
        tmp_path, "t.csv", "prompt,seed,objects,guidance_scale,kind\na,1,no,2.5,\nb,x,,,\nc,,,,film\nd,1,,,video,9\n"
    )
    lines = read_batch(Path(table))
    assert dict(lines[0].options) == {"seed": 1, "objects": False, "guidance_scale": 2.5}
    assert "seed must be a number" in lines[1].error and "kind" in lines[2].error and "more cells" in lines[3].error
    odd = write(
        tmp_path,
        "o.jsonl",
        '3\n{"seed": 1}\n{"prompt": "a", "number": 1e9}\n{"prompt": "a", "number": 99}\n{"prompt": NaN}\n',
    )
    assert all(line.error for line in read_batch(Path(odd)))
    for name, text, error in (
        ("x.doc", "a", OutputError),
        ("e.txt", "# none\n", SettingError),
        ("h.csv", "a,b\n1,2\n", SettingError),
    ):
        with pytest.raises(error):
            read_batch(Path(write(tmp_path, name, text)))
    with pytest.raises(OutputError):
        read_batch(tmp_path / "not there.txt")


def test_wrong_words_draw_nothing(outputs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    file = write(outputs, "p.txt", "a lake")
    for words in (["--kind", "film"], ["--format", "bmp"], ["--model", "no such folder/"]):
        assert main(["batch", file, *words]) == 2
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(["batch", file, "--ray"]) == 1 and "mutoscope[cluster]" in capsys.readouterr().err


def test_a_cluster_draws_the_same(outputs: Path, monkeypatch: pytest.MonkeyPatch):
    """What is sent there is plain data; the spread itself is Ray's and tested with `data --ray`."""
    import pickle

    from mutoscope.cli import batch
    from mutoscope.cluster import data

    def spread(function: Any, items: Any, crashed: Any, chunk: int):
        run = pickle.loads(pickle.dumps(function))
        return (pickle.loads(pickle.dumps(run(pickle.loads(pickle.dumps(item))))) for item in items)

    monkeypatch.setattr(data, "ray_spread", spread)
    monkeypatch.setattr(batch, "need_ray", lambda: None)
    file = write(outputs, "p.txt", "a lake\na beach")
    assert main(["batch", file, "--out", "here", "--seed", "1", *SMALL]) == 0
    assert main(["batch", file, "--out", "there", "--seed", "1", *SMALL, "--ray"]) == 0
    assert files(outputs / "here") == files(outputs / "there")
