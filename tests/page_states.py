"""Every state of the page, each reached as people reach it, on real servers with the embedded model.

`scripts/page_states` takes their pictures; tests/test_serve_page_states.py goes through them. A state is a function that leads a
fresh browser there; where it is seen, its `place` says (page_places.py).
"""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from checkpoint_server import PlayedServer
from page_places import PLACES, Visit, compare
from serving import Served
from test_serve_page import plain_png, put_file

SLOW = {"width": 512, "height": 512, "num_inference_steps": 200}  # so slow that there is time to look
LONG_PROMPT = "a lighthouse on a cliff at dusk, " + ", ".join(
    ["waves that break on dark rocks", "gulls over the sea"] * 9
)


State = Callable[[Visit], None]
STATES: dict[str, tuple[str, State]] = {}  # by name: the place where it is seen, and how to come there


def state(place: str) -> Callable[[State], State]:
    """Note a function as the way to a state; its name is that of the state."""

    def note(act: State) -> State:
        assert place in PLACES
        STATES[act.__name__.replace("_", "-")] = place, act
        return act

    return note


# ----------------------------------------------------------------------------------------------------------------- Create


@state("new")
def create_empty(visit: Visit) -> None:
    visit.open()


@state("new")
def library_empty(visit: Visit) -> None:
    visit.open("/#library")


@state("new")
def arena_without_contestants(visit: Visit) -> None:
    visit.open("/#arena")
    expect(visit.page.locator(".contestants li")).to_have_count(2)


@state("new")
def runs_none(visit: Visit) -> None:
    visit.open("/#runs")
    expect(visit.page.locator("#stages h3")).to_have_text("No training runs here")


@state("locked")
def login(visit: Visit) -> None:
    visit.open().fill("#token", "wrong")
    visit.page.locator("#login button").click()
    expect(visit.page.locator("#login-said")).not_to_be_empty()


@state("narrow")
def create_feature_missing(visit: Visit) -> None:
    visit.open().locator("summary").click()
    visit.page.locator("#negative_prompt").scroll_into_view_if_needed()


@state("used")
def create_done(visit: Visit) -> None:
    expect(visit.open().locator("#strip img").first).to_be_visible()


@state("used")
def create_typing(visit: Visit) -> None:
    visit.open().locator("#prompt").press_sequentially("a red fox and a zyzzyva in the snow", delay=30)
    expect(visit.page.locator("#read")).to_contain_text("Read: ")
    expect(visit.page.locator("#bar .facts")).to_contain_text("As it will be drawn", timeout=60_000)


@state("used")
def create_waiting(visit: Visit) -> None:
    visit.order("a mountain lake", **SLOW)
    visit.order("a fox", **SLOW)
    visit.open().locator("#strip .thumb").first.click()
    expect(visit.page.locator("#progress-words")).to_contain_text("queue")


@state("used")
def create_drawing(visit: Visit) -> None:
    visit.open().fill("#prompt", "a lighthouse on a cliff in a storm")
    visit.page.locator(".size", has_text="Pixels").click()
    for side in ("width", "height"):
        visit.page.fill(f"#{side}", str(SLOW[side]))
    visit.page.locator("summary").click()
    visit.page.fill("#num_inference_steps", str(SLOW["num_inference_steps"]))
    visit.page.locator("#fold-more" if visit.is_phone else "summary").click()
    visit.page.click("#draw")
    expect(visit.page.locator("#stage img.preview")).to_be_visible(timeout=60_000)


@state("used")
def create_stopped(visit: Visit) -> None:
    job = visit.order("a mountain lake", **SLOW)
    expect(visit.open().locator("#stage img.preview")).to_be_visible(timeout=60_000)
    visit.page.click("#stop")
    visit.server.wait(job)
    expect(visit.page.locator("#stop")).to_be_hidden()


@state("used")
def create_refused(visit: Visit) -> None:
    page = visit.open()
    page.locator(".size", has_text="Pixels").click()
    page.fill("#width", "100")
    page.fill("#height", "100")
    page.fill("#prompt", "a hill")
    page.click("#draw")
    expect(page.locator("#refused")).not_to_be_empty()


@state("used")
def create_all_styles(visit: Visit) -> None:
    if not visit.is_phone:
        visit.open().click("#all-styles")
    else:
        visit.open().locator("#styles").scroll_into_view_if_needed()


