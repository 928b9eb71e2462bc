"""The commands `data render`, `collect`, `check`, `pack` and `show`: training data."""

import json
from pathlib import Path
from typing import Annotated, Any

from mutoscope.cli import arguments as ask
from mutoscope.cli.arguments import (
    ClipFps,
    ClipFrames,
    FillFolder,
    OnRay,
    Workers,
    WorldSeed,
    argument,
    flag,
    float_option,
    int_option,
    text_option,
)
from mutoscope.cli.console import LINE_SECONDS, note, printable, say, table, watch
from mutoscope.errors import SettingError, SizeError

DEFAULT_FRAMES, DEFAULT_FPS = 25, 12  # of a rendered clip

Folder = Annotated[str, argument("DIR", "Folder with a captions.jsonl.")]
RenderWorkers = Annotated[int | None, int_option("--workers", 2, "Worker processes. Default: 1.")]
Mix = Annotated[
    str, text_option("--mix", "NAME", "world: objects in half of the scenes; things: one large common object in most.")
]
Kind = Annotated[str, text_option("--kind", "KIND", "rows, table, sidecar, class, shards or hub. Default: detected.")]
Buckets = Annotated[list[str] | None, text_option("--bucket", "WxH", "A bucket of your own; can be repeated.")]
Kept = Annotated[list[str] | None, text_option("--keep", "REASON", "Keep items despite this finding; can be repeated.")]
ShorterSide = Annotated[
    int | None, int_option("--size", 128, "Shorter side of three buckets: square, 3:2 and 2:3. Default: 128.", "PIXELS")
]
MaxUnreadable = Annotated[
    float, float_option("--max-unreadable", 0.01, "Fail above this share of unreadable items.", "SHARE")
]


def render(
    out: FillFolder,
    count: Annotated[int, int_option("--count", 1000, "Number of scenes.")] = 1000,
    size: ask.Size = "128",
    clips: Annotated[bool, flag("--clips", "Render moving clips (MP4) instead of pictures (PNG).")] = False,
    frames: ClipFrames = None,
    fps: ClipFps = None,
    seed: WorldSeed = 0,
    start: Annotated[int, int_option("--start", 0, "Number of the first scene.")] = 0,
    held_out: Annotated[bool, flag("--held-out", "Only combinations that are never used for training.")] = False,
    style: Annotated[str, text_option("--style", "NAME", "One style for all scenes.")] = "",
    sprites: ask.Sprites = "",
    mix: Mix = "world",
    device: Annotated[str, text_option("--device", "NAME", "Where to render: cpu, cuda or mps.")] = "cpu",
    workers: RenderWorkers = None,
    ray: OnRay = False,
    quiet: ask.Quiet = False,
) -> None:
    """Render scenes with captions into a folder."""
    frames = _frames_of_clips(frames, clips, fps)
    from mutoscope.data.folder import Scenery, render_folder

    sides = ask.read_size(size or "128")
    scenery = Scenery(**sides, frames=frames, fps=DEFAULT_FPS if fps is None else fps, seed=seed,
                      held_out=held_out, style=style, sprites=sprites, mix=mix)  # fmt: skip
    if ray and device != "cpu":
        raise SettingError(f"got --ray together with --device {device}; the workers of a cluster render on cpu")
    events = render_folder(Path(out), scenery, count, start, device, _spread(workers, ray, unsaid=1))
    say(watch(events, quiet=quiet, lines_every=LINE_SECONDS))


def _frames_of_clips(frames: int | None, clips: bool, fps: int | None) -> int:
    """Return the frames of a clip, 1 for pictures; SizeError for options that do not fit."""
    if not clips and (frames is not None or fps is not None):
        raise SizeError("--frames and --fps are for clips; add --clips")
    frames = DEFAULT_FRAMES if frames is None else frames
    if clips and frames < 2:
        raise SizeError(f"--frames must be 2 or more, got {frames}; leave out --clips for pictures")
    return frames if clips else 1


def collect(
    source: Annotated[str, argument("SOURCE", "A folder, a .tar of shards, or hf:OWNER/NAME.")],
    out: FillFolder,
    captions: Annotated[str, text_option("--captions", "FILE", "CSV, TSV or JSONL file of captions.")] = "",
    kind: Kind = "",
    split: Annotated[str, text_option("--split", "NAME", "Split of a hub data set.")] = "train",
    credit: Annotated[str, text_option("--source", "WORDS", "Source of items that name none.")] = "",
    licence: Annotated[str, text_option("--licence", "WORDS", "Licence of items that name none.")] = "",
    link: Annotated[bool, flag("--link", "Make hard links instead of copies where the disk allows it.")] = False,
    refresh: Annotated[
        bool,
        flag("--refresh", "Take over edited captions and replaced files, and take out what the source has no more."),
    ] = False,
    quiet: ask.Quiet = False,
) -> None:
    """Gather pictures and clips with their captions into one folder."""
    from mutoscope.data.collect import collect as start

    events = start(source, Path(out), kind=kind, table=captions, split=split, credit=credit, licence=licence, link=link,
                   refresh=refresh)  # fmt: skip
    done = watch(events, quiet=quiet, lines_every=LINE_SECONDS)
    if not quiet:
        _say_collected(done, out)
    say(out)


