"""Pictures as a stream of events: partial ones while they are drawn, each as a whole when it is done."""

import base64
import contextlib
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from fastapi import Request
from starlette.types import Receive, Scope, Send

from mutoscope.serve.answers import answer
from mutoscope.serve.desk import Desk
from mutoscope.serve.jobs import Job, Note, Refusal, Result
from mutoscope.serve.openai_fields import check_done, drop
from mutoscope.serve.streams import EventStream, with_heartbeat, write_event

Complete = Callable[[Result], Awaitable[dict[str, Any]]]


class PictureStream(EventStream):
    """The answer to a request with `stream`; a client that leaves cancels its job."""

    def __init__(self, request: Request, desk: Desk, job: Job, name: str, partial: int, complete: Complete):
        super().__init__(with_heartbeat(write_pictures(desk, job, name, partial, complete)))
        self._leave = lambda: drop(request, desk, job)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:  # also where the client left before the first event was asked for
            self._leave()


async def write_pictures(
    desk: Desk, job: Job, name: str, partial: int, complete: Complete
) -> AsyncGenerator[bytes, None]:
    """Yield the events of a job of pictures; the last one is an error where it ends otherwise than done."""
    chosen = Partial(partial)
    try:
        async with contextlib.aclosing(desk.listen(job.id, previews=partial > 0)) as notes:
            async for note in notes:
                if note.name == "result":
                    event = {**await complete(note.data), "place": note.data.place}
                    yield write(f"{name}.completed", event)
                elif (found := chosen.take(note)) is not None:
                    shared = {"size": size_of(job), "quality": "auto", "background": "opaque", "output_format": "jpeg"}
                    yield write(f"{name}.partial_image", {**found, **shared})
        check_done(await desk.find(job.id))
    except Refusal as error:  # the status is sent already
        yield write_error(error)


def write(kind: str, event: dict[str, Any]) -> bytes:
    """Return an event; clients go by `type` in its data."""
    return write_event({"type": kind, "created_at": int(time.time()), **event}, kind)


def write_error(error: Refusal) -> bytes:
    """Return an error as an event, which clients raise."""
    return write_event(json.loads(bytes(answer(error.status, str(error), error.code, error.param).body)), "error")


def size_of(job: Job) -> str:
    """Return the size of the pictures of a job."""
    facts = json.loads(job.requests[0])
    return f"{facts['width']}x{facts['height']}"


class Partial:
    """Chooses so many previews of each picture, spread evenly over its steps; less where it is drawn faster than they come."""

    def __init__(self, number: int):
        self._number = number
        self._sent: dict[int, int] = {}  # by place
        self._newest: dict[int, bytes] = {}

    def take(self, note: Note) -> dict[str, Any] | None:
        """Return what a preview or a step brings to be sent, None for nothing."""
        if note.name == "preview":
            self._newest[note.data["place"]] = note.data["jpeg"]
        if note.name != "progress" or not note.data["total"]:
            return None
        place, share = note.data["place"], note.data["step"] / note.data["total"]
        sent = self._sent.get(place, 0)
        if sent >= self._number or place not in self._newest or share < (sent + 1) / (self._number + 1):
            return None
        self._sent[place] = sent + 1
        jpeg = base64.b64encode(self._newest.pop(place)).decode()
        return {"b64_json": jpeg, "partial_image_index": sent, "place": place}
