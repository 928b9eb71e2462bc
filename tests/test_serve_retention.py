"""--keep-days and --keep-gb: what goes, in which order, what never does; and a kill in the middle leaves nothing behind."""

import contextlib
import os
import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from mutoscope.serve.boards import FAVOURITES, Boards
from mutoscope.serve.files import Files, new_id, open_store
from mutoscope.serve.jobs import CANCELLED, DONE, FAILED, QUEUED, RUNNING, Job, Note, Refusal, Result
from mutoscope.serve.retention import DAY, KEPT, Retention
from mutoscope.serve.settings import ServeSettings
from mutoscope.serve.store import Store

REQUEST = '{"prompt":"a lake"}'
KILLED = """
import sys, time
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from test_serve_retention import Library
with Library(Path(sys.argv[1]), keep_days=1.0) as library:
    drop = library.files.drop_results
    library.files.drop_results = lambda results: (time.sleep(0.02), drop(results))  # where a kill does most harm
    print("removing", flush=True)
    library.retention.look()
print("all", flush=True)
"""


class Library:
    """A folder with jobs that ended long ago, and what removes them."""

    def __init__(self, folder: Path, **keep: Any):
        self.told: list[Note] = []
        self.files = Files(folder)
        self.store: Store = open_store(folder, self.told.append, print)
        self.settings = ServeSettings(folder, **keep)
        self.retention = Retention(self.store, self.remove, self.settings)

    def __enter__(self) -> "Library":
        return self

    def __exit__(self, *error: object) -> None:
        self.store.close()

    def remove(self, job_id: str) -> None:
        self.files.drop_results(self.store.remove(job_id, unless=KEPT).results)

    def add(self, days: float, state: str = DONE, sizes: tuple[int, ...] = (10,), origin: str = "jobs") -> str:
        """Keep a job that ended so many days ago, with files of so many bytes; return its id."""
        job = self.store.accept(
            Job(new_id(), QUEUED, "image", "fake", "png", "a lake", (REQUEST,) * len(sizes), 1.0, 1.0, origin=origin)
        )
        running = self.store.claim()
        assert running is not None and running.id == job.id
        for place, size in enumerate(sizes):
            name = new_id()
            self.files.keep_result(f"{name}.png", bytes(size))
            self.store.add_result(
                job.id, running.epoch, Result(name, job.id, place, f"{name}.png", "png", size, 0.1, REQUEST)
            )
        if state == QUEUED:
            self.store.put_back(job.id, running.epoch)
        elif state == CANCELLED:
            self.store.cancel(job.id)
        elif state != RUNNING:
            self.store.finish(job.id, running.epoch, "it failed" if state == FAILED else "")
        if state in (DONE, FAILED, CANCELLED):
            with self.store.transaction() as tables:
                tables.execute("UPDATE jobs SET ended = ? WHERE id = ?", (time.time() - days * DAY, job.id))
        return job.id

    def left(self) -> list[str]:
        return [row["id"] for row in self.store.rows("SELECT id FROM jobs ORDER BY place")]

    def lost_files(self) -> set[str]:
        """Files without a row, and rows without a file."""
        rows = {row["file"] for row in self.store.rows("SELECT file FROM results")}
        return rows ^ {path.name for path in self.files.results.iterdir()}


def test_off_by_default(tmp_path):
    with Library(tmp_path) as library:
        library.add(10_000)
        assert not library.retention.is_wanted and library.retention.look() == 0 and len(library.left()) == 1


def test_what_has_ended_goes_after_its_days_with_its_files_and_listeners_are_told(tmp_path):
    with Library(tmp_path, keep_days=30.0) as library:
        old = [library.add(31, state, (5, 5)) for state in (DONE, FAILED, CANCELLED)]
        kept = [library.add(29), library.add(400, RUNNING), library.add(400, origin="arena")]
        library.told.clear()
        assert library.retention.look() == 3 and library.left() == kept and not library.lost_files()
        assert [(note.name, note.job_id) for note in library.told] == [("removed", name) for name in old]
        with pytest.raises(Refusal):
            library.store.get(old[0])
        assert library.retention.look() == 0


def test_what_is_on_a_board_stays_and_counts_for_nothing(tmp_path):
    with Library(tmp_path, keep_days=30.0, keep_gb=15e-9) as library:
        liked, other = library.add(90, sizes=(500, 500)), library.add(80)
        boards = Boards(library.store)
        second = library.store.get(liked).results[1].id
        boards.put(FAVOURITES, [second], True)
        fresh = library.add(1)
        assert library.retention.look() == 1 and library.left() == [liked, fresh] and not library.lost_files()
        boards.put(FAVOURITES, [second], False)
        assert library.retention.look() == 1 and library.left() == [fresh] and other not in library.left()


def test_what_becomes_a_favourite_at_the_last_moment_stays(tmp_path):
    with Library(tmp_path, keep_days=30.0) as library:
        first, second = library.add(90), library.add(80)
        boards, remove = Boards(library.store), library.remove

        def like_first(job_id: str) -> None:
            boards.put(FAVOURITES, [one.id for one in library.store.get(second).results], True)
            remove(job_id)

        library.retention = Retention(library.store, like_first, library.settings)
        library.retention.look()
        assert library.left() == [second] and not library.lost_files() and first not in library.left()


