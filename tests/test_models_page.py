"""docs/models.md: its table is that of known_models.toml, and what it says of messages and families is so.

`python tests/test_models_page.py` writes the table again after a change of known_models.toml.
"""

import re
from pathlib import Path

from mutoscope.engines import ELSEWHERE
from mutoscope.export.pages import table
from mutoscope.hub.known import KnownModel, known_models

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "models.md"
START, END = "<!-- models: python tests/test_models_page.py -->", "<!-- end of models -->"
HEAD = ("name", "repository", "draws", "licence", "download", "memory", "commit")
NOT_KNOWN = "not known"


def write_table(page: str) -> str:
    """Return the page with the table of all models that have a short name."""
    before, rest = page.split(START)
    _, after = rest.split(END)
    rows = [make_row(known) for known in known_models().values()]
    return f"{before}{START}\n{table(HEAD, rows)}\n{END}{after}"


def make_row(known: KnownModel) -> tuple[str, ...]:
    marks = [word for word, given in (("limited", known.restricted), ("asks first", known.gated)) if given]
    return (
        f"`{known.name}`",
        f"[{known.repository}]({known.page})",
        "pictures" if known.kind == "image" else "clips",
        known.licence + (f" (*{', '.join(marks)}*)" if marks else ""),
        spell(known.download),
        spell(known.memory),
        f"`{known.revision[:7]}`" if known.revision else "newest",
    )


def spell(count: float | None) -> str:
    return f"{count / 1e9:.3g} GB" if count else NOT_KNOWN


def test_the_table_is_current():
    page = PAGE.read_text(encoding="utf-8")
    assert page == write_table(page), "run: python tests/test_models_page.py"
    assert all(f"| `{name}` |" in page for name in known_models()) and ELSEWHERE == ("diffusers", "onnx")


def test_messages_on_the_page_are_those_of_the_code():
    """Of every message the longest piece without a name or a number in it."""
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "src" / "mutoscope").rglob("*.py"))
    plain = re.sub(r'"\s*\n\s*f?"', "", re.sub(r"\{[^{}]*\}", "...", code))
    section = PAGE.read_text("utf-8").split("## Errors")[1].split("## Families")[0]
    messages = re.findall(r"^\| `([^`]+)` \|", section, flags=re.MULTILINE)
    assert len(messages) > 10
    for message in messages:
        pieces = re.split(r"\.\.\.|4k\+1 frames|\d[\d.]*|diffusers,|mutoscope models get", message)
        longest = max((piece.strip(" ;,:") for piece in pieces), key=len)
        assert longest in plain, f"no message holds {longest!r}"


if __name__ == "__main__":
    PAGE.write_text(write_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
