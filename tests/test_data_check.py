"""`data collect` and `data check`: hostile files are named with their reason, good ones kept, and nothing crashes."""

import html.parser
import json
import random
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hostile import make, png, scene
from mutoscope.cli import main
from mutoscope.data.check import Demands, check, look
from mutoscope.data.collect import collect
from mutoscope.data.items import open_item
from mutoscope.data.rows import Rows
from mutoscope.data.workers import on_this_machine
from mutoscope.errors import DataError, OutputError, SettingError
from mutoscope.events import drain

LENIENT = Demands(max_unreadable=1.0)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> tuple[Path, dict[str, str]]:
    """(the folder they were collected into, what must become of each by its old name)."""
    base = tmp_path_factory.mktemp("hostile")
    expected = make(base / "raw")
    drain(collect(str(base / "raw"), base / "mine"))
    return base / "mine", expected


@pytest.fixture(scope="module")
def checked(hostile) -> tuple[Path, dict[str, dict], dict]:
    """(folder, old name -> record of the check, summary)."""
    folder, _ = hostile
    summary = drain(check(folder, LENIENT))
    return folder, records(folder), summary


def records(folder: Path) -> dict[str, dict]:
    origins = {row["file"]: row["facts"]["origin"] for row in Rows(folder)}
    lines = (folder / "check" / "items.jsonl").read_text().splitlines()
    return {origins[record["file"]]: record for record in map(json.loads, lines)}


def collected(folder: Path, names: Mapping[str, tuple[Any, list[str]]]) -> Path:
    """A captioned folder made by hand: file name -> (bytes or picture, captions)."""
    folder.mkdir()
    with open(folder / "captions.jsonl", "w") as rows:
        for name, (content, captions) in names.items():
            if isinstance(content, bytes):
                (folder / name).write_bytes(content)
            else:
                content.save(folder / name)
            rows.write(json.dumps({"file": name, "captions": captions}) + "\n")
    return folder


class TestHostile:
    def test_there_are_enough(self, hostile):
        _, expected = hostile
        assert len(expected) >= 60

    def test_each_is_named_with_its_reason(self, hostile, checked):
        folder, expected = hostile
        passed = {}
        for line in (folder / "passed.jsonl").read_text().splitlines():
            row = json.loads(line)
            passed[row["origin"]] = row["reason"]
        wrong = {}
        for name, outcome in expected.items():
            record = checked[1].get(name)
            got = [reason for reason, _ in record["reasons"]] if record else f"passed: {passed.get(name)}"
            if outcome.startswith("passed"):
                good = name in passed and f"passed: {passed[name]}".startswith(outcome)
            elif outcome == "kept":
                good = record is not None and record["kept"] and not got
            else:
                good = record is not None and got[:1] == [outcome]
            if not good:
                wrong[name] = (outcome, got)
        assert not wrong

    def test_nothing_is_unaccounted_for(self, hostile, checked):
        folder, _ = hostile
        summary = checked[2]
        assert summary["items"] == len(checked[1]) == len(Rows(folder)) == summary["kept"] + summary["dropped"]
        for record in checked[1].values():
            assert record["kept"] or any(words for _, words in record["reasons"])

    def test_the_copy_kept_is_the_best_one(self, checked):
        _, found, _ = checked
        assert found["copy.webp"]["twin"] == found["copy-smaller.jpg"]["twin"] == found["original.png"]["file"]

    def test_the_page_shows_no_markup_from_outside(self, checked):
        page = (checked[0] / "check" / "report.html").read_text("utf-8")
        assert "<script" not in page and "<<<" not in page and "&lt;&lt;&lt;&amp;" in page and "\u202e" not in page
        tags: list[str] = []

        class Reader(html.parser.HTMLParser):
            def handle_starttag(self, tag, attrs):
                tags.append(tag)
                for name, value in attrs:
                    assert not name.startswith("on"), name
                    assert name not in ("src", "href") or (value or "").startswith(("data:image/webp;base64,", "#"))

        Reader().feed(page)
        assert tags.count("figure") > 40 and tags.count("img") > 40 and "prefers-color-scheme: dark" in page
        for reason in checked[2]["reasons"]:
            assert f'id="{reason}"' in page

    def test_the_json_counts_what_the_lines_say(self, checked):
        folder, found, summary = checked
        report = json.loads((folder / "check" / "report.json").read_text())
        assert report == summary
        for reason, about in report["reasons"].items():
            having = [r["file"] for r in found.values() if reason in [name for name, _ in r["reasons"]]]
            assert about["count"] == len(having) and set(about["examples"]) <= set(having)

    def test_too_much_unreadable_stops(self, hostile, tmp_path, capsys):
        folder = Path(shutil.copytree(hostile[0], tmp_path / "mine"))
        assert main(["data", "check", str(folder), "--workers", "1", "--quiet"]) == 2
        told = capsys.readouterr().err
        assert told.count("\n") == 1 and "cannot be read" in told and "--max-unreadable" in told
        assert (folder / "check" / "report.html").exists()
        assert main(["data", "pack", str(folder), "--out", str(tmp_path / "p"), "--workers", "1"]) == 2
        assert "cannot be read" in capsys.readouterr().err and not (tmp_path / "p" / "pack.json").exists()


