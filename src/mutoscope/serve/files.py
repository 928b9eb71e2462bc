"""The folder of a server: queue, results, pictures to start from. A file without a row is a leftover, a row without a file cannot be.

queue.sqlite   the jobs               results/ID.ENDING   finished pictures and clips
lock           of the one server      inputs/JOB.npz      pictures to start from, until their job has ended
thumbnails/ID.webp  small pictures of results, made when first asked for
"""

import contextlib
import os
import secrets
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mutoscope.init_image import InitImage
from mutoscope.media.storage import atomic_write, make_folder, write_bytes
from mutoscope.serve.jobs import Note, Result
from mutoscope.serve.store import Store

QUEUE = "queue.sqlite"


def new_id() -> str:
    """Return a name that nobody can guess."""
    return secrets.token_hex(16)


class Files:
    """Where results and pictures to start from lie."""

    def __init__(self, folder: Path):
        self.results, self.inputs, self.thumbnails = folder / "results", folder / "inputs", folder / "thumbnails"
        for one in (folder, self.results, self.inputs, self.thumbnails):
            make_folder(one)
        folder.chmod(0o700)  # prompts are nobody else's

    def keep_result(self, name: str, data: bytes) -> None:
        """Write a result; it is on the disk when this returns. StorageError."""
        write_bytes(self.results / name, data, exclusive=True)

    def path_of(self, result: Result) -> Path:
        """Return the file of a result; its name is ours, nothing that a client said is in it."""
        return self.results / result.file

    def thumbnail_of(self, result: Result) -> Path:
        """Return where the small picture of a result lies, once somebody has asked for it."""
        return self.thumbnails / f"{result.id}.webp"

    def drop_results(self, results: tuple[Result, ...]) -> None:
        """Remove the files of results that nobody can ask for any more."""
        for result in results:
            _unlink(self.results / result.file)
            _unlink(self.thumbnail_of(result))

    def keep_input(self, job_id: str, image: InitImage) -> None:
        """Write the picture that a job starts from, with its mask."""
        parts: dict[str, Any] = (
            {"pixels": image.pixels} if image.mask is None else {"pixels": image.pixels, "mask": image.mask}
        )
        atomic_write(self.input_of(job_id), lambda file: np.savez_compressed(file, **parts))

    def input_of(self, job_id: str) -> Path:
        """Return the file of the picture that a job starts from."""
        return self.inputs / f"{job_id}.npz"

    def drop_input(self, job_id: str) -> None:
        """Remove the picture that a job started from."""
        _unlink(self.input_of(job_id))

    def sweep(self, results: set[str], inputs: set[str]) -> int:
        """Remove every file that no row names, and return how many; before anything is drawn."""
        left = [path for path in self.results.iterdir() if path.name not in results]
        kept = {Path(name).stem for name in results}
        left += [path for path in self.thumbnails.iterdir() if path.stem not in kept]
        left += [path for path in self.inputs.iterdir() if path.name.removesuffix(".npz") not in inputs]
        for path in left:
            _unlink(path)
        return len(left)


def read_input(path: Path) -> InitImage:
    """Read what `keep_input` wrote."""
    with np.load(path, allow_pickle=False) as parts:
        return InitImage(parts["pixels"], parts["mask"] if "mask" in parts.files else None)


def open_store(folder: Path, tell: Callable[[Note], None], say: Callable[[str], None]) -> Store:
    """Open the queue of a folder; a damaged one is moved aside with its results, and said."""
    path = folder / QUEUE
    try:
        store = Store(path, tell)
        store.check()
        return store
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):  # locked, full, not writable: the file itself is whole
            raise
        aside = _move_aside(folder)
        say(f"the queue {path} is damaged ({error}); it and its results were moved to {aside}, and a new one begins")
        return Store(path, tell)


def _move_aside(folder: Path) -> Path:
    aside = folder / time.strftime("damaged-%Y%m%d-%H%M%S")
    make_folder(aside)
    for name in (QUEUE, f"{QUEUE}-wal", f"{QUEUE}-shm", "results"):
        if (folder / name).exists():
            os.replace(folder / name, aside / name)
    make_folder(folder / "results")
    return aside


def _unlink(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
