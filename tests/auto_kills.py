"""`train auto` on a folder like CIFAR-10, twice by one plan: undisturbed, and killed on its way. Both must come to the same model.

    python tests/auto_kills.py FOLDER                    3,000 pictures, 20 damaged, 0.1 hours, three kills at moments of chance
    python tests/auto_kills.py FOLDER --every-step       one kill in every step, the look before the plan included

Writes FOLDER/result.json: seconds, where the kills hit, hashes, what was kept and dropped and why. An existing FOLDER/whole is used
again. `scripts/soak` runs both by `test_auto_kills.py`.
"""

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from class_folders import make_class_folders

LOOK = "looking at the pictures and the machine"  # the first line of a run without a plan
TIMES = ("seconds", "created", "date")  # keys whose values are those of the clock


@dataclass(frozen=True)
class Kill:
    """A moment: so many seconds after a step has begun."""

    step: str
    seconds: float


@dataclass(frozen=True)
class Hit:
    """What a kill has hit."""

    step: str
    seconds: float  # after the step began in that process
    line: str  # the last one it wrote


def words(folder: Path, out: Path, *more: str) -> list[str]:
    """Return the command that trains on FOLDER/photos into a run."""
    return [sys.executable, "-m", "mutoscope", "train", "auto", str(folder / "photos"), "--out", str(out), *more]


def run_whole(folder: Path, hours: float) -> float:
    """Train undisturbed; return the seconds."""
    start = time.monotonic()
    with open(folder / "whole.log", "wb") as log:
        subprocess.run(
            words(folder, folder / "whole", "--preset", "tiny", "--hours", f"{hours}"), stderr=log, check=True
        )
    return time.monotonic() - start


def draw_kills(seconds: dict[str, float], count: int, seed: int) -> list[Kill]:
    """Draw moments of the undisturbed run, all alike likely, as seconds into its steps."""
    rng, kills = np.random.default_rng(seed), []
    for moment in sorted(rng.uniform(0, 0.98 * sum(seconds.values()), count)):
        for step, length in seconds.items():
            if moment < length:
                kills.append(Kill(step, float(moment)))
                break
            moment -= length
    return kills


def kill_every_step(seconds: dict[str, float], seed: int) -> list[Kill]:
    """Draw a moment in every step, and in the look before the plan."""
    rng = np.random.default_rng(seed)
    return [Kill(LOOK, 0.5), *(Kill(step, float(rng.uniform(0, length))) for step, length in seconds.items())]


def run_until(command: list[str], kill: Kill, earlier: float) -> Hit:
    """Run a command and kill it when it is so far; `earlier` seconds of that step were run by a process before."""
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert process.stderr is not None
    os.set_blocking(process.stderr.fileno(), False)
    text, began = b"", 0.0
    while process.poll() is None:
        text += process.stderr.read() or b""
        if not began and kill.step.encode() in text.splitlines():
            began = time.monotonic()
        if began and time.monotonic() - began >= kill.seconds - earlier:
            os.kill(process.pid, signal.SIGKILL)
        time.sleep(0.01)
    text += process.stderr.read() or b""
    assert process.returncode == -signal.SIGKILL, f"it ended before {kill}: {text.decode()[-500:]}"
    return Hit(kill.step, round(time.monotonic() - began, 2), text.decode().splitlines()[-1])


def run_killed(folder: Path, kills: list[Kill], hours: float) -> list[Hit]:
    """Train by the plan of the undisturbed run, killed at these moments; return what they hit."""
    out, plan = folder / "killed", folder / "whole" / "auto" / "plan.json"
    hits: list[Hit] = []
    for kill in kills:
        how = ["--preset", "tiny", "--hours", f"{hours}"] if kill.step == LOOK else ["--plan", str(plan)]
        earlier = max((hit.seconds for hit in hits if hit.step == kill.step), default=0.0)
        hits.append(run_until(words(folder, out, *how), kill, min(earlier, kill.seconds)))
        if kill.step == LOOK:
            assert not out.exists(), "nothing is written before there is a plan"
    with open(folder / "killed.log", "wb") as log:
        subprocess.run(words(folder, out, "--plan", str(plan)), stderr=log, check=True)
    return hits


