"""The page with ten thousand pictures, and from a key to a picture with the embedded model, in a real browser. Slow: run by
scripts/soak on a machine that has nothing else to do. The figures are printed; `-rP` shows them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

for library in ("fastapi", "uvicorn", "prometheus_client", "httpx", "playwright"):
    pytest.importorskip(library)

from playwright.sync_api import Browser, Page, expect

from full_library import fill_library, prompt_of
from serving import Served, served
from test_serve_page import CHROMIUM, browser

__all__ = ["browser"]  # the fixture
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no chromium")]
MANY = 10_000
WATCH = """window.long = []; new PerformanceObserver((list) => { for (const one of list.getEntries()) long.push(one.duration); })
.observe({ type: "longtask", buffered: true });"""
IN_SIGHT = """() => { const all = [...document.querySelectorAll("#grid img")].filter((one) => { const box = one.getBoundingClientRect();
return box.top < innerHeight && box.bottom > 0; }); return all.length > 10 && all.every((one) => one.complete && one.naturalWidth); }"""
SCROLL = """async () => { for (let step = 0; step < 150; step += 1) { scrollBy(0, 600); await new Promise(requestAnimationFrame); } }"""
SEARCH = """async ([words, many]) => { const box = document.getElementById("search"), begin = performance.now();
box.value = words; box.dispatchEvent(new Event("input", { bubbles: true }));
while (document.getElementById("library-said").textContent !== many) await new Promise((done) => setTimeout(done, 2));
return performance.now() - begin; }"""
KEY_TO_PICTURE = """() => { const picture = document.querySelector(".live-picture"), before = picture.src;
window.took = 0; let key = 0;
document.getElementById("prompt").addEventListener("input", () => { key = performance.now(); }, { once: true });
new MutationObserver((_, watcher) => { if (picture.src === before) return; watcher.disconnect();
picture.decode().then(() => { window.took = performance.now() - key; }); }).observe(picture, { attributes: true }); }"""


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("full") / "data"
    fill_library(folder, MANY)
    with served(folder) as one:
        yield one


def open_page(browser: Browser, address: str) -> Page:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.add_init_script(WATCH)
    page.goto(address)
    return page


def count(words: str) -> int:
    """Say how many prompts of the full library have all of these words."""
    return sum(all(word in prompt_of(place) for word in words.split()) for place in range(MANY))


def evaluate(page: Page, script: str, word: Any = None) -> Any:
    return page.evaluate(script, word)


def test_the_library_of_ten_thousand(browser: Browser, full: Served):
    page = open_page(browser, full.base + "/#library")
    page.wait_for_function(IN_SIGHT, polling=20)
    first = evaluate(page, "() => performance.now()") / 1000
    evaluate(page, "() => { window.long = []; }")
    evaluate(page, SCROLL)
    page.wait_for_timeout(500)
    longest, tiles = evaluate(page, "() => [Math.max(0, ...long), document.querySelectorAll('#grid li').length]")
    assert evaluate(page, "() => scrollY") > 50_000 and tiles < 300
    evaluate(page, "() => scrollTo(0, 0)")
    page.wait_for_timeout(500)
    found = [evaluate(page, SEARCH, [words, f"{count(words):,} items"]) for words in ("zeppelin", "", "fox snow")]
    page.context.close()
    print(
        f"first screen {first:.2f} s, longest task while scrolling {longest:.0f} ms, searches {[round(one) for one in found]} ms"
    )
    assert (
        first <= 2.5 and longest <= 300 and max(found) <= 500
    )  # the aims are 1 s, 100 ms and 200 ms on a machine at rest


def test_from_a_key_to_a_picture(browser: Browser, tmp_path: Path):
    with served(tmp_path / "data", model="embedded") as server:
        page = open_page(browser, server.base)
        page.locator("#prompt").press_sequentially("a red fox in a pine forest", delay=60)
        expect(page.locator(".live-picture")).to_be_visible(timeout=60_000)
        expect(page.locator("#bar .facts")).to_contain_text("As it will be drawn", timeout=60_000)
        took = []
        for words in (" at dawn", " in winter", ", watercolor", " with snow", " by a river"):
            page.locator("#prompt").press_sequentially(words[:-1], delay=60)
            evaluate(page, KEY_TO_PICTURE)
            page.keyboard.type(words[-1])
            page.wait_for_function("() => window.took > 0", polling=10)
            took.append(round(evaluate(page, "() => window.took")))
        page.context.close()
    print(f"key to picture {took} ms")
    assert sorted(took)[2] <= 1500
