"""Where people's own pictures and clips are found, each with its captions and where it came from.

    rows       a folder with captions.jsonl (ours)
    table      folders with metadata.jsonl or metadata.csv, or any table given by name
    sidecar    a folder of name.png with name.txt (or name.caption, name.png.txt) beside it, a caption a line
    class      a folder of folders; the name of the folder is the caption
    shards     webdataset: a .tar, or a folder of them
    hub        hf:OWNER/NAME, a Hugging Face data set; nothing is fetched unless it is named so

What cannot be taken is found too, with the reason. Nothing is decoded here: whether a file is a picture the check says.
"""

import json
import os
import re
import tarfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from mutoscope.data import captions
from mutoscope.data.converting import ENDINGS as CONVERTED
from mutoscope.data.rows import NAME, Rows, place_of
from mutoscope.data.sidecars import ENDINGS as SIDECAR_ENDINGS
from mutoscope.data.sidecars import Sidecars
from mutoscope.data.tables import ENDINGS as TABLE_ENDINGS
from mutoscope.data.tables import NAMES as TABLES
from mutoscope.data.tables import TEXT_COLUMNS, Entry, Table, composed, texts_of
from mutoscope.errors import DataError, MissingExtraError, OutputError, SettingError, did_you_mean
from mutoscope.telemetry import disable_telemetry

KINDS = ("rows", "table", "sidecar", "class", "shards", "hub")
ENDINGS = (".png", ".jpg", ".jpeg", ".jfif", ".webp", ".gif", ".avif", *CONVERTED, ".mp4", ".m4v", ".mov", ".webm")
OTHER_MEDIA = (".avi .dng .eps .heic .heif .ico .jp2 .jxl .mkv .mpg .mpeg .psd .svg .tga .wmv"
               " .raw .cr2 .nef .arw").split()  # fmt: skip
NO_CLASSES = frozenset(
    "train test val valid validation dev eval split images image imgs img pictures pics data dataset".split()
)
MAX_MEMBER = 256 << 20  # bytes of a file in a shard
HUB = "hf:"


@dataclass(frozen=True)
class Found:
    """One picture or clip as its source has it."""

    origin: str  # its name in the source: "a/lake.png", "shard-0.tar/0001.jpg"
    content: Path | bytes
    captions: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    source: str = ""
    licence: str = ""
    problem: str = ""  # what is wrong with its caption file


@dataclass(frozen=True)
class Passed:
    """Something in the source that cannot be taken, and why."""

    origin: str
    reason: str


Findings = Iterator[Found | Passed]


def find(source: str, kind: str = "", table: str = "", split: str = "train") -> tuple[str, Findings]:
    """Return the kind of a source and what is in it, in one order; OutputError, DataError, SettingError say what is wrong.

    `kind` "" finds out; `table` names a CSV, TSV or JSONL of captions; `split` is of a hub data set.
    """
    if kind and kind not in KINDS:
        raise SettingError(f"unknown kind {kind!r}{did_you_mean(kind, KINDS)}; known: {', '.join(KINDS)}")
    if source.startswith(HUB):
        return "hub", _hub(source.removeprefix(HUB), split)
    path = Path(source)
    if not path.exists():
        hint = f"; a Hugging Face data set is named {HUB}{source}" if re.fullmatch(r"[\w.-]+/[\w.-]+", source) else ""
        raise OutputError(f"{source!r} is not there; expected a folder or a .tar{hint}")
    if path.is_file():
        return "shards", _shards([_shard_file(path)])
    kind = "table" if table else kind or _kind_of(path)
    if kind == "shards":
        return kind, _shards(sorted(path.glob("*.tar")) or [_shard_file(path)])
    if kind == "rows":
        return kind, _rows(path)
    if kind == "table":
        return kind, _table(path, table)
    return kind, _sidecar(path) if kind == "sidecar" else _class(path)


def _kind_of(folder: Path) -> str:
    """Return the kind of a folder; DataError when it holds nothing or no captions."""
    if (folder / NAME).is_file():
        return "rows"
    media: list[Path] = []
    closed, tables, tars = "", 0, 0
    for path in _walk(folder):
        if isinstance(path, Passed):
            closed = closed or f"; {path.origin}: {path.reason}"
        else:
            tars += path.suffix.lower() == ".tar"
            tables += path.name.lower() in TABLES
            media += [path] if path.suffix.lower() in ENDINGS else []
    if tars and not media:
        return "shards"
    if not media:
        raise DataError(f"{folder}: no pictures or clips here{closed}; files that are read end in {' '.join(ENDINGS)}")
    if tables:
        return "table"
    sidecars = Sidecars()
    if any(sidecars.find(path) for path in media):
        return "sidecar"
    _check_classes(folder, media)
    return "class"


