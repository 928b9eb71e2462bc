"""Captions that other programs wrote down: tables of Excel and the hub, text files of trainers, names in any case and form.

What a person meant by a folder is taken, or named as not taken: no caption gets lost without a word.
"""

import json
import unicodedata
from pathlib import Path

import pytest

from hostile import data, scene
from mutoscope.data.cache import read_rows
from mutoscope.data.captions import usable, wordings
from mutoscope.data.collect import PASSED, collect
from mutoscope.data.rows import Rows
from mutoscope.data.sources import class_caption, find
from mutoscope.data.tables import read_table
from mutoscope.errors import DataError, OutputError
from mutoscope.evaluate.preference import read_votes
from mutoscope.events import drain

PARTING = ("\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c")  # what str.splitlines cuts at, besides \n and \r


def fill(folder: Path, *names: str) -> Path:
    """Pictures of these names, each another one."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = {".jpg": "JPEG", ".webp": "WEBP"}.get(path.suffix.lower(), "PNG")
        path.write_bytes(data(scene(number, 80, 80), kind))
    return folder


def collected(raw: Path, **options: str) -> dict[str, list[str]]:
    """Return origin -> captions of what a source gives."""
    out = raw.parent / "mine"
    drain(collect(str(raw), out, **options))  # pyright: ignore[reportArgumentType] - the options of a test are strings
    return {row["facts"]["origin"]: row["captions"] for row in Rows(out)}


def passed(raw: Path) -> dict[str, str]:
    lines = (raw.parent / "mine" / PASSED).read_text("utf-8").split("\n")
    return {row["origin"]: row["reason"] for row in (json.loads(line) for line in lines if line)}


class TestCaptionFiles:
    @pytest.mark.parametrize(
        ("picture", "text"),
        [
            ("IMG_1.JPG", "IMG_1.TXT"), ("IMG_1.JPG", "IMG_1.txt"), ("img_1.jpg", "img_1.Txt"), ("a.png", "a.CAPTION"),
            ("one.png", "one.png.txt"), ("one.PNG", "one.PNG.TXT"), ("one.two.png", "one.two.txt"), ("one.webp", "one.webp.caption"),
        ],
    )  # fmt: skip
    def test_names(self, tmp_path: Path, picture: str, text: str):
        raw = fill(tmp_path / "raw", picture, "other.png")
        (raw / text).write_text("a red barn")
        assert collected(raw) == {picture: ["a red barn"], "other.png": []}

    @pytest.mark.parametrize(
        ("picture", "text"),
        [
            (unicodedata.normalize("NFD", "café.png"), unicodedata.normalize("NFC", "café.txt")),
            (unicodedata.normalize("NFC", "café.png"), unicodedata.normalize("NFD", "café.txt")),
            (unicodedata.normalize("NFD", "café.png"), unicodedata.normalize("NFD", "café.png.txt")),
        ],
        ids=["apart and composed", "composed and apart", "both apart"],
    )
    def test_letters_taken_apart(self, tmp_path: Path, picture: str, text: str):
        raw = fill(tmp_path / "raw", picture)
        (raw / text).write_text("a coffee house")
        assert collected(raw) == {picture: ["a coffee house"]}

    def test_the_likeliest_of_several_is_taken(self, tmp_path: Path):
        raw = fill(tmp_path / "raw", "a.png", "b.png")
        for name in ("a.png.txt", "a.caption", "a.txt", "b.TXT", "b.txt"):
            (raw / name).write_text(f"of {name}")
        assert collected(raw) == {"a.png": ["of a.txt"], "b.png": ["of b.txt"]}

    def test_names_in_another_case_are_other_names(self, tmp_path: Path):
        raw = fill(tmp_path / "raw", "a.png", "A.png")
        if len(list(raw.iterdir())) < 2:
            pytest.skip("this file system knows no upper case")
        (raw / "a.txt").write_text("the small one")
        assert collected(raw) == {"A.png": [], "a.png": ["the small one"]}

    def test_every_folder_has_its_own(self, tmp_path: Path):
        raw = fill(tmp_path / "raw", "x/1.png", "y/1.png")
        for name in ("x", "y"):
            (raw / name / "1.txt").write_text(f"of {name}")
        assert collected(raw) == {"x/1.png": ["of x"], "y/1.png": ["of y"]}

    def test_a_damaged_one_is_named_as_it_is_on_the_disk(self, tmp_path: Path):
        raw = fill(tmp_path / "raw", "a.png")
        (raw / "a.TXT").write_bytes(b"caf\xe9")
        collected(raw)
        (row,) = Rows(tmp_path / "mine")
        assert row["caption_problem"].startswith("a.TXT: not UTF-8")

    @pytest.mark.parametrize("mark", PARTING)
    def test_a_caption_goes_on_behind_other_marks_than_line_ends(self, tmp_path: Path, mark: str):
        assert usable(wordings(f"a lake{mark}at dawn"), ["a.png"], 1)[0] == ["a lake at dawn"]
        raw = fill(tmp_path / "raw", "a.png")
        (raw / "a.txt").write_text(f"a lake{mark}at dawn", "utf-8")
        assert collected(raw) == {"a.png": [f"a lake{mark}at dawn"]}

    def test_line_ends_of_all_systems(self):
        assert wordings("one\ntwo\r\nthree\rfour\n\n \r\n") == ["one", "two", "three", "four"]


class TestTables:
    def test_every_folder_may_have_its_own(self, tmp_path: Path):
        raw = fill(tmp_path / "raw", "train/a.png", "train/deep/b.png", "test/a.png", "rest/c.png")
        (raw / "train" / "metadata.csv").write_text(
            "file_name,text\na.png,a red barn\ndeep/b.png,a blue lake\ngone.png,x\n"
        )
        (raw / "test" / "metadata.jsonl").write_text('{"file_name": "a.png", "text": "a mill"}\n')
        kind, _ = find(str(raw))
        assert kind == "table"
        assert collected(raw) == {
            "train/a.png": ["a red barn"], "train/deep/b.png": ["a blue lake"], "test/a.png": ["a mill"], "rest/c.png": [],
        }  # fmt: skip
        assert passed(raw) == {"gone.png": "named in train/metadata.csv, but there is no such file"}

    def test_the_nearest_one_counts_then_those_above(self, tmp_path: Path):
        raw = fill(tmp_path / "raw", "x/a.png", "x/b.png")
        (raw / "metadata.csv").write_text("file_name,text\nx/a.png,from above\nx/b.png,from above\n")
        (raw / "x" / "metadata.csv").write_text("file_name,text\na.png,from beside\n")
        assert collected(raw) == {"x/a.png": ["from beside"], "x/b.png": ["from above"]}
        assert "x/a.png" in passed(raw) and len(passed(raw)) == 1

    @pytest.mark.parametrize("name", ["METADATA.CSV", "Metadata.csv", "captions.csv", "captions.tsv", "metadata.TSV"])
    def test_the_names_of_tables(self, tmp_path: Path, name: str):
        raw = fill(tmp_path / "raw", "images/a.png")
        (raw / name).write_text(
            "file_name,text\nimages/a.png,a red barn\n".replace(
                ",", "\t" if "sv" in name and "t" == name[-3].lower() else ","
            )
        )
        assert collected(raw) == {"images/a.png": ["a red barn"]}

    @pytest.mark.parametrize(
        ("written", "on_disk"),
        [
            ("a.png", "a.png"), ("./a.png", "a.png"), ("sub\\a.png", "sub/a.png"), ("a.png", "a.PNG"), ("A.PNG", "a.png"),
            ("a", "a.png"),
            (" a.png ", "a.png"), (unicodedata.normalize("NFC", "é.png"), unicodedata.normalize("NFD", "é.png")),
            (unicodedata.normalize("NFD", "é.png"), unicodedata.normalize("NFC", "é.png")),
            ("É.png", unicodedata.normalize("NFD", "é.png")),
        ],
    )  # fmt: skip
    def test_how_a_row_names_its_file(self, tmp_path: Path, written: str, on_disk: str):
        raw = fill(tmp_path / "raw", on_disk)
        (raw / "metadata.csv").write_text(f"file_name,text\n{written},a red barn\n", "utf-8")
        assert collected(raw) == {on_disk: ["a red barn"]} and not passed(raw)

    def test_exact_names_come_before_similar_ones(self, tmp_path: Path):
        raw = fill(tmp_path / "raw", "a.png", "b.png", "b.jpg")
        (raw / "metadata.csv").write_text("file_name,text\nA.png,large\na.png,small\nb.png,png alone\n")
        assert collected(raw) == {"a.png": ["small"], "b.jpg": [], "b.png": ["png alone"]}
        assert passed(raw) == {"A.png": "named in metadata.csv, but there is no such file"}

    def test_a_row_is_not_taken_twice(self, tmp_path: Path):
        raw = fill(tmp_path / "raw", "a.png", "A.png")
        if len(list(raw.iterdir())) < 2:
            pytest.skip("this file system knows no upper case")
        (raw / "metadata.csv").write_text("file_name,text\na.png,the small one\n")
        assert collected(raw) == {"A.png": [], "a.png": ["the small one"]}

    @pytest.mark.parametrize("columns", ["File_Name,Text", "FILENAME,CAPTION", "File Name, Caption", "image,Prompt"])
    def test_columns_in_any_case(self, tmp_path: Path, columns: str):
        path = tmp_path / "t.csv"
        path.write_text(f"{columns},Stars\na.png,a red barn,3\n")
        (entry,) = read_table(path).values()
        assert entry.captions == ["a red barn"] and entry.facts == {"Stars": "3"}

    def test_text_files_fill_what_a_table_leaves_open(self, tmp_path: Path):
        raw = fill(tmp_path / "raw", "a.png", "b.png", "c.png")
        (raw / "metadata.csv").write_text("file_name,text,n\na.png,of the table,1\n")
        for name in "ab":
            (raw / f"{name}.txt").write_text(f"of {name}.txt")
        assert collected(raw) == {"a.png": ["of the table"], "b.png": ["of b.txt"], "c.png": []}

    def test_a_table_that_was_named_counts_alone(self, tmp_path: Path):
        raw = fill(tmp_path / "raw", "a.png", "b.png")
        (tmp_path / "t.csv").write_text("file_name,text\na.png,of the table\n")
        (raw / "b.txt").write_text("of b.txt")
        assert collected(raw, table=str(tmp_path / "t.csv")) == {"a.png": ["of the table"], "b.png": []}

    def test_facts_licence_and_source_of_our_own_rows_below(self, tmp_path: Path):
        raw = fill(tmp_path / "raw", "part/a.png")
        row = {"file": "a.png", "captions": ["discs", "circles"], "facts": {"n": 1}, "licence": "MIT", "source": "me"}
        (raw / "part" / "captions.jsonl").write_text(json.dumps(row))
        assert collected(raw) == {"part/a.png": ["discs", "circles"]}
        (found,) = Rows(tmp_path / "mine")
        assert found["facts"] == {"n": 1, "origin": "part/a.png"} and (found["licence"], found["source"]) == (
            "MIT",
            "me",
        )

    def test_a_table_named_inside_the_source(self, tmp_path: Path):
        raw = fill(tmp_path / "raw", "x/a.png", "y/b.png")
        (raw / "x" / "list.csv").write_text("file,caption\na.png,beside\ny/b.png,from the top\n")
        assert collected(raw, table=str(raw / "x" / "list.csv")) == {"x/a.png": ["beside"], "y/b.png": ["from the top"]}

    @pytest.mark.parametrize("kind", ["class", "sidecar"])
    def test_a_table_that_is_not_read_is_named(self, tmp_path: Path, kind: str):
        raw = fill(tmp_path / "raw", "cat/a.png", "dog/b.png")
        for name in ("list.csv", "labels.TSV", "more.jsonl", "data.parquet"):
            (raw / name).write_text("a,b\n")
        if kind == "sidecar":
            (raw / "cat" / "a.txt").write_text("a cat")
        collected(raw)
        told = passed(raw)
        assert set(told) == {"list.csv", "labels.TSV", "more.jsonl", "data.parquet"}
        assert "--captions" in told["list.csv"] and ".csv or .jsonl" in told["data.parquet"]


class TestTheTextOfTables:
    ROWS = (("file", "caption"), ("a.png", "grün, rot"), ("b.png", 'say "a"\nb'), ("c.png", "plain"))

    def text(self, delimiter: str, end: str) -> str:
        cells = [
            [f'"{cell.replace(chr(34), chr(34) * 2)}"' if set(cell) & set(',"\n') else cell for cell in row]
            for row in self.ROWS
        ]
        return end.join(delimiter.join(row) for row in cells) + end

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be with mark"])
    @pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
    def test_all_that_excel_writes(self, tmp_path: Path, end: str, encoding: str, delimiter: str):
        text, path = self.text(delimiter, end), tmp_path / "t.csv"
        path.write_bytes(("\ufeff" + text).encode("utf-16-be") if "mark" in encoding else text.encode(encoding))
        entries = read_table(path)
        assert {name: entry.captions for name, entry in entries.items()} == {
            name: [text] for name, text in self.ROWS[1:]
        }
        assert not any(entry.facts or entry.problem for entry in entries.values())

    def test_the_line_that_names_the_delimiter(self, tmp_path: Path):
        path = tmp_path / "t.csv"
        path.write_text("sep=;\nfile;caption\na.png;one, two\n")
        assert read_table(path)["a.png"].captions == ["one, two"]

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("file,caption\na.png,x\n".encode("utf-16-le"), r"t\.csv: .* NUL.*; save it as UTF-8"),
            (b"\xff\xfea", r"t\.csv: not UTF-16, though its first bytes say so"),
            (b'file,caption\na.png,"' + b"x" * 200_000 + b'"\n', r"line \d: field larger than field limit"),
            (b"a,b\n1,2\n", r"t\.csv line 2: columns a, b; expected one of file, "),
        ],
        ids=["UTF-16 without a mark", "half", "too long", "other columns"],
    )
    def test_refused_in_one_line(self, tmp_path: Path, content: bytes, words: str):
        (tmp_path / "t.csv").write_bytes(content)
        with pytest.raises(DataError, match=words) as caught:
            read_table(tmp_path / "t.csv")
        assert "\n" not in str(caught.value)

    def test_one_that_is_not_there(self, tmp_path: Path):
        with pytest.raises(OutputError, match="--captions takes a CSV, TSV or JSONL file"):
            read_table(tmp_path / "gone.csv")


@pytest.mark.parametrize("mark", PARTING[:3])
class TestJsonLines:
    """JSON may hold U+2028, U+2029 and U+0085 as they are; lines end at \\n alone."""

    def test_tables(self, tmp_path: Path, mark: str):
        rows = [{"file_name": f"{n}.png", "text": f"a lake{mark}number {n}"} for n in range(2)]
        path = tmp_path / "t.jsonl"
        for end in ("\n", "\r\n"):
            path.write_text(end.join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8", newline="")
            assert [entry.captions for entry in read_table(path).values()] == [[row["text"]] for row in rows]
            path.write_bytes(path.read_bytes().decode().encode("utf-16"))
            assert len(read_table(path)) == 2

    def test_captioned_folders(self, tmp_path: Path, mark: str):
        rows = [{"file": f"{n}.png", "captions": [f"a{mark}b"]} for n in range(3)]
        (tmp_path / "captions.jsonl").write_text(
            "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8"
        )
        assert read_rows(tmp_path)[0] == rows
        assert [row["captions"] for row in Rows(tmp_path)] == [row["captions"] for row in rows]

    def test_votes(self, tmp_path: Path, mark: str):
        path = tmp_path / "votes.jsonl"
        path.write_text(
            json.dumps({"left": f"a{mark}", "right": "b", "winner": "left"}, ensure_ascii=False) + "\n", "utf-8"
        )
        assert read_votes(path) == [(f"a{mark}", "b", 1.0)]


class TestClassFolders:
    @pytest.mark.parametrize(
        ("name", "caption"),
        [
            ("10_mystyle painting", "mystyle painting"), ("3_sks dog", "sks dog"), ("001.Black_footed_Albatross", "Black footed Albatross"),
            ("golden_retriever", "golden retriever"), ("3d_models", "3d models"), ("2024", "2024"), ("10_", "10"), ("1_2", "1 2"),
            ("route 66", "route 66"), (unicodedata.normalize("NFD", "10_café"), "café"),
        ],
    )  # fmt: skip
    def test_a_number_in_front_is_no_word(self, name: str, caption: str):
        assert class_caption(name) == caption

    def test_the_folder_keeps_its_name_as_a_fact(self, tmp_path: Path):
        raw = fill(tmp_path / "raw", "10_mystyle painting/a.png")
        assert collected(raw) == {"10_mystyle painting/a.png": ["mystyle painting"]}
        (row,) = Rows(tmp_path / "mine")
        assert row["facts"]["class"] == "10_mystyle painting"

    @pytest.mark.parametrize("names", [("images",), ("train", "test"), ("Train", "Val"), ("images", "data")])
    def test_names_that_say_nothing_are_no_classes(self, tmp_path: Path, names: tuple[str, ...]):
        raw = fill(tmp_path / "raw", *(f"{name}/{number}.png" for number, name in enumerate(names)))
        with pytest.raises(
            DataError, match=f"{len(names)} pictures or clips in .*{names[0]}.* and no captions; expected"
        ):
            find(str(raw))
        assert find(str(raw), kind="class")[0] == "class"  # whoever means it, says so

    def test_classes_below_splits_are_classes(self, tmp_path: Path):
        raw = fill(tmp_path / "raw", "train/cat/1.png", "test/dog/1.png", "test/other/images/1.png")
        assert collected(raw) == {
            "train/cat/1.png": ["cat"],
            "test/dog/1.png": ["dog"],
            "test/other/images/1.png": ["images"],
        }
