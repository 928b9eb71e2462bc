"""Calls of txt2img and img2img while they are drawn: they wait for their pictures, and are looked at and stopped from outside.

A call is one job for each picture, so that every picture has the seed that it says, and can be left out alone.
"""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request

from mutoscope.serve.a1111_bodies import Wanted
from mutoscope.serve.catalog import Entry
from mutoscope.serve.desk import Desk
from mutoscope.serve.jobs import FAILED, Job, Refusal

LOOK_SECONDS = 0.5  # between two looks whether the client is still there


@dataclass
class Call:
    """One call and how far it is."""

    number: int  # pictures
    jobs: list[Job] = field(default_factory=list)
    place: int = 0  # of the picture that is followed
    progress: dict[str, Any] = field(default_factory=dict)  # what its worker said last
    preview: bytes | None = None  # JPEG
    interrupted: bool = False
    skipped: bool = False
    started: str = field(default_factory=lambda: time.strftime("%Y%m%d%H%M%S"))

    @property
    def share(self) -> float:
        """How much of it is drawn, from 0 to 1."""
        step, total = self.progress.get("step", 0), self.progress.get("total", 0)
        return min(1.0, (self.place + (step / total if total else 0.0)) / self.number)


@dataclass
class Calls:
    """What the clients of these routes share: the calls that are under way, and the model that they chose."""

    active: list[Call] = field(default_factory=list)
    model: Entry | None = None

    @property
    def first(self) -> Call | None:
        """The call that is drawn now."""
        return self.active[0] if self.active else None


def get_calls(request: Request) -> Calls:
    """Return the calls of a server."""
    state = request.app.state
    if not hasattr(state, "a1111"):
        state.a1111 = Calls()
    return state.a1111


async def draw(desk: Desk, calls: Calls, wanted: Wanted, request: Request) -> Call:
    """Draw what a call wants and return it with its jobs as they ended; a client that leaves ends them. Refusal and its kin."""
    call = Call(len(wanted.orders))
    calls.active.append(call)
    try:
        for order in wanted.orders:
            call.jobs.append(await desk.submit(order))
        await stay_with(request, desk, call)
    except BaseException:
        await stop(desk, call)
        raise
    finally:
        calls.active.remove(call)
    for job in call.jobs:
        if job.state == FAILED:
            raise Refusal(507 if job.error_code == "StorageFullError" else 500, job.error_code, job.error)
        if not job.has_ended:
            raise Refusal(503, "stopping", "the server ends; the pictures are drawn when it is back, see /api/jobs")
    return call


async def stay_with(request: Request, desk: Desk, call: Call) -> None:
    """Follow the jobs of a call to their ends, and end them where the client has left."""
    following = asyncio.ensure_future(follow_all(desk, call))
    try:
        while not (await asyncio.wait({following}, timeout=LOOK_SECONDS))[0]:
            if not call.interrupted and await request.is_disconnected():
                await stop(desk, call)
        following.result()
    finally:
        following.cancel()


async def follow_all(desk: Desk, call: Call) -> None:
    """Follow the jobs one after the other."""
    for place, job in enumerate(call.jobs):
        call.place, call.progress, call.preview = place, {}, None
        call.jobs[place] = await follow(desk, call, job)


async def follow(desk: Desk, call: Call, job: Job) -> Job:
    """Return a job when it has ended, or as it is when the server ends; keep what is said of it meanwhile."""
    async with contextlib.aclosing(desk.listen(job.id)) as notes:
        async for note in notes:
            if note.name == "progress":
                call.progress = note.data
            elif note.name == "preview":
                call.preview = note.data["jpeg"]
            elif note.name == "state" and note.data.has_ended:
                return note.data
    return await desk.find(job.id)


async def stop(desk: Desk, call: Call) -> None:
    """End what is left of a call; the pictures that are finished stay."""
    call.interrupted = True
    for job in call.jobs:
        await cancel(desk, job)


async def skip(desk: Desk, call: Call) -> None:
    """Leave out the picture that is drawn now."""
    call.skipped = True
    if call.place < len(call.jobs):
        await cancel(desk, call.jobs[call.place])


async def cancel(desk: Desk, job: Job) -> None:
    """End a job that has not ended."""
    if not job.has_ended:
        with contextlib.suppress(Refusal):
            await desk.cancel(job.id)
