"""Where people's own pictures and clips are found, each with its captions and where it came from.

    rows       a folder with captions.jsonl (ours)
    table      a folder with metadata.jsonl or metadata.csv, or any table given by name
    sidecar    a folder of name.png with name.txt (or .caption) beside it, a caption a line
    class      a folder of folders; the name of the folder is the caption
    shards     webdataset: a .tar, or a folder of them
    hub        hf:OWNER/NAME, a Hugging Face data set; nothing is fetched unless it is named so

What cannot be taken is found too, with the reason. Nothing is decoded here: whether a file is a picture the check says.
"""

import csv
import io
import json
import os
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from mutoscope.data import captions
from mutoscope.data.rows import BOM, NAME, Rows, place_of
from mutoscope.errors import DataError, MissingExtraError, OutputError, SettingError, did_you_mean
from mutoscope.telemetry import disable_telemetry

KINDS = ("rows", "table", "sidecar", "class", "shards", "hub")
ENDINGS = (".png", ".jpg", ".jpeg", ".jfif", ".webp", ".gif", ".avif", ".mp4", ".m4v", ".mov", ".webm")
OTHER_MEDIA = (".avi .bmp .dng .eps .heic .heif .ico .jp2 .jxl .mkv .mpg .mpeg .psd .svg .tga .tif .tiff .wmv"
               " .raw .cr2 .nef .arw").split()  # fmt: skip
TABLES = ("metadata.jsonl", "metadata.csv")
BESIDE = (".txt", ".caption")
FILE_COLUMNS = ("file", "file_name", "filename", "image", "video", "path", "filepath", "image_path", "name")
TEXT_COLUMNS = ("captions", "caption", "text", "description", "prompt", "title", "alt", "label", "sentence")
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
        return kind, _table(path, Path(table) if table else _only_table(path))
    return kind, _sidecar(path) if kind == "sidecar" else _class(path)


def _kind_of(folder: Path) -> str:
    """Return the kind of a folder; DataError when it holds nothing or no captions."""
    if (folder / NAME).is_file():
        return "rows"
    if any((folder / name).is_file() for name in TABLES):
        return "table"
    media = tars = above = beside = 0
    for path in _walk(folder):
        if isinstance(path, Passed):
            continue
        tars += path.suffix == ".tar"
        if path.suffix.lower() in ENDINGS:
            media += 1
            above += path.parent == folder
            beside += _beside(path) is not None
    if tars and not media:
        return "shards"
    if not media:
        raise DataError(f"{folder}: no pictures or clips here; files that are read end in {' '.join(ENDINGS)}")
    if beside:
        return "sidecar"
    if above:
        raise DataError(
            f"{folder}: {media:,} pictures or clips and no captions; expected name.txt beside name.png, {TABLES[0]}, "
            "a table given with --captions, or one folder for each class"
        )
    return "class"


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


def _beside(path: Path) -> Path | None:
    return next((file for ending in BESIDE if (file := path.with_suffix(ending)).is_file()), None)


# Folders ---------------------------------------------------------------------------------------------------------


def _sidecar(folder: Path) -> Findings:
    for path in _media(folder):
        if isinstance(path, Passed):
            yield path
            continue
        text, problem = "", ""
        if beside := _beside(path):
            text, problem = _read_text(beside)
            problem = problem and f"{beside.name}: {problem}"
        yield Found(_name(path, folder), path, captions.wordings(text), problem=problem)


def _read_text(path: Path) -> tuple[str, str]:
    try:
        with open(path, "rb") as stream:
            return captions.decode(stream.read(captions.MAX_BYTES + 1))
    except OSError as error:
        return "", error.strerror or "cannot be read"


def _class(folder: Path) -> Findings:
    for path in _media(folder):
        if isinstance(path, Passed):
            yield path
        elif path.parent == folder:
            yield Found(_name(path, folder), path, problem="it lies in no class folder")
        else:
            name = path.parent.name
            yield Found(_name(path, folder), path, [re.sub(r"[_\W]+", " ", name).strip()], {"class": name})


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
    return Found(file, path, _texts(texts), facts, source, licence, problem)


