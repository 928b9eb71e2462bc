"""From an order to checked requests: the same way that Python and the command line go. Nothing is drawn or kept here."""

import hashlib
import json
import time
from dataclasses import dataclass, replace
from typing import Any

from mutoscope.capabilities import Capabilities
from mutoscope.errors import MediaError, SettingError, did_you_mean
from mutoscope.init_image import InitImage, open_init_image
from mutoscope.media import open_frames
from mutoscope.options import (
    ImageOptions,
    Options,
    VideoOptions,
    build_request,
    build_requests,
    draw_seeds,
    image_options,
    video_options,
)
from mutoscope.prompt.checks import MAX_SEED, as_int, check_int
from mutoscope.prompt.request import Request
from mutoscope.serve.catalog import Catalog
from mutoscope.serve.cost import check_cost
from mutoscope.serve.files import new_id
from mutoscope.serve.jobs import FORMATS, QUALITY, QUEUED, Job, Order

KINDS = {"image": (ImageOptions, image_options), "video": (VideoOptions, video_options)}
COUNTS = ("num_images_per_prompt", "num_videos_per_prompt")  # an order has `number`
READ_FORMATS = ("PNG", "JPEG", "WebP")
MAX_KEY = 255


@dataclass(frozen=True)
class Plan:
    """A job that could be kept, and the picture that it starts from."""

    job: Job
    image: InitImage | None
    digest: str


def known_options(kind: str) -> list[str]:
    """Return the names that the options of an order of a kind may have."""
    return [
        *(name for name in KINDS[kind][0].__annotations__ if name not in (*COUNTS, "preview", "things")),
        "precision",
    ]


def digest_of(order: Order) -> str:
    """Return a hash of what was ordered: two orders with the same Idempotency-Key must have the same."""
    if order.key is not None and not (
        1 <= len(order.key) <= MAX_KEY and order.key.isascii() and order.key.isprintable()
    ):
        raise SettingError(f"an Idempotency-Key has 1 to {MAX_KEY} printable ASCII characters, got {order.key[:40]!r}")
    facts = {**order.__dict__, "options": {name: _spell(value) for name, value in sorted(order.options.items())}}
    del facts["key"]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=dict).encode()).hexdigest()


def _spell(value: Any) -> Any:
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else value


def plan(order: Order, catalog: Catalog, max_cost: float) -> Plan:
    """Return the job of an order; RequestError, MediaError, Refusal for what cannot be made."""
    if order.kind not in KINDS:
        raise SettingError(f"kind must be image or video, got {str(order.kind)[:40]!r}")
    entry, ending = catalog.find(order.model), check_format(order)
    options = read_options(order)
    requests = (
        build_each(options, entry.capabilities) if order.seed_each else build_requests(options, entry.capabilities)
    )
    job = Job(
        id=new_id(),
        state=QUEUED,
        kind=order.kind,
        model=entry.id,
        format=ending,
        prompt=order.prompt,
        requests=tuple(request.to_json() for request in requests),
        cost=check_cost(requests, max_cost),
        created=time.time(),
        previews=order.previews,
        origin=order.origin,
        memo=dict(order.memo) | ({} if order.quality is None else {QUALITY: check_int(QUALITY, order.quality, 0, 100)}),
        image=options.init_image is not None,
    )
    return Plan(job, options.init_image, digest_of(order))


def build_each(options: Options, capabilities: Capabilities) -> list[Request]:
    """Return the requests of pictures whose seeds follow each other, so that each can be asked for alone by its own seed."""
    if options.variation:  # one noise varied towards several seeds, as everywhere
        return build_requests(options, capabilities)
    first = draw_seeds(options)
    seeds = [(as_int("seed", first.seed) + number) % (MAX_SEED + 1) for number in range(options.count)]
    return [
        build_request(replace(first, seed=seed if number else first.seed), capabilities)
        for number, seed in enumerate(seeds)
    ]


def check_format(order: Order) -> str:
    """Return the format of the files of an order; SettingError."""
    known = FORMATS[order.kind]
    name = known[0] if order.format is None else "jpeg" if order.format == "jpg" else order.format
    if name not in known:
        raise SettingError(f"format of {order.kind} must be {', '.join(known)}, got {str(name)[:40]!r}")
    return name


def read_options(order: Order) -> Options:
    """Return the options of an order, its pictures decoded; RequestError, MediaError."""
    known = known_options(order.kind)
    for name in order.options:
        if name not in known:
            raise SettingError(
                f"unknown option {name[:40]!r}{did_you_mean(name[:40], known)}; known: {', '.join(known)}"
            )
    given = dict(order.options)
    precision = given.pop("precision", None)
    for name, as_mask in (("image", False), ("mask_image", True)):
        if given.get(name) is not None:
            given[name] = read_picture(given[name], name, as_mask=as_mask)
    image, mask = given.pop("image", None), given.pop("mask_image", None)
    options = KINDS[order.kind][1](order.prompt, given)
    return replace(options, init_image=open_init_image(image, mask), precision=precision, count=order.number)


def read_picture(data: Any, name: str, *, as_mask: bool = False) -> Any:
    """Return the pixels of a picture file, (H, W, 3) uint8; MediaError. Its size is checked before it is decoded."""
    if not isinstance(data, bytes):
        raise SettingError(f"{name} must be the bytes of a picture file, got {type(data).__name__}")
    header, frames = open_frames(data, name=name, as_mask=as_mask)
    if header.is_clip or header.kind not in READ_FORMATS:
        raise MediaError(
            f"{name} is {header.kind}{' of several frames' if header.is_clip else ''}; give a PNG, JPEG or WebP picture"
        )
    return next(frames)
