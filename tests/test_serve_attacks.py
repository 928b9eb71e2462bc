"""Who may ask, from where, and how slowly: RELIABILITY.md, 21, 22 and 26 to 34, against real servers."""

import contextlib
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

for library in ("fastapi", "uvicorn", "prometheus_client", "httpx"):
    pytest.importorskip(library)

from mutoscope.serve.guard import CSP, is_address, split_host
from mutoscope.serve.login import MAX_LOGINS, Logins
from serving import Served, served

TOKEN = "a token for tests"


def routes_of_the_app() -> list[tuple[str, str]]:
    """Every method and path that the app answers, with names filled in."""
    from fastapi.routing import APIRoute

    from mutoscope.serve.app import OPENAI, OWN

    routes = [route for router in (*OWN, *OPENAI) for route in router.routes if isinstance(route, APIRoute)]
    filled = [(route, re.sub(r"\{[^}]*\}", "x", route.path.replace("{name}", "page.js"))) for route in routes]
    found = [(method, path) for route, path in filled for method in sorted(route.methods or ()) if method != "HEAD"]
    return [one for one in found if one[1] != "/favicon.ico"]


EVERY_ROUTE = [
    *routes_of_the_app(), ("GET", "/openapi.json"), ("GET", "/unknown"), ("PUT", "/api/jobs"), ("PATCH", "/api/jobs"),
    ("OPTIONS", "/api/jobs"), ("TRACE", "/"),
]  # fmt: skip
OPEN = {"/", "/page/page.js", "/healthz", "/login"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with served(tmp_path_factory.mktemp("attacks") / "data") as one:
        yield one


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory):
    """A server with a token, whose client does not send it."""
    with served(tmp_path_factory.mktemp("locked") / "data", "--token", TOKEN) as one:
        yield one


def test_the_list_has_the_routes_of_every_part():
    paths = {path for _, path in EVERY_ROUTE}
    assert {
        "/",
        "/healthz",
        "/api/jobs",
        "/api/results/x/thumbnail",
        "/sdapi/v1/txt2img",
        "/v1/images/generations",
    } <= paths


@pytest.mark.parametrize(("method", "path"), EVERY_ROUTE)
@pytest.mark.parametrize(
    "host", ["attacker.com", "attacker.com:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.evil.test:{port}", ""]
)
def test_foreign_names_are_refused_everywhere(server: Served, method: str, path: str, host: str):
    answer = server.http.request(method, path, headers={"Host": host.format(port=server.port)})
    assert answer.status_code == 400 and answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("method", "path"), EVERY_ROUTE)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"origin": "HTTP://EVIL.EXAMPLE"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "CROSS-SITE", "Origin": "http://{own}"},
    ],
    ids=str,
)
def test_pages_of_other_sites_are_refused_everywhere(server: Served, method: str, path: str, headers: dict[str, str]):
    own = f"127.0.0.1:{server.port}"
    answer = server.http.request(method, path, headers={name: value.format(own=own) for name, value in headers.items()})
    assert answer.status_code == 403


def test_no_false_alarm(server: Served):
    own = f"http://127.0.0.1:{server.port}"
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert server.http.get("/", headers=link).status_code == 200
    assert server.http.get("/", headers={**link, "Sec-Fetch-Dest": "iframe"}).status_code == 403
    assert server.http.get("/api/jobs", headers=link).status_code == 403
    assert server.http.get("/api/jobs", headers={"Origin": own, "Sec-Fetch-Site": "same-origin"}).status_code == 200
    assert server.http.get("/api/jobs", headers={"Sec-Fetch-Site": "none"}).status_code == 200
    assert server.http.get("/", headers={"Host": f"localhost:{server.port}"}).status_code == 200
    assert server.http.get("/", headers={"Host": f"[::1]:{server.port}"}).status_code == 200


def test_no_other_site_may_read(server: Served):
    """RELIABILITY.md, 31."""
    for method, path in EVERY_ROUTE:
        answer = server.http.request(method, path) if "events" not in path else server.http.get("/api/jobs")
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_headers_of_every_answer(server: Served):
    for method, path in EVERY_ROUTE:
        if path == "/api/events":
            continue
        headers = server.http.request(method, path).headers
        assert headers["content-security-policy"] == CSP and headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff" and "server" not in headers


def test_the_page_keeps_to_its_own_rules(server: Served):
    text = server.http.get("/").text + server.http.get("/page/page.js").text
    for word in ("innerHTML", "outerHTML", "document.write", "eval(", " style=", "onclick", "http://", "https://"):
        assert word not in text, word
    assert "<script>" not in text and 'lang="en"' in text


@pytest.mark.parametrize(("method", "path"), EVERY_ROUTE)
def test_a_token_covers_everything_but_health(locked: Served, method: str, path: str):
    wrong = locked.http.request(method, path, headers={"Authorization": "Bearer wrong"})
    plain = locked.http.request(method, path)
    if path in OPEN:
        assert plain.status_code not in (401, 403, 500)
    else:
        assert (plain.status_code, wrong.status_code) == (401, 401) and "WWW-Authenticate" in plain.headers


