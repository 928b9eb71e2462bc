"""The arena's tables: comparisons, their drawings, pairs, votes. A vote is on the disk when `vote` returns, and there is one a pair.

A comparison has contestants (a model with settings, or a folder of files) and prompts; every contestant draws every prompt with the same
seed, and any two of them make a pair. Which of the two stands on the left is thrown when the pair is made and is told by nothing but
this table until there is a vote.
"""

import json
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any

from mutoscope.evaluate.preference import WINS_OF_LEFT, Vote
from mutoscope.serve.files import new_id
from mutoscope.serve.jobs import Refusal
from mutoscope.serve.store import Store, not_found

SKIP = "skip"
WINNERS = (*WINS_OF_LEFT, SKIP)
SCHEMA = """
CREATE TABLE IF NOT EXISTS contests (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, contestants TEXT NOT NULL, folder TEXT NOT NULL DEFAULT '',
    created REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS drawings (
    contest TEXT NOT NULL REFERENCES contests (id) ON DELETE CASCADE, row INTEGER NOT NULL, contestant INTEGER NOT NULL,
    prompt TEXT NOT NULL, seed INTEGER NOT NULL, job TEXT NOT NULL DEFAULT '', file TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT '', PRIMARY KEY (contest, row, contestant)
);
CREATE TABLE IF NOT EXISTS pairs (
    id TEXT PRIMARY KEY, contest TEXT NOT NULL REFERENCES contests (id) ON DELETE CASCADE, place REAL NOT NULL, row INTEGER NOT NULL,
    left INTEGER NOT NULL, right INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS pairs_by_contest ON pairs (contest, place);
CREATE TABLE IF NOT EXISTS votes (
    pair TEXT PRIMARY KEY REFERENCES pairs (id) ON DELETE CASCADE, winner TEXT NOT NULL, created REAL NOT NULL
);
"""
SIDES = """
FROM pairs AS p
JOIN drawings AS l ON l.contest = p.contest AND l.row = p.row AND l.contestant = p.left
JOIN drawings AS r ON r.contest = p.contest AND r.row = p.row AND r.contestant = p.right
LEFT JOIN votes AS v ON v.pair = p.id
"""
COUNTS = f"""
SELECT count(*) AS pairs, coalesce(sum(l.file <> '' AND r.file <> ''), 0) AS ready,
    coalesce(sum(l.error <> '' OR r.error <> ''), 0) AS failed,
    coalesce(sum(v.winner <> '{SKIP}'), 0) AS votes, coalesce(sum(v.winner = '{SKIP}'), 0) AS skipped,
    coalesce(sum(v.winner = 'left'), 0) AS left_wins, coalesce(sum(v.winner = 'right'), 0) AS right_wins {SIDES} WHERE p.contest = ?
"""


@dataclass(frozen=True)
class Contestant:
    """Who draws: a model with settings. `key` names it in votes: its hash, and the settings that are not the model's own."""

    name: str
    key: str
    model: str = ""  # of the catalog; "" where files are there already
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Contest:
    """One comparison."""

    id: str
    name: str
    kind: str  # "image", "video"
    contestants: tuple[Contestant, ...]
    folder: str = ""  # where the files of one that was not drawn here lie
    created: float = 0.0


@dataclass(frozen=True)
class Drawing:
    """One picture or clip of a comparison."""

    contest: str
    row: int  # which prompt, from 0
    contestant: int
    prompt: str
    seed: int
    job: str = ""
    file: str = ""  # in the folder of results, or of the comparison
    error: str = ""


@dataclass(frozen=True)
class Pair:
    """Two drawings of one prompt, and the vote where there is one."""

    id: str
    contest: str
    prompt: str
    seed: int
    left: int  # contestant
    right: int
    left_file: str
    right_file: str
    winner: str | None = None


