"""A server's folder with as many pictures as years of use leave, for measuring the page: real rows, real files, made in seconds."""

import io
import json
import os
import sqlite3
import time
from pathlib import Path

import numpy as np
from PIL import Image

from mutoscope.serve.files import QUEUE, Files, new_id
from mutoscope.serve.jobs import DONE
from mutoscope.serve.store import Store

THINGS = (
    "fox lake castle hill boat forest village waterfall canyon island mountain heron owl train bridge meadow".split()
)
PLACES = "by a river; under the stars; in the snow; at dawn; in a storm; at the end of a long road; behind glass".split(
    "; "
)
STYLES = "photo; watercolor; ink wash; pixel art; oil painting; low poly".split("; ")
SIZES = ((256, 256), (320, 192), (192, 320), (384, 192))
PICTURES = 40  # different ones; the files of the others are links to theirs


def fill_library(folder: Path, number: int) -> None:
    """Make a folder of a server with so many finished pictures, one a minute up to now; their thumbnails are there."""
    files = Files(folder)
    Store(folder / QUEUE).close()
    pictures = [write_picture(folder, place) for place in range(PICTURES)]
    with sqlite3.connect(folder / QUEUE) as rows:
        for place in range(number):
            picture, small, (width, height) = pictures[place % PICTURES]
            name = new_id()
            os.link(picture, files.results / f"{name}.png")
            os.link(small, files.thumbnails / f"{name}.webp")
            add_row(rows, name, place, number, width, height, picture.stat().st_size)
        rows.execute("INSERT OR REPLACE INTO counters VALUES ('number', ?)", (2 * number,))


def write_picture(folder: Path, place: int) -> tuple[Path, Path, tuple[int, int]]:
    """Write a smooth picture and its thumbnail; return both with its size."""
    width, height = SIZES[place % len(SIZES)]
    random = np.random.default_rng(place)
    coarse = Image.fromarray(random.integers(0, 256, (6, 6, 3), np.uint8))
    picture = coarse.resize((width, height), Image.Resampling.BICUBIC)
    paths = folder / f"picture-{place}.png", folder / f"picture-{place}.webp"
    picture.save(paths[0])
    picture.thumbnail((256, 256))
    data = io.BytesIO()
    picture.save(data, "WEBP", quality=78)
    paths[1].write_bytes(data.getvalue())
    return *paths, (width, height)


def prompt_of(place: int) -> str:
    """Return words that no other item has in this order; one in 1,000 names a zeppelin."""
    words = f"a {THINGS[place % 16]} and a {THINGS[place // 16 % 16]} {PLACES[place % 7]}, {STYLES[place % 6]}, number {place}"
    return words + (" with a zeppelin" if place % 1000 == 500 else "")


def add_row(rows: sqlite3.Connection, name: str, place: int, number: int, width: int, height: int, size: int) -> None:
    """Add a job that is done, with its one result."""
    prompt, created = prompt_of(place), time.time() - 60.0 * (number - place)
    request = {
        "prompt": prompt, "negative_prompt": "people, text, watermark", "seed": place, "index": 0, "width": width, "height": height,
        "num_frames": 1, "fps": 8, "num_inference_steps": 12, "guidance_scale": 3.0, "styles": [], "adapters": [],
        "postprocess": "", "precision": "fp32", "model": "small", "model_hash": "0" * 16, "sampler_version": 1,
    }  # fmt: skip
    text, job = json.dumps(request), new_id()
    job_row = {
        "id": job, "state": DONE, "kind": "image", "model": "small", "format": "png", "prompt": prompt, "requests": json.dumps([text]),
        "cost": 0.8, "created": created, "started": created, "ended": created + 2, "tries": 1, "epoch": 1, "previews": 1,
        "origin": "jobs", "memo": "{}", "image": 0, "digest": "", "number": 2 * place + 2,
    }  # fmt: skip
    result_row = {
        "id": name, "job_id": job, "place": 0, "file": f"{name}.png", "format": "png", "bytes": size, "seconds": 2.0, "request": text,
        "warnings": "[]", "number": 2 * place + 1,
    }  # fmt: skip
    for table, row in (("jobs", job_row), ("results", result_row)):
        marks = ", ".join(f":{column}" for column in row)
        rows.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", row)
