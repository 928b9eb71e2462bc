"""How the routes for AUTOMATIC1111's clients answer: pictures with their making, how far a call is, and what went wrong."""

import base64
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from mutoscope import __version__
from mutoscope.errors import MutoscopeError
from mutoscope.prompt.parameters import Parameters, write_parameters
from mutoscope.prompt.request import Request as Drawing
from mutoscope.serve.a1111_bodies import DrawBody, Wanted
from mutoscope.serve.a1111_calls import Call
from mutoscope.serve.answers import answer_error, answer_http, answer_validation
from mutoscope.serve.strict import StrictRoute


class A1111Route(StrictRoute):
    """A route whose errors have the shape that these clients read."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        handle = super().get_route_handler()

        async def handle_all(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                return reshape(await answer_validation(request, error))
            except HTTPException as error:
                return reshape(await answer_http(request, error))
            except MutoscopeError as error:
                return reshape(await answer_error(request, error))

        return handle_all


def reshape(answer: Response) -> Response:
    """Return an error of ours in the other shape, with its status and headers."""
    error = json.loads(bytes(answer.body))["error"]
    body = {"error": error["code"], "detail": error["message"], "body": "", "errors": error["message"]}
    kept = {name: value for name, value in answer.headers.items() if name not in ("content-length", "content-type")}
    return Response(json.dumps(body), answer.status_code, headers=kept, media_type="application/json")


def describe_pictures(body: DrawBody, wanted: Wanted, call: Call, pictures: Sequence[bytes]) -> dict[str, Any]:
    """Return the answer to a call; base64 without a prefix, since its clients know no other."""
    shown = [base64.b64encode(data).decode() for data in pictures] if body.send_images is not False else []
    return {"images": shown, "parameters": body.echo, "info": json.dumps(describe_making(wanted, call))}


def describe_making(wanted: Wanted, call: Call) -> dict[str, Any]:
    """Return what `info` says: how the pictures were made, and which fields were not followed."""
    finished = [job for job in call.jobs if job.results]
    drawings = [Drawing.from_json(job.requests[0]) for job in finished or call.jobs[:1]]
    first = drawings[0]
    return {
        "prompt": first.prompt,
        "all_prompts": [one.prompt for one in drawings],
        "negative_prompt": first.negative_prompt,
        "all_negative_prompts": [one.negative_prompt for one in drawings],
        "seed": first.seed,
        "all_seeds": [one.seed for one in drawings],
        "subseed": first.variation_seed,
        "all_subseeds": [one.variation_seed for one in drawings],
        "subseed_strength": first.variation,
        "width": first.width,
        "height": first.height,
        "sampler_name": first.sampler,
        "cfg_scale": first.guidance_scale,
        "steps": first.num_inference_steps,
        "batch_size": len(drawings),
        "restore_faces": False,
        "face_restoration_model": None,
        "sd_model_name": wanted.entry.id,
        "sd_model_hash": first.model_hash[:10],
        "denoising_strength": first.strength if first.image_hash else None,
        "extra_generation_params": {},
        "index_of_first_image": 0,
        "infotexts": [write_parameters(one) for one in drawings],
        "styles": [style.name for style in first.styles],
        "job_timestamp": call.started,
        "clip_skip": 1,
        "version": f"mutoscope {__version__}",
        "interrupted": call.interrupted,
        "skipped": call.skipped,
        "ignored": list(wanted.said),
        "warnings": [words for job in finished for result in job.results for words in result.warnings],
    }


def describe_progress(call: Call | None, with_picture: bool) -> dict[str, Any]:
    """Return how far a call is; all is 0 where there is none."""
    said: dict[str, Any] = {} if call is None else call.progress
    picture = call.preview if call is not None and with_picture else None
    state = {
        "skipped": call is not None and call.skipped,
        "interrupted": call is not None and call.interrupted,
        "stopping_generation": False,
        "job": "" if call is None or call.place >= len(call.jobs) else call.jobs[call.place].id,
        "job_count": 0 if call is None else call.number,
        "job_timestamp": time.strftime("%Y%m%d%H%M%S") if call is None else call.started,
        "job_no": 0 if call is None else call.place,
        "sampling_step": said.get("step", 0),
        "sampling_steps": said.get("total", 0),
    }
    return {
        "progress": 0.0 if call is None else round(call.share, 4),
        "eta_relative": said.get("seconds_left") or 0.0,
        "state": state,
        "current_image": base64.b64encode(picture).decode() if picture else None,
        "textinfo": said.get("phase"),
    }


def describe_parameters(found: Parameters) -> dict[str, str]:
    """Return the text in a picture as single values, by the names of those clients."""
    values = {"Prompt": found.prompt, "Negative prompt": found.negative_prompt, **found.settings}
    width, cross, height = found.settings.get("Size", "").partition("x")
    return values | ({"Size-1": width, "Size-2": height} if cross else {})
