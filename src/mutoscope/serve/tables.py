"""The tables of the queue, and their rows as jobs and results."""

import json
import sqlite3
from typing import Any

from mutoscope.serve.jobs import Job, Result

SCHEMA = """
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS jobs (
    place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, kind TEXT NOT NULL, model TEXT NOT NULL,
    format TEXT NOT NULL, prompt TEXT NOT NULL, requests TEXT NOT NULL, cost REAL NOT NULL, created REAL NOT NULL, started REAL,
    ended REAL, tries INTEGER NOT NULL DEFAULT 0, losses INTEGER NOT NULL DEFAULT 0, epoch INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '', error_code TEXT NOT NULL DEFAULT '', previews INTEGER NOT NULL, origin TEXT NOT NULL,
    memo TEXT NOT NULL, image INTEGER NOT NULL, key TEXT UNIQUE, digest TEXT NOT NULL, number INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, place);
CREATE INDEX IF NOT EXISTS jobs_by_number ON jobs (number);
CREATE TABLE IF NOT EXISTS results (
    id TEXT PRIMARY KEY, job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, place INTEGER NOT NULL, file TEXT NOT NULL,
    format TEXT NOT NULL, bytes INTEGER NOT NULL, seconds REAL NOT NULL, request TEXT NOT NULL, warnings TEXT NOT NULL,
    number INTEGER NOT NULL, UNIQUE (job_id, place)
);
CREATE INDEX IF NOT EXISTS results_by_number ON results (number);
"""
JOB_COLUMNS = (
    "id, state, kind, model, format, prompt, requests, cost, created, started, ended, tries, epoch, error, error_code, previews, "
    "origin, memo, image, number"
)
ITEM_COLUMNS = (
    "results.id, jobs.id AS job_id, jobs.kind, jobs.format, jobs.prompt, jobs.created, json_extract(results.request, '$.width') AS width, "
    "json_extract(results.request, '$.height') AS height, jobs.place AS job_place, results.place"
)
RESULT_COLUMNS = "id, job_id, place, file, format, bytes, seconds, request, warnings, number"


def as_job(row: sqlite3.Row, results: tuple[Result, ...]) -> Job:
    """Return a row of JOB_COLUMNS as a job."""
    values: dict[str, Any] = dict(row)
    values |= {"requests": tuple(json.loads(row["requests"])), "memo": json.loads(row["memo"]), "results": results}
    values |= {name: bool(row[name]) for name in ("previews", "image")}
    return Job(**values)


def as_result(row: sqlite3.Row) -> Result:
    """Return a row of RESULT_COLUMNS as a result."""
    values: dict[str, Any] = dict(row)
    values["warnings"] = tuple(json.loads(row["warnings"]))
    return Result(**values)
