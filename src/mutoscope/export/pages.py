"""Pages of Markdown: tables, lists, and blocks that a program writes between two marks, `<!-- NAME -->` and `<!-- /NAME -->`."""

import re
from collections.abc import Iterable, Sequence

from mutoscope.errors import OutputError


def replace_block(page: str, name: str, text: str) -> str:
    """Return the page with `text` between its marks of this name; OutputError when it has none."""
    pattern = rf"(<!-- {re.escape(name)} -->\n).*?(<!-- /{re.escape(name)} -->)"
    new, count = re.subn(pattern, lambda found: f"{found[1]}{text.strip()}\n{found[2]}", page, flags=re.DOTALL)
    if not count:
        raise OutputError(f"the page has no <!-- {name} --> ... <!-- /{name} --> block to write into")
    return new


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; in a cell a bar is escaped, and a line break is a blank."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(
        "| " + " | ".join(" ".join(str(cell).splitlines()).replace("|", "\\|") for cell in line) + " |"
        for line in lines
    )


def bullet_list(items: Iterable[str]) -> str:
    """Return a Markdown list; "not recorded" for an empty one."""
    return "\n".join(f"- {item}" for item in items) or "- not recorded"
