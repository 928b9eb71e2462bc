"""The durable queue: one SQLite file that one process opens, and one connection that writes.

A change is a transaction that has reached the disk when the call returns (BEGIN IMMEDIATE, synchronous=FULL). Whoever says
something of a running job names its epoch; what is said with an old one counts no more. After every change `tell` gets the note of
it, in the order of the numbers, before the next change begins. ADR 16 says why this is no library.
"""

import fcntl
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mutoscope.errors import SettingError
from mutoscope.serve.jobs import CANCELLED, DONE, FAILED, QUEUED, RUNNING, Item, Job, Note, Refusal, Result
from mutoscope.serve.tables import ITEM_COLUMNS, JOB_COLUMNS, RESULT_COLUMNS, SCHEMA, as_job, as_result

CACHE_KILOBYTES = 512  # of pages; the system keeps the file in memory anyway
MAX_TRIES = 2  # workers that may die of one job
MAX_LOSSES = 5  # servers that may be killed while it runs, without a picture of it being finished
ACTIVE = f"state IN ('{QUEUED}', '{RUNNING}')"
POISON = "its worker ended {tries} times while it was drawn; ask for less, or look at the server's output"
LOST = "the server was killed {losses} times while it was drawn"


def lock_folder(folder: Path) -> int:
    """Take a folder for this process until it ends, and return the lock; SettingError where another server has it."""
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise SettingError(f"another server uses the folder {folder}; end it, or give another one: --folder") from error
    return handle


