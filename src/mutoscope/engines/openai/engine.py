"""Pictures and clips drawn by a server; see the package's docstring for the routes."""

import base64
import contextlib
import hashlib
import json
import time
from collections.abc import Generator, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin

import numpy as np

from mutoscope.capabilities import Capabilities
from mutoscope.engines.base import Drawn, EngineSettings
from mutoscope.engines.openai.address import Address, read_address
from mutoscope.engines.openai.fields import (
    clip_fields,
    edit_files,
    encode_multipart,
    encode_png,
    has_weights,
    picture_fields,
)
from mutoscope.errors import MutoscopeError, RemoteError, SettingError, SizeError
from mutoscope.events import Event, Phase
from mutoscope.init_image import InitImage
from mutoscope.media.limits import MAX_CLIP_PIXELS, MAX_FILE_BYTES, MAX_PIXELS, Limits
from mutoscope.postprocess import find_postprocess
from mutoscope.prompt.request import Request

if TYPE_CHECKING:
    from mutoscope.engines.openai.client import Answer, Client

ENGINE = "openai"
POLL_SECONDS, LEAST_POLL_SECONDS, MOST_POLL_SECONDS = 1.0, 0.05, 10.0  # between two questions for a job
JOB_SECONDS = 6 * 3600.0  # after which a job is given up
FAILED = ("failed", "cancelled", "canceled", "expired", "deleted", "error")  # how jobs end without a clip
Frames = tuple[np.ndarray, list[str]]  # (T, H, W, 3) uint8, warnings


