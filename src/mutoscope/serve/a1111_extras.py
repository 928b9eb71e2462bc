"""extra-single-image and extra-batch-images of AUTOMATIC1111's server: larger pictures. There is no network for it here, so they are
enlarged by resampling, and the answer says so. What a file says of its making goes on with it.
"""

import asyncio
import base64
import html
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter
from pydantic import Field

from mutoscope.errors import SettingError
from mutoscope.media import Provenance, encode_picture, limits
from mutoscope.serve.a1111_answers import A1111Route
from mutoscope.serve.a1111_bodies import LooseBody, Number, Picture, Whole, Word, squeeze
from mutoscope.serve.bodies import read_base64
from mutoscope.serve.facts import read_info_of
from mutoscope.serve.planning import read_picture

router = APIRouter(prefix="/sdapi/v1", route_class=A1111Route)
UPSCALERS = ("None", "Lanczos", "Nearest")
MAX_SCALE = 8.0
MAX_BATCH = 16
BY_FACTOR, TO_SIZE = 0, 1


class ExtraBody(LooseBody):
    """How large a picture becomes; null is as good as not given."""

    resize_mode: Whole | None = BY_FACTOR
    upscaling_resize: Number | None = 2.0
    upscaling_resize_w: Whole | None = 512
    upscaling_resize_h: Whole | None = 512
    upscaling_crop: bool | None = True
    upscaler_1: Word | None = "None"


class OneBody(ExtraBody):
    """Body of extra-single-image."""

    image: Picture


class Listed(LooseBody):
    """One picture of extra-batch-images."""

    data: Picture
    name: Word | None = None


class ManyBody(ExtraBody):
    """Body of extra-batch-images."""

    imageList: Annotated[list[Listed], Field(min_length=1, max_length=MAX_BATCH)]


@router.post("/extra-single-image")
async def enlarge_one(body: OneBody) -> dict[str, Any]:
    """Return a picture that is larger, and in words how it was made so."""
    image = await asyncio.to_thread(enlarge, body, body.image)
    return {"html_info": tell(body), "image": image}


@router.post("/extra-batch-images")
async def enlarge_many(body: ManyBody) -> dict[str, Any]:
    """Return pictures that are larger, in their order."""
    images = [await asyncio.to_thread(enlarge, body, one.data) for one in body.imageList]
    return {"html_info": tell(body), "images": images}


@router.get("/upscalers")
async def list_upscalers() -> list[dict[str, Any]]:
    """List how pictures are enlarged."""
    return [{"name": name, "model_name": None, "model_path": None, "model_url": None, "scale": 4} for name in UPSCALERS]


def tell(body: ExtraBody) -> str:
    """Return how pictures were enlarged, for people."""
    if body.upscaler_1 in (None, *UPSCALERS):
        return f"Upscaler: {'Nearest' if body.upscaler_1 == 'Nearest' else 'Lanczos'}"
    return f"Upscaler: Lanczos, since there is no {html.escape(str(body.upscaler_1)[:60])} here"


def enlarge(body: ExtraBody, image: str) -> str:
    """Return a picture in base64 at the size that is asked for; SettingError, MediaError."""
    from PIL import Image, ImageOps

    data = read_base64("image", squeeze(image))
    picture = Image.fromarray(read_picture(data, "image"))
    method = Image.Resampling.NEAREST if body.upscaler_1 == "Nearest" else Image.Resampling.LANCZOS
    size, is_cut = choose_size(body, *picture.size)
    larger = ImageOps.fit(picture, size, method) if is_cut else picture.resize(size, method)
    info = read_info_of(data)
    made = Provenance(info["request_json"], info["parameters"], info["software"] or "", marking=info["ai_marking"])
    return base64.b64encode(encode_picture(np.asarray(larger), ".png", made)).decode()


def choose_size(body: ExtraBody, width: int, height: int) -> tuple[tuple[int, int], bool]:
    """Return the size of a picture that is enlarged, and whether what sticks out is cut off; SettingError."""
    if body.resize_mode == TO_SIZE:
        w, h = body.upscaling_resize_w or 0, body.upscaling_resize_h or 0
        check_larger("upscaling_resize_w and upscaling_resize_h", w, h)
        if body.upscaling_crop is not False:
            return (w, h), True
        share = min(w / width, h / height)
        return (max(1, round(width * share)), max(1, round(height * share))), False
    scale = 2.0 if body.upscaling_resize is None else body.upscaling_resize
    if not 1 / MAX_SCALE <= scale <= MAX_SCALE:
        raise SettingError(f"upscaling_resize must be from {1 / MAX_SCALE:g} to {MAX_SCALE:g}, got {scale:g}")
    size = max(1, round(width * scale)), max(1, round(height * scale))
    check_larger("upscaling_resize", *size)
    return size, False


def check_larger(name: str, width: int, height: int) -> None:
    """Refuse a size that would fill the memory, or is none; SettingError."""
    if width < 1 or height < 1 or width * height > limits.MAX_PIXELS:
        most = limits.MAX_PIXELS
        raise SettingError(f"{name}: {width} x {height} pixels; 1 to {most:,} can be made")