def _say_collected(done: Any, out: str) -> None:
    """Say what was passed over and what the items lack."""
    from mutoscope.data.collect import PASSED

    for reason, count in sorted(done.passed.items(), key=lambda item: -item[1])[:8]:
        note(f"passed over: {count:,}: {reason}")
    if done.passed:
        note(f"each of them is named in {Path(out) / PASSED}")
    if done.changed or done.gone:
        taken = "taken over" if done.refreshed else "not taken over; --refresh does it"
        note(
            f"in the source {done.changed:,} items have changed and {done.gone:,} are gone since they were collected: {taken}"
        )
    if done.repeated:
        note(f"{done.repeated:,} lie in folders named REPEATS_name, as kohya's: each counts that often in training; "
             "mutoscope train image --set repeats=false counts it once")  # fmt: skip
    if done.without_caption:
        note(f"{done.without_caption:,} of {done.added:,} have no caption that can be read; the check drops them")
        if done.kind == "sidecar":
            note("captions were taken from the text files beside the pictures; --kind class takes the names of folders")
    if done.without_licence:
        note(f"{done.without_licence:,} of {done.added:,} say no licence; give it with --licence")
    note(f"{done.items:,} items ({done.kind}); next: mutoscope data check {out}")


def check(
    folder: Folder,
    min_side: Annotated[int, int_option("--min-side", 64, "Minimum of the shorter side.", "PIXELS")] = 64,
    min_words: Annotated[int, int_option("--min-words", 1, "Minimum number of words in a caption.")] = 1,
    keep: Kept = None,
    max_unreadable: MaxUnreadable = 0.01,
    workers: Workers = None,
    ray: OnRay = False,
    quiet: ask.Quiet = False,
    as_json: ask.Json = False,
) -> None:
    """Check every item and report what is wrong, as JSON and as a page with thumbnails."""
    from mutoscope.data.check import FOLDER, PAGE, Demands, advise, need_kept
    from mutoscope.data.check import check as start

    demands = Demands(min_side=min_side, min_words=min_words, keep=tuple(keep or ()), max_unreadable=max_unreadable)
    summary = watch(start(Path(folder), demands, _spread(workers, ray)), quiet=quiet, lines_every=LINE_SECONDS)
    if as_json:
        say(json.dumps(summary))
        return need_kept(Path(folder), summary)
    if not quiet:
        table([("items", f"{summary['items']:,}"), ("kept", f"{summary['kept']:,}"),
               *((reason, f"{about['count']:,} {'dropped' if about['drops'] else 'kept'}: {about['words']}")
                 for reason, about in summary["reasons"].items())])  # fmt: skip
    say(Path(folder) / FOLDER / PAGE)
    need_kept(Path(folder), summary)
    if advice := advise(summary):
        note(f"most items are dropped: {advice}")


def pack(
    folder: Folder,
    out: FillFolder,
    size: ShorterSide = None,
    bucket: Buckets = None,
    frames: Annotated[int, int_option("--frames", 25, "Maximum number of frames per clip.")] = 25,
    fps: Annotated[
        float, float_option("--fps", 12, "Target frame rate; frames of faster clips are dropped.", "N")
    ] = 12.0,
    shard: Annotated[int, int_option("--shard", 500, "Items per shard.")] = 500,
    format: Annotated[
        str, text_option("--format", "NAME", "Format of pictures: png or webp (lossless), or jpg.")
    ] = "png",
    enlarge: Annotated[bool, flag("--enlarge", "Include items that are smaller than their bucket.")] = False,
    workers: Workers = None,
    ray: OnRay = False,
    quiet: ask.Quiet = False,
) -> None:
    """Crop the checked items to a few shapes and write them as shards for training."""
    from mutoscope.data import buckets
    from mutoscope.data.pack import Packing
    from mutoscope.data.pack import pack as start

    if size is not None and bucket:
        raise SizeError("got --size together with --bucket; give one or the other")
    shapes = buckets.read_buckets(bucket) if bucket else buckets.around(128 if size is None else size)
    packing = Packing(tuple(shapes), frames, fps, shard, format, enlarge)
    packed = watch(
        start(Path(folder), Path(out), packing, _spread(workers, ray)), quiet=quiet, lines_every=LINE_SECONDS
    )
    if not quiet:
        rows: list[tuple[str, object]] = [(name, f"{count:,} items") for name, count in packed.buckets.items()]
        rows += [("left out", f"{count:,} {reason}") for reason, count in packed.left_out.items()]
        table(rows + [("dropped", f"{packed.dropped:,} by the check")] * (packed.dropped > 0))
        if packed.advice:
            note(f"most items are left out: {packed.advice}")
    say(out)


