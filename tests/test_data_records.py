"""Files of records: whole or not there, the same by one process or by many, made on after a kill, never misread."""

import threading
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from mutoscope.data import records as module
from mutoscope.data.records import ALONE, Records, Share, are_there, fill_records, open_records
from mutoscope.errors import OutputError

HEAD = {"holds": "numbers", "version": 1, "shape": (2, 3)}
ROWS, STEP = 23, 4


def number(row: int) -> bytes:
    """What row `row` holds: as many bytes as its number says, none for every fifth."""
    return bytes([row]) * (0 if row % 5 == 0 else row)


def made(path: Path, share: Share = ALONE, rows: list[int] | None = None, head: dict = HEAD):
    """Fill a file with two records a row; `rows` receives those that this process makes."""

    def make(start: int, stop: int) -> list[bytes]:
        if rows is not None:
            rows.extend(range(start, stop))
        return [record for row in range(start, stop) for record in (number(row), b"!")]

    return fill_records(path, head, make, rows=ROWS, step=STEP, share=share)


def by_processes(path: Path, size: int) -> list[list[int]]:
    """Fill a file by so many processes, threads here; return the rows that each made."""
    barrier, rows = threading.Barrier(size), [[] for _ in range(size)]

    def wait() -> None:
        barrier.wait(20)

    def work(rank: int) -> None:
        list(made(path, Share(rank, size, wait), rows[rank]))

    threads = [threading.Thread(target=work, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return rows


def check(held: Records) -> None:
    assert len(held) == 2 * ROWS and held.head == {**HEAD, "shape": [2, 3]}
    for row in range(ROWS):
        assert held[2 * row] == number(row) and held[2 * row + 1] == b"!"


def test_what_is_written_is_read(tmp_path: Path):
    path = tmp_path / "cache" / "a.rec"
    assert list(made(path)) == [0, 4, 8, 12, 16, 20, 23, 23] and list(made(path)) == []
    check(open_records(path, HEAD))
    assert sorted(p.name for p in path.parent.iterdir()) == [".lock", "a.rec"]


def test_many_processes_make_the_same_file(tmp_path: Path):
    list(made(tmp_path / "one.rec"))
    for size in (2, 3, 8):  # more than there are parts
        path = tmp_path / f"{size}.rec"
        rows = by_processes(path, size)
        assert path.read_bytes() == (tmp_path / "one.rec").read_bytes()
        assert sorted(chain(*rows)) == list(range(ROWS)), "each row once"
        assert sum(bool(each) for each in rows) == min(size, 6)
        assert by_processes(path, size) == [[] for _ in range(size)]


def test_another_number_of_processes_goes_on(tmp_path: Path):
    list(made(tmp_path / "one.rec"))
    path, first = tmp_path / "a.rec", []
    job = made(path, rows=first)
    assert [next(job) for _ in range(3)] == [0, 4, 8]
    job.close()
    assert not path.exists()
    rest = by_processes(path, 3)
    assert first == list(range(8)) and sorted(chain(*rest)) == list(range(8, ROWS))
    assert path.read_bytes() == (tmp_path / "one.rec").read_bytes()


def test_killed_before_the_parts_are_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "_join", die)
        with pytest.raises(KeyboardInterrupt):
            list(made(tmp_path / "a.rec"))
    again: list[int] = []
    assert list(made(tmp_path / "a.rec", rows=again)) == [ROWS, ROWS] and again == []
    check(open_records(tmp_path / "a.rec", HEAD))


@pytest.mark.parametrize("damage", [
    lambda held: held[:-1], lambda held: held + b"x", lambda held: b"", lambda held: b"NUMPY" + held[5:],
    lambda held: held[:20] + b"\xff" + held[21:], lambda held: held[:4100],
])  # fmt: skip
def test_what_is_damaged_is_made_again(tmp_path: Path, damage):
    path = tmp_path / "a.rec"
    list(made(path))
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert not are_there(path, HEAD)
    with pytest.raises(OutputError, match="run the same command again"):
        open_records(path, HEAD)
    assert list(made(path))[-1] == ROWS and path.read_bytes() == whole


def test_another_version_is_never_taken_for_this_one(tmp_path: Path):
    path, newer = tmp_path / "a.rec", {**HEAD, "version": 2}
    list(made(path))
    assert not are_there(path, newer)
    job = made(tmp_path / "b.rec")
    _ = next(job), next(job)
    job.close()
    for name in ("a.rec", "b.rec"):
        rows: list[int] = []
        list(made(tmp_path / name, rows=rows, head=newer))
        assert rows == list(range(ROWS)), "neither the file nor its parts"
        assert open_records(tmp_path / name, newer).head["version"] == 2


def test_one_run_fills_at_a_time(tmp_path: Path):
    job = made(tmp_path / "a.rec")
    next(job)
    with pytest.raises(OutputError, match="another encoding is at work"):
        next(made(tmp_path / "b.rec"))


def test_only_what_is_asked_for_is_read(tmp_path: Path):
    list(made(tmp_path / "a.rec"))
    held = open_records(tmp_path / "a.rec", HEAD)
    assert isinstance(held.data, np.memmap) and not held.data.flags.writeable
