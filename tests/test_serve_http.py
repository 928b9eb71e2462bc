"""Our own routes against a real server: what may be asked, and that nothing that is sent makes it fail (RELIABILITY.md, 12 to 25)."""

import asyncio
import io
import json
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

for library in ("fastapi", "uvicorn", "prometheus_client", "httpx"):
    pytest.importorskip(library)

from PIL import Image

from hostile_requests import HOSTILE, LARGE, PATHS, in_base64, png
from mutoscope.options import ImageOptions, VideoOptions
from mutoscope.serve.bodies import OWN, JobBody
from mutoscope.serve.planning import COUNTS
from mutoscope.serve.running import take_port
from serving import Served, served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with served(tmp_path_factory.mktemp("http") / "data") as one:
        yield one


def test_the_body_has_every_option_of_python():
    known = {*ImageOptions.__annotations__, *VideoOptions.__annotations__} - {*COUNTS, "things"}
    assert known | {"precision", *OWN} == set(JobBody.model_fields)


def test_a_picture_from_order_to_file(server: Served):
    job = server.wait(server.make(n=2, format="webp"))
    assert job["state"] == "done" and [one["place"] for one in job["results"]] == [0, 1]
    result = job["results"][0]
    answer = server.http.get(result["url"])
    assert answer.headers["content-type"] == "image/webp" and "immutable" in answer.headers["cache-control"]
    assert len(answer.content) == result["bytes"] and Image.open(io.BytesIO(answer.content)).size == (32, 32)
    part = server.http.get(result["url"], headers={"Range": "bytes=0-3"})
    assert part.status_code == 206 and part.content == answer.content[:4]
    assert server.http.head(result["url"]).headers["content-length"] == str(result["bytes"])
    info = server.http.post("/api/info", content=answer.content).raise_for_status().json()
    assert info["request"] == result["request"] and info["ai_marking"]
    form = server.http.post("/api/info", files={"file": ("../../x", answer.content)}).raise_for_status().json()
    assert form == info


def test_a_clip(server: Served):
    job = server.wait(server.make("waves", kind="video", num_frames=4, format="gif"))
    assert job["state"] == "done" and job["results"][0]["type"] == "image/gif"


def test_a_picture_to_start_from(server: Served):
    job = server.wait(server.make(image="data:image/png;base64," + in_base64(png()), strength=0.5))
    assert job["state"] == "done" and job["results"][0]["request"]["image_hash"]
    assert not list((server.folder / "inputs").iterdir())