class OpenAIEngine:
    """A model on a server. `address` is `http://host:port/v1#model`; without a model the server is asked which it has."""

    def __init__(self, address: str, settings: EngineSettings):
        refuse_settings(settings)
        self._address = read_address(address)
        if not self._address.model:
            self._address = Address(self._address.url, find_model(self._address))
        self.capabilities = describe(self._address)

    @cached_property
    def _client(self) -> "Client":
        from mutoscope.engines.openai.client import Client

        return Client(self._address)

    def draw(self, request: Request, init_image: InitImage | None = None, preview: bool = False) -> Iterator[Event]:
        """Let the server draw a request; see base.Engine. No picture comes before it is finished."""
        image = None if init_image is None else init_image.fit(request.width, request.height)
        frames, warnings = yield from (self._film if request.is_clip else self._paint)(request, image)
        if has_weights(request):
            warnings.append(f"{self._address.host} reads no weights in brackets; the words are sent without them")
        if self._client.shows_key:
            warnings.append(f"the key went to {self._address.host} where others can read it on the way; use https")
        step = find_postprocess(request.postprocess)
        if step is not None:
            frames = step.run(frames, (request.seed, request.index))
        yield Event("done", 1, 1, 0.0, result=Drawn(frames, tuple(warnings)))

    def _paint(self, request: Request, image: InitImage | None) -> Generator[Event, None, Frames]:
        """Return a picture (1, H, W, 3)."""
        from mutoscope.engines.openai.client import DRAW_SECONDS

        phase = Phase("draw", 1)
        yield phase.start()
        fields = picture_fields(request, self._address.model)
        if image is None:
            path, body, kind = "/images/generations", json.dumps(fields).encode(), "application/json"
        else:
            path, (body, kind) = "/images/edits", encode_multipart(fields, edit_files(image))
        answer = yield from self._client.ask(phase, "POST", path, body, kind, seconds=DRAW_SECONDS)
        data = yield from self._fetch_picture(phase, read_json(answer, self._address))
        frames, _ = read_frames(data, request, f"the picture from {self._address.host}")
        yield phase.advance()
        # Whatever the server did around the mask, there the picture stays what it was.
        return (frames[:1] if image is None else image.composite(frames[:1])), []

    def _fetch_picture(self, phase: Phase, said: dict[str, Any]) -> Generator[Event, None, bytes]:
        """Return the file of the first picture of an answer."""
        data = said.get("data")
        first = data[0] if isinstance(data, list) and data and isinstance(data[0], dict) else {}
        text, url = first.get("b64_json"), first.get("url")
        if isinstance(url, str) and url.startswith("data:"):
            text = url
        if isinstance(text, str) and text:
            return decode_base64(text, self._address.host)
        if not isinstance(url, str) or not url:
            raise RemoteError(f"{self._address.host} answered without a picture; does its model draw pictures?")
        answer = yield from self._client.ask(
            phase, "GET", urljoin(self._address.url + "/", url), most_bytes=MAX_FILE_BYTES
        )
        return answer.body

    def _film(self, request: Request, image: InitImage | None) -> Generator[Event, None, Frames]:
        """Return the frames of a clip. A job that is not awaited to its end is deleted on the server."""
        phase = Phase("draw", 100)  # the server tells percent
        yield phase.start()
        job = yield from self._start_job(phase, request, image)
        path = f"/videos/{quote(find_id(job, self._address.host), safe='')}"
        finished = False
        try:
            yield from self._await_job(phase, path, job)
            finished = True
            answer = yield from self._client.ask(
                phase, "GET", f"{path}/content", most_bytes=MAX_FILE_BYTES, patient=True
            )
        except BaseException:  # closed, interrupted or failed
            if not finished:
                self._delete_job(path)
            raise
        frames, fps = read_frames(answer.body, request, f"the clip from {self._address.host}")
        return frames, warn_of_length(request, len(frames), fps, self._address.host)

    def _start_job(
        self, phase: Phase, request: Request, image: InitImage | None
    ) -> Generator[Event, None, dict[str, Any]]:
        """Ask for a clip and return its job: as a form, or in JSON where a server takes forms with a first frame only."""
        from mutoscope.engines.openai.client import AnswerError

        fields = clip_fields(request, self._address.model)
        files = [] if image is None else [("input_reference", "first.png", encode_png(image.pixels))]
        body, kind = encode_multipart(fields, files)
        try:
            answer = yield from self._client.ask(phase, "POST", "/videos", body, kind)
        except AnswerError as error:
            form_refused = error.status == 415 or (error.status in (400, 422) and "input_reference" in str(error))
            if image is not None or not form_refused:
                raise
            body, kind = json.dumps(fields).encode(), "application/json"
            answer = yield from self._client.ask(phase, "POST", "/videos", body, kind)
        return read_json(answer, self._address)

    def _await_job(self, phase: Phase, path: str, job: dict[str, Any]) -> Generator[Event, None, None]:
        """Ask for a job until it is completed; RemoteError where it ends otherwise."""
        from mutoscope.engines.openai.client import find_message, pause, read_key, shorten

        end, seconds = time.monotonic() + JOB_SECONDS, POLL_SECONDS
        while (status := str(job.get("status"))) != "completed":
            if status in FAILED:
                said = shorten(find_message(job.get("error")), read_key())
                raise RemoteError(
                    f"{self._address.host} did not finish the clip ({status}{': ' + said if said else ''})"
                )
            if time.monotonic() > end:
                raise RemoteError(
                    f"{self._address.host} did not finish the clip in {JOB_SECONDS / 3600:g} hours; given up"
                )
            yield from pause(tell_progress(phase, job, status), seconds)
            answer = yield from self._client.ask(phase, "GET", path, patient=True)
            job, seconds = read_json(answer, self._address), read_poll_seconds(answer)
        yield tell_progress(phase, {"progress": 100}, status)

    def _delete_job(self, path: str) -> None:
        with contextlib.suppress(MutoscopeError):  # what stopped the job is what is told
            self._client.send("DELETE", path, seconds=5.0)


def refuse_settings(settings: EngineSettings) -> None:
    """Refuse what only a model on this machine can do; SettingError."""
    usual = EngineSettings(threads=settings.threads)
    for name in ("runtime", "precision", "device", "offload"):
        if getattr(settings, name) != getattr(usual, name):
            raise SettingError(
                f"the server decides about the {name} of its model; got {getattr(settings, name)!r}, leave it out"
            )


def find_model(address: Address) -> str:
    """Return the only model of a server; SettingError lists them where there are others."""
    from mutoscope.engines.openai.client import Client

    listed = read_json(Client(address).send("GET", "/models"), address).get("data")
    models = listed if isinstance(listed, list) else []
    names = [str(one["id"]) for one in models if isinstance(one, dict) and one.get("id")]
    if len(names) == 1 and names[0].isprintable():
        return names[0]
    known = ", ".join(repr(name[:80]) for name in names[:20]) or "none"
    raise SettingError(f"name the model behind a #, as in {address.name}NAME; {address.host} has: {known}")


