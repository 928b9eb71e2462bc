"""A folder says what it holds: one JSON file written first, compared when the work goes on.

Knows nothing of what is claimed.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mutoscope.errors import OutputError
from mutoscope.media.storage import make_folder, write_bytes


def claim(folder: Path, name: str, wanted: dict[str, Any], noun: str) -> None:
    """Make `folder` and write `wanted` to `folder/name`, or check that it says the same.

    Raises OutputError where it says something else, and where the folder holds data that something else has put there.
    """
    file = folder / name
    make_folder(folder)
    if not file.exists():
        if (folder / "captions.jsonl").exists():
            raise OutputError(
                f"{folder} holds other data already (captions.jsonl without {name}); choose another --out"
            )
        write_bytes(file, json.dumps(wanted, sort_keys=True).encode())
        return
    try:
        held = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise OutputError(f"{file} is damaged ({error}); choose another --out") from error
    if held != wanted:
        differ = [key for key in wanted if not isinstance(held, dict) or held.get(key) != wanted[key]]
        raise OutputError(f"{folder} holds a {noun} with other {', '.join(differ)}; choose another --out")


@contextmanager
def alone(folder: Path, noun: str, name: str = ".lock") -> Iterator[None]:
    """Hold `folder` by the file `name` for this process; OutputError when another one does. The lock dies with its process."""
    with open(folder / name, "w") as lock:
        try:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:  # Windows: two processes would do the same work twice, file by whole file
            pass
        except BlockingIOError as error:
            raise OutputError(f"another {noun} is at work in {folder}; wait for it or choose another --out") from error
        yield


def sweep(folder: Path) -> int:
    """Remove what writers that were killed left half-written in `folder`; return how many. Call it inside `alone`."""
    left = list(folder.glob(".mutoscope-*.tmp"))
    for file in left:
        os.unlink(file)
    return len(left)
