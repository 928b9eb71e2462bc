"""How many threads help: found by measuring, kept for this processor, and never in the way of what a user asks for."""

import json
import os
import time
from pathlib import Path

import pytest

from mutoscope import device
from mutoscope.bench import threads as calibration
from mutoscope.cli import main


def sleeper(seconds: dict[int, float]):
    return lambda threads: lambda: time.sleep(seconds[threads])


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MUTOSCOPE_CONFIG", str(tmp_path / "config"))
    monkeypatch.delenv("MUTOSCOPE_THREADS", raising=False)
    monkeypatch.setattr(device, "free_cores", lambda: 16)
    return tmp_path / "config" / device.THREADS_FILE


@pytest.mark.parametrize(
    ("milliseconds", "threads", "tried"),
    [
        ({1: 32, 2: 16, 4: 8, 8: 4, 12: 2.5}, 12, [1, 2, 4, 8, 12]),
        ({1: 32, 2: 16, 4: 8, 8: 8, 12: 1}, 4, [1, 2, 4, 8]),
        ({1: 8, 2: 12}, 1, [1, 2]),
    ],
)
def test_threads_are_added_while_they_help(milliseconds: dict[int, float], threads: int, tried: list[int]):
    found = calibration.find_threads(
        sleeper({n: t / 1000 for n, t in milliseconds.items()}), max(12, *milliseconds) if 12 in milliseconds else 2
    )
    assert (found.threads, list(found.seconds)) == (threads, tried)
    assert all(found.seconds[n] * 1000 >= milliseconds[n] for n in tried)


def test_the_number_is_kept_for_this_processor_alone(settings: Path, monkeypatch: pytest.MonkeyPatch):
    assert device.thread_count() == device.MAX_DEFAULT_THREADS and device.measured_threads() is None
    assert calibration.keep(12) == settings
    assert device.thread_count() == 12
    monkeypatch.setenv("MUTOSCOPE_THREADS", "3")
    assert device.thread_count() == 3
    monkeypatch.delenv("MUTOSCOPE_THREADS")
    monkeypatch.setattr(device, "free_cores", lambda: 2)
    assert device.thread_count() == 2, "a container that may use two"
    monkeypatch.setattr(device, "cpu_name", lambda: "another processor")
    assert device.measured_threads() is None


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", "null", '{"threads": "x"}', "\xff", '{"threads": 0, "processor": "P"}']
)
def test_a_damaged_file_says_nothing(settings: Path, monkeypatch: pytest.MonkeyPatch, content: str):
    monkeypatch.setattr(device, "cpu_name", lambda: "P")
    settings.parent.mkdir()
    settings.write_bytes(content.encode("latin-1"))
    assert device.measured_threads() is None and device.thread_count() == device.MAX_DEFAULT_THREADS


def test_the_command(settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(calibration, "free_cores", lambda: 2)
    assert main(["bench", "--calibrate"]) == 0
    said = capsys.readouterr()
    assert "1 thread " in said.out and " ms" in said.out
    kept = json.loads(settings.read_text())
    assert kept["threads"] in (1, 2) and kept["processor"] == device.cpu_name()
    assert f"{kept['threads']} by default" in said.err
    assert os.stat(settings).st_size < 200
