"""`data collect`: every kind of source gives its pictures, captions and facts, and says what it did not take."""

import csv
import io
import json
import os
import sys
import tarfile
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from hostile import data, scene
from mutoscope.cli import main
from mutoscope.data import captions
from mutoscope.data.collect import PASSED, collect
from mutoscope.data.rows import Rows
from mutoscope.data.sources import find
from mutoscope.data.tables import read_table
from mutoscope.errors import DataError, MissingExtraError, OutputError, SettingError
from mutoscope.events import drain


def fill(folder: Path, *names: str) -> Path:
    """Pictures of these names, each another one."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data(scene(number, 80, 80), {"jpg": "JPEG", "webp": "WEBP"}.get(path.suffix[1:], "PNG")))
    return folder


def rows(folder: Path) -> dict[str, dict]:
    return {row["facts"]["origin"]: row for row in Rows(folder)}


def passed(folder: Path) -> dict[str, str]:
    lines = map(json.loads, (folder / PASSED).read_text().splitlines())
    return {row["origin"]: row["reason"] for row in lines}


class TestKinds:
    def test_sidecar(self, tmp_path):
        raw = fill(tmp_path / "raw", "a.png", "deep/b.jpg", "c.webp")
        (raw / "a.txt").write_text("a first caption\n\na second one\n")
        (raw / "deep" / "b.caption").write_bytes(b"\xef\xbb\xbfwith a mark")
        done = drain(collect(str(raw), tmp_path / "mine", credit="my camera", licence="CC0-1.0"))
        found = rows(tmp_path / "mine")
        assert (done.kind, done.items, done.without_caption) == ("sidecar", 3, 1)
        assert found["a.png"]["captions"] == ["a first caption", "a second one"] and found["c.webp"]["captions"] == []
        assert found["deep/b.jpg"]["captions"] == ["with a mark"]
        assert found["a.png"]["source"] == "my camera" and found["a.png"]["licence"] == "CC0-1.0"
        assert (tmp_path / "mine" / found["a.png"]["file"]).read_bytes() == (raw / "a.png").read_bytes()

    def test_class_folders(self, tmp_path):
        raw = fill(tmp_path / "raw", "golden_retriever/1.png", "golden_retriever/2.png", "tabby-cat/1.png")
        done = drain(collect(str(raw), tmp_path / "mine"))
        found = rows(tmp_path / "mine")
        assert done.kind == "class" and found["golden_retriever/2.png"]["captions"] == ["golden retriever"]
        assert found["tabby-cat/1.png"]["facts"] == {"class": "tabby-cat", "origin": "tabby-cat/1.png"}

    @pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl"])
    def test_tables(self, tmp_path, ending):
        raw = fill(tmp_path / "raw", "a.png", "b.png", "left.png")
        lines = [
            ("a.png", "a, with a comma", "3"),
            ("b.png", "grün", "4"),
            ("a.png", "again", "3"),
            ("gone.png", "x", ""),
        ]
        table = tmp_path / f"t.{ending}"
        if ending == "jsonl":
            named = [dict(zip(("file_name", "text", "stars"), line, strict=True)) for line in lines]
            table.write_text("\n".join(map(json.dumps, named)))
        else:
            text = io.StringIO()
            csv.writer(text, delimiter="\t" if ending == "tsv" else ";").writerows(
                [("image", "caption", "stars"), *lines]
            )
            table.write_bytes(b"\xef\xbb\xbf" + text.getvalue().encode())
        done = drain(collect(str(raw), tmp_path / "mine", table=str(table)))
        found = rows(tmp_path / "mine")
        assert done.kind == "table" and found["a.png"]["captions"] == ["a, with a comma", "again"]
        assert found["b.png"]["captions"] == ["grün"] and found["b.png"]["facts"]["stars"] == "4"
        assert found["left.png"]["captions"] == [] and "no such file" in passed(tmp_path / "mine")["gone.png"]

    def test_the_tables_of_the_hub_are_found(self, tmp_path):
        raw = fill(tmp_path / "raw", "a.png")
        (raw / "metadata.jsonl").write_text('{"file_name": "a.png", "text": "discs"}\n')
        assert drain(collect(str(raw), tmp_path / "mine")).kind == "table"
        assert rows(tmp_path / "mine")["a.png"]["captions"] == ["discs"]

    def test_a_table_in_another_encoding(self, tmp_path):
        raw = fill(tmp_path / "raw", "a.png", "b.png")
        (tmp_path / "t.csv").write_bytes("file,caption\na.png,Café\nb.png,plain\n".encode("latin-1"))
        drain(collect(str(raw), tmp_path / "mine", table=str(tmp_path / "t.csv")))
        found = rows(tmp_path / "mine")
        assert "not UTF-8" in found["a.png"]["caption_problem"] and found["b.png"]["captions"] == ["plain"]

    def test_our_own_rows(self, tmp_path):
        raw = fill(tmp_path / "raw", "a.png")
        lines = [{"file": "a.png", "captions": ["discs"], "style": "photo", "facts": {"n": 1}, "licence": "MIT"},
                 {"file": "../a.png", "captions": ["out"]}, {"file": "gone.png", "captions": []}]  # fmt: skip
        (raw / "captions.jsonl").write_text("\n".join(map(json.dumps, lines)))
        drain(collect(str(raw), tmp_path / "mine", licence="CC0-1.0"))
        (row,) = rows(tmp_path / "mine").values()
        assert row["facts"] == {"n": 1, "origin": "a.png", "style": "photo"} and row["licence"] == "MIT"
        assert set(passed(tmp_path / "mine")) == {"../a.png", "gone.png"}


class TestShards:
    def shard(self, path: Path, *members: tuple[str, bytes], cut: int = 0) -> Path:
        path.parent.mkdir(exist_ok=True)
        with tarfile.open(path, "w") as tar:
            for name, content in members:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        if cut:
            path.write_bytes(path.read_bytes()[:cut])
        return path

    def test_what_belongs_together(self, tmp_path):
        a, b = data(scene(1), "PNG"), data(scene(2), "JPEG")
        row = json.dumps({"caption": "from json", "license": "MIT", "width": 128}).encode()
        self.shard(tmp_path / "s" / "0.tar", ("x/1.png", a), ("x/1.txt", b"discs"), ("x/2.jpg", b), ("x/2.json", row),
                   ("x/3.txt", b"no picture"), ("x/1.png", a))  # fmt: skip
        done = drain(collect(str(tmp_path / "s"), tmp_path / "mine"))
        found = rows(tmp_path / "mine")
        assert done.kind == "shards" and found["0.tar/x/1.png"]["captions"] == ["discs"]
        assert found["0.tar/x/2.jpg"]["captions"] == ["from json"] and found["0.tar/x/2.jpg"]["facts"]["width"] == 128
        assert passed(tmp_path / "mine") == {"0.tar/x/3": "no picture or clip among .txt",
                                             "0.tar/x/1.png": "its key comes twice in this shard"}  # fmt: skip

    def test_a_shard_that_is_cut(self, tmp_path):
        a = data(scene(1), "PNG")
        cut = 512 + -(-len(a) // 512) * 512 + 512 + 100
        path = self.shard(tmp_path / "s" / "0.tar", ("1.png", a), ("2.png", data(scene(2), "PNG")), cut=cut)
        done = drain(collect(str(path), tmp_path / "mine"))
        assert done.items == 1 and "cut short" in passed(tmp_path / "mine")["0.tar"]

    def test_members_that_are_no_files(self, tmp_path):
        path = tmp_path / "0.tar"
        with tarfile.open(path, "w") as tar:
            for name, kind, target in (
                ("../out.png", tarfile.SYMTYPE, "/etc/hostname"),
                ("dev.png", tarfile.CHRTYPE, ""),
            ):
                info = tarfile.TarInfo(name)
                info.type, info.linkname = kind, target
                tar.addfile(info)
            content = data(scene(1), "PNG")
            info = tarfile.TarInfo("../../up.png")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        drain(collect(str(path), tmp_path / "mine"))
        (row,) = rows(tmp_path / "mine").values()
        assert (tmp_path / "mine" / row["file"]).parent == tmp_path / "mine" and not (
            tmp_path.parent / "up.png"
        ).exists()


class TestHub:
    @pytest.fixture
    def hub(self, monkeypatch):
        """A `datasets` library that knows one data set and was never asked for code."""

        class Image:
            def __init__(self, decode=True):
                self.decode = decode

        asked = {}
        known = {"image": Image(), "label": SimpleNamespace(names=["red_fox", "owl"])}

        class Data(list):
            info = SimpleNamespace(license="CC-BY-4.0")

            @property
            def features(self):
                return known

            def cast_column(self, name, kind):
                asked["cast"] = (name, kind.decode)
                return self

        def load_dataset(name, **more):
            asked.update(name=name, **more)
            if name != "people/foxes":
                raise ConnectionError("no such data set\non this hub")
            held = [
                {"image": {"bytes": data(scene(i), "PNG"), "path": f"{i}.PNG"}, "label": i, "n": i} for i in range(2)
            ]
            return Data([*held, {"image": None, "label": 0}])

        module = ModuleType("datasets")
        module.Image, module.load_dataset = Image, load_dataset  # type: ignore[attr-defined]  # a made module
        monkeypatch.setitem(sys.modules, "datasets", module)
        return asked

    def test_a_data_set(self, hub, tmp_path):
        drain(collect("hf:people/foxes@v1", tmp_path / "mine", split="test"))
        found = rows(tmp_path / "mine")
        assert hub == {
            "name": "people/foxes",
            "split": "test",
            "streaming": True,
            "revision": "v1",
            "cast": ("image", False),
        }
        assert [row["captions"] for row in found.values()] == [["red fox"], ["owl"]]
        assert found["people/foxes/00000001.png"]["licence"] == "CC-BY-4.0" and len(passed(tmp_path / "mine")) == 1

    def test_one_that_is_not_there(self, hub, tmp_path, capsys):
        assert main(["data", "collect", "hf:people/owls", "--out", str(tmp_path / "mine")]) == 2
        assert "no such data set" in capsys.readouterr().err

    def test_nothing_is_fetched_unless_named(self, hub, tmp_path):
        with pytest.raises(OutputError, match="hf:people/foxes"):
            find("people/foxes")
        assert not hub

    def test_without_the_library(self, monkeypatch, tmp_path):
        monkeypatch.setitem(sys.modules, "datasets", None)
        with pytest.raises(MissingExtraError, match=r"mutoscope\[datasets\]"):
            drain(collect("hf:people/foxes", tmp_path / "mine"))


@pytest.mark.filterwarnings("ignore")  # of the library
def test_the_real_library_on_a_data_set_of_files(tmp_path, monkeypatch):
    """`datasets` itself, offline, on a folder laid out like a data set of the hub."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    pytest.importorskip("datasets", reason="needs mutoscope[datasets]")
    raw = fill(tmp_path / "set" / "train", "0.png", "1.png")
    lines = [{"file_name": f"{i}.png", "text": f"discs {i}", "n": i} for i in range(2)]
    (raw / "metadata.jsonl").write_text("\n".join(map(json.dumps, lines)))
    done = drain(collect(f"hf:{tmp_path / 'set'}", tmp_path / "mine"))
    found = list(rows(tmp_path / "mine").values())
    assert done.kind == "hub" and [row["captions"] for row in found] == [["discs 0"], ["discs 1"]]
    assert (tmp_path / "mine" / found[1]["file"]).read_bytes() == (raw / "1.png").read_bytes()


