"""Jobs and results as JSON, as our own routes give them."""

import json
from typing import Any

from mutoscope.serve.jobs import MEDIA_TYPES, Item, Job, Result


def describe(job: Job, progress: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a job as JSON for clients."""
    return {
        "id": job.id,
        "object": "job",
        "state": job.state,
        "kind": job.kind,
        "model": job.model,
        "format": job.format,
        "prompt": job.prompt,
        "number": len(job.requests),
        "created": job.created,
        "started": job.started,
        "ended": job.ended,
        "cost": round(job.cost, 3),
        "progress": progress,
        "error": {"message": job.error, "code": job.error_code} if job.error else None,
        "results": [describe_result(result) for result in job.results],
    }


def describe_result(result: Result) -> dict[str, Any]:
    """Return a result as JSON for clients; its address is relative, whatever name the server is called by."""
    request = json.loads(result.request)
    return {
        "id": result.id,
        "object": "result",
        "place": result.place,
        "url": f"/api/results/{result.id}",
        "type": result.media_type,
        "bytes": result.bytes,
        "seconds": result.seconds,
        "seed": request["seed"],
        "width": request["width"],
        "height": request["height"],
        "warnings": list(result.warnings),
        "request": request,
    }


def describe_item(item: Item) -> dict[str, Any]:
    """Return a finished picture or clip in few words, as JSON for long lists."""
    return {
        "id": item.id,
        "job": item.job_id,
        "kind": item.kind,
        "type": MEDIA_TYPES[item.format],
        "prompt": item.prompt,
        "created": item.created,
        "width": item.width,
        "height": item.height,
    }
