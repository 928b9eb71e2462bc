"""The page at /: the files of page/, read once; nothing of the queue is in them."""

import hashlib
from functools import cache
from importlib import resources
from typing import Annotated

from fastapi import Header, Request, Response
from fastapi.responses import RedirectResponse

from mutoscope.serve.jobs import Refusal
from mutoscope.serve.strict import new_router

router = new_router(include_in_schema=False)
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}
Tag = Annotated[str | None, Header(alias="If-None-Match", max_length=200)]


@cache
def read_files() -> dict[str, tuple[bytes, str, str]]:
    """Return the files of the page by name: bytes, content type, and a tag that changes with the bytes."""
    found = {}
    for path in (resources.files("mutoscope.serve") / "page").iterdir():
        kind = TYPES.get(path.name[path.name.rfind(".") :])
        if kind is not None:
            data = path.read_bytes()
            found[path.name] = data, kind, f'"{hashlib.sha256(data).hexdigest()[:16]}"'
    return found


def send_file(name: str, tag: str | None = None) -> Response:
    """Return a file of the page as an answer; a browser asks again each time, and gets only what it does not have."""
    if name not in read_files():
        raise Refusal(404, "not_found", "there is nothing of this name here")
    data, kind, own = read_files()[name]
    headers = {"Cache-Control": "no-cache", "ETag": own}
    if tag == own:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=kind, headers=headers)


@router.head("/", include_in_schema=False)
@router.get("/")
async def get_page(tag: Tag = None) -> Response:
    """Return the page."""
    return send_file("index.html", tag)


@router.get("/library")
@router.get("/arena")
@router.get("/runs")
async def get_screen(request: Request) -> Response:
    """Lead somebody who types the name of a screen to it: one file holds them all, and the # says which is shown."""
    return RedirectResponse(f"/#{request.url.path[1:]}", 308)


@router.head("/page/{name}", include_in_schema=False)
@router.get("/page/{name}")
async def get_part(name: str, tag: Tag = None) -> Response:
    """Return a file that the page needs."""
    return send_file(name, tag)


@router.head("/favicon.ico", include_in_schema=False)
@router.get("/favicon.ico")
async def get_icon(tag: Tag = None) -> Response:
    """Return the icon, which browsers ask for by this name."""
    return send_file("icon.svg", tag)
