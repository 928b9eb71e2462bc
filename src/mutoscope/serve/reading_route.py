"""POST /api/read: what a model reads in a prompt, and the words that it was never shown. Nothing is drawn; it takes milliseconds."""

from typing import Any

from fastapi import Depends
from pydantic import Field

from mutoscope.capabilities import Capabilities
from mutoscope.engines.unknown import unknown_to
from mutoscope.options import build_request, image_options, video_options
from mutoscope.prompt.checks import MAX_PROMPT_CHARACTERS
from mutoscope.prompt.request import NamedObject, Request
from mutoscope.serve.access import get_desk
from mutoscope.serve.bodies import Word
from mutoscope.serve.desk import Desk
from mutoscope.serve.strict import StrictBody, new_router

router = new_router(prefix="/api")


class ReadBody(StrictBody):
    """A prompt, and the model that would draw it."""

    prompt: str = Field(min_length=1, max_length=MAX_PROMPT_CHARACTERS)
    model: Word | None = None


@router.post("/read")
async def read_prompt(body: ReadBody, desk: Desk = Depends(get_desk)) -> dict[str, Any]:
    """Say what a model reads in a prompt: scene, light, style, objects; and which words it was never shown."""
    able = desk.catalog.find(body.model).capabilities
    request = await desk.look_up(_build, body.prompt, able)
    unknown = [] if able.known_words is None else unknown_to(request, able.known_words)
    return {"object": "reading", "read": name_read(request), "unknown": unknown}


def _build(prompt: str, able: Capabilities) -> Request:
    options = image_options(prompt, {}) if able.pictures else video_options(prompt, {})
    return build_request(options, able)


def name_read(request: Request) -> list[str]:
    """Return the names of what was read, the objects first, each once."""
    objects = () if request.objects is None else request.objects.objects
    names = [
        *map(name_object, objects),
        *(fact.name for fact in request.facts),
        *(style.name for style in request.styles),
    ]
    return list(dict.fromkeys(names))


def name_object(one: NamedObject) -> str:
    """Return how many of an object there are, and its color, where they are said.

    >>> name_object(NamedObject("fox", 2, "red"))
    '2 x red fox'
    """
    many = f"{one.count} x " if one.count > 1 else ""
    return many + (f"{one.color} " if one.color else "") + one.noun
