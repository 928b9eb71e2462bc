"""The arena in a real browser: keys, names after the vote, ratings; and nobody is left out."""

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import Browser, Page, expect

from serving import Served, served
from test_serve_page import CHROMIUM, PHONE, browser, opened

__all__ = ["browser"]  # the fixture
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium")
TWO_STEPS = "fake, 2 steps"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("arena-page") / "data") as one:
        yield one


def counts(server: Served) -> dict[str, Any]:
    return server.http.get("/api/arena/contests").json()["data"][0]


def wait_for_pair(page: Page, before: str | None = None) -> str:
    """Wait for a pair that can be voted on, another than `before`; return its id."""
    page.wait_for_function(
        "before => ![undefined, before].includes(document.querySelector('#duel')?.dataset.ready)", arg=before
    )
    return str(page.locator("#duel").get_attribute("data-ready"))


def test_a_comparison_by_keys_alone(browser: Browser, server: Served):
    with opened(browser, server, "/#arena") as page:
        page.locator(".contestants [name=num_inference_steps]").nth(1).fill("2")
        page.locator("[name=prompts]").fill("a lake\n<img src=x onerror=alert(1)>\na hill\na fox")
        page.get_by_role("button", name="Begin").click()
        pair = None
        for key, winner in (("a", "left"), ("B", "right"), ("t", "tie"), ("s", "skip")):
            pair = wait_for_pair(page, pair)
            assert TWO_STEPS not in page.locator("#duel").inner_text()  # no name before the vote
            page.keyboard.press(key)
            page.keyboard.press(key)  # a second press is no second vote
            if winner != "skip":
                expect(page.locator("#duel figcaption", has_text=TWO_STEPS)).to_have_count(1)
            expect(page.locator("#duel .is-better")).to_have_count(1 if winner in ("left", "right") else 0)
        expect(page.locator("#duel p")).to_have_text("Every pair has its vote")
        assert (counts(server)["votes"], counts(server)["skipped"]) == (3, 1)
        assert (counts(server)["left_wins"], counts(server)["right_wins"]) == (1, 1)
        expect(page.locator("#ratings tbody tr")).to_have_count(2)
        expect(page.locator("#ratings tbody tr").first).to_contain_text("too few votes to say")
        with page.expect_download() as saved:
            page.get_by_role("link", name="Save the votes").click()
        assert saved.value.path().read_text().count("\n") == 3
        page.reload()
        expect(page.locator("#arena-said")).to_have_text("3 of 3 votes, 1 skipped")


def test_comparisons_of_the_same_have_names_of_their_own(browser: Browser, server: Served):
    body = {"contestants": [{}, {"num_inference_steps": 3}], "prompts": ["a lake"]}
    for _ in range(2):
        server.http.post("/api/arena/contests", json=body)
    with opened(browser, server, "/#arena") as page:
        options = page.locator("#contest option")
        expect(options.filter(has_text="3 steps")).to_have_count(2)
        names = options.all_inner_texts()
        assert len(names) == len(set(names)) and all("3 steps, " in name for name in names if "3 steps" in name)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_arena_leaves_nobody_out(browser: Browser, server: Served, scheme: str):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    body = {"contestants": [{}, {"num_inference_steps": 2}], "prompts": ["a " + "long" * 60], "kind": "video"}
    server.http.post("/api/arena/contests", json=body)
    small = {**PHONE, "viewport": {"width": 320, "height": 640}}
    with opened(browser, server, "/#arena", small, color_scheme=scheme, reduced_motion="reduce") as page:
        wait_for_pair(page)
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        for place in ("pair", "form"):
            if place == "form":
                page.get_by_role("button", name="New comparison").click()
                expect(page.locator(".contestants li")).to_have_count(2)
            assert page.evaluate("document.documentElement.scrollWidth") == 320
            found = axe.run(page).response["violations"]
            assert not found, (place, [(one["id"], one["nodes"][0]["html"][:200]) for one in found])
