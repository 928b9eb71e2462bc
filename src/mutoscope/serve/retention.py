"""Results that are removed by themselves, for servers that run for months: the old ones, or the oldest beyond a size. Off by default.

A job goes the way of one that a user deletes: its row first, in a transaction, then its files; files whose row is gone are removed when
a server starts. So a server that is killed in between leaves nothing behind that anybody could ask for.
"""

import contextlib
import sqlite3
import sys
import threading
import time
from collections.abc import Callable

from mutoscope.serve.boards import SCHEMA as BOARDS
from mutoscope.serve.jobs import BLIND, ENDED, Refusal
from mutoscope.serve.settings import ServeSettings
from mutoscope.serve.store import Store

DAY, GIGABYTE = 86400.0, 1e9
BATCH = 200  # jobs of one look at the tables; others may use them in between
# What never goes: what is on a board, such as the favourites. Pictures of the arena stay with their comparison.
KEPT = (
    "EXISTS (SELECT 1 FROM results AS own JOIN board_items ON board_items.result = own.id WHERE own.job_id = jobs.id) "
    f"OR jobs.origin = '{BLIND}'"
)
REMOVABLE = f"jobs.state IN {ENDED} AND NOT ({KEPT})"
OLD = f"SELECT id FROM jobs WHERE {REMOVABLE} AND ended < :latest AND ended < :before ORDER BY ended LIMIT :most"
LARGE = f"""
SELECT DISTINCT id FROM (
    SELECT jobs.id, jobs.ended, sum(results.bytes) OVER (ORDER BY jobs.ended DESC, jobs.place DESC) AS total
    FROM jobs JOIN results ON results.job_id = jobs.id WHERE {REMOVABLE}
) WHERE total > :bytes AND ended < :latest ORDER BY ended LIMIT :most
"""


class Retention(threading.Thread):
    """The thread that removes what is kept no longer; `remove` forgets a job with its files, unless it is KEPT since."""

    def __init__(self, store: Store, remove: Callable[[str], object], settings: ServeSettings):
        super().__init__(name="retention", daemon=True)
        self._store, self._remove, self._settings = store, remove, settings
        self._ending = threading.Event()
        store.make_tables(BOARDS)

    @property
    def is_wanted(self) -> bool:
        """Whether anything is ever removed."""
        return self._settings.keep_days is not None or self._settings.keep_gb is not None

    def run(self) -> None:
        """Look every minute; a queue that cannot be written to is tried again."""
        while not self._ending.is_set():
            try:
                self.look()
            except (sqlite3.Error, OSError) as error:
                if not self._ending.is_set():
                    print(f"mutoscope: old results are not removed: {error}", file=sys.stderr, flush=True)
            self._ending.wait(self._settings.keep_look_seconds)

    def end(self, seconds: float) -> None:
        """Stop after the job that is being removed."""
        self._ending.set()
        if self.is_alive():
            self.join(seconds)

    def look(self) -> int:
        """Remove what is kept no longer, and return how many jobs that were."""
        removed = 0
        while (found := self.find()) and not self._ending.is_set():
            for job_id in found:
                if self._ending.is_set():
                    break
                with contextlib.suppress(Refusal):  # a user has removed it, or wants to keep it
                    self._remove(job_id)
                removed += 1
        return removed

    def find(self) -> list[str]:
        """Return jobs that are kept no longer, the oldest first, at most BATCH; one that ended a moment ago is never among them."""
        now, keep = time.time(), self._settings
        values = {"latest": now - keep.keep_least_seconds, "most": BATCH}
        found: dict[str, None] = {}
        if keep.keep_days is not None:
            found |= self._ask(OLD, {**values, "before": now - keep.keep_days * DAY})
        if keep.keep_gb is not None:
            found |= self._ask(LARGE, {**values, "bytes": keep.keep_gb * GIGABYTE})
        return list(found)[:BATCH]

    def _ask(self, question: str, values: dict[str, float]) -> dict[str, None]:
        return dict.fromkeys(row["id"] for row in self._store.rows(question, values))
