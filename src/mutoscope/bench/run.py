"""One run of the bench, from what is asked to a result; yields events as every long job does."""

import importlib.util
import os
import platform
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from importlib import metadata

from mutoscope import __version__
from mutoscope.bench.cases import ONE_CALL, SEVERAL_CALLS, Bench, Case
from mutoscope.bench.measure import measure_memory, measure_peak, time_in_turn
from mutoscope.bench.results import Machine, Peak, Ratio, Result, Row
from mutoscope.device import cpu_features, cpu_name, physical_cores
from mutoscope.errors import MissingExtraError, MutoscopeError, SettingError, did_you_mean
from mutoscope.events import Event, Phase
from mutoscope.runtime import MAX_THREADS

RUNS, QUICK_RUNS, MAX_RUNS = 9, 3, 1000
GROWTH_RUNS = 3  # at most: the plot shows how it grows, not the last percent
PEERS = ("diffusers",)
LIBRARIES = ("numpy", "onnxruntime", "torch", "diffusers")
QUICK_MEMORY = ("picture, 256 px", "mutoscope image, 256 px, cold")  # what a quick run starts processes for


@dataclass(frozen=True)
class Plan:
    """What to measure; SettingError for what cannot be, MissingExtraError without what a comparison needs."""

    threads: tuple[int, ...]
    runs: int = RUNS
    quick: bool = False
    model: str | None = None
    against: str | None = None

    def __post_init__(self):
        if not 1 <= self.runs <= MAX_RUNS:
            raise SettingError(f"--runs must be from 1 to {MAX_RUNS}, got {self.runs}")
        for threads in self.threads:
            if not 1 <= threads <= MAX_THREADS:
                raise SettingError(f"--threads must be whole numbers from 1 to {MAX_THREADS}, got {threads}")
        if self.model == "world":
            raise SettingError("the renderer has no networks to measure; give a checkpoint folder with --model")
        if not hasattr(os, "wait4"):
            raise MutoscopeError("mutoscope bench needs Linux or macOS, which tell the memory of a process")
        check_peer(self.against)


def check_peer(name: str | None) -> None:
    """Refuse a comparison that is not known, or whose library is not installed; imports nothing."""
    if name is None:
        return
    if name not in PEERS:
        raise SettingError(f"unknown --against {name!r}{did_you_mean(name, PEERS)}; known: {', '.join(PEERS)}")
    for module in ("torch", name):
        if importlib.util.find_spec(module) is None:
            raise MissingExtraError({"torch": "PyTorch"}.get(module, module), "bench")


def measure(plan: Plan) -> Iterator[Event]:
    """Measure everything; the last event, "done", carries the `Result`."""
    benches = [Bench(plan.model, threads, plan.quick) for threads in plan.threads]
    cases = [case for bench in benches for case in bench.cases()]
    memory = yield from _measure_memory(plan, cases)
    before = [measure_peak(threads) for threads in plan.threads]
    ratios = [Ratio("4 calls / one call of 4 pictures", threads, SEVERAL_CALLS, ONE_CALL) for threads in plan.threads]
    if plan.against is not None:
        from mutoscope.bench import against

        cases += against.cases(benches)
        ratios += against.ratios(benches)
    rows = yield from time_in_turn(cases, plan.runs, "measure")
    rows += yield from time_in_turn(benches[0].growth(), min(plan.runs, GROWTH_RUNS), "growth")
    after = [measure_peak(threads) for threads in plan.threads]
    peaks = tuple(Peak(*one) for one in zip(plan.threads, before, after, strict=True))
    rows = [replace(row, peak_memory_mb=memory.get((row.name, row.threads))) for row in rows]
    yield Event("done", 1, 1, result=_result(plan, benches[0], peaks, rows, ratios))


def _measure_memory(plan: Plan, cases: list[Case]) -> Generator[Event, None, dict[tuple[str, int], float]]:
    """Return the peak memory of each case in MB, by name and threads; a quick run measures a few."""
    wanted = [case for case in cases if not plan.quick or case.name in QUICK_MEMORY]
    progress, found = Phase("memory", len(wanted)), {}
    yield progress.start()
    for case in wanted:
        found[case.name, case.threads] = measure_memory(case, plan.model, plan.quick)
        yield progress.advance(message=case.name)
    return found


def _result(plan: Plan, bench: Bench, peaks: tuple[Peak, ...], rows: list[Row], ratios: list[Ratio]) -> Result:
    checkpoint = bench.engine.checkpoint
    return Result(
        date=time.strftime("%Y-%m-%d"),
        version=__version__,
        model=checkpoint.name,
        preset=checkpoint.config.preset,
        model_hash=checkpoint.hash,
        runs=plan.runs,
        quick=plan.quick,
        machine=find_machine(),
        peaks=peaks,
        rows=tuple(rows),
        ratios=tuple(ratios),
    )


def find_machine() -> Machine:
    """Return what this machine says of itself."""
    system = f"{platform.system()} {platform.machine()}"
    return Machine(
        cpu_name(), tuple(cpu_features()), physical_cores(), system, platform.python_version(), find_libraries()
    )


def find_libraries() -> dict[str, str]:
    """Return the versions of the libraries that compute, where they are installed."""
    found = {}
    for name in LIBRARIES:
        if importlib.util.find_spec(name) is not None:
            found[name] = metadata.version(name)
    return found
