"""Tools for assistants, by the Model Context Protocol: draw a picture, film a clip, list styles and models.

One drawing runs at a time, in one thread, an event after the other; a call that is cancelled ends it within a step.
"""

import asyncio
import io
import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from mcp.server.mcpserver import Context, Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

from mutoscope import __version__
from mutoscope.engines import EngineSettings
from mutoscope.errors import MutoscopeError, SettingError, did_you_mean
from mutoscope.events import Event
from mutoscope.media.storage import make_folder
from mutoscope.models import TextToImageModel, TextToVideoModel
from mutoscope.prompt.styles import known_styles, own_styles

MOST_BYTES = 700_000  # of a picture that is sent as it is; assistants take about a megabyte in base64
SHOWN_SIDE = 1024  # pixels of one that is larger
INSTRUCTIONS = (
    "Draws pictures and short clips on this machine. Prompts are plain descriptions of a scene. The same seed gives the same "
    "picture; every file is kept in a folder and its path is returned."
)
DRAWS = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False)
LISTS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
MODELS = {"image": TextToImageModel, "video": TextToVideoModel}
Prompt = Annotated[str, Field(description="What to draw: scene, things, light.")]
Style = Annotated[str | None, Field(description="A name of list_styles, with a strength if wanted: watercolor:0.7")]
Size = Annotated[str | None, Field(description="square, wide, tall, an aspect such as 3:2, or pixels such as 512x384")]
Negative = Annotated[str | None, Field(description="What should not be seen.")]
Seed = Annotated[int | None, Field(description="The same seed gives the same result; none draws a new one.", ge=0)]
ModelName = Annotated[str | None, Field(description="A name of list_models; the first draws where none is given.")]


class Studio:
    """The models by name, and where their files go."""

    def __init__(self, names: Sequence[str | None], settings: EngineSettings, folder: Path):
        self.folder, self._settings = folder, settings
        self._names: dict[str, str | None] = {}
        self._models: dict[tuple[str, str], Any] = {}
        self._turn = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, "studio")
        for name in names:
            self._names.setdefault(self._open(name, "image").engine.capabilities.name, name)

    def _open(self, name: str | None, kind: str) -> Any:
        one = self._settings
        return MODELS[kind](
            name, runtime=one.runtime, threads=one.threads, precision=one.precision, device=one.device, offload=one.offload
        )  # fmt: skip

    def find(self, name: str | None, kind: str) -> Any:
        """Return a model that was named at the start; SettingError for any other."""
        known = list(self._names)
        if name is not None and name not in known:
            raise SettingError(
                f"unknown model {name[:60]!r}{did_you_mean(name[:60], known)}; known: {', '.join(known)}"
            )
        key = (name or known[0], kind)
        if key not in self._models:
            self._models[key] = self._open(self._names[key[0]], kind)
        return self._models[key]

    def describe(self) -> list[dict[str, Any]]:
        """Return what each model takes."""
        found = []
        for name in self._names:
            able = self.find(name, "image").engine.capabilities
            kinds = [kind for kind, can in (("image", able.pictures), ("video", able.clips)) if can]
            side = able.max_refined_side if able.refines else able.max_side
            found.append({"name": name, "draws": kinds, "largest_side": side, "negative_prompt": able.negative_prompt})
        return found

    async def draw(
        self, kind: str, prompt: str, options: Mapping[str, Any], model: str | None, context: Context
    ) -> list[Any]:
        """Return the pictures or clips of a prompt; MutoscopeError. Ends within a step where the call is cancelled."""
        async with self._turn:
            given = {name: value for name, value in options.items() if value is not None}
            events: Iterator[Event] = await self._run(partial(self._begin, kind, prompt, given, model))
            results, count = [], 0
            try:
                while (event := await self._run(partial(next, events, None))) is not None:
                    if event.phase == "done":
                        results.append(event.result)
                        continue
                    count += 1
                    words = f"{event.phase} {event.step} of {event.total}" if event.total else event.phase
                    await context.report_progress(count, None, words)
            finally:
                self._thread.submit(getattr(events, "close", bool))  # after the step that runs
            return results

    def _begin(self, kind: str, prompt: str, options: dict[str, Any], model: str | None) -> Iterator[Event]:
        drawer = self.find(model, kind)
        return drawer.draw(drawer.requests(drawer.options(prompt, **options)))

    async def _run(self, function: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    def keep(self, result: Any, ending: str) -> dict[str, Any]:
        """Write a result into the folder, and return where it is and how it is made again. StorageError."""
        make_folder(self.folder)
        name = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}{ending}"
        path = result.save(self.folder / name, exclusive=True)
        one = result.request
        facts = {"file": str(path.resolve()), "seed": one.seed, "width": one.width, "height": one.height}
        return facts | ({"warnings": list(result.warnings)} if result.warnings else {})


