"""Numbers that a program writes into a page between two marks: `<!-- NAME -->` and `<!-- /NAME -->`."""

import re

from mutoscope.errors import OutputError


def replace_block(page: str, name: str, text: str) -> str:
    """Return the page with `text` between its marks of this name; OutputError when it has none."""
    pattern = rf"(<!-- {re.escape(name)} -->\n).*?(<!-- /{re.escape(name)} -->)"
    new, count = re.subn(pattern, lambda found: f"{found[1]}{text.strip()}\n{found[2]}", page, flags=re.DOTALL)
    if not count:
        raise OutputError(f"the page has no <!-- {name} --> ... <!-- /{name} --> block to write into")
    return new
