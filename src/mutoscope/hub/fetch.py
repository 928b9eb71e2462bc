"""Fetches a model: first what it would take and under which licence, then the files, at one commit.

The only file that imports huggingface_hub. A token is read by that library alone, and is in no message. Files are those that
`checks.check_folder` lets through: configs, vocabularies and .safetensors, of each component in one variant.

A fetch that was cut goes on where it stopped: files that are whole stay. The one that was cut begins again, unless the
connection came back while the same command ran.
"""

import errno
import logging
import os
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutoscope.errors import (
    CheckpointError,
    MissingExtraError,
    MissingModelError,
    MutoscopeError,
    SettingError,
    StorageError,
    StorageFullError,
    did_you_mean,
)
from mutoscope.events import Event
from mutoscope.hub.checks import INDEX, MODULAR, check_folder, read_index
from mutoscope.hub.choosing import choose
from mutoscope.hub.headers import spell_bytes
from mutoscope.hub.known import KnownModel, find_known, known_models
from mutoscope.hub.names import COMMIT, REPOSITORY, Place, cache_folder, folder_of, looks_like_path, split_name
from mutoscope.telemetry import disable_telemetry

SPARE_BYTES = 200_000_000  # bytes of the disk that stay free
TICK_SECONDS = 0.2  # seconds between two events
STOP_SECONDS = 2.0  # that a download may take to stop
GATED = ("auto", "manual", True)


@dataclass(frozen=True)
class File:
    """One file of a plan."""

    path: str  # in the repository
    bytes: int
    here: bool  # in the cache already


@dataclass(frozen=True)
class Plan:
    """What fetching a model means, before any of it is fetched."""

    repository: str
    revision: str  # the commit
    files: tuple[File, ...]
    licence: str  # as the repository's own card gives it; the table's word where it gives none
    restricted: bool  # the licence limits commercial use, as far as known_models.toml knows
    gated: bool  # the page asks to agree first
    page: str
    variant: str = ""
    branch: str = ""  # whose newest commit this is; "" where a commit was asked for

    @property
    def bytes(self) -> int:
        """Bytes of all files."""
        return sum(file.bytes for file in self.files)

    @property
    def to_fetch(self) -> int:
        """Bytes of the files that are not here."""
        return sum(file.bytes for file in self.files if not file.here)

    @property
    def folder(self) -> Path:
        """Where the model will lie."""
        return folder_of(self.repository) / "snapshots" / self.revision


def plan(name: str, variant: str | None = None) -> Plan:
    """Ask the hub what fetching `name` means; `variant` None takes that of the table, "" the plain files.

    Raises MissingExtraError, SettingError (offline), MissingModelError (no such repository, gated), CheckpointError.
    """
    repository, revision, known = _which(name)
    hub = _library(repository)
    asked = revision or (known.revision if known else "") or "main"
    wanted = variant if variant is not None else known.variant if known else ""
    api = hub.HfApi(endpoint=_endpoint(hub), library_name="mutoscope")
    with _translated(hub, repository, asked):
        info = api.model_info(repository, revision=asked)
        sizes = {
            entry.path: int(entry.size)
            for entry in api.list_repo_tree(repository, recursive=True, revision=info.sha)
            if hasattr(entry, "size")
        }
        components = _read_components(hub, repository, info.sha, sizes)
    folder = folder_of(repository) / "snapshots" / info.sha
    chosen = choose(sizes, components, wanted)
    card = getattr(info, "card_data", None) or {}
    licence = card.get("license_name") or card.get("license") or ""
    if not isinstance(licence, str) or not licence or licence == "other":
        licence = known.licence if known else "not named; see its page"
    return Plan(
        repository, info.sha, tuple(File(path, sizes[path], (folder / path).exists()) for path in chosen), licence,
        bool(known and known.restricted), getattr(info, "gated", False) in GATED, _page(hub, repository), wanted,
        "" if COMMIT.fullmatch(asked) else asked,
    )  # fmt: skip


