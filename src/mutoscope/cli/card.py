"""The command `card`: the model card and the README's tables, from what the run and the evaluation wrote down."""

from pathlib import Path
from typing import Annotated, Any

from mutoscope.cli import arguments as ask
from mutoscope.cli.arguments import ModelCardFile, argument, text_option
from mutoscope.cli.console import say
from mutoscope.errors import OutputError, SettingError

ReadmeFile = Annotated[
    str | None,
    text_option("--readme", "FILE", "Update the training and metrics tables between their markers in this page."),
]


def card(
    checkpoint: Annotated[
        str | None, argument("[CHECKPOINT]", "Checkpoint folder. Default: the embedded model.")
    ] = None,
    out: ModelCardFile = None,
    readme: ReadmeFile = None,
    votes: ask.Votes = None,
) -> None:
    """Write the model card and the tables of a README from the recorded figures."""
    from mutoscope.checkpoint import open_checkpoint
    from mutoscope.evaluate.report import markdown
    from mutoscope.export.card import model_card, read_report
    from mutoscope.export.figures import metrics_table, training_table
    from mutoscope.export.pages import replace_block
    from mutoscope.media import check_output
    from mutoscope.media.storage import write_bytes

    for path in filter(None, (out, readme)):
        check_output(Path(path), (".md",))
    if readme and not Path(readme).is_file():
        raise OutputError(f"--readme {readme!r} is not a file; give a page that has the markers of the tables")
    opened = open_checkpoint(checkpoint)
    report = read_report(opened)
    if votes:
        report = with_votes(report, Path(votes), opened.hash)
    text = model_card(opened, markdown(report) if report else "")
    if readme:
        page = Path(readme).read_text("utf-8")
        page = replace_block(page, "training", training_table(opened.card))
        say(write_bytes(Path(readme), replace_block(page, "metrics", metrics_table(report)).encode()))
    if out:
        say(write_bytes(Path(out), text.encode()))
    if not (out or readme):
        for line in text.splitlines():
            say(line)


def with_votes(report: dict[str, Any] | None, votes: Path, model: str) -> dict[str, Any]:
    """Return a report with the strength that votes give the model; SettingError without a report, DataError for no such votes."""
    from mutoscope.evaluate.preference import find_preference, read_votes

    if report is None:
        raise SettingError("--votes adds to a report, and this model has none; make one: mutoscope evaluate --keep")
    missing = {what: why for what, why in report["not_measured"].items() if what != "preference"}
    return {**report, "preference": find_preference(read_votes(votes), model), "not_measured": missing}


COMMANDS = {
    "card": (
        card,
        """
mutoscope card
mutoscope card --out docs/model-card.md --readme README.md
mutoscope card runs/nano/model --out mine.md
mutoscope card runs/nano/model --votes votes.jsonl --out mine.md""",
    ),
}
