"""The page in a real browser: what people do with it, on a server whose engine draws noise."""

import base64
import contextlib
import io
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

for library in ("fastapi", "uvicorn", "prometheus_client", "httpx", "playwright"):
    pytest.importorskip(library)

from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect, sync_playwright

from serving import Served, served

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium")
DESKTOP: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
SECONDS = 60_000  # milliseconds that something may take on a busy machine
BUDGET = 300_000  # bytes of a first visit
expect.set_options(timeout=SECONDS / 3)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("page") / "data") as one:
        yield one


@pytest.fixture(autouse=True)
def empty(request: pytest.FixtureRequest) -> None:
    """Begin each test with nothing made."""
    if "server" in request.fixturenames:
        http = request.getfixturevalue("server").http
        while jobs := http.get("/api/jobs?limit=200").json()["data"]:
            for job in jobs:
                http.delete(f"/api/jobs/{job['id']}")


@contextlib.contextmanager
def opened(
    browser: Browser, server: Served, path: str = "/", shape: dict[str, Any] | None = None, **settings: Any
) -> Iterator[Page]:
    """A page of a fresh browser profile; nothing may be complained of, and nothing asked elsewhere."""
    context = browser.new_context(**(shape or DESKTOP), **settings)
    page = context.new_page()
    complaints = watch(page, server)
    page.goto(path if path == "about:blank" else server.base + path)
    yield page
    context.close()
    assert not complaints


def is_complaint(said: ConsoleMessage) -> bool:
    """Whether the console tells of a mistake; a refused order is none, nor is a job that ended before it could be stopped."""
    return said.type in ("error", "warning") and not any(f"status of {code}" in said.text for code in (409, 422))


def watch(page: Page, server: Served) -> list[str]:
    complaints: list[str] = []
    page.set_default_timeout(SECONDS)
    page.on("console", lambda said: complaints.append(said.text) if is_complaint(said) else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda asked: None if asked.url.startswith((server.base, "data:", "blob:")) else complaints.append(asked.url),
    )
    return complaints


def draw(page: Page, prompt: str) -> None:
    page.fill("#prompt", prompt)
    page.click("#draw")


def wait_for_results(page: Page, number: int = 1) -> None:
    expect(page.locator("#strip .thumb img")).to_have_count(number, timeout=SECONDS)


def last_request(server: Served) -> dict[str, Any]:
    return server.http.get("/api/jobs?limit=1").json()["data"][0]["results"][-1]["request"]


def put_file(page: Page, data: bytes, kind: str = "image/png") -> None:
    """Drop a file on the page."""
    handle = page.evaluate_handle(
        """([bytes, kind]) => { const all = new DataTransfer();
        all.items.add(new File([new Uint8Array(bytes)], "dropped", { type: kind })); return all; }""",
        [list(data), kind],
    )
    page.dispatch_event("body", "drop", {"dataTransfer": handle})


def plain_png(width: int = 64, height: int = 64) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (width, height), (40, 90, 160)).save(target, "PNG")
    return target.getvalue()


def test_from_words_to_a_picture_and_after_a_reload(browser: Browser, server: Served):
    with opened(browser, server) as page:
        expect(page.locator(".examples button")).to_have_count(3)
        draw(page, "a lake <img src=x onerror=alert(1)>")
        wait_for_results(page)
        expect(page.locator(".said-prompt")).to_have_text("a lake <img src=x onerror=alert(1)>")
        assert page.locator("#stage img[alt^='a lake']").evaluate("e => e.complete && e.naturalWidth") == 256
        page.reload()
        wait_for_results(page)
        assert page.input_value("#prompt") == "a lake <img src=x onerror=alert(1)>"


