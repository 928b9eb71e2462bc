"""The durable queue: every job ends once, whatever is said late, twice or after a crash."""

import dataclasses
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mutoscope.errors import SettingError
from mutoscope.init_image import InitImage
from mutoscope.serve.files import Files, new_id, open_store, read_input
from mutoscope.serve.jobs import BLIND, CANCELLED, DONE, ENDED, FAILED, QUEUED, RUNNING, Job, Note, Refusal, Result
from mutoscope.serve.store import MAX_LOSSES, Store, lock_folder

REQUEST = '{"prompt":"a lake"}'


def new_job(**changes) -> Job:
    return dataclasses.replace(
        Job(new_id(), QUEUED, "image", "fake", "png", "a lake", (REQUEST,), 1.0, 100.0), **changes
    )


def new_result(job: Job, place: int = 0) -> Result:
    name = new_id()
    return Result(name, job.id, place, f"{name}.png", "png", 3, 0.1, REQUEST)


def claimed(store: Store) -> Job:
    job = store.claim()
    assert job is not None
    return job


@pytest.fixture
def told() -> list[Note]:
    return []


@pytest.fixture
def store(tmp_path: Path, told: list[Note]):
    made = Store(tmp_path / "queue.sqlite", told.append)
    yield made
    made.close()


def test_the_oldest_is_claimed_first_and_once(store: Store):
    jobs = [store.accept(new_job()) for _ in range(3)]
    assert [claimed(store).id for _ in jobs] == [job.id for job in jobs]
    assert store.claim() is None


def test_numbers_grow_and_every_change_is_told_in_order(store: Store, told: list[Note]):
    job = store.accept(new_job())
    running = claimed(store)
    store.add_result(job.id, running.epoch, new_result(job))
    store.finish(job.id, running.epoch)
    assert [note.name for note in told] == ["state", "state", "result", "state"]
    assert [note.number for note in told] == [1, 2, 3, 4]
    assert store.get(job.id).state == DONE and len(store.get(job.id).results) == 1


def test_what_an_earlier_worker_says_counts_no_more(store: Store):
    store.accept(new_job())
    first = claimed(store)
    store.put_back(first.id, first.epoch)
    second = claimed(store)
    assert second.epoch == first.epoch + 1
    assert not store.add_result(first.id, first.epoch, new_result(first))
    assert store.finish(first.id, first.epoch) is None and store.put_back(first.id, first.epoch) is None
    assert store.get(first.id).state == RUNNING
    assert store.finish(second.id, second.epoch) is not None
    assert store.finish(second.id, second.epoch) is None  # once


def test_a_job_that_ends_its_worker_fails_after_two_tries(store: Store):
    store.accept(new_job())
    for expected in (QUEUED, FAILED):
        job = claimed(store)
        after = store.put_back(job.id, job.epoch)
        assert after is not None and after.state == expected
    assert "worker" in after.error and after.error_code == "worker_died"


def test_a_finished_picture_lets_the_tries_begin_anew(store: Store):
    store.accept(new_job(requests=(REQUEST,) * 3))
    for place in range(3):
        job = claimed(store)
        store.add_result(job.id, job.epoch, new_result(job, place))
        after = store.put_back(job.id, job.epoch)
        assert after is not None and after.state == QUEUED and len(after.results) == place + 1


def test_recovery_puts_back_what_ran_and_does_nothing_twice(store: Store):
    store.accept(new_job())
    store.accept(new_job())
    job = claimed(store)
    assert store.recover() == 1 and store.recover() == 0
    assert store.get(job.id).state == QUEUED and store.get(job.id).tries == 0
    assert claimed(store).id == job.id  # it keeps its place


def test_a_job_that_ends_every_server_fails_at_last(store: Store):
    job = store.accept(new_job())
    for _ in range(MAX_LOSSES):
        assert store.claim() is not None
        store.recover()
    assert store.get(job.id).state == FAILED


def test_a_key_gives_the_same_job_and_refuses_another_order(store: Store):
    job = store.accept(new_job(), "key", "digest")
    assert store.accept(new_job(), "key", "digest").id == job.id
    with pytest.raises(Refusal, match="Idempotency-Key"):
        store.accept(new_job(), "key", "other")
    assert len(store.list_jobs(10)) == 1


def test_a_full_queue_refuses_until_there_is_room(store: Store):
    store.accept(new_job(), max_jobs=1)
    with pytest.raises(Refusal) as refused:
        store.accept(new_job(), max_jobs=1)
    assert refused.value.status == 429
    with pytest.raises(Refusal):
        store.accept(new_job(cost=5.0), max_cost=5.0)
    job = claimed(store)
    store.finish(job.id, job.epoch)
    assert store.accept(new_job(), max_jobs=1).state == QUEUED


