"""/v1/videos: clips as jobs, as OpenAI's clients ask for them. A clip that was cancelled is `failed` with the code `cancelled`:
with any other status clients would wait for ever, or stop waiting without a word.
"""

import asyncio
import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import Depends, Query, Request, Response
from pydantic import Field

from mutoscope.errors import SettingError
from mutoscope.media import encode_picture, open_frames
from mutoscope.models import provenance_of
from mutoscope.prompt.request import MAX_FRAMES
from mutoscope.prompt.request import Request as DrawRequest
from mutoscope.serve.access import get_desk
from mutoscope.serve.bodies import MAX_PICTURE, read_base64
from mutoscope.serve.desk import Desk
from mutoscope.serve.jobs import CANCELLED, DONE, FAILED, QUEUED, RUNNING, Job, Order, Refusal, Result
from mutoscope.serve.openai_fields import (
    Key,
    OpenAIBody,
    Prompt,
    form_schema,
    new_router,
    one_file,
    read_facts,
    read_form_or_json,
    submit,
)
from mutoscope.serve.routes import get_result
from mutoscope.serve.store import not_found
from mutoscope.serve.strict import StrictBody
from mutoscope.sizing import MAX_DURATION_SECONDS

router = new_router()
ORIGIN = "videos"  # what came by other routes is not seen here
STATUSES = {QUEUED: "queued", RUNNING: "in_progress", DONE: "completed", FAILED: "failed", CANCELLED: "failed"}
POLL_MS = "500"  # after which a client should ask again
THUMBNAIL_SIDE = 512
SHEET_SIDE, FRAME_SIDE = 5, 256  # frames in a row and in a column of a sheet, at most; pixels of one
DRAWING, BEFORE = ("draw", "render"), ("load", "text")  # phases of a worker; any other comes after them


class Reference(StrictBody):
    """A first frame in JSON: a data URL. Addresses and ids of files are not fetched."""

    image_url: Annotated[str, Field(max_length=MAX_PICTURE)]


class VideoBody(OpenAIBody):
    """Fields of POST /v1/videos; `seconds` is a number in text. Where `num_frames` is given, it counts."""

    seconds: Annotated[str, Field(max_length=20)] | float | None = None
    fps: Annotated[int, Field(ge=1, le=60)] | None = None
    num_frames: Annotated[int, Field(ge=2, le=MAX_FRAMES)] | None = None
    input_reference: Reference | None = None

    def options(self) -> dict[str, Any]:
        """Return the options of an order."""
        seconds = None if self.seconds is None else read_seconds(self.seconds)
        length = {} if seconds is None or self.num_frames is not None else {"duration_seconds": seconds}
        return super().options() | length


class RemixBody(StrictBody):
    """Fields of a remix."""

    prompt: Prompt


def read_seconds(words: str | float) -> float:
    """Return the length of a clip; SettingError.

    >>> read_seconds("4"), read_seconds(2.5)
    (4.0, 2.5)
    """
    try:
        seconds = float(words)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= MAX_DURATION_SECONDS:
        raise SettingError(f'seconds must be a number above 0 and at most {MAX_DURATION_SECONDS}, such as "4"')
    return seconds


@router.post("/videos", openapi_extra=form_schema(VideoBody, "input_reference", json_too=True))
async def create(
    request: Request, response: Response, key: Key = None, desk: Desk = Depends(get_desk)
) -> dict[str, Any]:
    """Keep an order of a clip; it is drawn when its turn comes."""
    body, files = await read_form_or_json(request, VideoBody, ("input_reference",))
    image = one_file(files, "input_reference")
    if body.input_reference is not None:
        image = read_base64("input_reference.image_url", body.input_reference.image_url)
    memo = {"options": body.options(), "ignored": body.meaningless()}
    return await keep(desk, response, body.prompt, body.model, image, memo, key)


@router.post("/videos/{video_id}/remix")
async def remix(
    video_id: str, body: RemixBody, response: Response, key: Key = None, desk: Desk = Depends(get_desk)
) -> dict[str, Any]:
    """Order a clip like another one, of the same seed, size and length, with another prompt.

    One that began with a picture begins with the first frame of what was drawn from it.
    """
    job = await find(desk, video_id)
    facts, image = read_facts(job.requests[0]), None
    if job.image:
        image = await asyncio.to_thread(draw_first_frame, desk, finished(job), ".png")
    options = {"seed": facts["seed"], **job.memo["options"]}
    memo = {"options": options, "remixed": job.id}
    return await keep(desk, response, body.prompt, job.model, image, memo, key)


async def keep(
    desk: Desk,
    response: Response,
    prompt: str,
    model: str | None,
    image: bytes | None,
    memo: Mapping[str, Any],
    key: str | None,
) -> dict[str, Any]:
    """Keep an order and return its clip."""
    options = memo["options"] | ({} if image is None else {"image": image})
    order = Order(prompt, "video", options, model, key=key, previews=False, origin=ORIGIN, memo=memo)
    return show(desk, await submit(desk, order), response)


@router.get("/videos")
async def list_videos(
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    after: Annotated[str | None, Query(max_length=64)] = None,
    order: Literal["asc", "desc"] = "desc",
    desk: Desk = Depends(get_desk),
) -> dict[str, Any]:
    """List clips, the newest first; `after` is the last id of the page before."""
    jobs, more = await desk.list_jobs(limit, after, order == "desc", ORIGIN)
    data = [show(desk, job) for job in jobs]
    ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {"first_id": None, "last_id": None}
    return {"object": "list", "data": data, **ends, "has_more": more}


