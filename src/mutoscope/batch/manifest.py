"""What a batch has drawn: manifest.jsonl in its folder, a JSON object for each file. A file is whole or not there, so files decide."""

import contextlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mutoscope.errors import MediaError
from mutoscope.media.storage import write_bytes

NAME = "manifest.jsonl"
Row = dict[str, Any]  # file, line, seconds, warnings, request


class Manifest:
    """The rows of a folder. Rows are added while a batch runs, and put in the order of the lines at its end."""

    def __init__(self, folder: Path):
        self.folder, self.path = folder, folder / NAME
        self.rows = {row["file"]: row for row in self._read() if (folder / row["file"]).is_file()}

    def _read(self) -> Iterable[Row]:
        """Yield the rows that are whole: the last one may be cut short."""
        with contextlib.suppress(FileNotFoundError):
            for line in self.path.read_text("utf-8", "replace").splitlines():
                with contextlib.suppress(ValueError):
                    row = json.loads(line)
                    name = row.get("file") if isinstance(row, dict) else None
                    if isinstance(name, str) and name == os.path.basename(name) and isinstance(row.get("line"), int):
                        yield row

    def add(self, row: Row) -> None:
        """Add what was drawn, at once."""
        self.rows[row["file"]] = row
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def find(self, line: int, name: str) -> Row:
        """Return the row of a file that is there; where the run ended between file and row, as the file says."""
        if name not in self.rows:
            self.rows[name] = {"file": name, "line": line, "seconds": None, "warnings": [],
                               "request": _request_of(self.folder / name)}  # fmt: skip
        return self.rows[name]

    def close(self) -> None:
        """Write all rows anew, in order. StorageError."""
        rows = sorted(self.rows.values(), key=lambda row: (row["line"], row["file"]))
        write_bytes(self.path, "".join(json.dumps(row) + "\n" for row in rows).encode())


def _request_of(path: Path) -> Any:
    from mutoscope.media import read_info

    try:
        text = read_info(path)["request_json"]
        return json.loads(text) if text else None
    except (MediaError, ValueError):
        return None
