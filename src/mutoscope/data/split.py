"""Some items of a pack held out: two folders that share its shards, with the rows of each.

    HELD/128x128/captions.jsonl, 00000.tar ...    the shards are hard links, or copies where the disk has none

Which items are held out is told by the hash of their names, so that it stays the same when others are added.
"""

import hashlib
import os
import shutil
from pathlib import Path

from mutoscope.data.rows import NAME, Row, Rows, to_line
from mutoscope.media.storage import make_folder, write_bytes


def split_pack(packed: Path, kept: Path, held: Path, share: float, most: int) -> tuple[int, int]:
    """Write `kept` and `held` from a pack: about `share` of each bucket is held out, `most` in all; return how many went where."""
    buckets = [Rows(path.parent) for path in sorted(packed.glob(f"*/{NAME}"))]
    total = sum(map(len, buckets))
    share = min(share, most / max(1, total))
    counts = [0, 0]
    for rows in buckets:
        every = sorted(rows, key=lambda row: hashlib.sha256(str(row.get("origin", row["file"])).encode()).digest())
        out = round(share * len(every))
        for number, (folder, part) in enumerate(((held, every[:out]), (kept, every[out:]))):
            if part:
                _write(rows.folder, folder / rows.folder.name, part)
            counts[number] += len(part)
    return counts[1], counts[0]


def link_pack(packed: Path, folder: Path, name: str) -> int:
    """Put the buckets of a pack into `folder` as NAME-BUCKET, beside others; return the number of items."""
    buckets = [Rows(path.parent) for path in sorted(packed.glob(f"*/{NAME}"))]
    for rows in buckets:
        _write(rows.folder, folder / f"{name}-{rows.folder.name}", list(rows))
    return sum(map(len, buckets))


def _write(source: Path, folder: Path, rows: list[Row]) -> None:
    """Write rows, and link the shards they lie in."""
    make_folder(folder)
    for shard in sorted({row["shard"] for row in rows}):
        target = folder / shard
        if not target.exists():
            try:
                os.link(source / shard, target)
            except OSError:
                shutil.copyfile(source / shard, target)
    write_bytes(folder / NAME, b"".join(to_line(row) for row in sorted(rows, key=lambda row: row["file"])))
