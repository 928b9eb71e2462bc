"""The verbs about training data: data render."""

from pathlib import Path
from typing import Annotated

import typer

from mutoscope.cli import arguments as ask
from mutoscope.cli.console import say, watch
from mutoscope.errors import SizeError


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
    sprites: Annotated[
        str,
        typer.Option(
            "--sprites",
            metavar="DIR",
            parser=ask.text,
            help="Sprite sets for things in the scenes; system = the emoji font.",
        ),
    ] = "",
    device: Annotated[
        str, typer.Option("--device", metavar="NAME", parser=ask.text, help="Where to render: cpu, cuda or mps.")
    ] = "cpu",
    quiet: ask.Quiet = False,
) -> None:
    """Render scenes with captions into a folder."""
    if not clips and (frames is not None or fps is not None):
        raise SizeError("--frames and --fps are for clips; add --clips")
    frames = 25 if frames is None else frames
    if clips and frames < 2:
        raise SizeError(f"--frames must be 2 or more, got {frames}; leave out --clips for pictures")
    from mutoscope.data.folder import Scenery, render_folder

    sides = ask.read_size(size, None, None)
    scenery = Scenery(**sides, frames=frames if clips else 1, fps=12 if fps is None else fps, seed=seed,
                      held_out=held_out, style=style, sprites=sprites)  # fmt: skip
    say(watch(render_folder(Path(out), scenery, count, start, device), quiet=quiet, lines_every=30.0))


VERBS = {
    "render": (
        render,
        """
mutoscope data render --count 1000 --size 128 --out pictures
mutoscope data render --count 200 --clips --frames 25 --fps 12 --out clips
mutoscope data render --count 200 --held-out --seed 1 --out judge""",
    ),
}
