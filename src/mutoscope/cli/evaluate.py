"""The commands `evaluate` and `compare`: judge a model on held-out prompts, or two models on the same ones."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from mutoscope.cli import arguments as ask
from mutoscope.cli.console import LINE_SECONDS, note, say, watch
from mutoscope.device import need_torch
from mutoscope.errors import OutputError, SettingError, did_you_mean
from mutoscope.events import Event

if TYPE_CHECKING:
    from mutoscope.evaluate.model_under_test import ModelUnderTest
    from mutoscope.evaluate.plan import Plan

SUITES = ("quick", "full")
OWN_COUNT = 64  # pictures that --data has drawn where no number is given
PARTS_WITH_ANSWERS = ("pictures", "styles", "things", "camera")  # whose answers are not kept beside the weights


Suite = Annotated[str, ask.text_option("--suite", "NAME", "quick (minutes) or full (hours, tighter intervals).")]
Count = Annotated[int | None, ask.int_option("--count", 200, "Number of pictures. Default: that of the suite.")]
Things = Annotated[int | None, ask.int_option("--things", 60, "Number of questions about objects; 0 for none.")]
Clips = Annotated[int | None, ask.int_option("--clips", 8, "Number of clips; 0 for none.")]
JudgeFolder = Annotated[
    str | None, ask.text_option("--judge", "DIR", "Folder of another judge, made by mutoscope train judge.")
]
Training = Annotated[
    str | None, ask.text_option("--training", "DIR", "Folder of the training pictures, to look for copies.")
]
Data = Annotated[
    str | None,
    ask.text_option(
        "--data", "DIR", "Judge by these pictures and their captions, which it has not seen, and not by the world."
    ),
]
BlindSet = Annotated[
    str | None,
    ask.text_option(
        "--blind", "FILE", "File of prompts that are not in the repository, with what they ask for: docs/evaluation.md."
    ),
]
Inception = Annotated[str | None, ask.text_option("--inception", "FILE", "Inception-v3 as TorchScript: FID and KID.")]
ClipFolder = Annotated[str | None, ask.text_option("--clip", "DIR", "A CLIP folder of transformers: CLIPScore.")]
I3D = Annotated[str | None, ask.text_option("--i3d", "FILE", "I3D as TorchScript: FVD.")]
Sprites = Annotated[
    str,
    ask.text_option(
        "--sprites", "SETS", "Sprite sets, as in mutoscope data render: compare with renders of the same objects."
    ),
]
Keep = Annotated[bool, ask.flag("--keep", "Store the figures beside the checkpoint, for mutoscope card.")]
VotePage = Annotated[
    str | None,
    ask.text_option("--blind", "PAGE.html", "Measure nothing; write a page for blind votes between the two models."),
]
Prompts = Annotated[str | None, ask.text_option("--prompts", "FILE", "With --blind: file of prompts, one per line.")]
Folder = Annotated[
    str | None,
    ask.argument(
        "[CHECKPOINT]", "Checkpoint folder, or any other name of a model: docs/models.md. Default: the embedded model."
    ),
]


@dataclass(frozen=True)
class EvaluationOptions:
    """What `evaluate` was given."""

    checkpoint: str | None
    out: Path
    plan: "Plan"
    judge: str | None = None
    training: str | None = None
    blind: str | None = None
    inception: str | None = None
    clip: str | None = None
    i3d: str | None = None
    sprites: str = ""
    votes: str | None = None
    data: str | None = None


def evaluate(
    checkpoint: Folder = None,
    suite: Suite = "quick",
    out: Annotated[str, ask.text_option("--out", "DIR", "Folder for the report and its sheets.")] = "runs/evaluation",
    count: Count = None,
    things: Things = None,
    clips: Clips = None,
    data: Data = None,
    judge: JudgeFolder = None,
    training: Training = None,
    blind: BlindSet = None,
    inception: Inception = None,
    clip: ClipFolder = None,
    i3d: I3D = None,
    sprites: Sprites = "",
    votes: ask.Votes = None,
    keep: Keep = False,
    quiet: ask.Quiet = False,
) -> None:
    """Measure how well a model draws what was asked, and whether its clips move as they should."""
    check_numbers(suite, count, clips, things)
    if data is not None:
        count = OWN_COUNT if count is None else count
    folder = find_checkpoint_folder(checkpoint) if keep else None
    plan = choose_plan(suite, count, clips, things)
    events = start_evaluation(
        EvaluationOptions(
            checkpoint, Path(out), plan, judge, training, blind, inception, clip, i3d, sprites, votes, data
        )
    )
    page = Path(watch(events, quiet=quiet, lines_every=LINE_SECONDS))
    if folder is not None:
        note(f"kept as {keep_report(page.with_name('report.json'), folder)}")
    print_report(page, quiet)


def compare(
    first: Annotated[str, ask.argument("A", "Checkpoint folder, embedded, world, or any other name of a model.")],
    second: Annotated[str, ask.argument("B", "The other model.")],
    suite: Suite = "quick",
    out: Annotated[str, ask.text_option("--out", "DIR", "Folder for the comparison.")] = "runs/comparison",
    count: Count = None,
    clips: Clips = None,
    judge: JudgeFolder = None,
    blind: VotePage = None,
    prompts: Prompts = None,
    quiet: ask.Quiet = False,
) -> None:
    """Compare two models on the same prompts and seeds, with the interval of every difference."""
    check_numbers(suite, count, clips)
    if blind is not None:
        pairs = start_vote_page(first, second, Path(blind), count, ask.read_prompts(Path(prompts)) if prompts else [])
        say(watch(pairs, quiet=quiet, lines_every=LINE_SECONDS))
        return
    if prompts is not None:
        raise SettingError("--prompts goes with --blind; what is measured are prompts with known answers")
    events = start_comparison(first, second, Path(out), choose_plan(suite, count, clips), judge)
    print_report(Path(watch(events, quiet=quiet, lines_every=LINE_SECONDS)), quiet)


def print_report(page: Path, quiet: bool) -> None:
    """Print a report, unless quiet, and the path of its file."""
    if not quiet:
        for line in page.read_text("utf-8").splitlines():
            say(line)
    say(page)


def check_numbers(suite: str, count: int | None, clips: int | None, things: int | None = None) -> None:
    """Refuse numbers that cannot be measured; raises SettingError."""
    if suite not in SUITES:
        raise SettingError(f"unknown suite {suite!r}{did_you_mean(suite, SUITES)}; known: {', '.join(SUITES)}")
    if count is not None and count < 2:
        raise SettingError(f"--count must be 2 or more, got {count}")
    for name, number in (("--clips", clips), ("--things", things)):
        if number is not None and number < 0:
            raise SettingError(f"{name} must be 0 or more, got {number}")
    need_torch()


def start_evaluation(options: EvaluationOptions) -> Iterator[Event]:
    """Return the events of an evaluation."""
    from mutoscope.evaluate.model_under_test import load_model
    from mutoscope.evaluate.standard import open_standard
    from mutoscope.evaluate.suite import run
    from mutoscope.world.sprites import open_sets

    if options.training is not None and not Path(options.training).is_dir():
        raise OutputError(f"--training {options.training!r} is not a folder")
    standard = open_standard(options.inception, options.clip, options.i3d)
    if options.data is not None:
        return start_own_evaluation(options, standard)
    check_world(options.checkpoint)
    return run(
        load_model(options.checkpoint, options.plan.clips > 0),
        options.out,
        plan=options.plan,
        judge=_path(options.judge),
        training=_path(options.training),
        standard=standard,
        sprites=open_sets(options.sprites) if options.sprites else None,
        votes=_path(options.votes),
        blind=_path(options.blind),
    )


def check_world(model: str | None) -> None:
    """Refuse at once a checkpoint that never saw the world whose questions it would be asked; raises SettingError."""
    from mutoscope.checkpoint import open_checkpoint

    if model is None or not (Path(model) / "config.json").is_file():
        return
    if not open_checkpoint(model, verify=False).learned_world:
        raise SettingError(
            f"{model} was not trained on the rendered world, so its questions say nothing of it; judge it by pictures of its own "
            "kind that it has not seen: --data DIR"
        )


def start_own_evaluation(options: EvaluationOptions, standard: Any) -> Iterator[Event]:
    """Return the events of judging a model by somebody's own pictures; what cannot be measured is said at once."""
    from mutoscope.evaluate.judge import load_judge
    from mutoscope.evaluate.model_under_test import load_model
    from mutoscope.evaluate.own import prepare

    refused = {"--blind": options.blind, "--i3d": options.i3d, "--sprites": options.sprites, "--votes": options.votes}
    for name, value in refused.items():
        if value:
            raise SettingError(f"{name} goes with the questions of the world, not with --data; leave one out")
    found = prepare(
        load_model(options.checkpoint, clips=False), Path(str(options.data)), judge=load_judge(_path(options.judge)),
        training=_path(options.training), count=options.plan.count, standard=standard,
    )  # fmt: skip
    note("not measured: " + "; ".join(f"{what} ({why})" for what, why in found.missing.items()))
    return found.run(options.out)