def test_the_same_order_gives_the_same_bytes_from_many_clients_at_once(server: Served):
    """RELIABILITY.md, 56."""

    def draw(seed: int) -> bytes:
        job = server.wait(server.make(seed=seed), 60)
        return server.http.get(job["results"][0]["url"]).content

    alone = [draw(seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(draw, range(8))) == alone


def test_lists_and_facts(server: Served):
    ids = [server.make() for _ in range(3)]
    page = server.http.get("/api/jobs?limit=2").json()
    assert [job["id"] for job in page["data"]] == ids[:0:-1] and page["has_more"]
    rest = server.http.get(f"/api/jobs?limit=1&after={page['data'][-1]['id']}").json()
    assert rest["data"][0]["id"] == ids[0]
    assert server.http.get("/api/models").json()["data"][0]["id"] == "fake"
    assert any(one["id"] == "watercolor" for one in server.http.get("/api/styles").json()["data"])
    assert any(one["aspect"] == "16:9" for one in server.http.get("/api/sizes").json()["data"])
    metrics = server.http.get("/metrics").text
    assert "mutoscope_accepted_total" in metrics and "a lake" not in metrics
    assert server.http.get("/openapi.json").json()["info"]["title"] == "Mutoscope"
    for path in ("/docs", "/redoc"):
        assert server.http.get(path).status_code == 404


def test_the_schema_holds_together(server: Served):
    """Every reference is found in the document, and no two routes have one name."""
    text = server.http.get("/openapi.json").text
    document = json.loads(text)
    for reference in set(re.findall(r'"\$ref":\s*"([^"]+)"', text)):
        found = document
        for key in reference.removeprefix("#/").split("/"):
            found = found[key]
    names = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    assert len(names) == len(set(names)) > 30 and "Duplicate" not in server.complaints


def test_one_picture_at_once(server: Served):
    body = {"prompt": "a lake", "width": 32, "height": 32, "seed": 1}
    answer = server.http.post("/api/draw", json=body)
    job = server.wait(server.make())
    assert (
        answer.headers["content-type"] == "image/png"
        and answer.content == server.http.get(job["results"][0]["url"]).content
    )
    assert server.http.post("/api/draw", json={**body, "n": 2}).status_code == 422
    failed = server.http.post("/api/draw", json={**body, "prompt": "nan"})
    assert failed.status_code == 500 and "not finite" in failed.json()["error"]["message"]


def test_cancelling_and_removing(server: Served):
    """RELIABILITY.md, 49 and 55."""
    running = server.make("slow", n=20)
    waiting = server.make()
    server.wait(running, states=("running",))
    assert server.http.delete(f"/api/jobs/{waiting}").json()["job"]["state"] == "cancelled"
    start = time.monotonic()
    assert server.http.post(f"/api/jobs/{running}/cancel").json()["state"] == "cancelled"
    after = server.wait(server.make())
    assert after["state"] == "done" and time.monotonic() - start < 5
    assert server.http.post(f"/api/jobs/{running}/cancel").status_code == 409
    assert server.job(waiting)["results"] == [] and server.job(waiting)["started"] is None
    url = after["results"][0]["url"]
    assert server.http.delete(f"/api/jobs/{after['id']}").json()["deleted"]
    assert server.http.get(url).status_code == server.http.get(f"/api/jobs/{after['id']}").status_code == 404
    assert server.http.delete("/api/jobs/unknown").status_code == 404


def test_failures_have_words_and_no_paths(server: Served):
    failed = server.wait(server.make("raise"))
    assert (
        failed["state"] == "failed"
        and "RuntimeError" in failed["error"]["message"]
        and "secret" not in json.dumps(failed["error"])
    )
    failed = server.wait(server.make("nan"))
    assert "not finite" in failed["error"]["message"] and failed["error"]["code"] == "NonFiniteError"


def test_a_key_repeats_the_answer(server: Served):
    """RELIABILITY.md, 24."""
    body, headers = {"prompt": "a lake", "width": 32, "height": 32}, {"Idempotency-Key": "one"}

    def send(words: str = "a lake") -> Any:
        return server.http.post("/api/jobs", json={**body, "prompt": words}, headers=headers)

    with ThreadPoolExecutor(6) as pool:
        ids = {answer.json()["id"] for answer in pool.map(lambda _: send(), range(6))}
    assert len(ids) == 1
    assert send("a sea").status_code == 422


@pytest.mark.parametrize(("body", "statuses"), [case[1:] for case in HOSTILE], ids=[case[0][:40] for case in HOSTILE])
def test_hostile_bodies(server: Served, body: bytes, statuses: set[int]):
    start = time.monotonic()
    answer = server.http.post("/api/jobs", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in statuses, answer.text
    assert time.monotonic() - start < 2 and len(answer.content) < 4096
    if answer.status_code >= 400:
        error = answer.json()["error"]
        assert set(error) == {"message", "type", "param", "code"} and error["message"]


def test_the_budget_names_cost_and_limit(server: Served):
    body = {"prompt": "a", "n": 64, "width": 2048, "height": 2048, "num_inference_steps": 200}
    message = server.http.post("/api/jobs", json=body).json()["error"]["message"]
    assert "53,687 megapixel steps" in message and "4,000" in message


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_only_json_that_says_so(server: Served, kind: str):
    """RELIABILITY.md, 23: what a page of another site can send without being asked makes no job."""
    before = server.http.get("/api/jobs?limit=1").json()
    answer = server.http.post("/api/jobs", content=b'{"prompt":"a"}', headers={"Content-Type": kind})
    assert answer.status_code in (415, 422) and server.http.get("/api/jobs?limit=1").json() == before


@pytest.mark.parametrize("screen", ["library", "arena", "runs"])
def test_the_name_of_a_screen_leads_to_it(server: Served, screen: str):
    answer = server.http.get(f"/{screen}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (308, f"/#{screen}")
    assert server.http.get(f"/{screen}s").status_code == 404


def test_bodies_that_are_too_large(server: Served):
    """RELIABILITY.md, 14."""
    large = server.http.post("/api/jobs", content=bytes(33 << 20), headers={"Content-Type": "application/json"})
    assert large.status_code == 413 and len(large.content) < 4096

    def chunks():
        for _ in range(40):
            yield bytes(1 << 20)

    endless = server.http.post("/api/jobs", content=chunks(), headers={"Content-Type": "application/json"})
    assert endless.status_code == 413
    assert server.http.get("/healthz").status_code == 200


@pytest.mark.parametrize("parts", [10_000, 300])
def test_forms_of_many_parts(server: Served, parts: int):
    """RELIABILITY.md, 19."""
    part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    start = time.monotonic()
    answer = server.http.post(
        "/api/info", content=part * parts + b"--x--\r\n", headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert 400 <= answer.status_code < 500 and time.monotonic() - start < 1


@pytest.mark.parametrize(
    "content", [b"--x\r\n" * 1000, b'--x\r\nContent-Disposition: form-data; name="file"\r\nX: ' + b"a" * LARGE, b""]
)
def test_forms_that_are_none(server: Served, content: bytes):
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert 400 <= server.http.post("/api/info", content=content, headers=headers).status_code < 500


@pytest.mark.parametrize(
    "data",
    [b"x", b"<svg onload=alert(1)>", png()[:50], b"RIFF\0\0\0\0WEBP", b"ffconcat version 1.0\nfile /etc/passwd\n"],
)
def test_info_of_files_that_are_none(server: Served, data: bytes):
    answer = server.http.post("/api/info", content=data)
    assert answer.status_code == 422 and "/tmp" not in answer.text


def test_many_ranges(server: Served):
    """RELIABILITY.md, 20."""
    url = server.wait(server.make())["results"][0]["url"]
    ranges = "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 10_000, 2))
    start = time.monotonic()
    assert server.http.get(url, headers={"Range": ranges}).status_code in (200, 206, 400, 416)
    assert time.monotonic() - start < 1
    assert server.http.get(url, headers={"Range": "bytes=999999999-"}).status_code == 416


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("folder", ["/api/results/", "/api/jobs/", "/page/"])
def test_paths_lead_nowhere(server: Served, folder: str, path: str):
    """RELIABILITY.md, 35 and 37: the answer is that to an unknown id."""
    unknown = server.http.get("/api/results/" + "0" * 32)
    for method in ("GET", "DELETE") if folder == "/api/jobs/" else ("GET",):
        answer = server.http.request(method, folder + path)
        assert (answer.status_code, answer.text) == (404, unknown.text)


def test_a_link_in_the_results_is_not_followed(server: Served, tmp_path: Path):
    """RELIABILITY.md, 36."""
    result = server.wait(server.make())["results"][0]
    (path,) = (server.folder / "results").glob(f"{result['id']}*")
    (tmp_path / "secret").write_text("secret")
    path.unlink()
    path.symlink_to(tmp_path / "secret")
    assert server.http.get(result["url"]).status_code == 404


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "limit=NaN", "after=" + "a" * 65, "after=unknown", "limit=" + "9" * 5000],
)
def test_wrong_queries(server: Served, query: str):
    answer = server.http.get(f"/api/jobs?{query}")
    assert answer.status_code in (404, 422) and len(answer.content) < 4096


def test_a_full_queue(tmp_path: Path):
    """RELIABILITY.md, 48."""
    with served(tmp_path / "data", "--max-queue", "2") as one:
        running = one.make("slow", n=3)
        one.wait(running, states=("running",))
        one.make()
        start = time.monotonic()
        answer = one.http.post("/api/jobs", json={"prompt": "a", "width": 32, "height": 32})
        assert answer.status_code == 429 and time.monotonic() - start < 0.5
        assert 1 <= int(answer.headers["retry-after"]) <= 600
        assert one.wait(running)["state"] == "done"
        one.make()


def test_nothing_failed_inside(server: Served):
    """Every request above was answered without a traceback in the server's output. The last test of this file."""
    assert "Traceback" not in server.complaints and "Exception" not in server.complaints, server.complaints
    assert threading.active_count() < 50


def test_answers_do_not_wait_for_acknowledgements():
    """With Nagle's algorithm the second part of every answer on a kept connection came 40 ms late."""

    async def connect() -> int:
        accepted: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()
        with take_port("127.0.0.1", 0) as listening:
            server = await asyncio.start_server(lambda reader, writer: accepted.set_result(writer), sock=listening)
            _, client = await asyncio.open_connection(*listening.getsockname())
            writer = await accepted
            is_set = writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            for one in (client, writer):
                one.close()
                await one.wait_closed()
            server.close()
            return is_set

    assert asyncio.run(connect())