def test_beyond_a_size_the_oldest_go_first(tmp_path):
    with Library(tmp_path, keep_gb=100e-9) as library:  # 100 bytes
        fourth, oldest, second = library.add(1, sizes=(60,)), library.add(9, sizes=(1,)), library.add(5, sizes=(20, 20))
        arena = library.add(20, sizes=(500,), origin="arena")  # counts for nothing
        assert library.retention.look() == 1 and library.left() == [fourth, second, arena]
        assert oldest not in library.left()
        newest = library.add(0.5, sizes=(50,))  # 150 now
        assert library.retention.look() == 2 and library.left() == [arena, newest]  # 110 with `fourth` alone
        assert not library.lost_files()


def test_both_together_and_more_than_one_batch(tmp_path, monkeypatch):
    monkeypatch.setattr("mutoscope.serve.retention.BATCH", 2)
    with Library(tmp_path, keep_gb=25e-9, keep_days=100.0) as library:
        names = [library.add(days) for days in (120, 110, 50, 40, 30, 20)]
        assert library.retention.look() == 4 and library.left() == names[-2:]


def test_what_ended_a_moment_ago_is_there_for_whoever_waits(tmp_path):
    with Library(tmp_path, keep_gb=1e-9, keep_days=1e-6) as library:
        moment, earlier = library.add(60 / DAY), library.add(700 / DAY)
        assert library.retention.look() == 1 and library.left() == [moment] and earlier not in library.left()


def test_a_queue_that_cannot_be_written_is_tried_again(tmp_path, capsys):
    with Library(tmp_path, keep_days=1.0, keep_look_seconds=0.01) as library:
        library.add(2)
        remove, failures = library.remove, [sqlite3.OperationalError("database or disk is full")] * 2

        def fail_twice(job_id: str) -> None:
            if failures:
                raise failures.pop()
            remove(job_id)

        library.retention = Retention(library.store, fail_twice, library.settings)
        library.retention.start()
        end = time.monotonic() + 10
        while library.left():
            assert time.monotonic() < end
            time.sleep(0.01)
        library.retention.end(5)
        assert not library.retention.is_alive() and capsys.readouterr().err.count("disk is full") == 2


def test_a_kill_in_the_middle_leaves_no_row_without_a_file_and_after_a_start_no_file_without_a_row(tmp_path):
    """SIGKILL at random moments, until all is gone; between the kills a server would start, which sweeps."""
    with Library(tmp_path / "data") as library:
        library.store.rows("PRAGMA synchronous=OFF")  # only to fill it sooner
        for _ in range(16):
            library.add(3, sizes=(4000, 4000))
    command = [sys.executable, "-c", KILLED, str(tmp_path / "data"), str(Path(__file__).parent)]
    rng, kills = random.Random(3), 0
    while True:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as process:
            assert process.stdout is not None and process.stdout.readline() == "removing\n"
            time.sleep(rng.uniform(0.02, 0.12))
            process.kill()
            ended = "all" in process.stdout.read()
        with Library(tmp_path / "data") as library:
            files = {path.name for path in library.files.results.iterdir()}
            assert {row["file"] for row in library.store.rows("SELECT file FROM results")} <= files
            library.files.sweep(*library.store.files())
            assert not library.lost_files()
            if not library.left():
                break
        kills += not ended
    assert kills >= 2


def test_a_server_removes_by_the_way_of_a_users_delete(tmp_path, monkeypatch):
    for name in ("fastapi", "prometheus_client"):
        pytest.importorskip(name)
    import asyncio

    import serve_engine
    from mutoscope.serve.desk import Desk
    from mutoscope.serve.jobs import Order

    plugin = serve_engine.install(tmp_path / "plugin")
    monkeypatch.syspath_prepend(plugin)
    monkeypatch.setenv("PYTHONPATH", f"{plugin}:{Path(__file__).parent.parent / 'src'}")
    keep: dict[str, Any] = {"keep_days": 0.1 / DAY, "keep_least_seconds": 0.1, "keep_look_seconds": 0.05}
    settings = ServeSettings(tmp_path / "data", models=("fake:0",), **keep)

    async def act() -> None:
        desk = Desk(settings)
        desk.start()
        job = await desk.submit(Order("a lake", options={"width": 32, "height": 32, "seed": 1}))
        async with contextlib.aclosing(desk.listen(after=0)) as notes:
            seen = []
            async for note in notes:
                seen.append(note.name)
                if note.name == "removed":
                    break
        assert note.job_id == job.id and "result" in seen
        with pytest.raises(Refusal):
            await desk.find(job.id)
        for _ in range(100):
            if desk.tally["expired"]:
                break
            await asyncio.sleep(0.02)
        assert desk.tally["expired"] == 1 and not list(desk.files.results.iterdir())
        desk.end_streams()
        await asyncio.to_thread(desk.stop)

    asyncio.run(asyncio.wait_for(act(), 60))


def test_numbers_on_the_command_line(capsys, tmp_path, monkeypatch):
    pytest.importorskip("fastapi")
    from mutoscope.cli import main
    from mutoscope.cli import serve as command

    monkeypatch.chdir(tmp_path)
    for option in ("--keep-days", "--keep-gb"):
        for wrong in ("0", "-1", "2000000"):
            assert main(["serve", option, wrong]) == 2
            assert f"{option} must be above 0 and at most a million" in capsys.readouterr().err
    ran: list[ServeSettings] = []
    monkeypatch.setattr(command, "run", ran.append)
    assert main(["serve", "--keep-days", "0.5", "--keep-gb", "20"]) == 0
    assert (ran[0].keep_days, ran[0].keep_gb) == (0.5, 20.0)