def test_cancelling(store: Store):
    waiting = store.accept(new_job())
    assert store.cancel(waiting.id).state == CANCELLED and store.claim() is None
    with pytest.raises(Refusal) as again:
        store.cancel(waiting.id)
    assert again.value.status == 409
    with pytest.raises(Refusal) as unknown:
        store.cancel("nothing")
    assert unknown.value.status == 404
    running = store.accept(new_job())
    claimed(store)
    store.cancel(running.id)
    assert store.finish(running.id, 1) is None and store.get(running.id).state == CANCELLED


def test_notes_since_a_number_are_each_thing_once(store: Store):
    job = store.accept(new_job())
    running = claimed(store)
    seen = store.number
    store.add_result(job.id, running.epoch, new_result(job))
    store.finish(job.id, running.epoch)
    store.accept(new_job())
    assert [note.name for note in store.notes_since(seen, job.id)] == ["result", "state"]
    assert len(store.notes_since(seen)) == 3
    assert store.notes_since(store.number) == []


def test_pages_of_jobs(store: Store):
    jobs = [store.accept(new_job(origin="videos" if number % 2 else "jobs")).id for number in range(6)]
    first = store.list_jobs(3)
    assert [job.id for job in first] == jobs[:2:-1]
    assert [job.id for job in store.list_jobs(9, first[-1].id)] == jobs[2::-1]
    assert [job.id for job in store.list_jobs(9, newest_first=False, origin="videos")] == jobs[1::2]
    with pytest.raises(Refusal):
        store.list_jobs(3, "nothing")


def test_removing_takes_the_results_along(store: Store):
    job = store.accept(new_job())
    running = claimed(store)
    store.add_result(job.id, running.epoch, new_result(job))
    with pytest.raises(Refusal, match="cancel it first"):
        store.remove(job.id)
    store.finish(job.id, running.epoch)
    assert len(store.remove(job.id).results) == 1
    assert store.files() == (set(), set()) and store.list_jobs(9) == []


def test_numbers_grow_through_restarts(tmp_path: Path):
    store = Store(tmp_path / "queue.sqlite")
    job = store.accept(new_job())
    store.cancel(job.id)
    store.remove(job.id)
    before = store.number
    store.close()
    again = Store(tmp_path / "queue.sqlite")
    assert again.number == before == 3
    again.close()


def test_one_server_for_a_folder(tmp_path: Path):
    lock_folder(tmp_path)
    with pytest.raises(SettingError, match="another server"):
        lock_folder(tmp_path)


def test_a_damaged_queue_is_moved_aside_with_its_results(tmp_path: Path):
    files = Files(tmp_path)
    files.keep_result("a.png", b"kept")
    (tmp_path / "queue.sqlite").write_bytes(b"no database at all" * 100)
    said: list[str] = []
    store = open_store(tmp_path, lambda note: None, said.append)
    files.sweep(*store.files())
    assert store.load() == (0, 0.0) and "damaged" in said[0]
    (aside,) = tmp_path.glob("damaged-*")
    assert (aside / "results" / "a.png").read_bytes() == b"kept"
    store.close()


def test_the_sweep_removes_what_no_row_names(tmp_path: Path):
    files = Files(tmp_path)
    for name in ("a.png", "b.png"):
        files.keep_result(name, b"x")
    files.keep_input("job", InitImage(np.zeros((16, 16, 3), np.uint8)))
    assert files.sweep({"a.png"}, set()) == 2
    assert [path.name for path in files.results.iterdir()] == ["a.png"] and not list(files.inputs.iterdir())


def test_a_picture_to_start_from_comes_back(tmp_path: Path):
    files = Files(tmp_path)
    image = InitImage(np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3), np.eye(16, dtype=bool))
    files.keep_input("job", image)
    again = read_input(files.input_of("job"))
    assert again.hashes == image.hashes


def test_a_full_disk_leaves_the_queue_as_it_was(store: Store):
    job = store.accept(new_job())
    store._db.execute("PRAGMA max_page_count = 1").fetchall()  # at least as many as there are
    with pytest.raises(sqlite3.OperationalError, match="full"):
        for _ in range(200):
            store.accept(new_job(prompt="x" * 5000))
    store._db.execute("PRAGMA max_page_count = 1000000").fetchall()
    assert store.get(job.id).state == QUEUED
    number = store.number
    assert store.accept(new_job()).number == number + 1


