"""First use of a model that is not on this disk, in a real browser; the test plays the process that fetches."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

for library in ("fastapi", "uvicorn", "prometheus_client", "httpx", "playwright"):
    pytest.importorskip(library)

from playwright.sync_api import Browser, Page, expect

from checkpoint_server import PlayedServer, played
from mutoscope.hub.known import known_models
from test_serve_page import CHROMIUM, DESKTOP, PHONE, browser, opened

__all__ = ["browser"]  # the fixture
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium")
GB = 10**9
SMALL_PHONE: dict[str, Any] = {**PHONE, "viewport": {"width": 320, "height": 640}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayedServer]:
    with played(tmp_path_factory.mktemp("checkpoints")) as one:
        yield one


def visited(browser: Browser, server: PlayedServer, **settings: Any) -> contextlib.AbstractContextManager[Page]:
    """A page of a fresh browser profile; all that is needed of a server is its address."""
    return opened(browser, cast(Any, server), **settings)


def panel(page: Page, name: str) -> Any:
    """Choose a model that is not drawn with yet, and return its panel."""
    expect(page.locator(f"option[data-offer='{name}']")).to_have_count(1)
    page.select_option("#model", f"offer:{name}")
    found = page.locator("#checkpoint")
    expect(found).to_be_visible()
    return found


def test_from_a_name_to_a_model_that_draws(browser: Browser, server: PlayedServer):
    row = known_models()["sd15"]
    with visited(browser, server, shape=DESKTOP) as page:
        box = panel(page, "sd15")
        for words in (row.licence, "2.7 GB", "5.4 GB on a CPU", row.repository):
            expect(box).to_contain_text(words)
        assert not server.asked and page.input_value("#model") == "fake"  # nothing is fetched by looking at it
        box.get_by_role("button", name="Download 2.7 GB").dblclick()
        expect(box).to_contain_text("Asking what there is to fetch")
        assert server.asked == [("sd15", False)]
        server.say("plan", {"bytes": 2 * GB, "to_fetch": 2 * GB, "licence": "x"})
        server.say("step", GB // 2, 2 * GB, 90.0)
        expect(box).to_contain_text("500 MB of 2.0 GB, 2 min left")
        expect(box.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "25")
        box.get_by_role("button", name="Draw meanwhile").click()
        expect(page.locator("#fetching")).to_have_text("sd15 25 %")
        page.reload()  # and after it the page knows
        expect(page.locator("#fetching")).to_have_text("sd15 25 %")
        page.locator("#fetching").click()
        server.bring("sd15")
        server.say("done")
        server.fetcher.end()
        expect(page.locator("#model")).to_have_value(row.repository)
        expect(box).to_be_hidden()
        page.fill("#prompt", "a lake")
        page.keyboard.press("Enter")
        expect(page.locator("#strip .thumb")).to_have_count(1)
        assert server.http.get("/api/jobs").json()["data"][0]["model"] == row.repository


def test_cancel_and_a_failure_in_a_sentence(browser: Browser, server: PlayedServer):
    with visited(browser, server) as page, visited(browser, server) as other:
        box = panel(page, "sdxl")
        box.get_by_role("button", name="Download 6.9 GB").click()
        there = panel(other, "sd-turbo")
        expect(there).to_contain_text("sdxl is being downloaded; one model comes at a time.")
        box.get_by_role("button", name="Cancel").click()
        assert server.fetcher.is_told_to_stop()
        expect(box.get_by_role("button", name="Cancel")).to_be_disabled()
        server.fetcher.end()
        expect(box.get_by_role("button", name="Download 6.9 GB")).to_be_enabled()
        expect(there.get_by_role("button", name="Download 2.6 GB")).to_be_visible()  # the other page hears of it
        box.get_by_role("button", name="Download 6.9 GB").click()
        expect(box).to_contain_text("Asking what there is to fetch")
        server.say("failed", "the connection to https://huggingface.co was lost or never came about; try again")
        server.fetcher.end()
        expect(box.get_by_role("alert")).to_contain_text("The connection to https://huggingface.co was lost")
        expect(box.get_by_role("button", name="Download 6.9 GB")).to_be_visible()
        page.keyboard.press("Escape")
        expect(box).to_be_hidden()
        expect(page.locator("#model")).to_be_focused()


def test_a_size_that_nobody_has_written_down(browser: Browser, server: PlayedServer):
    with visited(browser, server) as page:
        box = panel(page, "sana")
        box.get_by_role("button", name="Ask for the size").click()
        expect(box).to_contain_text("Asking what there is to fetch")
        assert server.asked[-1] == ("sana", True)
        server.say("plan", {"bytes": 13 * GB, "to_fetch": 13 * GB, "licence": "x"})
        server.say("done")
        server.fetcher.end()
        expect(box.get_by_role("button", name="Download 13.0 GB")).to_be_visible()


def test_what_cannot_be_had_is_said_in_words(browser: Browser, server: PlayedServer):
    server.missing = "torch"
    try:
        with visited(browser, server) as page:
            box = panel(page, "wan")
            expect(box).to_contain_text("pip install 'mutoscope[hub]', then start the server again.")
            expect(box.get_by_role("button")).to_have_text(["Close"])
    finally:
        server.missing = ""
    server.bring("lcm")
    server.refused = "the model needs about 33.7 GB of memory, 16 GB are free here"
    try:
        with visited(browser, server) as page:
            box = panel(page, "lcm")
            expect(box.get_by_role("alert")).to_contain_text("33.7 GB of memory")
            expect(box.get_by_role("button", name="Use it")).to_be_visible()
            server.refused = ""
            box.get_by_role("button", name="Use it").click()
            expect(page.locator("#model")).to_have_value(known_models()["lcm"].repository)
    finally:
        server.refused = ""


@pytest.mark.parametrize(("scheme", "shape"), [("light", DESKTOP), ("dark", SMALL_PHONE)])
def test_nobody_is_left_out(browser: Browser, server: PlayedServer, scheme: str, shape: dict[str, Any], tmp_path: Path):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with visited(browser, server, shape=shape, color_scheme=scheme, reduced_motion="reduce") as page:
        expect(page.locator("#model")).to_be_visible()
        assert not axe.run(page).response["violations"]  # the list of models itself
        box = panel(page, "flux-dev")
        for state in ("offered", "downloading", "failed"):
            if state == "downloading":
                box.get_by_role("button", name="Download 33.7 GB").click()
                expect(box).to_contain_text("Asking what there is to fetch")
                server.say("step", 12 * GB, 34 * GB, 4000.0)
                expect(box).to_contain_text("12.0 GB of 34.0 GB")
            elif state == "failed":
                server.say(
                    "failed", "the disk of /home/somebody/.cache/huggingface/hub is full; make room and try again"
                )
                server.fetcher.end()
                expect(box.get_by_role("alert")).to_contain_text("make room")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            found = axe.run(page).response["violations"]
            assert not found, (state, [(one["id"], one["nodes"][0]["html"][:200]) for one in found])
        assert box.evaluate("e => e.scrollWidth <= e.clientWidth")
        page.screenshot(path=tmp_path / "panel.png")
