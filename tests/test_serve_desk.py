"""The seam: what routers may do with the desk, in this process, with an app around it."""

import asyncio
import contextlib
import dataclasses
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

for library in ("fastapi", "uvicorn", "prometheus_client", "httpx"):
    pytest.importorskip(library)

import httpx
from fastapi import Depends

import serve_engine
from mutoscope import device
from mutoscope.cli import main
from mutoscope.cli import serve as command
from mutoscope.errors import MediaError, SettingError, SizeError, StorageFullError
from mutoscope.serve.access import get_desk
from mutoscope.serve.app import create_app
from mutoscope.serve.desk import Desk
from mutoscope.serve.jobs import Note, Order, Refusal
from mutoscope.serve.planning import read_picture
from mutoscope.serve.settings import ServeSettings
from mutoscope.serve.strict import StrictBody, new_router

SMALL = {"width": 32, "height": 32, "seed": 1}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ServeSettings:
    plugin = serve_engine.install(tmp_path / "plugin")
    monkeypatch.syspath_prepend(plugin)
    monkeypatch.setenv("PYTHONPATH", f"{plugin}:{Path(__file__).parent.parent / 'src'}")
    return ServeSettings(tmp_path / "data", models=("fake:0.02",), port=80)


def at_desk(settings: ServeSettings, act: Callable[[Desk], Awaitable[None]]) -> None:
    """Run `act` with a desk that draws."""

    async def run() -> None:
        desk = Desk(settings)
        desk.start()
        try:
            await asyncio.wait_for(act(desk), 60)
        finally:
            desk.end_streams()
            await asyncio.to_thread(desk.stop)

    asyncio.run(run())


def test_from_an_order_to_bytes(settings: ServeSettings):
    async def act(desk: Desk) -> None:
        job = await desk.submit(Order("a lake", options=SMALL, number=2, origin="images", memo={"size": "auto"}))
        assert (job.state, job.memo, len(job.requests)) == ("queued", {"size": "auto"}, 2)
        assert (await desk.wait(job.id, seconds=0.0)).id == job.id  # not ended, and not waited for
        job = await desk.wait(job.id)
        assert job.state == "done" and job.memo == {"size": "auto"}
        data = await desk.read_result(job.results[1])
        assert data.startswith(b"\x89PNG") and desk.path_of(job.results[1]).read_bytes() == data
        assert await desk.find_result(job.results[1].id) == job.results[1]
        jobs, more = await desk.list_jobs(1, origin="images")
        assert [one.id for one in jobs] == [job.id] and not more
        assert await desk.list_jobs(origin="videos") == ([], False)
        await desk.remove(job.id)
        assert not desk.path_of(job.results[1]).exists()

    at_desk(settings, act)


def test_listening(settings: ServeSettings):
    async def act(desk: Desk) -> None:
        job = await desk.submit(Order("slow", options=SMALL))
        async with contextlib.aclosing(desk.listen(job.id)) as notes:
            seen = [note async for note in notes]
        assert {note.name for note in seen} >= {"state", "progress", "preview", "result"} and seen[
            -1
        ].data.state == "done"
        previews = [note.data["jpeg"] for note in seen if note.name == "preview"]
        assert previews and previews[0].startswith(b"\xff\xd8")
        last = seen[-2].number or seen[-3].number
        assert [note.number async for note in desk.listen(job.id, after=last)] == [seen[-1].number]
        assert desk.streams == 0
        desk.publish(Note("progress", job.id, {"step": 1}))  # late, as of a job that is cancelled
        await asyncio.sleep(0.05)
        assert desk.progress_of(job.id) is None

    at_desk(settings, act)


def test_cancelling_while_it_runs(settings: ServeSettings):
    async def act(desk: Desk) -> None:
        job = await desk.submit(Order("slow", options=SMALL, number=9))
        while (await desk.find(job.id)).state == "queued":
            await asyncio.sleep(0.02)
        assert (await desk.cancel(job.id)).state == "cancelled"
        with pytest.raises(Refusal) as again:
            await desk.cancel(job.id)
        assert again.value.status == 409
        after = await desk.wait((await desk.submit(Order("a lake", options=SMALL))).id)
        assert after.state == "done"

    at_desk(settings, act)


def test_a_disk_that_is_full_for_a_while(settings: ServeSettings, monkeypatch: pytest.MonkeyPatch):
    """A result that cannot be written fails its job and says so; a queue that cannot be written is asked again."""

    async def act(desk: Desk) -> None:
        def full(name: str, data: bytes) -> None:
            raise StorageFullError("the disk is full: cannot write it")

        with monkeypatch.context() as patch:
            patch.setattr(desk.files, "keep_result", full)
            failed = await desk.wait((await desk.submit(Order("a lake", options=SMALL))).id)
        assert (
            failed.state == "failed" and "the disk is full" in failed.error and failed.error_code == "StorageFullError"
        )
        real, calls = desk.store.add_result, []

        def locked(*words: Any) -> bool:
            calls.append(words)
            if len(calls) == 1:
                raise sqlite3.OperationalError("database or disk is full")
            return real(*words)

        monkeypatch.setattr(desk.store, "add_result", locked)
        done = await desk.wait((await desk.submit(Order("a lake", options=SMALL, number=2))).id)
        assert done.state == "done" and [one.place for one in done.results] == [0, 1] and len(calls) == 3

    at_desk(settings, act)