def fetch(what: str | Plan, variant: str | None = None) -> Iterator[Event]:
    """Fetch a model, by name or as planned; steps are bytes, the last event carries its `Place`.

    Closing the generator stops the download; what is whole stays for the next time. Raises what `plan` raises, StorageFullError
    before the first byte where the disk has no room, StorageError, and CheckpointError for a model that is not whole or not safe.
    """
    todo = what if isinstance(what, Plan) else plan(what, variant)
    hub = _library(todo.repository)
    _check_room(todo)
    job = _Job(todo, hub)
    event = _Rate(todo)
    yield event(0, "")
    job.start()
    try:
        while job.is_alive():
            job.join(TICK_SECONDS)
            yield event(job.fetched, job.file)  # also without news: whoever listens may want to stop
    finally:
        job.stop()
    if job.error:
        raise _translate(hub, todo.repository, todo.revision, job.error) from job.error
    _settle(todo)
    check_folder(todo.folder)
    yield Event("done", todo.bytes, todo.bytes, result=Place(todo.repository, todo.folder, todo.revision))


class _Rate:
    """Makes the events of a download: what was here before counts as done, and says nothing of how quick the rest comes."""

    def __init__(self, todo: Plan):
        self._all, self._rest, self._done = todo.bytes, todo.to_fetch, 0
        self._start = time.monotonic()

    def __call__(self, fetched: int, file: str) -> Event:
        """Return the event that says so many bytes have come; it never goes back."""
        self._done = max(self._done, min(self._rest, fetched))
        spent = time.monotonic() - self._start
        left = spent / self._done * (self._rest - self._done) if self._done else None
        return Event("fetch", self._all - self._rest + self._done, self._all, left, message=file)


class _Stopped(BaseException):
    """The user has stopped the download; no Exception, so that nothing on the way tries again."""


class _Job(threading.Thread):
    """Downloads the files of a plan in a thread, one after the other, and counts the bytes."""

    def __init__(self, todo: Plan, hub: Any):
        super().__init__(daemon=True)  # a connection that hangs must not hold the process
        self.fetched, self.file = 0, ""
        self.error: Exception | None = None
        self._todo, self._hub, self._stopped = todo, hub, threading.Event()
        self._began = time.time()

    def run(self) -> None:
        try:
            with _quiet():
                for file in self._todo.files:
                    if not file.here:
                        self._fetch(file)
        except _Stopped:
            pass
        except Exception as error:
            self.error = error

    def stop(self) -> None:
        """Stop as soon as the next bytes come."""
        self._stopped.set()
        if self.is_alive():
            _abort_xet()
            self.join(STOP_SECONDS)
        if self.is_alive():  # its connection hangs; nobody else would take away what it has begun
            for path in (folder_of(self._todo.repository) / "blobs").glob("*.incomplete"):
                if path.stat().st_mtime >= self._began:
                    path.unlink(missing_ok=True)

    def _fetch(self, file: File) -> None:
        if self._stopped.is_set():
            raise _Stopped
        before, self.file = self.fetched, file.path
        self._hub.hf_hub_download(
            self._todo.repository, file.path, revision=self._todo.revision, cache_dir=cache_folder(),
            endpoint=_endpoint(self._hub), library_name="mutoscope", tqdm_class=_bar(self._count),
        )  # fmt: skip
        self.fetched = before + file.bytes

    def _count(self, count: float) -> None:
        if self._stopped.is_set():
            raise _Stopped
        self.fetched += int(count)


