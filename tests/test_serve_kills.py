"""What is killed loses nothing: RELIABILITY.md, 52 to 58. Random kills, signals and many streams are in test_reliability.py."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

for library in ("fastapi", "uvicorn", "prometheus_client", "httpx"):
    pytest.importorskip(library)


from serving import Served, served


def check_files(server: Served) -> None:
    """Every result of every job has its file, and no other file is there."""
    jobs = server.http.get("/api/jobs?limit=200").json()["data"]
    results = {result["id"]: result for job in jobs for result in job["results"]}
    files = {path.name.partition(".")[0]: path for path in (server.folder / "results").iterdir()}
    assert set(files) == set(results)
    assert all(files[name].stat().st_size == result["bytes"] for name, result in results.items())


def test_a_worker_that_dies_loses_no_picture(tmp_path: Path):
    with served(tmp_path / "data", model="fake:0.05") as one:
        job = one.make("a lake", n=6)
        while not one.job(job)["results"]:
            time.sleep(0.02)
        kept = {result["id"] for result in one.job(job)["results"]}
        (pid,) = one.worker_pids()
        os.kill(pid, signal.SIGKILL)
        done = one.wait(job, 60)
        assert done["state"] == "done" and [result["place"] for result in done["results"]] == list(range(6))
        assert kept <= {result["id"] for result in done["results"]}
        once = one.make("die-once-a")
        assert one.wait(once, 60)["state"] == "done"
        check_files(one)


def test_poison_fails_after_two_tries_and_the_rest_is_drawn(tmp_path: Path):
    with served(tmp_path / "data") as one:
        poison, fine = one.make("die"), one.make()
        assert one.wait(fine, 60)["state"] == "done"
        failed = one.wait(poison)
        assert (
            failed["state"] == "failed"
            and failed["error"]["code"] == "worker_died"
            and "2 times" in failed["error"]["message"]
        )
        assert "mutoscope_workers_lost_total 2.0" in one.http.get("/metrics").text


def test_a_step_that_hangs(tmp_path: Path):
    with served(tmp_path / "data", "--time-limit", "2") as one:
        hangs, fine = one.make("hang"), one.make()
        failed = one.wait(hangs, 30)
        assert failed["state"] == "failed" and failed["error"]["code"] == "time_limit"
        assert one.wait(fine, 60)["state"] == "done"


def test_two_servers_for_one_folder_and_one_port(tmp_path: Path):
    with served(tmp_path / "data") as one:
        command = [sys.executable, "-m", "mutoscope", "serve"]
        for words, expected in (
            (["--port", "0", "--folder", str(one.folder)], "another server uses the folder"),
            (["--port", str(one.port), "--folder", str(tmp_path / "other")], f"port {one.port} is taken"),
            (["--port", "99999"], "--port must be from 0 to 65535"),
            (["--port", "0", "--token", "short"], "at least 8 printable"),
        ):
            done = subprocess.run([*command, *words], capture_output=True, text=True, timeout=60, cwd=tmp_path)
            assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
            assert expected in done.stderr
        assert one.wait(one.make())["state"] == "done"


def test_a_damaged_queue_does_not_stop_a_server(tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "queue.sqlite").write_bytes(os.urandom(8192))
    with served(tmp_path / "data") as one:
        assert "is damaged" in one.complaints
        assert one.wait(one.make())["state"] == "done"


def test_workers_end_with_their_server(tmp_path: Path):
    with served(tmp_path / "data", "--workers", "2") as one:
        one.make("slow", n=10)
        end = time.monotonic() + 30
        while len(pids := one.worker_pids()) < 2:
            assert time.monotonic() < end
            time.sleep(0.05)
        one.process.kill()
        one.process.wait()
        end = time.monotonic() + 5
        while any(alive(pid) for pid in pids):
            assert time.monotonic() < end
            time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
