"""What a model reads in a prompt, said before anything is drawn."""

from collections.abc import Iterator
from pathlib import Path

import pytest

for library in ("fastapi", "uvicorn", "prometheus_client", "httpx"):
    pytest.importorskip(library)

from mutoscope.engines import EngineSettings, open_engine
from mutoscope.engines.unknown import unknown_to
from mutoscope.options import build_request, image_options
from mutoscope.serve.reading_route import name_read
from serving import Served, served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("reading") / "data"
    with served(folder) as one:
        yield one


@pytest.mark.parametrize(
    ("prompt", "read", "unknown"),
    [
        ("two blue foxes by a lake at dawn, watercolor", ["2 x blue fox", "lake", "dawn", "watercolor"], []),
        ("a zyzzyva by a lake", ["lake"], ["zyzzyva"]),
        ("qwrtz", [], ["qwrtz"]),
    ],
)
def test_the_model_of_the_package_says_what_it_reads(prompt: str, read: list[str], unknown: list[str]):
    able = open_engine("embedded", EngineSettings()).capabilities
    request = build_request(image_options(prompt, {}), able)
    assert able.known_words is not None
    assert (name_read(request), unknown_to(request, able.known_words)) == (read, unknown)


def test_a_model_that_was_trained_on_all_words_knows_them_all(server: Served):
    answer = server.http.post("/api/read", json={"prompt": "a zyzzyva on a hill"})
    assert answer.json() == {"object": "reading", "read": [], "unknown": []}


@pytest.mark.parametrize(
    "body", [{"prompt": ""}, {}, {"prompt": "a lake", "model": "nothing"}, {"prompt": "a", "x": 1}]
)
def test_what_cannot_be_read_is_refused(server: Served, body: dict[str, str]):
    assert server.http.post("/api/read", json=body).status_code == 422