def test_what_came_after_a_number_holds_nothing_of_the_arena(store: Store):
    blind, plain = store.accept(new_job(origin=BLIND)), store.accept(new_job())
    claimed(store)
    store.add_result(blind.id, 1, new_result(blind))
    assert {note.job_id for note in store.notes_since(0)} == {blind.id, plain.id}
    assert {note.job_id for note in store.notes_since(0, None, BLIND)} == {plain.id}
    assert [note.name for note in store.notes_since(0, blind.id)] == ["state", "result"]


class Queue(RuleBasedStateMachine):
    """Anything may happen in any order; what is kept must agree with a plain model of it."""

    def __init__(self):
        super().__init__()
        self.store = Store(Path(":memory:"))
        self.waiting: list[str] = []
        self.running: dict[str, int] = {}
        self.ended: dict[str, str] = {}

    @rule()
    def accept(self):
        self.waiting.append(self.store.accept(new_job()).id)

    @rule()
    def claim(self):
        job = self.store.claim()
        assert (job is None) == (not self.waiting)
        if job is not None:
            self.waiting.remove(job.id)
            self.running[job.id] = job.epoch

    @rule(error=st.sampled_from(["", "it failed"]), late=st.booleans(), data=st.data())
    def finish(self, error: str, late: bool, data):
        if self.running:
            name = data.draw(st.sampled_from(list(self.running)))
            ended = self.store.finish(name, self.running[name] - late, error)
            assert (ended is None) == late
            if ended is not None:
                del self.running[name]
                self.ended[name] = ended.state

    @rule(data=st.data())
    def lose_worker(self, data):
        if self.running:
            name = data.draw(st.sampled_from(list(self.running)))
            after = self.store.put_back(name, self.running.pop(name))
            assert after is not None
            if after.state == QUEUED:
                self.waiting.append(name)
            else:
                self.ended[name] = after.state

    @rule()
    def crash(self):
        self.store.recover()
        for name in self.running:
            state = self.store.get(name).state
            if state == QUEUED:
                self.waiting.append(name)
            else:
                self.ended[name] = state
        self.running.clear()

    @rule(data=st.data())
    def cancel(self, data):
        active = [*self.waiting, *self.running]  # in their order, for names are random and a run must be repeatable
        if active:
            name = data.draw(st.sampled_from(active))
            self.store.cancel(name)
            self.waiting = [one for one in self.waiting if one != name]
            self.running.pop(name, None)
            self.ended[name] = CANCELLED

    @invariant()
    def agrees(self):
        states = {job.id: job.state for job in self.store.list_jobs(1000)}
        expected = {**dict.fromkeys(self.waiting, QUEUED), **dict.fromkeys(self.running, RUNNING), **self.ended}
        assert states == expected
        assert set(self.ended.values()) <= set(ENDED)

    def teardown(self):
        self.store.close()


TestQueue = Queue.TestCase


def test_items_are_paged_without_gap_or_double(store: Store):
    """Against a plain sort in Python; a page goes on where it was, even when the item that it ended with is gone."""
    made = []
    for number in range(7):
        prompt, kind = ("a red fox", "video") if number % 3 == 0 else ("50% of a_lake", "image")
        job = store.accept(new_job(prompt=prompt, kind=kind, format="mp4" if kind == "video" else "png"))
        running = claimed(store)
        for place in range(1 + number % 2):
            request = f'{{"prompt":"{prompt}","width":{64 + number},"height":{32 + place}}}'
            store.add_result(job.id, running.epoch, dataclasses.replace(new_result(job, place), request=request))
        if number != 5:  # this one still runs: what is finished of it is there
            store.finish(job.id, running.epoch)
        made = [(64 + number, 32 + place, kind, prompt) for place in reversed(range(1 + number % 2))] + made
    items, total = store.list_items(50)
    assert [(item.width, item.height, item.kind, item.prompt) for item in items] == made and total == len(made) == 10
    first, _ = store.list_items(4)
    store.remove(first[-1].job_id)
    rest, total = store.list_items(50, (first[-1].job_place, first[-1].place))
    assert first + rest == items and total == 9
    for words, kind, many in (
        ("FOX red", None, 4),
        ("0% a_l", None, 5),
        ("%x", None, 0),
        (None, "video", 4),
        ("fox", "image", 0),
    ):
        found, total = store.list_items(50, kind=kind, words=words)
        assert len(found) == total == many, (words, kind)
    assert store.list_items(50, also={"jobs.origin <> ?": "jobs"}) == ([], 0)
