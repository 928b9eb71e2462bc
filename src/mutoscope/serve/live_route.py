"""POST /api/live: the picture of a page while its prompt is typed."""

import asyncio
from typing import Annotated

from fastapi import Depends, Request, Response
from pydantic import Field

from mutoscope.serve.access import get_desk
from mutoscope.serve.bodies import JobBody, check_adapter
from mutoscope.serve.desk import Desk
from mutoscope.serve.jobs import MEDIA_TYPES, Refusal
from mutoscope.serve.live import FORMAT, Wish
from mutoscope.serve.strict import new_router

router = new_router(prefix="/api")
LOOK_SECONDS = 0.05  # between two looks whether the client is there
ASIDE = ("page", "sketch")  # fields that are no options


class LiveBody(JobBody):
    """A picture to see now. Of one page only the newest is drawn."""

    page: Annotated[str, Field(min_length=1, max_length=64)]
    sketch: bool = True  # small and in few steps; false: as a job would draw it


@router.post("/live")
async def draw_live(body: LiveBody, request: Request, desk: Desk = Depends(get_desk)) -> Response:
    """Draw a picture that is kept nowhere. 204 when a newer one of the page came, or the models are needed for a job."""
    if body.kind != "image" or body.n != 1:
        raise Refusal(
            422, "one_picture", f"live drawing makes one picture, got {body.n} of kind {body.kind}", param="kind"
        )
    order = JobBody(**{name: value for name, value in body.__dict__.items() if name not in ASIDE}).as_order()
    check_adapter(order)
    wish = await desk.wish(order, body.page, sketch=body.sketch)
    try:
        data = await wait_while_there(request, wish)
    finally:
        await desk.look_up(desk.forget, wish)
    headers = {"Cache-Control": "no-store"}
    return Response(status_code=204, headers=headers) if data is None else Response(
        data, media_type=MEDIA_TYPES[FORMAT], headers=headers
    )  # fmt: skip


async def wait_while_there(request: Request, wish: Wish) -> bytes | None:
    """Return the answer to a wish; None when its client has left."""
    answer = asyncio.wrap_future(wish.answer)
    while not answer.done():
        await asyncio.wait((answer,), timeout=LOOK_SECONDS)
        if not answer.done() and await request.is_disconnected():
            wish.drop()
    return await answer