def test_pictures_appear_while_typing_and_the_order_is_what_was_seen(browser: Browser, server: Served):
    with opened(browser, server) as page:
        asked: list[dict[str, Any]] = []
        page.on(
            "request", lambda one: asked.append(json.loads(one.post_data or "")) if "/api/live" in one.url else None
        )
        page.locator("#prompt").press_sequentially("a hill")
        page.wait_for_timeout(400)
        assert not asked  # off where the model is not the one of the package
        page.locator("#live").check()
        page.locator("#prompt").press_sequentially(" with a tree", delay=20)
        picture = page.locator("#stage img.live-picture")
        expect(picture).to_be_visible()
        expect(page.locator("#bar .facts")).to_contain_text("As it will be drawn")  # typing rests
        assert asked[-1]["prompt"] == "a hill with a tree" and not asked[-1]["sketch"] and asked[-2]["sketch"]
        assert len({one["seed"] for one in asked}) == len({one["page"] for one in asked}) == 1
        assert server.http.get("/api/jobs").json()["data"] == [] and page.locator("#strip .thumb").count() == 0
        page.keyboard.press("Enter")
        wait_for_results(page)
        expect(picture).to_have_count(0)
        assert last_request(server)["seed"] == asked[-1]["seed"]
        number = len(asked)
        page.locator(".kinds label", has_text="Clip").first.click()
        expect(page.locator("#live")).to_be_disabled()
        expect(page.locator("#live-why")).not_to_be_empty()
        page.locator("#prompt").press_sequentially(" by a lake")
        page.reload()
        page.locator(".kinds label", has_text="Picture").first.click()
        expect(page.locator("#live")).to_be_checked()  # the browser remembers
        page.wait_for_timeout(400)
        assert len(asked) == number + 1 and asked[-1]["prompt"].endswith("by a lake")
        assert asked[-1]["seed"] != asked[0]["seed"]  # what was drawn is not drawn again


def test_settings_reach_the_server(browser: Browser, server: Served):
    with opened(browser, server) as page:
        page.locator(".tile", has_text="Watercolor").click()
        page.locator(".size", has_text="Landscape").click()
        page.fill("#seed", "7")
        page.select_option("#count", "2")
        page.locator("summary").click()
        page.fill("#num_inference_steps", "3")
        page.fill("#negative_prompt", "people")
        draw(page, "a hill")
        wait_for_results(page, 2)
        request = last_request(server)
        assert (request["seed"], request["num_inference_steps"], request["negative_prompt"]) == (8, 3, "people")
        assert request["width"] > request["height"] and request["styles"][0]["name"] == "watercolor"


def test_a_refusal_marks_the_field_and_mends_it(browser: Browser, server: Served):
    with opened(browser, server) as page:
        page.locator(".size", has_text="Pixels").click()
        page.fill("#width", "100")
        page.fill("#height", "100")
        draw(page, "a hill")
        expect(page.locator("#refused")).to_contain_text("100")
        expect(page.locator("#width")).to_have_attribute("aria-invalid", "true")
        page.locator("#refused").get_by_role("button", name="Use 112").click()
        wait_for_results(page)
        assert (last_request(server)["width"], last_request(server)["height"]) == (112, 96)


def test_a_refusal_speaks_as_the_page_does_and_more_is_a_sheet_on_a_phone(browser: Browser, server: Served):
    with opened(browser, server, shape=PHONE, reduced_motion="reduce") as page:
        page.locator("summary").click()
        expect(page.locator("#fold-more")).to_be_focused()
        sheet = page.locator("#more-fields").bounding_box()
        assert sheet and round(sheet["y"] + sheet["height"]) == 844
        page.fill("#num_inference_steps", "999")
        page.keyboard.press("Escape")
        expect(page.locator("summary")).to_be_focused()
        expect(page.locator("#more-set")).to_have_text("1 set")
        draw(page, "a hill")
        expect(page.locator("#refused span")).to_have_text("Steps must be at most 200; use 200.")
        expect(page.locator("#more-fields")).to_be_hidden()  # it would lie over the words
        page.locator("#refused").get_by_role("button", name="Use 200").click()
        wait_for_results(page)
        page.evaluate("() => scrollTo(0, document.body.scrollHeight)")
        expect(page.locator("summary")).to_be_in_viewport()
        expect(page.locator("#draw")).to_be_in_viewport()  # in reach, wherever one is