class TestGoingOn:
    def test_a_second_run_adds_what_is_new(self, tmp_path):
        raw = fill(tmp_path / "raw", "c/a.png", "c/b.png")
        drain(collect(str(raw), tmp_path / "mine"))
        first = (tmp_path / "mine" / "captions.jsonl").read_bytes()
        fill(raw, "x/0.png", "x/1.png", "c/d.png")
        done = drain(collect(str(raw), tmp_path / "mine"))
        assert (done.items, done.added) == (5, 3)
        assert (tmp_path / "mine" / "captions.jsonl").read_bytes().startswith(first)

    def test_a_line_that_was_cut(self, tmp_path):
        raw = fill(tmp_path / "raw", "c/a.png", "c/b.png", "c/d.png")
        drain(collect(str(raw), tmp_path / "mine"))
        whole = (tmp_path / "mine" / "captions.jsonl").read_bytes()
        (tmp_path / "mine" / "captions.jsonl").write_bytes(whole[:-40])
        drain(collect(str(raw), tmp_path / "mine"))
        assert (tmp_path / "mine" / "captions.jsonl").read_bytes() == whole
        assert len(list((tmp_path / "mine").glob("*.png"))) == 3

    def test_another_source_needs_another_folder(self, tmp_path):
        for name in ("raw", "other"):
            fill(tmp_path / name, "c/a.png")
        drain(collect(str(tmp_path / "raw"), tmp_path / "mine"))
        with pytest.raises(OutputError, match="source"):
            drain(collect(str(tmp_path / "other"), tmp_path / "mine"))

    @pytest.mark.skipif(os.name != "posix", reason="hard links")
    def test_links(self, tmp_path):
        raw = fill(tmp_path / "raw", "c/a.png")
        drain(collect(str(raw), tmp_path / "mine", link=True))
        (row,) = rows(tmp_path / "mine").values()
        assert os.path.samefile(tmp_path / "mine" / row["file"], raw / "c" / "a.png")


