"""Routes of the library for several things at once: boards, one zip file of many, deleting many."""

import contextlib
import io
import json
import re
import time
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from mutoscope.serve.access import get_desk
from mutoscope.serve.boards import Boards
from mutoscope.serve.desk import Desk
from mutoscope.serve.jobs import Refusal, Result
from mutoscope.serve.strict import StrictBody, new_router

router = new_router(prefix="/api")
MAX_AT_ONCE = 1000  # ids in a body
MAX_ZIPPED = 500  # files, whose ids stand in an address
MAX_ZIP_BYTES = 2 << 30
CHUNK_BYTES = 1 << 18
NAME_LETTERS = 48
Ids = Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=MAX_AT_ONCE)]


class BoardBody(StrictBody):
    """A new board, or the new name of one."""

    name: str = Field(min_length=1, max_length=80)

    @property
    def plain_name(self) -> str:
        """The name without the spaces around it; Refusal 422 where nothing is left."""
        name = " ".join(self.name.split())
        if not name:
            raise Refusal(422, "no_name", "a board needs a name; write a word or two", param="name")
        return name


class ItemsBody(StrictBody):
    """What to put on a board, or to take off it."""

    results: Ids
    on: bool = True


class RemoveBody(StrictBody):
    """What to delete."""

    jobs: Ids


def get_boards(request: Request) -> Boards:
    """Return the boards of the app."""
    return request.app.state.boards


@router.get("/boards")
async def list_boards(desk: Desk = Depends(get_desk), boards: Boards = Depends(get_boards)) -> dict[str, Any]:
    """List the boards, the favourites first."""
    return {"object": "list", "data": await desk.look_up(boards.list)}


@router.post("/boards", status_code=201)
async def make_board(
    body: BoardBody, desk: Desk = Depends(get_desk), boards: Boards = Depends(get_boards)
) -> dict[str, Any]:
    """Make a board; one of the same name is that one."""
    return await desk.look_up(boards.add, body.plain_name)


@router.get("/boards/{board_id}")
async def get_board(
    board_id: str, desk: Desk = Depends(get_desk), boards: Boards = Depends(get_boards)
) -> dict[str, Any]:
    """Return a board with the ids of its results."""
    return await desk.look_up(boards.get, board_id)


@router.patch("/boards/{board_id}")
async def rename_board(
    board_id: str, body: BoardBody, desk: Desk = Depends(get_desk), boards: Boards = Depends(get_boards)
) -> dict[str, Any]:
    """Give a board another name; 409 for one that another board has."""
    return await desk.look_up(boards.rename, board_id, body.plain_name)


@router.delete("/boards/{board_id}")
async def delete_board(
    board_id: str, desk: Desk = Depends(get_desk), boards: Boards = Depends(get_boards)
) -> dict[str, Any]:
    """Forget a board; what was on it stays."""
    await desk.look_up(boards.remove, board_id)
    return {"id": board_id, "deleted": True}


@router.post("/boards/{board_id}/items")
async def put_on_board(
    board_id: str, body: ItemsBody, desk: Desk = Depends(get_desk), boards: Boards = Depends(get_boards)
) -> dict[str, Any]:
    """Put results on a board, or take them off it."""
    return await desk.look_up(boards.put, board_id, body.results, body.on)


@router.post("/jobs/remove")
async def remove_jobs(body: RemoveBody, desk: Desk = Depends(get_desk)) -> dict[str, Any]:
    """Cancel and remove jobs with their files; those that are gone already are left out."""
    removed = 0
    for job_id in body.jobs:
        with contextlib.suppress(Refusal):
            await desk.remove(job_id)
            removed += 1
    return {"removed": removed}


@router.get("/zip")
async def zip_results(
    ids: Annotated[str, Query(max_length=65 * MAX_ZIPPED, pattern=r"^[0-9a-f]+(\.[0-9a-f]+)*$")],
    desk: Desk = Depends(get_desk),
) -> Response:
    """Return one zip file of results, their ids with points between them; it is made while it is sent."""
    results = await desk.look_up(find_results, desk, ids.split("."))
    files = [(name, desk.path_of(result)) for name, result in zip(name_files(results), results, strict=True)]
    name = time.strftime("mutoscope-%Y%m%d-%H%M%S.zip")
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(zip_files(files), media_type="application/zip", headers=headers)


def find_results(desk: Desk, ids: Sequence[str]) -> list[Result]:
    """Return results by their ids, each once; those that are gone are left out. Refusal 404 for none, 413 for too many."""
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > MAX_ZIPPED:
        raise Refusal(413, "too_many", f"a zip file has at most {MAX_ZIPPED} files, got {len(wanted)}; ask for fewer")
    found = []
    for one in wanted:
        with contextlib.suppress(Refusal):
            found.append(desk.store.get_result(one))
    if not found:
        raise Refusal(404, "not_found", "none of these results is here")
    if sum(result.bytes for result in found) > MAX_ZIP_BYTES:
        raise Refusal(413, "too_large", f"these files have more than {MAX_ZIP_BYTES >> 30} GB together; ask for fewer")
    return found


def name_files(results: Sequence[Result]) -> list[str]:
    """Return a name of plain letters for each file: words of its prompt and its seed; a number where two are the same."""
    seen: Counter[str] = Counter()
    names = []
    for result in results:
        request = json.loads(result.request)
        words = re.sub(r"[^a-z0-9]+", "-", request["prompt"].lower()).strip("-")[:NAME_LETTERS].strip("-")
        stem = f"{words or 'mutoscope'}-{request['seed']}" + (
            f"-{request['index'] + 1}" if request.get("index") else ""
        )
        seen[stem] += 1
        number = f"-{seen[stem]}" if seen[stem] > 1 else ""
        names.append(f"{stem}{number and '-copy' + number}.{result.format}")
    return names


class _Sink(io.RawIOBase):
    """Takes what is written, and gives it away; it cannot go back, so sizes come behind each file."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """Return what came since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def zip_files(files: Sequence[tuple[str, Path]]) -> Iterator[bytes]:
    """Yield a zip file piece by piece; its files are stored as they are. One that was deleted meanwhile is left out."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for name, path in files:
            if path.is_symlink() or not path.is_file():
                continue
            with contextlib.suppress(FileNotFoundError), open(path, "rb") as source:
                with archive.open(zipfile.ZipInfo(name, time.localtime(path.stat().st_mtime)[:6]), "w") as target:
                    while chunk := source.read(CHUNK_BYTES):
                        target.write(chunk)
                        yield sink.take()
                yield sink.take()
    yield sink.take()
