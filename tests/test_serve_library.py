"""Boards, zip files of many, deleting many: what the library does with several things at once."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

for library in ("fastapi", "uvicorn", "prometheus_client", "httpx"):
    pytest.importorskip(library)

from mutoscope.serve.jobs import Result
from mutoscope.serve.library import MAX_ZIPPED, name_files, zip_files
from serving import Served, served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("library") / "data") as one:
        yield one


def draw(server: Served, prompt: str, **fields: Any) -> tuple[str, str]:
    """Return the id of a job and that of its picture."""
    job = server.wait(server.make(prompt, **fields))
    return job["id"], job["results"][0]["id"]


def put(server: Served, board: str, results: list[str], on: bool = True) -> list[str]:
    answer = server.http.post(f"/api/boards/{board}/items", json={"results": results, "on": on})
    return answer.raise_for_status().json()["results"]


def listed(server: Served, **query: str) -> list[str]:
    return [item["id"] for item in server.http.get("/api/items", params=query).json()["data"]]


def test_boards_hold_what_is_there_and_survive_a_restart(tmp_path: Path):
    with served(tmp_path / "data") as server:
        (job, first), (_, second) = draw(server, "a lake"), draw(server, "a fox")
        board = server.http.post("/api/boards", json={"name": "Best <b>"}).json()["id"]
        assert server.http.post("/api/boards", json={"name": "Best <b>"}).json()["id"] == board
        assert put(server, board, [first, second, first, "0" * 32]) == sorted([first, second])
        assert put(server, "favourites", [first]) == [first]
        server.process.kill()
        server.process.wait()
    with served(tmp_path / "data") as server:
        names = [(one["name"], one["count"]) for one in server.http.get("/api/boards").json()["data"]]
        assert names == [("Favourites", 1), ("Best <b>", 2)]
        assert listed(server, board="favourites") == [first]
        assert listed(server, board=board) == [second, first] and listed(server, board=board, words="fox") == [second]
        assert server.http.get("/api/items", params={"board": board}).json()["total"] == 2
        server.http.delete(f"/api/jobs/{job}")  # what is deleted leaves every board
        assert listed(server, board="favourites") == [] and listed(server, board=board) == [second]
        assert put(server, board, [second], on=False) == []
        assert server.http.delete("/api/boards/favourites").status_code == 409
        assert server.http.delete(f"/api/boards/{board}").status_code == 200
        assert server.http.get(f"/api/boards/{board}").status_code == 404 and listed(server) == [second]
        assert server.http.post("/api/boards/nothing/items", json={"results": []}).status_code == 404


def test_boards_are_renamed(server: Served):
    def rename(board: str, name: str) -> tuple[int, str]:
        answer = server.http.patch(f"/api/boards/{board}", json={"name": name})
        return answer.status_code, answer.json().get("name") or answer.json()["error"]["message"]

    first, second = (server.http.post("/api/boards", json={"name": name}).json()["id"] for name in ("Lakes", "Hills"))
    result = draw(server, "a lake")[1]
    put(server, first, [result])
    assert rename(first, "  My \n lakes ") == (200, "My lakes") and rename(first, "My lakes") == (200, "My lakes")
    assert server.http.get(f"/api/boards/{first}").json()["results"] == [result]
    assert rename(second, "My lakes") == (409, "there is a board 'My lakes' already; take another name")
    assert rename(second, " \n") == (422, "a board needs a name; write a word or two")
    assert rename("favourites", "Best") == (409, "the favourites keep their name; make a board of your own")
    assert rename(second, "x" * 81)[0] == 422 and rename("nothing", "Best")[0] == 404
    names = [one["name"] for one in server.http.get("/api/boards").json()["data"]]
    assert names == ["Favourites", "Hills", "My lakes"]


def test_the_library_is_filtered_by_style_and_model(server: Served):
    plain, styled = draw(server, "a barn")[1], draw(server, "a barn", style="watercolor")[1]
    model = server.http.get("/api/models").json()["data"][0]["id"]
    assert listed(server, style="watercolor") == [styled] and listed(server, style="comic") == []
    assert listed(server, model=model, words="barn") == [styled, plain] and listed(server, model="another") == []
    assert server.http.get("/api/items", params={"style": "watercolor"}).json()["total"] == 1
    assert server.http.get("/api/items", params={"style": "x" * 81}).status_code == 422


def test_a_zip_holds_the_files_byte_for_byte(server: Served):
    made = [
        draw(server, prompt, seed=3)[1] for prompt in ("A Lake, at dawn!", "a lake at dawn", "../../etc/passwd", "湖")
    ]
    answer = server.http.get("/api/zip", params={"ids": ".".join([*made, made[0], "0" * 32])})
    assert answer.headers["content-type"] == "application/zip" and "attachment" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            "a-lake-at-dawn-3.png",
            "a-lake-at-dawn-3-copy-2.png",
            "etc-passwd-3.png",
            "mutoscope-3.png",
        ]
        for name, result in zip(archive.namelist(), made, strict=True):
            assert archive.read(name) == server.http.get(f"/api/results/{result}").content


def test_a_zip_is_bounded(server: Served):
    def status(ids: list[str]) -> int:
        return server.http.get("/api/zip", params={"ids": ".".join(ids)}).status_code

    assert status(["0" * 32]) == 404 and status([f"{number:032x}" for number in range(MAX_ZIPPED + 1)]) == 413
    assert status(["../lock"]) == 422 and status([""]) == 422


def test_a_zip_is_made_while_it_is_read(tmp_path: Path):
    """No more than a piece of a file is held, and one that is deleted meanwhile is left out."""
    large = tmp_path / "large"
    large.write_bytes(bytes(3 << 20))
    pieces = zip_files([("a.png", large), ("gone.png", tmp_path / "gone"), ("b.png", large)])
    sizes = [len(piece) for piece in pieces]
    assert max(sizes) < 1 << 19 and sum(sizes) > 6 << 20


def test_names_of_many_pictures_of_one_order_differ():
    def result(index: int) -> Result:
        request = json.dumps({"prompt": "x" * 400, "seed": 1, "index": index})
        return Result(str(index), "j", index, "f", "webp", 1, 1.0, request)

    names = name_files([result(number) for number in (0, 1, 1)])
    assert names == [f"{'x' * 48}-1.webp", f"{'x' * 48}-1-2.webp", f"{'x' * 48}-1-2-copy-2.webp"]


def test_many_are_deleted_at_once(server: Served):
    jobs = [draw(server, f"number {number}")[0] for number in range(3)]
    kept = draw(server, "kept")[1]
    before = len(list((server.folder / "results").iterdir()))
    assert server.http.post("/api/jobs/remove", json={"jobs": [*jobs, "0" * 32]}).json() == {"removed": 3}
    assert len(list((server.folder / "results").iterdir())) == before - 3 and kept in listed(server)
    assert server.http.post("/api/jobs/remove", json={"jobs": ["0"] * 1001}).status_code == 422
