"""Behind a proxy that speaks TLS: --public-url. What headers of proxies say is looked at by nobody."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

for library in ("fastapi", "uvicorn", "prometheus_client", "httpx"):
    pytest.importorskip(library)

import httpx

import serve_engine
from mutoscope.cli import main
from mutoscope.cli.serve import read_public_url
from mutoscope.errors import SettingError
from mutoscope.serve.app import create_app
from mutoscope.serve.desk import Desk
from mutoscope.serve.settings import ServeSettings

PUBLIC, OWN, TOKEN = "https://studio.example", "127.0.0.1:8188", "a token for tests"
BODY = {"prompt": "a lake", "size": "32x32", "seed": 1, "response_format": "url"}
SPOOFED = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.test", "Forwarded": "proto=https;host=evil.test"}


@pytest.fixture
def at_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Run `act` with a client of a server whose settings are given."""
    plugin = serve_engine.install(tmp_path / "plugin")
    monkeypatch.syspath_prepend(plugin)
    monkeypatch.setenv("PYTHONPATH", f"{plugin}:{Path(__file__).parent.parent / 'src'}")

    def run(act: Callable[[httpx.AsyncClient], Awaitable[None]], **changes: Any) -> None:
        async def live() -> None:
            app = create_app(Desk(ServeSettings(tmp_path / "data", models=("fake:0",), **changes)))
            transport = httpx.ASGITransport(app)
            async with (
                app.router.lifespan_context(app),
                httpx.AsyncClient(transport=transport, base_url=f"http://{OWN}", timeout=30) as client,
            ):
                await act(client)

        asyncio.run(asyncio.wait_for(live(), 60))

    return run


def test_urls_in_replies_begin_with_the_public_address_whatever_a_client_says(at_server):
    async def act(client: httpx.AsyncClient) -> None:
        for host in ("studio.example", OWN):  # a proxy that passes Host on, and one that does not
            headers = {"Authorization": f"Bearer {TOKEN}", "Host": host, **SPOOFED}
            answer = await client.post("/v1/images/generations", json=BODY, headers=headers)
            assert answer.status_code == 200, answer.text
            url = answer.json()["data"][0]["url"]
            assert url.startswith(f"{PUBLIC}/api/results/")
            file = await client.get(url.removeprefix(PUBLIC), headers=headers)
            assert file.content.startswith(b"\x89PNG")

    at_server(act, public_url=PUBLIC, token=TOKEN)


def test_without_one_no_header_makes_another_address(at_server):
    async def act(client: httpx.AsyncClient) -> None:
        answer = await client.post("/v1/images/generations", json=BODY, headers=SPOOFED)
        assert answer.json()["data"][0]["url"].startswith(f"http://{OWN}/api/results/")
        refused = await client.get("/api/jobs", headers={"Host": "studio.example"})
        assert refused.status_code == 400

    at_server(act)


def test_the_page_may_be_opened_there_and_no_other_page_may_ask(at_server):
    async def act(client: httpx.AsyncClient) -> None:
        token = {"Authorization": f"Bearer {TOKEN}"}
        page = {"Sec-Fetch-Site": "same-origin", **token}
        for host in ("studio.example", OWN):
            for origin, expected in (
                (PUBLIC, 202),
                ("https://evil.test", 403),
                ("http://studio.example.evil.test", 403),
            ):
                body = {"prompt": "a lake", "width": 32, "height": 32}
                answer = await client.post("/api/jobs", json=body, headers={"Host": host, "Origin": origin, **page})
                assert answer.status_code == expected, (host, origin)
        for host in ("studio.example:8188", "evil.test", "studio.example.evil.test"):
            assert (await client.get("/api/jobs", headers={"Host": host, **token})).status_code == 400

    at_server(act, public_url=PUBLIC, token=TOKEN)


def test_the_cookie_goes_over_tls_alone_where_the_login_did(at_server):
    async def act(client: httpx.AsyncClient) -> None:
        for host, secure in (("studio.example", True), (OWN, False)):
            answer = await client.post("/login", json={"token": TOKEN}, headers={"Host": host})
            assert answer.status_code == 204 and ("Secure" in answer.headers["set-cookie"]) is secure

    at_server(act, public_url=PUBLIC, token=TOKEN)


def test_addresses():
    for words, expected in (
        ("https://studio.example", "https://studio.example"),
        ("https://Studio.Example:443/", "https://studio.example"),
        ("http://studio.example:8080", "http://studio.example:8080"),
        ("https://[::1]:9000", "https://[::1]:9000"),
    ):
        assert read_public_url(words) == expected
    for wrong in (
        "studio.example",
        "ftp://studio.example",
        "https://",
        "https://a/b",
        "https://a:b",
        "https://u:p@a",
        "https://ä",
    ):
        with pytest.raises(SettingError, match="--public-url must be like https"):
            read_public_url(wrong)


def test_it_needs_a_token_also_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    plugin = serve_engine.install(tmp_path / "plugin")
    monkeypatch.syspath_prepend(plugin)
    monkeypatch.chdir(tmp_path)
    seen: list[ServeSettings] = []
    monkeypatch.setattr("mutoscope.serve.running.run", lambda app, desk, listening: seen.append(desk.settings))
    for words, has_token in (([], False), (["--public-url", PUBLIC], True)):
        folder = str(tmp_path / f"data-{len(words)}")
        assert main(["serve", "--port", "0", "--folder", folder, "--model", "fake:0", *words]) == 0
        said = capsys.readouterr()
        assert (seen[-1].token is not None) is has_token is ("#token=" in said.out)
        assert (f"clients find it at {PUBLIC}/" in said.err) is has_token
