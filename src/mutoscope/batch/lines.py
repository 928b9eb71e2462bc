"""The file of a batch: one picture or clip a line, as a prompt, as options by the names of Python, or as a whole request.

    .txt    a prompt a line; empty lines and those that begin with # are left out
    .jsonl  "a prompt", {"prompt": ..., "seed": 7, ...} or {"request": {...}}, as the manifest of a batch and --json print it
    .csv    a table with the head prompt,style,seed,...; an empty cell is not given

`kind` of a line is image or video, `number` how many of it.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from mutoscope.errors import OutputError, SettingError, did_you_mean
from mutoscope.options import MAX_COUNT, ImageOptions, VideoOptions
from mutoscope.text_files import read_text, split_lines

MAX_FILE_BYTES = 256 << 20
ENDINGS = (".txt", ".jsonl", ".csv")
KINDS: dict[str, type] = {"image": ImageOptions, "video": VideoOptions}
COUNT_NAMES = {"image": "num_images_per_prompt", "video": "num_videos_per_prompt"}
PICTURES = ("image", "mask_image")  # options that are paths of files
OWN_KEYS = ("prompt", "kind", "number", "request")
LEFT_OUT = ("preview", "things", *COUNT_NAMES.values())


@dataclass(frozen=True)
class Line:
    """One line: what is to be drawn, or what is wrong with it."""

    number: int  # in the file, from 1
    prompt: str = ""
    kind: str = ""  # "image", "video"; "" where the line does not say
    options: Mapping[str, Any] = field(default_factory=dict)
    count: int = 1
    request: str = ""  # JSON of a whole request, which needs no options
    error: str = ""


def read_batch(path: Path) -> list[Line]:
    """Return the lines of a file; OutputError or SettingError for one that cannot be read. Wrong lines carry their errors."""
    if path.suffix.lower() not in ENDINGS:
        raise OutputError(f"a batch is a {', '.join(ENDINGS)} file, got {path.name[:80]!r}")
    if not path.is_file():
        raise OutputError(f"there is no file {str(path)[:200]!r}")
    try:
        text = read_text(path, MAX_FILE_BYTES)
    except ValueError as error:
        raise SettingError(f"{path}: {error}") from error
    readers = {".txt": read_prompts, ".jsonl": read_objects, ".csv": read_table}
    lines = list(readers[path.suffix.lower()](text))
    if not lines:
        raise SettingError(f"{path}: there is no prompt in it")
    return lines


def read_prompts(text: str) -> Iterator[Line]:
    """Yield the prompts of a text."""
    for number, words in enumerate(split_lines(text), 1):
        if words.strip() and not words.strip().startswith("#"):
            yield Line(number, words.strip())


def read_objects(text: str) -> Iterator[Line]:
    """Yield the JSON values of a text."""
    for number, words in enumerate(split_lines(text), 1):
        if not words.strip():
            continue
        try:
            value = json.loads(words, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            yield Line(number, error=f"it is not JSON: {str(error)[:100]}")
            continue
        yield parse(number, {"prompt": value} if isinstance(value, str) else value)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def read_table(text: str) -> Iterator[Line]:
    """Yield the rows of a table; SettingError where its head has no prompt."""
    rows = csv.DictReader(io.StringIO(text))
    if "prompt" not in (rows.fieldnames or ()):
        raise SettingError("a .csv file needs a head with the column prompt, for example prompt,style,seed")
    number = 2  # a cell can hold several lines; one row is where it begins
    for row in rows:
        given = {name: words for name, words in row.items() if name is not None and words not in (None, "")}
        if None in row:
            yield Line(number, error="the row has more cells than the head")
        elif given:
            yield parse(number, given, from_text=True)
        number = rows.line_num + 1


def parse(number: int, given: Any, *, from_text: bool = False) -> Line:
    """Return a line from its values; one with `error` for values that cannot be meant."""
    try:
        return _parse(number, given, from_text)
    except SettingError as error:
        return Line(number, error=str(error))


def _parse(number: int, given: Any, from_text: bool) -> Line:
    if not isinstance(given, dict):
        raise SettingError('a line is a prompt in quotes, or an object such as {"prompt": "a lake"}')
    if isinstance(given.get("request"), dict):  # the other keys of a manifest say what became of it
        options = {name: given[name] for name in PICTURES if name in given}
        request = given["request"]
        kind = "video" if request.get("num_frames", 1) != 1 else "image"
        return Line(number, str(request.get("prompt", "")), kind, options, request=json.dumps(request))
    kind = given.get("kind", "")
    if kind not in ("", *KINDS):
        raise SettingError(f"kind must be image or video, got {str(kind)[:40]!r}")
    known = known_names(kind)
    for name in given:
        if name not in known:
            raise SettingError(f"unknown key {name[:40]!r}{did_you_mean(name[:40], known)}; known: {', '.join(known)}")
    if not isinstance(given.get("prompt"), str):
        raise SettingError("it has no prompt")
    values = {name: read_cell(name, words) for name, words in given.items()} if from_text else given
    count = values.get("number", 1)
    if not isinstance(count, int) or isinstance(count, bool):
        raise SettingError(f"number must be a whole number, got {str(count)[:40]!r}")
    if not 1 <= count <= MAX_COUNT:
        raise SettingError(f"number must be from 1 to {MAX_COUNT}, got {count}")
    options = {name: value for name, value in values.items() if name not in OWN_KEYS and value is not None}
    return Line(number, given["prompt"], kind, options, count)


def known_names(kind: str) -> list[str]:
    """Return the keys that a line of a kind may have, of any where it says none."""
    kinds = [KINDS[kind]] if kind else list(KINDS.values())
    names = dict.fromkeys(name for one in kinds for name in one.__annotations__ if name not in LEFT_OUT)
    return [*OWN_KEYS, *names]


def read_cell(name: str, words: str) -> Any:
    """Return the value of a cell by the type of its option; SettingError."""
    annotation = next((one.__annotations__[name] for one in KINDS.values() if name in one.__annotations__), str)
    kinds = {int} if name == "number" else set(get_args(annotation))
    truths = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    try:
        if bool in kinds:
            return truths[words.strip().lower()]
        return int(words) if int in kinds else float(words) if float in kinds else words
    except (ValueError, KeyError):
        wanted = "true or false" if bool in kinds else "a number"
        raise SettingError(f"{name} must be {wanted}, got {words[:40]!r}") from None


def digest_of(line: Line, kind: str, options: Mapping[str, Any], model: str) -> str:
    """Return a short hash of what decides the pixels of a line, the files that it names included."""
    parts = {name: _spell(name, value) for name, value in sorted(options.items())}
    facts = [kind, line.prompt, parts, line.count, line.request, model]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:10]


def _spell(name: str, value: Any) -> Any:
    if name in PICTURES and isinstance(value, str):
        try:
            return hashlib.sha256(Path(value).read_bytes()).hexdigest()
        except OSError:  # the line fails when it is drawn
            return value
    return value