class TestRefused:
    def test_pictures_without_captions(self, tmp_path, capsys):
        raw = fill(tmp_path / "raw", "a.png")
        assert main(["data", "collect", str(raw), "--out", str(tmp_path / "mine")]) == 2
        told = capsys.readouterr().err
        assert "no captions" in told and "--captions" in told and told.count("\n") == 1
        assert not (tmp_path / "mine").exists()

    def test_nothing_there(self, tmp_path):
        (tmp_path / "raw").mkdir()
        with pytest.raises(DataError, match="no pictures"):
            find(str(tmp_path / "raw"))
        with pytest.raises(OutputError, match="is not there"):
            find(str(tmp_path / "gone"))
        (tmp_path / "a.zip").touch()
        with pytest.raises(OutputError, match="no shard"):
            find(str(tmp_path / "a.zip"))
        with pytest.raises(SettingError, match="'sidecar'"):
            find(str(tmp_path), kind="sidecars")

    def test_into_itself(self, tmp_path):
        raw = fill(tmp_path / "raw", "c/a.png")
        for out in (raw, raw / "deep" / "er"):
            with pytest.raises(OutputError, match="in the source"):
                drain(collect(str(raw), out))

    def test_never_into_other_data(self, tmp_path):
        """A folder that something else filled is left as it is, by collecting and by rendering."""
        from mutoscope.data.folder import Scenery, render_folder

        raw, other = fill(tmp_path / "raw", "c/a.png"), fill(tmp_path / "other", "a.png")
        (other / "captions.jsonl").write_text('{"file": "a.png", "captions": ["mine"]}\n')
        for job in (collect(str(raw), other), render_folder(other, Scenery(32, 32), 1)):
            with pytest.raises(OutputError, match="other data"):
                drain(job)
        assert (other / "captions.jsonl").read_text() == '{"file": "a.png", "captions": ["mine"]}\n'

    def test_rows_that_were_changed_by_hand(self, tmp_path):
        raw = fill(tmp_path / "raw", "c/a.png")
        drain(collect(str(raw), tmp_path / "mine"))
        text = '{"file": "b.png"}\n' + (tmp_path / "mine" / "captions.jsonl").read_text()
        (tmp_path / "mine" / "captions.jsonl").write_text(text)
        with pytest.raises(DataError, match="line 1"):
            drain(collect(str(raw), tmp_path / "mine"))
        assert (tmp_path / "mine" / "captions.jsonl").read_text() == text

    @pytest.mark.parametrize("text", ["a,b\n1,2\n", "file\na.png\n", '{"file": 1', "[1]"])
    def test_tables_without_the_columns(self, tmp_path, text):
        path = tmp_path / ("t.jsonl" if text[0] in "{[" else "t.csv")
        path.write_text(text)
        with pytest.raises(DataError, match="line"):
            read_table(path)