class TestInvariance:
    @pytest.fixture
    def folder(self, tmp_path) -> Path:
        items: dict[str, tuple[Any, list[str]]] = {
            f"{i:02d}.png": (scene(i), [f"discs number {'i' * (i + 1)}"]) for i in range(12)
        }
        items["copy.jpg"] = (scene(3).resize((100, 100)), ["a copy"])
        items["cut.png"] = (png(8, 8), ["damaged"])
        return collected(tmp_path / "set", items)

    def test_order_of_the_lines(self, folder):
        drain(check(folder, LENIENT))
        first = (folder / "check" / "items.jsonl").read_bytes()
        lines = (folder / "captions.jsonl").read_text().splitlines(keepends=True)
        random.Random(1).shuffle(lines)
        (folder / "captions.jsonl").write_text("".join(lines))
        summary = drain(check(folder, LENIENT))
        assert (folder / "check" / "items.jsonl").read_bytes() == first and summary["dropped"] == 2

    def test_number_of_workers(self, folder):
        drain(check(folder, LENIENT))
        names = ("items.jsonl", "report.json", "report.html")
        first = [(folder / "check" / name).read_bytes() for name in names]
        drain(check(folder, LENIENT, on_this_machine(3)))
        assert [(folder / "check" / name).read_bytes() for name in names] == first

    def test_looking_changes_nothing(self, folder):
        row = Rows(folder)[0]
        assert look(folder, LENIENT, (row, False)) == look(folder, LENIENT, (row, False))


