"""Training runs as the server shows them: curves, previews, time left, damaged logs, and nothing outside the folder."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

for library in ("fastapi", "uvicorn", "prometheus_client", "httpx"):
    pytest.importorskip(library)

from PIL import Image

from mutoscope.serve.jobs import Refusal
from mutoscope.serve.runs import MAX_POINTS, find_run, find_runs, read_lines, read_preview, show_run, thin
from serving import Served, served


def line(samples: int, **changes: Any) -> str:
    said = {
        "samples": samples,
        "seconds": samples / 10,
        "loss": 1 / samples,
        "samples_per_second": 10.0,
        "rate_factor": 0.5,
    }
    return json.dumps({**said, **changes}) + "\n"


def make_run(folder: Path, stage: str = "image", lines: int = 5, **settings: Any) -> Path:
    """Make a run with a stage, as training leaves it."""
    (folder / stage).mkdir(parents=True)
    (folder / stage / "log.jsonl").write_text("".join(line(8 * (number + 1)) for number in range(lines)))
    facts = {"hardware": ["a CPU, 2 threads"], "settings": [{"batch": 8, "rate": 0.01, **settings}]}
    (folder / stage / "machine.json").write_text(json.dumps(facts))
    (folder / "previews").mkdir(exist_ok=True)
    for samples in (8, 16, 40):
        Image.new("RGB", (8, 8), (samples, 0, 0)).save(folder / "previews" / f"{stage}-{samples:09d}.png")
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    make_run(folder / "one", budget=100.0, samples=80)
    make_run(folder / "two", "video", samples=40)
    return folder


@pytest.fixture(scope="module")
def server(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("served") / "data", "--runs", str(runs)) as one:
        yield one


def test_a_run_over_http(server: Served, runs: Path):
    listed = {one["name"]: one for one in server.http.get("/api/runs").json()["data"]}
    assert set(listed) == {"one", "two"} and listed["two"]["stages"] == ["video"]
    run = server.http.get(f"/api/runs/{listed['one']['id']}").json()
    (stage,) = run["stages"]
    assert stage["curves"]["loss"] == [[8 * n, pytest.approx(1 / (8 * n))] for n in range(1, 6)]
    assert stage["curves"]["rate"] == [[8 * n, pytest.approx(0.005)] for n in range(1, 6)]
    assert stage["last"]["samples"] == 40 and stage["is_live"] and not stage["is_finished"] and stage["damaged"] == 0
    assert stage["seconds_left"] == 4.0  # 40 samples at 10 a second, sooner than the budget of 100 s
    assert [sheet["samples"] for sheet in stage["previews"]] == [8, 40]
    picture = server.http.get(stage["previews"][1]["url"])
    assert picture.content == (runs / "one" / "previews" / "image-000000040.png").read_bytes()
    with open(runs / "one" / "image" / "log.jsonl", "a") as log:
        log.write(line(48) + '{"samples": 56, "los')  # the second is still being written
    (stage,) = server.http.get(f"/api/runs/{listed['one']['id']}").json()["stages"]
    assert stage["last"]["samples"] == 48 and stage["damaged"] == 0
    (other,) = server.http.get(f"/api/runs/{listed['two']['id']}").json()["stages"]
    assert other["is_finished"] and not other["is_live"] and other["seconds_left"] == 0


def test_what_no_run_has_is_not_there(server: Served):
    ident = server.http.get("/api/runs").json()["data"][0]["id"]
    for path in (
        "x",
        f"{ident}/previews/image-1.png",
        f"{ident}/previews/..%2Fimage%2Fmachine.json",
        f"{ident}/previews/machine.json",
    ):
        assert server.http.get(f"/api/runs/{path}").status_code == 404, path


def test_links_lead_nowhere(tmp_path: Path):
    secret = make_run(tmp_path / "secret")
    shown = make_run(tmp_path / "shown" / "run")
    (tmp_path / "shown" / "link").symlink_to(secret)
    (shown / "video").symlink_to(secret / "image")
    (shown / "previews" / "image-000000099.png").symlink_to(secret / "image" / "machine.json")
    (shown / "clip").mkdir()
    (shown / "clip" / "log.jsonl").symlink_to(secret / "image" / "log.jsonl")
    (run,) = find_runs([tmp_path / "shown"])
    assert run.stages == ("image",) and show_run(run)["stages"][0]["previews"][-1]["samples"] == 40
    with pytest.raises(Refusal):
        read_preview(run, "image-000000099.png")
    assert find_runs([shown]) == find_runs([tmp_path / "shown"]) or find_runs([shown])[0].id == run.id
    with pytest.raises(Refusal):
        find_run([tmp_path / "shown"], "0" * 16)


def test_a_damaged_log_is_said_and_the_rest_is_shown(tmp_path: Path):
    run = make_run(tmp_path / "run")
    broken = [
        "nonsense\n",
        '{"samples": "x"}\n',
        "[]\n",
        line(48, loss=float("nan")),
        "\0\0\0\n",
        '{"loss": 1}\n',
        line(56),
    ]
    with open(run / "image" / "log.jsonl", "ab") as log:
        log.write("".join(broken).encode() + b"\xff\xfe\n")
    (run / "image" / "machine.json").write_text("{")
    (stage,) = show_run(find_runs([tmp_path])[0])["stages"]
    assert stage["damaged"] == 8 and stage["last"]["samples"] == 56 and stage["seconds_left"] is None
    json.dumps(stage, allow_nan=False)


def test_a_run_that_went_on_from_an_earlier_state_is_one_curve():
    rows, damaged = read_lines([line(8), line(16), line(24), line(16, loss=9.0), line(24, loss=8.0)])
    assert [row["samples"] for row in rows] == [8, 16, 24] and rows[1]["loss"] == 9.0 and damaged == 0


def test_long_curves_are_thinned_to_means():
    points = [(float(n), float(n % 2)) for n in range(10 * MAX_POINTS)]
    thinned = thin(points)
    assert len(thinned) == MAX_POINTS and all(value == 0.5 for _, value in thinned) and thinned[-1][0] == points[-1][0]
    assert thin([]) == [] and thin([(1.0, 2.0)]) == [[1.0, 2.0]]


def test_an_old_run_is_not_running(tmp_path: Path):
    run = make_run(tmp_path / "run")
    old = time.time() - 3600
    os.utime(run / "image" / "log.jsonl", (old, old))
    (stage,) = show_run(find_runs([tmp_path])[0])["stages"]
    assert not stage["is_live"] and stage["idle_seconds"] >= 3600


def test_the_screen_of_runs_is_live(server: Served, runs: Path):
    sync_api = pytest.importorskip("playwright.sync_api")
    from test_serve_page import CHROMIUM, PHONE, opened

    if CHROMIUM is None:
        pytest.skip("no chromium")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    expect = sync_api.expect
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        with opened(browser, server, shape={**PHONE, "viewport": {"width": 320, "height": 640}}) as page:
            page.locator("#to-runs").click()
            page.select_option("#run", label="one")
            expect(page.locator(".plot")).to_have_count(3)
            expect(page.locator(".sheets img")).to_have_count(2)
            with open(runs / "one" / "image" / "log.jsonl", "a") as log:
                log.write('e": 1}\n' + line(72) + "<img src=x onerror=alert(1)>\n")
            expect(page.locator("#state-image")).to_contain_text("72 samples")
            expect(page.locator(".stage-run .refused")).to_have_text(
                "One line of its log or its machine.json is damaged and left out"
            )
            page.locator("summary", has_text="Last lines").click()
            expect(page.locator("pre")).to_contain_text("<img src=x onerror=alert(1)>")
            assert page.evaluate("document.documentElement.scrollWidth") == 320
            found = axe.run(page).response["violations"]
            assert not found, [(one["id"], one["nodes"][0]["html"][:200]) for one in found]
        browser.close()