def _texts(value: object) -> list[str]:
    """Return captions as a list of strings, whatever a foreign row holds."""
    if isinstance(value, str):
        return [value]
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


# Tables ----------------------------------------------------------------------------------------------------------


def _only_table(folder: Path) -> Path:
    found = next((folder / name for name in TABLES if (folder / name).is_file()), None)
    if found is None:
        raise DataError(f"{folder}: no {' or '.join(TABLES)} here; name the table with --captions FILE")
    return found


def _table(folder: Path, table: Path) -> Findings:
    """Yield every file of the folder with its rows of the table, then the rows whose file is not there."""
    known = read_table(table)
    for path in _media(folder):
        if isinstance(path, Passed):
            yield path
            continue
        texts, facts, problem = known.pop(_name(path, folder), ([], {}, ""))
        yield Found(_name(path, folder), path, texts, facts, problem=problem)
    yield from (Passed(name, f"named in {table.name}, but there is no such file") for name in sorted(known))


def read_table(path: Path) -> dict[str, tuple[list[str], dict[str, Any], str]]:
    """Return file name -> (captions, other columns, problem) of a CSV, TSV or JSONL; several rows of a file add up."""
    try:
        data = path.read_bytes().removeprefix(BOM)
    except OSError as error:
        raise OutputError(f"{str(path)!r}: {error.strerror}; --captions takes a CSV, TSV or JSONL file") from error
    rows = _json_rows(data, path) if path.suffix.lower() == ".jsonl" else _csv_rows(data, path)
    known: dict[str, tuple[list[str], dict[str, Any], str]] = {}
    for number, row in rows:
        file, text = (next((name for name in names if name in row), "") for names in (FILE_COLUMNS, TEXT_COLUMNS))
        if not file or not text:
            raise DataError(
                f"{path.name} line {number}: columns {', '.join(map(str, row))}; expected one of "
                f"{', '.join(FILE_COLUMNS)} and one of {', '.join(TEXT_COLUMNS)}"
            )
        texts, problem = [], ""
        for value in _texts(row.pop(text)):
            bad = any("\udc80" <= letter <= "\udcff" for letter in value)
            texts, problem = (texts, f"{path.name} line {number}: not UTF-8") if bad else ([*texts, value], problem)
        name = str(PurePosixPath(str(row.pop(file)).replace("\\", "/")))
        old = known.get(name, ([], {}, ""))
        known[name] = (old[0] + texts, {**old[1], **row}, old[2] or problem)
    return known


def _csv_rows(data: bytes, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    text = data.decode("utf-8", "surrogateescape")
    head = text.partition("\n")[0]
    delimiter = max(",;\t|", key=head.count)
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    try:
        for row in reader:
            yield reader.line_num, {str(key).strip(): value for key, value in row.items() if key and value is not None}
    except csv.Error as error:
        raise DataError(
            f"{path.name} line {reader.line_num}: {error}; expected a table with a line of names"
        ) from error


def _json_rows(data: bytes, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(data.decode("utf-8", "surrogateescape").splitlines(), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise DataError(f"{path.name} line {number}: not JSON ({error})") from error
            if not isinstance(row, dict):
                raise DataError(f"{path.name} line {number}: expected an object, got {type(row).__name__}")
            yield number, row


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
    for ending in BESIDE:
        text, wrong = captions.decode(parts.get(ending, b""))
        texts, problem = texts + captions.wordings(text), problem or (wrong and f"{ending}: {wrong}")
    if ".json" in parts:
        try:
            row = json.loads(parts[".json"])
        except (ValueError, RecursionError):
            problem = problem or ".json: it is damaged"
    row = row if isinstance(row, dict) else {}
    column = next((name for name in TEXT_COLUMNS if name in row), "")
    texts = _texts(row.pop(column)) if column else texts  # the .txt of our own shards repeats the first of these
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
        raise MissingExtraError("datasets", "hub") from error
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
        texts = [str(classes[value]).replace("_", " ")] if classes and isinstance(value, int) else _texts(value)
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
        return stream.read(MAX_MEMBER)