class Store:
    """The queue; any thread may call it."""

    def __init__(self, path: Path, tell: Callable[[Note], None] = lambda note: None):
        self._lock = threading.RLock()
        self._tell = tell
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
        self._db.row_factory = sqlite3.Row
        for line in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"cache_size=-{CACHE_KILOBYTES}"):
            self._db.execute(f"PRAGMA {line}").fetchall()
        self._db.executescript(SCHEMA)
        (self._number,) = self._db.execute("SELECT coalesce(max(value), 0) FROM counters").fetchone()

    def close(self) -> None:
        """Close the file; nothing may be called afterwards."""
        with self._lock:
            self._db.close()

    def check(self) -> None:
        """Raise sqlite3.DatabaseError where the file is damaged."""
        with self._lock:
            (said,) = self._db.execute("PRAGMA quick_check(1)").fetchone()
        if said != "ok":
            raise sqlite3.DatabaseError(said)

    @contextmanager
    def _change(self) -> Iterator[list[Note]]:
        """One transaction; the notes that are put into the list are told when it is on the disk."""
        with self._lock:
            notes: list[Note] = []
            self._db.execute("BEGIN IMMEDIATE")
            before = self._number
            try:
                yield notes
                if self._number != before:
                    self._db.execute("INSERT OR REPLACE INTO counters VALUES ('number', ?)", (self._number,))
                self._db.execute("COMMIT")
            except BaseException:
                self._number = before
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            for note in notes:
                self._tell(note)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction on the tables of another module; it is on the disk when this ends."""
        with self._change():
            yield self._db

    def rows(self, question: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[sqlite3.Row]:
        """Return the rows that answer a question about the tables of another module."""
        with self._lock:
            return self._db.execute(question, values).fetchall()

    def make_tables(self, schema: str) -> None:
        """Make the tables of another module where they are not there yet."""
        with self._lock:
            self._db.executescript(schema)

    def _next(self) -> int:
        self._number += 1
        return self._number

    # ---------------------------------------------------------------------------------------------------------- what is asked

    def accept(
        self, job: Job, key: str | None = None, digest: str = "", max_jobs: int = 10**9, max_cost: float = 1e18
    ) -> Job:
        """Keep a new job and return it; that of the same key where there is one. Refusal 422, or 429 without a Retry-After."""
        with self._change() as notes:
            known = self._with_key(key, digest)
            if known is not None:
                return known
            jobs, cost = self._load()
            if jobs + 1 > max_jobs or cost + job.cost > max_cost:
                raise Refusal(
                    429, "queue_full", f"the queue is full: {jobs} jobs, {cost:,.0f} megapixel steps; try again later"
                )
            values = (
                job.id, QUEUED, job.kind, job.model, job.format, job.prompt, json.dumps(job.requests), job.cost, job.created,
                job.previews, job.origin, json.dumps(job.memo), job.image, key, digest, self._next(),
            )  # fmt: skip
            marks = ", ".join("?" * len(values))
            self._db.execute(
                "INSERT INTO jobs (id, state, kind, model, format, prompt, requests, cost, created, previews, origin, memo, image, "
                f"key, digest, number) VALUES ({marks})",
                values,
            )
            return self._note_state(job.id, notes)

    def with_key(self, key: str | None, digest: str) -> Job | None:
        """Return the job that a key was given to; Refusal 422 where that was another order."""
        with self._lock:
            return self._with_key(key, digest)

    def _with_key(self, key: str | None, digest: str) -> Job | None:
        row = None if key is None else self._db.execute("SELECT id, digest FROM jobs WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        if row["digest"] != digest:
            raise Refusal(422, "key_reused", "this Idempotency-Key was given to another order; use a new one for each")
        return self.get(row["id"])

    def cancel(self, job_id: str) -> Job:
        """End a job that waits or runs; Refusal 404, 409."""
        with self._change() as notes:
            job = self.get(job_id)
            if job.has_ended:
                raise Refusal(409, "ended", f"the job has ended already: {job.state}")
            self._end(job_id, CANCELLED)
            return self._note_state(job_id, notes)

    def remove(self, job_id: str, unless: str = "0") -> Job:
        """Forget a job that has ended, and return what it was; its files are the caller's to remove. Refusal 404, 409.

        `unless`: a condition of another module under which it stays.
        """
        with self._change() as notes:
            job = self.get(job_id)
            if not job.has_ended:
                raise Refusal(409, "not_ended", f"the job is {job.state}; cancel it first")
            if not self._db.execute(f"DELETE FROM jobs WHERE id = ? AND NOT ({unless})", (job_id,)).rowcount:
                raise Refusal(409, "kept", "the job is kept")
            notes.append(Note("removed", job_id, None, self._next()))
            return job

    # ------------------------------------------------------------------------------------------------------ what workers do

    def claim(self) -> Job | None:
        """Give the oldest job that waits to the caller, None where none waits."""
        with self._lock:
            row = self._db.execute(f"SELECT id FROM jobs WHERE state = '{QUEUED}' ORDER BY place LIMIT 1").fetchone()
            return None if row is None else self._give(row)

    def _give(self, row: sqlite3.Row) -> Job:
        with self._change() as notes:
            self._db.execute(
                "UPDATE jobs SET state = ?, epoch = epoch + 1, tries = tries + 1, started = coalesce(started, ?), number = ? "
                "WHERE id = ?",
                (RUNNING, time.time(), self._next(), row["id"]),
            )
            return self._note_state(row["id"], notes)

    def add_result(self, job_id: str, epoch: int, result: Result) -> bool:
        """Keep a finished picture, whose file is on the disk; False where the epoch is an old one. Counts of deaths begin anew."""
        with self._change() as notes:
            if not self._is_current(job_id, epoch):
                return False
            number = self._next()
            values = (result.id, job_id, result.place, result.file, result.format, result.bytes, result.seconds, result.request,
                      json.dumps(result.warnings), number)  # fmt: skip
            self._db.execute(f"INSERT INTO results ({RESULT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
            self._db.execute("UPDATE jobs SET tries = 1, losses = 0 WHERE id = ?", (job_id,))
            notes.append(Note("result", job_id, self.get_result(result.id), number))
            return True

    def finish(self, job_id: str, epoch: int, error: str = "", code: str = "") -> Job | None:
        """End a running job: done, or failed where there is an error; None where the epoch is an old one."""
        with self._change() as notes:
            if not self._is_current(job_id, epoch):
                return None
            self._end(job_id, FAILED if error else DONE, error, code)
            return self._note_state(job_id, notes)

    def put_back(self, job_id: str, epoch: int, *, blameless: bool = False) -> Job | None:
        """Let a running job wait again, or fail where too many workers died of it; `blameless`: this try does not count."""
        with self._change() as notes:
            if not self._is_current(job_id, epoch):
                return None
            tries = self.get(job_id).tries
            if tries >= MAX_TRIES and not blameless:
                self._end(job_id, FAILED, POISON.format(tries=tries), "worker_died")
            else:
                self._requeue(job_id, tries - 1 if blameless else tries)
            return self._note_state(job_id, notes)

    def recover(self) -> int:
        """Let jobs wait again that ran when the last server died, and return how many; twice is as good as once."""
        with self._change() as notes:
            rows = self._db.execute("SELECT id, tries, losses FROM jobs WHERE state = ?", (RUNNING,)).fetchall()
            for row in rows:
                losses = row["losses"] + 1
                self._db.execute("UPDATE jobs SET losses = ? WHERE id = ?", (losses, row["id"]))
                if losses >= MAX_LOSSES:
                    self._end(row["id"], FAILED, LOST.format(losses=losses), "server_killed")
                else:
                    self._requeue(row["id"], row["tries"] - 1)
                self._note_state(row["id"], notes)
            return len(rows)

    def _requeue(self, job_id: str, tries: int) -> None:
        self._db.execute(
            "UPDATE jobs SET state = ?, tries = ?, number = ? WHERE id = ?",
            (QUEUED, max(0, tries), self._next(), job_id),
        )

    def _end(self, job_id: str, state: str, error: str = "", code: str = "") -> None:
        self._db.execute(
            "UPDATE jobs SET state = ?, ended = ?, error = ?, error_code = ?, number = ? WHERE id = ?",
            (state, time.time(), error, code, self._next(), job_id),
        )

    def _is_current(self, job_id: str, epoch: int) -> bool:
        row = self._db.execute("SELECT state, epoch FROM jobs WHERE id = ?", (job_id,)).fetchone()
        return row is not None and row["state"] == RUNNING and row["epoch"] == epoch

    def _note_state(self, job_id: str, notes: list[Note]) -> Job:
        job = self.get(job_id)
        notes.append(Note("state", job_id, job, job.number))
        return job

    # ---------------------------------------------------------------------------------------------------------- what there is

    def get(self, job_id: str) -> Job:
        """Return a job with its results; Refusal 404."""
        with self._lock:
            row = self._db.execute(f"SELECT {JOB_COLUMNS} FROM jobs WHERE id = ?", (job_id,)).fetchone()
            if row is None:
                raise not_found()
            return as_job(row, self._results_of(job_id))

    def _results_of(self, job_id: str) -> tuple[Result, ...]:
        rows = self._db.execute(f"SELECT {RESULT_COLUMNS} FROM results WHERE job_id = ? ORDER BY place", (job_id,))
        return tuple(map(as_result, rows.fetchall()))

    def get_result(self, result_id: str) -> Result:
        """Return a result; Refusal 404."""
        with self._lock:
            row = self._db.execute(f"SELECT {RESULT_COLUMNS} FROM results WHERE id = ?", (result_id,)).fetchone()
        if row is None:
            raise not_found()
        return as_result(row)

    def list_jobs(
        self,
        limit: int,
        after: str | None = None,
        newest_first: bool = True,
        origin: str | None = None,
        state: str | None = None,
        kind: str | None = None,
        words: str | None = None,
        also: Mapping[str, Any] | None = None,
    ) -> list[Job]:
        """Return up to `limit` jobs behind the job `after`, those of one origin, state or kind where they are given, and those with
        all of the words in their prompts; Refusal 404. `also`: conditions of other modules, each with its one value.
        """
        order, beyond = ("DESC", "<") if newest_first else ("ASC", ">")
        rules: dict[str, Any] = {"origin = ?": origin, "state = ?": state, "kind = ?": kind, **(also or {})}
        wanted = like_words(words)
        with self._lock:
            if after is not None:
                rules[f"place {beyond} ?"] = self._place_of(after)
            said = [rule for rule, value in rules.items() if value is not None]
            said += [r"prompt LIKE ? ESCAPE '\'" for _ in wanted]
            where = " AND ".join(said) or "1"
            values = [value for value in rules.values() if value is not None] + wanted
            rows = self._db.execute(
                f"SELECT {JOB_COLUMNS} FROM jobs WHERE {where} ORDER BY place {order} LIMIT ?", (*values, limit)
            ).fetchall()
            return [as_job(row, self._results_of(row["id"])) for row in rows]

    def list_items(
        self,
        limit: int,
        after: tuple[int, int] | None = None,
        kind: str | None = None,
        words: str | None = None,
        also: Mapping[str, Any] | None = None,
    ) -> tuple[list[Item], int]:
        """Return up to `limit` finished pictures and clips, the newest first, and how many there are of this kind with these words.

        `after` is the place of a job and that of its result: the list goes on behind them, whether they are still there or not.
        `also`: conditions of other modules, each with its one value.
        """
        wanted = like_words(words)
        more = {**(also or {}), **({} if kind is None else {"kind = ?": kind})}
        rules = [r"prompt LIKE ? ESCAPE '\'" for _ in wanted] + [*more]
        values = [*wanted, *more.values()]
        # CROSS: prompts are looked through first, then the results of those that match; the other way costs eight times as much
        source, where = "jobs CROSS JOIN results ON results.job_id = jobs.id", " AND ".join(rules) or "1"
        counted = f"{source} WHERE {where}" if rules else "results"
        first, second = after or (1 << 62, 0)
        with self._lock:
            (total,) = self._db.execute(f"SELECT count(*) FROM {counted}", values).fetchone()
            rows = self._db.execute(
                f"SELECT {ITEM_COLUMNS} FROM {source} WHERE {where} AND jobs.place <= ? AND (jobs.place < ? OR results.place < ?) "
                "ORDER BY jobs.place DESC, results.place DESC LIMIT ?",
                (*values, first, first, second, limit),
            ).fetchall()
        return [Item(**dict(row)) for row in rows], total

    def _place_of(self, job_id: str) -> Any:
        row = self._db.execute("SELECT place FROM jobs WHERE id = ?", (job_id,)).fetchone()
        if row is None:
            raise not_found()
        return row["place"]

    def notes_since(self, number: int, job_id: str | None = None, but: str | None = None) -> list[Note]:
        """Return the states and results that changed after a number, each once, in their order; none of the origin `but`."""
        values = {"number": number, "job": job_id, "but": but or ""}
        with self._lock:
            jobs = self._db.execute(
                f"SELECT {JOB_COLUMNS} FROM jobs WHERE number > :number AND (:job IS NULL OR id = :job) AND origin <> :but",
                values,
            ).fetchall()
            results = self._db.execute(
                f"SELECT {RESULT_COLUMNS} FROM results WHERE number > :number AND (:job IS NULL OR job_id = :job) "
                "AND (:but = '' OR job_id NOT IN (SELECT id FROM jobs WHERE origin = :but))",
                values,
            ).fetchall()
            notes = [Note("state", row["id"], as_job(row, self._results_of(row["id"])), row["number"]) for row in jobs]
        notes += [Note("result", row["job_id"], as_result(row), row["number"]) for row in results]
        return sorted(notes, key=lambda note: note.number)

    def active(self) -> list[Job]:
        """Return the jobs that wait or run, the oldest first."""
        with self._lock:
            rows = self._db.execute(f"SELECT {JOB_COLUMNS} FROM jobs WHERE {ACTIVE} ORDER BY place").fetchall()
            return [as_job(row, self._results_of(row["id"])) for row in rows]

    @property
    def number(self) -> int:
        """The number of the last change."""
        return self._number

    def load(self) -> tuple[int, float]:
        """Return how many jobs wait or run, and what they cost together."""
        with self._lock:
            return self._load()

    def _load(self) -> tuple[int, float]:
        jobs, cost = self._db.execute(f"SELECT count(*), coalesce(sum(cost), 0.0) FROM jobs WHERE {ACTIVE}").fetchone()
        return jobs, cost

    def counts(self) -> dict[str, int]:
        """Return how many jobs are in each state."""
        with self._lock:
            rows = self._db.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall()
        return {state: number for state, number in rows}

    def files(self) -> tuple[set[str], set[str]]:
        """Return the names of the files of results, and the ids of the jobs whose picture to start from is still needed."""
        with self._lock:
            results = {name for (name,) in self._db.execute("SELECT file FROM results").fetchall()}
            inputs = {name for (name,) in self._db.execute(f"SELECT id FROM jobs WHERE image AND {ACTIVE}").fetchall()}
        return results, inputs


def like_words(words: str | None) -> list[str]:
    """Return for each word what LIKE takes: it stands anywhere in a prompt."""
    return [f"%{escape_like(word)}%" for word in (words or "").split()]


def escape_like(word: str) -> str:
    r"""Return a word as LIKE takes it to the letter.

    >>> escape_like("100%_a")
    '100\\%\\_a'
    """
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def not_found() -> Refusal:
    """Return the one answer for everything that is not there, so that it tells nothing more."""
    return Refusal(404, "not_found", "there is nothing of this name here")
