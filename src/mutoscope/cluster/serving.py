"""The workers of `mutoscope serve` as an application of Ray Serve: replicas that draw a job each, more of them when more jobs wait.

A replica holds a worker process as a server does (`serve.worker`), so that a job that hangs or dies takes no replica with it. The queue
stays with the server, which hands over as many jobs as it has seats; `serve.remote` is its end. What comes in is JSON and pictures
behind a token; nothing is unpickled.

`build` is what a Ray Serve config names (deploy/ray-serve.yaml); `Local` is `mutoscope serve --ray`.
"""

import asyncio
import contextlib
import os
import secrets
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from mutoscope.engines import EMBEDDED, EngineSettings
from mutoscope.errors import MissingExtraError, SettingError
from mutoscope.serve.remote import wait_until_up
from mutoscope.serve.seat import START_SECONDS, Process
from mutoscope.serve.wire import ALIVE, BEGUN, GONE, read_work, write_message
from mutoscope.serve.worker import Work
from mutoscope.telemetry import disable_telemetry

TOKEN = "MUTOSCOPE_RAY_TOKEN"  # environment variable; the same at both ends
APPLICATION, DEPLOYMENT = "mutoscope", "Drawer"
OWN_WORDS = ("models", "replicas", "token")  # arguments of the application besides those of EngineSettings
LOOK_SECONDS = 0.5  # between two looks at the worker
ALIVE_SECONDS = 5.0  # at most, between two words of a replica that draws
CANCEL_GRACE = 30.0  # seconds that a step may take after its job was dropped; then the worker is replaced
UP_SECONDS = 60.0
SCALING = {"min_replicas": 1, "target_ongoing_requests": 1, "upscale_delay_s": 3, "downscale_delay_s": 120}
DRAIN_SECONDS = 600.0  # for the job of a replica that is not needed any more