@pytest.mark.parametrize(
    ("order", "error"),
    [
        (Order("a", kind="sound"), SettingError),
        (Order("a", options={"widht": 32}), SettingError),
        (Order("a", options={"width": -8}), SizeError),
        (Order("a", format="exe"), SettingError),
        (Order("a", model="/etc"), SettingError),
        (Order("a", options={"image": b"no picture"}), MediaError),
        (Order("a", options={"image": "/etc/passwd"}), SettingError),
        (Order("a", key="x" * 256), SettingError),
        (Order("a", number=0), SettingError),
        (Order("a", number=64, options={"width": 2048, "height": 2048, "num_inference_steps": 200}), Refusal),
    ],
)
def test_orders_that_are_refused(settings: ServeSettings, order: Order, error: type[Exception]):
    async def act(desk: Desk) -> None:
        with pytest.raises(error):
            await desk.submit(order)
        assert await desk.list_jobs() == ([], False)

    at_desk(settings, act)


def test_a_router_of_others(settings: ServeSettings):
    """How routes are added: their bodies are strict, their errors answered, the desk is given."""
    router = new_router(prefix="/v1")

    class Body(StrictBody):
        prompt: str

    @router.post("/images")
    async def make(body: Body, desk: Desk = Depends(get_desk)) -> dict[str, str]:
        return {"id": (await desk.submit(Order(body.prompt, options=SMALL))).id}

    async def run() -> None:
        app = create_app(Desk(dataclasses.replace(settings, max_streams=0, max_queue=1)), [router])
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
        ):
            made = await client.post("/v1/images", json={"prompt": "slow"})
            assert made.status_code == 200
            assert (await client.post("/v1/images", json={"prompt": "a", "sead": 1})).status_code == 422
            assert (await client.post("/v1/images", content=b'{"prompt":NaN}')).status_code == 415
            full = await client.post("/v1/images", json={"prompt": "a"})
            assert full.status_code == 429 and int(full.headers["retry-after"]) >= 1
            streams = await client.get(f"/api/jobs/{made.json()['id']}/events")
            assert streams.status_code == 503 and streams.headers["retry-after"] == "5"

    asyncio.run(run())


def test_every_worker_is_told_its_device(settings: ServeSettings):
    """Two workers for two devices: what each draws begins with the name of the device that it was told."""
    both = dataclasses.replace(settings, models=("fake:0.1",), workers=2, devices=("cuda:0", "cuda:1"))
    assert [one.device for one in both.engines] == ["cuda:0", "cuda:1"]
    more = dataclasses.replace(both, workers=5)
    assert [one.device for one in more.engines] == ["cuda:0", "cuda:1", "cuda:0", "cuda:1", "cuda:0"]

    async def act(desk: Desk) -> None:
        jobs = [await desk.submit(Order("device", options=SMALL)) for _ in range(8)]
        ended = [await desk.wait(job.id) for job in jobs]
        pictures = [read_picture(await desk.read_result(job.results[0]), "image") for job in ended]
        assert {bytes(picture.reshape(-1)[:6]) for picture in pictures} == {b"cuda:0", b"cuda:1"}

    at_desk(both, act)


def test_a_device_that_is_not_there_is_refused_before_anything_runs(settings: ServeSettings):
    for devices in (("cuda:7",), ("cuda:0", "cuda:7")):
        with pytest.raises(SettingError, match="there is no device 'cuda:7' here; known: auto"):
            Desk(dataclasses.replace(settings, workers=2, devices=devices, folder=settings.folder / devices[0]))


def test_devices_on_the_command_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    for words, expected in (
        (["--device", "cuda:0", "--device", "cuda:1", "--workers", "1"], "leaves devices without work: cuda:0, cuda:1"),
        (["--device", "cuda:0"], "takes no device"),  # the embedded model
    ):
        assert main(["serve", "--port", "0", *words]) == 2 and expected in capsys.readouterr().err
    for found, workers in (((), 0), (("cuda:0", "cuda:1", "cuda:2"), 3)):
        monkeypatch.setattr(device, "cuda_devices", lambda found=found: found)
        ran: list[ServeSettings] = []
        monkeypatch.setattr(command, "run", lambda settings, ran=ran: ran.append(settings))
        assert main(["serve", "--device", "all"]) == (0 if found else 2)
        assert [(one.workers, one.devices) for one in ran] == ([(workers, found)] if found else [])
    assert "there is no GPU here" in capsys.readouterr().err
