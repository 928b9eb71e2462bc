"""Where results go: the default names in outputs/, numbered names, and the checks before any work begins.

A name that Mutoscope chooses never replaces a file, also where another process takes it while the picture is drawn; a name the
user gives does.
"""

import contextlib
import os
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from mutoscope.errors import OutputError

FOLDER = Path("outputs")
MAX_SLUG_LETTERS = 48


def slug(prompt: str, otherwise: str = "picture") -> str:
    """Return a short file name made of the prompt's words.

    >>> slug("A serene lake, at sunset!")
    'a-serene-lake-at-sunset'
    """
    plain = unicodedata.normalize("NFKD", prompt[:1000]).encode("ascii", "ignore").decode()
    words = re.findall("[a-z0-9]+", plain.lower())
    name = ""
    for word in words:
        if len(name) + 1 + len(word) > MAX_SLUG_LETTERS:
            break
        name = f"{name}-{word}" if name else word
    return name or otherwise


def endings(moves: bool) -> tuple[str, ...]:
    """Return the endings a clip (`moves`) or a picture can be written with, the default one first."""
    from mutoscope.media import CLIP_ENDINGS, PICTURE_ENDINGS

    return tuple(CLIP_ENDINGS if moves else PICTURE_ENDINGS)


@dataclass(frozen=True)
class Target:
    """A file to write. One whose name was chosen here never replaces a file, one that the user named does."""

    base: Path  # the name without numbers
    index: int | None = None  # among several files
    attempt: int | None = None  # 1: the name as it is, 2: name-2, ...; None for a name that the user gave

    @property
    def path(self) -> Path:
        """Where the file goes, as far as is known before it is written."""
        return self._path(self.attempt or 1)

    def _path(self, attempt: int) -> Path:
        numbers = ([attempt] if attempt > 1 else []) + ([] if self.index is None else [self.index])
        return self.base.with_name("-".join([self.base.stem, *map(str, numbers)]) + self.base.suffix)

    def write(self, save: Callable[[Path, bool], object]) -> Path:
        """Let `save(path, exclusive)` write the file and return where it is.

        Where another process took a chosen name since it was found free, the next free one is taken.
        """
        if self.attempt is None:
            save(self.path, False)
            return self.path
        for path in map(self._path, count(self.attempt)):
            if not os.path.lexists(path):
                with contextlib.suppress(FileExistsError):
                    save(path, True)
                    return path
        raise AssertionError("there is no end of names")


def plan(output: str | None, stem: str, number: int, *, moves: bool, ending: str = "") -> list[Target]:
    """Return the `number` files to write, checked: the folder is there and writable, the ending is known.

    `output` is what the user asked for (a file, a folder, or None for outputs/); a name chosen here is
    `stem` with `ending`, or with the default one. Raises OutputError.
    """
    from mutoscope.media import check_output

    kinds = endings(moves)
    name = stem + (ending if ending in kinds else kinds[0])
    if output is None:
        _make(FOLDER)
        targets = _unused(FOLDER / name, number)
    elif output.endswith("/") or Path(output).is_dir():
        if not Path(output).is_dir():
            raise OutputError(f"folder {output!r} does not exist; make it first: mkdir -p {output}")
        targets = _unused(Path(output) / name, number)
    else:
        targets = _several(Path(output), number)
    for target in targets:
        check_output(target.path, kinds)
    return targets


def fixed(name: str, *, moves: bool) -> Path:
    """Return outputs/`name`, checked; the file is replaced if it is there. Raises OutputError."""
    from mutoscope.media import check_output

    _make(FOLDER)
    return Path(check_output(FOLDER / name, endings(moves)))


def folder(output: str | None, name: str) -> Path:
    """Return a folder for many files, made if it is not there: `output`, or a new one, outputs/`name` or with the next free number."""
    try:
        if output is not None:
            Path(output).mkdir(parents=True, exist_ok=True)
            return Path(output)
        _make(FOLDER)
        return Target(FOLDER / name, attempt=1).write(lambda path, exclusive: path.mkdir(exist_ok=not exclusive))
    except OSError as error:
        where = str(FOLDER / name if output is None else output)
        raise OutputError(f"cannot make the folder {where!r} ({error.strerror}); give another with --out") from error


def _make(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot make the folder {str(folder)!r} here ({error.strerror}); give a file with -o"
        ) from error


def _several(base: Path, number: int, attempt: int | None = None) -> list[Target]:
    """Return the name itself for one file, name-0, name-1, ... for more."""
    return [Target(base, index, attempt) for index in (range(number) if number > 1 else (None,))]


def _unused(base: Path, number: int) -> list[Target]:
    """Return the first of name, name-2, name-3, ... none of whose files exists yet."""
    for attempt in count(1):
        targets = _several(base, number, attempt)
        if not any(os.path.lexists(target.path) for target in targets):
            return targets
    raise AssertionError("there is no end of names")
