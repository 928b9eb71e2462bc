"""Where results go: the default names in outputs/, numbered names, and the checks before any work begins.

A name that Mutoscope chooses never replaces a file; a name the user gives does.
"""

import re
import unicodedata
from itertools import count
from pathlib import Path

from mutoscope.errors import OutputError

FOLDER = Path("outputs")
LONGEST_SLUG = 48


def slug(prompt: str, otherwise: str = "picture") -> str:
    """Return a short file name made of the prompt's words.

    >>> slug("A serene lake, at sunset!")
    'a-serene-lake-at-sunset'
    """
    plain = unicodedata.normalize("NFKD", prompt[:1000]).encode("ascii", "ignore").decode()
    words = re.findall("[a-z0-9]+", plain.lower())
    name = ""
    for word in words:
        if len(name) + 1 + len(word) > LONGEST_SLUG:
            break
        name = f"{name}-{word}" if name else word
    return name or otherwise


def endings(moves: bool) -> tuple[str, ...]:
    """Return the endings a clip (`moves`) or a picture can be written with, the default one first."""
    from mutoscope.media import CLIP_ENDINGS, PICTURE_ENDINGS

    return tuple(CLIP_ENDINGS if moves else PICTURE_ENDINGS)


def plan(output: str | None, stem: str, number: int, *, moves: bool, ending: str = "") -> list[Path]:
    """Return the `number` files to write, checked: the folder is there and writable, the ending is known.

    `output` is what the user asked for (a file, a folder, or None for outputs/); a name chosen here is
    `stem` with `ending`, or with the default one. Raises OutputError.
    """
    from mutoscope.media import check_output

    kinds = endings(moves)
    name = stem + (ending if ending in kinds else kinds[0])
    asked = Path(output) if output is not None else None
    if asked is None:
        _make(FOLDER)
        paths = _unused(FOLDER / name, number)
    elif asked.is_dir() or output.endswith("/"):  # type: ignore[union-attr]
        if not asked.is_dir():
            raise OutputError(f"folder {output!r} does not exist; make it first: mkdir -p {output}")
        paths = _unused(asked / name, number)
    else:
        paths = _numbered(asked, number)
    return [Path(check_output(path, kinds)) for path in paths]


def fixed(name: str, *, moves: bool) -> Path:
    """Return outputs/`name`, checked; the file is replaced if it is there. Raises OutputError."""
    from mutoscope.media import check_output

    _make(FOLDER)
    return Path(check_output(FOLDER / name, endings(moves)))


def folder(output: str | None, name: str) -> Path:
    """Return a folder for many files, made if it is not there: `output`, or outputs/`name` with the first number that is free."""
    if output is None:
        _make(FOLDER)
    path = Path(output) if output is not None else _unused(FOLDER / name, 1)[0]
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot make the folder {str(path)!r} ({error.strerror}); give another with --out"
        ) from error
    return path


def _make(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot make the folder {str(folder)!r} here ({error.strerror}); give a file with -o"
        ) from error


def _numbered(path: Path, number: int) -> list[Path]:
    """Return the path itself for one file, name-0, name-1, ... for more."""
    return [path] if number == 1 else [path.with_name(f"{path.stem}-{i}{path.suffix}") for i in range(number)]


def _unused(path: Path, number: int) -> list[Path]:
    """Return the first of name, name-2, name-3, ... none of whose files exists yet."""
    for attempt in count(1):
        candidate = path if attempt == 1 else path.with_name(f"{path.stem}-{attempt}{path.suffix}")
        paths = _numbered(candidate, number)
        if not any(p.exists() or p.is_symlink() for p in paths):
            return paths
    raise AssertionError("count() ends")
