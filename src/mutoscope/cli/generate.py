"""The commands that draw: image, video, demo.

Order of work: words to options, options checked by the model they are for (no weights are loaded for that), names of the files
chosen, drawn with bars; each file is written and printed as soon as it is finished.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from mutoscope.cli import arguments as ask
from mutoscope.cli import loading, naming
from mutoscope.cli.console import note, say, watch

DEMO_SEED = 3


@dataclass(frozen=True)
class RunOptions:
    """How to draw and save, apart from what: of all this only the model and its precision change pixels."""

    model: str | None = None
    runtime: str = "auto"
    threads: int | None = None
    precision: str | None = None
    device: str = "auto"
    offload: str = "auto"
    metadata: bool = True
    marking: bool = True
    quiet: bool = False
    as_json: bool = False

    @property
    def engine_settings(self) -> dict[str, Any]:
        """How the model is run, as both classes take it."""
        return {
            "runtime": self.runtime, "threads": self.threads, "precision": self.precision, "device": self.device,
            "offload": self.offload,
        }  # fmt: skip

    def open_image_model(self) -> Any:
        """Return the model that draws pictures."""
        return loading.open_image_model(self.model, **self.engine_settings)

    def open_video_model(self) -> Any:
        """Return the model that draws clips."""
        return loading.open_video_model(self.model, **self.engine_settings)


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
    postprocess: ask.Postprocess = None,
    no_objects: ask.NoObjects = False,
    model: ask.Model = None,
    runtime: ask.Runtime = "auto",
    threads: ask.Threads = None,
    precision: ask.Precision = None,
    device: ask.Device = "auto",
    offload: ask.Offload = "auto",
    no_metadata: ask.NoMetadata = False,
    no_marking: ask.NoMarking = False,
    quiet: ask.Quiet = False,
    as_json: ask.Json = False,
) -> None:
    """Draw a picture from words."""
    run = RunOptions(
        model, runtime, threads, precision, device, offload, not no_metadata, not no_marking, quiet, as_json
    )
    options = {
        "style": style, "negative_prompt": negative_prompt, "num_inference_steps": steps, "guidance_scale": guidance,
        "seed": ask.read_seed(seed), "image": loading.read_init_image(image, mask), "strength": strength, "adapter": adapter,
        "postprocess": postprocess, "objects": False if no_objects else None, "num_images_per_prompt": number,
        **ask.ask_size(size, width, height), **ask.read_variation(vary, vary_seed),
    }  # fmt: skip
    image_model = run.open_image_model()
    asked = image_model.options(prompt, **options)
    requests = image_model.requests(asked)
    targets = naming.plan(output, f"{naming.slug(prompt)}-{asked.seed}", number, moves=False)
    draw(image_model, requests, asked.init_image, targets, run)


def video(
    prompt: ask.Prompt,
    output: ask.Output = None,
    number: ask.Number = 1,
    seconds: Annotated[
        float | None,
        typer.Option(
            "--seconds", metavar="S", parser=ask.decimal("--seconds", 5), help="Length in seconds. Default: 5."
        ),
    ] = None,
    fps: Annotated[
        int | None,
        typer.Option("--fps", metavar="N", parser=ask.whole("--fps", 12), help="Frames per second. Default: 12."),
    ] = None,
    frames: Annotated[
        int | None,
        typer.Option(
            "--frames", metavar="N", parser=ask.whole("--frames", 60), help="Number of frames, instead of --seconds."
        ),
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
    postprocess: ask.Postprocess = None,
    no_objects: ask.NoObjects = False,
    model: ask.Model = None,
    runtime: ask.Runtime = "auto",
    threads: ask.Threads = None,
    precision: ask.Precision = None,
    device: ask.Device = "auto",
    offload: ask.Offload = "auto",
    no_metadata: ask.NoMetadata = False,
    no_marking: ask.NoMarking = False,
    quiet: ask.Quiet = False,
    as_json: ask.Json = False,
) -> None:
    """Draw a clip from words."""
    run = RunOptions(
        model, runtime, threads, precision, device, offload, not no_metadata, not no_marking, quiet, as_json
    )
    options = {
        "style": style, "negative_prompt": negative_prompt, "num_inference_steps": steps, "guidance_scale": guidance,
        "seed": ask.read_seed(seed), "image": loading.read_init_image(image), "adapter": adapter, "postprocess": postprocess,
        "objects": False if no_objects else None, "num_videos_per_prompt": number, "fps": fps,
        **ask.read_length(seconds, frames), **ask.ask_size(size, width, height), **ask.read_variation(vary, vary_seed),
    }  # fmt: skip
    video_model = run.open_video_model()
    asked = video_model.options(prompt, **options)
    requests = video_model.requests(asked)
    targets = naming.plan(output, f"{naming.slug(prompt, 'clip')}-{asked.seed}", number, moves=True)
    draw(video_model, requests, asked.init_image, targets, run)


def demo(
    model: ask.Model = None,
    runtime: ask.Runtime = "auto",
    threads: ask.Threads = None,
    precision: ask.Precision = None,
    device: ask.Device = "auto",
    offload: ask.Offload = "auto",
    quiet: ask.Quiet = False,
) -> None:
    """Draw one picture and one clip into outputs/."""
    run = RunOptions(model, runtime, threads, precision, device, offload, quiet=quiet)
    image_model, video_model = run.open_image_model(), run.open_video_model()
    plan = (
        (image_model, "A serene lake surrounded by pine trees at sunset", naming.fixed("lake_sunset.png", moves=False)),
        (video_model, "Waves crashing on a beach", naming.fixed("beach_waves.mp4", moves=True)),
    )
    for drawer, prompt, path in plan:
        start = time.perf_counter()
        requests = drawer.requests(drawer.options(prompt, seed=DEMO_SEED))
        watch(drawer.draw(requests), quiet=quiet).save(path)
        say(f"{path}  {time.perf_counter() - start:.1f} s")
    say('next: mutoscope image "Mountains at dawn" --style watercolor')


def draw(model: Any, requests: list[Any], init_image: Any, targets: list[naming.Target], run: RunOptions) -> None:
    """Draw requests one after the other; each file is written and printed when it is finished."""
    for request, target in zip(requests, targets, strict=True):
        start = time.perf_counter()
        result = watch(model.draw([request], init_image), quiet=run.quiet)
        save(result, target, run, time.perf_counter() - start)


def save(result: Any, target: naming.Target, run: RunOptions, seconds: float) -> Path:
    """Write one picture or clip and print its file; warnings and the time it took go to stderr."""
    path = target.write(
        lambda path, exclusive: result.save(path, metadata=run.metadata, marking=run.marking, exclusive=exclusive)
    )
    if not run.quiet:
        for warning in result.warnings:
            note(f"mutoscope: warning: {warning}")
    if run.as_json:
        request = json.loads(result.request.to_json())
        facts = {"file": str(path), "seconds": round(seconds, 3), "warnings": list(result.warnings), "request": request}
        say(json.dumps(facts, ensure_ascii=True))
    else:
        say(path)
    return path


COMMANDS = {
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