def _bar(count: Callable[[float], None]) -> Any:
    """Return a class that the library takes for a progress bar, which hands every number of bytes to `count`."""

    class Bar:
        n, total = 0, None  # looked at by the hub's own protocol

        def __init__(self, *args: object, **settings: object):
            pass

        def __enter__(self) -> "Bar":
            return self

        def __exit__(self, *error: object) -> None:
            pass

        def update(self, n: float | None = 1) -> None:
            count(n or 0)

        def update_transfer(self, n: float | None = 1) -> None:
            """Take what came over the wire, which `update` counts where it is written; without this there would be two bars."""

        def __getattr__(self, name: str) -> Callable[..., None]:
            if name.startswith("__"):
                raise AttributeError(name)
            return lambda *args, **settings: None

    return Bar


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library's warnings from the terminal: they name addresses with keys in them, and break into the bar."""
    logger = logging.getLogger("huggingface_hub")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _translated(hub: Any, repository: str, revision: str) -> Iterator[None]:
    """Let the library's errors in a block become ours."""
    try:
        with _quiet():
            yield
    except MutoscopeError:
        raise
    except Exception as error:
        raise _translate(hub, repository, revision, error) from error


def _which(name: str) -> tuple[str, str, KnownModel | None]:
    """Return repository, revision and row of the table of a name that can be fetched."""
    asked, revision = split_name(name)
    known = known_models().get(asked)
    if known:
        return known.repository, revision, known
    if not REPOSITORY.fullmatch(asked) or looks_like_path(asked):
        hint = did_you_mean(asked, known_models())
        raise MissingModelError(
            f"no model to fetch is called {name[:80]!r}{hint}; give OWNER/NAME, or a name that mutoscope models lists"
        )
    return asked, revision, find_known(asked)


def _library(repository: str) -> Any:
    """Return huggingface_hub; SettingError where the user's settings forbid any contact."""
    disable_telemetry()
    try:
        import huggingface_hub
        from huggingface_hub import constants
    except ImportError as error:
        raise MissingExtraError("huggingface_hub", "hub") from error
    if constants.HF_HUB_OFFLINE or os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        raise SettingError(
            f"HF_HUB_OFFLINE is set, so nothing is fetched; unset it to fetch {repository}, or copy its folder here and name that"
        )
    return huggingface_hub


def _endpoint(hub: Any) -> str:
    return (os.environ.get("HF_ENDPOINT") or hub.constants.ENDPOINT).rstrip("/")


def _page(hub: Any, repository: str) -> str:
    return f"{_endpoint(hub)}/{repository}"