def test_what_is_read_stands_under_the_prompt(browser: Browser, server: Served):
    with opened(browser, server) as page:
        said = {"read": ["lake", "<b>dawn</b>"], "unknown": [f"word{number}" for number in range(10)]}
        page.route("**/api/read", lambda route: route.fulfill(json=said))
        stage = page.locator("#stage").bounding_box()
        page.locator("#prompt").press_sequentially("a lake")
        words = "Not known: " + " · ".join(said["unknown"][:8]) + ", and 2 more"
        expect(page.locator("#read span")).to_have_text(["Read: lake · <b>dawn</b>", words])
        assert page.locator("#stage").bounding_box() == stage  # it does not jump
        page.fill("#prompt", "")
        expect(page.locator("#read")).to_be_empty()


def test_progress_stop_and_a_reload_meanwhile(browser: Browser, server: Served):
    with opened(browser, server) as page:
        page.select_option("#count", "12")
        draw(page, "slow lake")
        expect(page.locator("#stop")).to_be_visible()
        page.reload()
        expect(page.locator("#stop")).to_be_visible()
        expect(page.locator("#progress-words")).not_to_be_empty()
        page.click("#stop")
        expect(page.locator("#stop")).to_be_hidden(timeout=SECONDS)
        states = [job["state"] for job in server.http.get("/api/jobs").json()["data"]]
        assert states[0] == "cancelled" and {*states} <= {"done", "cancelled"}


def test_an_old_list_does_not_undo_what_was_heard(browser: Browser, server: Served):
    job = server.make("slow lake", n=12)  # longer than a busy machine takes to show the page
    with opened(browser, server, "about:blank") as page:
        asked: list[str] = []

        def answer_late(route: Route) -> None:
            answer = route.fetch()
            asked.append(route.request.url)
            if len(asked) == 2:  # the one that the stream asks for when it opens; it says that the job runs
                server.http.post(f"/api/jobs/{job}/cancel", json={})
                time.sleep(0.5)
            route.fulfill(response=answer)

        page.route("**/api/jobs?*", answer_late)
        page.goto(server.base)
        while len(asked) < 2:
            page.wait_for_timeout(50)
        page.wait_for_timeout(300)  # the old list has been read
        expect(page.locator("#stop")).to_be_hidden()
        assert server.job(job)["state"] == "cancelled"
        page.unroute_all(behavior="ignoreErrors")


def test_the_last_picture_stays_until_there_is_another(browser: Browser, server: Served):
    with opened(browser, server) as page:
        draw(page, "a lake")
        wait_for_results(page)
        draw(page, "slow hill")
        expect(page.locator("#stage img")).to_be_visible()
        expect(page.locator("#stage img.preview")).to_be_visible()
        wait_for_results(page, 2)


def test_two_tabs_share_one_stream_and_the_server_may_restart(browser: Browser, tmp_path: Path):
    with served(tmp_path / "data") as server:
        context = browser.new_context(**DESKTOP)
        pages = [context.new_page() for _ in range(7)]
        for page in pages:
            page.set_default_timeout(SECONDS)
            page.goto(server.base)
            expect(page.locator("#prompt")).to_be_visible()
        metrics = server.http.get("/metrics").text
        streams = [line for line in metrics.splitlines() if "stream" in line and not line.startswith("#")]
        assert streams and float(streams[0].split()[-1]) == 1, streams
        pages[0].close()  # the one that read the stream
        draw(pages[6], "a lake")
        for page in pages[1:]:
            wait_for_results(page)
        port = server.port
        server.end()
        expect(pages[3].locator("#gone")).to_be_visible()
        with served(tmp_path / "data", port=port):
            expect(pages[3].locator("#gone")).to_be_hidden()
            draw(pages[4], "a hill")
            for page in pages[2:4]:
                wait_for_results(page, 2)
        context.close()