def describe(address: Address) -> Capabilities:
    """Return what is known of a model without asking its server: it refuses what it cannot take itself."""
    return Capabilities(
        name=address.name,
        hash=hashlib.sha256(address.name.encode()).hexdigest()[:16],  # of the words: nobody here sees the weights
        engine=ENGINE,
        made_with=f"OpenAI API at {address.host}",
        default_size=(1024, 1024),
        clip_size=(832, 480),
        side_multiple=16,
        min_side=64,
        max_side=4096,
        refines=False,
        server_defaults=True,
        image_steps=0,
        clip_steps=0,
        min_steps=0,
        guidance_scale=0.0,
        default_frames=81,  # 4k+1 and 8k+1, which nearly all families of clips draw
        fps=16,
        sampler="",
        variation=False,
        objects=False,
        reads_facts=False,
        style_templates=True,
        style_postprocess=False,
        bracket_weights=False,
    )


def read_json(answer: "Answer", address: Address) -> dict[str, Any]:
    """Return the object that an answer holds; RemoteError for anything else."""
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise RemoteError(
            f"the answer of {address.host} is no JSON object; is {address.url} the address of an OpenAI API, with its /v1?"
        )
    return said


def decode_base64(text: str, host: str) -> bytes:
    """Return the bytes of base64, also of a data: address; RemoteError."""
    try:
        return base64.b64decode(text.partition(",")[2] if text.startswith("data:") else text, validate=True)
    except ValueError:
        raise RemoteError(f"the picture from {host} is not in base64; try again") from None


def read_frames(data: bytes, request: Request, name: str) -> tuple[np.ndarray, float | None]:
    """Return the frames (T, H, W, 3) of a file and its rate; MediaError, SizeError where it has another size than asked for."""
    from mutoscope.media.reading import open_frames

    pixels = request.width * request.height
    limits = Limits(
        pixels=max(MAX_PIXELS, pixels), clip_pixels=max(MAX_CLIP_PIXELS, pixels * (request.num_frames + 64))
    )
    header, frames = open_frames(data, limits, name)
    if (header.width, header.height) != (request.width, request.height):
        raise SizeError(
            f"{name} has {header.width}x{header.height} pixels, asked for were {request.width}x{request.height}; its model draws "
            f"other sizes, ask for {header.width}x{header.height}"
        )
    found = list(frames)
    if request.is_clip and len(found) < 2:
        raise RemoteError(f"{name} is one frame, asked for were {request.num_frames}; does its model draw clips?")
    return np.stack(found), header.fps


def warn_of_length(request: Request, number: int, fps: float | None, host: str) -> list[str]:
    """Return warnings where a clip is not as long or as fast as asked for: it was paid for, so it is kept."""
    warnings = []
    if number != request.num_frames:
        warnings.append(
            f"{host} drew {number} frames, asked for were {request.num_frames}; its model draws other lengths, ask for {number}"
        )
    if fps and abs(fps - request.fps) > 0.05:
        warnings.append(f"{host} drew {fps:g} frames a second; the clip is saved at the {request.fps} asked for")
    return warnings


def find_id(job: dict[str, Any], host: str) -> str:
    """Return the name of a job; RemoteError without one."""
    name = job.get("id")
    if not isinstance(name, str) or not 0 < len(name) <= 200:
        raise RemoteError(f"{host} took the clip but names no job; does it speak the OpenAI videos API?")
    return name


def tell_progress(phase: Phase, job: dict[str, Any], status: str) -> Event:
    """Return the event of a job's progress, which never falls."""
    progress = job.get("progress")
    percent = int(min(100, max(0, progress))) if isinstance(progress, int | float) else 0
    message = "waiting in the server's queue" if status == "queued" else ""
    if percent <= phase.step:
        return Event(phase.name, phase.step, phase.total, message=message)
    return phase.advance(percent - phase.step, message=message)


def read_poll_seconds(answer: "Answer") -> float:
    """Return after how many seconds a server wants to be asked for a job again."""
    try:
        asked = float(answer.headers.get("openai-poll-after-ms") or 1000 * POLL_SECONDS) / 1000
    except ValueError:
        asked = POLL_SECONDS
    return min(MOST_POLL_SECONDS, max(LEAST_POLL_SECONDS, asked))
