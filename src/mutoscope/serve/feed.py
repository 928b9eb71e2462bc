"""What one listener has not read yet: every state and result, and of progress and previews only the newest of each job."""

import asyncio
from collections import deque

from mutoscope.serve.jobs import Note

MAX_WAITING = 2000  # states and results; a listener further behind comes again and is told what is so now


class Feed:
    """The notes that wait for one listener; used in the loop's thread only."""

    def __init__(self, job_id: str | None = None, previews: bool = True):
        self._job_id, self._previews = job_id, previews
        self._lasting: deque[Note] = deque()
        self._newest: dict[tuple[str, str], Note] = {}  # by name and job
        self._news = asyncio.Event()
        self.is_closed = False

    def put(self, note: Note) -> None:
        """Take a note that this listener should read; never waits."""
        if self.is_closed or self._job_id not in (None, note.job_id):
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
        self._news.set()

    def close(self) -> None:
        """Let the listener end."""
        self.is_closed = True
        self._news.set()

    async def get_all(self) -> list[Note] | None:
        """Wait until there is something, and return all that waits; None at the end."""
        while not self.is_closed:
            if self._lasting or self._newest:
                waiting = [*self._lasting, *self._newest.values()]
                self._lasting.clear()
                self._newest.clear()
                return waiting
            self._news.clear()
            await self._news.wait()
        return None
