"""POST /v1/images/generations and /v1/images/edits: pictures as OpenAI's clients ask for them, at once or as a stream."""

import asyncio
import base64
import io
from typing import Annotated, Any, Literal

from fastapi import Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from mutoscope.errors import MediaError, SettingError
from mutoscope.media.limits import check_size
from mutoscope.serve.access import address_of, get_desk
from mutoscope.serve.bodies import Share, Word
from mutoscope.serve.desk import Desk
from mutoscope.serve.jobs import Job, Order, Refusal, Result
from mutoscope.serve.openai_fields import (
    Key,
    OpenAIBody,
    form_schema,
    new_router,
    one_file,
    read_facts,
    read_form,
    submit,
    wait,
)
from mutoscope.serve.openai_streams import PictureStream

router = new_router()
MAX_PARTIAL = 3
LOSSY = ("jpeg", "jpg", "webp")
USAGE = {  # of tokens, which a diffusion model does not count
    "input_tokens": 0, "output_tokens": 0, "total_tokens": 0, "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
}  # fmt: skip


class ImageBody(OpenAIBody):
    """Fields of POST /v1/images/generations."""

    n: Annotated[int, Field(ge=1, le=10)] | None = None
    response_format: Literal["b64_json", "url"] | None = None
    output_format: Word | None = None
    output_compression: Annotated[int, Field(ge=0, le=100)] | None = None
    stream: bool | None = None
    partial_images: Annotated[int, Field(ge=0, le=MAX_PARTIAL)] | None = None
    quality: Literal["auto", "low", "medium", "high", "xhigh", "max", "standard", "hd"] | None = None
    background: Literal["auto", "opaque", "transparent"] | None = None
    moderation: Literal["auto", "low"] | None = None
    frame_count: Annotated[int, Field(ge=1, le=16)] | None = None
    frame_duration_ms: Annotated[int, Field(ge=1, le=60_000)] | None = None
    complexity: Literal["low", "medium", "high"] | None = None
    svg: dict[str, Any] | None = None

    def meaningless(self) -> list[str]:
        """Return the names of the fields that were given and change nothing here."""
        found = [name for name in super().meaningless() if (name, self.background) != ("background", "opaque")]
        if self.output_compression is not None and not self.is_lossy:
            found.append("output_compression")
        return found + (["partial_images"] if self.partial_images and not self.stream else [])

    @property
    def is_lossy(self) -> bool:
        """Whether the file that was asked for has a quality."""
        return self.output_format in LOSSY

    def as_order(
        self, origin: str, key: str | None, options: dict[str, Any] | None = None, prompt: str | None = None
    ) -> Order:
        """Return what is ordered, with other options and another prompt where they are given."""
        return Order(
            self.prompt if prompt is None else prompt,
            options=self.options() if options is None else options,
            model=self.model,
            format=self.output_format,
            number=self.n or 1,
            key=key,
            previews=bool(self.stream and self.partial_images),
            origin=origin,
            seed_each=True,
            quality=self.output_compression if self.is_lossy else None,
        )


class EditBody(ImageBody):
    """Fields of POST /v1/images/edits besides its files."""

    strength: Share | None = None
    input_fidelity: Literal["high", "low"] | None = None


@router.post("/images/generations")
async def generate(body: ImageBody, request: Request, key: Key = None, desk: Desk = Depends(get_desk)) -> Response:
    """Draw pictures and return them when all are done; with `stream` as events."""
    return await draw(request, desk, body, body.as_order("images", key), "image_generation")


EDIT_FILES = ("image", "mask", "mask_image")


@router.post("/images/edits", openapi_extra=form_schema(EditBody, *EDIT_FILES))
async def edit(request: Request, key: Key = None, desk: Desk = Depends(get_desk)) -> Response:
    """Draw pictures from a picture, or anew where a mask is transparent; `mask_image` is white there instead."""
    body, files = await read_form(request, EditBody, EDIT_FILES)
    image = one_file(files, "image")
    if image is None:
        raise SettingError("image is missing; send a PNG, JPEG or WebP file")
    pictures = {"image": image}
    mask, white = one_file(files, "mask"), one_file(files, "mask_image")
    if mask is not None:
        pictures["mask_image"] = await asyncio.to_thread(whiten_mask, mask)
    elif white is not None:
        pictures["mask_image"] = white
    return await draw(request, desk, body, body.as_order("edits", key, body.options() | pictures), "image_edit")


async def draw(request: Request, desk: Desk, body: ImageBody, order: Order, name: str) -> Response:
    """Answer an order of pictures: with all of them, or with a stream of events of a name."""
    if not body.stream:
        done = await wait(request, desk, await submit(desk, order))
        address = address_of(request) if body.response_format == "url" else None
        data = [await describe_picture(desk, result, address) for result in done.results]
        return JSONResponse({**describe_all(done, body), "data": data})
    if desk.streams >= desk.settings.max_streams:
        raise Refusal(503, "too_many_streams", "too many event streams are open; try again later", {"Retry-After": "5"})
    job = await submit(desk, order)
    shared = {name: value for name, value in describe_all(job, body).items() if name != "created"}

    async def complete(result: Result) -> dict[str, Any]:
        return {**shared, **await describe_picture(desk, result, None)}

    return PictureStream(request, desk, job, name, body.partial_images or 0, complete)


def describe_all(job: Job, body: ImageBody) -> dict[str, Any]:
    """Return what is said of all pictures of a job."""
    facts = read_facts(job.requests[0])
    return {
        "created": int(job.created),
        "id": job.id,
        "model": job.model,
        "background": "opaque",
        "output_format": job.format,
        "quality": "auto",
        "size": f"{facts['width']}x{facts['height']}",
        "usage": USAGE,
        "ignored": body.meaningless(),
    }


async def describe_picture(desk: Desk, result: Result, address: str | None) -> dict[str, Any]:
    """Return a picture: its bytes in base64, or its URL under the address of this server; with the request that draws it again."""
    facts = read_facts(result.request)
    shown = {"revised_prompt": None, "seed": facts["seed"], "warnings": list(result.warnings), "request": facts}
    if address is not None:
        return {"url": f"{address}/api/results/{result.id}", **shown}
    try:
        data = await desk.read_result(result)
    except FileNotFoundError:
        raise Refusal(404, "not_found", "the pictures were removed") from None
    return {"b64_json": (await asyncio.to_thread(base64.b64encode, data)).decode(), **shown}


def whiten_mask(data: bytes) -> bytes:
    """Return a mask that is white where another one, a PNG, is transparent; MediaError. Its size is checked before it is decoded."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            check_size(*picture.size)
            if not picture.has_transparency_data:
                raise ValueError(
                    "it has no transparency; what is to be drawn must be transparent, or send mask_image, white there"
                )
            alpha = picture.convert("RGBA").getchannel("A")
    except Exception as error:  # decoders fail in every way there is
        words = str(error) if type(error) is ValueError else "it is no PNG, or it is damaged"
        raise MediaError(f"mask cannot be read: {words}") from None
    if alpha.getextrema()[0] != 0:
        raise SettingError("mask is transparent nowhere, so nothing would be drawn")
    target = io.BytesIO()
    alpha.point([255] + 255 * [0]).save(target, "PNG")
    return target.getvalue()
