"""The desk: what routes may do with the queue. See the head of this package.

Calls that are `async` run in the loop's thread and leave the work to others: one clerk reads orders and keeps them, readers look
things up. The rest is for seats, which call from their own threads.
"""

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from mutoscope.errors import SettingError
from mutoscope.hub.shelf import find_here
from mutoscope.prompt.request import Request
from mutoscope.serve.catalog import Catalog, Entry, open_catalog
from mutoscope.serve.cost import cost_of, seconds_until_room
from mutoscope.serve.feed import Feed, Feeds
from mutoscope.serve.files import Files, new_id, open_store
from mutoscope.serve.hiring import hirings
from mutoscope.serve.jobs import BLIND, QUALITY, RUNNING, Job, Note, Order, Refusal, Result
from mutoscope.serve.live import FORMAT as LIVE_FORMAT
from mutoscope.serve.live import QUALITY as LIVE_QUALITY
from mutoscope.serve.live import Wish, Wishes, sketch_of
from mutoscope.serve.planning import digest_of, plan
from mutoscope.serve.retention import KEPT, Retention
from mutoscope.serve.seat import Seat
from mutoscope.serve.settings import ServeSettings
from mutoscope.serve.store import lock_folder
from mutoscope.serve.worker import Work

FIRST_GUESS = 1.0  # seconds of a megapixel step, before anything was drawn
END_SECONDS = 3.0  # for the seats, when the server ends


