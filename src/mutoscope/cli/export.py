"""The command `export`: from a training run to a checkpoint folder that draws without PyTorch."""

from pathlib import Path
from typing import Annotated

from mutoscope.cli.arguments import argument, flag, text_option
from mutoscope.cli.console import say
from mutoscope.device import need_export
from mutoscope.errors import MissingExtraError, OutputError


def export(
    run: Annotated[str, argument("RUN", "Folder of a run of mutoscope train, or a checkpoint.")],
    out: Annotated[str, text_option("--out", "DIR", "Checkpoint folder to write or replace.")],
    name: Annotated[str, text_option("--name", "NAME", "Name of the model.")] = "mutoscope-nano",
    student: Annotated[bool, flag("--student", "Export the few-step model of mutoscope train distil.")] = False,
    diffusers: Annotated[
        bool, flag("--diffusers", "Write a folder that diffusers opens; RUN is a checkpoint, or embedded.")
    ] = False,
    licence: Annotated[
        str, text_option("--licence", "NAME", "Licence of the model. Default: that of its training data.")
    ] = "",
    card: Annotated[str | None, text_option("--card", "FILE", "Write the model card there, as Markdown.")] = None,
) -> None:
    """Export a training run as a checkpoint folder that draws without PyTorch."""
    if diffusers:
        say(_export_diffusers(run, Path(out)))
        return
    if card is not None:
        from mutoscope.media import check_output

        check_output(Path(card), (".md",))
    if not Path(run).is_dir():
        raise OutputError(f"{run!r} is not a folder; give the --out of mutoscope train, or a checkpoint")
    need_export()
    from mutoscope.checkpoint import open_checkpoint
    from mutoscope.export.card import model_card
    from mutoscope.export.run import export_run

    folder = export_run(Path(run), Path(out), name, student, licence)
    say(folder)
    if card is not None:
        from mutoscope.media.storage import write_bytes

        say(write_bytes(Path(card), model_card(open_checkpoint(folder)).encode()))


def _export_diffusers(checkpoint: str, folder: Path) -> Path:
    import importlib.util

    if importlib.util.find_spec("diffusers") is None:
        raise MissingExtraError("diffusers", "hub")
    from mutoscope.export.diffusers_folder import check_folder, export_diffusers

    check_folder(folder)
    return export_diffusers(None if checkpoint == "embedded" else Path(checkpoint), folder)


COMMANDS = {
    "export": (
        export,
        """
mutoscope export runs/nano --out mine
mutoscope export runs/nano --out mine --name my-model --card mine.md
mutoscope export runs/nano --student --out quick --name my-quick-model
mutoscope export old-checkpoint --out new-checkpoint
mutoscope export embedded --diffusers --out for-diffusers""",
    ),
}
