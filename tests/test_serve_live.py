"""Pictures while somebody types: the newest of a page, kept nowhere, in nobody's way."""

import asyncio
import base64
import io
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

for library in ("fastapi", "uvicorn", "prometheus_client", "httpx"):
    pytest.importorskip(library)

import httpx
import numpy as np
from PIL import Image

from mutoscope.engines import EngineSettings, open_engine
from mutoscope.options import build_requests, image_options
from mutoscope.prompt.request import Request
from mutoscope.serve.live import MAX_WISHES, Wish, Wishes, sketch_of
from mutoscope.serve.live_route import wait_while_there
from mutoscope.serve.previews import LOOP_FRAMES, Loop
from mutoscope.serve.worker import Work
from serving import Served, served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("live") / "data") as one:
        yield one


def ask(server: Served, prompt: str = "a lake", page: str = "one", **fields: Any) -> httpx.Response:
    body = {"prompt": prompt, "page": page, "seed": 1, "width": 32, "height": 48, **fields}
    return server.http.post("/api/live", json=body)


def new_wish(page: str = "one") -> Wish:
    return Wish(page, Work("fake:0", "jpeg", ((0, "{}"),), None, False))


def test_a_sketch_is_the_draft_of_the_same_picture():
    capabilities = open_engine("embedded", EngineSettings()).capabilities
    (request,) = build_requests(image_options("a red fox by a lake", {"size": "landscape", "seed": 7}), capabilities)
    sketch = sketch_of(request)
    assert (request.width, request.height) == (384, 256) and request.draft == (sketch.width, sketch.height) == (
        192,
        128,
    )
    assert (request.num_inference_steps, sketch.num_inference_steps) == (12, 3)
    assert Request.from_json(sketch.to_json()) == sketch
    same = {"seed", "prompt", "objects", "facts", "guidance_scale", "styles", "index"}
    assert all(getattr(sketch, name) == getattr(request, name) for name in same)


def test_a_live_picture_is_kept_nowhere(server: Served):
    answer = ask(server)
    picture = Image.open(io.BytesIO(answer.content))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert (picture.format, picture.size) == ("JPEG", (32, 48)) and answer.headers["cache-control"] == "no-store"
    assert ask(server).content == answer.content  # the same seed is the same picture
    source = io.BytesIO()
    Image.new("RGB", (32, 48), (200, 10, 10)).save(source, "PNG")
    assert ask(server, image=base64.b64encode(source.getvalue()).decode()).status_code == 200
    assert server.http.get("/api/jobs").json()["data"] == [] and server.http.get("/api/items").json()["total"] == 0
    assert not [path for name in ("results", "inputs", "thumbnails") for path in (server.folder / name).iterdir()]


def test_the_newest_of_a_page_is_drawn(server: Served):
    with ThreadPoolExecutor(3) as pool:
        old = pool.submit(ask, server, "slow old")
        time.sleep(0.3)  # it is being drawn
        new = pool.submit(ask, server, "a hill")
        other = pool.submit(ask, server, "a lake", page="another")
        answers = [one.result() for one in (old, new, other)]
    assert [answer.status_code for answer in answers] == [204, 200, 200]


def test_a_job_goes_first(server: Served):
    with ThreadPoolExecutor(1) as pool:
        live = pool.submit(ask, server, "slow slow", width=64)
        time.sleep(0.3)
        job = server.wait(server.make("a castle"))
        assert live.result().status_code == 204 and job["state"] == "done"
    server.http.delete(f"/api/jobs/{job['id']}")


def test_what_is_refused_and_what_fails(server: Served):
    assert ask(server, kind="video").status_code == 422 and ask(server, n=2).status_code == 422
    assert ask(server, "").status_code == 422 and ask(server, width=33).status_code == 422
    failed = ask(server, "raise")
    assert failed.status_code == 500 and "secret" not in failed.text
    assert ask(server, "die").status_code == 204
    assert ask(server).status_code == 200  # by the next worker


def test_who_leaves_ends_the_drawing():
    wish, ended = new_wish(), threading.Event()
    assert wish.begin(ended.set)

    class Gone:
        async def is_disconnected(self) -> bool:
            return True

    assert asyncio.run(wait_while_there(Gone(), wish)) is None  # pyright: ignore[reportArgumentType]
    assert ended.is_set() and not wish.begin(ended.clear)


def test_wishes_wait_in_their_order_and_not_without_end():
    wishes = Wishes()
    pages = [new_wish(f"page {number}") for number in range(MAX_WISHES + 1)]
    for wish in pages:
        wishes.put(wish)
    assert pages[0].answer.result(0) is None  # the oldest made room
    drawn = wishes.take()
    assert drawn is pages[1]
    wishes.put(newer := new_wish("page 1"))
    assert pages[1].answer.result(0) is None and not newer.answer.done()
    wishes.close()
    assert newer.answer.result(0) is None and wishes.take() is None


def test_what_is_finished_of_a_clip_is_a_loop():
    loop = Loop(10)
    loop.add(np.full((1, 300, 600, 3), 20, np.uint8))
    assert not loop.moves
    loop.add(np.full((4, 300, 600, 3), 0, np.uint8) + np.array([50, 100, 150, 200], np.uint8).reshape(4, 1, 1, 1))
    with Image.open(io.BytesIO(loop.encode())) as picture:
        assert (picture.format, picture.size, getattr(picture, "n_frames", 1)) == ("WEBP", (256, 128), 5)
        assert picture.info["loop"] == 0 and loop.seconds == 0.5
        picture.seek(4)
        assert abs(np.asarray(picture.convert("RGB")).mean() - 200) < 8
    loop.add(np.zeros((2 * LOOP_FRAMES, 8, 8, 3), np.uint8))
    assert loop.seconds == LOOP_FRAMES / 10
