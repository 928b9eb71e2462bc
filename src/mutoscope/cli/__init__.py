"""The command line: `main` runs one command and turns every error into one line and an exit code.

It knows no command (those are in `app.py` and the files it names) and imports next to nothing at the top, so that
`mutoscope --help` is quick and Ctrl-C is caught from the first moment.

Exit codes: 0 done, 1 failed, 2 wrong words, 130 stopped, 141 nobody reads the output any more.
Set MUTOSCOPE_TRACEBACK=1 to see where an error came from.
"""

import contextlib
import gc
import os
import signal
import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run `mutoscope ARGV...` (the arguments of this process when None) and return the exit code; nothing is raised."""
    try:
        _forgive_encodings()
        code = _run(list(sys.argv[1:] if argv is None else argv))
        _flush()
        if argv is None:
            gc.freeze()  # the process ends now: else Python looks through every object for cycles, which takes 0.1 s
        return code
    except BrokenPipeError:
        return _close_output()
    except KeyboardInterrupt:
        if argv is None:  # the process ends now: a second Ctrl-C has nothing left to stop
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        return _stopped()
    except Exception as error:
        if os.environ.get("MUTOSCOPE_TRACEBACK"):
            raise
        return _failed(error)


def _run(argv: list[str]) -> int:
    from mutoscope.cli.app import run

    return run(argv)


def _failed(error: Exception) -> int:
    """Say in one line what went wrong; return the exit code that belongs to it."""
    from mutoscope.cli.console import complain, explain
    from mutoscope.errors import Cancelled

    if isinstance(error, Cancelled):
        return _stopped(str(error))
    with contextlib.suppress(BrokenPipeError, ValueError):
        _flush()
    reason, code = explain(error)
    complain(reason)
    return code


def _stopped(words: str = "") -> int:
    from mutoscope.cli.console import complain

    complain(words or "stopped")
    return 130


def _forgive_encodings() -> None:
    """A terminal that cannot show a letter gets its number, not a crash."""
    import io

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _close_output() -> int:
    """Point stdout at nothing, so that the interpreter's last flush cannot fail again."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 141
