"""A result as tables, and as the page docs/performance.md with its picture."""

from collections.abc import Sequence
from pathlib import Path

from mutoscope.bench.plot import draw_growth
from mutoscope.bench.results import Machine, Ratio, Result, Row, plural
from mutoscope.export.pages import table
from mutoscope.media.storage import write_bytes

HEAD = ("what", "threads", "GFLOP", "median", "least", "share of peak", "memory")
GROUPS = {
    "stage": ("The calls of the model", "Each call alone, weights loaded."),
    "whole": ("Pictures and clips", "From a prompt to pixels, weights loaded, nothing written. Default steps."),
    "process": ("Processes", "From the start of the process to its end, the file included."),
    "against": (
        "Beside diffusers",
        "Four steps and the decoding of one picture of 256 px, in turn with each other. All weights of diffusers are random: only "
        "time is compared, the pictures are not. Reading the text is left out, and nothing is guided.",
    ),
}
MOVED = "peak moved"  # in the place of a share or a ratio
HOW_TO_READ = """\
- **GFLOP** is counted from the config: matrix products, attention and convolutions, two operations for a product and its sum.
- **Median** and **least** are seconds of wall clock. Everything was run in turn, not one thing after the other, so that other work on
  the machine slows all of it. A median far above the least tells of such work.
- **Share of peak** is the time that the counted operations take at the peak, over the median. At 100 % only fewer
  operations help, or smaller numbers than fp32. The peak is the fastest product of two 1024 x 1024 fp32 matrices in numpy, measured
  before and after everything else; a kernel that is quicker than numpy's product comes out a little above 100 %.
- A **velocity** in int8 is that of `--precision int8`; its share is of the fp32 peak too, so more than 100 % is possible.
- **First frame** of a clip is there at the latest after this time; a page or a player can begin with it.
- When the two peaks differ by more than 10 %, the table says *peak moved*, and there are no shares and no ratios.
- **Memory** is the peak resident memory of a process that does nothing else, in 10^6 bytes; it includes Python, its libraries
  and the weights. A blank: not measured."""


def write_page(result: Result, path: Path) -> list[Path]:
    """Write the page and, beside it, its picture; return both paths."""
    picture = path.with_suffix(".svg")
    write_bytes(picture, draw_growth(result).encode())
    return [write_bytes(path, as_page(result, picture.name).encode()), picture]


def as_page(result: Result, picture: str) -> str:
    """Return the page as Markdown; `picture` is the name of the file beside it."""
    parts = [
        "# Performance",
        "<!-- Made by `mutoscope bench --page docs/performance.md`; not to be changed by hand. -->",
        "What drawing costs on the machine below. The same for yours:",
        "```\nmutoscope bench\nmutoscope bench --page performance.md\n```",
        _described(result),
        *(f"**{line}.**" for line in result.complaints),
        "## How to read the tables",
        HOW_TO_READ,
    ]
    for group, (title, words) in GROUPS.items():
        rows = [row for row in result.rows if row.group == group]
        if rows:
            parts += [f"## {title}", words, table(*as_table(result, rows))]
            parts += [
                table(("how many times as long", "threads", "times"), held)
                for held in [as_ratios(result, rows)]
                if held
            ]
    parts += [
        "## How the time grows",
        _about_growth(result),
        f"![seconds over pixels, frames, steps and pictures]({picture})",
    ]
    return "\n\n".join(parts) + "\n"


def as_table(result: Result, rows: Sequence[Row]) -> tuple[Sequence[str], list[tuple[str, ...]]]:
    """Return head and lines of a table, the threads of a thing side by side; columns that no row fills are left out."""
    places = {row.name: place for place, row in reversed(list(enumerate(rows)))}  # the first of each name
    lines = [_cells(result, row) for row in sorted(rows, key=lambda row: places[row.name])]
    head = [*HEAD, "first frame", "processor"]
    kept = [column for column, _ in enumerate(head) if any(line[column] for line in lines)]
    return [head[column] for column in kept], [tuple(line[column] for column in kept) for line in lines]


def as_ratios(result: Result, rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Return the lines of the ratios between some rows."""
    names = {row.name for row in rows}
    return [(one.name, str(one.threads), _ratio(result, one)) for one in result.ratios if one.slower in names]


def _ratio(result: Result, ratio: Ratio) -> str:
    value = result.ratio(ratio)
    return MOVED if value is None else f"{value:.2f}"


def _cells(result: Result, row: Row) -> tuple[str, ...]:
    return (
        row.name,
        str(row.threads),
        "" if row.gflop is None else f"{row.gflop:.3g}",
        in_seconds(row.median_seconds),
        in_seconds(row.least_seconds),
        _share(result, row),
        "" if row.peak_memory_mb is None else f"{row.peak_memory_mb:.0f} MB",
        "" if row.first_frame_seconds is None else in_seconds(row.first_frame_seconds),
        "" if row.processor_seconds is None else in_seconds(row.processor_seconds),
    )


def _share(result: Result, row: Row) -> str:
    if row.gflop is None:
        return ""
    share = row.share(result.peak(row.threads))
    return MOVED if share is None else f"{100 * share:.0f} %"


def in_seconds(seconds: float) -> str:
    """Return a length of time in ms or s, as is readable.

    >>> in_seconds(0.0123), in_seconds(1.234)
    ('12.3 ms', '1.23 s')
    """
    return f"{1000 * seconds:.3g} ms" if seconds < 0.9995 else f"{seconds:.3g} s"


def _described(result: Result) -> str:
    """Return machine, model and peaks as a table of two columns."""
    machine = result.machine
    rows = [
        ("processor", f"{machine.cpu}, {machine.cores} {'core' if machine.cores == 1 else 'cores'}"),
        ("instruction sets", " ".join(machine.instructions) or "unknown"),
        ("system", f"{machine.system}, Python {machine.python}"),
        ("libraries", _versions(machine)),
        ("Mutoscope", f"{result.version}, model {result.model} ({result.preset}, `{result.model_hash[:16]}`)"),
        ("measured", f"{result.date}, {_runs(result)}"),
        *((f"peak, {peak.threads} {plural(peak.threads)}",
           f"{peak.before_gflops:.0f} GFLOP/s before, {peak.after_gflops:.0f} after") for peak in result.peaks),
    ]  # fmt: skip
    return table(("", ""), rows)


def _versions(machine: Machine) -> str:
    return ", ".join(f"{name} {version}" for name, version in machine.libraries.items())


def _runs(result: Result) -> str:
    count = "1 run" if result.runs == 1 else f"{result.runs} runs"
    return f"{count} of each, shortened (`--quick`)" if result.quick else f"{count} of each"


def _about_growth(result: Result) -> str:
    grown = [row for row in result.rows if row.axis]
    threads = grown[0].threads if grown else 1
    floor = "The lower line is the floor: the counted operations at the peak."
    if grown and result.peak(threads).complaint:
        floor = "The floor is not drawn, for the peak moved."
    return f"Pictures are drawn at once, without refining; {threads} {plural(threads)}. {floor}"