def _path(name: str | None) -> Path | None:
    return Path(name) if name else None


def start_comparison(first: str, second: str, out: Path, plan: "Plan", judge: str | None) -> Iterator[Event]:
    """Return the events of a comparison; a model is named as for `TextToImageModel`."""
    from mutoscope.evaluate.compare import run

    a, b = _load_both(first, second, plan.clips > 0)
    return run(a, b, out, plan=plan, judge=_path(judge))


def start_vote_page(first: str, second: str, page: Path, count: int | None, prompts: list[str]) -> Iterator[Event]:
    """Return the events of drawing a page of blind pairs."""
    from mutoscope.evaluate.vote_page import PAIR_COUNT, run
    from mutoscope.media import check_output

    check_output(page, (".html",))
    a, b = _load_both(first, second, clips=False)
    return run(a, b, page, count or PAIR_COUNT, prompts)


def _load_both(first: str, second: str, clips: bool) -> "tuple[ModelUnderTest, ModelUnderTest]":
    from mutoscope.evaluate.model_under_test import load_model

    return load_model(first, clips), load_model(second, clips)


def choose_plan(suite: str, count: int | None, clips: int | None, things: int | None = None) -> "Plan":
    """Return a suite's plan with other numbers; where none is given, of things and cameras never more than of pictures and clips."""
    from mutoscope.evaluate.plan import SUITES as PLANS

    given = {name: value for name, value in (("count", count), ("clips", clips)) if value is not None}
    plan = replace(PLANS[suite], **given)
    asked = min(plan.things, plan.count) if things is None else things
    return replace(plan, things=asked, cameras=min(plan.cameras, plan.clips))


