"""The verb evaluate: judge a model on held-out prompts, free-worded prompts and clips."""

import importlib.util
from pathlib import Path
from typing import Annotated, Any

import typer

from mutoscope.cli import arguments as ask
from mutoscope.cli.console import say, watch
from mutoscope.errors import MissingExtraError, SettingError


def evaluate(
    model: ask.Model = None,
    out: Annotated[
        str, typer.Option("--out", metavar="DIR", parser=ask.text, help="The folder for the report and its sheets.")
    ] = "runs/evaluation",
    count: Annotated[
        int,
        typer.Option("--count", metavar="N", parser=ask.whole("--count", 200), help="Pictures of held-out scenes."),
    ] = 200,
    clips: Annotated[
        int, typer.Option("--clips", metavar="N", parser=ask.whole("--clips", 8), help="Clips; 0 leaves them out.")
    ] = 8,
    judge: Annotated[
        str,
        typer.Option("--judge", metavar="DIR", parser=ask.text, help="The judge; trained there if there is none."),
    ] = "runs/judge",
    quiet: ask.Quiet = False,
) -> None:
    """Measure how often a model draws what was asked, and whether its clips move as they should."""
    if count < 1:
        raise SettingError(f"--count must be 1 or more, got {count}")
    if clips < 0:
        raise SettingError(f"--clips must be 0 or more, got {clips}")
    events = start_evaluation(model, out=Path(out), judge=Path(judge), count=count, clips=clips)
    page = Path(watch(events, quiet=quiet, lines_every=30.0))
    if not quiet:
        for line in page.read_text("utf-8").splitlines():
            say(line)
    say(page)


def start_evaluation(model: str | None, *, clips: int, **settings: Any) -> Any:
    """Return the events of an evaluation; MissingExtraError without PyTorch."""
    if importlib.util.find_spec("torch") is None:
        raise MissingExtraError("PyTorch", "torch")
    from mutoscope.evaluate.report import load_painter, run

    return run(load_painter(model, clips > 0), clips=clips, **settings)


VERBS = {
    "evaluate": (
        evaluate,
        """
mutoscope evaluate
mutoscope evaluate --model runs/nano/model --out runs/nano/evaluation --count 200 --clips 8
mutoscope evaluate --count 40 --clips 0 --judge runs/judge""",
    ),
}
