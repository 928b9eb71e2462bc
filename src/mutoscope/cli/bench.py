"""The command `bench`: what drawing costs on this machine, as tables, JSON or a page."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from mutoscope.cli import arguments as ask
from mutoscope.cli.arguments import flag, int_option, text_option, whole
from mutoscope.cli.console import note, say, watch

if TYPE_CHECKING:
    from mutoscope.bench.results import Result

LINE_SECONDS = 10.0  # between two lines of progress where there is no terminal
JsonFile = Annotated[str | None, text_option("--json", "FILE", "Write the result there, as JSON.")]
Page = Annotated[str | None, text_option("--page", "FILE", "Write a page there, as Markdown, and its plot beside it.")]
Threads = Annotated[
    str | None,
    text_option("--threads", "LIST", "Numbers of CPU threads, such as 1,2. Default: 1, and all that drawing uses."),
]
Against = Annotated[
    str | None,
    text_option("--against", "NAME", "Compare the time with networks of diffusers, which must be installed."),
]
Stored = Annotated[str | None, text_option("--from", "FILE", "Show a result of --json again; nothing is measured.")]


def bench(
    model: Annotated[
        str | None, text_option("--model", "DIR", "Checkpoint folder. Default: the embedded model.")
    ] = None,
    runs: Annotated[int | None, int_option("--runs", 9, "Runs of each case. Default: 9, with --quick 3.")] = None,
    threads: Threads = None,
    json_file: JsonFile = None,
    page: Page = None,
    quick: Annotated[bool, flag("--quick", "Fewer runs, shorter clips, and the memory of two cases only.")] = False,
    against: Against = None,
    stored: Stored = None,
    calibrate: Annotated[
        bool, flag("--calibrate", "Only find how many threads help here, and use so many from now on.")
    ] = False,
    quiet: ask.Quiet = False,
) -> None:
    """Measure what drawing costs on this machine: seconds, memory, share of the peak. Nothing else should run meanwhile."""
    if calibrate:
        return find_threads(model, quiet)
    _check_files(json_file, page)
    result = _read(stored) if stored is not None else _measure(model, runs, threads, quick, against, quiet)
    if not quiet:
        show(result)
    if json_file is not None:
        from mutoscope.media.storage import write_bytes

        say(write_bytes(Path(json_file), result.to_json().encode()))
    if page is not None:
        from mutoscope.bench.page import write_page

        for path in write_page(result, Path(page)):
            say(path)


def find_threads(model: str | None, quiet: bool) -> None:
    """Measure how many threads help, keep the number, say both."""
    from mutoscope.bench.threads import calibrate, keep

    found = calibrate(model)
    path = keep(found.threads)
    if not quiet:
        for threads, seconds in found.seconds.items():
            say(f"{threads:3} {'thread ' if threads == 1 else 'threads'} {seconds * 1000:8.1f} ms")
        note(f"from now on {found.threads} by default ({path}); --threads and MUTOSCOPE_THREADS still go first")


def _check_files(json_file: str | None, page: str | None) -> None:
    """Refuse, before anything is measured, what cannot be written."""
    from mutoscope.media import check_output

    for file, ending in ((json_file, ".json"), (page, ".md")):
        if file is not None:
            check_output(Path(file), (ending,))


def _read(stored: str) -> "Result":
    from mutoscope.bench.results import read_result

    return read_result(Path(stored))


def _measure(
    model: str | None, runs: int | None, threads: str | None, quick: bool, against: str | None, quiet: bool
) -> Any:
    from mutoscope.bench.run import QUICK_RUNS, RUNS, Plan, measure

    usual = QUICK_RUNS if quick else RUNS
    plan = Plan(read_threads(threads), usual if runs is None else runs, quick, model, against)
    return watch(measure(plan), quiet=quiet, lines_every=LINE_SECONDS)


def read_threads(words: str | None) -> tuple[int, ...]:
    """Return the numbers of a list such as 1,2, each once; None means 1 and what drawing uses."""
    from mutoscope.device import thread_count

    if words is None:
        return tuple(dict.fromkeys((1, thread_count())))
    parse = whole("--threads", 2)
    return tuple(dict.fromkeys(parse(word.strip()) for word in words.split(",")))


def show(result: "Result") -> None:
    """Print the tables, and to stderr why some numbers are not given."""
    from mutoscope.bench.page import GROUPS, as_ratios, as_table

    for peak in result.peaks:
        say(f"peak on {peak.threads}: {peak.before_gflops:.0f} GFLOP/s before, {peak.after_gflops:.0f} after")
    for group, (title, words) in GROUPS.items():
        rows = [row for row in result.rows if row.group == group]
        if rows:
            say()
            say(f"{title}. {words}")
            head, lines = as_table(result, rows)
            _lay_out([tuple(head), *lines])
            _lay_out(as_ratios(result, rows))
    for line in result.complaints:
        note(line)


def _lay_out(lines: list[tuple[str, ...]]) -> None:
    """Print lines of cells in columns: the first to the left, numbers to the right."""
    if not lines:
        return
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for first, *rest in lines:
        cells = [f"{cell:>{width}}" for cell, width in zip(rest, widths[1:], strict=True)]
        say("  ".join([f"{first:<{widths[0]}}", *cells]).rstrip())


COMMANDS = {
    "bench": (
        bench,
        """
mutoscope bench --quick
mutoscope bench --threads 1,2 --json bench.json
mutoscope bench --page performance.md
mutoscope bench --from bench.json --page performance.md
mutoscope bench --against diffusers""",
    )
}
