"""Comparisons are drawn beside everything else: one picture at a time, so that who orders one meanwhile waits for one at most.

Each drawing is a job of the queue with a key of its own. After a restart the same key finds the same job, and nothing is drawn twice.
"""

import asyncio
import contextlib
from typing import Any

from mutoscope.errors import MutoscopeError, SettingError
from mutoscope.serve.arena import Arena, Contest, Contestant, Drawing
from mutoscope.serve.catalog import Catalog
from mutoscope.serve.desk import Desk
from mutoscope.serve.jobs import BLIND, DONE, Order, Refusal
from mutoscope.serve.planning import plan

AGAIN_SECONDS = 5.0  # until the next try, where the queue is full
FORMATS = {"image": "png", "video": "mp4"}
SETTING_WORDS = {
    "num_inference_steps": "{} steps",
    "guidance_scale": "guidance {:g}",
    "precision": "{}",
    "adapter": "{}",
    "style": "{}",
}


def make_contestant(
    catalog: Catalog, kind: str, model: str | None, options: dict[str, Any], name: str | None
) -> Contestant:
    """Return a contestant; what equals the model's own default is no setting. SettingError for a model that is not here."""
    entry = catalog.find(model)
    known = entry.capabilities
    steps = known.image_steps if kind == "image" else known.clip_steps
    usual = {"num_inference_steps": steps, "guidance_scale": known.guidance_scale, "precision": known.precision}
    own = {key: value for key, value in sorted(options.items()) if value not in (None, "") and usual.get(key) != value}
    words = [SETTING_WORDS[key].format(value) for key, value in own.items()]
    key = " ".join([known.hash or entry.id, *(f"{name}={value}" for name, value in own.items())])
    return Contestant(name or ", ".join([entry.id, *words]), key, entry.id, own)


def make_order(contest: Contest, drawing: Drawing) -> Order:
    """Return the order of one picture or clip."""
    who = contest.contestants[drawing.contestant]
    key = f"arena-{contest.id}-{drawing.row}-{drawing.contestant}"
    options = {**who.options, "seed": drawing.seed}
    return Order(
        drawing.prompt, contest.kind, options, who.model, FORMATS[contest.kind], key=key, previews=False, origin=BLIND
    )


def make_drawings(contest: Contest, prompts: list[str], first_seed: int) -> list[Drawing]:
    """Return what is to be drawn: every prompt by every contestant, with the seed of the prompt."""
    return [
        Drawing(contest.id, row, number, prompt, first_seed + row)
        for row, prompt in enumerate(prompts)
        for number in range(len(contest.contestants))
    ]


def check_contest(contest: Contest, drawings: list[Drawing], catalog: Catalog, max_cost: float) -> None:
    """Raise what `plan` raises for what cannot be drawn, with the contestant named; SettingError for two that are the same."""
    if len({one.key for one in contest.contestants}) < len(contest.contestants):
        raise SettingError("two contestants are the same; give them different models or settings")
    if len({one.name for one in contest.contestants}) < len(contest.contestants):
        raise SettingError("two contestants have the same name; give each its own")
    for drawing in drawings:
        try:
            plan(make_order(contest, drawing), catalog, max_cost)
        except MutoscopeError as error:
            who = contest.contestants[drawing.contestant].name
            raise SettingError(f"{who} cannot draw {drawing.prompt[:60]!r}: {error}") from error


class Drawer:
    """Draws comparisons while the server runs."""

    def __init__(self, desk: Desk, arena: Arena):
        self._desk, self._arena = desk, arena
        self._news = asyncio.Event()

    def wake(self) -> None:
        """Look again for something to draw; in the loop's thread."""
        self._news.set()

    async def run(self) -> None:
        """Draw until cancelled."""
        while not self._desk.stopping:
            self._news.clear()
            drawing = await self._desk.look_up(self._arena.next_drawing)
            if drawing is None:
                await self._news.wait()
                continue
            try:
                await self._draw(drawing)
            except Refusal as error:
                await self._put_off(drawing, error)
            except MutoscopeError as error:
                await self._desk.look_up(self._arena.note_error, drawing, str(error))

    async def _draw(self, drawing: Drawing) -> None:
        contest = await self._desk.look_up(self._arena.contest, drawing.contest)
        job = await self._desk.submit(make_order(contest, drawing))
        await self._desk.look_up(self._arena.note_job, drawing, job.id)
        job = await self._desk.wait(job.id)
        if job.state == DONE and job.results:
            await self._desk.look_up(self._arena.note_file, drawing, job.results[0].file)
        elif job.has_ended:
            await self._desk.look_up(self._arena.note_error, drawing, job.error or job.state)

    async def _put_off(self, drawing: Drawing, refusal: Refusal) -> None:
        """Wait where the queue is full; leave out what is refused for good, the comparison that was deleted among it."""
        if refusal.status == 429:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), AGAIN_SECONDS)
        else:
            await self._desk.look_up(self._arena.note_error, drawing, str(refusal))