class Desk:
    """A folder's queue with the seats that draw from it; one in a process, one for a folder."""

    def __init__(self, settings: ServeSettings, say: Callable[[str], None] = lambda words: None):
        self.settings = settings
        self.time_limit, self.cancel_grace = settings.time_limit, settings.cancel_grace
        self.files = Files(settings.folder)
        self._folder_lock = lock_folder(settings.folder)
        self.catalog: Catalog = open_catalog(settings.models, settings.engines)
        self.store = open_store(settings.folder, self._tell, say)
        self.stopping = False
        self.tally: Counter[str] = Counter()  # for /metrics
        self.seats = [Seat(self, f"seat-{number}", hire) for number, hire in enumerate(hirings(settings))]
        self._retention = Retention(self.store, self._expire, settings)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._feeds = Feeds()
        self._progress: dict[str, dict[str, Any]] = {}  # by job
        self._waiting = threading.Condition()  # of seats, for jobs
        self._wishes = Wishes()
        self._seconds_per_cost = FIRST_GUESS
        self._clerk = ThreadPoolExecutor(1, "clerk")
        self._readers = ThreadPoolExecutor(2, "reader")

    # ------------------------------------------------------------------------------------------------------- begin and end

    def start(self) -> None:
        """Bring the queue in order and begin to draw; in the loop's thread."""
        self._loop = asyncio.get_running_loop()
        self.store.recover()
        self.files.sweep(*self.store.files())
        for seat in self.seats:
            seat.start()
        if self._retention.is_wanted:
            self._retention.start()

    def end_streams(self) -> None:
        """Let all listeners end; in the loop's thread."""
        self.stopping = True
        self._feeds.close()

    def stop(self) -> None:
        """End the workers and close the queue; jobs that run wait for the next server. Blocks for seconds at most."""
        self.stopping = True
        self._loop = None
        self._wishes.close()
        for seat in self.seats:
            seat.interrupt()
        with self._waiting:
            self._waiting.notify_all()
        for seat in self.seats:
            if seat.is_alive():
                seat.join(END_SECONDS)
        self._retention.end(END_SECONDS)
        self._clerk.shutdown(cancel_futures=True)
        self._readers.shutdown(cancel_futures=True)
        self.store.close()

    # ------------------------------------------------------------------------------------------------------------ for routes

    async def submit(self, order: Order) -> Job:
        """Keep an order and return its job; it is on the disk then. RequestError, MediaError, Refusal."""
        return await self._by(self._clerk, self._accept, order)

    async def wish(self, order: Order, page: str, *, sketch: bool) -> Wish:
        """Let a picture be drawn that is kept nowhere; give the wish to `forget` in the end. RequestError, MediaError, Refusal."""
        return await self._by(self._clerk, self._wish, order, page, sketch)

    async def find(self, job_id: str) -> Job:
        """Return a job; Refusal 404."""
        return await self._by(self._readers, self.store.get, job_id)

    async def list_jobs(
        self,
        limit: int = 50,
        after: str | None = None,
        newest_first: bool = True,
        origin: str | None = None,
        state: str | None = None,
        kind: str | None = None,
        words: str | None = None,
        also: Mapping[str, Any] | None = None,
    ) -> tuple[list[Job], bool]:
        """Return up to `limit` jobs behind the job `after`, and whether there are more; Refusal 404."""
        rules = newest_first, origin, state, kind, words, also
        jobs = await self._by(self._readers, self.store.list_jobs, limit + 1, after, *rules)
        return jobs[:limit], len(jobs) > limit

    async def wait(self, job_id: str, seconds: float | None = None) -> Job:
        """Return a job when it has ended, or as it is after so many seconds, or when the server ends; Refusal 404."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), contextlib.aclosing(self.listen(job_id, previews=False)) as notes:
                async for note in notes:
                    if note.name == "state" and note.data.has_ended:
                        return note.data
        return await self.find(job_id)

    async def cancel(self, job_id: str) -> Job:
        """End a job that waits or runs, within a step; Refusal 404, 409."""
        return await self._by(self._readers, self._cancel, job_id)

    async def remove(self, job_id: str) -> Job:
        """Forget a job with its files, after cancelling it where it has not ended; return what it was. Refusal 404."""
        return await self._by(self._readers, self._remove, job_id)

    async def find_result(self, result_id: str) -> Result:
        """Return a result; Refusal 404."""
        return await self._by(self._readers, self.store.get_result, result_id)

    def path_of(self, result: Result) -> Path:
        """Return the file of a result."""
        return self.files.path_of(result)

    async def read_result(self, result: Result) -> bytes:
        """Return the bytes of the file of a result; FileNotFoundError where its job was removed since."""
        return await self._by(self._readers, self.path_of(result).read_bytes)

    def progress_of(self, job_id: str) -> dict[str, Any] | None:
        """Return what the worker of a job said last: place, phase, step, total, seconds_left; None where it does not run."""
        return self._progress.get(job_id) or None

    async def listen(
        self, job_id: str | None = None, after: int | None = None, previews: bool = True
    ) -> AsyncGenerator[Note, None]:
        """Yield what happens to a job until it has ended, or to all of them; Refusal 404.

        `after` is the number of the last note that was read. Without one, a job is told from its beginning, and of all jobs those
        that wait or run. Close it (contextlib.aclosing) when you leave before its end.
        """
        async with contextlib.aclosing(self.listen_in_batches(job_id, after, previews)) as batches:
            async for notes in batches:
                for note in notes:
                    yield note

    async def listen_in_batches(
        self, job_id: str | None = None, after: int | None = None, previews: bool = True, patient: bool = False
    ) -> AsyncGenerator[list[Note], None]:
        """Yield the notes of `listen`, all at once that have come since the last time.

        A patient listener is told a moment later, together with others, and gets an empty list when nothing happens for a while.
        """
        feed = Feed(job_id, previews, patient)
        self._feeds.add(feed)
        try:
            told, notes = await self._by(self._readers, self._catch_up, job_id, after)
            if notes:
                yield notes
            while not (job_id is not None and any(map(_is_last, notes))) and not self.stopping:
                waiting = await feed.get_all()
                if waiting is None:
                    return
                notes = [note for note in waiting if not note.number or note.number > told]
                if notes or patient:
                    yield notes
        finally:
            self._feeds.discard(feed)

    @property
    def streams(self) -> int:
        """How many listeners there are."""
        return len(self._feeds)

    async def look_up(self, function: Callable[..., Any], *words: Any) -> Any:
        """Run a short function of the store or of files in a reader's thread."""
        return await self._by(self._readers, function, *words)

    async def _by(self, who: Executor, function: Callable[..., Any], *words: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(who, partial(function, *words))

    # ----------------------------------------------------------------------------------------------- in the threads of the desk

    def _accept(self, order: Order) -> Job:
        digest = digest_of(order)
        known = self.store.with_key(order.key, digest)
        if known is not None:
            return known
        self._refuse_when_full()
        planned = plan(order, self.catalog, self.settings.max_cost)
        if planned.image is not None:
            self.files.keep_input(planned.job.id, planned.image)
        try:
            most = self.settings.max_queue, self.settings.max_queue_cost
            job = self.store.accept(planned.job, order.key, digest, *most)
        except Refusal as error:
            self.files.drop_input(planned.job.id)
            raise self._with_time(error) from None
        self._count("accepted")
        self._wishes.make_room()
        with self._waiting:
            self._waiting.notify()
        return job

    def _wish(self, order: Order, page: str, sketch: bool) -> Wish:
        planned = plan(order, self.catalog, self.settings.max_cost)
        job, request = planned.job, Request.from_json(planned.job.requests[0])
        image = None
        if planned.image is not None:
            self.files.keep_input(job.id, planned.image)
            image = self.files.input_of(job.id)
        text = (sketch_of(request) if sketch else request).to_json()
        wish = Wish(
            page, Work(self.catalog.find(job.model).opened_as, LIVE_FORMAT, ((0, text),), image, False, LIVE_QUALITY)
        )
        self._wishes.put(wish)
        with self._waiting:
            self._waiting.notify()
        return wish

    def forget(self, wish: Wish) -> None:
        """Drop a wish, and the picture that it starts from."""
        self._wishes.end(wish)
        if wish.work.image is not None:
            self.files.drop_input(wish.work.image.stem)

    def _refuse_when_full(self) -> None:
        """Refuse before anything is read; the store looks again."""
        jobs, _ = self.store.load()
        if jobs >= self.settings.max_queue:
            raise self._with_time(Refusal(429, "queue_full", f"the queue is full: {jobs} jobs; try again later"))

    def _with_time(self, refusal: Refusal) -> Refusal:
        if refusal.status != 429:
            return refusal
        self._count("refused")
        jobs, cost = self.store.load()
        seconds = seconds_until_room(cost, jobs, self._seconds_per_cost / max(1, len(self.seats)))
        return Refusal(429, refusal.code, str(refusal), {"Retry-After": str(seconds)})

    def _cancel(self, job_id: str) -> Job:
        job = self.store.cancel(job_id)
        for seat in self.seats:
            seat.cancel(job_id)
        self._clear(job)
        return job

    def _remove(self, job_id: str) -> Job:
        with contextlib.suppress(Refusal):  # it has ended already, or is not there, which `remove` says
            self._cancel(job_id)
        job = self.store.remove(job_id)
        self.files.drop_results(job.results)
        return job

    def _expire(self, job_id: str) -> None:
        self.files.drop_results(self.store.remove(job_id, unless=KEPT).results)
        self._count("expired")

    def _catch_up(self, job_id: str | None, after: int | None) -> tuple[int, list[Note]]:
        """Return up to which number a listener has been told, and the notes that tell it."""
        number = self.store.number
        if job_id is not None:
            self.store.get(job_id)
        if job_id is None and after is None:
            past = [Note("state", job.id, job, job.number) for job in self.store.active() if job.origin != BLIND]
        else:
            past = self.store.notes_since(after or 0, job_id, None if job_id else BLIND)
        past.sort(key=lambda note: note.number)  # a reader comes again with the last number
        return max([number, *(note.number for note in past)]), past

    # ---------------------------------------------------------------------------------------------- for seats, in their threads

    def claim(self) -> Job | Wish | None:
        """Wait for a job and return it, or a wish where no job waits; None when the server ends."""
        with self._waiting:
            while not self.stopping:
                found = self.store.claim() or self._wishes.take()
                if found is not None:
                    return found
                self._waiting.wait(1.0)
        return None

    def work_of(self, job: Job) -> Work | None:
        """Return what a worker needs for the rest of a job, None where it was cancelled since."""
        if self.store.get(job.id).state != RUNNING:
            return None
        done = {result.place for result in job.results}
        left = tuple((place, text) for place, text in enumerate(job.requests) if place not in done)
        image = self.files.input_of(job.id) if job.image else None
        opened_as, quality = self._model_of(job).opened_as, job.memo.get(QUALITY)
        return Work(opened_as, job.format, left, image, job.previews, quality)

    def _model_of(self, job: Job) -> Entry:
        """Return the model of a job; one that was opened from the page of an earlier server is opened again."""
        try:
            return self.catalog.find(job.model)
        except SettingError:
            if not self.settings.may_add_models:
                raise
        return self.add_model(job.model)

    def add_model(self, name: str) -> Entry:
        """Open a model of the cache, by its short name or repository; what goes wrong is a CheckpointError, SettingError or the like."""
        return self.catalog.add(find_here(name).name, self.settings.engines)

    def keep(self, job: Job, place: int, data: bytes, seconds: float, warnings: tuple[str, ...]) -> Result | None:
        """Keep a finished picture: first its file, then its row. StorageError; None where nobody wants it any more."""
        name = new_id()
        request = job.requests[place]
        result = Result(
            name, job.id, place, f"{name}.{job.format}", job.format, len(data), round(seconds, 3), request, warnings
        )
        self.files.keep_result(result.file, data)
        if not self.store.add_result(job.id, job.epoch, result):
            self.files.drop_results((result,))
            return None
        self._count("pictures" if job.kind == "image" else "clips")
        spent = seconds / max(1e-6, cost_of([Request.from_json(request)]))
        self._seconds_per_cost += (spent - self._seconds_per_cost) / 4
        return result

    def finish(self, job: Job, error: str, code: str) -> None:
        """End a job: done, or failed with the words of an error."""
        ended = self.store.finish(job.id, job.epoch, error[:2000], code)
        if ended is not None:
            self._clear(ended)

    def put_back(self, job: Job, *, blameless: bool) -> None:
        """Let a job wait again whose worker is gone, or fail it."""
        self._count("workers_lost", 0 if blameless else 1)
        after = self.store.put_back(job.id, job.epoch, blameless=blameless)
        if after is not None and after.has_ended:
            self._clear(after)

    def publish(self, note: Note) -> None:
        """Tell listeners something that is not kept."""
        self._tell(note)

    def _clear(self, job: Job) -> None:
        """Count a job that has ended, and drop what only it needed."""
        self._count(f"ended_{job.state}")
        if job.image:
            self.files.drop_input(job.id)

    def _count(self, what: str, by: int = 1) -> None:
        self.tally[what] += by

    # ----------------------------------------------------------------------------------------------------------------- notes

    def _tell(self, note: Note) -> None:
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has closed
                loop.call_soon_threadsafe(self._spread, note)

    def _spread(self, note: Note) -> None:
        if note.name == "progress":
            if note.job_id in self._progress:  # else it was cancelled since, and nobody would forget it
                self._progress[note.job_id] = note.data
        elif note.name == "state" and note.data.state == RUNNING:
            self._progress[note.job_id] = {}
        elif note.name in ("state", "removed"):
            self._progress.pop(note.job_id, None)
        self._feeds.put(note)


def _is_last(note: Note) -> bool:
    return note.name == "removed" or (note.name == "state" and note.data.has_ended)
