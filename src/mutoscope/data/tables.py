"""Tables of captions: CSV, TSV and JSON lines, and which picture a row of theirs is about.

Names in tables and on disks are written in many ways. A row belongs to the file of exactly that name (letters composed, as
Unicode's NFC has them); else to the one file whose name differs in upper and lower case alone; else, where the row names no
ending, to the one file of that stem.
"""

import csv
import io
import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from mutoscope.data.captions import WIDE
from mutoscope.data.rows import BOM
from mutoscope.errors import DataError, OutputError

NAMES = ("metadata.jsonl", "metadata.csv", "metadata.tsv", "captions.jsonl", "captions.csv", "captions.tsv")
ENDINGS = (".csv", ".tsv", ".jsonl")
FILE_COLUMNS = ("file", "file_name", "filename", "image", "video", "path", "filepath", "image_path", "name")
TEXT_COLUMNS = ("captions", "caption", "text", "description", "prompt", "title", "alt", "label", "sentence")


@dataclass
class Entry:
    """What a table says of one file; several rows of a file add up."""

    captions: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)  # the other columns
    problem: str = ""


class Table:
    """The rows of a table by the files they name."""

    def __init__(self, path: Path):
        self.path = path
        self._entries = read_table(path)
        self._unused = dict.fromkeys(self._entries)
        self._alike: dict[str, list[str]] = {}
        for name in self._entries:
            for key in {_folded(name), _stem(name)}:
                self._alike.setdefault(key, []).append(name)

    def take(self, name: str, files: set[str]) -> Entry | None:
        """Return what is said of the file `name`, one of `files` (composed names), or None; the row counts as used."""
        row = composed(name) if composed(name) in self._entries else self._similar(name, files)
        if row is None:
            return None
        self._unused.pop(row, None)
        return self._entries[row]

    def unused(self) -> list[str]:
        """Return the names no file was found for."""
        return sorted(self._unused)

    def _similar(self, name: str, files: set[str]) -> str | None:
        for key in (_folded(name), _stem(name)):
            rows = [row for row in self._alike.get(key, []) if row not in files]
            rows = rows if key == _folded(name) else [row for row in rows if not PurePosixPath(row).suffix]
            if len(rows) == 1:
                return rows[0]
        return None


def composed(name: str) -> str:
    """Return a name in composed letters: macOS takes them apart, tables do not.

    >>> composed("cafe\\u0301.png")
    'café.png'
    """
    return unicodedata.normalize("NFC", name)


def read_table(path: Path) -> dict[str, Entry]:
    """Return file name (composed, with forward slashes) -> entry of a CSV, TSV or JSONL; DataError, OutputError."""
    try:
        text = _decode(path.read_bytes(), path)
    except OSError as error:
        raise OutputError(f"{str(path)!r}: {error.strerror}; --captions takes a CSV, TSV or JSONL file") from error
    entries: dict[str, Entry] = {}
    for number, row in _json_rows(text, path) if path.suffix.lower() == ".jsonl" else _csv_rows(text, path):
        file, column = _columns(row, f"{path.name} line {number}")
        texts, problem = _captions(row.pop(column), f"{path.name} line {number}")
        name = composed(str(PurePosixPath(str(row.pop(file)).strip().replace("\\", "/"))))
        entry = entries.setdefault(name, Entry())
        entry.captions += texts
        entry.facts |= row
        entry.problem = entry.problem or problem
    return entries


def texts_of(value: object) -> list[str]:
    """Return captions as a list of strings, whatever a foreign row holds."""
    if isinstance(value, str):
        return [value]
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _folded(name: str) -> str:
    return composed(name).casefold()


def _stem(name: str) -> str:
    return _folded(str(PurePosixPath(name).with_suffix("")))


def _decode(data: bytes, path: Path) -> str:
    """Return the text of a table: UTF-8, or UTF-16 as Excel's "Unicode text" is; other bytes become surrogates."""
    if any(data.startswith(mark) for mark, _ in WIDE):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise DataError(f"{path.name}: not UTF-16, though its first bytes say so; save it as UTF-8") from error
    if b"\0" in data[:1000]:
        raise DataError(f"{path.name}: no text that can be read (it holds NUL); save it as UTF-8")
    return data.removeprefix(BOM).decode("utf-8", "surrogateescape")


def _columns(row: dict[str, Any], where: str) -> tuple[str, str]:
    """Return the columns of file and caption, by names in any case; DataError where one is missing."""
    known = {str(name).strip().lower().replace(" ", "_"): name for name in reversed(row)}
    file, text = (
        next((known[name] for name in names if name in known), None) for names in (FILE_COLUMNS, TEXT_COLUMNS)
    )
    if file is None or text is None:
        raise DataError(
            f"{where}: columns {', '.join(map(str, row))}; expected one of "
            f"{', '.join(FILE_COLUMNS)} and one of {', '.join(TEXT_COLUMNS)}"
        )
    return file, text


def _captions(value: object, where: str) -> tuple[list[str], str]:
    """Return the captions of a cell that are text, and what is wrong with the others."""
    texts = texts_of(value)
    good = [text for text in texts if not any("\udc80" <= letter <= "\udcff" for letter in text)]
    return good, "" if len(good) == len(texts) else f"{where}: not UTF-8"


def _csv_rows(text: str, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    lines = io.StringIO(text, newline="")  # lines end as they like: \n, \r\n, or \r alone
    head = lines.readline().strip()
    if head.lower().startswith("sep="):  # Excel's note to itself
        delimiter, skipped = head[4:5] or ",", 1
    else:
        delimiter, skipped = max(",;\t|", key=head.count), 0
        lines.seek(0)
    reader = csv.DictReader(lines, delimiter=delimiter)
    try:
        for row in reader:
            named = {str(key).strip(): value for key, value in row.items() if key and value is not None}
            yield skipped + reader.line_num, named
    except csv.Error as error:
        raise DataError(
            f"{path.name} line {skipped + reader.line_num}: {error}; expected a table with a line of names"
        ) from error


def _json_rows(text: str, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):  # not splitlines: captions may hold U+2028
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise DataError(f"{path.name} line {number}: not JSON ({error})") from error
            if not isinstance(row, dict):
                raise DataError(f"{path.name} line {number}: expected an object, got {type(row).__name__}")
            yield number, row
