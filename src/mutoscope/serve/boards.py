"""Boards: named sets of what was made, the favourites among them. What is deleted leaves every board."""

import time
from collections.abc import Sequence
from typing import Any

from mutoscope.serve.files import new_id
from mutoscope.serve.jobs import Refusal
from mutoscope.serve.store import Store, not_found

FAVOURITES = "favourites"
MAX_BOARDS = 500
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS boards (id TEXT PRIMARY KEY, name TEXT NOT NULL, created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS board_items (
    board TEXT NOT NULL REFERENCES boards (id) ON DELETE CASCADE, result TEXT NOT NULL REFERENCES results (id) ON DELETE CASCADE,
    PRIMARY KEY (board, result)
);
CREATE INDEX IF NOT EXISTS board_items_by_result ON board_items (result);
INSERT OR IGNORE INTO boards VALUES ('{FAVOURITES}', 'Favourites', 0);
"""
ON_BOARD = "results.id IN (SELECT result FROM board_items WHERE board = ?)"  # a condition of Store.list_items
COUNTED = "SELECT id, name, (SELECT count(*) FROM board_items WHERE board = id) AS count FROM boards"


class Boards:
    """Boards in the store's file; any thread may call it."""

    def __init__(self, store: Store):
        self._store = store
        store.make_tables(SCHEMA)

    def list(self) -> list[dict[str, Any]]:
        """Return the boards with how many items they have, the favourites first."""
        return [dict(row) for row in self._store.rows(f"{COUNTED} ORDER BY created > 0, name COLLATE NOCASE, created")]

    def get(self, board_id: str) -> dict[str, Any]:
        """Return a board with the ids of its items; Refusal 404."""
        found = self._store.rows(f"{COUNTED} WHERE id = ?", (board_id,))
        if not found:
            raise not_found()
        rows = self._store.rows("SELECT result FROM board_items WHERE board = ?", (board_id,))
        return {**dict(found[0]), "results": [row["result"] for row in rows]}

    def add(self, name: str) -> dict[str, Any]:
        """Make a board and return it; one of the same name is that one. Refusal 409 where there are too many."""
        with self._store.transaction() as db:
            known = db.execute("SELECT id FROM boards WHERE name = ?", (name,)).fetchone()
            if known is None:
                if db.execute("SELECT count(*) FROM boards").fetchone()[0] >= MAX_BOARDS:
                    raise Refusal(409, "too_many_boards", f"there are {MAX_BOARDS} boards; delete one first")
                known = {"id": new_id()}
                db.execute("INSERT INTO boards VALUES (?, ?, ?)", (known["id"], name, time.time()))
        return self.get(known["id"])

    def rename(self, board_id: str, name: str) -> dict[str, Any]:
        """Give a board another name and return it. Refusal 404; 409 for the favourites, and for a name that another board has."""
        if board_id == FAVOURITES:
            raise Refusal(409, "favourites", "the favourites keep their name; make a board of your own")
        with self._store.transaction() as db:
            if db.execute("SELECT 1 FROM boards WHERE name = ? AND id <> ?", (name, board_id)).fetchone():
                raise Refusal(409, "name_taken", f"there is a board {name!r} already; take another name", param="name")
            if not db.execute("UPDATE boards SET name = ? WHERE id = ?", (name, board_id)).rowcount:
                raise not_found()
        return self.get(board_id)

    def remove(self, board_id: str) -> None:
        """Forget a board; what was on it stays. Refusal 404, 409 for the favourites."""
        if board_id == FAVOURITES:
            raise Refusal(409, "favourites", "the favourites cannot be deleted; take items off them")
        with self._store.transaction() as db:
            if not db.execute("DELETE FROM boards WHERE id = ?", (board_id,)).rowcount:
                raise not_found()

    def put(self, board_id: str, results: Sequence[str], is_on: bool) -> dict[str, Any]:
        """Put results on a board, or take them off, and return it; those that are gone are left out. Refusal 404."""
        add = "INSERT OR IGNORE INTO board_items SELECT ?, id FROM results WHERE id = ?"
        drop = "DELETE FROM board_items WHERE board = ? AND result = ?"
        with self._store.transaction() as db:
            if not db.execute("SELECT 1 FROM boards WHERE id = ?", (board_id,)).fetchone():
                raise not_found()
            db.executemany(add if is_on else drop, [(board_id, result) for result in results])
        return self.get(board_id)
