"""`mutoscope mcp`, asked by the client of the official SDK: in memory, and once as a real process."""

import asyncio
import base64
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp")

import numpy as np
from mcp import Client
from PIL import Image

import serve_engine
from mutoscope import mcp_server
from mutoscope.cli import main
from mutoscope.engines import EngineSettings
from mutoscope.mcp_server import Studio, make_server

STEPS = serve_engine.STEPS


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    """Two models that draw noise in no time."""
    from mutoscope import models

    def open_fake(name: Any, settings: EngineSettings) -> Any:
        engine = serve_engine.FakeEngine(0.0)
        if name == "slow":
            object.__setattr__(engine.capabilities, "name", "slow")
        return engine

    monkeypatch.setattr(models, "open_engine", open_fake)
    return Studio([None, "slow"], EngineSettings(), tmp_path / "made")


def ask(studio: Studio, use: Callable[[Client], Coroutine[Any, Any, Any]]) -> Any:
    """Run a few calls of a client in memory."""

    async def run() -> Any:
        async with Client(make_server(studio)) as client:
            return await use(client)

    return asyncio.run(run())


def test_a_picture_with_progress(studio: Studio):
    told: list[tuple[float, str]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, message or ""))

    async def use(client: Client) -> Any:
        words = {"prompt": "a lake", "seed": 7, "size": "64x32", "number": 2}
        return await client.call_tool("generate_image", words, progress_callback=hear)

    answer = ask(studio, use)
    assert not answer.is_error
    shown, text, _, second = answer.content
    facts = json.loads(text.text)
    assert facts["seed"] == 7 and facts["width"] == 64 and Path(facts["file"]).parent == studio.folder
    data = base64.b64decode(shown.data)
    assert shown.mime_type == "image/png" and data == Path(facts["file"]).read_bytes()
    assert Image.open(io.BytesIO(data)).size == (64, 32) and json.loads(second.text)["file"] != facts["file"]
    numbers = [number for number, _ in told]
    assert numbers == sorted(set(numbers)) and len(told) == 2 * STEPS and told[0][1] == f"draw 1 of {STEPS}"


def test_a_clip(studio: Studio):
    answer = ask(
        studio, lambda client: client.call_tool("generate_video", {"prompt": "waves", "seconds": 0.5, "format": "gif"})
    )
    shown, text = answer.content
    facts = json.loads(text.text)
    assert shown.mime_type == "image/jpeg" and facts["frames"] == 6 and Path(facts["file"]).suffix == ".gif"


def test_lists(studio: Studio):
    async def use(client: Client) -> Any:
        tools = (await client.list_tools()).tools
        return tools, await client.call_tool("list_styles", {}), await client.call_tool("list_models", {})

    tools, styles, models = ask(studio, use)
    assert sorted(tool.name for tool in tools) == ["generate_image", "generate_video", "list_models", "list_styles"]
    assert all(tool.description and "context" not in tool.input_schema["properties"] for tool in tools)
    assert "watercolor" in styles.content[0].text
    assert [one["name"] for one in json.loads(json.dumps(models.structured_content))["result"]] == ["fake", "slow"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"prompt": ""}, "prompt"), ({"prompt": "a", "size": "9x9"}, "9"), ({"prompt": "a", "style": "watercolr"}, "watercolor"),
        ({"prompt": "a", "model": "/etc"}, "unknown model"), ({"prompt": "a", "number": 99}, "number"), ({}, "prompt"),
        ({"prompt": "nan"}, "finite"), ({"prompt": "raise"}, "Error"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_said(studio: Studio, fields: dict[str, Any], words: str):
    answer = ask(studio, lambda client: client.call_tool("generate_image", fields))
    assert answer.is_error and words in answer.content[0].text and "secret" not in answer.content[0].text
    assert not studio.folder.exists()


def test_a_cancelled_call_ends_within_a_step(studio: Studio):
    async def use(client: Client) -> Any:
        call = asyncio.create_task(client.call_tool("generate_image", {"prompt": "slow", "number": 8, "size": "32x32"}))
        await asyncio.sleep(0.3)
        call.cancel()
        start = asyncio.get_running_loop().time()
        answer = await client.call_tool("generate_image", {"prompt": "a lake", "size": "32x32"})
        return answer, asyncio.get_running_loop().time() - start

    answer, seconds = ask(studio, use)
    assert not answer.is_error and seconds < 3  # eight slow pictures take more than six
    assert len(list(studio.folder.iterdir())) == 1


def test_a_large_picture_is_shown_smaller(tmp_path: Path):
    pixels = np.random.default_rng(0).integers(0, 256, (1100, 1200, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "large.png")
    shown = mcp_server.show(str(tmp_path / "large.png"), pixels).to_image_content()
    assert shown.mime_type == "image/jpeg" and Image.open(io.BytesIO(base64.b64decode(shown.data))).width == 1024


def test_a_process_says_nothing_else_on_stdout(tmp_path: Path):
    hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize",
             "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}}  # fmt: skip
    ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "list_models", "arguments": {}}}
    plugin = serve_engine.install(tmp_path / "plugin")
    paths = os.pathsep.join([str(plugin), str(Path(mcp_server.__file__).parent.parent)])
    process = subprocess.Popen(
        [sys.executable, "-m", "mutoscope", "mcp", "--model", "fake:0"], cwd=tmp_path, env={**os.environ, "PYTHONPATH": paths},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin and process.stdout
    lines = []
    for message, answered in ((hello, True), (ready, False), (listing, True)):
        process.stdin.write(json.dumps(message) + "\n")
        process.stdin.flush()
        lines += [process.stdout.readline()] if answered else []
    rest, _ = process.communicate(timeout=20)  # it ends with its input
    answers = [json.loads(line) for line in lines]
    assert [one["id"] for one in answers] == [1, 2] and "fake" in json.dumps(answers[1]) and not rest.strip()
    assert process.returncode == 0


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main(["mcp"]) == 1
    said = capsys.readouterr()
    assert "mutoscope[mcp]" in said.err and not said.out