class TestCaptions:
    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("a lake", None), ("湖", None), ("x", None), ("", "caption-short"), ("... !", "caption-short"),
            ("IMG_2034.JPG", "caption-file-name"), ("DSC00012", "caption-file-name"), ("20240101_120000", "caption-file-name"),
            ("a.png", "caption-file-name"), ("image 3", "caption-file-name"), ("photo of 3 boats", None), ("a\0b", "caption-damaged"),
            ("\ufffd lake", "caption-damaged"), ("\ud800", "caption-damaged"), ("w " * 2100, "caption-long"), ("7", None),
            ("1984 in Rome", None),
        ],
    )  # fmt: skip
    def test_flaws(self, text, reason):
        found = captions.flaw(text, ["a.png"], 1)
        assert (found and found[0]) == reason

    def test_clean(self):
        assert captions.clean("  keycap \n") == "keycap" and captions.clean(3) == ""
        assert captions.clean("cafe\u0301") == "caf\u00e9" and captions.clean("a\u202eb\u200b c") == "ab c"

    def test_decode(self):
        assert captions.decode("a lake".encode("utf-16"))[0] == "a lake"
        assert "0xe9" in captions.decode(b"caf\xe9")[1] and "at most" in captions.decode(b"x" * 70_000)[1]
        assert captions.decode(b"\xff\xfea")[1]

    def test_each_usable_caption_once(self):
        good, flaws = captions.usable(["a lake", " a  lake ", "...", 7, "a sea"], ["x.png"], 1)
        assert good == ["a lake", "a sea"] and [flaw[0] for flaw in flaws] == ["caption-short", "caption-missing"]
