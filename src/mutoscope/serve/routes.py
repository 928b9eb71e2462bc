"""Our own routes: jobs, their events, their results. Everything else that speaks to the desk is built as these are."""

import contextlib
from typing import Annotated, Any, Literal

from fastapi import Depends, Header, Query, Response
from fastapi.responses import FileResponse

from mutoscope.serve.access import get_desk
from mutoscope.serve.bodies import JobBody, check_adapter
from mutoscope.serve.describing import describe
from mutoscope.serve.desk import Desk
from mutoscope.serve.jobs import BLIND, CANCELLED, DONE, Job, Refusal, Result
from mutoscope.serve.streams import EventStream, write_notes
from mutoscope.serve.strict import new_router

router = new_router(prefix="/api")
Id = Annotated[str | None, Query(max_length=64)]
LastId = Annotated[str | None, Header(alias="Last-Event-ID", max_length=20)]
Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=255)]
FOREVER = "private, max-age=31536000, immutable"  # a result's bytes never change


def show(desk: Desk, job: Job) -> dict[str, Any]:
    """Return a job as JSON, with what its worker said last."""
    return describe(job, desk.progress_of(job.id))


@router.post("/jobs", status_code=202)
async def make_job(
    body: JobBody, response: Response, key: Key = None, desk: Desk = Depends(get_desk)
) -> dict[str, Any]:
    """Keep an order; it is drawn when its turn comes."""
    order = body.as_order(key)
    check_adapter(order)
    job = await desk.submit(order)
    response.headers["Location"] = f"/api/jobs/{job.id}"
    return show(desk, job)


@router.get("/jobs")
async def list_jobs(
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Id = None,
    kind: Annotated[Literal["image", "video"] | None, Query()] = None,
    words: Annotated[str | None, Query(max_length=200)] = None,
    desk: Desk = Depends(get_desk),
) -> dict[str, Any]:
    """List jobs, the newest first; `after` is the last id of the page before. `words` are all in the prompt."""
    jobs, more = await desk.list_jobs(limit, after, kind=kind, words=words, also={"origin <> ?": BLIND})
    return {"object": "list", "data": [show(desk, job) for job in jobs], "has_more": more}


@router.get("/jobs/{job_id}")
async def get_job(job_id: str, desk: Desk = Depends(get_desk)) -> dict[str, Any]:
    """Say how a job is."""
    return show(desk, await desk.find(job_id))


@router.post("/jobs/{job_id}/cancel")
async def cancel_job(job_id: str, desk: Desk = Depends(get_desk)) -> dict[str, Any]:
    """End a job; what is finished of it is kept. 409 when it has ended already."""
    return show(desk, await desk.cancel(job_id))


@router.delete("/jobs/{job_id}")
async def delete_job(job_id: str, desk: Desk = Depends(get_desk)) -> dict[str, Any]:
    """Cancel a job that waits or runs; remove one that has ended, with its files."""
    with contextlib.suppress(Refusal):
        return {"id": job_id, "deleted": False, "job": show(desk, await desk.cancel(job_id))}
    await desk.remove(job_id)
    return {"id": job_id, "deleted": True}


@router.get("/jobs/{job_id}/events")
async def follow_job(job_id: str, last: LastId = None, desk: Desk = Depends(get_desk)) -> Response:
    """Stream what happens to a job; 204 when it has ended and all of it was read, which ends a browser's tries."""
    job, after = await desk.find(job_id), read_number(last)
    if job.has_ended and after is not None and after >= job.number:
        return Response(status_code=204)
    return follow(desk, job_id, after)


@router.get("/events")
async def follow_all(last: LastId = None, desk: Desk = Depends(get_desk)) -> Response:
    """Stream what happens to all jobs: one stream is enough for a browser, which has six connections."""
    return follow(desk, None, read_number(last))


def follow(desk: Desk, job_id: str | None, after: int | None) -> Response:
    """Return a stream of events; Refusal 503 when there are too many."""
    if desk.streams >= desk.settings.max_streams:
        raise Refusal(503, "too_many_streams", "too many event streams are open; try again later", {"Retry-After": "5"})
    return EventStream(write_notes(desk.listen_in_batches(job_id, after, patient=True)))


def read_number(words: str | None) -> int | None:
    """Return the number of a Last-Event-ID, None where it is none of ours."""
    return int(words) if words and words.isascii() and words.isdigit() and len(words) < 19 else None


@router.post("/draw", response_class=FileResponse)
async def draw(body: JobBody, key: Key = None, desk: Desk = Depends(get_desk)) -> Response:
    """Draw one picture or clip and return its file. The job goes on when the client leaves."""
    order = body.as_order(key)
    check_adapter(order)
    if order.number != 1:
        raise Refusal(
            422, "one_file", f"n must be 1 where the answer is the file, got {order.number}; use POST /api/jobs"
        )
    job = await desk.wait((await desk.submit(order)).id)
    if job.state == DONE:
        return send_result(desk, job.results[0])
    if not job.has_ended:
        raise Refusal(503, "ending", f"the server ends; the job {job.id} is drawn when it runs again")
    raise Refusal(
        409 if job.state == CANCELLED else 500, job.error_code or job.state, job.error or "the job was cancelled"
    )


@router.head("/results/{result_id}", include_in_schema=False)
@router.get("/results/{result_id}")
async def get_result(result_id: str, desk: Desk = Depends(get_desk)) -> Response:
    """Return the file of a result."""
    return send_result(desk, await desk.find_result(result_id))


def send_result(desk: Desk, result: Result) -> Response:
    """Return the file of a result as an answer; Refusal 404 where its job was removed since."""
    path = desk.path_of(result)
    if path.is_symlink() or not path.is_file():
        raise Refusal(404, "not_found", "")
    headers = {"Cache-Control": FOREVER}
    return FileResponse(
        path, media_type=result.media_type, filename=result.file, content_disposition_type="inline", headers=headers
    )