def test_a_dropped_picture_gives_its_settings_back(browser: Browser, server: Served):
    job = server.wait(server.make("a castle", seed=42, style="comic"))
    data = server.http.get(job["results"][0]["url"]).content
    with opened(browser, server) as page:
        wait_for_results(page)
        put_file(page, data)
        page.get_by_role("button", name="Use its settings").click()
        assert (page.input_value("#prompt"), page.input_value("#seed"), page.input_value("#width")) == (
            "a castle",
            "42",
            "32",
        )
        assert page.locator("input[name=style]:checked").input_value() == "comic"
        page.click("#draw")
        wait_for_results(page, 2)
    again = server.http.get("/api/jobs?limit=1").json()["data"][0]["results"][0]
    assert server.http.get(again["url"]).content == data


def test_a_mask_has_the_pixels_of_the_picture(browser: Browser, server: Served):
    with opened(browser, server) as page:
        orders: list[dict[str, Any]] = []
        page.on(
            "request",
            lambda asked: (
                orders.append(json.loads(asked.post_data or ""))
                if asked.method == "POST" and asked.url.endswith("/api/jobs")
                else None
            ),
        )
        put_file(page, plain_png(96, 64))
        page.get_by_role("button", name="Paint a mask").click()
        box = page.locator("canvas.mask").bounding_box()
        assert box and abs(box["width"] / box["height"] - 1.5) < 0.02
        page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.5)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.5, steps=6)
        page.mouse.up()
        page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.5)
        page.keyboard.down("Control")
        page.mouse.wheel(0, -139)  # twice as near, around this point
        page.keyboard.up("Control")
        near = page.locator("canvas.mask").bounding_box()
        assert near and abs(near["width"] / box["width"] - 2) < 0.05
        assert abs(near["x"] + near["width"] * 0.75 - box["x"] - box["width"] * 0.75) < 2
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.76, box["y"] + box["height"] * 0.5, steps=3)
        page.mouse.up()
        page.locator("#start").get_by_role("button", name="Done").click()
        page.wait_for_timeout(500)  # it is kept after a moment
        page.reload()
        expect(page.locator(".start-words")).to_have_text("Changes where you painted")
        draw(page, "a hill")
        wait_for_results(page)
        page.get_by_role("button", name="Compare").click()
        page.get_by_label("Before on the left").press("Home")
        assert (
            page.locator(".compare .before")
            .evaluate("one => getComputedStyle(one).clipPath")
            .startswith("inset(0px 100%")
        )
        mask = page.evaluate(
            """async (address) => { const image = new Image(); image.src = address; await image.decode();
            const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
            const pen = canvas.getContext("2d", { willReadFrequently: true }); pen.drawImage(image, 0, 0);
            const at = (x, y) => pen.getImageData(x, y, 1, 1).data[0];
            return [image.width, image.height, at(26, 32), at(72, 32), at(50, 32), at(90, 32)]; }""",
            orders[0]["mask_image"],
        )
        assert mask == [96, 64, 255, 255, 0, 0]
        assert last_request(server)["mask_hash"]


def test_a_clip_plays(browser: Browser, server: Served):
    with opened(browser, server) as page:
        page.locator(".kinds label", has_text="Clip").first.click()
        page.fill("#duration_seconds", "0.5")
        draw(page, "waves")
        wait_for_results(page)
        expect(page.locator("#stage video")).to_be_visible()
        end = time.monotonic() + SECONDS / 1000
        while not page.locator("#stage video").evaluate("video => video.currentTime"):
            assert time.monotonic() < end
            page.wait_for_timeout(50)


def test_a_clip_plays_while_it_is_made(browser: Browser, server: Served):
    with opened(browser, server) as page:
        page.locator(".kinds label", has_text="Clip").first.click()
        page.fill("#duration_seconds", "0.5")
        draw(page, "slow slow waves")
        plays = page.locator("#stage img.plays")
        expect(plays).to_be_visible()
        data = base64.b64decode(str(plays.get_attribute("src")).partition("base64,")[2])
        assert getattr(Image.open(io.BytesIO(data)), "n_frames", 1) in (2, 4, 6, 8)
        wait_for_results(page)
        expect(page.locator("#stage video")).to_be_visible()


