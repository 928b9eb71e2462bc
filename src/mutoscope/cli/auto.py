"""The command `train auto`: from a folder of pictures to a model and its report, by a plan that is told before the first step.

    RUN/auto/plan.json       what was planned; the same plan gives the same model
    RUN/auto/done.json       the steps that are done, and how long they took
    RUN/data/...             collected, packed, and of that what teaches (train) and what judges (held)
    RUN/STAGE/, RUN/parts/   as every training
    RUN/model/               the checkpoint
    RUN/evaluation/          the report of the judge

The same command goes on where it stopped: every step either is done, or goes on by itself, or begins anew.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from mutoscope.cli import arguments as ask
from mutoscope.cli.arguments import argument, flag, float_option, int_option, text_option
from mutoscope.cli.console import LINE_SECONDS, note, say, table, watch
from mutoscope.cli.train import keep_prompts
from mutoscope.data.filling import check_room
from mutoscope.device import need_export, need_torch
from mutoscope.errors import DataError, OutputError, SettingError
from mutoscope.events import Event

if TYPE_CHECKING:
    from mutoscope.train.autoplan import AutoPlan, Wish

SAVE_SECONDS = 60.0  # between states
USUAL_HOURS = 2.0
OPTIONS = {  # by what a wish calls them
    "folder": "FOLDER", "hours": "--hours", "preset": "--preset", "begin": "--from", "side": "--size", "name": "--name",
    "licence": "--licence", "source": "--source",
}  # fmt: skip
SETTLED = ("hours", "preset", "begin", "side")  # by a plan that is given
MOST_REASONS = 4  # for which pictures were dropped, in a line


def auto(
    folder: Annotated[
        str, argument("FOLDER", "Pictures with captions, or one folder a class; or what data collect takes.")
    ],
    out: Annotated[str, text_option("--out", "RUN", "Folder of the run; the same command goes on in it.")],
    hours: Annotated[float, float_option("--hours", 2.0, "Time for everything, in hours.")] = USUAL_HOURS,
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
    plan: Annotated[
        str | None,
        text_option("--plan", "FILE", "Follow the plan of another run, its auto/plan.json, instead of making one."),
    ] = None,
    dry_run: Annotated[bool, flag("--dry-run", "Only say what would be done.")] = False,
    quiet: ask.Quiet = False,
) -> None:
    """Train a model on a folder of pictures: plan, prepare, train, export and judge it. The same command goes on."""
    need_torch("train")
    from mutoscope.train.autoplan import Wish

    wish, run = Wish(folder, hours, preset, begin, size, name, licence, source), Path(out)
    _refuse(wish, run, prompts)
    given = read_given(Path(plan), wish) if plan else None
    held = read_plan(run, given.wish if given else wish, given)
    made = held or given or new_plan(wish, run)
    if not quiet or dry_run:
        (table if dry_run else _note_rows)(list(made.rows))
    if dry_run:
        return
    if held is None:
        check_room(run, made.disk, "this plan")
        write_plan(run, made)
    if prompts is not None:
        keep_prompts(run, prompts)
    follow(made, run, quiet)
    say(run / "model")


def _refuse(wish: "Wish", run: Path, prompts: str | None) -> None:
    """Refuse what would only fail hours later."""
    from mutoscope.export.run import check_name

    check_name(wish.name)
    need_export()
    if prompts is not None:
        ask.read_prompts(Path(prompts))
    folder, place = Path(wish.folder).resolve(), run.resolve()
    if folder == place or folder in place.parents:
        raise OutputError(f"--out {str(run)!r} lies among the pictures; choose a folder beside {wish.folder}")
    there = next(path for path in (place, *place.parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise OutputError(f"--out {str(run)!r} cannot be made: {there} is not a folder that can be written to")


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


def read_plan(run: Path, wish: "Wish", given: "AutoPlan | None" = None) -> "AutoPlan | None":
    """Return the plan that a run has, None for a new one; OutputError when it was made for other words."""
    path = run / "auto" / "plan.json"
    if not path.is_file():
        return None
    made = _open_plan(path)
    differ = [key for key, value in asdict(wish).items() if asdict(made.wish)[key] != value]
    if differ:
        words = ", ".join(OPTIONS[key] for key in differ)
        raise OutputError(f"{run} was planned with another {words}; give the same words, or choose another --out")
    if given not in (None, made):
        raise OutputError(f"{run} follows another plan; leave out --plan, or choose another --out")
    return made


def read_given(path: Path, wish: "Wish") -> "AutoPlan":
    """Return a plan made earlier, for these pictures; SettingError when words are given that it has settled."""
    from mutoscope.train.autoplan import Wish

    if not path.is_file():
        raise OutputError(f"{str(path)!r} is not a file; --plan takes the auto/plan.json of a run")
    usual, made = Wish(wish.folder, USUAL_HOURS), _open_plan(path)
    settled = [
        OPTIONS[key] for key in SETTLED if getattr(wish, key) not in (getattr(usual, key), getattr(made.wish, key))
    ]
    if settled:
        raise SettingError(f"--plan has settled {', '.join(settled)}; leave out either")
    return replace(made, wish=replace(wish, **{key: getattr(made.wish, key) for key in SETTLED}))


def _open_plan(path: Path) -> "AutoPlan":
    from mutoscope.train.autoplan import AutoPlan

    try:
        return AutoPlan.from_dict(json.loads(path.read_text("utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise OutputError(f"{path} is no plan of this version ({type(error).__name__}); make another one") from error


def write_plan(run: Path, made: "AutoPlan") -> None:
    """Keep the plan."""
    from mutoscope.media.storage import make_folder, write_bytes

    make_folder(run / "auto")
    write_bytes(run / "auto" / "plan.json", json.dumps(made.to_dict(), indent=1).encode())


# The steps -------------------------------------------------------------------------------------------------------


def follow(made: "AutoPlan", run: Path, quiet: bool) -> None:
    """Do every step of a plan that is not done yet."""
    import torch

    from mutoscope.data.claim import alone
    from mutoscope.train.autolog import AutoLog

    tell = (lambda text: None) if quiet else note
    torch.set_num_threads(made.threads)
    with alone(run / "auto", "train auto"):
        log = AutoLog(run, made)
        if log.done:
            tell(f"going on; done: {', '.join(log.done)}")
        for name, step in steps_of(made, run):
            if name not in log.done:
                tell(name)
                said = watch(log.follow(name, step()), quiet=quiet, lines_every=LINE_SECONDS)
                for line in filter(None, (said, log.tell(name))):
                    tell(line)
        tell(f'next: mutoscope image "{_first_caption(run)}" --model {run / "model"}')
        tell(f"what the judge says: {run / 'evaluation' / 'report.md'}, pictures beside it")


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
    from mutoscope.train.autoplan import MOST_UNREADABLE

    def tell(report: dict[str, Any]) -> str:
        reasons = ", ".join(f"{count:,} {name}" for name, count in _most_dropped(report))
        dropped = f"; {report['dropped']:,} dropped: {reasons}" if report.get("dropped") else ""
        return f"{report['kept']:,} kept{dropped}; all with pictures: {data / 'collected' / 'check' / 'report.html'}"

    demands = Demands(min_side=made.min_side, max_unreadable=MOST_UNREADABLE)
    yield from _ending(check(data / "collected", demands), tell)


def _most_dropped(report: dict[str, Any]) -> list[tuple[str, int]]:
    from mutoscope.data.check import REASONS

    counts = [(name, held["count"]) for name, held in report["reasons"].items() if REASONS[name][0]]
    return sorted(counts, key=lambda pair: -pair[1])[:MOST_REASONS]


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

    data = run / "data" / "train"
    name, items = _fitting(stage.name, data)
    settings = {"save_every": SAVE_SECONDS, **stage.settings, "samples": stage.samples}
    settings["batch"] = min(settings["batch"], items)
    yield from _ending(
        start_training(
            name, preset_name=made.preset, data=data, out=run, overrides=settings, preview=preview_writer(run)
        ),
        lambda _: "",
    )  # fmt: skip


def _fitting(stage: str, data: Path) -> tuple[str, int]:
    """Return the stage that learns from what the check has left, and how many items it has: clips alone, or none any more."""
    from mutoscope.data.cache import frames_of, survey

    items = survey(data)
    pictures = sum(count for path, count in items.items() if frames_of(path) == 1)
    if stage == "image" and not pictures:
        return "video", sum(items.values())
    if stage == "video" and pictures == sum(items.values()):
        return "image", pictures
    return stage, pictures if stage == "image" else sum(items.values())


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


COMMANDS = {
    "auto": (
        auto,
        """
mutoscope train auto photos --out runs/mine --hours 2
mutoscope train auto photos --out runs/mine --hours 2 --dry-run
mutoscope train auto photos --out runs/mine --hours 8 --from nothing --size 64 --licence CC0-1.0""",
    ),
}