class Drawer:
    """One replica: it draws a job for each request, and streams what its worker says."""

    def __init__(self, engine: EngineSettings, models: Sequence[str], token: str | None):
        self._engine, self._models, self._token = engine, tuple(models), token
        self._process: Process | None = None
        self._ticket = self._ended = 0  # of the last job, and of the last one whose end was heard
        self._image = Path(tempfile.mkdtemp(prefix="mutoscope-")) / "image.npz"
        # One thread for the process and its pipe: a worker ends with the thread that began it.
        self._thread = ThreadPoolExecutor(1, "worker")

    async def __call__(self, request: Any) -> Any:
        """Answer a request of `serve.remote.Remote`."""
        from starlette.responses import PlainTextResponse, StreamingResponse

        if not self._admits(request.headers.get("authorization", "")):
            return PlainTextResponse("the token is missing or another one", 401)
        try:
            work = read_work(await request.body(), self._image)
            self._check(work)
        except (SettingError, EOFError) as error:
            return PlainTextResponse(str(error), 422)
        return StreamingResponse(self._draw(work), media_type="application/octet-stream")

    def _admits(self, words: str) -> bool:
        """Whether a request shows the token; there need not be one inside a network that is closed."""
        return self._token is None or secrets.compare_digest(words.encode(), f"Bearer {self._token}".encode())

    def _check(self, work: Work) -> None:
        """Refuse models that this application does not draw with; SettingError."""
        if work.model not in self._models:
            known = ", ".join(self._models)
            raise SettingError(f"the cluster has no model {work.model[:60]!r}; it draws with {known}")

    async def _draw(self, work: Work) -> AsyncIterator[bytes]:
        """Yield what the worker says of a job until its end; a client that leaves ends it."""
        if not await self._by_thread(self._be_ready):
            yield write_message((GONE, 0))
            return
        self._ticket = ticket = self._ticket + 1
        yield write_message((BEGUN, ticket))
        assert self._process is not None
        self._process.send(("draw", ticket, work))
        said = time.monotonic()
        try:
            while self._ended < ticket:
                message = await self._by_thread(self._hear)
                if message is None and time.monotonic() - said > ALIVE_SECONDS:
                    message = (ALIVE, ticket)
                if message is not None and message[1] in (0, ticket):
                    said = time.monotonic()
                    yield write_message(message)
                if message is not None and message[0] == GONE:
                    return
        finally:
            if self._ended < ticket and self._process is not None:
                self._process.send(("cancel", ticket))

    async def _by_thread(self, function: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    def _be_ready(self) -> bool:
        """Have a worker that draws nothing; the last job may have been dropped a moment ago."""
        end = time.monotonic() + CANCEL_GRACE
        while self._process is not None and self._ended < self._ticket:
            self._hear()
            if time.monotonic() > end:
                self._replace()
        if self._process is not None and not self._process.is_alive:
            self._replace()
        if self._process is None:
            self._process, self._ended = Process(self._engine), self._ticket
            with contextlib.suppress(EOFError, OSError):
                if self._process.receive(START_SECONDS) == ("ready",):
                    return True
            self._replace()
        return self._process is not None

    def _hear(self) -> tuple[Any, ...] | None:
        """Return what the worker says, None where it says nothing for a moment; one that is gone is removed."""
        try:
            message = None if self._process is None else self._process.receive(LOOK_SECONDS)
        except (EOFError, OSError):
            self._replace()
            return GONE, 0
        if message is not None and message[0] == "end":
            self._ended = message[1]
        return message

    def _replace(self) -> None:
        """End the worker; the next job begins another one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()


def read_words(words: dict[str, Any]) -> tuple[EngineSettings, list[str], int]:
    """Return what the arguments of an application say; SettingError for a word that is not known."""
    engine = {name: value for name, value in words.items() if name not in OWN_WORDS}
    known = EngineSettings.__annotations__
    unknown = sorted(set(engine) - set(known))
    if unknown:
        raise SettingError(f"unknown arguments {', '.join(unknown)[:80]}; known: {', '.join([*OWN_WORDS, *known])}")
    return EngineSettings(**engine), words.get("models", [EMBEDDED]), words.get("replicas", 1)


def build(words: dict[str, Any]) -> Any:
    """Return the application: `models` that it draws with, how (`device`, `threads`, `precision`, `runtime`, `offload`), the
    `replicas` there are at most, and its `token`, that of the environment where there is none. MissingExtraError, SettingError.
    """
    engine, models, replicas = read_words(words)
    _, serve = import_ray()
    deployment = serve.deployment(
        Drawer,
        name=DEPLOYMENT,
        max_ongoing_requests=1,
        max_queued_requests=2 * replicas,  # more are refused; the server asks again
        autoscaling_config={**SCALING, "max_replicas": replicas},
        graceful_shutdown_timeout_s=DRAIN_SECONDS,
        ray_actor_options={"num_cpus": engine.threads or 1, "num_gpus": int(engine.device.startswith("cuda"))},
    )
    return deployment.bind(engine, models, words.get("token") or os.environ.get(TOKEN) or None)


class Local:
    """Ray Serve for one server: on this machine, or on the cluster of RAY_ADDRESS whose head this machine is."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(24)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.name = f"{APPLICATION}-{self.port}"

    @property
    def address(self) -> str:
        """Where the application is, once it runs."""
        return f"http://127.0.0.1:{self.port}/{self.name}"

    @contextlib.contextmanager
    def running(self, engine: EngineSettings, models: Sequence[str], replicas: int) -> Iterator[None]:
        """Run the application with at most so many replicas; SettingError where it cannot be reached."""
        ray, serve = import_ray()
        cluster = os.environ.get("RAY_ADDRESS")
        more = {} if cluster else {"include_dashboard": False}
        ray.init(address=cluster or "local", log_to_driver=False, logging_level="ERROR", **more)
        try:
            serve.start(http_options={"host": "127.0.0.1", "port": self.port, "location": "HeadOnly"})
            words = {**engine.__dict__, "models": list(models), "replicas": replicas, "token": self.token}
            serve.run(build(words), name=self.name, route_prefix=f"/{self.name}")
            if not wait_until_up(self.address, UP_SECONDS):
                raise SettingError(
                    "Ray Serve does not answer on this machine; run this on the head of the cluster, or give the application to "
                    "Ray Serve (deploy/ray-serve.yaml) and its address here: --ray-url"
                )
            yield
        finally:
            if cluster:
                serve.delete(self.name)
            ray.shutdown()


def import_ray() -> tuple[Any, Any]:
    """Return Ray and Ray Serve; MissingExtraError."""
    disable_telemetry()
    try:
        import ray
        from ray import serve
    except ImportError as error:
        raise MissingExtraError("Ray", "cluster") from error
    return ray, serve
