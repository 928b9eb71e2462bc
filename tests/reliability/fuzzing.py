"""Requests made by chance: hypothesis makes bodies and bytes for the socket, schemathesis reads the schema of the server."""

import contextlib
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from hostile_requests import FORM_ROUTES, JSON_ROUTES, mutate
from reliability.tally import Sender, Tally
from serving import Served

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "multipart/form-data; boundary=x"}
GOOD = json.dumps(
    {"prompt": "a lake", "kind": "image", "n": 1, "seed": 7, "width": 32, "height": 32, "guidance_scale": 2.5, "style": "anime"}
).encode()  # fmt: skip
WAIT_SECONDS = 5.0  # for an answer to bytes that may be no request
SCHEMA_MINUTES = 30

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
fields = st.sampled_from(
    ("prompt", "n", "seed", "width", "height", "size", "kind", "style", "image", "model", "num_frames", "stream")
)
objects = st.dictionaries(fields | st.text(max_size=8), anything, max_size=6)
bodies = st.binary(max_size=2000) | objects.map(json.dumps).map(str.encode)
pieces = (b"GET ", b"POST ", b"/api/jobs", b" HTTP/1.1\r\n", b"Host: x\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n",
          b"\r\n", b"5\r\nabcde\r\n", b"0\r\n\r\n", b"\x00", b"\xff")  # fmt: skip
raw = st.lists(st.sampled_from(pieces) | st.binary(max_size=40), max_size=12).map(b"".join)


def by_chance(number: int):
    """Run a function on so many examples, the same ones every time."""
    calm = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
    rules = settings(
        max_examples=number, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=calm
    )
    return lambda function: seed(7)(rules(function))


def send_bodies(server: Served, tally: Tally, number: int) -> None:
    """Send bytes and JSON objects by chance to every route that takes a body."""
    sender = Sender(server.port, tally)
    routes = [*((path, JSON) for path in ("/api/jobs", *JSON_ROUTES)), *((path, FORM) for path in FORM_ROUTES)]

    @by_chance(number)
    @given(st.sampled_from(routes), bodies)
    def send(route: tuple[str, dict[str, str]], body: bytes) -> None:
        sender.send("POST", route[0], body, route[1])

    send()
    sender.close()


def send_changed(server: Served, tally: Tally, number: int) -> None:
    """Send a good order with some of its bytes changed, doubled, cut or swapped; what is an order all the same is removed again."""
    sender, rng = Sender(server.port, tally), random.Random(5)
    for _ in range(number):
        status, said = sender.send("POST", "/api/jobs", mutate(GOOD, rng), JSON)
        if status == 202:
            server.http.delete(f"/api/jobs/{json.loads(said)['id']}")
    sender.close()


def send_raw(server: Served, tally: Tally, number: int) -> None:
    """Send bytes to the socket and nothing more, and see what comes back."""

    @by_chance(number)
    @given(raw)
    def send(data: bytes) -> None:
        start, said = time.perf_counter(), b""
        with (
            socket.create_connection(("127.0.0.1", server.port), WAIT_SECONDS) as one,
            contextlib.suppress(ConnectionError),
        ):
            one.sendall(data)
            one.shutdown(socket.SHUT_WR)
            while part := one.recv(1 << 16):
                said += part
        status = int(said[9:12]) if said[:5] == b"HTTP/" else 400  # no answer is one: the connection is closed
        tally.count(f"bytes {data[:200]!r}", status, time.perf_counter() - start, len(said.partition(b"\r\n\r\n")[2]))

    send()


def find_schemathesis() -> str | None:
    """Return the program, from SCHEMATHESIS or the path."""
    beside = shutil.which("schemathesis", path=str(Path(sys.executable).parent))
    return os.environ.get("SCHEMATHESIS") or shutil.which("schemathesis") or beside


def read_schema(server: Served, tally: Tally, program: str, examples: int, folder: Path) -> str:
    """Let schemathesis send what it makes of /openapi.json, and count its answers; return its version."""
    record = folder / "schemathesis.har"
    words = ["--report", "har", "--report-har-path", str(record), "--checks", "not_a_server_error", "--seed", "7", "--no-color",
             "--max-examples", str(examples), "--continue-on-failure", "--request-timeout", "30", "--generation-database", "none",
             "--exclude-path", "/api/events"]  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ran = subprocess.run(
        [program, "run", f"{server.base}/openapi.json", *words], cwd=folder, env=environment, timeout=SCHEMA_MINUTES * 60,
        capture_output=True, text=True,
    )  # fmt: skip
    if not record.exists():
        raise RuntimeError(f"schemathesis failed:\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    for entry in json.loads(record.read_text("utf-8"))["log"]["entries"]:
        asked, answer = entry["request"], entry["response"]
        body = asked.get("postData", {}).get("text", "")
        what = f"schemathesis: {asked['method']} {asked['url']} {body[:200]}"
        tally.count(what, answer["status"], entry["time"] / 1000, answer["content"]["size"])
    said = subprocess.run([program, "--version"], capture_output=True, text=True, env=environment).stdout
    return said.split()[-1] if said else "of unknown version"
