"""The command `train auto`: from a folder of pictures to a model and its report, by a plan that is told before the first step.

    RUN/auto/plan.json       what was planned; the same plan gives the same model
    RUN/auto/done.json       the steps that are done
    RUN/data/...             collected, packed, and of that what teaches (train) and what judges (held)
    RUN/STAGE/, RUN/parts/   as every training
    RUN/model/               the checkpoint
    RUN/evaluation/          the report of the judge

The same command goes on where it stopped: every step either is done, or goes on by itself, or begins anew.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from mutoscope.cli import arguments as ask
from mutoscope.cli.arguments import argument, flag, float_option, int_option, text_option
from mutoscope.cli.console import LINE_SECONDS, note, say, table, watch
from mutoscope.cli.train import keep_prompts
from mutoscope.device import need_torch
from mutoscope.errors import DataError, OutputError
from mutoscope.events import Event

if TYPE_CHECKING:
    from mutoscope.train.autoplan import AutoPlan, Wish

SAVE_SECONDS = 60.0  # between states
MOST_UNREADABLE = 0.1  # share of the files
MOST_REASONS = 4  # for which pictures were dropped, in a line


def auto(
    folder: Annotated[
        str, argument("FOLDER", "Pictures with captions, or one folder a class; or what data collect takes.")
    ],
    out: Annotated[str, text_option("--out", "RUN", "Folder of the run; the same command goes on in it.")],
    hours: Annotated[float, float_option("--hours", 2.0, "Time for everything, in hours.")] = 2.0,
    preset: Annotated[str, text_option("--preset", "NAME", "Sizes of the model. Default: nano.")] = "",
    begin: Annotated[
        str, text_option("--from", "MODEL", "embedded or nothing. Default: embedded for fewer than 2,000 pictures.")
    ] = "",
    size: Annotated[int, int_option("--size", 128, "Pixels of the shorter side. Default: by pictures and time.")] = 0,
    name: Annotated[str, text_option("--name", "NAME", "Name of the model.")] = "mine",
    licence: Annotated[
        str, text_option("--licence", "NAME", "Licence of the pictures; the model card states it.")
    ] = "",
    source: Annotated[
        str, text_option("--source", "TEXT", "Where the pictures come from; the model card states it.")
    ] = "",
    prompts: Annotated[
        str | None, text_option("--prompts", "FILE", "Prompts of the preview sheets. Default: some captions.")
    ] = None,
    dry_run: Annotated[bool, flag("--dry-run", "Only say what would be done.")] = False,
    quiet: ask.Quiet = False,
) -> None:
    """Train a model on a folder of pictures: plan, prepare, train, export and judge it. The same command goes on."""
    need_torch("train")
    from mutoscope.export.run import check_name
    from mutoscope.train.autoplan import Wish

    check_name(name)
    wish, run = Wish(folder, hours, preset, begin, size, name, licence, source), Path(out)
    made = read_plan(run, wish)
    kept = made is not None
    if made is None:
        made = new_plan(wish, run)
    if not quiet or dry_run:
        (table if dry_run else _note_rows)(list(made.rows))
    if dry_run:
        return
    write_plan(run, made)
    if prompts is not None:
        keep_prompts(run, prompts)
    follow(made, run, quiet, goes_on=kept)
    say(run / "model")


def _note_rows(rows: list[tuple[str, str]]) -> None:
    width = max(len(name) for name, _ in rows)
    for name, said in rows:
        note(f"{name:<{width}}  {said}")


# The plan --------------------------------------------------------------------------------------------------------


def new_plan(wish: "Wish", run: Path) -> "AutoPlan":
    """Look at the pictures and the machine; DataError, SettingError, OutputError where nothing can come of it."""
    from mutoscope.data.glance import glance
    from mutoscope.train.autoplan import make_plan

    if (run / "parts").exists():
        raise OutputError(f"{run} is a training run already; choose another --out")
    note("looking at the pictures and the machine")
    return make_plan(wish, glance(wish.folder), run)


def read_plan(run: Path, wish: "Wish") -> "AutoPlan | None":
    """Return the plan that a run has, None for a new one; OutputError when it was made for other words."""
    from dataclasses import asdict

    from mutoscope.train.autoplan import AutoPlan

    path = run / "auto" / "plan.json"
    if not path.is_file():
        return None
    try:
        made = AutoPlan.from_dict(json.loads(path.read_text("utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise OutputError(f"{path} is damaged ({type(error).__name__}); choose another --out") from error
    differ = [key for key, value in asdict(wish).items() if asdict(made.wish)[key] != value]
    if differ:
        raise OutputError(
            f"{run} was planned with another {', '.join(differ)}; give the same words, or choose another --out"
        )
    return made


def write_plan(run: Path, made: "AutoPlan") -> None:
    """Keep the plan."""
    from mutoscope.media.storage import make_folder, write_bytes

    make_folder(run / "auto")
    write_bytes(run / "auto" / "plan.json", json.dumps(made.to_dict(), indent=1).encode())


# The steps -------------------------------------------------------------------------------------------------------


def follow(made: "AutoPlan", run: Path, quiet: bool, goes_on: bool) -> None:
    """Do every step of a plan that is not done yet."""
    from mutoscope.data.claim import alone

    with alone(run / "auto", "train auto"):
        done = _read_done(run)
        if goes_on and done and not quiet:
            note(f"going on; done: {', '.join(done)}")
        for name, step in steps_of(made, run):
            if name in done:
                continue
            if not quiet:
                note(name)
            said = watch(step(), quiet=quiet, lines_every=LINE_SECONDS)
            if said and not quiet:
                note(str(said))
            done.append(name)
            _write_done(run, done)
        if not quiet:
            note(f'next: mutoscope image "{_first_caption(run)}" --model {run / "model"}')
            note(f"what the judge says: {run / 'evaluation' / 'report.md'}, pictures beside it")


def steps_of(made: "AutoPlan", run: Path) -> list[tuple[str, Callable[[], Iterator[Event]]]]:
    """Return the steps of a plan: name and function that gives its events; the last one carries what to say, or ""."""
    data = run / "data"
    steps: list[tuple[str, Callable[[], Iterator[Event]]]] = [
        ("collect", lambda: _collect(made, data)),
        ("check", lambda: _check(made, data)),
        ("crop", lambda: _pack(made, data)),
        ("begin", lambda: _begin(made, run)),
    ]
    for stage in made.stages:
        steps.append((f"train {stage.name}", lambda stage=stage: _train(made, stage, run)))
    return [*steps, ("export", lambda: _export(made, run)), ("judge", lambda: _judge(made, run))]


def _collect(made: "AutoPlan", data: Path) -> Iterator[Event]:
    from mutoscope.data.collect import collect

    wish = made.wish
    data.mkdir(parents=True, exist_ok=True)
    yield from _ending(
        collect(wish.folder, data / "collected", credit=wish.source, licence=wish.licence, link=True),
        lambda found: f"{found.items:,} items" + (f", {found.without_licence:,} of an unknown licence" if found.without_licence else ""),
    )  # fmt: skip


def _check(made: "AutoPlan", data: Path) -> Iterator[Event]:
    from mutoscope.data.check import Demands, check

    def tell(report: dict[str, Any]) -> str:
        reasons = ", ".join(f"{count:,} {name}" for name, count in _most_dropped(report))
        dropped = f"; {report['dropped']:,} dropped: {reasons}" if report.get("dropped") else ""
        return f"{report['kept']:,} kept{dropped}; all with pictures: {data / 'collected' / 'check' / 'report.html'}"

    demands = Demands(min_side=made.min_side, max_unreadable=MOST_UNREADABLE)
    yield from _ending(check(data / "collected", demands), tell)


def _most_dropped(report: dict[str, Any]) -> list[tuple[str, int]]:
    from mutoscope.data.check import REASONS

    counts = {name: count for name, count in report.get("reasons", {}).items() if isinstance(count, int)}
    return sorted(((n, c) for n, c in counts.items() if REASONS[n][0]), key=lambda pair: -pair[1])[:MOST_REASONS]


def _pack(made: "AutoPlan", data: Path) -> Iterator[Event]:
    """Crop, and set some items apart for the judge."""
    from mutoscope.data import buckets
    from mutoscope.data.pack import Packing, pack
    from mutoscope.data.split import split_pack
    from mutoscope.train.autoplan import HELD_SHARE, MOST_HELD

    packing = Packing(tuple(buckets.around(made.side)), enlarge=True)
    for event in pack(data / "collected", data / "packed", packing):
        if event.phase != "done":
            yield event
    for name in ("train", "held"):
        shutil.rmtree(data / name, ignore_errors=True)
    kept, held = split_pack(
        data / "packed", data / "train", data / "held", HELD_SHARE if made.hold_out else 0.0, MOST_HELD
    )
    yield Event("done", kept, kept, result=f"{kept:,} teach, {held:,} are held out")


def _begin(made: "AutoPlan", run: Path) -> Iterator[Event]:
    """Give the run the parts that it begins with."""
    from mutoscope.checkpoint import open_checkpoint
    from mutoscope.config import preset
    from mutoscope.run_folder import begin_from, save_config

    shutil.rmtree(run / "parts", ignore_errors=True)  # of a step that was killed half-way
    save_config(run, preset(made.preset))
    if made.parts:
        begin_from(run, open_checkpoint(None), preset(made.preset), made.parts)
    yield Event("done", 1, 1, result="")


def _train(made: "AutoPlan", stage: Any, run: Path) -> Iterator[Event]:
    from mutoscope.cli.train import preview_writer, start_training
    from mutoscope.data.cache import survey

    data = run / "data" / "train"
    items = sum(survey(data).values())
    settings = {"save_every": SAVE_SECONDS, **stage.settings, "samples": stage.samples}
    settings["batch"] = min(settings["batch"], items)
    yield from _ending(
        start_training(
            stage.name, preset_name=made.preset, data=data, out=run, overrides=settings, preview=preview_writer(run)
        ),
        lambda _: "",
    )  # fmt: skip


def _export(made: "AutoPlan", run: Path) -> Iterator[Event]:
    from mutoscope.export.run import export_run

    yield Event("export", 0, 1)
    export_run(run, run / "model", made.wish.name)
    yield Event("done", 1, 1, result="")


def _judge(made: "AutoPlan", run: Path) -> Iterator[Event]:
    """Judge the model by the pictures held out; by those it learned where none are."""
    from mutoscope.cli.evaluate import keep_report
    from mutoscope.evaluate.judge import load_judge
    from mutoscope.evaluate.model_under_test import load_model
    from mutoscope.evaluate.own import prepare

    data = run / "data"
    held = data / "held" if (data / "held").is_dir() else data / "train"
    found = prepare(
        load_model(str(run / "model"), clips=False),
        held,
        judge=load_judge(),
        training=data / "train",
        count=made.judged,
    )
    note("not measured: " + "; ".join(f"{what} ({why})" for what, why in found.missing.items()))
    yield from _ending(found.run(run / "evaluation"), lambda page: "")
    keep_report(run / "evaluation" / "report.json", run / "model")


def _ending(events: Iterator[Event], tell: Callable[[Any], str]) -> Iterator[Event]:
    """Pass events on; the last one carries what `tell` says of its result."""
    for event in events:
        yield Event("done", event.step, event.total, result=tell(event.result)) if event.phase == "done" else event


def _first_caption(run: Path) -> str:
    from mutoscope.data.cache import find_folders, read_rows

    try:
        return read_rows(find_folders(run / "data" / "train")[0])[0][0]["captions"][0]
    except (DataError, OutputError, LookupError):
        return "..."


def _read_done(run: Path) -> list[str]:
    path = run / "auto" / "done.json"
    try:
        return [str(name) for name in json.loads(path.read_text("utf-8"))]
    except (OSError, ValueError):
        return []


def _write_done(run: Path, done: list[str]) -> None:
    from mutoscope.media.storage import write_bytes

    write_bytes(run / "auto" / "done.json", json.dumps(done).encode())


COMMANDS = {
    "auto": (
        auto,
        """
mutoscope train auto photos --out runs/mine --hours 2
mutoscope train auto photos --out runs/mine --hours 2 --dry-run
mutoscope train auto photos --out runs/mine --hours 8 --from nothing --size 64 --licence CC0-1.0""",
    ),
}
