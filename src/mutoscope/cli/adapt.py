"""The command `adapt`: some pictures teach a checkpoint a word or a style, kept as a small file that --adapter names."""

from pathlib import Path
from typing import Annotated, Any

from mutoscope.cli import arguments as ask
from mutoscope.cli.arguments import TrainingSeed, argument, flag, int_option, text_option
from mutoscope.cli.console import LINE_SECONDS, note, say, watch
from mutoscope.device import need_torch
from mutoscope.errors import OutputError, SettingError

Pictures = Annotated[
    str,
    argument("DIR", "Folder of 5 to 500 pictures; captions in NAME.txt, captions.jsonl or metadata.csv are optional."),
]
Name = Annotated[str, text_option("--name", "WORD", "Name of the adapter, and the word that triggers it.")]
Full = Annotated[bool, flag("--full", "Train the whole transformer; the file is about twenty times as large.")]
Budget = Annotated[
    str | None,
    text_option(
        "--budget", "TIME", "Training time: 90s, 5m. Default: a fixed number of samples, which takes some minutes."
    ),
]
Side = Annotated[
    int | None,
    int_option(
        "--side", 512, "Side of the squares to train on, with a model made elsewhere. Default: the model's own."
    ),
]
Out = Annotated[
    str | None, text_option("--out", "FILE", "Output file. Default: NAME.safetensors in your adapter folder.")
]


def adapt(
    folder: Pictures,
    name: Name,
    rank: Annotated[int, int_option("--rank", 8, "Rank of the low-rank change: higher can learn more.")] = 8,
    full: Full = False,
    budget: Budget = None,
    seed: TrainingSeed = 0,
    licence: Annotated[str, text_option("--licence", "NAME", "Licence of the pictures; stored in the file.")] = "",
    out: Out = None,
    model: ask.Model = None,
    side: Side = None,
    force: Annotated[bool, flag("--force", "Replace an adapter of this name.")] = False,
    quiet: ask.Quiet = False,
) -> None:
    """Train an adapter for a word or a style from your own pictures; --adapter draws with it."""
    if not Path(folder).is_dir():
        raise OutputError(f"{folder!r} is not a folder; give a folder of pictures")
    target = _target(out)
    budget_seconds = None if budget is None else ask.read_budget(budget)
    need_torch("train")
    from mutoscope.engines import is_own

    if is_own(model):
        if side is not None:
            raise SettingError(
                "--side is for models made elsewhere; checkpoints of mutoscope learn at their own, leave it out"
            )
        from mutoscope.train.adapt import SAMPLES, Lesson
        from mutoscope.train.adapt import adapt as start

        ends = {"samples": SAMPLES} if budget_seconds is None else {"samples": 0, "budget": budget_seconds}
        events = start(Path(folder), Lesson(name, rank, full, seed=seed, licence=licence, **ends), model, target, force)
    else:
        if full:
            raise SettingError(
                "--full is for checkpoints of mutoscope; models made elsewhere learn a LoRA, leave it out"
            )
        from mutoscope.train.lora import STEPS, LoraLesson, train_lora

        ends = {"steps": STEPS} if budget_seconds is None else {"steps": 0, "budget": budget_seconds}
        events = train_lora(
            Path(folder), LoraLesson(name, rank, seed=seed, licence=licence, **ends), str(model), target, force=force
        )
    learned: Any = watch(events, quiet=quiet, lines_every=LINE_SECONDS)
    if not quiet:
        for passed in learned.passed:
            note(f"left out {passed}")
        for line in _say_next(learned, name, name if out is None else str(learned.path), model):
            note(line)
    say(learned.path)


def _say_next(learned: Any, word: str, named: str, model: str | None) -> list[str]:
    """Return what is said of a finished training: pictures that were too small, and how to draw with it."""
    said = []
    enlarged = getattr(learned, "enlarged", ())
    if enlarged:
        said.append(
            f"{len(enlarged)} of {learned.pictures} pictures were smaller than what is trained on and were enlarged, up to "
            f"{max(enlarged):.1f} times; larger ones teach sharper pictures"
        )
    with_model = "" if model is None else f" --model {model}"
    prompt = f"a lake, {word}" if model is None else word
    said.append(f'{learned.pictures} pictures; next: mutoscope image "{prompt}" --adapter {named}{with_model}')
    said.append(f"or see it at several strengths: mutoscope adapters sheet {named}{with_model}")
    return said


def _target(out: str | None) -> Path | None:
    """Return the file asked for, None for one among the user's own; raises OutputError."""
    if out is None:
        return None
    from mutoscope.adapter import ENDING
    from mutoscope.media import check_output

    return Path(check_output(Path(out), (ENDING,)))


COMMANDS = {
    "adapt": (
        adapt,
        """
mutoscope adapt sketches --name mystyle
mutoscope adapt sketches --name mystyle --rank 16 --budget 5m --licence CC0-1.0
mutoscope adapt sketches --name mystyle --full --out mystyle.safetensors
mutoscope adapt sketches --name mystyle --model sdxl --budget 30m""",
    ),
}
