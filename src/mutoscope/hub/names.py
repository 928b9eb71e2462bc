"""From the name of a model to its place on this disk, without a library and without any contact.

    ./models/mine               a folder
    painting.safetensors        a file
    sdxl-turbo                  a short name of known_models.toml; it goes before a folder of that name, write ./sdxl-turbo then
    OWNER/NAME                  a repository in the cache of the Hugging Face libraries; a folder of that name goes before it
    OWNER/NAME@REVISION         the same at a commit (also its first 7 or more digits), a branch or a tag

The cache holds models--OWNER--NAME/refs/BRANCH, a file with a commit in it, and models--OWNER--NAME/snapshots/COMMIT/, whose
files are links into models--OWNER--NAME/blobs/.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mutoscope.errors import MissingModelError, did_you_mean
from mutoscope.hub.endings import PICKLES, check_ending
from mutoscope.hub.known import KnownModel, find_known, known_models

REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
REVISION = re.compile(r"[A-Za-z0-9][\w.-]{0,127}(/[\w-][\w.-]{0,127})*")
COMMIT = re.compile(r"[0-9a-f]{40}")
GET = "mutoscope models get"


@dataclass(frozen=True)
class Place:
    """Where a model lies on this disk."""

    name: str  # finds it again: OWNER/NAME of a repository, else the absolute path, ~ for the user's own folder
    path: Path  # a folder or a file
    revision: str = ""  # the commit of a repository


def find_place(name: str) -> Place:
    """Return where the model `name` lies; MissingModelError says how it gets here, or that half of it is here."""
    known = known_models().get(name.partition("@")[0])
    place = None if known else _on_disk(name)
    if place:
        return place
    repository, revision = split_name(name)
    if known:
        return _in_cache(known.repository, revision, known)
    if not REPOSITORY.fullmatch(repository) or looks_like_path(repository):
        raise MissingModelError(_unknown(name))
    return _in_cache(repository, revision, find_known(repository))


def split_name(name: str) -> tuple[str, str]:
    """Return repository and revision of OWNER/NAME@REVISION; MissingModelError for a revision that can be none."""
    repository, at, revision = name.partition("@")
    if at and (not REVISION.fullmatch(revision) or ".." in revision):
        raise MissingModelError(
            f"{name[:80]!r} names no revision after the @; write OWNER/NAME@COMMIT, with a commit, a branch or a tag"
        )
    return repository, revision


def cache_folder() -> Path:
    """Return the folder where the Hugging Face libraries keep repositories; it need not be there."""
    home = os.environ.get("HF_HOME") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.join("~", ".cache"), "huggingface"
    )
    asked = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE") or os.path.join(home, "hub")
    return Path(os.path.expandvars(os.path.expanduser(asked)))


def folder_of(repository: str) -> Path:
    """Return the folder of a repository in the cache; it need not be there."""
    return cache_folder() / f"models--{repository.replace('/', '--')}"


def repository_of(path: Path) -> str:
    """Return OWNER/NAME of a snapshot in a cache, "" for every other folder."""
    found = re.fullmatch(r"models--([A-Za-z0-9][\w.-]*?)--([A-Za-z0-9][\w.-]*)", path.parent.parent.name)
    return f"{found[1]}/{found[2]}" if found and path.parent.name == "snapshots" else ""


def revisions_of(folder: Path) -> list[str]:
    """Return the commits of a repository's folder that are here, the newest last."""
    snapshots = folder / "snapshots"
    found = [path for path in snapshots.iterdir() if path.is_dir()] if snapshots.is_dir() else []
    return [path.name for path in sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))]


def find_gaps(snapshot: Path) -> list[str]:
    """Return what a snapshot in a cache is missing, by file names; empty where nothing is known to miss."""
    blobs = snapshot.parent.parent / "blobs"
    entries = list(_walk(snapshot))
    gaps = [path.relative_to(snapshot).as_posix() for path in entries if path.is_symlink() and not path.exists()]
    newest = max((path.lstat().st_mtime_ns for path in (snapshot, *entries)), default=0)
    # One that is older belongs to another snapshot, or to a download that has been finished since.
    begun = [path for path in blobs.glob("*.incomplete") if path.stat().st_mtime_ns >= newest] if blobs.is_dir() else []
    return [*gaps, *(path.name for path in begun)]