@state("used")
def create_more(visit: Visit) -> None:
    visit.open().locator("summary").click()
    visit.page.locator("#more-fields").scroll_into_view_if_needed()


@state("used")
def create_long_prompt(visit: Visit) -> None:
    visit.open().fill("#prompt", LONG_PROMPT)


@state("used")
def create_starting_from_a_picture(visit: Visit) -> None:
    put_file(visit.open(), plain_png(96, 64))
    expect(visit.page.locator("#start")).to_be_visible()


@state("used")
def create_mask(visit: Visit) -> None:
    expect(visit.open().locator("#strip img").first).to_be_visible()
    visit.button("Start from it").click()
    visit.button("Paint a mask").click()
    box = visit.page.locator("canvas.mask").bounding_box()
    assert box
    visit.page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.4)
    visit.page.mouse.down()
    visit.page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.5, steps=8)
    visit.page.mouse.up()


@state("used")
def create_compare(visit: Visit) -> None:
    page = visit.open()
    expect(page.locator("#strip img").first).to_be_visible()
    many = page.locator("#strip img").count()
    visit.button("Start from it").click()
    expect(page.locator("#start")).to_be_visible()
    page.fill("#prompt", "a lake at night")
    page.click("#draw")
    expect(page.locator("#strip img")).to_have_count(many + 1, timeout=60_000)
    visit.button("Compare").click()
    expect(page.locator(".compare")).to_be_visible()


@state("used")
def create_clip_in_the_making(visit: Visit) -> None:
    visit.order("waves on a beach", kind="video", duration_seconds=5, num_inference_steps=50)
    expect(visit.open().locator("#stage img.plays")).to_be_visible(timeout=90_000)


@state("used")
def create_clip(visit: Visit) -> None:
    page = visit.open()
    page.locator(".thumb:has(.badge)").first.click()
    page.locator(".kinds label", has_text="Clip").first.click()
    expect(page.locator("#stage video")).to_be_visible()


@state("used")
def create_dropped_file(visit: Visit) -> None:
    first = visit.server.http.get("/api/items?limit=1").json()["data"][0]["id"]
    put_file(visit.open(), visit.server.http.get(f"/api/results/{first}").content)
    expect(visit.page.locator("#offer")).to_be_visible()


@state("used")
def keys(visit: Visit) -> None:
    visit.open().locator("#draw").focus()
    visit.page.keyboard.press("?")
    expect(visit.page.locator("#keys")).to_be_visible()


# --------------------------------------------------------------------------------------------------------------- Library


def open_library(visit: Visit, path: str = "/#library") -> Page:
    page = visit.open(path)
    expect(page.locator("#grid img").first).to_be_visible()
    page.wait_for_function("() => [...document.querySelectorAll('#grid img')].every((one) => one.complete)")
    return page


@state("used")
def library(visit: Visit) -> None:
    open_library(visit)


@state("used")
def library_search(visit: Visit) -> None:
    open_library(visit).fill("#search", "lake")
    expect(visit.page.locator("#library-said")).to_have_text("3 items")


@state("used")
def library_nothing_found(visit: Visit) -> None:
    open_library(visit).fill("#search", "zeppelin")
    expect(visit.page.locator("#grid li")).to_have_count(0)


@state("used")
def library_item(visit: Visit) -> None:
    open_library(visit).locator("#grid a").nth(1).click()
    expect(visit.page.locator("#viewer dl")).to_be_visible()


@state("used")
def library_selection(visit: Visit) -> None:
    page = open_library(visit)
    page.click("#choose")
    for place in (0, 2):
        page.locator("#grid a").nth(place).click()


@state("used")
def library_board(visit: Visit) -> None:
    open_library(visit).select_option("#library-board", label="Winter (2)")
    expect(visit.page.locator("#grid li")).to_have_count(2)


@state("used")
def library_deleted(visit: Visit) -> None:
    visit.server.wait(visit.order("a lake"))  # it is gone for good when the page is left
    open_library(visit).locator("#grid a").first.click()
    visit.page.locator("#viewer").get_by_role("button", name="Delete").click()
    expect(visit.button("Undo")).to_be_visible()
    visit.page.keyboard.press("Escape")


# ------------------------------------------------------------------------------------------------------- Arena and Runs


