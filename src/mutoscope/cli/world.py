"""The verb `world`: draws what the grammar of the rendered world understands, without any model.

A toy, a way to see what a scene of the training data looks like, and a lesson in what the model was told.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from mutoscope.cli import arguments as ask
from mutoscope.cli import naming
from mutoscope.cli.console import note, say
from mutoscope.errors import MissingExtraError, SettingError

MOST_PIXELS = 2048


def world(
    prompt: ask.Prompt,
    output: ask.Output = None,
    size: ask.Size = "256",
    seconds: Annotated[
        float | None,
        typer.Option(
            "--seconds", metavar="S", parser=ask.decimal("--seconds", 2.0), help="Draw a clip of so many seconds."
        ),
    ] = None,
    fps: Annotated[
        int, typer.Option("--fps", metavar="N", parser=ask.whole("--fps", 12), help="Frames a second.")
    ] = 12,
    seed: ask.Seed = None,
    quiet: ask.Quiet = False,
) -> None:
    """Draw a sentence with the renderer that makes the training data, not with the model."""
    from mutoscope.world.read import read

    if not prompt.strip():
        raise SettingError('the prompt is empty; say what to draw, such as "a lake at dawn, watercolor"')
    if seconds is not None and not 0 < seconds <= 60:
        raise SettingError(f"--seconds must be above 0 and at most 60, got {seconds}")
    moves = seconds is not None
    path = naming.plan(output, naming.slug(prompt), 1, moves=moves)[0]
    reading = read(prompt)
    for words, why in ((reading.unknown, "not understood"), (reading.unused, "not drawn, one of a kind is enough")):
        if words and not quiet:
            note(f"{why}: {', '.join(words)}")
    pixels = _draw(
        reading.facts, ask.read_size(size, None, None), ask.read_seed(seed, 0) if seed else 0, seconds, fps, quiet
    )
    _write(pixels, path, fps, moves)
    say(str(path))


def _draw(facts: dict[str, str], sides: dict[str, int], seed: int, seconds: float | None, fps: int, quiet: bool) -> Any:
    """Return uint8 frames (T, H, W, 3)."""
    try:
        from mutoscope.world.render import render
    except ImportError as error:
        raise MissingExtraError("PyTorch", "torch") from error
    from mutoscope.world.captions import caption
    from mutoscope.world.spec import draw_spec

    if max(sides.values()) > MOST_PIXELS:
        raise SettingError(f"--size must be at most {MOST_PIXELS}, got {max(sides.values())}")
    spec = draw_spec(seed, 0, held_out=None, **{"style": "photo", **facts})
    if not quiet:
        note(f"drawn: {caption(spec, length='medium', held_out=None)}")
    times = [frame / fps for frame in range(max(1, round((seconds or 0) * fps)))]
    unit = render([spec], sides["width"], sides["height"], times)[0]
    return (unit.clamp(0, 1) * 255).round().byte().permute(1, 2, 3, 0).numpy()


def _write(frames: Any, path: Path, fps: int, moves: bool) -> None:
    from mutoscope import __version__
    from mutoscope.media import Provenance, write_clip, write_picture

    mark = Provenance(request_json=None, parameters=None, software=f"Mutoscope {__version__}", marking=False)
    if moves:
        write_clip(frames, fps, path, mark)
    else:
        write_picture(frames[0], path, mark)


VERBS = {
    "world": (
        world,
        """
mutoscope world "a calm lake at dawn, watercolor" -o lake.png
mutoscope world "a lighthouse in a storm at night" --size 512
mutoscope world "waves on a beach at sunset, the camera pans left" --seconds 4 -o pan.mp4""",
    ),
}
