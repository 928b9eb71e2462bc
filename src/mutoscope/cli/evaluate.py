"""The commands `evaluate` and `compare`: judge a model on held-out prompts, or two models on the same ones."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from mutoscope.cli import arguments as ask
from mutoscope.cli.console import note, say, watch
from mutoscope.device import need_torch
from mutoscope.errors import OutputError, SettingError, did_you_mean

SUITES = ("quick", "full")

Suite = Annotated[
    str,
    typer.Option(
        "--suite", metavar="NAME", parser=ask.text, help="quick (minutes) or full (hours, tighter intervals)."
    ),
]
Count = Annotated[
    int | None,
    typer.Option("--count", metavar="N", parser=ask.whole("--count", 200), help="Pictures; else the suite's own."),
]
Clips = Annotated[
    int | None,
    typer.Option("--clips", metavar="N", parser=ask.whole("--clips", 8), help="Clips; 0 leaves them out."),
]
Judge = Annotated[
    str | None,
    typer.Option(
        "--judge", metavar="DIR", parser=ask.text, help="Another judge than the one inside: see mutoscope train judge."
    ),
]
Training = Annotated[
    str | None,
    typer.Option(
        "--training", metavar="DIR", parser=ask.text, help="The pictures the model learned from, to look for copies."
    ),
]


def evaluate(
    checkpoint: Annotated[
        str | None,
        typer.Argument(metavar="[CHECKPOINT]", parser=ask.text, help="A checkpoint folder; none = the embedded model."),
    ] = None,
    suite: Suite = "quick",
    out: Annotated[
        str, typer.Option("--out", metavar="DIR", parser=ask.text, help="The folder for the report and its sheets.")
    ] = "runs/evaluation",
    count: Count = None,
    things: Annotated[
        int | None,
        typer.Option(
            "--things", metavar="N", parser=ask.whole("--things", 60), help="Questions about things; 0 leaves them out."
        ),
    ] = None,
    clips: Clips = None,
    judge: Judge = None,
    training: Training = None,
    inception: Annotated[
        str | None,
        typer.Option("--inception", metavar="FILE", parser=ask.text, help="Inception-v3 as TorchScript: FID and KID."),
    ] = None,
    clip: Annotated[
        str | None,
        typer.Option("--clip", metavar="DIR", parser=ask.text, help="A CLIP folder of transformers: CLIPScore."),
    ] = None,
    i3d: Annotated[
        str | None, typer.Option("--i3d", metavar="FILE", parser=ask.text, help="I3D as TorchScript: FVD.")
    ] = None,
    sprites: Annotated[
        str,
        typer.Option(
            "--sprites",
            metavar="SETS",
            parser=ask.text,
            help="Pictures of things, as in mutoscope data render: renders beside the model's things.",
        ),
    ] = "",
    votes: ask.Votes = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Put the numbers beside the checkpoint, for mutoscope card.")
    ] = False,
    quiet: ask.Quiet = False,
) -> None:
    """Measure how well a model draws what was asked, and whether its clips move as they should."""
    check(suite, count, clips, things)
    events = start_evaluation(
        checkpoint, out=Path(out), suite=suite, count=count, things=things, clips=clips, judge=judge, training=training,
        public=(inception, clip, i3d), sprites=sprites, votes=votes,
    )  # fmt: skip
    page = Path(watch(events, quiet=quiet, lines_every=30.0))
    if keep:
        note(f"kept as {keep_report(page.with_name('report.json'), checkpoint)}")
    tell(page, quiet)


def compare(
    first: Annotated[str, typer.Argument(metavar="A", parser=ask.text, help="A checkpoint folder, or: embedded.")],
    second: Annotated[str, typer.Argument(metavar="B", parser=ask.text, help="Another one.")],
    suite: Suite = "quick",
    out: Annotated[
        str, typer.Option("--out", metavar="DIR", parser=ask.text, help="The folder for the comparison.")
    ] = "runs/comparison",
    count: Count = None,
    clips: Clips = None,
    judge: Judge = None,
    blind: Annotated[
        str | None,
        typer.Option(
            "--blind",
            metavar="PAGE.html",
            parser=ask.text,
            help="Measure nothing: write a page on which people choose, not knowing which is which.",
        ),
    ] = None,
    prompts: Annotated[
        str | None,
        typer.Option(
            "--prompts", metavar="FILE", parser=ask.text, help="With --blind: ask for these, one prompt a line."
        ),
    ] = None,
    quiet: ask.Quiet = False,
) -> None:
    """Hold two models against each other on the same prompts and seeds, with the interval of every difference."""
    check(suite, count, clips)
    if blind is not None:
        pairs = start_blind(first, second, Path(blind), count, ask.read_prompts(Path(prompts)) if prompts else [])
        say(watch(pairs, quiet=quiet, lines_every=30.0))
        return
    if prompts is not None:
        raise SettingError("--prompts goes with --blind; what is measured are prompts with known answers")
    events = start_comparison(first, second, out=Path(out), suite=suite, count=count, clips=clips, judge=judge)
    tell(Path(watch(events, quiet=quiet, lines_every=30.0)), quiet)


def tell(page: Path, quiet: bool) -> None:
    """Print a report, unless quiet, and where it lies."""
    if not quiet:
        for line in page.read_text("utf-8").splitlines():
            say(line)
    say(page)


def check(suite: str, count: int | None, clips: int | None, things: int | None = None) -> None:
    """Refuse numbers that cannot be measured; raises SettingError."""
    if suite not in SUITES:
        raise SettingError(f"unknown suite {suite!r}{did_you_mean(suite, SUITES)}; known: {', '.join(SUITES)}")
    if count is not None and count < 2:
        raise SettingError(f"--count must be 2 or more, got {count}")
    for name, number in (("--clips", clips), ("--things", things)):
        if number is not None and number < 0:
            raise SettingError(f"{name} must be 0 or more, got {number}")
    need_torch()


def start_evaluation(
    checkpoint: str | None,
    *,
    out: Path,
    suite: str,
    count: int | None,
    things: int | None,
    clips: int | None,
    judge: str | None,
    training: str | None,
    public: tuple[str | None, str | None, str | None],
    sprites: str,
    votes: str | None,
) -> Any:
    """Return the events of an evaluation."""
    from mutoscope.evaluate.painter import load_painter
    from mutoscope.evaluate.standard import open_standard
    from mutoscope.evaluate.suite import run
    from mutoscope.world.sprites import open_sets

    if training is not None and not Path(training).is_dir():
        raise OutputError(f"--training {training!r} is not a folder")
    plan = plan_of(suite, count, clips, things)
    standard = open_standard(*public)
    return run(
        load_painter(checkpoint, plan.clips > 0), out, plan=plan, judge=Path(judge) if judge else None,
        training=Path(training) if training else None, standard=standard,
        sprites=open_sets(sprites) if sprites else None, votes=Path(votes) if votes else None,
    )  # fmt: skip


def start_comparison(
    first: str, second: str, *, out: Path, suite: str, count: int | None, clips: int | None, judge: str | None
) -> Any:
    """Return the events of a comparison; `embedded` is the model in the package."""
    from mutoscope.evaluate.compare import run
    from mutoscope.evaluate.painter import load_painter

    plan = plan_of(suite, count, clips)
    painters = [load_painter(None if name == "embedded" else name, plan.clips > 0) for name in (first, second)]
    return run(painters[0], painters[1], out, plan=plan, judge=Path(judge) if judge else None)


def start_blind(first: str, second: str, page: Path, count: int | None, prompts: list[str]) -> Any:
    """Return the events of drawing a page of blind pairs."""
    from mutoscope.evaluate.blind import PAIRS, run
    from mutoscope.evaluate.painter import load_painter
    from mutoscope.media import check_output

    check_output(page, (".html",))
    painters = [load_painter(None if name == "embedded" else name, clips=False) for name in (first, second)]
    return run(painters[0], painters[1], page, count or PAIRS, prompts)


def plan_of(suite: str, count: int | None, clips: int | None, things: int | None = None) -> Any:
    """Return a suite's plan with other numbers; where none is given, of things and cameras never more than of pictures and clips."""
    from mutoscope.evaluate.suite import SUITES as PLANS

    given = {name: value for name, value in (("count", count), ("clips", clips)) if value is not None}
    plan = replace(PLANS[suite], **given)
    asked = min(plan.things, plan.count) if things is None else things
    return replace(plan, things=asked, cameras=min(plan.cameras, plan.clips))