# What came of it -------------------------------------------------------------------------------------------------


def counts_of(run: Path, files: int) -> dict[str, Any]:
    """Return what became of every file: passed over, dropped, left out, taught with, held out."""
    data = run / "data"
    check = json.loads((data / "collected" / "check" / "report.json").read_text())
    rows = {name: sum(len(path.read_text().splitlines()) for path in (data / name).glob("*/captions.jsonl"))
            for name in ("train", "held")}  # fmt: skip
    items = [json.loads(line) for line in (data / "collected" / "check" / "items.jsonl").read_text().splitlines()]
    return {
        "files": files,
        "passed_over": len((data / "collected" / "passed.jsonl").read_text().splitlines()),
        "kept": check["kept"],
        "dropped": check["dropped"],
        "reasons": {name: held["count"] for name, held in check["reasons"].items() if held["drops"]},
        "words": dict(Counter(words for item in items if not item["kept"] for _, words in item["reasons"])),
        "left_out": len((data / "packed" / "left_out.jsonl").read_text().splitlines()),
        **rows,
    }


def results_of(run: Path) -> dict[str, str]:
    """Return a hash of everything that a run leaves to be used, times aside: model, card, report and its sheets, log lines."""
    files = sorted(path for name in ("model", "evaluation") for path in (run / name).rglob("*") if path.is_file())
    found = {path.relative_to(run).as_posix(): _hash(path) for path in files}
    for log in sorted(run.glob("*/log.jsonl")):
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        kept = [{key: value for key, value in line.items() if "second" not in key} for line in lines]
        found[log.relative_to(run).as_posix()] = hashlib.sha256(json.dumps(kept).encode()).hexdigest()
    return found


def _hash(path: Path) -> str:
    data = path.read_bytes()
    if path.suffix == ".json":
        data = json.dumps(_timeless(json.loads(data)), sort_keys=True).encode()
    return hashlib.sha256(data).hexdigest()


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(held) for key, held in value.items() if key not in (*TIMES, "digest")}
    return [_timeless(held) for held in value] if isinstance(value, list) else value


def compare(folder: Path, hits: list[Hit], files: int) -> dict[str, Any]:
    """Return the whole story of both runs."""
    whole, killed = folder / "whole", folder / "killed"
    first, second = results_of(whole), results_of(killed)
    plan, log = (json.loads((whole / "auto" / name).read_text()) for name in ("plan.json", "done.json"))
    differ = sorted(name for name in {*first, *second} if first.get(name) != second.get(name))
    return {
        "hash": {run.name: json.loads((run / "evaluation" / "report.json").read_text())["model"]["hash"]
                 for run in (whole, killed)},
        "hits": [asdict(hit) for hit in hits],
        "differ": differ,
        "compared": len(first),
        "counts": counts_of(killed, files),
        "planned": {"hours": plan["wish"]["hours"], **{step: round(value, 1) for step, value in plan["seconds"].items()}},
        "seconds": {run.name: json.loads((run / "auto" / "done.json").read_text())["seconds"] for run in (whole, killed)},
        "in_all": round(sum(log["seconds"].values()), 1),
    }  # fmt: skip


def play(
    folder: Path, *, count: int, damaged: int, hours: float, kills: int, seed: int, every_step: bool
) -> dict[str, Any]:
    """Make the pictures, run both, compare; return what `compare` says."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "photos").exists():
        make_class_folders(folder / "photos", count, damaged)
    if not (folder / "whole" / "evaluation" / "report.md").is_file():
        run_whole(folder, hours)
    seconds = json.loads((folder / "whole" / "auto" / "done.json").read_text())["seconds"]
    moments = kill_every_step(seconds, seed) if every_step else draw_kills(seconds, kills, seed)
    hits = run_killed(folder, moments, hours)
    result = compare(folder, hits, count)
    (folder / "result.json").write_text(json.dumps(result, indent=1))
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    for name, usual in (("count", 3000), ("damaged", 20), ("kills", 3), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--hours", type=float, default=0.1)
    parser.add_argument("--every-step", action="store_true")
    print(json.dumps(play(**vars(parser.parse_args())), indent=1))