def get_line(name: str) -> str:
    """Return the command that fetches a model, by its short name where it has one."""
    repository, revision = split_name(name)
    known = find_known(repository)
    if known and revision in ("", known.revision):
        return f"{GET} {known.name}"
    return f"{GET} {name}"


def again(path: Path) -> str:
    """Return how a damaged file or folder of a model is put right: "fetch it again: ..." with the command, where there is one."""
    for folder in (path, *path.parents):
        if repository_of(folder):
            return f"fetch it again: {get_line(repository_of(folder))}"
    return "fetch or copy it again"


def looks_like_path(name: str) -> bool:
    """Say whether a name that is not there was meant as a path."""
    ending = os.path.splitext(name)[1].lower()
    return (
        name.startswith((".", "/", "~", "\\")) or "\\" in name or name.count("/") > 1
        or ending in (".safetensors", ".gguf", *PICKLES)
    )  # fmt: skip


def _walk(folder: Path) -> Iterator[Path]:
    """Yield every file, link and folder below a folder; links to folders are not followed."""
    for here, folders, files in os.walk(folder):
        yield from (Path(here) / name for name in (*folders, *files))


def _on_disk(name: str) -> Place | None:
    """Return the folder or file of a name, None where there is none."""
    try:
        path = Path(os.path.expanduser(name))
        if not name or "\0" in name or not path.exists():
            return None
    except OSError:  # a name no file can have
        return None
    if path.is_file():
        check_ending(path)
    path = Path(os.path.abspath(path))  # links stay: the cache's own lead from a commit to its files
    repository = repository_of(path)
    return Place(repository, path, path.name) if repository else Place(spell_path(path), path)


def spell_path(path: Path) -> str:
    """Return an absolute path with ~ for the user's own folder: it is written into pictures that are given away."""
    home = Path.home()
    return f"~/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) and path != home else str(path)


def _in_cache(repository: str, revision: str, known: KnownModel | None) -> Place:
    """Return the snapshot of a repository; MissingModelError where it is not there or only in part."""
    folder = folder_of(repository)
    asked = f"{repository}@{revision}" if revision else repository
    commit = find_commit(folder, revision, known)
    if not commit:
        raise MissingModelError(_absent(asked, repository, revision, folder, known))
    snapshot = folder / "snapshots" / commit
    gaps = find_gaps(snapshot)
    if gaps:
        raise MissingModelError(
            f"half a download: {asked} lacks {_some(gaps)} ({snapshot}); the rest is fetched by: {get_line(asked)}"
        )
    return Place(repository, snapshot, commit)


def find_commit(folder: Path, revision: str, known: KnownModel | None) -> str:
    """Return the commit to take: the one that is asked for, else the pinned one, that of main, the newest; "" for none."""
    here = revisions_of(folder)
    if revision:
        if revision in here:
            return revision
        near = [commit for commit in here if len(revision) >= 7 and commit.startswith(revision)]
        named = _read_reference(folder, revision)
        return near[0] if len(near) == 1 else named if named in here else ""
    if known and known.revision in here:
        return known.revision
    main = _read_reference(folder, "main")
    return main if main in here else here[-1] if here and not main else ""


def _read_reference(folder: Path, name: str) -> str:
    try:
        return (folder / "refs" / name).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _absent(asked: str, repository: str, revision: str, folder: Path, known: KnownModel | None) -> str:
    here = revisions_of(folder)
    if revision and here:
        return (
            f"{repository} is on this disk, but not at {revision}, only at {_some(here)}; fetch it: {get_line(asked)}"
        )
    size = f" (about {known.download / 1e9:.3g} GB)" if known and known.download else ""
    if known or folder.is_dir():
        return f"{asked} is not on this disk; fetch it first: {get_line(asked)}{size}"
    return (
        f"there is no folder {asked!r} here and no repository of that name on this disk; fetch it first: {GET} {asked}"
    )


def _unknown(name: str) -> str:
    if looks_like_path(name):
        return (
            f"there is no folder or file {name!r}; a model is named by its folder, its .safetensors file, or OWNER/NAME"
        )
    hint = did_you_mean(name, known_models())
    return f"no model is called {name[:80]!r}{hint}; give a folder, OWNER/NAME, or a name that mutoscope models lists"


def _some(names: list[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
