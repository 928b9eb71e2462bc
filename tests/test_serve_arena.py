"""The arena: votes are kept once and blind, ratings are those of the evaluation, and the export is what the model card reads."""

import io
import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

for library in ("fastapi", "uvicorn", "prometheus_client", "httpx"):
    pytest.importorskip(library)

from PIL import Image

from mutoscope.errors import SettingError
from mutoscope.evaluate.preference import find_preference, read_votes
from mutoscope.media import open_frames
from mutoscope.serve.arena import Arena, Contest, Contestant, Drawing
from mutoscope.serve.arena_files import MAX_PROMPTS, read_folder
from mutoscope.serve.arena_routes import choose_prompts, make_ratings
from mutoscope.serve.facts import read_info_of
from mutoscope.serve.jobs import Refusal
from mutoscope.serve.store import Store
from serving import Served, served

HASH = "f" * 16  # of the engine of these tests
TWO: list[dict[str, Any]] = [{"num_inference_steps": 4}, {"num_inference_steps": 2, "name": "two steps"}]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("arena") / "data") as one:
        yield one


def begin(server: Served, prompts: list[str], **fields: Any) -> str:
    body = {"contestants": TWO, "prompts": prompts, **fields}
    answer = server.http.post("/api/arena/contests", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def next_pair(server: Served, contest: str) -> dict[str, Any]:
    """Return the next pair once it is drawn."""
    for _ in itertools.repeat(None, 600):
        said = server.http.get(f"/api/arena/contests/{contest}/next").json()
        if said["pair"]:
            return said["pair"]
        time.sleep(0.05)
    raise AssertionError(said)


def vote(server: Served, pair: str, winner: str):
    return server.http.post(f"/api/arena/pairs/{pair}/vote", json={"winner": winner})


def test_a_pair_is_blind_until_its_vote(server: Served):
    contest = begin(server, ["a lake"])
    pair = next_pair(server, contest)
    assert set(pair) == {"id", "prompt", "kind", "left", "right"} and pair["prompt"] == "a lake"
    sides = [server.http.get(pair[side]) for side in ("left", "right")]
    for side in sides:
        info = read_info_of(side.content)
        assert side.headers["content-type"] == "image/png" and info["ai_marking"]
        assert info["request_json"] is None and info["parameters"] is None
    listed = server.http.get("/api/jobs?limit=200").json()["data"]
    assert not [job for job in listed if job["prompt"] == "a lake"]  # its jobs would tell
    said = vote(server, pair["id"], "left").json()
    assert {said["left"], said["right"]} == {"fake", "two steps"} and said["winner"] == "left"
    server.http.delete(f"/api/arena/contests/{contest}")
    assert server.http.get(pair["left"]).status_code == 404


def test_the_pixels_are_those_that_were_drawn(server: Served):
    contest = begin(server, ["a fox"], contestants=[{"num_inference_steps": 4}, {"num_inference_steps": 1}])
    pair = next_pair(server, contest)
    drawn = np.random.default_rng([0, 0]).integers(0, 256, (1, 256, 256, 3), np.uint8)[0]
    for side in ("left", "right"):
        shown = np.asarray(Image.open(io.BytesIO(server.http.get(pair[side]).content)).convert("RGB"))
        assert np.array_equal(shown, drawn)
    server.http.delete(f"/api/arena/contests/{contest}")


def test_events_say_nothing_of_what_the_arena_draws(server: Served):
    """A stream of all jobs from the beginning has those of the page, and none of the arena's."""
    contest = begin(server, ["hidden hill"])
    next_pair(server, contest)
    job = server.wait(server.make("plain pond"))
    text = ""
    with server.http.stream("GET", "/api/events", headers={"Last-Event-ID": "0"}) as stream:
        for line in stream.iter_lines():
            text += line
            if job["id"] in line and '"done"' in line:
                break
    assert "plain pond" in text and "hidden hill" not in text
    server.http.delete(f"/api/arena/contests/{contest}")


def test_one_vote_a_pair_and_restarts(tmp_path: Path):
    with served(tmp_path / "data") as server:
        contest = begin(server, ["a", "b", "c", "d"])
        pair = next_pair(server, contest)["id"]
        for _ in range(2):
            assert vote(server, pair, "tie").json()["winner"] == "tie"
        refused = vote(server, pair, "left")
        assert refused.status_code == 409 and "tie" in refused.json()["error"]["message"]
        assert vote(server, pair, "both").status_code == 422 and vote(server, "0" * 32, "tie").status_code == 404
        vote(server, next_pair(server, contest)["id"], "skip")
        server.process.kill()
        server.process.wait()
    pairs = make_folder(tmp_path / "pairs")
    with served(tmp_path / "data", "--pairs", str(pairs)) as server:
        for winner in ("left", "right"):
            vote(server, next_pair(server, contest)["id"], winner)
        said, _ = sorted(server.http.get("/api/arena/contests").json()["data"], key=lambda one: one["is_folder"])
        assert (said["pairs"], said["votes"], said["skipped"], said["failed"]) == (4, 3, 1, 0)
        assert server.http.get(f"/api/arena/contests/{contest}/next").json()["pair"] is None
        assert len(list((server.folder / "results").iterdir())) == 8  # two each, none twice
        vote_on_folder(server, pairs)


def test_what_cannot_be_compared_is_refused(server: Served):
    def said(**fields: Any) -> str:
        answer = server.http.post("/api/arena/contests", json={"contestants": TWO, "prompts": ["a"], **fields})
        assert answer.status_code == 422, answer.text
        return answer.json()["error"]["message"]

    assert "the same" in said(contestants=[{}, {"num_inference_steps": 4}])
    assert "unknown model" in said(contestants=[{}, {"model": "other"}])
    assert "two steps cannot draw" in said(contestants=[{}, {"style": "nonsense", "name": "two steps"}])
    assert "contestants" in said(contestants=[{}])
    assert "count" in said(prompts=[], count=501)
    assert not server.http.get("/api/arena/contests").json()["data"]


def test_own_prompts_are_taken_where_none_are_given():
    assert len(set(choose_prompts(MAX_PROMPTS))) == MAX_PROMPTS and set(choose_prompts(30)) < set(
        choose_prompts(MAX_PROMPTS)
    )


def test_a_drawing_that_fails_leaves_its_pair_out(server: Served):
    contest = begin(server, ["raise", "a lake"])
    pair = next_pair(server, contest)
    assert pair["prompt"] == "a lake"
    (said,) = server.http.get("/api/arena/contests").json()["data"]
    assert said["failed"] == 1 and said["error"]
    server.http.delete(f"/api/arena/contests/{contest}")


def test_votes_go_to_the_model_card(server: Served, tmp_path: Path):
    """The export is read by the evaluation; a model with its own settings goes by its hash alone."""
    contest = begin(server, ["a", "b", "c"])
    for winner in ("left", "tie", "skip"):
        vote(server, next_pair(server, contest)["id"], winner)
    file = tmp_path / "votes.jsonl"
    file.write_bytes(server.http.get("/api/arena/votes", params={"contest": contest}).content)
    votes = read_votes(file)
    assert len(votes) == 2 and {name for left, right, _ in votes for name in (left, right)} == {
        HASH,
        f"{HASH} num_inference_steps=2",
    }
    ratings = server.http.get("/api/arena/ratings", params={"contest": contest}).json()
    mine = find_preference(votes, HASH)["strength"]
    (row,) = [row for row in ratings["data"] if row["key"] == HASH]
    assert {name: row[name] for name in mine} == mine and ratings["votes"] == 2 and ratings["ties"] == 1
    assert ratings["data"][0]["is_above_next"] is False  # two votes tell nothing
    server.http.delete(f"/api/arena/contests/{contest}")
    assert server.http.get("/api/arena/votes").content == b""
    assert server.http.get("/api/arena/ratings").json()["data"] == []


def arena_of(tmp_path: Path, kinds: int = 3, rows: int = 60, seed: int = 0) -> tuple[Arena, np.random.Generator]:
    """An arena whose pictures are there already."""
    who = tuple(Contestant(name, name) for name in "abcdef"[:kinds])
    random = np.random.default_rng(seed)
    arena = Arena(Store(tmp_path / "queue.sqlite"))
    drawings = [Drawing("x", row, one, f"p{row}", row, file="f") for row in range(rows) for one in range(kinds)]
    arena.add(Contest("x", "", "image", who), drawings, lambda: float(random.random()))
    return arena, random


def test_known_strengths_come_back_from_votes_in_the_arena(tmp_path: Path):
    """Voters who prefer by Bradley and Terry's own rule, and the left side never for its place."""
    arena, random = arena_of(tmp_path, rows=200)
    skill = {"a": 4.0, "b": 2.0, "c": 1.0}
    names, lefts = list(skill), 0
    for number in range(600):
        pair = arena.next_pair("x")
        assert pair is not None and pair.left != pair.right
        left, right = names[pair.left], names[pair.right]
        lefts += pair.left < pair.right
        wins = random.random() < skill[left] / (skill[left] + skill[right])
        if number % 10 == 0:
            arena.vote(pair.id, "skip")
        else:
            arena.vote(pair.id, "left" if wins else "right")
    assert arena.next_pair("x") is None and 240 < lefts < 360  # of 600 fair throws
    ratings = make_ratings(arena.votes("x"), {})
    assert [row["key"] for row in ratings["data"]] == names and ratings["votes"] == 540
    for row in ratings["data"]:
        wanted = 100 * (skill[row["key"]] / 2) / (skill[row["key"]] / 2 + 1)  # 2 is their geometric mean
        assert row["low"] < wanted < row["high"] and row["n"] > 300
    assert ratings["data"][0]["is_above_next"] and ratings["data"][1]["is_above_next"]
    assert 210 < ratings["left_wins"] < 330


@pytest.mark.parametrize("chance", [0.5, 0.7])
def test_intervals_hold_the_truth_as_often_as_they_say(chance: float):
    """95 % intervals of 100 votes; equal contestants are told apart one time in twenty."""
    random, tries, held, told = np.random.default_rng(1), 150, 0, 0
    odds = np.sqrt(chance / (1 - chance))
    truth = 100 * odds / (odds + 1)
    for _ in range(tries):
        votes = [
            {"left": "ab"[int(flip)], "right": "ba"[int(flip)], "winner": "left" if wins != flip else "right"}
            for wins, flip in zip(random.random(100) < chance, random.random(100) < 0.5, strict=True)
        ]
        rows = {row["key"]: row for row in make_ratings(votes, {})["data"]}
        held += rows["a"]["low"] <= truth <= rows["a"]["high"]
        told += any(row["is_above_next"] for row in rows.values())
    assert 0.89 <= held / tries <= 0.99
    assert told / tries < 0.12 if chance == 0.5 else told / tries > 0.9


def test_few_votes_tell_nothing_however_they_fall():
    votes = [{"left": "a", "right": "b", "winner": "left"}] * 29
    assert make_ratings(votes, {})["data"][0]["is_above_next"] is False
    assert make_ratings([*votes, votes[0]], {})["data"][0]["is_above_next"] is True


def test_votes_of_two_at_once_are_one(tmp_path: Path):
    from concurrent.futures import ThreadPoolExecutor

    arena, _ = arena_of(tmp_path, kinds=2, rows=1)
    pair = arena.next_pair("x")
    assert pair is not None

    def cast(number: int) -> str:
        try:
            return str(arena.vote(pair.id, "left" if number % 2 else "right").winner)
        except Refusal as error:
            return str(error.status)

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(cast, range(40)))
    (kept,) = {word for word in said if word != "409"}
    assert len(arena.votes()) == 1 and arena.votes()[0]["winner"] == kept and said.count("409") == 20


