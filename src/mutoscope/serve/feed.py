"""What listeners have not read yet: every state and result, and of progress and previews only the newest of each job.

Who listens to all jobs is told nothing of those of the arena, whose notes say who draws what; who has the id of one is.
Waking a listener costs more than telling it something, so those that can wait a moment are woken together, at most once in GATHER_SECONDS.
"""

import asyncio
from collections import deque
from collections.abc import Iterator

from mutoscope.serve.jobs import BLIND, Note

MAX_WAITING = 2000  # states and results; a listener further behind comes again and is told what is so now
GATHER_SECONDS = 0.05  # between two times that patient listeners are woken
QUIET_SECONDS = 15.0  # after which a patient listener is woken for nothing, so that it can show that it is there


class Feed:
    """The notes that wait for one listener; used in the loop's thread only. A patient one is woken by Feeds, others at once."""

    def __init__(self, job_id: str | None = None, previews: bool = True, patient: bool = False):
        self.job_id, self._previews, self._patient = job_id, previews, patient
        self._lasting: deque[Note] = deque()
        self._newest: dict[tuple[str, str], Note] = {}  # by name and job
        self._news = asyncio.Event()
        self.is_closed = False

    def put(self, note: Note) -> None:
        """Take a note that this listener should read; never waits."""
        if self.is_closed or self.job_id not in (None, note.job_id):
            return
        if note.number:
            self._lasting.append(note)
            if note.name in ("state", "removed"):  # what was seen of it on the way is old
                for name in ("progress", "preview"):
                    self._newest.pop((name, note.job_id), None)
            if len(self._lasting) > MAX_WAITING:
                self.close()
        elif self._previews or note.name != "preview":
            self._newest[note.name, note.job_id] = note
        if not self._patient:
            self._news.set()

    def wake(self, for_nothing: bool = False) -> None:
        """Let a listener read what waits."""
        if self._lasting or self._newest or for_nothing:
            self._news.set()

    def close(self) -> None:
        """Let the listener end."""
        self.is_closed = True
        self._news.set()

    async def get_all(self) -> list[Note] | None:
        """Wait until this listener is woken, and return all that waits for it, which may be nothing; None at the end."""
        await self._news.wait()
        self._news.clear()
        waiting = [*self._lasting, *self._newest.values()]
        self._lasting.clear()
        self._newest.clear()
        return None if self.is_closed else waiting


class Feeds:
    """All listeners of a desk; used in the loop's thread only."""

    def __init__(self) -> None:
        self._feeds: set[Feed] = set()
        self._waking: asyncio.TimerHandle | None = None
        self._beating: asyncio.TimerHandle | None = None
        self._blind: set[str] = set()  # the jobs of the arena that run
        self._woken = 0.0  # when they were woken last, by the loop's clock

    def __len__(self) -> int:
        return len(self._feeds)

    def __iter__(self) -> Iterator[Feed]:
        return iter(self._feeds)

    def add(self, feed: Feed) -> None:
        """Let one listen from now on."""
        self._feeds.add(feed)
        if self._beating is None:
            self._beating = asyncio.get_running_loop().call_later(QUIET_SECONDS, self._beat)

    def discard(self, feed: Feed) -> None:
        """Forget one."""
        self._feeds.discard(feed)
        if not self._feeds:
            self._rest()

    def put(self, note: Note) -> None:
        """Tell all who may know."""
        if note.name == "state" and note.data.origin == BLIND:
            self._blind.add(note.job_id)
        is_blind = note.job_id in self._blind
        for feed in self._feeds:
            if not is_blind or feed.job_id is not None:
                feed.put(note)
        if note.name == "removed" or (note.name == "state" and note.data.has_ended):
            self._blind.discard(note.job_id)
        if self._waking is None and self._feeds:
            self._waking = asyncio.get_running_loop().call_at(self._woken + GATHER_SECONDS, self._wake)

    def close(self) -> None:
        """Let all listeners end."""
        self._rest()
        for feed in self._feeds:
            feed.close()

    def _wake(self) -> None:
        self._waking, self._woken = None, asyncio.get_running_loop().time()
        for feed in self._feeds:
            feed.wake()

    def _beat(self) -> None:
        self._beating = asyncio.get_running_loop().call_later(QUIET_SECONDS, self._beat)
        for feed in self._feeds:
            feed.wake(for_nothing=True)

    def _rest(self) -> None:
        for timer in (self._waking, self._beating):
            if timer is not None:
                timer.cancel()
        self._waking = self._beating = None
