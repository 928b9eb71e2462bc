"""What is asked of the server, and what became of it, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mutoscope.errors import MutoscopeError

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
STATES = (QUEUED, RUNNING, DONE, FAILED, CANCELLED)
ENDED = (DONE, FAILED, CANCELLED)
MEDIA_TYPES = {
    "png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif", "mp4": "video/mp4", "webm": "video/webm",
}  # fmt: skip
BLIND = "arena"  # origin of jobs that are shown without names: they stand in no list
QUALITY = "quality"  # of files, in the memo of a job
FORMATS = {"image": ("png", "jpeg", "webp"), "video": ("mp4", "webm", "gif", "webp")}  # the first is the usual one


class Refusal(MutoscopeError):
    """The server does not do this now, or not at all: an HTTP status, a word for programs, headers, the field that is wrong."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None, param: str | None = None
    ):
        super().__init__(message)
        self.status, self.code, self.headers, self.param = status, code, dict(headers or {}), param


@dataclass(frozen=True)
class Order:
    """What a client asks for. Options have the names of ImageOptions or VideoOptions; pictures in them are bytes of files."""

    prompt: str
    kind: str = "image"  # "image", "video"
    options: Mapping[str, Any] = field(default_factory=dict)
    model: str | None = None  # a name of the catalog; None: its first
    format: str | None = None  # one of FORMATS[kind]; None: the first
    number: int = 1  # pictures or clips, each with its own noise
    key: str | None = None  # Idempotency-Key: the same key and order give the same job
    previews: bool = True
    origin: str = "jobs"  # which routes it came by
    memo: Mapping[str, Any] = field(default_factory=dict)  # JSON, given back with the job
    seed_each: bool = False  # picture i has the seed + i, as most servers count; else one seed, and i is its index
    quality: int | None = None  # of JPEG and WebP, 0 to 100; None: the usual one


@dataclass(frozen=True)
class Result:
    """One finished picture or clip."""

    id: str
    job_id: str
    place: int  # which of the job's, from 0
    file: str  # its name in the folder of results
    format: str
    bytes: int
    seconds: float  # that it was drawn for
    request: str  # JSON: with it the file can be made again
    warnings: tuple[str, ...] = ()
    number: int = 0  # of the change that brought it

    @property
    def media_type(self) -> str:
        """The content type of its file."""
        return MEDIA_TYPES[self.format]


@dataclass(frozen=True)
class Job:
    """One order that was accepted. It ends exactly once."""

    id: str
    state: str
    kind: str
    model: str  # as the catalog names it
    format: str
    prompt: str
    requests: tuple[str, ...]  # JSON of each picture or clip
    cost: float
    created: float  # seconds since 1970
    started: float | None = None
    ended: float | None = None
    tries: int = 0
    epoch: int = 0  # rises whenever it is given to a worker: what an earlier one says counts no more
    error: str = ""
    error_code: str = ""
    previews: bool = True
    origin: str = "jobs"
    memo: Mapping[str, Any] = field(default_factory=dict)
    image: bool = False  # whether it starts from a picture
    number: int = 0  # of the last change of its state
    results: tuple[Result, ...] = ()

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ENDED


@dataclass(frozen=True)
class Note:
    """One thing that happened. States and results have numbers, which grow; progress and previews have 0."""

    name: str  # "state", "progress", "preview", "result", "removed"; "download"
    job_id: str  # of a download, the model
    data: Any  # Job for "state"; Result for "result"; a dict for the others, bytes of a JPEG under "jpeg" in a preview
    number: int = 0
    written: dict[str, bytes] = field(
        default_factory=dict, compare=False, repr=False
    )  # by router: once for all its listeners


@dataclass(frozen=True)
class Item:
    """A finished picture or clip in few words, as a long list shows it."""

    id: str  # of its result
    job_id: str
    kind: str
    format: str
    prompt: str
    created: float  # seconds since 1970
    width: int
    height: int
    job_place: int  # of its job in the queue; with `place` it says where the list goes on
    place: int

    @property
    def cursor(self) -> str:
        """Where the list goes on behind it; good after it was removed, too."""
        return f"{self.job_place}.{self.place}"