def test_library_search_arrow_keys_and_delete_with_undo(browser: Browser, server: Served):
    for number in range(3):
        server.wait(server.make(f"hill {number}"))
    server.wait(server.make("100% lake"))
    with opened(browser, server, "/#library") as page:
        expect(page.locator("#grid img")).to_have_count(4)
        page.fill("#search", "100%")
        expect(page.locator("#grid img")).to_have_count(1)
        page.fill("#search", "")
        expect(page.locator("#grid img")).to_have_count(4)
        page.locator("#grid a").first.click()
        expect(page.locator("#viewer .quote")).to_have_text("100% lake")
        page.keyboard.press("ArrowRight")
        expect(page.locator("#viewer .quote")).to_have_text("hill 2")
        page.reload()
        expect(page.locator("#viewer .quote")).to_have_text("hill 2")
        page.locator("#viewer").get_by_role("button", name="Delete").click()
        expect(page.locator("#viewer .quote")).to_have_text("hill 1")
        page.keyboard.press("Escape")
        expect(page.locator("#grid img")).to_have_count(3)
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("#grid img")).to_have_count(4)
        page.locator("#grid a").first.click()
        page.locator("#viewer").get_by_role("button", name="Delete").click()
    end = time.monotonic() + 10  # closing the page does not bring it back
    while server.http.get("/api/jobs").json()["data"][0]["prompt"] != "hill 2":
        assert time.monotonic() < end
        time.sleep(0.1)


def test_vary_and_settings_link(browser: Browser, server: Served):
    with opened(browser, server) as page:
        draw(page, "a lake")
        wait_for_results(page)
        seed = last_request(server)["seed"]
        page.keyboard.press("Tab")
        page.locator("#bar").get_by_role("button", name="Vary").click()
        wait_for_results(page, 2)
        request = last_request(server)
        assert (request["seed"], request["variation"]) == (seed, 0.25)
        page.goto(server.base + "/#settings=%7B%22prompt%22%3A%22a%20fox%22%2C%22seed%22%3A%225%22%7D")
        expect(page.locator("#prompt")).to_have_value("a fox")
        assert page.input_value("#seed") == "5"


def test_keyboard_alone(browser: Browser, server: Served):
    with opened(browser, server) as page:
        expect(page.locator("#prompt")).to_be_focused()
        page.keyboard.type("a lake")
        for _ in range(4):
            page.keyboard.press("Tab")
        expect(page.locator("#draw")).to_be_focused()
        page.focus("#seed")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#prompt")).to_be_focused()
        wait_for_results(page)
        page.locator("#draw").focus()
        page.keyboard.press("?")
        expect(page.locator("#keys")).to_be_visible()
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        expect(page.locator("#prompt")).to_be_focused()


def test_the_token_opens_the_page(browser: Browser, tmp_path: Path):
    with served(tmp_path / "data", "--host", "0.0.0.0") as server:
        context = browser.new_context(**DESKTOP)
        page = context.new_page()
        page.set_default_timeout(SECONDS)
        base = server.base.replace("0.0.0.0", "127.0.0.1")
        page.goto(base)
        page.fill("#token", "wrong")
        page.locator("#login button").click()
        expect(page.locator("#login-said")).not_to_be_empty()
        page.goto("about:blank")
        page.goto(f"{base}/#{server.address.partition('#')[2]}")
        expect(page.locator("#prompt")).to_be_visible()
        assert "token" not in page.url
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_left_out(browser: Browser, server: Served, scheme: str):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    server.wait(server.make("a lake"))
    with opened(browser, server, color_scheme=scheme, reduced_motion="reduce") as page:
        wait_for_results(page)
        page.locator("summary").click()
        put_file(page, plain_png())
        expect(page.locator("#start")).to_be_visible()
        for place in ("create", "mask", "library", "viewer", "keys"):
            if place == "mask":
                page.get_by_role("button", name="Paint a mask").click()
            elif place == "library":
                page.locator("#to-library").click()
                expect(page.locator("#grid img")).to_have_count(1)
            elif place == "viewer":
                page.locator("#grid a").click()
                expect(page.locator("#viewer")).to_be_visible()
            elif place == "keys":
                page.keyboard.press("Escape")
                page.keyboard.press("?")
            found = axe.run(page).response["violations"]
            assert not found, (place, [(one["id"], one["nodes"][0]["html"][:200]) for one in found])


