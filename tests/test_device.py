"""How many threads: what is asked for, physical cores, and what a container may use."""

import math
import os
from pathlib import Path

import pytest

from mutoscope import device


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of 16 hardware threads in 8 cores, without limits; returns the folder of its cgroups."""
    for cpu in range(16):
        folder = tmp_path / "cpu" / f"cpu{cpu}" / "topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text(f"{cpu % 8},{cpu % 8 + 8}\n")
    cgroups = tmp_path / "cgroup"
    cgroups.mkdir()
    monkeypatch.setattr(device, "CPUS", tmp_path / "cpu")
    monkeypatch.setattr(device, "CGROUPS", cgroups)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(16)), raising=False)
    monkeypatch.delenv("MUTOSCOPE_THREADS", raising=False)
    return cgroups


def test_hardware_threads_of_one_core_count_once(machine: Path, monkeypatch: pytest.MonkeyPatch):
    assert device.thread_count() == 8
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 8, 3})
    assert device.thread_count() == 2
    monkeypatch.setattr(device, "CPUS", machine / "nowhere")
    assert device.thread_count() == 3, "where the system does not tell, each is a core"


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({"cpu.max": "200000 100000\n"}, 2.0),
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "50000 100000\n"}, 0.5),
        ({"cpu.max": "max 100000\n"}, math.inf),
        ({"cpu.max": "nonsense"}, math.inf),
        ({"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3.0),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, math.inf),
        ({}, math.inf),
    ],
)
def test_a_container_may_use_its_quota(machine: Path, files: dict[str, str], quota: float):
    for name, text in files.items():
        (machine / name).parent.mkdir(exist_ok=True)
        (machine / name).write_text(text)
    assert device.cpu_quota() == quota
    assert device.thread_count() == (8 if quota == math.inf else max(1, math.ceil(quota)))


def test_what_is_asked_for_wins(machine: Path, monkeypatch: pytest.MonkeyPatch):
    for asked, threads in (("3", 3), ("32", 32), ("0", 8), ("many", 8), ("-1", 8)):
        monkeypatch.setenv("MUTOSCOPE_THREADS", asked)
        assert device.thread_count() == threads
