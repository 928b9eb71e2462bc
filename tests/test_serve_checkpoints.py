"""Fetching models from a server: one at a time, by its licence, where the owner lets it; what becomes of it when something ends."""

import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

for library in ("fastapi", "uvicorn", "prometheus_client", "httpx"):
    pytest.importorskip(library)

import httpx

from checkpoint_server import PlayedServer, played
from fake_hub import FakeHub
from hub_folders import make_folder, put_in_cache, write_weights
from mutoscope.hub.known import known_models
from mutoscope.hub.names import find_place
from mutoscope.serve import checkpoints
from mutoscope.serve import downloads as downloads_module
from mutoscope.serve.downloads import Downloads
from mutoscope.serve.jobs import Job, Note, Refusal
from mutoscope.serve.settings import ServeSettings
from serving import read_events, served

SD, TURBO = known_models()["sd15"], known_models()["sd-turbo"]
UNET = "unet/diffusion_pytorch_model.safetensors"


class Huge(bytes):
    """A file that is said to be larger than every disk."""

    def __len__(self) -> int:
        return 10**15


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub with Stable Diffusion 1.5, a few numbers in the place of its weights, and an empty cache."""
    pytest.importorskip("huggingface_hub", reason="needs mutoscope[hub]")
    hub = FakeHub(SD.revision)
    folder = make_folder(tmp_path / "there")
    write_weights(folder / UNET, 200_000)
    hub.put(SD.repository, folder, license="creativeml-openrail-m")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "token"))
    for name in ("HF_HUB_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with hub.open():
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayedServer]:
    with played(tmp_path_factory.mktemp("checkpoints")) as one:
        yield one


def until(is_so: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Return what is asked for, as soon as it is so."""
    end = time.monotonic() + seconds
    while not (found := is_so()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def left_behind(cache: Path) -> list[Path]:
    return list(cache.rglob("*.incomplete"))


class TestDownloads:
    """With the process that fetches, and no server around it."""

    def test_a_whole_one(self, hub: FakeHub):
        notes: list[Note] = []
        downloads = Downloads(notes.append)
        downloads.start("sd15")
        downloads.start("sd15")  # a double click
        with pytest.raises(Refusal, match="sd15 is being fetched; one model is fetched at a time"):
            downloads.start("sd-turbo")
        until(lambda: downloads.now is None)
        states = [note.data["state"] for note in notes]
        assert list(dict.fromkeys(states)) == ["asking", "downloading", "ended"] and not downloads.errors
        steps = [note.data["bytes"] for note in notes if note.data["state"] == "downloading"]
        size = sum(map(len, hub.repositories[SD.repository].values()))
        assert steps == sorted(steps) and steps[0] == 0 and steps[-1] == downloads.sizes["sd15"] == size
        assert find_place("sd15").revision == SD.revision

    def test_only_the_size(self, hub: FakeHub, tmp_path: Path):
        downloads = Downloads(lambda note: None)
        downloads.start("sd15", only_ask=True)
        until(lambda: downloads.now is None)
        assert downloads.sizes["sd15"] > 400_000 and hub.fetched() == ["model_index.json"]
        assert not (tmp_path / "cache").exists()

    def test_cancelled_and_the_rest_later(self, hub: FakeHub, tmp_path: Path):
        hub.slow = threading.Event()
        downloads = Downloads(lambda note: None)
        downloads.start("sd15")
        until(lambda: UNET in hub.fetched() and left_behind(tmp_path))
        downloads.cancel("sd15")
        until(lambda: downloads.now is None)
        assert not downloads.errors and not left_behind(tmp_path)
        with pytest.raises(Refusal, match="sd15 is not being fetched"):
            downloads.cancel("sd15")
        hub.slow.set()
        hub.slow = None
        hub.log.clear()
        downloads.start("sd15")
        until(lambda: downloads.now is None)
        assert UNET in hub.fetched() and "tokenizer/vocab.json" not in hub.fetched()
        assert find_place("sd15").path.is_dir()

    @pytest.mark.parametrize(
        ("what", "words"),
        [
            ("no network", r"the connection to http://127\.0\.0\.1:9 was lost or never came about; try again"),
            ("no room", r"brings \S+ GB, and .* has .* free; make room"),
            ("offline", r"HF_HUB_OFFLINE is set, so nothing is fetched"),
            ("broken", r"answered with 503; wait a little and try again"),
        ],
    )
    def test_a_failure_is_one_sentence(self, hub: FakeHub, monkeypatch: pytest.MonkeyPatch, what: str, words: str):
        if what == "no network":
            monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
        elif what == "offline":
            monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        elif what == "no room":
            hub.repositories[SD.repository][UNET] = Huge(b"x")
        else:
            hub.broken["model_index.json"] = 503
        notes: list[Note] = []
        downloads = Downloads(notes.append)
        downloads.start("sd15")
        until(lambda: downloads.now is None and notes[-1].data["state"] == "failed")
        assert re.search(words, downloads.errors["sd15"]) and "\n" not in downloads.errors["sd15"]
        assert UNET not in hub.fetched()


@pytest.mark.slow
class TestEnds:
    """What becomes of a download when the server ends, however it ends."""

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
    def test_a_server_that_ends(self, hub: FakeHub, tmp_path: Path, number: int):
        hub.slow = threading.Event()
        with served(tmp_path / "one" / "data") as one:
            body = {"model": "sd15", "licence": SD.licence}
            answer = one.http.post("/api/checkpoints/download", json=body)
            if answer.status_code == 409:
                pytest.skip(answer.json()["error"]["message"])
            assert answer.status_code == 202
            until(lambda: UNET in hub.fetched() and left_behind(tmp_path))
            assert one.end(number) == (0 if number == signal.SIGTERM else -number)
        until(lambda: not left_behind(tmp_path))
        hub.slow.set()
        hub.slow = None
        if number == signal.SIGKILL:
            return
        hub.log.clear()
        with served(tmp_path / "one" / "data") as one:
            offer = one.http.get("/api/checkpoints").json()["data"][1]
            assert (offer["id"], offer["state"], offer["progress"]) == ("sd15", "half", None) and offer["bytes"] > 0
            with one.http.stream("GET", "/api/events") as stream:
                one.http.post("/api/checkpoints/download", json=body)
                for name, _, data in read_events(stream.iter_lines()):
                    if name == "download" and data["state"] == "ended":
                        break
            assert data["model"] == "sd15" and "tokenizer/vocab.json" not in hub.fetched()
            assert one.http.get("/api/checkpoints").json()["data"][1]["state"] == "here"


def test_a_hub_that_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It takes connections and never answers."""
    pytest.importorskip("huggingface_hub", reason="needs mutoscope[hub]")
    monkeypatch.setattr(downloads_module, "ASK_SECONDS", 3.0)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        downloads = Downloads(lambda note: None)
        start = time.monotonic()
        downloads.start("sd15")
        until(lambda: downloads.now is None)
        assert time.monotonic() - start < 10.0 and "did not answer within 3 seconds" in downloads.errors["sd15"]


class TestRoutes:
    """What the routes take and refuse; the test plays the process that fetches."""

    def ask(self, server: PlayedServer, what: str, **body: Any) -> tuple[int, str]:
        answer = server.http.post(f"/api/checkpoints/{what}", json=body)
        return answer.status_code, answer.json().get("error", {}).get("message", "")

    def test_the_licence_is_named(self, server: PlayedServer):
        status, words = self.ask(server, "download", model="sd15", licence="MIT")
        assert status == 422 and f"licence must be {SD.licence!r}" in words and SD.page in words
        assert self.ask(server, "download", model="sd15")[0] == 422 and not server.asked

    @pytest.mark.parametrize("what", ["download", "size", "open", "cancel"])
    def test_names_that_the_list_does_not_hold(self, server: PlayedServer, what: str):
        more = {"licence": "x"} if what == "download" else {}
        for name in (
            "sdxl-turb",
            "../../etc",
            "/etc/passwd",
            "someone/else",
            "openai:http://example.org#x",
            "embedded",
        ):
            status, words = self.ask(server, what, model=name, **more)
            assert status == 404 and "can be had here" in words
        assert "did you mean 'sdxl-turbo'" in self.ask(server, what, model="sdxl-turb", **more)[1]
        assert self.ask(server, what, model="", **more)[0] == 422 and not server.asked

    def test_what_cannot_be(self, server: PlayedServer, monkeypatch: pytest.MonkeyPatch):
        assert self.ask(server, "cancel", model="sd15")[0] == 409
        status, words = self.ask(server, "open", model="sd15")
        assert status == 422 and "whole on this disk" in words
        put_in_cache(server.cache, "me/mine")
        assert self.ask(server, "download", model="me/mine", licence="")[0] == 422
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        status, words = self.ask(server, "download", model="sd15", licence=SD.licence)
        assert status == 409 and "HF_HUB_OFFLINE" in words
        monkeypatch.delenv("HF_HUB_OFFLINE")
        with monkeypatch.context() as small:
            small.setattr(checkpoints, "free_bytes", lambda: 2_800_000_000)
            status, words = self.ask(server, "download", model="sd15", licence=SD.licence)
            assert status == 409 and "It brings 2.7 GB, and the disk has 2.8 GB free." in words
            offers = {one["id"]: one for one in server.http.get("/api/checkpoints").json()["data"]}
            assert offers["sd15"]["obstacle"] and not offers["sd-turbo"]["obstacle"]
        monkeypatch.setattr(server, "missing", "diffusers")
        status, words = self.ask(server, "size", model="sana")
        assert status == 409 and "needs diffusers" in words and not server.asked

    def test_opened_once_and_again_for_its_jobs(self, server: PlayedServer):
        server.bring("lcm")
        repository = known_models()["lcm"].repository
        job = Job("x", "running", "image", repository, "png", "a lake", (), 1.0, 0.0)
        assert server.desk._model_of(job).opened_as == "lcm"  # of an earlier server, whose page had opened it
        answer = server.http.post("/api/checkpoints/open", json={"model": "lcm"}).json()
        assert answer["id"] == repository
        models = [one["id"] for one in server.http.get("/api/models").json()["data"]]
        assert models == ["fake", repository]  # once, and the first is still the first
        offers = {one["id"]: one for one in server.http.get("/api/checkpoints").json()["data"]}
        assert offers["lcm"]["model"] == repository and offers["sd-turbo"]["model"] is None

    def test_fixed_where_the_owner_says_so(self, tmp_path: Path):
        with played(tmp_path, downloads=False) as one:
            one.bring("sd15")
            said = one.http.get("/api/checkpoints").json()
            assert said["data"] == [] and not said["allowed"] and "--downloads" in said["why"]
            for what, more in (("download", {"licence": SD.licence}), ("size", {}), ("open", {}), ("cancel", {})):
                status, words = self.ask(one, what, model="sd15", **more)
                assert status == 403 and "are fixed" in words
            job = Job("x", "running", "image", SD.repository, "png", "a lake", (), 1.0, 0.0)
            with pytest.raises(ValueError, match="unknown model"):
                one.desk._model_of(job)


def test_a_server_ends_while_a_model_is_being_opened(tmp_path: Path):
    with played(tmp_path) as one:
        one.bring("sd15")
        one.refused = "hang"
        with pytest.raises(httpx.ReadTimeout):
            one.http.post("/api/checkpoints/open", json={"model": "sd15"}, timeout=0.5)
        start = time.monotonic()
        one.close()
        assert time.monotonic() - start < 5.0 and one.has_ended


def test_who_may_add_models():
    def may(**settings: Any) -> bool:
        return ServeSettings(Path("x"), **settings).may_add_models

    assert may() and may(host="::1") and may(token="a long secret")
    assert not may(host="0.0.0.0", token="a long secret") and not may(public_url="https://studio.example")
    assert may(host="0.0.0.0", token="a long secret", downloads=True) and not may(downloads=False)


@pytest.mark.slow
def test_from_the_hub_to_a_picture(hub: FakeHub, tmp_path: Path):
    """The whole way with a real pipeline of random weights, without a restart."""
    pytest.importorskip("diffusers", reason="needs mutoscope[hub]")
    from tiny_pipelines import tiny_folder

    hub.put(SD.repository, tiny_folder("sd"))
    with served(tmp_path / "one" / "data") as one:
        one.http.post("/api/checkpoints/download", json={"model": "sd15", "licence": SD.licence}).raise_for_status()
        until(lambda: one.http.get("/api/checkpoints").json()["data"][1]["state"] == "here", 60.0)
        opened = one.http.post("/api/checkpoints/open", json={"model": "sd15"}, timeout=120.0).raise_for_status().json()
        assert (opened["id"], opened["engine"]) == (SD.repository, "diffusers")
        done = one.wait(one.make(model=opened["id"], width=64, height=64, num_inference_steps=2), 120.0)
        request = done["results"][0]["request"]
        assert (done["state"], request["engine"], request["revision"]) == ("done", "diffusers", SD.revision)
    assert os.environ["HF_ENDPOINT"] == hub.url  # nothing else was asked
