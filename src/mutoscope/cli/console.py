"""What the user sees: plain lines, one complaint, and a bar per phase while a job runs.

Results go to stdout, everything else to stderr. Nothing that came from outside is read as markup, and control
characters are shown as escapes, so that a prompt can neither colour nor move anything in the terminal.
"""

import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from mutoscope.errors import MutoscopeError, RequestError
from mutoscope.events import Event

LINE_SECONDS = 30.0  # between two lines of progress of a long job, where there is no terminal
MAX_LINE_LETTERS = 2000  # characters of a complaint; longer ones lose their middle
OPTION_OF_ARGUMENT = {  # messages name the arguments of Python; here they have other names
    "num_images_per_prompt": "--number",
    "num_videos_per_prompt": "--number",
    "num_inference_steps": "--steps",
    "guidance_scale": "--guidance",
    "duration_seconds": "--seconds",
    "num_frames": "--frames",
    "variation_seed": "--vary-seed",
    "mask_image": "--mask",
}
_ARGUMENT = re.compile(rf"(?<![\w'\"])(?:{'|'.join(OPTION_OF_ARGUMENT)})(?![\w'\"])")
Show = Callable[[Event], None]


def printable(text: object) -> str:
    """Return `text` with every control, bidi and broken character as an escape; always one line.

    >>> printable("a[/b] \\x1b[31m")
    'a[/b] \\\\x1b[31m'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in str(text))


def say(text: object = "") -> None:
    """Print one line of result to stdout."""
    print(printable(text))


def note(text: object) -> None:
    """Print one line beside the result, to stderr."""
    print(printable(text), file=sys.stderr)


def complain(text: str) -> None:
    """Print the one line of an error to stderr."""
    line = printable(text)
    if len(line) > MAX_LINE_LETTERS:
        line = f"{line[: MAX_LINE_LETTERS // 2]} ... {line[-MAX_LINE_LETTERS // 2 :]}"
    note(f"mutoscope: {line}")


def explain(error: Exception) -> tuple[str, int]:
    """Return the one line that says what went wrong, and the exit code that belongs to it."""
    if isinstance(error, RequestError):
        return _ARGUMENT.sub(lambda name: OPTION_OF_ARGUMENT[name[0]], str(error)), error.exit_code
    if isinstance(error, MutoscopeError):
        return str(error), error.exit_code
    if isinstance(error, MemoryError):
        return "not enough memory; ask for a smaller --size, fewer --seconds or a lower -n", 1
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}", 1
    kind = f"{type(error).__name__}: {error}"
    return f"this is a mistake in Mutoscope, please report it: {kind} (MUTOSCOPE_TRACEBACK=1 shows where)", 1


def table(rows: Sequence[tuple[str, object]]) -> None:
    """Print names and values in two columns."""
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        say(f"{name:<{width}}  {printable(value)}".rstrip())


def watch(events: Iterator[Event], *, quiet: bool = False, lines_every: float | None = None) -> Any:
    """Run a job to its end and return its result; show a bar per phase on a terminal.

    Without a terminal nothing is shown, or a line every `lines_every` seconds. The job is closed however this ends.
    """
    result = None
    try:
        with _display(quiet, lines_every) as show:
            for event in events:
                if event.phase == "done":
                    result = event.result
                else:
                    show(event)
    finally:
        close = getattr(events, "close", None)
        if close:
            close()
    return result


def on_terminal() -> bool:
    """Say whether stderr is a terminal that can redraw a line."""
    import os

    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _display(quiet: bool, lines_every: float | None) -> AbstractContextManager[Show]:
    if quiet:
        return nullcontext(lambda event: None)
    if on_terminal():
        return _bars()
    return nullcontext(_lines(lines_every) if lines_every is not None else lambda event: None)


@contextmanager
def _bars() -> Iterator[Show]:
    """One bar per phase; they vanish when the job is done."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True, markup=False, highlight=False, emoji=False)
    fields = [TextColumn(f"{{task.fields[{name}]}}", markup=False) for name in ("count", "words")]
    progress = Progress(
        TextColumn("{task.description:<8}", markup=False), BarColumn(), *fields, console=console, transient=True
    )
    tasks: dict[str, Any] = {}

    def show(event: Event) -> None:
        if event.phase not in tasks:
            tasks[event.phase] = progress.add_task(printable(event.phase), total=None, count="", words="")
        count = f"{event.step}/{event.total}" if event.total else str(event.step)
        progress.update(
            tasks[event.phase], total=event.total or None, completed=event.step, count=count, words=_words(event)
        )

    with progress:
        yield show


def _lines(every: float) -> Show:
    """Print what an event says, at most once in `every` seconds, and the first of every phase."""
    last, phases = float("-inf"), set[str]()

    def show(event: Event) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= every or event.phase not in phases:
            last = now
            phases.add(event.phase)
            count = f"{event.step}/{event.total}" if event.total else str(event.step)
            note(f"{event.phase} {count} {_words(event)}".rstrip())

    return show


def _words(event: Event) -> str:
    if event.message:
        return printable(event.message)
    return f"{event.seconds_left:.0f} s left" if event.seconds_left is not None and event.step else ""