@router.get("/videos/{video_id}")
async def get(video_id: str, response: Response, desk: Desk = Depends(get_desk)) -> dict[str, Any]:
    """Say how a clip is."""
    return show(desk, await find(desk, video_id), response)


@router.get("/videos/{video_id}/content")
async def get_content(
    video_id: str, variant: Literal["video", "thumbnail", "spritesheet"] = "video", desk: Desk = Depends(get_desk)
) -> Response:
    """Return the file of a clip that is completed, its first frame, or frames of all of it on one sheet."""
    result = finished(await find(desk, video_id))
    if variant == "video":
        return await get_result(result.id, desk)
    if variant == "spritesheet":
        return Response(await asyncio.to_thread(draw_sheet, desk, result), media_type="image/webp")
    return Response(await asyncio.to_thread(draw_first_frame, desk, result, ".webp"), media_type="image/webp")


@router.delete("/videos/{video_id}")
async def delete(video_id: str, desk: Desk = Depends(get_desk)) -> dict[str, Any]:
    """Remove a clip with its file; one that waits or is drawn is cancelled first."""
    await find(desk, video_id)
    await desk.remove(video_id)
    return {"id": video_id, "object": "video.deleted", "deleted": True}


async def find(desk: Desk, video_id: str) -> Job:
    """Return the job of a clip; Refusal 404."""
    job = await desk.find(video_id)
    if job.origin != ORIGIN:
        raise not_found()
    return job


def finished(job: Job) -> Result:
    """Return the clip of a job; Refusal 400 where there is none. 409 would be asked again at once."""
    if job.state != DONE:
        raise Refusal(
            400, "not_ready", f"the video is {STATUSES[job.state]}; ask GET /v1/videos/{job.id} until it is completed"
        )
    return job.results[0]


def draw_first_frame(desk: Desk, result: Result, ending: str) -> bytes:
    """Return the first frame of a clip as a file: a PNG as it is, any other small. Refusal 404, MediaError."""
    pixels = next(read_frames(desk, result))
    return write_still(result, pixels if ending == ".png" else shrink(pixels, THUMBNAIL_SIDE), ending)


def draw_sheet(desk: Desk, result: Result) -> bytes:
    """Return frames from the first to the last at even distances, row by row, as a WebP file. Refusal 404, MediaError."""
    count = read_facts(result.request)["num_frames"]
    columns = min(SHEET_SIDE, math.ceil(math.sqrt(count)))
    rows = min(columns, math.ceil(count / columns))
    wanted = {round(place * (count - 1) / (rows * columns - 1)) for place in range(rows * columns)}
    frames = [shrink(one, FRAME_SIDE) for place, one in enumerate(read_frames(desk, result)) if place in wanted]
    empty = [np.zeros_like(frames[0])] * (rows * columns - len(frames))
    grid = np.stack(frames + empty).reshape(rows, columns, *frames[0].shape)
    return write_still(result, np.concatenate([np.concatenate([*row], 1) for row in grid]), ".webp")


def read_frames(desk: Desk, result: Result) -> Iterator[np.ndarray]:
    """Yield the frames of a clip; Refusal 404, MediaError."""
    try:
        data = desk.path_of(result).read_bytes()
    except FileNotFoundError:
        raise not_found() from None
    yield from open_frames(data, name="the clip")[1]


def shrink(pixels: np.ndarray, side: int) -> np.ndarray:
    """Return a frame of which no side is longer than this."""
    from PIL import Image

    small = Image.fromarray(pixels)
    small.thumbnail((side, side))
    return np.asarray(small)


def write_still(result: Result, pixels: np.ndarray, ending: str) -> bytes:
    """Return a picture out of a clip as a file that says what made it."""
    return encode_picture(pixels, ending, provenance_of(DrawRequest.from_json(result.request), metadata=False))


def show(desk: Desk, job: Job, response: Response | None = None) -> dict[str, Any]:
    """Return a clip as JSON; the answer says when to ask again."""
    if response is not None and not job.has_ended:
        response.headers["openai-poll-after-ms"] = POLL_MS
    facts = read_facts(job.requests[0])
    return {
        "id": job.id,
        "object": "video",
        "status": STATUSES[job.state],
        "progress": progress_of(desk, job),
        "created_at": int(job.created),
        "completed_at": int(job.ended) if job.state == DONE and job.ended else None,
        "expires_at": None,
        "model": job.model,
        "prompt": job.prompt,
        "seconds": f"{facts['num_frames'] / facts['fps']:g}",
        "size": f"{facts['width']}x{facts['height']}",
        "error": error_of(job),
        "remixed_from_video_id": job.memo.get("remixed"),
        "seed": facts["seed"],
        "fps": facts["fps"],
        "num_frames": facts["num_frames"],
        "request": facts,
        "warnings": [words for result in job.results for words in result.warnings],
        "ignored": job.memo.get("ignored", []),
    }


def progress_of(desk: Desk, job: Job) -> int:
    """Return how much of a clip is drawn, in percent; 100 when it is completed."""
    if job.state == DONE:
        return 100
    said = desk.progress_of(job.id)
    if said is None or said["phase"] in BEFORE:
        return 0
    return min(99, 99 * said["step"] // (said["total"] or 1)) if said["phase"] in DRAWING else 99


def error_of(job: Job) -> dict[str, str] | None:
    """Return why a clip is not there."""
    if job.state == CANCELLED:
        return {"code": "cancelled", "message": "the job was cancelled"}
    return {"code": job.error_code or "failed", "message": job.error} if job.state == FAILED else None