@state("used")
def arena_pairs_in_the_making(visit: Visit) -> None:
    contest = {"contestants": [{}, {"num_inference_steps": 50}], "prompts": ["a fox"]}
    visit.order("a mountain lake", **SLOW)
    made = visit.server.http.post("/api/arena/contests", json=contest).json()["id"]
    expect(visit.open(f"/#arena/{made}").locator(".said-alone")).to_be_visible()


@state("used")
def arena_pair(visit: Visit) -> None:
    compare(visit.server, 4, 2)
    visit.open("/#arena")
    visit.page.wait_for_function("() => document.querySelector('#duel')?.dataset.ready", timeout=60_000)


@state("used")
def arena_after_a_vote(visit: Visit) -> None:
    arena_pair(visit)
    visit.page.route("**/next", lambda route: None)  # the names stay as long as one looks
    visit.page.keyboard.press("a")
    expect(visit.page.locator("#duel .is-better")).to_be_visible()


@state("used")
def arena_ratings(visit: Visit) -> None:
    compare(visit.server, 2, 4)
    visit.open("/#arena")
    expect(visit.page.locator("#ratings tbody tr")).to_have_count(2)
    expect(visit.page.locator(".said-alone")).to_be_visible()


@state("used")
def arena_new_comparison(visit: Visit) -> None:
    arena_ratings(visit)
    visit.page.locator(".arena-bar").get_by_role("button", name="New comparison").click()
    expect(visit.page.locator(".contestants li")).to_have_count(2)


@state("used")
def runs_going_on(visit: Visit) -> None:
    (visit.server.folder.parent / "runs" / "nano" / "image" / "log.jsonl").touch()
    visit.open("/#runs")
    visit.page.select_option("#run", label="nano")
    expect(visit.page.locator(".run-facts")).to_contain_text("Running")


@state("used")
def runs_ended(visit: Visit) -> None:
    visit.open("/#runs")
    visit.page.select_option("#run", label="small")
    expect(visit.page.locator(".run-facts")).to_contain_text("Finished")


# ---------------------------------------------------------------------------------------------- models that are not here


@state("lending")
def checkpoint_offered(visit: Visit) -> None:
    look_at_model(visit, "sdxl")


@state("lending")
def checkpoint_without_a_size(visit: Visit) -> None:
    look_at_model(visit, "sana")


@state("lending")
def checkpoint_coming(visit: Visit) -> None:
    look_at_model(visit, "sdxl")
    visit.button("Download 6.9 GB").click()
    expect(visit.page.locator("#checkpoint")).to_contain_text("Asking what there is to fetch")
    lender(visit).say("step", 2_800_000_000, 6_900_000_000, 160.0)
    expect(visit.page.locator("#checkpoint")).to_contain_text("2.8 GB of 6.9 GB")


@state("lending")
def checkpoint_coming_while_drawing(visit: Visit) -> None:
    checkpoint_coming(visit)
    visit.button("Draw meanwhile").click()
    expect(visit.page.locator("#fetching")).to_contain_text("40 %")


@state("lending")
def checkpoint_failed(visit: Visit) -> None:
    checkpoint_coming(visit)
    lender(visit).say("failed", "the connection to https://huggingface.co was lost; try again, what is whole stays")
    expect(visit.page.locator("#checkpoint [role=alert]")).not_to_be_empty()


@state("lending")
def checkpoint_without_the_extra(visit: Visit) -> None:
    look_at_model(visit, "flux-dev", missing="torch")


def lender(visit: Visit) -> PlayedServer:
    assert isinstance(visit.server, PlayedServer)
    return visit.server


def look_at_model(visit: Visit, name: str, missing: str = "") -> None:
    """Open the panel of a model, with nothing left of the visit before."""
    lender(visit).forget()
    lender(visit).missing = missing
    page = visit.open()
    expect(page.locator(f"option[data-offer='{name}']")).to_have_count(1)
    page.select_option("#model", f"offer:{name}")
    expect(page.locator("#checkpoint")).to_be_visible()


@state("gone")
def server_gone(visit: Visit) -> None:
    """Who comes later finds a server at the same address, which ends too."""
    server = visit.server
    if server.process.poll() is not None:
        server = Served(server.folder, model="fake:0", port=server.port)
    visit.open().fill("#prompt", "what I had typed")
    server.end()
    server.close()
    expect(visit.page.locator("#gone")).to_be_visible(timeout=30_000)