def find_checkpoint_folder(model: str | None) -> Path:
    """Return the folder of a checkpoint, None and "embedded" being that of this package; SettingError for every other model."""
    from mutoscope.checkpoint import EMBEDDED
    from mutoscope.engines import EMBEDDED as EMBEDDED_NAME
    from mutoscope.engines import WORLD

    if model is None or model == EMBEDDED_NAME:
        return EMBEDDED
    if model == WORLD:
        raise SettingError(f"--keep puts numbers beside weights, and {model!r} has none; leave it out")
    if is_made_elsewhere(model):
        raise SettingError(
            f"--keep puts numbers beside the weights of a checkpoint of Mutoscope, got {model!r}; leave it out"
        )
    return Path(model)


def is_made_elsewhere(model: str) -> bool:
    """Say whether a name is that of a model of another engine."""
    from mutoscope.engines import INDEXES
    from mutoscope.errors import MissingModelError
    from mutoscope.hub.names import find_place, looks_like_path

    path = Path(model)
    if path.exists():
        return path.is_file() or any((path / name).is_file() for name in INDEXES)
    if model.find(":") > 1:  # a server, a plugin; one letter is a drive of Windows
        return True
    if looks_like_path(model):
        return False
    try:
        return bool(find_place(model))
    except MissingModelError:
        return False


def keep_report(report: Path, folder: Path) -> Path:
    """Put the numbers of a report beside the weights they belong to, the answers to held-out prompts left out."""
    from mutoscope.media.storage import write_bytes

    numbers = json.loads(report.read_text("utf-8"))
    for part in PARTS_WITH_ANSWERS:
        numbers.get(part, {}).pop("answers", None)
    return write_bytes(folder / "report.json", json.dumps(numbers, indent=1, ensure_ascii=False).encode())


COMMANDS = {
    "evaluate": (
        evaluate,
        """
mutoscope evaluate
mutoscope evaluate runs/nano/model --suite quick --out runs/nano/evaluation --training runs/nano/world --keep
mutoscope evaluate runs/nano/model --blind ../unseen.txt --keep
mutoscope evaluate mine --data held-out --training packed --out runs/mine/evaluation
mutoscope evaluate runs/nano/model --suite full --inception inception-2015-12-05.pt --clip clip-vit-large-patch14
mutoscope evaluate runs/nano/model --sprites system --votes votes.jsonl --keep
mutoscope evaluate sdxl-turbo --count 50 --clips 0 --out runs/sdxl-turbo""",
    ),
    "compare": (
        compare,
        """
mutoscope compare embedded runs/nano/model
mutoscope compare embedded world
mutoscope compare embedded sdxl-turbo --count 50 --clips 0
mutoscope compare runs/a/model runs/b/model --out runs/a-b --count 100 --clips 0
mutoscope compare runs/a/model runs/b/model --blind choose.html
mutoscope compare embedded runs/a/model --blind choose.html --prompts mine.txt""",
    ),
}
