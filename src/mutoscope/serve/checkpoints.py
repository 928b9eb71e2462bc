"""Routes for models that this server does not draw with yet: those on the disk, and known ones that can be fetched.

A name that comes in is only ever compared with those that the list holds. Nothing is fetched before somebody has asked for it by its
licence, nothing is opened or fetched where others reach the server, unless its owner said so (ServeSettings.may_add_models).
"""

import asyncio
import os
import shutil
import threading
from concurrent.futures import Future
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends
from pydantic import Field

from mutoscope.errors import MutoscopeError, did_you_mean
from mutoscope.hub.fetch import SPARE_BYTES
from mutoscope.hub.headers import spell_bytes
from mutoscope.hub.names import cache_folder
from mutoscope.hub.shelf import HERE, Offer, list_offers, missing_library
from mutoscope.serve.access import get_desk, get_downloads
from mutoscope.serve.catalog import Entry
from mutoscope.serve.desk import Desk
from mutoscope.serve.downloads import Downloads, show_progress
from mutoscope.serve.facts import describe_model
from mutoscope.serve.jobs import Refusal
from mutoscope.serve.settings import ServeSettings
from mutoscope.serve.strict import StrictBody, new_router

router = new_router(prefix="/api/checkpoints")
NAME = Field(min_length=1, max_length=200)
KINDS = {"image": ["image"], "clip": ["video"]}
HUB = "https://huggingface.co"


class NameBody(StrictBody):
    """Which model."""

    model: Annotated[str, NAME]


class DownloadBody(NameBody):
    """Which model to fetch, and the name of its licence, as a sign that it was read."""

    licence: str = Field(max_length=200)


@router.get("")
async def list_checkpoints(
    desk: Desk = Depends(get_desk), downloads: Downloads = Depends(get_downloads)
) -> dict[str, Any]:
    """List the models that can be opened or fetched here; nothing where the models of this server are fixed."""
    why = refused_by(desk.settings)
    offers = [] if why else await desk.look_up(list_offers)
    shown = [describe_offer(offer, desk, downloads) for offer in offers]
    free = await desk.look_up(measure_room)
    return {"object": "list", "allowed": not why, "why": why, **free, "data": shown}


@router.post("/download", status_code=202)
async def start_download(
    body: DownloadBody, desk: Desk = Depends(get_desk), downloads: Downloads = Depends(get_downloads)
) -> dict[str, Any]:
    """Fetch a known model, or the rest of it; /api/events tells how far it is."""
    offer = await find_offer(desk, body.model)
    refuse_blocked(offer)
    licence = offer.known.licence if offer.known else ""
    if body.licence != licence:
        words = f"licence must be {licence!r}: read it at {page_of(offer)}, and send it back if you agree"
        raise Refusal(422, "licence", words, param="licence")
    if offer.state != HERE:
        await desk.look_up(downloads.start, offer.name)
    return describe_offer(offer, desk, downloads)


@router.post("/size", status_code=202)
async def ask_size(
    body: NameBody, desk: Desk = Depends(get_desk), downloads: Downloads = Depends(get_downloads)
) -> dict[str, Any]:
    """Ask the hub how large a known model is; nothing else is fetched."""
    offer = await find_offer(desk, body.model)
    refuse_blocked(offer)
    await desk.look_up(lambda: downloads.start(offer.name, only_ask=True))
    return describe_offer(offer, desk, downloads)


@router.post("/cancel")
async def cancel_download(
    body: NameBody, desk: Desk = Depends(get_desk), downloads: Downloads = Depends(get_downloads)
) -> dict[str, Any]:
    """Stop a download; what is whole of it stays. 409 where there is none."""
    offer = await find_offer(desk, body.model)
    downloads.cancel(offer.name)
    return describe_offer(offer, desk, downloads)


@router.post("/open")
async def open_checkpoint(body: NameBody, desk: Desk = Depends(get_desk)) -> dict[str, Any]:
    """Let this server draw with a model that is on its disk; its weights are loaded with the first picture."""
    offer = await find_offer(desk, body.model)
    try:
        return describe_model(await open_aside(desk, offer.name))
    except Refusal:
        raise
    except MutoscopeError as error:
        raise Refusal(422, type(error).__name__, str(error), param="model") from error


