"""docs/reliability.md, written from the figures that measurements kept."""

import json
from pathlib import Path
from typing import Any

from reliability.measured import ROOT

PAGE = ROOT / "docs" / "reliability.md"
HEAD = """# What the server was put through

Written by `scripts/reliability` from what it measured against real server processes (`mutoscope serve`, see [serve.md](serve.md)); no
figure here was typed. `scripts/reliability NAME` measures one of them again.
"""


def write_page(folder: Path, page: Path = PAGE) -> None:
    """Write the page from the files of a folder."""
    page.write_text(render(load(folder)), encoding="utf-8")


def load(folder: Path) -> list[dict[str, Any]]:
    """Return what was kept, in the order in which it is shown."""
    from reliability.running import MODULES

    paths = [folder / f"{name}.json" for name in MODULES]
    return [json.loads(path.read_text("utf-8")) for path in paths if path.exists()]


def render(kept: list[dict[str, Any]]) -> str:
    """Return the page."""
    return "\n".join([HEAD, *summary(kept), "", *machines(kept), *(line for one in kept for line in section(one))])


def summary(kept: list[dict[str, Any]]) -> list[str]:
    """Return the table of everything."""
    rows = ["| measured | found | must be | |", "|---|---|---|---|"]
    for one in kept:
        for bar in one["bars"]:
            met = "yes" if bar["is_met"] else "**no**"
            rows.append(f"| {title(one)}: {bar['what']} | {bar['got']} | {bar['must_be']} | {met} |")
    return rows


def machines(kept: list[dict[str, Any]]) -> list[str]:
    """Return lines about the machines: one for each that differs."""
    told: dict[str, list[str]] = {}
    for one in kept:
        machine = one["machine"]
        versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
        system = f"{machine['system']}, Python {machine['python']}, SQLite {machine['sqlite']}"
        words = f"{machine['cpu']}, {machine['cores']} cores, {system}; {versions}"
        told.setdefault(words, []).append(title(one).lower())
    if len(told) == 1:
        return [f"Machine: {next(iter(told))}."]
    return [f"- {', '.join(names)}: {words}." for words, names in told.items()]


def section(one: dict[str, Any]) -> list[str]:
    """Return what one measurement did, when, and under which conditions."""
    machine = one["machine"]
    cores = machine["may_use"]
    conditions = (
        f"{one['date']}, {one['seconds'] / 60:.1f} minutes, commit {machine['commit'] or 'unknown'}, on {cores} core{'s' * (cores != 1)}; "
        f"load of the machine {machine['load'][0]:.1f} at the end."
    )
    lines = ["", f"## {title(one)}", "", one["done"], "", conditions]
    if one["short"]:
        lines.append("This was a shortened run.")
    for name, value in one["figures"].items():
        if name == "milliseconds":
            lines += ["", *quartile_table(value)]
        elif isinstance(value, dict) and "statuses" in value:
            statuses = ", ".join(f"{count:,} times {status}" for status, count in value["statuses"].items())
            lines.append(f"- {name}: {value['sent']:,}, the slowest refusal {value['slowest_seconds']} s; {statuses}")
        elif isinstance(value, int | float | str):
            lines.append(f"- {name.replace('_', ' ')}: {value}")
    return lines


def quartile_table(phases: dict[str, dict[str, float]]) -> list[str]:
    """Return a table of the times of answers."""
    columns = list(next(iter(phases.values())))
    head = [f"| answers, milliseconds | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    return [
        *head,
        *(f"| while {name} | {' | '.join(str(times[key]) for key in columns)} |" for name, times in phases.items()),
        "",
    ]


def title(one: dict[str, Any]) -> str:
    """Return the title of a measurement."""
    from reliability.running import open_measurement

    return open_measurement(one["name"]).WHAT
