"""A file is there whole or not at all, and a bad output path is refused before the work begins.

Every file Mutoscope leaves behind goes through `atomic_write`, but for those that grow line by line (rows, logs) and for working
files that nothing reads after a crash (locks, plans). Nothing here knows what is written.

    symbolic link    the file it leads to is replaced, the link stays
    existing file    keeps its mode; one without write permission is refused, as `cp` does
    new file         the mode follows the umask
    hard link        the other names keep the old content
"""

import contextlib
import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from mutoscope.errors import MutoscopeError, OutputError, StorageError, StorageFullError, did_you_mean

_FULL = (errno.ENOSPC, errno.EDQUOT)
_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)  # network and FUSE file systems that cannot sync a folder


def atomic_write(
    path: Path,
    write: Callable[[BinaryIO], object],
    *,
    size: int | None = None,  # bytes, where known: named when the disk is full
    exclusive: bool = False,  # raise FileExistsError where something of that name is there already
) -> Path:
    """Let `write(file)` fill `path`: afterwards the new file is there whole, or the old one untouched.

    Temporary file in the same folder, fsync, rename (or link, if `exclusive`), fsync of the folder. Raises StorageFullError
    or StorageError naming the path, OutputError for a read-only file; anything else `write` raises passes, after cleaning up.
    """
    path = Path(path)
    try:
        target = path if exclusive else _follow(path)
        mode = None if exclusive else _mode_of(target)
    except OSError as error:
        raise _storage_error(error, path, size) from error
    temporary = target.parent / f".mutoscope-{os.urandom(8).hex()}.tmp"
    try:
        _fill(temporary, write, mode)
        _publish(temporary, target, exclusive)
        _sync_folder(target.parent)
    except BaseException as error:  # Ctrl-C too must leave nothing behind
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError) and not isinstance(error, MutoscopeError | _NameTaken):
            raise _storage_error(error, path, size) from error
        raise
    return path


def write_bytes(path: Path, data: bytes, *, exclusive: bool = False) -> Path:
    """Write `data` to `path` atomically; with `exclusive` FileExistsError where the name is taken."""
    return atomic_write(path, lambda file: file.write(data), size=len(data), exclusive=exclusive)


def check_output(path: Path, kinds: tuple[str, ...]) -> Path:
    """Return `path` if a file of one of `kinds` (endings such as ".png") can be written there.

    Raises OutputError for an unknown ending, a folder that is missing or read-only, a file that is read-only, or a name no
    file can have.
    """
    path = Path(path)
    endings = tuple(kind if kind.startswith(".") else f".{kind}" for kind in kinds)
    _check_ending(path, endings)
    try:
        target = _follow(path)
        _check_folder(target.parent)
        if target.is_dir():
            raise OutputError(
                f"{path} is a folder, not a file; name a file in it, for example {path / ('new' + endings[0])}"
            )
        _mode_of(target)  # tells of names that are too long or hold a NUL, too
    except OutputError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"cannot write to {str(path)[:80]!r}: {reason}; choose another name") from error
    return path


class _NameTaken(FileExistsError):
    """Something of that name is there already; an error of `atomic_write` itself, not of the caller's `write`."""


def _follow(path: Path) -> Path:
    """Return the file that a symbolic link leads to; any other path as it is. OSError for links that lead in a circle."""
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return target


def _mode_of(target: Path) -> int | None:
    """Return the permission bits of the file that will be replaced, None where there is none.

    Raises OutputError where it is read-only: renaming over it would succeed, and whoever took the permission away meant it.
    """
    try:
        mode = target.lstat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISREG(mode) and not (mode & 0o222 and os.access(target, os.W_OK)):
        raise OutputError(f"{target} is read-only; choose another name or allow writing: chmod u+w {target}")
    return stat.S_IMODE(mode) if stat.S_ISREG(mode) else None


def _fill(temporary: Path, write: Callable[[BinaryIO], object], mode: int | None) -> None:
    """Make the temporary file and let it reach the disk."""
    with open(temporary, "xb") as file:
        if mode is not None:
            with contextlib.suppress(OSError):  # file systems without modes
                os.chmod(temporary, mode)
        write(file)
        file.flush()
        os.fsync(file.fileno())


def _publish(temporary: Path, target: Path, exclusive: bool) -> None:
    """Give the finished file its name; with `exclusive` only where nothing has it."""
    if not exclusive:
        os.replace(temporary, target)
        return
    try:
        os.link(temporary, target)
    except FileExistsError as error:
        raise _NameTaken(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from error
    except (OSError, NotImplementedError):  # FAT, some network folders: no hard links
        _take_name(temporary, target)
    else:
        os.unlink(temporary)


def _take_name(temporary: Path, target: Path) -> None:
    """Take a name with an empty file, then replace that: nobody else can have it in between."""
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError as error:
        raise _NameTaken(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from error
    try:
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(target)
        raise


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
