"""What is killed loses nothing, and what is told to end ends: RELIABILITY.md, 52 to 58. Long versions are marked slow."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

for library in ("fastapi", "uvicorn", "prometheus_client", "httpx"):
    pytest.importorskip(library)

import httpx

from serving import Served, served

END_SECONDS = 5.0


def listen(server: Served, number: int) -> list[socket.socket]:
    """Open streams of events, and wait until the server knows them."""
    made = []
    for _ in range(number):
        one = socket.create_connection(("127.0.0.1", server.port))
        one.sendall(b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % server.port)
        one.settimeout(10)
        assert one.recv(12) == b"HTTP/1.1 200"
        made.append(one)
    return made


def check_files(server: Served) -> None:
    """Every result of every job has its file, and no other file is there."""
    jobs = server.http.get("/api/jobs?limit=200").json()["data"]
    results = {result["id"]: result for job in jobs for result in job["results"]}
    files = {path.name.partition(".")[0]: path for path in (server.folder / "results").iterdir()}
    assert set(files) == set(results)
    assert all(files[name].stat().st_size == result["bytes"] for name, result in results.items())


@pytest.mark.parametrize("times", [2, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])])
def test_sigterm_with_streams_and_a_running_job(tmp_path: Path, times: int):
    slowest = 0.0
    for _ in range(times):
        with served(tmp_path / "data") as one:
            streams = listen(one, 10 if times < 50 else 50)
            job = one.make("slow", n=50)
            one.wait(job, states=("running",))
            workers = one.worker_pids()
            start = time.monotonic()
            assert one.end(signal.SIGTERM) == 0
            slowest = max(slowest, time.monotonic() - start)
            assert all(stream.recv(1 << 20) is not None for stream in streams)
            for stream in streams:
                stream.close()
            assert workers and not any(Path(f"/proc/{pid}").exists() for pid in workers)
        with served(tmp_path / "data") as again:  # the job waits or runs, and was not blamed
            assert again.job(job)["state"] in ("queued", "running")
            again.http.delete(f"/api/jobs/{job}")
    print(f"slowest exit {slowest:.2f} s of {times}")
    assert slowest < END_SECONDS


def test_ctrl_c_ends_within_two_seconds_and_says_little(tmp_path: Path):
    with served(tmp_path / "data") as one:
        streams = listen(one, 5)
        one.wait(one.make("slow", n=50), states=("running",))
        start = time.monotonic()
        assert one.end(signal.SIGINT) == 0
        assert time.monotonic() - start < 2.5  # on a machine that does other things too
        for stream in streams:
            stream.close()
        assert "Traceback" not in one.complaints


@pytest.mark.parametrize("times", [3, pytest.param(100, marks=[pytest.mark.slow, pytest.mark.timeout(3000)])])
def test_sigkill_at_random_moments(tmp_path: Path, times: int):
    """Servers and workers are killed; every job that was accepted ends once, as it should, with all its files."""
    rng = random.Random(7)
    accepted: list[str] = []
    for number in range(times):
        with served(tmp_path / "data", model="fake:0.02") as one:
            accepted += [one.make(seed=number, n=2) for _ in range(4)]
            time.sleep(rng.uniform(0.0, 0.6))
            if number % 2:
                for pid in one.worker_pids():
                    os.kill(pid, signal.SIGKILL)
                time.sleep(rng.uniform(0.0, 0.3))
            done = {name for name in accepted[-40:] if one.job(name)["state"] == "done"}
            one.process.kill()
            one.process.wait()
    with served(tmp_path / "data") as last:
        jobs = [last.wait(name, 120) for name in accepted]
        assert len({job["id"] for job in jobs}) == len(accepted)
        assert all(job["state"] == "done" and [r["place"] for r in job["results"]] == [0, 1] for job in jobs)
        assert done <= {job["id"] for job in jobs}
        if len(accepted) <= 200:
            check_files(last)
        assert len({(job["id"], result["seed"]) for job in jobs for result in job["results"]}) == len(accepted)


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


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_many_streams_and_jobs(tmp_path: Path):
    """200 streams and 1,000 jobs: none is lost, and /healthz answers within 100 ms."""
    with served(tmp_path / "data", "--max-queue", "2000") as one:
        streams = listen(one, 200)
        jobs = [one.make(seed=number) for number in range(1000)]
        times = []
        end = time.monotonic() + 600
        while True:
            start = time.monotonic()
            one.http.get("/healthz").raise_for_status()
            times.append(time.monotonic() - start)
            waiting = httpx.get(f"{one.base}/metrics", trust_env=False).text
            if 'mutoscope_jobs{state="queued"} 0.0' in waiting and 'mutoscope_jobs{state="running"} 0.0' in waiting:
                break
            assert time.monotonic() < end
            for stream in streams:
                stream.setblocking(False)
                try:
                    while stream.recv(1 << 20):
                        pass
                except BlockingIOError:
                    pass
        states = {one.job(name)["state"] for name in jobs}
        print(f"p99 of /healthz {sorted(times)[int(len(times) * 0.99)] * 1000:.0f} ms of {len(times)}")
        assert states == {"done"}
        for stream in streams:
            stream.close()
