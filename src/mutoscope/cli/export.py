"""The verb export: from a training run to a checkpoint folder that draws without PyTorch."""

from pathlib import Path
from typing import Annotated

import typer

from mutoscope.cli import arguments as ask
from mutoscope.cli.console import say
from mutoscope.device import need_torch
from mutoscope.errors import OutputError


def export(
    run: Annotated[
        str, typer.Argument(metavar="RUN", parser=ask.text, help="The folder of a run that mutoscope train filled.")
    ],
    out: Annotated[
        str, typer.Option("--out", metavar="DIR", parser=ask.text, help="The checkpoint folder to write or replace.")
    ],
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", parser=ask.text, help="What the model is called.")
    ] = "mutoscope-nano",
    student: Annotated[
        bool, typer.Option("--student", help="Write the few-step model that mutoscope train distil made.")
    ] = False,
    card: Annotated[
        str | None,
        typer.Option("--card", metavar="FILE", parser=ask.text, help="Write the model card there, as Markdown."),
    ] = None,
) -> None:
    """Turn a training run into a checkpoint folder that draws without PyTorch."""
    if card is not None:
        from mutoscope.media import check_output

        check_output(Path(card), (".md",))
    if not Path(run).is_dir():
        raise OutputError(f"{run!r} is not a folder; give the --out of mutoscope train")
    need_torch("export")
    from mutoscope.checkpoint import open_checkpoint
    from mutoscope.export.card import model_card
    from mutoscope.export.run import export_run

    folder = export_run(Path(run), Path(out), name, student)
    say(folder)
    if card is not None:
        from mutoscope.media.storage import write_bytes

        say(write_bytes(Path(card), model_card(open_checkpoint(folder)).encode()))


VERBS = {
    "export": (
        export,
        """
mutoscope export runs/nano --out mine
mutoscope export runs/nano --out mine --name my-model --card mine.md
mutoscope export runs/nano --student --out quick --name my-quick-model""",
    ),
}
