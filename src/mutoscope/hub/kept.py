"""The models in the cache of the Hugging Face libraries: which are there, what they take, and how they go."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mutoscope.errors import CheckpointError, MissingModelError, StorageError, did_you_mean
from mutoscope.hub.checks import INDEX, MODULAR, read_index
from mutoscope.hub.known import find_known, known_models
from mutoscope.hub.names import cache_folder, find_commit, find_gaps, folder_of, repository_of, revisions_of, split_name


@dataclass(frozen=True)
class Kept:
    """A model in the cache, at one commit."""

    name: str  # OWNER/NAME
    revision: str  # the commit
    path: Path  # of its folder
    bytes: int  # on the disk; files that two commits share are counted for both
    whole: bool  # False for half a download

    @property
    def short_name(self) -> str:
        """The short name of the model, "" where it has none."""
        known = find_known(self.name)
        return known.name if known else ""


def list_kept() -> list[Kept]:
    """Return the models in the cache, by name; what is neither known nor in the layout of diffusers is left out."""
    cache = cache_folder()
    homes = sorted(path for path in cache.glob("models--*--*") if path.is_dir()) if cache.is_dir() else []
    return [kept for home in homes for kept in _read_home(home)]


def remove(name: str) -> int:
    """Take a model out of the cache, all of its commits or with OWNER/NAME@COMMIT that one; return the bytes set free.

    MissingModelError for anything but the exact name of a model that is there.
    """
    asked, revision = split_name(name)
    known = known_models().get(asked)
    repository = known.repository if known else asked
    here = [kept for kept in list_kept() if kept.name == repository]
    if not here:
        raise MissingModelError(_not_kept(name))
    home = folder_of(repository)
    try:
        if not revision or [kept.revision for kept in here] == [find_commit(home, revision, known)]:
            return _remove_home(home)
        commit = find_commit(home, revision, known)
        if not commit:
            raise MissingModelError(
                f"{repository} is not here at {revision!r}, only at {', '.join(kept.revision for kept in here)}"
            )
        return _remove_revision(home, commit)
    except OSError as error:
        raise StorageError(f"{error.filename or home} cannot be removed: {error.strerror or error}") from error


def _read_home(home: Path) -> Iterator[Kept]:
    for commit in revisions_of(home):
        snapshot = home / "snapshots" / commit
        name = repository_of(snapshot)
        if not name or not (find_known(name) or any((snapshot / index).exists() for index in (INDEX, MODULAR))):
            continue
        yield Kept(name, commit, snapshot, sum(_sizes(snapshot).values()), _is_whole(snapshot))


def _is_whole(snapshot: Path) -> bool:
    """Say whether all of a model is there: of what its index names, a folder each, and no link to nothing."""
    if find_gaps(snapshot):
        return False
    try:
        _, components, _ = read_index(snapshot)
    except CheckpointError:
        return False
    return all((snapshot / name).is_dir() for name in components)


def _sizes(folder: Path) -> dict[str, int]:
    """Return the bytes of every file that a folder holds or leads to, by its real path."""
    found = {}
    for here, _, files in os.walk(folder):
        for name in files:
            path = os.path.realpath(os.path.join(here, name))
            if os.path.isfile(path):
                found[path] = os.path.getsize(path)
    return found


def _remove_home(home: Path) -> int:
    """Remove a repository with all of its commits."""
    freed = _sizes(home)
    shared = {path for path in freed if not path.startswith(os.path.realpath(home) + os.sep)}
    shutil.rmtree(home)
    shutil.rmtree(home.parent / ".locks" / home.name, ignore_errors=True)
    return sum(freed.values()) - _keep_shared(home.parent, shared, freed)


def _remove_revision(home: Path, commit: str) -> int:
    """Remove one commit of a repository, and the files that no other commit has."""
    snapshot = home / "snapshots" / commit
    before = _sizes(home / "snapshots")
    blobs = {os.path.realpath(path): path for path in (home / "blobs").glob("*")}
    shutil.rmtree(snapshot)
    left = _sizes(home / "snapshots")
    for reference in (path for path in (home / "refs").rglob("*") if path.is_file()):
        if reference.read_text("ascii", errors="replace").strip() == commit:
            reference.unlink()
    gone = {path: size for path, size in before.items() if path not in left}
    shared = set()
    for path in gone:
        if path in blobs:
            blobs[path].unlink()
            if os.path.exists(path):
                shared.add(path)
    return sum(gone.values()) - _keep_shared(home.parent, shared, gone)


def _keep_shared(cache: Path, files: set[str], sizes: dict[str, int]) -> int:
    """Remove files that several repositories may share (CACHE/blobs) where none leads to them any more; return the bytes kept."""
    inside = os.path.realpath(cache / "blobs") + os.sep
    used = {os.path.realpath(path) for path in cache.glob("models--*/blobs/*") if path.is_symlink()} if files else set()
    kept = 0
    for path in files:
        if path in used or not path.startswith(inside):
            kept += sizes[path]
            continue
        os.unlink(path)
        Path(f"{path}.refs").unlink(missing_ok=True)  # the list of those who share it
    return kept


def _not_kept(name: str) -> str:
    if os.path.exists(os.path.expanduser(name)):
        return (
            f"{name!r} is a file or folder of yours, which you remove yourself; models rm takes what models get brought"
        )
    names = [word for kept in list_kept() for word in (kept.name, kept.short_name) if word]
    hint = did_you_mean(name, names) or (f"; there are: {', '.join(sorted(set(names))[:8])}" if names else "")
    return f"no model {name[:80]!r} is in the cache{hint}"
