"""Folders that are written whole or not at all."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replaced(folder: Path) -> Iterator[Path]:
    """Give an empty folder that takes the place of `folder` when all went well, and leaves nothing behind when not."""
    temporary = folder.with_name(f".{folder.name}-{secrets.token_hex(4)}.tmp")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        old = temporary.with_suffix(".old")
        if folder.exists():
            folder.rename(old)
        temporary.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:  # Ctrl-C too must leave nothing behind
        shutil.rmtree(temporary, ignore_errors=True)
        raise
