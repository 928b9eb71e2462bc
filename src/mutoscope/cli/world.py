"""The command `world`: draws what the grammar of the rendered world understands, without any model.

A toy, a way to see what a scene of the training data looks like, and a lesson in what the model was told.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from mutoscope.cli import arguments as ask
from mutoscope.cli import naming
from mutoscope.cli.arguments import float_option, int_option
from mutoscope.cli.console import note, say
from mutoscope.errors import MissingExtraError, SettingError

MOST_PIXELS = 2048


def world(
    prompt: ask.Prompt,
    output: ask.Output = None,
    size: ask.Size = "256",
    seconds: Annotated[
        float | None, float_option("--seconds", 2.0, "Draw a clip of this length, in seconds.", "S")
    ] = None,
    fps: Annotated[int, int_option("--fps", 12, "Frames per second.")] = 12,
    seed: ask.Seed = None,
    sprites: ask.Sprites = "",
    quiet: ask.Quiet = False,
) -> None:
    """Draw a sentence with the renderer of the training data, not with the model.

    Things in it come from the system's emoji font, or from the sets of --sprites.
    """
    if not prompt.strip():
        raise SettingError('the prompt is empty; say what to draw, such as "a lake at dawn, watercolor"')
    if seconds is not None and not 0 < seconds <= 60:
        raise SettingError(f"--seconds must be above 0 and at most 60, got {seconds}")
    moves = seconds is not None
    (target,) = naming.plan(output, naming.slug(prompt), 1, moves=moves)
    sides = ask.read_size(size or "256")
    if max(sides.values()) > MOST_PIXELS:
        raise SettingError(f"--size must be at most {MOST_PIXELS}, got {max(sides.values())}")
    tell = (lambda words: None) if quiet else note
    spec, library = _understand(prompt, ask.read_seed(seed) if seed else 0, sprites, tell)
    times = [frame / fps for frame in range(max(1, round((seconds or 0) * fps)))]
    pixels = _draw(spec, sides, times, library)
    say(target.write(lambda path, exclusive: _write(pixels, path, fps, moves, exclusive)))


def _understand(prompt: str, seed: int, sprites: str, tell: Callable[[str], None]) -> tuple[Any, Any]:
    """Return (spec, library) of a sentence, and tell what of it was not understood and what will be drawn."""
    try:
        from mutoscope.world.read import read, read_things
        from mutoscope.world.sprites import SpriteLibrary, open_sets, system_font
    except ImportError as error:
        raise MissingExtraError("PyTorch", "torch") from error
    from mutoscope.world.captions import caption
    from mutoscope.world.draw_spec import draw_spec

    reading = read(prompt)
    sets = sprites or ("system" if system_font() else "")
    library = open_sets(sets) if sets else SpriteLibrary.empty()
    facts: dict[str, Any] = {"style": "photo", **reading.facts}
    spec = draw_spec(seed, 0, held_out=None, **facts)
    things, missing = read_things(prompt, spec, library)
    if missing and "scene" not in reading.facts:  # on a plain ground there is room for everything
        plain: dict[str, Any] = facts | {"scene": "plain ground"}
        alone = draw_spec(seed, 0, held_out=None, **plain)
        there, left_out = read_things(prompt, alone, library)
        if len(there) > len(things):
            spec, things, missing = alone, there, left_out
    spec = replace(spec, things=things)
    told = [(reading.unknown, "not understood"), (reading.unused, "not drawn, one of a kind is enough")]
    told += [([word for word in missing if missing[word] == why], f"not drawn, {why}")
             for why in dict.fromkeys(missing.values())]  # fmt: skip
    for words, why in told:
        if words:
            tell(f"{why}: {', '.join(words)}")
    if missing and not library.sprites:
        tell(
            "things are drawn from sprites: install an emoji font (as fonts-noto-color-emoji), or name sets with --sprites"
        )
    tell(f"drawn: {caption(spec, length='medium', held_out=None)}")
    return spec, library


def _draw(spec: Any, sides: dict[str, int], times: list[float], library: Any) -> Any:
    """Return uint8 frames (T, H, W, 3)."""
    from mutoscope.media.pixels import unit_to_levels
    from mutoscope.world.render import render

    unit = render([spec], sides["width"], sides["height"], times, library=library)[0]
    return unit_to_levels(unit).permute(1, 2, 3, 0).numpy()


def _write(frames: Any, path: Path, fps: int, moves: bool, exclusive: bool) -> None:
    from mutoscope import __version__
    from mutoscope.media import Provenance, write_clip, write_picture

    mark = Provenance(request_json=None, parameters=None, software=f"Mutoscope {__version__}", marking=False)
    if moves:
        write_clip(frames, fps, path, mark, exclusive=exclusive)
    else:
        write_picture(frames[0], path, mark, exclusive=exclusive)


COMMANDS = {
    "world": (
        world,
        """
mutoscope world "a calm lake at dawn, watercolor" -o lake.png
mutoscope world "a lighthouse in a storm at night" --size 512
mutoscope world "two red foxes in a meadow" --sprites system
mutoscope world "waves on a beach at sunset, the camera pans left" --seconds 4 -o pan.mp4""",
    ),
}