class TestRows:
    def write(self, folder: Path, *lines: bytes) -> Path:
        folder.mkdir()
        (folder / "captions.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        scene(1).save(folder / "a.png")
        return folder

    def test_lines_that_are_no_row(self, tmp_path):
        good = json.dumps({"file": "a.png", "captions": ["discs"]}).encode()
        bad = (b"{", b"[]", b'{"file": 3}', b"\xff{}", b'{"file": "' + b"x" * (1 << 20) + b'"}', b"[" * 9000)
        folder = self.write(tmp_path / "set", *bad[:3], good, *bad[3:], b"")
        summary = drain(check(folder, LENIENT))
        assert summary["items"] == 7 and summary["kept"] == 1 and summary["reasons"]["row-damaged"]["count"] == 6
        first = json.loads((folder / "check" / "items.jsonl").read_text().splitlines()[0])
        assert first["file"] == "captions.jsonl line 1" and "not JSON" in first["reasons"][0][1]

    @pytest.mark.parametrize(
        "name", ["../a.png", "/etc/hostname", "C:\\a.png", "b\\..\\..\\a.png", "a\0.png", "", "\ud800"]
    )
    def test_names_that_lead_out(self, tmp_path, name):
        row = json.dumps({"file": name, "captions": ["discs"]}).encode()
        summary = drain(check(self.write(tmp_path / "set", row), LENIENT))
        assert summary["unreadable"] == 1 and summary["reasons"]["unreadable"]["count"] == 1

    def test_a_file_listed_twice(self, tmp_path):
        rows = [json.dumps({"file": "a.png", "captions": [text]}).encode() for text in ("discs", "lines")]
        summary = drain(check(self.write(tmp_path / "set", *rows), LENIENT))
        assert summary["kept"] == 1 and summary["reasons"]["listed-twice"]["count"] == 1

    def test_an_empty_folder(self, tmp_path):
        with pytest.raises(DataError, match="is empty"):
            drain(check(self.write(tmp_path / "set"), LENIENT))
        with pytest.raises(OutputError, match="data collect"):
            drain(check(tmp_path / "gone"))


class TestDemands:
    def test_keeping_a_reason(self, tmp_path):
        folder = collected(
            tmp_path / "set", {"a.png": (scene(1, 40, 40), ["discs"]), "b.png": (scene(2), ["IMG_20.JPG"])}
        )
        assert drain(check(folder))["kept"] == 0
        summary = drain(check(folder, Demands(keep=("tiny", "caption-file-name"))))
        assert summary["kept"] == 2 and not summary["reasons"]["tiny"]["drops"]
        kept = json.loads((folder / "check" / "items.jsonl").read_text().splitlines()[1])
        assert kept["captions"] == ["IMG_20.JPG"]

    def test_other_numbers(self, tmp_path):
        folder = collected(tmp_path / "set", {"a.png": (scene(1, 40, 40), ["two words"])})
        assert drain(check(folder, Demands(min_side=40, min_words=2)))["kept"] == 1
        assert drain(check(folder, Demands(min_side=40, min_words=3)))["kept"] == 0

    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            ("--keep blurry", "'blurred'"), ("--keep unreadable", "cannot keep"), ("--max-unreadable 2", "share"),
            ("--min-side 0", "--min-side"), ("--workers 0", "--workers"), ("--ray --workers 2", "--ray"),
        ],
    )  # fmt: skip
    def test_refused(self, tmp_path, capsys, words, expected):
        folder = collected(tmp_path / "set", {"a.png": (scene(1), ["discs"])})
        assert main(["data", "check", str(folder), *words.split()]) == 2
        told = capsys.readouterr().err
        assert expected in told and told.count("\n") == 1

    def test_bad_python_arguments(self):
        with pytest.raises(SettingError, match="share"):
            Demands(max_unreadable=-0.1)


def test_a_bomb_costs_no_memory(tmp_path):
    resource = pytest.importorskip("resource", reason="not on Windows")
    unit = 1 if sys.platform == "darwin" else 1024
    folder = collected(tmp_path / "set", {"a.png": (png(65535, 65535), ["a bomb"]), "b.png": (scene(1), ["discs"])})
    look(folder, LENIENT, (Rows(folder)[1], False))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(3):
        assert look(folder, LENIENT, (Rows(folder)[0], False))["reasons"][0][0] == "too-large"
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit < 20e6


def test_a_large_photograph_is_read(tmp_path):
    """24 million pixels, more than the player of Mutoscope's own files allows, and decoded at a fraction of them."""
    folder = collected(tmp_path / "set", {"a.jpg": (scene(1, 6000, 4000), ["discs"])})
    record = look(folder, LENIENT, (Rows(folder)[0], False))
    assert (record["width"], record["height"], record["reasons"]) == (6000, 4000, [])
    _, frames = open_item(folder, Rows(folder)[0])
    assert min(next(frames).shape[:2]) in range(256, 512)


def test_a_sheet_of_frames_is_a_clip(tmp_path):
    from hostile import pan

    frames = pan(5, 8, 64)
    sheet = np.concatenate([np.concatenate(list(frames[:4]), axis=1), np.concatenate(list(frames[4:]), axis=1)])
    folder = collected(tmp_path / "set", {})
    from PIL import Image

    Image.fromarray(sheet).save(folder / "a.png")
    facts = {"frames": 8, "frame_px": 64, "cols": 4, "frame_ms": 100}
    (folder / "captions.jsonl").write_text(json.dumps({"file": "a.png", "captions": ["discs"], "facts": facts}))
    header, read = open_item(folder, Rows(folder)[0])
    assert header.fps == 10 and np.array_equal(np.stack(list(read)), frames)
    record = look(folder, LENIENT, (Rows(folder)[0], False))
    assert record["frames"] == 8 and record["width"] == 64 and not record["reasons"]
    facts["cols"] = 20
    assert look(folder, LENIENT, ({"file": "a.png", "captions": ["discs"], "facts": facts}, False))["reasons"]