def show(
    folder: Annotated[str, argument("DIR", "Captioned folder, packed folder, or a folder of them.")],
    out: Annotated[str | None, text_option("--out", "FILE", "Output file. Default: outputs/NAME-sheet.png.")] = None,
    count: Annotated[int, int_option("--count", 40, "Number of items on the sheet.")] = 40,
    seed: Annotated[int, int_option("--seed", 0, "Seed of the selection.")] = 0,
    quiet: ask.Quiet = False,
    as_json: ask.Json = False,
) -> None:
    """Draw a contact sheet of a data set and print its statistics."""
    from mutoscope import __version__
    from mutoscope.cli import naming
    from mutoscope.data.show import look_over
    from mutoscope.media import Provenance, write_picture

    stem = f"{naming.slug(Path(folder).resolve().name, 'data')}-sheet"
    given = None if out is None else naming.plan(out, stem, 1, moves=False)
    statistics, sheet = look_over(Path(folder), count, seed)
    (target,) = given or naming.plan(None, stem, 1, moves=False)  # outputs/ is made where there is something to write
    facts = statistics.to_dict()
    if as_json:
        say(json.dumps(facts))
    elif not quiet:
        _say_statistics(facts)
    if statistics.as_codes and not quiet:
        letters = printable(statistics.as_codes[:20])
        note(
            f"no font of this system has {letters}: the sheet shows codes for them; a font such as Noto Sans CJK brings them"
        )
    provenance = Provenance(None, None, f"Mutoscope {__version__}", marking=False)
    path = target.write(lambda path, exclusive: write_picture(sheet, path, provenance, exclusive=exclusive))
    (note if as_json else say)(path)


def _say_statistics(facts: dict[str, Any]) -> None:
    spread = facts["words_in_a_caption"]
    words = f"{spread[0]} to {spread[-1]}, half of them {spread[1]} to {spread[3]}" if spread else "-"
    rows: list[tuple[str, object]] = [
        ("items", f"{facts['items']:,}"), ("captions", f"{facts['captions']:,}"), ("words a caption", words),
        ("different words", f"{facts['different_words']:,}"),
    ]  # fmt: skip
    if facts["without_caption"]:
        rows.append(("without caption", f"{facts['without_caption']:,}"))
    for name in ("sizes", "lengths", "styles", "words", "licences", "sources"):
        most = list(facts[name].items())[: 12 if name == "words" else 6]
        rows.append((name, ", ".join(f"{printable(key)[:60]} {count:,}" for key, count in most) or "-"))
    table(rows)


def _spread(workers: int | None, ray: bool, unsaid: int | None = None) -> Any:
    """Return what runs a function over items: processes of this machine (`unsaid` many; None = one a core), or Ray."""
    if ray:
        if workers is not None:
            raise SettingError("got --ray together with --workers; the cluster decides how many there are")
        from mutoscope.cluster.data import ray_spread

        return ray_spread
    from mutoscope.data.workers import count_workers, on_this_machine

    return on_this_machine(count_workers(unsaid if workers is None else workers))


COMMANDS = {
    "render": (
        render,
        """
mutoscope data render --count 1000 --size 128 --out pictures
mutoscope data render --count 200 --clips --frames 25 --fps 12 --out clips
mutoscope data render --count 200 --held-out --seed 1 --out judge
mutoscope data render --count 20000 --sprites DIR --mix things --out things
mutoscope data render --count 50000 --workers 2 --out many""",
    ),
    "collect": (
        collect,
        """
mutoscope data collect photos --out mine --source "my camera" --licence CC0-1.0
mutoscope data collect photos --captions photos.csv --out mine
mutoscope data collect photos --out mine --refresh
mutoscope data collect hf:nlphuji/flickr30k --split test --out flickr""",
    ),
    "check": (
        check,
        """
mutoscope data check mine
mutoscope data check mine --min-side 128 --min-words 3 --keep blurred --max-unreadable 0.05""",
    ),
    "pack": (
        pack,
        """
mutoscope data pack mine --size 128 --out packed
mutoscope data pack mine --bucket 128x128 --bucket 256x128 --format webp --out packed
mutoscope data pack clips --size 96 --frames 49 --fps 12 --out packed""",
    ),
    "show": (
        show,
        """
mutoscope data show mine
mutoscope data show packed --count 60 --out sheet.png""",
    ),
}
