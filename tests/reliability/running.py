"""Run measurements and keep what they find: the command behind `scripts/reliability`."""

import argparse
import importlib
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

from reliability.measured import ROOT, Measured, keep

MODULES = (
    "bad_requests", "many_streams", "stalled_readers", "kills", "signals", "ctrl_c", "soak", "equal_bytes", "stock_clients",
    "newcomer",
)  # fmt: skip
KEPT = ROOT / "dev" / "reliability"  # what the page is made of
TRIED = ROOT / "outputs" / "reliability"


def open_measurement(name: str) -> ModuleType:
    """Return the module of a measurement."""
    return importlib.import_module(f"reliability.{name}")


def run(name: str, is_short: bool, folder: Path) -> Measured:
    """Run one measurement and keep what it found."""
    module = open_measurement(name)
    words = module.SHORT if is_short else module.FULL
    began = time.time()
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as work:
        found = module.measure(Path(work), **words)
    keep(folder / f"{name}.json", name, words, is_short, began, found)
    return found


def main(explanation: str) -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=explanation, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"measurements, all by default: {', '.join(MODULES)}")
    parser.add_argument(
        "--short", action="store_true", help="a try of seconds each; kept under outputs/, not on the page"
    )
    parser.add_argument("--page", action="store_true", help="only write docs/reliability.md from what was kept")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in MODULES]
    if unknown:
        parser.error(f"no measurement {unknown[0]!r}; there are {', '.join(MODULES)}")
    missed = []
    for name in [] if options.page else options.names or MODULES:
        found = run(name, options.short, TRIED if options.short else KEPT)
        for bar in found.bars:
            print(
                f"{'ok  ' if bar.is_met else 'MISS'} {name}: {bar.what}: {bar.got} (must be {bar.must_be})", flush=True
            )
        missed += [name] if not all(bar.is_met for bar in found.bars) else []
    if not options.short:
        from reliability.page import write_page

        write_page(KEPT)
    if missed:
        sys.exit(f"reliability: missed: {', '.join(missed)}")