def holds_table(folder: Path) -> bool:
    """Return whether a folder, or one below it, has a table of captions that is found by its name."""
    return any(isinstance(path, Path) and path.name.lower() in TABLES for path in _walk(folder))


def _check_classes(folder: Path, media: list[Path]) -> None:
    """Raise DataError where the names of folders say nothing about what is in them."""
    hint = (
        f"expected name.txt beside name.png, {TABLES[0]}, a table given with --captions, or one folder for each class"
    )
    if any(path.parent == folder for path in media):
        raise DataError(f"{folder}: {len(media):,} pictures or clips and no captions; {hint}")
    names = {path.parent.name for path in media}
    if {name.lower() for name in names} <= NO_CLASSES:
        raise DataError(
            f"{folder}: {len(media):,} pictures or clips in {', '.join(sorted(names))} and no captions; {hint}"
        )


def _walk(folder: Path) -> Iterator[Path | Passed]:
    """Yield every file under `folder` by name, and what looks like a picture and is none; hidden things are left out."""
    closed: list[OSError] = []
    for place, folders, files in os.walk(folder, onerror=closed.append, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__MACOSX")
        for name in folders:
            path = Path(place, name)
            if path.is_symlink():
                yield Passed(_name(path, folder), "it is a link to a folder; links to folders are not followed")
            elif path.suffix.lower() in ENDINGS:
                yield Passed(_name(path, folder), "it is a folder, not a file")
        for name in sorted(files):
            path, ending = Path(place, name), Path(name).suffix.lower()
            if name.startswith("."):
                continue
            if ending in OTHER_MEDIA:
                yield Passed(_name(path, folder), f"{ending} is not read; convert it to .png, .jpg, .webp or .mp4")
            elif ending in ENDINGS and not path.is_file():
                broken = path.is_symlink()
                yield Passed(_name(path, folder), "it is a link that leads nowhere" if broken else "it is no file")
            else:
                yield path
    yield from (Passed(_name(Path(error.filename), folder), f"cannot be read: {error.strerror}") for error in closed)


def _media(folder: Path) -> Iterator[Path | Passed]:
    return (path for path in _walk(folder) if isinstance(path, Passed) or path.suffix.lower() in ENDINGS)


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


# Folders ---------------------------------------------------------------------------------------------------------


def _sidecar(folder: Path) -> Findings:
    sidecars = Sidecars()
    for path in _media(folder):
        if isinstance(path, Passed):
            yield path
        else:
            texts, problem = sidecars.read(path)
            yield Found(_name(path, folder), path, texts, _repeats(path, folder), problem=problem)
    yield from _unread_tables(folder)


def _class(folder: Path) -> Findings:
    for path in _media(folder):
        if isinstance(path, Passed):
            yield path
        elif path.parent == folder:
            yield Found(_name(path, folder), path, problem="it lies in no class folder")
        else:
            name = path.parent.name
            yield Found(_name(path, folder), path, [class_caption(name)], {"class": name, **_repeats(path, folder)})
    yield from _unread_tables(folder)


def _repeats(path: Path, folder: Path) -> dict[str, int]:
    """Return {"repeats": how often a file counts in training}, empty for once: kohya's folders are named 10_mystyle."""
    number = re.match(r"([1-9]\d{0,3})_(?=.*[^\W\d_])", path.parent.name) if path.parent != folder else None
    return {"repeats": int(number[1])} if number and number[1] != "1" else {}


def class_caption(name: str) -> str:
    """Return the caption that the name of a class folder is; a number before it is a trainer's: of repeats, or of the class.

    >>> class_caption("golden_retriever"), class_caption("10_mystyle painting"), class_caption("001.Black_footed_Albatross")
    ('golden retriever', 'mystyle painting', 'Black footed Albatross')
    """
    name = re.sub(r"^\d+[_.](?=.*[^\W\d_])", "", composed(name))
    return re.sub(r"[_\W]+", " ", name).strip()


def _rows(folder: Path) -> Findings:
    rows = Rows(folder)
    yield from (Passed(f"{NAME} line {number}", reason) for number, reason in rows.broken)
    for row in rows:
        yield _from_row(folder, dict(row))


def _from_row(folder: Path, row: dict[str, Any]) -> Found | Passed:
    file = row.pop("file")
    try:
        path = place_of(folder, file)
        if not path.is_file():
            return Passed(file, "the file is not there")
    except (DataError, ValueError, OSError) as error:
        return Passed(file, str(error))
    texts, problem = row.pop("captions", None) or [], str(row.pop("caption_problem", None) or "")
    facts = row.pop("facts", None)
    source, licence = (str(row.pop(key, None) or "") for key in ("source", "licence"))
    facts = {**row, **(facts if isinstance(facts, dict) else {})}
    return Found(file, path, texts_of(texts), facts, source, licence, problem)


# Tables ----------------------------------------------------------------------------------------------------------


def _table(folder: Path, table: str) -> Findings:
    """Yield every file of the folder with its rows of a table, then the rows whose file is not there.

    Without a table by name each folder has its own, and that of a folder above it: names in it are relative to where it lies.
    """
    media = list(_media(folder))
    tables = _named_table(folder, Path(table)) if table else _tables_in(folder)
    read, sidecars = {path: Table(path) for path in dict.fromkeys(path for _, path in tables)}, Sidecars()
    names = {base: _names_below(base, media) for base, _ in tables}
    for path in media:
        if isinstance(path, Passed):
            yield path
            continue
        found = (
            read[place].take(_name(path, base), names[base])
            for base, place in tables
            if base == path.parent or base in path.parents
        )
        yield _from_entry(folder, path, next(filter(None, found), None), None if table else sidecars)
    for path, rows in read.items():
        yield from (
            Passed(name, f"named in {_place(path, folder)}, but there is no such file") for name in rows.unused()
        )
    yield from _unread_tables(folder, read)


def _from_entry(folder: Path, path: Path, entry: Entry | None, sidecars: Sidecars | None) -> Found:
    """Return a file with what a table says of it, or, where that is nothing, the caption file beside it."""
    entry = entry or Entry()
    if sidecars and not (entry.captions or entry.problem):
        texts, problem = sidecars.read(path)
        entry = Entry(texts, entry.facts, problem)
    facts = dict(entry.facts)
    inner = facts.pop("facts", None)
    source, licence = (str(facts.pop(key, None) or "") for key in ("source", "licence"))
    facts |= inner if isinstance(inner, dict) else {}
    return Found(_name(path, folder), path, entry.captions, facts, source, licence, entry.problem)


def _named_table(folder: Path, table: Path) -> list[tuple[Path, Path]]:
    """Return (folder its names start from, table) of a table that was named: the source's folder, or its own in there."""
    place = table.parent
    inside = folder in place.parents
    return [(place, table), (folder, table)] if inside else [(folder, table)]


def _tables_in(folder: Path) -> list[tuple[Path, Path]]:
    """Return (folder, table) of every folder that has a table, deep ones first; DataError without any."""
    found: dict[Path, Path] = {}
    for path in _walk(folder):
        if isinstance(path, Path) and path.name.lower() in TABLES:
            best = found.get(path.parent)
            rank = TABLES.index(path.name.lower())
            if best is None or rank < TABLES.index(best.name.lower()):
                found[path.parent] = path
    if not found:
        raise DataError(f"{folder}: no {' or '.join(TABLES[:2])} here; name the table with --captions FILE")
    return sorted(found.items(), key=lambda pair: -len(pair[0].parts))


def _names_below(base: Path, media: list[Path | Passed]) -> set[str]:
    """Return the composed names of the files under a folder, relative to it."""
    return {composed(_name(path, base)) for path in media if isinstance(path, Path) and base in path.parents}


def _unread_tables(folder: Path, read: Collection[Path] = ()) -> Findings:
    """Yield the tables that nothing was taken from: what they say would be lost without a word."""
    for path in _walk(folder):
        if isinstance(path, Path) and path not in read and path.name != NAME:
            if path.suffix.lower() in TABLE_ENDINGS:
                yield Passed(_name(path, folder), "a table that was not read; name it with --captions")
            elif path.suffix.lower() == ".parquet":
                yield Passed(_name(path, folder), ".parquet is not read; save the table as .csv or .jsonl")


def _place(path: Path, folder: Path) -> str:
    return _name(path, folder) if folder in path.parents else path.name


# Shards ----------------------------------------------------------------------------------------------------------


def _shard_file(path: Path) -> Path:
    if not path.name.endswith((".tar", ".tar.gz", ".tgz")):
        raise OutputError(f"{str(path)!r} is no shard; expected a folder, or a .tar")
    return path


def _shards(paths: list[Path]) -> Findings:
    """Yield the items of shards: files whose names agree up to the first dot belong together."""
    for path in paths:
        seen: set[str] = set()
        key, parts = "", {}
        try:
            for name, data in _members(path):
                head, _, ending = PurePosixPath(name).name.partition(".")
                here = str(PurePosixPath(name).parent / head)
                if here != key:
                    yield from _shard_item(path, key, parts, seen)
                    key, parts = here, {}
                parts["." + ending.lower()] = data
            yield from _shard_item(path, key, parts, seen)
        except (tarfile.TarError, EOFError, OSError) as error:
            yield from _shard_item(path, key, parts, seen)
            yield Passed(path.name, f"the shard is damaged or cut short ({error}); its items up to there are taken")


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every plain file of a shard; a size beyond the limit gives its content up."""
    with tarfile.open(path, "r|*") as tar:
        for member in tar:
            stream = tar.extractfile(member) if member.isreg() else None
            if stream is not None:
                data = stream.read() if member.size <= MAX_MEMBER else b""
                if len(data) != member.size and data:
                    raise EOFError("a member ends too early")
                yield member.name, data


def _shard_item(path: Path, key: str, parts: dict[str, bytes], seen: set[str]) -> Findings:
    media = next((ending for ending in ENDINGS if ending in parts), "")
    origin = f"{path.name}/{key}{media}"
    if not parts:
        return
    if not media:
        yield Passed(origin, f"no picture or clip among {' '.join(sorted(parts))}")
    elif key in seen:
        yield Passed(origin, "its key comes twice in this shard")
    else:
        seen.add(key)
        yield _with_captions(origin, parts.pop(media), parts)


def _with_captions(origin: str, content: bytes, parts: dict[str, bytes]) -> Found:
    texts, problem, row = [], "", {}
    for ending in SIDECAR_ENDINGS:
        text, wrong = captions.decode(parts.get(ending, b""))
        texts, problem = texts + captions.wordings(text), problem or (wrong and f"{ending}: {wrong}")
    if ".json" in parts:
        try:
            row = json.loads(parts[".json"])
        except (ValueError, RecursionError):
            problem = problem or ".json: it is damaged"
    row = row if isinstance(row, dict) else {}
    column = next((name for name in TEXT_COLUMNS if name in row), "")
    texts = texts_of(row.pop(column)) if column else texts  # the .txt of our own shards repeats the first of these
    facts = row.pop("facts", None)
    source, licence = (str(row.pop(key, None) or "") for key in ("source", "licence"))
    row.pop("file", None)
    return Found(
        origin, content, texts, {**row, **(facts if isinstance(facts, dict) else {})}, source, licence, problem
    )


# The hub ---------------------------------------------------------------------------------------------------------


def _hub(name: str, split: str) -> Findings:
    """Yield the items of a data set of the hub, streamed; no code of the data set is run."""
    disable_telemetry()
    try:
        import datasets
    except ImportError as error:
        raise MissingExtraError("datasets", "datasets") from error
    name, _, revision = name.partition("@")
    try:
        data = datasets.load_dataset(name, split=split, streaming=True, revision=revision or None)
    except Exception as error:  # the library fails in every way a network does
        raise DataError(f"{HUB}{name}: cannot be opened ({str(error).splitlines()[0][:200]})") from error
    return _hub_items(name, data, datasets)


def _hub_items(name: str, data: Any, datasets: Any) -> Findings:
    features = data.features or {}
    column = next((key for key, kind in features.items() if isinstance(kind, datasets.Image)), "")
    if not column:
        raise DataError(f"{HUB}{name}: no column of pictures among {', '.join(features) or 'none'}")
    data = data.cast_column(column, datasets.Image(decode=False))
    text = next((key for key in TEXT_COLUMNS if key in features), "")
    classes = getattr(features.get(text), "names", None)
    licence = str(getattr(data.info, "license", "") or "")
    for number, row in enumerate(data):
        held = row.pop(column) or {}
        value = row.pop(text, None)
        texts = [str(classes[value]).replace("_", " ")] if classes and isinstance(value, int) else texts_of(value)
        origin = f"{name}/{number:08d}{PurePosixPath(held.get('path') or '').suffix.lower()}"
        facts = {key: value for key, value in row.items() if isinstance(value, str | int | float | bool)}
        try:
            yield Found(
                origin, held.get("bytes") or _hub_file(name, held.get("path")), texts, facts, f"{HUB}{name}", licence
            )
        except (OSError, ValueError) as error:
            yield Passed(origin, f"cannot be fetched: {str(error)[:200]}")


def _hub_file(name: str, path: str | None) -> bytes:
    """Return a file of a data set that names its pictures instead of holding them; ValueError for any other file."""
    import fsspec  # comes with datasets

    inside = path and Path(name).is_dir() and Path(name).resolve() in Path(path).resolve().parents
    if not path or not (inside or path.startswith("hf://") or "::hf://" in path):
        raise ValueError("the data set holds no bytes for it")
    with fsspec.open(path, "rb") as stream:
        assert not isinstance(stream, list), "one path, one file"
        return stream.read(MAX_MEMBER)
