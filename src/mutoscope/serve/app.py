"""The app: routes around one desk, behind the guard."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from mutoscope import __version__
from mutoscope.serve import (
    a1111,
    a1111_extras,
    arena_routes,
    checkpoints,
    counting,
    facts,
    items,
    library,
    live_route,
    login_route,
    openai_images,
    openai_models,
    openai_variations,
    openai_videos,
    pages,
    reading_route,
    routes,
    runs,
    thumbnails,
)
from mutoscope.serve.answers import add_answers
from mutoscope.serve.arena import Arena
from mutoscope.serve.arena_drawing import Drawer
from mutoscope.serve.arena_files import read_folder
from mutoscope.serve.boards import Boards
from mutoscope.serve.desk import Desk
from mutoscope.serve.downloads import Downloads
from mutoscope.serve.guard import Guard
from mutoscope.serve.login import Logins
from mutoscope.serve.strict import StrictRoute

OWN = (
    routes.router,
    library.router,
    runs.router,
    items.router,
    live_route.router,
    reading_route.router,
    thumbnails.router,
    a1111.router,
    a1111_extras.router,
    facts.router,
    checkpoints.router,
    login_route.router,
    counting.router,
    pages.router,
    arena_routes.router,
)
OPENAI = (openai_images.router, openai_variations.router, openai_videos.router, openai_models.router)


def create_app(desk: Desk, more: Sequence[APIRouter] = ()) -> FastAPI:
    """Return the app of a desk. It starts and stops the desk; `more` are routers besides our own."""

    @asynccontextmanager
    async def live(app: FastAPI) -> AsyncIterator[None]:
        desk.start()
        drawing = asyncio.create_task(app.state.drawer.run())
        try:
            yield
        finally:
            desk.end_streams()
            app.state.downloads.stop()
            drawing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await drawing
            await asyncio.to_thread(desk.stop)

    # The documentation pages of the framework come from another host; the schema is served.
    app = FastAPI(
        title="Mutoscope", version=__version__, lifespan=live, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    app.router.route_class = StrictRoute
    app.state.desk = desk
    app.state.downloads = Downloads(desk.publish)
    app.state.arena = Arena(desk.store)
    app.state.boards = Boards(desk.store)
    app.state.drawer = Drawer(desk, app.state.arena)
    for folder in desk.settings.pairs:
        app.state.arena.add(*read_folder(folder))
    app.state.logins = Logins(desk.settings.token, desk.settings.port)
    add_answers(app)
    for router in (*OWN, *OPENAI, *more):
        app.include_router(router)
    app.add_middleware(Guard, settings=desk.settings, logins=app.state.logins)
    return app
