"""A line of a batch becomes its files. The same options give the same bytes as `mutoscope image` and `video`."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from mutoscope.batch.lines import COUNT_NAMES, KINDS, PICTURES, Line, digest_of
from mutoscope.batch.manifest import Row
from mutoscope.engines import EngineSettings
from mutoscope.errors import MediaError, MutoscopeError, NonFiniteError, RemoteError, RequestError, SettingError
from mutoscope.events import Event, drain
from mutoscope.init_image import check_init_image, open_init_image
from mutoscope.models import TextToImageModel, TextToVideoModel
from mutoscope.prompt.request import Request

OF_A_LINE = (
    RequestError,
    MediaError,
    NonFiniteError,
    RemoteError,
    MemoryError,
)  # what says nothing about the next line


@dataclass(frozen=True)
class Outcome:
    """What became of a line: rows of the manifest, or what went wrong."""

    line: Line
    rows: tuple[Row, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class Batch:
    """How lines are drawn; plain data, so that it can be sent to other machines."""

    folder: Path
    kind: str = "image"  # of lines that do not say
    options: Mapping[str, Any] = field(default_factory=dict)  # of lines that have no other
    endings: Mapping[str, str] = field(default_factory=lambda: {"image": ".png", "video": ".mp4"})
    model: str | None = None
    engine: EngineSettings = field(default_factory=EngineSettings)
    metadata: bool = True
    marking: bool = True

    def kind_of(self, line: Line) -> str:
        """Return what a line asks for."""
        return line.kind or self.kind

    def options_of(self, line: Line) -> dict[str, Any]:
        """Return the options of a line, the batch's own where it says nothing and its kind knows them."""
        if line.request:
            return dict(line.options)
        known = KINDS[self.kind_of(line)].__annotations__
        own = {name: value for name, value in self.options.items() if name in known}
        if "size" in line.options:
            own = {name: value for name, value in own.items() if name not in ("width", "height")}
        elif "width" in line.options or "height" in line.options:
            own.pop("size", None)
        for one, other in (("num_frames", "duration_seconds"), ("duration_seconds", "num_frames")):
            if one in line.options:
                own.pop(other, None)
        return {**own, **line.options}

    def names_of(self, line: Line) -> list[str]:
        """Return the names of a line's files: its number, and what it asks for as a hash, so that a changed line is drawn anew."""
        kind, model = self.kind_of(line), open_model(self.model, self.engine, "image").engine.capabilities
        maker = json.dumps([model.name, model.hash, self.engine.precision, self.metadata, self.marking])
        stem = f"{line.number:05d}-{digest_of(line, kind, self.options_of(line), maker)}"
        places = [f"-{place}" for place in range(line.count)] if line.count > 1 else [""]
        return [f"{stem}{place}{self.endings[kind]}" for place in places]

    def is_done(self, line: Line) -> bool:
        """Whether all files of a line are there."""
        return not line.error and all((self.folder / name).is_file() for name in self.names_of(line))

    def draw(self, line: Line) -> Outcome:
        """Draw a line to its end; errors that belong to it alone are its outcome, others pass."""
        return drain(self.stream(line))

    def stream(self, line: Line) -> Iterator[Event]:
        """Yield the events of a line; the last one carries its Outcome."""
        outcome = Outcome(line, error=line.error)
        if not line.error:
            try:
                rows = yield from self._draw(line)
                outcome = Outcome(line, tuple(rows))
            except OF_A_LINE as error:
                outcome = Outcome(line, error=_words(error))
        yield Event("done", 1, 1, result=outcome)

    def _draw(self, line: Line) -> Iterator[Any]:
        model = open_model(self.model, self.engine, self.kind_of(line))
        requests, image = plan(line, self.kind_of(line), self.options_of(line), model)
        rows: list[Row] = []
        for request, name in zip(requests, self.names_of(line), strict=True):
            start, result = time.perf_counter(), None
            for event in model.draw([request], image):
                if event.phase == "done":
                    result = event.result
                else:
                    yield event
            assert result is not None
            result.save(self.folder / name, metadata=self.metadata, marking=self.marking)
            facts = {"seconds": round(time.perf_counter() - start, 3), "warnings": list(result.warnings)}
            rows.append({"file": name, "line": line.number, **facts, "request": json.loads(request.to_json())})
        return rows


def plan(line: Line, kind: str, options: dict[str, Any], model: Any) -> tuple[list[Request], Any]:
    """Return the checked requests of a line and the picture that they start from; RequestError, MediaError."""
    if line.request:
        old = Request.from_json(line.request)
        image = open_init_image(*(options.get(name) for name in PICTURES))
        check_init_image(image, old.image_hash, old.mask_hash)
        return [model.revise(old, init_image=image)], image
    try:
        asked = model.options(line.prompt, **options, **{COUNT_NAMES[kind]: line.count})
    except TypeError as error:  # an option of the other kind
        raise SettingError(f"{error}, which {kind} does not take") from error
    return model.requests(asked), asked.init_image


@cache  # a process opens a model once
def open_model(name: str | None, settings: EngineSettings, kind: str) -> Any:
    """Return the model that draws a kind; its weights are loaded with the first drawing."""
    of_kind = TextToVideoModel if kind == "video" else TextToImageModel
    return of_kind(
        name,
        runtime=settings.runtime,
        threads=settings.threads,
        precision=settings.precision,
        device=settings.device,
        offload=settings.offload,
    )


def _words(error: BaseException) -> str:
    if isinstance(error, MutoscopeError):
        return str(error)
    return "not enough memory; ask for a smaller size or fewer frames"