class Arena:
    """Comparisons in the store's file; any thread may call it."""

    def __init__(self, store: Store):
        self._store = store
        store.make_tables(SCHEMA)

    def add(self, contest: Contest, drawings: Iterable[Drawing], toss: Callable[[], float] = random.random) -> Contest:
        """Keep a comparison with its pairs, each with its sides thrown by `toss`; one of the same id is left as it is."""
        drawn = list(drawings)
        rows: dict[int, list[int]] = {}
        for one in drawn:
            rows.setdefault(one.row, []).append(one.contestant)
        with self._store.transaction() as db:
            if db.execute("SELECT 1 FROM contests WHERE id = ?", (contest.id,)).fetchone():
                return contest
            who = json.dumps([asdict(one) for one in contest.contestants])
            db.execute("INSERT INTO contests VALUES (?, ?, ?, ?, ?, ?)",
                       (contest.id, contest.name, contest.kind, who, contest.folder, contest.created or time.time()))  # fmt: skip
            db.executemany(
                "INSERT INTO drawings VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [tuple(asdict(one).values()) for one in drawn]
            )
            for row, present in rows.items():
                pairs = [sides if toss() < 0.5 else sides[::-1] for sides in combinations(sorted(present), 2)]
                db.executemany("INSERT INTO pairs VALUES (?, ?, ?, ?, ?, ?)",
                               [(new_id(), contest.id, row + toss(), row, *sides) for sides in pairs])  # fmt: skip
        return contest

    def remove(self, contest_id: str) -> list[str]:
        """Forget a comparison with its votes, and return the jobs that drew for it; Refusal 404."""
        with self._store.transaction() as db:
            jobs = db.execute("SELECT job FROM drawings WHERE contest = ? AND job <> ''", (contest_id,)).fetchall()
            if not db.execute("DELETE FROM contests WHERE id = ?", (contest_id,)).rowcount:
                raise not_found()
        return [job for (job,) in jobs]

    def contests(self) -> list[Contest]:
        """Return all comparisons, the newest first."""
        return [_as_contest(row) for row in self._store.rows("SELECT * FROM contests ORDER BY created DESC")]

    def contest(self, contest_id: str) -> Contest:
        """Return a comparison; Refusal 404."""
        for row in self._store.rows("SELECT * FROM contests WHERE id = ?", (contest_id,)):
            return _as_contest(row)
        raise not_found()

    def counts(self, contest_id: str) -> dict[str, int]:
        """Return how many pairs there are, ready, failed, voted on, skipped, and how often the left side won and the right."""
        (row,) = self._store.rows(COUNTS, (contest_id,))
        return dict(row)

    # ------------------------------------------------------------------------------------------------------------- drawing

    def next_drawing(self) -> Drawing | None:
        """Return what is to be drawn next, None where all is drawn; comparisons take turns by the pairs they have."""
        found = self._store.rows(
            "SELECT * FROM drawings WHERE file = '' AND error = '' ORDER BY row, contest, contestant LIMIT 1"
        )
        return Drawing(**dict(found[0])) if found else None

    def note_job(self, drawing: Drawing, job: str) -> None:
        """Keep which job draws."""
        self._note(drawing, "job", job)

    def note_file(self, drawing: Drawing, file: str) -> None:
        """Keep what was drawn."""
        self._note(drawing, "file", file)

    def note_error(self, drawing: Drawing, error: str) -> None:
        """Keep why nothing was drawn; the pairs of it are left out."""
        self._note(drawing, "error", error[:500] or "it was cancelled")

    def _note(self, drawing: Drawing, column: str, value: str) -> None:
        with self._store.transaction() as db:
            place = drawing.contest, drawing.row, drawing.contestant
            db.execute(
                f"UPDATE drawings SET {column} = ? WHERE contest = ? AND row = ? AND contestant = ?", (value, *place)
            )

    def first_error(self, contest_id: str) -> str:
        """Return why the first pair that is left out could not be drawn, "" where all could."""
        rows = self._store.rows(
            "SELECT error FROM drawings WHERE contest = ? AND error <> '' ORDER BY row LIMIT 1", (contest_id,)
        )
        return rows[0]["error"] if rows else ""

    # --------------------------------------------------------------------------------------------------------------- votes

    def next_pair(self, contest_id: str) -> Pair | None:
        """Return the first pair that is drawn and has no vote; None."""
        where = "p.contest = ? AND l.file <> '' AND r.file <> '' AND v.pair IS NULL ORDER BY p.place LIMIT 1"
        found = self._pairs(where, (contest_id,))
        return found[0] if found else None

    def pair(self, pair_id: str) -> Pair:
        """Return a pair; Refusal 404."""
        for found in self._pairs("p.id = ?", (pair_id,)):
            return found
        raise not_found()

    def vote(self, pair_id: str, winner: str) -> Pair:
        """Keep a vote: left, right, tie or skip. The same one again changes nothing.

        Refusal 409 for another one, and for a pair that is not drawn yet; 404.
        """
        with self._store.transaction() as db:
            pair = self.pair(pair_id)
            if not (pair.left_file and pair.right_file):
                raise Refusal(409, "not_ready", "this pair is not drawn yet; ask for the next one")
            if pair.winner not in (None, winner):
                raise Refusal(409, "voted", f"this pair has a vote already: {pair.winner}; ask for the next one")
            db.execute("INSERT OR IGNORE INTO votes VALUES (?, ?, ?)", (pair_id, winner, time.time()))
            return self.pair(pair_id)

    def votes(self, contest_id: str | None = None, kind: str | None = None) -> list[dict[str, Any]]:
        """Return the votes as docs/votes has them: keys of the left and the right one, the winner, prompt, seed; oldest first.

        Those that were skipped are none.
        """
        where = "v.winner IS NOT NULL AND v.winner <> ? AND (? IS NULL OR p.contest = ?) ORDER BY v.created, p.id"
        who = {one.id: one for one in self.contests() if kind in (None, one.kind)}
        found = self._pairs(where, (SKIP, contest_id, contest_id))
        return [_as_vote(pair, who[pair.contest]) for pair in found if pair.contest in who]

    def _pairs(self, where: str, values: Sequence[Any]) -> list[Pair]:
        columns = (
            "p.id, p.contest, l.prompt, l.seed, p.left, p.right, l.file AS left_file, r.file AS right_file, v.winner"
        )
        return [Pair(**dict(row)) for row in self._store.rows(f"SELECT {columns} {SIDES} WHERE {where}", values)]


def count_votes(votes: Iterable[dict[str, Any]]) -> list[Vote]:
    """Return votes as `evaluate.preference` takes them."""
    return [(vote["left"], vote["right"], WINS_OF_LEFT[vote["winner"]]) for vote in votes]


def _as_contest(row: Any) -> Contest:
    values = dict(row)
    return Contest(**{**values, "contestants": tuple(Contestant(**one) for one in json.loads(values["contestants"]))})


def _as_vote(pair: Pair, contest: Contest) -> dict[str, Any]:
    left, right = contest.contestants[pair.left], contest.contestants[pair.right]
    return {"left": left.key, "right": right.key, "winner": pair.winner, "prompt": pair.prompt, "seed": pair.seed,
            "kind": contest.kind, "comparison": contest.id}  # fmt: skip
