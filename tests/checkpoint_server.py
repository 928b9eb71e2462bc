"""A server in this process whose downloads are played by the test, for the page's panel of a model that is not here."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

import serve_engine
from hub_folders import put_in_cache
from mutoscope.hub.known import known_models
from mutoscope.serve import catalog, checkpoints, downloads
from mutoscope.serve.app import create_app
from mutoscope.serve.desk import Desk
from mutoscope.serve.running import Server, take_port
from mutoscope.serve.settings import ServeSettings


class PlayedProcess:
    """In the place of the process that fetches: the test says what comes, and hears the word to stop."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.to_server, self.pipe = Connection(theirs.detach()), Connection(ours.detach())

    def wait(self) -> None:
        """It has ended at once."""

    def kill(self) -> None:
        """It has ended at once."""

    def is_told_to_stop(self, seconds: float = 5.0) -> bool:
        """Whether the server has hung up."""
        return self.to_server.poll(seconds) and self.to_server.recv() == ("stop",)

    def end(self) -> None:
        """Let it be gone."""
        self.to_server.close()


class PlayedServer:
    """The server, what it was asked to fetch, and the cache that the test fills."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, **settings: Any):
        patch.syspath_prepend(serve_engine.install(folder / "plugin"))
        patch.setenv("HF_HUB_CACHE", str(folder / "cache"))
        patch.delenv("HF_HUB_OFFLINE", raising=False)
        patch.delenv("HF_ENDPOINT", raising=False)
        patch.setattr(checkpoints, "missing_library", lambda: self.missing)
        patch.setattr(checkpoints, "free_bytes", lambda: 500 * 10**9)
        patch.setattr(downloads, "start_process", self._start)
        patch.setattr(catalog, "open_engine", self._open)
        self.cache, self.missing, self.refused = folder / "cache", "", ""
        self.asked: list[tuple[str, bool]] = []
        self.fetcher = PlayedProcess()
        self._listening = take_port("127.0.0.1", 0)
        port = self._listening.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"
        self.desk = Desk(ServeSettings(folder / "data", models=("fake:0",), port=port, **settings))
        app = create_app(self.desk)
        self.downloads: downloads.Downloads = app.state.downloads
        config = uvicorn.Config(app, log_level="warning", lifespan="on", timeout_graceful_shutdown=2)
        self._server = Server(config, self.desk)
        self._thread = threading.Thread(target=self._server.run, args=([self._listening],), daemon=True)
        self._thread.start()
        self.http = httpx.Client(base_url=self.base, timeout=30.0, trust_env=False)
        while not self._server.started:
            time.sleep(0.02)

    def _start(self, model: str, only_ask: bool) -> tuple[Any, Connection]:
        self.asked.append((model, only_ask))
        self.fetcher = PlayedProcess()
        return self.fetcher, self.fetcher.pipe

    def _open(self, name: str, settings: Any) -> Any:
        if self.refused == "hang":
            time.sleep(60.0)
        if self.refused:
            raise catalog.SettingError(self.refused)
        engine = serve_engine.FakeEngine(0.0)
        row = known_models().get(name)
        if row is not None:
            from dataclasses import replace

            engine.capabilities = replace(engine.capabilities, name=row.repository)
        return engine

    def say(self, *words: Any) -> None:
        """Let the process that fetches say something."""
        self.fetcher.to_server.send(words)

    def forget(self) -> None:
        """Let nothing be under way, and nothing be left of what failed."""
        self.missing = self.refused = ""
        if self.downloads.now is not None:
            self.say("done")
        while self.downloads.now is not None:
            time.sleep(0.02)
        self.downloads.errors.clear()

    def bring(self, name: str) -> None:
        """Put a known model into the cache, whole."""
        row = known_models()[name]
        put_in_cache(self.cache, row.repository, row.revision)

    @property
    def process(self) -> "PlayedServer":
        """What is asked whether it runs, as other servers' processes are."""
        return self

    def poll(self) -> int | None:
        """Return None while it runs."""
        return 0 if self.has_ended else None

    @property
    def has_ended(self) -> bool:
        """Whether nothing of it runs."""
        return not self._thread.is_alive()

    def close(self) -> None:
        """End it."""
        self._server.should_exit = True
        self._thread.join(10.0)
        self.http.close()


@contextlib.contextmanager
def played(folder: Path, **settings: Any) -> Iterator[PlayedServer]:
    """A server while tests run."""
    with pytest.MonkeyPatch.context() as patch:
        server = PlayedServer(folder, patch, **settings)
        try:
            yield server
        finally:
            server.close()
