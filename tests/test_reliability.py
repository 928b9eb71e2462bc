"""The measurements of `scripts/reliability` in short: each runs to its end and finds what it must; and the page is theirs."""

import json
from pathlib import Path
from typing import Any

import pytest

for library in ("fastapi", "uvicorn", "prometheus_client", "httpx", "hypothesis"):
    pytest.importorskip(library)

from reliability import observing, page, running, soak
from reliability.kills import Follower, Witness
from reliability.measured import Bar, Measured, keep
from reliability.tally import Tally

QUICK = ("bad_requests", "many_streams", "kills", "signals", "ctrl_c")


@pytest.mark.parametrize("name", QUICK)
def test_short_ones_find_what_they_must(name: str, tmp_path: Path):
    found = running.run(name, True, tmp_path)
    slow = "`/healthz`"  # other tests run meanwhile
    assert found.bars and not [bar for bar in found.bars if not bar.is_met and slow not in bar.what]
    kept = json.loads((tmp_path / f"{name}.json").read_text())
    assert kept["short"] and kept["machine"]["cores"] and kept["bars"][0]["what"] == found.bars[0].what


@pytest.mark.slow
@pytest.mark.timeout(9000)
@pytest.mark.parametrize("name", running.MODULES)
def test_long_ones(name: str, tmp_path: Path):
    found = running.run(name, False, tmp_path)
    assert found.bars and all(bar.is_met for bar in found.bars), found.bars


def test_the_page_is_what_was_measured():
    kept = page.load(running.KEPT)
    assert page.PAGE.read_text("utf-8") == page.render(kept), "run scripts/reliability --page"
    assert not [one["name"] for one in kept if one["short"]]


def test_the_page_says_what_missed_and_on_which_machine(tmp_path: Path):
    bars = [Bar("jobs lost", "3 of 9", "0", False), Bar("answers", "5 ms", "< 9 ms", True)]
    times = {"drawing": {"p50": 1.0, "p99": 2.5}}
    keep(
        tmp_path / "kills.json",
        "kills",
        {},
        False,
        0.0,
        Measured("Nine jobs.", bars, {"milliseconds": times, "tries": 4}),
    )
    text = page.render(page.load(tmp_path))
    assert "jobs lost | 3 of 9 | 0 | **no** |" in text and "| while drawing | 1.0 | 2.5 |" in text
    assert "1970-01-01" in text and "- tries: 4" in text and "Python 3" in text


def test_growth_is_found():
    samples = soak.Samples.__new__(soak.Samples)
    samples.rows = [{"seconds": 36.0 * n, "mb": 100.0 + n / 10, "flat": 7.0} for n in range(100)]
    assert samples.growth("mb") == pytest.approx(100 * 10 / 106.2, rel=0.01) and samples.growth("flat") == 0
    assert samples.rise("flat") == 0 and samples.rise("mb") > 4


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_ids_are_counted_however_the_stream_is_cut(cut: int):
    import socket

    ours, theirs = socket.socketpair()
    with ours, theirs:
        listeners = observing.Listeners([ours])
        data = b"".join(b"id: %d\nevent: state\ndata: {}\n\n: here\n\n" % number for number in (8, 9, 10, 123456))
        listeners.start()
        for start in range(0, len(data), cut):
            theirs.sendall(data[start : start + cut])
        theirs.close()
        listeners.join(10)
    assert listeners.numbers == [[8, 9, 10, 123456]]


def test_lies_are_found():
    follower = Follower("http://127.0.0.1:1")
    for number, state in ((1, "queued"), (2, "done"), (2, "done"), (3, "running"), (4, "done")):
        follower._hear("state", number, {"job": "a", "state": state})
    assert len(follower.lies) == 3 and follower.endings == {"a": 3}

    class Server:
        def job(self, name: str) -> dict[str, Any]:
            return told.pop(0)

    results = [{"id": "r", "bytes": 3, "place": 0}, {"id": "s", "bytes": 3, "place": 1}]
    told = [{"state": "done", "results": results}, {"state": "failed", "results": results[:1]}]
    witness = Witness()
    for _ in range(2):
        witness.look(Server(), ["a"])  # type: ignore[arg-type]
    assert len(witness.lies) == 2


def test_answers_are_weighed():
    tally = Tally()
    for status, seconds, size in ((200, 9.0, 10**6), (422, 0.1, 300), (404, 2.5, 10), (500, 0.1, 10), (0, 1.0, 0)):
        tally.count("x", status, seconds, size)
    assert (tally.failures, tally.slowest, tally.longest, len(tally.wrong)) == (2, 2.5, 300, 3)