def show(path: str, pixels: Any) -> Image:
    """Return a picture as an assistant can take it: the file, or where that is too large a smaller one."""
    data = Path(path).read_bytes() if path.endswith(".png") else b""
    if data and len(data) <= MOST_BYTES:
        return Image(data=data, format="png")
    from PIL import Image as Pillow

    picture = Pillow.fromarray(pixels)
    picture.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=85)
    return Image(data=target.getvalue(), format="jpeg")


def make_server(studio: Studio) -> MCPServer:
    """Return the server with its tools."""
    server = MCPServer("mutoscope", instructions=INSTRUCTIONS, version=__version__, log_level="WARNING")

    @server.tool(annotations=DRAWS, structured_output=False)
    async def generate_image(
        prompt: Prompt,
        context: Context,
        style: Style = None,
        size: Size = None,
        negative_prompt: Negative = None,
        seed: Seed = None,
        number: Annotated[int, Field(description="How many, each another.", ge=1, le=8)] = 1,
        steps: Annotated[
            int | None, Field(description="Sampling steps; more is slower and finer.", ge=1, le=200)
        ] = None,
        model: ModelName = None,
    ) -> list[Any]:
        """Draw a picture from words. Returns the picture, and as JSON its file and its seed."""
        options = {"style": style, "size": size, "negative_prompt": negative_prompt, "seed": seed,
                   "num_images_per_prompt": number, "num_inference_steps": steps}  # fmt: skip
        try:
            content: list[Any] = []
            for picture in await studio.draw("image", prompt, options, model, context):
                facts = await asyncio.to_thread(studio.keep, picture, ".png")
                content += [await asyncio.to_thread(show, facts["file"], picture.pixels), json.dumps(facts)]
        except MutoscopeError as error:
            raise ToolError(str(error)) from error
        return content

    @server.tool(annotations=DRAWS, structured_output=False)
    async def generate_video(
        prompt: Prompt,
        context: Context,
        seconds: Annotated[float, Field(description="Length of the clip.", gt=0, le=60)] = 3.0,
        style: Style = None,
        size: Size = None,
        negative_prompt: Negative = None,
        seed: Seed = None,
        format: Annotated[Literal["mp4", "webm", "gif", "webp"], Field(description="Of the file.")] = "mp4",
        model: ModelName = None,
    ) -> list[Any]:
        """Film a clip from words. Returns its first frame, and as JSON its file and its seed."""
        options = {
            "style": style,
            "size": size,
            "negative_prompt": negative_prompt,
            "seed": seed,
            "duration_seconds": seconds,
        }
        try:
            (clip,) = await studio.draw("video", prompt, options, model, context)
            facts = await asyncio.to_thread(studio.keep, clip, f".{format}")
            shown = await asyncio.to_thread(show, facts["file"], clip.frames[0])
        except MutoscopeError as error:
            raise ToolError(str(error)) from error
        return [shown, json.dumps({**facts, "frames": len(clip.frames), "fps": clip.fps})]

    @server.tool(annotations=LISTS)
    def list_styles() -> dict[str, str]:
        """List the styles by name, each with what it looks like."""
        return {name: style.about or style.words for name, style in {**known_styles(), **own_styles()}.items()}

    @server.tool(annotations=LISTS)
    def list_models() -> list[dict[str, Any]]:
        """List the models that draw here, the first one where none is named."""
        return studio.describe()

    return server
