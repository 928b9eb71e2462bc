"""A hub on this machine, over HTTP: the few routes that huggingface_hub speaks, and the ways in which they fail."""

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class FakeHub:
    """Repositories by name, each a folder; `log` has every request, as METHOD PATH [RANGE]."""

    def __init__(self, commit: str):
        self.commit = commit
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.cards: dict[str, dict[str, Any]] = {}
        self.gated: set[str] = set()
        self.cut: dict[str, int] = {}  # file -> after how many bytes its next answer breaks off
        self.broken: dict[str, int] = {}  # file -> the status its content is answered with
        self.slow: threading.Event | None = None  # big files wait for it after their first bytes
        self.log: list[str] = []
        self.tokens: set[str] = set()
        self.url = ""

    def put(self, repository: str, folder: Path, **card: Any) -> None:
        """Give out what lies in a folder."""
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        self.repositories[repository] = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
        self.cards[repository] = card

    def fetched(self) -> list[str]:
        """Return the files whose content was asked for."""
        found = [re.match(r"GET /\S+/resolve/\w+/(\S+)", line) for line in self.log]
        return [match[1] for match in found if match]

    @contextmanager
    def open(self) -> Iterator["FakeHub"]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            if self.slow:
                self.slow.set()
            server.shutdown()
            server.server_close()


def _handler(hub: FakeHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            hub.log.append(" ".join([self.command, path, self.headers.get("Range", "")]).strip())
            if "Authorization" in self.headers:
                hub.tokens.add(self.headers["Authorization"])
            if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/(revision|tree)/(.+)", path):
                self.tell(found[1], found[2], found[3])
            elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
                self.give(found[1], found[2], found[3])
            else:
                self.answer(404, b"")

        def tell(self, repository: str, what: str, revision: str) -> None:
            files = hub.repositories.get(repository)
            if files is None:
                return self.answer(401, b"", {"X-Error-Code": "RepoNotFound"})
            if revision not in ("main", hub.commit):
                return self.answer(404, b"", {"X-Error-Code": "RevisionNotFound"})
            if what == "tree":
                rows = [{"type": "file", "path": p, "size": len(d), "oid": _oid(d)} for p, d in files.items()]
                folders = sorted({p.rpartition("/")[0] for p in files} - {""})
                rows += [{"type": "directory", "path": folder, "oid": "0" * 40} for folder in folders]
                return self.answer(200, json.dumps(rows).encode())
            facts = {
                "id": repository, "sha": hub.commit, "siblings": [{"rfilename": path} for path in files],
                "gated": "auto" if repository in hub.gated else False, "cardData": hub.cards[repository],
            }  # fmt: skip
            return self.answer(200, json.dumps(facts).encode())

        def give(self, repository: str, revision: str, path: str) -> None:
            data = hub.repositories.get(repository, {}).get(path)
            if repository in hub.gated:
                return self.answer(403, b"", {"X-Error-Code": "GatedRepo"})
            if data is None or revision != hub.commit:
                return self.answer(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": hub.commit})
            if self.command == "GET" and path in hub.broken:
                return self.answer(hub.broken[path], b"")
            start = int(found[1]) if (found := re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))) else 0
            facts = {"ETag": f'"{_oid(data)}"', "X-Repo-Commit": hub.commit, "Accept-Ranges": "bytes"}
            if start:
                facts["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            return self.answer(206 if start else 200, data[start:], facts, path)

        def answer(self, status: int, data: bytes, facts: dict[str, str] | None = None, path: str = "") -> None:
            self.send_response(status)
            for name, value in (facts or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command == "HEAD":
                return
            if path in hub.cut:
                self.wfile.write(data[: hub.cut.pop(path)])
                self.wfile.flush()
                self.close_connection = True
                self.connection.close()
                return
            if hub.slow and len(data) > 100_000:
                self.wfile.write(data[:50_000])
                self.wfile.flush()
                hub.slow.wait(20)
                data = data[50_000:]
            with suppress(OSError):  # the other side has gone
                self.wfile.write(data)

    return Handler


def _oid(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()
