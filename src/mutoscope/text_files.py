"""Text files that people wrote, as their editors save them: a byte-order mark, UTF-16, any of the three line ends.

Files that Mutoscope wrote itself are plain UTF-8 and need none of this.
"""

import codecs
import re
from pathlib import Path
from typing import Any

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LINE_ENDS = re.compile(r"\r\n|\r|\n")


def read_text(path: Path, max_bytes: int) -> str:
    """Return the text of a file; OSError, or ValueError that says in a few words why it is no text."""
    size = path.stat().st_size
    if size > max_bytes:
        raise ValueError(f"it has {size:,} bytes, at most {max_bytes:,} are read")
    return decode(path.read_bytes())


def decode(data: bytes) -> str:
    """Return UTF-8, or UTF-16 with a byte-order mark, as text without the mark; ValueError for anything else.

    >>> decode("\\ufeffa café".encode("utf-16-be"))
    'a café'
    """
    wide = data.startswith(_UTF16_MARKS)
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        if wide:
            raise ValueError("not UTF-16, though its first bytes say so") from error
        at = error.start + (len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0)
        raise ValueError(f"not UTF-8 (byte {data[at]:#04x} at {at}); save it as UTF-8") from error


def split_lines(text: str) -> list[str]:
    """Return the lines of a text. Unlike `str.splitlines`, cuts at line ends alone: not at U+2028, U+0085 or form feeds."""
    return _LINE_ENDS.split(text)


def read_toml(path: Path, max_bytes: int) -> dict[str, Any]:
    """Return the tables of a TOML file; OSError, or ValueError that says in a few words why it is none."""
    import tomllib  # only who has such files waits for it

    try:
        return tomllib.loads(read_text(path, max_bytes))
    except RecursionError as error:
        raise ValueError("not TOML (tables in tables without end)") from error
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"not TOML ({error})") from error
