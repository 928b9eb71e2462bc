"""Server-sent events over a plain streaming response. A comment each 15 seconds keeps proxies awake.

What costs time with many listeners is not writing an event, which is done once for all of them, but sending it to each. So what happens
within a moment is sent at once (feed.py). A reader that takes nothing for a while is left (running.TimedProtocol), and comes
again with Last-Event-ID.
"""

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from mutoscope.serve.describing import describe, describe_result
from mutoscope.serve.feed import QUIET_SECONDS
from mutoscope.serve.jobs import Note

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
BEGINNING, STILL_HERE = b": here\n\n", b": still here\n\n"
MOST_AT_ONCE = 100  # events of one send


class EventStream(StreamingResponse):
    """Chunks of an event stream; `chunks` is closed however the client leaves."""

    def __init__(self, chunks: AsyncGenerator[bytes, None]):
        super().__init__(chunks, headers=HEADERS, media_type="text/event-stream")
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with contextlib.aclosing(self._chunks):
            await super().__call__(scope, receive, send)


async def with_heartbeat(events: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Yield events, and a comment whenever none came for a while."""
    upcoming: asyncio.Task[bytes] | None = None
    try:
        yield BEGINNING
        while True:
            upcoming = upcoming or asyncio.ensure_future(anext(events))
            done, _ = await asyncio.wait((upcoming,), timeout=QUIET_SECONDS)
            if not done:
                yield STILL_HERE
                continue
            finished, upcoming = upcoming, None
            try:
                event = finished.result()
            except StopAsyncIteration:
                return
            yield event
            await asyncio.sleep(0)  # one that never waits would hold the loop after its client is gone
    finally:
        if upcoming is not None:
            upcoming.cancel()
            with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
                await upcoming
        await events.aclose()


def write_event(data: Mapping[str, Any], name: str = "", number: int = 0) -> bytes:
    """Return one event; a number is its id, which a reader sends back as Last-Event-ID."""
    head = (f"id: {number}\n" if number else "") + (f"event: {name}\n" if name else "")
    return f"{head}data: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


async def write_notes(batches: AsyncGenerator[list[Note], None]) -> AsyncGenerator[bytes, None]:
    """Yield notes as events of our own stream, those of a batch together; a comment for an empty one."""
    yield BEGINNING
    async with contextlib.aclosing(batches) as every:
        async for notes in every:
            for start in range(0, len(notes), MOST_AT_ONCE):
                yield b"".join(map(write_note, notes[start : start + MOST_AT_ONCE]))
                if start:
                    await asyncio.sleep(0)  # else nobody is answered between many
            if not notes:
                yield STILL_HERE


def write_note(note: Note) -> bytes:
    """Return a note as an event; it is written once for all listeners."""
    if "own" not in note.written:
        note.written["own"] = write_event(show_note(note), note.name, note.number)
    return note.written["own"]


def show_note(note: Note) -> dict[str, Any]:
    """Return a note as JSON; each says of which job it is."""
    if note.name == "state":
        return {"type": "state", "job": note.job_id, "state": note.data.state, "whole": describe(note.data)}
    if note.name == "result":
        return {"type": "result", "job": note.job_id, "result": describe_result(note.data)}
    if note.name == "preview":
        picture = base64.b64encode(note.data["jpeg"]).decode()
        return {
            "type": "preview",
            "job": note.job_id,
            "place": note.data["place"],
            "media_type": "image/webp" if note.data.get("seconds") else "image/jpeg",  # one that plays, or a still
            "seconds": note.data.get("seconds", 0.0),
            "data": picture,
        }
    of = "model" if note.name == "download" else "job"
    return {"type": note.name, of: note.job_id, **(note.data or {})}
