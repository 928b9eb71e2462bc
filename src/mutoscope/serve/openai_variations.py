"""POST /v1/images/variations: pictures like another one. One that says how it was made, by a model that is here, gets noise near its
own, as `mutoscope redo --vary` does; any other one is what the drawing starts from.
"""

import asyncio
from typing import Any

from fastapi import Depends, Request, Response

from mutoscope.capabilities import Capabilities
from mutoscope.errors import MutoscopeError, SettingError
from mutoscope.options import options_of
from mutoscope.prompt.parameters import read_parameters
from mutoscope.prompt.request import Request as Drawing
from mutoscope.serve.access import get_desk
from mutoscope.serve.desk import Desk
from mutoscope.serve.facts import read_info_of
from mutoscope.serve.jobs import Order
from mutoscope.serve.openai_fields import Key, Prompt, check_model, form_schema, new_router, one_file, read_form
from mutoscope.serve.openai_images import EditBody, draw

router = new_router()
ORIGIN = "variations"
VARIATION = 0.25  # of the noise
STRENGTH = 0.5  # of a drawing that starts from a picture
REMADE = "negative_prompt width height num_inference_steps guidance_scale seed objects postprocess precision".split()


class VariationBody(EditBody):
    """Fields of POST /v1/images/variations besides its file; the prompt is for pictures that do not say theirs."""

    prompt: Prompt = ""


@router.post("/images/variations", openapi_extra=form_schema(VariationBody, "image"))
async def vary(request: Request, key: Key = None, desk: Desk = Depends(get_desk)) -> Response:
    """Draw pictures like the one that is sent."""
    body, files = await read_form(request, VariationBody, ("image",))
    image = one_file(files, "image")
    if image is None:
        raise SettingError("image is missing; send a PNG, JPEG or WebP file")
    able = desk.catalog.find(check_model(desk, body.model)).capabilities
    order = await asyncio.to_thread(plan_variation, body, image, able, key)
    return await draw(request, desk, body, order, "image_variation")


def plan_variation(body: VariationBody, image: bytes, able: Capabilities, key: str | None) -> Order:
    """Return the order of pictures like another one; MediaError, SettingError where nothing says what it shows."""
    known = read_info_of(image)
    made = read_drawing(known["request_json"])
    if made is not None and is_remade(made, body, able):
        return body.as_order(ORIGIN, key, vary_noise(made, body, able), body.prompt or made.prompt)
    told = made.prompt if made is not None else read_parameters(known["parameters"] or "").prompt
    prompt = body.prompt or told
    if not prompt.strip():
        raise SettingError("the image does not say how it was made; say what it shows: prompt")
    return body.as_order(ORIGIN, key, {"strength": STRENGTH, **body.options(), "image": image}, prompt)


def read_drawing(text: str | None) -> Drawing | None:
    """Return the request of a picture, None where the file has none that can be read."""
    try:
        return None if not text else Drawing.from_json(text)
    except MutoscopeError:
        return None


def is_remade(made: Drawing, body: VariationBody, able: Capabilities) -> bool:
    """Whether a model makes this very picture again, from words and noise alone."""
    own = (made.engine, made.model_hash) == (able.engine, able.hash) and able.variation
    return own and not (made.image_hash or made.adapters or made.is_clip or body.strength is not None)


def vary_noise(made: Drawing, body: VariationBody, able: Capabilities) -> dict[str, Any]:
    """Return the options of a picture, its noise a step towards that of another seed."""
    known = options_of(made, able)
    options = {name: getattr(known, name) for name in REMADE if getattr(known, name) is not None}
    if known.style:
        options["style"] = ", ".join(f"{name}:{strength:g}" for name, strength in known.style)
    given = body.options()
    if "size" in given:
        del options["width"], options["height"]
    towards = given.pop("variation_seed", given.pop("seed", None))
    options |= {"variation": VARIATION, **given, "seed": made.seed}
    return options if towards is None else options | {"variation_seed": towards}