@pytest.mark.parametrize("width", [320, 390, 899, 900, 1920])
def test_nothing_scrolls_sideways(browser: Browser, server: Served, width: int):
    server.wait(server.make("a" * 300))
    shape = (
        {**PHONE, "viewport": {"width": width, "height": 844}}
        if width < 900
        else {"viewport": {"width": width, "height": 900}}
    )
    with opened(browser, server, shape=shape) as page:
        wait_for_results(page)
        page.locator("summary").click()
        for path in ("#create", "#library"):
            page.evaluate("path => { location.hash = path; }", path)
            page.wait_for_timeout(200)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        if width < 900:
            small = page.evaluate(
                """() => [...document.querySelectorAll("button, select, a.plain")]
                .filter((one) => one.offsetParent && one.offsetHeight < 44).map((one) => one.outerHTML.slice(0, 80))"""
            )
            assert not small


def test_the_first_visit_is_small_and_the_second_smaller(browser: Browser, server: Served):
    context = browser.new_context(**DESKTOP)
    page = context.new_page()
    complaints = watch(page, server)
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(server.base)
    expect(page.locator("#prompt")).to_be_focused()
    page.wait_for_timeout(300)
    first = sum(sizes)
    sizes.clear()
    page.reload()
    expect(page.locator("#prompt")).to_be_focused()
    page.wait_for_timeout(300)
    context.close()
    assert 0 < first < BUDGET and sum(sizes) < first / 3, (first, sum(sizes))
    assert not complaints


def test_files_of_the_page_are_not_sent_twice(server: Served):
    answer = server.http.get("/page/main.js")
    again = server.http.get("/page/main.js", headers={"If-None-Match": answer.headers["etag"]})
    assert (answer.status_code, again.status_code, again.content) == (200, 304, b"")
    assert server.http.get("/page/..%2fpages.py").status_code == 404


def test_lists_are_searched_by_words_and_kind(server: Served):
    for prompt in ("a red lake", "a lake, red_1", "50% lake"):
        server.make(prompt)

    def found(**query: str) -> list[str]:
        return [job["prompt"] for job in server.http.get("/api/jobs", params=query).json()["data"]]

    assert found(words="lake RED") == ["a lake, red_1", "a red lake"]
    assert found(words="%") == ["50% lake"] and found(words="d_1") == ["a lake, red_1"]
    assert found(kind="video") == [] and len(found(kind="image", words=" ")) == 3
    assert server.http.get("/api/jobs?kind=song").status_code == 422


def test_thumbnails_go_with_their_results(server: Served):
    orders: list[dict[str, Any]] = [{"height": 1024, "width": 512}, {"kind": "video", "num_frames": 4}]
    for order in orders:
        job = server.wait(server.make(**order))
        answer = server.http.get(job["results"][0]["url"] + "/thumbnail")
        assert answer.headers["content-type"] == "image/webp" and "immutable" in answer.headers["cache-control"]
        assert max(Image.open(io.BytesIO(answer.content)).size) <= 256
        assert len(list((server.folder / "thumbnails").iterdir())) == 1
        server.http.delete(f"/api/jobs/{job['id']}")
        assert not list((server.folder / "thumbnails").iterdir())
    assert server.http.get("/api/results/nothing/thumbnail").status_code == 404
