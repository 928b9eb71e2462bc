"""Servers on which the states of the page are seen, and browsers that visit them; page_states.py says how to come to each."""

import contextlib
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from checkpoint_server import played
from serving import Served, served
from test_serve_page import DESKTOP, PHONE, watch
from test_serve_runs import make_run

SHAPES = {"desktop": DESKTOP, "phone": PHONE, "small": {**PHONE, "viewport": {"width": 320, "height": 640}}}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PROMPTS = (
    "a castle on a hill, pixel art", "a hot air balloon over a meadow in the morning", "two boats on a lake at dawn, watercolor",
    "a fox in a pine forest in winter", "an island with palms at noon", "a lighthouse on a cliff at dusk",
    "a mountain lake in autumn, oil painting", "a village in the snow, ukiyo-e", "a red barn in a wheat field",
    "a waterfall in a jungle, low poly", "a desert with cactuses at sunset", "A serene lake surrounded by pine trees at sunset",
)  # fmt: skip
SIZES = ("square", "landscape", "portrait", "wide")


@dataclass(frozen=True)
class Visit:
    """A fresh browser at a server."""

    page: Page
    server: Served
    is_phone: bool

    def open(self, path: str = "/") -> Page:
        """Open the page at an address."""
        self.page.goto(self.server.base + path)
        expect(self.page.locator("main:visible")).to_have_count(1)
        return self.page

    def order(self, prompt: str, **fields: Any) -> str:
        """Order something beside the page; return the id of its job."""
        answer = self.server.http.post("/api/jobs", json={"prompt": prompt, "seed": 7, **fields})
        return answer.raise_for_status().json()["id"]

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)


def fill(server: Served) -> None:
    """Draw what a week of use leaves: pictures of several shapes, a clip, favourites, boards, comparisons."""
    jobs = [
        server.http.post("/api/jobs", json={"prompt": prompt, "seed": 7, "size": SIZES[place % len(SIZES)]})
        for place, prompt in enumerate(PROMPTS)
    ]
    clip = {"prompt": "waves on a beach at sunset", "kind": "video", "duration_seconds": 1, "seed": 3}
    jobs.insert(5, server.http.post("/api/jobs", json=clip))
    done = [server.wait(job.raise_for_status().json()["id"], 300)["results"][0]["id"] for job in jobs]
    server.http.post("/api/boards/favourites/items", json={"results": done[2:5]}).raise_for_status()
    board = server.http.post("/api/boards", json={"name": "Winter"}).json()["id"]
    server.http.post(f"/api/boards/{board}/items", json={"results": [done[3], done[8]]}).raise_for_status()


def compare(server: Served, steps: int, votes: int, prompts: tuple[str, ...] = PROMPTS[:4]) -> None:
    """Make a comparison of few and many steps, wait for its pairs, and vote on some."""
    contestants: list[dict[str, Any]] = [{}, {"num_inference_steps": steps}]
    contest = server.http.post("/api/arena/contests", json={"contestants": contestants, "prompts": prompts}).json()[
        "id"
    ]
    for place in range(votes):
        end = time.monotonic() + 300
        while not (pair := server.http.get(f"/api/arena/contests/{contest}/next").json()["pair"]):
            assert time.monotonic() < end, "no pair is drawn"
            time.sleep(0.1)
        winner = ("left", "right", "tie")[place % 3]
        server.http.post(f"/api/arena/pairs/{pair['id']}/vote", json={"winner": winner}).raise_for_status()


@contextlib.contextmanager
def used(folder: Path) -> Iterator[Served]:
    """A server that has been used, with one run that goes on and one that ended."""
    make_run(folder / "runs" / "nano", lines=60, budget=100.0, samples=800)
    make_run(folder / "runs" / "small", lines=40, samples=320)
    with served(folder / "data", "--runs", str(folder / "runs"), model="embedded") as server:
        fill(server)
        yield server


def new(folder: Path) -> AbstractContextManager[Served]:
    """A server that is used for the first time."""
    return served(folder / "data", model="embedded")


def narrow(folder: Path) -> AbstractContextManager[Served]:
    """A server whose engine takes few of the settings."""
    return served(folder / "data", model="fake:0")


def locked(folder: Path) -> AbstractContextManager[Served]:
    """A server that asks for its token."""
    return served(folder / "data", "--token", "a long secret", model="fake:0")


def gone(folder: Path) -> AbstractContextManager[Served]:
    """A server that ends while it is visited."""
    return served(folder / "data", model="fake:0")


@contextlib.contextmanager
def lending(folder: Path) -> Iterator[Served]:
    """A server that fetches models as the state says; it has what visits ask of one."""
    with played(folder) as server:
        yield cast(Served, server)


PLACES = {place.__name__: place for place in (new, narrow, locked, gone, lending, used)}


LISTS = ("/api/arena/contests", "/api/jobs?limit=200")


def known(server: Served) -> set[str]:
    """Return the ids of what a server has; none is told without the token."""
    return {one["id"] for path in LISTS for one in server.http.get(path).json().get("data", ())}


def clean(server: Served, before: set[str]) -> None:
    """Take away what was not there before."""
    for path in LISTS:
        for one in server.http.get(path).json().get("data", ()):
            if one["id"] not in before:
                address = f"{path.partition('?')[0]}/{one['id']}"
                if not server.http.delete(address).json().get("deleted"):  # it was stopped
                    server.wait(one["id"], 60)
                    server.http.delete(address)


@contextlib.contextmanager
def visit(browser: Browser, server: Served, shape: str) -> Iterator[tuple[Visit, list[str]]]:
    """A fresh browser, and what there is to complain of; what it left in the queue is taken away."""
    is_up = server.process.poll() is None
    before = known(server) if is_up else set[str]()
    context = browser.new_context(**SHAPES[shape])
    page = context.new_page()
    try:
        yield Visit(page, server, shape != "desktop"), watch(page, server)
    finally:
        context.close()
        if server.process.poll() is None:
            clean(server, before)


EXPECTED = {"login": "status of 401", "server-gone": "ERR_CONNECTION_REFUSED"}  # what the console says there


def unexpected(name: str, complaints: list[str]) -> list[str]:
    """Return what is wrong with a state, without what belongs to it."""
    return [one for one in complaints if name not in EXPECTED or EXPECTED[name] not in one]


def look_at(page: Page, theme: Literal["light", "dark"]) -> list[str]:
    """Show a page in a theme; return what axe-core finds, and whether it scrolls sideways."""
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    found = [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in Axe().run(page).response["violations"]]
    across, room = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    return [*found, f"it is {across} pixels wide and has room for {room}"] if across > room else found
