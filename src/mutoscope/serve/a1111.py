"""Routes of the shape of AUTOMATIC1111's server, for the many programs that speak to it.

What it has and we lack is ignored, as its clients need, and said in `info`. Its clients have one server for themselves: progress,
interrupt and skip are about whatever these routes draw now.
"""

import asyncio
from typing import Any

from fastapi import APIRouter, Depends, Query, Request

from mutoscope.prompt.parameters import read_parameters
from mutoscope.prompt.styles import known_styles
from mutoscope.serve.a1111_answers import (
    A1111Route,
    describe_parameters,
    describe_pictures,
    describe_progress,
)
from mutoscope.serve.a1111_bodies import DrawBody, InfoBody, OptionsBody, find_model, squeeze, title_of, translate
from mutoscope.serve.a1111_calls import Calls, draw, get_calls, skip, stop
from mutoscope.serve.access import get_desk
from mutoscope.serve.bodies import read_base64
from mutoscope.serve.catalog import Entry
from mutoscope.serve.desk import Desk
from mutoscope.serve.facts import read_info_of
from mutoscope.serve.jobs import Refusal

router = APIRouter(prefix="/sdapi/v1", route_class=A1111Route)
# What its clients look up before they draw. There is none of it here.
EMPTY: dict[str, Any] = {
    "scripts": {"txt2img": [], "img2img": []},
    "script-info": [],
    "sd-vae": [],
    "sd-modules": [],
    "latent-upscale-modes": [],
    "hypernetworks": [],
    "face-restorers": [],
    "realesrgan-models": [],
    "loras": [],
    "embeddings": {"loaded": {}, "skipped": {}},
    "memory": {"ram": {}, "cuda": {}},
    "cmd-flags": {},
    "extensions": [],
}


@router.post("/txt2img")
async def draw_from_words(
    body: DrawBody, request: Request, desk: Desk = Depends(get_desk), calls: Calls = Depends(get_calls)
) -> dict[str, Any]:
    """Draw pictures from words, and answer when they are there."""
    return await answer_call(body, request, desk, calls, from_picture=False)


@router.post("/img2img")
async def draw_from_picture(
    body: DrawBody, request: Request, desk: Desk = Depends(get_desk), calls: Calls = Depends(get_calls)
) -> dict[str, Any]:
    """Draw pictures from a picture, under a mask where one is given: white is painted."""
    return await answer_call(body, request, desk, calls, from_picture=True)


async def answer_call(
    body: DrawBody, request: Request, desk: Desk, calls: Calls, *, from_picture: bool
) -> dict[str, Any]:
    """Draw what a body asks for."""
    wanted = await asyncio.to_thread(translate, body, desk.catalog, chosen_model(desk, calls), from_picture)
    call = await draw(desk, calls, wanted, request)
    pictures = [await desk.read_result(result) for job in call.jobs for result in job.results]
    return describe_pictures(body, wanted, call, pictures)


def chosen_model(desk: Desk, calls: Calls) -> Entry:
    """Return the model that clients chose by options, the first where they chose none."""
    return calls.model or desk.catalog.first


@router.get("/progress")
async def get_progress(skip_current_image: bool = Query(False), calls: Calls = Depends(get_calls)) -> dict[str, Any]:
    """Say how far the call is that is drawn now, with its picture so far."""
    return describe_progress(calls.first, not skip_current_image)


@router.post("/interrupt")
async def interrupt(desk: Desk = Depends(get_desk), calls: Calls = Depends(get_calls)) -> dict[str, Any]:
    """End the call that is drawn now; it answers with the pictures that are finished."""
    if calls.first is not None:
        await stop(desk, calls.first)
    return {}


@router.post("/skip")
async def skip_picture(desk: Desk = Depends(get_desk), calls: Calls = Depends(get_calls)) -> dict[str, Any]:
    """Leave out the picture that is drawn now, and go on with the next of its call."""
    if calls.first is not None:
        await skip(desk, calls.first)
    return {}


@router.get("/sd-models")
async def list_models(desk: Desk = Depends(get_desk)) -> list[dict[str, Any]]:
    """List the models; where they lie is nobody's business."""
    return [describe_model(entry) for entry in desk.catalog]


def describe_model(entry: Entry) -> dict[str, Any]:
    """Return a model as its clients read it."""
    return {
        "title": title_of(entry),
        "model_name": entry.id,
        "hash": entry.capabilities.hash[:10],
        "sha256": None,
        "filename": entry.id,
        "config": None,
    }


@router.post("/refresh-checkpoints")
async def refresh_models() -> None:
    """Do nothing: the models are those that the server was started with."""


@router.get("/samplers")
async def list_samplers(desk: Desk = Depends(get_desk)) -> list[dict[str, Any]]:
    """List the samplers that the models draw with; a body may name any other, and `info` says what drew."""
    names = dict.fromkeys(entry.capabilities.sampler or "Automatic" for entry in desk.catalog)
    return [{"name": name, "aliases": [], "options": {}} for name in names]


@router.get("/schedulers")
async def list_schedulers() -> list[dict[str, Any]]:
    """List the schedulers: each model has its own."""
    one = {"name": "automatic", "label": "Automatic", "aliases": None, "default_rho": -1, "need_inner_model": False}
    return [one]


@router.get("/prompt-styles")
async def list_styles() -> list[dict[str, Any]]:
    """List the styles; `styles` of a body takes their names."""
    return [
        {"name": name, "prompt": style.words, "negative_prompt": style.negative}
        for name, style in known_styles().items()
    ]


@router.get("/options")
async def get_options(desk: Desk = Depends(get_desk), calls: Calls = Depends(get_calls)) -> dict[str, Any]:
    """Return the settings: which model draws."""
    entry = chosen_model(desk, calls)
    return {
        "sd_model_checkpoint": title_of(entry),
        "sd_checkpoint_hash": entry.capabilities.hash,
        "samples_format": "png",
        "sd_vae": "Automatic",
        "CLIP_stop_at_last_layers": 1,
    }


@router.post("/options")
async def set_options(body: OptionsBody, desk: Desk = Depends(get_desk), calls: Calls = Depends(get_calls)) -> None:
    """Choose the model for calls that name none; other settings mean nothing here."""
    if body.sd_model_checkpoint:
        entry = find_model(desk.catalog, body.sd_model_checkpoint)
        if entry is None:
            known = ", ".join(title_of(one) for one in desk.catalog)
            raise Refusal(422, "unknown_model", f"sd_model_checkpoint is not here; this server has {known}")
        calls.model = entry


@router.post("/png-info")
async def tell_info(body: InfoBody, desk: Desk = Depends(get_desk)) -> dict[str, Any]:
    """Say what a picture says of its making, with the settings as single values."""
    data = read_base64("image", squeeze(body.image))
    text = (await desk.look_up(read_info_of, data))["parameters"] or ""
    items = {"parameters": text} if text else {}
    return {"info": text, "items": items, "parameters": describe_parameters(read_parameters(text)) if text else {}}


def add_empty(name: str, value: Any) -> None:
    """Add a route that has nothing to say."""

    async def get_nothing() -> Any:
        return value

    router.add_api_route(f"/{name}", get_nothing, methods=["GET"], name=f"get_{name}", description="Empty here.")


for one_name, one_value in EMPTY.items():
    add_empty(one_name, one_value)
