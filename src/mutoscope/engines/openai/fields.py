"""From a request to what is sent: fields by the names of the API, pictures as PNG, both as one multipart body.

The same request gives the same bytes. What was left to the server, 0 steps, guidance 0 and strength 1, is not sent.
"""

import hashlib
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from mutoscope.init_image import InitImage
from mutoscope.prompt.checks import MAX_SEED
from mutoscope.prompt.request import Request
from mutoscope.prompt.styles import wrap_in_templates
from mutoscope.prompt.weighting import Segments

# Families whose guidance is the "true" one, with a second call of the network. It is off for them without a negative prompt.
TRUE_GUIDANCE = ("qwen-image",)
File = tuple[str, str, bytes]  # field, name of the file, its bytes


def picture_fields(request: Request, model: str) -> dict[str, Any]:
    """Return the fields of a picture."""
    fields = {**_shared_fields(request, model), "n": 1, "response_format": "b64_json"}
    if request.image_hash and request.strength < 1:
        fields["strength"] = request.strength
    return fields


def clip_fields(request: Request, model: str) -> dict[str, Any]:
    """Return the fields of a clip; `seconds` is a whole number, since servers read it as one, and num_frames is exact."""
    seconds = str(max(1, round(request.num_frames / request.fps)))
    return {**_shared_fields(request, model), "seconds": seconds, "num_frames": request.num_frames, "fps": request.fps}


def _shared_fields(request: Request, model: str) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "model": model,
        "prompt": wrap_in_templates(plain_words(request.prompt, request.segments), request.styles),
        "size": f"{request.width}x{request.height}",
        "seed": (request.seed + request.index) % (MAX_SEED + 1),
    }
    negative = plain_words(request.negative_prompt, request.negative_segments)
    if request.num_inference_steps:
        fields["num_inference_steps"] = request.num_inference_steps
    if request.guidance_scale:
        fields["guidance_scale"] = request.guidance_scale
        if any(family in model.lower() for family in TRUE_GUIDANCE):
            fields["true_cfg_scale"] = request.guidance_scale
            negative = negative or " "
    if negative:
        fields["negative_prompt"] = negative
    return fields


def plain_words(text: str, segments: Segments) -> str:
    """Return a text without its bracket weights, which these models do not read."""
    return "".join(words for words, weight in segments if weight > 0) if segments else text


def has_weights(request: Request) -> bool:
    """Whether a request weighs words in brackets."""
    return any(weight != 1 for _, weight in (*request.segments, *request.negative_segments))


def edit_files(image: InitImage) -> list[File]:
    """Return the files of a picture to start from, its mask under both names that servers read."""
    files = [("image", "image.png", encode_png(image.pixels))]
    if image.mask is not None:
        mask = encode_png(draw_mask(image.mask))
        files += [("mask", "mask.png", mask), ("mask_image", "mask.png", mask)]
    return files


def draw_mask(mask: np.ndarray) -> np.ndarray:
    """Return a mask (H, W) bool as RGBA: white and transparent where it is drawn anew, which both readings of masks understand."""
    white = mask.astype(np.uint8)[..., None] * np.uint8(255)
    return np.concatenate([white, white, white, 255 - white], axis=-1)


def encode_png(pixels: np.ndarray) -> bytes:
    """Return pixels as a PNG that says nothing else."""
    from PIL import Image

    target = io.BytesIO()
    Image.fromarray(pixels).save(target, format="PNG")
    return target.getvalue()


def encode_multipart(fields: dict[str, Any], files: Sequence[File] = ()) -> tuple[bytes, str]:
    """Return fields and files as multipart/form-data, and its content type; the boundary follows from what it holds."""
    parts = [(f'name="{name}"', "", str(value).encode()) for name, value in fields.items()]
    parts += [(f'name="{name}"; filename="{file}"', "Content-Type: image/png\r\n", data) for name, file, data in files]
    boundary = "mutoscope-" + hashlib.sha256(b"\0".join(data for *_, data in parts)).hexdigest()[:40]
    body = b"".join(
        f"--{boundary}\r\nContent-Disposition: form-data; {names}\r\n{kind}\r\n".encode() + data + b"\r\n"
        for names, kind, data in parts
    )
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
