"""The library: everything that was made, in few words each, so that thousands can be listed and searched at once."""

from typing import Annotated, Any, Literal

from fastapi import Depends, Query

from mutoscope.serve.access import get_desk
from mutoscope.serve.boards import ON_BOARD
from mutoscope.serve.describing import describe_item
from mutoscope.serve.desk import Desk
from mutoscope.serve.jobs import BLIND
from mutoscope.serve.strict import new_router

router = new_router(prefix="/api")
MODEL = "jobs.model = ?"
STYLE = "EXISTS (SELECT 1 FROM json_each(results.request, '$.styles') AS style WHERE json_extract(style.value, '$.name') = ?)"
NOT_BLIND = {"jobs.origin <> ?": BLIND}  # what the arena draws is seen there, without its makers


@router.get("/items")
async def list_items(
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: Annotated[str | None, Query(max_length=40, pattern=r"^\d{1,18}\.\d{1,18}$")] = None,
    kind: Annotated[Literal["image", "video"] | None, Query()] = None,
    words: Annotated[str | None, Query(max_length=200)] = None,
    board: Annotated[str | None, Query(max_length=64)] = None,
    model: Annotated[str | None, Query(max_length=200)] = None,
    style: Annotated[str | None, Query(max_length=80)] = None,
    desk: Desk = Depends(get_desk),
) -> dict[str, Any]:
    """List finished pictures and clips, the newest first; `after` is `next` of the page before. `words` are all in the prompt.

    `board`, `model`, `style`: those on a board, made by a model, in a style alone.
    """
    behind = None if after is None else read_cursor(after)
    rules = {ON_BOARD: board, MODEL: model, STYLE: style}
    also = NOT_BLIND | {rule: value for rule, value in rules.items() if value is not None}
    items, total = await desk.look_up(desk.store.list_items, limit + 1, behind, kind, words, also)
    shown, more = items[:limit], len(items) > limit
    following = shown[-1].cursor if more else None
    return {"object": "list", "data": [describe_item(item) for item in shown], "next": following, "total": total}


def read_cursor(text: str) -> tuple[int, int]:
    """Return the places of a job and of its result.

    >>> read_cursor("12.0")
    (12, 0)
    """
    job, _, place = text.partition(".")
    return int(job), int(place)
