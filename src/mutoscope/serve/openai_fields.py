"""What the OpenAI-shaped routes have in common: fields, forms, errors, and jobs that a client waits for.

The shapes are those that the `openai` client of Python sends and reads. It sends everything in JSON or, where a file may be, in a
form whose values are all text; it goes by no header but the body. It repeats a POST that failed, so a failure behind which there is a
job says `x-should-retry: false`.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Header, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError
from starlette.datastructures import UploadFile

from mutoscope.errors import MutoscopeError, SettingError, did_you_mean
from mutoscope.prompt.checks import MAX_PROMPT_CHARACTERS
from mutoscope.prompt.request import MAX_GUIDANCE_SCALE, MAX_STEPS
from mutoscope.serve.answers import answer, explain, status_of
from mutoscope.serve.bodies import Seed, Share, Word, check_adapter
from mutoscope.serve.desk import Desk
from mutoscope.serve.jobs import CANCELLED, DONE, Job, Order, Refusal
from mutoscope.serve.strict import StrictBody, StrictRoute, is_json

NO_REPEAT = {"x-should-retry": "false"}  # there is a job already
OPTIONS = (
    "negative_prompt num_inference_steps guidance_scale seed variation variation_seed strength adapter objects postprocess precision "
    "fps num_frames"
).split()  # fields that go on to the order by their names
AS_ASKED = (None, False, "auto")  # values of a field without a meaning here that ask for nothing
Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=255)]
Prompt = Annotated[str, Field(max_length=MAX_PROMPT_CHARACTERS)]
Anybody = TypeVar("Anybody", bound="OpenAIBody")
Files = dict[str, list[bytes]]  # the parts of a form that are files, by their field


class OpenAIBody(StrictBody):
    """Fields of pictures and clips. Those of `meaningless` are taken, and named in the reply."""

    prompt: Prompt
    model: Word | None = None
    size: Word | None = None
    user: Word | None = None
    safety_identifier: Word | None = None
    negative_prompt: Prompt | None = None
    num_inference_steps: Annotated[int, Field(ge=1, le=MAX_STEPS)] | None = None
    guidance_scale: Annotated[float, Field(ge=0, le=MAX_GUIDANCE_SCALE)] | None = None
    seed: Seed | None = None
    style: Word | None = None
    variation: Share | None = None
    variation_seed: Seed | None = None
    adapter: Word | None = None
    objects: bool | None = None
    postprocess: Word | None = None
    precision: Word | None = None

    def options(self) -> dict[str, Any]:
        """Return the options of an order."""
        found = {name: getattr(self, name, None) for name in OPTIONS}
        found |= {"style": None if self.style in OTHER_STYLES else self.style}
        found |= {"size": None if self.size == "auto" else self.size}
        return {name: value for name, value in found.items() if value is not None}

    def meaningless(self) -> list[str]:
        """Return the names of the fields that were given and change nothing here."""
        found = [name for name in MEANINGLESS if getattr(self, name, None) not in AS_ASKED]
        return found + (["style"] if self.style in OTHER_STYLES else [])


OTHER_STYLES = ("vivid", "natural")  # of dall-e-3; any other word is a style of ours
MEANINGLESS = (
    "user safety_identifier quality background moderation input_fidelity frame_count frame_duration_ms complexity svg"
).split()


class OpenAIRoute(StrictRoute):
    """A route that answers what is wrong with a request with 400, as OpenAI does, and not with 422."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        handle = super().get_route_handler()

        async def handle_as_openai(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                words, param = explain(error)
                return answer(400, words, "invalid", param)
            except MutoscopeError as error:
                return answer_error(error)

        return handle_as_openai


def new_router() -> APIRouter:
    """Return a router for routes under /v1."""
    return APIRouter(prefix="/v1", route_class=OpenAIRoute)


def answer_error(error: MutoscopeError) -> Response:
    """Return an error of this package as an answer."""
    status, code = status_of(error)
    headers, param = (error.headers, error.param) if isinstance(error, Refusal) else (None, None)
    words = str(error).replace("duration_seconds", "seconds")
    return answer(400 if status == 422 else status, words, code, param or find_param(words), headers)


def find_param(words: str) -> str | None:
    """Return the field that a sentence begins with.

    >>> find_param("the prompt is empty; say what to draw"), find_param("there is nothing of this name here")
    ('prompt', None)
    """
    first = words.removeprefix("the ").partition(" ")[0]
    first = "size" if first in ("width", "height") else first
    return first if first in (*OPTIONS, "prompt", "size", "seconds", "style", "image", "mask", "model") else None


def form_schema(body: type[StrictBody], *files: str, json_too: bool = False) -> dict[str, Any]:
    """Return what the schema of the server says of a route that reads a form with files."""
    shape = written_out(body.model_json_schema())
    form = {
        **shape,
        "properties": {**shape["properties"], **{name: {"type": "string", "format": "binary"} for name in files}},
    }
    content = {"multipart/form-data": {"schema": form}} | ({"application/json": {"schema": shape}} if json_too else {})
    return {"requestBody": {"required": True, "content": content}}


def written_out(shape: dict[str, Any]) -> dict[str, Any]:
    """Return a JSON schema whose definitions stand where they are referred to: inside another document they are not found."""
    definitions = shape.pop("$defs", {})

    def write(value: Any) -> Any:
        if isinstance(value, list):
            return [write(one) for one in value]
        if not isinstance(value, dict):
            return value
        name = value.get("$ref", "").rpartition("/")[2]
        return write(definitions[name]) if name else {key: write(one) for key, one in value.items()}

    return write(shape)


# ------------------------------------------------------------------------------------------------------------------ reading


async def read_form(request: Request, body: type[Anybody], files: Iterable[str]) -> tuple[Anybody, Files]:
    """Return the fields of a multipart form, read from text, and its files; HTTPException, RequestValidationError, SettingError."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        raise HTTPException(415, "the body must be a form, and say so: Content-Type: multipart/form-data")
    known, fields, found = {*files}, {}, {}
    async with request.form() as form:
        for name, value in form.multi_items():
            field = name.removesuffix("[]")
            if isinstance(value, UploadFile):
                if field not in known:
                    near = did_you_mean(name[:40], [*known, *body.model_fields])
                    raise SettingError(f"unknown file {name[:40]!a}{near}; files here are {', '.join(files)}")
                found.setdefault(field, []).append(await value.read())
            elif field in known:
                raise SettingError(f"{field} must be a file; addresses and ids of files are not fetched")
            elif name in fields:
                raise SettingError(f"the form has {name[:40]!a} twice")
            else:
                fields[name] = value
    return check_body(body, fields, strict=False), found


async def read_form_or_json(request: Request, body: type[Anybody], files: Iterable[str]) -> tuple[Anybody, Files]:
    """Return the fields of a form or of a JSON object, and the files of the form; raises what `read_form` does."""
    if not is_json(request.headers.get("content-type", "")):
        return await read_form(request, body, files)
    return check_body(body, await request.json(), strict=True), {}


def check_body(body: type[Anybody], values: Any, *, strict: bool) -> Anybody:
    """Return fields that are as they should be; RequestValidationError, which holds nothing of what was sent."""
    try:
        return body.model_validate(values, strict=strict)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_url=False, include_input=False)) from None


def one_file(files: Files, field: str) -> bytes | None:
    """Return the only file of a field, None where it has none; SettingError."""
    found = files.get(field, [])
    if len(found) > 1:
        raise SettingError(f"{field}: {len(found)} files were sent, the models here take one")
    if found and not found[0]:
        raise SettingError(f"{field} is an empty file")
    return found[0] if found else None


# ----------------------------------------------------------------------------------------------------------- jobs of clients


async def submit(desk: Desk, order: Order) -> Job:
    """Keep an order whose model is there; RequestError, MediaError, Refusal."""
    check_model(desk, order.model)
    check_adapter(order)
    return await desk.submit(order)


def check_model(desk: Desk, name: str | None) -> str:
    """Return the id of a model; Refusal 404 names the nearest."""
    try:
        return desk.catalog.find(name).id
    except SettingError as error:
        raise Refusal(404, "model_not_found", str(error), param="model") from None


async def wait(request: Request, desk: Desk, job: Job) -> Job:
    """Return a job when it is done. One whose client leaves is cancelled, unless an Idempotency-Key says that it comes again.

    Refusal where the job ends otherwise; the client must not repeat it by itself.
    """
    ended, gone = asyncio.ensure_future(desk.wait(job.id)), asyncio.ensure_future(wait_until_gone(request))
    try:
        await asyncio.wait((ended, gone), return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            raise Refusal(499, "client_gone", "the client left")
        return check_done(ended.result())
    finally:
        ended.cancel()
        gone.cancel()
        drop(request, desk, job)


async def wait_until_gone(request: Request) -> None:
    """Return when the client has closed its connection; its body is read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


_dropping: set[asyncio.Task[None]] = set()  # the loop alone does not keep tasks


def drop(request: Request, desk: Desk, job: Job) -> None:
    """Cancel a job that nobody waits for any more, where it has not ended.

    In a task of its own: whoever calls this may be cancelled itself, and could await nothing.
    """
    if desk.stopping or "idempotency-key" in request.headers:
        return

    async def cancel() -> None:
        with contextlib.suppress(Refusal):  # it has ended
            await desk.cancel(job.id)

    task = asyncio.get_running_loop().create_task(cancel())
    _dropping.add(task)
    task.add_done_callback(_dropping.discard)


def check_done(job: Job) -> Job:
    """Return a job that is done; Refusal for any other."""
    if job.state == DONE:
        return job
    if not job.has_ended:
        raise Refusal(503, "ending", f"the server ends; the job {job.id} is drawn when it runs again", NO_REPEAT)
    if job.state == CANCELLED:
        raise Refusal(409, "cancelled", "the job was cancelled", NO_REPEAT)
    raise Refusal(500, job.error_code or "failed", job.error, NO_REPEAT)


def read_facts(text: str) -> Mapping[str, Any]:
    """Return a request of a job."""
    return json.loads(text)
