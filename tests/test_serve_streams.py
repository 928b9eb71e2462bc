"""Event streams: nothing twice, nothing missed, the end always told (RELIABILITY.md, 50 and 51)."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

for library in ("fastapi", "uvicorn", "prometheus_client", "httpx"):
    pytest.importorskip(library)

from uvicorn import Config
from uvicorn.server import ServerState

from mutoscope.serve.running import timed
from serving import Served, read_events, served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with served(tmp_path_factory.mktemp("streams") / "data") as one:
        yield one


@contextlib.contextmanager
def stream(server: Served, path: str, last: int | None = None) -> Iterator[Iterator[tuple[str, int, dict[str, Any]]]]:
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    with server.http.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store" and answer.headers["x-accel-buffering"] == "no"
        yield read_events(answer.iter_lines())


def test_a_job_is_told_from_its_beginning_to_its_end(server: Served):
    job = server.make("slow", n=2)
    with stream(server, f"/api/jobs/{job}/events") as events:
        told = list(events)  # it ends by itself
    names = [name for name, _, _ in told]
    assert names[-1] == "state" and told[-1][2]["state"] == "done" and len(told[-1][2]["whole"]["results"]) == 2
    assert names.count("result") == 2 and "preview" in names and "progress" in names
    numbers = [number for _, number, _ in told if number]
    assert numbers == sorted(set(numbers)) and all(data["job"] == job for _, _, data in told)
    assert all(number == 0 for name, number, _ in told if name in ("preview", "progress"))


def test_coming_again_repeats_nothing_and_misses_nothing(server: Served):
    job = server.make("slow", n=3)
    seen: list[tuple[str, int]] = []
    last, state = None, ""
    for _ in range(50):  # leave after every lasting event
        with stream(server, f"/api/jobs/{job}/events", last) as events:
            for name, number, data in events:
                if number:
                    seen.append((name, number))
                    last, state = number, data.get("state", "")
                    break
        if state == "done":
            break
    numbers = [number for _, number in seen]
    assert numbers == sorted(set(numbers)) and [name for name, _ in seen].count("result") == 3
    answer = server.http.get(f"/api/jobs/{job}/events", headers={"Last-Event-ID": str(last)})
    assert answer.status_code == 204  # a browser stops to come again


def test_a_job_that_has_ended_is_told_at_once(server: Served):
    job = server.make()
    server.wait(job)
    with stream(server, f"/api/jobs/{job}/events") as events:
        assert [name for name, _, _ in events] == ["result", "state"]


def test_one_stream_of_all_jobs(server: Served):
    with stream(server, "/api/events") as events:
        jobs = {server.make(), server.make()}
        done: set[str] = set()
        results = 0
        for name, _, data in events:
            results += name == "result"
            if name == "state" and data["state"] == "done":
                done.add(data["job"])
            if done == jobs:
                break
    assert results == 2


@pytest.mark.parametrize("last", ["x", "-1", "1e9", "9" * 20, "\u0661", "99999999"])
def test_a_last_id_that_is_none(server: Served, last: str):
    job = server.make()
    server.wait(job)
    headers = {b"Last-Event-ID": last.encode()}
    assert server.http.get(f"/api/jobs/{job}/events", headers=headers).status_code in (200, 204, 422)


def test_streams_of_nothing(server: Served):
    assert server.http.get("/api/jobs/unknown/events").status_code == 404


def open_streams(server: Served) -> int:
    text = server.http.get("/metrics").text
    return int(float(text.partition("\nmutoscope_streams ")[2].split()[0]))


def test_a_listener_that_leaves_is_forgotten(server: Served):
    made = []
    for _ in range(10):
        one = socket.create_connection(("127.0.0.1", server.port))
        one.sendall(b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % server.port)
        made.append(one)
    end = time.monotonic() + 10
    while open_streams(server) < 10:
        assert time.monotonic() < end
    for one in made:
        one.close()
    start = time.monotonic()
    while open_streams(server):
        assert time.monotonic() < start + 5
    job = server.make("slow")
    with stream(server, f"/api/jobs/{job}/events") as events:
        next(events)
    assert server.wait(job)["state"] == "done"  # the job goes on


def test_a_listener_that_reads_nothing_holds_nobody_up(server: Served):
    slow = socket.create_connection(("127.0.0.1", server.port))
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.sendall(b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % server.port)
    job = server.make(n=60)
    with stream(server, f"/api/jobs/{job}/events") as events:
        assert [name for name, _, _ in events].count("result") == 60
    slow.close()


@pytest.mark.parametrize("reads", [False, True])
def test_a_client_that_takes_nothing_is_left(reads: bool):
    """Its connection is cut, so that what waits for it is not kept for as long as it likes; one that reads slowly is served."""

    async def pour(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(200):
            await send({"type": "http.response.body", "body": bytes(1 << 16), "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        ended.append(asyncio.get_running_loop().time())

    async def ask() -> int:
        config = Config(pour, http=timed(10.0, 0.4), lifespan="off")
        config.load()
        made: Any = config.http_protocol_class  # one for each connection
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: made(config, ServerState(), {}), "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), limit=1 << 12)
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            start, got = loop.time(), 0
            while not ended and loop.time() - start < 20:
                got += len(await reader.read(1 << 20)) if reads else 0
                await asyncio.sleep(0.001 if reads else 0.02)
            writer.transport.abort()
            return got

    ended: list[float] = []
    got = asyncio.run(ask())
    assert ended and (got > 0) is reads


def test_nothing_failed_inside(server: Served):
    """The last test of this file."""
    assert "Traceback" not in server.complaints and "Exception" not in server.complaints, server.complaints
