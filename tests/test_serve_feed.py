"""What waits for a listener: nothing that lasts is dropped, and what nobody needs any more is (serve/feed.py)."""

import asyncio
import dataclasses
from typing import Any

import pytest

from mutoscope.serve import feed
from mutoscope.serve.feed import GATHER_SECONDS, MAX_WAITING, Feed, Feeds
from mutoscope.serve.jobs import BLIND, DONE, RUNNING, Job, Note

JOB = Job("a", RUNNING, "image", "fake", "png", "a lake", ("{}",), 1.0, 100.0)


@pytest.mark.parametrize("previews", [True, False])
def test_a_feed_keeps_states_and_only_the_newest_preview(previews: bool):
    async def read() -> list[tuple[str, object]]:
        feed = Feed("a", previews)
        for number in range(5):
            feed.put(Note("preview", "a", number))
            feed.put(Note("progress", "a", number))
        feed.put(Note("state", "b", "other", 1))
        feed.put(Note("result", "a", "r", 2))
        return [(note.name, note.data) for note in await feed.get_all() or []]

    newest = [("preview", 4), ("progress", 4)] if previews else [("progress", 4)]
    assert asyncio.run(read()) == [("result", "r"), *newest]


def test_patient_listeners_are_woken_together_and_told_nothing_of_the_arena():
    def state(job_id: str, number: int, **facts: Any) -> Note:
        return Note("state", job_id, dataclasses.replace(JOB, id=job_id, **facts), number)

    async def read() -> tuple[list[list[int]], list[str], float]:
        feeds, all_jobs, blind, hasty = Feeds(), Feed(patient=True), Feed("b", patient=True), Feed()
        for one in (all_jobs, blind, hasty):
            feeds.add(one)
        feeds.put(state("a", 1))
        await all_jobs.get_all()
        start = asyncio.get_running_loop().time()
        feeds.put(state("b", 2, origin=BLIND))
        feeds.put(Note("progress", "b", {}))
        feeds.put(Note("result", "b", None, 3))
        feeds.put(state("b", 4, origin=BLIND, state=DONE))
        feeds.put(state("c", 5))
        told = await hasty.get_all() or []
        together = [[note.number for note in await one.get_all() or []] for one in (all_jobs, blind)]
        taken = asyncio.get_running_loop().time() - start
        feeds.close()
        return together, [note.job_id for note in told], taken

    (numbers, blind), hasty, taken = asyncio.run(read())
    assert numbers == [5] and blind == [2, 3, 4] and hasty == ["a", "c"]
    assert taken >= GATHER_SECONDS * 0.9


def test_a_listener_to_whom_nothing_happens_is_woken_for_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(feed, "QUIET_SECONDS", 0.05)

    async def wait() -> list[Note] | None:
        feeds, one = feed.Feeds(), Feed(patient=True)
        feeds.add(one)
        told = await asyncio.wait_for(one.get_all(), 5)
        feeds.discard(one)
        return told

    assert asyncio.run(wait()) == []


def test_a_feed_that_is_not_read_ends():
    async def fill() -> list[Note] | None:
        feed = Feed()
        for number in range(MAX_WAITING + 1):
            feed.put(Note("state", "a", None, number + 1))
        return await feed.get_all()

    assert asyncio.run(fill()) is None
