"""Small pictures of results: WebP, made when first asked for, kept beside the results until their job is removed."""

import contextlib
import io
from pathlib import Path

from fastapi import Depends, Response

from mutoscope.errors import MediaError
from mutoscope.media import open_frames
from mutoscope.media.storage import write_bytes
from mutoscope.serve.access import get_desk
from mutoscope.serve.desk import Desk
from mutoscope.serve.jobs import Refusal
from mutoscope.serve.routes import FOREVER
from mutoscope.serve.strict import new_router

router = new_router(prefix="/api")
SIDE, QUALITY = 256, 78  # pixels of the longer side


@router.head("/results/{result_id}/thumbnail", include_in_schema=False)
@router.get("/results/{result_id}/thumbnail")
async def get_thumbnail(result_id: str, desk: Desk = Depends(get_desk)) -> Response:
    """Return a small WebP of a result; of a clip, its first frame."""
    data = await desk.look_up(find_thumbnail, desk, result_id)
    return Response(data, media_type="image/webp", headers={"Cache-Control": FOREVER})


def find_thumbnail(desk: Desk, result_id: str) -> bytes:
    """Return the small picture of a result; Refusal 404."""
    result = desk.store.get_result(result_id)
    return read_thumbnail(desk.path_of(result), desk.files.thumbnail_of(result))


def read_thumbnail(source: Path, target: Path) -> bytes:
    """Return the small picture of a file, made where it is not there yet; Refusal 404."""
    with contextlib.suppress(OSError):
        return target.read_bytes()
    if source.is_symlink() or not source.is_file():
        raise Refusal(404, "not_found", "")
    try:
        data = make_thumbnail(source)
    except MediaError:
        raise Refusal(404, "not_found", "") from None
    with contextlib.suppress(OSError):  # a full disk is no reason to show nothing
        write_bytes(target, data)
    if not source.exists():  # its job was removed meanwhile
        target.unlink(missing_ok=True)
    return data


def make_thumbnail(source: Path) -> bytes:
    """Return the first frame of a file as a small WebP; MediaError."""
    from PIL import Image

    _, frames = open_frames(source)
    with contextlib.closing(frames):  # pyright: ignore[reportArgumentType]
        picture = Image.fromarray(next(frames))
    picture.thumbnail((SIDE, SIDE))
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=QUALITY, method=4)
    return out.getvalue()
