"""The verbs about training data: data render, collect, check, pack, show."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from mutoscope.cli import arguments as ask
from mutoscope.cli.console import note, printable, say, table, watch
from mutoscope.errors import SettingError, SizeError

Folder = Annotated[str, typer.Argument(metavar="DIR", parser=ask.text, help="A folder with captions.jsonl.")]
Workers = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", parser=ask.whole("--workers", 2), help="Processes; one for each core."),
]
OnRay = Annotated[
    bool, typer.Option("--ray", help="Spread the work over the Ray cluster that RAY_ADDRESS names, or a local one.")
]


def render(
    out: Annotated[
        str, typer.Option("--out", metavar="DIR", parser=ask.text, help="The folder to fill; run again to go on.")
    ],
    count: Annotated[
        int, typer.Option("--count", metavar="N", parser=ask.whole("--count", 1000), help="How many scenes.")
    ] = 1000,
    size: ask.Size = "128",
    clips: Annotated[
        bool, typer.Option("--clips", help="Render moving clips (MP4) instead of pictures (PNG).")
    ] = False,
    frames: Annotated[
        int | None,
        typer.Option("--frames", metavar="N", parser=ask.whole("--frames", 25), help="Frames of a clip; 25."),
    ] = None,
    fps: Annotated[
        int | None, typer.Option("--fps", metavar="N", parser=ask.whole("--fps", 12), help="Frames a second; 12.")
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", parser=ask.whole("--seed", 0), help="Which world to draw from.")
    ] = 0,
    start: Annotated[
        int, typer.Option("--start", metavar="N", parser=ask.whole("--start", 0), help="The number of the first scene.")
    ] = 0,
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Only the combinations that never enter training.")
    ] = False,
    style: Annotated[
        str, typer.Option("--style", metavar="NAME", parser=ask.text, help="One style for all scenes.")
    ] = "",
    sprites: ask.Sprites = "",
    mix: Annotated[
        str,
        typer.Option(
            "--mix",
            metavar="NAME",
            parser=ask.text,
            help="world: things in half of the scenes; things: one large common thing in most.",
        ),
    ] = "world",
    device: Annotated[
        str, typer.Option("--device", metavar="NAME", parser=ask.text, help="Where to render: cpu, cuda or mps.")
    ] = "cpu",
    workers: Annotated[
        int | None,
        typer.Option("--workers", metavar="N", parser=ask.whole("--workers", 2), help="Processes that render; 1."),
    ] = None,
    ray: OnRay = False,
    quiet: ask.Quiet = False,
) -> None:
    """Render scenes with captions into a folder."""
    if not clips and (frames is not None or fps is not None):
        raise SizeError("--frames and --fps are for clips; add --clips")
    frames = 25 if frames is None else frames
    if clips and frames < 2:
        raise SizeError(f"--frames must be 2 or more, got {frames}; leave out --clips for pictures")
    from mutoscope.data.folder import Scenery, render_folder

    sides = ask.read_size(size)
    scenery = Scenery(**sides, frames=frames if clips else 1, fps=12 if fps is None else fps, seed=seed,
                      held_out=held_out, style=style, sprites=sprites, mix=mix)  # fmt: skip
    if ray and device != "cpu":
        raise SettingError(f"got --ray together with --device {device}; the workers of a cluster render on cpu")
    events = render_folder(Path(out), scenery, count, start, device, _spread(workers, ray, unsaid=1))
    say(watch(events, quiet=quiet, lines_every=30.0))


def collect(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", parser=ask.text, help="A folder, a .tar of shards, or hf:OWNER/NAME.")
    ],
    out: Annotated[
        str, typer.Option("--out", metavar="DIR", parser=ask.text, help="The folder to fill; run again to go on.")
    ],
    captions: Annotated[
        str, typer.Option("--captions", metavar="FILE", parser=ask.text, help="A CSV, TSV or JSONL of captions.")
    ] = "",
    kind: Annotated[
        str,
        typer.Option("--kind", metavar="KIND", parser=ask.text,
                     help="rows, table, sidecar, class, shards or hub; found out if not given."),
    ] = "",
    split: Annotated[
        str, typer.Option("--split", metavar="NAME", parser=ask.text, help="The split of a hub data set.")
    ] = "train",
    credit: Annotated[
        str, typer.Option("--source", metavar="WORDS", parser=ask.text, help="Where items come from, if they do not say.")
    ] = "",
    licence: Annotated[
        str, typer.Option("--licence", metavar="WORDS", parser=ask.text, help="Their licence, if they do not say.")
    ] = "",
    link: Annotated[
        bool, typer.Option("--link", help="Hard links instead of copies, where the disk allows it.")
    ] = False,
    quiet: ask.Quiet = False,
) -> None:  # fmt: skip
    """Gather pictures and clips with their captions into one folder."""
    from mutoscope.data.collect import PASSED
    from mutoscope.data.collect import collect as start

    events = start(source, Path(out), kind=kind, table=captions, split=split, credit=credit, licence=licence, link=link)
    done = watch(events, quiet=quiet, lines_every=30.0)
    if not quiet:
        for reason, count in sorted(done.passed.items(), key=lambda item: -item[1])[:8]:
            note(f"passed over: {count:,}: {reason}")
        if done.passed:
            note(f"each of them is named in {Path(out) / PASSED}")
        if done.without_caption:
            note(f"{done.without_caption:,} of {done.added:,} have no caption that can be read; the check drops them")
        if done.without_licence:
            note(f"{done.without_licence:,} of {done.added:,} say no licence; give it with --licence")
        note(f"{done.items:,} items ({done.kind}); next: mutoscope data check {out}")
    say(out)


def check(
    folder: Folder,
    min_side: Annotated[
        int,
        typer.Option("--min-side", metavar="PIXELS", parser=ask.whole("--min-side", 64), help="The least shorter side."),
    ] = 64,
    min_words: Annotated[
        int, typer.Option("--min-words", metavar="N", parser=ask.whole("--min-words", 1), help="Of a caption.")
    ] = 1,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="REASON", parser=ask.text, help="Drop nothing for this; may be given many times."),
    ] = None,
    max_unreadable: Annotated[
        float,
        typer.Option("--max-unreadable", metavar="SHARE", parser=ask.decimal("--max-unreadable", 0.01),
                     help="Stop above this share of items that cannot be read."),
    ] = 0.01,
    workers: Workers = None,
    ray: OnRay = False,
    quiet: ask.Quiet = False,
    as_json: ask.Json = False,
) -> None:  # fmt: skip
    """Look at every item and say what is wrong with it, as JSON and as a page with thumbnails."""
    from mutoscope.data.check import FOLDER, PAGE, Demands
    from mutoscope.data.check import check as start

    demands = Demands(min_side=min_side, min_words=min_words, keep=tuple(keep or ()), max_unreadable=max_unreadable)
    summary = watch(start(Path(folder), demands, _spread(workers, ray)), quiet=quiet, lines_every=30.0)
    if as_json:
        say(json.dumps(summary))
        return
    if not quiet:
        table([("items", f"{summary['items']:,}"), ("kept", f"{summary['kept']:,}"),
               *((reason, f"{about['count']:,} {'dropped' if about['drops'] else 'kept'}: {about['words']}")
                 for reason, about in summary["reasons"].items())])  # fmt: skip
    say(Path(folder) / FOLDER / PAGE)


def pack(
    folder: Folder,
    out: Annotated[
        str, typer.Option("--out", metavar="DIR", parser=ask.text, help="The folder to fill; run again to go on.")
    ],
    size: Annotated[
        int | None,
        typer.Option("--size", metavar="PIXELS", parser=ask.whole("--size", 128),
                     help="The shorter side of three buckets: square, 3:2 and 2:3; 128."),
    ] = None,
    bucket: Annotated[
        list[str] | None,
        typer.Option("--bucket", metavar="WxH", parser=ask.text, help="A bucket of your own; may be given many times."),
    ] = None,
    frames: Annotated[
        int, typer.Option("--frames", metavar="N", parser=ask.whole("--frames", 25), help="Most frames of a clip.")
    ] = 25,
    fps: Annotated[
        float,
        typer.Option("--fps", metavar="N", parser=ask.decimal("--fps", 12), help="Faster clips are thinned towards it."),
    ] = 12.0,
    shard: Annotated[
        int, typer.Option("--shard", metavar="N", parser=ask.whole("--shard", 500), help="Items in a shard.")
    ] = 500,
    format: Annotated[
        str, typer.Option("--format", metavar="NAME", parser=ask.text, help="Of pictures: png, webp (both lossless), jpg.")
    ] = "png",
    enlarge: Annotated[
        bool, typer.Option("--enlarge", help="Take items that are smaller than their bucket too.")
    ] = False,
    workers: Workers = None,
    ray: OnRay = False,
    quiet: ask.Quiet = False,
) -> None:  # fmt: skip
    """Crop what the check kept to a few shapes and write it as shards to train on."""
    from mutoscope.data import buckets
    from mutoscope.data.pack import Packing
    from mutoscope.data.pack import pack as start

    if size is not None and bucket:
        raise SizeError("got --size together with --bucket; give one or the other")
    shapes = buckets.read_buckets(bucket) if bucket else buckets.around(128 if size is None else size)
    packing = Packing(tuple(shapes), frames, fps, shard, format, enlarge)
    packed = watch(start(Path(folder), Path(out), packing, _spread(workers, ray)), quiet=quiet, lines_every=30.0)
    if not quiet:
        rows: list[tuple[str, object]] = [(name, f"{count:,} items") for name, count in packed.buckets.items()]
        table(rows + [("left out", f"{count:,} {reason}") for reason, count in packed.left_out.items()])
    say(out)


def show(
    folder: Annotated[
        str, typer.Argument(metavar="DIR", parser=ask.text, help="A captioned folder, a pack, or a folder of them.")
    ],
    out: Annotated[
        str | None,
        typer.Option("--out", metavar="FILE", parser=ask.text, help="The contact sheet; outputs/NAME-sheet.png."),
    ] = None,
    count: Annotated[
        int, typer.Option("--count", metavar="N", parser=ask.whole("--count", 40), help="Items on the sheet.")
    ] = 40,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", parser=ask.whole("--seed", 0), help="Which items are on it.")
    ] = 0,
    quiet: ask.Quiet = False,
    as_json: ask.Json = False,
) -> None:  # fmt: skip
    """Draw a contact sheet of a data set and count what is in it."""
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


VERBS = {
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
