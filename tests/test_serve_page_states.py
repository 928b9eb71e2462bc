"""Every state of the page: axe-core finds nothing, nothing is asked of another origin, nothing scrolls sideways. Slow: run by
scripts/soak. scripts/page_states takes the pictures of the same states.
"""

from collections.abc import Iterator

import pytest

for library in ("fastapi", "uvicorn", "prometheus_client", "httpx", "playwright", "axe_playwright_python"):
    pytest.importorskip(library)

from playwright.sync_api import Browser

from page_places import PLACES, look_at, unexpected, visit
from page_states import STATES
from serving import Served
from test_serve_page import CHROMIUM, browser

__all__ = ["browser"]  # the fixture
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.skipif(CHROMIUM is None, reason="no chromium")]


@pytest.fixture(scope="module", params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Served]]:
    with PLACES[request.param](tmp_path_factory.mktemp(request.param)) as server:
        yield request.param, server


@pytest.mark.parametrize(("shape", "theme"), [("desktop", "dark"), ("small", "light")])
def test_every_state_is_fit_to_be_seen(browser: Browser, place: tuple[str, Served], shape: str, theme: str):
    where, server = place
    found: list[str] = []
    for name in (name for name, (of, _) in STATES.items() if of == where):
        with visit(browser, server, shape) as (one, complaints):
            STATES[name][1](one)
            complaints += look_at(one.page, "dark" if theme == "dark" else "light")
            found += [f"{name}: {complaint}" for complaint in unexpected(name, complaints)]
    assert not found


def test_the_states_are_those_that_the_page_is_to_have():
    """One state less is a state that nobody looks at any more."""
    assert len(STATES) >= 35 and {where for where, _ in STATES.values()} == set(PLACES)
