"""How a server runs: where it listens, what it takes, where its queue is."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from mutoscope.engines import EMBEDDED, EngineSettings

LOOPBACK = ("127.0.0.1", "localhost", "::1")
DEFAULT_PORT = 8188


@dataclass(frozen=True)
class ServeSettings:
    """How a server runs."""

    folder: Path  # of the queue and the results; one server at a time
    models: tuple[str, ...] = (EMBEDDED,)  # names for open_engine
    engine: EngineSettings = field(default_factory=EngineSettings)
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    names: tuple[str, ...] = ()  # other names of this machine that a Host header may hold
    public_url: str | None = None  # origin under which clients find it, where a proxy stands before it
    token: str | None = None  # None: everybody who reaches it may draw
    pairs: tuple[Path, ...] = ()  # folders of pairs for the arena, see arena_files.py
    runs: tuple[Path, ...] = ()  # training runs, or folders of them, that are shown
    downloads: bool | None = (
        None  # whether the page may fetch models and open others; None: where nobody else reaches it
    )
    workers: int = 1  # processes that draw; on a cluster, jobs that are drawn at once
    devices: tuple[str, ...] = ()  # dealt out to the workers in turn; none: that of `engine`
    cluster: str | None = None  # address of the application of Ray Serve that draws; None: this machine
    cluster_token: str | None = None  # what that application asks for
    time_limit: float = 3600.0  # seconds of one job
    cancel_grace: float = 30.0  # seconds that a step may take after its job was cancelled; then its worker is replaced
    max_queue: int = 1000  # jobs that wait or run
    max_cost: float = 4000.0  # of one job, megapixel steps, see cost.py
    max_queue_cost: float = 40_000.0  # of all jobs that wait or run
    keep_days: float | None = None  # after which a job that has ended is removed; None: never
    keep_gb: float | None = None  # of results; beyond that the oldest are removed
    keep_least_seconds: float = 600.0  # that a job is kept in any case, for whoever waits for it
    keep_look_seconds: float = 60.0  # between two looks for what is kept no longer
    max_streams: int = 500  # of events
    max_body: int = 32 << 20  # bytes
    body_seconds: float = 10.0  # for a small body to arrive
    head_seconds: float = 10.0  # for a head to arrive
    stall_seconds: float = 30.0  # that a client may take nothing of an answer

    @property
    def engines(self) -> list[EngineSettings]:
        """How each worker runs its models; for a cluster, how this machine reads what they take."""
        devices = ("auto",) if self.cluster else self.devices or (self.engine.device,)
        return [replace(self.engine, device=devices[number % len(devices)]) for number in range(self.workers)]

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it, if nothing passes requests on."""
        return self.host in LOOPBACK

    @property
    def needs_token(self) -> bool:
        """Whether others than this machine's users reach it."""
        return not self.is_local or self.public_url is not None

    @property
    def may_add_models(self) -> bool:
        """Whether those who use it may fetch known models, which fill the disk, and open others that are on it."""
        return not self.needs_token if self.downloads is None else self.downloads
