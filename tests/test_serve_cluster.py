"""`serve --ray`: the server's end, a replica, and what goes between them; at the end all of it on a local Ray."""

import contextlib
import http.server
import io
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

for library in ("fastapi", "uvicorn", "prometheus_client", "httpx"):
    pytest.importorskip(library)

import uvicorn
from hypothesis import given
from hypothesis import strategies as some
from starlette.applications import Starlette
from starlette.routing import Route

import serve_engine
from mutoscope.cli import main
from mutoscope.cluster.serving import Drawer, build
from mutoscope.engines import EngineSettings
from mutoscope.errors import MissingExtraError, SettingError
from mutoscope.prompt.request import Request
from mutoscope.serve.remote import Remote, check_address
from mutoscope.serve.wire import BEGUN, GONE, read_message, read_work, write_message, write_work
from mutoscope.serve.worker import Work
from serving import Served, served

TOKEN = "the token of the cluster"
CLIPS = "fake:0"


def work_of(prompt: str = "a lake", model: str = CLIPS, number: int = 1, image: Path | None = None) -> Work:
    requests = [(place, Request(prompt, width=32, height=32, seed=place).to_json()) for place in range(number)]
    return Work(model, "png", tuple(requests), image, previews=False)


def take(remote: Remote, until: str = "end", seconds: float = 30.0) -> list[tuple[Any, ...]]:
    """Return what a worker says up to a message of this name."""
    said, end = [], time.monotonic() + seconds
    while not said or said[-1][0] != until:
        assert time.monotonic() < end, said
        message = remote.receive(0.5)
        said += [] if message is None else [message]
    return said


class TestWire:
    def test_a_job_and_its_picture_arrive_as_they_were(self, tmp_path):
        (tmp_path / "image.npz").write_bytes(b"\n\0picture")
        work = work_of(number=2, image=tmp_path / "image.npz")
        there = read_work(write_work(work), tmp_path / "there.npz")
        assert there == Work(**{**work.__dict__, "image": tmp_path / "there.npz"})
        assert (tmp_path / "there.npz").read_bytes() == b"\n\0picture"
        assert read_work(write_work(work_of()), tmp_path / "none").image is None and not (tmp_path / "none").exists()

    @pytest.mark.parametrize(
        "message",
        [
            ("result", 3, 0, b"\x89PNG\n", 0.25, ("a warning",)),
            ("preview", 3, 1, b""),
            ("progress", 3, {"step": 1, "seconds_left": None}),
            ("end", 3, "", ""),
            (GONE, 0),
        ],
    )
    def test_every_message_arrives_as_it_was(self, message):
        stream = io.BytesIO(write_message(message) * 2)
        assert [read_message(stream), read_message(stream)] == [message, message]
        with pytest.raises(EOFError):
            read_message(stream)

    @given(some.binary(max_size=200))
    def test_what_is_no_message_is_an_end(self, data):
        with pytest.raises(EOFError):
            read_message(io.BytesIO(data + b'{"message": ["result"], "at": 9, "bytes": 0}\n'))

    @given(some.binary(max_size=200))
    def test_what_is_no_job_is_refused(self, data):
        for one in (data, data + b"\n", b'{"requests": [[1]], "image": false, "bytes": 0}\n'):
            with pytest.raises((SettingError, EOFError)):
                read_work(one, Path(os.devnull))

    def test_addresses(self):
        assert check_address("http://draw:8000/") == "http://draw:8000"
        for wrong in ("draw:8000", "ftp://draw", "http://", "http://user:word@draw", "http://draw/?x=1"):
            with pytest.raises(SettingError, match="--ray-url"):
                check_address(wrong)