def make_folder(pairs: Path) -> Path:
    """Make a folder of pairs: the new pictures are red, the old ones black, and a link leads out of it."""
    for number, who in enumerate(("old", "new")):
        (pairs / who).mkdir(parents=True)
        for name in ("lake", "fox", f"only-{who}"):
            Image.new("RGB", (16, 16), (number * 200, 0, 0)).save(pairs / who / f"{name}.png")
        (pairs / who / "link.png").symlink_to("/etc/hostname")
    (pairs / "lake.txt").write_text("a lake at dawn\n")
    return pairs


def vote_on_folder(server: Served, pairs: Path) -> None:
    """Vote on a folder of pairs, and see that the names belong to the pictures."""
    contest, seen = read_folder(pairs)[0], set()
    for _ in range(2):
        pair = next_pair(server, contest.id)
        colours = {side: first_pixel(server.http.get(pair[side]).content) for side in ("left", "right")}
        said = vote(server, pair["id"], "right").json()
        seen.add(pair["prompt"])
        assert {said[side] for side, red in colours.items() if red} == {"new"}
    assert seen == {"", "a lake at dawn"}
    rated = server.http.get("/api/arena/ratings", params={"contest": contest.id}).json()["data"]
    assert {row["key"] for row in rated} == {"old", "new"}


def test_a_folder_of_pairs_is_read_by_its_names(tmp_path: Path):
    _, drawings = read_folder(make_folder(tmp_path / "pairs"))
    assert [one.prompt for one in drawings] == ["", "", "a lake at dawn", "a lake at dawn"]
    assert [one.file for one in drawings] == ["new/fox.png", "old/fox.png", "new/lake.png", "old/lake.png"]
    (tmp_path / "pairs" / "third").mkdir()
    with pytest.raises(SettingError, match="3 folders with 0 names"):
        read_folder(tmp_path / "pairs")
    with pytest.raises(SettingError, match="not a folder"):
        read_folder(tmp_path / "none")


def first_pixel(data: bytes) -> int:
    _, frames = open_frames(data)
    return int(next(frames)[0, 0, 0])


def test_clips_are_compared_as_clips(server: Served):
    contest = begin(server, ["waves"], kind="video")
    pair = next_pair(server, contest)
    answer = server.http.get(pair["left"])
    info = read_info_of(answer.content)
    assert answer.headers["content-type"] == "video/mp4" and info["frames"] > 1 and info["request_json"] is None
    assert pair["kind"] == "video"
    server.http.delete(f"/api/arena/contests/{contest}")
