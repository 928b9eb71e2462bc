"""What a bench finds, as plain values: to JSON and back, and what may be said of it.

A share of the peak and a ratio mean nothing when the machine was slower at the end than at the beginning: then they are not
given, and the reason stands in their place.
"""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from mutoscope.errors import SettingError

FORMAT = 1
MAX_PEAK_CHANGE = 0.10  # of the larger of the two peaks; beyond it other work was going on


@dataclass(frozen=True)
class Machine:
    """On what, and with what, it was measured."""

    cpu: str
    instructions: tuple[str, ...]
    cores: int
    system: str
    python: str
    libraries: dict[str, str]  # name: version


@dataclass(frozen=True)
class Peak:
    """The fastest fp32 matrix product of a number of threads, before and after everything else, in GFLOP/s."""

    threads: int
    before_gflops: float
    after_gflops: float

    @property
    def gflops(self) -> float:
        """The larger of the two, which is nearer to what the machine can do."""
        return max(self.before_gflops, self.after_gflops)

    @property
    def complaint(self) -> str:
        """Why nothing may be compared; "" when something may."""
        if abs(self.after_gflops - self.before_gflops) <= MAX_PEAK_CHANGE * self.gflops:
            return ""
        moved = f"peak moved from {self.before_gflops:.0f} to {self.after_gflops:.0f} GFLOP/s"
        return f"{moved} ({self.threads} {plural(self.threads)}); run again on a quiet machine"


@dataclass(frozen=True)
class Row:
    """One thing that was measured, on a number of threads."""

    name: str
    group: str  # "stage", "whole", "process", "growth" or "against"
    threads: int
    median_seconds: float
    least_seconds: float
    gflop: float | None = None  # counted, not measured
    peak_memory_mb: float | None = None  # of a process that does nothing else; 10^6 bytes
    first_frame_seconds: float | None = None
    processor_seconds: float | None = None  # user and system, of a process of its own
    axis: str = ""  # of growth: "pixels", "frames", "steps" or "pictures"
    value: float = 0.0  # the place on that axis

    def floor_seconds(self, peak: Peak) -> float | None:
        """Return the seconds that it would take at the peak."""
        return None if self.gflop is None else self.gflop / peak.gflops

    def share(self, peak: Peak) -> float | None:
        """Return the share of the peak; None where nothing is multiplied, or where the peak moved."""
        floor = self.floor_seconds(peak)
        return None if floor is None or peak.complaint else floor / self.median_seconds


@dataclass(frozen=True)
class Ratio:
    """How many times as long one row takes as another on the same threads."""

    name: str
    threads: int
    slower: str  # names of rows
    faster: str


@dataclass(frozen=True)
class Result:
    """Everything that one run of the bench found."""

    date: str
    version: str
    model: str
    preset: str
    model_hash: str
    runs: int
    quick: bool
    machine: Machine
    peaks: tuple[Peak, ...]
    rows: tuple[Row, ...]
    ratios: tuple[Ratio, ...] = ()
    notes: tuple[str, ...] = ()

    def peak(self, threads: int) -> Peak:
        """Return the peak of a number of threads."""
        return next(peak for peak in self.peaks if peak.threads == threads)

    def row(self, name: str, threads: int) -> Row:
        """Return the row of a name."""
        return next(row for row in self.rows if (row.name, row.threads) == (name, threads))

    def ratio(self, ratio: Ratio) -> float | None:
        """Return the value of a ratio of two medians; None where the peak moved."""
        if self.peak(ratio.threads).complaint:
            return None
        slower, faster = (self.row(name, ratio.threads) for name in (ratio.slower, ratio.faster))
        return slower.median_seconds / faster.median_seconds

    @property
    def complaints(self) -> list[str]:
        """Why some shares and ratios are not given, a line for each number of threads."""
        return [peak.complaint for peak in self.peaks if peak.complaint]

    def to_json(self) -> str:
        """Return it as JSON, with the shares and ratios that follow from it, or the reason why there are none."""
        known = asdict(self)
        for row, held in zip(self.rows, known["rows"], strict=True):
            held["share_of_peak"] = self.row_share(row)
        for ratio, held in zip(self.ratios, known["ratios"], strict=True):
            held["ratio"] = self.ratio(ratio) or self.peak(ratio.threads).complaint
        return json.dumps({"format": FORMAT, **known}, indent=1)

    def row_share(self, row: Row) -> float | str | None:
        """Return the share of the peak of a row, the reason why there is none, or None where nothing is multiplied."""
        peak = self.peak(row.threads)
        return row.share(peak) if row.gflop is None else row.share(peak) or peak.complaint


def plural(threads: int) -> str:
    """Return the word for that many threads."""
    return "thread" if threads == 1 else "threads"


def read_result(path: Path) -> Result:
    """Read what `Result.to_json` wrote; SettingError for a file that holds something else."""
    try:
        held = json.loads(path.read_text("utf-8"))
        if held["format"] != FORMAT:
            raise ValueError(f"format {held['format']!r}")
        parts = {
            "machine": _build(Machine, held["machine"]),
            "peaks": tuple(_build(Peak, one) for one in held["peaks"]),
            "rows": tuple(_build(Row, one) for one in held["rows"]),
            "ratios": tuple(_build(Ratio, one) for one in held["ratios"]),
            "notes": tuple(held["notes"]),
        }
        return _build(Result, {**held, **parts})
    except OSError as error:
        raise SettingError(f"{path}: {error.strerror}; give a file that mutoscope bench --json wrote") from error
    except (ValueError, KeyError, TypeError) as error:
        raise SettingError(f"{path} is no result of mutoscope bench ({str(error)[:80]})") from error


def _build(kind: type, held: dict[str, Any]) -> Any:
    """Return a dataclass of the keys that it knows; lists become tuples, as it was made with."""
    known = {item.name: held[item.name] for item in fields(kind) if item.name in held}
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in known.items()})
