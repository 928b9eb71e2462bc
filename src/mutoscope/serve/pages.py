"""The page at /: three files, read once; nothing of the queue is in them."""

from functools import cache
from importlib import resources

from fastapi import Response

from mutoscope.serve.jobs import Refusal
from mutoscope.serve.strict import new_router

router = new_router(include_in_schema=False)
TYPES = {"index.html": "text/html", "page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}


@cache
def read_file(name: str) -> bytes:
    """Return a file of the page."""
    return (resources.files("mutoscope.serve") / "page" / name).read_bytes()


def send_file(name: str) -> Response:
    """Return a file of the page as an answer; a browser asks again each time."""
    if name not in TYPES:
        raise Refusal(404, "not_found", "there is nothing of this name here")
    return Response(read_file(name), media_type=TYPES[name], headers={"Cache-Control": "no-cache"})


@router.api_route("/", methods=["GET", "HEAD"])
async def get_page() -> Response:
    """Return the page."""
    return send_file("index.html")


@router.api_route("/page/{name}", methods=["GET", "HEAD"])
async def get_part(name: str) -> Response:
    """Return a file that the page needs."""
    return send_file(name)


@router.api_route("/favicon.ico", methods=["GET", "HEAD"])
async def get_icon() -> Response:
    """Return the icon, which browsers ask for by this name."""
    return send_file("icon.svg")
