"""Text files as editors save them: every way to write the same text gives the same text, anything else is named."""

from pathlib import Path

import pytest

from mutoscope.errors import SettingError, StyleError
from mutoscope.prompt.styles import read_styles
from mutoscope.series import load_plan
from mutoscope.text_files import decode, read_text, read_toml, split_lines

TEXT = '# ein Maß\n[nacht]\nwords = "café at night"\n'
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-be with its mark", "utf-16-le with its mark")


def encoded(text: str, encoding: str) -> bytes:
    name, _, mark = encoding.partition(" ")
    return ("\ufeff" + text if mark else text).encode(name)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_toml_in_every_encoding_that_editors_offer(tmp_path: Path, encoding: str, end: str):
    """Read by `read_toml`, as a style file, and as a recipe: one helper for all three."""
    path = tmp_path / "styles.toml"
    path.write_bytes(encoded(TEXT.replace("\n", end), encoding))
    expected = {"nacht": {"words": "café at night"}}
    assert read_toml(path, 1000) == load_plan(path) == expected
    assert {name: style.words for name, style in read_styles(path).items()} == {"nacht": "café at night"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("[a]\nb = é".encode("latin-1"), r"not UTF-8 \(byte 0xe9 at 8\); save it as UTF-8"),
        (b"\xef\xbb\xbf[a]\nb = \xe9", r"byte 0xe9 at 11"),
        (b"\xff\xfea", "not UTF-16, though its first bytes say so"),
        (b"[a\n", r"not TOML \("),
        (b"a = " + b"[" * 5000, "not TOML"),
        (b"#" * 2_000_000, "it has 2,000,000 bytes, at most 1,048,576 are read"),
    ],
    ids=["latin-1", "latin-1 after a mark", "half of UTF-16", "broken", "deep", "large"],
)
def test_what_is_no_toml_is_told_by_its_name(tmp_path: Path, data: bytes, said: str):
    path = tmp_path / "mine.toml"
    path.write_bytes(data)
    with pytest.raises(StyleError, match=f"mine.toml: not a style file .*{said}"):
        read_styles(path)
    with pytest.raises(SettingError, match=f"mine.toml: .*{said}"):
        load_plan(path)


def test_a_mark_inside_a_text_is_a_character_of_it():
    assert decode("a\ufeffb".encode()) == "a\ufeffb"
    assert decode(b"") == ""


def test_lines_end_at_line_ends_alone():
    assert split_lines("a\u2028b\x85c\x0bd\x0ce\nf\rg\r\nh\n\ni") == ["a\u2028b\x85c\x0bd\x0ce", "f", "g", "h", "", "i"]


def test_the_limit_is_in_bytes(tmp_path: Path):
    path = tmp_path / "a.txt"
    path.write_text("é" * 10, encoding="utf-8")
    assert read_text(path, 20) == "é" * 10
    with pytest.raises(ValueError, match="it has 20 bytes, at most 19"):
        read_text(path, 19)
