"""The verbs that draw: image, video, demo.

Order of work: words to values, values checked (request, output), model loaded, drawn with bars, saved, files printed.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from mutoscope.cli import arguments as ask
from mutoscope.cli import loading, naming
from mutoscope.cli.console import note, say, watch
from mutoscope.errors import SettingError, SizeError

MOST = 64  # of one request
MOST_SECONDS = 300
DEMO_SEED, DEMO_WAVES_SEED = 3, 3
DEFAULT_SECONDS, DEFAULT_FPS = 5.0, 12


@dataclass(frozen=True)
class Way:
    """How to draw and save, apart from what: nothing in here changes a pixel, except the choice of the model."""

    model: str | None = None
    runtime: str = "auto"
    threads: int | None = None
    metadata: bool = True
    marking: bool = True
    quiet: bool = False
    as_json: bool = False

    def __post_init__(self):
        loading.check_runtime(self.runtime, self.threads)

    def load(self, door: Callable[..., Any]) -> Any:
        """Return the model behind one of the doors of `loading`."""
        return door(self.model, runtime=self.runtime, threads=self.threads)


@dataclass(frozen=True)
class Wish:
    """What was asked: `settings` as the model takes them, `frames` as the request counts them."""

    prompt: str
    number: int = 1
    settings: dict[str, Any] = field(default_factory=dict)
    frames: dict[str, int] = field(default_factory=dict)

    def check(self) -> None:
        """Raise RequestError for what no model could do."""
        if not 1 <= self.number <= MOST:
            raise SettingError(f"--number must be from 1 to {MOST}, got {self.number}")
        apart = ("duration_seconds", "num_frames", "fps", "adapter", "image", "things")
        hashes = self.settings["image"].hashes if "image" in self.settings else {}
        shared = {k: v for k, v in self.settings.items() if k not in apart}
        loading.check_request(prompt=self.prompt, **shared, **self.frames, **hashes)
        if "adapter" in self.settings:
            loading.check_adapter(self.settings["adapter"])

    def arguments(self) -> dict[str, Any]:
        """Return the keyword arguments of `model.stream`."""
        count = "num_videos_per_prompt" if self.frames else "num_images_per_prompt"
        return {**self.settings, **({count: self.number} if self.number > 1 else {})}


def image(
    prompt: ask.Prompt,
    output: ask.Output = None,
    number: ask.Number = 1,
    style: ask.Style = None,
    size: ask.Size = None,
    width: ask.Width = None,
    height: ask.Height = None,
    negative_prompt: ask.NegativePrompt = None,
    steps: ask.Steps = None,
    guidance: ask.Guidance = None,
    seed: ask.Seed = None,
    image: ask.Image = None,
    strength: ask.Strength = None,
    mask: ask.Mask = None,
    vary: ask.Vary = None,
    vary_seed: ask.VarySeed = None,
    adapter: ask.Adapter = None,
    no_things: ask.NoThings = False,
    model: ask.Model = None,
    runtime: ask.Runtime = "auto",
    threads: ask.Threads = None,
    no_metadata: ask.NoMetadata = False,
    no_marking: ask.NoMarking = False,
    quiet: ask.Quiet = False,
    as_json: ask.Json = False,
) -> None:
    """Draw a picture from words."""
    way = Way(model, runtime, threads, not no_metadata, not no_marking, quiet, as_json)
    settings = _settings(style, size, width, height, negative_prompt, steps, guidance, seed, adapter, no_things)
    start = {"image": loading.read_init_image(image, mask), "strength": strength, **ask.read_variation(vary, vary_seed)}
    settings |= {name: value for name, value in start.items() if value is not None}
    wish = Wish(prompt, number, settings)
    wish.check()
    stem = f"{naming.slug(prompt)}-{settings['seed']}"
    targets = naming.plan(output, stem, number, moves=False)
    draw(wish, targets, way, loading.load_image_model)


def video(
    prompt: ask.Prompt,
    output: ask.Output = None,
    number: ask.Number = 1,
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", metavar="S", parser=ask.decimal("--seconds", 5), help="How long it plays; 5."),
    ] = None,
    fps: Annotated[
        int | None,
        typer.Option("--fps", metavar="N", parser=ask.whole("--fps", 12), help="Frames a second; 12."),
    ] = None,
    frames: Annotated[
        int | None,
        typer.Option("--frames", metavar="N", parser=ask.whole("--frames", 60), help="Frames, instead of --seconds."),
    ] = None,
    style: ask.Style = None,
    size: ask.Size = None,
    width: ask.Width = None,
    height: ask.Height = None,
    negative_prompt: ask.NegativePrompt = None,
    steps: ask.Steps = None,
    guidance: ask.Guidance = None,
    seed: ask.Seed = None,
    image: ask.FirstFrame = None,
    vary: ask.Vary = None,
    vary_seed: ask.VarySeed = None,
    adapter: ask.Adapter = None,
    no_things: ask.NoThings = False,
    model: ask.Model = None,
    runtime: ask.Runtime = "auto",
    threads: ask.Threads = None,
    no_metadata: ask.NoMetadata = False,
    no_marking: ask.NoMarking = False,
    quiet: ask.Quiet = False,
    as_json: ask.Json = False,
) -> None:
    """Draw a clip from words."""
    way = Way(model, runtime, threads, not no_metadata, not no_marking, quiet, as_json)
    settings = _settings(style, size, width, height, negative_prompt, steps, guidance, seed, adapter, no_things)
    settings |= ask.read_variation(vary, vary_seed) | (
        {} if image is None else {"image": loading.read_init_image(image)}
    )
    length, counted = _length(seconds, fps, frames)
    wish = Wish(prompt, number, {**settings, **length}, counted)
    wish.check()
    stem = f"{naming.slug(prompt, 'clip')}-{settings['seed']}"
    targets = naming.plan(output, stem, number, moves=True)
    draw(wish, targets, way, loading.load_video_model)


def demo(
    model: ask.Model = None,
    runtime: ask.Runtime = "auto",
    threads: ask.Threads = None,
    quiet: ask.Quiet = False,
) -> None:
    """Draw one picture and one clip into outputs/."""
    way = Way(model, runtime, threads, quiet=quiet)
    lake = Wish("A serene lake surrounded by pine trees at sunset", settings={"seed": DEMO_SEED})
    length, counted = _length(DEFAULT_SECONDS, None, None)
    waves = Wish("Waves crashing on a beach", settings={"seed": DEMO_WAVES_SEED, **length}, frames=counted)
    plan = (
        (lake, naming.fixed("lake_sunset.png", moves=False), loading.load_image_model),
        (waves, naming.fixed("beach_waves.mp4", moves=True), loading.load_video_model),
    )
    for wish, path, door in plan:
        wish.check()
        start = time.perf_counter()
        result = watch(way.load(door).stream(wish.prompt, **wish.arguments()), quiet=quiet)
        result.save(path)
        say(f"{path}  {time.perf_counter() - start:.1f} s")
    say('next: mutoscope image "Mountains at dawn" --style watercolor')


def _settings(
    style: str | None,
    size: str | None,
    width: int | None,
    height: int | None,
    negative_prompt: str | None,
    steps: int | None,
    guidance: float | None,
    seed: str | None,
    adapter: str | None,
    no_things: bool,
) -> dict[str, Any]:
    """Return what pictures and clips have in common, only what was given, and always a seed."""
    given = {
        "style": style,
        "negative_prompt": negative_prompt,
        "num_inference_steps": steps,
        "guidance_scale": guidance,
        "adapter": adapter,
        "things": False if no_things else None,
        **ask.ask_size(size, width, height),
    }
    return {**{k: v for k, v in given.items() if v is not None}, "seed": ask.read_seed(seed)}


def _length(seconds: float | None, fps: int | None, frames: int | None) -> tuple[dict[str, Any], dict[str, int]]:
    """Return the length as the model takes it and as the request counts it; raises SizeError."""
    if seconds is not None and frames is not None:
        raise SizeError("got --seconds together with --frames; give one or the other")
    rate = DEFAULT_FPS if fps is None else fps
    if frames is None:
        seconds = DEFAULT_SECONDS if seconds is None else seconds
        if not 0 < seconds <= MOST_SECONDS:
            raise SizeError(f"--seconds must be more than 0 and at most {MOST_SECONDS}, got {seconds:g}; for example 5")
        asked: dict[str, Any] = {"duration_seconds": seconds}
        counted = max(1, round(seconds * rate))
    else:
        if frames < 2:
            raise SizeError(f"--frames must be 2 or more for a clip, got {frames}; for one frame use mutoscope image")
        asked, counted = {"num_frames": frames}, frames
    return asked | ({} if fps is None else {"fps": fps}), {"num_frames": counted, "fps": rate}


def draw(wish: Wish, targets: list[naming.Target], way: Way, door: Callable[..., Any]) -> None:
    """Load the model, draw, save and print; one file for each of `targets`."""
    start = time.perf_counter()
    result = watch(way.load(door).stream(wish.prompt, **wish.arguments()), quiet=way.quiet)
    results = result if isinstance(result, list) else [result]
    for one, target in zip(results, targets, strict=True):
        save(one, target, way, time.perf_counter() - start)


def save(result: Any, target: naming.Target, way: Way, seconds: float) -> None:
    """Write one picture or clip and print its file; warnings and the time it took go to stderr."""
    path = target.write(
        lambda path, exclusive: result.save(path, metadata=way.metadata, marking=way.marking, exclusive=exclusive)
    )
    if not way.quiet:
        for warning in result.warnings:
            note(f"mutoscope: warning: {warning}")
    if way.as_json:
        request = json.loads(result.request.to_json())
        facts = {"file": str(path), "seconds": round(seconds, 3), "warnings": list(result.warnings), "request": request}
        say(json.dumps(facts, ensure_ascii=True))
    else:
        say(path)


VERBS = {
    "image": (
        image,
        """
mutoscope image "A serene lake surrounded by pine trees at sunset"
mutoscope image "Mountains at dawn" --style watercolor --size 3:2 --seed 7 -o dawn.png
mutoscope image "A lake under the stars" --size 1024x1024 -o stars.png
mutoscope image "A beach with palms" --not "people" -n 4 -o beach.jpg
mutoscope image "{pine|palm} trees, (fog:1.4), a __colors__ sky" --style "watercolor:0.7, pixel art:0.3" -n 4
mutoscope image "A lake, mystyle" --adapter mystyle:0.8
mutoscope image "The lake in winter" --image lake.png --strength 0.6
mutoscope image "A lake at sunset" --image lake.png --mask white_is_new.png
mutoscope image "Mountains at dawn" --seed 7 --vary 0.2 -n 4""",
    ),
    "video": (
        video,
        """
mutoscope video "Waves crashing on a beach"
mutoscope video "Snow falling on a village at night" --seconds 3 -o snow.gif
mutoscope video "Clouds over a meadow" --frames 25 --fps 8 --seed 7 -o clouds.webm
mutoscope video "Waves on a beach" --image beach.png --seconds 3""",
    ),
    "demo": (demo, "\nmutoscope demo"),
}