def _read_components(hub: Any, repository: str, revision: str, paths: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return the components that the repository's index names, looked at before anything else is fetched."""
    if INDEX not in paths:
        raise CheckpointError(_without_index(repository, paths))
    with tempfile.TemporaryDirectory() as folder:  # in the cache it would look like half a download
        hub.hf_hub_download(
            repository, INDEX, revision=revision, cache_dir=folder, endpoint=_endpoint(hub), library_name="mutoscope",
            tqdm_class=_bar(lambda count: None),
        )  # fmt: skip
        (file,) = Path(folder).glob(f"models--*/snapshots/*/{INDEX}")
        try:
            return read_index(file.parent)[1]
        except CheckpointError as error:
            raise CheckpointError(str(error).replace(str(file), f"{repository}: {INDEX}")) from error


def _without_index(repository: str, paths: Iterable[str]) -> str:
    if MODULAR in paths:
        return (
            f"{repository} is a modular pipeline (FLUX.3, LTX-2.5 class); this version runs pipelines with a {INDEX}; "
            "look for a repository of the same model in the layout of diffusers"
        )
    files = [path for path in paths if path.endswith((".safetensors", ".gguf"))]
    if files:
        return (
            f"{repository} has no {INDEX}: it is not in the layout of diffusers; a single file is fetched with "
            f"hf download {repository} {files[0]}, and named by its path"
        )
    return f"{repository} has no {INDEX}: it is no model in the layout of diffusers"


def _check_room(todo: Plan) -> None:
    """Refuse a download for which the disk has no room."""
    folder = next(path for path in (cache_folder().absolute(), *cache_folder().absolute().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    if todo.to_fetch and free < todo.to_fetch + SPARE_BYTES:
        raise StorageFullError(
            f"{todo.repository} brings {spell_bytes(todo.to_fetch)}, and {folder} has {spell_bytes(free)} free; "
            "make room (mutoscope models rm NAME), or name another folder: HF_HUB_CACHE=DIR"
        )


def _settle(todo: Plan) -> None:
    """Note which commit a branch is at, as the hub's libraries do; only now, so that half a download is never taken for it."""
    try:
        os.utime(todo.folder)  # it is newer now than anything begun and left
        if todo.branch:
            reference = folder_of(todo.repository) / "refs" / todo.branch
            reference.parent.mkdir(parents=True, exist_ok=True)
            reference.write_text(todo.revision, "ascii")
    except OSError as error:
        raise StorageError(f"{error.filename}: {error.strerror or error}") from error


def _abort_xet() -> None:
    """End the transfers of the hub's own protocol, which run outside of Python."""
    try:
        from huggingface_hub.utils._xet import abort_xet_session

        abort_xet_session()
    except Exception:  # a private name: where it has gone, the thread ends with its file
        pass


def _translate(hub: Any, repository: str, revision: str, error: Exception) -> MutoscopeError:
    """Return an error of the library or the system as one of ours."""
    from huggingface_hub import errors

    page, again = _page(hub, repository), "try again, what is whole stays"
    if isinstance(error, MutoscopeError):
        return error
    if isinstance(error, errors.GatedRepoError):
        return MissingModelError(
            f"{repository} is given out only after you agree to its licence at {page}; then log in: hf auth login"
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return MissingModelError(
            f"there is no model {repository} at {_endpoint(hub)}, or it is private; look at {page}, log in with: hf auth login"
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return MissingModelError(f"{repository} has no revision {revision!r}; see {page}/commits/main")
    if isinstance(error, errors.OfflineModeIsEnabled):
        return SettingError(f"HF_HUB_OFFLINE is set, so nothing is fetched; unset it to fetch {repository}")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFullError(f"the disk of {cache_folder()} is full; make room and {again}")
    if isinstance(error, errors.HfHubHTTPError):
        code = getattr(getattr(error, "response", None), "status_code", 0)
        if code in (401, 403):
            return MissingModelError(
                f"{_endpoint(hub)} does not let you at {repository} ({code}); look at {page}, then log in again: hf auth login"
            )
        return CheckpointError(f"{_endpoint(hub)} answered with {code}; wait a little and {again}")
    if isinstance(error, errors.EntryNotFoundError) and not isinstance(error, errors.LocalEntryNotFoundError):
        return CheckpointError(f"{repository} no longer has a file that it listed; {again}")
    if _is_of_connection(error):
        return CheckpointError(f"the connection to {_endpoint(hub)} was lost or never came about; {again}")
    if isinstance(error, PermissionError):
        return StorageError(
            f"{error.filename or cache_folder()} is not writable; name another folder: HF_HUB_CACHE=DIR"
        )
    return CheckpointError(f"{repository} could not be fetched ({_clean(error)}); {again}")


def _is_of_connection(error: BaseException) -> bool:
    """Say whether an error, or one that led to it, came from the connection."""
    seen: BaseException | None = error
    while seen is not None:
        module = type(seen).__module__.partition(".")[0]
        if isinstance(seen, ConnectionError | TimeoutError) or module in ("httpx", "httpx2", "httpcore", "httpcore2"):
            return True
        if "Consistency check failed" in str(seen) or type(seen).__name__ == "XetDownloadError":
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _clean(error: Exception) -> str:
    """Return the first line of a foreign message without what may be secret: queries of addresses, tokens."""
    line = (str(error).strip().splitlines() or [""])[0]
    line = re.sub(r"(https?://[^\s?]+)\?\S*", r"\1", line)
    return f"{type(error).__name__}: {re.sub(r'hf_[A-Za-z0-9]+', 'hf_...', line)[:200]}"