@contextlib.contextmanager
def scripted(*steps: Callable[[http.server.BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A server that does one step at each request, the last one at all that follow."""
    left = list(steps)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            (left.pop(0) if len(left) > 1 else left[0])(self)

        def log_message(self, *words: Any) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def status(code: int, words: bytes = b"") -> Callable[[http.server.BaseHTTPRequestHandler], None]:
    def step(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        request.end_headers()
        request.wfile.write(words)

    return step


class TestRemote:
    """The server's end, against all that can come back."""

    def test_a_cluster_that_is_busy_or_cut_before_it_begins_costs_no_try(self, monkeypatch):
        monkeypatch.setattr("mutoscope.serve.remote.PAUSES", (0.01,))
        end = write_message((BEGUN, 1)) + write_message(("end", 1, "", ""))
        cut = status(200, b"")
        with scripted(status(404), status(503), cut, status(500), status(200, end)) as address:
            remote = Remote(address)
            remote.send(("draw", 7, work_of()))
            assert take(remote) == [("ready",), ("end", 7, "", "")]

    def test_a_connection_that_is_cut_while_it_draws_is_a_worker_lost(self):
        for last in (b"", write_message((GONE, 0)), b"{nonsense}\n"):
            with scripted(status(200, write_message((BEGUN, 1)) + last)) as address:
                remote = Remote(address)
                assert remote.receive(1) == ("ready",)
                remote.send(("draw", 1, work_of()))
                with pytest.raises(EOFError):
                    take(remote)

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (status(401), "MUTOSCOPE_RAY_TOKEN"),
            (status(422, b"no model 'x'"), "no model 'x'"),
            (status(405), "--ray-url"),
        ],
    )
    def test_a_refusal_ends_the_job_with_a_sentence(self, answer, words, monkeypatch):
        monkeypatch.setattr("mutoscope.serve.remote.PAUSES", (0.01,))
        with scripted(answer) as address:
            remote = Remote(address)
            remote.send(("draw", 1, work_of()))
            name, _, said, code = take(remote)[-1]
            assert name == "end" and words in said and code == "cluster"

    def test_a_job_that_waits_for_the_cluster_can_be_cancelled_and_the_server_can_end(self):
        for end in (lambda one: one.send(("cancel", 1)), lambda one: one.interrupt()):
            with scripted(status(503)) as address:
                remote = Remote(address)
                giving = threading.Thread(target=remote.send, args=(("draw", 1, work_of()),))
                giving.start()
                time.sleep(0.3)
                assert giving.is_alive()
                end(remote)
                giving.join(7)
                assert take(remote)[-1] == ("end", 1, "cancelled", "cancelled")


@pytest.fixture(scope="module")
def replica(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One replica as an HTTP server of its own, without Ray; yields its address."""
    folder = tmp_path_factory.mktemp("replica")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{serve_engine.install(folder / 'plugin')}:{Path(__file__).parent.parent / 'src'}")
        patch.setenv("MUTOSCOPE_FAKE_FOLDER", str(folder))
        drawer = Drawer(EngineSettings(device="cuda:1"), [CLIPS], TOKEN)
        app = Starlette(routes=[Route("/", drawer.__call__, methods=["POST"])])
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", timeout_graceful_shutdown=1))
        running = threading.Thread(target=server.run)
        running.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        server.should_exit = True
        running.join()
        drawer._replace()


class TestReplica:
    def test_it_draws_a_job_with_its_own_device(self, replica):
        remote = Remote(replica, TOKEN)
        remote.send(("draw", 5, work_of("device", number=2)))
        said = take(remote)
        assert said[-1] == ("end", 5, "", "") and "progress" in [one[0] for one in said]
        results = [one for one in said if one[0] == "result"]
        assert [one[2] for one in results] == [0, 1] and all(one[3].startswith(b"\x89PNG") for one in results)
        from PIL import Image

        assert Image.open(io.BytesIO(results[0][3])).tobytes().startswith(b"cuda:1")

    def test_without_its_token_and_for_other_models_it_draws_nothing(self, replica):
        for remote, work, words in (
            (Remote(replica), work_of(), "MUTOSCOPE_RAY_TOKEN"),
            (Remote(replica, TOKEN + "x"), work_of(), "MUTOSCOPE_RAY_TOKEN"),
            (Remote(replica, TOKEN), work_of(model="/etc"), "no model '/etc'"),
        ):
            remote.send(("draw", 1, work))
            assert words in take(remote)[-1][2]

    def test_a_worker_that_dies_is_told_and_replaced(self, replica):
        remote = Remote(replica, TOKEN)
        assert remote.receive(1) == ("ready",)
        remote.send(("draw", 1, work_of("die")))
        with pytest.raises(EOFError):
            take(remote)
        remote.send(("draw", 2, work_of()))
        assert take(remote)[-1] == ("end", 2, "", "")

    def test_a_job_that_is_dropped_ends_within_a_step_and_the_next_one_is_drawn(self, replica):
        remote = Remote(replica, TOKEN)
        remote.send(("draw", 1, work_of("slow", number=50)))
        take(remote, "progress")
        start = time.monotonic()
        remote.send(("cancel", 1))
        assert take(remote)[-1] == ("end", 1, "cancelled", "cancelled")
        remote.send(("draw", 2, work_of()))
        assert take(remote)[-1] == ("end", 2, "", "") and time.monotonic() - start < 5


def test_without_ray_the_extra_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(["serve", "--ray", "--port", "0", "--folder", str(tmp_path / "data")]) == 1
    assert "mutoscope[cluster]" in capsys.readouterr().err and not (tmp_path / "data").exists()
    with pytest.raises(MissingExtraError):
        build({})


def test_one_device_on_a_cluster(tmp_path, capsys):
    words = ["serve", "--ray", "--device", "cuda:0", "--device", "cuda:1", "--folder", str(tmp_path / "data")]
    assert main(words) == 2 and "give --device cuda once" in capsys.readouterr().err


@pytest.fixture(scope="module")
def on_ray(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server whose workers are replicas on a local Ray."""
    pytest.importorskip("ray.serve", reason="needs mutoscope[cluster]")
    folder = tmp_path_factory.mktemp("ray")
    words = ("--ray", "--workers", "2", "--threads", "1", "--max-queue", "12")
    with served(folder / "data", *words, model="fake:0.05") as one:
        yield one
        start = time.monotonic()
        assert one.end(signal.SIGTERM) == 0 and time.monotonic() - start < 10
        assert "Traceback" not in one.complaints


def test_ray_serve_reads_the_manifest():
    schema = pytest.importorskip("ray.serve.schema", reason="needs mutoscope[cluster]")
    yaml = pytest.importorskip("yaml")
    manifest = next(yaml.safe_load_all((Path(__file__).parent.parent / "deploy" / "ray-serve.yaml").read_text()))
    config = schema.ServeDeploySchema.model_validate(yaml.safe_load(manifest["spec"]["serveConfigV2"]))
    assert build(config.applications[0].args)._bound_deployment.name == config.applications[0].deployments[0].name


def replicas(server: Served) -> set[int]:
    """Return the process ids of the replicas of this server's Ray."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if b"ray::ServeReplica" in path.read_bytes() and b"plugin" in (path.parent / "environ").read_bytes():
                found.add(int(path.parent.name))
    return found


@pytest.mark.timeout(300)
class TestRay:
    def test_the_bytes_are_those_of_one_machine(self, on_ray, tmp_path):
        with served(tmp_path / "data", model="fake:0.05") as alone:
            files = []
            for one in (alone, on_ray):
                job = one.wait(one.make("a lake", n=2), 60)
                assert job["state"] == "done"
                files.append([one.http.get(f"/api/results/{result['id']}").content for result in job["results"]])
            assert files[0] == files[1]

    def test_back_pressure_reaches_the_client_and_more_jobs_bring_a_replica(self, on_ray):
        body = {"prompt": "slow", "seed": 1, "width": 32, "height": 32, "n": 3}
        answers = [on_ray.http.post("/api/jobs", json=body) for _ in range(16)]
        assert {one.status_code for one in answers} == {202, 429}
        assert all(int(one.headers["retry-after"]) > 0 for one in answers if one.status_code == 429)
        most = 0
        for job in [one.json()["id"] for one in answers if one.status_code == 202]:
            while on_ray.job(job)["state"] in ("queued", "running"):
                most = max(most, len(replicas(on_ray)))
                time.sleep(0.2)
            assert on_ray.job(job)["state"] == "done"
        assert most == 2

    def test_a_killed_replica_costs_the_picture_that_it_drew(self, on_ray):
        job = on_ray.make("slow", n=4)
        while not on_ray.job(job)["results"]:
            time.sleep(0.05)
        kept = {result["id"] for result in on_ray.job(job)["results"]}
        for pid in replicas(on_ray):
            os.kill(pid, signal.SIGKILL)
        done = on_ray.wait(job, 120)
        assert done["state"] == "done" and [result["place"] for result in done["results"]] == [0, 1, 2, 3]
        assert kept <= {result["id"] for result in done["results"]}

    def test_cancel_and_poison(self, on_ray):
        slow = on_ray.make("slow", n=50)
        on_ray.wait(slow, states=("running",))
        assert on_ray.http.post(f"/api/jobs/{slow}/cancel").json()["state"] == "cancelled"
        poison, fine = on_ray.make("die"), on_ray.make()
        assert on_ray.wait(poison, 60)["error"]["code"] == "worker_died"
        assert on_ray.wait(fine, 60)["state"] == "done"
