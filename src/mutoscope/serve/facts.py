"""Routes that say what there is: models, styles, sizes; and what a file says of its making."""

import json
import tempfile
from pathlib import Path
from typing import Any

from fastapi import Depends, Request
from starlette.datastructures import UploadFile

from mutoscope.config import ASPECTS
from mutoscope.hub.known import find_known
from mutoscope.media import read_info
from mutoscope.prompt.styles import known_styles
from mutoscope.serve.access import get_desk
from mutoscope.serve.catalog import Entry
from mutoscope.serve.desk import Desk
from mutoscope.serve.jobs import FORMATS, Refusal
from mutoscope.serve.strict import new_router

router = new_router(prefix="/api")


def describe_model(entry: Entry) -> dict[str, Any]:
    """Return a model as JSON: what it takes, and its defaults."""
    known, listed = entry.capabilities, find_known(entry.id)
    return {
        "id": entry.id,
        "object": "model",
        "name": listed.name if listed else entry.id,
        "hash": known.hash,
        "engine": known.engine or "mutoscope",
        "kinds": [kind for kind, can in (("image", known.pictures), ("video", known.clips)) if can],
        "formats": FORMATS,
        "default_size": list(known.default_size) if known.default_size else None,
        "native_side": known.native_side,
        "side_multiple": known.side_multiple,
        "max_side": known.max_refined_side if known.refines else known.max_side,
        "image_steps": known.image_steps,
        "clip_steps": known.clip_steps,
        "guidance_scale": known.guidance_scale,
        "negative_prompt": known.negative_prompt,
        "image": known.init_image,
        "mask": known.mask,
        "fps": known.fps,
        "precisions": [name for name, obstacle in known.precisions.items() if not obstacle],
    }


@router.get("/models")
async def list_models(desk: Desk = Depends(get_desk)) -> dict[str, Any]:
    """List the models; the first one draws what names none."""
    return {"object": "list", "data": [describe_model(entry) for entry in desk.catalog]}


@router.get("/styles")
async def list_styles() -> dict[str, Any]:
    """List the styles."""
    return {"object": "list", "data": [{"id": name, "about": style.about} for name, style in known_styles().items()]}


@router.get("/sizes")
async def list_sizes() -> dict[str, Any]:
    """List the names of sizes with their aspects; an aspect such as 4:3 or pixels such as 192x128 are sizes too."""
    return {"object": "list", "data": [{"id": name, "aspect": f"{w}:{h}"} for name, (w, h) in ASPECTS.items()]}


@router.post("/info")
async def tell_info(request: Request, desk: Desk = Depends(get_desk)) -> dict[str, Any]:
    """Return what a picture or clip says of its making. The file is the body, or the part `file` of a form."""
    data = await read_upload(request)
    info = await desk.look_up(read_info_of, data)
    text = info.pop("request_json")
    return {"object": "info", **info, "request": json.loads(text) if text else None}


async def read_upload(request: Request) -> bytes:
    """Return the bytes of the file in a body; Refusal 422."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        data = await request.body()
    else:
        async with request.form(max_files=1) as form:
            part = form.get("file")
            data = await part.read() if isinstance(part, UploadFile) else b""
    if not data:
        raise Refusal(422, "no_file", "there is no file; send one as the body, or as the part `file` of a form")
    return data


def read_info_of(data: bytes) -> dict[str, Any]:
    """Return what the bytes of a file say of its making; MediaError."""
    with tempfile.TemporaryDirectory(prefix="mutoscope-") as folder:
        path = Path(folder) / "the file"
        path.write_bytes(data)
        try:
            return read_info(path)
        except Exception as error:
            raise type(error)(str(error).replace(str(path), "the file")) from None
