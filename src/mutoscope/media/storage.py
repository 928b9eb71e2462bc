"""A file is there whole or not at all, and a bad output path is refused before the work begins.

Every file Mutoscope leaves behind goes through `atomic_write`; nothing here knows what is written.
"""

import contextlib
import errno
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from mutoscope.errors import MutoscopeError, OutputError, StorageError, StorageFullError, did_you_mean

_FULL = (errno.ENOSPC, errno.EDQUOT)
_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)  # network and FUSE file systems that cannot sync a folder


def atomic_write(path: Path, write: Callable[[BinaryIO], object], *, size: int | None = None) -> Path:
    """Let `write(file)` fill `path`: afterwards the new file is there whole, or the old one untouched.

    Temporary file in the same folder, fsync, rename, fsync of the folder. The mode follows the umask. `size` (bytes),
    where known, is told when the disk is full. Raises StorageFullError or StorageError naming the path; anything else
    `write` raises passes, after cleaning up.
    """
    path = Path(path)
    temporary = path.parent / f".mutoscope-{secrets.token_hex(8)}.tmp"
    try:
        with open(temporary, "xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except BaseException as error:  # Ctrl-C too must leave nothing behind
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError) and not isinstance(error, MutoscopeError):
            raise _storage_error(error, path, size) from error
        raise
    return path


def write_bytes(path: Path, data: bytes) -> Path:
    """Write `data` to `path` atomically."""
    return atomic_write(path, lambda file: file.write(data), size=len(data))


def check_output(path: Path, kinds: tuple[str, ...]) -> Path:
    """Return `path` if a file of one of `kinds` (endings such as ".png") can be written there.

    Raises OutputError for an unknown ending, a folder that is missing or read-only, or a name no file can have.
    """
    path = Path(path)
    endings = tuple(kind if kind.startswith(".") else f".{kind}" for kind in kinds)
    _check_ending(path, endings)
    try:
        _check_folder(path.parent)
        if path.is_dir():
            raise OutputError(
                f"{path} is a folder, not a file; name a file in it, for example {path / ('new' + endings[0])}"
            )
        with contextlib.suppress(FileNotFoundError):
            os.lstat(path)  # tells of names that are too long or hold a NUL
    except OutputError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"cannot write to {str(path)[:80]!r}: {reason}; choose another name") from error
    return path


def _check_ending(path: Path, endings: tuple[str, ...]) -> None:
    got = path.suffix.lower()
    if got not in endings:
        said = f"the ending {got!r}{did_you_mean(got, endings)}" if got else "no ending"
        raise OutputError(f"{path.name[:80]!r} has {said}; endings that can be written: {' '.join(endings)}")


def _check_folder(folder: Path) -> None:
    if not folder.exists():
        raise OutputError(f"there is no folder {folder}; create it first: mkdir -p {folder}")
    if not folder.is_dir():
        raise OutputError(f"{folder} is a file, not a folder; choose another output path")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"the folder {folder} is read-only; choose another one")


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable; Windows cannot open folders and does not need it."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(handle)


def _storage_error(error: OSError, path: Path, size: int | None) -> StorageError:
    if error.errno in _FULL:
        needed = f" ({size:,} bytes needed)" if size is not None else ""
        told = StorageFullError(f"the disk is full: cannot write {path}{needed}; free some space and try again")
    else:
        told = StorageError(f"cannot write {path}: {error.strerror or error}")
    told.errno = error.errno
    return told


def make_folder(folder: Path) -> None:
    """Make a folder that files will be written to; OutputError when it cannot be made or is read-only."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {str(folder)!r}: {error.strerror}; choose another --out") from error
    if not os.access(folder, os.W_OK):
        raise OutputError(f"the folder {str(folder)!r} is read-only; choose another --out")