async def open_aside(desk: Desk, name: str) -> Entry:
    """Open a model in a thread of its own, which imports for seconds and must not hold a server that ends."""
    opened: Future[Entry] = Future()
    opened.set_running_or_notify_cancel()

    def run() -> None:
        try:
            opened.set_result(desk.add_model(name))
        except Exception as error:
            opened.set_exception(error)

    threading.Thread(target=run, name="opening", daemon=True).start()
    return await asyncio.wrap_future(opened)


def refused_by(settings: ServeSettings) -> str:
    """Return why the models of a server are fixed, "" where they are not."""
    if settings.cluster is not None:
        return "this server draws on a cluster; fetch the model on its machines, and name it at the start with --model"
    return (
        ""
        if settings.may_add_models
        else "the models of this server are fixed; its owner can start it with --downloads"
    )


async def find_offer(desk: Desk, name: str) -> Offer:
    """Return what the list has under a name; Refusal 403, 404."""
    why = refused_by(desk.settings)
    if why:
        raise Refusal(403, "models_fixed", why)
    offers = {offer.name: offer for offer in await desk.look_up(list_offers)}
    if name not in offers:
        words = f"no model {name[:60]!r} can be had here{did_you_mean(name[:60], offers)}; see GET /api/checkpoints"
        raise Refusal(404, "not_found", words, param="model")
    return offers[name]


def obstacle_of(offer: Offer) -> str:
    """Return why a model can be neither fetched nor opened now, "" where it can."""
    library = missing_library()
    if library:
        return (
            f"It needs {library}, which is not installed. On the server's machine: pip install 'mutoscope[hub]', then start "
            "the server again"
        )
    if offer.state == HERE:
        return offer.obstacle
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return "Nothing is fetched, since HF_HUB_OFFLINE is set where the server runs"
    rest, free = (offer.known.download or 0.0 if offer.known else 0.0) - offer.bytes, free_bytes()
    if rest + SPARE_BYTES > free and rest > 0:
        return (
            f"It brings {spell_bytes(rest)}, and the disk has {spell_bytes(free)} free. Make room, or name another folder where "
            "the server starts: HF_HUB_CACHE=DIR"
        )
    return ""


def refuse_blocked(offer: Offer) -> None:
    """Refuse what cannot be fetched; Refusal 409, 422."""
    words = obstacle_of(offer)
    if words:
        raise Refusal(409, "not_possible", words, param="model")
    if offer.known is None:
        raise Refusal(422, "not_known", "only models with a short name are fetched from here: mutoscope models get")


def page_of(offer: Offer) -> str:
    """Return where the licence can be read."""
    return f"{(os.environ.get('HF_ENDPOINT') or HUB).rstrip('/')}/{offer.repository}"


def measure_room() -> dict[str, int | None]:
    """Return the free bytes of the disk and of this machine's memory; None where the system does not tell."""
    from mutoscope.engines.diffusers.placing import free_memory  # a server without such models does not wait for it

    return {"disk_free": free_bytes(), "memory_free": free_memory("cpu")}


def free_bytes() -> int:
    """Return the free bytes of the disk that models come to."""
    cache = cache_folder().absolute()
    return shutil.disk_usage(next(path for path in (cache, *cache.parents) if path.exists())).free


def describe_offer(offer: Offer, desk: Desk, downloads: Downloads) -> dict[str, Any]:
    """Return a model that can be had as JSON."""
    known, now = offer.known, downloads.now
    names = offer.name, offer.repository
    opened = next((entry.id for entry in desk.catalog if entry.opened_as in names or entry.id in names), None)
    size = downloads.sizes.get(offer.name) or (known and known.download and int(known.download)) or None
    return {
        "id": offer.name,
        "object": "checkpoint",
        "repository": offer.repository,
        "host": urlsplit(page_of(offer)).netloc,
        "page": page_of(offer),
        "about": known.about if known else "",
        "kinds": KINDS[known.kind] if known else None,
        "licence": known.licence if known else "",
        "restricted": bool(known and known.restricted),
        "gated": bool(known and known.gated),
        "download": size,
        "memory": known and known.memory and int(known.memory),
        "state": offer.state,
        "bytes": offer.bytes,
        "obstacle": obstacle_of(offer),
        "model": opened,
        "progress": show_progress(now) if now is not None and now.model == offer.name else None,
        "error": downloads.errors.get(offer.name, ""),
    }
