"""Favourites, boards and several at once in the library, in a real browser."""

import zipfile
from collections.abc import Iterator

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import Browser, Page, expect

from serving import Served, served
from test_serve_page import CHROMIUM, PHONE, browser, opened

__all__ = ["browser"]  # the fixture
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("library-page") / "data") as one:
        for prompt in ("a lake", "a fox", "a hill", "a road"):
            one.wait(one.make(prompt))
        yield one


def tiles(page: Page, number: int) -> None:
    expect(page.locator("#grid li")).to_have_count(number)


def test_a_star_stays(browser: Browser, server: Served):
    with opened(browser, server, "/#library") as page:
        tiles(page, 4)
        page.locator("#grid a").first.click()
        expect(page.locator("#viewer [data-star]")).to_have_attribute("aria-pressed", "false")
        page.keyboard.press("f")
        expect(page.locator("#viewer [data-star]")).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("Escape")
        expect(page.locator("#grid .starred")).to_have_count(1)
        page.reload()
        expect(page.locator("#grid .starred")).to_have_count(1)
        page.select_option("#library-board", "favourites")
        tiles(page, 1)
        expect(page.locator("#grid img")).to_have_attribute("alt", "a road")


def test_keys_in_the_grid(browser: Browser, server: Served):
    """Arrow keys go from tile to tile, F stars the one that has the focus, and the focus stays where it is."""
    before = server.http.get("/api/boards/favourites").json()["results"]
    with opened(browser, server, "/#library", {"viewport": {"width": 320, "height": 600}}) as page:
        tiles(page, 4)
        focused = page.locator("#grid a:focus img")
        page.locator("#grid a").first.focus()
        for key, prompt in (
            ("ArrowRight", "a hill"),
            ("ArrowRight", "a fox"),
            ("ArrowDown", "a lake"),
            ("ArrowUp", "a road"),
        ):
            page.keyboard.press(key)
            expect(focused).to_have_attribute("alt", prompt)
        page.keyboard.press("ArrowRight")
        page.keyboard.press("f")
        expect(page.locator("#grid li:has(a:focus) .starred")).to_have_count(1)
        expect(page.locator("#announce")).to_have_text("Put among the favourites")
        expect(focused).to_have_attribute("alt", "a hill")
        page.keyboard.press("f")
        expect(page.locator("#grid li:has(a:focus) .starred")).to_have_count(0)
    assert server.http.get("/api/boards/favourites").json()["results"] == before


def test_a_board_is_renamed_in_its_place(browser: Browser, server: Served):
    board, other = (server.http.post("/api/boards", json={"name": name}).json()["id"] for name in ("Wods", "Lakes"))
    with opened(browser, server, "/#library") as page:
        page.select_option("#library-board", board)
        expect(page.locator("#library-empty h2")).to_have_text("This board is empty")
        page.get_by_role("button", name="Rename this board").press("Enter")
        expect(page.locator("#new-name")).to_be_focused()
        page.keyboard.type("Lakes")
        page.keyboard.press("Enter")
        expect(page.locator("#name-refused")).to_have_text("There is a board 'Lakes' already; take another name.")
        expect(page.locator("#new-name")).to_have_attribute("aria-invalid", "true")
        page.fill("#new-name", " ")
        page.keyboard.press("Enter")
        expect(page.locator("#name-refused")).to_have_text("A board needs a name; write a word or two.")
        page.fill("#new-name", "<b>Woods</b>")
        expect(page.locator("#name-refused")).to_be_empty()
        page.keyboard.press("Enter")
        expect(page.locator("#library-board option:checked")).to_have_text("<b>Woods</b> (0)")
        expect(page.locator("#name-board")).to_be_focused()
        page.keyboard.press("Enter")
        page.keyboard.type("nothing")
        page.keyboard.press("Escape")
        expect(page.locator("#name-board")).to_be_focused()
        assert server.http.get(f"/api/boards/{board}").json()["name"] == "<b>Woods</b>"
    for one in (board, other):
        server.http.delete(f"/api/boards/{one}")


def test_what_is_searched_for_is_not_there(browser: Browser, server: Served):
    with opened(browser, server, "/#library") as page:
        tiles(page, 4)
        page.select_option("#library-style", "watercolor")
        tiles(page, 0)
        expect(page.locator("#library-empty h2")).to_have_text("Nothing found")
        page.get_by_role("button", name="Show everything").click()
        tiles(page, 4)
        expect(page.locator("#search")).to_be_focused()
        expect(page.locator("#library-style")).to_have_value("")


def test_several_are_saved_put_on_a_board_and_deleted(browser: Browser, server: Served):
    with opened(browser, server, "/#library") as page:
        tiles(page, 4)
        page.locator("#grid a").nth(0).click(modifiers=["Shift"])
        page.locator("#grid a").nth(2).click(modifiers=["Shift"])
        expect(page.locator("#selected")).to_have_text("3 selected")
        with page.expect_download() as saved:
            page.locator("#selection").get_by_role("button", name="Save").click()
        with zipfile.ZipFile(saved.value.path()) as archive:
            assert sorted(archive.namelist()) == ["a-fox-1.png", "a-hill-1.png", "a-road-1.png"]
        page.select_option("#to-board", "new board")
        page.fill("#new-board input", "<b>Best</b>")
        page.keyboard.press("Enter")
        expect(page.locator("#selection")).to_be_hidden()
        page.select_option("#library-board", label="<b>Best</b> (3)")
        tiles(page, 3)
        page.locator("#choose").click()
        page.locator("#grid a").first.click()
        page.locator("#off-board").click()
        tiles(page, 2)
        page.select_option("#library-board", "")
        tiles(page, 4)
        page.locator("#choose").click()
        for place in (0, 1):
            page.locator("#grid a").nth(place).focus()
            page.keyboard.press("Enter")
        page.locator("#selection").get_by_role("button", name="Delete").click()
        tiles(page, 2)
        page.get_by_role("button", name="Undo").click()
        tiles(page, 4)
        assert len(server.http.get("/api/items").json()["data"]) == 4
        page.locator("#choose").click()
        page.locator("#grid a").first.click()
        page.locator("#selection").get_by_role("button", name="Delete").click()
        tiles(page, 3)
    assert len(server.http.get("/api/items").json()["data"]) == 3  # leaving the page ends the time to undo


def test_selecting_on_a_phone(browser: Browser, server: Served):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with opened(browser, server, "/#library", {**PHONE, "viewport": {"width": 320, "height": 640}}) as page:
        tiles(page, 3)
        box = page.locator("#grid a").first.bounding_box()
        assert box is not None
        finger = {"pointerType": "touch", "clientX": box["x"] + 9, "clientY": box["y"] + 9}
        page.locator("#grid a").first.dispatch_event("pointerdown", finger)
        expect(page.locator("#selected")).to_have_text("1 selected")
        page.locator("#grid a").first.dispatch_event("pointerup", finger)
        page.locator("#grid a").first.dispatch_event("click")  # that of the long press itself
        page.locator("#grid a").nth(1).tap()
        expect(page.locator("#selected")).to_have_text("2 selected")
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        found = axe.run(page).response["violations"]
        assert not found, [(one["id"], one["nodes"][0]["html"][:200]) for one in found]
        page.keyboard.press("Escape")
        expect(page.locator("#selection")).to_be_hidden()
