"""Writes docs/cli.md from the commands themselves: `python -m mutoscope.cli.reference > docs/cli.md`."""

from typing import Any


def reference() -> str:
    """Return the whole command line as one Markdown page."""
    from mutoscope.cli.app import build

    group = build()
    parts = [
        "# The command line",
        "",
        "<!-- Made by `python -m mutoscope.cli.reference > docs/cli.md`; a test keeps it current. -->",
        "",
        group.help or "",
        "",
        "Results go to stdout, progress and messages to stderr. Exit codes: 0 done, 1 failed, 2 wrong words,",
        "130 stopped, 141 nobody reads the output any more. An error is one line that starts with `mutoscope:`.",
        "`MUTOSCOPE_TRACEBACK=1` shows where an error came from.",
    ]
    for path, command in _commands("mutoscope", group):
        parts += _section(path, command)
    return "\n".join(parts).rstrip() + "\n"


def _commands(path: str, group: Any) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, command in group.commands.items():
        inner = _commands(f"{path} {name}", command) if hasattr(command, "commands") else [(f"{path} {name}", command)]
        found += inner
    return found


def _section(path: str, command: Any) -> list[str]:
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    options = [param for param in command.params if param.param_type_name == "option"]
    usage = " ".join([path, *(param.metavar for param in arguments), "[OPTIONS]"])
    lines = ["", f"## {path}", "", command.help or "", "", "```", usage, "```"]
    lines += ["", "| | |", "|---|---|"]
    lines += [f"| `{param.metavar}` | {_cell(param.help)} |" for param in arguments]
    lines += [f"| {_names(param)} | {_cell(param.help)}{_default(param)} |" for param in options]
    examples = [line.strip() for line in (command.epilog or "").splitlines() if line.startswith("  ")]
    return [*lines, "", "```", *examples, "```"]


def _names(param: Any) -> str:
    names = ", ".join(f"`{name}`" for name in param.opts)
    return f"{names} `{param.metavar}`" if param.metavar else names


def _default(param: Any) -> str:
    if param.required:
        return " Required."
    plain = isinstance(param.default, str | int | float) and not isinstance(param.default, bool) and param.default != ""
    return f" Default: {_cell(str(param.default))}." if plain else ""


def _cell(text: str | None) -> str:
    return (text or "").replace("|", "\\|")


if __name__ == "__main__":
    print(reference(), end="")
