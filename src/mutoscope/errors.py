"""Every error Mutoscope raises on purpose, in one tree.

    MutoscopeError                 the family; exit code 1
    ├── RequestError               what was asked cannot be done as asked; exit code 2
    │   ├── PromptError            empty, too long, not text
    │   ├── SizeError              a width, height, length or rate that cannot be made
    │   ├── StyleError             an unknown style
    │   ├── SettingError           steps, guidance, seed, an unknown argument or preset
    │   ├── OutputError            an unknown file ending, a folder that is not there or not writable
    │   └── DataError              training data that cannot be used: nothing there, no captions, too much unreadable
    ├── CheckpointError            a model folder or adapter that is damaged or of another model
    │   └── MissingModelError      what was named is not there or is no such thing: a model, a part of a run, a judge; exit code 2
    ├── MediaError                 a picture or clip file that cannot be read
    │   └── MissingMediaError      there is no such file; exit code 2
    ├── RemoteError                a server that does not answer, refuses or fails
    ├── StorageError               writing failed; nothing half-written stays
    │   └── StorageFullError       the disk is full
    ├── NonFiniteError             NaN or infinity where a number belongs
    ├── MissingExtraError          an optional library is not installed
    └── Cancelled                  the user stopped the job; exit code 130

Messages say what was got, what is expected and what to do. Only the command line turns them into a line and an exit code.
"""

import difflib
from collections.abc import Iterable


class MutoscopeError(Exception):
    """Base of every error raised on purpose."""

    exit_code = 1


class RequestError(MutoscopeError, ValueError):
    """The request cannot be done as asked."""

    exit_code = 2


class PromptError(RequestError):
    """The prompt is empty, too long, or not text."""


class SizeError(RequestError):
    """A width, height, length or rate that cannot be made."""


class StyleError(RequestError):
    """An unknown style."""


class SettingError(RequestError):
    """Steps, guidance, seed, an unknown argument, key or preset."""


class OutputError(RequestError):
    """An unknown file ending, or a folder that is missing or read-only."""


class DataError(RequestError):
    """Training data that cannot be used: nothing there, no captions, too much of it unreadable."""


class CheckpointError(MutoscopeError):
    """A model folder or adapter that is damaged or of another model."""


class MissingModelError(CheckpointError):
    """What was named is not there or is no such thing: a model folder, a part of a run, a judge."""

    exit_code = 2


class MediaError(MutoscopeError):
    """A picture or clip file that cannot be read."""


class MissingMediaError(MediaError):
    """There is no such picture or clip."""

    exit_code = 2


class RemoteError(MutoscopeError):
    """A server that does not answer, refuses or fails."""


class StorageError(MutoscopeError, OSError):
    """Writing failed; nothing half-written stays."""


class StorageFullError(StorageError):
    """The disk is full."""


class NonFiniteError(MutoscopeError, ArithmeticError):
    """NaN or infinity where a number belongs."""


class MissingExtraError(MutoscopeError, ImportError):
    """An optional library is not installed."""

    def __init__(self, library: str, extra: str):
        super().__init__(f"this needs {library}, which is not installed; run: pip install 'mutoscope[{extra}]'")
        self._given = library, extra

    def __reduce__(self):
        return type(self), self._given  # an exception comes back from another process with what it was made of


class Cancelled(MutoscopeError):
    """The user stopped the job."""

    exit_code = 130


def did_you_mean(got: str, known: Iterable[str]) -> str:
    """Return " (did you mean X?)" for the nearest known name, or an empty string."""
    near = difflib.get_close_matches(str(got).lower(), list(known), n=1, cutoff=0.5)
    return f" (did you mean {near[0]!r}?)" if near else ""