def test_ways_to_show_a_token(locked: Served):
    assert locked.http.get("/api/jobs", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert locked.http.get("/api/jobs", auth=("anybody", TOKEN)).status_code == 200
    assert locked.http.get("/api/jobs", auth=("anybody", "wrong")).status_code == 401
    assert locked.http.get("/api/jobs", headers={"Authorization": "Basic ?"}).status_code == 401
    assert locked.http.get(f"/api/jobs?token={TOKEN}").status_code == 401
    assert locked.http.post("/login", json={"token": "wrong"}).status_code == 401
    answer = locked.http.post("/login", json={"token": TOKEN})
    cookie = answer.headers["set-cookie"]
    assert answer.status_code == 204 and TOKEN not in cookie and f"mutoscope-{locked.port}=" in cookie
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie
    assert locked.http.get("/api/jobs").status_code == 200  # the client sends the cookie
    locked.http.cookies.clear()
    assert locked.http.get("/api/jobs", headers={"Cookie": f"mutoscope-{locked.port}={TOKEN}"}).status_code == 401


def test_old_logins_are_forgotten():
    logins = Logins("token", 1)
    first = logins.begin()
    assert logins.admits({"cookie": f"other=1; mutoscope-1={first}"})
    for _ in range(MAX_LOGINS):
        logins.begin()
    assert not logins.admits({"cookie": f"mutoscope-1={first}"}) and not logins.admits({})


def test_another_host_makes_a_token(tmp_path: Path):
    """RELIABILITY.md, 32."""
    with served(tmp_path / "data", "--host", "0.0.0.0", "--allow-host", "studio.example") as one:
        assert "#token=" in one.address and len(one.address.partition("#token=")[2]) >= 24
        assert one.http.get("/api/jobs").status_code == 200
        bare = one.http.build_request("GET", f"http://127.0.0.1:{one.port}/api/jobs")
        del bare.headers["authorization"]
        assert one.http.send(bare).status_code == 401
        for host, status in (
            ("192.168.7.9:80", 200),
            ("studio.example", 200),
            ("attacker.com", 400),
            ("attacker.com:1", 400),
        ):
            assert one.http.get("/api/jobs", headers={"Host": host}).status_code == status, host


def test_hosts_and_addresses():
    assert split_host("[::1]:8188") == ("[::1]", "8188") and split_host("a") == ("a", "80")
    assert (
        is_address("[::1]")
        and is_address("10.0.0.1")
        and not is_address("0x7f000001")
        and not is_address("10.0.0.1.evil")
    )


def connect(server: Served, data: bytes = b"") -> socket.socket:
    made = socket.create_connection(("127.0.0.1", server.port))
    made.sendall(data)
    return made


def read_all(made: socket.socket, seconds: float = 20.0) -> bytes:
    made.settimeout(seconds)
    parts = []
    with contextlib.suppress(ConnectionError):
        while part := made.recv(65536):
            parts.append(part)
    made.close()
    return b"".join(parts)


def head(server: Served, *lines: str) -> bytes:
    return "\r\n".join(["POST /api/jobs HTTP/1.1", f"Host: 127.0.0.1:{server.port}", *lines, "", ""]).encode()


@pytest.mark.parametrize(
    "lines",
    [["X: " + "a" * 200_000], [f"X{n}: a" for n in range(10_000)], ["X: " + "a" * 2_000_000]],
    ids=["long", "many", "longer"],
)
def test_heads_that_are_too_large(server: Served, lines: list[str]):
    made = connect(server)
    with contextlib.suppress(ConnectionError):
        made.sendall(head(server, *lines))
    answer = read_all(made)
    assert not answer or answer.startswith(b"HTTP/1.1 4")
    assert server.http.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    "data",
    [b"\0" * 100, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\0\x01\0", b"GET / HTTP/1.1\r\n\r\n",
     b"POST /api/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
     b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
     b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
)  # fmt: skip
def test_bytes_that_are_no_request(server: Served, data: bytes):
    made = connect(server, data)
    made.shutdown(socket.SHUT_WR)
    answer = read_all(made)
    assert not answer or answer.startswith(b"HTTP/1.1 4")


def test_slow_and_silent_connections_are_left(server: Served):
    """RELIABILITY.md, 22: 60 half bodies and as many silent connections; others are served, and each is closed after 10 s."""
    half = head(server, "Content-Type: application/json", "Content-Length: 1000") + b'{"prompt":'
    kept = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\nGET /hea" % server.port
    start = time.monotonic()
    made = [connect(server, data) for data in (half, b"", b"GET / HTT", kept) for _ in range(30)]
    times = []
    for _ in range(30):
        before = time.monotonic()
        assert server.http.get("/healthz").status_code == 200
        times.append(time.monotonic() - before)
    assert sorted(times)[-2] < 0.5
    with ThreadPoolExecutor(len(made)) as pool:
        answers = list(pool.map(read_all, made))
    assert time.monotonic() - start < 16
    assert all(answer.startswith(b"HTTP/1.1 408") for answer in answers[:30])
    assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers[90:])


def test_web_sockets_are_refused(server: Served):
    upgrade = b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: http://evil.example\r\n\r\n"
    made = connect(server, upgrade % server.port)
    made.settimeout(5)
    assert made.recv(100).startswith(b"HTTP/1.1 403")
    made.close()


def test_nothing_failed_inside(server: Served, locked: Served):
    """The last test of this file."""
    for one in (server, locked):
        assert "Traceback" not in one.complaints and "Exception" not in one.complaints, one.complaints