def keep_report(report: Path, checkpoint: str | None) -> Path:
    """Put the numbers of a report beside the weights they belong to, the answers to held-out prompts left out."""
    from mutoscope.checkpoint import EMBEDDED
    from mutoscope.media.storage import write_bytes

    numbers = json.loads(report.read_text("utf-8"))
    for part in ("pictures", "things", "camera"):
        numbers.get(part, {}).pop("answers", None)
    folder = EMBEDDED if checkpoint is None else Path(checkpoint)
    return write_bytes(folder / "report.json", json.dumps(numbers, indent=1, ensure_ascii=False).encode())


COMMANDS = {
    "evaluate": (
        evaluate,
        """
mutoscope evaluate
mutoscope evaluate runs/nano/model --suite quick --out runs/nano/evaluation --training runs/nano/world --keep
mutoscope evaluate runs/nano/model --suite full --inception inception-2015-12-05.pt --clip clip-vit-large-patch14
mutoscope evaluate runs/nano/model --sprites system --votes votes.jsonl --keep""",
    ),
    "compare": (
        compare,
        """
mutoscope compare embedded runs/nano/model
mutoscope compare runs/a/model runs/b/model --out runs/a-b --count 100 --clips 0
mutoscope compare runs/a/model runs/b/model --blind choose.html
mutoscope compare embedded runs/a/model --blind choose.html --prompts mine.txt""",
    ),
}
